-- Stored features among roles that do not trust each other: whoever lists, drops or trains runs nobody else's code and drops nobody else's tables.
SET client_min_messages = warning;
CREATE ROLE features_mallory;
CREATE ROLE features_analyst;
CREATE SCHEMA features_security;
GRANT USAGE ON SCHEMA features_security TO PUBLIC;
CREATE SCHEMA features_malice AUTHORIZATION features_mallory;
SET search_path = features_security, public;
-- the columns of a list
CREATE TYPE list AS (digest text, source_table text, source_digest text, extents bigint[], source_checksum text, feature_table text,
    feature_checksum text, layer text, model text, shape bigint[], encoding text, feature_precision text, bytes bigint, rows bigint,
    seconds double precision, made_at timestamptz, last_use timestamptz);
GRANT USAGE ON TYPE list TO PUBLIC;
CREATE FUNCTION list_row(source_table text, feature_table text) RETURNS list LANGUAGE sql AS $$
    SELECT ROW('0123456789abcdef0123456789abcdef', $1, repeat('0', 32), '{1}', repeat('0', 32), $2, repeat('0', 32), 'a', 'm', '{4}', 'float32', 'float32', 1, 1,
        1, now(), now())::features_security.list $$;

-- tables of nobody's choice, which whoever lists features would read: a view for a summary, a set that is a view, a column with a cast of its own
SET ROLE features_mallory;
SET search_path = features_malice, features_security;
CREATE SEQUENCE caught;
GRANT ALL ON SEQUENCE caught TO PUBLIC;
CREATE FUNCTION evil() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    IF current_user <> 'features_mallory' THEN
        PERFORM nextval('features_malice.caught');
        RAISE WARNING 'code of features_mallory runs as another role';
    END IF;
    RETURN '{}';
END $$;
CREATE TABLE t (x bytea, partition_id integer, buffer_id integer);
CREATE VIEW t_summary AS SELECT 1 AS format_version, evil() AS data_spec, '{1}'::integer[] AS partition_rows, '{1}'::integer[] AS partition_buffers,
    1 AS max_buffer_rows, 's'::text AS source_table, repeat('0', 32) AS digest, 1 AS num_partitions, 1 AS rows;
CREATE TABLE z_features (LIKE features_security.list);
CREATE TABLE z_features_0123456789ab (partition_id integer, buffer_id integer, features bytea);
INSERT INTO z_features SELECT (list_row('features_malice.t', 'features_malice.z_features_0123456789ab')).*;
INSERT INTO z_features SELECT (list_row('features_malice.t', 'pg_catalog.pg_class')).*;
CREATE TYPE extent AS ENUM ('{1}');
CREATE FUNCTION evil_cast(extent) RETURNS text LANGUAGE sql AS $$ SELECT features_malice.evil() $$;
CREATE CAST (extent AS text) WITH FUNCTION evil_cast(extent);
CREATE TABLE y_features (LIKE features_security.list);
ALTER TABLE y_features DROP COLUMN extents;
ALTER TABLE y_features ADD COLUMN extents extent;
INSERT INTO y_features (digest, extents) VALUES ('0123456789abcdef0123456789abcdef', '{1}');
CREATE VIEW x_features_0123456789ab AS SELECT evil()::integer AS partition_id, 0 AS buffer_id, ''::bytea AS features, '(0,1)'::tid AS ctid, '1'::text AS xmin;
CREATE TABLE x_features (LIKE features_security.list);
INSERT INTO x_features SELECT (list_row('features_malice.t', 'features_malice.x_features_0123456789ab')).*;
GRANT USAGE ON SCHEMA features_malice TO PUBLIC;
GRANT SELECT ON ALL TABLES IN SCHEMA features_malice TO PUBLIC;
RESET ROLE;
SET search_path = features_security, public;
SELECT source_table, feature_table, state, owner FROM cerebro.materialized_features WHERE source_table LIKE 'features_malice.%' ORDER BY 2;
SELECT count(*) FROM cerebro.doctor() WHERE "check" = 'stale features';
SELECT is_called AS caught FROM features_malice.caught;

