-- Tables of MADlib that cerebro's functions are given say what to call; a packed table becomes a view of the same
-- buffers.
\set data `echo "$CEREBRO_TEST_DATA"`
SET client_min_messages = warning;
\set SHOW_CONTEXT never
CREATE EXTENSION pg_cerebro_madlib;
CREATE SCHEMA madlib_import;
SET search_path = madlib_import, public;
\i :data/load_iris.sql
SELECT setseed(0.5);
SELECT madlib.training_preprocessor_dl('iris_train', 'packed', 'class_text', 'attributes', 60, 10.0);
SELECT madlib.validation_preprocessor_dl('iris_val', 'packed_val', 'class_text', 'attributes', 'packed');
SELECT cerebro.training_preprocessor_dl('iris_train', 'cpacked', 'class_text', 'attributes',
    normalizing_const => 10.0, num_partitions => 2, seed => 1);
SELECT madlib.load_keras_model('archs', $${"class_name": "Sequential", "config": [
    {"class_name": "Dense", "config": {"name": "a", "units": 12, "activation": "relu", "batch_input_shape": [null, 4]}},
    {"class_name": "Dense", "config": {"name": "b", "units": 3, "activation": "softmax"}}]}$$::json);
SELECT madlib.load_model_selection_table('archs', 'mst', ARRAY[1], ARRAY[
    $$loss='categorical_crossentropy', optimizer='Adam(lr=0.02)', metrics=['accuracy']$$,
        $$loss='mse', optimizer='SGD(lr=0.1)', metrics=['accuracy']$$],
    ARRAY['batch_size=8, epochs=2']);
SELECT madlib.madlib_keras_fit('packed', 'single', 'archs', 1, $$loss='mse', optimizer='adam'$$, '', 1);
SELECT madlib.madlib_keras_fit_multiple_model('packed', 'several', 'mst', 1, FALSE);
SELECT cerebro.fit_multiple_model('cpacked', 'models', 'mst', 1, seed => 1);

-- what is not read as it is
SELECT cerebro.fit_multiple_model('packed', 'refused', 'mst', 1);
SELECT cerebro.fit_multiple_model('cpacked', 'refused', 'mst', 1, validation_table => 'packed_val');
SELECT cerebro.evaluate('models', 'packed_val', 'refused');
SELECT cerebro.evaluate('several', 'cpacked', 'refused');
SELECT cerebro.predict('single', 'iris_val', 'id', 'attributes', 'refused');
SELECT cerebro.register('refused', 'several', 1);

-- a view and a copy: the same bits
SELECT cerebro.import_madlib('packed', 'copied'), cerebro.import_madlib('packed', 'viewed', copy => false),
    cerebro.import_madlib('packed_val', 'viewed_val', copy => false);
SELECT relname, relkind FROM pg_class WHERE oid IN ('copied'::regclass, 'viewed'::regclass) ORDER BY 1;
SELECT cerebro.fit_multiple_model('copied', 'from_copy', 'mst', 8, seed => 3, validation_table => 'viewed_val');
SELECT cerebro.fit_multiple_model('viewed', 'from_view', 'mst', 8, seed => 3, validation_table => 'viewed_val',
    workers => 2);
SELECT count(*), count(*) FILTER (WHERE a.model_weights = b.model_weights) AS same FROM from_copy a JOIN from_view b
    USING (mst_key);
SELECT max(training_metrics_final) >= 0.9 AS accuracy, max(validation_metrics_final) >= 0.9 AS validation
    FROM from_view_info;
SELECT cerebro.evaluate('from_view', 'viewed_val', 'scores');
SELECT count(*), bool_and(abs(s.loss - i.validation_loss_final) < 1e-6) AS same FROM scores s JOIN from_view_info i
    USING (mst_key);
DROP VIEW viewed, viewed_val;
DROP TABLE viewed_summary, viewed_val_summary;
DROP SCHEMA madlib_import CASCADE;
DROP EXTENSION pg_cerebro_madlib;
