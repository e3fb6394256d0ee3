-- What an ordinary role may do with little: columns instead of tables, and tables whose rows are hidden from it.
SET client_min_messages = warning;
CREATE SCHEMA privileges_case;
SET search_path = privileges_case, public;
CREATE ROLE cerebro_clerk;
GRANT USAGE, CREATE ON SCHEMA privileges_case TO cerebro_clerk;

CREATE TABLE points AS SELECT i AS id, i % 3 AS label, ARRAY[i % 5, i % 3]::real[] AS x, 'secret ' || i AS secret FROM generate_series(1, 60) i;
CREATE TABLE holes AS SELECT id, label, CASE WHEN id = 42 THEN NULL ELSE x END AS x, secret FROM points;
SELECT cerebro.training_preprocessor_dl('points', 'packed', 'label', 'x', num_partitions => 2);
SELECT cerebro.load_model('archs', $$ {"class_name": "Sequential", "config": [
 {"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax", "batch_input_shape": [null, 2]}}]} $$);
SELECT cerebro.load_model_selection_table('archs', 'configs', ARRAY[1], ARRAY[$$optimizer='SGD(lr=0.1)',loss='categorical_crossentropy',metrics=['accuracy']$$], ARRAY['batch_size=8']);
SET client_min_messages = error;
SELECT cerebro.fit_multiple_model('packed', 'models', 'configs', 1, workers => 0);
SET client_min_messages = warning;
GRANT SELECT ON models, models_info, models_summary, archs, configs, configs_summary TO cerebro_clerk;
GRANT SELECT (id, x) ON points TO cerebro_clerk;
GRANT SELECT (label, x) ON holes TO cerebro_clerk;

-- column privileges suffice
SET ROLE cerebro_clerk;
SELECT cerebro.predict('models', 'points', 'id', 'x', 'clerks_predictions', 'response');
SELECT count(*) FROM clerks_predictions;
\set VERBOSITY terse
SELECT cerebro.predict('models', 'points', 'secret', 'x', 'out', 'response');
SELECT cerebro.predict('models', 'holes', 'id', 'x', 'out', 'response');
SELECT cerebro.training_preprocessor_dl('holes', 'clerks_packed', 'label', 'x');
RESET ROLE;
GRANT SELECT (label, x) ON points TO cerebro_clerk;
SET ROLE cerebro_clerk;
SELECT cerebro.training_preprocessor_dl('points', 'clerks_packed', 'label', 'x', num_partitions => 2);
RESET ROLE;
SELECT (SELECT digest FROM packed_summary) = (SELECT digest FROM clerks_packed_summary) AS same;

-- settings: LOAD is the superuser's, a role's own defaults are its own once the library is there
SET ROLE cerebro_clerk;
LOAD 'pg_cerebro';
ALTER ROLE CURRENT_USER SET cerebro.workers = 3;
RESET ROLE;
SELECT setconfig FROM pg_db_role_setting s JOIN pg_roles r ON r.oid = s.setrole WHERE r.rolname = 'cerebro_clerk';

-- row-level security that hides buffers of a packed table, the row of its summary, or models
CREATE TABLE guarded AS SELECT * FROM packed;
CREATE TABLE guarded_summary AS SELECT * FROM packed_summary;
GRANT SELECT ON guarded, guarded_summary TO cerebro_clerk;
ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
CREATE POLICY first_partition ON guarded USING (partition_id = 0);
\set VERBOSITY default
SET ROLE cerebro_clerk;
SELECT cerebro.fit_multiple_model('guarded', 'out', 'configs', 1);
SELECT cerebro.evaluate('models', 'guarded', 'out');
RESET ROLE;
-- a policy that shows all is no hindrance
CREATE POLICY everything ON guarded USING (true);
SET ROLE cerebro_clerk;
SELECT cerebro.evaluate('models', 'guarded', 'clerks_scores');
RESET ROLE;
ALTER TABLE guarded_summary ENABLE ROW LEVEL SECURITY;
SET ROLE cerebro_clerk;
SELECT cerebro.evaluate('models', 'guarded', 'out');
RESET ROLE;
ALTER TABLE configs ENABLE ROW LEVEL SECURITY;
ALTER TABLE models_info ENABLE ROW LEVEL SECURITY;
SET ROLE cerebro_clerk;
SELECT cerebro.fit_multiple_model('clerks_packed', 'out', 'configs', 1);
SELECT cerebro.predict('models', 'points', 'id', 'x', 'out', 'response');
-- listing runs nobody else's policies
SELECT name FROM cerebro.runs WHERE name LIKE 'privileges_case.%';
RESET ROLE;
SELECT name FROM cerebro.runs WHERE name LIKE 'privileges_case.%';
DROP SCHEMA privileges_case CASCADE;
DROP ROLE cerebro_clerk;
