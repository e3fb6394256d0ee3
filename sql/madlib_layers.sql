-- Predictions layer by layer: weights and inputs are fixed by hand, and what comes out is computed once more in SQL, from the
-- definition of the layer. A layer without units is followed by Flatten and a Dense layer that changes nothing.
SET client_min_messages = warning;
\set SHOW_CONTEXT never
CREATE EXTENSION pg_cerebro_madlib;
CREATE SCHEMA madlib_layers;
SET search_path = madlib_layers, public;

-- six images of 4 x 4 pixels and two channels, from -1.5 to 1.5
CREATE TABLE cells AS SELECT i AS id, r, c, ch, (((i * 7 + r * 5 + c * 3 + ch * 8) % 13) * 0.25 - 1.5)::float8 AS x
FROM generate_series(1, 6) i, generate_series(0, 3) r, generate_series(0, 3) c, generate_series(0, 1) ch;
CREATE TABLE images AS SELECT id, ('{' || string_agg(line, ',' ORDER BY r) || '}')::real[] AS x FROM
    (SELECT id, r, '{' || string_agg(pixel, ',' ORDER BY c) || '}' AS line FROM
        (SELECT id, r, c, '{' || string_agg(x::text, ',' ORDER BY ch) || '}' AS pixel FROM cells GROUP BY id, r, c) p GROUP BY id, r) l GROUP BY id;
SELECT array_dims(x), count(*) FROM images GROUP BY 1;
CREATE TABLE vectors AS SELECT i AS id, ARRAY(SELECT ((i * 5 + j * 3) % 7 * 0.5 - 1.5)::real FROM generate_series(1, 4) j) AS a,
    ARRAY(SELECT ((i * 3 + j * 2) % 5 * 0.4 - 0.8)::real FROM generate_series(1, 3) j) AS b FROM generate_series(1, 6) i;

-- weight number n
CREATE FUNCTION w(n bigint) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$ SELECT ((n * 7 % 11) * 0.1 - 0.5)::float8 $$;
CREATE FUNCTION numbers(n int) RETURNS real[] LANGUAGE sql IMMUTABLE AS $$ SELECT ARRAY(SELECT w(i)::real FROM generate_series(0, n - 1) i) $$;
-- kernel and bias of a Dense layer that changes nothing
CREATE FUNCTION same(n int) RETURNS real[] LANGUAGE sql IMMUTABLE AS
    $$ SELECT ARRAY(SELECT CASE WHEN i = j THEN 1 ELSE 0 END::real FROM generate_series(1, n) i, generate_series(1, n) j ORDER BY i, j) || array_fill(0::real, ARRAY[n]) $$;
CREATE FUNCTION rest(n int) RETURNS text LANGUAGE sql IMMUTABLE AS
    $$ SELECT format(', {"class_name": "Flatten", "config": {"name": "flat"}}, {"class_name": "Dense", "config": {"name": "out", "units": %s, "activation": "linear"}}]}', n) $$;
