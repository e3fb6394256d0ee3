-- Runs over groups on a device, the one that the processor plays: what they give, and what a run leaves that is broken off.
SET client_min_messages = warning;
CREATE SCHEMA gpu_groups;
SET search_path = gpu_groups, public;
SET cerebro.fake_devices = 1;
CREATE TABLE sales AS
SELECT i AS id, i % 3 AS store, (i * 7919 % 101) / 101.0::float8 AS visits, (i * 104729 % 97) / 97.0::float8 AS basket, (i % 3 + i * 7919 % 101 / 101.0)::float8 AS amount
FROM generate_series(1, 600) i;
SELECT cerebro.training_preprocessor_dl('sales', 'packed', 'amount', 'visits, basket', grouping_cols => 'store', dependent_type => 'real', seed => 3);
-- one is trained in one launch a buffer, the other by recorded launches
SELECT cerebro.load_model('archs', $$
{"class_name": "Sequential", "keras_version": "2.4.0", "config": [
 {"class_name": "Dense", "config": {"name": "hidden", "units": 8, "activation": "relu", "batch_input_shape": [null, 2]}},
 {"class_name": "Dense", "config": {"name": "out", "units": 1}}]} $$);
SELECT cerebro.load_model('archs', $$
{"class_name": "Sequential", "keras_version": "2.4.0", "config": [
 {"class_name": "Dense", "config": {"name": "hidden", "units": 8, "activation": "tanh", "batch_input_shape": [null, 2]}},
 {"class_name": "LayerNormalization", "config": {"name": "norm"}},
 {"class_name": "Dense", "config": {"name": "out", "units": 1}}]} $$);
SELECT cerebro.generate_model_configs('archs', 'configs', ARRAY[1, 2],
    $${'loss': ['mse'], 'optimizer_params_list': [{'optimizer': ['Adam'], 'lr': [0.02, 0.002]}], 'metrics': ['mae']}$$, $${'batch_size': [8], 'epochs': [1]}$$);
SELECT cerebro.fit_multiple_model('packed', 'here', 'configs', 3, workers => 0, seed => 7);
SELECT cerebro.fit_multiple_model('packed', 'there', 'configs', 3, workers => 0, seed => 7, use_gpus => true);
SELECT count(*) AS models, bool_and(abs(h.training_loss_final - t.training_loss_final) < 1e-4) AS losses
FROM here_info h JOIN there_info t USING (group_id, mst_key);
SELECT count(*) > 0 AS others FROM here h JOIN there t USING (group_id, mst_key) WHERE h.model_weights <> t.model_weights;

-- in the session and in a worker; a run has far more to do than there is time for
SET statement_timeout = '1s';
SELECT cerebro.fit_multiple_model('packed', 'broken_off', 'configs', 1000000, workers => 0, seed => 7, use_gpus => true);
SELECT cerebro.fit_multiple_model('packed', 'broken_off', 'configs', 1000000, workers => 1, seed => 7, use_gpus => true);
RESET statement_timeout;
-- the session is there, and so is the device
SELECT cerebro.fit_multiple_model('packed', 'again', 'configs', 3, workers => 0, seed => 7, use_gpus => true);
SELECT count(*) AS models, bool_and(a.model_weights = t.model_weights) AS same FROM again a JOIN there t USING (group_id, mst_key);
DROP SCHEMA gpu_groups CASCADE;
