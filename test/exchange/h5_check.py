"""An exported .weights.h5 by h5py: the datasets that Keras 3 looks for, with the bytes that the server has."""
import base64
import io
import json
import sys

import h5py
import numpy

case = json.load(sys.stdin)
found = []
with h5py.File(io.BytesIO(base64.b64decode(case["file"])), "r") as file:
    file.visititems(lambda name, item: found.append((name, item[()])) if isinstance(item, h5py.Dataset) else None)
stored = {name: values for name, values in found}
expected = [("/" in name and name.split("/")[0], numpy.frombuffer(bytes.fromhex(data), dtype="<f4").reshape(shape)) for name, shape, data in case["weights"]]
wrong = len(stored) != len(expected)
for _, values in expected:
    matches = [name for name, other in stored.items() if other.shape == values.shape and other.tobytes() == values.tobytes()]
    wrong = wrong or not matches
bad = [name for name in stored if not name.startswith("layers/") or "/vars/" not in name]
print("%d datasets, %d with other names" % (len(stored), len(bad)))
sys.exit(1 if wrong or bad else 0)
