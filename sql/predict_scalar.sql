-- Predictions of one row in any query: the row by its columns' names, or its values by position; labels, numbers, probabilities, vectors; in joins, views,
-- triggers, generated columns, indexes, parallel queries; and what is said of wrong input.
SET client_min_messages = warning;
CREATE SCHEMA scalar_case;
SET search_path = scalar_case, public;

\set data `echo "$CEREBRO_TEST_DATA"`
\i :data/attempt.sql

CREATE TABLE flowers AS
SELECT i AS id, (ARRAY['rose', 'tulip', 'it''s "odd"'])[i % 3 + 1] AS kind, (i * 37 % 101) * 0.25 - 12.5 + (i % 3) AS price,
    ((i * 7919) % 13 - 6)::real AS a, (i % 5 - i % 3)::integer AS b, ((i * 31) % 17)::double precision / 4 + i % 3 AS c, (ARRAY['red', 'white', 'blue', 'pink'])[i % 4 + 1] AS colour,
    ARRAY[i % 3, (i * 3) % 7, 1]::real[] AS x, i % 3 = 0 AS is_rose
FROM generate_series(1, 600) i;
CREATE FUNCTION trained(source text, output text, label text, inputs text, arch text, loss text, extra text DEFAULT '') RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('SELECT cerebro.training_preprocessor_dl(%L, %L, %L, %L, num_partitions => 2 %s)', source, output || '_packed', label, inputs, extra);
    PERFORM cerebro.load_model(output || '_archs', arch::json);
    PERFORM cerebro.load_model_selection_table(output || '_archs', output || '_configs', ARRAY[1],
        ARRAY[format($p$optimizer='Adam(lr=0.02)',loss=%s$p$, loss)], ARRAY['batch_size=32']);
    PERFORM cerebro.fit_multiple_model(output || '_packed', output, output || '_configs', 3, workers => 0, seed => 1);
END $$;
CREATE FUNCTION mlp(units integer, activation text, width integer) RETURNS text LANGUAGE sql AS $$
SELECT format('{"class_name": "Sequential", "config": [
 {"class_name": "Dense", "config": {"name": "hidden", "units": 16, "activation": "relu", "batch_input_shape": [null, %s]}},
 {"class_name": "Dense", "config": {"name": "out", "units": %s, "activation": "%s"}}]}', width, units, activation) $$;
SELECT trained('flowers', 'kinds', 'kind', 'a, b, c', mlp(3, 'softmax', 3), '''categorical_crossentropy'',metrics=[''accuracy'']');
SELECT trained('flowers', 'prices', 'price', 'a, b, c', mlp(1, 'linear', 3), '''mse''', ', dependent_type => ''real''');
SELECT trained('flowers', 'roses', 'is_rose', 'a, b, c', mlp(1, 'sigmoid', 3), '''binary_crossentropy''', ', dependent_type => ''real''');
SELECT trained('flowers', 'logits', 'kind', 'a, b, c', mlp(3, 'linear', 3), '''CategoricalCrossentropy(from_logits=True)''');
SELECT trained('flowers', 'arrays', 'kind', 'x', mlp(3, 'softmax', 3), '''categorical_crossentropy''');
SELECT trained('flowers', 'colours', 'kind', 'colour, a', '{"class_name": "Functional", "config": {"name": "m", "layers": [
 {"class_name": "InputLayer", "name": "colour", "inbound_nodes": [], "config": {"name": "colour", "batch_input_shape": [null, 1], "dtype": "int32"}},
 {"class_name": "InputLayer", "name": "a", "inbound_nodes": [], "config": {"name": "a", "batch_input_shape": [null, 1], "dtype": "float32"}},
 {"class_name": "Embedding", "name": "e", "inbound_nodes": [[["colour", 0, 0, {}]]], "config": {"name": "e", "input_dim": 5, "output_dim": 4, "input_length": 1}},
 {"class_name": "Flatten", "name": "f", "inbound_nodes": [[["e", 0, 0, {}]]], "config": {"name": "f"}},
 {"class_name": "Concatenate", "name": "both", "inbound_nodes": [[["f", 0, 0, {}], ["a", 0, 0, {}]]], "config": {"name": "both", "axis": -1}},
 {"class_name": "Dense", "name": "out", "inbound_nodes": [[["both", 0, 0, {}]]], "config": {"name": "out", "units": 3, "activation": "softmax"}}],
 "input_layers": [["colour", 0, 0], ["a", 0, 0]], "output_layers": [["out", 0, 0]]}}', '''categorical_crossentropy''');
SELECT trained('flowers', 'two', 'kind, price', 'a, b, c', '{"class_name": "Functional", "config": {"name": "two", "layers": [
 {"class_name": "InputLayer", "name": "in", "inbound_nodes": [], "config": {"name": "in", "batch_input_shape": [null, 3], "dtype": "float32"}},
 {"class_name": "Dense", "name": "class", "inbound_nodes": [[["in", 0, 0, {}]]], "config": {"name": "class", "units": 3, "activation": "softmax"}},
 {"class_name": "Dense", "name": "value", "inbound_nodes": [[["in", 0, 0, {}]]], "config": {"name": "value", "units": 1, "activation": "linear"}}],
 "input_layers": [["in", 0, 0]], "output_layers": [["class", 0, 0], ["value", 0, 0]]}}', '[''categorical_crossentropy'',''mse'']', ', dependent_type => ''one_hot, real''');
