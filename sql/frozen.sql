-- Frozen layers computed once: stored as tables, shared within a visit, or both. No way changes a bit of any model, nor any metric.
SET client_min_messages = error;
SET cerebro.bundles = 2;
CREATE SCHEMA frozen;
SET search_path = frozen, public;
CREATE TABLE points AS
SELECT i AS id, (i % 3)::int AS label, ARRAY(SELECT ((i * 7919 + c * 1299709) % 97 + CASE WHEN c % 3 = i % 3 THEN 40 ELSE 0 END)::int FROM generate_series(0, 199) c) AS x
FROM generate_series(1, 480) i;
SELECT cerebro.training_preprocessor_dl('points', 'packed', 'label', 'x', normalizing_const => 140, num_partitions => 4, seed => 3, buffer_size => 50);
CREATE TABLE others AS SELECT id + 1000 AS id, label, ARRAY(SELECT (v + id * 31) % 141 FROM unnest(x) v) AS x FROM points WHERE id % 3 = 0;
SELECT cerebro.validation_preprocessor_dl('others', 'packed_val', 'label', 'x', 'packed');

-- a convolutional trunk, frozen as deep as the number says, and two heads
CREATE FUNCTION arch(depth integer, head text) RETURNS json LANGUAGE sql AS $$
SELECT format('{"class_name": "Sequential", "keras_version": "2.4.0", "config": [
 {"class_name": "Reshape", "config": {"name": "image", "target_shape": [10, 10, 2], "batch_input_shape": [null, 200]}},
 {"class_name": "Conv2D", "config": {"name": "a", "filters": 24, "kernel_size": [3, 3], "padding": "same", "activation": "relu", "trainable": %s}},
 {"class_name": "BatchNormalization", "config": {"name": "norm", "trainable": %s}},
 {"class_name": "Conv2D", "config": {"name": "b", "filters": 32, "kernel_size": [3, 3], "activation": "relu", "trainable": %s}},
 {"class_name": "MaxPooling2D", "config": {"name": "pool", "pool_size": [2, 2]}},
 {"class_name": "Conv2D", "config": {"name": "c", "filters": 32, "kernel_size": [3, 3], "activation": "relu", "trainable": %s}}, %s]}',
    CASE WHEN depth > 0 THEN 'false' ELSE 'true' END, CASE WHEN depth > 0 THEN 'false' ELSE 'true' END,
    CASE WHEN depth > 1 THEN 'false' ELSE 'true' END, CASE WHEN depth > 2 THEN 'false' ELSE 'true' END,
    CASE head WHEN 'deep' THEN '{"class_name": "Flatten", "config": {"name": "flat"}},
 {"class_name": "Dense", "config": {"name": "hidden", "units": 20, "activation": "relu"}},
 {"class_name": "Dropout", "config": {"name": "drop", "rate": 0.25}},
 {"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax"}}'
    ELSE '{"class_name": "GlobalAveragePooling2D", "config": {"name": "mean"}},
 {"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax"}}' END)::json $$;
