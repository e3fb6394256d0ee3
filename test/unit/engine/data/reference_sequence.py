"""Recurrent layers and what is around them, attention, and the remaining merges: Keras's formulas on numpy's arrays.

Recurrent layers walk step by step, as keras.layers.rnn of TensorFlow 2.15 does (backend.rnn, unrolled): a masked step keeps state and output.
"""
import numpy

import golden_case
from golden_case import ACTIVATIONS, dense, softmax

sigmoid, tanh = ACTIVATIONS["sigmoid"], ACTIVATIONS["tanh"]
WORDS = [[1, 2, 0, 0, 3], [0, 4, 1, 2, 0], [5, 0, 3, 3, 1]]


class Case(golden_case.Case):
    def add(self, class_name, name, inbound, **config):
        """inbound: names, or (name, node, tensor); one such list, or a list of lists for a layer that is called more than once."""
        super().add(class_name, name, [], **config)
        calls = inbound if isinstance(inbound[0], list) else [inbound]
        nodes = [[[*(n if isinstance(n, tuple) else (n, 0, 0)), {}] for n in call] for call in calls]
        self.layers[-1]["inbound_nodes"] = nodes

    def weight(self, *shape):
        super().weight(*shape, values=self.draw(*shape))  # an array even where the shape is ()

    def embedding(self, name="table", size=2):
        self.input("words", 5, values=WORDS)
        self.add("Embedding", name, ["words"], input_dim=6, output_dim=size, mask_zero=True)
        self.weight(6, size)

    def cell(self, kind, features, units, bias=True):
        gates = GATES[kind]
        self.weight(features, gates * units)
        self.weight(units, gates * units)
        if bias:
            self.weight(*((2, 3 * units) if kind == "GRU" else (gates * units,)))


GATES = {"LSTM": 4, "GRU": 3, "SimpleRNN": 1}


def parts(array, n):
    size = array.shape[-1] // n
    return [array[..., i * size:(i + 1) * size] for i in range(n)]


def step_of(kind, x, state, kernel, recurrent, bias):
    h = state[0]
    if kind == "SimpleRNN":
        return [tanh(x @ kernel + h @ recurrent + (0 if bias is None else bias))]
    if kind == "LSTM":
        i, f, g, o = parts(x @ kernel + h @ recurrent + (0 if bias is None else bias), 4)
        c = sigmoid(f) * state[1] + sigmoid(i) * tanh(g)
        return [sigmoid(o) * tanh(c), c]
    xz, xr, xh = parts(x @ kernel + (0 if bias is None else bias[0]), 3)
    hz, hr, hh = parts(h @ recurrent + (0 if bias is None else bias[1]), 3)
    z = sigmoid(xz + hz)
    return [z * h + (1 - z) * tanh(xh + sigmoid(xr + hr) * hh)]


def walk(kind, x, w, backwards=False, mask=None, initial=None, zeros=False):
    """Returns (outputs of all steps in their order, last output, states)."""
    kernel, recurrent, bias = w[0], w[1], w[2] if len(w) > 2 else None
    units = recurrent.shape[0]
    zero = numpy.zeros((len(x), units), dtype=numpy.result_type(x, *w))
    state = [zero] * (2 if kind == "LSTM" else 1) if initial is None else list(initial)
    outputs, output = [], zero
    for t in reversed(range(x.shape[1])) if backwards else range(x.shape[1]):
        new = step_of(kind, x[:, t], state, kernel, recurrent, bias)
        if mask is None:
            state, output = new, new[0]
        else:
            keep = mask[:, t, None]
            output = numpy.where(keep, new[0], zero if zeros else output)
            state = [numpy.where(keep, a, b) for a, b in zip(new, state)]
        outputs.append(output)
    return numpy.stack(outputs, axis=1), output, state


