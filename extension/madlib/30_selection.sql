-- Model selection tables: checks, and the tables themselves.

CREATE FUNCTION @madlib@._check_model_ids(module text, written text, arch_table text, ids integer[]) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    missing integer;
BEGIN
    EXECUTE format('SELECT count(*) FROM unnest(%L::integer[]) AS u(id) WHERE NOT EXISTS (SELECT 1 FROM %s AS a WHERE a.model_id = u.id)',
        ids, arch_table) INTO missing;
    IF missing > 0 OR COALESCE(array_length(ids, 1), 0) = 0 THEN
        RAISE EXCEPTION '%: One or more model_id of % not found in table %', module,
            '[' || COALESCE(array_to_string(ids, ', ', 'None'), '') || ']', written USING ERRCODE = 'undefined_object';
    END IF;
END $$;
COMMENT ON FUNCTION @madlib@._check_model_ids(text, text, text, integer[]) IS 'internal: refuses architectures that are not there';

-- The qualified name of an object table that users name without its schema; NULL where none is named.
CREATE FUNCTION @madlib@._selection_objects(path text, module text, written text) RETURNS text
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    parts text[] := @madlib@._split_names(written, '.');
BEGIN
    IF @madlib@._no_name(written) THEN RETURN NULL; END IF;
    IF array_length(parts, 1) > 1 AND quote_ident(@madlib@._name(parts[1])) <> '@madlib@' THEN
        RAISE EXCEPTION 'DL: Custom function table has to be in the % schema', '@madlib@' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN @madlib@._input_table(path, module, @madlib@._object_table(parts[array_length(parts, 1)]));
END $$;
COMMENT ON FUNCTION @madlib@._selection_objects(text, text, text) IS 'internal: the qualified name of an object table';

-- Functions of an object table that a configuration names.
CREATE FUNCTION @madlib@._check_custom(params text, object_table text) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    function_name text;
    known boolean;
BEGIN
    FOREACH function_name IN ARRAY @madlib@._custom_names(params) LOOP
        IF object_table IS NULL THEN
            RAISE EXCEPTION 'custom function ''%'' used in compile params but input object table missing!', function_name
                USING ERRCODE = 'invalid_parameter_value';
        END IF;
        EXECUTE format('SELECT EXISTS (SELECT 1 FROM %s AS f WHERE lower(f.name) = %L)', object_table, function_name) INTO known;
        IF NOT known THEN
            RAISE EXCEPTION 'custom function ''%'' used in compile params is not defined in object table ''%''!', function_name,
                object_table USING ERRCODE = 'undefined_object';
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION @madlib@._check_custom(text, text) IS 'internal: refuses custom functions that are not there';

CREATE FUNCTION @madlib@._create_selection_table(made text, summary text, arch_table text, object_table text) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF made IS NOT NULL THEN
        EXECUTE format('CREATE TABLE %s (mst_key serial, model_id integer, compile_params varchar, fit_params varchar,'
            ' UNIQUE (model_id, compile_params, fit_params))%s', made, @madlib@._distributed_by('model_id'));
    END IF;
    EXECUTE format('CREATE TABLE %s (model_arch_table varchar, object_table varchar)%s', summary,
        @madlib@._distributed_by('model_arch_table'));
    EXECUTE format('INSERT INTO %s VALUES ($1, $2)', summary) USING arch_table, object_table;
END $$;
COMMENT ON FUNCTION @madlib@._create_selection_table(text, text, text, text) IS 'internal: makes a model selection table and its summary';

-- Two texts say the same when they have the same keys and values: white space and the order of keys do not count.
CREATE FUNCTION @madlib@._same_params(params text) RETURNS text
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT COALESCE(string_agg(p.key || '=' || regexp_replace(p.value, '\s', '', 'g'), ',' ORDER BY p.key, p.value), '')
    FROM @madlib@._params($1, true) AS p
$$;
COMMENT ON FUNCTION @madlib@._same_params(text) IS 'internal: parameters in a form that equal ones share';

-- The last spelling of each set of parameters, in the order in which the sets come first.
CREATE FUNCTION @madlib@._distinct_params(list text[]) RETURNS text[]
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT array_agg(d.last ORDER BY d.first) FROM (
        SELECT min(s.i) AS first, (array_agg($1[s.i] ORDER BY s.i DESC))[1] AS last
        FROM generate_subscripts($1, 1) AS s(i) GROUP BY @madlib@._same_params($1[s.i])) AS d
$$;
COMMENT ON FUNCTION @madlib@._distinct_params(text[]) IS 'internal: parameters without those that say the same';

CREATE FUNCTION @madlib@._load_model_selection_table(path text, model_arch_table text, model_selection_table text, model_id_list integer[],
        compile_params_list text[], fit_params_list text[], object_table text) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    module CONSTANT text := 'load_model_selection_table';
    arch text := @madlib@._input_table(path, module, model_arch_table);
    made text := @madlib@._output_table(path, module, model_selection_table);
    summary text := @madlib@._output_table(path, module, @madlib@._with_suffix(model_selection_table, '_summary'));
    objects text := @madlib@._selection_objects(path, module, object_table);
    missing text[] := @madlib@._missing_columns(arch, '{model_id,model_arch}');
    params text;
