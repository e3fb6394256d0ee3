-- madlib_keras_fit_multiple_model: all models of a model selection table, by cerebro.fit_multiple_model. Models begin
-- with the weights of their architecture, or with those of the run before (warm_start).

-- Rows of a model selection table as _run_models takes them. before: the output table of an earlier run, or NULL.
CREATE FUNCTION @madlib@._make_configs(home text, mst_table text, arch_table text, written_arch text, objects text,
    written_objects text,
        before text) RETURNS text
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    configs text := @madlib@._temporary(home, 'configs');
    mst record;
    arch record;
    weights bytea;
    known boolean;
BEGIN
    EXECUTE format('CREATE TABLE %s (mst_key integer, model_id integer, architecture integer, model_arch json, '
        'model_weights bytea,'
        ' compile_params text, fit_params text, compile_written text, fit_written text, loss text, metrics text[])',
            configs)
        || @madlib@._distributed('mst_key');
    FOR mst IN EXECUTE format('SELECT t.mst_key::integer, t.model_id::integer, t.compile_params::text, '
        't.fit_params::text FROM %s t'
        ' ORDER BY t.mst_key', mst_table)
    LOOP
        SELECT * INTO arch FROM @madlib@._architecture(arch_table, written_arch, mst.model_id);
        weights := arch.model_weights;
        IF before IS NOT NULL THEN
            EXECUTE format('SELECT m.model_weights FROM %s m WHERE m.mst_key = $1', before) INTO weights
                USING mst.mst_key;
        END IF;
        -- models that begin alike share one architecture
        EXECUTE format('INSERT INTO %s SELECT $1, $2, $3, $4, $5, (c.c).params, $6, $7, $8, (c.c).loss, (c.c).metrics'
            ' FROM (SELECT $9::@madlib@._compiled AS c) c', configs)
            USING mst.mst_key, mst.model_id, CASE WHEN before IS NULL THEN mst.model_id ELSE mst.mst_key END,
                arch.model_arch, weights,
                @madlib@._fit_params(mst.fit_params), mst.compile_params, mst.fit_params,
                @madlib@._compile_params(mst.compile_params, objects, written_objects);
    END LOOP;
    RETURN configs;
END $$;
COMMENT ON FUNCTION @madlib@._make_configs(text, text, text, text, text, text, text)
    IS 'internal: models of a model selection table';

-- What the summary of a model selection table says. The object table's name has its schema there.
CREATE FUNCTION @madlib@._selection_summary(path text, module text, written text, OUT mst_table text,
    OUT arch_written text,
        OUT arch_table text, OUT object_written text, OUT object_table text)
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    suffix text := 'Please ensure that the model selection table (' || COALESCE(written, '')
        || ') has been created by load_model_selection_table().';
    summary text;
BEGIN
    mst_table := @madlib@._input_table(path, module, written, suffix);
    summary := @madlib@._input_table(path, module, @madlib@._with_suffix(written, '_summary'), suffix);
    PERFORM @madlib@._require_columns(module, written, mst_table, ARRAY['mst_key', 'model_id', 'compile_params',
        'fit_params']);
    PERFORM @madlib@._require_columns(module, @madlib@._with_suffix(written, '_summary'), summary,
        ARRAY['model_arch_table']);
    EXECUTE format('SELECT ss.model_arch_table::text, %s FROM %s ss LIMIT 1', @madlib@._optional(summary, 'ss',
        'object_table', 'text'), summary)
        INTO arch_written, object_written;
    arch_table := @madlib@._input_table(path, module, arch_written);
    IF object_written IS NOT NULL THEN
        object_table := @madlib@._kept_functions_table(object_written);
        IF object_table IS NULL THEN PERFORM @madlib@._input_table('pg_catalog', module, object_written); END IF;
    END IF;
END $$;
COMMENT ON FUNCTION @madlib@._selection_summary(text, text, text)
    IS 'internal: a model selection table and what belongs to it';

