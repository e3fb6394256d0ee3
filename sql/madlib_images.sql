-- MADlib's notebooks on images, with small ones: transfer learning from digits below five to the others, and model selection
-- between a CNN and a deeper one with batch normalisation on images of three channels.
\set data `echo "$CEREBRO_TEST_DATA"`
SET client_min_messages = warning;
\set SHOW_CONTEXT never
CREATE EXTENSION pg_cerebro_madlib;
CREATE SCHEMA madlib_images;
SET search_path = madlib_images, public;
\i :data/load_digits.sql
-- 8 x 8 pixels of one channel, as Keras has them
CREATE FUNCTION image(pixels smallint[]) RETURNS integer[] LANGUAGE sql IMMUTABLE AS $$
    SELECT ('{' || string_agg('{' || (SELECT string_agg('{' || pixels[r * 8 + c] || '}', ',' ORDER BY c) FROM generate_series(1, 8) c) || '}', ',' ORDER BY r) || '}')::integer[]
    FROM generate_series(0, 7) r $$;
CREATE TABLE train_lt5 AS SELECT id, label AS y, image(pixels) AS x FROM digits_train WHERE label < 5;
CREATE TABLE test_lt5 AS SELECT id, label AS y, image(pixels) AS x FROM digits_val WHERE label < 5;
CREATE TABLE train_gte5 AS SELECT id, label AS y, image(pixels) AS x FROM digits_train WHERE label >= 5;
CREATE TABLE test_gte5 AS SELECT id, label AS y, image(pixels) AS x FROM digits_val WHERE label >= 5;
SELECT array_dims(x), count(*) FROM train_lt5 GROUP BY 1;
SELECT setseed(0.5);
SELECT madlib.training_preprocessor_dl('train_lt5', 'train_lt5_packed', 'y', 'x', 250, 16);
SELECT madlib.validation_preprocessor_dl('test_lt5', 'test_lt5_packed', 'y', 'x', 'train_lt5_packed');
SELECT madlib.training_preprocessor_dl('train_gte5', 'train_gte5_packed', 'y', 'x', 250, 16);
SELECT madlib.validation_preprocessor_dl('test_gte5', 'test_gte5_packed', 'y', 'x', 'train_gte5_packed');
SELECT x_shape, y_shape FROM train_lt5_packed ORDER BY buffer_id;

-- the notebook's network, with fewer filters; its convolutions are frozen in the second model
CREATE FUNCTION cnn(frozen boolean) RETURNS json LANGUAGE sql IMMUTABLE AS $$ SELECT replace($j${"class_name": "Sequential", "keras_version": "2.2.4-tf", "backend": "tensorflow", "config": {"name": "sequential", "layers": [
 {"class_name": "Conv2D", "config": {"name": "conv2d_1", "trainable": TRAINABLE, "batch_input_shape": [null, 8, 8, 1], "dtype": "float32", "filters": 8, "kernel_size": [3, 3], "strides": [1, 1], "padding": "valid", "data_format": "channels_last", "dilation_rate": [1, 1], "activation": "linear", "use_bias": true, "kernel_initializer": {"class_name": "GlorotUniform", "config": {"seed": null, "dtype": "float32"}}, "bias_initializer": {"class_name": "Zeros", "config": {"dtype": "float32"}}, "kernel_regularizer": null, "bias_regularizer": null, "activity_regularizer": null, "kernel_constraint": null, "bias_constraint": null}},
 {"class_name": "Activation", "config": {"name": "activation_1", "trainable": TRAINABLE, "dtype": "float32", "activation": "relu"}},
 {"class_name": "Conv2D", "config": {"name": "conv2d_2", "trainable": TRAINABLE, "dtype": "float32", "filters": 8, "kernel_size": [3, 3], "strides": [1, 1], "padding": "valid", "data_format": "channels_last", "dilation_rate": [1, 1], "activation": "linear", "use_bias": true}},
 {"class_name": "Activation", "config": {"name": "activation_2", "trainable": TRAINABLE, "activation": "relu"}},
 {"class_name": "MaxPooling2D", "config": {"name": "max_pooling2d_1", "trainable": TRAINABLE, "pool_size": [2, 2], "padding": "valid", "strides": [2, 2], "data_format": "channels_last"}},
 {"class_name": "Dropout", "config": {"name": "dropout_1", "trainable": TRAINABLE, "rate": 0.25, "noise_shape": null, "seed": null}},
 {"class_name": "Flatten", "config": {"name": "flatten_1", "trainable": TRAINABLE, "data_format": "channels_last"}},
 {"class_name": "Dense", "config": {"name": "dense_1", "trainable": true, "units": 32, "activation": "linear", "use_bias": true}},
 {"class_name": "Activation", "config": {"name": "activation_3", "trainable": true, "activation": "relu"}},
 {"class_name": "Dropout", "config": {"name": "dropout_2", "trainable": true, "rate": 0.5, "noise_shape": null, "seed": null}},
 {"class_name": "Dense", "config": {"name": "dense_2", "trainable": true, "units": 5, "activation": "linear", "use_bias": true}},
 {"class_name": "Activation", "config": {"name": "activation_4", "trainable": true, "activation": "softmax"}}]}}$j$, 'TRAINABLE', CASE WHEN frozen THEN 'false' ELSE 'true' END)::json $$;
