-- What scripts call around MADlib's deep-learning functions.

CREATE FUNCTION @madlib@.version() RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT 'MADlib version: 2.1.0, by pg_cerebro ' || e.extversion || ', deep learning only'
    FROM pg_extension e WHERE e.extname = 'pg_cerebro_madlib'
$$;
COMMENT ON FUNCTION @madlib@.version() IS 'the version of MADlib whose functions these are, and that of pg_cerebro';

CREATE FUNCTION @madlib@._version() RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT substring(@madlib@.version() FROM 'MADlib version: ([^,]*)')
$$;
COMMENT ON FUNCTION @madlib@._version() IS 'internal: what summaries have as madlib_version';

CREATE FUNCTION @madlib@.assert(condition boolean, msg varchar) RETURNS void
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF condition IS NOT TRUE THEN RAISE EXCEPTION 'Failed assertion: %', msg USING ERRCODE = 'raise_exception'; END IF;
END $$;
COMMENT ON FUNCTION @madlib@.assert(boolean, varchar) IS 'an error with this message unless the condition is true';

CREATE FUNCTION @madlib@.relative_error(approx double precision, value double precision) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT abs($2 - $1) / abs($2)
$$;
COMMENT ON FUNCTION @madlib@.relative_error(double precision, double precision) IS 'the distance of a number to another one, relative to it';

CREATE FUNCTION @madlib@.relative_error(approx double precision[], value double precision[]) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT sqrt(sum(($2[i] - $1[i]) ^ 2)) / sqrt(sum($2[i] ^ 2)) FROM generate_subscripts($2, 1) AS s(i)
$$;
COMMENT ON FUNCTION @madlib@.relative_error(double precision[], double precision[]) IS 'the same of vectors, by their Euclidean norm';

-- The statement sees the search_path of its writer.
CREATE FUNCTION @madlib@.trap_error(stmt text) RETURNS integer
    LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    BEGIN
        EXECUTE stmt;
    EXCEPTION WHEN OTHERS THEN
        RETURN 1;
    END;
    RETURN 0;
END $$;
COMMENT ON FUNCTION @madlib@.trap_error(text) IS '1 when a statement raises an error, else 0';

-- Rows of each group are divided by themselves: numbered in random order, the first ones train and the next ones test. With
-- replacement, each part draws numbers of the group.
CREATE FUNCTION @madlib@._train_test_split(path text, source_table text, output_table text, train_proportion double precision,
        test_proportion double precision, grouping_cols text, target_cols text, with_replacement boolean, separate_output_tables boolean)
        RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    module CONSTANT text := 'train_test_split';
    source text := @madlib@._input_table(path, module, source_table);
    names text[];
    columns text;
    groups text := 'true';
    test double precision := COALESCE(test_proportion, 1.0 - train_proportion);
    parts text[];
    part_name text;
