#!/usr/bin/python3
"""Writes the architectures beside this file: small networks of our own that put layers together as published families do, in the form of
Keras 2.10's model.to_json(). Needs nothing but Python; sql/architectures.sql reads what it wrote.

    make_architectures.py
"""
import json
import os

HERE = os.path.dirname(os.path.abspath(__file__))


class Model:
    """Layers in the order in which they are called; a layer is given by what it is called on."""

    def __init__(self, name):
        self.name, self.layers, self.inputs, self.count, self.calls = name, [], [], {}, {}

    def input(self, *shape, name=None):
        name = name or "input_%d" % (len(self.inputs) + 1)
        config = {"batch_input_shape": [None, *shape], "dtype": "float32", "sparse": False, "ragged": False, "name": name}
        self.layers.append({"class_name": "InputLayer", "config": config, "name": name, "inbound_nodes": []})
        self.inputs.append(name)
        return (name, 0, 0)

    def call(self, before, class_name, name=None, arguments=None, **config):
        """before: one tensor or a list. Returns the layer's first output."""
        if name is None:
            stem = "".join(("_" if i and c.isupper() and class_name[i - 1].islower() else "") + c.lower() for i, c in enumerate(class_name))
            self.count[stem] = self.count.get(stem, 0) + 1
            name = "%s_%d" % (stem, self.count[stem])
        before = before if isinstance(before, list) else [before]
        node = [[*tensor, arguments or {}] for tensor in before]
        if name in self.calls:
            next(layer for layer in self.layers if layer["name"] == name)["inbound_nodes"].append(node)
        else:
            config = dict({"name": name, "trainable": True}, **({"dtype": "float32"} if class_name != "Functional" else {}), **config)
            self.layers.append({"class_name": class_name, "config": config, "name": name, "inbound_nodes": [node]})
            self.calls[name] = 1 if class_name == "Functional" else 0
        index = self.calls[name]
        self.calls[name] += 1
        return (name, index, 0)

    def nested(self, before, model, name=None):
        return self.call(before, "Functional", name or model.name, **{k: v for k, v in model.config().items() if k != "name"})

    def output(self, *tensors):
        self.outputs = [list(tensor) for tensor in tensors]
        return self

    def config(self):
        return {"name": self.name, "trainable": True, "layers": self.layers, "input_layers": [[name, 0, 0] for name in self.inputs],
                "output_layers": self.outputs}

    def write(self):
        text = {"class_name": "Functional", "config": self.config(), "keras_version": "2.10.0", "backend": "tensorflow"}
        with open(os.path.join(HERE, self.name + ".json"), "w") as file:
            json.dump(text, file, separators=(",", ":"))
            file.write("\n")


def output(tensor, index):
    return (tensor[0], tensor[1], index)


def conv(m, x, filters, size=3, strides=1, padding="same", activation="linear", bias=True, kind="Conv2D", **more):
    return m.call(x, kind, filters=filters, kernel_size=[size, size], strides=[strides, strides], padding=padding, activation=activation,
                  use_bias=bias, data_format="channels_last", **more)


def depthwise(m, x, strides=1, padding="same", size=3):
    return m.call(x, "DepthwiseConv2D", kernel_size=[size, size], strides=[strides, strides], padding=padding, depth_multiplier=1, use_bias=False,
                  data_format="channels_last")


def norm(m, x, activation=None):
    x = m.call(x, "BatchNormalization", axis=[3], momentum=0.99, epsilon=0.001, center=True, scale=True)
    if activation == "relu6":
        return m.call(x, "ReLU", max_value=6.0, negative_slope=0.0, threshold=0.0)
    return x if activation is None else m.call(x, "Activation", activation=activation)


def dense(m, x, units, activation="linear", **more):
    return m.call(x, "Dense", units=units, activation=activation, use_bias=True, **more)


def mobilenet_v1():
    m = Model("mobilenet_v1")
    x = norm(m, conv(m, m.input(16, 16, 3), 8, strides=2, bias=False), "relu6")
    for filters, strides in ((16, 1), (24, 2), (24, 1)):
        padding = "same"
        if strides == 2:
            x = m.call(x, "ZeroPadding2D", padding=[[0, 1], [0, 1]], data_format="channels_last")
            padding = "valid"
        x = norm(m, depthwise(m, x, strides, padding), "relu6")
        x = norm(m, conv(m, x, filters, 1, bias=False), "relu6")
    x = m.call(x, "GlobalAveragePooling2D", data_format="channels_last", keepdims=True)
    x = m.call(x, "Dropout", rate=0.001, noise_shape=None, seed=None)
    x = m.call(conv(m, x, 4, 1), "Reshape", target_shape=[4])
    return m.output(m.call(x, "Activation", activation="softmax"))


