-- What a crash has left on disk.

CREATE FUNCTION cerebro._orphan_files(OUT file text, OUT bytes bigint, OUT modified timestamptz) RETURNS SETOF record
    AS $$
        WITH database AS (SELECT d.oid::pg_catalog.text AS oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()),
        outside AS (
            SELECT 'pg_tblspc/' || t.oid::pg_catalog.text || '/' || pg_catalog.pg_ls_dir('pg_tblspc/' || t.oid::pg_catalog.text) AS directory
            FROM pg_catalog.pg_tablespace t WHERE t.spcname NOT IN ('pg_default', 'pg_global')),
        directories AS (
            SELECT 'base/' || d.oid AS directory FROM database d
            UNION ALL SELECT o.directory || '/' || d.oid FROM outside o, database d
            WHERE EXISTS (SELECT 1 FROM pg_catalog.pg_ls_dir(o.directory) entry WHERE entry = d.oid)),
        files AS (SELECT d.directory, pg_catalog.pg_ls_dir(d.directory) AS name FROM directories d),
        orphans AS (
            SELECT f.directory || '/' || f.name AS file, pg_catalog.pg_stat_file(f.directory || '/' || f.name, true) AS stat FROM files f
            WHERE f.name ~ '^[0-9]+(_(fsm|vm|init))?([.][0-9]+)?$' AND pg_catalog.substring(f.name, '^[0-9]+')::pg_catalog.oid NOT IN (
                SELECT pg_catalog.pg_relation_filenode(c.oid) FROM pg_catalog.pg_class c
                WHERE pg_catalog.pg_relation_filenode(c.oid) IS NOT NULL))
        SELECT o.file, (o.stat).size, (o.stat).modification FROM orphans o
        -- a running transaction's own new tables are seen by it alone; the time on disk is in whole seconds
        WHERE (o.stat).modification + '1 s'::pg_catalog.interval <= (SELECT pg_catalog.min(a.xact_start) FROM pg_catalog.pg_stat_activity a)
    $$ LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION cerebro._orphan_files() IS 'internal: orphan_files of this process''s server';
REVOKE ALL ON FUNCTION cerebro._orphan_files() FROM PUBLIC;

CREATE FUNCTION cerebro.orphan_files(OUT segment integer, OUT file text, OUT bytes bigint, OUT modified timestamptz) RETURNS SETOF record
    AS $$ SELECT NULL::pg_catalog.int4, f.file, f.bytes, f.modified FROM cerebro._orphan_files() f ORDER BY 2 $$
    LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION cerebro.orphan_files() IS
    'files of this database that belong to no table: what a crash left of tables whose transaction it cut off; after a CHECKPOINT, for superusers';
REVOKE ALL ON FUNCTION cerebro.orphan_files() FROM PUBLIC;
