-- madlib_keras_predict and madlib_keras_predict_byom: predictions for the rows of a plain table, by
-- cerebro.predict_table.

-- What a caller asks for: 'prob' or 'response', a rank, or a probability.
CREATE TYPE @madlib@._wanted AS (response boolean, rank integer, prob double precision);
COMMENT ON TYPE @madlib@._wanted IS 'internal: pred_type of a prediction';

CREATE FUNCTION @madlib@._refuse_pred_type(module text, given text) RETURNS void
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION '%: Invalid value for pred_type param (%). Must be integer>0, double precision in the range '
        '[0.0,1.0), ''response'' or ''prob''.',
        module, given USING ERRCODE = 'invalid_parameter_value';
END $$;
COMMENT ON FUNCTION @madlib@._refuse_pred_type(text, text) IS 'internal: an invalid pred_type';

CREATE FUNCTION @madlib@._pred_type(module text, given text) RETURNS @madlib@._wanted
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF lower(COALESCE(given, 'prob')) NOT IN ('prob', 'response') THEN PERFORM @madlib@._refuse_pred_type(module,
        given); END IF;
    RETURN ROW(lower(given) = 'response', NULL, NULL)::@madlib@._wanted;
END $$;
COMMENT ON FUNCTION @madlib@._pred_type(text, text) IS 'internal: a pred_type that is a word';

CREATE FUNCTION @madlib@._pred_type(module text, given integer) RETURNS @madlib@._wanted
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF given < 1 THEN PERFORM @madlib@._refuse_pred_type(module, given::text); END IF;
    RETURN ROW(false, given, NULL)::@madlib@._wanted;
END $$;
COMMENT ON FUNCTION @madlib@._pred_type(text, integer) IS 'internal: a pred_type that is a rank';

CREATE FUNCTION @madlib@._pred_type(module text, given double precision) RETURNS @madlib@._wanted
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF given < 0 OR given >= 1 THEN PERFORM @madlib@._refuse_pred_type(module, given::text); END IF;
    RETURN ROW(false, NULL, given)::@madlib@._wanted;
END $$;
COMMENT ON FUNCTION @madlib@._pred_type(text, double precision) IS 'internal: a pred_type that is a probability';

-- Shapes of array columns of a plain table, as its first row has them.
CREATE FUNCTION @madlib@._plain_shapes(table_name text, columns text[], OUT texts text[], OUT shapes text[])
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    name text;
    dimensions text;
    kind text;
BEGIN
    FOREACH name IN ARRAY columns LOOP
        SELECT c.data_type INTO kind FROM @madlib@._columns(table_name) AS c WHERE c.column_name = name;
        dimensions := '[1:1]';
        IF kind ~ '\[\]$' THEN
            EXECUTE format('SELECT array_dims(t.%I) FROM %s t WHERE t.%I IS NOT NULL LIMIT 1', name, table_name, name)
                INTO dimensions;
        END IF;
        SELECT texts || ('[' || string_agg((d.bounds[2]::integer - d.bounds[1]::integer + 1)::text, ', ') || ']')
            INTO texts
            FROM regexp_matches(dimensions, '\[(-?[0-9]+):(-?[0-9]+)\]', 'g') AS d(bounds);
    END LOOP;
    shapes := texts;
END $$;
COMMENT ON FUNCTION @madlib@._plain_shapes(text, text[]) IS 'internal: shapes of columns of arrays';

-- Writes a prediction table. model: a table that cerebro.predict_table takes, with its key; query_columns: "t.x AS x1,
-- ..."; names, counts and values: of each dependent variable its name, its number of classes, and its class values (a
-- text array as text, as arrays of arrays are of one length), in the order of the model's outputs.
CREATE FUNCTION @madlib@._write_predictions(model text, test text, id_col text, query_columns text, output text,
    names text[],
        counts integer[], class_values text[], wanted @madlib@._wanted) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    jit text;
    id_type text;
    detail text;
    hint text;
