-- A name proves nothing: tables that look like a run's, or have the names of one, made by somebody else. What she would have others run never runs,
-- and what she makes does not end the listing for them.
SET client_min_messages = warning;
CREATE ROLE regress_runs_mallory;
CREATE ROLE regress_runs_victim;
CREATE SCHEMA hostile_runs;
GRANT ALL ON SCHEMA hostile_runs TO regress_runs_mallory, regress_runs_victim;
SET search_path = hostile_runs;
CREATE TABLE witnessed (who text, what text);
GRANT INSERT, SELECT, DELETE ON witnessed TO PUBLIC;
CREATE FUNCTION witness(what text) RETURNS text LANGUAGE plpgsql SET search_path = hostile_runs AS $$
BEGIN INSERT INTO witnessed VALUES (current_user, what); RETURN 'finished'; END $$;
CREATE FUNCTION witness_trigger() RETURNS trigger LANGUAGE plpgsql SET search_path = hostile_runs AS $$
BEGIN INSERT INTO witnessed VALUES (current_user, TG_RELID::regclass::text); RETURN NEW; END $$;

CREATE TABLE points AS SELECT i AS id, i % 3 AS label, ARRAY[i % 5, i % 3]::real[] AS x FROM generate_series(1, 60) i;
SELECT cerebro.training_preprocessor_dl('points', 'packed', 'label', 'x', num_partitions => 2);
SELECT cerebro.load_model('archs', $$ {"class_name": "Sequential", "config": [
 {"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax", "batch_input_shape": [null, 2]}}]} $$, name => 'small');
SELECT cerebro.load_model_selection_table('archs', 'configs', ARRAY[1], ARRAY[$$optimizer='SGD(lr=0.1)',loss='categorical_crossentropy',metrics=['accuracy']$$], ARRAY['batch_size=8']);
GRANT SELECT ON ALL TABLES IN SCHEMA hostile_runs TO regress_runs_mallory, regress_runs_victim;

