-- What a user asks of a finished run: scores, predictions, reports.
-- predict carries ids as text: the setting keeps every digit of a number.

CREATE FUNCTION cerebro.evaluate(model_table text, test_table text, output_table text, use_gpus boolean DEFAULT false,
        mst_key bigint DEFAULT NULL) RETURNS void
    AS 'MODULE_PATHNAME', 'pg_cerebro_evaluate' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.evaluate(text, text, text, boolean, bigint) IS
    'loss and metrics over a packed table, of all models of a run in one scan or of one';

CREATE FUNCTION cerebro.predict(model_table text, test_table text, id_col text, independent_varname text, output_table text,
        pred_type text DEFAULT 'prob', use_gpus boolean DEFAULT false, mst_key bigint DEFAULT NULL) RETURNS void
    AS 'MODULE_PATHNAME', 'pg_cerebro_predict' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET extra_float_digits = 1;
COMMENT ON FUNCTION cerebro.predict(text, text, text, text, text, text, boolean, bigint) IS
    'predictions for the rows of a plain table: every class (''prob''), the most probable one (''response''), or a regression''s estimates';

CREATE FUNCTION cerebro.predict(model_table text, test_table text, id_col text, independent_varname text, output_table text,
        pred_type integer, use_gpus boolean DEFAULT false, mst_key bigint DEFAULT NULL) RETURNS void
    AS 'MODULE_PATHNAME', 'pg_cerebro_predict_rank' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET extra_float_digits = 1;
COMMENT ON FUNCTION cerebro.predict(text, text, text, text, text, integer, boolean, bigint) IS
    'predictions for the rows of a plain table: the pred_type most probable classes';

CREATE FUNCTION cerebro.predict(model_table text, test_table text, id_col text, independent_varname text, output_table text,
        pred_type double precision, use_gpus boolean DEFAULT false, mst_key bigint DEFAULT NULL) RETURNS void
    AS 'MODULE_PATHNAME', 'pg_cerebro_predict_above' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET extra_float_digits = 1;
COMMENT ON FUNCTION cerebro.predict(text, text, text, text, text, double precision, boolean, bigint) IS
    'predictions for the rows of a plain table: the classes that are more probable than pred_type';

CREATE FUNCTION cerebro.leaderboard(model_output_table text, OUT rank integer, OUT mst_key integer, OUT model_id integer,
        OUT model_name text, OUT compile_params text, OUT fit_params text, OUT status text, OUT training_loss double precision,
        OUT training_metric double precision, OUT validation_loss double precision, OUT validation_metric double precision, OUT metric text,
        OUT parameters bigint, OUT seconds double precision) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'pg_cerebro_leaderboard' LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED ROWS 100;
COMMENT ON FUNCTION cerebro.leaderboard(text) IS
    'the models of a run, best first: by the validation metric where there is one, else by the loss';

CREATE FUNCTION cerebro.learning_curve(model_output_table text, OUT mst_key integer, OUT iteration integer,
        OUT training_loss double precision, OUT training_metric double precision, OUT validation_loss double precision,
        OUT validation_metric double precision) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'pg_cerebro_learning_curve' LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED ROWS 1000;
COMMENT ON FUNCTION cerebro.learning_curve(text) IS
    'losses and metrics of each model after each iteration for which they were computed';

CREATE FUNCTION cerebro.confusion_matrix(model_table text, test_table text, mst_key bigint DEFAULT NULL, OUT class_name text,
        OUT actual text, OUT predicted text, OUT count bigint) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'pg_cerebro_confusion_matrix' LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED ROWS 100;
COMMENT ON FUNCTION cerebro.confusion_matrix(text, text, bigint) IS
    'how often a model predicts which class for which, over a packed table; pairs that do not occur are left out';
