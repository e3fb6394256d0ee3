-- Names and arguments as the server's own rules read them: folding, quotes, dots, bytes and kinds of tables; values that come toasted, with one-byte
-- headers, and arrays of every form. What is refused says which argument or element it is.
\pset null '(null)'
SET client_min_messages = warning;
CREATE SCHEMA names;
SET search_path = names, public;

\set data `echo "$CEREBRO_TEST_DATA"`
\i :data/attempt.sql
-- packs a table; shows the name of what was made, the columns as packed and the rows; and drops it again
CREATE FUNCTION packs(source text, target text, deps text DEFAULT 'y', indeps text DEFAULT 'x', OUT made text, OUT columns text, OUT rows bigint)
LANGUAGE plpgsql AS $$
DECLARE
    summary text;
BEGIN
    PERFORM cerebro.training_preprocessor_dl(source, target, deps, indeps, num_partitions => 2);
    SELECT c.relname INTO STRICT summary FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'names' AND c.relname LIKE '%\_summary' AND c.relkind = 'r';
    made := left(summary, -length('_summary'));
    EXECUTE format('SELECT string_agg(c ->> ''name'', '' | ''), min(s.data_spec ->> ''rows'') FROM names.%I s,
        LATERAL (SELECT json_array_elements(s.data_spec -> ''inputs'') UNION ALL SELECT json_array_elements(s.data_spec -> ''targets'')) d(c)', summary)
    INTO columns, rows;
    EXECUTE format('DROP TABLE names.%I, names.%I', made, summary);
END $$;

CREATE TABLE plain AS SELECT i AS id, ARRAY[i % 7, i % 5]::smallint[] AS x, i % 2 AS y FROM generate_series(1, 40) i;

-- one table, spelled in every way; white space around names is no part of them
SELECT * FROM packs('plain', 'made');
SELECT * FROM packs('PLAIN', 'Made');
SELECT * FROM packs('Names.Plain', 'NAMES.Made');
SELECT * FROM packs(' names . plain ', E'\tmade\n');
SELECT * FROM packs('"names"."plain"', 'names."made"');
\x on
SELECT * FROM attempt($$SELECT packs('"Plain"', 'made')$$);
SELECT * FROM attempt($$SELECT packs('regression.names.plain', 'made')$$);
SELECT * FROM attempt($$SELECT packs('names..plain', 'made')$$);
SELECT * FROM attempt($$SELECT packs('"plain', 'made')$$);
SELECT * FROM attempt($$SELECT packs('""', 'made')$$);
SELECT * FROM attempt($$SELECT packs('pla in', 'made')$$);
\x off

-- dots, quotes, commas and letters of several bytes inside of a name
CREATE TABLE "a.b ""c"", d" AS TABLE plain;
SELECT * FROM packs('"a.b ""c"", d"', '"Ünï.cödé ""q"""');
CREATE TABLE "größe" AS TABLE plain;
SELECT * FROM packs('größe', '"SELECT"');

-- the longest name that leaves room for _summary, in bytes: not cut, and one more is refused
SELECT made = repeat('t', 55) AS whole, rows FROM packs('plain', repeat('t', 55));
SELECT made = repeat('é', 27) || 't' AS whole, rows FROM packs('plain', repeat('é', 27) || 't');
\x on
SELECT * FROM attempt(format($$SELECT packs('plain', %L)$$, repeat('t', 56)));
SELECT * FROM attempt(format($$SELECT packs('plain', %L)$$, repeat('é', 28)));
\x off

-- every kind of table; a name without a schema is looked up along search_path, temporary tables first
CREATE VIEW a_view AS SELECT * FROM plain WHERE id <= 30;
CREATE MATERIALIZED VIEW a_matview AS SELECT * FROM plain WHERE id <= 20;
DO $$ BEGIN
    IF current_setting('server_version_num')::int >= 110000 THEN
        EXECUTE 'CREATE TABLE parts (id int, x smallint[], y int) PARTITION BY RANGE (id)';
        EXECUTE 'CREATE TABLE parts_low PARTITION OF parts FOR VALUES FROM (0) TO (21)';
        EXECUTE 'CREATE TABLE parts_high PARTITION OF parts FOR VALUES FROM (21) TO (100)';
        EXECUTE 'INSERT INTO parts SELECT * FROM plain';
    ELSE
        EXECUTE 'CREATE TABLE parts AS TABLE plain';
    END IF;
END $$;
CREATE TEMPORARY TABLE plain AS SELECT id, x, y FROM names.plain WHERE id <= 10;
SELECT rows FROM packs('a_view', 'made');
SELECT rows FROM packs('a_matview', 'made');
SELECT rows FROM packs('parts', 'made');
SELECT rows FROM packs('names.plain', 'names.made');
SELECT rows FROM packs('plain', 'names.made');
DROP TABLE pg_temp.plain;
CREATE INDEX an_index ON plain (id);
CREATE TYPE a_type AS (x smallint[], y int);
\x on
SELECT * FROM attempt($$SELECT packs('an_index', 'made')$$);
SELECT * FROM attempt($$SELECT packs('a_type', 'made')$$);
SELECT * FROM attempt($$SELECT packs('plain', 'a_type')$$);
\x off

-- columns: folded or quoted, in the list's order; dropped ones are gone; domains count as what they are made of
CREATE DOMAIN pair AS smallint[] CHECK (array_length(VALUE, 1) = 2);
CREATE DOMAIN label AS varchar(5);
CREATE TABLE odd (gone int, "Ab, c" pair, "x""y" real, "select" numeric(6, 2), gone_too text, "größe" double precision, y label);
ALTER TABLE odd DROP COLUMN gone, DROP COLUMN gone_too;
INSERT INTO odd SELECT x, id / 4.0, id, -id, 'l' || y FROM plain;
SELECT * FROM packs('odd', 'made', 'Y', '"Ab, c","x""y" , "select",größe');
\x on
SELECT * FROM attempt($$SELECT packs('odd', 'made', 'y', 'gone')$$);
SELECT * FROM attempt($$SELECT packs('odd', 'made', 'y', '"ab, c"')$$);
SELECT * FROM attempt($$SELECT packs('odd', 'made', 'y', 'x"y')$$);
SELECT * FROM attempt($$SELECT packs('odd', 'made', 'y', '"größe" größe')$$);
\x off

-- arguments out of a table: with a header of one byte, compressed, and stored outside of the row
CREATE TABLE arguments (architecture json, weights bytea, short text, long text, outside text);
ALTER TABLE arguments ALTER outside SET STORAGE EXTERNAL, ALTER weights SET STORAGE EXTERNAL;
INSERT INTO arguments SELECT format('{"class_name": "Sequential", "keras_version": "2.4.0", "config": {"name": "m", "layers": [{"class_name": "Dense",
    "config": {"name": "out", "units": 50, "batch_input_shape": [null, 20]}}]%s}}', repeat(' ', 10000))::json,
    decode(repeat('0000803f', 1050), 'hex'), 'short', repeat('long ', 5000), string_agg(md5(i::text), '') FROM generate_series(1, 1000) i;
