-- Files in large objects; no file of the server is touched.
SET client_min_messages = warning;
CREATE SCHEMA exchange_objects;
SET search_path = exchange_objects, public;
SELECT cerebro.load_model('archs', '{"class_name": "Sequential", "config": {"name": "m", "layers": [
    {"class_name": "Dense", "config": {"name": "out", "units": 1, "batch_input_shape": [null, 1]}}]}}', '\x0000803f00000040');
SELECT cerebro.export_model_lo('archs', model_id => 1) AS weights, cerebro.export_model_lo('archs', model_id => 1, format => 'onnx') AS model \gset
SELECT lo_get(:weights) = cerebro.export_model('archs', model_id => 1) AS same;
UPDATE archs SET model_weights = NULL;
SELECT cerebro.import_weights('archs', 1, :weights);
SELECT cerebro.import_model('archs', :model);
SELECT model_id, model_weights FROM archs ORDER BY 1;

-- another role's object, one that is not there, none
CREATE ROLE cerebro_test_ordinary;
GRANT USAGE ON SCHEMA exchange_objects TO cerebro_test_ordinary;
GRANT ALL ON archs TO cerebro_test_ordinary;
SET ROLE cerebro_test_ordinary;
\set VERBOSITY terse
DO $$
BEGIN
    PERFORM cerebro.import_weights('archs', 1, (SELECT max(oid) FROM pg_largeobject_metadata));
EXCEPTION WHEN insufficient_privilege THEN
    RAISE WARNING '%', regexp_replace(SQLERRM, '[0-9]+', 'N');
END $$;
RESET ROLE;
SELECT cerebro.import_weights('archs', 1, 4000000000);
SELECT cerebro.import_model('archs', NULL::oid);
SELECT lo_unlink(:weights), lo_unlink(:model);
DROP SCHEMA exchange_objects CASCADE;
DROP ROLE cerebro_test_ordinary;
