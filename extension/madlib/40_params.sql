-- compile_params and fit_params as cerebro.fit_multiple_model takes them. 14_params.sql has MADlib's checks of them.

CREATE TYPE @madlib@._compiled AS (params text, loss text, metrics text[]);
COMMENT ON TYPE @madlib@._compiled
    IS 'internal: compile_params as cerebro.fit_multiple_model takes them, their loss and metrics';

-- "adam", "SGD()" and "Adam(lr=0.1, decay=None)" without what is None. Python's numbers may begin with a point.
CREATE FUNCTION @madlib@._optimizer(written text) RETURNS text
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    name text := btrim(split_part(written, '(', 1), E' \t\n\r');
    given text;
BEGIN
    IF strpos(written, '(') = 0 THEN RETURN name; END IF;
    SELECT string_agg(a.key || '=' || regexp_replace(a.value, '^([+-]?)\.([0-9])', '\10.\2'), ', ') INTO given
        FROM @madlib@._params(regexp_replace(substr(written, strpos(written, '(') + 1), '\)\s*$', ''), false) AS a
        WHERE a.value <> 'None';
    RETURN name || COALESCE('(' || given || ')', '');
END $$;
COMMENT ON FUNCTION @madlib@._optimizer(text) IS 'internal: an optimizer as cerebro.fit_multiple_model takes it';

-- A name that Keras does not have is that of a function in an object table. Top-k accuracies are known by their names. Of
-- others compile_params has the function itself: "torchscript(name=..., source=...)".
CREATE FUNCTION @madlib@._function_calls(names text[], object_table text, written text, OUT calls text[])
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    missing text[];
    name text;
    object bytea;
    detail text;
    hint text;
BEGIN
    calls := '{}';
    IF names = '{}' THEN RETURN; END IF;
    IF object_table IS NULL THEN
        RAISE EXCEPTION 'Object table not specified for function % in compile_params', @madlib@._list_text(names)
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    EXECUTE format('SELECT array_agg(n.name) FROM unnest($1) AS n(name) WHERE NOT EXISTS
        (SELECT 1 FROM %s o WHERE lower(o.name) = n.name)', object_table) INTO missing USING names;
    IF missing IS NOT NULL THEN
        RAISE EXCEPTION 'Custom function % not defined in object table ''%''', @madlib@._list_text(missing), written
            USING ERRCODE = 'undefined_object';
    END IF;
    FOREACH name IN ARRAY names LOOP
        calls := calls || NULL::text;
        CONTINUE WHEN name ~ '^top_[0-9]+_accuracy$';
        EXECUTE format('SELECT o.object FROM %s o WHERE lower(o.name) = $1', object_table) INTO object USING name;
        IF @madlib@._is_pickle(object) THEN
            RAISE EXCEPTION 'custom function ''%'' of object table ''%'' cannot be run', name, written
                USING ERRCODE = 'feature_not_supported', DETAIL = 'It is a pickled object of Python, and there is no Python here.',
                    HINT = 'Load it as a function of TorchScript, see load_custom_function(''usage''), or use a loss and a metric of Keras.';
        END IF;
        BEGIN
            calls[array_length(calls, 1)] := cerebro.torchscript(name, object);
        EXCEPTION WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
            RAISE EXCEPTION 'custom function ''%'' of object table ''%'' cannot be run', name, written
                USING ERRCODE = SQLSTATE, DETAIL = SQLERRM || '.' || CASE detail WHEN '' THEN '' ELSE ' ' || detail END,
                    HINT = COALESCE(NULLIF(hint, ''), 'Load it anew, see load_custom_function(''usage'').');
        END;
    END LOOP;
END $$;
COMMENT ON FUNCTION @madlib@._function_calls(text[], text, text) IS
    'internal: custom functions as compile_params has them; refuses those that are not there or cannot be run';

-- Names in quotes, unless they are keys, become calls. A NULL call leaves its name.
CREATE FUNCTION @madlib@._with_calls(literal text, names text[], calls text[]) RETURNS text
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    made text := literal;
BEGIN
    FOR i IN 1 .. COALESCE(array_length(calls, 1), 0) LOOP
        CONTINUE WHEN calls[i] IS NULL;
        made := regexp_replace(made, '(["''])' || names[i] || '\1(?!\s*:)', '''' || calls[i] || '''', 'gi');
    END LOOP;
    RETURN made;
END $$;
COMMENT ON FUNCTION @madlib@._with_calls(text, text[], text[]) IS 'internal: losses or metrics with custom functions written out';

-- object_table: qualified, or NULL; written: the same as the user wrote it.
CREATE FUNCTION @madlib@._compile_params(params text, object_table text DEFAULT NULL, written text DEFAULT NULL)
    RETURNS @madlib@._compiled
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    made @madlib@._compiled;
    argument record;
    part text;
    names text[];
    calls text[];
BEGIN
    PERFORM @madlib@._check_compile_params(params);
    names := @madlib@._custom_names(params);
    calls := @madlib@._function_calls(names, object_table, written);
    SELECT string_agg(l.name, ',') INTO made.loss FROM @madlib@._losses(params) AS l(name);
    SELECT COALESCE(array_agg(m.name), '{}') INTO made.metrics FROM @madlib@._metrics(params) AS m(name);
    FOR argument IN SELECT a.key, a.value FROM @madlib@._params(params, false) AS a LOOP
        CASE argument.key
            WHEN 'optimizer' THEN
                part := @madlib@._optimizer(btrim(argument.value, '''"'));
                part := CASE WHEN strpos(part, '''') > 0 THEN '"' || part || '"' ELSE '''' || part || '''' END;
            WHEN 'loss' THEN
                part := CASE WHEN argument.value ~ '^[[{]' THEN argument.value ELSE '''' || btrim(argument.value,
                    '''"') || '''' END;
                part := @madlib@._with_calls(part, names, calls);
            WHEN 'metrics' THEN
                CONTINUE WHEN made.metrics = '{}';
                part := regexp_replace(argument.value, '(["''])acc\1', '\1accuracy\1', 'g');
                part := @madlib@._with_calls(part, names, calls);
            ELSE
                CONTINUE WHEN argument.value = 'None';
                part := argument.value;
        END CASE;
        made.params := COALESCE(made.params || ', ', '') || argument.key || '=' || part;
    END LOOP;
    RETURN made;
END $$;
COMMENT ON FUNCTION @madlib@._compile_params(text, text, text)
    IS 'internal: checks compile_params and says them in cerebro''s words';

CREATE FUNCTION @madlib@._fit_params(params text) RETURNS text
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    argument record;
    made text := '';
BEGIN
    PERFORM @madlib@._check_fit_params(params);
    FOR argument IN SELECT a.key, a.value FROM @madlib@._params(params, false) AS a LOOP
        IF argument.key = 'callbacks' THEN
            RAISE WARNING 'callbacks: no files for TensorBoard are written; the info table has the curves';
        END IF;
        CONTINUE WHEN argument.key IN ('verbose', 'callbacks') OR (argument.key, argument.value) IN
            (('initial_epoch', '0'), ('steps_per_epoch', 'None'), ('class_weight', 'None'), ('batch_size', 'None'));
        made := made || CASE made WHEN '' THEN '' ELSE ', ' END || argument.key || '=' || argument.value;
    END LOOP;
    RETURN made;
END $$;
COMMENT ON FUNCTION @madlib@._fit_params(text) IS 'internal: checks fit_params and says them in cerebro''s words';
