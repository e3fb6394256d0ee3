-- cerebro.refresh reads rows by their contents only where it must: of groups of which a row may have been written since. Whatever
-- it takes for unchanged is unchanged. Each time: which groups were found, and for how many rows contents were hashed.
\pset null '(null)'
SET client_min_messages = warning;
CREATE SCHEMA refresh_state_case;
SET search_path = refresh_state_case, public;
SET track_functions = 'all';
SET max_parallel_workers_per_gather = 0;   -- what workers call is not counted here

CREATE FUNCTION hashed() RETURNS bigint LANGUAGE sql AS $$
    SELECT coalesce(sum(calls), 0)::bigint FROM pg_catalog.pg_stat_xact_user_functions WHERE schemaname = 'cerebro' AND funcname = '_content_key' $$;
-- hashed: more than the rows of the changed groups? They are hashed once, and twice more where they are split by their contents
CREATE FUNCTION refreshed(models text, OUT added bigint, OUT changed bigint, OUT vanished bigint, OUT unchanged bigint, OUT rows_hashed bigint)
LANGUAGE plpgsql AS $$
DECLARE before bigint := hashed();
BEGIN
    EXECUTE format('SELECT added_groups, changed_groups, vanished_groups, unchanged_groups FROM cerebro.refresh(%L)', models)
        INTO added, changed, vanished, unchanged;
    rows_hashed := hashed() - before;
END $$;

SELECT cerebro.load_model('archs', '{"class_name": "Sequential", "config": {"name": "s", "layers": [{"class_name": "Dense", "config": {"name": "d", "units": 1, "batch_input_shape": [null, 2]}}]}}');
SELECT cerebro.load_model_selection_table('archs', 'configs', ARRAY[1], ARRAY[$$loss='mse', optimizer='SGD(lr=0.001)', metrics=['mae']$$], ARRAY['batch_size=16, epochs=1']);

CREATE FUNCTION learn(source text, more text DEFAULT '') RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('SELECT cerebro.training_preprocessor_dl(%L, %L, ''y'', ''a, b'', dependent_type => ''real'', grouping_cols => ''g'', pooled => false%s)',
                   source, source || '_packed', more);
    EXECUTE format('SELECT cerebro.fit_multiple_model(%L, %L, ''configs'', 1, workers => 0)', source || '_packed', source || '_models');
END $$;

CREATE TABLE plain AS SELECT i AS id, i % 10 AS g, (i % 17)::real AS a, (i % 13)::real AS b, (i % 7)::real AS y FROM generate_series(1, 1000) i;
SELECT learn('plain', ', validation_fraction => 0.2');
SELECT * FROM refreshed('plain_models');
-- rows that come back as they were are compared, and no more the next time
UPDATE plain SET a = a WHERE g = 3 AND id < 100;
SELECT * FROM refreshed('plain_models');
SELECT * FROM refreshed('plain_models');
-- an update, a deletion, an insertion; a deletion and an insertion that leave as many rows as there were
UPDATE plain SET a = a + 1 WHERE id = 1;
SELECT * FROM refreshed('plain_models');
DELETE FROM plain WHERE id = 2;
SELECT * FROM refreshed('plain_models');
INSERT INTO plain VALUES (2001, 3, 1, 2, 3);
SELECT * FROM refreshed('plain_models');
DELETE FROM plain WHERE id = 4;
INSERT INTO plain VALUES (2002, 4, 7, 7, 7);
SELECT * FROM refreshed('plain_models');
-- what is rolled back changes nothing, but what a transaction has written itself is compared
BEGIN;
UPDATE plain SET a = 0 WHERE g = 5;
SAVEPOINT s;
UPDATE plain SET b = 0 WHERE g = 6;
ROLLBACK TO s;
SELECT * FROM refreshed('plain_models');
ROLLBACK;
SELECT * FROM refreshed('plain_models');
-- written anew: all rows are compared once, and all groups keep their models
VACUUM FULL plain;
SELECT * FROM refreshed('plain_models');
SELECT * FROM refreshed('plain_models');
VACUUM FREEZE plain;
SELECT * FROM refreshed('plain_models');
-- another column of the same name: no row is written anew, and all have other contents
ALTER TABLE plain DROP COLUMN b;
ALTER TABLE plain ADD COLUMN b real DEFAULT 5;
SELECT * FROM refreshed('plain_models');
SELECT * FROM refreshed('plain_models');
-- a column more is nothing to the model
ALTER TABLE plain ADD COLUMN c real DEFAULT 5;
SELECT * FROM refreshed('plain_models');
-- in parts: the groups that wait are found again
UPDATE plain SET a = a + 1 WHERE g IN (1, 2, 3);
\set VERBOSITY terse
SET client_min_messages = info;
CALL cerebro.refresh_in_parts('plain_models', groups_at_once => 2);
SET client_min_messages = warning;
SELECT * FROM refreshed('plain_models');
-- from another table with as many rows of each group, and back
CREATE TABLE other AS SELECT id, g, a + 1 AS a, y, b FROM plain;
SELECT changed_groups, unchanged_groups FROM cerebro.refresh('plain_models', 'other');
SELECT * FROM refreshed('plain_models');
-- a state that was edited, or is not there, says nothing
UPDATE plain_packed_summary SET source_state = '{"server": 1, "tables": 7}';
SELECT * FROM refreshed('plain_models');
ALTER TABLE plain_packed_summary DROP COLUMN source_state;
SELECT * FROM refreshed('plain_models');
SELECT * FROM refreshed('plain_models');
SELECT count(*) AS left_behind FROM pg_class WHERE relname LIKE '\_cerebro\_%';

