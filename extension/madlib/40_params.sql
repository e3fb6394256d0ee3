-- compile_params and fit_params as MADlib reads them, with its messages, and as cerebro.fit_multiple_model takes them.

-- "key=value, key=value": commas and equals signs within brackets belong to a value, those within quotes do not.
CREATE FUNCTION @madlib@._arguments(params text) RETURNS TABLE(nr integer, key text, value text)
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    blanks CONSTANT text := E' \t\n\r';
    depth integer := 0;
    part text := '';
    c text;
BEGIN
    nr := 0;
    IF btrim(COALESCE(params, ''), blanks) = '' THEN RETURN; END IF;
    FOR i IN 1 .. length(params) + 1 LOOP
        c := CASE WHEN i > length(params) THEN ',' ELSE substr(params, i, 1) END;
        IF c IN ('(', '[', '{') THEN depth := depth + 1; END IF;
        IF c IN (')', ']', '}') THEN depth := depth - 1; END IF;
        IF c = '=' AND depth = 0 AND key IS NULL THEN
            key := btrim(part, blanks);
            part := '';
        ELSIF c = ',' AND (depth = 0 OR i > length(params)) THEN
            IF key IS NOT NULL OR btrim(part, blanks) <> '' THEN
                nr := nr + 1;
                value := btrim(part, blanks);
                IF key IS NULL THEN
                    key := value;
                    value := '';
                END IF;
                RETURN NEXT;
            END IF;
            key := NULL;
            part := '';
        ELSE
            part := part || c;
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION @madlib@._arguments(text) IS 'internal: keys and values of compile_params or fit_params, in order';

