-- Functions that statements of the extension call, called by hand: whatever they are given, they return a value or a
-- clean error, and no process ends or reads beyond what it was given. test/random_calls does this with all functions.
\set VERBOSITY sqlstate
-- a buffer of no rows, groups without partitions, classes below none
SELECT cerebro._group_position(0, true, 10, 1, 1);
SELECT cerebro._group_position(0, false, 10, 1, 5);
SELECT cerebro._group_position(-9223372036854775807, false, 9223372036854775807, 1, 9223372036854775807);
SELECT cerebro._group_position(4, true, 10, 0, 1);
SELECT cerebro._group_position(4, true, 10, 2, -9223372036854775808);
SELECT cerebro._group_position(4, true, 10, 2, 7) AS position;
SELECT cerebro._group_digest('\x0000000000000000', -5);
SELECT cerebro._group_class_rows('\x', 2147483647);
SELECT cerebro._group_class_rows('\x', 0) AS none;
-- columns that are not those of their description
SET client_min_messages = error;
CREATE TABLE ic_points AS SELECT i % 3 AS label, ARRAY[i, i % 5]::real[] AS x FROM generate_series(1, 12) i;
SELECT cerebro.training_preprocessor_dl('ic_points', 'ic_packed', 'label', 'x', num_partitions => 1, seed => 1);
CREATE FUNCTION ic_spec(kind integer, dtype text, shape text, classes bigint) RETURNS text LANGUAGE sql AS $$
    SELECT format('{"version": %s, "inputs": [{"name": "x", "dtype": "float32", "shape": [2], "scale": 1.0, "mean": [],
        "std": [], "dictionary": [], "kind": 0, "class_values": [], "num_classes": 0}],
        "targets": [{"name": "y", "dtype": "%s", "shape": %s, "scale": 1.0, "mean": [], "std": [], "dictionary": [],
        "kind": %s, "class_values": [], "num_classes": %s}], "has_weights": false, "num_partitions": 1, "rows": 1}',
        (SELECT substring(data_spec::text FROM '"version": ?([0-9]+)') FROM ic_packed_summary),
        dtype, shape, kind, classes) $$;
SELECT length(cerebro._buffer_digest(data_spec::text, 'f', x, label)) > 0 AS digest FROM ic_packed, ic_packed_summary;
SELECT cerebro._buffer_digest(data_spec::text, 'f', x, '\x00'::bytea) FROM ic_packed, ic_packed_summary;
SELECT cerebro._buffer_digest(data_spec::text, '', x, label) FROM ic_packed, ic_packed_summary;
SELECT cerebro._buffer_digest(data_spec::text, 'f', x) FROM ic_packed, ic_packed_summary;
SELECT cerebro._buffer_digest(data_spec::text, 'f', '\x'::bytea, label) FROM ic_packed, ic_packed_summary;
-- an index of three bytes; a million classes in one byte
SELECT cerebro._buffer_digest(ic_spec(2, 'int32', '[]', 3), 'f', '\x0000000000000000'::bytea, '\x000000'::bytea);
SELECT cerebro._buffer_digest(ic_spec(1, 'uint8', '[1000000]', 1000000), 'f', '\x0000000000000000'::bytea, '\x00'::bytea);
SELECT cerebro._pack_column('\x00010203', 3, 0, 1);
SELECT cerebro._pack_column('\x00010203', 2, 1, 1) AS second_bytes;
-- A pass of statistics over a row that has less, and of other types, than was asked for: one column of categories with
-- the sums of a target. One column, no name, class of values, scaling; no clip; categories and target, from 0 to 1, no
-- brackets; the cells of folds and of the target; no classes, a number from 0 to 1.
CREATE FUNCTION ic_request(fold_cells integer, target_cell integer) RETURNS bytea LANGUAGE sql AS $$
    SELECT decode('01' || repeat('0', 14) || repeat('0', 48) || repeat('0', 64)
        || '18' || repeat('0', 14) || repeat('0', 16) || '000000000000f03f' || repeat('0', 16)
        || lpad(to_hex(fold_cells), 2, '0') || repeat('0', 14) || lpad(to_hex(target_cell), 2, '0') || repeat('0', 14)
        || repeat('0', 32) || '000000000000f03f', 'hex') $$;
SELECT length(cerebro._column_statistics(ic_request(2, 1), ROW('a'::text, 0.5::float8))) > 0 AS statistics;
SELECT cerebro._column_statistics(ic_request(2, 1), ROW('a'::text));
SELECT cerebro._column_statistics(ic_request(2, 200), ROW('a'::text, 0.5::float8));
SELECT cerebro._column_statistics(ic_request(200, 1), ROW('a'::text, 0.5::float8));
SELECT cerebro._column_statistics(ic_request(2, 1), ROW(1, 0.5::float8));
SELECT cerebro._column_statistics(ic_request(2, 1), ROW('a'::text, 'b'::text));
SELECT cerebro._column_statistics(ic_request(2, 1), ROW('a'::text, '{}'::float8[]));
SELECT cerebro._column_statistics(ic_request(2, 1), ROW());
SELECT cerebro._column_statistics('\x01', ROW('a'::text));
-- a description with values of a category for one fold, where a row is in one of five
CREATE TABLE ic_towns AS SELECT (ARRAY['a', 'b'])[1 + i % 2] AS town, (i % 3)::float8 AS y FROM generate_series(1, 12) i;
SELECT cerebro.training_preprocessor_dl('ic_towns', 'ic_towns_packed', 'y', 'town', dependent_type => 'real', preprocess => '{"town": {"encode": "target"}}');
SELECT count(cerebro._pack_row(data_spec::text, ROW(town, y))) AS packed FROM ic_towns_packed_summary, ic_towns;
SELECT cerebro._pack_row(regexp_replace(data_spec::text, '("category_values": ?\[[^a-z}]*\])', '\1, "folds": [{"missing_values": [0], "category_values": [[0], [0]]}]'), ROW(town, y))
FROM ic_towns_packed_summary, ic_towns;
\set VERBOSITY default
DROP TABLE ic_towns, ic_towns_packed, ic_towns_packed_summary;
DROP TABLE ic_points, ic_packed, ic_packed_summary;
DROP FUNCTION ic_spec(integer, text, text, bigint), ic_request(integer, integer);
