-- hyperband_schedule and madlib_keras_automl as MADlib's documents use them.
\set data `echo "$CEREBRO_TEST_DATA"`
SET client_min_messages = warning;
\set SHOW_CONTEXT never
\pset null '(null)'
CREATE EXTENSION pg_cerebro_madlib;
CREATE SCHEMA madlib_automl;
SET search_path = madlib_automl, public;
SELECT madlib.hyperband_schedule('hb_schedule', 81, 3, 0);
SELECT * FROM hb_schedule ORDER BY s DESC, i;
SELECT madlib.hyperband_schedule('hb_default', 9);
SELECT madlib.hyperband_schedule('hb_skip', 16, 4, 1);
SELECT * FROM hb_default ORDER BY s DESC, i;
SELECT * FROM hb_skip ORDER BY s DESC, i;
SELECT madlib.hyperband_schedule('hb_power', 243, 3);
SELECT max(s), count(*) FROM hb_power;

\i :data/load_iris.sql
SELECT setseed(0.5);
SELECT madlib.training_preprocessor_dl('iris_train', 'iris_train_packed', 'class_text', 'attributes', 60);
SELECT madlib.validation_preprocessor_dl('iris_val', 'iris_test_packed', 'class_text', 'attributes', 'iris_train_packed', 15);
SELECT madlib.load_keras_model('model_arch_library', $${"class_name": "Sequential", "keras_version": "2.1.6", "config": [
 {"class_name": "Dense", "config": {"name": "dense_1", "units": 10, "activation": "relu", "batch_input_shape": [null, 4]}},
 {"class_name": "Dense", "config": {"name": "dense_2", "units": 10, "activation": "relu"}},
 {"class_name": "Dense", "config": {"name": "dense_3", "units": 3, "activation": "softmax"}}]}$$::json);
SELECT madlib.load_keras_model('model_arch_library', $${"class_name": "Sequential", "keras_version": "2.1.6", "config": [
 {"class_name": "Dense", "config": {"name": "dense_4", "units": 10, "activation": "relu", "batch_input_shape": [null, 4]}},
 {"class_name": "Dense", "config": {"name": "dense_5", "units": 10, "activation": "relu"}},
 {"class_name": "Dense", "config": {"name": "dense_6", "units": 10, "activation": "relu"}},
 {"class_name": "Dense", "config": {"name": "dense_7", "units": 3, "activation": "softmax"}}]}$$::json);
\set compile_grid '{''loss'': [''categorical_crossentropy''], ''optimizer_params_list'': [ {''optimizer'': [''Adam''], ''lr'': [0.001, 0.1, ''log'']}, {''optimizer'': [''RMSprop''], ''lr'': [0.001, 0.1, ''log'']} ], ''metrics'': [''accuracy'']}'
\set fit_grid '{''batch_size'': [4, 8], ''epochs'': [1]}'

-- Hyperband
SELECT madlib.madlib_keras_automl('iris_train_packed', 'automl_output', 'model_arch_library', 'automl_mst_table', ARRAY[1, 2], :'compile_grid', :'fit_grid',
    'hyperband', 'R=9, eta=3, skip_last=0', 7, NULL, FALSE, 'iris_test_packed', 1, 'a search', 'by Hyperband');
SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = 'madlib_automl' AND table_name = 'automl_output' ORDER BY ordinal_position;
SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = 'madlib_automl' AND table_name = 'automl_output_info' ORDER BY ordinal_position;
SELECT source_table, validation_table, model, model_info, dependent_varname, independent_varname, model_arch_table, model_selection_table, automl_method,
    automl_params, random_state, object_table, use_gpus, metrics_compute_frequency, name, description, start_training_time < end_training_time AS times,
    num_classes, class_text_class_values, dependent_vartype, normalizing_const FROM automl_output_summary;
