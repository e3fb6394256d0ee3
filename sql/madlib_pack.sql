-- Packing in MADlib's format: the examples of its manual, its buffer sizes, class values and summaries.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION pg_cerebro_madlib;

-- 52 images of 2 x 2 x 3; the first number of an image tells its species
CREATE TABLE madlib_images AS
    SELECT i AS id, ARRAY[[[i % 3, 1, 2], [i, 4, 5]], [[6, 7, 8], [9, 10, 255]]]::integer[] AS rgb,
        (ARRAY['dog', 'cat', 'bird'])[i % 3 + 1]::varchar AS species FROM generate_series(1, 52) i;
SELECT madlib.training_preprocessor_dl('madlib_images', 'madlib_packed', 'species', 'rgb', NULL, 255);
SELECT string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', ' ORDER BY a.attnum) AS columns
    FROM pg_attribute a WHERE a.attrelid = 'madlib_packed'::regclass AND a.attnum > 0 AND a.attname <> '__dist_key__';
SELECT string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', ' ORDER BY a.attnum) AS columns
    FROM pg_attribute a WHERE a.attrelid = 'madlib_packed_summary'::regclass AND a.attnum > 0;
SELECT rgb_shape[2:4] AS rgb_shape, species_shape[2] AS classes, sum(rgb_shape[1]) AS rows, sum(species_shape[1]) AS labels,
    sum(octet_length(rgb)) AS rgb_bytes, sum(octet_length(species)) AS species_bytes FROM madlib_packed GROUP BY 1, 2;
\x on
SELECT * FROM madlib_packed_summary;
\x off

-- every row is there once, with its label: int16 one-hot in the order of class values, float32 divided by 255
CREATE VIEW madlib_rows AS
    SELECT p.buffer_id, r.i, (madlib.convert_bytea_to_real_array(p.rgb))[(r.i - 1) * 12 + 1] * 255 AS first,
        (madlib.convert_bytea_to_real_array(p.rgb))[(r.i - 1) * 12 + 4] * 255 AS id,
        (madlib.convert_bytea_to_real_array(p.rgb))[r.i * 12] AS last,
        (madlib.convert_bytea_to_smallint_array(p.species))[(r.i - 1) * 3 + 1:r.i * 3] AS one_hot
    FROM madlib_packed p, LATERAL generate_series(1, p.rgb_shape[1]) AS r(i);
SELECT round(first) AS first, one_hot, count(*), count(DISTINCT round(id)) AS ids, min(last) AS least_last, max(last) AS greatest_last
    FROM madlib_rows GROUP BY 1, 2 ORDER BY 1;
SELECT count(*) > 0 AS shuffled FROM (SELECT id, lag(id) OVER (ORDER BY buffer_id, i) AS before FROM madlib_rows) r WHERE id < before;
DROP VIEW madlib_rows;

-- a validation table: other names, fewer labels, the constants of the training table
CREATE TABLE madlib_other AS SELECT id AS "Id", rgb AS "Pixels", species AS "Kind" FROM madlib_images WHERE species <> 'bird' ORDER BY id;
SELECT madlib.validation_preprocessor_dl('madlib_other', 'madlib_val', '"Kind"', '"Pixels"', 'madlib_packed', 10);
SELECT sum("Pixels_shape"[1]) AS rows, min("Kind_shape"[2]) AS classes, count(*) AS buffers, max("Pixels_shape"[1]) AS buffer_size FROM madlib_val;
SELECT source_table, output_table, dependent_varname, independent_varname, dependent_vartype, "Kind_class_values", buffer_size,
    normalizing_const, num_classes FROM madlib_val_summary;
SELECT round((madlib.convert_bytea_to_real_array(v."Pixels"))[(r.i - 1) * 12 + 1] * 255) AS first,
    (madlib.convert_bytea_to_smallint_array(v."Kind"))[(r.i - 1) * 3 + 1:r.i * 3] AS one_hot, count(*)
    FROM madlib_val v, LATERAL generate_series(1, v."Pixels_shape"[1]) AS r(i) GROUP BY 1, 2 ORDER BY 1;
DROP TABLE madlib_val, madlib_val_summary, madlib_other;

