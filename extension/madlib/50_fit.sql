-- madlib_keras_fit: one model, trained by all partitions at once. In an iteration every partition trains the same
-- weights on its rows; then weights and optimizer state are averaged, weighted by rows (cerebro.average_states). A
-- table without a distribution key is one partition, as it is in MADlib on PostgreSQL.

-- Object tables lie in this schema and belong to a superuser. Returns the qualified name, or NULL.
CREATE FUNCTION @madlib@._functions_table(module text, written text) RETURNS text
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found text;
BEGIN
    IF written IS NULL THEN RETURN NULL; END IF;
    IF array_length(@madlib@._split_names(written, '.'), 1) > 1 THEN
        RAISE EXCEPTION 'Incorrect table name (%) provided! Do not include schema name for the object table.', written
            USING ERRCODE = 'invalid_name';
    END IF;
    found := @madlib@._input_table('pg_catalog', module, @madlib@._object_table(written));
    PERFORM @madlib@._require_trusted(found);
    RETURN found;
END $$;
COMMENT ON FUNCTION @madlib@._functions_table(text, text) IS 'internal: the table of custom functions';

-- The same of a name that a table of models or of configurations has kept: it may have its schema. Without one it is of
-- this schema, never of the caller's search_path. NULL where it is not there.
CREATE FUNCTION @madlib@._kept_functions_table(written text) RETURNS text
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found text;
BEGIN
    IF written IS NULL THEN RETURN NULL; END IF;
    found := @madlib@._table('pg_catalog', CASE WHEN array_length(@madlib@._split_names(written, '.'), 1) > 1
        THEN written ELSE @madlib@._object_table(written) END);
    PERFORM @madlib@._require_trusted(found);
    RETURN found;
END $$;
COMMENT ON FUNCTION @madlib@._kept_functions_table(text)
    IS 'internal: the table of custom functions that a summary names';

CREATE FUNCTION @madlib@._check_iterations(num_iterations integer, frequency integer) RETURNS integer
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF num_iterations IS NULL OR num_iterations < 1 THEN
        RAISE EXCEPTION 'Number of iterations cannot be < 1.' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF frequency < 1 OR frequency > num_iterations THEN
        RAISE EXCEPTION 'metrics_compute_frequency must be in the range (1 - %).', num_iterations
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN COALESCE(frequency, num_iterations);
END $$;
COMMENT ON FUNCTION @madlib@._check_iterations(integer, integer)
    IS 'internal: after how many iterations metrics are due';

CREATE FUNCTION @madlib@._packed_suffix(argument text, written text) RETURNS text
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT 'Please ensure that the ' || $1 || ' table (' || $2 || ') has been preprocessed by the image preprocessor.'
$$;
COMMENT ON FUNCTION @madlib@._packed_suffix(text, text) IS 'internal: what is said of a missing summary';

-- An output table and its companions: all are new, or with warm_start all are there.
CREATE FUNCTION @madlib@._output_tables(path text, module text, written text, suffixes text[], warm_start boolean)
    RETURNS text
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    suffix text;
    made text;
BEGIN
    IF @madlib@._no_name(written) THEN PERFORM @madlib@._output_table(path, module, written); END IF;
    FOREACH suffix IN ARRAY '{""}'::text[] || suffixes LOOP
        IF warm_start THEN
            made := COALESCE(made, @madlib@._input_table(path, module, @madlib@._with_suffix(written, suffix)));
            PERFORM @madlib@._input_table(path, module, @madlib@._with_suffix(written, suffix));
        ELSE
            made := COALESCE(made, @madlib@._output_table(path, module, @madlib@._with_suffix(written, suffix)));
            PERFORM @madlib@._output_table(path, module, @madlib@._with_suffix(written, suffix));
        END IF;
    END LOOP;
    RETURN made;
END $$;
COMMENT ON FUNCTION @madlib@._output_tables(text, text, text, text[], boolean)
    IS 'internal: checks the tables that a run writes';

