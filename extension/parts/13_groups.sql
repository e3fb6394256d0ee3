-- What the statements of a packing by group, and on segments those of every packing, call for each row and buffer.
-- Internal.

CREATE FUNCTION cerebro._pack_column(data bytea, row_bytes integer, first integer, width integer) RETURNS bytea
    AS 'MODULE_PATHNAME', 'pg_cerebro_pack_column' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cerebro._pack_column(bytea, integer, integer, integer) IS 'internal: a column of a buffer';

CREATE FUNCTION cerebro._buffer_digest(data_spec text, standardized text, VARIADIC data "any") RETURNS bytea
    AS 'MODULE_PATHNAME', 'pg_cerebro_buffer_digest' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION cerebro._buffer_digest(text, text, "any") IS 'internal: rows, hash and sums of a buffer';

CREATE FUNCTION cerebro._group_position(buffer_rows bigint, exact boolean, group_rows bigint, partitions integer, nth bigint) RETURNS bigint
    AS 'MODULE_PATHNAME', 'pg_cerebro_group_position' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cerebro._group_position(bigint, boolean, bigint, integer, bigint) IS
    'internal: partition and buffer of the nth row of a group''s shuffle';

CREATE FUNCTION cerebro._group_entry(partition_id integer, buffer_id integer, digest bytea) RETURNS bytea
    AS 'MODULE_PATHNAME', 'pg_cerebro_group_entry' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cerebro._group_entry(integer, integer, bytea) IS 'internal: a buffer''s part of its group''s digest';

CREATE FUNCTION cerebro._group_digest(entries bytea, classes integer) RETURNS text
    AS 'MODULE_PATHNAME', 'pg_cerebro_group_digest' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cerebro._group_digest(bytea, integer) IS 'internal: digest of a group''s packed rows';

CREATE FUNCTION cerebro._group_class_rows(entries bytea, classes integer) RETURNS text
    AS 'MODULE_PATHNAME', 'pg_cerebro_group_class_rows' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cerebro._group_class_rows(bytea, integer) IS 'internal: rows of each class among a group''s packed rows, as the text of an array';
