-- Training on GPUs: the one that the processor plays, or a real one (psql -v real_device=1, as test/gpu/run does).
SET client_min_messages = warning;
CREATE SCHEMA gpu;
SET search_path = gpu, public;
\if :{?real_device}
SET cerebro.fake_devices = 0;
\else
SET cerebro.fake_devices = 1;
\endif
CREATE TABLE points AS
SELECT i AS id, (i % 4)::int AS label, ARRAY(SELECT ((i * 7919 + c * 1299709) % 97 + CASE WHEN c % 4 = i % 4 THEN 60 ELSE 0 END)::int FROM generate_series(0, 19) c) AS x
FROM generate_series(1, 1500) i;
SELECT cerebro.training_preprocessor_dl('points', 'packed', 'label', 'x', normalizing_const => 160, num_partitions => 3, seed => 3, buffer_size => 128);
SELECT cerebro.load_model('archs', $$
{"class_name": "Sequential", "keras_version": "2.4.0", "config": [
 {"class_name": "Dense", "config": {"name": "hidden", "units": 33, "activation": "relu", "batch_input_shape": [null, 20]}},
 {"class_name": "Dropout", "config": {"name": "drop", "rate": 0.25}},
 {"class_name": "Dense", "config": {"name": "out", "units": 4, "activation": "softmax"}}]} $$);
SELECT cerebro.load_model('archs', $$
{"class_name": "Sequential", "keras_version": "2.4.0", "config": [
 {"class_name": "Dense", "config": {"name": "hidden", "units": 10, "activation": "tanh", "batch_input_shape": [null, 20]}},
 {"class_name": "Reshape", "config": {"name": "series", "target_shape": [5, 2]}},
 {"class_name": "LSTM", "config": {"name": "memory", "units": 6}},
 {"class_name": "Dense", "config": {"name": "out", "units": 4, "activation": "softmax"}}]} $$);
SELECT cerebro.load_model('archs', $$
{"class_name": "Functional", "keras_version": "2.4.0", "config": {"name": "residual", "layers": [
 {"class_name": "InputLayer", "name": "x", "config": {"name": "x", "batch_input_shape": [null, 20]}, "inbound_nodes": []},
 {"class_name": "Dense", "name": "a", "config": {"name": "a", "units": 12, "activation": "relu"}, "inbound_nodes": [[["x", 0, 0, {}]]]},
 {"class_name": "BatchNormalization", "name": "norm", "config": {"name": "norm"}, "inbound_nodes": [[["a", 0, 0, {}]]]},
 {"class_name": "Dense", "name": "b", "config": {"name": "b", "units": 12, "activation": "tanh",
    "kernel_constraint": {"class_name": "MaxNorm", "config": {"max_value": 1.0, "axis": 0}}}, "inbound_nodes": [[["norm", 0, 0, {}]]]},
 {"class_name": "Add", "name": "sum", "config": {"name": "sum"}, "inbound_nodes": [[["a", 0, 0, {}], ["b", 0, 0, {}]]]},
 {"class_name": "Dense", "name": "out", "config": {"name": "out", "units": 4, "activation": "softmax"}, "inbound_nodes": [[["sum", 0, 0, {}]]]}],
 "input_layers": [["x", 0, 0]], "output_layers": [["out", 0, 0]]}} $$);
SELECT cerebro.generate_model_configs('archs', 'configs', ARRAY[1],
    $${'loss': ['categorical_crossentropy'], 'optimizer_params_list': [{'optimizer': ['Adam'], 'lr': [0.01, 0.002]},
       {'optimizer': ['SGD'], 'lr': [0.05], 'momentum': [0.9]}], 'metrics': ['accuracy']}$$,
    $${'batch_size': [32], 'epochs': [1, 2]}$$);
CREATE FUNCTION fingerprint(models regclass) RETURNS text LANGUAGE plpgsql AS $$
DECLARE f text;
BEGIN
    EXECUTE format('SELECT md5(string_agg(mst_key || md5(model_weights), '','' ORDER BY mst_key)) FROM %s', models) INTO f;
    RETURN f;
END $$;

-- the processor's losses and a device's; models that visit a partition together train side by side
SELECT cerebro.fit_multiple_model('packed', 'here', 'configs', 3, workers => 0, seed => 7);
SELECT cerebro.fit_multiple_model('packed', 'there', 'configs', 3, workers => 0, seed => 7, use_gpus => true, metrics_compute_frequency => 1);
SELECT count(*) AS models, bool_and(abs(h.training_loss_final - t.training_loss_final) < 1e-4) AS losses,
       bool_and(abs(h.training_metrics_final - t.training_metrics_final) < 0.01) AS metrics
FROM here_info h JOIN there_info t USING (mst_key);
SELECT DISTINCT device FROM there_visits ORDER BY 1;
SELECT DISTINCT device FROM here_visits ORDER BY 1;
SELECT use_gpus, build LIKE '%products on devices in float32' AS build FROM there_summary;

