-- Splitting rows into training and validation: by content (stratified, exact, equal rows on one side), by a column, by time. Rows without a label.
\pset null '(null)'
SET client_min_messages = warning;
CREATE SCHEMA split;
SET search_path = split, public;

\set data `echo "$CEREBRO_TEST_DATA"`
\i :data/attempt.sql
-- the rows of a packed table whose column x has three bytes a row
CREATE FUNCTION rows_of(packed regclass) RETURNS TABLE(partition_id int, x text) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format('SELECT p.partition_id, encode(substr(p.x, 3 * i + 1, 3), ''hex'') FROM %s p, generate_series(0, (p.x_shape)[1] - 1) i', packed);
END $$;
CREATE FUNCTION classes_of(packed regclass) RETURNS TABLE(class text, n bigint) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format('SELECT v, r::bigint FROM (SELECT json_array_elements_text(data_spec -> ''targets'' -> 0 -> ''class_values'') AS v,
        json_array_elements_text(data_spec -> ''targets'' -> 0 -> ''class_rows'') AS r FROM %s) c', packed::text || '_summary');
END $$;

-- classes of 101, 37, 7, 2 and 1 rows; no two rows are equal
CREATE TABLE items AS
SELECT i AS id, CASE WHEN i <= 101 THEN 'common' WHEN i <= 138 THEN 'rare' WHEN i <= 145 THEN 'rarer' WHEN i <= 147 THEN 'pair' ELSE 'single' END AS label,
       ARRAY[i % 256, i / 256, 7]::smallint[] AS x, i % 3 = 0 AS held, date '2024-01-01' + i / 10 AS day FROM generate_series(1, 148) i;

-- within one row of the share in each class, and in all; every class keeps a row that trains
SELECT cerebro.training_preprocessor_dl('items', 'packed', 'label', 'x', validation_fraction => 0.2, num_partitions => 4, buffer_size => 16);
SELECT c.class, c.n AS trained, coalesce(v.n, 0) AS validated, abs(coalesce(v.n, 0) - 0.2 * (c.n + coalesce(v.n, 0))) < 1 AS within_one_row
FROM classes_of('packed') c LEFT JOIN classes_of('packed_val') v USING (class) ORDER BY 1;
SELECT (SELECT rows FROM packed_summary) AS trained, (SELECT rows FROM packed_val_summary) AS validated, round(0.2 * 148) AS wanted;
SELECT split, folds FROM packed_summary;
SELECT split, folds, source_table, output_table, num_partitions FROM packed_val_summary;
-- no row is on both sides, and none is lost
SELECT count(*) AS on_both_sides FROM rows_of('packed') t JOIN rows_of('packed_val') v USING (x);
SELECT count(*) AS wanted FROM items \gset
SELECT count(DISTINCT x) AS rows, :wanted AS wanted FROM (SELECT x FROM rows_of('packed') UNION ALL SELECT x FROM rows_of('packed_val')) a;
-- fractions from one row to all but one of each class
CREATE FUNCTION shares(fraction float8) RETURNS TABLE(class text, exact boolean) LANGUAGE plpgsql AS $$
DECLARE
    trained text[]; trained_rows bigint[]; validated text[]; validated_rows bigint[];
BEGIN
    DROP TABLE IF EXISTS share, share_summary, share_val, share_val_summary;
    PERFORM cerebro.training_preprocessor_dl('items', 'share', 'label', 'x', validation_fraction => fraction);
    SELECT array_agg(c.class), array_agg(c.n) INTO trained, trained_rows FROM split.classes_of('share') c;
    SELECT array_agg(c.class), array_agg(c.n) INTO validated, validated_rows FROM split.classes_of('share_val') c;
    RETURN QUERY SELECT i.label, abs(coalesce(v.n, 0) - fraction * count(*)) < 1 AND c.n >= 1 AND c.n + coalesce(v.n, 0) = count(*) FROM items i
        JOIN unnest(trained, trained_rows) c(class, n) ON c.class = i.label LEFT JOIN unnest(validated, validated_rows) v(class, n) ON v.class = i.label
        GROUP BY i.label, c.n, v.n;
END $$;
SELECT f, count(*) AS classes, bool_and(exact) AS all_exact FROM unnest(ARRAY[0.01, 0.1, 0.25, 0.333, 0.5, 0.75, 0.99]) f, shares(f) GROUP BY 1 ORDER BY 1;

