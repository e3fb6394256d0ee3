-- What a refresh of groups asks of every row of its source. Internal.

CREATE FUNCTION cerebro._written_since(written xid, horizon bigint) RETURNS boolean
    AS 'MODULE_PATHNAME', 'pg_cerebro_written_since' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cerebro._written_since(xid, bigint) IS
    'internal: whether a row''s transaction may be a newer one than the horizon';
