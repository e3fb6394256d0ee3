-- Tables of MADlib for cerebro's functions. The other way needs nothing: the functions here take cerebro's tables as
-- they are.

-- What predictions need to know of the data that a model was trained on: columns, their scale, and the classes.
CREATE FUNCTION @madlib@._model_spec(model @madlib@._model) RETURNS text
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    shapes text[] := @madlib@._input_shapes(model.model_arch);
    counts integer[] := @madlib@._class_counts(model.model_arch, array_length(model.targets, 1));
    inputs text[] := '{}';
    targets text[] := '{}';
    labels text[];
    target text;
BEGIN
    FOR i IN 1 .. LEAST(array_length(shapes, 1), COALESCE(array_length(model.inputs, 1), 1)) LOOP
        inputs := inputs || @madlib@._column_spec(COALESCE(@madlib@._name(model.inputs[i]), 'x' || i), 'float32', translate(shapes[i],
            '[] ', '{}')::integer[],
            1 / COALESCE(model.normalizing_const, 1), false);
    END LOOP;
    FOR i IN 1 .. array_length(counts, 1) LOOP
        labels := NULL;
        target := @madlib@._known_name(model.summary, model.targets[i]);
        IF @madlib@._has_column(model.summary, target || '_class_values') THEN
            EXECUTE format('SELECT s.%I::text[] FROM %s s LIMIT 1', target || '_class_values', model.summary)
                INTO labels;
        END IF;
        IF labels[1] IS NULL AND 'NULL' = ANY (labels) THEN
            RAISE EXCEPTION 'column "%" has the class NULL, and a class of the text ''NULL''', target
                USING ERRCODE = 'feature_not_supported', HINT = 'Classes of cerebro have names, and that of NULL is ''NULL''.';
        END IF;
        IF labels IS NULL OR labels = '{NULL}'::text[] OR array_length(labels, 1) > counts[i] THEN
            targets := targets || @madlib@._column_spec(target, 'int16', ARRAY[counts[i]], 1, true);
        ELSE
            targets := targets || format('{"name": %s, "dtype": "uint8", "shape": [%s], "scale": 1, "mean": [], "std": '
                '[], "dictionary": [],'
                ' "kind": 1, "class_values": %s, "num_classes": %s}', to_json(target), counts[i],
                (SELECT json_agg(COALESCE(l.label, 'NULL') ORDER BY l.nr)
                    FROM unnest(labels) WITH ORDINALITY AS l(label, nr)
                 WHERE l.label IS NOT NULL OR l.nr = 1), counts[i]);
        END IF;
    END LOOP;
    RETURN @madlib@._data_spec(inputs, targets, 1, 1);
END $$;
COMMENT ON FUNCTION @madlib@._model_spec(@madlib@._model)
    IS 'internal: the description of the data of a model of MADlib';

-- A packed table of these columns without a row, for functions that want to know the data.
CREATE FUNCTION @madlib@._stage_spec(home text, spec text) RETURNS text
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    stage text := @madlib@._temporary(home, 'spec');
    columns text;
BEGIN
    SELECT string_agg(format(', %I bytea', c.name), '') INTO columns FROM (
        SELECT i.value ->> 'name' AS name FROM json_array_elements(spec::json -> 'inputs') AS i(value)
        UNION ALL SELECT t.value ->> 'name' FROM json_array_elements(spec::json -> 'targets') AS t(value)) AS c;
    EXECUTE format('CREATE TABLE %s (__dist_key__ integer, partition_id integer, buffer_id integer%s)', stage, columns)
        || @madlib@._distributed('__dist_key__');
    EXECUTE format('CREATE TABLE %s AS SELECT %L::text AS source_table, 1 AS num_partitions, 1::bigint AS rows, '
        '%L::text AS data_spec,'
        ' %L::text AS digest, ARRAY[1]::bigint[] AS partition_rows, ARRAY[1] AS partition_buffers, 1::bigint AS '
            'max_buffer_rows,'
        ' 1 AS format_version', @madlib@._with_suffix(stage, '_summary'), stage, spec, stage)
            || @madlib@._distributed('digest');
    RETURN stage;
END $$;
COMMENT ON FUNCTION @madlib@._stage_spec(text, text) IS 'internal: an empty packed table';

