-- Wrong input to the packing functions: a clear error with code and hint that names column, value and row; nothing left behind.
\pset null '(null)'
SET client_min_messages = warning;
CREATE SCHEMA pack_errors;
SET search_path = pack_errors, public;

\set data `echo "$CEREBRO_TEST_DATA"`
\i :data/attempt.sql
-- packs a query's rows
CREATE FUNCTION pack(query text, deps text DEFAULT 'y', indeps text DEFAULT 'x', more text DEFAULT '') RETURNS TABLE(sqlstate text, message text, detail text, hint text)
LANGUAGE plpgsql AS $$
BEGIN
    DROP TABLE IF EXISTS source;
    EXECUTE 'CREATE TABLE source AS ' || query;
    RETURN QUERY SELECT * FROM pack_errors.attempt(format('SELECT cerebro.training_preprocessor_dl(''source'', ''out'', %L, %L %s)', deps, indeps, more));
END $$;

CREATE TABLE good AS SELECT i AS id, ARRAY[i % 10, 3, i]::smallint[] AS x, i % 3 AS y, 'w' || i % 2 AS word FROM generate_series(1, 20) i;
CREATE TABLE empty (x int[], y int);
CREATE TABLE taken (a int);
CREATE TABLE half_summary (a int);
CREATE SEQUENCE a_sequence;
SELECT cerebro.training_preprocessor_dl('good', 'good_packed', 'y', 'x');
SELECT cerebro.training_preprocessor_dl('good', 'word_packed', 'y', 'word, id', dependent_type => 'index');

