-- Wrong input to the functions of architectures and configurations: a clear error with code and hint, nothing left behind.
SET client_min_messages = warning;
CREATE SCHEMA configs_errors;
SET search_path = configs_errors, public;

\set data `echo "$CEREBRO_TEST_DATA"`
\i :data/attempt.sql

CREATE FUNCTION arch(layers text) RETURNS json LANGUAGE sql AS
    $$ SELECT ('{"class_name": "Sequential", "keras_version": "2.4.0", "config": {"name": "m", "layers": [' || layers || ']}}')::json $$;
CREATE FUNCTION dense() RETURNS text LANGUAGE sql AS
    $$ SELECT '{"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax", "batch_input_shape": [null, 2]}}'::text $$;
SELECT cerebro.load_model('archs', arch(dense()));
CREATE TABLE other (model_id integer, model_arch json);
CREATE VIEW a_view AS SELECT 1 AS a;
CREATE SEQUENCE a_sequence;
SELECT cerebro.load_model('archs_too', arch(dense()));
SELECT cerebro.load_model_selection_table('archs', 'taken', ARRAY[1], ARRAY[$$loss='mse',optimizer='SGD()'$$], ARRAY['batch_size=8']);
CREATE TABLE lone_summary (a integer);

\x on
-- load_model
SELECT * FROM attempt($$SELECT cerebro.load_model(NULL, arch(dense()))$$);
SELECT * FROM attempt($$SELECT cerebro.load_model('new', NULL)$$);
SELECT * FROM attempt($$SELECT cerebro.load_model('', arch(dense()))$$);
SELECT * FROM attempt($$SELECT cerebro.load_model('a b', arch(dense()))$$);
SELECT * FROM attempt($$SELECT cerebro.load_model('new; DROP TABLE other', arch(dense()))$$);
SELECT * FROM attempt($$SELECT cerebro.load_model('nowhere.new', arch(dense()))$$);
SELECT * FROM attempt($$SELECT cerebro.load_model('other', arch(dense()))$$);
SELECT * FROM attempt($$SELECT cerebro.load_model('a_sequence', arch(dense()))$$);
SELECT * FROM attempt($$SELECT cerebro.load_model('new', '{"config": [1, 2, 3]}')$$);
SELECT * FROM attempt($$SELECT cerebro.load_model('new', '[]')$$);
SELECT * FROM attempt($$SELECT cerebro.load_model('new', arch(''))$$);
SELECT * FROM attempt($$SELECT cerebro.load_model('new', arch('{"class_name": "Mystery", "config": {"name": "m1", "batch_input_shape": [null, 2]}}'))$$);
SELECT * FROM attempt($$SELECT cerebro.load_model('new', arch(replace(dense(), '"units": 3', '"units": -3')))$$);
SELECT * FROM attempt($$SELECT cerebro.load_model('new', arch(replace(dense(), 'softmax', 'sharpmax')))$$);
SELECT * FROM attempt($$SELECT cerebro.load_model('new', arch(dense()), '\x00112233'::bytea)$$);
SELECT * FROM attempt($$SELECT cerebro.load_model('new', arch(dense()), ''::bytea)$$);
-- delete_model
SELECT * FROM attempt($$SELECT cerebro.delete_model('archs', 7)$$);
SELECT * FROM attempt($$SELECT cerebro.delete_model('archs', NULL)$$);
SELECT * FROM attempt($$SELECT cerebro.delete_model('missing', 1)$$);
SELECT * FROM attempt($$SELECT cerebro.delete_model('other', 1)$$);
-- load_model_selection_table
SELECT * FROM attempt($$SELECT cerebro.load_model_selection_table('missing', 'new', ARRAY[1], ARRAY['loss=''mse'''], ARRAY['batch_size=8'])$$);
SELECT * FROM attempt($$SELECT cerebro.load_model_selection_table('a_view', 'new', ARRAY[1], ARRAY['loss=''mse'''], ARRAY['batch_size=8'])$$);
SELECT * FROM attempt($$SELECT cerebro.load_model_selection_table('archs', 'new', ARRAY[1, 5, 7], ARRAY['loss=''mse'''], ARRAY['batch_size=8'])$$);
SELECT * FROM attempt($$SELECT cerebro.load_model_selection_table('archs', 'new', ARRAY[1, NULL], ARRAY['loss=''mse'''], ARRAY['batch_size=8'])$$);
SELECT * FROM attempt($$SELECT cerebro.load_model_selection_table('archs', 'new', '{}', ARRAY['loss=''mse'''], ARRAY['batch_size=8'])$$);
SELECT * FROM attempt($$SELECT cerebro.load_model_selection_table('archs', 'new', ARRAY[1], NULL, ARRAY['batch_size=8'])$$);
SELECT * FROM attempt($$SELECT cerebro.load_model_selection_table('archs', 'new', ARRAY[1], '{}', ARRAY['batch_size=8'])$$);
SELECT * FROM attempt($$SELECT cerebro.load_model_selection_table('archs', 'new', ARRAY[1], ARRAY['loss=''mse'''], NULL)$$);
SELECT * FROM attempt($$SELECT cerebro.load_model_selection_table('archs', 'new', ARRAY[1], ARRAY[ARRAY['loss=''mse'''], ARRAY['loss=''mae''']], ARRAY['batch_size=8'])$$);
SELECT * FROM attempt($$SELECT cerebro.load_model_selection_table('archs', 'taken', ARRAY[1], ARRAY['loss=''mse'',optimizer=''SGD()'''], ARRAY['batch_size=8'])$$);
SELECT * FROM attempt($$SELECT cerebro.load_model_selection_table('archs', 'lone', ARRAY[1], ARRAY['loss=''mse'',optimizer=''SGD()'''], ARRAY['batch_size=8'])$$);
SELECT * FROM attempt($$SELECT cerebro.load_model_selection_table('archs', repeat('x', 60), ARRAY[1], ARRAY['loss=''mse'',optimizer=''SGD()'''], ARRAY['batch_size=8'])$$);
SELECT * FROM attempt($$SELECT cerebro.load_model_selection_table('archs', 'new', ARRAY[1], ARRAY['loss=''mse'',optimizer=''Adma()'''], ARRAY['batch_size=8'])$$);
SELECT * FROM attempt($$SELECT cerebro.load_model_selection_table('archs', 'new', ARRAY[1], ARRAY['loss=''mse'',optimizer=''Adam(speed=1)'''], ARRAY['batch_size=8'])$$);
SELECT * FROM attempt($$SELECT cerebro.load_model_selection_table('archs', 'new', ARRAY[1], ARRAY['loss=''mse'',optimizer=''SGD()'''], ARRAY['batch_size=0'])$$);
SELECT * FROM attempt($$SELECT cerebro.load_model_selection_table('archs', 'new', ARRAY[1], ARRAY['loss=''mse'',optimizer=''SGD()'''], ARRAY['batch_size=8,size=3'])$$);
SELECT * FROM attempt($$SELECT cerebro.load_model_selection_table('archs', 'new', ARRAY[1], ARRAY['loss=''mse'',optimizer='], ARRAY['batch_size=8'])$$);
SELECT * FROM attempt($$SELECT cerebro.load_model_selection_table('archs', 'new', ARRAY[1], ARRAY['loss=''gain'',optimizer=''SGD()'''], ARRAY['batch_size=8'])$$);
SELECT * FROM attempt($$SELECT cerebro.load_model_selection_table('archs', 'new', ARRAY[1],
    (SELECT array_agg('loss=''mse'',optimizer=''SGD(lr=' || i || ')''') FROM generate_series(1, 1000) i), (SELECT array_agg('batch_size=' || i) FROM generate_series(1, 1000) i))$$);
