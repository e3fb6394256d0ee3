-- Files that belong to no table, as a crash leaves them of tables whose transaction it cut off.
SET client_min_messages = warning;
-- files of tables that were dropped wait for it
CHECKPOINT;
SELECT count(*) FROM cerebro.orphan_files();

-- one that is older than this transaction
SELECT s.setting || '/base/' || d.oid AS directory FROM pg_settings s, pg_database d WHERE s.name = 'data_directory' AND d.datname = current_database() \gset
\set command 'printf 12345 >\'' :directory '/4000000001\' && touch -d 2020-01-01 \'' :directory '/4000000001\''
COPY (SELECT 1) TO PROGRAM :'command';
SELECT file ~ '^base/[0-9]+/4000000001$' AS file, bytes, modified < now() - interval '1 day' AS old FROM cerebro.orphan_files();
-- and others: newer than this transaction, a fork, a further part, no file of a table
\set command 'cd \'' :directory '\' && printf 1 >4000000002 && touch -d 2100-01-01 4000000002 && for file in 4000000001_fsm 4000000001.1 other; do printf 1 >$file && touch -d 2020-01-01 $file; done'
COPY (SELECT 1) TO PROGRAM :'command';
SELECT substring(file, '[^/]*$') AS file, bytes FROM cerebro.orphan_files() ORDER BY 1;
\set command 'cd \'' :directory '\' && rm 4000000001 4000000002 4000000001_fsm 4000000001.1 other'
COPY (SELECT 1) TO PROGRAM :'command';
SELECT count(*) FROM cerebro.orphan_files();

-- tables of this very transaction have their files
BEGIN;
CREATE TABLE fresh AS SELECT 1 AS x;
SELECT count(*) FROM cerebro.orphan_files();
ROLLBACK;

-- for superusers
CREATE ROLE cerebro_test_ordinary;
SET ROLE cerebro_test_ordinary;
SELECT count(*) FROM cerebro.orphan_files();
RESET ROLE;
DROP ROLE cerebro_test_ordinary;