\x on
-- names and tables
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl(NULL, 'out', 'y', 'x')$$);
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('good', NULL, 'y', 'x')$$);
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('good', 'out', NULL, 'x')$$);
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('good', 'out', 'y', NULL)$$);
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('', 'out', 'y', 'x')$$);
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('nowhere', 'out', 'y', 'x')$$);
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('no_schema.nowhere', 'out', 'y', 'x')$$);
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('a_sequence', 'out', 'y', 'x')$$);
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('good; DROP TABLE good', 'out', 'y', 'x')$$);
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('good', 'out" (a int); DROP TABLE good; --', 'y', 'x')$$);
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('good', 'no_schema.out', 'y', 'x')$$);
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('good', 'taken', 'y', 'x')$$);
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('good', 'half', 'y', 'x')$$);
SELECT * FROM attempt(format($$SELECT cerebro.training_preprocessor_dl('good', %L, 'y', 'x')$$, repeat('t', 60)));
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('empty', 'out', 'y', 'x')$$);
-- columns
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('good', 'out', 'y', 'nothing')$$);
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('good', 'out', 'Y2', 'x')$$);
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('good', 'out', 'y', 'x,')$$);
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('good', 'out', ' ', 'x')$$);
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('good', 'out', 'y', 'x, x')$$);
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('good', 'out', 'y', 'x, y')$$);
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('good', 'out', 'y', 'x, (SELECT 1)')$$);
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('good', 'out', 'y', 'x', sample_weight => 'none')$$);
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('good', 'out', 'y', 'x', sample_weight => 'id, id')$$);
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('good', 'out', 'y', 'x', sample_weight => 'word')$$);
SELECT * FROM pack('SELECT 1 AS y, 2 AS partition_id', 'y', 'partition_id');
SELECT * FROM pack('SELECT 1 AS y, 2 AS x, ARRAY[3] AS x_shape', 'y', 'x, x_shape');
SELECT * FROM pack('SELECT 1 AS y, 2 AS sample_weight, 1 AS w', 'y', 'sample_weight', ', sample_weight => ''w''');
SELECT * FROM pack(format('SELECT 1 AS %I, 2 AS x', repeat('y', 60)), repeat('y', 60), 'x');
-- types
SELECT * FROM pack('SELECT 1 AS y, ''{"a": 1}''::jsonb AS x');
SELECT * FROM pack('SELECT 1 AS y, now() AS x');
SELECT * FROM pack('SELECT 1 AS y, ARRAY[''\x00''::bytea] AS x');
SELECT * FROM pack('SELECT ARRAY[''a''] AS y, 1 AS x');
SELECT * FROM pack('SELECT ARRAY[1, 2] AS y, 1 AS x', more => ', dependent_type => ''one_hot''');
SELECT * FROM pack('SELECT ''a''::text AS y, 1 AS x', more => ', dependent_type => ''real''');
SELECT * FROM pack('SELECT 1 AS y, 1 AS x', more => ', dependent_type => ''array''');
SELECT * FROM pack('SELECT 1 AS y, 1 AS x', more => ', dependent_type => ''ordinal''');
SELECT * FROM pack('SELECT 1 AS y, 1 AS x', more => ', dependent_type => ''real, real''');
-- arguments
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('good', 'out', 'y', 'x', buffer_size => 0)$$);
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('good', 'out', 'y', 'x', normalizing_const => 0)$$);
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('good', 'out', 'y', 'x', normalizing_const => 'NaN')$$);
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('good', 'out', 'y', 'x', num_classes => ARRAY[2])$$);
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('good', 'out', 'y', 'x', num_classes => ARRAY[3, 3])$$);
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('good', 'out', 'y', 'x', num_classes => ARRAY[NULL]::int[])$$);
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('good', 'out', 'y', 'x', distribution_rules => 'gpu_segments')$$);
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('good', 'out', 'y', 'x', num_partitions => 0)$$);
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('good', 'out', 'y', 'x', num_partitions => 21)$$);
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('good', 'out', 'y', 'x', shapes => '[1]')$$);
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('good', 'out', 'y', 'x', shapes => '{"x": [2, 2]}')$$);
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('good', 'out', 'y', 'x', shapes => '{"x": [-3]}')$$);
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('good', 'out', 'y', 'x', shapes => '{"x": "flat"}')$$);
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('good', 'out', 'y', 'x', shapes => '{"z": [3]}')$$);
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('good', 'out', 'y', 'x', shapes => '{x: 3')$$);
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('good', 'out', 'y', 'x', dtypes => '{"x": "float16"}')$$);
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('good', 'out', 'y', 'x', dtypes => '{"x": 8}')$$);
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('good', 'out', 'y', 'x', dtypes => '{"y": "int16"}')$$);
-- values: column, value and row are named
SELECT * FROM pack('SELECT i AS y, CASE WHEN i <> 3 THEN ARRAY[1, i] END AS x FROM generate_series(1, 5) i');
SELECT * FROM pack('SELECT i AS y, ARRAY[1, CASE WHEN i <> 4 THEN i END] AS x FROM generate_series(1, 5) i');
SELECT * FROM pack('SELECT nullif(i, 2) AS y, i AS x FROM generate_series(1, 5) i', more => ', drop_null_labels => false');
SELECT * FROM pack('SELECT nullif(i, 2) AS y, i AS x FROM generate_series(1, 5) i', more => ', dependent_type => ''real'', drop_null_labels => false');
SELECT * FROM pack('SELECT NULL::int AS y, i AS x FROM generate_series(1, 5) i');
SELECT * FROM pack('SELECT i AS y, NULL::int[] AS x FROM generate_series(1, 5) i');
SELECT * FROM pack('SELECT i AS y, NULL::bytea AS x FROM generate_series(1, 5) i', more => ', shapes => ''{"x": [2]}''');
SELECT * FROM pack('SELECT i AS y, CASE i WHEN 2 THEN ARRAY[1] ELSE ARRAY[1, 2] END AS x FROM generate_series(1, 5) i');
SELECT * FROM pack('SELECT i AS y, CASE i WHEN 5 THEN ARRAY[[1, 2], [3, 4]] ELSE ARRAY[[1, 2, 3], [4, 5, 6]] END AS x FROM generate_series(1, 5) i');
SELECT * FROM pack('SELECT i AS y, ''{}''::int[] AS x FROM generate_series(1, 5) i');
SELECT * FROM pack('SELECT i AS y, CASE WHEN i < 5 THEN ARRAY[1] ELSE ''{}'' END AS x FROM generate_series(1, 5) i');
SELECT * FROM pack('SELECT i AS y, ARRAY[[[[[[1]]]]]] AS x FROM generate_series(1, 5) i');
SELECT * FROM pack('SELECT i AS y, ARRAY[[1, 2], [3, CASE i WHEN 4 THEN ''NaN''::real ELSE 1 END]]::real[] AS x FROM generate_series(1, 5) i');
SELECT * FROM pack('SELECT i AS y, CASE i WHEN 3 THEN ''-Infinity''::float8 ELSE 1 END AS x FROM generate_series(1, 5) i');
SELECT * FROM pack('SELECT CASE i WHEN 3 THEN ''NaN''::float8 ELSE 1 END AS y, i AS x FROM generate_series(1, 5) i');
SELECT * FROM pack('SELECT CASE i WHEN 3 THEN ''NaN''::numeric ELSE 1 END AS y, i AS x FROM generate_series(1, 5) i', more => ', dependent_type => ''real''');
SELECT * FROM pack('SELECT i AS y, CASE i WHEN 3 THEN 1e300::float8 ELSE 1 END AS x FROM generate_series(1, 5) i');
SELECT * FROM pack('SELECT i AS y, ARRAY[CASE i WHEN 3 THEN 3000000000 ELSE 1 END]::bigint[] AS x FROM generate_series(1, 5) i');
SELECT * FROM pack('SELECT i AS y, ARRAY[CASE i WHEN 3 THEN 300 ELSE i END] AS x FROM generate_series(1, 5) i', more => ', dtypes => ''{"x": "uint8"}''');
SELECT * FROM pack('SELECT i AS y, decode(repeat(''ab'', CASE i WHEN 2 THEN 2 ELSE 1 END), ''hex'') AS x FROM generate_series(1, 5) i', more => ', shapes => ''{"x": [1]}''');
SELECT * FROM pack('SELECT i AS y, decode(''ab'', ''hex'') AS x FROM generate_series(1, 5) i');
SELECT * FROM pack('SELECT i AS y, i AS x, CASE i WHEN 4 THEN -1 ELSE i END AS w FROM generate_series(1, 5) i', more => ', sample_weight => ''w''');
SELECT * FROM pack('SELECT i AS y, i AS x, CASE WHEN i < 4 THEN 1 END AS w FROM generate_series(1, 5) i', more => ', sample_weight => ''w''');
SELECT * FROM pack('SELECT i / 7.0 AS y, i AS x FROM generate_series(1, 10001) i');
SELECT * FROM pack('SELECT i % 2 AS y, ''word '' || i AS x FROM generate_series(1, 100001) i');
-- rows of a view are counted
CREATE VIEW bad_view AS SELECT i AS y, nullif(i, 4) AS x FROM generate_series(1, 5) i;
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('bad_view', 'out', 'y', 'x')$$);

