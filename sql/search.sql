-- A run that searches: policies, the same trials and the same bits twice and for any number of workers, failing trials, samplers outside.
SET client_min_messages = warning;
CREATE SCHEMA search_case;
SET search_path = search_case, public;

CREATE TABLE points AS SELECT i AS id, i % 3 AS label, ARRAY[(i * 7) % 11, (i * 5) % 13, i % 3]::real[] AS x FROM generate_series(1, 300) i;
SELECT cerebro.training_preprocessor_dl('points', 'packed', 'label', 'x', num_partitions => 3);
SELECT cerebro.validation_preprocessor_dl('points', 'packed_val', 'label', 'x', 'packed');
SELECT cerebro.load_model('archs', format('{"class_name": "Sequential", "config": [
  {"class_name": "Dense", "config": {"name": "hidden", "units": %s, "activation": "relu", "batch_input_shape": [null, 3]}},
  {"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax"}}]}', units)::json)
FROM unnest(ARRAY[2, 8, 32]) units;

CREATE TABLE space AS SELECT
$${'loss': ['categorical_crossentropy'], 'metrics': ['accuracy'], 'optimizer_params_list': [
    {'optimizer': ['SGD'], 'lr': [0.0001, 1, 'log'], 'momentum': {'low': 0, 'high': 0.99}},
    {'optimizer': ['Adam'], 'lr': [0.0001, 0.1, 'log']}]}$$::text AS compile,
$${'batch_size': {'low': 8, 'high': 64, 'distribution': 'log', 'q': 8}, 'epochs': {'values': [1, 2], 'when': {'model_id': [1, 2]}}}$$::text AS fit;

-- the short way: the best model's key
SELECT cerebro.search('packed', 'short', 'archs', 9, compile, fit, '{"policy": "asha", "max_models": 27, "concurrency": 9}', 'packed_val', seed => 1) AS best FROM space \gset
SELECT mst_key = :best AS is_the_best FROM cerebro.leaderboard('short') WHERE rank = 1;
SELECT state, iterations, count(*) > 0 AS some FROM short_trials GROUP BY 1, 2 ORDER BY 1, 2;
SELECT count(*) AS models, sum(iterations) < 27 * 9 / 2 AS less_than_half, max(iterations), bool_and(i.iterations_done = t.iterations) AS agree
FROM short_trials t JOIN short_info i USING (mst_key);
SELECT count(*) > 0 AS "there only where it is", bool_and((fit_params LIKE '%epochs%') = (model_id IN (1, 2))) AS always FROM short_trials;
-- what parameters explain
SELECT bool_and(importance BETWEEN 0 AND 1) AS parts, sum(importance) <= 1.001 AS of_a_whole, count(*) FROM cerebro.importance('short');
SELECT string_agg(parameter, ' ' ORDER BY parameter) FROM cerebro.importance('short', iteration => 1);

-- every policy: the same trials and bits twice, by the session and by workers
CREATE FUNCTION found(out_table text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    r text;
BEGIN
    EXECUTE format('SELECT (SELECT md5(string_agg(concat_ws('' '', mst_key, state, model_id, compile_params, fit_params, parent, iterations, target, entered_round, bracket,
            remark, point_values), '','' ORDER BY mst_key)) FROM %1$s_trials) || '' '' ||
        (SELECT md5(string_agg(mst_key || md5(model_weights), '','' ORDER BY mst_key)) FROM %1$s) || '' '' ||
        (SELECT md5(string_agg(concat_ws('' '', mst_key, status, metrics_iters, training_loss, validation_loss, iterations_done), '','' ORDER BY mst_key))
            FROM %1$s_info)', out_table) INTO r;
    RETURN r;
END $$;
CREATE TABLE policies (name text, search text);
INSERT INTO policies VALUES ('random', '{"policy": "random", "max_models": 10, "concurrency": 4}'),
    ('tpe', '{"policy": "tpe", "max_models": 16, "startup": 6, "concurrency": 4, "median_stopping": true, "min_iterations": 2}'),
    ('gp', '{"policy": "gp", "max_models": 14, "startup": 6, "concurrency": 4}'),
    ('hyperband', '{"policy": "hyperband", "max_models": 14, "seeds_per_config": 2, "monitor": "val_loss"}'),
    ('asha', '{"policy": "asha", "max_models": 18, "concurrency": 6, "sampler": "tpe", "startup": 6}'),
    ('bohb', '{"policy": "bohb", "startup": 5}'),
    ('pbt', '{"policy": "pbt", "population": 6, "interval": 2}');