-- what a list names is dropped where it is a set of this list only
CREATE TABLE payroll AS SELECT 1 AS salary;
CREATE TABLE packed_features (LIKE list);
CREATE TABLE packed_features_0123456789ab AS SELECT 2 AS salary;
GRANT SELECT, INSERT ON packed_features TO features_mallory;
SET ROLE features_mallory;
INSERT INTO features_security.packed_features SELECT (features_security.list_row('features_security.packed', 'features_security.payroll')).*;
INSERT INTO features_security.packed_features
SELECT (features_security.list_row('features_security.packed', 'features_security.packed_features_0123456789ab')).*;
INSERT INTO features_malice.z_features SELECT (features_security.list_row('features_malice.t', 'features_security.payroll')).*;
RESET ROLE;
SET client_min_messages = notice;
SELECT cerebro.drop_features('packed');
SELECT cerebro.drop_features('features_malice.t') IS NULL;
SELECT cerebro.drop_features('features_malice.z');
SELECT cerebro.drop_features('features_malice.x');
SET client_min_messages = warning;
SELECT p.salary, q.salary AS other FROM payroll p, packed_features_0123456789ab q;
DROP TABLE packed_features_0123456789ab;
SELECT is_called AS caught FROM features_malice.caught;

-- a run neither reads nor writes a list that others can have made
CREATE TABLE points AS
SELECT i AS id, (i % 3)::int AS label, ARRAY(SELECT ((i * 7919 + c * 1299709) % 97 + CASE WHEN c % 3 = i % 3 THEN 40 ELSE 0 END)::int FROM generate_series(0, 199) c) AS x
FROM generate_series(1, 480) i;
SELECT cerebro.training_preprocessor_dl('points', 'packed', 'label', 'x', normalizing_const => 140, num_partitions => 4, seed => 3, buffer_size => 50);
CREATE FUNCTION arch(trained boolean) RETURNS json LANGUAGE sql AS $$
SELECT replace('{"class_name": "Sequential", "keras_version": "2.4.0", "config": [
 {"class_name": "Reshape", "config": {"name": "image", "target_shape": [10, 10, 2], "batch_input_shape": [null, 200]}},
 {"class_name": "Conv2D", "config": {"name": "a", "filters": 24, "kernel_size": [3, 3], "padding": "same", "activation": "relu", "trainable": T}},
 {"class_name": "Conv2D", "config": {"name": "b", "filters": 32, "kernel_size": [3, 3], "activation": "relu", "trainable": T}},
 {"class_name": "MaxPooling2D", "config": {"name": "pool", "pool_size": [2, 2]}},
 {"class_name": "Flatten", "config": {"name": "flat"}},
 {"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax"}}]}', 'T', CASE WHEN trained THEN 'true' ELSE 'false' END)::json $$;
SELECT cerebro.load_model('first', arch(true));
SELECT cerebro.load_model_selection_table('first', 'first_configs', ARRAY[1], ARRAY[$$optimizer='Adam(lr=0.001)',loss='categorical_crossentropy'$$], ARRAY['batch_size=32']);
SET client_min_messages = error;
SELECT cerebro.fit_multiple_model('packed', 'pretrained', 'first_configs', 1, seed => 5, workers => 0);
SELECT cerebro.load_model('archs', arch(false), (SELECT model_weights FROM pretrained));
SELECT cerebro.load_model_selection_table('archs', 'configs', ARRAY[1],
    ARRAY[$$optimizer='Adam(lr=0.003)',loss='categorical_crossentropy'$$, $$optimizer='SGD(lr=0.05)',loss='categorical_crossentropy'$$], ARRAY['batch_size=32']);
SET cerebro.enable_feature_sharing = off;
CREATE FUNCTION train(packed text, name text) RETURNS TABLE(layer text, use text) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM cerebro.fit_multiple_model(packed, name, 'features_security.configs', 20, seed => 7, workers => 0);
    RETURN QUERY EXECUTE 'SELECT e->>''layer'', e->>''use'' FROM ' || name || '_summary, json_array_elements(frozen_layers) e';
