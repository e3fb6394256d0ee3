-- Segments of a Greenplum cluster. PostgreSQL counts as one segment; its tables have no distribution.

CREATE FUNCTION @madlib@._on_greenplum() RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT to_regclass('pg_catalog.gp_segment_configuration') IS NOT NULL
$$;
COMMENT ON FUNCTION @madlib@._on_greenplum() IS 'internal: whether the server is a Greenplum cluster';

CREATE FUNCTION @madlib@._distributed_by(column_name text) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN NOT @madlib@._on_greenplum() THEN ''
                WHEN $1 IS NULL THEN ' WITH (appendonly=false) DISTRIBUTED RANDOMLY'
                ELSE ' WITH (appendonly=false) DISTRIBUTED BY (' || quote_ident($1) || ')' END
$$;
COMMENT ON FUNCTION @madlib@._distributed_by(text) IS 'internal: the end of CREATE TABLE for a heap table with this distribution key';

CREATE FUNCTION @madlib@._segments() RETURNS TABLE(content integer, dbid integer, hostname text)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT @madlib@._on_greenplum() THEN
        RETURN QUERY SELECT 0, 1, 'localhost'::text;
    ELSE
        RETURN QUERY EXECUTE 'SELECT c.content::int4, c.dbid::int4, c.hostname::text FROM pg_catalog.gp_segment_configuration c'
            ' WHERE c.content >= 0 AND c.role = ''p'' ORDER BY c.content';
    END IF;
END $$;
COMMENT ON FUNCTION @madlib@._segments() IS 'internal: the primary segments; one on PostgreSQL';

-- A key that hashes to each segment: the least one, by content. NULL on PostgreSQL.
CREATE FUNCTION @madlib@._segment_keys() RETURNS integer[]
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    most integer := 1000;
    keys integer[];
BEGIN
    IF NOT @madlib@._on_greenplum() THEN RETURN NULL; END IF;
    LOOP
        EXECUTE format('CREATE TEMP TABLE _madlib_series AS SELECT generate_series(0, %s) AS __dist_key__ DISTRIBUTED BY (__dist_key__)',
            most - 1);
        EXECUTE 'SELECT array_agg(k.least ORDER BY k.content) FROM (SELECT s.gp_segment_id AS content, min(s.__dist_key__) AS least'
            ' FROM pg_temp._madlib_series AS s GROUP BY s.gp_segment_id) AS k' INTO keys;
        DROP TABLE pg_temp._madlib_series;
        EXIT WHEN array_length(keys, 1) = (SELECT count(*) FROM @madlib@._segments()) OR most >= 1000000;
        most := most * 10;
    END LOOP;
    RETURN keys;
END $$;
COMMENT ON FUNCTION @madlib@._segment_keys() IS 'internal: a distribution key of each segment';

-- GPUs by host: as nvidia-smi names them, or as TensorFlow would. On PostgreSQL the host is "localhost".
CREATE FUNCTION @madlib@._gpu_configuration(path text, output_table text, source text) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    made text := @madlib@._output_table(path, 'madlib_keras_gpu_info', output_table);
    wanted text := lower(COALESCE(source, 'tensorflow'));
    gpu record;
BEGIN
    IF wanted NOT IN ('tensorflow', 'nvidia') THEN
        RAISE EXCEPTION 'DL: source has to be one of tensorflow or nvidia' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    EXECUTE format('CREATE TABLE %s (hostname text, gpu_descr text)%s', made, @madlib@._distributed_by('hostname'));
    -- one by one: in an INSERT the function might run where it may not ask other segments
    FOR gpu IN SELECT g.hostname, g.gpu_descr FROM @madlib@._host_gpus(wanted) AS g LOOP
        EXECUTE format('INSERT INTO %s VALUES ($1, $2)', made) USING gpu.hostname, gpu.gpu_descr;
    END LOOP;
END $$;
COMMENT ON FUNCTION @madlib@._gpu_configuration(text, text, text) IS 'internal: gpu_configuration with the search_path of its caller';

CREATE FUNCTION @madlib@._gpu_information(OUT nr integer, OUT name text, OUT pci_bus text, OUT uuid text) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'pg_cerebro_gpu_information' LANGUAGE C VOLATILE ROWS 8;
COMMENT ON FUNCTION @madlib@._gpu_information() IS 'internal: the GPUs of this host, by the driver''s list';

CREATE FUNCTION @madlib@.gpu_info_nvidia() RETURNS text[]
    LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    SELECT COALESCE(array_agg('GPU ' || g.nr || ': ' || g.name || ' (UUID: ' || g.uuid || ')' ORDER BY g.nr), '{}')
    FROM @madlib@._gpu_information() AS g
$$;
COMMENT ON FUNCTION @madlib@.gpu_info_nvidia() IS 'the GPUs of this host as nvidia-smi -L lists them';

CREATE FUNCTION @madlib@.gpu_info_tensorflow() RETURNS text[]
    LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    SELECT COALESCE(array_agg('device: ' || g.nr || ', name: ' || g.name || ', pci bus id: ' || g.pci_bus ORDER BY g.nr), '{}')
    FROM @madlib@._gpu_information() AS g
$$;
COMMENT ON FUNCTION @madlib@.gpu_info_tensorflow() IS 'the GPUs of this host as TensorFlow describes them, without their compute capability';

-- One segment of each host is asked.
CREATE FUNCTION @madlib@._host_gpus(source text) RETURNS TABLE(hostname text, gpu_descr text)
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    ask text := '@madlib@.gpu_info_' || source || '()';
BEGIN
    IF NOT @madlib@._on_greenplum() THEN
        RETURN QUERY EXECUTE format('SELECT ''localhost''::text, u.gpu FROM unnest(%s) AS u(gpu)', ask);
        RETURN;
    END IF;
    RETURN QUERY EXECUTE format('SELECT s.hostname, u.gpu FROM (SELECT g.gp_segment_id AS content, %s AS gpus'
        ' FROM gp_dist_random(''pg_catalog.gp_id'') AS g) AS a JOIN (SELECT c.hostname, min(c.content) AS content'
        ' FROM @madlib@._segments() AS c GROUP BY c.hostname) AS s USING (content), LATERAL unnest(a.gpus) AS u(gpu)', ask);
END $$;
COMMENT ON FUNCTION @madlib@._host_gpus(text) IS 'internal: the GPUs of each host';

CREATE FUNCTION @madlib@.gpu_configuration(output_table text, source text) RETURNS void
    LANGUAGE sql VOLATILE AS $$
    SELECT @madlib@._gpu_configuration(pg_catalog.current_setting('search_path'), $1, $2)
$$;
COMMENT ON FUNCTION @madlib@.gpu_configuration(text, text) IS 'makes a table of the GPUs of each host';

CREATE FUNCTION @madlib@.gpu_configuration(output_table text) RETURNS void
    LANGUAGE sql VOLATILE AS $$
    SELECT @madlib@._gpu_configuration(pg_catalog.current_setting('search_path'), $1, NULL::pg_catalog.text)
$$;
COMMENT ON FUNCTION @madlib@.gpu_configuration(text) IS 'makes a table of the GPUs of each host';

CREATE FUNCTION @madlib@.gpu_configuration() RETURNS varchar
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT 'gpu_configuration(output_table, source) makes a table with the columns hostname and gpu_descr, one row a GPU.
source is ''tensorflow'' (the default) or ''nvidia'': in whose words a GPU is described. On PostgreSQL the host is "localhost".'::varchar
$$;
COMMENT ON FUNCTION @madlib@.gpu_configuration() IS 'help for gpu_configuration';
