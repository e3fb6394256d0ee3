-- Architectures made from packed tables: mlp, cnn, rnn, wide_deep; parameters that fit; summaries and Keras's text of a stored architecture.
\pset null '(null)'
SET client_min_messages = warning;
\set data `echo "$CEREBRO_TEST_DATA"`
CREATE SCHEMA builders;
SET search_path = builders, public;
\set ECHO none
\o /dev/null
\i :data/load_digits.sql
\o
\set ECHO all

\i :data/attempt.sql

-- digits: pixels in a row, and as images
SELECT cerebro.training_preprocessor_dl('digits_train', 'packed', 'label', 'pixels', normalizing_const => 16, num_partitions => 4);
SELECT cerebro.validation_preprocessor_dl('digits_val', 'packed_val', 'label', 'pixels', 'packed');
SELECT cerebro.training_preprocessor_dl('digits_train', 'images', 'label', 'pixels', normalizing_const => 16, num_partitions => 4,
    shapes => '{"pixels": [8, 8, 1]}');
SET client_min_messages = notice;
SELECT cerebro.mlp('archs', 'packed', hidden => '{{32},{64,32}}', dropout => '{0,0.1}');
SELECT cerebro.cnn('archs', 'packed', filters => '{8,16}', image_shape => '{8,8,1}', name => 'flat');
SELECT cerebro.cnn('archs', 'images', filters => ARRAY[8, 16], hidden => 32, batch_norm => true, global_pooling => '[false, true]'::json);
SELECT cerebro.mlp('archs', 'images', hidden => ARRAY[[32, 16], [16, 8]], batch_norm => true, activation => '{relu,"tanh"}', l2 => 1e-4, name => 'flattened');
SELECT model_id, name, description, model_weights FROM archs ORDER BY model_id;
SELECT model_arch FROM archs WHERE model_id = 2;

-- what is NULL is the default
SELECT cerebro.mlp('defaults', 'packed') || cerebro.mlp('defaults', 'packed', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)
    || cerebro.mlp('defaults', 'packed', hidden => '{64,32}', dropout => 0, batch_norm => false, activation => 'relu', l2 => 0) AS model_ids;
SELECT cerebro.cnn('defaults', 'images') || cerebro.cnn('defaults', 'images', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL) AS model_ids;
SELECT cerebro.rnn('defaults', 'images') || cerebro.rnn('defaults', 'images', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL) AS model_ids;
SELECT cerebro.wide_deep('defaults', 'packed') || cerebro.wide_deep('defaults', 'packed', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL) AS model_ids;
SELECT name, count(*), count(DISTINCT model_arch::text) AS different FROM defaults GROUP BY name ORDER BY name;

-- parameters that fit, from one statement to the next
SELECT cerebro.default_compile_params('packed');
SELECT cerebro.default_compile_grid('packed', 0.003);
SELECT cerebro.default_compile_grid('packed', learning_rates => '{0.001,0.01}', output_activation => 'linear');
SELECT cerebro.generate_model_configs('archs', 'configs', cerebro.mlp('archs', 'packed', hidden => '{64,32}', name => 'nested'),
    cerebro.default_compile_grid('packed', 0.003), $${'batch_size': [32], 'epochs': [1]}$$);
SELECT cerebro.generate_model_configs('archs', 'configs', ARRAY[2, 5], cerebro.default_compile_grid('packed', 0.003), $${'batch_size': [32], 'epochs': [1]}$$);
SELECT * FROM configs ORDER BY mst_key;
SET client_min_messages = warning;
SELECT cerebro.fit_multiple_model('packed', 'models', 'configs', 10, validation_table => 'packed_val', seed => 1);
SET client_min_messages = notice;
SELECT model_name, validation_metric > 0.9 AS good FROM cerebro.leaderboard('models') ORDER BY mst_key;
SELECT cerebro.load_model_selection_table('archs', 'image_configs', ARRAY[6, 7], ARRAY[cerebro.default_compile_params('images')], ARRAY['batch_size=32,epochs=1']);
SET client_min_messages = warning;
SELECT cerebro.fit_multiple_model('images', 'image_models', 'image_configs', 12, seed => 1);
SET client_min_messages = notice;
SELECT model_name, training_metric > 0.9 AS good FROM cerebro.leaderboard('image_models') ORDER BY mst_key;

