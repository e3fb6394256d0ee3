-- Which tables cerebro.refresh takes for those of a run: only those that the packing and the run have made, and of another role's only such as run
-- none of its code. And what somebody has edited or deleted in them.
\pset null '(null)'
SET client_min_messages = warning;
CREATE SCHEMA refresh_tables;
SET search_path = refresh_tables, public;

\set data `echo "$CEREBRO_TEST_DATA"`
\i :data/attempt.sql

CREATE TABLE sales AS SELECT k * 1000 + n AS id, k AS g, sin(n * 3.1 + k)::real AS a, cos(n * 1.7 + k)::real AS b, (sin(n * 3.1 + k) - cos(n * 1.7))::real AS y
FROM generate_series(1, 4) k, generate_series(1, 40) n;
CREATE TABLE later AS SELECT * FROM sales WHERE id % 4 = 0;
SELECT cerebro.load_model('archs', '{"class_name": "Sequential", "config": {"name": "s", "layers": [{"class_name": "Dense", "config": {"name": "d", "units": 1, "batch_input_shape": [null, 2]}}]}}');
SELECT cerebro.load_model_selection_table('archs', 'configs', ARRAY[1],
    ARRAY[$$loss='mse', optimizer='Adam(lr=0.02)', metrics=['mae']$$, $$loss='mse', optimizer='SGD(lr=0.001)', metrics=['mae']$$], ARRAY['batch_size=16, epochs=1']);

-- the packing has split nothing: a table with the name of the half that it would have held out was packed later
SELECT cerebro.training_preprocessor_dl('sales', 'packed', 'y', 'a, b', dependent_type => 'real', grouping_cols => 'g', normalizing_const => 2);
SELECT cerebro.validation_preprocessor_dl('later', 'packed_val', 'y', 'a, b', 'packed');
SELECT cerebro.validation_preprocessor_dl('later', 'packed_pooled_val', 'y', 'a, b', 'packed_pooled');
SELECT cerebro.fit_multiple_model('packed', 'judged', 'configs', 2, validation_table => 'packed_val', workers => 0);
SELECT cerebro.fit_multiple_model('packed', 'models', 'configs', 2, workers => 0, global_model => true);
CREATE TABLE val_before AS SELECT md5(v::text) AS row FROM packed_val v UNION ALL SELECT md5(v::text) FROM packed_val_summary v
    UNION ALL SELECT md5(v::text) FROM packed_pooled_val v UNION ALL SELECT md5(v::text) FROM packed_pooled_val_summary v;
UPDATE sales SET a = a + 1 WHERE id = 1001;
DELETE FROM sales WHERE g = 4;
SELECT message, detail FROM attempt($$SELECT cerebro.refresh('judged')$$);
SELECT changed_groups, vanished_groups, trained_groups FROM cerebro.refresh('models', drop_vanished => true);
SELECT changed_groups, vanished_groups, trained_groups FROM cerebro.refresh('models', global_model => true);
SELECT count(*) AS rows, count(b.row) AS kept FROM (SELECT md5(v::text) AS row FROM packed_val v UNION ALL SELECT md5(v::text) FROM packed_val_summary v
    UNION ALL SELECT md5(v::text) FROM packed_pooled_val v UNION ALL SELECT md5(v::text) FROM packed_pooled_val_summary v) v LEFT JOIN val_before b USING (row);
SELECT (SELECT normalizing_const FROM packed_summary), (SELECT normalizing_const FROM packed_pooled_summary) AS of_pooled;
-- and one that is no packed table at all
SELECT cerebro.training_preprocessor_dl('sales', 'other', 'y', 'a, b', dependent_type => 'real', grouping_cols => 'g', pooled => false);
CREATE TABLE other_val (remark text);
SELECT cerebro.fit_multiple_model('other', 'beside', 'configs', 2, workers => 0);
UPDATE sales SET a = a + 1 WHERE id = 2001;
SELECT changed_groups, trained_groups FROM cerebro.refresh('beside');
-- rows that validate are not trained on
SELECT message, hint FROM attempt($$SELECT cerebro.fit_multiple_model('packed_val', 'm', 'configs', 1, workers => 0)$$);

