-- CALL cerebro.fit: a run that commits while it goes on, and goes on where it was. Without procedures: cerebro.advance.
SET client_min_messages = warning;
CREATE SCHEMA durable_case;
SET search_path = durable_case, public;

CREATE TABLE points AS SELECT i AS id, i % 3 AS label, ARRAY[(i * 7) % 11, (i * 5) % 13, i % 3]::real[] AS x FROM generate_series(1, 300) i;
SELECT cerebro.training_preprocessor_dl('points', 'packed', 'label', 'x', num_partitions => 3);
SELECT cerebro.validation_preprocessor_dl('points', 'packed_val', 'label', 'x', 'packed');
SELECT cerebro.load_model('archs', '{"class_name": "Sequential", "config": [
  {"class_name": "Dense", "config": {"name": "hidden", "units": 8, "activation": "relu", "batch_input_shape": [null, 3]}},
  {"class_name": "Dropout", "config": {"name": "drop", "rate": 0.2}},
  {"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax"}}]}');
SELECT cerebro.load_model_selection_table('archs', 'configs', ARRAY[1],
    ARRAY[$$optimizer='Adam(lr=0.01)',loss='categorical_crossentropy',metrics=['accuracy']$$,
          $$optimizer='SGD(lr=0.05,momentum=0.9)',loss='categorical_crossentropy',metrics=['accuracy']$$,
          $$optimizer='SGD(lr=3e38,momentum=0.9)',loss='categorical_crossentropy',metrics=['accuracy']$$],
    ARRAY['batch_size=8', 'batch_size=32']);

-- all that a run has found, but for times: weights, states, curves, what was decided, the log of visits
CREATE FUNCTION found(out_table text) RETURNS TABLE(weights text, states text, curves text, visits text) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format('SELECT (SELECT md5(string_agg(mst_key || md5(model_weights), '','' ORDER BY mst_key)) FROM %1$s),
        (SELECT md5(string_agg(mst_key || '' '' || piece || md5(data), '','' ORDER BY mst_key, piece)) FROM %1$s_state),
        (SELECT md5(string_agg(concat_ws('' '', mst_key, status, diverged_step, metrics_iters, training_metric_values, validation_metric_values, iterations_done,
            best_iteration, stopped_iteration, stopped_by, training_loss_final, validation_loss_final), '','' ORDER BY mst_key)) FROM %1$s_info),
        (SELECT md5(string_agg(concat_ws('' '', mst_key, iteration, visit, partition_id, loss, rows), '','' ORDER BY mst_key, iteration, visit)) FROM %1$s_visits)',
        out_table);
END $$;

SET client_min_messages = error;
SELECT cerebro.fit_multiple_model('packed', 'plain', 'configs', 6, validation_table => 'packed_val', metrics_compute_frequency => 2, seed => 5, workers => 0, restore_best => true,
    early_stopping => $${'patience': 1, 'monitor': 'val_loss', 'min_delta': 0.1}$$);
-- a commit behind every visit, behind every round, and none but the last; in the session and by workers
CALL cerebro.fit('packed', 'each_visit', 'configs', 6, validation_table => 'packed_val', metrics_compute_frequency => 2, seed => 5, workers => 0, restore_best => true,
    early_stopping => $${'patience': 1, 'monitor': 'val_loss', 'min_delta': 0.1}$$, checkpoint_interval => '0');
CALL cerebro.fit('packed', 'by_workers', 'configs', 6, validation_table => 'packed_val', metrics_compute_frequency => 2, seed => 5, workers => 2, restore_best => true,
    early_stopping => $${'patience': 1, 'monitor': 'val_loss', 'min_delta': 0.1}$$, checkpoint_interval => '0');
SET cerebro.shared_state_mem = 0;
CALL cerebro.fit('packed', 'by_file', 'configs', 6, validation_table => 'packed_val', metrics_compute_frequency => 2, seed => 5, workers => 2, restore_best => true,
    early_stopping => $${'patience': 1, 'monitor': 'val_loss', 'min_delta': 0.1}$$, checkpoint_interval => '0');
RESET cerebro.shared_state_mem;
CALL cerebro.fit('packed', 'at_once', 'configs', 6, validation_table => 'packed_val', metrics_compute_frequency => 2, seed => 5, workers => 0, restore_best => true,
    early_stopping => $${'patience': 1, 'monitor': 'val_loss', 'min_delta': 0.1}$$);
SET client_min_messages = warning;
SELECT name, found(name) = found('plain') AS same FROM unnest(ARRAY['each_visit', 'by_workers', 'by_file', 'at_once']) name;
SELECT state, iteration, iterations, generation > 20 AS many, error, committed_at >= started_at AS in_order, visits FROM each_visit_run;
SELECT state, iteration, iterations, generation, error FROM at_once_run;
SELECT state_place, (SELECT count(*) FROM pg_ls_tmpdir()) AS files FROM by_file_summary;
SELECT DISTINCT stopped_iteration, stopped_by FROM plain_info ORDER BY 1, 2;

