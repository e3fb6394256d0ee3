-- Custom losses and metrics of an object table: functions of TorchScript train, are scored and found again by name;
-- pickled objects
-- of Python are refused when they are used. Callbacks.
\set data `echo "$CEREBRO_TEST_DATA"`
\set focal `tr -d '\n' < "$CEREBRO_TEST_DATA/torchscript/focal_loss.base64"`
\set noisy `tr -d '\n' < "$CEREBRO_TEST_DATA/torchscript/noisy.base64"`
SET client_min_messages = warning;
\set SHOW_CONTEXT never
\pset null '(null)'
CREATE EXTENSION pg_cerebro_madlib;
CREATE SCHEMA madlib_functions_case;
SET search_path = madlib_functions_case, public;
\i :data/load_iris.sql
SELECT setseed(0.5);
SELECT madlib.training_preprocessor_dl('iris_train', 'packed', 'class_text', 'attributes', 20);
SELECT madlib.validation_preprocessor_dl('iris_val', 'packed_test', 'class_text', 'attributes', 'packed');
SELECT madlib.load_keras_model('arch', $${"class_name": "Sequential", "keras_version": "2.1.6", "config": [
  {"class_name": "Dense", "config": {"name": "a", "units": 10, "activation": "relu", "batch_input_shape": [null, 4],
   "kernel_initializer": {"class_name": "GlorotUniform", "config": {"seed": 7}}}},
  {"class_name": "Dense", "config": {"name": "b", "units": 3, "activation": "softmax",
   "kernel_initializer": {"class_name": "GlorotUniform", "config": {"seed": 8}}}}]}$$::json);

-- source text, an archive, a pickle; what is none of them
SELECT madlib.load_custom_function('objects', convert_to($$def Squared(y_true, y_pred):
    return ((y_true - y_pred) ** 2).mean(-1)$$, 'UTF8'), 'Squared', 'mse by another name');
SELECT madlib.load_custom_function('objects', decode(:'focal', 'base64'), 'focal_loss');
SELECT madlib.load_custom_function('objects', convert_to($$def hits(y_true, y_pred):
    return (y_true.argmax(-1) == y_pred.argmax(-1)).to(y_pred.dtype)$$, 'UTF8'), 'hits');
SELECT madlib.load_custom_function('objects', '\x80027d00282e', 'pickled');
SELECT madlib.load_top_k_accuracy_function('objects', 2);
SELECT name, description, octet_length(object) > 0 AS object FROM madlib.objects ORDER BY id;
SELECT madlib.load_custom_function('objects', decode(:'noisy', 'base64'), 'noisy');
SELECT madlib.load_custom_function('objects', 'def f(a): return a', 'one');
SELECT madlib.load_custom_function('objects', 'no function', 'none');
SELECT madlib.load_custom_function('objects', '\x504b030400', 'archive');
SELECT madlib.load_custom_function('objects', 'def f(a, b): return a', 'not a name');

-- one model: the same numbers as by Keras's own loss
SELECT madlib.madlib_keras_fit('packed', 'own', 'arch', 1, $$loss='mse', optimizer='Adam(lr=0.02)', metrics=['mse']$$,
    $$batch_size=5, epochs=2$$, 5);
SELECT madlib.madlib_keras_fit('packed', 'squared', 'arch', 1,
    $$loss='squared', optimizer='Adam(lr=0.02)', metrics=['Squared']$$,
    $$batch_size=5, epochs=2$$, 5, FALSE, 'packed_test', 1, FALSE, NULL, NULL, 'objects');
SELECT s.compile_params, s.loss_type, s.metrics_type, s.object_table,
    abs(s.training_loss_final - o.training_loss_final) < 1e-4 AS loss,
    abs(s.training_metrics_final - s.training_loss_final) < 1e-6 AS metric,
        s.validation_loss[5] < s.validation_loss[1] AS learns
    FROM squared_summary s, own_summary o;
SELECT madlib.madlib_keras_evaluate('squared', 'packed_test', 'scores');
SELECT abs(e.loss - s.validation_loss_final) < 1e-6 AS loss, abs(e.metric - s.validation_metrics_final) < 1e-6
    AS metric, e.metrics_type, e.loss_type
    FROM scores e, squared_summary s;

-- several models: names in lists, with a top-k accuracy, in any case
SELECT madlib.load_model_selection_table('arch', 'mst', ARRAY[1], ARRAY[
    $$loss='focal_loss', optimizer='Adam(lr=0.02)', metrics=['hits']$$,
    $$loss="Focal_Loss", optimizer='Adam(lr=0.02)', metrics=["accuracy"]$$,
    $$loss='categorical_crossentropy', optimizer='Adam(lr=0.02)', metrics=['top_2_accuracy', 'hits']$$],
        ARRAY['batch_size=5, epochs=2'], 'objects');
SELECT madlib.madlib_keras_fit_multiple_model('packed', 'models', 'mst', 4, FALSE, 'packed_test', 2);
SELECT mst_key, compile_params, loss_type, metrics_type, training_metrics_final BETWEEN 0.5 AND 1 AS metric
    FROM models_info ORDER BY mst_key;
