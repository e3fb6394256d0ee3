-- From a table to predictions: train, in one statement.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_cerebro;
CREATE SCHEMA train_case;
SET search_path = train_case;
\pset format unaligned
SET client_min_messages = error;

-- flowers of three kinds: numbers with gaps, a text, a date
CREATE TABLE flowers AS
SELECT i AS id, CASE i % 3 WHEN 0 THEN 'rose' WHEN 1 THEN 'tulip' ELSE 'lily' END AS kind,
       CASE WHEN i % 11 <> 0 THEN (i % 3) * 2 + ((i * 7919) % 100) / 100.0 END AS petal, ((i * 104729) % 1000) / 1000.0 AS noise,
       CASE WHEN (i * 31) % 10 < 7 THEN 'garden' ELSE 'field' END AS found, date '2024-01-01' + (i * 17) % 365 AS picked
FROM generate_series(1, 600) i;
UPDATE flowers SET kind = NULL WHERE id % 60 = 7;

SELECT model, metric, value > 0.9 AS good, value > baseline AS better, models, iterations, training_rows + validation_rows + rows_left_out AS rows,
       rows_left_out, architecture <> '' AS named, seconds > 0 AS timed
FROM cerebro.train('flowers', 'flowers', 'kind', exclude => 'id', max_models => 4, num_iterations => 20);
-- predictions of the rows that have no label; nothing of the search is left
SELECT count(*) AS rows, sum((cerebro.predict('flowers', f) = CASE f.id % 3 WHEN 0 THEN 'rose' WHEN 1 THEN 'tulip' ELSE 'lily' END)::int) >= 9 AS right
FROM flowers f WHERE kind IS NULL;
SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE nspname = 'train_case' AND relkind = 'r';

-- a second version, kept with its tables; the same seed gives the same model
SELECT model, models FROM cerebro.train('flowers', 'flowers', 'kind', exclude => 'id', max_models => 4, num_iterations => 20, output_table => 'kept');
SELECT count(DISTINCT digest) AS digests, count(*) AS versions FROM cerebro.model_versions WHERE name = 'flowers';
SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE nspname = 'train_case' AND relkind = 'r' ORDER BY relname::text COLLATE "C";

-- a number: the root of the mean squared error against the mean's
CREATE TABLE houses AS
SELECT i AS id, 50 + (i * 7919) % 150 AS area, 1900 + (i * 31) % 120 AS built, CASE WHEN i % 5 = 0 THEN NULL ELSE 'town ' || i % 4 END AS town,
       (1000.0 * (50 + (i * 7919) % 150) + 300 * ((i * 31) % 120) + CASE WHEN i % 5 = 0 THEN 0 ELSE 5000 * (i % 4) END)::float8 AS price
FROM generate_series(1, 900) i;
SELECT model, metric, value < baseline / 2 AS good FROM cerebro.train('houses', 'houses', 'price', exclude => 'id', max_models => 4, num_iterations => 40);
SELECT count(*) AS rows, avg(abs(cerebro.predict_number('houses', h) - price)) < 25000 AS good FROM houses h;

-- the unit of a label changes nothing: it is learned with mean 0 and deviation 1, and predicted in its unit
CREATE TABLE units AS SELECT id, area, built, town, price * 1e-9 AS tiny, price * 1e9 + 1e15 AS huge FROM houses;
SELECT t.metric, t.value < t.baseline / 10 AS good
FROM (VALUES ('tiny', '{id,huge}'), ('huge', '{id,tiny}')) AS l(label, others),
     LATERAL cerebro.train('unit_' || l.label, 'units', l.label, exclude => l.others, max_models => 3, num_iterations => 60) t;
SELECT sqrt(avg((cerebro.predict_number('unit_tiny', u) - tiny) ^ 2)) < stddev(tiny) / 5 AS good_tiny,
       sqrt(avg((cerebro.predict_number('unit_huge', u) - huge) ^ 2)) < stddev(huge) / 5 AS good_huge
FROM units u;
SELECT cerebro.drop_model('unit_tiny'), cerebro.drop_model('unit_huge');
SELECT model FROM cerebro.train('standard', 'units', 'tiny', exclude => '{id,huge}', max_models => 1, num_iterations => 2, output_table => 'standard');
SELECT substring(s FROM 'tiny[a-z_]* +[(][A-Za-z]+[)]') AS layer FROM cerebro.summary('standard_archs', 1) s WHERE s ~ 'tiny';
SELECT compile_params ~ 'schedule' AS falls, compile_params ~ 'loss_weights' AS weighted FROM standard_configs;
SELECT cerebro.drop_model('standard');

