-- The planner's rewrites change no bit: shared scans, models side by side, fusion groups of every width, beside a model that diverges.
SET client_min_messages = error;
SET cerebro.bundles = 1;
CREATE SCHEMA fusion;
SET search_path = fusion, public;
CREATE TABLE points AS
SELECT i AS id, (i % 4)::int AS label, ARRAY(SELECT ((i * 7919 + c * 1299709) % 97 + CASE WHEN c % 4 = i % 4 THEN 60 ELSE 0 END)::int FROM generate_series(0, 19) c) AS x
FROM generate_series(1, 1000) i;
SELECT cerebro.training_preprocessor_dl('points', 'packed', 'label', 'x', normalizing_const => 160, num_partitions => 4, seed => 3, buffer_size => 128);
-- hidden layers of 1, 10, 33 and 100 units with dropout, and a network that has no kernels, for its dropout of whole rows
SELECT cerebro.load_model('archs', format($$
{"class_name": "Sequential", "keras_version": "2.4.0", "config": [
 {"class_name": "Dense", "config": {"name": "hidden", "units": %s, "activation": "relu", "batch_input_shape": [null, 20]}},
 {"class_name": "Dropout", "config": {"name": "drop", "rate": 0.25}},
 {"class_name": "Dense", "config": {"name": "out", "units": 4, "activation": "softmax"}}]} $$, units)::json)
FROM unnest(ARRAY[1, 10, 33, 100]) WITH ORDINALITY AS u (units, n) ORDER BY n;
SELECT cerebro.load_model('archs', $$
{"class_name": "Sequential", "keras_version": "2.4.0", "config": [
 {"class_name": "Dense", "config": {"name": "hidden", "units": 10, "activation": "tanh", "batch_input_shape": [null, 20]}},
 {"class_name": "Dropout", "config": {"name": "drop", "rate": 0.1, "noise_shape": [null, 1]}},
 {"class_name": "Dense", "config": {"name": "out", "units": 4, "activation": "softmax"}}]} $$);
-- optimizers of every kind, with the rows in an order of the model's own and in the table's; an absurd rate diverges
SELECT cerebro.load_model_selection_table('archs', 'configs', ARRAY[1, 2, 3, 4, 5],
    ARRAY[$$optimizer='Adam(lr=0.01)',loss='categorical_crossentropy',metrics=['accuracy']$$,
          $$optimizer='AdamW(lr=0.01)',loss='categorical_crossentropy',metrics=['accuracy']$$,
          $$optimizer='RMSprop(lr=0.003,momentum=0.9,clipnorm=0.5)',loss='categorical_crossentropy',metrics=['accuracy']$$,
          $$optimizer='RMSprop(lr=1e30,momentum=0.9)',loss='mean_squared_error',metrics=['accuracy']$$,
          $$optimizer='SGD(lr=0.05)',loss='categorical_crossentropy',metrics=['accuracy']$$],
    ARRAY['batch_size=32,epochs=1', 'batch_size=32,epochs=2,shuffle=False']);
-- keys whose models all begin at one of the four partitions: they are in one bundle
UPDATE configs SET mst_key = 80 * (mst_key - 1) + 1;
SELECT count(*) FROM configs;

-- sixteen models of one shape
CREATE TABLE sixteen AS SELECT (80 * row_number() OVER (ORDER BY mst_key) - 79)::int AS mst_key, 3 AS model_id, compile_params, fit_params
FROM configs WHERE model_id < 3 AND compile_params !~ 'SGD';
CREATE TABLE sixteen_summary AS TABLE configs_summary;
SELECT mst_key, compile_params, fit_params FROM sixteen ORDER BY 1;

CREATE FUNCTION fingerprint(models regclass) RETURNS text LANGUAGE plpgsql AS $$
DECLARE f text;
BEGIN
    EXECUTE format('SELECT md5(string_agg(mst_key || md5(model_weights), '','' ORDER BY mst_key)) FROM %s', models) INTO f;
    RETURN f;
END $$;
-- the widths of the fusion groups that the plan has
CREATE FUNCTION widths(selection text) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(substring(line from 'models=(\d+)'), ' ' ORDER BY n)
    FROM cerebro.explain_fit_multiple_model('packed', 'planned', selection, 3) WITH ORDINALITY AS e (line, n) WHERE line LIKE '%->  Fusion Group %' $$;

