-- hyperband_schedule and madlib_keras_automl. Hyperband runs along the diagonals of its schedule: all brackets that are
-- to train for equally many iterations train together, in one run. Hyperopt's tpe is cerebro.search's Parzen estimator.

CREATE FUNCTION @madlib@._hyperband_brackets(module text, r integer, eta integer, skip_last integer)
        RETURNS TABLE(s integer, i integer, n_i integer, r_i integer)
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    s_max integer := 0;
BEGIN
    IF eta IS NULL OR eta <= 1 THEN
        RAISE EXCEPTION '%: eta must be greater than 1', module USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF r IS NULL OR r < eta THEN
        RAISE EXCEPTION '%: R should not be less than eta', module USING ERRCODE = 'invalid_parameter_value';
    END IF;
    WHILE power(eta::numeric, s_max + 1) <= r LOOP s_max := s_max + 1; END LOOP;
    IF skip_last IS NULL OR skip_last < 0 OR skip_last > s_max THEN
        RAISE EXCEPTION '%: skip_last must be non-negative and less than %', module, s_max
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN QUERY
        SELECT b.s, rung.i, trunc(((s_max + 1) / (b.s + 1)) * power(eta::numeric, b.s) / power(eta::numeric,
            rung.i))::integer,
               round(r * power(eta::numeric, rung.i) / power(eta::numeric, b.s))::integer
        FROM generate_series(s_max, skip_last, -1) AS b(s), LATERAL generate_series(0, b.s - skip_last) AS rung(i)
        ORDER BY b.s DESC, rung.i;
END $$;
COMMENT ON FUNCTION @madlib@._hyperband_brackets(text, integer, integer, integer)
    IS 'internal: brackets and rungs of Hyperband';

CREATE FUNCTION @madlib@._hyperband_schedule(path text, schedule_table text, r integer, eta integer, skip_last integer)
    RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    module CONSTANT text := 'hyperband_schedule';
    output text := @madlib@._output_table(path, module, schedule_table);
BEGIN
    PERFORM 1 FROM @madlib@._hyperband_brackets(module, r, eta, skip_last);
    EXECUTE format('CREATE TABLE %s (s integer, i integer, n_i integer, r_i integer, UNIQUE (s, i))', output)
        || @madlib@._distributed('s, i');
    EXECUTE format('INSERT INTO %s SELECT * FROM @madlib@._hyperband_brackets($1, $2, $3, $4)', output) USING module,
        r, eta, skip_last;
END $$;
COMMENT ON FUNCTION @madlib@._hyperband_schedule(text, text, integer, integer, integer) IS
    'internal: hyperband_schedule, with the caller''s search_path';

CREATE FUNCTION @madlib@.hyperband_schedule(schedule_table varchar, r integer, eta integer DEFAULT 3,
    skip_last integer DEFAULT 0)
        RETURNS void
    LANGUAGE sql VOLATILE AS $$
    SELECT @madlib@._hyperband_schedule(pg_catalog.current_setting('search_path'), $1::pg_catalog.text, $2, $3, $4)
$$;
COMMENT ON FUNCTION @madlib@.hyperband_schedule(varchar, integer, integer, integer) IS
    'makes a table of Hyperband''s brackets: how many configurations train for how many iterations';

-- What automl_params say, over the defaults. Keys are taken in any case.
CREATE FUNCTION @madlib@._automl_params(module text, method text, params text, OUT r integer, OUT eta integer,
    OUT skip_last integer,
        OUT num_configs integer, OUT num_iterations integer, OUT algorithm text)
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    argument record;
    known CONSTANT text[] := CASE method WHEN 'hyperband' THEN '{r,eta,skip_last}'
        ELSE '{num_configs,num_iterations,algorithm}' END::text[];
