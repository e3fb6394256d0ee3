-- Tables iris, iris_train and iris_val from iris.csv. README.md tells where the file is looked for.
\if :{?data}
\else
\set data `echo "${CEREBRO_TEST_DATA:-test/data}"`
\endif
SELECT current_setting('client_min_messages') AS messages \gset
SET client_min_messages = warning;
DROP TABLE IF EXISTS iris, iris_train, iris_val;
SET client_min_messages = :messages;
CREATE TEMPORARY TABLE iris_measures (id integer, sepal_length real, sepal_width real, petal_length real, petal_width real, class_text text);
-- \copy takes no variables: the command is put together first
\set file :data '/iris.csv'
\set copy '\\copy iris_measures FROM ' :'file' ' CSV HEADER'
:copy
CREATE TABLE iris AS
  SELECT id, ARRAY[sepal_length, sepal_width, petal_length, petal_width] AS attributes, class_text FROM iris_measures ORDER BY id;
DROP TABLE iris_measures;
ALTER TABLE iris ADD PRIMARY KEY (id);
CREATE TABLE iris_train AS SELECT * FROM iris WHERE id % 5 <> 0;
CREATE TABLE iris_val AS SELECT * FROM iris WHERE id % 5 = 0;