BEGIN
    SELECT format_type(a.atttypid, a.atttypmod) INTO id_type FROM pg_attribute a
        WHERE a.attrelid = test::regclass AND a.attname = id_col AND NOT a.attisdropped;
    -- the function's cost is that of a model: compiling the query around it takes longer than the query
    SELECT t.setting INTO jit FROM pg_settings AS t WHERE t.name = 'jit';
    IF jit = 'on' THEN PERFORM set_config('jit', 'off', true); END IF;
    BEGIN
        EXECUTE format($q$
            CREATE TABLE %s AS
            SELECT w.id AS %I, w.class_name, w.class_value, w.prob%s
            FROM (SELECT v.id, o.name AS class_name, o.class_value, v.vector[o.position]::double precision AS prob,
                         row_number() OVER (PARTITION BY v.nr, o.dependent ORDER BY v.vector[o.position] DESC,
                             o.position)::integer AS rank
                  FROM (SELECT p.__madlib_id__ AS id, p.vector, row_number() OVER () AS nr
                        FROM cerebro.predict_table(%L, %L) AS p(__madlib_id__ %s, vector real[])) v,
                       (SELECT d.nr AS dependent, d.name, c.nr + d.before AS position,
                               CASE WHEN d.class_values IS NULL THEN (c.nr - 1)::text
                                   ELSE (d.class_values::text[])[c.nr] END AS class_value
                        FROM (SELECT n.nr, n.name, ($2)[n.nr] AS count, ($3)[n.nr] AS class_values,
                                     (SELECT COALESCE(sum(($2)[b.i]), 0)::integer FROM generate_subscripts($2,
                                         1) AS b(i) WHERE b.i < n.nr) AS before
                              FROM unnest($1) WITH ORDINALITY AS n(name, nr)) d, LATERAL generate_series(1,
                                  d.count) AS c(nr)) o) w
            WHERE %s$q$,
            output, id_col, CASE WHEN wanted.response THEN '' ELSE ', w.rank' END, model,
            format('SELECT t.%I AS __madlib_id__, %s FROM %s t', id_col, query_columns, test), id_type,
            CASE WHEN wanted.response THEN 'w.rank = 1' WHEN wanted.rank IS NOT NULL THEN 'w.rank <= ' || wanted.rank
                WHEN wanted.prob IS NOT NULL THEN 'w.prob > ' || wanted.prob ELSE 'true' END)
            || CASE WHEN @madlib@._on_greenplum() THEN ' DISTRIBUTED RANDOMLY' ELSE '' END
            USING names, counts, class_values;
    EXCEPTION WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
        PERFORM @madlib@._say_again(SQLERRM, detail, hint, SQLSTATE);
    END;
    IF jit = 'on' THEN PERFORM set_config('jit', 'on', true); END IF;
END $$;
COMMENT ON FUNCTION @madlib@._write_predictions(text, text, text, text, text, text[], integer[], text[],
    @madlib@._wanted) IS
    'internal: makes a table of predictions';

-- Checks the columns of a plain table and returns them.
CREATE FUNCTION @madlib@._plain_columns(module text, test text, written text, id_col text, independent_varname text,
        OUT id_name text, OUT columns text[])
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    part text;
BEGIN
    id_name := @madlib@._column_name(test, COALESCE(id_col, ''));
    IF NOT @madlib@._has_column(test, id_name) THEN
        RAISE EXCEPTION '% error: invalid id column (''%'') for test table (%).', module, id_col, written
            USING ERRCODE = 'undefined_column';
    END IF;
    columns := '{}';
    FOREACH part IN ARRAY @madlib@._split_names(COALESCE(independent_varname, '')) LOOP
        IF NOT @madlib@._has_column(test, @madlib@._column_name(test, part)) THEN
            RAISE EXCEPTION '% error: invalid independent_varname (''%'') for test table (%).', module, part, written
                USING ERRCODE = 'undefined_column';
        END IF;
        columns := columns || @madlib@._column_name(test, part);
    END LOOP;
END $$;
COMMENT ON FUNCTION @madlib@._plain_columns(text, text, text, text, text)
    IS 'internal: columns of a plain table, as they are named there';

-- The description of rows of a plain table, for an architecture whose inputs are named x1, x2, ...
CREATE FUNCTION @madlib@._plain_spec(shapes text[], counts integer[], normalizing_const double precision) RETURNS text
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT @madlib@._data_spec(
        (SELECT array_agg(@madlib@._column_spec('x' || s.nr, 'float32', translate(s.shape, '[] ', '{}')::integer[],
            1 / $3, false) ORDER BY s.nr)
         FROM unnest($1) WITH ORDINALITY AS s(shape, nr)),
        (SELECT array_agg(@madlib@._column_spec('y' || c.nr, 'float32', ARRAY[c.count], 1, true) ORDER BY c.nr)
         FROM unnest($2) WITH ORDINALITY AS c(count, nr)), 1, 1)
$$;
COMMENT ON FUNCTION @madlib@._plain_spec(text[], integer[], double precision)
    IS 'internal: the description of rows that are predicted';