BEGIN
    r := 6; eta := 3; skip_last := 0;
    num_configs := 20; num_iterations := 5; algorithm := 'tpe';
    FOR argument IN SELECT lower(a.key) AS key, a.value FROM @madlib@._params(params, true) AS a LOOP
        IF NOT argument.key = ANY (known) OR argument.value IS NULL OR (argument.key <> 'algorithm'
            AND argument.value !~ '^[+-]?[0-9]{1,9}$') THEN
            IF method = 'hyperband' THEN
                RAISE EXCEPTION '%: Invalid param(s) passed in for hyperband. Only R, eta, and skip_last may be '
                    'specified', module
                    USING ERRCODE = 'invalid_parameter_value';
            END IF;
            RAISE EXCEPTION '%: Invalid param(s) passed in for hyperopt. Only num_configs, num_iterations, and '
                'algorithm may be specified', module
                USING ERRCODE = 'invalid_parameter_value';
        END IF;
        CASE argument.key
            WHEN 'r' THEN r := argument.value;
            WHEN 'eta' THEN eta := argument.value;
            WHEN 'skip_last' THEN skip_last := argument.value;
            WHEN 'num_configs' THEN num_configs := argument.value;
            WHEN 'num_iterations' THEN num_iterations := argument.value;
            ELSE algorithm := lower(argument.value);
        END CASE;
    END LOOP;
    IF algorithm NOT IN ('rand', 'tpe') THEN
        RAISE EXCEPTION '%: valid algorithm ''automl_params'' for hyperopt: ''rand'', ''tpe''', module
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF num_configs < 1 OR num_iterations < 1 THEN
        RAISE EXCEPTION '%: num_configs and num_iterations in ''automl_params'' must be > 0', module
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
END $$;
COMMENT ON FUNCTION @madlib@._automl_params(text, text, text) IS 'internal: parameters of a search';

-- The best of the results so far, as MADlib prints it.
CREATE FUNCTION @madlib@._say_best(results text, level text, validates boolean) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    part text;
    best record;
BEGIN
    FOREACH part IN ARRAY ARRAY['training', 'validation'] LOOP
        CONTINUE WHEN part = 'validation' AND NOT validates;
        EXECUTE format('SELECT t.mst_key, t.%s_metrics_final AS metric, t.%s_loss_final AS loss FROM %s t ORDER BY '
            't.%s_loss_final, t.mst_key LIMIT 1',
            part, part, results, part) INTO best;
        PERFORM @madlib@._say(format(E'\nBest %s loss so far:\nmst_key=%s: metric=%s, loss=%s\n', part, best.mst_key,
            best.metric, best.loss),
            level);
    END LOOP;
END $$;
COMMENT ON FUNCTION @madlib@._say_best(text, text, boolean) IS 'internal: a line about the best model';

-- Results of a search: what info tables have, weights, bracket and rung.
CREATE FUNCTION @madlib@._create_results(home text) RETURNS text
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    made text := @madlib@._temporary(home, 'found');
BEGIN
    EXECUTE format($q$CREATE TABLE %s (mst_key integer, model_id integer, compile_params text, fit_params text,
        model_type text,
            model_size double precision, metrics_elapsed_time double precision[], metrics_type text[], loss_type text,
            training_metrics_final double precision, training_loss_final double precision,
                training_metrics double precision[],
            training_loss double precision[], validation_metrics_final double precision,
                validation_loss_final double precision,
            validation_metrics double precision[], validation_loss double precision[], metrics_iters integer[],
                s integer, i integer,
            model_weights bytea, model_arch json)$q$, made) || @madlib@._distributed('mst_key');
    RETURN made;
END $$;
COMMENT ON FUNCTION @madlib@._create_results(text) IS 'internal: a table for the results of a search';

