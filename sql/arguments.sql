-- Arguments as users give them: whole numbers of any integer type, names that another schema has too, numbers that float32 does not hold, indexes that
-- are no whole numbers. What is refused is said by the name of what was given.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET extra_float_digits = 0;
CREATE SCHEMA arguments;
CREATE SCHEMA arguments_later;
SET search_path = arguments, public;

\set data `echo "$CEREBRO_TEST_DATA"`
\i :data/attempt.sql
CREATE TABLE points AS
SELECT i AS id, ARRAY[i % 7, i % 5]::real[] AS x, (ARRAY['no', 'yes'])[1 + i % 2] AS y, (ARRAY['Bonn', 'Rome', 'Oslo'])[1 + i % 3] AS city, i % 3 AS code,
       (i % 3)::real / 2 AS half
FROM generate_series(1, 60) i;
SELECT cerebro.load_model('archs', $${"class_name": "Sequential", "config": {"name": "m", "layers": [
    {"class_name": "Dense", "config": {"name": "out", "units": 2, "activation": "softmax", "batch_input_shape": [null, 2]}}]}}$$);

-- whole numbers as bigint, and text that is one
SELECT cerebro.training_preprocessor_dl('points', 'packed', 'y', 'x', buffer_size => 30::bigint, num_partitions => 2::bigint);
SELECT cerebro.generate_model_configs('archs', 'configs', ARRAY[1], $${'loss': ['categorical_crossentropy'], 'optimizer_params_list': [{'optimizer': ['SGD'], 'lr': [0.1, 0.2]}]}$$,
    $${'batch_size': [8, 16]}$$, 'random', num_configs => 2::bigint, random_state => 3::bigint);
SELECT cerebro.fit_multiple_model('packed', 'models', 'configs', 2::bigint, metrics_compute_frequency => 1::bigint, workers => 0::bigint);
SELECT min(mst_key)::bigint AS one FROM configs \gset
SELECT cerebro.evaluate('models', 'packed', 'scores', mst_key => :one::bigint);
SELECT cerebro.predict('models', 'points', 'id', 'x', 'told', pred_type => '1', mst_key => :one::bigint);
SELECT cerebro.predict('models', 'points', 'id', 'x', 'told_text', pred_type => 1, mst_key => '1');
SELECT (SELECT count(*) FROM scores) AS scores, (SELECT count(*) FROM told) AS told, (SELECT count(*) FROM told_text) AS told_text,
       (SELECT count(*) FROM cerebro.weights('models', :one::bigint)) AS weights, (SELECT sum(count) FROM cerebro.confusion_matrix('models', 'packed', :one::bigint)) AS counted;
\x on
SELECT * FROM attempt($$SELECT cerebro.evaluate('models', 'packed', 'never', mst_key => 3000000000)$$);
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('packed', 'never', 'configs', 9999999999)$$);
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('packed', 'never', 'configs', 1, workers => -3000000000)$$);
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('points', 'never', 'y', 'x', num_partitions => 4294967297)$$);
SELECT * FROM attempt($$SELECT cerebro.delete_model('archs', 4294967297)$$);
\x off

-- a table of the same name in a later schema is not in the way, and stays; one that would be found first is
CREATE TABLE arguments_later.packed_2 (a integer);
CREATE TABLE arguments_later.models_2 (a integer);
CREATE TABLE arguments_later.models_2_info (a integer);
CREATE TABLE arguments_later.scores_2 (a integer);
CREATE TABLE arguments_later.told_2 (a integer);
CREATE TABLE arguments_later.configs_2 (a integer);
SET search_path = arguments, arguments_later;
SELECT cerebro.training_preprocessor_dl('points', 'packed_2', 'y', 'x', num_partitions => 2);
SELECT cerebro.load_model_selection_table('archs', 'configs_2', ARRAY[1], ARRAY[$$loss='categorical_crossentropy',optimizer='SGD(lr=0.1)'$$], ARRAY['batch_size=8']);
SELECT cerebro.fit_multiple_model('packed_2', 'models_2', 'configs_2', 1);
SELECT cerebro.fit_multiple_model('packed_2', 'models_2', 'configs_2', 1, warm_start => true);
SELECT cerebro.evaluate('models_2', 'packed_2', 'scores_2');
SELECT cerebro.predict('models_2', 'points', 'id', 'x', 'told_2');
SELECT n.nspname, count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE relname ~ '_2(_|$)' AND relkind = 'r' AND nspname LIKE 'arguments%' GROUP BY 1 ORDER BY 1;
SELECT name, iterations FROM cerebro.runs WHERE name LIKE '%models_2';
CREATE TEMPORARY TABLE packed_3 (a integer);
\x on
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('points', 'packed_3', 'y', 'x', num_partitions => 2)$$);
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('points', 'arguments.packed_2', 'y', 'x', num_partitions => 2)$$);
\x off
SET search_path = arguments, public;