-- a grouping column of a wider type, and of another one
ALTER TABLE sales ALTER g TYPE bigint;
SELECT changed_groups, unchanged_groups FROM cerebro.refresh('beside');
UPDATE sales SET a = a + 1 WHERE id = 2002;
SELECT changed_groups, trained_groups FROM cerebro.refresh('beside');
ALTER TABLE sales ALTER g TYPE text;
SELECT * FROM attempt($$SELECT cerebro.refresh('beside')$$);
ALTER TABLE sales ALTER g TYPE integer USING g::integer;

-- global models that somebody has deleted
SELECT changed_groups > 0 AS changed FROM cerebro.refresh('models');
DELETE FROM models_global_info;
UPDATE sales SET a = a + 1 WHERE id = 3001;
SELECT * FROM attempt($$SELECT cerebro.refresh('models')$$);
-- no configuration
DELETE FROM beside_configs;
SELECT * FROM attempt($$SELECT cerebro.predict('beside', s) FROM sales s LIMIT 1$$);
SELECT * FROM attempt($$SELECT cerebro.refresh('beside')$$);
-- a summary that does not say how its table was packed
UPDATE packed_summary SET arguments = '{}';
SELECT * FROM attempt($$SELECT cerebro.refresh('models')$$);

-- a run of another role, which is refreshed by who has the rights of all: nothing of hers runs
CREATE ROLE regress_refresh_mallory;
GRANT ALL ON SCHEMA refresh_tables TO regress_refresh_mallory;
GRANT SELECT ON sales, configs, configs_summary, archs TO regress_refresh_mallory;
CREATE TABLE witnessed (who text, what text);
GRANT INSERT, SELECT ON witnessed TO PUBLIC;
SET ROLE regress_refresh_mallory;
CREATE FUNCTION witness(what text) RETURNS integer LANGUAGE plpgsql SET search_path = refresh_tables AS $$
BEGIN INSERT INTO witnessed VALUES (current_user, what); RETURN 1; END $$;
CREATE FUNCTION witness_trigger() RETURNS trigger LANGUAGE plpgsql SET search_path = refresh_tables AS $$
BEGIN INSERT INTO witnessed VALUES (current_user, TG_RELID::regclass::text); RETURN NEW; END $$;
CREATE TABLE hers AS SELECT * FROM sales;
SELECT cerebro.training_preprocessor_dl('hers', 'hers_packed', 'y', 'a, b', dependent_type => 'real', grouping_cols => 'g', validation_fraction => 0.2);
SELECT cerebro.load_model_selection_table('archs', 'hers_configs', ARRAY[1], ARRAY[$$loss='mse', optimizer='SGD(lr=0.01)'$$], ARRAY['batch_size=16, epochs=1']);
SELECT cerebro.fit_multiple_model('hers_packed', 'hers_models', 'hers_configs', 2, validation_table => 'hers_packed_val', workers => 0, global_model => true);
UPDATE hers SET a = a + 1 WHERE id = 1001;
RESET ROLE;
-- as it is, it may
BEGIN;
SELECT changed_groups, trained_groups FROM cerebro.refresh('hers_models', global_model => true);
ROLLBACK;
-- each with one more thing: who refreshes runs none of it
CREATE FUNCTION with_more(change text) RETURNS TABLE(message text, detail text, witnesses bigint) LANGUAGE plpgsql AS $$
BEGIN
    SET LOCAL ROLE regress_refresh_mallory;
    EXECUTE change;
    SET LOCAL ROLE NONE;
    DELETE FROM witnessed;
    SELECT a.message, a.detail INTO message, detail FROM attempt($q$SELECT cerebro.refresh('hers_models', global_model => true)$q$) a;
    SELECT count(*) INTO witnesses FROM witnessed;
    RETURN NEXT;
    RAISE EXCEPTION USING ERRCODE = 'P1000', MESSAGE = message, DETAIL = detail, HINT = witnesses || ' witnesses';
