-- A model's bits are its own: those of forty models trained together, in pairs and alone, in any bundles, by any number of workers.
SET client_min_messages = warning;
CREATE SCHEMA crowd;
SET search_path = crowd, public;
CREATE TABLE points AS
SELECT i AS id, (i % 4)::int AS label, ARRAY(SELECT ((i * 7919 + c * 1299709) % 97 + CASE WHEN c % 4 = i % 4 THEN 60 ELSE 0 END)::int FROM generate_series(0, 19) c) AS x
FROM generate_series(1, 600) i;
SELECT cerebro.training_preprocessor_dl('points', 'packed', 'label', 'x', normalizing_const := 160, num_partitions := 2, seed := 3, buffer_size := 100);
SELECT cerebro.load_model('archs', $$
{"class_name": "Sequential", "keras_version": "2.4.0", "config": [
 {"class_name": "Dense", "config": {"name": "hidden", "units": 33, "activation": "relu", "batch_input_shape": [null, 20]}},
 {"class_name": "Dropout", "config": {"name": "drop", "rate": 0.25}},
 {"class_name": "Dense", "config": {"name": "out", "units": 4, "activation": "softmax"}}]} $$);
SELECT cerebro.load_model('archs', $$
{"class_name": "Sequential", "keras_version": "2.4.0", "config": [
 {"class_name": "Dense", "config": {"name": "hidden", "units": 10, "activation": "tanh", "batch_input_shape": [null, 20]}},
 {"class_name": "Dense", "config": {"name": "out", "units": 4, "activation": "softmax"}}]} $$);
SELECT cerebro.generate_model_configs('archs', 'configs', ARRAY[1, 2],
    $${'loss': ['categorical_crossentropy'], 'optimizer_params_list': [{'optimizer': ['Adam', 'RMSprop'], 'lr': [0.01, 0.003]},
       {'optimizer': ['SGD'], 'lr': [0.05], 'momentum': [0.9]}], 'metrics': ['accuracy']}$$,
    $${'batch_size': [32, 24], 'epochs': [1, 2]}$$);
SELECT count(*) FROM configs;

CREATE TABLE own (run text, mst_key integer, bits text);
-- Trains the models of some keys, and keeps what came out.
CREATE FUNCTION train(run text, keys integer[], workers integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    DROP TABLE IF EXISTS chosen, chosen_summary, models, models_info, models_summary, models_state, models_visits;
    CREATE TABLE chosen AS SELECT * FROM configs WHERE mst_key = ANY (keys);
    CREATE TABLE chosen_summary AS SELECT * FROM configs_summary;
    PERFORM cerebro.fit_multiple_model('packed', 'models', 'chosen', 3, seed := 7, workers := workers);
    INSERT INTO own SELECT run, mst_key, md5(model_weights) FROM models;
END $$;
DO $$
DECLARE
    every integer[] := ARRAY(SELECT mst_key FROM configs ORDER BY 1);
BEGIN
    PERFORM train('together', every, 0);
    FOR w IN 1 .. 4 LOOP PERFORM train('workers ' || w, every, w); END LOOP;
    FOR c IN 1 .. 8 LOOP  -- as many bundles as servers of 1 to 8 cores would make
        PERFORM set_config('cerebro.bundles', (4 * c)::text, false);
        PERFORM train('cores ' || c, every, 0);
    END LOOP;
    PERFORM set_config('cerebro.bundles', '1', false);
    PERFORM train('one bundle where one will do', every, 2);
END $$;
RESET cerebro.bundles;
DO $$
BEGIN
    FOR k IN 1 .. 20 LOOP PERFORM train('pairs', ARRAY[k, 41 - k], 0); END LOOP;
    PERFORM train('5 and 17', ARRAY[5, 17], 0);
    FOR k IN 1 .. 40 LOOP PERFORM train('alone', ARRAY[k], 0); END LOOP;
END $$;
SELECT run, count(*) AS models FROM own GROUP BY 1 ORDER BY 1;
SELECT count(DISTINCT mst_key) AS models, count(DISTINCT (mst_key, bits)) AS bits, count(DISTINCT bits) AS different FROM own;
-- a model that goes on, and its neighbours that begin beside it
SELECT cerebro.fit_multiple_model('packed', 'later', 'chosen', 1, seed := 7);
SELECT cerebro.fit_multiple_model('packed', 'later', 'configs', 2, seed := 7, warm_start := true);
CREATE TABLE rest AS SELECT * FROM configs WHERE mst_key NOT IN (SELECT mst_key FROM chosen);
CREATE TABLE rest_summary AS SELECT * FROM configs_summary;
SELECT cerebro.fit_multiple_model('packed', 'later', 'rest', 1, seed := 7, warm_start := true);
SELECT count(*) AS models, bool_and(md5(l.model_weights) = o.bits) AS same FROM later l JOIN own o USING (mst_key) WHERE o.run = 'together';

SET client_min_messages = error;
DROP SCHEMA crowd CASCADE;