-- nine configurations begin in bracket 2, three in bracket 1 and three in bracket 0; survivors train on with what they have
SELECT s, i, count(*), array_agg(DISTINCT metrics_iters[array_length(metrics_iters, 1)]) AS iterations,
    bool_and(array_length(training_loss, 1) = array_length(metrics_iters, 1) AND array_length(validation_metrics, 1) = array_length(metrics_iters, 1)) AS curves
FROM automl_output_info GROUP BY 1, 2 ORDER BY 1 DESC, 2;
SELECT bool_and(metrics_elapsed_time[array_length(metrics_elapsed_time, 1)] >= metrics_elapsed_time[1]) FROM automl_output_info;
-- promoted are the best of a rung
SELECT min(validation_loss[1]) FILTER (WHERE i > 0) <= min(validation_loss[1]) FILTER (WHERE i = 0) AS best_goes_on FROM automl_output_info WHERE s = 2;
SELECT count(*), max(m.mst_key) = max(b.mst_key) AS best FROM automl_mst_table m,
    (SELECT mst_key FROM automl_output_info ORDER BY validation_loss_final LIMIT 1) b;
SELECT * FROM automl_mst_table_summary;
SELECT min(validation_loss_final) <= 0.2825 AS best_loss, max(validation_metrics_final) >= 0.9333 AS best_metric FROM automl_output_info;
-- the best one is evaluated and predicts as any other
SELECT mst_key AS best FROM automl_mst_table \gset
SELECT madlib.madlib_keras_evaluate('automl_output', 'iris_test_packed', 'automl_score', FALSE, :best);
SELECT abs(s.loss - i.validation_loss_final) < 1e-5 AS same FROM automl_score s, automl_output_info i WHERE mst_key = :best;
-- the same seed finds the same
SELECT madlib.madlib_keras_automl('iris_train_packed', 'automl_again', 'model_arch_library', 'automl_again_mst', ARRAY[1, 2], :'compile_grid', :'fit_grid',
    'hyperband', 'R=9, eta=3, skip_last=0', 7, NULL, FALSE, 'iris_test_packed', 1);
SELECT count(*) FROM automl_output a JOIN automl_again b USING (mst_key) WHERE a.model_weights = b.model_weights;
-- defaults, keys in any case, omitted keys, no validation
SELECT madlib.madlib_keras_automl('iris_train_packed', 'automl_default', 'model_arch_library', 'automl_default_mst', ARRAY[1], :'compile_grid', :'fit_grid');
SELECT automl_method, automl_params, random_state FROM automl_default_summary;
SELECT s, i, count(*) FROM automl_default_info GROUP BY 1, 2 ORDER BY 1 DESC, 2;
SELECT madlib.madlib_keras_automl('iris_train_packed', 'automl_partial', 'model_arch_library', 'automl_partial_mst', ARRAY[1], :'compile_grid', :'fit_grid',
    'Hyperband', 'r=4, ETA=2');
SELECT s, i, count(*) FROM automl_partial_info GROUP BY 1, 2 ORDER BY 1 DESC, 2;
-- after a search with a validation table one without looks at the training loss
SELECT m.mst_key = b.mst_key AS by_training_loss FROM automl_partial_mst m, (SELECT mst_key FROM automl_partial_info ORDER BY training_loss_final LIMIT 1) b;

-- Hyperopt: tpe and rand
SELECT madlib.madlib_keras_automl('iris_train_packed', 'opt_output', 'model_arch_library', 'opt_mst_table', ARRAY[1, 2], :'compile_grid', :'fit_grid',
    'hyperopt', 'num_configs=20, num_iterations=10, algorithm=tpe', 5, NULL, FALSE, 'iris_test_packed', 1);
SELECT count(*), count(DISTINCT compile_params) > 10 AS several, max(array_length(training_loss, 1)) AS evaluations, min(validation_loss_final) <= 0.0680 AS best_loss,
    max(training_metrics_final) >= 0.9583 AS best_metric FROM opt_output_info;
