#!/usr/bin/python3
"""Makes the golden files of test/unit/engine/golden_test.cpp: one small model a file, its prediction, its loss and its weights after one
step of SGD with learning rate 1 (weights before - weights after = gradients), all in float64.

    /usr/bin/python3 make_golden.py        (Debian's python3-torch and python3-numpy)
    /usr/bin/python3 make_golden.py conv   those of reference_conv.py alone, which needs python3-numpy only

The cases below use reference.py. A family of layers in reference_<family>.py brings its own cases, see golden_case.py.

Weights and inputs are multiples of 1/64, so that they are exact in float32 and short in the files.
"""
import glob
import importlib
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
if len(sys.argv) > 1:
    for family in sys.argv[1:]:
        importlib.import_module("reference_" + family).make_golden()
    sys.exit()

import numpy
import torch

import reference as ref

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)


class Case:
    """A functional Keras model beside the function that computes the same."""

    def __init__(self, name):
        self.name = name
        self.random = numpy.random.RandomState(sum(map(ord, name)))
        self.layers, self.inputs, self.weights, self.frozen = [], [], [], []
        self.constraints, self.penalties = {}, []

    def draw(self, *shape, scale=0.5):
        return torch.tensor(numpy.round(self.random.randn(*shape) * scale * 64) / 64)

    def add(self, class_name, name, inbound, **config):
        """inbound: names of layers, or one list of names a call (a shared layer)."""
        config = dict(config, name=name, dtype="float32")
        config.setdefault("trainable", True)
        calls = [] if not inbound else inbound if isinstance(inbound[0], list) else [inbound]
        nodes = []
        for call in calls:
            nodes.append([[n.split("@")[0], int(n.split("@")[1]) if "@" in n else 0, 0, {}] for n in call])
        self.layers.append({"class_name": class_name, "name": name, "config": config, "inbound_nodes": nodes})

    def input(self, name, *shape, values=None, rows=5):
        config = {"batch_input_shape": [None, *shape], "dtype": "float32", "sparse": False, "ragged": False, "name": name}
        self.layers.append({"class_name": "InputLayer", "name": name, "config": config, "inbound_nodes": []})
        self.inputs.append((list(shape), self.draw(rows, *shape, scale=1.0) if values is None else values))

    def weight(self, *shape, frozen=False, positive=False):
        w = self.draw(*shape)
        if positive:
            w = w.abs() + 0.5
        self.weights.append(w)
        self.frozen.append(frozen)

    def finish(self, outputs, forward, losses=("mean_squared_error",), loss_weights=(), row_weights=None, targets=None):
        leaves = [w.clone().requires_grad_(not f) for w, f in zip(self.weights, self.frozen)]
        data = [v for _, v in self.inputs]
        updates = {}
        predicted = forward(data, leaves, False, {})
        trained = forward(data, leaves, True, updates)
        if targets is None:
            targets = [self.draw(*p.shape, scale=1.0) for p in predicted]
        losses = list(losses) * (len(predicted) if len(losses) == 1 else 1)

        def total(values):
            loss = 0
            for i, (p, y) in enumerate(zip(values, targets)):
                if losses[i] == "mean_squared_error":
                    rows = ((p - y) ** 2).reshape(p.shape[0], -1).mean(dim=1)
                else:
                    rows = -(y * torch.log(p)).sum(dim=-1).reshape(p.shape[0], -1).mean(dim=1)
                if row_weights is not None:
                    rows = rows * row_weights
                loss = loss + rows.sum() / rows.numel() * (loss_weights[i] if loss_weights else 1.0)
            return loss + sum(penalty(leaves) for penalty in self.penalties)

        loss = total(trained)
        loss.backward()
        after = []
        for i, leaf in enumerate(leaves):
            value = updates.get(i, leaf.detach() - leaf.grad if leaf.grad is not None else leaf.detach())
            after.append(self.constraints[i](value) if i in self.constraints else value)
        model = {"class_name": "Functional", "keras_version": "2.10.0", "backend": "tensorflow",
                 "config": {"name": self.name, "trainable": True, "layers": self.layers,
                            "input_layers": [[layer["name"], 0, 0] for layer in self.layers if layer["class_name"] == "InputLayer"],
                            "output_layers": [[o.split("@")[0], int(o.split("@")[1]) if "@" in o else 0, 0] for o in outputs]}}

        def flat(tensors):
            return [float(x) for t in tensors for x in t.detach().reshape(-1)]

        record = {
            "model": json.dumps(model), "losses": losses, "loss_weights": list(loss_weights),
            "rows": data[0].shape[0],
            "inputs": [{"shape": s, "values": flat([v])} for s, v in self.inputs],
            "targets": [{"shape": list(t.shape[1:]), "values": flat([t])} for t in targets],
            "row_weights": flat([row_weights]) if row_weights is not None else [],
            "weights": flat(self.weights), "outputs": [flat([p]) for p in predicted],
            "evaluation_loss": float(total(predicted)), "training_loss": float(loss), "after": flat(after),
        }
        with open(os.path.join(HERE, self.name + ".json"), "w") as file:
            json.dump(record, file, separators=(",", ":"))
            file.write("\n")


