-- Rows of other types than the table that was packed, asked of a run over groups: in generated columns, in batches, and what cannot be read.
\pset null '(null)'
SET client_min_messages = warning;
CREATE SCHEMA groups_rows;
SET search_path = groups_rows, public;

CREATE TABLE sales AS SELECT i AS id, (ARRAY['east', 'north', 'south'])[1 + i % 3] AS region, i % 2 AS store, ((i * 7919) % 101)::float8 / 100 AS a, ((i * 104729) % 97)::float8 / 96 AS b,
    ((i * 7919) % 101)::float8 / 100 - i % 3 AS y FROM generate_series(1, 300) i;
SELECT cerebro.load_model('archs', '{"class_name": "Sequential", "config": {"name": "s", "layers": [{"class_name": "Dense", "config": {"name": "d", "units": 4, "activation": "relu", "batch_input_shape": [null, 2]}}, {"class_name": "Dense", "config": {"name": "e", "units": 1}}]}}');
SELECT cerebro.load_model_selection_table('archs', 'configs', ARRAY[1], ARRAY[$$loss='mse', optimizer='Adam(lr=0.01)', metrics=['mae']$$], ARRAY['batch_size=16, epochs=1']);
SELECT cerebro.training_preprocessor_dl('sales', 'packed', 'y', 'a, b', dependent_type => 'real', grouping_cols => 'region, store');
SELECT cerebro.fit_multiple_model('packed', 'models', 'configs', 3, workers => 0);
SELECT cerebro.register('row_shops', 'models');
CREATE TABLE said AS SELECT id, cerebro.predict_number('models', s) AS number, cerebro.predict('models', s) AS text FROM sales s;
SELECT count(*) AS rows, count(DISTINCT number) > 100 AS varies FROM said;

-- a row of a composite type has the names of its columns
CREATE TYPE a_sale AS (region text, store integer, a float8, b float8);
CREATE TABLE kept (id integer, region text, store integer, a float8, b float8,
    guess float8 GENERATED ALWAYS AS (cerebro.predict_number_pinned('row_shops@1', ROW(region, store, a, b)::a_sale)) STORED);
INSERT INTO kept SELECT id, region, store, a, b FROM sales;
SELECT count(*) AS rows, bool_and(guess = number) AS equal FROM kept JOIN said USING (id);

-- in batches, of the run and of its version
SELECT count(*) AS rows, bool_and(t.prediction = said.text) AS texts, bool_and(t.vector[1] = said.number::real) AS vectors, bool_and(t.probability IS NULL) AS no_probability
FROM cerebro.predict_table('models', 'sales') AS t(id integer, prediction text, vector real[], probability float8) JOIN said USING (id);
SELECT count(*) AS rows, bool_and(t.prediction = said.number::real) AS numbers
FROM cerebro.predict_table('row_shops', 'SELECT * FROM groups_rows.sales ORDER BY b') AS t(id integer, prediction real) JOIN said USING (id);
SELECT * FROM cerebro.predict_table('row_shops', $$SELECT 1 AS id, 'west' AS region, 7 AS store, 0.1::float8 AS a, 0.2::float8 AS b$$) AS t(id integer, prediction text, vector real[]);

-- keys of other types: read as values of the key's
SELECT count(*) AS rows, bool_and(cerebro.predict_number('models', s) = number) AS of_run, bool_and(cerebro.predict_number('row_shops', s) = number) AS of_version
FROM (SELECT id, region::varchar(10) AS region, ' ' || store AS store, a, b FROM sales) s JOIN said USING (id);
\set ON_ERROR_STOP 0
SELECT cerebro.predict('models', s) FROM (SELECT region, 'no number' AS store, a, b FROM sales LIMIT 1) s;
SELECT cerebro.predict('row_shops', s) FROM (SELECT region, 'no number' AS store, a, b FROM sales LIMIT 1) s;
SELECT * FROM cerebro.predict_table('row_shops', 'SELECT region, ''no number'' AS store, a, b FROM groups_rows.sales') AS t(prediction text);
SELECT * FROM cerebro.predict_table('row_shops', 'SELECT id, region, a, b FROM groups_rows.sales') AS t(id integer, prediction text);
SELECT cerebro.predict_pinned('row_shops@1', 'north', 1, 0.1, 0.2);
-- tables are wanted, not the registry
SELECT cerebro.report('row_shops');
SELECT * FROM cerebro.describe('row_shops@1');
SELECT cerebro.report('nothing');
\set ON_ERROR_STOP 1

SELECT cerebro.drop_model('row_shops');
DROP SCHEMA groups_rows CASCADE;
