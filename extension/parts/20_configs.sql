-- What a user declares before training: architectures and configurations.
-- Functions that take names of tables see the caller's search_path, as the caller means them; what they run inside is qualified.

CREATE FUNCTION cerebro.load_model(model_arch_table text, model_arch json, model_weights bytea DEFAULT NULL, name text DEFAULT NULL,
        description text DEFAULT NULL) RETURNS integer
    AS 'MODULE_PATHNAME', 'pg_cerebro_load_model' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.load_model(text, json, bytea, text, text) IS
    'checks a Keras architecture (to_json()) and its weights, adds them to an architecture table and returns the model_id';

CREATE FUNCTION cerebro.delete_model(model_arch_table text, model_id bigint) RETURNS void
    AS 'MODULE_PATHNAME', 'pg_cerebro_delete_model' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.delete_model(text, bigint) IS
    'deletes an architecture; the table goes with its last one';

CREATE FUNCTION cerebro.load_model_selection_table(model_arch_table text, model_selection_table text, model_id_list integer[],
        compile_params_list varchar[], fit_params_list varchar[]) RETURNS void
    AS 'MODULE_PATHNAME', 'pg_cerebro_load_model_selection_table' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.load_model_selection_table(text, text, integer[], varchar[], varchar[]) IS
    'makes a model selection table of every combination of architectures, compile parameters and fit parameters';

CREATE FUNCTION cerebro.generate_model_configs(model_arch_table text, model_selection_table text, model_id_list integer[],
        compile_params_grid text, fit_params_grid text, search_type text DEFAULT 'grid', num_configs bigint DEFAULT NULL,
        random_state bigint DEFAULT NULL) RETURNS void
    AS 'MODULE_PATHNAME', 'pg_cerebro_generate_model_configs' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.generate_model_configs(text, text, integer[], text, text, text, bigint, bigint) IS
    'makes a model selection table, or appends to it, by grid or random search';

CREATE FUNCTION cerebro.freeze_variants(model_arch_table text, model_id integer, layers text[], head json DEFAULT NULL,
        hidden integer[] DEFAULT NULL, classes integer DEFAULT NULL, head_on text DEFAULT NULL, "truncate" boolean DEFAULT false,
        OUT new_model_id integer, OUT name text, OUT description text) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'pg_cerebro_freeze_variants' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.freeze_variants(text, integer, text[], json, integer[], integer, text, boolean) IS
    'adds variants of an architecture that are frozen up to the named layers, with its own head or a new one';

CREATE FUNCTION cerebro.adapter_variants(model_arch_table text, model_id integer, layers text[], sizes integer[] DEFAULT '{16}',
        head json DEFAULT NULL, hidden integer[] DEFAULT NULL, classes integer DEFAULT NULL, head_on text DEFAULT NULL,
        OUT new_model_id integer, OUT name text, OUT description text) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'pg_cerebro_adapter_variants' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.adapter_variants(text, integer, text[], integer[], json, integer[], integer, text) IS
    'adds variants of a frozen architecture with small trained adapters behind the named layers, one a size';
