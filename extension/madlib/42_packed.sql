-- Packed tables as training and scoring read them. MADlib's format has a row a buffer: bytea columns, their shapes, a
-- buffer_id and, on a cluster, __dist_key__. A stage is a view of it with what cerebro's own packed tables have
-- besides: partitions, and a summary that describes the bytes. No byte is copied but on Greenplum, whose segments read
-- tables only. Tables that cerebro has packed are read as they are.

CREATE TYPE @madlib@._packed AS (written text, name text, summary text, native boolean, inputs text[], targets text[]);
COMMENT ON TYPE @madlib@._packed IS 'internal: a packed table; native: cerebro has packed it';

CREATE FUNCTION @madlib@._distributed(key_column text) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN @madlib@._on_greenplum() THEN ' DISTRIBUTED BY (' || $1 || ')' ELSE '' END
$$;
COMMENT ON FUNCTION @madlib@._distributed(text) IS 'internal: the end of CREATE TABLE';

-- Of a table that goes again before the statement ends. There is room for the longest suffix of a run's tables.
CREATE FUNCTION @madlib@._temporary(home text, tag text) RETURNS text
    LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    SELECT $1 || '.__madlib_temp_' || $2 || '_' || pg_backend_pid() || '_'
        || floor(extract(epoch FROM clock_timestamp()) * 1000000)::bigint
$$;
COMMENT ON FUNCTION @madlib@._temporary(text, text) IS 'internal: the name of a table that does not stay';

CREATE FUNCTION @madlib@._quoted_parts(table_name text) RETURNS text[]
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT array_agg(p.part ORDER BY p.nr) FROM unnest(@madlib@._split_names($1, '.')) WITH ORDINALITY AS p(part, nr)
$$;
COMMENT ON FUNCTION @madlib@._quoted_parts(text)
    IS 'internal: schema and name of a qualified name, quoted as they are there';

CREATE FUNCTION @madlib@._home(table_name text) RETURNS text
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT (@madlib@._quoted_parts($1))[1]
$$;
COMMENT ON FUNCTION @madlib@._home(text) IS 'internal: the schema of a qualified name';

-- Drops a table or view and what a run makes beside it.
CREATE FUNCTION @madlib@._drop(table_name text) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    suffix text;
    name text;
BEGIN
    FOREACH suffix IN ARRAY ARRAY['', '_info', '_summary', '_state', '_visits', '_run', '_trials', '_control'] LOOP
        name := @madlib@._table('pg_catalog', @madlib@._with_suffix(table_name, suffix));
        CONTINUE WHEN name IS NULL;
        EXECUTE format('DROP %s %s', (SELECT CASE c.relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END FROM pg_class c
                                      WHERE c.oid = name::regclass), name);
    END LOOP;
END $$;
COMMENT ON FUNCTION @madlib@._drop(text) IS 'internal: drops a stage';

-- suffix: of MADlib's message about a missing summary.
CREATE FUNCTION @madlib@._open_packed(path text, module text, written text, suffix text DEFAULT '')
    RETURNS @madlib@._packed
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    packed @madlib@._packed;
    name text;
    kind text;
