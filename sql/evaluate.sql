-- evaluate, leaderboard, learning_curve and confusion_matrix against the same values computed in SQL. The models have known weights: they are
-- loaded with them, and trained with a step so small that float32 weights do not move.
\pset null '(null)'
SET client_min_messages = error;
CREATE SCHEMA evaluate;
SET search_path = evaluate, public;

CREATE FUNCTION float32(v double precision[]) RETURNS bytea LANGUAGE sql AS $$
    SELECT string_agg(substr(b, 4, 1) || substr(b, 3, 1) || substr(b, 2, 1) || substr(b, 1, 1), ''::bytea ORDER BY n)
    FROM (SELECT float4send(x::real) AS b, n FROM unnest(v) WITH ORDINALITY u(x, n)) s $$;

CREATE TABLE points AS
SELECT i AS id, (ARRAY['a', 'b', 'c'])[1 + i % 3] AS label, ARRAY[(i % 17) / 8.0 - 1, (i * 7 % 13) / 6.0 - 1]::real[] AS x FROM generate_series(1, 1700) i;
CREATE TABLE train AS SELECT * FROM points WHERE id % 4 <> 0;
CREATE TABLE val AS SELECT * FROM points WHERE id % 4 = 0;
SELECT cerebro.training_preprocessor_dl('train', 'train_packed', 'label', 'x', num_partitions => 4, seed => 1);
SELECT cerebro.validation_preprocessor_dl('val', 'val_packed', 'label', 'x', 'train_packed');

CREATE TABLE weights (model_id integer, w double precision[]);
INSERT INTO weights VALUES (1, '{1.53125,-0.46875,0.21875,-1.03125,0.78125,0.53125,0.15625,-0.28125,0.09375}'), (2, '{-0.53125,0.46875,1.28125,1.03125,0.21875,-0.71875,0.09375,0.53125,0.28125}');
SELECT float32(w) AS w FROM weights WHERE model_id = 1 \gset first_
SELECT float32(w) AS w FROM weights WHERE model_id = 2 \gset second_
SELECT cerebro.load_model('archs', '{"class_name": "Sequential", "keras_version": "2.4.0", "config": {"name": "m", "layers": [
    {"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax", "batch_input_shape": [null, 2]}}]}}',
    w, 'softmax ' || n) FROM (VALUES (1, :'first_w'::bytea), (2, :'second_w'::bytea)) v(n, w) ORDER BY n;
SELECT cerebro.load_model_selection_table('archs', 'configs', ARRAY[1, 2],
    ARRAY[$$optimizer='SGD(lr=1e-30)',loss='categorical_crossentropy',metrics=['accuracy','mae']$$], ARRAY['batch_size=32,epochs=1']);
INSERT INTO configs (model_id, compile_params, fit_params) VALUES
    (1, $$optimizer='SGD(lr=3e38,momentum=0.9)',loss='categorical_crossentropy',metrics=['accuracy','mae']$$, 'batch_size=32,epochs=1');
SELECT cerebro.fit_multiple_model('train_packed', 'models', 'configs', 3, validation_table => 'val_packed', metrics_compute_frequency => 1, workers => 0);
SELECT mst_key, model_weights = float32(w) AS unmoved FROM models JOIN models_info USING (mst_key) JOIN weights USING (model_id) WHERE status = 'trained' ORDER BY 1;

-- what the models say, by SQL
CREATE VIEW truth AS
SELECT model_id, id, label, class, z.e / sum(z.e) OVER (PARTITION BY model_id, id) AS p
FROM points CROSS JOIN weights CROSS JOIN (VALUES ('a', 1), ('b', 2), ('c', 3)) c(class, k)
CROSS JOIN LATERAL (SELECT exp(x[1]::float8 * w[k] + x[2]::float8 * w[3 + k] + w[6 + k]) AS e) z;
-- of equally probable classes the first counts: some rows have two
CREATE TABLE top AS SELECT DISTINCT ON (model_id, id) model_id, id, label, class FROM truth ORDER BY model_id, id, p DESC, class;
CREATE VIEW expected AS
SELECT t.model_id, t.id % 4 = 0 AS validation, avg(-ln(p)) FILTER (WHERE t.class = t.label) AS loss,
       avg((top.class = t.label)::int) AS accuracy, avg(abs(p - (t.class = t.label)::int)) AS mae