def simple_rnns():
    for name, config in (("last", {}), ("sequences", {"return_sequences": True}), ("backwards", {"go_backwards": True, "use_bias": False}),
                         ("masked", {"mask": True})):
        case = Case("simple_rnn_" + name)
        config = dict(config)
        masked = config.pop("mask", False)
        if masked:
            case.embedding()
        else:
            case.input("x", 4, 2)
        case.add("SimpleRNN", "rnn", ["table" if masked else "x"], units=3, activation="tanh", **config)
        case.cell("SimpleRNN", 2, 3, config.get("use_bias", True))

        def forward(x, w):
            mask = x[0] != 0 if masked else None
            data = w[0][x[0].astype(int)] if masked else x[0]
            all_steps, last, _ = walk("SimpleRNN", data, w[1:] if masked else w, config.get("go_backwards", False), mask)
            return [all_steps if config.get("return_sequences") else last]

        case.finish(["rnn"], forward)


def states():
    # encoder and decoder
    case = Case("lstm_encoder_decoder")
    case.input("source", 4, 2)
    case.input("target", 3, 2)
    case.add("LSTM", "encoder", ["source"], units=3, return_state=True)
    case.cell("LSTM", 2, 3)
    case.add("LSTM", "decoder", ["target", ("encoder", 0, 1), ("encoder", 0, 2)], units=3, return_sequences=True)
    case.cell("LSTM", 2, 3)
    case.finish(["decoder"], lambda x, w: [walk("LSTM", x[1], w[3:6], initial=walk("LSTM", x[0], w[:3])[2])[0]])

    # all outputs of one that returns both, added up
    for kind in ("GRU", "LSTM"):
        case = Case(kind.lower() + "_sequences_and_state")
        case.input("x", 4, 2)
        case.add(kind, "rnn", ["x"], units=3, return_sequences=True, return_state=True, go_backwards=True)
        case.cell(kind, 2, 3)
        case.add("Reshape", "as_step", [("rnn", 0, 1)], target_shape=[1, 3])
        case.add("Multiply", "product", [("rnn", 0, 0), "as_step"])
        case.finish(["product"], lambda x, w: [(lambda r: r[0] * r[2][0][:, None])(walk(kind, x[0], w, backwards=True))])

    # masked steps at the start give zeros, not the initial state
    for kind in ("GRU", "LSTM", "SimpleRNN"):
        case = Case(kind.lower() + "_initial_state_masked")
        case.embedding()
        for name in ("h", "c")[:2 if kind == "LSTM" else 1]:
            case.input(name, 3)
        case.add(kind, "rnn", ["table"] + ["h", "c"][:2 if kind == "LSTM" else 1], units=3, return_sequences=True)
        case.cell(kind, 2, 3)
        case.add("Flatten", "flat", ["rnn"])

        def forward(x, w):
            return [walk(kind, w[0][x[0].astype(int)], w[1:], mask=x[0] != 0, initial=x[1:])[0].reshape(3, -1)]

        case.finish(["flat"], forward)


def bidirectional(case, kind, inbound, features, units, merge_mode, **config):
    own = config.pop("wrapper", {})
    layer = {"class_name": kind, "config": dict(config, name="rnn", units=units, trainable=True, dtype="float32")}
    case.add("Bidirectional", "both", inbound, layer=layer, merge_mode=merge_mode, **own)
    case.cell(kind, features, units)
    case.cell(kind, features, units)


MERGES = {"concat": lambda a, b: numpy.concatenate([a, b], axis=-1), "sum": lambda a, b: a + b, "mul": lambda a, b: a * b,
          "ave": lambda a, b: (a + b) / 2}


def both(kind, x, w, mode, sequences, mask=None, initial=None):
    half = len(w) // 2
    initial = initial or [None, None]
    a = walk(kind, x, w[:half], False, mask, initial[0], zeros=sequences)
    b = walk(kind, x, w[half:], True, mask, initial[1], zeros=sequences)
    pair = (a[0], b[0][:, ::-1]) if sequences else (a[1], b[1])
    return pair if mode is None else MERGES[mode](*pair)


