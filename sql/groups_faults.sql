-- Groups that cannot be trained: each has its status and its reason, and all others are as in a run without them.
\pset null '(null)'
SET client_min_messages = warning;
CREATE SCHEMA groups_faults;
SET search_path = groups_faults, public;

-- good groups, and: "nan" with numbers that overflow, "one" with a single row, "gone" whose buffers are deleted behind the packer's back
CREATE TABLE rows AS
SELECT g, ARRAY[sin(k * 100 + n), cos(k + n), n / 40.0]::real[] AS x, (sin(k + n))::real AS y
FROM (VALUES ('a', 1), ('b', 2), ('gone', 3), ('c', 4), ('d', 5)) v(g, k), generate_series(1, 40) n;
CREATE TABLE bad AS
SELECT g, CASE WHEN g = 'nan' THEN ARRAY[3e38, -3e38, n]::real[] ELSE ARRAY[1, 2, 3]::real[] END AS x, (CASE WHEN g = 'nan' THEN 3e38 ELSE 1 END)::real AS y
FROM (VALUES ('nan', 40), ('one', 1)) v(g, size), LATERAL generate_series(1, size) n;
SELECT cerebro.load_model('archs', $$
{"class_name": "Sequential", "keras_version": "2.4.0", "config": {"name": "mlp", "layers": [
 {"class_name": "Dense", "config": {"name": "hidden", "units": 6, "activation": "relu", "batch_input_shape": [null, 3]}},
 {"class_name": "Dense", "config": {"name": "out", "units": 1}}]}} $$);
SELECT cerebro.generate_model_configs('archs', 'configs', ARRAY[1],
    $${'loss': ['mse'], 'optimizer_params_list': [{'optimizer': ['Adam'], 'lr': [0.01]}, {'optimizer': ['SGD'], 'lr': [0.02]}], 'metrics': ['mae']}$$,
    $${'batch_size': [16], 'epochs': [1]}$$);
CREATE VIEW all_rows AS SELECT * FROM rows UNION ALL SELECT * FROM bad;
SELECT cerebro.training_preprocessor_dl('rows', 'good_packed', 'y', 'x', grouping_cols => 'g', dependent_type => 'real', seed => 4);
SELECT cerebro.training_preprocessor_dl('all_rows', 'packed', 'y', 'x', grouping_cols => 'g', min_rows => 2, dependent_type => 'real', seed => 4);
SELECT cerebro.fit_multiple_model('good_packed', 'good', 'configs', 4, seed => 9, workers => 0);
DELETE FROM packed p USING packed_groups g WHERE g.group_id = p.group_id AND g.g = 'gone';

SELECT cerebro.fit_multiple_model('packed', 'models', 'configs', 4, seed => 9, workers => 0);
SELECT g, status, chosen, mst_key IS NOT NULL AS has_model, value IS NOT NULL AS has_value, reason FROM models_groups ORDER BY g;
SELECT i.mst_key, i.status, i.diverged_step IS NOT NULL AS diverged_at FROM models_info i JOIN models_groups g USING (group_id) WHERE g.g = 'nan' ORDER BY 1;
SELECT trained_groups, diverged_groups, failed_groups, skipped_groups FROM models_summary;
-- the others are those of the run without them
SELECT count(*) AS models, bool_and(a.model_weights = b.model_weights) AS equal
FROM good a JOIN good_groups ga USING (group_id) JOIN models_groups gb ON gb.g = ga.g JOIN models b ON b.group_id = gb.group_id AND b.mst_key = a.mst_key;
SELECT rank, group_key, status FROM cerebro.group_leaderboard('models') WHERE rank IS NULL ORDER BY group_id;
SELECT mst_key, status FROM cerebro.leaderboard('models') ORDER BY 1;

-- by workers it is the same
SELECT cerebro.fit_multiple_model('packed', 'by_workers', 'configs', 4, seed => 9, workers => 2);
SELECT count(*) AS models, bool_and(a.model_weights = b.model_weights) AS equal FROM models a JOIN by_workers b USING (group_id, mst_key)
JOIN models_groups g USING (group_id) WHERE g.g <> 'nan';
SELECT count(*) AS groups, bool_and(a.status = b.status AND a.reason IS NOT DISTINCT FROM b.reason) AS equal FROM models_groups a JOIN by_workers_groups b USING (group_id);