SELECT cerebro.register(name, name) FROM unnest(ARRAY['kinds', 'prices', 'roses', 'logits', 'arrays', 'colours', 'two']) AS name;

-- the same as cerebro.predict says of the whole table
CREATE FUNCTION agrees(model text, inputs text) RETURNS TABLE(rows bigint, same boolean, labels bigint) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('SELECT cerebro.predict(%L, ''flowers'', ''id'', %L, ''p_%s'', ''response'')', model, inputs, model);
    RETURN QUERY EXECUTE format('SELECT count(*), bool_and(p.class_value = cerebro.predict(%L, f)), count(DISTINCT p.class_value) FROM flowers f JOIN p_%s p USING (id)', model, model);
END $$;
SELECT * FROM agrees('kinds', 'a, b, c');
SELECT * FROM agrees('logits', 'a, b, c');
SELECT * FROM agrees('arrays', 'x');
SELECT * FROM agrees('colours', 'colour, a');
SELECT * FROM agrees('roses', 'a, b, c');
SELECT cerebro.predict('prices', 'flowers', 'id', 'a, b, c', 'p_prices');
SELECT count(*), bool_and(abs(estimated_price - cerebro.predict_number('prices', f)) < 1e-5) AS same,
    bool_and(cerebro.predict('prices', f)::real = cerebro.predict_number('prices', f)::real) AS text_reads_back FROM flowers f JOIN p_prices p USING (id);
SELECT cerebro.predict('kinds', 'flowers', 'id', 'a, b, c', 'p_probabilities');
SELECT count(*), bool_and(abs(prob - (cerebro.predict_proba('kinds', f) ->> class_value)::float8) < 1e-6) AS same FROM flowers f JOIN p_probabilities p USING (id);
SELECT bool_and(array_length(v, 1) = 3 AND abs(v[1] + v[2] + v[3] - 1) < 1e-5) AS probabilities FROM (SELECT cerebro.predict_vector('logits', f) AS v FROM flowers f) z;
SELECT count(*), bool_and(two ->> 'kind' = ANY (ARRAY['rose', 'tulip', 'it''s "odd"']) AND (two ->> 'price')::float8 = (p ->> 'price')::float8 AND jsonb_typeof(p -> 'kind') = 'object') AS right_form
FROM (SELECT cerebro.predict('two', f)::jsonb AS two, cerebro.predict_proba('two', f) AS p FROM flowers f) z;

-- a row by its columns' names, in any sequence and with others between; ROW(...) and values by position; as a run's own model
SELECT count(*) AS differ FROM (SELECT a, b, c, id, kind FROM flowers) f
WHERE cerebro.predict('kinds', f) IS DISTINCT FROM cerebro.predict('kinds', (SELECT g FROM (SELECT f.c, 'x' AS other, f.b, f.a) g));
SELECT count(*) AS differ FROM flowers f WHERE cerebro.predict('kinds', f) IS DISTINCT FROM cerebro.predict('kinds', ROW(a, b, c))
    OR cerebro.predict('kinds', f) IS DISTINCT FROM cerebro.predict('kinds', a, b, c) OR cerebro.predict('kinds', f) IS DISTINCT FROM cerebro.predict('kinds:1', f)
    OR cerebro.predict('kinds', f) IS DISTINCT FROM cerebro.predict('scalar_case.kinds', f) OR cerebro.predict('kinds', f) IS DISTINCT FROM cerebro.predict('kinds@1', f)
    OR cerebro.predict('kinds', f) IS DISTINCT FROM cerebro.predict((SELECT cerebro.model_bytes('kinds')), f);
