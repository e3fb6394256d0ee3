"""Networks that are no plain chain of dense layers, as Keras's JSON: what tables, series, texts and images of the field are trained with.

  tabular   six categories in embeddings beside twenty numbers, 64-32-1
  series    LSTM(32) over 24 steps of 8 numbers
  text      100 tokens: embedding, convolution over 5 tokens, global maximum
  blocks    inverted residuals of MobileNetV2 on images of 32 x 32 x 3
"""

import json

CATEGORIES = [10, 30, 60, 150, 400, 1000]
NUMBERS = 20
EMBEDDING = 8
STEPS, SIGNALS, UNITS = 24, 8, 32
WORDS, TOKENS, WORD_SIZE, FILTERS, WIDTH = 5000, 100, 32, 64, 5
# expansion, filters, strides
BLOCKS = [(1, 16, 1), (4, 24, 2), (4, 24, 1), (4, 32, 2), (4, 32, 1)]
FIRST_FILTERS = 16


class Functional:
    """Collects layers of a functional model."""

    def __init__(self):
        self.layers, self.count = [], 0

    def add(self, kind, inputs=(), **config):
        self.count += 1
        name = config.pop("name", f"{kind.lower()}_{self.count}")
        nodes = [[[source, 0, 0, {}] for source in inputs]] if inputs else []
        self.layers.append({"class_name": kind, "name": name, "config": {"name": name, **config}, "inbound_nodes": nodes})
        return name

    def json(self, inputs, outputs):
        config = {"name": "model", "layers": self.layers, "input_layers": [[name, 0, 0] for name in inputs],
                  "output_layers": [[name, 0, 0] for name in outputs]}
        return json.dumps({"class_name": "Functional", "keras_version": "2.10.0", "backend": "tensorflow", "config": config})


def tabular():
    model, inputs, joined = Functional(), [], []
    for number, size in enumerate(CATEGORIES, 1):
        inputs.append(model.add("InputLayer", name=f"c{number}", batch_input_shape=[None], dtype="int32"))
        joined.append(model.add("Embedding", [inputs[-1]], input_dim=size, output_dim=EMBEDDING))
    inputs.append(model.add("InputLayer", name="numbers", batch_input_shape=[None, NUMBERS]))
    last = model.add("Concatenate", joined + [inputs[-1]], axis=-1)
    for units in (64, 32):
        last = model.add("Dense", [last], units=units, activation="relu")
    return model.json(inputs, [model.add("Dense", [last], units=1, activation="sigmoid")])


def series():
    model = Functional()
    first = model.add("InputLayer", name="signals", batch_input_shape=[None, STEPS * SIGNALS])
    last = model.add("LSTM", [model.add("Reshape", [first], target_shape=[STEPS, SIGNALS])], units=UNITS)
    return model.json([first], [model.add("Dense", [last], units=1, activation="sigmoid")])


def text():
    model = Functional()
    first = model.add("InputLayer", name="tokens", batch_input_shape=[None, TOKENS])
    last = model.add("Embedding", [first], input_dim=WORDS, output_dim=WORD_SIZE)
    last = model.add("Conv1D", [last], filters=FILTERS, kernel_size=[WIDTH], activation="relu")
    last = model.add("GlobalMaxPooling1D", [last])
    return model.json([first], [model.add("Dense", [last], units=1, activation="sigmoid")])


def blocks():
    model = Functional()

    def normalized(inputs, activate):
        last = model.add("BatchNormalization", inputs)
        return model.add("ReLU", [last], max_value=6.0) if activate else last

    first = model.add("InputLayer", name="image", batch_input_shape=[None, 32 * 32 * 3])
    last = model.add("Reshape", [first], target_shape=[32, 32, 3])
    last = normalized([model.add("Conv2D", [last], filters=FIRST_FILTERS, kernel_size=[3, 3], padding="same", use_bias=False)], True)
    width = FIRST_FILTERS
    for expansion, filters, stride in BLOCKS:
        start = last
        if expansion > 1:
            last = normalized([model.add("Conv2D", [last], filters=width * expansion, kernel_size=[1, 1], use_bias=False)], True)
        last = normalized([model.add("DepthwiseConv2D", [last], kernel_size=[3, 3], strides=[stride, stride], padding="same", use_bias=False)], True)
        last = normalized([model.add("Conv2D", [last], filters=filters, kernel_size=[1, 1], use_bias=False)], False)
        if stride == 1 and filters == width:
            last = model.add("Add", [start, last])
        width = filters
    last = model.add("GlobalAveragePooling2D", [last])
    return model.json([first], [model.add("Dense", [last], units=10, activation="softmax")])


KERAS = {"tabular": tabular, "series": series, "text": text, "blocks": blocks}
