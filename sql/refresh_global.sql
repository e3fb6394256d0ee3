-- cerebro.refresh with global_model: the global models are trained again on the rows as they are now, and all groups are compared with the best of them.
\pset null '(null)'
SET client_min_messages = warning;
CREATE SCHEMA refresh_global;
SET search_path = refresh_global, public;

\set data `echo "$CEREBRO_TEST_DATA"`
\i :data/attempt.sql

-- most groups follow one rule and one follows another; "few" is too small for a model of its own
CREATE TABLE sales AS SELECT k * 1000 + n AS id, g, sin(n * 3.1 + k)::real AS a, cos(n * 1.7 + k)::real AS b, 0::real AS y
FROM (VALUES (1, 'a', 120), (2, 'b', 90), (3, 'odd', 100), (4, 'few', 12)) v(k, g, size), LATERAL generate_series(1, size) n;
UPDATE sales SET y = CASE WHEN g = 'odd' THEN b - 2 * a ELSE a + b END;
SELECT cerebro.training_preprocessor_dl('sales', 'packed', 'y', 'a, b', dependent_type => 'real', grouping_cols => 'g', validation_fraction => 0.2, min_rows => 40);
SELECT cerebro.load_model('archs', '{"class_name": "Sequential", "config": {"name": "s", "layers": [{"class_name": "Dense", "config": {"name": "d", "units": 4, "activation": "relu", "batch_input_shape": [null, 2]}}, {"class_name": "Dense", "config": {"name": "e", "units": 1}}]}}');
SELECT cerebro.load_model_selection_table('archs', 'configs', ARRAY[1],
    ARRAY[$$loss='mse', optimizer='Adam(lr=0.02)', metrics=['mae']$$, $$loss='mse', optimizer='SGD(lr=0.001)', metrics=['mae']$$], ARRAY['batch_size=16, epochs=1']);
SELECT cerebro.fit_multiple_model('packed', 'models', 'configs', 6, validation_table => 'packed_val', workers => 0, global_model => true, promote => 'if_better');
CREATE TABLE before AS SELECT group_id, mst_key, model_weights FROM models;
CREATE TABLE global_before AS SELECT mst_key, model_weights FROM models_global;
CREATE TABLE groups_before AS SELECT * FROM models_groups;

-- nothing has changed: all is as it was, to the last bit
SELECT added_groups, changed_groups, trained_groups FROM cerebro.refresh('models', global_model => true);
SELECT count(*) AS models, bool_and(m.model_weights = b.model_weights) AS equal FROM models_global m JOIN global_before b USING (mst_key);
SELECT count(*) AS groups, bool_and(g.chosen = b.chosen AND g.mst_key = b.mst_key AND g.global_value IS NOT DISTINCT FROM b.global_value) AS equal
FROM models_groups g JOIN groups_before b USING (group_id);

-- the tables stay what they are: who may read them still may, and a view over them goes on
CREATE ROLE cerebro_reader;
GRANT SELECT ON models_global, packed_pooled, packed_pooled_val TO cerebro_reader;
CREATE VIEW losses AS SELECT mst_key, training_loss_final FROM models_global_info;
CREATE VIEW pooled_rows AS SELECT rows FROM packed_pooled_summary;
CREATE TABLE tables_before AS SELECT c.oid AS id, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'refresh_global' AND c.relname ~ '^(models_global|packed_pooled)' AND c.relkind = 'r';

-- rows of the group that is too small, and of one more, follow another rule now
UPDATE sales SET y = 5 + y WHERE g IN ('few', 'b');
SELECT added_groups, changed_groups, trained_groups, skipped_groups FROM cerebro.refresh('models', global_model => true);
SELECT count(*) AS models, bool_and(m.model_weights <> b.model_weights) AS trained_again FROM models_global m JOIN global_before b USING (mst_key);
SELECT g.g, bool_and(m.model_weights = b.model_weights) AS kept FROM models m JOIN before b USING (group_id, mst_key) JOIN models_groups g USING (group_id) GROUP BY 1 ORDER BY 1;
-- as packing and training everything anew: pooled rows, global models, and what each group is compared with
SELECT cerebro.training_preprocessor_dl('sales', 'anew_packed', 'y', 'a, b', dependent_type => 'real', grouping_cols => 'g', validation_fraction => 0.2, min_rows => 40);
SELECT cerebro.fit_multiple_model('anew_packed', 'anew', 'configs', 6, validation_table => 'anew_packed_val', workers => 0, global_model => true, promote => 'if_better');
SELECT (SELECT digest FROM packed_pooled_summary) = (SELECT digest FROM anew_packed_pooled_summary) AS pooled,
       (SELECT digest FROM packed_pooled_val_summary) = (SELECT digest FROM anew_packed_pooled_val_summary) AS pooled_val;
SELECT output_table, rows FROM packed_pooled_summary UNION ALL SELECT output_table, rows FROM packed_pooled_val_summary;
SELECT count(*) AS models, bool_and(m.model_weights = a.model_weights) AS equal FROM models_global m JOIN anew_global a USING (mst_key);
SELECT m.g, m.status, m.chosen = a.chosen AS chosen, m.mst_key = a.mst_key AS mst_key, abs(m.global_value - a.global_value) < 1e-12 AS global_value, m.value = a.value AS value
FROM models_groups m JOIN anew_groups a USING (group_id) ORDER BY group_id;
SELECT (SELECT global_mst_key FROM models_summary) = (SELECT global_mst_key FROM anew_summary) AS best;
SELECT count(*) AS left_behind FROM pg_class WHERE relname LIKE '\_cerebro\_%';

SELECT count(*) AS tables, bool_and(c.oid = b.id) AS same FROM tables_before b LEFT JOIN pg_class c ON c.oid = b.id;
SELECT has_table_privilege('cerebro_reader', 'models_global', 'SELECT') AS models, has_table_privilege('cerebro_reader', 'packed_pooled', 'SELECT') AS pooled,
       has_table_privilege('cerebro_reader', 'packed_pooled_val', 'SELECT') AS held_out;
SELECT count(*) AS losses FROM losses;
SELECT rows FROM pooled_rows;
SELECT model, model_info, source_table, validation_table FROM models_global_summary;
DROP VIEW losses, pooled_rows;
DROP OWNED BY cerebro_reader;
DROP ROLE cerebro_reader;

-- refused
\x on
SELECT cerebro.fit_multiple_model('packed', 'plain', 'configs', 1, workers => 0);
SELECT * FROM attempt($$SELECT cerebro.refresh('plain', global_model => true)$$);
UPDATE configs SET fit_params = 'batch_size=4, epochs=1' WHERE mst_key = 2;
SELECT * FROM attempt($$SELECT cerebro.refresh('models', global_model => true)$$);
UPDATE configs SET fit_params = 'batch_size=16, epochs=1' WHERE mst_key = 2;
DROP TABLE packed_pooled;
SELECT * FROM attempt($$SELECT cerebro.refresh('models', global_model => true)$$);
\x off
DROP SCHEMA refresh_global CASCADE;
