"""Layers of constants, units that draw nothing when they predict, normalisations of groups, products by an equation.

Layers that draw at random rest in these files: a rate or a factor of 0 leaves their input alone in training, too.
"""
import math

import numpy

from golden_case import ACTIVATIONS, Case, dense


def behind_dense(name, class_name, shape, function, weights=(), frozen=(), **config):
    """A layer behind a dense one. function(x, weights)"""
    case = Case(name)
    case.input("x", *shape)
    case.dense("first", ["x"], shape[-1], shape[-1])
    case.add(class_name, "layer", ["first"], **config)
    for i, (size, values) in enumerate(weights):
        case.weight(*size, values=values, frozen=i in frozen)
    case.finish(["layer"], lambda x, w: [function(dense(x[0], w[0], w[1]), w[2:])])


def activations():
    def prelu(x, alpha):
        return numpy.where(x.real > 0, x, alpha * x)

    behind_dense("prelu", "PReLU", (3,), lambda x, w: prelu(x, w[0]), [((3,), None)], shared_axes=None)
    behind_dense("prelu_shared", "PReLU", (2, 3, 4), lambda x, w: prelu(x, w[0]), [((1, 1, 4), None)], shared_axes=[1, 2])
    behind_dense("thresholded_relu", "ThresholdedReLU", (4,), lambda x, w: numpy.where(x.real > 0.25, x, 0), theta=0.25)


def constants():
    behind_dense("rescaling", "Rescaling", (2, 3), lambda x, w: x * 0.0625 - 0.5, scale=0.0625, offset=-0.5)
    behind_dense("rescaling_channels", "Rescaling", (2, 2, 3), lambda x, w: x * [0.5, 2, 4] + [1, 0, -1],
                 scale={"class_name": "__numpy__", "config": {"value": [0.5, 2, 4], "dtype": "float32"}}, offset=[1, 0, -1])
    behind_dense("normalization", "Normalization", (3,), lambda x, w: (x - [0.5, 0, -1]) / numpy.sqrt([0.25, 4, 2]),
                 axis=[-1], mean=[[0.5, 0, -1]], variance=[[0.25, 4, 2]], invert=False)
    behind_dense("normalization_inverted", "Normalization", (2, 3), lambda x, w: x * math.sqrt(3) + 0.5, axis=-1, mean=0.5, variance=3,
                 invert=True)
    behind_dense("normalization_rows", "Normalization", (2, 3, 2), lambda x, w: (x - numpy.reshape([0.5, -1], (2, 1, 1))) / numpy.sqrt(
        numpy.reshape([0.25, 4], (2, 1, 1))), axis=[1], mean=[0.5, -1], variance=[0.25, 4], invert=False)
    behind_dense("normalization_without_axis", "Normalization", (2, 3), lambda x, w: (x - 1) / 1e-7, axis=[], mean=1, variance=0,
                 invert=False)
    behind_dense("normalization_adapted", "Normalization", (2, 3), lambda x, w: (x - w[0]) / numpy.sqrt(w[1]),
                 [((3,), [0.5, -0.25, 2]), ((3,), [0.25, 2, 1]), ((), 40)], frozen=(0, 1, 2), axis=[-1], invert=False, mean=None,
                 variance=None)


def encodings():
    """What comes out has no gradient: a dense layer behind it has."""
    values = numpy.array([[-1.5, 1.0, 3.5, 0.5], [0.0, 3.0, 1.25, 0.0], [2.0, -0.25, 1.75, 9.0]])
    bins = numpy.array([[0, 2, 3, 1], [1, 3, 2, 1], [3, 0, 2, 3]])
    hot = numpy.eye(4)
    tokens = numpy.array([[2, 0, 2], [3, 1, 1], [0, 0, 0]])
    for name, class_name, given, config, encoded in (
            ("discretization_int", "Discretization", values, {"output_mode": "int"}, bins),
            ("discretization_one_hot", "Discretization", values, {"output_mode": "one_hot"}, hot[bins]),
            ("discretization_one_hot_single", "Discretization", values[:, :1], {"output_mode": "one_hot"}, hot[bins[:, 0]]),
            ("discretization_multi_hot", "Discretization", values, {"output_mode": "multi_hot"}, hot[bins].max(axis=1)),
            ("discretization_count", "Discretization", values, {"output_mode": "count"}, hot[bins].sum(axis=1)),
            ("category_one_hot", "CategoryEncoding", tokens, {"output_mode": "one_hot"}, hot[tokens]),
            ("category_multi_hot", "CategoryEncoding", tokens, {}, hot[tokens].max(axis=1)),
            ("category_count", "CategoryEncoding", tokens, {"output_mode": "count"}, hot[tokens].sum(axis=1))):
        case = Case(name)
        case.input("x", *given.shape[1:], values=given)
        if class_name == "Discretization":
            config = dict(config, bin_boundaries=[0.0, 1.0, 2.0], num_bins=None, epsilon=0.01)
        else:
            config = dict(config, num_tokens=4)
        case.add(class_name, "encoded", ["x"], sparse=False, **config)
        case.dense("out", ["encoded"], 2, encoded.shape[-1])
        case.finish(["out"], lambda x, w: [dense(encoded.astype(float), w[0], w[1])])


