-- Early stopping and successive halving: who stops follows from the metrics alone, and no bit of any model changes.
\pset null '(null)'
SET client_min_messages = warning;
SET cerebro.bundles = 4;
CREATE SCHEMA stopping;
SET search_path = stopping, public;
CREATE TABLE points AS
SELECT i AS id, (i % 3)::int AS label, ARRAY(SELECT ((i * 7919 + c * 1299709) % 97 + CASE WHEN c % 3 = i % 3 THEN 30 ELSE 0 END)::int FROM generate_series(0, 11) c) AS x
FROM generate_series(1, 600) i;
SELECT cerebro.training_preprocessor_dl('points', 'packed', 'label', 'x', normalizing_const => 130, num_partitions => 4, seed => 3, buffer_size => 64);
CREATE TABLE others AS SELECT id + 600 AS id, label, ARRAY(SELECT (v + id * 31) % 131 FROM unnest(x) v) AS x FROM points WHERE id % 4 = 0
UNION ALL SELECT id + 1200, label, x FROM points WHERE id % 4 = 1;
SELECT cerebro.validation_preprocessor_dl('others', 'packed_val', 'label', 'x', 'packed');
SELECT cerebro.load_model('archs', $$
{"class_name": "Sequential", "keras_version": "2.4.0", "config": [
 {"class_name": "Dense", "config": {"name": "hidden", "units": 10, "activation": "relu", "batch_input_shape": [null, 12]}},
 {"class_name": "Dropout", "config": {"name": "drop", "rate": 0.2}},
 {"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax"}}]} $$);
SELECT cerebro.generate_model_configs('archs', 'configs', ARRAY[1],
    $${'loss': ['categorical_crossentropy'], 'optimizer_params_list': [{'optimizer': ['Adam'], 'lr': [0.0001, 0.001, 0.01]},
       {'optimizer': ['SGD'], 'lr': [0.001, 0.01, 0.1], 'momentum': [0.9]}], 'metrics': ['accuracy']}$$,
    $${'batch_size': [16, 32], 'epochs': [1]}$$);
SELECT count(*) FROM configs;

-- the yardstick: everything to the end
SELECT cerebro.fit_multiple_model('packed', 'whole', 'configs', 9, validation_table => 'packed_val', metrics_compute_frequency => 1, workers => 2, seed => 7);

-- halving: metrics are computed after the iterations that need them
SELECT l FROM cerebro.explain_fit_multiple_model('packed', 'halved', 'configs', 9, validation_table => 'packed_val',
    halving => $${'eta': 2, 'iterations': [1, 3]}$$) l WHERE l ~ 'Halving|Metrics';
SELECT cerebro.fit_multiple_model('packed', 'halved', 'configs', 9, validation_table => 'packed_val', workers => 2, seed => 7,
    halving => $${'eta': 2, 'iterations': [1, 3]}$$);
SELECT status, stopped_iteration, stopped_by, iterations_done, metrics_iters, count(*) AS models, min(array_length(validation_loss, 1)) AS losses,
       min(array_dims(training_metric_values)) AS training_values, min(array_length(metrics_elapsed_time, 1)) AS times,
       bool_and(validation_metrics_final = validation_metrics[array_length(metrics_iters, 1)]) AS final_is_last
FROM halved_info GROUP BY 1, 2, 3, 4, 5 ORDER BY 2;
SELECT metrics_iters, halving, early_stopping FROM halved_summary;
-- who stops: of those that train, the worse half by accuracy, then by loss
WITH first AS (
    SELECT mst_key, row_number() OVER (ORDER BY validation_metrics[1] DESC, validation_loss[1], mst_key) AS r FROM whole_info),
second AS (
    SELECT mst_key, row_number() OVER (ORDER BY validation_metrics[3] DESC, validation_loss[3], mst_key) AS r FROM whole_info
    WHERE mst_key IN (SELECT mst_key FROM first WHERE r <= 6))
SELECT count(*) AS models,
       bool_and(h.stopped_iteration IS NOT DISTINCT FROM CASE WHEN f.r > 6 THEN 1 WHEN s.r > 3 THEN 3 END) AS as_ranked