-- Elements of a curve at these positions.
CREATE FUNCTION @madlib@._picked(curve double precision[], positions integer[]) RETURNS double precision[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN $1 IS NULL THEN NULL
                ELSE (SELECT array_agg($1[p.position] ORDER BY p.nr) FROM unnest($2) WITH ORDINALITY AS p(position,
                    nr)) END
$$;
COMMENT ON FUNCTION @madlib@._picked(double precision[], integer[]) IS 'internal: some elements of an array';

CREATE FUNCTION @madlib@._last(curve double precision[]) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT $1[array_length($1, 1)]
$$;
COMMENT ON FUNCTION @madlib@._last(double precision[]) IS 'internal: the last element of an array';

-- Makes a table of the models of a run: what MADlib's info tables have, and metrics_iters. configs has the models as
-- their users wrote them. Only evaluations of every frequency-th iteration and of the last one are taken.
CREATE FUNCTION @madlib@._collect_info(run text, configs text, frequency integer, num_iterations integer) RETURNS text
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    made text := @madlib@._temporary(@madlib@._home(run), 'info');
BEGIN
    EXECUTE format($q$
        CREATE TABLE %s AS
        SELECT v.mst_key, v.own_model_id AS model_id, v.compile_written AS compile_params, v.fit_written AS fit_params,
               'madlib_keras'::text AS model_type, v.own_size AS model_size, @madlib@._picked(v.metrics_elapsed_time,
                   v.positions) AS metrics_elapsed_time,
               NULLIF(v.metrics, '{}') AS metrics_type, v.loss AS loss_type,
               @madlib@._last(@madlib@._picked(v.training_metrics, v.positions)) AS training_metrics_final,
               @madlib@._last(@madlib@._picked(v.training_loss, v.positions)) AS training_loss_final,
               @madlib@._picked(v.training_metrics, v.positions) AS training_metrics,
               @madlib@._picked(v.training_loss, v.positions) AS training_loss,
               @madlib@._last(@madlib@._picked(v.validation_metrics, v.positions)) AS validation_metrics_final,
               @madlib@._last(@madlib@._picked(v.validation_loss, v.positions)) AS validation_loss_final,
               @madlib@._picked(v.validation_metrics, v.positions) AS validation_metrics,
               @madlib@._picked(v.validation_loss, v.positions) AS validation_loss,
               (SELECT array_agg(v.metrics_iters[p.position] ORDER BY p.nr)
                   FROM unnest(v.positions) WITH ORDINALITY AS p(position, nr)) AS metrics_iters
        FROM (SELECT i.*, c.compile_written, c.fit_written, c.metrics, c.loss, c.model_id AS own_model_id,
                     length(o.model_weights) / 1024.0::double precision AS own_size,
                     (SELECT array_agg(s.position ORDER BY s.position) FROM generate_subscripts(i.metrics_iters,
                         1) AS s(position)
                      WHERE i.metrics_iters[s.position] %% %s = 0 OR i.metrics_iters[s.position] = %s
                         OR s.position = array_length(i.metrics_iters, 1)) AS positions
              FROM %s i JOIN %s o ON o.mst_key = i.mst_key JOIN %s c ON c.mst_key = i.mst_key) v$q$,
        made, frequency, num_iterations, @madlib@._with_suffix(run, '_info'), run, configs)
            || @madlib@._distributed('mst_key');
    RETURN made;
END $$;
COMMENT ON FUNCTION @madlib@._collect_info(text, text, integer, integer) IS 'internal: the rows of an info table';

-- Lines of progress as MADlib prints them, from what a run has kept: seconds are those between two evaluations.
CREATE FUNCTION @madlib@._say_iterations(info text, level text) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    evaluation record;
    validation text;
BEGIN
    IF level IN ('warning', 'error', 'fatal', 'panic') THEN RETURN; END IF;
    FOR evaluation IN EXECUTE format($q$
        SELECT e.iteration, max(e.elapsed) AS elapsed,
               string_agg(format(E'\n\tmst_key=%%s: metric=%%s, loss=%%s', e.mst_key, COALESCE(e.metric::text, 'None'),
                   e.loss), '' ORDER BY e.mst_key)
                   AS training,
               string_agg(format(E'\n\tmst_key=%%s: metric=%%s, loss=%%s', e.mst_key,
                   COALESCE(e.validation_metric::text, 'None'), e.validation_loss), ''
                   ORDER BY e.mst_key) FILTER (WHERE e.validation_loss IS NOT NULL) AS validation
        FROM (SELECT i.mst_key, i.metrics_iters[s.position] AS iteration, i.metrics_elapsed_time[s.position] AS elapsed,
                     i.training_metrics[s.position] AS metric, i.training_loss[s.position] AS loss,
                     i.validation_metrics[s.position] AS validation_metric,
                         i.validation_loss[s.position] AS validation_loss
              FROM %s i, LATERAL generate_subscripts(i.metrics_iters, 1) AS s(position)) e
        GROUP BY e.iteration ORDER BY e.iteration$q$, info)
    LOOP
        RAISE INFO '%', format(E'\n\tTime for training in iteration %s: %s sec\n\tTraining set after iteration %s:%s',
            evaluation.iteration,
            evaluation.elapsed, evaluation.iteration, evaluation.training);
        validation := evaluation.validation;
        IF validation IS NOT NULL THEN
            RAISE INFO '%', format(E'\n\tValidation set after iteration %s:%s', evaluation.iteration, validation);
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION @madlib@._say_iterations(text, text) IS 'internal: lines of progress of a run';

-- Some __dist_key__ of the source table: where MADlib keeps a model.
CREATE FUNCTION @madlib@._any_dist_key(packed @madlib@._packed) RETURNS integer
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    made integer;
BEGIN
    IF @madlib@._has_column(packed.name, '__dist_key__') THEN
        EXECUTE format('SELECT min(t.__dist_key__)::integer FROM %s t', packed.name) INTO made;
    END IF;
    RETURN COALESCE(made, 0);
END $$;
COMMENT ON FUNCTION @madlib@._any_dist_key(@madlib@._packed) IS 'internal: a distribution key of a packed table';

-- How many classes a dependent column has: the last dimension of its shape.
CREATE FUNCTION @madlib@._class_counts_of(stage text) RETURNS integer[]
    LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    SELECT array_agg(CASE WHEN json_array_length(c.value -> 'shape') = 0 THEN 1
                          ELSE (c.value -> 'shape' ->> (json_array_length(c.value -> 'shape') - 1))::integer END
                              ORDER BY c.nr)
    FROM json_array_elements(@madlib@._spec_of($1)::json -> 'targets') WITH ORDINALITY AS c(value, nr)
$$;
COMMENT ON FUNCTION @madlib@._class_counts_of(text) IS 'internal: classes of the dependent columns of a stage';

CREATE FUNCTION @madlib@._fit_multiple(path text, level text, source_table text, model_output_table text,
    model_selection_table text,
        num_iterations integer, use_gpus boolean, validation_table text, metrics_compute_frequency integer,
            warm_start boolean,
        name text, description text, use_caching boolean) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp SET client_min_messages = warning AS $$
DECLARE
    module CONSTANT text := 'madlib_keras_fit_multiple';
    start_time timestamptz := clock_timestamp();
    source @madlib@._packed;
    validation @madlib@._packed;
    selection record;
    output text;
    home text;
    frequency integer;
    stage text;
    validation_stage text;
    configs text;
    run text;
    info text;
    counts integer[];
    iterations integer[];
BEGIN
    PERFORM @madlib@._input_table(path, 'madlib_keras_fit_multiple_model', source_table);
    PERFORM @madlib@._require_gpus('madlib_keras_fit_multiple_model', use_gpus);
    SELECT * INTO selection FROM @madlib@._selection_summary(path, module, model_selection_table);
    source := @madlib@._open_packed(path, module, source_table, @madlib@._packed_suffix('source', source_table));
    IF NOT @madlib@._no_name(validation_table) THEN
        validation := @madlib@._open_packed(path, module, validation_table, @madlib@._packed_suffix('validation',
            validation_table));
    END IF;
    warm_start := COALESCE(warm_start, false);
    output := @madlib@._output_tables(path, module, model_output_table, '{_summary,_info}', warm_start);
    IF warm_start THEN
        PERFORM @madlib@._require_own_model(module, model_output_table, output, true);
    END IF;
    home := @madlib@._home(output);
    IF home ~ '^pg_temp' THEN
        RAISE EXCEPTION '% error: Output table ''%'' cannot be a temporary table.', module, model_output_table
            USING ERRCODE = 'invalid_table_definition';
    END IF;
    frequency := @madlib@._check_iterations(num_iterations, metrics_compute_frequency);
    configs := @madlib@._make_configs(home, selection.mst_table, selection.arch_table, selection.arch_written,
        selection.object_table,
        selection.object_written, CASE WHEN warm_start THEN output END);
    stage := @madlib@._stage_packed(source, home);
    counts := @madlib@._class_counts_of(stage);
    IF validation.name IS NOT NULL THEN validation_stage := @madlib@._stage_packed(validation, home); END IF;
    run := @madlib@._run_models(configs, stage, validation_stage, num_iterations, frequency, use_gpus, use_caching, 1);
    info := @madlib@._collect_info(run, configs, frequency, num_iterations);
    PERFORM @madlib@._say_iterations(info, level);
    EXECUTE format('SELECT i.metrics_iters FROM %s i ORDER BY COALESCE(array_length(i.metrics_iters, 1), 0) DESC LIMIT '
        '1', info) INTO iterations;
    IF warm_start THEN
        EXECUTE format('DROP TABLE %s', output);
        EXECUTE format('DROP TABLE %s', @madlib@._with_suffix(output, '_summary'));
        EXECUTE format('DROP TABLE %s', @madlib@._with_suffix(output, '_info'));
    END IF;
    EXECUTE format('CREATE TABLE %s (mst_key integer, model_weights bytea, model_arch json, __dist_key__ integer)',
        output)
        || @madlib@._distributed('__dist_key__');
    EXECUTE format('ALTER TABLE %s ALTER COLUMN model_weights SET STORAGE EXTERNAL', output);
    EXECUTE format('INSERT INTO %s SELECT o.mst_key, o.model_weights, o.model_arch, $1 FROM %s o ORDER BY o.mst_key',
        output, run)
        USING @madlib@._any_dist_key(source);
    EXECUTE format($q$CREATE TABLE %s (mst_key integer PRIMARY KEY, model_id integer, compile_params text,
        fit_params text, model_type text,
            model_size double precision, metrics_elapsed_time double precision[], metrics_type text[], loss_type text,
            training_metrics_final double precision, training_loss_final double precision,
                training_metrics double precision[],
            training_loss double precision[], validation_metrics_final double precision,
                validation_loss_final double precision,
            validation_metrics double precision[], validation_loss double precision[])$q$,
                @madlib@._with_suffix(output, '_info'));
    EXECUTE format($q$INSERT INTO %s SELECT i.mst_key, i.model_id, i.compile_params, i.fit_params, i.model_type,
        i.model_size,
            i.metrics_elapsed_time, i.metrics_type, i.loss_type, i.training_metrics_final, i.training_loss_final,
                i.training_metrics,
            i.training_loss, i.validation_metrics_final, i.validation_loss_final, i.validation_metrics,
                i.validation_loss
        FROM %s i ORDER BY i.mst_key$q$, @madlib@._with_suffix(output, '_info'), info);
    EXECUTE format($q$CREATE TABLE %s AS SELECT $1 AS source_table, $2 AS validation_table, $3 AS model,
        $4 AS model_info,
            ss.dependent_varname::text[] AS dependent_varname, ss.independent_varname::text[] AS independent_varname,
            $5 AS model_arch_table, $6 AS model_selection_table, $7 AS object_table, $8 AS num_iterations,
            $9 AS metrics_compute_frequency, $10 AS warm_start, $11 AS name, $12 AS description,
                $13 AS start_training_time,
            $14 AS end_training_time, $15 AS madlib_version, $16 AS num_classes%s, %s AS dependent_vartype,
                %s AS normalizing_const,
            $17 AS metrics_iters FROM (SELECT * FROM %s LIMIT 1) ss$q$,
        @madlib@._with_suffix(output, '_summary'), @madlib@._class_value_columns(source),
        @madlib@._optional(source.summary, 'ss', 'dependent_vartype', 'text[]'),
        @madlib@._optional(source.summary, 'ss', 'normalizing_const', 'real'), source.summary)
        || CASE WHEN @madlib@._on_greenplum() THEN ' DISTRIBUTED RANDOMLY' ELSE '' END
        USING source_table, validation_table, model_output_table, @madlib@._with_suffix(model_output_table, '_info'),
            selection.arch_written,
            model_selection_table, selection.object_written, num_iterations, frequency, warm_start, name, description,
            start_time::timestamp, clock_timestamp()::timestamp, @madlib@._version(), counts, iterations;
    PERFORM @madlib@._drop(run);
    PERFORM @madlib@._drop(info);
    PERFORM @madlib@._drop(configs);
    PERFORM @madlib@._drop_stage(source, stage);
    IF validation.name IS NOT NULL THEN PERFORM @madlib@._drop_stage(validation, validation_stage); END IF;
END $$;
COMMENT ON FUNCTION @madlib@._fit_multiple(text, text, text, text, text, integer, boolean, text, integer, boolean,
    text, text, boolean) IS
    'internal: madlib_keras_fit_multiple_model, with the caller''s search_path and level of messages';

CREATE FUNCTION @madlib@.madlib_keras_fit_multiple_model(source_table varchar, model_output_table varchar,
    model_selection_table varchar,
        num_iterations integer, use_gpus boolean, validation_table varchar, metrics_compute_frequency integer,
            warm_start boolean,
        name varchar, description varchar, use_caching boolean DEFAULT false) RETURNS void
    LANGUAGE sql VOLATILE AS $$
    SELECT @madlib@._fit_multiple(pg_catalog.current_setting('search_path'),
        pg_catalog.current_setting('client_min_messages'),
        $1::pg_catalog.text, $2::pg_catalog.text, $3::pg_catalog.text, $4, COALESCE($5, false), $6::pg_catalog.text,
            $7, $8,
        $9::pg_catalog.text, $10::pg_catalog.text, COALESCE($11, false))
$$;
COMMENT ON FUNCTION @madlib@.madlib_keras_fit_multiple_model(varchar, varchar, varchar, integer, boolean, varchar,
    integer, boolean, varchar,
        varchar, boolean) IS 'trains all models of a model selection table on a packed table';

CREATE FUNCTION @madlib@.madlib_keras_fit_multiple_model(source_table varchar, model_output_table varchar,
    model_selection_table varchar, num_iterations integer,
        use_gpus boolean, validation_table varchar, metrics_compute_frequency integer, warm_start boolean,
            name varchar) RETURNS void
    LANGUAGE sql VOLATILE AS $$
    SELECT @madlib@.madlib_keras_fit_multiple_model($1, $2, $3, $4, $5, $6, $7, $8, $9, NULL::pg_catalog.varchar, false)
$$;
COMMENT ON FUNCTION @madlib@.madlib_keras_fit_multiple_model(varchar, varchar, varchar, integer, boolean, varchar,
    integer, boolean, varchar) IS
    'the same, with the other arguments left out';

CREATE FUNCTION @madlib@.madlib_keras_fit_multiple_model(source_table varchar, model_output_table varchar,
    model_selection_table varchar, num_iterations integer,
        use_gpus boolean, validation_table varchar, metrics_compute_frequency integer, warm_start boolean) RETURNS void
    LANGUAGE sql VOLATILE AS $$
    SELECT @madlib@.madlib_keras_fit_multiple_model($1, $2, $3, $4, $5, $6, $7, $8, NULL::pg_catalog.varchar,
        NULL::pg_catalog.varchar, false)
$$;
COMMENT ON FUNCTION @madlib@.madlib_keras_fit_multiple_model(varchar, varchar, varchar, integer, boolean, varchar,
    integer, boolean) IS
    'the same, with the other arguments left out';

CREATE FUNCTION @madlib@.madlib_keras_fit_multiple_model(source_table varchar, model_output_table varchar,
    model_selection_table varchar, num_iterations integer,
        use_gpus boolean, validation_table varchar, metrics_compute_frequency integer) RETURNS void
    LANGUAGE sql VOLATILE AS $$
    SELECT @madlib@.madlib_keras_fit_multiple_model($1, $2, $3, $4, $5, $6, $7, NULL::pg_catalog.bool,
        NULL::pg_catalog.varchar, NULL::pg_catalog.varchar, false)
$$;
COMMENT ON FUNCTION @madlib@.madlib_keras_fit_multiple_model(varchar, varchar, varchar, integer, boolean, varchar,
    integer) IS
    'the same, with the other arguments left out';

CREATE FUNCTION @madlib@.madlib_keras_fit_multiple_model(source_table varchar, model_output_table varchar,
    model_selection_table varchar, num_iterations integer,
        use_gpus boolean, validation_table varchar) RETURNS void
    LANGUAGE sql VOLATILE AS $$
    SELECT @madlib@.madlib_keras_fit_multiple_model($1, $2, $3, $4, $5, $6, NULL::pg_catalog.int4,
        NULL::pg_catalog.bool, NULL::pg_catalog.varchar, NULL::pg_catalog.varchar, false)
$$;
COMMENT ON FUNCTION @madlib@.madlib_keras_fit_multiple_model(varchar, varchar, varchar, integer, boolean, varchar) IS
    'the same, with the other arguments left out';

CREATE FUNCTION @madlib@.madlib_keras_fit_multiple_model(source_table varchar, model_output_table varchar,
    model_selection_table varchar, num_iterations integer,
        use_gpus boolean) RETURNS void
    LANGUAGE sql VOLATILE AS $$
    SELECT @madlib@.madlib_keras_fit_multiple_model($1, $2, $3, $4, $5, NULL::pg_catalog.varchar,
        NULL::pg_catalog.int4, NULL::pg_catalog.bool, NULL::pg_catalog.varchar, NULL::pg_catalog.varchar, false)
$$;
COMMENT ON FUNCTION @madlib@.madlib_keras_fit_multiple_model(varchar, varchar, varchar, integer, boolean) IS
    'the same, with the other arguments left out';
