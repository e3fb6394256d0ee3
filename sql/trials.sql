-- Trials that fail, and why a run ends: errors while a trial trains, memory, max_failures, what is left of a run, keys of a search that say nothing.
SET client_min_messages = warning;
CREATE SCHEMA trials_case;
SET search_path = trials_case, public;

CREATE TABLE points AS SELECT i AS id, i % 3 AS label, ARRAY[(i * 7) % 11, (i * 5) % 13, i % 3]::real[] AS x FROM generate_series(1, 300) i;
SELECT cerebro.training_preprocessor_dl('points', 'packed', 'label', 'x', num_partitions => 3);
SELECT cerebro.validation_preprocessor_dl('points', 'packed_val', 'label', 'x', 'packed');
SELECT cerebro.load_model('archs', format('{"class_name": "Sequential", "config": [
  {"class_name": "Dense", "config": {"name": "hidden", "units": %s, "activation": "relu", "batch_input_shape": [null, 3]}},
  {"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax"}}]}', units)::json)
FROM unnest(ARRAY[2, 8]) units;
-- one whose indexes come to lie outside of the table: what a layer computes is not known before
SELECT cerebro.load_model('archs', '{"class_name": "Sequential", "config": [
  {"class_name": "Rescaling", "config": {"name": "scaled", "scale": 10, "batch_input_shape": [null, 3]}},
  {"class_name": "Embedding", "config": {"name": "table", "input_dim": 50, "output_dim": 2}},
  {"class_name": "Flatten", "config": {"name": "flat"}},
  {"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax"}}]}');
-- and one that is too large
SELECT cerebro.load_model('large', '{"class_name": "Sequential", "config": [
  {"class_name": "Dense", "config": {"name": "hidden", "units": 100000000, "activation": "relu", "batch_input_shape": [null, 3]}},
  {"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax"}}]}');
SELECT cerebro.load_model('large', '{"class_name": "Sequential", "config": [
  {"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax", "batch_input_shape": [null, 3]}}]}');

CREATE TABLE space AS SELECT
$${'loss': ['categorical_crossentropy'], 'metrics': ['accuracy'], 'optimizer_params_list': [
    {'optimizer': ['SGD'], 'lr': [0.001, 0.1, 'log']}, {'optimizer': ['Adam'], 'lr': [0.001, 0.1, 'log']}]}$$::text AS compile,
$${'batch_size': [8, 32]}$$::text AS fit;
CREATE FUNCTION found(out_table text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    r text;
BEGIN
    EXECUTE format('SELECT (SELECT md5(string_agg(concat_ws('' '', mst_key, state, model_id, compile_params, fit_params, parent, iterations, target, entered_round, bracket,
            deleted, remark, error, point_values), '','' ORDER BY mst_key)) FROM %1$s_trials) || '' '' ||
        (SELECT md5(string_agg(mst_key || md5(model_weights), '','' ORDER BY mst_key)) FROM %1$s) || '' '' ||
        (SELECT md5(string_agg(concat_ws('' '', mst_key, status, metrics_iters, training_loss, validation_loss, iterations_done), '','' ORDER BY mst_key))
            FROM %1$s_info)', out_table) INTO r;
    RETURN r;
END $$;
CREATE FUNCTION whole(search text) RETURNS text LANGUAGE sql AS $$
    SELECT format('{"compile_params_grid": %s, "fit_params_grid": %s, %s', to_json(compile), to_json(fit), substr(search, 2)) FROM space $$;

-- an error while a trial trains is its own: the search goes on, by the session and by workers
SET client_min_messages = error;
SELECT bool_and(cerebro.search('packed', t.name, 'archs', 4, compile, fit, '{"policy": "random", "max_models": 12, "concurrency": 6}', 'packed_val', seed => 2,
    workers => t.workers) IS NOT NULL) AS found FROM (VALUES ('failing', 0), ('by_one', 1), ('by_two', 2)) t(name, workers), space;
