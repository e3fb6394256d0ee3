-- pg_cerebro 0.1.0 for Greenplum: frozen. Parts of the last commit that CHANGELOG.md counts to 0.1.0, with the name of the library of then. Never edited.
\echo Use "CREATE EXTENSION pg_cerebro" to load this file. \quit

-- The schema itself is made by CREATE EXTENSION, as the control file says. All functions run as their caller.
COMMENT ON SCHEMA cerebro IS 'pg_cerebro: train, compare, score and serve many related deep-learning models';
GRANT USAGE ON SCHEMA cerebro TO PUBLIC;

CREATE FUNCTION cerebro._mxcsr() RETURNS integer
    AS '$libdir/pg_cerebro', 'pg_cerebro_mxcsr' LANGUAGE C VOLATILE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cerebro._mxcsr() IS 'internal: floating-point control bits of this session, for tests';
-- Packing: tables of rows -> tables of buffers.

CREATE FUNCTION cerebro._pack_row(data_spec text, row_value record) RETURNS bytea
    AS '$libdir/pg_cerebro', 'pg_cerebro_pack_row' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION cerebro._pack_row(text, record) IS 'internal: a row converted to packed bytes';

CREATE FUNCTION cerebro._pack_row_of(data_spec text, row_value record, id_column text, id text) RETURNS bytea
    AS '$libdir/pg_cerebro', 'pg_cerebro_pack_row_of' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION cerebro._pack_row_of(text, record, text, text) IS 'internal: the same; errors name the row by its id';

CREATE FUNCTION cerebro._row_fault(data_spec text, row_value record) RETURNS text
    AS '$libdir/pg_cerebro', 'pg_cerebro_row_fault' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION cerebro._row_fault(text, record) IS 'internal: why _pack_row would refuse a row, or NULL';

CREATE FUNCTION cerebro._only_label(label anyarray, column_name text) RETURNS anyelement
    AS '$libdir/pg_cerebro', 'pg_cerebro_only_label' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cerebro._only_label(anyarray, text) IS 'internal: the element of an array of one element';

CREATE FUNCTION cerebro._row_key(packed bytea, seed bigint, repetition bigint) RETURNS bigint
    AS '$libdir/pg_cerebro', 'pg_cerebro_row_key' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION cerebro._row_key(bytea, bigint, bigint) IS 'internal: where the shuffle puts a packed row';

CREATE FUNCTION cerebro._profile_transition(internal, record) RETURNS internal
    AS '$libdir/pg_cerebro', 'pg_cerebro_profile_transition' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION cerebro._profile_transition(internal, record) IS 'internal: transition function of _profile';

CREATE FUNCTION cerebro._profile_combine(internal, internal) RETURNS internal
    AS '$libdir/pg_cerebro', 'pg_cerebro_profile_combine' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION cerebro._profile_combine(internal, internal) IS 'internal: combine function of _profile';

CREATE FUNCTION cerebro._profile_serialize(internal) RETURNS bytea
    AS '$libdir/pg_cerebro', 'pg_cerebro_profile_serialize' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cerebro._profile_serialize(internal) IS 'internal: serialization function of _profile';

CREATE FUNCTION cerebro._profile_deserialize(bytea, internal) RETURNS internal
    AS '$libdir/pg_cerebro', 'pg_cerebro_profile_deserialize' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cerebro._profile_deserialize(bytea, internal) IS 'internal: deserialization function of _profile';

CREATE FUNCTION cerebro._profile_final(internal) RETURNS text
    AS '$libdir/pg_cerebro', 'pg_cerebro_profile_final' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION cerebro._profile_final(internal) IS 'internal: final function of _profile';

CREATE AGGREGATE cerebro._profile(record) (
    SFUNC = cerebro._profile_transition, STYPE = internal, FINALFUNC = cerebro._profile_final, COMBINEFUNC = cerebro._profile_combine,
    SERIALFUNC = cerebro._profile_serialize, DESERIALFUNC = cerebro._profile_deserialize, PARALLEL = SAFE);
COMMENT ON AGGREGATE cerebro._profile(record) IS 'internal: shapes, ranges, NULLs and distinct texts of the fields of rows, as JSON';

CREATE FUNCTION cerebro._label_text(label anyelement) RETURNS text
    AS '$libdir/pg_cerebro', 'pg_cerebro_label_text' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
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
    AS '$libdir/pg_cerebro', 'pg_cerebro_training_preprocessor_dl' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET extra_float_digits = 1;
COMMENT ON FUNCTION cerebro.training_preprocessor_dl(text, text, text, text, bigint, real, integer[], text, bigint, bigint, text,
        boolean, text, text, text, text, text, double precision, text, text, bigint, boolean, text, bigint, bigint, boolean, boolean, boolean) IS
    'shuffles a table and packs it into buffers for training, as a whole or by group; writes <output_table> and <output_table>_summary, and the same of <output_table>_val for rows that validate';

CREATE FUNCTION cerebro.validation_preprocessor_dl(source_table text, output_table text, dependent_varname text, independent_varname text,
        training_preprocessor_table text, buffer_size bigint DEFAULT NULL, distribution_rules text DEFAULT NULL) RETURNS void
    AS '$libdir/pg_cerebro', 'pg_cerebro_validation_preprocessor_dl' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET extra_float_digits = 1;
COMMENT ON FUNCTION cerebro.validation_preprocessor_dl(text, text, text, text, text, bigint, text)
    IS 'packs a table as the training table was packed; writes <output_table> and <output_table>_summary';

CREATE FUNCTION cerebro.append_rows(packed_table text, source_table text, sample_weight text DEFAULT NULL) RETURNS bigint
    AS '$libdir/pg_cerebro', 'pg_cerebro_append_rows' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET extra_float_digits = 1;
COMMENT ON FUNCTION cerebro.append_rows(text, text, text) IS
    'adds the rows of a table to a packed table, behind those that are there, and returns how many';
-- Splitting the rows of a source table into training, validation and folds. Internal.

CREATE FUNCTION cerebro._content_key(row_value record, seed bigint) RETURNS bigint
    AS '$libdir/pg_cerebro', 'pg_cerebro_content_key' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION cerebro._content_key(record, bigint) IS 'internal: a hash of a row''s cells, by which rows are split';

CREATE FUNCTION cerebro._split_part(cuts text, class bigint, key bigint) RETURNS bigint
    AS '$libdir/pg_cerebro', 'pg_cerebro_split_part' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION cerebro._split_part(text, bigint, bigint) IS 'internal: in which part of a split a row is';

CREATE FUNCTION cerebro._fold_key(key bigint, fold bigint, folds bigint) RETURNS bigint
    AS '$libdir/pg_cerebro', 'pg_cerebro_fold_key' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cerebro._fold_key(bigint, bigint, bigint) IS 'internal: where the shuffle puts a packed row of a fold';

CREATE FUNCTION cerebro._fold_of_key(key bigint, folds bigint) RETURNS bigint
    AS '$libdir/pg_cerebro', 'pg_cerebro_fold_of_key' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cerebro._fold_of_key(bigint, bigint) IS 'internal: the fold of a packed row, by its key';
-- Preprocessing of columns: what is learned of them, and how a packed table was made.

CREATE FUNCTION cerebro._column_statistics_transition(internal, bytea, record) RETURNS internal
    AS '$libdir/pg_cerebro', 'pg_cerebro_column_statistics_transition' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION cerebro._column_statistics_transition(internal, bytea, record) IS 'internal: transition function of _column_statistics';

CREATE FUNCTION cerebro._column_statistics_combine(internal, internal) RETURNS internal
    AS '$libdir/pg_cerebro', 'pg_cerebro_column_statistics_combine' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION cerebro._column_statistics_combine(internal, internal) IS 'internal: combine function of _column_statistics';

CREATE FUNCTION cerebro._column_statistics_serialize(internal) RETURNS bytea
    AS '$libdir/pg_cerebro', 'pg_cerebro_column_statistics_serialize' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cerebro._column_statistics_serialize(internal) IS 'internal: serialization function of _column_statistics';

CREATE FUNCTION cerebro._column_statistics_deserialize(bytea, internal) RETURNS internal
    AS '$libdir/pg_cerebro', 'pg_cerebro_column_statistics_deserialize' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cerebro._column_statistics_deserialize(bytea, internal) IS 'internal: deserialization function of _column_statistics';

CREATE FUNCTION cerebro._column_statistics_final(internal) RETURNS bytea
    AS '$libdir/pg_cerebro', 'pg_cerebro_column_statistics_final' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION cerebro._column_statistics_final(internal) IS 'internal: final function of _column_statistics';

CREATE AGGREGATE cerebro._column_statistics(bytea, record) (
    SFUNC = cerebro._column_statistics_transition, STYPE = internal, FINALFUNC = cerebro._column_statistics_final,
    COMBINEFUNC = cerebro._column_statistics_combine, SERIALFUNC = cerebro._column_statistics_serialize,
    DESERIALFUNC = cerebro._column_statistics_deserialize, PARALLEL = SAFE);
COMMENT ON AGGREGATE cerebro._column_statistics(bytea, record) IS 'internal: sums, quantiles and categories of the fields of rows';

CREATE FUNCTION cerebro.describe(packed_table text, OUT "position" integer, OUT column_name text, OUT data_type text, OUT role text,
        OUT input text, OUT encode text, OUT impute text, OUT imputed_value text, OUT indicator boolean, OUT scale text,
        OUT center double precision, OUT spread double precision, OUT clip text, OUT categories bigint, OUT elements text[])
        RETURNS SETOF record
    AS '$libdir/pg_cerebro', 'pg_cerebro_describe' LANGUAGE C STABLE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.describe(text) IS 'the columns that a packed table was made of: what became of each, with what was learned of it';
-- What the statements of a packing by group, and on segments those of every packing, call for each row and buffer.
-- Internal.

CREATE FUNCTION cerebro._pack_column(data bytea, row_bytes integer, first integer, width integer) RETURNS bytea
    AS '$libdir/pg_cerebro', 'pg_cerebro_pack_column' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cerebro._pack_column(bytea, integer, integer, integer) IS 'internal: a column of a buffer';

