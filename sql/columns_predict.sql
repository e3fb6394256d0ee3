-- What becomes of a row that is to be predicted: NULLs, unknown categories, new, dropped, renamed, retyped and moved columns. A model a column, whose
-- layer "same" gives back the numbers that the column became, so that each case shows them.
\pset null '(null)'
SET client_min_messages = warning;
CREATE SCHEMA columns_predict;
SET search_path = columns_predict, public;

CREATE FUNCTION float32(v double precision[]) RETURNS bytea LANGUAGE sql AS $$
    SELECT string_agg(substr(b, 4, 1) || substr(b, 3, 1) || substr(b, 2, 1) || substr(b, 1, 1), ''::bytea ORDER BY n)
    FROM (SELECT float4send(x::real) AS b, n FROM unnest(v) WITH ORDINALITY u(x, n)) s $$;
CREATE TYPE grades AS ENUM ('poor', 'fair', 'good');
CREATE TABLE people AS
SELECT i AS id, CASE WHEN i % 10 <> 0 THEN 20 + i % 41 END AS age, (1000 + i % 100)::numeric(8, 2) AS income, (ARRAY['Berlin', 'Bonn', 'Ulm'])[1 + i % 3] AS city,
       CASE WHEN i % 8 <> 0 THEN (ARRAY['m', 'f'])[1 + i % 2] END AS sex, 'job ' || i % 30 AS job, (ARRAY['poor', 'fair', 'good'])[1 + i % 3]::grades AS grade,
       date '2024-01-01' + i % 60 AS joined, timestamptz '2024-03-01 00:00:00+00' + i * interval '1 hour' AS seen, i % 2 = 0 AS member, i % 4 AS plan,
       (ARRAY['x', 'y'])[1 + i % 2] AS zip, i * interval '1 second' AS slept, ARRAY[i % 2, i % 3]::real[] AS pair, (1 + i % 3)::float8 AS y FROM generate_series(1, 400) i;
-- Dense(k, identity) and a Dense(1) of ones
CREATE FUNCTION make(name text, independent text, preprocess text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    k integer;
BEGIN
    PERFORM cerebro.training_preprocessor_dl('people', name || '_packed', 'y', independent, num_partitions => 1, dependent_type => 'real', preprocess => preprocess);
    EXECUTE format('SELECT (data_spec #>> ''{inputs,0,shape,0}'')::int FROM %I', name || '_packed_summary') INTO k;
    PERFORM cerebro.load_model(name || '_archs', format('{"class_name": "Sequential", "keras_version": "2.4.0", "config": {"name": "m", "layers": [
        {"class_name": "Dense", "config": {"name": "same", "units": %s, "activation": "linear", "batch_input_shape": [null, %s]}},
        {"class_name": "Dense", "config": {"name": "out", "units": 1, "activation": "linear"}}]}}', k, k)::json,
        float32(ARRAY(SELECT (r = c)::int::float8 FROM generate_series(1, k) r, generate_series(1, k) c ORDER BY r, c) || array_fill(0::float8, ARRAY[k])
            || array_fill(1::float8, ARRAY[k]) || 0::float8));
    PERFORM cerebro.load_model_selection_table(name || '_archs', name || '_configs', ARRAY[1], ARRAY['optimizer=''SGD(lr=1e-37)'',loss=''mse'''], ARRAY['batch_size=32,epochs=1']);
    PERFORM cerebro.fit_multiple_model(name || '_packed', name, name || '_configs', 1, workers => 0);
END $$;
SELECT make('age', 'age', '{"age": {"scale": "none"}}'), make('strict', 'age, income', '{"age": {"impute": "median", "scale": "none"}, "income": {"impute": "error", "scale": "none"}}'),
       make('income', 'income', '{"income": {"impute": "mean", "scale": "none"}}'), make('bound', 'income', '{"income": {"clip": [1000, 1050], "scale": "none"}}'),
       make('city', 'city', 'auto'), make('sex', 'sex', 'auto'), make('grade', 'grade', '{"grade": {"encode": "ordinal", "scale": "none"}}'),
       make('joined', 'joined', '{"joined": {"scale": "none"}}'), make('seen', 'seen', '{"seen": {"encode": "none", "scale": "none"}}'),
       make('member', 'member', 'auto'), make('plan', 'plan', '{"plan": {"encode": "one_hot"}}'),
       make('zip', 'zip', '{"zip": {"encode": "target", "smoothing": 0, "scale": "none"}}'), make('slept', 'slept', '{"slept": {"scale": "none"}}'),
       make('filled', 'city', '{"city": {"impute": "constant", "value": "Ulm"}}'), make('people_m', 'age, income, city', '{"age": {"scale": "none"}, "income": {"scale": "none"}}');

