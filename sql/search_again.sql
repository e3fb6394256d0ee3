-- Searches that go on and are repeated: they choose from what they began with, whatever was loaded or added since, and need no more than is left of them.
SET client_min_messages = warning;
CREATE SCHEMA search_again;
SET search_path = search_again, public;
CREATE TABLE points AS SELECT i AS id, i % 3 AS label, ARRAY[(i * 7) % 11, (i * 5) % 13, i % 3]::real[] AS x FROM generate_series(1, 120) i;
SELECT cerebro.training_preprocessor_dl('points', 'packed', 'label', 'x', num_partitions => 2);
CREATE FUNCTION arch(units int) RETURNS json LANGUAGE sql AS $$
    SELECT format('{"class_name": "Sequential", "config": [
        {"class_name": "Dense", "config": {"name": "hidden", "units": %s, "activation": "relu", "batch_input_shape": [null, 3]}},
        {"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax"}}]}', units)::json $$;
SELECT cerebro.load_model('archs', arch(4));
SELECT cerebro.load_model('archs', arch(8));
CREATE FUNCTION found(out_table text) RETURNS TABLE(mst_key int, model_id int, params text, weights text) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format('SELECT i.mst_key, i.model_id, i.compile_params || i.fit_params, (SELECT md5(model_weights) FROM %1$s m WHERE m.mst_key = i.mst_key) FROM %1$s_info i', out_table);
END $$;
CREATE FUNCTION go_on(out_table text, iterations bigint) RETURNS bigint LANGUAGE sql AS $$
    SELECT cerebro.advance('packed', out_table, 'archs', 2, workers => 0, seed => 3, iterations => go_on.iterations, search => $search${'policy': 'random', 'max_models': 12, 'concurrency': 3,
        'compile_params_grid': {'loss': ['categorical_crossentropy'], 'metrics': ['accuracy'],
            'optimizer_params_list': [{'optimizer': ['SGD'], 'lr': [0.001, 0.1, 'log']}]}, 'fit_params_grid': {'batch_size': [8, 32]}}$search$) $$;
SET client_min_messages = error;
SELECT go_on('plain', 100);
SELECT go_on('run', 3) > 0 AS more;
-- to be added, and not to be searched
SELECT cerebro.load_model('archs', arch(6));
SELECT cerebro.control('run', 'add', model_id => 3, compile_params => $$optimizer='SGD(lr=0.1)',loss='categorical_crossentropy',metrics=['accuracy']$$, fit_params => 'batch_size=32');
SELECT go_on('run', 100);
SELECT model_id, count(*) FROM run_info GROUP BY 1 ORDER BY 1;
-- but for the one that was added the trials are those of the undisturbed search
SELECT count(*), count(*) FILTER (WHERE params IN (SELECT params FROM found('plain')) AND weights IS NOT NULL) AS same FROM found('run') WHERE model_id < 3;
SELECT cerebro.replay('run', 'again', workers => 0);
SELECT count(*) AS models, bool_and(r = a) AS same FROM found('run') r JOIN found('again') a USING (mst_key);
-- another architecture under the same number
SELECT go_on('other', 3) > 0 AS more;
SET client_min_messages = warning;
BEGIN;
UPDATE archs SET model_arch = arch(5) WHERE model_id = 2;
SELECT go_on('other', 1);
ROLLBACK;
BEGIN;
UPDATE archs SET model_arch = arch(5) WHERE model_id = 3;
SELECT cerebro.replay('run', 'never', workers => 0);
ROLLBACK;
SELECT go_on('other', 1) > 0 AS more;

-- first trials of a selection table
SET client_min_messages = error;
SELECT cerebro.load_model_selection_table('archs', 'first', ARRAY[1], ARRAY[$$optimizer='SGD(lr=0.05)',loss='categorical_crossentropy',metrics=['accuracy']$$], ARRAY['batch_size=8', 'batch_size=32']);
CREATE FUNCTION from_first(iterations bigint) RETURNS bigint LANGUAGE sql AS $$
    SELECT cerebro.advance('packed', 'after_first', 'first', 2, workers => 0, iterations => from_first.iterations, search => $search${'policy': 'random', 'max_models': 6, 'concurrency': 1,
        'compile_params_grid': {'loss': ['categorical_crossentropy'], 'metrics': ['accuracy'],
            'optimizer_params_list': [{'optimizer': ['SGD'], 'lr': [0.001, 0.1, 'log']}]}, 'fit_params_grid': {'batch_size': [8, 32]}}$search$) $$;
