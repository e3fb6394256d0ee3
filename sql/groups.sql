-- A model for every group, in one statement: packed by group, trained, looked at, used. The story of a user with sales of stores.
\pset null '(null)'
SET client_min_messages = warning;
CREATE SCHEMA groups_story;
SET search_path = groups_story, public;

-- sales of stores in regions: what a customer spends follows from three numbers, in each store in another way; "far" has one customer
CREATE TABLE sales AS
SELECT i AS id, r.region, s.store, (i * 7919 % 101) / 100.0::float8 AS visits, (i * 104729 % 97) / 96.0::float8 AS basket, (i * 1299709 % 89) / 88.0::float8 AS age,
       0::float8 AS amount
FROM (VALUES ('north', 1), ('south', 2), (NULL, 3)) r(region, k), generate_series(1, 2) s(store), generate_series(1, 60) n, LATERAL (SELECT (n + 100 * r.k + 1000 * s.store)::bigint) x(i);
UPDATE sales SET amount = CASE WHEN region = 'north' THEN 3 * visits - basket ELSE 1 - 2 * visits + age END + store;
INSERT INTO sales VALUES (9999, 'far', 7, 0.5, 0.5, 0.5, 1.5);

SELECT cerebro.training_preprocessor_dl('sales', 'packed', 'amount', 'visits, basket, age', grouping_cols => 'region, store', validation_fraction => 0.2,
                                        min_rows => 10, dependent_type => 'real', seed => 3);
SELECT group_id, region, store, group_rows + validation_rows AS rows, partitions, status FROM packed_groups ORDER BY group_id;

SELECT cerebro.load_model('archs', $$
{"class_name": "Sequential", "keras_version": "2.4.0", "config": {"name": "mlp", "layers": [
 {"class_name": "Dense", "config": {"name": "hidden", "units": 8, "activation": "relu", "batch_input_shape": [null, 3]}},
 {"class_name": "Dense", "config": {"name": "out", "units": 1}}]}} $$, name => 'mlp');
SELECT cerebro.generate_model_configs('archs', 'configs', ARRAY[1],
    $${'loss': ['mse'], 'optimizer_params_list': [{'optimizer': ['Adam'], 'lr': [0.02, 0.002]}], 'metrics': ['rmse']}$$,
    $${'batch_size': [8], 'epochs': [1]}$$);

-- what is going to happen
SELECT regexp_replace(l, '[0-9.e-]+ (s|kB)\M', '# \1', 'g') FROM cerebro.explain_fit_multiple_model('packed', 'models', 'configs', 30,
    validation_table => 'packed_val', workers => 0, global_model => true, promote => 'if_better') l;

SELECT cerebro.fit_multiple_model('packed', 'models', 'configs', 30, validation_table => 'packed_val', seed => 5, workers => 0, name => 'stores');
SELECT rank, group_id, group_key, status, chosen, mst_key IS NOT NULL AS has_model, metric, value < 0.5 AS good, global_value, group_rows, validation_rows, reason
FROM cerebro.group_leaderboard('models') ORDER BY group_id;
SELECT count(*) = count(DISTINCT rank) AS ranks, bool_and(ordered) AS best_first
FROM (SELECT rank, (value >= lag(value) OVER (ORDER BY rank)) IS NOT FALSE AS ordered FROM cerebro.group_leaderboard('models') WHERE value IS NOT NULL) l;
-- what is kept of it
SELECT count(*), count(DISTINCT (group_id, mst_key)), min(octet_length(model_weights)), max(octet_length(model_weights)) FROM models;
SELECT group_id, mst_key, status, iterations_done, metrics_iters, training_loss_final = training_loss[1] AS final_loss,
       validation_loss_final IS NOT NULL AS validated FROM models_info ORDER BY 1, 2 LIMIT 4;
SELECT mst_key, model_id, compile_params, fit_params, loss_type, metric_names, parameters FROM models_configs ORDER BY 1;
SELECT name, grouping_cols, groups, trained_groups, skipped_groups, failed_groups, diverged_groups, workers, seed, num_iterations FROM models_summary;
-- over all groups, weighted by rows
SELECT rank, mst_key, status, metric, validation_metric < 0.5 AS good, parameters FROM cerebro.leaderboard('models');
SELECT abs(l.validation_metric - m.mean) < 1e-9 AS weighted_by_rows FROM cerebro.leaderboard('models') l
JOIN (SELECT i.mst_key, sum(i.validation_metrics_final * g.validation_rows) / sum(g.validation_rows) AS mean FROM models_info i JOIN models_groups g USING (group_id) GROUP BY 1) m
    USING (mst_key);
SELECT name, run_name, models, diverged, iterations, metric, best_mst_key IS NOT NULL AS best FROM cerebro.runs WHERE name ~ 'groups_story';

