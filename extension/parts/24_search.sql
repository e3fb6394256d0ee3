-- Searches: a run that makes its models itself, and what its trials say about parameters.

CREATE FUNCTION cerebro.search(source_table text, model_output_table text, model_arch_table text, num_iterations bigint,
        compile_params_grid text, fit_params_grid text, search text DEFAULT '{"policy": "asha"}', validation_table text DEFAULT NULL,
        model_id_list integer[] DEFAULT NULL, seed bigint DEFAULT NULL, workers bigint DEFAULT NULL, use_gpus boolean DEFAULT false,
        name text DEFAULT NULL, description text DEFAULT NULL, restore_best boolean DEFAULT false,
        early_stopping text DEFAULT NULL) RETURNS integer
    AS 'MODULE_PATHNAME', 'pg_cerebro_search' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.search(text, text, text, bigint, text, text, text, text, integer[], bigint, bigint, boolean, text, text, boolean, text) IS
    'searches architectures and parameters in one run of fit_multiple_model and returns the mst_key of the best model';

CREATE FUNCTION cerebro.importance(run text, iteration bigint DEFAULT NULL, seed bigint DEFAULT 0, OUT parameter text,
        OUT importance double precision, OUT deviation double precision) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'pg_cerebro_importance' LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED ROWS 10;
COMMENT ON FUNCTION cerebro.importance(text, bigint, bigint) IS
    'the part of the variance among a run''s models that each parameter explains alone: fANOVA';

CREATE FUNCTION cerebro.ask(run text, OUT mst_key integer, OUT state text, OUT model_id integer, OUT compile_params text, OUT fit_params text,
        OUT iteration bigint, OUT value double precision, OUT remark text) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'pg_cerebro_ask' LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED ROWS 100;
COMMENT ON FUNCTION cerebro.ask(text) IS
    'trials of a run as of its last commit, with their values as losses: what a sampler outside goes by';

CREATE FUNCTION cerebro.tell(run text, model_id bigint, compile_params text, fit_params text, iterations bigint DEFAULT NULL) RETURNS void
    AS 'MODULE_PATHNAME', 'pg_cerebro_tell' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.tell(text, bigint, text, text, bigint) IS
    'gives a run the next configuration to try; it begins when the run is between two rounds';
