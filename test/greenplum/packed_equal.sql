-- Tables that PostgreSQL and Greenplum must pack to the same bytes; what they packed goes to standard output, a line a buffer.
-- Variables: data, partitions.
\o /dev/null
SET client_min_messages = error;
\i :data/load_digits.sql
SET client_min_messages = error;
CREATE TABLE points AS SELECT i AS id, ARRAY[i % 11, i % 7, i] AS x, i % 4 AS y, (i % 3) / 2.0 AS w FROM generate_series(1, 5003) i;
CREATE TABLE repeats AS SELECT ARRAY[i % 3] AS x, i % 3 AS y FROM generate_series(1, 3000) i;
CREATE TABLE mixed AS SELECT i AS id, (ARRAY['red', 'green', 'Zebra', 'blue'])[1 + i % 4] AS word, ARRAY['t' || i % 3, 'red']::varchar(10)[] AS tokens,
    ARRAY[i / 3.0, -i, sqrt(i)]::real[] AS reals, (i * 0.37)::numeric(10, 2) AS price, i % 2 = 1 AS flag,
    decode(lpad(to_hex(i % 256), 2, '0') || '00ff10', 'hex') AS image, 'c' || i % 3 AS label, exp(i / 400.0) AS target, (i % 5) / 4.0 AS weight
    FROM generate_series(1, 1201) i;
CREATE VIEW mixed_view AS SELECT * FROM mixed WHERE id > 1;
CREATE TABLE images AS SELECT i AS id, (SELECT array_agg((i * k * 7919::bigint) % 251) FROM generate_series(1, 3000) k)::smallint[] AS pixels, i % 2 AS label
    FROM generate_series(1, 130) i;
CREATE TABLE few AS SELECT * FROM points WHERE id <= :partitions;
CREATE TABLE labels AS SELECT ARRAY[i, 1] AS x, date '2020-01-31' + i % 2 AS day, timestamptz '2020-01-31 12:00+01' + (i % 2) * '1 day'::interval AS moment,
    (i % 3) * '1 mon 2 days'::interval AS span, (i % 4 - 2) / 8.0::double precision AS real, (i % 2)::real AS single, (i % 4)::numeric(6, 2) AS exact,
    i % 2 = 0 AS truth, (ARRAY['b', 'B', 'a', 'ä'])[1 + i % 4]::char(3) AS word, decode('0' || i % 2, 'hex') AS byte, int4range(i % 3, 7) AS range FROM generate_series(1, 60) i;

SELECT cerebro.training_preprocessor_dl('digits_train', 'digits_packed', 'label', 'pixels', normalizing_const := 16, num_partitions := :partitions, seed := 5);
SELECT cerebro.validation_preprocessor_dl('digits_val', 'digits_packed_val', 'label', 'pixels', 'digits_packed');
SELECT cerebro.training_preprocessor_dl('points', 'points_packed', 'y', 'x', num_partitions := :partitions, buffer_size := 100, standardize := true);
SELECT cerebro.training_preprocessor_dl('points', 'weights_packed', 'y', 'x, id', num_partitions := :partitions, buffer_size := 97, sample_weight := 'w',
    dependent_type := 'index', seed := -3);
SELECT cerebro.training_preprocessor_dl('repeats', 'repeats_packed', 'y', 'x', num_partitions := :partitions);
SELECT cerebro.training_preprocessor_dl('mixed_view', 'mixed_packed', 'label, target', 'word, tokens, reals, price, flag, image',
    dependent_type := 'one_hot, real', num_partitions := :partitions, buffer_size := 64, standardize := true, sample_weight := 'weight',
    shapes := '{"image": [2, 2, 1]}', normalizing_const := 4);
