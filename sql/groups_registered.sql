-- A run over groups is registered as one model, which chooses by a row's grouping columns: versions, routing, evaluation, independence of the
-- run's tables, rights, and what a process keeps.
\pset null '(null)'
SET client_min_messages = warning;
CREATE SCHEMA groups_registered;
SET search_path = groups_registered, public;

\set data `echo "$CEREBRO_TEST_DATA"`
\i :data/attempt.sql

-- shops by name and by the number and the day of a contract: one name is NULL, and 1.50 is 1.5
CREATE TABLE sales AS
SELECT i AS id, shop, contract, since, ((i * 7919) % 101)::float8 / 100 AS visits, ((i * 104729) % 97)::float8 / 96 AS basket, 0::float8 AS amount
FROM (VALUES (1, 'north', 1.5::numeric, DATE '2020-01-02'), (2, 'south', 2, DATE '2021-02-03'), (3, NULL, 1.50, DATE '2020-01-02'), (4, 'east', 3, NULL)) s(k, shop, contract, since),
     generate_series(1, 50) n, LATERAL (SELECT (n + 1000 * k)::bigint) x(i);
UPDATE sales SET amount = CASE WHEN shop = 'north' THEN 3 * visits - basket WHEN shop = 'east' THEN basket ELSE 1 - 2 * visits END;
SELECT cerebro.training_preprocessor_dl('sales', 'packed', 'amount', 'visits, basket', grouping_cols => 'shop, contract, since', validation_fraction => 0.2,
                                        dependent_type => 'real', seed => 3);
SELECT cerebro.load_model('archs', $$
{"class_name": "Sequential", "keras_version": "2.4.0", "config": {"name": "mlp", "layers": [
 {"class_name": "Dense", "config": {"name": "hidden", "units": 8, "activation": "relu", "batch_input_shape": [null, 2]}},
 {"class_name": "Dense", "config": {"name": "out", "units": 1}}]}} $$, name => 'mlp');
SELECT cerebro.generate_model_configs('archs', 'configs', ARRAY[1],
    $${'loss': ['mse'], 'optimizer_params_list': [{'optimizer': ['Adam'], 'lr': [0.02, 0.002]}], 'metrics': ['rmse']}$$,
    $${'batch_size': [8], 'epochs': [1]}$$);
SELECT cerebro.fit_multiple_model('packed', 'models', 'configs', 10, validation_table => 'packed_val', seed => 5, workers => 0);
SELECT cerebro.fit_multiple_model('packed', 'with_global', 'configs', 10, validation_table => 'packed_val', seed => 5, workers => 0, global_model => true);

-- versions: the first is deployed
SELECT cerebro.register('shops', 'models');
SELECT cerebro.register('shops', 'with_global');
\x on
SELECT name, version, versions, metric, metric_value BETWEEN 0 AND 10 AS has_metric, trained_on, rows, parameters, bytes > 1000 AS has_bytes, digest ~ '^[0-9a-f]{32}$' AS has_digest FROM cerebro.models;
SELECT version, deployed, metric, training_metric IS NULL AS only_validated, parameters, compile_params, model_table, mst_key IS NOT NULL AS has_global FROM cerebro.model_versions ORDER BY version;
\x off
-- the validation metric is the mean over groups, weighted by their rows
SELECT abs(v.validation_metric - g.mean) < 1e-9 AS weighted_by_rows FROM cerebro.model_versions v,
    (SELECT sum(value * validation_rows) / sum(validation_rows) AS mean FROM models_groups) g WHERE v.version = 1;

-- what it says of rows is what the run says of them
CREATE TABLE said AS SELECT id, cerebro.predict_number('models', s) AS of_run, cerebro.predict_number('with_global', s) AS with_global FROM sales s;
SELECT count(*) AS rows, count(of_run) AS predicted, count(DISTINCT of_run) > 100 AS varies FROM said;
SELECT count(*) AS rows, bool_and(cerebro.predict_number('shops', s) = of_run) AS version_1, bool_and(cerebro.predict_number('shops@2', s) = with_global) AS version_2,
       bool_and(cerebro.predict_number_pinned('shops@1', s) = of_run) AS pinned FROM sales s JOIN said USING (id);
-- keys of other types and forms that are equal
SET datestyle = 'German';
SELECT cerebro.predict_number('shops', r) = of_run AS equal FROM said, sales s,
    LATERAL (SELECT s.shop::varchar(10) AS shop, 1.5000::numeric AS contract, s.since::text AS since, s.visits, s.basket) r WHERE said.id = 1001 AND s.id = 1001;
