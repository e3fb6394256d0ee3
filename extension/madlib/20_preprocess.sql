-- Packing in MADlib's format: a row holds the rows of one buffer, independent columns as float32 and dependent ones as int16,
-- row-major and little-endian.

-- Which segments take data: contents in order and, where they were chosen, their dbids.
CREATE FUNCTION @madlib@._distribution(path text, module text, rules text, OUT contents integer[], OUT dbids integer[])
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    rules_table text;
    chosen integer[];
    one integer;
BEGIN
    SELECT array_agg(s.content ORDER BY s.content) INTO contents FROM @madlib@._segments() AS s;
    IF NOT @madlib@._on_greenplum() OR @madlib@._no_name(rules) OR lower(btrim(rules)) = 'all_segments' THEN RETURN; END IF;
    IF lower(btrim(rules)) = 'gpu_segments' THEN
        SELECT array_agg(s.dbid ORDER BY s.content) INTO chosen FROM @madlib@._segments() AS s
            WHERE s.hostname IN (SELECT g.hostname FROM @madlib@._host_gpus('nvidia') AS g);
        IF chosen IS NULL THEN
            RAISE EXCEPTION '%: No GPUs configured on hosts.', module USING ERRCODE = 'object_not_in_prerequisite_state';
        END IF;
    ELSE
        rules_table := @madlib@._table(path, rules);
        IF rules_table IS NULL THEN
            RAISE EXCEPTION '%: segments_to_use table (%) doesn''t exist.', module, rules USING ERRCODE = 'undefined_table';
        END IF;
        IF NOT @madlib@._has_column(rules_table, 'dbid') THEN
            RAISE EXCEPTION '%: distribution rules table must contain dbib column', module USING ERRCODE = 'undefined_column';
        END IF;
        EXECUTE format('SELECT array_agg(dbid::int4 ORDER BY dbid) FROM %s', rules_table) INTO chosen;
        IF (SELECT count(*) <> count(DISTINCT u.id) FROM unnest(chosen) AS u(id)) THEN
            RAISE EXCEPTION '%: distribution rules table contains duplicate dbids', module USING ERRCODE = 'invalid_parameter_value';
        END IF;
        FOREACH one IN ARRAY COALESCE(chosen, '{NULL}') LOOP
            IF NOT EXISTS (SELECT 1 FROM @madlib@._segments() AS s WHERE s.dbid = one) THEN
                RAISE EXCEPTION '%: invalid dbid:% in the distribution rules table', module, one
                    USING ERRCODE = 'invalid_parameter_value';
            END IF;
        END LOOP;
    END IF;
    SELECT array_agg(s.content ORDER BY s.content), array_agg(s.dbid ORDER BY s.content) INTO contents, dbids
        FROM @madlib@._segments() AS s WHERE s.dbid = ANY (chosen);
END $$;
COMMENT ON FUNCTION @madlib@._distribution(text, text, text) IS 'internal: the segments that distribution_rules choose';

-- MADlib's rule: buffers of at most 75,000,000 numbers of an independent column, as many on each segment, equal but for the last.
CREATE FUNCTION @madlib@._buffer_size(wanted integer, rows bigint, segments integer, row_numbers bigint[]) RETURNS integer
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT ceil(b.rows::float8 / (b.segments * ceil(b.rows::float8 / b.size / b.segments)))::int4
    FROM (SELECT $2 AS rows, $3::float8 AS segments, least(COALESCE($1::float8, (
              SELECT min(ceil(least(75000000.0::float8 / greatest(u.numbers, 1), $2::float8 / $3))) FROM unnest($4) AS u(numbers))),
              $2::float8) AS size) AS b
$$;
COMMENT ON FUNCTION @madlib@._buffer_size(integer, bigint, integer, bigint[]) IS 'internal: rows of a buffer';