FROM halved_info h JOIN first f USING (mst_key) LEFT JOIN second s USING (mst_key);
-- a stopped model is visited no more
SELECT bool_and(v.visits = 4 * i.iterations_done) AS visits FROM halved_info i JOIN (SELECT mst_key, count(*) AS visits FROM halved_visits GROUP BY mst_key) v USING (mst_key);
-- its metrics, and the others', are those of the full run
SELECT bool_and(h.validation_loss[u.n] = w.validation_loss[h.metrics_iters[u.n]] AND h.training_metrics[u.n] = w.training_metrics[h.metrics_iters[u.n]]) AS same
FROM halved_info h JOIN whole_info w USING (mst_key) CROSS JOIN LATERAL generate_subscripts(h.metrics_iters, 1) u(n);

-- bits: those that go on are as in the full run, those that stop as in a run of so many iterations
SELECT cerebro.fit_multiple_model('packed', 'one', 'configs', 1, workers => 2, seed => 7);
SELECT cerebro.fit_multiple_model('packed', 'three', 'configs', 3, workers => 1, seed => 7);
SELECT i.stopped_iteration, bool_and(md5(h.model_weights) = md5(CASE i.stopped_iteration WHEN 1 THEN o.model_weights WHEN 3 THEN t.model_weights ELSE w.model_weights END)) AS same
FROM halved h JOIN halved_info i USING (mst_key) JOIN whole w USING (mst_key) JOIN one o USING (mst_key) JOIN three t USING (mst_key) GROUP BY 1 ORDER BY 1;
SELECT bool_and(h.data = o.data) AS same_state FROM halved_state h JOIN one_state o USING (mst_key, piece) JOIN halved_info i USING (mst_key) WHERE stopped_iteration = 1;
-- without workers, and with states in a mapped file
CREATE FUNCTION fingerprint(models regclass) RETURNS text LANGUAGE plpgsql AS $$
DECLARE f text;
BEGIN
    EXECUTE format('SELECT md5(string_agg(mst_key || md5(model_weights), '','' ORDER BY mst_key)) FROM %s', models) INTO f;
    RETURN f;
END $$;
SELECT cerebro.fit_multiple_model('packed', 'serial', 'configs', 9, validation_table => 'packed_val', workers => 0, seed => 7,
    halving => $${'eta': 2, 'iterations': [1, 3]}$$);
SET cerebro.shared_state_mem = 0;
SELECT cerebro.fit_multiple_model('packed', 'mapped', 'configs', 9, validation_table => 'packed_val', workers => 2, seed => 7,
    halving => $${'eta': 2, 'iterations': [1, 3]}$$);
RESET cerebro.shared_state_mem;
SELECT fingerprint('serial') = fingerprint('halved') AS serial, fingerprint('mapped') = fingerprint('halved') AS mapped;

-- stopped models go on later, as if they had never stopped: those of the first round by themselves, then all of another run together
CREATE TABLE losers AS SELECT c.* FROM configs c JOIN halved_info i USING (mst_key) WHERE i.stopped_iteration = 1;
CREATE TABLE losers_summary AS SELECT * FROM configs_summary;
SELECT cerebro.fit_multiple_model('packed', 'serial', 'losers', 8, validation_table => 'packed_val', workers => 2, warm_start => true, seed => 7);
SELECT count(*) AS models, bool_and(md5(s.model_weights) = md5(w.model_weights)) AS same FROM serial s JOIN whole w USING (mst_key);
SELECT cerebro.fit_multiple_model('packed', 'mapped', 'configs', 2, workers => 2, warm_start => true, seed => 7);
SELECT iterations_done, status, stopped_iteration, count(*) FROM mapped_info GROUP BY 1, 2, 3 ORDER BY 1;
SELECT bool_and(md5(m.model_weights) = md5(t.model_weights)) AS same FROM mapped m JOIN mapped_info i USING (mst_key) JOIN three t USING (mst_key) WHERE iterations_done = 3;