RESET datestyle;
-- groups that nobody has seen: no model, and the global one
SELECT cerebro.predict_number('shops', r) AS none, cerebro.predict_number('shops@2', r) IS NOT NULL AS global
FROM (SELECT 'west'::text AS shop, 9::numeric AS contract, NULL::date AS since, 0.1::float8 AS visits, 0.2::float8 AS basket) r;

-- of texts that the key columns' types read
SELECT count(*) AS rows, bool_and(cerebro.predict_number('shops', s) = said.of_run) AS equal
FROM (SELECT id, shop, contract::text AS contract, since::text AS since, visits, basket FROM sales) s JOIN said USING (id);

-- in batches; NULL where no model predicts
SELECT count(*) AS rows, bool_and(t.prediction = said.of_run::real) AS equal, bool_and(t.shop IS NOT DISTINCT FROM s.shop) AS shops
FROM cerebro.predict_table('shops', 'SELECT * FROM groups_registered.sales') AS t(id bigint, prediction real, shop text) JOIN said USING (id) JOIN sales s USING (id);
SELECT * FROM cerebro.predict_table('shops', $$SELECT 1 AS id, 'west'::text AS shop, 9::numeric AS contract, NULL::date AS since, 0.1::float8 AS visits, 0.2::float8 AS basket$$)
    AS t(id integer, prediction text, probability float8);

-- into a table
SELECT cerebro.predict('shops', 'sales', 'id', '*', 'predicted');
SELECT count(*) AS rows, max(abs(p.estimated_amount - s.of_run)) < 1e-6 AS equal FROM predicted p JOIN said s USING (id);

-- over a packed table: of a run, and of its version
SELECT cerebro.evaluate('models', 'packed_val', 'of_run');
SELECT cerebro.evaluate('shops', 'packed_val', 'of_version');
SELECT e.group_id, e.shop, e.contract, e.since, e.group_rows, e.chosen, e.mst_key = g.mst_key AS chosen_one, abs(e.metric - g.value) < 1e-9 AS as_in_the_run, e.metric_names
FROM of_run e JOIN models_groups g USING (group_id) ORDER BY 1;
SELECT count(*) AS groups, bool_and(a.metric_values = b.metric_values AND a.loss = b.loss) AS equal FROM of_run a JOIN of_version b USING (group_id);
SELECT cerebro.validation_preprocessor_dl('sales', 'all_rows', 'amount', 'visits, basket', 'packed');
SELECT cerebro.evaluate('shops@2', 'all_rows', 'of_all');
SELECT group_id, group_rows, chosen, loss > 0 AS has_loss FROM of_all ORDER BY 1;

-- what cannot be
\x on
SELECT * FROM attempt($$SELECT cerebro.register('other', 'models', 1)$$);
SELECT * FROM attempt($$SELECT cerebro.evaluate('shops', 'packed_pooled', 'e')$$);
SELECT * FROM attempt($$SELECT cerebro.evaluate('shops', 'packed_val', 'e', mst_key => 1)$$);
SELECT * FROM attempt($$SELECT cerebro.evaluate('shops', 'packed_val', 'of_run')$$);
SELECT * FROM attempt($$SELECT cerebro.predict('shops', 'sales', 'id', '*', 'p', mst_key => 1)$$);
SELECT * FROM attempt($$SELECT cerebro.predict('shops', 0.1, 0.2)$$);
SELECT * FROM attempt($$SELECT cerebro.predict('shops', s) FROM (SELECT shop, contract, visits, basket FROM sales LIMIT 1) s$$);
SELECT * FROM attempt($$SELECT cerebro.model_bytes('shops')$$);
SELECT * FROM attempt($$SELECT * FROM cerebro.confusion_matrix('shops', 'packed_val')$$);
SELECT * FROM attempt($$SELECT * FROM cerebro.predict_table('shops', 'SELECT id, visits, basket FROM sales') AS (id bigint, prediction text)$$);
SELECT * FROM attempt($$SELECT cerebro.report('shops')$$);
SELECT * FROM attempt($$SELECT * FROM cerebro.describe('shops@1')$$);
SELECT * FROM attempt($$SELECT cerebro.predict('shops', s) FROM (SELECT shop, 'a lot' AS contract, since, visits, basket FROM sales LIMIT 1) s$$);
SELECT * FROM attempt($$SELECT cerebro.promote_if_better('shops', 'packed_pooled')$$);
\x off