-- packed before the transaction that wrote the rows has ended: the table is emptied and filled again under the same row numbers and
-- transaction
BEGIN;
CREATE TABLE early AS SELECT i % 4 AS g, (i % 17)::real AS a, (i % 13)::real AS b, (i % 7)::real AS y FROM generate_series(1, 400) i;
SELECT learn('early');
TRUNCATE early;
INSERT INTO early SELECT i % 4 AS g, (i % 17)::real AS a, (i % 13)::real AS b, (i % 7 + i % 4)::real AS y FROM generate_series(1, 400) i;
COMMIT;
SELECT * FROM refreshed('early_models');
SELECT * FROM refreshed('early_models');

-- partitions: those that were there are known, others are compared
CREATE TABLE parts (g integer, a real, b real, y real) PARTITION BY RANGE (g);
CREATE TABLE parts_low PARTITION OF parts FOR VALUES FROM (0) TO (2);
CREATE TABLE parts_high PARTITION OF parts FOR VALUES FROM (2) TO (4);
INSERT INTO parts SELECT i % 4, i % 17, i % 13, i % 7 FROM generate_series(1, 400) i;
SELECT learn('parts');
SELECT * FROM refreshed('parts_models');
CREATE TABLE parts_more AS SELECT 4 + i % 2 AS g, (i % 17)::real AS a, (i % 13)::real AS b, (i % 7)::real AS y FROM generate_series(1, 200) i;
ALTER TABLE parts ATTACH PARTITION parts_more FOR VALUES FROM (4) TO (6);
SELECT * FROM refreshed('parts_models');
ALTER TABLE parts DETACH PARTITION parts_more;
ALTER TABLE parts_more ADD COLUMN id serial;
ALTER TABLE parts_more DROP COLUMN id;
UPDATE parts_more SET y = y + 1 WHERE g = 5;
ALTER TABLE parts ATTACH PARTITION parts_more FOR VALUES FROM (4) TO (6);
SELECT * FROM refreshed('parts_models');
-- an old table, with other rows of known groups, takes a partition's part
CREATE TABLE parts_old AS SELECT g, a, b, (y + 2)::real AS y FROM parts_high;
SELECT * FROM refreshed('parts_models');
ALTER TABLE parts DETACH PARTITION parts_high;
ALTER TABLE parts ATTACH PARTITION parts_old FOR VALUES FROM (2) TO (4);
SELECT * FROM refreshed('parts_models');
SELECT * FROM refreshed('parts_models');

