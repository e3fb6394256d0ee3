-- The second extension: the schema that it goes to, names of tables, help, and MADlib's names in the schema cerebro.
\set VERBOSITY terse
SET client_min_messages = warning;

-- by the default search_path it goes to the schema madlib, which it makes
CREATE EXTENSION pg_cerebro_madlib;
SELECT DISTINCT n.nspname FROM pg_depend d JOIN pg_proc p ON p.oid = d.objid JOIN pg_namespace n ON n.oid = p.pronamespace
    JOIN pg_extension e ON e.oid = d.refobjid
    WHERE d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_extension'::regclass AND e.extname = 'pg_cerebro_madlib' ORDER BY 1;

-- every function has a comment, and pins its search_path unless it is SQL that hands it on, or runs a statement of its caller
SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace = (SELECT oid FROM pg_namespace WHERE nspname = 'madlib') AND obj_description(p.oid, 'pg_proc') IS NULL;
SELECT p.proname FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
    WHERE p.pronamespace = (SELECT oid FROM pg_namespace WHERE nspname = 'madlib') AND l.lanname = 'plpgsql' AND p.proconfig IS NULL ORDER BY 1;

SELECT madlib._split_names('a, "b,c" ,d,') AS list, madlib._split_names('s."t.u"', '.') AS parts, madlib._split_names(NULL) AS none;
SELECT madlib._name('Ab') AS folded, madlib._name('"Ab""c"') AS quoted, madlib._with_suffix('"Ab"', '_summary') AS quoted_suffix,
    madlib._with_suffix('s.ab', '_summary') AS suffix;
CREATE SCHEMA madlib_test;
CREATE TABLE madlib_test."Q t" (a integer, "B b" text);
SELECT madlib._table('public', '"Q t"') IS NULL AS not_in_path, madlib._table('madlib_test', '"Q t"') AS in_path,
    madlib._table('public', 'madlib_test."Q t"') AS qualified, madlib._table('public', 'a b') IS NULL AS no_name,
    madlib._table('public', 'a.b.c') IS NULL AS three_parts, madlib._new_table('madlib_test, public', 'New') AS new_table;

-- a hostile search_path finds the tables that the caller means, and none of our names
CREATE FUNCTION madlib_test.format(text, VARIADIC "any") RETURNS text LANGUAGE internal AS 'text_format';
CREATE FUNCTION madlib_test.lower(text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'hostile'; END $$;
SET search_path = madlib_test, pg_catalog;
SELECT madlib.load_keras_model('hostile_archs', '{}'::json);
SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relname = 'hostile_archs';
RESET search_path;

-- help
SELECT madlib.load_keras_model();
SELECT madlib.load_keras_model('usage');
SELECT madlib.delete_keras_model();
SELECT madlib.delete_keras_model('?');
SELECT madlib.training_preprocessor_dl();
SELECT madlib.training_preprocessor_dl('HELP');
SELECT madlib.validation_preprocessor_dl();
SELECT madlib.validation_preprocessor_dl('help');
SELECT madlib.load_model_selection_table();
SELECT madlib.load_model_selection_table('usage');
SELECT madlib.generate_model_configs();
SELECT madlib.generate_model_configs('usage');
SELECT madlib.load_custom_function();
SELECT madlib.load_custom_function('usage');
SELECT madlib.delete_custom_function();
SELECT madlib.delete_custom_function('usage');
SELECT madlib.load_top_k_accuracy_function();
SELECT madlib.load_top_k_accuracy_function('usage');
SELECT madlib.gpu_configuration();
SELECT madlib.load_keras_model('else');
SELECT madlib.training_preprocessor_dl('else');
SELECT madlib.validation_preprocessor_dl('else');
SELECT madlib.delete_custom_function('else');

DROP SCHEMA madlib_test CASCADE;
DROP EXTENSION pg_cerebro_madlib;
SELECT count(*) AS schemas FROM pg_namespace WHERE nspname = 'madlib';

-- another schema; one that has these functions already
CREATE SCHEMA other;
CREATE EXTENSION pg_cerebro_madlib SCHEMA other;
SELECT other._version();
SELECT other.load_keras_model('else');
DROP EXTENSION pg_cerebro_madlib;
CREATE FUNCTION other.load_keras_model() RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE EXTENSION pg_cerebro_madlib SCHEMA other;
DROP SCHEMA other CASCADE;
CREATE ROLE stranger_madlib;
CREATE SCHEMA other AUTHORIZATION stranger_madlib;
CREATE EXTENSION pg_cerebro_madlib SCHEMA other;
DROP SCHEMA other;
DROP ROLE stranger_madlib;
CREATE SCHEMA "it's";
CREATE EXTENSION pg_cerebro_madlib SCHEMA "it's";
DROP SCHEMA "it's";

-- blanks around a name are none of it; names that are too long are refused before anything is written
CREATE EXTENSION pg_cerebro_madlib;
CREATE SCHEMA madlib_names;
SET search_path = madlib_names;
SELECT madlib.hyperband_schedule(' Sched ', 9);
SELECT relname FROM pg_class WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = 'madlib_names') AND relkind = 'r';
SELECT madlib.hyperband_schedule('a.b.c', 9);
SELECT madlib.hyperband_schedule(repeat('a', 64), 9);
-- one rule for the names of object tables
SELECT madlib.load_top_k_accuracy_function('Names_F', 3);
SELECT name FROM madlib.names_f;
SELECT madlib.delete_custom_function('NAMES_F', 'top_3_accuracy');
DROP EXTENSION pg_cerebro_madlib CASCADE;
RESET search_path;
DROP SCHEMA madlib_names CASCADE;

-- MADlib's names in the schema cerebro
\set VERBOSITY default
SELECT cerebro.load_keras_model('archs', '{}');
SELECT cerebro.madlib_keras_automl('a', 'b', 3);
\set VERBOSITY terse
SELECT cerebro.delete_keras_model('archs', 1);
SELECT cerebro.madlib_keras_fit('a');
SELECT cerebro.madlib_keras_fit_multiple_model('a');
SELECT cerebro.madlib_keras_evaluate('a');
SELECT cerebro.madlib_keras_predict('a');
SELECT cerebro.madlib_keras_predict_byom('a');
SELECT cerebro.hyperband_schedule('a', 1);
SELECT cerebro.load_custom_function('a');
SELECT cerebro.delete_custom_function('a');
SELECT cerebro.load_top_k_accuracy_function('a', 1);
