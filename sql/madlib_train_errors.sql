-- What MADlib's functions of training and scoring refuse, in MADlib's words.
SET client_min_messages = warning;
\set SHOW_CONTEXT never
\pset null '(null)'
CREATE EXTENSION pg_cerebro_madlib;
CREATE SCHEMA madlib_refused;
SET search_path = madlib_refused, public;
CREATE TABLE rows AS SELECT i AS id, ARRAY[i % 7, i % 3]::real[] AS x, (ARRAY['a', 'b'])[1 + i % 2] AS y, 'text'::text AS words FROM generate_series(1, 40) i;
SELECT madlib.training_preprocessor_dl('rows', 'packed', 'y', 'x', 20);
SELECT madlib.validation_preprocessor_dl('rows', 'packed_val', 'y', 'x', 'packed');
SELECT madlib.load_keras_model('archs', $${"class_name": "Sequential", "config": [{"class_name": "Dense", "config": {"name": "d", "units": 2, "activation": "softmax", "batch_input_shape": [null, 2]}}]}$$::json);
SELECT madlib.load_keras_model('archs', '{"config": "no layers"}'::json);
SELECT madlib.load_keras_model('archs', '{"class_name": "Sequential", "config": [{"class_name": "Dense", "config": {"name": "d", "units": 2}}]}'::json);
SELECT madlib.load_keras_model('archs', '{"class_name": "Sequential", "config": [{"class_name": "Flatten", "config": {"name": "f", "batch_input_shape": [null, 2]}}]}'::json);
SELECT madlib.load_keras_model('archs', '{"class_name": "Sequential", "config": [{"class_name": "Dense", "config": {"name": "d", "units": 2, "batch_input_shape": [null, 3]}}]}'::json);
SELECT madlib.load_keras_model('archs', $${"class_name": "Sequential", "config": [{"class_name": "Dense", "config": {"name": "d", "units": 2, "activation": "softmax", "batch_input_shape": [null, 2]}}]}$$::json, '\x00000000');
CREATE TABLE empty (LIKE packed);
CREATE TABLE empty_summary AS SELECT * FROM packed_summary;

-- madlib_keras_fit
\set good 'loss=''categorical_crossentropy'', optimizer=''adam'', metrics=[''accuracy'']'
CREATE FUNCTION fit(source text, compile text DEFAULT 'loss=''categorical_crossentropy'', optimizer=''adam''', fit text DEFAULT 'batch_size=5', model text DEFAULT 'no',
    arch text DEFAULT 'archs', id int DEFAULT 1, iterations int DEFAULT 2, validation text DEFAULT NULL, frequency int DEFAULT NULL, warm boolean DEFAULT false,
    objects text DEFAULT NULL, gpus boolean DEFAULT false) RETURNS void LANGUAGE sql AS
    $$ SELECT madlib.madlib_keras_fit(source, model, arch, id, compile, fit, iterations, gpus, validation, frequency, warm, NULL, NULL, objects) $$;
SELECT fit('packed', NULL);
SELECT fit('packed', '  ');
SELECT fit(NULL);
SELECT fit('nowhere');
SELECT fit('empty');
SELECT fit('rows');
SELECT cerebro.training_preprocessor_dl('rows', 'by_word', 'y', 'x', grouping_cols => 'words', min_rows => 1);
SELECT fit('by_word');
SELECT fit('packed', model => NULL);
SELECT fit('packed', model => 'rows');
SELECT fit('packed', model => '1st');
SELECT fit('packed', arch => 'nowhere');
SELECT fit('packed', arch => 'rows');
SELECT fit('packed', id => 99);
SELECT fit('packed', id => NULL);
SELECT fit('packed', id => 2);
SELECT fit('packed', id => 3);
SELECT fit('packed', id => 4);
SELECT fit('packed', id => 5);
SELECT fit('packed', id => 6);
SELECT fit('packed', iterations => 0);
SELECT fit('packed', frequency => 3);
SELECT fit('packed', frequency => 0);
SELECT fit('packed', validation => 'nowhere');
SELECT fit('packed', validation => 'rows');
SELECT fit('packed', warm => true);
CREATE TABLE no AS SELECT '\x00'::bytea AS model_weights;
SELECT fit('packed', warm => true);
DROP TABLE no;
SELECT fit('packed', objects => 'other.functions');
SELECT fit('packed', objects => 'nowhere');
SELECT fit('packed', gpus => true) WHERE madlib._device_count() = 0;

