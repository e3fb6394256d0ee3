-- No digit is lost on the way in: what float32 does not hold is standardised in double precision, or a NOTICE says that it is not told apart. Labels
-- are the same values again under any settings, and truth values are numbers.
\pset null '(null)'
SET client_min_messages = warning;
CREATE SCHEMA exact_values;
SET search_path = exact_values, public;

CREATE FUNCTION float32(v double precision[]) RETURNS bytea LANGUAGE sql AS $$
    SELECT string_agg(substr(b, 4, 1) || substr(b, 3, 1) || substr(b, 2, 1) || substr(b, 1, 1), ''::bytea ORDER BY n)
    FROM (SELECT float4send(x::real) AS b, n FROM unnest(v) WITH ORDINALITY u(x, n)) s $$;
-- a model that says what it is given: the first of its inputs, which a step of 1e-30 does not move
CREATE FUNCTION say(source text, model text, independent text, inputs integer, standardize boolean) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM cerebro.training_preprocessor_dl(source, model || '_packed', 'y', independent, dependent_type => 'real', standardize => say.standardize);
    PERFORM cerebro.validation_preprocessor_dl(source, model || '_val', 'y', independent, model || '_packed');
    PERFORM cerebro.load_model(model || '_archs', format('{"class_name": "Sequential", "keras_version": "2.4.0", "config": {"name": "m", "layers": [
        {"class_name": "Dense", "config": {"name": "out", "units": 1, "activation": "linear", "batch_input_shape": [null, %s]}}]}}', inputs)::json,
        float32(array_fill(1::float8, ARRAY[1]) || array_fill(0::float8, ARRAY[inputs])));
    PERFORM cerebro.load_model_selection_table(model || '_archs', model || '_configs', ARRAY[1], ARRAY['optimizer=''SGD(lr=1e-30)'',loss=''mse'''],
        ARRAY['batch_size=32,epochs=1']);
    PERFORM cerebro.fit_multiple_model(model || '_packed', model, model || '_configs', 1, workers => 0);
    PERFORM cerebro.predict(model, source, 'id', independent, model || '_said');
    PERFORM cerebro.evaluate(model, model || '_val', model || '_scores');
END $$;
-- what it says against the same in double precision: distinct values, the largest difference, and the loss over the validation table
CREATE FUNCTION said(model text, source text, value text) RETURNS TABLE(rows bigint, distinct_values bigint, right_values boolean, right_loss boolean)
LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format('SELECT count(*), count(DISTINCT p.estimated_y), max(abs(p.estimated_y - t.z)) < 1e-6,
        max(abs(s.loss - l.loss)) < 1e-6 FROM %1$I_said p
        JOIN (SELECT id, ((%3$s - (avg(%3$s) OVER ())) / (stddev_pop(%3$s) OVER ()))::float8 AS z FROM %2$s) t USING (id)
        CROSS JOIN %1$I_scores s
        CROSS JOIN (SELECT avg((z - y) ^ 2)::float8 AS loss FROM (SELECT y, (%3$s - (avg(%3$s) OVER ())) / (stddev_pop(%3$s) OVER ()) AS z FROM %2$s) z) l',
        model, source, value);
END $$;

-- seconds and microseconds since 1970, as every type of number that holds them
CREATE TABLE times AS
SELECT i AS id, 1700000000 + i AS seconds, 1700000000000000 + i AS micros, (1700000000 + i) + 0.125 AS exact, (1700000000 + i)::double precision AS real,
       ARRAY[1700000000 + i + 0.5, i]::double precision[] AS pair, ARRAY[1700000000000000 + i, i] AS longs, ARRAY[1700000000 + i, i] AS ints, i / 250.0 - 1 AS y
FROM generate_series(0, 499) i;
SELECT say('times', 'seconds', 'seconds', 1, true), say('times', 'micros', 'micros', 1, true), say('times', 'exact', 'exact', 1, true),
       say('times', 'doubles', 'real', 1, true), say('times', 'pair', 'pair', 2, true), say('times', 'longs', 'longs', 2, true), say('times', 'ints', 'ints', 2, true),
       say('times', 'together', 'exact, seconds, real, micros', 4, true);
