-- Registered models are on every segment, where functions over a table's rows look them up.

ALTER TABLE cerebro.registry_names SET DISTRIBUTED REPLICATED;
ALTER TABLE cerebro.registry_models SET DISTRIBUTED REPLICATED;
ALTER TABLE cerebro.registry_versions SET DISTRIBUTED REPLICATED;
ALTER TABLE cerebro.registry_pieces SET DISTRIBUTED REPLICATED;
ALTER TABLE cerebro.registry_shares SET DISTRIBUTED REPLICATED;

CREATE FUNCTION cerebro._system_identifier() RETURNS bigint
    AS 'MODULE_PATHNAME', 'pg_cerebro_system_identifier' LANGUAGE C STABLE STRICT;
COMMENT ON FUNCTION cerebro._system_identifier() IS 'internal: identifier of the server of this process';

CREATE TABLE cerebro.cluster_identifier (identifier bigint NOT NULL) DISTRIBUTED REPLICATED;
COMMENT ON TABLE cerebro.cluster_identifier IS 'internal: identifier of the coordinator, by which segments know whether the id of a role is one of this cluster';
GRANT SELECT ON cerebro.cluster_identifier TO PUBLIC;
DO $$
DECLARE
    identifier bigint := cerebro._system_identifier();
BEGIN
    INSERT INTO cerebro.cluster_identifier VALUES (identifier);
END $$;
