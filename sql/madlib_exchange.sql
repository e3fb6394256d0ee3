-- Tables go both ways: MADlib's functions take tables that cerebro has made, and cerebro.import_madlib makes tables of cerebro
-- of those that MADlib's functions, or MADlib itself, have made.
\set data `echo "$CEREBRO_TEST_DATA"`
SET client_min_messages = warning;
\set SHOW_CONTEXT never
\pset null '(null)'
CREATE EXTENSION pg_cerebro_madlib;
CREATE SCHEMA madlib_exchange;
SET search_path = madlib_exchange, public;
\i :data/load_iris.sql
SELECT setseed(0.5);
SELECT madlib.training_preprocessor_dl('iris_train', 'packed', 'class_text', 'attributes', 60, 10.0);
SELECT madlib.validation_preprocessor_dl('iris_val', 'packed_val', 'class_text', 'attributes', 'packed');
SELECT cerebro.training_preprocessor_dl('iris_train', 'cpacked', 'class_text', 'attributes', normalizing_const => 10.0, num_partitions => 2, seed => 1);
SELECT cerebro.validation_preprocessor_dl('iris_val', 'cpacked_val', 'class_text', 'attributes', 'cpacked');
\set arch '{"class_name": "Sequential", "config": [{"class_name": "Dense", "config": {"name": "a", "units": 12, "activation": "relu", "batch_input_shape": [null, 4]}}, {"class_name": "Dense", "config": {"name": "b", "units": 3, "activation": "softmax"}}]}'
\set compile 'loss=''categorical_crossentropy'', optimizer=''Adam(lr=0.02)'', metrics=[''accuracy'']'
SELECT madlib.load_keras_model('archs', :'arch'::json);
-- an architecture table of one is one of the other
SELECT cerebro.load_model('archs', :'arch');
SELECT madlib.load_keras_model('archs', :'arch'::json);
SELECT model_id, name FROM archs ORDER BY 1;
SELECT madlib.load_model_selection_table('archs', 'mst', ARRAY[1, 2], ARRAY[:'compile'], ARRAY['batch_size=8, epochs=2']);

-- MADlib's functions on what cerebro has packed
SELECT madlib.madlib_keras_fit('cpacked', 'fitted', 'archs', 1, :'compile', 'batch_size=8, epochs=2', 8, FALSE, 'cpacked_val', 4);
SELECT training_metrics_final >= 0.8 AS accuracy, metrics_iters, class_text_class_values, normalizing_const FROM fitted_summary;
SELECT madlib.madlib_keras_fit_multiple_model('cpacked', 'many', 'mst', 8, FALSE, 'cpacked_val');
SELECT count(*), max(training_metrics_final) >= 0.9 AS accuracy FROM many_info;
SELECT madlib.madlib_keras_evaluate('many', 'cpacked_val', 'many_score', FALSE, 1);
SELECT abs(s.loss - i.validation_loss_final) < 1e-5 AS same FROM many_score s, many_info i WHERE i.mst_key = 1;

-- MADlib's functions on models that cerebro has trained
SELECT cerebro.fit_multiple_model('cpacked', 'cmodels', 'mst', 8, validation_table => 'cpacked_val', seed => 3);
SELECT madlib.madlib_keras_evaluate('cmodels', 'cpacked_val', 'c_score', FALSE, 1);
SELECT abs(s.loss - i.validation_loss_final) < 1e-5 AS same, s.metrics_type, s.loss_type FROM c_score s, cmodels_info i WHERE i.mst_key = 1;
SELECT madlib.madlib_keras_predict('cmodels', 'iris_val', 'id', 'attributes', 'c_said', 'response', FALSE, 1);
SELECT cerebro.predict('cmodels', 'iris_val', 'id', 'attributes', 'c_said_too', 'response', mst_key => 1);
SELECT count(*), count(*) FILTER (WHERE a.class_value = b.class_value AND a.prob = b.prob) AS same FROM c_said a JOIN c_said_too b USING (id);

