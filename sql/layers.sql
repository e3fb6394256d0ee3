-- Layers of other families than dense nets and image classifiers: a text classifier of one-dimensional convolutions, a
-- depthwise-separable block, images that are changed at random, preprocessing by constants; and wrong arguments.
SET client_min_messages = warning;
CREATE SCHEMA layers;
SET search_path = layers, public;

CREATE FUNCTION fingerprint(models regclass) RETURNS text LANGUAGE plpgsql AS $$
DECLARE f text;
BEGIN
    EXECUTE format('SELECT md5(string_agg(mst_key || md5(model_weights), '','' ORDER BY mst_key)) FROM %s', models) INTO f;
    RETURN f;
END $$;

-- texts of 12 of 50 words; the class is told by a pair of neighbours
CREATE TABLE texts AS
SELECT i AS id, i % 2 AS label,
       ARRAY(SELECT CASE WHEN p = 3 + i % 5 THEN 7 WHEN p = 4 + i % 5 THEN 11 + i % 2 ELSE 20 + (i * 7919 + p * 104729) % 30 END
             FROM generate_series(0, 11) p) AS words
FROM generate_series(1, 600) i;
SELECT cerebro.training_preprocessor_dl('texts', 'texts_packed', 'label', 'words', num_partitions => 4, seed => 3, buffer_size => 50);
SELECT cerebro.load_model('archs', $$
{"class_name": "Sequential", "keras_version": "2.10.0", "config": {"name": "text_cnn", "layers": [
 {"class_name": "Embedding", "config": {"name": "words", "batch_input_shape": [null, 12], "input_dim": 50, "output_dim": 8}},
 {"class_name": "SpatialDropout1D", "config": {"name": "drop", "rate": 0.1, "noise_shape": null, "seed": null}},
 {"class_name": "Conv1D", "config": {"name": "pairs", "filters": 16, "kernel_size": [2], "strides": [1], "padding": "causal",
   "data_format": "channels_last", "dilation_rate": [1], "groups": 1, "activation": "relu", "use_bias": true}},
 {"class_name": "MaxPooling1D", "config": {"name": "pool", "pool_size": [2], "strides": [2], "padding": "valid"}},
 {"class_name": "SeparableConv1D", "config": {"name": "more", "filters": 8, "kernel_size": 3, "padding": "same", "activation": "relu"}},
 {"class_name": "GlobalMaxPooling1D", "config": {"name": "all"}},
 {"class_name": "Dense", "config": {"name": "class", "units": 2, "activation": "softmax"}}]}} $$, name => 'text CNN');

-- images of 6 x 6 pixels, a bright block left or right
CREATE TABLE flat_images AS
SELECT i AS id, i % 2 AS label,
       ARRAY(SELECT ((i * 7919 + r * 104729 + c * 1299709) % 90 + CASE WHEN (c < 3) = (i % 2 = 0) THEN 150 ELSE 0 END)::smallint
             FROM generate_series(0, 5) r, generate_series(0, 5) c ORDER BY r, c) AS image
FROM generate_series(1, 300) i;
SELECT cerebro.training_preprocessor_dl('flat_images', 'images_packed', 'label', 'image', num_partitions => 4, seed => 5, buffer_size => 40);
SELECT cerebro.load_model('image_archs', $$
{"class_name": "Sequential", "keras_version": "2.10.0", "config": {"name": "separable", "layers": [
 {"class_name": "Reshape", "config": {"name": "image", "batch_input_shape": [null, 36], "target_shape": [6, 6, 1]}},
 {"class_name": "Rescaling", "config": {"name": "scale", "scale": 0.00392156862745098, "offset": -0.5}},
 {"class_name": "RandomFlip", "config": {"name": "flip", "mode": "vertical", "seed": null}},
 {"class_name": "RandomTranslation", "config": {"name": "move", "height_factor": 0.1, "width_factor": [-0.1, 0.1], "fill_mode": "nearest",
   "interpolation": "bilinear", "fill_value": 0.0, "seed": 17}},
 {"class_name": "RandomRotation", "config": {"name": "rotate", "factor": 0.02}},
 {"class_name": "RandomZoom", "config": {"name": "zoom", "height_factor": 0.1}},
 {"class_name": "RandomContrast", "config": {"name": "contrast", "factor": [0.1, 0.1], "value_range": [-0.5, 0.5]}},
 {"class_name": "Conv2D", "config": {"name": "stem", "filters": 8, "kernel_size": [3, 3], "padding": "same", "use_bias": false}},
 {"class_name": "GroupNormalization", "config": {"name": "norm", "groups": 2}},
 {"class_name": "PReLU", "config": {"name": "prelu", "shared_axes": [1, 2]}},
 {"class_name": "DepthwiseConv2D", "config": {"name": "depthwise", "kernel_size": [3, 3], "strides": [2, 2], "padding": "same",
   "depth_multiplier": 1, "activation": "relu6", "depthwise_initializer": {"class_name": "HeUniform", "config": {"seed": null}}}},
 {"class_name": "Conv2D", "config": {"name": "pointwise", "filters": 12, "kernel_size": 1, "activation": "relu"}},
 {"class_name": "Conv2DTranspose", "config": {"name": "up", "filters": 4, "kernel_size": 3, "strides": 2, "padding": "same"}},
 {"class_name": "Cropping2D", "config": {"name": "crop", "cropping": [[1, 1], [0, 0]]}},
 {"class_name": "GlobalAveragePooling2D", "config": {"name": "all"}},
 {"class_name": "GaussianDropout", "config": {"name": "noise", "rate": 0.1}},
 {"class_name": "Dense", "config": {"name": "class", "units": 2, "activation": "softmax"}}]}} $$, name => 'separable block');