-- predictions: each row by the model of its group
SELECT cerebro.predict('models', 'sales', 'id', '*', 'predicted');
SELECT s.region, s.store, count(*), count(p.id) AS predicted, sqrt(avg((p.amount - s.amount) ^ 2)) < 0.5 AS near
FROM sales s LEFT JOIN (SELECT id, estimated_amount AS amount FROM predicted) p USING (id) GROUP BY 1, 2 ORDER BY 1, 2;

-- the same in a query, a row at a time; the group of one customer has no model
SELECT s.id, cerebro.predict_number('models', s) IS NULL AS none FROM sales s WHERE region = 'far';
SELECT count(*) AS rows, max(abs(cerebro.predict_number('models', s) - p.estimated_amount)) < 1e-5 AS equal FROM sales s JOIN predicted p USING (id);
SELECT cerebro.predict('models', s) IS NOT NULL AS text FROM sales s WHERE id = 1101;

-- a global model for groups without one of their own
SELECT cerebro.fit_multiple_model('packed', 'with_global', 'configs', 30, validation_table => 'packed_val', seed => 5, workers => 0, global_model => true,
                                  warm_start_groups => true, promote => 'if_better');
SELECT group_id, status, chosen, ((chosen = 'own') = (value < global_value)) IS TRUE AS promoted_if_better FROM with_global_groups ORDER BY 1;
SELECT count(*) AS global_models, bool_and(status = 'trained') AS trained FROM with_global_global_info;
SELECT cerebro.predict('with_global', 'sales', 'id', '*', 'predicted_all');
SELECT count(*) AS rows, count(p.id) AS predicted FROM sales s LEFT JOIN predicted_all p USING (id);
SELECT count(*) AS rows, max(abs(cerebro.predict_number('with_global', s) - p.estimated_amount)) < 1e-5 AS equal FROM sales s JOIN predicted_all p USING (id);
-- of a group that nobody has seen, too
SELECT cerebro.predict_number('with_global', r) IS NOT NULL AS predicted FROM (SELECT 'west' AS region, 99 AS store, 0.1::float8 AS visits, 0.2::float8 AS basket, 0.3::float8 AS age) r;

-- a page of it, which is well-formed
SELECT xmlparse(DOCUMENT replace(page, '<!DOCTYPE html>', '')) IS NOT NULL AS well_formed, page ~ 'How good the groups' AS distribution, page ~ 'fewer than min_rows' AS reasons
FROM cerebro.report('with_global') page;

-- one run is the run of all groups: it is renamed and dropped as one
SELECT cerebro.rename_run('with_global', 'renamed');
SELECT tablename AS relname FROM pg_tables WHERE schemaname = 'groups_story' AND tablename ~ '^(renamed|with_global)' ORDER BY 1;
SELECT cerebro.drop_run('renamed');
SELECT count(*) AS left_of_it FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE nspname = 'groups_story' AND relname ~ '^(renamed|with_global)';

-- what cannot be
\set VERBOSITY terse
\set ON_ERROR_STOP 0
SELECT cerebro.fit_multiple_model('packed', 'm', 'configs', 2, folds => 3);
SELECT cerebro.fit_multiple_model('packed', 'models', 'configs', 2, warm_start => true);
SELECT cerebro.fit_multiple_model('packed', 'models', 'configs', 2);
SELECT cerebro.fit_multiple_model('packed', 'm', 'configs', 2, promote => 'if_better');
SELECT cerebro.fit_multiple_model('packed', 'm', 'configs', 2, promote => 'always', global_model => true);
SELECT cerebro.fit_multiple_model('packed', 'm', 'configs', 2, promote => 'if_better', global_model => true);
SELECT cerebro.fit_multiple_model('packed', 'm', 'configs', 2, warm_start_groups => true);
SELECT cerebro.fit_multiple_model('packed', 'm', 'configs', 2, max_failed_groups => -1);
SELECT cerebro.fit_multiple_model('packed', 'm', 'configs', 2, validation_table => 'packed_pooled');
SELECT cerebro.fit_multiple_model('packed_pooled', 'm', 'configs', 2, global_model => true);
CALL cerebro.fit('packed', 'm', 'configs', 2);
SELECT * FROM cerebro.group_leaderboard('packed');
SELECT * FROM cerebro.group_leaderboard('no_such_table');
SELECT cerebro.weights('models', 1);
SELECT cerebro.predict('models', 'sales', 'id', '*', 'p', mst_key => 1);
SELECT * FROM cerebro.predict_table('models', 'SELECT id, region FROM sales') AS (id integer, prediction text);
SELECT cerebro.predict_number('models', 0.1, 0.2, 0.3);
SELECT cerebro.learning_curve('models');
ALTER TABLE sales RENAME store TO shop;
SELECT cerebro.predict('models', 'sales', 'id', '*', 'p');
SELECT cerebro.predict_number('models', s) FROM sales s;
\set VERBOSITY default
SELECT to_regclass('m') IS NULL AND to_regclass('p') IS NULL AS nothing_written;

DROP SCHEMA groups_story CASCADE;
