-- With promote => 'if_better' the chosen models are never worse than the global one over held-out rows in all, and better where groups differ; groups
-- that are too small have the global model.
SET client_min_messages = warning;
CREATE SCHEMA groups_promotion;
SET search_path = groups_promotion, public;

-- 40 groups; in the first half the label follows from the inputs in a way of the group's own, in the second half in one way for all. Every tenth group
-- has 20 rows. What a row's noise is follows from its number
CREATE TABLE rows AS
SELECT g * 10000 + n AS id, g, n % 5 = 0 AS held_out, x1, x2, x3,
       CASE WHEN g <= 20 THEN (g % 5 - 2) * x1 + (g % 3 - 1) * x2 + g / 10.0 ELSE x1 - x2 END + 0.1 * sin(n * 12.9898 + g * 78.233) AS y
FROM generate_series(1, 40) g, LATERAL generate_series(1, CASE WHEN g % 10 = 0 THEN 25 ELSE 200 END) n,
     LATERAL (SELECT sin(n * 3.1 + g) AS x1, cos(n * 1.7 + g * 2) AS x2, sin(n * 0.9 + g * 3) AS x3) x;
CREATE VIEW training AS SELECT * FROM rows WHERE NOT held_out;
CREATE VIEW held_out AS SELECT * FROM rows WHERE held_out;
SELECT cerebro.training_preprocessor_dl('training', 'packed', 'y', 'x1, x2, x3', grouping_cols => 'g', min_rows => 30, dependent_type => 'real',
                                        validation_fraction => 0.2, seed => 1);
SELECT cerebro.load_model('archs', $$
{"class_name": "Sequential", "keras_version": "2.4.0", "config": {"name": "mlp", "layers": [
 {"class_name": "Dense", "config": {"name": "hidden", "units": 8, "activation": "relu", "batch_input_shape": [null, 3]}},
 {"class_name": "Dense", "config": {"name": "out", "units": 1}}]}} $$);
SELECT cerebro.generate_model_configs('archs', 'configs', ARRAY[1],
    $${'loss': ['mse'], 'optimizer_params_list': [{'optimizer': ['Adam'], 'lr': [0.01, 0.003]}], 'metrics': ['rmse']}$$, $${'batch_size': [16], 'epochs': [1]}$$);
SELECT cerebro.fit_multiple_model('packed', 'models', 'configs', 20, validation_table => 'packed_val', seed => 2, workers => 2, global_model => true,
                                  warm_start_groups => true, promote => 'if_better', restore_best => true, metrics_compute_frequency => 2);

SELECT g % 10 = 0 AS small, status, chosen = 'global' AS has_global, count(*) > 0 AS any FROM models_groups WHERE g % 10 = 0 GROUP BY 1, 2, 3;
SELECT bool_and((chosen = 'own') = (value < global_value)) AS own_where_better FROM models_groups WHERE status = 'trained';
SELECT cerebro.predict('models', 'held_out', 'id', '*', 'chosen');
SELECT global_mst_key AS best FROM models_summary \gset
SELECT cerebro.predict('models_global', 'held_out', 'id', '*', 'by_global', mst_key => :best);
CREATE VIEW errors AS SELECT r.g, sqrt(avg((c.estimated_y - r.y) ^ 2)) AS chosen, sqrt(avg((b.estimated_y - r.y) ^ 2)) AS global
FROM held_out r JOIN chosen c USING (id) JOIN by_global b USING (id) GROUP BY r.g;
SELECT count(*) AS groups, sqrt(avg(chosen ^ 2)) <= sqrt(avg(global ^ 2)) AS never_worse_in_all,
       sqrt(avg(chosen ^ 2) FILTER (WHERE g <= 20 AND g % 10 <> 0)) <= 0.9 * sqrt(avg(global ^ 2) FILTER (WHERE g <= 20 AND g % 10 <> 0)) AS better_where_groups_differ
FROM errors;

DROP SCHEMA groups_promotion CASCADE;
