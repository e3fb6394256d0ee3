-- Models whose files other programs read: a few hundred rows, two iterations, so that no weight is as it was made.
\set ECHO none
CREATE EXTENSION pg_cerebro;

CREATE FUNCTION number(i bigint) RETURNS double precision LANGUAGE sql IMMUTABLE AS $$ SELECT (('x' || substr(md5(i::text), 1, 7))::bit(28)::integer) / 268435456.0 - 0.5 $$;
CREATE TABLE tables AS SELECT i AS id, i % 3 AS label, ARRAY(SELECT number(i * 4 + k)::real FROM generate_series(1, 4) k) AS x FROM generate_series(1, 200) i;
CREATE TABLE images AS SELECT i AS id, i % 3 AS label, ARRAY(SELECT number(i * 128 + k)::real FROM generate_series(1, 128) k) AS x FROM generate_series(1, 200) i;
CREATE TABLE texts AS SELECT i AS id, i % 3 AS label, ARRAY(SELECT floor((number(i * 7 + k) + 0.5) * 20)::smallint FROM generate_series(1, 7) k) AS x FROM generate_series(1, 200) i;
CREATE TABLE blocks AS SELECT * FROM images;
CREATE TABLE channels AS SELECT * FROM images;
CREATE TABLE sequences AS SELECT * FROM images;

CREATE TABLE architectures (name text, arch json);
INSERT INTO architectures VALUES ('tables', $${"class_name": "Sequential", "config": {"name": "tables", "layers": [
  {"class_name": "Dense", "config": {"name": "fc1", "units": 8, "activation": "relu", "batch_input_shape": [null, 4]}},
  {"class_name": "LayerNormalization", "config": {"name": "norm"}},
  {"class_name": "Dense", "config": {"name": "fc2", "units": 5, "activation": "swish"}},
  {"class_name": "BatchNormalization", "config": {"name": "batch", "scale": false, "momentum": 0.9}},
  {"class_name": "Dropout", "config": {"name": "drop", "rate": 0.25}},
  {"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax", "use_bias": false}}]}}$$),
('images', $${"class_name": "Sequential", "config": {"name": "images", "layers": [
  {"class_name": "Reshape", "config": {"name": "image", "target_shape": [8, 8, 2], "batch_input_shape": [null, 128]}},
  {"class_name": "Conv2D", "config": {"name": "conv1", "filters": 4, "kernel_size": [3, 3], "padding": "same"}},
  {"class_name": "BatchNormalization", "config": {"name": "norm1", "momentum": 0.9}},
  {"class_name": "Activation", "config": {"name": "relu1", "activation": "relu"}},
  {"class_name": "MaxPooling2D", "config": {"name": "pool", "pool_size": [2, 2]}},
  {"class_name": "Conv2D", "config": {"name": "conv2", "filters": 6, "kernel_size": [2, 2], "activation": "tanh"}},
  {"class_name": "Flatten", "config": {"name": "flat"}},
  {"class_name": "BatchNormalization", "config": {"name": "norm2", "momentum": 0.9}},
  {"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax"}}]}}$$),
('texts', $${"class_name": "Sequential", "config": {"name": "texts", "layers": [
  {"class_name": "Embedding", "config": {"name": "words", "input_dim": 20, "output_dim": 6, "input_length": 7}},
  {"class_name": "LSTM", "config": {"name": "lstm", "units": 5, "return_sequences": true}},
  {"class_name": "GRU", "config": {"name": "gru", "units": 4}},
  {"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax"}}]}}$$),
-- what only ONNX is asked for: pads that are odd, strides, several readers of a value
('blocks', $${"class_name": "Functional", "config": {"name": "blocks", "layers": [
  {"class_name": "InputLayer", "name": "in", "config": {"name": "in", "batch_input_shape": [null, 128]}, "inbound_nodes": []},
  {"class_name": "Reshape", "name": "image", "config": {"name": "image", "target_shape": [8, 8, 2]}, "inbound_nodes": [[["in", 0, 0, {}]]]},
  {"class_name": "ZeroPadding2D", "name": "pad", "config": {"name": "pad", "padding": [[1, 0], [2, 1]]}, "inbound_nodes": [[["image", 0, 0, {}]]]},
  {"class_name": "Conv2D", "name": "conv1", "config": {"name": "conv1", "filters": 4, "kernel_size": [3, 2], "strides": [2, 2], "padding": "same", "activation": "swish"}, "inbound_nodes": [[["pad", 0, 0, {}]]]},
  {"class_name": "LeakyReLU", "name": "leaky", "config": {"name": "leaky", "alpha": 0.2}, "inbound_nodes": [[["conv1", 0, 0, {}]]]},
  {"class_name": "Conv2D", "name": "conv2", "config": {"name": "conv2", "filters": 4, "kernel_size": [3, 3], "padding": "same", "groups": 2, "dilation_rate": [2, 2]}, "inbound_nodes": [[["leaky", 0, 0, {}]]]},
  {"class_name": "Add", "name": "sum", "config": {"name": "sum"}, "inbound_nodes": [[["leaky", 0, 0, {}], ["conv2", 0, 0, {}]]]},
  {"class_name": "AveragePooling2D", "name": "average", "config": {"name": "average", "pool_size": [3, 3], "strides": [1, 1], "padding": "same"}, "inbound_nodes": [[["sum", 0, 0, {}]]]},
  {"class_name": "Concatenate", "name": "both", "config": {"name": "both"}, "inbound_nodes": [[["average", 0, 0, {}], ["sum", 0, 0, {}]]]},
  {"class_name": "ReLU", "name": "relu", "config": {"name": "relu", "max_value": 6.0}, "inbound_nodes": [[["both", 0, 0, {}]]]},
  {"class_name": "GlobalAveragePooling2D", "name": "mean", "config": {"name": "mean"}, "inbound_nodes": [[["relu", 0, 0, {}]]]},
  {"class_name": "GlobalMaxPooling2D", "name": "most", "config": {"name": "most"}, "inbound_nodes": [[["both", 0, 0, {}]]]},
  {"class_name": "Multiply", "name": "product", "config": {"name": "product"}, "inbound_nodes": [[["mean", 0, 0, {}], ["most", 0, 0, {}]]]},
  {"class_name": "Dense", "name": "out", "config": {"name": "out", "units": 3, "activation": "softmax"}, "inbound_nodes": [[["product", 0, 0, {}]]]}],
  "input_layers": [["in", 0, 0]], "output_layers": [["out", 0, 0]]}}$$),
