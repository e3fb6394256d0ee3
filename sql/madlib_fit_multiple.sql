-- madlib_keras_fit_multiple_model as MADlib's documents use it: twelve configurations on iris, with validation, warm start,
-- transfer learning, and the overloads.
\set data `echo "$CEREBRO_TEST_DATA"`
SET client_min_messages = warning;
\set SHOW_CONTEXT never
\pset null '(null)'
CREATE EXTENSION pg_cerebro_madlib;
CREATE SCHEMA madlib_multi;
SET search_path = madlib_multi, public;
\i :data/load_iris.sql
SELECT setseed(0.5);
SELECT madlib.training_preprocessor_dl('iris_train', 'iris_train_packed', 'class_text', 'attributes', 60);
SELECT madlib.validation_preprocessor_dl('iris_val', 'iris_test_packed', 'class_text', 'attributes', 'iris_train_packed', 15);
SELECT madlib.load_keras_model('model_arch_library', $${"class_name": "Sequential", "keras_version": "2.1.6", "config": [
 {"class_name": "Dense", "config": {"name": "dense_1", "units": 10, "activation": "relu", "batch_input_shape": [null, 4]}},
 {"class_name": "Dense", "config": {"name": "dense_2", "units": 10, "activation": "relu"}},
 {"class_name": "Dense", "config": {"name": "dense_3", "units": 3, "activation": "softmax"}}]}$$::json, NULL, 'Sophie', 'MLP with 1 hidden layer');
SELECT madlib.load_keras_model('model_arch_library', $${"class_name": "Sequential", "keras_version": "2.1.6", "config": [
 {"class_name": "Dense", "config": {"name": "dense_4", "units": 10, "activation": "relu", "batch_input_shape": [null, 4]}},
 {"class_name": "Dense", "config": {"name": "dense_5", "units": 10, "activation": "relu"}},
 {"class_name": "Dense", "config": {"name": "dense_6", "units": 10, "activation": "relu"}},
 {"class_name": "Dense", "config": {"name": "dense_7", "units": 3, "activation": "softmax"}}]}$$::json, NULL, 'Maria', 'MLP with 2 hidden layers');
SELECT madlib.generate_model_configs('model_arch_library', 'mst_table', ARRAY[1, 2],
    $$ {'loss': ['categorical_crossentropy'], 'optimizer_params_list': [ {'optimizer': ['Adam'], 'lr': [0.001, 0.01, 0.1]} ], 'metrics': ['accuracy']} $$,
    $$ { 'batch_size': [4, 8], 'epochs': [1] } $$, 'grid');
SELECT count(*) FROM mst_table;

-- A: ten iterations, no validation
SELECT madlib.madlib_keras_fit_multiple_model('iris_train_packed', 'iris_multi_model', 'mst_table', 10, FALSE);
SELECT count(*), count(DISTINCT octet_length(model_weights)) AS sizes FROM iris_multi_model;
SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = 'madlib_multi' AND table_name = 'iris_multi_model' ORDER BY ordinal_position;
SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = 'madlib_multi' AND table_name = 'iris_multi_model_info' ORDER BY ordinal_position;
SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = 'madlib_multi' AND table_name = 'iris_multi_model_summary' ORDER BY ordinal_position;
SELECT model_id, model_type, model_size, metrics_type, loss_type, count(*), max(max(training_metrics_final)) OVER () >= 0.96 AS best, bool_and(training_loss_final > 0) AS losses,
    bool_and(array_length(training_loss, 1) = 1 AND array_length(metrics_elapsed_time, 1) = 1) AS evaluations
FROM iris_multi_model_info GROUP BY 1, 2, 3, 4, 5 ORDER BY 1;
SELECT i.compile_params = m.compile_params AND i.fit_params = m.fit_params AND i.model_id = m.model_id AS same, count(*)
FROM iris_multi_model_info i JOIN mst_table m USING (mst_key) GROUP BY 1;
SELECT source_table, validation_table, model, model_info, dependent_varname, independent_varname, model_arch_table, model_selection_table, object_table,
    num_iterations, metrics_compute_frequency, warm_start, name, description, start_training_time < end_training_time AS times, num_classes,
    class_text_class_values, dependent_vartype, normalizing_const, metrics_iters FROM iris_multi_model_summary;

-- evaluation and prediction of one of them
SELECT mst_key AS best FROM iris_multi_model_info ORDER BY training_loss_final, mst_key LIMIT 1 \gset
SELECT madlib.madlib_keras_evaluate('iris_multi_model', 'iris_train_packed', 'iris_score', FALSE, :best);
SELECT abs(s.loss - i.training_loss_final) < 1e-5 AS loss, abs(s.metric - i.training_metrics_final) < 1e-5 AS metric, s.metrics_type, s.loss_type
FROM iris_score s, iris_multi_model_info i WHERE i.mst_key = :best;
SELECT madlib.madlib_keras_predict('iris_multi_model', 'iris_val', 'id', 'attributes', 'iris_predict', 'response', FALSE, :best);
SELECT count(*), count(*) FILTER (WHERE class_value <> class_text) <= 2 AS right_enough FROM iris_predict JOIN iris_val USING (id);

-- B: validation, every third iteration, caching
DROP TABLE iris_multi_model, iris_multi_model_summary, iris_multi_model_info;
SELECT madlib.madlib_keras_fit_multiple_model('iris_train_packed', 'iris_multi_model', 'mst_table', 10, FALSE, 'iris_test_packed', 3, FALSE,
    'Sophie L.', 'Model selection for iris dataset', TRUE);
