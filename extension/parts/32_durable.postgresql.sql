-- Durable runs, by a procedure that commits. It has no SET clause: such a procedure may not commit.

CREATE PROCEDURE cerebro.fit(source_table text, model_output_table text, model_selection_table text, num_iterations bigint,
        use_gpus boolean DEFAULT false, validation_table text DEFAULT NULL, metrics_compute_frequency bigint DEFAULT NULL,
        warm_start boolean DEFAULT false, name text DEFAULT NULL, description text DEFAULT NULL, use_caching boolean DEFAULT false,
        seed bigint DEFAULT NULL, workers bigint DEFAULT NULL, restore_best boolean DEFAULT false,
        early_stopping text DEFAULT NULL, halving text DEFAULT NULL, checkpoint_interval interval DEFAULT '60 s',
        search text DEFAULT NULL)
    LANGUAGE C AS 'MODULE_PATHNAME', 'pg_cerebro_fit';
COMMENT ON PROCEDURE cerebro.fit(text, text, text, bigint, boolean, text, bigint, boolean, text, text, boolean, bigint, bigint, boolean,
        text, text, interval, text) IS
    'trains as fit_multiple_model does and commits while it runs; the same call goes on from the last commit';
