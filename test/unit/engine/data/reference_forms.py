"""The forms in which models are written: one small model a form, and numpy's computation of the same.

Each text is what the program named by its form writes: Keras 2.0 to 2.15 and 3.x, Sequential and functional, lists and dictionaries of
layers, inputs and outputs, models inside of models, and TensorFlow.js. The weights are in Keras's order.
"""
import numpy

from golden_case import ACTIVATIONS, Case, dense


class Form(Case):
    """A case whose text is written out."""

    def data(self, *shape):
        self.inputs.append((list(shape), self.draw(3, *shape, scale=1.0)))

    def dense_weights(self, *widths):
        for features, units in zip(widths, widths[1:]):
            self.weight(features, units)
            self.weight(units)


def tower(x, w, *activations):
    """Dense layers one behind another."""
    for i, activation in enumerate(activations):
        x = ACTIVATIONS[activation](dense(x, w[2 * i], w[2 * i + 1]))
    return x


def dense_2(name, units, activation="linear", **more):
    """A layer as Keras 2 writes it."""
    config = {"name": name, "trainable": True, "dtype": "float32", "units": units, "activation": activation, "use_bias": True,
              "kernel_initializer": {"class_name": "GlorotUniform", "config": {"seed": None}},
              "bias_initializer": {"class_name": "Zeros", "config": {}}, "kernel_regularizer": None, "bias_regularizer": None,
              "activity_regularizer": None, "kernel_constraint": None, "bias_constraint": None}
    return {"class_name": "Dense", "config": dict(config, **more)}


def input_2(name, *shape):
    return {"class_name": "InputLayer", "config": {"batch_input_shape": [None, *shape], "dtype": "float32", "sparse": False, "ragged": False,
                                                   "name": name}}


def node_2(layer, *calls):
    """The layer in a functional model: a list of (name of a layer, node) a call."""
    inbound = [[[name, node, 0, {}] for name, node in call] for call in calls]
    return dict(layer, name=layer["config"]["name"], inbound_nodes=inbound)


def functional_2(name, layers, inputs, outputs, version="2.10.0"):
    return {"class_name": "Functional", "keras_version": version, "backend": "tensorflow",
            "config": {"name": name, "trainable": True, "layers": layers, "input_layers": inputs, "output_layers": outputs}}


def sequential_2(name, layers, **more):
    return {"class_name": "Sequential", "config": {"name": name, "layers": layers, **more}, "keras_version": "2.10.0", "backend": "tensorflow"}