CREATE FUNCTION cerebro._buffer_digest(data_spec text, standardized text, VARIADIC data "any") RETURNS bytea
    AS '$libdir/pg_cerebro', 'pg_cerebro_buffer_digest' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION cerebro._buffer_digest(text, text, "any") IS 'internal: rows, hash and sums of a buffer';

CREATE FUNCTION cerebro._group_position(buffer_rows bigint, exact boolean, group_rows bigint, partitions integer, nth bigint) RETURNS bigint
    AS '$libdir/pg_cerebro', 'pg_cerebro_group_position' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cerebro._group_position(bigint, boolean, bigint, integer, bigint) IS
    'internal: partition and buffer of the nth row of a group''s shuffle';

CREATE FUNCTION cerebro._group_entry(partition_id integer, buffer_id integer, digest bytea) RETURNS bytea
    AS '$libdir/pg_cerebro', 'pg_cerebro_group_entry' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cerebro._group_entry(integer, integer, bytea) IS 'internal: a buffer''s part of its group''s digest';

CREATE FUNCTION cerebro._group_digest(entries bytea, classes integer) RETURNS text
    AS '$libdir/pg_cerebro', 'pg_cerebro_group_digest' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cerebro._group_digest(bytea, integer) IS 'internal: digest of a group''s packed rows';

CREATE FUNCTION cerebro._group_class_rows(entries bytea, classes integer) RETURNS text
    AS '$libdir/pg_cerebro', 'pg_cerebro_group_class_rows' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cerebro._group_class_rows(bytea, integer) IS 'internal: rows of each class among a group''s packed rows, as the text of an array';
-- What the segments run while a table is packed. Internal.

-- The same as _pack_row; volatile, so that no planner evaluates it a second time where its value is used twice.
CREATE FUNCTION cerebro._pack_row_once(data_spec text, row_value record) RETURNS bytea
    AS '$libdir/pg_cerebro', 'pg_cerebro_pack_row' LANGUAGE C VOLATILE CALLED ON NULL INPUT COST 100;
COMMENT ON FUNCTION cerebro._pack_row_once(text, record) IS 'internal: a row converted to packed bytes';

CREATE FUNCTION cerebro._pack_key(layout text, key bigint, nth bigint) RETURNS integer
    AS '$libdir/pg_cerebro', 'pg_cerebro_pack_key' LANGUAGE C IMMUTABLE STRICT;
COMMENT ON FUNCTION cerebro._pack_key(text, bigint, bigint) IS 'internal: distribution key of a packed row';

CREATE FUNCTION cerebro._pack_position(layout text, distribution_key integer, nth bigint) RETURNS bigint
    AS '$libdir/pg_cerebro', 'pg_cerebro_pack_position' LANGUAGE C IMMUTABLE STRICT;
COMMENT ON FUNCTION cerebro._pack_position(text, integer, bigint) IS 'internal: partition and buffer of a packed row';

CREATE FUNCTION cerebro._device_count() RETURNS integer
    AS '$libdir/pg_cerebro', 'pg_cerebro_device_count' LANGUAGE C VOLATILE STRICT;
COMMENT ON FUNCTION cerebro._device_count() IS 'internal: CUDA devices that this process sees';

-- GPORCA tells of columns without statistics in a NOTICE; packed columns never have any.
ALTER FUNCTION cerebro.training_preprocessor_dl(text, text, text, text, bigint, real, integer[], text, bigint, bigint, text, boolean, text, text,
        text, text, text, double precision, text, text, bigint, boolean, text, bigint, bigint, boolean, boolean, boolean) SET optimizer_print_missing_stats = off;
ALTER FUNCTION cerebro.validation_preprocessor_dl(text, text, text, text, text, bigint, text) SET optimizer_print_missing_stats = off;
-- What a user declares before training: architectures and configurations.
-- Functions that take names of tables see the caller's search_path, as the caller means them; what they run inside is qualified.

CREATE FUNCTION cerebro.load_model(model_arch_table text, model_arch json, model_weights bytea DEFAULT NULL, name text DEFAULT NULL,
        description text DEFAULT NULL) RETURNS integer
    AS '$libdir/pg_cerebro', 'pg_cerebro_load_model' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.load_model(text, json, bytea, text, text) IS
    'checks a Keras architecture (to_json()) and its weights, adds them to an architecture table and returns the model_id';

CREATE FUNCTION cerebro.delete_model(model_arch_table text, model_id bigint) RETURNS void
    AS '$libdir/pg_cerebro', 'pg_cerebro_delete_model' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.delete_model(text, bigint) IS
    'deletes an architecture; the table goes with its last one';

CREATE FUNCTION cerebro.load_model_selection_table(model_arch_table text, model_selection_table text, model_id_list integer[],
        compile_params_list varchar[], fit_params_list varchar[]) RETURNS void
    AS '$libdir/pg_cerebro', 'pg_cerebro_load_model_selection_table' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.load_model_selection_table(text, text, integer[], varchar[], varchar[]) IS
    'makes a model selection table of every combination of architectures, compile parameters and fit parameters';

CREATE FUNCTION cerebro.generate_model_configs(model_arch_table text, model_selection_table text, model_id_list integer[],
        compile_params_grid text, fit_params_grid text, search_type text DEFAULT 'grid', num_configs bigint DEFAULT NULL,
        random_state bigint DEFAULT NULL) RETURNS void
    AS '$libdir/pg_cerebro', 'pg_cerebro_generate_model_configs' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.generate_model_configs(text, text, integer[], text, text, text, bigint, bigint) IS
    'makes a model selection table, or appends to it, by grid or random search';

CREATE FUNCTION cerebro.freeze_variants(model_arch_table text, model_id integer, layers text[], head json DEFAULT NULL,
        hidden integer[] DEFAULT NULL, classes integer DEFAULT NULL, head_on text DEFAULT NULL, "truncate" boolean DEFAULT false,
        OUT new_model_id integer, OUT name text, OUT description text) RETURNS SETOF record
    AS '$libdir/pg_cerebro', 'pg_cerebro_freeze_variants' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.freeze_variants(text, integer, text[], json, integer[], integer, text, boolean) IS
    'adds variants of an architecture that are frozen up to the named layers, with its own head or a new one';

CREATE FUNCTION cerebro.adapter_variants(model_arch_table text, model_id integer, layers text[], sizes integer[] DEFAULT '{16}',
        head json DEFAULT NULL, hidden integer[] DEFAULT NULL, classes integer DEFAULT NULL, head_on text DEFAULT NULL,
        OUT new_model_id integer, OUT name text, OUT description text) RETURNS SETOF record
    AS '$libdir/pg_cerebro', 'pg_cerebro_adapter_variants' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.adapter_variants(text, integer, text[], integer[], json, integer[], integer, text) IS
    'adds variants of a frozen architecture with small trained adapters behind the named layers, one a size';
-- Architectures made from a packed table, and what is shown of a stored one.
-- Arguments of type "any" take one value or several alternatives: numbers, words, SQL arrays and JSON.

CREATE FUNCTION cerebro.mlp(model_arch_table text, source_table text, hidden "any" DEFAULT '{64,32}'::text, dropout "any" DEFAULT '0'::text,
        batch_norm "any" DEFAULT 'false'::text, activation "any" DEFAULT 'relu'::text, l2 "any" DEFAULT '0'::text,
        embedding_dim "any" DEFAULT NULL::text, output_activation "any" DEFAULT NULL::text, name text DEFAULT NULL) RETURNS integer[]
    AS '$libdir/pg_cerebro', 'pg_cerebro_mlp' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.mlp(text, text, "any", "any", "any", "any", "any", "any", "any", text) IS
    'adds multilayer perceptrons for a packed table to an architecture table and returns their model_ids';

CREATE FUNCTION cerebro.cnn(model_arch_table text, source_table text, filters "any" DEFAULT '{32,64}'::text, hidden "any" DEFAULT '{64}'::text,
        kernel_size "any" DEFAULT '3'::text, convolutions "any" DEFAULT '1'::text, pooling "any" DEFAULT 'max'::text,
        global_pooling "any" DEFAULT 'false'::text, dropout "any" DEFAULT '0'::text, batch_norm "any" DEFAULT 'false'::text,
        activation "any" DEFAULT 'relu'::text, l2 "any" DEFAULT '0'::text, embedding_dim "any" DEFAULT NULL::text,
        image_shape "any" DEFAULT NULL::text, output_activation "any" DEFAULT NULL::text, name text DEFAULT NULL) RETURNS integer[]
    AS '$libdir/pg_cerebro', 'pg_cerebro_cnn' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.cnn(text, text, "any", "any", "any", "any", "any", "any", "any", "any", "any", "any", "any", "any", "any", text) IS
    'adds convolutional networks for a packed table with images to an architecture table and returns their model_ids';

CREATE FUNCTION cerebro.rnn(model_arch_table text, source_table text, units "any" DEFAULT '{64}'::text, hidden "any" DEFAULT '{}'::text,
        cell "any" DEFAULT 'lstm'::text, bidirectional "any" DEFAULT 'false'::text, dropout "any" DEFAULT '0'::text,
        activation "any" DEFAULT 'relu'::text, l2 "any" DEFAULT '0'::text, embedding_dim "any" DEFAULT NULL::text,
        vocabulary_size bigint DEFAULT NULL, sequence_shape "any" DEFAULT NULL::text, output_activation "any" DEFAULT NULL::text,
        name text DEFAULT NULL) RETURNS integer[]
    AS '$libdir/pg_cerebro', 'pg_cerebro_rnn' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.rnn(text, text, "any", "any", "any", "any", "any", "any", "any", "any", bigint, "any", "any", text) IS
    'adds recurrent networks for a packed table with sequences to an architecture table and returns their model_ids';