-- Adds what a run has found: curves go on behind those that are there. before: seconds until the run began.
CREATE FUNCTION @madlib@._add_results(results text, info text, run text, before double precision) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    EXECUTE format($q$
        CREATE TABLE %s AS
        SELECT n.mst_key, n.model_id, n.compile_params, n.fit_params, n.model_type, n.model_size,
               o.metrics_elapsed_time || (SELECT array_agg(e.seconds + %L::double precision ORDER BY e.nr)
                                          FROM unnest(n.metrics_elapsed_time) WITH ORDINALITY AS e(seconds,
                                              nr)) AS metrics_elapsed_time,
               n.metrics_type, n.loss_type, n.training_metrics_final, n.training_loss_final,
               o.training_metrics || n.training_metrics AS training_metrics, o.training_loss
                   || n.training_loss AS training_loss,
               n.validation_metrics_final, n.validation_loss_final, o.validation_metrics
                   || n.validation_metrics AS validation_metrics,
               o.validation_loss || n.validation_loss AS validation_loss,
               o.metrics_iters || (SELECT array_agg(e.iteration
                                       + COALESCE(o.metrics_iters[array_length(o.metrics_iters, 1)], 0) ORDER BY e.nr)
                                   FROM unnest(n.metrics_iters) WITH ORDINALITY AS e(iteration, nr)) AS metrics_iters,
               m.model_weights, m.model_arch
        FROM %s n JOIN %s m ON m.mst_key = n.mst_key LEFT JOIN %s o ON o.mst_key = n.mst_key$q$,
        info || '_all', before, info, run, results) || @madlib@._distributed('mst_key');
    EXECUTE format('DELETE FROM %s WHERE mst_key IN (SELECT a.mst_key FROM %s a)', results, info || '_all');
    EXECUTE format($q$INSERT INTO %s SELECT a.mst_key, a.model_id, a.compile_params, a.fit_params, a.model_type,
        a.model_size,
            a.metrics_elapsed_time, a.metrics_type, a.loss_type, a.training_metrics_final, a.training_loss_final,
                a.training_metrics,
            a.training_loss, a.validation_metrics_final, a.validation_loss_final, a.validation_metrics,
                a.validation_loss, a.metrics_iters,
            NULL, NULL, a.model_weights, a.model_arch FROM %s a$q$, results, info || '_all');
    PERFORM @madlib@._drop(info || '_all');
END $$;
COMMENT ON FUNCTION @madlib@._add_results(text, text, text, double precision) IS 'internal: adds what a run has found';

-- One diagonal after the other. brackets: mst_keys are dealt to brackets in their order, those of many configurations
-- first.
CREATE FUNCTION @madlib@._run_hyperband(module text, level text, configs text, stage text, validation_stage text,
    schedule text,
        frequency integer, use_gpus boolean, use_caching boolean, seed bigint, start_time timestamptz) RETURNS text
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp SET client_min_messages = warning AS $$
DECLARE
    home text := @madlib@._home(configs);
    results text := @madlib@._create_results(home);
    standing text := @madlib@._temporary(home, 'standing');
    chosen text;
    diagonal record;
    rung record;
    run text;
    info text;
    before double precision;
    judged text := CASE WHEN validation_stage IS NULL THEN 'training_loss_final' ELSE 'validation_loss_final' END;
    said text;
