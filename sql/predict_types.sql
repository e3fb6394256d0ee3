-- Values of a row are read as the packer reads them: times with a zone, literals, arrays over a domain. What call sites and processes keep of models
-- is what the names mean: after another version is deployed, for another role, for rows of other types, and within the limit of memory.
SET client_min_messages = warning;
SET timezone = 'UTC';
CREATE SCHEMA predict_types;
SET search_path = predict_types, public;

\set data `echo "$CEREBRO_TEST_DATA"`
\i :data/attempt.sql

CREATE DOMAIN pixel AS real CHECK (VALUE >= 0);
CREATE TABLE shifts AS
SELECT i AS id, (make_time(i % 24, 0, 0)::text || CASE i % 2 WHEN 0 THEN '+02' ELSE '-03:30' END)::timetz AS woke,
       timestamptz '2024-03-01 00:00:00+00' + i * interval '1 hour' AS seen, ARRAY[i % 3, i % 5, i % 7]::pixel[] AS x,
       (i % 7)::float8 / 4 AS y, (ARRAY['rose', 'tulip'])[1 + i % 2] AS kind FROM generate_series(1, 300) i;
-- Dense(1): the number times a factor
CREATE FUNCTION make(name text, independent text, preprocess text, factor float8 DEFAULT 1) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM cerebro.training_preprocessor_dl('shifts', name || '_packed', 'y', independent, num_partitions => 1, dependent_type => 'real', preprocess => preprocess);
    PERFORM cerebro.load_model(name || '_archs', '{"class_name": "Sequential", "keras_version": "2.4.0", "config": {"name": "m", "layers": [
        {"class_name": "Dense", "config": {"name": "out", "units": 1, "activation": "linear", "batch_input_shape": [null, 1]}}]}}'::json,
        (SELECT substr(b, 4, 1) || substr(b, 3, 1) || substr(b, 2, 1) || substr(b, 1, 1) FROM float4send(factor::real) b) || '\x00000000'::bytea);
    PERFORM cerebro.load_model_selection_table(name || '_archs', name || '_configs', ARRAY[1], ARRAY['optimizer=''SGD(lr=1e-37)'',loss=''mse'''], ARRAY['batch_size=32,epochs=1']);
    PERFORM cerebro.fit_multiple_model(name || '_packed', name, name || '_configs', 1, workers => 0);
END $$;
SELECT make('woke', 'woke', '{"woke": {"scale": "none", "impute": "constant", "value": -1}}'), make('seen', 'seen', '{"seen": {"encode": "none", "scale": "none"}}'),
       make('thrice', 'woke', '{"woke": {"scale": "none", "impute": "constant", "value": -1}}', 3);

-- times of the day with a zone are seconds since midnight in UTC, whoever reads them
SELECT cerebro.predict('woke', 'shifts', 'id', '*', 'woke_estimates');
SELECT count(*) AS rows, bool_and(cerebro.predict_number('woke', s) = e.estimated_y) AS by_row, bool_and((cerebro.features('woke', 'out', s))[1] = e.estimated_y) AS features,
       bool_and(abs(e.estimated_y - date_part('epoch', s.woke)) < 1e-6) AS seconds FROM shifts s JOIN woke_estimates e USING (id);
SELECT cerebro.predict_number('woke', timetz '14:00+02') AS noon, cerebro.predict_number('woke', time '12:00') AS without_zone, cerebro.predict_number('woke', NULL::timetz) AS missing;
SELECT count(*) AS rows, bool_and(p.prediction = e.estimated_y) AS same FROM cerebro.predict_table('woke', 'shifts') AS p(id integer, prediction real) JOIN woke_estimates e USING (id);
-- a literal of a column that had a zone: with one, and without one in the session's
SELECT cerebro.predict_number('seen', '2024-03-02 02:00:00+02') = cerebro.predict_number('seen', timestamptz '2024-03-02 00:00:00+00') AS zoned;
SET timezone = 'Asia/Tokyo';
SELECT cerebro.predict_number('seen', '2024-03-02 09:00:00') = cerebro.predict_number('seen', timestamptz '2024-03-02 00:00:00+00') AS of_the_session;
SET timezone = 'UTC';
-- a double precision of predict_table is the number, not its shortest text
SELECT make('tenth', 'woke', '{"woke": {"scale": "none"}}', 0.123);
SET extra_float_digits = 0;
SELECT count(*) AS rows, bool_and(p.prediction = cerebro.predict_number('tenth', s)) AS same FROM cerebro.predict_table('tenth', 'shifts') AS p(id integer, prediction float8) JOIN shifts s USING (id);
RESET extra_float_digits;

-- arrays over a domain, as they are packed
SELECT cerebro.training_preprocessor_dl('shifts', 'pictures_packed', 'kind', 'x', num_partitions => 1);
SELECT cerebro.load_model('pictures_archs', '{"class_name": "Sequential", "config": [
 {"class_name": "Dense", "config": {"name": "hidden", "units": 16000, "activation": "relu", "batch_input_shape": [null, 3]}},
 {"class_name": "Dense", "config": {"name": "out", "units": 2, "activation": "softmax"}}]}');
SELECT cerebro.load_model_selection_table('pictures_archs', 'pictures_configs', ARRAY[1], ARRAY[$$optimizer='SGD(lr=0.001)',loss='categorical_crossentropy'$$], ARRAY['batch_size=64']);
SELECT cerebro.fit_multiple_model('pictures_packed', 'pictures', 'pictures_configs', 1, workers => 0, seed => 1);
SELECT cerebro.predict('pictures', 'shifts', 'id', 'x', 'picture_classes', 'response');
SELECT count(*) AS rows, bool_and(cerebro.predict('pictures', s) = c.class_value) AS by_row, bool_and(cerebro.predict('pictures', ROW(s.x)) = c.class_value) AS by_position
FROM shifts s JOIN picture_classes c USING (id);
-- rows of several types, one after the other
SELECT count(*) AS rows, bool_and(cerebro.features('pictures', 'out', ROW(x)) = cerebro.features('pictures', 'out', ROW(x::float8[]))) AS same,
       bool_and(cerebro.features('pictures', 'out', ROW(x::integer[])) = cerebro.features('pictures', 'out', ROW(x::numeric[]))) AS others FROM shifts;