-- no state: views, labels whose text depends on another table, rows that policies hide
CREATE VIEW seen AS SELECT * FROM plain;
SELECT learn('seen');
SELECT * FROM refreshed('seen_models');
CREATE TYPE mood AS ENUM ('sad', 'glad');
CREATE TABLE moods AS SELECT i % 4 AS g, (i % 17)::real AS a, (i % 13)::real AS b, (CASE WHEN i % 3 = 0 THEN 'sad' ELSE 'glad' END)::mood AS y FROM generate_series(1, 400) i;
SELECT cerebro.training_preprocessor_dl('moods', 'moods_packed', 'y', 'a, b', grouping_cols => 'g', pooled => false);
SELECT source_state IS NULL AS none FROM moods_packed_summary;
CREATE TABLE hidden AS SELECT i % 4 AS g, (i % 17)::real AS a, (i % 13)::real AS b, (i % 7)::real AS y, i % 2 AS who FROM generate_series(1, 400) i;
ALTER TABLE hidden ENABLE ROW LEVEL SECURITY;
ALTER TABLE hidden FORCE ROW LEVEL SECURITY;
CREATE POLICY one ON hidden USING (who = current_setting('refresh_state.who')::integer);
CREATE ROLE refresh_state_role;
GRANT USAGE, CREATE ON SCHEMA refresh_state_case TO refresh_state_role;
GRANT ALL ON ALL TABLES IN SCHEMA refresh_state_case TO refresh_state_role;
SET ROLE refresh_state_role;
SET refresh_state.who = 0;
SELECT learn('hidden');
SELECT source_state IS NULL AS none FROM hidden_packed_summary;
SET refresh_state.who = 1;
SELECT added, changed, vanished, unchanged FROM refreshed('hidden_models');
RESET ROLE;

-- rows without a label are counted, and rows of the split go by the changed groups alone
CREATE TABLE split AS SELECT i AS id, i % 5 AS g, (i % 17)::real AS a, (i % 13)::real AS b, CASE WHEN i % 50 = 0 THEN NULL ELSE i % 7 END::real AS y, i % 4 = 0 AS held, i AS t
FROM generate_series(1, 1000) i;
CREATE TABLE split_later AS TABLE split;
SELECT learn('split', ', split_column => ''held''');
SELECT learn('split_later', ', split_by_time => ''t'', validation_fraction => 0.25');
UPDATE split SET a = a + 1 WHERE id = 1;
UPDATE split_later SET a = a + 1 WHERE id = 1;
UPDATE split SET held = true WHERE g = 2;
SET client_min_messages = notice;
SELECT * FROM refreshed('split_models');
SELECT * FROM refreshed('split_later_models');
UPDATE split SET held = NULL WHERE id = 3;
SELECT * FROM refreshed('split_models');
SET client_min_messages = warning;
SELECT group_id, group_rows, validation_rows, status, reason FROM split_packed_groups ORDER BY 1;

-- a row that cannot be packed leaves its group as it is, and no other
\set VERBOSITY default
CREATE TABLE broken AS SELECT i AS id, i % 20 AS g, (i % 17)::float8 AS a, (i % 13)::float8 AS b, (i % 7)::real AS y FROM generate_series(1, 1000) i;
SELECT learn('broken');
UPDATE broken SET a = a + 1 WHERE g IN (3, 4, 5, 6);
UPDATE broken SET a = NULL WHERE id = 4;
UPDATE broken SET b = 'NaN' WHERE id = 6;
INSERT INTO broken SELECT 3000 + i, 77, CASE WHEN i = 3 THEN NULL ELSE i END, i, i FROM generate_series(1, 20) i;
SELECT added_groups, changed_groups, vanished_groups, unchanged_groups, trained_groups, skipped_groups, failed_groups FROM cerebro.refresh('broken_models');
\set VERBOSITY terse
UPDATE broken SET a = a + 1 WHERE g IN (8, 9);
SET client_min_messages = info;
CALL cerebro.refresh_in_parts('broken_models', groups_at_once => 1);
SET client_min_messages = warning;
UPDATE broken SET a = 1 WHERE a IS NULL;
UPDATE broken SET b = 1 WHERE b = 'NaN';
SELECT added_groups, changed_groups, unchanged_groups, trained_groups, failed_groups FROM cerebro.refresh('broken_models');
SELECT * FROM refreshed('broken_models');
CREATE TABLE broken_now AS TABLE broken;
SELECT learn('broken_now');
SELECT count(*) AS groups, bool_and(m.model_weights = n.model_weights) AS equal FROM broken_models m JOIN broken_models_groups g USING (group_id)
JOIN broken_now_models_groups k USING (g) JOIN broken_now_models n ON n.group_id = k.group_id AND n.mst_key = m.mst_key;
SELECT count(*) AS left_behind FROM pg_class WHERE relname LIKE '\_cerebro\_%';

DROP SCHEMA refresh_state_case CASCADE;
DROP ROLE refresh_state_role;
