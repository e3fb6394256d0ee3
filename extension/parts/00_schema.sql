\echo Use "CREATE EXTENSION pg_cerebro" to load this file. \quit

-- The schema itself is made by CREATE EXTENSION, as the control file says. All functions run as their caller.
COMMENT ON SCHEMA cerebro IS 'pg_cerebro: train, compare, score and serve many related deep-learning models';
GRANT USAGE ON SCHEMA cerebro TO PUBLIC;
