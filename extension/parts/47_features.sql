-- Features: what layers make of rows. Stored ones, which runs read instead of computing frozen layers again, and those that are asked for.

CREATE FUNCTION cerebro.materialized_features_rows(OUT source_table text, OUT digest text, OUT layer text, OUT model text, OUT shape bigint[],
        OUT encoding text, OUT bytes bigint, OUT rows bigint, OUT state text, OUT feature_table text, OUT source_digest text, OUT owner text,
        OUT seconds double precision, OUT made_at timestamptz, OUT last_use timestamptz) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'pg_cerebro_materialized_features' LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED ROWS 10;
COMMENT ON FUNCTION cerebro.materialized_features_rows() IS 'stored features that the caller may read; read it through cerebro.materialized_features';

CREATE VIEW cerebro.materialized_features AS SELECT * FROM cerebro.materialized_features_rows();
COMMENT ON VIEW cerebro.materialized_features IS 'one row for each set of stored features whose catalogue the caller may read';
COMMENT ON COLUMN cerebro.materialized_features.source_table IS 'packed table whose rows they are of, with its schema';
COMMENT ON COLUMN cerebro.materialized_features.digest IS 'of all that the values depend on: frozen layers, their weights, the columns that they read';
COMMENT ON COLUMN cerebro.materialized_features.layer IS 'layer whose output they are';
COMMENT ON COLUMN cerebro.materialized_features.model IS 'architecture for which they were made first';
COMMENT ON COLUMN cerebro.materialized_features.shape IS 'of one row';
COMMENT ON COLUMN cerebro.materialized_features.encoding IS 'float32, float32 sparse, bfloat16, float16 or uint8';
COMMENT ON COLUMN cerebro.materialized_features.bytes IS 'on disk, with indexes';
COMMENT ON COLUMN cerebro.materialized_features.rows IS 'rows of the packed table that have features';
COMMENT ON COLUMN cerebro.materialized_features.state IS 'fresh; rows were appended: the next run computes theirs; stale: ... and why: they are not used any more';
COMMENT ON COLUMN cerebro.materialized_features.feature_table IS 'table that has them, a row a buffer';
COMMENT ON COLUMN cerebro.materialized_features.source_digest IS 'digest of the packed contents that they were made from';
COMMENT ON COLUMN cerebro.materialized_features.owner IS 'role that may drop them';
COMMENT ON COLUMN cerebro.materialized_features.seconds IS 'that computing and writing them took';
COMMENT ON COLUMN cerebro.materialized_features.made_at IS 'when they were made, or extended last';
COMMENT ON COLUMN cerebro.materialized_features.last_use IS 'when a run took them last: what was used longest ago goes first';
GRANT SELECT ON cerebro.materialized_features TO PUBLIC;

CREATE FUNCTION cerebro.drop_features(packed_table text, digest text DEFAULT NULL) RETURNS bigint
    AS 'MODULE_PATHNAME', 'pg_cerebro_drop_features' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.drop_features(text, text) IS
    'drops stored features of a packed table, all or those of a digest, and returns how many sets';

CREATE FUNCTION cerebro.extract_features(model_table text, layer text, source_table text, output_table text, id_col text DEFAULT NULL,
        independent_varname text DEFAULT NULL, mst_key bigint DEFAULT NULL) RETURNS void
    AS 'MODULE_PATHNAME', 'pg_cerebro_extract_features' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET extra_float_digits = 1;
COMMENT ON FUNCTION cerebro.extract_features(text, text, text, text, text, text, bigint) IS
    'writes what a layer of a model makes of the rows of a table into <output_table>, as real[]';

CREATE FUNCTION cerebro.features(model_table text, layer text, row_value record, mst_key bigint DEFAULT NULL) RETURNS real[]
    AS 'MODULE_PATHNAME', 'pg_cerebro_features' LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED COST 10000;
COMMENT ON FUNCTION cerebro.features(text, text, record, bigint) IS
    'what a layer of a model makes of one row: a row with the columns that the model was trained on, or ROW(...) of their values in order';