-- validation
SELECT * FROM attempt($$SELECT cerebro.validation_preprocessor_dl('good', 'out', 'y', 'x', NULL)$$);
SELECT * FROM attempt($$SELECT cerebro.validation_preprocessor_dl('good', 'out', 'y', 'x', 'nowhere')$$);
SELECT * FROM attempt($$SELECT cerebro.validation_preprocessor_dl('good', 'out', 'y', 'x', 'good')$$);
SELECT * FROM attempt($$SELECT cerebro.validation_preprocessor_dl('good', 'out', 'y', 'x, id', 'good_packed')$$);
SELECT * FROM attempt($$SELECT cerebro.validation_preprocessor_dl('good', 'out', 'y, word', 'x', 'good_packed')$$);
SELECT * FROM attempt($$SELECT cerebro.validation_preprocessor_dl('good', 'good_packed', 'y', 'x', 'good_packed')$$);
SELECT * FROM attempt($$SELECT cerebro.validation_preprocessor_dl('good', 'out', 'y', 'x', 'good_packed', distribution_rules => 'some')$$);
SELECT * FROM attempt($$SELECT cerebro.validation_preprocessor_dl('good', 'out', 'y', 'x', 'good_packed', buffer_size => -1)$$);
CREATE TABLE other AS SELECT ARRAY[1, 2, CASE WHEN i < 9 THEN i ELSE 256 END] AS big, ARRAY[1, 2, 3] AS small, ARRAY[0.5, 1, 1] AS broken, ARRAY[1, 2] AS short, CASE i WHEN 3 THEN 3 ELSE i % 3 END AS y, 'w2'::text AS word,
    1 AS id FROM generate_series(1, 9) i;
