-- EXPLAIN of a fit: text and JSON, with and without running it. Estimates follow from plan and constants; times and free memory are masked.
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
SET cerebro.bundles = 2;
CREATE SCHEMA explain;
SET search_path = explain, public;
CREATE TABLE points AS
SELECT i AS id, (i % 3)::int AS label, ARRAY(SELECT ((i * 7919 + c * 1299709) % 97 + CASE WHEN c % 3 = i % 3 THEN 60 ELSE 0 END)::int FROM generate_series(0, 15) c) AS x
FROM generate_series(1, 600) i;
SELECT cerebro.training_preprocessor_dl('points', 'packed', 'label', 'x', normalizing_const => 160, num_partitions => 3, seed => 3);
SELECT cerebro.validation_preprocessor_dl('points', 'packed_val', 'label', 'x', 'packed');
SELECT cerebro.load_model('archs', $$
{"class_name": "Sequential", "keras_version": "2.4.0", "config": {"name": "mlp", "layers": [
 {"class_name": "Dense", "config": {"name": "hidden", "units": 10, "activation": "relu", "batch_input_shape": [null, 16]}},
 {"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax"}}]}} $$, name => 'mlp');
-- two branches, one of them dropped as a whole: no kernels
SELECT cerebro.load_model('archs', $$
{"class_name": "Functional", "keras_version": "2.4.0", "config": {"name": "branches", "layers": [
 {"class_name": "InputLayer", "name": "in", "config": {"name": "in", "batch_input_shape": [null, 16]}, "inbound_nodes": []},
 {"class_name": "Dense", "name": "left", "config": {"name": "left", "units": 16, "activation": "tanh"}, "inbound_nodes": [[["in", 0, 0, {}]]]},
 {"class_name": "Dropout", "name": "drop", "config": {"name": "drop", "rate": 0.1, "noise_shape": [null, 1]}, "inbound_nodes": [[["left", 0, 0, {}]]]},
 {"class_name": "Add", "name": "sum", "config": {"name": "sum"}, "inbound_nodes": [[["in", 0, 0, {}], ["drop", 0, 0, {}]]]},
 {"class_name": "Dense", "name": "out", "config": {"name": "out", "units": 3, "activation": "softmax"}, "inbound_nodes": [[["sum", 0, 0, {}]]]}],
 "input_layers": [["in", 0, 0]], "output_layers": [["out", 0, 0]]}} $$);
SELECT cerebro.load_model_selection_table('archs', 'configs', ARRAY[1, 2],
    ARRAY[$$optimizer='Adam(lr=0.01)',loss='categorical_crossentropy',metrics=['accuracy']$$,
          $$optimizer='Adam(lr=0.001)',loss='categorical_crossentropy',metrics=['accuracy']$$,
          $$optimizer='SGD(lr=0.05,momentum=0.9)',loss='categorical_crossentropy',metrics=['accuracy']$$],
    ARRAY['batch_size=32,epochs=1']);
SELECT mst_key, model_id, compile_params FROM configs ORDER BY 1;

