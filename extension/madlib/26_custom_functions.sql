-- Tables of custom losses and metrics. They lie in the schema of the extension, and only superusers change them. Training knows
-- the top-k accuracies by their names, and calls functions of TorchScript. Pickles of Python are kept and refused when used.

CREATE FUNCTION @madlib@._object_table(written text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT '@madlib@.' || quote_ident(@madlib@._name(btrim($1)))
$$;
COMMENT ON FUNCTION @madlib@._object_table(text) IS 'internal: the qualified name of an object table';

CREATE FUNCTION @madlib@._require_admin(what text) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT @madlib@._is_superuser() THEN
        RAISE EXCEPTION 'DL: The user has to have admin privilages to % a custom function', what USING ERRCODE = 'insufficient_privilege';
    END IF;
END $$;
COMMENT ON FUNCTION @madlib@._require_admin(text) IS 'internal: refuses users that are no superuser';

-- Its owner could run code of his own as whoever uses it: by a view, or a trigger.
CREATE FUNCTION @madlib@._require_trusted(object_table text) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT (SELECT r.rolsuper FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner
            WHERE c.oid = object_table::regclass) THEN
        RAISE EXCEPTION 'DL: Cannot use a table of a non-superuser as object table.'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
END $$;
COMMENT ON FUNCTION @madlib@._require_trusted(text) IS 'internal: refuses a table that belongs to no superuser';

CREATE FUNCTION @madlib@._check_object_table(written text) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    missing text[] := @madlib@._missing_columns(written, '{id,name,description,object}');
BEGIN
    IF missing IS NOT NULL THEN
        RAISE EXCEPTION 'Keras Custom Function: Invalid custom function table %, missing columns: %', written,
            array_to_string(missing, ', ') USING ERRCODE = 'undefined_column';
    END IF;
END $$;
COMMENT ON FUNCTION @madlib@._check_object_table(text) IS 'internal: refuses a table that is none of custom functions';

-- A pickle begins with its protocol and ends with a full stop.
CREATE FUNCTION @madlib@._is_pickle(object bytea) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN octet_length($1) < 4 THEN false
                ELSE get_byte($1, 0) = 128 AND get_byte($1, 1) BETWEEN 2 AND 5 AND get_byte($1, octet_length($1) - 1) = 46 END
$$;
COMMENT ON FUNCTION @madlib@._is_pickle(bytea) IS 'internal: whether bytes can be a pickled object of Python';

-- What is no pickle is compiled once.
CREATE FUNCTION @madlib@._check_function_object(module text, object bytea, name text) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    detail text;
BEGIN
    IF @madlib@._is_pickle(object) THEN RETURN; END IF;
    PERFORM cerebro.torchscript(COALESCE(lower(name), 'f'), object);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RAISE EXCEPTION '%: Invalid function object', module USING ERRCODE = SQLSTATE,
        DETAIL = SQLERRM || '.' || CASE detail WHEN '' THEN '' ELSE ' ' || detail END,
        HINT = 'An object is a function f(y_true, y_pred) of TorchScript: its source text, or the bytes of a file that '
            'torch.jit.script(f).save() has written. One that Python has pickled is kept, but cannot be called.';
END $$;
COMMENT ON FUNCTION @madlib@._check_function_object(text, bytea, text) IS 'internal: refuses bytes that are no function';

CREATE FUNCTION @madlib@._add_function(object_table text, object bytea, name text, description text) RETURNS text
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    made text := @madlib@._object_table(object_table);
    added integer;
BEGIN
    IF @madlib@._table('pg_catalog', made) IS NULL THEN
        EXECUTE format('CREATE TABLE %s (id serial, name text PRIMARY KEY, description text, object bytea)%s', made,
            @madlib@._distributed_by('name'));
        EXECUTE format('GRANT SELECT ON %s TO PUBLIC', made);
        RAISE NOTICE 'Keras Custom Function: Created new custom function table %.', made;
    ELSE
        PERFORM @madlib@._require_trusted(made);
        PERFORM @madlib@._check_object_table(made);
    END IF;
    -- compile_params find it in any case
    EXECUTE format('INSERT INTO %s (name, description, object) SELECT $1, $2, $3'
        ' WHERE NOT EXISTS (SELECT 1 FROM %s AS f WHERE lower(f.name) = lower($1))',
        made, made) USING name, description, object;
    GET DIAGNOSTICS added = ROW_COUNT;
    IF added = 0 THEN
        RAISE EXCEPTION 'Function ''%'' already exists in %', name, made USING ERRCODE = 'duplicate_object';
    END IF;
    RETURN made;
END $$;
COMMENT ON FUNCTION @madlib@._add_function(text, bytea, text, text) IS 'internal: adds a function to an object table';

CREATE FUNCTION @madlib@.load_custom_function(object_table varchar, object bytea, name text, description text DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    module CONSTANT text := 'Keras Custom Function';
    made text;
BEGIN
    PERFORM @madlib@._require_admin('load');
    IF @madlib@._no_name(object_table) THEN
        RAISE EXCEPTION '% error: NULL/empty output table name!', module USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF object IS NULL THEN
        RAISE EXCEPTION '%: function object cannot be NULL!', module USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF lower(name) ~ '^top_[0-9]+_accuracy$' THEN
        RAISE EXCEPTION '%: function name ''%'' is that of a metric', module, name USING ERRCODE = 'reserved_name',
            HINT = 'Give another name, or call load_top_k_accuracy_function().';
    END IF;
    PERFORM @madlib@._check_function_object(module, object, name);
    IF name IS NULL THEN
        RAISE EXCEPTION '%: function name cannot be NULL!', module USING ERRCODE = 'null_value_not_allowed';
    END IF;
    made := @madlib@._add_function(object_table, object, name, description);
    RAISE NOTICE '%: Added function % to % table', module, name, made;
END $$;
COMMENT ON FUNCTION @madlib@.load_custom_function(varchar, bytea, text, text) IS
    'adds a loss or metric to an object table, which is made if it is not there';

-- The name says what it is; the object says it once more for who looks into the table.
CREATE FUNCTION @madlib@.load_top_k_accuracy_function(object_table varchar, k integer) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    module CONSTANT text := 'Keras Custom Function';
    name text := 'top_' || k || '_accuracy';
    made text;
BEGIN
    PERFORM @madlib@._require_admin('load');
    IF @madlib@._no_name(object_table) THEN
        RAISE EXCEPTION '% error: NULL/empty output table name!', module USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF k IS NULL OR k < 1 THEN
        RAISE EXCEPTION '%: For top k accuracy functions k has to be a positive integer.', module USING ERRCODE = 'invalid_parameter_value';
    END IF;
    made := @madlib@._add_function(object_table, convert_to(format('top_k_categorical_accuracy(k=%s)', k), 'UTF8'), name,
        'returns ' || name);
    RAISE INFO '%: Added function ''%'' to ''%'' table', module, name, made;
END $$;
COMMENT ON FUNCTION @madlib@.load_top_k_accuracy_function(varchar, integer) IS 'adds the metric top_<k>_accuracy to an object table';

-- wanted: a condition on the table's alias f.
CREATE FUNCTION @madlib@._delete_function(object_table text, wanted text, written text) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    module CONSTANT text := 'Keras Custom Function';
    found text;
    deleted integer;
    is_empty boolean;
BEGIN
    PERFORM @madlib@._require_admin('delete');
    IF @madlib@._no_name(object_table) THEN
        RAISE EXCEPTION '% error: NULL/empty input table name!', module USING ERRCODE = 'invalid_parameter_value';
    END IF;
    found := @madlib@._input_table('pg_catalog', module, @madlib@._object_table(object_table));
    PERFORM @madlib@._require_trusted(found);
    IF written IS NULL THEN
        RAISE EXCEPTION '%: function id/name cannot be NULL! Use "SELECT delete_custom_function(''usage'')" for help.', module
            USING ERRCODE = 'null_value_not_allowed';
    END IF;
    PERFORM @madlib@._check_object_table(found);
    EXECUTE format('DELETE FROM %s AS f WHERE f.%s', found, wanted);
    GET DIAGNOSTICS deleted = ROW_COUNT;
    IF deleted = 0 THEN
        RAISE EXCEPTION '%: Object id % not found', module, written USING ERRCODE = 'undefined_object';
    END IF;
    RAISE NOTICE '%: Object id % has been deleted from %.', module, written, found;
    EXECUTE format('SELECT NOT EXISTS (SELECT 1 FROM %s)', found) INTO is_empty;
    IF is_empty THEN
        RAISE NOTICE '%: Dropping empty custom keras function table table %', module, found;
        EXECUTE format('DROP TABLE %s', found);
    END IF;
END $$;
COMMENT ON FUNCTION @madlib@._delete_function(text, text, text) IS 'internal: deletes a function from an object table';

CREATE FUNCTION @madlib@.delete_custom_function(object_table varchar, id integer) RETURNS void
    LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    SELECT @madlib@._delete_function($1, format('id = %L::int4', $2), $2::text)
$$;
COMMENT ON FUNCTION @madlib@.delete_custom_function(varchar, integer) IS 'deletes a function by its id; the table goes with its last one';

CREATE FUNCTION @madlib@.delete_custom_function(object_table varchar, name text) RETURNS void
    LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    SELECT @madlib@._delete_function($1, format('name = %L', $2), $2)
$$;
COMMENT ON FUNCTION @madlib@.delete_custom_function(varchar, text) IS 'deletes a function by its name; the table goes with its last one';

CREATE FUNCTION @madlib@.load_custom_function(message varchar DEFAULT '') RETURNS varchar
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT @madlib@._help('load_custom_function', $1,
'Adds a loss or a metric of one''s own to an object table, from which compile parameters name it. It is a function of TorchScript,
f(y_true, y_pred): of tensors (rows, ...) it makes a number, or one for each row. A function that Python has pickled is kept, and
refused when a model is to use it.',
'SELECT @madlib@.load_custom_function(
    object_table, -- table of functions in the schema @madlib@, without its schema; made if it is not there
    object,       -- convert_to(''def f(y_true, y_pred): ...'', ''UTF8''), or the bytes of a file of torch.jit.script(f).save()
    name,         -- what compile parameters call it
    description   -- optional
);
Only superusers load functions. The table has id, name, description and object.')
$$;
COMMENT ON FUNCTION @madlib@.load_custom_function(varchar) IS 'help for load_custom_function';

CREATE FUNCTION @madlib@.delete_custom_function(message varchar DEFAULT '') RETURNS varchar
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT @madlib@._help('delete_custom_function', $1, 'Deletes a function from an object table.',
'SELECT @madlib@.delete_custom_function(
    object_table, -- table of functions in the schema @madlib@, without its schema; dropped with its last one
    id            -- or its name
);')
$$;
COMMENT ON FUNCTION @madlib@.delete_custom_function(varchar) IS 'help for delete_custom_function';

CREATE FUNCTION @madlib@.load_top_k_accuracy_function(message varchar DEFAULT '') RETURNS varchar
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT @madlib@._help('load_top_k_accuracy_function', $1,
'Adds the metric top_<k>_accuracy to an object table: how often the right class is among the k most probable ones.',
'SELECT @madlib@.load_top_k_accuracy_function(
    object_table, -- table of functions in the schema @madlib@, without its schema; made if it is not there
    k             -- how many classes count
);')
$$;
COMMENT ON FUNCTION @madlib@.load_top_k_accuracy_function(varchar) IS 'help for load_top_k_accuracy_function';
