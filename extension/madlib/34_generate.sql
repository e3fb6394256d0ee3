-- generate_model_configs: the function itself.

CREATE FUNCTION @madlib@._search_type(written text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    wanted text := lower(btrim(COALESCE(written, '')));
BEGIN
    IF wanted <> '' AND left('grid', length(wanted)) = wanted THEN RETURN 'grid'; END IF;
    IF wanted <> '' AND left('random', length(wanted)) = wanted THEN RETURN 'random'; END IF;
    RAISE EXCEPTION 'DL: ''search_type'' must be either ''grid'' or ''random''' USING ERRCODE = 'invalid_parameter_value';
END $$;
COMMENT ON FUNCTION @madlib@._search_type(text) IS 'internal: the search that any prefix of its name means';

CREATE FUNCTION @madlib@._check_search(search text, compile_grid text, fit_grid text, num_configs integer, random_state integer) RETURNS void
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF search = 'random' THEN
        IF num_configs IS NULL OR num_configs < 1 THEN
            RAISE EXCEPTION 'DL: ''num_configs'' cannot be NULL and needs to be a natural number for random search'
                USING ERRCODE = 'invalid_parameter_value';
        END IF;
        RETURN;
    END IF;
    IF num_configs IS NOT NULL OR random_state IS NOT NULL THEN
        RAISE EXCEPTION 'DL: ''num_configs'' and ''random_state'' must be NULL for grid search' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF regexp_replace(compile_grid || ' ' || fit_grid, '\s', '', 'g') ~ '[''"](linear|log|log_near_one)[''"]\]' THEN
        RAISE EXCEPTION 'DL: Cannot search from a distribution with grid search' USING ERRCODE = 'invalid_parameter_value';
    END IF;
END $$;
COMMENT ON FUNCTION @madlib@._check_search(text, text, text, integer, integer) IS 'internal: refuses arguments that do not fit the search';

-- Makes the tables, or refuses one that was made for other architectures. Returns the qualified name.
CREATE FUNCTION @madlib@._open_selection_table(path text, module text, written text, written_arch text, objects text) RETURNS text
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    written_summary text := @madlib@._with_suffix(written, '_summary');
    found text := @madlib@._table(path, written);
    summary text := @madlib@._table(path, written_summary);
    stored text;
BEGIN
    IF found IS NULL THEN
        found := @madlib@._output_table(path, module, written);
        summary := @madlib@._output_table(path, module, written_summary);
        PERFORM @madlib@._create_selection_table(found, summary, written_arch, objects);
        RETURN found;
    END IF;
    PERFORM @madlib@._require_columns(module, written, found, '{mst_key,model_id,compile_params,fit_params}');
    IF summary IS NULL THEN
        PERFORM @madlib@._create_selection_table(NULL, @madlib@._with_suffix(found, '_summary'), written_arch, objects);
        RETURN found;
    END IF;
    EXECUTE format('SELECT s.model_arch_table FROM %s AS s LIMIT 1', summary) INTO stored;
    IF stored IS DISTINCT FROM written_arch AND @madlib@._table(path, stored) IS DISTINCT FROM @madlib@._table(path, written_arch) THEN
        RAISE EXCEPTION 'DL: Inconsistent model arch table. Use ''%'' if appending rows to ''%''', stored, written
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    IF objects IS NOT NULL AND @madlib@._has_column(summary, 'object_table') THEN
        EXECUTE format('UPDATE %s SET object_table = $1 WHERE object_table IS NULL', summary) USING objects;
    END IF;
    RETURN found;
END $$;
COMMENT ON FUNCTION @madlib@._open_selection_table(text, text, text, text, text) IS 'internal: a model selection table to add rows to';

CREATE FUNCTION @madlib@._add_config(made text, id integer, compile_params text, fit_params text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    added integer;
BEGIN
    EXECUTE format('INSERT INTO %s (model_id, compile_params, fit_params) SELECT $1, $2, $3 WHERE NOT EXISTS (SELECT 1 FROM %s AS s'
        ' WHERE s.model_id = $1 AND s.compile_params::text = $2 AND s.fit_params::text = $3)', made, made)
        USING id, compile_params, fit_params;
    GET DIAGNOSTICS added = ROW_COUNT;
    RETURN added > 0;
END $$;
COMMENT ON FUNCTION @madlib@._add_config(text, integer, text, text) IS 'internal: adds a configuration unless it is there';

-- Draws configurations until there are enough that are not in the table yet.
CREATE FUNCTION @madlib@._add_random(made text, ids integer[], compile_grid json, fit_grid json, num_configs integer, random_state integer,
        objects text) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    draws integer := 0;
    added integer := 0;
    id integer;
    compile record;
    fit record;
BEGIN
    FOR attempt IN 1 .. 200 + 20 * num_configs LOOP
        id := ids[1 + floor(@madlib@._draw(random_state, draws) * array_length(ids, 1))::integer];
        compile := @madlib@._sample_text(compile_grid, random_state, draws + 1);
        fit := @madlib@._sample_text(fit_grid, random_state, compile.draws);
        draws := fit.draws;
        PERFORM @madlib@._check_config(compile.drawn, fit.drawn, objects);
        IF @madlib@._add_config(made, id, compile.drawn, fit.drawn) THEN added := added + 1; END IF;
        IF added = num_configs THEN RETURN; END IF;
    END LOOP;
    RAISE EXCEPTION 'generate_model_configs: num_configs is %, but only % different configurations were found', num_configs, added
        USING ERRCODE = 'invalid_parameter_value', HINT = 'Lower num_configs, add values to the grids, or use grid search.';
END $$;
COMMENT ON FUNCTION @madlib@._add_random(text, integer[], json, json, integer, integer, text) IS 'internal: adds random configurations';

CREATE FUNCTION @madlib@._check_config(compile_params text, fit_params text, objects text) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM @madlib@._check_compile_params(compile_params);
    PERFORM @madlib@._check_custom(compile_params, objects);
    PERFORM @madlib@._check_fit_params(fit_params);
END $$;
COMMENT ON FUNCTION @madlib@._check_config(text, text, text) IS 'internal: refuses a configuration';

CREATE FUNCTION @madlib@._generate_model_configs(path text, model_arch_table text, model_selection_table text, model_id_list integer[],
        compile_params_grid text, fit_params_grid text, search_type text, num_configs integer, random_state integer, object_table text)
        RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    module CONSTANT text := 'generate_model_configs';
    arch text := @madlib@._input_table(path, module, model_arch_table);
    search text := @madlib@._search_type(search_type);
    compile_grid json;
    fit_grid json;
    objects text;
    ids integer[];
    made text;
    compile text;
    fit text;
    config record;
BEGIN
    PERFORM @madlib@._require_columns(module, model_arch_table, arch, '{model_id,model_arch}');
    PERFORM @madlib@._check_model_ids(module, model_arch_table, arch, model_id_list);
    PERFORM @madlib@._check_search(search, compile_params_grid, fit_params_grid, num_configs, random_state);
    compile_grid := @madlib@._grid(compile_params_grid, 'compile_params_dict');
    fit_grid := @madlib@._grid(fit_params_grid, 'fit_params_dict');
    PERFORM @madlib@._check_grid(compile_grid, '{optimizer_params_list,loss,metrics,loss_weights,weighted_metrics,sample_weight_mode}');
    PERFORM @madlib@._check_grid(fit_grid, '{batch_size,epochs,verbose,shuffle,class_weight,initial_epoch,steps_per_epoch,callbacks}');
    IF NOT EXISTS (SELECT 1 FROM json_object_keys(compile_grid) AS k(key) WHERE k.key = 'optimizer_params_list') THEN
        -- as without a name of an optimizer: RMSprop
        compile_grid := (regexp_replace('{"optimizer_params_list": [{"optimizer": ["RMSprop"]}], ' || substr(compile_grid::text, 2),
            ',\s*}$', '}'))::json;
    END IF;
    objects := @madlib@._selection_objects(path, module, object_table);
    SELECT array_agg(u.id ORDER BY u.id) INTO ids FROM (SELECT DISTINCT m.id FROM unnest(model_id_list) AS m(id)) AS u;
    made := @madlib@._open_selection_table(path, module, model_selection_table, model_arch_table, objects);
    IF search = 'random' THEN
        PERFORM @madlib@._add_random(made, ids, compile_grid, fit_grid, num_configs, random_state, objects);
        RETURN;
    END IF;
    FOR compile IN SELECT t.text FROM @madlib@._grid_texts(compile_grid) AS t(text) LOOP
        PERFORM @madlib@._check_compile_params(compile);
        PERFORM @madlib@._check_custom(compile, objects);
    END LOOP;
    FOR fit IN SELECT t.text FROM @madlib@._grid_texts(fit_grid) AS t(text) LOOP
        PERFORM @madlib@._check_fit_params(fit);
    END LOOP;
    FOR config IN SELECT i.id, c.text AS compile, f.text AS fit FROM unnest(ids) WITH ORDINALITY AS i(id, nr),
            LATERAL @madlib@._grid_texts(compile_grid) WITH ORDINALITY AS c(text, nr),
            LATERAL @madlib@._grid_texts(fit_grid) WITH ORDINALITY AS f(text, nr) ORDER BY i.nr, c.nr, f.nr LOOP
        PERFORM @madlib@._add_config(made, config.id, config.compile, config.fit);
    END LOOP;
END $$;
COMMENT ON FUNCTION @madlib@._generate_model_configs(text, text, text, integer[], text, text, text, integer, integer, text) IS
    'internal: generate_model_configs with the search_path of its caller';

CREATE FUNCTION @madlib@.generate_model_configs(model_arch_table varchar, model_selection_table varchar, model_id_list integer[],
        compile_params_grid varchar, fit_params_grid varchar, search_type varchar DEFAULT 'grid', num_configs integer DEFAULT NULL,
        random_state integer DEFAULT NULL, object_table varchar DEFAULT NULL) RETURNS void
    LANGUAGE sql VOLATILE AS $$
    SELECT @madlib@._generate_model_configs(pg_catalog.current_setting('search_path'), $1::pg_catalog.text, $2::pg_catalog.text, $3,
        $4::pg_catalog.text, $5::pg_catalog.text, $6::pg_catalog.text, $7, $8, $9::pg_catalog.text)
$$;
COMMENT ON FUNCTION @madlib@.generate_model_configs(varchar, varchar, integer[], varchar, varchar, varchar, integer, integer, varchar) IS
    'makes a model selection table, or adds to it, by grid or random search';

CREATE FUNCTION @madlib@.generate_model_configs(message varchar DEFAULT '') RETURNS varchar
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT @madlib@._help('generate_model_configs', $1,
'Makes a model selection table, or adds rows to one, from grids of compile and fit parameters: all combinations, or random ones.',
'SELECT @madlib@.generate_model_configs(
    model_arch_table,      -- table of architectures
    model_selection_table, -- table to be made or added to, with <model_selection_table>_summary
    model_id_list,         -- architectures, such as ARRAY[1, 2]
    compile_params_grid,   -- such as {''loss'': [''categorical_crossentropy''], ''metrics'': [''accuracy''],
                           --   ''optimizer_params_list'': [{''optimizer'': [''Adam'', ''SGD''], ''lr'': [0.001, 0.01]}]}
    fit_params_grid,       -- such as {''batch_size'': [64, 128], ''epochs'': [10]}
    search_type,           -- ''grid'' (default) or ''random''; a prefix will do
    num_configs,           -- random: how many configurations
    random_state,          -- random: a seed, or NULL
    object_table           -- optional: table of custom functions
);
For random search a list may be a distribution: [low, high, ''linear''], [low, high, ''log''], which is uniform in the exponent,
or [low, high, ''log_near_one''], for values such as momentum. Each dictionary of optimizer_params_list is expanded by itself.')
$$;
COMMENT ON FUNCTION @madlib@.generate_model_configs(varchar) IS 'help for generate_model_configs';