-- the sides follow from contents and seed: not from the order of the rows, the partitions, the buffers, or what is made of the columns
CREATE TABLE reversed AS SELECT * FROM items ORDER BY id DESC;
SELECT cerebro.training_preprocessor_dl('reversed', 'again', 'label', 'x', validation_fraction => 0.2, num_partitions => 4, buffer_size => 16);
SELECT a.digest = b.digest AS training, c.digest = d.digest AS validation FROM packed_summary a, again_summary b, packed_val_summary c, again_val_summary d;
SELECT cerebro.training_preprocessor_dl('items', 'scaled', 'label', 'x', validation_fraction => 0.2, standardize => true, dependent_type => 'index');
SELECT count(*) AS other_sides FROM (SELECT x FROM rows_of('packed_val') EXCEPT SELECT x FROM rows_of('scaled_val')) o;
SELECT cerebro.training_preprocessor_dl('items', 'other_seed', 'label', 'x', validation_fraction => 0.2, seed => 1);
SELECT count(*) > 0 AS other_sides FROM (SELECT x FROM rows_of('packed_val') EXCEPT SELECT x FROM rows_of('other_seed_val')) o;
-- constants are those of the training rows
SELECT avg(v) AS mean, stddev_pop(v) AS deviation FROM (SELECT get_byte(decode(x, 'hex'), 0) AS v FROM rows_of('scaled')) t \gset
SELECT abs((s.data_spec -> 'inputs' -> 0 -> 'mean' ->> 0)::float8 - :mean) < 1e-9 AS mean, abs((s.data_spec -> 'inputs' -> 0 -> 'std' ->> 0)::float8 - :deviation) < 1e-9 AS deviation
FROM scaled_summary s;
SELECT (a.data_spec -> 'inputs' -> 0 ->> 'mean') = (b.data_spec -> 'inputs' -> 0 ->> 'mean') AS same_in_validation FROM scaled_summary a, scaled_val_summary b;

-- rows of equal contents are on one side, however many there are
CREATE TABLE repeated AS SELECT label, x FROM items i, generate_series(1, 1 + i.id % 5);
SELECT cerebro.training_preprocessor_dl('repeated', 'doubles', 'label', 'x', validation_fraction => 0.3, num_partitions => 2);
SELECT count(*) AS on_both_sides FROM (SELECT DISTINCT x FROM rows_of('doubles')) t JOIN (SELECT DISTINCT x FROM rows_of('doubles_val')) v USING (x);
SELECT (SELECT count(*) FROM rows_of('doubles')) + (SELECT count(*) FROM rows_of('doubles_val')) = (SELECT count(*) FROM repeated) AS all_there;
SELECT c.class, abs(v.n - 0.3 * (c.n + v.n)) <= 3 AS near FROM classes_of('doubles') c JOIN classes_of('doubles_val') v USING (class) ORDER BY 1;
-- a class of equal rows alone trains
CREATE TABLE same AS SELECT 'a'::text AS label, ARRAY[1, 2, 3]::smallint[] AS x FROM generate_series(1, 20) UNION ALL SELECT 'b', ARRAY[i, 0, 0]::smallint[] FROM generate_series(1, 20) i;
SELECT cerebro.training_preprocessor_dl('same', 'same_packed', 'label', 'x', validation_fraction => 0.5);
SELECT t.class, t.n AS trained, v.n AS validated FROM classes_of('same_packed') t LEFT JOIN classes_of('same_packed_val') v USING (class) ORDER BY 1;
-- numbers, and targets that are no labels, are one class
CREATE TABLE numbers AS SELECT i AS y, ARRAY[i % 256, i / 256, 1]::smallint[] AS x FROM generate_series(1, 1000) i;
SELECT cerebro.training_preprocessor_dl('numbers', 'numbers_packed', 'y', 'x', dependent_type => 'real', validation_fraction => 0.123);
SELECT rows FROM numbers_packed_val_summary;
-- views, weights (the rows that validate have none), temporary tables
CREATE VIEW seen AS SELECT *, id::real AS weight FROM items WHERE label <> 'single';
SELECT cerebro.training_preprocessor_dl('seen', 'weighted', 'label', 'x', validation_fraction => 0.2, sample_weight => 'weight');
SELECT t.data_spec ->> 'has_weights' AS training, v.data_spec ->> 'has_weights' AS validation FROM weighted_summary t, weighted_val_summary v;
SELECT cerebro.training_preprocessor_dl('items', 'pg_temp.gone', 'label', 'x', validation_fraction => 0.2);
SELECT count(*) AS temporary FROM pg_class WHERE relname ~ '^gone' AND relkind = 'r' AND pg_my_temp_schema() = relnamespace;