-- a call site of PL/pgSQL lives as long as the transaction: it takes the version that is deployed, and asks for the rights of the role
SELECT cerebro.register('watch', 'woke'), cerebro.register('watch', 'thrice');
CREATE ROLE cerebro_guest;
GRANT USAGE ON SCHEMA predict_types TO cerebro_guest;
CREATE FUNCTION said(statements text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    statement text; said text := '';
BEGIN
    FOREACH statement IN ARRAY statements LOOP
        EXECUTE statement;
        BEGIN
            said := said || cerebro.features('watch', 'out', ROW(time '00:01'))::text || ' ';
        EXCEPTION WHEN insufficient_privilege THEN
            said := said || 'denied ';
        END;
    END LOOP;
    RETURN said;
END $$;
SELECT said(ARRAY['SELECT 1', 'SELECT cerebro.deploy(''watch'', 2)', 'SELECT cerebro.rollback(''watch'')', 'SET LOCAL ROLE cerebro_guest', 'RESET ROLE']);
-- and the run that has the name now
CREATE FUNCTION said_of_table() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    said text := '';
BEGIN
    FOR i IN 1..2 LOOP
        said := said || cerebro.features('watched', 'out', ROW(time '00:01'))::text || ' ';
        IF i = 1 THEN PERFORM cerebro.drop_run('watched'), cerebro.rename_run('thrice', 'watched'); END IF;
    END LOOP;
    RETURN said;
END $$;
SELECT cerebro.rename_run('woke', 'watched');
SELECT said_of_table();

-- what a process keeps: a model that is larger than all that may be kept is read at each statement, and the others stay
SELECT cerebro.register('small', 'seen'), cerebro.register('large', 'pictures');
SET cerebro.model_cache_mem = '200kB';
SET client_min_messages = debug1;
SELECT cerebro.predict_number('small', timestamptz '2024-03-02') > 0 AS said;
SELECT cerebro.predict('large', ROW(ARRAY[1, 2, 3])) IS NOT NULL AS said;
SELECT cerebro.predict_number('small', timestamptz '2024-03-02') > 0 AS said;
SELECT cerebro.predict('large', ROW(ARRAY[1, 2, 3])) IS NOT NULL AS said;
SET client_min_messages = warning;
RESET cerebro.model_cache_mem;

-- views over a run's tables, of which nothing tells when their rows become others
CREATE VIEW seen_view AS SELECT * FROM seen;
CREATE VIEW seen_view_info AS SELECT * FROM seen_info;
CREATE VIEW seen_view_summary AS SELECT * FROM seen_summary;
SELECT bool_and(cerebro.predict_number('seen_view', s) = cerebro.predict_number('seen', s)) AS same,
       bool_and(cerebro.features('seen_view', 'out', s) = cerebro.features('seen', 'out', s)) AS features FROM shifts s;
-- the longest name that a registered model may have
SELECT cerebro.register(repeat('m', 63), 'seen');
SELECT cerebro.predict_number(repeat('m', 63), timestamptz '2024-03-02') > 0 AS said;
SELECT * FROM attempt($$SELECT cerebro.register('other', '$$ || repeat('m', 63) || $$')$$);

-- bytes whose classes are no texts of this database
\x on
SELECT a.* FROM attempt($$SELECT cerebro.predict(decode(replace(encode(cerebro.model_bytes('large'), 'hex'), encode('tulip', 'hex'), '74ff6c6970'), 'hex'), ROW(ARRAY[1, 2, 3]))$$) a;
-- temporary tables of a run, which parallel workers cannot read
SELECT cerebro.fit_multiple_model('seen_packed', 'pg_temp.short', 'seen_configs', 1, workers => 0);
SELECT count(cerebro.predict_number('pg_temp.short', s)) FROM shifts s;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
SET parallel_leader_participation = off;
SELECT a.* FROM attempt($$SELECT count(cerebro.predict_number('pg_temp.short', s)) FROM predict_types.shifts s$$) a;
RESET parallel_leader_participation;
RESET max_parallel_workers_per_gather;
RESET min_parallel_table_scan_size;
RESET parallel_tuple_cost;
RESET parallel_setup_cost;
\x off

-- a database that has not been updated from 0.1.0 yet: its registered models are changed and dropped
BEGIN;
ALTER TABLE cerebro.registry_group_runs RENAME TO later_runs;
ALTER TABLE cerebro.registry_group_configs RENAME TO later_configs;
ALTER TABLE cerebro.registry_group_models RENAME TO later_models;
SELECT cerebro.drop_model('watch', 2), cerebro.rename_model('watch', 'watch_of_may');
SELECT cerebro.predict_number('watch_of_may', timetz '00:01+00') AS said;
SELECT cerebro.drop_model('watch_of_may');
SELECT name FROM cerebro.models ORDER BY 1;
ROLLBACK;
SELECT cerebro.predict_number('watch', timetz '00:01+00') AS said;

SET client_min_messages = error;
SELECT count(*) AS dropped FROM (SELECT cerebro.drop_model(name) FROM cerebro.models) d;
DROP SCHEMA predict_types CASCADE;
DROP ROLE cerebro_guest;
