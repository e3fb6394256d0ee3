-- Every loss trains: the loss falls, and weights are the same bits with any number of workers. Metrics with arguments. What is wrong is said.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET extra_float_digits = 0;
CREATE SCHEMA losses;
SET search_path = losses, public;

\set data `echo "$CEREBRO_TEST_DATA"`
\i :data/attempt.sql
CREATE FUNCTION net(units integer, activation text, hidden text DEFAULT '') RETURNS json LANGUAGE sql AS $$
    SELECT format('{"class_name": "Sequential", "keras_version": "2.15.0", "config": {"name": "m", "layers": [
        {"class_name": "Dense", "config": {"name": "hidden", "units": 5, "activation": "tanh", "batch_input_shape": [null, 3]%s}},
        {"class_name": "Dense", "config": {"name": "out", "units": %s, "activation": "%s"}}]}}', $3, $1, $2)::json $$;

CREATE TABLE points AS
SELECT i AS id, ARRAY[i % 7, i % 5, i % 3]::real[] AS x, CASE WHEN i % 7 > 3 THEN 'yes' ELSE 'no' END AS mood,
       CASE WHEN i % 7 > 3 THEN 1 ELSE -1 END::real AS sign, (ARRAY['cat', 'dog', 'owl'])[1 + i % 3] AS animal, (i % 7 + i % 3)::real AS visits,
       (10 + i % 7 * 2)::real AS price, ARRAY[i % 7 - 3, i % 5 - 2, 1]::real[] AS direction
FROM generate_series(1, 84) i;
SELECT cerebro.training_preprocessor_dl('points', 'by_mood', 'mood', 'x', num_partitions => 2, dependent_type => 'index', standardize => true);
SELECT cerebro.training_preprocessor_dl('points', 'by_sign', 'sign', 'x', num_partitions => 2, dependent_type => 'real', standardize => true);
SELECT cerebro.training_preprocessor_dl('points', 'by_animal', 'animal', 'x', num_partitions => 2, standardize => true);
SELECT cerebro.training_preprocessor_dl('points', 'by_visits', 'visits', 'x', num_partitions => 2, dependent_type => 'real', standardize => true);
SELECT cerebro.training_preprocessor_dl('points', 'by_price', 'price', 'x', num_partitions => 2, dependent_type => 'real', standardize => true);
SELECT cerebro.training_preprocessor_dl('points', 'by_direction', 'direction', 'x', num_partitions => 2, standardize => true);
SELECT cerebro.load_model('archs', net(1, 'linear'));      -- 1
SELECT cerebro.load_model('archs', net(1, 'sigmoid'));     -- 2
SELECT cerebro.load_model('archs', net(3, 'softmax'));     -- 3
SELECT cerebro.load_model('archs', net(3, 'linear'));      -- 4
SELECT cerebro.load_model('archs', net(1, 'softplus'));    -- 5
SELECT cerebro.load_model('archs', net(1, 'hard_sigmoid'));-- 6

-- one model a loss, over its table: with no workers and with two
CREATE TABLE tried (packed text, loss text, metrics text, same boolean, fell boolean, finite boolean);
CREATE FUNCTION train(packed text, arch integer, loss text, metrics text DEFAULT '[]') RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    DROP TABLE IF EXISTS c, c_summary, w0, w0_info, w0_summary, w0_state, w0_visits, w2, w2_info, w2_summary, w2_state, w2_visits;
    PERFORM cerebro.load_model_selection_table('archs', 'c', ARRAY[arch],
        ARRAY[('optimizer=''Adam(lr=0.02)'',loss=' || loss || ',metrics=' || metrics)::varchar], ARRAY['batch_size=8']::varchar[]);
    PERFORM cerebro.fit_multiple_model(packed, 'w0', 'c', 8, metrics_compute_frequency => 1, workers => 0);
    PERFORM cerebro.fit_multiple_model(packed, 'w2', 'c', 8, metrics_compute_frequency => 1, workers => 2);
    INSERT INTO tried SELECT packed, loss, metrics, md5(w0.model_weights) = md5(w2.model_weights),
        i.training_loss[8] < i.training_loss[1], i.training_metrics_final IS NULL OR abs(i.training_metrics_final) < 1e9
    FROM w0, w2, w0_info i;
END $$;
SELECT train('by_mood', 1, '''hinge''', '[BinaryAccuracy(threshold=0), f1_score]');
SELECT train('by_sign', 1, '''hinge''');
SELECT train('by_mood', 1, '''squared_hinge''');
SELECT train('by_animal', 4, '''categorical_hinge''', '[F1Score(average=''micro''), accuracy]');
SELECT train('by_visits', 5, '''poisson''', '[''mape'', ''mae'']');
SELECT train('by_direction', 4, '''cosine_similarity''', '[''r2'']');
SELECT train('by_price', 1, '''log_cosh''');
SELECT train('by_price', 1, '''logcosh''');
SELECT train('by_price', 1, '''mape''', '[''mape'']');
SELECT train('by_visits', 5, '''msle''');
SELECT train('by_mood', 2, '''binary_focal_crossentropy''', '[AUC(curve=''PR''), ''mcc'']');
SELECT train('by_mood', 2, 'BinaryFocalCrossentropy(apply_class_balancing=True, alpha=0.6, gamma=1.5, label_smoothing=0.1)', '[Precision(thresholds=0.3)]');
SELECT train('by_mood', 1, 'BinaryFocalCrossentropy(from_logits=True)', '[''cohen_kappa'']');
SELECT train('by_mood', 6, '''binary_focal_crossentropy''');  -- of probabilities, by autograd
SELECT train('by_animal', 3, '''categorical_focal_crossentropy''', '[CohenKappa(weightage=''quadratic''), F1Score(average=''weighted'', threshold=0.4)]');
SELECT train('by_animal', 4, 'CategoricalFocalCrossentropy(from_logits=True, alpha=0.5, gamma=1)', '[''matthews_correlation'']');
SELECT loss, metrics, same, fell, finite FROM tried ORDER BY loss COLLATE "C", packed COLLATE "C", metrics COLLATE "C";
-- names in the result tables, and a loss by an alias
SELECT loss_type, metrics_type, status FROM w2_info;

