-- predict against the same values computed in SQL, by models of known weights that a step of 1e-30 does not move.
\pset null '(null)'
SET client_min_messages = error;
CREATE SCHEMA predict;
SET search_path = predict, public;

CREATE FUNCTION float32(v double precision[]) RETURNS bytea LANGUAGE sql AS $$
    SELECT string_agg(substr(b, 4, 1) || substr(b, 3, 1) || substr(b, 2, 1) || substr(b, 1, 1), ''::bytea ORDER BY n)
    FROM (SELECT float4send(x::real) AS b, n FROM unnest(v) WITH ORDINALITY u(x, n)) s $$;
CREATE FUNCTION trained(source text, model text, dependent text, independent text, arch json, w double precision[], loss text, dependent_type text DEFAULT NULL)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM cerebro.training_preprocessor_dl(source, model || '_packed', dependent, independent, num_partitions => 2, dependent_type => trained.dependent_type);
    PERFORM cerebro.load_model(model || '_archs', arch, float32(w));
    PERFORM cerebro.load_model_selection_table(model || '_archs', model || '_configs', ARRAY[1], ARRAY['optimizer=''SGD(lr=1e-30)'',loss=' || loss],
        ARRAY['batch_size=32,epochs=1']);
    PERFORM cerebro.fit_multiple_model(model || '_packed', model, model || '_configs', 1, workers => 0);
END $$;
CREATE FUNCTION dense(units integer, activation text) RETURNS json LANGUAGE sql AS $$
    SELECT format('{"class_name": "Sequential", "keras_version": "2.4.0", "config": {"name": "m", "layers": [
        {"class_name": "Dense", "config": {"name": "out", "units": %s, "activation": "%s", "batch_input_shape": [null, 2]}}]}}', units, activation)::json $$;

-- more rows than one batch
CREATE TABLE points AS
SELECT i AS id, md5(i::text)::uuid AS "Key", (ARRAY['a', 'b"c', 'it''s'])[1 + i % 3] AS label, ARRAY[(i % 17) / 8.0 - 1, (i * 7 % 13) / 6.0 - 1]::real[] AS x,
       i % 5 / 2.0 AS y, ARRAY[i % 5, i % 7 / 2.0]::real[] AS ys, ARRAY[i % 2] AS flag
FROM generate_series(1, 2500) i;

SELECT trained('points', 'classes', 'label', 'x', dense(3, 'softmax'), '{1.53125,-0.46875,0.21875,-1.03125,0.78125,0.53125,0.15625,-0.28125,0.09375}', '''categorical_crossentropy''');
CREATE TABLE truth AS
SELECT id, "Key", class, p, rank() OVER (PARTITION BY id ORDER BY p DESC) AS rank FROM (
    SELECT id, "Key", class, z.e / sum(z.e) OVER (PARTITION BY id) AS p
    FROM points CROSS JOIN (VALUES ('a', 1), ('b"c', 2), ('it''s', 3)) c(class, k) CROSS JOIN (SELECT '{1.53125,-0.46875,0.21875,-1.03125,0.78125,0.53125,0.15625,-0.28125,0.09375}'::float8[] AS w) w
    CROSS JOIN LATERAL (SELECT exp(x[1]::float8 * w[k] + x[2]::float8 * w[3 + k] + w[6 + k]) AS e) z) t;

