-- Packing by group: which groups there are, what is in their buffers, which are skipped, what is refused. A group's buffers
-- are those of a packed table that has its rows alone.
\pset null '(null)'
SET client_min_messages = warning;
CREATE SCHEMA groups_packing;
SET search_path = groups_packing, public;

\set data `echo "$CEREBRO_TEST_DATA"`
\i :data/attempt.sql
CREATE FUNCTION drop_packed(packed text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    suffix text;
BEGIN
    FOREACH suffix IN ARRAY ARRAY['', '_summary', '_groups', '_val', '_val_summary', '_pooled', '_pooled_summary', '_pooled_val', '_pooled_val_summary'] LOOP
        EXECUTE format('DROP TABLE IF EXISTS %I', packed || suffix);
    END LOOP;
END $$;
-- partitions, buffers and contents of a group, or of a packed table without groups
CREATE FUNCTION contents(packed text, group_number bigint DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    found text;
BEGIN
    EXECUTE format('SELECT md5(string_agg(partition_id || ''/'' || buffer_id || ''/'' || md5(%s), '','' ORDER BY partition_id, buffer_id)) FROM %I %s',
        (SELECT string_agg(quote_ident(attname), ' || ' ORDER BY attname) FROM pg_attribute WHERE attrelid = packed::regclass AND atttypid = 'bytea'::regtype),
        packed, CASE WHEN group_number IS NULL THEN '' ELSE 'WHERE group_id = ' || group_number END) INTO found;
    RETURN found;
END $$;

-- three regions and NULL, two stores and NULL; groups of 1 to 3,000 rows; some rows are there more than once
CREATE TABLE sales AS
SELECT i AS id, CASE WHEN i <= 3000 THEN 'south' WHEN i <= 3400 THEN 'north' WHEN i <= 3500 THEN 'west' ELSE NULL END AS region,
       CASE WHEN i <= 3000 THEN 1 WHEN i <= 3150 THEN 1 WHEN i <= 3400 THEN 2 WHEN i <= 3499 THEN NULL WHEN i = 3500 THEN 7 ELSE i % 2 END AS store,
       (i % 7 + i % 3)::real AS x, (i % 5)::int AS y, (i % 11)::float8 / 4 AS amount, CASE WHEN i % 2 = 0 THEN 'yes' ELSE 'no' END AS bought,
       i % 4 = 0 AS held, date '2024-01-01' + i % 50 AS day
FROM generate_series(1, 3560) i;

-- groups are numbered in the order of their keys, NULLs last; sizes; partitions as an ordinary table of so many rows has
SELECT cerebro.training_preprocessor_dl('sales', 'packed', 'amount', 'x, y', dependent_type => 'real', grouping_cols => 'region, store', buffer_size => 100);
SELECT group_id, region, store, group_rows, validation_rows, partitions, validation_digest, class_rows, constants, status, reason FROM packed_groups ORDER BY group_id;
SELECT count(*) AS other_sizes FROM packed_groups g JOIN (SELECT region, store, count(*) AS n FROM sales GROUP BY 1, 2) s
    ON s.region IS NOT DISTINCT FROM g.region AND s.store IS NOT DISTINCT FROM g.store WHERE s.n <> g.group_rows;
SELECT group_id, count(DISTINCT partition_id) AS partitions, count(*) AS buffers, min((scalars_shape)[1]) AS smallest, max((scalars_shape)[1]) AS largest, sum((scalars_shape)[1]) AS rows
FROM packed GROUP BY 1 ORDER BY 1;
SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'packed'::regclass AND attnum > 0 ORDER BY attnum;
-- rows lie in the order of group, partition and buffer
SELECT bool_and(before IS NULL OR before < here) AS in_order FROM (SELECT (group_id, partition_id, buffer_id) AS here, lag((group_id, partition_id, buffer_id)) OVER (ORDER BY ctid) AS before FROM packed) o;
SELECT grouping_cols, groups_table, groups, packed_groups, largest_group_rows, validates, own_constants, format_version, rows, num_partitions, partition_rows, partition_buffers, max_buffer_rows FROM packed_summary;

-- equal bytes and digests to a table packed alone, whatever its size; repeated rows are numbered within their group
CREATE FUNCTION compare_alone(more text, pack text DEFAULT 'packed') RETURNS TABLE(group_id bigint, contents boolean, digest boolean, partitions boolean, rows boolean) LANGUAGE plpgsql AS $$
DECLARE
    g record; s record;
BEGIN
    FOR g IN EXECUTE format('SELECT * FROM %I ORDER BY group_id', pack || '_groups') LOOP
        PERFORM groups_packing.drop_packed('alone');
        EXECUTE format('CREATE TEMPORARY VIEW one AS SELECT * FROM groups_packing.sales WHERE region IS NOT DISTINCT FROM %L AND store IS NOT DISTINCT FROM %L', g.region, g.store);
        EXECUTE 'SELECT cerebro.training_preprocessor_dl(''pg_temp.one'', ''alone'', ''amount'', ''x, y'', dependent_type => ''real''' || more || ')';
        DROP VIEW one;
        SELECT a.digest, a.num_partitions, a.rows INTO s FROM alone_summary a;
        RETURN QUERY SELECT g.group_id, groups_packing.contents('alone') = groups_packing.contents(pack, g.group_id), s.digest = g.digest, s.num_partitions = g.partitions, s.rows = g.group_rows;
    END LOOP;
END $$;
SELECT * FROM compare_alone(', buffer_size => 100');
-- the table of all rows is an ordinary packed table
SELECT cerebro.training_preprocessor_dl('sales', 'whole', 'amount', 'x, y', dependent_type => 'real', buffer_size => 100);
SELECT w.digest = p.digest AS digest, w.data_spec::text = p.data_spec::text AS description, contents('whole') = contents('packed_pooled') AS contents FROM whole_summary w, packed_pooled_summary p;
-- another seed, other sizes
SELECT drop_packed('packed');
SELECT cerebro.training_preprocessor_dl('sales', 'packed', 'amount', 'x, y', dependent_type => 'real', grouping_cols => 'region, store', num_partitions => 1, seed => 7, pooled => false);
SELECT bool_and(contents AND digest AND partitions AND rows) AS as_alone, count(*) FROM compare_alone(', num_partitions => 1, seed => 7');
SELECT to_regclass('packed_pooled') AS not_wanted;
-- the table does not depend on the order of the rows
CREATE TABLE shuffled AS SELECT * FROM sales ORDER BY md5(id::text);
SELECT cerebro.training_preprocessor_dl('shuffled', 'again', 'amount', 'x, y', dependent_type => 'real', grouping_cols => 'region, store', num_partitions => 1, seed => 7);
SELECT a.digest = p.digest AS same FROM again_summary a, packed_summary p;

-- a split of each group, as of a table that has the group alone: by content, by a column, by time
CREATE FUNCTION compare_split(more text, label text DEFAULT 'amount', type text DEFAULT 'real') RETURNS TABLE(groups bigint, training boolean, validation boolean, rows bigint) LANGUAGE plpgsql AS $$
DECLARE
    g record; t boolean := true; v boolean := true; n bigint := 0; total bigint := 0; a text; b text; nobody boolean;
BEGIN
    PERFORM groups_packing.drop_packed('parts');
    EXECUTE format('SELECT cerebro.training_preprocessor_dl(''sales'', ''parts'', %L, ''x, y'', dependent_type => %L, grouping_cols => ''region, store'', pooled => false %s)', label, type, more);
    FOR g IN SELECT * FROM parts_groups WHERE status = 'packed' AND validation_rows > 0 ORDER BY group_id LOOP
        PERFORM groups_packing.drop_packed('alone');
        EXECUTE format('CREATE TEMPORARY VIEW one AS SELECT * FROM groups_packing.sales WHERE region IS NOT DISTINCT FROM %L AND store IS NOT DISTINCT FROM %L', g.region, g.store);
        EXECUTE format('SELECT cerebro.training_preprocessor_dl(''pg_temp.one'', ''alone'', %L, ''x, y'', dependent_type => %L %s)', label, type, more);
        DROP VIEW one;
        t := t AND groups_packing.contents('alone') = groups_packing.contents('parts', g.group_id) AND (SELECT s.digest FROM alone_summary s) = g.digest;
        v := v AND groups_packing.contents('alone_val') = groups_packing.contents('parts_val', g.group_id) AND (SELECT s.digest FROM alone_val_summary s) = g.validation_digest
            AND (SELECT s.rows FROM alone_val_summary s) = g.validation_rows;
        n := n + 1;
        total := total + g.validation_rows;
    END LOOP;
    RETURN QUERY SELECT n, t, v, total;
END $$;
SELECT * FROM compare_split(', validation_fraction => 0.2');
SELECT * FROM compare_split(', validation_fraction => 0.35, seed => 3');
SELECT * FROM compare_split(', validation_fraction => 0.2', 'bought', 'one_hot');
SELECT group_id, group_rows, validation_rows, class_rows, status, reason FROM parts_groups ORDER BY group_id;
SELECT * FROM compare_split(', split_column => ''held''');
SELECT * FROM compare_split(', split_by_time => ''day'', validation_fraction => 0.3');
SELECT sum(group_rows) AS trained, sum(validation_rows) AS validated, count(DISTINCT v.group_id) AS groups_that_validate FROM parts_groups g LEFT JOIN (SELECT DISTINCT group_id FROM parts_val) v USING (group_id);
SELECT validates, groups_table, groups, largest_group_rows, rows FROM parts_val_summary;

-- '*' leaves the key columns out; they may be named
SELECT drop_packed('packed');
SELECT cerebro.training_preprocessor_dl('sales', 'packed', 'amount', '*', exclude => 'id, day, bought, held', dependent_type => 'real', grouping_cols => 'region, store', pooled => false);
SELECT independent_varname, grouping_cols FROM packed_summary;
SELECT drop_packed('packed');
SELECT cerebro.training_preprocessor_dl('sales', 'packed', 'amount', 'x, store', dependent_type => 'real', grouping_cols => 'region', pooled => false, preprocess => 'auto');
SELECT independent_varname FROM packed_summary;

-- constants and categories are those of the whole table
SELECT drop_packed('packed'), drop_packed('whole');
SELECT cerebro.training_preprocessor_dl('sales', 'packed', 'amount', 'x, y', dependent_type => 'real', grouping_cols => 'region', standardize => true, pooled => false);
SELECT cerebro.training_preprocessor_dl('sales', 'whole', 'amount', 'x, y', dependent_type => 'real', standardize => true);
SELECT (w.data_spec -> 'inputs')::text = (p.data_spec -> 'inputs')::text AS constants FROM whole_summary w, packed_summary p;
SELECT drop_packed('packed'), drop_packed('whole');
SELECT cerebro.training_preprocessor_dl('sales', 'packed', 'amount', 'x, y, bought', grouping_cols => 'region', preprocess => 'auto', validation_fraction => 0.2);
SELECT (w.data_spec -> 'preprocessing')::text = (p.data_spec -> 'preprocessing')::text AS pooled, (v.data_spec -> 'preprocessing')::text = (p.data_spec -> 'preprocessing')::text AS validation
FROM packed_pooled_summary w, packed_summary p, packed_val_summary v;
SELECT sum(g.group_rows) = (SELECT rows FROM packed_pooled_summary) AS training, sum(g.validation_rows) = (SELECT rows FROM packed_pooled_val_summary) AS validation FROM packed_groups g;
-- or each group's own
SELECT drop_packed('packed');
SELECT cerebro.training_preprocessor_dl('sales', 'packed', 'amount', 'x, y, bought', grouping_cols => 'region', preprocess => 'auto', validation_fraction => 0.2, preprocess_per_group => true);
SELECT group_id, region, constants IS NOT NULL AS has_constants, (constants -> 0 ->> 4)::float8 AS centre FROM packed_groups ORDER BY 1;
CREATE FUNCTION compare_own() RETURNS TABLE(group_id bigint, contents boolean, validation boolean, constants boolean) LANGUAGE plpgsql AS $$
DECLARE
    g record;
BEGIN
    FOR g IN SELECT * FROM packed_groups ORDER BY group_id LOOP
        PERFORM groups_packing.drop_packed('alone');
        EXECUTE format('CREATE TEMPORARY VIEW one AS SELECT * FROM groups_packing.sales WHERE region IS NOT DISTINCT FROM %L', g.region);
        PERFORM cerebro.training_preprocessor_dl('pg_temp.one', 'alone', 'amount', 'x, y, bought', preprocess => 'auto', validation_fraction => 0.2);
        DROP VIEW one;
        RETURN QUERY SELECT g.group_id, groups_packing.contents('alone') = groups_packing.contents('packed', g.group_id), groups_packing.contents('alone_val') = groups_packing.contents('packed_val', g.group_id),
            (s.data_spec -> 'preprocessing' -> 'sources' -> 0 ->> 'center')::float8 = (g.constants -> 0 ->> 4)::float8 FROM alone_summary s;
    END LOOP;
END $$;
SELECT * FROM compare_own();

-- keys of many types; 16 columns
CREATE TYPE size AS ENUM ('small', 'large');
CREATE DOMAIN code AS text CHECK (length(VALUE) < 5);
CREATE TABLE typed AS
SELECT i::smallint % 2::smallint AS "a Smallint", i % 2 AS b, (i % 2)::bigint AS c, (i % 2 + 0.5)::numeric(6, 2) AS d, (i % 2 + 0.25)::real AS e, CASE i % 2 WHEN 0 THEN 'NaN' ELSE '-0' END::float8 AS f,
       i % 2 = 0 AS g, ('k''"' || i % 2)::text AS h, ('v' || i % 2)::varchar(9) AS i, ('c' || i % 2)::char(4) AS j, ('d' || i % 2)::code AS k, CASE i % 2 WHEN 0 THEN 'small' ELSE 'large' END::size AS l,
       date '2024-02-28' + i % 2 AS m, timestamptz '2024-02-28 12:00+02' + i % 2 * interval '1 hour' AS n, ('00000000-0000-0000-0000-00000000000' || i % 2)::uuid AS o,
       ARRAY[i % 2, NULL] AS p, i::real AS x, i::real AS y FROM generate_series(1, 20) i;
SELECT cerebro.training_preprocessor_dl('typed', 'types', 'y', 'x', dependent_type => 'real', pooled => false, grouping_cols => '"a Smallint", b, c, d, e, f, g, h, i, j, k, l, m, n, o, p');
SELECT count(*) AS groups, sum(group_rows) AS rows FROM types_groups;
SELECT count(*) AS other_types FROM pg_attribute a JOIN pg_attribute t ON a.attname = t.attname AND a.attrelid = 'typed'::regclass AND t.attrelid = 'types_groups'::regclass
WHERE (a.atttypid, a.atttypmod) <> (t.atttypid, t.atttypmod) AND a.attnum > 0;
SELECT "a Smallint", d, e, f, g, h, i, j, k, l, m, o, p FROM types_groups ORDER BY group_id;
-- numbers that are equal are one group; texts are ordered by their bytes, whatever the database's locale; bytea and intervals
CREATE TABLE equal_keys AS SELECT unnest(ARRAY[1.0, 1.00, 2, 1])::numeric AS n, unnest(ARRAY['b', 'B', 'a', 'b']) AS t, unnest(ARRAY['\x00', '\xff', NULL, '\x00']::bytea[]) AS b,
    unnest(ARRAY['1 day', '24 hours', NULL, '1 mon']::interval[]) AS i, unnest(ARRAY[1, 2, 3, 4])::real AS x, unnest(ARRAY[4, 3, 2, 1])::real AS y;
SELECT cerebro.training_preprocessor_dl('equal_keys', 'by_number', 'y', 'x', dependent_type => 'real', grouping_cols => 'n', pooled => false);
SELECT n = 1 AS one, group_rows FROM by_number_groups ORDER BY group_id;
SELECT cerebro.training_preprocessor_dl('equal_keys', 'by_text', 'y', 'x', dependent_type => 'real', grouping_cols => 't', pooled => false);
SELECT group_id, t FROM by_text_groups ORDER BY group_id;
SELECT cerebro.training_preprocessor_dl('equal_keys', 'by_bytes', 'y', 'x', dependent_type => 'real', grouping_cols => 'b', pooled => false);
SELECT group_id, b, group_rows FROM by_bytes_groups ORDER BY group_id;
SELECT cerebro.training_preprocessor_dl('equal_keys', 'by_interval', 'y', 'x', dependent_type => 'real', grouping_cols => 'i', pooled => false);
SELECT group_id, i, group_rows FROM by_interval_groups ORDER BY group_id;
-- a view, a temporary table, weights, a column of NULLs only
CREATE VIEW seen AS SELECT *, NULL::text AS never FROM sales WHERE id % 3 = 0;
SELECT cerebro.training_preprocessor_dl('seen', 'pg_temp.of_view', 'amount', 'x', dependent_type => 'real', sample_weight => 'y', grouping_cols => 'never', validation_fraction => 0.1);
SELECT never, group_rows, validation_rows FROM of_view_groups;
SELECT count(*) AS left_behind FROM pg_class WHERE relname LIKE '\_cerebro\_%' AND relkind = 'r';

-- skipped groups: too few rows, one label, no row that trains
SELECT drop_packed('packed');
SET client_min_messages = notice;
SELECT cerebro.training_preprocessor_dl('sales', 'packed', 'amount', 'x, y', dependent_type => 'real', grouping_cols => 'region, store', min_rows => 100);
SELECT group_id, region, store, group_rows, partitions, digest IS NULL AS no_digest, status, reason FROM packed_groups ORDER BY group_id;
SELECT groups, packed_groups, rows, (SELECT rows FROM packed_pooled_summary) AS pooled_rows FROM packed_summary;
SELECT drop_packed('packed');
CREATE TABLE labels AS SELECT i AS id, i % 5 AS shop, CASE WHEN i % 5 = 2 THEN 'a' WHEN i % 5 = 3 AND i > 3 THEN NULL ELSE chr(97 + i % 3) END AS label, i % 7 AS x, i % 5 = 4 OR i % 10 = 0 AS held FROM generate_series(1, 60) i;
SELECT cerebro.training_preprocessor_dl('labels', 'packed', 'label', 'x', grouping_cols => 'shop', split_column => 'held');
SELECT group_id, shop, group_rows, validation_rows, class_rows, status, reason FROM packed_groups ORDER BY 1;
-- rows of skipped groups validate, too, so that a model of all groups can be measured there
SELECT group_id, sum((x_shape)[1]) AS rows FROM packed_val GROUP BY 1 ORDER BY 1;
SET client_min_messages = warning;

-- refused, with nothing left behind
\x on
SELECT drop_packed('out');
CREATE FUNCTION refused(more text) RETURNS TABLE(sqlstate text, message text, detail text, hint text) LANGUAGE sql AS
$$ SELECT * FROM groups_packing.attempt('SELECT cerebro.training_preprocessor_dl(''sales'', ''out'', ''amount'', ''x, y'', dependent_type => ''real'', ' || $1 || ')') $$;
SELECT * FROM refused($$grouping_cols => 'region, stor'$$);
SELECT * FROM refused($$grouping_cols => 'region, region'$$);
SELECT * FROM refused($$grouping_cols => ''$$);
SELECT * FROM refused($$grouping_cols => 'amount'$$);
SELECT * FROM refused($$grouping_cols => 'id, region', max_groups => 100$$);
SELECT * FROM refused($$grouping_cols => 'id', max_groups => 3559$$);
SELECT * FROM refused($$grouping_cols => 'id', max_groups => 0$$);
SELECT * FROM refused($$grouping_cols => 'id', max_groups => 1000001$$);
SELECT * FROM refused($$grouping_cols => 'region', min_rows => 0$$);
SELECT * FROM refused($$grouping_cols => 'region', min_rows => 100000$$);
SELECT * FROM refused($$grouping_cols => 'region, store', null_groups => false$$);
SELECT * FROM refused($$grouping_cols => 'region', folds => 3$$);
SELECT * FROM refused($$grouping_cols => 'region', preprocess_per_group => true$$);
SELECT * FROM refused($$grouping_cols => 'region', validation_fraction => 0.00001$$);
SELECT * FROM refused($$min_rows => 3$$);
SELECT * FROM refused($$preprocess_per_group => true$$);
SELECT * FROM refused($$grouping_cols => 'a1,a2,a3,a4,a5,a6,a7,a8,a9,a10,a11,a12,a13,a14,a15,a16,a17'$$);
CREATE TABLE odd AS SELECT '{}'::json AS j, point(1, 1) AS p, 1 AS status, (SELECT string_agg(md5(i || ' ' || j), '') FROM generate_series(1, 200) j) AS long, i::real AS x, i::real AS y, 1 AS group_id, 1 AS _cerebro_group FROM generate_series(1, 5) i;
CREATE FUNCTION odd(keys text, x text DEFAULT 'x') RETURNS TABLE(sqlstate text, message text, detail text, hint text) LANGUAGE sql AS
$$ SELECT * FROM groups_packing.attempt(format('SELECT cerebro.training_preprocessor_dl(''odd'', ''out'', ''y'', %L, dependent_type => ''real'', grouping_cols => %L)', $2, $1)) $$;
SELECT * FROM odd('j');
SELECT * FROM odd('p');
SELECT * FROM odd('status');
SELECT * FROM odd('long');
SELECT * FROM odd('y');
SELECT * FROM odd('x', 'group_id');
SELECT * FROM odd('x', 'x, _cerebro_group');
-- who wants a table without groups says which one to give
SELECT * FROM attempt($$SELECT cerebro.append_rows('packed', 'labels')$$);
CREATE TABLE packed_out_groups (a int);
SELECT * FROM attempt($$SELECT cerebro.training_preprocessor_dl('labels', 'packed_out', 'label', 'x', grouping_cols => 'shop')$$);
-- a row that cannot be packed is named by its location in the source
UPDATE sales SET x = 'NaN' WHERE id = 3000;
SELECT * FROM refused($$grouping_cols => 'region'$$);
\x off
SELECT count(*) AS left_behind FROM pg_class c WHERE c.relname LIKE '\_cerebro\_%' OR c.relname LIKE 'out%';

-- 5,000 groups: many buffers of few rows
CREATE TABLE many AS SELECT i % 5000 AS customer, (i % 13)::real AS x, (i % 17)::real AS y FROM generate_series(0, 49999) i;
SELECT cerebro.training_preprocessor_dl('many', 'many_packed', 'y', 'x', dependent_type => 'real', grouping_cols => 'customer', validation_fraction => 0.2);
SELECT count(*) AS groups, sum(group_rows) AS trained, sum(validation_rows) AS validated, min(group_rows) AS fewest, max(group_rows) AS most, count(DISTINCT digest) > 100 AS several FROM many_packed_groups;
SELECT count(*) AS buffers FROM many_packed;
-- what looks at a packed table's description alone takes one by group, too
SELECT position, column_name, role FROM cerebro.describe('many_packed') ORDER BY 1;
SELECT cerebro.mlp('archs', 'many_packed', '{4}') IS NOT NULL AS made;
