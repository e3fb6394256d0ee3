-- Mutations of everything that the extension stores and reads again: a value of a table, or an argument, is edited,
-- then something uses it, then all is
-- as it was. rm_try(n) does the nth mutation, which is the same in every run, and writes how it ended.
--
-- psql variable: seed.
\set ON_ERROR_STOP 1
SET client_min_messages = error;
CREATE TABLE rm_seed AS SELECT :seed AS seed;
CREATE FUNCTION rm_draw(salt text,
    below bigint) RETURNS bigint LANGUAGE sql STABLE AS $$ SELECT ('x' || substr(md5(salt), 1,
        12))::bit(48)::bigint % greatest(below, 1) $$;
CREATE FUNCTION rm_text(original text, salt text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    at integer := 1 + rm_draw(salt || 'at', length(original));
    parts text[];
    numbers text[];
    odd text[] := ARRAY['0', '-1', '1', '1048576', '2147483647', '2147483648', '1099511627776', '9223372036854775807',
        '9223372036854775808', '1e300', '0.5', '-0', 'NaN', 'Infinity', 'null', '"x"', '[]', '{}', '7', '""', 'NULL'];
    result text;
BEGIN
    CASE rm_draw(salt || 'kind', 7)
    WHEN 0 THEN RETURN overlay(original placing chr(32 + rm_draw(salt || 'char', 95)::integer) from at for 1);
    WHEN 1 THEN RETURN overlay(original placing '' from at for 1 + rm_draw(salt || 'length', 30)::integer);
    WHEN 2 THEN RETURN left(original, at) || substr(original, at - least(at - 1, rm_draw(salt || 'length',
        40)::integer));  -- repeated
    ELSE
        -- a number, or a quoted word, becomes another
        IF original !~ '[0-9]' OR rm_draw(salt || 'word', 4) = 0 THEN
            parts := regexp_split_to_array(original, '"[^"]*"');
            numbers := ARRAY(SELECT m[1] FROM regexp_matches(original, '("[^"]*")', 'g') m);
        ELSE
            parts := regexp_split_to_array(original, '[0-9]+');
            numbers := ARRAY(SELECT m[1] FROM regexp_matches(original, '([0-9]+)', 'g') m);
        END IF;
        IF cardinality(numbers) = 0 THEN RETURN odd[1 + rm_draw(salt || 'odd', cardinality(odd))]; END IF;
        at := 1 + rm_draw(salt || 'number', cardinality(numbers));
        result := parts[1];
        FOR i IN 1 .. cardinality(numbers) LOOP
            result := result || CASE WHEN i = at THEN odd[1 + rm_draw(salt || 'odd', cardinality(odd))]
                ELSE numbers[i] END || parts[i + 1];
        END LOOP;
        RETURN result;
    END CASE;
END $$;
CREATE FUNCTION rm_bytes(original bytea, salt text) RETURNS bytea LANGUAGE plpgsql AS $$
DECLARE
    result bytea := original;
    -- most formats have their sizes at the front
    reach integer := CASE rm_draw(salt || 'reach', 2) WHEN 0 THEN least(length(original), 256)
        ELSE length(original) END;
    at integer;
BEGIN
    FOR i IN 0 .. rm_draw(salt || 'times', 3) LOOP
        EXIT WHEN length(result) = 0;
        at := rm_draw(salt || 'at' || i, least(reach, length(result)));
        CASE rm_draw(salt || 'kind' || i, 7)
        WHEN 0 THEN result := substr(result, 1, at);
        WHEN 1 THEN result := substr(result, 1, at) || decode(md5(salt), 'hex') || substr(result, at + 1);
        WHEN 2 THEN result := substr(result, 1, at) || substr(result, at + 1 + rm_draw(salt || 'cut' || i,
            16)::integer);
        WHEN 3 THEN result := overlay(result placing (ARRAY['\xffffffff', '\x00000080', '\xffffff7f', '\x00000000',
            '\x0000807f', '\x0000c07f', '\xffffffffffffffff', '\x0000000000000080']::bytea[])
            [1 + rm_draw(salt || 'odd' || i, 8)] from at + 1);
        ELSE result := set_byte(result, at, CASE WHEN rm_draw(salt || 'all' || i, 3) = 0 THEN 255 ELSE rm_draw(salt
            || 'byte' || i, 256)::integer END);
        END CASE;
    END LOOP;
    RETURN result;
END $$;

-- Arguments: $1 is the mutated value.
CREATE TABLE rm_arguments (k serial, what text, bytes bytea, words text, statement text);
CREATE FUNCTION rm_of_bytes(what text, original bytea, VARIADIC statements text[]) RETURNS void LANGUAGE sql AS $$
    INSERT INTO rm_arguments (what, bytes, statement) SELECT what, original, s FROM unnest(statements) s $$;
CREATE FUNCTION rm_of_words(what text, original text, VARIADIC statements text[]) RETURNS void LANGUAGE sql AS $$
    INSERT INTO rm_arguments (what, words, statement) SELECT what, original, s FROM unnest(statements) s $$;
SELECT rm_of_bytes('state', state,
    'SELECT cerebro.fit_step($1, p.partition_id, p.buffer_id, p.x, p.label ORDER BY p.buffer_id) FROM packed p
        WHERE p.partition_id = 0',
    'SELECT count(*) FROM cerebro.state_tensors($1)') FROM rc_states;
SELECT rm_of_bytes('head of a state', substr(state, 1, 2400),
    'SELECT cerebro.fit_step($1 || (SELECT substr(state, 2401) FROM rc_states), p.partition_id, p.buffer_id, p.x,
        p.label) FROM packed p WHERE p.partition_id = 0',
    'SELECT count(*) FROM cerebro.state_tensors($1 || (SELECT substr(state, 2401) FROM rc_states))') FROM rc_states;
