-- Searches read stored features of frozen layers: planned once for the architectures that are searched, read by trials that are made later, and the bits of
-- a search that computes them with each trial.
SET client_min_messages = error;
CREATE SCHEMA search_features_case;
SET search_path = search_features_case, public;
CREATE TABLE points AS
SELECT i AS id, (i % 3)::int AS label, ARRAY(SELECT ((i * 7919 + c * 1299709) % 97 + CASE WHEN c % 3 = i % 3 THEN 40 ELSE 0 END)::int FROM generate_series(0, 199) c) AS x
FROM generate_series(1, 480) i;
SELECT cerebro.training_preprocessor_dl('points', 'packed', 'label', 'x', normalizing_const => 140, num_partitions => 4, seed => 3, buffer_size => 50);
SELECT cerebro.validation_preprocessor_dl('points', 'packed_val', 'label', 'x', 'packed', buffer_size => 50);
SELECT cerebro.load_model('first', '{"class_name": "Sequential", "keras_version": "2.4.0", "config": [
 {"class_name": "Reshape", "config": {"name": "image", "target_shape": [10, 10, 2], "batch_input_shape": [null, 200]}},
 {"class_name": "Conv2D", "config": {"name": "a", "filters": 24, "kernel_size": [3, 3], "padding": "same", "activation": "relu"}},
 {"class_name": "Conv2D", "config": {"name": "b", "filters": 32, "kernel_size": [3, 3], "activation": "relu"}},
 {"class_name": "MaxPooling2D", "config": {"name": "pool", "pool_size": [2, 2]}},
 {"class_name": "Flatten", "config": {"name": "flat"}},
 {"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax"}}]}');
SELECT cerebro.load_model_selection_table('first', 'first_configs', ARRAY[1], ARRAY[$$optimizer='Adam(lr=0.001)',loss='categorical_crossentropy'$$], ARRAY['batch_size=32']);
SELECT cerebro.fit_multiple_model('packed', 'pretrained', 'first_configs', 1, seed => 5, workers => 0);
-- two heads upon one frozen part, one upon less of it, and an architecture without
SELECT cerebro.load_model('archs', model_arch, (SELECT model_weights FROM pretrained)) FROM first;
SELECT count(*) FROM cerebro.freeze_variants('archs', 1, ARRAY['flat'], hidden => '{}', classes => 3);
SELECT count(*) FROM cerebro.freeze_variants('archs', 1, ARRAY['flat'], hidden => '{8}', classes => 3);
SELECT count(*) FROM cerebro.freeze_variants('archs', 1, ARRAY['a'], hidden => '{8}', classes => 3);
SELECT cerebro.load_model('archs', '{"class_name": "Sequential", "config": [{"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax", "batch_input_shape": [null, 200]}}]}');
CREATE FUNCTION search(policy text) RETURNS text LANGUAGE sql AS $$
SELECT format('{%s, "model_ids": [2, 3, 4, 5], "compile_params_grid": {"loss": ["categorical_crossentropy"], "metrics": ["accuracy"],
    "optimizer_params_list": [{"optimizer": ["SGD", "Adam"], "lr": [0.0005, 0.05, "log"]}]}, "fit_params_grid": {"batch_size": [16, 32], "epochs": [1, 2]}}', policy) $$;
CREATE FUNCTION found(out_table text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    r text;
BEGIN
    EXECUTE format('SELECT (SELECT count(*) FROM %1$s) || '' '' || (SELECT md5(string_agg(concat_ws('' '', mst_key, state, model_id, compile_params, fit_params, parent, iterations, target,
            entered_round, bracket, remark, error, point_values), '','' ORDER BY mst_key)) FROM %1$s_trials) || '' '' ||
        (SELECT md5(string_agg(mst_key || md5(model_weights), '','' ORDER BY mst_key)) FROM %1$s) || '' '' ||
        (SELECT md5(string_agg(concat_ws('' '', mst_key, status, metrics_iters, training_loss, validation_loss, iterations_done), '','' ORDER BY mst_key))
            FROM %1$s_info)', out_table) INTO r;
    RETURN r;
END $$;
-- what a search takes of the frozen layers that it has
CREATE FUNCTION uses(out_table text) RETURNS TABLE (layer text, use text, for_some boolean) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format('SELECT e->>''layer'', e->>''use'', (e->>''models'')::int > 0 FROM %s_summary, json_array_elements(frozen_layers) e ORDER BY 1', out_table);
END $$;
\set asha '\'"policy": "asha", "max_models": 18, "concurrency": 6\''

