-- The libraries of the segments.
CREATE OR REPLACE FUNCTION cerebro._other_libraries(OUT segment integer, OUT build_id text) RETURNS SETOF record
    AS $$
        SELECT g.gp_segment_id, cerebro._segment_report()::pg_catalog.json ->> 'library'
        FROM gp_dist_random('pg_catalog.gp_id') g
    $$ LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp;
