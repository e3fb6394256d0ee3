-- EXPLAIN ANALYZE counts what the run's tables say, on PostgreSQL and on Greenplum alike.
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
CREATE SCHEMA explain_analyze;
SET search_path = explain_analyze, public;
CREATE TABLE points AS
SELECT i AS id, (i % 3)::int AS label, ARRAY(SELECT ((i * 7919 + c * 1299709) % 97 + CASE WHEN c % 3 = i % 3 THEN 60 ELSE 0 END)::int FROM generate_series(0, 15) c) AS x
FROM generate_series(1, 600) i;
SELECT cerebro.training_preprocessor_dl('points', 'packed', 'label', 'x', normalizing_const => 160, num_partitions => 4, seed => 3);
SELECT cerebro.load_model('archs', $$
{"class_name": "Sequential", "keras_version": "2.4.0", "config": {"name": "mlp", "layers": [
 {"class_name": "Dense", "config": {"name": "hidden", "units": 10, "activation": "relu", "batch_input_shape": [null, 16]}},
 {"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax"}}]}} $$);
SELECT cerebro.load_model_selection_table('archs', 'configs', ARRAY[1],
    ARRAY[$$optimizer='Adam(lr=0.01)',loss='categorical_crossentropy',metrics=['accuracy']$$,
          $$optimizer='Adam(lr=0.001)',loss='categorical_crossentropy',metrics=['accuracy']$$,
          $$optimizer='SGD(lr=1e30)',loss='categorical_crossentropy',metrics=['accuracy']$$,
          $$optimizer='SGD(lr=0.05,momentum=0.9)',loss='categorical_crossentropy',metrics=['accuracy']$$],
    ARRAY['batch_size=32,epochs=1']);

-- one model diverges and halving stops others
SET client_min_messages = error;
CREATE TABLE ran AS SELECT string_agg(l, E'\n')::json AS d FROM cerebro.explain_fit_multiple_model('packed', 'm', 'configs', 4, seed => 5,
    halving => '{''eta'': 2, ''iterations'': [1]}', "analyze" => true, format => 'json') l;
SET client_min_messages = warning;
SELECT a -> 'Evaluations', a -> 'Diverged Models', a -> 'Stopped Models', (a ->> 'Seconds')::float8 >= (a ->> 'Run Seconds')::float8 AS seconds,
       (a ->> 'Visits')::int = (SELECT count(*) FROM m_visits) AS visits, (a ->> 'Rows')::int = (SELECT sum(rows) FROM m_visits) AS rows
FROM (SELECT d -> 0 -> 'Actual' AS a FROM ran) x;
SELECT sum((g ->> 'Diverged Models')::int), sum((g ->> 'Stopped Models')::int), sum((g ->> 'Actual Visits')::int) = (SELECT count(*) FROM m_visits) AS visits,
       abs(sum((g ->> 'Actual Seconds')::float8) - (SELECT sum(extract(epoch FROM ended_at - started_at)) FROM m_visits)) < 0.01 AS seconds
FROM ran, json_array_elements(d -> 0 -> 'Plan' -> 'Plans') b, json_array_elements(b -> 'Plans') g;
-- every visit is an interval, and a model's seconds are those of its visits
SELECT bool_and(ended_at >= started_at), min(visit), max(visit), count(DISTINCT partition_id) FROM m_visits;
SELECT i.mst_key, i.status, i.iterations_done, count(*) AS visits, abs(i.training_seconds - sum(extract(epoch FROM v.ended_at - v.started_at))) < 0.001 AS seconds
FROM m_info i JOIN m_visits v USING (mst_key) GROUP BY i.mst_key, i.status, i.iterations_done, i.training_seconds ORDER BY 1;
DROP SCHEMA explain_analyze CASCADE;