CREATE FUNCTION cerebro.wide_deep(model_arch_table text, source_table text, hidden "any" DEFAULT '{64,32}'::text,
        dropout "any" DEFAULT '0'::text, batch_norm "any" DEFAULT 'false'::text, activation "any" DEFAULT 'relu'::text,
        l2 "any" DEFAULT '0'::text, embedding_dim "any" DEFAULT NULL::text, wide_columns text DEFAULT NULL,
        output_activation "any" DEFAULT NULL::text, name text DEFAULT NULL) RETURNS integer[]
    AS '$libdir/pg_cerebro', 'pg_cerebro_wide_deep' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.wide_deep(text, text, "any", "any", "any", "any", "any", "any", text, "any", text) IS
    'adds wide and deep models for a packed table to an architecture table and returns their model_ids';

CREATE FUNCTION cerebro.summary(model_arch_table text, model_id bigint, source_table text DEFAULT NULL) RETURNS SETOF text
    AS '$libdir/pg_cerebro', 'pg_cerebro_summary' LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED;
COMMENT ON FUNCTION cerebro.summary(text, bigint, text) IS
    'layers, output shapes, weights and FLOPs of an architecture, as Keras''s model.summary() prints them';

CREATE FUNCTION cerebro.to_keras_json(model_arch_table text, model_id bigint, source_table text DEFAULT NULL) RETURNS json
    AS '$libdir/pg_cerebro', 'pg_cerebro_to_keras_json' LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED;
COMMENT ON FUNCTION cerebro.to_keras_json(text, bigint, text) IS
    'an architecture as Keras 2 writes it: for model_from_json and load_model';

CREATE FUNCTION cerebro.default_compile_params(source_table text, output_activation "any" DEFAULT NULL::text) RETURNS text
    AS '$libdir/pg_cerebro', 'pg_cerebro_default_compile_params' LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED;
COMMENT ON FUNCTION cerebro.default_compile_params(text, "any") IS
    'compile_params with the loss and the metrics that fit the dependent columns of a packed table';

CREATE FUNCTION cerebro.default_compile_grid(source_table text, learning_rates "any" DEFAULT '{0.001,0.003,0.01}'::text,
        output_activation "any" DEFAULT NULL::text) RETURNS text
    AS '$libdir/pg_cerebro', 'pg_cerebro_default_compile_grid' LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED;
COMMENT ON FUNCTION cerebro.default_compile_grid(text, "any", "any") IS
    'a compile_params_grid with the loss and the metrics that fit, and these learning rates of Adam';
-- Searches: a run that makes its models itself, and what its trials say about parameters.

CREATE FUNCTION cerebro.search(source_table text, model_output_table text, model_arch_table text, num_iterations bigint,
        compile_params_grid text, fit_params_grid text, search text DEFAULT '{"policy": "asha"}', validation_table text DEFAULT NULL,
        model_id_list integer[] DEFAULT NULL, seed bigint DEFAULT NULL, workers bigint DEFAULT NULL, use_gpus boolean DEFAULT false,
        name text DEFAULT NULL, description text DEFAULT NULL, restore_best boolean DEFAULT false,
        early_stopping text DEFAULT NULL) RETURNS integer
    AS '$libdir/pg_cerebro', 'pg_cerebro_search' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.search(text, text, text, bigint, text, text, text, text, integer[], bigint, bigint, boolean, text, text, boolean, text) IS
    'searches architectures and parameters in one run of fit_multiple_model and returns the mst_key of the best model';

CREATE FUNCTION cerebro.importance(run text, iteration bigint DEFAULT NULL, seed bigint DEFAULT 0, OUT parameter text,
        OUT importance double precision, OUT deviation double precision) RETURNS SETOF record
    AS '$libdir/pg_cerebro', 'pg_cerebro_importance' LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED ROWS 10;
COMMENT ON FUNCTION cerebro.importance(text, bigint, bigint) IS
    'the part of the variance among a run''s models that each parameter explains alone: fANOVA';

CREATE FUNCTION cerebro.ask(run text, OUT mst_key integer, OUT state text, OUT model_id integer, OUT compile_params text, OUT fit_params text,
        OUT iteration bigint, OUT value double precision, OUT remark text) RETURNS SETOF record
    AS '$libdir/pg_cerebro', 'pg_cerebro_ask' LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED ROWS 100;
COMMENT ON FUNCTION cerebro.ask(text) IS
    'trials of a run as of its last commit, with their values as losses: what a sampler outside goes by';

CREATE FUNCTION cerebro.tell(run text, model_id bigint, compile_params text, fit_params text, iterations bigint DEFAULT NULL) RETURNS void
    AS '$libdir/pg_cerebro', 'pg_cerebro_tell' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.tell(text, bigint, text, text, bigint) IS
    'gives a run the next configuration to try; it begins when the run is between two rounds';
-- Training: the aggregate, states, and fit_multiple_model.

CREATE FUNCTION cerebro._fit_step_transition(internal, state bytea, partition_id integer, buffer_id integer, VARIADIC data "any") RETURNS internal
    AS '$libdir/pg_cerebro', 'pg_cerebro_fit_step_transition' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro._fit_step_transition(internal, bytea, integer, integer, "any") IS 'internal: transition function of fit_step';

CREATE FUNCTION cerebro._fit_step_transition(internal, visit_id integer, partition_id integer, buffer_id integer, VARIADIC data "any") RETURNS internal
    AS '$libdir/pg_cerebro', 'pg_cerebro_fit_step_visit_transition' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro._fit_step_transition(internal, integer, integer, integer, "any") IS 'internal: transition function of fit_step within a run';

CREATE FUNCTION cerebro._fit_step_final(internal) RETURNS bytea
    AS '$libdir/pg_cerebro', 'pg_cerebro_fit_step_final' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro._fit_step_final(internal) IS 'internal: final function of fit_step';

CREATE AGGREGATE cerebro.fit_step(state bytea, partition_id integer, buffer_id integer, VARIADIC data "any") (
    SFUNC = cerebro._fit_step_transition, STYPE = internal, FINALFUNC = cerebro._fit_step_final, FINALFUNC_MODIFY = READ_WRITE, PARALLEL = UNSAFE);
COMMENT ON AGGREGATE cerebro.fit_step(bytea, integer, integer, "any") IS
    'trains one model on the packed rows that it is given, in their order: state in, state out';

-- What a run calls with columns of any number has a schema of its own. Who made the schema cerebro may add functions there, and one for a certain number
-- of columns would be taken before one for any; this schema belongs to who runs this file, which is a superuser where the extension is trusted.
CREATE SCHEMA cerebro_run;
COMMENT ON SCHEMA cerebro_run IS 'pg_cerebro: internal';
GRANT USAGE ON SCHEMA cerebro_run TO PUBLIC;

CREATE AGGREGATE cerebro_run.fit_visit(visit_id integer, partition_id integer, buffer_id integer, VARIADIC data "any") (
    SFUNC = cerebro._fit_step_transition, STYPE = internal, FINALFUNC = cerebro._fit_step_final, FINALFUNC_MODIFY = READ_WRITE, PARALLEL = UNSAFE);
COMMENT ON AGGREGATE cerebro_run.fit_visit(integer, integer, integer, "any") IS
    'internal: fit_step on the models of a visit of the run in progress; every other use is refused';

CREATE FUNCTION cerebro.init_state(model_arch_table text, model_id bigint, compile_params text, fit_params text, source_table text,
        seed bigint DEFAULT 0, stream bigint DEFAULT 0) RETURNS bytea
    AS '$libdir/pg_cerebro', 'pg_cerebro_init_state' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.init_state(text, bigint, text, text, text, bigint, bigint) IS
    'training state of an untrained model, as fit_multiple_model starts it when stream is its mst_key';

CREATE FUNCTION cerebro.state_tensors(state bytea, OUT "position" integer, OUT name text, OUT shape integer[], OUT is_slot boolean, OUT trainable boolean,
        OUT data double precision[]) RETURNS SETOF record
    AS '$libdir/pg_cerebro', 'pg_cerebro_state_tensors' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cerebro.state_tensors(bytea) IS 'weights and optimizer slots of a training state, a row a tensor, in Keras''s order';

CREATE FUNCTION cerebro.fit_multiple_model(source_table text, model_output_table text, model_selection_table text, num_iterations bigint,
        use_gpus boolean DEFAULT false, validation_table text DEFAULT NULL, metrics_compute_frequency bigint DEFAULT NULL,
        warm_start boolean DEFAULT false, name text DEFAULT NULL, description text DEFAULT NULL, use_caching boolean DEFAULT false,
        seed bigint DEFAULT NULL, workers bigint DEFAULT NULL, restore_best boolean DEFAULT false,
        early_stopping text DEFAULT NULL, halving text DEFAULT NULL, folds bigint DEFAULT NULL, search text DEFAULT NULL,
        global_model boolean DEFAULT false, warm_start_groups boolean DEFAULT false, promote text DEFAULT NULL,
        max_failed_groups bigint DEFAULT NULL) RETURNS void
    AS '$libdir/pg_cerebro', 'pg_cerebro_fit_multiple_model' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.fit_multiple_model(text, text, text, bigint, boolean, text, bigint, boolean, text, text, boolean, bigint, bigint, boolean,
        text, text, bigint, text, boolean, boolean, text, bigint) IS
    'trains all models of a model selection table on a packed table by model hopping';

CREATE FUNCTION cerebro.explain_fit_multiple_model(source_table text, model_output_table text, model_selection_table text, num_iterations bigint,
        use_gpus boolean DEFAULT false, validation_table text DEFAULT NULL, metrics_compute_frequency bigint DEFAULT NULL,
        warm_start boolean DEFAULT false, name text DEFAULT NULL, description text DEFAULT NULL, use_caching boolean DEFAULT false,
        seed bigint DEFAULT NULL, workers bigint DEFAULT NULL, restore_best boolean DEFAULT false,
        early_stopping text DEFAULT NULL, halving text DEFAULT NULL, "analyze" boolean DEFAULT false, format text DEFAULT 'text',
        folds bigint DEFAULT NULL, search text DEFAULT NULL, global_model boolean DEFAULT false, warm_start_groups boolean DEFAULT false,
        promote text DEFAULT NULL, max_failed_groups bigint DEFAULT NULL) RETURNS SETOF text
    AS '$libdir/pg_cerebro', 'pg_cerebro_explain_fit_multiple_model' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.explain_fit_multiple_model(text, text, text, bigint, boolean, text, bigint, boolean, text, text, boolean, bigint, bigint, boolean,
        text, text, boolean, text, bigint, text, boolean, boolean, text, bigint) IS
    'the plan of fit_multiple_model with the same arguments, as text or JSON; with analyze it runs, too, and shows what it took';

