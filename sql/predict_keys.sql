-- Which group a row belongs to: keys are compared as they are, never cut to the length of the groups' own; by no code of the models' owner; and whatever
-- the session's formats of dates and numbers are.
\pset null '(null)'
SET client_min_messages = warning;
CREATE SCHEMA predict_keys;
SET search_path = predict_keys, public;

CREATE FUNCTION guarded(value text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF current_user = 'cerebro_reader' THEN RAISE 'code of the models'' owner is run by %', current_user; END IF;
    RETURN value <> 'forbidden';
END $$;
CREATE DOMAIN guarded AS text CHECK (predict_keys.guarded(VALUE));
SELECT cerebro.load_model('archs', '{"class_name": "Sequential", "config": {"name": "s", "layers": [{"class_name": "Dense", "config": {"name": "e", "units": 1, "batch_input_shape": [null, 1]}}]}}');
SELECT cerebro.load_model_selection_table('archs', 'configs', ARRAY[1], ARRAY[$$loss='mse', optimizer='Adam(lr=0.05)'$$], ARRAY['batch_size=16, epochs=1']);
-- a run over groups of these keys, and the same registered
CREATE FUNCTION make(what text, type text, keys text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE %I (id integer, k %s, x real, y real)', what || '_rows', type);
    EXECUTE format('INSERT INTO %I SELECT g * 100 + n, ($1[g])::%s, n / 40.0, g * n / 40.0 FROM generate_series(1, array_length($1, 1)) g, generate_series(1, 40) n', what || '_rows', type)
        USING keys;
    PERFORM cerebro.training_preprocessor_dl(what || '_rows', what || '_packed', 'y', 'x', dependent_type => 'real', grouping_cols => 'k');
    PERFORM cerebro.fit_multiple_model(what || '_packed', what || '_models', 'configs', 3, workers => 0);
    PERFORM cerebro.register(what, what || '_models');
END $$;
-- what the run and its version say of a key: whether there is a model, row by row, and by a table with the key and one of the groups' own
CREATE FUNCTION known(what text, type text, key text, own text)
    RETURNS TABLE(of_run boolean, of_version boolean, rows_of_run bigint, rows_of_version bigint) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE said (id integer, k %s, x real)', type);
    EXECUTE format('INSERT INTO said VALUES (1, %L, 0.5), (2, %L, 0.5)', key, own);
    PERFORM cerebro.predict(what || '_models', 'said', 'id', '*', 'a'), cerebro.predict(what, 'said', 'id', '*', 'b');
    RETURN QUERY EXECUTE format('SELECT cerebro.predict_number(%L, s) IS NOT NULL, cerebro.predict_number(%L, s) IS NOT NULL, (SELECT count(*) FROM a), (SELECT count(*) FROM b) FROM said s WHERE id = 1',
        what || '_models', what);
    DROP TABLE said, a, b;
END $$;
SELECT make('short', 'varchar(5)', ARRAY['north', 'south']), make('fixed', 'char(5)', ARRAY['north', 'sea']), make('money', 'numeric(6, 2)', ARRAY['1.50', '2']),
       make('moment', 'timestamp(0)', ARRAY['2024-01-01 12:00:00', '2024-01-02']), make('bits', 'bit(3)', ARRAY['101', '011']),
       make('days', 'date', ARRAY['2024-01-02', '2024-02-01']), make('reals', 'double precision', ARRAY['0.3', '0.30000000000000004']), make('checked', 'guarded', ARRAY['a', 'b']), make('whole', 'integer', ARRAY['1', '2']);

-- longer ones than the groups' own are others
SELECT w.*, k.* FROM (VALUES ('short', 'text', 'northwest', 'north'), ('short', 'varchar(5)', 'south', 'north'), ('fixed', 'text', 'northwest', 'north'), ('fixed', 'char(9)', 'sea', 'north'),
    ('money', 'numeric', '1.499', '1.5'), ('money', 'numeric', '1.500', '2.00'), ('moment', 'timestamp', '2024-01-01 12:00:00.4', '2024-01-02'),
    ('moment', 'timestamp', '2024-01-01 12:00', '2024-01-02'), ('bits', 'bit varying', '1011', '011'), ('bits', 'bit(3)', '101', '011')) AS w(what, type, key, own),
    LATERAL known(what, type, key, own) k;

-- nor are fractions rounded
CREATE TABLE fractions AS SELECT i AS id, i / 5.0 AS k, i / 5.0::float8 AS f, 0.5::real AS x FROM generate_series(1, 15) i;
SELECT cerebro.predict('whole_models', 'fractions', 'id', 'x', 'of_run'), cerebro.predict('whole', 'fractions', 'id', 'x', 'of_version');
SELECT r.id, f.k FROM of_run r JOIN of_version v USING (id) JOIN fractions f USING (id) ORDER BY 1;
DROP TABLE of_run, of_version;

-- formats of the session: the same process remembers what it has found
CREATE FUNCTION day(model text, formats text, day date) RETURNS double precision LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('datestyle', formats, true);
    RETURN cerebro.predict_number(model, r) FROM (SELECT day AS k, 1::real AS x) r;
END $$;
SELECT day(m, 'SQL, MDY', '2024-01-02') = day(m, 'ISO, MDY', '2024-01-02') AS january, day(m, 'SQL, DMY', '2024-02-01') = day(m, 'ISO, MDY', '2024-02-01') AS february,
       day(m, 'SQL, DMY', '2024-02-01') <> day(m, 'SQL, MDY', '2024-01-02') AS differ FROM unnest(ARRAY['days_models', 'days']) m;
SET extra_float_digits = 0;
SELECT count(DISTINCT cerebro.predict_number(m, r)) AS groups FROM unnest(ARRAY['reals_models', 'reals']) m, (SELECT DISTINCT k, 1::real AS x FROM reals_rows) r GROUP BY m;
SELECT cerebro.evaluate('reals', 'reals_packed', 'reals_scores');
RESET extra_float_digits;
SELECT cerebro.evaluate('reals', 'reals_packed', 'reals_exact');
SELECT count(*) AS groups, bool_and(s.loss = e.loss) AS same FROM reals_scores s JOIN reals_exact e USING (group_id);

-- a CHECK of a domain is code of its owner: whoever predicts does not run it, nor is bound by it
CREATE ROLE cerebro_reader;
GRANT USAGE ON SCHEMA predict_keys TO cerebro_reader;
SELECT cerebro.share('checked', 'cerebro_reader');
SET ROLE cerebro_reader;
SELECT k, cerebro.predict_number('checked', r) IS NOT NULL AS known FROM (SELECT unnest(ARRAY['a', 'b', 'forbidden', NULL]) AS k, 0.5::real AS x) r;
RESET ROLE;
CREATE TYPE pair AS (k guarded);
CREATE TYPE reach AS RANGE (subtype = guarded);
\set VERBOSITY terse
SELECT make('rows', 'pair', ARRAY['(a)', '(b)']);
SELECT make('ranges', 'reach', ARRAY['[a,b]', '[c,d]']);
SELECT make('lists', 'pair[]', ARRAY['{(a)}', '{(b)}']);
\set VERBOSITY default
SELECT grouping_types FROM cerebro.registry_group_runs WHERE name IN ('checked', 'short', 'fixed', 'bits') ORDER BY name;

-- no rows, no predictions: an empty table, as an ordinary model makes
CREATE TABLE nothing AS SELECT * FROM short_rows WHERE false;
SELECT cerebro.predict('short_models', 'nothing', 'id', '*', 'of_run'), cerebro.predict('short', 'nothing', 'id', '*', 'of_version');
SELECT * FROM of_run UNION ALL SELECT * FROM of_version;

SET client_min_messages = error;
SELECT count(*) AS dropped FROM (SELECT cerebro.drop_model(name) FROM cerebro.models) d;
DROP SCHEMA predict_keys CASCADE;
DROP ROLE cerebro_reader;
