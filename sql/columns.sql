-- Preprocessing of columns: automatic rules, what is learned of the training rows, what is packed. Packed numbers are read back in SQL and compared
-- with what SQL's own functions say.
\pset null '(null)'
CREATE SCHEMA columns_case;
SET search_path = columns_case, public;

CREATE FUNCTION attempt(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    m text; d text; h text; s text;
BEGIN
    EXECUTE command;
    RETURN 'no error';
EXCEPTION WHEN others THEN
    GET STACKED DIAGNOSTICS s = RETURNED_SQLSTATE, m = MESSAGE_TEXT, d = PG_EXCEPTION_DETAIL, h = PG_EXCEPTION_HINT;
    RETURN s || ': ' || m || coalesce(E'\n  detail: ' || nullif(d, ''), '') || coalesce(E'\n  hint: ' || nullif(h, ''), '');
END $$;
-- element number i of packed float32 or int32 bytes
CREATE FUNCTION bits(data bytea, i int) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT get_byte(data, 4 * i) + 256::bigint * get_byte(data, 4 * i + 1) + 65536::bigint * get_byte(data, 4 * i + 2)
           + 16777216::bigint * get_byte(data, 4 * i + 3) $$;
CREATE FUNCTION float_at(data bytea, i int) RETURNS double precision LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN b IN (0, 2147483648) THEN 0 ELSE CASE WHEN b >= 2147483648 THEN -1 ELSE 1 END * (1 + (b & 8388607) / 8388608.0)
           * power(2::float8, ((b >> 23) & 255)::int - 127) END FROM (SELECT columns_case.bits(data, i) AS b) s $$;
-- the numbers of a packed table, an array a row
CREATE FUNCTION numbers_of(packed text, input text DEFAULT 'numbers') RETURNS TABLE(value double precision[]) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format('SELECT ARRAY(SELECT columns_case.float_at(row, e) FROM generate_series(0, width - 1) e)
        FROM (SELECT substr(data, r * width * 4 + 1, width * 4) AS row, width FROM (SELECT %1$I || ''''::bytea AS data, %2$I[1] AS rows, %2$I[2] AS width FROM %3$I OFFSET 0) p,
              generate_series(0, rows - 1) r OFFSET 0) s', input, input || '_shape', packed);
END $$;
CREATE FUNCTION indexes_of(packed text, input text) RETURNS TABLE(value bigint) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format('SELECT columns_case.bits(data, r) FROM (SELECT %1$I || ''''::bytea AS data, %2$I[1] AS rows FROM %3$I OFFSET 0) p, generate_series(0, rows - 1) r',
        input, input || '_shape', packed);
END $$;
-- rows that are in one of two sets only, in single precision to five digits after the point
CREATE FUNCTION differences(packed text, truth text) RETURNS TABLE(packed_rows bigint, others bigint) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format('WITH a AS (SELECT ARRAY(SELECT round(v::numeric, 5) FROM unnest(value) WITH ORDINALITY u(v, n) ORDER BY n) AS row FROM columns_case.numbers_of(%L)),
        b AS (SELECT ARRAY(SELECT round(v::real::float8::numeric, 5) FROM unnest(value) WITH ORDINALITY u(v, n) ORDER BY n) AS row FROM %s t)
        SELECT (SELECT count(*) FROM a), (SELECT count(*) FROM ((TABLE a EXCEPT ALL TABLE b) UNION ALL (TABLE b EXCEPT ALL TABLE a)) d)', packed, truth);
END $$;

-- ---------------------------------------------------------------- every type, automatically
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE DOMAIN kilos AS numeric(6, 1) CHECK (VALUE > 0);
CREATE TABLE animals AS
SELECT i AS id, (ARRAY['cat', 'dog', 'owl'])[1 + i % 3] AS species,
       CASE WHEN i % 7 <> 0 THEN (ARRAY['m', 'f'])[1 + i % 2] END AS sex,
       (i * 37 % 100 / 10.0 + 0.1)::kilos AS weight,
       CASE WHEN i % 5 <> 0 THEN i * 7919 % 1000 END AS age,
       CASE WHEN i % 11 = 0 THEN 'NaN' WHEN i % 13 <> 0 THEN i % 17 / 4.0 END::real AS tail,
       i % 4 = 0 AS tame,
       'town ' || (i % 40) AS town,
       (ARRAY['sad', 'ok', 'happy'])[1 + i % 3]::mood AS mood,
       date '2023-01-01' + i % 500 AS born,
       timestamptz '2024-02-28 12:00:00+00' + i * interval '7 hours' AS seen,
       (i * 13 % 24 || ' hours')::interval AS slept,
       md5(i::text)::uuid AS tag, 'animal number ' || i AS remark, 'zoo'::text AS kept_in, NULL::text AS nothing, 5 AS five,
       ARRAY[i % 3, i % 5]::real[] AS shape
FROM generate_series(1, 300) i;
SELECT cerebro.training_preprocessor_dl('animals', 'auto_packed', 'species', '*', exclude => '{id}', preprocess => 'auto');
\x on
SELECT * FROM cerebro.describe('auto_packed');
\x off
SELECT format_version, rows, independent_varname FROM auto_packed_summary;
SELECT c ->> 'name' AS input, c ->> 'dtype' AS dtype, c ->> 'shape' AS shape, json_array_length(c -> 'dictionary') AS words
FROM auto_packed_summary s, json_array_elements(s.data_spec -> 'inputs') c;
-- the same numbers from SQL
CREATE VIEW automatic AS
WITH s AS (
    SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY age) AS age_median, avg(age)::float8 AS age_mean, stddev_pop(age)::float8 AS age_dev,
           avg(weight)::float8 AS weight_mean, stddev_pop(weight)::float8 AS weight_dev,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY tail) FILTER (WHERE tail <> 'NaN') AS tail_median, avg(tail::float8) FILTER (WHERE tail <> 'NaN') AS tail_mean,
           stddev_pop(tail::float8) FILTER (WHERE tail <> 'NaN') AS tail_dev,
           avg(extract(epoch FROM born))::float8 AS born_mean, stddev_pop(extract(epoch FROM born))::float8 AS born_dev,
           avg(extract(epoch FROM seen))::float8 AS seen_mean, stddev_pop(extract(epoch FROM seen))::float8 AS seen_dev,
           avg(extract(epoch FROM slept))::float8 AS slept_mean, stddev_pop(extract(epoch FROM slept))::float8 AS slept_dev FROM animals)
SELECT ARRAY[(sex IS NOT DISTINCT FROM 'f')::int, (sex IS NOT DISTINCT FROM 'm')::int, (sex IS NULL)::int, (weight::float8 - weight_mean) / weight_dev,
             (coalesce(age, age_median) - age_mean) / age_dev, (age IS NULL)::int,
             (CASE WHEN tail IS NULL OR tail = 'NaN' THEN tail_median ELSE tail END - tail_mean) / tail_dev, (tail IS NULL OR tail = 'NaN')::int,
             tame::int, (mood = 'happy')::int, (mood = 'ok')::int, (mood = 'sad')::int,
             (extract(epoch FROM born) - born_mean) / born_dev, sin(2 * pi() * extract(dow FROM born) / 7), cos(2 * pi() * extract(dow FROM born) / 7),
             sin(2 * pi() * (extract(month FROM born) - 1) / 12), cos(2 * pi() * (extract(month FROM born) - 1) / 12),
             (extract(epoch FROM seen) - seen_mean) / seen_dev,
             sin(2 * pi() * extract(epoch FROM (seen AT TIME ZONE 'UTC')::time) / 86400), cos(2 * pi() * extract(epoch FROM (seen AT TIME ZONE 'UTC')::time) / 86400),
             sin(2 * pi() * extract(dow FROM seen AT TIME ZONE 'UTC') / 7), cos(2 * pi() * extract(dow FROM seen AT TIME ZONE 'UTC') / 7),
             sin(2 * pi() * (extract(month FROM seen AT TIME ZONE 'UTC') - 1) / 12), cos(2 * pi() * (extract(month FROM seen AT TIME ZONE 'UTC') - 1) / 12),
             (extract(epoch FROM slept) - slept_mean) / slept_dev]::float8[] AS value
FROM animals, s;
SELECT * FROM differences('auto_packed', 'automatic');
SELECT count(*) AS different FROM ((SELECT value FROM indexes_of('auto_packed', 'town') EXCEPT ALL
    SELECT dense_rank() OVER (ORDER BY town COLLATE "C") FROM animals) UNION ALL
    (SELECT dense_rank() OVER (ORDER BY town COLLATE "C") FROM animals EXCEPT ALL SELECT value FROM indexes_of('auto_packed', 'town'))) d;
-- a row's numbers, its index, its array and its label stay together
CREATE TABLE one_row AS SELECT * FROM animals WHERE id = 77;
SELECT cerebro.validation_preprocessor_dl('one_row', 'one_packed', 'species', '*', 'auto_packed');
SELECT (SELECT value FROM indexes_of('one_packed', 'town')) = (SELECT r FROM (SELECT id, dense_rank() OVER (ORDER BY town COLLATE "C") AS r FROM animals) d WHERE id = 77) AS town,
       encode(shape, 'hex') AS shape, encode(species, 'hex') AS label FROM one_packed;
-- settings that change how dates are read and written
SET TimeZone = 'Asia/Kathmandu';
SET DateStyle = 'German';
SELECT cerebro.training_preprocessor_dl('animals', 'auto_zone', 'species', '*', exclude => 'id', preprocess => 'auto');
RESET TimeZone;
RESET DateStyle;
-- the order of rows, and parallel workers
SET client_min_messages = warning;
CREATE TABLE backwards AS SELECT * FROM animals ORDER BY id DESC;
SELECT cerebro.training_preprocessor_dl('backwards', 'auto_backwards', 'species', '*', exclude => '{"id"}', preprocess => 'auto');
CREATE TABLE often AS SELECT a.* FROM animals a, generate_series(1, 60);
SET min_parallel_table_scan_size = 0;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
ALTER TABLE often SET (parallel_workers = 3);
SELECT cerebro.training_preprocessor_dl('often', 'often_workers', 'species', '*', exclude => 'id', preprocess => '{"town": {"encode": "target"}, "age": {"clip": 0.05, "scale": "robust"}}', num_partitions => 2);
SET max_parallel_workers_per_gather = 0;
SELECT cerebro.training_preprocessor_dl('often', 'often_alone', 'species', '*', exclude => 'id', preprocess => '{"town": {"encode": "target"}, "age": {"clip": 0.05, "scale": "robust"}}', num_partitions => 2);
RESET max_parallel_workers_per_gather;
RESET min_parallel_table_scan_size;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
SELECT (SELECT digest FROM auto_packed_summary) = (SELECT digest FROM auto_zone_summary) AS zone, (SELECT digest FROM auto_packed_summary) = (SELECT digest FROM auto_backwards_summary) AS backwards,
       (SELECT digest FROM often_workers_summary) = (SELECT digest FROM often_alone_summary) AS workers,
       (SELECT data_spec::text FROM often_workers_summary) = (SELECT data_spec::text FROM often_alone_summary) AS constants;

-- ---------------------------------------------------------------- numbers: what is imputed, bounds and scales
CREATE TABLE numbers AS
SELECT i AS id, CASE WHEN i % 6 <> 0 THEN round((exp(sin(i * 12.9898) * 4) * 10)::numeric, 3)::float8 * CASE WHEN i % 3 = 0 THEN -1 ELSE 1 END END AS x,
       i % 2 = 0 AS label, i / 7.0::float8 AS y FROM generate_series(1, 10000) i;
CREATE FUNCTION learned(entry text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    DROP TABLE IF EXISTS learned_packed, learned_packed_summary, learned;
    PERFORM cerebro.training_preprocessor_dl('numbers', 'learned_packed', 'label', 'x', preprocess => format('{"x": %s}', entry));
    CREATE TABLE learned AS SELECT d.impute, round(d.imputed_value::numeric, 6) AS imputed_value, d.indicator, d.scale, round(d.center::numeric, 6) AS center,
               round(d.spread::numeric, 6) AS spread, d.clip
        FROM cerebro.describe('learned_packed') d WHERE d.role = 'independent';
END $$;
CREATE VIEW truth AS
SELECT round(avg(x)::numeric, 6) AS mean, round(stddev_pop(x)::numeric, 6) AS dev, round((percentile_cont(0.5) WITHIN GROUP (ORDER BY x))::numeric, 6) AS median,
       round((percentile_cont(0.25) WITHIN GROUP (ORDER BY x))::numeric, 6) AS low_quartile, round((percentile_cont(0.75) WITHIN GROUP (ORDER BY x))::numeric, 6) AS high_quartile,
       round(min(x)::numeric, 6) AS min, round(max(x)::numeric, 6) AS max, round(avg(sign(x) * ln(1 + abs(x)))::numeric, 6) AS log_mean,
       round(stddev_pop(sign(x) * ln(1 + abs(x)))::numeric, 6) AS log_dev, percentile_cont(0.01) WITHIN GROUP (ORDER BY x) AS low, percentile_cont(0.99) WITHIN GROUP (ORDER BY x) AS high
FROM numbers;
DO $$ BEGIN PERFORM learned('{}'); END $$;
SELECT l.*, l.imputed_value = t.median AND l.center = t.mean AND l.spread = t.dev AS right_values FROM learned l, truth t;
DO $$ BEGIN PERFORM learned('{"impute": "mean", "scale": "none"}'); END $$;
SELECT l.*, l.imputed_value = t.mean AS right_values FROM learned l, truth t;
DO $$ BEGIN PERFORM learned('{"impute": "constant", "value": -1, "scale": "minmax", "indicator": false}'); END $$;
SELECT l.*, l.center = t.min AND l.spread = t.max - t.min AS right_values FROM learned l, truth t;
DO $$ BEGIN PERFORM learned('{"scale": "robust"}'); END $$;
SELECT l.*, l.center = t.median AND abs(l.spread - (t.high_quartile - t.low_quartile)) < 0.000002 AS right_values FROM learned l, truth t;
DO $$ BEGIN PERFORM learned('{"scale": "log"}'); END $$;
SELECT l.*, l.center = t.log_mean AND l.spread = t.log_dev AS right_values FROM learned l, truth t;
DO $$ BEGIN PERFORM learned('{"impute": "mode", "scale": "none"}'); END $$;
SELECT l.*, l.imputed_value = m.mode AS right_values FROM learned l, (SELECT round((mode() WITHIN GROUP (ORDER BY x))::numeric, 6) AS mode FROM numbers) m;
DO $$ BEGIN PERFORM learned('{"clip": [-20, 100]}'); END $$;
SELECT l.*, l.center = c.mean AND l.spread = c.dev AS right_values FROM learned l,
    (SELECT round(avg(least(greatest(x, -20), 100))::numeric, 6) AS mean, round(stddev_pop(least(greatest(x, -20), 100))::numeric, 6) AS dev FROM numbers WHERE x IS NOT NULL) c;
DO $$ BEGIN PERFORM learned('{"clip": 0.01}'); END $$;
SELECT l.*, l.center = c.mean AND l.spread = c.dev AND l.clip = format('[%s, %s]', t.low, t.high) AS right_values FROM learned l, truth t,
    (SELECT round(avg(least(greatest(x, low), high))::numeric, 6) AS mean, round(stddev_pop(least(greatest(x, low), high))::numeric, 6) AS dev FROM numbers, truth WHERE x IS NOT NULL) c;
DO $$ BEGIN PERFORM learned('{"clip": [null, 10], "impute": "mean", "scale": "none"}'); END $$;
SELECT l.*, l.imputed_value = c.mean AS right_values FROM learned l,
    (SELECT round(avg(least(x, 10))::numeric, 6) AS mean FROM numbers WHERE x IS NOT NULL) c;
-- what is packed of these
CREATE VIEW scaled AS SELECT ARRAY[((CASE WHEN x > 10 THEN 10 WHEN x IS NULL THEN m ELSE x END) - 0)::float8, (x IS NULL)::int] AS value
    FROM numbers, (SELECT avg(least(x, 10)) AS m FROM numbers WHERE x IS NOT NULL) s;
SELECT * FROM differences('learned_packed', 'scaled');

-- ---------------------------------------------------------------- categories
CREATE TABLE shops AS
SELECT i AS id, CASE WHEN i % 9 <> 0 THEN (ARRAY['low', 'high', 'medium', 'Ä "x", \y'])[1 + i % 4] END AS size, i % 120 AS zip, (i % 7 = 0)::int AS open,
       (ARRAY['sad', 'ok', 'happy'])[1 + i % 3]::mood AS mood, CASE WHEN i % 4 = 1 THEN 'yes' WHEN i % 10 = 0 THEN 'no' ELSE 'maybe' END AS label,
       i * 31 % 97 / 3.0::float8 AS price FROM generate_series(1, 2000) i;
SELECT cerebro.training_preprocessor_dl('shops', 'shops_packed', 'label', 'size, zip, mood, open', preprocess =>
    '{"size": {"encode": "ordinal", "categories": ["low", "medium", "high"], "scale": "none"}, "zip": {"encode": "hash", "bins": 50},
      "mood": {"encode": "ordinal", "scale": "minmax"}, "open": {"encode": "one_hot"}}');
SELECT column_name, encode, impute, imputed_value, indicator, scale, center, spread, categories, elements FROM cerebro.describe('shops_packed') WHERE role = 'independent';
CREATE VIEW ordinals AS SELECT ARRAY[coalesce((SELECT p FROM unnest(ARRAY['low', 'medium', 'high']) WITH ORDINALITY u(name, p) WHERE name = size), 0), (size IS NULL)::int, ((SELECT p FROM unnest(enum_range(NULL::mood)) WITH ORDINALITY u(name, p) WHERE name = mood) - 1) / 2.0,
    (open = 0)::int, (open = 1)::int]::float8[] AS value FROM shops;
SELECT * FROM differences('shops_packed', 'ordinals');
SELECT min(value), max(value), count(DISTINCT value) > 30 AS spread, count(*) AS rows FROM indexes_of('shops_packed', 'zip');
-- the most frequent one and a constant
SELECT cerebro.training_preprocessor_dl('shops', 'mode_packed', 'label', 'size, mood', preprocess => '{"size": {"impute": "mode"}, "mood": {"encode": "index", "impute": "constant", "value": "unknown"}}');
SELECT column_name, encode, impute, imputed_value, indicator, categories, elements FROM cerebro.describe('mode_packed') WHERE role = 'independent';
SELECT imputed_value = (SELECT mode() WITHIN GROUP (ORDER BY size COLLATE "C") FROM shops) AS most_frequent FROM cerebro.describe('mode_packed') WHERE column_name = 'size';
SELECT value, count(*) FROM indexes_of('mode_packed', 'mood') GROUP BY 1 ORDER BY 1;

-- target encoding: at prediction the values of the whole table; in training those of the other folds, smoothed towards the mean
SELECT cerebro.training_preprocessor_dl('shops', 'target_packed', 'price', 'zip, size', preprocess => '{"zip": {"encode": "target", "scale": "none"}, "size": {"encode": "target", "smoothing": 0, "scale": "none"}}');
SELECT column_name, encode, scale, indicator, categories, elements FROM cerebro.describe('target_packed') WHERE role = 'independent';
CREATE VIEW target_rows AS SELECT float_at(p.numbers, r * 2) AS zip, float_at(p.numbers, r * 2 + 1) AS size, float_at(p.price, r) AS price
    FROM target_packed p, generate_series(0, p.numbers_shape[1] - 1) r;
-- without smoothing a value is the mean of the rows of other folds: the rows of a fold are those with its value
WITH folds AS (
    SELECT t.size AS value, count(*) AS n, sum(t.price) AS sum FROM target_rows t GROUP BY 1),
sizes AS (SELECT s.size, count(*) AS n, sum(s.price) AS sum FROM shops s GROUP BY 1)
SELECT count(*) AS values, bool_and(abs(f.value - (s.sum - f.sum) / (s.n - f.n)) < 1e-4) AS without_own_fold FROM folds f
    JOIN LATERAL (SELECT * FROM sizes s ORDER BY abs(f.value - (s.sum - f.sum) / (s.n - f.n)) LIMIT 1) s ON true;
SELECT count(DISTINCT zip) BETWEEN 121 AND 600 AS folds FROM target_rows;
-- the whole table's values, as they are kept
SELECT count(*) AS categories, bool_and(abs((s.data_spec #>> ARRAY['preprocessing', 'sources', '0', 'category_values', k::text, '0'])::float8
        - (t.sum + 10 * t.mean) / (t.n + 10)) < 1e-9) AS right_values
FROM target_packed_summary s CROSS JOIN generate_series(0, 119) k JOIN (
    SELECT zip, sum(price) AS sum, count(*) AS n, (SELECT avg(price) FROM shops) AS mean FROM shops GROUP BY 1) t
    ON t.zip::text = s.data_spec #>> ARRAY['preprocessing', 'sources', '0', 'categories', k::text];
SELECT data_spec::text LIKE '%folds%' AS folds_are_kept FROM target_packed_summary;
CREATE TABLE shops_later AS SELECT * FROM shops WHERE id <= 500;
SELECT cerebro.validation_preprocessor_dl('shops_later', 'target_later', 'price', '*', 'target_packed');
CREATE VIEW whole AS SELECT ARRAY[(z.sum + 10 * m.mean) / (z.n + 10), y.mean] AS value FROM shops_later s
    JOIN (SELECT zip, sum(price) AS sum, count(*) AS n FROM shops GROUP BY 1) z USING (zip) JOIN (SELECT size, avg(price) AS mean FROM shops GROUP BY 1) y ON y.size IS NOT DISTINCT FROM s.size
    CROSS JOIN (SELECT avg(price) AS mean FROM shops) m;
SELECT * FROM differences('target_later', 'whole');
-- of three classes: a number a class; of two: the share of the second
SELECT cerebro.training_preprocessor_dl('shops', 'classes_packed', 'label', 'zip', preprocess => '{"zip": {"encode": "target", "smoothing": 2.5, "scale": "none"}}');
SELECT count(*) AS different FROM (SELECT zip::text AS zip, count(*) AS n, count(*) FILTER (WHERE label = 'maybe') AS maybe, count(*) FILTER (WHERE label = 'yes') AS yes FROM shops GROUP BY 1) s,
    classes_packed_summary t, LATERAL (SELECT ordinality - 1 AS k FROM json_array_elements_text(t.data_spec #> '{preprocessing,sources,0,categories}') WITH ORDINALITY c(c, ordinality) WHERE c = s.zip) k
WHERE abs((t.data_spec #>> ARRAY['preprocessing', 'sources', '0', 'category_values', k::text, '2'])::float8 - (yes + 2.5 * (SELECT count(*) FILTER (WHERE label = 'yes') / 2000.0 FROM shops)) / (n + 2.5)) > 1e-9;
SELECT cerebro.training_preprocessor_dl('shops', 'two_packed', 'open', 'zip', preprocess => '{"zip": {"encode": "target"}}');
SELECT elements, round(center::numeric, 4) AS center, spread > 0 AS spread FROM cerebro.describe('two_packed') WHERE column_name = 'zip';

-- ---------------------------------------------------------------- labels of any type
CREATE TABLE labels AS SELECT i AS x, (ARRAY['a', 'b'])[1 + i % 2] AS words, i % 3 AS whole, i / 8.0::float8 AS real, i % 2 = 0 AS truth,
    (ARRAY['sad', 'happy'])[1 + i % 2]::mood AS mood, date '2024-01-01' + i % 2 AS day, (i % 4)::numeric AS amount FROM generate_series(1, 40) i;
SET client_min_messages = notice;
CREATE FUNCTION label_of(label text) RETURNS TABLE(kind text, classes text) LANGUAGE plpgsql AS $$
BEGIN
    DROP TABLE IF EXISTS l_packed, l_packed_summary;
    PERFORM cerebro.training_preprocessor_dl('labels', 'l_packed', label, 'x', preprocess => 'auto');
    RETURN QUERY SELECT data_spec #>> '{targets,0,kind}', data_spec #>> '{targets,0,class_values}' FROM l_packed_summary;
END $$;
SET client_min_messages = warning;
SELECT label, l.* FROM unnest(ARRAY['words', 'whole', 'real', 'truth', 'mood', 'day', 'amount']) label, label_of(label) l;
SET client_min_messages = notice;
SELECT cerebro.training_preprocessor_dl('labels', 'real_packed', 'real', 'x', preprocess => 'auto');
SELECT cerebro.training_preprocessor_dl('labels', 'hot_packed', 'amount', 'x', preprocess => 'auto', dependent_type => 'one_hot');

-- ---------------------------------------------------------------- split: constants are the training rows'
SET client_min_messages = warning;
SELECT cerebro.training_preprocessor_dl('numbers', 'split_packed', 'label', '*', exclude => 'id', preprocess => 'auto', validation_fraction => 0.25);
SELECT (SELECT rows FROM split_packed_summary) AS training, (SELECT rows FROM split_packed_val_summary) AS validation,
       (SELECT data_spec -> 'preprocessing' FROM split_packed_summary)::text = (SELECT data_spec -> 'preprocessing' FROM split_packed_val_summary)::text AS same;
SELECT abs(avg(value[3])) < 1e-5 AS mean, abs(stddev_pop(value[3]) - 1) < 1e-5 AS dev FROM numbers_of('split_packed');
SELECT abs(avg(value[3])) BETWEEN 1e-4 AND 0.1 AS mean FROM numbers_of('split_packed_val');

-- ---------------------------------------------------------------- without preprocess: '*', and tables as they were
SELECT cerebro.training_preprocessor_dl('numbers', 'plain_packed', 'label', 'id, y');
SELECT cerebro.training_preprocessor_dl('numbers', 'star_packed', 'label', '*', exclude => '{x}');
SELECT (SELECT digest FROM plain_packed_summary) = (SELECT digest FROM star_packed_summary) AS same, format_version, data_spec::text LIKE '%preprocessing%' AS preprocessed, independent_varname
FROM star_packed_summary;
SELECT "position", column_name, role, input, encode, impute, scale, elements FROM cerebro.describe('star_packed');
-- a weight is no independent column
SELECT cerebro.training_preprocessor_dl('numbers', 'weight_packed', 'label', '*', exclude => 'id', sample_weight => 'y', preprocess => '{}');
\set VERBOSITY default
-- names that would be taken twice
CREATE TABLE odd AS SELECT i AS "numbers", 'w' || i % 20 AS "My ""Word""", i % 2 AS label, 'a' || i % 30 AS numbers_shape FROM generate_series(1, 100) i;
SELECT cerebro.training_preprocessor_dl('odd', 'odd_packed', 'label', '*', preprocess => '{"numbers": {"encode": "index"}}');
ALTER TABLE odd RENAME numbers_shape TO other;
SELECT cerebro.training_preprocessor_dl('odd', 'odd_packed', 'label', '*', preprocess => '{"numbers": {"encode": "index"}, "other": {"encode": "one_hot"}}');
SELECT column_name, input, encode FROM cerebro.describe('odd_packed');

-- ---------------------------------------------------------------- addresses, times of the day with a zone, long texts
SET client_min_messages = warning;
CREATE TABLE visits AS
SELECT i AS id, ('10.0.0.' || i % 3)::inet AS host, make_time(i % 24, 0, 0)::timetz AS at, repeat('long ', 30) || i % 4 AS page, i % 2 AS label, i > 90 AS validates
FROM generate_series(1, 120) i;
UPDATE visits SET page = repeat('long ', 30) || 'new' WHERE id IN (100, 101);
SET client_min_messages = notice;
SELECT cerebro.training_preprocessor_dl('visits', 'visits_packed', 'label', '*', exclude => '{id,validates}', preprocess => 'auto', split_column => 'validates');
SELECT column_name, data_type, encode, scale, categories FROM cerebro.describe('visits_packed');
-- the same hour is the same number, whatever its zone
CREATE TABLE zones AS SELECT i % 2 AS label, (CASE i % 2 WHEN 0 THEN '12:00+00' ELSE '14:00+02' END)::timetz AS at, i AS x FROM generate_series(1, 20) i;
SELECT cerebro.training_preprocessor_dl('zones', 'zones_packed', 'label', '*', preprocess => '{"at": {"scale": "none"}}');
SELECT imputed_value FROM cerebro.describe('zones_packed') WHERE column_name = 'at';

-- ---------------------------------------------------------------- vectors
SET client_min_messages = warning;
-- a stand-in for pgvector: a type of its name with a cast to real[]
CREATE TYPE vector;
CREATE FUNCTION vector_in(cstring) RETURNS vector AS 'textin' LANGUAGE internal IMMUTABLE STRICT;
CREATE FUNCTION vector_out(vector) RETURNS cstring AS 'textout' LANGUAGE internal IMMUTABLE STRICT;
CREATE TYPE vector (INPUT = vector_in, OUTPUT = vector_out, LIKE = text);
CREATE FUNCTION vector_floats(vector) RETURNS real[] LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT translate(columns_case.vector_out($1)::text, '[]', '{}')::real[] $$;
CREATE CAST (vector AS real[]) WITH FUNCTION vector_floats(vector);
CREATE TABLE documents AS SELECT i AS id, format('[%s,%s,%s]', i % 5, i / 8.0, -i)::vector AS embedding, CASE WHEN i % 3 <> 0 THEN ARRAY[i, i]::real[] END AS pair, i % 2 AS label FROM generate_series(1, 50) i;
SELECT cerebro.training_preprocessor_dl('documents', 'documents_packed', 'label', '*', exclude => 'id', preprocess => 'auto', dtypes => '{"pair": "float32"}');
SELECT column_name, data_type, input, impute, imputed_value, indicator, elements FROM cerebro.describe('documents_packed');
SELECT count(*) AS rows, sum(v.value[1]) AS first, sum(v.value[2]) AS second, sum(v.value[3]) AS third FROM numbers_of('documents_packed', 'embedding') v;
SELECT count(*) AS rows, count(*) FILTER (WHERE value = '{0,0}') AS missing FROM numbers_of('documents_packed', 'pair');

-- ---------------------------------------------------------------- refusals
CREATE TABLE wrong AS SELECT i AS x, i::float8 AS y, 'a' || i % 5 AS word, '{"a": 1}'::json AS doc, '{"a": 1}'::jsonb AS doc_b, point(i, i) AS spot, ARRAY['a', 'b'] AS words, i % 2 AS label,
    ARRAY[i, i] AS pair, CASE WHEN i = 7 THEN NULL ELSE i END AS gap, CASE WHEN i = 3 THEN 'Infinity' ELSE i::float8 END AS endless, 1 AS one, date '2024-01-01' + i AS day FROM generate_series(1, 20) i;
\a
SELECT what, attempt(format('SELECT cerebro.training_preprocessor_dl(%s)', what)) FROM unnest(ARRAY[
    $$'wrong', 'w_packed', 'label', 'doc', preprocess => 'auto'$$,
    $$'wrong', 'w_packed', 'label', 'doc_b', preprocess => 'auto'$$,
    $$'wrong', 'w_packed', 'label', 'spot', preprocess => 'auto'$$,
    $$'wrong', 'w_packed', 'label', 'words', preprocess => 'auto'$$,
    $$'wrong', 'w_packed', 'label', '*', preprocess => 'auto'$$,
    $$'wrong', 'w_packed', 'label', 'x, x', preprocess => 'auto'$$,
    $$'wrong', 'w_packed', 'label', 'x, label', preprocess => 'auto'$$,
    $$'wrong', 'w_packed', 'label', 'x', preprocess => 'automatic'$$,
    $$'wrong', 'w_packed', 'label', 'x', preprocess => '[1]'$$,
    $$'wrong', 'w_packed', 'label', 'x', preprocess => '{"x": '$$,
    $$'wrong', 'w_packed', 'label', 'x', preprocess => '{"X": {}}'$$,
    $$'wrong', 'w_packed', 'label', 'x', preprocess => '{"y": {}}'$$,
    $$'wrong', 'w_packed', 'label', 'x', preprocess => '{"x": "mean"}'$$,
    $$'wrong', 'w_packed', 'label', 'x', preprocess => '{"x": {"imputed": "mean"}}'$$,
    $$'wrong', 'w_packed', 'label', 'x', preprocess => '{"x": {"encode": "onehot"}}'$$,
    $$'wrong', 'w_packed', 'label', 'x', preprocess => '{"x": {"encode": 1}}'$$,
    $$'wrong', 'w_packed', 'label', 'x', preprocess => '{"x": {"impute": "average"}}'$$,
    $$'wrong', 'w_packed', 'label', 'x', preprocess => '{"x": {"impute": "none"}}'$$,
    $$'wrong', 'w_packed', 'label', 'x', preprocess => '{"x": {"impute": "constant"}}'$$,
    $$'wrong', 'w_packed', 'label', 'x', preprocess => '{"x": {"impute": "mean", "value": 1}}'$$,
    $$'wrong', 'w_packed', 'label', 'x', preprocess => '{"x": {"value": "one"}}'$$,
    $$'wrong', 'w_packed', 'label', 'x', preprocess => '{"x": {"scale": "z"}}'$$,
    $$'wrong', 'w_packed', 'label', 'x', preprocess => '{"x": {"indicator": "yes"}}'$$,
    $$'wrong', 'w_packed', 'label', 'x', preprocess => '{"x": {"clip": 0.7}}'$$,
    $$'wrong', 'w_packed', 'label', 'x', preprocess => '{"x": {"clip": [5, 5]}}'$$,
    $$'wrong', 'w_packed', 'label', 'x', preprocess => '{"x": {"clip": [1, 2, 3]}}'$$,
    $$'wrong', 'w_packed', 'label', 'x', preprocess => '{"x": {"encode": "calendar"}}'$$,
    $$'wrong', 'w_packed', 'label', 'x', preprocess => '{"x": {"bins": 5}}'$$,
    $$'wrong', 'w_packed', 'label', 'y', preprocess => '{"y": {"encode": "one_hot"}}'$$,
    $$'wrong', 'w_packed', 'label', 'day', preprocess => '{"day": {"clip": [1, 2]}}'$$,
    $$'wrong', 'w_packed', 'label', 'word', preprocess => '{"word": {"encode": "none"}}'$$,
    $$'wrong', 'w_packed', 'label', 'word', preprocess => '{"word": {"impute": "mean"}}'$$,
    $$'wrong', 'w_packed', 'label', 'word', preprocess => '{"word": {"scale": "standard"}}'$$,
    $$'wrong', 'w_packed', 'label', 'word', preprocess => '{"word": {"encode": "hash", "bins": 1}}'$$,
    $$'wrong', 'w_packed', 'label', 'word', preprocess => '{"word": {"encode": "one_hot", "bins": 10}}'$$,
    $$'wrong', 'w_packed', 'label', 'word', preprocess => '{"word": {"categories": ["a", "a"]}}'$$,
    $$'wrong', 'w_packed', 'label', 'word', preprocess => '{"word": {"categories": ["a0"], "value": "b"}}'$$,
    $$'wrong', 'w_packed', 'label', 'word', preprocess => '{"word": {"encode": "ordinal", "scale": "robust"}}'$$,
    $$'wrong', 'w_packed', 'label', 'word', preprocess => '{"word": {"encode": "target", "smoothing": -1}}'$$,
    $$'wrong', 'w_packed', 'pair', 'word', preprocess => '{"word": {"encode": "target"}}'$$,
    $$'wrong', 'w_packed', 'label', 'word', preprocess => '{"word": {"clip": [0, 1]}}'$$,
    $$'wrong', 'w_packed', 'label', 'pair', preprocess => '{"pair": {"impute": "mean"}}'$$,
    $$'wrong', 'w_packed', 'label', 'pair', preprocess => '{"pair": {"scale": "minmax"}}'$$,
    $$'wrong', 'w_packed', 'label', 'gap', preprocess => '{"gap": {"impute": "error"}}'$$,
    $$'wrong', 'w_packed', 'label', 'endless', preprocess => 'auto'$$,
    $$'wrong', 'w_packed', 'label', 'one', preprocess => 'auto'$$,
    $$'wrong', 'w_packed', 'label', 'x', preprocess => 'auto', standardize => true$$,
    $$'wrong', 'w_packed', 'label', 'x', preprocess => 'auto', normalizing_const => 2$$,
    $$'wrong', 'w_packed', 'label', 'x', exclude => 'y'$$,
    $$'wrong', 'w_packed', 'label', '*', exclude => 'nobody', preprocess => 'auto'$$,
    $$'wrong', 'w_packed', 'label', '*', exclude => '{x,y,word,doc,doc_b,spot,words,pair,gap,endless,one,day}', preprocess => 'auto'$$,
    $$'wrong', 'w_packed', 'label', '*', exclude => '{x', preprocess => 'auto'$$,
    $$'wrong', 'w_packed', 'label', '*', exclude => '{doc,doc_b,spot,endless}'$$]) what;
SELECT attempt($$SELECT * FROM cerebro.describe('wrong')$$);
\a
-- a key that is written twice
SELECT cerebro.training_preprocessor_dl('wrong', 'w_packed', 'label', 'x', preprocess => '{"x": {}, "x": {"scale": "none"}}');
-- numbers at the end of the range
CREATE TABLE far AS SELECT CASE WHEN i % 2 = 0 THEN 1e308 ELSE -1e308 END::float8 AS x, i % 2 AS label FROM generate_series(1, 50) i;
SELECT cerebro.training_preprocessor_dl('far', 'far_packed', 'label', 'x', preprocess => 'auto');
SELECT imputed_value, center, spread FROM cerebro.describe('far_packed') WHERE role = 'independent';
SELECT value, count(*) FROM numbers_of('far_packed') GROUP BY 1 ORDER BY 1;
-- bounds let infinities in
SELECT cerebro.training_preprocessor_dl('wrong', 'bound_packed', 'label', 'endless', preprocess => '{"endless": {"clip": [0, 15], "scale": "none"}}');
SELECT max(value[1]), sum(value[1]) FROM numbers_of('bound_packed');
SELECT count(*) AS left_behind FROM pg_class WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = 'columns_case') AND relname LIKE '%w_packed%' AND relname NOT LIKE 'shops%' AND relname NOT LIKE '%_w_packed%';
SET client_min_messages = warning;
DROP SCHEMA columns_case CASCADE;
