-- What a run needs is known before it begins: refused with the figures when it is more than may be used, and printed by EXPLAIN. What grows with
-- the iterations is not reserved.
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
\set VERBOSITY terse
SET client_min_messages = warning;
SET cerebro.bundles = 2;
CREATE SCHEMA memory;
SET search_path = memory, public;
CREATE TABLE points AS SELECT i AS id, i % 3 AS label, ARRAY(SELECT (i * 7919 + c * 104729) % 97 FROM generate_series(1, 1000) c) AS x FROM generate_series(1, 60) i;
SELECT cerebro.training_preprocessor_dl('points', 'packed', 'label', 'x', normalizing_const => 97, num_partitions => 2);
SELECT cerebro.load_model('archs', $$
{"class_name": "Sequential", "keras_version": "2.4.0", "config": {"name": "wide", "layers": [
 {"class_name": "Dense", "config": {"name": "hidden", "units": 2000, "activation": "relu", "batch_input_shape": [null, 1000]}},
 {"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax"}}]}} $$);
SELECT cerebro.load_model('archs', $$
{"class_name": "Sequential", "keras_version": "2.4.0", "config": {"name": "huge", "layers": [
 {"class_name": "Dense", "config": {"name": "hidden", "units": 5000000, "activation": "relu", "batch_input_shape": [null, 1000]}},
 {"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax"}}]}} $$);
SELECT cerebro.load_model('archs', $$
{"class_name": "Sequential", "keras_version": "2.4.0", "config": {"name": "small", "layers": [
 {"class_name": "Dense", "config": {"name": "hidden", "units": 4, "activation": "relu", "batch_input_shape": [null, 1000]}},
 {"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax"}}]}} $$);
SELECT cerebro.load_model_selection_table('archs', 'wide', ARRAY[1],
    ARRAY[$$optimizer='Adam(lr=0.01)',loss='categorical_crossentropy'$$, $$optimizer='Adam(lr=0.001)',loss='categorical_crossentropy'$$], ARRAY['batch_size=10,epochs=1']);
SELECT cerebro.load_model_selection_table('archs', 'huge', ARRAY[2], ARRAY[$$optimizer='Adam(lr=0.01)',loss='categorical_crossentropy'$$], ARRAY['batch_size=10,epochs=1']);
SELECT cerebro.load_model_selection_table('archs', 'small', ARRAY[3], ARRAY[$$optimizer='Adam(lr=0.01)',loss='categorical_crossentropy'$$], ARRAY['batch_size=10,epochs=1']);
-- of an error: SQLSTATE, message, detail, hint
CREATE FUNCTION refusal(statement text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    state text; message text; detail text; hint text;
BEGIN
    EXECUTE statement;
    RETURN NEXT 'no error';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN QUERY VALUES (state || ': ' || message), (detail), (hint);
END $$;

SHOW cerebro.max_memory;
SET cerebro.max_memory = '100MB';
-- states in the session, in shared memory, in a file
SELECT refusal($$SELECT cerebro.fit_multiple_model('packed', 'models', 'wide', 2, workers => 0)$$);
SELECT refusal($$SELECT cerebro.fit_multiple_model('packed', 'models', 'wide', 2, workers => 2)$$);
SELECT refusal($$SELECT cerebro.fit_multiple_model('packed', 'models', 'wide', 2, workers => 2, restore_best => true)$$);
-- EXPLAIN refuses nothing
SELECT l FROM cerebro.explain_fit_multiple_model('packed', 'models', 'wide', 2, workers => 0) l WHERE l ~ '^  (Training States|Memory)';
SELECT regexp_replace(l, 'free shared memory=[0-9]+ [kM]?B', 'free shared memory=#') FROM cerebro.explain_fit_multiple_model('packed', 'models', 'wide', 2, workers => 2) l WHERE l ~ '^  (Training States|Memory)';
SELECT p -> 'Needed Bytes', p -> 'Needed Bytes of a Process', p -> 'Processes', p -> 'Needed Bytes of the Session', p -> 'Limit Bytes', p -> 'Limit'
FROM (SELECT min(l)::jsonb #> '{0,Plan,Memory}' AS p FROM cerebro.explain_fit_multiple_model('packed', 'models', 'wide', 2, workers => 2, format => 'json') l) x;
-- a state of 60 GB is refused at once, whatever the machine
SET cerebro.max_memory = '8GB';
SELECT refusal($$SELECT cerebro.fit_multiple_model('packed', 'models', 'huge', 1, workers => 0)$$);
SELECT l FROM cerebro.explain_fit_multiple_model('packed', 'models', 'huge', 1, workers => 0) l WHERE l ~ '^  (Training States|Memory)';
-- nothing was made
SELECT count(*) FROM pg_class WHERE relname LIKE 'models%' AND pg_table_is_visible(oid);
-- by default there is enough
RESET cerebro.max_memory;
SELECT refusal($$SELECT cerebro.fit_multiple_model('packed', 'models', 'wide', 2, workers => 2)$$);
SELECT count(*) FROM models_info WHERE status = 'trained';
-- evaluation, prediction, warm start
SET cerebro.max_memory = '60MB';
SELECT refusal($$SELECT cerebro.evaluate('models', 'packed', 'scores')$$);
SELECT refusal($$SELECT cerebro.predict('models', 'points', 'id', 'x', 'predictions', mst_key => 1)$$);
SELECT refusal($$SELECT count(*) FROM cerebro.confusion_matrix('models', 'packed', 1)$$);
SELECT refusal($$SELECT cerebro.fit_multiple_model('packed', 'models', 'wide', 2, warm_start => true, workers => 0)$$);
RESET cerebro.max_memory;
SELECT refusal($$SELECT cerebro.evaluate('models', 'packed', 'scores')$$);
SELECT refusal($$SELECT cerebro.fit_multiple_model('packed', 'models', 'wide', 2, warm_start => true, workers => 0)$$);
SELECT iterations_done, cardinality(metrics_iters) FROM models_info ORDER BY mst_key;

-- iterations without end take nothing beforehand: the run goes on until it is told to stop
SELECT l FROM cerebro.explain_fit_multiple_model('packed', 'without_end', 'small', 2147483647, workers => 0, metrics_compute_frequency => 1) l WHERE l ~ '^  (Metrics|Memory)' AND l !~ 'free memory';
SELECT (d #>> '{0,Plan,Evaluations}')::bigint, jsonb_array_length(d #> '{0,Plan,Metrics after Iterations}')
FROM (SELECT min(l)::jsonb AS d FROM cerebro.explain_fit_multiple_model('packed', 'without_end', 'small', 2147483647, workers => 0, metrics_compute_frequency => 1, format => 'json') l) x;
SET statement_timeout = '1s';
SELECT cerebro.fit_multiple_model('packed', 'without_end', 'small', 2147483647, workers => 0);
SELECT cerebro.fit_multiple_model('packed', 'without_end', 'small', 2147483647, workers => 2);
RESET statement_timeout;
-- the log of visits comes back whole from its file
SELECT cerebro.fit_multiple_model('packed', 'long', 'small', 9000, workers => 0);
SELECT count(*), min(iteration), max(iteration), count(DISTINCT (iteration, visit)), sum(rows), bool_and(started_at <= ended_at) FROM long_visits;

DROP SCHEMA memory CASCADE;
