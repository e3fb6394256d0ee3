-- What ./quickstart runs: no error, and a best model that is good enough.
\set ECHO none
\set data `echo "$CEREBRO_TEST_DATA"`
\set echo none
SET client_min_messages = warning;
CREATE SCHEMA quickstart;
SET search_path = quickstart, public;
\o /dev/null
\i :data/quickstart.sql
\o
\set ECHO all
-- twelve models of penguins, and 34 birds of unknown species
SELECT metric, metric_value > 0.9 AS good FROM cerebro.models WHERE name = 'penguin_species';
SELECT count(*) AS birds, avg((cerebro.predict('penguin_species', p) = t.species)::integer) > 0.9 AS good
FROM penguins p JOIN penguins_truth t USING (id) WHERE p.species IS NULL;
SELECT cerebro.drop_model('penguin_species');
SELECT count(*) AS models, count(*) FILTER (WHERE status = 'trained') AS trained, max(validation_metric) >= 0.975 AS good
FROM cerebro.leaderboard('digits_models');
SELECT count(*) AS predictions, avg((v.label::text = p.class_value)::integer) >= 0.975 AS good
FROM digits_val v JOIN digits_predictions p USING (id);
SET client_min_messages = error;
DROP SCHEMA quickstart CASCADE;
