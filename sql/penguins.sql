-- A newcomer's way from a table as it is (text, NULLs, dates, booleans, an enum) to predictions, and labels of every type.
\pset null '(null)'
CREATE SCHEMA penguins_case;
SET search_path = penguins_case, public;
CREATE TYPE mood AS ENUM ('calm', 'nervous');
CREATE TABLE penguins AS
WITH birds AS (
    SELECT i, CASE WHEN i <= 152 THEN 'Adelie' WHEN i <= 220 THEN 'Chinstrap' ELSE 'Gentoo' END AS species, i * 7919 % 1009 / 1009.0 AS a,
           i * 104729 % 997 / 997.0 AS b, i * 1299709 % 991 / 991.0 AS c, i * 15485863::bigint % 983 / 983.0 AS d FROM generate_series(1, 344) i)
SELECT i AS id, species, CASE species WHEN 'Gentoo' THEN 'Biscoe' WHEN 'Chinstrap' THEN 'Dream' ELSE (ARRAY['Biscoe', 'Dream', 'Torgersen'])[1 + i % 3] END AS island,
       CASE WHEN i NOT IN (4, 272) THEN round(CASE species WHEN 'Adelie' THEN 38.8 WHEN 'Chinstrap' THEN 48.8 ELSE 47.5 END + 6 * (a - 0.5), 1) END AS bill_length_mm,
       CASE WHEN i NOT IN (4, 272) THEN round(CASE species WHEN 'Gentoo' THEN 15.0 ELSE 18.4 END + 3 * (b - 0.5), 1) END AS bill_depth_mm,
       CASE WHEN i NOT IN (4, 272) THEN round(CASE species WHEN 'Adelie' THEN 190 WHEN 'Chinstrap' THEN 196 ELSE 217 END + 20 * (c - 0.5))::int END AS flipper_length_mm,
       CASE WHEN i NOT IN (4, 272) THEN round(CASE species WHEN 'Gentoo' THEN 5076 ELSE 3710 END + 1200 * (d - 0.5))::int END AS body_mass_g,
       CASE WHEN i % 31 <> 4 THEN CASE WHEN d < 0.5 THEN 'female' ELSE 'male' END END AS sex, date '2007-11-11' + (i * 13 % 3) * 365 + i % 30 AS seen,
       d > 0.5 AS heavy, (CASE WHEN b < 0.5 THEN 'calm' ELSE 'nervous' END)::mood AS mood
FROM birds;
INSERT INTO penguins (id, island, bill_length_mm, bill_depth_mm, flipper_length_mm, body_mass_g, sex) VALUES (1001, 'Biscoe', 47, 15, 215, 5000, 'male'), (1002, 'Mars', 38, NULL, 189, NULL, NULL);

SELECT cerebro.training_preprocessor_dl('penguins', 'packed', 'species', '*', exclude => '{id}', preprocess => 'auto', validation_fraction => 0.2);
SELECT column_name, encode, impute, indicator, scale, elements FROM cerebro.describe('packed');
SELECT cerebro.mlp('archs', 'packed', hidden => '{{32},{64,32}}', dropout => 0.1);
SELECT cerebro.generate_model_configs('archs', 'configs', ARRAY[1, 2], cerebro.default_compile_grid('packed'), $${'batch_size': [32], 'epochs': [1]}$$);
SET client_min_messages = warning;
SELECT cerebro.fit_multiple_model('packed', 'models', 'configs', 20, validation_table => 'packed_val', workers => 0);
SELECT mst_key AS best FROM cerebro.leaderboard('models') LIMIT 1 \gset
SELECT validation_metric > 0.95 AS good FROM cerebro.leaderboard('models') LIMIT 1;
SELECT cerebro.register('newcomer_species', 'models', mst_key => :best);
SELECT id, cerebro.predict('newcomer_species', p) AS species FROM penguins p WHERE species IS NULL ORDER BY 1;
SELECT avg((cerebro.predict('newcomer_species', p) = species)::int) > 0.95 AS good FROM penguins p;
-- every way of asking gives the same
SELECT cerebro.predict('models', 'penguins', 'id', '*', 'estimates', pred_type => 'response', mst_key => :best);
SELECT count(*) AS rows, count(*) FILTER (WHERE cerebro.predict('newcomer_species', p) <> e.class_value OR t.prediction <> e.class_value
        OR cerebro.predict('newcomer_species', island, bill_length_mm, bill_depth_mm, flipper_length_mm, body_mass_g, sex, seen, heavy, mood) <> e.class_value) AS different,
       count(*) FILTER (WHERE abs(t.probability - e.prob) > 1e-5) AS other_probability