BEGIN
    packed.written := written;
    packed.name := @madlib@._input_table(path, module, written);
    packed.summary := @madlib@._input_table(path, module, @madlib@._with_suffix(written, '_summary'), suffix);
    packed.native := @madlib@._has_column(packed.summary, 'data_spec');
    IF @madlib@._has_column(packed.summary, 'groups_table') THEN
        RAISE EXCEPTION '%: table % is packed by group', module, quote_ident(written)
            USING ERRCODE = 'wrong_object_type', HINT = format('Train its groups by cerebro.fit_multiple_model(), or give %s, '
                'which has the rows of all groups.', quote_ident(@madlib@._with_suffix(written, '_pooled')));
    END IF;
    PERFORM @madlib@._require_columns(module, @madlib@._with_suffix(written, '_summary'), packed.summary,
        ARRAY['dependent_varname', 'independent_varname']);
    IF EXISTS (SELECT 1 FROM @madlib@._columns(packed.summary) AS c
               WHERE c.column_name IN ('dependent_varname', 'independent_varname') AND c.data_type !~ '\[\]$') THEN
        RAISE EXCEPTION 'Input table ''%'' was preprocessed with an older version of the input preprocessor. '
            'Please re-run the current version of input preprocessor on the dataset.', written
                USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    EXECUTE format('SELECT s.dependent_varname::text[], s.independent_varname::text[] FROM %s s LIMIT 1',
        packed.summary)
        INTO packed.targets, packed.inputs;
    -- names are as they were written for the preprocessor
    SELECT array_agg(@madlib@._column_name(packed.name, n.part) ORDER BY n.nr) INTO packed.targets
        FROM unnest(packed.targets) WITH ORDINALITY AS n(part, nr);
    SELECT array_agg(@madlib@._column_name(packed.name, n.part) ORDER BY n.nr) INTO packed.inputs
        FROM unnest(packed.inputs) WITH ORDINALITY AS n(part, nr);
    IF packed.native THEN RETURN packed; END IF;
    FOREACH name IN ARRAY packed.inputs || packed.targets LOOP
        SELECT c.data_type INTO kind FROM @madlib@._columns(packed.name) AS c WHERE c.column_name = name;
        IF NOT FOUND THEN
            RAISE EXCEPTION '%: invalid column name (''%'') for table (%). Please ensure that the input table (%) has '
                'been preprocessed.',
                module, name, written, written USING ERRCODE = 'undefined_column';
        END IF;
        IF kind <> 'bytea' THEN
            RAISE EXCEPTION '% variable column % in table % should be minibatched. You might need to re run the '
                'preprocessor function.',
                CASE WHEN name = ANY (packed.targets) THEN 'Dependent' ELSE 'Independent' END, name, written
                USING ERRCODE = 'datatype_mismatch';
        END IF;
        IF NOT @madlib@._has_column(packed.name, name || '_shape') THEN
            RAISE EXCEPTION '%: invalid column name (''%'') for table (%). Please ensure that the input table (%) has '
                'been preprocessed.',
                module, name || '_shape', written, written USING ERRCODE = 'undefined_column';
        END IF;
    END LOOP;
    RETURN packed;
END $$;
COMMENT ON FUNCTION @madlib@._open_packed(text, text, text, text)
    IS 'internal: a packed table and its columns, with MADlib''s checks';

-- A name in a summary is that of the column, or as a user writes it.
CREATE FUNCTION @madlib@._column_name(table_name text, written text) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN @madlib@._has_column($1, btrim($2)) THEN btrim($2) ELSE @madlib@._name(btrim($2)) END
$$;
COMMENT ON FUNCTION @madlib@._column_name(text, text) IS 'internal: the column that a summary names';

-- A column that hand-made summaries may lack, or have as one value instead of an array.
CREATE FUNCTION @madlib@._optional(table_name text, alias text, column_name text, type_name text) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT COALESCE((SELECT CASE WHEN $4 ~ '\[\]$' AND c.data_type !~ '\[\]$' THEN format('ARRAY[%s.%I]::%s', $2, $3,
        $4)
                                 ELSE format('%s.%I::%s', $2, $3, $4) END
                     FROM @madlib@._columns($1) AS c WHERE c.column_name = $3), 'NULL::' || $4)
$$;
COMMENT ON FUNCTION @madlib@._optional(text, text, text, text)
    IS 'internal: an expression for a column that may be missing';

CREATE FUNCTION @madlib@._product(dimensions integer[]) RETURNS bigint
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    product bigint := 1;
    d integer;
BEGIN
    IF dimensions IS NOT NULL THEN
        FOREACH d IN ARRAY dimensions LOOP product := product * d; END LOOP;
    END IF;
    RETURN product;
END $$;
COMMENT ON FUNCTION @madlib@._product(integer[]) IS 'internal: elements of a shape';

