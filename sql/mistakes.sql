-- Small mistakes that users make, and small things that they expect: each is told or done as they would have it.
SET client_min_messages = warning;
CREATE SCHEMA mistakes;
SET search_path = mistakes, public;

\set data `echo "$CEREBRO_TEST_DATA"`
\i :data/attempt.sql

CREATE TABLE points AS SELECT i AS id, i % 3 AS label, ARRAY[i % 5, i % 3]::real[] AS x FROM generate_series(1, 60) i;
SELECT cerebro.training_preprocessor_dl('points', 'packed', 'label', 'x', num_partitions => 2);
SELECT cerebro.load_model('archs', $$ {"class_name": "Sequential", "config": [
 {"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax", "batch_input_shape": [null, 2]}}]} $$);
SELECT cerebro.load_model('archs', $$ {"class_name": "Sequential", "config": [
 {"class_name": "Dense", "config": {"name": "out", "units": 1, "batch_input_shape": [null, 2]}}]} $$);
SELECT cerebro.load_model_selection_table('archs', 'configs', ARRAY[1], ARRAY[$$optimizer='SGD(lr=0.1)',loss='categorical_crossentropy',metrics=['accuracy']$$], ARRAY['batch_size=8']);
SELECT cerebro.load_model_selection_table('archs', 'slopes', ARRAY[2], ARRAY[$$optimizer='SGD(lr=0.001)',loss='mse'$$], ARRAY['batch_size=8']);
SET client_min_messages = error;
SELECT cerebro.fit_multiple_model('packed', 'models', 'configs', 1, workers => 0);
SET client_min_messages = warning;

-- a price without dependent_type: told at packing, and at training
CREATE TABLE houses AS SELECT i AS id, (i * 7 % 60 + 0.25)::numeric AS price, ARRAY[i % 5, i % 3]::real[] AS x FROM generate_series(1, 60) i;
SET client_min_messages = notice;
SELECT cerebro.training_preprocessor_dl('houses', 'packed_houses', 'price', 'x', num_partitions => 2);
SELECT cerebro.training_preprocessor_dl('houses', 'packed_labels', 'price', 'x', num_partitions => 2, dependent_type => 'one_hot');
SET client_min_messages = warning;
\x on
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('packed_houses', 'out', 'slopes', 1)$$);

-- a label in an array of one element, as Keras's users have it
\x off
CREATE TABLE boxed AS SELECT id, ARRAY[label] AS label, ARRAY['c' || label] AS word, x FROM points;
SELECT cerebro.training_preprocessor_dl('boxed', 'packed_boxed', 'label', 'x', num_partitions => 2, dependent_type => 'one_hot');
SELECT cerebro.training_preprocessor_dl('boxed', 'packed_index', 'word', 'x', num_partitions => 2, dependent_type => 'index');
SELECT cerebro.training_preprocessor_dl('boxed', 'packed_array', 'label', 'x', num_partitions => 2);
SELECT b.digest = p.digest AS same, b.label_class_values, pg_typeof(b.label_class_values) FROM packed_boxed_summary b, packed_summary p;
SELECT word_class_values FROM packed_index_summary;
SELECT cerebro.load_model_selection_table('archs', 'sparse', ARRAY[1], ARRAY[$$optimizer='SGD(lr=0.1)',loss='sparse_categorical_crossentropy',metrics=['accuracy']$$], ARRAY['batch_size=8']);
SET client_min_messages = error;
SELECT cerebro.fit_multiple_model('packed_index', 'models_index', 'sparse', 1, workers => 0);
SELECT cerebro.fit_multiple_model('packed_array', 'models_array', 'sparse', 1, workers => 0);
SET client_min_messages = warning;
SELECT i.status, a.status FROM models_index_info i, models_array_info a;
SELECT cerebro.predict('models_index', 'points', 'id', 'x', 'p_index', 'response');
SELECT DISTINCT class_value FROM p_index WHERE class_value NOT IN ('c0', 'c1', 'c2');
\x on
SELECT * FROM attempt($$SELECT cerebro.fit_multiple_model('packed_array', 'out', 'configs', 1)$$);
CREATE TABLE overfull AS SELECT id, CASE WHEN id = 42 THEN label || label ELSE label END AS label, x FROM boxed;
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('overfull', 'out', 'label', 'x', dependent_type => 'one_hot')$$);

