-- Architectures in the forms in which programs write them: each is loaded, trains one iteration and predicts. And what is refused.
\set ECHO none
\set nested `cat "$CEREBRO_TEST_DATA/forms/nested_keras_2_2_2.json"`
\set siamese `cat "$CEREBRO_TEST_DATA/forms/siamese_keras_2_10.json"`
\set transformer `cat "$CEREBRO_TEST_DATA/forms/transformer_keras_2_10.json"`
\set outputs `cat "$CEREBRO_TEST_DATA/forms/outputs_keras_3.json"`
\set open `cat "$CEREBRO_TEST_DATA/forms/open_keras_3.json"`
\set tfjs `cat "$CEREBRO_TEST_DATA/forms/model_tfjs.json"`
\set browser `cat "$CEREBRO_TEST_DATA/forms/browser_tfjs.json"`
\set seq2seq `cat "$CEREBRO_TEST_DATA/forms/seq2seq_keras_2_1_6.json"`
\set SHOW_CONTEXT never
\set ECHO all
SET client_min_messages = warning;
CREATE SCHEMA forms;
SET search_path = forms, public;

-- numbers of rows and columns below 1 that depend on i, as an array
CREATE FUNCTION grid(i integer, height integer, width integer) RETURNS real[] LANGUAGE sql AS $$
    SELECT ('{' || string_agg(line, ',' ORDER BY a) || '}')::real[] FROM (
        SELECT a, '{' || string_agg((((i * 7 + a * 5 + b * 3) % 11) / 16.0)::text, ',' ORDER BY b) || '}' AS line
        FROM generate_series(1, height) a, generate_series(1, width) b GROUP BY a) lines $$;
CREATE FUNCTION line(i integer, width integer) RETURNS real[] LANGUAGE sql AS $$
    SELECT array_agg((((i * 7 + b * 3) % 11) / 16.0)::real ORDER BY b) FROM generate_series(1, width) b $$;
CREATE FUNCTION words(i integer, width integer) RETURNS integer[] LANGUAGE sql AS $$
    SELECT array_agg((i * 7 + b * 3) % 20 ORDER BY b) FROM generate_series(1, width) b $$;
CREATE TABLE rows AS
SELECT i AS id, line(i, 4) AS x4, words(i, 6) AS left_words, words(i + 5, 6) AS right_words, grid(i, 5, 8) AS x5_8, grid(i, 5, 8) AS same_5_8, grid(i, 8, 8) AS image,
       grid(i, 7, 3) AS x7_3, grid(i, 5, 3) AS source, grid(i, 4, 3) AS target, grid(i + 1, 4, 3) AS next, (ARRAY['a', 'b', 'c'])[1 + i % 3] AS kind,
       (i % 5) / 4.0 AS price, i % 2 AS same, (i % 7) / 8.0 AS n1, (i % 3) / 8.0 AS n2, (i % 4) / 8.0 AS n3
FROM generate_series(1, 60) i;

-- packs columns, trains the newest architecture for one iteration and predicts: rows that were predicted, and whether the loss is a number
CREATE FUNCTION try(made text, dependent text, independent text, compile text, dependent_type text DEFAULT NULL, OUT predicted bigint, OUT sane boolean)
LANGUAGE plpgsql AS $$
DECLARE
    newest integer;
BEGIN
    SELECT max(model_id) INTO newest FROM archs;
    PERFORM cerebro.training_preprocessor_dl('rows', made || '_packed', dependent, independent, dependent_type => dependent_type, num_partitions => 2);
    PERFORM cerebro.load_model_selection_table('archs', made || '_configs', ARRAY[newest], ARRAY[compile], ARRAY['batch_size=8,epochs=1']);
    PERFORM cerebro.fit_multiple_model(made || '_packed', made, made || '_configs', 1, workers => 0);
    PERFORM cerebro.predict(made, 'rows', 'id', independent, made || '_said');
    EXECUTE format('SELECT count(*) FROM %I', made || '_said') INTO predicted;
    EXECUTE format('SELECT training_loss_final > 0 AND training_loss_final < 100 FROM %I', made || '_info') INTO sane;
END $$;

SELECT cerebro.load_model('archs', :'nested', name => 'a model in a list');
SELECT * FROM try('nested', 'kind', 'x4', $$optimizer='Adam',loss='categorical_crossentropy',metrics=['accuracy']$$);
SELECT cerebro.load_model('archs', :'siamese', name => 'a shared model');
SELECT * FROM try('siamese', 'same', 'left_words, right_words', $$optimizer='Adam',loss='binary_crossentropy'$$, 'real');
SELECT cerebro.load_model('archs', :'transformer', name => 'attention');
SELECT * FROM try('transformer', 'same_5_8', 'x5_8', $$optimizer='Adam',loss='mse'$$);
SELECT cerebro.load_model('archs', :'seq2seq', name => 'states');
SELECT * FROM try('seq2seq', 'next', 'source, target', $$optimizer='RMSprop',loss='categorical_crossentropy'$$);

-- files of TensorFlow.js
SET client_min_messages = notice;
SELECT cerebro.load_model('archs', :'tfjs', name => 'a converted model');
SET client_min_messages = warning;
SELECT * FROM try('tfjs', 'same', 'image', $$optimizer='SGD(lr=0.1)',loss='categorical_crossentropy'$$);
SELECT cerebro.load_model('archs', :'browser', name => 'made in a browser');
SELECT * FROM try('browser', 'price', 'x7_3', $$optimizer='SGD(lr=0.1)',loss='mse'$$, 'real');

