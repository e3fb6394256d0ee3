-- Architectures as MADlib reads them, trained models as cerebro's functions take them, and a run on staged tables.

-- Layers of a model: "config" is a list of them (Keras 2.1), or has one.
CREATE FUNCTION @madlib@._layers(model_arch json) RETURNS SETOF json
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    config json := model_arch -> 'config';
BEGIN
    IF json_typeof(config) = 'object' THEN config := config -> 'layers'; END IF;
    IF config IS NULL OR json_typeof(config) <> 'array' THEN
        RAISE EXCEPTION 'Unable to read model architecture JSON.' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN QUERY SELECT l.value FROM json_array_elements(config) AS l(value);
END $$;
COMMENT ON FUNCTION @madlib@._layers(json) IS 'internal: the layers of an architecture';

-- The shape that a layer states for its input, or NULL.
CREATE FUNCTION @madlib@._stated_shape(layer json) RETURNS json
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN json_typeof($1) <> 'object' OR json_typeof($1 -> 'config') <> 'object' THEN NULL
                WHEN json_typeof($1 -> 'config' -> 'batch_input_shape') = 'array'
                    THEN $1 -> 'config' -> 'batch_input_shape'
                WHEN json_typeof($1 -> 'config' -> 'batch_shape') = 'array' THEN $1 -> 'config' -> 'batch_shape' END
$$;
COMMENT ON FUNCTION @madlib@._stated_shape(json) IS 'internal: batch_input_shape of a layer';

-- Of each input, without the batch: "[28, 28, 1]". A dimension that is left open is null.
CREATE FUNCTION @madlib@._input_shapes(model_arch json) RETURNS text[]
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    shapes text[];
BEGIN
    SELECT array_agg((SELECT '[' || COALESCE(string_agg(d.value::text, ', ' ORDER BY d.nr) FILTER (WHERE d.nr > 1), '')
        || ']'
                      FROM json_array_elements(@madlib@._stated_shape(l.layer)) WITH ORDINALITY AS d(value, nr))
                          ORDER BY l.nr)
        INTO shapes FROM @madlib@._layers(model_arch) WITH ORDINALITY AS l(layer, nr)
        WHERE @madlib@._stated_shape(l.layer) IS NOT NULL;
    IF shapes IS NULL THEN
        RAISE EXCEPTION 'Unable to get input shape from model architecture.Make sure that the first layer defines an '
            'input_shape.'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN shapes;
END $$;
COMMENT ON FUNCTION @madlib@._input_shapes(json) IS 'internal: shapes of the inputs of an architecture';

-- Units of the last layers that have units, as many as there are dependent variables; of an architecture that names its
-- output layers, of these.
CREATE FUNCTION @madlib@._class_counts(model_arch json, dependents integer) RETURNS integer[]
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    counts integer[];
BEGIN
    IF json_typeof(model_arch -> 'config') = 'object'
        AND json_typeof(model_arch -> 'config' -> 'output_layers') = 'array' THEN
        SELECT array_agg((l.layer -> 'config' ->> 'units')::integer ORDER BY o.nr) INTO counts
            FROM json_array_elements(model_arch -> 'config' -> 'output_layers') WITH ORDINALITY AS o(value, nr)
            JOIN @madlib@._layers(model_arch) AS l(layer) ON l.layer ->> 'name' = CASE json_typeof(o.value)
                WHEN 'array' THEN o.value ->> 0 END OR l.layer -> 'config' ->> 'name' = CASE json_typeof(o.value)
                WHEN 'array' THEN o.value ->> 0 END
            WHERE (l.layer -> 'config' ->> 'units') IS NOT NULL;
        IF array_length(counts, 1) = dependents THEN RETURN counts; END IF;
    END IF;
    SELECT array_agg(v.units ORDER BY v.nr) INTO counts FROM (
        SELECT (l.layer -> 'config' ->> 'units')::integer AS units, l.nr
            FROM @madlib@._layers(model_arch) WITH ORDINALITY AS l(layer, nr)
        WHERE json_typeof(l.layer) = 'object' AND json_typeof(l.layer -> 'config') = 'object'
            AND (l.layer -> 'config' ->> 'units') IS NOT NULL
        ORDER BY l.nr DESC LIMIT dependents) AS v;
    IF counts IS NULL OR array_length(counts, 1) < dependents THEN
        RAISE EXCEPTION 'Unable to get number of classes from model architecture.'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN counts;