-- weights of the trunk come from an earlier run; the rest of the weights are that run's, too
SELECT cerebro.load_model('first', arch(0, head)) FROM unnest(ARRAY['deep', 'flat']) head;
SELECT cerebro.load_model_selection_table('first', 'first_configs', ARRAY[1, 2], ARRAY[$$optimizer='Adam(lr=0.001)',loss='categorical_crossentropy'$$], ARRAY['batch_size=32,epochs=1']);
SELECT cerebro.fit_multiple_model('packed', 'pretrained', 'first_configs', 1, seed => 5, workers => 0);
CREATE TABLE heads AS SELECT c.model_id, p.model_weights AS weights FROM pretrained p JOIN first_configs c USING (mst_key);
CREATE FUNCTION trunk(weights bytea) RETURNS bytea LANGUAGE sql AS $$ SELECT substring($1 FROM 1 FOR 4 * (3 * 3 * 2 * 24 + 24 + 4 * 24 + 3 * 3 * 24 * 32 + 32 + 3 * 3 * 32 * 32 + 32)) $$;
CREATE FUNCTION weights(head text) RETURNS bytea LANGUAGE sql AS $$
SELECT trunk(a.weights) || substring(b.weights FROM length(trunk(b.weights)) + 1) FROM heads a, heads b
WHERE a.model_id = 1 AND b.model_id = CASE head WHEN 'deep' THEN 1 ELSE 2 END $$;
SELECT cerebro.load_model('archs', arch(depth, head), weights(head))
FROM (SELECT * FROM generate_series(0, 3) depth, unnest(ARRAY['deep', 'flat']) head ORDER BY depth, head OFFSET 0) a;
SELECT cerebro.load_model('archs', arch(3, 'deep'));  -- weights of its own, drawn by the run
SELECT cerebro.load_model_selection_table('archs', 'configs', ARRAY[2, 3, 4, 5, 6, 7, 8, 9],
    ARRAY[$$optimizer='Adam(lr=0.003)',loss='categorical_crossentropy',metrics=['accuracy']$$,
          $$optimizer='SGD(lr=0.05,momentum=0.9)',loss='categorical_crossentropy',metrics=['accuracy','mse']$$],
    ARRAY['batch_size=32,epochs=1']);
UPDATE configs SET fit_params = 'batch_size=24,epochs=2,shuffle=False' WHERE mst_key % 3 = 0;
SELECT count(*) FROM configs;

CREATE FUNCTION fingerprint(models regclass) RETURNS text LANGUAGE plpgsql AS $$
DECLARE f text;
BEGIN
    EXECUTE format('SELECT md5(string_agg(mst_key || md5(model_weights), '','' ORDER BY mst_key)) FROM %s', models) INTO f;
    RETURN f;
