-- Runs whose results PostgreSQL and Greenplum must agree on, to the bit; what they say of it goes to standard output, a line a fact.
-- Variables: data, segments (of the cluster), workers (on PostgreSQL; not used on Greenplum).
\o /dev/null
SET client_min_messages = error;
SET cerebro.workers = :workers;
\i :data/load_digits.sql
SET client_min_messages = error;
SELECT cerebro.training_preprocessor_dl('digits_train', 'packed', 'label', 'pixels', buffer_size := 96, normalizing_const := 16, num_partitions := :segments, seed := 5);
SELECT cerebro.validation_preprocessor_dl('digits_val', 'packed_val', 'label', 'pixels', 'packed');
-- two partitions a segment
SELECT cerebro.training_preprocessor_dl('digits_train', 'packed_twice', 'label', 'pixels', buffer_size := 64, normalizing_const := 16, num_partitions := 2 * :segments, seed := 5);

SELECT cerebro.load_model('archs', $${"class_name": "Sequential", "keras_version": "2.10.0", "config": {"name": "mlp", "layers": [
  {"class_name": "Dense", "config": {"name": "hidden", "units": 33, "activation": "relu", "batch_input_shape": [null, 64]}},
  {"class_name": "Dropout", "config": {"name": "drop", "rate": 0.2}},
  {"class_name": "Dense", "config": {"name": "class", "units": 10, "activation": "softmax"}}]}}$$, name := 'mlp');
SELECT cerebro.load_model('archs', $${"class_name": "Sequential", "keras_version": "2.10.0", "config": {"name": "convnet", "layers": [
  {"class_name": "Reshape", "config": {"name": "image", "target_shape": [8, 8, 1], "batch_input_shape": [null, 64]}},
  {"class_name": "Conv2D", "config": {"name": "conv1", "filters": 6, "kernel_size": [3, 3], "padding": "same", "activation": "relu"}},
  {"class_name": "MaxPooling2D", "config": {"name": "pool", "pool_size": [2, 2]}},
  {"class_name": "Flatten", "config": {"name": "flat"}},
  {"class_name": "Dropout", "config": {"name": "drop", "rate": 0.3}},
  {"class_name": "Dense", "config": {"name": "class", "units": 10, "activation": "softmax"}}]}}$$, name := 'convnet');
SELECT cerebro.generate_model_configs('archs', 'configs', ARRAY[1, 2],
    $${'loss': ['categorical_crossentropy'], 'metrics': ['accuracy'],
       'optimizer_params_list': [{'optimizer': ['Adam'], 'lr': [0.001, 0.003]}, {'optimizer': ['SGD'], 'lr': [0.01, 0.05], 'momentum': [0.9]}]}$$,
    $${'batch_size': [16, 32], 'epochs': [1], 'shuffle': [True]}$$);

-- three iterations; again in this connection; with metrics; two and one by warm start; the best iteration's weights
SELECT cerebro.fit_multiple_model('packed', 'bits', 'configs', 3, seed := 7);
SELECT cerebro.fit_multiple_model('packed', 'again', 'configs', 3, seed := 7);
SELECT cerebro.fit_multiple_model('packed', 'metrics', 'configs', 3, validation_table := 'packed_val', metrics_compute_frequency := 1, seed := 7);
SELECT cerebro.fit_multiple_model('packed', 'halves', 'configs', 2, seed := 7);
SELECT cerebro.fit_multiple_model('packed', 'halves', 'configs', 1, warm_start := true, seed := 7);
SELECT cerebro.fit_multiple_model('packed', 'best', 'configs', 4, validation_table := 'packed_val', metrics_compute_frequency := 1, restore_best := true, seed := 7);
SELECT cerebro.fit_multiple_model('packed_twice', 'twice', 'configs', 2, seed := 7);
SELECT cerebro.evaluate('bits', 'packed_val', 'bits_eval');
SELECT cerebro.evaluate('best', 'packed_val', 'best_eval');
-- models that stop, and a part of the models that goes on
SELECT cerebro.fit_multiple_model('packed', 'halved', 'configs', 5, validation_table := 'packed_val', seed := 7, halving := $${'eta': 2, 'iterations': [1, 3]}$$);
SELECT cerebro.fit_multiple_model('packed', 'patient', 'configs', 6, validation_table := 'packed_val', metrics_compute_frequency := 1, seed := 7,
    early_stopping := $${'monitor': 'val_loss', 'patience': 1, 'min_delta': 0.05}$$);