SELECT state, model_id, count(*) > 0 AS some, min(iterations) AS least, bool_and(deleted) AS deleted, min(error) AS error FROM failing_trials GROUP BY 1, 2 ORDER BY 1, 2;
SELECT found('failing') = found('by_one') AS one_worker, found('failing') = found('by_two') AS two_workers;
SELECT count(*) FROM failing_trials t JOIN failing_info i USING (mst_key) WHERE t.state = 'failed';
SELECT count(*) FROM failing_trials t JOIN failing_state s USING (mst_key) WHERE t.state = 'failed';
SELECT action, requested_by, refused FROM failing_control ORDER BY mst_key LIMIT 1;
-- each of the others is the one that is trained alone
SELECT mst_key AS key FROM failing_trials WHERE state = 'finished' ORDER BY mst_key DESC LIMIT 1 \gset
SELECT cerebro.load_model_selection_table('archs', 'alone', ARRAY[model_id], ARRAY[compile_params], ARRAY[fit_params]) FROM failing_trials WHERE mst_key = :key;
UPDATE alone SET mst_key = :key;
SELECT cerebro.fit_multiple_model('packed', 'one_alone', 'alone', 4, validation_table => 'packed_val', seed => 2);
SELECT a.model_weights = f.model_weights AS same FROM one_alone a JOIN failing f USING (mst_key);
-- where models are fitted an error is an error
SELECT cerebro.load_model_selection_table('archs', 'wrong', ARRAY[1, 3], ARRAY[$$optimizer='SGD(lr=0.1)',loss='categorical_crossentropy',metrics=['accuracy']$$], ARRAY['batch_size=8']);
SELECT cerebro.fit_multiple_model('packed', 'x', 'wrong', 2, workers => 0);
-- a population: members that fail are among the worst
SELECT cerebro.search('packed', 'population', 'archs', 6, compile, fit, '{"policy": "pbt", "population": 12, "interval": 2}', 'packed_val', seed => 2) IS NOT NULL AS found FROM space;
SELECT count(*) FILTER (WHERE state = 'failed') > 0 AS failed, count(*) FILTER (WHERE state = 'finished') AS finished FROM population_trials;

-- committed behind every visit, the same; and replayed
CALL cerebro.fit('packed', 'durable', 'archs', 4, validation_table => 'packed_val', seed => 2, workers => 0, checkpoint_interval => '0',
    search => whole('{"policy": "random", "max_models": 12, "concurrency": 6}'));
SELECT found('durable') = found('failing') AS same;
SELECT cerebro.replay('durable', 'again', workers => 0);
SELECT found('again') = found('failing') AS same;
SELECT (SELECT count(*) FROM durable_control) = (SELECT count(*) FROM again_control) AS same_log;
-- an error that does not come again is in the log
SELECT min(mst_key) AS first FROM failing_trials WHERE state = 'finished' \gset
UPDATE durable_control SET mst_key = :first, iterations = 1, round = 2, refused = 'of another day' WHERE ctid = (SELECT min(ctid) FROM durable_control);
SELECT cerebro.replay('durable', 'logged', workers => 0);
SELECT state, iterations, error, array_length(point_values, 1) AS points FROM logged_trials WHERE mst_key = :first;
SET client_min_messages = warning;
SELECT cerebro.control('again', 'stop', 1);
SELECT cerebro.tell('failing', 1, 'x', 'y');

-- people add what fails
SET client_min_messages = error;
SELECT cerebro.advance('packed', 'controlled', 'alone', 4, validation_table => 'packed_val', metrics_compute_frequency => 1, iterations => 1) AS iterations_left;
SELECT cerebro.control('controlled', 'add', model_id => 3, compile_params => $$optimizer='SGD(lr=0.1)',loss='categorical_crossentropy',metrics=['accuracy']$$, fit_params => 'batch_size=8');
-- a clone without metrics has no value to be compared by
SELECT cerebro.control('controlled', 'clone', :key, compile_params => $$optimizer='SGD(lr=0.1)',loss='categorical_crossentropy'$$);
SELECT cerebro.advance('packed', 'controlled', 'alone', 4, validation_table => 'packed_val', metrics_compute_frequency => 1, iterations => 1) AS iterations_left;
SET client_min_messages = warning;
SELECT cerebro.control('controlled', 'resume', max(mst_key) - 1) FROM controlled_trials;
SET client_min_messages = error;
SELECT cerebro.advance('packed', 'controlled', 'alone', 4, validation_table => 'packed_val', metrics_compute_frequency => 1, iterations => 9) AS iterations_left;
SELECT mst_key - :key AS mst_key, state, iterations, error, point_iterations FROM controlled_trials ORDER BY 1;
SELECT action, mst_key - :key AS mst_key, new_mst_key - :key AS new_mst_key, refused FROM controlled_control ORDER BY requested_at;
SELECT state, end_reason FROM cerebro.runs WHERE name = 'trials_case.controlled';

-- a model that there is no memory for fails, whether it is the first or a later one
SET cerebro.max_memory = '2GB';
SELECT cerebro.search('packed', 'memory', 'large', 2, $${'loss': ['categorical_crossentropy'], 'optimizer_params_list': [{'optimizer': ['SGD'], 'lr': [0.01, 0.1]}]}$$,
    $${'batch_size': [8, 16]}$$, '{"policy": "grid", "concurrency": 1}', 'packed_val', workers => 0) IS NOT NULL AS found;
SELECT model_id, state, count(*), min(regexp_replace(error, '[0-9.]+ [kMG]B', '... MB', 'g')) AS error FROM memory_trials GROUP BY 1, 2 ORDER BY 1;
RESET cerebro.max_memory;