-- types that packing converts: other numbers, numeric, domains, literals of no type
CREATE DOMAIN amount AS numeric CHECK (VALUE > -1000);
SELECT count(*) AS differ FROM flowers f WHERE cerebro.predict_vector('kinds', f) IS DISTINCT FROM cerebro.predict_vector('kinds', a::float8, b::bigint, c::amount)
    OR cerebro.predict_vector('kinds', f) IS DISTINCT FROM cerebro.predict_vector('kinds', a::numeric, b::smallint, c::numeric);
SELECT cerebro.predict('kinds', '1.5', '2', '3') = cerebro.predict('kinds', 1.5, 2, 3) AS same;
SELECT cerebro.predict('colours', 'red', 1) = cerebro.predict('colours', 'red'::varchar, 1.0) AS same, cerebro.predict('colours', 'red'::char(9), 1) = cerebro.predict('colours', 'red'::name, 1) AS padded;
SELECT cerebro.predict_vector('colours', 'green', 1) = cerebro.predict_vector('colours', 'no such colour', 1) AS unknown_strings;
-- NULL: a model or a row that is NULL
SELECT cerebro.predict(NULL::text, f) IS NULL AS model, cerebro.predict('kinds', NULL::flowers) IS NULL AS row FROM flowers f WHERE id = 1;
-- the model may change from row to row
SELECT count(*), count(DISTINCT said) > 3 AS various FROM (SELECT cerebro.predict((ARRAY['kinds', 'prices', 'logits', 'kinds@1', 'prices:1'])[id % 5 + 1], f) AS said FROM flowers f) z;

-- 4 to 7 values that are all text mean the function that writes a table, and it says so
CREATE TABLE words AS SELECT id, kind, colour AS w1, colour || '1' AS w2, colour || '2' AS w3, colour || '3' AS w4 FROM flowers;
SELECT cerebro.training_preprocessor_dl('words', 'words_packed', 'kind', 'w1, w2, w3, w4', num_partitions => 2);
SELECT cerebro.load_model('words_archs', '{"class_name": "Sequential", "config": [
 {"class_name": "Embedding", "config": {"name": "e", "input_dim": 20, "output_dim": 4, "batch_input_shape": [null, 4]}}, {"class_name": "Flatten", "config": {"name": "f"}},
 {"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax"}}]}');
SELECT cerebro.load_model_selection_table('words_archs', 'words_configs', ARRAY[1], ARRAY[$$optimizer='Adam(lr=0.02)',loss='categorical_crossentropy'$$], ARRAY['batch_size=32']);
SELECT cerebro.fit_multiple_model('words_packed', 'words_models', 'words_configs', 2, workers => 0, seed => 1);
SELECT cerebro.register('words_model', 'words_models');
\x on
SELECT a.* FROM words w, attempt(format('SELECT cerebro.predict(%L, %L, %L, %L, %L)', 'words_model', w1, w2, w3, w4)) a WHERE id = 1;
SELECT a.* FROM attempt('SELECT cerebro.predict(''words_model'', w1, w2, w3, w4) FROM words WHERE id = 1') a;
\x off
SELECT count(*) AS differ FROM words w WHERE cerebro.predict('words_model', w) IS DISTINCT FROM cerebro.predict('words_model', ROW(w1, w2, w3, w4));
-- calls of that function go there, whatever the types of their strings
SELECT cerebro.predict('kinds'::varchar, 'flowers'::name, 'id'::text, 'a, b, c', 'q_1', 'response');
SELECT cerebro.predict('kinds', 'flowers', 'id', 'a, b, c', 'q_2', 1);
SELECT cerebro.predict('kinds', 'flowers', 'id', 'a, b, c', 'q_3', 0.5);
SELECT cerebro.predict('kinds', 'flowers', 'id', 'a, b, c', 'q_4', 1::bigint, false, 1);
SELECT cerebro.predict('kinds', 'flowers', 'id', 'a, b, c', 'q_5', NULL);
SELECT cerebro.predict(model_table => 'kinds', test_table => 'flowers', id_col => 'id', independent_varname => 'a, b, c', output_table => 'q_6', mst_key => 1);
SELECT cerebro.predict('kinds@1', 'flowers', 'id', 'a, b, c', 'q_7', 'response');
SELECT count(*) FROM q_7 JOIN q_1 USING (id, class_value);

