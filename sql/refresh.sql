-- cerebro.refresh: of a run over groups only new and changed groups are trained again, with the bits of a run from nothing.
\pset null '(null)'
SET client_min_messages = warning;
CREATE SCHEMA refresh_case;
SET search_path = refresh_case, public;

\set data `echo "$CEREBRO_TEST_DATA"`
\i :data/attempt.sql

CREATE TABLE sales AS SELECT i AS id, (ARRAY['east', 'north', 'south', 'west'])[1 + i % 4] AS region, CASE WHEN i % 9 = 0 THEN NULL ELSE i % 3 END AS store,
    (i % 17)::real AS a, (i % 13)::real AS b, ((i % 17) * 2 - (i % 13) + i % 4)::real AS y FROM generate_series(1, 1200) i;
SELECT cerebro.load_model('archs', '{"class_name": "Sequential", "config": {"name": "s", "layers": [{"class_name": "Dense", "config": {"name": "d", "units": 4, "activation": "relu", "batch_input_shape": [null, 2]}}, {"class_name": "Dense", "config": {"name": "e", "units": 1}}]}}');
SELECT cerebro.load_model_selection_table('archs', 'configs', ARRAY[1],
    ARRAY[$$loss='mse', optimizer='Adam(lr=0.01)', metrics=['mae']$$, $$loss='mse', optimizer='SGD(lr=0.001)', metrics=['mae']$$], ARRAY['batch_size=16, epochs=1']);
SELECT cerebro.training_preprocessor_dl('sales', 'packed', 'y', 'a, b', dependent_type => 'real', grouping_cols => 'region, store', validation_fraction => 0.2, min_rows => 40, max_groups => 20);
SELECT cerebro.fit_multiple_model('packed', 'models', 'configs', 3, validation_table => 'packed_val', workers => 0);
CREATE TABLE before AS SELECT g.region, g.store, m.mst_key, m.group_id, md5(m.model_weights) AS weights, m.xmin::text AS written FROM models m JOIN models_groups g USING (group_id);

-- nothing has changed
SELECT added_groups, changed_groups, vanished_groups, unchanged_groups, trained_groups, skipped_groups, failed_groups FROM cerebro.refresh('models');
SELECT count(*) AS rewritten FROM models m JOIN before b USING (group_id, mst_key) WHERE m.xmin::text <> b.written;

-- a changed row, a row more, a deleted row, a new group, a new group that is too small, a group that is gone
UPDATE sales SET a = a + 1 WHERE id = 4;
INSERT INTO sales SELECT 2000, region, store, 3, 4, 5 FROM sales WHERE id = 5;
DELETE FROM sales WHERE id = 6;
INSERT INTO sales SELECT 3000 + i, 'new', NULL, i % 5, i % 3, i % 7 FROM generate_series(1, 60) i;
INSERT INTO sales SELECT 4000 + i, 'small', 1, i % 5, i % 3, i % 7 FROM generate_series(1, 10) i;
DELETE FROM sales WHERE region = 'west' AND store IS NULL;
SELECT added_groups, changed_groups, vanished_groups, unchanged_groups, trained_groups, skipped_groups, failed_groups FROM cerebro.refresh('models');
SELECT m.xmin::text = b.written AS kept, md5(m.model_weights) = b.weights AS equal, count(*) FROM models m LEFT JOIN before b USING (group_id, mst_key) GROUP BY 1, 2 ORDER BY 1, 2;
SELECT g.group_id, g.region, g.store, g.group_rows, g.status, g.reason FROM models_groups g LEFT JOIN before b ON b.group_id = g.group_id AND b.mst_key = 1 WHERE b.group_id IS NULL OR b.written <> (SELECT xmin::text FROM models m WHERE m.group_id = g.group_id AND mst_key = 1) ORDER BY 1;
SELECT groups, trained_groups, skipped_groups, failed_groups FROM models_summary;
-- the same as packing and training everything anew: the same digests, the same bits
SELECT cerebro.training_preprocessor_dl('sales', 'packed_anew', 'y', 'a, b', dependent_type => 'real', grouping_cols => 'region, store', validation_fraction => 0.2, min_rows => 40, max_groups => 20);
SELECT cerebro.fit_multiple_model('packed_anew', 'anew', 'configs', 3, validation_table => 'packed_anew_val', workers => 0);
SELECT count(*) AS groups, bool_and(p.digest IS NOT DISTINCT FROM n.digest AND p.validation_digest IS NOT DISTINCT FROM n.validation_digest AND p.source_digest = n.source_digest
    AND p.group_rows = n.group_rows AND p.validation_rows = n.validation_rows AND p.status = n.status AND p.reason IS NOT DISTINCT FROM n.reason) AS equal
