-- Stored features of models that are out of the ordinary.
SET client_min_messages = error;
CREATE SCHEMA features_models;
SET search_path = features_models, public;
-- frozen layers without weights, in an architecture without weights
CREATE TABLE points AS
SELECT i AS id, i % 3 AS label, ARRAY(SELECT ((i * 7919 + c * 104729) % 97 + CASE WHEN c % 3 = i % 3 THEN 40 ELSE 0 END)::real FROM generate_series(0, 4095) c) AS x
FROM generate_series(1, 500) i;
SELECT cerebro.training_preprocessor_dl('points', 'packed', 'label', 'x', normalizing_const => 140, num_partitions => 4, seed => 3, buffer_size => 50);
SELECT cerebro.load_model('archs', $$ {"class_name": "Sequential", "config": [
 {"class_name": "Reshape", "config": {"name": "image", "target_shape": [64, 64, 1], "batch_input_shape": [null, 4096]}},
 {"class_name": "AveragePooling2D", "config": {"name": "pool", "pool_size": [8, 8]}},
 {"class_name": "Flatten", "config": {"name": "flat"}},
 {"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax"}}]} $$);
SELECT cerebro.load_model_selection_table('archs', 'configs', ARRAY[1], ARRAY[$$optimizer='SGD(lr=0.1)',loss='categorical_crossentropy'$$], ARRAY['batch_size=32']);
SET cerebro.enable_feature_sharing = off;
CREATE FUNCTION train(name text, workers integer) RETURNS text LANGUAGE plpgsql AS $$
DECLARE found text;
BEGIN
    PERFORM cerebro.fit_multiple_model('packed', name, 'configs', 200, seed => 7, workers => train.workers);
    EXECUTE 'SELECT md5(model_weights) FROM ' || name INTO found;
    RETURN found;
END $$;
CREATE TABLE trained AS SELECT train('stored', 0) AS hash;
SELECT e->>'layer' AS layer, e->>'use' AS use FROM stored_summary, json_array_elements(frozen_layers) e;
SELECT cerebro.drop_features('packed');
SELECT train('by_workers', 2) = hash AS same FROM trained;
SET cerebro.enable_feature_materialization = off;
SELECT train('plain', 0) = hash AS same FROM trained;
RESET cerebro.enable_feature_sharing;
RESET cerebro.enable_feature_materialization;
-- a search stores what it cannot share
SELECT cerebro.fit_multiple_model('packed', 'searched', 'archs', 100, search => '{"policy": "random", "max_models": 4, "model_ids": [1],
    "compile_params_grid": {"loss": ["categorical_crossentropy"], "optimizer_params_list": [{"optimizer": ["SGD"], "lr": [0.01, 0.1, "log"]}]},
    "fit_params_grid": {"batch_size": [32], "epochs": [1]}}', workers => 0);
SELECT e->>'layer' AS layer, e->>'use' AS use FROM searched_summary, json_array_elements(frozen_layers) e;
-- models and layers that change from row to row: more of them than a call site keeps
SELECT l AS layer, count(*), count(DISTINCT md5(cerebro.features(m, l, ROW(x), k)::text)) AS different
FROM (SELECT ARRAY(SELECT (c % 97)::real FROM generate_series(0, 4095) c) AS x) p, unnest(ARRAY['stored', 'by_workers', 'plain']) m,
    unnest(ARRAY['image', 'pool', 'flat', 'out']) l, unnest(ARRAY[NULL, 1]) k GROUP BY 1 ORDER BY 1;
-- buffers of more rows than are computed at once
CREATE TABLE many AS SELECT i AS id, i % 3 AS label, ARRAY[i, i % 7, i % 5]::real[] AS x FROM generate_series(1, 3000) i;
SELECT cerebro.training_preprocessor_dl('many', 'many_packed', 'label', 'x', num_partitions => 1, buffer_size => 3000, seed => 3);
SELECT cerebro.load_model('small', $$ {"class_name": "Sequential", "config": [
 {"class_name": "Dense", "config": {"name": "hidden", "units": 4, "batch_input_shape": [null, 3]}},
 {"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax"}}]} $$);
SELECT cerebro.load_model_selection_table('small', 'small_configs', ARRAY[1], ARRAY[$$optimizer='SGD(lr=0.0001)',loss='categorical_crossentropy'$$], ARRAY['batch_size=32']);
SELECT cerebro.fit_multiple_model('many_packed', 'small_run', 'small_configs', 1, seed => 1, workers => 0);
SELECT cerebro.extract_features('small_run', 'hidden', 'many', 'of_rows', 'id');
SELECT cerebro.extract_features('small_run', 'hidden', 'many_packed', 'of_buffers');
SELECT count(*) AS rows, max(row) AS last FROM of_buffers;
SELECT count(*) AS other FROM (SELECT features FROM of_rows EXCEPT ALL SELECT features FROM of_buffers) d;
DROP SCHEMA features_models CASCADE;
