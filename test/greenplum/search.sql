-- Searches, runs that people change and their replay: what PostgreSQL and Greenplum must agree on, to the bit; a line a fact goes to standard output.
-- Variables: data, segments (of the cluster), workers (on PostgreSQL; not used on Greenplum).
\o /dev/null
SET client_min_messages = error;
SET cerebro.workers = :workers;
\i :data/load_digits.sql
SET client_min_messages = error;
SELECT cerebro.training_preprocessor_dl('digits_train', 'packed', 'label', 'pixels', buffer_size := 96, normalizing_const := 16, num_partitions := :segments, seed := 5);
SELECT cerebro.validation_preprocessor_dl('digits_val', 'packed_val', 'label', 'pixels', 'packed');
SELECT cerebro.load_model('archs', $${"class_name": "Sequential", "config": [
  {"class_name": "Dense", "config": {"name": "hidden", "units": 12, "activation": "relu", "batch_input_shape": [null, 64]}},
  {"class_name": "Dropout", "config": {"name": "drop", "rate": 0.2}},
  {"class_name": "Dense", "config": {"name": "class", "units": 10, "activation": "softmax"}}]}$$);
SELECT cerebro.load_model('archs', $${"class_name": "Sequential", "config": [
  {"class_name": "Dense", "config": {"name": "class", "units": 10, "activation": "softmax", "batch_input_shape": [null, 64]}}]}$$);
-- its indexes come to lie outside of the table
SELECT cerebro.load_model('archs', $${"class_name": "Sequential", "config": [
  {"class_name": "Rescaling", "config": {"name": "scaled", "scale": 100, "batch_input_shape": [null, 64]}},
  {"class_name": "Embedding", "config": {"name": "table", "input_dim": 50, "output_dim": 2}},
  {"class_name": "Flatten", "config": {"name": "flat"}},
  {"class_name": "Dense", "config": {"name": "class", "units": 10, "activation": "softmax"}}]}$$);
SELECT cerebro.search('packed', policy, 'archs', 6, $${'loss': ['categorical_crossentropy'], 'metrics': ['accuracy'], 'optimizer_params_list': [
    {'optimizer': ['SGD'], 'lr': [0.001, 0.5, 'log'], 'momentum': {'low': 0, 'high': 0.99}}, {'optimizer': ['Adam'], 'lr': [0.0001, 0.1, 'log']}]}$$,
    $${'batch_size': {'low': 16, 'high': 64, 'distribution': 'log', 'q': 8}}$$, search, 'packed_val', seed := 3, restore_best := policy = 'by_tpe')
FROM (VALUES ('by_random', '{"policy": "random", "max_models": 8, "concurrency": 3}'), ('by_asha', '{"policy": "asha", "max_models": 12, "concurrency": 4}'),
    ('by_tpe', '{"policy": "tpe", "max_models": 10, "startup": 4, "concurrency": 2, "median_stopping": true, "min_iterations": 2}'),
    ('by_hyperband', '{"policy": "hyperband", "max_models": 12, "concurrency": 5}'), ('by_bohb', '{"policy": "bohb", "startup": 4, "max_models": 14}'),
    ('by_population', '{"policy": "pbt", "population": 5, "interval": 2, "model_ids": [1, 2]}')) p(policy, search);
-- the same in parts
SELECT cerebro.advance('packed', 'in_parts', 'archs', 6, validation_table := 'packed_val', seed := 3, iterations := n, search := $${'policy': 'asha', 'max_models': 12,
    'concurrency': 4, 'compile_params_grid': {'loss': ['categorical_crossentropy'], 'metrics': ['accuracy'], 'optimizer_params_list': [
    {'optimizer': ['SGD'], 'lr': [0.001, 0.5, 'log'], 'momentum': {'low': 0, 'high': 0.99}}, {'optimizer': ['Adam'], 'lr': [0.0001, 0.1, 'log']}]},
    'fit_params_grid': {'batch_size': {'low': 16, 'high': 64, 'distribution': 'log', 'q': 8}}}$$) FROM (VALUES (1), (3), (99)) parts(n);

-- a run that people change between calls
SELECT cerebro.load_model_selection_table('archs', 'configs', ARRAY[1],
    ARRAY[$$optimizer='Adam(lr=0.01)',loss='categorical_crossentropy',metrics=['accuracy']$$,
          $$optimizer='SGD(lr=0.05,momentum=0.9)',loss='categorical_crossentropy',metrics=['accuracy']$$], ARRAY['batch_size=16', 'batch_size=32']);
