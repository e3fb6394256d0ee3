-- Registered models: versions, deployment, rollback, promotion, privileges, and independence of the run's tables.
SET client_min_messages = warning;
CREATE SCHEMA registry_case;
SET search_path = registry_case, public;

\set data `echo "$CEREBRO_TEST_DATA"`
\i :data/attempt.sql

CREATE TABLE points AS SELECT i AS id, (ARRAY['low', 'high'])[1 + (i * 7 % 11 + i % 3 > 6)::integer] AS label, (i * 7 % 11)::real AS a, (i % 3)::integer AS b FROM generate_series(1, 400) i;
SELECT cerebro.training_preprocessor_dl('points', 'packed', 'label', 'a, b', num_partitions => 2, seed => 1);
SELECT cerebro.validation_preprocessor_dl('points', 'packed_val', 'label', 'a, b', 'packed');
SELECT cerebro.load_model('archs', '{"class_name": "Sequential", "config": [
 {"class_name": "Dense", "config": {"name": "hidden", "units": 8, "activation": "relu", "batch_input_shape": [null, 2]}},
 {"class_name": "Dense", "config": {"name": "out", "units": 2, "activation": "softmax"}}]}');
-- a good model and a bad one
SELECT cerebro.load_model_selection_table('archs', 'configs', ARRAY[1],
    ARRAY[$$optimizer='Adam(lr=0.03)',loss='categorical_crossentropy',metrics=['accuracy']$$, $$optimizer='SGD(lr=1e-20)',loss='categorical_crossentropy',metrics=['accuracy']$$],
    ARRAY['batch_size=16']);
SELECT cerebro.fit_multiple_model('packed', 'models', 'configs', 8, workers => 0, seed => 3, validation_table => 'packed_val');
CREATE TABLE good AS SELECT mst_key FROM models_info WHERE compile_params LIKE '%Adam%';
CREATE TABLE bad AS SELECT mst_key FROM models_info WHERE compile_params LIKE '%SGD%';
DO $$
BEGIN
    PERFORM cerebro.predict('models', 'points', 'id', 'a, b', 'of_good', 'response', mst_key => (SELECT mst_key FROM good)),
        cerebro.predict('models', 'points', 'id', 'a, b', 'of_bad', 'response', mst_key => (SELECT mst_key FROM bad));
END $$;
CREATE TABLE truth AS SELECT id, g.class_value AS good, b.class_value AS bad FROM of_good g JOIN of_bad b USING (id);
SELECT count(*) AS differ FROM truth WHERE good <> bad AND false;
SELECT count(*) > 20 AS models_differ FROM truth WHERE good <> bad;
CREATE FUNCTION says(model text) RETURNS text LANGUAGE sql AS $$
SELECT CASE WHEN bool_and(said = good) THEN 'good' WHEN bool_and(said = bad) THEN 'bad' ELSE 'neither' END
FROM (SELECT id, cerebro.predict(model, p) AS said FROM registry_case.points p) s JOIN registry_case.truth USING (id) $$;

-- the first version is deployed; the next one waits
SET client_min_messages = notice;
SELECT cerebro.register('risk', 'models', (SELECT mst_key FROM bad), 'the first');
SELECT says('risk');
SELECT cerebro.register('risk', 'models', (SELECT mst_key FROM good), note => 'better');
SELECT says('risk'), says('risk@1'), says('risk@2');
\x on
SELECT name, owner = current_user AS own, version, versions, metric, metric_value BETWEEN 0 AND 1 AS has_metric, loss > 0 AS has_loss, trained_on, rows, parameters,
    bytes > 500 AS has_bytes, digest ~ '^[0-9a-f]{32}$' AS has_digest, deployed_at <= now() AS has_time, note, shared_with FROM cerebro.models;
SELECT name, version, deployed, metric, validation_metric > 0.9 AS accurate, rows, parameters, iterations, compile_params, fit_params, model_table, registered_by = current_user AS own,
    registered_at <= now() AS has_time, note, data_digest = (SELECT digest FROM packed_summary) AS of_these_data FROM cerebro.model_versions ORDER BY version;
\x off
SELECT cerebro.deploy('risk', 2);
SELECT says('risk');
SELECT cerebro.deploy('risk', 2);
SELECT cerebro.rollback('risk');
SELECT says('risk');
-- promotion: over a plain table, over a packed one, by a metric that is named
\x on
SELECT promoted, measured, candidate_version, candidate > deployed AS better, deployed_version, tested_rows FROM cerebro.promote_if_better('risk', 'points');
SELECT promoted, measured, candidate_version, deployed_version, tested_rows FROM cerebro.promote_if_better('risk', 'points');
SELECT promoted, measured, candidate_version, candidate < deployed AS worse, deployed_version, tested_rows FROM cerebro.promote_if_better('risk', 'packed_val', 1);
SELECT promoted, measured, candidate > deployed AS worse FROM cerebro.promote_if_better('risk', 'points', version => 1, metric => 'loss');
\x off
SELECT says('risk');
-- rows without a label are left out
CREATE TABLE half AS SELECT a, b, CASE WHEN id % 2 = 0 THEN label END AS label FROM points;
SELECT tested_rows, abs(candidate - (SELECT avg((label = good)::integer) FROM points JOIN truth USING (id) WHERE id % 2 = 0)) < 1e-6 AS right_accuracy FROM cerebro.promote_if_better('risk', 'half', 2);
SET client_min_messages = warning;

