-- Model selection tables: the manual's examples, grid and random search, and every message.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION pg_cerebro_madlib;
SELECT madlib.load_keras_model('madlib_archs', '{}') FROM generate_series(1, 2);

SELECT madlib.load_model_selection_table('madlib_archs', 'madlib_mst', ARRAY[2, 1, 2],
    ARRAY[$$loss='categorical_crossentropy',optimizer='Adam(lr=0.1)',metrics=['accuracy']$$,
          $$loss='categorical_crossentropy', optimizer='Adam(lr=0.01)',metrics=['accuracy']$$,
          $$optimizer='Adam(lr=0.1)', metrics=['accuracy'], loss='categorical_crossentropy'$$],
    ARRAY[$$batch_size=4,epochs=1$$, $$batch_size=8,epochs=1$$, $$epochs=1, batch_size=4$$]);
SELECT * FROM madlib_mst ORDER BY mst_key;
SELECT * FROM madlib_mst_summary;
DROP TABLE madlib_mst, madlib_mst_summary;

-- iris
SELECT madlib.generate_model_configs('madlib_archs', 'madlib_mst', ARRAY[1, 2], $${'loss': ['categorical_crossentropy'],
    'optimizer_params_list': [ {'optimizer': ['Adam'], 'lr': [0.001, 0.01, 0.1]} ], 'metrics': ['accuracy']}$$,
    $${ 'batch_size': [4, 8], 'epochs': [1] }$$, 'grid');
SELECT * FROM madlib_mst ORDER BY mst_key;
-- appended: each dictionary is expanded by itself, what is there already is not added again, and the summary stays one row
SELECT madlib.generate_model_configs('madlib_archs', 'madlib_mst', ARRAY[1], $${'loss': ['categorical_crossentropy'], 'optimizer_params_list':
    [{'optimizer': ['Adam', 'sgd'], 'lr': [0.001], 'nesterov': [True]}, {'optimizer': ['rmsprop', 'ADAGRAD']}, {'lr': [1e-6]}, {'optimizer': ['Adam'],
    'lr': [0.001]}], 'metrics': [None, ['accuracy', 'mae']]}$$, $${'batch_size': [4], 'epochs': [1], 'class_weight': [{0: 1, 1: 2.5}, None]}$$, 'G');
SELECT * FROM madlib_mst WHERE mst_key > 12 ORDER BY mst_key;
SELECT * FROM madlib_mst_summary;
-- a summary that was lost is made again
DROP TABLE madlib_mst_summary;
SELECT madlib.generate_model_configs('madlib_archs', 'madlib_mst', ARRAY[1], $${'loss': ['mse'], 'metrics': ['mae']}$$, $${'callbacks': ['[TensorBoard(log_dir="/tmp/logs")]']}$$);
SELECT model_id, compile_params, fit_params FROM madlib_mst ORDER BY mst_key DESC LIMIT 1;
SELECT * FROM madlib_mst_summary;
DROP TABLE madlib_mst, madlib_mst_summary;

-- random: the same seed gives the same configurations, 0 too; values lie in their bounds
CREATE FUNCTION madlib_random(name text, seed integer) RETURNS void LANGUAGE sql AS $f$
    SELECT madlib.generate_model_configs('madlib_archs', $1, ARRAY[1, 2], $${'loss': ['categorical_crossentropy'], 'optimizer_params_list':
        [{'optimizer': ['SGD'], 'lr': [0.001, 0.1, 'log'], 'momentum': [0.9, 0.999, 'log_near_one']}, {'optimizer': ['Adam'], 'lr': [0.2, 0.4, 'linear']}],
        'metrics': ['accuracy']}$$, $${'batch_size': [4, 8], 'epochs': [1, 2, 3]}$$, 'rand', 12, $2) $f$;
SELECT madlib_random('madlib_r0', 0), madlib_random('madlib_r0_again', 0), madlib_random('madlib_r1', 1), madlib_random('madlib_rn', NULL);
SELECT count(*) AS equal FROM madlib_r0 JOIN madlib_r0_again USING (mst_key, model_id, compile_params, fit_params);
SELECT count(*) < 12 AS other FROM madlib_r0 JOIN madlib_r1 USING (mst_key, model_id, compile_params, fit_params);
SELECT count(*) AS rows, count(DISTINCT model_id) AS models, count(DISTINCT fit_params) > 2 AS several, bool_and(compile_params ~
    '^optimizer=''(SGD|Adam)\([a-z0-9=.,]*\)'',metrics=\[''accuracy''\],loss=''categorical_crossentropy''$') AS spelled FROM madlib_rn;
