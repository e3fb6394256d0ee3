"""An exported ONNX model in onnxruntime, against the predictions of the server."""
import base64
import json
import sys

import numpy
import onnxruntime

case = json.load(sys.stdin)
session = onnxruntime.InferenceSession(base64.b64decode(case["file"]), providers=["CPUExecutionProvider"])
names = [entry.name for entry in session.get_inputs()]
assert len(names) == 1, names
outputs = session.run(None, {names[0]: numpy.array(case["inputs"], dtype="float32")})
difference = numpy.abs(outputs[0] - numpy.array(case["outputs"])).max()
print("largest difference %.2g" % difference)
sys.exit(0 if difference < 1e-5 else 1)