-- Expressions over a packed table's summary "ss": "a_class_values", ...
CREATE FUNCTION @madlib@._class_value_columns(packed @madlib@._packed) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT COALESCE(string_agg(', ss.' || quote_ident(t.name || '_class_values'), '' ORDER BY t.nr), '')
    FROM unnest(($1).targets) WITH ORDINALITY AS t(name, nr) WHERE @madlib@._has_column(($1).summary, t.name
        || '_class_values')
$$;
COMMENT ON FUNCTION @madlib@._class_value_columns(@madlib@._packed)
    IS 'internal: columns of class values in a select list';

-- One iteration of all partitions: the mean of what each makes of the state.
CREATE FUNCTION @madlib@._iterate(source text, state bytea) RETURNS bytea
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    spec json := @madlib@._spec_of(source)::json;
    columns text;
    made bytea;
BEGIN
    SELECT string_agg(quote_ident(c.name), ', ' ORDER BY c.nr) INTO columns FROM (
        SELECT i.value ->> 'name' AS name, i.nr FROM json_array_elements(spec -> 'inputs') WITH ORDINALITY AS i(value,
            nr)
        UNION ALL
        SELECT t.value ->> 'name', 100000 + t.nr
            FROM json_array_elements(spec -> 'targets') WITH ORDINALITY AS t(value, nr)
        UNION ALL
        SELECT 'sample_weight', 200000 WHERE spec ->> 'has_weights' = 'true') AS c;
    EXECUTE format('SELECT cerebro.average_states(v.state, (SELECT s.partition_rows[v.partition_id + 1] FROM %s '
        's)::double precision)'
        ' FROM (SELECT t.partition_id, cerebro.fit_step($1, t.partition_id, t.buffer_id, %s) AS state'
        ' FROM (SELECT partition_id, buffer_id, %s FROM %s ORDER BY partition_id, buffer_id) t GROUP BY '
            't.partition_id) v',
        @madlib@._with_suffix(source, '_summary'), columns, columns, source) INTO made USING state;
    RETURN made;
END $$;
COMMENT ON FUNCTION @madlib@._iterate(text, bytea) IS 'internal: one iteration of data-parallel training';

CREATE FUNCTION @madlib@._has_diverged(state bytea) RETURNS boolean
    AS 'MODULE_PATHNAME', 'pg_cerebro_state_has_diverged' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @madlib@._has_diverged(bytea) IS 'internal: whether the loss of a training state became NaN or infinite';

-- warm_start begins with the weights of the one model of a table that madlib_keras_fit has made, and makes it anew.
CREATE FUNCTION @madlib@._require_own_model(module text, written text, model_table text, several boolean) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF @madlib@._has_column(@madlib@._with_suffix(model_table, '_summary'), 'data_spec') THEN
        RAISE EXCEPTION '%: table % cannot be trained on', module, written USING ERRCODE = 'wrong_object_type',
            DETAIL = 'It has been made by pg_cerebro.', HINT = 'Call cerebro.fit_multiple_model() with warm_start.';
    ELSIF NOT several AND @madlib@._has_column(model_table, 'mst_key') THEN
        RAISE EXCEPTION '%: table % cannot be trained on', module, written USING ERRCODE = 'wrong_object_type',
            DETAIL = 'It has models of a model selection table.',
            HINT = 'Call madlib_keras_fit_multiple_model() with warm_start, or give another output table.';
    END IF;
END $$;
COMMENT ON FUNCTION @madlib@._require_own_model(text, text, text, boolean)
    IS 'internal: refuses a warm start of a table of others';

CREATE FUNCTION @madlib@._keras_fit(path text, level text, source_table text, model text, model_arch_table text,
    model_id integer,
        compile_params text, fit_params text, num_iterations integer, use_gpus boolean, validation_table text,
        metrics_compute_frequency integer, warm_start boolean, name text, description text, object_table text)
            RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp SET client_min_messages = warning AS $$
