-- Tables penguins and penguins_truth from penguins.csv: every tenth bird's species is unknown in the first and known in the second. README.md tells
-- where the file is looked for.
\if :{?data}
\else
\set data `echo "${CEREBRO_TEST_DATA:-test/data}"`
\endif
SELECT current_setting('client_min_messages') AS messages \gset
SET client_min_messages = warning;
DROP TABLE IF EXISTS penguins, penguins_truth;
SET client_min_messages = :messages;
CREATE TABLE penguins (id integer PRIMARY KEY, species text, island text NOT NULL, bill_length_mm real, bill_depth_mm real, flipper_length_mm integer,
                       body_mass_g integer, sex text, year integer);
-- \copy takes no variables: the command is put together first
\set file :data '/penguins.csv'
\set copy '\\copy penguins FROM ' :'file' ' CSV HEADER'
:copy
CREATE TABLE penguins_truth AS SELECT id, species FROM penguins WHERE id % 10 = 0;
UPDATE penguins SET species = NULL WHERE id % 10 = 0;
