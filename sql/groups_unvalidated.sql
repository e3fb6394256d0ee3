-- A run over groups with a validation table, in which a group has no row: the rules of the run are the same for it, by its training rows, and so are
-- those of a refresh in which no changed group has one.
\pset null '(null)'
SET client_min_messages = warning;
CREATE SCHEMA groups_unvalidated;
SET search_path = groups_unvalidated, public;

-- of two rows none is held out
CREATE TABLE s AS SELECT g * 1000 + n AS id, g, sin(g * 7 + n * 3.1)::real AS x, cos(g * 5 + n * 1.7)::real AS y
FROM generate_series(1, 3) g, LATERAL generate_series(1, CASE WHEN g = 1 THEN 2 ELSE 50 END) n;
SELECT cerebro.training_preprocessor_dl('s', 'p', 'y', 'x', dependent_type => 'real', grouping_cols => 'g', validation_fraction => 0.2);
SELECT group_id, group_rows, validation_rows FROM p_groups ORDER BY 1;
SELECT cerebro.load_model('archs', '{"class_name": "Sequential", "config": {"name": "s", "layers": [{"class_name": "Dense", "config": {"name": "d", "units": 4, "activation": "relu", "batch_input_shape": [null, 1]}}, {"class_name": "Dense", "config": {"name": "e", "units": 1}}]}}');
SELECT cerebro.load_model_selection_table('archs', 'configs', ARRAY[1],
    ARRAY[$$loss='mse', optimizer='Adam(lr=0.01)', metrics=['mae']$$, $$loss='mse', optimizer='SGD(lr=0.9)', metrics=['mae']$$], ARRAY['batch_size=16, epochs=1']);

-- the best evaluation is that of the training rows, and nothing is there to lose patience with
SELECT cerebro.fit_multiple_model('p', 'm', 'configs', 6, validation_table => 'p_val', metrics_compute_frequency => 1, early_stopping => $${'patience': 1}$$, restore_best => true, workers => 0);
SELECT group_id, mst_key, validation_loss IS NULL AS unvalidated, array_length(training_loss, 1) AS evaluations,
       training_loss[best_iteration] = (SELECT min(v) FROM unnest(training_loss) v) AS best_of_training, stopped_by FROM m_info WHERE group_id = 1 ORDER BY 2;
SELECT cerebro.fit_multiple_model('p', 'h', 'configs', 4, validation_table => 'p_val', metrics_compute_frequency => 1, restore_best => true,
                                  halving => $${'eta': 2, 'iterations': [2], 'monitor': 'val_mae'}$$, workers => 0);
SELECT group_id, count(*) AS models, count(stopped_by) AS halved FROM h_info GROUP BY 1 ORDER BY 1;
SELECT (SELECT training_metrics[2] FROM h_info WHERE group_id = 1 AND stopped_by IS NULL) < (SELECT training_metrics[2] FROM h_info WHERE group_id = 1 AND stopped_by = 'halving') AS the_better_one;
-- by workers, and hopping between partitions, too
SELECT cerebro.fit_multiple_model('p', 'w', 'configs', 6, validation_table => 'p_val', metrics_compute_frequency => 1, early_stopping => $${'patience': 1}$$, restore_best => true, workers => 2);
SELECT count(*) AS models, bool_and(m.model_weights = w.model_weights) AS equal FROM m JOIN w USING (group_id, mst_key);
SET cerebro.cache_mem = 0;
SELECT cerebro.fit_multiple_model('p', 'hops', 'configs', 6, validation_table => 'p_val', metrics_compute_frequency => 1, early_stopping => $${'patience': 1}$$, restore_best => true, workers => 2);
RESET cerebro.cache_mem;
SELECT count(*) AS models, bool_and(m.model_weights = h.model_weights) AS equal FROM m JOIN hops h USING (group_id, mst_key);

