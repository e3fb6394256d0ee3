-- Halving 64 configurations on the digits: a quarter of the work, and about as good a model. The margin is wide, since the best of 64 figures over 359
-- rows is noisy: this guards against halving that keeps the wrong models; test/bench/halving has the figures.
\set ECHO none
\set data `echo "$CEREBRO_TEST_DATA"`
SET client_min_messages = warning;
SET cerebro.bundles = 8;
CREATE SCHEMA halving;
SET search_path = halving, public;
\o /dev/null
\i :data/load_digits.sql
SELECT cerebro.training_preprocessor_dl('digits_train', 'packed', 'label', 'pixels', normalizing_const => 16);
SELECT cerebro.validation_preprocessor_dl('digits_val', 'packed_val', 'label', 'pixels', 'packed');
SELECT cerebro.load_model('archs', format('{"class_name": "Sequential", "config": {"name": "mlp", "layers": [
  {"class_name": "Dense", "config": {"name": "hidden", "units": %s, "activation": "relu", "batch_input_shape": [null, 64]}},
  {"class_name": "Dense", "config": {"name": "class", "units": 10, "activation": "softmax"}}]}}', width)::json)
FROM unnest(ARRAY[16, 32, 64, 128]) width;
SELECT cerebro.generate_model_configs('archs', 'configs', ARRAY[1, 2, 3, 4], $${'loss': ['categorical_crossentropy'], 'metrics': ['accuracy'],
    'optimizer_params_list': [{'optimizer': ['Adam'], 'lr': [0.0003, 0.001, 0.003, 0.01]},
                              {'optimizer': ['SGD'], 'lr': [0.003, 0.01, 0.03, 0.1], 'momentum': [0.9]}]}$$,
    $${'batch_size': [16, 64], 'epochs': [1]}$$);
SELECT cerebro.fit_multiple_model('packed', 'grid', 'configs', 27, validation_table => 'packed_val', workers => 2, seed => 1);
SELECT cerebro.fit_multiple_model('packed', 'halved', 'configs', 27, validation_table => 'packed_val', workers => 2, seed => 1,
    halving => $${'eta': 2, 'iterations': [2, 4, 8]}$$);
\o
\set ECHO all
SELECT coalesce(stopped_iteration, 27) AS iterations, status, count(*) FROM halved_info GROUP BY 1, 2 ORDER BY 1;
SELECT (SELECT sum(iterations_done) FROM halved_info) <= 0.30 * (SELECT sum(iterations_done) FROM grid_info) AS less_work,
       (SELECT max(validation_metrics_final) FROM halved_info) >= (SELECT max(validation_metrics_final) FROM grid_info) - 0.02 AS about_as_good;
SELECT bool_and(h.model_weights = g.model_weights) AS same FROM halved h JOIN grid g USING (mst_key) JOIN halved_info i USING (mst_key) WHERE i.status = 'trained';
SET client_min_messages = error;
DROP SCHEMA halving CASCADE;
