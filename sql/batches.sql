-- Mini-batches cross the buffers of a partition, and end with it.
CREATE SCHEMA batches;
SET search_path = batches, public;
SET client_min_messages = warning;
CREATE TABLE points AS SELECT i AS id, i % 2 AS label, ARRAY[i % 7, (i * 13) % 11, i % 2]::real[] AS x FROM generate_series(1, 1000) i;
SELECT cerebro.training_preprocessor_dl('points', 'packed', 'label', 'x', num_partitions := 2, buffer_size := 60, seed := 3);
SELECT cerebro.load_model('archs', $$
{"class_name": "Sequential", "config": [
 {"class_name": "Dense", "config": {"name": "hidden", "units": 5, "activation": "tanh", "batch_input_shape": [null, 3]}},
 {"class_name": "Dense", "config": {"name": "out", "units": 2, "activation": "softmax"}}]} $$);
-- 500 rows a partition, in buffers of 60
SELECT count(*) AS buffers, max(octet_length(x)) / 12 AS most_rows FROM packed;
SELECT cerebro.load_model_selection_table('archs', 'configs', ARRAY[1], ARRAY[$$optimizer='SGD(lr=0.1)',loss='categorical_crossentropy',metrics=['accuracy']$$],
    ARRAY['batch_size=50,epochs=1', 'batch_size=60,epochs=1', 'batch_size=128,epochs=1', 'batch_size=500,epochs=1', 'batch_size=128,epochs=2']);
SELECT cerebro.fit_multiple_model('packed', 'models', 'configs', 2, seed := 7, workers := 0);
-- each batch size trains all rows, and each to weights of its own
SELECT count(DISTINCT md5(model_weights)) AS different FROM models;
SELECT sum(rows) AS rows_trained, min(rows) AS least, max(rows) AS most FROM models_visits WHERE mst_key < 5;
-- more than a partition has: announced, once for all of them; the largest mini-batch is the partition
SELECT cerebro.load_model_selection_table('archs', 'large_configs', ARRAY[1], ARRAY[$$optimizer='SGD(lr=0.1)',loss='categorical_crossentropy',metrics=['accuracy']$$],
    ARRAY['batch_size=500', 'batch_size=501', 'batch_size=1000']);
SET client_min_messages = notice;
SELECT count(*) > 0 AS planned FROM cerebro.explain_fit_multiple_model('packed', 'large', 'large_configs', 1, workers := 0);
-- buffers of any size: the same training when nothing is shuffled and a partition is one mini-batch
SET client_min_messages = error;
SELECT cerebro.training_preprocessor_dl('points', 'coarse', 'label', 'x', num_partitions := 2, buffer_size := 500, seed := 3);
SELECT cerebro.training_preprocessor_dl('points', 'fine', 'label', 'x', num_partitions := 2, buffer_size := 7, seed := 3);
UPDATE configs SET fit_params = CASE mst_key WHEN 1 THEN 'batch_size=500,shuffle=False' ELSE 'batch_size=' || 500 + mst_key || ',shuffle=False' END;
SELECT cerebro.fit_multiple_model('coarse', 'by_coarse', 'configs', 3, seed := 7, workers := 0);
SELECT cerebro.fit_multiple_model('fine', 'by_fine', 'configs', 3, seed := 7, workers := 0);
SELECT bool_and(c.model_weights = f.model_weights) AS same FROM by_coarse c JOIN by_fine f USING (mst_key);
DROP SCHEMA batches CASCADE;