BEGIN
    IF missing IS NOT NULL THEN PERFORM @madlib@._require_columns(module, model_arch_table, arch, missing); END IF;
    PERFORM @madlib@._check_model_ids(module, model_arch_table, arch, model_id_list);
    IF fit_params_list IS NULL THEN
        RAISE EXCEPTION 'fit_params_list cannot be NULL' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF compile_params_list IS NULL THEN
        RAISE EXCEPTION 'compile_params_list cannot be NULL' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    FOREACH params IN ARRAY fit_params_list LOOP
        BEGIN
            PERFORM @madlib@._check_fit_params(params);
        EXCEPTION WHEN OTHERS THEN
            RAISE EXCEPTION E'Fit param check failed for: % \n%', params, SQLERRM USING ERRCODE = SQLSTATE;
        END;
    END LOOP;
    FOREACH params IN ARRAY compile_params_list LOOP
        BEGIN
            PERFORM @madlib@._check_compile_params(params);
            PERFORM @madlib@._check_custom(params, objects);
        EXCEPTION WHEN OTHERS THEN
            RAISE EXCEPTION E'Compile param check failed for: % \n%', params, SQLERRM USING ERRCODE = SQLSTATE;
        END;
    END LOOP;
    PERFORM @madlib@._create_selection_table(made, summary, model_arch_table, objects);
    EXECUTE format('INSERT INTO %s (model_id, compile_params, fit_params) SELECT m.id, c.params, f.params'
        ' FROM (SELECT DISTINCT u.id FROM unnest($1) AS u(id)) AS m, generate_subscripts($2, 1) AS ci(i), generate_subscripts($3, 1) AS fi(i),'
        ' LATERAL (SELECT $2[ci.i] AS params) AS c, LATERAL (SELECT $3[fi.i] AS params) AS f ORDER BY m.id, ci.i, fi.i', made)
        USING model_id_list, @madlib@._distinct_params(compile_params_list), @madlib@._distinct_params(fit_params_list);
END $$;
COMMENT ON FUNCTION @madlib@._load_model_selection_table(text, text, text, integer[], text[], text[], text) IS
    'internal: load_model_selection_table with the search_path of its caller';

CREATE FUNCTION @madlib@.load_model_selection_table(model_arch_table varchar, model_selection_table varchar, model_id_list integer[],
        compile_params_list varchar[], fit_params_list varchar[], object_table varchar) RETURNS void
    LANGUAGE sql VOLATILE AS $$
    SELECT @madlib@._load_model_selection_table(pg_catalog.current_setting('search_path'), $1::pg_catalog.text, $2::pg_catalog.text, $3,
        $4::pg_catalog.text[], $5::pg_catalog.text[], $6::pg_catalog.text)
$$;
COMMENT ON FUNCTION @madlib@.load_model_selection_table(varchar, varchar, integer[], varchar[], varchar[], varchar) IS
    'makes a model selection table of every combination of architectures, compile parameters and fit parameters';

CREATE FUNCTION @madlib@.load_model_selection_table(model_arch_table varchar, model_selection_table varchar, model_id_list integer[],
        compile_params_list varchar[], fit_params_list varchar[]) RETURNS void
    LANGUAGE sql VOLATILE AS $$
    SELECT @madlib@._load_model_selection_table(pg_catalog.current_setting('search_path'), $1::pg_catalog.text, $2::pg_catalog.text, $3,
        $4::pg_catalog.text[], $5::pg_catalog.text[], NULL::pg_catalog.text)
$$;
COMMENT ON FUNCTION @madlib@.load_model_selection_table(varchar, varchar, integer[], varchar[], varchar[]) IS
    'the same without custom functions';

CREATE FUNCTION @madlib@.load_model_selection_table(message varchar DEFAULT '') RETURNS varchar
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT @madlib@._help('load_model_selection_table', $1,
'Makes a model selection table: a row for each combination of architectures, compile parameters and fit parameters. Deprecated
by MADlib: generate_model_configs makes one from grids.',
'SELECT @madlib@.load_model_selection_table(
    model_arch_table,      -- table of architectures
    model_selection_table, -- table to be made; <model_selection_table>_summary is made as well
    model_id_list,         -- architectures, such as ARRAY[1, 2]
    compile_params_list,   -- texts of compile parameters
    fit_params_list,       -- texts of fit parameters
    object_table           -- optional: table of custom functions
);
The table has mst_key, model_id, compile_params and fit_params. Texts that say the same count once.')
$$;
COMMENT ON FUNCTION @madlib@.load_model_selection_table(varchar) IS 'help for load_model_selection_table';
