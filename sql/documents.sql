-- What README and tutorial show: no error, and what they promise.
\set ECHO none
\set data `echo "$CEREBRO_TEST_DATA"`
SET client_min_messages = warning;
CREATE SCHEMA documents;
SET search_path = documents, public;
\o /dev/null
\i :data/load_digits.sql
\i :data/load_penguins.sql
\i :data/README.sql
\o
\set ECHO all
SELECT count(*) AS models, max(validation_metric) > 0.9 AS good FROM cerebro.leaderboard('models');
SELECT count(*) AS predictions FROM predictions;

\set ECHO none
DROP SCHEMA documents CASCADE;
CREATE SCHEMA documents;
\o /dev/null
\i :data/load_digits.sql
\i :data/tutorial.sql
\o
\set ECHO all
SELECT count(*) AS finalists, max(validation_metric) > 0.95 AS good FROM cerebro.leaderboard('models');
SELECT count(*) AS random_configurations FROM random_configs;
-- ten passes of regression: the mean error is far below the spread of the values
SELECT training_metrics_final < (SELECT stddev(ink) / 5 FROM measures) AS good FROM ink_models_info;
-- transferred digits, and features of every row
SELECT count(*) AS candidates, max(training_metric) > 0.97 AS good FROM cerebro.leaderboard('transferred');
SELECT count(*) = (SELECT count(*) FROM high) AS all_rows FROM high_features;
-- architectures made in SQL: five of them with two learning rates
SELECT count(*) AS models, max(validation_metric) > 0.95 AS good FROM cerebro.leaderboard('made_models');
SELECT training_metric > 0.9 AS good FROM cerebro.leaderboard('wide_models');
-- a model for every store: hardly any is better off with the model of all stores
SELECT count(*) AS stores, count(*) FILTER (WHERE chosen = 'own') > 20 AS have_their_own, bool_and(status = 'trained') AS trained
FROM cerebro.group_leaderboard('stores');
SELECT name, cerebro.drop_model(name) FROM cerebro.models WHERE name IN ('digits', 'penguin_species') ORDER BY name;
DROP SCHEMA documents CASCADE;