SELECT bool_and(lr BETWEEN 0.001 AND 0.1) FILTER (WHERE o = 'SGD') AS log, bool_and(m BETWEEN 0.9 AND 0.999) FILTER (WHERE o = 'SGD') AS log_near_one,
    bool_and(lr BETWEEN 0.2 AND 0.4) FILTER (WHERE o = 'Adam') AS linear, count(DISTINCT lr) > 20 AS different
    FROM (SELECT substring(compile_params FROM '''(\w+)\(') AS o, substring(compile_params FROM 'lr=([0-9.]+)')::float8 AS lr,
        substring(compile_params FROM 'momentum=([0-9.]+)')::float8 AS m FROM (SELECT * FROM madlib_r0 UNION ALL SELECT * FROM madlib_r1
        UNION ALL SELECT * FROM madlib_rn) u) p;
-- half of the draws of 'log' lie below the geometric mean of the bounds
SELECT count(*) FILTER (WHERE v < 0.01) BETWEEN 400 AND 600 AS log, count(*) FILTER (WHERE w > 0.99) BETWEEN 400 AND 600 AS log_near_one,
    count(*) FILTER (WHERE u < 0.5005) BETWEEN 400 AND 600 AS linear
    FROM (SELECT (madlib._sample('p', '[0.0001, 1, "log"]', 7, i) #>> '{}')::float8 AS v, (madlib._sample('p', '[0.9, 0.999, "log_near_one"]', 8, i) #>> '{}')::float8 AS w,
        (madlib._sample('p', '[0.001, 1, "linear"]', 9, i) #>> '{}')::float8 AS u FROM generate_series(1, 1000) i) s;
DROP TABLE madlib_r0, madlib_r0_again, madlib_r1, madlib_rn, madlib_r0_summary, madlib_r0_again_summary, madlib_r1_summary, madlib_rn_summary;

-- custom functions of an object table
SELECT madlib.load_top_k_accuracy_function('madlib_functions', 2);
SELECT madlib.load_model_selection_table('madlib_archs', 'madlib_mst', ARRAY[1],
    ARRAY[$$loss='categorical_crossentropy',optimizer='Adam',metrics=['top_2_accuracy']$$], ARRAY['epochs=1'], 'madlib_functions');
SELECT * FROM madlib_mst_summary;
SELECT madlib.generate_model_configs('madlib_archs', 'madlib_mst2', ARRAY[1], $${'loss': ['mse'], 'metrics': ['top_2_accuracy']}$$,
    $${'epochs': [1]}$$, 'grid', NULL, NULL, 'madlib_functions');
SELECT object_table, compile_params FROM madlib_mst2, madlib_mst2_summary;
DROP TABLE madlib_mst2, madlib_mst2_summary;

-- messages of load_model_selection_table
CREATE FUNCTION madlib_load(compile text, fit text, objects text DEFAULT NULL) RETURNS void LANGUAGE sql AS $f$
    SELECT madlib.load_model_selection_table('madlib_archs', 'madlib_bad', ARRAY[1], ARRAY[$1], ARRAY[$2], $3) $f$;
SELECT madlib.load_model_selection_table(NULL, 'madlib_bad', ARRAY[1], ARRAY['a'], ARRAY['a']);
SELECT madlib.load_model_selection_table('missing', 'madlib_bad', ARRAY[1], ARRAY['a'], ARRAY['a']);
SELECT madlib.load_model_selection_table('madlib_archs', NULL, ARRAY[1], ARRAY['a'], ARRAY['a']);
SELECT madlib.load_model_selection_table('madlib_archs', 'madlib_mst', ARRAY[1], ARRAY['a'], ARRAY['a']);
SELECT madlib.load_model_selection_table('madlib_mst', 'madlib_bad', ARRAY[1], ARRAY['a'], ARRAY['a']);
SELECT madlib.load_model_selection_table('madlib_archs', 'madlib_bad', ARRAY[1, 9, -1], ARRAY['a'], ARRAY['a']);
SELECT madlib.load_model_selection_table('madlib_archs', 'madlib_bad', NULL, ARRAY['a'], ARRAY['a']);
SELECT madlib.load_model_selection_table('madlib_archs', 'madlib_bad', ARRAY[1], ARRAY['a'], NULL);
SELECT madlib.load_model_selection_table('madlib_archs', 'madlib_bad', ARRAY[1], NULL, ARRAY['epochs=1']);
SELECT madlib_load($$loss='mse',optimizer='Adam'$$, 'batches=4');
SELECT madlib_load($$loss='mse',optimizer='Adam'$$, 'epochs=ten');
SELECT madlib_load($$loss='mse',optimizer='Adam'$$, 'callbacks=[EarlyStopping()]');
SELECT madlib_load($$loss='mse',optimizer='Adam'$$, 'callbacks=[TensorBoard(log_dir="a",embeddings_freq=1)]');
SELECT madlib_load($$loss='mse',optimizer='Adam',epochs=3$$, 'epochs=1');
SELECT madlib_load($$optimizer='Adam'$$, 'epochs=1');
SELECT madlib_load($$loss='mse'$$, 'epochs=1');
SELECT madlib_load($$loss='mse',optimizer='Adamant(lr=1)'$$, 'epochs=1');
SELECT madlib_load($$loss='sparse_categorical_crossentropy',optimizer='Adam'$$, 'epochs=1');
SELECT madlib_load($$loss='get',optimizer='Adam'$$, 'epochs=1');
SELECT madlib_load($$loss='mse',optimizer='Adam',metrics='mae'$$, 'epochs=1');
SELECT madlib_load($$loss='mse',optimizer='Adam',metrics=[mae]$$, 'epochs=1');
SELECT madlib_load($$loss='mse',optimizer='Adam',metrics=['sparse_categorical_accuracy']$$, 'epochs=1');
SELECT madlib_load($$loss='mse',optimizer='Adam',metrics=['serialize']$$, 'epochs=1');
SELECT madlib_load($$loss='mse',optimizer='Adam',metrics=['deserialize']$$, 'epochs=1');
SELECT madlib_load($$loss='mse',optimizer='Adam',loss_weights=2$$, 'epochs=1');
SELECT madlib_load($$loss='mse',optimizer='Adam',weighted_metrics={}$$, 'epochs=1');
SELECT madlib_load($$loss='mse',optimizer='Adam',sample_weight_mode='spatial'$$, 'epochs=1');
SELECT madlib_load($$loss='focal',optimizer='Adam'$$, 'epochs=1');
SELECT madlib_load($$loss='focal',optimizer='Adam'$$, 'epochs=1', 'madlib_functions');
SELECT madlib_load($$loss='mse',optimizer='Adam',metrics=['top_9_accuracy']$$, 'epochs=1', 'madlib_functions');
SELECT madlib_load($$loss='mse',optimizer='Adam'$$, 'epochs=1', 'missing');
SELECT madlib_load($$loss='mse',optimizer='Adam'$$, 'epochs=1', 'public.madlib_functions');
CREATE ROLE madlib_user;
GRANT SELECT ON madlib_archs TO madlib_user;
SET ROLE madlib_user;
SELECT madlib_load($$loss='mse',optimizer='Adam'$$, 'callbacks=[TensorBoard(log_dir="a")]');
RESET ROLE;
REVOKE SELECT ON madlib_archs FROM madlib_user;
DROP ROLE madlib_user;
DROP FUNCTION madlib_load(text, text, text);
DROP TABLE madlib_mst, madlib_mst_summary;

-- messages of generate_model_configs
CREATE FUNCTION madlib_generate(compile text, fit text, search text DEFAULT 'grid', n integer DEFAULT NULL, seed integer DEFAULT NULL) RETURNS void
    LANGUAGE sql AS $f$ SELECT madlib.generate_model_configs('madlib_archs', 'madlib_bad', ARRAY[1], $1, $2, $3, $4, $5) $f$;
SELECT madlib.generate_model_configs(NULL, 'madlib_bad', ARRAY[1], '{}', '{}');
SELECT madlib.generate_model_configs('missing', 'madlib_bad', ARRAY[1], '{}', '{}');
SELECT madlib.generate_model_configs('madlib_archs', 'madlib_bad', ARRAY[1, 9], '{}', '{}');
SELECT madlib.generate_model_configs('madlib_archs', NULL, ARRAY[1], $${'loss': ['mse']}$$, '{}');
SELECT madlib_generate('{}', '{}', 'bayes');
SELECT madlib_generate('{}', '{}', '');
SELECT madlib_generate('{}', '{}', 'grid', 3);
SELECT madlib_generate('{}', '{}', 'grid', NULL, 3);
SELECT madlib_generate('{}', '{}', 'random');
SELECT madlib_generate('{}', '{}', 'random', 0);
SELECT madlib_generate($${'loss': ['mse']$$, '{}');
SELECT madlib_generate($$['mse']$$, '{}');
SELECT madlib_generate(NULL, '{}');
SELECT madlib_generate($${'loss': ['mse']}$$, 'epochs');
SELECT madlib_generate($${'loss': 'mse'}$$, '{}');
SELECT madlib_generate($${'loss': ['mse']}$$, $${'epochs': 1}$$);
SELECT madlib_generate($${'loss': ['mse']}$$, $${'epocs': [1]}$$);
SELECT madlib_generate($${'loss': ['mse'], 'optimizer_params_list': [{'optimizer': 'SGD'}]}$$, '{}');
SELECT madlib_generate($${'loss': ['mse'], 'optimizer_params_list': [{}]}$$, '{}');
SELECT madlib_generate($${'optimizer_params_list': [{'optimizer': ['SGD'], 'loss': ['mse']}]}$$, '{}');
SELECT madlib_generate($${'loss': ['mse'], 'lr': [0.1], 'optimizer_params_list': [{'optimizer': ['SGD']}]}$$, '{}');
SELECT madlib_generate($${'loss': ['mse'], 'optimizer': ['SGD']}$$, '{}');
SELECT madlib_generate($${'loss': ['mse'], 'optimizer_params_list': [{'optimizer': ['SGD'], 'lr': [0.1, 1, 'log']}]}$$, '{}');
SELECT madlib_generate($${'loss': ['mse']}$$, $${'epochs': [1, 9, "linear" ]}$$);
SELECT madlib_generate($${'loss': ['mse'], 'optimizer_params_list': [{'lr': [0.1, 'log']}]}$$, '{}', 'random', 2);
SELECT madlib_generate($${'loss': ['mse'], 'optimizer_params_list': [{'lr': [1, 0.1, 'log']}]}$$, '{}', 'random', 2);
SELECT madlib_generate($${'loss': ['mse'], 'optimizer_params_list': [{'lr': [0.1, 1, 'normal']}]}$$, '{}', 'random', 2);
SELECT madlib_generate($${'loss': ['mse'], 'optimizer_params_list': [{'lr': [0.1]}]}$$, '{}', 'random', 2);
SELECT madlib_generate($${'loss': ['focal']}$$, '{}');
SELECT madlib_generate($${'metrics': ['mae']}$$, '{}');
SELECT madlib_generate($${'loss': ['mse'], 'optimizer_params_list': [{'optimizer': ['Adamant']}]}$$, '{}');
SELECT to_regclass('madlib_bad') IS NULL AS no_table_left;
SELECT madlib_generate($${'loss': ['mse']}$$, '{}');
SELECT madlib.load_keras_model('madlib_archs2', '{}');
SELECT madlib.generate_model_configs('madlib_archs2', 'madlib_bad', ARRAY[1], $${'loss': ['mae']}$$, '{}');
SELECT madlib.generate_model_configs('madlib_archs', 'madlib_archs2', ARRAY[1], $${'loss': ['mae']}$$, '{}');
DROP FUNCTION madlib_generate(text, text, text, integer, integer);
DROP FUNCTION madlib_random(text, integer);
SELECT madlib.delete_custom_function('madlib_functions', 'top_2_accuracy');
DROP TABLE madlib_archs, madlib_archs2, madlib_bad, madlib_bad_summary;
DROP EXTENSION pg_cerebro_madlib;