-- why runs end
SELECT cerebro.search('packed', 'by_failures', 'archs', 4, compile, fit, '{"policy": "random", "max_models": 30, "max_failures": 1}', model_id_list => '{1,3}') IS NOT NULL AS found FROM space;
-- all have failed: none of them is the best
SELECT cerebro.search('packed', 'none_trained', 'archs', 4, compile, fit, '{"policy": "random", "max_models": 30, "max_failures": 1}', model_id_list => '{3}') IS NOT NULL AS found FROM space;
SELECT state, count(*) > 0 AS some, max(iterations) AS iterations FROM none_trained_trials GROUP BY 1 ORDER BY 1;
SET client_min_messages = warning;
-- models that are never trained, because another cannot be made: none of them is the best, and they rank as what they are
SELECT cerebro.load_model('unfit', format('{"class_name": "Sequential", "config": [
  {"class_name": "Dense", "config": {"name": "out", "units": %s, "activation": "softmax", "batch_input_shape": [null, 3]}}]}', units)::json)
FROM unnest(ARRAY[3, 5]) units;
SELECT cerebro.search('packed', 'none_scored', 'unfit', 4, compile, '{"batch_size": [8]}', '{"policy": "random", "max_models": 3, "concurrency": 3, "max_failures": 0}', 'packed_val', seed => 1) IS NOT NULL AS found FROM space;
SELECT mst_key, model_id, state, iterations, remark, error FROM none_scored_trials ORDER BY 1;
SELECT rank, mst_key, status, training_loss, validation_loss FROM cerebro.leaderboard('none_scored');
SELECT state, end_reason, models, diverged, iterations, metric, best_mst_key FROM cerebro.runs WHERE name = 'trials_case.none_scored';
SET client_min_messages = error;
-- beside models that are trained they do not count: the others are ranked by the validation table
SELECT cerebro.search('packed', 'some_scored', 'archs', 4, compile, fit, '{"policy": "random", "max_models": 3, "concurrency": 3}', 'packed_val', model_id_list => '{1}', seed => 1) IS NOT NULL AS found FROM space;
UPDATE some_scored_info SET status = 'untrained', training_loss_final = NULL, training_metrics_final = NULL, validation_loss_final = NULL, validation_metrics_final = NULL
WHERE mst_key = (SELECT min(mst_key) FROM some_scored_info);
SELECT count(*) AS models, string_agg(status, ' ' ORDER BY rank) AS statuses,
    array_agg(validation_metric ORDER BY rank) FILTER (WHERE status = 'trained') = array_agg(validation_metric ORDER BY validation_metric DESC) FILTER (WHERE status = 'trained') AS by_validation
FROM cerebro.leaderboard('some_scored');
SELECT cerebro.search('packed', 'by_time', 'archs', 4, compile, fit, '{"policy": "random", "max_models": 12, "time_budget": 0.000001}', model_id_list => '{1}') IS NOT NULL AS found FROM space;
SELECT cerebro.search('packed', 'by_grid', 'archs', 1, $${'loss': ['mse'], 'optimizer': ['sgd()']}$$, fit, '{"policy": "grid"}', model_id_list => '{1}') IS NOT NULL AS found FROM space;
SELECT cerebro.fit_multiple_model('packed', 'by_iterations', 'alone', 1);
SELECT cerebro.fit_multiple_model('packed', 'by_stopping', 'alone', 50, early_stopping => $${'monitor': 'loss', 'patience': 1, 'min_delta': 100}$$);
SELECT cerebro.advance('packed', 'by_person', 'alone', 5, iterations => 1) AS iterations_left;
SELECT cerebro.control('by_person', 'finish');
SELECT cerebro.advance('packed', 'by_person', 'alone', 5, iterations => 1) AS iterations_left;
SELECT name, state, end_reason FROM cerebro.runs WHERE name ~ '^trials_case\.(by_|failing|durable)' ORDER BY name;
SELECT end_reason FROM by_failures_summary;
SELECT count(*) FILTER (WHERE state = 'failed') AS failed FROM by_failures_trials;

