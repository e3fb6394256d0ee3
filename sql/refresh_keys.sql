-- cerebro.refresh finds changed groups by one pass over the rows where keys are equal by their bytes, and by statements elsewhere. Both
-- find the same: what a packing anew has.
\pset null '(null)'
SET client_min_messages = warning;
CREATE SCHEMA refresh_keys;
SET search_path = refresh_keys, public;

SELECT cerebro.load_model('archs', '{"class_name": "Sequential", "config": {"name": "s", "layers": [{"class_name": "Dense", "config": {"name": "d", "units": 1, "batch_input_shape": [null, 2]}}]}}');
SELECT cerebro.load_model_selection_table('archs', 'configs', ARRAY[1], ARRAY[$$loss='mse', optimizer='SGD(lr=0.001)', metrics=['mae']$$], ARRAY['batch_size=16, epochs=1']);

-- What a refresh finds, and whether the packed table is then as one that is packed anew. asked: whether statements asked of each row which
-- transaction wrote it. key: SQL over n, 0 to 39. Group 0 has the key NULL; its rows and those of group 3 change, 5 goes, 41 is new, 7 loses
-- a label, and 9 gets rows that are taken back
CREATE TABLE found (type text, asked boolean, added bigint, changed bigint, vanished bigint, unchanged bigint, equal bigint, differ bigint, same_sums boolean);
CREATE FUNCTION asked() RETURNS bigint LANGUAGE sql AS $$
    SELECT coalesce(sum(calls), 0)::bigint FROM pg_catalog.pg_stat_xact_user_functions WHERE schemaname = 'cerebro' AND funcname = '_written_since' $$;
SET track_functions = 'all';
SET max_parallel_workers_per_gather = 0;
CREATE PROCEDURE compare(kind text, key text, more text DEFAULT '') LANGUAGE plpgsql AS $$
DECLARE
    pack text := 'SELECT cerebro.training_preprocessor_dl(''source'', %L, ''y'', ''a, b'', dependent_type => ''real'', grouping_cols => ''g, h'', min_rows => 9, pooled => false)';
    f found;
    before bigint;
