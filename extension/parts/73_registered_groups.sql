-- Runs over groups in the registry (src/store/registered_groups.hpp). Rights and changes are as of its other tables.

CREATE TABLE cerebro.registry_group_runs (
    name text,
    version integer,
    grouping_cols text[] NOT NULL,
    grouping_types text[] NOT NULL,
    grouping_kinds text[] NOT NULL,
    own_models bigint NOT NULL,
    global_mst_key integer,
    PRIMARY KEY (name, version)
);
COMMENT ON TABLE cerebro.registry_group_runs IS 'internal: a row a version that has a model for each group';

CREATE TABLE cerebro.registry_group_configs (
    name text,
    version integer,
    mst_key integer,
    head bytea NOT NULL,
    PRIMARY KEY (name, version, mst_key)
);
COMMENT ON TABLE cerebro.registry_group_configs IS 'internal: graph, configuration and description of the data of such a version';

CREATE TABLE cerebro.registry_group_models (
    name text,
    version integer,
    group_id bigint,
    lookup text NOT NULL,
    keys text NOT NULL,
    mst_key integer NOT NULL,
    constants text,
    weights bytea NOT NULL,
    PRIMARY KEY (name, version, group_id)
);
CREATE INDEX registry_group_models_lookup ON cerebro.registry_group_models (name, version, lookup);
COMMENT ON TABLE cerebro.registry_group_models IS 'internal: a row a group with a model of its own: its keys and weights';

REVOKE ALL ON cerebro.registry_group_runs, cerebro.registry_group_configs, cerebro.registry_group_models FROM PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('cerebro.registry_group_runs', '');
SELECT pg_catalog.pg_extension_config_dump('cerebro.registry_group_configs', '');
SELECT pg_catalog.pg_extension_config_dump('cerebro.registry_group_models', '');
