-- What cannot be done as it was asked is refused, or said: nothing is altered in silence.
\set SHOW_CONTEXT never
\pset null '(null)'
SET client_min_messages = warning;
CREATE SCHEMA requests;
SET search_path = requests, public;

\set data `echo "$CEREBRO_TEST_DATA"`
\i :data/attempt.sql
CREATE FUNCTION dense(units integer, activation text, inputs integer) RETURNS json LANGUAGE sql AS $$
    SELECT format('{"class_name": "Sequential", "config": {"name": "m", "layers": [
        {"class_name": "Dense", "config": {"name": "out", "units": %s, "activation": "%s", "batch_input_shape": [null, %s]}}]}}', $1, $2, $3)::json $$;
-- one model of an architecture, a loss and fit_params: what does a run say before it begins?
CREATE FUNCTION try_fit(packed text, arch integer, loss text, fit_params text DEFAULT 'batch_size=16') RETURNS TABLE(message text, detail text, hint text)
LANGUAGE plpgsql AS $$
BEGIN
    DROP TABLE IF EXISTS tried, tried_summary;
    PERFORM cerebro.load_model_selection_table('archs', 'tried', ARRAY[arch], ARRAY[('optimizer=''SGD(lr=0.1)'',loss=' || loss)::varchar], ARRAY[fit_params::varchar]);
    RETURN QUERY SELECT attempt.message, attempt.detail, attempt.hint FROM attempt(format('SELECT count(*) FROM cerebro.explain_fit_multiple_model(%L, ''out'', ''tried'', 1)', packed));
END $$;

CREATE TABLE points AS
SELECT i AS id, 1 + i % 2 AS grade, (ARRAY['cat', 'dog', 'owl'])[1 + i % 3] AS animal, i * 2.5 AS price, (ARRAY['Rome', 'Bonn'])[1 + i % 2] AS city,
       ARRAY[i % 7, i % 5, i % 3]::real[] AS x, (i % 11)::real AS a, (i % 13)::real AS b, ARRAY[i % 2, i % 3 / 2, 1] AS tags,
       ARRAY[i % 2 + 0.25, i % 3 + 0.5]::real[] AS ys
FROM generate_series(1, 240) i;
SELECT cerebro.training_preprocessor_dl('points', 'by_grade', 'grade', 'x', num_partitions => 2, dependent_type => 'index');
SELECT cerebro.training_preprocessor_dl('points', 'by_animal', 'animal', 'x', num_partitions => 2);
SELECT cerebro.training_preprocessor_dl('points', 'by_number', 'animal', 'x', num_partitions => 2, dependent_type => 'index');
SELECT cerebro.training_preprocessor_dl('points', 'by_price', 'price', 'x', num_partitions => 2, dependent_type => 'real');
SELECT cerebro.training_preprocessor_dl('points', 'by_tags', 'tags', 'x', num_partitions => 2);
SELECT cerebro.training_preprocessor_dl('points', 'by_both', 'animal, price', 'x', num_partitions => 2, dependent_type => 'one_hot, real');
SELECT cerebro.load_model('archs', dense(1, 'sigmoid', 3));  -- 1
SELECT cerebro.load_model('archs', dense(3, 'softmax', 3));  -- 2
SELECT cerebro.load_model('archs', dense(1, 'linear', 3));   -- 3
SELECT cerebro.load_model('archs', dense(3, 'linear', 3));   -- 4
SELECT cerebro.load_model('archs', dense(1, 'softmax', 3));  -- 5
SELECT cerebro.load_model('archs', dense(3, 'sigmoid', 3));  -- 6
SELECT cerebro.load_model('archs', $$
{"class_name": "Functional", "config": {"name": "two", "layers": [
 {"class_name": "InputLayer", "config": {"name": "in", "batch_input_shape": [null, 3]}, "inbound_nodes": []},
 {"class_name": "Dense", "config": {"name": "kind", "units": 3, "activation": "softmax"}, "inbound_nodes": [[["in", 0, 0, {}]]]},
 {"class_name": "Dense", "config": {"name": "cost", "units": 1, "activation": "linear"}, "inbound_nodes": [[["in", 0, 0, {}]]]}],
 "input_layers": [["in", 0, 0]], "output_layers": [["kind", 0, 0], ["cost", 0, 0]]}} $$);  -- 7

