-- The page of a run, curves in characters, and what columns are worth to a model.
SET client_min_messages = warning;
CREATE SCHEMA report_case;
SET search_path = report_case, public;

\set data `echo "$CEREBRO_TEST_DATA"`
\i :data/attempt.sql
CREATE FUNCTION occurrences(page text, word text) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT (length($1) - length(replace($1, $2, ''))) / length($2) $$;
-- a sentence of a page, up to its full stop
CREATE FUNCTION sentence(page text, beginning text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT substring(substring($1 FROM strpos($1, $2)) FROM '^[^.<]*[.]') WHERE strpos($1, $2) > 0 $$;

-- three classes whose names try to break out of a page; "signal" tells them apart, "noise" tells nothing
CREATE TABLE points AS
    SELECT i AS id, i % 3 AS signal, (i * 7919) % 101 / 101.0::real AS noise, i % 2 AS "the <odd> ""one""",
           (ARRAY['</script><b>', '"quoted" & ''q''', 'a<b'])[1 + i % 3] AS label
    FROM generate_series(1, 600) i;
SELECT cerebro.training_preprocessor_dl('points', 'packed', 'label', 'signal, noise, "the <odd> ""one"""', num_partitions => 2);
SELECT cerebro.validation_preprocessor_dl('points', 'packed_val', 'label', 'signal, noise, "the <odd> ""one"""', 'packed');
SELECT cerebro.load_model('archs', $$ {"class_name": "Sequential", "config": [
 {"class_name": "Dense", "config": {"name": "hidden", "units": 16, "activation": "relu", "batch_input_shape": [null, 3]}},
 {"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax"}}]} $$, name => 'mlp & <co>');
SELECT cerebro.load_model_selection_table('archs', 'configs', ARRAY[1],
    ARRAY[$$optimizer='Adam(lr=0.03)',loss='categorical_crossentropy',metrics=['accuracy']$$,
          $$optimizer='Adam(lr=0.001)',loss='categorical_crossentropy',metrics=['accuracy']$$,
          $$optimizer='SGD(lr=3e38,momentum=0.9)',loss='categorical_crossentropy',metrics=['accuracy']$$],
    ARRAY['batch_size=8,epochs=2', 'batch_size=16,epochs=2']);
SET client_min_messages = error;
SELECT cerebro.fit_multiple_model('packed', 'models', 'configs', 6, validation_table => 'packed_val', metrics_compute_frequency => 1, workers => 0,
    name => '</script><b>a run</b>', description => 'about "models" & <others>');
SET client_min_messages = warning;

-- one page of plain ASCII, with nothing from outside of it
SELECT cerebro.report('models') AS page \gset
SELECT left(:'page', 15) AS begins, octet_length(:'page') = length(:'page') AND :'page' !~ '[^\x01-\x7f]' AS ascii, right(:'page', 8) AS ends;
SELECT m[1] AS section FROM regexp_matches(:'page', '<section id="([a-z0-9-]+)"', 'g') m;
SELECT occurrences(:'page', '<svg ') AS drawings, occurrences(:'page', '</svg>') AS closed, occurrences(:'page', 'role="img"') AS images,
       occurrences(:'page', 'http:') - occurrences(:'page', 'xmlns="http://www.w3.org/2000/svg"') AS references_outside,
       :'page' ~* '<(script|b|img|link|iframe|object)[ >/]|href=|src=|url\(|@import|javascript:|https:| on[a-z]+=' AS active;
SELECT substring(:'page' FROM '<h1>(.*?)</h1>') AS title, :'page' LIKE '%about &quot;models&quot; &amp; &lt;others&gt;%' AS description,
       :'page' LIKE '%mlp &amp; &lt;co&gt;%' AS architecture, :'page' LIKE '%the &lt;odd&gt; &quot;one&quot;%' AS "column",
       :'page' LIKE '%&quot;quoted&quot; &amp; &#39;q&#39;%' AS label;
SELECT sentence(:'page', 'signal matters most') ~ '^signal matters most: without it the accuracy falls by 0[.]$' AS importance,
       sentence(:'page', 'learning_rate matters most') IS NOT NULL OR sentence(:'page', 'optimizer matters most') IS NOT NULL
         OR sentence(:'page', 'No single parameter') IS NOT NULL AS worth,
       occurrences(:'page', ' diverged') > 0 AS diverged;
-- a function of the tables alone
SELECT cerebro.report('models') = :'page' AS same;

-- importance: deterministic, in the metric's unit, what matters first
SELECT column_name, importance > 0.2 AS matters, deviation >= 0 AS deviates FROM cerebro.feature_importance('models', 'packed_val', 1) ORDER BY importance DESC LIMIT 1;
SELECT count(*) AS columns, count(DISTINCT column_name) AS names, max(abs(importance)) < 1 AS fractions FROM cerebro.feature_importance('models', 'packed_val', 1);
SELECT count(*) AS different FROM cerebro.feature_importance('models', 'packed_val', 1, repeats => 3, seed => 7) a
    FULL JOIN cerebro.feature_importance('models', 'packed_val', 1, repeats => 3, seed => 7) b USING (column_name, importance, deviation)
    WHERE a.column_name IS NULL OR b.column_name IS NULL;