-- predict: errors name the row
CREATE TABLE holes AS SELECT 'row ' || id AS id, CASE WHEN id = 42 THEN NULL ELSE x END AS x FROM points;
SELECT * FROM attempt($$SELECT cerebro.predict('models', 'holes', 'id', 'x', 'out')$$);
-- a packed table is no table of rows
SELECT * FROM attempt($$SELECT cerebro.predict('models', 'packed', 'buffer_id', 'x', 'out')$$);
-- files of images are no pixels
CREATE TABLE images AS SELECT i AS id, i % 2 AS label, '\xffd8ffe000104a4649460001'::bytea || convert_to(repeat('x', i), 'UTF8') AS jpeg,
    '\x89504e470d0a1a0a0000000d'::bytea AS png FROM generate_series(1, 10) i;
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('images', 'out', 'label', 'jpeg')$$);
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('images', 'out', 'label', 'png', shapes => '{"png": [28, 28, 1]}')$$);
CREATE TABLE pixels AS SELECT i AS id, i % 2 AS label, decode(repeat('00ff', 6), 'hex') AS jpeg FROM generate_series(1, 10) i;
INSERT INTO pixels SELECT 11, 0, jpeg FROM images WHERE id = 5;
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('pixels', 'out', 'label', 'jpeg', shapes => '{"jpeg": [2, 2, 3]}')$$);
\x off

-- numbers as pred_type, of whatever type
SELECT cerebro.predict('models', 'points', 'id', 'x', 'p1', pred_type => '2');
SELECT cerebro.predict('models', 'points', 'id', 'x', 'p2', pred_type => 2::bigint);
SELECT cerebro.predict('models', 'points', 'id', 'x', 'p3', 2::smallint);
SELECT cerebro.predict('models', 'points', 'id', 'x', 'p4', 2::numeric);
SELECT cerebro.predict('models', 'points', 'id', 'x', 'p5', pred_type => '0.5');
SELECT cerebro.predict('models', 'points', 'id', 'x', 'p6', pred_type => 0.5);
SELECT (SELECT count(*) FROM p1), (SELECT count(*) FROM p2), (SELECT count(*) FROM p3), (SELECT count(*) FROM p4),
       (SELECT count(*) FROM p5) = (SELECT count(*) FROM p6) AS same;
\x on
SELECT * FROM attempt($$SELECT cerebro.predict('models', 'points', 'id', 'x', 'out', pred_type => '2.5')$$);
SELECT * FROM attempt($$SELECT cerebro.predict('models', 'points', 'id', 'x', 'out', pred_type => '-1')$$);
SELECT * FROM attempt($$SELECT cerebro.predict('models', 'points', 'id', 'x', 'out', pred_type => 2.5)$$);
\x off

-- Keras's optional arguments as null
SELECT cerebro.load_model('archs', $$ {"class_name": "Sequential", "config": [
 {"class_name": "Embedding", "config": {"name": "tokens", "input_dim": 10, "output_dim": 4, "input_length": 3, "mask_zero": null, "trainable": null,
  "embeddings_initializer": null, "embeddings_regularizer": null, "activity_regularizer": null, "embeddings_constraint": null}},
 {"class_name": "Flatten", "config": {"name": null, "data_format": null}},
 {"class_name": "Dense", "config": {"name": "middle", "units": 4, "use_bias": null, "activation": null, "kernel_initializer": null, "bias_initializer": null,
  "kernel_regularizer": {"class_name": "L1L2", "config": {"l1": null, "l2": 0.01}}}},
 {"class_name": "BatchNormalization", "config": {"momentum": null, "epsilon": null, "axis": null, "gamma_initializer": null}},
 {"class_name": "Dropout", "config": {"rate": 0.5, "noise_shape": null, "seed": null}},
 {"class_name": "Dense", "config": {"name": "out", "units": 2, "activation": "softmax"}}]} $$);
\x on
SELECT * FROM attempt($$SELECT cerebro.load_model('archs', '{"class_name": "Sequential", "config": [{"class_name": "Dense", "config": {"name": "out", "units": null,
 "batch_input_shape": [null, 2]}}]}')$$);
\x off

-- statements of the extension's own are nobody's context; the caller's are
CREATE FUNCTION context_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE c text;
BEGIN
    EXECUTE statement;
    RETURN 'no error';
EXCEPTION WHEN others THEN
    GET STACKED DIAGNOSTICS c = PG_EXCEPTION_CONTEXT;
    RETURN regexp_replace(c, 'line \d+', 'line N', 'g');
END $$;
CREATE FUNCTION refuse(i integer) RETURNS real[] LANGUAGE plpgsql AS $$ BEGIN IF i = 42 THEN RAISE 'not row 42'; END IF; RETURN ARRAY[1, 2]; END $$;
CREATE VIEW guarded AS SELECT id, label, refuse(id) AS x FROM points;
SELECT context_of($$SELECT cerebro.predict('models', 'holes', 'id', 'x', 'out')$$);
SELECT context_of($$SELECT cerebro.predict('models', 'guarded', 'id', 'x', 'out')$$);
SELECT context_of($$SELECT cerebro.training_preprocessor_dl('guarded', 'out', 'label', 'x')$$);
SELECT context_of($$SELECT cerebro.fit_multiple_model('packed_houses', 'out', 'slopes', 1)$$);
DROP SCHEMA mistakes CASCADE;