-- the same bits from run to run, whatever trains beside, and after a break
SELECT cerebro.fit_multiple_model('packed', 'again', 'configs', 3, workers => 1, seed => 7, use_gpus => true);
SELECT fingerprint('again') = fingerprint('there') AS same, fingerprint('here') <> fingerprint('there') AS others;
SET cerebro.enable_horizontal = off;
SELECT cerebro.fit_multiple_model('packed', 'alone', 'configs', 3, workers => 0, seed => 7, use_gpus => true);
RESET cerebro.enable_horizontal;
SELECT fingerprint('alone') = fingerprint('there') AS same;
SELECT cerebro.fit_multiple_model('packed', 'halves', 'configs', 1, workers => 0, seed => 7, use_gpus => true);
SELECT cerebro.fit_multiple_model('packed', 'halves', 'configs', 2, workers => 0, use_gpus => true, warm_start => true);
SELECT fingerprint('halves') = fingerprint('there') AS same;

-- a graph with a residual, a normalisation and a constraint
SELECT cerebro.generate_model_configs('archs', 'graphs', ARRAY[3],
    $${'loss': ['categorical_crossentropy'], 'optimizer_params_list': [{'optimizer': ['Adam'], 'lr': [0.01, 0.002]}], 'metrics': ['accuracy']}$$,
    $${'batch_size': [32], 'epochs': [1]}$$);
SELECT cerebro.fit_multiple_model('packed', 'graphs_here', 'graphs', 3, workers => 0, seed => 7);
SELECT cerebro.fit_multiple_model('packed', 'graphs_there', 'graphs', 3, workers => 0, seed => 7, use_gpus => true);
SELECT cerebro.fit_multiple_model('packed', 'graphs_again', 'graphs', 3, workers => 1, seed => 7, use_gpus => true);
SELECT count(*) AS models, bool_and(abs(h.training_loss_final - t.training_loss_final) < 1e-3) AS losses
FROM graphs_here_info h JOIN graphs_there_info t USING (mst_key);
SELECT DISTINCT device FROM graphs_there_visits;
SELECT fingerprint('graphs_again') = fingerprint('graphs_there') AS same;

-- EXPLAIN says what trains on a device
SELECT trim(line) AS line FROM cerebro.explain_fit_multiple_model('packed', 'plan', 'configs', 1, workers => 0, use_gpus => true) AS line
WHERE line ~ 'Trainer' LIMIT 1;

-- a network that has no kernels there, and memory that is short: the processor trains
SELECT cerebro.generate_model_configs('archs', 'both', ARRAY[1, 2],
    $${'loss': ['categorical_crossentropy'], 'optimizer_params_list': [{'optimizer': ['Adam'], 'lr': [0.01]}], 'metrics': ['accuracy']}$$,
    $${'batch_size': [32], 'epochs': [1]}$$);
SELECT cerebro.fit_multiple_model('packed', 'mixed', 'both', 1, workers => 0, seed => 7, use_gpus => true);
SELECT mst_key, array_agg(DISTINCT device) AS devices FROM mixed_visits GROUP BY mst_key ORDER BY mst_key;
SET cerebro.device_mem = '20kB';
SELECT cerebro.fit_multiple_model('packed', 'short', 'configs', 3, workers => 0, seed => 7, use_gpus => true);
RESET cerebro.device_mem;
SELECT count(*) > 0 AND count(device) = 0 AS by_the_processor FROM short_visits;
SELECT fingerprint('short') = fingerprint('here') AS same;

-- evaluation
SET client_min_messages = warning;
SELECT cerebro.evaluate('there', 'packed', 'scores', use_gpus => true);
SELECT bool_and(abs(loss - training_loss_final) < 1e-4) AS same FROM scores JOIN there_info USING (mst_key);

-- invalid values
SET cerebro.gpu_precision = 'float16';
SET cerebro.gpu_processes = 0;
-- less than nothing; the server's message names a unit from PostgreSQL 16 on
DO $$
BEGIN
    PERFORM pg_catalog.set_config('cerebro.device_mem', '-1', false);
    RAISE 'accepted';
EXCEPTION WHEN invalid_parameter_value THEN
    NULL;
END $$;
-- rounded factors change the weights, and are named
SET cerebro.gpu_precision = 'bfloat16';
SELECT cerebro.fit_multiple_model('packed', 'rounded', 'configs', 3, workers => 0, seed => 7, use_gpus => true);
SELECT fingerprint('rounded') <> fingerprint('there') AS others, build LIKE '%products on devices in bfloat16' AS build FROM rounded_summary;
SELECT bool_and(abs(r.training_loss_final - t.training_loss_final) < 0.05) AS losses FROM rounded_info r JOIN there_info t USING (mst_key);
RESET cerebro.gpu_precision;
DROP SCHEMA gpu CASCADE;