FROM packed_groups p JOIN packed_anew_groups n ON p.region = n.region AND p.store IS NOT DISTINCT FROM n.store;
SELECT count(*) AS models, bool_and(m.model_weights = n.model_weights) AS equal FROM models m JOIN models_groups g USING (group_id) JOIN anew_groups a ON a.region = g.region AND a.store IS NOT DISTINCT FROM g.store
    JOIN anew n ON n.group_id = a.group_id AND n.mst_key = m.mst_key;
SELECT rows, groups, packed_groups, partition_rows, partition_buffers, max_buffer_rows FROM packed_summary;
SELECT rows, groups, packed_groups FROM packed_val_summary;
SELECT (SELECT sum((a_shape)[1]) FROM (SELECT scalars_shape AS a_shape FROM packed) s) = (SELECT rows FROM packed_summary) AS rows_there;
-- groups that are gone keep their models until they are dropped
SELECT count(*) AS of_gone FROM models m JOIN models_groups g USING (group_id) WHERE g.region = 'west' AND g.store IS NULL;
SELECT added_groups, changed_groups, vanished_groups, unchanged_groups, trained_groups FROM cerebro.refresh('models', drop_vanished => true);
SELECT count(*) AS of_gone FROM models_groups WHERE region = 'west' AND store IS NULL;
SELECT count(*) AS of_gone FROM packed_groups WHERE region = 'west' AND store IS NULL;
SELECT added_groups, changed_groups, vanished_groups, unchanged_groups, trained_groups FROM cerebro.refresh('models');
SELECT count(*) AS left_behind FROM pg_class WHERE relname LIKE '\_cerebro\_%';

-- two runs on one packed table: what one refresh has packed, the other run does not know
SELECT cerebro.fit_multiple_model('packed', 'second', 'configs', 1, workers => 0);
UPDATE sales SET a = a + 2 WHERE id = 4;
-- nor does one whose statement began before the other refresh: it reads the digests of now
SELECT * FROM attempt($$SELECT cerebro.refresh('models') IS NOT NULL, cerebro.refresh('second') IS NOT NULL$$);
SELECT changed_groups, trained_groups FROM cerebro.refresh('models');
SELECT * FROM attempt($$SELECT cerebro.refresh('second')$$);
-- refused, with nothing changed
\x on
UPDATE sales SET b = b + 1 WHERE id = 8;
UPDATE configs SET fit_params = 'batch_size=4, epochs=1' WHERE mst_key = 2;
SELECT * FROM attempt($$SELECT cerebro.refresh('models')$$);
UPDATE configs SET fit_params = 'batch_size=16, epochs=1' WHERE mst_key = 2;
INSERT INTO sales SELECT 5000 + i, 'region ' || i, 1, 1, 1, 1 FROM generate_series(1, 5) i;
SELECT * FROM attempt($$SELECT cerebro.refresh('models')$$);
SELECT * FROM attempt($$SELECT cerebro.refresh('packed')$$);
SELECT * FROM attempt($$SELECT cerebro.refresh('nothing')$$);
SELECT * FROM attempt($$SELECT cerebro.refresh('models', 'archs')$$);
SELECT cerebro.training_preprocessor_dl('sales', 'own', 'y', 'a, b', dependent_type => 'real', grouping_cols => 'region', preprocess => 'auto', preprocess_per_group => true);
SELECT cerebro.fit_multiple_model('own', 'own_models', 'configs', 1, workers => 0);
SELECT * FROM attempt($$SELECT cerebro.refresh('own_models')$$);
\x off
SELECT count(*) AS left_behind FROM pg_class WHERE relname LIKE '\_cerebro\_%';

