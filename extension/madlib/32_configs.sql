-- generate_model_configs: grids of parameters in Python's notation -> configurations.

-- A grid as JSON, or an error that names the argument.
CREATE FUNCTION @madlib@._grid(written text, what text) RETURNS json
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    grid json;
    entry record;
    noun text := split_part(what, '_', 1);
BEGIN
    grid := @madlib@._literal_json(COALESCE(btrim(written, E' \t\n\r'), ''))::json;
    IF grid IS NULL OR json_typeof(grid) <> 'object' THEN
        RAISE EXCEPTION 'Invalid syntax in ''%''', what USING ERRCODE = 'syntax_error';
    END IF;
    FOR entry IN SELECT e.key, e.value FROM json_each(grid) AS e LOOP
        IF json_typeof(entry.value) <> 'array' OR json_array_length(entry.value) = 0 THEN
            RAISE EXCEPTION 'DL: % param values must be specified in a list', noun USING ERRCODE = 'datatype_mismatch';
        END IF;
    END LOOP;
    RETURN grid;
END $$;
COMMENT ON FUNCTION @madlib@._grid(text, text) IS 'internal: a grid of parameters as JSON';

-- Optimizers and their parameters stand in the dictionaries of optimizer_params_list, and nowhere else.
CREATE FUNCTION @madlib@._check_grid(grid json, keys text[]) RETURNS void
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    entry record;
    parameter record;
BEGIN
    FOR entry IN SELECT e.key, e.value FROM json_each(grid) AS e LOOP
        IF entry.key = 'optimizer_params_list' THEN
            FOR parameter IN SELECT l.value FROM json_array_elements(entry.value) AS l LOOP
                IF json_typeof(parameter.value) <> 'object' THEN
                    RAISE EXCEPTION 'DL: compile param values must be specified in a list' USING ERRCODE = 'datatype_mismatch';
                ELSIF NOT EXISTS (SELECT 1 FROM json_object_keys(parameter.value)) THEN
                    RAISE EXCEPTION 'DL: empty dictionaries cannot be specified in the value list of ''optimizer_params_list'''
                        USING ERRCODE = 'invalid_parameter_value';
                ELSIF EXISTS (SELECT 1 FROM json_each(parameter.value) AS o WHERE json_typeof(o.value) <> 'array') THEN
                    RAISE EXCEPTION 'DL: compile param values must be specified in a list' USING ERRCODE = 'datatype_mismatch';
                ELSIF EXISTS (SELECT 1 FROM json_object_keys(parameter.value) AS o(key) WHERE o.key IN ('loss', 'metrics',
                        'loss_weights', 'weighted_metrics', 'sample_weight_mode')) THEN
                    RAISE EXCEPTION 'DL: ''optimizer_params_list'' key should only contain ''optimizer'' and/or optimizer related params '
                        'and no such params should reside out of the key' USING ERRCODE = 'invalid_parameter_value';
                END IF;
            END LOOP;
        ELSIF 'optimizer_params_list' = ANY (keys) AND entry.key IN ('optimizer', 'lr', 'learning_rate', 'decay', 'momentum', 'nesterov',
                'rho', 'epsilon', 'beta_1', 'beta_2', 'amsgrad', 'clipnorm', 'clipvalue', 'initial_accumulator_value', 'centered') THEN
            RAISE EXCEPTION 'DL: ''optimizer_params_list'' key should only contain ''optimizer'' and/or optimizer related params '
                'and no such params should reside out of the key' USING ERRCODE = 'invalid_parameter_value';
        ELSIF entry.key <> ALL (keys) THEN
            RAISE EXCEPTION '% is not currently accepted as a parameter. ', entry.key USING ERRCODE = 'invalid_parameter_value';
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION @madlib@._check_grid(json, text[]) IS 'internal: refuses grids with keys where they do not belong';

