"""The grids: one description from which the SQL of pg_cerebro, the PyTorch program and the hopper in PL/Python are all made.

A layer is a list: ["dense", units, activation], ["conv", filters, kernel, padding, activation], ["pool", size] or ["flatten"].
Configurations are in the words of Keras; `networks.py` makes PyTorch's optimizers of them.
"""

import json

import graph_models

LENET_5 = [["conv", 6, 5, "same", "relu"], ["pool", 2], ["conv", 16, 5, "same", "relu"], ["pool", 2], ["flatten"],
           ["dense", 120, "relu"], ["dense", 84, "relu"], ["dense", 10, "softmax"]]
LENET_WIDE = [["conv", 20, 5, "valid", "relu"], ["pool", 2], ["conv", 50, 5, "valid", "relu"], ["pool", 2], ["flatten"],
              ["dense", 500, "relu"], ["dense", 10, "softmax"]]

MODELS = {
    "mlp_64_32_10": {"input": [64], "layers": [["dense", 32, "relu"], ["dense", 10, "softmax"]]},
    "mlp_784_128_10": {"input": [784], "layers": [["dense", 128, "relu"], ["dense", 10, "softmax"]]},
    "mlp_200_256_128_1": {"input": [200], "layers": [["dense", 256, "relu"], ["dense", 128, "relu"], ["dense", 1, "sigmoid"]]},
    "lenet_5": {"input": [28, 28, 1], "layers": LENET_5},
    "lenet_20_50_500": {"input": [28, 28, 1], "layers": LENET_WIDE},
    # of graph_models.py: "layers" only says what the last one is
    "tabular": {"graph": "tabular", "layers": [["graph", 1, "sigmoid"]]},
    "series": {"graph": "series", "layers": [["graph", 1, "sigmoid"]]},
    "text": {"graph": "text", "layers": [["graph", 1, "sigmoid"]]},
    "blocks": {"graph": "blocks", "layers": [["graph", 10, "softmax"]]},
}


def configurations(adam, rmsprop, sgd):
    """Learning rates of each optimizer -> one dictionary a model. Neighbours are of one optimizer: dealing them out in turns balances."""
    return ([{"optimizer": "Adam", "lr": lr} for lr in adam] + [{"optimizer": "RMSprop", "lr": lr} for lr in rmsprop] +
            [{"optimizer": "SGD", "lr": lr, "momentum": 0.9} for lr in sgd])


SIXTEEN = configurations([0.0002, 0.0003, 0.0005, 0.0007, 0.001, 0.0015, 0.002, 0.003], [0.0003, 0.0005, 0.001, 0.002],
                         [0.005, 0.01, 0.02, 0.05])
FOUR = configurations([0.001, 0.002], [0.001], [0.02])
EIGHT = configurations([0.0005, 0.001, 0.0015, 0.002], [0.0005, 0.001], [0.01, 0.02])
SIXTY_FOUR = configurations([10 ** (-4.5 + 0.08 * i) for i in range(32)], [10 ** (-4.5 + 0.16 * i) for i in range(16)],
                            [10 ** (-3.5 + 0.2 * i) for i in range(16)])

