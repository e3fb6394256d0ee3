-- Durable runs that read stored features: made before the first part, found by the others, and the models of a plain run, bit for bit.
SET client_min_messages = error;
CREATE SCHEMA durable_features_case;
SET search_path = durable_features_case, public;
CREATE TABLE points AS
SELECT i AS id, (i % 3)::int AS label, ARRAY(SELECT ((i * 7919 + c * 1299709) % 97 + CASE WHEN c % 3 = i % 3 THEN 40 ELSE 0 END)::int FROM generate_series(0, 199) c) AS x
FROM generate_series(1, 480) i;
SELECT cerebro.training_preprocessor_dl('points', 'packed', 'label', 'x', normalizing_const => 140, num_partitions => 4, seed => 3, buffer_size => 50);
CREATE FUNCTION arch(trained boolean) RETURNS json LANGUAGE sql AS $$
SELECT replace('{"class_name": "Sequential", "keras_version": "2.4.0", "config": [
 {"class_name": "Reshape", "config": {"name": "image", "target_shape": [10, 10, 2], "batch_input_shape": [null, 200]}},
 {"class_name": "Conv2D", "config": {"name": "a", "filters": 24, "kernel_size": [3, 3], "padding": "same", "activation": "relu", "trainable": T}},
 {"class_name": "Conv2D", "config": {"name": "b", "filters": 32, "kernel_size": [3, 3], "activation": "relu", "trainable": T}},
 {"class_name": "MaxPooling2D", "config": {"name": "pool", "pool_size": [2, 2]}},
 {"class_name": "Flatten", "config": {"name": "flat"}},
 {"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax"}}]}', 'T', CASE WHEN trained THEN 'true' ELSE 'false' END)::json $$;
SELECT cerebro.load_model('first', arch(true));
SELECT cerebro.load_model_selection_table('first', 'first_configs', ARRAY[1], ARRAY[$$optimizer='Adam(lr=0.001)',loss='categorical_crossentropy'$$], ARRAY['batch_size=32']);
SELECT cerebro.fit_multiple_model('packed', 'pretrained', 'first_configs', 1, seed => 5, workers => 0);
SELECT cerebro.load_model('archs', arch(false), (SELECT model_weights FROM pretrained));
SELECT cerebro.load_model_selection_table('archs', 'configs', ARRAY[1],
    ARRAY[$$optimizer='Adam(lr=0.003)',loss='categorical_crossentropy'$$, $$optimizer='SGD(lr=0.05)',loss='categorical_crossentropy'$$], ARRAY['batch_size=32']);
CREATE FUNCTION same(a regclass, b regclass) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE equal boolean;
BEGIN
    EXECUTE format('SELECT count(*) = 2 AND bool_and(a.model_weights = b.model_weights) FROM %s a JOIN %s b USING (mst_key)', a, b) INTO equal;
    RETURN equal;
END $$;
SET cerebro.enable_feature_materialization = off;
SET cerebro.enable_feature_sharing = off;
SELECT cerebro.fit_multiple_model('packed', 'plain', 'configs', 20, seed => 7, workers => 0);
SET cerebro.enable_feature_materialization = on;
-- the first part makes the features, the other finds them; 20 iterations are worth a set on each segment of a cluster, too
SELECT cerebro.advance('packed', 'parts', 'configs', 20, seed => 7, workers => 0, iterations => 3) AS iterations_left;
SELECT count(*) AS sets FROM cerebro.materialized_features WHERE source_table = 'durable_features_case.packed';
CREATE TABLE made AS SELECT digest, made_at FROM cerebro.materialized_features WHERE source_table = 'durable_features_case.packed';
SELECT cerebro.advance('packed', 'parts', 'configs', 20, seed => 7, workers => 2, iterations => 17) AS iterations_left;
SELECT same('parts', 'plain'), (SELECT e->>'use' FROM parts_summary, json_array_elements(frozen_layers) e WHERE e->>'layer' = 'flat') AS flat;
SELECT count(*) AS sets, bool_and(f.made_at = m.made_at) AS same_ones FROM cerebro.materialized_features f JOIN made m USING (digest);
-- the features go while the run is not over: they are made again
SELECT cerebro.advance('packed', 'robbed', 'configs', 20, seed => 7, workers => 0, iterations => 3) AS iterations_left;
SELECT cerebro.drop_features('packed');
SELECT cerebro.advance('packed', 'robbed', 'configs', 20, seed => 7, workers => 0, iterations => 17) AS iterations_left;
SELECT same('robbed', 'plain'), (SELECT count(*) FROM cerebro.materialized_features WHERE source_table = 'durable_features_case.packed') AS sets;
-- a commit after every visit
CALL cerebro.fit('packed', 'called', 'configs', 20, seed => 7, workers => 0, checkpoint_interval => '0');
SELECT same('called', 'plain');
-- which the list knows by one row, however many parts there were
SELECT count(*) <= 3 AS few_uses FROM packed_features WHERE feature_table IS NULL;
DROP SCHEMA durable_features_case CASCADE;
