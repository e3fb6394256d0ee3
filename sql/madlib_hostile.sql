-- What strangers may leave behind for those who call MADlib's functions, and arguments that would end the server.
\set data `echo "$CEREBRO_TEST_DATA"`
SET client_min_messages = warning;
\set SHOW_CONTEXT never
\pset null '(null)'
\set VERBOSITY default
-- a schema in which others create, one whose name formats, functions of others that wait there
CREATE ROLE madlib_stranger;
CREATE SCHEMA madlib_open;
GRANT CREATE, USAGE ON SCHEMA madlib_open TO madlib_stranger;
CREATE EXTENSION pg_cerebro_madlib SCHEMA madlib_open;
SET ROLE madlib_stranger;
CREATE FUNCTION madlib_open.waits() RETURNS integer LANGUAGE sql AS 'SELECT 1';
RESET ROLE;
REVOKE CREATE ON SCHEMA madlib_open FROM madlib_stranger;
CREATE EXTENSION pg_cerebro_madlib SCHEMA madlib_open;
DROP FUNCTION madlib_open.waits();
CREATE EXTENSION pg_cerebro_madlib SCHEMA madlib_open;
DROP EXTENSION pg_cerebro_madlib;
DROP SCHEMA madlib_open CASCADE;
CREATE SCHEMA "50%s";
CREATE EXTENSION pg_cerebro_madlib SCHEMA "50%s";
DROP SCHEMA "50%s";
CREATE EXTENSION pg_cerebro_madlib;

-- shapes that are none
SELECT madlib._cells('{1}'::real[], 1::real, array_fill(NULL::int, ARRAY[1000000]), 'x');
SELECT madlib._cells('{1}'::real[], 1::real, ARRAY[1, NULL]::int[], 'x');
SELECT madlib._cells('{1}'::real[], 1::real, '{{1}}'::int[], 'x');
SELECT madlib._cells('{1}'::real[], 1::real, array_fill(1, ARRAY[7]), 'x');
SELECT madlib._cells('{1,2}'::real[], 2::real, '{2}'::int[], 'x');

-- a view of a stranger in the place of an object table
CREATE SCHEMA madlib_hostile;
GRANT CREATE, USAGE ON SCHEMA madlib_hostile TO madlib_stranger;
SET search_path = madlib_hostile, public;
\i :data/load_iris.sql
SELECT setseed(0.5);
SELECT madlib.training_preprocessor_dl('iris_train', 'packed', 'class_text', 'attributes', 60);
SELECT madlib.load_keras_model('arch', $${"class_name": "Sequential", "config": [
 {"class_name": "Dense", "config": {"name": "d", "units": 3, "activation": "softmax", "batch_input_shape": [null, 4]}}]}$$::json);
SELECT madlib.load_keras_model('arch', $${"class_name": "Sequential", "config": [
 {"class_name": "Dense", "config": {"name": "d", "units": 3, "activation": "linear", "batch_input_shape": [null, 4]}}]}$$::json);
SELECT madlib.load_custom_function('hostile_objects', convert_to(
    'def near(y_true, y_pred): return ((y_true - y_pred) ** 2).mean(-1)', 'UTF8'), 'near');
SELECT madlib.load_model_selection_table('arch', 'mst', ARRAY[1], ARRAY[
    $$loss='near', optimizer='Adam(lr=0.01)', metrics=['accuracy']$$], ARRAY['batch_size=10'], 'hostile_objects');
SELECT madlib.madlib_keras_fit('packed', 'model', 'arch', 1, $$loss='near', optimizer='Adam(lr=0.01)'$$, 'batch_size=10', 1,
    object_table => 'hostile_objects');
SET ROLE madlib_stranger;
CREATE FUNCTION madlib_hostile.trap() RETURNS bytea LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'code of a stranger ran as %', current_user; END $$;
CREATE VIEW madlib_hostile.hostile_objects AS SELECT 'near'::text AS name, madlib_hostile.trap() AS object;
RESET ROLE;
SELECT madlib.madlib_keras_evaluate('model', 'packed', 'scores');
SELECT loss BETWEEN 0 AND 1 AS scored FROM scores;
SELECT madlib.madlib_keras_fit_multiple_model('packed', 'models', 'mst', 1, FALSE);
SELECT count(*) FROM models;
-- a summary that names it with its schema
UPDATE model_summary SET object_table = 'madlib_hostile.hostile_objects';
DROP TABLE scores;
SELECT madlib.madlib_keras_evaluate('model', 'packed', 'scores');
UPDATE mst_summary SET object_table = 'madlib_hostile.hostile_objects';
SELECT madlib.madlib_keras_fit_multiple_model('packed', 'more', 'mst', 1, FALSE);
-- a table of a stranger in the place of one that is to be filled
ALTER TABLE madlib.hostile_objects OWNER TO madlib_stranger;
SELECT madlib.load_custom_function('hostile_objects', 'def far(y_true, y_pred): return y_pred', 'far');
SELECT madlib.delete_custom_function('hostile_objects', 'near');
SELECT current_user AS me \gset
ALTER TABLE madlib.hostile_objects OWNER TO :"me";
-- names are found in any case, so there is one of each
SELECT madlib.load_custom_function('hostile_objects', 'def near(y_true, y_pred): return y_pred', 'Near');
SELECT madlib.load_custom_function('hostile_objects', 'def f(y_true, y_pred): return y_pred', 'Top_3_accuracy');