SELECT metrics_iters, name, description, validation_table, metrics_compute_frequency FROM iris_multi_model_summary;
SELECT bool_and(array_length(validation_loss, 1) = 4 AND array_length(training_metrics, 1) = 4), max(validation_metrics_final) >= 0.96 AS best,
    bool_and(validation_loss_final = validation_loss[4] AND metrics_elapsed_time[4] >= metrics_elapsed_time[1]) AS last FROM iris_multi_model_info;

-- C: warm start; a configuration has gone, another one is new
CREATE TABLE before AS SELECT mst_key, training_loss_final AS loss FROM iris_multi_model_info;
CREATE TABLE weights_before AS SELECT mst_key, model_weights FROM iris_multi_model;
DELETE FROM mst_table WHERE mst_key = 1;
INSERT INTO mst_table (model_id, compile_params, fit_params) SELECT model_id, compile_params, 'batch_size=16,epochs=2' FROM mst_table WHERE mst_key = 2;
SELECT madlib.madlib_keras_fit_multiple_model('iris_train_packed', 'iris_multi_model', 'mst_table', 3, FALSE, 'iris_test_packed', 1, TRUE,
    'Sophie L.', 'Simple MLP for iris dataset', TRUE);
SELECT warm_start, metrics_iters, num_iterations FROM iris_multi_model_summary;
SELECT array_agg(mst_key ORDER BY mst_key) FROM iris_multi_model;
SELECT count(*), bool_and(training_loss_final < loss) AS go_on FROM iris_multi_model_info JOIN before USING (mst_key) WHERE compile_params LIKE '%lr=0.001)%';
SELECT count(*) FROM iris_multi_model JOIN weights_before w USING (mst_key) WHERE iris_multi_model.model_weights <> w.model_weights;

-- transfer learning: weights of the architecture table
SELECT madlib.load_keras_model('transfer_library', (SELECT model_arch FROM iris_multi_model WHERE mst_key = :best),
    (SELECT model_weights FROM iris_multi_model WHERE mst_key = :best), 'trained');
SELECT madlib.load_model_selection_table('transfer_library', 'transfer_mst', ARRAY[1],
    ARRAY[$$loss='categorical_crossentropy', optimizer='SGD(lr=0.0)', metrics=['accuracy']$$], ARRAY[$$batch_size=8, epochs=1$$]);
SELECT madlib.madlib_keras_fit_multiple_model('iris_train_packed', 'transferred', 'transfer_mst', 1, FALSE, NULL, NULL, FALSE);
SELECT t.model_weights = m.model_weights AS not_changed FROM transferred t, iris_multi_model m WHERE m.mst_key = :best;

-- the overloads, a summary made by hand, quoted names in another schema, no metric
CREATE SCHEMA "Other Schema";
CREATE TABLE hand_mst AS SELECT 5 AS mst_key, 1 AS model_id, $$loss='categorical_crossentropy', optimizer='Adagrad'$$::text AS compile_params, 'batch_size=8'::text AS fit_params;
CREATE TABLE hand_mst_summary AS SELECT 'model_arch_library'::varchar AS model_arch_table;
SELECT madlib.madlib_keras_fit_multiple_model('iris_train_packed', '"Other Schema"."The Models"', 'hand_mst', 2, FALSE, 'iris_test_packed');
SELECT mst_key, octet_length(model_weights) FROM "Other Schema"."The Models";
SELECT training_metrics_final, training_metrics, metrics_type, training_loss_final > 0 AS loss, validation_loss_final > 0 AS validation FROM "Other Schema"."The Models_info";
SELECT madlib.madlib_keras_fit_multiple_model('iris_train_packed', 'seven', 'hand_mst', 2, FALSE, 'iris_test_packed', 1);
SELECT madlib.madlib_keras_fit_multiple_model('iris_train_packed', 'nine', 'hand_mst', 2, FALSE, 'iris_test_packed', 1, FALSE, 'a name');
SELECT name, description FROM nine_summary;
SELECT a.model_weights = b.model_weights AS same FROM seven a, nine b;

-- NULL classes, padded classes, a quoted column
CREATE TABLE odd AS SELECT id, attributes AS "The Inputs", CASE WHEN class_text <> 'Iris-virginica' THEN class_text END AS "The Kind" FROM iris_train;
SELECT madlib.training_preprocessor_dl('odd', 'odd_packed', '"The Kind"', '"The Inputs"', 60, 1.0, ARRAY[3]);
SELECT "The Kind_class_values" FROM odd_packed_summary;
SELECT madlib.madlib_keras_fit_multiple_model('odd_packed', 'odd_models', 'mst_table', 2, FALSE);
SELECT "The Kind_class_values", dependent_varname, num_classes FROM odd_models_summary;
SELECT madlib.madlib_keras_predict('odd_models', 'odd', 'id', '"The Inputs"', 'odd_said', 'prob', FALSE, 4);
SELECT class_name, class_value, count(*) FROM odd_said GROUP BY 1, 2 ORDER BY 2;
SELECT relname FROM pg_class WHERE relname LIKE '%madlib_temp%' AND relkind IN ('r', 'v');
DROP SCHEMA madlib_multi, "Other Schema" CASCADE;
DROP EXTENSION pg_cerebro_madlib;
