-- Bytes and descriptions that somebody has edited: each use ends in success or in an error that says what is wrong, and nobody asks for memory that
-- the rows at hand do not need.
SET client_min_messages = error;
CREATE TABLE hb_points AS
SELECT i % 3 AS label, i * 0.25 AS y, 'w' || i % 5 AS word, ARRAY[i % 3, i % 7, i % 2, 1]::real[] AS x FROM generate_series(1, 96) i;
SELECT cerebro.training_preprocessor_dl('hb_points', 'hb_packed', 'label', 'x', num_partitions => 2, buffer_size => 16, seed => 1);
SELECT cerebro.load_model('hb_archs', $$ {"class_name": "Sequential", "config": [
 {"class_name": "Dense", "config": {"name": "in", "units": 4, "activation": "relu", "batch_input_shape": [null, 4]}},
 {"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax"}}]} $$);
SELECT cerebro.load_model_selection_table('hb_archs', 'hb_configs', ARRAY[1], ARRAY[$$optimizer='Adam(lr=0.01)',loss='categorical_crossentropy',metrics=['accuracy']$$],
    ARRAY['batch_size=8']);

-- A batch of as many rows as a number can say is a batch of those of the partition.
CREATE TABLE hb_batches AS
SELECT b.batch_size, cerebro.init_state('hb_archs', 1, $$optimizer='Adam(lr=0.01)',loss='categorical_crossentropy'$$, 'batch_size=' || b.batch_size, 'hb_packed') AS state
  FROM (VALUES (48), (2147483647)) AS b(batch_size);
SELECT count(*), count(DISTINCT d.data) AS results FROM (
    SELECT b.batch_size, cerebro.fit_step(b.state, p.partition_id, p.buffer_id, p.x, p.label ORDER BY p.buffer_id) AS state
      FROM hb_batches b, hb_packed p WHERE p.partition_id = 0 AND octet_length(p.label) = 48 GROUP BY b.batch_size) s,
    LATERAL (SELECT string_agg(t.data::text, ' ' ORDER BY t.position) AS data FROM cerebro.state_tensors(s.state) t) d;
-- Shapes that no row has.
CREATE FUNCTION hb_spec(shape text) RETURNS text LANGUAGE sql AS $$
    SELECT regexp_replace(data_spec::text, '"shape": ?\[4\]', '"shape": ' || shape) FROM hb_packed_summary $$;
SELECT cerebro._row_fault(hb_spec('[1048576, 1048576]'), ROW(ARRAY[1, 2, 3, 4]::real[], '1'::text));
SELECT cerebro._pack_row(hb_spec('[1048576, 1048576]'), ROW(ARRAY[1, 2, 3, 4]::real[], '1'::text));
SELECT cerebro._row_fault(hb_spec('[4096, 4096]'), ROW(ARRAY[1, 2, 3, 4]::real[], '1'::text));
CREATE TABLE hb_kept AS SELECT * FROM hb_packed_summary;
UPDATE hb_packed_summary SET data_spec = hb_spec('[1048576, 1048576]')::json;
SELECT cerebro.fit_multiple_model('hb_packed', 'hb_models', 'hb_configs', 1, workers => 0);
UPDATE hb_packed_summary SET data_spec = k.data_spec, max_buffer_rows = 9223372036854775807 FROM hb_kept k;
SELECT cerebro.fit_multiple_model('hb_packed', 'hb_models', 'hb_configs', 1, workers => 0);
UPDATE hb_packed_summary SET max_buffer_rows = k.max_buffer_rows, partition_rows = ARRAY[9223372036854775807, 9223372036854775807] FROM hb_kept k;
SELECT cerebro.fit_multiple_model('hb_packed', 'hb_models', 'hb_configs', 1, workers => 0);
UPDATE hb_packed_summary SET partition_rows = k.partition_rows FROM hb_kept k;
-- and a batch size that was edited in the selection table
UPDATE hb_configs SET fit_params = 'batch_size=2147483647';
SELECT cerebro.fit_multiple_model('hb_packed', 'hb_models', 'hb_configs', 1, workers => 0);
SELECT training_loss_final IS NOT NULL AS trained FROM hb_models_info;
UPDATE hb_configs SET fit_params = 'batch_size=8';