SELECT automl_method, automl_params FROM opt_output_summary;
SELECT count(*), bool_and(compile_params LIKE '%optimizer=%') AS params FROM opt_mst_table;
SELECT madlib.madlib_keras_automl('iris_train_packed', 'rand_output', 'model_arch_library', 'rand_mst_table', ARRAY[1], :'compile_grid', :'fit_grid',
    'hyperopt', 'algorithm=rand, num_configs=5', 3);
SELECT count(*), max(array_length(training_loss, 1)), max(metrics_iters[1]) AS iterations FROM rand_output_info;
SELECT relname FROM pg_class WHERE relname LIKE '%madlib_temp%' AND relkind IN ('r', 'v');

-- refused
SELECT madlib.hyperband_schedule(NULL, 9);
SELECT madlib.hyperband_schedule('hb_default', 9);
SELECT madlib.hyperband_schedule('hb_bad', 9, 1);
SELECT madlib.hyperband_schedule('hb_bad', 2, 3);
SELECT madlib.hyperband_schedule('hb_bad', 9, 3, -1);
SELECT madlib.hyperband_schedule('hb_bad', 9, 3, 3);
CREATE FUNCTION automl(output text, mst text, method text, params text, frequency int DEFAULT NULL, source text DEFAULT 'iris_train_packed',
    arch text DEFAULT 'model_arch_library', grid text DEFAULT NULL, validation text DEFAULT NULL) RETURNS void LANGUAGE sql AS
    $$ SELECT madlib.madlib_keras_automl(source, output, arch, mst, ARRAY[1], coalesce(grid, '{''loss'': [''mse''], ''optimizer_params_list'': [{''optimizer'': [''Adam'']}]}'),
        '{''batch_size'': [4]}', method, params, NULL, NULL, false, validation, frequency) $$;
SELECT automl('no', 'no_mst', 'grid search', NULL);
SELECT automl('no', 'no_mst', 'hyperband', 'R=9, etta=3');
SELECT automl('no', 'no_mst', 'hyperband', 'num_configs=3');
SELECT automl('no', 'no_mst', 'hyperband', 'R=nine');
SELECT automl('no', 'no_mst', 'hyperopt', 'R=9');
SELECT automl('no', 'no_mst', 'hyperopt', 'algorithm=atpe');
SELECT automl('no', 'no_mst', 'hyperopt', 'num_configs=0');
SELECT automl('no', 'no_mst', 'hyperopt', 'num_iterations=-1');
SELECT automl('no', 'no_mst', 'hyperopt', 'num_iterations=3', 4);
SELECT automl('no', 'no_mst', 'hyperband', 'R=9', 10);
SELECT automl('no', 'no_mst', 'hyperband', 'R=2');
SELECT automl('no', 'no_mst', 'hyperband', 'R=9, eta=1');
SELECT automl('no', 'no_mst', 'hyperband', 'R=9, skip_last=7');
SELECT automl('automl_output', 'no_mst', 'hyperband', NULL);
SELECT automl('no', 'automl_mst_table', 'hyperband', NULL);
SELECT automl(NULL, 'no_mst', 'hyperband', NULL);
SELECT automl('no', 'no_mst', 'hyperband', NULL, NULL, 'iris_train');
SELECT automl('no', 'no_mst', 'hyperband', NULL, NULL, 'nowhere');
SELECT automl('no', 'no_mst', 'hyperband', NULL, NULL, 'iris_train_packed', 'nowhere');
SELECT automl('no', 'no_mst', 'hyperband', NULL, NULL, 'iris_train_packed', 'model_arch_library', '{''loss'': ''mse''}');
SELECT automl('no', 'no_mst', 'hyperband', NULL, NULL, 'iris_train_packed', 'model_arch_library', NULL, 'nowhere');
SELECT relname FROM pg_class WHERE relname IN ('no', 'no_mst', 'hb_bad');
DROP SCHEMA madlib_automl CASCADE;
DROP EXTENSION pg_cerebro_madlib;
