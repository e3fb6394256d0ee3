-- Random calls of all functions of the extension, from pg_proc. psql variables: calls, seed. Makes the table
-- rc_calls(n, name, statement, commits): the
-- same for the same seed, server version and functions.
--
-- An argument is, mostly, something that makes sense for an argument of its name (rc_likely), else anything of its
-- type (rc_pool): NULL, wrong, extreme.
\set ON_ERROR_STOP 1
SET client_min_messages = error;
CREATE TABLE rc_pool (type text, value text);
INSERT INTO rc_pool SELECT t, v FROM unnest(ARRAY['text', 'character varying']) t, unnest(ARRAY[
    $v$NULL$v$, $v$''$v$, $v$' '$v$, $v$'no_such'$v$, $v$'points'$v$, $v$'packed'$v$, $v$'models'$v$,
        $v$'pg_catalog.pg_class'$v$, $v$'a.b.c.d'$v$, $v$'"'$v$, $v$'"odd ""name"'$v$,
    $v$'public."x'$v$, $v$repeat('n', 100)$v$, $v$repeat('[', 100000)$v$, $v$repeat('{"a":', 5000)$v$,
        $v$repeat('é', 3000)$v$, $v$'{}'$v$, $v$'[]'$v$, $v$'null'$v$, $v$'[null]'$v$, $v$'{"a": {"b": []}}'$v$,
    $v$'1e400'$v$, $v$'-1'$v$, $v$'0'$v$, $v$'2147483648'$v$, $v$'NaN'$v$, $v$'{1,2'$v$, $v$'{NULL}'$v$, $v$'{-1}'$v$,
        $v$'{2147483647}'$v$, $v$'é中'$v$, $v$'%s%n'$v$, $v$E'a\nb\t\001'$v$, $v$'; DROP TABLE points'$v$, $v$'$$'$v$,
    $v$'x, y'$v$, $v$'*'$v$, $v$'id'$v$, $v$'label'$v$, $v$'SELECT 1'$v$, $v$'SELECT * FROM points'$v$, $v$'true'$v$,
        $v$'optimizer=''Adam(lr=1e-300)'',loss=''mse'''$v$, $v$'batch_size=2147483647'$v$, $v$'postgres'$v$,
    $v$(SELECT data_spec::text FROM packed_summary)$v$,
        $v$(SELECT left(data_spec::text, 40) FROM packed_summary)$v$]) v;
INSERT INTO rc_pool SELECT 'bigint', v FROM unnest(ARRAY['NULL', '0', '1', '2', '3', '7', '-1', '100000',
    '2147483647', '2147483648', '-2147483649', '9223372036854775807', '(-9223372036854775807 - 1)']) v;
INSERT INTO rc_pool SELECT 'integer', v FROM unnest(ARRAY['NULL', '0', '1', '2', '3', '-1', '65536', '2147483647',
    '(-2147483647 - 1)']) v;
INSERT INTO rc_pool SELECT 'oid', v FROM unnest(ARRAY['NULL', '0', '1259', '4294967295',
    '(SELECT object FROM rc_objects LIMIT 1)']) v;
INSERT INTO rc_pool SELECT 'boolean', v FROM unnest(ARRAY['NULL', 'true', 'false']) v;
INSERT INTO rc_pool SELECT 'double precision', v FROM unnest(ARRAY['NULL', '0', '-0.0', '1', '0.5', '1e308', '-1e308',
    '5e-324', '''NaN''', '''Infinity''', '''-Infinity''']) v;
INSERT INTO rc_pool SELECT 'real', v FROM unnest(ARRAY['NULL', '0', '1', '-1', '3e38', '1e-45', '''NaN''',
    '''Infinity''']) v;
