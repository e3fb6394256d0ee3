-- Training: the aggregate, states, and fit_multiple_model.

CREATE FUNCTION cerebro._fit_step_transition(internal, state bytea, partition_id integer, buffer_id integer, VARIADIC data "any") RETURNS internal
    AS 'MODULE_PATHNAME', 'pg_cerebro_fit_step_transition' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro._fit_step_transition(internal, bytea, integer, integer, "any") IS 'internal: transition function of fit_step';

CREATE FUNCTION cerebro._fit_step_transition(internal, visit_id integer, partition_id integer, buffer_id integer, VARIADIC data "any") RETURNS internal
    AS 'MODULE_PATHNAME', 'pg_cerebro_fit_step_visit_transition' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro._fit_step_transition(internal, integer, integer, integer, "any") IS 'internal: transition function of fit_step within a run';

CREATE FUNCTION cerebro._fit_step_final(internal) RETURNS bytea
    AS 'MODULE_PATHNAME', 'pg_cerebro_fit_step_final' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro._fit_step_final(internal) IS 'internal: final function of fit_step';

CREATE AGGREGATE cerebro.fit_step(state bytea, partition_id integer, buffer_id integer, VARIADIC data "any") (
    SFUNC = cerebro._fit_step_transition, STYPE = internal, FINALFUNC = cerebro._fit_step_final, FINALFUNC_MODIFY = READ_WRITE, PARALLEL = UNSAFE);
COMMENT ON AGGREGATE cerebro.fit_step(bytea, integer, integer, "any") IS
    'trains one model on the packed rows that it is given, in their order: state in, state out';

-- What a run calls with columns of any number has a schema of its own. Who made the schema cerebro may add functions there, and one for a certain number
-- of columns would be taken before one for any; this schema belongs to who runs this file, which is a superuser where the extension is trusted.
CREATE SCHEMA cerebro_run;
COMMENT ON SCHEMA cerebro_run IS 'pg_cerebro: internal';
GRANT USAGE ON SCHEMA cerebro_run TO PUBLIC;

CREATE AGGREGATE cerebro_run.fit_visit(visit_id integer, partition_id integer, buffer_id integer, VARIADIC data "any") (
    SFUNC = cerebro._fit_step_transition, STYPE = internal, FINALFUNC = cerebro._fit_step_final, FINALFUNC_MODIFY = READ_WRITE, PARALLEL = UNSAFE);
COMMENT ON AGGREGATE cerebro_run.fit_visit(integer, integer, integer, "any") IS
    'internal: fit_step on the models of a visit of the run in progress; every other use is refused';

CREATE FUNCTION cerebro.init_state(model_arch_table text, model_id bigint, compile_params text, fit_params text, source_table text,
        seed bigint DEFAULT 0, stream bigint DEFAULT 0) RETURNS bytea
    AS 'MODULE_PATHNAME', 'pg_cerebro_init_state' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.init_state(text, bigint, text, text, text, bigint, bigint) IS
    'training state of an untrained model, as fit_multiple_model starts it when stream is its mst_key';

CREATE FUNCTION cerebro.state_tensors(state bytea, OUT "position" integer, OUT name text, OUT shape integer[], OUT is_slot boolean, OUT trainable boolean,
        OUT data double precision[]) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'pg_cerebro_state_tensors' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cerebro.state_tensors(bytea) IS 'weights and optimizer slots of a training state, a row a tensor, in Keras''s order';

CREATE FUNCTION cerebro.fit_multiple_model(source_table text, model_output_table text, model_selection_table text, num_iterations bigint,
        use_gpus boolean DEFAULT false, validation_table text DEFAULT NULL, metrics_compute_frequency bigint DEFAULT NULL,
        warm_start boolean DEFAULT false, name text DEFAULT NULL, description text DEFAULT NULL, use_caching boolean DEFAULT false,
        seed bigint DEFAULT NULL, workers bigint DEFAULT NULL, restore_best boolean DEFAULT false,
        early_stopping text DEFAULT NULL, halving text DEFAULT NULL, folds bigint DEFAULT NULL, search text DEFAULT NULL,
        global_model boolean DEFAULT false, warm_start_groups boolean DEFAULT false, promote text DEFAULT NULL,
        max_failed_groups bigint DEFAULT NULL) RETURNS void
    AS 'MODULE_PATHNAME', 'pg_cerebro_fit_multiple_model' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.fit_multiple_model(text, text, text, bigint, boolean, text, bigint, boolean, text, text, boolean, bigint, bigint, boolean,
        text, text, bigint, text, boolean, boolean, text, bigint) IS
    'trains all models of a model selection table on a packed table by model hopping';

CREATE FUNCTION cerebro.explain_fit_multiple_model(source_table text, model_output_table text, model_selection_table text, num_iterations bigint,
        use_gpus boolean DEFAULT false, validation_table text DEFAULT NULL, metrics_compute_frequency bigint DEFAULT NULL,
        warm_start boolean DEFAULT false, name text DEFAULT NULL, description text DEFAULT NULL, use_caching boolean DEFAULT false,
        seed bigint DEFAULT NULL, workers bigint DEFAULT NULL, restore_best boolean DEFAULT false,
        early_stopping text DEFAULT NULL, halving text DEFAULT NULL, "analyze" boolean DEFAULT false, format text DEFAULT 'text',
        folds bigint DEFAULT NULL, search text DEFAULT NULL, global_model boolean DEFAULT false, warm_start_groups boolean DEFAULT false,
        promote text DEFAULT NULL, max_failed_groups bigint DEFAULT NULL) RETURNS SETOF text
    AS 'MODULE_PATHNAME', 'pg_cerebro_explain_fit_multiple_model' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.explain_fit_multiple_model(text, text, text, bigint, boolean, text, bigint, boolean, text, text, boolean, bigint, bigint, boolean,
        text, text, boolean, text, bigint, text, boolean, boolean, text, bigint) IS
    'the plan of fit_multiple_model with the same arguments, as text or JSON; with analyze it runs, too, and shows what it took';

CREATE FUNCTION cerebro.weights(model_table text, mst_key bigint, OUT "position" integer, OUT name text, OUT shape integer[], OUT piece integer,
        OUT data bytea) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'pg_cerebro_weights' LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.weights(text, bigint) IS
    'weights of a trained model in Keras''s order: a row a tensor, or several of at most 64 MB, as raw float32';

-- Volatile, so that a value that is used twice is worked out once.
CREATE FUNCTION cerebro._value_range(data_spec text, value_precision text, elements integer[], data bytea) RETURNS double precision[]
    AS 'MODULE_PATHNAME', 'pg_cerebro_value_range' LANGUAGE C VOLATILE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION cerebro._value_range(text, text, integer[], bytea) IS 'internal: of each (first, count) of elements of a packed column: smallest and largest value, and one that is no whole number';
