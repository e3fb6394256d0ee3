-- The two preprocessors: their checks, labels and summaries.

-- Names of existing columns that may be packed, as the server has them.
CREATE FUNCTION @madlib@._packed_names(module text, source_table text, source text, written text, what text) RETURNS text[]
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    names text[] := @madlib@._split_names(written);
    name text;
    type_name text;
BEGIN
    IF @madlib@._no_name(written) THEN names := ARRAY[COALESCE(written, 'None')]; END IF;
    FOREACH name IN ARRAY names LOOP
        SELECT c.data_type INTO type_name FROM @madlib@._columns(source) AS c WHERE c.column_name = @madlib@._name(name);
        IF type_name IS NULL THEN
            RAISE EXCEPTION '% error: invalid % (''%'') for source_table (%)!', module, what, name, source_table
                USING ERRCODE = 'undefined_column';
        ELSIF what = 'independent_varname' AND NOT @madlib@._is_number_array(type_name) THEN
            RAISE EXCEPTION '% error: invalid % (''%'') for source_table (%)!', module, what, name, source_table
                USING ERRCODE = 'datatype_mismatch', DETAIL = format('The column has type %s.', type_name),
                      HINT = 'An independent column is an array of numbers, of the same shape in all rows.';
        END IF;
    END LOOP;
    RETURN (SELECT array_agg(@madlib@._name(u.name)) FROM unnest(names) AS u(name));
END $$;
COMMENT ON FUNCTION @madlib@._packed_names(text, text, text, text, text) IS 'internal: the columns that are to be packed';

CREATE FUNCTION @madlib@._check_buffer_size(module text, buffer_size integer) RETURNS void
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF buffer_size <= 0 THEN
        RAISE EXCEPTION '%: The buffer size has to be a positive integer or NULL.', module USING ERRCODE = 'invalid_parameter_value';
    END IF;
END $$;
COMMENT ON FUNCTION @madlib@._check_buffer_size(text, integer) IS 'internal: refuses a buffer size below 1';

CREATE FUNCTION @madlib@._column_type(table_name text, column_name text) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT c.data_type FROM @madlib@._columns($1) AS c WHERE c.column_name = $2
$$;
COMMENT ON FUNCTION @madlib@._column_type(text, text) IS 'internal: the type of a column';

-- Labels as _pack wants them: padding classes have no label.
CREATE FUNCTION @madlib@._labels_json(labels text[], classes integer) RETURNS text
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN $1 IS NULL THEN 'null' ELSE '[' || string_agg(CASE WHEN s.i > array_length($1, 1) THEN '{"padding": true}'
        ELSE '{"label": ' || COALESCE(to_json($1[s.i])::text, 'null') || '}' END, ', ' ORDER BY s.i) || ']' END
    FROM generate_series(1, greatest(array_length($1, 1), $2)) AS s(i)
$$;
COMMENT ON FUNCTION @madlib@._labels_json(text[], integer) IS 'internal: labels and padding as JSON';

-- class_values: JSON, by dependent column its labels as _labels_json writes them.
CREATE FUNCTION @madlib@._packing_summary(made text, source_table text, output_table text, dependent text, independent text, ys text[],
        types text[], class_values json, buffer_size integer, divisor real, classes integer[], contents integer[], dbids integer[])
        RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp SET extra_float_digits = 3 AS $$
DECLARE
    columns text := '';
    labels text[];