INSERT INTO rc_pool SELECT 'numeric', v FROM unnest(ARRAY['NULL', '0', '1e1000', '-1e-1000', '''NaN''', '12.5']) v;
INSERT INTO rc_pool SELECT 'bytea', v FROM unnest(ARRAY['NULL', '''\x''', '''\x00''', '''\xffffffffffffffff''',
    'decode(repeat(''ff'', 1000), ''hex'')', 'decode(md5(''a''), ''hex'')',
    '(SELECT state FROM rc_states)', '(SELECT substr(state, 1, 100) FROM rc_states)', '(SELECT data FROM rc_model)',
        '(SELECT substr(data, 1, 64) FROM rc_model)', '(SELECT data FROM rc_files LIMIT 1)',
    '(SELECT x FROM packed LIMIT 1)', '(SELECT label FROM packed LIMIT 1)', 'decode(repeat(''00'', 4096), ''hex'')']) v;
INSERT INTO rc_pool SELECT 'interval', v FROM unnest(ARRAY['NULL', '''0''', '''-1 s''', '''1 s''', '''1 day''',
    '''170000000 years''', '''0.0001 s''']) v;
INSERT INTO rc_pool SELECT t, v FROM unnest(ARRAY['json', 'jsonb']) t, unnest(ARRAY['NULL', '''{}''', '''[]''',
    '''null''', '''"x"''', '''1e300''', '''{"class_name": "Sequential", "config": []}''',
    '''{"class_name": "Sequential", "config": [{"class_name": "Dense", "config": {"name": "d", "units": 2147483647,
        "batch_input_shape": [null, 2147483647]}}]}''',
    '''{"class_name": "Model", "config": {"layers": [], "input_layers": [], "output_layers": []}}''',
        '''{"a": [[[[{}]]]]}''', '(repeat(''['', 3000) || repeat('']'', 3000))']) v;
INSERT INTO rc_pool SELECT 'integer[]', v FROM unnest(ARRAY['NULL', '''{}''', '''{1}''', '''{NULL}''', '''{1,2}''',
    '''{0,-1}''', '''{{1,2},{3,4}}''', '''[5:6]={1,2}''', '''{2147483647}''',
    'ARRAY(SELECT generate_series(1, 3000))']) v;
INSERT INTO rc_pool SELECT t, v FROM unnest(ARRAY['text[]', 'character varying[]']) t, unnest(ARRAY['NULL', '''{}''',
    '''{NULL}''', '''{""}''', '''{in}''', '''{out,in}''', '''{{a,b},{c,d}}''', '''[3:3]={in}''']) v;
INSERT INTO rc_pool SELECT t, v FROM unnest(ARRAY['real[]', 'double precision[]']) t, unnest(ARRAY['NULL', '''{}''',
    '''{1,2,3,4}''', '''{NULL,1}''', '''{NaN,Infinity,-Infinity,0}''', '''{{1},{2}}''', '''[0:3]={1,2,3,4}''']) v;
INSERT INTO rc_pool SELECT 'record', v FROM unnest(ARRAY['NULL', 'ROW()', 'ROW(NULL)', 'ROW(1, ''a''::text)',
    'ROW(ARRAY[1, 2, 3, 4]::real[], ''1''::text)', 'ROW(ARRAY[1, 2, 3, 4]::real[])', 'ROW(ROW(1), NULL::integer[])',
    '(SELECT t FROM points t LIMIT 1)', '(SELECT t FROM points t WHERE false)', '(SELECT t FROM packed t LIMIT 1)',
        '(SELECT t FROM images t LIMIT 1)']) v;
