-- Packing: types, shapes, classes, the shuffle, partitions, constants. Packed bytes are read back in SQL and compared with the source.
\pset null '(null)'
SET client_min_messages = warning;
CREATE SCHEMA pack;
SET search_path = pack, public;

-- element number i of packed bytes, as a number
CREATE FUNCTION element(data bytea, dtype text, i int) RETURNS double precision LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    width int := CASE dtype WHEN 'uint8' THEN 1 WHEN 'int8' THEN 1 WHEN 'int16' THEN 2 ELSE 4 END;
    bits bigint := 0;
BEGIN
    FOR b IN REVERSE width - 1 .. 0 LOOP
        bits := bits * 256 + get_byte(data, i * width + b);
    END LOOP;
    IF dtype = 'float32' THEN
        IF bits = 0 OR bits = 2147483648 THEN RETURN 0; END IF;
        RETURN CASE WHEN bits >= 2147483648 THEN -1 ELSE 1 END * (1 + (bits & 8388607) / 8388608.0) * power(2::float8, ((bits >> 23) & 255) - 127);
    END IF;
    IF dtype <> 'uint8' AND bits >= (1::bigint << (8 * width - 1)) THEN bits := bits - (1::bigint << (8 * width)); END IF;
    RETURN bits;
END $$;
-- a column of a packed table: one array a row, in the order of the shuffle
CREATE FUNCTION unpack(packed regclass, col text) RETURNS TABLE(partition_id int, buffer_id int, n int, value double precision[]) LANGUAGE plpgsql AS $$
DECLARE
    dtype text;
    elements int;
