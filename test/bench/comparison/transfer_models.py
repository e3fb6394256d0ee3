"""Networks of the benchmark of transfer learning, as lists of operations. Keras's JSON, Keras's weights and the PyTorch program are all
made of them.

  residual   a stem and nine residual blocks of two convolutions (19 in all) on images of 32 x 32 x 3; its trunk dominates
  encoder    an embedding of tokens and two transformer blocks on 32 tokens

An operation is (kind, name, inputs, arguments); it is called by its name. `trunk` ends at the features of a row.
"""

import numpy

import graph_models

STAGES = [(16, 1), (32, 2), (64, 2)]
BLOCKS_A_STAGE = 3
CLASSES = 10
WORDS, TOKENS, WIDTH, HEADS, HIDDEN = 2000, 32, 64, 4, 128
EPSILON = 1e-3


def residual_trunk():
    """Operations, and the names of the layers at which a freeze may end, from the deepest to the most shallow."""
    operations = [("input", "image", [], {"shape": [32, 32, 3]})]

    def normalized(name, source, filters, stride, relu):
        operations.append(("conv", f"{name}_conv", [source], {"filters": filters, "stride": stride}))
        operations.append(("norm", f"{name}_norm", [f"{name}_conv"], {}))
        if not relu:
            return f"{name}_norm"
        operations.append(("relu", f"{name}_relu", [f"{name}_norm"], {}))
        return f"{name}_relu"

    last, ends = normalized("stem", "image", STAGES[0][0], 1, True), []
    for stage, (filters, first_stride) in enumerate(STAGES, 1):
        for block in range(1, BLOCKS_A_STAGE + 1):
            name = f"s{stage}b{block}"
            stride = first_stride if block == 1 else 1
            start = last
            last = normalized(f"{name}_second", normalized(f"{name}_first", last, filters, stride, True), filters, 1, False)
            if stride > 1:  # a shortcut of the new width
                start = normalized(f"{name}_short", start, filters, stride, False)
            operations.append(("add", f"{name}_add", [start, last], {}))
            operations.append(("relu", f"{name}_out", [f"{name}_add"], {}))
            last = f"{name}_out"
            ends.insert(0, last)
    operations.append(("average2d", "features", [last], {}))
    return operations, ["features", *ends[1:3]]


def encoder_trunk():
    operations = [("input", "tokens", [], {"shape": [TOKENS]}), ("embedding", "words", ["tokens"], {})]
    last, ends = "words", []
    for block in (1, 2):
        name = f"block{block}"
        operations += [("attention", f"{name}_attention", [last], {}),
                       ("add", f"{name}_add1", [last, f"{name}_attention"], {}),
                       ("layernorm", f"{name}_norm1", [f"{name}_add1"], {}),
                       ("dense", f"{name}_wide", [f"{name}_norm1"], {"units": HIDDEN, "activation": "relu"}),
                       ("dense", f"{name}_narrow", [f"{name}_wide"], {"units": WIDTH, "activation": "linear"}),
                       ("add", f"{name}_add2", [f"{name}_norm1", f"{name}_narrow"], {}),
                       ("layernorm", f"{name}_norm2", [f"{name}_add2"], {})]
        last = f"{name}_norm2"
        ends.insert(0, last)
    operations.append(("average1d", "features", [last], {}))
    return operations, ["features", ends[1], "words"]


def with_head(trunk, hidden):
    """The trunk and a head of dense layers with these units."""
    operations, last = list(trunk), "features"
    for number, units in enumerate(hidden, 1):
        operations.append(("dense", f"head{number}", [last], {"units": units, "activation": "relu"}))
        last = f"head{number}"
    return operations + [("dense", "classes", [last], {"units": CLASSES, "activation": "softmax"})]


def frozen_until(operations, name):
    """Names of the operations up to and including `name`."""
    frozen = set()
    for operation in operations:
        frozen.add(operation[1])
        if operation[1] == name:
            return frozen
    raise ValueError(name)


