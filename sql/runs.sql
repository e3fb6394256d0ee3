-- cerebro.runs, drop_run and rename_run: what was trained can be listed, renamed and dropped as one thing.
SET client_min_messages = warning;
CREATE SCHEMA runs_case;
SET search_path = runs_case, public;

\set data `echo "$CEREBRO_TEST_DATA"`
\i :data/attempt.sql

CREATE TABLE points AS SELECT i AS id, i % 2 AS label, ARRAY[i % 2, 1 - i % 2]::real[] AS x FROM generate_series(1, 64) i;
SELECT cerebro.training_preprocessor_dl('points', 'packed', 'label', 'x', num_partitions => 2);
SELECT cerebro.load_model('archs', $$ {"class_name": "Sequential", "config": [
 {"class_name": "Dense", "config": {"name": "out", "units": 2, "activation": "softmax", "batch_input_shape": [null, 2]}}]} $$);
SELECT cerebro.load_model_selection_table('archs', 'configs', ARRAY[1], ARRAY[$$optimizer='SGD(lr=1.0)',loss='categorical_crossentropy',metrics=['accuracy']$$,
    $$optimizer='SGD(lr=3e38,momentum=0.9)',loss='categorical_crossentropy',metrics=['accuracy']$$], ARRAY['batch_size=8']);
SELECT cerebro.load_model_selection_table('archs', 'losses', ARRAY[1], ARRAY[$$optimizer='SGD(lr=1.0)',loss='categorical_crossentropy'$$], ARRAY['batch_size=8']);
SET client_min_messages = error;
SELECT cerebro.fit_multiple_model('packed', 'first', 'configs', 3, name => 'a name', description => 'what it is for', workers => 0);
SELECT cerebro.fit_multiple_model('packed', '"The Second"', 'losses', 1, workers => 0);
SELECT cerebro.fit_multiple_model('packed', '"The Second"', 'losses', 1, workers => 0, warm_start => true);
SET client_min_messages = warning;

SELECT name, run_name, description, source_table, finished_at >= started_at AS in_order, models, diverged, iterations, metric, best_mst_key, best_metric,
       best_loss = (SELECT training_loss_final FROM first_info WHERE mst_key = 1) AS loss FROM cerebro.runs WHERE name LIKE 'runs_case.%';
-- the name is what other functions take
SELECT r.name, l.mst_key FROM cerebro.runs r, cerebro.leaderboard(r.name) l WHERE r.name LIKE 'runs_case.%' AND l.rank = 1;
-- tables of such names that are no run
CREATE TABLE other (a integer);
CREATE TABLE other_info (mst_key integer);
CREATE TABLE other_summary (model text);
SELECT name FROM cerebro.runs WHERE name LIKE 'runs_case.%';

\x on
SELECT * FROM attempt($$SELECT cerebro.drop_run('other')$$);
SELECT * FROM attempt($$SELECT cerebro.drop_run('missing')$$);
SELECT * FROM attempt($$SELECT cerebro.drop_run(NULL)$$);
SELECT * FROM attempt($$SELECT cerebro.rename_run('first', 'other')$$);
SELECT * FROM attempt($$SELECT cerebro.rename_run('first', 'public.elsewhere')$$);
SELECT * FROM attempt($$SELECT cerebro.rename_run('first', 'a_name_that_is_so_long_that_no_suffix_can_be_put_behind_it_any_more')$$);
SELECT * FROM attempt($$SELECT cerebro.rename_run('first', '"The Second"')$$);
\x off

-- a run goes by its new name: reports, warm start, and listing
SELECT cerebro.rename_run('first', '"First of All"');
SELECT name, iterations FROM cerebro.runs WHERE name LIKE 'runs_case.%';
SELECT model, model_info FROM "First of All_summary";
SET client_min_messages = error;
SELECT cerebro.fit_multiple_model('packed', '"First of All"', 'configs', 1, workers => 0, warm_start => true);
SELECT cerebro.fit_multiple_model('packed', 'first', 'configs', 1, workers => 0);
SET client_min_messages = warning;
SELECT name, iterations FROM cerebro.runs WHERE name LIKE 'runs_case.%';

-- another role: sees what it may read, drops and renames nothing that it does not own
CREATE ROLE cerebro_runs_reader;
GRANT USAGE ON SCHEMA runs_case TO cerebro_runs_reader;
GRANT SELECT ON first, first_info, first_summary TO cerebro_runs_reader;
SET ROLE cerebro_runs_reader;
SELECT name FROM cerebro.runs;
DO $$ BEGIN PERFORM cerebro.drop_run('first'); EXCEPTION WHEN insufficient_privilege THEN RAISE WARNING '%', SQLERRM; END $$;
DO $$ BEGIN PERFORM cerebro.rename_run('first', 'mine'); EXCEPTION WHEN insufficient_privilege THEN RAISE WARNING '%', SQLERRM; END $$;
RESET ROLE;

-- a view stands in the way, as it does of DROP TABLE
CREATE VIEW curves AS SELECT mst_key, training_loss FROM first_info;
DO $$ BEGIN PERFORM cerebro.drop_run('first'); EXCEPTION WHEN dependent_objects_still_exist THEN RAISE WARNING '%', SQLERRM; END $$;
DROP VIEW curves;
SELECT cerebro.drop_run('first');
SELECT cerebro.drop_run('"First of All"');
SELECT name FROM cerebro.runs WHERE name LIKE 'runs_case.%';
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'runs_case' AND c.relkind = 'r' ORDER BY c.relname::text COLLATE "C";
DROP SCHEMA runs_case CASCADE;
DROP ROLE cerebro_runs_reader;
