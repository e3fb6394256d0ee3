-- Tables digits, digits_train and digits_val from digits.csv. README.md tells where the file is looked for.
\if :{?data}
\else
\set data `echo "${CEREBRO_TEST_DATA:-test/data}"`
\endif
SELECT current_setting('client_min_messages') AS messages \gset
SET client_min_messages = warning;
DROP TABLE IF EXISTS digits, digits_train, digits_val;
SET client_min_messages = :messages;
CREATE TABLE digits (id integer PRIMARY KEY, label smallint NOT NULL, pixels smallint[] NOT NULL);
-- \copy takes no variables: the command is put together first
\set file :data '/digits.csv'
\set copy '\\copy digits FROM ' :'file' ' CSV HEADER'
:copy
CREATE TABLE digits_train AS SELECT * FROM digits WHERE id % 5 <> 0;
CREATE TABLE digits_val AS SELECT * FROM digits WHERE id % 5 = 0;
