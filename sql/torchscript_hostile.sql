-- Functions of TorchScript that would read files, end the server or never end: they are refused, or end by a limit.
\set data `echo "$CEREBRO_TEST_DATA"`
SET client_min_messages = warning;
\set SHOW_CONTEXT never
\set VERBOSITY terse
CREATE SCHEMA torchscript_hostile;
SET search_path = torchscript_hostile, public;
SELECT pg_backend_pid() AS pid \gset

-- defaults would be computed while the text is compiled, by any operation
SELECT cerebro.torchscript('f', $$def f(y_true, y_pred, z: Tensor = torch.zeros([3]).view([int(torch.from_file(
    "/etc/passwd", False, 4, dtype=0)[0])])): return y_pred$$);
SELECT cerebro.torchscript('f', $$def g(x, n: int = int(torch.zeros([3]).view([5]))): return x * n
def f(y_true, y_pred): return g(y_pred)$$);
SELECT length(cerebro.torchscript('f', $$def g(x, n: int = -2, flag: bool = False): return x * n
def f(y_true, y_pred): return g(y_pred)$$)) > 0 AS compiled;
SELECT cerebro.torchscript('f', 'def f(y_true, y_pred, z: int = 1 % 0): return y_pred');
-- statements without end, whatever hides it
SELECT cerebro.torchscript('f', E'def f(y_true, y_pred):\n  return ' || repeat(E'-\\\n', 20000) || 'y_pred');
SELECT cerebro.torchscript('f', E'def f(y_true, y_pred):\n  return ' || repeat(E'2**\\\n', 12500) || 'y_pred');
SELECT cerebro.torchscript('f', E'def f(y_true, y_pred):\n  return ' || repeat(E'-\\\n-', 12000) || 'y_pred');
SELECT cerebro.torchscript('f', E'def f(y_true, y_pred):\n  return (#)\n' || repeat(E'-#(\n', 12000) || 'y_pred)');
SELECT cerebro.torchscript('f', E'def f(y_true, y_pred):\n  return (")" if False else ' || repeat(E'-\n', 20000)
    || 'y_pred)');
