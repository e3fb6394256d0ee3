-- The same of all servers of a cluster: the coordinator is segment -1.
CREATE OR REPLACE FUNCTION cerebro.orphan_files(OUT segment integer, OUT file text, OUT bytes bigint, OUT modified timestamptz) RETURNS SETOF record
    AS $$
        SELECT f.segment, (f.found).file, (f.found).bytes, (f.found).modified
        FROM (SELECT -1 AS segment, cerebro._orphan_files() AS found
              UNION ALL SELECT g.gp_segment_id, cerebro._orphan_files() FROM gp_dist_random('pg_catalog.gp_id') g) f ORDER BY 1, 2
    $$ LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp;
