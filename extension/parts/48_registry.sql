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
    AS 'MODULE_PATHNAME', 'pg_cerebro_models_rows' LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED ROWS 10;
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
    AS 'MODULE_PATHNAME', 'pg_cerebro_model_versions_rows' LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED ROWS 10;
COMMENT ON FUNCTION cerebro.model_versions_rows() IS 'versions of registered models that the caller may use; read it through cerebro.model_versions';

CREATE VIEW cerebro.model_versions AS SELECT * FROM cerebro.model_versions_rows();
COMMENT ON VIEW cerebro.model_versions IS 'one row for each version of the registered models in cerebro.models';
GRANT SELECT ON cerebro.model_versions TO PUBLIC;

CREATE FUNCTION cerebro.register(name text, model_table text, mst_key bigint DEFAULT NULL, note text DEFAULT NULL) RETURNS integer
    AS 'MODULE_PATHNAME', 'pg_cerebro_register' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.register(text, text, bigint, text) IS
    'keeps a model of a run under a name, independent of the run''s tables, and returns the version; the first version is deployed';

CREATE FUNCTION cerebro.deploy(name text, version bigint) RETURNS integer
    AS 'MODULE_PATHNAME', 'pg_cerebro_deploy' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.deploy(text, bigint) IS 'makes a version what the model''s name means, and returns the version that was it before';

CREATE FUNCTION cerebro.rollback(name text) RETURNS integer
    AS 'MODULE_PATHNAME', 'pg_cerebro_rollback' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.rollback(text) IS 'deploys the version again that was deployed before the present one, and returns it';

CREATE FUNCTION cerebro.promote_if_better(name text, test_table text, version bigint DEFAULT NULL, metric text DEFAULT NULL,
        OUT promoted boolean, OUT measured text, OUT candidate_version integer, OUT candidate double precision,
        OUT deployed_version integer, OUT deployed double precision, OUT tested_rows bigint) RETURNS record
    AS 'MODULE_PATHNAME', 'pg_cerebro_promote_if_better' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.promote_if_better(text, text, bigint, text) IS
    'scores a version, by default the latest, and the deployed one on a table with labels, and deploys the first if it is better';

CREATE FUNCTION cerebro.drop_model(name text, version bigint DEFAULT NULL) RETURNS void
    AS 'MODULE_PATHNAME', 'pg_cerebro_drop_model' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.drop_model(text, bigint) IS 'drops a registered model, or one version that is not deployed';

CREATE FUNCTION cerebro.rename_model(name text, new_name text) RETURNS void
    AS 'MODULE_PATHNAME', 'pg_cerebro_rename_model' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.rename_model(text, text) IS 'renames a registered model; its versions keep their numbers';

CREATE FUNCTION cerebro.comment_on_model(name text, note text, version bigint DEFAULT NULL) RETURNS void
    AS 'MODULE_PATHNAME', 'pg_cerebro_comment_on_model' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.comment_on_model(text, text, bigint) IS 'writes what is to be known of a registered model or of a version; NULL removes it';

CREATE FUNCTION cerebro.give_model(name text, role text) RETURNS void
    AS 'MODULE_PATHNAME', 'pg_cerebro_give_model' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.give_model(text, text) IS 'makes another role the owner of a registered model';

CREATE FUNCTION cerebro.share(name text, role text) RETURNS void
    AS 'MODULE_PATHNAME', 'pg_cerebro_share' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.share(text, text) IS 'lets a role, or all by ''public'', predict with a registered model';

CREATE FUNCTION cerebro.unshare(name text, role text) RETURNS void
    AS 'MODULE_PATHNAME', 'pg_cerebro_unshare' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.unshare(text, text) IS 'takes back what cerebro.share gave';

-- Predictions of one row. The arguments behind the model are one row, matched by the names of its columns, or the values of the columns in their order.
-- With five arguments or more that are all text, cerebro.predict(text, text, text, text, text, ...) comes first: ROW(...) makes the row explicit.
-- The second argument is of any type, so a call never has two candidates of equal rank: the exact types of the others come before "any".

CREATE FUNCTION cerebro.predict(model text, VARIADIC row_or_columns "any") RETURNS text
    AS 'MODULE_PATHNAME', 'pg_cerebro_predict_row' LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION cerebro.predict(text, "any") IS 'what a model says of one row: the label, or the number of a regression, as text';

