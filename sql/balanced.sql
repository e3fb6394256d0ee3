-- class_weight='balanced': weights of the classes by the rows that the packed table has of each.
SET client_min_messages = warning;
CREATE SCHEMA balanced;
SET search_path = balanced, public;

\set data `echo "$CEREBRO_TEST_DATA"`
\i :data/attempt.sql

-- 10 rows of one class, 50 of the other: weights 60 / (2 * 10) = 3 and 60 / (2 * 50) = 0.6
CREATE TABLE points AS SELECT CASE WHEN i <= 10 THEN 'ill' ELSE 'well' END AS label, ARRAY[i % 7, i % 5]::real[] AS x, i / 10.0 AS number FROM generate_series(1, 60) i;
SELECT cerebro.training_preprocessor_dl('points', 'packed', 'label', 'x', num_partitions => 2, buffer_size => 7);
SELECT cerebro.training_preprocessor_dl('points', 'indexed', 'label', 'x', num_partitions => 2, dependent_type => 'index', num_classes => ARRAY[4]);
SELECT cerebro.training_preprocessor_dl('points', 'numbers', 'number', 'x', dependent_type => 'real');
SELECT data_spec -> 'targets' -> 0 ->> 'class_values' AS classes, data_spec -> 'targets' -> 0 ->> 'class_rows' AS rows FROM packed_summary;
SELECT data_spec -> 'targets' -> 0 ->> 'class_values' AS classes, data_spec -> 'targets' -> 0 ->> 'class_rows' AS rows FROM indexed_summary;
SELECT (data_spec -> 'targets' -> 0 ->> 'class_rows') IS NULL AS none FROM numbers_summary;

SELECT cerebro.load_model('archs', $$ {"class_name": "Sequential", "config": [
 {"class_name": "Dense", "config": {"name": "out", "units": 2, "activation": "softmax", "batch_input_shape": [null, 2]}}]} $$);
SELECT cerebro.load_model('archs', $$ {"class_name": "Sequential", "config": [
 {"class_name": "Dense", "config": {"name": "out", "units": 4, "activation": "softmax", "batch_input_shape": [null, 2]}}]} $$);
SELECT cerebro.load_model('archs', $$ {"class_name": "Sequential", "config": [
 {"class_name": "Dense", "config": {"name": "out", "units": 1, "batch_input_shape": [null, 2]}}]} $$);
-- the same bits as with the weights written out
CREATE FUNCTION weights(packed text, model int, loss text, class_weight text, OUT digest text) LANGUAGE plpgsql AS $$
BEGIN
    DROP TABLE IF EXISTS c, c_summary, r, r_info, r_summary, r_state, r_visits;
    PERFORM cerebro.load_model_selection_table('archs', 'c', ARRAY[model], ARRAY[format($p$optimizer='SGD(lr=0.05)',loss='%s'$p$, loss)],
        ARRAY['batch_size=8' || coalesce(',class_weight=' || class_weight, '')]);
    PERFORM cerebro.fit_multiple_model(packed, 'r', 'c', 2, workers => 0, seed => 1);
    SELECT md5(model_weights) INTO digest FROM r;
END $$;
SELECT weights('packed', 1, 'categorical_crossentropy', $$'balanced'$$) = weights('packed', 1, 'categorical_crossentropy', $${'ill': 3.0, 'well': 0.6}$$) AS as_written_out,
       weights('packed', 1, 'categorical_crossentropy', $$'balanced'$$) = weights('packed', 1, 'categorical_crossentropy', NULL) AS as_without;
-- classes without rows count for nothing
SELECT weights('indexed', 2, 'sparse_categorical_crossentropy', $$'balanced'$$) = weights('indexed', 2, 'sparse_categorical_crossentropy', '{0: 3.0, 1: 0.6}') AS as_written_out;
-- rows that are appended are counted
CREATE TABLE more AS SELECT 'ill'::text AS label, ARRAY[i, 1]::real[] AS x FROM generate_series(1, 20) i;
SELECT cerebro.append_rows('packed', 'more');
SELECT data_spec -> 'targets' -> 0 ->> 'class_rows' AS rows FROM packed_summary;
SELECT weights('packed', 1, 'categorical_crossentropy', $$'balanced'$$) = weights('packed', 1, 'categorical_crossentropy', $${'ill': 1.3333333333333333, 'well': 0.8}$$) AS as_written_out;
-- one of several values of a search; a visit by hand has the same weights
SELECT cerebro.generate_model_configs('archs', 'searched', ARRAY[1], $${'loss': ['categorical_crossentropy'], 'optimizer_params_list': [{'optimizer': ['SGD'], 'lr': [0.05]}]}$$,
    $${'batch_size': [8], 'class_weight': ['balanced', None]}$$);
SELECT mst_key, fit_params FROM searched ORDER BY 1;
SELECT cerebro.fit_multiple_model('packed', 'run', 'searched', 1, workers => 0, seed => 1);
SELECT count(DISTINCT md5(model_weights)) AS different FROM run;
CREATE TABLE by_hand AS SELECT cerebro.init_state('archs', 1, $$loss='categorical_crossentropy',optimizer='SGD(lr=0.05)'$$, $$batch_size=8,class_weight='balanced'$$, 'packed', 1, 1) AS state;
CREATE TABLE by_hand_without AS SELECT cerebro.init_state('archs', 1, $$loss='categorical_crossentropy',optimizer='SGD(lr=0.05)'$$, $$batch_size=8$$, 'packed', 1, 1) AS state;
SELECT (SELECT md5(cerebro.fit_step(s.state, p.partition_id, p.buffer_id, p.x, p.label)) FROM (SELECT * FROM packed WHERE partition_id = 0 ORDER BY buffer_id) p, by_hand s)
    <> (SELECT md5(cerebro.fit_step(s.state, p.partition_id, p.buffer_id, p.x, p.label)) FROM (SELECT * FROM packed WHERE partition_id = 0 ORDER BY buffer_id) p, by_hand_without s) AS weighed;
-- scores are without weights
SELECT cerebro.evaluate('run', 'packed', 'scores');
SELECT count(*) FROM scores;

\x on
SELECT * FROM attempt($$SELECT weights('numbers', 3, 'mse', '''balanced''')$$);
SELECT * FROM attempt($$SELECT weights('packed', 1, 'categorical_crossentropy', '''equal''')$$);
CREATE TABLE hot AS SELECT x, ARRAY[1, 0]::smallint[] AS y FROM points;
SELECT cerebro.training_preprocessor_dl('hot', 'hot_packed', 'y', 'x');
SELECT * FROM attempt($$SELECT weights('hot_packed', 1, 'categorical_crossentropy', '''balanced''')$$);
-- a table of an earlier version
UPDATE packed_summary SET data_spec = regexp_replace(data_spec::text, ', ?"class_rows": ?\[[^]]*\]', '')::json;
SELECT * FROM attempt($$SELECT weights('packed', 1, 'categorical_crossentropy', '''balanced''')$$);
\x off
SELECT cerebro.append_rows('packed', 'more');
SELECT (data_spec -> 'targets' -> 0 ->> 'class_rows') IS NULL AS still_unknown FROM packed_summary;
DROP SCHEMA balanced CASCADE;
