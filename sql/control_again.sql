-- Living runs that go on, are trained further, or are repeated: trials of the run before are no trials of the next one, halving goes on, data that
-- change between two parts are noticed, and keys at the edge are refused.
SET client_min_messages = warning;
CREATE SCHEMA control_again;
SET search_path = control_again, public;
CREATE TABLE points AS SELECT i AS id, i % 3 AS label, ARRAY[(i * 7) % 11, (i * 5) % 13, i % 3]::real[] AS x FROM generate_series(1, 120) i;
SELECT cerebro.training_preprocessor_dl('points', 'packed', 'label', 'x', num_partitions => 2);
SELECT cerebro.load_model('archs', '{"class_name": "Sequential", "config": [
  {"class_name": "Dense", "config": {"name": "hidden", "units": 8, "activation": "relu", "batch_input_shape": [null, 3]}},
  {"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax"}}]}');
SELECT cerebro.load_model_selection_table('archs', 'configs', ARRAY[1],
    ARRAY[$$optimizer='Adam(lr=0.01)',loss='categorical_crossentropy',metrics=['accuracy']$$,
          $$optimizer='SGD(lr=0.05,momentum=0.9)',loss='categorical_crossentropy',metrics=['accuracy']$$],
    ARRAY['batch_size=8', 'batch_size=32']);
CREATE FUNCTION found(out_table text) RETURNS TABLE(mst_key int, weights text, states text, curves text) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format('SELECT i.mst_key, (SELECT md5(model_weights) FROM %1$s m WHERE m.mst_key = i.mst_key),
        (SELECT md5(string_agg(s.piece || md5(s.data), '','' ORDER BY s.piece)) FROM %1$s_state s WHERE s.mst_key = i.mst_key),
        md5(concat_ws('' '', status, metrics_iters, training_metric_values, iterations_done, stopped_iteration, stopped_by, training_loss_final)) FROM %1$s_info i',
        out_table);
END $$;
SET client_min_messages = error;

-- a warm start of a run that had trials, in parts
SELECT cerebro.advance('packed', 'run', 'configs', 3, workers => 0, iterations => 1) AS iterations_left;
SELECT cerebro.control('run', 'stop', 2);
SELECT cerebro.control('run', 'add', model_id => 1, compile_params => $$optimizer='SGD(lr=0.1)',loss='categorical_crossentropy',metrics=['accuracy']$$, fit_params => 'batch_size=32');
SELECT cerebro.advance('packed', 'run', 'configs', 3, workers => 0, iterations => 100) AS iterations_left;
SELECT mst_key, state, iterations FROM run_trials ORDER BY 1;
-- asked for when nobody looks any more
INSERT INTO run_control (action, mst_key) VALUES ('delete', 1);
DELETE FROM configs WHERE mst_key = 4;
SELECT cerebro.advance('packed', 'run', 'configs', 4, workers => 0, warm_start => true, iterations => 1) AS iterations_left;
SELECT count(*) AS trials FROM run_trials;
SELECT cerebro.advance('packed', 'run', 'configs', 4, workers => 0, warm_start => true, iterations => 1) AS iterations_left;
SELECT cerebro.control('run', 'stop', 3);
SELECT cerebro.advance('packed', 'run', 'configs', 4, workers => 0, warm_start => true, iterations => 100) AS iterations_left;
SELECT mst_key, status, iterations_done FROM run_info ORDER BY 1;
SELECT action, mst_key, round, refused FROM run_control ORDER BY requested_at;
-- an atomic one leaves no trials behind
SELECT cerebro.fit_multiple_model('packed', 'run', 'configs', 1, workers => 0, warm_start => true);
SELECT to_regclass('run_trials') IS NULL AS none;
INSERT INTO configs SELECT 4, 1, compile_params, 'batch_size=16' FROM configs WHERE mst_key = 1;

-- halving goes on when a model is stopped, and in the replay
SELECT cerebro.fit_multiple_model('packed', 'halved', 'configs', 3, workers => 0, halving => $${'eta': 2, 'iterations': [1, 2]}$$);
SELECT cerebro.advance('packed', 'parts', 'configs', 3, workers => 0, halving => $${'eta': 2, 'iterations': [1, 2]}$$, iterations => 100) AS iterations_left;
SELECT cerebro.replay('parts', 'again', workers => 0);
SELECT count(*) AS models, bool_and(h = p) AS parts, bool_and(h = a) AS replayed FROM found('halved') h JOIN found('parts') p USING (mst_key) JOIN found('again') a USING (mst_key);
SELECT cerebro.advance('packed', 'stopped', 'configs', 3, workers => 0, halving => $${'eta': 2, 'iterations': [2]}$$, iterations => 1) AS iterations_left;
SELECT cerebro.control('stopped', 'stop', 1);
SELECT cerebro.advance('packed', 'stopped', 'configs', 3, workers => 0, halving => $${'eta': 2, 'iterations': [2]}$$, iterations => 100) AS iterations_left;
SELECT status, stopped_by, count(*) FROM stopped_info GROUP BY 1, 2 ORDER BY 1, 2;

