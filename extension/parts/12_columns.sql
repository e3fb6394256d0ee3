-- Preprocessing of columns: what is learned of them, and how a packed table was made.

CREATE FUNCTION cerebro._column_statistics_transition(internal, bytea, record) RETURNS internal
    AS 'MODULE_PATHNAME', 'pg_cerebro_column_statistics_transition' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION cerebro._column_statistics_transition(internal, bytea, record) IS 'internal: transition function of _column_statistics';

CREATE FUNCTION cerebro._column_statistics_combine(internal, internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'pg_cerebro_column_statistics_combine' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION cerebro._column_statistics_combine(internal, internal) IS 'internal: combine function of _column_statistics';

CREATE FUNCTION cerebro._column_statistics_serialize(internal) RETURNS bytea
    AS 'MODULE_PATHNAME', 'pg_cerebro_column_statistics_serialize' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cerebro._column_statistics_serialize(internal) IS 'internal: serialization function of _column_statistics';

CREATE FUNCTION cerebro._column_statistics_deserialize(bytea, internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'pg_cerebro_column_statistics_deserialize' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cerebro._column_statistics_deserialize(bytea, internal) IS 'internal: deserialization function of _column_statistics';

CREATE FUNCTION cerebro._column_statistics_final(internal) RETURNS bytea
    AS 'MODULE_PATHNAME', 'pg_cerebro_column_statistics_final' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION cerebro._column_statistics_final(internal) IS 'internal: final function of _column_statistics';

CREATE AGGREGATE cerebro._column_statistics(bytea, record) (
    SFUNC = cerebro._column_statistics_transition, STYPE = internal, FINALFUNC = cerebro._column_statistics_final,
    COMBINEFUNC = cerebro._column_statistics_combine, SERIALFUNC = cerebro._column_statistics_serialize,
    DESERIALFUNC = cerebro._column_statistics_deserialize, PARALLEL = SAFE);
COMMENT ON AGGREGATE cerebro._column_statistics(bytea, record) IS 'internal: sums, quantiles and categories of the fields of rows';

CREATE FUNCTION cerebro.describe(packed_table text, OUT "position" integer, OUT column_name text, OUT data_type text, OUT role text,
        OUT input text, OUT encode text, OUT impute text, OUT imputed_value text, OUT indicator boolean, OUT scale text,
        OUT center double precision, OUT spread double precision, OUT clip text, OUT categories bigint, OUT elements text[])
        RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'pg_cerebro_describe' LANGUAGE C STABLE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.describe(text) IS 'the columns that a packed table was made of: what became of each, with what was learned of it';
