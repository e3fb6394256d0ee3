-- Every name of pg_catalog once more in somebody else's schema, which the caller's search_path leads to before the server's: types as domains whose checks
-- are recorded, functions, aggregates, operators (also of pairs of types for which the server has none) and a cast. What the extension runs calls none.
SET client_min_messages = warning;
CREATE SCHEMA recorder;
CREATE SEQUENCE recorder.calls;
GRANT USAGE ON SCHEMA recorder TO PUBLIC;
GRANT ALL ON SEQUENCE recorder.calls TO PUBLIC;
-- a sequence counts what a failed statement called, too
CREATE FUNCTION recorder.count_call(what pg_catalog.text) RETURNS pg_catalog.bool LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    PERFORM pg_catalog.nextval('recorder.calls');
    RAISE LOG 'a stranger''s % was called', what;
    RETURN true;
END $$;
CREATE FUNCTION recorder.counted() RETURNS pg_catalog.int8 LANGUAGE sql SET search_path = pg_catalog AS 'SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM recorder.calls';
CREATE TABLE recorder.made (kind text, n bigint);

CREATE SCHEMA shared;
GRANT USAGE ON SCHEMA shared TO PUBLIC;
DO $$
DECLARE
    r record;
    n bigint;
    op text;
    l text;
    plain text[] := ARRAY['int2', 'int4', 'int8', 'oid', 'text', 'name', 'regclass', 'float8', 'numeric', 'bool', 'bytea', 'varchar'];
BEGIN
    n := 0;
    FOR r IN SELECT typname FROM pg_type WHERE typnamespace = 'pg_catalog'::regnamespace AND typtype IN ('b', 'r') AND typname !~ '^_' ORDER BY 1 LOOP
        BEGIN
            EXECUTE format('CREATE DOMAIN shared.%I AS pg_catalog.%I CHECK (recorder.count_call(%L))', r.typname, r.typname, 'type ' || r.typname);
            n := n + 1;
        EXCEPTION WHEN others THEN NULL;
        END;
    END LOOP;
    INSERT INTO recorder.made VALUES ('types', n);
    n := 0;
    FOR r IN SELECT proname, pg_get_function_identity_arguments(oid) AS arguments, format_type(prorettype, NULL) AS result, proretset
               FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace AND prokind IN ('f', 'w') ORDER BY oid LOOP
        BEGIN
            EXECUTE format('CREATE FUNCTION shared.%I(%s) RETURNS %s %s LANGUAGE plpgsql AS %L', r.proname, r.arguments, CASE WHEN r.proretset THEN 'SETOF' END, r.result,
                format('BEGIN PERFORM recorder.count_call(%L); %s END', 'function ' || r.proname, CASE WHEN r.proretset OR r.result = 'void' THEN 'RETURN;' ELSE 'RETURN NULL;' END));
            n := n + 1;
        EXCEPTION WHEN others THEN NULL;
        END;
    END LOOP;
    INSERT INTO recorder.made VALUES ('functions', n);
    n := 0;
    FOR r IN SELECT p.oid, proname, pg_get_function_identity_arguments(p.oid) AS arguments, format_type(prorettype, NULL) AS result
               FROM pg_proc p WHERE pronamespace = 'pg_catalog'::regnamespace AND prokind = 'a' AND pronargs <= 1 ORDER BY oid LOOP
        BEGIN
            EXECUTE format('CREATE FUNCTION shared.sf%s(%s) RETURNS %s LANGUAGE plpgsql AS %L', r.oid, r.result || CASE WHEN r.arguments <> '' THEN ', ' || r.arguments ELSE '' END,
                r.result, format('BEGIN PERFORM recorder.count_call(%L); RETURN NULL; END', 'aggregate ' || r.proname));
            EXECUTE format('CREATE AGGREGATE shared.%I(%s) (SFUNC = shared.sf%s, STYPE = %s)', r.proname, CASE WHEN r.arguments = '' THEN '*' ELSE r.arguments END, r.oid, r.result);
            n := n + 1;
        EXCEPTION WHEN others THEN NULL;
        END;
    END LOOP;
    INSERT INTO recorder.made VALUES ('aggregates', n);
    n := 0;
    FOR r IN SELECT oid, oprname, oprleft::regtype AS l, oprright::regtype AS r, oprresult::regtype AS result FROM pg_operator
              WHERE oprnamespace = 'pg_catalog'::regnamespace AND oprkind = 'b' ORDER BY oid LOOP
        BEGIN
            EXECUTE format('CREATE FUNCTION shared.op%s(%s, %s) RETURNS %s LANGUAGE plpgsql AS %L', r.oid, r.l, r.r, r.result,
                format('BEGIN PERFORM recorder.count_call(%L); RETURN NULL; END', 'operator ' || r.oprname));
            EXECUTE format('CREATE OPERATOR shared.%s (LEFTARG = %s, RIGHTARG = %s, PROCEDURE = shared.op%s)', r.oprname, r.l, r.r, r.oid);
            n := n + 1;
        EXCEPTION WHEN others THEN NULL;
        END;
    END LOOP;
    FOREACH op IN ARRAY ARRAY['=', '<>', '<', '>', '<=', '>=', '+', '-', '*', '/', '||', '&', '>>'] LOOP
        FOREACH l IN ARRAY plain LOOP
            FOR r IN SELECT unnest(plain) AS r LOOP
                CONTINUE WHEN EXISTS (SELECT FROM pg_operator WHERE oprname = op AND oprleft = l::regtype AND oprright = r.r::regtype);
                BEGIN
                    EXECUTE format('CREATE FUNCTION shared.pair_%s_%s(%s, %s) RETURNS boolean LANGUAGE plpgsql AS %L', l, r.r, l, r.r,
                        format('BEGIN PERFORM recorder.count_call(%L); RETURN NULL; END', 'operator of ' || l || ' and ' || r.r));
                EXCEPTION WHEN duplicate_function THEN NULL;
                END;
                EXECUTE format('CREATE OPERATOR shared.%s (LEFTARG = %s, RIGHTARG = %s, PROCEDURE = shared.pair_%s_%s)', op, l, r.r, l, r.r);
                n := n + 1;
            END LOOP;
        END LOOP;
    END LOOP;
    INSERT INTO recorder.made VALUES ('operators', n);