-- buffer_size 10 -> 9, 9, 9, 9, 9, 7; num_classes pads
DROP TABLE madlib_packed, madlib_packed_summary;
SELECT madlib.training_preprocessor_dl('madlib_images', 'madlib_packed', 'species', 'rgb', 10, NULL, ARRAY[5]);
SELECT rgb_shape, species_shape FROM madlib_packed ORDER BY rgb_shape[1] DESC;
SELECT species_class_values, num_classes, buffer_size, normalizing_const FROM madlib_packed_summary;
SELECT DISTINCT (madlib.convert_bytea_to_smallint_array(species))[4:5] AS padding FROM madlib_packed;
SELECT madlib.validation_preprocessor_dl('madlib_images', 'madlib_val', 'species', 'rgb', 'madlib_packed');
SELECT species_class_values, num_classes FROM madlib_val_summary;
DROP TABLE madlib_val, madlib_val_summary, madlib_packed, madlib_packed_summary;

-- the sizes that the manual and the notebooks print: rows, segments, wanted size, numbers of a row
SELECT c.*, madlib._buffer_size(c.wanted, c.rows, c.segments, ARRAY[c.numbers]) AS buffer_size FROM (VALUES
    ('images', 52::bigint, 3, NULL::integer, 12::bigint), ('images, 10', 52, 3, 10, 12), ('iris, 2 segments', 120, 2, NULL, 4),
    ('iris, 3 segments', 120, 3, NULL, 4), ('iris test, 2 segments', 30, 2, NULL, 4), ('iris test, 3 segments', 30, 3, NULL, 4),
    ('CIFAR-10, 16 segments', 50000, 16, NULL, 3072), ('CIFAR-10 test, 16 segments', 10000, 16, NULL, 3072),
    ('CIFAR-10, PostgreSQL', 50000, 1, NULL, 3072), ('MNIST, 1000', 30596, 2, 1000, 784), ('MNIST, 1000, other digits', 29404, 2, 1000, 784), ('MNIST test, 2', 5139, 2, NULL, 784),
    ('MNIST test, 2, other digits', 4861, 2, NULL, 784)) AS c(what, rows, segments, wanted, numbers);
SELECT madlib._buffer_size(NULL, 1000000, 1, ARRAY[10, 3072]) AS by_the_widest_column;

-- labels of other types, NULL among them; labels that are arrays
CREATE TABLE madlib_labels AS SELECT i AS id, ARRAY[i, -i]::double precision[] AS x, CASE WHEN i % 3 > 0 THEN i % 3 * 10 END AS number,
    i % 2 = 0 AS yes, (i % 4)::numeric / 4 AS part, ARRAY[i, i % 2] AS vector, CASE WHEN i % 3 > 0 THEN 'b''' || i % 3 END AS quoted,
    (i % 2)::text::char(3) AS "Fixed", date '2024-01-01' + i % 2 AS day, ARRAY[0.4, 1.6, i]::real[] AS parts FROM generate_series(1, 12) i;
SELECT madlib.training_preprocessor_dl('madlib_labels', 'madlib_l', 'number, yes, part, vector, quoted, "Fixed", day', 'x');
SELECT dependent_varname, dependent_vartype, num_classes FROM madlib_l_summary;
SELECT number_class_values, yes_class_values, part_class_values, vector_class_values, quoted_class_values, "Fixed_class_values", day_class_values
    FROM madlib_l_summary;
SELECT x_shape, number_shape, yes_shape, part_shape, vector_shape, quoted_shape, "Fixed_shape", day_shape FROM madlib_l;
DROP TABLE madlib_l, madlib_l_summary;
-- each label has its own class
SELECT madlib.training_preprocessor_dl('madlib_labels', 'madlib_l', 'quoted', 'x', 1);
SELECT q.quoted, madlib.convert_bytea_to_smallint_array(l.quoted) AS one_hot, count(*) FROM madlib_l l
    JOIN madlib_labels q ON q.x[1] = (madlib.convert_bytea_to_real_array(l.x))[1] GROUP BY 1, 2 ORDER BY 1;