-- a loss that becomes NaN ends the training, and is said
SELECT madlib.madlib_keras_fit('packed', 'diverged', 'arch', 2, $$loss='mse', optimizer='SGD(lr=1e30)', metrics=['accuracy']$$, '', 10,
    FALSE, 'packed', 2);
SELECT training_loss_final, training_loss[array_length(training_loss, 1)] AS last, validation_loss_final, validation_metrics_final,
    array_length(metrics_iters, 1) = array_length(training_loss, 1) AND array_length(metrics_iters, 1)
        = array_length(validation_loss, 1) AS as_many,
    metrics_iters[array_length(metrics_iters, 1)] < 10 AS ended FROM diverged_summary;

-- a warm start makes its own tables anew, no others
SELECT madlib.madlib_keras_fit('packed', 'models', 'arch', 1, $$loss='mse', optimizer='SGD'$$, '', 1, warm_start => TRUE);
SELECT cerebro.training_preprocessor_dl('iris_train', 'own', 'class_text', 'attributes', 10);
SELECT cerebro.load_model('own_arch', (SELECT model_arch FROM arch WHERE model_id = 1));
SELECT cerebro.load_model_selection_table('own_arch', 'own_mst', ARRAY[1], ARRAY[$$loss='mse', optimizer='sgd'$$], ARRAY['batch_size=8']);
SELECT cerebro.fit_multiple_model('own', 'own_models', 'own_mst', 1);
UPDATE mst_summary SET object_table = 'hostile_objects';
SELECT madlib.madlib_keras_fit_multiple_model('packed', 'own_models', 'mst', 1, FALSE, NULL, NULL, TRUE);
SELECT (SELECT count(*) FROM models) AS models, (SELECT count(*) FROM own_models) AS own, (SELECT count(*) > 0 FROM own_models_state) AS state;

-- ranges whose logarithm there is none of
SELECT madlib.generate_model_configs('arch', 'ranges', ARRAY[1], $${'loss': ['mse'], 'optimizer_params_list': [
    {'optimizer': ['Adam'], 'lr': [0, 0.1, 'log']}]}$$, $${'batch_size': [8]}$$, 'random', 1, 1);
SELECT madlib.generate_model_configs('arch', 'ranges', ARRAY[1], $${'loss': ['mse'], 'optimizer_params_list': [
    {'optimizer': ['SGD'], 'momentum': [0.5, 1, 'log_near_one']}]}$$, $${'batch_size': [8]}$$, 'random', 1, 1);
-- Hyperopt's tpe has functions of an object table, and the default optimizer
SELECT madlib.madlib_keras_automl('packed', 'found', 'arch', 'found_mst', ARRAY[1], $${'loss': ['near'], 'metrics': ['accuracy'],
    'optimizer_params_list': [{'optimizer': ['Adam'], 'lr': [0.01, 0.1, 'log']}]}$$, $${'batch_size': [8]}$$, 'hyperopt',
    'num_configs=2, num_iterations=1', 1, 'hostile_objects');
SELECT count(*), bool_and(compile_params ~ 'near' AND compile_params !~ 'torchscript') AS named, min(loss_type) FROM found_info;
SELECT mst_key AS best FROM found_mst \gset
SELECT madlib.madlib_keras_evaluate('found', 'packed', 'found_scores', FALSE, :best);
SELECT madlib.madlib_keras_automl('packed', 'bare', 'arch', 'bare_mst', ARRAY[1], $${'loss': ['mse'], 'metrics': ['accuracy']}$$,
    $${'batch_size': [8, 16]}$$, 'hyperopt', 'num_configs=2, num_iterations=1', 1);
SELECT count(*), bool_and(compile_params ~* 'rmsprop') AS rmsprop FROM bare_info;
-- every row is in a part
CREATE TABLE five AS SELECT i AS id, i % 2 AS half FROM generate_series(1, 5) i;
SELECT madlib.train_test_split('five', 'five_split', 0.5, separate_output_tables => TRUE);
SELECT (SELECT count(*) FROM five_split_train) AS train, (SELECT count(*) FROM five_split_test) AS test;
-- 1.0 and 1.00 are one label
CREATE TABLE tenths AS SELECT i AS id, (i % 2)::numeric(4, 1) AS y, ARRAY[i]::real[] AS x FROM generate_series(1, 8) i;
CREATE TABLE hundredths AS SELECT id, y::numeric(6, 2) AS y, x FROM tenths;
SELECT madlib.training_preprocessor_dl('tenths', 'tenths_packed', 'y', 'x', 8);
SELECT madlib.validation_preprocessor_dl('hundredths', 'hundredths_packed', 'y', 'x', 'tenths_packed', 8);
SELECT sum(y_shape[1]) AS rows, max(y_shape[2]) AS classes FROM hundredths_packed;
SELECT madlib.agg_array_concat(a ORDER BY a) FROM (VALUES ('{1,2}'::real[]), ('{3}')) v(a);
SELECT cerebro.load_custom_function('a');
DROP SCHEMA madlib_hostile CASCADE;
DROP TABLE madlib.hostile_objects;
DROP ROLE madlib_stranger;
DROP EXTENSION pg_cerebro_madlib;