FROM penguins p JOIN estimates e USING (id) JOIN cerebro.predict_table('newcomer_species', 'penguins') AS t(id bigint, prediction text, probability real) USING (id);

-- labels of other types
CREATE FUNCTION learn(label text, left_out text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    good boolean;
BEGIN
    PERFORM cerebro.training_preprocessor_dl('penguins', label || '_packed', label, '*', exclude => left_out, preprocess => 'auto', dependent_type => CASE label WHEN 'body_mass_g' THEN 'real' END);
    PERFORM cerebro.mlp(label || '_archs', label || '_packed', hidden => '{{32}}');
    PERFORM cerebro.load_model_selection_table(label || '_archs', label || '_configs', ARRAY[1], ARRAY[cerebro.default_compile_params(label || '_packed')], ARRAY['batch_size=16,epochs=1']);
    PERFORM cerebro.fit_multiple_model(label || '_packed', label || '_models', label || '_configs', 20, workers => 0);
    RETURN cerebro.register('newcomer_' || label, label || '_models') = 1;
END $$;
SELECT learn('heavy', '{id,seen}'), learn('mood', '{id,seen}'), learn('body_mass_g', '{id,seen}');
-- as text they cast back to the column's type
SELECT avg((cerebro.predict('newcomer_heavy', p)::boolean = heavy)::int) > 0.8 AS boolean, avg((cerebro.predict('newcomer_mood', p)::mood = mood)::int) > 0.8 AS enum,
       bool_and(cerebro.predict('newcomer_body_mass_g', p)::float8::real = cerebro.predict_number('newcomer_body_mass_g', p)::real) AS number FROM penguins p WHERE id <= 344;
CREATE TABLE days AS SELECT i AS id, 'w' || i % 3 AS word, CASE WHEN i % 7 <> 0 THEN i % 3 END AS x, date '2024-02-28' + i % 3 AS day FROM generate_series(1, 300) i;
SELECT cerebro.training_preprocessor_dl('days', 'day_packed', 'day', 'word, x', preprocess => 'auto');
SELECT cerebro.mlp('day_archs', 'day_packed', hidden => '{{16}}');
SELECT cerebro.load_model_selection_table('day_archs', 'day_configs', ARRAY[1], ARRAY[cerebro.default_compile_params('day_packed')], ARRAY['batch_size=16,epochs=1']);
SELECT cerebro.fit_multiple_model('day_packed', 'day_models', 'day_configs', 30, workers => 0);
SELECT count(*) AS rows, count(*) FILTER (WHERE cerebro.predict('day_models', d)::date = day) AS right_days FROM days d;

-- wrong input
\set VERBOSITY default
SELECT cerebro.predict('newcomer_speces', p) FROM penguins p LIMIT 1;
SELECT cerebro.predict('newcomer_species', ROW(1, 2));
SELECT cerebro.predict('newcomer_species', r) FROM (SELECT island, bill_length_mm FROM penguins LIMIT 1) r;
SELECT cerebro.predict('newcomer_species', NULL::penguins) IS NULL AS nothing;
SELECT cerebro.drop_model('newcomer_' || m) FROM unnest(ARRAY['species', 'heavy', 'mood', 'body_mass_g']) m;
SET client_min_messages = warning;
DROP SCHEMA penguins_case CASCADE;
