-- From a table to predictions in three statements, and from a table of images to the best of sixteen models of one's own. ./quickstart runs this
-- file; it can also be run by hand:
--   psql -v data=test/data < docs/quickstart.sql
\if :{?echo}
\else
\set echo queries
\endif
\pset footer off
\pset null ''

CREATE EXTENSION IF NOT EXISTS pg_cerebro;

\echo
\echo '== 344 penguins: texts, numbers, gaps; the species of every tenth is unknown'
\set ECHO none
\i :data/load_penguins.sql
\set ECHO :echo
SELECT * FROM penguins WHERE id BETWEEN 8 AND 13 ORDER BY id;

\echo '== 1. One statement trains: split, encode, search, register the best of twelve models'
SELECT model, metric, value, baseline, architecture, models, training_rows, validation_rows, rows_left_out, round(seconds::numeric, 1) AS seconds
FROM cerebro.train('penguin_species', 'penguins', 'species', exclude => 'id', max_models => 12);

\echo '== 2. The model predicts in any query'
SELECT id, island, bill_length_mm, flipper_length_mm, cerebro.predict('penguin_species', p) AS species
FROM penguins p WHERE species IS NULL AND id % 50 = 0 ORDER BY id;

\echo '== 3. How often it is right, of birds that it has not seen'
SELECT t.species, count(*) AS birds, count(*) FILTER (WHERE cerebro.predict('penguin_species', p) = t.species) AS predicted_right
FROM penguins p JOIN penguins_truth t USING (id) GROUP BY t.species ORDER BY t.species;

\echo
\echo '== The long way, with architectures of your own: 1,797 images of handwritten digits, 8 x 8 pixels each; every fifth is kept for validation'
\set ECHO none
\i :data/load_digits.sql
\set ECHO :echo
SELECT count(*) AS rows, array_length(pixels, 1) AS pixels, count(DISTINCT label) AS labels FROM digits_train GROUP BY 2;

\echo '== Pack: shuffled once, cut into equal partitions of raw tensors'
SELECT cerebro.training_preprocessor_dl('digits_train', 'digits_packed', 'label', 'pixels', normalizing_const => 16);
SELECT cerebro.validation_preprocessor_dl('digits_val', 'digits_val_packed', 'label', 'pixels', 'digits_packed');

\echo '== Two architectures, as Keras writes them with to_json()'
SELECT cerebro.load_model('digits_archs', $${
  "class_name": "Sequential", "keras_version": "2.10.0", "backend": "tensorflow", "config": {"name": "mlp", "layers": [
    {"class_name": "Dense", "config": {"name": "hidden", "units": 128, "activation": "relu", "batch_input_shape": [null, 64]}},
    {"class_name": "Dropout", "config": {"name": "drop", "rate": 0.2}},
    {"class_name": "Dense", "config": {"name": "class", "units": 10, "activation": "softmax"}}]}}$$, name => 'mlp');
SELECT cerebro.load_model('digits_archs', $${
  "class_name": "Sequential", "keras_version": "2.10.0", "backend": "tensorflow", "config": {"name": "convnet", "layers": [
    {"class_name": "Reshape", "config": {"name": "image", "target_shape": [8, 8, 1], "batch_input_shape": [null, 64]}},
    {"class_name": "Conv2D", "config": {"name": "conv1", "filters": 16, "kernel_size": [3, 3], "padding": "same", "activation": "relu"}},
    {"class_name": "MaxPooling2D", "config": {"name": "pool", "pool_size": [2, 2]}},
    {"class_name": "Conv2D", "config": {"name": "conv2", "filters": 32, "kernel_size": [3, 3], "padding": "same", "activation": "relu"}},
    {"class_name": "Flatten", "config": {"name": "flat"}},
    {"class_name": "Dropout", "config": {"name": "drop", "rate": 0.3}},
    {"class_name": "Dense", "config": {"name": "class", "units": 10, "activation": "softmax"}}]}}$$, name => 'convnet');

\echo '== Sixteen configurations: 2 architectures x 4 optimizers x 2 batch sizes'
SELECT cerebro.generate_model_configs('digits_archs', 'digits_configs', ARRAY[1, 2],
    $${'loss': ['categorical_crossentropy'], 'metrics': ['accuracy'],
       'optimizer_params_list': [{'optimizer': ['Adam'], 'lr': [0.001, 0.003]}, {'optimizer': ['RMSprop'], 'lr': [0.001]},
                                 {'optimizer': ['SGD'], 'lr': [0.05], 'momentum': [0.9]}]}$$,
    $${'batch_size': [16, 32], 'epochs': [1]}$$);
SELECT * FROM digits_configs ORDER BY mst_key;

\echo '== The plan'
SELECT * FROM cerebro.explain_fit_multiple_model('digits_packed', 'digits_models', 'digits_configs', 20,
    validation_table => 'digits_val_packed', metrics_compute_frequency => 5);

\echo '== Train them all'
SELECT cerebro.fit_multiple_model('digits_packed', 'digits_models', 'digits_configs', 20,
    validation_table => 'digits_val_packed', metrics_compute_frequency => 5, name => 'quickstart');

\echo '== The leaderboard, best first'
SELECT rank, mst_key, model_name, substring(compile_params FROM 'optimizer=''([^'']*)') AS optimizer, fit_params,
       round(training_metric::numeric, 4) AS training, round(validation_metric::numeric, 4) AS validation, round(seconds::numeric, 2) AS seconds
FROM cerebro.leaderboard('digits_models');
SELECT mst_key AS best FROM cerebro.leaderboard('digits_models') WHERE rank = 1 \gset

\echo '== Predictions of the best model for the first validation images'
SELECT cerebro.predict('digits_models', 'digits_val', 'id', 'pixels', 'digits_predictions', 'response', mst_key => :best);
SELECT v.id, v.label, p.class_value AS predicted, round(p.prob::numeric, 4) AS probability
FROM digits_val v JOIN digits_predictions p USING (id) ORDER BY v.id LIMIT 8;
\set ECHO none