-- reports
SELECT count(*) AS models, count(DISTINCT rank) AS ranks, count(*) FILTER (WHERE status = 'stopped') AS stopped
FROM cerebro.leaderboard('halved');
SELECT i.stopped_iteration, min(c.iterations::text) AS iterations, count(*) AS models FROM halved_info i
JOIN (SELECT mst_key, array_agg(iteration ORDER BY iteration) AS iterations FROM cerebro.learning_curve('halved') WHERE training_loss IS NOT NULL AND validation_metric IS NOT NULL GROUP BY mst_key) c
USING (mst_key) GROUP BY 1 ORDER BY 1;
SELECT cerebro.evaluate('halved', 'packed_val', 'halved_eval');
SELECT bool_and(e.metric = i.validation_metrics_final AND e.loss = i.validation_loss_final) AS same FROM halved_eval e JOIN halved_info i USING (mst_key);

-- patience: Keras's rule, from the history of the full run
CREATE FUNCTION stops_at(history double precision[], patience integer, min_delta double precision) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    best double precision;
    waited integer := 0;
BEGIN
    FOR i IN 1 .. array_length(history, 1) LOOP
        IF best IS NULL OR history[i] < best - min_delta THEN
            best := history[i];
            waited := 0;
        ELSE
            waited := waited + 1;
        END IF;
        IF waited >= patience AND i < array_length(history, 1) THEN
            RETURN i;
        END IF;
    END LOOP;
    RETURN NULL;
END $$;
SELECT cerebro.fit_multiple_model('packed', 'patient', 'configs', 9, validation_table => 'packed_val', workers => 2, seed => 7,
    early_stopping => $${'monitor': 'val_loss', 'patience': 2, 'min_delta': 0.01}$$);
SELECT count(*) AS models, bool_and(p.stopped_iteration IS NOT DISTINCT FROM stops_at(w.validation_loss, 2, 0.01)) AS as_keras,
       count(p.stopped_iteration) BETWEEN 1 AND 11 AS some_stopped, bool_and(p.stopped_by = 'early_stopping') AS by_patience
FROM patient_info p JOIN whole_info w USING (mst_key);
SELECT bool_and(md5(p.model_weights) = md5(w.model_weights)) AS same FROM patient p JOIN whole w USING (mst_key) JOIN patient_info i USING (mst_key) WHERE i.status = 'trained';
-- it goes on over a warm start, and so do the curves: but for models that would have stopped at the end of the first run, where none stops
SELECT cerebro.fit_multiple_model('packed', 'split', 'configs', 4, validation_table => 'packed_val', workers => 2, seed => 7,
    early_stopping => $${'monitor': 'val_loss', 'patience': 2, 'min_delta': 0.01}$$);
CREATE TABLE going AS SELECT c.* FROM configs c JOIN split_info i USING (mst_key) WHERE i.status = 'trained';
CREATE TABLE going_summary AS SELECT * FROM configs_summary;
SELECT cerebro.fit_multiple_model('packed', 'split', 'going', 5, validation_table => 'packed_val', workers => 2, warm_start => true, seed => 7,
    early_stopping => $${'monitor': 'val_loss', 'patience': 2, 'min_delta': 0.01}$$);
SELECT count(*) > 0 AS models, bool_and(s.stopped_iteration IS NOT DISTINCT FROM p.stopped_iteration) AS as_in_one_run,
       count(s.stopped_iteration) > 0 AS some_stopped, bool_and(s.metrics_iters = p.metrics_iters AND s.validation_loss = p.validation_loss) AS same_curves,
       bool_and(s.iterations_done = array_length(s.metrics_iters, 1)) AS whole
FROM split_info s JOIN patient_info p USING (mst_key) WHERE p.stopped_iteration IS DISTINCT FROM 4;
SELECT bool_and(v.visits = 4 * i.iterations_done AND v.last = i.iterations_done) AS visits FROM split_info i
JOIN (SELECT mst_key, count(*) AS visits, max(iteration) AS last FROM split_visits GROUP BY 1) v USING (mst_key);
-- a model that has run out of it stops again at once, and at the iteration of its own count
SELECT cerebro.fit_multiple_model('packed', 'split', 'going', 3, validation_table => 'packed_val', workers => 2, warm_start => true, seed => 7,
    early_stopping => $${'monitor': 'val_loss', 'patience': 1, 'min_delta': 1000}$$);
SELECT bool_and(s.stopped_iteration = s.iterations_done AND s.iterations_done = p.iterations_done + 1) AS at_once
FROM split_info s JOIN patient_info p USING (mst_key) WHERE p.stopped_iteration IS DISTINCT FROM 4;

