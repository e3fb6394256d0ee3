-- cerebro.append_rows: rows go behind those that a packed table has, which stay where they are.
SET client_min_messages = warning;
CREATE SCHEMA append_case;
SET search_path = append_case, public;

\set data `echo "$CEREBRO_TEST_DATA"`
\i :data/attempt.sql

CREATE TABLE points AS SELECT i AS id, (ARRAY['low', 'middle', 'high'])[1 + i % 3] AS label, ARRAY[i % 7, i % 5, i]::real[] AS x,
    (ARRAY['red', 'green', 'blue'])[1 + i % 3] AS colour FROM generate_series(1, 100) i;
CREATE TABLE more AS SELECT i AS id, (ARRAY['low', 'middle', 'high'])[1 + i % 3] AS label, ARRAY[i % 7, i % 5, i]::real[] AS x,
    (ARRAY['red', 'green', 'blue'])[1 + i % 3] AS colour FROM generate_series(101, 110) i;
SELECT cerebro.training_preprocessor_dl('points', 'packed', 'label', 'x, colour', num_partitions => 4, buffer_size => 10, seed => 1, standardize => true);
CREATE TABLE before AS SELECT partition_id, buffer_id, md5(x) AS x, md5(label) AS label FROM packed;
CREATE TABLE summary_before AS SELECT * FROM packed_summary;

SELECT cerebro.append_rows('packed', 'more');
-- the buffers that were there are the same, the new ones are behind them
SELECT count(*) AS buffers, count(b.x) AS old_ones, bool_and(b.x IS NULL OR (md5(p.x) = b.x AND md5(p.label) = b.label)) AS unchanged
FROM packed p LEFT JOIN before b USING (partition_id, buffer_id);
SELECT s.rows, s.partition_rows, s.partition_buffers, s.max_buffer_rows, s.digest <> b.digest AS other_digest, s.earlier_digests = ARRAY[b.digest] AS keeps_old_one
FROM packed_summary s, summary_before b;
-- constants, classes and dictionary are those of before
SELECT (s.data_spec->'inputs')::text = (b.data_spec->'inputs')::text AS inputs, (s.data_spec->'targets'->0->'class_values')::text = (b.data_spec->'targets'->0->'class_values')::text AS classes,
       s.data_spec->'targets'->0->>'class_rows' AS class_rows, b.data_spec->'targets'->0->>'class_rows' AS class_rows_before
FROM packed_summary s, summary_before b;
-- one row, which goes to a partition that has fewest
CREATE TABLE one AS SELECT * FROM more WHERE id = 101;
SELECT cerebro.append_rows('packed', 'one');
SELECT rows, (SELECT max(r) - min(r) FROM unnest(partition_rows) r) AS spread, array_upper(earlier_digests, 1) AS times FROM packed_summary;
-- each partition's buffers are numbered without a gap, and hold what the summary says
SELECT bool_and(buffers = p.partition_buffers[partition_id + 1] AND first = 0 AND last = buffers - 1 AND there = p.partition_rows[partition_id + 1]) AS whole
FROM (SELECT partition_id, count(*) AS buffers, min(buffer_id) AS first, max(buffer_id) AS last, sum(x_shape[1]) AS there FROM packed GROUP BY 1) b, packed_summary p;

-- it is trained on and scored as any other
SELECT cerebro.load_model('archs', $$ {"class_name": "Functional", "config": {"name": "m", "layers": [
 {"class_name": "InputLayer", "config": {"name": "a", "batch_input_shape": [null, 3]}, "inbound_nodes": []},
 {"class_name": "InputLayer", "config": {"name": "b", "batch_input_shape": [null, 1]}, "inbound_nodes": []},
 {"class_name": "Embedding", "config": {"name": "word", "input_dim": 4, "output_dim": 2}, "inbound_nodes": [[["b", 0, 0, {}]]]},
 {"class_name": "Flatten", "config": {"name": "flat"}, "inbound_nodes": [[["word", 0, 0, {}]]]},
 {"class_name": "Concatenate", "config": {"name": "both"}, "inbound_nodes": [[["a", 0, 0, {}], ["flat", 0, 0, {}]]]},
 {"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax"}, "inbound_nodes": [[["both", 0, 0, {}]]]}],
 "input_layers": [["a", 0, 0], ["b", 0, 0]], "output_layers": [["out", 0, 0]]}} $$);