CREATE FUNCTION @madlib@._tail(dimensions integer[]) RETURNS integer[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT COALESCE($1[2:array_length($1, 1)], '{}')
$$;
COMMENT ON FUNCTION @madlib@._tail(integer[]) IS 'internal: a shape without its first dimension';

-- Shape of a row and type of its elements, as the first buffer has them. Types follow from the bytes of an element:
-- MADlib packs float32 and int16; others are its users'.
CREATE FUNCTION @madlib@._packed_column(table_name text, column_name text, OUT shape integer[], OUT dtype text,
        OUT row_bytes bigint)
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    whole integer[];
    bytes bigint;
BEGIN
    EXECUTE format('SELECT t.%I::integer[], octet_length(t.%I) FROM %s t WHERE t.%I IS NOT NULL LIMIT 1', column_name
        || '_shape',
        column_name, table_name, column_name) INTO whole, bytes;
    shape := @madlib@._tail(whole);
    IF whole IS NULL OR @madlib@._product(whole) < 1 OR bytes % @madlib@._product(whole) <> 0 THEN
        RAISE EXCEPTION 'column "%" of packed table % does not fit its shape %', column_name, table_name, whole
            USING ERRCODE = 'data_corrupted', DETAIL = format('The first buffer has %s bytes.', COALESCE(bytes::text,
                'no'));
    END IF;
    row_bytes := bytes / whole[1];
    dtype := CASE bytes / @madlib@._product(whole) WHEN 1 THEN 'uint8' WHEN 2 THEN 'int16' WHEN 4 THEN 'float32'
        WHEN 8 THEN 'float64' END;
    IF dtype IS NULL THEN
        RAISE EXCEPTION 'column "%" of packed table % has % bytes an element', column_name, table_name,
            bytes / @madlib@._product(whole)
            USING ERRCODE = 'data_corrupted', HINT = 'Pack float32 and int16, as training_preprocessor_dl() does.';
    END IF;
END $$;
COMMENT ON FUNCTION @madlib@._packed_column(text, text) IS 'internal: what the bytes of a packed column are';

CREATE FUNCTION @madlib@._column_spec(column_name text, dtype text, shape integer[], scale double precision,
    target boolean) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT format('{"name": %s, "dtype": "%s", "shape": %s, "scale": %s, "mean": [], "std": [], "dictionary": [], '
        '"kind": %s,'
        ' "class_values": [], "num_classes": 0}', to_json($1), $2, array_to_json($3), $4, CASE WHEN $5 THEN 3
            ELSE 0 END)
$$;
COMMENT ON FUNCTION @madlib@._column_spec(text, text, integer[], double precision, boolean) IS
    'internal: a column in the description of a packed table';

CREATE FUNCTION @madlib@._data_spec(inputs text[], targets text[], partitions integer, "rows" bigint) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT format('{"version": 1, "inputs": [%s], "targets": [%s], "has_weights": false, "num_partitions": %s, "rows": '
        '%s}',
        array_to_string($1, ', '), array_to_string($2, ', '), $3, $4)
$$;
COMMENT ON FUNCTION @madlib@._data_spec(text[], text[], integer, bigint)
    IS 'internal: the description of a packed table';

-- Whether each value of the distribution key lies on a segment of its own, and will in a table with the same key.
CREATE FUNCTION @madlib@._keys_apart(table_name text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    apart boolean;
BEGIN
    EXECUTE 'SELECT p.distkey::text = a.attnum::text FROM pg_catalog.gp_distribution_policy AS p JOIN pg_catalog.pg_attribute AS a'
        ' ON a.attrelid = p.localoid AND a.attname = ''__dist_key__'' WHERE p.localoid = $1::regclass' INTO apart USING table_name;
    IF apart IS NOT TRUE THEN RETURN false; END IF;
    EXECUTE format('SELECT count(DISTINCT k.segment) = count(*) FROM (SELECT DISTINCT t.gp_segment_id AS segment, t.__dist_key__'
        ' FROM %s t) k', table_name) INTO apart;
    RETURN apart;
END $$;
COMMENT ON FUNCTION @madlib@._keys_apart(text) IS 'internal: whether the keys of a table distributed by __dist_key__ are on segments of their own';

-- A distribution key for each partition: equal blocks of partitions, each on a segment of its own.
CREATE FUNCTION @madlib@._block_key_sql(partition_id text, partitions integer) RETURNS text
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    keys integer[] := @madlib@._segment_keys();
    blocks integer := GREATEST(LEAST(partitions, array_length(keys, 1)), 1);
BEGIN
    WHILE partitions % blocks <> 0 LOOP blocks := blocks - 1; END LOOP;
    RETURN format('(%L::integer[])[(%s)::integer / %s + 1]', keys, partition_id, partitions / blocks);
END $$;
COMMENT ON FUNCTION @madlib@._block_key_sql(text, integer) IS 'internal: an expression for the distribution key of a partition';

-- Which partition a row of "t" is of, and its number there. Where the table has a distribution key, its values are the
-- partitions, as they are MADlib's segments. Elsewhere buffers are dealt to at most 16 partitions, or to one alone.
-- dist_key: on Greenplum, what puts the partitions evenly on segments: the table's own key where it does so.
CREATE FUNCTION @madlib@._partition_sql(packed @madlib@._packed, single boolean, OUT partitions integer,
    OUT source text,
        OUT partition_id text, OUT buffer_id text, OUT dist_key text)
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    keys integer[];
    buffers bigint;
    segments integer;
    ordering text := ' ORDER BY t.buffer_id';
BEGIN
    -- of a table without numbers each scan may begin elsewhere; rows of a view have no position
    IF NOT @madlib@._has_column(packed.name, 'buffer_id') THEN
        ordering := CASE WHEN (SELECT c.relkind FROM pg_class c WHERE c.oid = packed.name::regclass) <> 'r' THEN ''
            WHEN @madlib@._on_greenplum() THEN ' ORDER BY t.gp_segment_id, t.ctid' ELSE ' ORDER BY t.ctid' END;
    END IF;
    source := packed.name || ' t';
    IF @madlib@._has_column(packed.name, '__dist_key__') THEN
        EXECUTE format('SELECT array_agg(d.k ORDER BY d.k) FROM (SELECT DISTINCT t.__dist_key__::integer AS k FROM %s '
            't) d', packed.name)
            INTO keys;
        partitions := array_length(keys, 1);
        IF keys[partitions] IS NULL THEN
            RAISE EXCEPTION 'column __dist_key__ of table % has a NULL', packed.name
                USING ERRCODE = 'null_value_not_allowed', HINT = 'Each buffer names the segment that it is for.';
        END IF;
        SELECT 'CASE t.__dist_key__ ' || string_agg(format('WHEN %s THEN %s', u.k, u.nr - 1), ' ') || ' END'
            INTO partition_id FROM unnest(keys) WITH ORDINALITY AS u(k, nr);
        buffer_id := 'row_number() OVER (PARTITION BY t.__dist_key__' || ordering || ') - 1';
        IF @madlib@._on_greenplum() THEN
            dist_key := CASE WHEN @madlib@._keys_apart(packed.name) THEN 't.__dist_key__'
                ELSE @madlib@._block_key_sql(partition_id, partitions) END;
        END IF;
        RETURN;
    END IF;
    EXECUTE format('SELECT count(*) FROM %s', packed.name) INTO buffers;
    partitions := CASE WHEN single THEN 1 ELSE LEAST(buffers, 16) END;
    IF @madlib@._on_greenplum() AND NOT single THEN
        segments := (SELECT count(*) FROM @madlib@._segments());
        partitions := LEAST(buffers, GREATEST(partitions, segments));
        IF partitions > segments THEN partitions := partitions - partitions % segments; END IF;
    END IF;
    source := format('(SELECT t.*, row_number() OVER (%s) - 1 AS __madlib_nr__ FROM %s t) t', btrim(ordering),
        packed.name);
    partition_id := format('t.__madlib_nr__ %% %s', partitions);
    buffer_id := format('t.__madlib_nr__ / %s', partitions);
    IF @madlib@._on_greenplum() THEN dist_key := @madlib@._block_key_sql(partition_id, partitions); END IF;
END $$;
COMMENT ON FUNCTION @madlib@._partition_sql(@madlib@._packed, boolean)
    IS 'internal: expressions for partitions and buffers of a packed table';

-- Names that a packed table of cerebro has for columns of its own.
CREATE FUNCTION @madlib@._stage_column(column_name text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN $1 ~ '^(__dist_key__|group_id|partition_id|buffer_id|sample_weight|scalars(_[0-9]+)?)$' THEN $1
        || '_column' ELSE $1 END
$$;
COMMENT ON FUNCTION @madlib@._stage_column(text) IS 'internal: the name of a column in a stage';

-- A dependent column in the description of a packed table, with its classes where a summary has them.
CREATE FUNCTION @madlib@._target_spec(summary text, target text, column_name text, dtype text, label_dtype text,
    shape integer[]) RETURNS text
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    labels text[];
BEGIN
    IF @madlib@._has_column(summary, target || '_class_values') THEN
        EXECUTE format('SELECT s.%I::text[] FROM %s s LIMIT 1', target || '_class_values', summary) INTO labels;
    END IF;
    IF labels[1] IS NULL AND 'NULL' = ANY (labels) THEN
        RAISE EXCEPTION 'column "%" has the class NULL, and a class of the text ''NULL''', target
            USING ERRCODE = 'feature_not_supported', HINT = 'Classes of cerebro have names, and that of NULL is ''NULL''.';
    END IF;
    IF labels IS NULL OR labels = '{NULL}'::text[] OR array_length(shape, 1) <> 1
        OR array_length(labels, 1) > shape[1] THEN
        RETURN @madlib@._column_spec(column_name, dtype, shape, 1, true);
    END IF;
    RETURN format('{"name": %s, "dtype": "%s", "shape": [%s], "scale": 1, "mean": [], "std": [], "dictionary": [],'
        ' "kind": 1, "class_values": %s, "num_classes": %s}', to_json(column_name), label_dtype, shape[1],
        (SELECT json_agg(COALESCE(l.label, 'NULL') ORDER BY l.nr)
            FROM unnest(labels) WITH ORDINALITY AS l(label, nr)
         WHERE l.label IS NOT NULL OR l.nr = 1), shape[1]);
END $$;
COMMENT ON FUNCTION @madlib@._target_spec(text, text, text, text, text, integer[]) IS
    'internal: a dependent column in the description of a packed table';

-- single: all buffers are one partition, unless the table has a distribution key. stays: for cerebro's functions, which
-- are told of classes and of the constant that values were divided by. Returns the name of the stage, which is to be
-- dropped by _drop_stage.
CREATE FUNCTION @madlib@._stage_packed(packed @madlib@._packed, home text, single boolean DEFAULT false,
    stays boolean DEFAULT false) RETURNS text
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    stage text;
    layout record;
    found record;
    name text;
    selected text := '';
    inputs text[] := '{}';
    targets text[] := '{}';
    row_bytes bigint;
    first text;
    divisor double precision := 1;
BEGIN
    IF packed.native THEN RETURN packed.name; END IF;
    -- a view of a temporary table is a temporary one
    stage := @madlib@._temporary(CASE (SELECT c.relpersistence FROM pg_class c WHERE c.oid = packed.name::regclass)
        WHEN 't' THEN 'pg_temp'
        ELSE home END, 'data');
    SELECT * INTO layout FROM @madlib@._partition_sql(packed, single);
    IF stays THEN
        EXECUTE format('SELECT COALESCE(%s, 1) FROM %s ss LIMIT 1', @madlib@._optional(packed.summary, 'ss',
            'normalizing_const', 'double precision'), packed.summary) INTO divisor;
    END IF;
    FOREACH name IN ARRAY packed.inputs || packed.targets LOOP
        SELECT * INTO found FROM @madlib@._packed_column(packed.name, name);
        selected := selected || format('t.%I AS %I, ', name, @madlib@._stage_column(name));
        IF name = ANY (packed.targets) AND stays AND found.dtype IN ('uint8', 'int16') THEN
            targets := targets || @madlib@._target_spec(packed.summary, @madlib@._known_name(packed.summary, name),
                @madlib@._stage_column(name), found.dtype, found.dtype, found.shape);
        ELSIF name = ANY (packed.targets) THEN
            targets := targets || @madlib@._column_spec(@madlib@._stage_column(name), found.dtype, found.shape, 1,
                true);
        ELSE
            inputs := inputs || @madlib@._column_spec(@madlib@._stage_column(name), found.dtype, found.shape, 1, false);
        END IF;
        IF first IS NULL THEN
            first := @madlib@._stage_column(name);
            row_bytes := found.row_bytes;
        END IF;
    END LOOP;
    IF @madlib@._on_greenplum() THEN
        EXECUTE format('CREATE TABLE %s AS SELECT %s AS __dist_key__, %s(%s)::integer AS partition_id, (%s)::integer AS '
            'buffer_id FROM %s',
            stage, layout.dist_key, selected, layout.partition_id, layout.buffer_id, layout.source) || ' DISTRIBUTED BY (__dist_key__)';
    ELSE
        EXECUTE format('CREATE VIEW %s AS SELECT %s(%s)::integer AS partition_id, (%s)::integer AS buffer_id FROM %s',
            stage, selected, layout.partition_id, layout.buffer_id, layout.source);
    END IF;
    EXECUTE format($q$CREATE TABLE %s AS SELECT p.*, ss.dependent_varname::text[] AS dependent_varname,
            ss.independent_varname::text[] AS independent_varname, %s AS dependent_vartype,
                1::real AS normalizing_const,
            NULL::integer[] AS num_classes, replace($1, '"@rows@"', p.rows::text) AS data_spec%s
        FROM (SELECT %L::text AS source_table, %L::text AS output_table, %s AS num_partitions,
            sum(b.rows)::bigint AS rows,
                  %L::text AS digest, array_agg(b.rows ORDER BY b.partition_id) AS partition_rows,
                  array_agg(b.buffers ORDER BY b.partition_id) AS partition_buffers, max(b.most) AS max_buffer_rows,
                      1 AS format_version
              FROM (SELECT t.partition_id, (sum(octet_length(t.%I)) / %s)::bigint AS rows, count(*)::integer AS buffers,
                        (max(octet_length(t.%I)) / %s)::bigint AS most FROM %s t GROUP BY t.partition_id) b) p,
             (SELECT * FROM %s LIMIT 1) ss$q$,
        @madlib@._with_suffix(stage, '_summary'),
        @madlib@._optional(packed.summary, 'ss', 'dependent_vartype', 'text[]'),
        CASE WHEN stays THEN format(', %L::double precision AS packed_scale', 1 / divisor) ELSE '' END,
        packed.name, stage, layout.partitions, stage, first, row_bytes, first, row_bytes, stage, packed.summary)
        || @madlib@._distributed('digest')
        USING replace(@madlib@._data_spec(inputs, targets, layout.partitions, -1), '"rows": -1', '"rows": "@rows@"');
    RETURN stage;
END $$;
COMMENT ON FUNCTION @madlib@._stage_packed(@madlib@._packed, text, boolean, boolean)
    IS 'internal: a packed table as cerebro reads it';

CREATE FUNCTION @madlib@._drop_stage(packed @madlib@._packed, stage text) RETURNS void
    LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    SELECT @madlib@._drop($2) WHERE NOT ($1).native
$$;
COMMENT ON FUNCTION @madlib@._drop_stage(@madlib@._packed, text) IS 'internal: drops what _stage_packed has made';

CREATE FUNCTION @madlib@._spec_of(stage text) RETURNS text
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    spec text;
BEGIN
    EXECUTE format('SELECT s.data_spec::text FROM %s s', @madlib@._with_suffix(stage, '_summary')) INTO spec;
    RETURN spec;
END $$;
COMMENT ON FUNCTION @madlib@._spec_of(text) IS 'internal: the description of a packed table of cerebro';
