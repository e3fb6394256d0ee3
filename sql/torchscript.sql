-- Losses and metrics that are functions of TorchScript: in compile_params, in runs, in what is stored, and what is
-- refused.
\set data `echo "$CEREBRO_TEST_DATA"`
\set focal `tr -d '\n' < "$CEREBRO_TEST_DATA/torchscript/focal_loss.base64"`
\set smooth `tr -d '\n' < "$CEREBRO_TEST_DATA/torchscript/smooth.base64"`
\set noisy `tr -d '\n' < "$CEREBRO_TEST_DATA/torchscript/noisy.base64"`
\set one_argument `tr -d '\n' < "$CEREBRO_TEST_DATA/torchscript/one_argument.base64"`
\set weighted `tr -d '\n' < "$CEREBRO_TEST_DATA/torchscript/weighted.base64"`
SET client_min_messages = warning;
\set SHOW_CONTEXT never
CREATE SCHEMA torchscript_case;
SET search_path = torchscript_case, public;
\i :data/load_iris.sql
SELECT cerebro.training_preprocessor_dl('iris_train', 'packed', 'class_text', 'attributes', 10, NULL,
    num_partitions => 2, seed => 1);
SELECT cerebro.validation_preprocessor_dl('iris_val', 'packed_val', 'class_text', 'attributes', 'packed', 10);
SELECT cerebro.load_model('arch', $${"class_name": "Sequential", "config": [
  {"class_name": "Dense", "config": {"name": "a", "units": 10, "activation": "relu", "batch_input_shape": [null, 4],
   "kernel_initializer": {"class_name": "GlorotUniform", "config": {"seed": 7}}}},
  {"class_name": "Dense", "config": {"name": "b", "units": 3, "activation": "softmax",
   "kernel_initializer": {"class_name": "GlorotUniform", "config": {"seed": 8}}}}]}$$);

-- what compile_params takes
SELECT cerebro.torchscript('half', 'def half(y_true, y_pred): return ((y_true - y_pred) ** 2).mean(-1) * 0.5');
SELECT length(cerebro.torchscript('focal', decode(:'focal', 'base64'))) < length(:'focal') AS shorter;

-- the same formula by a function and by name gives the same losses; a function with another text is another
-- configuration
CREATE TABLE texts AS SELECT cerebro.torchscript('squared',
    'def squared(y_true, y_pred): return ((y_true - y_pred) ** 2).mean(-1)') AS squared,
    cerebro.torchscript('focal_loss', decode(:'focal', 'base64')) AS focal, cerebro.torchscript('smooth',
        decode(:'smooth', 'base64')) AS smooth,
    cerebro.torchscript('hit_accuracy', $$def hit_accuracy(y_true, y_pred):
        return (y_true.argmax(-1) == y_pred.argmax(-1)).to(y_pred.dtype)$$) AS hit;
SELECT cerebro.load_model_selection_table('arch', 'mst', ARRAY[1], (SELECT ARRAY[
    format('loss=%s, optimizer=''Adam(lr=0.02)'', metrics=[%s, ''accuracy'']', squared, hit),
    format('loss=''mse'', optimizer=''Adam(lr=0.02)'', metrics=[''accuracy'', ''mse'', %s]', squared),
    format('loss=''%s'', optimizer=''Adam(lr=0.02)'', metrics=[''accuracy'']', focal),
    format('loss=%s, optimizer=''Adam(lr=0.02)'', metrics=[''accuracy'']', smooth)]
    FROM texts), ARRAY['batch_size=8, epochs=2']);
-- a text that no row of an index holds: its table has no constraint
SELECT cerebro.load_model_selection_table('arch', 'long', ARRAY[1], ARRAY['loss=' || cerebro.torchscript('long',
    E'def long(y_true, y_pred):\n    a = ((y_true - y_pred) ** 2).mean(-1)\n' || (SELECT string_agg('    a = a * 1.0'
        || ('x' || substr(md5(i::text), 1, 15))::bit(60)::bigint || E'\n', '') FROM generate_series(1, 150) i) || '    return a')
    || ', optimizer=''Adam(lr=0.02)'''], ARRAY['batch_size=8, epochs=2']);
SELECT cerebro.load_model_selection_table('arch', 'short', ARRAY[1], ARRAY['loss=''mse'', optimizer=''SGD()'''],
    ARRAY['batch_size=8']);
SELECT pg_column_size(compile_params) > 2704 AS long FROM long;
SELECT conrelid::regclass FROM pg_constraint
    WHERE contype = 'u' AND conrelid IN ('mst'::regclass, 'long'::regclass, 'short'::regclass);
SELECT cerebro.fit_multiple_model('packed', 'models', 'mst', 6, false, 'packed_val', 3, seed => 5);
SELECT mst_key, loss_type, metrics_type, status, training_loss[2] < training_loss[1] AS learns,
    training_metrics_final BETWEEN 0 AND 1 AS metric,
    metrics_iters FROM models_info ORDER BY mst_key;
SELECT a.training_metric_values[2][2] = a.training_metric_values[2][3] AS same_metric,
    abs(b.training_metric_values[2][3] - b.training_metric_values[2][4]) < 1e-6 AS same_values
    FROM models_info a, models_info b WHERE a.mst_key = 1 AND b.mst_key = 2;