SELECT * FROM said('seconds', 'times', 'seconds::numeric');
SELECT * FROM said('micros', 'times', 'micros::numeric');
SELECT * FROM said('exact', 'times', 'exact');
SELECT * FROM said('doubles', 'times', 'real::numeric');
SELECT * FROM said('pair', 'times', 'pair[1]::numeric');
SELECT * FROM said('longs', 'times', 'longs[1]::numeric');
SELECT * FROM said('ints', 'times', 'ints[1]::numeric');
SELECT * FROM said('together', 'times', 'exact');
SELECT c ->> 'name' AS name, c ->> 'dtype' AS dtype, c ->> 'shape' AS shape, c ->> 'exact_standardisation' AS exact, s.format_version
FROM together_packed_summary s, json_array_elements(s.data_spec -> 'inputs') c;
-- what float32 holds stays in it, and a table without either is what version 0.1 reads
CREATE TABLE small AS SELECT i AS id, (i / 8.0)::real AS x, (i % 200)::smallint AS s, ARRAY[i % 256, 1]::smallint[] AS bytes, i % 2 AS y FROM generate_series(1, 100) i;
SELECT cerebro.training_preprocessor_dl('small', 'small_packed', 'y', 'x, bytes, s', standardize => true);
SELECT c ->> 'name' AS name, c ->> 'dtype' AS dtype FROM small_packed_summary s, json_array_elements(s.data_spec -> 'inputs') c;
SELECT cerebro.training_preprocessor_dl('small', 'plain_packed', 'y', 'x, bytes, s');
SELECT format_version, data_spec ->> 'version' AS spec_version FROM plain_packed_summary;

-- without standardisation: a NOTICE
SET client_min_messages = notice;
SELECT cerebro.training_preprocessor_dl('times', 'n1', 'y', 'seconds', dependent_type => 'real');
SELECT cerebro.training_preprocessor_dl('times', 'n2', 'y', 'exact', dependent_type => 'real');
SELECT cerebro.training_preprocessor_dl('times', 'n3', 'y', 'id, real, pair, seconds', dependent_type => 'real');
SELECT cerebro.training_preprocessor_dl('times', 'n4', 'seconds', 'id', dependent_type => 'real');
SELECT cerebro.training_preprocessor_dl('times', 'n5', 'y', 'seconds', dependent_type => 'real', standardize => true, dtypes => '{"seconds": "float32"}');
CREATE TABLE edges AS SELECT i AS id, 16777216 + i % 2 AS x, i % 2 AS y FROM generate_series(1, 10) i;
SELECT cerebro.training_preprocessor_dl('edges', 'n6', 'y', 'x');
-- none where nothing is lost that matters: many values of float32, integers that it holds, one value, standardised, labels
CREATE TABLE fine AS SELECT i AS id, random() AS x, sqrt(i) AS root, 16777216 - i AS ints, 1700000001 AS same, 100000.0 + (i % 60) / 10.0 AS pressure, i / 3.0 AS thirds,
    i % 2 AS label FROM generate_series(1, 20000) i;
SELECT cerebro.training_preprocessor_dl('fine', 'f1', 'label', 'x, root, ints, same, pressure, thirds', dependent_type => 'index');
SELECT cerebro.training_preprocessor_dl('times', 'f2', 'y', 'seconds, micros, exact', dependent_type => 'real', standardize => true);
SET client_min_messages = warning;

-- labels: packed under some settings, looked up and read back under others
CREATE TABLE kinds AS
SELECT i AS id, ARRAY[i, 1] AS x, timestamptz '2024-03-31 00:30:00+00' + (i % 3) * interval '1 hour' AS moment,
       timetz '10:00+02' + (i % 2) * interval '1 hour' AS zoned_time, timestamp '2024-02-01 10:00' + (i % 2) * interval '1 day' AS local_time,
       date '2024-02-01' + i % 2 AS day, (i % 2 * 40 - 1) * interval '1 mon 2 days 03:04:05.678' AS span, (i % 3)::float8 / 7 AS ratio, ((i % 3) / 7.0)::real AS single,
       (i % 3 - 1) * 1234.5::numeric::money AS price, decode('0' || i % 2 || '5c', 'hex') AS bytes,
       tstzrange('2024-03-31 00:30:00+00', timestamptz '2024-03-31 12:00:00+00' + (i % 2) * interval '1 hour') AS period,
       ('exact_values.' || (ARRAY['times', 'small'])[1 + i % 2])::regclass AS relation
