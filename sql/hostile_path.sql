-- Operators and types of somebody else's schema, found before the server's own: what the functions run inside must not call them.
SET client_min_messages = warning;
CREATE SCHEMA hostile;
CREATE FUNCTION hostile.spring(what pg_catalog.text) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''% of another schema was called'', what; END';
DO $$
DECLARE t pg_catalog.text; o pg_catalog.text; n integer := 0;
BEGIN
    FOREACH t IN ARRAY ARRAY['int4', 'int8', 'text', 'float8', 'name', 'oid'] LOOP
        FOREACH o IN ARRAY ARRAY['=', '<>', '<', '>', '<=', '>='] LOOP
            n := n + 1;
            EXECUTE format('CREATE FUNCTION hostile.f%s(%s, %s) RETURNS boolean LANGUAGE sql AS $f$SELECT hostile.spring(%L)$f$', n, t, t, 'operator ' || o);
            EXECUTE format('CREATE OPERATOR hostile.%s (LEFTARG = %s, RIGHTARG = %s, PROCEDURE = hostile.f%s)', o, t, t, n);
        END LOOP;
    END LOOP;
END $$;
-- the server has no operator of exactly these types: this one would be found even behind pg_catalog
CREATE FUNCTION hostile.same(oid, regclass) RETURNS boolean LANGUAGE sql AS $$ SELECT hostile.spring('operator = of oid and regclass') $$;
CREATE OPERATOR hostile.= (LEFTARG = oid, RIGHTARG = regclass, PROCEDURE = hostile.same);

CREATE TABLE public.hostile_points AS
SELECT i AS id, i % 3 AS label, (i % 5) * 0.5 AS y, 'w' || i % 2 AS word, ARRAY[i % 3, i % 7]::real[] AS x FROM generate_series(1, 60) i;
SET search_path = hostile, pg_catalog, public;
SELECT cerebro.training_preprocessor_dl('hostile_points', 'public.hostile_packed', 'label', 'x', num_partitions => 2);
SELECT cerebro.training_preprocessor_dl('hostile_points', 'public.hostile_words', 'y', 'word', num_partitions => 2, dependent_type => 'real', sample_weight => 'id');
SELECT cerebro.validation_preprocessor_dl('hostile_points', 'public.hostile_val', 'label', 'x', 'hostile_packed');
SELECT cerebro.load_model('public.hostile_archs', $$ {"class_name": "Sequential", "config": [
 {"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax", "batch_input_shape": [null, 2]}}]} $$);
SELECT cerebro.generate_model_configs('hostile_archs', 'public.hostile_configs', ARRAY[1],
    $${'loss': ['categorical_crossentropy'], 'optimizer_params_list': [{'optimizer': ['Adam'], 'lr': [0.05]}], 'metrics': ['binary_accuracy']}$$, $${'batch_size': [8]}$$);
SELECT cerebro.fit_multiple_model('hostile_packed', 'public.hostile_models', 'hostile_configs', 2, workers => 0, validation_table => 'hostile_val');
SELECT cerebro.fit_multiple_model('hostile_packed', 'hostile_models', 'hostile_configs', 2, workers => 1, warm_start => true);
-- as if an early version had written them: their iterations are shifted
UPDATE public.hostile_models_summary SET result_format = NULL;
SELECT cerebro.fit_multiple_model('hostile_packed', 'hostile_models', 'hostile_configs', 1, workers => 0, warm_start => true);
SELECT cerebro.evaluate('hostile_models', 'hostile_val', 'public.hostile_scores');
SELECT cerebro.predict('hostile_models', 'hostile_points', 'id', 'x', 'public.hostile_predictions', 'response');
SELECT pg_catalog.count(*) FROM cerebro.leaderboard('hostile_models');
SELECT pg_catalog.count(*) FROM cerebro.learning_curve('hostile_models');
SELECT pg_catalog.sum(count) FROM cerebro.confusion_matrix('hostile_models', 'hostile_val');
SELECT pg_catalog.length(cerebro.report('hostile_models')) OPERATOR(pg_catalog.>) 10000 AS page;
SELECT pg_catalog.count(*) FROM cerebro.learning_curve_text('hostile_models');
SELECT pg_catalog.count(*) FROM cerebro.feature_importance('hostile_models', 'hostile_val');
SELECT pg_catalog.count(*) FROM cerebro.stat_progress;
SELECT cerebro.delete_model('hostile_archs', 1);
RESET search_path;

-- restore_best: of iterations that are equal in the metric, the one with the lowest loss
CREATE TABLE easy AS SELECT i % 2 AS label, ARRAY[i % 2, 1 - i % 2]::real[] AS x FROM generate_series(1, 64) i;
SELECT cerebro.training_preprocessor_dl('easy', 'easy_packed', 'label', 'x', num_partitions => 2);
SELECT cerebro.load_model('easy_archs', $$ {"class_name": "Sequential", "config": [
 {"class_name": "Dense", "config": {"name": "out", "units": 2, "activation": "softmax", "batch_input_shape": [null, 2]}}]} $$);
SELECT cerebro.load_model_selection_table('easy_archs', 'easy_configs', ARRAY[1], ARRAY[$$optimizer='SGD(lr=1.0)',loss='categorical_crossentropy',metrics=['accuracy']$$],
    ARRAY['batch_size=8']);
SELECT cerebro.fit_multiple_model('easy_packed', 'easy_models', 'easy_configs', 4, metrics_compute_frequency => 1, restore_best => true, workers => 0);
SELECT training_metrics, best_iteration FROM easy_models_info;

SET client_min_messages = error;
DROP TABLE easy, easy_packed, easy_packed_summary, easy_archs, easy_configs, easy_configs_summary, easy_models, easy_models_info, easy_models_summary,
    easy_models_state, easy_models_visits;
DROP TABLE public.hostile_points, public.hostile_packed, public.hostile_packed_summary, public.hostile_words, public.hostile_words_summary, public.hostile_val,
    public.hostile_val_summary, public.hostile_configs, public.hostile_configs_summary, public.hostile_models, public.hostile_models_info,
    public.hostile_models_summary, public.hostile_models_state, public.hostile_models_visits, public.hostile_scores, public.hostile_predictions;
DROP SCHEMA hostile CASCADE;
