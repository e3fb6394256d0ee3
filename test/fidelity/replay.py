"""Replays the visits of a model and compares. See README.md; `run` calls this once a case.

  replay.py whole  <models> <mst_key> <precision> <bound>   all visits from the initial weights; the last weights must agree
  replay.py visits <models> <mst_key> <precision> <bound>   each visit from the state before it (table <models>_steps: mst_key, n, state);
                                                            the median visit must agree, those that do not are listed

Agreement is the relative difference of the weights: norm(ours - replayed) / norm(replayed), over all weights of the model together.
"""

import ast
import re
import statistics
import sys

import numpy
import torch

import psql
from keras_model import KerasModel
from keras_optimizers import OPTIMIZERS


class Case:
    def __init__(self, models, mst_key, precision):
        self.models, self.mst_key, self.precision = models, mst_key, precision
        self.dtype = torch.float64 if precision == "float64" else torch.float32
        source, compile_params, fit_params, arch = psql.query(
            f"SELECT s.source_table, i.compile_params, i.fit_params, replace(m.model_arch::text, E'\\n', ' ') "
            f"FROM {models}_summary s, {models}_info i JOIN {models} m USING (mst_key) WHERE mst_key = {mst_key}")[0]
        self.arch = arch
        self.table = psql.PackedTable(source)
        self.visits = psql.visits(models, mst_key)
        self.batch_size = int(re.search(r"batch_size\s*=\s*(\d+)", fit_params).group(1))
        if not re.search(r"shuffle\s*=\s*False", fit_params) or not re.search(r"epochs\s*=\s*1\b", fit_params):
            raise SystemExit("only configurations with shuffle=False and epochs=1 can be replayed: " + fit_params)
        if "categorical_crossentropy" not in compile_params:
            raise SystemExit("only categorical_crossentropy can be replayed: " + compile_params)
        name, arguments = re.search(r"optimizer\s*=\s*['\"]?(\w+)\(([^)]*)\)", compile_params).groups()
        pairs = [pair.split("=") for pair in arguments.split(",")]
        self.optimizer_class = OPTIMIZERS[name]
        parameters = {key.strip(): ast.literal_eval(value.strip()) for key, value in pairs}
        # two names of one parameter
        self.optimizer_parameters = {"lr" if key == "learning_rate" else key: value for key, value in parameters.items()}

    def start(self, state, step):
        """A model and an optimizer in the given state (name -> array, slots included), after `step` optimizer steps."""
        model, optimizer = KerasModel(self.arch), self.optimizer_class(**self.optimizer_parameters)
        optimizer.step = step
        for name, value in state.items():
            tensor = torch.tensor(value, dtype=self.dtype)
            if name.count("/") == 1:
                model.weights[name] = tensor
            else:
                variable, slot = name.rsplit("/", 1)
                if slot not in optimizer.slot_names:
                    raise SystemExit(f"the state has a slot {name}, the replay knows {optimizer.slot_names}")
                optimizer.slots[(variable, slot)] = tensor
        return model, optimizer

    def visit(self, model, optimizer, partition):
        """One pass over a partition. The rows behind a buffer's last whole batch wait for those of later buffers."""
        carried = None

        def train(columns, first, end):
            rows = [column[first:end] for column in columns]
            _, gradients = model.loss_and_gradients(rows[:-1], rows[-1])
            optimizer.apply(model.weights, gradients)

        for inputs, targets in self.table.partitions[partition]:
            columns = [torch.tensor(array, dtype=self.dtype) for array in [*inputs, targets[0]]]
            whole = len(columns[-1]) // self.batch_size * self.batch_size
            for first in range(0, whole, self.batch_size):
                train(columns, first, first + self.batch_size)
            rest = [column[whole:] for column in columns]
            carried = rest if carried is None else [torch.cat(pair) for pair in zip(carried, rest)]
            while len(carried[-1]) >= self.batch_size:
                train(carried, 0, self.batch_size)
                carried = [column[self.batch_size:] for column in carried]
        if len(carried[-1]) > 0:
            train(carried, 0, len(carried[-1]))

    def state(self, n):
        return psql.tensors(f"SELECT state FROM {self.models}_steps WHERE mst_key = {self.mst_key} AND n = {n}", self.precision)

    def last_state(self):
        return psql.tensors(f"SELECT string_agg(data, '' ORDER BY piece) FROM {self.models}_state WHERE mst_key = {self.mst_key}", self.precision)


def difference(model, state):
    """Relative difference of all weights, and the name and difference of the tensor that differs most."""
    total = reference = 0.0
    worst = ("", 0.0)
    for name, weight in model.weights.items():
        replayed = weight.numpy().astype("f8")
        distance, norm = numpy.linalg.norm(state[name] - replayed), numpy.linalg.norm(replayed)
        total, reference = total + distance**2, reference + norm**2
        if norm > 0 and not distance / norm <= worst[1]:
            worst = (name, distance / norm)
    return (total / reference) ** 0.5, worst


def replay_whole(case, bound):
    model, optimizer = case.start(case.state(0), 0)
    for partition in case.visits:
        case.visit(model, optimizer, partition)
    found, worst = difference(model, case.last_state())
    moved, _ = difference(model, case.state(0))
    print(f"  {len(case.visits)} visits, {optimizer.step} steps; training moved the weights by {moved:.3g}")
    print(f"  relative difference {found:.3g} (bound {bound:g}), worst tensor {worst[0]} {worst[1]:.3g}")
    # weights that hardly move would agree whatever the rule
    return found <= bound and moved > 1000 * bound


def replay_visits(case, bound):
    found, step, before = [], 0, case.state(0)
    for n, partition in enumerate(case.visits):
        after = case.state(n + 1)
        model, optimizer = case.start(before, step)
        case.visit(model, optimizer, partition)
        found.append(difference(model, after))
        step, before = optimizer.step, after
    median = statistics.median(total for total, _ in found)
    print(f"  {len(found)} visits, each from the state before it; median {median:.3g} (bound {bound:g}), greatest {max(found)[0]:.3g}")
    for n, (total, worst) in enumerate(found):
        if not total <= bound:
            print(f"  outlier: visit {n + 1} (partition {case.visits[n]}) {total:.3g}, worst tensor {worst[0]} {worst[1]:.3g}")
    return median <= bound


def main():
    how, models, mst_key, precision, bound = sys.argv[1:]
    torch.set_num_threads(1)
    case = Case(models, int(mst_key), precision)
    passed = {"whole": replay_whole, "visits": replay_visits}[how](case, float(bound))
    print("  ok" if passed else "  NOT OK")
    sys.exit(0 if passed else 1)


if __name__ == "__main__":
    main()
