-- madlib_keras_evaluate: loss and metric of a trained model over a packed table. Models of both extensions are taken.

CREATE TYPE @madlib@._model AS (written text, name text, summary text, native boolean, mst_key integer, model_arch json,
    model_weights bytea, compile_params text, fit_params text, loss text, metrics text[], inputs text[], targets text[],
        normalizing_const double precision);
COMMENT ON TYPE @madlib@._model IS 'internal: a trained model; native: cerebro has trained it';

-- A summary keeps names of columns as their user wrote them; one that was made by hand may have them as the server knows them.
CREATE FUNCTION @madlib@._known_name(summary text, written text) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN @madlib@._has_column($1, $2 || '_class_values') THEN $2 ELSE @madlib@._name($2) END
$$;
COMMENT ON FUNCTION @madlib@._known_name(text, text) IS 'internal: the column that a summary''s dependent variable is';

-- Of "torchscript(name="focal", ...)", which a model of cerebro may have as its loss or a metric, the name.
CREATE FUNCTION @madlib@._function_name(written text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT COALESCE(substring($1 FROM '^torchscript\(.*name="([^"]*)"'), $1)
$$;
COMMENT ON FUNCTION @madlib@._function_name(text) IS 'internal: what a loss or metric is called';

-- mst_key: of a model among several; a table of one model has none.
CREATE FUNCTION @madlib@._open_model(path text, module text, written text, mst_key integer) RETURNS @madlib@._model
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    model @madlib@._model;
    compiled @madlib@._compiled;
    info text;
    missing text;
    found boolean := false;
    objects text;
    written_objects text;
    expected CONSTANT text[] := '{dependent_varname,dependent_vartype,model_id,model_arch_table,'
        'normalizing_const,compile_params,metrics_type}';
BEGIN
    model.written := written;
    model.mst_key := mst_key;
    model.name := @madlib@._input_table(path, module, written);
    FOREACH missing IN ARRAY ARRAY['model_weights', 'model_arch'] LOOP
        IF NOT @madlib@._has_column(model.name, missing) THEN
            RAISE EXCEPTION '% error: column ''%'' does not exist in model table ''%''.', module, missing, written
                USING ERRCODE = 'undefined_column';
        END IF;
    END LOOP;
    IF mst_key IS NOT NULL AND NOT @madlib@._has_column(model.name, 'mst_key') THEN
        RAISE EXCEPTION '%: Single model should not pass mst_key', module USING ERRCODE = 'invalid_parameter_value';
    ELSIF mst_key IS NULL AND @madlib@._has_column(model.name, 'mst_key') THEN
        RAISE EXCEPTION '%: Multi-model needs to pass mst_key', module USING ERRCODE = 'invalid_parameter_value';
    END IF;
    model.summary := @madlib@._table(path, @madlib@._with_suffix(written, '_summary'));
    IF mst_key IS NOT NULL THEN
        info := @madlib@._table(path, @madlib@._with_suffix(written, '_info'));
        IF info IS NULL OR model.summary IS NULL THEN
            RAISE EXCEPTION '%: Missing summary and/or info tables for %', module, written
                USING ERRCODE = 'undefined_table';
        END IF;
        EXECUTE format('SELECT true, %s FROM %s ss WHERE ss.mst_key = $1', @madlib@._optional(info, 'ss',
            'compile_params', 'text'), info)
            INTO found, model.compile_params USING mst_key;
        IF found IS NOT TRUE THEN
            RAISE EXCEPTION '%: mst_key % does not exist in the info table', module, mst_key
                USING ERRCODE = 'undefined_object';
        END IF;
        EXECUTE format('SELECT m.model_arch::json, m.model_weights FROM %s m WHERE m.mst_key = $1', model.name)
            INTO model.model_arch, model.model_weights USING mst_key;
    ELSE
        model.summary := @madlib@._input_table(path, module, @madlib@._with_suffix(written, '_summary'));
        EXECUTE format('SELECT m.model_arch::json, m.model_weights FROM %s m', model.name) INTO model.model_arch,
            model.model_weights;
    END IF;
    IF EXISTS (SELECT 1 FROM unnest(expected) AS e(name) WHERE NOT @madlib@._has_column(model.summary, e.name)
               AND (info IS NULL OR NOT @madlib@._has_column(info, e.name))) THEN
        RAISE EXCEPTION '% error: One or more expected columns missing in model summary table (''%''). The expected '
            'columns are %.', module,
            @madlib@._with_suffix(written, '_summary'), @madlib@._list_text(expected)
                USING ERRCODE = 'undefined_column';
    END IF;
    EXECUTE format('SELECT ss.dependent_varname::text[], %s, ss.normalizing_const::double precision, %s, %s FROM %s ss '
        'LIMIT 1',
        @madlib@._optional(model.summary, 'ss', 'independent_varname', 'text[]'),
        CASE WHEN info IS NULL THEN 'ss.compile_params::text' ELSE '$1' END,
        @madlib@._optional(model.summary, 'ss', 'object_table', 'text'), model.summary)
        INTO model.targets, model.inputs, model.normalizing_const, model.compile_params, written_objects
            USING model.compile_params;
    EXECUTE format('SELECT %s FROM %s ss WHERE %s', @madlib@._optional(COALESCE(info, model.summary), 'ss',
        'fit_params', 'text'),
        COALESCE(info, model.summary), CASE WHEN info IS NULL THEN 'true' ELSE 'ss.mst_key = $1' END)
        INTO model.fit_params USING mst_key;
    model.native := @madlib@._has_column(model.summary, 'data_spec');
    IF model.native THEN
        SELECT string_agg(@madlib@._function_name(l.name), ',') INTO model.loss
            FROM @madlib@._losses(model.compile_params) AS l(name);
        SELECT array_agg(@madlib@._function_name(m.name)) INTO model.metrics
            FROM @madlib@._metrics(model.compile_params) AS m(name);
        RETURN model;
    END IF;
    -- a model predicts without its loss, whether that can be called here or not
    IF module = 'madlib_keras_predict' AND @madlib@._custom_names(model.compile_params) <> '{}' THEN
        model.compile_params := 'optimizer=''SGD'', loss=''mse''';
        RETURN model;
    END IF;
    objects := @madlib@._kept_functions_table(written_objects);
    compiled := @madlib@._compile_params(model.compile_params, objects, written_objects);
    model.compile_params := compiled.params;
    model.loss := compiled.loss;
    model.metrics := NULLIF(compiled.metrics, '{}');
    RETURN model;
END $$;
COMMENT ON FUNCTION @madlib@._open_model(text, text, text, integer) IS 'internal: a trained model, by MADlib''s checks';

CREATE FUNCTION @madlib@._evaluate(path text, model_table text, test_table text, output_table text, use_gpus boolean,
    mst_key integer)
        RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp SET client_min_messages = warning AS $$
DECLARE
    module CONSTANT text := 'madlib_keras_evaluate';
    model @madlib@._model;
    test @madlib@._packed;
    name text;
    output text;
    stage text;
    model_stage text;
    score record;
BEGIN
    -- Greenplum 6 has no initial values of rows
    model := @madlib@._open_model(path, module, model_table, mst_key);
    PERFORM @madlib@._input_table(path, module, test_table, @madlib@._packed_suffix('test', test_table));
    output := @madlib@._output_table(path, module, output_table);
    test := @madlib@._open_test(path, module, test_table);
    PERFORM @madlib@._require_gpus(module, use_gpus);
    stage := @madlib@._stage_packed(test, @madlib@._home(output));
    IF NOT model.native THEN
        PERFORM @madlib@._check_shapes(model.model_arch, @madlib@._packed_shapes(stage), test.inputs, test_table);
    END IF;
    model_stage := @madlib@._stage_model(@madlib@._home(output), model.model_arch, model.model_weights,
        model.compile_params,
        @madlib@._spec_of(stage));
    SELECT * INTO score FROM @madlib@._score(model_stage, stage, use_gpus);
    EXECUTE format('CREATE TABLE %s AS SELECT $1 AS loss, $2 AS metric, $3 AS metrics_type, $4 AS loss_type', output)
        || CASE WHEN @madlib@._on_greenplum() THEN ' DISTRIBUTED RANDOMLY' ELSE '' END
        USING score.loss, CASE WHEN model.metrics IS NOT NULL THEN score.metric END, model.metrics, model.loss;
    PERFORM @madlib@._drop(model_stage);
    PERFORM @madlib@._drop_stage(test, stage);
END $$;
COMMENT ON FUNCTION @madlib@._evaluate(text, text, text, text, boolean, integer) IS
    'internal: madlib_keras_evaluate, with the caller''s search_path';

-- A packed table that is scored. MADlib says of it what it does not say of others.
CREATE FUNCTION @madlib@._open_test(path text, module text, written text) RETURNS @madlib@._packed
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    test text := @madlib@._table(path, written);
    summary text := @madlib@._table(path, @madlib@._with_suffix(written, '_summary'));
    names text[];
    name text;
BEGIN
    IF test IS NOT NULL AND summary IS NOT NULL AND NOT @madlib@._has_column(summary, 'data_spec')
            AND EXISTS (SELECT 1 FROM @madlib@._columns(summary) AS c WHERE c.column_name = 'independent_varname'
                AND c.data_type ~ '\[\]$') THEN
        EXECUTE format('SELECT s.independent_varname::text[] FROM %s s LIMIT 1', summary) INTO names;
        FOREACH name IN ARRAY names LOOP
            IF NOT @madlib@._has_column(test, @madlib@._column_name(test, name)) THEN
                RAISE EXCEPTION '% error: invalid independent_varname (''%'') for test table (%).', module, name,
                    written
                    USING ERRCODE = 'undefined_column';
            END IF;
        END LOOP;
    END IF;
    RETURN @madlib@._open_packed(path, module, written, @madlib@._packed_suffix('test', written));
END $$;
COMMENT ON FUNCTION @madlib@._open_test(text, text, text) IS 'internal: a packed table that is scored';

CREATE FUNCTION @madlib@.madlib_keras_evaluate(model_table varchar, test_table varchar, output_table varchar,
    use_gpus boolean,
        mst_key integer) RETURNS void
    LANGUAGE sql VOLATILE AS $$
    SELECT @madlib@._evaluate(pg_catalog.current_setting('search_path'), $1::pg_catalog.text, $2::pg_catalog.text,
        $3::pg_catalog.text,
        COALESCE($4, false), $5)
$$;
COMMENT ON FUNCTION @madlib@.madlib_keras_evaluate(varchar, varchar, varchar, boolean, integer) IS
    'loss and metric of a trained model over a packed table';

CREATE FUNCTION @madlib@.madlib_keras_evaluate(model_table varchar, test_table varchar, output_table varchar,
    use_gpus boolean) RETURNS void
    LANGUAGE sql VOLATILE AS $$ SELECT @madlib@.madlib_keras_evaluate($1, $2, $3, $4, NULL::pg_catalog.int4) $$;
COMMENT ON FUNCTION @madlib@.madlib_keras_evaluate(varchar, varchar, varchar, boolean)
    IS 'the same of the only model of a table';

CREATE FUNCTION @madlib@.madlib_keras_evaluate(model_table varchar, test_table varchar, output_table varchar)
    RETURNS void
    LANGUAGE sql VOLATILE AS $$ SELECT @madlib@.madlib_keras_evaluate($1, $2, $3, false, NULL::pg_catalog.int4) $$;
COMMENT ON FUNCTION @madlib@.madlib_keras_evaluate(varchar, varchar, varchar) IS 'the same without GPUs';