-- trained by a function and by name, under one key and so in one order
SELECT cerebro.load_model_selection_table('arch', 'by_text', ARRAY[1], (SELECT ARRAY[
    format('loss=%s, optimizer=''Adam(lr=0.02)''', squared)] FROM texts), ARRAY['batch_size=8, epochs=2']);
SELECT cerebro.load_model_selection_table('arch', 'by_name', ARRAY[1], ARRAY['loss=''mse'', optimizer=''Adam(lr=0.02)'''],
    ARRAY['batch_size=8, epochs=2']);
SELECT cerebro.fit_multiple_model('packed', 'text_models', 'by_text', 3, seed => 5);
SELECT cerebro.fit_multiple_model('packed', 'name_models', 'by_name', 3, seed => 5);
SELECT abs(a.training_loss_final - b.training_loss_final) < 1e-4 AS same_loss
    FROM text_models_info a JOIN name_models_info b USING (mst_key);

-- the same bits again, with and without workers, and by a warm start
SELECT cerebro.fit_multiple_model('packed', 'again', 'mst', 3, false, 'packed_val', 3, seed => 5);
SELECT cerebro.fit_multiple_model('packed', 'again', 'mst', 3, false, 'packed_val', 3, true);
SELECT count(*) AS equal FROM models a JOIN again b ON a.mst_key = b.mst_key AND a.model_weights = b.model_weights;

-- what is trained is evaluated and predicts, and registers
SELECT cerebro.evaluate('models', 'packed_val', 'scores', false, 3);
SELECT round(loss::numeric, 4) = (SELECT round(validation_loss_final::numeric, 4) FROM models_info WHERE mst_key = 3)
    AS same FROM scores;
SELECT cerebro.predict('models', 'iris_val', 'id', 'attributes', 'predicted', 'response', false, 3);
SELECT count(*) FROM predicted;
SELECT cerebro.register('torchscript_case', 'models', 3);
SELECT count(DISTINCT cerebro.predict('torchscript_case', i)) > 1 AS predicts FROM iris_val i;
SELECT cerebro.drop_model('torchscript_case');

-- functions that are none
SELECT cerebro.torchscript('f', decode(:'noisy', 'base64'));
SELECT cerebro.torchscript('f', decode(:'one_argument', 'base64'));
SELECT cerebro.torchscript('f', decode(:'weighted', 'base64'));
SELECT cerebro.torchscript('f', '\x80027d00282e'::bytea);
SELECT cerebro.torchscript('f', decode('UEsDBAAA', 'base64'));
SELECT cerebro.torchscript('f', '');
SELECT cerebro.torchscript('f', 'def f(y_true, y_pred): return y_true +');
SELECT cerebro.torchscript('f', 'def f(y_true, y_pred): return unknown(y_true)');
SELECT cerebro.torchscript('f', 'def f(y_true): return y_true');
SELECT cerebro.torchscript('f', 'def f(y_true, y_pred): return torch.from_file(''/etc/passwd'', False, 10)');
SELECT cerebro.torchscript('f', 'def f(y_true, y_pred): return torch.empty([10])');
SELECT cerebro.torchscript('f', 'def f(y_true, y_pred): return y_true' || repeat('+1', 1000));
SELECT cerebro.torchscript('not a name', 'def f(y_true, y_pred): return y_true');
SELECT cerebro.torchscript(NULL, 'def f(y_true, y_pred): return y_true');
SELECT cerebro.torchscript('f', NULL::bytea);
SELECT cerebro.init_state('arch', 1, $$loss=torchscript(name='f', source='AAA!'), optimizer='sgd'$$, '', 'packed', 1,
    1);
SELECT cerebro.init_state('arch', 1, $$loss=torchscript(name='f'), optimizer='sgd'$$, '', 'packed', 1, 1);

-- functions that fail while a model trains, and one that cannot be a loss
CREATE FUNCTION try(source text, as_metric boolean DEFAULT false) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    detail text;
BEGIN
    DROP TABLE IF EXISTS one, one_summary;
    PERFORM cerebro.load_model_selection_table('arch', 'one', ARRAY[1], ARRAY[CASE WHEN as_metric
        THEN format('loss=''mse'', optimizer=''sgd'', metrics=[%s]', cerebro.torchscript('mine', source))
        ELSE format('loss=%s, optimizer=''sgd''', cerebro.torchscript('mine', source)) END], ARRAY['batch_size=8']);
    PERFORM cerebro.fit_multiple_model('packed', 'failed', 'one', 1);
    RETURN 'trained';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN SQLSTATE || ' ' || SQLERRM || ' | ' || detail;
END $$;
\a
SELECT try('def mine(y_true, y_pred): return y_pred + torch.ones([7])');
SELECT try('def mine(y_true, y_pred): return y_pred[:1]');
SELECT try('def mine(y_true, y_pred): return (y_true.argmax(-1) == y_pred.argmax(-1)).to(y_pred.dtype)');
SELECT try($$def mine(y_true, y_pred):
    assert y_true.size(1) == 4, 'four columns'
    return y_pred.mean()$$, true);
-- a loop without end ends
SELECT try($$def mine(y_true, y_pred):
    n = 1
    while n > 0:
        n = 1
    return y_pred.mean()$$);
DROP SCHEMA torchscript_case CASCADE;
