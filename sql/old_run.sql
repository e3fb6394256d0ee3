-- A durable run that version 0.1.0 began (test/data/durable_run_0_1.sql) is finished by this one.
\set ECHO none
\set data `echo "$CEREBRO_TEST_DATA"`
SET client_min_messages = error;
SET cerebro.threads = 1;
\o /dev/null
\i :data/durable_run_0_1.sql
SET search_path = old_run, public;
\o
\set ECHO all

SELECT name, state, iteration, error FROM cerebro.runs WHERE name = 'old_run.begun';
CREATE TABLE first_visits AS SELECT * FROM begun_visits;
CREATE TABLE first_curve AS SELECT * FROM cerebro.learning_curve('begun');
SELECT cerebro.advance('packed', 'begun', 'configs', 6, workers => 0, seed => 3, restore_best => true, metrics_compute_frequency => 1,
    halving => $${'eta': 2, 'iterations': [2, 4]}$$, iterations => 1) AS iterations_left;
CALL cerebro.fit('packed', 'begun', 'configs', 6, workers => 0, seed => 3, restore_best => true, metrics_compute_frequency => 1,
    halving => $${'eta': 2, 'iterations': [2, 4]}$$);
SELECT name, state, iteration, error FROM cerebro.runs WHERE name = 'old_run.begun';
-- as a run that this version has made from its beginning: the losses differ by the build at most
SELECT cerebro.fit_multiple_model('packed', 'anew', 'configs', 6, workers => 0, seed => 3, restore_best => true, metrics_compute_frequency => 1,
    halving => $${'eta': 2, 'iterations': [2, 4]}$$);
SELECT count(*) AS models, bool_and(b.status = a.status AND b.iterations_done = a.iterations_done AND b.metrics_iters = a.metrics_iters
        AND b.best_iteration IS NOT DISTINCT FROM a.best_iteration AND b.stopped_iteration IS NOT DISTINCT FROM a.stopped_iteration
        AND b.stopped_by IS NOT DISTINCT FROM a.stopped_by) AS same_decisions,
    bool_and(a.status = 'diverged' OR abs(b.training_loss_final - a.training_loss_final) < 1e-3) AS same_losses
FROM begun_info b JOIN anew_info a USING (mst_key);
SELECT count(*) AS visits, (SELECT count(*) FROM anew_visits) AS of_anew FROM begun_visits;
-- what was there is as it was
SELECT count(*) = 0 AS visits_kept FROM (SELECT * FROM first_visits EXCEPT SELECT * FROM begun_visits) v;
SELECT count(*) = 0 AS curve_kept FROM (SELECT * FROM first_curve EXCEPT SELECT * FROM cerebro.learning_curve('begun')) c;
DROP SCHEMA old_run CASCADE;
