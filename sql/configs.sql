-- Architecture tables and model selection tables.
\pset null '(null)'
CREATE SCHEMA configs;
SET search_path = configs, public;
SET extra_float_digits = 0;

\set mlp '{"class_name": "Sequential", "keras_version": "2.4.0", "config": {"name": "mlp", "layers": [{"class_name": "Dense", "config": {"name": "hidden", "units": 2, "activation": "relu", "batch_input_shape": [null, 3]}}, {"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax"}}]}}'
\set single '{"class_name": "Sequential", "keras_version": "2.1.6", "config": [{"class_name": "Dense", "config": {"name": "out", "units": 1, "batch_input_shape": [null, 2]}}]}'

-- the table is made at the first load; ids count
SELECT cerebro.load_model('archs', :'mlp');
SELECT cerebro.load_model('archs', :'single', '\x0000803f000000400000803f'::bytea, 'one', 'three weights');
SELECT cerebro.load_model(model_arch => :'single', model_arch_table => 'archs', description => 'named arguments');
SELECT model_id, json_typeof(model_arch), octet_length(model_weights) AS weight_bytes, name, description, __internal_madlib_id__ FROM archs ORDER BY model_id;
SELECT attname, format_type(atttypid, atttypmod), attnotnull FROM pg_attribute WHERE attrelid = 'archs'::regclass AND attnum > 0 ORDER BY attnum;
-- the text is kept as it was given
SELECT model_arch::text = :'single' AS kept FROM archs WHERE model_id = 2;

-- deleting: ids stay, the next id is one more than the greatest, the table goes with its last row
SELECT cerebro.delete_model('archs', 1);
SELECT cerebro.load_model('archs', :'mlp');
SELECT array_agg(model_id ORDER BY model_id) FROM archs;
SELECT cerebro.load_model('short_lived', :'mlp');
SELECT cerebro.delete_model(model_arch_table => 'short_lived', model_id => 1);
SELECT to_regclass('short_lived');

-- quoted, schema-qualified and hostile names
CREATE SCHEMA "Odd; Schema";
SELECT cerebro.load_model('"Odd; Schema"."Archs ""x""; DROP TABLE archs"', :'mlp', name => 'it''s "quoted"; DROP TABLE archs');
SELECT name FROM "Odd; Schema"."Archs ""x""; DROP TABLE archs";
SELECT cerebro.load_model('CONFIGS.ARCHS', :'single');
SELECT count(*) FROM archs;
SELECT cerebro.load_model('pg_temp.archs_of_session', :'single');
SELECT relpersistence FROM pg_class WHERE oid = 'archs_of_session'::regclass;

-- a model selection table: every combination once; equal texts are found whatever their spelling
SELECT cerebro.load_model_selection_table('archs', 'listed', ARRAY[4, 2, 4],
    ARRAY[$$loss='categorical_crossentropy', optimizer='Adam(lr=0.01)', metrics=['accuracy']$$,
          $$optimizer='Adam(lr=0.01)',loss='categorical_crossentropy',metrics=['accuracy']$$,
          $$loss='mse',optimizer='SGD(lr=0.1)'$$],
    ARRAY['batch_size=8,epochs=1', 'epochs = 1, batch_size = 8', 'batch_size=16']);
SELECT * FROM listed ORDER BY mst_key;
SELECT * FROM listed_summary;
SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'listed'::regclass AND attnum > 0 ORDER BY attnum;
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'listed'::regclass AND contype <> 'n'; -- NOT NULL is one from 18 on
-- mst_key counts on for rows that are added by hand
INSERT INTO listed (model_id, compile_params, fit_params) VALUES (3, $$loss='mse',optimizer='SGD()'$$, '') RETURNING mst_key;

-- a grid
SELECT cerebro.generate_model_configs('archs', 'grid', ARRAY[2, 3],
    $${'loss': ['mse', 'mae'], 'optimizer_params_list': [{'optimizer': ['Adam'], 'lr': [0.001, 0.01]}, {'optimizer': ['SGD'], 'lr': [0.1], 'momentum': [0.9]}]}$$,
    $${'batch_size': [8], 'epochs': [1, 2]}$$);
SELECT count(*), min(mst_key), max(mst_key), count(DISTINCT (model_id, compile_params, fit_params)) FROM grid;
SELECT compile_params FROM grid GROUP BY 1 ORDER BY compile_params COLLATE "C";
SELECT fit_params FROM grid GROUP BY 1 ORDER BY fit_params COLLATE "C";
-- appended: what is there already is not added again, and there is one summary row
SELECT cerebro.generate_model_configs('configs.archs', 'grid', ARRAY[2],
    $${'loss': ['mse', 'huber'], 'optimizer_params_list': [{'optimizer': ['SGD'], 'lr': [0.1], 'momentum': [0.9]}]}$$, $${'batch_size': [8], 'epochs': [1]}$$);