SELECT madlib.load_keras_model('model_arch_library', cnn(false), NULL, 'feature + classification layers trainable');
SELECT madlib.madlib_keras_fit('train_lt5_packed', 'digits_model', 'model_arch_library', 1,
    $$ loss='categorical_crossentropy', optimizer='adadelta(lr=1.0)', metrics=['accuracy']$$, $$ batch_size=32, epochs=3 $$, 8, FALSE, 'test_lt5_packed', 4);
SELECT training_metrics_final > 0.9 AS training, validation_metrics_final > 0.9 AS validation, y_class_values, num_classes, normalizing_const, metrics_iters FROM digits_model_summary;
SELECT madlib.load_keras_model('model_arch_library', cnn(true), (SELECT model_weights FROM digits_model), 'only classification layers trainable');
-- where several segments average, each trains on its own rows alone: a model learns less in an iteration than on one server
SELECT madlib.madlib_keras_fit('train_gte5_packed', 'digits_transfer', 'model_arch_library', 2,
    $$ loss='categorical_crossentropy', optimizer='adadelta(lr=1.0)', metrics=['accuracy']$$, $$ batch_size=32, epochs=3 $$, 16, FALSE, 'test_gte5_packed');
SELECT training_metrics_final > 0.85 AS training, validation_metrics_final > 0.8 AS validation, y_class_values FROM digits_transfer_summary;
-- convolutions are 80 and 584 weights
SELECT substr(a.model_weights, 1, 4 * 664) = substr(b.model_weights, 1, 4 * 664) AS convolutions_same, a.model_weights <> b.model_weights AS head_differs
FROM digits_model a, digits_transfer b;
SELECT madlib.madlib_keras_predict('digits_transfer', 'test_gte5', 'id', 'x', 'digits_said', 2);
SELECT count(*) AS rows, count(DISTINCT id) AS ids, max(rank) AS ranks, avg((class_value::int = y)::int) FILTER (WHERE rank = 1) > 0.8 AS accuracy FROM digits_said JOIN test_gte5 USING (id);
SELECT madlib.madlib_keras_predict('digits_transfer', 'test_gte5', 'id', 'x', 'digits_sure', 0.9::double precision);
SELECT bool_and(prob > 0.9) AS sure, count(*) = count(DISTINCT id) AS one_each FROM digits_sure;
-- the model that was brought along: the weights of the table of architectures, classes and the constant by hand
SELECT madlib.load_keras_model('byom_library', (SELECT model_arch FROM digits_transfer), (SELECT model_weights FROM digits_transfer));
SELECT madlib.madlib_keras_predict_byom('byom_library', 1, 'test_gte5', 'id', 'x', 'digits_byom', 'response', FALSE, ARRAY[ARRAY['five', 'six', 'seven', 'eight', 'nine']], 16.0);
SELECT count(*), count(*) FILTER (WHERE b.prob = s.prob AND b.class_value = (ARRAY['five', 'six', 'seven', 'eight', 'nine'])[s.class_value::int - 4]) AS same
FROM digits_byom b JOIN digits_said s USING (id) WHERE s.rank = 1;

-- images of three channels: which one is bright says the class
CREATE TABLE colours AS SELECT i AS id, (ARRAY['red', 'green', 'blue', 'grey'])[1 + i % 4] AS y, ('{' || string_agg(line, ',' ORDER BY r) || '}')::integer[] AS x FROM
    (SELECT i, r, '{' || string_agg(pixel, ',' ORDER BY c) || '}' AS line FROM
        (SELECT i, r, c, '{' || string_agg((((i * 7919 + r * 104729 + c * 1299709 + ch * 15485863) % 97 + 97) % 97 + CASE WHEN ch = i % 4 THEN 90 ELSE 0 END)::text, ',' ORDER BY ch) || '}' AS pixel
         FROM generate_series(1, 400) i, generate_series(0, 7) r, generate_series(0, 7) c, generate_series(0, 2) ch GROUP BY i, r, c) p GROUP BY i, r) l GROUP BY i;