-- packed tables that are none
CREATE TABLE old_packed AS SELECT * FROM packed;
CREATE TABLE old_packed_summary AS SELECT 'y'::text AS dependent_varname, 'x'::text AS independent_varname;
SELECT fit('old_packed');
CREATE TABLE lost_packed AS SELECT y, y_shape, buffer_id FROM packed;
CREATE TABLE lost_packed_summary AS SELECT * FROM packed_summary;
SELECT fit('lost_packed');
CREATE TABLE plain_packed AS SELECT x, 1 AS y, x_shape, y_shape, buffer_id FROM packed;
CREATE TABLE plain_packed_summary AS SELECT * FROM packed_summary;
SELECT fit('plain_packed');
CREATE TABLE shapeless_packed AS SELECT x, y, y_shape, buffer_id FROM packed;
CREATE TABLE shapeless_packed_summary AS SELECT * FROM packed_summary;
SELECT fit('shapeless_packed');
CREATE TABLE torn_packed AS SELECT substr(x, 1, 7) AS x, y, x_shape, y_shape, buffer_id FROM packed;
CREATE TABLE torn_packed_summary AS SELECT * FROM packed_summary;
SELECT fit('torn_packed');
CREATE TABLE nameless_packed_summary AS SELECT 1 AS nothing;
CREATE TABLE nameless_packed AS SELECT * FROM packed;
SELECT fit('nameless_packed');

-- compile_params
SELECT fit('packed', 'optimizer=''adam'', loss=''mse'', learning=''fast''');
SELECT fit('packed', 'loss=''mse''');
SELECT fit('packed', 'optimizer=''adam''');
SELECT fit('packed', 'optimizer=''fastest'', loss=''mse''');
SELECT fit('packed', 'optimizer=''fastest(lr=1)'', loss=''mse''');
SELECT fit('packed', 'optimizer=''adam'', loss=''sparse_categorical_crossentropy''');
SELECT fit('packed', 'optimizer=''adam'', loss=''serialize''');
SELECT fit('packed', 'optimizer=''adam'', loss=''mse'', metrics=''accuracy''');
SELECT fit('packed', 'optimizer=''adam'', loss=''mse'', metrics=[accuracy]');
SELECT fit('packed', 'optimizer=''adam'', loss=''mse'', metrics=[''sparse_categorical_accuracy'']');
SELECT fit('packed', 'optimizer=''adam'', loss=''mse'', metrics=[''deserialize'']');
SELECT fit('packed', 'optimizer=''adam'', loss=''mse'', loss_weights=3');
SELECT fit('packed', 'optimizer=''adam'', loss=''mse'', weighted_metrics=3');
SELECT fit('packed', 'optimizer=''adam'', loss=''mse'', sample_weight_mode=''spatial''');
SELECT fit('packed', 'optimizer=''adam'', loss=''my_loss''');
SELECT fit('packed', 'optimizer=''adam'', loss=''mse'', metrics=[''my_metric'']');
SELECT fit('packed', 'optimizer=''adam(speed=1)'', loss=''mse''');
SELECT madlib.load_top_k_accuracy_function('refused_objects', 3);
SELECT fit('packed', 'optimizer=''adam'', loss=''my_loss''', objects => 'refused_objects');
SELECT madlib.load_custom_function('refused_objects', '\x8003632e'::bytea, 'my_loss');
SELECT fit('packed', 'optimizer=''adam'', loss=''my_loss''', objects => 'refused_objects');
CREATE ROLE madlib_writer;
ALTER TABLE madlib.refused_objects OWNER TO madlib_writer;
SELECT fit('packed', 'optimizer=''adam'', loss=''my_loss''', objects => 'refused_objects');