-- in one transaction: what was changed is seen, and gone when it is rolled back; a statement has one model
BEGIN;
SELECT says('risk');
SELECT cerebro.deploy('risk', 1);
SELECT says('risk');
ROLLBACK;
SELECT says('risk');
BEGIN;
SAVEPOINT s;
SELECT cerebro.rollback('risk');
SELECT says('risk');
ROLLBACK TO s;
SELECT says('risk');
COMMIT;
DO $$
BEGIN
    IF says('risk') <> 'good' THEN RAISE 'before'; END IF;
    PERFORM cerebro.deploy('risk', 1);
    IF says('risk') <> 'bad' THEN RAISE 'after'; END IF;
    PERFORM cerebro.rollback('risk');
    IF says('risk') <> 'good' THEN RAISE 'at the end'; END IF;
END $$;

-- other functions take registered models, too
SELECT cerebro.evaluate('risk', 'packed_val', 'scores');
SELECT abs(metric - (SELECT validation_metric FROM cerebro.model_versions WHERE name = 'risk' AND version = 2)) < 1e-6 AS same FROM scores;
SELECT sum(count) FROM cerebro.confusion_matrix('risk@2', 'packed_val');
SELECT array_length(cerebro.features('risk@2', 'hidden', p), 1) FROM points p WHERE id = 1;

-- a registered model is its own: the run's tables, the packed ones and the data go
CREATE TABLE kept AS SELECT name, version, digest FROM cerebro.model_versions;
DROP TABLE models, models_info, models_summary, models_state, models_visits, packed, packed_summary, packed_val, packed_val_summary, archs, configs, configs_summary, scores;
SELECT says('risk'), says('risk@1');

-- remarks, names, numbers that are given once
SELECT cerebro.comment_on_model('risk', 'who pays back'), cerebro.comment_on_model('risk', NULL, 1);
SELECT name, m.note, v.version, v.note AS of_version FROM cerebro.models m JOIN cerebro.model_versions v USING (name) ORDER BY 3;
SELECT cerebro.rename_model('risk', 'credit-risk_2');
SELECT says('credit-risk_2'), says('credit-risk_2@1');
SELECT count(*) AS same FROM kept JOIN cerebro.model_versions v USING (version, digest) WHERE v.name = 'credit-risk_2';
SELECT cerebro.drop_model('credit-risk_2', 1);
SELECT version, deployed FROM cerebro.model_versions;

-- another role: what it may see, use and change
CREATE ROLE cerebro_analyst;
CREATE ROLE cerebro_team;
CREATE ROLE cerebro_member IN ROLE cerebro_team;
GRANT USAGE ON SCHEMA registry_case TO PUBLIC;
GRANT SELECT ON points, truth, half TO PUBLIC;
\x on
SET ROLE cerebro_analyst;
SELECT count(*) FROM cerebro.models;
SELECT count(*) FROM cerebro.model_versions;
SELECT a.* FROM unnest(ARRAY[
 $$SELECT cerebro.predict('credit-risk_2', p) FROM points p$$,
 $$SELECT cerebro.predict('credit-risk_2@2', p) FROM points p$$,
 $$SELECT cerebro.model_bytes('credit-risk_2')$$,
 $$SELECT * FROM cerebro.predict_table('credit-risk_2', 'points') AS p(prediction text)$$,
 $$SELECT cerebro.share('credit-risk_2', 'cerebro_analyst')$$,
 $$SELECT cerebro.deploy('credit-risk_2', 2)$$,
 $$SELECT cerebro.rollback('credit-risk_2')$$,
 $$SELECT cerebro.drop_model('credit-risk_2')$$,
 $$SELECT cerebro.rename_model('credit-risk_2', 'mine')$$,
 $$SELECT cerebro.comment_on_model('credit-risk_2', 'x')$$,
 $$SELECT cerebro.give_model('credit-risk_2', 'cerebro_analyst')$$,
 $$SELECT cerebro.promote_if_better('credit-risk_2', 'points')$$,
 $$SELECT * FROM cerebro.registry_models$$,
 $$SELECT data FROM cerebro.registry_pieces$$,
 $$INSERT INTO cerebro.registry_shares VALUES ('credit-risk_2', 'public', 0, 0)$$,
 $$UPDATE cerebro.registry_models SET owner = 'cerebro_analyst'$$,
 $$DELETE FROM cerebro.registry_versions$$,
 $$TRUNCATE cerebro.registry_pieces$$]) AS statement, attempt(statement) a;