BEGIN
    FOR i IN 1 .. array_length(ys, 1) LOOP
        labels := NULL;
        IF json_typeof(class_values -> (i - 1)) <> 'null' THEN
            SELECT array_agg(u.label ->> 'label' ORDER BY u.nr) INTO labels
                FROM (SELECT e AS label, row_number() OVER () AS nr FROM json_array_elements(class_values -> (i - 1)) AS a(e)) AS u;
        END IF;
        columns := columns || format(', %L::text[]::%s AS %I', labels, @madlib@._array_type(types[i]), ys[i] || '_class_values');
    END LOOP;
    EXECUTE format('CREATE TABLE %s%s AS SELECT %L::text AS source_table, %L::text AS output_table, %L::text[] AS dependent_varname,'
        ' %L::text[] AS independent_varname, %L::text[] AS dependent_vartype%s, %L::integer AS buffer_size,'
        ' %L::real AS normalizing_const, %L::integer[] AS num_classes, %s AS distribution_rules, %s AS __internal_gpu_config__%s',
        made, CASE WHEN @madlib@._on_greenplum() THEN ' WITH (appendonly=false)' ELSE '' END, source_table, output_table,
        @madlib@._split_names(dependent), @madlib@._split_names(independent), types, columns, buffer_size, divisor,
        classes, CASE WHEN dbids IS NULL THEN '''all_segments''::text' ELSE format('%L::integer[]', dbids) END,
        CASE WHEN dbids IS NULL THEN '''all_segments''::text' ELSE format('%L::integer[]', contents) END,
        CASE WHEN @madlib@._on_greenplum() THEN ' DISTRIBUTED RANDOMLY' ELSE '' END);
END $$;
COMMENT ON FUNCTION @madlib@._packing_summary(text, text, text, text, text, text[], text[], json, integer, real, integer[], integer[],
    integer[]) IS 'internal: makes the summary of a packed table';

CREATE FUNCTION @madlib@._training_preprocessor_dl(path text, source_table text, output_table text, dependent_varname text,
        independent_varname text, buffer_size integer, normalizing_const real, num_classes integer[], distribution_rules text)
        RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    module CONSTANT text := 'training_preprocessor_dl';
    source text := @madlib@._input_table(path, module, source_table);
    made text := @madlib@._output_table(path, module, output_table);
    summary text := @madlib@._output_table(path, module, @madlib@._with_suffix(output_table, '_summary'));
    xs text[] := @madlib@._packed_names(module, source_table, source, independent_varname, 'independent_varname');
    ys text[] := @madlib@._packed_names(module, source_table, source, dependent_varname, 'dependent_varname');
    types text[] := '{}';
    classes integer[] := '{}';
    labels text[];
    all_labels text := '';
    divisor real := 1.0;
    chosen record;
    size integer;
BEGIN
    PERFORM @madlib@._check_buffer_size(module, buffer_size);
    IF normalizing_const <= 0 THEN
        RAISE EXCEPTION '%: The normalizing constant has to be a positive integer or NULL.', module
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF abs(normalizing_const - 1.0) > 1e-6 THEN divisor := normalizing_const; END IF;
    FOR i IN 1 .. array_length(ys, 1) LOOP
        types := types || @madlib@._column_type(source, ys[i]);
        labels := NULL;
        IF NOT @madlib@._is_number_array(types[i]) THEN
            labels := @madlib@._labels(source, ys[i], types[i]);
            IF num_classes[i] < array_length(labels, 1) THEN
                RAISE EXCEPTION '%: Invalid num_classes value specified. It must be equal to or greater than distinct class values '
                    'found in table (%).', module, array_length(labels, 1) USING ERRCODE = 'invalid_parameter_value';
            END IF;
        END IF;
        classes := classes || CASE WHEN labels IS NOT NULL THEN greatest(array_length(labels, 1), num_classes[i]) END;
        all_labels := all_labels || CASE WHEN i > 1 THEN ', ' ELSE '' END || @madlib@._labels_json(labels, num_classes[i]);
    END LOOP;
    IF NOT EXISTS (SELECT 1 FROM unnest(classes) AS u(n) WHERE u.n IS NOT NULL) THEN classes := COALESCE(num_classes, '{}'); END IF;
    chosen := @madlib@._distribution(path, module, distribution_rules);
    size := @madlib@._pack(source, made, xs, ys, ('[' || all_labels || ']')::json, buffer_size, (1.0::float8 / divisor)::real,
        chosen.contents, true);
    PERFORM @madlib@._packing_summary(summary, source_table, output_table, dependent_varname, independent_varname, ys, types,
        ('[' || all_labels || ']')::json, size, divisor, classes, chosen.contents, chosen.dbids);
