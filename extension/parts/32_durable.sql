-- Durable runs, a number of iterations a transaction.

CREATE FUNCTION cerebro.advance(source_table text, model_output_table text, model_selection_table text, num_iterations bigint,
        use_gpus boolean DEFAULT false, validation_table text DEFAULT NULL, metrics_compute_frequency bigint DEFAULT NULL,
        warm_start boolean DEFAULT false, name text DEFAULT NULL, description text DEFAULT NULL, use_caching boolean DEFAULT false,
        seed bigint DEFAULT NULL, workers bigint DEFAULT NULL, restore_best boolean DEFAULT false,
        early_stopping text DEFAULT NULL, halving text DEFAULT NULL, iterations bigint DEFAULT 1,
        search text DEFAULT NULL) RETURNS bigint
    AS 'MODULE_PATHNAME', 'pg_cerebro_advance' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.advance(text, text, text, bigint, boolean, text, bigint, boolean, text, text, boolean, bigint, bigint, boolean,
        text, text, bigint, text) IS
    'begins a run as fit_multiple_model does, or goes on with it, for some iterations; returns how many are left';