FROM truth t JOIN top USING (model_id, id) GROUP BY 1, 2;

-- all models in one scan; a model that diverged has NaN
SELECT cerebro.evaluate('models', 'val_packed', 'scores');
SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'scores'::regclass AND attnum > 0 ORDER BY attnum;
SELECT mst_key, loss = 'NaN' AS no_loss, metrics_type, loss_type, metric_names, array_length(metric_values, 1) AS values,
       metric IS NOT DISTINCT FROM metric_values[2] AND loss = metric_values[1] AS firsts FROM scores ORDER BY mst_key;
SELECT model_id, abs(s.loss - e.loss) < 1e-5 AS loss, abs(s.metric - e.accuracy) < 1e-6 AS accuracy, abs(s.metric_values[3] - e.mae) < 1e-5 AS mae
FROM scores s JOIN models_info USING (mst_key) JOIN expected e USING (model_id) WHERE validation AND status = 'trained' ORDER BY 1;
-- to the bit what training computed, over both tables
SELECT cerebro.evaluate(model_table => 'models', test_table => 'train_packed', output_table => 'train_scores', use_gpus => NULL, mst_key => 2);
SELECT s.mst_key, s.loss = i.training_loss_final AS loss, s.metric = i.training_metrics_final AS metric FROM train_scores s JOIN models_info i USING (mst_key);
SELECT bool_and(s.loss = i.validation_loss_final AND s.metric = i.validation_metrics_final) AS same FROM scores s JOIN models_info i USING (mst_key) WHERE status = 'trained';

-- the same in parallel workers, and from a temporary table, which they cannot read
SET cerebro.workers = 2;
SET client_min_messages = notice;
SELECT cerebro.evaluate('models', 'val_packed', 'parallel_scores');
-- the notice shows that the call before had its workers
SET max_parallel_workers = 0;
SELECT cerebro.evaluate('models', 'val_packed', 'serial_scores');
RESET max_parallel_workers;
SET client_min_messages = error;
CREATE TEMPORARY TABLE temporary (LIKE val_packed);
INSERT INTO temporary SELECT * FROM val_packed;
CREATE TEMPORARY TABLE temporary_summary AS SELECT * FROM val_packed_summary;
SELECT cerebro.evaluate('models', 'temporary', 'temporary_scores');
RESET cerebro.workers;
SELECT count(*) AS parallel FROM scores JOIN parallel_scores USING (mst_key, loss, metric, metric_values);
SELECT count(*) AS serial FROM scores JOIN serial_scores USING (mst_key, loss, metric, metric_values);
SELECT count(*) AS temporary FROM scores JOIN temporary_scores USING (mst_key, loss, metric, metric_values);

-- the leaderboard: by validation accuracy, the diverged model last
SELECT rank, mst_key, model_id, model_name, status, compile_params, fit_params, metric, parameters, seconds >= 0 AS seconds FROM cerebro.leaderboard('models') l;
SELECT (SELECT array_agg(model_id ORDER BY rank) FROM cerebro.leaderboard('models') WHERE status = 'trained')
     = (SELECT array_agg(model_id ORDER BY accuracy DESC, model_id) FROM expected WHERE validation) AS best_first;
SELECT bool_and(abs(l.validation_loss - v.loss) < 1e-5 AND abs(l.validation_metric - v.accuracy) < 1e-6 AND abs(l.training_loss - t.loss) < 1e-5
                AND abs(l.training_metric - t.accuracy) < 1e-6) AS right_numbers