-- an estimate of seconds may differ in its last digit, free memory from moment to moment
CREATE FUNCTION masked(line text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT regexp_replace(regexp_replace(regexp_replace(line, '[0-9.]+(e-?[0-9]+)? s\M', '# s', 'g'), 'free (shared )?memory=[0-9]+ [kM]?B', 'free \1memory=#', 'g'),
        '(actual/estimated[= ])[0-9.]+', '\1#') $$;

-- in the session
SELECT masked(l) FROM cerebro.explain_fit_multiple_model('packed', 'models', 'configs', 4, validation_table => 'packed_val', workers => 0) l;
-- in workers, with fewer models; the number of cores is the machine's
SELECT regexp_replace(masked(l), 'cores=\d+', 'cores=#') FROM cerebro.explain_fit_multiple_model('packed', 'models', 'configs', 4, workers => 2,
    halving => $${'eta': 2, 'iterations': [1]}$$, early_stopping => $${'patience': 2}$$) l WHERE l !~ '^ {8}|Bundle';
SET cerebro.shared_state_mem = 0;
SELECT substring(l FROM 'in a mapped file') FROM cerebro.explain_fit_multiple_model('packed', 'models', 'configs', 4, workers => 2) l WHERE l ~ 'Training States';
RESET cerebro.shared_state_mem;
-- rewrites that are declined say why
SET cerebro.enable_horizontal = off;
SET cerebro.enable_shared_scan = off;
SELECT DISTINCT trim(l) FROM cerebro.explain_fit_multiple_model('packed', 'models', 'configs', 4, workers => 0) l WHERE l ~ 'declined' ORDER BY 1;
RESET cerebro.enable_horizontal;
RESET cerebro.enable_shared_scan;

-- JSON: one row, one document, the same figures
CREATE FUNCTION as_json(fit text, more text DEFAULT '') RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    document text;
    rows integer;
BEGIN
    EXECUTE format('SELECT min(l), count(*) FROM cerebro.explain_fit_multiple_model(%s, format => ''JSON''%s) l', fit, more) INTO document, rows;
    IF rows <> 1 THEN RAISE 'a document of % rows', rows; END IF;
    RETURN document::jsonb;
END $$;
CREATE TABLE planned AS SELECT as_json($$'packed', 'models', 'configs', 4, validation_table => 'packed_val', workers => 0$$) AS d;
SELECT jsonb_array_length(d), (SELECT string_agg(k, ',') FROM jsonb_object_keys(d -> 0) k) FROM planned;
SELECT k FROM planned, jsonb_object_keys(d -> 0 -> 'Plan') k ORDER BY k COLLATE "C";
SELECT d #>> '{0,Plan,Node Type}', d #>> '{0,Plan,Models}', d #>> '{0,Plan,Iterations}', d #>> '{0,Plan,Source,Rows}', d #>> '{0,Plan,Validation,Table}',
       d #>> '{0,Plan,Driver,Kind}', d #>> '{0,Plan,Metrics after Iterations}', d #>> '{0,Plan,Memory,State Place}' FROM planned;
SELECT b ->> 'Bundle' AS bundle, b -> 'Partitions', g -> 'mst_key', g ->> 'Trainer', g -> 'Width', g -> 'Parameters', g -> 'State Bytes', g -> 'Rewrites' -> 0 -> 'Applied',
       (g ->> 'Estimated Visit Seconds')::float8 > 0 AS seconds, (g ->> 'Estimated Visit FLOPs')::float8 > 0 AS flops, g -> 'Actual Seconds' AS actual
FROM planned, jsonb_array_elements(d -> 0 -> 'Plan' -> 'Plans') b, jsonb_array_elements(b -> 'Plans') g ORDER BY 1, g -> 'mst_key';
-- parts add up: the fusion groups of an iteration and what is between them; the run
SELECT bool_and((b ->> 'Estimated Visit Seconds')::float8 > (SELECT sum((g ->> 'Estimated Visit Seconds')::float8) FROM jsonb_array_elements(b -> 'Plans') g)) AS bundles,
       bool_and(abs((p ->> 'Estimated Seconds')::float8 - (p ->> 'Estimated Start Seconds')::float8 - (p ->> 'Estimated Training Seconds')::float8
                - (p ->> 'Estimated Metrics Seconds')::float8) < 1e-9) AS run,
       bool_and((p ->> 'Estimated Iteration Seconds')::float8 >= (p ->> 'Lower Bound Iteration Seconds')::float8 - 1e-9) AS bound
FROM (SELECT d -> 0 -> 'Plan' AS p FROM planned) x, jsonb_array_elements(p -> 'Plans') b;
-- a fit without metrics in between, and half of its models halved, is estimated at less
SELECT (as_json($$'packed', 'models', 'configs', 4, workers => 0, halving => '{''eta'': 2, ''iterations'': [1]}'$$) #>> '{0,Plan,Estimated Training Seconds}')::float8 <
       (d #>> '{0,Plan,Estimated Training Seconds}')::float8 FROM planned;
-- by default in the session, because this run is shorter than the start of workers; the same for any number of cores
SELECT trim(l) FROM cerebro.explain_fit_multiple_model('packed', 'models', 'configs', 1) l WHERE l ~ 'Driver';

-- nothing was written so far
SELECT count(*) FROM pg_class WHERE relname LIKE 'models%' AND pg_table_is_visible(oid);

-- analyze runs the fit
SELECT masked(l) FROM cerebro.explain_fit_multiple_model('packed', 'models', 'configs', 4, validation_table => 'packed_val', workers => 0, seed => 5,
    "analyze" => true) l WHERE l ~ 'ctual';
SELECT count(*), bool_and(status = 'trained') FROM models_info;
SELECT count(*) FROM models_visits;
-- as fit_multiple_model would
SELECT cerebro.fit_multiple_model('packed', 'again', 'configs', 4, validation_table => 'packed_val', workers => 0, seed => 5);
SELECT bool_and(m.model_weights = a.model_weights) FROM models m JOIN again a USING (mst_key);
-- ... with workers, a model that diverges and some that are stopped
CREATE TABLE few AS SELECT mst_key, model_id, CASE WHEN mst_key = 3 THEN replace(compile_params, '0.05', '1e30') ELSE compile_params END AS compile_params, fit_params FROM configs;
CREATE TABLE few_summary AS TABLE configs_summary;
SET client_min_messages = error;
CREATE TABLE ran AS SELECT as_json($$'packed', 'analyzed', 'few', 4, workers => 2, halving => '{''eta'': 2, ''iterations'': [1]}'$$, ', "analyze" => true') AS d;
SET client_min_messages = warning;
SELECT a -> 'Workers Launched', a -> 'State Place', a -> 'Evaluations', a -> 'Diverged Models', a -> 'Stopped Models', (a ->> 'Seconds')::float8 >= (a ->> 'Run Seconds')::float8 AS seconds,
       abs((a ->> 'Actual to Estimated')::float8 * (d #>> '{0,Plan,Estimated Seconds}')::float8 - (a ->> 'Seconds')::float8) < 1e-6 AS ratio,
       (a ->> 'Visits')::int = (SELECT count(*) FROM analyzed_visits) AS visits, (a ->> 'Rows')::int = (SELECT sum(rows) FROM analyzed_visits) AS rows
FROM (SELECT d, d -> 0 -> 'Actual' AS a FROM ran) x;
SELECT sum((g ->> 'Diverged Models')::int), sum((g ->> 'Stopped Models')::int), sum((g ->> 'Actual Visits')::int) = (SELECT count(*) FROM analyzed_visits) AS visits,
       abs(sum((g ->> 'Actual Seconds')::float8) - (SELECT sum(extract(epoch FROM ended_at - started_at)) FROM analyzed_visits)) < 0.01 AS seconds
FROM ran, jsonb_array_elements(d -> 0 -> 'Plan' -> 'Plans') b, jsonb_array_elements(b -> 'Plans') g;

-- zeros: 32 categories of 8 values, one-hot, and the same table without a zero
CREATE TABLE one_hot AS SELECT i AS id, i % 3 AS label, ARRAY(SELECT ((i * 31 + c / 8 * 17) % 8 = c % 8)::int FROM generate_series(0, 255) c) AS x
FROM generate_series(1, 300) i;
CREATE TABLE no_zeros AS SELECT id, label, ARRAY(SELECT v + 1 FROM unnest(x) v) AS x FROM one_hot;
SELECT cerebro.training_preprocessor_dl('one_hot', 'one_hot_packed', 'label', 'x', num_partitions => 2, seed => 3);
SELECT cerebro.training_preprocessor_dl('no_zeros', 'no_zeros_packed', 'label', 'x', num_partitions => 2, seed => 3);
SELECT cerebro.load_model('wide_archs', $$
{"class_name": "Sequential", "keras_version": "2.4.0", "config": {"name": "wide", "layers": [
 {"class_name": "Dense", "config": {"name": "hidden", "units": 64, "activation": "relu", "batch_input_shape": [null, 256]}},
 {"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax"}}]}} $$);
SELECT cerebro.load_model_selection_table('wide_archs', 'wide', ARRAY[1],
    ARRAY[$$optimizer='Adam(lr=0.01)',loss='categorical_crossentropy',metrics=['accuracy']$$], ARRAY['batch_size=32,epochs=1']);
SELECT trim(l) FROM cerebro.explain_fit_multiple_model('one_hot_packed', 'wide_models', 'wide', 4, workers => 0) l WHERE l ~ 'Density';
SELECT trim(l) FROM cerebro.explain_fit_multiple_model('no_zeros_packed', 'wide_models', 'wide', 4, workers => 0) l WHERE l ~ 'Density';
CREATE TABLE zeros AS SELECT as_json($$'one_hot_packed', 'wide_models', 'wide', 4, workers => 0$$) #> '{0,Plan,Plans,0,Plans,0}' AS g,
    as_json($$'no_zeros_packed', 'wide_models', 'wide', 4, workers => 0$$) #> '{0,Plan,Plans,0,Plans,0}' AS full_g;
SELECT g -> 'Input Density', full_g -> 'Input Density',
    (g ->> 'Estimated Visit Seconds')::float8 < (full_g ->> 'Estimated Visit Seconds')::float8 AS less FROM zeros;

-- errors
\pset tuples_only off
SELECT * FROM cerebro.explain_fit_multiple_model('packed', 'other', 'configs', 4, format => 'yaml');
SELECT * FROM cerebro.explain_fit_multiple_model('packed', 'models', 'configs', 4, "analyze" => true);
SELECT count(*) FROM cerebro.explain_fit_multiple_model('packed', 'other', 'configs', 4, "analyze" => NULL, format => NULL);
SELECT to_regclass('other') IS NULL AS not_made;

DROP SCHEMA explain CASCADE;
