-- What a database may have besides what test/upgrade/begin.sql makes: predictions, scores, extracted and stored
-- features, a run that was controlled.
SET client_min_messages = error;
SET search_path = made, public;
SELECT cerebro.predict('models', 'points', 'id', 'x', 'predicted', 'prob', mst_key => 1);
SELECT cerebro.evaluate('models', 'packed_val', 'evaluated');
SELECT cerebro.control('warm', 'reprioritise', 1, priority => 1);
SELECT cerebro.extract_features('models', 'hidden', 'points', 'extracted', 'id', 'x', 1);

-- a frozen convolution: its features are worth storing
CREATE TABLE images AS
SELECT i AS id, (i % 3)::int AS label, ARRAY(SELECT ((i * 7919 + c * 1299709) % 97
    + CASE WHEN c % 3 = i % 3 THEN 40 ELSE 0 END)::int FROM generate_series(0, 199) c) AS x
FROM generate_series(1, 480) i;
SELECT cerebro.training_preprocessor_dl('images', 'packed_images', 'label', 'x', normalizing_const => 140,
    num_partitions => 4, seed => 3, buffer_size => 50);
CREATE FUNCTION arch(trained boolean) RETURNS json LANGUAGE sql AS $$
SELECT replace('{"class_name": "Sequential", "keras_version": "2.4.0", "config": [
  {"class_name": "Reshape", "config": {"name": "image", "target_shape": [10, 10, 2], "batch_input_shape": [null, 200]}},
  {"class_name": "Conv2D", "config": {"name": "a", "filters": 24, "kernel_size": [3, 3], "padding": "same",
    "activation": "relu", "trainable": T}},
  {"class_name": "Conv2D", "config": {"name": "b", "filters": 32, "kernel_size": [3, 3], "activation": "relu",
    "trainable": T}},
  {"class_name": "MaxPooling2D", "config": {"name": "pool", "pool_size": [2, 2]}},
  {"class_name": "Flatten", "config": {"name": "flat"}},
  {"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax"}}]}',
  'T', trained::text)::json $$;
SELECT cerebro.load_model('trunks', arch(true));
SELECT cerebro.load_model_selection_table('trunks', 'trunk_configs', ARRAY[1],
    ARRAY[$$optimizer='Adam(lr=0.001)',loss='categorical_crossentropy'$$], ARRAY['batch_size=32']);
SELECT cerebro.fit_multiple_model('packed_images', 'trunk', 'trunk_configs', 1, seed => 5, workers => 0);
SELECT cerebro.load_model('frozen', arch(false), (SELECT model_weights FROM trunk));
SELECT cerebro.load_model_selection_table('frozen', 'heads', ARRAY[1],
    ARRAY[$$optimizer='Adam(lr=0.003)',loss='categorical_crossentropy'$$], ARRAY['batch_size=32', 'batch_size=16']);
SET cerebro.enable_feature_sharing = off;
SELECT cerebro.fit_multiple_model('packed_images', 'on_trunk', 'heads', 20, seed => 5, workers => 0);