-- 2,000 mutations, the same in every run. Errors of the classes 22 (data), 42 (names and types), 54 (limits), 55 (state), 0A and XX001 (data corrupted)
-- are clean ones; memory (53) and internal errors (XX000) are not.
CREATE FUNCTION hb_draw(seed text, below bigint) RETURNS bigint LANGUAGE sql AS $$ SELECT ('x' || substr(md5(seed), 1, 12))::bit(48)::bigint % below $$;
CREATE FUNCTION hb_text(original text, seed text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    at integer := 1 + hb_draw(seed || 'at', length(original));
    parts text[] := regexp_split_to_array(original, '[0-9]+');
    numbers text[] := ARRAY(SELECT m[1] FROM regexp_matches(original, '([0-9]+)', 'g') m);
    odd text[] := ARRAY['0', '-1', '1048576', '2147483648', '1099511627776', '9223372036854775807', '1e300', 'null', '"x"', '[]', '7'];
    result text := parts[1];
BEGIN
    CASE hb_draw(seed || 'kind', 4)
    WHEN 0 THEN RETURN overlay(original placing chr(32 + hb_draw(seed || 'char', 95)::integer) from at for 1);
    WHEN 1 THEN RETURN overlay(original placing '' from at for 1 + hb_draw(seed || 'length', 30)::integer);
    ELSE
        at := 1 + hb_draw(seed || 'number', array_length(numbers, 1));
        FOR i IN 1 .. array_length(numbers, 1) LOOP
            result := result || CASE WHEN i = at THEN odd[1 + hb_draw(seed || 'odd', array_length(odd, 1))] ELSE numbers[i] END || parts[i + 1];
        END LOOP;
        RETURN result;
    END CASE;
END $$;
CREATE FUNCTION hb_bytes(original bytea, seed text) RETURNS bytea LANGUAGE plpgsql AS $$
DECLARE
    result bytea := original;
    at integer;
BEGIN
    FOR i IN 0 .. hb_draw(seed || 'times', 3) LOOP
        at := hb_draw(seed || 'at' || i, length(result));
        CASE hb_draw(seed || 'kind' || i, 5)
        WHEN 0 THEN result := substr(result, 1, greatest(1, at));
        WHEN 1 THEN result := substr(result, 1, at) || decode(md5(seed), 'hex') || substr(result, at + 1);
        ELSE result := set_byte(result, at, CASE WHEN hb_draw(seed || 'all' || i, 3) = 0 THEN 255 ELSE hb_draw(seed || 'byte' || i, 256)::integer END);
        END CASE;
    END LOOP;
    RETURN result;
END $$;
CREATE TABLE hb_outcomes (what text, n integer, sqlstate text, message text);
CREATE FUNCTION hb_try(what text, n integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    seed text := what || n;
    row hb_packed;
    k hb_kept;
BEGIN
    SELECT * INTO row FROM hb_packed ORDER BY partition_id, buffer_id LIMIT 1;
    SELECT * INTO k FROM hb_kept;
    BEGIN
        CASE what
        WHEN 'state' THEN
            PERFORM cerebro.fit_step(hb_bytes((SELECT state FROM hb_batches WHERE batch_size = 48), seed), row.partition_id, row.buffer_id, row.x, row.label);
        WHEN 'head' THEN  -- of the state, where the sizes stand
            PERFORM cerebro.fit_step(hb_bytes(substr(state, 1, 2400), seed) || substr(state, 2401), row.partition_id, row.buffer_id, row.x, row.label)
               FROM hb_batches WHERE batch_size = 48;
        WHEN 'tensors' THEN
            PERFORM count(*) FROM cerebro.state_tensors(hb_bytes((SELECT state FROM hb_batches WHERE batch_size = 48), seed));
        WHEN 'packed row' THEN
            PERFORM cerebro.fit_step(state, row.partition_id, row.buffer_id, CASE n % 2 WHEN 0 THEN hb_bytes(row.x, seed) ELSE row.x END,
                CASE n % 2 WHEN 1 THEN hb_bytes(row.label, seed) ELSE row.label END) FROM hb_batches WHERE batch_size = 48;
        WHEN 'description' THEN
            PERFORM cerebro._row_fault(hb_text(k.data_spec::text, seed), ROW(ARRAY[1, 2, 3, 4]::real[], '1'::text));
            PERFORM cerebro._pack_row(hb_text(k.data_spec::text, seed), ROW(ARRAY[1, 2, 3, 4]::real[], '1'::text));
        WHEN 'summary' THEN
            UPDATE hb_packed_summary SET data_spec = hb_text(k.data_spec::text, seed)::json;
            PERFORM cerebro.init_state('hb_archs', 1, $a$optimizer='SGD',loss='categorical_crossentropy'$a$, 'batch_size=8', 'hb_packed');
        WHEN 'run' THEN
            IF n % 3 = 0 THEN UPDATE hb_packed_summary SET data_spec = hb_text(k.data_spec::text, seed)::json;
            ELSIF n % 3 = 1 THEN UPDATE hb_packed_summary SET partition_rows = hb_text(k.partition_rows::text, seed)::bigint[], max_buffer_rows = hb_text('8', seed)::bigint;
            ELSE UPDATE hb_configs SET fit_params = hb_text('batch_size=8,epochs=1', seed);
            END IF;
            PERFORM cerebro.explain_fit_multiple_model('hb_packed', 'hb_run', 'hb_configs', 1, workers => 0);
        END CASE;
        RAISE EXCEPTION 'done' USING ERRCODE = 'HB000';  -- what was edited is as it was
    EXCEPTION WHEN others THEN
        INSERT INTO hb_outcomes VALUES (what, n, SQLSTATE, SQLERRM);
    END;
END $$;
DO $$
BEGIN
    FOR n IN 1 .. 400 LOOP
        PERFORM hb_try('state', n), hb_try('head', n), hb_try('packed row', n);
        IF n <= 200 THEN PERFORM hb_try('tensors', n), hb_try('description', n), hb_try('summary', n), hb_try('run', n); END IF;
    END LOOP;
END $$;
SELECT what, count(*), bool_or(sqlstate <> 'HB000') AS some_were_refused FROM hb_outcomes GROUP BY what ORDER BY what;
SELECT what, n, sqlstate, message FROM hb_outcomes WHERE sqlstate !~ '^(HB000|22...|42...|54...|55...|0A000|XX001)$' ORDER BY what, n;

DROP TABLE hb_points, hb_packed, hb_packed_summary, hb_archs, hb_configs, hb_configs_summary, hb_batches, hb_kept, hb_models, hb_models_info, hb_models_summary,
    hb_models_state, hb_models_visits, hb_outcomes CASCADE;
DROP FUNCTION hb_spec(text), hb_draw(text, bigint), hb_text(text, text), hb_bytes(bytea, text);
