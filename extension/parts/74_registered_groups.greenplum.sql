-- As the other tables of the registry: on every segment.

ALTER TABLE cerebro.registry_group_runs SET DISTRIBUTED REPLICATED;
ALTER TABLE cerebro.registry_group_configs SET DISTRIBUTED REPLICATED;
ALTER TABLE cerebro.registry_group_models SET DISTRIBUTED REPLICATED;
