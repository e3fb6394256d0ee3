"""Which way of writing the opponent is the fastest on this machine?

  calibrate.py <grid.json> <folder with the arrays>     prints a line of JSON: the best options, and us a step of each optimizer

Called once for each environment that is to be tried (kernels of the BLAS, vector width of PyTorch), by run.py. Choices are taken one
after another (layout, then foreach, then the gather), each by the least of several short rounds.
"""

import copy
import json
import sys
import time

import torch

import networks
import pytorch_train

ROUND_SECONDS = 0.12


class Trial:
    def __init__(self, found, tables):
        self.found, (self.x, self.y) = found, tables[0]
        self.rounds = 1 if found["quick_run"] else 4
        self.loss_of = networks.loss_function(found["architecture"])

    def microseconds(self, configuration, options):
        """us a step with these options: the least of several rounds."""
        torch.manual_seed(1)
        network = networks.make(self.found["architecture"], options["channels_last"])
        optimise = networks.optimizer(network.parameters(), configuration, options)

        def run(steps):
            started, done = time.perf_counter(), 0
            while done < steps:
                done += networks.train_epoch(network, optimise, self.loss_of, self.x, self.y, self.found["batch_size"], options,
                                             steps - done)
            return (time.perf_counter() - started) / done

        whole = options["gather"] == "epoch"
        # a gather of the whole table must be spread over the whole table
        steps = -(-len(self.x) // self.found["batch_size"]) if whole else 20
        run(10)
        first = run(steps)
        if not whole:
            steps = max(10, int(ROUND_SECONDS / first))
        rounds = self.rounds if first * steps < 1 else 1
        return 1e6 * min([first] + [run(steps) for _ in range(rounds)])


def main():
    with open(sys.argv[1], encoding="utf8") as file:
        found = json.load(file)
    tables = pytorch_train.load(sys.argv[2], found)
    options = {"foreach": {}, "channels_last": False, "gather": "batch", "set_to_none": True}
    networks.prepare(options)
    trial = Trial(found, tables)
    kinds = {}
    for configuration in found["configurations"]:
        kinds.setdefault(configuration["optimizer"], configuration)

    def choose(configuration, candidates):
        return min(candidates, key=lambda candidate: trial.microseconds(configuration, candidate))

    def with_option(key, value):
        changed = copy.deepcopy(options)
        changed[key] = value
        return changed

    if found["architecture"]["layers"][0][0] == "conv" or found["table"] == "blocks":
        options = choose(kinds["Adam"], [with_option("channels_last", value) for value in (False, True)])
    for name, configuration in kinds.items():
        options = choose(configuration, [with_option("foreach", {**options["foreach"], name: value}) for value in (False, True)])
    options = choose(kinds["Adam"], [with_option("gather", value) for value in ("batch", "epoch")])
    times = {name: trial.microseconds(configuration, options) for name, configuration in kinds.items()}
    weighted = sum(times[configuration["optimizer"]] for configuration in found["configurations"]) / len(found["configurations"])
    print(json.dumps({"options": options, "microseconds": times, "mean": weighted}))


if __name__ == "__main__":
    main()