-- generate_model_configs
CREATE FUNCTION grid(compile text DEFAULT $${'loss': ['mse'], 'optimizer_params_list': [{'optimizer': ['SGD'], 'lr': [0.1, 0.2]}]}$$,
        fit text DEFAULT $${'batch_size': [8]}$$, mst text DEFAULT 'new', archs text DEFAULT 'archs', search_type text DEFAULT 'grid',
        num_configs integer DEFAULT NULL, random_state integer DEFAULT NULL) RETURNS void LANGUAGE sql AS
    $$ SELECT cerebro.generate_model_configs(archs, mst, ARRAY[1], compile, fit, search_type, num_configs, random_state) $$;
SELECT * FROM attempt($$SELECT grid(NULL)$$);
SELECT * FROM attempt($$SELECT grid('')$$);
SELECT * FROM attempt($$SELECT grid('loss=[1]')$$);
SELECT * FROM attempt($$SELECT grid('{''loss'': ''mse''}')$$);
SELECT * FROM attempt($$SELECT grid('{''loss'': [''mse''], ''optimizer_params_list'': [{}]}')$$);
SELECT * FROM attempt($$SELECT grid('{''loss'': [''mse''], ''optimizer'': [''SGD'']}')$$);
SELECT * FROM attempt($$SELECT grid(fit => '{''batch_size'': 8}')$$);
SELECT * FROM attempt($$SELECT grid(fit => '{''batch_size'': [8')$$);
SELECT * FROM attempt($$SELECT grid(fit => '{''batch_size'': [-1]}')$$);
SELECT * FROM attempt($$SELECT grid(search_type => 'hunt')$$);
SELECT * FROM attempt($$SELECT grid(num_configs => 3)$$);
SELECT * FROM attempt($$SELECT grid(search_type => 'random')$$);
SELECT * FROM attempt($$SELECT grid(search_type => 'random', num_configs => 0)$$);
SELECT * FROM attempt($$SELECT grid(search_type => 'random', num_configs => 3)$$);
SELECT * FROM attempt($$SELECT grid('{''loss'': [''mse''], ''optimizer_params_list'': [{''optimizer'': [''SGD''], ''lr'': [0.2, 0.1, ''linear'']}]}', search_type => 'random', num_configs => 2)$$);
SELECT * FROM attempt($$SELECT grid('{''loss'': [''mse''], ''optimizer_params_list'': [{''optimizer'': [''SGD''], ''lr'': [0.1, 0.2, ''linear'']}]}')$$);
SELECT * FROM attempt($$SELECT grid('{''loss'': [''mse''], ''optimizer_params_list'': [{''optimizer'': [''SGD''], ''lr'': [-1e308, 1.7e308, ''linear'']}]}', search_type => 'random', num_configs => 2)$$);
SELECT * FROM attempt($$SELECT grid(search_type => 'random', num_configs => 100001)$$);
SELECT * FROM attempt($$SELECT grid(fit => format('{''batch_size'': [%1$s], ''epochs'': [%1$s]}', (SELECT string_agg('1', ',') FROM generate_series(1, 400))), search_type => 'random', num_configs => 50)$$);
SELECT sqlstate, message, hint FROM attempt($$SELECT grid(fit => (SELECT format('{''batch_size'': [%s], %s}', string_agg(i::text, ','), string_agg('''k' || i || ''': [1]', ',')) FROM generate_series(1, 10000) i))$$);
SELECT * FROM attempt($$SELECT grid(archs => 'archs_too', mst => 'taken')$$);
SELECT * FROM attempt($$SELECT grid(mst => 'other')$$);
SELECT * FROM attempt($$SELECT grid(mst => 'lone')$$);
SELECT * FROM attempt($$SELECT grid(mst => 'x"y')$$);
SELECT * FROM attempt($$SELECT cerebro.generate_model_configs('archs', 'new', ARRAY[3], '{''loss'': [''mse'']}', '{''batch_size'': [8]}')$$);
\x off

-- nothing was left behind, and what was there is as it was
SELECT relname FROM pg_class WHERE pg_table_is_visible(oid) AND relname LIKE 'new%' ORDER BY 1;
SELECT count(*) FROM taken;
SELECT count(*) FROM taken_summary;
SET client_min_messages = error;
DROP SCHEMA configs_errors CASCADE;
