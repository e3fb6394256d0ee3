-- What random calls and mutations find in their database: small packed tables of several kinds, models of all kinds
-- of runs, a registered model,
-- files of models. Everything is made by the extension itself.
\set ON_ERROR_STOP 1
SET client_min_messages = error;
CREATE EXTENSION pg_cerebro;
CREATE EXTENSION pg_cerebro_madlib;
CREATE ROLE rc_reader;
CREATE TABLE points AS
SELECT i AS id, i % 3 AS label, i * 0.25 AS y, 'w' || i % 5 AS word, i % 4 AS kind, DATE '2024-01-01' + i AS day,
       ARRAY[(i * 7) % 11, (i * 5) % 13, i % 3, (i * 3) % 7]::real[] AS x
FROM generate_series(1, 120) i;
CREATE TABLE no_rows AS SELECT * FROM points LIMIT 0;
CREATE TABLE images AS SELECT i AS id, i % 2 AS label, array_fill((i % 7)::real, ARRAY[4, 4, 1]) AS x
    FROM generate_series(1, 24) i;
CREATE VIEW points_view AS SELECT * FROM points;
CREATE TABLE "odd ""name" AS SELECT id AS "the id", label AS "a label", x AS "x;y" FROM points LIMIT 30;

SELECT cerebro.training_preprocessor_dl('points', 'packed', 'label', 'x', num_partitions => 2, buffer_size => 16,
    seed => 1);
SELECT cerebro.validation_preprocessor_dl('points', 'packed_val', 'label', 'x', 'packed');
SELECT cerebro.training_preprocessor_dl('points', 'columns', 'y', 'word, kind, day', num_partitions => 2, seed => 1,
    validation_fraction => 0.25, preprocess => 'auto');
SELECT cerebro.training_preprocessor_dl('images', 'packed_images', 'label', 'x', num_partitions => 2, seed => 1);
SELECT cerebro.training_preprocessor_dl('points', 'grouped', 'y', 'x', grouping_cols => 'kind', min_rows => 4,
    seed => 1, dependent_type => 'real');

SELECT cerebro.load_model('archs', $$ {"class_name": "Sequential", "config": [
 {"class_name": "Dense", "config": {"name": "in", "units": 4, "activation": "relu", "batch_input_shape": [null, 4]}},
 {"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax"}}]} $$, name => 'mlp');
SELECT cerebro.load_model('archs', $$ {"class_name": "Sequential", "config": [
 {"class_name": "Dense", "config": {"name": "in", "units": 3, "activation": "tanh", "batch_input_shape": [null, 4]}},
 {"class_name": "Dense", "config": {"name": "out", "units": 1}}]} $$, name => 'regression');
SELECT cerebro.mlp('archs', 'columns', name => 'of_columns');
SELECT cerebro.load_model_selection_table('archs', 'configs', ARRAY[1],
    ARRAY[$$optimizer='Adam(lr=0.01)',loss='categorical_crossentropy',metrics=['accuracy']$$,
        $$optimizer='SGD(lr=0.1,momentum=0.9)',loss='categorical_crossentropy',metrics=['accuracy']$$],
    ARRAY['batch_size=8,epochs=1']);
SELECT cerebro.load_model_selection_table('archs', 'group_configs', ARRAY[2],
    ARRAY[$$optimizer='Adam(lr=0.02)',loss='mse',metrics=['rmse']$$], ARRAY['batch_size=8']);
SELECT cerebro.fit_multiple_model('packed', 'models', 'configs', 2, validation_table => 'packed_val',
    metrics_compute_frequency => 1, workers => 0, seed => 1);
SELECT cerebro.fit_multiple_model('grouped', 'group_models', 'group_configs', 2, workers => 0, seed => 1);
CALL cerebro.fit('packed', 'durable', 'configs', 2, workers => 0, seed => 1);
SELECT cerebro.search('packed', 'searched', 'archs', 2,
    $${'loss': ['categorical_crossentropy'], 'metrics': ['accuracy'],
    'optimizer_params_list': [{'optimizer': ['SGD', 'Adam'], 'lr': [0.001, 0.1, 'log']}]}$$, $${'batch_size': [8,
        16]}$$,
    search => $${"policy": "random", "max_models": 3}$$, validation_table => 'packed_val', model_id_list => ARRAY[1],
        seed => 1, workers => 0);
-- one that has been begun and waits to go on
SELECT cerebro.advance('packed', 'begun', 'configs', 3, workers => 0, seed => 1, iterations => 1);
SELECT cerebro.register('stump', 'models', 1);
SELECT cerebro.deploy('stump', 1);

-- the same by MADlib's functions
SELECT madlib.training_preprocessor_dl('points', 'mpacked', 'label', 'x', 30);
SELECT madlib.validation_preprocessor_dl('points', 'mpacked_val', 'label', 'x', 'mpacked');
SELECT madlib.load_custom_function('rc_custom', convert_to('def custom(y_true, y_pred): return (y_true - y_pred).abs()', 'UTF8'), 'custom');
SELECT madlib.load_top_k_accuracy_function('rc_custom', 2);
SELECT madlib.load_model_selection_table('archs', 'mconfigs', ARRAY[1],
    ARRAY[$$optimizer='Adam(lr=0.01)',loss='categorical_crossentropy',metrics=['accuracy']$$, $$optimizer='SGD',loss='custom'$$],
    ARRAY['batch_size=8'], 'rc_custom');
SELECT madlib.madlib_keras_fit_multiple_model('mpacked', 'mmodels', 'mconfigs', 1, FALSE);
SELECT madlib.madlib_keras_fit('mpacked', 'msingle', 'archs', 1, $$optimizer='adam',loss='mse',metrics=['mae']$$, 'batch_size=8', 1);

CREATE TABLE rc_states AS
SELECT cerebro.init_state('archs', 1, $$optimizer='Adam(lr=0.01)',loss='categorical_crossentropy'$$, 'batch_size=8',
    'packed') AS state;
CREATE TABLE rc_files AS
SELECT f AS format, cerebro.export_model('models', 1, f) AS data FROM unnest(ARRAY['safetensors', 'onnx', 'keras']) f;
CREATE TABLE rc_model AS SELECT cerebro.model_bytes('stump') AS data;
CREATE TABLE rc_objects AS SELECT lo_from_bytea(0, data) AS object FROM rc_files;
