-- Repeatability: the same weights, bit for bit, whatever the number of workers, where the states lie, the neighbours, or a break in between.
SET client_min_messages = warning;
CREATE SCHEMA repeat;
SET search_path = repeat, public;
CREATE TABLE points AS
SELECT i AS id, (i % 4)::int AS label, ARRAY(SELECT ((i * 7919 + c * 1299709) % 97 + CASE WHEN c % 4 = i % 4 THEN 60 ELSE 0 END)::int FROM generate_series(0, 19) c) AS x
FROM generate_series(1, 1500) i;
SELECT cerebro.training_preprocessor_dl('points', 'packed', 'label', 'x', normalizing_const => 160, num_partitions => 6, seed => 3, buffer_size => 128);
SELECT cerebro.load_model('archs', $$
{"class_name": "Sequential", "keras_version": "2.4.0", "config": [
 {"class_name": "Dense", "config": {"name": "hidden", "units": 33, "activation": "relu", "batch_input_shape": [null, 20]}},
 {"class_name": "Dropout", "config": {"name": "drop", "rate": 0.25}},
 {"class_name": "Dense", "config": {"name": "out", "units": 4, "activation": "softmax"}}]} $$);
SELECT cerebro.load_model('archs', $$
{"class_name": "Sequential", "keras_version": "2.4.0", "config": [
 {"class_name": "Dense", "config": {"name": "hidden", "units": 10, "activation": "tanh", "batch_input_shape": [null, 20]}},
 {"class_name": "BatchNormalization", "config": {"name": "norm"}},
 {"class_name": "Dense", "config": {"name": "out", "units": 4, "activation": "softmax"}}]} $$);
SELECT cerebro.generate_model_configs('archs', 'configs', ARRAY[1, 2],
    $${'loss': ['categorical_crossentropy'], 'optimizer_params_list': [{'optimizer': ['Adam', 'RMSprop'], 'lr': [0.01]},
       {'optimizer': ['SGD'], 'lr': [0.05], 'momentum': [0.9]}], 'metrics': ['accuracy']}$$,
    $${'batch_size': [32, 24], 'epochs': [1, 2]}$$);
SELECT count(*) FROM configs;

CREATE FUNCTION fingerprint(models regclass) RETURNS text LANGUAGE plpgsql AS $$
DECLARE f text;
BEGIN
    EXECUTE format('SELECT md5(string_agg(mst_key || md5(model_weights), '','' ORDER BY mst_key)) FROM %s', models) INTO f;
    RETURN f;
END $$;

-- workers = 0, 1, 2, 4; a second run
SELECT cerebro.fit_multiple_model('packed', 'w0', 'configs', 5, workers => 0, seed => 7);
SELECT cerebro.fit_multiple_model('packed', 'w1', 'configs', 5, workers => 1, seed => 7);
SELECT cerebro.fit_multiple_model('packed', 'w2', 'configs', 5, workers => 2, seed => 7);
SELECT cerebro.fit_multiple_model('packed', 'w4', 'configs', 5, workers => 4, seed => 7);
SELECT cerebro.fit_multiple_model('packed', 'again', 'configs', 5, workers => 2, seed => 7);
SELECT 'w1' AS run, fingerprint('w1') = fingerprint('w0') AS same, (SELECT workers FROM w1_summary) AS workers
UNION ALL SELECT 'w2', fingerprint('w2') = fingerprint('w0'), (SELECT workers FROM w2_summary)
UNION ALL SELECT 'w4', fingerprint('w4') = fingerprint('w0'), (SELECT workers FROM w4_summary)
UNION ALL SELECT 'again', fingerprint('again') = fingerprint('w0'), (SELECT workers FROM again_summary) ORDER BY 1;
-- another seed gives other weights
SELECT cerebro.fit_multiple_model('packed', 'other', 'configs', 1, workers => 2, seed => 8);
SELECT fingerprint('other') <> fingerprint('w0') AS differs;

-- 2 + 3 iterations by warm start, each half with another number of workers
SELECT cerebro.fit_multiple_model('packed', 'halves', 'configs', 2, workers => 2, seed => 7);
SELECT cerebro.fit_multiple_model('packed', 'halves', 'configs', 3, workers => 1, warm_start => true);
SELECT fingerprint('halves') = fingerprint('w0') AS same, (SELECT min(iterations_done) FROM halves_info) AS iterations_done;
-- the log is the one of a single run
SELECT count(*) AS visits, count(w.mst_key) AS as_in_one_run FROM w0_visits w FULL JOIN halves_visits h USING (mst_key, iteration, visit, partition_id, rows, loss);

