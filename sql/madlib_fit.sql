-- madlib_keras_fit as MADlib's documents use it: one model on iris, with validation, warm start and transfer learning; then
-- data-parallel training over distribution keys, several metrics, regression, several inputs and outputs.
\set data `echo "$CEREBRO_TEST_DATA"`
SET client_min_messages = warning;
\set SHOW_CONTEXT never
\pset null '(null)'
CREATE EXTENSION pg_cerebro_madlib;
CREATE SCHEMA madlib_fit;
SET search_path = madlib_fit, public;
\i :data/load_iris.sql
SELECT setseed(0.5);
SELECT madlib.training_preprocessor_dl('iris_train', 'iris_train_packed', 'class_text', 'attributes');
SELECT madlib.validation_preprocessor_dl('iris_val', 'iris_test_packed', 'class_text', 'attributes', 'iris_train_packed');
\set iris_model '{"class_name": "Sequential", "keras_version": "2.1.6", "config": [{"class_name": "Dense", "config": {"kernel_initializer": {"class_name": "VarianceScaling", "config": {"distribution": "uniform", "scale": 1.0, "seed": null, "mode": "fan_avg"}}, "name": "dense_1", "kernel_constraint": null, "bias_regularizer": null, "bias_constraint": null, "dtype": "float32", "activation": "relu", "trainable": true, "kernel_regularizer": null, "bias_initializer": {"class_name": "Zeros", "config": {}}, "units": 10, "batch_input_shape": [null, 4], "use_bias": true, "activity_regularizer": null}}, {"class_name": "Dense", "config": {"name": "dense_2", "activation": "relu", "trainable": true, "units": 10, "use_bias": true}}, {"class_name": "Dense", "config": {"name": "dense_3", "activation": "softmax", "trainable": true, "units": 3, "use_bias": true}}], "backend": "tensorflow"}'
SELECT madlib.load_keras_model('model_arch_library', :'iris_model'::json, NULL, 'Sophie', 'A simple model');

-- the documented call
SELECT madlib.madlib_keras_fit('iris_train_packed', 'iris_model', 'model_arch_library', 1,
    $$ loss='categorical_crossentropy', optimizer='adam', metrics=['accuracy'] $$, $$ batch_size=5, epochs=3 $$, 10);
SELECT octet_length(model_weights) / 4 AS weights, model_arch -> 'class_name' AS arch FROM iris_model;
SELECT source_table, model, dependent_varname, independent_varname, model_arch_table, model_id, compile_params, fit_params, num_iterations,
    validation_table, object_table, metrics_compute_frequency, name, description, model_type, model_size,
    start_training_time < end_training_time AS times, array_length(metrics_elapsed_time, 1) AS evaluations, num_classes, dependent_vartype,
    normalizing_const, metrics_type, loss_type FROM iris_model_summary;
SELECT training_metrics_final >= 0.8 AS accuracy, training_loss_final < 0.52 AS loss, training_metrics_final = training_metrics[1] AS last,
    validation_metrics_final, validation_loss, metrics_iters, class_text_class_values, madlib_version FROM iris_model_summary;
SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = 'madlib_fit' AND table_name = 'iris_model_summary'
ORDER BY ordinal_position;

-- evaluation and prediction
SELECT madlib.madlib_keras_evaluate('iris_model', 'iris_test_packed', 'iris_validate');
SELECT loss < 0.57 AS loss, metric >= 0.7 AS metric, metrics_type, loss_type FROM iris_validate;
SELECT madlib.madlib_keras_predict('iris_model', 'iris_val', 'id', 'attributes', 'iris_predict');
SELECT count(*), count(DISTINCT id), min(rank), max(rank), bool_and(prob BETWEEN 0 AND 1) FROM iris_predict;
SELECT bool_and(abs(total - 1) < 1e-5) FROM (SELECT sum(prob) AS total FROM iris_predict GROUP BY id) s;
SELECT madlib.madlib_keras_predict('iris_model', 'iris_val', 'id', 'attributes', 'iris_response', 'response');
SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = 'madlib_fit' AND table_name = 'iris_response' ORDER BY ordinal_position;
SELECT count(*) AS rows, count(*) FILTER (WHERE class_value <> class_text) <= 9 AS right_enough FROM iris_response JOIN iris_val USING (id);

-- validation in every third iteration
SELECT madlib.madlib_keras_fit('iris_train_packed', 'iris_valid', 'model_arch_library', 1,
    $$ loss='categorical_crossentropy', optimizer='adam', metrics=['accuracy'] $$, $$ batch_size=5, epochs=3 $$, 10, FALSE,
    'iris_test_packed', 3, FALSE, 'Sophie L.', 'Simple MLP for iris dataset');