-- numbers of partitions that no packer has written
SELECT cerebro.training_preprocessor_dl('rows', 'numbered', 'y', 'x', grouping_cols => 'g', dependent_type => 'real', seed => 4);
UPDATE numbered SET partition_id = CASE group_id WHEN 1 THEN -1 WHEN 2 THEN 2147483647 WHEN 3 THEN 1 ELSE partition_id END;
SELECT cerebro.fit_multiple_model('numbered', 'by_number', 'configs', 2, seed => 9, workers => 0);
SELECT group_id, status, reason FROM by_number_groups ORDER BY 1;
SELECT cerebro.fit_multiple_model('numbered', 'by_number_2', 'configs', 2, seed => 9, workers => 2);
SELECT count(*) AS groups, bool_and(a.status = b.status AND a.reason IS NOT DISTINCT FROM b.reason) AS equal FROM by_number_groups a JOIN by_number_2_groups b USING (group_id);

-- a row that cannot be read is an error of its own group
SELECT cerebro.training_preprocessor_dl('rows', 'unread', 'y', 'x', grouping_cols => 'g', dependent_type => 'real', seed => 4);
UPDATE unread SET x = NULL WHERE group_id = 2;
UPDATE unread SET y = substr(y, 1, 7) WHERE group_id = 4;
SELECT cerebro.fit_multiple_model('unread', 'by_reading', 'configs', 2, seed => 9, workers => 0);
SELECT group_id, status, reason FROM by_reading_groups ORDER BY 1;
SELECT cerebro.fit_multiple_model('unread', 'by_reading_2', 'configs', 2, seed => 9, workers => 2);
SELECT count(*) AS groups, bool_and(a.status = b.status AND a.reason IS NOT DISTINCT FROM b.reason) AS equal FROM by_reading_groups a JOIN by_reading_2_groups b USING (group_id);

-- more than are tolerated
\set ON_ERROR_STOP 0
SELECT cerebro.fit_multiple_model('packed', 'm', 'configs', 4, seed => 9, workers => 0, max_failed_groups => 1);
SELECT to_regclass('m') IS NULL AND to_regclass('m_groups') IS NULL AS nothing_written;
SELECT cerebro.fit_multiple_model('packed', 'm', 'configs', 4, seed => 9, workers => 0, max_failed_groups => 2);
SELECT count(*) FROM m_groups;

-- an index that an Embedding has no row for, in one group only: trained by one process, and hopping between partitions
\set ON_ERROR_STOP 1
CREATE TABLE visits AS SELECT g, ARRAY[(n + k) % 5, CASE WHEN g = 'odd' AND n = 17 THEN 7 ELSE n % 5 END]::integer[] AS items, sin(n + k)::real AS paid
FROM (VALUES ('a', 1), ('odd', 2), ('z', 3)) v(g, k), generate_series(1, 40) n;
SELECT cerebro.load_model('embeds', $$
{"class_name": "Sequential", "keras_version": "2.4.0", "config": {"name": "items", "layers": [
 {"class_name": "Embedding", "config": {"name": "embedding", "input_dim": 5, "output_dim": 3, "batch_input_shape": [null, 2]}},
 {"class_name": "Flatten", "config": {"name": "flat"}},
 {"class_name": "Dense", "config": {"name": "out", "units": 1}}]}} $$);
SELECT cerebro.generate_model_configs('embeds', 'embed_configs', ARRAY[1],
    $${'loss': ['mse'], 'optimizer_params_list': [{'optimizer': ['Adam'], 'lr': [0.01]}], 'metrics': ['mae']}$$, $${'batch_size': [16], 'epochs': [1]}$$);
SELECT cerebro.training_preprocessor_dl('visits', 'visits_packed', 'paid', 'items', grouping_cols => 'g', dependent_type => 'real', seed => 4);
SELECT cerebro.fit_multiple_model('visits_packed', 'visit_models', 'embed_configs', 2, workers => 2);
SELECT g, status, reason FROM visit_models_groups ORDER BY g;
SET cerebro.cache_mem = 0;
SELECT cerebro.fit_multiple_model('visits_packed', 'visit_models_hopping', 'embed_configs', 2, workers => 2);
RESET cerebro.cache_mem;
SELECT g, status, reason FROM visit_models_hopping_groups ORDER BY g;
SELECT bool_and(a.model_weights = b.model_weights) AS equal, count(*) FROM visit_models a JOIN visit_models_hopping b USING (group_id, mst_key);

DROP SCHEMA groups_faults CASCADE;
