-- Wrong input to fit_multiple_model, fit_step and init_state: a clear error with code and hint, nothing left behind, the session usable.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE SCHEMA fit_errors;
SET search_path = fit_errors, public;

\set data `echo "$CEREBRO_TEST_DATA"`
\i :data/attempt.sql

CREATE TABLE points AS
SELECT i AS id, i % 3 AS label, ARRAY[(i * 7) % 11, (i * 5) % 13, i % 3]::smallint[] AS x, ARRAY[i % 7, i % 5] AS z FROM generate_series(1, 300) i;
SELECT cerebro.training_preprocessor_dl('points', 'packed', 'label', 'x', num_partitions => 2);
SELECT cerebro.validation_preprocessor_dl('points', 'validation', 'label', 'x', 'packed');
SELECT cerebro.training_preprocessor_dl('points', 'packed_z', 'label', 'z', num_partitions => 2);
SELECT cerebro.load_model('archs', $$
{"class_name": "Sequential", "keras_version": "2.4.0", "config": [
 {"class_name": "Dense", "config": {"name": "hidden", "units": 5, "activation": "relu", "batch_input_shape": [null, 3]}},
 {"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax"}}]} $$);
SELECT cerebro.load_model('archs', $$
{"class_name": "Sequential", "keras_version": "2.4.0", "config": [
 {"class_name": "Dense", "config": {"name": "narrow", "units": 2, "activation": "softmax", "batch_input_shape": [null, 3]}}]} $$);
SELECT cerebro.load_model_selection_table('archs', 'good', ARRAY[1], ARRAY[$$optimizer='Adam(lr=0.01)',loss='categorical_crossentropy',metrics=['accuracy']$$],
    ARRAY['batch_size=16,epochs=1']);
CREATE TABLE empty_configs (LIKE good);
CREATE TABLE empty_configs_summary AS SELECT * FROM good_summary;
CREATE TABLE no_summary AS SELECT * FROM good;
CREATE TABLE twice AS SELECT * FROM good UNION ALL SELECT * FROM good;
CREATE TABLE twice_summary AS SELECT * FROM good_summary;
CREATE TABLE lost_arch AS SELECT mst_key, 99 AS model_id, compile_params, fit_params FROM good;
CREATE TABLE lost_arch_summary AS SELECT * FROM good_summary;
CREATE TABLE wrong_arch_table AS SELECT * FROM good;
CREATE TABLE wrong_arch_table_summary AS SELECT 'nowhere'::text AS model_arch_table;
CREATE TABLE narrow AS SELECT mst_key, 2 AS model_id, compile_params, fit_params FROM good;
CREATE TABLE narrow_summary AS SELECT * FROM good_summary;
CREATE TABLE bad_texts AS
SELECT * FROM (VALUES
    (1, 1, $$optimizer='Adma(lr=0.01)',loss='categorical_crossentropy'$$, 'batch_size=16'),
    (2, 1, $$optimizer='Adam(lr=-1)',loss='categorical_crossentropy'$$, 'batch_size=16'),
    (3, 1, $$optimizer='Adam(lr=0.01)',loss='categorical_crossentropy'$$, 'batch_size=0'),
    (4, 1, $$optimizer='Adam(lr=0.01)',loss='mystery'$$, 'batch_size=16'),
    (5, 1, $$optimizer='Adam(lr=0.01)',loss='categorical_crossentropy',metrics=['beauty']$$, 'batch_size=16')) v(mst_key, model_id, compile_params, fit_params);
CREATE TABLE bad_texts_summary AS SELECT * FROM good_summary;
CREATE TABLE null_text AS SELECT mst_key, model_id, NULL::text AS compile_params, fit_params FROM good;
CREATE TABLE null_text_summary AS SELECT * FROM good_summary;
CREATE TABLE taken (a integer);
CREATE TABLE taken_too_info (a integer);