CREATE FUNCTION go_on(iterations bigint) RETURNS bigint LANGUAGE sql AS $$
    SELECT cerebro.advance('packed', 'changed', 'configs', 6, validation_table := 'packed_val', metrics_compute_frequency := 2, seed := 5, restore_best := true,
        iterations := go_on.iterations) $$;
SELECT cerebro.fit_multiple_model('packed', 'plain', 'configs', 6, validation_table := 'packed_val', metrics_compute_frequency := 2, seed := 5, restore_best := true);
SELECT go_on(1);
SELECT cerebro.control('changed', 'stop', 2);
SELECT cerebro.control('changed', 'clone', 1, compile_params := $$optimizer='Adam(lr=0.001)',loss='categorical_crossentropy',metrics=['accuracy']$$);
SELECT cerebro.control('changed', 'clone', 1, fit_params := 'batch_size=64', from_weights := false, iterations := 3);
SELECT cerebro.control('changed', 'add', model_id := 2, compile_params := $$optimizer='SGD(lr=0.1)',loss='categorical_crossentropy',metrics=['accuracy']$$,
    fit_params := 'batch_size=32', iterations := 2);
SELECT cerebro.control('changed', 'add', model_id := 3, compile_params := $$optimizer='SGD(lr=0.1)',loss='categorical_crossentropy',metrics=['accuracy']$$,
    fit_params := 'batch_size=32');
SELECT go_on(2);
SELECT cerebro.control('changed', 'resume', 2);
SELECT cerebro.control('changed', 'clone', 2, fit_params := 'batch_size=8');
SELECT cerebro.control('changed', 'delete', 4);
SELECT cerebro.control('changed', 'reprioritise', 3, priority := 1);
SELECT go_on(1);
SELECT cerebro.control('changed', 'reprioritise', 3, priority := 0);
SELECT go_on(100);
SELECT cerebro.replay('changed', 'replayed');

CREATE FUNCTION bits(v double precision[]) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT string_agg(encode(float8send(x), 'hex'), ',') FROM unnest(v) x $$;
CREATE FUNCTION facts(models text) RETURNS SETOF text LANGUAGE plpgsql AS $f$
BEGIN
    RETURN QUERY EXECUTE format($$SELECT %1$L || ' weights ' || mst_key || ' ' || md5(model_weights) FROM %1$I ORDER BY mst_key$$, models);
    RETURN QUERY EXECUTE format($$SELECT %1$L || ' state ' || mst_key || ' ' || count(*) || ' pieces ' || md5(string_agg(data, '' ORDER BY piece))
        FROM %2$I GROUP BY mst_key ORDER BY mst_key$$, models, models || '_state');
    RETURN QUERY EXECUTE format($$SELECT concat_ws(' ', %1$L || ' info', mst_key, status, stopped_iteration, stopped_by, best_iteration, iterations_done, metrics_iters,
        bits(training_loss), bits(validation_loss)) FROM %2$I ORDER BY mst_key$$, models, models || '_info');
    RETURN QUERY EXECUTE format($$SELECT concat_ws(' ', %1$L || ' visit', mst_key, iteration, visit, partition_id, rows, bits(ARRAY[loss])) FROM %2$I
        ORDER BY mst_key, iteration, visit$$, models, models || '_visits');
    RETURN QUERY EXECUTE format($$SELECT concat_ws(' ', %1$L || ' trial', mst_key, state, model_id, compile_params, fit_params, parent, began, iterations, target, entered_round,
        bracket, deleted, remark, error, bits(point_values)) FROM %2$I ORDER BY mst_key$$, models, models || '_trials');
END $f$;
\o
SELECT facts(r) FROM unnest('{by_random,by_asha,by_tpe,by_hyperband,by_bohb,by_population,in_parts,changed,replayed}'::text[]) r;
SELECT concat_ws(' ', 'log', action, mst_key, round, new_mst_key, refused) FROM changed_control ORDER BY 1;
SELECT concat_ws(' ', 'ended', r, (SELECT end_reason FROM cerebro.runs WHERE name = 'public.' || r)) FROM unnest('{by_random,in_parts,changed}'::text[]) r;
SELECT 'same in parts ' || bool_and(a.model_weights = p.model_weights) FROM by_asha a JOIN in_parts p USING (mst_key);
SELECT 'whom nobody touched ' || mst_key || ' ' || (c.model_weights = p.model_weights) FROM changed c JOIN plain p USING (mst_key) ORDER BY 1;
SELECT 'replayed ' || count(*) || ' ' || bool_and(c.model_weights = r.model_weights) FROM changed c JOIN replayed r USING (mst_key);
