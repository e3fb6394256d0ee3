-- What a database has before an upgrade: packed tables, models, a registered model, and runs in the middle.
-- Run by the old version.
SET client_min_messages = error;
SET cerebro.threads = 1;
CREATE SCHEMA made;
SET search_path = made, public;

CREATE TABLE points AS
SELECT i AS id, (ARRAY['low', 'mid', 'high'])[i % 3 + 1] AS label,
    ARRAY[(i * 7) % 11, (i * 5) % 13, i % 3]::real[] AS x FROM generate_series(1, 90) i;
SELECT cerebro.training_preprocessor_dl('points', 'packed', 'label', 'x', num_partitions => 3, standardize => true,
    validation_fraction => 0.2);
SELECT cerebro.load_model('archs', format('{"class_name": "Sequential", "config": [
  {"class_name": "Dense", "config": {"name": "hidden", "units": %s, "activation": "relu",
    "batch_input_shape": [null, 3]}},
  {"class_name": "Dropout", "config": {"name": "drop", "rate": 0.2}},
  {"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax"}}]}', units)::json)
FROM unnest(ARRAY[3, 5]) units;
SELECT cerebro.load_model_selection_table('archs', 'configs', ARRAY[1, 2],
    ARRAY[$$optimizer='Adam(lr=0.01)',loss='categorical_crossentropy',metrics=['accuracy']$$], ARRAY['batch_size=8']);

-- a run that has ended, two of its models registered
SELECT cerebro.fit_multiple_model('packed', 'models', 'configs', 2, validation_table => 'packed_val', workers => 0,
    seed => 3);
SELECT cerebro.register('kept', 'models', 1), cerebro.register('kept', 'models', 2);
-- a durable run in the middle, with best weights and halving
SELECT cerebro.advance('packed', 'begun', 'configs', 6, workers => 0, seed => 3, restore_best => true,
    metrics_compute_frequency => 1, halving => $${'eta': 2, 'iterations': [4]}$$, iterations => 3);
-- a warm start in the middle
SELECT cerebro.fit_multiple_model('packed', 'warm', 'configs', 2, workers => 0, seed => 3);
SELECT cerebro.advance('packed', 'warm', 'configs', 4, workers => 0, seed => 3, warm_start => true, iterations => 1);
-- a search in the middle
CREATE TABLE space AS SELECT $${'policy': 'random', 'max_models': 3, 'concurrency': 2, 'compile_params_grid':
    {'loss': ['categorical_crossentropy'], 'metrics': ['accuracy'],
     'optimizer_params_list': [{'optimizer': ['SGD'], 'lr': [0.001, 0.1, 'log']}]},
    'fit_params_grid': {'batch_size': [8, 16]}}$$::text AS search;
SELECT cerebro.advance('packed', 'searched', 'archs', 4, validation_table => 'packed_val', workers => 0, seed => 3,
    search => search, iterations => 2) FROM space;

-- mixed columns, learned at packing; by group
CREATE TABLE sales AS
SELECT i AS id, (ARRAY['north', 'south'])[i % 2 + 1] AS region, (ARRAY['new', 'old', NULL])[i % 3 + 1] AS kind,
    (i * 7 % 31)::real AS price, ((3 - i % 2) * (i * 7 % 31) + i % 3)::real AS amount FROM generate_series(1, 120) i;
SELECT cerebro.training_preprocessor_dl('sales', 'by_region', 'amount', '*', "exclude" => 'id',
    grouping_cols => 'region', preprocess => 'auto', num_partitions => 1);
SELECT cerebro.mlp('sales_archs', 'by_region', hidden => '{4}');
SELECT cerebro.load_model_selection_table('sales_archs', 'sales_configs', ARRAY[1],
    ARRAY[$$optimizer='Adam(lr=0.01)',loss='mse',metrics=['rmse']$$], ARRAY['batch_size=16']);
SELECT cerebro.fit_multiple_model('by_region', 'regions', 'sales_configs', 2, workers => 0, seed => 5);
