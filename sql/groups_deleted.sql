-- A group that is deleted while its table is packed is skipped with a reason; all others are packed as without it. The view
-- shows the group until it was read twice: for the NULL labels, and for the groups.
\pset null '(null)'
SET client_min_messages = warning;
CREATE SCHEMA groups_deleted;
SET search_path = groups_deleted, public;

CREATE TABLE sales AS SELECT i AS id, i % 4 AS store, (i % 7)::real AS x, (i % 5)::real AS y FROM generate_series(1, 400) i;
CREATE SEQUENCE looks;
CREATE FUNCTION still_there() RETURNS boolean LANGUAGE sql VOLATILE AS $$ SELECT nextval('groups_deleted.looks') <= 200 $$;
CREATE VIEW leaving AS SELECT * FROM sales WHERE store <> 2 OR still_there();
CREATE VIEW without AS SELECT * FROM sales WHERE store <> 2;

SET client_min_messages = notice;
SELECT cerebro.training_preprocessor_dl('leaving', 'packed', 'y', 'x', dependent_type => 'real', grouping_cols => 'store');
SET client_min_messages = warning;
SELECT group_id, store, group_rows, validation_rows, partitions, status, reason FROM packed_groups ORDER BY 1;
SELECT cerebro.training_preprocessor_dl('without', 'other', 'y', 'x', dependent_type => 'real', grouping_cols => 'store');
SELECT count(*) AS groups, bool_and(p.digest = o.digest) AS equal FROM packed_groups p JOIN other_groups o USING (store);
SELECT p.digest = o.digest AS pooled FROM packed_pooled_summary p, other_pooled_summary o;