END $$;
\x on
SELECT message, detail, hint FROM attempt($$SELECT with_more('CREATE TRIGGER w BEFORE INSERT OR DELETE ON hers_models_groups FOR EACH ROW EXECUTE FUNCTION witness_trigger()')$$);
SELECT message, detail, hint FROM attempt($$SELECT with_more('CREATE TRIGGER w BEFORE INSERT ON hers_models FOR EACH STATEMENT EXECUTE FUNCTION witness_trigger()')$$);
SELECT message, detail, hint FROM attempt($$SELECT with_more('CREATE TRIGGER w BEFORE INSERT ON hers_models_global FOR EACH STATEMENT EXECUTE FUNCTION witness_trigger()')$$);
SELECT message, detail, hint FROM attempt($$SELECT with_more('CREATE TRIGGER w BEFORE INSERT ON hers_packed FOR EACH STATEMENT EXECUTE FUNCTION witness_trigger()')$$);
SELECT message, detail, hint FROM attempt($$SELECT with_more('CREATE TRIGGER w BEFORE UPDATE ON hers_packed_val_summary FOR EACH STATEMENT EXECUTE FUNCTION witness_trigger()')$$);
SELECT message, detail, hint FROM attempt($$SELECT with_more('CREATE TRIGGER w BEFORE INSERT ON hers_packed_groups FOR EACH STATEMENT EXECUTE FUNCTION witness_trigger()')$$);
SELECT message, detail, hint FROM attempt($$SELECT with_more('CREATE TRIGGER w BEFORE INSERT ON hers_packed_pooled FOR EACH STATEMENT EXECUTE FUNCTION witness_trigger()')$$);
SELECT message, detail, hint FROM attempt($$SELECT with_more('ALTER TABLE hers RENAME TO hers_rows; CREATE VIEW hers AS SELECT *, witness(''source'') FROM hers_rows')$$);
SELECT message, detail, hint FROM attempt($$SELECT with_more('ALTER TABLE hers_configs RENAME TO hers_c; CREATE VIEW hers_configs AS SELECT mst_key, model_id, compile_params, fit_params, witness(''selection'') FROM hers_c')$$);
SELECT message, detail, hint FROM attempt($$SELECT with_more('ALTER TABLE hers_models_summary RENAME TO hers_s; CREATE VIEW hers_models_summary AS SELECT *, witness(''summary'') FROM hers_s')$$);
-- a cast of a type of hers: from what is read, and to what is written
SELECT message, detail, hint FROM attempt($$SELECT with_more('CREATE TYPE trap AS ENUM (''{}''); CREATE FUNCTION spring(trap) RETURNS text LANGUAGE sql AS ''SELECT witness(''''cast'''')::text''; CREATE CAST (trap AS text) WITH FUNCTION spring(trap); ALTER TABLE hers_models_summary ALTER arguments TYPE trap USING ''{}''')$$);
SELECT message, detail, hint FROM attempt($$SELECT with_more('CREATE TYPE pair AS (v bigint); CREATE FUNCTION spring(bigint) RETURNS pair LANGUAGE sql AS ''SELECT ROW(witness(''''cast''''))::pair''; CREATE CAST (bigint AS pair) WITH FUNCTION spring(bigint) AS ASSIGNMENT; ALTER TABLE hers_packed_summary ALTER rows TYPE pair USING ROW(1)::pair')$$);
-- a source that is named in the call is the caller's own choice
SELECT message, detail, hint FROM attempt($$SELECT with_more('ALTER TABLE hers RENAME TO hers_rows; CREATE VIEW hers AS SELECT * FROM hers_rows')$$);
\x off
SET ROLE regress_refresh_mallory;
ALTER TABLE hers RENAME TO hers_rows;
CREATE VIEW hers AS SELECT * FROM hers_rows;
RESET ROLE;
SELECT changed_groups, trained_groups FROM cerebro.refresh('hers_models', 'hers');
-- for herself all of it runs
SET ROLE regress_refresh_mallory;
CREATE TRIGGER w BEFORE INSERT ON hers_models_groups FOR EACH STATEMENT EXECUTE FUNCTION witness_trigger();
UPDATE hers_rows SET a = a + 1 WHERE id = 1001;
SELECT changed_groups, trained_groups FROM cerebro.refresh('hers_models');
RESET ROLE;
SELECT DISTINCT who, what FROM witnessed ORDER BY 1, 2;
DROP SCHEMA refresh_tables CASCADE;
DROP ROLE regress_refresh_mallory;
