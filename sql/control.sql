-- Runs that people change while they go on: stop, resume, delete, clone, add, reprioritise, finish; and their replay. Between two calls of
-- cerebro.advance a run is as it is between two rounds of CALL cerebro.fit.
SET client_min_messages = warning;
CREATE SCHEMA control_case;
SET search_path = control_case, public;

CREATE TABLE points AS SELECT i AS id, i % 3 AS label, ARRAY[(i * 7) % 11, (i * 5) % 13, i % 3]::real[] AS x FROM generate_series(1, 300) i;
SELECT cerebro.training_preprocessor_dl('points', 'packed', 'label', 'x', num_partitions => 3);
SELECT cerebro.validation_preprocessor_dl('points', 'packed_val', 'label', 'x', 'packed');
SELECT cerebro.load_model('archs', '{"class_name": "Sequential", "config": [
  {"class_name": "Dense", "config": {"name": "hidden", "units": 8, "activation": "relu", "batch_input_shape": [null, 3]}},
  {"class_name": "Dropout", "config": {"name": "drop", "rate": 0.2}},
  {"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax"}}]}');
SELECT cerebro.load_model('archs', '{"class_name": "Sequential", "config": [
  {"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax", "batch_input_shape": [null, 3]}}]}');
SELECT cerebro.load_model_selection_table('archs', 'configs', ARRAY[1],
    ARRAY[$$optimizer='Adam(lr=0.01)',loss='categorical_crossentropy',metrics=['accuracy']$$,
          $$optimizer='SGD(lr=0.05,momentum=0.9)',loss='categorical_crossentropy',metrics=['accuracy']$$,
          $$optimizer='SGD(lr=3e38,momentum=0.9)',loss='categorical_crossentropy',metrics=['accuracy']$$],
    ARRAY['batch_size=8', 'batch_size=32']);

-- all that a run has found of a model, but for times
CREATE FUNCTION found(out_table text) RETURNS TABLE(mst_key int, weights text, states text, curves text, visits text) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format('SELECT i.mst_key, (SELECT md5(model_weights) FROM %1$s m WHERE m.mst_key = i.mst_key),
        (SELECT md5(string_agg(s.piece || md5(s.data), '','' ORDER BY s.piece)) FROM %1$s_state s WHERE s.mst_key = i.mst_key),
        md5(concat_ws('' '', status, diverged_step, metrics_iters, training_metric_values, validation_metric_values, iterations_done,
            best_iteration, stopped_iteration, stopped_by, training_loss_final, validation_loss_final)),
        (SELECT md5(string_agg(concat_ws('' '', iteration, visit, partition_id, loss, rows), '','' ORDER BY iteration, visit)) FROM %1$s_visits v
            WHERE v.mst_key = i.mst_key) FROM %1$s_info i',
        out_table);
END $$;
CREATE FUNCTION go_on(iterations bigint) RETURNS bigint LANGUAGE sql AS $$
    SELECT cerebro.advance('packed', 'run', 'configs', 6, validation_table => 'packed_val', metrics_compute_frequency => 2, seed => 5, restore_best => true,
        iterations => go_on.iterations) $$;

SET client_min_messages = error;
SELECT cerebro.fit_multiple_model('packed', 'plain', 'configs', 6, validation_table => 'packed_val', metrics_compute_frequency => 2, seed => 5, restore_best => true);
SELECT go_on(1);
SET client_min_messages = warning;
SELECT cerebro.control('run', 'stop', 2);
SELECT cerebro.control('run', 'clone', 1, compile_params => $$optimizer='Adam(lr=0.001)',loss='categorical_crossentropy',metrics=['accuracy']$$);
SELECT cerebro.control('run', 'clone', 1, fit_params => 'batch_size=16', from_weights => false, iterations => 3);
SELECT cerebro.control('run', 'clone', 3, compile_params => $$optimizer='Adam(lr=0.01)',loss='categorical_crossentropy',metrics=['accuracy']$$);
SELECT cerebro.control('run', 'add', model_id => 2, compile_params => $$optimizer='SGD(lr=0.1)',loss='categorical_crossentropy',metrics=['accuracy']$$,
    fit_params => 'batch_size=32', iterations => 2);