SELECT * FROM attempt($$SELECT cerebro.validation_preprocessor_dl('other', 'out', 'y', 'short', 'good_packed')$$);
SELECT * FROM attempt($$SELECT cerebro.validation_preprocessor_dl('other', 'out', 'y', 'small', 'good_packed')$$);
SELECT * FROM attempt($$SELECT cerebro.validation_preprocessor_dl('other', 'out', 'id', 'big', 'good_packed')$$);
SELECT * FROM attempt($$SELECT cerebro.validation_preprocessor_dl('other', 'out', 'id', 'broken', 'good_packed')$$);
SELECT * FROM attempt($$SELECT cerebro.validation_preprocessor_dl('other', 'out', 'id', 'word', 'good_packed')$$);
SELECT * FROM attempt($$SELECT cerebro.validation_preprocessor_dl('other', 'out', 'y', 'word, id', 'word_packed')$$);
SELECT * FROM attempt($$SELECT cerebro.validation_preprocessor_dl('other', 'out', 'y', 'id, big', 'word_packed')$$);
CREATE TABLE broken_packed AS SELECT * FROM good_packed;
CREATE TABLE broken_packed_summary AS SELECT * FROM good_packed_summary;
UPDATE broken_packed_summary SET data_spec = '{"version": 1}';
SELECT * FROM attempt($$SELECT cerebro.validation_preprocessor_dl('good', 'out', 'y', 'x', 'broken_packed')$$);
UPDATE broken_packed_summary SET data_spec = (SELECT data_spec FROM good_packed_summary), format_version = 99;
SELECT * FROM attempt($$SELECT cerebro.validation_preprocessor_dl('good', 'out', 'y', 'x', 'broken_packed')$$);
DELETE FROM broken_packed_summary;
SELECT * FROM attempt($$SELECT cerebro.validation_preprocessor_dl('good', 'out', 'y', 'x', 'broken_packed')$$);

-- rights: the caller's
CREATE ROLE pack_errors_user;
GRANT USAGE ON SCHEMA pack_errors TO pack_errors_user;
GRANT SELECT ON good, good_packed TO pack_errors_user;
SET ROLE pack_errors_user;
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('empty', 'pg_temp.out', 'y', 'x')$$);
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('good', 'pack_errors.out', 'y', 'x')$$);
SELECT * FROM attempt($$SELECT cerebro.validation_preprocessor_dl('good', 'pg_temp.out', 'y', 'x', 'good_packed')$$);
SELECT cerebro.training_preprocessor_dl('good', 'pg_temp.mine', 'y', 'x');
SELECT tableowner FROM pg_tables WHERE tablename = 'mine';
RESET ROLE;

-- internal functions refuse what is not theirs
SELECT * FROM attempt($$SELECT cerebro._pack_row('{}', ROW(1))$$);
SELECT * FROM attempt($$SELECT cerebro._pack_row(data_spec::text, ROW(1)) FROM good_packed_summary$$);
SELECT * FROM attempt($$SELECT cerebro._pack_row(data_spec::text, ROW('a'::text, 'b'::text)) FROM good_packed_summary$$);
SELECT * FROM attempt($$SELECT cerebro._pack_row(data_spec::text, ROW(ARRAY[1, 2, 3], '1'::text)) FROM good_packed_summary$$);
SELECT * FROM attempt($$SELECT cerebro._pack_row(data_spec::text, ROW(now(), '1'::text)) FROM good_packed_summary$$);
SELECT * FROM attempt($$SELECT cerebro._pack_row(data_spec::text, NULL) FROM good_packed_summary$$);
SELECT * FROM attempt($$SELECT cerebro._row_key(NULL, 1, 0)$$);
SELECT * FROM attempt($$SELECT cerebro._profile(ROW(now()))$$);

-- cancelled and timed out
CREATE TABLE large AS SELECT i % 10 AS y, array_fill(i, ARRAY[200]) AS x FROM generate_series(1, 50000) i;
SET statement_timeout = '50ms';
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('large', 'out', 'y', 'x')$$);
RESET statement_timeout;

\x off
-- nothing is left, and the session works
SELECT relname FROM pg_class WHERE relname ~ '^(out|half$)' OR relname LIKE '%cerebro_pack%' ORDER BY 1;
SELECT count(*) FROM good;
SELECT cerebro.training_preprocessor_dl('good', 'out', 'y', 'x');
RESET search_path;
DROP OWNED BY pack_errors_user;
DROP ROLE pack_errors_user;
DROP SCHEMA pack_errors CASCADE;