CREATE FUNCTION cerebro.predict_number(model text, VARIADIC row_or_columns "any") RETURNS double precision
    AS 'MODULE_PATHNAME', 'pg_cerebro_predict_number' LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION cerebro.predict_number(text, "any") IS 'the number that a regression says of one row';

CREATE FUNCTION cerebro.predict_proba(model text, VARIADIC row_or_columns "any") RETURNS jsonb
    AS 'MODULE_PATHNAME', 'pg_cerebro_predict_proba' LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION cerebro.predict_proba(text, "any") IS 'the probability of each class for one row';

CREATE FUNCTION cerebro.predict_vector(model text, VARIADIC row_or_columns "any") RETURNS real[]
    AS 'MODULE_PATHNAME', 'pg_cerebro_predict_vector' LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION cerebro.predict_vector(text, "any") IS 'all numbers that a model gives for one row, in the order of its outputs and classes';

-- The same of a version that is named, which says the same of a row for ever: for generated columns and indexes.

CREATE FUNCTION cerebro.predict_pinned(model_version text, VARIADIC columns "any") RETURNS text
    AS 'MODULE_PATHNAME', 'pg_cerebro_predict_row_pinned' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION cerebro.predict_pinned(text, "any") IS 'as cerebro.predict, of a model that is named with its version: ''name@3''';

CREATE FUNCTION cerebro.predict_number_pinned(model_version text, VARIADIC columns "any") RETURNS double precision
    AS 'MODULE_PATHNAME', 'pg_cerebro_predict_number_pinned' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION cerebro.predict_number_pinned(text, "any") IS 'as cerebro.predict_number, of a model that is named with its version: ''name@3''';

CREATE FUNCTION cerebro.predict_vector_pinned(model_version text, VARIADIC columns "any") RETURNS real[]
    AS 'MODULE_PATHNAME', 'pg_cerebro_predict_vector_pinned' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION cerebro.predict_vector_pinned(text, "any") IS 'as cerebro.predict_vector, of a model that is named with its version: ''name@3''';

-- The same of a model as one value: the registry is read once, wherever the rows lie.

CREATE FUNCTION cerebro.model_bytes(model text) RETURNS bytea
    AS 'MODULE_PATHNAME', 'pg_cerebro_model_bytes' LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION cerebro.model_bytes(text) IS 'a registered model as one value, for cerebro.predict on the segments of a cluster';

CREATE FUNCTION cerebro.predict(model bytea, VARIADIC row_or_columns "any") RETURNS text
    AS 'MODULE_PATHNAME', 'pg_cerebro_predict_row' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION cerebro.predict(bytea, "any") IS 'as cerebro.predict, of the value that cerebro.model_bytes gives';

CREATE FUNCTION cerebro.predict_number(model bytea, VARIADIC row_or_columns "any") RETURNS double precision
    AS 'MODULE_PATHNAME', 'pg_cerebro_predict_number' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION cerebro.predict_number(bytea, "any") IS 'as cerebro.predict_number, of the value that cerebro.model_bytes gives';

CREATE FUNCTION cerebro.predict_proba(model bytea, VARIADIC row_or_columns "any") RETURNS jsonb
    AS 'MODULE_PATHNAME', 'pg_cerebro_predict_proba' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION cerebro.predict_proba(bytea, "any") IS 'as cerebro.predict_proba, of the value that cerebro.model_bytes gives';

CREATE FUNCTION cerebro.predict_vector(model bytea, VARIADIC row_or_columns "any") RETURNS real[]
    AS 'MODULE_PATHNAME', 'pg_cerebro_predict_vector' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION cerebro.predict_vector(bytea, "any") IS 'as cerebro.predict_vector, of the value that cerebro.model_bytes gives';

CREATE FUNCTION cerebro.predict_table(model text, query text) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'pg_cerebro_predict_table' LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED ROWS 10000 COST 100000;
COMMENT ON FUNCTION cerebro.predict_table(text, text) IS
    'scores the rows of a query, or of a table, in batches; the column definition list says what is wanted: columns of the query, prediction, probability, probabilities, vector';
