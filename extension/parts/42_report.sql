-- The page of a run, curves in characters, and what columns are worth to a model.

CREATE FUNCTION cerebro.report(model_output_table text) RETURNS text
    AS 'MODULE_PATHNAME', 'pg_cerebro_report' LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED;
COMMENT ON FUNCTION cerebro.report(text) IS
    'one HTML page that needs nothing else: leaderboard, learning curves, parameters, visits, and the best model on the validation table';

CREATE FUNCTION cerebro.learning_curve_text(model_output_table text, mst_key bigint DEFAULT NULL, metric text DEFAULT NULL,
        width bigint DEFAULT 78, height bigint DEFAULT 20) RETURNS SETOF text
    AS 'MODULE_PATHNAME', 'pg_cerebro_learning_curve_text' LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED ROWS 25;
COMMENT ON FUNCTION cerebro.learning_curve_text(text, bigint, text, bigint, bigint) IS
    'learning curves in characters, a row a line: of the best models, or training and validation of one';

CREATE FUNCTION cerebro.feature_importance(model_table text, test_table text, mst_key bigint DEFAULT NULL, repeats bigint DEFAULT 5,
        seed bigint DEFAULT 0, OUT column_name text, OUT importance double precision, OUT deviation double precision) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'pg_cerebro_feature_importance' LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED ROWS 20;
COMMENT ON FUNCTION cerebro.feature_importance(text, text, bigint, bigint, bigint) IS
    'how much worse a model''s first metric is over a packed table when the values of one column are shuffled';