CREATE FUNCTION @madlib@._query_columns(columns text[]) RETURNS text
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT string_agg(format('t.%I::real[] AS x%s', c.name, c.nr), ', ' ORDER BY c.nr)
    FROM unnest($1) WITH ORDINALITY AS c(name, nr)
$$;
COMMENT ON FUNCTION @madlib@._query_columns(text[]) IS
    'internal: columns of a table under the names that an architecture has for them';

CREATE FUNCTION @madlib@._predict(path text, model_table text, test_table text, id_col text, independent_varname text,
    output_table text,
        wanted @madlib@._wanted, use_gpus boolean, mst_key integer) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp SET client_min_messages = warning AS $$
DECLARE
    module CONSTANT text := 'madlib_keras_predict';
    model @madlib@._model;
    test text;
    output text;
    plain record;
    shapes text[];
    counts integer[];
    class_values text[] := '{}';
    one text;
    stage text;
    name text;
BEGIN
    -- Greenplum 6 has no initial values of rows
    model := @madlib@._open_model(path, module, model_table, mst_key);
    test := @madlib@._input_table(path, module, test_table);
    output := @madlib@._output_table(path, module, output_table);
    SELECT * INTO plain FROM @madlib@._plain_columns(module, test, test_table, id_col, independent_varname);
    PERFORM @madlib@._require_gpus(module, use_gpus);
    FOREACH name IN ARRAY model.targets LOOP
        one := NULL;
        name := @madlib@._known_name(model.summary, name) || '_class_values';
        IF @madlib@._has_column(model.summary, name) THEN
            EXECUTE format('SELECT s.%I::text[]::text FROM %s s LIMIT 1', name, model.summary) INTO one;
        END IF;
        class_values := class_values || NULLIF(NULLIF(one, '{NULL}'), '{}');
    END LOOP;
    IF model.native THEN
        -- what the columns go through before the model sees them is known to cerebro
        SELECT string_agg(quote_ident(c.name), ', ' ORDER BY c.nr) INTO one
            FROM unnest(plain.columns) WITH ORDINALITY AS c(name, nr);
        IF wanted.rank IS NOT NULL THEN
            PERFORM cerebro.predict(model.name, test, quote_ident(plain.id_name), one, output, wanted.rank, use_gpus,
                mst_key);
        ELSIF wanted.prob IS NOT NULL THEN
            PERFORM cerebro.predict(model.name, test, quote_ident(plain.id_name), one, output, wanted.prob, use_gpus,
                mst_key);
        ELSE
            PERFORM cerebro.predict(model.name, test, quote_ident(plain.id_name), one, output,
                CASE WHEN wanted.response THEN 'response' ELSE 'prob' END::text, use_gpus, mst_key);
        END IF;
        RETURN;
    END IF;
    counts := @madlib@._class_counts(model.model_arch, array_length(model.targets, 1));
    shapes := (@madlib@._plain_shapes(test, plain.columns)).shapes;
    PERFORM @madlib@._check_shapes(model.model_arch, shapes, plain.columns, test_table);
    stage := @madlib@._stage_model(@madlib@._home(output), model.model_arch, model.model_weights, model.compile_params,
        @madlib@._plain_spec(shapes, counts, COALESCE(model.normalizing_const, 1)));
    PERFORM @madlib@._write_predictions(stage, test, plain.id_name, @madlib@._query_columns(plain.columns),
        output, model.targets,
        counts, class_values, wanted);
    PERFORM @madlib@._drop(stage);
END $$;
COMMENT ON FUNCTION @madlib@._predict(text, text, text, text, text, text, @madlib@._wanted, boolean, integer) IS
    'internal: madlib_keras_predict, with the caller''s search_path';

CREATE FUNCTION @madlib@._predict_byom(path text, model_arch_table text, model_id integer, test_table text, id_col text,
        independent_varname text, output_table text, wanted @madlib@._wanted, use_gpus boolean, class_values text[],
        normalizing_const double precision, dependent_count integer) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp SET client_min_messages = warning AS $$
DECLARE
    module CONSTANT text := 'madlib_keras_predict_byom';
    arch_table text := @madlib@._input_table(path, module, model_arch_table);
    arch record;
    test text;
    output text;
    plain record;
    shapes text[];
    counts integer[];
    names text[];
    given text[];
    stage text;
    dependents integer := COALESCE(dependent_count, 1);