def dense(case, name, inbound, units, features, activation="linear", use_bias=True, **more):
    case.add("Dense", name, inbound, units=units, activation=activation, use_bias=use_bias, **more)
    case.weight(features, units, frozen=more.get("trainable") is False)
    if use_bias:
        case.weight(units, frozen=more.get("trainable") is False)


def activations():
    for activation in ref.ACTIVATIONS:
        case = Case("activation_" + activation)
        case.input("x", 3)
        dense(case, "hidden", ["x"], 4, 3, activation)
        dense(case, "out", ["hidden"], 2, 4, use_bias=False)
        case.finish(["out"], lambda x, w, t, u: [ref.dense(ref.dense(x[0], w[0], w[1], activation), w[2])])


def activation_layers():
    kinds = {
        "relu_layer": ("ReLU", {"max_value": 0.75, "negative_slope": 0.25, "threshold": 0.125},
                       lambda x: torch.where(x >= 0.75, torch.full_like(x, 0.75), torch.where(x >= 0.125, x, 0.25 * (x - 0.125)))),
        "relu_layer_default": ("ReLU", {"max_value": None, "negative_slope": 0.0, "threshold": 0.0}, ref.ACTIVATIONS["relu"]),
        "leaky_relu_layer": ("LeakyReLU", {"alpha": 0.2}, lambda x: torch.where(x > 0, x, 0.2 * x)),
        "elu_layer": ("ELU", {"alpha": 0.7}, lambda x: ref.elu(x, 0.7)),
        "softmax_layer_axis": ("Softmax", {"axis": 1}, lambda x: ref.softmax(x.transpose(1, 2)).transpose(1, 2)),
        "activation_layer": ("Activation", {"activation": "tanh"}, torch.tanh),
        "activation_layer_relu": ("Activation", {"activation": "relu"}, ref.ACTIVATIONS["relu"]),
    }
    for name, (class_name, config, function) in kinds.items():
        case = Case(name)
        case.input("x", 2, 3)
        dense(case, "hidden", ["x"], 4, 3)
        case.add(class_name, "act", ["hidden"], **config)
        dense(case, "out", ["act"], 2, 4)
        case.finish(["out"], lambda x, w, t, u: [ref.dense(function(ref.dense(x[0], w[0], w[1])), w[2], w[3])])


def softmax_outputs():
    case = Case("softmax_dense")
    case.input("x", 3)
    dense(case, "out", ["x"], 4, 3, "softmax")
    hot = torch.eye(4)[[0, 3, 1, 2, 2]]
    case.finish(["out"], lambda x, w, t, u: [ref.dense(x[0], w[0], w[1], "softmax")], ["categorical_crossentropy"], targets=[hot])

    case = Case("softmax_layer_weighted")
    case.input("x", 3)
    dense(case, "logits", ["x"], 4, 3)
    case.add("Softmax", "out", ["logits"], axis=-1)
    case.finish(["out"], lambda x, w, t, u: [ref.softmax(ref.dense(x[0], w[0], w[1]))], ["categorical_crossentropy"], targets=[hot],
                row_weights=torch.tensor([0.5, 2.0, 0.0, 1.0, 3.25]))