-- what is left: of a search about so many rounds
SELECT cerebro.advance('packed', 'remaining', 'archs', 4, seed => 2, iterations => 1, search => whole('{"policy": "random", "max_models": 12, "concurrency": 3, "model_ids": [1]}')) AS rounds_left;
SELECT cerebro.advance('packed', 'remaining', 'archs', 4, seed => 2, iterations => 5, search => whole('{"policy": "random", "max_models": 12, "concurrency": 3, "model_ids": [1]}')) AS rounds_left;
SELECT cerebro.advance('packed', 'remaining', 'archs', 4, seed => 2, iterations => 99, search => whole('{"policy": "random", "max_models": 12, "concurrency": 3, "model_ids": [1]}')) AS rounds_left;
SELECT iteration, end_reason FROM cerebro.runs WHERE name = 'trials_case.remaining';
-- a sampler outside has no more trials than it was given
SELECT cerebro.advance('packed', 'outside', 'alone', 4, iterations => 1, search => '{"policy": "external", "max_models": 2}') > 0 AS goes_on;
SELECT cerebro.tell('outside', 2, $$optimizer='SGD(lr=0.1)',loss='categorical_crossentropy',metrics=['accuracy']$$, 'batch_size=16') FROM generate_series(1, 3);
SELECT cerebro.advance('packed', 'outside', 'alone', 4, iterations => 9, search => '{"policy": "external", "max_models": 2}') AS rounds_left;
SELECT mst_key, state FROM cerebro.ask('outside');
SELECT new_mst_key, refused FROM outside_control ORDER BY requested_at;
SELECT end_reason FROM outside_summary;

-- the plan of a search: metrics after every round, and frozen layers
SELECT cerebro.load_model('frozen', '{"class_name": "Sequential", "config": [
  {"class_name": "Dense", "config": {"name": "trunk", "units": 8, "activation": "relu", "trainable": false, "batch_input_shape": [null, 3]}},
  {"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax"}}]}');
SELECT line FROM cerebro.explain_fit_multiple_model('packed', 'planned', 'frozen', 9, search => whole('{"policy": "asha", "max_models": 27}')) line WHERE line ~ 'Metrics|Features';
SELECT line::json -> 0 -> 'Plan' ->> 'Evaluations' AS evaluations FROM cerebro.explain_fit_multiple_model('packed', 'planned', 'frozen', 9, format => 'json',
    search => whole('{"policy": "random", "max_models": 32, "concurrency": 4}')) line;
-- what a policy never does
SET client_min_messages = notice;
SELECT count(*) > 0 AS planned FROM cerebro.explain_fit_multiple_model('packed', 'planned', 'frozen', 9, search => whole('{"policy": "tpe", "max_models": 6, "concurrency": 2}'));
SELECT count(*) > 0 AS planned FROM cerebro.explain_fit_multiple_model('packed', 'planned', 'frozen', 9, search => whole('{"policy": "gp", "max_models": 16, "concurrency": 16}'));
SELECT count(*) > 0 AS planned FROM cerebro.explain_fit_multiple_model('packed', 'planned', 'frozen', 2, search => whole('{"policy": "hyperband", "max_models": 16}'));
SET client_min_messages = warning;

-- keys that say nothing
CREATE FUNCTION refused(iterations int, search text) RETURNS TABLE (message text, hint text) LANGUAGE plpgsql AS $$
DECLARE
    m text; h text;
BEGIN
    PERFORM cerebro.explain_fit_multiple_model('packed', 'x', 'archs', iterations, search => whole(search));
    RETURN QUERY SELECT 'none'::text, ''::text;
EXCEPTION WHEN others THEN
    GET STACKED DIAGNOSTICS m = MESSAGE_TEXT, h = PG_EXCEPTION_HINT;
    RETURN QUERY SELECT m, h;
END $$;
\x on
SELECT r.* FROM (VALUES
    (1, 9, '{"policy": "pbt", "interval": 9}'), (2, 9, '{"policy": "pbt", "population": 8, "max_models": 4}'), (3, 1, '{"policy": "pbt"}'),
    (4, 9, '{"policy": "hyperband", "brackets": 5}'), (5, 9, '{"policy": "random", "min_iterations": 2}'), (6, 9, '{"policy": "asha", "startup": 4}'),
    (7, 9, '{"policy": "hyperband", "sampler": "gp", "multivariate": true}'), (8, 9, '{"policy": "random", "architectures": {1: {"layers": 1}}}'),
    (9, 9, '{"policy": "tpe", "architectures": {9: {"layers": 1}}}'), (10, 9, '{"policy": "random", "model_ids": [1, 9]}'),
    (11, 9, '{"policy": "external", "max_models": 3, "concurrency": 2}'), (12, 9, '{"policy": "random", "etta": 2}'), (13, 9, '{"policy": "random", "max_models": 3')) s(n, iterations, search),
    refused(iterations, search) r ORDER BY s.n;
SELECT cerebro.search('packed', 'x', 'archs', 6, compile, $${'batch_size': {'low': 8, 'high': 64, 'q': 0}}$$) FROM space;
SELECT cerebro.search('packed', 'x', 'archs', 6, compile, $${'batch_size': {'low': 8, 'high': 64, 'integer': False}}$$) FROM space;
\x off
SELECT count(*) AS left_behind FROM pg_tables WHERE schemaname = 'trials_case' AND tablename LIKE 'x%';
DROP SCHEMA trials_case CASCADE;