END $$;
CREATE TYPE shared.mood AS ENUM ('good', 'bad');
CREATE FUNCTION shared.to_mood(text) RETURNS shared.mood LANGUAGE plpgsql AS $$ BEGIN PERFORM recorder.count_call('cast of text'); RETURN 'good'; END $$;
CREATE CAST (text AS shared.mood) WITH FUNCTION shared.to_mood(text) AS IMPLICIT;
SELECT kind, n > 50 AS many FROM recorder.made ORDER BY kind;

CREATE ROLE regress_hostile_user;
CREATE SCHEMA alice;
GRANT ALL ON SCHEMA alice TO regress_hostile_user;
CREATE TABLE alice.points AS
SELECT i AS id, i % 3 AS label, (i % 5) * 0.5 AS y, 'w' || i % 2 AS word, date '2024-01-01' + i % 2 AS day, ARRAY[i % 3, i % 7]::real[] AS x FROM generate_series(1, 60) i;
GRANT SELECT ON alice.points TO PUBLIC;
CREATE TABLE recorder.calls_made AS SELECT row_number() OVER () AS n, s.statement FROM (VALUES
($$SELECT cerebro.training_preprocessor_dl('points', 'alice.packed', 'label', 'x', num_partitions => 2, standardize => true)$$),
($$SELECT cerebro.training_preprocessor_dl('points', 'alice.words', 'y', 'word', num_partitions => 2, dependent_type => 'real', sample_weight => 'id')$$),
($$SELECT cerebro.training_preprocessor_dl('points', 'alice.days', 'day', 'x', num_partitions => 1)$$),
($$SELECT cerebro.validation_preprocessor_dl('points', 'alice.val', 'label', 'x', 'packed')$$),
($$SELECT cerebro.load_model('alice.archs', ' {"class_name": "Sequential", "config": [{"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax", "batch_input_shape": [null, 2]}}]} ')$$),
($$SELECT cerebro.load_model('archs', ' {"class_name": "Sequential", "config": [{"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax", "batch_input_shape": [null, 2]}}]} ')$$),
($$SELECT cerebro.load_model_selection_table('archs', 'alice.selected', ARRAY[1], ARRAY['loss=''categorical_crossentropy'',optimizer=''SGD'''], ARRAY['batch_size=8'])$$),
($$SELECT cerebro.generate_model_configs('archs', 'alice.configs', ARRAY[1, 2], '{''loss'': [''categorical_crossentropy''], ''optimizer_params_list'': [{''optimizer'': [''Adam''], ''lr'': [0.05]}], ''metrics'': [''accuracy'']}', '{''batch_size'': [8]}')$$),
($$SELECT cerebro.generate_model_configs('archs', 'configs', ARRAY[1], '{''loss'': [''categorical_crossentropy''], ''optimizer_params_list'': [{''optimizer'': [''SGD''], ''lr'': [0.05]}], ''metrics'': [''accuracy'']}', '{''batch_size'': [8]}')$$),
($$SELECT pg_catalog.bool_and(e IS NOT NULL) FROM cerebro.explain_fit_multiple_model('packed', 'alice.models', 'configs', 2, validation_table => 'val') AS e$$),
($$SELECT pg_catalog.bool_and(e IS NOT NULL) FROM cerebro.explain_fit_multiple_model('packed', 'alice.analyzed', 'configs', 1, workers => 0, "analyze" => true, format => 'json') AS e$$),
($$SELECT cerebro.fit_multiple_model('packed', 'alice.models', 'configs', 2, workers => 0, validation_table => 'val', restore_best => true)$$),
($$SELECT cerebro.fit_multiple_model('packed', 'models', 'configs', 2, workers => 1, warm_start => true)$$),
($$UPDATE alice.models_summary SET result_format = NULL$$),
($$SELECT cerebro.fit_multiple_model('packed', 'models', 'configs', 1, workers => 0, warm_start => true, early_stopping => '{''monitor'': ''loss'', ''patience'': 3}')$$),
($$SELECT pg_catalog.length(cerebro.fit_step(cerebro.init_state('archs', 1, 'loss=''categorical_crossentropy'',optimizer=''SGD''', 'batch_size=8', 'packed'), p.partition_id, p.buffer_id, p.x, p.label)) IS NOT NULL FROM alice.packed AS p$$),
($$SELECT pg_catalog.count(*) FROM cerebro.state_tensors(cerebro.init_state('archs', 1, 'loss=''categorical_crossentropy'',optimizer=''SGD''', 'batch_size=8', 'packed'))$$),
($$SELECT pg_catalog.count(*) FROM cerebro.weights('models', 1)$$),
($$SELECT cerebro.evaluate('models', 'val', 'alice.scores')$$),
($$SELECT cerebro.evaluate('models', 'val', 'alice.score', mst_key => 1)$$),
($$SELECT cerebro.predict('models', 'points', 'id', 'x', 'alice.p1', 'response', mst_key => 1)$$),
($$SELECT cerebro.predict('models', 'points', 'word', 'x', 'alice.p2', 2, mst_key => 1)$$),
($$SELECT cerebro.predict('models', 'points', 'day', 'x', 'alice.p3', 0.1::double precision, mst_key => 1)$$),
($$SELECT pg_catalog.count(*) FROM cerebro.leaderboard('models')$$),
($$SELECT pg_catalog.count(*) FROM cerebro.learning_curve('models')$$),
($$SELECT pg_catalog.sum(count) FROM cerebro.confusion_matrix('models', 'val', 1)$$),
($$SELECT cerebro.report('models') IS NOT NULL$$),
($$SELECT pg_catalog.count(*) FROM cerebro.learning_curve_text('models')$$),
($$SELECT pg_catalog.count(*) FROM cerebro.feature_importance('models', 'val', 1)$$),
($$SELECT pg_catalog.count(*) FROM cerebro.stat_progress$$),
($$SELECT cerebro.delete_model('archs', 2)$$),
($$SELECT cerebro.delete_model('archs', 1)$$),
($$DROP TABLE alice.packed, alice.packed_summary, alice.words, alice.words_summary, alice.days, alice.days_summary, alice.val, alice.val_summary, alice.selected,
 alice.selected_summary, alice.configs, alice.configs_summary, alice.analyzed, alice.analyzed_info, alice.analyzed_summary, alice.analyzed_state, alice.analyzed_visits,
 alice.models, alice.models_info, alice.models_summary, alice.models_state, alice.models_visits, alice.scores, alice.score, alice.p1, alice.p2, alice.p3$$)
) AS s(statement);
GRANT SELECT ON recorder.calls_made TO PUBLIC;
-- the recorder works
SET search_path = shared, pg_catalog;
SELECT 'a'::text IS NOT NULL AS cast_to_a_strangers_text, recorder.counted() OPERATOR(pg_catalog.>) 0 AS recorded;
RESET search_path;
ALTER SEQUENCE recorder.calls RESTART;