CREATE TABLE wanted (layer text, id int, nth int, value float8);
CREATE TABLE found (layer text, id int, nth int, value float8);
-- Loads a model whose layers follow from the first one's, and predicts.
CREATE FUNCTION try(layer text, arch text, weights real[], source text, columns text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM madlib.load_keras_model('layer_library', arch::json, madlib.convert_array_to_bytea(weights), layer);
    EXECUTE format('DROP TABLE IF EXISTS said');
    PERFORM madlib.madlib_keras_predict_byom('layer_library', (SELECT max(model_id) FROM layer_library), source, 'id', columns, 'said');
    INSERT INTO found SELECT layer, s.id, s.class_value::int, s.prob FROM said s;
END $$;
CREATE FUNCTION image_layer(config text) RETURNS text LANGUAGE sql IMMUTABLE AS
    $$ SELECT '{"class_name": "Sequential", "config": [' || regexp_replace(config, '"config": \{', '"config": {"batch_input_shape": [null, 4, 4, 2], ') $$;

-- Dense: x W + b, with its activations
SELECT try('dense', '{"class_name": "Sequential", "config": [{"class_name": "Dense", "config": {"name": "d", "units": 3, "activation": "linear", "batch_input_shape": [null, 4]}}]}',
    numbers(15), 'vectors', 'a');
INSERT INTO wanted SELECT 'dense', id, u, sum(a[i + 1]::float8 * w(i * 3 + u)::real) + w(12 + u)::real
FROM vectors, generate_series(0, 3) i, generate_series(0, 2) u GROUP BY id, u;
SELECT format('SELECT try(%L, %L, numbers(15), ''vectors'', ''a'')', 'dense ' || f,
    '{"class_name": "Sequential", "config": [{"class_name": "Dense", "config": {"name": "d", "units": 3, "batch_input_shape": [null, 4]}}, '
    || '{"class_name": "Activation", "config": {"name": "act", "activation": "' || f || '"}}]}') FROM unnest(ARRAY['relu', 'sigmoid', 'tanh', 'softmax']) f \gexec
INSERT INTO wanted SELECT 'dense ' || f, id, nth, CASE f WHEN 'relu' THEN greatest(value, 0) WHEN 'sigmoid' THEN 1 / (1 + exp(-value)) WHEN 'tanh' THEN (exp(value) - exp(-value)) / (exp(value) + exp(-value))
    ELSE exp(value) / sum(exp(value)) OVER (PARTITION BY f, id) END FROM wanted, unnest(ARRAY['relu', 'sigmoid', 'tanh', 'softmax']) f WHERE layer = 'dense';

-- Conv2D, 3 x 3, two filters: valid, same, and same with a stride of two
SELECT try('conv valid', image_layer('{"class_name": "Conv2D", "config": {"name": "c", "filters": 2, "kernel_size": [3, 3], "padding": "valid", "activation": "linear", "data_format": "channels_last"}}') || rest(8),
    numbers(38) || same(8), 'images', 'x');
INSERT INTO wanted SELECT 'conv valid', x.id, (pr * 2 + pc) * 2 + f, sum(x.x * w(((x.r - pr) * 3 + x.c - pc) * 4 + x.ch * 2 + f)::real) + w(36 + f)::real
FROM cells x, generate_series(0, 1) pr, generate_series(0, 1) pc, generate_series(0, 1) f WHERE x.r - pr BETWEEN 0 AND 2 AND x.c - pc BETWEEN 0 AND 2 GROUP BY x.id, pr, pc, f;
SELECT try('conv same', image_layer('{"class_name": "Conv2D", "config": {"name": "c", "filters": 2, "kernel_size": [3, 3], "padding": "same", "activation": "relu", "data_format": "channels_last"}}') || rest(32),
    numbers(38) || same(32), 'images', 'x');
INSERT INTO wanted SELECT 'conv same', x.id, (pr * 4 + pc) * 2 + f, greatest(0, sum(x.x * w(((x.r - pr + 1) * 3 + x.c - pc + 1) * 4 + x.ch * 2 + f)::real) + w(36 + f)::real)
FROM cells x, generate_series(0, 3) pr, generate_series(0, 3) pc, generate_series(0, 1) f WHERE x.r - pr BETWEEN -1 AND 1 AND x.c - pc BETWEEN -1 AND 1 GROUP BY x.id, pr, pc, f;
-- four pixels, strides of two: one row and one column of padding, all of it behind
SELECT try('conv strides', image_layer('{"class_name": "Conv2D", "config": {"name": "c", "filters": 2, "kernel_size": [3, 3], "strides": [2, 2], "padding": "same", "activation": "linear"}}') || rest(8),
    numbers(38) || same(8), 'images', 'x');
INSERT INTO wanted SELECT 'conv strides', x.id, (pr * 2 + pc) * 2 + f, sum(x.x * w(((x.r - 2 * pr) * 3 + x.c - 2 * pc) * 4 + x.ch * 2 + f)::real) + w(36 + f)::real
FROM cells x, generate_series(0, 1) pr, generate_series(0, 1) pc, generate_series(0, 1) f WHERE x.r - 2 * pr BETWEEN 0 AND 2 AND x.c - 2 * pc BETWEEN 0 AND 2 GROUP BY x.id, pr, pc, f;

-- pooling: the mean of windows at the edge counts what is there
SELECT try('max', image_layer('{"class_name": "MaxPooling2D", "config": {"name": "p", "pool_size": [2, 2], "strides": [2, 2], "padding": "valid"}}') || rest(8), same(8), 'images', 'x');
INSERT INTO wanted SELECT 'max', id, (r / 2 * 2 + c / 2) * 2 + ch, max(x) FROM cells GROUP BY id, r / 2, c / 2, ch;
SELECT try('mean', image_layer('{"class_name": "AveragePooling2D", "config": {"name": "p", "pool_size": [2, 2], "padding": "valid"}}') || rest(8), same(8), 'images', 'x');
INSERT INTO wanted SELECT 'mean', id, (r / 2 * 2 + c / 2) * 2 + ch, avg(x) FROM cells GROUP BY id, r / 2, c / 2, ch;
SELECT format('SELECT try(%L, image_layer(%L) || rest(8), same(8), ''images'', ''x'')', k || ' same',
    '{"class_name": "' || k || 'Pooling2D", "config": {"name": "p", "pool_size": [3, 3], "strides": [2, 2], "padding": "same"}}') FROM unnest(ARRAY['Max', 'Average']) k \gexec
INSERT INTO wanted SELECT k || ' same', id, (pr * 2 + pc) * 2 + ch, CASE k WHEN 'Max' THEN max(x) ELSE avg(x) END
FROM cells, generate_series(0, 1) pr, generate_series(0, 1) pc, unnest(ARRAY['Max', 'Average']) k WHERE r - 2 * pr BETWEEN 0 AND 2 AND c - 2 * pc BETWEEN 0 AND 2 GROUP BY k, id, pr, pc, ch;

-- BatchNormalization: gamma, beta, moving mean, moving variance
SELECT try('batch', image_layer('{"class_name": "BatchNormalization", "config": {"name": "n", "axis": [3], "momentum": 0.99, "epsilon": 0.001, "center": true, "scale": true}}') || rest(32),
    ARRAY[1.5, 0.5, 0.1, -0.2, 0.3, -0.1, 0.8, 1.7]::real[] || same(32), 'images', 'x');
INSERT INTO wanted SELECT 'batch', id, (r * 4 + c) * 2 + ch, (ARRAY[1.5, 0.5])[ch + 1] * (x - (ARRAY[0.3, -0.1])[ch + 1]) / sqrt((ARRAY[0.8, 1.7])[ch + 1] + 0.001) + (ARRAY[0.1, -0.2])[ch + 1] FROM cells;

-- Flatten and Dropout change no number
SELECT try('flatten', image_layer('{"class_name": "Dropout", "config": {"name": "n", "rate": 0.5}}') || rest(32), same(32), 'images', 'x');
INSERT INTO wanted SELECT 'flatten', id, (r * 4 + c) * 2 + ch, x FROM cells;

-- two inputs, Concatenate and Dense
SELECT try('concatenate', $${"class_name": "Model", "config": {"name": "m", "layers": [
 {"class_name": "InputLayer", "name": "one", "config": {"name": "one", "batch_input_shape": [null, 4]}, "inbound_nodes": []},
 {"class_name": "InputLayer", "name": "two", "config": {"name": "two", "batch_input_shape": [null, 3]}, "inbound_nodes": []},
 {"class_name": "Concatenate", "name": "both", "config": {"name": "both", "axis": -1}, "inbound_nodes": [[["one", 0, 0, {}], ["two", 0, 0, {}]]]},
 {"class_name": "Dense", "name": "out", "config": {"name": "out", "units": 2, "activation": "linear"}, "inbound_nodes": [[["both", 0, 0, {}]]]}],
 "input_layers": [["one", 0, 0], ["two", 0, 0]], "output_layers": [["out", 0, 0]]}}$$, numbers(16), 'vectors', 'a, b');
INSERT INTO wanted SELECT 'concatenate', id, u, sum((a || b)[i + 1]::float8 * w(i * 2 + u)::real) + w(14 + u)::real
FROM vectors, generate_series(0, 6) i, generate_series(0, 1) u GROUP BY id, u;

SELECT layer, count(*), count(f.value) AS said, max(abs(w.value - f.value)) < 1e-5 AS same FROM wanted w FULL JOIN found f USING (layer, id, nth) GROUP BY 1 ORDER BY 1;
SELECT count(*) FROM wanted w FULL JOIN found f USING (layer, id, nth) WHERE w.value IS NULL OR f.value IS NULL;

-- the digest of a whole network: convolution, pooling, dense; in one and in three convolutions the numbers are those above
SELECT try('network', image_layer('{"class_name": "Conv2D", "config": {"name": "c", "filters": 2, "kernel_size": [3, 3], "padding": "same", "activation": "relu"}}')
    || ', {"class_name": "MaxPooling2D", "config": {"name": "p", "pool_size": [2, 2]}}' || rest(8), numbers(38) || same(8), 'images', 'x');
SELECT count(*), max(abs(f.value - m.value)) < 1e-5 AS same FROM found f JOIN (
    SELECT id, ((nth / 8) / 2 * 2 + (nth / 2 % 4) / 2) * 2 + nth % 2 AS nth, max(value) AS value FROM wanted WHERE layer = 'conv same' GROUP BY 1, 2) m USING (id, nth)
WHERE f.layer = 'network';

-- a normalizing constant divides; seeds of initialisers give the same weights in every run
SELECT try('again', (SELECT model_arch::text FROM layer_library WHERE name = 'dense'), numbers(15), 'vectors', 'a');
SELECT madlib.madlib_keras_predict_byom('layer_library', 1, 'vectors', 'id', 'a', 'half', 'prob', FALSE, NULL, 2.0);
SELECT max(abs(h.prob - (f.value + w(12 + f.nth)::real) / 2)) < 1e-5 AS halved FROM half h JOIN found f ON f.id = h.id AND f.nth = h.class_value::int AND f.layer = 'dense';
DROP SCHEMA madlib_layers CASCADE;
DROP EXTENSION pg_cerebro_madlib;