-- a table with strings and numbers; one unit with a sigmoid
SET client_min_messages = warning;
CREATE TABLE customers AS
SELECT i AS id, (i * 37 % 60)::smallint AS age, (ARRAY['north', 'south', 'east', 'west'])[1 + i % 4] AS region, 'shop' || (i * 13 % 40) AS shop,
       (i * 7 % 101) / 101.0 AS ratio, ARRAY[i % 11, i % 5, i % 3]::real[] AS visits,
       CASE WHEN (i % 4 = 1) <> (i * 13 % 40 < 12) THEN 'leaves' ELSE 'stays' END AS outcome
FROM generate_series(1, 1200) i;
SELECT cerebro.training_preprocessor_dl('customers', 'customers_packed', 'outcome', 'age, region, shop, ratio, visits', dependent_type => 'index',
    standardize => true, num_partitions => 4);
SET client_min_messages = notice;
SELECT cerebro.wide_deep('customer_archs', 'customers_packed', hidden => 16, output_activation => 'sigmoid')
    || cerebro.wide_deep('customer_archs', 'customers_packed', hidden => 16, wide_columns => 'region, shop', output_activation => 'sigmoid', name => 'only_strings')
    || cerebro.mlp('customer_archs', 'customers_packed', hidden => 16, embedding_dim => 4, output_activation => 'sigmoid') AS model_ids;
SELECT * FROM cerebro.summary('customer_archs', 1);
SELECT cerebro.default_compile_params('customers_packed', 'sigmoid');
SELECT cerebro.load_model_selection_table('customer_archs', 'customer_configs', ARRAY[1, 2, 3], ARRAY[replace(cerebro.default_compile_params('customers_packed', 'sigmoid'), '0.001', '0.01')],
    ARRAY['batch_size=32,epochs=1']);
SET client_min_messages = warning;
SELECT cerebro.fit_multiple_model('customers_packed', 'customer_models', 'customer_configs', 20, seed => 1);
SET client_min_messages = notice;
SELECT model_name, training_metric > 0.95 AS good FROM cerebro.leaderboard('customer_models') ORDER BY mst_key;
SELECT cerebro.predict('customer_models', 'customers', 'id', 'age, region, shop, ratio, visits', 'customers_predicted', pred_type => 'response', mst_key => 1);
SELECT avg((class_value = outcome)::int) > 0.95 AS good FROM customers_predicted JOIN customers USING (id);

-- sequences: of words, of numbers, of indexes
SET client_min_messages = warning;
CREATE TABLE sentences AS
SELECT i AS id, ARRAY(SELECT CASE WHEN w = 1 + i % 5 THEN CASE WHEN i % 2 = 0 THEN 'good' ELSE 'bad' END ELSE 'word' || (i * 31 + w * 17) % 23 END
                      FROM generate_series(1, 6) w) AS words,
       (SELECT '{' || string_agg(format('{%s,%s}', ((i + t) % 10) / 10.0, ((i * t) % 7) / 7.0), ',' ORDER BY t) || '}' FROM generate_series(0, 7) t)::real[] AS signal,
       ARRAY(SELECT ((i * 31 + t * 17) % 50)::int FROM generate_series(1, 6) t) AS tokens,
       ((i + 8) % 10) / 10.0 AS next, CASE WHEN i % 2 = 0 THEN 'positive' ELSE 'negative' END AS mood
FROM generate_series(1, 800) i;
SELECT cerebro.training_preprocessor_dl('sentences', 'words_packed', 'mood', 'words', num_partitions => 4);
SELECT cerebro.training_preprocessor_dl('sentences', 'signal_packed', 'next', 'signal', dependent_type => 'real', num_partitions => 4);
SELECT cerebro.training_preprocessor_dl('sentences', 'tokens_packed', 'mood, next', 'tokens', dependent_type => 'one_hot, real', num_partitions => 4);
SET client_min_messages = notice;
SELECT cerebro.rnn('sequence_archs', 'words_packed', units => 16) || cerebro.rnn('sequence_archs', 'words_packed', units => '{{8,8}}', bidirectional => true, cell => 'gru', hidden => 8, dropout => 0.1)
    || cerebro.rnn('sequence_archs', 'signal_packed', units => 16, cell => 'simple_rnn')
    || cerebro.rnn('sequence_archs', 'tokens_packed', units => 8, vocabulary_size => 50)
    || cerebro.mlp('sequence_archs', 'words_packed', hidden => 16) AS model_ids;
