-- The libraries of the segments, and where they are.
CREATE OR REPLACE FUNCTION cerebro._other_libraries(OUT segment integer, OUT build_id text) RETURNS SETOF record
    AS $$
        SELECT g.gp_segment_id, cerebro._segment_report()::pg_catalog.json ->> 'library'
        FROM gp_dist_random('pg_catalog.gp_id') g
    $$ LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp;

CREATE OR REPLACE FUNCTION cerebro._segment_hosts() RETURNS bigint
    AS $$
        SELECT count(DISTINCT s.hostname) FROM pg_catalog.gp_segment_configuration s
        WHERE s.role = 'p' AND s.content >= 0
    $$ LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp;
