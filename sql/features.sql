-- Stored features: made once, used again, listed, extended, replaced when they are out of date, dropped. What a layer makes of rows, for SQL.
SET client_min_messages = warning;
CREATE SCHEMA features_case;
SET search_path = features_case, public;

\set data `echo "$CEREBRO_TEST_DATA"`
\i :data/attempt.sql

CREATE TABLE points AS
SELECT i AS id, (i % 3)::int AS label, ARRAY(SELECT ((i * 7919 + c * 1299709) % 97 + CASE WHEN c % 3 = i % 3 THEN 40 ELSE 0 END)::int FROM generate_series(0, 199) c) AS x
FROM generate_series(1, 480) i;
CREATE TABLE more AS SELECT id + 1000 AS id, label, x FROM points WHERE id <= 24;
SELECT cerebro.training_preprocessor_dl('points', 'packed', 'label', 'x', normalizing_const => 140, num_partitions => 4, seed => 3, buffer_size => 50);
-- a convolutional trunk and a head
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

-- every run stores what it can
SET cerebro.enable_feature_sharing = off;
CREATE FUNCTION weights_of(models regclass) RETURNS text LANGUAGE plpgsql AS $$
DECLARE f text;
BEGIN
    EXECUTE format('SELECT md5(string_agg(md5(model_weights), '','' ORDER BY mst_key)) FROM %s', models) INTO f;
    RETURN f;
END $$;
CREATE FUNCTION train(name text, workers integer DEFAULT 0) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM cerebro.fit_multiple_model('packed', name, 'configs', 20, seed => 7, workers => train.workers);
    RETURN weights_of(name::regclass);
