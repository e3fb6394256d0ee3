"""The opponents of the benchmark of transfer learning: PyTorch programs that train the candidates of a search over frozen layers.

  transfer_train.py <job.json> <folder with arrays> single|cached      prints a line of JSON

single: the candidates one by one, a process a core; what is frozen runs without gradients, in inference mode.
cached: what an expert writes by hand. The features of each freeze depth are computed once, by all processes together, and lie in memory;
candidates train on them.

The time is from the data in memory to the end of the last process: training, and scoring every candidate once on the table.
"""

import json
import multiprocessing
import os
import sys
import time

import numpy
import torch
from torch.nn import functional

import transfer_models as models

SCORED_ROWS = 256


class Network:
    """Runs operations of transfer_models.py. Tensors are (rows, channels, height, width), channels last in memory, or (rows, ..., width)."""

    def __init__(self, operations, weights, frozen):
        self.operations, self.frozen, self.weights, self.moving = operations, frozen, {}, {}
        for kind, name, _, _ in operations:
            arrays = [torch.from_numpy(array.copy()) for array in weights.get(name, [])]
            if kind == "conv":
                arrays = [arrays[0].permute(3, 2, 0, 1).contiguous(memory_format=torch.channels_last)]
            elif kind == "dense":
                arrays[0] = arrays[0].T.contiguous()
            elif kind == "norm":
                self.moving[name], arrays = arrays[2:], arrays[:2]
            if name not in frozen:
                for array in arrays:
                    array.requires_grad_()
            self.weights[name] = arrays

    def parameters(self):
        return [array for name, arrays in self.weights.items() if name not in self.frozen for array in arrays]

    def run(self, values, operations, training):
        """values: name -> tensor of what has been computed; the last operation's value is returned."""
        values = dict(values)
        for kind, name, inputs, arguments in operations:
            if name not in values:
                values[name] = self.apply(kind, name, [values[source] for source in inputs], arguments, training and name not in self.frozen)
        return values[operations[-1][1]]

    def apply(self, kind, name, x, arguments, training):
        w, x0 = self.weights[name], x[0]
        if kind == "conv":
            x0 = x0.contiguous(memory_format=torch.channels_last)  # indexing may have lost it; otherwise nothing is done
            if arguments["stride"] > 1 and w[0].shape[-1] == 3:  # Keras's "same" pads below and to the right only
                return functional.conv2d(functional.pad(x0, (0, 1, 0, 1)), w[0], stride=arguments["stride"])
            return functional.conv2d(x0, w[0], stride=arguments["stride"], padding=w[0].shape[-1] // 2)
        if kind == "norm":
            return functional.batch_norm(x0, *self.moving[name], *w, training=training, momentum=0.01, eps=models.EPSILON)
        if kind == "layernorm":
            return functional.layer_norm(x0, (x0.shape[-1],), *w, eps=models.EPSILON)
        if kind == "relu":
            return functional.relu(x0)
        if kind == "add":
            return x0 + x[1]
        if kind == "dense":
            y = functional.linear(x0, *w)
            return functional.relu(y) if arguments["activation"] == "relu" else y  # softmax: in the loss
        if kind == "embedding":
            return functional.embedding(x0, w[0])
        if kind == "attention":
            q, k, v = (torch.einsum("btd,dhe->bhte", x0, w[2 * i]) + w[2 * i + 1][:, None] for i in range(3))
            scores = torch.softmax(q @ k.transpose(2, 3) * q.shape[-1] ** -0.5, -1)
            return torch.einsum("bhte,hed->btd", scores @ v, w[6]) + w[7]
        if kind == "average2d":
            return x0.mean((2, 3))
        return x0.mean(1)


def cut(operations, until):
    """Operations up to and including `until`, and those behind it."""
    at = [operation[1] for operation in operations].index(until) + 1
    return operations[:at], operations[at:]


class Job:
    def __init__(self, path, folder):
        with open(path, encoding="utf8") as file:
            self.__dict__.update(json.load(file))
        trunk, _ = models.TRUNKS[self.trunk]()
        self.input = trunk[0][1]
        x = torch.from_numpy(numpy.load(f"{folder}/x.npy"))
        shape = trunk[0][3]["shape"]
        if len(shape) == 3:
            x = (x.view(-1, *shape).float() / 255).permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)
        else:
            x = x.long()
        self.x, self.y = x, torch.from_numpy(numpy.load(f"{folder}/y.npy")).long()
        self.networks = []
        for candidate in self.candidates:
            mine = models.until(trunk, candidate["layer"]) if "layer" in candidate else trunk
            operations = models.with_head(mine, candidate["hidden"])
            weights = models.weights(trunk, 1)
            weights.update({name: arrays for name, arrays in models.weights(operations, candidate["seed"]).items() if name not in weights})
            self.networks.append(Network(operations, weights, models.frozen_until(operations, candidate["frozen_until"])))

    def source(self, number):
        """What a candidate's trained part reads without a cache: the inputs, and the operations of the frozen part."""
        return self.input, self.x, cut(self.networks[number].operations, self.candidates[number]["frozen_until"])

    def train(self, number, features, loss_sum):
        """features: of the frozen part, or None."""
        network, candidate = self.networks[number], self.candidates[number]
        name, x, (frozen, trained) = self.source(number)
        until = candidate["frozen_until"]

        def forward(rows, training):
            if features is not None:
                return network.run({until: features[rows]}, trained, training)
            with torch.no_grad():
                value = network.run({name: x[rows]}, frozen, False)
            return network.run({until: value}, trained, training)

        optimise = torch.optim.Adam(network.parameters(), lr=candidate["lr"], eps=1e-7, **({"foreach": True} if self.foreach else {}))
        torch.manual_seed(number)
        for _ in range(self.iterations):
            order = torch.randperm(len(self.y))
            for first in range(0, len(order), self.batch_size):
                rows = order[first:first + self.batch_size]
                optimise.zero_grad(set_to_none=True)
                functional.cross_entropy(forward(rows, True), self.y[rows]).backward()
                optimise.step()
        with torch.no_grad():
            for first in range(0, len(self.y), SCORED_ROWS):
                rows = slice(first, first + SCORED_ROWS)
                loss_sum[number] += functional.cross_entropy(forward(rows, False), self.y[rows], reduction="sum").item()