-- fit_params
SELECT fit('packed', fit => 'batch=3');
SELECT fit('packed', fit => 'batch_size=many');
SELECT fit('packed', fit => 'callbacks=[EarlyStopping()]');
SELECT fit('packed', fit => 'callbacks=[TensorBoard(where="/tmp")]');
SELECT fit('packed', fit => 'batch_size=0');
GRANT USAGE ON SCHEMA madlib_refused, madlib TO madlib_writer;
GRANT SELECT ON ALL TABLES IN SCHEMA madlib_refused TO madlib_writer;
GRANT CREATE ON SCHEMA madlib_refused TO madlib_writer;
SET ROLE madlib_writer;
SELECT fit('packed', fit => 'callbacks=[TensorBoard(log_dir="/tmp/logs")]');
RESET ROLE;
-- what is only ignored
SELECT fit('packed', fit => 'callbacks=[TensorBoard(log_dir="/tmp/logs")], verbose=0, batch_size=5', model => 'ignored');

-- madlib_keras_fit_multiple_model
SELECT madlib.load_model_selection_table('archs', 'mst', ARRAY[1], ARRAY[:'good'], ARRAY['batch_size=4']);
CREATE FUNCTION many(source text, output text DEFAULT 'no', mst text DEFAULT 'mst', iterations int DEFAULT 2, gpus boolean DEFAULT false, validation text DEFAULT NULL,
    frequency int DEFAULT NULL, warm boolean DEFAULT false) RETURNS void LANGUAGE sql AS
    $$ SELECT madlib.madlib_keras_fit_multiple_model(source, output, mst, iterations, gpus, validation, frequency, warm) $$;
SELECT many(NULL);
SELECT many('nowhere');
SELECT many('empty');
SELECT many('packed', NULL);
SELECT many('packed', 'rows');
SELECT many('packed', 'no', NULL);
SELECT many('packed', 'no', 'nowhere');
CREATE TABLE lone_mst AS SELECT * FROM mst;
SELECT many('packed', 'no', 'lone_mst');
CREATE TABLE bad_mst AS SELECT mst_key, model_id FROM mst;
CREATE TABLE bad_mst_summary AS SELECT * FROM mst_summary;
SELECT many('packed', 'no', 'bad_mst');
CREATE TABLE lost_mst AS SELECT * FROM mst;
CREATE TABLE lost_mst_summary AS SELECT 'nowhere'::varchar AS model_arch_table, NULL::varchar AS object_table;
SELECT many('packed', 'no', 'lost_mst');
CREATE TABLE id_mst AS SELECT mst_key, 77 AS model_id, compile_params, fit_params FROM mst;
CREATE TABLE id_mst_summary AS SELECT * FROM mst_summary;
SELECT many('packed', 'no', 'id_mst');
SELECT many('packed', iterations => 0);
SELECT many('packed', frequency => 5);
SELECT many('packed', validation => 'nowhere');
SELECT many('packed', warm => true);
SELECT many('packed', gpus => true) WHERE madlib._device_count() = 0;
SELECT many('packed', 'pg_temp.no');
CREATE TABLE no_info AS SELECT 1 AS mst_key;
SELECT many('packed');
DROP TABLE no_info;
SELECT many('packed', 'models');

-- madlib_keras_evaluate
SELECT madlib.madlib_keras_evaluate(NULL, 'packed_val', 'no');
SELECT madlib.madlib_keras_evaluate('nowhere', 'packed_val', 'no');
SELECT madlib.madlib_keras_evaluate('ignored', 'packed_val', 'no', FALSE, 1);
SELECT madlib.madlib_keras_evaluate('models', 'packed_val', 'no');
SELECT madlib.madlib_keras_evaluate('models', 'packed_val', 'no', FALSE, 9);
SELECT madlib.madlib_keras_evaluate('ignored', 'nowhere', 'no');
SELECT madlib.madlib_keras_evaluate('ignored', 'rows', 'no');
SELECT madlib.madlib_keras_evaluate('ignored', 'packed_val', NULL);
SELECT madlib.madlib_keras_evaluate('ignored', 'packed_val', 'rows');
SELECT madlib.madlib_keras_evaluate('ignored', 'lost_packed', 'no');
SELECT madlib.madlib_keras_evaluate('rows', 'packed_val', 'no');
CREATE TABLE unarch AS SELECT model_weights FROM ignored;
SELECT madlib.madlib_keras_evaluate('unarch', 'packed_val', 'no');
CREATE TABLE alone AS SELECT * FROM ignored;
SELECT madlib.madlib_keras_evaluate('alone', 'packed_val', 'no');
CREATE TABLE alone_summary AS SELECT dependent_varname, model_id FROM ignored_summary;
SELECT madlib.madlib_keras_evaluate('alone', 'packed_val', 'no');
CREATE TABLE unsummed AS SELECT * FROM models;
SELECT madlib.madlib_keras_evaluate('unsummed', 'packed_val', 'no', FALSE, 1);
SELECT madlib.madlib_keras_evaluate('ignored', 'packed_val', 'no', TRUE) WHERE madlib._device_count() = 0;

