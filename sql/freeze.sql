-- Candidates of a search over freeze depths, heads and adapters: rows of an architecture table that are made of another row.
\pset null '(null)'
SET client_min_messages = notice;
CREATE SCHEMA freezing;
SET search_path = freezing, public;

\set data `echo "$CEREBRO_TEST_DATA"`
\i :data/attempt.sql

SET client_min_messages = warning;
CREATE TABLE points AS SELECT i AS id, (i % 3)::int AS label, ARRAY(SELECT (i * 7919 + c * 131) % 17 FROM generate_series(0, 35) c)::int[] AS x FROM generate_series(1, 120) i;
SELECT cerebro.training_preprocessor_dl('points', 'packed', 'label', 'x', normalizing_const => 17, num_partitions => 2, seed => 3);
SELECT cerebro.load_model('archs', '{"class_name": "Sequential", "keras_version": "2.10.0", "config": {"name": "net", "layers": [
    {"class_name": "Reshape", "config": {"name": "image", "target_shape": [6, 6, 1], "batch_input_shape": [null, 36]}},
    {"class_name": "Conv2D", "config": {"name": "c1", "filters": 4, "kernel_size": [3, 3], "activation": "relu"}},
    {"class_name": "Dropout", "config": {"name": "drop", "rate": 0.25}},
    {"class_name": "Conv2D", "config": {"name": "c2", "filters": 3, "kernel_size": [3, 3], "activation": "relu"}},
    {"class_name": "Flatten", "config": {"name": "flat"}},
    {"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax"}}]}}');
SELECT cerebro.load_model_selection_table('archs', 'first', ARRAY[1], ARRAY[$$optimizer='Adam',loss='categorical_crossentropy'$$], ARRAY['batch_size=20,epochs=1']);
SELECT cerebro.fit_multiple_model('packed', 'pretrained', 'first', 2, seed => 5, workers => 0);
SELECT model_arch AS arch FROM archs \gset
SELECT encode(model_weights, 'hex') AS weights FROM pretrained \gset
SELECT cerebro.load_model('archs', :'arch', decode(:'weights', 'hex'), 'digits');
SET client_min_messages = notice;

-- its own head: all weights are there
SELECT * FROM cerebro.freeze_variants('archs', 2, ARRAY['', 'c1', 'flat']);
SELECT model_id, length(model_weights), weight_layers FROM archs WHERE model_id > 2 ORDER BY 1;
-- new heads: c1 has 40 weights, c2 111
SELECT * FROM cerebro.freeze_variants('archs', 2, ARRAY['c1', 'c2'], hidden => '{8}', classes => 3);
SELECT * FROM cerebro.freeze_variants('archs', 2, ARRAY['c2'], head => '[{"class_name": "Dense", "config": {"units": 5, "activation": "tanh"}},
    {"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax"}}]');
SELECT * FROM cerebro.freeze_variants('archs', 2, ARRAY['c1', 'c2'], hidden => '{}', truncate => true);
SELECT * FROM cerebro.adapter_variants('archs', 2, ARRAY['c1', 'c2'], ARRAY[2, 4]);
SELECT model_id, length(model_weights) / 4 AS weights, weight_layers FROM archs WHERE model_id > 5 ORDER BY 1;
-- variants of a variant keep what it has
SELECT * FROM cerebro.freeze_variants('archs', 6, ARRAY['c2']);
SELECT length(model_weights) / 4 AS weights, weight_layers FROM archs WHERE model_id = 13;

-- all of them in one run; frozen weights stay to the bit, new heads are each model's own
SET client_min_messages = warning;
SELECT cerebro.load_model_selection_table('archs', 'configs', ARRAY[3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13],
    ARRAY[$$optimizer='SGD(lr=0.01)',loss='categorical_crossentropy'$$, $$optimizer='SGD(lr=0.0)',loss='categorical_crossentropy'$$], ARRAY['batch_size=20,epochs=1']);
SELECT cerebro.fit_multiple_model('packed', 'tuned', 'configs', 2, seed => 7, workers => 0);
SET client_min_messages = notice;
CREATE TABLE kept AS SELECT mst_key, model_id, compile_params LIKE '%0.0)%' AS still, t.model_weights AS after,
    decode(:'weights', 'hex') AS before FROM tuned t JOIN configs USING (mst_key);
SELECT model_id, bool_and(substring(after FROM 1 FOR 160) = substring(before FROM 1 FOR 160)) AS c1_same,
       bool_and(substring(after FROM 161 FOR 444) = substring(before FROM 161 FOR 444)) AS c2_same FROM kept WHERE NOT still AND model_id <> 9 GROUP BY 1 ORDER BY 1;