-- groups that vanish make room for new ones where they are dropped
DELETE FROM sales WHERE region = 'east';
\x on
SELECT * FROM attempt($$SELECT cerebro.refresh('models')$$);
SELECT * FROM attempt($$SELECT cerebro.refresh('models', start_from => 'nothing')$$);
\x off
SELECT added_groups, changed_groups, vanished_groups, trained_groups, skipped_groups FROM cerebro.refresh('models', drop_vanished => true);
SELECT count(*) AS groups FROM packed_groups;

-- changed groups go on from their weights, to those of the group alone that begins with them; new ones begin as in the run
CREATE TABLE previous AS SELECT m.* FROM models m JOIN models_groups g USING (group_id) WHERE g.region = 'north' AND g.store = 1;
UPDATE sales SET a = a + 1 WHERE region = 'north' AND store = 1;
INSERT INTO sales SELECT 6000 + i, 'late', 1, i % 5, i % 3, i % 7 FROM generate_series(1, 60) i;
SELECT added_groups, changed_groups, trained_groups FROM cerebro.refresh('models', start_from => 'weights');
SELECT cerebro.load_model('warm', (SELECT model_arch FROM models_configs WHERE mst_key = 1), (SELECT model_weights FROM previous WHERE mst_key = 1));
SELECT cerebro.load_model_selection_table('warm', 'warm_configs', ARRAY[1], ARRAY[(SELECT compile_params FROM models_configs WHERE mst_key = 1)],
                                          ARRAY[(SELECT fit_params FROM models_configs WHERE mst_key = 1)]);