def mobilenet_v2():
    m = Model("mobilenet_v2")
    x = norm(m, conv(m, m.input(16, 16, 3), 8, strides=2, bias=False), "relu6")
    for filters, strides in ((8, 1), (12, 2), (12, 1)):
        y = norm(m, conv(m, x, 24, 1, bias=False), "relu6")
        y = norm(m, depthwise(m, y, strides), "relu6")
        y = norm(m, conv(m, y, filters, 1, bias=False))
        x = y if strides == 2 else m.call([x, y], "Add")
    x = m.call(norm(m, conv(m, x, 32, 1, bias=False), "relu6"), "GlobalAveragePooling2D", data_format="channels_last")
    return m.output(dense(m, x, 4, "softmax"))


def xception():
    def separable(m, x, filters):
        return norm(m, m.call(x, "SeparableConv2D", filters=filters, kernel_size=[3, 3], padding="same", use_bias=False, depth_multiplier=1,
                              data_format="channels_last"))

    m = Model("xception")
    x = norm(m, conv(m, m.input(16, 16, 3), 8, padding="valid", bias=False), "relu")
    side = norm(m, conv(m, x, 16, 1, strides=2, bias=False))
    y = separable(m, m.call(separable(m, x, 16), "Activation", activation="relu"), 16)
    y = m.call(y, "MaxPooling2D", pool_size=[3, 3], strides=[2, 2], padding="same", data_format="channels_last")
    x = m.call([y, side], "Add")
    for _ in range(2):
        x = separable(m, m.call(x, "Activation", activation="relu"), 16)
    x = m.call(x, "GlobalAveragePooling2D", data_format="channels_last")
    return m.output(dense(m, x, 4, "softmax"))


def resnet_nested():
    def block(name, size, channels, filters, strides):
        m = Model(name)
        x = m.input(size, size, channels)
        y = norm(m, conv(m, x, filters, strides=strides), "relu")
        y = norm(m, conv(m, y, filters))
        side = norm(m, conv(m, x, filters, 1, strides)) if strides > 1 or channels != filters else x
        return m.output(m.call(m.call([y, side], "Add"), "ReLU", max_value=None, negative_slope=0.0, threshold=0.0))

    def stage(name, size, channels, filters, strides):
        m = Model(name)
        x = m.nested(m.input(size, size, channels), block("block_1", size, channels, filters, strides))
        after = size // strides
        return m.output(m.nested(x, block("block_2", after, filters, filters, 1)))

    m = Model("resnet_nested")
    x = norm(m, conv(m, m.input(16, 16, 3), 8), "relu")
    x = m.nested(x, stage("stage_1", 16, 8, 8, 1))
    x = m.nested(x, stage("stage_2", 16, 8, 12, 2))
    return m.output(dense(m, m.call(x, "GlobalAveragePooling2D", data_format="channels_last"), 4, "softmax"))


def unet():
    m = Model("unet")
    down1 = conv(m, conv(m, m.input(16, 16, 3), 6, activation="relu"), 6, activation="relu")
    down2 = conv(m, m.call(down1, "MaxPooling2D", pool_size=[2, 2]), 8, activation="relu")
    bottom = conv(m, m.call(down2, "MaxPooling2D", pool_size=[2, 2]), 12, activation="relu")
    up = conv(m, bottom, 8, 2, 2, activation="relu", kind="Conv2DTranspose")
    up = conv(m, m.call([down2, up], "Concatenate", axis=3), 8, activation="relu")
    up = m.call(up, "UpSampling2D", size=[2, 2], interpolation="bilinear", data_format="channels_last")
    up = m.call(up, "ZeroPadding2D", padding=[[1, 1], [1, 1]], data_format="channels_last")
    up = m.call(up, "Cropping2D", cropping=[[1, 1], [1, 1]], data_format="channels_last")
    up = conv(m, m.call([down1, up], "Concatenate", axis=3), 6, activation="relu")
    return m.output(conv(m, up, 1, 1, activation="sigmoid"))


