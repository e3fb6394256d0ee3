#!/usr/bin/env python3
"""Makes files/keras2_parts.h5, files/keras3_parts.weights.h5 and files/parts.keras by h5py and zipfile; made once and committed.

The layouts are those of Keras: Keras 2's save_weights_to_hdf5_group, Keras 3's saving_lib with names. Run it where
python3-h5py is installed. The model has what the reader takes apart: a model inside and a Bidirectional layer. Weights are
0.5, 1.5, 2.5, ... in the order of the parts below, but for the count of the Normalization, an integer.
"""
import json
import os
import zipfile

import h5py
import numpy as np

os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), "files"))


def recurrent(size, units):
    return [("kernel", (size, 4 * units)), ("recurrent_kernel", (units, 4 * units)), ("bias", (4 * units,))]


# layer of the model, its name and its cell's in Keras 2's names, its group in Keras 3's files, its variables
PARTS = [
    ("scaled", "scaled", "layers/normalization", [("mean", (3,)), ("variance", (3,)), ("count", ())]),
    ("lstm", "lstm/lstm_cell", "layers/lstm/cell", recurrent(3, 3)),
    ("encoder", "lstm/lstm_cell_1", "layers/sequential/layers/lstm/cell", recurrent(3, 2)),
    ("encoder", "norm", "layers/sequential/layers/batch_normalization",
     [("gamma", (2,)), ("beta", (2,)), ("moving_mean", (2,)), ("moving_variance", (2,))]),
    ("encoder", "top", "layers/sequential/layers/dense", [("kernel", (2, 2)), ("bias", (2,))]),
    ("both", "both/forward_lstm/lstm_cell_2", "layers/bidirectional/forward_layer/cell", recurrent(2, 2)),
    ("both", "both/backward_lstm/lstm_cell_3", "layers/bidirectional/backward_layer/cell", recurrent(2, 2)),
    ("out", "out", "layers/dense", [("kernel", (4, 4)), ("bias", (4,))]),
]
NAMES = {  # Keras 3's attributes "name"; layers without variables of their own have them, too
    "layers/normalization": "scaled", "layers/lstm": "lstm", "layers/lstm/cell": "lstm_cell", "layers/sequential": "encoder",
    "layers/sequential/layers/lstm": "lstm", "layers/sequential/layers/lstm/cell": "lstm_cell",
    "layers/sequential/layers/batch_normalization": "norm", "layers/sequential/layers/dense": "top", "layers/bidirectional": "both",
    "layers/bidirectional/forward_layer": "forward_lstm", "layers/bidirectional/forward_layer/cell": "lstm_cell",
    "layers/bidirectional/backward_layer": "backward_lstm", "layers/bidirectional/backward_layer/cell": "lstm_cell", "layers/dense": "out",
}


def values():
    at = 0
    for layer, prefix, group, variables in PARTS:
        for i, (name, shape) in enumerate(variables):
            size = int(np.prod(shape))
            value = np.int32(at) if name == "count" else (np.arange(at, at + size) + 0.5).astype("float32").reshape(shape)
            yield layer, "%s/%s:0" % (prefix, name), "%s/vars/%d" % (group, i), value
            at += size


def keras2(file):
    names = {"x": []}
    for layer, name, _, value in values():
        names.setdefault(layer, []).append(name)
        file["%s/%s" % (layer, name)] = value
    file.attrs["layer_names"] = [name.encode() for name in names]
    file.require_group("x")
    for layer, weights in names.items():
        weights.sort(key=lambda name: "moving" in name)  # what trains is first in a model's weights
        file[layer].attrs["weight_names"] = [name.encode() for name in weights] or np.array([], dtype="float64")


def keras3(file):
    for group, name in NAMES.items():
        file.create_group(group + "/vars").attrs["name"] = name
    for _, _, path, value in values():
        file[path] = value


def layer(class_name, name, **arguments):
    config = dict({"name": name, "trainable": True, "dtype": {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float32"},
                                                              "registered_name": None}}, **arguments)
    return {"module": "keras.layers", "class_name": class_name, "config": config, "registered_name": None}


def lstm(name, units, **arguments):
    return layer("LSTM", name, units=units, **arguments)


def model(name, layers):
    return {"module": "keras", "class_name": "Sequential", "config": {"name": name, "trainable": True, "layers": layers}, "registered_name": "Sequential"}


inside = model("encoder", [layer("InputLayer", "inside", batch_shape=[None, 4, 3]), lstm("lstm", 2, return_sequences=True),
                           layer("BatchNormalization", "norm"), layer("Dense", "top", units=2)])
both = layer("Bidirectional", "both", merge_mode="concat", layer=lstm("forward_lstm", 2), backward_layer=lstm("backward_lstm", 2, go_backwards=True))
whole = model("m", [layer("InputLayer", "x", batch_shape=[None, 4, 3]), layer("Normalization", "scaled"), lstm("lstm", 3, return_sequences=True),
                    inside, both, layer("Dense", "out", units=4)])

with h5py.File("keras2_parts.h5", "w") as f:
    keras2(f)
with h5py.File("keras3_parts.weights.h5", "w") as f:
    keras3(f)
with zipfile.ZipFile("parts.keras", "w", zipfile.ZIP_DEFLATED) as z:
    z.writestr("metadata.json", json.dumps({"keras_version": "3.8.0"}))
    z.writestr("config.json", json.dumps(whole))
    z.write("keras3_parts.weights.h5", "model.weights.h5")