-- deployed, renamed, given a version less
SELECT cerebro.deploy('shops', 2);
SELECT bool_and(cerebro.predict_number('shops', s) = with_global) AS version_2 FROM sales s JOIN said USING (id);
SELECT cerebro.rollback('shops');
-- the better one is deployed: by means over the groups, weighted by their rows
SELECT p.promoted = (p.candidate < p.deployed) AS by_the_metric, p.measured, p.tested_rows = (SELECT sum(group_rows) FROM of_version) AS all_rows,
       abs(p.deployed - (SELECT sum(metric * group_rows) / sum(group_rows) FROM of_version)) < 1e-9 AS mean FROM cerebro.promote_if_better('shops', 'packed_val', 2) p;
SELECT cerebro.deploy('shops', 1) IS NOT NULL AS deployed;
SELECT cerebro.rename_model('shops', 'stores');
SELECT bool_and(cerebro.predict_number('stores', s) = of_run) AS version_1 FROM sales s JOIN said USING (id);

-- rights: of a run's tables all that predictions read; of a registered model its owner's share alone
CREATE ROLE cerebro_seller;
GRANT USAGE ON SCHEMA groups_registered TO cerebro_seller;
GRANT SELECT ON sales, said TO cerebro_seller;
SET ROLE cerebro_seller;
\set VERBOSITY terse
\set ON_ERROR_STOP 0
SELECT cerebro.predict_number('models', s) IS NOT NULL AS said FROM sales s WHERE id = 1001;
SELECT cerebro.predict_number('stores', s) IS NOT NULL AS said FROM sales s WHERE id = 1001;
RESET ROLE;
GRANT SELECT ON models_summary, models_configs, models_groups TO cerebro_seller;
SET ROLE cerebro_seller;
SELECT cerebro.predict_number('models', s) IS NOT NULL AS said FROM sales s WHERE id = 1001;
RESET ROLE;
\set ON_ERROR_STOP 1
\set VERBOSITY default
GRANT SELECT ON models TO cerebro_seller;
SELECT cerebro.share('stores', 'cerebro_seller');
SET ROLE cerebro_seller;
SELECT count(*) AS rows, bool_and(cerebro.predict_number('models', s) = of_run AND cerebro.predict_number('stores', s) = of_run) AS equal FROM sales s JOIN said USING (id);
RESET ROLE;
DROP OWNED BY cerebro_seller;

-- what a process keeps: weights, group by group, as far as there is room
SELECT cerebro.drop_model('stores', 2);
SET cerebro.model_cache_mem = '64MB';
SET client_min_messages = debug1;
SELECT count(DISTINCT cerebro.predict_number('stores@1', s)) > 2 AS said FROM sales s WHERE id % 1000 = 1;
SET cerebro.model_cache_mem = 0;
SELECT count(cerebro.predict_number('stores@1', s)) AS said FROM sales s WHERE id IN (1001, 2001);
SELECT count(cerebro.predict_number('stores@1', s)) AS said FROM (SELECT s.* FROM sales s, generate_series(1, 2) n WHERE id IN (1001, 2001) ORDER BY n, id) s;
SET client_min_messages = warning;
RESET cerebro.model_cache_mem;

-- it is its own: the run's tables and the packed ones go; a dump has all of it, and rows that come back from one are used
SELECT cerebro.drop_run('models'), cerebro.drop_run('with_global');
DROP TABLE packed, packed_summary, packed_groups, packed_val, packed_val_summary, packed_pooled, packed_pooled_summary, packed_pooled_val, packed_pooled_val_summary, archs, configs, configs_summary;
SELECT bool_and(cerebro.predict_number('stores', s) = of_run) AS version_1 FROM sales s JOIN said USING (id);
SELECT count(*) AS dumped FROM pg_extension e, unnest(e.extconfig) t WHERE e.extname = 'pg_cerebro' AND t::regclass::text ~ '^cerebro.registry_group_';
CREATE TABLE dumped AS SELECT * FROM cerebro.registry_group_models;
DELETE FROM cerebro.registry_group_models;
INSERT INTO cerebro.registry_group_models SELECT * FROM dumped ORDER BY group_id DESC;
SELECT bool_and(cerebro.predict_number('stores', s) = of_run) AS version_1 FROM sales s JOIN said USING (id);

-- constants that groups have learned themselves
SELECT cerebro.training_preprocessor_dl('sales', 'own', 'amount', 'visits, basket', grouping_cols => 'shop', dependent_type => 'real', preprocess => 'auto',
                                        preprocess_per_group => true, seed => 3);