-- what each rewrite says, without figures
SELECT DISTINCT regexp_replace(regexp_replace(trim(line), ' *\(.*', ''), '[0-9]+ kB', '... kB') AS line
FROM cerebro.explain_fit_multiple_model('packed', 'planned', 'configs', 3) AS line WHERE line ~ 'Shared Scan|Horizontal' ORDER BY 1;

-- every rewrite on and off
CREATE TABLE runs (run text, fingerprint text);
CREATE FUNCTION run(name text, selection text, workers integer DEFAULT 0) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM cerebro.fit_multiple_model('packed', name, selection, 3, seed => 7, workers => run.workers);
    INSERT INTO runs VALUES (name, fingerprint(name));
END $$;
SELECT run('both', 'configs'), run('both_workers', 'configs', 2);
SET cerebro.enable_shared_scan = off;
SELECT run('horizontal', 'configs');
SET cerebro.enable_horizontal = off;
SELECT run('neither', 'configs'), run('neither_workers', 'configs', 2);
SELECT trim(line) AS line FROM cerebro.explain_fit_multiple_model('packed', 'planned', 'sixteen', 3) AS line WHERE line ~ 'Shared Scan|Horizontal';
RESET cerebro.enable_shared_scan;
SELECT run('scan', 'configs');
RESET cerebro.enable_horizontal;
SELECT run, fingerprint = (SELECT fingerprint FROM runs WHERE run = 'neither') AS same FROM runs ORDER BY 1;
SELECT count(*) AS models, count(*) FILTER (WHERE diverged_step > 0) > 0 AS some_diverged,
    bool_or(diverged_step > 1) AS not_at_the_start, bool_and(diverged_step IS NULL) FILTER (WHERE compile_params !~ '1e30') AS no_other
FROM both_info JOIN configs USING (mst_key, compile_params);

-- fusion groups of 1, 2, 3, 7 and 16 models
TRUNCATE runs;
SELECT run('w16', 'sixteen'), widths('sixteen');
SET cerebro.fusion_mem = '1kB';
SELECT run('w1', 'sixteen'), widths('sixteen');
SET cerebro.fusion_mem = '54kB';
SELECT run('w2', 'sixteen'), widths('sixteen');
SET cerebro.fusion_mem = '65kB';
SELECT run('w3', 'sixteen'), widths('sixteen');
SET cerebro.fusion_mem = '108kB';
SELECT run('w7', 'sixteen'), widths('sixteen');
RESET cerebro.fusion_mem;
SELECT run, fingerprint = (SELECT fingerprint FROM runs WHERE run = 'w1') AS same FROM runs ORDER BY 1;

-- a model that trained beside others has the bits that it has alone
CREATE TABLE one AS SELECT * FROM sixteen WHERE mst_key = 401;
CREATE TABLE one_summary AS TABLE configs_summary;
SELECT run('alone', 'one');
SELECT (SELECT md5(model_weights) FROM alone) = (SELECT md5(model_weights) FROM w16 WHERE mst_key = 401) AS same;

-- the visits of a bundle: every model's is logged, and they follow each other in one process
SELECT count(*) AS visits, count(DISTINCT (mst_key, iteration, visit)) AS different, bool_and(started_at <= ended_at) AS in_order FROM w16_visits;
SELECT count(*) > 0 AS overlapping FROM w16_visits a JOIN w16_visits b ON a.iteration = b.iteration AND a.visit = b.visit AND a.mst_key < b.mst_key
WHERE a.started_at < b.ended_at AND b.started_at < a.ended_at;

-- the same in double precision
SET cerebro.precision = 'float64';
TRUNCATE runs;
SELECT run('d16', 'sixteen');
SET cerebro.enable_shared_scan = off;
SET cerebro.enable_horizontal = off;
SELECT run('d1', 'sixteen');
SELECT run, fingerprint = (SELECT fingerprint FROM runs WHERE run = 'd1') AS same FROM runs ORDER BY 1;
RESET cerebro.precision;
RESET cerebro.enable_shared_scan;
RESET cerebro.enable_horizontal;
DROP SCHEMA fusion CASCADE;
