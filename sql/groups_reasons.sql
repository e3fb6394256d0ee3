-- Reasons of groups that fail while all processes train them, one after the other: they are kept as far as an entry has room, in whole characters.
SET client_min_messages = warning;
CREATE SCHEMA groups_reasons;
SET search_path = groups_reasons, public;

-- one group has an index that the Embedding has no row for; the table's name has characters of three bytes where the text is cut
CREATE TABLE visits AS SELECT g, ARRAY[(n + k) % 5, CASE WHEN g = 'odd' AND n = 17 THEN 7 ELSE n % 5 END]::integer[] AS iiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiii,
    sin(n + k)::real AS paid
FROM (VALUES ('a', 1), ('odd', 2), ('z', 3)) v(g, k), generate_series(1, 40) n;
SELECT cerebro.load_model('archs', json_build_object('class_name', 'Sequential', 'config', json_build_object('name', 'items', 'layers', json_build_array(
    json_build_object('class_name', 'Embedding', 'config', json_build_object('name', repeat('e', 256), 'input_dim', 5, 'output_dim', 3, 'batch_input_shape', '[null, 2]'::json)),
    json_build_object('class_name', 'Flatten', 'config', '{"name": "flat"}'::json),
    json_build_object('class_name', 'Dense', 'config', '{"name": "out", "units": 1}'::json)))));
SELECT cerebro.load_model_selection_table('archs', 'configs', ARRAY[1], ARRAY[$$loss='mse', optimizer='SGD(lr=0.01)'$$], ARRAY['batch_size=16, epochs=1']);
SELECT cerebro.training_preprocessor_dl('visits', '"x€€€€€€€€€€"', 'paid', 'iiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiii', grouping_cols => 'g', dependent_type => 'real', pooled => false);
SET cerebro.cache_mem = 0;
SELECT cerebro.fit_multiple_model('"x€€€€€€€€€€"', 'models', 'configs', 2, workers => 2);
SELECT g, status, right(reason, 28) AS ends, octet_length(reason) AS bytes FROM models_groups ORDER BY 1;

-- numbers of partitions that somebody has written into the table of groups
UPDATE "x€€€€€€€€€€_groups" SET partitions = CASE group_id WHEN 1 THEN 2147483647 ELSE -1 END;
SELECT cerebro.fit_multiple_model('"x€€€€€€€€€€"', 'numbered', 'configs', 2, workers => 2);
RESET cerebro.cache_mem;
SELECT g, status, substr(reason, strpos(reason, 'says')) AS reason FROM numbered_groups ORDER BY 1;
DROP SCHEMA groups_reasons CASCADE;
