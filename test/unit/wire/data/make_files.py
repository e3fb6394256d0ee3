#!/usr/bin/env python3
"""Makes the files of data/files, which tests read: what Keras and TensorFlow.js write, by h5py and zipfile.

A file is made once and committed; tests need no Python. Run it where python3-h5py is installed:
    python3 make_files.py
The model is two Dense layers, "fc1" (3 -> 2) and "out" (2 -> 1); its weights are 0.5, 1.5, 2.5, ... in Keras's order.
"""
import io
import json
import os
import zipfile

import h5py
import numpy as np

os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), "files"))

shapes = [("fc1", "kernel", (3, 2)), ("fc1", "bias", (2,)), ("out", "kernel", (2, 1)), ("out", "bias", (1,))]
weights, at = {}, 0
for layer, weight, shape in shapes:
    size = int(np.prod(shape))
    weights[layer, weight] = (np.arange(at, at + size) + 0.5).astype("float32").reshape(shape)
    at += size

config = {"class_name": "Sequential", "config": {"name": "m", "layers": [
    {"class_name": "Dense", "config": {"name": "fc1", "units": 2, "activation": "relu", "batch_input_shape": [None, 3]}},
    {"class_name": "Dense", "config": {"name": "out", "units": 1, "activation": "sigmoid"}}]}, "keras_version": "2.10.0", "backend": "tensorflow"}


def keras3(file, named, dtype="float32", **options):
    """As Keras 3's H5IOStore: groups by class, "vars" with the layer's name."""
    for group, layer in (("layers/dense", "fc1"), ("layers/dense_1", "out")):
        variables = file.create_group(group).create_group("vars")
        if named:
            variables.attrs["name"] = layer
        for i, weight in enumerate(("kernel", "bias")):
            variables.create_dataset(str(i), data=weights[layer, weight].astype(dtype), **options)
    state = file.create_group("layers/dropout/seed_generator").create_group("vars")
    state.create_dataset("0", data=np.array([1, 2], dtype="uint32"))
    optimizer = file.create_group("optimizer").create_group("vars")
    optimizer.create_dataset("0", data=np.int64(3))


def keras2(group, names):
    """As Keras 2's save_weights_to_hdf5_group."""
    group.attrs["layer_names"] = [name.encode() for name in ("input_1",) + names]
    group.attrs["backend"] = "tensorflow".encode()
    group.attrs["keras_version"] = "2.10.0".encode()
    group.create_group("input_1").attrs["weight_names"] = np.array([], dtype="float64")
    for name, layer in zip(names, ("fc1", "out")):
        inner = group.create_group(name)
        inner.attrs["weight_names"] = [("%s/%s:0" % (name, weight)).encode() for weight in ("kernel", "bias")]
        for weight in ("kernel", "bias"):
            inner["%s/%s:0" % (name, weight)] = weights[layer, weight]


with h5py.File("keras3.weights.h5", "w") as f:
    keras3(f, named=True)
with h5py.File("keras3_unnamed.weights.h5", "w") as f:
    keras3(f, named=False, dtype="float16")
with h5py.File("keras3_latest.weights.h5", "w", libver="latest") as f:
    keras3(f, named=True, dtype="float64")
with h5py.File("keras3_chunks.weights.h5", "w") as f:
    keras3(f, named=True, compression="gzip")
with h5py.File("keras2_weights.h5", "w") as f:
    keras2(f, ("fc1", "out"))
with h5py.File("keras2_model.h5", "w") as f:
    f.attrs["model_config"] = json.dumps(config).encode()
    keras2(f.create_group("model_weights"), ("fc1", "out"))
with h5py.File("many_groups.h5", "w") as f:  # a tree of several levels
    for i in range(200):
        f["g/%03d" % i] = np.float32(i)

with zipfile.ZipFile("model.keras", "w", zipfile.ZIP_DEFLATED) as z:
    z.writestr("metadata.json", json.dumps({"keras_version": "3.0.0"}))
    z.writestr("config.json", json.dumps(config))
    z.write("keras3.weights.h5", "model.weights.h5")

raw = b"".join(weights[layer, weight].tobytes() for layer, weight, _ in shapes)
entries = [{"name": "%s/%s" % (layer, weight), "shape": list(shape), "dtype": "float32"} for layer, weight, shape in shapes]
with zipfile.ZipFile("model_tfjs.zip", "w") as z:
    model = {"format": "layers-model", "modelTopology": {"keras_version": "2.10.0", "backend": "tensorflow", "model_config": config},
             "weightsManifest": [{"paths": ["group1-shard1of2.bin", "group1-shard2of2.bin"], "weights": entries}]}
    z.writestr("m/model.json", json.dumps(model))
    z.writestr("m/group1-shard1of2.bin", raw[:14])
    z.writestr("m/group1-shard2of2.bin", raw[14:])
with zipfile.ZipFile("model_tfjs_quantized.zip", "w") as z:
    data = b""
    for i, (layer, weight, shape) in enumerate(shapes):
        values = weights[layer, weight]
        kind = ("uint8", "uint16", "float16")[i % 3]
        entries[i]["quantization"] = {"dtype": kind, "original_dtype": "float32"}
        if kind == "float16":
            data += values.astype("float16").tobytes()
        else:
            entries[i]["quantization"].update({"scale": 1.0, "min": 0.5})
            data += (values - 0.5).astype(kind).tobytes()
    z.writestr("model.json", json.dumps({"modelTopology": config, "weightsManifest": [{"paths": ["w.bin"], "weights": entries}]}))
    z.writestr("w.bin", data)