SELECT rm_of_bytes('packed values', p.x,
    'SELECT cerebro.fit_step(s.state, p.partition_id, p.buffer_id, $1, p.label) FROM packed p, rc_states s
        WHERE p.partition_id = 0',
    'SELECT cerebro._pack_column($1, 16, 4, 4)',
        'SELECT cerebro._value_range(data_spec::text, NULL, ''{0,4}'', $1) FROM packed_summary',
        'SELECT cerebro._row_key($1, 1, 1)',
    'SELECT cerebro._buffer_digest(data_spec::text, NULL, $1, p.label) FROM packed_summary, packed p') FROM (SELECT *
        FROM packed ORDER BY 1, 2 LIMIT 1) p;
SELECT rm_of_bytes('packed labels', p.label,
    'SELECT cerebro.fit_step(s.state, p.partition_id, p.buffer_id, p.x, $1) FROM packed p, rc_states s
        WHERE p.partition_id = 0') FROM (SELECT * FROM packed ORDER BY 1, 2 LIMIT 1) p;
SELECT rm_of_bytes('model', data, 'SELECT cerebro.predict($1, ARRAY[1, 2, 3, 4]::real[])',
    'SELECT cerebro.predict_proba($1, ARRAY[1, 2, 3, 4]::real[])',
    'SELECT cerebro.predict_vector($1, t) FROM points t LIMIT 3') FROM rc_model;
SELECT rm_of_bytes('file: ' || format, data, 'SELECT cerebro.import_model(''rm_archs'', $1)',
    format('SELECT cerebro.import_model(''rm_archs'', $1, %L)', format),
    format('SELECT cerebro.import_weights(''archs'', 1, $1, %L)', format)) FROM rc_files ORDER BY format;
SELECT rm_of_bytes('weights', model_weights,
    'SELECT cerebro.load_model(''archs'', (SELECT model_arch FROM archs WHERE model_id = 1), $1)') FROM models
    WHERE mst_key = 1;
SELECT rm_of_words('architecture', model_arch::text, 'SELECT cerebro.load_model(''archs'', $1::json)',
    'SELECT cerebro.summary(''archs'', cerebro.load_model(''archs'', $1::json))',
    'SELECT cerebro.to_keras_json(''archs'', cerebro.load_model(''archs'', $1::json))',
    'SELECT cerebro.init_state(''archs'', cerebro.load_model(''archs'', $1::json),
        $$optimizer=''SGD'',loss=''categorical_crossentropy''$$, ''batch_size=8'', ''packed'')')
        FROM archs ORDER BY model_id;
SELECT rm_of_words('description', data_spec::text,
    'SELECT cerebro._row_fault($1, ROW(ARRAY[1, 2, 3, 4]::real[], ''1''::text))',
    'SELECT cerebro._pack_row($1, ROW(ARRAY[1, 2, 3, 4]::real[], ''1''::text))',
    'SELECT cerebro._pack_row_once($1, ROW(ARRAY[1, 2, 3, 4]::real[], ''1''::text))',
        'SELECT cerebro._buffer_digest($1, NULL, p.x, p.label) FROM packed p',
    'SELECT cerebro._value_range($1, NULL, ''{0,4}'', p.x) FROM packed p') FROM packed_summary;
SELECT rm_of_words('description of columns', data_spec::text,
    'SELECT cerebro._row_fault($1, ROW(''w1''::text, 1, DATE ''2024-01-02'', 1.5::float8))',
    'SELECT cerebro._pack_row($1, ROW(''w1''::text, 1, DATE ''2024-01-02'', 1.5::float8))')
    FROM columns_summary;
SELECT rm_of_words('compile_params', c,
    'SELECT cerebro.load_model_selection_table(''archs'', ''rm_configs'', ''{1}'', ARRAY[$1], ''{batch_size=8}'')',
    'SELECT cerebro.init_state(''archs'', 1, $1, ''batch_size=8'', ''packed'')')
        FROM unnest(ARRAY[$$optimizer='Adam(lr=0.01, beta_1=0.9,
            epsilon=1e-7)',loss='categorical_crossentropy',metrics=['accuracy','top_k_categorical_accuracy']$$]) c;
SELECT rm_of_words('fit_params', 'batch_size=8,epochs=1,shuffle=True,class_weight={0: 1.0, 1: 2.5}',
    'SELECT cerebro.init_state(''archs'', 1, $$optimizer=''SGD'',loss=''categorical_crossentropy''$$, $1, ''packed'')');
SELECT rm_of_words('grid',
    $${"loss": ["categorical_crossentropy"], "metrics": ["accuracy"], "optimizer_params_list": [{"optimizer": ["SGD",
        "Adam"], "lr": [0.001, 0.1, "log"], "momentum": [0.1, 0.9, "linear"]}]}$$,
    'SELECT cerebro.generate_model_configs(''archs'', ''rm_configs'', ''{1}'', $1, $${''batch_size'': [8, 16]}$$,
        ''random'', 4, 1)',
    'SELECT * FROM cerebro.explain_fit_multiple_model(''packed'', ''rm_out'', ''archs'', 2,
        search => format(''{"policy": "tpe", "max_models": 4, "compile_params_grid": %s,
        "fit_params_grid": {"batch_size": [8]}}'', $1), workers => 0)');
SELECT rm_of_words('search', s,
    'SELECT cerebro.search(''packed'', ''rm_out'', ''archs'', 2, $${''loss'': [''categorical_crossentropy''],
        ''metrics'': [''accuracy''], ''optimizer_params_list'': [{''optimizer'': [''SGD''], ''lr'': [0.001, 0.1,
        ''log'']}]}$$,
    $${''batch_size'': [8, 16]}$$, search => $1, model_id_list => ''{1}'', validation_table => ''packed_val'',
        workers => 0, seed => 1)')
    FROM unnest(ARRAY['{"policy": "random", "max_models": 3, "concurrency": 2}',
        '{"policy": "asha", "max_models": 4, "factor": 2, "min_iterations": 1}',
        '{"policy": "hyperband", "factor": 2}', '{"policy": "pbt", "population": 3, "interval": 1}',
                      '{"policy": "tpe", "max_models": 4, "startup": 2}',
                          '{"policy": "gp", "max_models": 3, "startup": 2}',
                          '{"policy": "bohb", "max_models": 3, "factor": 2}']) s;