\x on
-- class weights: keys are indexes, labels stand in quotes
SELECT * FROM try_fit('by_grade', 1, '''binary_crossentropy''', 'class_weight={1: 1.0, 2: 5.0}');
SELECT * FROM try_fit('by_grade', 1, '''binary_crossentropy''', 'class_weight={''1'': 1.0, ''3'': 5.0}');
SELECT * FROM try_fit('by_grade', 1, '''binary_crossentropy''', 'class_weight={''1'': 1.0, 0: 5.0}');
SELECT * FROM try_fit('by_animal', 2, '''categorical_crossentropy''', 'class_weight={3: 2.0}');
SELECT * FROM try_fit('by_price', 3, '''mse''', 'class_weight={0: 2.0}');
SELECT * FROM try_fit('by_tags', 6, '''binary_crossentropy''', 'class_weight={0: 2.0}');
SELECT * FROM try_fit('by_both', 7, '[''categorical_crossentropy'', ''mse'']', 'class_weight={''cat'': 2.0}');
SELECT message, detail, hint FROM attempt($$SELECT cerebro.init_state('archs', 1, 'optimizer=SGD,loss=binary_crossentropy', 'class_weight={2: 1.0}', 'by_grade')$$);

-- losses that make no sense for their output
SELECT * FROM try_fit('by_price', 3, '''categorical_crossentropy''');
SELECT * FROM try_fit('by_grade', 1, '''categorical_crossentropy''');
SELECT * FROM try_fit('by_grade', 1, '''sparse_categorical_crossentropy''');
SELECT * FROM try_fit('by_price', 2, '''sparse_categorical_crossentropy''');
SELECT * FROM try_fit('by_animal', 2, '''sparse_categorical_crossentropy''');
SELECT * FROM try_fit('by_number', 2, '''categorical_crossentropy''');
SELECT * FROM try_fit('by_number', 1, '''binary_crossentropy''');
SELECT * FROM try_fit('by_price', 3, '''binary_crossentropy''');
SELECT * FROM try_fit('by_price', 5, '''mse''');
SELECT * FROM try_fit('by_both', 7, '[''mse'', ''categorical_crossentropy'']');
SELECT message, detail, hint FROM attempt($$SELECT cerebro.init_state('archs', 3, 'optimizer=SGD,loss=categorical_crossentropy', '', 'by_price')$$);
\x off

-- what is most likely not meant is said once a run, with the models that it is about
SELECT cerebro.load_model_selection_table('archs', 'doubtful', ARRAY[2, 4], ARRAY['optimizer=SGD(lr=0.1),loss=categorical_crossentropy',
    'optimizer=SGD(lr=0.1),loss=categorical_crossentropy(from_logits=True)', 'optimizer=SGD(lr=0.01),loss=categorical_crossentropy'], ARRAY['batch_size=16']);
SELECT cerebro.fit_multiple_model('by_animal', 'doubts', 'doubtful', 1, workers => 0);
SELECT mst_key, status FROM doubts_info ORDER BY mst_key;
SELECT message FROM try_fit('by_number', 3, '''mse''');
SELECT message FROM try_fit('by_grade', 1, '''binary_crossentropy(from_logits=True)''');
SELECT message FROM try_fit('by_tags', 6, '''kl_divergence''');
SELECT length(cerebro.init_state('archs', 4, 'optimizer=SGD,loss=categorical_crossentropy', '', 'by_animal')) > 0 AS made;
-- what is usual is said nothing about
SELECT message FROM try_fit('by_both', 7, '[''categorical_crossentropy'', ''mse'']');
SELECT message FROM try_fit('by_tags', 6, '''binary_crossentropy''');
SELECT message FROM try_fit('by_animal', 2, '''mse''');

