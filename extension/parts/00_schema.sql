\echo Use "CREATE EXTENSION pg_cerebro" to load this file. \quit

-- The schema itself is made by CREATE EXTENSION, as the control file says. All functions run as their caller.
COMMENT ON SCHEMA cerebro IS 'pg_cerebro: train, compare, score and serve many related deep-learning models';
GRANT USAGE ON SCHEMA cerebro TO PUBLIC;

CREATE FUNCTION cerebro._mxcsr() RETURNS integer
    AS 'MODULE_PATHNAME', 'pg_cerebro_mxcsr' LANGUAGE C VOLATILE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cerebro._mxcsr() IS 'internal: floating-point control bits of this session, for tests';
