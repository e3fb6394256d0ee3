-- Runs: what was trained, to be listed, renamed and dropped.

CREATE FUNCTION cerebro.runs_rows(OUT name text, OUT run_name text, OUT description text, OUT source_table text, OUT started_at timestamp,
        OUT finished_at timestamp, OUT models integer, OUT diverged integer, OUT iterations bigint, OUT metric text,
        OUT best_mst_key integer, OUT best_metric double precision, OUT best_loss double precision, OUT state text, OUT iteration bigint,
        OUT last_commit timestamptz, OUT error text, OUT end_reason text) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'pg_cerebro_runs_rows' LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED ROWS 10;
COMMENT ON FUNCTION cerebro.runs_rows() IS 'runs whose tables the caller may read; read it through cerebro.runs';

CREATE VIEW cerebro.runs AS SELECT * FROM cerebro.runs_rows();
COMMENT ON VIEW cerebro.runs IS 'one row for each run whose result tables the caller may read';
COMMENT ON COLUMN cerebro.runs.name IS 'model output table, with its schema: what other functions take';
COMMENT ON COLUMN cerebro.runs.run_name IS 'name that fit_multiple_model was given';
COMMENT ON COLUMN cerebro.runs.description IS 'description that fit_multiple_model was given';
COMMENT ON COLUMN cerebro.runs.source_table IS 'packed training table';
COMMENT ON COLUMN cerebro.runs.started_at IS 'start of the last fit of the run';
COMMENT ON COLUMN cerebro.runs.finished_at IS 'end of the last fit of the run';
COMMENT ON COLUMN cerebro.runs.models IS 'models of the run';
COMMENT ON COLUMN cerebro.runs.diverged IS 'models that diverged';
COMMENT ON COLUMN cerebro.runs.iterations IS 'iterations of the model that has most, over all fits of the run';
COMMENT ON COLUMN cerebro.runs.metric IS 'metric by which models are ranked, or loss';
COMMENT ON COLUMN cerebro.runs.best_mst_key IS 'the best model, first of the leaderboard; NULL when none was trained and scored, or all have diverged';
COMMENT ON COLUMN cerebro.runs.best_metric IS 'its metric, over the validation table where there is one';
COMMENT ON COLUMN cerebro.runs.best_loss IS 'its loss, over the same table';
COMMENT ON COLUMN cerebro.runs.state IS 'running, interrupted, stopped, finished or failed; a run of one transaction is finished when it is seen';
COMMENT ON COLUMN cerebro.runs.iteration IS 'of a durable run: iterations that are over for all models, at its last commit';
COMMENT ON COLUMN cerebro.runs.last_commit IS 'of a durable run: when its models were written last';
COMMENT ON COLUMN cerebro.runs.error IS 'of a durable run: what ended its last call, where that could be written';
COMMENT ON COLUMN cerebro.runs.end_reason IS
    'why it has ended: iterations, stopped, exhausted, max_models, max_failures, time_budget or finish; NULL: it has not, or an earlier version has made it';
GRANT SELECT ON cerebro.runs TO PUBLIC;

CREATE FUNCTION cerebro.drop_run(name text) RETURNS void
    AS 'MODULE_PATHNAME', 'pg_cerebro_drop_run' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.drop_run(text) IS 'drops the result tables of a run: <name>, <name>_info, _summary, _state, _visits and _run';

CREATE FUNCTION cerebro.rename_run(name text, new_name text) RETURNS void
    AS 'MODULE_PATHNAME', 'pg_cerebro_rename_run' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.rename_run(text, text) IS 'renames the result tables of a run, within their schema';