-- a refresh in which no changed group has a row that validates: chosen, stopped and kept as in the run
CREATE FUNCTION compared(refreshed text, anew text) RETURNS TABLE(groups bigint, chosen boolean, models bigint, weights boolean, evaluations boolean) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format($q$SELECT (SELECT count(*) FROM %1$I_groups), (SELECT bool_and(a.chosen = b.chosen AND (a.chosen = 'global' OR a.mst_key = b.mst_key) AND a.status = b.status) FROM %1$I_groups a JOIN %2$I_groups b USING (group_id) WHERE group_id = 1),
        count(*), bool_and(a.model_weights = b.model_weights), (SELECT bool_and(a.best_iteration IS NOT DISTINCT FROM b.best_iteration AND a.iterations_done = b.iterations_done AND a.stopped_by IS NOT DISTINCT FROM b.stopped_by
        AND a.training_loss = b.training_loss) FROM %1$I_info a JOIN %2$I_info b USING (group_id, mst_key)) FROM %1$I a JOIN %2$I b USING (group_id, mst_key)$q$, refreshed, anew);
END $$;
SELECT cerebro.training_preprocessor_dl('s', 'r_packed', 'y', 'x', dependent_type => 'real', grouping_cols => 'g', validation_fraction => 0.2);
SELECT cerebro.fit_multiple_model('r_packed', 'r', 'configs', 4, validation_table => 'r_packed_val', metrics_compute_frequency => 1, early_stopping => $${'patience': 2, 'monitor': 'val_mae'}$$,
                                  restore_best => true, global_model => true, promote => 'if_better', workers => 0);
UPDATE s SET x = x + 1 WHERE g = 1;
SELECT changed_groups, trained_groups FROM cerebro.refresh('r');
SELECT cerebro.training_preprocessor_dl('s', 'n_packed', 'y', 'x', dependent_type => 'real', grouping_cols => 'g', validation_fraction => 0.2);
SELECT cerebro.fit_multiple_model('n_packed', 'n', 'configs', 4, validation_table => 'n_packed_val', metrics_compute_frequency => 1, early_stopping => $${'patience': 2, 'monitor': 'val_mae'}$$,
                                  restore_best => true, global_model => true, promote => 'if_better', workers => 0);
SELECT * FROM compared('r', 'n');
SELECT g.group_id, g.chosen FROM r_groups g ORDER BY 1 LIMIT 1;
-- by the default monitor, which is that of the validation table
SELECT cerebro.training_preprocessor_dl('s', 'd_packed', 'y', 'x', dependent_type => 'real', grouping_cols => 'g', validation_fraction => 0.2);
SELECT cerebro.fit_multiple_model('d_packed', 'd', 'configs', 6, validation_table => 'd_packed_val', metrics_compute_frequency => 1, early_stopping => $${'patience': 1}$$, workers => 0);
UPDATE s SET x = x - 2 WHERE g = 1;
SELECT changed_groups, trained_groups FROM cerebro.refresh('d');
SELECT cerebro.training_preprocessor_dl('s', 'e_packed', 'y', 'x', dependent_type => 'real', grouping_cols => 'g', validation_fraction => 0.2);
SELECT cerebro.fit_multiple_model('e_packed', 'e', 'configs', 6, validation_table => 'e_packed_val', metrics_compute_frequency => 1, early_stopping => $${'patience': 1}$$, workers => 0);
SELECT * FROM compared('d', 'e');
-- a run without a validation table does not begin to have one
SELECT cerebro.training_preprocessor_dl('s', 'o_packed', 'y', 'x', dependent_type => 'real', grouping_cols => 'g', validation_fraction => 0.2);
SELECT cerebro.fit_multiple_model('o_packed', 'o', 'configs', 2, workers => 0);
UPDATE s SET x = x + 1 WHERE g = 2;
SELECT changed_groups, trained_groups FROM cerebro.refresh('o');
SELECT count(*) AS models, count(validation_loss_final) AS validated FROM o_info;
DROP SCHEMA groups_unvalidated CASCADE;