CREATE FUNCTION cerebro.weights(model_table text, mst_key bigint, OUT "position" integer, OUT name text, OUT shape integer[], OUT piece integer,
        OUT data bytea) RETURNS SETOF record
    AS '$libdir/pg_cerebro', 'pg_cerebro_weights' LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.weights(text, bigint) IS
    'weights of a trained model in Keras''s order: a row a tensor, or several of at most 64 MB, as raw float32';

-- Volatile, so that a value that is used twice is worked out once.
CREATE FUNCTION cerebro._value_range(data_spec text, value_precision text, elements integer[], data bytea) RETURNS double precision[]
    AS '$libdir/pg_cerebro', 'pg_cerebro_value_range' LANGUAGE C VOLATILE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION cerebro._value_range(text, text, integer[], bytea) IS 'internal: of each (first, count) of elements of a packed column: smallest and largest value, and one that is no whole number';
-- Durable runs, a number of iterations a transaction.

CREATE FUNCTION cerebro.advance(source_table text, model_output_table text, model_selection_table text, num_iterations bigint,
        use_gpus boolean DEFAULT false, validation_table text DEFAULT NULL, metrics_compute_frequency bigint DEFAULT NULL,
        warm_start boolean DEFAULT false, name text DEFAULT NULL, description text DEFAULT NULL, use_caching boolean DEFAULT false,
        seed bigint DEFAULT NULL, workers bigint DEFAULT NULL, restore_best boolean DEFAULT false,
        early_stopping text DEFAULT NULL, halving text DEFAULT NULL, iterations bigint DEFAULT 1,
        search text DEFAULT NULL) RETURNS bigint
    AS '$libdir/pg_cerebro', 'pg_cerebro_advance' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.advance(text, text, text, bigint, boolean, text, bigint, boolean, text, text, boolean, bigint, bigint, boolean,
        text, text, bigint, text) IS
    'begins a run as fit_multiple_model does, or goes on with it, for some iterations; returns how many are left';
-- Runs are changed while they go on, and done again.

CREATE FUNCTION cerebro.control(run text, action text, mst_key bigint DEFAULT NULL, compile_params text DEFAULT NULL,
        fit_params text DEFAULT NULL, model_id bigint DEFAULT NULL, from_weights boolean DEFAULT NULL, iterations bigint DEFAULT NULL,
        priority bigint DEFAULT NULL) RETURNS void
    AS '$libdir/pg_cerebro', 'pg_cerebro_control' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.control(text, text, bigint, text, text, bigint, boolean, bigint, bigint) IS
    'asks a durable run to stop, resume, delete, clone, add or reprioritise a model, or to finish; it does so behind its present round';

CREATE FUNCTION cerebro.replay(run text, model_output_table text, workers bigint DEFAULT NULL) RETURNS void
    AS '$libdir/pg_cerebro', 'pg_cerebro_replay' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.replay(text, text, bigint) IS
    'does a durable run again, with what people did to it behind the same rounds: the same models, bit for bit';
-- Runs over groups: what came of each group. Training itself is cerebro.fit_multiple_model() on a table that is packed by group.

CREATE FUNCTION cerebro.group_leaderboard(model_output_table text, OUT rank bigint, OUT "group_id" bigint, OUT group_key json, OUT status text,
        OUT chosen text, OUT mst_key integer, OUT compile_params text, OUT fit_params text, OUT metric text, OUT value double precision,
        OUT loss double precision, OUT global_value double precision, OUT group_rows bigint, OUT validation_rows bigint, OUT seconds double precision,
        OUT reason text) RETURNS SETOF record
    AS '$libdir/pg_cerebro', 'pg_cerebro_group_leaderboard' LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED ROWS 1000;
COMMENT ON FUNCTION cerebro.group_leaderboard(text) IS
    'the groups of a run over groups, best first: the best configuration of each, its metric, and the status and the reason of those without one';
-- A run over groups brought up to date with its source.
CREATE FUNCTION cerebro.refresh(model_output_table text, source_table text DEFAULT NULL, drop_vanished boolean DEFAULT false,
        OUT added_groups bigint, OUT changed_groups bigint, OUT vanished_groups bigint, OUT unchanged_groups bigint, OUT trained_groups bigint,
        OUT skipped_groups bigint, OUT failed_groups bigint, OUT seconds double precision) RETURNS record
    AS '$libdir/pg_cerebro', 'pg_cerebro_refresh' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET extra_float_digits = 1;
COMMENT ON FUNCTION cerebro.refresh(text, text, boolean) IS
    'packs and trains the groups of a run again whose rows have changed, and new ones; all other models keep their bytes';
-- What a user asks of a finished run: scores, predictions, reports.
-- predict carries ids as text: the setting keeps every digit of a number.

CREATE FUNCTION cerebro.evaluate(model_table text, test_table text, output_table text, use_gpus boolean DEFAULT false,
        mst_key bigint DEFAULT NULL) RETURNS void
    AS '$libdir/pg_cerebro', 'pg_cerebro_evaluate' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.evaluate(text, text, text, boolean, bigint) IS
    'loss and metrics over a packed table, of all models of a run in one scan or of one';

CREATE FUNCTION cerebro.predict(model_table text, test_table text, id_col text, independent_varname text, output_table text,
        pred_type text DEFAULT 'prob', use_gpus boolean DEFAULT false, mst_key bigint DEFAULT NULL) RETURNS void
    AS '$libdir/pg_cerebro', 'pg_cerebro_predict' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET extra_float_digits = 1;
COMMENT ON FUNCTION cerebro.predict(text, text, text, text, text, text, boolean, bigint) IS
    'predictions for the rows of a plain table: every class (''prob''), the most probable one (''response''), or a regression''s estimates';

CREATE FUNCTION cerebro.predict(model_table text, test_table text, id_col text, independent_varname text, output_table text,
        pred_type integer, use_gpus boolean DEFAULT false, mst_key bigint DEFAULT NULL) RETURNS void
    AS '$libdir/pg_cerebro', 'pg_cerebro_predict_rank' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET extra_float_digits = 1;
COMMENT ON FUNCTION cerebro.predict(text, text, text, text, text, integer, boolean, bigint) IS
    'predictions for the rows of a plain table: the pred_type most probable classes';

CREATE FUNCTION cerebro.predict(model_table text, test_table text, id_col text, independent_varname text, output_table text,
        pred_type double precision, use_gpus boolean DEFAULT false, mst_key bigint DEFAULT NULL) RETURNS void
    AS '$libdir/pg_cerebro', 'pg_cerebro_predict_above' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET extra_float_digits = 1;
COMMENT ON FUNCTION cerebro.predict(text, text, text, text, text, double precision, boolean, bigint) IS
    'predictions for the rows of a plain table: the classes that are more probable than pred_type';

CREATE FUNCTION cerebro.leaderboard(model_output_table text, OUT rank integer, OUT mst_key integer, OUT model_id integer,
        OUT model_name text, OUT compile_params text, OUT fit_params text, OUT status text, OUT training_loss double precision,
        OUT training_metric double precision, OUT validation_loss double precision, OUT validation_metric double precision, OUT metric text,
        OUT parameters bigint, OUT seconds double precision) RETURNS SETOF record
    AS '$libdir/pg_cerebro', 'pg_cerebro_leaderboard' LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED ROWS 100;
COMMENT ON FUNCTION cerebro.leaderboard(text) IS
    'the models of a run, best first: by the validation metric where there is one, else by the loss';

CREATE FUNCTION cerebro.learning_curve(model_output_table text, OUT mst_key integer, OUT iteration integer,
        OUT training_loss double precision, OUT training_metric double precision, OUT validation_loss double precision,
        OUT validation_metric double precision) RETURNS SETOF record
    AS '$libdir/pg_cerebro', 'pg_cerebro_learning_curve' LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED ROWS 1000;
COMMENT ON FUNCTION cerebro.learning_curve(text) IS
    'losses and metrics of each model after each iteration for which they were computed';

CREATE FUNCTION cerebro.confusion_matrix(model_table text, test_table text, mst_key bigint DEFAULT NULL, OUT class_name text,
        OUT actual text, OUT predicted text, OUT count bigint) RETURNS SETOF record
    AS '$libdir/pg_cerebro', 'pg_cerebro_confusion_matrix' LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED ROWS 100;
COMMENT ON FUNCTION cerebro.confusion_matrix(text, text, bigint) IS
    'how often a model predicts which class for which, over a packed table; pairs that do not occur are left out';
-- The report of a run on folds.

CREATE FUNCTION cerebro.fold_leaderboard(model_output_table text, OUT rank integer, OUT mst_key integer, OUT model_id integer,
        OUT model_name text, OUT compile_params text, OUT fit_params text, OUT folds integer, OUT diverged integer,
        OUT metric text, OUT mean_metric double precision, OUT std_metric double precision, OUT mean_loss double precision,
        OUT std_loss double precision, OUT mean_training_metric double precision, OUT mean_training_loss double precision,
        OUT parameters bigint, OUT seconds double precision) RETURNS SETOF record
    AS '$libdir/pg_cerebro', 'pg_cerebro_fold_leaderboard' LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED ROWS 100;
COMMENT ON FUNCTION cerebro.fold_leaderboard(text) IS
    'the configurations of a run on folds, best first: mean and standard deviation over the folds that their models left out';
-- The page of a run, curves in characters, and what columns are worth to a model.

CREATE FUNCTION cerebro.report(model_output_table text) RETURNS text
    AS '$libdir/pg_cerebro', 'pg_cerebro_report' LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED;
COMMENT ON FUNCTION cerebro.report(text) IS
    'one HTML page that needs nothing else: leaderboard, learning curves, parameters, visits, and the best model on the validation table';

