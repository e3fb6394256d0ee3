-- Keys of groups whose equality is not that of their texts: a row finds its group's model in the run's tables and in the registry, row by row and by table.
\pset null '(null)'
SET client_min_messages = warning;
CREATE SCHEMA groups_keys;
SET search_path = groups_keys, public;

CREATE EXTENSION citext SCHEMA groups_keys;
CREATE COLLATION no_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
SELECT cerebro.load_model('archs', '{"class_name": "Sequential", "config": {"name": "s", "layers": [{"class_name": "Dense", "config": {"name": "e", "units": 1, "batch_input_shape": [null, 1]}}]}}');
SELECT cerebro.load_model_selection_table('archs', 'configs', ARRAY[1], ARRAY[$$loss='mse', optimizer='Adam(lr=0.05)'$$], ARRAY['batch_size=16, epochs=1']);

-- packs groups of three keys, trains and registers; then rows say the first two keys in another way than the source does, and one row says none of them
CREATE FUNCTION tried(what text, type text, keys text[], said text[], other text)
    RETURNS TABLE(kinds text[], groups bigint, lookups bigint, by_row boolean, registered_by_row boolean, by_table boolean, registered_by_table boolean, without bigint) LANGUAGE plpgsql AS $$
DECLARE
    name text := 'k_' || what;
BEGIN
    EXECUTE format('CREATE TABLE %I (id integer, k %s, x real, y real)', name || '_rows', type);
    EXECUTE format('INSERT INTO %I SELECT g * 100 + n, ($1[g])::%s, n / 40.0, g * n / 40.0 FROM generate_series(1, 3) g, generate_series(1, 40) n', name || '_rows', type) USING keys;
    EXECUTE format('CREATE TABLE %I (id integer, k %s, x real)', name || '_said', type);
    EXECUTE format('INSERT INTO %I SELECT g * 10 + n, ($1[g])::%s, n / 3.0 FROM generate_series(1, 3) g, generate_series(1, 3) n', name || '_said', type) USING said || keys[3];
    PERFORM cerebro.training_preprocessor_dl(name || '_rows', name || '_packed', 'y', 'x', dependent_type => 'real', grouping_cols => 'k');
    PERFORM cerebro.fit_multiple_model(name || '_packed', name || '_models', 'configs', 3, workers => 0);
    PERFORM cerebro.register(name, name || '_models');
    -- what the groups' own models say, by their numbers
    EXECUTE format('CREATE TABLE %I AS SELECT s.id, cerebro.predict_number(%L, (SELECT r FROM (SELECT r.k, s.x FROM %I r WHERE r.id = s.id / 10 * 100 + 1) r)) AS value FROM %I s',
                   name || '_right', name || '_models', name || '_rows', name || '_said');
    EXECUTE format('INSERT INTO %I VALUES (99, %L, 1)', name || '_said', other);
    PERFORM cerebro.predict(name || '_models', name || '_said', 'id', '*', name || '_a');
    PERFORM cerebro.predict(name, name || '_said', 'id', '*', name || '_b');
    RETURN QUERY EXECUTE format($q$SELECT (SELECT r.grouping_kinds FROM cerebro.registry_group_runs r WHERE r.name = %1$L), (SELECT count(*) FROM cerebro.registry_group_models m WHERE m.name = %1$L),
        (SELECT count(DISTINCT m.lookup) FROM cerebro.registry_group_models m WHERE m.name = %1$L),
        (SELECT bool_and(cerebro.predict_number(%2$L, s) = r.value) AND count(*) = 9 FROM %3$I s JOIN %4$I r USING (id)), (SELECT bool_and(cerebro.predict_number(%1$L, s) = r.value) AND count(*) = 9 FROM %3$I s JOIN %4$I r USING (id)),
        (SELECT bool_and(abs(p.estimated_y - r.value) < 1e-5) AND count(*) = 9 FROM %5$I p JOIN %4$I r USING (id)), (SELECT bool_and(abs(p.estimated_y - r.value) < 1e-5) AND count(*) = 9 FROM %6$I p JOIN %4$I r USING (id)),
        (SELECT count(*) FROM %5$I WHERE id = 99)$q$, name, name || '_models', name || '_said', name || '_right', name || '_a', name || '_b');
    PERFORM cerebro.drop_model(name);
END $$;
SELECT * FROM tried('citext', 'citext', ARRAY['North', 'south', 'East'], ARRAY['NORTH', 'South'], 'west');
SELECT * FROM tried('no_case', 'text COLLATE no_case', ARRAY['North', 'south', 'East'], ARRAY['NORTH', 'South'], 'west');
SELECT * FROM tried('interval', 'interval', ARRAY['1 day', '02:00', '1 month'], ARRAY['24:00:00', '120 minutes'], '3 days');
SELECT * FROM tried('array', 'numeric[]', ARRAY['{1.50,2}', '{3}', '{}'], ARRAY['{1.5,2.00}', '{3.0}'], '{4}');
SELECT * FROM tried('citexts', 'citext[]', ARRAY['{A,b}', '{c}', '{}'], ARRAY['{a,B}', '{C}'], '{d}');
SELECT * FROM tried('real', 'double precision', ARRAY['-0', 'NaN', '1.5'], ARRAY['0', 'nan'], '2');
SELECT * FROM tried('real4', 'real', ARRAY['0', 'NaN', '0.1'], ARRAY['-0', 'nan'], '2');
SELECT * FROM tried('numeric', 'numeric', ARRAY['1.50', '2', '3'], ARRAY['1.5', '2.00'], '4');
SELECT * FROM tried('enum', 'mood', ARRAY['sad', 'ok', NULL], ARRAY['sad', 'ok'], 'happy');
SELECT * FROM tried('time', 'time', ARRAY['12:00', '13:30:00.5', NULL], ARRAY['12:00:00.000', '13:30:00.50'], '00:00');
SELECT * FROM tried('inet', 'inet', ARRAY['10.0.0.1', '10.0.0.0/8', '::1'], ARRAY['10.0.0.1/32', '10.0.0.0/8'], '10.0.0.0/9');
DROP SCHEMA groups_keys CASCADE;
