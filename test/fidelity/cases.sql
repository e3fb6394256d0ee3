-- Tables and architectures of the cases: no dropout, no shuffle, two iterations. A normalizing constant of 16 is exact in every precision.
\set ECHO none
CREATE EXTENSION pg_cerebro;
\i :data/load_digits.sql
-- a second input: the sums of the rows
CREATE TABLE digits_two AS
SELECT id, label, pixels, ARRAY(SELECT sum(pixels[r * 8 + c])::smallint FROM generate_series(0, 7) r, generate_series(1, 8) c GROUP BY r ORDER BY r) AS sums
FROM digits_train;
-- several buffers a partition, with short batches at their ends
SELECT cerebro.training_preprocessor_dl('digits_train', 'packed', 'label', 'pixels', buffer_size => 100, normalizing_const => 16, seed => 1);
SELECT cerebro.training_preprocessor_dl('digits_two', 'packed_two', 'label', 'pixels, sums', buffer_size => 100, normalizing_const => 16, seed => 1);

SELECT cerebro.load_model('archs', $${"class_name": "Sequential", "keras_version": "2.10.0", "config": {"name": "mlp", "layers": [
  {"class_name": "Dense", "config": {"name": "hidden", "units": 128, "activation": "relu", "batch_input_shape": [null, 64]}},
  {"class_name": "Dense", "config": {"name": "narrow", "units": 33, "activation": "tanh"}},
  {"class_name": "Dense", "config": {"name": "class", "units": 10, "activation": "softmax"}}]}}$$, name => 'mlp');
SELECT cerebro.load_model('archs', $${"class_name": "Sequential", "keras_version": "2.10.0", "config": {"name": "convnet", "layers": [
  {"class_name": "Reshape", "config": {"name": "image", "target_shape": [8, 8, 1], "batch_input_shape": [null, 64]}},
  {"class_name": "Conv2D", "config": {"name": "conv1", "filters": 8, "kernel_size": [3, 3], "padding": "same"}},
  {"class_name": "BatchNormalization", "config": {"name": "norm1"}},
  {"class_name": "Activation", "config": {"name": "relu1", "activation": "relu"}},
  {"class_name": "MaxPooling2D", "config": {"name": "pool", "pool_size": [2, 2]}},
  {"class_name": "Conv2D", "config": {"name": "conv2", "filters": 16, "kernel_size": [2, 2], "strides": [2, 2], "padding": "same", "activation": "relu"}},
  {"class_name": "BatchNormalization", "config": {"name": "norm2"}},
  {"class_name": "Flatten", "config": {"name": "flat"}},
  {"class_name": "Dense", "config": {"name": "class", "units": 10, "activation": "softmax"}}]}}$$, name => 'convnet');
SELECT cerebro.load_model('archs', $${"class_name": "Functional", "keras_version": "2.10.0", "config": {"name": "two_inputs", "layers": [
  {"class_name": "InputLayer", "name": "pixels", "config": {"name": "pixels", "batch_input_shape": [null, 64]}, "inbound_nodes": []},
  {"class_name": "InputLayer", "name": "sums", "config": {"name": "sums", "batch_input_shape": [null, 8]}, "inbound_nodes": []},
  {"class_name": "Dense", "name": "left", "config": {"name": "left", "units": 32, "activation": "relu"}, "inbound_nodes": [[["pixels", 0, 0, {}]]]},
  {"class_name": "Dense", "name": "right", "config": {"name": "right", "units": 16, "activation": "tanh"}, "inbound_nodes": [[["sums", 0, 0, {}]]]},
  {"class_name": "Concatenate", "name": "both", "config": {"name": "both", "axis": -1}, "inbound_nodes": [[["left", 0, 0, {}], ["right", 0, 0, {}]]]},
  {"class_name": "Dense", "name": "mix", "config": {"name": "mix", "units": 48, "activation": "relu"}, "inbound_nodes": [[["both", 0, 0, {}]]]},
  {"class_name": "Add", "name": "residual", "config": {"name": "residual"}, "inbound_nodes": [[["both", 0, 0, {}], ["mix", 0, 0, {}]]]},
  {"class_name": "BatchNormalization", "name": "norm", "config": {"name": "norm"}, "inbound_nodes": [[["residual", 0, 0, {}]]]},
  {"class_name": "Dense", "name": "class", "config": {"name": "class", "units": 10, "activation": "softmax"}, "inbound_nodes": [[["norm", 0, 0, {}]]]}],
  "input_layers": [["pixels", 0, 0], ["sums", 0, 0]], "output_layers": [["class", 0, 0]]}}$$, name => 'two_inputs');