SET client_min_messages = error;
SELECT p.name, (SELECT bool_and(cerebro.search('packed', t.prefix || p.name, 'archs', 6, compile, fit, p.search, 'packed_val', seed => 3, workers => t.workers) IS NOT NULL)
    FROM (VALUES ('once_', 0), ('one_', 1), ('two_', 2)) t(prefix, workers)) AS found
FROM policies p, space ORDER BY 1;
SELECT p.name, found('once_' || p.name) = found('one_' || p.name) AS one_worker, found('once_' || p.name) = found('two_' || p.name) AS two_workers FROM policies p ORDER BY 1;
SELECT count(*) AS members, count(parent) AS clones, count(*) FILTER (WHERE began > 0) AS began_later FROM once_pbt_trials;
SELECT bool_and(n = 2) AS in_pairs FROM (SELECT count(*) AS n FROM once_hyperband_trials GROUP BY model_id, compile_params, fit_params) c;

-- each model is the one that is trained alone
SELECT cerebro.load_model_selection_table('archs', 'alone', ARRAY[model_id], ARRAY[compile_params], ARRAY[fit_params]) FROM once_random_trials WHERE mst_key = 1;
SELECT cerebro.fit_multiple_model('packed', 'one_alone', 'alone', 6, validation_table => 'packed_val', seed => 3);
SELECT a.model_weights = r.model_weights AS same FROM one_alone a JOIN once_random r USING (mst_key);

-- a durable run with a commit behind every visit
SELECT search AS asha FROM policies WHERE name = 'asha' \gset
SELECT format('{"compile_params_grid": %s, "fit_params_grid": %s, %s', to_json(compile::text), to_json(fit::text), substr(:'asha', 2)) AS whole FROM space \gset
CALL cerebro.fit('packed', 'durable', 'archs', 6, validation_table => 'packed_val', seed => 3, workers => 0, checkpoint_interval => '0', search => :'whole');
SELECT found('durable') = found('once_asha') AS same;
SELECT state, iteration > 0 AS rounds FROM cerebro.runs WHERE name = 'search_case.durable';

-- configurations of a selection table are tried first; what cannot be made fails, and the search goes on
SELECT cerebro.load_model('archs', '{"class_name": "Sequential", "config": [
  {"class_name": "Dense", "config": {"name": "wrong", "units": 3, "activation": "softmax", "batch_input_shape": [null, 5]}}]}');
SELECT cerebro.search('packed', 'failing', 'archs', 2, compile, fit, '{"policy": "random", "max_models": 8, "concurrency": 2}', 'packed_val', seed => 8) IS NOT NULL AS found FROM space;
SELECT state, count(*) > 0 AS some, count(error) > 0 AS with_error, min(error) FROM failing_trials GROUP BY 1 ORDER BY 1;
SELECT cerebro.fit_multiple_model('packed', 'first', 'alone', 2, validation_table => 'packed_val', seed => 3,
    search => format('{"policy": "random", "max_models": 3, "compile_params_grid": %s, "fit_params_grid": %s}', to_json(compile), to_json(fit))) FROM space;
SELECT t.mst_key, t.compile_params = a.compile_params AND t.fit_params = a.fit_params AS given FROM first_trials t, alone a ORDER BY 1;

-- a sampler outside: the run goes by what it is told
SELECT cerebro.advance('packed', 'outside', 'alone', 2, validation_table => 'packed_val', seed => 3, iterations => 2, search => '{"policy": "external", "max_models": 3}') > 0 AS goes_on;
SELECT mst_key, state, iteration, value IS NOT NULL AS known FROM cerebro.ask('outside');
SELECT cerebro.tell('outside', 2, $$optimizer='SGD(lr=0.1)',loss='categorical_crossentropy',metrics=['accuracy']$$, 'batch_size=16');
SELECT cerebro.tell('outside', 3, $$optimizer='SGD(lr=0.1)',loss='categorical_crossentropy',metrics=['accuracy']$$, 'batch_size=16');
SELECT cerebro.advance('packed', 'outside', 'alone', 2, validation_table => 'packed_val', seed => 3, iterations => 2, search => '{"policy": "external", "max_models": 3}') AS left;
SELECT mst_key, state, model_id, iteration, value IS NOT NULL AS known FROM cerebro.ask('outside');

