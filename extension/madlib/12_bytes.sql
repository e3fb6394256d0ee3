-- Arrays as bytes and back, and what needs C besides.

CREATE FUNCTION @madlib@.array_to_bytea(value anyarray) RETURNS bytea
    AS 'MODULE_PATHNAME', 'pg_cerebro_array_bytes' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @madlib@.array_to_bytea(anyarray) IS 'the elements of an array as raw bytes, as the server has them';

CREATE FUNCTION @madlib@.convert_array_to_bytea(var real[]) RETURNS bytea
    AS 'MODULE_PATHNAME', 'pg_cerebro_array_bytes' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @madlib@.convert_array_to_bytea(real[]) IS 'an array as little-endian float32';

CREATE FUNCTION @madlib@.convert_array_to_bytea(var smallint[]) RETURNS bytea
    AS 'MODULE_PATHNAME', 'pg_cerebro_array_bytes' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @madlib@.convert_array_to_bytea(smallint[]) IS 'an array as little-endian int16';

CREATE FUNCTION @madlib@.convert_bytea_to_real_array(var bytea) RETURNS real[]
    AS 'MODULE_PATHNAME', 'pg_cerebro_bytes_reals' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @madlib@.convert_bytea_to_real_array(bytea) IS 'little-endian float32 as an array of one dimension';

CREATE FUNCTION @madlib@.convert_bytea_to_smallint_array(var bytea) RETURNS smallint[]
    AS 'MODULE_PATHNAME', 'pg_cerebro_bytes_smallints' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @madlib@.convert_bytea_to_smallint_array(bytea) IS 'little-endian int16 as an array of one dimension';

CREATE FUNCTION @madlib@.array_scalar_mult(x anyarray, k anyelement) RETURNS anyarray
    AS 'MODULE_PATHNAME', 'pg_cerebro_array_scaled' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @madlib@.array_scalar_mult(anyarray, anyelement) IS 'an array of numbers, each times a number; its dimensions stay';

CREATE FUNCTION @madlib@.array_square(x anyarray) RETURNS anyarray
    AS 'MODULE_PATHNAME', 'pg_cerebro_array_squared' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @madlib@.array_square(anyarray) IS 'an array of numbers, each times itself';

CREATE FUNCTION @madlib@._cells(value real[], factor real, shape integer[], column_name text) RETURNS bytea
    AS 'MODULE_PATHNAME', 'pg_cerebro_array_cells' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION @madlib@._cells(real[], real, integer[], text) IS 'internal: one row of a packed column, times a factor';

CREATE FUNCTION @madlib@._cells(value smallint[], factor real, shape integer[], column_name text) RETURNS bytea
    AS 'MODULE_PATHNAME', 'pg_cerebro_array_cells' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION @madlib@._cells(smallint[], real, integer[], text) IS 'internal: one row of a packed column of labels';

CREATE FUNCTION @madlib@._literal_json(literal text) RETURNS text
    AS 'MODULE_PATHNAME', 'pg_cerebro_literal_json' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @madlib@._literal_json(text) IS 'internal: a literal of Python as JSON; NULL for what is none';

CREATE FUNCTION @madlib@._literal_python(literal text) RETURNS text
    AS 'MODULE_PATHNAME', 'pg_cerebro_literal_python' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @madlib@._literal_python(text) IS 'internal: a literal, or JSON, in Python''s notation';