SET cerebro.enable_feature_materialization = off;
SELECT line FROM cerebro.explain_fit_multiple_model('packed', 'planned', 'archs', 9, search => search(:asha), validation_table => 'packed_val', workers => 0) line WHERE line ~ 'Features';
SELECT cerebro.fit_multiple_model('packed', 'plain', 'archs', 9, search => search(:asha), validation_table => 'packed_val', seed => 3, workers => 0);
SELECT count(*) FROM uses('plain');
SET cerebro.enable_feature_materialization = on;
SELECT regexp_replace(line, '[0-9.]+ (s|kB|MB|B)\M', '# \1', 'g') AS line FROM cerebro.explain_fit_multiple_model('packed', 'planned', 'archs', 9, search => search(:asha), validation_table => 'packed_val', workers => 0) line
WHERE line ~ 'Features|Store';
SELECT cerebro.fit_multiple_model('packed', 'stored', 'archs', 9, search => search(:asha), validation_table => 'packed_val', seed => 3, workers => 0);
SELECT found('stored') = found('plain') AS same;
SELECT * FROM uses('stored');
SELECT count(DISTINCT model_id) AS architectures, count(*) FILTER (WHERE entered_round > 0) > 0 AS some_were_made_later FROM stored_trials;
SELECT source_table, count(*) AS sets FROM cerebro.materialized_features WHERE source_table LIKE 'search_features_case.%' GROUP BY 1 ORDER BY 1;
CREATE TABLE made AS SELECT digest, made_at FROM cerebro.materialized_features WHERE source_table LIKE 'search_features_case.%';
-- by workers, another policy that finds what is there, and in parts
SELECT cerebro.fit_multiple_model('packed', 'by_two', 'archs', 9, search => search(:asha), validation_table => 'packed_val', seed => 3, workers => 2);
SELECT found('by_two') = found('plain') AS same;
SELECT cerebro.advance('packed', 'parts', 'archs', 9, search => search(:asha), validation_table => 'packed_val', seed => 3, workers => 0, iterations => 5) > 0 AS goes_on;
SELECT cerebro.drop_features('packed') > 0 AS robbed;
SELECT cerebro.advance('packed', 'parts', 'archs', 9, search => search(:asha), validation_table => 'packed_val', seed => 3, workers => 2, iterations => 999) AS rounds_left;
SELECT found('parts') = found('plain') AS same;
SELECT count(*) = count(m.digest) AS same_sets FROM cerebro.materialized_features f LEFT JOIN made m USING (digest) WHERE source_table LIKE 'search_features_case.%';
CALL cerebro.fit('packed', 'called', 'archs', 9, search => search(:asha), validation_table => 'packed_val', seed => 3, workers => 0, checkpoint_interval => '0');
SELECT found('called') = found('plain') AS same;
SELECT cerebro.replay('called', 'again', workers => 0);
SELECT found('again') = found('plain') AS same;
-- a population, whose members are cloned
SET cerebro.enable_feature_materialization = off;
SELECT cerebro.fit_multiple_model('packed', 'plain_pbt', 'archs', 6, search => search('"policy": "pbt", "population": 8, "interval": 2'), validation_table => 'packed_val', seed => 4, workers => 0);
SET cerebro.enable_feature_materialization = on;
SELECT cerebro.fit_multiple_model('packed', 'stored_pbt', 'archs', 6, search => search('"policy": "pbt", "population": 8, "interval": 2'), validation_table => 'packed_val', seed => 4, workers => 2);
SELECT found('stored_pbt') = found('plain_pbt') AS same, (SELECT count(*) > 0 FROM stored_pbt_trials WHERE parent IS NOT NULL) AS clones;
-- people add a model of an architecture that is searched, and one that is not
SELECT cerebro.advance('packed', 'added', 'archs', 9, search => search('"policy": "random", "max_models": 4'), seed => 3, workers => 0, iterations => 2) > 0 AS goes_on;
SELECT cerebro.control('added', 'add', model_id => 3, compile_params => $$optimizer='SGD(lr=0.01)',loss='categorical_crossentropy',metrics=['accuracy']$$, fit_params => 'batch_size=32');
SELECT cerebro.control('added', 'add', model_id => 1, compile_params => $$optimizer='SGD(lr=0.01)',loss='categorical_crossentropy',metrics=['accuracy']$$, fit_params => 'batch_size=32');
SELECT cerebro.advance('packed', 'added', 'archs', 9, search => search('"policy": "random", "max_models": 4'), seed => 3, workers => 0, iterations => 999) >= 0 AS heard;
SELECT cerebro.advance('packed', 'added', 'archs', 9, search => search('"policy": "random", "max_models": 4'), seed => 3, workers => 0, iterations => 999) AS rounds_left;
SELECT mst_key, model_id, state, iterations, error FROM added_trials WHERE remark = 'added' ORDER BY 1;
-- the model that was added is the one that is trained alone without features
SET cerebro.enable_feature_materialization = off;
SELECT cerebro.load_model_selection_table('archs', 'alone', ARRAY[3], ARRAY[$$optimizer='SGD(lr=0.01)',loss='categorical_crossentropy',metrics=['accuracy']$$], ARRAY['batch_size=32']);
UPDATE alone SET mst_key = 5;
SELECT cerebro.fit_multiple_model('packed', 'alone_fit', 'alone', 9, seed => 3, workers => 0);
SELECT a.model_weights = b.model_weights AS same FROM alone_fit a JOIN added b USING (mst_key);
DROP SCHEMA search_features_case CASCADE;