-- so many iterations a call, for servers without procedures
SET client_min_messages = error;
SELECT cerebro.advance('packed', 'advanced', 'configs', 6, validation_table => 'packed_val', metrics_compute_frequency => 2, seed => 5, workers => 0, restore_best => true,
    early_stopping => $${'patience': 1, 'monitor': 'val_loss', 'min_delta': 0.1}$$, iterations => 1) AS iterations_left;
SELECT state, iteration, generation FROM advanced_run;
SELECT name, state, iteration, last_commit IS NOT NULL AS committed, error FROM cerebro.runs WHERE name LIKE 'durable_case.a%' ORDER BY name;
SELECT cerebro.advance('packed', 'advanced', 'configs', 6, validation_table => 'packed_val', metrics_compute_frequency => 2, seed => 5, workers => 0, restore_best => true,
    early_stopping => $${'patience': 1, 'monitor': 'val_loss', 'min_delta': 0.1}$$, iterations => 2) AS iterations_left;
-- what is there can be used: of models that are in the middle of an iteration, too
SELECT count(*) FROM cerebro.leaderboard('advanced');
SELECT max(iteration) FROM cerebro.learning_curve('advanced');
SELECT cerebro.predict('advanced', 'points', 'id', 'x', 'guesses', mst_key => 1);
SELECT count(*) FROM guesses;
-- a CALL goes on with what advance has begun
CALL cerebro.fit('packed', 'advanced', 'configs', 6, validation_table => 'packed_val', metrics_compute_frequency => 2, seed => 5, workers => 2, restore_best => true,
    early_stopping => $${'patience': 1, 'monitor': 'val_loss', 'min_delta': 0.1}$$, checkpoint_interval => '1 second');
SELECT found('advanced') = found('plain') AS same;
SET client_min_messages = notice;
-- nothing is left to do
CALL cerebro.fit('packed', 'advanced', 'configs', 6, validation_table => 'packed_val', metrics_compute_frequency => 2, seed => 5, workers => 2, restore_best => true,
    early_stopping => $${'patience': 1, 'monitor': 'val_loss', 'min_delta': 0.1}$$);
SET client_min_messages = error;

-- halving, without validation
SELECT cerebro.fit_multiple_model('packed', 'halved', 'configs', 4, workers => 0, halving => $${'eta': 2, 'iterations': [1, 2]}$$);
CALL cerebro.fit('packed', 'halved_parts', 'configs', 4, workers => 0, halving => $${'eta': 2, 'iterations': [1, 2]}$$, checkpoint_interval => '0');
SELECT found('halved_parts') = found('halved') AS same;
-- a warm start begins where the stored models are, and may be durable itself
SELECT cerebro.fit_multiple_model('packed', 'halved', 'configs', 3, workers => 0, warm_start => true, metrics_compute_frequency => 1, restore_best => true);
CALL cerebro.fit('packed', 'halved_parts', 'configs', 3, workers => 2, warm_start => true, metrics_compute_frequency => 1, restore_best => true, checkpoint_interval => '0');
SELECT found('halved_parts') = found('halved') AS same;
-- an atomic warm start makes an atomic run of it
SELECT cerebro.fit_multiple_model('packed', 'halved', 'configs', 1, workers => 0, warm_start => true);
SELECT cerebro.fit_multiple_model('packed', 'halved_parts', 'configs', 1, workers => 0, warm_start => true);
SELECT found('halved_parts') = found('halved') AS same, to_regclass('halved_parts_run') IS NULL AS atomic;

-- a run that an error ends: what was committed stays, and the same call goes on
CREATE FUNCTION fail_at() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no more visits' USING ERRCODE = 'XX000'; END $$;
SELECT cerebro.advance('packed', 'failed', 'configs', 4, workers => 0, iterations => 2) AS iterations_left;
CREATE TRIGGER fail_at BEFORE INSERT ON failed_visits FOR EACH ROW EXECUTE FUNCTION fail_at();
\set VERBOSITY terse
CALL cerebro.fit('packed', 'failed', 'configs', 4, workers => 2);
\set VERBOSITY default
SELECT state, iteration, error FROM cerebro.runs WHERE name = 'durable_case.failed';
SELECT count(*) FROM failed_visits;
-- this session's claim is gone with the error
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid();
DROP TRIGGER fail_at ON failed_visits;
-- the commit itself fails
CREATE CONSTRAINT TRIGGER fail_at AFTER INSERT ON failed_visits DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fail_at();
\set VERBOSITY terse
CALL cerebro.fit('packed', 'failed', 'configs', 4, workers => 2);
\set VERBOSITY default
SELECT state, iteration, error FROM cerebro.runs WHERE name = 'durable_case.failed';
SELECT (SELECT count(*) FROM failed_visits) AS visits, count(*) AS claims FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid();
DROP TRIGGER fail_at ON failed_visits;
CALL cerebro.fit('packed', 'failed', 'configs', 4, workers => 2);
SELECT state, iteration, error FROM cerebro.runs WHERE name = 'durable_case.failed';
SELECT cerebro.fit_multiple_model('packed', 'not_failed', 'configs', 4, workers => 0);
SELECT found('failed') = found('not_failed') AS same;

