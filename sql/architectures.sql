-- Small networks that put layers together as published families do (test/data/architectures): each is loaded, trains one iteration and predicts.
\set ECHO none
\set mobilenet_v1 `cat "$CEREBRO_TEST_DATA/architectures/mobilenet_v1.json"`
\set mobilenet_v2 `cat "$CEREBRO_TEST_DATA/architectures/mobilenet_v2.json"`
\set xception `cat "$CEREBRO_TEST_DATA/architectures/xception.json"`
\set resnet_nested `cat "$CEREBRO_TEST_DATA/architectures/resnet_nested.json"`
\set unet `cat "$CEREBRO_TEST_DATA/architectures/unet.json"`
\set efficientnet `cat "$CEREBRO_TEST_DATA/architectures/efficientnet.json"`
\set densenet `cat "$CEREBRO_TEST_DATA/architectures/densenet.json"`
\set text_cnn `cat "$CEREBRO_TEST_DATA/architectures/text_cnn.json"`
\set cnn_lstm `cat "$CEREBRO_TEST_DATA/architectures/cnn_lstm.json"`
\set video `cat "$CEREBRO_TEST_DATA/architectures/video.json"`
\set tagger `cat "$CEREBRO_TEST_DATA/architectures/tagger.json"`
\set siamese `cat "$CEREBRO_TEST_DATA/architectures/siamese.json"`
\set wide_and_deep `cat "$CEREBRO_TEST_DATA/architectures/wide_and_deep.json"`
\set transformer `cat "$CEREBRO_TEST_DATA/architectures/transformer.json"`
\set autoencoder `cat "$CEREBRO_TEST_DATA/architectures/autoencoder.json"`
\set seq2seq `cat "$CEREBRO_TEST_DATA/architectures/seq2seq.json"`
\set dilated `cat "$CEREBRO_TEST_DATA/architectures/dilated.json"`
\set documents `cat "$CEREBRO_TEST_DATA/architectures/documents.json"`
\set ECHO all
SET client_min_messages = warning;
CREATE SCHEMA architectures;
SET search_path = architectures, public;

