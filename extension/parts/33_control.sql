-- Runs are changed while they go on, and done again.

CREATE FUNCTION cerebro.control(run text, action text, mst_key bigint DEFAULT NULL, compile_params text DEFAULT NULL,
        fit_params text DEFAULT NULL, model_id bigint DEFAULT NULL, from_weights boolean DEFAULT NULL, iterations bigint DEFAULT NULL,
        priority bigint DEFAULT NULL) RETURNS void
    AS 'MODULE_PATHNAME', 'pg_cerebro_control' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.control(text, text, bigint, text, text, bigint, boolean, bigint, bigint) IS
    'asks a durable run to stop, resume, delete, clone, add or reprioritise a model, or to finish; it does so behind its present round';

CREATE FUNCTION cerebro.replay(run text, model_output_table text, workers bigint DEFAULT NULL) RETURNS void
    AS 'MODULE_PATHNAME', 'pg_cerebro_replay' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.replay(text, text, bigint) IS
    'does a durable run again, with what people did to it behind the same rounds: the same models, bit for bit';
