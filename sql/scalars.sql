-- Scalar independent columns that are named one after another are one column of the packed table, and feed the model's inputs in order: one input by all
-- of them, or each of several inputs by as many as it has elements.
\pset null '(null)'
SET client_min_messages = warning;
CREATE SCHEMA scalars;
SET search_path = scalars, public;

CREATE FUNCTION float32(v double precision[]) RETURNS bytea LANGUAGE sql AS $$
    SELECT string_agg(substr(b, 4, 1) || substr(b, 3, 1) || substr(b, 2, 1) || substr(b, 1, 1), ''::bytea ORDER BY n)
    FROM (SELECT float4send(x::real) AS b, n FROM unnest(v) WITH ORDINALITY u(x, n)) s $$;
CREATE FUNCTION linear(inputs integer) RETURNS json LANGUAGE sql AS $$
    SELECT format('{"class_name": "Sequential", "keras_version": "2.4.0", "config": {"name": "m", "layers": [
        {"class_name": "Dense", "config": {"name": "out", "units": 1, "activation": "linear", "batch_input_shape": [null, %s]}}]}}', inputs)::json $$;
-- trains so little that the weights stay what they are, and predicts
CREATE FUNCTION say(packed text, source text, independent text, model text, arch json, w double precision[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM cerebro.load_model(model || '_archs', arch, float32(w));
    PERFORM cerebro.load_model_selection_table(model || '_archs', model || '_configs', ARRAY[1], ARRAY['optimizer=''SGD(lr=1e-30)'',loss=''mse'''],
        ARRAY['batch_size=32,epochs=1']);
    PERFORM cerebro.fit_multiple_model(packed, model, model || '_configs', 1, workers => 0);
    PERFORM cerebro.predict(model, source, 'id', independent, model || '_said');
END $$;
CREATE FUNCTION inputs_of(packed text) RETURNS TABLE(name text, dtype text, shape text, members text, mean text, std text) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format('SELECT c ->> ''name'', c ->> ''dtype'', c ->> ''shape'',
        (SELECT string_agg(m ->> ''name'' || coalesce(nullif(m ->> ''dictionary'', ''[]''), ''''), '', '') FROM json_array_elements(c -> ''members'') m),
        c ->> ''mean'', c ->> ''std'' FROM %I s, json_array_elements(s.data_spec -> ''inputs'') c', packed || '_summary');
END $$;

CREATE TABLE rows AS
SELECT i AS id, (i % 50)::smallint AS small, i * 3 AS whole, i % 7::bigint AS big, (i / 4.0)::real AS single, i / 8.0::double precision AS ratio,
       (i * 0.25)::numeric(10, 2) AS price, i % 2 = 0 AS flag, (ARRAY['red', 'green', 'blue'])[1 + i % 3] AS word, ARRAY[i % 11, i % 5]::real[] AS x,
       i / 100.0 AS y
FROM generate_series(1, 300) i;

-- types: the one that holds all of a run; arrays end a run, and so does a type that the caller gives
SELECT cerebro.training_preprocessor_dl('rows', 'all_packed', 'y', 'small, whole, big, single, ratio, price, flag, word', dependent_type => 'real');
SELECT * FROM inputs_of('all_packed');
SELECT scalars_shape, y_shape, octet_length(scalars) FROM all_packed ORDER BY partition_id, buffer_id LIMIT 1;
SELECT attname, format_type(atttypid, atttypmod) AS type FROM pg_attribute WHERE attrelid = 'all_packed'::regclass AND attnum > 0 AND attname !~ '^__' ORDER BY attnum;
SELECT independent_varname, format_version FROM all_packed_summary;
CREATE VIEW more AS SELECT *, flag AS flag_2, word AS word_2, whole AS "scalars", single AS "scalars_2_shape" FROM rows;
SELECT cerebro.training_preprocessor_dl('more', 'some_packed', 'y', 'small, flag, x, whole, flag_2, single, word, word_2', dependent_type => 'real',
    dtypes => '{"whole": "int16"}');
SELECT * FROM inputs_of('some_packed');
SELECT cerebro.training_preprocessor_dl('more', 'named_packed', 'y', 'scalars, small, x, word, scalars_2_shape', dependent_type => 'real');
SELECT name, members FROM inputs_of('named_packed');

-- the same as an array of the same type: equal bytes in equal partitions
CREATE VIEW arrays AS SELECT id, ARRAY[single, ratio::real, price::real] AS a, y FROM rows;
SELECT cerebro.training_preprocessor_dl('rows', 'three_packed', 'y', 'single, ratio, price', dependent_type => 'real', num_partitions => 2, normalizing_const => 4);
SELECT cerebro.training_preprocessor_dl('arrays', 'array_packed', 'y', 'a', dependent_type => 'real', num_partitions => 2, normalizing_const => 4);
SELECT a.digest = t.digest AS same_digest FROM three_packed_summary t, array_packed_summary a;
SELECT say('three_packed', 'rows', 'single, ratio, price', 'three', linear(3), '{0.5, -0.25, 2, 0.125}'), say('array_packed', 'arrays', 'a', 'arr', linear(3), '{0.5, -0.25, 2, 0.125}');
SELECT count(*) AS rows, bool_and(t.estimated_y = a.estimated_y) AS same, bool_and(abs(t.estimated_y - (single * 0.5 - ratio * 0.25 + price::float8 * 2) / 4 - 0.125) < 1e-4) AS right_sums
FROM three_said t JOIN arr_said a USING (id) JOIN rows USING (id);
SELECT t.loss_final = a.loss_final AS same_loss FROM (SELECT training_loss_final AS loss_final FROM three_info) t, (SELECT training_loss_final AS loss_final FROM arr_info) a;

-- all types together: a model sees numbers scaled, truth values and indexes of words as they are
SELECT cerebro.training_preprocessor_dl('rows', 'scaled_packed', 'y', 'small, whole, big, single, ratio, price, flag, word', dependent_type => 'real', normalizing_const => 10);
SELECT say('scaled_packed', 'rows', 'small, whole, big, single, ratio, price, flag, word', 'scaled', linear(8), '{1, 0.01, 1, 1, 1, 1, 100, 1000, 0}');
SELECT count(*) AS rows, max(abs(s.estimated_y - (small / 10.0 + whole / 1000.0 + big / 10.0 + single / 10 + ratio / 10 + price / 10
    + flag::int * 100 + CASE word WHEN 'blue' THEN 1 WHEN 'green' THEN 2 ELSE 3 END * 1000))) < 1e-2 AS right_sums FROM scaled_said s JOIN rows USING (id);
-- standardised: truth values and words stay as they are, too
SELECT cerebro.training_preprocessor_dl('rows', 'standard_packed', 'y', 'small, ratio, flag, word', dependent_type => 'real', normalizing_const => 10, standardize => true);
SELECT name, dtype, shape, members FROM inputs_of('standard_packed');
SELECT say('standard_packed', 'rows', 'small, ratio, flag, word', 'standard', linear(4), '{1, 1, 100, 1000, 0}');
SELECT count(*) AS rows, max(abs(s.estimated_y - z)) < 1e-3 AS right_sums FROM standard_said s JOIN (SELECT id, (small - avg(small) OVER ()) / stddev_pop(small) OVER ()
    + (ratio - avg(ratio) OVER ()) / stddev_pop(ratio) OVER () + flag::int * 100 + CASE word WHEN 'blue' THEN 1 WHEN 'green' THEN 2 ELSE 3 END * 1000 AS z FROM rows) t USING (id);

-- validation data under other names, another order of the packed table's columns and other types; strings that are new
CREATE TABLE others AS SELECT id, small::int AS a, ratio::real AS b, flag AS c, CASE WHEN id > 3 THEN word ELSE 'new' END AS d, y FROM rows WHERE id <= 120;
SET client_min_messages = notice;
SELECT cerebro.validation_preprocessor_dl('others', 'others_val', 'y', 'a, b, c, d', 'standard_packed');
SET client_min_messages = warning;
SELECT name, dtype, shape, members FROM inputs_of('others_val');
SELECT cerebro.evaluate('standard', 'others_val', 'others_scores');
SELECT cerebro.predict('standard', 'others', 'id', 'a, b, c, d', 'others_said');
SELECT bool_and(abs(s.loss - l.loss) < l.loss * 1e-5) AS same_loss FROM others_scores s, (SELECT avg((estimated_y - y) ^ 2) AS loss FROM others_said JOIN others USING (id)) l;
SELECT bool_and(abs(o.estimated_y - s.estimated_y) < 1e-3) AS same FROM others_said o JOIN standard_said s USING (id) WHERE o.id > 3;
SELECT cerebro.fit_multiple_model('standard_packed', 'again', 'standard_configs', 1, validation_table => 'others_val', workers => 0);
SELECT abs(i.validation_loss_final - s.loss) < s.loss * 1e-5 AS same_loss FROM again_info i, others_scores s;

-- several inputs: a word by its embedding, two numbers, an array, one number more
SELECT cerebro.training_preprocessor_dl('rows', 'four_packed', 'y', 'word, small, single, x, price', dependent_type => 'real', standardize => true);
SELECT cerebro.load_model('four_archs', '{"class_name": "Functional", "keras_version": "2.4.0", "config": {"name": "m", "layers": [
    {"class_name": "InputLayer", "name": "word", "config": {"name": "word", "batch_input_shape": [null, 1]}, "inbound_nodes": []},
    {"class_name": "InputLayer", "name": "pair", "config": {"name": "pair", "batch_input_shape": [null, 2]}, "inbound_nodes": []},
    {"class_name": "InputLayer", "name": "x", "config": {"name": "x", "batch_input_shape": [null, 2]}, "inbound_nodes": []},
    {"class_name": "InputLayer", "name": "price", "config": {"name": "price", "batch_input_shape": [null, 1]}, "inbound_nodes": []},
    {"class_name": "Embedding", "name": "vectors", "config": {"name": "vectors", "input_dim": 4, "output_dim": 1}, "inbound_nodes": [[["word", 0, 0, {}]]]},
    {"class_name": "Flatten", "name": "flat", "config": {"name": "flat"}, "inbound_nodes": [[["vectors", 0, 0, {}]]]},
    {"class_name": "Concatenate", "name": "all", "config": {"name": "all", "axis": -1}, "inbound_nodes": [[["flat", 0, 0, {}], ["pair", 0, 0, {}], ["x", 0, 0, {}], ["price", 0, 0, {}]]]},
    {"class_name": "Dense", "name": "out", "config": {"name": "out", "units": 1, "activation": "linear"}, "inbound_nodes": [[["all", 0, 0, {}]]]}],
    "input_layers": [["word", 0, 0], ["pair", 0, 0], ["x", 0, 0], ["price", 0, 0]], "output_layers": [["out", 0, 0]]}}',
    float32('{0, 10, 20, 30,  1, 1, 0.5, 0, 0, 2,  0}'));
SELECT cerebro.load_model_selection_table('four_archs', 'four_configs', ARRAY[1], ARRAY['optimizer=''SGD(lr=1e-30)'',loss=''mse'''], ARRAY['batch_size=32,epochs=1']);
SELECT cerebro.fit_multiple_model('four_packed', 'four', 'four_configs', 1, workers => 0);
SELECT cerebro.predict('four', 'rows', 'id', 'word, small, single, x, price', 'four_said');
SELECT count(*) AS rows, max(abs(s.estimated_y - z)) < 1e-4 AS right_sums FROM four_said s JOIN (SELECT id, CASE word WHEN 'blue' THEN 10 WHEN 'green' THEN 20 ELSE 30 END
    + (small - avg(small) OVER ()) / stddev_pop(small) OVER () + 0.5 * (single - avg(single) OVER ()) / stddev_pop(single) OVER ()
    + 2 * (price - avg(price) OVER ()) / stddev_pop(price) OVER () AS z FROM rows) t USING (id);
-- the same inputs do not fit other columns
\set VERBOSITY terse
SELECT cerebro.training_preprocessor_dl('rows', 'short_packed', 'y', 'word, small, x, single, price', dependent_type => 'real');
SELECT cerebro.fit_multiple_model('short_packed', 'no', 'four_configs', 1, workers => 0);
SELECT cerebro.training_preprocessor_dl('rows', 'long_packed', 'y', 'word, small, single, x, price, whole', dependent_type => 'real');
SELECT cerebro.fit_multiple_model('long_packed', 'no', 'four_configs', 1, workers => 0);
SELECT cerebro.fit_multiple_model('three_packed', 'no', 'four_configs', 1, workers => 0);
SELECT cerebro.predict('three', 'rows', 'id', 'single, ratio', 'no');
SELECT cerebro.predict('standard', 'rows', 'id', 'small, ratio, flag, small', 'no');
SELECT cerebro.validation_preprocessor_dl('rows', 'no', 'y', 'small, ratio, flag', 'standard_packed');
SELECT cerebro.validation_preprocessor_dl('rows', 'no', 'y', 'small, ratio, flag, small', 'standard_packed');
\set VERBOSITY default

-- values that cannot be packed are named by their own column
CREATE TABLE faulty AS SELECT i AS id, i AS a, nullif(i, 7) AS b, i AS y FROM generate_series(1, 20) i;
SELECT cerebro.training_preprocessor_dl('faulty', 'no', 'y', 'a, b', dependent_type => 'real');

-- as many columns as a table can have: packed, trained, validated, predicted
DO $$ BEGIN EXECUTE (SELECT 'CREATE TABLE wide AS SELECT i AS id, i % 2 AS y, ' || string_agg(format('((i * %s %% 97) / 16.0)::real AS c%s', n, n), ', ' ORDER BY n)
    || ' FROM generate_series(1, 40) i' FROM generate_series(1, 1500) n); END $$;
SELECT string_agg('c' || n, ',' ORDER BY n) AS columns FROM generate_series(1, 1500) n \gset
SELECT cerebro.training_preprocessor_dl('wide', 'wide_packed', 'y', :'columns', dependent_type => 'index', standardize => true);
SELECT scalars_shape, y_shape FROM wide_packed;
SELECT cerebro.validation_preprocessor_dl('wide', 'wide_val', 'y', :'columns', 'wide_packed');
SELECT array_length(independent_varname, 1) FROM wide_val_summary;
SELECT say('wide_packed', 'wide', :'columns', 'wide_model', linear(1500), array_fill(0.125::float8, ARRAY[1501]));
SELECT count(*) FROM wide_model_said;
SELECT array_length(independent_varname, 1) FROM wide_model_summary;
-- columns that do not go together have the server's limit, said before anything is made
DO $$ BEGIN EXECUTE (SELECT 'CREATE VIEW apart AS SELECT 1 AS y, ' || string_agg(format('ARRAY[%s] AS a%s', n, n), ', ') FROM generate_series(1, 200) n); END $$;
SELECT string_agg('a' || n, ',' ORDER BY n) AS columns FROM generate_series(1, 200) n \gset
SELECT cerebro.training_preprocessor_dl('apart', 'apart_packed', 'y', :'columns');
SELECT string_agg('a' || n, ',' ORDER BY n) AS columns FROM generate_series(1, 189) n \gset
SELECT cerebro.training_preprocessor_dl('apart', 'apart_packed', 'y', :'columns', dependent_type => 'real');
SELECT rows FROM apart_packed_summary;

DROP SCHEMA scalars CASCADE;
