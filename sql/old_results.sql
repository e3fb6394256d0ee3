-- Result tables that version 0.1.0 wrote (test/data/results_0_1.sql): they are read, and training goes on from them. Their iterations were counted from
-- 1 in their last run; since then every model counts from its first training.
\set ECHO none
\set data `echo "$CEREBRO_TEST_DATA"`
SET client_min_messages = warning;
SET cerebro.bundles = 2;
\o /dev/null
\i :data/results_0_1.sql
SET search_path = old_results, public;
\i :data/load_iris.sql
SELECT cerebro.validation_preprocessor_dl('iris_val', 'packed_val', 'class_text', 'attributes', 'packed');
\o
\set ECHO all

-- "models": two iterations. "again": one iteration, then three, of which model 2 made the first and model 3, which was new, diverged in the first
SELECT rank, mst_key, model_name, status, round(training_loss::numeric, 4) AS training_loss, round(validation_metric::numeric, 4) AS accuracy
FROM cerebro.leaderboard('models');
SELECT rank, mst_key, status, round(validation_metric::numeric, 4) AS accuracy FROM cerebro.leaderboard('again');
SELECT mst_key, iteration, round(training_loss::numeric, 4) AS training, round(validation_metric::numeric, 4) AS accuracy
FROM cerebro.learning_curve('models') ORDER BY 1, 2;
SELECT mst_key, iteration, round(training_loss::numeric, 4) AS training, round(validation_metric::numeric, 4) AS accuracy
FROM cerebro.learning_curve('again') ORDER BY 1, 2;
SELECT cerebro.evaluate('models', 'packed_val', 'scores');
SELECT mst_key, abs(e.loss - i.validation_loss_final) < 1e-5 AS same_loss, e.metric_names FROM scores e JOIN models_info i USING (mst_key) ORDER BY 1;
SELECT cerebro.predict('models', 'iris_val', 'id', 'attributes', 'predictions', 'response', mst_key => 1);
SELECT count(*) AS rows, avg((p.class_value = v.class_text)::int) > 0.75 AS good FROM predictions p JOIN iris_val v USING (id);
SELECT count(*) AS tensors, sum(octet_length(data)) AS bytes FROM cerebro.weights('again', 1);

-- tables that are older than the rules by which models stop
CREATE TABLE older AS SELECT * FROM models;
CREATE TABLE older_info AS SELECT * FROM models_info;
CREATE TABLE older_summary AS SELECT * FROM models_summary;
CREATE TABLE older_state AS SELECT * FROM models_state;
CREATE TABLE older_visits AS SELECT * FROM models_visits;
ALTER TABLE older_info DROP COLUMN stopped_iteration, DROP COLUMN stopped_by;
ALTER TABLE older_summary DROP COLUMN early_stopping, DROP COLUMN halving;
SELECT rank, mst_key, status FROM cerebro.leaderboard('older');
SELECT count(*) FROM cerebro.learning_curve('older') WHERE validation_loss IS NOT NULL;
SELECT cerebro.evaluate('older', 'packed_val', 'older_scores');
SELECT count(*) FROM older_scores JOIN scores USING (mst_key, loss);

-- two more iterations, with a model that is new; another processor than the one of then is worth a warning
CREATE TABLE before_info AS SELECT * FROM models_info;
CREATE TABLE before_summary AS SELECT * FROM models_summary;
CREATE TABLE before_state AS SELECT * FROM models_state;
CREATE TABLE chosen AS SELECT * FROM configs WHERE mst_key < 3;
INSERT INTO chosen SELECT 4, model_id, $$optimizer='Adam(lr=0.01)',loss='categorical_crossentropy',metrics=['accuracy']$$, fit_params FROM chosen WHERE mst_key = 1;
CREATE TABLE chosen_summary AS SELECT * FROM configs_summary;
SET client_min_messages = error;
SELECT cerebro.fit_multiple_model('packed', 'models', 'chosen', 2, validation_table => 'packed_val', metrics_compute_frequency => 1, workers => 0,
    warm_start => true, seed => 3);
SELECT i.mst_key, i.status, i.iterations_done, i.metrics_iters, array_length(i.validation_loss, 1) AS values, array_dims(i.training_metric_values) AS dims,
       i.training_loss[1:2] = b.training_loss AND i.validation_metrics[1:2] = b.validation_metrics AS old_curve, i.training_seconds > b.training_seconds AS more,
       i.metrics_elapsed_time[3] > i.metrics_elapsed_time[2] AND i.metrics_elapsed_time[4] > i.metrics_elapsed_time[3] AS time_goes_on
