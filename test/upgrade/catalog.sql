-- All that the extension consists of in this database, a line an object or a part of one: what an update must make as
-- an installation does.
SET search_path = pg_catalog;
\pset format unaligned
\pset tuples_only on
CREATE TEMP TABLE members AS
SELECT d.classid, d.objid, d.classid::regclass || ' ' || pg_describe_object(d.classid, d.objid, 0) AS object
FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND e.extname = 'pg_cerebro';

SELECT object, obj_description(objid, classid::regclass::name) FROM members ORDER BY 1;
SELECT m.object, p.prokind, p.provolatile, p.proparallel, p.proisstrict, p.prosecdef, p.proleakproof, p.procost,
    p.prorows, p.proretset, pg_get_function_arguments(p.oid), pg_get_function_result(p.oid), l.lanname, p.probin,
    md5(p.prosrc), p.proconfig, p.proacl, pg_get_userbyid(p.proowner)
FROM members m JOIN pg_proc p ON p.oid = m.objid JOIN pg_language l ON l.oid = p.prolang
WHERE m.classid = 'pg_proc'::regclass ORDER BY 1;
SELECT m.object, a.aggkind, a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggserialfn, a.aggdeserialfn,
    a.aggfinalmodify, a.aggtranstype::regtype, a.agginitval
FROM members m JOIN pg_aggregate a ON a.aggfnoid = m.objid WHERE m.classid = 'pg_proc'::regclass ORDER BY 1;
SELECT m.object, c.relkind, c.relpersistence, c.reloptions, c.relacl, pg_get_userbyid(c.relowner), c.relrowsecurity,
    CASE WHEN c.relkind = 'v' THEN md5(pg_get_viewdef(c.oid)) END
FROM members m JOIN pg_class c ON c.oid = m.objid WHERE m.classid = 'pg_class'::regclass ORDER BY 1;
SELECT m.object, row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum), a.attname,
    format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attstorage, pg_get_expr(d.adbin, d.adrelid),
    col_description(c.oid, a.attnum)
FROM members m JOIN pg_class c ON c.oid = m.objid
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE m.classid = 'pg_class'::regclass ORDER BY 1, 2;
SELECT m.object, x.conname, pg_get_constraintdef(x.oid)
FROM members m JOIN pg_constraint x ON x.conrelid = m.objid WHERE m.classid = 'pg_class'::regclass ORDER BY 1, 2;
SELECT m.object, pg_get_indexdef(i.indexrelid)
FROM members m JOIN pg_index i ON i.indrelid = m.objid WHERE m.classid = 'pg_class'::regclass ORDER BY 1, 2;
SELECT m.object, i.privtype, i.initprivs
FROM members m JOIN pg_init_privs i ON i.classoid = m.classid AND i.objoid = m.objid WHERE i.objsubid = 0 ORDER BY 1;
SELECT n.nspname, n.nspacl, obj_description(n.oid, 'pg_namespace')
FROM pg_namespace n WHERE n.nspname ~ '^cerebro' ORDER BY 1;
SELECT e.extname, e.extversion, e.extrelocatable, (
    SELECT string_agg(t.tbl::regclass::text || ' ' || t.condition, ',' ORDER BY t.tbl::regclass::text)
    FROM unnest(e.extconfig, e.extcondition) t(tbl, condition))
FROM pg_extension e WHERE e.extname = 'pg_cerebro';