def resting():
    image = dict(data_format="channels_last", seed=None)
    for name, class_name, shape, config in (
            ("gaussian_dropout", "GaussianDropout", (3,), dict(rate=0.0, seed=None)),
            ("alpha_dropout", "AlphaDropout", (3,), dict(rate=0.0, noise_shape=None, seed=3)),
            ("spatial_dropout1d", "SpatialDropout1D", (4, 3), dict(rate=0.0, noise_shape=None, seed=None)),
            ("spatial_dropout2d", "SpatialDropout2D", (2, 4, 3), dict(rate=0.0, seed=None, data_format="channels_last")),
            ("random_rotation", "RandomRotation", (3, 4, 2), dict(image, factor=0.0, fill_mode="reflect", interpolation="bilinear")),
            ("random_translation", "RandomTranslation", (3, 4, 2), dict(image, height_factor=0.0, width_factor=[0.0, 0.0],
                                                                         fill_mode="constant", fill_value=2.0)),
            ("random_zoom", "RandomZoom", (3, 4, 2), dict(image, height_factor=[0.0, 0.0], width_factor=None, fill_mode="wrap")),
            ("random_contrast", "RandomContrast", (3, 4, 2), dict(factor=[0.0, 0.0], value_range=[-1000, 1000], seed=None))):
        behind_dense(name, class_name, shape, lambda x, w: x, **config)

    # every row of the image is its own mirror, and is turned about in half of the flips
    case = Case("random_flip")
    half = case.draw(3, 4, 2, 2, scale=1.0)
    case.input("x", 4, 4, 2, values=numpy.concatenate([half, half[:, :, ::-1]], axis=2))
    case.dense("first", ["x"], 2, 2)
    case.add("RandomFlip", "layer", ["first"], mode="horizontal", seed=None)
    case.finish(["layer"], lambda x, w: [dense(x[0], w[0], w[1])])


def normalizations():
    def group_norm(x, w, groups, axis, epsilon=0.001):
        x = numpy.moveaxis(x, axis, -1)
        parts = x.reshape(x.shape[0], -1, groups, x.shape[-1] // groups)
        mean = parts.mean(axis=(1, 3), keepdims=True)
        variance = ((parts - mean) ** 2).mean(axis=(1, 3), keepdims=True)
        y = ((parts - mean) / numpy.sqrt(variance + epsilon)).reshape(x.shape)
        for factor, offset in [w] if len(w) == 2 else []:
            y = y * factor + offset
        return numpy.moveaxis(y, -1, axis)

    common = dict(epsilon=0.001, center=True, scale=True)
    behind_dense("group_norm_image", "GroupNormalization", (2, 3, 4), lambda x, w: group_norm(x, w, 2, -1), [((4,), None)] * 2, groups=2,
                 axis=-1, **common)
    behind_dense("group_norm_sequence", "GroupNormalization", (5, 6), lambda x, w: group_norm(x, w, 3, -1), [((6,), None)] * 2, groups=3,
                 axis=-1, **common)
    behind_dense("group_norm_rows", "GroupNormalization", (4, 3), lambda x, w: group_norm(x, w, 2, 1), [((4,), None)] * 2, groups=2, axis=1,
                 **common)
    behind_dense("group_norm_instance", "GroupNormalization", (2, 3, 4), lambda x, w: group_norm(x, w, 4, -1, 0.01), groups=-1, axis=3,
                 epsilon=0.01, center=False, scale=False)
    behind_dense("unit_norm_last", "UnitNormalization", (2, 3), lambda x, w: x / numpy.sqrt((x * x).sum(axis=-1, keepdims=True)), axis=-1)
    behind_dense("unit_norm_image", "UnitNormalization", (2, 3, 2), lambda x, w: x / numpy.sqrt((x * x).sum(axis=(1, 2), keepdims=True)),
                 axis=[1, 2])


def equations():
    for name, equation, shape, output, kernel, bias_axes, bias, activation in (
            ("einsum_dense", "ab,bc->ac", (4,), 3, (4, 3), "c", (3,), "relu"),
            ("einsum_dense_dots", "...x,xy->...y", (2, 4), 3, (4, 3), "y", (3,), "tanh"),
            ("einsum_dense_heads", "abc,cde->abde", (3, 4), [None, 2, 5], (4, 2, 5), "de", (2, 5), "linear"),
            ("einsum_dense_back", "abde,dec->abc", (3, 2, 4), [None, 5], (2, 4, 5), "c", (5,), "softmax"),
            ("einsum_dense_middle", "abc,bd->adc", (4, 3), [2, 3], (4, 2), "d", (2, 1), "linear"),
            ("einsum_dense_dots_behind", "ab...,bc->ac...", (4, 3), 2, (4, 2), "c", (2, 1), "linear"),
            ("einsum_dense_no_bias", "abc,cd->abd", (3, 4), [3, 2], (4, 2), None, None, "linear")):
        case = Case(name)
        case.input("x", *shape)
        case.dense("first", ["x"], shape[-1], shape[-1])
        case.add("EinsumDense", "einsum", ["first"], equation=equation, output_shape=output, activation=activation, bias_axes=bias_axes)
        case.weight(*kernel)
        if bias is not None:
            case.weight(*bias)

        def forward(x, w):
            y = numpy.einsum(equation, dense(x[0], w[0], w[1]), w[2])
            return [ACTIVATIONS[activation](y if bias is None else y + w[3])]

        case.finish(["einsum"], forward)


def make_golden():
    for group in (activations, constants, encodings, resting, normalizations, equations):
        group()