CREATE FUNCTION alone(region text, configs text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE %I AS SELECT a, b, y FROM refresh_case.sales WHERE region = %L AND store = 1', 'alone_' || region, region);
    PERFORM cerebro.training_preprocessor_dl('alone_' || region, format('alone_%s_packed', region), 'y', 'a, b', dependent_type => 'real', num_partitions => 1, validation_fraction => 0.2);
    PERFORM cerebro.fit_multiple_model(format('alone_%s_packed', region), format('alone_%s_models', region), configs, 3, workers => 0);
    RETURN 'done';
END $$;
SELECT alone('north', 'warm_configs'), alone('late', 'configs');
SELECT g.region, m.mst_key, a.model_weights = m.model_weights AS as_alone, p.model_weights <> m.model_weights AS went_on FROM models m JOIN models_groups g USING (group_id)
JOIN (SELECT 'north' AS region, mst_key, model_weights FROM alone_north_models UNION ALL SELECT 'late', mst_key, model_weights FROM alone_late_models) a ON a.region = g.region AND a.mst_key = m.mst_key
LEFT JOIN previous p ON p.group_id = m.group_id AND p.mst_key = m.mst_key WHERE g.store = 1 ORDER BY 1, 2;
SELECT count(*) AS left_behind FROM pg_class WHERE relname LIKE '\_cerebro\_%';

-- in parts, with a commit behind each: what was committed stays when a later part fails, and the same call goes on with the others
UPDATE sales SET b = b + 1 WHERE region = 'north';
INSERT INTO sales SELECT 7000 + i, 'last', 1, i % 5, i % 3, i % 7 FROM generate_series(1, 60) i;
CREATE TABLE changed AS SELECT group_id, rank() OVER (ORDER BY group_id) AS nth FROM models_groups WHERE region = 'north';
CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'group % fails', NEW.group_id - (SELECT min(group_id) FROM refresh_case.changed); END $$;
SELECT format('CREATE TRIGGER fails BEFORE INSERT ON models_groups FOR EACH ROW WHEN (NEW.group_id = %s) EXECUTE FUNCTION fail()', group_id) FROM changed WHERE nth = 3 \gexec
CREATE TABLE before_parts AS SELECT group_id, mst_key, model_weights FROM models JOIN changed USING (group_id);
\set VERBOSITY terse
\set ON_ERROR_STOP 0
CALL cerebro.refresh_in_parts('models', groups_at_once => 2);
CALL cerebro.refresh_in_parts('models', groups_at_once => 0);
BEGIN;
CALL cerebro.refresh_in_parts('models');
ROLLBACK;
\set ON_ERROR_STOP 1
\set VERBOSITY default
SELECT c.nth, bool_and(m.model_weights <> b.model_weights) AS trained_again FROM changed c JOIN models m USING (group_id) JOIN before_parts b USING (group_id, mst_key) GROUP BY 1 ORDER BY 1;
DROP TRIGGER IF EXISTS fails ON models_groups;
SET client_min_messages = info;
\set ON_ERROR_STOP 0
CALL cerebro.refresh_in_parts('models', groups_at_once => 2);
\set ON_ERROR_STOP 1
SET client_min_messages = warning;
SELECT c.nth, bool_and(m.model_weights <> b.model_weights) AS trained_again FROM changed c JOIN models m USING (group_id) JOIN before_parts b USING (group_id, mst_key) GROUP BY 1 ORDER BY 1;
SELECT added_groups, changed_groups, trained_groups FROM cerebro.refresh('models');
SELECT count(*) AS left_behind FROM pg_class WHERE relname LIKE '\_cerebro\_%';

-- rows of classes are counted again, so that class_weight='balanced' goes on
CREATE TABLE judged AS SELECT i AS id, i % 5 AS g, (i % 17)::real AS a, (i % 11)::real AS b, CASE WHEN i % 17 + i % 11 > 20 THEN 'yes' ELSE 'no' END AS verdict
FROM generate_series(1, 1000) i;
SELECT cerebro.training_preprocessor_dl('judged', 'judged_packed', 'verdict', 'a, b', grouping_cols => 'g');
SELECT cerebro.load_model('judges', '{"class_name": "Sequential", "config": {"name": "j", "layers": [{"class_name": "Dense", "config": {"name": "d", "units": 2, "activation": "softmax", "batch_input_shape": [null, 2]}}]}}');
SELECT cerebro.load_model_selection_table('judges', 'judges_configs', ARRAY[1], ARRAY[$$loss='categorical_crossentropy', optimizer='Adam(lr=0.02)', metrics=['accuracy']$$],
    ARRAY[$$batch_size=16, epochs=1, class_weight='balanced'$$]);
SELECT cerebro.fit_multiple_model('judged_packed', 'judged_models', 'judges_configs', 2, workers => 0);
UPDATE judged SET a = a + 1 WHERE g = 1;
SELECT changed_groups, trained_groups FROM cerebro.refresh('judged_models');
UPDATE judged SET verdict = 'no' WHERE g = 2 AND id < 500;
SELECT changed_groups, trained_groups FROM cerebro.refresh('judged_models');
SELECT (SELECT string_agg(v.value, ',') FROM judged_packed_summary s, json_array_elements_text(s.data_spec -> 'targets' -> 0 -> 'class_rows') v(value))
    = (SELECT string_agg(n::text, ',' ORDER BY verdict) FROM (SELECT verdict, count(*) AS n FROM judged GROUP BY verdict) c) AS counted;
-- a source that is empty for the moment takes no group along
CREATE TABLE judged_kept AS TABLE judged;
DELETE FROM judged;
SELECT sqlstate, message, hint FROM attempt($$SELECT cerebro.refresh('judged_models', drop_vanished => true)$$);
INSERT INTO judged TABLE judged_kept;
SELECT unchanged_groups FROM cerebro.refresh('judged_models', drop_vanished => true);
