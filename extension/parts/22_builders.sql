-- Architectures made from a packed table, and what is shown of a stored one.
-- Arguments of type "any" take one value or several alternatives: numbers, words, SQL arrays and JSON.

CREATE FUNCTION cerebro.mlp(model_arch_table text, source_table text, hidden "any" DEFAULT '{64,32}'::text, dropout "any" DEFAULT '0'::text,
        batch_norm "any" DEFAULT 'false'::text, activation "any" DEFAULT 'relu'::text, l2 "any" DEFAULT '0'::text,
        embedding_dim "any" DEFAULT NULL::text, output_activation "any" DEFAULT NULL::text, name text DEFAULT NULL) RETURNS integer[]
    AS 'MODULE_PATHNAME', 'pg_cerebro_mlp' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.mlp(text, text, "any", "any", "any", "any", "any", "any", "any", text) IS
    'adds multilayer perceptrons for a packed table to an architecture table and returns their model_ids';

CREATE FUNCTION cerebro.cnn(model_arch_table text, source_table text, filters "any" DEFAULT '{32,64}'::text, hidden "any" DEFAULT '{64}'::text,
        kernel_size "any" DEFAULT '3'::text, convolutions "any" DEFAULT '1'::text, pooling "any" DEFAULT 'max'::text,
        global_pooling "any" DEFAULT 'false'::text, dropout "any" DEFAULT '0'::text, batch_norm "any" DEFAULT 'false'::text,
        activation "any" DEFAULT 'relu'::text, l2 "any" DEFAULT '0'::text, embedding_dim "any" DEFAULT NULL::text,
        image_shape "any" DEFAULT NULL::text, output_activation "any" DEFAULT NULL::text, name text DEFAULT NULL) RETURNS integer[]
    AS 'MODULE_PATHNAME', 'pg_cerebro_cnn' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.cnn(text, text, "any", "any", "any", "any", "any", "any", "any", "any", "any", "any", "any", "any", "any", text) IS
    'adds convolutional networks for a packed table with images to an architecture table and returns their model_ids';

CREATE FUNCTION cerebro.rnn(model_arch_table text, source_table text, units "any" DEFAULT '{64}'::text, hidden "any" DEFAULT '{}'::text,
        cell "any" DEFAULT 'lstm'::text, bidirectional "any" DEFAULT 'false'::text, dropout "any" DEFAULT '0'::text,
        activation "any" DEFAULT 'relu'::text, l2 "any" DEFAULT '0'::text, embedding_dim "any" DEFAULT NULL::text,
        vocabulary_size bigint DEFAULT NULL, sequence_shape "any" DEFAULT NULL::text, output_activation "any" DEFAULT NULL::text,
        name text DEFAULT NULL) RETURNS integer[]
    AS 'MODULE_PATHNAME', 'pg_cerebro_rnn' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.rnn(text, text, "any", "any", "any", "any", "any", "any", "any", "any", bigint, "any", "any", text) IS
    'adds recurrent networks for a packed table with sequences to an architecture table and returns their model_ids';

CREATE FUNCTION cerebro.wide_deep(model_arch_table text, source_table text, hidden "any" DEFAULT '{64,32}'::text,
        dropout "any" DEFAULT '0'::text, batch_norm "any" DEFAULT 'false'::text, activation "any" DEFAULT 'relu'::text,
        l2 "any" DEFAULT '0'::text, embedding_dim "any" DEFAULT NULL::text, wide_columns text DEFAULT NULL,
        output_activation "any" DEFAULT NULL::text, name text DEFAULT NULL) RETURNS integer[]
    AS 'MODULE_PATHNAME', 'pg_cerebro_wide_deep' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.wide_deep(text, text, "any", "any", "any", "any", "any", "any", text, "any", text) IS
    'adds wide and deep models for a packed table to an architecture table and returns their model_ids';

CREATE FUNCTION cerebro.summary(model_arch_table text, model_id bigint, source_table text DEFAULT NULL) RETURNS SETOF text
    AS 'MODULE_PATHNAME', 'pg_cerebro_summary' LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED;
COMMENT ON FUNCTION cerebro.summary(text, bigint, text) IS
    'layers, output shapes, weights and FLOPs of an architecture, as Keras''s model.summary() prints them';

CREATE FUNCTION cerebro.to_keras_json(model_arch_table text, model_id bigint, source_table text DEFAULT NULL) RETURNS json
    AS 'MODULE_PATHNAME', 'pg_cerebro_to_keras_json' LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED;
COMMENT ON FUNCTION cerebro.to_keras_json(text, bigint, text) IS
    'an architecture as Keras 2 writes it: for model_from_json and load_model';

CREATE FUNCTION cerebro.default_compile_params(source_table text, output_activation "any" DEFAULT NULL::text) RETURNS text
    AS 'MODULE_PATHNAME', 'pg_cerebro_default_compile_params' LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED;
COMMENT ON FUNCTION cerebro.default_compile_params(text, "any") IS
    'compile_params with the loss and the metrics that fit the dependent columns of a packed table';

CREATE FUNCTION cerebro.default_compile_grid(source_table text, learning_rates "any" DEFAULT '{0.001,0.003,0.01}'::text,
        output_activation "any" DEFAULT NULL::text) RETURNS text
    AS 'MODULE_PATHNAME', 'pg_cerebro_default_compile_grid' LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED;
COMMENT ON FUNCTION cerebro.default_compile_grid(text, "any", "any") IS
    'a compile_params_grid with the loss and the metrics that fit, and these learning rates of Adam';