CREATE FUNCTION cerebro.learning_curve_text(model_output_table text, mst_key bigint DEFAULT NULL, metric text DEFAULT NULL,
        width bigint DEFAULT 78, height bigint DEFAULT 20) RETURNS SETOF text
    AS '$libdir/pg_cerebro', 'pg_cerebro_learning_curve_text' LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED ROWS 25;
COMMENT ON FUNCTION cerebro.learning_curve_text(text, bigint, text, bigint, bigint) IS
    'learning curves in characters, a row a line: of the best models, or training and validation of one';

CREATE FUNCTION cerebro.feature_importance(model_table text, test_table text, mst_key bigint DEFAULT NULL, repeats bigint DEFAULT 5,
        seed bigint DEFAULT 0, OUT column_name text, OUT importance double precision, OUT deviation double precision) RETURNS SETOF record
    AS '$libdir/pg_cerebro', 'pg_cerebro_feature_importance' LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED ROWS 20;
COMMENT ON FUNCTION cerebro.feature_importance(text, text, bigint, bigint, bigint) IS
    'how much worse a model''s first metric is over a packed table when the values of one column are shuffled';
-- Runs: what was trained, to be listed, renamed and dropped.

CREATE FUNCTION cerebro.runs_rows(OUT name text, OUT run_name text, OUT description text, OUT source_table text, OUT started_at timestamp,
        OUT finished_at timestamp, OUT models integer, OUT diverged integer, OUT iterations bigint, OUT metric text,
        OUT best_mst_key integer, OUT best_metric double precision, OUT best_loss double precision, OUT state text, OUT iteration bigint,
        OUT last_commit timestamptz, OUT error text) RETURNS SETOF record
    AS '$libdir/pg_cerebro', 'pg_cerebro_runs_rows' LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED ROWS 10;
COMMENT ON FUNCTION cerebro.runs_rows() IS 'runs whose tables the caller may read; read it through cerebro.runs';

CREATE VIEW cerebro.runs AS SELECT * FROM cerebro.runs_rows();
COMMENT ON VIEW cerebro.runs IS 'one row for each run whose result tables the caller may read';
COMMENT ON COLUMN cerebro.runs.name IS 'model output table, with its schema: what other functions take';
COMMENT ON COLUMN cerebro.runs.run_name IS 'name that fit_multiple_model was given';
COMMENT ON COLUMN cerebro.runs.description IS 'description that fit_multiple_model was given';
COMMENT ON COLUMN cerebro.runs.source_table IS 'packed training table';
COMMENT ON COLUMN cerebro.runs.started_at IS 'start of the last fit of the run';
COMMENT ON COLUMN cerebro.runs.finished_at IS 'end of the last fit of the run';
COMMENT ON COLUMN cerebro.runs.models IS 'models of the run';
COMMENT ON COLUMN cerebro.runs.diverged IS 'models that diverged';
COMMENT ON COLUMN cerebro.runs.iterations IS 'iterations of the model that has most, over all fits of the run';
COMMENT ON COLUMN cerebro.runs.metric IS 'metric by which models are ranked, or loss';
COMMENT ON COLUMN cerebro.runs.best_mst_key IS 'the first model of the leaderboard; NULL when all have diverged';
COMMENT ON COLUMN cerebro.runs.best_metric IS 'its metric, over the validation table where there is one';
COMMENT ON COLUMN cerebro.runs.best_loss IS 'its loss, over the same table';
COMMENT ON COLUMN cerebro.runs.state IS 'running, interrupted, stopped, finished or failed; a run of one transaction is finished when it is seen';
COMMENT ON COLUMN cerebro.runs.iteration IS 'of a durable run: iterations that are over for all models, at its last commit';
COMMENT ON COLUMN cerebro.runs.last_commit IS 'of a durable run: when its models were written last';
COMMENT ON COLUMN cerebro.runs.error IS 'of a durable run: what ended its last call, where that could be written';
GRANT SELECT ON cerebro.runs TO PUBLIC;

CREATE FUNCTION cerebro.drop_run(name text) RETURNS void
    AS '$libdir/pg_cerebro', 'pg_cerebro_drop_run' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.drop_run(text) IS 'drops the result tables of a run: <name>, <name>_info, _summary, _state, _visits and _run';

CREATE FUNCTION cerebro.rename_run(name text, new_name text) RETURNS void
    AS '$libdir/pg_cerebro', 'pg_cerebro_rename_run' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.rename_run(text, text) IS 'renames the result tables of a run, within their schema';
-- Weights and models as files of other programs, in a bytea or in a large object. No file of the server is touched.

CREATE FUNCTION cerebro.import_weights(model_arch_table text, model_id integer, data bytea, format text DEFAULT NULL,
        naming text DEFAULT 'keras', names json DEFAULT NULL) RETURNS void
    AS '$libdir/pg_cerebro', 'pg_cerebro_import_weights' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.import_weights(text, integer, bytea, text, text, json) IS
    'overwrites the weights of an architecture by those of a file';

CREATE FUNCTION cerebro.import_weights(model_arch_table text, model_id integer, data oid, format text DEFAULT NULL,
        naming text DEFAULT 'keras', names json DEFAULT NULL) RETURNS void
    AS '$libdir/pg_cerebro', 'pg_cerebro_import_weights_lo' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.import_weights(text, integer, oid, text, text, json) IS
    'overwrites the weights of an architecture by those of a file in a large object';

CREATE FUNCTION cerebro.import_model(model_arch_table text, data bytea, format text DEFAULT NULL, name text DEFAULT NULL,
        description text DEFAULT NULL) RETURNS integer
    AS '$libdir/pg_cerebro', 'pg_cerebro_import_model' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.import_model(text, bytea, text, text, text) IS
    'adds the architecture and the weights of a file to an architecture table and returns the model_id';

CREATE FUNCTION cerebro.import_model(model_arch_table text, data oid, format text DEFAULT NULL, name text DEFAULT NULL,
        description text DEFAULT NULL) RETURNS integer
    AS '$libdir/pg_cerebro', 'pg_cerebro_import_model_lo' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.import_model(text, oid, text, text, text) IS
    'the same of a file in a large object';

CREATE FUNCTION cerebro.export_model(model_table text, mst_key integer DEFAULT NULL, format text DEFAULT 'safetensors',
        naming text DEFAULT 'keras', model_id integer DEFAULT NULL) RETURNS bytea
    AS '$libdir/pg_cerebro', 'pg_cerebro_export_model' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.export_model(text, integer, text, text, integer) IS
    'a trained model, or an architecture with weights, as a file of another program';

CREATE FUNCTION cerebro.export_model_lo(model_table text, mst_key integer DEFAULT NULL, format text DEFAULT 'safetensors',
        naming text DEFAULT 'keras', model_id integer DEFAULT NULL) RETURNS oid
    AS '$libdir/pg_cerebro', 'pg_cerebro_export_model_lo' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.export_model_lo(text, integer, text, text, integer) IS
    'the same in a new large object, whose oid is returned';
-- Features: what layers make of rows. Stored ones, which runs read instead of computing frozen layers again, and those that are asked for.

CREATE FUNCTION cerebro.materialized_features_rows(OUT source_table text, OUT digest text, OUT layer text, OUT model text, OUT shape bigint[],
        OUT encoding text, OUT bytes bigint, OUT rows bigint, OUT state text, OUT feature_table text, OUT source_digest text, OUT owner text,
        OUT seconds double precision, OUT made_at timestamptz, OUT last_use timestamptz) RETURNS SETOF record
    AS '$libdir/pg_cerebro', 'pg_cerebro_materialized_features' LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED ROWS 10;
COMMENT ON FUNCTION cerebro.materialized_features_rows() IS 'stored features that the caller may read; read it through cerebro.materialized_features';

CREATE VIEW cerebro.materialized_features AS SELECT * FROM cerebro.materialized_features_rows();
COMMENT ON VIEW cerebro.materialized_features IS 'one row for each set of stored features whose catalogue the caller may read';
COMMENT ON COLUMN cerebro.materialized_features.source_table IS 'packed table whose rows they are of, with its schema';
COMMENT ON COLUMN cerebro.materialized_features.digest IS 'of all that the values depend on: frozen layers, their weights, the columns that they read';
COMMENT ON COLUMN cerebro.materialized_features.layer IS 'layer whose output they are';
COMMENT ON COLUMN cerebro.materialized_features.model IS 'architecture for which they were made first';
COMMENT ON COLUMN cerebro.materialized_features.shape IS 'of one row';
COMMENT ON COLUMN cerebro.materialized_features.encoding IS 'float32, float32 sparse, bfloat16, float16 or uint8';
COMMENT ON COLUMN cerebro.materialized_features.bytes IS 'on disk, with indexes';
COMMENT ON COLUMN cerebro.materialized_features.rows IS 'rows of the packed table that have features';
COMMENT ON COLUMN cerebro.materialized_features.state IS 'fresh; rows were appended: the next run computes theirs; stale: ... and why: they are not used any more';
COMMENT ON COLUMN cerebro.materialized_features.feature_table IS 'table that has them, a row a buffer';
COMMENT ON COLUMN cerebro.materialized_features.source_digest IS 'digest of the packed contents that they were made from';
COMMENT ON COLUMN cerebro.materialized_features.owner IS 'role that may drop them';
COMMENT ON COLUMN cerebro.materialized_features.seconds IS 'that computing and writing them took';
COMMENT ON COLUMN cerebro.materialized_features.made_at IS 'when they were made, or extended last';
COMMENT ON COLUMN cerebro.materialized_features.last_use IS 'when a run took them last: what was used longest ago goes first';
GRANT SELECT ON cerebro.materialized_features TO PUBLIC;

CREATE FUNCTION cerebro.drop_features(packed_table text, digest text DEFAULT NULL) RETURNS bigint
    AS '$libdir/pg_cerebro', 'pg_cerebro_drop_features' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.drop_features(text, text) IS
    'drops stored features of a packed table, all or those of a digest, and returns how many sets';

