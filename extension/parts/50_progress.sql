-- Running fits, seen from any connection.

CREATE FUNCTION cerebro.stat_progress_rows(
    OUT pid integer, OUT datid oid, OUT usesysid oid, OUT model_table text, OUT phase text,
    OUT iteration bigint, OUT iterations bigint, OUT visits_done bigint, OUT visits_total bigint,
    OUT models integer, OUT models_training integer, OUT workers integer,
    OUT rows_per_second double precision, OUT seconds_left double precision, OUT started_at timestamptz,
    OUT models_waiting integer, OUT models_stopped integer, OUT rung bigint, OUT bracket bigint, OUT best_mst_key bigint,
    OUT best_value double precision)
    RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'pg_cerebro_stat_progress_rows' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL RESTRICTED ROWS 10
    SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION cerebro.stat_progress_rows() IS
    'running fits that the caller may see: those of its own roles, or all for members of pg_read_all_stats; read it through cerebro.stat_progress';

CREATE VIEW cerebro.stat_progress AS
    SELECT r.pid,
           d.datname,
           pg_catalog.pg_get_userbyid(r.usesysid) AS usename,
           r.model_table,
           r.phase,
           r.iteration,
           r.iterations,
           r.visits_done,
           r.visits_total,
           CASE WHEN r.visits_total OPERATOR(pg_catalog.>) 0::bigint
                THEN pg_catalog.round(100.0 OPERATOR(pg_catalog.*) r.visits_done::numeric OPERATOR(pg_catalog./) r.visits_total::numeric, 1) END AS percent,
           r.models,
           r.models_training,
           r.workers,
           r.rows_per_second,
           r.seconds_left,
           r.started_at,
           r.models_waiting,
           r.models_stopped,
           r.rung,
           r.bracket,
           r.best_mst_key,
           r.best_value
      FROM cerebro.stat_progress_rows() r
      LEFT JOIN pg_catalog.pg_database d ON d.oid OPERATOR(pg_catalog.=) r.datid;
COMMENT ON VIEW cerebro.stat_progress IS 'one row for each running fit: phase, visits done, speed and time left';
COMMENT ON COLUMN cerebro.stat_progress.pid IS 'process of the session that runs the fit';
COMMENT ON COLUMN cerebro.stat_progress.datname IS 'database of the session';
COMMENT ON COLUMN cerebro.stat_progress.usename IS 'user of the session';
COMMENT ON COLUMN cerebro.stat_progress.model_table IS 'model output table of the fit';
COMMENT ON COLUMN cerebro.stat_progress.phase IS 'planning, storing features, initialising, training, evaluating or writing';
COMMENT ON COLUMN cerebro.stat_progress.iteration IS 'iteration in progress, from 1';
COMMENT ON COLUMN cerebro.stat_progress.iterations IS 'iterations asked for';
COMMENT ON COLUMN cerebro.stat_progress.visits_done IS 'visits done: a visit is one model going over one partition once; while features are stored, buffers that have them';
COMMENT ON COLUMN cerebro.stat_progress.visits_total IS 'visits of the whole fit; while features are stored, buffers that get them';
COMMENT ON COLUMN cerebro.stat_progress.percent IS 'visits done of all visits';
COMMENT ON COLUMN cerebro.stat_progress.models IS 'models of the fit';
COMMENT ON COLUMN cerebro.stat_progress.models_training IS 'models that still train: neither diverged nor stopped';
COMMENT ON COLUMN cerebro.stat_progress.workers IS 'parallel workers; 0 when the session trains by itself';
COMMENT ON COLUMN cerebro.stat_progress.rows_per_second IS 'training rows a second, over all models';
COMMENT ON COLUMN cerebro.stat_progress.seconds_left IS 'estimated seconds to the end; NULL while not known';
COMMENT ON COLUMN cerebro.stat_progress.started_at IS 'start of the fit';
COMMENT ON COLUMN cerebro.stat_progress.models_waiting IS 'of a run whose models change: models that have done what they were to do for now, or are paused';
COMMENT ON COLUMN cerebro.stat_progress.models_stopped IS 'of a run whose models change: models that train no more, failed and diverged ones included';
COMMENT ON COLUMN cerebro.stat_progress.rung IS 'of a search: iterations until which the models of the lowest rung that trains go on';
COMMENT ON COLUMN cerebro.stat_progress.bracket IS 'of a search in brackets: the lowest one that trains';
COMMENT ON COLUMN cerebro.stat_progress.best_mst_key IS 'of a run whose models change: the model with the best value so far';
COMMENT ON COLUMN cerebro.stat_progress.best_value IS 'that value: of what the search monitors, or of the first metric or the loss';
GRANT SELECT ON cerebro.stat_progress TO PUBLIC;