def bidirectionals():
    for mode in MERGES:
        for sequences in (False, True):
            kind = {"concat": "LSTM", "sum": "GRU", "mul": "SimpleRNN", "ave": "GRU"}[mode]
            case = Case("bidirectional_%s%s" % (mode, "_sequences" if sequences else ""))
            case.input("x", 4, 2)
            bidirectional(case, kind, ["x"], 2, 3, mode, return_sequences=sequences)
            case.finish(["both"], lambda x, w: [both(kind, x[0], w, mode, sequences)])

    case = Case("bidirectional_masked")
    case.embedding()
    bidirectional(case, "LSTM", ["table"], 2, 3, "concat", return_sequences=True)
    case.add("Flatten", "flat", ["both"])
    case.finish(["flat"], lambda x, w: [both("LSTM", w[0][x[0].astype(int)], w[1:], "concat", True, x[0] != 0).reshape(3, -1)])

    case = Case("bidirectional_masked_last")
    case.embedding()
    bidirectional(case, "GRU", ["table"], 2, 3, "concat")
    case.finish(["both"], lambda x, w: [both("GRU", w[0][x[0].astype(int)], w[1:], "concat", False, x[0] != 0)])

    # no merge, and a backward layer of its own
    case = Case("bidirectional_apart")
    case.input("x", 4, 2)
    own = {"class_name": "LSTM", "config": {"name": "other", "units": 3, "go_backwards": True, "return_sequences": True, "use_bias": False}}
    layer = {"class_name": "LSTM", "config": {"name": "rnn", "units": 3, "return_sequences": True}}
    case.add("Bidirectional", "both", ["x"], layer=layer, backward_layer=own, merge_mode=None)
    case.cell("LSTM", 2, 3)
    case.cell("LSTM", 2, 3, bias=False)
    case.add("Subtract", "difference", [("both", 0, 0), ("both", 0, 1)])
    case.finish(["difference"], lambda x, w: [walk("LSTM", x[0], w[:3])[0] - walk("LSTM", x[0], w[3:], backwards=True)[0][:, ::-1]])

    # states of both halves begin the next one
    case = Case("bidirectional_states")
    case.input("x", 4, 2)
    case.input("y", 3, 2)
    bidirectional(case, "LSTM", ["x"], 2, 3, "concat", return_state=True)
    layer = {"class_name": "LSTM", "config": {"name": "rnn", "units": 3}}
    case.add("Bidirectional", "next", ["y"] + [("both", 0, i) for i in (1, 2, 3, 4)], layer=layer, merge_mode="sum")
    case.cell("LSTM", 2, 3)
    case.cell("LSTM", 2, 3)

    def forward(x, w):
        a, b = walk("LSTM", x[0], w[:3])[2], walk("LSTM", x[0], w[3:6], backwards=True)[2]
        return [both("LSTM", x[1], w[6:], "sum", False, initial=[a, b])]

    case.finish(["next"], forward)


def convolve(x, kernel, bias):
    size = kernel.shape[0]
    rows, columns = x.shape[1] - size + 1, x.shape[2] - size + 1
    return sum(numpy.tensordot(x[:, i:i + rows, j:j + columns], kernel[i, j], axes=1) for i in range(size) for j in range(size)) + bias