SELECT name, description FROM sequence_archs ORDER BY model_id;
SELECT * FROM cerebro.summary('sequence_archs', 2);
SELECT cerebro.default_compile_params('signal_packed');
SELECT cerebro.default_compile_grid('tokens_packed');
SELECT cerebro.load_model_selection_table('sequence_archs', 'words_configs', ARRAY[1, 2, 5], ARRAY[replace(cerebro.default_compile_params('words_packed'), '0.001', '0.01')], ARRAY['batch_size=32,epochs=1']);
SET client_min_messages = warning;
SELECT cerebro.fit_multiple_model('words_packed', 'words_models', 'words_configs', 8, seed => 1);
SET client_min_messages = notice;
SELECT model_name, training_metric > 0.95 AS good FROM cerebro.leaderboard('words_models') ORDER BY mst_key;
SELECT cerebro.load_model_selection_table('sequence_archs', 'signal_configs', ARRAY[3], ARRAY[replace(cerebro.default_compile_params('signal_packed'), '0.001', '0.01')], ARRAY['batch_size=32,epochs=1']);
SET client_min_messages = warning;
SELECT cerebro.fit_multiple_model('signal_packed', 'signal_models', 'signal_configs', 15, seed => 1);
SET client_min_messages = notice;
SELECT model_name, training_metric < 0.1 AS good FROM cerebro.leaderboard('signal_models') ORDER BY mst_key;
SELECT cerebro.generate_model_configs('sequence_archs', 'tokens_configs', ARRAY[4], cerebro.default_compile_grid('tokens_packed', 0.01), $${'batch_size': [32], 'epochs': [1]}$$);
SELECT compile_params FROM tokens_configs;
SET client_min_messages = warning;
SELECT cerebro.fit_multiple_model('tokens_packed', 'tokens_models', 'tokens_configs', 1, seed => 1);
SET client_min_messages = notice;

-- arrays as targets are what they hold
SET client_min_messages = warning;
CREATE TABLE arrays AS
SELECT ARRAY[i % 3, i % 5]::real[] AS x, ARRAY[(i % 3 = 0)::int, (i % 3 = 1)::int, (i % 3 = 2)::int] AS one, ARRAY[i % 2, i % 3 / 2] AS labels, ARRAY[i % 7, i % 3] AS counts
FROM generate_series(1, 200) i;
SELECT cerebro.training_preprocessor_dl('arrays', 'arrays_packed', 'one, labels, counts', 'x');
SET client_min_messages = notice;
SELECT cerebro.mlp('array_archs', 'arrays_packed', hidden => '{}');
SELECT * FROM cerebro.summary('array_archs', 1);
SELECT cerebro.default_compile_params('arrays_packed');
SELECT cerebro.mlp('array_archs', 'arrays_packed', output_activation => '{softmax,sigmoid,softplus}');
SELECT cerebro.load_model_selection_table('array_archs', 'array_configs', ARRAY[1], ARRAY[cerebro.default_compile_params('arrays_packed')], ARRAY['batch_size=32']);
SET client_min_messages = warning;
SELECT cerebro.fit_multiple_model('arrays_packed', 'array_models', 'array_configs', 1);
SET client_min_messages = notice;

-- Keras's text of whatever is stored is the same model
SELECT cerebro.load_model('again', cerebro.to_keras_json('sequence_archs', 2)), cerebro.load_model('again', cerebro.to_keras_json('archs', 5)),
       cerebro.load_model('again', cerebro.to_keras_json('customer_archs', 2));
