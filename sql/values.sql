-- Values that a model could not use are found before any training, and named: in the training table, the validation table, the table of
-- evaluate, and the row of predict.
SET client_min_messages = warning;
CREATE SCHEMA values_case;
SET search_path = values_case, public;

\set data `echo "$CEREBRO_TEST_DATA"`
\i :data/attempt.sql

-- token 12 stands in one row of words and -2 in one of below; the table of the layer has 10 rows
CREATE TABLE good AS SELECT i AS id, i % 2 AS label, ARRAY[i % 10, (i * 3) % 10, 1]::smallint[] AS x FROM generate_series(1, 200) i;
CREATE TABLE words AS SELECT id, label, CASE WHEN id = 77 THEN ARRAY[1, 12, 1]::smallint[] ELSE x END AS x FROM good;
CREATE TABLE below AS SELECT id, label, CASE WHEN id = 78 THEN ARRAY[1, -2, 1]::smallint[] ELSE x END AS x FROM good;
CREATE TABLE strings AS SELECT i AS id, i % 2 AS label, 'w' || i % 12 AS x FROM generate_series(1, 100) i;
CREATE TABLE pairs AS SELECT i AS id, ARRAY[i % 4, i % 3]::smallint[] AS label, ARRAY[i % 10, i % 3]::real[] AS x FROM generate_series(1, 100) i;
CREATE TABLE signs AS SELECT i AS id, CASE WHEN i % 2 = 0 THEN 1 ELSE -1 END AS label, ARRAY[i % 10, i % 3]::real[] AS x FROM generate_series(1, 100) i;
SELECT cerebro.training_preprocessor_dl('good', 'packed', 'label', 'x', num_partitions => 2);
SELECT cerebro.training_preprocessor_dl('words', 'packed_words', 'label', 'x', num_partitions => 2);
SELECT cerebro.training_preprocessor_dl('below', 'packed_below', 'label', 'x', num_partitions => 2);
SELECT cerebro.training_preprocessor_dl('strings', 'packed_strings', 'label', 'x', num_partitions => 2);
SELECT cerebro.training_preprocessor_dl('pairs', 'packed_pairs', 'label', 'x', num_partitions => 2);
SELECT cerebro.training_preprocessor_dl('signs', 'packed_signs', 'label', 'x', num_partitions => 2, dependent_type => 'real');
SELECT cerebro.validation_preprocessor_dl('words', 'validation_words', 'label', 'x', 'packed');
-- the Embedding stands behind layers that only move values
SELECT cerebro.load_model('archs', $$ {"class_name": "Sequential", "config": [
 {"class_name": "Reshape", "config": {"name": "turned", "target_shape": [3, 1], "batch_input_shape": [null, 3]}},
 {"class_name": "Flatten", "config": {"name": "flat"}},
 {"class_name": "Embedding", "config": {"name": "tokens", "input_dim": 10, "output_dim": 4}},
 {"class_name": "Flatten", "config": {"name": "rows"}},
 {"class_name": "Dense", "config": {"name": "out", "units": 2, "activation": "softmax"}}]} $$);
SELECT cerebro.load_model('archs', $$ {"class_name": "Sequential", "config": [
 {"class_name": "Embedding", "config": {"name": "tokens", "input_dim": 12, "output_dim": 4, "input_length": 1}},
 {"class_name": "Flatten", "config": {"name": "rows"}},
 {"class_name": "Dense", "config": {"name": "out", "units": 2, "activation": "softmax"}}]} $$);
SELECT cerebro.load_model('archs', $$ {"class_name": "Sequential", "config": [
 {"class_name": "Dense", "config": {"name": "hidden", "units": 6, "batch_input_shape": [null, 2]}},
 {"class_name": "Reshape", "config": {"name": "positions", "target_shape": [2, 3]}},
 {"class_name": "Softmax", "config": {"name": "out"}}]} $$);
SELECT cerebro.load_model('archs', $$ {"class_name": "Sequential", "config": [
 {"class_name": "Dense", "config": {"name": "out", "units": 1, "activation": "sigmoid", "batch_input_shape": [null, 2]}}]} $$);
SELECT cerebro.load_model_selection_table('archs', 'configs', ARRAY[1], ARRAY[$$optimizer='SGD(lr=0.1)',loss='categorical_crossentropy',metrics=['accuracy']$$],
    ARRAY['batch_size=16', 'batch_size=32']);
SELECT cerebro.load_model_selection_table('archs', 'configs_strings', ARRAY[2], ARRAY[$$optimizer='SGD(lr=0.1)',loss='categorical_crossentropy'$$], ARRAY['batch_size=16']);
SELECT cerebro.load_model_selection_table('archs', 'configs_pairs', ARRAY[3], ARRAY[$$optimizer='SGD(lr=0.1)',loss='sparse_categorical_crossentropy'$$], ARRAY['batch_size=16']);
SELECT cerebro.load_model_selection_table('archs', 'configs_signs', ARRAY[4], ARRAY[$$optimizer='SGD(lr=0.1)',loss='binary_crossentropy'$$], ARRAY['batch_size=16']);
SET client_min_messages = error;
SELECT cerebro.fit_multiple_model('packed', 'models', 'configs', 1, workers => 0);
SET client_min_messages = warning;