SELECT model_id, bool_and(substring(after FROM 1 FOR 160) = substring(before FROM 1 FOR 160)) AS c1_same FROM kept WHERE still GROUP BY 1 ORDER BY 1;
-- heads are drawn by each model for itself
SELECT model_id, count(DISTINCT md5(substring(after FROM 605))) AS heads FROM kept WHERE still AND model_id IN (6, 7) GROUP BY 1 ORDER BY 1;
SELECT count(DISTINCT md5(substring(after FROM 605))) AS heads FROM kept WHERE still AND model_id IN (6, 7);
-- an adapter changes nothing before it is trained: with a learning rate of 0 all have one loss
SELECT count(DISTINCT round(training_loss_final::numeric, 5)) AS losses FROM tuned_info i JOIN kept USING (mst_key) WHERE still AND i.model_id IN (5, 11, 12);

-- weights of a file are those of all layers
SELECT * FROM attempt($$SELECT cerebro.export_model('archs', model_id => 6)$$);
SELECT mst_key AS trained FROM kept WHERE model_id = 6 AND NOT still \gset
SELECT cerebro.import_weights('archs', 6, cerebro.export_model('tuned', :trained));
SELECT length(model_weights) / 4 AS weights, weight_layers FROM archs WHERE model_id = 6;

-- a table of version 0.1 gets the column when it is needed, and not before
ALTER TABLE archs DROP COLUMN weight_layers;
SELECT new_model_id FROM cerebro.freeze_variants('archs', 2, ARRAY['c1']);
SELECT new_model_id FROM cerebro.freeze_variants('archs', 2, ARRAY['c1'], hidden => '{4}');
SELECT model_id, weight_layers FROM archs WHERE model_id > 13 ORDER BY 1;
-- without weights there is nothing to keep
SELECT new_model_id FROM cerebro.freeze_variants('archs', 1, ARRAY['c1']);

-- what cannot be meant
SELECT * FROM attempt($$SELECT cerebro.freeze_variants('archs', 2, ARRAY['c7'])$$);
SELECT * FROM attempt($$SELECT cerebro.freeze_variants('archs', 2, '{}')$$);
SELECT * FROM attempt($$SELECT cerebro.freeze_variants('archs', 2, ARRAY['out'], hidden => '{4}')$$);
SELECT * FROM attempt($$SELECT cerebro.freeze_variants('archs', 2, ARRAY['c1'], classes => 4)$$);
SELECT * FROM attempt($$SELECT cerebro.freeze_variants('archs', 2, ARRAY['c1'], head => '{}', hidden => '{4}')$$);
SELECT * FROM attempt($$SELECT cerebro.freeze_variants('archs', 2, ARRAY['c1'], head => '{}')$$);
SELECT * FROM attempt($$SELECT cerebro.freeze_variants('archs', 2, ARRAY['c1'], head => '[{"class_name": "Lambda"}]')$$);
SELECT * FROM attempt($$SELECT cerebro.freeze_variants('archs', 2, ARRAY['c1'], truncate => true)$$);
SELECT * FROM attempt($$SELECT cerebro.freeze_variants('archs', 2, ARRAY['c1'], hidden => '{0}')$$);
SELECT * FROM attempt($$SELECT cerebro.freeze_variants('archs', 2, ARRAY['c1'], hidden => '{2000000000}')$$);
SELECT * FROM attempt($$SELECT cerebro.freeze_variants('archs', 99, ARRAY['c1'])$$);
SELECT * FROM attempt($$SELECT cerebro.adapter_variants('archs', 2, ARRAY['out'])$$);
SELECT * FROM attempt($$SELECT cerebro.adapter_variants('archs', 2, ARRAY['c1'], ARRAY[0])$$);
SELECT * FROM attempt($$SELECT cerebro.adapter_variants('archs', 2, ARRAY['c1'], '{}')$$);
UPDATE archs SET weight_layers = ARRAY['c1', 'c9'] WHERE model_id = 15;
SELECT * FROM attempt($$SELECT cerebro.freeze_variants('archs', 15, ARRAY['c1'])$$);
UPDATE archs SET weight_layers = ARRAY['c1'] WHERE model_id = 15;
SELECT * FROM attempt($$SELECT cerebro.freeze_variants('archs', 15, ARRAY['c1'])$$);
-- a failed call adds nothing
SELECT count(*) FROM archs;

-- settings of features: names, limits
SET cerebro.feature_precision = 'int4';
SELECT sqlstate FROM attempt('SET cerebro.materialize_disk = -1');
SET cerebro.materialize_mem = '2GB';
SHOW cerebro.materialize_mem;
SELECT name, setting, unit FROM pg_settings WHERE name IN ('cerebro.materialize_disk', 'cerebro.feature_precision', 'cerebro.features_schema',
    'cerebro.enable_feature_sharing', 'cerebro.enable_feature_materialization') ORDER BY 1;
SET client_min_messages = warning;
DROP SCHEMA freezing CASCADE;