def time_distributed():
    def wrap(class_name, **config):
        return {"class_name": class_name, "config": dict(config, name="inner", trainable=True, dtype="float32")}

    case = Case("time_distributed_dense")
    case.input("x", 4, 3)
    case.add("TimeDistributed", "each", ["x"], layer=wrap("Dense", units=2, activation="tanh"))
    case.weight(3, 2)
    case.weight(2)
    case.finish(["each"], lambda x, w: [tanh(dense(x[0], w[0], w[1]))])

    case = Case("time_distributed_images")
    case.input("x", 3, 4, 4, 1)
    case.add("TimeDistributed", "conv", ["x"], layer=wrap("Conv2D", filters=2, kernel_size=[3, 3], activation="tanh"))
    case.weight(3, 3, 1, 2)
    case.weight(2)
    case.add("TimeDistributed", "flat", ["conv"], layer=wrap("Flatten"))
    case.add("LSTM", "rnn", ["flat"], units=2)
    case.cell("LSTM", 8, 2)

    def images(x, w):
        y = tanh(convolve(x[0].reshape(9, 4, 4, 1), w[0], w[1])).reshape(3, 3, 8)
        return [walk("LSTM", y, w[2:])[1]]

    case.finish(["rnn"], images)

    # sentences of words: a layer over each sentence, whose words are masked
    case = Case("time_distributed_words")
    case.input("x", 2, 5, values=[[WORDS[0], WORDS[1]], [WORDS[1], WORDS[2]], [WORDS[2], WORDS[0]]])
    case.add("TimeDistributed", "table", ["x"], layer=wrap("Embedding", input_dim=6, output_dim=2, mask_zero=True))
    case.weight(6, 2)
    bi = {"class_name": "Bidirectional", "config": {"name": "bi", "merge_mode": "concat",
                                                    "layer": {"class_name": "GRU", "config": {"name": "g", "units": 2}}}}
    case.add("TimeDistributed", "sentence", ["table"], layer=bi)
    case.cell("GRU", 2, 2)
    case.cell("GRU", 2, 2)
    case.add("LSTM", "document", ["sentence"], units=2)
    case.cell("LSTM", 4, 2)

    def words(x, w):
        ids = x[0].reshape(6, 5).astype(int)
        y = both("GRU", w[0][ids], w[1:7], "concat", False, ids != 0).reshape(3, 2, 4)
        return [walk("LSTM", y, w[7:])[1]]

    case.finish(["document"], words)

    # two levels, and a model inside
    inner = {"class_name": "Sequential", "config": {"name": "m", "layers": [
        {"class_name": "Dense", "config": {"name": "d", "units": 2, "activation": "tanh", "batch_input_shape": [None, 2, 3]}},
        {"class_name": "LayerNormalization", "config": {"name": "n", "axis": [1, 2], "epsilon": 0.001}}]}}
    case = Case("time_distributed_model_twice")
    case.input("x", 2, 3, 2, 3)
    case.add("TimeDistributed", "each", ["x"], layer={"class_name": "TimeDistributed", "config": {"name": "td", "layer": inner}})
    case.weight(3, 2)
    case.weight(2)
    case.weight(2, 2)
    case.weight(2, 2)

    def normalised(x, w):
        y = tanh(dense(x[0], w[0], w[1]))
        mean = y.mean(axis=(3, 4), keepdims=True)
        variance = ((y - mean) ** 2).mean(axis=(3, 4), keepdims=True)
        return [(y - mean) / numpy.sqrt(variance + 0.001) * w[2] + w[3]]

    case.finish(["each"], normalised)


def masking():
    values = numpy.round(numpy.random.RandomState(7).randn(3, 4, 2) * 64) / 64
    values[0, 1] = values[1, 3] = values[2, 0] = 0.5
    values[2, 1, 0] = 0.5
    case = Case("masking")
    case.input("x", 4, 2, values=values)
    case.add("Masking", "mask", ["x"], mask_value=0.5)
    case.add("LSTM", "rnn", ["mask"], units=3)
    case.cell("LSTM", 2, 3)
    case.finish(["rnn"], lambda x, w: [walk("LSTM", x[0], w, mask=(x[0] != 0.5).any(axis=-1))[1]])

    case = Case("masking_zeros")
    case.input("x", 4, 2, values=values)
    case.dense("first", ["x"], 2, 2)
    case.add("Masking", "mask", ["x"], mask_value=0.5)
    case.add("Flatten", "flat", ["mask"])
    case.add("Flatten", "other", ["first"])
    case.add("Add", "sum", ["flat", "other"])
    case.finish(["sum"], lambda x, w: [(x[0] * (x[0] != 0.5).any(axis=-1, keepdims=True) + dense(x[0], w[0], w[1])).reshape(3, -1)])