-- what cannot be trained fails, and the others go on
SELECT cerebro.control('run', 'add', model_id => 7, compile_params => $$optimizer='SGD(lr=0.1)',loss='categorical_crossentropy'$$, fit_params => 'batch_size=32');
SELECT cerebro.control('run', 'clone', 5);
SELECT go_on(2);
SELECT cerebro.control('run', 'resume', 2);
SELECT cerebro.control('run', 'delete', 4);
SELECT cerebro.control('run', 'reprioritise', 3, priority => 1);
SELECT cerebro.control('run', 'resume', 3);
SELECT go_on(1);
SELECT cerebro.control('run', 'reprioritise', 3, priority => 0);
SELECT go_on(100);
SELECT action, mst_key, round, new_mst_key, refused, requested_by = session_user AS by_me, took_effect_at >= requested_at AS in_order FROM run_control ORDER BY requested_at;
SELECT mst_key, state, parent, began, iterations, target, entered_round, priority, deleted, remark, error, point_iterations FROM run_trials ORDER BY mst_key;
SELECT mst_key, status, iterations_done, metrics_iters, stopped_iteration, stopped_by FROM run_info ORDER BY mst_key;
SELECT state, iteration, iterations FROM run_run;
-- whom nobody touched is as in the plain run, and whoever was stopped and resumed, too
SELECT r.mst_key, r = p AS same FROM found('run') r JOIN found('plain') p USING (mst_key) ORDER BY 1;
-- each iteration of a model once, and in order
SELECT count(*) FROM (SELECT mst_key, iteration, count(*) AS visits, min(iteration) OVER m - 1 AS began, dense_rank() OVER (PARTITION BY mst_key ORDER BY iteration) AS number
    FROM run_visits GROUP BY mst_key, iteration WINDOW m AS (PARTITION BY mst_key)) v JOIN run_info i USING (mst_key)
    WHERE i.status <> 'diverged' AND (iteration <> began + number OR visits <> 3);
-- replay
SET client_min_messages = error;
SELECT cerebro.replay('run', 'again', workers => 0);
SELECT cerebro.replay('run', 'by_workers', workers => 2);
SET client_min_messages = warning;
SELECT count(*) AS models, bool_and(r = a) AS same, bool_and(r = w) AS by_workers FROM found('run') r FULL JOIN found('again') a USING (mst_key) FULL JOIN found('by_workers') w USING (mst_key);
SELECT count(*) FROM run_trials r FULL JOIN again_trials a USING (mst_key) WHERE (r.state, r.iterations, r.parent, r.point_values) IS DISTINCT FROM (a.state, a.iterations, a.parent, a.point_values);
-- models of it can be used
SELECT count(*) FROM cerebro.leaderboard('run');
SELECT cerebro.predict('run', 'points', 'id', 'x', 'guesses', mst_key => 7);
SELECT count(*) FROM guesses;
SELECT cerebro.evaluate('run', 'packed_val', 'scores');
SELECT count(*) FROM scores;

-- finish; a CALL goes on with what advance has begun, and reads what was asked for
SET client_min_messages = error;
SELECT cerebro.advance('packed', 'ended', 'configs', 5, workers => 2, metrics_compute_frequency => 1, iterations => 2) AS iterations_left;
SELECT cerebro.control('ended', 'stop', 1);
CALL cerebro.fit('packed', 'ended', 'configs', 5, workers => 2, metrics_compute_frequency => 1, checkpoint_interval => '0');
SELECT mst_key, status, iterations_done FROM ended_info ORDER BY 1;
SELECT cerebro.advance('packed', 'ended_soon', 'configs', 5, workers => 2, metrics_compute_frequency => 1, iterations => 1) AS iterations_left;
SELECT cerebro.control('ended_soon', 'finish');
CALL cerebro.fit('packed', 'ended_soon', 'configs', 5, workers => 2, metrics_compute_frequency => 1);
SELECT state, iteration FROM ended_soon_run;
SELECT mst_key, status, iterations_done, stopped_by FROM ended_soon_info ORDER BY 1;
SET client_min_messages = warning;

-- what was asked for before a part does not end it, however long it takes
SELECT cerebro.load_model('wide_archs', '{"class_name": "Sequential", "config": [
  {"class_name": "Dense", "config": {"name": "first", "units": 500, "activation": "relu", "batch_input_shape": [null, 3]}},
  {"class_name": "Dense", "config": {"name": "second", "units": 500, "activation": "relu"}},
  {"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax"}}]}');
SELECT cerebro.load_model_selection_table('wide_archs', 'wide_configs', ARRAY[1],
    ARRAY[$$optimizer='Adam(lr=0.001)',loss='categorical_crossentropy',metrics=['accuracy']$$], ARRAY['batch_size=2', 'batch_size=3']);
SET client_min_messages = error;
SELECT cerebro.advance('packed', 'wide', 'wide_configs', 12, workers => 0, iterations => 1) AS iterations_left;
SELECT cerebro.control('wide', 'stop', 1);
SELECT cerebro.advance('packed', 'wide', 'wide_configs', 12, workers => 0, iterations => 9) AS iterations_left;
SELECT state, iteration FROM wide_run;
SELECT mst_key, status, iterations_done FROM wide_info ORDER BY 1;
SET client_min_messages = warning;

-- a model that waits for another one, and diverges later, has its NaN all the same
SELECT cerebro.load_model_selection_table('archs', 'first', ARRAY[1], ARRAY[$$optimizer='Adam(lr=0.01)',loss='categorical_crossentropy',metrics=['accuracy']$$],
    ARRAY['batch_size=32']);