def shapes(operations):
    """name -> shape of a row."""
    found = {}
    for kind, name, inputs, arguments in operations:
        shape = list(found[inputs[0]]) if inputs else list(arguments["shape"])
        if kind == "conv":
            shape = [-(-shape[0] // arguments["stride"]), -(-shape[1] // arguments["stride"]), arguments["filters"]]
        elif kind == "dense":
            shape[-1] = arguments["units"]
        elif kind == "embedding":
            shape.append(WIDTH)
        elif kind in ("average2d", "average1d"):
            shape = shape[-1:]
        found[name] = shape
    return found


def weights(operations, seed):
    """name -> arrays in Keras's order and layout: a trunk that nobody has trained, and heads as Keras begins them."""
    draw, known, found = numpy.random.Generator(numpy.random.Philox(seed)), shapes(operations), {}

    def glorot(*shape, fan_in, fan_out):
        limit = (6 / (fan_in + fan_out)) ** 0.5
        return draw.uniform(-limit, limit, shape).astype("f4")

    for kind, name, inputs, arguments in operations:
        last = known[inputs[0]][-1] if inputs else 0
        if kind == "conv":
            size = 1 if name.endswith("_short_conv") else 3
            filters = arguments["filters"]
            found[name] = [(draw.standard_normal((size, size, last, filters)) * (2 / (size * size * last)) ** 0.5).astype("f4")]
        elif kind == "norm":
            gain = 0.3 if name.endswith("_second_norm") else 1  # sums of residuals stay small
            found[name] = [numpy.full(last, gain, "f4"), numpy.zeros(last, "f4"), numpy.zeros(last, "f4"), numpy.ones(last, "f4")]
        elif kind == "layernorm":
            found[name] = [numpy.ones(last, "f4"), numpy.zeros(last, "f4")]
        elif kind == "dense":
            units = arguments["units"]
            found[name] = [glorot(last, units, fan_in=last, fan_out=units), numpy.zeros(units, "f4")]
        elif kind == "embedding":
            found[name] = [draw.normal(0, 1, (WORDS, WIDTH)).astype("f4")]
        elif kind == "attention":
            each = WIDTH // HEADS
            for _ in range(3):
                found.setdefault(name, []).extend([glorot(WIDTH, HEADS, each, fan_in=WIDTH, fan_out=WIDTH), numpy.zeros((HEADS, each), "f4")])
            found[name] += [glorot(HEADS, each, WIDTH, fan_in=WIDTH, fan_out=WIDTH), numpy.zeros(WIDTH, "f4")]
    return found


def keras_json(operations, frozen):
    model = graph_models.Functional()
    for kind, name, inputs, arguments in operations:
        common = {"name": name, "trainable": name not in frozen}
        if kind == "input":
            shape = arguments["shape"]
            model.add("InputLayer", name=f"{name}_flat", batch_input_shape=[None, int(numpy.prod(shape))])
            model.add("Reshape", [f"{name}_flat"], target_shape=shape, **common)
        elif kind == "conv":
            size = 1 if name.endswith("_short_conv") else 3
            model.add("Conv2D", inputs, filters=arguments["filters"], kernel_size=[size, size], strides=[arguments["stride"]] * 2,
                      padding="same", use_bias=False, **common)
        elif kind == "norm":
            model.add("BatchNormalization", inputs, epsilon=EPSILON, **common)
        elif kind == "layernorm":
            model.add("LayerNormalization", inputs, epsilon=EPSILON, **common)
        elif kind == "relu":
            model.add("ReLU", inputs, **common)
        elif kind == "add":
            model.add("Add", inputs, **common)
        elif kind == "dense":
            model.add("Dense", inputs, units=arguments["units"], activation=arguments["activation"], **common)
        elif kind == "embedding":
            model.add("Embedding", inputs, input_dim=WORDS, output_dim=WIDTH, **common)
        elif kind == "attention":
            model.add("MultiHeadAttention", inputs * 2, num_heads=HEADS, key_dim=WIDTH // HEADS, **common)
        elif kind == "average2d":
            model.add("GlobalAveragePooling2D", inputs, **common)
        else:
            model.add("GlobalAveragePooling1D", inputs, **common)
    return model.json([f"{operations[0][1]}_flat"], [operations[-1][1]])


TRUNKS = {"residual": residual_trunk, "encoder": encoder_trunk}