-- accuracy goes up, unless the mode says otherwise; evaluations are counted, here every second iteration
SELECT cerebro.fit_multiple_model('packed', 'upwards', 'configs', 9, validation_table => 'packed_val', metrics_compute_frequency => 2, workers => 2, seed => 7,
    early_stopping => $${'monitor': 'accuracy', 'patience': 1}$$);
SELECT bool_and(u.stopped_iteration IS NOT DISTINCT FROM
    2 * stops_at(ARRAY(SELECT -w.training_metrics[n] FROM unnest(ARRAY[2, 4, 6, 8, 9]) n), 1, 0)) AS as_keras FROM upwards_info u JOIN whole_info w USING (mst_key);
SELECT cerebro.fit_multiple_model('packed', 'downwards', 'configs', 4, workers => 0, seed => 7, early_stopping => $${'patience': 1, 'mode': 'max'}$$);
SELECT bool_and(d.stopped_iteration IS NOT DISTINCT FROM stops_at(ARRAY(SELECT -w.training_loss[n] FROM unnest(ARRAY[1, 2, 3, 4]) n), 1, 0)) AS as_told
FROM downwards_info d JOIN whole_info w USING (mst_key);
-- when all have stopped, the run is over
SELECT cerebro.fit_multiple_model('packed', 'early', 'configs', 100000, workers => 2, seed => 7, early_stopping => $${'patience': 2, 'min_delta': 1000}$$);
SELECT status, stopped_iteration, iterations_done, metrics_iters, count(*) FROM early_info GROUP BY 1, 2, 3, 4;
SELECT num_iterations, metrics_compute_frequency, metrics_iters FROM early_summary;

-- both together, with the best weights kept: patience first, halving ranks the rest
SELECT l FROM cerebro.explain_fit_multiple_model('packed', 'both', 'configs', 9, validation_table => 'packed_val', restore_best => true,
    early_stopping => $${'patience': 1, 'min_delta': 0.001}$$, halving => $${'eta': 3, 'monitor': 'val_loss'}$$) l WHERE l ~ 'Halving|Early|Metrics';
SELECT cerebro.fit_multiple_model('packed', 'both', 'configs', 9, validation_table => 'packed_val', workers => 2, seed => 7, restore_best => true,
    early_stopping => $${'patience': 1, 'min_delta': 0.001}$$, halving => $${'eta': 3, 'monitor': 'val_loss'}$$);
SELECT bool_and(best_iteration <= coalesce(stopped_iteration, 9)) AS within, bool_and(validation_loss_final = validation_loss[best_iteration]) AS final_is_best,
       count(*) FILTER (WHERE status = 'trained') <= 2 AS few_left
FROM both_info;
SELECT cerebro.evaluate('both', 'packed_val', 'both_eval');
SELECT bool_and(e.loss = i.validation_loss_final) AS same FROM both_eval e JOIN both_info i USING (mst_key);

-- diverged models are none of those that are halved; models with different first metrics are ranked by the loss
SELECT cerebro.load_model_selection_table('archs', 'mixed', ARRAY[1],
    ARRAY[$$optimizer='SGD(lr=1e30)',loss='categorical_crossentropy',metrics=['accuracy']$$,
          $$optimizer='Adam(lr=0.01)',loss='categorical_crossentropy',metrics=['accuracy']$$,
          $$optimizer='Adam(lr=0.005)',loss='categorical_crossentropy',metrics=['mae']$$,
          $$optimizer='Adam(lr=0.001)',loss='categorical_crossentropy'$$,
          $$optimizer='Adam(lr=0.00001)',loss='categorical_crossentropy'$$], ARRAY['batch_size=16,epochs=1']);
SET client_min_messages = error;
SELECT cerebro.fit_multiple_model('packed', 'mixed_models', 'mixed', 4, workers => 2, halving => $${'eta': 2, 'iterations': [2]}$$);
SET client_min_messages = warning;
SELECT mst_key, status, stopped_iteration, metrics_iters FROM mixed_models_info ORDER BY mst_key;

SET client_min_messages = error;
DROP SCHEMA stopping CASCADE;