CREATE TABLE fewer AS SELECT * FROM configs WHERE mst_key % 5 = 1;
CREATE TABLE fewer_summary AS SELECT * FROM configs_summary;
SELECT cerebro.fit_multiple_model('packed', 'subset', 'configs', 1, seed := 7);
SELECT cerebro.fit_multiple_model('packed', 'subset', 'fewer', 2, warm_start := true, seed := 7);
-- many models, in numbers that the segments do not divide
SELECT cerebro.generate_model_configs('archs', 'many', ARRAY[1],
    $${'loss': ['categorical_crossentropy'], 'metrics': ['accuracy'],
       'optimizer_params_list': [{'optimizer': ['Adam', 'RMSprop'], 'lr': [0.001, 0.003, 0.01]}, {'optimizer': ['SGD'], 'lr': [0.01, 0.02, 0.05, 0.1], 'momentum': [0.9]}]}$$,
    $${'batch_size': [16, 24, 32, 200], 'epochs': [1]}$$);
CREATE TABLE forty_one AS SELECT mst_key, model_id, compile_params, fit_params FROM many;
INSERT INTO forty_one SELECT 1000, 2, compile_params, fit_params FROM many WHERE mst_key = 1;
CREATE TABLE forty_one_summary AS SELECT * FROM many_summary;
SELECT cerebro.fit_multiple_model('packed', 'forty', 'forty_one', 3, seed := 7);
-- one model on all segments; a diverged one beside one that trains
SELECT cerebro.load_model_selection_table('archs', 'single', ARRAY[1], ARRAY[$$optimizer='Adam(lr=0.001)',metrics=['accuracy'],loss='categorical_crossentropy'$$], ARRAY['batch_size=32,epochs=2']);
SELECT cerebro.fit_multiple_model('packed', 'lone', 'single', 3, seed := 7);
SELECT cerebro.load_model_selection_table('archs', 'wild', ARRAY[1, 2], ARRAY[$$optimizer='SGD(lr=1e30)',metrics=['accuracy'],loss='categorical_crossentropy'$$,
    $$optimizer='Adam(lr=0.001)',metrics=['accuracy'],loss='categorical_crossentropy'$$], ARRAY['batch_size=32,epochs=1']);
SELECT cerebro.fit_multiple_model('packed', 'diverged', 'wild', 3, metrics_compute_frequency := 1, seed := 7);
-- a run by parts; folds, with rare classes weighed up; train
SELECT cerebro.advance('packed', 'parts', 'configs', 6, validation_table := 'packed_val', metrics_compute_frequency := 1, seed := 7, restore_best := true,
    early_stopping := $${'monitor': 'val_loss', 'patience': 1, 'min_delta': 0.05}$$, iterations := 2);
SELECT cerebro.advance('packed', 'parts', 'configs', 6, validation_table := 'packed_val', metrics_compute_frequency := 1, seed := 7, restore_best := true,
    early_stopping := $${'monitor': 'val_loss', 'patience': 1, 'min_delta': 0.05}$$, iterations := 2);
SELECT cerebro.advance('packed', 'parts', 'configs', 6, validation_table := 'packed_val', metrics_compute_frequency := 1, seed := 7, restore_best := true,
    early_stopping := $${'monitor': 'val_loss', 'patience': 1, 'min_delta': 0.05}$$, iterations := 2);
SELECT cerebro.fit_multiple_model('packed', 'whole', 'configs', 6, validation_table := 'packed_val', metrics_compute_frequency := 1, seed := 7, restore_best := true,
    early_stopping := $${'monitor': 'val_loss', 'patience': 1, 'min_delta': 0.05}$$);
SELECT cerebro.training_preprocessor_dl('digits_train', 'folds_packed', 'label', 'pixels', buffer_size := 64, normalizing_const := 16, folds := 2, num_partitions := 2 * :segments, seed := 5);
SELECT cerebro.load_model_selection_table('archs', 'weighed', ARRAY[1, 2], ARRAY[$$optimizer='Adam(lr=0.001)',metrics=['accuracy'],loss='categorical_crossentropy'$$],
    ARRAY[$$batch_size=32,epochs=1,class_weight='balanced'$$]);