SELECT cerebro.torchscript('f', repeat(E'\n', 60000) || 'def f(y_true, y_pred): return y_pred');
-- branches and functions within each other: none ends the server
CREATE FUNCTION outcome(source text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM cerebro.torchscript('f', source);
    RETURN 'compiled';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END $$;
SELECT outcome(E'def f(y_true, y_pred):\n  n = 1\n  if n == 0:\n    n = 1\n'
    || (SELECT string_agg(format(E'  elif n == %s:\n    n = 2\n', i), '') FROM generate_series(1, 2300) i)
    || '  return y_pred') IN ('compiled', '54000') AS lives;
SELECT outcome((SELECT string_agg(format(E'def g%s(x): return %s\n', i, CASE i WHEN 0 THEN 'x' ELSE format('g%s(x)',
    i - 1) END), '' ORDER BY i) FROM generate_series(0, 1700) i) || 'def f(y_true, y_pred): return g1700(y_pred)')
    IN ('compiled', '54000') AS lives;
-- as deep as the limits allow is compiled
SELECT outcome('def f(y_true, y_pred): return y_pred * (' || repeat('-', 900) || '1.0)'),
    outcome(E'def f(y_true, y_pred):\n  s = y_pred\n' || (SELECT string_agg(repeat(' ', i)
        || E'if y_pred.size(0) > 0:\n', '' ORDER BY i) FROM generate_series(2, 189) i)
        || repeat(' ', 190) || E's = s + 1.0\n  return s\n');
-- calls that double
SELECT cerebro.torchscript('f', (SELECT string_agg(format(E'def g%s(x): return %s\n', i, CASE i WHEN 0 THEN 'x + 1.0'
    ELSE format('g%s(x) + g%s(x)', i - 1, i - 1) END), '' ORDER BY i) FROM generate_series(0, 30) i)
    || 'def f(y_true, y_pred): return g30(y_pred)');
-- constants that are computed while the text is compiled
SELECT cerebro.torchscript('f', E'def f(y_true, y_pred):\n  n = 1 % 0\n  return y_pred * n');
SELECT cerebro.torchscript('f', E'def f(y_true, y_pred):\n  s = "aaaaaaaa"\n' || repeat(E'  s = s + s\n', 60)
    || '  return y_pred * float(len(s))');
-- the session goes on
SELECT pg_backend_pid() = :pid AS lives;
SELECT length(cerebro.torchscript('f', 'def f(y_true, y_pred): return y_pred - y_true')) > 0 AS compiled;

-- while a model trains
\i :data/load_iris.sql
SELECT cerebro.training_preprocessor_dl('iris_train', 'packed', 'class_text', 'attributes', 10, NULL,
    num_partitions => 1, seed => 1);
SELECT cerebro.load_model('arch', $${"class_name": "Sequential", "config": [
  {"class_name": "Dense", "config": {"name": "b", "units": 3, "activation": "softmax",
   "batch_input_shape": [null, 4]}}]}$$);
-- constants of classes and defaults of methods, in the code of an archive
CREATE FUNCTION archive(constant text, argument text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM cerebro.init_state('arch', 1, format('loss=torchscript(name="f",source="%s"), optimizer=''sgd''', replace(
        encode(convert_to(format(E'#!torchscript 10\n#!file __torch__.py\nclass PlaceholderModule(Module):\n'
            '  __parameters__ = []\n  __buffers__ = []\n  training : bool\n%s  def forward(self: '
            '__torch__.PlaceholderModule,\n    y_true: Tensor,\n    y_pred: Tensor%s) -> Tensor:\n'
            '    return torch.sub(y_true, y_pred)\n', constant, argument), 'UTF8'), 'base64'), E'\n', '')),
        '', 'packed', 1, 1);
    RETURN 'compiled';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
SELECT archive('', '');
SELECT archive(E'  x : Final[int] = int(torch.zeros([3]).view([5]))\n', '');
SELECT archive('', ', z: int=1 % 0');
CREATE FUNCTION try(source text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    detail text;
BEGIN
    DROP TABLE IF EXISTS one, one_summary;
    PERFORM cerebro.load_model_selection_table('arch', 'one', ARRAY[1],
        ARRAY[format('loss=%s, optimizer=''sgd''', cerebro.torchscript('mine', source))], ARRAY['batch_size=8']);
    PERFORM cerebro.fit_multiple_model('packed', 'failed', 'one', 1);
    RETURN 'trained';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    -- a segment says where it is
    RETURN SQLSTATE || ' ' || regexp_replace(SQLERRM, ' +\(seg[0-9]+ [^)]*\)', '') || ' | ' ||
        regexp_replace(detail, '^.*(RuntimeError|Error): ', '');
END $$;
-- whole numbers by zero, and the least one by -1
SELECT try(E'def mine(y_true, y_pred):\n  n = y_pred.size(0) % (y_pred.size(0) - y_pred.size(0))\n  return y_pred * n');
SELECT try(E'def mine(y_true, y_pred):\n  n = y_pred.size(0) // (y_pred.size(0) - y_pred.size(0))\n  return y_pred * n');
SELECT try(E'def mine(y_true, y_pred):\n  n = -9223372036854775807 - y_pred.size(0) // y_pred.size(0)\n'
    '  return y_pred * (n // (0 - y_pred.size(0) // y_pred.size(0)))');
SELECT try(E'def mine(y_true, y_pred):\n  n = -9223372036854775807 - y_pred.size(0) // y_pred.size(0)\n'
    '  return y_pred * (n % (0 - y_pred.size(0) // y_pred.size(0)))');
SELECT try(E'def mine(y_true, y_pred):\n  t = torch.full([2], -9223372036854775807, dtype=4) - 1\n'
    '  return y_pred * (t % torch.full([2], -1, dtype=4)).sum()');
SELECT try(E'def mine(y_true, y_pred):\n  t = torch.ones([2], dtype=4)\n'
    '  return y_pred * torch.fmod(t, t - t).sum()');
SELECT try(E'def mine(y_true, y_pred):\n  t = torch.ones([2], dtype=4)\n'
    '  return y_pred * torch.div(t, t - t, rounding_mode="floor").sum()');
-- memory
SELECT try(E'def mine(y_true, y_pred):\n  return y_pred * torch.ones([100000, 100000]).sum()');
SELECT try(E'def mine(y_true, y_pred):\n  return y_pred * torch.ones([1]).expand([1000000000000]).sum()');
SELECT try(E'def mine(y_true, y_pred):\n  l = [y_pred.size(0)]\n  for i in range(60):\n    l = l + l\n'
    '  return y_pred * float(len(l))');
SELECT try(E'def mine(y_true, y_pred):\n  s = str(y_pred.size(0))\n  for i in range(60):\n    s = s + s\n'
    '  return y_pred * float(len(s))');
SELECT try(E'def mine(y_true, y_pred):\n  l = [y_pred.size(0)] * (y_pred.size(0) * 1000000000000)\n'
    '  return y_pred * float(len(l))');
SELECT try(E'def mine(y_true, y_pred):\n  l = torch.zeros([1000000000000, 0]).unbind(0)\n  return y_pred * float(len(l))');
-- hours of work can be cancelled
SET statement_timeout = '3s';
DO $$
BEGIN
    PERFORM try(E'def mine(y_true, y_pred):\n  a = torch.ones([600, 600])\n  for i in range(99999):\n'
        '    a = torch.mm(a, a) * 0.001\n  return y_pred * a.sum()');
    RAISE EXCEPTION 'it was not cancelled';
EXCEPTION WHEN query_canceled THEN
    RAISE WARNING 'cancelled';
END $$;
RESET statement_timeout;
SELECT pg_backend_pid() = :pid AS lives;
DROP SCHEMA torchscript_hostile CASCADE;
