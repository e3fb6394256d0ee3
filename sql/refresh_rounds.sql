-- cerebro.refresh looks for its source where the table was packed, keeps max_failed_groups, and a refresh in parts ends whatever its source says.
\pset null '(null)'
SET client_min_messages = warning;
CREATE SCHEMA refresh_rounds;
CREATE SCHEMA refresh_others;
SET search_path = refresh_rounds, public;

\set data `echo "$CEREBRO_TEST_DATA"`
\i :data/attempt.sql

CREATE TABLE sales AS SELECT g * 1000 + n AS id, g, sin(n * 3.1 + g)::real AS a, cos(n * 1.7 + g)::real AS b, (sin(n * 3.1 + g) - cos(n * 1.7 + g))::real AS y
FROM generate_series(1, 5) g, generate_series(1, 40) n;
SELECT cerebro.load_model('archs', '{"class_name": "Sequential", "config": {"name": "s", "layers": [{"class_name": "Dense", "config": {"name": "d", "units": 4, "activation": "relu", "batch_input_shape": [null, 2]}}, {"class_name": "Dense", "config": {"name": "e", "units": 1}}]}}');
SELECT cerebro.load_model_selection_table('archs', 'configs', ARRAY[1], ARRAY[$$loss='mse', optimizer='SGD(lr=0.01)', metrics=['mae']$$], ARRAY['batch_size=16, epochs=1']);

-- a table of the same name in another schema is not the source
SELECT cerebro.training_preprocessor_dl('sales', 'packed', 'y', 'a, b', dependent_type => 'real', grouping_cols => 'g');
SELECT source_table FROM packed_summary UNION ALL SELECT source_table FROM packed_pooled_summary;
SELECT cerebro.fit_multiple_model('packed', 'models', 'configs', 2, workers => 0);
CREATE TABLE refresh_others.sales AS SELECT id, g, a, b, y + 1 AS y FROM sales;
SET search_path = refresh_others, public;
SELECT changed_groups, unchanged_groups FROM cerebro.refresh('refresh_rounds.models');
-- version 0.1 kept the name as it was written: it is looked for beside the packed table
UPDATE refresh_rounds.packed_summary SET source_table = 'sales';
SELECT changed_groups, unchanged_groups FROM cerebro.refresh('refresh_rounds.models');
-- where there is none, by the search_path
ALTER TABLE refresh_rounds.sales RENAME TO sales_then;
SELECT changed_groups, unchanged_groups FROM cerebro.refresh('refresh_rounds.models');
SET search_path = refresh_rounds, public;
ALTER TABLE sales_then RENAME TO sales;

-- groups that fail count with those that have failed before
UPDATE sales SET y = 3e38 WHERE g = 1;
SELECT cerebro.training_preprocessor_dl('sales', 'few_packed', 'y', 'a, b', dependent_type => 'real', grouping_cols => 'g');
SELECT cerebro.fit_multiple_model('few_packed', 'few', 'configs', 2, max_failed_groups => 2, workers => 0);
SELECT status, count(*) FROM few_groups GROUP BY 1 ORDER BY 1;
UPDATE sales SET y = 3e38 WHERE g = 2;
SELECT changed_groups, failed_groups FROM cerebro.refresh('few');
UPDATE sales SET y = 3e38 WHERE g = 3;
\x on
SELECT * FROM attempt($$SELECT cerebro.refresh('few')$$);
\x off
UPDATE sales SET y = 0 WHERE g = 1;
SELECT changed_groups, trained_groups, failed_groups FROM cerebro.refresh('few');
SELECT status, count(*) FROM few_groups GROUP BY 1 ORDER BY 1;

-- all groups of a view over random numbers always differ: each is trained once a call
CREATE VIEW restless AS SELECT g, a, (b + random())::real AS b, (CASE WHEN y > 1e30 THEN 0 ELSE y END)::real AS y FROM sales;
SELECT cerebro.training_preprocessor_dl('restless', 'restless_packed', 'y', 'a, b', dependent_type => 'real', grouping_cols => 'g');
SELECT cerebro.fit_multiple_model('restless_packed', 'restless_models', 'configs', 1, workers => 0);
CREATE TABLE restless_before AS SELECT group_id, md5(model_weights) AS weights FROM restless_models;
INSERT INTO sales SELECT 6000 + n, 6 + n % 3, n % 7, n % 5, n % 3 FROM generate_series(1, 60) n;
SET client_min_messages = info;
CALL cerebro.refresh_in_parts('restless_models', groups_at_once => 2);
SET client_min_messages = warning;
SELECT count(*) AS groups, count(b.group_id) AS old, bool_and(md5(m.model_weights) <> b.weights) AS trained_again FROM restless_models m LEFT JOIN restless_before b USING (group_id);
SELECT count(*) AS left_behind FROM pg_class WHERE relname LIKE '\_cerebro\_%';
DROP SCHEMA refresh_rounds CASCADE;
DROP SCHEMA refresh_others CASCADE;
