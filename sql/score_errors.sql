-- Wrong input to evaluate, predict and the reports: a clear error with code and hint, no table left behind.
SET client_min_messages = warning;
CREATE SCHEMA score_errors;
SET search_path = score_errors, public;

\set data `echo "$CEREBRO_TEST_DATA"`
\i :data/attempt.sql

CREATE TABLE points AS
SELECT i AS id, i % 3 AS label, (i % 7)::float8 AS y, ARRAY[(i * 7) % 11, (i * 5) % 13, i % 3]::real[] AS x, ARRAY[i % 7, i % 5] AS z, 'word'::text AS word FROM generate_series(1, 60) i;
SELECT cerebro.training_preprocessor_dl('points', 'packed', 'label', 'x', num_partitions => 2);
SELECT cerebro.training_preprocessor_dl('points', 'packed_z', 'label', 'z', num_partitions => 2);
SELECT cerebro.training_preprocessor_dl('points', 'packed_y', 'y', 'x', num_partitions => 2, dependent_type => 'real');
SELECT cerebro.load_model('archs', $$ {"class_name": "Sequential", "keras_version": "2.4.0", "config": [
 {"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax", "batch_input_shape": [null, 3]}}]} $$);
SELECT cerebro.load_model('archs', $$ {"class_name": "Sequential", "keras_version": "2.4.0", "config": [
 {"class_name": "Dense", "config": {"name": "out", "units": 1, "batch_input_shape": [null, 3]}}]} $$);
SELECT cerebro.load_model_selection_table('archs', 'configs', ARRAY[1], ARRAY[$$optimizer='SGD(lr=0.01)',loss='categorical_crossentropy'$$,
    $$optimizer='SGD(lr=3e38,momentum=0.9)',loss='categorical_crossentropy'$$], ARRAY['batch_size=16']);
SELECT cerebro.load_model_selection_table('archs', 'slopes', ARRAY[2], ARRAY[$$optimizer='SGD(lr=0.0001)',loss='mse'$$], ARRAY['batch_size=16']);
SET client_min_messages = error;
SELECT cerebro.fit_multiple_model('packed', 'models', 'configs', 2, workers => 0);
SELECT cerebro.fit_multiple_model('packed_y', 'lines', 'slopes', 1, workers => 0);
SET client_min_messages = warning;
SELECT mst_key, status FROM models_info ORDER BY 1;
CREATE TABLE lone (mst_key integer, model_weights bytea, model_arch json);
CREATE VIEW first_point AS SELECT * FROM points WHERE id = 1;
CREATE TABLE ragged AS SELECT id, CASE WHEN id = 42 THEN x || 1::real ELSE x END AS x FROM points;
CREATE TABLE holes AS SELECT id, CASE WHEN id = 42 THEN NULL ELSE x END AS x FROM points;
CREATE TABLE nan AS SELECT id, CASE WHEN id = 42 THEN '{1,NaN,3}'::real[] ELSE x END AS x FROM points;
CREATE TABLE no_ids AS SELECT nullif(id, 42) AS id, x FROM points;
CREATE TABLE classes AS SELECT id AS class_value, x FROM points;