SELECT madlib.validation_preprocessor_dl('madlib_labels', 'madlib_v', 'quoted', 'x', 'madlib_l');
SELECT quoted_class_values FROM madlib_v_summary;
DROP TABLE madlib_l, madlib_l_summary, madlib_v, madlib_v_summary;
-- an array is rounded to int16; its summary has no class values
SELECT madlib.training_preprocessor_dl('madlib_labels', 'pg_temp.madlib_l', 'parts', 'x', 12);
SELECT (madlib.convert_bytea_to_smallint_array(parts))[1:2] AS rounded, parts_shape FROM pg_temp.madlib_l;
SELECT parts_class_values, num_classes, dependent_vartype FROM pg_temp.madlib_l_summary;
SELECT madlib.validation_preprocessor_dl('madlib_labels', 'madlib_v', 'parts', 'x', 'pg_temp.madlib_l');
SELECT parts_class_values, num_classes FROM madlib_v_summary;
DROP TABLE pg_temp.madlib_l, pg_temp.madlib_l_summary, madlib_v, madlib_v_summary;
-- several inputs, quoted names, a view, another schema
CREATE SCHEMA "Madlib test";
CREATE VIEW "Madlib test"."Rows" AS SELECT x AS "X 1", ARRAY[[id, 1], [2, 3]]::bigint[] AS x2, yes AS "Y,1" FROM madlib_labels;
SELECT madlib.training_preprocessor_dl('"Madlib test"."Rows"', '"Madlib test"."Out"', '"Y,1"', '"X 1", x2', 5);
SELECT "X 1_shape", x2_shape, "Y,1_shape", octet_length("X 1") AS x1, octet_length(x2) AS x2, octet_length("Y,1") AS y
    FROM "Madlib test"."Out" ORDER BY buffer_id;
SELECT dependent_varname, independent_varname, "Y,1_class_values", output_table FROM "Madlib test"."Out_summary";
DROP SCHEMA "Madlib test" CASCADE;
-- the training table may be cerebro's, whose format the validation table then has; or made by hand, with what is needed
SELECT cerebro.training_preprocessor_dl('madlib_labels', 'madlib_c', 'quoted', 'x', seed => 1);
SELECT madlib.validation_preprocessor_dl('madlib_labels', 'madlib_v', 'quoted', 'x', 'madlib_c', 4);
SELECT v.data_spec::jsonb -> 'targets' = c.data_spec::jsonb -> 'targets' AS same, v.quoted_class_values
    FROM madlib_v_summary v, madlib_c_summary c;
DROP TABLE madlib_c, madlib_c_summary, madlib_v, madlib_v_summary;
CREATE TABLE madlib_h AS SELECT 'rows'::text AS rows;
CREATE TABLE madlib_h_summary AS SELECT NULL::real AS normalizing_const, ARRAY[4] AS num_classes, ARRAY['10', '20', NULL] AS number_class_values,
    'number'::text AS dependent_varname;
CREATE VIEW madlib_numbers AS SELECT x, number FROM madlib_labels WHERE number IS NOT NULL;
SELECT madlib.validation_preprocessor_dl('madlib_numbers', 'madlib_v', 'number', 'x', 'madlib_h');
SELECT number_class_values, num_classes, normalizing_const FROM madlib_v_summary;
SELECT DISTINCT number_shape[2] AS classes FROM madlib_v;
DROP TABLE madlib_v, madlib_v_summary;
ALTER TABLE madlib_h_summary DROP COLUMN dependent_varname;
SELECT madlib.validation_preprocessor_dl('madlib_numbers', 'madlib_v', 'number', 'x', 'madlib_h');
DROP VIEW madlib_numbers;
DROP TABLE madlib_h, madlib_h_summary, madlib_v, madlib_v_summary;
-- a constant of nearly 1 is 1
SELECT madlib.training_preprocessor_dl('madlib_labels', 'madlib_l', 'yes', 'x', NULL, 1.0000005);
SELECT normalizing_const, yes_class_values FROM madlib_l_summary;
DROP TABLE madlib_l, madlib_l_summary, madlib_labels, madlib_images;
DROP EXTENSION pg_cerebro_madlib;