# full, quick: (rows, validation rows, iterations). What the project demands: `bound` of PyTorch's time over the statement's,
# `trainer_bound` over the trainer's alone, `floor_bound` of the floor over the trainer's
GRIDS = {
    "A": dict(table="mnist8", model="mlp_64_32_10", batch_size=32, configurations=SIXTEEN, bound=15, trainer_bound=25, stacked_bound=3,
              full=(60000, 10000, 10), quick=(10000, 2000, 3)),
    "B32": dict(table="mnist", model="mlp_784_128_10", batch_size=32, configurations=SIXTEEN, bound=2.8, floor_bound=0.5, stacked_bound=3,
                full=(60000, 10000, 3), quick=(10000, 2000, 1)),
    "B64": dict(table="mnist", model="mlp_784_128_10", batch_size=64, configurations=SIXTEEN, bound=2.2, stacked_bound=3,
                full=(60000, 10000, 4), quick=(10000, 2000, 1)),
    "C": dict(table="clicks", model="mlp_200_256_128_1", batch_size=256, configurations=SIXTEEN, bound=1.5, stacked_bound=3,
              full=(1000000, 50000, 1), quick=(50000, 5000, 1)),
    "D5": dict(table="mnist", model="lenet_5", batch_size=32, configurations=EIGHT, bound=1.3, best_bound=1.3,
               full=(60000, 10000, 1), quick=(3000, 1000, 1)),
    "D5x64": dict(table="mnist", model="lenet_5", batch_size=64, configurations=EIGHT, bound=1.0, best_bound=1.3,
                  full=(60000, 10000, 2), quick=(3000, 1000, 1)),
    "DW": dict(table="mnist", model="lenet_20_50_500", batch_size=32, configurations=EIGHT, bound=1.0, best_bound=1.3,
               full=(20000, 10000, 1), quick=(1000, 500, 1)),
    "T": dict(table="tabular", model="tabular", batch_size=256, configurations=SIXTEEN, best_bound=6,
              full=(200000, 20000, 1), quick=(20000, 2000, 1)),
    "L": dict(table="series", model="series", batch_size=64, configurations=EIGHT, best_bound=3,
              full=(40000, 5000, 1), quick=(4000, 1000, 1)),
    "X": dict(table="text", model="text", batch_size=64, configurations=FOUR, best_bound=1.5,
              full=(20000, 5000, 1), quick=(2000, 1000, 1)),
    "M": dict(table="blocks", model="blocks", batch_size=32, configurations=FOUR, best_bound=1.3,
              full=(6000, 1000, 1), quick=(500, 500, 1)),
    # against the hopper in PL/Python; metrics after each iteration, as in MADlib's own model selection runs
    "EA": dict(table="mnist8", model="mlp_64_32_10", batch_size=32, configurations=SIXTEEN, bound=10, hopper=True,
               full=(60000, 10000, 5), quick=(10000, 2000, 2)),
    "EB": dict(table="mnist", model="mlp_784_128_10", batch_size=32, configurations=SIXTEEN, bound=10, hopper=True,
               full=(60000, 10000, 2), quick=(10000, 2000, 1)),
    # successive halving against the whole grid: see halving.py
    "G": dict(table="mnist8", model="mlp_64_32_10", batch_size=32, configurations=SIXTY_FOUR, bound=0.3, halving=True,
              full=(60000, 10000, 27), quick=(5000, 1000, 27)),
}
FAMILIES = {"B": ["B32", "B64"], "D": ["D5", "D5x64", "DW"], "E": ["EA", "EB"]}
ALL = list(GRIDS)


def grid(name, quick):
    """A grid with its name, architecture and sizes filled in."""
    found = dict(GRIDS[name], name=name, quick_run=quick, architecture=MODELS[GRIDS[name]["model"]])
    found["rows"], found["validation_rows"], found["iterations"] = found["quick" if quick else "full"]
    return found


def steps_a_model(found):
    """Optimizer steps of one model in the whole run; short batches at the ends of buffers not counted."""
    return found["iterations"] * -(-found["rows"] // found["batch_size"])


def keras_json(name):
    """The architecture as Keras's to_json() writes it. The input is flat, as the table's arrays are."""
    if "graph" in MODELS[name]:
        return graph_models.KERAS[name]()
    shape, layers = MODELS[name]["input"], []
    flat = 1
    for size in shape:
        flat *= size
    first = {"batch_input_shape": [None, flat]}
    if len(shape) > 1:
        layers.append({"class_name": "Reshape", "config": {"name": "image", "target_shape": shape, **first}})
        first = {}
    for number, layer in enumerate(MODELS[name]["layers"], 1):
        config = {"name": f"{layer[0]}{number}", **first}
        first = {}
        if layer[0] == "dense":
            config.update(units=layer[1], activation=layer[2])
        elif layer[0] == "conv":
            config.update(filters=layer[1], kernel_size=[layer[2]] * 2, padding=layer[3], activation=layer[4])
        elif layer[0] == "pool":
            config.update(pool_size=[layer[1]] * 2)
        kind = {"dense": "Dense", "conv": "Conv2D", "pool": "MaxPooling2D", "flatten": "Flatten"}[layer[0]]
        layers.append({"class_name": kind, "config": config})
    return json.dumps({"class_name": "Sequential", "keras_version": "2.10.0", "config": {"name": name, "layers": layers}})


def binary(found):
    return found["architecture"]["layers"][-1][2] == "sigmoid"


def compile_params(configuration, is_binary):
    arguments = ", ".join(f"{key}={value:.10g}" for key, value in configuration.items() if key != "optimizer")
    loss = "binary_crossentropy" if is_binary else "categorical_crossentropy"
    return f"optimizer='{configuration['optimizer']}({arguments})', loss='{loss}', metrics=['accuracy']"


def selection_sql(found):
    """Statements that make the tables archs_<grid> and configs_<grid>; mst_key is the number of the configuration, from 1."""
    name = found["name"].lower()
    params = ", ".join(f"$q${compile_params(c, binary(found))}$q$" for c in found["configurations"])
    return (f"SELECT cerebro.load_model('archs_{name}', $q${keras_json(found['model'])}$q$);\n"
            f"SELECT cerebro.load_model_selection_table('archs_{name}', 'configs_{name}', ARRAY[1], ARRAY[{params}], "
            f"ARRAY['batch_size={found['batch_size']}, epochs=1']);\n")
