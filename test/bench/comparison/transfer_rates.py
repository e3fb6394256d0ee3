"""What the planner's constants of stored features are on this machine (src/plan/frozen.hpp): fixed costs and rates, a median each. Called
by transfer.py; the codec's own rates are bench_feature_rates's, which ../transfer runs before.

Values are written and read as the extension does it: a row a buffer, kept uncompressed out of line, in a logged table.
"""

import statistics
import time

import server

VALUE = 4 << 20


def seconds(session, sql):
    started = time.perf_counter()
    session.run(sql)
    return time.perf_counter() - started


def median(session, sql, times, before=None):
    found = []
    for _ in range(times):
        if before:
            session.run(before)
        found.append(seconds(session, sql))
    return statistics.median(found)


def line(what, constant, value):
    print(f"{what:64} {constant:24} {value}", flush=True)


def run(quick):
    times, buffers = (3, 8) if quick else (9, 64)
    print("\n== rates")
    create = ("CREATE TABLE r (partition_id integer, buffer_id integer, features bytea); ALTER TABLE r ALTER COLUMN features SET STORAGE EXTERNAL")
    index, drop = "CREATE UNIQUE INDEX ON r (partition_id, buffer_id); ANALYZE r", "DROP TABLE IF EXISTS r"
    with server.Session() as session:
        session.run(f"CREATE TEMPORARY TABLE one (v bytea); ALTER TABLE one ALTER COLUMN v SET STORAGE EXTERNAL; "
                    f"INSERT INTO one SELECT convert_to(string_agg(md5(i::text), ''), 'UTF8') FROM generate_series(1, {VALUE // 32}) i")
        bytes_ = VALUE * buffers
        copy = median(session, f"SELECT sum(get_byte(v, {VALUE - 1})) FROM one, generate_series(1, {buffers})", times)
        write = median(session, f"INSERT INTO r SELECT i % 4, i, v FROM one, generate_series(1, {buffers}) i", times, f"{drop}; {create}") - copy
        line("writing values of 4 MB, one session", "kWriteBytesPerSecond", f"{bytes_ / write / 1e9:.2f} GB/s")
        read = median(session, f"SELECT sum(get_byte(features, {VALUE - 1})) FROM r", times)
        line("fetching them", "kReadBytesPerSecond", f"{bytes_ / read / 1e9:.2f} GB/s")
        checks = "SELECT partition_id, buffer_id, concat(ctid::text, xmin::text) FROM r; SELECT pg_total_relation_size('r')"
        fixed = median(session, f"BEGIN; {create}; {index}; {checks}; {checks}; COMMIT", 3 * times, drop)
        line("a table, its index, statistics and checksums", "kStoreStatementSeconds", f"{1e3 * fixed:.1f} ms")
        small, count = "decode(repeat('00', 1000), 'hex')", 2000
        session.run(f"{drop}; {create}")
        insert = f"DO $$ BEGIN FOR i IN 1..{count} LOOP INSERT INTO r VALUES (i % 4, i, {small}); PERFORM pg_total_relation_size('r'); END LOOP; END $$"
        line("an INSERT of a small buffer, and the check of the space", "kStoreBufferSeconds", f"{1e3 * median(session, insert, times, f'{drop}; {create}') / count:.3f} ms")
        session.run(f"{index}; CREATE TABLE p AS SELECT * FROM r; CREATE UNIQUE INDEX ON p (partition_id, buffer_id); ANALYZE p")
        visits = 400
        alone = f"DO $$ BEGIN FOR i IN 1..{visits} LOOP EXECUTE 'SELECT count(p.features) FROM p WHERE partition_id = -1 - $1' USING i; END LOOP; END $$"
        joined = alone.replace("FROM p WHERE partition_id", "FROM p JOIN r f USING (partition_id, buffer_id) WHERE p.partition_id")
        line("a visit's query: what a join adds", "kStoredVisitSeconds",
             f"{1e3 * (median(session, joined, times) - median(session, alone, times)) / visits:.3f} ms")
        alone = "SELECT count(octet_length(p.features)) FROM p"
        joined = "SELECT count(octet_length(p.features) + octet_length(f.features)) FROM p JOIN r f USING (partition_id, buffer_id)"
        line("a buffer that is joined", "kStoredBufferSeconds",
             f"{1e6 * (median(session, joined, 3 * times) - median(session, alone, 3 * times)) / count:.1f} us")