SET client_min_messages = error;
SELECT cerebro.advance('packed', 'waited', 'first', 6, metrics_compute_frequency => 2, iterations => 1) AS iterations_left;
SELECT cerebro.control('waited', 'reprioritise', 1, priority => 1);
SELECT cerebro.control('waited', 'add', model_id => 1, compile_params => $$optimizer='SGD(lr=3e38,momentum=0.9)',loss='categorical_crossentropy',metrics=['accuracy']$$,
    fit_params => 'batch_size=32', iterations => 5);
SELECT cerebro.advance('packed', 'waited', 'first', 6, metrics_compute_frequency => 2, iterations => 9) AS iterations_left;
SELECT mst_key, status, iterations_done, metrics_iters FROM waited_info ORDER BY 1;
SELECT iteration FROM waited_run;
SET client_min_messages = warning;

-- more models than there was room for at first, by the session, by workers, and with states in a file
SET client_min_messages = error;
CREATE FUNCTION many(out_table text, workers bigint) RETURNS void LANGUAGE sql AS $$
    SELECT cerebro.fit_multiple_model('packed', out_table, 'archs', 1, validation_table => 'packed_val', workers => many.workers, search =>
        $search${'policy': 'random', 'max_models': 70, 'concurrency': 4, 'compile_params_grid': {'loss': ['categorical_crossentropy'], 'metrics': ['accuracy'],
            'optimizer_params_list': [{'optimizer': ['SGD', 'Adam'], 'lr': [0.0001, 0.1, 'log']}]}, 'fit_params_grid': {'batch_size': [8, 32]}}$search$) $$;
SELECT many('many', 0);
SELECT many('many_by_workers', 2);
SET cerebro.shared_state_mem = 0;
SELECT many('many_in_file', 2);
RESET cerebro.shared_state_mem;
SELECT count(*) AS models, bool_and(m = w) AS by_workers, bool_and(m = f) AS in_file
FROM found('many') m FULL JOIN found('many_by_workers') w USING (mst_key) FULL JOIN found('many_in_file') f USING (mst_key);
SELECT state_place FROM many_in_file_summary;
SET client_min_messages = warning;

-- errors
SELECT cerebro.control('run', 'stop', 1);
SELECT cerebro.control('plain', 'stop', 1);
SELECT cerebro.control('nothing', 'stop', 1);
SELECT cerebro.advance('packed', 'more', 'configs', 3, workers => 0) > 0 AS more_to_do;
SELECT cerebro.control('more', 'halt', 1);
SELECT cerebro.control('more', 'stop');
SELECT cerebro.control('more', 'stop', 99);
SELECT cerebro.control('more', 'stop', 1, iterations => 3);
SELECT cerebro.control('more', 'clone', 1, compile_params => $$optimizer='Adam(speed=1)'$$);
SELECT cerebro.control('more', 'clone', 1, iterations => 0);
SELECT cerebro.control('more', 'add', compile_params => $$optimizer='SGD(lr=0.1)',loss='categorical_crossentropy'$$, fit_params => 'batch_size=32');
SELECT cerebro.control('more', 'reprioritise', 1);
SELECT cerebro.control(NULL, 'stop', 1);
SELECT cerebro.replay('more', 'never');
SELECT cerebro.replay('plain', 'never');
SELECT cerebro.replay('run', 'plain');
-- a row that is no action is refused by the run
INSERT INTO more_control (action, mst_key) VALUES ('halt', 1), ('stop', NULL), ('add', NULL);
SELECT cerebro.advance('packed', 'more', 'configs', 3, workers => 0) > 0 AS more_to_do;
SELECT action, mst_key, round, refused FROM more_control ORDER BY action;
-- whoever may insert rows may control, and nobody else
CREATE ROLE control_guest;
GRANT USAGE ON SCHEMA control_case TO control_guest;
SET ROLE control_guest;
SELECT cerebro.control('more', 'stop', 1);
RESET ROLE;
GRANT INSERT ON more_control TO control_guest;
SET ROLE control_guest;
SELECT cerebro.control('more', 'stop', 1);
RESET ROLE;
SELECT cerebro.advance('packed', 'more', 'configs', 3, workers => 0) >= 0 AS went_on;
SELECT mst_key, status, iterations_done FROM more_info WHERE mst_key = 1;
-- runs that halve
SELECT cerebro.advance('packed', 'halved', 'configs', 3, workers => 0, halving => $${'eta': 2, 'iterations': [2]}$$) > 0 AS more_to_do;
SELECT cerebro.control('halved', 'clone', 1);
SELECT cerebro.drop_run('more');
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'control_case' AND c.relname LIKE 'more%';
DROP SCHEMA control_case CASCADE;
DROP ROLE control_guest;