BEGIN
    SELECT * INTO arch FROM @madlib@._architecture(arch_table, model_arch_table, model_id);
    test := @madlib@._input_table(path, module, test_table);
    output := @madlib@._output_table(path, module, output_table);
    IF arch.model_weights IS NULL THEN
        RAISE EXCEPTION '%: Model weights and architecture should not be NULL.', module
            USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF normalizing_const <= 0 THEN
        RAISE EXCEPTION '% error: Normalizing constant has to be greater than 0.', module
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT * INTO plain FROM @madlib@._plain_columns(module, test, test_table, id_col, independent_varname);
    PERFORM @madlib@._require_gpus(module, use_gpus);
    shapes := (@madlib@._plain_shapes(test, plain.columns)).shapes;
    PERFORM @madlib@._check_shapes(arch.model_arch, shapes, plain.columns, test_table);
    counts := @madlib@._class_counts(arch.model_arch, dependents);
    SELECT array_agg(CASE dependents WHEN 1 THEN 'dependent_var' ELSE 'dependent_var_' || (i - 1) END ORDER BY i)
        INTO names
        FROM generate_series(1, dependents) AS s(i);
    FOR i IN 1 .. dependents LOOP
        given := given || (CASE WHEN class_values IS NULL THEN NULL
            ELSE (SELECT array_agg(CASE array_ndims(class_values) WHEN 2 THEN class_values[i][j]
                ELSE class_values[j] END ORDER BY j)
                  FROM generate_subscripts(class_values, array_ndims(class_values)) AS s(j))::text END);
        IF given[i] IS NOT NULL AND array_length(given[i]::text[], 1) <> counts[i]
                AND NOT (array_length(given[i]::text[], 1) > counts[i] AND dependents > 1) THEN
            RAISE EXCEPTION '%: The number of class values do not match the provided architecture.', module
                USING ERRCODE = 'invalid_parameter_value';
        END IF;
    END LOOP;
    stage := @madlib@._stage_model(@madlib@._home(output), arch.model_arch, arch.model_weights,
        'optimizer=''SGD'', loss=''' || CASE WHEN 1 = ANY (counts) THEN 'mse' ELSE 'categorical_crossentropy' END
            || '''',
        @madlib@._plain_spec(shapes, counts, COALESCE(normalizing_const, 1)));
    PERFORM @madlib@._write_predictions(stage, test, plain.id_name, @madlib@._query_columns(plain.columns),
        output, names, counts, given,
        wanted);
    PERFORM @madlib@._drop(stage);
END $$;
COMMENT ON FUNCTION @madlib@._predict_byom(text, text, integer, text, text, text, text, @madlib@._wanted, boolean,
    text[], double precision,
        integer) IS 'internal: madlib_keras_predict_byom, with the caller''s search_path';

CREATE FUNCTION @madlib@.madlib_keras_predict(model_table varchar, test_table varchar, id_col varchar,
    independent_varname varchar,
        output_table varchar, pred_type varchar DEFAULT 'prob', use_gpus boolean DEFAULT false,
            mst_key integer DEFAULT NULL) RETURNS void
    LANGUAGE sql VOLATILE AS $$
    SELECT @madlib@._predict(pg_catalog.current_setting('search_path'), $1::pg_catalog.text, $2::pg_catalog.text,
        $3::pg_catalog.text,
        $4::pg_catalog.text, $5::pg_catalog.text, @madlib@._pred_type('madlib_keras_predict'::pg_catalog.text,
            $6::pg_catalog.text), COALESCE($7, false), $8)
$$;
COMMENT ON FUNCTION @madlib@.madlib_keras_predict(varchar, varchar, varchar, varchar, varchar, varchar, boolean,
    integer) IS
    'predictions for the rows of a plain table: all classes, or with ''response'' the most probable one';

CREATE FUNCTION @madlib@.madlib_keras_predict(model_table varchar, test_table varchar, id_col varchar,
    independent_varname varchar,
        output_table varchar, pred_type integer, use_gpus boolean DEFAULT false, mst_key integer DEFAULT NULL)
            RETURNS void
    LANGUAGE sql VOLATILE AS $$
    SELECT @madlib@._predict(pg_catalog.current_setting('search_path'), $1::pg_catalog.text, $2::pg_catalog.text,
        $3::pg_catalog.text,
        $4::pg_catalog.text, $5::pg_catalog.text, @madlib@._pred_type('madlib_keras_predict'::pg_catalog.text, $6),
            COALESCE($7, false), $8)
$$;
COMMENT ON FUNCTION @madlib@.madlib_keras_predict(varchar, varchar, varchar, varchar, varchar, integer, boolean,
    integer) IS
    'predictions for the rows of a plain table: the pred_type most probable classes';

CREATE FUNCTION @madlib@.madlib_keras_predict(model_table varchar, test_table varchar, id_col varchar,
    independent_varname varchar,
        output_table varchar, pred_type double precision, use_gpus boolean DEFAULT false, mst_key integer DEFAULT NULL)
            RETURNS void
    LANGUAGE sql VOLATILE AS $$
    SELECT @madlib@._predict(pg_catalog.current_setting('search_path'), $1::pg_catalog.text, $2::pg_catalog.text,
        $3::pg_catalog.text,
        $4::pg_catalog.text, $5::pg_catalog.text, @madlib@._pred_type('madlib_keras_predict'::pg_catalog.text, $6),
            COALESCE($7, false), $8)
$$;
COMMENT ON FUNCTION @madlib@.madlib_keras_predict(varchar, varchar, varchar, varchar, varchar, double precision,
    boolean, integer) IS
    'predictions for the rows of a plain table: classes that are more probable than pred_type';

CREATE FUNCTION @madlib@.madlib_keras_predict_byom(model_arch_table varchar, model_id integer, test_table varchar,
    id_col varchar,
        independent_varname varchar, output_table varchar, pred_type varchar DEFAULT 'prob',
            use_gpus boolean DEFAULT NULL,
        class_values text[] DEFAULT NULL, normalizing_const double precision DEFAULT NULL,
            dependent_count integer DEFAULT 1) RETURNS void
    LANGUAGE sql VOLATILE AS $$
    SELECT @madlib@._predict_byom(pg_catalog.current_setting('search_path'), $1::pg_catalog.text, $2,
        $3::pg_catalog.text,
        $4::pg_catalog.text, $5::pg_catalog.text, $6::pg_catalog.text,
        @madlib@._pred_type('madlib_keras_predict_byom'::pg_catalog.text, $7::pg_catalog.text), COALESCE($8, false),
            $9, $10, $11)
$$;
COMMENT ON FUNCTION @madlib@.madlib_keras_predict_byom(varchar, integer, varchar, varchar, varchar, varchar, varchar,
    boolean, text[],
        double precision, integer)
            IS 'predictions by an architecture with its weights: all classes, or with ''response'' the most probable '
                'one';

CREATE FUNCTION @madlib@.madlib_keras_predict_byom(model_arch_table varchar, model_id integer, test_table varchar,
    id_col varchar,
        independent_varname varchar, output_table varchar, pred_type integer, use_gpus boolean DEFAULT NULL,
        class_values text[] DEFAULT NULL, normalizing_const double precision DEFAULT NULL,
            dependent_count integer DEFAULT 1) RETURNS void
    LANGUAGE sql VOLATILE AS $$
    SELECT @madlib@._predict_byom(pg_catalog.current_setting('search_path'), $1::pg_catalog.text, $2,
        $3::pg_catalog.text,
        $4::pg_catalog.text, $5::pg_catalog.text, $6::pg_catalog.text,
        @madlib@._pred_type('madlib_keras_predict_byom'::pg_catalog.text, $7), COALESCE($8, false), $9, $10, $11)
$$;
COMMENT ON FUNCTION @madlib@.madlib_keras_predict_byom(varchar, integer, varchar, varchar, varchar, varchar, integer,
    boolean, text[],
        double precision, integer)
            IS 'predictions by an architecture with its weights: the pred_type most probable classes';

CREATE FUNCTION @madlib@.madlib_keras_predict_byom(model_arch_table varchar, model_id integer, test_table varchar,
    id_col varchar,
        independent_varname varchar, output_table varchar, pred_type double precision, use_gpus boolean DEFAULT NULL,
        class_values text[] DEFAULT NULL, normalizing_const double precision DEFAULT NULL,
            dependent_count integer DEFAULT 1) RETURNS void
    LANGUAGE sql VOLATILE AS $$
    SELECT @madlib@._predict_byom(pg_catalog.current_setting('search_path'), $1::pg_catalog.text, $2,
        $3::pg_catalog.text,
        $4::pg_catalog.text, $5::pg_catalog.text, $6::pg_catalog.text,
        @madlib@._pred_type('madlib_keras_predict_byom'::pg_catalog.text, $7), COALESCE($8, false), $9, $10, $11)
$$;
COMMENT ON FUNCTION @madlib@.madlib_keras_predict_byom(varchar, integer, varchar, varchar, varchar, varchar,
    double precision, boolean, text[],
        double precision, integer)
            IS 'predictions by an architecture with its weights: classes that are more probable than pred_type';