\x on
-- arguments
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model(NULL, 'out', 'good', 1)$$);
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('packed', NULL, 'good', 1)$$);
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('packed', 'out', NULL, 1)$$);
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('packed', 'out', 'good', NULL)$$);
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('packed', 'out', 'good', 0)$$);
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('packed', 'out', 'good', -3)$$);
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('packed', 'out', 'good', 2, metrics_compute_frequency => 3)$$);
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('packed', 'out', 'good', 2, metrics_compute_frequency => 0)$$);
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('packed', 'out', 'good', 1, workers => -1)$$);
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('packed', 'out', 'good', 1, use_gpus => true)$$);
-- source and validation tables
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('missing', 'out', 'good', 1)$$);
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('points', 'out', 'good', 1)$$);
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('', 'out', 'good', 1)$$);
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('a.b.c.d', 'out', 'good', 1)$$);
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('packed; DROP TABLE points', 'out', 'good', 1)$$);
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('packed', 'out', 'good', 1, validation_table => 'missing')$$);
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('packed', 'out', 'good', 1, validation_table => 'packed_z')$$);
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('packed_z', 'out', 'good', 1)$$);
-- model selection table
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('packed', 'out', 'missing', 1)$$);
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('packed', 'out', 'points', 1)$$);
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('packed', 'out', 'no_summary', 1)$$);
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('packed', 'out', 'empty_configs', 1)$$);
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('packed', 'out', 'twice', 1)$$);
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('packed', 'out', 'lost_arch', 1)$$);
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('packed', 'out', 'wrong_arch_table', 1)$$);
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('packed', 'out', 'narrow', 1)$$);
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('packed', 'out', 'bad_texts', 1)$$);
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('packed', 'out', 'null_text', 1)$$);
-- early stopping and halving
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('packed', 'out', 'good', 5, early_stopping => 'patience=3')$$);
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('packed', 'out', 'good', 5, early_stopping => '3')$$);
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('packed', 'out', 'good', 5, early_stopping => '{}')$$);
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('packed', 'out', 'good', 5, early_stopping => '{"patience": 0}')$$);
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('packed', 'out', 'good', 5, early_stopping => '{"patience": 2, "min_delta": -1}')$$);
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('packed', 'out', 'good', 5, early_stopping => '{"patience": 2, "mode": "up"}')$$);
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('packed', 'out', 'good', 5, early_stopping => '{"patients": 2}')$$);
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('packed', 'out', 'good', 5, early_stopping => '{"patience": 2, "restore_best_weights": true}')$$);
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('packed', 'out', 'good', 5, early_stopping => '{"patience": 2, "monitor": "val_loss"}')$$);
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('packed', 'out', 'good', 5, early_stopping => '{"patience": 2, "monitor": "auc"}')$$);
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('packed', 'out', 'good', 5, halving => '[1, 3]')$$);
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('packed', 'out', 'good', 5, halving => '{"eta": 1}')$$);
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('packed', 'out', 'good', 5, halving => '{"factor": 3}')$$);
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('packed', 'out', 'good', 5, halving => '{"iterations": 1}')$$);
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('packed', 'out', 'good', 5, halving => '{"iterations": [3, 1]}')$$);
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('packed', 'out', 'good', 5, halving => '{"iterations": [0]}')$$);
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('packed', 'out', 'good', 5, halving => '{"iterations": [1, 5]}')$$);
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('packed', 'out', 'good', 5, halving => '{"monitor": "auc"}', validation_table => 'packed')$$);
SELECT * FROM attempt($$SELECT cerebro.explain_fit_multiple_model('packed', 'out', 'good', 5, halving => '{"eta": 1}')$$);
-- output tables
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('packed', 'taken', 'good', 1)$$);
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('packed', 'taken_too', 'good', 1)$$);
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('packed', 'nowhere.out', 'good', 1)$$);
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('packed', repeat('x', 60), 'good', 1)$$);
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('packed', 'out', 'good', 1, warm_start => true)$$);
-- a packed table that was changed behind its summary's back
CREATE TABLE fewer AS SELECT * FROM packed WHERE partition_id = 0;
CREATE TABLE fewer_summary AS SELECT * FROM packed_summary;
CREATE TABLE hollow AS SELECT partition_id, buffer_id, ''::bytea AS x, ''::bytea AS label FROM packed;
CREATE TABLE hollow_summary AS SELECT * FROM packed_summary;
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('fewer', 'out', 'good', 1)$$);
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('hollow', 'out', 'good', 1, workers => 0)$$);
-- explain refuses the same
SELECT * FROM attempt($$SELECT cerebro.explain_fit_multiple_model('packed', 'out', 'bad_texts', 1)$$);
-- the aggregate
SELECT * FROM attempt($$SELECT cerebro.fit_step('\x00'::bytea, partition_id, buffer_id, x, label) FROM packed$$);
SELECT * FROM attempt($$SELECT cerebro.fit_step(NULL::bytea, partition_id, buffer_id, x, label) FROM packed$$);
SELECT * FROM attempt($$SELECT cerebro_run.fit_visit(0, partition_id, buffer_id, x, label) FROM packed$$);
CREATE TABLE state AS SELECT cerebro.init_state('archs', 1, $$optimizer='Adam(lr=0.01)',loss='categorical_crossentropy'$$, 'batch_size=16', 'packed') AS s;
SELECT * FROM attempt($$SELECT cerebro.fit_step((SELECT s FROM state), partition_id, buffer_id, x) FROM packed$$);
SELECT * FROM attempt($$SELECT cerebro.fit_step((SELECT s FROM state), partition_id, buffer_id, x, 'text'::text) FROM packed$$);
SELECT * FROM attempt($$SELECT cerebro.fit_step((SELECT s FROM state), partition_id, buffer_id, x, substr(label, 1, 100)) FROM packed WHERE partition_id = 0$$);
SELECT * FROM attempt($$SELECT cerebro.fit_step((SELECT s FROM state), partition_id, buffer_id, NULL::bytea, label) FROM packed$$);
SELECT * FROM attempt($$SELECT cerebro.fit_step((SELECT s FROM state), NULL, buffer_id, x, label) FROM packed$$);
SELECT * FROM attempt($$SELECT cerebro.fit_step((SELECT s FROM state), partition_id, buffer_id, x, label) OVER () FROM packed$$);
-- (the header's length depends on the machine: it names the build)
SELECT sqlstate, regexp_replace(message, '\d+', '#', 'g') AS message, hint
FROM attempt($$SELECT cerebro.fit_step((SELECT substr(s, 1, 200) FROM state), partition_id, buffer_id, x, label) FROM packed$$);
SELECT * FROM attempt($$SELECT cerebro.init_state('archs', 7, $a$optimizer='Adam',loss='categorical_crossentropy'$a$, '', 'packed')$$);
SELECT * FROM attempt($$SELECT cerebro.init_state('points', 1, $a$optimizer='Adam',loss='categorical_crossentropy'$a$, '', 'packed')$$);
SELECT * FROM attempt($$SELECT count(*) FROM cerebro.state_tensors('\x50474342ff')$$);
\x off
-- no rows, no pass
SELECT cerebro.fit_step((SELECT s FROM state), partition_id, buffer_id, x, label) IS NULL AS none FROM packed WHERE false;

-- privileges: only what the caller may read, and only where it may write
CREATE ROLE cerebro_reader;
GRANT USAGE ON SCHEMA fit_errors TO cerebro_reader;
GRANT SELECT ON good, good_summary, archs, packed_summary TO cerebro_reader;
SET ROLE cerebro_reader;
SELECT * FROM fit_errors.attempt($$SELECT cerebro.fit_multiple_model('packed', 'out', 'good', 1)$$);
RESET ROLE;
GRANT SELECT ON packed TO cerebro_reader;
SET ROLE cerebro_reader;
SELECT * FROM fit_errors.attempt($$SELECT cerebro.fit_multiple_model('packed', 'out', 'good', 1)$$);
SET search_path = fit_errors, pg_temp;
SELECT * FROM fit_errors.attempt($$SELECT cerebro.fit_multiple_model('packed', 'pg_temp.mine', 'good', 1)$$);
SELECT count(*) AS trained_by_reader FROM pg_temp.mine_info WHERE status = 'trained';
RESET ROLE;
SET search_path = fit_errors, public;

-- a warm start needs the rights to write its tables anew, and to own those that lack a column: said before any training
SELECT cerebro.fit_multiple_model('packed', 'kept', 'good', 1, seed => 1);
GRANT SELECT, INSERT, DELETE ON kept, kept_info, kept_summary, kept_state, kept_visits TO cerebro_reader;
SET ROLE cerebro_reader;
SELECT sqlstate, replace(message, 'relation', 'table') AS message
FROM fit_errors.attempt($$SELECT cerebro.fit_multiple_model('packed', 'kept', 'good', 100000, warm_start => true, seed => 1)$$);
RESET ROLE;
GRANT TRUNCATE ON kept, kept_info, kept_summary, kept_state TO cerebro_reader;
ALTER TABLE kept_summary DROP COLUMN halving;
SET ROLE cerebro_reader;
SELECT sqlstate, replace(message, 'relation', 'table') AS message
FROM fit_errors.attempt($$SELECT cerebro.fit_multiple_model('packed', 'kept', 'good', 100000, warm_start => true, seed => 1)$$);
RESET ROLE;
ALTER TABLE kept_summary ADD COLUMN halving text;
SET ROLE cerebro_reader;
SELECT cerebro.fit_multiple_model('packed', 'kept', 'good', 1, warm_start => true, seed => 1);
RESET ROLE;
SELECT mst_key, iterations_done, metrics_iters FROM kept_info;
-- values of another metric do not go into the same curve; weights and counts go on
CREATE TABLE measured AS SELECT mst_key, model_id, replace(compile_params, 'accuracy', 'mse') AS compile_params, fit_params FROM good;
CREATE TABLE measured_summary AS SELECT * FROM good_summary;
SELECT cerebro.fit_multiple_model('packed', 'kept', 'measured', 1, warm_start => true, seed => 1);
SELECT mst_key, iterations_done, metrics_iters, metric_names, array_length(training_loss, 1) AS losses FROM kept_info;
SELECT min(iteration), max(iteration) FROM kept_visits;
-- curves that do not fit to their iterations
UPDATE kept_info SET metrics_iters = metrics_iters || 3;
SELECT * FROM attempt($$SELECT * FROM cerebro.learning_curve('kept')$$);
DROP TABLE kept, kept_info, kept_summary, kept_state, kept_visits;

-- a timeout in the middle of a long run, with and without workers
SET statement_timeout = '700ms';
SELECT cerebro.fit_multiple_model('packed', 'out', 'good', 100000, workers => 1);
SELECT cerebro.fit_multiple_model('packed', 'out', 'good', 100000, workers => 0);
RESET statement_timeout;
-- a read-only transaction
BEGIN READ ONLY;
SELECT cerebro.fit_multiple_model('packed', 'out', 'good', 1);
ROLLBACK;

-- nothing was left behind, nobody still works, the session trains
SELECT relname FROM pg_class WHERE relnamespace = 'fit_errors'::regnamespace AND relname LIKE 'out%';
SELECT count(*) AS workers FROM pg_stat_activity WHERE backend_type = 'parallel worker';
SELECT count(*) AS points FROM points;
SELECT cerebro.fit_multiple_model('packed', 'out', 'good', 1);
SELECT mst_key, status FROM out_info;
SET client_min_messages = error;
DROP OWNED BY cerebro_reader;
DROP ROLE cerebro_reader;
DROP SCHEMA fit_errors CASCADE;