END $$;
GRANT CREATE ON SCHEMA features_security TO features_mallory;
SET ROLE features_mallory;
SET search_path = features_security, features_malice;
CREATE TABLE packed_features (LIKE features_security.list);
CREATE FUNCTION features_malice.set_off() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM features_malice.evil(); RETURN NEW; END $$;
CREATE TRIGGER set_off BEFORE INSERT ON packed_features FOR EACH ROW EXECUTE PROCEDURE features_malice.set_off();
GRANT SELECT, INSERT ON packed_features TO PUBLIC;
RESET ROLE;
SET search_path = features_security, public;
SELECT * FROM train('packed', 'beside_others');
SELECT count(*) AS rows FROM packed_features;
-- the same list of the caller's own, with something that an INSERT sets off
DO $$ BEGIN EXECUTE 'ALTER TABLE packed_features OWNER TO ' || quote_ident(current_user::text); END $$;
SELECT * FROM train('packed', 'with_trigger');
DROP TRIGGER set_off ON packed_features;
ALTER TABLE packed_features ALTER layer SET DEFAULT features_malice.evil();
SELECT * FROM train('packed', 'with_default');
SELECT is_called AS caught FROM features_malice.caught;
DROP TABLE packed_features;
SELECT * FROM train('packed', 'stored');
SELECT source_table, state FROM cerebro.materialized_features WHERE source_table LIKE 'features_security.%';

-- another role uses the sets, and lists them with what may be known without opening tables of roles that it does not trust
GRANT SELECT ON ALL TABLES IN SCHEMA features_security TO features_analyst;
GRANT INSERT ON packed_features TO features_analyst;
GRANT CREATE ON SCHEMA features_security TO features_analyst;
SET ROLE features_analyst;
SELECT source_table, state FROM cerebro.materialized_features ORDER BY 1;
SELECT * FROM train('packed', 'of_analyst');
-- a view of packed rows has no ctid and no xmin
CREATE VIEW viewed AS SELECT * FROM packed;
CREATE VIEW viewed_summary AS SELECT * FROM packed_summary;
SELECT * FROM train('viewed', 'of_view');
RESET ROLE;
-- rows were appended: the owner's set is not the analyst's to extend, who makes another one
CREATE TABLE more AS SELECT id + 1000 AS id, label, x FROM points WHERE id <= 24;
SELECT cerebro.append_rows('packed', 'more');
SET ROLE features_analyst;
SELECT * FROM train('packed', 'of_analyst_longer');
RESET ROLE;
SELECT count(*) AS sets FROM pg_tables WHERE schemaname = 'features_security' AND tablename ~ '^packed_features_[0-9a-f]{12}(_2)?$';

-- one table that cannot be read makes no other's line go
CREATE TABLE other AS SELECT * FROM packed;
CREATE TABLE other_summary AS SELECT 1 AS format_version;
CREATE TABLE other_features (LIKE list);
CREATE TABLE other_features_0123456789ab AS SELECT 0 AS partition_id;
INSERT INTO other_features SELECT (list_row('features_security.other', 'features_security.other_features_0123456789ab')).*;
INSERT INTO other_features SELECT 'fedcba9876543210fedcba9876543210', 'a.b.c.d', source_digest, extents, source_checksum, 'features_security.other_features_fedcba987654',
    feature_checksum, layer, model, shape, encoding, feature_precision, bytes, rows, seconds, made_at, last_use FROM other_features;
CREATE TABLE other_features_fedcba987654 AS SELECT 0 AS partition_id;
SELECT source_table, state FROM cerebro.materialized_features WHERE source_table NOT LIKE 'features_malice.%' ORDER BY 1;
DROP SCHEMA features_malice CASCADE;
DROP SCHEMA features_security CASCADE;
DROP OWNED BY features_mallory;
DROP OWNED BY features_analyst;
DROP ROLE features_mallory;
DROP ROLE features_analyst;