BEGIN
    IF train_proportion IS NULL OR train_proportion <= 0 OR train_proportion > 1 THEN
        RAISE EXCEPTION '%: the proportion of training rows must be more than 0 and at most 1', module
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF test < 0 OR test > 1 OR (NOT COALESCE(with_replacement, false) AND train_proportion + test > 1 + 1e-9) THEN
        RAISE EXCEPTION '%: the proportions of training and test rows must not be more than 1 together', module
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF @madlib@._no_name(target_cols) OR btrim(target_cols) = '*' THEN
        SELECT string_agg(quote_ident(c.column_name), ', ') INTO columns FROM @madlib@._columns(source) AS c;
    ELSE
        names := @madlib@._split_names(target_cols);
        PERFORM @madlib@._require_columns(module, source_table, source, names);
        SELECT string_agg(quote_ident(@madlib@._name(u.name)), ', ') INTO columns FROM unnest(names) AS u(name);
    END IF;
    IF NOT @madlib@._no_name(grouping_cols) THEN
        names := @madlib@._split_names(grouping_cols);
        PERFORM @madlib@._require_columns(module, source_table, source, names);
        SELECT string_agg(quote_ident(@madlib@._name(u.name)), ', ') INTO groups FROM unnest(names) AS u(name);
    END IF;
    parts := CASE WHEN COALESCE(separate_output_tables, false)
                  THEN ARRAY[@madlib@._with_suffix(output_table, '_train'), @madlib@._with_suffix(output_table, '_test')]
                  ELSE ARRAY[output_table] END;
    FOREACH part_name IN ARRAY parts LOOP
        PERFORM @madlib@._output_table(path, module, part_name);
    END LOOP;
    IF to_regclass('pg_temp._madlib_split') IS NOT NULL THEN DROP TABLE pg_temp._madlib_split; END IF;
    EXECUTE format('CREATE TEMP TABLE _madlib_split AS SELECT *, row_number() OVER (PARTITION BY %s ORDER BY random()) AS _madlib_nth,'
        ' count(*) OVER (PARTITION BY %s) AS _madlib_rows, dense_rank() OVER (ORDER BY %s) AS _madlib_group FROM %s',
        groups, groups, groups, source);
    names := ARRAY[format('SELECT %s FROM pg_temp._madlib_split WHERE _madlib_nth <= round(_madlib_rows * %L::float8)',
                          columns, train_proportion),
                   format('SELECT %s FROM pg_temp._madlib_split WHERE _madlib_nth > round(_madlib_rows * %L::float8)'
                          ' AND _madlib_nth <= %s', columns, train_proportion, CASE WHEN test_proportion IS NULL
                              THEN '_madlib_rows' -- all others: two rounded shares may leave one out
                              ELSE format('round(_madlib_rows * %L::float8)', train_proportion + test) END)];
    IF COALESCE(with_replacement, false) THEN
        SELECT array_agg(format('SELECT %s FROM pg_temp._madlib_split JOIN (SELECT _madlib_group,'
            ' 1 + floor(random() * _madlib_rows)::int8 AS _madlib_nth FROM (SELECT _madlib_group, _madlib_rows,'
            ' generate_series(1, round(_madlib_rows * %L::float8)::int8) FROM pg_temp._madlib_split WHERE _madlib_nth = 1) AS g) AS d'
            ' USING (_madlib_group, _madlib_nth)', columns, u.share) ORDER BY u.nr) INTO names
            FROM (VALUES (1, train_proportion), (2, test)) AS u(nr, share);
    END IF;
    IF array_length(parts, 1) = 1 THEN
        EXECUTE format('CREATE TABLE %s AS SELECT p.*, 1 AS split FROM (%s) AS p UNION ALL SELECT p.*, 0 FROM (%s) AS p',
            @madlib@._new_table(path, parts[1]), names[1], names[2]);
    ELSE
        FOR i IN 1 .. 2 LOOP
            EXECUTE format('CREATE TABLE %s AS %s', @madlib@._new_table(path, parts[i]), names[i]);
        END LOOP;
    END IF;
    DROP TABLE pg_temp._madlib_split;
END $$;
COMMENT ON FUNCTION @madlib@._train_test_split(text, text, text, double precision, double precision, text, text, boolean, boolean) IS
    'internal: train_test_split with the search_path of its caller';

CREATE FUNCTION @madlib@.train_test_split(source_table text, output_table text, train_proportion double precision,
        test_proportion double precision DEFAULT NULL, grouping_cols text DEFAULT NULL, target_cols text DEFAULT NULL,
        with_replacement boolean DEFAULT false, separate_output_tables boolean DEFAULT false) RETURNS void
    LANGUAGE sql VOLATILE AS $$
    SELECT @madlib@._train_test_split(pg_catalog.current_setting('search_path'), $1, $2, $3, $4, $5, $6, $7, $8)
$$;
COMMENT ON FUNCTION @madlib@.train_test_split(text, text, double precision, double precision, text, text, boolean, boolean) IS
    'divides the rows of a table at random, in <output>_train and <output>_test or in one table with a column "split"';

CREATE AGGREGATE @madlib@.agg_array_concat(real[]) (SFUNC = pg_catalog.array_cat, STYPE = real[]);
COMMENT ON AGGREGATE @madlib@.agg_array_concat(real[]) IS 'arrays one after the other, as one';

CREATE AGGREGATE @madlib@.agg_array_concat(smallint[]) (SFUNC = pg_catalog.array_cat, STYPE = smallint[]);
COMMENT ON AGGREGATE @madlib@.agg_array_concat(smallint[]) IS 'the same of small integers';