END $$;
COMMENT ON FUNCTION @madlib@._class_counts(json, integer) IS 'internal: how many classes an architecture tells apart';

-- "[28, 28, 1]" of {28,28,1}.
CREATE FUNCTION @madlib@._shape_text(shape json) RETURNS text
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT '[' || COALESCE(string_agg(d.value::text, ', ' ORDER BY d.nr), '') || ']'
    FROM json_array_elements($1) WITH ORDINALITY AS d(value, nr)
$$;
COMMENT ON FUNCTION @madlib@._shape_text(json) IS 'internal: a shape as Python prints it';

CREATE FUNCTION @madlib@._same_shape(stated text, found text) RETURNS boolean
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT $2 ~ ('^' || replace(regexp_replace($1, '([][])', '\\\1', 'g'), 'null', '[0-9]+') || '$')
$$;
COMMENT ON FUNCTION @madlib@._same_shape(text, text)
    IS 'internal: whether an input takes a shape; null takes any dimension';

-- shapes: those of the columns, in the order of the names.
CREATE FUNCTION @madlib@._check_shapes(model_arch json, shapes text[], columns text[], written text) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    stated text[] := @madlib@._input_shapes(model_arch);
BEGIN
    FOR i IN 1 .. COALESCE(array_length(shapes, 1), 0) LOOP
        IF stated[i] IS NULL OR NOT @madlib@._same_shape(stated[i], shapes[i]) THEN
            RAISE EXCEPTION 'model_keras error: Input shape % in the model architecture does not match the input shape '
                '% of column % in table %.',
                COALESCE(stated[i], 'None'), shapes[i], columns[i], written USING ERRCODE = 'invalid_parameter_value';
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION @madlib@._check_shapes(json, text[], text[], text)
    IS 'internal: holds columns against the inputs of an architecture';

CREATE FUNCTION @madlib@._packed_shapes(stage text) RETURNS text[]
    LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    SELECT array_agg(@madlib@._shape_text(c.value -> 'shape') ORDER BY c.nr)
    FROM json_array_elements(@madlib@._spec_of($1)::json -> 'inputs') WITH ORDINALITY AS c(value, nr)
$$;
COMMENT ON FUNCTION @madlib@._packed_shapes(text) IS 'internal: shapes of the independent columns of a stage';

CREATE FUNCTION @madlib@._device_count() RETURNS integer
    AS 'MODULE_PATHNAME', 'pg_cerebro_device_count' LANGUAGE C VOLATILE STRICT;
COMMENT ON FUNCTION @madlib@._device_count() IS 'internal: CUDA devices that this process sees';

CREATE FUNCTION @madlib@._require_gpus(module text, use_gpus boolean) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF use_gpus AND @madlib@._device_count() = 0 THEN
        RAISE EXCEPTION '% error: No GPUs configured on hosts.', module USING ERRCODE = 'feature_not_supported';
    END IF;
END $$;
COMMENT ON FUNCTION @madlib@._require_gpus(text, boolean) IS 'internal: refuses use_gpus where there is no GPU';

-- Lines of progress are sent as INFO, which no setting keeps back: who wants only warnings does not get them.
CREATE FUNCTION @madlib@._say(line text, level text) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF level NOT IN ('warning', 'error', 'fatal', 'panic') THEN RAISE INFO '%', line; END IF;
END $$;
COMMENT ON FUNCTION @madlib@._say(text, text) IS 'internal: a line of progress';

