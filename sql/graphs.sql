-- Graphs that are no chain train by kernels: the same weights whatever the workers, the neighbours and the rewrites, for
-- every number of partitions.
SET client_min_messages = warning;
CREATE SCHEMA graphs;
SET search_path = graphs, public;
CREATE TABLE points AS
SELECT i AS id, (i % 3)::int AS label, (i % 7 - i % 3)::real AS y, (ARRAY['north', 'east', 'south', 'west'])[1 + i * 5 % 4] AS side,
       'town ' || i * 11 % 23 AS town, (i % 10 / 10.0)::real AS a, (i % 9 / 9.0)::real AS b, (i % 8 / 8.0)::real AS c
FROM generate_series(1, 700) i;
SELECT cerebro.training_preprocessor_dl('points', 'two_packed', 'label, y', 'side, town, a, b, c', dependent_type => 'one_hot, real', num_partitions => 2, seed => 3, buffer_size => 100);
SELECT cerebro.training_preprocessor_dl('points', 'six_packed', 'label, y', 'side, town, a, b, c', dependent_type => 'one_hot, real', num_partitions => 6, seed => 3, buffer_size => 100);

-- two embeddings and three numbers side by side; a residual; a layer that is called twice, its weights within bounds
SELECT cerebro.load_model('archs', $$
{"class_name": "Functional", "keras_version": "2.4.0", "config": {"name": "towns", "layers": [
 {"class_name": "InputLayer", "name": "side", "config": {"name": "side", "batch_input_shape": [null, 1]}, "inbound_nodes": []},
 {"class_name": "InputLayer", "name": "town", "config": {"name": "town", "batch_input_shape": [null, 1]}, "inbound_nodes": []},
 {"class_name": "InputLayer", "name": "numbers", "config": {"name": "numbers", "batch_input_shape": [null, 3]}, "inbound_nodes": []},
 {"class_name": "Embedding", "name": "sides", "config": {"name": "sides", "input_dim": 5, "output_dim": 4}, "inbound_nodes": [[["side", 0, 0, {}]]]},
 {"class_name": "Embedding", "name": "towns", "config": {"name": "towns", "input_dim": 24, "output_dim": 8}, "inbound_nodes": [[["town", 0, 0, {}]]]},
 {"class_name": "Flatten", "name": "side_row", "config": {"name": "side_row"}, "inbound_nodes": [[["sides", 0, 0, {}]]]},
 {"class_name": "Flatten", "name": "town_row", "config": {"name": "town_row"}, "inbound_nodes": [[["towns", 0, 0, {}]]]},
 {"class_name": "Concatenate", "name": "all", "config": {"name": "all"}, "inbound_nodes": [[["side_row", 0, 0, {}], ["town_row", 0, 0, {}], ["numbers", 0, 0, {}]]]},
 {"class_name": "Dense", "name": "first", "config": {"name": "first", "units": 16, "activation": "relu"}, "inbound_nodes": [[["all", 0, 0, {}]]]},
 {"class_name": "Dense", "name": "again", "config": {"name": "again", "units": 16, "activation": "tanh",
   "kernel_constraint": {"class_name": "MaxNorm", "config": {"max_value": 1, "axis": 0}}}, "inbound_nodes": [[["first", 0, 0, {}]], [["again", 0, 0, {}]]]},
 {"class_name": "Dropout", "name": "drop", "config": {"name": "drop", "rate": 0.25}, "inbound_nodes": [[["again", 1, 0, {}]]]},
 {"class_name": "Add", "name": "sum", "config": {"name": "sum"}, "inbound_nodes": [[["first", 0, 0, {}], ["drop", 0, 0, {}]]]},
 {"class_name": "Dense", "name": "classes", "config": {"name": "classes", "units": 3, "activation": "softmax"}, "inbound_nodes": [[["sum", 0, 0, {}]]]},
 {"class_name": "Multiply", "name": "product", "config": {"name": "product"}, "inbound_nodes": [[["sum", 0, 0, {}], ["first", 0, 0, {}]]]},
 {"class_name": "Dense", "name": "number", "config": {"name": "number", "units": 1, "activation": "linear"}, "inbound_nodes": [[["product", 0, 0, {}]]]}],
 "input_layers": [["side", 0, 0], ["town", 0, 0], ["numbers", 0, 0]], "output_layers": [["classes", 0, 0], ["number", 0, 0]]}} $$);
SELECT cerebro.load_model_selection_table('archs', 'configs', ARRAY[1],
    ARRAY[$$optimizer='Adam(lr=0.01)',loss=['categorical_crossentropy','mse'],loss_weights=[1,0.1],metrics=['accuracy']$$,
          $$optimizer='SGD(lr=0.05,momentum=0.9)',loss=['categorical_crossentropy','mse'],loss_weights=[1,0.1],metrics=['accuracy']$$],
    ARRAY['batch_size=32,epochs=1', 'batch_size=32,epochs=2,shuffle=False', 'batch_size=24,epochs=1']);
SELECT DISTINCT substring(line from 'Trainer: \w+') AS trainer FROM cerebro.explain_fit_multiple_model('two_packed', 'planned', 'configs', 3) AS line WHERE line LIKE '%Trainer:%';

CREATE FUNCTION fingerprint(models regclass) RETURNS text LANGUAGE plpgsql AS $$
DECLARE f text;
BEGIN
    EXECUTE format('SELECT md5(string_agg(mst_key || md5(model_weights), '','' ORDER BY mst_key)) FROM %s', models) INTO f;
    RETURN f;
END $$;
CREATE TABLE runs (packed text, run text, fingerprint text);
CREATE FUNCTION run(packed text, name text, workers integer DEFAULT 0) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM cerebro.fit_multiple_model(packed, name, 'configs', 3, seed => 7, workers => run.workers);
    INSERT INTO runs VALUES (packed, name, fingerprint(name::regclass));
END $$;
SELECT run(packed, packed || '_w0'), run(packed, packed || '_w2', 2) FROM unnest(ARRAY['two_packed', 'six_packed']) AS packed;
-- every model by itself, and all of them in one bundle
SET cerebro.enable_shared_scan = off;
SET cerebro.enable_horizontal = off;
SELECT run(packed, packed || '_alone') FROM unnest(ARRAY['two_packed', 'six_packed']) AS packed;
RESET cerebro.enable_shared_scan;
RESET cerebro.enable_horizontal;
SET cerebro.bundles = 1;
SELECT run(packed, packed || '_together') FROM unnest(ARRAY['two_packed', 'six_packed']) AS packed;
RESET cerebro.bundles;
SELECT packed, count(*) AS runs, count(DISTINCT fingerprint) AS different FROM runs GROUP BY packed ORDER BY 1;
SELECT count(DISTINCT fingerprint) AS of_both FROM runs;
-- they have learned, and each output has its metric
SELECT bool_and(training_loss_final < 1.7) AS learned, min(metric_names::text) AS metrics FROM two_packed_w0_info, two_packed_w0_summary;
DROP SCHEMA graphs CASCADE;
