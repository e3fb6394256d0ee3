-- Runs whose models change while they go on: by a policy, and by people. PostgreSQL and Greenplum must agree on them, to the bit; what they say of them goes
-- to standard output, a line a fact. Variables: segments (of the cluster), workers (on PostgreSQL; not used on Greenplum).
\o /dev/null
SET client_min_messages = error;
SET cerebro.workers = :workers;
SET cerebro.bundles = :segments;
CREATE TABLE points AS SELECT i AS id, i % 3 AS label, ARRAY[(i * 7) % 11, (i * 5) % 13, i % 3]::real[] AS x FROM generate_series(1, 300) i;
SELECT cerebro.training_preprocessor_dl('points', 'packed', 'label', 'x', num_partitions := 2 * :segments, seed := 5);
SELECT cerebro.validation_preprocessor_dl('points', 'packed_val', 'label', 'x', 'packed');
\set network '{"class_name": "Sequential", "config": [{"class_name": "Dense", "config": {"name": "hidden", "units": %s, "activation": "relu", "batch_input_shape": [null, 3]}}, {"class_name": "Dropout", "config": {"name": "drop", "rate": 0.1}}, {"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax"}}]}'
SELECT cerebro.load_model('archs', format(:'network', 2)::json);
SELECT cerebro.load_model('archs', format(:'network', 8)::json);
SELECT cerebro.load_model('archs', format(:'network', 32)::json);
SELECT $${'loss': ['categorical_crossentropy'], 'metrics': ['accuracy'], 'optimizer_params_list': [
    {'optimizer': ['SGD'], 'lr': [0.0001, 1, 'log'], 'momentum': {'low': 0, 'high': 0.99}}, {'optimizer': ['Adam'], 'lr': [0.0001, 0.1, 'log']}]}$$ AS compile,
  $${'batch_size': {'low': 8, 'high': 64, 'distribution': 'log', 'q': 8}, 'epochs': {'values': [1, 2], 'when': {'model_id': [1, 2]}}}$$ AS fit \gset

-- every policy
SELECT cerebro.search('packed', 'random', 'archs', 6, :'compile', :'fit', '{"policy": "random", "max_models": 10, "concurrency": 4}', 'packed_val', seed := 3);
SELECT cerebro.search('packed', 'tpe', 'archs', 6, :'compile', :'fit',
    '{"policy": "tpe", "max_models": 16, "startup": 6, "concurrency": 4, "median_stopping": true, "min_iterations": 2}', 'packed_val', seed := 3, restore_best := true);
SELECT cerebro.search('packed', 'gp', 'archs', 6, :'compile', :'fit', '{"policy": "gp", "max_models": 14, "startup": 6, "concurrency": 4}', 'packed_val', seed := 3);
SELECT cerebro.search('packed', 'hyperband', 'archs', 6, :'compile', :'fit',
    '{"policy": "hyperband", "max_models": 14, "seeds_per_config": 2, "monitor": "val_loss"}', 'packed_val', seed := 3);
SELECT cerebro.search('packed', 'asha', 'archs', 6, :'compile', :'fit',
    '{"policy": "asha", "max_models": 18, "concurrency": 6, "sampler": "tpe", "startup": 6}', 'packed_val', seed := 3);
SELECT cerebro.search('packed', 'bohb', 'archs', 6, :'compile', :'fit', '{"policy": "bohb", "startup": 5}', 'packed_val', seed := 3);
SELECT cerebro.search('packed', 'pbt', 'archs', 6, :'compile', :'fit', '{"policy": "pbt", "population": 6, "interval": 2}', 'packed_val', seed := 3);
SELECT cerebro.search('packed', 'again', 'archs', 6, :'compile', :'fit', '{"policy": "pbt", "population": 6, "interval": 2}', 'packed_val', seed := 3);

-- the same by parts: models that rest lie in result tables in between, and clones begin with what lies there
SELECT format('{"compile_params_grid": %s, "fit_params_grid": %s, "policy": "pbt", "population": 6, "interval": 2}', to_json(:'compile'::text), to_json(:'fit'::text)) AS pbt,
    format('{"compile_params_grid": %s, "fit_params_grid": %s, "policy": "asha", "max_models": 18, "concurrency": 6, "sampler": "tpe", "startup": 6}',
        to_json(:'compile'::text), to_json(:'fit'::text)) AS asha \gset
CREATE FUNCTION parts(out_table text, search text, iterations bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    calls bigint := 1;
BEGIN
    WHILE cerebro.advance('packed', out_table, 'archs', 6, validation_table := 'packed_val', seed := 3, search := parts.search, iterations := parts.iterations) > 0 LOOP
        calls := calls + 1;
    END LOOP;
    RETURN calls;
END $$;
SELECT parts('pbt_parts', :'pbt', 1), parts('asha_parts', :'asha', 3);

-- trials that fail while they train: their indexes come to lie outside of the table
SELECT cerebro.load_model('failing', $${"class_name": "Sequential", "config": [
  {"class_name": "Rescaling", "config": {"name": "scaled", "scale": 10, "batch_input_shape": [null, 3]}},
  {"class_name": "Embedding", "config": {"name": "table", "input_dim": 50, "output_dim": 2}},
  {"class_name": "Flatten", "config": {"name": "flat"}},
  {"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax"}}]}$$);
SELECT cerebro.load_model('failing', format(:'network', 8)::json);
SELECT cerebro.search('packed', 'faulty', 'failing', 4, :'compile', $${'batch_size': [8, 16, 32]}$$, '{"policy": "random", "max_models": 10, "concurrency": 4}',
    'packed_val', seed := 3);