SELECT count(*), max(mst_key) FROM grid;
SELECT * FROM grid ORDER BY mst_key DESC LIMIT 1;
SELECT * FROM grid_summary;
DROP TABLE grid_summary;
SELECT cerebro.generate_model_configs('archs', 'grid', ARRAY[2], $${'loss': ['kld'], 'optimizer_params_list': [{'optimizer': ['SGD']}]}$$, $${'batch_size': [8]}$$);
SELECT * FROM grid_summary;

-- a random search: distinct, within the bounds, and the same again for the same random_state
SELECT cerebro.generate_model_configs('archs', 'random_' || n, ARRAY[2, 3],
    $${'loss': ['mse'], 'optimizer_params_list': [{'optimizer': ['Adam', 'SGD'], 'lr': [0.0001, 0.1, 'log']}]}$$,
    $${'batch_size': [8, 16, 32], 'epochs': [1]}$$, search_type => 'rand', num_configs => 7, random_state => CASE WHEN n = 3 THEN 2 ELSE 1 END)
FROM generate_series(1, 3) n;
SELECT count(*), count(DISTINCT (model_id, compile_params, fit_params)) FROM random_1;
SELECT bool_and(substring(compile_params from 'lr=([0-9.e-]+)')::float8 BETWEEN 0.0001 AND 0.1) AS within FROM random_1;
SELECT count(*) AS different FROM random_1 FULL JOIN random_2 USING (mst_key, model_id, compile_params, fit_params) WHERE random_1 IS NULL OR random_2 IS NULL;
SELECT count(*) > 0 AS other_seed_differs FROM (TABLE random_1 EXCEPT TABLE random_3) d;

-- quoted names here too
SELECT cerebro.generate_model_configs('"Odd; Schema"."Archs ""x""; DROP TABLE archs"', '"Odd; Schema"."My Configs"', ARRAY[1],
    $${'loss': ['mse'], 'optimizer_params_list': [{'optimizer': ['Adam']}]}$$, $${'batch_size': [8]}$$);
SELECT count(*) FROM "Odd; Schema"."My Configs";
SELECT model_arch_table FROM "Odd; Schema"."My Configs_summary";

-- a function of the caller's own in search_path is not called, nor an operator
CREATE FUNCTION configs.max(integer) RETURNS integer LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'hijacked'; END $$;
CREATE FUNCTION configs.unnest(bigint[]) RETURNS SETOF bigint LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'hijacked'; END $$;
CREATE FUNCTION configs.equal(integer, integer) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'hijacked'; END $$;
CREATE OPERATOR configs.= (LEFTARG = integer, RIGHTARG = integer, PROCEDURE = configs.equal);
SET search_path = configs, pg_catalog;
SELECT cerebro.load_model('archs', :'single') > 0 AS loaded;
SELECT cerebro.load_model_selection_table('archs', 'safe', ARRAY[2], ARRAY[$$loss='mse',optimizer='SGD()'$$], ARRAY['batch_size=8']);
SELECT cerebro.delete_model('archs', 2);
SET search_path = configs, public;

-- another role: what it may not read or write is refused, its tables are its own, and an emptied table of another's stays
CREATE ROLE cerebro_modeller;
GRANT USAGE, CREATE ON SCHEMA configs TO cerebro_modeller;
SELECT cerebro.load_model('lent', :'single');
GRANT SELECT, INSERT, UPDATE, DELETE ON lent TO cerebro_modeller;
SET ROLE cerebro_modeller;
\set VERBOSITY terse
SELECT cerebro.load_model('archs', :'single');
SELECT cerebro.generate_model_configs('archs', 'mine', ARRAY[3], $${'loss': ['mse'], 'optimizer_params_list': [{'optimizer': ['Adam']}]}$$, $${'batch_size': [8]}$$);
SELECT cerebro.load_model('own', :'single');
SELECT cerebro.delete_model('lent', 1);
\set VERBOSITY default
SELECT pg_get_userbyid(relowner) AS owner FROM pg_class WHERE oid = 'own'::regclass;
RESET ROLE;
SELECT count(*) FROM lent;

SET client_min_messages = warning;
DROP OWNED BY cerebro_modeller;
DROP ROLE cerebro_modeller;
DROP SCHEMA "Odd; Schema" CASCADE;
DROP SCHEMA configs CASCADE;
