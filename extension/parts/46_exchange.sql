-- Weights and models as files of other programs, in a bytea or in a large object. No file of the server is touched.

CREATE FUNCTION cerebro.import_weights(model_arch_table text, model_id integer, data bytea, format text DEFAULT NULL,
        naming text DEFAULT 'keras', names json DEFAULT NULL) RETURNS void
    AS 'MODULE_PATHNAME', 'pg_cerebro_import_weights' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.import_weights(text, integer, bytea, text, text, json) IS
    'overwrites the weights of an architecture by those of a file';

CREATE FUNCTION cerebro.import_weights(model_arch_table text, model_id integer, data oid, format text DEFAULT NULL,
        naming text DEFAULT 'keras', names json DEFAULT NULL) RETURNS void
    AS 'MODULE_PATHNAME', 'pg_cerebro_import_weights_lo' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.import_weights(text, integer, oid, text, text, json) IS
    'overwrites the weights of an architecture by those of a file in a large object';

CREATE FUNCTION cerebro.import_model(model_arch_table text, data bytea, format text DEFAULT NULL, name text DEFAULT NULL,
        description text DEFAULT NULL) RETURNS integer
    AS 'MODULE_PATHNAME', 'pg_cerebro_import_model' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.import_model(text, bytea, text, text, text) IS
    'adds the architecture and the weights of a file to an architecture table and returns the model_id';

CREATE FUNCTION cerebro.import_model(model_arch_table text, data oid, format text DEFAULT NULL, name text DEFAULT NULL,
        description text DEFAULT NULL) RETURNS integer
    AS 'MODULE_PATHNAME', 'pg_cerebro_import_model_lo' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.import_model(text, oid, text, text, text) IS
    'the same of a file in a large object';

CREATE FUNCTION cerebro.export_model(model_table text, mst_key integer DEFAULT NULL, format text DEFAULT 'safetensors',
        naming text DEFAULT 'keras', model_id integer DEFAULT NULL) RETURNS bytea
    AS 'MODULE_PATHNAME', 'pg_cerebro_export_model' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.export_model(text, integer, text, text, integer) IS
    'a trained model, or an architecture with weights, as a file of another program';

CREATE FUNCTION cerebro.export_model_lo(model_table text, mst_key integer DEFAULT NULL, format text DEFAULT 'safetensors',
        naming text DEFAULT 'keras', model_id integer DEFAULT NULL) RETURNS oid
    AS 'MODULE_PATHNAME', 'pg_cerebro_export_model_lo' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.export_model_lo(text, integer, text, text, integer) IS
    'the same in a new large object, whose oid is returned';