SELECT cerebro.mlp('own_archs', 'own', '{4}') IS NOT NULL AS made;
SELECT cerebro.load_model_selection_table('own_archs', 'own_configs', ARRAY[1], ARRAY[$$loss='mse', optimizer='Adam(lr=0.01)'$$], ARRAY['batch_size=16, epochs=1']);
SELECT cerebro.fit_multiple_model('own', 'own_models', 'own_configs', 2, seed => 5, workers => 0);
SELECT cerebro.register('own_shops', 'own_models');
SELECT count(*) AS rows, bool_and(cerebro.predict_number('own_shops', s) = cerebro.predict_number('own_models', s)) AS equal FROM sales s;
SELECT cerebro.predict('own_shops', 'sales', 'id', '*', 'own_predicted');
SELECT count(*) AS rows, max(abs(p.estimated_amount - cerebro.predict_number('own_shops', s))) < 1e-6 AS equal FROM own_predicted p JOIN sales s USING (id);
-- that somebody has edited: a spread of 0, values of categories that the column does not have
\set ON_ERROR_STOP 0
CREATE TABLE own_kept AS SELECT group_id, constants FROM own_models_groups;
UPDATE own_models_groups SET constants = jsonb_set(constants::jsonb, '{0,5}', '0')::json;
SELECT cerebro.predict('own_models', 'sales', 'id', '*', 'own_edited');
UPDATE own_models_groups g SET constants = jsonb_set(k.constants::jsonb, '{0,8}', '[1, 2, 3]')::json FROM own_kept k WHERE k.group_id = g.group_id;
SELECT cerebro.predict('own_models', 'sales', 'id', '*', 'own_edited');
\set ON_ERROR_STOP 1

SELECT cerebro.drop_model('stores'), cerebro.drop_model('own_shops');
SELECT (SELECT count(*) FROM cerebro.registry_group_runs) + (SELECT count(*) FROM cerebro.registry_group_configs) + (SELECT count(*) FROM cerebro.registry_group_models) AS left_behind;
DROP SCHEMA groups_registered CASCADE;
DROP ROLE cerebro_seller;

-- labels of an enum are kept as texts: a cast to it, which its owner may make at any time, does not run for whoever predicts
CREATE ROLE regress_registered_eve;
CREATE SCHEMA registered_enum;
GRANT ALL ON SCHEMA registered_enum TO regress_registered_eve;
CREATE TABLE registered_enum.sprung (who text);
GRANT INSERT ON registered_enum.sprung TO PUBLIC;
SET ROLE regress_registered_eve;
CREATE TYPE registered_enum.mood AS ENUM ('sad', 'glad');
CREATE TABLE registered_enum.days AS SELECT i AS id, (ARRAY['sad', 'glad'])[i % 2 + 1]::registered_enum.mood AS k, (i % 7)::real AS x, (i % 2 * 10)::real AS y
FROM generate_series(1, 80) i;
SELECT cerebro.load_model('registered_enum.archs', '{"class_name": "Sequential", "config": {"name": "s", "layers": [{"class_name": "Dense", "config": {"name": "d", "units": 1, "batch_input_shape": [null, 1]}}]}}');
SELECT cerebro.load_model_selection_table('registered_enum.archs', 'registered_enum.configs', ARRAY[1], ARRAY[$$loss='mse', optimizer='Adam(lr=0.1)'$$], ARRAY['batch_size=8, epochs=20']);
SELECT cerebro.training_preprocessor_dl('registered_enum.days', 'registered_enum.packed', 'y', 'x', dependent_type => 'real', grouping_cols => 'k', pooled => false);
SELECT cerebro.fit_multiple_model('registered_enum.packed', 'registered_enum.models', 'registered_enum.configs', 3, workers => 0);
SELECT cerebro.register('by_mood', 'registered_enum.models');
SELECT cerebro.share('by_mood', 'public');
CREATE FUNCTION registered_enum.spring(text) RETURNS registered_enum.mood LANGUAGE plpgsql AS $$
BEGIN INSERT INTO registered_enum.sprung VALUES (current_user); RETURN 'sad'; END $$;
CREATE CAST (text AS registered_enum.mood) WITH FUNCTION registered_enum.spring(text);
RESET ROLE;
SELECT cerebro.predict_number('by_mood', t) > 5 AS high FROM (SELECT 'glad' AS k, 3::real AS x) t;
SELECT cerebro.predict_number('by_mood', d) > 5 AS high, count(*) FROM registered_enum.days d GROUP BY 1 ORDER BY 1;
SELECT count(*) AS sprung FROM registered_enum.sprung;
SELECT cerebro.drop_model('by_mood');
SET client_min_messages = error;
DROP SCHEMA registered_enum CASCADE;
DROP ROLE regress_registered_eve;