RESET ROLE;
\x off
SELECT cerebro.share('credit-risk_2', 'cerebro_analyst'), cerebro.share('credit-risk_2', 'cerebro_team');
SELECT name, shared_with FROM cerebro.models;
SET ROLE cerebro_analyst;
SELECT says('credit-risk_2');
SELECT name, owner = current_user AS own FROM cerebro.models;
SELECT sqlstate, message FROM attempt($$SELECT cerebro.deploy('credit-risk_2', 2)$$);
SET ROLE cerebro_member;
SELECT says('credit-risk_2');
RESET ROLE;
SELECT cerebro.unshare('credit-risk_2', 'cerebro_analyst');
SET ROLE cerebro_analyst;
SELECT sqlstate, message FROM attempt($$SELECT says('credit-risk_2')$$);
RESET ROLE;
-- a role that was renamed has what it had; one that was given its name has not
ALTER ROLE cerebro_team RENAME TO cerebro_crew;
CREATE ROLE cerebro_team;
CREATE ROLE cerebro_impostor IN ROLE cerebro_team;
SELECT shared_with FROM cerebro.models;
SET ROLE cerebro_member;
SELECT says('credit-risk_2');
SET ROLE cerebro_impostor;
SELECT sqlstate, message FROM attempt($$SELECT says('credit-risk_2')$$);
RESET ROLE;
-- all roles; and another owner
SELECT cerebro.share('credit-risk_2', 'public');
SET ROLE cerebro_impostor;
SELECT says('credit-risk_2');
RESET ROLE;
SELECT cerebro.unshare('credit-risk_2', 'public'), cerebro.unshare('credit-risk_2', 'cerebro_crew'), cerebro.give_model('credit-risk_2', 'cerebro_crew');
SET ROLE cerebro_member;
SELECT says('credit-risk_2');
SELECT cerebro.comment_on_model('credit-risk_2', 'ours');
SELECT sqlstate, message FROM attempt($$SELECT cerebro.give_model('credit-risk_2', 'cerebro_analyst')$$);
SELECT name, owner, note FROM cerebro.models;
RESET ROLE;
-- a registered model of another role does not hide a table of one's own
CREATE TABLE "credit-risk_2" (id integer);
GRANT SELECT ON "credit-risk_2" TO cerebro_analyst;
SET ROLE cerebro_member;
SELECT cerebro.share('credit-risk_2', 'cerebro_analyst');
SET ROLE cerebro_analyst;
\x on
SELECT * FROM attempt($$SELECT says('credit-risk_2')$$);
\x off
SELECT says('credit-risk_2@2');
RESET ROLE;

-- rows that row-level security hides are not predicted
ALTER TABLE points ENABLE ROW LEVEL SECURITY;
CREATE POLICY few ON points USING (id <= 7);
SET ROLE cerebro_analyst;
SELECT count(*) FROM cerebro.predict_table('credit-risk_2@2', 'points') AS p(id integer, prediction text);
SELECT count(cerebro.predict('credit-risk_2@2', p)) FROM points p;
RESET ROLE;
ALTER TABLE points DISABLE ROW LEVEL SECURITY;

-- numbers of versions are given once: a dropped model's name begins where it was
SELECT cerebro.drop_model('credit-risk_2');
SELECT count(*) FROM cerebro.models;
SELECT count(*) FROM cerebro.registry_pieces;
SELECT cerebro.training_preprocessor_dl('points', 'packed', 'label', 'a, b', num_partitions => 2, seed => 1);
SELECT cerebro.load_model('archs', '{"class_name": "Sequential", "config": [
 {"class_name": "Dense", "config": {"name": "hidden", "units": 8, "activation": "relu", "batch_input_shape": [null, 2]}},
 {"class_name": "Dense", "config": {"name": "out", "units": 2, "activation": "softmax"}}]}');
SELECT cerebro.load_model_selection_table('archs', 'configs', ARRAY[1], ARRAY[$$optimizer='Adam(lr=0.03)',loss='categorical_crossentropy',metrics=['accuracy']$$], ARRAY['batch_size=16', 'batch_size=32']);
SELECT cerebro.fit_multiple_model('packed', 'models', 'configs', 8, workers => 0, seed => 3);
SET ROLE cerebro_analyst;
\x on
SELECT * FROM attempt($$SELECT cerebro.register('mine', 'models', 1)$$);
\x off
RESET ROLE;
GRANT SELECT ON models, models_info, models_summary TO cerebro_analyst;
SET ROLE cerebro_analyst;
SELECT cerebro.register('credit-risk_2', 'models', 1);
SELECT name, owner FROM cerebro.models;
SELECT count(cerebro.predict('credit-risk_2@3', p)) FROM points p;
RESET ROLE;
-- equal models have equal digests
SELECT cerebro.register('same', 'models', 1), cerebro.register('other', 'models', 2);
SELECT count(DISTINCT digest) FROM cerebro.model_versions;