CREATE FUNCTION cerebro.extract_features(model_table text, layer text, source_table text, output_table text, id_col text DEFAULT NULL,
        independent_varname text DEFAULT NULL, mst_key bigint DEFAULT NULL) RETURNS void
    AS '$libdir/pg_cerebro', 'pg_cerebro_extract_features' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET extra_float_digits = 1;
COMMENT ON FUNCTION cerebro.extract_features(text, text, text, text, text, text, bigint) IS
    'writes what a layer of a model makes of the rows of a table into <output_table>, as real[]';

CREATE FUNCTION cerebro.features(model_table text, layer text, row_value record, mst_key bigint DEFAULT NULL) RETURNS real[]
    AS '$libdir/pg_cerebro', 'pg_cerebro_features' LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED COST 10000;
COMMENT ON FUNCTION cerebro.features(text, text, record, bigint) IS
    'what a layer of a model makes of one row: a row with the columns that the model was trained on, or ROW(...) of their values in order';
-- Registered models: kept under a name, with versions, and asked for predictions in any query.
-- Nobody has rights on the tables: the functions check who may do what, and work on them as their owner (src/store/registry.hpp).

CREATE TABLE cerebro.registry_names (
    name text PRIMARY KEY,
    last_version integer NOT NULL
);
COMMENT ON TABLE cerebro.registry_names IS 'internal: versions that were given to a name, for ever: name@version never means another model';

CREATE TABLE cerebro.registry_models (
    name text PRIMARY KEY,
    owner text NOT NULL,
    owner_id oid NOT NULL,
    owner_system bigint NOT NULL,
    deployed_version integer,
    deployed_before integer[] NOT NULL,
    deployed_at timestamptz,
    remark text
);
COMMENT ON TABLE cerebro.registry_models IS 'internal: a row a registered model; read cerebro.models';

CREATE TABLE cerebro.registry_versions (
    name text,
    version integer,
    digest text NOT NULL,
    bytes bigint NOT NULL,
    model_table text,
    mst_key integer,
    trained_on text,
    data_digest text,
    rows bigint,
    parameters bigint,
    iterations bigint,
    compile_params text,
    fit_params text,
    metric text,
    training_loss double precision,
    training_metric double precision,
    validation_loss double precision,
    validation_metric double precision,
    registered_by text,
    registered_at timestamptz,
    remark text,
    PRIMARY KEY (name, version)
);
COMMENT ON TABLE cerebro.registry_versions IS 'internal: a row a version of a registered model; read cerebro.model_versions';

CREATE TABLE cerebro.registry_pieces (
    name text,
    version integer,
    piece integer,
    data bytea NOT NULL,
    PRIMARY KEY (name, version, piece)
);
ALTER TABLE cerebro.registry_pieces ALTER COLUMN data SET STORAGE EXTERNAL;
COMMENT ON TABLE cerebro.registry_pieces IS 'internal: graph, description of the data and weights of a version, in pieces of at most 64 MB';

CREATE TABLE cerebro.registry_shares (
    name text,
    role text,
    role_id oid,
    role_system bigint,
    shared_by text,
    shared_at timestamptz,
    PRIMARY KEY (name, role, role_id, role_system)
);
COMMENT ON TABLE cerebro.registry_shares IS 'internal: roles that may predict with a registered model besides its owner';

REVOKE ALL ON cerebro.registry_names, cerebro.registry_models, cerebro.registry_versions, cerebro.registry_pieces, cerebro.registry_shares FROM PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('cerebro.registry_names', '');
SELECT pg_catalog.pg_extension_config_dump('cerebro.registry_models', '');
SELECT pg_catalog.pg_extension_config_dump('cerebro.registry_versions', '');
SELECT pg_catalog.pg_extension_config_dump('cerebro.registry_pieces', '');
SELECT pg_catalog.pg_extension_config_dump('cerebro.registry_shares', '');

CREATE FUNCTION cerebro.models_rows(OUT name text, OUT owner text, OUT version integer, OUT versions bigint, OUT metric text,
        OUT metric_value double precision, OUT loss double precision, OUT trained_on text, OUT rows bigint, OUT parameters bigint, OUT bytes bigint,
        OUT digest text, OUT deployed_at timestamptz, OUT note text, OUT shared_with text) RETURNS SETOF record
    AS '$libdir/pg_cerebro', 'pg_cerebro_models_rows' LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED ROWS 10;
COMMENT ON FUNCTION cerebro.models_rows() IS 'registered models that the caller may use; read it through cerebro.models';

CREATE VIEW cerebro.models AS SELECT * FROM cerebro.models_rows();
COMMENT ON VIEW cerebro.models IS 'one row for each registered model that the caller owns or with which it may predict';
COMMENT ON COLUMN cerebro.models.name IS 'what cerebro.predict takes';
COMMENT ON COLUMN cerebro.models.owner IS 'role that may change, share and drop it';
COMMENT ON COLUMN cerebro.models.version IS 'deployed version: what the name alone means; the following columns are of this version';
COMMENT ON COLUMN cerebro.models.versions IS 'how many versions there are';
COMMENT ON COLUMN cerebro.models.metric IS 'its first metric';
COMMENT ON COLUMN cerebro.models.metric_value IS 'over the validation table where there was one, else over the training table';
COMMENT ON COLUMN cerebro.models.loss IS 'over the same table';
COMMENT ON COLUMN cerebro.models.trained_on IS 'packed table';
COMMENT ON COLUMN cerebro.models.rows IS 'rows of that table';
COMMENT ON COLUMN cerebro.models.parameters IS 'trained weights and others';
COMMENT ON COLUMN cerebro.models.bytes IS 'of the registry';
COMMENT ON COLUMN cerebro.models.digest IS 'of all that predictions follow from: equal models have equal digests';
COMMENT ON COLUMN cerebro.models.deployed_at IS 'when this version was deployed';
COMMENT ON COLUMN cerebro.models.note IS 'what cerebro.comment_on_model was told of the model';
COMMENT ON COLUMN cerebro.models.shared_with IS 'roles that may predict with it besides the owner';
GRANT SELECT ON cerebro.models TO PUBLIC;

CREATE FUNCTION cerebro.model_versions_rows(OUT name text, OUT owner text, OUT version integer, OUT deployed boolean, OUT metric text,
        OUT training_loss double precision, OUT training_metric double precision, OUT validation_loss double precision,
        OUT validation_metric double precision, OUT trained_on text, OUT data_digest text, OUT rows bigint, OUT parameters bigint,
        OUT iterations bigint, OUT compile_params text, OUT fit_params text, OUT model_table text, OUT mst_key integer, OUT bytes bigint,
        OUT digest text, OUT registered_by text, OUT registered_at timestamptz, OUT note text) RETURNS SETOF record
    AS '$libdir/pg_cerebro', 'pg_cerebro_model_versions_rows' LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED ROWS 10;
COMMENT ON FUNCTION cerebro.model_versions_rows() IS 'versions of registered models that the caller may use; read it through cerebro.model_versions';

CREATE VIEW cerebro.model_versions AS SELECT * FROM cerebro.model_versions_rows();
COMMENT ON VIEW cerebro.model_versions IS 'one row for each version of the registered models in cerebro.models';
GRANT SELECT ON cerebro.model_versions TO PUBLIC;

CREATE FUNCTION cerebro.register(name text, model_table text, mst_key bigint DEFAULT NULL, note text DEFAULT NULL) RETURNS integer
    AS '$libdir/pg_cerebro', 'pg_cerebro_register' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.register(text, text, bigint, text) IS
    'keeps a model of a run under a name, independent of the run''s tables, and returns the version; the first version is deployed';

CREATE FUNCTION cerebro.deploy(name text, version bigint) RETURNS integer
    AS '$libdir/pg_cerebro', 'pg_cerebro_deploy' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.deploy(text, bigint) IS 'makes a version what the model''s name means, and returns the version that was it before';

CREATE FUNCTION cerebro.rollback(name text) RETURNS integer
    AS '$libdir/pg_cerebro', 'pg_cerebro_rollback' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.rollback(text) IS 'deploys the version again that was deployed before the present one, and returns it';

CREATE FUNCTION cerebro.promote_if_better(name text, test_table text, version bigint DEFAULT NULL, metric text DEFAULT NULL,
        OUT promoted boolean, OUT measured text, OUT candidate_version integer, OUT candidate double precision,
        OUT deployed_version integer, OUT deployed double precision, OUT tested_rows bigint) RETURNS record
    AS '$libdir/pg_cerebro', 'pg_cerebro_promote_if_better' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.promote_if_better(text, text, bigint, text) IS
    'scores a version, by default the latest, and the deployed one on a table with labels, and deploys the first if it is better';

CREATE FUNCTION cerebro.drop_model(name text, version bigint DEFAULT NULL) RETURNS void
    AS '$libdir/pg_cerebro', 'pg_cerebro_drop_model' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.drop_model(text, bigint) IS 'drops a registered model, or one version that is not deployed';

CREATE FUNCTION cerebro.rename_model(name text, new_name text) RETURNS void
    AS '$libdir/pg_cerebro', 'pg_cerebro_rename_model' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.rename_model(text, text) IS 'renames a registered model; its versions keep their numbers';

CREATE FUNCTION cerebro.comment_on_model(name text, note text, version bigint DEFAULT NULL) RETURNS void
    AS '$libdir/pg_cerebro', 'pg_cerebro_comment_on_model' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.comment_on_model(text, text, bigint) IS 'writes what is to be known of a registered model or of a version; NULL removes it';

CREATE FUNCTION cerebro.give_model(name text, role text) RETURNS void
    AS '$libdir/pg_cerebro', 'pg_cerebro_give_model' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.give_model(text, text) IS 'makes another role the owner of a registered model';

CREATE FUNCTION cerebro.share(name text, role text) RETURNS void
    AS '$libdir/pg_cerebro', 'pg_cerebro_share' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.share(text, text) IS 'lets a role, or all by ''public'', predict with a registered model';

CREATE FUNCTION cerebro.unshare(name text, role text) RETURNS void
    AS '$libdir/pg_cerebro', 'pg_cerebro_unshare' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.unshare(text, text) IS 'takes back what cerebro.share gave';

