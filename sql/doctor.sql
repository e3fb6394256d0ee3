-- What an administrator should look at, and versions. Only what is the same on every machine is printed.
SET client_min_messages = warning;
CREATE SCHEMA doctor_case;
SET search_path = doctor_case, public;

SELECT extension = library AS one_version, build_id ~ '^[0-9a-f]{40}$' AS build_id,
    engine ~ '^LibTorch [0-9.]+, ' AS engine, server = version() AS server FROM cerebro.version();

-- every check has a row, in this order
SELECT "check" FROM cerebro.doctor();
SELECT "check", state IS NULL AS nothing_found FROM cerebro.doctor() WHERE state IS NULL OR state = '';
SELECT regexp_replace(state, '[0-9.]+', '#', 'g') AS state, advice FROM cerebro.doctor() WHERE "check" = 'versions';
SELECT regexp_replace(state, '[0-9a-f]{40}', '#') AS state, advice FROM cerebro.doctor()
WHERE "check" = 'library build ids';
SELECT "check", advice FROM cerebro.doctor()
WHERE "check" IN ('BLAS', 'threads', 'preload', 'LibTorch', 'stale features');

-- what hurts is told
SET cerebro.threads = 256;
SET cerebro.shared_state_mem = 2147483647;
SET work_mem = '64kB';
SET statement_timeout = '1h';
SET temp_file_limit = '1MB';
SELECT "check", CASE WHEN "check" LIKE 'setting %' THEN state END AS state, advice FROM cerebro.doctor()
WHERE "check" LIKE 'setting%' OR "check" IN ('threads', '/dev/shm', 'temporary space');
RESET cerebro.threads;
RESET cerebro.shared_state_mem;
RESET work_mem;
RESET statement_timeout;
RESET temp_file_limit;
SELECT "check", state, advice FROM cerebro.doctor() WHERE "check" LIKE 'setting%';

-- an extension that was not updated
BEGIN;
UPDATE pg_catalog.pg_extension SET extversion = '0.0.1' WHERE extname = 'pg_cerebro';
SELECT state ~ '^extension 0[.]0[.]1, library' AS state, advice FROM cerebro.doctor() WHERE "check" = 'versions';
ROLLBACK;

-- a run that nobody goes on with
CREATE TABLE points AS SELECT i AS id, i % 2 AS label, ARRAY[i % 2, i % 7] AS x FROM generate_series(1, 100) i;
SELECT cerebro.training_preprocessor_dl('points', 'packed', 'label', 'x', num_partitions => 2);
SELECT cerebro.load_model('archs', '{"class_name": "Sequential", "config": [
  {"class_name": "Dense", "config": {"name": "out", "units": 2, "activation": "softmax",
    "batch_input_shape": [null, 2]}}]}');
SELECT cerebro.load_model_selection_table('archs', 'configs', ARRAY[1],
    ARRAY[$$optimizer='SGD()',loss='categorical_crossentropy'$$], ARRAY['batch_size=16']);
SELECT cerebro.advance('packed', 'begun', 'configs', 3, workers => 0, iterations => 1);
SELECT count(*) AS stopped_is_no_fault FROM cerebro.doctor()
WHERE "check" = 'unfinished runs' AND state ~ 'doctor_case';
UPDATE begun_run SET state = 'failed', error = 'the disk is full';
SELECT state ~ 'doctor_case[.]begun' AS named, advice FROM cerebro.doctor() WHERE "check" = 'unfinished runs';

-- for everybody; a role sees what it may see
CREATE ROLE doctors_clerk;
SET ROLE doctors_clerk;
SELECT "check", state FROM cerebro.doctor() WHERE "check" IN ('unfinished runs', 'orphan files');
SELECT extension = library AS one_version FROM cerebro.version();
RESET ROLE;
DROP ROLE doctors_clerk;

SET client_min_messages = error;
DROP SCHEMA doctor_case CASCADE;