-- metrics at every iteration, and restore_best, change no training
SELECT cerebro.fit_multiple_model('packed', 'metrics', 'configs', 5, workers => 2, seed => 7, metrics_compute_frequency => 1, validation_table => 'packed');
SELECT fingerprint('metrics') = fingerprint('w0') AS same;

-- states in a mapped file
SET cerebro.shared_state_mem = '64kB';
SELECT cerebro.fit_multiple_model('packed', 'mapped', 'configs', 5, workers => 2, seed => 7);
RESET cerebro.shared_state_mem;
SELECT fingerprint('mapped') = fingerprint('w0') AS same, (SELECT state_place FROM mapped_summary) AS state_place;

-- half of the models go on alone, then all of them: a warm start keeps each model's own count
CREATE TABLE half AS SELECT * FROM configs WHERE mst_key % 2 = 0;
CREATE TABLE half_summary AS SELECT * FROM configs_summary;
SELECT cerebro.fit_multiple_model('packed', 'subset', 'configs', 2, workers => 2, seed => 7);
SELECT cerebro.fit_multiple_model('packed', 'subset', 'half', 3, workers => 2, warm_start => true);
SELECT count(*) AS models, bool_and(md5(s.model_weights) = md5(w.model_weights)) AS same FROM subset s JOIN w0 w USING (mst_key);
SELECT count(*) AS visits, count(DISTINCT mst_key) AS models, count(DISTINCT iteration) AS iterations, count(w.mst_key) AS as_in_one_run
FROM subset_visits s LEFT JOIN w0_visits w USING (mst_key, iteration, visit, partition_id, rows, loss);

-- the aggregate by hand: one pass over each partition in the visits' order gives the same state, bit for bit
CREATE FUNCTION by_hand(k integer) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    state bytea;
    v record;
    c record;
BEGIN
    SELECT * INTO c FROM configs WHERE mst_key = k;
    state := cerebro.init_state('archs', c.model_id, c.compile_params, c.fit_params, 'packed', 7, k);
    FOR v IN SELECT partition_id FROM w2_visits WHERE mst_key = k ORDER BY iteration, visit LOOP
        SELECT cerebro.fit_step(state, p.partition_id, p.buffer_id, p.x, p.label) INTO state
        FROM (SELECT * FROM packed WHERE partition_id = v.partition_id ORDER BY buffer_id) p;
    END LOOP;
    RETURN md5(state) = (SELECT md5(string_agg(data, '' ORDER BY piece)) FROM w2_state WHERE mst_key = k);
END $$;
SELECT bool_and(by_hand(k)) AS same FROM generate_series(1, 24) k;

-- a dense layer whose products are shared among threads: the same bits with one thread, two and three, and in workers
SELECT cerebro.load_model('archs', $$
{"class_name": "Sequential", "keras_version": "2.4.0", "config": [
 {"class_name": "Dense", "config": {"name": "wide", "units": 900, "activation": "tanh", "batch_input_shape": [null, 20]}},
 {"class_name": "Dense", "config": {"name": "wider", "units": 700, "activation": "relu"}},
 {"class_name": "Dense", "config": {"name": "out", "units": 4, "activation": "softmax"}}]} $$);
SELECT cerebro.generate_model_configs('archs', 'wide_configs', ARRAY[3],
    $${'loss': ['categorical_crossentropy'], 'optimizer_params_list': [{'optimizer': ['Adam'], 'lr': [0.001]}]}$$,
    $${'batch_size': [48], 'epochs': [1]}$$);
SELECT cerebro.fit_multiple_model('packed', 'one', 'wide_configs', 1, workers => 0);
SET cerebro.threads = 2;
SELECT cerebro.fit_multiple_model('packed', 'two', 'wide_configs', 1, workers => 0);
SET cerebro.threads = 3;
SELECT cerebro.fit_multiple_model('packed', 'three', 'wide_configs', 1, workers => 2);
RESET cerebro.threads;
SELECT fingerprint('two') = fingerprint('one') AS two, fingerprint('three') = fingerprint('one') AS three,
       (SELECT threads FROM three_summary) AS threads;

SET client_min_messages = error;
DROP SCHEMA repeat CASCADE;