SELECT from_first(1) > 0 AS more;
SET client_min_messages = warning;
BEGIN;
INSERT INTO first SELECT 3, model_id, compile_params, 'batch_size=16' FROM first WHERE mst_key = 1;
SELECT from_first(1);
ROLLBACK;

-- what was deleted is not needed any more, and what was added must be what it was
SET client_min_messages = error;
CREATE FUNCTION train(iterations bigint) RETURNS bigint LANGUAGE sql AS $$
    SELECT cerebro.advance('packed', 'added', 'first', 6, workers => 0, iterations => train.iterations) $$;
SELECT cerebro.load_model('archs', arch(7));
SELECT cerebro.load_model('archs', arch(9));
SELECT train(1) AS iterations_left;
SELECT cerebro.control('added', 'add', model_id => 4, compile_params => $$optimizer='SGD(lr=0.1)',loss='categorical_crossentropy',metrics=['accuracy']$$, fit_params => 'batch_size=32');
SELECT cerebro.control('added', 'add', model_id => 5, compile_params => $$optimizer='SGD(lr=0.1)',loss='categorical_crossentropy',metrics=['accuracy']$$, fit_params => 'batch_size=32');
SELECT train(1) AS iterations_left;
SELECT cerebro.control('added', 'delete', 3);
SELECT train(1) AS iterations_left;
SELECT cerebro.delete_model('archs', 4);
SELECT train(1) AS iterations_left;
SET client_min_messages = warning;
BEGIN;
UPDATE archs SET model_arch = arch(5) WHERE model_id = 5;
SELECT train(1);
ROLLBACK;
SELECT train(1) AS iterations_left;
SELECT mst_key, status, iterations_done FROM added_info ORDER BY 1;

-- numbers that are written with fewer digits than they have, all of a finite space; a condition on any entry's optimizer
SET client_min_messages = error;
SELECT cerebro.fit_multiple_model('packed', 'grid', 'archs', 1, workers => 0, search => $search${'policy': 'grid', 'model_ids': [1], 'max_models': 20, 'concurrency': 20,
    'compile_params_grid': {'loss': ['categorical_crossentropy'], 'optimizer_params_list': [{'optimizer': ['SGD'], 'lr': {'low': 0.0009765625, 'high': 0.015625, 'q': 0.0009765625}}]},
    'fit_params_grid': {'batch_size': [32]}}$search$);
SELECT count(DISTINCT compile_params) FROM grid_info;
SELECT cerebro.fit_multiple_model('packed', 'entries', 'archs', 1, workers => 0, search => $search${'policy': 'grid', 'model_ids': [1], 'max_models': 20, 'concurrency': 20,
    'compile_params_grid': {'loss': ['categorical_crossentropy'], 'optimizer_params_list': [{'optimizer': ['SGD'], 'lr': [0.1]}, {'optimizer': ['Adam'], 'lr': [0.01]}]},
    'fit_params_grid': {'batch_size': [32], 'epochs': {'values': [1, 2], 'when': {'optimizer': ['SGD']}}}}$search$);
SELECT compile_params, fit_params FROM entries_info ORDER BY 1, 2;

-- a run that waits ends with its time; a model_id that is not there uses up no trial
DELETE FROM first WHERE mst_key = 2;
SELECT cerebro.advance('packed', 'outside', 'first', 1, workers => 0, search => '{"policy": "external", "max_models": 4, "time_budget": 1}') >= 0 AS waits;
SET client_min_messages = warning;
SELECT cerebro.tell('outside', model_id => 77, compile_params => $$optimizer='SGD(lr=0.1)',loss='categorical_crossentropy'$$, fit_params => 'batch_size=32');
SET client_min_messages = error;
SET statement_timeout = '100s';
CALL cerebro.fit('packed', 'outside', 'first', 1, workers => 0, search => '{"policy": "external", "max_models": 4, "time_budget": 1}');
RESET statement_timeout;
SELECT state FROM outside_run;
SELECT end_reason FROM outside_summary;
DROP SCHEMA search_again CASCADE;