-- numbers of a shape that depend on i, below 1, or below `words` and whole
CREATE FUNCTION fill(i integer, shape integer[], words integer DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    filled text := '';
BEGIN
    IF shape = '{}' THEN
        RETURN CASE WHEN words IS NULL THEN ((i % 13) / 16.0)::text ELSE (i % words)::text END;
    END IF;
    FOR k IN 1 .. shape[1] LOOP
        filled := filled || CASE WHEN k > 1 THEN ',' ELSE '' END || fill(i * 7 + k * 3, shape[2:array_length(shape, 1)], words);
    END LOOP;
    RETURN '{' || filled || '}';
END $$;
CREATE TABLE rows AS
SELECT i AS id, fill(i, '{16,16,3}')::real[] AS image, fill(i, '{16,16}', 2)::integer[] AS mask, fill(i, '{12}', 20)::integer[] AS words,
       fill(i + 3, '{12}', 20)::integer[] AS others, fill(i, '{12,3}')::real[] AS series, fill(i, '{6,3}')::real[] AS reply, fill(i, '{5,8,8}')::real[] AS frames,
       fill(i, '{3,4}', 20)::integer[] AS sentences, fill(i, '{12}', 3)::integer[] AS tags, (ARRAY['a', 'b', 'c', 'd'])[1 + i % 4] AS class,
       (i % 5) / 4.0 AS number, i % 2 AS yes, (ARRAY['x', 'y'])[1 + i % 2] AS kind, i % 7 AS region, fill(i, '{16,16,3}')::real[] AS picture, fill(i, '{6,3}')::real[] AS answer, (i % 7) / 8.0 AS n1, (i % 3) / 8.0 AS n2, (i % 4) / 8.0 AS n3
FROM generate_series(1, 24) i;

-- packs columns, trains the newest architecture for one iteration and predicts: rows that were predicted, and whether the loss is a number
CREATE FUNCTION try(made text, dependent text, independent text, loss text, dependent_type text DEFAULT NULL, OUT predicted bigint, OUT sane boolean)
LANGUAGE plpgsql AS $$
DECLARE
    newest integer;
BEGIN
    SELECT max(model_id) INTO newest FROM archs;
    PERFORM cerebro.training_preprocessor_dl('rows', made || '_packed', dependent, independent, dependent_type => dependent_type, num_partitions => 2);
    PERFORM cerebro.load_model_selection_table('archs', made || '_configs', ARRAY[newest], ARRAY[format('optimizer=''Adam'',loss=%L', loss)],
        ARRAY['batch_size=6,epochs=1']);
    PERFORM cerebro.fit_multiple_model(made || '_packed', made, made || '_configs', 1, workers => 0);
    PERFORM cerebro.predict(made, 'rows', 'id', independent, made || '_said');
    EXECUTE format('SELECT count(*) FROM %I', made || '_said') INTO predicted;
    EXECUTE format('SELECT training_loss_final > 0 AND training_loss_final < 100 FROM %I', made || '_info') INTO sane;
END $$;

-- images
SELECT cerebro.load_model('archs', :'mobilenet_v1', name => 'MobileNet') AS model_id;
SELECT * FROM try('mobilenet_v1', 'class', 'image', 'categorical_crossentropy');
SELECT cerebro.load_model('archs', :'mobilenet_v2', name => 'MobileNetV2') AS model_id;
SELECT * FROM try('mobilenet_v2', 'class', 'image', 'categorical_crossentropy');
SELECT cerebro.load_model('archs', :'xception', name => 'Xception') AS model_id;
SELECT * FROM try('xception', 'class', 'image', 'categorical_crossentropy');
SELECT cerebro.load_model('archs', :'resnet_nested', name => 'ResNet of nested models') AS model_id;
SELECT * FROM try('resnet_nested', 'class', 'image', 'categorical_crossentropy');
SELECT cerebro.load_model('archs', :'efficientnet', name => 'EfficientNet') AS model_id;
SELECT * FROM try('efficientnet', 'class', 'image', 'categorical_crossentropy');
SELECT cerebro.load_model('archs', :'densenet', name => 'DenseNet') AS model_id;
SELECT * FROM try('densenet', 'class', 'image', 'categorical_crossentropy');
SELECT cerebro.load_model('archs', :'unet', name => 'U-Net') AS model_id;
SELECT * FROM try('unet', 'mask', 'image', 'binary_crossentropy');
SELECT cerebro.load_model('archs', :'autoencoder', name => 'autoencoder') AS model_id;
SELECT * FROM try('autoencoder', 'picture', 'image', 'mse');

-- sequences
SELECT cerebro.load_model('archs', :'text_cnn', name => 'text CNN') AS model_id;
SELECT * FROM try('text_cnn', 'class', 'words', 'categorical_crossentropy');
SELECT cerebro.load_model('archs', :'cnn_lstm', name => 'CNN and LSTM') AS model_id;
SELECT * FROM try('cnn_lstm', 'class', 'series', 'categorical_crossentropy');
SELECT cerebro.load_model('archs', :'video', name => 'a CNN over frames') AS model_id;
SELECT * FROM try('video', 'number', 'frames', 'mse', 'real');
SELECT cerebro.load_model('archs', :'tagger', name => 'BiLSTM tagger') AS model_id;
SELECT * FROM try('tagger', 'tags', 'words', 'sparse_categorical_crossentropy');
SELECT cerebro.load_model('archs', :'transformer', name => 'transformer encoder') AS model_id;
SELECT * FROM try('transformer', 'class', 'words', 'categorical_crossentropy');
SELECT cerebro.load_model('archs', :'seq2seq', name => 'encoder, decoder and attention') AS model_id;
SELECT * FROM try('seq2seq', 'answer', 'series, reply', 'categorical_crossentropy');
SELECT cerebro.load_model('archs', :'dilated', name => 'dilated convolutions') AS model_id;
SELECT * FROM try('dilated', 'number', 'series', 'mse', 'real');
SELECT cerebro.load_model('archs', :'documents', name => 'hierarchy of documents') AS model_id;
SELECT * FROM try('documents', 'class', 'sentences', 'categorical_crossentropy');

-- several inputs
SELECT cerebro.load_model('archs', :'siamese', name => 'siamese') AS model_id;
SELECT * FROM try('siamese', 'yes', 'words, others', 'binary_crossentropy', 'real');
SELECT cerebro.load_model('archs', :'wide_and_deep', name => 'wide and deep') AS model_id;
SELECT * FROM try('wide_and_deep', 'yes', 'kind, region, n1, n2, n3', 'binary_crossentropy', 'real');
SELECT count(*) AS architectures FROM archs;
DROP SCHEMA architectures CASCADE;