POLICY = {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float32"}, "registered_name": None}


def layer_3(class_name, name, shape=None, **config):
    """A layer as Keras 3 writes it."""
    layer = {"module": "keras.layers", "class_name": class_name, "config": {"name": name, "trainable": True, "dtype": POLICY, **config},
             "registered_name": None}
    if shape is not None:
        layer["build_config"] = {"input_shape": [None, *shape]}
    return layer


def dense_3(name, units, activation, features):
    seed = {"module": "keras.initializers", "class_name": "GlorotUniform", "config": {"seed": None}, "registered_name": None}
    zeros = {"module": "keras.initializers", "class_name": "Zeros", "config": {}, "registered_name": None}
    return layer_3("Dense", name, [features], units=units, activation=activation, use_bias=True, kernel_initializer=seed,
                   bias_initializer=zeros, kernel_regularizer=None, bias_regularizer=None, kernel_constraint=None, bias_constraint=None)


def input_3(name, *shape):
    return {"module": "keras.layers", "class_name": "InputLayer", "registered_name": None,
            "config": {"batch_shape": [None, *shape], "dtype": "float32", "sparse": False, "ragged": False, "name": name}}


def tensor_3(name, node=0, index=0):
    return {"class_name": "__keras_tensor__", "config": {"shape": [None, None], "dtype": "float32", "keras_history": [name, node, index]}}


def node_3(layer, *calls, **arguments):
    """calls: what stands in "args" of each call."""
    return dict(layer, name=layer["config"]["name"], inbound_nodes=[{"args": list(args), "kwargs": arguments} for args in calls])


def functional_3(name, layers, inputs, outputs):
    return {"module": "keras.src.models.functional", "class_name": "Functional", "registered_name": "Functional",
            "config": {"name": name, "trainable": True, "layers": layers, "input_layers": inputs, "output_layers": outputs},
            "build_config": {"input_shape": None}}


def sequential_forms():
    case = Form("form_keras_2_0_sequential")
    case.data(3)
    case.dense_weights(3, 4, 2)
    text = {"class_name": "Sequential", "keras_version": "2.0.8", "backend": "tensorflow",
            "config": [dense_2("dense_1", 4, "tanh", batch_input_shape=[None, 3]), dense_2("dense_2", 2, "softmax")]}
    case.finish([], lambda x, w: [tower(x[0], w, "tanh", "softmax")], text)

    case = Form("form_keras_2_4_sequential")
    case.data(2, 3)
    case.dense_weights(3, 4)
    case.dense_weights(8, 2)
    flatten = {"class_name": "Flatten", "config": {"name": "flatten", "trainable": True, "dtype": "float32", "data_format": "channels_last"}}
    act = {"class_name": "Activation", "config": {"name": "activation", "trainable": True, "dtype": "float32", "activation": "sigmoid"}}
    text = sequential_2("sequential", [input_2("dense_input", 2, 3), dense_2("dense", 4), act, flatten, dense_2("dense_1", 2)],
                        build_input_shape=[None, 2, 3])
    case.finish([], lambda x, w: [dense(tower(x[0], w, "sigmoid").reshape(3, 8), w[2], w[3])], text)

    # written with the settings of compile(), which are the caller's here
    case = Form("form_keras_3_sequential")
    case.data(3)
    case.dense_weights(3, 4, 2)
    text = {"module": "keras", "class_name": "Sequential", "registered_name": None, "build_config": {"input_shape": [None, 3]},
            "compile_config": {"optimizer": {"module": "keras.optimizers", "class_name": "Adam", "config": {"learning_rate": 0.001},
                                             "registered_name": None}, "loss": "mse", "loss_weights": None, "metrics": ["mae"]},
            "config": {"name": "sequential", "trainable": True, "dtype": POLICY, "build_input_shape": [None, 3],
                       "layers": [input_3("input_layer", 3), dense_3("dense", 4, "relu", 3), dense_3("dense_1", 2, "linear", 4)]}}
    case.finish([], lambda x, w: [tower(x[0], w, "relu", "linear")], text)

    # without an input shape: it is the packed column's
    case = Form("form_open_input")
    case.data(3)
    case.dense_weights(3, 4, 2)
    text = {"module": "keras", "class_name": "Sequential", "registered_name": None,
            "config": {"name": "sequential", "trainable": True, "dtype": POLICY,
                       "layers": [layer_3("Dense", "dense", units=4, activation="tanh", use_bias=True),
                                  layer_3("Dense", "dense_1", units=2, activation="linear", use_bias=True)]}}
    case.finish([], lambda x, w: [tower(x[0], w, "tanh", "linear")], text)

    # what a file of weights has beside them
    case = Form("form_model_config")
    case.data(3)
    case.dense_weights(3, 2)
    text = {"model_config": sequential_2("sequential", [dense_2("dense", 2, "tanh", batch_input_shape=[None, 3])]),
            "training_config": {"loss": "mse", "metrics": None, "optimizer_config": {"class_name": "SGD", "config": {"lr": 0.1}}}}
    case.finish([], lambda x, w: [tower(x[0], w, "tanh")], text)


def functional_forms():
    merge = {"class_name": "Concatenate", "config": {"name": "both", "trainable": True, "dtype": "float32", "axis": -1}}
    layers = [node_2(input_2("z", 2)), node_2(input_2("a", 3)), node_2(dense_2("left", 4, "tanh"), [("a", 0)]),
              node_2(merge, [("left", 0), ("z", 0)]), node_2(dense_2("kind", 3, "softmax"), [("both", 0)]),
              node_2(dense_2("price", 1), [("both", 0)])]

    def forward(a, z, w):
        both = numpy.concatenate([tower(a, w, "tanh"), z], axis=1)
        return tower(both, w[2:], "softmax"), tower(both, w[4:], "linear")

    def weigh(case):
        case.dense_weights(3, 4)
        case.dense_weights(6, 3)
        case.dense_weights(6, 1)

    # inputs and outputs in the lists' order, "Model" as before Keras 2.4
    case = Form("form_keras_2_functional_lists")
    case.data(2)
    case.data(3)
    weigh(case)
    text = functional_2("model_1", layers, [["z", 0, 0], ["a", 0, 0]], [["price", 0, 0], ["kind", 0, 0]], "2.2.4-tf")
    text["class_name"] = "Model"
    case.finish([], lambda x, w: list(reversed(forward(x[1], x[0], w))), text)

    # dictionaries are in the order of their keys
    case = Form("form_keras_2_15_dictionaries")
    case.data(3)
    case.data(2)
    weigh(case)
    text = functional_2("model", layers, {"z": ["z", 0, 0], "a": ["a", 0, 0]}, {"price": ["price", 0, 0], "kind": ["kind", 0, 0]}, "2.15.0")
    case.finish([], lambda x, w: list(forward(x[0], x[1], w)), text)

    # a layer called twice, an operation, a list of tensors, one input and one output that are no list of lists
    case = Form("form_keras_3_functional")
    case.data(3)
    case.dense_weights(3, 3, 2)
    add = {"module": "keras.src.ops.numpy", "class_name": "Add", "config": {"name": "add"}, "registered_name": "Add"}
    text = functional_3("functional", [
        node_3(input_3("x", 3)), node_3(dense_3("twice", 3, "tanh", 3), [tensor_3("x")], [tensor_3("twice")]),
        node_3(add, [tensor_3("twice", 0), tensor_3("twice", 1)]),
        node_3(layer_3("Multiply", "multiply"), [[tensor_3("add"), tensor_3("x")]]),
        node_3(dense_3("out", 2, "linear", 3), [tensor_3("multiply")])], ["x", 0, 0], ["out", 0, 0])

    def twice(x, w):
        once = tower(x[0], w, "tanh")
        return [dense((once + tower(once, w, "tanh")) * x[0], w[2], w[3])]

    case.finish([], twice, text)

    case = Form("form_keras_3_dictionaries")
    case.data(3)
    case.data(2)
    weigh(case)
    text = functional_3("functional", [
        node_3(input_3("z", 2)), node_3(input_3("a", 3)), node_3(dense_3("left", 4, "tanh", 3), [tensor_3("a")]),
        node_3(layer_3("Concatenate", "both", axis=-1), [[tensor_3("left"), tensor_3("z")]]),
        node_3(dense_3("first", 3, "softmax", 6), [tensor_3("both")]), node_3(dense_3("second", 1, "linear", 6), [tensor_3("both")])],
        {"z": ["z", 0, 0], "a": ["a", 0, 0]}, {"price": ["second", 0, 0], "kind": ["first", 0, 0]})
    case.finish([], lambda x, w: list(forward(x[0], x[1], w)), text)


def nested_forms():
    # a Sequential in a functional model in a Sequential one
    case = Form("form_nested_to_depth")
    case.data(3)
    case.dense_weights(3, 4, 4, 4, 2)
    inner = sequential_2("inner", [input_2("inner_input", 4), dense_2("i1", 4, "tanh"), dense_2("i2", 4, "sigmoid")])
    middle = functional_2("middle", [node_2(input_2("m", 3)), node_2(dense_2("m1", 4, "tanh"), [("m", 0)]), node_2(inner, [("m1", 0)])],
                          [["m", 0, 0]], [["inner", 1, 0]])
    text = sequential_2("outer", [middle, dense_2("out", 2)])
    case.finish([], lambda x, w: [tower(x[0], w, "tanh", "tanh", "sigmoid", "linear")], text)

    case = Form("form_nested_keras_2_2_2")
    case.data(3)
    case.dense_weights(3, 4, 2)
    text = {"class_name": "Sequential", "keras_version": "2.2.2", "backend": "tensorflow",
            "config": [{"class_name": "Sequential", "config": [dense_2("dense_1", 4, "tanh", batch_input_shape=[None, 3])]}, dense_2("dense_2", 2)]}
    case.finish([], lambda x, w: [tower(x[0], w, "tanh", "linear")], text)

    case = Form("form_nested_keras_3")
    case.data(3)
    case.dense_weights(3, 4, 4, 2)
    inner = functional_3("block", [node_3(input_3("b", 3)), node_3(dense_3("b1", 4, "tanh", 3), [tensor_3("b")]),
                                   node_3(dense_3("b2", 4, "relu", 4), [tensor_3("b1")])], [["b", 0, 0]], [["b2", 0, 0]])
    text = functional_3("functional", [node_3(input_3("x", 3)), node_3(inner, [tensor_3("x")]),
                                       node_3(dense_3("out", 2, "linear", 4), [tensor_3("block")])], [["x", 0, 0]], [["out", 0, 0]])
    case.finish([], lambda x, w: [tower(x[0], w, "tanh", "relu", "linear")], text)

    # one model, called twice: its weights are there once, and gradients come from both calls
    case = Form("form_shared_model")
    case.data(3)
    case.data(3)
    case.dense_weights(3, 4, 4)
    case.dense_weights(4, 1)
    shared = sequential_2("tower", [dense_2("t1", 4, "tanh", batch_input_shape=[None, 3]), dense_2("t2", 4, "tanh")])
    product = {"class_name": "Multiply", "config": {"name": "product", "trainable": True, "dtype": "float32"}}
    text = functional_2("siamese", [node_2(input_2("left", 3)), node_2(input_2("right", 3)),
                                    node_2(shared, [("left", 0)], [("right", 0)]), node_2(product, [("tower", 1), ("tower", 2)]),
                                    node_2(dense_2("same", 1, "sigmoid"), [("product", 0)])],
                        [["left", 0, 0], ["right", 0, 0]], [["same", 0, 0]])
    case.finish([], lambda x, w: [tower(tower(x[0], w, "tanh", "tanh") * tower(x[1], w, "tanh", "tanh"), w[4:], "sigmoid")], text)


def tensorflow_js_forms():
    case = Form("form_tfjs_converted")
    case.data(3)
    case.dense_weights(3, 4, 2)
    text = {"format": "layers-model", "generatedBy": "keras v2.4.0", "convertedBy": "TensorFlow.js Converter v3.18.0",
            "modelTopology": {"keras_version": "2.4.0", "backend": "tensorflow",
                              "model_config": sequential_2("sequential", [input_2("dense_input", 3), dense_2("dense", 4, "tanh"), dense_2("dense_1", 2)]),
                              "training_config": {"loss": "mse", "metrics": ["mae"], "optimizer_config": {"class_name": "Adam", "config": {}}}},
            "weightsManifest": [{"paths": ["shard1of1.bin"], "weights": [{"name": "dense/kernel", "shape": [3, 4], "dtype": "float32"}]}]}
    case.finish([], lambda x, w: [tower(x[0], w, "tanh", "linear")], text)

    case = Form("form_tfjs_layers")
    case.data(3)
    case.dense_weights(3, 4, 2)

    def layer(name, units, activation, **more):
        scaling = {"class_name": "VarianceScaling", "config": {"scale": 1, "mode": "fan_avg", "distribution": "normal", "seed": None}}
        return {"class_name": "Dense", "config": {"units": units, "activation": activation, "use_bias": True, "kernel_initializer": scaling,
                                                  "bias_initializer": {"class_name": "Zeros", "config": {}}, "name": name, "trainable": True,
                                                  **more}}

    text = {"modelTopology": {"class_name": "Sequential", "keras_version": "tfjs-layers 4.10.0", "backend": "tensor_flow.js",
                              "config": {"name": "sequential_1", "layers": [
                                  layer("dense_Dense1", 4, "sigmoid", batch_input_shape=[None, 3], dtype="float32"),
                                  layer("dense_Dense2", 2, "linear")]}},
            "format": "layers-model", "generatedBy": "TensorFlow.js tfjs-layers v4.10.0", "convertedBy": None,
            "weightsManifest": [{"paths": ["./model.weights.bin"], "weights": []}]}
    case.finish([], lambda x, w: [tower(x[0], w, "sigmoid", "linear")], text)


def make_golden():
    sequential_forms()
    functional_forms()
    nested_forms()
    tensorflow_js_forms()
