-- The second extension: where it goes, and names of tables.
SET client_min_messages = warning;
CREATE EXTENSION pg_cerebro_madlib;
SELECT n.nspname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE p.proname = '_split_names';
SELECT madlib._split_names('a, "b,c" ,d');
DROP EXTENSION pg_cerebro_madlib;
SELECT count(*) FROM pg_namespace WHERE nspname = 'madlib';
CREATE SCHEMA other;
CREATE EXTENSION pg_cerebro_madlib SCHEMA other;
SELECT other._split_names('a, "b,c" ,d');
DROP EXTENSION pg_cerebro_madlib;
DROP SCHEMA other;