SELECT cerebro.load_model('again', cerebro.to_keras_json('again', 3));
SELECT cerebro.to_keras_json('again', 3)::text = cerebro.to_keras_json('again', 4)::text AS same;
SELECT cerebro.to_keras_json('archs', 1);
SELECT a = b AS same FROM (SELECT string_agg(line, E'\n') AS a FROM cerebro.summary('customer_archs', 2) line) x, (SELECT string_agg(line, E'\n') AS b FROM cerebro.summary('again', 3) line) y;
-- a model that leaves its input to the table
SET client_min_messages = warning;
SELECT cerebro.load_model('open', '{"class_name": "Sequential", "config": {"name": "open", "layers": [{"class_name": "Dense", "config": {"name": "out", "units": 10}}]}}');
SET client_min_messages = notice;
SELECT * FROM attempt($$SELECT cerebro.summary('open', 1)$$);
SELECT * FROM cerebro.summary('open', 1, 'packed');
SELECT cerebro.to_keras_json('open', 1, 'packed') -> 'config' -> 'layers' -> 0 AS input;

-- mistakes
\x on
SELECT * FROM attempt($$SELECT cerebro.cnn('archs', 'packed')$$);
SELECT * FROM attempt($$SELECT cerebro.cnn('archs', 'packed', image_shape => '{28,28,1}')$$);
SELECT * FROM attempt($$SELECT cerebro.cnn('archs', 'packed', image_shape => '{8,8}')$$);
SELECT * FROM attempt($$SELECT cerebro.rnn('archs', 'packed')$$);
SELECT * FROM attempt($$SELECT cerebro.rnn('archs', 'customers_packed')$$);
SELECT * FROM attempt($$SELECT cerebro.wide_deep('archs', 'images')$$);
SELECT * FROM attempt($$SELECT cerebro.wide_deep('archs', 'customers_packed', wide_columns => 'age, town')$$);
SELECT * FROM attempt($$SELECT cerebro.mlp('archs', 'customers_packed', output_activation => 'tanh')$$);
SELECT * FROM attempt($$SELECT cerebro.mlp('archs', 'packed', output_activation => 'sigmoid')$$);
SELECT * FROM attempt($$SELECT cerebro.mlp('archs', 'packed', hidden => '{64,0}')$$);
SELECT * FROM attempt($$SELECT cerebro.mlp('archs', 'packed', hidden => 'large')$$);
SELECT * FROM attempt($$SELECT cerebro.mlp('archs', 'packed', hidden => '{64')$$);
SELECT * FROM attempt($$SELECT cerebro.mlp('archs', 'packed', hidden => '{{64},{64}}')$$);
SELECT * FROM attempt($$SELECT cerebro.mlp('archs', 'packed', hidden => ARRAY[64, NULL])$$);
SELECT * FROM attempt($$SELECT cerebro.mlp('archs', 'packed', dropout => 1)$$);
SELECT * FROM attempt($$SELECT cerebro.mlp('archs', 'packed', dropout => ARRAY['a'])$$);
SELECT * FROM attempt($$SELECT cerebro.mlp('archs', 'packed', activation => 'rely')$$);
SELECT * FROM attempt($$SELECT cerebro.mlp('archs', 'packed', batch_norm => 2)$$);
SELECT * FROM attempt($$SELECT cerebro.mlp('archs', 'images', hidden => '{10000000,1000}')$$);
SELECT * FROM attempt($$SELECT cerebro.mlp('archs', 'packed', hidden => to_json((SELECT '{' || string_agg('{' || i || '}', ',') || '}' FROM generate_series(1, 400) i)::int[]), dropout => '{0,0.1,0.2}')$$);
SELECT * FROM attempt($$SELECT cerebro.mlp('archs', 'digits_train')$$);
SELECT * FROM attempt($$SELECT cerebro.mlp('archs', NULL)$$);
SELECT * FROM attempt($$SELECT cerebro.mlp(NULL, 'packed')$$);
SELECT * FROM attempt($$SELECT cerebro.mlp('digits_train', 'packed')$$);
SELECT * FROM attempt($$SELECT cerebro.summary('archs', 99)$$);
SELECT * FROM attempt($$SELECT cerebro.to_keras_json('nowhere', 1)$$);
SELECT * FROM attempt($$SELECT cerebro.default_compile_grid('packed', '{}')$$);
\x off
-- nothing of them is left
SELECT count(*) FROM archs;
SET client_min_messages = warning;
DROP SCHEMA builders CASCADE;