-- a boolean column
SELECT cerebro.training_preprocessor_dl('items', 'held', 'label', 'x', split_column => 'held');
SELECT (SELECT rows FROM held_summary) AS trained, (SELECT rows FROM held_val_summary) AS validated, count(CASE WHEN held THEN 1 END) AS wanted FROM items;
SELECT array_agg(x) AS held FROM rows_of('held_val') \gset
SELECT count(*) AS wrong_side FROM unnest(:'held'::text[]) v(x) JOIN items i ON encode(set_byte(set_byte(set_byte('\x000000', 0, i.x[1]), 1, i.x[2]), 2, i.x[3]), 'hex') = v.x WHERE NOT i.held;
SELECT split FROM held_summary;

-- the latest rows: ties are on one side, and the share is the nearest one
DELETE FROM items WHERE id > 140;
CREATE TABLE dated AS SELECT CASE WHEN held THEN 'third' ELSE 'other' END AS label, x, day FROM items;
SELECT cerebro.training_preprocessor_dl('dated', 'late', 'label', 'x', split_by_time => 'day', validation_fraction => 0.1);
SELECT (SELECT rows FROM late_val_summary) AS validated, count(*) AS on_the_latest_days, 0.1 * (SELECT count(*) FROM dated) AS wanted FROM dated WHERE day >= '2024-01-14';
SELECT split FROM late_summary;
CREATE TABLE times AS SELECT label, x, (timestamp '2024-03-01 00:00:00.123456' + id * interval '1 microsecond') AS at, (timestamptz '2024-03-31 00:30:00+00' + id * interval '1 hour') AS zoned,
    id / 3.0::float8 AS seconds FROM items WHERE id <= 138;
SET datestyle = 'SQL, DMY';
SET timezone = 'Europe/Berlin';
SELECT cerebro.training_preprocessor_dl('times', 'at', 'label', 'x', split_by_time => 'at', validation_fraction => 0.25);
SELECT cerebro.training_preprocessor_dl('times', 'zoned', 'label', 'x', split_by_time => 'zoned', validation_fraction => 0.25);
SELECT cerebro.training_preprocessor_dl('times', 'seconds', 'label', 'x', split_by_time => 'seconds', validation_fraction => 0.25);
RESET datestyle;
RESET timezone;
SELECT a.rows, b.rows, c.rows, round(0.25 * 138) AS wanted FROM at_val_summary a, zoned_val_summary b, seconds_val_summary c;

-- what only rows that validate have: strings are said, classes refused
CREATE TABLE words AS SELECT label, x, held, CASE WHEN held AND id > 130 THEN 'new' ELSE 'old' || id % 2 END AS word FROM items;
SET client_min_messages = notice;
SELECT cerebro.training_preprocessor_dl('words', 'worded', 'label', 'x, word', split_column => 'held');
SET client_min_messages = warning;
SELECT data_spec -> 'inputs' -> 1 ->> 'dictionary' AS dictionary FROM worded_summary;
UPDATE words SET label = 'unseen' WHERE held AND word = 'new';
\x on
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('words', 'out', 'label', 'x', split_column => 'held')$$);
\x off

-- rows without a label
CREATE TABLE holes AS SELECT CASE WHEN id % 10 = 0 THEN NULL ELSE label END AS label, CASE WHEN id % 7 = 0 THEN NULL ELSE id END AS number, x, held FROM items;
SET client_min_messages = notice;
SELECT cerebro.training_preprocessor_dl('holes', 'whole', 'label', 'x');
SELECT cerebro.training_preprocessor_dl('holes', 'both', 'label, number', 'x', dependent_type => 'one_hot, real', validation_fraction => 0.2);
SELECT cerebro.validation_preprocessor_dl('holes', 'whole_val', 'label', 'x', 'whole');
SELECT cerebro.append_rows('whole', 'holes');
SET client_min_messages = warning;
SELECT (SELECT rows FROM whole_summary) AS appended, (SELECT rows FROM whole_val_summary) AS validated, count(label) AS labelled, (SELECT split FROM both_summary) AS both FROM holes;
\x on
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('holes', 'out', 'label', 'x', drop_null_labels => false)$$);
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('(SELECT 1)', 'out', 'label', 'x')$$);

