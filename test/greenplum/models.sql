-- For the scripts that look at how a run goes: digits in one packed table, sixteen configurations of a network. Variables: data, hidden (units).
\o /dev/null
SET client_min_messages = error;
\i :data/load_digits.sql
SET client_min_messages = error;
SELECT cerebro.training_preprocessor_dl('digits_train', 'packed', 'label', 'pixels', buffer_size := 96, normalizing_const := 16, num_partitions := :segments, seed := 5);
SELECT cerebro.load_model('archs', ($${"class_name": "Sequential", "keras_version": "2.10.0", "config": {"name": "mlp", "layers": [
  {"class_name": "Dense", "config": {"name": "hidden", "units": $$ || :hidden || $$, "activation": "relu", "batch_input_shape": [null, 64]}},
  {"class_name": "Dense", "config": {"name": "class", "units": 10, "activation": "softmax"}}]}}$$)::json, name := 'mlp');
SELECT cerebro.generate_model_configs('archs', 'configs', ARRAY[1],
    $${'loss': ['categorical_crossentropy'], 'metrics': ['accuracy'],
       'optimizer_params_list': [{'optimizer': ['Adam'], 'lr': [0.0005, 0.001, 0.002, 0.004]}, {'optimizer': ['RMSprop'], 'lr': [0.0005, 0.001, 0.002, 0.004]}]}$$,
    $${'batch_size': [16, 32], 'epochs': [1]}$$);