-- a trial without the metric that the others are ranked by
SELECT cerebro.advance('packed', 'ranked', 'alone', 2, validation_table => 'packed_val', seed => 3, iterations => 2, search => '{"policy": "external", "max_models": 3}') > 0 AS goes_on;
SELECT cerebro.tell('ranked', 2, $$optimizer='SGD(lr=0.1)',loss='categorical_crossentropy'$$, 'batch_size=16');
SELECT cerebro.advance('packed', 'ranked', 'alone', 2, validation_table => 'packed_val', seed => 3, iterations => 2, search => '{"policy": "external", "max_models": 3}') AS left;
SELECT mst_key, state, error FROM ranked_trials ORDER BY 1;
-- the plan
SELECT line FROM space, cerebro.explain_fit_multiple_model('packed', 'planned', 'archs', 27, validation_table => 'packed_val', search =>
    format('{"policy": "hyperband", "compile_params_grid": %s, "fit_params_grid": %s}', to_json(compile), to_json(fit))) line
WHERE line ~ 'Search|bracket|drawn|model-iterations|Fewer';
-- as many brackets as trials: the plan has a line of the first ones
SELECT count(*) FILTER (WHERE line ~ '^ *bracket') AS brackets, string_agg(line, ' ') FILTER (WHERE line ~ 'more bracket|model-iterations of') AS others
FROM space, cerebro.explain_fit_multiple_model('packed', 'planned', 'archs', 1, search =>
    format('{"policy": "hyperband", "max_models": 1000000, "compile_params_grid": %s, "fit_params_grid": %s}', to_json(compile), to_json(fit))) line;
SELECT line::json -> 0 -> 'Plan' -> 'Search' ->> 'Expected Model Iterations' AS expected FROM space, cerebro.explain_fit_multiple_model('packed', 'planned', 'archs', 27,
    format => 'json', search => format('{"policy": "pbt", "compile_params_grid": %s, "fit_params_grid": %s}', to_json(compile), to_json(fit))) line;

-- a value that is no number, of a parameter that is not looked at
SELECT cerebro.search('packed', 'not_numbers', 'archs', 1, $${'loss': ['categorical_crossentropy'], 'optimizer': ['SGD']}$$,
    $${'batch_size': [16], 'verbose': [nan, 1]}$$, '{"policy": "grid"}', model_id_list => ARRAY[1], seed => 1) IS NOT NULL AS found;
SELECT fit_params, state FROM not_numbers_trials ORDER BY mst_key;

-- what a search refuses
SELECT cerebro.search('packed', 'x', 'archs', 6, compile, fit, '{"policy": "ahsa"}') FROM space;
SELECT cerebro.search('packed', 'x', 'archs', 6, compile, fit, '{"policy": "asha", "populaton": 4}') FROM space;
SELECT cerebro.search('packed', 'x', 'archs', 6, compile, fit, '{"policy": "grid"}') FROM space;
SELECT cerebro.search('packed', 'x', 'archs', 6, compile, fit, '{"policy": "external", "max_models": 4}') FROM space;
SELECT cerebro.search('packed', 'x', 'archs', 6, compile, fit, '{"policy": "random", "monitor": "val_acuracy"}', 'packed_val') FROM space;
SELECT cerebro.search('packed', 'x', 'archs', 6, compile, fit, '{"policy": "random", "max_parameters": 2}') FROM space;
SELECT cerebro.search('packed', 'x', 'archs', 6, compile, $${'batch_size': {'low': 8, 'hihg': 64}}$$) FROM space;
SELECT cerebro.search('packed', 'x', 'archs', 6, compile, $${'batch_size': [8, 16], 'epochs': {'values': [1], 'when': {'batch_size': [9]}}}$$) FROM space;
SELECT cerebro.search('packed', 'x', 'archs', 6, $${'loss': ['mse'], 'optimizer_params_list': [{'optimizer': ['SGD'], 'lr': [-1e308, 1.7e308, 'linear']}]}$$, fit) FROM space;
SELECT cerebro.search('packed', 'x', 'archs', 6, NULL, NULL);
SELECT cerebro.search('packed', 'x', 'archs', 6, compile, fit, '{"policy": "random", "fit_params_grid": {}}') FROM space;
SELECT cerebro.fit_multiple_model('packed', 'x', 'alone', 6, warm_start => true, search => '{"policy": "random"}');
SELECT * FROM cerebro.importance('short', iteration => 77);
SELECT * FROM cerebro.ask('packed');
SELECT cerebro.tell('short', 1, 'x', 'y');
SELECT count(*) AS left_behind FROM pg_tables WHERE schemaname = 'search_case' AND tablename LIKE 'x%';
DROP SCHEMA search_case CASCADE;
