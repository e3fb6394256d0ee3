-- The main path: pack, load, configure, explain, train, look at the results.
\pset null '(null)'
SET client_min_messages = warning;
SET cerebro.bundles = 4;
CREATE SCHEMA fit;
SET search_path = fit, public;

-- 900 rows in three classes; 4 x 4 "images" with a class-dependent bright corner
CREATE FUNCTION image_row(i integer, r integer) RETURNS smallint[] LANGUAGE sql IMMUTABLE AS
    $$ SELECT ARRAY(SELECT ((i * 7919 + r * 104729 + c * 1299709) % 97 + CASE WHEN c = i % 3 THEN 90 ELSE 0 END)::smallint FROM generate_series(0, 3) c) $$;
CREATE TABLE points AS
SELECT i AS id, (ARRAY['left', 'middle', 'right'])[1 + i % 3] AS side,
       ARRAY[image_row(i, 0), image_row(i, 1), image_row(i, 2), image_row(i, 3)] AS image
FROM generate_series(1, 900) i;
SELECT cerebro.training_preprocessor_dl('points', 'points_packed', 'side', 'image', normalizing_const => 187, num_partitions => 4, seed => 11);
SELECT cerebro.validation_preprocessor_dl('points', 'points_val', 'side', 'image', 'points_packed');

SELECT cerebro.load_model('archs', $$
{"class_name": "Sequential", "keras_version": "2.4.0", "config": {"name": "mlp", "layers": [
 {"class_name": "Flatten", "config": {"name": "flat", "batch_input_shape": [null, 4, 4]}},
 {"class_name": "Dense", "config": {"name": "hidden", "units": 12, "activation": "relu"}},
 {"class_name": "Dropout", "config": {"name": "drop", "rate": 0.1}},
 {"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax"}}]}} $$, name => 'mlp');
SELECT cerebro.load_model('archs', $$
{"class_name": "Sequential", "keras_version": "2.4.0", "config": {"name": "conv", "layers": [
 {"class_name": "Reshape", "config": {"name": "image", "batch_input_shape": [null, 4, 4], "target_shape": [4, 4, 1]}},
 {"class_name": "Conv2D", "config": {"name": "conv", "filters": 4, "kernel_size": [3, 3], "padding": "same", "activation": "relu"}},
 {"class_name": "MaxPooling2D", "config": {"name": "pool", "pool_size": [2, 2]}},
 {"class_name": "Flatten", "config": {"name": "flat"}},
 {"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax"}}]}} $$, name => 'conv');
SELECT cerebro.generate_model_configs('archs', 'configs', ARRAY[1, 2],
    $${'loss': ['categorical_crossentropy'], 'optimizer_params_list': [{'optimizer': ['Adam'], 'lr': [0.001, 0.01]},
       {'optimizer': ['SGD'], 'lr': [0.05], 'momentum': [0.9]}], 'metrics': ['accuracy']}$$,
    $${'batch_size': [16], 'epochs': [1]}$$);
SELECT * FROM configs ORDER BY mst_key;

-- the plan: everything but the estimates
SELECT regexp_replace(l, '[0-9.e-]+ s\M', '# s', 'g') FROM cerebro.explain_fit_multiple_model('points_packed', 'models', 'configs', 4, workers => 0) l WHERE l !~ '^  Memory';

SELECT cerebro.fit_multiple_model('points_packed', 'models', 'configs', 4, validation_table => 'points_val', metrics_compute_frequency => 2,
    name => 'first', description => 'the main path', seed => 5);

SELECT mst_key, octet_length(model_weights) AS weight_bytes, model_arch ->> 'class_name' AS arch FROM models ORDER BY mst_key;
SELECT mst_key, model_id, status, diverged_step, parameters, model_size, metrics_type, loss_type, metrics_iters, metric_names, iterations_done,
       array_length(training_loss, 1) AS losses, array_dims(training_metric_values) AS training_values,
       training_loss[2] < training_loss[1] AS learns, training_metrics_final = training_metrics[2] AS final_is_last,
       validation_loss_final IS NOT NULL AS validated
FROM models_info ORDER BY mst_key;
SELECT max(validation_metrics_final) >= 0.95 AS good FROM models_info;
SELECT source_table, validation_table, model, model_info, dependent_varname, independent_varname, model_arch_table, model_selection_table, num_iterations,
       metrics_compute_frequency, warm_start, name, description, start_training_time <= end_training_time AS times, side_class_values, num_classes,
       normalizing_const, metrics_iters, seed, threads, precision, use_gpus
FROM models_summary;
-- every model visits every partition once an iteration, in its bundle's order
SELECT iteration, count(*) AS visits, count(DISTINCT (mst_key, partition_id)) AS distinct_visits, sum(rows) AS rows, bool_and(loss > 0) AS losses,
       bool_and(ended_at >= started_at) AS times
FROM models_visits GROUP BY iteration ORDER BY iteration;
-- a partition's rows are the table's
SELECT count(*) AS partitions, sum(rows) AS rows FROM (SELECT DISTINCT partition_id, rows FROM models_visits) v;
SELECT mst_key, count(*) AS pieces, min(piece), bool_and(octet_length(data) > 0) AS filled FROM models_state GROUP BY mst_key ORDER BY mst_key;

-- weights tensor by tensor, in Keras's order
SELECT "position", name, shape, piece, octet_length(data) AS bytes FROM cerebro.weights('models', 4);
SELECT string_agg(w.data, '' ORDER BY w."position", w.piece) = (SELECT model_weights FROM models WHERE mst_key = 4) AS same FROM cerebro.weights('models', 4) w;

-- a diverged model is marked and the others go on
SELECT cerebro.load_model_selection_table('archs', 'wild', ARRAY[1],
    ARRAY[$$optimizer='SGD(lr=1e30)',loss='categorical_crossentropy',metrics=['accuracy']$$,
          $$optimizer='Adam(lr=0.01)',loss='categorical_crossentropy',metrics=['accuracy']$$], ARRAY['batch_size=16,epochs=1']);
SET client_min_messages = error;
SELECT cerebro.fit_multiple_model('points_packed', 'wild_models', 'wild', 3);
SET client_min_messages = warning;
SELECT status, count(*), bool_or(diverged_step > 0) AS numbered, bool_and(training_loss_final = 'NaN') AS nan FROM wild_models_info GROUP BY status ORDER BY status;
SELECT count(*) < 24 AS stopped_costing FROM wild_models_visits;

-- best-iteration weights on request
SELECT cerebro.fit_multiple_model('points_packed', 'best', 'configs', 3, metrics_compute_frequency => 1, restore_best => true, seed => 5);
SELECT bool_and(best_iteration BETWEEN 1 AND 3) AS has_best,
       bool_and(training_metrics[best_iteration] = (SELECT max(v) FROM unnest(training_metrics) v)) AS is_best,
       bool_and(training_metrics_final = training_metrics[best_iteration]) AS final_is_best FROM best_info;

-- quoted and schema-qualified names
CREATE SCHEMA "Odd Schema";
SELECT cerebro.fit_multiple_model('fit.points_packed', '"Odd Schema"."Models; DROP TABLE points"', 'fit.configs', 1);
SELECT count(*) FROM "Odd Schema"."Models; DROP TABLE points_info";
SELECT count(*) FROM points;

SET client_min_messages = error;
DROP SCHEMA "Odd Schema" CASCADE;
DROP SCHEMA fit CASCADE;
