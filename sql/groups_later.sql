-- What comes to a table that is packed by group later or from elsewhere: rows that validate, weights of classes by the rows of each group, memory.
\pset null '(null)'
SET client_min_messages = warning;
CREATE SCHEMA groups_later;
SET search_path = groups_later, public;

\set data `echo "$CEREBRO_TEST_DATA"`
\i :data/attempt.sql

-- customers in groups; which of two labels is rare differs from group to group, and "few" has no rows later
CREATE TABLE rows AS
SELECT k * 1000 + n AS id, g, ARRAY[sin(k * 100 + n), cos(k + n * 3), sin(n * 0.7)]::real[] AS x, (CASE WHEN n % every = 0 THEN 'yes' ELSE 'no' END)::text AS label,
       n % 5 = 0 AS late
FROM (VALUES (1, 'a', 3, 200), (2, NULL, 7, 120), (3, 'c', 2, 90), (4, 'few', 4, 8)) v(k, g, every, size), LATERAL generate_series(1, size) n;
CREATE VIEW early AS SELECT * FROM rows WHERE NOT late;
CREATE VIEW later AS SELECT * FROM rows WHERE late AND g IS DISTINCT FROM 'few' UNION ALL SELECT 99001, 'unknown', ARRAY[1, 2, 3]::real[], 'yes', true;
SELECT cerebro.training_preprocessor_dl('early', 'packed', 'label', 'x', grouping_cols => 'g', min_rows => 8, seed => 4);
SELECT cerebro.load_model('archs', $$
{"class_name": "Sequential", "keras_version": "2.4.0", "config": {"name": "mlp", "layers": [
 {"class_name": "Dense", "config": {"name": "hidden", "units": 6, "activation": "relu", "batch_input_shape": [null, 3]}},
 {"class_name": "Dense", "config": {"name": "out", "units": 2, "activation": "softmax"}}]}} $$);
SELECT cerebro.generate_model_configs('archs', 'configs', ARRAY[1],
    $${'loss': ['categorical_crossentropy'], 'optimizer_params_list': [{'optimizer': ['Adam'], 'lr': [0.01]}, {'optimizer': ['SGD'], 'lr': [0.05]}], 'metrics': ['accuracy']}$$,
    $${'batch_size': [16], 'epochs': [1]}$$);

-- rows that validate, packed later: by the numbers of the groups
SET client_min_messages = notice;
SELECT cerebro.validation_preprocessor_dl('later', 'packed_later', 'label', 'x', 'packed');
SET client_min_messages = warning;
SELECT group_id, g, group_rows, validation_rows, status FROM packed_later_groups ORDER BY 1;
SELECT rows, groups, packed_groups, largest_group_rows, validates FROM packed_later_summary;
SELECT t.digest IS NOT DISTINCT FROM v.digest AS of_these_groups, t.validation_digest IS NULL AS had_none, (v.validation_digest IS NULL) = (v.validation_rows = 0) AS has_digest, count(*)
FROM packed_groups t JOIN packed_later_groups v USING (group_id) GROUP BY 1, 2, 3;
SELECT cerebro.fit_multiple_model('packed', 'models', 'configs', 6, validation_table => 'packed_later', metrics_compute_frequency => 2, seed => 9, workers => 0, global_model => true, promote => 'if_better');
SELECT g, group_rows, validation_rows, status, value IS NOT NULL AS has_value, global_value IS NOT NULL AS compared FROM models_groups ORDER BY group_id;
SELECT count(*) AS validated FROM models_info WHERE validation_loss_final IS NOT NULL;
-- as a group alone is validated
CREATE TABLE alone AS SELECT x, label FROM early WHERE g = 'a';
CREATE TABLE alone_later AS SELECT x, label FROM later WHERE g = 'a';
SELECT cerebro.training_preprocessor_dl('alone', 'alone_packed', 'label', 'x', num_partitions => 1, seed => 4);
SELECT cerebro.validation_preprocessor_dl('alone_later', 'alone_val', 'label', 'x', 'alone_packed');
SELECT cerebro.fit_multiple_model('alone_packed', 'alone_models', 'configs', 6, validation_table => 'alone_val', metrics_compute_frequency => 2, seed => 9, workers => 0);
SELECT count(*) AS models, bool_and(i.validation_metric_values = a.validation_metric_values AND i.training_metric_values = a.training_metric_values) AS equal
FROM models_info i JOIN models_groups g USING (group_id) JOIN alone_models_info a ON a.mst_key = i.mst_key WHERE g.g = 'a';
-- a page of it has curves and confusions of the worst groups
SELECT xmlparse(DOCUMENT replace(page, '<!DOCTYPE html>', '')) IS NOT NULL AS well_formed, page ~ 'group-losses-title' AS losses, page ~ 'group-metrics-title' AS metrics,
       page ~ 'group-confusion-1-title' AS confusions FROM cerebro.report('models') page;