SELECT pg_column_size(short) < 10 AS one_byte, pg_column_size(long) < 5000 AS compressed, pg_column_size(outside) >= 32000 AS outside FROM arguments;
SELECT cerebro.load_model('archs', architecture, weights, short, outside) FROM arguments;
SELECT cerebro.load_model('archs', architecture, weights, name => 'second', description => long) FROM arguments;
SELECT model_id, a.model_weights = g.weights AS weights, a.name, a.description = CASE model_id WHEN 1 THEN outside ELSE long END AS description,
       a.model_arch::text = g.architecture::text AS architecture FROM archs a, arguments g ORDER BY 1;

-- arrays: with other lower bounds, of varchar and text, out of a table; empty ones, ones with NULL and ones of two dimensions
CREATE TABLE lists AS SELECT '[5:6]={2,1}'::int[] AS ids, '[0:1]={"loss=''mse'', optimizer=''SGD(lr=0.1)''", "loss=''mae'', optimizer=''SGD(lr=0.1)''"}'::varchar[] AS compile,
    ARRAY['batch_size=8'] AS fit;
SELECT cerebro.load_model_selection_table('archs', 'listed', ids, compile, fit) FROM lists;
SELECT * FROM listed ORDER BY mst_key;
SELECT cerebro.load_model_selection_table('archs', 'sliced', ids[6:6], compile[1:1], fit::varchar(20)[]) FROM lists;
SELECT model_id, compile_params, fit_params FROM sliced;
\x on
SELECT * FROM attempt($$SELECT cerebro.load_model_selection_table('archs', 'new', '{}', compile, fit) FROM lists$$);
SELECT * FROM attempt($$SELECT cerebro.load_model_selection_table('archs', 'new', NULL, compile, fit) FROM lists$$);
SELECT * FROM attempt($$SELECT cerebro.load_model_selection_table('archs', 'new', '{1,NULL}', compile, fit) FROM lists$$);
SELECT * FROM attempt($$SELECT cerebro.load_model_selection_table('archs', 'new', '{{1},{2}}', compile, fit) FROM lists$$);
SELECT * FROM attempt($$SELECT cerebro.load_model_selection_table('archs', 'new', ids, compile || NULL::varchar, fit) FROM lists$$);
SELECT * FROM attempt($$SELECT cerebro.load_model_selection_table('archs', 'new', ids, compile, ARRAY[fit, fit]) FROM lists$$);
\x off

-- nothing was left behind
SELECT relname FROM pg_class WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = 'names') AND relkind IN ('r', 'm', 'v')
    AND relname ~ '^(made|new|Ünï|SELECT|t{9}|é)' ORDER BY 1;
SET client_min_messages = error;
DROP SCHEMA names CASCADE;
