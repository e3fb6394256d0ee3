-- Folds: partitions of a packed table that a configuration's models leave out in turn. Each model is scored over its fold.
\pset null '(null)'
SET client_min_messages = warning;
CREATE SCHEMA folds;
SET search_path = folds, public;

\set data `echo "$CEREBRO_TEST_DATA"`
\i :data/attempt.sql

-- three classes of 203, 61 and 40 rows, two bytes a row, some rows many times
CREATE TABLE points AS SELECT i AS id, CASE WHEN i <= 203 THEN 0 WHEN i <= 264 THEN 1 ELSE 2 END AS label,
    ARRAY[i % 251, (i * 7) % 13 + CASE WHEN i > 203 THEN 40 ELSE 0 END]::smallint[] AS x FROM generate_series(1, 304) i;
CREATE TABLE many AS SELECT label, x FROM points p, generate_series(1, CASE WHEN p.id % 10 = 0 THEN 3 ELSE 1 END);
CREATE FUNCTION rows_of(packed regclass, k int) RETURNS TABLE(fold int, label int, x text) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format('SELECT 1 + p.partition_id * %s / s.num_partitions, get_byte(p.label, 4 * i), encode(substr(p.x, 2 * i + 1, 2), ''hex'')
        FROM %s p, %s s, generate_series(0, (p.x_shape)[1] - 1) i', k, packed, packed::text || '_summary');
END $$;

-- every fold has its share of each class and of all, to within a row
SELECT cerebro.training_preprocessor_dl('points', 'packed', 'label', 'x', dependent_type => 'index', num_partitions => 6, buffer_size => 20, folds => 3);
SELECT folds, num_partitions, partition_rows, split FROM packed_summary;
SELECT fold, count(*) AS rows, count(CASE WHEN label = 0 THEN 1 END) AS zeros, count(CASE WHEN label = 1 THEN 1 END) AS ones,
       count(CASE WHEN label = 2 THEN 1 END) AS twos FROM rows_of('packed', 3) GROUP BY 1 ORDER BY 1;
-- rows of equal contents are in one fold
SELECT cerebro.training_preprocessor_dl('many', 'doubles', 'label', 'x', dependent_type => 'index', folds => 5);
SELECT folds, num_partitions, (SELECT sum(n) FROM unnest(partition_rows) n) = (SELECT count(*) FROM many) AS whole FROM doubles_summary;
SELECT count(*) AS in_several_folds FROM (SELECT x, label FROM rows_of('doubles', 5) GROUP BY 1, 2 HAVING count(DISTINCT fold) > 1) f;
SELECT max(n) - min(n) <= 6 AS even FROM (SELECT fold, count(*) AS n FROM rows_of('doubles', 5) GROUP BY 1) f;
-- the order of the rows does not matter
CREATE TABLE reversed AS SELECT * FROM points ORDER BY id DESC;
SELECT cerebro.training_preprocessor_dl('reversed', 'again', 'label', 'x', dependent_type => 'index', num_partitions => 6, buffer_size => 20, folds => 3);
SELECT a.digest = b.digest AS same FROM packed_summary a, again_summary b;
-- with rows put aside before
SELECT cerebro.training_preprocessor_dl('points', 'aside', 'label', 'x', dependent_type => 'index', validation_fraction => 0.25, folds => 4);
SELECT t.rows, v.rows, t.folds, v.folds, t.partition_rows FROM aside_summary t, aside_val_summary v;
SELECT count(*) AS on_both_sides FROM rows_of('aside', 4) t JOIN rows_of('aside_val', 4) v USING (x, label);

-- each configuration has a model a fold
SELECT cerebro.load_model('archs', $$ {"class_name": "Sequential", "config": [
 {"class_name": "Dense", "config": {"name": "hidden", "units": 6, "activation": "relu", "batch_input_shape": [null, 2]}},
 {"class_name": "Dropout", "config": {"name": "drop", "rate": 0.25}},
 {"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax"}}]} $$, name => 'small');
