-- Data-parallel training by hand: fit_step of each partition from one state, and the mean of what they make of it.
\set data `echo "$CEREBRO_TEST_DATA"`
SET client_min_messages = warning;
\pset null '(null)'
CREATE SCHEMA average;
SET search_path = average, public;
\i :data/load_iris.sql
SELECT cerebro.training_preprocessor_dl('iris_train', 'packed', 'class_text', 'attributes', num_partitions => 3, seed => 1);
SELECT cerebro.load_model('archs', $${"class_name": "Sequential", "config": [
 {"class_name": "Dense", "config": {"name": "a", "units": 8, "activation": "relu", "batch_input_shape": [null, 4]}},
 {"class_name": "Dense", "config": {"name": "b", "units": 3, "activation": "softmax"}}]}$$);
\set compile 'optimizer=''Adam(lr=0.01)'',loss=''categorical_crossentropy'''
CREATE TABLE first AS SELECT cerebro.init_state('archs', 1, :'compile', 'batch_size=8', 'packed', 7, 1) AS state;
CREATE TABLE parts AS
SELECT p.partition_id, cerebro.fit_step(f.state, p.partition_id, p.buffer_id, p.attributes, p.class_text) AS state
FROM (SELECT * FROM packed ORDER BY partition_id, buffer_id) p, first f GROUP BY p.partition_id;
-- weights that differ much from the rows of each, so that a plain mean is another one
CREATE TABLE mean AS SELECT cerebro.average_states(state, partition_id * 10 + 1) AS state FROM parts;
WITH tensors AS (SELECT p.partition_id * 10 + 1 AS weight, t.name, t.is_slot, e.nr, e.value FROM parts p, cerebro.state_tensors(p.state) t,
                     unnest(t.data) WITH ORDINALITY AS e(value, nr)),
     wanted AS (SELECT name, is_slot, nr, sum(value * weight) / sum(weight) AS value FROM tensors GROUP BY 1, 2, 3),
     found AS (SELECT t.name, t.is_slot, e.nr, e.value FROM mean m, cerebro.state_tensors(m.state) t, unnest(t.data) WITH ORDINALITY AS e(value, nr))
SELECT is_slot, count(*), max(abs(f.value - w.value)) < 1e-6 AS same FROM found f JOIN wanted w USING (name, is_slot, nr) GROUP BY 1 ORDER BY 1;
SELECT count(DISTINCT state) FROM parts;
-- the mean of one state has its tensors
SELECT bool_and(a.data = b.data) FROM parts p,
    LATERAL (SELECT cerebro.average_states(state, 0.3) AS state FROM (SELECT p.state) s) m,
    LATERAL cerebro.state_tensors(p.state) a, LATERAL cerebro.state_tensors(m.state) b WHERE a.name = b.name;
-- it trains on, and an iteration is over
CREATE TABLE further AS SELECT cerebro.fit_step(m.state, p.partition_id, p.buffer_id, p.attributes, p.class_text) AS state
FROM (SELECT * FROM packed WHERE partition_id = 0 ORDER BY buffer_id) p, mean m;
SELECT octet_length(f.state) > 0 AS trained FROM further f;
-- two phases: the sums go between processes as bytes
SELECT octet_length(cerebro.state_weights(state)) / 4 AS weights, (SELECT sum(cardinality(data)) FROM cerebro.state_tensors(state) WHERE NOT is_slot) AS tensors FROM mean;
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
ALTER TABLE parts SET (parallel_workers = 2);
EXPLAIN (COSTS OFF) SELECT cerebro.average_states(state, 1) FROM parts;
SELECT max(abs(a.value - b.value)) < 1e-6 AS same FROM
    (SELECT t.name, e.nr, e.value FROM (SELECT cerebro.average_states(state, partition_id * 10 + 1) AS state FROM parts) s, cerebro.state_tensors(s.state) t, unnest(t.data) WITH ORDINALITY AS e(value, nr)) a
    JOIN (SELECT t.name, e.nr, e.value FROM mean m, cerebro.state_tensors(m.state) t, unnest(t.data) WITH ORDINALITY AS e(value, nr)) b USING (name, nr);
-- no states: NULL; states of no rows count for nothing
SELECT cerebro.average_states(NULL, 1);
SELECT octet_length(cerebro.average_states(s.state, 1)) > 0 FROM (SELECT state FROM parts UNION ALL SELECT NULL) s;
-- refused
SELECT cerebro.average_states(state, 0) FROM parts;
SELECT cerebro.average_states(state, NULL) FROM parts;
SELECT cerebro.average_states(state, 'NaN') FROM parts;
SELECT cerebro.average_states('\x00', 1);
SELECT cerebro.load_model('archs', $${"class_name": "Sequential", "config": [
 {"class_name": "Dense", "config": {"name": "a", "units": 3, "activation": "softmax", "batch_input_shape": [null, 4]}}]}$$);
SELECT cerebro.average_states(s.state, 1) FROM (SELECT state FROM first
    UNION ALL SELECT cerebro.init_state('archs', 2, :'compile', 'batch_size=8', 'packed', 7, 1)) s;
SELECT cerebro.state_weights('\x50');
DROP SCHEMA average CASCADE;