DECLARE
    module CONSTANT text := 'madlib_keras_fit';
    start_time timestamptz := clock_timestamp();
    lap timestamptz;
    frequency integer;
    source @madlib@._packed;
    validation @madlib@._packed;
    stage text;
    validation_stage text;
    arch_table text;
    arch record;
    objects text;
    output text;
    home text;
    compiled @madlib@._compiled;
    fitted text;
    arch_stage text;
    model_stage text;
    state bytea;
    weights bytea;
    score record;
    text_so_far text;
    elapsed double precision[] := '{}';
    iterations integer[] := '{}';
    training_loss double precision[] := '{}';
    training_metrics double precision[] := '{}';
    validation_loss double precision[];
    validation_metrics double precision[];
    has_metrics boolean;
    counts integer[];
BEGIN
    IF COALESCE(btrim(compile_params, E' \t\n\r'), '') = '' THEN
        RAISE EXCEPTION 'Compile parameters cannot be empty or NULL.' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    source := @madlib@._open_packed(path, module, source_table, @madlib@._packed_suffix('source', source_table));
    IF NOT @madlib@._no_name(validation_table) THEN
        validation := @madlib@._open_packed(path, module, validation_table, @madlib@._packed_suffix('validation',
            validation_table));
    END IF;
    objects := @madlib@._functions_table(module, object_table);
    warm_start := COALESCE(warm_start, false);
    output := @madlib@._output_tables(path, module, model, '{_summary}', warm_start);
    IF warm_start THEN PERFORM @madlib@._require_own_model(module, model, output, false); END IF;
    home := @madlib@._home(output);
    arch_table := @madlib@._input_table(path, module, model_arch_table);
    IF model_id IS NULL THEN
        RAISE EXCEPTION '%: Invalid model architecture ID.', module USING ERRCODE = 'null_value_not_allowed';
    END IF;
    SELECT * INTO arch FROM @madlib@._architecture(arch_table, model_arch_table, model_id);
    frequency := @madlib@._check_iterations(num_iterations, metrics_compute_frequency);
    compiled := @madlib@._compile_params(compile_params, objects, object_table);
    fitted := @madlib@._fit_params(fit_params);
    PERFORM @madlib@._require_gpus(module, use_gpus);
    IF use_gpus THEN
        -- notices are held back here
        RAISE WARNING '%: the model trains on the processors', module
            USING HINT = 'madlib_keras_fit_multiple_model() trains on GPUs.';
    END IF;
    has_metrics := compiled.metrics <> '{}';
    counts := @madlib@._class_counts(arch.model_arch, array_length(source.targets, 1));
    stage := @madlib@._stage_packed(source, home, true);
    PERFORM @madlib@._check_shapes(arch.model_arch, @madlib@._packed_shapes(stage), source.inputs, source_table);
    IF validation.name IS NOT NULL THEN
        validation_stage := @madlib@._stage_packed(validation, home, true);
        PERFORM @madlib@._check_shapes(arch.model_arch, @madlib@._packed_shapes(validation_stage), validation.inputs,
            validation_table);
        validation_loss := '{}';
        validation_metrics := '{}';
    END IF;
    weights := arch.model_weights;
    IF warm_start THEN EXECUTE format('SELECT m.model_weights FROM %s m', output) INTO weights; END IF;

    arch_stage := @madlib@._stage_architecture(home, arch.model_arch, weights);
    state := @madlib@._first_state(arch_stage, compiled.params, fitted, stage, 1);
    PERFORM @madlib@._drop(arch_stage);
    model_stage := @madlib@._stage_model(home, arch.model_arch, weights, compiled.params, @madlib@._spec_of(stage));
    FOR i IN 1 .. num_iterations LOOP
        lap := clock_timestamp();
        state := @madlib@._iterate(stage, state);
        text_so_far := format(E'\n\tTime for training in iteration %s: %s sec', i, @madlib@._seconds_since(lap));
        IF @madlib@._has_diverged(state) THEN
            -- a partition whose loss is NaN trains no more, and the mean would stand still
            RAISE WARNING '%: the loss became NaN or infinite in iteration %', module, i
                USING DETAIL = 'Training ends. The weights are the last finite ones.',
                    HINT = 'Lower the learning rate, or look for extreme values in the data.';
            weights := cerebro.state_weights(state);
            iterations := iterations || i;
            elapsed := elapsed || @madlib@._seconds_since(start_time);
            training_loss := training_loss || 'NaN'::double precision;
            training_metrics := training_metrics || 'NaN'::double precision;
            validation_loss := validation_loss || CASE WHEN validation.name IS NOT NULL THEN 'NaN'::double precision END;
            validation_metrics := validation_metrics
                || CASE WHEN validation.name IS NOT NULL THEN 'NaN'::double precision END;
            EXIT;
        END IF;
        IF i % frequency = 0 OR i = num_iterations THEN
            weights := cerebro.state_weights(state);
            EXECUTE format('UPDATE %s SET model_weights = $1', model_stage) USING weights;
            iterations := iterations || i;
            lap := clock_timestamp();
            SELECT * INTO score FROM @madlib@._score(model_stage, stage, use_gpus);
            training_loss := training_loss || score.loss;
            training_metrics := training_metrics || score.metric;
            text_so_far := text_so_far
                || format(E'\n\tTime for evaluating training dataset in iteration %s: %s sec\n\tTraining set metric '
                'after iteration %s: %s\n\tTraining set loss after iteration %s: %s', i, @madlib@._seconds_since(lap),
                    i, score.metric, i, score.loss);
            IF validation.name IS NOT NULL THEN
                lap := clock_timestamp();
                SELECT * INTO score FROM @madlib@._score(model_stage, validation_stage, use_gpus);
                validation_loss := validation_loss || score.loss;
                validation_metrics := validation_metrics || score.metric;
                text_so_far := text_so_far
                    || format(E'\n\tTime for evaluating validation dataset in iteration %s: %s sec\n\tValidation set '
                    'metric after iteration %s: %s\n\tValidation set loss after iteration %s: %s', i,
                        @madlib@._seconds_since(lap), i,
                    score.metric, i, score.loss);
            END IF;
            elapsed := elapsed || @madlib@._seconds_since(start_time);
        END IF;
        PERFORM @madlib@._say(text_so_far, level);
    END LOOP;
    IF NOT has_metrics THEN
        training_metrics := NULL;
        validation_metrics := NULL;
    END IF;

    IF warm_start THEN
        EXECUTE format('DROP TABLE %s', output);
        EXECUTE format('DROP TABLE %s', @madlib@._with_suffix(output, '_summary'));
    END IF;
    EXECUTE format('CREATE TABLE %s AS SELECT $1 AS model_weights, $2 AS model_arch', output)
        || CASE WHEN @madlib@._on_greenplum() THEN ' DISTRIBUTED RANDOMLY' ELSE '' END USING weights, arch.model_arch;
    EXECUTE format($q$CREATE TABLE %s AS SELECT $1 AS source_table, $2 AS model,
        ss.dependent_varname::text[] AS dependent_varname,
            ss.independent_varname::text[] AS independent_varname, $3 AS model_arch_table, $4 AS model_id,
                $5 AS compile_params,
            $6 AS fit_params, $7 AS num_iterations, $8 AS validation_table, $9 AS object_table,
                $10 AS metrics_compute_frequency,
            $11 AS name, $12 AS description, 'madlib_keras'::text AS model_type, $13 AS model_size,
                $14 AS start_training_time,
            $15 AS end_training_time, $16 AS metrics_elapsed_time, $17 AS madlib_version, $18 AS num_classes,
                %s AS dependent_vartype,
            %s AS normalizing_const, $19 AS metrics_type, $20 AS loss_type, $21 AS training_metrics_final,
            $22 AS training_loss_final,
            $23 AS training_metrics, $24 AS training_loss, $25 AS validation_metrics_final,
                $26 AS validation_loss_final,
            $27 AS validation_metrics, $28 AS validation_loss, $29 AS metrics_iters%s FROM (SELECT *
                FROM %s LIMIT 1) ss$q$,
        @madlib@._with_suffix(output, '_summary'), @madlib@._optional(source.summary, 'ss', 'dependent_vartype',
            'text[]'),
        @madlib@._optional(source.summary, 'ss', 'normalizing_const', 'real'), @madlib@._class_value_columns(source),
            source.summary)
        || CASE WHEN @madlib@._on_greenplum() THEN ' DISTRIBUTED RANDOMLY' ELSE '' END
        USING source_table, model, model_arch_table, model_id, compile_params, fit_params, num_iterations,
            validation_table, object_table,
            frequency, name, description, (COALESCE(length(weights), 0) + 37) / 1024.0::double precision,
            start_time::timestamp, clock_timestamp()::timestamp, elapsed, @madlib@._version(),
            counts, NULLIF(compiled.metrics, '{}'),
                compiled.loss,
            training_metrics[array_length(training_metrics, 1)], training_loss[array_length(training_loss, 1)],
                training_metrics, training_loss,
            validation_metrics[array_length(validation_metrics, 1)], validation_loss[array_length(validation_loss, 1)],
            validation_metrics, validation_loss, iterations;
    PERFORM @madlib@._drop(model_stage);
    PERFORM @madlib@._drop_stage(source, stage);
    IF validation.name IS NOT NULL THEN PERFORM @madlib@._drop_stage(validation, validation_stage); END IF;