SELECT cerebro.generate_model_configs('archs', 'configs', ARRAY[1],
    $${'loss': ['categorical_crossentropy'], 'optimizer_params_list': [{'optimizer': ['Adam'], 'lr': [0.01, 0.003]}], 'metrics': ['accuracy']}$$,
    $${'batch_size': [16, 30], 'epochs': [1]}$$);
SELECT cerebro.generate_model_configs('image_archs', 'image_configs', ARRAY[1],
    $${'loss': ['categorical_crossentropy'], 'optimizer_params_list': [{'optimizer': ['Adam'], 'lr': [0.01, 0.003]}], 'metrics': ['accuracy']}$$,
    $${'batch_size': [16, 30], 'epochs': [1]}$$);

-- they train, and the bits depend on no number of workers
SELECT cerebro.fit_multiple_model('texts_packed', 't0', 'configs', 6, workers => 0, seed => 7);
SELECT cerebro.fit_multiple_model('texts_packed', 't2', 'configs', 6, workers => 2, seed => 7);
SELECT fingerprint('t0') = fingerprint('t2') AS same, (SELECT max(training_metrics_final) >= 0.95 FROM t0_info) AS good;
SELECT cerebro.fit_multiple_model('images_packed', 'i0', 'image_configs', 6, workers => 0, seed => 7);
SELECT cerebro.fit_multiple_model('images_packed', 'i2', 'image_configs', 6, workers => 2, seed => 7);
SELECT fingerprint('i0') = fingerprint('i2') AS same, (SELECT max(training_metrics_final) >= 0.95 FROM i0_info) AS good;
SELECT "position", name, shape FROM cerebro.weights('t0', 1) ORDER BY 1;
SELECT "position", name, shape FROM cerebro.weights('i0', 1) ORDER BY 1;
-- a prediction draws nothing
SELECT cerebro.predict('i0', 'flat_images', 'id', 'image', 'p1', mst_key => 1);
SELECT cerebro.predict('i0', 'flat_images', 'id', 'image', 'p2', mst_key => 1);
SELECT count(*) AS rows, bool_and(a.prob = b.prob) AS same FROM p1 a JOIN p2 b USING (id, class_value);

-- numbers and categories through preprocessing layers: constants in the text, and among the weights
CREATE TABLE people AS
SELECT i AS id, (i * 37 % 100) / 4.0 AS age, i % 6 AS town, ((i * 37 % 100 > 50) <> (i % 6 = 2))::int AS label FROM generate_series(1, 400) i;
SELECT cerebro.training_preprocessor_dl('people', 'people_packed', 'label', 'age, town', num_partitions => 2, seed => 5);
CREATE FUNCTION people_model(normalization text) RETURNS json LANGUAGE sql AS $f$ SELECT replace($$
{"class_name": "Functional", "keras_version": "2.10.0", "config": {"name": "people", "layers": [
 {"class_name": "InputLayer", "config": {"name": "age", "batch_input_shape": [null, 1]}, "inbound_nodes": []},
 {"class_name": "InputLayer", "config": {"name": "town", "batch_input_shape": [null, 1]}, "inbound_nodes": []},
 {"class_name": "Normalization", "config": {"name": "norm", NORM}, "inbound_nodes": [[["age", 0, 0, {}]]]},
 {"class_name": "Discretization", "config": {"name": "bins", "bin_boundaries": [5.0, 10.0, 12.75, 20.0], "output_mode": "one_hot"},
  "inbound_nodes": [[["age", 0, 0, {}]]]},
 {"class_name": "CategoryEncoding", "config": {"name": "hot", "num_tokens": 6, "output_mode": "one_hot"}, "inbound_nodes": [[["town", 0, 0, {}]]]},
 {"class_name": "Concatenate", "config": {"name": "all", "axis": -1},
  "inbound_nodes": [[["norm", 0, 0, {}], ["bins", 0, 0, {}], ["hot", 0, 0, {}]]]},
 {"class_name": "EinsumDense", "config": {"name": "hidden", "equation": "ab,bc->ac", "output_shape": [16], "bias_axes": "c", "activation": "relu"},
  "inbound_nodes": [[["all", 0, 0, {}]]]},
 {"class_name": "Dense", "config": {"name": "out", "units": 2, "activation": "softmax"}, "inbound_nodes": [[["hidden", 0, 0, {}]]]}],
 "input_layers": [["age", 0, 0], ["town", 0, 0]], "output_layers": [["out", 0, 0]]}} $$, 'NORM', normalization)::json $f$;