SELECT cerebro.load_model_selection_table('archs', 'configs', ARRAY[1],
    ARRAY[$$optimizer='Adam(lr=0.01)',loss='sparse_categorical_crossentropy',metrics=['accuracy']$$,
          $$optimizer='SGD(lr=0.0001)',loss='sparse_categorical_crossentropy',metrics=['accuracy']$$], ARRAY['batch_size=16,epochs=2']);
SELECT l FROM cerebro.explain_fit_multiple_model('packed', 'run', 'configs', 3, folds => 3) l WHERE l ~ 'Model Hopper' OR l ~ 'partitions:';
SELECT cerebro.fit_multiple_model('packed', 'run', 'configs', 3, metrics_compute_frequency => 1, seed => 5, workers => 0, folds => 3);
SELECT mst_key, configuration, fold, status, iterations_done, metrics_iters, array_length(validation_loss, 1) AS validated FROM run_info ORDER BY 1;
SELECT folds, validation_table FROM run_summary;
-- a model visits all partitions but its fold's, each once an iteration
SELECT i.mst_key, i.fold, array_agg(DISTINCT v.partition_id ORDER BY v.partition_id) AS partitions, count(*) AS visits, min(v.visit), max(v.visit),
       sum(v.rows) = 3 * 2 * (SELECT sum(n) FROM packed_summary, unnest(partition_rows) n) - 3 * 2 * (SELECT sum(partition_rows[p]) FROM packed_summary, generate_series(2 * i.fold - 1, 2 * i.fold) p) AS all_rows
FROM run_visits v JOIN run_info i USING (mst_key) GROUP BY i.mst_key, i.fold ORDER BY 1;
-- mean and deviation of each configuration
SELECT rank, mst_key, model_name, fit_params, folds, diverged, metric FROM cerebro.fold_leaderboard('run');
SELECT bool_and(abs(b.mean_metric - i.m) < 1e-12 AND abs(b.std_metric - i.s) < 1e-12 AND abs(b.mean_loss - i.l) < 1e-12 AND abs(b.std_loss - i.d) < 1e-12
                AND abs(b.mean_training_loss - i.t) < 1e-12 AND b.seconds > 0) AS as_in_sql
FROM cerebro.fold_leaderboard('run') b JOIN (SELECT configuration, avg(validation_metrics_final) AS m, stddev_samp(validation_metrics_final) AS s, avg(validation_loss_final) AS l,
    stddev_samp(validation_loss_final) AS d, avg(training_loss_final) AS t FROM run_info GROUP BY 1) i ON i.configuration = b.mst_key;
SELECT count(*) AS models, bool_and(validation_metric IS NOT NULL) AS validated FROM cerebro.leaderboard('run');
-- workers change nothing, nor who trains beside
SELECT cerebro.fit_multiple_model('packed', 'by_workers', 'configs', 3, metrics_compute_frequency => 1, seed => 5, workers => 2, folds => 3);
SELECT cerebro.load_model_selection_table('archs', 'one_config', ARRAY[1], ARRAY[$$optimizer='Adam(lr=0.01)',loss='sparse_categorical_crossentropy',metrics=['accuracy']$$], ARRAY['batch_size=16,epochs=2']);
SELECT cerebro.fit_multiple_model('packed', 'one', 'one_config', 3, metrics_compute_frequency => 1, seed => 5, workers => 0, folds => 3);
SELECT (SELECT count(*) FROM run a JOIN by_workers b USING (mst_key) WHERE a.model_weights = b.model_weights) AS same_by_workers,
       (SELECT count(*) FROM run a JOIN one b USING (mst_key) WHERE a.model_weights = b.model_weights) AS same_alone,
       (SELECT count(*) FROM run_info a JOIN by_workers_info b USING (mst_key) WHERE a.validation_metric_values = b.validation_metric_values) AS same_metrics;