-- two classes, one of them rare: one output, and the area under the curve decides; a label of two numbers is no number
CREATE TABLE alarms AS
SELECT i AS id, ((i * 7919) % 1000) / 1000.0 AS heat, exp(20 * (((i * 104729) % 997) / 997.0) ^ 4) AS pressure, i % 7 AS shift,
       (CASE WHEN (i * 7919) % 1000 + ((i * 104729) % 997) / 4 > 1130 THEN 1 ELSE 0 END) AS alarm FROM generate_series(1, 3000) i;
SELECT round(avg(alarm), 2) AS share FROM alarms;
SELECT model, metric, value > 0.95 AS good, baseline FROM cerebro.train('alarms', 'alarms', 'alarm', exclude => 'id', max_models => 4, num_iterations => 20, output_table => 'alarm');
SELECT avg((cerebro.predict_proba('alarms', a) ->> '1')::float8) FILTER (WHERE alarm = 1) > 3 * avg((cerebro.predict_proba('alarms', a) ->> '1')::float8) AS ranks
FROM alarms a;
-- what has a long tail is read by its logarithm
SELECT column_name, data_type, encode, scale FROM cerebro.describe('alarm_packed');
SELECT cerebro.drop_model('alarms');

-- arrays are standardised along their last dimension, unless that is refused
CREATE TABLE signals AS
SELECT i AS id, CASE i % 2 WHEN 0 THEN 'slow' ELSE 'fast' END AS kind,
       (SELECT array_agg(ARRAY[1000 + 50 * sin(t * (1 + i % 2) * 0.4 + i), 0.001 * ((i * 31 + t * 7) % 11)] ORDER BY t) FROM generate_series(1, 12) t) AS signal
FROM generate_series(1, 500) i;
SELECT model, architecture ~ 'lstm|gru' AS recurrent, value > 0.9 AS good
FROM cerebro.train('signals', 'signals', 'kind', exclude => 'id', max_models => 4, num_iterations => 20, output_table => 'signal');
SELECT column_name, data_type, role, input, scale FROM cerebro.describe('signal_packed');
SELECT count(*) AS rows, avg((cerebro.predict('signals', s) = kind)::int) > 0.9 AS good FROM signals s;
SELECT cerebro.drop_model('signals');
SELECT cerebro.training_preprocessor_dl('signals', 'as_they_are', 'kind', 'signal', preprocess => '{"signal": {"scale": "none"}}');
SELECT column_name, scale FROM cerebro.describe('as_they_are');

-- whole numbers of many values are predicted as numbers, and that is said
SET client_min_messages = notice;
ALTER TABLE houses ALTER price TYPE integer;
SELECT model, metric FROM cerebro.train('whole', 'houses', 'price', exclude => 'id', max_models => 2, num_iterations => 4);
SET client_min_messages = error;

-- by the clock: few models, but a model
SELECT model, models >= 1 AS models, seconds < 30 AS in_time FROM cerebro.train('hurried', 'houses', 'price', exclude => 'id', time_budget => '2 s');

-- mistakes: nothing is left of any
\pset tuples_only
CREATE FUNCTION attempt(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    said text; detail text; hint text;
BEGIN
    EXECUTE statement;
    RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS said = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN SQLSTATE || ': ' || said || coalesce(E'\n  DETAIL: ' || nullif(detail, ''), '') || coalesce(E'\n  HINT: ' || nullif(hint, ''), '');
END $$;
SELECT attempt($$SELECT cerebro.train('m', 'nowhere', 'kind')$$);
SELECT attempt($$SELECT cerebro.train('m', 'flowers', 'colour')$$);
SELECT attempt($$SELECT cerebro.train('no name!', 'flowers', 'kind', max_models => 1, num_iterations => 1)$$);
SELECT attempt($$SELECT cerebro.train('m', 'flowers', 'kind', time_budget => '-1 s')$$);
SELECT attempt($$SELECT cerebro.train('m', 'flowers', 'kind', max_models => 0)$$);
SELECT attempt($$SELECT cerebro.train('m', 'flowers', 'kind', num_iterations => 0)$$);
SELECT attempt($$SELECT cerebro.train('m', 'flowers', 'kind', validation_fraction => 1.5)$$);
SELECT attempt($$SELECT cerebro.train('m', 'flowers', 'kind', exclude => 'nothing')$$);
SELECT attempt($$SELECT cerebro.train('m', 'signals', 'kind', exclude => 'id', preprocess => '{"signal": {"scale": "log"}}')$$);
SELECT attempt($$SELECT cerebro.train('m', 'flowers', 'kind', output_table => 'kept')$$);
SELECT attempt($$SELECT cerebro.train(NULL, 'flowers', 'kind')$$);
SELECT count(*) FROM cerebro.models WHERE name = 'm';

SELECT cerebro.drop_model(name) FROM cerebro.models WHERE name IN ('flowers', 'houses', 'hurried', 'whole');
SET client_min_messages = error;
DROP SCHEMA train_case CASCADE;
