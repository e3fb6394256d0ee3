-- Splitting the rows of a source table into training, validation and folds. Internal.

CREATE FUNCTION cerebro._content_key(row_value record, seed bigint) RETURNS bigint
    AS 'MODULE_PATHNAME', 'pg_cerebro_content_key' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION cerebro._content_key(record, bigint) IS 'internal: a hash of a row''s cells, by which rows are split';

CREATE FUNCTION cerebro._split_part(cuts text, class bigint, key bigint) RETURNS bigint
    AS 'MODULE_PATHNAME', 'pg_cerebro_split_part' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION cerebro._split_part(text, bigint, bigint) IS 'internal: in which part of a split a row is';

CREATE FUNCTION cerebro._fold_key(key bigint, fold bigint, folds bigint) RETURNS bigint
    AS 'MODULE_PATHNAME', 'pg_cerebro_fold_key' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cerebro._fold_key(bigint, bigint, bigint) IS 'internal: where the shuffle puts a packed row of a fold';

CREATE FUNCTION cerebro._fold_of_key(key bigint, folds bigint) RETURNS bigint
    AS 'MODULE_PATHNAME', 'pg_cerebro_fold_of_key' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cerebro._fold_of_key(bigint, bigint) IS 'internal: the fold of a packed row, by its key';