CREATE FUNCTION @madlib@._import_models(path text, module text, written text, output text, keys integer[]) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    model @madlib@._model;
    home text := @madlib@._home(output);
    key integer;
    spec text;
    stage text;
    arch_stage text;
BEGIN
    EXECUTE format('CREATE TABLE %s (mst_key integer NOT NULL, model_weights bytea, model_arch json)', output)
        || @madlib@._distributed('mst_key');
    EXECUTE format('ALTER TABLE %s ALTER COLUMN model_weights SET STORAGE EXTERNAL', output);
    EXECUTE format('CREATE TABLE %s (mst_key integer NOT NULL, piece integer NOT NULL, data bytea NOT NULL,'
        ' PRIMARY KEY (mst_key, piece))', @madlib@._with_suffix(output, '_state')) || @madlib@._distributed('mst_key');
    EXECUTE format('ALTER TABLE %s ALTER COLUMN data SET STORAGE EXTERNAL', @madlib@._with_suffix(output, '_state'));
    EXECUTE format($q$CREATE TABLE %s (mst_key integer PRIMARY KEY, model_id integer, compile_params text,
        fit_params text,
            model_type text, model_size double precision, metrics_elapsed_time double precision[], metrics_type text[],
            loss_type text, training_metrics_final double precision, training_loss_final double precision,
            training_metrics double precision[], training_loss double precision[],
                validation_metrics_final double precision,
            validation_loss_final double precision, validation_metrics double precision[],
                validation_loss double precision[],
            status text, diverged_step bigint, parameters bigint, metrics_iters integer[], metric_names text[],
            training_metric_values double precision[], validation_metric_values double precision[],
            training_seconds double precision, iterations_done bigint, best_iteration integer)$q$,
        @madlib@._with_suffix(output, '_info'));
    FOREACH key IN ARRAY COALESCE(keys, ARRAY[NULL::integer]) LOOP
        model := @madlib@._open_model(path, module, written, key);
        IF spec IS NULL THEN
            spec := @madlib@._model_spec(model);
            stage := @madlib@._stage_spec(home, spec);
        END IF;
        EXECUTE format('INSERT INTO %s VALUES ($1, $2, $3)', output)
            USING COALESCE(key, 1), model.model_weights, model.model_arch;
        -- the optimizer begins anew: MADlib has not kept its state
        arch_stage := @madlib@._stage_architecture(home, model.model_arch, model.model_weights);
        EXECUTE format('INSERT INTO %s VALUES ($1, 0, $2)', @madlib@._with_suffix(output, '_state'))
            USING COALESCE(key, 1), @madlib@._first_state(arch_stage, model.compile_params, '', stage, COALESCE(key,
                1));
        PERFORM @madlib@._drop(arch_stage);
        EXECUTE format($q$INSERT INTO %s (mst_key, model_id, compile_params, fit_params, model_type, model_size,
            metrics_type,
                loss_type, training_metrics_final, training_loss_final, validation_metrics_final,
                    validation_loss_final, status,
                parameters, training_seconds, iterations_done)
            SELECT $1, t.model_id, $2, $6, 'madlib_keras', length($3) / 1024.0, $4, $5, t.training_metrics_final,
                t.training_loss_final, t.validation_metrics_final, t.validation_loss_final, 'trained', length($3) / 4,
                    0, 0
            FROM %s t WHERE %s LIMIT 1$q$, @madlib@._with_suffix(output, '_info'),
            CASE WHEN key IS NULL THEN model.summary ELSE @madlib@._table(path, @madlib@._with_suffix(written,
                '_info')) END,
            CASE WHEN key IS NULL THEN 'true' ELSE 't.mst_key = ' || key END)
            USING COALESCE(key, 1), model.compile_params, model.model_weights, model.metrics, model.loss,
                @madlib@._fit_params(model.fit_params);
    END LOOP;
    EXECUTE format($q$CREATE TABLE %s AS SELECT t.source_table::text AS source_table, NULL::text AS validation_table,
            %L::text AS model, %L::text AS model_info, t.dependent_varname::text[] AS dependent_varname,
            %s AS independent_varname, 0 AS num_iterations, %s AS dependent_vartype,
            t.normalizing_const::real AS normalizing_const,
            %s AS num_classes, $1 AS data_spec, NULL::text AS data_digest, 0::bigint AS seed,
            '{"version": 2, "partitions": 1, "bundles": []}'::json AS plan, 'float32'::text AS "precision",
                2 AS result_format
        FROM %s t LIMIT 1$q$, @madlib@._with_suffix(output, '_summary'), output, @madlib@._with_suffix(output, '_info'),
        @madlib@._optional(model.summary, 't', 'independent_varname', 'text[]'),
        @madlib@._optional(model.summary, 't', 'dependent_vartype', 'text[]'),
        @madlib@._optional(model.summary, 't', 'num_classes', 'integer[]'), model.summary)
        || @madlib@._distributed('model') USING spec;
    PERFORM @madlib@._drop(stage);