SELECT metrics_iters, array_length(training_metrics, 1) AS training, array_length(validation_loss, 1) AS validation, name, description,
    validation_loss_final < 0.6 AS loss, validation_metrics_final >= 0.9 AS metric, validation_loss[4] < validation_loss[1] AS learns,
    validation_table, metrics_compute_frequency FROM iris_valid_summary;

-- warm start: the weights go on; the tables must be there
CREATE TABLE before AS SELECT training_loss_final AS loss FROM iris_valid_summary;
SELECT madlib.madlib_keras_fit('iris_train_packed', 'iris_valid', 'model_arch_library', 1,
    $$ loss='categorical_crossentropy', optimizer='adam', metrics=['accuracy'] $$, $$ batch_size=5, epochs=3 $$, 5, FALSE,
    'iris_test_packed', 1, TRUE, 'Sophie L.', 'Simple MLP for iris dataset');
SELECT metrics_iters, training_loss_final < loss AS goes_on, training_metrics_final >= 0.9166 AS accuracy FROM iris_valid_summary, before;

-- transfer learning: the first layer is frozen, the weights come from the model that was trained
SELECT madlib.load_keras_model('model_arch_library', replace(:'iris_model', '"activation": "relu", "trainable": true, "kernel_regularizer"',
    '"activation": "relu", "trainable": false, "kernel_regularizer"')::json, (SELECT model_weights FROM iris_valid), 'Maria', 'A transfer model');
SELECT madlib.madlib_keras_fit('iris_train_packed', 'iris_transfer', 'model_arch_library', 2,
    $$ loss='categorical_crossentropy', optimizer='adam', metrics=['accuracy'] $$, $$ batch_size=5, epochs=3 $$, 10, FALSE,
    'iris_test_packed', 2);
SELECT training_loss_final < loss AS starts_there, training_metrics_final >= 0.9499 AS accuracy FROM iris_transfer_summary, before;
SELECT substr(t.model_weights, 1, 200) = substr(v.model_weights, 1, 200) AS frozen, t.model_weights <> v.model_weights AS trained
FROM iris_transfer t, iris_valid v;

-- the same run gives the same weights
SELECT madlib.madlib_keras_fit('iris_train_packed', 'iris_again', 'model_arch_library', 1,
    $$ loss='categorical_crossentropy', optimizer='adam', metrics=['accuracy'] $$, $$ batch_size=5, epochs=3 $$, 10);
SELECT a.model_weights = m.model_weights AS same FROM iris_again a, iris_model m;

-- no metric, optimizers as notebooks write them, a batch size by default
SELECT madlib.madlib_keras_fit('iris_train_packed', 'iris_bare', 'model_arch_library', 1,
    $$ optimizer=rmsprop(lr=0.0001, decay=1e-6), loss='categorical_crossentropy' $$, NULL, 2);
SELECT training_metrics_final, training_metrics, metrics_type, training_loss_final > 0 AS loss, fit_params FROM iris_bare_summary;
SELECT madlib.madlib_keras_evaluate('iris_bare', 'iris_test_packed', 'iris_bare_score');
SELECT loss > 0 AS loss, metric, metrics_type FROM iris_bare_score;

-- three partitions, trained side by side and averaged; the mean's rows are all rows
SELECT setseed(0.5);
SELECT madlib.training_preprocessor_dl('iris_train', 'iris_blocks', 'class_text', 'attributes', 20);
CREATE TABLE iris_parts AS SELECT (ARRAY[0, 4, 9])[1 + buffer_id % 3] AS __dist_key__, attributes, attributes_shape, class_text, class_text_shape, buffer_id
FROM iris_blocks;
CREATE TABLE iris_parts_summary AS SELECT * FROM iris_blocks_summary;
SELECT madlib.madlib_keras_fit('iris_parts', 'iris_mean', 'model_arch_library', 1,
    $$ loss='categorical_crossentropy', optimizer='Adam(lr=0.01)', metrics=['categorical_accuracy'] $$, $$ batch_size=5, epochs=3 $$, 10);
SELECT training_metrics_final >= 0.8 AS accuracy, training_loss_final < 0.52 AS loss, metrics_type FROM iris_mean_summary;

-- a model without a parameter to train: its weights stay
SELECT madlib.load_keras_model('model_arch_library', replace(:'iris_model', '"trainable": true', '"trainable": false')::json,
    (SELECT model_weights FROM iris_valid), 'all frozen');
SELECT madlib.madlib_keras_fit('iris_train_packed', 'iris_frozen', 'model_arch_library', 3,
    $$ loss='categorical_crossentropy', optimizer='adam', metrics=['accuracy'] $$, $$ batch_size=5 $$, 2);
