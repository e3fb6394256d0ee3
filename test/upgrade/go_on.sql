-- Everything goes on from what begin.sql made. Prints lines "what|digest": those of the version that made it, to the
-- bit, on the build that the first line names. Run by the old version when the fixture is made, and by this one after
-- the upgrade.
SET client_min_messages = error;
SET cerebro.threads = 1;
SET search_path = made, public;
\pset format unaligned
\pset tuples_only on
\o /dev/null

-- weights, optimizer slots, curves and decisions of a run
CREATE FUNCTION pg_temp.digest(run text) RETURNS TABLE(weights text, moments text, curves text, visits text)
LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format($q$SELECT
        (SELECT md5(string_agg(mst_key || md5(model_weights), ',' ORDER BY mst_key)) FROM %1$s),
        (SELECT md5(string_agg(concat_ws(' ', s.mst_key, t.name, t.shape, t.is_slot, t.data), ','
                ORDER BY s.mst_key, t.position))
            FROM (SELECT mst_key, string_agg(data, '' ORDER BY piece) AS state FROM %1$s_state GROUP BY 1) s,
                LATERAL cerebro.state_tensors(s.state) t),
        (SELECT md5(string_agg(concat_ws(' ', mst_key, status, metrics_iters, training_metrics,
                training_loss, validation_metrics, validation_loss, iterations_done, best_iteration,
                stopped_iteration, stopped_by), ','
                ORDER BY mst_key)) FROM %1$s_info),
        (SELECT md5(string_agg(concat_ws(' ', mst_key, iteration, visit, partition_id, loss, rows), ','
                ORDER BY mst_key, iteration, visit)) FROM %1$s_visits)$q$, run);
END $$;

SELECT cerebro.training_preprocessor_dl('points', 'packed_again', 'label', 'x', num_partitions => 3,
    standardize => true, validation_fraction => 0.2);
SELECT cerebro.fit_multiple_model('packed', 'models', 'configs', 2, validation_table => 'packed_val', workers => 0,
    seed => 3, warm_start => true);
SELECT cerebro.advance('packed', 'begun', 'configs', 6, workers => 0, seed => 3, restore_best => true,
    metrics_compute_frequency => 1, halving => $${'eta': 2, 'iterations': [4]}$$, iterations => 6);
SELECT cerebro.advance('packed', 'warm', 'configs', 4, workers => 0, seed => 3, warm_start => true, iterations => 4);
SELECT cerebro.advance('packed', 'searched', 'archs', 4, validation_table => 'packed_val', workers => 0, seed => 3,
    search => search, iterations => 100) FROM space;
INSERT INTO sales SELECT 1000 + i, 'west', 'new', i % 7, i % 5 FROM generate_series(1, 40) i;
SELECT cerebro.evaluate('models', 'packed_val', 'scores');
SELECT cerebro.deploy('kept', 2);
SELECT cerebro.register('kept', 'models', 1);

\o
SELECT 'build', build FROM models_summary;
SELECT run || '.' || what, value
FROM unnest(ARRAY['models', 'begun', 'warm', 'searched']) run, LATERAL pg_temp.digest(run) d,
    LATERAL (VALUES ('weights', d.weights), ('moments', d.moments), ('curves', d.curves), ('visits', d.visits))
        v(what, value) ORDER BY 1;
SELECT name, md5(string_agg(concat_ws(' ', partition_id, buffer_id, x, label), ',' ORDER BY partition_id, buffer_id))
FROM (SELECT 'packed' AS name, * FROM packed UNION ALL SELECT 'packed again', * FROM packed_again) p
GROUP BY 1 ORDER BY 1;
SELECT 'refresh', concat_ws(' ', added_groups, changed_groups, unchanged_groups, trained_groups)
FROM cerebro.refresh('regions');
SELECT 'regions', md5(string_agg(concat_ws(' ', group_id, mst_key, md5(model_weights)), ',' ORDER BY group_id, mst_key))
FROM regions;
SELECT 'scores', md5(string_agg(concat_ws(' ', mst_key, loss), ',' ORDER BY mst_key)) FROM scores;
SELECT 'kept', string_agg(concat_ws(' ', version, digest), ',' ORDER BY version)
FROM cerebro.model_versions WHERE name = 'kept';
SELECT 'predictions', md5(string_agg(cerebro.predict_vector('kept', x)::text, ',' ORDER BY id)) FROM points;
SELECT 'unfinished runs', count(*) FROM cerebro.runs WHERE name LIKE 'made.%' AND state <> 'finished';