\x on
-- evaluate
SELECT * FROM attempt($$SELECT cerebro.evaluate(NULL, 'packed', 'out')$$);
SELECT * FROM attempt($$SELECT cerebro.evaluate('models', NULL, 'out')$$);
SELECT * FROM attempt($$SELECT cerebro.evaluate('models', 'packed', NULL)$$);
SELECT * FROM attempt($$SELECT cerebro.evaluate('missing', 'packed', 'out')$$);
SELECT * FROM attempt($$SELECT cerebro.evaluate('lone', 'packed', 'out')$$);
SELECT * FROM attempt($$SELECT cerebro.evaluate('points', 'packed', 'out')$$);
SELECT * FROM attempt($$SELECT cerebro.evaluate('models', 'points', 'out')$$);
SELECT * FROM attempt($$SELECT cerebro.evaluate('models', 'packed_z', 'out')$$);
SELECT * FROM attempt($$SELECT cerebro.evaluate('models', 'packed', 'points')$$);
SELECT * FROM attempt($$SELECT cerebro.evaluate('models', 'packed', 'nowhere.out')$$);
SELECT * FROM attempt($$SELECT cerebro.evaluate('models', 'packed', 'out', mst_key => 9)$$);
SELECT * FROM attempt($$SELECT cerebro.evaluate('models', 'packed', 'out; DROP TABLE points')$$);
SELECT * FROM attempt($$SELECT cerebro.evaluate('models', 'packed', 'out', use_gpus => true)$$);
-- predict
SELECT * FROM attempt($$SELECT cerebro.predict(NULL, 'points', 'id', 'x', 'out', mst_key => 1)$$);
SELECT * FROM attempt($$SELECT cerebro.predict('models', 'points', NULL, 'x', 'out', mst_key => 1)$$);
SELECT * FROM attempt($$SELECT cerebro.predict('models', 'points', 'id', NULL, 'out', mst_key => 1)$$);
SELECT * FROM attempt($$SELECT cerebro.predict('models', 'points', 'id', 'x', NULL, mst_key => 1)$$);
SELECT * FROM attempt($$SELECT cerebro.predict('models', 'points', 'id', 'x', 'out')$$);
SELECT * FROM attempt($$SELECT cerebro.predict('models', 'points', 'id', 'x', 'out', mst_key => 7)$$);
SELECT * FROM attempt($$SELECT cerebro.predict('models', 'points', 'id', 'x', 'out', mst_key => 2)$$);
SELECT * FROM attempt($$SELECT cerebro.predict('missing', 'points', 'id', 'x', 'out', mst_key => 1)$$);
SELECT * FROM attempt($$SELECT cerebro.predict('models', 'missing', 'id', 'x', 'out', mst_key => 1)$$);
SELECT * FROM attempt($$SELECT cerebro.predict('models', 'points', 'no_id', 'x', 'out', mst_key => 1)$$);
SELECT * FROM attempt($$SELECT cerebro.predict('models', 'points', 'id, label', 'x', 'out', mst_key => 1)$$);
SELECT * FROM attempt($$SELECT cerebro.predict('models', 'points', 'id; DROP TABLE points', 'x', 'out', mst_key => 1)$$);
SELECT * FROM attempt($$SELECT cerebro.predict('models', 'points', 'id', 'no_x', 'out', mst_key => 1)$$);
SELECT * FROM attempt($$SELECT cerebro.predict('models', 'points', 'id', 'x, z', 'out', mst_key => 1)$$);
SELECT * FROM attempt($$SELECT cerebro.predict('models', 'points', 'id', 'word', 'out', mst_key => 1)$$);
SELECT * FROM attempt($$SELECT cerebro.predict('models', 'first_point', 'id', 'z', 'out', mst_key => 1)$$);
SELECT * FROM attempt($$SELECT cerebro.predict('models', 'points', 'id', 'x', 'points', mst_key => 1)$$);
SELECT * FROM attempt($$SELECT cerebro.predict('models', 'points', 'id', 'x', 'out', 'probability', mst_key => 1)$$);
SELECT * FROM attempt($$SELECT cerebro.predict('models', 'points', 'id', 'x', 'out', 0, mst_key => 1)$$);
SELECT * FROM attempt($$SELECT cerebro.predict('models', 'points', 'id', 'x', 'out', 1.5, mst_key => 1)$$);
SELECT * FROM attempt($$SELECT cerebro.predict('models', 'points', 'id', 'x', 'out', 'NaN'::float8, mst_key => 1)$$);
SELECT * FROM attempt($$SELECT cerebro.predict('models', 'ragged', 'id', 'x', 'out', mst_key => 1)$$);
SELECT * FROM attempt($$SELECT cerebro.predict('models', 'holes', 'id', 'x', 'out', mst_key => 1)$$);
SELECT * FROM attempt($$SELECT cerebro.predict('models', 'nan', 'id', 'x', 'out', mst_key => 1)$$);
SELECT * FROM attempt($$SELECT cerebro.predict('models', 'no_ids', 'id', 'x', 'out', mst_key => 1)$$);
SELECT * FROM attempt($$SELECT cerebro.predict('models', 'classes', 'class_value', 'x', 'out', mst_key => 1)$$);
SELECT * FROM attempt($$SELECT cerebro.predict('lines', 'points', 'id', 'x', 'out', 2)$$);
SELECT * FROM attempt($$SELECT cerebro.predict('models', 'points', 'id', 'x', 'out', use_gpus => true, mst_key => 1)$$);
-- reports
SELECT * FROM attempt($$SELECT * FROM cerebro.leaderboard(NULL)$$);
SELECT * FROM attempt($$SELECT * FROM cerebro.leaderboard('missing')$$);
SELECT * FROM attempt($$SELECT * FROM cerebro.leaderboard('a b')$$);
SELECT * FROM attempt($$SELECT * FROM cerebro.learning_curve('points')$$);
SELECT * FROM attempt($$SELECT * FROM cerebro.confusion_matrix('models', 'packed')$$);
SELECT * FROM attempt($$SELECT * FROM cerebro.confusion_matrix('lines', 'packed_y')$$);
SELECT * FROM attempt($$SELECT * FROM cerebro.confusion_matrix('models', 'packed_z', 1)$$);
\x off

-- weights and descriptions that somebody changed
CREATE TABLE cut AS SELECT mst_key, substr(model_weights, 1, 20) AS model_weights, model_arch FROM models;
CREATE TABLE cut_info AS SELECT * FROM models_info;
CREATE TABLE cut_summary AS SELECT * FROM models_summary;
CREATE TABLE cut_packed AS SELECT partition_id, buffer_id, substr(x, 1, 5) AS x, label FROM packed;
CREATE TABLE cut_packed_summary AS SELECT * FROM packed_summary;
CREATE TABLE lied AS SELECT * FROM models;
CREATE TABLE lied_info AS SELECT * FROM models_info;
CREATE TABLE lied_summary AS SELECT * FROM models_summary;
UPDATE lied_summary SET data_spec = regexp_replace(data_spec, 'uint8', 'float64');
\x on
SELECT * FROM attempt($$SELECT cerebro.evaluate('cut', 'packed', 'out')$$);
SELECT * FROM attempt($$SELECT cerebro.evaluate('models', 'cut_packed', 'out')$$);
SELECT * FROM attempt($$SELECT cerebro.evaluate('lied', 'packed', 'out')$$);
SELECT * FROM attempt($$SELECT * FROM cerebro.confusion_matrix('lied', 'packed', 1)$$);
UPDATE lied_summary SET data_spec = '{"inputs": 7';
SELECT * FROM attempt($$SELECT cerebro.evaluate('lied', 'packed', 'out')$$);
\x off

-- nothing was left behind and the session works
SELECT relname FROM pg_class WHERE pg_table_is_visible(oid) AND relname LIKE 'out%';
SELECT cerebro.predict('models', 'points', 'id', 'x', 'out', 'response', mst_key => 1);
SELECT count(*) FROM out;
SET client_min_messages = error;
DROP SCHEMA score_errors CASCADE;