def efficientnet():
    m = Model("efficientnet")
    x = m.call(m.input(16, 16, 3), "Rescaling", scale=2.0, offset=-1.0)
    x = norm(m, conv(m, x, 8, strides=2, bias=False), "swish")
    y = norm(m, conv(m, x, 16, 1, bias=False), "swish")
    y = norm(m, depthwise(m, y, size=5), "swish")
    s = m.call(m.call(y, "GlobalAveragePooling2D", data_format="channels_last"), "Reshape", target_shape=[1, 1, 16])
    s = conv(m, conv(m, s, 4, 1, activation="swish"), 16, 1, activation="sigmoid")
    y = norm(m, conv(m, m.call([y, s], "Multiply"), 8, 1, bias=False))
    y = m.call(y, "Dropout", rate=0.2, noise_shape=[None, 1, 1, 1], seed=None)
    x = norm(m, conv(m, m.call([y, x], "Add"), 32, 1, bias=False), "swish")
    return m.output(dense(m, m.call(x, "GlobalAveragePooling2D", data_format="channels_last"), 4, "softmax"))


def densenet():
    m = Model("densenet")
    x = conv(m, m.input(16, 16, 3), 6)
    for _ in range(3):
        y = conv(m, norm(m, x, "relu"), 4, bias=False)
        x = m.call([x, y], "Concatenate", axis=3)
    x = m.call(conv(m, norm(m, x, "relu"), 8, 1), "AveragePooling2D", pool_size=[2, 2], strides=[2, 2])
    x = m.call(x, "SpatialDropout2D", rate=0.1)
    return m.output(dense(m, m.call(x, "GlobalMaxPooling2D", data_format="channels_last"), 4, "softmax"))


def text_cnn():
    m = Model("text_cnn")
    x = m.call(m.input(12), "Embedding", input_dim=20, output_dim=6, mask_zero=False, input_length=12)
    x = m.call(x, "SpatialDropout1D", rate=0.1)
    pooled = []
    for size in (2, 3, 4):
        y = m.call(x, "Conv1D", filters=5, kernel_size=[size], strides=[1], padding="valid", activation="relu", use_bias=True)
        pooled.append(m.call(y, "GlobalMaxPooling1D"))
    x = m.call(m.call(pooled, "Concatenate", axis=1), "Dropout", rate=0.3)
    return m.output(dense(m, x, 4, "softmax"))


def cnn_lstm():
    m = Model("cnn_lstm")
    x = m.input(12, 3)
    for filters in (6, 8):
        x = m.call(x, "Conv1D", filters=filters, kernel_size=[3], strides=[1], padding="same", activation="relu", use_bias=True)
        x = m.call(x, "MaxPooling1D", pool_size=[2], strides=[2], padding="valid")
    return m.output(dense(m, m.call(x, "LSTM", units=6, dropout=0.1), 4, "softmax"))


def video():
    frame = Model("frame")
    x = conv(frame, frame.input(8, 8, 1), 4, strides=2, activation="relu")
    frame.output(frame.call(x, "GlobalAveragePooling2D"))
    m = Model("video")
    x = m.call(m.input(5, 8, 8, 1), "TimeDistributed", layer={"class_name": "Functional", "config": frame.config()})
    return m.output(dense(m, m.call(x, "GRU", units=5, reset_after=True), 1))


def tagger():
    m = Model("tagger")
    x = m.call(m.input(12), "Embedding", input_dim=20, output_dim=6, mask_zero=True)
    lstm = {"class_name": "LSTM", "config": {"name": "lstm", "units": 4, "return_sequences": True, "recurrent_dropout": 0.1}}
    x = m.call(x, "Bidirectional", layer=lstm, merge_mode="concat")
    return m.output(m.call(x, "TimeDistributed", layer={"class_name": "Dense", "config": {"name": "d", "units": 3, "activation": "softmax"}}))


def siamese():
    m = Model("siamese")
    left, right = m.input(12, name="left"), m.input(12, name="right")
    sides = []
    for side in (left, right):
        x = m.call(side, "Embedding", name="words", input_dim=20, output_dim=6, mask_zero=True)
        sides.append(m.call(x, "LSTM", name="sentence", units=5))
    difference = m.call(sides, "Subtract")
    x = m.call([m.call([difference, difference], "Multiply"), m.call(sides, "Dot", axes=1, normalize=True)], "Concatenate", axis=-1)
    return m.output(dense(m, x, 1, "sigmoid"))


