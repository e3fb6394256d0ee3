-- cerebro.append_rows beside itself and beside runs: test/features/sessions has what needs two sessions.
SET client_min_messages = warning;
CREATE SCHEMA append_runs;
SET search_path = append_runs, public;
\set data `echo "$CEREBRO_TEST_DATA"`
\i :data/attempt.sql
CREATE TABLE points AS SELECT i AS id, i % 2 AS label, ARRAY[i % 7, i % 5, i]::real[] AS x FROM generate_series(1, 100) i;
CREATE TABLE day1 AS SELECT i AS id, i % 2 AS label, ARRAY[i % 7, i % 5, i]::real[] AS x FROM generate_series(101, 120) i;
CREATE TABLE day2 AS SELECT i AS id, i % 2 AS label, ARRAY[i % 7, i % 5, i]::real[] AS x FROM generate_series(121, 150) i;
SELECT cerebro.training_preprocessor_dl('points', 'packed', 'label', 'x', num_partitions => 4, buffer_size => 10, seed => 1);
-- twice in a statement: the second call sees what the first has written
SELECT cerebro.append_rows('packed', t) FROM unnest(ARRAY['day1', 'day2']) t;
SELECT rows, array_upper(earlier_digests, 1) AS times FROM packed_summary;
SELECT bool_and(buffers = p.partition_buffers[partition_id + 1] AND first = 0 AND last = buffers - 1 AND there = p.partition_rows[partition_id + 1]) AS whole
FROM (SELECT partition_id, count(*) AS buffers, min(buffer_id) AS first, max(buffer_id) AS last, sum(x_shape[1]) AS there FROM packed GROUP BY 1) b, packed_summary p;
SELECT count(*) AS buffers, count(DISTINCT (partition_id, buffer_id)) AS numbers FROM packed;

-- a durable run does not go on with a table that has other rows, and says why
SELECT cerebro.load_model('archs', $$ {"class_name": "Sequential", "config": [
 {"class_name": "Dense", "config": {"name": "out", "units": 2, "activation": "softmax", "batch_input_shape": [null, 3]}}]} $$);
SELECT cerebro.load_model_selection_table('archs', 'configs', ARRAY[1], ARRAY[$$optimizer='SGD(lr=0.1)',loss='categorical_crossentropy'$$], ARRAY['batch_size=8']);
SELECT cerebro.advance('packed', 'parts', 'configs', 4, workers => 0, iterations => 2) AS iterations_left;
SELECT cerebro.append_rows('packed', 'day1');
\x on
SELECT sqlstate, message, hint FROM attempt($$SELECT cerebro.advance('packed', 'parts', 'configs', 4, workers => 0, iterations => 2)$$);
\x off
-- in one transaction nobody is in anybody's way
BEGIN;
SELECT cerebro.fit_multiple_model('packed', 'run', 'configs', 1, workers => 0);
SELECT cerebro.append_rows('packed', 'day2');
SELECT cerebro.fit_multiple_model('packed', 'later', 'configs', 1, workers => 0);
SELECT (SELECT sum(rows) FROM later_visits) - (SELECT sum(rows) FROM run_visits) AS more;
COMMIT;
DROP SCHEMA append_runs CASCADE;
