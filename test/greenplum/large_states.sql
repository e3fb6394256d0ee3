-- Models whose training state is more than one piece of 64 MB. Variable: segments.
\o /dev/null
SET client_min_messages = error;
SET cerebro.workers = 2;
CREATE TABLE points AS
SELECT i AS id, (i % 4)::int AS label, ARRAY(SELECT ((i * 7919 + c * 1299709) % 97 + CASE WHEN c % 4 = i % 4 THEN 60 ELSE 0 END)::int FROM generate_series(0, 15) c) AS x
FROM generate_series(1, 256) i;
SELECT cerebro.training_preprocessor_dl('points', 'packed', 'label', 'x', buffer_size := 64, normalizing_const := 160, num_partitions := :segments, seed := 5);
SELECT cerebro.load_model('archs', $${"class_name": "Sequential", "keras_version": "2.10.0", "config": {"name": "wide", "layers": [
  {"class_name": "Dense", "config": {"name": "one", "units": 3000, "activation": "relu", "batch_input_shape": [null, 16]}},
  {"class_name": "Dense", "config": {"name": "two", "units": 2500, "activation": "relu"}},
  {"class_name": "Dense", "config": {"name": "class", "units": 4, "activation": "softmax"}}]}}$$, name := 'wide');
SELECT cerebro.load_model_selection_table('archs', 'configs', ARRAY[1], ARRAY[$$optimizer='Adam(lr=0.001)',metrics=['accuracy'],loss='categorical_crossentropy'$$,
  $$optimizer='SGD(lr=0.01, momentum=0.9)',metrics=['accuracy'],loss='categorical_crossentropy'$$,
  $$optimizer='Adam(lr=0.0001)',metrics=['accuracy'],loss='categorical_crossentropy'$$], ARRAY['batch_size=64,epochs=1']);
SELECT cerebro.fit_multiple_model('packed', 'models', 'configs', 1, seed := 7);
SELECT cerebro.fit_multiple_model('packed', 'models', 'configs', 1, warm_start := true, seed := 7);
SELECT cerebro.evaluate('models', 'packed', 'scores');
\o
SELECT 'packed ' || digest FROM packed_summary;
SELECT concat_ws(' ', 'weights', mst_key, octet_length(model_weights), md5(model_weights)) FROM models ORDER BY mst_key;
SELECT concat_ws(' ', 'state', mst_key, piece, octet_length(data), md5(data)) FROM models_state ORDER BY mst_key, piece;
SELECT concat_ws(' ', 'score', mst_key, encode(float8send(loss), 'hex'), encode(float8send(metric), 'hex')) FROM scores ORDER BY mst_key;