BEGIN
    EXECUTE format('SELECT c ->> ''dtype'' FROM %s s, LATERAL (SELECT json_array_elements(s.data_spec -> ''inputs'') UNION ALL
        SELECT json_array_elements(s.data_spec -> ''targets'')) d(c) WHERE c ->> ''name'' = %L', packed::text || '_summary', col) INTO dtype;
    dtype := coalesce(dtype, 'float32');
    EXECUTE format('SELECT octet_length(%I) / (%s * s.n) FROM (SELECT *, octet_length(%I) / (%s) AS n FROM %s LIMIT 1) s', col,
        CASE dtype WHEN 'uint8' THEN 1 WHEN 'int8' THEN 1 WHEN 'int16' THEN 2 ELSE 4 END, col,
        CASE dtype WHEN 'uint8' THEN 1 WHEN 'int8' THEN 1 WHEN 'int16' THEN 2 ELSE 4 END, packed) INTO elements;
    EXECUTE format('SELECT coalesce((SELECT (SELECT product FROM (SELECT coalesce(round(exp(sum(ln(d)))), 1)::int AS product
        FROM unnest(%I[2:]) d) p) FROM %s LIMIT 1), 1)', col || '_shape', packed) INTO elements;
    RETURN QUERY EXECUTE format('SELECT p.partition_id, p.buffer_id, r, ARRAY(SELECT pack.element(p.%I, %L, r * %s + e) FROM generate_series(0, %s - 1) e)
        FROM %s p, generate_series(0, p.%I[1] - 1) r ORDER BY 1, 2, 3', col, dtype, elements, elements, packed, col || '_shape');
END $$;
CREATE FUNCTION columns_of(packed regclass) RETURNS TABLE(name text, dtype text, shape text, kind int, classes text, scale text) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format('SELECT c ->> ''name'', c ->> ''dtype'', c ->> ''shape'', (c ->> ''kind'')::int,
        coalesce(nullif(c ->> ''dictionary'', ''[]''), c ->> ''class_values''), round((c ->> ''scale'')::numeric, 6)::text FROM %s s,
        LATERAL (SELECT json_array_elements(s.data_spec -> ''inputs'') UNION ALL SELECT json_array_elements(s.data_spec -> ''targets'')) d(c)',
        packed::text || '_summary');
END $$;
-- what was written, whatever the order of the heap
CREATE FUNCTION contents(packed regclass) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    EXECUTE format('SELECT md5(string_agg(md5(t::text), '','' ORDER BY partition_id, buffer_id)) FROM %s t', packed) INTO result;
    RETURN result;
END $$;

-- every type of independent column; scalars are kept apart by arrays (side by side they are one column: sql/scalars.sql)
CREATE TABLE kinds AS
SELECT i AS id,
       ARRAY[i % 256, 255, 0]::smallint[] AS bytes, ARRAY[i % 100 - 128, 127]::int[] AS signed_bytes, ARRAY[i, -i * 30]::bigint[] AS shorts,
       ARRAY[i * 100000]::bigint[] AS longs, ARRAY[i / 4.0, -i]::real[] AS reals, ARRAY[i % 5, 0, 1]::double precision[] AS whole_reals,
       ARRAY[i + 0.25, 1]::numeric[] AS numerics, ARRAY[i % 2 = 0, true] AS truths,
       (i % 7)::smallint AS age, i::bigint AS big, i / 3.0::double precision AS ratio, (i * 1.5)::numeric(10, 2) AS price, i % 2 = 1 AS flag,
       (ARRAY['red', 'green', 'Zebra', 'äpfel'])[1 + i % 4] AS word, ARRAY['t' || i % 3, 'red']::varchar(10)[] AS tokens,
       decode(lpad(to_hex(i % 256), 2, '0') || '00ff10', 'hex') AS image, 'c' || i % 3 AS label
FROM generate_series(1, 100) i;
SELECT cerebro.training_preprocessor_dl('kinds', 'kinds_packed', 'label',
    'bytes, age, signed_bytes, big, shorts, ratio, longs, price, reals, flag, whole_reals, word, numerics, id, truths, tokens, image',
    normalizing_const => 4, num_partitions => 3, shapes => '{"image": [2, 2, 1], "bytes": [1, 3]}');
SELECT * FROM columns_of('kinds_packed');
-- every row is there once: the columns of one position belong together
WITH packed AS (
    SELECT (a.value)[1]::int AS id, b.value AS bytes, s.value AS signed_bytes, h.value AS shorts, l.value AS longs, r.value AS reals, n.value AS numerics,
           t.value AS truths, g.value AS age, x.value AS ratio, p.value AS price, w.value AS word, k.value AS tokens, m.value AS image, y.value AS label
    FROM unpack('kinds_packed', 'id') a JOIN unpack('kinds_packed', 'bytes') b USING (partition_id, buffer_id, n)
    JOIN unpack('kinds_packed', 'signed_bytes') s USING (partition_id, buffer_id, n) JOIN unpack('kinds_packed', 'shorts') h USING (partition_id, buffer_id, n)
    JOIN unpack('kinds_packed', 'longs') l USING (partition_id, buffer_id, n) JOIN unpack('kinds_packed', 'reals') r USING (partition_id, buffer_id, n)
    JOIN unpack('kinds_packed', 'numerics') n USING (partition_id, buffer_id, n) JOIN unpack('kinds_packed', 'truths') t USING (partition_id, buffer_id, n)
    JOIN unpack('kinds_packed', 'age') g USING (partition_id, buffer_id, n) JOIN unpack('kinds_packed', 'ratio') x USING (partition_id, buffer_id, n)
    JOIN unpack('kinds_packed', 'price') p USING (partition_id, buffer_id, n) JOIN unpack('kinds_packed', 'word') w USING (partition_id, buffer_id, n)
    JOIN unpack('kinds_packed', 'tokens') k USING (partition_id, buffer_id, n) JOIN unpack('kinds_packed', 'image') m USING (partition_id, buffer_id, n)
    JOIN unpack('kinds_packed', 'label') y USING (partition_id, buffer_id, n))
SELECT count(*) AS rows, count(DISTINCT k.id) AS distinct_rows, bool_and(p.bytes = k.bytes::float8[]) AS bytes,
       bool_and(p.signed_bytes = k.signed_bytes::float8[]) AS signed_bytes, bool_and(p.shorts = k.shorts::float8[]) AS shorts,
       bool_and(p.longs = k.longs::float8[]) AS longs, bool_and(p.reals = k.reals::float8[]) AS reals, bool_and(p.numerics = k.numerics::float8[]) AS numerics,
       bool_and(p.truths = ARRAY[k.truths[1]::int, k.truths[2]::int]::float8[]) AS truths, bool_and(p.age[1] = k.age) AS age,
       bool_and(p.ratio[1] = k.ratio::real::float8) AS ratio, bool_and(p.price[1] = k.price::float8) AS price,
       bool_and(p.word[1] = array_position(ARRAY['Zebra', 'green', 'red', 'äpfel'], k.word)) AS word,
       bool_and(p.tokens = ARRAY[array_position(ARRAY['red', 't0', 't1', 't2'], k.tokens[1]::text), 1]::float8[]) AS tokens,
       bool_and(p.image[1] = get_byte(k.image, 0) AND p.image[3] = 255) AS image,
       bool_and(array_position(p.label, 1::float8) - 1 = right(k.label, 1)::int AND p.label[1] + p.label[2] + p.label[3] = 1) AS label
FROM packed p JOIN kinds k USING (id);

-- the table and its summary
SELECT attname, format_type(atttypid, atttypmod) AS type, CASE attstorage WHEN 'e' THEN 'external' END AS storage FROM pg_attribute
WHERE attrelid = 'kinds_packed'::regclass AND attnum > 0 AND attname ~ '^(age|image|label|partition|buffer)' ORDER BY attnum;
SELECT indexrelid::regclass, indisprimary, pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = 'kinds_packed'::regclass;
SELECT attname, format_type(atttypid, atttypmod) AS type FROM pg_attribute WHERE attrelid = 'kinds_packed_summary'::regclass AND attnum > 0 ORDER BY attnum;
SELECT partition_id, buffer_id, image_shape, age_shape, bytes_shape, label_shape, octet_length(image) AS image_bytes FROM kinds_packed ORDER BY 1, 2;

-- ranks 1 to 5
CREATE TABLE ranks AS SELECT i AS y, ARRAY[i, 2] AS a1, ARRAY[[i, 2], [3, 4]] AS a2, ARRAY[[[i], [2]], [[3], [4]]] AS a3,
    ARRAY[[[[i, 1]], [[2, 1]]]] AS a4, ARRAY[[[[[i]], [[5]], [[6]]]]] AS a5 FROM generate_series(1, 6) i;
SELECT cerebro.training_preprocessor_dl('ranks', 'ranks_packed', 'y', 'a1, a2, a3, a4, a5', dependent_type => 'real', num_partitions => 1);
SELECT name, dtype, shape, kind FROM columns_of('ranks_packed');
SELECT a1_shape, a2_shape, a3_shape, a4_shape, a5_shape, y_shape FROM ranks_packed;

-- the contents do not depend on the order of the rows, on parallel scans or on where the table lies
CREATE TABLE points AS SELECT i AS id, ARRAY[i % 11, i % 7, i] AS x, i % 4 AS y, (i % 3) / 2.0 AS w FROM generate_series(1, 5003) i;
CREATE TABLE points_shuffled AS SELECT * FROM points ORDER BY md5(id::text);
ALTER TABLE points_shuffled SET (parallel_workers = 3);
SELECT cerebro.training_preprocessor_dl('points', 'a', 'y', 'x', num_partitions => 7, buffer_size => 100);
SET min_parallel_table_scan_size = 0;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SELECT cerebro.training_preprocessor_dl('points_shuffled', 'b', 'y', 'x', num_partitions => 7, buffer_size => 100);
CREATE VIEW points_view AS SELECT y, x FROM points_shuffled;
SELECT cerebro.training_preprocessor_dl('points_view', 'c', 'y', 'x', num_partitions => 7, buffer_size => 100, seed => 0);
SELECT cerebro.training_preprocessor_dl('points', 'd', 'y', 'x', num_partitions => 7, buffer_size => 100, seed => 1);
RESET min_parallel_table_scan_size;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
SELECT contents('a') = contents('b') AS reordered, contents('a') = contents('c') AS view, contents('a') <> contents('d') AS seed;
SELECT a.digest = b.digest AS reordered, a.digest <> d.digest AS seed FROM a_summary a, b_summary b, d_summary d;
-- frozen: a packed table of these rows looks like this for ever
SELECT digest FROM a_summary;
SELECT contents('a');
SELECT value FROM unpack('a', 'x') LIMIT 3;

-- partitions are equal to within one row; buffers are full but for each partition's last
SELECT num_partitions, rows, partition_rows, partition_buffers, max_buffer_rows, buffer_size FROM a_summary;
SELECT partition_id, count(*) AS buffers, sum(x_shape[1]) AS rows, min(x_shape[1]), max(x_shape[1]),
       min(buffer_id) = 0 AND max(buffer_id) = count(*) - 1 AS numbered FROM a GROUP BY 1 ORDER BY 1;
-- every partition sees every class in like shares
SELECT partition_id, sum(c[1]) AS c0, sum(c[2]) AS c1, sum(c[3]) AS c2, sum(c[4]) AS c3 FROM (SELECT partition_id, value AS c FROM unpack('a', 'y')) u
GROUP BY 1 ORDER BY 1;

-- few distinct rows do not clump
CREATE TABLE repeats AS SELECT ARRAY[i % 3] AS x, i % 3 AS y FROM generate_series(1, 3000) i;
SELECT cerebro.training_preprocessor_dl('repeats', 'repeats_packed', 'y', 'x', num_partitions => 4);
SELECT partition_id, count(*) FILTER (WHERE value = '{0}') AS zeros, count(*) FILTER (WHERE value = '{1}') AS ones, count(*) FILTER (WHERE value = '{2}') AS twos
FROM unpack('repeats_packed', 'x') GROUP BY 1 ORDER BY 1;
SELECT count(*) AS longest_run FROM (SELECT sum(change) OVER (ORDER BY p, n) AS run FROM (SELECT partition_id AS p, n,
    (value <> lag(value, 1, '{-1}') OVER (ORDER BY partition_id, n))::int AS change FROM unpack('repeats_packed', 'x')) s) r GROUP BY run ORDER BY 1 DESC LIMIT 1;
CREATE TABLE same AS SELECT ARRAY[1.5] AS x, 'only' AS y FROM generate_series(1, 10);
SELECT cerebro.training_preprocessor_dl('same', 'same_packed', 'y', 'x', num_partitions => 3);
SELECT rows, partition_rows, y_class_values FROM same_packed_summary;

-- buffers by bytes: even, in multiples of the usual batch sizes
SET cerebro.buffer_bytes = '64kB';
CREATE TABLE long AS SELECT y, x || array_fill(id, ARRAY[57]) AS x FROM points;
SELECT cerebro.training_preprocessor_dl('long', 'by_bytes', 'y', 'x', num_partitions => 2);
RESET cerebro.buffer_bytes;
SELECT buffer_size, max_buffer_rows, partition_rows, partition_buffers FROM by_bytes_summary;
SELECT partition_id, array_agg(x_shape[1] ORDER BY buffer_id) FROM by_bytes GROUP BY 1 ORDER BY 1;

-- large data are staged in slices; here by a small work_mem: the same result
INSERT INTO long SELECT l.* FROM long l, generate_series(1, 3) WHERE y < 3;
SELECT cerebro.training_preprocessor_dl('long', 'one_slice', 'y', 'x', sample_weight => 'y', dtypes => '{"x": "float32"}');
SET work_mem = '64kB';
SELECT cerebro.training_preprocessor_dl('long', 'slices', 'y', 'x', sample_weight => 'y', dtypes => '{"x": "float32"}');
RESET work_mem;
SELECT a.digest = b.digest AS same, a.rows, a.partition_rows FROM one_slice_summary a, slices_summary b;
SELECT contents('one_slice') = contents('slices') AS same;

-- meanings of dependent columns
CREATE TABLE targets AS SELECT ARRAY[i, 1] AS x, i % 12 AS number, (i % 4)::numeric(6, 2) AS exact, (i % 3 - 1) / 2.0::real AS half, i % 2 = 0 AS truth,
    (ARRAY['b', 'B', 'a', 'ä'])[1 + i % 4] AS word, date '2020-01-31' + i % 2 AS day, i / 7.0 AS price, ARRAY[i % 2, (i + 1) % 2]::smallint[] AS pair,
    ARRAY[i / 2.0, -i] AS vector FROM generate_series(1, 60) i;
SET DateStyle = 'SQL, DMY';
SELECT cerebro.training_preprocessor_dl('targets', 'targets_packed', 'number, exact, half, truth, word, day, price, pair, vector', 'x',
    dependent_type => 'one_hot, index, ONE_HOT, auto, index, auto, real, array, auto', num_classes => ARRAY[15, 4, 3, 2, 6, 2, 1, 1, 1]);
SELECT * FROM columns_of('targets_packed');
SELECT num_classes, number_class_values, exact_class_values, truth_class_values, word_class_values, price_class_values FROM targets_packed_summary;
SELECT day_class_values FROM targets_packed_summary;
RESET DateStyle;
SELECT dependent_vartype, dependent_varname FROM targets_packed_summary;
SELECT bool_and(array_position(n.value, 1::float8) - 1 = (x.value[1]::int % 12)) AS number, bool_and(e.value[1] = x.value[1]::int % 4) AS exact,
       bool_and(w.value[1] = (ARRAY[2, 0, 1, 3])[1 + x.value[1]::int % 4]) AS word, bool_and(p.value[1] = (x.value[1] / 7.0)::real::float8) AS price,
       bool_and(v.value = ARRAY[x.value[1] / 2, -x.value[1]]) AS vector
FROM unpack('targets_packed', 'x') x JOIN unpack('targets_packed', 'number') n USING (partition_id, buffer_id, n)
JOIN unpack('targets_packed', 'exact') e USING (partition_id, buffer_id, n) JOIN unpack('targets_packed', 'word') w USING (partition_id, buffer_id, n)
JOIN unpack('targets_packed', 'price') p USING (partition_id, buffer_id, n) JOIN unpack('targets_packed', 'vector') v USING (partition_id, buffer_id, n);

-- standardisation: population mean and deviation of the value times 1 / normalizing_const, a deviation of 0 is 1
CREATE TABLE measures AS SELECT i, ARRAY[i, 100000 + i % 2, 5]::real[] AS x, (i * 1.5)::real AS z, i % 2 AS y, i % 2 = 0 AS flag FROM generate_series(1, 10) i;
SELECT cerebro.training_preprocessor_dl('measures', 'measures_packed', 'y', 'z, x, flag', normalizing_const => 10, standardize => true);
SELECT c ->> 'name' AS name, c -> 'mean' AS mean, c -> 'std' AS std FROM measures_packed_summary, json_array_elements(data_spec -> 'inputs') c;
SELECT avg(x[1] / 10), stddev_pop(x[1] / 10), avg(z / 10), stddev_pop(z / 10) FROM measures;
SELECT cerebro.validation_preprocessor_dl('measures', 'measures_val', 'y', 'z, x, flag', 'measures_packed');
SELECT (v.data_spec -> 'inputs')::text = (t.data_spec -> 'inputs')::text AS same_constants FROM measures_val_summary v, measures_packed_summary t;

-- sample weights
SELECT cerebro.training_preprocessor_dl('points', 'weighted', 'y', 'x', num_partitions => 2, sample_weight => 'w');
SELECT count(*), bool_and(abs(element(p.sample_weight, 'float32', u.n) - (u.value[3]::int % 3) / 2.0) < 1e-6) AS weights
FROM unpack('weighted', 'x') u JOIN weighted p USING (partition_id, buffer_id);
SELECT data_spec -> 'has_weights' AS has_weights FROM weighted_summary;

-- element types can be chosen
SELECT cerebro.training_preprocessor_dl('kinds', 'chosen', 'label', 'bytes, reals, whole_reals', dtypes => '{"bytes": "int16", "whole_reals": "float32"}');
SELECT name, dtype FROM columns_of('chosen');

-- names: quoted, qualified, with blanks, quotes and capitals
CREATE SCHEMA "Other Schema";
CREATE TABLE "Other Schema"."My ""Table""; --" ("Label, one" text, "x'y" int[], "Select" int);
INSERT INTO "Other Schema"."My ""Table""; --" SELECT 'l' || i % 2, ARRAY[i], i FROM generate_series(1, 20) i;
SELECT cerebro.training_preprocessor_dl('"Other Schema"."My ""Table""; --"', '"Other Schema"."Packed Table"', '"Label, one"', '"x''y", "Select"');
SELECT "Label, one_shape", "x'y_shape", "Select_shape" FROM "Other Schema"."Packed Table" ORDER BY partition_id LIMIT 1;
SELECT source_table, output_table, dependent_varname, independent_varname, "Label, one_class_values" FROM "Other Schema"."Packed Table_summary";
SELECT cerebro.validation_preprocessor_dl('"Other Schema"."My ""Table""; --"', 'from_other', '"Label, one"', '"x''y", "Select"', '"Other Schema"."Packed Table"');
SELECT contents('from_other') = contents('"Other Schema"."Packed Table"') AS same;

-- validation data: the training table's types, classes and dictionaries, other column names, fewer rows than partitions
CREATE TABLE kinds_val AS SELECT i AS no, ARRAY[i, 0, 1]::int[] AS b, 'c' || i AS answer, CASE i WHEN 1 THEN 'red' ELSE 'unseen' END AS colour FROM generate_series(0, 2) i;
SELECT cerebro.training_preprocessor_dl('kinds', 'small_packed', 'label', 'bytes, word', num_partitions => 5);
SET client_min_messages = notice;
SELECT cerebro.validation_preprocessor_dl('kinds_val', 'small_val', 'answer', 'b, colour', 'small_packed', buffer_size => 2);
SET client_min_messages = warning;
SELECT * FROM columns_of('small_val');
SELECT num_partitions, rows, seed, partition_rows FROM small_val_summary;
SELECT b.value AS b, c.value AS colour, a.value AS answer FROM unpack('small_val', 'b') b JOIN unpack('small_val', 'colour') c USING (partition_id, buffer_id, n)
JOIN unpack('small_val', 'answer') a USING (partition_id, buffer_id, n) ORDER BY 1;

-- flat arrays stand for shaped ones of as many elements
SELECT cerebro.training_preprocessor_dl('ranks', 'shaped', 'y', 'a2', dependent_type => 'real', shapes => '{"a2": [4, 1]}');
CREATE TABLE flat AS SELECT y, ARRAY[y, 2, 3, 4] AS a FROM ranks;
SELECT cerebro.validation_preprocessor_dl('flat', 'flat_packed', 'y', 'a', 'shaped');
SELECT a.digest = b.digest AS same_bytes FROM shaped_summary a, flat_packed_summary b;

-- temporary tables, and a table that is gone with its transaction
SELECT cerebro.training_preprocessor_dl('points', 'pg_temp.temporary_packed', 'y', 'x', num_partitions => 7, buffer_size => 100);
SELECT relname, relpersistence FROM pg_class WHERE relname LIKE 'temporary_packed%' AND relkind = 'r' ORDER BY 1;
SELECT contents('temporary_packed') = contents('a') AS same;
BEGIN;
SELECT cerebro.training_preprocessor_dl('points', 'undone', 'y', 'x');
ROLLBACK;
SELECT to_regclass('undone'), to_regclass('undone_summary');
-- one transaction, one function: the second call sees the first one's table
CREATE FUNCTION pack_twice() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM cerebro.training_preprocessor_dl('points', 'one', 'y', 'x');
    PERFORM cerebro.validation_preprocessor_dl('points', 'two', 'y', 'x', 'one');
END $$;
SELECT pack_twice();
SELECT contents('one') = contents('two') AS same;

-- no staging table stays
SELECT relname FROM pg_class WHERE relname LIKE '%cerebro_pack%';
DROP SCHEMA "Other Schema" CASCADE;
DROP SCHEMA pack CASCADE;
