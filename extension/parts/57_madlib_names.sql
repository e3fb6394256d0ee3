-- Names of MADlib's functions in this schema: they say what to call instead. Extension pg_cerebro_madlib has the functions themselves.

CREATE FUNCTION cerebro.load_keras_model(VARIADIC arguments "any") RETURNS void
    AS 'MODULE_PATHNAME', 'pg_cerebro_madlib_name' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.load_keras_model("any") IS 'an error that names the function to call instead of this one of MADlib';

CREATE FUNCTION cerebro.delete_keras_model(VARIADIC arguments "any") RETURNS void
    AS 'MODULE_PATHNAME', 'pg_cerebro_madlib_name' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.delete_keras_model("any") IS 'an error that names the function to call instead of this one of MADlib';

CREATE FUNCTION cerebro.madlib_keras_fit(VARIADIC arguments "any") RETURNS void
    AS 'MODULE_PATHNAME', 'pg_cerebro_madlib_name' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.madlib_keras_fit("any") IS 'an error that names the function to call instead of this one of MADlib';

CREATE FUNCTION cerebro.madlib_keras_fit_multiple_model(VARIADIC arguments "any") RETURNS void
    AS 'MODULE_PATHNAME', 'pg_cerebro_madlib_name' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.madlib_keras_fit_multiple_model("any") IS 'an error that names the function to call instead of this one of MADlib';

CREATE FUNCTION cerebro.madlib_keras_evaluate(VARIADIC arguments "any") RETURNS void
    AS 'MODULE_PATHNAME', 'pg_cerebro_madlib_name' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.madlib_keras_evaluate("any") IS 'an error that names the function to call instead of this one of MADlib';

CREATE FUNCTION cerebro.madlib_keras_predict(VARIADIC arguments "any") RETURNS void
    AS 'MODULE_PATHNAME', 'pg_cerebro_madlib_name' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.madlib_keras_predict("any") IS 'an error that names the function to call instead of this one of MADlib';

CREATE FUNCTION cerebro.madlib_keras_predict_byom(VARIADIC arguments "any") RETURNS void
    AS 'MODULE_PATHNAME', 'pg_cerebro_madlib_name' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.madlib_keras_predict_byom("any") IS 'an error that names the function to call instead of this one of MADlib';

CREATE FUNCTION cerebro.madlib_keras_automl(VARIADIC arguments "any") RETURNS void
    AS 'MODULE_PATHNAME', 'pg_cerebro_madlib_name' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.madlib_keras_automl("any") IS 'an error that names the function to call instead of this one of MADlib';

CREATE FUNCTION cerebro.hyperband_schedule(VARIADIC arguments "any") RETURNS void
    AS 'MODULE_PATHNAME', 'pg_cerebro_madlib_name' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.hyperband_schedule("any") IS 'an error that names the function to call instead of this one of MADlib';

CREATE FUNCTION cerebro.load_custom_function(VARIADIC arguments "any") RETURNS void
    AS 'MODULE_PATHNAME', 'pg_cerebro_madlib_name' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.load_custom_function("any") IS 'an error that names the function to call instead of this one of MADlib';

CREATE FUNCTION cerebro.delete_custom_function(VARIADIC arguments "any") RETURNS void
    AS 'MODULE_PATHNAME', 'pg_cerebro_madlib_name' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.delete_custom_function("any") IS 'an error that names the function to call instead of this one of MADlib';

CREATE FUNCTION cerebro.load_top_k_accuracy_function(VARIADIC arguments "any") RETURNS void
    AS 'MODULE_PATHNAME', 'pg_cerebro_madlib_name' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION cerebro.load_top_k_accuracy_function("any") IS 'an error that names the function to call instead of this one of MADlib';
