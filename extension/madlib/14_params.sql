-- Texts of compile and fit parameters: cut as MADlib cuts them, and its checks of them.

-- The first "=" outside of brackets ends a key, a comma outside of brackets ends its value. Quotes protect neither; strip_quotes
-- takes them away at both ends of a value.
CREATE FUNCTION @madlib@._params(params text, strip_quotes boolean DEFAULT true) RETURNS TABLE(key text, value text)
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    part text := '';
    depth integer := 0;
    c text;
    blank CONSTANT text := E' \t\n\r\f';
BEGIN
    FOR i IN 1 .. length(COALESCE(params, '')) + 1 LOOP
        c := substr(params, i, 1);
        IF c IN ('(', '[', '{') THEN depth := depth + 1; END IF;
        IF c IN (')', ']', '}') THEN depth := depth - 1; END IF;
        IF c = '=' AND depth = 0 AND key IS NULL THEN
            key := btrim(part, blank);
            part := '';
        ELSIF c = '' OR (c = ',' AND depth = 0) THEN
            IF key IS NOT NULL OR btrim(part, blank) <> '' THEN
                value := btrim(part, blank);
                IF strip_quotes THEN value := btrim(value, '''"'); END IF;
                IF key IS NULL THEN
                    key := value;
                    value := NULL;
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
COMMENT ON FUNCTION @madlib@._params(text, boolean) IS 'internal: keys and values of compile or fit parameters, in order';

-- Names of tf.keras.losses and tf.keras.metrics in lower case; every other one is that of a custom function.
CREATE FUNCTION @madlib@._is_keras_loss(name text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT lower($1) IN ('binary_crossentropy', 'binarycrossentropy', 'binary_focal_crossentropy', 'categorical_crossentropy',
        'categoricalcrossentropy', 'categorical_hinge', 'categoricalhinge', 'cosine', 'cosine_proximity', 'cosine_similarity',
        'cosinesimilarity', 'hinge', 'huber', 'huber_loss', 'kl_divergence', 'kld', 'kldivergence', 'kullback_leibler_divergence',
        'log_cosh', 'logcosh', 'loss', 'mae', 'mape', 'mean_absolute_error', 'mean_absolute_percentage_error', 'mean_squared_error',
        'mean_squared_logarithmic_error', 'meanabsoluteerror', 'meanabsolutepercentageerror', 'meansquarederror',
        'meansquaredlogarithmicerror', 'mse', 'msle', 'poisson', 'sparse_categorical_crossentropy', 'sparsecategoricalcrossentropy',
        'squared_hinge', 'squaredhinge')
$$;
COMMENT ON FUNCTION @madlib@._is_keras_loss(text) IS 'internal: whether a loss is one of Keras';

CREATE FUNCTION @madlib@._is_keras_metric(name text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT @madlib@._is_keras_loss($1) OR lower($1) IN ('acc', 'accuracy', 'auc', 'binary_accuracy', 'binaryaccuracy',
        'categorical_accuracy', 'categoricalaccuracy', 'ce', 'crossentropy', 'f1', 'f1_score', 'precision', 'r2', 'r2_score',
        'recall', 'rmse', 'root_mean_squared_error', 'rootmeansquarederror', 'sparse_categorical_accuracy',
        'sparse_top_k_categorical_accuracy', 'sparsecategoricalaccuracy', 'sparsetopkcategoricalaccuracy',
        'top_k_categorical_accuracy', 'topkcategoricalaccuracy')
$$;
COMMENT ON FUNCTION @madlib@._is_keras_metric(text) IS 'internal: whether a metric is one of Keras, or one of ours';

-- Strings of a literal, however deep in lists and dictionaries.
CREATE FUNCTION @madlib@._strings(value json) RETURNS SETOF text
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    part json;
BEGIN
    CASE json_typeof(value)
        WHEN 'string' THEN
            RETURN NEXT ('[' || value::text || ']')::json ->> 0;
        WHEN 'array' THEN
            FOR part IN SELECT e FROM json_array_elements(value) AS a(e) LOOP
                RETURN QUERY SELECT s FROM @madlib@._strings(part) AS t(s);
            END LOOP;
        WHEN 'object' THEN
            FOR part IN SELECT o.value FROM json_each(value) AS o LOOP
                RETURN QUERY SELECT s FROM @madlib@._strings(part) AS t(s);
            END LOOP;
        ELSE
            NULL;
    END CASE;
END $$;
COMMENT ON FUNCTION @madlib@._strings(json) IS 'internal: the strings in a value of JSON';

-- The losses of compile parameters: of one output a name, of several a list or a dictionary.
CREATE FUNCTION @madlib@._losses(params text) RETURNS SETOF text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT s.name FROM @madlib@._params($1, true) AS p(key, value),
        LATERAL (SELECT p.value AS name WHERE p.value !~ '^[[{]'
                 UNION ALL SELECT t.name FROM @madlib@._strings(@madlib@._literal_json(
                     CASE WHEN p.value ~ '^[[{]' THEN p.value END)::json) AS t(name)) AS s
    WHERE p.key = 'loss'
$$;
COMMENT ON FUNCTION @madlib@._losses(text) IS 'internal: the losses that compile parameters name';

CREATE FUNCTION @madlib@._metrics(params text) RETURNS SETOF text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT t.name FROM @madlib@._params($1, false) AS p(key, value),
        LATERAL @madlib@._strings(@madlib@._literal_json(p.value)::json) AS t(name)
    WHERE p.key = 'metrics' AND @madlib@._literal_json(p.value) IS NOT NULL
$$;
COMMENT ON FUNCTION @madlib@._metrics(text) IS 'internal: the metrics that compile parameters name';

-- In lower case and in order, each once. The top-k accuracies are known by their names.
CREATE FUNCTION @madlib@._custom_names(params text) RETURNS text[]
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT COALESCE(array_agg(DISTINCT lower(n.name)), '{}') FROM (
        SELECT l.name FROM @madlib@._losses($1) AS l(name) WHERE NOT @madlib@._is_keras_loss(l.name)
        UNION ALL
        SELECT m.name FROM @madlib@._metrics($1) AS m(name) WHERE NOT @madlib@._is_keras_metric(m.name)) AS n
$$;
COMMENT ON FUNCTION @madlib@._custom_names(text) IS 'internal: losses and metrics that are functions of an object table';

CREATE FUNCTION @madlib@._check_optimizer(written text) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    name text := btrim(split_part(btrim(written, E' \t\n''"'), '(', 1));
BEGIN
    IF lower(name) NOT IN ('adadelta', 'adagrad', 'adam', 'adamax', 'ftrl', 'nadam', 'rmsprop', 'sgd', 'lamb', 'lion') THEN
        RAISE EXCEPTION 'model_keras error: invalid optimizer name: %', name USING ERRCODE = 'invalid_parameter_value';
    END IF;
END $$;
COMMENT ON FUNCTION @madlib@._check_optimizer(text) IS 'internal: refuses an optimizer that Keras has not';

-- MADlib's checks. Custom functions are checked by whoever knows the object table.
CREATE FUNCTION @madlib@._check_compile_params(params text) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    p record;
    literal text;
    name text;
    seen text[] := '{}';
BEGIN
    FOR p IN SELECT * FROM @madlib@._params(params, false) LOOP
        IF p.key NOT IN ('optimizer', 'loss', 'metrics', 'loss_weights', 'weighted_metrics', 'sample_weight_mode') THEN
            RAISE EXCEPTION '% is not currently accepted as a parameter. ', p.key USING ERRCODE = 'invalid_parameter_value';
        END IF;
        seen := seen || p.key;
        CONTINUE WHEN p.key IN ('optimizer', 'loss');
        literal := @madlib@._literal_json(p.value);
        IF literal IS NULL THEN
            RAISE EXCEPTION 'invalid input value for parameter %=%, please refer to the documentation', p.key, p.value
                USING ERRCODE = 'invalid_parameter_value';
        END IF;
        CASE p.key
            WHEN 'metrics' THEN
                IF json_typeof(literal::json) NOT IN ('array', 'object', 'null') THEN
                    RAISE EXCEPTION 'wrong input type for compile parameter metrics: multi-output modelare not supported yet, '
                        'please pass a list' USING ERRCODE = 'datatype_mismatch';
                END IF;
            WHEN 'loss_weights' THEN
                IF json_typeof(literal::json) NOT IN ('array', 'object', 'null') THEN
                    RAISE EXCEPTION 'wrong input type for compile parameter loss_weights: only list and dictionary are supported.'
                        USING ERRCODE = 'datatype_mismatch';
                END IF;
            WHEN 'weighted_metrics' THEN
                IF json_typeof(literal::json) NOT IN ('array', 'null') THEN
                    RAISE EXCEPTION 'wrong input type for compile parameter weighted_metrics: only list is supported.'
                        USING ERRCODE = 'datatype_mismatch';
                END IF;
            ELSE
                IF literal NOT IN ('null', '"temporal"') THEN
                    RAISE EXCEPTION 'compile parameter sample_weight_mode can only be "temporal" or None'
                        USING ERRCODE = 'invalid_parameter_value';
                END IF;
        END CASE;
    END LOOP;
    FOREACH name IN ARRAY ARRAY['optimizer', 'loss'] LOOP
        IF name <> ALL (seen) THEN
            RAISE EXCEPTION '% is a required parameter for compile', name USING ERRCODE = 'invalid_parameter_value';
        END IF;
    END LOOP;
    SELECT q.value INTO literal FROM @madlib@._params(params, true) AS q WHERE q.key = 'optimizer';
    PERFORM @madlib@._check_optimizer(literal);
    FOR name IN SELECT l.name FROM @madlib@._losses(params) AS l(name) LOOP
        IF name IN ('sparse_categorical_crossentropy', 'serialize', 'deserialize', 'get') THEN
            RAISE EXCEPTION 'Loss function % is not supported.', name USING ERRCODE = 'feature_not_supported';
        END IF;
    END LOOP;
    FOR name IN SELECT m.name FROM @madlib@._metrics(params) AS m(name) LOOP
        IF name IN ('sparse_categorical_accuracy', 'sparse_categorical_crossentropy', 'sparse_top_k_categorical_accuracy',
                    'serialize', 'deserialize', 'get') THEN
            RAISE EXCEPTION 'Metric % is not supported.', name USING ERRCODE = 'feature_not_supported';
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION @madlib@._check_compile_params(text) IS 'internal: refuses compile parameters, with MADlib''s messages';

CREATE FUNCTION @madlib@._is_superuser() RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT r.rolsuper FROM pg_roles r WHERE r.rolname = current_user
$$;
COMMENT ON FUNCTION @madlib@._is_superuser() IS 'internal: whether the user of this session is a superuser';

CREATE FUNCTION @madlib@._check_callbacks(written text) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    given text := btrim(btrim(written, E' \t\n'), '''"');
    argument record;
BEGIN
    IF NOT @madlib@._is_superuser() THEN
        RAISE EXCEPTION 'Only a superuser may use callbacks.' USING ERRCODE = 'insufficient_privilege';
    END IF;
    -- one call and no other
    IF regexp_replace(given, '"[^"]*"|''[^'']*''', '', 'g') !~ '^\[\s*TensorBoard\s*\([^()]*\)\s*\]$' THEN given := NULL; END IF;
    given := substring(given FROM '^\[\s*TensorBoard\s*\((.*)\)\s*\]$');
    IF given IS NOT NULL THEN
        FOR argument IN SELECT * FROM @madlib@._params(given, false) LOOP
            IF argument.value IS NULL OR argument.key NOT IN ('log_dir', 'histogram_freq', 'batch_size', 'update_freq',
                    'write_graph', 'write_grad', 'write_images') THEN
                given := NULL;
            END IF;
        END LOOP;
    END IF;
    IF given IS NULL THEN
        RAISE EXCEPTION 'Invalid callbacks fit param.  Currently, only TensorBoard callbacks are accepted.'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
END $$;
COMMENT ON FUNCTION @madlib@._check_callbacks(text) IS 'internal: refuses callbacks but TensorBoard';

CREATE FUNCTION @madlib@._check_fit_params(params text) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    p record;
BEGIN
    FOR p IN SELECT * FROM @madlib@._params(params, false) LOOP
        IF p.key = 'callbacks' THEN
            PERFORM @madlib@._check_callbacks(p.value);
        ELSIF p.key NOT IN ('batch_size', 'epochs', 'verbose', 'shuffle', 'class_weight', 'initial_epoch', 'steps_per_epoch') THEN
            RAISE EXCEPTION '% is not currently accepted as a parameter. ', p.key USING ERRCODE = 'invalid_parameter_value';
        ELSIF @madlib@._literal_json(COALESCE(p.value, '')) IS NULL THEN
            RAISE EXCEPTION 'invalid input value for parameter %=%, please refer to the documentation', p.key, p.value
                USING ERRCODE = 'invalid_parameter_value';
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION @madlib@._check_fit_params(text) IS 'internal: refuses fit parameters, with MADlib''s messages';