\pset format unaligned
\pset tuples_only on
SET search_path = shared, alice, pg_catalog;
SELECT s.statement FROM recorder.calls_made AS s ORDER BY s.n \gexec
SELECT recorder.counted();
SET ROLE regress_hostile_user;
SELECT s.statement FROM recorder.calls_made AS s ORDER BY s.n \gexec
SELECT recorder.counted();
RESET ROLE;

-- functions that who owns the schema cerebro adds there, for arguments that are near those of the extension's own calls
RESET search_path;
CREATE FUNCTION cerebro._row_key(bytea, bigint, integer) RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN PERFORM recorder.count_call('_row_key'); RETURN 0; END $$;
CREATE FUNCTION cerebro._row_key(bytea, integer, integer) RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN PERFORM recorder.count_call('_row_key'); RETURN 0; END $$;
CREATE FUNCTION cerebro._pack_row(varchar, anyelement) RETURNS bytea LANGUAGE plpgsql AS $$ BEGIN PERFORM recorder.count_call('_pack_row'); RETURN ''; END $$;
CREATE FUNCTION cerebro._pack_row(text, anyelement) RETURNS bytea LANGUAGE plpgsql AS $$ BEGIN PERFORM recorder.count_call('_pack_row'); RETURN ''; END $$;
CREATE FUNCTION cerebro._row_fault(text, anyelement) RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM recorder.count_call('_row_fault'); RETURN ''; END $$;
CREATE FUNCTION cerebro.counting(text, anyelement) RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM recorder.count_call('_profile'); RETURN ''; END $$;
CREATE AGGREGATE cerebro._profile(anyelement) (SFUNC = cerebro.counting, STYPE = text);
CREATE FUNCTION cerebro.fit_step(integer, integer, integer, bytea, bytea) RETURNS bytea LANGUAGE plpgsql AS $$ BEGIN PERFORM recorder.count_call('fit_step'); RETURN ''; END $$;
SET search_path = alice;
SELECT s.statement FROM recorder.calls_made AS s ORDER BY s.n \gexec
SELECT recorder.counted();
RESET search_path;
DROP FUNCTION cerebro._row_key(bytea, bigint, integer), cerebro._row_key(bytea, integer, integer), cerebro._pack_row(varchar, anyelement),
    cerebro._pack_row(text, anyelement), cerebro._row_fault(text, anyelement), cerebro.fit_step(integer, integer, integer, bytea, bytea);
DROP AGGREGATE cerebro._profile(anyelement);
DROP FUNCTION cerebro.counting(text, anyelement);

-- A caller's temporary types stand before the server's where a function runs with its owner's rights and says nothing of the path.
CREATE FUNCTION alice.all_calls() RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    r pg_catalog.record;
BEGIN
    FOR r IN SELECT s.statement FROM recorder.calls_made AS s ORDER BY s.n LOOP
        EXECUTE r.statement;
    END LOOP;
END $$;
SET ROLE regress_hostile_user;
CREATE DOMAIN pg_temp.bytea AS pg_catalog.bytea CHECK (recorder.count_call('temporary bytea'));
CREATE DOMAIN pg_temp.json AS pg_catalog.json CHECK (recorder.count_call('temporary json'));
CREATE DOMAIN pg_temp.name AS pg_catalog.name CHECK (recorder.count_call('temporary name'));
SET search_path = alice;
SELECT alice.all_calls();
SELECT recorder.counted();
RESET ROLE;
RESET search_path;
\pset tuples_only off
\pset format aligned

SET client_min_messages = error;
DROP SCHEMA alice, shared, recorder CASCADE;
DISCARD TEMP;
DROP ROLE regress_hostile_user;