SELECT count(*) > 0 AS another_seed_differs FROM cerebro.feature_importance('models', 'packed_val', 1, seed => 1) a
    JOIN cerebro.feature_importance('models', 'packed_val', 1, seed => 2) b USING (column_name) WHERE a.importance <> b.importance;
SELECT count(deviation) AS deviations_of_one_repeat FROM cerebro.feature_importance('models', 'packed_val', 1, repeats => 1);
-- a constant column has nothing to shuffle
CREATE TABLE still AS SELECT id, signal, 0.5::real AS noise, "the <odd> ""one""", label FROM points;
SELECT cerebro.validation_preprocessor_dl('still', 'packed_still', 'label', 'signal, noise, "the <odd> ""one"""', 'packed');
SELECT column_name, importance, deviation FROM cerebro.feature_importance('models', 'packed_still', 1) WHERE column_name = 'noise';

-- curves in characters, of values that are written by hand
CREATE TABLE drawn AS SELECT * FROM models;
CREATE TABLE drawn_info AS SELECT * FROM models_info WHERE mst_key < 4;
CREATE TABLE drawn_summary AS SELECT * FROM models_summary;
CREATE TABLE drawn_visits AS SELECT * FROM models_visits;
UPDATE drawn_info SET status = 'trained', metrics_iters = '{1,2,3,4,5,6}', iterations_done = 6,
    training_metric_values = '{{1.5,0.2},{1.0,0.4},{0.8,0.6},{0.7,0.7},{0.6,0.75},{0.55,0.8}}',
    validation_metric_values = '{{1.6,0.2},{1.2,0.4},{1.0,0.5},{0.9,0.6},{0.95,0.6},{1.1,0.55}}',
    training_loss_final = 0.55, training_metrics_final = 0.8, validation_loss_final = 1.1, validation_metrics_final = 0.55;
UPDATE drawn_info SET validation_metrics_final = 0.7, validation_loss_final = 0.01,
    validation_metric_values = '{{2.0,0.1},{1.0,0.2},{0.1,0.6},{0.05,0.65},{0.02,0.7},{0.01,0.7}}' WHERE mst_key = 2;
\pset format unaligned
\pset tuples_only on
SELECT * FROM cerebro.learning_curve_text('drawn', 1, width => 60, height => 14);
SELECT * FROM cerebro.learning_curve_text('drawn', metric => 'accuracy', width => 50, height => 12);
SELECT * FROM cerebro.learning_curve_text('drawn', width => 40, height => 10);
-- values that are nearly 0 are drawn as 0
BEGIN;
UPDATE drawn_info SET training_metric_values = '{{1e-323,1},{1e-323,1},{1e-323,1},{1e-323,1},{1e-323,1},{1e-323,1}}',
    validation_metric_values = NULL;
SELECT * FROM cerebro.learning_curve_text('drawn', 1, width => 40, height => 10);
SELECT cerebro.report('drawn') LIKE '%</html>%' AS page;
ROLLBACK;
-- a model that diverged at once
SELECT * FROM cerebro.learning_curve_text('models', (SELECT max(mst_key) FROM models_info WHERE status = 'diverged'));
\pset tuples_only off
\pset format aligned
-- overfitting is said
CREATE TABLE one AS SELECT * FROM drawn WHERE mst_key = 1;
CREATE TABLE one_info AS SELECT * FROM drawn_info WHERE mst_key = 1;
CREATE TABLE one_summary AS SELECT * FROM drawn_summary;
SELECT cerebro.report('one') AS page \gset
SELECT :'page' LIKE '%Model 1 overfits after iteration 4: its validation loss rises from 0.9000 to 1.1000 while its training loss still falls.%' AS overfits,
       :'page' LIKE '%Model 1 has a validation accuracy of 0.5500.%' AS best, :'page' LIKE '%There is one model: nothing can be compared.%' AS parameters,
       :'page' LIKE '%Table one_visits is gone, or you may not read it.%' AS visits;

-- what is gone or does not fit costs its sections only
ALTER TABLE packed_val RENAME TO packed_val_kept;
SELECT sentence(cerebro.report('models'), 'The validation table') AS gone;
CREATE TABLE wider AS SELECT id, label, ARRAY[1, 2]::real[] AS x FROM points;
SELECT cerebro.training_preprocessor_dl('wider', 'packed_wider', 'label', 'x', num_partitions => 1);
ALTER TABLE packed_wider RENAME TO packed_val;
DROP TABLE packed_val_summary;
ALTER TABLE packed_wider_summary RENAME TO packed_val_summary;
SELECT sentence(cerebro.report('models'), 'The best model cannot be scored') AS repacked;
UPDATE models_summary SET validation_table = NULL;
SELECT sentence(cerebro.report('models'), 'The run had no') AS none;
UPDATE models_summary SET validation_table = 'report_case.packed_val_kept';
DELETE FROM models_visits;
SELECT sentence(cerebro.report('models'), 'Table models_visits') AS visits;

