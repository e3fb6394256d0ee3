-- Every optimizer trains: the loss falls, weights are the same bits with any number of workers and after a break. Weight decay and its
-- exceptions, regularizers and constraints. What is wrong is said.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE SCHEMA optimizers;
SET search_path = optimizers, public;

\set data `echo "$CEREBRO_TEST_DATA"`
\i :data/attempt.sql
CREATE FUNCTION net(more text DEFAULT '') RETURNS json LANGUAGE sql AS $$
    SELECT format('{"class_name": "Sequential", "keras_version": "2.15.0", "config": {"name": "m", "layers": [
        {"class_name": "Dense", "config": {"name": "hidden", "units": 6, "activation": "tanh", "batch_input_shape": [null, 3]%s}},
        {"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax"}}]}}', $1)::json $$;
CREATE TABLE points AS SELECT i AS id, ARRAY[i % 7, i % 5, i % 3]::real[] AS x, (ARRAY['cat', 'dog', 'owl'])[1 + i % 3] AS animal FROM generate_series(1, 84) i;
SELECT cerebro.training_preprocessor_dl('points', 'packed', 'animal', 'x', num_partitions => 2, standardize => true);
SELECT cerebro.load_model('archs', net());  -- 1
SELECT cerebro.load_model('archs', net(', "kernel_regularizer": {"class_name": "OrthogonalRegularizer", "config": {"factor": 0.1, "mode": "columns"}}'));  -- 2
SELECT cerebro.load_model('archs', net(', "kernel_constraint": {"class_name": "UnitNorm", "config": {"axis": 0}}, "bias_regularizer": "l1_l2"'));  -- 3
SELECT cerebro.load_model('archs', net(', "kernel_constraint": {"class_name": "MinMaxNorm", "config": {"min_value": 0.5, "max_value": 1.0, "axis": 0}}, "kernel_initializer": "orthogonal"'));  -- 4

-- a grid over the optimizers, each with arguments of its own
SELECT cerebro.generate_model_configs('archs', 'configs', ARRAY[1], $${'loss': ['categorical_crossentropy'], 'optimizer_params_list': [
    {'optimizer': ['Adadelta'], 'lr': [5.0], 'rho': [0.9, 0.95]},
    {'optimizer': ['Adamax', 'Nadam'], 'lr': [0.02]},
    {'optimizer': ['Ftrl'], 'lr': [0.3], 'learning_rate_power': [-0.5, -0.6], 'l1_regularization_strength': [0.001], 'beta': [0, 0.1]},
    {'optimizer': ['Lion'], 'lr': [0.005], 'weight_decay': [0.01]},
    {'optimizer': ['lamb'], 'lr': [0.03], 'weight_decay': [0, 0.02], 'clipnorm': [1.0]},
    {'optimizer': ['AdamW'], 'lr': [0.02], 'weight_decay': [0.05], 'exclude_from_weight_decay': [['bias'], ['hidden/', 'bias']]},
    {'optimizer': ['SGD'], 'lr': [0.1], 'momentum': [0.9], 'weight_decay': [0.001], 'schedule': ['cosine'], 'decay_steps': [40]}]}$$, $${'batch_size': [8]}$$);
INSERT INTO configs (model_id, compile_params, fit_params) SELECT a, $$optimizer='Adam(lr=0.02)',loss='categorical_crossentropy'$$, 'batch_size=8' FROM generate_series(2, 4) a;
SELECT mst_key, model_id, compile_params FROM configs ORDER BY mst_key;
SELECT cerebro.fit_multiple_model('packed', 'w0', 'configs', 6, metrics_compute_frequency => 1, workers => 0);
SELECT cerebro.fit_multiple_model('packed', 'w2', 'configs', 6, metrics_compute_frequency => 1, workers => 2);
SELECT cerebro.fit_multiple_model('packed', 'halves', 'configs', 3, workers => 2);
SELECT cerebro.fit_multiple_model('packed', 'halves', 'configs', 3, workers => 0, warm_start => true);
SELECT mst_key, md5(w0.model_weights) = md5(w2.model_weights) AS same, md5(w0.model_weights) = md5(h.model_weights) AS same_in_halves,
    i.training_loss[6] < i.training_loss[1] AS fell, i.status
FROM w0 JOIN w2 USING (mst_key) JOIN halves h USING (mst_key) JOIN w0_info i USING (mst_key) ORDER BY mst_key;
-- state of the optimizer, with what it begins at
SELECT name, is_slot, min(v), max(v) FROM cerebro.state_tensors(cerebro.init_state('archs', 1, $$optimizer='Ftrl(initial_accumulator_value=0.25)',loss='categorical_crossentropy'$$, '', 'packed')),
    unnest(data) v WHERE is_slot GROUP BY 1, 2 ORDER BY name COLLATE "C";
-- constraints hold after training: columns of a kernel have a norm of 1, or one from 0.5 to 1
CREATE FUNCTION norms(state bytea) RETURNS SETOF double precision LANGUAGE sql AS $$
    SELECT sqrt(sum(v * v)) FROM (SELECT data FROM cerebro.state_tensors($1) WHERE name = 'hidden/kernel') t, unnest(t.data) WITH ORDINALITY u(v, n)
    GROUP BY (n - 1) % 6 $$;
