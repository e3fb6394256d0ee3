-- Every message of the two preprocessors.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION pg_cerebro_madlib;
CREATE TABLE madlib_data AS SELECT i AS id, ARRAY[i, i + 1]::real[] AS x, i % 3 AS y, 'c' || i % 2 AS t FROM generate_series(1, 12) i;
CREATE TABLE madlib_empty (id integer, x real[], y integer);
CREATE TABLE madlib_there (a integer);
CREATE TABLE madlib_there2_summary (a integer);

-- tables
SELECT madlib.training_preprocessor_dl(NULL, 'madlib_out', 'y', 'x');
SELECT madlib.training_preprocessor_dl('', 'madlib_out', 'y', 'x');
SELECT madlib.training_preprocessor_dl('null', 'madlib_out', 'y', 'x');
SELECT madlib.training_preprocessor_dl('missing', 'madlib_out', 'y', 'x');
SELECT madlib.training_preprocessor_dl('madlib_empty', 'madlib_out', 'y', 'x');
SELECT madlib.training_preprocessor_dl('madlib_data', NULL, 'y', 'x');
SELECT madlib.training_preprocessor_dl('madlib_data', ' ', 'y', 'x');
SELECT madlib.training_preprocessor_dl('madlib_data', 'madlib_there', 'y', 'x');
SELECT madlib.training_preprocessor_dl('madlib_data', 'madlib_there2', 'y', 'x');
SELECT madlib.training_preprocessor_dl('madlib_data', '1out', 'y', 'x');
SELECT madlib.training_preprocessor_dl('madlib_data', 'a.b.c', 'y', 'x');
-- columns
SELECT madlib.training_preprocessor_dl('madlib_data', 'madlib_out', 'y', 'missing');
SELECT madlib.training_preprocessor_dl('madlib_data', 'madlib_out', 'missing', 'x');
SELECT madlib.training_preprocessor_dl('madlib_data', 'madlib_out', 'y, "Y"', 'x');
SELECT madlib.training_preprocessor_dl('madlib_data', 'madlib_out', NULL, 'x');
SELECT madlib.training_preprocessor_dl('madlib_data', 'madlib_out', 'y', NULL);
SELECT madlib.training_preprocessor_dl('madlib_data', 'madlib_out', 'y', 'id');
SELECT madlib.training_preprocessor_dl('madlib_data', 'madlib_out', 'y', 't');
-- numbers
SELECT madlib.training_preprocessor_dl('madlib_data', 'madlib_out', 'y', 'x', 0);
SELECT madlib.training_preprocessor_dl('madlib_data', 'madlib_out', 'y', 'x', -10);
SELECT madlib.training_preprocessor_dl('madlib_data', 'madlib_out', 'y', 'x', 10, 0);
SELECT madlib.training_preprocessor_dl('madlib_data', 'madlib_out', 'y', 'x', 10, -1.5);
SELECT madlib.training_preprocessor_dl('madlib_data', 'madlib_out', 'y', 'x', 10, 1, ARRAY[2]);
SELECT madlib.training_preprocessor_dl('madlib_data', 'madlib_out', 'y, t', 'x', 10, 1, ARRAY[3, 1]);
-- rows
UPDATE madlib_data SET x = NULL WHERE id = 5;
SELECT madlib.training_preprocessor_dl('madlib_data', 'madlib_out', 'y', 'x');
UPDATE madlib_data SET x = ARRAY[1] WHERE id = 5;
SELECT madlib.training_preprocessor_dl('(SELECT * FROM madlib_data)', 'madlib_out', 'y', 'x');
CREATE VIEW madlib_ordered AS SELECT * FROM madlib_data ORDER BY id;
\set VERBOSITY default
\set SHOW_CONTEXT never
SELECT madlib.training_preprocessor_dl('madlib_ordered', 'madlib_out', 'y', 'x');
\set VERBOSITY terse
UPDATE madlib_data SET x = ARRAY[1, NULL] WHERE id = 5;
SELECT madlib.training_preprocessor_dl('madlib_data', 'madlib_out', 'y', 'x');
UPDATE madlib_data SET x = ARRAY[5, 6] WHERE id = 5;
UPDATE madlib_data SET x = '{}';
SELECT madlib.training_preprocessor_dl('madlib_data', 'madlib_out', 'y', 'x');
UPDATE madlib_data SET x = ARRAY[id, id + 1];
SELECT count(*) AS tables_left FROM pg_class WHERE relname LIKE 'madlib_out%';

