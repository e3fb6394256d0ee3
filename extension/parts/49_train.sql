-- From a table to a registered model in one call.

CREATE FUNCTION cerebro.train(name text, source_table text, label text, "exclude" text DEFAULT NULL, time_budget interval DEFAULT NULL,
        max_models bigint DEFAULT NULL, num_iterations bigint DEFAULT NULL, validation_fraction double precision DEFAULT NULL,
        split_column text DEFAULT NULL, split_by_time text DEFAULT NULL, dependent_type text DEFAULT NULL, preprocess text DEFAULT 'auto',
        seed bigint DEFAULT 0, output_table text DEFAULT NULL, note text DEFAULT NULL, OUT model text, OUT metric text,
        OUT value double precision, OUT baseline double precision, OUT architecture text, OUT compile_params text, OUT fit_params text,
        OUT models bigint, OUT iterations bigint, OUT training_rows bigint, OUT validation_rows bigint, OUT rows_left_out bigint,
        OUT seconds double precision) RETURNS record
    AS 'MODULE_PATHNAME', 'pg_cerebro_train' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET extra_float_digits = 1;
COMMENT ON FUNCTION cerebro.train(text, text, text, text, interval, bigint, bigint, double precision, text, text, text, text, bigint, text, text) IS
    'packs a table, searches for a good model of one of its columns within a time budget, and registers the best one';