-- rows of another content under the same names: seen by the next part, and fine again when they are back
CREATE TABLE other_points AS SELECT id, label, ARRAY[x[2], x[1], x[3]] AS x FROM points;
CREATE FUNCTION swap() RETURNS trigger LANGUAGE plpgsql SET search_path = control_again AS $$
BEGIN
    IF NEW.iteration = 1 AND to_regclass('kept') IS NULL THEN
        ALTER TABLE packed RENAME TO kept; ALTER TABLE packed_summary RENAME TO kept_summary;
        ALTER TABLE other RENAME TO packed; ALTER TABLE other_summary RENAME TO packed_summary;
    END IF;
    RETURN NULL;
END $$;
SELECT cerebro.training_preprocessor_dl('other_points', 'other', 'label', 'x', num_partitions => 2);
SELECT cerebro.fit_multiple_model('packed', 'undisturbed', 'configs', 3, workers => 0);
SELECT cerebro.advance('packed', 'swapped', 'configs', 3, workers => 0, iterations => 1) AS iterations_left;
CREATE TRIGGER swap AFTER INSERT ON swapped_run FOR EACH ROW EXECUTE FUNCTION swap();
\set VERBOSITY terse
-- the record is written as the call begins: what it has prepared is of other rows than what it would train on
CALL cerebro.fit('packed', 'swapped', 'configs', 3, workers => 0, checkpoint_interval => '0');
\set VERBOSITY default
SELECT state, iteration, error FROM swapped_run;
DROP TRIGGER swap ON swapped_run;
ALTER TABLE packed RENAME TO other;
ALTER TABLE packed_summary RENAME TO other_summary;
ALTER TABLE kept RENAME TO packed;
ALTER TABLE kept_summary RENAME TO packed_summary;
CALL cerebro.fit('packed', 'swapped', 'configs', 3, workers => 0);
SELECT bool_and(u = s) AS same FROM found('undisturbed') u JOIN found('swapped') s USING (mst_key);

-- key 0 says that it is no parent, and behind the last key there is none
UPDATE configs SET mst_key = 0 WHERE mst_key = 1;
SELECT cerebro.advance('packed', 'zero', 'configs', 2, workers => 0, iterations => 1) AS iterations_left;
SELECT cerebro.control('zero', 'clone', 0);
SELECT cerebro.control('zero', 'clone', 0, from_weights => false);
SELECT cerebro.control('zero', 'stop', 0);
SELECT cerebro.advance('packed', 'zero', 'configs', 2, workers => 0, iterations => 100) AS iterations_left;
SELECT mst_key, parent, began, iterations FROM zero_trials ORDER BY 1;
SELECT action, mst_key, new_mst_key, refused FROM zero_control ORDER BY requested_at;
SELECT cerebro.replay('zero', 'zero_again', workers => 0);
SELECT count(*) AS models, bool_and(z = a) AS same FROM found('zero') z JOIN found('zero_again') a USING (mst_key);
UPDATE configs SET mst_key = 2147483647 WHERE mst_key = 4;
SELECT cerebro.advance('packed', 'most', 'configs', 2, workers => 0, iterations => 1) AS iterations_left;
SELECT cerebro.control('most', 'clone', 2);
SELECT cerebro.advance('packed', 'most', 'configs', 2, workers => 0, iterations => 100) AS iterations_left;
SELECT action, mst_key, new_mst_key, refused FROM most_control;

-- trained further than the run was to, a model is measured as often as before
SELECT cerebro.advance('packed', 'longer', 'configs', 4, workers => 0, metrics_compute_frequency => 2, iterations => 3) AS iterations_left;
SELECT cerebro.control('longer', 'stop', 2);
SELECT cerebro.control('longer', 'resume', 2, iterations => 9);
SELECT cerebro.advance('packed', 'longer', 'configs', 4, workers => 0, metrics_compute_frequency => 2, iterations => 100) AS iterations_left;
SELECT mst_key, metrics_iters FROM longer_info WHERE mst_key IN (2, 3) ORDER BY 1;

-- whoever goes on with a run sees what others commit meanwhile
SET client_min_messages = warning;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT cerebro.advance('packed', 'never', 'configs', 1, workers => 0);
ROLLBACK;
SET client_min_messages = error;
SET default_transaction_isolation = 'serializable';
CREATE FUNCTION isolation() RETURNS trigger LANGUAGE plpgsql SET search_path = control_again AS $$
BEGIN RAISE WARNING 'a part is %', current_setting('transaction_isolation'); RETURN NULL; END $$;
SELECT cerebro.advance('packed', 'never', 'configs', 1, workers => 0);
CALL cerebro.fit('packed', 'levels', 'configs', 1, workers => 0);
RESET default_transaction_isolation;
SELECT cerebro.advance('packed', 'level', 'configs', 2, workers => 0, iterations => 1) > 0 AS more;
CREATE TRIGGER isolation AFTER INSERT ON level_run FOR EACH ROW EXECUTE FUNCTION isolation();
SET client_min_messages = warning;
SET default_transaction_isolation = 'serializable';
\set VERBOSITY terse
CALL cerebro.fit('packed', 'level', 'configs', 2, workers => 0);
DO $$ BEGIN CALL cerebro.fit('packed', 'level_too', 'configs', 1, workers => 0); RAISE WARNING 'behind it it is %', current_setting('transaction_isolation'); END $$;
RESET default_transaction_isolation;
DROP SCHEMA control_again CASCADE;
