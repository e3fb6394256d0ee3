-- Tables of architectures and of custom functions, with every message.
\set VERBOSITY terse
SET client_min_messages = notice;
CREATE EXTENSION pg_cerebro_madlib;

-- the manual's example; the JSON is not looked at
SELECT madlib.load_keras_model('madlib_archs', $${"class_name": "Sequential", "keras_version": "2.1.6", "config": [{"class_name": "Dense",
    "config": {"units": 3, "batch_input_shape": [null, 4], "activation": "softmax", "name": "dense_1"}}], "backend": "tensorflow"}$$::json,
    NULL, 'Sophie', 'A simple model');
SELECT madlib.load_keras_model('madlib_archs', '{"config" : [1,2,3]}', 'dummy weights'::bytea, 'Maria');
SELECT madlib.load_keras_model('madlib_archs', '{"config" : [1]}', 'w'::bytea);
SELECT madlib.load_keras_model('madlib_archs', '{"a" : 1}');
SELECT madlib.load_keras_model('madlib_archs', NULL::json);
SELECT model_id, name, description, octet_length(model_weights) AS weights, model_arch ->> 'keras_version' AS version,
    __internal_madlib_id__ ~ '^__madlib_temp_' AS id FROM madlib_archs ORDER BY model_id;
SELECT string_agg(column_name || ' ' || data_type, ', ' ORDER BY ordinal_position) AS columns FROM information_schema.columns WHERE table_name = 'madlib_archs';
SELECT madlib.delete_keras_model('madlib_archs', 2);
-- the next model_id follows the greatest
SELECT madlib.load_keras_model('madlib_archs', '{}');
SELECT madlib.delete_keras_model('madlib_archs', 99);
SELECT madlib.delete_keras_model('madlib_archs', NULL);
SELECT madlib.delete_keras_model('missing', 1);
SELECT madlib.delete_keras_model(NULL, 1);
SELECT madlib.load_keras_model(NULL, '{}'::json);
SELECT madlib.load_keras_model('', '{}'::json);
-- the main extension takes the table, and the other way round
SELECT cerebro.load_model('madlib_archs', (SELECT model_arch FROM madlib_archs WHERE model_id = 1));
SELECT madlib.load_keras_model('madlib_archs', '{}');
SELECT madlib.delete_keras_model('madlib_archs', m) FROM unnest(ARRAY[1, 3, 4, 5, 6, 7, 8]) m;
SELECT cerebro.load_model('madlib_archs', $${"class_name": "Sequential", "config": [{"class_name": "Dense",
    "config": {"units": 3, "batch_input_shape": [null, 4], "activation": "softmax", "name": "dense_1"}}]}$$);
SELECT madlib.load_keras_model('madlib_archs', '{}');
SELECT madlib.delete_keras_model('madlib_archs', m) FROM unnest(ARRAY[1, 2]) m;
SELECT to_regclass('madlib_archs') IS NULL AS dropped;
-- names: as written, or qualified
SELECT madlib.load_keras_model('Madlib Archs', '{}');
SELECT madlib.delete_keras_model('Madlib Archs', 1);
CREATE SCHEMA madlib_s;
SELECT madlib.load_keras_model('madlib_s.archs', '{}');
SELECT madlib.load_keras_model('madlib_s."Archs 2"', '{}');
SELECT madlib.delete_keras_model('madlib_s.archs', 1);
SELECT madlib.delete_keras_model('madlib_s."Archs 2"', 1);
DROP SCHEMA madlib_s;
CREATE TABLE madlib_none (model_id integer, name text);
SELECT madlib.load_keras_model('madlib_none', '{}');
INSERT INTO madlib_none VALUES (1);
SELECT madlib.delete_keras_model('madlib_none', 1);

-- custom functions
SELECT madlib.load_custom_function('madlib_functions', '\x80027d00282e', 'test_custom_fn', 'a test');
SELECT madlib.load_custom_function('madlib_functions', convert_to('def scripted(y_true, y_pred): return y_pred - y_true', 'UTF8'), 'scripted');
SELECT madlib.load_top_k_accuracy_function('madlib_functions', 3);
SELECT id, name, description, octet_length(object) AS bytes FROM madlib.madlib_functions ORDER BY id;
SELECT madlib.load_custom_function('madlib_functions', '\x80027d00282e', 'test_custom_fn');
SELECT madlib.load_top_k_accuracy_function('madlib_functions', 3);
SELECT madlib.load_custom_function('madlib_functions', NULL, 'name');
SELECT madlib.load_custom_function('madlib_functions', 'no function', 'name');
SELECT madlib.load_custom_function('madlib_functions', '\x80', 'name');
SELECT madlib.load_custom_function('madlib_functions', '\x80027d00282e', NULL);
SELECT madlib.load_custom_function(NULL, '\x80027d00282e', 'name');
SELECT madlib.load_top_k_accuracy_function('madlib_functions', 0);
SELECT madlib.load_top_k_accuracy_function('madlib_functions', -3);
SELECT madlib.load_top_k_accuracy_function('madlib_functions', NULL);
SELECT madlib.load_top_k_accuracy_function(NULL, 3);
SELECT madlib.delete_custom_function('madlib_functions', 99);
SELECT madlib.delete_custom_function('madlib_functions', 'missing');
SELECT madlib.delete_custom_function('madlib_functions', NULL::integer);
SELECT madlib.delete_custom_function('madlib_functions', NULL::text);
SELECT madlib.delete_custom_function('missing', 1);
SELECT madlib.delete_custom_function(NULL, 1);
CREATE TABLE madlib.madlib_bad (id integer, name text);
INSERT INTO madlib.madlib_bad VALUES (1, 'a');
SELECT madlib.load_custom_function('madlib_bad', '\x80027d00282e', 'name');
SELECT madlib.delete_custom_function('madlib_bad', 1);
DROP TABLE madlib.madlib_bad;
-- others may read them, not change them
CREATE ROLE madlib_user;
SET ROLE madlib_user;
SELECT count(*) FROM madlib.madlib_functions;
SELECT madlib.load_custom_function('madlib_functions', '\x80027d00282e', 'name');
SELECT madlib.load_top_k_accuracy_function('madlib_functions', 5);
SELECT madlib.delete_custom_function('madlib_functions', 1);
RESET ROLE;
DROP ROLE madlib_user;
SELECT madlib.delete_custom_function('madlib_functions', 1);
SELECT madlib.delete_custom_function('madlib_functions', 'scripted');
SELECT madlib.delete_custom_function('madlib_functions', 'top_3_accuracy');
SELECT to_regclass('madlib.madlib_functions') IS NULL AS dropped;
DROP TABLE madlib_none;
DROP EXTENSION pg_cerebro_madlib;