-- by people
SELECT cerebro.load_model_selection_table('archs', 'configs', ARRAY[2],
    ARRAY[$$optimizer='Adam(lr=0.01)',loss='categorical_crossentropy',metrics=['accuracy']$$,
          $$optimizer='SGD(lr=0.05,momentum=0.9)',loss='categorical_crossentropy',metrics=['accuracy']$$,
          $$optimizer='SGD(lr=3e38,momentum=0.9)',loss='categorical_crossentropy',metrics=['accuracy']$$],
    ARRAY['batch_size=8', 'batch_size=32']);
CREATE FUNCTION go_on(iterations bigint) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    RETURN cerebro.advance('packed', 'run', 'configs', 6, validation_table := 'packed_val', metrics_compute_frequency := 2, seed := 5, restore_best := true,
        iterations := go_on.iterations);
END $$;
SELECT cerebro.fit_multiple_model('packed', 'plain', 'configs', 6, validation_table := 'packed_val', metrics_compute_frequency := 2, seed := 5, restore_best := true);
SELECT go_on(1);
SELECT cerebro.control('run', 'stop', 2);
SELECT cerebro.control('run', 'clone', 1, compile_params := $$optimizer='Adam(lr=0.001)',loss='categorical_crossentropy',metrics=['accuracy']$$);
SELECT cerebro.control('run', 'clone', 1, fit_params := 'batch_size=16', from_weights := false, iterations := 3);
SELECT cerebro.control('run', 'clone', 3, compile_params := $$optimizer='Adam(lr=0.01)',loss='categorical_crossentropy',metrics=['accuracy']$$);
SELECT cerebro.control('run', 'clone', 2, iterations := 4);
SELECT cerebro.control('run', 'add', model_id := 3, compile_params := $$optimizer='SGD(lr=0.1)',loss='categorical_crossentropy',metrics=['accuracy']$$,
    fit_params := 'batch_size=32', iterations := 2);
SELECT cerebro.control('run', 'add', model_id := 7, compile_params := $$optimizer='SGD(lr=0.1)',loss='categorical_crossentropy'$$, fit_params := 'batch_size=32');
SELECT cerebro.control('run', 'clone', 5);
SELECT go_on(2);
SELECT cerebro.control('run', 'resume', 2);
SELECT cerebro.control('run', 'delete', 4);
SELECT cerebro.control('run', 'reprioritise', 3, priority := 1);
SELECT cerebro.control('run', 'resume', 3);
SELECT go_on(1);
SELECT cerebro.control('run', 'reprioritise', 3, priority := 0);
SELECT cerebro.control('run', 'clone', 4);
SELECT go_on(100);
SELECT cerebro.replay('run', 'replayed');
-- stopped and finished before anything was trained
SELECT cerebro.advance('packed', 'ended', 'configs', 5, metrics_compute_frequency := 1, iterations := 1);
SELECT cerebro.control('ended', 'add', model_id := 1, compile_params := $$optimizer='SGD(lr=0.1)',loss='categorical_crossentropy',metrics=['accuracy']$$, fit_params := 'batch_size=32');
SELECT cerebro.control('ended', 'finish');
SELECT cerebro.advance('packed', 'ended', 'configs', 5, metrics_compute_frequency := 1, iterations := 1);

CREATE FUNCTION bits(v double precision[]) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT string_agg(encode(float8send(x), 'hex'), ',') FROM unnest(v) x $$;
CREATE FUNCTION facts(models text) RETURNS SETOF text LANGUAGE plpgsql AS $f$
BEGIN
    RETURN QUERY EXECUTE format($$SELECT %1$L || ' weights ' || mst_key || ' ' || md5(model_weights) FROM %1$I ORDER BY mst_key$$, models);
    RETURN QUERY EXECUTE format($$SELECT %1$L || ' state ' || mst_key || ' ' || count(*) || ' pieces ' || md5(string_agg(data, '' ORDER BY piece))
        FROM %2$I GROUP BY mst_key ORDER BY mst_key$$, models, models || '_state');
    RETURN QUERY EXECUTE format($$SELECT concat_ws(' ', %1$L || ' info', mst_key, status, diverged_step, metrics_iters, stopped_iteration, stopped_by, best_iteration,
        iterations_done, bits(training_loss), bits(validation_loss)) FROM %2$I ORDER BY mst_key$$, models, models || '_info');
    RETURN QUERY EXECUTE format($$SELECT concat_ws(' ', %1$L || ' visit', mst_key, iteration, visit, partition_id, rows, bits(ARRAY[loss])) FROM %2$I
        ORDER BY mst_key, iteration, visit$$, models, models || '_visits');
    RETURN QUERY EXECUTE format($$SELECT concat_ws(' ', %1$L || ' trial', mst_key, state, model_id, compile_params, fit_params, parent, keeps_optimizer, began, iterations,
        target, entered_round, bracket, priority, deleted, remark, error, point_iterations, bits(point_values)) FROM %2$I ORDER BY mst_key$$, models, models || '_trials');
END $f$;
\o
SELECT facts(r) FROM unnest('{random,tpe,gp,hyperband,asha,bohb,pbt,again,pbt_parts,asha_parts,faulty,run,replayed,ended}'::text[]) r;
SELECT concat_ws(' ', 'done', action, mst_key, round, new_mst_key, refused) FROM run_control ORDER BY requested_at;
SELECT concat_ws(' ', 'best', mst_key) FROM cerebro.leaderboard('tpe') WHERE rank = 1;
SELECT 'plan ' || line FROM cerebro.explain_fit_multiple_model('packed', 'planned', 'archs', 6, validation_table := 'packed_val', search := :'pbt') line
WHERE line ~ 'Search|model-iterations';