-- what evaluation says is what training said
SELECT madlib.madlib_keras_evaluate('models', 'packed_test', 'scores_1', FALSE, 1);
SELECT abs(e.loss - i.validation_loss_final) < 1e-6 AS loss, abs(e.metric - i.validation_metrics_final) < 1e-6 AS metric,
    e.metrics_type, e.loss_type FROM scores_1 e,
    models_info i WHERE i.mst_key = 1;
SELECT madlib.madlib_keras_fit_multiple_model('packed', 'models', 'mst', 2, FALSE, NULL, 2, TRUE);
SELECT warm_start, object_table FROM models_summary;
-- models go over to cerebro with their functions
SELECT cerebro.import_madlib('models', 'imported');
SELECT loss_type, compile_params ~ 'torchscript\(name="focal_loss"' AS function FROM imported_info WHERE mst_key = 1;
SELECT cerebro.predict('imported', 'iris_val', 'id', 'attributes', 'imported_said', 'response', mst_key => 1);
SELECT count(*) FROM imported_said;
-- a search
SELECT madlib.madlib_keras_automl('packed', 'found', 'arch', 'found_mst', ARRAY[1],
    $${'loss': ['focal_loss'], 'optimizer_params_list': [{'optimizer': ['Adam'], 'lr': [0.001, 0.1, 'log']}], 'metrics': ['hits']}$$,
    $${'batch_size': [5], 'epochs': [1]}$$, 'hyperband', 'R=3, eta=3, skip_last=0', 1, 'objects', FALSE, 'packed_test');
SELECT count(*) > 0 AS models, bool_and(loss_type = 'focal_loss') AS loss, bool_and(metrics_type = '{hits}') AS metric
    FROM found_info;

-- a pickled object, a function that is not there, and no table
SELECT madlib.madlib_keras_fit('packed', 'none', 'arch', 1, $$loss='pickled', optimizer='adam'$$, '', 1, FALSE, NULL,
    NULL, FALSE, NULL, NULL, 'objects');
SELECT madlib.madlib_keras_fit('packed', 'none', 'arch', 1, $$loss='missing', optimizer='adam'$$, '', 1, FALSE, NULL,
    NULL, FALSE, NULL, NULL, 'objects');
SELECT madlib.madlib_keras_fit('packed', 'none', 'arch', 1, $$loss='focal_loss', optimizer='adam'$$, '', 1);
-- one that fails while it runs
SELECT madlib.load_custom_function('objects',
    convert_to('def broken(y_true, y_pred): return y_true + torch.ones([7])', 'UTF8'), 'broken');
SELECT madlib.madlib_keras_fit('packed', 'none', 'arch', 1, $$loss='broken', optimizer='adam'$$, '', 1, FALSE, NULL,
    NULL, FALSE, NULL, NULL, 'objects');
-- what has come into the table in another way
UPDATE madlib.objects SET object = 'no function' WHERE name = 'broken';
SELECT madlib.madlib_keras_fit('packed', 'none', 'arch', 1, $$loss='broken', optimizer='adam'$$, '', 1, FALSE, NULL,
    NULL, FALSE, NULL, NULL, 'objects');

-- without the table a model predicts and is not evaluated
DROP TABLE madlib.objects;
SELECT madlib.madlib_keras_predict('models', 'iris_val', 'id', 'attributes', 'predicted', 'response', FALSE, 1);
SELECT count(*) AS rows, count(*) FILTER (WHERE class_value = class_text) > 20 AS right_enough FROM predicted
    JOIN iris_val USING (id);
SELECT madlib.madlib_keras_evaluate('models', 'packed_test', 'scores_2', FALSE, 1);

-- callbacks: a superuser's, and TensorBoard's only
SELECT madlib.madlib_keras_fit('packed', 'board', 'arch', 1, $$loss='mse', optimizer='adam'$$,
    $$batch_size=5, callbacks=[TensorBoard(log_dir="/tmp/logs/fit", update_freq="batch")]$$, 1);
SELECT madlib.madlib_keras_fit('packed', 'none', 'arch', 1, $$loss='mse', optimizer='adam'$$,
    $$callbacks=[EarlyStopping(patience=3)]$$, 1);
SELECT madlib.madlib_keras_fit('packed', 'none', 'arch', 1, $$loss='mse', optimizer='adam'$$,
    $$callbacks=[TensorBoard(log_dir="a"), ModelCheckpoint("b")]$$, 1);
SELECT madlib.madlib_keras_fit('packed', 'none', 'arch', 1, $$loss='mse', optimizer='adam'$$,
    $$callbacks=[TensorBoard(profile_batch=2)]$$, 1);
CREATE ROLE madlib_functions_user;
GRANT ALL ON SCHEMA madlib_functions_case TO madlib_functions_user;
GRANT SELECT ON ALL TABLES IN SCHEMA madlib_functions_case TO madlib_functions_user;
SET ROLE madlib_functions_user;
SELECT madlib.madlib_keras_fit('packed', 'none', 'arch', 1, $$loss='mse', optimizer='adam'$$,
    $$callbacks=[TensorBoard(log_dir="a")]$$, 1);
RESET ROLE;
DROP SCHEMA madlib_functions_case CASCADE;
DROP ROLE madlib_functions_user;
DROP EXTENSION pg_cerebro_madlib;
