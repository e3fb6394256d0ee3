-- Features, computed on the segments where the rows lie.

CREATE FUNCTION cerebro._buffer_features(job bytea, partition_id integer, buffer_id integer, VARIADIC data "any") RETURNS bytea
    AS 'MODULE_PATHNAME', 'pg_cerebro_buffer_features' LANGUAGE C VOLATILE CALLED ON NULL INPUT;
COMMENT ON FUNCTION cerebro._buffer_features(bytea, integer, integer, "any") IS 'internal: features of a packed buffer, encoded';