SELECT cerebro.load_model('people_archs', people_model('"axis": [-1], "mean": [12.5], "variance": [52.0]'));
SELECT cerebro.load_model('people_archs', people_model('"axis": [-1], "mean": null, "variance": null'));
SELECT cerebro.generate_model_configs('people_archs', 'people_configs', ARRAY[1, 2],
    $${'loss': ['categorical_crossentropy'], 'optimizer_params_list': [{'optimizer': ['Adam'], 'lr': [0.02]}], 'metrics': ['accuracy']}$$,
    $${'batch_size': [20], 'epochs': [2]}$$);
SELECT cerebro.fit_multiple_model('people_packed', 'a0', 'people_configs', 8, workers => 0, seed => 7);
SELECT cerebro.fit_multiple_model('people_packed', 'a2', 'people_configs', 8, workers => 2, seed => 7);
SELECT fingerprint('a0') = fingerprint('a2') AS same, (SELECT min(training_metrics_final) >= 0.95 FROM a0_info) AS good;
SELECT "position", name, shape FROM cerebro.weights('a0', 2) ORDER BY 1;
-- a category that there is none of
CREATE TABLE strangers AS SELECT id, age, town + 1 AS town, label FROM people;
SELECT cerebro.validation_preprocessor_dl('strangers', 'strangers_packed', 'label', 'age, town', 'people_packed');
SELECT cerebro.evaluate('a0', 'strangers_packed', 'a_scores', mst_key => 1);

-- wrong arguments
CREATE FUNCTION one(layer text, shape text DEFAULT '12, 12, 4') RETURNS json LANGUAGE sql AS $$
    SELECT ('{"class_name": "Sequential", "keras_version": "2.10.0", "config": {"name": "m", "layers": [
      {"class_name": "InputLayer", "config": {"name": "in", "batch_input_shape": [null, ' || shape || ']}}, ' || layer || ']}}')::json $$;