\x on
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('packed_words', 'out', 'configs', 50)$$);
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('packed_below', 'out', 'configs', 50)$$);
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('packed', 'out', 'configs', 50, validation_table => 'validation_words')$$);
SELECT * FROM attempt($$SELECT cerebro.explain_fit_multiple_model('packed_words', 'out', 'configs', 50)$$);
SELECT * FROM attempt($$SELECT cerebro.evaluate('models', 'validation_words', 'out')$$);
SELECT * FROM attempt($$SELECT count(*) FROM cerebro.confusion_matrix('models', 'validation_words', 1)$$);
SELECT * FROM attempt($$SELECT cerebro.predict('models', 'words', 'id', 'x', 'out', mst_key => 1)$$);
SELECT * FROM attempt($$SELECT cerebro.predict('models', 'below', 'id', 'x', 'out', mst_key => 1)$$);
-- 12 strings are packed as 1 to 12
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('packed_strings', 'out', 'configs_strings', 50)$$);
-- class 3 of an output of three units; -1 for a probability
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('packed_pairs', 'out', 'configs_pairs', 50)$$);
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('packed_signs', 'out', 'configs_signs', 50)$$);
\x off
SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'values_case' AND c.relname LIKE 'out%';

-- initial weights that are no numbers: NaN is the third element of the kernel
\x on
SELECT * FROM attempt(format('SELECT cerebro.load_model(''archs'', %L, ''\x0000000000000000''::bytea || ''\x0000c07f''::bytea)',
    '{"class_name": "Sequential", "config": [{"class_name": "Dense", "config": {"name": "out", "units": 1, "use_bias": false, "batch_input_shape": [null, 3]}}]}'));
UPDATE archs SET model_weights = '\x0000000000000000'::bytea || '\x0000807f'::bytea WHERE model_id = 4;
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('packed_signs', 'out', 'configs_signs', 50)$$);
\x off

-- rows that went behind the summary's back are missed by evaluate, too
DELETE FROM packed WHERE partition_id = 1;
\x on
SELECT * FROM attempt($$SELECT cerebro.evaluate('models', 'packed', 'out')$$);
SELECT * FROM attempt($$SELECT count(*) FROM cerebro.confusion_matrix('models', 'packed', 1)$$);
\x off
-- scalar columns that are packed side by side: the limit is of the one that the Embedding reads, and the other may hold more
CREATE TABLE sides AS SELECT i AS id, i % 2 AS label, i % 6 AS kind, i * 100 AS amount FROM generate_series(1, 60) i;
SELECT cerebro.training_preprocessor_dl('sides', 'sides_packed', 'label', 'kind, amount', num_partitions => 1);
SELECT cerebro.load_model('sides_archs', format($${"class_name": "Functional", "config": {"name": "sides", "layers": [
  {"class_name": "InputLayer", "name": "k", "config": {"name": "k", "batch_input_shape": [null, 1]}, "inbound_nodes": []},
  {"class_name": "InputLayer", "name": "a", "config": {"name": "a", "batch_input_shape": [null, 1]}, "inbound_nodes": []},
  {"class_name": "Embedding", "name": "kinds", "config": {"name": "kinds", "input_dim": %s, "output_dim": 2}, "inbound_nodes": [[["k", 0, 0, {}]]]},
  {"class_name": "Flatten", "name": "flat", "config": {"name": "flat"}, "inbound_nodes": [[["kinds", 0, 0, {}]]]},
  {"class_name": "Concatenate", "name": "both", "config": {"name": "both"}, "inbound_nodes": [[["flat", 0, 0, {}], ["a", 0, 0, {}]]]},
  {"class_name": "Dense", "name": "out", "config": {"name": "out", "units": 2, "activation": "softmax"}, "inbound_nodes": [[["both", 0, 0, {}]]]}],
  "input_layers": [["k", 0, 0], ["a", 0, 0]], "output_layers": [["out", 0, 0]]}}$$, n)::json) FROM unnest(ARRAY[6, 5]) n;
SELECT cerebro.load_model_selection_table('sides_archs', 'sides_configs', ARRAY[1, 2], ARRAY[$$optimizer='SGD(lr=0.00001)',loss='categorical_crossentropy'$$], ARRAY['batch_size=20']);
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('sides_packed', 'sides_models', 'sides_configs', 1, workers => 0)$$);
DELETE FROM sides_configs WHERE model_id = 2;
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('sides_packed', 'sides_models', 'sides_configs', 1, workers => 0)$$);
INSERT INTO sides VALUES (61, 0, 6, 1), (62, 0, 1, 1);
-- an Embedding over both: the error names the one that does not fit
SELECT cerebro.load_model('both_archs', '{"class_name": "Sequential", "config": [
  {"class_name": "Embedding", "config": {"name": "words", "input_dim": 6, "output_dim": 2, "batch_input_shape": [null, 2]}},
  {"class_name": "Flatten", "config": {"name": "flat"}}, {"class_name": "Dense", "config": {"name": "out", "units": 2, "activation": "softmax"}}]}');
SELECT cerebro.load_model_selection_table('both_archs', 'both_configs', ARRAY[1], ARRAY[$$optimizer='SGD(lr=0.00001)',loss='categorical_crossentropy'$$], ARRAY['batch_size=20']);
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('sides_packed', 'both_models', 'both_configs', 1, workers => 0)$$);
SELECT * FROM attempt($$SELECT cerebro.predict('sides_models', 'sides', 'id', 'kind, amount', 'sides_out')$$);

DROP SCHEMA values_case CASCADE;