FROM cerebro.leaderboard('models') l JOIN expected v ON v.model_id = l.model_id AND v.validation JOIN expected t ON t.model_id = l.model_id AND NOT t.validation
WHERE status = 'trained';
-- different metrics cannot be compared: by loss then; and a metric that is better when it is less
CREATE TABLE mixed_info AS SELECT * FROM models_info;
UPDATE mixed_info SET metric_names[2] = 'mean_absolute_error' WHERE mst_key = 1;
SELECT bool_and(mst_key = by_loss) AS by_loss FROM (SELECT mst_key, first_value(mst_key) OVER (ORDER BY validation_loss) AS by_loss
    FROM cerebro.leaderboard('mixed') WHERE status = 'trained' ORDER BY rank LIMIT 1) l;
CREATE TABLE errors_info AS SELECT * FROM models_info;
UPDATE errors_info SET metric_names[2] = 'mean_absolute_error', validation_metrics_final = 10 - mst_key WHERE status = 'trained';
SELECT array_agg(mst_key ORDER BY rank) AS less_first FROM cerebro.leaderboard('errors');
-- equal models in the order of their keys; the architecture table may be gone
CREATE TABLE equal_info AS SELECT * FROM models_info WHERE status = 'trained';
UPDATE equal_info SET validation_metrics_final = 0.5, validation_loss_final = 1;
SELECT rank, mst_key, model_name FROM cerebro.leaderboard('"equal"');

-- the learning curve: a row a model and due iteration
SELECT mst_key, iteration, training_loss = 'NaN' AS diverged, validation_loss IS NOT NULL AS validated FROM cerebro.learning_curve('models') ORDER BY 1, 2;
SELECT count(*) AS different FROM cerebro.learning_curve('models') c JOIN models_info i USING (mst_key)
WHERE (c.training_loss, c.training_metric, c.validation_loss, c.validation_metric)
   IS DISTINCT FROM (i.training_loss[iteration], i.training_metrics[iteration], i.validation_loss[iteration], i.validation_metrics[iteration]);

-- the confusion matrix
SELECT count(*) AS different FROM cerebro.confusion_matrix('models', 'val_packed', 1) m FULL JOIN
    (SELECT label AS actual, class AS predicted, count(*) FROM top WHERE model_id = 1 AND id % 4 = 0 GROUP BY 1, 2) t USING (actual, predicted)
WHERE m.count IS DISTINCT FROM t.count;
SELECT class_name, sum(count) AS rows, array_agg(DISTINCT actual ORDER BY actual) AS actual FROM cerebro.confusion_matrix(test_table => 'val_packed', mst_key => 2, model_table => 'models')
GROUP BY class_name;

-- quoted and schema-qualified names, and another role
CREATE SCHEMA "Odd; Schema";
SELECT cerebro.evaluate('evaluate.models', '"evaluate"."val_packed"', '"Odd; Schema"."Scores ""1"""', mst_key => 1);
SELECT count(*) FROM "Odd; Schema"."Scores ""1""";
CREATE ROLE cerebro_judge;
GRANT USAGE ON SCHEMA evaluate TO cerebro_judge;
GRANT SELECT ON models, models_info, models_summary, val_packed, val_packed_summary TO cerebro_judge;
SET ROLE cerebro_judge;
SELECT cerebro.evaluate('models', 'val_packed', 'pg_temp.scores', mst_key => 1);
SELECT count(*) FROM pg_temp.scores;
-- it may not read the architectures: no names
SELECT mst_key, model_name FROM cerebro.leaderboard('models');
\set VERBOSITY terse
SELECT cerebro.evaluate('models', 'train_packed', 'pg_temp.others');
SELECT cerebro.evaluate('models', 'val_packed', 'more_scores');
\set VERBOSITY default
RESET ROLE;
DROP OWNED BY cerebro_judge;
DROP ROLE cerebro_judge;
DROP SCHEMA "Odd; Schema" CASCADE;
DROP SCHEMA evaluate CASCADE;
