-- Weights as files of other programs: import_weights, export_model.
\pset null '(null)'
SET client_min_messages = notice;
CREATE SCHEMA exchange;
SET search_path = exchange, public;

\set data `echo "$CEREBRO_TEST_DATA"`
\i :data/attempt.sql
CREATE FUNCTION float32(v double precision[]) RETURNS bytea LANGUAGE sql AS $$
    SELECT string_agg(substr(b, 4, 1) || substr(b, 3, 1) || substr(b, 2, 1) || substr(b, 1, 1), ''::bytea ORDER BY n)
    FROM (SELECT float4send(x::real) AS b, n FROM unnest(v) WITH ORDINALITY u(x, n)) s $$;

SELECT cerebro.load_model('archs', '{"class_name": "Sequential", "config": {"name": "m", "layers": [
    {"class_name": "Dense", "config": {"name": "fc1", "units": 2, "activation": "tanh", "batch_input_shape": [null, 2]}},
    {"class_name": "Dense", "config": {"name": "out", "units": 2, "activation": "softmax"}}]}}',
    float32('{1.5,-0.5,0.25,-1,0.75,0.5,0.125,-0.25,0.0625,2,3,-3}'));
-- the same without weights, and with other names
SELECT model_arch AS arch, replace(model_arch::text, '"fc1"', '"hidden"') AS hidden FROM archs WHERE model_id = 1 \gset
SELECT cerebro.load_model('archs', :'arch');
SELECT cerebro.load_model('archs', :'hidden');

-- out and in again: the same bytes
SELECT encode(substr(cerebro.export_model('archs', model_id => 1), 9), 'escape');
SELECT cerebro.import_weights('archs', 2, cerebro.export_model('archs', model_id => 1));
SELECT a.model_weights = b.model_weights AS same FROM archs a, archs b WHERE a.model_id = 1 AND b.model_id = 2;
-- PyTorch's names and layout, another name of a layer, tensors that nobody asks for
SELECT rtrim(split_part(encode(substr(cerebro.export_model('archs', model_id => 1, naming => 'torch'), 9), 'escape'), E'\\', 1)) AS header;
UPDATE archs SET model_weights = NULL WHERE model_id > 1;
SELECT cerebro.import_weights('archs', 3, cerebro.export_model('archs', model_id => 1, naming => 'torch'), naming => 'torch', names => '{"hidden": "fc1"}');
SELECT a.model_weights = b.model_weights AS same FROM archs a, archs b WHERE a.model_id = 1 AND b.model_id = 3;
SELECT cerebro.load_model('archs', '{"class_name": "Sequential", "config": {"name": "m", "layers": [
    {"class_name": "Dense", "config": {"name": "fc1", "units": 2, "activation": "tanh", "batch_input_shape": [null, 2]}}]}}');
SELECT cerebro.import_weights('archs', 4, cerebro.export_model('archs', model_id => 1), 'safetensors');
SELECT octet_length(model_weights) FROM archs WHERE model_id = 4;

-- a trained model
CREATE TABLE points AS SELECT i AS id, i % 2 AS label, ARRAY[i % 2, 1 - i % 2]::real[] AS x FROM generate_series(1, 64) i;
SELECT cerebro.training_preprocessor_dl('points', 'packed', 'label', 'x', num_partitions => 2);
SELECT cerebro.load_model_selection_table('archs', 'configs', ARRAY[1], ARRAY[$$optimizer='SGD(lr=1.0)',loss='categorical_crossentropy'$$], ARRAY['batch_size=8']);
SET client_min_messages = error;
SELECT cerebro.fit_multiple_model('packed', 'trained', 'configs', 1, workers => 0);
SET client_min_messages = notice;
SELECT cerebro.import_weights('archs', 2, cerebro.export_model('trained'));
SELECT a.model_weights = t.model_weights AS same FROM archs a, trained t WHERE a.model_id = 2;
SELECT cerebro.export_model('trained', 1, naming => 'torch') = cerebro.export_model('archs', model_id => 2, naming => 'torch') AS same;


-- the other formats, out and in; whole models
SELECT cerebro.import_model('others', cerebro.export_model('trained', format => 'keras'), name => 'keras');
SELECT cerebro.import_model('others', cerebro.export_model('trained', format => 'tfjs'), 'tfjs', 'tfjs', 'with its format');
SELECT cerebro.import_model('others', cerebro.export_model('trained', format => 'onnx'), name => 'onnx');
SELECT o.name, o.model_weights = t.model_weights AS same FROM others o, trained t ORDER BY o.model_id;
UPDATE others SET model_weights = NULL;
SELECT cerebro.import_weights('others', 1, cerebro.export_model('trained', format => 'keras'));
SELECT cerebro.import_weights('others', 2, cerebro.export_model('trained', format => 'tfjs'));
SELECT cerebro.import_weights('others', 3, cerebro.export_model('trained', format => 'h5'));
SELECT o.name, o.model_weights = t.model_weights AS same FROM others o, trained t ORDER BY o.model_id;
SELECT model_arch FROM others WHERE model_id = 3;