SELECT cerebro.load_model_selection_table('archs', 'mlp_configs', ARRAY[1],
  ARRAY[$$optimizer='Adam(lr=0.001)',metrics=['accuracy'],loss='categorical_crossentropy'$$,
        $$optimizer='RMSprop(lr=0.001)',metrics=['accuracy'],loss='categorical_crossentropy'$$], ARRAY['batch_size=32,epochs=1,shuffle=False']);
SELECT cerebro.load_model_selection_table('archs', 'optimizer_configs', ARRAY[1],
  ARRAY[$$optimizer='Adadelta(lr=1.0)',metrics=['accuracy'],loss='categorical_crossentropy'$$,
        $$optimizer='Adamax(lr=0.002)',metrics=['accuracy'],loss='categorical_crossentropy'$$,
        $$optimizer='Ftrl(lr=0.05, l1_regularization_strength=0.001, beta=0.1)',metrics=['accuracy'],loss='categorical_crossentropy'$$,
        $$optimizer='Lion(lr=0.0003)',metrics=['accuracy'],loss='categorical_crossentropy'$$,
        $$optimizer='Lamb(lr=0.01)',metrics=['accuracy'],loss='categorical_crossentropy'$$], ARRAY['batch_size=32,epochs=1,shuffle=False']);
SELECT cerebro.load_model_selection_table('archs', 'conv_configs', ARRAY[2],
  ARRAY[$$optimizer='SGD(lr=0.05, momentum=0.9)',metrics=['accuracy'],loss='categorical_crossentropy'$$], ARRAY['batch_size=32,epochs=1,shuffle=False']);
SELECT cerebro.load_model_selection_table('archs', 'two_configs', ARRAY[3],
  ARRAY[$$optimizer='SGD(lr=0.05, momentum=0.9, nesterov=True)',metrics=['accuracy'],loss='categorical_crossentropy'$$],
  ARRAY['batch_size=32,epochs=1,shuffle=False']);

-- The states before and after every visit of a run, by the aggregate, by hand. The last one must be the run's own, to the bit.
CREATE FUNCTION record_steps(models text, data_columns text) RETURNS void LANGUAGE plpgsql AS $f$
DECLARE
    run record;
    model record;
    v record;
    state bytea;
    kept text;
BEGIN
    EXECUTE format('CREATE TABLE %I (mst_key integer, n integer, state bytea)', models || '_steps');
    EXECUTE format('SELECT source_table, model_arch_table, seed FROM %I', models || '_summary') INTO run;
    FOR model IN EXECUTE format('SELECT mst_key, model_id, compile_params, fit_params FROM %I', models || '_info') LOOP
        state := cerebro.init_state(run.model_arch_table, model.model_id, model.compile_params, model.fit_params, run.source_table, run.seed, model.mst_key);
        EXECUTE format('INSERT INTO %I VALUES ($1, 0, $2)', models || '_steps') USING model.mst_key, state;
        FOR v IN EXECUTE format('SELECT row_number() OVER (ORDER BY iteration, visit)::integer AS n, partition_id FROM %I WHERE mst_key = $1 ORDER BY 1',
                                models || '_visits') USING model.mst_key LOOP
            EXECUTE format('SELECT cerebro.fit_step($1, partition_id, buffer_id, %s) FROM (SELECT * FROM %s WHERE partition_id = $2 ORDER BY buffer_id) p',
                           data_columns, run.source_table) INTO state USING state, v.partition_id;
            EXECUTE format('INSERT INTO %I VALUES ($1, $2, $3)', models || '_steps') USING model.mst_key, v.n, state;
        END LOOP;
        EXECUTE format('SELECT md5(string_agg(data, '''' ORDER BY piece)) FROM %I WHERE mst_key = $1', models || '_state') INTO kept USING model.mst_key;
        IF kept IS DISTINCT FROM md5(state) THEN
            RAISE EXCEPTION 'model % of %: the aggregate by hand ends in another state than the run', model.mst_key, models;
        END IF;
    END LOOP;
END $f$;