-- views, joins, triggers, generated columns, indexes, cached plans
CREATE VIEW said AS SELECT id, kind, cerebro.predict('kinds', f) AS prediction FROM flowers f;
SELECT count(*) > 300 AS right FROM said WHERE kind = prediction;
SELECT count(*) FROM flowers f JOIN flowers g ON g.id = f.id + 1 AND cerebro.predict('kinds', f) = cerebro.predict('kinds', g) WHERE f.id <= 30 AND cerebro.predict_number('prices', f) < cerebro.predict_number('prices', g) + 1000;
CREATE TABLE incoming (id integer, a real, b integer, c double precision, kind text);
CREATE FUNCTION label_it() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.kind := cerebro.predict('kinds', NEW); RETURN NEW; END $$;
CREATE TRIGGER labels BEFORE INSERT ON incoming FOR EACH ROW EXECUTE PROCEDURE label_it();
INSERT INTO incoming SELECT id, a, b, c FROM flowers;
SELECT count(*) AS differ FROM incoming JOIN said USING (id) WHERE incoming.kind <> prediction;
CREATE TABLE generated (id integer, a real, b integer, c double precision, kind text GENERATED ALWAYS AS (cerebro.predict_pinned('kinds@1', a, b, c)) STORED,
    price double precision GENERATED ALWAYS AS (cerebro.predict_number_pinned('prices@1', a, b, c)) STORED,
    vector real[] GENERATED ALWAYS AS (cerebro.predict_vector_pinned('kinds@1', a, b, c)) STORED);
INSERT INTO generated SELECT id, a, b, c FROM flowers;
SELECT count(*) AS differ FROM generated g JOIN flowers f USING (id) WHERE g.kind <> cerebro.predict('kinds', f) OR g.price <> cerebro.predict_number('prices', f) OR g.vector <> cerebro.predict_vector('kinds', f);
UPDATE generated SET a = a + 1 WHERE id = 1;
CREATE INDEX by_price ON flowers (cerebro.predict_number_pinned('prices@1', a, b, c));
SET enable_seqscan = off;
SET enable_bitmapscan = off;
EXPLAIN (COSTS OFF) SELECT id FROM flowers WHERE cerebro.predict_number_pinned('prices@1', a, b, c) > 5;
RESET enable_seqscan;
RESET enable_bitmapscan;
PREPARE ask(real) AS SELECT cerebro.predict_number('prices', $1, 2, 3) IS NOT NULL;
EXECUTE ask(1); EXECUTE ask(2); EXECUTE ask(1); EXECUTE ask(2); EXECUTE ask(1); EXECUTE ask(2); EXECUTE ask(1);
-- a loop of PL/pgSQL keeps its expressions: models that change come in
CREATE FUNCTION over_models() RETURNS text LANGUAGE plpgsql AS $$
DECLARE n text; said text := '';
BEGIN
    FOREACH n IN ARRAY ARRAY['kinds', 'roses', 'kinds'] LOOP said := said || (cerebro.predict(n, 1.0, 2, 3.0) IS NOT NULL)::text || ' '; END LOOP;
    RETURN said;
END $$;
SELECT over_models();
-- parallel workers look models up for themselves
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS OFF) SELECT cerebro.predict('kinds', f), count(*) FROM flowers f GROUP BY 1;
SELECT (SELECT string_agg(said || n, ',' ORDER BY said) FROM (SELECT cerebro.predict('kinds', f) AS said, count(*) AS n FROM flowers f GROUP BY 1) p) =
    (SELECT string_agg(said || n, ',' ORDER BY said) FROM (SELECT class_value AS said, count(*) AS n FROM p_kinds GROUP BY 1) q) AS same;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
RESET max_parallel_workers_per_gather;
-- as EXPLAIN and the catalog see them
SELECT proname, provolatile, proparallel, count(*) FROM pg_proc WHERE pronamespace = 'cerebro'::regnamespace AND proname LIKE 'predict%' GROUP BY 1, 2, 3 ORDER BY 1, 2;

