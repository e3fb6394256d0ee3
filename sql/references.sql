-- Names that are stored mean the same tables under every search_path.
SET client_min_messages = warning;
CREATE SCHEMA ref_a;
CREATE SCHEMA ref_b;
CREATE TABLE public.ref_points AS SELECT i % 2 AS label, ARRAY[i % 2, 1 - i % 2]::real[] AS x FROM generate_series(1, 64) i;
SELECT cerebro.training_preprocessor_dl('public.ref_points', 'public.ref_packed', 'label', 'x', num_partitions => 2);
-- two architectures of one name, of 6 and of 26 weights
SELECT cerebro.load_model('ref_a.archs', $$ {"class_name": "Sequential", "config": [
 {"class_name": "Dense", "config": {"name": "out", "units": 2, "activation": "softmax", "batch_input_shape": [null, 2]}}]} $$, name => 'of a');
SELECT cerebro.load_model('ref_b.archs', $$ {"class_name": "Sequential", "config": [
 {"class_name": "Dense", "config": {"name": "in", "units": 4, "batch_input_shape": [null, 2]}},
 {"class_name": "Dense", "config": {"name": "out", "units": 2, "activation": "softmax"}}]} $$, name => 'of b');
SET search_path = ref_a, public;
SELECT cerebro.load_model_selection_table('archs', 'public.ref_configs', ARRAY[1], ARRAY[$$optimizer='SGD(lr=0.1)',loss='categorical_crossentropy'$$], ARRAY['batch_size=8']);
SELECT model_arch_table FROM public.ref_configs_summary;
SET search_path = ref_b, public;
-- the architecture of a is trained, and the run says from where everything came
SELECT cerebro.fit_multiple_model('ref_packed', 'public.ref_models', 'ref_configs', 1, workers => 0);
SELECT m.parameters FROM public.ref_models_info m;
SELECT source_table, model, model_info, model_arch_table, model_selection_table FROM public.ref_models_summary;
SELECT model_name FROM cerebro.leaderboard('ref_models');
SELECT cerebro.load_model_selection_table('archs', 'refs_b', ARRAY[1], ARRAY[$$optimizer='SGD(lr=0.1)',loss='categorical_crossentropy'$$], ARRAY['batch_size=8']);
-- the architecture table of this search_path is not that of the selection
SELECT cerebro.generate_model_configs('archs', 'ref_configs', ARRAY[1],
    $${'loss': ['categorical_crossentropy'], 'optimizer_params_list': [{'optimizer': ['SGD'], 'lr': [0.2]}]}$$, $${'batch_size': [8]}$$);
SELECT cerebro.generate_model_configs('ref_a.archs', 'ref_configs', ARRAY[1],
    $${'loss': ['categorical_crossentropy'], 'optimizer_params_list': [{'optimizer': ['SGD'], 'lr': [0.2]}]}$$, $${'batch_size': [8]}$$);
-- as version 0.1 stored it: by the caller's search_path
UPDATE public.ref_configs_summary SET model_arch_table = 'archs';
SELECT cerebro.fit_multiple_model('ref_packed', 'public.ref_old', 'ref_configs', 1, workers => 0);
SELECT DISTINCT m.parameters FROM public.ref_old_info m;
SET search_path = public;
SELECT cerebro.explain_fit_multiple_model('ref_packed', 'ref_none', 'ref_configs', 1);
UPDATE public.ref_configs_summary SET model_arch_table = 'ref_a.lost';
SELECT cerebro.explain_fit_multiple_model('ref_packed', 'ref_none', 'ref_configs', 1);
SELECT cerebro.generate_model_configs('ref_a.archs', 'ref_configs', ARRAY[1],
    $${'loss': ['categorical_crossentropy'], 'optimizer_params_list': [{'optimizer': ['SGD'], 'lr': [0.2]}]}$$, $${'batch_size': [8]}$$);

-- What belongs to the user runs under the user's search_path: functions in views and in checks, also where the server puts them into the query.
SET check_function_bodies = off;
CREATE FUNCTION ref_a.half(real) RETURNS real LANGUAGE sql IMMUTABLE AS 'SELECT ($1 / 2)::real';
CREATE FUNCTION ref_a.halves(real[]) RETURNS real[] LANGUAGE sql AS 'SELECT ARRAY[half($1[1]), half($1[2])]';
CREATE FUNCTION ref_a.known(text) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN EXISTS (SELECT 1 FROM words w WHERE w.word = $1); END';
CREATE TABLE ref_a.words AS SELECT word FROM (VALUES ('yes'), ('no')) w(word);
CREATE DOMAIN ref_a.reply_word AS text CHECK (ref_a.known(VALUE));
SET search_path = ref_a, public;
CREATE VIEW ref_a.halved AS SELECT ref_a.halves(x) AS x, (CASE label WHEN 0 THEN 'no' ELSE 'yes' END)::ref_a.reply_word AS reply_word FROM public.ref_points;
SELECT cerebro.training_preprocessor_dl('halved', 'halved_packed', 'reply_word', 'x', num_partitions => 2);
SELECT reply_word_class_values, pg_typeof(reply_word_class_values) FROM halved_packed_summary;
SELECT cerebro.fit_multiple_model('halved_packed', 'halved_models', 'ref_b.refs_b', 1, workers => 0);
SELECT cerebro.predict('halved_models', 'halved', 'reply_word', 'x', 'halved_predictions', 'response');
SELECT pg_typeof(reply_word), count(*) FROM halved_predictions GROUP BY 1;
RESET search_path;
-- temporary tables are the session's
SET search_path = pg_temp, public;
SELECT cerebro.training_preprocessor_dl('ref_points', 'ref_packed_t', 'label', 'x', num_partitions => 2);
SELECT cerebro.load_model('ref_archs_t', $$ {"class_name": "Sequential", "config": [
 {"class_name": "Dense", "config": {"name": "out", "units": 2, "activation": "softmax", "batch_input_shape": [null, 2]}}]} $$);
SELECT cerebro.load_model_selection_table('ref_archs_t', 'ref_configs_t', ARRAY[1], ARRAY[$$optimizer='SGD(lr=0.1)',loss='categorical_crossentropy'$$], ARRAY['batch_size=8']);
SELECT model_arch_table FROM ref_configs_t_summary;
RESET search_path;
SELECT cerebro.fit_multiple_model('ref_packed_t', 'pg_temp.ref_models_t', 'ref_configs_t', 1, workers => 0);
SELECT status FROM ref_models_t_info;

SET client_min_messages = error;
DROP SCHEMA ref_a, ref_b CASCADE;
DROP TABLE ref_points, ref_packed, ref_packed_summary, ref_configs, ref_configs_summary, ref_models, ref_models_info, ref_models_summary, ref_models_state, ref_models_visits,
    ref_old, ref_old_info, ref_old_summary, ref_old_state, ref_old_visits;
DISCARD TEMP;
