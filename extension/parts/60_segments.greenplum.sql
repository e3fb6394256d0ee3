-- What segments run. Internal: called by fit_multiple_model and evaluate; every other use is refused or does nothing.

CREATE TYPE cerebro._round_row AS (next_key integer, model integer, piece integer, keep integer, data bytea, record bytea);
COMMENT ON TYPE cerebro._round_row IS 'internal: a row of a round''s result';

-- What the tables of a run are made like: their bytes are kept as they come. To change that of a new table takes a cluster longer than to make it.
CREATE TABLE cerebro._round_columns (__dist_key__ integer, model integer, piece integer, keep integer, data bytea, record bytea)
    DISTRIBUTED BY (__dist_key__);
COMMENT ON TABLE cerebro._round_columns IS 'internal: the columns of a round''s table';
ALTER TABLE cerebro._round_columns ALTER COLUMN data SET STORAGE EXTERNAL;
GRANT SELECT ON cerebro._round_columns TO PUBLIC;

CREATE TABLE cerebro._data_column (data bytea NOT NULL) DISTRIBUTED RANDOMLY;
COMMENT ON TABLE cerebro._data_column IS 'internal: a column of the states of a run';
ALTER TABLE cerebro._data_column ALTER COLUMN data SET STORAGE EXTERNAL;
GRANT SELECT ON cerebro._data_column TO PUBLIC;

CREATE TABLE cerebro._model_weights_column (model_weights bytea) DISTRIBUTED RANDOMLY;
COMMENT ON TABLE cerebro._model_weights_column IS 'internal: a column of the models of a run';
ALTER TABLE cerebro._model_weights_column ALTER COLUMN model_weights SET STORAGE EXTERNAL;
GRANT SELECT ON cerebro._model_weights_column TO PUBLIC;

CREATE FUNCTION cerebro._fit_bundle_transition(internal, request bytea, kind integer, a integer, b integer, VARIADIC data "any") RETURNS internal
    AS 'MODULE_PATHNAME', 'pg_cerebro_fit_bundle_transition' LANGUAGE C VOLATILE CALLED ON NULL INPUT;
COMMENT ON FUNCTION cerebro._fit_bundle_transition(internal, bytea, integer, integer, integer, "any") IS 'internal: transition function of _fit_bundle';

CREATE FUNCTION cerebro._fit_bundle_final(internal) RETURNS bigint
    AS 'MODULE_PATHNAME', 'pg_cerebro_fit_bundle_final' LANGUAGE C VOLATILE CALLED ON NULL INPUT;
COMMENT ON FUNCTION cerebro._fit_bundle_final(internal) IS 'internal: final function of _fit_bundle';

CREATE AGGREGATE cerebro._fit_bundle(request bytea, kind integer, a integer, b integer, VARIADIC data "any") (
    SFUNC = cerebro._fit_bundle_transition, STYPE = internal, FINALFUNC = cerebro._fit_bundle_final);
COMMENT ON AGGREGATE cerebro._fit_bundle(bytea, integer, integer, integer, "any") IS
    'internal: trains or scores the models of a segment on its packed rows';

CREATE FUNCTION cerebro._round_rows(round bigint) RETURNS SETOF cerebro._round_row
    AS 'MODULE_PATHNAME', 'pg_cerebro_round_rows' LANGUAGE C VOLATILE STRICT;
COMMENT ON FUNCTION cerebro._round_rows(bigint) IS 'internal: states or sums after a round, in the process that ran it';

CREATE FUNCTION cerebro._stored_state(head bytea, piece bytea) RETURNS bytea
    AS 'MODULE_PATHNAME', 'pg_cerebro_stored_state' LANGUAGE C STABLE STRICT;
COMMENT ON FUNCTION cerebro._stored_state(bytea, bytea) IS 'internal: the first piece of a training state as it is stored, from its head and the first piece of a round''s result';

CREATE FUNCTION cerebro._state_weights_transition(internal, piece bytea) RETURNS internal
    AS 'MODULE_PATHNAME', 'pg_cerebro_state_weights_transition' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT;
COMMENT ON FUNCTION cerebro._state_weights_transition(internal, bytea) IS 'internal: transition function of _state_weights';

CREATE FUNCTION cerebro._state_weights_final(internal) RETURNS bytea
    AS 'MODULE_PATHNAME', 'pg_cerebro_state_weights_final' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT;
COMMENT ON FUNCTION cerebro._state_weights_final(internal) IS 'internal: final function of _state_weights';

CREATE AGGREGATE cerebro._state_weights(piece bytea) (
    SFUNC = cerebro._state_weights_transition, STYPE = internal, FINALFUNC = cerebro._state_weights_final);
COMMENT ON AGGREGATE cerebro._state_weights(bytea) IS 'internal: the weights of a training state, from its pieces in order';

CREATE FUNCTION cerebro._segment_report() RETURNS text
    AS 'MODULE_PATHNAME', 'pg_cerebro_segment_report' LANGUAGE C VOLATILE STRICT;
COMMENT ON FUNCTION cerebro._segment_report() IS 'internal: library, build and memory held by this process, as JSON';