SELECT mst_key, count(*) AS columns, bool_and(CASE WHEN model_id = 3 THEN abs(norm - 1) < 1e-5 ELSE norm BETWEEN 0.49999 AND 1.00001 END) AS held
FROM (SELECT mst_key, model_id, norms(state) AS norm
      FROM (SELECT mst_key, string_agg(data, ''::bytea ORDER BY piece) AS state FROM w0_state GROUP BY 1) s JOIN w0_info USING (mst_key)
      WHERE model_id IN (3, 4)) m GROUP BY 1 ORDER BY 1;

-- weight decay moves rows of a large table that no mini-batch has, whatever the optimizer, unless they are excluded
CREATE TABLE words AS SELECT id, ARRAY[id % 7]::real[] AS x, animal FROM points;
SELECT cerebro.training_preprocessor_dl('words', 'packed_words', 'animal', 'x', num_partitions => 1);
SELECT cerebro.load_model('tables', '{"class_name": "Sequential", "keras_version": "2.15.0", "config": {"name": "m", "layers": [
    {"class_name": "Embedding", "config": {"name": "words", "input_dim": 2000, "output_dim": 2, "embeddings_initializer": "ones", "batch_input_shape": [null, 1]}},
    {"class_name": "Flatten", "config": {"name": "flat"}}, {"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax"}}]}}');
SELECT cerebro.load_model_selection_table('tables', 'decays', ARRAY[1],
    ARRAY[$$optimizer='SGD(lr=0.1,weight_decay=0.1)',loss='categorical_crossentropy'$$, $$optimizer='Adagrad(lr=0.1,weight_decay=0.1)',loss='categorical_crossentropy'$$,
          $$optimizer='Adam(lr=0.1,weight_decay=0.1)',loss='categorical_crossentropy'$$,
          $$optimizer='SGD(lr=0.1,weight_decay=0.1,exclude_from_weight_decay=["words"])',loss='categorical_crossentropy'$$], ARRAY['batch_size=8']);
SELECT cerebro.fit_multiple_model('packed_words', 'decayed', 'decays', 2, workers => 0);
SELECT mst_key, round(min(v)::numeric, 4) AS least, round(max(v)::numeric, 4) AS largest, CASE WHEN mst_key < 4 THEN round(0.99 ^ 22, 4) ELSE 1 END AS expected
FROM (SELECT mst_key, string_agg(data, ''::bytea ORDER BY piece) AS state FROM decayed_state GROUP BY 1) s, cerebro.state_tensors(state) t,
    unnest(t.data) WITH ORDINALITY u(v, n)
WHERE t.name = 'words/embeddings' AND NOT t.is_slot AND n > 14 GROUP BY 1 ORDER BY 1;

\x on
CREATE FUNCTION wrong(optimizer text) RETURNS TABLE(message text, detail text, hint text) LANGUAGE sql AS $$
    SELECT message, detail, hint FROM attempt(format('SELECT cerebro.load_model_selection_table(''archs'', ''w'', ARRAY[1], ARRAY[%L]::varchar[], ARRAY[''batch_size=8''])',
        'loss=''categorical_crossentropy'',optimizer=' || quote_literal(optimizer))) $$;
SELECT * FROM wrong('Adadelta(momentum=0.9)');
SELECT * FROM wrong('Adamax(beta_1=1.0)');
SELECT * FROM wrong('Ftrl(learning_rate_power=0.5)');
SELECT * FROM wrong('Ftrl(l2_regularization_strength=-1)');
SELECT * FROM wrong('Lion(beta_1=0)');
SELECT * FROM wrong('Lamm(lr=0.1)');
SELECT * FROM wrong('Adafactor(lr=0.1)');
SELECT * FROM wrong('AdamW(exclude_from_weight_decay=5)');
SELECT * FROM wrong('AdamW(exclude_from_weight_decay=["bias", 5])');
SELECT message, detail, hint FROM attempt($$SELECT cerebro.load_model('archs', net(', "bias_regularizer": {"class_name": "OrthogonalRegularizer", "config": {}}'))$$);
SELECT message, detail, hint FROM attempt($$SELECT cerebro.load_model('archs', net(', "kernel_regularizer": {"class_name": "OrthogonalRegularizer", "config": {"mode": "diagonals"}}'))$$);
SELECT message, detail, hint FROM attempt($$SELECT cerebro.load_model('archs', net(', "kernel_regularizer": "l3"'))$$);
\x off
-- said, not refused: a name that no weight has, and a list without a decay
SELECT cerebro.load_model_selection_table('archs', 'doubtful', ARRAY[1],
    ARRAY[$$optimizer='AdamW(exclude_from_weight_decay=["bias", "gamma"])',loss='categorical_crossentropy'$$,
          $$optimizer='Adam(exclude_from_weight_decay=["bias"])',loss='categorical_crossentropy'$$], ARRAY['batch_size=8']);
SELECT cerebro.fit_multiple_model('packed', 'doubtful_out', 'doubtful', 1);

SET client_min_messages = error;
DROP SCHEMA optimizers CASCADE;