SELECT cerebro.load_model('wrong', one('{"class_name": "Conv1D", "config": {"name": "x", "filters": 4, "kernel_size": [3]}}'));
SELECT cerebro.load_model('wrong', one('{"class_name": "Conv1D", "config": {"name": "x", "filters": 4, "kernel_size": [3, 3]}}', '12, 4'));
SELECT cerebro.load_model('wrong', one('{"class_name": "Conv1D", "config": {"name": "x", "filters": 4, "kernel_size": 3, "padding": "full"}}', '12, 4'));
SELECT cerebro.load_model('wrong', one('{"class_name": "Conv1D", "config": {"name": "x", "filters": 4, "kernel_size": 3, "data_format": "channels_first"}}', '12, 4'));
SELECT cerebro.load_model('wrong', one('{"class_name": "Conv1D", "config": {"name": "x", "filters": 4, "kernel_size": 3, "strides": 2, "dilation_rate": 2}}', '12, 4'));
SELECT cerebro.load_model('wrong', one('{"class_name": "Conv1D", "config": {"name": "x", "filters": 4, "kernel_size": 7, "dilation_rate": 2}}', '12, 4'));
SELECT cerebro.load_model('wrong', one('{"class_name": "DepthwiseConv2D", "config": {"name": "x", "kernel_size": 3, "groups": 2}}'));
SELECT cerebro.load_model('wrong', one('{"class_name": "SeparableConv2D", "config": {"name": "x", "filters": 4, "kernel_size": 3, "depth_multiplier": 0}}'));
SELECT cerebro.load_model('wrong', one('{"class_name": "Conv2DTranspose", "config": {"name": "x", "filters": 4, "kernel_size": 3, "strides": 2, "output_padding": 2}}'));
SELECT cerebro.load_model('wrong', one('{"class_name": "Conv2DTranspose", "config": {"name": "x", "filters": 4, "kernel_size": 4, "strides": 2, "padding": "same", "output_padding": 0}}'));
SELECT cerebro.load_model('wrong', one('{"class_name": "MaxPooling1D", "config": {"name": "x", "pool_size": 3}}', '2, 4'));
SELECT cerebro.load_model('wrong', one('{"class_name": "UpSampling2D", "config": {"name": "x", "size": 2, "interpolation": "bicubic"}}'));
SELECT cerebro.load_model('wrong', one('{"class_name": "Cropping2D", "config": {"name": "x", "cropping": [[6, 6], [0, 0]]}}'));
SELECT cerebro.load_model('wrong', one('{"class_name": "ZeroPadding1D", "config": {"name": "x", "padding": [1, -1]}}', '12, 4'));
SELECT cerebro.load_model('wrong', one('{"class_name": "Permute", "config": {"name": "x", "dims": [1, 3]}}', '12, 4'));
SELECT cerebro.load_model('wrong', one('{"class_name": "Permute", "config": {"name": "x", "dims": [2, 1]}}'));
SELECT cerebro.load_model('wrong', one('{"class_name": "RepeatVector", "config": {"name": "x", "n": 3}}'));
SELECT cerebro.load_model('wrong', one('{"class_name": "SpatialDropout1D", "config": {"name": "x", "rate": 1.0}}', '12, 4'));
SELECT cerebro.load_model('wrong', one('{"class_name": "PReLU", "config": {"name": "x", "shared_axes": [4]}}'));
SELECT cerebro.load_model('wrong', one('{"class_name": "Rescaling", "config": {"name": "x", "scale": [1, 2, 3]}}'));
SELECT cerebro.load_model('wrong', one('{"class_name": "Rescaling", "config": {"name": "x", "scale": [[1, 2], [3]]}}'));
SELECT cerebro.load_model('wrong', one('{"class_name": "Normalization", "config": {"name": "x", "mean": 1.0}}'));
SELECT cerebro.load_model('wrong', one('{"class_name": "Normalization", "config": {"name": "x", "mean": 1.0, "variance": -1.0}}'));
SELECT cerebro.load_model('wrong', one('{"class_name": "Discretization", "config": {"name": "x", "bin_boundaries": null, "num_bins": 4}}'));
SELECT cerebro.load_model('wrong', one('{"class_name": "Discretization", "config": {"name": "x", "bin_boundaries": [1, 1]}}'));
SELECT cerebro.load_model('wrong', one('{"class_name": "CategoryEncoding", "config": {"name": "x", "num_tokens": 4}}'));
SELECT cerebro.load_model('wrong', one('{"class_name": "RandomFlip", "config": {"name": "x", "mode": "diagonal"}}'));
SELECT cerebro.load_model('wrong', one('{"class_name": "RandomFlip", "config": {"name": "x"}}', '12, 4'));
SELECT cerebro.load_model('wrong', one('{"class_name": "RandomTranslation", "config": {"name": "x", "height_factor": 2, "width_factor": 0.1}}'));
SELECT cerebro.load_model('wrong', one('{"class_name": "RandomRotation", "config": {"name": "x", "factor": [0.2, -0.2]}}'));
SELECT cerebro.load_model('wrong', one('{"class_name": "RandomZoom", "config": {"name": "x", "height_factor": [-1, 0]}}'));
SELECT cerebro.load_model('wrong', one('{"class_name": "RandomContrast", "config": {"name": "x", "factor": 1.5}}'));
SELECT cerebro.load_model('wrong', one('{"class_name": "GroupNormalization", "config": {"name": "x"}}'));
SELECT cerebro.load_model('wrong', one('{"class_name": "EinsumDense", "config": {"name": "x", "equation": "abc->cd", "output_shape": 3}}'));
SELECT cerebro.load_model('wrong', one('{"class_name": "EinsumDense", "config": {"name": "x", "equation": "abc,cd->abd", "output_shape": [3, 5]}}'));
SELECT cerebro.load_model('wrong', one('{"class_name": "EinsumDense", "config": {"name": "x", "equation": "abcd,de->abce", "output_shape": [null, 11, 5]}}'));

SET client_min_messages = error;
DROP SCHEMA layers CASCADE;
