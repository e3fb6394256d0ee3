-- A model of a fold has the bits of one that is trained alone on a packed table of the partitions that it visits, and the metrics over its fold are
-- those over a packed table of the others.
SET client_min_messages = warning;
CREATE SCHEMA folds_alone;
SET search_path = folds_alone, public;
CREATE TABLE points AS SELECT i AS id, i % 3 AS label, ARRAY[i % 251, (i * 7) % 13, 40 * (i % 3)]::smallint[] AS x FROM generate_series(1, 400) i;
SELECT cerebro.training_preprocessor_dl('points', 'packed', 'label', 'x', dependent_type => 'index', num_partitions => 8, buffer_size => 20, folds => 4, standardize => true);

-- makes a packed table of some partitions of another one, in this order
CREATE FUNCTION take(name text, partitions int[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    total bigint;
BEGIN
    SELECT sum(partition_rows[p + 1]) INTO total FROM packed_summary, unnest(partitions) p;
    EXECUTE format('CREATE TABLE %I AS SELECT b.* FROM packed b WHERE b.partition_id = ANY (%L)', name, partitions);
    EXECUTE format('UPDATE %I SET partition_id = (SELECT i - 1 FROM generate_series(1, array_length(%L::int[], 1)) i WHERE (%L::int[])[i] = partition_id)', name, partitions, partitions);
    EXECUTE format('CREATE TABLE %I AS SELECT * FROM packed_summary', name || '_summary');
    EXECUTE format($u$UPDATE %I SET folds = NULL, num_partitions = %s, rows = %s, partition_rows = ARRAY(SELECT partition_rows[(%L::int[])[i] + 1] FROM generate_series(1, %s) i),
        partition_buffers = ARRAY(SELECT partition_buffers[(%L::int[])[i] + 1] FROM generate_series(1, %s) i),
        data_spec = regexp_replace(regexp_replace(data_spec::text, '"num_partitions": ?\d+', '"num_partitions": %s'), '"rows": ?\d+}$', '"rows": %s}')::json$u$,
        name || '_summary', array_length(partitions, 1), total, partitions, array_length(partitions, 1), partitions, array_length(partitions, 1), array_length(partitions, 1), total);
END $$;
-- fold 2 is partitions 2 and 3: the model sees the others from 4 on, around the end
SELECT take('others', ARRAY[4, 5, 6, 7, 0, 1]), take('fold', ARRAY[2, 3]);
SELECT num_partitions, rows FROM others_summary;

SELECT cerebro.load_model('archs', $$ {"class_name": "Sequential", "config": [
 {"class_name": "Dense", "config": {"name": "hidden", "units": 6, "activation": "relu", "batch_input_shape": [null, 3]}},
 {"class_name": "Dropout", "config": {"name": "drop", "rate": 0.25}},
 {"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax"}}]} $$);
SELECT cerebro.load_model_selection_table('archs', 'configs', ARRAY[1], ARRAY[$$optimizer='Adam(lr=0.01)',loss='sparse_categorical_crossentropy',metrics=['accuracy', 'mcc']$$],
    ARRAY['batch_size=16,epochs=2', 'batch_size=7']);
SELECT cerebro.fit_multiple_model('packed', 'run', 'configs', 3, metrics_compute_frequency => 1, seed => 5, folds => 4);
-- the keys of the second fold's models
CREATE TABLE alone_configs AS SELECT i.mst_key, c.model_id, c.compile_params, c.fit_params FROM configs c JOIN run_info i ON i.configuration = c.mst_key WHERE i.fold = 2;
CREATE TABLE alone_configs_summary AS SELECT * FROM configs_summary;
SELECT mst_key FROM alone_configs ORDER BY 1;
SELECT cerebro.fit_multiple_model('others', 'alone', 'alone_configs', 3, validation_table => 'fold', metrics_compute_frequency => 1, seed => 5);
SELECT a.mst_key, a.model_weights = r.model_weights AS same_weights, i.training_metric_values = j.training_metric_values AS same_training, i.validation_metric_values = j.validation_metric_values AS same_validation
FROM alone a JOIN run r USING (mst_key) JOIN alone_info i USING (mst_key) JOIN run_info j USING (mst_key) ORDER BY 1;
-- another fold's model has other ones
SELECT count(*) AS equal FROM run r, alone a WHERE r.mst_key <> a.mst_key AND r.model_weights = a.model_weights;
DROP SCHEMA folds_alone CASCADE;