-- weights by labels are weights by indexes, and they have an effect
SELECT cerebro.load_model_selection_table('archs', 'one', ARRAY[1], ARRAY['optimizer=SGD(lr=0.1),loss=binary_crossentropy'], ARRAY['batch_size=16']);
CREATE FUNCTION one_weight(fit text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    DROP TABLE IF EXISTS once, once_info, once_summary, once_state, once_visits;
    UPDATE one SET fit_params = fit;
    PERFORM cerebro.fit_multiple_model('by_grade', 'once', 'one', 2, workers => 0, seed => 1);
    RETURN (SELECT md5(model_weights) FROM once);
END $$;
SELECT one_weight('batch_size=16,class_weight={1: 5.0}') = one_weight('batch_size=16,class_weight={''2'': 5.0}') AS same,
       one_weight('batch_size=16,class_weight={1: 5.0}') = one_weight('batch_size=16') AS without;
-- a grid keeps what is an index and what is a label
SELECT cerebro.generate_model_configs('archs', 'grid', ARRAY[2], $${'loss': ['categorical_crossentropy'], 'optimizer_params_list': [{'optimizer': ['SGD']}]}$$,
    $${'class_weight': [{0: 1.0, 2: 3.0}, {'cat': 1.0, 'owl': 3.0}], 'batch_size': [8]}$$);
SELECT fit_params FROM grid ORDER BY mst_key;

-- restore_best keeps what early stopping monitors, in its mode; without it the first metric
SELECT cerebro.load_model_selection_table('archs', 'best', ARRAY[2], ARRAY['optimizer=SGD(lr=0.3),loss=categorical_crossentropy,metrics=[accuracy]',
    'optimizer=SGD(lr=0.03),loss=categorical_crossentropy,metrics=[accuracy]'], ARRAY['batch_size=8']);
SELECT cerebro.fit_multiple_model('by_animal', 'by_loss', 'best', 6, restore_best => true, seed => 2, workers => 0,
    early_stopping => $${'monitor': 'loss', 'patience': 6}$$);
SELECT cerebro.fit_multiple_model('by_animal', 'by_worst', 'best', 6, restore_best => true, seed => 2, workers => 0,
    early_stopping => $${'monitor': 'loss', 'patience': 6, 'mode': 'max'}$$);
SELECT cerebro.fit_multiple_model('by_animal', 'by_metric', 'best', 6, restore_best => true, seed => 2, workers => 0, metrics_compute_frequency => 1);
SELECT cerebro.fit_multiple_model('by_animal', 'by_halving', 'best', 6, restore_best => true, seed => 2, workers => 0, metrics_compute_frequency => 1,
    halving => $${'eta': 1.5, 'iterations': [5], 'monitor': 'loss'}$$);
CREATE FUNCTION extreme(curve double precision[], up boolean) RETURNS double precision LANGUAGE sql AS
    'SELECT CASE WHEN $2 THEN max(v) ELSE min(v) END FROM unnest($1) v';
SELECT bool_and(training_loss_final = extreme(training_loss, false)) AS least_loss FROM by_loss_info;
SELECT bool_and(training_loss_final = extreme(training_loss, true)) AS greatest_loss FROM by_worst_info;
SELECT bool_and(training_metrics_final = extreme(training_metrics, true)) AS greatest_accuracy FROM by_metric_info;
SELECT bool_and(training_loss_final = extreme(training_loss, false)) AS least_loss FROM by_halving_info;
SELECT cerebro.evaluate('by_loss', 'by_animal', 'by_loss_scores');
SELECT bool_and(abs(s.loss - i.training_loss_final) < 1e-6) AS kept FROM by_loss_scores s JOIN by_loss_info i USING (mst_key);

-- strings that a model has never seen; columns under names of others
SELECT cerebro.training_preprocessor_dl('points', 'by_town', 'animal', 'a, b, city', num_partitions => 2);
CREATE TABLE travellers AS SELECT id, a, b, animal, CASE id % 4 WHEN 0 THEN 'Oslo' WHEN 1 THEN 'Pisa' ELSE city END AS city FROM points WHERE id <= 40;
SELECT cerebro.load_model('archs', $$
{"class_name": "Functional", "config": {"name": "towns", "layers": [
 {"class_name": "InputLayer", "config": {"name": "in_a", "batch_input_shape": [null, 1]}, "inbound_nodes": []},
 {"class_name": "InputLayer", "config": {"name": "in_b", "batch_input_shape": [null, 1]}, "inbound_nodes": []},
 {"class_name": "InputLayer", "config": {"name": "in_city", "batch_input_shape": [null, 1]}, "inbound_nodes": []},
 {"class_name": "Embedding", "config": {"name": "embed", "input_dim": 3, "output_dim": 2}, "inbound_nodes": [[["in_city", 0, 0, {}]]]},
 {"class_name": "Flatten", "config": {"name": "flat"}, "inbound_nodes": [[["embed", 0, 0, {}]]]},
 {"class_name": "Concatenate", "config": {"name": "all", "axis": -1}, "inbound_nodes": [[["in_a", 0, 0, {}], ["in_b", 0, 0, {}], ["flat", 0, 0, {}]]]},
 {"class_name": "Dense", "config": {"name": "kind", "units": 3, "activation": "softmax"}, "inbound_nodes": [[["all", 0, 0, {}]]]}],
 "input_layers": [["in_a", 0, 0], ["in_b", 0, 0], ["in_city", 0, 0]], "output_layers": [["kind", 0, 0]]}} $$);
SELECT cerebro.load_model_selection_table('archs', 'located', ARRAY[8], ARRAY['optimizer=SGD(lr=0.01),loss=categorical_crossentropy'], ARRAY['batch_size=16']);
SELECT cerebro.fit_multiple_model('by_town', 'towns', 'located', 1, workers => 0);
SET client_min_messages = notice;
SELECT cerebro.validation_preprocessor_dl('travellers', 'travellers_packed', 'animal', 'a, b, city', 'by_town');
SELECT cerebro.predict('towns', 'travellers', 'id', 'a, b, city', 'told', 'response');
CREATE VIEW strangers AS SELECT id, a, b, 'Oslo'::text AS city FROM travellers WHERE id <= 7;
SELECT cerebro.predict('towns', 'strangers', 'id', 'a, b, city', 'told_strangers', 'response');
SELECT cerebro.predict('towns', 'travellers', 'id', 'b, a, city', 'told_swapped', 'response');
SELECT cerebro.validation_preprocessor_dl('points', 'swapped_packed', 'animal', 'b, a, city', 'by_town');
SELECT cerebro.evaluate('towns', 'swapped_packed', 'swapped_scores');
-- known strings, other names
SET client_min_messages = warning;
CREATE VIEW renamed AS SELECT id, a AS first, b AS second, city AS town FROM points;
SET client_min_messages = notice;
SELECT cerebro.predict('towns', 'renamed', 'id', 'first, second, town', 'told_renamed', 'response');
-- more classes than there are
SELECT cerebro.predict('towns', 'points', 'id', 'a, b, city', 'told_many', 5);
SELECT count(*) FROM told_many;

-- settings of Keras that have no effect here
SELECT cerebro.load_model('archs', $$
{"class_name": "Sequential", "config": {"name": "mixed", "dtype": "mixed_float16", "layers": [
 {"class_name": "InputLayer", "config": {"name": "in", "batch_input_shape": [null, 3], "dtype": "int32"}},
 {"class_name": "Dense", "config": {"name": "hidden", "units": 4, "activation": "relu", "dtype": {"class_name": "Policy", "config": {"name": "mixed_float16"}},
   "kernel_initializer": {"class_name": "GlorotUniform", "config": {"seed": null, "dtype": "float64"}}}},
 {"class_name": "Dropout", "config": {"name": "drop", "rate": 0.5, "seed": 3, "dtype": "mixed_float16"}},
 {"module": "mine.layers", "registered_name": "Custom>Dense", "class_name": "Dense", "config": {"name": "own", "units": 3, "activation": "softmax", "dtype": "float32"}}]},
 "compile_config": {"optimizer": "adam", "loss": "mse"}} $$);
SELECT cerebro.load_model('archs', dense(3, 'softmax', 3));

-- other requests that are met in part
SELECT count(*) > 0 AS explained FROM cerebro.explain_fit_multiple_model('by_animal', 'out', 'best', 6, restore_best => true);
SELECT count(*) > 0 AS explained FROM cerebro.explain_fit_multiple_model('by_animal', 'by_loss', 'best', 1, warm_start => true, seed => 5);
SELECT cerebro.load_model_selection_table('archs', 'twice', ARRAY[2], ARRAY['optimizer=SGD,loss=mse', 'loss=mse, optimizer=SGD'], ARRAY['batch_size=8', 'batch_size=8.0']);
SET client_min_messages = warning;
CREATE TABLE others AS SELECT id, x, (ARRAY['ant', 'bee', 'cow'])[1 + id % 3] AS animal FROM points;
SELECT cerebro.training_preprocessor_dl('others', 'by_insect', 'animal', 'x', num_partitions => 2);
SELECT count(*) > 0 AS explained FROM cerebro.explain_fit_multiple_model('by_insect', 'by_loss', 'best', 1, warm_start => true);
\x on
SELECT message, detail, hint FROM attempt($$SELECT cerebro.training_preprocessor_dl('points', 'p', 'ys', 'x', num_classes => ARRAY[3])$$);
SELECT message, detail, hint FROM attempt($$SELECT cerebro.training_preprocessor_dl('points', 'p', 'price', 'x', num_classes => ARRAY[3], dependent_type => 'real')$$);
SELECT message, detail, hint FROM attempt($$SELECT cerebro.training_preprocessor_dl('points', 'p', 'ys', 'x', num_classes => ARRAY[2, 2])$$);
\x off
SELECT cerebro.training_preprocessor_dl('points', 'by_ys', 'ys', 'x', num_classes => ARRAY[2]);

-- words of columns that are packed side by side, too
CREATE TABLE side_words AS SELECT i AS id, (ARRAY['a', 'b', 'c'])[1 + i % 3] AS word, i % 2 AS n, i % 2 AS y FROM generate_series(1, 60) i;
CREATE TABLE other_words AS SELECT id, (ARRAY['b', 'c', 'd'])[1 + id % 3] AS word, n, y FROM side_words;
SELECT cerebro.training_preprocessor_dl('side_words', 'side_packed', 'y', 'word, n');
SELECT cerebro.training_preprocessor_dl('other_words', 'other_packed', 'y', 'word, n');
SELECT cerebro.load_model('side_archs', '{"class_name": "Sequential", "config": [
  {"class_name": "Dense", "config": {"name": "out", "units": 2, "activation": "softmax", "batch_input_shape": [null, 2]}}]}');
SELECT cerebro.load_model_selection_table('side_archs', 'side_configs', ARRAY[1], ARRAY[$$optimizer='SGD(lr=0.01)',loss='categorical_crossentropy'$$], ARRAY['batch_size=20']);
SELECT count(*) > 0 AS planned FROM cerebro.explain_fit_multiple_model('side_packed', 'side_models', 'side_configs', 1, workers => 0);
SET client_min_messages = error;
SELECT cerebro.fit_multiple_model('side_packed', 'side_models', 'side_configs', 1, workers => 0);
SET client_min_messages = warning;
SELECT count(*) > 0 AS planned FROM cerebro.explain_fit_multiple_model('other_packed', 'side_models', 'side_configs', 1, workers => 0, warm_start => true);
DROP SCHEMA requests CASCADE;