-- validation
SELECT madlib.training_preprocessor_dl('madlib_data', 'madlib_out', 'y', 'x');
SELECT madlib.validation_preprocessor_dl(NULL, 'madlib_val', 'y', 'x', 'madlib_out');
SELECT madlib.validation_preprocessor_dl('missing', 'madlib_val', 'y', 'x', 'madlib_out');
SELECT madlib.validation_preprocessor_dl('madlib_empty', 'madlib_val', 'y', 'x', 'madlib_out');
SELECT madlib.validation_preprocessor_dl('madlib_data', NULL, 'y', 'x', 'madlib_out');
SELECT madlib.validation_preprocessor_dl('madlib_data', 'madlib_there', 'y', 'x', 'madlib_out');
SELECT madlib.validation_preprocessor_dl('madlib_data', 'madlib_there2', 'y', 'x', 'madlib_out');
SELECT madlib.validation_preprocessor_dl('madlib_data', 'madlib_val', 'y', 'x', NULL);
SELECT madlib.validation_preprocessor_dl('madlib_data', 'madlib_val', 'y', 'x', 'missing');
SELECT madlib.validation_preprocessor_dl('madlib_data', 'madlib_val', 'y', 'x', 'madlib_data');
SELECT madlib.validation_preprocessor_dl('madlib_data', 'madlib_val', 'y', 'missing', 'madlib_out');
SELECT madlib.validation_preprocessor_dl('madlib_data', 'madlib_val', 'missing', 'x', 'madlib_out');
SELECT madlib.validation_preprocessor_dl('madlib_data', 'madlib_val', 'y', 'x', 'madlib_out', 0);
SELECT madlib.validation_preprocessor_dl('madlib_data', 'madlib_val', 'y, t', 'x', 'madlib_out');
CREATE TABLE madlib_more AS SELECT id, x, y + 1 AS y, t, ARRAY[y] AS v FROM madlib_data;
SELECT madlib.validation_preprocessor_dl('madlib_more', 'madlib_val', 'y', 'x', 'madlib_out');
UPDATE madlib_more SET y = NULL WHERE id = 1;
SELECT madlib.validation_preprocessor_dl('madlib_more', 'madlib_val', 'y', 'x', 'madlib_out');
SELECT madlib.training_preprocessor_dl('madlib_data', 'madlib_out2', 't', 'x');
UPDATE madlib_more SET t = 'it''s' WHERE id = 1;
SELECT madlib.validation_preprocessor_dl('madlib_more', 'madlib_val', 't', 'x', 'madlib_out2');
SELECT madlib.training_preprocessor_dl('madlib_more', 'madlib_out3', 'v', 'x');
SELECT madlib.validation_preprocessor_dl('madlib_data', 'madlib_val', 'y', 'x', 'madlib_out3');
ALTER TABLE madlib_out_summary DROP COLUMN num_classes;
SELECT madlib.validation_preprocessor_dl('madlib_data', 'madlib_val', 'y', 'x', 'madlib_out');
ALTER TABLE madlib_out_summary DROP COLUMN normalizing_const;
SELECT madlib.validation_preprocessor_dl('madlib_data', 'madlib_val', 'y', 'x', 'madlib_out');
TRUNCATE madlib_out_summary;
SELECT madlib.validation_preprocessor_dl('madlib_data', 'madlib_val', 'y', 'x', 'madlib_out');

-- on PostgreSQL distribution_rules always mean all segments
SELECT madlib.training_preprocessor_dl('madlib_data', 'madlib_out4', 'y', 'x', NULL, 1, NULL, 'all_segments');
SELECT distribution_rules, __internal_gpu_config__ FROM madlib_out4_summary;

DROP VIEW madlib_ordered;
DROP TABLE madlib_data, madlib_empty, madlib_there, madlib_there2_summary, madlib_more, madlib_out, madlib_out_summary, madlib_out2,
    madlib_out2_summary, madlib_out3, madlib_out3_summary, madlib_out4, madlib_out4_summary;
DROP EXTENSION pg_cerebro_madlib;