-- losses and their weights by the names of outputs; a list in the order of the outputs is the same
SET client_min_messages = notice;
SELECT cerebro.load_model('archs', :'outputs', name => 'named outputs');
SET client_min_messages = warning;
SELECT * FROM try('named', 'kind, price', 'x4',
    $$optimizer='SGD(lr=0.1)',loss={'price': 'mse', 'kind': 'categorical_crossentropy'},loss_weights={'price': 0.25}$$, 'one_hot, real');
SELECT * FROM try('listed', 'kind, price', 'x4',
    $$optimizer='SGD(lr=0.1)',loss=['categorical_crossentropy', 'mse'],loss_weights=[1, 0.25]$$, 'one_hot, real');
SELECT n.training_loss_final = l.training_loss_final AS same FROM named_info n, listed_info l;
SELECT loss_type FROM named_info;
-- metrics likewise: those of each output, or one list for both
SELECT * FROM try('metrics', 'kind, price', 'x4',
    $$optimizer='SGD(lr=0.1)',loss={'price': 'mse', 'kind': 'categorical_crossentropy'},metrics={'price': ['mae', 'r2'], 'kind': 'accuracy'}$$,
    'one_hot, real');
SELECT metric_names, metrics_type FROM metrics_info;
SELECT * FROM try('lists', 'kind, price', 'x4',
    $$optimizer='SGD(lr=0.1)',loss=['categorical_crossentropy', 'mse'],metrics=[[], ['mae']]$$, 'one_hot, real');
SELECT metric_names, metrics_type FROM lists_info;
SELECT * FROM try('no_output', 'kind, price', 'x4', $$optimizer='SGD',loss='mse',metrics={'kinds': ['mae']}$$, 'one_hot, real');
SELECT * FROM try('one_list', 'kind, price', 'x4', $$optimizer='SGD',loss='mse',metrics=[['mae']]$$, 'one_hot, real');
SELECT * FROM try('mixed', 'kind, price', 'x4', $$optimizer='SGD',loss='mse',metrics=['mae', ['accuracy']]$$, 'one_hot, real');
SELECT * FROM try('unknown', 'kind, price', 'x4', $$optimizer='SGD',loss={'prize': 'mse', 'kind': 'categorical_crossentropy'}$$, 'one_hot, real');
SELECT * FROM try('missing', 'kind, price', 'x4', $$optimizer='SGD',loss={'kind': 'categorical_crossentropy'}$$, 'one_hot, real');
SELECT * FROM try('weights', 'kind, price', 'x4', $$optimizer='SGD',loss='mse',loss_weights={'kinds': 2}$$, 'one_hot, real');
SELECT * FROM try('number', 'kind, price', 'x4', $$optimizer='SGD',loss={'kind': 3}$$, 'one_hot, real');

-- a model that states no input shape has that of each packed table
SET client_min_messages = notice;
SELECT cerebro.load_model('archs', :'open', name => 'no shape');
SET client_min_messages = warning;
SELECT * FROM try('four', 'same', 'x4', $$optimizer='Adam',loss='categorical_crossentropy'$$);
SELECT * FROM try('three', 'same', 'n1, n2, n3', $$optimizer='Adam',loss='categorical_crossentropy'$$);
SELECT octet_length(f.model_weights) / 4 AS four, octet_length(t.model_weights) / 4 AS three FROM four f, three t;
SELECT count(*) > 0 AS explained FROM cerebro.explain_fit_multiple_model('four_packed', 'new', 'four_configs', 2, workers => 0);
SELECT cerebro.fit_multiple_model('four_packed', 'four', 'four_configs', 1, workers => 0, warm_start => true);
SELECT cerebro.evaluate('four', 'four_packed', 'four_scores');
SELECT count(*) AS scores FROM four_scores;
SELECT cerebro.predict('four', 'rows', 'id', 'x7_3', 'wrong_said');
SELECT * FROM try('too_many', 'same', 'x4, x7_3', $$optimizer='Adam',loss='categorical_crossentropy'$$);

-- what is refused
SELECT cerebro.load_model('archs', '{"class_name": "Sequential", "config": [{"class_name": "Lambda", "config": {"name": "scale", "function": ["4wEAAAA=", null, null]}}]}');
SELECT cerebro.load_model('archs', '{"class_name": "Sequential", "config": [{"class_name": "Gate", "module": "mine", "registered_name": "mine>Gate", "config": {"name": "gate"}}]}');
SELECT cerebro.load_model('archs', '{"class_name": "Sequential", "keras_version": "1.2.2", "config": []}');
SELECT cerebro.load_model('archs', '{"class_name": "Sequential", "config": [{"class_name": "Dense", "config": {"name": "dense_1", "output_dim": 3, "init": "uniform", "input_dim": 4}}]}');
SELECT cerebro.load_model('archs', '{"format": "graph-model", "modelTopology": {"node": []}}');
SELECT cerebro.load_model('archs', '{"class_name": "Sequential", "config": [{"class_name": "TFOpLambda", "config": {"name": "tf.image.resize", "function": "image.resize"}}]}');
SELECT cerebro.load_model('archs', '{"class_name": "Sequential", "config": [{"class_name": "Bidirectional", "config": {"name": "both", "layer": {"class_name": "Dense", "config": {"units": 2}}}}]}');
SELECT cerebro.load_model('archs', '{"class_name": "Sequential", "config": [{"class_name": "LSTM", "config": {"name": "lstm", "units": 2, "stateful": true, "input_shape": [4, 2]}}]}');
SELECT cerebro.load_model('archs', '{"class_name": "Sequential", "config": [{"class_name": "Dense", "config": {"name": "dense", "units": 2, "input_shape": [4]}}, {"class_name": "Sequential", "config": {"name": "inner", "layers": [{"class_name": "LSTM", "config": {"name": "lstm", "units": 2}}]}}]}');
SELECT count(*) AS architectures FROM archs;
DROP SCHEMA forms CASCADE;