FROM models_info i LEFT JOIN before_info b USING (mst_key) ORDER BY 1;
SELECT mst_key, iteration, count(*) AS visits, count(DISTINCT partition_id) AS partitions FROM models_visits GROUP BY 1, 2 ORDER BY 1, 2;
SELECT num_iterations, metrics_iters, warm_start, result_format FROM models_summary;
SELECT mst_key, array_agg(iteration ORDER BY iteration) AS iterations FROM cerebro.learning_curve('models') GROUP BY 1 ORDER BY 1;
-- models of then keep their order: that of their bundle, shifted by one from iteration to iteration; the new one has its own
SELECT v.mst_key < 3 AS of_then, count(*) AS visits, count(*) FILTER (WHERE partition_id = ((b.bundle ->> 'offset')::int + iteration + visit - 2) % 4) AS as_then,
       count(*) FILTER (WHERE partition_id = (v.mst_key + visit - 2) % 4) AS as_now
FROM models_visits v LEFT JOIN (SELECT bundle, m.value::text::int + 1 AS mst_key
    FROM before_summary, json_array_elements(plan -> 'bundles') bundle, json_array_elements(bundle -> 'models') m) b USING (mst_key) GROUP BY 1 ORDER BY 1;
SELECT bundle ->> 'models' AS models, bundle ->> 'shift' AS shift FROM models_summary, json_array_elements(plan -> 'bundles') bundle ORDER BY 1;
-- the visits by hand, from the state of then, give the state of now
CREATE FUNCTION by_hand(k integer) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    state bytea;
    v record;
BEGIN
    SELECT string_agg(data, '' ORDER BY piece) INTO state FROM before_state WHERE mst_key = k;
    FOR v IN SELECT partition_id FROM models_visits WHERE mst_key = k AND iteration > 2 ORDER BY iteration, visit LOOP
        SELECT cerebro.fit_step(state, p.partition_id, p.buffer_id, p.attributes, p.class_text) INTO state
        FROM (SELECT * FROM packed WHERE partition_id = v.partition_id ORDER BY buffer_id) p;
    END LOOP;
    RETURN md5(state) = (SELECT md5(string_agg(data, '' ORDER BY piece)) FROM models_state WHERE mst_key = k);
END $$;
SELECT k AS mst_key, by_hand(k) AS same FROM generate_series(1, 2) k;

-- and once more, from tables of this version: nothing is shifted twice
SELECT cerebro.fit_multiple_model('packed', 'models', 'chosen', 1, validation_table => 'packed_val', workers => 0, warm_start => true, seed => 3);
SELECT mst_key, iterations_done, metrics_iters FROM models_info ORDER BY 1;
SELECT mst_key, min(iteration), max(iteration), count(*) AS visits FROM models_visits GROUP BY 1 ORDER BY 1;

-- each model of "again" goes on from its own count; the one that diverged stays as it is; stops are counted from the first training too
SELECT cerebro.fit_multiple_model('packed', 'again', 'configs', 3, validation_table => 'packed_val', metrics_compute_frequency => 1, workers => 0,
    warm_start => true, restore_best => true, seed => 3, halving => $${'eta': 2, 'iterations': [2]}$$);
SELECT mst_key, status, iterations_done, metrics_iters, stopped_iteration, best_iteration FROM again_info ORDER BY 1;
SELECT mst_key, min(iteration), max(iteration), count(*) AS visits FROM again_visits GROUP BY 1 ORDER BY 1;

-- the older tables get what they lack
SELECT cerebro.fit_multiple_model('packed', 'older', 'chosen', 1, workers => 0, warm_start => true, seed => 3);
SELECT mst_key, status, metrics_iters, stopped_iteration, array_length(validation_loss, 1) AS values, validation_loss[3] IS NULL AS not_validated FROM older_info ORDER BY 1;
SELECT mst_key, iteration, training_loss IS NOT NULL AS trained, validation_loss IS NOT NULL AS validated FROM cerebro.learning_curve('older') ORDER BY 1, 2;
SELECT m.table_name, count(*) AS columns, count(o.column_name) AS there FROM information_schema.columns m
LEFT JOIN information_schema.columns o ON o.table_schema = m.table_schema AND o.table_name = replace(m.table_name, 'models', 'older')
    AND o.column_name = m.column_name AND o.data_type = m.data_type
WHERE m.table_schema = 'old_results' AND m.table_name IN ('models', 'models_info', 'models_summary', 'models_state', 'models_visits') GROUP BY 1 ORDER BY 1;

DROP SCHEMA old_results CASCADE;
