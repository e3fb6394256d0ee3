-- Everything that the extension pg_cerebro owns, with its definition, a line a fact: what two databases are compared by. For catalogs of
-- PostgreSQL 9.4; test/upgrade/catalog.sql is for later ones. An object without a comment is a fault of its own.
SET search_path = pg_catalog;
CREATE TEMPORARY TABLE members AS
SELECT d.classid, d.objid, d.classid::regclass || ' ' || pg_describe_object(d.classid, d.objid, 0) AS object
FROM pg_depend d JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
WHERE e.extname = 'pg_cerebro' AND d.deptype = 'e' DISTRIBUTED BY (objid);
SELECT concat_ws('|', object, COALESCE(obj_description(objid, classid::regclass::name), 'NO COMMENT')) FROM members ORDER BY 1;
SELECT concat_ws('|', m.object, p.proisagg, p.provolatile, p.proisstrict, p.prosecdef, p.proleakproof, p.procost, p.prorows, p.proretset, pg_get_function_result(p.oid),
    pg_get_function_arguments(p.oid), l.lanname, md5(p.prosrc), p.probin, p.proconfig, p.proacl, p.prodataaccess, p.proexeclocation)
FROM members m JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid JOIN pg_language l ON l.oid = p.prolang ORDER BY 1;
SELECT concat_ws('|', m.object, a.aggkind, a.aggnumdirectargs, a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggserialfn, a.aggdeserialfn, a.agginitval, a.aggtranstype::regtype)
FROM members m JOIN pg_aggregate a ON m.classid = 'pg_proc'::regclass AND a.aggfnoid = m.objid ORDER BY 1;
SELECT concat_ws('|', m.object, c.relkind, c.relpersistence, c.relacl, c.reloptions, CASE WHEN c.relkind = 'v' THEN pg_get_viewdef(c.oid) END,
    (SELECT p.policytype || p.distkey::text FROM gp_distribution_policy p WHERE p.localoid = c.oid))
FROM members m JOIN pg_class c ON m.classid = 'pg_class'::regclass AND c.oid = m.objid ORDER BY 1;
SELECT concat_ws('|', m.object, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attstorage, pg_get_expr(d.adbin, d.adrelid), a.attacl)
FROM members m JOIN pg_attribute a ON m.classid = 'pg_class'::regclass AND a.attrelid = m.objid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum ORDER BY m.object, a.attnum;
SELECT concat_ws('|', m.object, c.conname, pg_get_constraintdef(c.oid)) FROM members m JOIN pg_constraint c ON m.classid = 'pg_class'::regclass AND c.conrelid = m.objid ORDER BY 1;
SELECT concat_ws('|', m.object, pg_get_indexdef(i.indexrelid)) FROM members m JOIN pg_index i ON m.classid = 'pg_class'::regclass AND i.indrelid = m.objid ORDER BY 1;
SELECT concat_ws('|', m.object, t.tgname, pg_get_triggerdef(t.oid)) FROM members m JOIN pg_trigger t ON m.classid = 'pg_class'::regclass AND t.tgrelid = m.objid
AND NOT t.tgisinternal ORDER BY 1;
SELECT concat_ws('|', m.object, t.typtype, t.typlen, t.typnotnull, t.typinput, t.typoutput) FROM members m JOIN pg_type t ON m.classid = 'pg_type'::regclass AND t.oid = m.objid ORDER BY 1;
SELECT concat_ws('|', extversion, extrelocatable, (SELECT string_agg(c::regclass::text, ',' ORDER BY c::regclass::text) FROM unnest(extconfig) c), extcondition)
FROM pg_extension WHERE extname = 'pg_cerebro';
