-- Conversions, arithmetic on arrays, and what scripts call around MADlib's deep-learning functions.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION pg_cerebro_madlib;

SELECT madlib.convert_array_to_bytea(ARRAY[1.0, -2.5]::real[]) AS reals, madlib.convert_array_to_bytea(ARRAY[1, -2]::smallint[]) AS smallints,
    madlib.array_to_bytea(ARRAY[1, 256]::integer[]) AS integers, madlib.convert_array_to_bytea('{}'::real[]) AS nothing;
SELECT madlib.convert_bytea_to_real_array('\x0000803f000020c0') AS reals, madlib.convert_bytea_to_smallint_array('\x0100feff') AS smallints,
    madlib.convert_bytea_to_real_array('') AS nothing;
-- row-major, flat on the way back
SELECT madlib.convert_bytea_to_real_array(madlib.convert_array_to_bytea('{{1,2,3},{4,5,6}}'::real[])) AS flat,
    madlib.convert_bytea_to_smallint_array(madlib.array_to_bytea('[0:1]={7,8}'::smallint[])) AS other_bounds;
SELECT madlib.convert_array_to_bytea(NULL::real[]) IS NULL AS a, madlib.convert_bytea_to_real_array(NULL) IS NULL AS b;
SELECT madlib.convert_bytea_to_real_array('\x000080');
SELECT madlib.convert_bytea_to_smallint_array('\x000080');
SELECT madlib.convert_array_to_bytea(ARRAY[1, NULL]::real[]);
SELECT madlib.array_to_bytea(ARRAY['a', 'b']);

SELECT madlib.array_scalar_mult('{{1,2},{3,4}}'::real[], 0.5::real) AS reals, madlib.array_scalar_mult(ARRAY[1, 2, 3], 2) AS integers,
    madlib.array_scalar_mult(ARRAY[1.5, NULL, 2], 2.0) AS numerics, madlib.array_scalar_mult('{}'::bigint[], 3::bigint) AS nothing;
SELECT madlib.array_square(ARRAY[1, -2, 3]::double precision[]) AS squares, madlib.array_square(ARRAY[4]::smallint[]) AS one;
SELECT madlib.array_scalar_mult(ARRAY[2147483647], 2);
SELECT madlib.array_scalar_mult(ARRAY['a', 'b'], 'c'::text);
SELECT madlib.array_square(ARRAY[true]);

SELECT madlib.version() ~ '^MADlib version: [0-9.]+, ' AS version, madlib._version() AS number;
SELECT madlib.assert(true, 'holds');
SELECT madlib.assert(false, 'does not hold');
SELECT madlib.assert(NULL, 'is not known');
SELECT madlib.trap_error('SELECT 1') AS fine, madlib.trap_error('SELECT 1/0') AS fails;
SELECT madlib.relative_error(1.1::float8, 1::float8) < 0.11 AS near, madlib.relative_error(ARRAY[3, 4]::float8[], ARRAY[3, 4]::float8[]) AS equal;

-- train_test_split as the manual has it for iris: 120 and 30 rows
CREATE TABLE madlib_rows AS SELECT i AS id, ARRAY[i, i + 1, i + 2, i + 3]::real[] AS attributes, 'class ' || i % 3 AS class_text
    FROM generate_series(1, 150) i;
SELECT madlib.train_test_split('madlib_rows', 'madlib_split', 0.8, NULL, NULL, NULL, FALSE, TRUE);
SELECT (SELECT count(*) FROM madlib_split_train) AS train, (SELECT count(*) FROM madlib_split_test) AS test,
    (SELECT count(DISTINCT id) FROM (SELECT id FROM madlib_split_train UNION ALL SELECT id FROM madlib_split_test) u) AS rows;
DROP TABLE madlib_split_train, madlib_split_test;
-- by group, some columns, one table
SELECT madlib.train_test_split('madlib_rows', 'madlib_split', 0.5, 0.2, 'class_text', 'id, class_text');
SELECT class_text, split, count(*), count(DISTINCT id) AS ids FROM madlib_split GROUP BY 1, 2 ORDER BY 1, 2;
DROP TABLE madlib_split;
SELECT madlib.train_test_split('madlib_rows', 'pg_temp.madlib_split', 1, 1, NULL, 'id', TRUE, TRUE);
SELECT count(*) AS drawn, count(DISTINCT id) < 150 AS with_repetitions FROM pg_temp.madlib_split_train;
SELECT madlib.train_test_split('missing', 'madlib_split', 0.8);
SELECT madlib.train_test_split('madlib_rows', 'madlib_rows', 0.8);
SELECT madlib.train_test_split('madlib_rows', 'madlib_split', 1.8);
SELECT madlib.train_test_split('madlib_rows', 'madlib_split', 0.8, 0.8);
SELECT madlib.train_test_split('madlib_rows', 'madlib_split', 0.8, NULL, 'missing');
SELECT madlib.train_test_split('madlib_rows', 'madlib_split', 0.8, NULL, NULL, 'id, missing');
DROP TABLE madlib_rows;

-- GPUs: a row each, on PostgreSQL of localhost
SELECT madlib.gpu_configuration('madlib_gpus');
SELECT string_agg(column_name || ' ' || data_type, ', ' ORDER BY ordinal_position) AS columns FROM information_schema.columns WHERE table_name = 'madlib_gpus';
SELECT count(*) = array_length(array_append(madlib.gpu_info_tensorflow(), NULL), 1) - 1 AS all_of_this_host FROM madlib_gpus;
SELECT madlib.gpu_configuration('madlib_gpus');
DROP TABLE madlib_gpus;
SELECT madlib.gpu_configuration('madlib_gpus', 'NVIDIA');
DROP TABLE madlib_gpus;
SELECT madlib.gpu_configuration('madlib_gpus', 'torch');
SELECT madlib.gpu_configuration(NULL);
DROP EXTENSION pg_cerebro_madlib;