-- Python's capitalize, but for the two names that are spelt otherwise.
CREATE FUNCTION @madlib@._optimizer_name(written text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE lower($1) WHEN 'sgd' THEN 'SGD' WHEN 'rmsprop' THEN 'RMSprop' ELSE upper(left($1, 1)) || lower(substr($1, 2)) END
$$;
COMMENT ON FUNCTION @madlib@._optimizer_name(text) IS 'internal: an optimizer''s name as MADlib writes it';

-- A value as it stands in a text of parameters: strings in quotes, all else as Python prints it.
CREATE FUNCTION @madlib@._value_text(value json) RETURNS text
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE json_typeof($1) WHEN 'string' THEN '''' || (('[' || $1::text || ']')::json ->> 0) || ''''
                -- JSON has put the numbers of class_weight's classes into quotes
                ELSE regexp_replace(@madlib@._literal_python($1::text), '''(-?[0-9]+)'':', '\1:', 'g') END
$$;
COMMENT ON FUNCTION @madlib@._value_text(json) IS 'internal: a value in Python''s notation';

-- key=value with the rules of its key: metrics are a list, callbacks stand in quotes.
CREATE FUNCTION @madlib@._assignment(key text, value json) RETURNS text
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT $1 || '=' || CASE WHEN $1 = 'metrics' AND json_typeof($2) = 'string' THEN '[' || @madlib@._value_text($2) || ']'
                             ELSE @madlib@._value_text($2) END
$$;
COMMENT ON FUNCTION @madlib@._assignment(text, json) IS 'internal: a parameter with its value, as text';

-- Name(k=v, ...) of one choice for each parameter. keys and values go together.
CREATE FUNCTION @madlib@._optimizer_text(keys text[], choices json[]) RETURNS text
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT 'optimizer=''' || @madlib@._optimizer_name(COALESCE((SELECT ('[' || $2[s.i]::text || ']')::json ->> 0
            FROM generate_subscripts($1, 1) AS s(i) WHERE $1[s.i] = 'optimizer'), 'RMSprop'))
        || COALESCE('(' || (SELECT string_agg($1[s.i] || '=' || @madlib@._literal_python($2[s.i]::text), ',' ORDER BY s.i)
            FROM generate_subscripts($1, 1) AS s(i) WHERE $1[s.i] <> 'optimizer') || ')', '()') || ''''
$$;
COMMENT ON FUNCTION @madlib@._optimizer_text(text[], json[]) IS 'internal: an optimizer with its parameters, as text';

-- Where a key stands in a text: in the order of MADlib's manual, then as written.
CREATE FUNCTION @madlib@._key_rank(key text) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE $1 WHEN 'optimizer_params_list' THEN 1 WHEN 'optimizer' THEN 1 WHEN 'metrics' THEN 2 WHEN 'loss' THEN 3
                   WHEN 'epochs' THEN 4 WHEN 'batch_size' THEN 5 ELSE 6 END
$$;
COMMENT ON FUNCTION @madlib@._key_rank(text) IS 'internal: the order of parameters in a text';

-- Every combination of one dictionary's values, in the order of its keys, the last one varying fastest.
CREATE FUNCTION @madlib@._combinations(grid json) RETURNS TABLE(nr bigint, keys text[], choices json[])
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    names text[];
    lists json[];
    count bigint := 1;
    rest bigint;
BEGIN
    SELECT array_agg(e.key ORDER BY e.nr), array_agg(e.value ORDER BY e.nr) INTO names, lists
        FROM (SELECT j.key, j.value, row_number() OVER () AS nr FROM json_each(grid) AS j) AS e;
    FOR i IN 1 .. array_length(names, 1) LOOP count := count * json_array_length(lists[i]); END LOOP;
    FOR n IN 0 .. count - 1 LOOP
        rest := n;
        choices := '{}';
        FOR i IN REVERSE array_length(names, 1) .. 1 LOOP
            choices := (lists[i] -> (rest % json_array_length(lists[i]))::integer) || choices;
            rest := rest / json_array_length(lists[i]);
        END LOOP;
        nr := n;
        keys := names;
        RETURN NEXT;
    END LOOP;
END $$;
COMMENT ON FUNCTION @madlib@._combinations(json) IS 'internal: the combinations of the values of a grid';

-- A grid -> one text for each combination.
CREATE FUNCTION @madlib@._grid_texts(grid json) RETURNS SETOF text
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    texts text[] := ARRAY[''];
    entry record;
    parts text[];
BEGIN
    FOR entry IN SELECT e.key, e.value FROM (SELECT j.key, j.value, row_number() OVER () AS nr FROM json_each(grid) AS j) AS e
            ORDER BY @madlib@._key_rank(e.key), e.nr LOOP
        IF entry.key = 'optimizer_params_list' THEN
            SELECT array_agg(@madlib@._optimizer_text(c.keys, c.choices) ORDER BY o.nr, c.nr) INTO parts
                FROM (SELECT a.e, row_number() OVER () AS nr FROM json_array_elements(entry.value) AS a(e)) AS o,
                    LATERAL @madlib@._combinations(o.e) AS c;
        ELSE
            SELECT array_agg(@madlib@._assignment(entry.key, a.e) ORDER BY a.nr) INTO parts
                FROM (SELECT v.e, row_number() OVER () AS nr FROM json_array_elements(entry.value) AS v(e)) AS a;
        END IF;
        SELECT array_agg(CASE t.text WHEN '' THEN p.text ELSE t.text || ',' || p.text END ORDER BY t.nr, p.nr) INTO texts
            FROM (SELECT u.text, row_number() OVER () AS nr FROM unnest(texts) AS u(text)) AS t,
                 (SELECT u.text, row_number() OVER () AS nr FROM unnest(parts) AS u(text)) AS p;
    END LOOP;
    RETURN QUERY SELECT u.text FROM unnest(texts) AS u(text);
END $$;
COMMENT ON FUNCTION @madlib@._grid_texts(json) IS 'internal: the texts of all combinations of a grid';

-- From 0 to 1. Without a seed the server's own numbers; with one, a hash of it and of the number of the draw.
CREATE FUNCTION @madlib@._draw(seed integer, nth integer) RETURNS double precision
    LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN $1 IS NULL THEN random()
                ELSE ('x' || left(md5($1 || ' ' || $2), 12))::bit(48)::bigint / 281474976710656.0::float8 END
$$;
COMMENT ON FUNCTION @madlib@._draw(integer, integer) IS 'internal: a random number';

-- One value of a list: by a distribution, [low, high, 'linear' | 'log' | 'log_near_one'], or one of the list.
CREATE FUNCTION @madlib@._sample(key text, list json, seed integer, nth integer) RETURNS json
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp SET extra_float_digits = 3 AS $$
DECLARE
    size integer := json_array_length(list);
    strings integer;
    kind text;
    low double precision;
    high double precision;
    drawn double precision := @madlib@._draw(seed, nth);
BEGIN
    SELECT count(*) INTO strings FROM json_array_elements(list) AS l(e) WHERE json_typeof(l.e) = 'string';
    IF size < 2 OR strings <> 1 OR json_typeof(list -> (size - 1)) <> 'string' THEN
        RETURN list -> floor(drawn * size)::integer;
    END IF;
    IF size <> 3 THEN
        RAISE EXCEPTION 'DL: ''%'' should have exactly 3 elements if picking from a distribution', key
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF json_typeof(list -> 0) <> 'number' OR json_typeof(list -> 1) <> 'number'
            OR (list ->> 1)::double precision <= (list ->> 0)::double precision THEN
        RAISE EXCEPTION 'DL: ''%'' should be of the format [lower_bound, upper_bound, distribution_type]', key
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    low := (list ->> 0)::double precision;
    high := (list ->> 1)::double precision;
    kind := list ->> 2;
    IF kind = 'log' AND low <= 0 THEN
        RAISE EXCEPTION 'DL: the lower bound of ''%'' must be greater than 0 for the distribution ''log''', key
            USING ERRCODE = 'invalid_parameter_value', DETAIL = format('It is %s.', list ->> 0);
    ELSIF kind = 'log_near_one' AND high >= 1 THEN
        RAISE EXCEPTION 'DL: the upper bound of ''%'' must be less than 1 for the distribution ''log_near_one''', key
            USING ERRCODE = 'invalid_parameter_value', DETAIL = format('It is %s.', list ->> 1);
    END IF;
    CASE kind
        WHEN 'linear' THEN
            drawn := low + drawn * (high - low);
        WHEN 'log' THEN
            drawn := power(10::float8, log(low) + drawn * (log(high) - log(low)));
        WHEN 'log_near_one' THEN
            drawn := 1 - power(10::float8, log(1 - high) + drawn * (log(1 - low) - log(1 - high)));
        ELSE
            RAISE EXCEPTION 'DL: Please choose a valid distribution type for ''%'': [''linear'', ''log'', ''log_near_one'']', key
                USING ERRCODE = 'invalid_parameter_value';
    END CASE;
    RETURN to_json(drawn);
END $$;
COMMENT ON FUNCTION @madlib@._sample(text, json, integer, integer) IS 'internal: one value of a list of parameters';

-- One random configuration's text. draws: how many numbers were drawn before; counted on.
CREATE FUNCTION @madlib@._sample_text(grid json, seed integer, INOUT draws integer, OUT drawn text)
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    entry record;
    parameter record;
    one json;
    keys text[] := '{}';
    choices json[] := '{}';
    part text;
BEGIN
    FOR entry IN SELECT e.key, e.value FROM (SELECT j.key, j.value, row_number() OVER () AS nr FROM json_each(grid) AS j) AS e
            ORDER BY @madlib@._key_rank(e.key), e.nr LOOP
        IF entry.key = 'optimizer_params_list' THEN
            one := entry.value -> floor(@madlib@._draw(seed, draws) * json_array_length(entry.value))::integer;
            draws := draws + 1;
            FOR parameter IN SELECT j.key, j.value FROM json_each(one) AS j LOOP
                keys := keys || parameter.key;
                choices := choices || @madlib@._sample(parameter.key, parameter.value, seed, draws);
                draws := draws + 1;
            END LOOP;
            part := @madlib@._optimizer_text(keys, choices);
        ELSE
            part := @madlib@._assignment(entry.key, @madlib@._sample(entry.key, entry.value, seed, draws));
            draws := draws + 1;
        END IF;
        drawn := COALESCE(drawn || ',', '') || part;
    END LOOP;
    drawn := COALESCE(drawn, '');
END $$;
COMMENT ON FUNCTION @madlib@._sample_text(json, integer, integer) IS 'internal: the text of a random configuration';