SELECT f.model_weights = v.model_weights AS same FROM iris_frozen f, iris_valid v;

-- what scripts write, in the forms of Python; by a role that is no superuser
CREATE ROLE madlib_user;
GRANT USAGE, CREATE ON SCHEMA madlib_fit TO madlib_user;
GRANT SELECT ON ALL TABLES IN SCHEMA madlib_fit TO madlib_user;
SET ROLE madlib_user;
CREATE FUNCTION form(name text, compile text, fit text) RETURNS void LANGUAGE sql AS
    $$ SELECT madlib.madlib_keras_fit('iris_train_packed', name, 'model_arch_library', 1, compile, fit, 1) $$;
SELECT form('form_1', $$loss='categorical_crossentropy', optimizer='Adam()', metrics=[]$$, 'batch_size=5, epochs=1, verbose=0, shuffle=False, class_weight={0:1.0, 1:2.0, 2:1.0}');
SELECT form('form_2', $$loss="categorical_crossentropy", optimizer="SGD(lr=0.01, decay=1e-6, nesterov=True, momentum=0.9)", metrics=None$$, NULL);
SELECT form('form_3', $$loss='categorical_crossentropy', optimizer='adam(lr=.001, epsilon=None, beta_1=0.9)', metrics=['mae'], loss_weights=[1.0]$$, 'batch_size=None');
SELECT form('form_4', $$ optimizer=Nadam(lr=0.002), loss=kullback_leibler_divergence, metrics=['acc']$$, ' initial_epoch=0, steps_per_epoch=None');
SELECT form('form_5', $$ optimizer='Adamax', loss='logcosh', metrics=['categorical_accuracy'], sample_weight_mode=None, weighted_metrics=None$$, '');
SELECT form('form_6', $$ optimizer='Ftrl', loss='binary_crossentropy', metrics=['binary_accuracy']$$, '');
SELECT form('form_7', $$ optimizer='Adagrad(lr=0.1, initial_accumulator_value=0.1)', loss='mean_squared_error', metrics=['mean_absolute_error']$$, '');
SELECT metrics_type, loss_type, training_metrics_final IS NULL AS no_metric, training_loss_final > 0 AS loss, fit_params FROM form_1_summary
UNION ALL SELECT metrics_type, loss_type, training_metrics_final IS NULL, training_loss_final > 0, fit_params FROM form_2_summary
UNION ALL SELECT metrics_type, loss_type, training_metrics_final IS NULL, training_loss_final > 0, fit_params FROM form_3_summary
UNION ALL SELECT metrics_type, loss_type, training_metrics_final IS NULL, training_loss_final > 0, fit_params FROM form_4_summary
ORDER BY loss_type, metrics_type, fit_params;
RESET ROLE;

-- several metrics: the first one is in the columns
SELECT madlib.madlib_keras_fit('iris_train_packed', 'iris_metrics', 'model_arch_library', 1,
    $$ loss='categorical_crossentropy', optimizer='sgd(lr=0.02, momentum=0.9, nesterov=False)', metrics=['accuracy', 'mae'] $$, $$ batch_size=8, epochs=3 $$, 10);
SELECT madlib.madlib_keras_predict('iris_metrics', 'iris_train', 'id', 'attributes', 'iris_metrics_predict');
SELECT metrics_type, abs(training_metrics_final - (SELECT avg((p.class_value = t.class_text)::int)
    FROM iris_metrics_predict p JOIN iris_train t USING (id) WHERE p.rank = 1)) < 1e-6 AS accuracy FROM iris_metrics_summary;

-- top-k accuracy from an object table
SELECT madlib.load_top_k_accuracy_function('fit_objects', 2);
SELECT madlib.madlib_keras_fit('iris_train_packed', 'iris_top', 'model_arch_library', 1,
    $$ loss='categorical_crossentropy', optimizer='adam', metrics=['top_2_accuracy'] $$, $$ batch_size=5, epochs=3 $$, 3, FALSE,
    NULL, NULL, FALSE, NULL, NULL, 'fit_objects');
SELECT object_table, metrics_type, training_metrics_final BETWEEN 0.6 AND 1 AS top FROM iris_top_summary;
SELECT madlib.delete_custom_function('fit_objects', 'top_2_accuracy');