SET ROLE regress_runs_mallory;
SET client_min_messages = error;
SELECT cerebro.fit_multiple_model('packed', name, 'configs', 1, workers => 0) FROM unnest(ARRAY['as_view', 'as_type', 'as_index', 'as_damage', 'as_name', 'as_plain']) name;
SELECT cerebro.advance('packed', 'as_durable', 'configs', 2, workers => 0, iterations => 1);
SET client_min_messages = warning;
-- a view instead of the record
CREATE VIEW as_view_run AS SELECT witness('view') AS state, 1::bigint AS iteration, now() AS committed_at, NULL::text AS error;
-- types whose casts and inputs are hers
CREATE TYPE stamp AS (at text);
CREATE FUNCTION stamp_text(stamp) RETURNS text LANGUAGE sql AS $$ SELECT hostile_runs.witness('cast') $$;
CREATE CAST (stamp AS text) WITH FUNCTION stamp_text(stamp);
CREATE TABLE as_type_run AS SELECT 'finished'::text AS state, 1::bigint AS iteration, ROW('x')::stamp AS committed_at, NULL::text AS error;
ALTER TABLE as_name_summary ALTER COLUMN end_training_time TYPE stamp USING ROW('x')::stamp;
-- an expression that is computed as a statement is planned
CREATE FUNCTION constant(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN PERFORM hostile_runs.witness('index'); RETURN 1; END $$;
CREATE INDEX ON as_index_info (constant(1));
DELETE FROM witnessed;
-- a record that cannot be read
CREATE TABLE as_damage_run AS SELECT 'finished'::text AS state, 'x'::text AS iteration, now() AS committed_at, NULL::text AS error;
UPDATE as_damage_info SET metric_names = '{}', training_loss_final = NULL;
-- a table of architectures that is a view
CREATE VIEW hers AS SELECT 1 AS model_id, witness('architectures') AS name;
UPDATE as_plain_summary SET model_arch_table = 'hostile_runs.hers';
RESET ROLE;
SELECT name, state, iteration FROM cerebro.runs WHERE name LIKE 'hostile_runs.%' ORDER BY name;
SELECT count(*) FROM cerebro.leaderboard('as_plain');
SELECT * FROM witnessed;

-- tables of names that a run of hers would have: a new run reads none of them
SET ROLE regress_runs_mallory;
CREATE VIEW taken_run AS SELECT 1 AS format, witness('record') AS state;
CREATE TABLE taken_too_control (action text, round int8);
CREATE TRIGGER witness AFTER INSERT OR UPDATE ON taken_too_control FOR EACH ROW EXECUTE FUNCTION witness_trigger();
GRANT ALL ON taken_run, taken_too_control TO PUBLIC;
SET ROLE regress_runs_victim;
CALL cerebro.fit('packed', 'taken', 'configs', 1, workers => 0);
CALL cerebro.fit('packed', 'taken_too', 'configs', 1, workers => 0);
SELECT cerebro.advance('packed', 'taken', 'configs', 1, workers => 0);
-- beside a run that is there
SET client_min_messages = error;
SELECT cerebro.fit_multiple_model('packed', 'mine', 'configs', 1, workers => 0);
SELECT cerebro.advance('packed', 'my_own', 'configs', 3, workers => 0, iterations => 1);
SELECT cerebro.advance('packed', 'my_third', 'configs', 3, workers => 0, iterations => 1);
SET client_min_messages = warning;
DROP TABLE my_third_control;
SET ROLE regress_runs_mallory;
CREATE VIEW mine_run AS SELECT 1 AS format, witness('record') AS state;
CREATE TABLE my_own_trials (LIKE as_durable_run);
CREATE TABLE my_third_control (LIKE as_durable_control INCLUDING DEFAULTS);
CREATE TRIGGER witness AFTER INSERT OR UPDATE ON my_third_control FOR EACH ROW EXECUTE FUNCTION witness_trigger();
INSERT INTO my_third_control (action) VALUES ('finish');
DELETE FROM witnessed;
GRANT ALL ON mine_run, my_own_trials, my_third_control TO PUBLIC;
SET ROLE regress_runs_victim;
SELECT cerebro.fit_multiple_model('packed', 'mine', 'configs', 1, workers => 0, warm_start => true);
CALL cerebro.fit('packed', 'mine', 'configs', 1, workers => 0, warm_start => true);
SELECT cerebro.advance('packed', 'my_own', 'configs', 3, workers => 0, iterations => 1);
SELECT cerebro.advance('packed', 'my_third', 'configs', 3, workers => 0, iterations => 1);
SELECT cerebro.control('my_third', 'stop', 1);
RESET ROLE;
-- the whole run is hers: a trigger of it runs for nobody else
SET ROLE regress_runs_mallory;
CREATE TRIGGER witness BEFORE INSERT OR UPDATE ON as_durable_control FOR EACH ROW EXECUTE FUNCTION witness_trigger();
CREATE TRIGGER witness BEFORE INSERT OR UPDATE ON as_durable_run FOR EACH ROW EXECUTE FUNCTION witness_trigger();
RESET ROLE;
SELECT cerebro.control('as_durable', 'stop', 1);
SELECT cerebro.advance('packed', 'as_durable', 'configs', 2, workers => 0);
SELECT * FROM witnessed;
-- nor does one of any other table that a part or a warm start writes
SET ROLE regress_runs_mallory;
DROP TRIGGER witness ON as_durable_control;
DROP TRIGGER witness ON as_durable_run;
CREATE TRIGGER witness BEFORE INSERT OR DELETE ON as_durable_visits FOR EACH ROW EXECUTE FUNCTION witness_trigger();
CREATE TRIGGER witness BEFORE INSERT OR TRUNCATE ON as_plain_info FOR EACH STATEMENT EXECUTE FUNCTION witness_trigger();
RESET ROLE;
SELECT cerebro.advance('packed', 'as_durable', 'configs', 2, workers => 0);
SELECT cerebro.fit_multiple_model('packed', 'as_plain', 'configs', 1, workers => 0, warm_start => true);
SELECT * FROM witnessed;
-- and for herself it does
SET ROLE regress_runs_mallory;
SET client_min_messages = error;
SELECT cerebro.advance('packed', 'as_durable', 'configs', 2, workers => 0);
RESET ROLE;
SELECT DISTINCT who, what FROM witnessed ORDER BY 2;

-- what her table runs without a trigger: defaults and checks of domains in further columns, a partition's constraint, checks that are computed as a
-- statement is planned, and an action at the end of another table's foreign key
SET ROLE regress_runs_mallory;
SET client_min_messages = error;
SELECT cerebro.advance('packed', name, 'configs', 2, workers => 0, iterations => 1)
FROM unnest(ARRAY['as_domain', 'as_asked', 'as_composite', 'as_part', 'as_key', 'as_check']) name;
SET client_min_messages = warning;
CREATE FUNCTION is_seen(value text, what text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN PERFORM hostile_runs.witness(what); RETURN true; END $$;
CREATE DOMAIN noted AS text DEFAULT hostile_runs.witness('domain');
ALTER TABLE as_domain_control ADD COLUMN more noted;
CREATE DOMAIN asked AS text CHECK (hostile_runs.is_seen(VALUE, 'check of a domain'));
ALTER TABLE as_asked_control ADD COLUMN more asked;
CREATE TYPE holder AS (held asked);
ALTER TABLE as_composite_control ADD COLUMN more holder DEFAULT '(x)'::text::holder;
CREATE FUNCTION part_of(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN PERFORM hostile_runs.witness('partition'); RETURN 'a'; END $$;
CREATE TABLE whole (LIKE as_part_control INCLUDING DEFAULTS) PARTITION BY LIST (part_of(action));
ALTER TABLE whole ATTACH PARTITION as_part_control FOR VALUES IN ('a');
ALTER TABLE as_key_run ADD PRIMARY KEY (format);
CREATE TABLE hers_too (format bigint);
ALTER TABLE hers_too ADD FOREIGN KEY (format) REFERENCES as_key_run ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;
CREATE FUNCTION check_constant(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN PERFORM hostile_runs.witness('check'); RETURN 1; END $$;
ALTER TABLE as_check_info ADD CHECK (check_constant(1) > 0);
RESET ROLE;
DELETE FROM witnessed;
SELECT cerebro.control('as_domain', 'stop', 1);
SELECT cerebro.control('as_asked', 'stop', 1);
SELECT cerebro.control('as_composite', 'stop', 1);
SELECT cerebro.control('as_part', 'stop', 1);
SELECT cerebro.advance('packed', 'as_key', 'configs', 2, workers => 0);
SET constraint_exclusion = on;
SELECT name FROM cerebro.runs WHERE name = 'hostile_runs.as_check';
RESET constraint_exclusion;
SELECT * FROM witnessed;
-- what a part writes at its end is locked against triggers when it begins
SET ROLE regress_runs_mallory;
SET client_min_messages = error;
SELECT cerebro.advance('packed', 'as_late', 'configs', 2, workers => 0, iterations => 1);
SET client_min_messages = warning;
RESET ROLE;
BEGIN;
SAVEPOINT before_it;
SELECT cerebro.control('as_late', 'stop', 7);
ROLLBACK TO before_it;
SELECT cerebro.advance('packed', 'as_late', 'configs', 2, workers => 0) IS NOT NULL AS went_on;
SELECT mode FROM pg_locks WHERE relation = 'as_late_control'::regclass AND pid = pg_backend_pid() AND mode = 'RowExclusiveLock';
COMMIT;

DROP SCHEMA hostile_runs CASCADE;
DROP ROLE regress_runs_mallory, regress_runs_victim;
