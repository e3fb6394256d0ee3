-- Packing: tables of rows -> tables of buffers.

CREATE FUNCTION cerebro._pack_row(data_spec text, row_value record) RETURNS bytea
    AS 'MODULE_PATHNAME', 'pg_cerebro_pack_row' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION cerebro._pack_row(text, record) IS 'internal: a row converted to packed bytes';

CREATE FUNCTION cerebro._pack_row_of(data_spec text, row_value record, id_column text, id text) RETURNS bytea
    AS 'MODULE_PATHNAME', 'pg_cerebro_pack_row_of' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION cerebro._pack_row_of(text, record, text, text) IS 'internal: the same; errors name the row by its id';

CREATE FUNCTION cerebro._row_fault(data_spec text, row_value record) RETURNS text
    AS 'MODULE_PATHNAME', 'pg_cerebro_row_fault' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION cerebro._row_fault(text, record) IS 'internal: why _pack_row would refuse a row, or NULL';

CREATE FUNCTION cerebro._only_label(label anyarray, column_name text) RETURNS anyelement
    AS 'MODULE_PATHNAME', 'pg_cerebro_only_label' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cerebro._only_label(anyarray, text) IS 'internal: the element of an array of one element';

CREATE FUNCTION cerebro._row_key(packed bytea, seed bigint, repetition bigint) RETURNS bigint
    AS 'MODULE_PATHNAME', 'pg_cerebro_row_key' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION cerebro._row_key(bytea, bigint, bigint) IS 'internal: where the shuffle puts a packed row';

CREATE FUNCTION cerebro._profile_transition(internal, record) RETURNS internal
    AS 'MODULE_PATHNAME', 'pg_cerebro_profile_transition' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION cerebro._profile_transition(internal, record) IS 'internal: transition function of _profile';

CREATE FUNCTION cerebro._profile_combine(internal, internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'pg_cerebro_profile_combine' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION cerebro._profile_combine(internal, internal) IS 'internal: combine function of _profile';

CREATE FUNCTION cerebro._profile_serialize(internal) RETURNS bytea
    AS 'MODULE_PATHNAME', 'pg_cerebro_profile_serialize' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cerebro._profile_serialize(internal) IS 'internal: serialization function of _profile';

CREATE FUNCTION cerebro._profile_deserialize(bytea, internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'pg_cerebro_profile_deserialize' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cerebro._profile_deserialize(bytea, internal) IS 'internal: deserialization function of _profile';

CREATE FUNCTION cerebro._profile_final(internal) RETURNS text
    AS 'MODULE_PATHNAME', 'pg_cerebro_profile_final' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION cerebro._profile_final(internal) IS 'internal: final function of _profile';

CREATE AGGREGATE cerebro._profile(record) (
    SFUNC = cerebro._profile_transition, STYPE = internal, FINALFUNC = cerebro._profile_final, COMBINEFUNC = cerebro._profile_combine,
    SERIALFUNC = cerebro._profile_serialize, DESERIALFUNC = cerebro._profile_deserialize, PARALLEL = SAFE);
COMMENT ON AGGREGATE cerebro._profile(record) IS 'internal: shapes, ranges, NULLs and distinct texts of the fields of rows, as JSON';

CREATE FUNCTION cerebro._label_text(label anyelement) RETURNS text
    AS 'MODULE_PATHNAME', 'pg_cerebro_label_text' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cerebro._label_text(anyelement) IS 'internal: a class label as text, whatever the settings';

-- Numbers are read with all their digits.
CREATE FUNCTION cerebro.training_preprocessor_dl(source_table text, output_table text, dependent_varname text, independent_varname text,
        buffer_size bigint DEFAULT NULL, normalizing_const real DEFAULT 1.0, num_classes integer[] DEFAULT NULL,
        distribution_rules text DEFAULT NULL, num_partitions bigint DEFAULT NULL, seed bigint DEFAULT NULL,
        dependent_type text DEFAULT NULL, standardize boolean DEFAULT false, sample_weight text DEFAULT NULL, shapes text DEFAULT NULL,
        dtypes text DEFAULT NULL, "exclude" text DEFAULT NULL, preprocess text DEFAULT NULL, validation_fraction double precision DEFAULT NULL,
        split_column text DEFAULT NULL, split_by_time text DEFAULT NULL, folds bigint DEFAULT NULL,
        drop_null_labels boolean DEFAULT true, grouping_cols text DEFAULT NULL, min_rows bigint DEFAULT NULL,
        max_groups bigint DEFAULT NULL, preprocess_per_group boolean DEFAULT false, null_groups boolean DEFAULT true,
        pooled boolean DEFAULT true) RETURNS void
    AS 'MODULE_PATHNAME', 'pg_cerebro_training_preprocessor_dl' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET extra_float_digits = 1;
COMMENT ON FUNCTION cerebro.training_preprocessor_dl(text, text, text, text, bigint, real, integer[], text, bigint, bigint, text,
        boolean, text, text, text, text, text, double precision, text, text, bigint, boolean, text, bigint, bigint, boolean, boolean, boolean) IS
    'shuffles a table and packs it into buffers for training, as a whole or by group; writes <output_table> and <output_table>_summary, and the same of <output_table>_val for rows that validate';

CREATE FUNCTION cerebro.validation_preprocessor_dl(source_table text, output_table text, dependent_varname text, independent_varname text,
        training_preprocessor_table text, buffer_size bigint DEFAULT NULL, distribution_rules text DEFAULT NULL) RETURNS void
    AS 'MODULE_PATHNAME', 'pg_cerebro_validation_preprocessor_dl' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET extra_float_digits = 1;
COMMENT ON FUNCTION cerebro.validation_preprocessor_dl(text, text, text, text, text, bigint, text)
    IS 'packs a table as the training table was packed; writes <output_table> and <output_table>_summary';

CREATE FUNCTION cerebro.append_rows(packed_table text, source_table text, sample_weight text DEFAULT NULL) RETURNS bigint
    AS 'MODULE_PATHNAME', 'pg_cerebro_append_rows' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET extra_float_digits = 1;
COMMENT ON FUNCTION cerebro.append_rows(text, text, text) IS
    'adds the rows of a table to a packed table, behind those that are there, and returns how many';