-- ONNX in again: the same predictions, by a training that changes nothing
SELECT cerebro.load_model_selection_table('others', 'back_configs', ARRAY[3], ARRAY[$$optimizer='SGD(lr=1e-30)',loss='categorical_crossentropy'$$], ARRAY['batch_size=8']);
SET client_min_messages = error;
SELECT cerebro.fit_multiple_model('packed', 'back', 'back_configs', 1, workers => 0);
SELECT cerebro.predict('trained', 'points', 'id', 'x', 'p');
SELECT cerebro.predict('back', 'points', 'id', 'x', 'q');
SET client_min_messages = notice;
SELECT count(*), max(abs(p.prob - q.prob)) < 1e-6 AS same FROM p JOIN q USING (id, class_value);

-- an image: channels first in ONNX, last here
SELECT cerebro.load_model('images', '{"class_name": "Sequential", "config": {"name": "m", "layers": [
    {"class_name": "Conv2D", "config": {"name": "conv", "filters": 1, "kernel_size": [1, 1], "batch_input_shape": [null, 2, 2, 1]}},
    {"class_name": "Flatten", "config": {"name": "flat"}}, {"class_name": "Dense", "config": {"name": "out", "units": 1}}]}}',
    float32('{2,-0.5,1,2,3,4,5}'));
SELECT cerebro.import_model('images', cerebro.export_model('images', model_id => 1, format => 'onnx'));
SELECT a.model_weights = b.model_weights AS same FROM images a, images b WHERE a.model_id = 1 AND b.model_id = 2;

\x on
SELECT * FROM attempt($$SELECT cerebro.import_model('others', cerebro.export_model('trained'))$$);
SELECT * FROM attempt($$SELECT cerebro.import_model('others', cerebro.export_model('trained', format => 'h5'))$$);
SELECT * FROM attempt($$SELECT cerebro.import_model('others', NULL::bytea)$$);
SELECT * FROM attempt($$SELECT cerebro.import_model('others', 'hello'::bytea)$$);
SELECT * FROM attempt($$SELECT cerebro.import_model('others', 'hello'::bytea, 'onnx')$$);
SELECT * FROM attempt($$SELECT cerebro.import_model('others', 'hello'::bytea, 'keras')$$);
SELECT * FROM attempt($$SELECT cerebro.import_model('others', 'hello'::bytea, 'h5')$$);
SELECT * FROM attempt($$SELECT cerebro.import_weights('others', 3, cerebro.export_model('trained', format => 'onnx'))$$);
SELECT * FROM attempt($$SELECT cerebro.export_model('trained', format => 'onnx', naming => 'torch')$$);
SELECT * FROM attempt($$SELECT cerebro.export_model('archs', model_id => 9)$$);
SELECT * FROM attempt($$SELECT cerebro.export_model('nowhere')$$);
SELECT * FROM attempt($$SELECT cerebro.export_model('trained', 7)$$);
SELECT * FROM attempt($$SELECT cerebro.export_model('archs', 1, model_id => 1)$$);
SELECT * FROM attempt($$SELECT cerebro.export_model('archs', model_id => 1, format => 'pickle')$$);
SELECT * FROM attempt($$SELECT cerebro.export_model('archs', model_id => 1, naming => 'jax')$$);
SELECT * FROM attempt($$SELECT cerebro.export_model(NULL)$$);
UPDATE archs SET model_weights = '\x00' WHERE model_id = 3;
SELECT * FROM attempt($$SELECT cerebro.export_model('archs', model_id => 3)$$);
UPDATE archs SET model_weights = NULL WHERE model_id = 3;
SELECT * FROM attempt($$SELECT cerebro.export_model('archs', model_id => 3)$$);
SELECT * FROM attempt($$SELECT cerebro.import_weights('archs', 9, cerebro.export_model('archs', model_id => 1))$$);
SELECT * FROM attempt($$SELECT cerebro.import_weights('archs', 1, NULL::bytea)$$);
SELECT * FROM attempt($$SELECT cerebro.import_weights('archs', 1, ''::bytea)$$);
SELECT * FROM attempt($$SELECT cerebro.import_weights('archs', 1, '\x00'::bytea, 'safetensors')$$);
SELECT * FROM attempt($$SELECT cerebro.import_weights('archs', 1, cerebro.export_model('archs', model_id => 1, naming => 'torch'))$$);
SELECT * FROM attempt($$SELECT cerebro.import_weights('archs', 3, cerebro.export_model('archs', model_id => 1))$$);
SELECT * FROM attempt($$SELECT cerebro.import_weights('archs', 3, cerebro.export_model('archs', model_id => 1), names => '{"hidden": "out"}')$$);
SELECT * FROM attempt($$SELECT cerebro.import_weights('archs', 3, cerebro.export_model('archs', model_id => 1), names => '{"fc1": "out"}')$$);
SELECT * FROM attempt($$SELECT cerebro.import_weights('archs', 3, cerebro.export_model('archs', model_id => 1), names => '[1]')$$);
SELECT * FROM attempt($$SELECT cerebro.import_weights('archs', 3, cerebro.export_model('archs', model_id => 1, format => 'h5'), names => '{"fc1": "out"}')$$);
SELECT * FROM attempt($$SELECT cerebro.import_weights('archs', 1, cerebro.export_model('archs', model_id => 1, format => 'h5'), naming => 'torch')$$);
-- a weight that is no number: the last one
SELECT * FROM attempt($$SELECT cerebro.import_weights('archs', 2, overlay(f PLACING '\x0000c07f'::bytea FROM octet_length(f) - 3)) FROM (SELECT cerebro.export_model('archs', model_id => 1) AS f) s$$);
\x off
SET client_min_messages = warning;
DROP SCHEMA exchange CASCADE;