SELECT cerebro.load_model_selection_table('archs', 'configs', ARRAY[1], ARRAY[$$optimizer='SGD(lr=0.1)',loss='categorical_crossentropy',metrics=['accuracy']$$], ARRAY['batch_size=8']);
SELECT cerebro.fit_multiple_model('packed', 'run', 'configs', 2, workers => 0);
SELECT sum(rows) = 2 * (SELECT rows FROM packed_summary) AS all_rows FROM run_visits;
SELECT cerebro.evaluate('run', 'packed', 'scores');
SELECT count(*) FROM scores;

-- strings that the table lacks are said; classes that it lacks are refused
CREATE TABLE strange AS SELECT id, label, x, CASE WHEN id = 103 THEN 'mauve' ELSE colour END AS colour FROM more;
SET client_min_messages = notice;
SELECT cerebro.append_rows('packed', 'strange');
SET client_min_messages = warning;
CREATE TABLE wrong AS SELECT id, CASE WHEN id = 105 THEN 'highest' ELSE label END AS label, x, colour FROM more;
CREATE TABLE other_shape AS SELECT id, label, x || 1::real AS x, colour FROM more;
CREATE TABLE no_colour AS SELECT id, label, x FROM more;
CREATE TABLE none AS SELECT * FROM more WHERE false;
CREATE TABLE rows_before AS SELECT rows, digest FROM packed_summary;
\x on
SELECT sqlstate, message, hint FROM attempt($$SELECT cerebro.append_rows('packed', 'wrong')$$);
SELECT * FROM attempt($$SELECT cerebro.append_rows('packed', 'other_shape')$$);
SELECT * FROM attempt($$SELECT cerebro.append_rows('packed', 'no_colour')$$);
SELECT * FROM attempt($$SELECT cerebro.append_rows('packed', 'none')$$);
SELECT * FROM attempt($$SELECT cerebro.append_rows('points', 'more')$$);
SELECT * FROM attempt($$SELECT cerebro.append_rows('missing', 'more')$$);
SELECT * FROM attempt($$SELECT cerebro.append_rows('packed', 'more', sample_weight => 'id')$$);
SELECT * FROM attempt($$SELECT cerebro.append_rows(NULL, 'more')$$);
\x off
SELECT s.rows = b.rows AND s.digest = b.digest AS nothing_happened FROM packed_summary s, rows_before b;

-- sample weights
SELECT cerebro.training_preprocessor_dl('points', 'weighted', 'label', 'x', num_partitions => 2, sample_weight => 'id');
SELECT message, hint FROM attempt($$SELECT cerebro.append_rows('weighted', 'more')$$);
SELECT cerebro.append_rows('weighted', 'more', 'id');
SELECT sum(octet_length(sample_weight)) / 4 AS weights FROM weighted;
CREATE TABLE faulty AS SELECT label, x, -1 AS below, CASE WHEN id <> 104 THEN 1 END AS missing,
    CASE WHEN id = 105 THEN 'NaN'::real ELSE 1 END AS nan FROM more;
SELECT message FROM attempt($$SELECT cerebro.append_rows('weighted', 'faulty', 'below')$$);
SELECT message FROM attempt($$SELECT cerebro.append_rows('weighted', 'faulty', 'missing')$$);
SELECT message FROM attempt($$SELECT cerebro.append_rows('weighted', 'faulty', 'nan')$$);

-- another role may read, but not append
CREATE ROLE append_reader;
GRANT USAGE ON SCHEMA append_case TO append_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA append_case TO append_reader;
SET ROLE append_reader;
SELECT message FROM attempt($$SELECT cerebro.append_rows('packed', 'more')$$);
RESET ROLE;
DROP OWNED BY append_reader;
DROP ROLE append_reader;
DROP SCHEMA append_case CASCADE;
