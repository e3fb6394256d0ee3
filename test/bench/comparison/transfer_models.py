"""Networks of the benchmark of transfer learning, as lists of operations. Keras's JSON, Keras's weights and the PyTorch program are all
made of them.

  residual   a stem and nine residual blocks of two convolutions (19 in all) on images of 32 x 32 x 3; its trunk dominates
  encoder    an embedding of tokens and two transformer blocks on 32 tokens
  plain      convolutions one behind the other
  dense      dense layers one behind the other

The last two, and other sizes of the first two, are for random workloads (transfer_random.py). An operation is (kind, name, inputs,
arguments); it is called by its name. A trunk ends at the features of a row; with it come the layers at which a freeze may end, from the
deepest to the most shallow.
"""

import numpy

import graph_models

STAGES = [(16, 1), (32, 2), (64, 2)]
BLOCKS_A_STAGE = 3
CLASSES = 10
WORDS, TOKENS, WIDTH, HEADS, HIDDEN = 2000, 32, 64, 4, 128
EPSILON = 1e-3


def convolution(operations, name, source, filters, stride, relu):
    """A convolution with its normalization, and perhaps a ReLU; returns the name of the last."""
    operations.append(("conv", f"{name}_conv", [source], {"filters": filters, "stride": stride}))
    operations.append(("norm", f"{name}_norm", [f"{name}_conv"], {}))
    if not relu:
        return f"{name}_norm"
    operations.append(("relu", f"{name}_relu", [f"{name}_norm"], {}))
    return f"{name}_relu"


def residual_trunk(stages=STAGES, blocks=BLOCKS_A_STAGE, size=32, relu=True):
    operations = [("input", "image", [], {"shape": [size, size, 3]})]
    last, ends = convolution(operations, "stem", "image", stages[0][0], 1, relu), []
    for stage, (filters, first_stride) in enumerate(stages, 1):
        for block in range(1, blocks + 1):
            name = f"s{stage}b{block}"
            stride = first_stride if block == 1 else 1
            start = last
            first = convolution(operations, f"{name}_first", last, filters, stride, relu)
            last = convolution(operations, f"{name}_second", first, filters, 1, False)
            if stride > 1:  # a shortcut of the new width
                start = convolution(operations, f"{name}_short", start, filters, stride, False)
            operations.append(("add", f"{name}_add", [start, last], {}))
            last = f"{name}_add"
            if relu:
                operations.append(("relu", f"{name}_out", [last], {}))
                last = f"{name}_out"
            ends.insert(0, last)
    operations.append(("average2d", "features", [last], {}))
    return operations, ["features", *ends[1:]]


def encoder_trunk(blocks=2, words=WORDS, tokens=TOKENS, width=WIDTH, heads=HEADS, hidden=HIDDEN, relu=True):
    """A freeze may end behind a whole block, or behind its attention, so that its feed-forward part is trained."""
    operations = [("input", "tokens", [], {"shape": [tokens]}), ("embedding", "words", ["tokens"], {"words": words, "width": width})]
    last, ends = "words", []
    for block in range(1, blocks + 1):
        name = f"block{block}"
        operations += [("attention", f"{name}_attention", [last], {"heads": heads}),
                       ("add", f"{name}_add1", [last, f"{name}_attention"], {}),
                       ("layernorm", f"{name}_norm1", [f"{name}_add1"], {}),
                       ("dense", f"{name}_wide", [f"{name}_norm1"], {"units": hidden, "activation": "relu" if relu else "linear"}),
                       ("dense", f"{name}_narrow", [f"{name}_wide"], {"units": width, "activation": "linear"}),
                       ("add", f"{name}_add2", [f"{name}_norm1", f"{name}_narrow"], {}),
                       ("layernorm", f"{name}_norm2", [f"{name}_add2"], {})]
        last = f"{name}_norm2"
        ends = [last, f"{name}_norm1", *ends]
    operations.append(("average1d", "features", [last], {}))
    return operations, ["features", *ends[1:]]


def plain_trunk(filters, strides, size, relu=True):
    operations, last, ends = [("input", "image", [], {"shape": [size, size, 3]})], "image", []
    for number, (width, stride) in enumerate(zip(filters, strides), 1):
        last = convolution(operations, f"c{number}", last, width, stride, relu)
        ends.insert(0, last)
    operations.append(("average2d", "features", [last], {}))
    return operations, ["features", *ends[1:]]


def dense_trunk(inputs, units, relu=True):
    operations, last, ends = [("input", "numbers", [], {"shape": [inputs]})], "numbers", []
    for number, width in enumerate(units, 1):
        operations.append(("dense", f"d{number}", [last], {"units": width, "activation": "relu" if relu else "linear"}))
        last = f"d{number}"
        ends.insert(0, last)
    operations[-1] = (operations[-1][0], "features", *operations[-1][2:])
    return operations, ["features", *ends[1:]]


def until(trunk, layer):
    """The trunk up to a layer, and the mean of that layer over positions."""
    names = [operation[1] for operation in trunk]
    return [*trunk[:names.index(layer) + 1], ("average1d", f"{layer}_features", [layer], {})]


def with_head(trunk, hidden):
    """The trunk and a head of dense layers with these units."""
    operations, last = list(trunk), trunk[-1][1]
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
            shape.append(arguments["width"])
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
            found[name] = [draw.normal(0, 1, (arguments["words"], arguments["width"])).astype("f4")]
        elif kind == "attention":
            heads = arguments["heads"]
            each = last // heads
            for _ in range(3):
                found.setdefault(name, []).extend([glorot(last, heads, each, fan_in=last, fan_out=last), numpy.zeros((heads, each), "f4")])
            found[name] += [glorot(heads, each, last, fan_in=last, fan_out=last), numpy.zeros(last, "f4")]
    return found


def keras_json(operations, frozen):
    model, widths = graph_models.Functional(), shapes(operations)
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
            model.add("Embedding", inputs, input_dim=arguments["words"], output_dim=arguments["width"], **common)
        elif kind == "attention":
            model.add("MultiHeadAttention", inputs * 2, num_heads=arguments["heads"],
                      key_dim=widths[inputs[0]][-1] // arguments["heads"], **common)
        elif kind == "average2d":
            model.add("GlobalAveragePooling2D", inputs, **common)
        else:
            model.add("GlobalAveragePooling1D", inputs, **common)
    return model.json([f"{operations[0][1]}_flat"], [operations[-1][1]])


def three_depths(trunk):
    """The head alone, the last part that can be trained, the last two."""
    operations, ends = trunk()
    return operations, ends[:3]


TRUNKS = {"residual": lambda: three_depths(residual_trunk), "encoder": lambda: three_depths(encoder_trunk)}
ENCODER_LAYERS = ["block2_norm2", "block1_norm2", "words"]