-- numbers of a row, or the error
CREATE FUNCTION row_of(model text, given text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text; s text; m text; h text;
BEGIN
    EXECUTE format('SELECT ARRAY(SELECT round(v::numeric, 3) FROM unnest(cerebro.features(%L, ''same'', (SELECT r FROM (SELECT %s) r))) WITH ORDINALITY u(v, n) ORDER BY n)', model, given) INTO result;
    RETURN result;
EXCEPTION WHEN others THEN
    GET STACKED DIAGNOSTICS s = RETURNED_SQLSTATE, m = MESSAGE_TEXT, h = PG_EXCEPTION_HINT;
    RETURN s || ': ' || m || coalesce(' / ' || nullif(h, ''), '');
END $$;
-- a table with these rows: predict's estimate, which is the sum of the numbers, or the error
CREATE FUNCTION table_of(model text, given text, independent text DEFAULT '*') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text; s text; m text; h text; d text;
BEGIN
    DROP TABLE IF EXISTS given_rows, estimates;
    EXECUTE 'CREATE TABLE given_rows AS SELECT row_number() OVER () AS row_id, g.* FROM (' || given || ') g';
    PERFORM cerebro.predict(model, 'given_rows', 'row_id', independent, 'estimates');
    EXECUTE 'SELECT array_agg(round(estimated_y::numeric, 3) ORDER BY row_id) FROM estimates' INTO result;
    RETURN result;
EXCEPTION WHEN others THEN
    GET STACKED DIAGNOSTICS s = RETURNED_SQLSTATE, m = MESSAGE_TEXT, d = PG_EXCEPTION_DETAIL, h = PG_EXCEPTION_HINT;
    RETURN s || ': ' || m || coalesce(' / ' || nullif(d, ''), '') || coalesce(' / ' || nullif(h, ''), '');
END $$;

CREATE TABLE cases (number serial, what text, model text, given text);
INSERT INTO cases (what, model, given) VALUES
-- NULLs
('a number', 'age', '33 AS age'),
('NULL is the median, with its indicator', 'age', 'NULL::int AS age'),
('NaN is as NULL', 'age', '''NaN''::float8 AS age'),
('a column without NULLs in training: the mean, no indicator', 'income', 'NULL::numeric AS income'),
('NULL is refused where impute is error', 'strict', '30 AS age, NULL::numeric AS income'),
('NULL in another column than the strict one', 'strict', 'NULL::int AS age, 5 AS income'),
('NULL category, known in training: its indicator', 'sex', 'NULL::text AS sex'),
('NULL category, none in training: no flag', 'city', 'NULL::text AS city'),
('NULL category with a constant', 'filled', 'NULL::text AS city'),
('NULL ordinal: 0', 'grade', 'NULL::grades AS grade'),
('NULL target: the mean', 'zip', 'NULL::text AS zip'),
('NULL date: the median''s seconds, no direction', 'joined', 'NULL::date AS joined'),
('NULL truth value: the more frequent one', 'member', 'NULL::boolean AS member'),
('a NULL without a type is one of text, which is refused', 'age', 'NULL AS age'),
-- categories
('a known category', 'city', '''Bonn''::text AS city'),
('an unknown category: no flag', 'city', '''Paris''::text AS city'),
('another case is another category', 'city', '''bonn''::text AS city'),
('trailing blanks of text count', 'city', '''Bonn ''::text AS city'),
('those of character(n) do not', 'city', '''Bonn''::character(9) AS city'),
('varchar', 'city', '''Bonn''::varchar(9) AS city'),
('name', 'city', '''Bonn''::name AS city'),
('an empty text is unknown', 'city', '''''::text AS city'),
('an unknown category beside a constant for NULL', 'filled', '''Paris''::text AS city'),
('an unknown ordinal: 0', 'grade', '''bad''::text AS grade'),
('an enum''s text', 'grade', '''good''::text AS grade'),
('an enum', 'grade', '''good''::grades AS grade'),
('an enum with a label more', 'grade', '''best''::grades_of_today AS grade'),
('an unknown target: the mean', 'zip', '''z''::text AS zip'),
('a known target', 'zip', '''y''::text AS zip'),
('integers that were made categories', 'plan', '3 AS plan'),
('the same as text', 'plan', '''3''::text AS plan'),
('the same as bigint', 'plan', '3::bigint AS plan'),
('another integer is unknown', 'plan', '7 AS plan'),
('a category that is a number with a point', 'plan', '3.0::float8 AS plan'),
('an unknown category, a NULL and a known one together', 'people_m', 'NULL::int AS age, 5 AS income, ''Rome''::text AS city'),
-- types
('smallint for integer', 'age', '33::smallint AS age'),
('bigint for integer', 'age', '33::bigint AS age'),
('double precision for integer, with a fraction', 'age', '33.5::float8 AS age'),
('numeric for integer', 'age', '33.25 AS age'),
('real for integer', 'age', '33.5::real AS age'),
('boolean for integer', 'age', 'true AS age'),
('integer for numeric', 'income', '7 AS income'),
('text for a number is refused', 'age', '''33''::text AS age'),
('a date for a number is refused', 'age', 'date ''2024-01-01'' AS age'),
('json for a number is refused', 'age', '''33''::json AS age'),
('an array for a number is refused', 'age', 'ARRAY[33] AS age'),
('json for a category is refused', 'city', '''"Bonn"''::jsonb AS city'),
('an array for a category is refused', 'city', 'ARRAY[''Bonn''] AS city'),
('a date', 'joined', 'date ''2024-02-01'' AS joined'),
('a timestamp for a date', 'joined', 'timestamp ''2024-02-01 00:00'' AS joined'),
('a timestamp with a zone for a date, in UTC', 'joined', 'timestamptz ''2024-02-01 00:00:00+00'' AS joined'),
('text for a date is refused', 'joined', '''2024-02-01''::text AS joined'),
('a number for a date is refused', 'joined', '1706745600 AS joined'),
('an infinite date is refused', 'joined', '''infinity''::date AS joined'),
('a date for a timestamp with a zone', 'seen', 'date ''2024-03-02'' AS seen'),
('a time of another zone', 'seen', 'timestamptz ''2024-03-02 05:45:00+05:45'' AS seen'),
('an interval', 'slept', 'interval ''1 day 2 hours'' AS slept'),
('seconds for an interval', 'slept', '93600 AS slept'),
('an integer for a truth value', 'member', '1 AS member'),
('a value beyond the bounds', 'bound', '5000 AS income'),
('infinity within bounds', 'bound', '''Infinity''::float8 AS income'),
('infinity without bounds is refused', 'income', '''-Infinity''::float8 AS income'),
('too large for single precision', 'income', '1e300::float8 AS income'),
-- columns
('columns that the model does not have', 'age', '1 AS a, 33 AS age, ''x''::text AS b'),
('columns in another order', 'people_m', '''Ulm''::text AS city, 7 AS income, 30 AS age'),
('a dropped column', 'people_m', '30 AS age, ''Ulm''::text AS city'),
('a renamed column', 'people_m', '30 AS years, 7 AS income, ''Ulm''::text AS city'),
('another case of a name', 'people_m', '30 AS "Age", 7 AS income, ''Ulm''::text AS city');
CREATE TYPE grades_of_today AS ENUM ('poor', 'fair', 'good', 'best');
-- the rows of a function: those of a table lie on the segments of a cluster, where functions of it cannot read another one
CREATE FUNCTION all_cases() RETURNS SETOF cases LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY SELECT * FROM cases c ORDER BY c.number; END $$;
-- every case twice: as a row, and as a table's row
\a
SELECT number, what, model, row_of(model, given) AS row FROM all_cases() ORDER BY number;
SELECT number, table_of(model, 'SELECT ' || given) AS prediction FROM all_cases() ORDER BY number;
\a
-- where both give numbers, the table's estimate is the sum of the row's
SELECT count(*) FILTER (WHERE abs(sum - estimate) > 0.01 * greatest(1, abs(sum) / 1000)) AS different, count(*) AS compared
FROM (SELECT (SELECT sum(v::numeric) FROM unnest(r::text[]) v) AS sum, (e::numeric[])[1] AS estimate
      FROM (SELECT row_of(model, given) AS r, table_of(model, 'SELECT ' || given) AS e FROM all_cases()) s WHERE r LIKE '{%' AND e LIKE '{%') t;

-- rows without names are taken by position
SELECT row_of('people_m', '1 AS x') AS one_field, (SELECT ARRAY(SELECT round(v::numeric, 3) FROM unnest(cerebro.features('people_m', 'same', ROW(30, 7, 'Ulm'))) v)) AS by_position;
-- a column of the training table that is no column of the model may be missing, or anything
SELECT table_of('city', 'SELECT ''Ulm''::text AS city, ''{}''::json AS age');
-- several rows, and positions instead of names
SELECT table_of('people_m', 'SELECT i AS a, i * 2 AS b, ''Ulm''::text AS c FROM generate_series(1, 4) i', 'a, b, c');
SELECT table_of('people_m', 'SELECT i AS a, i * 2 AS b, ''Ulm''::text AS c FROM generate_series(1, 4) i', 'a, b');
SELECT table_of('people_m', 'SELECT i AS a, i * 2 AS b, ''Ulm''::text AS c FROM generate_series(1, 4) i', 'a, b, d');
SELECT table_of('people_m', 'SELECT i AS a, i * 2 AS b, ''Ulm''::text AS c FROM generate_series(1, 4) i', 'c, b, a');
-- domains, views, dropped columns of the table itself
CREATE DOMAIN years AS integer CHECK (VALUE < 200);
CREATE DOMAIN town AS text;
CREATE TABLE visitors (gone text, age years, income real, city town, more json);
ALTER TABLE visitors DROP COLUMN gone;
INSERT INTO visitors VALUES (40, 7, 'Ulm', '{}'), (NULL, NULL, NULL, NULL);
CREATE VIEW visits AS SELECT row_number() OVER (ORDER BY age) AS row_id, * FROM visitors;
SELECT cerebro.predict('people_m', 'visits', 'row_id', '*', 'visits_estimates');
SELECT * FROM visits_estimates ORDER BY 1;
SELECT ARRAY(SELECT round(v::numeric, 3) FROM unnest(cerebro.features('people_m', 'same', v)) v) AS row FROM visitors v ORDER BY age;
SELECT cerebro.extract_features('people_m', 'same', 'visits', 'visits_numbers', 'row_id');
SELECT row_id, ARRAY(SELECT round(v::numeric, 3) FROM unnest(features) v) AS row FROM visits_numbers ORDER BY 1;
DROP VIEW visits;
-- the column is altered behind the model's back
ALTER TABLE visitors ALTER COLUMN income TYPE text;
SELECT row_of('people_m', '* FROM columns_predict.visitors ORDER BY age LIMIT 1');
ALTER TABLE visitors DROP COLUMN city;
SELECT row_of('people_m', '* FROM columns_predict.visitors ORDER BY age LIMIT 1');

-- an index for an Embedding, an array, and numbers: an input each
SET client_min_messages = notice;
SELECT cerebro.training_preprocessor_dl('people', 'wide_packed', 'y', 'job, age, pair, city', num_partitions => 1, dependent_type => 'real',
    preprocess => '{"age": {"scale": "none"}, "pair": {"impute": "constant", "value": 0.5, "indicator": true}}');
SELECT column_name, input, encode, indicator, elements FROM cerebro.describe('wide_packed') WHERE role = 'independent';
SELECT cerebro.load_model('wide_archs', '{"class_name": "Functional", "keras_version": "2.4.0", "config": {"name": "wide", "layers": [
 {"class_name": "InputLayer", "name": "n", "config": {"name": "n", "batch_input_shape": [null, 6]}, "inbound_nodes": []},
 {"class_name": "InputLayer", "name": "j", "config": {"name": "j", "batch_input_shape": [null, 1]}, "inbound_nodes": []},
 {"class_name": "InputLayer", "name": "p", "config": {"name": "p", "batch_input_shape": [null, 2]}, "inbound_nodes": []},
 {"class_name": "Embedding", "name": "code", "config": {"name": "code", "input_dim": 31, "output_dim": 1}, "inbound_nodes": [[["j", 0, 0, {}]]]},
 {"class_name": "Flatten", "name": "flat", "config": {"name": "flat"}, "inbound_nodes": [[["code", 0, 0, {}]]]},
 {"class_name": "Concatenate", "name": "same", "config": {"name": "same"}, "inbound_nodes": [[["n", 0, 0, {}], ["flat", 0, 0, {}], ["p", 0, 0, {}]]]},
 {"class_name": "Dense", "name": "out", "config": {"name": "out", "units": 1, "activation": "linear"}, "inbound_nodes": [[["same", 0, 0, {}]]]}],
 "input_layers": [["n", 0, 0], ["j", 0, 0], ["p", 0, 0]], "output_layers": [["out", 0, 0]]}}'::json, float32(ARRAY(SELECT k::float8 FROM generate_series(0, 30) k) || array_fill(1::float8, ARRAY[9]) || 0::float8));
SELECT cerebro.load_model_selection_table('wide_archs', 'wide_configs', ARRAY[1], ARRAY['optimizer=''SGD(lr=1e-37)'',loss=''mse'''], ARRAY['batch_size=32,epochs=1']);
SET client_min_messages = warning;
SELECT cerebro.fit_multiple_model('wide_packed', 'wide', 'wide_configs', 1, workers => 0);
SELECT what, row_of('wide', given) AS row, table_of('wide', 'SELECT ' || given) AS prediction FROM (VALUES
('the first of the sorted categories is 1', '''job 0''::text AS job, 30 AS age, ARRAY[1, 2] AS pair, ''Ulm''::text AS city'),
('the last is 30', '''job 9''::text AS job, 30 AS age, ARRAY[1, 2]::float8[] AS pair, ''Ulm''::text AS city'),
('an unknown one is 0', '''pilot''::text AS job, 30 AS age, ARRAY[1, 2]::real[] AS pair, ''Ulm''::text AS city'),
('NULL is 0', 'NULL::text AS job, 30 AS age, ARRAY[1, 2]::real[] AS pair, ''Ulm''::text AS city'),
('a NULL array is its constant, with its indicator', '''job 0''::text AS job, 30 AS age, NULL::real[] AS pair, ''Ulm''::text AS city'),
('an array of another length', '''job 0''::text AS job, 30 AS age, ARRAY[1, 2, 3]::real[] AS pair, ''Ulm''::text AS city'),
('an array with a NULL element', '''job 0''::text AS job, 30 AS age, ARRAY[1, NULL]::real[] AS pair, ''Ulm''::text AS city'),
('a number for an array', '''job 0''::text AS job, 30 AS age, 5 AS pair, ''Ulm''::text AS city')) c(what, given);
-- notices and a warning of predict
SET client_min_messages = notice;
CREATE TABLE few AS SELECT row_number() OVER () AS id, j AS job, 30 AS age, ARRAY[1, 2] AS pair, c AS city FROM (VALUES ('job 0', 'Ulm'), ('pilot', 'Ulm'), (NULL, 'Rome'), ('job 1', NULL)) v(j, c);
SELECT cerebro.predict('wide', 'few', 'id', '*', 'some_estimates');
CREATE TABLE strangers AS SELECT id, 'pilot ' || id AS job, age, pair, city FROM few;
SELECT cerebro.predict('wide', 'strangers', 'id', 'job, age, pair, city', 'stranger_estimates');
CREATE TABLE swapped AS SELECT id, city AS job, age, pair, job AS city FROM few;
SELECT cerebro.predict('wide', 'swapped', 'id', 'city, age, pair, job', 'swapped_estimates');

-- validation and appended rows: the same rules
CREATE TABLE later AS SELECT id, age, income, city, y FROM people WHERE id <= 50;
INSERT INTO later VALUES (901, NULL, NULL, 'Paris', 1), (902, 30, 5, NULL, 2), (903, 31, 6, 'Bonn', NULL);
SELECT cerebro.validation_preprocessor_dl('later', 'later_packed', 'y', '*', 'people_m_packed');
SELECT rows, independent_varname FROM later_packed_summary;
SELECT cerebro.validation_preprocessor_dl('later', 'strict_later', 'y', 'age, income', 'strict_packed');
ALTER TABLE later RENAME city TO town;
SELECT cerebro.validation_preprocessor_dl('later', 'later_again', 'y', '*', 'people_m_packed');
SELECT cerebro.validation_preprocessor_dl('later', 'later_again', 'y', 'age, income, town', 'people_m_packed');
SELECT (SELECT digest FROM later_again_summary) = (SELECT digest FROM later_packed_summary) AS same;
SELECT cerebro.evaluate('people_m', 'later_packed', 'later_metrics');
SELECT count(*) AS evaluated FROM later_metrics;
SELECT cerebro.append_rows('people_m_packed', 'later');
ALTER TABLE later RENAME town TO city;
SELECT cerebro.append_rows('people_m_packed', 'later');
SELECT rows FROM people_m_packed_summary;
-- a table that was preprocessed in another way cannot validate this one
SELECT cerebro.training_preprocessor_dl('people', 'other_packed', 'y', 'age, income, city', num_partitions => 1, dependent_type => 'real', preprocess => '{"age": {"scale": "none", "impute": "mean"}, "income": {"scale": "none"}}');
SELECT cerebro.fit_multiple_model('people_m_packed', 'people_again', 'people_m_configs', 1, validation_table => 'other_packed', workers => 0);
SET client_min_messages = warning;
DROP SCHEMA columns_predict CASCADE;