-- early stopping looks at each model's fold
SELECT cerebro.fit_multiple_model('packed', 'stopped', 'one_config', 8, seed => 5, folds => 3, restore_best => true, early_stopping => $${'patience': 1, 'min_delta': 100}$$);
SELECT fold, status, stopped_iteration, stopped_by FROM stopped_info ORDER BY 1;
-- predict and evaluate know the models by their keys
SELECT cerebro.evaluate('run', 'packed', 'scores', mst_key => 4);
SELECT mst_key FROM scores;

-- a model that diverges
SELECT cerebro.load_model_selection_table('archs', 'wild', ARRAY[1], ARRAY[$$optimizer='SGD(lr=0.001)',loss='sparse_categorical_crossentropy',metrics=['accuracy']$$,
    $$optimizer='SGD(lr=1e30)',loss='sparse_categorical_crossentropy',metrics=['accuracy']$$], ARRAY['batch_size=16']);
SET client_min_messages = error;
SELECT cerebro.fit_multiple_model('packed', 'wild_run', 'wild', 2, workers => 0, folds => 3);
SET client_min_messages = warning;
SELECT rank, mst_key, folds, diverged > 0 AS diverged FROM cerebro.fold_leaderboard('wild_run');
SELECT bool_and(b.diverged = i.n AND (b.mean_loss IS NULL) = (i.l IS NULL)) AS as_in_sql FROM cerebro.fold_leaderboard('wild_run') b
    JOIN (SELECT configuration, count(CASE WHEN status = 'diverged' THEN 1 END) AS n, avg(CASE WHEN status <> 'diverged' THEN validation_loss_final END) AS l FROM wild_run_info GROUP BY 1) i ON i.configuration = b.mst_key;

-- the whole table is trained on as any other
SELECT cerebro.fit_multiple_model('packed', 'whole', 'one_config', 1, workers => 0);
SELECT mst_key, configuration, fold, (SELECT folds FROM whole_summary) AS folds, (SELECT count(DISTINCT partition_id) FROM whole_visits) AS partitions FROM whole_info;

-- what does not fit
SELECT cerebro.training_preprocessor_dl('points', 'plain', 'label', 'x', dependent_type => 'index', num_partitions => 6);
\x on
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('points', 'out', 'label', 'x', folds => 1)$$);
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('points', 'out', 'label', 'x', folds => 3, num_partitions => 4)$$);
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('points', 'out', 'label', 'x', folds => 305)$$);
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('plain', 'out', 'configs', 1, folds => 3)$$);
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('packed', 'out', 'configs', 1, folds => 2)$$);
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('packed', 'out', 'configs', 1, folds => 1)$$);
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('packed', 'out', 'configs', 1, folds => 3, validation_table => 'packed')$$);
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('packed', 'run', 'configs', 1, folds => 3, warm_start => true)$$);
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('packed', 'run', 'configs', 1, warm_start => true)$$);
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('packed', 'out', 'configs', 4, folds => 3, halving => '{}')$$);
SELECT * FROM attempt($$SELECT cerebro.append_rows('packed', 'points')$$);
SELECT * FROM attempt($$SELECT * FROM cerebro.fold_leaderboard('whole')$$);
UPDATE configs SET mst_key = 2000000000 WHERE mst_key = 2;
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('packed', 'out', 'configs', 1, folds => 3)$$);
UPDATE packed_summary SET folds = 4;
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('packed', 'out', 'configs', 1, folds => 4)$$);
UPDATE packed_summary SET folds = 3;
\x off
-- a rare class is said
SET client_min_messages = notice;
CREATE TABLE rare AS SELECT label, x FROM points WHERE id % 4 = 0 OR label = 0 UNION ALL SELECT 9, ARRAY[250, 250]::smallint[];
SELECT cerebro.training_preprocessor_dl('rare', 'rare_packed', 'label', 'x', dependent_type => 'index', folds => 3);
SET client_min_messages = warning;
DROP SCHEMA folds CASCADE;
