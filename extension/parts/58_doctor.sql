-- Versions, and what an administrator should look at.

CREATE FUNCTION cerebro._library_versions(OUT library text, OUT build_id text, OUT engine text) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'pg_cerebro_library_versions'
    LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED ROWS 1;
COMMENT ON FUNCTION cerebro._library_versions() IS
    'internal: what cerebro.version tells of the library of this process';

CREATE FUNCTION cerebro.version(OUT extension text, OUT library text, OUT build_id text, OUT engine text,
        OUT server text) RETURNS record
    AS $$
        SELECT (SELECT e.extversion FROM pg_catalog.pg_extension e WHERE e.extname = 'pg_cerebro'), v.library,
            v.build_id, v.engine, pg_catalog.version() FROM cerebro._library_versions() v
    $$ LANGUAGE sql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION cerebro.version() IS
    'versions of the extension in this database, of the library in this session, and of the server';

CREATE FUNCTION cerebro._server_facts(OUT library text, OUT build_id text, OUT file_build_id text,
        OUT preloaded boolean, OUT blas text, OUT blas_fault text, OUT torch text, OUT torch_fault text,
        OUT gpus bigint, OUT gpu_problem text, OUT instruction_set text, OUT cores bigint, OUT worker_limit bigint,
        OUT threads bigint, OUT omp_num_threads text, OUT openblas_coretype text, OUT shm_bytes bigint, OUT shared_state_mem bigint,
        OUT memory text, OUT memory_bytes bigint, OUT address_space text, OUT address_space_bytes bigint,
        OUT temporary_bytes bigint, OUT orphans bigint, OUT orphan_bytes bigint) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'pg_cerebro_server_facts'
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE ROWS 1;
COMMENT ON FUNCTION cerebro._server_facts() IS
    'internal: what cerebro.doctor judges of this process and its machine';

CREATE FUNCTION cerebro._other_libraries(OUT segment integer, OUT build_id text) RETURNS SETOF record
    AS $$ SELECT NULL::pg_catalog.int4, NULL::pg_catalog.text WHERE false $$
    LANGUAGE sql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION cerebro._other_libraries() IS
    'internal: build ids of the libraries of a cluster''s segments';

CREATE FUNCTION cerebro._segment_hosts() RETURNS bigint
    AS $$ SELECT NULL::pg_catalog.int8 $$ LANGUAGE sql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION cerebro._segment_hosts() IS
    'internal: hosts of a cluster''s segments, NULL without a cluster';

