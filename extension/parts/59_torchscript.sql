-- Losses and metrics of the user's own.

CREATE FUNCTION cerebro.torchscript(name text, object bytea) RETURNS text
    AS 'MODULE_PATHNAME', 'pg_cerebro_torchscript' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION cerebro.torchscript(text, bytea) IS
    'checks a function f(y_true, y_pred) in a file of torch.jit.script(f).save(); returns what compile_params takes for it';

CREATE FUNCTION cerebro.torchscript(name text, source text) RETURNS text
    AS 'MODULE_PATHNAME', 'pg_cerebro_torchscript_source' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION cerebro.torchscript(text, text) IS
    'checks a function of TorchScript, def f(y_true, y_pred): ..., and returns what compile_params takes for it';