-- wrong input
\x on
SELECT a.* FROM unnest(ARRAY[
 $$SELECT cerebro.register(NULL, 'models', 1)$$,
 $$SELECT cerebro.register('', 'models', 1)$$,
 $$SELECT cerebro.register('two words', 'models', 1)$$,
 $$SELECT cerebro.register('a.b', 'models', 1)$$,
 $$SELECT cerebro.register('a@1', 'models', 1)$$,
 $$SELECT cerebro.register(repeat('x', 64), 'models', 1)$$,
 $$SELECT cerebro.register('x', 'models')$$,
 $$SELECT cerebro.register('x', 'models', 9)$$,
 $$SELECT cerebro.register('x', 'no_such_table', 1)$$,
 $$SELECT cerebro.register('x', 'points', 1)$$,
 $$SELECT cerebro.register('x', 'same')$$,
 $$SELECT cerebro.deploy('no_such', 1)$$,
 $$SELECT cerebro.deploy('same', 2)$$,
 $$SELECT cerebro.deploy('same', NULL)$$,
 $$SELECT cerebro.deploy('same', 99999999999)$$,
 $$SELECT cerebro.rollback('same')$$,
 $$SELECT cerebro.drop_model('same', 1)$$,
 $$SELECT cerebro.drop_model('same', 7)$$,
 $$SELECT cerebro.rename_model('same', 'other')$$,
 $$SELECT cerebro.rename_model('same', 'same')$$,
 $$SELECT cerebro.rename_model('same', 'risk')$$,
 $$SELECT cerebro.rename_model('same', 'not good')$$,
 $$SELECT cerebro.comment_on_model('same', 'x', 4)$$,
 $$SELECT cerebro.share('same', 'no_such_role')$$,
 $$SELECT cerebro.give_model('same', 'public')$$,
 $$SELECT cerebro.promote_if_better('same', 'models')$$,
 $$SELECT cerebro.promote_if_better('same', 'truth')$$,
 $$SELECT cerebro.promote_if_better('same', 'points', 5)$$,
 $$SELECT cerebro.promote_if_better('same', 'points', -1)$$,
 $$SELECT cerebro.promote_if_better('same', 'points', 2147483647)$$,
 $$SELECT cerebro.promote_if_better('same', 'points', 1, 'auc')$$,
 $$SELECT cerebro.promote_if_better('same', 'no_such_table')$$,
 $$SELECT cerebro.evaluate('same', 'packed', 'scores', mst_key => 9)$$,
 $$SELECT cerebro.fit_multiple_model('packed', 'same@1', 'configs', 1, warm_start => true)$$]) AS statement, attempt(statement) a;
\x off
SELECT name, version, versions FROM cerebro.models ORDER BY 1;

-- somebody else's operators and functions before the server's own
CREATE SCHEMA registry_hostile;
CREATE FUNCTION registry_hostile.equal(text, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE 'a hostile operator was called'; END $$;
CREATE OPERATOR registry_hostile.= (LEFTARG = text, RIGHTARG = text, PROCEDURE = registry_hostile.equal);
CREATE FUNCTION registry_hostile.count(text) RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RAISE 'a hostile function was called'; END $$;
SET search_path = registry_hostile, pg_catalog, registry_case, public;
SELECT cerebro.register('hostile', 'models', 1), cerebro.register('hostile', 'models', 2);
SELECT cerebro.deploy('hostile', 2), cerebro.rollback('hostile');
SELECT pg_catalog.count(*) FROM cerebro.models;
SELECT cerebro.share('hostile', 'cerebro_analyst'), cerebro.unshare('hostile', 'cerebro_analyst');
SELECT pg_catalog.count(cerebro.predict('hostile', p)) FROM points p;
SELECT (cerebro.promote_if_better('hostile', 'points', 1)).promoted;
SELECT cerebro.rename_model('hostile', 'hostile2'), cerebro.drop_model('hostile2');
SET search_path = registry_case, public;

SET client_min_messages = error;
SELECT cerebro.drop_model(name) FROM cerebro.models;
DROP SCHEMA registry_hostile CASCADE;
DROP SCHEMA registry_case CASCADE;
DROP ROLE cerebro_analyst, cerebro_crew, cerebro_team, cerebro_member, cerebro_impostor;
