-- What the segments run while a table is packed. Internal.

-- The same as _pack_row; volatile, so that no planner evaluates it a second time where its value is used twice.
CREATE FUNCTION cerebro._pack_row_once(data_spec text, row_value record) RETURNS bytea
    AS 'MODULE_PATHNAME', 'pg_cerebro_pack_row' LANGUAGE C VOLATILE CALLED ON NULL INPUT COST 100;
COMMENT ON FUNCTION cerebro._pack_row_once(text, record) IS 'internal: a row converted to packed bytes';

CREATE FUNCTION cerebro._pack_key(layout text, key bigint, nth bigint) RETURNS integer
    AS 'MODULE_PATHNAME', 'pg_cerebro_pack_key' LANGUAGE C IMMUTABLE STRICT;
COMMENT ON FUNCTION cerebro._pack_key(text, bigint, bigint) IS 'internal: distribution key of a packed row';

CREATE FUNCTION cerebro._pack_position(layout text, distribution_key integer, nth bigint) RETURNS bigint
    AS 'MODULE_PATHNAME', 'pg_cerebro_pack_position' LANGUAGE C IMMUTABLE STRICT;
COMMENT ON FUNCTION cerebro._pack_position(text, integer, bigint) IS 'internal: partition and buffer of a packed row';

CREATE FUNCTION cerebro._device_count() RETURNS integer
    AS 'MODULE_PATHNAME', 'pg_cerebro_device_count' LANGUAGE C VOLATILE STRICT;
COMMENT ON FUNCTION cerebro._device_count() IS 'internal: CUDA devices that this process sees';

-- GPORCA tells of columns without statistics in a NOTICE; packed columns never have any.
ALTER FUNCTION cerebro.training_preprocessor_dl(text, text, text, text, bigint, real, integer[], text, bigint, bigint, text, boolean, text, text,
        text, text, text, double precision, text, text, bigint, boolean, text, bigint, bigint, boolean, boolean, boolean) SET optimizer_print_missing_stats = off;
ALTER FUNCTION cerebro.validation_preprocessor_dl(text, text, text, text, text, bigint, text) SET optimizer_print_missing_stats = off;
