"""Convolutions, poolings and layers that move pixels: sums over shifted slices and loops over positions, in float64.

A sequence (batch, steps, channels) is computed as the image (batch, steps, 1, channels).
"""
import numpy

from golden_case import ACTIVATIONS, Case, dense


def same_padding(size, window, stride):
    """TensorFlow's: the output has ceil(size / stride) elements, and the odd zero is behind."""
    total = max((-(-size // stride) - 1) * stride + window - size, 0)
    return total // 2, total - total // 2


def pad(x, rows, columns, value=0.0):
    padded = numpy.full((x.shape[0], x.shape[1] + sum(rows), x.shape[2] + sum(columns), x.shape[3]), value, dtype=x.dtype)
    padded[:, rows[0]:rows[0] + x.shape[1], columns[0]:columns[0] + x.shape[2]] = x
    return padded


def padded(x, kernel, strides, dilation, padding, value=0.0):
    window = [dilation[d] * (kernel[d] - 1) + 1 for d in (0, 1)]
    if padding == "valid":
        return x
    rows = (window[0] - 1, 0) if padding == "causal" else same_padding(x.shape[1], window[0], strides[0])
    return pad(x, rows, same_padding(x.shape[2], window[1], strides[1]), value)


def slices(x, kernel, strides, dilation=(1, 1)):
    """For each position of the window the pixels that it meets, as an image of the output's size."""
    size = [(x.shape[1 + d] - (dilation[d] * (kernel[d] - 1) + 1)) // strides[d] + 1 for d in (0, 1)]
    for i in range(kernel[0]):
        for j in range(kernel[1]):
            a, b = i * dilation[0], j * dilation[1]
            yield i, j, x[:, a:a + (size[0] - 1) * strides[0] + 1:strides[0], b:b + (size[1] - 1) * strides[1] + 1:strides[1]]


def conv(x, kernel, strides, padding, dilation=(1, 1), groups=1):
    x = padded(x, kernel.shape, strides, dilation, padding)
    per_in, per_out = kernel.shape[2], kernel.shape[3] // groups
    return sum(numpy.concatenate([part[..., g * per_in:(g + 1) * per_in] @ kernel[i, j, :, g * per_out:(g + 1) * per_out]
                                  for g in range(groups)], axis=-1)
               for i, j, part in slices(x, kernel.shape, strides, dilation))


def depthwise(x, kernel, strides, padding, dilation=(1, 1)):
    x = padded(x, kernel.shape, strides, dilation, padding)
    y = sum(part[..., None] * kernel[i, j] for i, j, part in slices(x, kernel.shape, strides, dilation))
    return y.reshape(*y.shape[:3], -1)


def transposed_size(size, kernel, stride, dilation, padding, more):
    """keras.utils.conv_utils.deconv_output_length"""
    window = dilation * (kernel - 1) + 1
    if more is None:
        return size * stride + (max(window - stride, 0) if padding == "valid" else 0)
    return (size - 1) * stride + window - (2 * (window // 2) if padding == "same" else 0) + more


def conv_transpose(x, kernel, strides, padding, dilation, more):
    """Row by row of the definition: input pixel p adds x[p] * kernel[k] to output p * stride + k * dilation - before."""
    size = [transposed_size(x.shape[1 + d], kernel.shape[d], strides[d], dilation[d], padding, None if more is None else more[d])
            for d in (0, 1)]
    before = [same_padding(size[d], dilation[d] * (kernel.shape[d] - 1) + 1, strides[d])[0] if padding == "same" else 0 for d in (0, 1)]
    y = numpy.zeros((x.shape[0], *size, kernel.shape[2]), dtype=numpy.result_type(x, kernel))
    for p, q, i, j in numpy.ndindex(x.shape[1], x.shape[2], kernel.shape[0], kernel.shape[1]):
        a, b = p * strides[0] + i * dilation[0] - before[0], q * strides[1] + j * dilation[1] - before[1]
        if 0 <= a < size[0] and 0 <= b < size[1]:
            y[:, a, b] += x[:, p, q] @ kernel[i, j].T
    return y


def max_pool(x, pool, strides, padding):
    parts = numpy.stack([part for _, _, part in slices(padded(x, pool, strides, (1, 1), padding, -1e300), pool, strides)])
    return numpy.take_along_axis(parts, parts.real.argmax(axis=0)[None], axis=0)[0]


def average_pool(x, pool, strides, padding):
    def total(image):
        return sum(part for _, _, part in slices(padded(image, pool, strides, (1, 1), padding), pool, strides))
    return total(x) / total(numpy.ones(x.shape))


def bilinear(x, size):
    """Half-pixel centres: output i lies at (i + 0.5) / size - 0.5 of the input, between two pixels, and at the edge on one."""
    for axis in (1, 2):
        n = x.shape[axis]
        at = (numpy.arange(n * size[axis - 1]) + 0.5) / size[axis - 1] - 0.5
        low = numpy.floor(at).astype(int)
        share = (at - low).reshape([-1 if a == axis else 1 for a in range(4)])
        x = numpy.take(x, numpy.clip(low, 0, n - 1), axis) * (1 - share) + numpy.take(x, numpy.clip(low + 1, 0, n - 1), axis) * share
    return x


def as_image(function):
    return lambda x: function(x[:, :, None])[:, :, 0]


def wide(kernel):
    """(size, ...) as (size, 1, ...)"""
    return kernel[:, None]


def convolutions():
    for name, k in {
            "conv1d_valid": dict(size=7, kernel=3, activation="relu"),
            "conv1d_valid_strides": dict(size=8, kernel=3, strides=2),
            "conv1d_same": dict(size=6, kernel=3, padding="same", activation="tanh"),
            "conv1d_same_even_kernel": dict(size=6, kernel=4, padding="same"),
            "conv1d_same_strides": dict(size=7, kernel=4, strides=3, padding="same"),
            "conv1d_same_dilated": dict(size=7, kernel=3, dilation=2, padding="same"),
            "conv1d_causal": dict(size=6, kernel=3, padding="causal", activation="relu"),
            "conv1d_causal_even_strides": dict(size=7, kernel=2, strides=2, padding="causal"),
            "conv1d_causal_dilated": dict(size=8, kernel=3, dilation=2, padding="causal"),
            "conv1d_groups": dict(size=5, kernel=2, groups=2),
            "conv1d_no_bias": dict(size=4, kernel=1, use_bias=False, activation="softmax")}.items():
        case = Case(name)
        k = dict(dict(strides=1, dilation=1, padding="valid", groups=1, use_bias=True, activation="linear"), **k)
        case.input("x", k["size"], 2)
        case.dense("first", ["x"], 4, 2)
        case.add("Conv1D", "conv", ["first"], filters=4, kernel_size=[k["kernel"]], strides=[k["strides"]], padding=k["padding"],
                 data_format="channels_last", dilation_rate=[k["dilation"]], groups=k["groups"], activation=k["activation"],
                 use_bias=k["use_bias"])
        case.weight(k["kernel"], 4 // k["groups"], 4)
        if k["use_bias"]:
            case.weight(4)

        def forward(x, w):
            y = conv(dense(x[0], w[0], w[1])[:, :, None], wide(w[2]), (k["strides"], 1), k["padding"], (k["dilation"], 1), k["groups"])[:, :, 0]
            return [ACTIVATIONS[k["activation"]](y + w[3] if k["use_bias"] else y)]

        case.finish(["conv"], forward)

    for name, k in {
            "conv_transpose_valid": dict(size=(3, 4), kernel=(3, 2), activation="relu"),
            "conv_transpose_valid_strides": dict(size=(3, 2), kernel=(3, 3), strides=(2, 3)),
            "conv_transpose_valid_small_kernel": dict(size=(2, 3), kernel=(1, 2), strides=(3, 3)),
            "conv_transpose_same": dict(size=(3, 4), kernel=(3, 4), padding="same", activation="tanh"),
            "conv_transpose_same_strides": dict(size=(3, 2), kernel=(3, 4), strides=(2, 2), padding="same"),
            "conv_transpose_same_small_kernel": dict(size=(2, 3), kernel=(1, 2), strides=(2, 3), padding="same"),
            "conv_transpose_same_output_padding": dict(size=(3, 2), kernel=(3, 5), strides=(2, 3), padding="same", more=(1, 2)),
            "conv_transpose_valid_output_padding": dict(size=(3, 2), kernel=(3, 2), strides=(2, 3), more=(0, 2)),
            "conv_transpose_same_dilated": dict(size=(4, 3), kernel=(3, 2), dilation=(2, 3), padding="same"),
            "conv_transpose_valid_dilated": dict(size=(3, 3), kernel=(2, 2), dilation=(2, 1), use_bias=False)}.items():
        case = Case(name)
        k = dict(dict(strides=(1, 1), dilation=(1, 1), padding="valid", use_bias=True, activation="linear", more=None), **k)
        case.input("x", *k["size"], 2, rows=2)
        case.dense("first", ["x"], 2, 2)
        case.add("Conv2DTranspose", "conv", ["first"], filters=3, kernel_size=list(k["kernel"]), strides=list(k["strides"]),
                 padding=k["padding"], data_format="channels_last", dilation_rate=list(k["dilation"]), groups=1,
                 activation=k["activation"], use_bias=k["use_bias"], output_padding=None if k["more"] is None else list(k["more"]))
        case.weight(*k["kernel"], 3, 2)
        if k["use_bias"]:
            case.weight(3)

        def forward(x, w):
            y = conv_transpose(dense(x[0], w[0], w[1]), w[2], k["strides"], k["padding"], k["dilation"], k["more"])
            return [ACTIVATIONS[k["activation"]](y + w[3] if k["use_bias"] else y)]

        case.finish(["conv"], forward)


def depthwise_convolutions():
    defaults = dict(dimensions=2, strides=(1, 1), dilation=(1, 1), padding="valid", use_bias=True, activation="linear", multiplier=1,
                    filters=None)
    one = dict(dimensions=1)
    for name, k in {
            "depthwise_conv2d_valid": dict(size=(5, 4), kernel=(3, 2), activation="relu"),
            "depthwise_conv2d_same": dict(size=(4, 5), kernel=(3, 3), padding="same", multiplier=2, activation="relu6"),
            "depthwise_conv2d_same_strides": dict(size=(6, 5), kernel=(3, 3), strides=(2, 2), padding="same", use_bias=False),
            "depthwise_conv2d_same_even_kernel": dict(size=(5, 4), kernel=(2, 4), padding="same", multiplier=3, activation="tanh"),
            "depthwise_conv2d_valid_strides": dict(size=(7, 6), kernel=(3, 2), strides=(3, 2), multiplier=2),
            "depthwise_conv2d_same_dilated": dict(size=(6, 5), kernel=(3, 2), dilation=(2, 3), padding="same"),
            "depthwise_conv1d_valid": dict(one, size=(6,), kernel=(3,), multiplier=2, activation="relu"),
            "depthwise_conv1d_same_strides": dict(one, size=(7,), kernel=(4,), strides=(2, 1), padding="same"),
            "depthwise_conv1d_same_dilated": dict(one, size=(6,), kernel=(3,), dilation=(2, 1), padding="same", use_bias=False),
            "separable_conv2d_valid": dict(size=(5, 4), kernel=(3, 2), filters=4, multiplier=2, activation="relu"),
            "separable_conv2d_same": dict(size=(4, 4), kernel=(3, 3), filters=2, padding="same", use_bias=False),
            "separable_conv2d_same_strides": dict(size=(5, 6), kernel=(3, 4), strides=(2, 2), filters=3, padding="same", activation="tanh"),
            "separable_conv2d_same_dilated": dict(size=(5, 6), kernel=(3, 3), dilation=(2, 2), filters=3, padding="same"),
            "separable_conv1d_valid_strides": dict(one, size=(8,), kernel=(3,), strides=(2, 1), filters=4, activation="softmax"),
            "separable_conv1d_causal_dilated": dict(one, size=(7,), kernel=(3,), dilation=(2, 1), filters=3, padding="causal",
                                                    multiplier=2),
            "separable_conv1d_same_even_kernel": dict(one, size=(6,), kernel=(2,), filters=2, padding="same", activation="relu",
                                                      use_bias=False)}.items():
        case = Case(name)
        k = dict(defaults, **k)
        d, channels = k["dimensions"], 3
        case.input("x", *k["size"], 2, rows=2)
        case.dense("first", ["x"], channels, 2)
        config = dict(kernel_size=list(k["kernel"]), strides=list(k["strides"])[:d], padding=k["padding"], data_format="channels_last",
                      dilation_rate=list(k["dilation"])[:d], groups=1, depth_multiplier=k["multiplier"], activation=k["activation"],
                      use_bias=k["use_bias"])
        if k["filters"] is not None:
            config["filters"] = k["filters"]
        case.add("%sConv%dD" % ("Depthwise" if k["filters"] is None else "Separable", d), "conv", ["first"], **config)
        case.weight(*k["kernel"], channels, k["multiplier"])
        if k["filters"] is not None:
            case.weight(*[1] * d, channels * k["multiplier"], k["filters"])
        if k["use_bias"]:
            case.weight(k["filters"] or channels * k["multiplier"])

        def forward(x, w):
            y = dense(x[0], w[0], w[1])
            image, kernel = (y[:, :, None], wide(w[2])) if d == 1 else (y, w[2])
            y = depthwise(image, kernel, k["strides"], k["padding"], k["dilation"])
            y = y[:, :, 0] if d == 1 else y
            if k["filters"] is not None:
                y = numpy.tensordot(y, w[3].reshape(w[3].shape[-2:]), axes=1)
            return [ACTIVATIONS[k["activation"]](y + w[-1] if k["use_bias"] else y)]

        case.finish(["conv"], forward)


def poolings():
    for kind, class_name, function in (("max", "MaxPooling1D", max_pool), ("average", "AveragePooling1D", average_pool)):
        for name, size, pool, stride, padding in (("valid", 7, 2, 2, "valid"), ("valid_overlap", 7, 3, 1, "valid"), ("same", 5, 2, 2, "same"),
                                                  ("same_overlap", 8, 3, 2, "same"), ("same_wide", 3, 6, 1, "same")):
            case = Case("%s_pool1d_%s" % (kind, name))
            case.input("x", size, 2)
            case.dense("first", ["x"], 3, 2)
            case.add(class_name, "pool", ["first"], pool_size=[pool] if name != "valid" else pool, strides=[stride] if name != "valid" else None,
                     padding=padding, data_format="channels_last")
            case.finish(["pool"], lambda x, w: [
                as_image(lambda image: function(image, (pool, 1), (stride, 1), padding))(dense(x[0], w[0], w[1]))])

    def largest(x, keepdims):
        return numpy.take_along_axis(x, x.real.argmax(axis=1)[:, None], axis=1) if keepdims else largest(x, True)[:, 0]

    for kind, class_name in (("max", "GlobalMaxPooling1D"), ("average", "GlobalAveragePooling1D")):
        for keepdims in (False, True):
            case = Case("global_%s_pool1d%s" % (kind, "_kept" if keepdims else ""))
            case.input("x", 5, 2)
            case.dense("first", ["x"], 3, 2)
            case.add(class_name, "pool", ["first"], data_format="channels_last", keepdims=keepdims)

            def forward(x, w):
                y = dense(x[0], w[0], w[1])
                return [largest(y, keepdims) if kind == "max" else y.mean(axis=1, keepdims=keepdims)]

            case.finish(["pool"], forward)

    case = Case("global_average_pool1d_masked")
    words = numpy.array([[3, 1, 4, 0, 0], [2, 0, 2, 1, 0], [0, 0, 0, 0, 0], [5, 4, 3, 2, 1]])
    case.input("x", 5, values=words)
    case.add("Embedding", "table", ["x"], input_dim=6, output_dim=3, mask_zero=True, input_length=5)
    case.weight(6, 3)
    case.add("GlobalAveragePooling1D", "pool", ["table"], data_format="channels_last", keepdims=False)
    counted = (words != 0)[:, :, None]
    case.finish(["pool"], lambda x, w: [(w[0][words] * counted).sum(axis=1) / numpy.maximum(counted.sum(axis=1), 1)])


def moved_pixels():
    cases = {
        "up_sampling1d": ("UpSampling1D", (3, 2), dict(size=3), lambda x: x.repeat(3, axis=1)),
        "up_sampling2d_nearest": ("UpSampling2D", (2, 3, 2), dict(size=[3, 2], data_format="channels_last", interpolation="nearest"),
                                  lambda x: x.repeat(3, axis=1).repeat(2, axis=2)),
        "up_sampling2d_bilinear": ("UpSampling2D", (3, 4, 2), dict(size=[2, 3], data_format="channels_last", interpolation="bilinear"),
                                   lambda x: bilinear(x, (2, 3))),
        "up_sampling2d_bilinear_one_pixel": ("UpSampling2D", (1, 2, 2), dict(size=[2, 2], interpolation="bilinear"),
                                             lambda x: bilinear(x, (2, 2))),
        "cropping1d": ("Cropping1D", (6, 2), dict(cropping=[1, 2]), lambda x: x[:, 1:-2]),
        "cropping2d": ("Cropping2D", (4, 6, 2), dict(cropping=[[1, 0], [2, 1]], data_format="channels_last"), lambda x: x[:, 1:, 2:-1]),
        "zero_padding1d": ("ZeroPadding1D", (3, 2), dict(padding=[2, 1]), lambda x: numpy.pad(x, ((0, 0), (2, 1), (0, 0)))),
        "permute": ("Permute", (2, 3, 4), dict(dims=[3, 1, 2]), lambda x: x.transpose(0, 3, 1, 2)),
        "repeat_vector": ("RepeatVector", (3,), dict(n=4), lambda x: x[:, None].repeat(4, axis=1)),
    }
    for name, (class_name, shape, config, function) in cases.items():
        case = Case(name)
        case.input("x", *shape)
        case.dense("first", ["x"], shape[-1], shape[-1])
        case.add(class_name, "moved", ["first"], **config)
        case.finish(["moved"], lambda x, w: [function(dense(x[0], w[0], w[1]))])


def make_golden():
    for group in (convolutions, depthwise_convolutions, poolings, moved_pixels):
        group()