END $$;
COMMENT ON FUNCTION @madlib@._keras_fit(text, text, text, text, text, integer, text, text, integer, boolean, text,
    integer, boolean, text,
        text, text) IS 'internal: madlib_keras_fit, with the caller''s search_path and level of messages';

CREATE FUNCTION @madlib@._stage_architecture(home text, model_arch json, model_weights bytea) RETURNS text
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    stage text := @madlib@._temporary(home, 'arch');
BEGIN
    EXECUTE format('CREATE TABLE %s AS SELECT 1 AS model_id, $1 AS model_arch, $2 AS model_weights, NULL::text AS name,'
        ' NULL::text AS description, NULL::text AS __internal_madlib_id__', stage) || @madlib@._distributed('model_id')
        USING model_arch, model_weights;
    RETURN stage;
END $$;
COMMENT ON FUNCTION @madlib@._stage_architecture(text, json, bytea) IS 'internal: a table of one architecture';

CREATE FUNCTION @madlib@._first_state(arch_stage text, compile_params text, fit_params text, source text,
    stream integer)
        RETURNS bytea
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    detail text;
    hint text;
BEGIN
    RETURN cerebro.init_state(arch_stage, 1, compile_params, fit_params, source, 1, stream);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    PERFORM @madlib@._say_again(SQLERRM, detail, hint, SQLSTATE);