-- two inputs, two outputs
CREATE TABLE pairs AS SELECT id, attributes[1:2] AS sepal, attributes[3:4] AS petal, class_text, CASE WHEN attributes[1] > 5.8 THEN 'long' ELSE 'short' END AS size FROM iris_train;
SELECT setseed(0.25);
SELECT madlib.training_preprocessor_dl('pairs', 'pairs_packed', 'class_text, size', 'sepal, petal');
SELECT madlib.load_keras_model('pair_library', $${"class_name": "Model", "keras_version": "2.2.4-tf", "config": {"name": "pairs", "layers": [
 {"class_name": "InputLayer", "name": "sepal_in", "config": {"name": "sepal_in", "batch_input_shape": [null, 2]}, "inbound_nodes": []},
 {"class_name": "InputLayer", "name": "petal_in", "config": {"name": "petal_in", "batch_input_shape": [null, 2]}, "inbound_nodes": []},
 {"class_name": "Concatenate", "name": "both", "config": {"name": "both", "axis": -1}, "inbound_nodes": [[["sepal_in", 0, 0, {}], ["petal_in", 0, 0, {}]]]},
 {"class_name": "Dense", "name": "hidden", "config": {"name": "hidden", "units": 16, "activation": "relu"}, "inbound_nodes": [[["both", 0, 0, {}]]]},
 {"class_name": "Dense", "name": "kind", "config": {"name": "kind", "units": 3, "activation": "softmax"}, "inbound_nodes": [[["hidden", 0, 0, {}]]]},
 {"class_name": "Dense", "name": "size", "config": {"name": "size", "units": 2, "activation": "softmax"}, "inbound_nodes": [[["hidden", 0, 0, {}]]]}],
 "input_layers": [["sepal_in", 0, 0], ["petal_in", 0, 0]], "output_layers": [["kind", 0, 0], ["size", 0, 0]]}}$$::json);
SELECT madlib.madlib_keras_fit('pairs_packed', 'pairs_model', 'pair_library', 1,
    $$ loss='categorical_crossentropy', optimizer='Adam(lr=0.02)', metrics=['accuracy'] $$, $$ batch_size=8, epochs=3 $$, 6);
SELECT num_classes, dependent_varname, independent_varname, class_text_class_values, size_class_values, training_metrics_final >= 0.8 AS accuracy
FROM pairs_model_summary;
SELECT madlib.madlib_keras_predict('pairs_model', 'pairs', 'id', 'sepal, petal', 'pairs_said', 'response');
SELECT class_name, count(*), count(DISTINCT class_value) > 1 AS several FROM pairs_said GROUP BY 1 ORDER BY 1;

-- regression goes beyond MADlib's int16: a packed table made by hand, with float32 targets
CREATE TABLE line_packed AS SELECT madlib.convert_array_to_bytea(ARRAY(SELECT (i % 10)::real FROM generate_series(1, 40) i)) AS x,
    madlib.convert_array_to_bytea(ARRAY(SELECT (2 * (i % 10) + 0.5)::real FROM generate_series(1, 40) i)) AS y,
    ARRAY[40, 1] AS x_shape, ARRAY[40, 1] AS y_shape, 0 AS buffer_id;
CREATE TABLE line_packed_summary AS SELECT ARRAY['y'] AS dependent_varname, ARRAY['x'] AS independent_varname, 1::real AS normalizing_const;
SELECT madlib.load_keras_model('line_library', $${"class_name": "Sequential", "config": [{"class_name": "Dense", "config": {"name": "d", "units": 1,
    "batch_input_shape": [null, 1]}}]}$$::json);
SELECT madlib.madlib_keras_fit('line_packed', 'line_model', 'line_library', 1, $$loss='mse', optimizer='Adam(lr=0.1)', metrics=['mae']$$,
    'batch_size=8, epochs=20', 10);
SELECT training_loss_final < 0.01 AS fits, dependent_vartype, num_classes FROM line_model_summary;
SELECT madlib.madlib_keras_evaluate('line_model', 'line_packed', 'line_score');
SELECT abs(s.loss - m.training_loss_final) < 1e-5 AS same FROM line_score s, line_model_summary m;

-- help
SELECT madlib.madlib_keras_fit() LIKE 'Trains one model%' AS summary, madlib.madlib_keras_fit('usage') LIKE '%num_iterations%' AS usage,
    madlib.madlib_keras_fit('what') AS other;
SELECT madlib.madlib_keras_evaluate('usage') LIKE '%test_table%', madlib.madlib_keras_predict('?') LIKE '%pred_type%',
    madlib.madlib_keras_predict_byom('help') LIKE '%class_values%', madlib.madlib_keras_predict_byom() LIKE '%bring your own model%';
-- nothing of the stages is left
SELECT relname FROM pg_class WHERE relname LIKE '%madlib_temp%' AND relkind IN ('r', 'v');
DROP SCHEMA madlib_fit CASCADE;
DROP ROLE madlib_user;
DROP EXTENSION pg_cerebro_madlib;