BEGIN
    EXECUTE format($q$
        CREATE TABLE %s AS SELECT k.mst_key, b.s, -1 AS i
        FROM (SELECT c.mst_key, row_number() OVER (ORDER BY c.mst_key) AS nr FROM %s c) k
        JOIN (SELECT h.s, sum(h.n_i) OVER (ORDER BY h.s DESC) - h.n_i AS first, h.n_i FROM %s h WHERE h.i = 0) b
             ON k.nr > b.first AND k.nr <= b.first + b.n_i$q$, standing, configs, schedule)
                 || @madlib@._distributed('mst_key');
    FOR diagonal IN EXECUTE format('SELECT h.s - h.i AS level, max(h.r_i) AS iterations, string_agg(format(''%%s '
        'configs under bracket=%%s & round=%%s'','
        ' h.n_i, h.s, h.i), '', '' ORDER BY h.s DESC) AS said FROM %s h GROUP BY h.s - h.i ORDER BY 1 DESC', schedule)
    LOOP
        PERFORM @madlib@._say(format('*** Diagonally evaluating %s with %s iterations ***', diagonal.said,
            diagonal.iterations), level);
        FOR rung IN EXECUTE format('SELECT h.s, h.i, h.n_i FROM %s h WHERE h.s - h.i = $1', schedule)
            USING diagonal.level LOOP
            EXECUTE format($q$UPDATE %s p SET i = $2 FROM (
                    SELECT q.mst_key FROM %s q LEFT JOIN %s f ON f.mst_key = q.mst_key WHERE q.s = $1 AND q.i = $2 - 1
                    ORDER BY f.%I, q.mst_key LIMIT $3) best WHERE best.mst_key = p.mst_key$q$, standing, standing,
                        results, judged)
                USING rung.s, rung.i, rung.n_i;
        END LOOP;
        chosen := @madlib@._temporary(home, 'chosen');
        EXECUTE format($q$CREATE TABLE %s AS
            SELECT c.mst_key, c.model_id, CASE WHEN f.mst_key IS NULL THEN c.architecture
                ELSE -c.mst_key END AS architecture, c.model_arch,
                   CASE WHEN f.mst_key IS NULL THEN c.model_weights ELSE f.model_weights END AS model_weights,
                       c.compile_params, c.fit_params,
                   c.compile_written, c.fit_written, c.loss, c.metrics
            FROM %s c JOIN %s p ON p.mst_key = c.mst_key LEFT JOIN %s f ON f.mst_key = c.mst_key
            WHERE p.i >= 0 AND p.s - p.i = %s$q$, chosen, configs, standing, results, diagonal.level)
                || @madlib@._distributed('mst_key');
        before := @madlib@._seconds_since(start_time);
        run := @madlib@._run_models(chosen, stage, validation_stage, diagonal.iterations, LEAST(COALESCE(frequency,
            diagonal.iterations),
            diagonal.iterations), use_gpus, use_caching, seed);
        info := @madlib@._collect_info(run, chosen, COALESCE(frequency, diagonal.iterations), diagonal.iterations);
        PERFORM @madlib@._say_iterations(info, level);
        PERFORM @madlib@._add_results(results, info, run, before);
        PERFORM @madlib@._drop(run);
        PERFORM @madlib@._drop(info);
        PERFORM @madlib@._drop(chosen);
        PERFORM @madlib@._say_best(results, level, validation_stage IS NOT NULL);
    END LOOP;
    EXECUTE format('UPDATE %s f SET s = p.s, i = p.i FROM %s p WHERE p.mst_key = f.mst_key', results, standing);
    PERFORM @madlib@._drop(standing);
    RETURN results;
END $$;
COMMENT ON FUNCTION @madlib@._run_hyperband(text, text, text, text, text, text, integer, boolean, boolean, bigint,
    timestamptz) IS
    'internal: Hyperband by diagonals';

-- Grids as cerebro.search takes them: with an optimizer, functions of the object table written out, without callbacks.
CREATE FUNCTION @madlib@._search_compile_grid(written text, objects text, written_objects text) RETURNS text
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    grid json := @madlib@._grid(written, 'compile_params_dict');
    default_optimizer CONSTANT text := '"optimizer_params_list": [{"optimizer": ["RMSprop"]}]';
    functions text;
    names text[];
    made text := written;