SELECT cerebro.validation_preprocessor_dl('mixed', 'mixed_packed_val', 'label, target', 'word, tokens, reals, price, flag, image', 'mixed_packed');
SELECT cerebro.training_preprocessor_dl('images', 'images_packed', 'label', 'pixels', num_partitions := :partitions, standardize := true);
SELECT cerebro.training_preprocessor_dl('few', 'few_packed', 'y', 'x', num_partitions := :partitions);
-- what is learned of columns, splits, folds
CREATE TABLE columns AS SELECT i AS id, (ARRAY['m', 'f'])[1 + i % 2] AS sex, CASE WHEN i % 5 <> 0 THEN i * 7919 % 1000 END AS age, exp(sin(i * 12.9898) * 4) AS income,
    'town ' || (i % 40) AS town, date '2023-01-01' + i % 500 AS born, timestamptz '2024-02-28 12:00:00+00' + i * interval '7 hours' AS seen, (i * 37 % 100 / 10.0)::numeric(6, 1) AS weight,
    i % 4 = 0 AS tame, ARRAY[i % 3, i % 5]::real[] AS shape, (ARRAY['cat', 'dog', 'owl'])[1 + i % 3] AS label FROM generate_series(1, 4001) i;
SELECT cerebro.training_preprocessor_dl('columns', 'auto_packed', 'label', '*', "exclude" := 'id', preprocess := 'auto', num_partitions := :partitions,
    validation_fraction := 0.2, seed := 3);
SELECT cerebro.training_preprocessor_dl('columns', 'learned_packed', 'label', 'town, sex, age, income', num_partitions := :partitions, buffer_size := 100,
    preprocess := '{"town": {"encode": "target"}, "age": {"clip": 0.05, "scale": "robust"}, "income": {"impute": "mean", "scale": "log"}, "sex": {"encode": "hash", "bins": 7}}');
SELECT cerebro.validation_preprocessor_dl('columns', 'learned_packed_val', 'label', '*', 'learned_packed');
SELECT cerebro.training_preprocessor_dl('columns', 'folds_packed', 'label', 'age, town', preprocess := 'auto', folds := 2, num_partitions := 2 * :partitions);
-- the text of a label depends on no setting, of the session or of a segment
SET DateStyle = 'SQL, DMY';
SET IntervalStyle = postgres_verbose;
SET bytea_output = escape;
SET TimeZone = 'Asia/Tokyo';
SELECT cerebro.training_preprocessor_dl('labels', 'labels_packed', 'day, moment, span, real, single, exact, truth, word, byte, range', 'x', dependent_type := 'index',
    num_partitions := :partitions);

CREATE FUNCTION facts(packed text) RETURNS SETOF text LANGUAGE plpgsql AS $f$
DECLARE
    columns text;
BEGIN
    SELECT string_agg(format($$' %1$s ' || %2$s$$, attname, CASE format_type(atttypid, -1) WHEN 'bytea' THEN format('md5(%I)', attname)
        ELSE format('%I::text', attname) END), ' || ' ORDER BY attname) INTO columns
    FROM pg_attribute WHERE attrelid = packed::regclass AND attnum > 0 AND attname <> '__dist_key__';
    RETURN QUERY EXECUTE format('SELECT %L || %s FROM %I ORDER BY partition_id, buffer_id', packed, columns, packed);
    SELECT string_agg(format($$' %1$s ' || coalesce(%1$I::text, '(null)')$$, attname), ' || ' ORDER BY attnum) INTO columns
    FROM pg_attribute WHERE attrelid = (packed || '_summary')::regclass AND attnum > 0;
    RETURN QUERY EXECUTE format('SELECT %L || %s FROM %I', packed || '_summary', columns, packed || '_summary');
END $f$;
\o
SELECT facts(t) FROM unnest(ARRAY['digits_packed', 'digits_packed_val', 'points_packed', 'weights_packed', 'repeats_packed', 'mixed_packed',
    'mixed_packed_val', 'images_packed', 'few_packed', 'labels_packed', 'auto_packed', 'auto_packed_val', 'learned_packed', 'learned_packed_val', 'folds_packed']) t;

-- keys so coarse that cuts between segments fall among rows of one key
\o /dev/null
BEGIN;
CREATE OR REPLACE FUNCTION cerebro._row_key(packed bytea, seed bigint, repetition bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS
    $$ SELECT (get_byte($1, 0) % 3)::bigint * 1000 + $3 $$;
SELECT cerebro.training_preprocessor_dl('points', 'coarse_packed', 'y', 'x, id', num_partitions := :partitions, buffer_size := 50);
\o
SELECT facts('coarse_packed');
ROLLBACK;