END $$;
COMMENT ON FUNCTION @madlib@._first_state(text, text, text, text, integer) IS
    'internal: the state that training begins with';

CREATE FUNCTION @madlib@.madlib_keras_fit(source_table varchar, model varchar, model_arch_table varchar,
    model_id integer,
        compile_params varchar, fit_params varchar, num_iterations integer, use_gpus boolean DEFAULT false,
        validation_table varchar DEFAULT NULL, metrics_compute_frequency integer DEFAULT NULL,
            warm_start boolean DEFAULT NULL,
        name varchar DEFAULT NULL, description varchar DEFAULT NULL, object_table varchar DEFAULT NULL) RETURNS void
    LANGUAGE sql VOLATILE AS $$
    SELECT @madlib@._keras_fit(pg_catalog.current_setting('search_path'),
        pg_catalog.current_setting('client_min_messages'),
        $1::pg_catalog.text, $2::pg_catalog.text, $3::pg_catalog.text, $4, $5::pg_catalog.text, $6::pg_catalog.text, $7,
        COALESCE($8, false), $9::pg_catalog.text, $10, $11, $12::pg_catalog.text, $13::pg_catalog.text,
            $14::pg_catalog.text)
$$;
COMMENT ON FUNCTION @madlib@.madlib_keras_fit(varchar, varchar, varchar, integer, varchar, varchar, integer, boolean,
    varchar, integer,
        boolean, varchar, varchar, varchar)
            IS 'trains one model on a packed table, all partitions at once, and averages their weights';