BEGIN
    SELECT '{' || default_optimizer || COALESCE(string_agg(', ' || to_json(g.key)::text || ': ' || g.value::text, ''), '') || '}'
        INTO functions FROM json_each(grid) AS g WHERE g.key IN ('loss', 'metrics');
    SELECT array_agg(DISTINCT n.name) INTO names FROM @madlib@._grid_texts(functions::json) AS t(text),
        LATERAL unnest(@madlib@._custom_names(t.text)) AS n(name);
    IF NOT EXISTS (SELECT 1 FROM json_object_keys(grid) AS k(key) WHERE k.key = 'optimizer_params_list') THEN
        SELECT '{' || default_optimizer || COALESCE(string_agg(', ' || to_json(g.key)::text || ': ' || g.value::text, ''), '') || '}'
            INTO made FROM json_each(grid) AS g;
        made := @madlib@._literal_python(made);
    END IF;
    IF names IS NULL THEN RETURN made; END IF;
    RETURN @madlib@._with_calls(made, names, @madlib@._function_calls(names, objects, written_objects));
END $$;
COMMENT ON FUNCTION @madlib@._search_compile_grid(text, text, text) IS 'internal: a grid of compile_params for cerebro.search';

CREATE FUNCTION @madlib@._search_fit_grid(written text) RETURNS text
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    grid json := @madlib@._grid(written, 'fit_params_dict');
    made text;
BEGIN
    IF NOT EXISTS (SELECT 1 FROM json_object_keys(grid) AS k(key) WHERE k.key = 'callbacks') THEN RETURN written; END IF;
    RAISE WARNING 'callbacks: no files for TensorBoard are written; the info table has the curves';
    SELECT '{' || COALESCE(string_agg(to_json(g.key)::text || ': ' || g.value::text, ', '), '') || '}' INTO made
        FROM json_each(grid) AS g WHERE g.key <> 'callbacks';
    RETURN @madlib@._literal_python(made);
END $$;
COMMENT ON FUNCTION @madlib@._search_fit_grid(text) IS 'internal: a grid of fit_params for cerebro.search';

-- The Parzen estimator of cerebro.search: as many configurations at a time as there are partitions, as MADlib asks
-- Hyperopt.
CREATE FUNCTION @madlib@._run_tpe(level text, home text, stage text, validation_stage text, arch_table text,
    model_ids integer[],
        compile_grid text, fit_grid text, num_configs integer, num_iterations integer, frequency integer,
            use_gpus boolean, seed bigint)
        RETURNS text
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp SET client_min_messages = warning AS $$
DECLARE
    run text := @madlib@._temporary(home, 'out');
    results text := @madlib@._create_results(home);
    configs text := @madlib@._temporary(home, 'configs');
    info text;
    partitions integer := (@madlib@._spec_of(stage)::json ->> 'num_partitions')::integer;
    detail text;
    hint text;
