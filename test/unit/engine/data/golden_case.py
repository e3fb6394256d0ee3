"""A small Keras model beside a function of numpy's that computes the same, and the golden file of both.

Gradients are taken by the complex step (Squire & Trapp, "Using complex variables to estimate derivatives of real functions", 1998): the
imaginary part of loss(w + i h) / h, which has no difference in it and so is exact to rounding. A forward function must be written for
complex numbers: it compares real parts only, and takes no absolute values.

Weights and inputs are multiples of 1/64, so that they are exact in float32 and short in the files.
"""
import json
import os

import numpy

HERE = os.path.dirname(os.path.abspath(__file__))
STEP = 1e-30


class Case:
    def __init__(self, name):
        self.name = name
        self.random = numpy.random.RandomState(sum(map(ord, name)))
        self.layers, self.inputs, self.weights, self.frozen = [], [], [], []

    def draw(self, *shape, scale=0.5):
        return numpy.round(self.random.randn(*shape) * scale * 64) / 64

    def add(self, class_name, name, inbound, **config):
        config = dict(config, name=name, dtype="float32")
        config.setdefault("trainable", True)
        self.layers.append({"class_name": class_name, "name": name, "config": config, "inbound_nodes": [[[n, 0, 0, {}] for n in inbound]]})

    def input(self, name, *shape, values=None, rows=3):
        config = {"batch_input_shape": [None, *shape], "dtype": "float32", "sparse": False, "ragged": False, "name": name}
        self.layers.append({"class_name": "InputLayer", "name": name, "config": config, "inbound_nodes": []})
        self.inputs.append((list(shape), self.draw(rows, *shape, scale=1.0) if values is None else numpy.asarray(values, float)))

    def weight(self, *shape, frozen=False, values=None):
        self.weights.append(self.draw(*shape) if values is None else numpy.asarray(values, float).reshape(shape))
        self.frozen.append(frozen)

    def dense(self, name, inbound, units, features):
        """A layer in front, so that gradients with the next layer's input are in the file, too."""
        self.add("Dense", name, inbound, units=units, activation="linear", use_bias=True)
        self.weight(features, units)
        self.weight(units)

    def finish(self, outputs, forward, model=None):
        """forward(inputs, weights) -> outputs, in training and in prediction alike. model: the text, where it is no model of add()."""
        data = [values for _, values in self.inputs]
        predicted = forward(data, self.weights)
        targets = [self.draw(*p.shape, scale=1.0) for p in predicted]

        def total(weights):
            return sum(((p - y) ** 2).reshape(p.shape[0], -1).mean(axis=1).mean() for p, y in zip(forward(data, weights), targets))

        after = []
        for i, weight in enumerate(self.weights):
            gradient = numpy.zeros(weight.shape)
            for at in [] if self.frozen[i] else numpy.ndindex(*weight.shape):
                moved = list(self.weights)
                moved[i] = weight.astype(complex)
                moved[i][at] += 1j * STEP
                gradient[at] = numpy.imag(total(moved)) / STEP
            after.append(weight - gradient)
        loss = float(total(self.weights))
        if model is None:
            model = {"class_name": "Functional", "keras_version": "2.10.0", "backend": "tensorflow",
                     "config": {"name": self.name, "trainable": True, "layers": self.layers,
                                "input_layers": [[layer["name"], 0, 0] for layer in self.layers if layer["class_name"] == "InputLayer"],
                                "output_layers": [[name, 0, 0] for name in outputs]}}

        def flat(arrays):
            return [float(x) for array in arrays for x in numpy.asarray(array).reshape(-1)]

        record = {
            "model": json.dumps(model), "losses": ["mean_squared_error"] * len(predicted), "loss_weights": [], "rows": len(data[0]),
            "inputs": [{"shape": s, "values": flat([v])} for s, v in self.inputs],
            "targets": [{"shape": list(t.shape[1:]), "values": flat([t])} for t in targets], "row_weights": [],
            "weights": flat(self.weights), "outputs": [flat([p]) for p in predicted],
            "evaluation_loss": loss, "training_loss": loss, "after": flat(after),
        }
        with open(os.path.join(HERE, self.name + ".json"), "w") as file:
            json.dump(record, file, separators=(",", ":"))
            file.write("\n")


def relu(x):
    return numpy.where(x.real > 0, x, 0)


def softmax(x):
    e = numpy.exp(x - x.real.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


ACTIVATIONS = {"linear": lambda x: x, "relu": relu, "tanh": numpy.tanh, "softmax": softmax, "sigmoid": lambda x: 1 / (1 + numpy.exp(-x)),
               "relu6": lambda x: numpy.where(x.real > 6, 6, relu(x))}


def dense(x, kernel, bias):
    return numpy.tensordot(x, kernel, axes=1) + bias