SELECT rm_of_words('stopping', s,
    'SELECT cerebro.fit_multiple_model(''packed'', ''rm_out'', ''configs'', 2, early_stopping => $1,
        validation_table => ''packed_val'', workers => 0)')
    FROM unnest(ARRAY['{"monitor": "validation_loss", "patience": 2, "min_delta": 0.01}']) s;
SELECT rm_of_words('halving', '{"factor": 2, "min_iterations": 1}',
    'SELECT cerebro.fit_multiple_model(''packed'', ''rm_out'', ''configs'', 2, halving => $1,
        validation_table => ''packed_val'', workers => 0)');
SELECT rm_of_words('preprocess',
    '{"kind": {"encode": "target", "impute": "mode"}, "word": {"encode": "index"}, "y": {"scale": "robust",
        "clip": 0.05}}',
    'SELECT cerebro.training_preprocessor_dl(''points'', ''rm_packed'', ''label'', ''y, word, kind'',
        preprocess => $1)');
SELECT rm_of_words('shapes and types', '{"x": [2, 2]}',
    'SELECT cerebro.training_preprocessor_dl(''points'', ''rm_packed'', ''label'', ''x'', shapes => $1)',
    'SELECT cerebro.training_preprocessor_dl(''points'', ''rm_packed'', ''label'', ''x'', dtypes => $1)');