-- margins: above 0 is the second class
SELECT train('by_mood', 1, '''hinge''', '[BinaryAccuracy(threshold=0)]');
SELECT cerebro.predict('w2', 'points', 'id', 'x', 'told', 'response');
SELECT count(*) AS rows, count(CASE WHEN t.class_value = p.mood THEN 1 END) > 75 AS mostly_right, min(prob) >= 0.5 AND max(prob) <= 1 AS within
FROM told t JOIN points p USING (id);
SELECT cerebro.predict('w2', 'points', 'id', 'x', 'told_all');
SELECT count(*) AS rows, count(DISTINCT id) AS ids, bool_and(prob BETWEEN 0 AND 1) AS within, bool_and(rank BETWEEN 1 AND 2) AS ranked FROM told_all;
SELECT sum(CASE WHEN actual = predicted THEN count END) > 75 AS mostly_right, sum(count) AS rows FROM cerebro.confusion_matrix('w2', 'by_mood');
-- of numbers nobody knows the classes: an estimate
SELECT train('by_sign', 1, '''hinge''');
SELECT cerebro.predict('w2', 'points', 'id', 'x', 'told_sign');
SELECT bool_and(estimated_sign * sign > 0) FROM told_sign JOIN points USING (id);

-- a grid over them
SELECT cerebro.generate_model_configs('archs', 'grid', ARRAY[1], $${'loss': ['hinge', 'squared_hinge', 'BinaryFocalCrossentropy(from_logits=True, gamma=1)'],
    'optimizer_params_list': [{'optimizer': ['SGD'], 'lr': [0.1]}], 'metrics': [["AUC(curve='PR')", 'f1']]}$$, $${'batch_size': [8]}$$);
SELECT compile_params FROM grid ORDER BY compile_params COLLATE "C";
SELECT cerebro.fit_multiple_model('by_mood', 'out', 'grid', 2, validation_table => 'by_mood');
SELECT metrics_type, count(*) FROM out_info GROUP BY 1;

\x on
-- what makes no sense, and what is wrong
CREATE FUNCTION wrong(packed text, arch integer, loss text, metrics text DEFAULT '[]') RETURNS TABLE(message text, detail text, hint text) LANGUAGE plpgsql AS $$
BEGIN
    DROP TABLE IF EXISTS w, w_summary;
    RETURN QUERY SELECT attempt.message, attempt.detail, attempt.hint FROM attempt(format('SELECT cerebro.load_model_selection_table(''archs'', ''w'', ARRAY[%s], ARRAY[%L]::varchar[], ARRAY[''batch_size=8'']);
        SELECT cerebro.fit_multiple_model(%L, ''never'', ''w'', 1)', arch, 'optimizer=''SGD(lr=0.1)'',loss=' || loss || ',metrics=' || metrics, packed));
    DROP TABLE IF EXISTS never, never_info, never_summary, never_state, never_visits;
END $$;
SELECT * FROM wrong('by_animal', 1, '''hinge''');
SELECT * FROM wrong('by_mood', 1, '''categorical_hinge''');
SELECT * FROM wrong('by_price', 1, '''cosine_similarity''');
SELECT * FROM wrong('by_price', 1, '''binary_focal_crossentropy''');
SELECT * FROM wrong('by_price', 4, '''categorical_focal_crossentropy''');
SELECT * FROM wrong('by_mood', 2, '''hinge''');
SELECT * FROM wrong('by_visits', 1, '''poisson''');
SELECT * FROM wrong('by_visits', 1, '''msle''');
SELECT * FROM wrong('by_animal', 3, '''mape''');
SELECT * FROM wrong('by_mood', 1, '''hinges''');
SELECT * FROM wrong('by_mood', 1, 'hinge(margin=2)');
SELECT * FROM wrong('by_mood', 2, 'binary_focal_crossentropy(gamma=-1)');
SELECT * FROM wrong('by_mood', 2, 'binary_focal_crossentropy(alpha=[0.2, 0.8])');
SELECT * FROM wrong('by_mood', 2, 'binary_focal_crossentropy(apply_class_balancing=1)');
SELECT * FROM wrong('by_mood', 2, '''binary_focal_crossentropy''', '[AUC(curve=''ROCK'')]');
SELECT * FROM wrong('by_mood', 2, '''binary_focal_crossentropy''', '[F1Score(average=''mean'')]');
SELECT * FROM wrong('by_mood', 2, '''binary_focal_crossentropy''', '[Precision(thresholds=[0.2, 0.4])]');
SELECT * FROM wrong('by_mood', 2, '''binary_focal_crossentropy''', '[''f2_score'']');
-- labels of a focal cross-entropy are probabilities
SELECT * FROM wrong('by_sign', 2, '''binary_focal_crossentropy''');
\x off

SET client_min_messages = error;
DROP SCHEMA losses CASCADE;
