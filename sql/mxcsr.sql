-- Training flushes denormals; the session's own arithmetic never does. 8064 (0x1f80) is the register's value in a new process.
SET client_min_messages = warning;
LOAD 'pg_cerebro';
SELECT cerebro._mxcsr() AS after_load, '1e-310'::float8 / 10 > 0 AS denormals_live;
CREATE SCHEMA mxcsr;
SET search_path = mxcsr, public;
CREATE TABLE points AS SELECT i AS id, i % 2 AS label, ARRAY[i % 2, i % 7] AS x FROM generate_series(1, 200) i;
SELECT cerebro.training_preprocessor_dl('points', 'packed', 'label', 'x', num_partitions => 2);
SELECT cerebro.load_model('archs', $${"class_name": "Sequential", "keras_version": "2.4.0", "config": [
 {"class_name": "Dense", "config": {"name": "out", "units": 2, "activation": "softmax", "batch_input_shape": [null, 2]}}]}$$);
SELECT cerebro.load_model_selection_table('archs', 'configs', ARRAY[1], ARRAY[$$optimizer='Adam()',loss='categorical_crossentropy'$$], ARRAY['batch_size=8']);
SELECT cerebro._mxcsr() AS after_packing, '1e-310'::float8 / 10 > 0 AS denormals_live;
SELECT cerebro.fit_multiple_model('packed', 'models', 'configs', 2, workers => 0);
SELECT cerebro._mxcsr() AS after_training, '1e-310'::float8 / 10 > 0 AS denormals_live;
SELECT cerebro.fit_multiple_model('packed', 'models2', 'configs', 2, workers => 2);
SELECT cerebro._mxcsr() AS after_workers, '1e-310'::float8 / 10 > 0 AS denormals_live;
SELECT cerebro.evaluate('models', 'packed', 'scores');
SELECT cerebro.predict('models', 'points', 'id', 'x', 'predictions', mst_key => 1);
SELECT cerebro._mxcsr() AS after_scoring, '1e-310'::float8 / 10 > 0 AS denormals_live;
-- failed calls: refused at once, and cut short inside the trainer
SELECT cerebro.fit_multiple_model('packed', 'models', 'configs', 2);
SELECT cerebro._mxcsr() AS after_refusal, '1e-310'::float8 / 10 > 0 AS denormals_live;
\set SHOW_CONTEXT never
SET statement_timeout = '500ms';
SELECT cerebro.fit_multiple_model('packed', 'models3', 'configs', 1000000, workers => 0);
RESET statement_timeout;
SELECT cerebro._mxcsr() AS after_timeout, '1e-310'::float8 / 10 > 0 AS denormals_live;
SELECT cerebro.fit_step('\x0102'::bytea, partition_id, buffer_id, x, label) FROM packed;
SELECT cerebro._mxcsr() AS after_aggregate, '1e-310'::float8 / 10 > 0 AS denormals_live;
SET client_min_messages = error;
DROP SCHEMA mxcsr CASCADE;