END $$;
COMMENT ON FUNCTION @madlib@._import_models(text, text, text, text, integer[]) IS
    'internal: models of MADlib as tables of cerebro';

CREATE FUNCTION @madlib@._import(path text, madlib_table text, output_table text, copy boolean) RETURNS text
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp SET client_min_messages = warning AS $$
DECLARE
    module CONSTANT text := 'import_madlib';
    source text := @madlib@._input_table(path, module, madlib_table);
    summary text := @madlib@._input_table(path, module, @madlib@._with_suffix(madlib_table, '_summary'));
    output text;
    packed @madlib@._packed;
    stage text;
    keys integer[];
BEGIN
    IF @madlib@._has_column(summary, 'data_spec') THEN
        RAISE EXCEPTION 'table % has been made by pg_cerebro', madlib_table
            USING ERRCODE = 'wrong_object_type', HINT = 'Use it as it is.';
    END IF;
    IF @madlib@._has_column(source, 'model_weights') AND @madlib@._has_column(source, 'model_arch') THEN
        output := @madlib@._output_tables(path, module, output_table, '{_info,_summary,_state}', false);
        IF @madlib@._has_column(source, 'mst_key') THEN
            EXECUTE format('SELECT array_agg(t.mst_key ORDER BY t.mst_key) FROM %s t', source) INTO keys;
        END IF;
        PERFORM @madlib@._import_models(path, module, madlib_table, output, keys);
        RETURN 'models';
    END IF;
    output := @madlib@._output_tables(path, module, output_table, '{_summary}', false);
    packed := @madlib@._open_packed(path, module, madlib_table);
    stage := @madlib@._stage_packed(packed, @madlib@._home(output));
    IF NOT copy AND @madlib@._on_greenplum() THEN
        RAISE EXCEPTION 'a packed table of MADlib cannot be imported without a copy' USING ERRCODE = 'feature_not_supported',
            DETAIL = 'Segments of Greenplum read tables only.', HINT = 'Leave copy out.';
    ELSIF NOT copy THEN
        EXECUTE format('CREATE VIEW %s AS %s', output, pg_get_viewdef(stage::regclass));
    ELSE
        EXECUTE format('CREATE TABLE %s AS SELECT * FROM %s', output, stage)
            || CASE WHEN @madlib@._on_greenplum() THEN ' DISTRIBUTED BY (__dist_key__)' ELSE '' END;
    END IF;
    EXECUTE format('CREATE TABLE %s AS SELECT * FROM %s', @madlib@._with_suffix(output, '_summary'),
        @madlib@._with_suffix(stage, '_summary'))
        || @madlib@._distributed('digest');
    EXECUTE format('UPDATE %s SET output_table = $1', @madlib@._with_suffix(output, '_summary')) USING output;
    PERFORM @madlib@._drop_stage(packed, stage);
    RETURN 'packed table';
END $$;
COMMENT ON FUNCTION @madlib@._import(text, text, text, boolean) IS 'internal: import_madlib, with the caller''s search_path';

CREATE FUNCTION cerebro.import_madlib(madlib_table text, output_table text, copy boolean DEFAULT true) RETURNS text
    LANGUAGE sql VOLATILE AS $$
    SELECT @madlib@._import(pg_catalog.current_setting('search_path'), $1, $2, COALESCE($3, true))
$$;
COMMENT ON FUNCTION cerebro.import_madlib(text, text, boolean) IS
    'makes tables that cerebro''s functions take of models or a packed table of MADlib; of the latter without a copy a view; returns what it was';