-- Predictions of one row. The arguments behind the model are one row, matched by the names of its columns, or the values of the columns in their order.
-- With five arguments or more that are all text, cerebro.predict(text, text, text, text, text, ...) comes first: ROW(...) makes the row explicit.
-- The second argument is of any type, so a call never has two candidates of equal rank: the exact types of the others come before "any".

CREATE FUNCTION cerebro.predict(model text, VARIADIC row_or_columns "any") RETURNS text
    AS '$libdir/pg_cerebro', 'pg_cerebro_predict_row' LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION cerebro.predict(text, "any") IS 'what a model says of one row: the label, or the number of a regression, as text';

CREATE FUNCTION cerebro.predict_number(model text, VARIADIC row_or_columns "any") RETURNS double precision
    AS '$libdir/pg_cerebro', 'pg_cerebro_predict_number' LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION cerebro.predict_number(text, "any") IS 'the number that a regression says of one row';

CREATE FUNCTION cerebro.predict_proba(model text, VARIADIC row_or_columns "any") RETURNS jsonb
    AS '$libdir/pg_cerebro', 'pg_cerebro_predict_proba' LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION cerebro.predict_proba(text, "any") IS 'the probability of each class for one row';

CREATE FUNCTION cerebro.predict_vector(model text, VARIADIC row_or_columns "any") RETURNS real[]
    AS '$libdir/pg_cerebro', 'pg_cerebro_predict_vector' LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION cerebro.predict_vector(text, "any") IS 'all numbers that a model gives for one row, in the order of its outputs and classes';

-- The same of a version that is named, which says the same of a row for ever: for generated columns and indexes.

CREATE FUNCTION cerebro.predict_pinned(model_version text, VARIADIC columns "any") RETURNS text
    AS '$libdir/pg_cerebro', 'pg_cerebro_predict_row_pinned' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION cerebro.predict_pinned(text, "any") IS 'as cerebro.predict, of a model that is named with its version: ''name@3''';

CREATE FUNCTION cerebro.predict_number_pinned(model_version text, VARIADIC columns "any") RETURNS double precision
    AS '$libdir/pg_cerebro', 'pg_cerebro_predict_number_pinned' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION cerebro.predict_number_pinned(text, "any") IS 'as cerebro.predict_number, of a model that is named with its version: ''name@3''';

CREATE FUNCTION cerebro.predict_vector_pinned(model_version text, VARIADIC columns "any") RETURNS real[]
    AS '$libdir/pg_cerebro', 'pg_cerebro_predict_vector_pinned' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION cerebro.predict_vector_pinned(text, "any") IS 'as cerebro.predict_vector, of a model that is named with its version: ''name@3''';

-- The same of a model as one value: the registry is read once, wherever the rows lie.

CREATE FUNCTION cerebro.model_bytes(model text) RETURNS bytea
    AS '$libdir/pg_cerebro', 'pg_cerebro_model_bytes' LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION cerebro.model_bytes(text) IS 'a registered model as one value, for cerebro.predict on the segments of a cluster';

CREATE FUNCTION cerebro.predict(model bytea, VARIADIC row_or_columns "any") RETURNS text
    AS '$libdir/pg_cerebro', 'pg_cerebro_predict_row' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION cerebro.predict(bytea, "any") IS 'as cerebro.predict, of the value that cerebro.model_bytes gives';

CREATE FUNCTION cerebro.predict_number(model bytea, VARIADIC row_or_columns "any") RETURNS double precision
    AS '$libdir/pg_cerebro', 'pg_cerebro_predict_number' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION cerebro.predict_number(bytea, "any") IS 'as cerebro.predict_number, of the value that cerebro.model_bytes gives';

CREATE FUNCTION cerebro.predict_proba(model bytea, VARIADIC row_or_columns "any") RETURNS jsonb
    AS '$libdir/pg_cerebro', 'pg_cerebro_predict_proba' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION cerebro.predict_proba(bytea, "any") IS 'as cerebro.predict_proba, of the value that cerebro.model_bytes gives';

CREATE FUNCTION cerebro.predict_vector(model bytea, VARIADIC row_or_columns "any") RETURNS real[]
    AS '$libdir/pg_cerebro', 'pg_cerebro_predict_vector' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION cerebro.predict_vector(bytea, "any") IS 'as cerebro.predict_vector, of the value that cerebro.model_bytes gives';

CREATE FUNCTION cerebro.predict_table(model text, query text) RETURNS SETOF record
    AS '$libdir/pg_cerebro', 'pg_cerebro_predict_table' LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED ROWS 10000 COST 100000;
COMMENT ON FUNCTION cerebro.predict_table(text, text) IS
    'scores the rows of a query, or of a table, in batches; the column definition list says what is wanted: columns of the query, prediction, probability, probabilities, vector';
-- From a table to a registered model in one call.

CREATE FUNCTION cerebro.train(name text, source_table text, label text, "exclude" text DEFAULT NULL, time_budget interval DEFAULT NULL,
        max_models bigint DEFAULT NULL, num_iterations bigint DEFAULT NULL, validation_fraction double precision DEFAULT NULL,
        split_column text DEFAULT NULL, split_by_time text DEFAULT NULL, dependent_type text DEFAULT NULL, preprocess text DEFAULT 'auto',
        seed bigint DEFAULT 0, output_table text DEFAULT NULL, note text DEFAULT NULL, OUT model text, OUT metric text,
        OUT value double precision, OUT baseline double precision, OUT architecture text, OUT compile_params text, OUT fit_params text,
        OUT models bigint, OUT iterations bigint, OUT training_rows bigint, OUT validation_rows bigint, OUT rows_left_out bigint,
        OUT seconds double precision) RETURNS record
    AS '$libdir/pg_cerebro', 'pg_cerebro_train' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET extra_float_digits = 1;
COMMENT ON FUNCTION cerebro.train(text, text, text, text, interval, bigint, bigint, double precision, text, text, text, text, bigint, text, text) IS
    'packs a table, searches for a good model of one of its columns within a time budget, and registers the best one';
-- Running fits, seen from any connection.

CREATE FUNCTION cerebro.stat_progress_rows(
    OUT pid integer, OUT datid oid, OUT usesysid oid, OUT model_table text, OUT phase text,
    OUT iteration bigint, OUT iterations bigint, OUT visits_done bigint, OUT visits_total bigint,
    OUT models integer, OUT models_training integer, OUT workers integer,
    OUT rows_per_second double precision, OUT seconds_left double precision, OUT started_at timestamptz,
    OUT models_waiting integer, OUT models_stopped integer, OUT rung bigint, OUT bracket bigint, OUT best_mst_key bigint,
    OUT best_value double precision)
    RETURNS SETOF record
    AS '$libdir/pg_cerebro', 'pg_cerebro_stat_progress_rows' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL RESTRICTED ROWS 10
    SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION cerebro.stat_progress_rows() IS
    'running fits that the caller may see: those of its own roles, or all for members of pg_read_all_stats; read it through cerebro.stat_progress';

CREATE VIEW cerebro.stat_progress AS
    SELECT r.pid,
           d.datname,
           pg_catalog.pg_get_userbyid(r.usesysid) AS usename,
           r.model_table,
           r.phase,
           r.iteration,
           r.iterations,
           r.visits_done,
           r.visits_total,
           CASE WHEN r.visits_total OPERATOR(pg_catalog.>) 0::bigint
                THEN pg_catalog.round(100.0 OPERATOR(pg_catalog.*) r.visits_done::numeric OPERATOR(pg_catalog./) r.visits_total::numeric, 1) END AS percent,
           r.models,
           r.models_training,
           r.workers,
           r.rows_per_second,
           r.seconds_left,
           r.started_at,
           r.models_waiting,
           r.models_stopped,
           r.rung,
           r.bracket,
           r.best_mst_key,
           r.best_value
      FROM cerebro.stat_progress_rows() r
      LEFT JOIN pg_catalog.pg_database d ON d.oid OPERATOR(pg_catalog.=) r.datid;
COMMENT ON VIEW cerebro.stat_progress IS 'one row for each running fit: phase, visits done, speed and time left';
COMMENT ON COLUMN cerebro.stat_progress.pid IS 'process of the session that runs the fit';
COMMENT ON COLUMN cerebro.stat_progress.datname IS 'database of the session';
COMMENT ON COLUMN cerebro.stat_progress.usename IS 'user of the session';
COMMENT ON COLUMN cerebro.stat_progress.model_table IS 'model output table of the fit';
COMMENT ON COLUMN cerebro.stat_progress.phase IS 'planning, storing features, initialising, training, evaluating or writing';
COMMENT ON COLUMN cerebro.stat_progress.iteration IS 'iteration in progress, from 1';
COMMENT ON COLUMN cerebro.stat_progress.iterations IS 'iterations asked for';
COMMENT ON COLUMN cerebro.stat_progress.visits_done IS 'visits done: a visit is one model going over one partition once; while features are stored, buffers that have them';
COMMENT ON COLUMN cerebro.stat_progress.visits_total IS 'visits of the whole fit; while features are stored, buffers that get them';
COMMENT ON COLUMN cerebro.stat_progress.percent IS 'visits done of all visits';
COMMENT ON COLUMN cerebro.stat_progress.models IS 'models of the fit';
COMMENT ON COLUMN cerebro.stat_progress.models_training IS 'models that still train: neither diverged nor stopped';
COMMENT ON COLUMN cerebro.stat_progress.workers IS 'parallel workers; 0 when the session trains by itself';
COMMENT ON COLUMN cerebro.stat_progress.rows_per_second IS 'training rows a second, over all models';
COMMENT ON COLUMN cerebro.stat_progress.seconds_left IS 'estimated seconds to the end; NULL while not known';
COMMENT ON COLUMN cerebro.stat_progress.started_at IS 'start of the fit';
COMMENT ON COLUMN cerebro.stat_progress.models_waiting IS 'of a run whose models change: models that have done what they were to do for now, or are paused';
COMMENT ON COLUMN cerebro.stat_progress.models_stopped IS 'of a run whose models change: models that train no more, failed and diverged ones included';
COMMENT ON COLUMN cerebro.stat_progress.rung IS 'of a search: iterations until which the models of the lowest rung that trains go on';
COMMENT ON COLUMN cerebro.stat_progress.bracket IS 'of a search in brackets: the lowest one that trains';
COMMENT ON COLUMN cerebro.stat_progress.best_mst_key IS 'of a run whose models change: the model with the best value so far';
COMMENT ON COLUMN cerebro.stat_progress.best_value IS 'that value: of what the search monitors, or of the first metric or the loss';
GRANT SELECT ON cerebro.stat_progress TO PUBLIC;
-- What a crash has left on disk.