-- madlib_keras_predict
SELECT madlib.madlib_keras_predict('nowhere', 'rows', 'id', 'x', 'no');
SELECT madlib.madlib_keras_predict('ignored', 'nowhere', 'id', 'x', 'no');
SELECT madlib.madlib_keras_predict('ignored', 'rows', 'number', 'x', 'no');
SELECT madlib.madlib_keras_predict('ignored', 'rows', NULL, 'x', 'no');
SELECT madlib.madlib_keras_predict('ignored', 'rows', 'id', 'z', 'no');
SELECT madlib.madlib_keras_predict('ignored', 'rows', 'id', 'x', 'rows');
SELECT madlib.madlib_keras_predict('ignored', 'rows', 'id', 'x', 'no', 'all');
SELECT madlib.madlib_keras_predict('ignored', 'rows', 'id', 'x', 'no', 0);
SELECT madlib.madlib_keras_predict('ignored', 'rows', 'id', 'x', 'no', -2);
SELECT madlib.madlib_keras_predict('ignored', 'rows', 'id', 'x', 'no', 1.0::double precision);
SELECT madlib.madlib_keras_predict('ignored', 'rows', 'id', 'x', 'no', 'prob', FALSE, 1);
SELECT madlib.madlib_keras_predict('models', 'rows', 'id', 'x', 'no');
SELECT madlib.madlib_keras_predict('models', 'rows', 'id', 'x', 'no', 'prob', FALSE, 9);
CREATE TABLE wide AS SELECT 1 AS id, ARRAY[1, 2, 3]::real[] AS x;
SELECT madlib.madlib_keras_predict('ignored', 'wide', 'id', 'x', 'no');

-- madlib_keras_predict_byom
SELECT madlib.madlib_keras_predict_byom('nowhere', 1, 'rows', 'id', 'x', 'no');
SELECT madlib.madlib_keras_predict_byom('archs', 99, 'rows', 'id', 'x', 'no');
SELECT madlib.madlib_keras_predict_byom('archs', 1, 'rows', 'id', 'x', 'no');
SELECT madlib.madlib_keras_predict_byom('archs', 6, 'rows', 'id', 'x', 'no');
SELECT madlib.madlib_keras_predict_byom('archs', 6, 'nowhere', 'id', 'x', 'no');
SELECT madlib.madlib_keras_predict_byom('archs', 6, 'rows', 'number', 'x', 'no');
SELECT madlib.madlib_keras_predict_byom('archs', 6, 'rows', 'id', 'z', 'no');
SELECT madlib.madlib_keras_predict_byom('archs', 6, 'wide', 'id', 'x', 'no');
SELECT madlib.madlib_keras_predict_byom('archs', 6, 'rows', 'id', 'x', 'no', 'most');
SELECT madlib.madlib_keras_predict_byom('archs', 6, 'rows', 'id', 'x', 'no', 0);
SELECT madlib.madlib_keras_predict_byom('archs', 6, 'rows', 'id', 'x', 'no', -0.5::double precision);
SELECT madlib.madlib_keras_predict_byom('archs', 6, 'rows', 'id', 'x', 'no', 'prob', FALSE, NULL, 0);
SELECT madlib.madlib_keras_predict_byom('archs', 6, 'rows', 'id', 'x', 'no', 'prob', FALSE, ARRAY[ARRAY['a', 'b', 'c']]);
SELECT relname FROM pg_class WHERE relname = 'no' OR relname LIKE '%madlib_temp%' AND relkind IN ('r', 'v');
SELECT current_setting('search_path'), current_setting('client_min_messages');
DROP TABLE madlib.refused_objects;
DROP SCHEMA madlib_refused CASCADE;
DROP OWNED BY madlib_writer;
DROP ROLE madlib_writer;
DROP EXTENSION pg_cerebro_madlib;