END $$;
-- every metric of every iteration, and the loss of every visit
CREATE FUNCTION losses(name text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE metrics text; visits text;
BEGIN
    EXECUTE format('SELECT md5(string_agg(mst_key || coalesce(training_loss::text, '''') || coalesce(validation_loss::text, '''') || training_metrics::text
        || coalesce(validation_metrics::text, ''''), '','' ORDER BY mst_key)) FROM %I', name || '_info') INTO metrics;
    EXECUTE format('SELECT md5(string_agg(mst_key || '' '' || iteration || '' '' || visit || '' '' || partition_id || '' '' || loss, '','' ORDER BY mst_key, iteration, visit)) FROM %I',
        name || '_visits') INTO visits;
    RETURN metrics || visits;
END $$;
CREATE FUNCTION set_count(packed text) RETURNS bigint LANGUAGE sql AS $$
    SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'frozen' AND relkind = 'r' AND relname ~ ('^' || $1 || '_features_[0-9a-f]{12}$') $$;
CREATE TABLE runs (run text, fingerprint text, losses text, training_sets bigint, validation_sets bigint);
CREATE FUNCTION run(name text, store boolean, share boolean, workers integer DEFAULT 0) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('cerebro.enable_feature_materialization', store::text, true), set_config('cerebro.enable_feature_sharing', share::text, true);
    PERFORM cerebro.fit_multiple_model('packed', name, 'configs', 4, validation_table => 'packed_val', metrics_compute_frequency => 2, seed => 7, workers => run.workers);
    INSERT INTO runs VALUES (name, fingerprint(name), losses(name), set_count('packed'), set_count('packed_val'));
END $$;
-- what EXPLAIN says that is done
CREATE FUNCTION planned(store boolean, share boolean, workers integer, OUT shares boolean, OUT stores boolean) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('cerebro.enable_feature_materialization', store::text, true), set_config('cerebro.enable_feature_sharing', share::text, true),
        set_config('cerebro.workers', workers::text, true);
    SELECT bool_or(line ~ '^ *Share [a-z]+: '), bool_or(line ~ '^ *Store [a-z]+: ') INTO shares, stores
    FROM cerebro.explain_fit_multiple_model('packed', 'planned', 'configs', 4, validation_table => 'packed_val', metrics_compute_frequency => 2) AS line;
END $$;
SELECT store, share, p.* FROM (VALUES (false, false), (false, true), (true, false)) v(store, share), planned(store, share, 0) p ORDER BY 1, 2;
SELECT run('plain', false, false), run('plain_workers', false, false, 2);
SELECT run('shared', false, true), run('shared_workers', false, true, 2);
-- no room to keep them from visit to visit
SET cerebro.cache_mem = 0;
SELECT run('shared_again', false, true);
RESET cerebro.cache_mem;
-- EXPLAIN writes nothing
SELECT * FROM planned(true, false, 0);
SELECT set_count('packed'), set_count('packed_val');
SELECT run('stored', true, false);
SELECT run('stored_workers', true, false, 2);
-- both: those that are there are found; too little memory to keep all that is shared
SET cerebro.materialize_mem = '4MB';
SELECT store, share, p.* FROM (VALUES (true, true)) v(store, share), planned(store, share, 2) p;
SELECT run('both', true, true), run('both_workers', true, true, 2);
SET cerebro.bundles = 1;
SELECT run('one_bundle', true, true);
SET cerebro.bundles = 2;
RESET cerebro.materialize_mem;
SELECT run, fingerprint = (SELECT fingerprint FROM runs WHERE run = 'plain') AS same_weights, losses = (SELECT losses FROM runs WHERE run = 'plain') AS same_losses,
    training_sets > 0 AS stored, training_sets = validation_sets AS of_both_tables FROM runs ORDER BY 1;

-- what is kept of a run knows nothing of features
SELECT data_spec = (SELECT data_spec FROM plain_summary) AS same_data FROM stored_summary;
SELECT count(*) = count(p.mst_key) AS same_states FROM stored_state s LEFT JOIN plain_state p ON s.mst_key = p.mst_key AND s.piece = p.piece AND s.data = p.data;
-- evaluation and prediction use the whole model on raw rows
SELECT cerebro.evaluate('stored', 'packed_val', 'stored_scores');
SELECT cerebro.evaluate('plain', 'packed_val', 'plain_scores');
SELECT count(*) AS models, count(p.mst_key) AS same, bool_and(s.loss = i.validation_loss_final) AS as_in_the_run
FROM stored_scores s LEFT JOIN plain_scores p ON s.mst_key = p.mst_key AND s.loss = p.loss JOIN stored_info i ON i.mst_key = s.mst_key;
SELECT cerebro.predict('stored', 'others', 'id', 'x', 'stored_predictions', mst_key => 9);
SELECT cerebro.predict('plain', 'others', 'id', 'x', 'plain_predictions', mst_key => 9);
SELECT count(*) AS predictions, count(p.id) AS same FROM stored_predictions s LEFT JOIN plain_predictions p ON s.id = p.id AND s.class_value = p.class_value AND s.prob = p.prob;

-- a run that goes on, each half in another way
SELECT set_config('cerebro.enable_feature_sharing', 'off', false);
SELECT cerebro.fit_multiple_model('packed', 'halves', 'configs', 2, validation_table => 'packed_val', metrics_compute_frequency => 2, seed => 7, workers => 0);
SELECT cerebro.fit_multiple_model('packed', 'halves', 'configs', 2, validation_table => 'packed_val', metrics_compute_frequency => 2, warm_start => true, workers => 2);
SELECT fingerprint('halves') = fingerprint('plain') AS same;
RESET cerebro.enable_feature_sharing;

-- no disk and no memory: the plain run
SET cerebro.materialize_disk = 0;
SET cerebro.materialize_mem = 0;
SELECT run('no_room', true, true);
RESET cerebro.materialize_disk;
RESET cerebro.materialize_mem;
SELECT fingerprint = (SELECT fingerprint FROM runs WHERE run = 'plain') AS same_weights FROM runs WHERE run = 'no_room';
DROP SCHEMA frozen CASCADE;