-- Values of tables: each column of bytes, words or numbers of what a run, a packing, a registration has left, and
-- what uses such tables.
CREATE TABLE rm_columns AS
SELECT row_number() OVER (ORDER BY n.nspname, c.relname, a.attnum) AS k, format('%I.%I', n.nspname,
    c.relname) AS name, c.relname, a.attname AS column_name, format_type(a.atttypid, a.atttypmod) AS type
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
    AND (n.nspname = 'cerebro' OR (n.nspname = 'public' AND c.relname !~ '^(rc_|rm_|points|images|no_rows|odd)'));
CREATE TABLE rm_uses (tables text, statement text);
INSERT INTO rm_uses SELECT t, s FROM (VALUES
    ('^(packed|packed_summary|configs|configs_summary|archs)$',
        ARRAY['SELECT cerebro.fit_multiple_model(''packed'', ''rm_out'', ''configs'', 1, workers => 0)',
        'SELECT * FROM cerebro.explain_fit_multiple_model(''packed'', ''rm_out'', ''configs'', 1)',
        'SELECT cerebro.evaluate(''models'', ''packed'', ''rm_out'')',
            'SELECT cerebro.append_rows(''packed'', ''points'')', 'SELECT * FROM cerebro.describe(''packed'')',
        'SELECT cerebro.validation_preprocessor_dl(''points'', ''rm_out'', ''label'', ''x'', ''packed'')',
            'SELECT cerebro.mlp(''archs'', ''packed'')',
            'SELECT * FROM cerebro.feature_importance(''models'', ''packed'', repeats => 1)',
        'SELECT * FROM cerebro.confusion_matrix(''models'', ''packed'')',
            'SELECT cerebro.extract_features(''models'', ''in'', ''packed'', ''rm_out'')',
            'SELECT cerebro.summary(''archs'', 1)', 'SELECT cerebro.export_model(''archs'', model_id => 2)',
        'SELECT cerebro.fit_multiple_model(''packed'', ''models'', ''configs'', 1, warm_start => true, workers => 0)']),
    ('^packed_val', ARRAY['SELECT cerebro.evaluate(''models'', ''packed_val'', ''rm_out'')',
        'SELECT cerebro.fit_multiple_model(''packed'', ''rm_out'', ''configs'', 1, validation_table => ''packed_val'',
            workers => 0)',
        'SELECT * FROM cerebro.promote_if_better(''stump'', ''packed_val'')']),
    ('^columns', ARRAY['SELECT * FROM cerebro.describe(''columns'')', 'SELECT cerebro.mlp(''rm_archs'', ''columns'')',
        'SELECT cerebro.wide_deep(''rm_archs'', ''columns'')', 'SELECT cerebro.default_compile_params(''columns'')',
        'SELECT cerebro.validation_preprocessor_dl(''points'', ''rm_out'', ''y'', ''word, kind, day'', ''columns'')',
            'SELECT cerebro.append_rows(''columns'', ''points'')',
            'SELECT cerebro.init_state(''archs'', 3, $$optimizer=''SGD'',loss=''mse''$$, ''batch_size=8'',
                ''columns'')']),
    ('^packed_images', ARRAY['SELECT cerebro.cnn(''rm_archs'', ''packed_images'')',
        'SELECT * FROM cerebro.describe(''packed_images'')']),
    ('^models',
        ARRAY['SELECT cerebro.fit_multiple_model(''packed'', ''models'', ''configs'', 1, warm_start => true,
            workers => 0)', 'SELECT cerebro.evaluate(''models'', ''packed'', ''rm_out'')',
        'SELECT cerebro.predict(''models'', ''points'', ''id'', ''x'', ''rm_out'')',
            'SELECT cerebro.predict(''models'', t) FROM points t LIMIT 3',
            'SELECT * FROM cerebro.leaderboard(''models'')', 'SELECT * FROM cerebro.learning_curve(''models'')',
        'SELECT length(cerebro.report(''models''))', 'SELECT * FROM cerebro.learning_curve_text(''models'')',
            'SELECT * FROM cerebro.weights(''models'', 1)', 'SELECT cerebro.export_model(''models'', 1, ''onnx'')',
            'SELECT cerebro.register(''rm_name'', ''models'', 1)',
        'SELECT * FROM cerebro.confusion_matrix(''models'', ''packed_val'')', 'SELECT * FROM cerebro.runs',
            'SELECT * FROM cerebro.importance(''models'')', 'SELECT cerebro.rename_run(''models'', ''rm_out'')',
            'SELECT cerebro.drop_run(''models'')',
        'SELECT cerebro.features(''models'', ''in'', ROW(ARRAY[1, 2, 3, 4]::real[]))']),
    ('^(durable|begun|searched)', ARRAY['SELECT * FROM cerebro.runs',
        'SELECT cerebro.advance(''packed'', ''begun'', ''configs'', 3, workers => 0, seed => 1, iterations => 1)',
        'SELECT cerebro.control(''begun'', ''stop'', 1)',
        'SELECT cerebro.control(''begun'', ''clone'', 1,
            compile_params => $$optimizer=''SGD(lr=0.1)'',loss=''categorical_crossentropy''$$)',
            'SELECT cerebro.replay(''durable'', ''rm_out'', 0)', 'SELECT cerebro.replay(''searched'', ''rm_out'', 0)',
        'SELECT * FROM cerebro.ask(''begun'')', 'SELECT * FROM cerebro.ask(''searched'')',
            'SELECT * FROM cerebro.importance(''searched'')', 'SELECT length(cerebro.report(''searched''))',
            'SELECT * FROM cerebro.leaderboard(''searched'')',
        'SELECT cerebro.drop_run(''durable'')']),
    ('^group', ARRAY['SELECT cerebro.fit_multiple_model(''grouped'', ''rm_out'', ''group_configs'', 1, workers => 0)',
        'SELECT cerebro.fit_multiple_model(''grouped'', ''rm_out'', ''group_configs'', 1, workers => 0,
            global_model => true)',
        'SELECT * FROM cerebro.group_leaderboard(''group_models'')',
            'SELECT * FROM cerebro.refresh(''group_models'')',
            'SELECT cerebro.predict(''group_models'', ''points'', ''id'', ''*'', ''rm_out'')',
            'SELECT cerebro.predict_number(''group_models'', t) FROM points t LIMIT 5',
        'SELECT length(cerebro.report(''group_models''))', 'SELECT * FROM cerebro.leaderboard(''group_models'')',
            'SELECT * FROM cerebro.describe(''grouped'')',
            'SELECT * FROM cerebro.explain_fit_multiple_model(''grouped'', ''rm_out'', ''group_configs'', 1)',
        'SELECT cerebro.rename_run(''group_models'', ''rm_out'')']),
    ('^registry', ARRAY['SELECT cerebro.predict(''stump'', t) FROM points t LIMIT 3',
        'SELECT cerebro.predict_pinned(''stump@1'', ARRAY[1, 2, 3, 4]::real[])',
        'SELECT length(cerebro.model_bytes(''stump''))', 'SELECT * FROM cerebro.models',
        'SELECT * FROM cerebro.model_versions',
        'SELECT * FROM cerebro.promote_if_better(''stump'', ''packed_val'')', 'SELECT cerebro.drop_model(''stump'')',
            'SELECT cerebro.share(''stump'', ''rc_reader'')',
            'SELECT * FROM cerebro.predict_table(''stump'', ''SELECT x FROM points'') AS t(x real[],
                prediction text)'])) u (t, list), unnest(list) s;
CREATE TABLE rm_outcomes (n integer, what text, sqlstate text, message text, statement text, value text);

CREATE FUNCTION rm_try(n integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    salt text := (SELECT seed FROM rm_seed) || ':' || n;
    a rm_arguments;
    c rm_columns;
    use text;
    value text;
    row_id tid;
BEGIN
    IF n % 2 = 0 THEN
        SELECT * INTO a FROM rm_arguments WHERE k = (SELECT min(k) + rm_draw(salt || 'argument', count(*))
            FROM rm_arguments);
    ELSE
        SELECT * INTO c FROM rm_columns WHERE k = 1 + rm_draw(salt || 'column', (SELECT count(*) FROM rm_columns));
        SELECT statement INTO use FROM rm_uses WHERE c.relname ~ tables ORDER BY md5(salt || statement) LIMIT 1;
    END IF;
    BEGIN
        IF a.bytes IS NOT NULL THEN
            EXECUTE a.statement USING rm_bytes(a.bytes, salt);
        ELSIF a.words IS NOT NULL THEN
            value := rm_text(a.words, salt);
            EXECUTE a.statement USING value;
        ELSIF use IS NOT NULL THEN
            EXECUTE format('SELECT ctid FROM %s ORDER BY md5(ctid::text || %L) LIMIT 1', c.name, salt) INTO row_id;
            -- an edit that the column's type or a rule of the table refuses is no mutation: another one
            FOR attempt IN 1 .. 8 LOOP
                BEGIN
                    IF rm_draw(salt || 'null', 20) = 0 THEN
                        EXECUTE format('UPDATE %s SET %I = NULL WHERE ctid = %L', c.name, c.column_name, row_id);
                    ELSIF rm_draw(salt || 'row', 20) = 0 THEN
                        EXECUTE format(CASE rm_draw(salt || 'row kind', 2) WHEN 0
                            THEN 'DELETE FROM %s WHERE ctid = %L'
                            ELSE 'INSERT INTO %1$s SELECT * FROM %1$s WHERE ctid = %2$L' END, c.name, row_id);
                    ELSIF c.type = 'bytea' THEN
                        EXECUTE format('UPDATE %s SET %I = rm_bytes(%2$I, %L) WHERE ctid = %L', c.name, c.column_name,
                            salt, row_id);
                    ELSE
                        EXECUTE format('UPDATE %s SET %I = rm_text(%2$I::text, %L)::%s WHERE ctid = %L', c.name,
                            c.column_name, salt, c.type, row_id);
                    END IF;
                    EXIT;
                EXCEPTION WHEN others THEN
                    IF attempt = 8 THEN RAISE EXCEPTION 'no value of %.% could be made', c.name,
                        c.column_name USING ERRCODE = 'RM001'; END IF;
                    salt := salt || attempt;
                END;
            END LOOP;
            EXECUTE use;
        END IF;
        RAISE EXCEPTION 'done' USING ERRCODE = 'RM000';  -- what was edited is as it was
    EXCEPTION WHEN query_canceled OR others THEN
        INSERT INTO rm_outcomes VALUES (n, coalesce(a.what, c.name || '.' || c.column_name), SQLSTATE, SQLERRM,
            coalesce(a.statement, use), value);
    END;
END $$;