CREATE FUNCTION @madlib@._unquoted(value text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT btrim(btrim($1, E' \t\n\r'), '''"')
$$;
COMMENT ON FUNCTION @madlib@._unquoted(text) IS 'internal: a value without the quotes at its ends';

-- What Python's literal_eval reads, as far as training needs it: numbers, strings, lists, tuples, dictionaries.
CREATE FUNCTION @madlib@._is_literal(value text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT v.bare <> '' AND regexp_replace(v.bare, '\m(True|False|None)\M', '0', 'g') ~ '^[][{}(),: \t\n\r0-9.eE+_-]+$'
    FROM (SELECT regexp_replace(regexp_replace(btrim($1), '''[^'']*''', '0', 'g'), '"[^"]*"', '0', 'g') AS bare) AS v
$$;
COMMENT ON FUNCTION @madlib@._is_literal(text) IS 'internal: whether a text is a literal of Python';

-- Elements of a list, without quotes. A nested list stays one text.
CREATE FUNCTION @madlib@._list_elements(value text) RETURNS text[]
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    inner_text text := btrim(value, E' \t\n\r');
    elements text[] := '{}';
    depth integer := 0;
    part text := '';
    c text;
BEGIN
    IF inner_text ~ '^\[.*\]$' THEN inner_text := substr(inner_text, 2, length(inner_text) - 2); END IF;
    FOR i IN 1 .. length(inner_text) LOOP
        c := substr(inner_text, i, 1);
        IF c IN ('(', '[', '{') THEN depth := depth + 1; END IF;
        IF c IN (')', ']', '}') THEN depth := depth - 1; END IF;
        IF c = ',' AND depth = 0 THEN
            elements := elements || @madlib@._unquoted(part);
            part := '';
        ELSE
            part := part || c;
        END IF;
    END LOOP;
    IF btrim(part, E' \t\n\r') <> '' THEN elements := elements || @madlib@._unquoted(part); END IF;
    RETURN elements;
END $$;
COMMENT ON FUNCTION @madlib@._list_elements(text) IS 'internal: elements of a list as Python writes it';

CREATE FUNCTION @madlib@._folded(name text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT replace(lower(split_part($1, '(', 1)), '_', '')
$$;
COMMENT ON FUNCTION @madlib@._folded(text) IS 'internal: a name of Keras, however it is spelled';

CREATE FUNCTION @madlib@._is_known_loss(name text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT @madlib@._folded($1) = ANY ('{binarycrossentropy,categoricalcrossentropy,categoricalhinge,cosinesimilarity,
        hinge,huber,kldivergence,kld,kullbackleiblerdivergence,logcosh,mae,mape,mse,msle,meanabsoluteerror,
        meanabsolutepercentageerror,meansquarederror,meansquaredlogarithmicerror,poisson,squaredhinge,
        binaryfocalcrossentropy,categoricalfocalcrossentropy}'::text[])
$$;
COMMENT ON FUNCTION @madlib@._is_known_loss(text) IS 'internal: whether a name is a loss of Keras';

CREATE FUNCTION @madlib@._is_known_metric(name text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT @madlib@._folded($1) = ANY ('{accuracy,acc,crossentropy,ce,binaryaccuracy,categoricalaccuracy,
        topkcategoricalaccuracy,auc,precision,recall,rmse,rootmeansquarederror,f1score,f1,cohenkappa,
        matthewscorrelation,mcc,r2,r2score}'::text[]) OR @madlib@._is_known_loss($1)
$$;
COMMENT ON FUNCTION @madlib@._is_known_metric(text) IS 'internal: whether a name is a metric of Keras';

CREATE TYPE @madlib@._compiled AS (params text, loss text, metrics text[]);
COMMENT ON TYPE @madlib@._compiled IS 'internal: compile_params as cerebro.fit_multiple_model takes them, their loss and metrics';

-- "adam", "SGD()" and "Adam(lr=0.1, decay=None)" without what is None.
CREATE FUNCTION @madlib@._optimizer(value text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    written text := @madlib@._unquoted(value);
    name text := btrim(split_part(written, '(', 1), E' \t\n\r');
    given text := '';
    argument record;
BEGIN
    IF NOT lower(name) = ANY ('{sgd,adam,adamw,rmsprop,adagrad,adadelta,adamax,nadam,ftrl,lion,lamb}'::text[]) THEN
        RAISE EXCEPTION 'model_keras error: invalid optimizer name: %', name USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF strpos(written, '(') > 0 THEN
        FOR argument IN SELECT a.key, a.value
            FROM @madlib@._arguments(regexp_replace(substr(written, strpos(written, '(') + 1), '\)\s*$', '')) AS a ORDER BY a.nr
        LOOP
            CONTINUE WHEN argument.value = 'None';
            given := given || CASE given WHEN '' THEN '' ELSE ', ' END || argument.key || '='
                || regexp_replace(argument.value, '^([+-]?)\.([0-9])', '\10.\2');
        END LOOP;
    END IF;
    RETURN name || CASE given WHEN '' THEN '' ELSE '(' || given || ')' END;
END $$;
COMMENT ON FUNCTION @madlib@._optimizer(text) IS 'internal: an optimizer as cerebro.fit_multiple_model takes it';

-- A name that Keras does not have is that of a function in an object table.
CREATE FUNCTION @madlib@._require_functions(names text[], object_table text, written text) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    missing text[];
    name text;
    object bytea;
BEGIN
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
        CONTINUE WHEN name ~ '^top_[0-9]+_accuracy$';
        EXECUTE format('SELECT o.object FROM %s o WHERE lower(o.name) = $1', object_table) INTO object USING name;
        RAISE EXCEPTION 'custom function ''%'' of object table ''%'' cannot be run', name, written
            USING ERRCODE = 'feature_not_supported',
                DETAIL = CASE WHEN get_byte(object, 0) = 128 THEN 'It is a pickled object of Python, and there is no Python here.'
                    ELSE 'Functions other than top-k accuracies are kept, but training cannot call them.' END,
                HINT = 'Use a loss and a metric of Keras, or load_top_k_accuracy_function() for top-k accuracy.';
    END LOOP;
END $$;
COMMENT ON FUNCTION @madlib@._require_functions(text[], text, text) IS 'internal: refuses custom functions that are not there or cannot be run';

-- object_table: qualified, or NULL; written: the same as the user wrote it.
CREATE FUNCTION @madlib@._compile_params(params text, object_table text DEFAULT NULL, written text DEFAULT NULL)
    RETURNS @madlib@._compiled
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    answer @madlib@._compiled;
    argument record;
    optimizer text;
    loss text;
    metrics text;
    others text := '';
    losses text[];
    name text;
    custom text[] := '{}';
BEGIN
    FOR argument IN SELECT a.key, a.value FROM @madlib@._arguments(params) AS a ORDER BY a.nr LOOP
        IF NOT argument.key = ANY ('{optimizer,loss,metrics,loss_weights,weighted_metrics,sample_weight_mode}'::text[]) THEN
            RAISE EXCEPTION '% is not currently accepted as a parameter. ', argument.key USING ERRCODE = 'invalid_parameter_value';
        END IF;
        IF argument.key NOT IN ('optimizer', 'loss') AND NOT @madlib@._is_literal(argument.value) THEN
            RAISE EXCEPTION 'invalid input value for parameter %=%, please refer to the documentation', argument.key, argument.value
                USING ERRCODE = 'invalid_parameter_value';
        END IF;
        CASE argument.key
            WHEN 'optimizer' THEN optimizer := argument.value;
            WHEN 'loss' THEN loss := argument.value;
            WHEN 'metrics' THEN metrics := NULLIF(argument.value, 'None');
            WHEN 'loss_weights' THEN
                IF argument.value <> 'None' THEN
                    IF argument.value !~ '^[[{]' THEN
                        RAISE EXCEPTION 'wrong input type for compile parameter loss_weights: only list and dictionary are supported.'
                            USING ERRCODE = 'invalid_parameter_value';
                    END IF;
                    others := others || ', loss_weights=' || argument.value;
                END IF;
            WHEN 'weighted_metrics' THEN
                IF argument.value <> 'None' THEN
                    IF argument.value !~ '^\[' THEN
                        RAISE EXCEPTION 'wrong input type for compile parameter weighted_metrics: only list is supported.'
                            USING ERRCODE = 'invalid_parameter_value';
                    END IF;
                    others := others || ', weighted_metrics=' || argument.value;
                END IF;
            ELSE
                IF NOT @madlib@._unquoted(argument.value) = ANY ('{temporal,None}'::text[]) THEN
                    RAISE EXCEPTION 'compile parameter sample_weight_mode can only be "temporal" or None'
                        USING ERRCODE = 'invalid_parameter_value';
                END IF;
                IF argument.value <> 'None' THEN others := others || ', sample_weight_mode=' || argument.value; END IF;
        END CASE;
    END LOOP;
    IF optimizer IS NULL THEN
        RAISE EXCEPTION 'optimizer is a required parameter for compile' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    optimizer := @madlib@._optimizer(optimizer);
    IF loss IS NULL THEN
        RAISE EXCEPTION 'loss is a required parameter for compile' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF loss ~ '^\{' THEN
        SELECT array_agg(@madlib@._unquoted(substr(e, strpos(e, ':') + 1))) INTO losses
            FROM unnest(@madlib@._list_elements('[' || btrim(loss, '{}') || ']')) AS e;
    ELSE
        losses := @madlib@._list_elements(loss);
    END IF;
    FOREACH name IN ARRAY losses LOOP
        IF lower(name) = ANY ('{sparse_categorical_crossentropy,serialize,deserialize,get}'::text[]) THEN
            RAISE EXCEPTION 'Loss function % is not supported.', name USING ERRCODE = 'feature_not_supported';
        END IF;
        IF NOT @madlib@._is_known_loss(name) AND NOT lower(name) = ANY (custom) THEN custom := custom || lower(name); END IF;
    END LOOP;
    answer.metrics := '{}';
    IF metrics IS NOT NULL THEN
        IF metrics !~ '^\[.*\]$' THEN
            RAISE EXCEPTION 'wrong input type for compile parameter metrics: multi-output modelare not supported yet, please pass a list'
                USING ERRCODE = 'invalid_parameter_value';
        END IF;
        FOREACH name IN ARRAY @madlib@._list_elements(replace(replace(metrics, '[', ''), ']', '')) LOOP
            IF lower(name) = ANY ('{sparse_categorical_accuracy,sparse_categorical_crossentropy,sparse_top_k_categorical_accuracy,
                    serialize,deserialize,get}'::text[]) THEN
                RAISE EXCEPTION 'Metric % is not supported.', name USING ERRCODE = 'feature_not_supported';
            END IF;
            IF NOT @madlib@._is_known_metric(name) AND NOT lower(name) = ANY (custom) THEN custom := custom || lower(name); END IF;
            answer.metrics := answer.metrics || name;
        END LOOP;
        metrics := regexp_replace(metrics, '(["''])acc\1', '\1accuracy\1', 'g');
        IF answer.metrics <> '{}' THEN others := others || ', metrics=' || metrics; END IF;
    END IF;
    PERFORM @madlib@._require_functions(custom, object_table, written);
    answer.loss := array_to_string(losses, ',');
    IF loss !~ '^[[{]' THEN loss := '''' || @madlib@._unquoted(loss) || ''''; END IF;
    answer.params := 'optimizer=' || CASE WHEN strpos(optimizer, '''') > 0 THEN '"' || optimizer || '"' ELSE '''' || optimizer || '''' END
        || ', loss=' || loss || others;
    RETURN answer;
END $$;
COMMENT ON FUNCTION @madlib@._compile_params(text, text, text) IS 'internal: checks compile_params and says them in cerebro''s words';

CREATE FUNCTION @madlib@._fit_params(params text) RETURNS text
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    argument record;
    board text[];
    answer text := '';
BEGIN
    FOR argument IN SELECT a.key, a.value FROM @madlib@._arguments(params) AS a ORDER BY a.nr LOOP
        IF NOT argument.key = ANY
                ('{batch_size,epochs,verbose,shuffle,class_weight,initial_epoch,steps_per_epoch,callbacks}'::text[]) THEN
            RAISE EXCEPTION '% is not currently accepted as a parameter. ', argument.key USING ERRCODE = 'invalid_parameter_value';
        END IF;
        IF argument.key = 'callbacks' THEN
            IF NOT (SELECT r.rolsuper FROM pg_roles r WHERE r.rolname = current_user) THEN
                RAISE EXCEPTION 'Only a superuser may use callbacks.' USING ERRCODE = 'insufficient_privilege';
            END IF;
            board := regexp_matches(@madlib@._unquoted(argument.value), '^\[\s*TensorBoard\s*\((.*)\)\s*\]$');
            IF board IS NULL OR EXISTS (SELECT 1 FROM @madlib@._arguments(board[1]) AS a WHERE NOT a.key = ANY
                    ('{log_dir,histogram_freq,batch_size,update_freq,write_graph,write_grad,write_images}'::text[])) THEN
                RAISE EXCEPTION 'Invalid callbacks fit param.  Currently, only TensorBoard callbacks are accepted.'
                    USING ERRCODE = 'invalid_parameter_value';
            END IF;
            RAISE NOTICE 'callbacks: no files for TensorBoard are written; cerebro.learning_curve() and the info table have the curves';
            CONTINUE;
        END IF;
        IF NOT @madlib@._is_literal(argument.value) THEN
            RAISE EXCEPTION 'invalid input value for parameter %=%, please refer to the documentation', argument.key, argument.value
                USING ERRCODE = 'invalid_parameter_value';
        END IF;
        CONTINUE WHEN argument.key = 'verbose' OR (argument.key, argument.value) IN
            (('initial_epoch', '0'), ('steps_per_epoch', 'None'), ('class_weight', 'None'), ('batch_size', 'None'));
        answer := answer || CASE answer WHEN '' THEN '' ELSE ', ' END || argument.key || '=' || argument.value;
    END LOOP;
    RETURN answer;
END $$;
COMMENT ON FUNCTION @madlib@._fit_params(text) IS 'internal: checks fit_params and says them in cerebro''s words';