END $$;
COMMENT ON FUNCTION @madlib@._training_preprocessor_dl(text, text, text, text, text, integer, real, integer[], text) IS
    'internal: training_preprocessor_dl with the search_path of its caller';

CREATE FUNCTION @madlib@.training_preprocessor_dl(source_table varchar, output_table varchar, dependent_varname varchar,
        independent_varname varchar, buffer_size integer DEFAULT NULL, normalizing_const real DEFAULT 1.0,
        num_classes integer[] DEFAULT NULL, distribution_rules text DEFAULT NULL) RETURNS void
    LANGUAGE sql VOLATILE AS $$
    SELECT @madlib@._training_preprocessor_dl(pg_catalog.current_setting('search_path'), $1::pg_catalog.text, $2::pg_catalog.text, $3::pg_catalog.text,
        $4::pg_catalog.text, $5, $6, $7, $8)
$$;
COMMENT ON FUNCTION @madlib@.training_preprocessor_dl(varchar, varchar, varchar, varchar, integer, real, integer[], text) IS
    'shuffles a table and packs it into buffers in MADlib''s format';

-- Labels of the training table without their padding: all from the first NULL that is not the first label.
CREATE FUNCTION @madlib@._unpadded(labels text[]) RETURNS text[]
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT array_agg($1[s.i] ORDER BY s.i) FROM generate_subscripts($1, 1) AS s(i)
    WHERE s.i < COALESCE((SELECT min(p.i) FROM generate_subscripts($1, 1) AS p(i) WHERE $1[p.i] IS NULL AND p.i > 1),
                         array_length($1, 1) + 1)
$$;
COMMENT ON FUNCTION @madlib@._unpadded(text[]) IS 'internal: class values without padding';

CREATE FUNCTION @madlib@._validation_preprocessor_dl(path text, source_table text, output_table text, dependent_varname text,
        independent_varname text, training_preprocessor_table text, buffer_size integer, distribution_rules text) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp SET extra_float_digits = 3 AS $$
DECLARE
    module CONSTANT text := 'validation_preprocessor_dl';
    suffix CONSTANT text := format(' Please ensure that table ''%s'' has been preprocessed using training_preprocessor_dl().',
        COALESCE(training_preprocessor_table, 'None'));
    source text := @madlib@._input_table(path, module, source_table);
    made text := @madlib@._output_table(path, module, output_table);
    summary text := @madlib@._output_table(path, module, @madlib@._with_suffix(output_table, '_summary'));
    training text := @madlib@._input_table(path, module, training_preprocessor_table, suffix);
    written_summary text := @madlib@._with_suffix(training_preprocessor_table, '_summary');
    training_summary text := @madlib@._input_table(path, module, written_summary, suffix);
    xs text[] := @madlib@._packed_names(module, source_table, source, independent_varname, 'independent_varname');
    ys text[] := @madlib@._packed_names(module, source_table, source, dependent_varname, 'dependent_varname');
    types text[] := '{}';
    wanted text;
    divisor real;
    classes integer[];
    trained_names text[];
    labels text[];
    found text[];
    all_labels text := '';
    chosen record;
    size integer;