('channels', $${"class_name": "Sequential", "config": {"name": "channels", "layers": [
  {"class_name": "Reshape", "config": {"name": "image", "target_shape": [8, 8, 2], "batch_input_shape": [null, 128]}},
  {"class_name": "DepthwiseConv2D", "config": {"name": "depthwise", "kernel_size": 3, "padding": "same", "strides": 2, "depth_multiplier": 2, "activation": "relu"}},
  {"class_name": "SeparableConv2D", "config": {"name": "separable", "filters": 5, "kernel_size": [2, 3], "padding": "same", "activation": "tanh"}},
  {"class_name": "GlobalAveragePooling2D", "config": {"name": "mean"}},
  {"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax"}}]}}$$),
('sequences', $${"class_name": "Sequential", "config": {"name": "sequences", "layers": [
  {"class_name": "Reshape", "config": {"name": "sequence", "target_shape": [32, 4], "batch_input_shape": [null, 128]}},
  {"class_name": "Conv1D", "config": {"name": "conv", "filters": 6, "kernel_size": 3, "padding": "causal", "dilation_rate": 2, "activation": "relu"}},
  {"class_name": "BatchNormalization", "config": {"name": "norm", "momentum": 0.9}},
  {"class_name": "MaxPooling1D", "config": {"name": "pool", "pool_size": 3, "strides": 2, "padding": "same"}},
  {"class_name": "DepthwiseConv1D", "config": {"name": "depthwise", "kernel_size": 3, "depth_multiplier": 2}},
  {"class_name": "SeparableConv1D", "config": {"name": "separable", "filters": 4, "kernel_size": 2, "padding": "same", "activation": "softmax"}},
  {"class_name": "AveragePooling1D", "config": {"name": "average", "pool_size": 2}},
  {"class_name": "LSTM", "config": {"name": "lstm", "units": 4, "go_backwards": true, "return_sequences": true}},
  {"class_name": "Bidirectional", "config": {"name": "both", "layer": {"class_name": "GRU", "config": {"name": "gru", "units": 3}}}},
  {"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax"}}]}}$$);

CREATE FUNCTION train(what text, arch json, weights bytea, optimizer text, iterations integer, suffix text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM cerebro.load_model(what || suffix || '_archs', arch, weights);
    PERFORM cerebro.load_model_selection_table(what || suffix || '_archs', what || suffix || '_configs', ARRAY[1],
        ARRAY['optimizer=''' || optimizer || ''',loss=''categorical_crossentropy'''], ARRAY['batch_size=20']);
    PERFORM cerebro.fit_multiple_model(what || '_packed', what || suffix, what || suffix || '_configs', iterations, workers => 0);
    PERFORM cerebro.predict(what || suffix, what, 'id', 'x', what || suffix || '_p');
END $$;
SELECT cerebro.training_preprocessor_dl(name, name || '_packed', 'label', 'x', num_partitions => 2) FROM architectures;
SELECT train(name, arch, NULL, 'Adam(lr=0.01)', 3, '_model') FROM architectures;
-- and in again: a rate of 1e-30 and moving statistics that stand still change nothing
CREATE TABLE back (name text, model_id integer);
INSERT INTO back SELECT name, cerebro.import_model('back_archs', cerebro.export_model(name || '_model', format => 'onnx')) FROM architectures;
SELECT train(name, regexp_replace(model_arch::text, '"momentum":[0-9.]+', '"momentum":1.0', 'g')::json, model_weights, 'SGD(lr=1e-30)', 1, '_back')
FROM (SELECT b.name, a.model_arch, a.model_weights FROM back b JOIN back_archs a USING (model_id)) s;
