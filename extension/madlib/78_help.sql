-- Texts of help of training, scoring and search.

CREATE FUNCTION @madlib@.madlib_keras_fit(message varchar DEFAULT '') RETURNS varchar
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $f$
    SELECT @madlib@._help('madlib_keras_fit', $1,
'Trains one model on a packed table. In each iteration all partitions (segments) train the same weights on their
rows, and the weights are averaged.',
'SELECT @madlib@.madlib_keras_fit(
    source_table,              -- packed table, made by training_preprocessor_dl()
    model,                     -- table to be made: model_weights, model_arch; and <model>_summary
    model_arch_table,          -- table of architectures
    model_id,                  -- architecture, by its number
    compile_params,            -- such as $$ loss=''categorical_crossentropy'', optimizer=''adam'',
        metrics=[''accuracy''] $$
    fit_params,                -- such as $$ batch_size=5, epochs=3 $$
    num_iterations,
    use_gpus,                  -- default false
    validation_table,          -- packed table, made by validation_preprocessor_dl()
    metrics_compute_frequency, -- metrics after every so many iterations; default: after the last one
    warm_start,                -- true: goes on with the weights of the table model, which must be there
    name, description,         -- kept in the summary
    object_table               -- table of custom functions
);');
$f$;
COMMENT ON FUNCTION @madlib@.madlib_keras_fit(varchar) IS 'help about madlib_keras_fit';

CREATE FUNCTION @madlib@.madlib_keras_evaluate(message varchar DEFAULT '') RETURNS varchar
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $f$
    SELECT @madlib@._help('madlib_keras_evaluate', $1,
'Computes loss and metric of a trained model over a packed table.',
'SELECT @madlib@.madlib_keras_evaluate(
    model_table,   -- made by madlib_keras_fit(), madlib_keras_fit_multiple_model() or madlib_keras_automl(),
        or by pg_cerebro
    test_table,    -- packed table
    output_table,  -- table to be made: loss, metric, metrics_type, loss_type
    use_gpus,      -- default false
    mst_key        -- which model, of a table of several
);');
$f$;
COMMENT ON FUNCTION @madlib@.madlib_keras_evaluate(varchar) IS 'help about madlib_keras_evaluate';

CREATE FUNCTION @madlib@.madlib_keras_predict(message varchar DEFAULT '') RETURNS varchar
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $f$
    SELECT @madlib@._help('madlib_keras_predict', $1,
'Predicts the rows of a plain table by a trained model.',
'SELECT @madlib@.madlib_keras_predict(
    model_table,
    test_table,           -- one row an example, not packed
    id_col,
    independent_varname,  -- column of arrays; several with commas, in the order of the inputs
    output_table,         -- table to be made: <id_col>, class_name, class_value, prob, rank
    pred_type,            -- ''prob'' (default): all classes; ''response'': the best;
                          -- n > 0: the n best; 0 <= p < 1: those above p
    use_gpus,             -- default false
    mst_key               -- which model, of a table of several
);');
$f$;
COMMENT ON FUNCTION @madlib@.madlib_keras_predict(varchar) IS 'help about madlib_keras_predict';

CREATE FUNCTION @madlib@.madlib_keras_predict_byom(message varchar DEFAULT '') RETURNS varchar
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $f$
    SELECT @madlib@._help('madlib_keras_predict_byom', $1,
'Predicts the rows of a plain table by an architecture that was loaded with its weights: bring your own model.',
'SELECT @madlib@.madlib_keras_predict_byom(
    model_arch_table,
    model_id,
    test_table,           -- one row an example, not packed
    id_col,
    independent_varname,
    output_table,         -- table to be made: <id_col>, class_name, class_value, prob, rank
    pred_type,            -- as of madlib_keras_predict()
    use_gpus,             -- default false
    class_values,         -- such as ARRAY[ARRAY[''cat'', ''dog'']], in the order of the outputs; default: 0, 1, ...
    normalizing_const,    -- numbers are divided by it; default 1
    dependent_count       -- outputs of the model; default 1
);');
$f$;
COMMENT ON FUNCTION @madlib@.madlib_keras_predict_byom(varchar) IS 'help about madlib_keras_predict_byom';