-- a regression, and an array: one column, nothing to compare, no classes
CREATE TABLE lines AS SELECT i AS id, ARRAY[i % 5, i % 3]::real[] AS x, (i % 5) * 2.0::real AS y FROM generate_series(1, 60) i;
SELECT cerebro.training_preprocessor_dl('lines', 'lines_packed', 'y', 'x', num_partitions => 1, dependent_type => 'real');
SELECT cerebro.load_model('archs', $$ {"class_name": "Sequential", "config": [
 {"class_name": "Dense", "config": {"name": "out", "units": 1, "batch_input_shape": [null, 2]}}]} $$);
SELECT cerebro.load_model_selection_table('archs', 'line', ARRAY[2], ARRAY[$$optimizer='SGD(lr=0.01)',loss='mse'$$], ARRAY['batch_size=8']);
SELECT cerebro.fit_multiple_model('lines_packed', 'line_models', 'line', 1, validation_table => 'lines_packed', workers => 0);
SELECT cerebro.report('line_models') AS page \gset
SELECT m[1] AS section FROM regexp_matches(:'page', '<section id="([a-z0-9-]+)"', 'g') m;
SELECT sentence(:'page', 'It is a regression') AS classes, sentence(:'page', 'The model has one input column') AS columns,
       sentence(:'page', 'Model 1 was evaluated once') AS curve;
SELECT column_name, importance > 0 AS matters FROM cerebro.feature_importance('line_models', 'lines_packed');

\x on
SELECT * FROM attempt($$SELECT cerebro.report(NULL)$$);
SELECT * FROM attempt($$SELECT cerebro.report('missing')$$);
SELECT * FROM attempt($$SELECT cerebro.report('points')$$);
SELECT * FROM attempt($$SELECT cerebro.report('a b')$$);
SELECT * FROM attempt($$SELECT cerebro.learning_curve_text('models', 99)$$);
SELECT * FROM attempt($$SELECT cerebro.learning_curve_text('models', metric => 'auc')$$);
SELECT * FROM attempt($$SELECT cerebro.learning_curve_text('models', width => 5)$$);
SELECT * FROM attempt($$SELECT cerebro.learning_curve_text('models', height => 100000)$$);
SELECT * FROM attempt($$SELECT cerebro.learning_curve_text('models', 5000000000)$$);
SELECT * FROM attempt($$SELECT cerebro.feature_importance('models', 'packed')$$);
SELECT * FROM attempt($$SELECT cerebro.feature_importance('models', 'packed', 1, repeats => 0)$$);
SELECT * FROM attempt($$SELECT cerebro.feature_importance('models', 'packed', 1, repeats => 1001)$$);
SELECT * FROM attempt($$SELECT cerebro.feature_importance('models', 'points', 1)$$);
SELECT * FROM attempt($$SELECT cerebro.feature_importance('models', 'lines_packed', 1)$$);
SELECT * FROM attempt($$SELECT cerebro.feature_importance('models', NULL, 1)$$);
\x off

-- another role: what the leaderboard needs is enough for a page; what is missing is named
CREATE ROLE cerebro_reader;
GRANT USAGE ON SCHEMA report_case TO cerebro_reader;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA report_case TO cerebro_reader;
SET ROLE cerebro_reader;
DO $$ BEGIN PERFORM cerebro.report('line_models'); EXCEPTION WHEN insufficient_privilege THEN RAISE WARNING '%', SQLERRM; END $$;
DO $$ BEGIN PERFORM cerebro.learning_curve_text('line_models'); EXCEPTION WHEN insufficient_privilege THEN RAISE WARNING '%', SQLERRM; END $$;
RESET ROLE;
GRANT SELECT ON line_models_info, line_models_summary TO cerebro_reader;
SET ROLE cerebro_reader;
SELECT count(*) > 5 AS curve FROM cerebro.learning_curve_text('line_models');
SELECT cerebro.report('line_models') AS page \gset
SELECT sentence(:'page', 'You may not read') AS scores, sentence(:'page', 'Table line_models_visits') AS visits, :'page' LIKE '%model_id 2%' AS unnamed;
DO $$ BEGIN PERFORM cerebro.feature_importance('line_models', 'lines_packed'); EXCEPTION WHEN insufficient_privilege THEN RAISE WARNING '%', SQLERRM; END $$;
RESET ROLE;
GRANT SELECT ON line_models, line_models_visits, lines_packed, lines_packed_summary TO cerebro_reader;
ALTER TABLE lines_packed ENABLE ROW LEVEL SECURITY;
SET ROLE cerebro_reader;
SELECT sentence(cerebro.report('line_models'), 'Row-level security') AS scores;
RESET ROLE;
SET client_min_messages = error;
DROP SCHEMA report_case CASCADE;
DROP ROLE cerebro_reader;