-- Labels are compared as numbers where they are numbers, otherwise as texts; NULL is a label, the first one.
CREATE FUNCTION @madlib@._label_type(data_type text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN $1 IN ('smallint', 'integer', 'bigint', 'numeric', 'real', 'double precision', 'boolean') THEN $1 ELSE 'text' END
$$;
COMMENT ON FUNCTION @madlib@._label_type(text) IS 'internal: what labels of a type are compared as';

CREATE FUNCTION @madlib@._is_number_array(data_type text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT $1 ~ '^(smallint|integer|bigint|numeric|real|double precision)\[\]$'
$$;
COMMENT ON FUNCTION @madlib@._is_number_array(text) IS 'internal: whether a type is an array of numbers';

-- Labels of a column in the order of their classes, as texts.
CREATE FUNCTION @madlib@._labels(source text, column_name text, data_type text) RETURNS text[]
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp SET extra_float_digits = 3 AS $$
DECLARE
    labels text[];
    compared text := @madlib@._label_type(data_type);
BEGIN
    EXECUTE format('SELECT array_agg(d.label::text ORDER BY d.label IS NOT NULL, %s) FROM (SELECT DISTINCT s.%I::%s AS label FROM %s AS s)'
        ' AS d', CASE compared WHEN 'text' THEN 'quote_literal(d.label) COLLATE "C"' ELSE 'd.label' END, column_name, compared, source)
        INTO labels;
    RETURN labels;
END $$;
COMMENT ON FUNCTION @madlib@._labels(text, text, text) IS 'internal: the distinct values of a column, NULL first';

-- As MADlib's messages print a list of labels.
CREATE FUNCTION @madlib@._labels_text(labels text[], data_type text) RETURNS text
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE @madlib@._label_type($2)
        WHEN 'text' THEN @madlib@._list_text($1)
        WHEN 'boolean' THEN (SELECT '[' || string_agg(COALESCE(initcap(u.label), 'None'), ', ') || ']' FROM unnest($1) AS u(label))
        ELSE (SELECT '[' || string_agg(COALESCE(u.label, 'None'), ', ') || ']' FROM unnest($1) AS u(label)) END
$$;
COMMENT ON FUNCTION @madlib@._labels_text(text[], text) IS 'internal: a list of labels in Python''s notation';

-- The type of a column of class values. A character type without its length would have length 1.
CREATE FUNCTION @madlib@._array_type(data_type text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE $1 WHEN 'character' THEN 'bpchar[]' WHEN 'bit' THEN 'varbit[]' ELSE regexp_replace($1, '\[\]$', '') || '[]' END
$$;
COMMENT ON FUNCTION @madlib@._array_type(text) IS 'internal: the array type of a type';

-- Rows -> buffers. labels: JSON, by dependent column a list of labels or null for an array. Returns the buffer size.
CREATE FUNCTION @madlib@._pack(source text, made text, xs text[], ys text[], labels json, wanted_size integer, divisor real,
        contents integer[], shuffled boolean) RETURNS integer
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp SET enable_hashagg = off SET extra_float_digits = 3 AS $$
DECLARE
    total bigint;
    shapes text[] := '{}';
    numbers bigint[] := '{}';
    shape integer[];
    product bigint;
    extent integer;
    size integer;
    cells text;
    columns text := '';
    storage text := '';
    outputs text := '';
    shape_outputs text := '';
    inner_columns text := '';
    column_type text;
    list json;
    nth text := 'row_number() OVER (' || CASE WHEN shuffled THEN 'ORDER BY random()' ELSE '' END || ') - 1';
    keys integer[];
    key text := '';
BEGIN
    EXECUTE format('SELECT count(*) FROM %s', source) INTO total;
    FOR i IN 1 .. array_length(xs, 1) + array_length(ys, 1) LOOP
        IF i <= array_length(xs, 1) OR json_typeof(labels -> (i - array_length(xs, 1) - 1)) = 'null' THEN
            EXECUTE format('SELECT ARRAY(SELECT array_length(s.x, d.d) FROM generate_series(1, array_ndims(s.x)) AS d(d) ORDER BY d.d)'
                ' FROM (SELECT %I AS x FROM %s) AS s WHERE array_ndims(s.x) > 0 LIMIT 1', (xs || ys)[i], source) INTO shape;
            IF shape IS NULL THEN
                RAISE EXCEPTION 'column "%" has no array with elements', (xs || ys)[i] USING ERRCODE = 'data_exception';
            END IF;
        ELSE
            shape := ARRAY[json_array_length(labels -> (i - array_length(xs, 1) - 1))];
        END IF;
        shapes := shapes || shape::text;
        IF i <= array_length(xs, 1) THEN
            product := 1;
            FOREACH extent IN ARRAY shape LOOP product := product * extent; END LOOP;
            numbers := numbers || product;
        END IF;
    END LOOP;
    size := @madlib@._buffer_size(wanted_size, total, array_length(contents, 1), numbers);
    FOR i IN 1 .. array_length(xs, 1) LOOP
        inner_columns := inner_columns || format(', s.%I AS c%s', xs[i], i);
        cells := format('@madlib@._cells(q.c%s::real[], %L::real, %L::int4[], %L)', i, divisor, shapes[i], xs[i]);
        columns := columns || format('%I bytea, ', xs[i]);
        storage := storage || format(', ALTER COLUMN %I SET STORAGE EXTERNAL', xs[i]);
        outputs := outputs || format('string_agg(%s, ''''::bytea), ', cells);
    END LOOP;
    FOR i IN 1 .. array_length(ys, 1) LOOP
        list := labels -> (i - 1);
        IF json_typeof(list) = 'null' THEN
            inner_columns := inner_columns || format(', s.%I AS d%s', ys[i], i);
            cells := format('@madlib@._cells(q.d%s::smallint[], NULL, %L::int4[], %L)', i, shapes[array_length(xs, 1) + i], ys[i]);
        ELSE
            SELECT @madlib@._label_type(c.data_type) INTO column_type FROM @madlib@._columns(source) AS c WHERE c.column_name = ys[i];
            inner_columns := inner_columns || format(', s.%I::%s AS d%s', ys[i], column_type, i);
            -- a class beyond the labels is padding
            SELECT 'ARRAY[' || string_agg(CASE WHEN (u.label ->> 'padding') IS NOT NULL THEN '0'
                    WHEN (u.label ->> 'label') IS NULL THEN format('(q.d%s IS NULL)::int4', i)
                    ELSE format('(q.d%s IS NOT DISTINCT FROM %L::%s)::int4', i, u.label ->> 'label', column_type) END, ', ' ORDER BY u.nr)
                || ']::smallint[]' INTO cells
                FROM (SELECT e AS label, row_number() OVER () AS nr FROM json_array_elements(list) AS a(e)) AS u;
            cells := format('@madlib@.convert_array_to_bytea(%s)', cells);
        END IF;
        columns := columns || format('%I bytea, ', ys[i]);
        storage := storage || format(', ALTER COLUMN %I SET STORAGE EXTERNAL', ys[i]);
        outputs := outputs || format('string_agg(%s, ''''::bytea), ', cells);
    END LOOP;
    FOR i IN 1 .. array_length(xs, 1) + array_length(ys, 1) LOOP
        columns := columns || format('%I integer[], ', (xs || ys)[i] || '_shape');
        shape_outputs := shape_outputs || format('ARRAY[count(*)::int4] || %L::int4[], ', shapes[i]);
    END LOOP;
    keys := @madlib@._segment_keys();
    IF keys IS NOT NULL THEN
        SELECT array_agg(keys[u.content + 1] ORDER BY u.content) INTO keys FROM unnest(contents) AS u(content);
        key := format('(%L::int4[])[(q.nth / %s) %% %s + 1], ', keys, size, array_length(keys, 1));
        columns := '__dist_key__ integer, ' || columns;
        nth := @madlib@._rows_by_segment(source, shuffled, nth);
    END IF;
    EXECUTE format('CREATE TABLE %s (%sbuffer_id integer)%s', made, columns,
        @madlib@._distributed_by('__dist_key__'));
    -- numbers of a buffer hardly compress
    EXECUTE format('ALTER TABLE %s %s', made, substr(storage, 3));
    EXECUTE format('INSERT INTO %s SELECT %s%s%s(q.nth / %s)::int4 FROM (SELECT %s AS nth%s FROM %s AS s) AS q GROUP BY q.nth / %s',
        made, key, outputs, shape_outputs, size, nth, inner_columns, source, size);
    RETURN size;
END $$;
COMMENT ON FUNCTION @madlib@._pack(text, text, text[], text[], json, integer, real, integer[], boolean) IS
    'internal: makes a packed table and returns its buffer size';

-- On segments rows are numbered where they are, behind those of the segments before. A view has no segments. The order
-- comes of one random number of the coordinator's, so that it is the same again after setseed(), while rows stay.
CREATE FUNCTION @madlib@._rows_by_segment(source text, shuffled boolean, otherwise text) RETURNS text
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    first_rows text;
BEGIN
    IF (SELECT c.relkind <> 'r' FROM pg_class AS c WHERE c.oid = source::regclass) THEN RETURN otherwise; END IF;
    EXECUTE format('SELECT string_agg(format('' WHEN %%s THEN %%s'', r.content, r.before), '''') FROM (SELECT s.gp_segment_id AS content,'
        ' sum(count(*)) OVER (ORDER BY s.gp_segment_id) - count(*) AS before FROM %s AS s GROUP BY s.gp_segment_id) AS r', source)
        INTO first_rows;
    RETURN format('row_number() OVER (PARTITION BY s.gp_segment_id%s) - 1 + (CASE s.gp_segment_id%s ELSE 0 END)::int8',
        CASE WHEN shuffled THEN format(' ORDER BY hashtext(%L || s.ctid::text), s.ctid', random()) ELSE '' END, first_rows);
END $$;
COMMENT ON FUNCTION @madlib@._rows_by_segment(text, boolean, text) IS 'internal: the number of a row, counted within its segment';