BEGIN
    PERFORM @madlib@._check_buffer_size(module, buffer_size);
    IF @madlib@._has_column(training_summary, 'data_spec') THEN
        -- cerebro has packed the training table: only it packs alike
        PERFORM cerebro.validation_preprocessor_dl(source, made, dependent_varname, independent_varname, training, buffer_size);
        RETURN;
    END IF;
    FOREACH wanted IN ARRAY ARRAY['normalizing_const', 'num_classes'] LOOP
        IF NOT @madlib@._has_column(training_summary, wanted) THEN
            RAISE EXCEPTION '%: Expected column % in %.', module, wanted, written_summary USING ERRCODE = 'undefined_column';
        END IF;
    END LOOP;
    EXECUTE format('SELECT s.normalizing_const::real, s.num_classes::integer[] FROM %s AS s', training_summary) INTO divisor, classes;
    divisor := COALESCE(divisor, 1.0);
    trained_names := COALESCE(@madlib@._summary_names(training_summary, 'dependent_varname'), @madlib@._split_names(dependent_varname));
    IF array_length(trained_names, 1) <> array_length(ys, 1) THEN
        RAISE EXCEPTION '%: dependent_varname has % columns, but training table % has %', module, array_length(ys, 1),
            training_preprocessor_table, array_length(trained_names, 1) USING ERRCODE = 'invalid_parameter_value';
    END IF;
    FOR i IN 1 .. array_length(ys, 1) LOOP
        types := types || @madlib@._column_type(source, ys[i]);
        wanted := @madlib@._name(trained_names[i]) || '_class_values';
        labels := NULL;
        IF @madlib@._has_column(training_summary, wanted) THEN
            EXECUTE format('SELECT s.%I::text[] FROM %s AS s', wanted, training_summary) INTO labels;
        END IF;
        IF labels IS NOT NULL AND NOT @madlib@._is_number_array(types[i]) THEN
            labels := @madlib@._unpadded(labels);
            found := @madlib@._labels(source, ys[i], types[i]);
            IF types[i] ~ '^(numeric|real|double)' THEN
                -- 1.0 and 1.00 are one number: the text of the training table counts
                SELECT array_agg(COALESCE((SELECT t.label FROM unnest(labels) AS t(label)
                        WHERE CASE WHEN t.label ~ '^-?[0-9]+\.?[0-9]*$' AND u.label ~ '^-?[0-9]+\.?[0-9]*$'
                                   THEN t.label::numeric = u.label::numeric END LIMIT 1), u.label) ORDER BY u.nr) INTO found
                    FROM (SELECT f.label, row_number() OVER () AS nr FROM unnest(found) AS f(label)) AS u;
            END IF;
            IF EXISTS (SELECT 1 FROM unnest(found) AS u(label)
                       WHERE NOT EXISTS (SELECT 1 FROM unnest(labels) AS t(label) WHERE t.label IS NOT DISTINCT FROM u.label)) THEN
                RAISE EXCEPTION '%: the class values in % (%) should be a subset of class values in % (%)', module, source_table,
                    @madlib@._labels_text(found, types[i]), training_preprocessor_table, @madlib@._labels_text(labels, types[i])
                    USING ERRCODE = 'invalid_parameter_value';
            END IF;
        ELSIF NOT @madlib@._is_number_array(types[i]) THEN
            RAISE EXCEPTION '%: dependent column % is no array, but that of training table % was', module, ys[i],
                training_preprocessor_table USING ERRCODE = 'datatype_mismatch';
        ELSE
            labels := NULL;
        END IF;
        all_labels := all_labels || CASE WHEN i > 1 THEN ', ' ELSE '' END || @madlib@._labels_json(labels, classes[i]);
    END LOOP;
    chosen := @madlib@._distribution(path, module, distribution_rules);
    size := @madlib@._pack(source, made, xs, ys, ('[' || all_labels || ']')::json, buffer_size, (1.0::float8 / divisor)::real,
        chosen.contents, false);
    PERFORM @madlib@._packing_summary(summary, source_table, output_table, dependent_varname, independent_varname, ys, types,
        ('[' || all_labels || ']')::json, size, divisor, classes, chosen.contents, chosen.dbids);
END $$;
COMMENT ON FUNCTION @madlib@._validation_preprocessor_dl(text, text, text, text, text, text, integer, text) IS
    'internal: validation_preprocessor_dl with the search_path of its caller';

-- A list of names in a summary: an array, or in tables of older versions a text; NULL where a hand-made one has none.
CREATE FUNCTION @madlib@._summary_names(summary text, column_name text) RETURNS text[]
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    names text[];
BEGIN
    IF NOT @madlib@._has_column(summary, column_name) THEN RETURN NULL; END IF;
    IF @madlib@._column_type(summary, column_name) ~ '\[\]$' THEN
        EXECUTE format('SELECT s.%I::text[] FROM %s AS s LIMIT 1', column_name, summary) INTO names;
        RETURN names;
    END IF;
    EXECUTE format('SELECT ARRAY[s.%I::text] FROM %s AS s LIMIT 1', column_name, summary) INTO names;
    RETURN names;