BEGIN
    PERFORM @madlib@._say(format('***Evaluating %s newly suggested model configurations***', num_configs), level);
    BEGIN
        PERFORM cerebro.search(stage, run, arch_table, num_iterations, compile_grid, fit_grid,
            format('{"policy": "tpe", "max_models": %s, "concurrency": %s, "startup": %s, "monitor": "%s"}',
                num_configs,
                LEAST(num_configs, GREATEST(2, partitions)), LEAST(num_configs, 10), CASE WHEN validation_stage IS NULL
                    THEN 'loss' ELSE 'val_loss' END),
            validation_table := validation_stage, model_id_list := model_ids, seed := seed, use_gpus := use_gpus);
    EXCEPTION WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
        PERFORM @madlib@._say_again(SQLERRM, detail, hint, SQLSTATE);
    END;
    EXECUTE format('CREATE TABLE %s AS SELECT i.mst_key, i.model_id, regexp_replace(i.compile_params, '
        '''torchscript\(name="([^"]*)",source="[^"]*"\)'', ''\1'', ''g'') AS compile_written, i.fit_params AS fit_written,'
        ' i.loss_type AS loss, COALESCE(i.metrics_type, ''{}'') AS metrics FROM %s i', configs,
            @madlib@._with_suffix(run, '_info'))
        || @madlib@._distributed('mst_key');
    info := @madlib@._collect_info(run, configs, COALESCE(frequency, num_iterations), num_iterations);
    PERFORM @madlib@._say_iterations(info, level);
    PERFORM @madlib@._add_results(results, info, run, 0);
    PERFORM @madlib@._say_best(results, level, validation_stage IS NOT NULL);
    PERFORM @madlib@._drop(info);
    PERFORM @madlib@._drop(run);
    PERFORM @madlib@._drop(configs);
    RETURN results;
END $$;
COMMENT ON FUNCTION @madlib@._run_tpe(text, text, text, text, text, integer[], text, text, integer, integer, integer,
    boolean, bigint) IS
    'internal: a search by a tree-structured Parzen estimator';

CREATE FUNCTION @madlib@._automl(path text, level text, source_table text, model_output_table text,
    model_arch_table text,
        model_selection_table text, model_id_list integer[], compile_params_grid text, fit_params_grid text,
            automl_method text,
        automl_params text, random_state integer, object_table text, use_gpus boolean, validation_table text,
        metrics_compute_frequency integer, name text, description text, use_caching boolean) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp SET client_min_messages = warning AS $$
DECLARE
    module CONSTANT text := 'madlib_keras_automl';
    start_time timestamptz := clock_timestamp();
    method text := lower(btrim(COALESCE(automl_method, 'hyperband')));
    params record;
    source @madlib@._packed;
    validation @madlib@._packed;
    arch_table text;
    objects text;
    output text;
    selection text;
    home text;
    stage text;
    validation_stage text;
    schedule text;
    configs text;
    run text;
    info text;
    results text;
    total integer;
    best integer;
    counts integer[];
    hyperband boolean;
    seed bigint := COALESCE(random_state, 1);
BEGIN
    IF method NOT IN ('hyperband', 'hyperopt') THEN
        RAISE EXCEPTION '%: The chosen automl method must be ''hyperband'' or ''hyperopt''', module
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    hyperband := method = 'hyperband';
    source := @madlib@._open_packed(path, module, source_table, @madlib@._packed_suffix('source', source_table));
    IF NOT @madlib@._no_name(validation_table) THEN
        validation := @madlib@._open_packed(path, module, validation_table, @madlib@._packed_suffix('validation',
            validation_table));
    END IF;
    output := @madlib@._output_tables(path, module, model_output_table, '{_info,_summary}', false);
    selection := @madlib@._output_tables(path, module, model_selection_table, '{_summary}', false);
    arch_table := @madlib@._input_table(path, module, model_arch_table);
    IF object_table IS NOT NULL THEN objects := @madlib@._functions_table(module, object_table); END IF;
    SELECT * INTO params FROM @madlib@._automl_params(module, method, automl_params);
    IF metrics_compute_frequency < 1 OR metrics_compute_frequency > (CASE WHEN hyperband THEN params.r
        ELSE params.num_iterations END) THEN
        RAISE EXCEPTION '%: ''metrics_compute_frequency'' out of iteration range', module
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    home := @madlib@._home(output);
    IF hyperband THEN
        schedule := @madlib@._temporary(home, 'plan');
        EXECUTE format('CREATE TABLE %s AS SELECT * FROM @madlib@._hyperband_brackets(%L, %L::integer, %L::integer, '
            '%L::integer)', schedule, module,
            params.r, params.eta, params.skip_last) || @madlib@._distributed('s');
        EXECUTE format('SELECT sum(h.n_i) FROM %s h WHERE h.i = 0', schedule) INTO total;
    ELSE
        total := params.num_configs;
    END IF;
    PERFORM @madlib@._require_gpus(module, use_gpus);
    -- it checks the grids, whatever searches them
    PERFORM @madlib@._generate_model_configs(path, model_arch_table, model_selection_table, model_id_list,
        compile_params_grid,
        fit_params_grid, 'random', CASE WHEN hyperband OR params.algorithm = 'rand' THEN total ELSE 1 END,
            random_state, object_table);
    stage := @madlib@._stage_packed(source, home);
    counts := @madlib@._class_counts_of(stage);
    IF validation.name IS NOT NULL THEN validation_stage := @madlib@._stage_packed(validation, home); END IF;
    IF hyperband OR params.algorithm = 'rand' THEN
        configs := @madlib@._make_configs(home, selection, arch_table, model_arch_table, objects, object_table, NULL);
    END IF;
    IF hyperband THEN
        results := @madlib@._run_hyperband(module, level, configs, stage, validation_stage, schedule,
            metrics_compute_frequency, use_gpus,
            use_caching, seed, start_time);
        PERFORM @madlib@._drop(schedule);
    ELSIF params.algorithm = 'rand' THEN
        PERFORM @madlib@._say(format('***Evaluating %s newly suggested model configurations***', total), level);
        run := @madlib@._run_models(configs, stage, validation_stage, params.num_iterations,
            COALESCE(metrics_compute_frequency,
            params.num_iterations), use_gpus, use_caching, seed);
        info := @madlib@._collect_info(run, configs, COALESCE(metrics_compute_frequency, params.num_iterations),
            params.num_iterations);
        PERFORM @madlib@._say_iterations(info, level);
        results := @madlib@._create_results(home);
        PERFORM @madlib@._add_results(results, info, run, 0);
        PERFORM @madlib@._say_best(results, level, validation.name IS NOT NULL);
        PERFORM @madlib@._drop(run);
        PERFORM @madlib@._drop(info);
    ELSE
        results := @madlib@._run_tpe(level, home, stage, validation_stage, arch_table, model_id_list,
            @madlib@._search_compile_grid(compile_params_grid, objects, object_table),
            @madlib@._search_fit_grid(fit_params_grid), total, params.num_iterations, metrics_compute_frequency, use_gpus, seed);
    END IF;
    IF configs IS NOT NULL THEN PERFORM @madlib@._drop(configs); END IF;
    EXECUTE format('SELECT f.mst_key FROM %s f ORDER BY f.%I, f.mst_key LIMIT 1', results,
        CASE WHEN validation.name IS NULL THEN 'training_loss_final' ELSE 'validation_loss_final' END) INTO best;
    EXECUTE format('DELETE FROM %s', selection);
    EXECUTE format('INSERT INTO %s (mst_key, model_id, compile_params, fit_params) SELECT f.mst_key, f.model_id, '
        'f.compile_params, f.fit_params'
        ' FROM %s f WHERE f.mst_key = $1', selection, results) USING best;
    EXECUTE format('CREATE TABLE %s (mst_key integer PRIMARY KEY, model_weights bytea, model_arch json, __dist_key__ '
        'integer)', output);
    EXECUTE format('ALTER TABLE %s ALTER COLUMN model_weights SET STORAGE EXTERNAL', output);
    EXECUTE format('INSERT INTO %s SELECT f.mst_key, f.model_weights, f.model_arch, $1 FROM %s f ORDER BY f.mst_key',
        output, results)
        USING @madlib@._any_dist_key(source);
    EXECUTE format($q$CREATE TABLE %s AS SELECT f.mst_key, f.model_id, f.compile_params, f.fit_params, f.model_type,
        f.model_size,
            f.metrics_elapsed_time, f.metrics_type, f.loss_type, f.training_metrics_final, f.training_loss_final,
                f.training_metrics,
            f.training_loss, f.validation_metrics_final, f.validation_loss_final, f.validation_metrics,
                f.validation_loss, f.metrics_iters%s
        FROM %s f ORDER BY f.mst_key$q$, @madlib@._with_suffix(output, '_info'), CASE WHEN hyperband THEN ', f.s, f.i'
            ELSE '' END, results)
        || @madlib@._distributed('mst_key');
    EXECUTE format('ALTER TABLE %s ADD PRIMARY KEY (mst_key)', @madlib@._with_suffix(output, '_info'));
    EXECUTE format($q$CREATE TABLE %s AS SELECT $1 AS source_table, $2 AS validation_table, $3 AS model,
        $4 AS model_info,
            ss.dependent_varname::text[] AS dependent_varname, ss.independent_varname::text[] AS independent_varname,
            $5 AS model_arch_table, $6 AS model_selection_table, $7 AS automl_method, $8 AS automl_params,
                $9 AS random_state,
            $10 AS object_table, $11 AS use_gpus, $12 AS metrics_compute_frequency, $13 AS name, $14 AS description,
            $15 AS start_training_time, $16 AS end_training_time, $17 AS madlib_version, $18 AS num_classes%s,
                %s AS dependent_vartype,
            %s AS normalizing_const FROM (SELECT * FROM %s LIMIT 1) ss$q$,
        @madlib@._with_suffix(output, '_summary'), @madlib@._class_value_columns(source),
        @madlib@._optional(source.summary, 'ss', 'dependent_vartype', 'text[]'),
        @madlib@._optional(source.summary, 'ss', 'normalizing_const', 'real'), source.summary)
        || CASE WHEN @madlib@._on_greenplum() THEN ' DISTRIBUTED RANDOMLY' ELSE '' END
        USING source_table, validation_table, model_output_table, @madlib@._with_suffix(model_output_table, '_info'),
            model_arch_table,
            model_selection_table, method, COALESCE(automl_params, CASE WHEN hyperband THEN 'R=6, eta=3, skip_last=0'
                ELSE 'num_configs=20, num_iterations=5, algorithm=tpe' END), random_state::text, object_table, use_gpus,
            metrics_compute_frequency, name, description, start_time::timestamp, clock_timestamp()::timestamp,
                @madlib@._version(), counts;
    PERFORM @madlib@._drop(results);
    PERFORM @madlib@._drop_stage(source, stage);
    IF validation.name IS NOT NULL THEN PERFORM @madlib@._drop_stage(validation, validation_stage); END IF;
END $$;
COMMENT ON FUNCTION @madlib@._automl(text, text, text, text, text, text, integer[], text, text, text, text, integer,
    text, boolean, text,
        integer, text, text, boolean)
            IS 'internal: madlib_keras_automl, with the caller''s search_path and level of messages';

CREATE FUNCTION @madlib@.madlib_keras_automl(source_table varchar, model_output_table varchar, model_arch_table varchar,
        model_selection_table varchar, model_id_list integer[], compile_params_grid varchar, fit_params_grid varchar,
        automl_method varchar DEFAULT 'hyperband', automl_params varchar DEFAULT NULL,
            random_state integer DEFAULT NULL,
        object_table varchar DEFAULT NULL, use_gpus boolean DEFAULT false, validation_table varchar DEFAULT NULL,
        metrics_compute_frequency integer DEFAULT NULL, name varchar DEFAULT NULL, description varchar DEFAULT NULL,
        use_caching boolean DEFAULT false) RETURNS void
    LANGUAGE sql VOLATILE AS $$
    SELECT @madlib@._automl(pg_catalog.current_setting('search_path'),
        pg_catalog.current_setting('client_min_messages'),
        $1::pg_catalog.text, $2::pg_catalog.text, $3::pg_catalog.text, $4::pg_catalog.text, $5, $6::pg_catalog.text,
            $7::pg_catalog.text,
        $8::pg_catalog.text, $9::pg_catalog.text, $10, $11::pg_catalog.text, COALESCE($12, false),
            $13::pg_catalog.text, $14,
        $15::pg_catalog.text, $16::pg_catalog.text, COALESCE($17, false))
$$;
COMMENT ON FUNCTION @madlib@.madlib_keras_automl(varchar, varchar, varchar, varchar, integer[], varchar, varchar,
    varchar, varchar, integer,
        varchar, boolean, varchar, integer, varchar, varchar, boolean) IS
    'searches architectures and parameters by Hyperband or Hyperopt''s methods and keeps the best configuration';
