-- What segments run in a run over groups. Internal: called by fit_multiple_model; every other use is refused.

CREATE FUNCTION cerebro._train_group_transition(internal, request bytea, group_number bigint, kind integer, partition_id integer, buffer_id integer,
        VARIADIC data "any") RETURNS internal
    AS 'MODULE_PATHNAME', 'pg_cerebro_train_group_transition' LANGUAGE C VOLATILE CALLED ON NULL INPUT;
COMMENT ON FUNCTION cerebro._train_group_transition(internal, bytea, bigint, integer, integer, integer, "any") IS
    'internal: transition function of _train_group';

CREATE FUNCTION cerebro._train_group_final(internal) RETURNS bytea
    AS 'MODULE_PATHNAME', 'pg_cerebro_train_group_final' LANGUAGE C VOLATILE CALLED ON NULL INPUT;
COMMENT ON FUNCTION cerebro._train_group_final(internal) IS 'internal: final function of _train_group';

CREATE AGGREGATE cerebro._train_group(request bytea, group_number bigint, kind integer, partition_id integer, buffer_id integer, VARIADIC data "any") (
    SFUNC = cerebro._train_group_transition, STYPE = internal, FINALFUNC = cerebro._train_group_final);
COMMENT ON AGGREGATE cerebro._train_group(bytea, bigint, integer, integer, integer, "any") IS
    'internal: trains the models of a run on the packed rows of one group';