SELECT cerebro.fit_multiple_model('folds_packed', 'folded', 'weighed', 2, metrics_compute_frequency := 1, seed := 7, folds := 2);
CREATE TABLE flowers AS SELECT i AS id, i * 37 % 101 / 4.0 AS a, (i * 7919 % 13)::int AS b, (ARRAY['red', 'white', 'blue'])[1 + i % 3] AS colour,
    CASE WHEN i % 9 <> 0 THEN (i % 3 + i % 5)::float8 END AS c, (ARRAY['rose', 'tulip', 'lily'])[1 + i % 3] AS kind FROM generate_series(1, 700) i;
SELECT cerebro.train('kinds', 'flowers', 'kind', "exclude" := 'id', max_models := 4, num_iterations := 4, seed := 11, output_table := 'kinds');

CREATE FUNCTION bits(v double precision) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT encode(float8send(v), 'hex') $$;
CREATE FUNCTION bits(v double precision[]) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT string_agg(encode(float8send(x), 'hex'), ',') FROM unnest(v) x $$;
CREATE FUNCTION facts(models text) RETURNS SETOF text LANGUAGE plpgsql AS $f$
BEGIN
    RETURN QUERY EXECUTE format($$SELECT %1$L || ' weights ' || mst_key || ' ' || md5(model_weights) FROM %1$I ORDER BY mst_key$$, models);
    RETURN QUERY EXECUTE format($$SELECT %1$L || ' state ' || mst_key || ' ' || count(*) || ' pieces ' || md5(string_agg(data, '' ORDER BY piece))
        FROM %2$I GROUP BY mst_key ORDER BY mst_key$$, models, models || '_state');
    RETURN QUERY EXECUTE format($$SELECT concat_ws(' ', %1$L || ' info', mst_key, status, diverged_step, stopped_iteration, stopped_by, best_iteration, iterations_done,
        bits(training_metrics_final), bits(training_loss_final), bits(validation_metrics_final), bits(validation_loss_final), bits(training_loss), bits(validation_loss))
        FROM %2$I ORDER BY mst_key$$, models, models || '_info');
    RETURN QUERY EXECUTE format($$SELECT concat_ws(' ', %1$L || ' visit', mst_key, iteration, visit, partition_id, rows, bits(loss)) FROM %2$I
        ORDER BY mst_key, iteration, visit$$, models, models || '_visits');
END $f$;
\o
SELECT concat_ws(' ', 'packed', partition_id, buffer_id, md5(pixels), md5(label)) FROM packed ORDER BY partition_id, buffer_id;
SELECT concat_ws(' ', 'packed_val', partition_id, buffer_id, md5(pixels), md5(label)) FROM packed_val ORDER BY partition_id, buffer_id;
SELECT concat_ws(' ', 'packed_twice', partition_id, buffer_id, md5(pixels), md5(label)) FROM packed_twice ORDER BY partition_id, buffer_id;
SELECT 'digest ' || digest FROM packed_summary;
SELECT facts(r) FROM unnest('{bits,forty,twice,again,metrics,halves,best,halved,patient,subset,lone,diverged,parts,whole,folded,kinds_models}'::text[]) r;
SELECT concat_ws(' ', 'bits_eval', mst_key, bits(loss), bits(metric)) FROM bits_eval ORDER BY mst_key;
SELECT concat_ws(' ', 'best_eval', mst_key, bits(loss), bits(metric)) FROM best_eval ORDER BY mst_key;
SELECT 'build ' || build FROM bits_summary;
SELECT 'same again ' || bool_and(b.model_weights = a.model_weights) FROM bits b JOIN again a USING (mst_key);
SELECT 'same with metrics ' || bool_and(b.model_weights = a.model_weights) FROM bits b JOIN metrics a USING (mst_key);
SELECT 'same in parts ' || bool_and(w.model_weights = p.model_weights) FROM whole w JOIN parts p USING (mst_key);
SELECT concat_ws(' ', 'said', id, cerebro.predict('kinds', f), encode(float8send((cerebro.predict_proba('kinds', f) ->> 'rose')::float8), 'hex')) FROM flowers f ORDER BY id;
SELECT 'same in two halves ' || bool_and(b.model_weights = a.model_weights) FROM bits b JOIN halves a USING (mst_key);