-- other arguments, configurations, settings or data are refused by name
SELECT cerebro.advance('packed', 'half', 'configs', 4, workers => 0, seed => 1) AS iterations_left;
SET client_min_messages = warning;
CALL cerebro.fit('packed', 'half', 'configs', 5, seed => 2, halving => $${'eta': 2, 'iterations': [1, 2]}$$);
SET cerebro.precision = 'float64';
CALL cerebro.fit('packed', 'half', 'configs', 4, seed => 1);
RESET cerebro.precision;
BEGIN;
UPDATE configs SET fit_params = 'batch_size=16' WHERE mst_key = 2;
DELETE FROM configs WHERE mst_key = 5;
SELECT cerebro.advance('packed', 'half', 'configs', 4, workers => 0, seed => 1);
ROLLBACK;
BEGIN;
UPDATE archs SET model_arch = replace(model_arch::text, '"rate": 0.2', '"rate": 0.3')::json;
SELECT cerebro.advance('packed', 'half', 'configs', 4, workers => 0, seed => 1);
ROLLBACK;
CREATE TABLE more_points AS SELECT i AS id, i % 3 AS label, ARRAY[(i * 7) % 11, (i * 5) % 13, i % 3]::real[] AS x FROM generate_series(1, 310) i;
SELECT cerebro.append_rows('packed', 'more_points');
DO $$
DECLARE
    detail text;
BEGIN
    PERFORM cerebro.advance('packed', 'half', 'configs', 4, workers => 0, seed => 1);
EXCEPTION WHEN object_not_in_prerequisite_state THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RAISE WARNING '%: %', SQLERRM, regexp_replace(detail, '[0-9a-f]{8,}', '...', 'g');
END $$;
-- a run that has not ended is no start for another one, and its name is taken
SELECT cerebro.fit_multiple_model('packed', 'half', 'configs', 1, warm_start => true);
SELECT cerebro.fit_multiple_model('packed', 'half', 'configs', 1);

-- where it cannot be
BEGIN;
CALL cerebro.fit('packed', 'never', 'configs', 1);
ROLLBACK;
DO $$ BEGIN CALL cerebro.fit('packed', 'within', 'configs', 1, workers => 0); END $$;
SELECT state FROM within_run;
DO $$ BEGIN CALL cerebro.fit('packed', 'never', 'configs', 1); EXCEPTION WHEN OTHERS THEN RAISE WARNING '%', SQLERRM; END $$;
SET client_min_messages = error;
CREATE PROCEDURE one_by_one() LANGUAGE plpgsql AS $$
DECLARE
    i int;
BEGIN
    FOR i IN SELECT * FROM generate_series(1, 2) LOOP
        CALL cerebro.fit('packed', 'within_' || i, 'configs', 1, workers => i, checkpoint_interval => '0');
    END LOOP;
END $$;
CALL one_by_one();
SELECT name, state FROM cerebro.runs WHERE name LIKE 'durable_case.within%' ORDER BY name;
SET client_min_messages = warning;
CREATE FUNCTION calls() RETURNS void LANGUAGE plpgsql AS $$ BEGIN CALL cerebro.fit('packed', 'never', 'configs', 1); END $$;
SELECT calls();
CREATE TEMPORARY TABLE temporary_points AS SELECT * FROM points;
SELECT cerebro.training_preprocessor_dl('temporary_points', 'pg_temp.temporary_packed', 'label', 'x', num_partitions => 3);
CALL cerebro.fit('pg_temp.temporary_packed', 'never', 'configs', 1);
CALL cerebro.fit('packed', 'pg_temp.never', 'configs', 1);
SET default_transaction_read_only = on;
CALL cerebro.fit('packed', 'never', 'configs', 1);
RESET default_transaction_read_only;
CALL cerebro.fit('packed', 'never', 'configs', 1, checkpoint_interval => '-1 s');
CALL cerebro.fit('packed', 'never', 'configs', 1, checkpoint_interval => NULL);
SELECT cerebro.advance('packed', 'never', 'configs', 1, iterations => 0);
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'durable_case' AND c.relname LIKE 'never%';

-- renamed and dropped as one thing; a run goes on under its new name
SELECT cerebro.advance('packed', 'first_name', 'configs', 2, workers => 0) AS iterations_left;
SELECT cerebro.rename_run('first_name', 'second_name');
SELECT cerebro.advance('packed', 'second_name', 'configs', 2, workers => 0) AS iterations_left;
SELECT name, state FROM cerebro.runs WHERE name LIKE 'durable_case.%name';
SELECT cerebro.drop_run('second_name');
SELECT to_regclass('second_name_run') IS NULL AS gone;
-- a record of a later version
UPDATE half_run SET format = 2;
SELECT cerebro.advance('packed', 'half', 'configs', 4, workers => 0, seed => 1);
DROP SCHEMA durable_case CASCADE;