-- every class
SELECT cerebro.predict('classes', 'points', 'id', 'x', 'p_prob');
SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'p_prob'::regclass AND attnum > 0 ORDER BY attnum;
SELECT count(*), count(DISTINCT id) AS ids, bool_and(class_name = 'label') AS named FROM p_prob;
SELECT count(*) AS different FROM p_prob p FULL JOIN truth t ON t.id = p.id AND t.class = p.class_value WHERE (abs(p.prob - t.p) < 1e-6) IS NOT TRUE;
SELECT count(*) AS other_ranks FROM p_prob p JOIN truth t ON t.id = p.id AND t.class = p.class_value WHERE p.rank <> t.rank;
-- the most probable one, by another type of id under a quoted name, into another schema
CREATE SCHEMA "Odd; Schema";
SELECT cerebro.predict('predict.classes', '"predict".points', '"Key"', 'x', '"Odd; Schema"."Best ""1"""', 'response', mst_key => 1);
SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = '"Odd; Schema"."Best ""1"""'::regclass AND attnum > 0 ORDER BY attnum;
SELECT count(*) AS rows, count(*) FILTER (WHERE t.rank = 1 AND abs(b.prob - t.p) < 1e-6) AS right_rows
FROM "Odd; Schema"."Best ""1""" b JOIN truth t ON t."Key" = b."Key" AND t.class = b.class_value;
-- the two most probable; those above a probability; NULL is 'prob'
SELECT cerebro.predict('classes', 'points', 'id', 'x', 'p_two', 2);
SELECT count(*) = 5000 AS rows, max(rank) FROM p_two;
SELECT cerebro.predict('classes', 'points', 'id', 'x', 'p_above', 0.4);
SELECT count(*) = (SELECT count(*) FROM truth WHERE p > 0.4) AS rows, min(prob) > 0.4 AS above FROM p_above;
SELECT cerebro.predict('classes', 'points', 'id', 'x', 'p_null', pred_type => NULL::text);
SELECT count(*) FROM p_null;
-- a view, other types of number, another column name; nothing in, nothing out
CREATE VIEW renamed AS SELECT id, x::double precision[] AS "My X" FROM points WHERE id <= 10;
SELECT cerebro.predict(output_table => 'p_view', independent_varname => '"My X"', id_col => 'ID', test_table => 'renamed', model_table => 'classes');
SELECT count(*), bool_and(p.prob = q.prob) AS same FROM p_view p JOIN p_prob q USING (id, class_value);
CREATE TABLE no_points AS SELECT * FROM points WHERE false;
SELECT cerebro.predict('classes', 'no_points', 'id', 'x', 'p_none');
SELECT count(*) FROM p_none;

-- a binary unit: the probability of the second class, and its complement
SELECT trained('points', 'flags', 'flag', 'x', dense(1, 'sigmoid'), '{1.5,-0.5,0.25}', '''binary_crossentropy''');
SELECT cerebro.predict('flags', 'points', 'id', 'x', 'p_flags');
SELECT class_name, class_value, count(*), bool_and(abs(prob - CASE class_value WHEN '1' THEN p ELSE 1 - p END) < 1e-6) AS right_prob
FROM p_flags JOIN (SELECT id, 1 / (1 + exp(-(1.5 * x[1] - 0.5 * x[2] + 0.25))) AS p FROM points) t USING (id) GROUP BY 1, 2 ORDER BY 2;

-- regressions: a column of estimates a dependent column
SELECT trained('points', 'slopes', 'y', 'x', dense(1, 'linear'), '{2,-1,0.5}', '''mse''', 'real');
SELECT cerebro.predict('slopes', 'points', 'id', 'x', 'p_slopes');
SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'p_slopes'::regclass AND attnum > 0 ORDER BY attnum;
SELECT count(*), bool_and(abs(estimated_y - (2 * x[1] - x[2] + 0.5)) < 1e-5) AS right_values FROM p_slopes JOIN points USING (id);
SELECT trained('points', 'vectors', 'ys', 'x', dense(2, 'linear'), '{2,-1,0.5,1,0.25,0.75}', '''mse''');
SELECT cerebro.predict('vectors', 'points', 'id', 'x', 'p_vectors', 'response');
SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'p_vectors'::regclass AND attnum > 0 ORDER BY attnum;
SELECT count(*), bool_and(abs(estimated_ys[1] - (2 * x[1] + 0.5 * x[2] + 0.25)) < 1e-5 AND abs(estimated_ys[2] - (-x[1] + x[2] + 0.75)) < 1e-5
    AND array_length(estimated_ys, 1) = 2) AS right_values FROM p_vectors JOIN points USING (id);

-- two inputs, two outputs: classes and an estimate in one table
CREATE TABLE pairs AS SELECT id, label, y, x[1:1] AS u, x[2:2] AS v FROM points WHERE id <= 1500;
SELECT trained('pairs', 'two', 'label, y', 'u, v', '{"class_name": "Functional", "keras_version": "2.4.0", "config": {"name": "two", "layers": [
  {"class_name": "InputLayer", "name": "u", "inbound_nodes": [], "config": {"name": "u", "batch_input_shape": [null, 1], "dtype": "float32"}},
  {"class_name": "InputLayer", "name": "v", "inbound_nodes": [], "config": {"name": "v", "batch_input_shape": [null, 1], "dtype": "float32"}},
  {"class_name": "Concatenate", "name": "both", "inbound_nodes": [[["u", 0, 0, {}], ["v", 0, 0, {}]]], "config": {"name": "both", "axis": -1}},
  {"class_name": "Dense", "name": "class", "inbound_nodes": [[["both", 0, 0, {}]]], "config": {"name": "class", "units": 3, "activation": "softmax"}},
  {"class_name": "Dense", "name": "value", "inbound_nodes": [[["both", 0, 0, {}]]], "config": {"name": "value", "units": 1, "activation": "linear"}}],
  "input_layers": [["u", 0, 0], ["v", 0, 0]], "output_layers": [["class", 0, 0], ["value", 0, 0]]}}',
  '{1.53125,-0.46875,0.21875,-1.03125,0.78125,0.53125,0.15625,-0.28125,0.09375,2,-1,0.5}', '[''categorical_crossentropy'',''mse'']', 'one_hot, real');