CREATE FUNCTION cerebro.doctor(OUT "check" text, OUT state text, OUT advice text) RETURNS SETOF record
    AS $$
        WITH known AS (SELECT f.* FROM cerebro._server_facts() f),
        settings AS (SELECT s.name, s.setting, s.unit FROM pg_catalog.pg_settings s),
        said AS (
            SELECT max(CASE WHEN s.name = 'max_worker_processes' THEN s.setting END) AS processes,
                max(CASE WHEN s.name = 'max_parallel_workers' THEN s.setting END) AS workers,
                max(CASE WHEN s.name = 'dynamic_shared_memory_type' THEN s.setting END) AS shared_memory,
                max(CASE WHEN s.name = 'temp_tablespaces' THEN s.setting END) AS tablespaces,
                max(CASE WHEN s.name = 'temp_file_limit' THEN s.setting END)::pg_catalog.int8 AS temp_file_limit,
                bool_or(s.name = 'gp_role') AS cluster
            FROM settings s),
        others AS (
            SELECT count(*) AS segments, count(CASE WHEN o.build_id <> k.build_id THEN 1 END) AS different
            FROM cerebro._other_libraries() o, known k),
        stale AS (
            SELECT count(*) AS sets, string_agg(DISTINCT m.source_table, ', ' ORDER BY m.source_table) AS tables
            FROM cerebro.materialized_features m WHERE m.state LIKE 'stale%'),
        unfinished AS (
            SELECT count(*) AS runs, string_agg(r.name, ', ' ORDER BY r.name) AS names
            FROM cerebro.runs r WHERE r.state IN ('interrupted', 'failed')),
        harmful AS (
            SELECT s.name, s.setting || COALESCE(' (' || s.unit || ')', '') AS setting, h.advice
            FROM settings s, said, (VALUES
                ('statement_timeout', 'It ends runs that take longer: set it to 0 in the session that trains.'),
                ('transaction_timeout', 'It ends runs that take longer: set it to 0 in the session that trains.'),
                ('autovacuum', 'Durable runs and refresh leave dead rows at each commit: turn it on.'),
                ('shared_buffers', 'Packed tables are read through it: raise it to 128MB or more.'),
                ('work_mem', 'Packing sorts within it and spills beyond: raise it to 4MB or more.'),
                ('max_wal_size', 'Packed tables and models are written with WAL: raise it to 1GB or more.'),
                ('session_replication_role', 'Triggers and rules of your tables do not fire as usual.'),
                ('gp_max_packet_size', 'All segments are on one host, and states of models go from one to the next in '
                    'packets: set it to 65000 (gpconfig, gpstop -u), then reconnect.')) h(name, advice)
            WHERE h.name = s.name AND CASE s.name
                WHEN 'autovacuum' THEN s.setting = 'off' AND said.cluster IS NOT TRUE
                WHEN 'session_replication_role' THEN s.setting <> 'origin'
                WHEN 'gp_max_packet_size' THEN s.setting::pg_catalog.int8 < 32768 AND cerebro._segment_hosts() = 1
                WHEN 'shared_buffers' THEN s.setting::pg_catalog.int8 < 134217728
                        / pg_catalog.current_setting('block_size')::pg_catalog.int8 AND said.cluster IS NOT TRUE
                WHEN 'work_mem' THEN s.setting::pg_catalog.int8 < 4096
                WHEN 'max_wal_size' THEN s.setting::pg_catalog.int8 < 1024
                ELSE s.setting <> '0' END),
        checks(line, subject, state, advice) AS (
            SELECT 1, 'versions', 'extension ' || COALESCE(e.extversion, 'not installed') || ', library ' || k.library,
                CASE WHEN e.extversion IS DISTINCT FROM k.library THEN 'Run ALTER EXTENSION pg_cerebro UPDATE '
                    'in this database. Where the extension is the newer one, install its library.' END
            FROM known k LEFT JOIN pg_catalog.pg_extension e ON e.extname = 'pg_cerebro'
            UNION ALL SELECT 2, 'library build ids', 'session ' || k.build_id
                    || CASE WHEN k.file_build_id = k.build_id THEN ', file the same'
                        WHEN k.file_build_id = '' THEN ', file cannot be read'
                        ELSE ', file ' || k.file_build_id END
                    || CASE WHEN o.segments > 0
                        THEN ', ' || o.segments || ' segments, ' || o.different || ' with another' ELSE '' END,
                CASE WHEN o.different > 0 THEN 'Install the same library on every host, then reconnect.'
                    WHEN k.file_build_id = ''
                    THEN 'Install the library again: new sessions and parallel workers cannot load it.'
                    WHEN k.file_build_id <> k.build_id
                    THEN 'The file was replaced: reconnect; restart the server if it preloads the library.' END
            FROM known k, others o
            UNION ALL SELECT 3, 'BLAS', COALESCE(k.blas_fault, NULLIF(k.blas, ''), 'none that tells its name')
                    || COALESCE(', OPENBLAS_CORETYPE = ' || k.openblas_coretype, ''),
                CASE WHEN k.blas_fault IS NOT NULL OR k.blas = ''
                    THEN 'Install the OpenMP build of OpenBLAS (Debian: libopenblas0-openmp).'
                    WHEN k.instruction_set <> 'baseline'
                        AND k.blas ~* '(prescott|core2|penryn|nehalem|generic|katmai|banias)'
                    THEN 'Its kernels are older than the processor: unset OPENBLAS_CORETYPE, or install a newer one.'
                    END
            FROM known k
            UNION ALL SELECT 4, 'instruction set', k.instruction_set,
                CASE WHEN k.instruction_set = 'baseline' THEN 'A processor with AVX2 or AVX-512 trains faster.' END
            FROM known k
            UNION ALL SELECT 5, 'threads', k.cores || ' cores, cerebro.threads = ' || k.threads
                    || COALESCE(', OMP_NUM_THREADS = ' || k.omp_num_threads, ''),
                CASE WHEN k.threads > k.cores THEN 'Lower cerebro.threads to the number of cores or less.' END
            FROM known k
            UNION ALL SELECT 6, 'preload', CASE WHEN k.preloaded THEN 'preloaded by the server'
                ELSE 'not preloaded: each session loads the library at its first call' END, NULL FROM known k
            UNION ALL SELECT 7, 'parallel worker limits', COALESCE('max_worker_processes = ' || s.processes
                    || ', max_parallel_workers = ' || s.workers, 'none: segments train'),
                CASE WHEN s.workers IS NULL THEN NULL
                    WHEN k.worker_limit = 0
                    THEN 'Runs train in the session alone: raise max_worker_processes and max_parallel_workers.'
                    WHEN k.worker_limit < k.cores
                    THEN 'A run could use more cores: raise both to ' || k.cores || ' or more.' END
            FROM known k, said s
            UNION ALL SELECT 8, '/dev/shm', COALESCE(pg_catalog.pg_size_pretty(k.shm_bytes) || ' free', 'not there')
                    || COALESCE(', dynamic_shared_memory_type = ' || s.shared_memory, ''),
                CASE WHEN s.shared_memory IS NULL THEN NULL
                    WHEN s.shared_memory <> 'posix' THEN 'Set dynamic_shared_memory_type = posix.'
                    WHEN k.shm_bytes * 0.8 < k.shared_state_mem THEN 'Less than cerebro.shared_state_mem fits: larger '
                        'states lie in a file. Enlarge it (Docker: --shm-size).' END
            FROM known k, said s
            UNION ALL SELECT 9, 'memory', COALESCE(k.memory, 'no limit'), CASE WHEN k.memory_bytes < 1073741824
                THEN 'Less than 1 GB is free: runs that need more are refused. See cerebro.max_memory.' END FROM known k
            UNION ALL SELECT 10, 'address space', COALESCE(k.address_space, 'no limit'),
                CASE WHEN k.address_space_bytes < 1288490189
                THEN 'The BLAS and LibTorch need 1.2 GB of it: raise the server''s ulimit -v.' END FROM known k
            UNION ALL SELECT 11, 'temporary space',
                COALESCE(pg_catalog.pg_size_pretty(k.temporary_bytes) || ' free in the data directory', 'not known')
                    || CASE WHEN s.tablespaces <> '' THEN ', temp_tablespaces = ' || s.tablespaces ELSE '' END
                    || CASE WHEN s.temp_file_limit >= 0 THEN ', temp_file_limit = ' || s.temp_file_limit || 'kB'
                        ELSE '' END,
                CASE WHEN s.temp_file_limit >= 0 AND s.temp_file_limit * 1024 < k.shared_state_mem
                    THEN 'temp_file_limit counts states that lie in a file: raise it.'
                    WHEN k.temporary_bytes < 1073741824
                    THEN 'Less than 1 GB: free disk space, or set temp_tablespaces.' END
            FROM known k, said s
            UNION ALL SELECT 12, 'LibTorch', COALESCE(k.torch_fault, k.torch), CASE WHEN k.torch_fault IS NOT NULL
                THEN 'Networks without kernels do not train. Install LibTorch, and pg_cerebro_torch.so of the '
                    'build of pg_cerebro.so.' END FROM known k
            UNION ALL SELECT 13, 'GPU', CASE WHEN k.gpus > 0 THEN k.gpus || ' devices' ELSE 'none' END,
                k.gpu_problem
            FROM known k
            UNION ALL SELECT 14, 'setting ' || h.name, h.setting, h.advice FROM harmful h
            UNION ALL SELECT 14, 'settings', 'none that hurts', NULL WHERE NOT EXISTS (SELECT 1 FROM harmful h)
            UNION ALL SELECT 15, 'stale features',
                CASE WHEN f.sets = 0 THEN 'none' ELSE f.sets || ' of ' || f.tables END,
                CASE WHEN f.sets > 0
                THEN 'Runs read them no more: drop them by cerebro.drop_features(packed_table).' END FROM stale f
            UNION ALL SELECT 16, 'unfinished runs',
                CASE WHEN u.runs = 0 THEN 'none' ELSE u.runs || ': ' || u.names END,
                CASE WHEN u.runs > 0
                THEN 'Repeat the call that began each, or drop it by cerebro.drop_run(name).' END FROM unfinished u
            UNION ALL SELECT 17, 'orphan files', CASE WHEN k.orphans IS NULL THEN 'only a superuser may look'
                    WHEN k.orphans = 0 THEN 'none'
                    ELSE k.orphans || ' files, ' || pg_catalog.pg_size_pretty(k.orphan_bytes) END,
                CASE WHEN k.orphans > 0
                THEN 'A crash may have left them: run CHECKPOINT, then see cerebro.orphan_files().' END FROM known k)
        SELECT c.subject, c.state, c.advice FROM checks c ORDER BY c.line, c.subject
    $$ LANGUAGE sql VOLATILE PARALLEL UNSAFE ROWS 20 SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION cerebro.doctor() IS
    'what an administrator should look at: a row a check, what was found, and what to do, NULL where nothing is';
