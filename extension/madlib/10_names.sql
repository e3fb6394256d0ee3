-- Names of tables and columns as MADlib's users write them, and its checks of them. A function that users call hands the
-- search_path of its caller to one that pins its own; the functions here look names up along that path.

-- Cuts a text at a delimiter outside double quotes. Parts are trimmed; empty parts stay.
CREATE FUNCTION @madlib@._split_names(names text, delimiter text DEFAULT ',') RETURNS text[]
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    parts text[] := '{}';
    part text := '';
    quoted boolean := false;
    c text;
BEGIN
    IF names IS NULL THEN RETURN '{}'; END IF;
    FOR i IN 1 .. length(names) LOOP
        c := substr(names, i, 1);
        IF c = '"' THEN quoted := NOT quoted; END IF;
        IF c = delimiter AND NOT quoted THEN
            parts := parts || btrim(part, E' \t\n\r');
            part := '';
        ELSE
            part := part || c;
        END IF;
    END LOOP;
    RETURN parts || btrim(part, E' \t\n\r');
END $$;
COMMENT ON FUNCTION @madlib@._split_names(text, text) IS 'internal: the parts of a list of names that may be quoted';

-- The server folds ASCII letters alone, whatever the locale.
CREATE FUNCTION @madlib@._name(written text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN $1 ~ '^".*"$' AND length($1) > 1 THEN replace(substr($1, 2, length($1) - 2), '""', '"')
                ELSE translate($1, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz') END
$$;
COMMENT ON FUNCTION @madlib@._name(text) IS 'internal: the name that the server knows for one that a user writes';

-- The name with a suffix, within its closing quote if it has one.
CREATE FUNCTION @madlib@._with_suffix(written text, suffix text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN btrim($1) ~ '"$' THEN left(btrim($1), -1) || $2 || '"' ELSE btrim($1) || $2 END
$$;
COMMENT ON FUNCTION @madlib@._with_suffix(text, text) IS 'internal: the name of a table beside another one';

-- NULL where there is no such table or view, and where the text is no name of one.
CREATE FUNCTION @madlib@._table(path text, written text) RETURNS text
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    parts text[];
    found regclass;
    qualified text;
BEGIN
    IF written IS NULL OR btrim(written) = '' THEN RETURN NULL; END IF;
    SELECT array_agg(quote_ident(@madlib@._name(p.part)) ORDER BY p.nr) INTO parts
        FROM (SELECT u.part, row_number() OVER () AS nr FROM unnest(@madlib@._split_names(written, '.')) AS u(part)) AS p;
    IF array_length(parts, 1) NOT BETWEEN 1 AND 2 OR '""' = ANY (parts) THEN RETURN NULL; END IF;
    PERFORM set_config('search_path', path, true);
    EXECUTE pg_catalog.format('SELECT pg_catalog.to_regclass(%L)', pg_catalog.array_to_string(parts, '.')) INTO found;
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) INTO qualified
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = found::oid;
    RETURN qualified;
END $$;
COMMENT ON FUNCTION @madlib@._table(text, text) IS 'internal: the qualified, quoted name of a table, or NULL';

-- Of a table that is to be made: its qualified, quoted name. Temporary tables are made in pg_temp.
CREATE FUNCTION @madlib@._new_table(path text, written text) RETURNS text
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    parts text[] := @madlib@._split_names(written, '.');
    name text := @madlib@._name(parts[array_length(parts, 1)]);
    home text;
BEGIN
    IF array_length(parts, 1) > 2 THEN
        RAISE EXCEPTION 'table name "%" has more than a schema and a name', written USING ERRCODE = 'invalid_name';
    END IF;
    IF octet_length(name) > 63 THEN
        RAISE EXCEPTION 'table name "%" is too long', name USING ERRCODE = 'name_too_long',
            HINT = 'Names of tables, with the endings of those made beside them, have at most 63 bytes.';
    END IF;
    IF array_length(parts, 1) = 2 THEN RETURN quote_ident(@madlib@._name(parts[1])) || '.' || quote_ident(name); END IF;
    PERFORM set_config('search_path', path, true);
    home := pg_catalog.current_schema();
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    IF home IS NULL THEN
        RAISE EXCEPTION 'no schema has been selected to create table "%" in', written USING ERRCODE = 'undefined_schema';
    END IF;
    RETURN quote_ident(home) || '.' || quote_ident(name);
END $$;
COMMENT ON FUNCTION @madlib@._new_table(text, text) IS 'internal: the qualified, quoted name of a table to be made';

-- "null" stands for no name, as in MADlib.
CREATE FUNCTION @madlib@._no_name(written text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT $1 IS NULL OR btrim($1) = '' OR lower(btrim($1)) = 'null'
$$;
COMMENT ON FUNCTION @madlib@._no_name(text) IS 'internal: whether a name is left out';

-- The table's qualified name, or an error. module is the function that MADlib's messages name.
CREATE FUNCTION @madlib@._input_table(path text, module text, written text, suffix text DEFAULT '') RETURNS text
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found text;
    filled boolean;
BEGIN
    IF @madlib@._no_name(written) THEN
        RAISE EXCEPTION '% error: NULL/empty input table name!%', module, suffix USING ERRCODE = 'invalid_parameter_value';
    END IF;
    found := @madlib@._table(path, written);
    IF found IS NULL THEN
        RAISE EXCEPTION '% error: Input table ''%'' does not exist.%', module, written, suffix USING ERRCODE = 'undefined_table';
    END IF;
    EXECUTE format('SELECT EXISTS (SELECT 1 FROM %s)', found) INTO filled;
    IF NOT filled THEN
        RAISE EXCEPTION '% error: Input table ''%'' is empty!%', module, written, suffix USING ERRCODE = 'no_data_found';
    END IF;
    RETURN found;
END $$;
COMMENT ON FUNCTION @madlib@._input_table(text, text, text, text) IS 'internal: the qualified name of a table that has rows';

CREATE FUNCTION @madlib@._output_table(path text, module text, written text) RETURNS text
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF @madlib@._no_name(written) THEN
        RAISE EXCEPTION '% error: NULL/empty output table name!', module USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF btrim(written) !~ '^[[:alpha:]_"]' OR array_length(@madlib@._split_names(written, '.'), 1) > 2 THEN
        RAISE EXCEPTION '% error: Invalid output table name %', module, written USING ERRCODE = 'invalid_name';
    END IF;
    IF @madlib@._table(path, @madlib@._new_table(path, written)) IS NOT NULL THEN
        RAISE EXCEPTION E'% error: Output table ''%'' already exists.\n            Drop it before calling the function.',
            module, written USING ERRCODE = 'duplicate_table';
    END IF;
    RETURN @madlib@._new_table(path, written);
END $$;
COMMENT ON FUNCTION @madlib@._output_table(text, text, text) IS 'internal: the qualified name of a table that is to be made';

-- Columns of a table by its qualified name, in order, without dropped ones.
CREATE FUNCTION @madlib@._columns(table_name text) RETURNS TABLE(column_name text, data_type text)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT a.attname::text, format_type(a.atttypid, NULL) FROM pg_attribute a
    WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
$$;
COMMENT ON FUNCTION @madlib@._columns(text) IS 'internal: columns of a table and their types without modifiers';

CREATE FUNCTION @madlib@._has_column(table_name text, column_name text) RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT 1 FROM @madlib@._columns($1) c WHERE c.column_name = $2)
$$;
COMMENT ON FUNCTION @madlib@._has_column(text, text) IS 'internal: whether a table has a column of this name';

-- columns: as users write them.
CREATE FUNCTION @madlib@._require_columns(module text, written text, table_name text, columns text[]) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY columns LOOP
        IF NOT @madlib@._has_column(table_name, @madlib@._name(wanted)) THEN
            RAISE EXCEPTION '% error: Column ''%'' does not exist in table ''%''!', module, wanted, written
                USING ERRCODE = 'undefined_column';
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION @madlib@._require_columns(text, text, text, text[]) IS 'internal: refuses a table that lacks a column';

-- A list as Python prints it, for messages.
CREATE FUNCTION @madlib@._list_text(elements text[]) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT '[' || COALESCE((SELECT string_agg(COALESCE('''' || u.element || '''', 'None'), ', ') FROM unnest($1) AS u(element)), '')
        || ']'
$$;
COMMENT ON FUNCTION @madlib@._list_text(text[]) IS 'internal: a list in Python''s notation';