-- wrong arguments
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('items', 'out', 'label', 'x', validation_fraction => 0)$$);
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('items', 'out', 'label', 'x', validation_fraction => 1)$$);
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('items', 'out', 'label', 'x', validation_fraction => 'NaN')$$);
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('items', 'out', 'label', 'x', validation_fraction => 0.001)$$);
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('items', 'out', 'label', 'x', validation_fraction => 0.2, split_column => 'held')$$);
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('items', 'out', 'id', 'x', validation_fraction => 0.2)$$);
CREATE TABLE fractions AS SELECT i / 7.0 AS y, (i * 7) % 20011 AS z, i AS x FROM generate_series(1, 100001) i;
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('fractions', 'out', 'y', 'x', validation_fraction => 0.2)$$);
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('fractions', 'out', 'y, z', 'x', folds => 2)$$);
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('items', 'out', 'label', 'x', split_by_time => 'day', split_column => 'held')$$);
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('items', 'out', 'label', 'x', split_by_time => 'day')$$);
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('items', 'out', 'label', 'x', split_column => 'nothing')$$);
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('items', 'out', 'label', 'x', split_column => 'held, held')$$);
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('items', 'out', 'label', 'x', split_column => 'day')$$);
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('items', 'out', 'label', 'x, held', split_column => 'held')$$);
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('items', 'out', 'label', 'x', split_by_time => 'label', validation_fraction => 0.2)$$);
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('items', 'packed', 'label', 'x', validation_fraction => 0.2)$$);
CREATE TABLE out_val (a int);
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('items', 'out', 'label', 'x', validation_fraction => 0.2)$$);
DROP TABLE out_val;
CREATE TABLE unknown AS SELECT label, x, CASE WHEN id <> 3 THEN held END AS held, CASE WHEN id <> 3 THEN day END AS day, false AS never, date '2024-01-01' AS today FROM items;
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('unknown', 'out', 'label', 'x', split_column => 'held')$$);
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('unknown', 'out', 'label', 'x', split_by_time => 'day', validation_fraction => 0.2)$$);
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('unknown', 'out', 'label', 'x', split_column => 'never')$$);
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('unknown', 'out', 'label', 'x', split_by_time => 'today', validation_fraction => 0.2)$$);
CREATE TABLE nothing (label text, x smallint[], held boolean, day date);
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('nothing', 'out', 'label', 'x', validation_fraction => 0.2)$$);
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('nothing', 'out', 'label', 'x', split_column => 'held')$$);
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('nothing', 'out', 'label', 'x', split_by_time => 'day', validation_fraction => 0.2)$$);
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('items', 'out', 'label', 'x', validation_fraction => 0.2, num_partitions => 139)$$);
-- a row that cannot be used is named on either side
CREATE TABLE broken AS SELECT label, held, CASE WHEN id = 33 THEN ARRAY[1, 2]::smallint[] ELSE x END AS x FROM items;
SELECT sqlstate, message FROM attempt($$SELECT cerebro.training_preprocessor_dl('broken', 'out', 'label', 'x', split_column => 'held')$$);
\x off
SELECT count(*) AS left_behind FROM pg_class WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = 'split') AND (relname ~ '^out' OR relname ~ '_cerebro_');

-- rows that are appended train
SELECT cerebro.append_rows('held', 'times');
SELECT t.rows AS trained, v.rows AS validated FROM held_summary t, held_val_summary v;

-- it is trained and validated on
SELECT cerebro.load_model('archs', $$ {"class_name": "Sequential", "config": [
 {"class_name": "Dense", "config": {"name": "out", "units": 5, "activation": "softmax", "batch_input_shape": [null, 3]}}]} $$);
SELECT cerebro.load_model_selection_table('archs', 'configs', ARRAY[1], ARRAY[$$optimizer='SGD(lr=0.0001)',loss='categorical_crossentropy',metrics=['accuracy']$$], ARRAY['batch_size=8']);
SELECT cerebro.fit_multiple_model('packed', 'run', 'configs', 2, validation_table => 'packed_val', workers => 0);
SELECT validation_loss IS NOT NULL AS validated FROM cerebro.leaderboard('run');
DROP SCHEMA split CASCADE;