CREATE TABLE colours_train AS SELECT * FROM colours WHERE id % 5 <> 0;
CREATE TABLE colours_test AS SELECT * FROM colours WHERE id % 5 = 0;
SELECT madlib.training_preprocessor_dl('colours_train', 'colours_packed', 'y', 'x', 80, 256);
SELECT madlib.validation_preprocessor_dl('colours_test', 'colours_val', 'y', 'x', 'colours_packed');
SELECT madlib.load_keras_model('colour_library', $${"class_name": "Sequential", "keras_version": "2.1.6", "config": [
 {"class_name": "Conv2D", "config": {"name": "c1", "filters": 8, "kernel_size": [3, 3], "padding": "same", "batch_input_shape": [null, 8, 8, 3]}},
 {"class_name": "Activation", "config": {"name": "a1", "activation": "relu"}},
 {"class_name": "MaxPooling2D", "config": {"name": "p1", "pool_size": [2, 2]}},
 {"class_name": "Dropout", "config": {"name": "d1", "rate": 0.25}},
 {"class_name": "Flatten", "config": {"name": "f"}},
 {"class_name": "Dense", "config": {"name": "out", "units": 4, "activation": "softmax"}}]}$$::json, NULL, 'CNN');
SELECT madlib.load_keras_model('colour_library', $${"class_name": "Sequential", "keras_version": "2.10.0", "config": {"name": "vgg", "layers": [
 {"class_name": "InputLayer", "config": {"batch_input_shape": [null, 8, 8, 3], "dtype": "float32", "sparse": false, "ragged": false, "name": "conv2d_input"}},
 {"class_name": "Conv2D", "config": {"name": "c1", "filters": 6, "kernel_size": [3, 3], "padding": "same", "activation": "relu", "batch_input_shape": [null, 8, 8, 3], "kernel_initializer": {"class_name": "HeUniform", "config": {"seed": null}}}},
 {"class_name": "BatchNormalization", "config": {"name": "b1", "axis": [3], "momentum": 0.9, "epsilon": 0.001}},
 {"class_name": "Conv2D", "config": {"name": "c2", "filters": 6, "kernel_size": [3, 3], "padding": "same", "activation": "relu", "kernel_initializer": {"class_name": "HeUniform", "config": {"seed": null}}}},
 {"class_name": "BatchNormalization", "config": {"name": "b2", "axis": [3], "momentum": 0.9, "epsilon": 0.001}},
 {"class_name": "AveragePooling2D", "config": {"name": "p", "pool_size": [2, 2]}},
 {"class_name": "Flatten", "config": {"name": "f"}},
 {"class_name": "Dense", "config": {"name": "d", "units": 16, "activation": "relu"}},
 {"class_name": "Dense", "config": {"name": "out", "units": 4, "activation": "softmax"}}]}}$$::json, NULL, 'VGG');
SELECT madlib.generate_model_configs('colour_library', 'colour_mst', ARRAY[1, 2],
    $$ {'loss': ['categorical_crossentropy'], 'optimizer_params_list': [{'optimizer': ['rmsprop', 'adam'], 'lr': [0.001, 0.01]}], 'metrics': ['accuracy']} $$,
    $$ {'batch_size': [16], 'epochs': [2]} $$, 'grid');
SELECT madlib.madlib_keras_fit_multiple_model('colours_packed', 'colour_models', 'colour_mst', 4, FALSE, 'colours_val', 1);
SELECT model_id, count(*), max(validation_metrics_final) >= 0.9 AS best, bool_and(array_length(validation_loss, 1) = 4) AS curves FROM colour_models_info GROUP BY 1 ORDER BY 1;
SELECT mst_key AS best FROM colour_models_info ORDER BY validation_loss_final, mst_key LIMIT 1 \gset
SELECT madlib.madlib_keras_predict('colour_models', 'colours_test', 'id', 'x', 'colours_said', 'response', FALSE, :best);
SELECT avg((class_value = y)::int) >= 0.9 AS accuracy FROM colours_said JOIN colours_test USING (id);
DROP SCHEMA madlib_images CASCADE;
DROP EXTENSION pg_cerebro_madlib;