def convolutions():
    kinds = {
        "conv_valid": dict(size=(6, 7), kernel=(3, 2), strides=(1, 1), padding="valid", activation="relu"),
        "conv_valid_strides": dict(size=(7, 6), kernel=(3, 3), strides=(2, 3), padding="valid"),
        "conv_same": dict(size=(5, 6), kernel=(3, 3), strides=(1, 1), padding="same", activation="relu"),
        "conv_same_even_kernel": dict(size=(5, 6), kernel=(2, 4), strides=(1, 1), padding="same"),
        "conv_same_strides": dict(size=(6, 8), kernel=(3, 3), strides=(2, 2), padding="same", activation="tanh"),
        "conv_same_dilated": dict(size=(7, 7), kernel=(3, 2), strides=(1, 1), padding="same", dilation=(2, 3)),
        "conv_groups": dict(size=(4, 4), kernel=(2, 2), strides=(1, 1), padding="valid", groups=2),
        "conv_no_bias": dict(size=(4, 5), kernel=(1, 1), strides=(1, 1), padding="valid", use_bias=False),
    }
    for name, k in kinds.items():
        case = Case(name)
        channels, filters = 2, 4
        activation, use_bias = k.get("activation", "linear"), k.get("use_bias", True)
        dilation, groups = k.get("dilation", (1, 1)), k.get("groups", 1)
        case.input("x", *k["size"], channels, rows=2)
        # a first layer, so that the gradient of the input is in the weights
        dense(case, "first", ["x"], channels, channels)
        case.add("Conv2D", "conv", ["first"], filters=filters, kernel_size=list(k["kernel"]), strides=list(k["strides"]),
                 padding=k["padding"], data_format="channels_last", dilation_rate=list(dilation), groups=groups, activation=activation,
                 use_bias=use_bias)
        case.weight(*k["kernel"], channels // groups, filters)
        if use_bias:
            case.weight(filters)

        def forward(x, w, t, u):
            x = ref.dense(x[0], w[0], w[1])
            return [ref.conv2d(x, w[2], w[3] if use_bias else None, k["strides"], k["padding"], dilation, groups, activation)]

        case.finish(["conv"], forward)


def poolings():
    for kind in ("max", "average"):
        for name, size, pool, strides, padding in (("valid", (6, 5), (2, 2), (2, 2), "valid"), ("same", (5, 5), (2, 2), (2, 2), "same"),
                                                   ("same_overlap", (6, 7), (3, 3), (2, 2), "same"),
                                                   ("same_wide", (3, 4), (5, 4), (1, 1), "same")):
            case = Case(kind + "_pool_" + name)
            case.input("x", *size, 2, rows=2)
            dense(case, "first", ["x"], 3, 2)
            case.add({"max": "MaxPooling2D", "average": "AveragePooling2D"}[kind], "pool", ["first"], pool_size=list(pool),
                     strides=list(strides), padding=padding, data_format="channels_last")
            function = ref.max_pool if kind == "max" else ref.average_pool
            case.finish(["pool"], lambda x, w, t, u: [function(ref.dense(x[0], w[0], w[1]), pool, strides, padding)])
        case = Case("global_" + kind + "_pool")
        case.input("x", 3, 4, 2)
        dense(case, "first", ["x"], 3, 2)
        case.add({"max": "GlobalMaxPooling2D", "average": "GlobalAveragePooling2D"}[kind], "pool", ["first"], data_format="channels_last")
        case.finish(["pool"], lambda x, w, t, u: [
            ref.dense(x[0], w[0], w[1]).amax(dim=(1, 2)) if kind == "max" else ref.dense(x[0], w[0], w[1]).mean(dim=(1, 2))])


def shapes():
    case = Case("shapes")
    case.input("x", 12)
    dense(case, "first", ["x"], 12, 12)
    case.add("Reshape", "image", ["first"], target_shape=[2, -1, 2])
    case.add("ZeroPadding2D", "pad", ["image"], padding=[[1, 2], [0, 3]], data_format="channels_last")
    case.add("Conv2D", "conv", ["pad"], filters=3, kernel_size=[2, 2], strides=[1, 1], padding="valid", data_format="channels_last",
             dilation_rate=[1, 1], groups=1, activation="tanh", use_bias=True)
    case.weight(2, 2, 2, 3)
    case.weight(3)
    case.add("Flatten", "flat", ["conv"], data_format="channels_last")
    dense(case, "out", ["flat"], 2, 4 * 5 * 3)

    def forward(x, w, t, u):
        image = ref.dense(x[0], w[0], w[1]).reshape(-1, 2, 3, 2)
        padded = torch.zeros(image.shape[0], 5, 6, 2)
        padded[:, 1:3, 0:3, :] = image
        y = ref.conv2d(padded, w[2], w[3], activation="tanh")
        return [ref.dense(y.reshape(y.shape[0], -1), w[4], w[5])]

    case.finish(["out"], forward)


def normalisations():
    for name, shape, options in (("rows", (3,), {}), ("images", (2, 3, 3), {}), ("sequences", (4, 3), {}),
                                 ("frozen", (3,), {"trainable": False}), ("plain", (2, 2, 3), {"center": False, "scale": False}),
                                 ("momentum", (3,), {"momentum": 0.75, "epsilon": 0.01})):
        case = Case("batch_norm_" + name)
        case.input("x", *shape)
        dense(case, "first", ["x"], 3, 3)
        config = dict({"axis": [len(shape)], "momentum": 0.99, "epsilon": 0.001, "center": True, "scale": True}, **options)
        case.add("BatchNormalization", "norm", ["first"], **config)
        frozen = options.get("trainable") is False
        if config["scale"]:
            case.weight(3, frozen=frozen)
        if config["center"]:
            case.weight(3, frozen=frozen)
        at = len(case.weights)
        case.weight(3, frozen=True)
        case.weight(3, frozen=True, positive=True)
        dense(case, "out", ["norm"], 2, 3)

        def forward(x, w, training, updates):
            x = ref.dense(x[0], w[0], w[1])
            gamma, beta = (w[2], w[3]) if config["scale"] else (None, None)
            y, mean, variance = ref.batch_norm(x, gamma, beta, w[at], w[at + 1], training and not frozen, config["momentum"],
                                               config["epsilon"])
            if training and not frozen:
                updates[at], updates[at + 1] = mean, variance
            return [ref.dense(y, w[at + 2], w[at + 3])]

        case.finish(["out"], forward)

    for name, axes in (("last", [3]), ("image", [1, 2, 3]), ("rows", [1])):
        case = Case("layer_norm_" + name)
        case.input("x", 2, 3, 4, rows=3)
        dense(case, "first", ["x"], 4, 4)
        case.add("LayerNormalization", "norm", ["first"], axis=axes, epsilon=0.001, center=True, scale=True)
        shape = [(2, 3, 4)[a - 1] for a in axes]
        case.weight(*shape)
        case.weight(*shape)
        spread = [(2, 3, 4)[d] if d + 1 in axes else 1 for d in range(3)]
        case.finish(["norm"], lambda x, w, t, u: [
            ref.layer_norm(ref.dense(x[0], w[0], w[1]), w[2].reshape(spread), w[3].reshape(spread), axes)])


def recurrent():
    words = torch.tensor([[3.0, 1, 4, 0, 0], [2, 0, 2, 1, 0], [0, 0, 0, 0, 0], [5, 4, 3, 2, 1]])
    common = {"activation": "tanh", "recurrent_activation": "sigmoid", "use_bias": True, "return_sequences": False, "go_backwards": False,
              "return_state": False, "stateful": False, "unroll": False, "dropout": 0.0, "recurrent_dropout": 0.0, "implementation": 2}
    for kind, name, options in (
            ("LSTM", "last", {}), ("LSTM", "sequences", {"return_sequences": True}), ("LSTM", "backwards", {"go_backwards": True}),
            ("LSTM", "hard", {"recurrent_activation": "hard_sigmoid", "activation": "softsign", "use_bias": False}),
            ("LSTM", "masked", {"mask": True}), ("LSTM", "masked_sequences", {"mask": True, "return_sequences": True}),
            ("GRU", "last", {"reset_after": True}), ("GRU", "before", {"reset_after": False}),
            ("GRU", "no_bias", {"reset_after": True, "use_bias": False}),
            ("GRU", "sequences", {"reset_after": True, "return_sequences": True, "go_backwards": True}),
            ("GRU", "masked", {"reset_after": True, "mask": True}),
            ("GRU", "masked_before", {"reset_after": False, "mask": True, "go_backwards": True})):
        case = Case(kind.lower() + "_" + name)
        options = dict(options)
        masked = options.pop("mask", False)
        units, gates = 3, 4 if kind == "LSTM" else 3
        if masked:
            case.input("x", 5, values=words)
            case.add("Embedding", "table", ["x"], input_dim=6, output_dim=2, mask_zero=True, input_length=5)
            case.weight(6, 2)
            before = "table"
        else:
            case.input("x", 4, 2, rows=3)
            before = "x"
        config = dict(common, **options)
        if kind == "LSTM":
            config["unit_forget_bias"] = True
        case.add(kind, "rnn", [before], units=units, **config)
        case.weight(2, gates * units)
        case.weight(units, gates * units)
        if config["use_bias"]:
            case.weight(*((2, gates * units) if options.get("reset_after") else (gates * units,)))
        dense(case, "out", ["rnn"], 2, units)
        first = 1 if masked else 0
        # a masked sequence has a masked loss, which is not what this case is about
        pooled = masked and config["return_sequences"]
        if pooled:
            case.add("Flatten", "flat", ["out"], data_format="channels_last")

        def forward(x, w, t, u):
            mask = x[0] != 0 if masked else None
            data = w[0][x[0].long()] if masked else x[0]
            bias = w[first + 2] if config["use_bias"] else None
            walk = ref.lstm if kind == "LSTM" else ref.gru
            more = {} if kind == "LSTM" else {"reset_after": options["reset_after"]}
            y = walk(data, w[first], w[first + 1], bias, config["activation"], config["recurrent_activation"], mask=mask,
                     go_backwards=config["go_backwards"], return_sequences=config["return_sequences"], **more)
            y = ref.dense(y, w[-2], w[-1])
            return [y.reshape(y.shape[0], -1) if pooled else y]

        case.finish(["flat" if pooled else "out"], forward)


def merges():
    functions = {"Add": lambda a, b, c: a + b + c, "Multiply": lambda a, b, c: a * b * c, "Average": lambda a, b, c: (a + b + c) / 3,
                 "Maximum": lambda a, b, c: torch.maximum(torch.maximum(a, b), c), "Concatenate": lambda a, b, c: torch.cat([a, b, c], -1)}
    for class_name, function in functions.items():
        case = Case("merge_" + class_name.lower())
        case.input("x", 3)
        for name in ("a", "b", "c"):
            dense(case, name, ["x"], 4, 3)
        case.add(class_name, "merge", ["a", "b", "c"], **({"axis": -1} if class_name == "Concatenate" else {}))
        dense(case, "out", ["merge"], 2, 12 if class_name == "Concatenate" else 4)
        case.finish(["out"], lambda x, w, t, u: [ref.dense(function(*[ref.dense(x[0], w[2 * i], w[2 * i + 1]) for i in range(3)]), w[6], w[7])])


def graphs():
    case = Case("residual_convolutions")
    case.input("x", 4, 4, 2, rows=3)
    for name, before in (("c1", "x"), ("c2", "c1")):
        case.add("Conv2D", name, [before], filters=2, kernel_size=[3, 3], strides=[1, 1], padding="same", data_format="channels_last",
                 dilation_rate=[1, 1], groups=1, activation="relu", use_bias=True)
        case.weight(3, 3, 2, 2)
        case.weight(2)
    case.add("Add", "sum", ["x", "c2"])
    case.add("Activation", "relu", ["sum"], activation="relu")
    case.add("Flatten", "flat", ["relu"], data_format="channels_last")
    dense(case, "out", ["flat"], 2, 32)

    def residual(x, w, t, u):
        y = ref.conv2d(ref.conv2d(x[0], w[0], w[1], padding="same", activation="relu"), w[2], w[3], padding="same", activation="relu")
        y = ref.ACTIVATIONS["relu"](x[0] + y)
        return [ref.dense(y.reshape(y.shape[0], -1), w[4], w[5])]

    case.finish(["out"], residual)

    case = Case("shared_layer_two_inputs")
    case.input("left", 3)
    case.input("right", 3)
    dense(case, "shared", [["left"], ["right"]], 4, 3, "tanh")
    case.add("Multiply", "merge", ["shared@0", "shared@1"])
    dense(case, "out", ["merge"], 1, 4)
    case.finish(["out"], lambda x, w, t, u: [
        ref.dense(ref.dense(x[0], w[0], w[1], "tanh") * ref.dense(x[1], w[0], w[1], "tanh"), w[2], w[3])])

    case = Case("two_outputs")
    case.input("x", 3)
    dense(case, "trunk", ["x"], 4, 3, "tanh")
    dense(case, "classes", ["trunk"], 3, 4, "softmax")
    dense(case, "value", ["trunk"], 1, 4)
    case.finish(["classes", "value"], lambda x, w, t, u: [ref.dense(ref.dense(x[0], w[0], w[1], "tanh"), w[2], w[3], "softmax"),
                                                          ref.dense(ref.dense(x[0], w[0], w[1], "tanh"), w[4], w[5])],
                ["categorical_crossentropy", "mean_squared_error"], loss_weights=[0.25, 2.0],
                targets=[torch.eye(3)[[0, 1, 2, 0, 1]], case.draw(5, 1, scale=1.0)])

    case = Case("frozen_trunk")
    case.input("x", 3)
    dense(case, "trunk", ["x"], 4, 3, "tanh", trainable=False)
    dense(case, "out", ["trunk"], 2, 4)
    case.finish(["out"], lambda x, w, t, u: [ref.dense(ref.dense(x[0], w[0], w[1], "tanh"), w[2], w[3])])


def penalties():
    case = Case("regularizers_constraints")
    case.input("x", 3)
    dense(case, "hidden", ["x"], 4, 3, "tanh", kernel_regularizer={"class_name": "L1L2", "config": {"l1": 0.0625, "l2": 0.125}},
          bias_constraint={"class_name": "NonNeg", "config": {}})
    dense(case, "norms", ["hidden"], 4, 4, "tanh", kernel_constraint={"class_name": "MaxNorm", "config": {"max_value": 0.75, "axis": 0}})
    dense(case, "units", ["norms"], 4, 4, "tanh", kernel_constraint={"class_name": "UnitNorm", "config": {"axis": 0}})
    dense(case, "out", ["units"], 2, 4, kernel_regularizer={"class_name": "L2", "config": {"l2": 0.25}},
          kernel_constraint={"class_name": "MinMaxNorm", "config": {"min_value": 0.5, "max_value": 0.625, "rate": 0.5, "axis": [0, 1]}})
    case.penalties.append(lambda w: 0.0625 * w[0].abs().sum() + 0.125 * (w[0] ** 2).sum() + 0.25 * (w[6] ** 2).sum())

    def norm(w, axes):
        return torch.sqrt((w * w).sum(dim=axes, keepdim=True))

    case.constraints[1] = lambda w: w * (w >= 0)
    case.constraints[2] = lambda w: w * (torch.clamp(norm(w, 0), 0, 0.75) / (1e-7 + norm(w, 0)))
    case.constraints[4] = lambda w: w / (1e-7 + norm(w, 0))
    case.constraints[6] = lambda w: w * ((0.5 * torch.clamp(norm(w, (0, 1)), 0.5, 0.625) + 0.5 * norm(w, (0, 1))) / (1e-7 + norm(w, (0, 1))))

    def forward(x, w, t, u):
        y = x[0]
        for i, activation in enumerate(("tanh", "tanh", "tanh", "linear")):
            y = ref.dense(y, w[2 * i], w[2 * i + 1], activation)
        return [y]

    case.finish(["out"], forward)


def orthogonal_penalties():
    case = Case("regularizers_orthogonal")
    case.input("x", 3)
    dense(case, "rows", ["x"], 4, 3, "tanh", kernel_regularizer={"class_name": "OrthogonalRegularizer", "config": {"factor": 0.5, "mode": "rows"}})
    dense(case, "out", ["rows"], 3, 4,
          kernel_regularizer={"class_name": "OrthogonalRegularizer", "config": {"factor": 0.25, "mode": "columns"}})

    def penalty(w, factor):
        w = w / torch.sqrt(torch.clamp((w * w).sum(dim=1, keepdim=True), min=1e-12))
        product = w @ w.T
        n = product.shape[0]
        return factor * 0.5 * (product * (1 - torch.eye(n))).abs().sum() / (n * (n - 1) / 2)

    case.penalties.append(lambda w: penalty(w[0], 0.5) + penalty(w[2].T, 0.25))
    case.finish(["out"], lambda x, w, t, u: [ref.dense(ref.dense(x[0], w[0], w[1], "tanh"), w[2], w[3])])


for group in (activations, activation_layers, softmax_outputs, convolutions, poolings, shapes, normalisations, recurrent, merges, graphs,
              penalties, orthogonal_penalties):
    group()
for path in sorted(glob.glob(os.path.join(HERE, "reference_*.py"))):
    importlib.import_module(os.path.basename(path)[:-3]).make_golden()