def merges():
    def pair(name, class_name, function, n=2):
        case = Case(name)
        case.input("x", 3)
        for i in range(n):
            case.dense("abc"[i], ["x"], 4, 3)
        case.add(class_name, "merge", list("abc"[:n]))
        case.finish(["merge"], lambda x, w: [function(*[dense(x[0], w[2 * i], w[2 * i + 1]) for i in range(n)])])

    def least(a, b):
        return numpy.where(a.real <= b.real, a, b)

    pair("merge_subtract", "Subtract", lambda a, b: a - b)
    pair("merge_minimum", "Minimum", lambda a, b, c: least(least(a, b), c), 3)

    def dots(name, shapes, function, **config):
        case = Case(name)
        for i, shape in enumerate(shapes):
            case.input("xy"[i], *shape)
            case.dense("ab"[i], ["xy"[i]], shape[-1], shape[-1])
        case.add("Dot", "dot", ["a", "b"], **config)
        case.finish(["dot"], lambda x, w: [function(dense(x[0], w[0], w[1]), dense(x[1], w[2], w[3]))])

    def unit(x, axis):
        return x / numpy.sqrt((x * x).sum(axis=axis, keepdims=True))

    dots("dot_vectors", [(3,), (3,)], lambda a, b: (a * b).sum(axis=1, keepdims=True), axes=-1, normalize=False)
    dots("dot_cosine", [(3,), (3,)], lambda a, b: (unit(a, 1) * unit(b, 1)).sum(axis=1, keepdims=True), axes=1, normalize=True)
    dots("dot_matrices", [(2, 3), (4, 3)], lambda a, b: numpy.einsum("bik,bjk->bij", a, b), axes=2)
    dots("dot_two_axes", [(2, 3, 4), (3, 5)], lambda a, b: numpy.einsum("bikl,bkj->bilj", a, b), axes=[2, 1])
    dots("dot_columns", [(3, 2), (3, 4)], lambda a, b: numpy.einsum("bki,bkj->bij", unit(a, 1), unit(b, 1)), axes=[1, 1], normalize=True)


def weighted(scores, value, visible=None):
    if visible is not None:
        scores = scores + numpy.where(visible, 0.0, -1e9)
    return softmax(scores) @ value


def attention():
    def case_of(name, class_name, function, inputs=((3, 2), (4, 2)), weights=(), **config):
        case = Case(name)
        for i, shape in enumerate(inputs):
            case.input("qvk"[i], *shape)
            case.dense("abc"[i], ["qvk"[i]], shape[-1], shape[-1])
        case.add(class_name, "attention", list("abc"[:len(inputs)]), **config)
        for shape in weights:
            case.weight(*shape)
        n = len(inputs)
        case.finish(["attention"], lambda x, w: [function([dense(x[i], w[2 * i], w[2 * i + 1]) for i in range(n)], w[2 * n:])])

    def scores(q, k):
        return q @ k.swapaxes(-1, -2)

    def pairs(q, k):
        return q[:, :, None] + k[:, None]

    case_of("attention_dot", "Attention", lambda x, w: weighted(scores(x[0], x[1]), x[1]), use_scale=False)
    case_of("attention_scale_key", "Attention", lambda x, w: weighted(scores(x[0], x[2]) * w[0], x[1]),
            inputs=((3, 2), (4, 3), (4, 2)), weights=[()], use_scale=True)
    case_of("attention_concat", "Attention", lambda x, w: weighted(w[1] * tanh(w[0] * pairs(x[0], x[1])).sum(-1), x[1]),
            weights=[(), ()], use_scale=True, score_mode="concat")
    case_of("attention_causal", "Attention", lambda x, w: weighted(scores(x[0], x[1]), x[1], numpy.tri(4, dtype=bool)),
            inputs=((4, 2), (4, 2)), causal=True)
    case_of("additive_attention", "AdditiveAttention", lambda x, w: weighted((w[0] * tanh(pairs(x[0], x[1]))).sum(-1), x[1]),
            weights=[(2,)], use_scale=True)

    case = Case("attention_masked")
    case.embedding()
    case.input("x", 4, 2)
    case.add("Attention", "attention", ["x", "table"])
    case.finish(["attention"], lambda x, w: [(lambda v: weighted(scores(x[1], v), v, (x[0] != 0)[:, None]))(w[0][x[0].astype(int)])])

    case = Case("attention_masked_query")
    case.embedding()
    case.add("Attention", "attention", ["table", "table"])
    case.add("Flatten", "flat", ["attention"])

    def both_masked(x, w):
        seen, v = x[0] != 0, w[0][x[0].astype(int)]
        return [(weighted(scores(v, v), v, seen[:, None]) * seen[:, :, None]).reshape(3, -1)]

    case.finish(["flat"], both_masked)