\x on
SELECT * FROM attempt($$SELECT cerebro.validation_preprocessor_dl('early', 'packed_later', 'label', 'x', 'packed')$$);
SELECT * FROM attempt($$SELECT cerebro.validation_preprocessor_dl('early', 'v', 'label', 'x', 'packed_later')$$);
SELECT * FROM attempt($$SELECT cerebro.validation_preprocessor_dl('alone', 'v', 'label', 'x', 'packed')$$);
CREATE VIEW strange AS SELECT 'unknown'::text AS g, x, label FROM early;
SELECT * FROM attempt($$SELECT cerebro.validation_preprocessor_dl('strange', 'v', 'label', 'x', 'packed')$$);
CREATE VIEW numbers AS SELECT 1 AS g, x, label FROM early;
SELECT * FROM attempt($$SELECT cerebro.validation_preprocessor_dl('numbers', 'v', 'label', 'x', 'packed')$$);
SELECT * FROM attempt($$SELECT cerebro.refresh('models')$$);
-- of a table that was packed anew in the meantime
DROP TABLE packed, packed_summary, packed_groups, packed_pooled, packed_pooled_summary;
SELECT cerebro.training_preprocessor_dl('rows', 'packed', 'label', 'x', grouping_cols => 'g', min_rows => 8, seed => 4);
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('packed', 'm', 'configs', 1, validation_table => 'packed_later')$$);
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('packed', 'm', 'configs', 1, validation_table => 'packed')$$);
\x off

-- weights of classes by the rows of each group: the bits of the group alone, in the session, by workers, and hopping between partitions
SELECT cerebro.load_model_selection_table('archs', 'balanced', ARRAY[1],
    ARRAY[$$loss='categorical_crossentropy', optimizer='Adam(lr=0.01)', metrics=['accuracy']$$], ARRAY[$$batch_size=16, epochs=1, class_weight='balanced'$$, 'batch_size=16, epochs=1']);
SELECT cerebro.training_preprocessor_dl('rows', 'balanced_packed', 'label', 'x', grouping_cols => 'g', num_partitions => 2, seed => 4);
SELECT cerebro.fit_multiple_model('balanced_packed', 'in_session', 'balanced', 4, seed => 9, workers => 0);
SELECT cerebro.fit_multiple_model('balanced_packed', 'by_workers', 'balanced', 4, seed => 9, workers => 2);
SET cerebro.cache_mem = 0;
SELECT cerebro.fit_multiple_model('balanced_packed', 'hopping', 'balanced', 4, seed => 9, workers => 2);
RESET cerebro.cache_mem;
CREATE FUNCTION train_alone(n integer, condition text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE group_%s AS SELECT x, label FROM groups_later.rows WHERE %s', n, condition);
    EXECUTE format($f$SELECT cerebro.training_preprocessor_dl('group_%s', 'group_%s_packed', 'label', 'x', num_partitions => 2, seed => 4)$f$, n, n);
    EXECUTE format($f$SELECT cerebro.fit_multiple_model('group_%s_packed', 'group_%s_models', 'balanced', 4, seed => 9, workers => 0)$f$, n, n);
    EXECUTE format('INSERT INTO weights SELECT %s, mst_key, md5(model_weights) FROM group_%s_models', n, n);
END $$;
CREATE TABLE weights (group_id bigint, mst_key integer, md5 text);
SELECT train_alone(1, $$g = 'a'$$), train_alone(2, $$g = 'c'$$), train_alone(4, 'g IS NULL') \g /dev/null
SELECT group_id, g, class_rows FROM balanced_packed_groups ORDER BY 1;
SELECT run, count(*) AS models, bool_and(w.md5 = m.md5) AS as_alone FROM weights w JOIN (
    SELECT 'session' AS run, group_id, mst_key, md5(model_weights) FROM in_session UNION ALL SELECT 'workers', group_id, mst_key, md5(model_weights) FROM by_workers
    UNION ALL SELECT 'hopping', group_id, mst_key, md5(model_weights) FROM hopping) m USING (group_id, mst_key) GROUP BY run ORDER BY run;
SELECT count(DISTINCT md5) AS different FROM weights;

-- memory is looked at before anything is written
SET cerebro.max_memory = '8MB';
SELECT sqlstate, message ~ '^the run needs .* of memory, which is more than' AS refused, hint FROM attempt($$SELECT cerebro.fit_multiple_model('balanced_packed', 'm', 'balanced', 1)$$);
RESET cerebro.max_memory;
SELECT to_regclass('m') IS NULL AS nothing_written;

-- names that tables of groups have themselves are refused when the table is packed
SELECT name, message FROM unnest(ARRAY['chosen', 'value', 'seconds', 'metric_values', 'mst_key']) name,
    LATERAL attempt(format($$DO 'BEGIN CREATE TABLE named AS SELECT x, label, g AS %1$I FROM rows; PERFORM cerebro.training_preprocessor_dl(''named'', ''n'', ''label'', ''x'', grouping_cols => ''%1$s''); END'$$, name)) ORDER BY 1;

DROP SCHEMA groups_later CASCADE;