-- cerebro's functions on what MADlib has made
SELECT madlib.madlib_keras_fit_multiple_model('packed', 'mmodels', 'mst', 8, FALSE, 'packed_val');
SELECT cerebro.import_madlib('mmodels', 'imported');
SELECT count(*) FROM imported;
SELECT madlib.madlib_keras_predict('mmodels', 'iris_val', 'id', 'attributes', 'm_said', 'prob', FALSE, 2);
SELECT cerebro.predict('imported', 'iris_val', 'id', 'attributes', 'i_said', mst_key => 2);
SELECT count(*), count(*) FILTER (WHERE a.class_name = b.class_name AND abs(a.prob - b.prob) < 1e-6 AND a.rank = b.rank) AS same
FROM m_said a JOIN i_said b USING (id, class_value);
SELECT madlib.madlib_keras_fit('packed', 'single', 'archs', 1, :'compile', 'batch_size=8, epochs=2', 4);
SELECT cerebro.import_madlib('single', 'imported_single');
SELECT mst_key, compile_params, training_loss_final > 0 AS loss, status FROM imported_single_info;
SELECT cerebro.register('madlib_exchange_iris', 'imported_single');
SELECT count(*) FILTER (WHERE cerebro.predict('madlib_exchange_iris', attributes) LIKE 'Iris-%') AS said FROM iris_val;
SELECT cerebro.drop_model('madlib_exchange_iris');
-- a packed table, which trains
SELECT cerebro.import_madlib('packed', 'ipacked');
SELECT num_partitions, rows, partition_rows, partition_buffers, format_version FROM ipacked_summary;
SELECT cerebro.fit_multiple_model('ipacked', 'from_packed', 'mst', 8, seed => 3);
SELECT max(training_metrics_final) >= 0.9 AS accuracy FROM from_packed_info;
-- its models know the classes, and what rows are to be divided by
SELECT cerebro.predict('from_packed', 'iris_val', 'id', 'attributes', 'f_said', 'response', mst_key => 1);
SELECT avg((s.class_value = v.class_text)::integer) >= 0.8 AS accuracy FROM f_said s JOIN iris_val v USING (id);
-- scores of imported models on an imported table, which hold quotients and labels of another type, and on one of cerebro
SELECT cerebro.import_madlib('packed_val', 'ipacked_val');
SELECT cerebro.evaluate('imported', 'ipacked_val', 'ii_score');
SELECT cerebro.evaluate('imported', 'cpacked_val', 'ic_score');
SELECT madlib.madlib_keras_evaluate('mmodels', 'packed_val', 'mm_score', FALSE, 2);
SELECT abs(i.loss - m.loss) < 1e-5 AS as_madlib, abs(i.loss - c.loss) < 1e-5 AS as_packed FROM ii_score i, ic_score c, mm_score m WHERE i.mst_key = 2 AND c.mst_key = 2;
-- they go on, with an optimizer that begins anew
SELECT cerebro.fit_multiple_model('ipacked', 'imported', 'mst', 4, warm_start => true, validation_table => 'ipacked_val', seed => 5);
SELECT count(*), bool_and(i.iterations_done = 4) AS iterations, bool_and(i.validation_loss_final < s.loss) AS better FROM imported_info i JOIN ii_score s USING (mst_key);

-- refused
SELECT cerebro.import_madlib('cmodels', 'no');
SELECT cerebro.import_madlib('cpacked', 'no');
SELECT cerebro.import_madlib('iris_val', 'no');
SELECT cerebro.import_madlib('nowhere', 'no');
SELECT cerebro.import_madlib('packed', 'ipacked');
SELECT relname FROM pg_class WHERE relname LIKE '%madlib_temp%' AND relkind IN ('r', 'v');
DROP SCHEMA madlib_exchange CASCADE;
DROP EXTENSION pg_cerebro_madlib;