-- whole tables without a table of results
SELECT count(*), count(DISTINCT id), bool_and(p.prediction = s.prediction) AS same, bool_and(probability BETWEEN 0.33 AND 1) AS probable
FROM cerebro.predict_table('kinds', 'SELECT * FROM flowers') AS p(id integer, prediction text, probability real) JOIN said s USING (id);
SELECT count(*), bool_and(abs(p.prediction - cerebro.predict_number('prices', f)) < 1e-5) AS same FROM cerebro.predict_table('prices', 'flowers') AS p(id bigint, prediction double precision, kind varchar(20)) JOIN flowers f USING (id);
SELECT count(*), bool_and(vector[1] = (probabilities ->> 'it''s "odd"')::real) AS same FROM cerebro.predict_table('kinds', 'SELECT a, b, c FROM flowers WHERE id <= 50') AS p(vector real[], probabilities jsonb);
SELECT * FROM cerebro.predict_table('kinds', 'SELECT * FROM flowers WHERE false') AS p(id integer, prediction text);
SELECT count(*) FROM cerebro.predict_table('kinds', 'TABLE flowers') AS p(prediction text, kind text);
WITH new AS (SELECT 1) SELECT count(*) FROM new, LATERAL cerebro.predict_table('kinds', 'SELECT * FROM (VALUES (1, 2.5, 3), (4, 5, 6)) AS v(a, b, c)') AS p(prediction text);