FROM generate_series(1, 60) i;
CREATE FUNCTION label(col text) RETURNS TABLE(column_type text, classes text[], typed boolean, same_digest boolean) LANGUAGE plpgsql AS $$
BEGIN
    SET LOCAL TimeZone = 'America/New_York'; SET LOCAL DateStyle = 'SQL, DMY'; SET LOCAL IntervalStyle = sql_standard; SET LOCAL bytea_output = escape;
    SET LOCAL extra_float_digits = -5;
    PERFORM cerebro.training_preprocessor_dl('kinds', col || '_packed', col, 'x', dependent_type => 'index');
    SET LOCAL TimeZone = 'Asia/Kolkata'; SET LOCAL DateStyle = 'German'; SET LOCAL IntervalStyle = iso_8601; SET LOCAL bytea_output = hex;
    SET LOCAL extra_float_digits = 3; SET LOCAL search_path = exact_values, pg_temp;
    PERFORM cerebro.validation_preprocessor_dl('kinds', col || '_val', col, 'x', col || '_packed');
    -- the class values as they are typed in the summary, and their texts cast back, are the column's values
    RETURN QUERY EXECUTE format('SELECT format_type(a.atttypid, -1), array(SELECT json_array_elements_text(t.data_spec -> ''targets'' -> 0 -> ''class_values'')),
        (SELECT bool_and(c::%3$s IN (SELECT %1$I FROM kinds)) AND count(DISTINCT c) = (SELECT count(DISTINCT k.%1$I::text) FROM kinds k)
            FROM unnest(t.%2$I) c)
        AND (SELECT bool_and(c::%4$s::%3$s IN (SELECT %1$I FROM kinds)) FROM json_array_elements_text(t.data_spec -> ''targets'' -> 0 -> ''class_values'') c),
        t.digest = v.digest FROM %5$I t, %6$I v, pg_attribute a WHERE a.attrelid = %5$L::regclass AND a.attname = %2$L',
        col, col || '_class_values', (SELECT format_type(atttypid, -1) FROM pg_attribute WHERE attrelid = 'kinds'::regclass AND attname = col),
        CASE col WHEN 'price' THEN 'numeric' WHEN 'relation' THEN 'oid' ELSE 'text' END, col || '_packed_summary', col || '_val_summary');
END $$;
SELECT * FROM label('moment');
SELECT * FROM label('zoned_time');
SELECT * FROM label('local_time');
SELECT * FROM label('day');
SELECT * FROM label('span');
SELECT * FROM label('ratio');
SELECT * FROM label('single');
SELECT * FROM label('price');
SELECT * FROM label('bytes');
SELECT * FROM label('period');
SELECT column_type, typed, same_digest FROM label('relation');
-- predicted class values, read under another time zone
SELECT cerebro.load_model('archs', '{"class_name": "Sequential", "keras_version": "2.4.0", "config": {"name": "m", "layers": [
    {"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax", "batch_input_shape": [null, 2]}}]}}');
SELECT cerebro.load_model_selection_table('archs', 'configs', ARRAY[1], ARRAY['optimizer=''SGD(lr=1e-3)'',loss=''sparse_categorical_crossentropy'''],
    ARRAY['batch_size=32,epochs=1']);
SELECT cerebro.fit_multiple_model('moment_packed', 'models', 'configs', 1, workers => 0);
SELECT cerebro.predict('models', 'kinds', 'id', 'x', 'predictions');
SET TimeZone = 'Asia/Kolkata';
SELECT count(*) AS rows, bool_and(p.class_value::timestamptz IN (SELECT moment FROM kinds)) AS same_moments FROM predictions p;
-- as version 0.1 wrote them: UTC without its offset. Validation data are still packed for such tables
UPDATE moment_packed_summary SET data_spec = replace(data_spec::text, '+00"', '"')::json;
SELECT cerebro.validation_preprocessor_dl('kinds', 'older_val', 'moment', 'x', 'moment_packed');
SELECT v.digest = t.digest AS same_digest, v.data_spec -> 'targets' -> 0 ->> 'class_values' AS classes FROM older_val_summary v, moment_packed_summary t;
RESET TimeZone;

-- a view means what it means elsewhere in the session
SET DateStyle = 'SQL, DMY';
CREATE VIEW written AS SELECT id, x, ('0' || 1 + id % 2 || '/02/2024')::date AS day FROM kinds;
SELECT cerebro.training_preprocessor_dl('written', 'written_packed', 'day', 'x');
RESET DateStyle;
SELECT day_class_values = (SELECT array_agg(d ORDER BY d) FROM (SELECT DISTINCT day AS d FROM kinds) k) AS february FROM written_packed_summary;

-- truth values are 0 and 1: as numbers to be predicted, as weights, and among standardised columns
CREATE TABLE truths AS SELECT i AS id, i * 1.5 AS x, i % 3 = 0 AS truth, (i % 3 = 0)::int AS number FROM generate_series(1, 50) i;
SELECT cerebro.training_preprocessor_dl('truths', 'truth_packed', 'truth', 'x', dependent_type => 'real', sample_weight => 'truth');
SELECT cerebro.training_preprocessor_dl('truths', 'number_packed', 'number', 'x', dependent_type => 'real', sample_weight => 'number');
SELECT a.digest = b.digest AS same FROM truth_packed_summary a, number_packed_summary b;
SELECT cerebro.training_preprocessor_dl('truths', 'mixed_packed', 'number', 'x, truth', dependent_type => 'index', standardize => true, normalizing_const => 4);
SELECT c -> 'members' -> 1 ->> 'name' AS name, c -> 'scale' AS scale, c -> 'mean' -> 1 AS mean, c -> 'std' -> 1 AS std FROM mixed_packed_summary s, json_array_elements(s.data_spec -> 'inputs') c;

DROP SCHEMA exact_values CASCADE;
