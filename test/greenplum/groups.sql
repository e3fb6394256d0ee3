-- Runs over groups whose results PostgreSQL and Greenplum must agree on, to the bit; what they say of them goes to standard output, a line a fact.
-- Variables: segments (of the cluster), workers (on PostgreSQL; not used on Greenplum).
\o /dev/null
SET client_min_messages = error;
SET cerebro.workers = :workers;
SET cerebro.bundles = :segments;
-- 50 groups of 12 to 600 rows, and one of a single row
CREATE TABLE sales AS SELECT g * 1000 + n AS id, (ARRAY['north', 'south', 'east'])[1 + g % 3] AS region, g AS store, ARRAY[sin(n * 3.1 + g), cos(n * 1.7 + g * 2), sin(n * 0.9 + g * 3)]::real[] AS x,
    (sin(n * 3.1 + g) * (g % 5 - 2) + cos(n * 1.7 + g * 2) + g / 25.0)::real AS y
FROM generate_series(1, 50) g, LATERAL generate_series(1, CASE WHEN g = 17 THEN 600 ELSE 12 + g * g % 97 END) n;
INSERT INTO sales VALUES (99999, 'west', 1, ARRAY[1, 2, 3]::real[], 4);
SELECT cerebro.training_preprocessor_dl('sales', 'packed', 'y', 'x', grouping_cols := 'region, store', validation_fraction := 0.2, min_rows := 2, dependent_type := 'real',
    buffer_size := 64, seed := 3);
\set network '{"class_name": "Sequential", "config": [{"class_name": "Dense", "config": {"name": "hidden", "units": %s, "activation": "relu", "batch_input_shape": [null, 3]}}, {"class_name": "Dropout", "config": {"name": "drop", "rate": 0.1}}, {"class_name": "Dense", "config": {"name": "out", "units": 1}}]}'
SELECT cerebro.load_model('archs', format(:'network', 8)::json);
SELECT cerebro.load_model('archs', format(:'network', 5)::json);
SELECT cerebro.load_model_selection_table('archs', 'configs', ARRAY[1, 2],
    ARRAY[$$optimizer='Adam(lr=0.01)',loss='mse',metrics=['mae']$$, $$optimizer='SGD(lr=0.01,momentum=0.9)',loss='mse',metrics=['mae']$$,
          $$optimizer='SGD(lr=3e38)',loss='mse',metrics=['mae']$$],
    ARRAY['batch_size=16']);

SELECT cerebro.fit_multiple_model('packed', 'plain', 'configs', 4, seed := 7);
SELECT cerebro.fit_multiple_model('packed', 'best', 'configs', 6, validation_table := 'packed_val', metrics_compute_frequency := 1, seed := 7, restore_best := true,
    early_stopping := $${'monitor': 'val_loss', 'patience': 1, 'min_delta': 0.05}$$);
SELECT cerebro.fit_multiple_model('packed', 'halved', 'configs', 5, validation_table := 'packed_val', seed := 7, halving := $${'eta': 2, 'iterations': [1, 3]}$$);
SELECT cerebro.fit_multiple_model('packed', 'promoted', 'configs', 3, validation_table := 'packed_val', seed := 7, global_model := true, warm_start_groups := true,
    promote := 'if_better');
-- window after window of few groups
SELECT cerebro.fit_multiple_model('packed', 'long', 'configs', 40, metrics_compute_frequency := 1, seed := 7);
SET cerebro.group_mem = '1MB';
SELECT cerebro.fit_multiple_model('packed', 'windows', 'configs', 40, metrics_compute_frequency := 1, seed := 7);
RESET cerebro.group_mem;
-- a group alone
CREATE TABLE one AS SELECT * FROM sales WHERE store = 9;
SELECT group_id AS nine FROM packed_groups WHERE store = 9 \gset
SELECT cerebro.training_preprocessor_dl('one', 'one_packed', 'y', 'x', dependent_type := 'real', buffer_size := 64, seed := 3, num_partitions := 1, validation_fraction := 0.2);
SELECT cerebro.fit_multiple_model('one_packed', 'alone', 'configs', 4, seed := 7);
-- a group whose rows are gone
DELETE FROM packed WHERE group_id = :nine;
SELECT cerebro.fit_multiple_model('packed', 'gone', 'configs', 1, seed := 7);
SELECT cerebro.predict('promoted', 'sales', 'id', '*', 'predicted');

CREATE FUNCTION bits(v double precision[]) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT string_agg(encode(float8send(x), 'hex'), ',') FROM unnest(v) x $$;
CREATE FUNCTION facts(models text) RETURNS SETOF text LANGUAGE plpgsql AS $f$
BEGIN
    RETURN QUERY EXECUTE format($$SELECT %1$L || ' weights ' || concat_ws(' ', group_id, mst_key, md5(model_weights)) FROM %1$I ORDER BY group_id, mst_key$$, models);
    RETURN QUERY EXECUTE format($$SELECT concat_ws(' ', %1$L || ' info', group_id, mst_key, status, diverged_step, metrics_iters, iterations_done, best_iteration, stopped_iteration,
        stopped_by, bits(ARRAY[training_loss_final, training_metrics_final, validation_loss_final, validation_metrics_final]), bits(training_loss), bits(validation_loss))
        FROM %2$I ORDER BY group_id, mst_key$$, models, models || '_info');
    RETURN QUERY EXECUTE format($$SELECT concat_ws(' ', %1$L || ' group', group_id, region, store, group_rows, validation_rows, digest, status, reason, chosen, mst_key, metric,
        bits(ARRAY[value, loss, global_value])) FROM %2$I ORDER BY group_id$$, models, models || '_groups');
END $f$;
\o
SELECT facts(r) FROM unnest('{plain,best,halved,promoted,windows,gone}'::text[]) r;
SELECT concat_ws(' ', 'packed', group_id, partition_id, buffer_id, md5(x), md5(y)) FROM packed ORDER BY group_id, partition_id, buffer_id;
SELECT 'same windows ' || bool_and(p.model_weights = w.model_weights) FROM long p JOIN windows w USING (group_id, mst_key);
SELECT 'same alone ' || count(*) FROM alone a JOIN plain p ON p.group_id = :nine AND p.mst_key = a.mst_key AND p.model_weights = a.model_weights;
SELECT concat_ws(' ', 'said', id, bits(ARRAY[estimated_y])) FROM predicted ORDER BY id;
SELECT concat_ws(' ', 'rank', rank, group_id, status, chosen, mst_key) FROM cerebro.group_leaderboard('promoted') ORDER BY rank, group_id;