-- tables that do not fit each other are called what the user called them; lists by their first difference
CREATE TABLE others AS SELECT id, x, CASE y WHEN 'yes' THEN 'oui' ELSE y END AS y, CASE city WHEN 'Oslo' THEN 'Riga' ELSE city END AS city, code FROM points;
SELECT cerebro.training_preprocessor_dl('others', 'others_packed', 'y', 'x', num_partitions => 2);
SELECT cerebro.training_preprocessor_dl('points', 'cities', 'y', 'city', num_partitions => 2);
SELECT cerebro.training_preprocessor_dl('others', 'other_cities', 'code', 'city', num_partitions => 2);
SELECT cerebro.training_preprocessor_dl('others', 'same_labels', 'code', 'city', num_partitions => 2, dependent_type => 'real');
SELECT cerebro.load_model('archs', $${"class_name": "Sequential", "config": {"name": "m", "layers": [
    {"class_name": "Embedding", "config": {"name": "cities", "input_dim": 5, "output_dim": 2, "batch_input_shape": [null, 1]}}, {"class_name": "Flatten", "config": {"name": "f"}},
    {"class_name": "Dense", "config": {"name": "out", "units": 2, "activation": "softmax"}}]}}$$);
SELECT cerebro.load_model_selection_table('archs', 'settled', ARRAY[2], ARRAY[$$loss='categorical_crossentropy',optimizer='SGD(lr=0.1)'$$], ARRAY['batch_size=8']);
SELECT cerebro.fit_multiple_model('cities', 'city_models', 'settled', 1);
\x on
SELECT * FROM attempt($$SELECT cerebro.evaluate('models', 'others_packed', 'never')$$);
SELECT * FROM attempt($$SELECT * FROM cerebro.confusion_matrix('city_models', 'other_cities')$$);
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('cities', 'never', 'settled', 1, validation_table => 'other_cities')$$);
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('cities', 'never', 'settled', 1, validation_table => 'same_labels')$$);
SELECT * FROM attempt($$SELECT cerebro.evaluate('models', 'cities', 'never')$$);

-- numbers that float32 does not hold
CREATE FUNCTION configures(compile text, fit text DEFAULT 'batch_size=8') RETURNS TABLE(sqlstate text, message text, detail text, hint text) LANGUAGE sql AS $$
    SELECT * FROM attempt(format('SELECT cerebro.load_model_selection_table(''archs'', ''never'', ARRAY[1], ARRAY[%L]::varchar[], ARRAY[%L]::varchar[])', $1, $2)) $$;
SELECT message, hint FROM configures($$loss='mse',optimizer='SGD(lr=1e39)'$$);
SELECT message FROM configures($$loss='mse',optimizer='Adam(lr=0.1, epsilon=1e-60)'$$);
SELECT message FROM configures($$loss='huber(delta=1e-46)',optimizer='SGD(lr=0.1)'$$);
SELECT message FROM configures($$loss='mse',optimizer='SGD(lr=0.1)'$$, 'class_weight={0: 1, 1: 1e40}');
SELECT message, hint FROM attempt($$SELECT cerebro.load_model('archs', '{"class_name": "Sequential", "config": [{"class_name": "Dense", "config": {"name": "out", "units": 2,
    "batch_input_shape": [null, 2], "kernel_regularizer": {"class_name": "L2", "config": {"l2": 1e-50}}}}]}')$$);

-- an Embedding takes whole numbers: in training, in validation and in prediction
SELECT cerebro.training_preprocessor_dl('points', 'halves', 'y', 'half', num_partitions => 2);
SELECT cerebro.training_preprocessor_dl('points', 'codes', 'y', 'code', num_partitions => 2, normalizing_const => 4);
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('halves', 'never', 'settled', 1)$$);
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('codes', 'code_models', 'settled', 1)$$);
CREATE VIEW halved AS SELECT id, half AS code FROM points WHERE id = 1;
SELECT * FROM attempt($$SELECT cerebro.predict('code_models', 'halved', 'id', 'code', 'never')$$);
\x off
SET client_min_messages = error;
DROP SCHEMA arguments, arguments_later CASCADE;
