-- Tables of architectures. A name without dots and quotes is taken as it is written, as MADlib takes it.

CREATE FUNCTION @madlib@._architecture_name(written text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN $1 ~ '[."]' THEN $1 ELSE quote_ident($1) END
$$;
COMMENT ON FUNCTION @madlib@._architecture_name(text) IS 'internal: the table that load_keras_model means by a name';

CREATE FUNCTION @madlib@._missing_columns(table_name text, wanted text[]) RETURNS text[]
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT array_agg(u.name) FROM unnest($2) AS u(name) WHERE NOT @madlib@._has_column($1, u.name)
$$;
COMMENT ON FUNCTION @madlib@._missing_columns(text, text[]) IS 'internal: columns that a table lacks, or NULL';

CREATE FUNCTION @madlib@._check_architecture_table(written text, table_name text) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    missing text[] := @madlib@._missing_columns(table_name,
        '{model_id,model_arch,model_weights,name,description,__internal_madlib_id__}');
BEGIN
    IF missing IS NOT NULL THEN
        RAISE EXCEPTION 'Keras Model Arch: Invalid keras model architecture table %, missing columns: %', written,
            array_to_string(missing, ', ') USING ERRCODE = 'undefined_column';
    END IF;
END $$;
COMMENT ON FUNCTION @madlib@._check_architecture_table(text, text) IS 'internal: refuses a table that is none of architectures';

-- The architecture is checked when it is used, as in MADlib.
CREATE FUNCTION @madlib@._load_keras_model(path text, arch_table text, model_arch json, model_weights bytea, model_name text,
        description text) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    module CONSTANT text := 'Keras Model Arch';
    written text := @madlib@._architecture_name(arch_table);
    made text;
    new_id integer;
BEGIN
    IF @madlib@._no_name(arch_table) THEN
        RAISE EXCEPTION '% error: NULL/empty output table name!', module USING ERRCODE = 'invalid_parameter_value';
    END IF;
    made := @madlib@._table(path, written);
    IF made IS NULL THEN
        made := @madlib@._output_table(path, module, written);
        EXECUTE format('CREATE TABLE %s (model_id integer PRIMARY KEY, model_arch json, model_weights bytea, name text, description text,'
            ' __internal_madlib_id__ text)%s', made, @madlib@._distributed_by('model_id'));
        RAISE INFO '%: Created new keras model architecture table %.', module, written;
    ELSE
        PERFORM @madlib@._check_architecture_table(written, made);
    END IF;
    -- other loads wait, so that the greatest model_id stays the greatest
    EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', made);
    EXECUTE format('SELECT COALESCE(max(a.model_id), 0) + 1 FROM %s AS a', made) INTO new_id;
    EXECUTE format('INSERT INTO %s (model_id, model_arch, model_weights, name, description, __internal_madlib_id__)'
        ' VALUES ($1, $2, $3, $4, $5, $6)', made) USING new_id, model_arch, model_weights, model_name, description,
        '__madlib_temp_' || md5(random()::text || clock_timestamp()::text) || '__';
    RAISE INFO '%: Added model id % to % table', module, new_id, written;
END $$;
COMMENT ON FUNCTION @madlib@._load_keras_model(text, text, json, bytea, text, text) IS
    'internal: load_keras_model with the search_path of its caller';

CREATE FUNCTION @madlib@.load_keras_model(keras_model_arch_table varchar, model_arch json, model_weights bytea, name text,
        description text) RETURNS void
    LANGUAGE sql VOLATILE AS $$
    SELECT @madlib@._load_keras_model(pg_catalog.current_setting('search_path'), $1::pg_catalog.text, $2, $3, $4, $5)
$$;
COMMENT ON FUNCTION @madlib@.load_keras_model(varchar, json, bytea, text, text) IS
    'adds an architecture of Keras and its weights to a table of architectures, which is made if it is not there';

CREATE FUNCTION @madlib@.load_keras_model(keras_model_arch_table varchar, model_arch json, model_weights bytea, name text) RETURNS void
    LANGUAGE sql VOLATILE AS $$
    SELECT @madlib@._load_keras_model(pg_catalog.current_setting('search_path'), $1::pg_catalog.text, $2, $3, $4,
        NULL::pg_catalog.text)
$$;
COMMENT ON FUNCTION @madlib@.load_keras_model(varchar, json, bytea, text) IS 'the same without a description';

CREATE FUNCTION @madlib@.load_keras_model(keras_model_arch_table varchar, model_arch json, model_weights bytea) RETURNS void
    LANGUAGE sql VOLATILE AS $$
    SELECT @madlib@._load_keras_model(pg_catalog.current_setting('search_path'), $1::pg_catalog.text, $2, $3,
        NULL::pg_catalog.text, NULL::pg_catalog.text)
$$;
COMMENT ON FUNCTION @madlib@.load_keras_model(varchar, json, bytea) IS 'the same without a name';

CREATE FUNCTION @madlib@.load_keras_model(keras_model_arch_table varchar, model_arch json) RETURNS void
    LANGUAGE sql VOLATILE AS $$
    SELECT @madlib@._load_keras_model(pg_catalog.current_setting('search_path'), $1::pg_catalog.text, $2,
        NULL::pg_catalog.bytea, NULL::pg_catalog.text, NULL::pg_catalog.text)
$$;
COMMENT ON FUNCTION @madlib@.load_keras_model(varchar, json) IS 'the same without weights';

CREATE FUNCTION @madlib@._delete_keras_model(path text, arch_table text, model_id integer) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    module CONSTANT text := 'Keras Model Arch';
    written text := @madlib@._architecture_name(arch_table);
    found text := @madlib@._input_table(path, module, written);
    deleted integer;
    is_empty boolean;
BEGIN
    PERFORM @madlib@._check_architecture_table(written, found);
    EXECUTE format('DELETE FROM %s AS a WHERE a.model_id = $1', found) USING model_id;
    GET DIAGNOSTICS deleted = ROW_COUNT;
    IF deleted = 0 THEN
        RAISE EXCEPTION '%: Model id % not found', module, COALESCE(model_id::text, 'None') USING ERRCODE = 'undefined_object';
    END IF;
    RAISE INFO '%: Model id % has been deleted from %.', module, model_id, written;
    EXECUTE format('SELECT NOT EXISTS (SELECT 1 FROM %s)', found) INTO is_empty;
    IF is_empty THEN
        RAISE INFO '%: Dropping empty keras model architecture table %', module, written;
        EXECUTE format('DROP TABLE %s', found);
    END IF;
END $$;
COMMENT ON FUNCTION @madlib@._delete_keras_model(text, text, integer) IS 'internal: delete_keras_model with the search_path of its caller';

CREATE FUNCTION @madlib@.delete_keras_model(keras_model_arch_table varchar, model_id integer) RETURNS void
    LANGUAGE sql VOLATILE AS $$
    SELECT @madlib@._delete_keras_model(pg_catalog.current_setting('search_path'), $1::pg_catalog.text, $2)
$$;
COMMENT ON FUNCTION @madlib@.delete_keras_model(varchar, integer) IS 'deletes an architecture; the table goes with its last one';

CREATE FUNCTION @madlib@.load_keras_model(message varchar DEFAULT '') RETURNS varchar
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT @madlib@._help('load_keras_model', $1,
'Adds an architecture, the text of Keras''s model.to_json(), to a table of architectures. Weights may come with it: training
goes on from them.',
'SELECT @madlib@.load_keras_model(
    keras_model_arch_table, -- table of architectures; made if it is not there
    model_arch,             -- JSON of the architecture; each input states its shape
    model_weights,          -- optional: the arrays of model.get_weights(), one after another, as little-endian float32
    name,                   -- optional
    description             -- optional
);
The table has model_id, model_arch, model_weights, name, description and __internal_madlib_id__.')
$$;
COMMENT ON FUNCTION @madlib@.load_keras_model(varchar) IS 'help for load_keras_model';

CREATE FUNCTION @madlib@.delete_keras_model(message varchar DEFAULT '') RETURNS varchar
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT @madlib@._help('delete_keras_model', $1, 'Deletes an architecture from a table of architectures.',
'SELECT @madlib@.delete_keras_model(
    keras_model_arch_table, -- table of architectures; it is dropped with its last one
    model_id                -- which
);')
$$;
COMMENT ON FUNCTION @madlib@.delete_keras_model(varchar) IS 'help for delete_keras_model';
