-- Data-parallel training: states that fit_step has made of one state, each with rows of its own, and their mean.

CREATE FUNCTION cerebro._average_states_transition(internal, state bytea, weight double precision) RETURNS internal
    AS 'MODULE_PATHNAME', 'pg_cerebro_average_states_transition' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION cerebro._average_states_transition(internal, bytea, double precision) IS
    'internal: transition function of average_states';

CREATE FUNCTION cerebro._average_states_combine(internal, internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'pg_cerebro_average_states_combine' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION cerebro._average_states_combine(internal, internal) IS 'internal: combine function of average_states';

CREATE FUNCTION cerebro._average_states_serialize(internal) RETURNS bytea
    AS 'MODULE_PATHNAME', 'pg_cerebro_average_states_serialize' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cerebro._average_states_serialize(internal) IS 'internal: serialization function of average_states';

CREATE FUNCTION cerebro._average_states_deserialize(bytea, internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'pg_cerebro_average_states_deserialize' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cerebro._average_states_deserialize(bytea, internal) IS
    'internal: deserialization function of average_states';

CREATE FUNCTION cerebro._average_states_final(internal) RETURNS bytea
    AS 'MODULE_PATHNAME', 'pg_cerebro_average_states_final' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION cerebro._average_states_final(internal) IS 'internal: final function of average_states';

CREATE AGGREGATE cerebro.average_states(state bytea, weight double precision) (
    SFUNC = cerebro._average_states_transition, STYPE = internal, FINALFUNC = cerebro._average_states_final,
    COMBINEFUNC = cerebro._average_states_combine, SERIALFUNC = cerebro._average_states_serialize,
    DESERIALFUNC = cerebro._average_states_deserialize, PARALLEL = SAFE);
COMMENT ON AGGREGATE cerebro.average_states(bytea, double precision) IS
    'the mean of training states that fit_step has made of one state, weighted by the rows of each';

CREATE FUNCTION cerebro.state_weights(state bytea) RETURNS bytea
    AS 'MODULE_PATHNAME', 'pg_cerebro_state_weights' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cerebro.state_weights(bytea) IS 'weights of a training state in Keras''s order, raw float32';