CREATE FUNCTION @madlib@._seconds_since(start timestamptz) RETURNS double precision
    LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    SELECT extract(epoch FROM clock_timestamp() - $1)::double precision
$$;
COMMENT ON FUNCTION @madlib@._seconds_since(timestamptz) IS 'internal: seconds by the clock';

-- A row of an architecture table, by MADlib's checks.
CREATE FUNCTION @madlib@._architecture(table_name text, written text, model_id integer, OUT model_arch json,
    OUT model_weights bytea)
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM @madlib@._require_columns('Keras Model Arch', written, table_name, ARRAY['model_id', 'model_arch',
        'model_weights']);
    EXECUTE format('SELECT a.model_arch::json, a.model_weights FROM %s a WHERE a.model_id = $1', table_name)
        INTO model_arch, model_weights USING model_id;
    IF model_arch IS NULL THEN
        RAISE EXCEPTION 'no model arch found in table % with id %', written, model_id
            USING ERRCODE = 'undefined_object';
    END IF;
END $$;
COMMENT ON FUNCTION @madlib@._architecture(text, text, integer) IS 'internal: an architecture and its weights';

-- A trained model as cerebro.evaluate and cerebro.predict_table read it; spec describes the data that it is asked
-- about.
CREATE FUNCTION @madlib@._stage_model(home text, model_arch json, model_weights bytea, compile_params text, spec text)
    RETURNS text
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    stage text := @madlib@._temporary(home, 'model');
BEGIN
    EXECUTE format('CREATE TABLE %s (mst_key integer NOT NULL, model_weights bytea, model_arch json)', stage)
        || @madlib@._distributed('mst_key');
    EXECUTE format('INSERT INTO %s VALUES (1, $1, $2)', stage) USING model_weights, model_arch;
    EXECUTE format('CREATE TABLE %s (mst_key integer, model_id integer, compile_params text, fit_params text, status '
        'text)',
        @madlib@._with_suffix(stage, '_info')) || @madlib@._distributed('mst_key');
    EXECUTE format('INSERT INTO %s VALUES (1, 1, $1, '''', ''trained'')', @madlib@._with_suffix(stage, '_info'))
        USING compile_params;
    EXECUTE format('CREATE TABLE %s (data_spec text, seed bigint, plan json, "precision" text, dependent_vartype '
        'text[])',
        @madlib@._with_suffix(stage, '_summary')) || @madlib@._distributed('seed');
    EXECUTE format('INSERT INTO %s VALUES ($1, 0, ''{"version": 2, "partitions": 1, "bundles": []}'', ''float32'', '
        'NULL)',
        @madlib@._with_suffix(stage, '_summary')) USING spec;
    RETURN stage;
END $$;
COMMENT ON FUNCTION @madlib@._stage_model(text, json, bytea, text, text) IS 'internal: a model as cerebro reads it';

-- cerebro's words about weights that do not fit, in MADlib's.
CREATE FUNCTION @madlib@._said(message text) RETURNS text
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT COALESCE((SELECT format('Number of elements in model weights(%s) doesn''t match model(%s).',
                                m.numbers[1]::bigint / 4, m.numbers[2]::bigint / 4)
                     FROM regexp_matches($1,
                         'model_weights .*has ([0-9]+) bytes, the architecture needs ([0-9]+)$') AS m(numbers)), $1)
$$;
COMMENT ON FUNCTION @madlib@._said(text) IS 'internal: a message as MADlib says it';

CREATE FUNCTION @madlib@._say_again(message text, detail text, hint text, state text) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF detail <> '' AND hint <> '' THEN
        RAISE EXCEPTION USING MESSAGE = @madlib@._said(message), DETAIL = detail, HINT = hint, ERRCODE = state;
    ELSIF detail <> '' THEN
        RAISE EXCEPTION USING MESSAGE = @madlib@._said(message), DETAIL = detail, ERRCODE = state;
    ELSIF hint <> '' THEN
        RAISE EXCEPTION USING MESSAGE = @madlib@._said(message), HINT = hint, ERRCODE = state;
    END IF;
    RAISE EXCEPTION USING MESSAGE = @madlib@._said(message), ERRCODE = state;
END $$;
COMMENT ON FUNCTION @madlib@._say_again(text, text, text, text) IS 'internal: raises an error that was caught';

-- Loss and first metric of a staged model over a staged table.
CREATE FUNCTION @madlib@._score(model text, test text, use_gpus boolean, OUT loss double precision,
    OUT metric double precision)
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp SET client_min_messages = warning AS $$
DECLARE
    scores text := @madlib@._temporary(@madlib@._home(model), 'scores');
    detail text;
    hint text;
BEGIN
    BEGIN
        PERFORM cerebro.evaluate(model, test, scores, use_gpus, 1);
    EXCEPTION WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
        PERFORM @madlib@._say_again(SQLERRM, detail, hint, SQLSTATE);
    END;
    EXECUTE format('SELECT s.loss, s.metric FROM %s s', scores) INTO loss, metric;
    PERFORM @madlib@._drop(scores);
END $$;
COMMENT ON FUNCTION @madlib@._score(text, text, boolean) IS 'internal: loss and metric of a model';

-- A stage has no rows of its own by which stored features could be known.
-- Trains the models of a table (mst_key, architecture, model_arch, model_weights, compile_params, fit_params), whose
-- rows of one number "architecture" have one architecture. Returns the name of the result tables, to be dropped by
-- _drop.
CREATE FUNCTION @madlib@._run_models(configs text, source text, validation text, num_iterations integer,
    frequency integer,
        use_gpus boolean, use_caching boolean DEFAULT false, seed bigint DEFAULT NULL) RETURNS text
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp SET client_min_messages = warning
    SET cerebro.enable_feature_materialization = off AS $$
DECLARE
    home text := @madlib@._home(configs);
    architectures text := @madlib@._temporary(home, 'arch');
    selection text := @madlib@._temporary(home, 'mst');
    made text := @madlib@._temporary(home, 'out');
    detail text;
    hint text;
BEGIN
    EXECUTE format('CREATE TABLE %s AS SELECT c.architecture AS model_id, c.model_arch, c.model_weights, NULL::text AS '
        'name,'
        ' NULL::text AS description, NULL::text AS __internal_madlib_id__ FROM %s c WHERE c.mst_key IN'
        ' (SELECT min(d.mst_key) FROM %s d GROUP BY d.architecture)', architectures, configs, configs)
            || @madlib@._distributed('model_id');
    EXECUTE format('CREATE TABLE %s AS SELECT c.mst_key, c.architecture AS model_id, c.compile_params, c.fit_params '
        'FROM %s c',
        selection, configs) || @madlib@._distributed('mst_key');
    EXECUTE format('CREATE TABLE %s AS SELECT %L::varchar AS model_arch_table, NULL::varchar AS object_table',
        @madlib@._with_suffix(selection, '_summary'), architectures) || @madlib@._distributed('model_arch_table');
    BEGIN
        PERFORM cerebro.fit_multiple_model(source, made, selection, num_iterations, use_gpus, validation, frequency,
            false,
            use_caching := use_caching, seed := seed);
    EXCEPTION WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
        PERFORM @madlib@._say_again(SQLERRM, detail, hint, SQLSTATE);
    END;
    PERFORM @madlib@._drop(architectures);
    PERFORM @madlib@._drop(selection);
    RETURN made;
END $$;
COMMENT ON FUNCTION @madlib@._run_models(text, text, text, integer, integer, boolean, boolean, bigint) IS
    'internal: trains models by cerebro.fit_multiple_model';