CREATE FUNCTION cerebro._orphan_files(OUT file text, OUT bytes bigint, OUT modified timestamptz) RETURNS SETOF record
    AS $$
        WITH database AS (SELECT d.oid::pg_catalog.text AS oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()),
        outside AS (
            SELECT 'pg_tblspc/' || t.oid::pg_catalog.text || '/' || pg_catalog.pg_ls_dir('pg_tblspc/' || t.oid::pg_catalog.text) AS directory
            FROM pg_catalog.pg_tablespace t WHERE t.spcname NOT IN ('pg_default', 'pg_global')),
        directories AS (
            SELECT 'base/' || d.oid AS directory FROM database d
            UNION ALL SELECT o.directory || '/' || d.oid FROM outside o, database d
            WHERE EXISTS (SELECT 1 FROM pg_catalog.pg_ls_dir(o.directory) entry WHERE entry = d.oid)),
        files AS (SELECT d.directory, pg_catalog.pg_ls_dir(d.directory) AS name FROM directories d),
        orphans AS (
            SELECT f.directory || '/' || f.name AS file, pg_catalog.pg_stat_file(f.directory || '/' || f.name, true) AS stat FROM files f
            WHERE f.name ~ '^[0-9]+(_(fsm|vm|init))?([.][0-9]+)?$' AND pg_catalog.substring(f.name, '^[0-9]+')::pg_catalog.oid NOT IN (
                SELECT pg_catalog.pg_relation_filenode(c.oid) FROM pg_catalog.pg_class c
                WHERE pg_catalog.pg_relation_filenode(c.oid) IS NOT NULL))
        SELECT o.file, (o.stat).size, (o.stat).modification FROM orphans o
        -- a running transaction's own new tables are seen by it alone; the time on disk is in whole seconds
        WHERE (o.stat).modification + '1 s'::pg_catalog.interval <= (SELECT pg_catalog.min(a.xact_start) FROM pg_catalog.pg_stat_activity a)
    $$ LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION cerebro._orphan_files() IS 'internal: orphan_files of this process''s server';
REVOKE ALL ON FUNCTION cerebro._orphan_files() FROM PUBLIC;

CREATE FUNCTION cerebro.orphan_files(OUT segment integer, OUT file text, OUT bytes bigint, OUT modified timestamptz) RETURNS SETOF record
    AS $$ SELECT NULL::pg_catalog.int4, f.file, f.bytes, f.modified FROM cerebro._orphan_files() f ORDER BY 2 $$
    LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION cerebro.orphan_files() IS
    'files of this database that belong to no table: what a crash left of tables whose transaction it cut off; after a CHECKPOINT, for superusers';
REVOKE ALL ON FUNCTION cerebro.orphan_files() FROM PUBLIC;
-- The same of all servers of a cluster: the coordinator is segment -1.
CREATE OR REPLACE FUNCTION cerebro.orphan_files(OUT segment integer, OUT file text, OUT bytes bigint, OUT modified timestamptz) RETURNS SETOF record
    AS $$
        SELECT f.segment, (f.found).file, (f.found).bytes, (f.found).modified
        FROM (SELECT -1 AS segment, cerebro._orphan_files() AS found
              UNION ALL SELECT g.gp_segment_id, cerebro._orphan_files() FROM gp_dist_random('pg_catalog.gp_id') g) f ORDER BY 1, 2
    $$ LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp;
-- What segments run. Internal: called by fit_multiple_model and evaluate; every other use is refused or does nothing.

CREATE TYPE cerebro._round_row AS (next_key integer, model integer, piece integer, keep integer, data bytea, record bytea);
COMMENT ON TYPE cerebro._round_row IS 'internal: a row of a round''s result';

CREATE FUNCTION cerebro._fit_bundle_transition(internal, request bytea, kind integer, a integer, b integer, VARIADIC data "any") RETURNS internal
    AS '$libdir/pg_cerebro', 'pg_cerebro_fit_bundle_transition' LANGUAGE C VOLATILE CALLED ON NULL INPUT;
COMMENT ON FUNCTION cerebro._fit_bundle_transition(internal, bytea, integer, integer, integer, "any") IS 'internal: transition function of _fit_bundle';

CREATE FUNCTION cerebro._fit_bundle_final(internal) RETURNS bigint
    AS '$libdir/pg_cerebro', 'pg_cerebro_fit_bundle_final' LANGUAGE C VOLATILE CALLED ON NULL INPUT;
COMMENT ON FUNCTION cerebro._fit_bundle_final(internal) IS 'internal: final function of _fit_bundle';

CREATE AGGREGATE cerebro._fit_bundle(request bytea, kind integer, a integer, b integer, VARIADIC data "any") (
    SFUNC = cerebro._fit_bundle_transition, STYPE = internal, FINALFUNC = cerebro._fit_bundle_final);
COMMENT ON AGGREGATE cerebro._fit_bundle(bytea, integer, integer, integer, "any") IS
    'internal: trains or scores the models of a segment on its packed rows';

CREATE FUNCTION cerebro._round_rows(round bigint) RETURNS SETOF cerebro._round_row
    AS '$libdir/pg_cerebro', 'pg_cerebro_round_rows' LANGUAGE C VOLATILE STRICT;
COMMENT ON FUNCTION cerebro._round_rows(bigint) IS 'internal: states or sums after a round, in the process that ran it';

CREATE FUNCTION cerebro._stored_state(head bytea, piece bytea) RETURNS bytea
    AS '$libdir/pg_cerebro', 'pg_cerebro_stored_state' LANGUAGE C STABLE STRICT;
COMMENT ON FUNCTION cerebro._stored_state(bytea, bytea) IS 'internal: the first piece of a training state as it is stored, from its head and the first piece of a round''s result';

CREATE FUNCTION cerebro._state_weights_transition(internal, piece bytea) RETURNS internal
    AS '$libdir/pg_cerebro', 'pg_cerebro_state_weights_transition' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT;
COMMENT ON FUNCTION cerebro._state_weights_transition(internal, bytea) IS 'internal: transition function of _state_weights';

CREATE FUNCTION cerebro._state_weights_final(internal) RETURNS bytea
    AS '$libdir/pg_cerebro', 'pg_cerebro_state_weights_final' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT;
COMMENT ON FUNCTION cerebro._state_weights_final(internal) IS 'internal: final function of _state_weights';

CREATE AGGREGATE cerebro._state_weights(piece bytea) (
    SFUNC = cerebro._state_weights_transition, STYPE = internal, FINALFUNC = cerebro._state_weights_final);
COMMENT ON AGGREGATE cerebro._state_weights(bytea) IS 'internal: the weights of a training state, from its pieces in order';

CREATE FUNCTION cerebro._segment_report() RETURNS text
    AS '$libdir/pg_cerebro', 'pg_cerebro_segment_report' LANGUAGE C VOLATILE STRICT;
COMMENT ON FUNCTION cerebro._segment_report() IS 'internal: library, build and memory held by this process, as JSON';
-- Features, computed on the segments where the rows lie.

CREATE FUNCTION cerebro._buffer_features(job bytea, partition_id integer, buffer_id integer, VARIADIC data "any") RETURNS bytea
    AS '$libdir/pg_cerebro', 'pg_cerebro_buffer_features' LANGUAGE C VOLATILE CALLED ON NULL INPUT;
COMMENT ON FUNCTION cerebro._buffer_features(bytea, integer, integer, "any") IS 'internal: features of a packed buffer, encoded';
-- Functions that return rows of tables: the session's own process must run them, wherever in a query they stand. (Others that read tables are for
-- the list of a SELECT without FROM, which runs there anyway; state_tensors reads its argument alone and may run on segments.)
DO $$
DECLARE
    f regprocedure;
BEGIN
    FOR f IN SELECT p.oid FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
             WHERE n.nspname = 'cerebro' AND p.proretset AND p.proname !~ '^_' AND p.proname <> 'state_tensors' LOOP
        EXECUTE 'ALTER FUNCTION ' || f || ' EXECUTE ON INITPLAN';
    END LOOP;
END $$;
-- Registered models are on every segment, where functions over a table's rows look them up.

ALTER TABLE cerebro.registry_names SET DISTRIBUTED REPLICATED;
ALTER TABLE cerebro.registry_models SET DISTRIBUTED REPLICATED;
ALTER TABLE cerebro.registry_versions SET DISTRIBUTED REPLICATED;
ALTER TABLE cerebro.registry_pieces SET DISTRIBUTED REPLICATED;
ALTER TABLE cerebro.registry_shares SET DISTRIBUTED REPLICATED;

CREATE FUNCTION cerebro._system_identifier() RETURNS bigint
    AS '$libdir/pg_cerebro', 'pg_cerebro_system_identifier' LANGUAGE C STABLE STRICT;
COMMENT ON FUNCTION cerebro._system_identifier() IS 'internal: identifier of the server of this process';

CREATE TABLE cerebro.cluster_identifier (identifier bigint NOT NULL) DISTRIBUTED REPLICATED;
COMMENT ON TABLE cerebro.cluster_identifier IS 'internal: identifier of the coordinator, by which segments know whether the id of a role is one of this cluster';
GRANT SELECT ON cerebro.cluster_identifier TO PUBLIC;
DO $$
DECLARE
    identifier bigint := cerebro._system_identifier();
BEGIN
    INSERT INTO cerebro.cluster_identifier VALUES (identifier);
END $$;