END $$;
COMMENT ON FUNCTION @madlib@._summary_names(text, text) IS 'internal: names of columns in a summary';

CREATE FUNCTION @madlib@.validation_preprocessor_dl(source_table varchar, output_table varchar, dependent_varname varchar,
        independent_varname varchar, training_preprocessor_table varchar, buffer_size integer DEFAULT NULL,
        distribution_rules text DEFAULT NULL) RETURNS void
    LANGUAGE sql VOLATILE AS $$
    SELECT @madlib@._validation_preprocessor_dl(pg_catalog.current_setting('search_path'), $1::pg_catalog.text, $2::pg_catalog.text, $3::pg_catalog.text,
        $4::pg_catalog.text, $5::pg_catalog.text, $6, $7)
$$;
COMMENT ON FUNCTION @madlib@.validation_preprocessor_dl(varchar, varchar, varchar, varchar, varchar, integer, text) IS
    'packs a table as the training table was packed';

CREATE FUNCTION @madlib@.training_preprocessor_dl(message varchar DEFAULT '') RETURNS varchar
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT @madlib@._help('training_preprocessor_dl', $1,
'Packs a training table: its rows are shuffled, its labels become one-hot vectors, and many rows go into one buffer, a row of
the output table. All training functions read such tables. Pack the validation table by validation_preprocessor_dl.',
'SELECT @madlib@.training_preprocessor_dl(
    source_table,        -- table or view of training rows
    output_table,        -- packed table to be made; <output_table>_summary is made as well
    dependent_varname,   -- columns of labels, with commas between: any type becomes one-hot; an array of numbers is packed as it is
    independent_varname, -- columns of inputs, arrays of numbers, of one shape in all rows
    buffer_size,         -- rows of a buffer; NULL: chosen. A size near it is taken, such that all buffers are equal but for the last
    normalizing_const,   -- inputs are divided by it; default 1.0
    num_classes,         -- array: classes of each dependent column, when there are to be more than labels are found
    distribution_rules   -- Greenplum: ''all_segments'' (default), ''gpu_segments'', or a table with a column dbid
);
The packed table has, by column, the bytes of the buffer (float32 inputs, int16 labels) and <column>_shape, then buffer_id; on
Greenplum __dist_key__ comes first. The summary has source_table, output_table, dependent_varname, independent_varname,
dependent_vartype, <dependent column>_class_values, buffer_size, normalizing_const, num_classes, distribution_rules and
__internal_gpu_config__.')
$$;
COMMENT ON FUNCTION @madlib@.training_preprocessor_dl(varchar) IS 'help for training_preprocessor_dl';

CREATE FUNCTION @madlib@.validation_preprocessor_dl(message varchar DEFAULT '') RETURNS varchar
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT @madlib@._help('validation_preprocessor_dl', $1,
'Packs a validation or test table as training_preprocessor_dl packed the training table: with its normalizing constant, its
classes and their order. Rows are not shuffled.',
'SELECT @madlib@.validation_preprocessor_dl(
    source_table,                -- table or view of validation rows
    output_table,                -- packed table to be made; <output_table>_summary is made as well
    dependent_varname,           -- columns of labels, in the order of the training table; names may differ
    independent_varname,         -- columns of inputs, likewise
    training_preprocessor_table, -- packed table that training_preprocessor_dl made
    buffer_size,                 -- rows of a buffer; NULL: chosen
    distribution_rules           -- as for training_preprocessor_dl
);
Labels must be among those of the training table. Columns are those of training_preprocessor_dl.')
$$;
COMMENT ON FUNCTION @madlib@.validation_preprocessor_dl(varchar) IS 'help for validation_preprocessor_dl';