INSERT INTO rc_pool SELECT 'anyarray', v FROM unnest(ARRAY['NULL::integer[]', '''{}''::integer[]', '''{1}''::text[]',
    '''{{1,2},{3,4}}''::real[]', '''{NULL}''::bytea[]']) v;
INSERT INTO rc_pool SELECT 'anyelement', v FROM unnest(ARRAY['NULL::integer', '1', '''a''::text', '''\x01''::bytea',
    '''2024-01-01''::date', '''NaN''::float8', 'ROW(1)', 'ARRAY[1]', '''infinity''::timestamptz']) v;

-- what an argument of this name could be
CREATE TABLE rc_likely (argument text, value text, nth bigint);
INSERT INTO rc_likely SELECT a, v, nth FROM (VALUES
    ('madlib_table', ARRAY['''mpacked''', '''mmodels''', '''msingle''']), ('object_table', ARRAY['''rc_custom''']),
    ('source', ARRAY['''def f(y_true, y_pred): return y_true - y_pred''', '''def f(y_true, y_pred): return torch.rand([2])''']),
    ('object', ARRAY['convert_to(''def f(y_true, y_pred): return y_true - y_pred'', ''UTF8'')',
        'decode(''80027d00282e'', ''hex'')', '(SELECT object FROM madlib.rc_custom LIMIT 1)',
        'decode(''504b0304'', ''hex'') || (SELECT data FROM rc_files LIMIT 1)']),
    ('automl_method', ARRAY['''hyperband''', '''hyperopt''']), ('automl_params', ARRAY['''R=3, eta=3, skip_last=0''',
        '''num_configs=2, num_iterations=1, algorithm=rand''']), ('k', ARRAY['2']), ('normalizing_const', ARRAY['1', '10']),
    ('metrics_compute_frequency', ARRAY['1']), ('use_gpus', ARRAY['false']),
    ('source_table', ARRAY['''packed''', '''packed''', '''columns''', '''points''', '''grouped''', '''mpacked''', '''mpacked_val''',
        '''packed_images''', '''points_view''', '''no_rows''', '''"odd ""name"''']),
    ('packed_table', ARRAY['''packed''', '''columns''', '''packed_val''', '''grouped''']),
        ('training_preprocessor_table', ARRAY['''packed''', '''columns''', '''grouped''']),
    ('test_table', ARRAY['''packed''', '''packed_val''', '''mpacked_val''', '''points''', '''columns_val''']), ('validation_table',
        ARRAY['''packed_val''', '''columns_val''', '''packed''']),
    ('model_output_table', ARRAY['''models''', '''rc_out''', '''rc_out''', '''begun''', '''durable''', '''searched''',
        '''group_models''']),
    ('output_table', ARRAY['''rc_out''']), ('model_table', ARRAY['''models''', '''models''', '''mmodels''', '''msingle''', '''searched''',
        '''group_models''', '''archs''', '''durable''']),
    ('model_arch_table', ARRAY['''archs''', '''archs''', '''rc_archs''']), ('model_selection_table',
        ARRAY['''configs''', '''configs''', '''mconfigs''', '''group_configs''', '''rc_configs''']),
    ('run', ARRAY['''begun''', '''durable''', '''searched''', '''models''']), ('action', ARRAY['''stop''',
        '''resume''', '''delete''', '''clone''', '''add''', '''finish''', '''reprioritise''']),
    ('name', ARRAY['''stump''', '''models''', '''rc_name''', '''durable''']), ('new_name', ARRAY['''rc_new''',
        '''stump''']), ('role', ARRAY['''rc_reader''', '''public''']),
    ('model', ARRAY['''stump''', '''stump''', '''models''', '''group_models''', '(SELECT data FROM rc_model)']),
        ('model_version', ARRAY['''stump@1''', '''stump:1''', '''stump''']), ('version', ARRAY['1']), ('note',
        ARRAY['''a note''']),
    ('num_iterations', ARRAY['1', '1', '2']), ('iterations', ARRAY['1', '2']), ('workers', ARRAY['0', '0', '0', '1',
        '2']), ('seed', ARRAY['1', '-1']), ('mst_key', ARRAY['1', '2', '1']), ('model_id', ARRAY['1', '2', '3']),
    ('model_id_list', ARRAY['''{1}''', '''{1,2}''', '''{2}''']), ('compile_params_list',
        ARRAY['ARRAY[''optimizer=''''SGD(lr=0.1)'''',loss=''''mse'''''']']), ('fit_params_list',
        ARRAY['''{batch_size=8}''']),
    ('compile_params', ARRAY['''optimizer=''''Adam(lr=0.01)'''',loss=''''categorical_crossentropy''''''']),
        ('fit_params', ARRAY['''batch_size=8''', '''batch_size=16,epochs=2''']),
    ('compile_params_grid',
        ARRAY['$${''loss'': [''categorical_crossentropy''], ''metrics'': [''accuracy''],
            ''optimizer_params_list'': [{''optimizer'': [''SGD'', ''Adam''], ''lr'': [0.001, 0.1, ''log'']}]}$$']),
    ('fit_params_grid', ARRAY['$${''batch_size'': [8, 16]}$$']), ('search_type', ARRAY['''grid''', '''random''']),
        ('num_configs', ARRAY['2']), ('random_state', ARRAY['1']),
    ('search', ARRAY['''{"policy": "random", "max_models": 2}''', '''{"policy": "tpe", "max_models": 3}''',
        '''{"policy": "gp", "max_models": 3}''', '''{"policy": "hyperband"}''',
        '''{"policy": "pbt", "population": 2}''',
                    '''{"policy": "asha", "max_models": -1}''', '''{"policy": "bohb", "max_models": 1e30}''',
                        '''{"policy": "random", "time_budget": 0}''']),
    ('early_stopping', ARRAY['''{"patience": 1}''', '''{"monitor": "loss"}''',
        '''{"monitor": "validation_loss", "patience": 2}''']), ('halving', ARRAY['''{"factor": 2}''',
        '''{"factor": 3, "min_iterations": 1}''']),
    ('dependent_varname', ARRAY['''label''', '''y''', '''label''', '''kind''']), ('independent_varname',
        ARRAY['''x''', '''x''', '''word, kind''', '''*''']), ('id_col', ARRAY['''id''']), ('label', ARRAY['''label''',
        '''y''']),
    ('exclude', ARRAY['''id''', '''{id,day}''']), ('preprocess', ARRAY['''auto''',
        '''{"kind": {"encode": "target"}}''', '''{"y": {"scale": "robust", "clip": 0.1}}''']), ('grouping_cols',
        ARRAY['''kind''', '''kind, word''']),
    ('split_column', ARRAY['''word''', '''id''']), ('split_by_time', ARRAY['''day''']), ('validation_fraction',
        ARRAY['0.2', '0.5']), ('folds', ARRAY['2', '3']), ('num_partitions', ARRAY['2', '1', '3']), ('buffer_size',
        ARRAY['16', '1']),
    ('num_classes', ARRAY['''{3}''', '''{4}''']), ('dependent_type', ARRAY['''real''', '''class''']), ('shapes',
        ARRAY['''{"x": [2, 2]}''']), ('dtypes', ARRAY['''{"x": "float32"}''']), ('sample_weight', ARRAY['''y''',
        '''kind''']),
    ('pred_type', ARRAY['''prob''', '''response''', '2', '0.5']), ('metric', ARRAY['''accuracy''', '''loss''']),
        ('format', ARRAY['''text''', '''json''', '''safetensors''', '''onnx''', '''keras''', '''tfjs''', '''h5''']),
    ('naming', ARRAY['''keras''', '''torch''']), ('data',
        ARRAY['(SELECT data FROM rc_files WHERE format = ''safetensors'')',
        '(SELECT data FROM rc_files WHERE format = ''onnx'')', '(SELECT data FROM rc_files WHERE format = ''keras'')',
              '(SELECT object FROM rc_objects LIMIT 1)', '(SELECT x FROM packed LIMIT 1)']),
    ('layer', ARRAY['''in''', '''out''']), ('layers', ARRAY['''{in}''', '''{in,out}''']), ('hidden',
        ARRAY['''{4}''::text', 'ARRAY[4]', '8']), ('units', ARRAY['ARRAY[4]']), ('filters', ARRAY['ARRAY[2]',
        '''{2,2}''::text']),
    ('dropout', ARRAY['0.5', 'ARRAY[0, 0.5]']), ('batch_norm', ARRAY['true', 'ARRAY[true, false]']), ('activation',
        ARRAY['''relu''::text', 'ARRAY[''tanh'']']), ('kernel_size', ARRAY['1', '3']),
    ('query', ARRAY['''SELECT x FROM points''', '''SELECT * FROM points LIMIT 2''', '''SELECT NULL''', '''SELECT''']),
        ('row_value', ARRAY['ROW(ARRAY[1, 2, 3, 4]::real[])', '(SELECT t FROM points t LIMIT 1)',
        'ROW(ARRAY[1, 2, 3, 4]::real[], ''1''::text)']),
    ('row_or_columns', ARRAY['ARRAY[1, 2, 3, 4]::real[]', '(SELECT t FROM points t LIMIT 1)']), ('columns',
        ARRAY['ARRAY[1, 2, 3, 4]::real[]']),
    ('data_spec', ARRAY['(SELECT data_spec::text FROM packed_summary)',
        '(SELECT data_spec::text FROM columns_summary)']), ('state', ARRAY['(SELECT state FROM rc_states)']),
    ('width', ARRAY['60', '20']), ('height', ARRAY['10', '5']), ('repeats', ARRAY['1', '2']), ('time_budget',
        ARRAY['''1 s''']), ('max_models', ARRAY['2']), ('model_arch', ARRAY['(SELECT model_arch FROM archs LIMIT 1)']),
    ('model_weights', ARRAY['(SELECT model_weights FROM models LIMIT 1)']), ('from_weights', ARRAY['true']),
        ('max_groups', ARRAY['10']), ('min_rows', ARRAY['2'])) l (a, list), unnest(list) WITH ORDINALITY v (v, nth);
-- and what makes a call of this function succeed, where the first of those does not
CREATE TABLE rc_right (name text, argument text, value text);
INSERT INTO rc_right SELECT n, a, v FROM (VALUES
    ('training_preprocessor_dl validation_preprocessor_dl append_rows train refresh', 'source_table', '''points'''),
    ('predict extract_features', 'test_table', '''points'''), ('extract_features', 'source_table', '''points'''),
    ('fit fit_multiple_model explain_fit_multiple_model search replay', 'model_output_table', '''rc_out'''),
    ('load_model_selection_table generate_model_configs', 'model_selection_table', '''rc_configs'''),
    ('group_leaderboard refresh', 'model_output_table', '''group_models'''), ('advance', 'num_iterations', '3'),
    ('advance', 'model_output_table', '''begun'''), ('replay', 'run', '''durable'''),
    ('importance', 'run', '''searched'''), ('register', 'name', '''rc_name'''), ('train', 'name', '''rc_name'''),
    ('drop_run rename_run', 'name', '''models'''), ('freeze_variants adapter_variants', 'model_id', '1'),
    ('cnn', 'source_table', '''packed_images'''), ('rnn', 'sequence_shape', '''{4,1}''::text'),
    ('wide_deep', 'source_table', '''columns'''), ('give_model share unshare', 'role', '''rc_reader'''),
    ('_only_label', 'label', 'ARRAY[1]'), ('_pack_row _pack_row_of _row_fault', 'row_value',
        'ROW(ARRAY[1, 2, 3, 4]::real[], ''1''::text)'), ('_value_range', 'elements', '''{0,4}'''),
    ('_value_range', 'value_precision', '''float32'''), ('_value_range', 'data', '(SELECT x FROM packed LIMIT 1)'),
    ('_pack_column', 'row_bytes', '16'), ('_pack_column', 'first', '4'), ('_pack_column', 'width', '4'),
    ('_pack_column', 'data', '(SELECT x FROM packed LIMIT 1)'), ('export_model export_model_lo', 'format', '''onnx'''),
    ('features', 'layer', '''in'''), ('predict_pinned predict_number_pinned predict_vector_pinned', 'model_version',
        '''stump@1'''), ('_buffer_digest', 'standardized', '''f'''), ('_buffer_digest', 'data',
        '(SELECT x FROM packed LIMIT 1), (SELECT label FROM packed LIMIT 1)'), ('predict_table', 'query',
        '''SELECT x FROM points'''),
    ('madlib_keras_fit madlib_keras_fit_multiple_model madlib_keras_automl', 'source_table', '''mpacked'''),
    ('madlib_keras_fit_multiple_model', 'model_selection_table', '''mconfigs'''),
    ('madlib_keras_automl', 'model_selection_table', '''rc_configs'''),
    ('madlib_keras_fit_multiple_model madlib_keras_automl', 'model_output_table', '''rc_out'''),
    ('madlib_keras_fit', 'model', '''rc_out'''), ('madlib_keras_evaluate madlib_keras_predict', 'model_table', '''mmodels'''),
    ('madlib_keras_predict madlib_keras_predict_byom', 'test_table', '''points'''),
    ('madlib_keras_evaluate', 'test_table', '''mpacked_val'''), ('load_custom_function load_keras_model', 'name', '''rc_name''')) r (names, a, v), unnest(string_to_array(names, ' ')) n;
-- values of an aggregate's rows
CREATE TABLE rc_of_row (argument text, value text);
INSERT INTO rc_of_row VALUES ('partition_id', 'p.partition_id'), ('buffer_id', 'p.buffer_id'), ('data',
    'p.x, p.label'), ('data', 'p.label, p.x'), ('data', 'p.x'), ('data', 'p.x, p.label, p.x');

CREATE FUNCTION rc_pick(list text[]) RETURNS text LANGUAGE sql VOLATILE
    AS $$ SELECT list[1 + floor(random() * cardinality(list))::int] $$;
CREATE FUNCTION rc_anything() RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    of_type text := rc_pick(ARRAY['text', 'bigint', 'integer', 'boolean', 'double precision', 'real', 'numeric',
        'bytea', 'interval', 'jsonb', 'integer[]', 'text[]', 'real[]', 'record', 'anyelement', 'anyarray', 'unknown']);
    value text;
BEGIN
    IF of_type = 'unknown' THEN RETURN rc_pick(ARRAY['NULL', '''a''', '''1''']); END IF;
    value := rc_pick(ARRAY(SELECT p.value FROM rc_pool p WHERE type = of_type ORDER BY 1));
    RETURN CASE WHEN of_type IN ('record', 'anyelement', 'anyarray') THEN CASE value WHEN 'NULL' THEN 'NULL::record'
        ELSE value END ELSE format('(%s)::%s', value, of_type) END;
END $$;
CREATE FUNCTION rc_argument(function text, argument text, of_type text, aggregate boolean, wrong float8) RETURNS text
    LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    likely text[] := ARRAY(SELECT l.value FROM rc_likely l WHERE l.argument = rc_argument.argument ORDER BY nth);
    value text;
BEGIN
    IF aggregate AND random() >= wrong THEN
        value := rc_pick(ARRAY(SELECT r.value FROM rc_of_row r WHERE r.argument = rc_argument.argument ORDER BY 1));
        IF value IS NOT NULL THEN RETURN value; END IF;
    END IF;
    SELECT r.value INTO value FROM rc_right r WHERE function IN ('cerebro.' || r.name, 'madlib.' || r.name) AND r.argument = rc_argument.argument;
    IF value IS NOT NULL THEN likely := value || likely; END IF;
    IF cardinality(likely) > 0 AND random() >= wrong THEN
        value := CASE WHEN random() >= wrong THEN likely[1] ELSE rc_pick(likely) END;
        RETURN CASE WHEN of_type IN ('"any"', 'anyarray', 'anyelement', 'record') THEN value ELSE format('(%s)',
            value) END;
    END IF;
    IF of_type = '"any"' THEN
        IF argument ~ '^(data|row_or_columns|columns)$' THEN
            IF random() < 0.1 THEN RETURN 'VARIADIC ' || rc_pick(ARRAY['ARRAY[1, 2]', 'NULL::text[]',
                '''{}''::real[]', 'ARRAY[''a'', NULL]', '''{{1,2},{3,4}}''::real[]', '3']); END IF;
            RETURN (SELECT string_agg(rc_anything(), ', ') FROM generate_series(1, 1 + floor(random() * 4)::int));
        END IF;
        RETURN rc_anything();
    ELSIF of_type = 'internal' THEN RETURN 'NULL::internal';
    END IF;
    value := rc_pick(ARRAY(SELECT p.value FROM rc_pool p WHERE type = of_type ORDER BY 1));
    IF of_type IN ('record', 'anyarray', 'anyelement') THEN RETURN CASE value WHEN 'NULL' THEN 'NULL::record'
        ELSE value END; END IF;
    RETURN format('(%s)::%s', coalesce(value, 'NULL'), of_type);
END $$;

CREATE TABLE rc_functions AS
SELECT row_number() OVER (ORDER BY 'internal'::regtype = ANY (p.proargtypes), n.nspname, p.proname,
    pg_get_function_identity_arguments(p.oid)) AS k,
       'internal'::regtype = ANY (p.proargtypes) AS internal,
    format('%I.%I', n.nspname, p.proname) AS name, p.prokind AS kind,
       p.pronargs - p.pronargdefaults AS required, p.provariadic <> 0 AS variadic,
           p.prorettype = 'record'::regtype AND p.proargmodes IS NULL AS columns_asked,
       ARRAY(SELECT coalesce(p.proargnames[i], '') FROM generate_series(1, coalesce(cardinality(p.proallargtypes),
           p.pronargs)) i
             WHERE coalesce(p.proargmodes[i], 'i') IN ('i', 'b', 'v') ORDER BY i) AS names,
       ARRAY(SELECT format_type(p.proargtypes[i], NULL) FROM generate_series(0, p.pronargs - 1) i ORDER BY i) AS types
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname IN ('cerebro',
    'cerebro_run', 'madlib') AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype);

CREATE FUNCTION rc_call(f rc_functions) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    arguments text := '';
    value text;
    named boolean := false;
    -- some calls are right but for one thing or two, others are wild
    wrong float8 := (ARRAY[0.02, 0.1, 0.4])[1 + floor(random() * 3)::int];
BEGIN
    FOR i IN 1 .. cardinality(f.types) LOOP
        IF i > f.required AND NOT f.variadic THEN
            -- what has a default is named, and mostly left out
            CONTINUE WHEN random() > 0.25 OR f.names[i] = '';
            named := true;
        END IF;
        value := rc_argument(f.name, f.names[i], f.types[i], f.kind = 'a', wrong);
        IF f.variadic AND i = cardinality(f.types) AND random() < 0.03 THEN CONTINUE; END IF;
        arguments := arguments || CASE arguments WHEN '' THEN '' ELSE ', ' END || CASE WHEN named
            THEN format('%I => ', f.names[i]) ELSE '' END || value;
    END LOOP;
    CASE
    WHEN f.kind = 'p' THEN RETURN format('CALL %s(%s)', f.name, arguments);
    WHEN f.kind = 'a' THEN
        CASE floor(random() * 8)::int
        WHEN 0 THEN RETURN format('SELECT %s(%s) OVER (ORDER BY p.buffer_id) FROM packed p', f.name, arguments);
        WHEN 1 THEN RETURN format('SELECT %s(%s) FILTER (WHERE false) FROM packed p', f.name, arguments);
        WHEN 2 THEN RETURN format('SELECT %s(DISTINCT %s) FROM packed p', f.name, arguments);
        WHEN 3 THEN RETURN format('SELECT %s(%s) FROM packed p GROUP BY p.partition_id', f.name, arguments);
        WHEN 4 THEN RETURN format('SELECT %s(%s) FROM packed p WHERE false', f.name, arguments);
        ELSE RETURN format('SELECT %s(%s ORDER BY p.buffer_id) FROM packed p WHERE p.partition_id = 0', f.name,
            arguments);
        END CASE;
    WHEN f.columns_asked THEN RETURN format('SELECT * FROM %s(%s) AS t(%s)', f.name, arguments,
        rc_pick(ARRAY['a text', 'x real[], prediction text', 'x real[], prediction double precision',
        'a bytea, b integer', 'prediction text']));
    ELSE
        CASE floor(random() * 6)::int
        WHEN 0 THEN RETURN format('SELECT %s(%s) FROM generate_series(1, 3)', f.name, arguments);
        WHEN 1 THEN RETURN format('SELECT (%s(%s)) IS NULL', f.name, arguments);
        WHEN 2 THEN RETURN format('SELECT count(*) FROM (SELECT %s(%s) OFFSET 0) t', f.name, arguments);
        WHEN 3 THEN RETURN format('SELECT %s(%s)', f.name, arguments);
        ELSE RETURN format('SELECT * FROM %s(%s)', f.name, arguments);
        END CASE;
    END CASE;
END $$;

-- some calls run under a setting of the extension that is as small or as large as can be
CREATE TABLE rc_settings AS
SELECT row_number() OVER (ORDER BY name, v) AS k, format('SET LOCAL %s = %L; ', name, v) AS setting
FROM pg_settings s, unnest(CASE vartype WHEN 'enum' THEN enumvals WHEN 'bool' THEN '{on,off}' WHEN 'string'
    THEN '{"",no_such}' ELSE ARRAY[min_val, max_val] END) v
WHERE name LIKE 'cerebro.%' AND context IN ('user', 'superuser');

SELECT setseed(((:seed % 1000) / 1000.0)::float8);
CREATE TABLE rc_calls (n integer PRIMARY KEY, name text, statement text, setting text, commits boolean);
-- Every function in turn, so that each is called as often as any. Those that take what no statement can give are tried
-- once.
DO $do$
DECLARE
    functions bigint := (SELECT count(*) FROM rc_functions WHERE NOT internal);
    internals bigint := (SELECT count(*) FROM rc_functions WHERE internal);
    settings bigint := (SELECT count(*) FROM rc_settings);
    f rc_functions;
BEGIN
    FOR i IN 1 .. current_setting('rc.calls')::int LOOP
        SELECT * INTO f FROM rc_functions
            WHERE k = CASE WHEN i <= internals THEN functions + i ELSE 1 + (i - 1) % functions END;
        INSERT INTO rc_calls VALUES (i, f.name, rc_call(f),
            CASE WHEN settings > 0 AND f.kind <> 'p' AND random() < 0.08 THEN (SELECT setting FROM rc_settings
            WHERE k = 1 + floor(random() * settings)::int) END,
            f.kind = 'p' OR random() < 0.05);
    END LOOP;
END $do$;
CREATE TABLE rc_log (n integer, sqlstate text, message text);
-- what calls may have left in the way of the next ones
CREATE FUNCTION rc_drop() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT relname FROM pg_class WHERE relname LIKE 'rc\_out%' AND relkind IN ('r',
        'v') AND pg_table_is_visible(oid) LOOP
        EXECUTE format('DROP %s IF EXISTS %I CASCADE', (SELECT CASE relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END
            FROM pg_class WHERE relname = name), name);
    END LOOP;
END $$;
-- behind a call that has committed nothing, or has failed, nothing is left
CREATE FUNCTION rc_left() RETURNS SETOF text LANGUAGE sql AS $$
    SELECT 'relation ' || c.relname FROM pg_class c WHERE c.relname LIKE 'rc_out%'
    UNION ALL SELECT 'lock ' || locktype || ' ' || mode FROM pg_locks
        WHERE pid = pg_backend_pid() AND locktype NOT IN ('virtualxid', 'relation', 'transactionid')
    UNION ALL SELECT 'worker ' || pid FROM pg_stat_activity
        WHERE leader_pid = pg_backend_pid() AND backend_type = 'parallel worker'
$$;