def heads(q, v, k, w, bias=True, visible=None):
    """w: kernel [bias] of query, key, value and output."""
    step = 2 if bias else 1

    def project(x, i):
        return numpy.einsum("btd,dhk->bhtk", x, w[i * step]) + (w[i * step + 1][:, None] if bias else 0)

    scores = project(q, 0) @ project(k, 1).swapaxes(-1, -2) / numpy.sqrt(w[0].shape[-1])
    y = numpy.einsum("bhtk,hko->bto", weighted(scores, project(v, 2), visible), w[3 * step])
    return y + (w[3 * step + 1] if bias else 0)


def multi_head(case, name, inbound, sizes, number, key_dim, value_dim=None, out=None, bias=True, **config):
    q, v, k = sizes
    case.add("MultiHeadAttention", name, inbound, num_heads=number, key_dim=key_dim, value_dim=value_dim, dropout=0.0, use_bias=bias,
             output_shape=out, attention_axes=None, **config)
    for size, width in ((q, key_dim), (k, key_dim), (v, value_dim or key_dim)):
        case.weight(size, number, width)
        if bias:
            case.weight(number, width)
    case.weight(number, value_dim or key_dim, out or q)
    if bias:
        case.weight(out or q)


def multi_heads():
    case = Case("multi_head_self")
    case.input("x", 4, 3)
    multi_head(case, "heads", ["x", "x"], (3, 3, 3), 2, 2)
    case.finish(["heads"], lambda x, w: [heads(x[0], x[0], x[0], w)])

    case = Case("multi_head_cross")
    for name, shape in (("q", (3, 2)), ("v", (4, 3)), ("k", (4, 2))):
        case.input(name, *shape)
    multi_head(case, "heads", ["q", "v", "k"], (2, 3, 2), 2, 3, value_dim=2, out=3, bias=False)
    case.finish(["heads"], lambda x, w: [heads(x[0], x[1], x[2], w, bias=False)])

    case = Case("multi_head_causal")
    case.input("x", 4, 3)
    multi_head(case, "heads", ["x", "x"], (3, 3, 3), 2, 2, use_causal_mask=True)
    case.finish(["heads"], lambda x, w: [heads(x[0], x[0], x[0], w, visible=numpy.tri(4, dtype=bool))])

    case = Case("multi_head_masked")
    case.embedding(size=3)
    case.input("x", 4, 2)
    multi_head(case, "heads", ["x", "table"], (2, 3, 3), 2, 2)
    case.finish(["heads"], lambda x, w: [(lambda v: heads(x[1], v, v, w[1:], visible=(x[0] != 0)[:, None, None]))(w[0][x[0].astype(int)])])


def models():
    # a tower that two inputs share, which holds a tower
    def sequential(name, *entries):
        return {"name": name, "layers": list(entries)}

    inner = sequential("core", {"class_name": "Dense", "config": {"name": "d", "units": 2, "activation": "tanh"}})
    tower = sequential("tower", {"class_name": "InputLayer", "config": {"name": "in", "batch_input_shape": [None, 3]}},
                       {"class_name": "Dense", "config": {"name": "d", "units": 4, "activation": "sigmoid"}},
                       {"class_name": "Sequential", "config": inner})
    case = Case("shared_towers")
    case.input("left", 3)
    case.input("right", 3)
    case.layers.append({"class_name": "Sequential", "name": "tower", "config": tower,
                        "inbound_nodes": [[["left", 0, 0, {}]], [["right", 0, 0, {}]]]})
    case.weight(3, 4)
    case.weight(4)
    case.weight(4, 2)
    case.weight(2)
    case.add("Dot", "dot", [("tower", 1, 0), ("tower", 2, 0)], axes=1, normalize=True)

    def forward(x, w):
        a, b = [tanh(dense(sigmoid(dense(v, w[0], w[1])), w[2], w[3])) for v in x]
        return [(a * b).sum(1, keepdims=True) / numpy.sqrt((a * a).sum(1, keepdims=True) * (b * b).sum(1, keepdims=True))]

    case.finish(["dot"], forward)


def make_golden():
    for group in (simple_rnns, states, bidirectionals, time_distributed, masking, merges, attention, multi_heads, models):
        group()