SELECT cerebro.predict('two', 'pairs', 'id', 'u, v', 'p_two_outputs');
SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'p_two_outputs'::regclass AND attnum > 0 ORDER BY attnum;
SELECT class_name, count(*), count(prob) AS probs, count(rank) AS ranks, count(class_value) AS classes, count(estimate) AS estimates FROM p_two_outputs GROUP BY 1 ORDER BY 1;
SELECT bool_and(abs(p.prob - t.p) < 1e-6 AND p.rank = t.rank) AS right_classes FROM p_two_outputs p JOIN truth t ON t.id = p.id AND t.class = p.class_value;
SELECT bool_and(abs(estimate - (2 * u[1] - v[1] + 0.5)) < 1e-5) AS right_values FROM p_two_outputs JOIN pairs USING (id) WHERE class_name = 'y';

-- constants of packing are the model's: normalised integers, and arrays that training gave another shape
CREATE TABLE bytes AS SELECT id, label, ARRAY[(x[1] * 8 + 8)::smallint, (x[2] * 6 + 6)::smallint] AS x FROM points;
SELECT cerebro.training_preprocessor_dl('bytes', 'scaled_packed', 'label', 'x', normalizing_const => 8, num_partitions => 2);
SELECT cerebro.load_model('scaled_archs', dense(3, 'softmax'), float32('{1.53125,-0.46875,0.21875,-1.03125,0.78125,0.53125,0.15625,-0.28125,0.09375}'));
SELECT cerebro.load_model_selection_table('scaled_archs', 'scaled_configs', ARRAY[1], ARRAY[$$optimizer='SGD(lr=1e-30)',loss='categorical_crossentropy'$$], ARRAY['batch_size=32']);
SELECT cerebro.fit_multiple_model('scaled_packed', 'scaled', 'scaled_configs', 1, workers => 0);
SELECT cerebro.predict('scaled', 'bytes', 'id', 'x', 'p_scaled');
SELECT count(*), bool_and(abs(prob - e / total) < 1e-6) AS right_prob FROM p_scaled JOIN (
    SELECT id, class, e, sum(e) OVER (PARTITION BY id) AS total FROM (
        SELECT id, class, exp(x[1] / 8.0 * w[k] + x[2] / 8.0 * w[3 + k] + w[6 + k]) AS e FROM bytes
        CROSS JOIN (VALUES ('a', 1), ('b"c', 2), ('it''s', 3)) c(class, k) CROSS JOIN (SELECT '{1.53125,-0.46875,0.21875,-1.03125,0.78125,0.53125,0.15625,-0.28125,0.09375}'::float8[] AS w) w) z) t
  ON t.id = p_scaled.id AND t.class = class_value;
CREATE TABLE quads AS SELECT id, y, x || ARRAY[y, y * x[1]]::real[] AS x FROM points WHERE id <= 300;
SELECT cerebro.training_preprocessor_dl('quads', 'quads_packed', 'y', 'x', num_partitions => 2, dependent_type => 'real', shapes => '{"x": [2, 2]}');
SELECT cerebro.load_model('quads_archs', '{"class_name": "Sequential", "keras_version": "2.4.0", "config": {"name": "m", "layers": [
    {"class_name": "Flatten", "config": {"name": "flat", "batch_input_shape": [null, 2, 2]}},
    {"class_name": "Dense", "config": {"name": "out", "units": 1, "activation": "linear"}}]}}', float32('{2,-1,0.5,0.25,0.75}'));
SELECT cerebro.load_model_selection_table('quads_archs', 'quads_configs', ARRAY[1], ARRAY[$$optimizer='SGD(lr=1e-30)',loss='mse'$$], ARRAY['batch_size=32']);
SELECT cerebro.fit_multiple_model('quads_packed', 'quads_models', 'quads_configs', 1, workers => 0);
SELECT cerebro.predict('quads_models', 'quads', 'id', 'x', 'p_quads');
SELECT count(*), bool_and(abs(estimated_y - (2 * x[1] - x[2] + 0.5 * x[3] + 0.25 * x[4] + 0.75)) < 1e-5) AS right_values FROM p_quads JOIN quads USING (id);

DROP SCHEMA "Odd; Schema" CASCADE;
DROP SCHEMA predict CASCADE;