def wide_and_deep():
    m = Model("wide_and_deep")
    embedded = []
    for name, words in (("kind", 3), ("region", 7)):
        x = m.call(m.input(1, name=name), "Embedding", input_dim=words, output_dim=4)
        embedded.append(m.call(x, "Flatten"))
    numbers = m.input(3, name="numbers")
    normal = m.call(numbers, "BatchNormalization", axis=[1], momentum=0.99, epsilon=0.001, center=True, scale=True)
    deep = m.call([*embedded, normal], "Concatenate", axis=1)
    for units in (16, 8):
        deep = m.call(dense(m, deep, units, "relu"), "Dropout", rate=0.1)
    return m.output(dense(m, m.call([deep, numbers], "Concatenate", axis=1), 1, "sigmoid", name="wide_and_deep"))


def transformer():
    m = Model("transformer")
    x = m.call(m.input(12), "Embedding", input_dim=20, output_dim=8)
    y = m.call(x, "MultiHeadAttention", name="attention", arguments={"value": list(x), "use_causal_mask": False}, num_heads=2, key_dim=4,
               dropout=0.1)
    x = m.call(m.call([x, y], "Add"), "LayerNormalization", axis=[2], epsilon=1e-6)
    y = m.call(dense(m, dense(m, x, 16, "gelu"), 8), "Dropout", rate=0.1)
    x = m.call(m.call([x, y], "Add"), "LayerNormalization", axis=[2], epsilon=1e-6)
    return m.output(dense(m, m.call(x, "GlobalAveragePooling1D"), 4, "softmax"))


def autoencoder():
    encoder = Model("encoder")
    x = conv(encoder, encoder.input(16, 16, 3), 6, strides=2, activation="relu")
    encoder.output(dense(encoder, encoder.call(x, "Flatten"), 5))
    decoder = Model("decoder")
    x = decoder.call(dense(decoder, decoder.input(5), 4 * 4 * 4, "relu"), "Reshape", target_shape=[4, 4, 4])
    x = decoder.call(conv(decoder, x, 4, activation="relu"), "UpSampling2D", size=[2, 2], interpolation="nearest")
    x = conv(decoder, x, 4, strides=2, activation="relu", kind="Conv2DTranspose")
    decoder.output(conv(decoder, x, 3, activation="sigmoid"))
    m = Model("autoencoder")
    x = m.call(m.input(16, 16, 3), "GaussianNoise", stddev=0.1)
    return m.output(m.nested(m.nested(x, encoder), decoder))


def seq2seq():
    m = Model("seq2seq")
    source, target = m.input(12, 3, name="source"), m.input(6, 3, name="target")
    encoded = m.call(source, "LSTM", name="encoder", units=5, return_sequences=True, return_state=True)
    x = m.call([target, output(encoded, 1), output(encoded, 2)], "LSTM", name="decoder", units=5, return_sequences=True)
    context = m.call([x, encoded], "Attention", use_scale=True)
    x = m.call([x, context], "Concatenate", axis=-1)
    return m.output(m.call(x, "TimeDistributed", layer={"class_name": "Dense", "config": {"name": "d", "units": 3, "activation": "softmax"}}))


def dilated():
    m = Model("dilated")
    x = m.call(m.input(12, 3), "Conv1D", filters=6, kernel_size=[2], padding="causal")
    for rate in (1, 2, 4):
        gates = [m.call(x, "Conv1D", filters=6, kernel_size=[2], padding="causal", dilation_rate=[rate], activation=activation)
                 for activation in ("tanh", "sigmoid")]
        x = m.call([x, m.call(m.call(gates, "Multiply"), "Conv1D", filters=6, kernel_size=[1])], "Add")
    x = m.call(x, "PReLU", shared_axes=[1])
    return m.output(dense(m, m.call(x, "Cropping1D", cropping=[11, 0]), 1))


def documents():
    # a hierarchy: words of sentences, sentences of documents
    sentence = Model("sentence")
    x = sentence.call(sentence.input(4), "Embedding", input_dim=20, output_dim=5, mask_zero=True)
    sentence.output(sentence.call(x, "Bidirectional", layer={"class_name": "GRU", "config": {"name": "gru", "units": 3}}, merge_mode="ave"))
    m = Model("documents")
    x = m.call(m.input(3, 4), "TimeDistributed", layer={"class_name": "Functional", "config": sentence.config()})
    return m.output(dense(m, m.call(x, "SimpleRNN", units=4), 4, "softmax"))


if __name__ == "__main__":
    for make in (mobilenet_v1, mobilenet_v2, xception, resnet_nested, unet, efficientnet, densenet, text_cnn, cnn_lstm, video, tagger, siamese,
                 wide_and_deep, transformer, autoencoder, seq2seq, dilated, documents):
        make().write()