def worker(job, mode, process, processes, caches, barrier, loss_sum):
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    barrier.wait()
    if mode == "cached":
        for until, cache in caches.items():  # each process has a share of the rows
            number = next(i for i, candidate in enumerate(job.candidates) if candidate["frozen_until"] == until)
            name, x, (frozen, _) = job.source(number)
            share = -(-len(x) // processes)
            with torch.no_grad():
                for first in range(process * share, min(len(x), (process + 1) * share), SCORED_ROWS):
                    rows = slice(first, min(first + SCORED_ROWS, (process + 1) * share))
                    cache[rows] = job.networks[number].run({name: x[rows]}, frozen, False)
        barrier.wait()
    for number in range(process, len(job.candidates), processes):
        job.train(number, caches.get(job.candidates[number]["frozen_until"]), loss_sum)


def main():
    job, mode, processes = Job(sys.argv[1], sys.argv[2]), sys.argv[3], os.cpu_count()
    caches = {}
    if mode == "cached":
        for number, candidate in enumerate(job.candidates):
            if candidate["frozen_until"] not in caches:
                name, x, (frozen, _) = job.source(number)
                with torch.no_grad():
                    shape = job.networks[number].run({name: x[:1]}, frozen, False)
                form = torch.channels_last if shape.dim() == 4 else torch.contiguous_format
                caches[candidate["frozen_until"]] = torch.empty((len(job.y), *shape.shape[1:])).contiguous(memory_format=form).share_memory_()
    fork = multiprocessing.get_context("fork")
    barrier, loss_sum = fork.Barrier(processes + 1), fork.Array("d", len(job.candidates))
    workers = [fork.Process(target=worker, args=(job, mode, process, processes, caches, barrier, loss_sum)) for process in range(processes)]
    for process in workers:
        process.start()
    barrier.wait()
    started = time.perf_counter()
    if mode == "cached":
        barrier.wait()
    for process in workers:
        process.join()
    if any(process.exitcode for process in workers):
        sys.exit("a process failed")
    print(json.dumps({"seconds": time.perf_counter() - started, "losses": [loss / len(job.y) for loss in loss_sum], "torch": torch.__version__}))


if __name__ == "__main__":
    main()