-- wrong input
\x on
SELECT a.sqlstate, regexp_replace(a.message, '\d+ bytes, \d+ follow', '# bytes, # follow') AS message, a.detail, a.hint FROM unnest(ARRAY[ -- the build's name is in a header
 $$SELECT cerebro.predict('no_such_model', f) FROM flowers f$$,
 $$SELECT cerebro.predict('kinds@2', f) FROM flowers f$$,
 $$SELECT cerebro.predict('kinds@x', f) FROM flowers f$$,
 $$SELECT cerebro.predict('', f) FROM flowers f$$,
 $$SELECT cerebro.predict('kinds:7', f) FROM flowers f$$,
 $$SELECT cerebro.predict('flowers', f) FROM flowers f$$,
 $$SELECT cerebro.predict('scalar_case.nothing', f) FROM flowers f$$,
 $$SELECT cerebro.predict('kinds', g) FROM (SELECT a, c FROM flowers) g$$,
 $$SELECT cerebro.predict('kinds', g) FROM (SELECT a AS "A", b, c FROM flowers) g$$,
 $$SELECT cerebro.predict('kinds', 1, 2)$$,
 $$SELECT cerebro.predict('kinds', 1, 2, 3, 4)$$,
 $$SELECT cerebro.predict('kinds', ROW(1, 2))$$,
 $$SELECT cerebro.predict('kinds')$$,
 $$SELECT cerebro.predict('kinds', 1, NULL, 3)$$,
 $$SELECT cerebro.predict('kinds', 1, 2, 'NaN'::float8)$$,
 $$SELECT cerebro.predict('kinds', 1, 'Infinity'::real, 3)$$,
 $$SELECT cerebro.predict('kinds', 1, 'two'::text, 3)$$,
 $$SELECT cerebro.predict('kinds', 1, 'two', 3)$$,
 $$SELECT cerebro.predict('kinds', 1, now(), 3)$$,
 $$SELECT cerebro.predict('kinds', 1, ARRAY[2], 3)$$,
 $$SELECT cerebro.predict('kinds', 1, ROW(2), 3)$$,
 $$SELECT cerebro.predict('kinds', VARIADIC ARRAY[1, 2, 3])$$,
 $$SELECT cerebro.predict('kinds', 1e300, 2, 3)$$,
 $$SELECT cerebro.predict('arrays', ARRAY[1, 2]::real[])$$,
 $$SELECT cerebro.predict('arrays', ARRAY[1, NULL, 3]::real[])$$,
 $$SELECT cerebro.predict('arrays', NULL::real[])$$,
 $$SELECT cerebro.predict('arrays', 1)$$,
 $$SELECT cerebro.predict('colours', 1, 2)$$,
 $$SELECT cerebro.predict('colours', 'red', 'blue'::text)$$,
 $$SELECT cerebro.predict('colours', NULL, 1)$$,
 $$SELECT cerebro.predict_number('kinds', 1, 2, 3)$$,
 $$SELECT cerebro.predict_number('two', 1, 2, 3)$$,
 $$SELECT cerebro.predict_proba('prices', 1, 2, 3)$$,
 $$SELECT cerebro.predict_pinned('kinds', 1, 2, 3)$$,
 $$SELECT cerebro.predict_pinned('kinds:1', 1, 2, 3)$$,
 $$SELECT cerebro.predict_pinned('kinds@9', 1, 2, 3)$$,
 $$SELECT cerebro.predict('\x00'::bytea, 1, 2, 3)$$,
 $$SELECT cerebro.predict(substr((SELECT cerebro.model_bytes('kinds')), 1, 900), 1, 2, 3)$$,
 $$SELECT cerebro.model_bytes('scalar_case.kinds')$$,
 $$SELECT cerebro.model_bytes(NULL)$$,
 $$SELECT * FROM cerebro.predict_table('kinds', 'SELECT * FROM flowers') AS p(id integer, nothing text)$$,
 $$SELECT * FROM cerebro.predict_table('kinds', 'SELECT a, b FROM flowers') AS p(prediction text)$$,
 $$SELECT * FROM cerebro.predict_table('kinds', 'SELECT a, b, CASE WHEN id <> 20 THEN c END AS c FROM flowers ORDER BY id') AS p(prediction text)$$,
 $$SELECT * FROM cerebro.predict_table('kinds', 'SELECT 1; SELECT 2') AS p(prediction text)$$,
 $$SELECT * FROM cerebro.predict_table('kinds', 'DELETE FROM flowers RETURNING *') AS p(prediction text)$$,
 $$SELECT * FROM cerebro.predict_table('kinds', 'CREATE TABLE t()') AS p(prediction text)$$,
 $$SELECT * FROM cerebro.predict_table('kinds', 'SELEC 1') AS p(prediction text)$$,
 $$SELECT * FROM cerebro.predict_table('kinds', 'no_such_table') AS p(prediction text)$$,
 $$SELECT * FROM cerebro.predict_table('kinds', '') AS p(prediction text)$$,
 $$SELECT * FROM cerebro.predict_table('kinds', NULL) AS p(prediction text)$$,
 $$SELECT * FROM cerebro.predict_table('kinds', 'flowers') AS p(prediction integer)$$,
 $$SELECT * FROM cerebro.predict_table('prices', 'flowers') AS p(probabilities jsonb)$$,
 $$SELECT cerebro.predict_table('kinds', 'flowers')$$,
 $$SELECT count(*) FROM cerebro.predict_table('kinds', 'SELECT a, b, c, 1/(id - 300) FROM flowers') AS p(prediction text)$$,
 $$CREATE TABLE bad (a real, kind text GENERATED ALWAYS AS (cerebro.predict('kinds', a, 1, 2)) STORED)$$]) AS statement, attempt(statement) a;
\x off
-- alive, and what is kept has suffered nothing
SELECT count(*) AS differ FROM flowers f JOIN p_kinds p USING (id) WHERE cerebro.predict('kinds', f) <> class_value;

-- what a process keeps
SET client_min_messages = debug1;
SET cerebro.model_cache_mem = 0;
SELECT cerebro.predict('roses', 1, 2, 3) IS NOT NULL AS said;
SELECT cerebro.predict('roses', 1, 2, 3) IS NOT NULL AS said;
SET cerebro.model_cache_mem = '100MB';
SELECT cerebro.predict('roses', 1, 2, 3) IS NOT NULL AS said;
SELECT cerebro.predict('roses', 1, 2, 3) IS NOT NULL AS said;
-- less than nothing; the server's message names a unit from PostgreSQL 16 on
DO $$
BEGIN
    PERFORM pg_catalog.set_config('cerebro.model_cache_mem', '-1', false);
    RAISE 'accepted';
EXCEPTION WHEN invalid_parameter_value THEN
    NULL;
END $$;
RESET cerebro.model_cache_mem;
SET client_min_messages = error;
DROP SCHEMA scalar_case CASCADE;
SELECT count(*) >= 8 AS dropped FROM (SELECT cerebro.drop_model(name) FROM cerebro.models) d;