BEGIN
    DROP TABLE IF EXISTS source, packed, packed_summary, packed_groups, fresh, fresh_summary, fresh_groups;
    IF to_regclass('models') IS NOT NULL THEN PERFORM cerebro.drop_run('models'); END IF;
    EXECUTE format('CREATE TABLE source AS SELECT i AS id, (i %% 17)::real AS a, CASE WHEN n > 0 THEN %s END AS g, n %% 2 = 0 AS h, (i %% 13)::real AS b, (i %% 7)::real AS y
                    FROM generate_series(0, 399) i, LATERAL (SELECT i %% 40 AS n) k', key);
    IF more <> '' THEN EXECUTE more; END IF;
    COMMIT;
    EXECUTE format(pack, 'packed');
    PERFORM cerebro.fit_multiple_model('packed', 'models', 'configs', 1, workers => 0);
    COMMIT;
    UPDATE source SET a = a + 1 WHERE id IN (0, 43);
    DELETE FROM source WHERE id % 40 = 5;
    EXECUTE format('INSERT INTO source (id, a, g, h, b, y) SELECT 1000 + i, i, %s, true, i, i FROM generate_series(1, 12) i, LATERAL (SELECT 41 AS n) k', key);
    UPDATE source SET y = NULL WHERE id = 7;
    COMMIT;
    INSERT INTO source SELECT * FROM source WHERE id = 9;
    ROLLBACK;
    before := asked();
    SELECT added_groups, changed_groups, vanished_groups, unchanged_groups INTO f.added, f.changed, f.vanished, f.unchanged FROM cerebro.refresh('models', drop_vanished => true);
    f.asked := asked() > before;
    COMMIT;
    EXECUTE format(pack, 'fresh');
    SELECT count(*) FILTER (WHERE p.digest IS NOT DISTINCT FROM n.digest AND p.source_digest = n.source_digest AND p.group_rows = n.group_rows AND p.status = n.status),
           count(*) FILTER (WHERE p.source_digest IS DISTINCT FROM n.source_digest) INTO f.equal, f.differ
        FROM packed_groups p FULL JOIN fresh_groups n ON COALESCE(p.g::text, '') = COALESCE(n.g::text, '') AND p.h = n.h;
    SELECT (p.rows, p.groups, p.packed_groups, p.largest_group_rows, p.max_buffer_rows, p.partition_buffers, p.partition_rows, p.data_spec::text)
         = (n.rows, n.groups, n.packed_groups, n.largest_group_rows, n.max_buffer_rows, n.partition_buffers, n.partition_rows, n.data_spec::text)
        INTO f.same_sums FROM packed_summary p, fresh_summary n;
    f.type := kind;
    INSERT INTO found SELECT f.*;
    COMMIT;
END $$;

CREATE DOMAIN name_of_store AS text CHECK (VALUE <> '');
CALL compare('smallint', '(20 - n)::smallint');
CALL compare('bigint', '(n - 20) * 10000000000');
CALL compare('text', '''store '' || n');
CALL compare('varchar', '(''store '' || n)::varchar(20)');
CALL compare('date', 'date ''2000-01-01'' - n');
CALL compare('timestamptz', 'timestamptz ''2020-01-01 00:00 UTC'' + n * interval ''1 second''');
CALL compare('uuid', 'md5(n::text)::uuid');
CALL compare('bytea', 'decode(lpad(to_hex(n), 4, ''0''), ''hex'')');
CALL compare('a domain', '(''store '' || n)::name_of_store');
CALL compare('compressed texts', 'repeat(chr(97 + n % 26), 5000 + n)');
-- a column that no row has
CALL compare('a later column', '''store '' || n', 'ALTER TABLE source DROP COLUMN h; ALTER TABLE source ADD COLUMN h boolean DEFAULT true; UPDATE source SET h = false WHERE id % 2 = 0');
-- a few rows a page
CALL compare('wide rows', '''store '' || n', 'ALTER TABLE source ADD COLUMN pad text; UPDATE source SET pad = (SELECT string_agg(md5(id::text || k), '''') FROM generate_series(1, 60) k)');
-- several forms of bytes, one value
CALL compare('numeric', '(n / 4.0)::numeric');
CALL compare('double precision', '(n / 4.0)::float8');
CALL compare('character', '(''store '' || n)::character(20)');
CALL compare('interval', 'n * interval ''1 hour''');
CALL compare('numerics of two forms', '(n / 4.0)::numeric', 'UPDATE source SET g = g::numeric(20, 9) WHERE id % 3 = 0');
CALL compare('zeros of two signs', '(CASE WHEN n < 20 THEN 0 ELSE n END)::float8', 'UPDATE source SET g = ''-0'' WHERE g = 0 AND id % 3 = 0');
SELECT * FROM found;
-- a materialised view is written anew as a whole
CREATE TABLE base AS SELECT i AS id, i % 20 AS g, (i % 17)::real AS a, (i % 13)::real AS b, (i % 7)::real AS y FROM generate_series(1, 400) i;
CREATE MATERIALIZED VIEW seen AS SELECT * FROM base;
SELECT cerebro.training_preprocessor_dl('seen', 'seen_packed', 'y', 'a, b', dependent_type => 'real', grouping_cols => 'g', pooled => false);
SELECT cerebro.fit_multiple_model('seen_packed', 'seen_models', 'configs', 1, workers => 0);
UPDATE base SET a = a + 1 WHERE id = 3;
SELECT changed_groups, unchanged_groups FROM cerebro.refresh('seen_models');
REFRESH MATERIALIZED VIEW seen;
SELECT changed_groups, unchanged_groups FROM cerebro.refresh('seen_models');
SELECT changed_groups, unchanged_groups FROM cerebro.refresh('seen_models');
-- a table that another one inherits from
CREATE TABLE parent AS TABLE base;
SELECT cerebro.training_preprocessor_dl('parent', 'parent_packed', 'y', 'a, b', dependent_type => 'real', grouping_cols => 'g', pooled => false);
SELECT cerebro.fit_multiple_model('parent_packed', 'parent_models', 'configs', 1, workers => 0);
CREATE TABLE child () INHERITS (parent);
INSERT INTO child SELECT 1000 + i, 7, i, i, i FROM generate_series(1, 5) i;
SELECT changed_groups, unchanged_groups FROM cerebro.refresh('parent_models');
SELECT changed_groups, unchanged_groups FROM cerebro.refresh('parent_models');
SELECT count(*) AS left_behind FROM pg_class WHERE relname LIKE '\_cerebro\_%';
DROP SCHEMA refresh_keys CASCADE;
