-- The report of a run on folds.

CREATE FUNCTION cerebro.fold_leaderboard(model_output_table text, OUT rank integer, OUT mst_key integer, OUT model_id integer,
        OUT model_name text, OUT compile_params text, OUT fit_params text, OUT folds integer, OUT diverged integer,
        OUT metric text, OUT mean_metric double precision, OUT std_metric double precision, OUT mean_loss double precision,
        OUT std_loss double precision, OUT mean_training_metric double precision, OUT mean_training_loss double precision,
        OUT parameters bigint, OUT seconds double precision) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'pg_cerebro_fold_leaderboard' LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED ROWS 100;
COMMENT ON FUNCTION cerebro.fold_leaderboard(text) IS
    'the configurations of a run on folds, best first: mean and standard deviation over the folds that their models left out';
