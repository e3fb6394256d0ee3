-- Every model of a run over groups has the bits of the model that is trained alone on a table of the group's rows, whatever the workers, windows and
-- fusions are.
SET client_min_messages = error;
CREATE SCHEMA groups_alone;
SET search_path = groups_alone, public;

-- 50 groups, from 3 rows to 2400 (in several partitions), of numbers that need no constants
CREATE TABLE rows AS
SELECT g, n, ARRAY[sin(g * 1000 + n), cos(g * 77 + n * 3), sin(n * 0.37 + g)]::real[] AS x, (sin(g + n) + g % 3)::real AS y
FROM generate_series(1, 50) g, LATERAL generate_series(1, CASE WHEN g = 7 THEN 2400 WHEN g = 11 THEN 900 ELSE 3 + (g * 37) % 90 END) n;
SELECT cerebro.load_model('archs', $$
{"class_name": "Sequential", "keras_version": "2.4.0", "config": {"name": "mlp", "layers": [
 {"class_name": "Dense", "config": {"name": "hidden", "units": 6, "activation": "relu", "batch_input_shape": [null, 3]}},
 {"class_name": "Dropout", "config": {"name": "drop", "rate": 0.1}},
 {"class_name": "Dense", "config": {"name": "out", "units": 1}}]}} $$);
SELECT cerebro.generate_model_configs('archs', 'configs', ARRAY[1],
    $${'loss': ['mse'], 'optimizer_params_list': [{'optimizer': ['Adam'], 'lr': [0.01, 0.001]}, {'optimizer': ['SGD'], 'lr': [0.02]}], 'metrics': ['mae']}$$,
    $${'batch_size': [16, 32], 'epochs': [1]}$$);
SELECT count(*) AS configurations FROM configs;

SELECT cerebro.training_preprocessor_dl('rows', 'packed', 'y', 'x', grouping_cols => 'g', dependent_type => 'real', seed => 4);
SELECT count(*) AS groups, sum(partitions) > 50 AS some_have_partitions FROM packed_groups;
SELECT cerebro.fit_multiple_model('packed', 'models', 'configs', 3, metrics_compute_frequency => 1, restore_best => false, seed => 9, workers => 0);

-- the same groups alone
CREATE FUNCTION train_alone(g integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE alone_%s AS SELECT x, y FROM groups_alone.rows WHERE g = %s', g, g);
    EXECUTE format($f$SELECT cerebro.training_preprocessor_dl('alone_%s', 'alone_%s_packed', 'y', 'x', dependent_type => 'real', seed => 4,
        num_partitions => (SELECT partitions FROM packed_groups p WHERE p.g = %s))$f$, g, g, g);
    EXECUTE format($f$SELECT cerebro.fit_multiple_model('alone_%s_packed', 'alone_%s_models', 'configs', 3, metrics_compute_frequency => 1, seed => 9, workers => 0)$f$, g, g);
    EXECUTE format($f$INSERT INTO alone SELECT %s, mst_key, md5(model_weights), i.training_metric_values, i.status
        FROM alone_%s_models m JOIN alone_%s_models_info i USING (mst_key)$f$, g, g, g);
    EXECUTE format('DROP TABLE alone_%s, alone_%s_packed, alone_%s_packed_summary', g, g, g);
    PERFORM cerebro.drop_run(format('alone_%s_models', g));
END $$;
CREATE TABLE alone (g integer, mst_key integer, md5 text, metrics float8[], status text);
SELECT train_alone(g) FROM generate_series(1, 50) g \g /dev/null
CREATE VIEW compared AS SELECT a.md5 = md5(m.model_weights) AS weights, a.metrics = i.training_metric_values AS metrics, a.status = i.status AS status
FROM alone a JOIN models_groups p ON p.g = a.g JOIN models m ON m.group_id = p.group_id AND m.mst_key = a.mst_key
JOIN models_info i ON i.group_id = m.group_id AND i.mst_key = m.mst_key;
SELECT count(*) AS models, bool_and(weights) AS equal_weights, bool_and(metrics) AS equal_metrics, bool_and(status) AS equal_status FROM compared;
DROP VIEW compared;

-- by workers, in small windows, and with groups that hop
CREATE TABLE fingerprints (run text, workers integer, md5 text);
CREATE FUNCTION fingerprint(run text) RETURNS void LANGUAGE sql AS $$
    INSERT INTO fingerprints SELECT run, (SELECT workers FROM models_summary), md5(string_agg(group_id || ':' || mst_key || ':' || md5(model_weights), ',' ORDER BY group_id, mst_key)) FROM models $$;
SELECT fingerprint('session');
SELECT cerebro.drop_run('models');
SELECT cerebro.fit_multiple_model('packed', 'models', 'configs', 3, seed => 9, workers => 1);
SELECT fingerprint('one worker');
SELECT cerebro.drop_run('models');
SELECT cerebro.fit_multiple_model('packed', 'models', 'configs', 3, seed => 9, workers => 2);
SELECT fingerprint('two workers');
SELECT cerebro.drop_run('models');
SET cerebro.group_mem = '1MB';
SELECT cerebro.fit_multiple_model('packed', 'models', 'configs', 3, seed => 9, workers => 4);
SELECT fingerprint('four workers, small windows');
SELECT cerebro.drop_run('models');
RESET cerebro.group_mem;
SET cerebro.cache_mem = 0;
SELECT cerebro.fit_multiple_model('packed', 'models', 'configs', 3, seed => 9, workers => 2);
SELECT fingerprint('all groups hop');
SELECT cerebro.drop_run('models');
RESET cerebro.cache_mem;
SET cerebro.enable_horizontal = off;
SELECT cerebro.fit_multiple_model('packed', 'models', 'configs', 3, seed => 9, workers => 0);
SELECT fingerprint('no fusion');
SELECT run, workers FROM fingerprints ORDER BY run;
SELECT count(*) AS runs, count(DISTINCT md5) AS different FROM fingerprints;

DROP SCHEMA groups_alone CASCADE;