END $$;
CREATE FUNCTION plain(name text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('cerebro.enable_feature_materialization', 'off', true);
    RETURN train(name);
END $$;
CREATE VIEW sets AS SELECT regexp_replace(source_table, '^.*\.', '') AS source_table, layer, model, shape, encoding, bytes > 0 AS bytes, rows, state,
    substr(feature_table, 1, 30) AS feature_table, length(digest) AS digest, owner = current_user AS own, seconds > 0 AS seconds, made_at <= last_use AS in_order
    FROM cerebro.materialized_features WHERE feature_table LIKE 'features_case.%';
\x on
SELECT * FROM sets;
SELECT train('stored') = plain('unstored') AS same_weights;
SELECT * FROM sets;
-- the summary says what was read, and what was done about each layer
SELECT feature_precision, e->>'layer' AS layer, e->>'use' AS use, e->>'models' AS models, length(e->>'digest') AS digest
FROM stored_summary, json_array_elements(frozen_layers) e;
SELECT feature_precision, e->>'layer' AS layer, e->>'use' AS use, e->>'models' AS models FROM unstored_summary, json_array_elements(frozen_layers) e;
SELECT feature_precision, frozen_layers FROM pretrained_summary;
-- the second run finds them
CREATE TABLE made AS SELECT digest, made_at, last_use FROM cerebro.materialized_features WHERE source_table = 'features_case.packed';
SELECT train('again') = weights_of('stored') AS same_weights;
SELECT count(*) AS sets, bool_and(f.made_at = m.made_at) AS same_ones, bool_and(f.last_use > m.last_use) AS used FROM cerebro.materialized_features f JOIN made m USING (digest);

-- rows that are appended cost only their own: the old ones stay where they are
SELECT cerebro.append_rows('packed', 'more');
SELECT state, rows FROM sets;
CREATE FUNCTION set_name() RETURNS text LANGUAGE sql AS $$ SELECT feature_table FROM cerebro.materialized_features WHERE source_table = 'features_case.packed' $$;
CREATE FUNCTION keep_contents(name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'CREATE TABLE ' || name || ' AS SELECT partition_id, buffer_id, ctid::text AS tuple, md5(features) AS hash FROM ' || set_name();
END $$;
SELECT keep_contents('before');
SELECT train('longer') = plain('longer_plain') AS same_weights;
SELECT state, rows FROM sets;
SELECT keep_contents('after');
SELECT count(*) > count(b.hash) AS more, count(b.hash) = (SELECT count(*) FROM before) AS all_old, bool_and(b.hash IS NULL OR (c.hash = b.hash AND c.tuple = b.tuple)) AS unchanged
FROM after c LEFT JOIN before b USING (partition_id, buffer_id);

-- out of date: not used, replaced (test/features/sessions: a NOTICE says why)
UPDATE packed SET x = x WHERE partition_id = 1 AND buffer_id = 0;
SELECT state FROM sets;
SELECT train('replaced') = weights_of('longer') AS same_weights;
SELECT state FROM sets;
DO $$ BEGIN EXECUTE 'DELETE FROM ' || set_name() || ' WHERE buffer_id = 0'; END $$;
SELECT state LIKE 'stale: rows of their table features_case.packed_features_% were changed or rewritten' AS stale FROM sets;
SELECT train('again_replaced') = weights_of('longer') AS same_weights;
SELECT state FROM sets;
-- with workers
SELECT cerebro.drop_features('packed');
SELECT train('by_workers', 2) = weights_of('longer') AS same_weights;
SELECT count(*) FROM sets;

-- shorter types: another set, and other weights
SET cerebro.feature_precision = 'bfloat16';
SELECT train('brain') = weights_of('longer') AS same_weights;
SELECT encoding, state FROM sets;
SET cerebro.feature_precision = 'uint8';
SELECT train('bytes') = weights_of('longer') AS same_weights;
SELECT encoding, state FROM sets;
SELECT feature_precision FROM bytes_summary;
RESET cerebro.feature_precision;
SELECT train('exact') = weights_of('longer') AS same_weights;
SELECT encoding, state FROM sets;

-- another trunk has a set of its own; where there is room for one only, the one that was used longest ago goes
SELECT cerebro.load_model('first2', arch(true));
SELECT cerebro.load_model_selection_table('first2', 'first2_configs', ARRAY[1], ARRAY[$$optimizer='Adam(lr=0.002)',loss='categorical_crossentropy'$$], ARRAY['batch_size=32']);
SELECT cerebro.fit_multiple_model('packed', 'pretrained2', 'first2_configs', 1, seed => 6, workers => 0);
SELECT cerebro.load_model('archs2', arch(false), (SELECT model_weights FROM pretrained2));
CREATE TABLE configs1 AS SELECT * FROM configs;
CREATE TABLE configs1_summary AS SELECT * FROM configs_summary;
DROP TABLE configs, configs_summary;
SELECT cerebro.load_model_selection_table('archs2', 'configs', ARRAY[1],
    ARRAY[$$optimizer='Adam(lr=0.003)',loss='categorical_crossentropy'$$, $$optimizer='SGD(lr=0.05)',loss='categorical_crossentropy'$$], ARRAY['batch_size=32']);
CREATE TABLE older AS SELECT digest FROM cerebro.materialized_features WHERE source_table = 'features_case.packed';
SELECT length(train('other_trunk'));
SELECT count(*) AS sets, count(o.digest) AS old FROM cerebro.materialized_features f LEFT JOIN older o USING (digest) WHERE source_table = 'features_case.packed';
DO $$
DECLARE added text;
BEGIN
    FOR added IN SELECT digest FROM cerebro.materialized_features LEFT JOIN older o USING (digest) WHERE source_table = 'features_case.packed' AND o.digest IS NULL LOOP
        PERFORM cerebro.drop_features('packed', added);
    END LOOP;
END $$;
CREATE TABLE room AS SELECT sum(bytes) * 3 / 2 / 1024 AS kb FROM cerebro.materialized_features WHERE source_table = 'features_case.packed';
SELECT round(kb) AS room_kb FROM room \gset
SET cerebro.materialize_disk = :room_kb;
SELECT length(train('other_trunk_again'));
SELECT count(*) AS sets, count(o.digest) AS old, sum(bytes) <= max(kb) * 1024 AS within_the_limit
FROM cerebro.materialized_features f LEFT JOIN older o USING (digest) CROSS JOIN room WHERE source_table = 'features_case.packed';
RESET cerebro.materialize_disk;

\x off
-- what a layer makes of rows
SELECT cerebro.extract_features('pretrained', 'pool', 'more', 'pooled', 'id');
SELECT count(*), min(array_upper(features, 1)), max(array_upper(features, 1)) FROM pooled;
SELECT cerebro.extract_features('pretrained', 'pool', 'packed', 'packed_pooled');
SELECT count(*), count(DISTINCT (partition_id, buffer_id, row)) FROM packed_pooled;
-- the same numbers, whatever way they take
SELECT count(DISTINCT id) AS rows, count(DISTINCT CASE WHEN p.row IS NOT NULL THEN id END) AS found FROM pooled LEFT JOIN packed_pooled p ON p.features = pooled.features;
SELECT cerebro.extract_features('pretrained', 'out', 'more', 'classes', 'id', independent_varname => 'x');
SELECT cerebro.predict('pretrained', 'more', 'id', 'x', 'predicted');
SELECT bool_and(abs(c.features[1 + class_value::int] - prob) < 1e-6) AS as_predicted FROM classes c JOIN predicted p USING (id);
-- of one row: the row itself, or its values in order
SELECT bool_and(cerebro.features('pretrained', 'pool', m) = p.features) AS same FROM more m JOIN pooled p USING (id);
SELECT bool_and(cerebro.features('pretrained', 'pool', ROW(m.x)) = p.features) AS same FROM more m JOIN pooled p USING (id);
SELECT bool_and(cerebro.features('pretrained', 'out', ROW(m.x), mst_key => 1) = p.features) AS same FROM more m JOIN classes p USING (id);
SELECT cerebro.features('pretrained', 'pool', NULL) IS NULL AS of_nothing;
-- nearest neighbours
SELECT m.id, (SELECT p.id % 1000 FROM pooled p, (SELECT cerebro.features('pretrained', 'pool', m) AS f) q
    ORDER BY (SELECT sum((a - b) ^ 2) FROM unnest(p.features, q.f) u(a, b)), p.id LIMIT 1) AS nearest FROM more m WHERE id IN (1001, 1002, 1017) ORDER BY 1;
-- a registered model, which segments of a cluster have, too
SELECT cerebro.register('features_model', 'pretrained') AS version;
SELECT bool_and(cerebro.features('features_model', 'pool', m) = p.features) AS same FROM more m JOIN pooled p USING (id);
-- a model that was trained again in this session
SELECT cerebro.features('pretrained', 'out', ROW(x)) AS f INTO TEMPORARY untrained FROM more WHERE id = 1001;
SELECT cerebro.fit_multiple_model('packed', 'pretrained', 'first_configs', 1, warm_start => true, workers => 0);
SELECT cerebro.features('pretrained', 'out', ROW(x)) <> f AS other FROM more, untrained WHERE id = 1001;
-- a name that means another version in this session
SELECT cerebro.register('features_model', 'pretrained') AS version, cerebro.deploy('features_model', 2) AS before;
SELECT bool_or(cerebro.features('features_model', 'pool', m) <> p.features) AS other, bool_and(cerebro.features('features_model@1', 'pool', m) = p.features) AS same
FROM more m JOIN pooled p USING (id);
SELECT cerebro.drop_model('features_model');
\x on
SELECT * FROM attempt($$SELECT cerebro.extract_features('pretrained', 'pools', 'more', 'wrong', 'id')$$);
SELECT * FROM attempt($$SELECT cerebro.extract_features('pretrained', 'pool', 'more', 'wrong')$$);
SELECT * FROM attempt($$SELECT cerebro.extract_features('pretrained', 'pool', 'more', 'wrong', 'key')$$);
SELECT * FROM attempt($$SELECT cerebro.extract_features('pretrained', 'pool', 'packed', 'wrong', 'id')$$);
SELECT * FROM attempt($$SELECT cerebro.extract_features('pretrained', 'pool', 'more', 'pooled', 'id')$$);
SELECT * FROM attempt($$SELECT cerebro.extract_features('pretrained', NULL, 'more', 'wrong', 'id')$$);
SELECT * FROM attempt($$SELECT cerebro.features('stored', 'pool', ROW(x)) FROM more$$);
SELECT * FROM attempt($$SELECT cerebro.features('pretrained', 'pool', ROW(x, id)) FROM more$$);
SELECT * FROM attempt($$SELECT cerebro.features('pretrained', 'pool', ROW('a'::text)) FROM more$$);
SELECT * FROM attempt($$SELECT cerebro.features('pretrained', 'pool', ROW(ARRAY[1, 2])) FROM more$$);
SELECT * FROM attempt($$SELECT cerebro.features('missing', 'pool', ROW(x)) FROM more$$);
-- fields that have names are not taken by their positions
SELECT * FROM attempt($$SELECT cerebro.features('pretrained', 'pool', q) FROM (SELECT x AS y FROM more) q$$);
SELECT * FROM attempt($$SELECT cerebro.features('pretrained', 'pool', q) FROM (SELECT x AS f1, id FROM more) q$$);
-- a table that is no model table: what predict says
SELECT * FROM attempt($$SELECT cerebro.features('more', 'pool', ROW(x)) FROM more$$);
SELECT * FROM attempt($$SELECT cerebro.predict('more', 'more', 'id', 'x', 'wrong')$$);
-- numeric as packing takes it; types of other fields do not matter
SELECT bool_and(cerebro.features('pretrained', 'pool', ROW(x::numeric[])) = cerebro.features('pretrained', 'pool', ROW(x::numeric[]::real[]))) AS same FROM more;
SELECT bool_and(cerebro.features('pretrained', 'pool', q) = cerebro.features('pretrained', 'pool', ROW(q.x::real[]))) AS same
FROM (SELECT now() AS at, x::numeric[] AS x, id, point(1, 2) AS origin FROM more) q;
SELECT * FROM attempt($$SELECT cerebro.features('pretrained', 'pool', ROW('a')) FROM more$$);
SELECT * FROM attempt($$SELECT cerebro.features('pretrained', 'pool', ROW(1.5)) FROM more$$);
SELECT * FROM attempt($$SELECT cerebro.features('pretrained', 'pool', ROW(now())) FROM more$$);

-- dropped: one set, all of them, and none
SELECT * FROM attempt($$SELECT cerebro.drop_features('packed', 'abc')$$);
SELECT * FROM attempt($$SELECT cerebro.drop_features('packed', '000000000000')$$);
SELECT cerebro.drop_features('packed', substr(digest, 1, 12)) FROM cerebro.materialized_features WHERE source_table = 'features_case.packed';
SELECT count(*) FROM sets;
SELECT length(train('once_more'));
SELECT cerebro.drop_features('packed');
SELECT count(*) FROM sets;
SELECT count(*) AS tables FROM pg_tables WHERE schemaname = 'features_case' AND tablename LIKE 'packed_features%';
SELECT * FROM attempt($$SELECT cerebro.drop_features('packed')$$);
\x off
-- in a schema of their own
CREATE SCHEMA features_room;
SET cerebro.features_schema = 'features_room';
SELECT length(train('roomed'));
SELECT count(*), bool_and(feature_table LIKE 'features_room.packed_%') AS there FROM cerebro.materialized_features WHERE source_table = 'features_case.packed';
SELECT cerebro.drop_features('packed');
RESET cerebro.features_schema;
DROP SCHEMA features_room CASCADE;
DROP SCHEMA features_case CASCADE;
