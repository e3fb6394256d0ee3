"""The opponents of test/bench/groups: the same models of every group by PyTorch and by scikit-learn, in two processes.

  groups.py torch|sklearn <rows.npz> <configurations.json> <iterations> <part>     prints a line of JSON

rows.npz: x (rows, 20) float32, y float32, sizes of the groups in the order of rows. part: of the groups, every so many, in
(0, 1]: the time is divided by the part of the rows that these groups have. Groups go to two processes, largest first, each to
the one with fewer rows. PyTorch is tuned as an expert would: one thread, tensors made once a group, no DataLoader, rows
shuffled by one index, gradients set to None, the fused form of Adam over all parameters (_foreach), no autograd for metrics.
"""

import json
import multiprocessing
import sys
import time

import numpy


def halves(sizes, chosen):
    parts, rows = ([], []), [0, 0]
    for group in sorted(chosen, key=lambda g: -sizes[g]):
        part = 0 if rows[0] <= rows[1] else 1
        parts[part].append(group)
        rows[part] += sizes[group]
    return parts


def train_torch(x, y, configurations, iterations):
    import torch
    torch.set_num_threads(1)
    x, y = torch.from_numpy(x), torch.from_numpy(y)[:, None]
    total = 0.0
    for c in configurations:
        torch.manual_seed(1)
        net = torch.nn.Sequential(torch.nn.Linear(x.shape[1], 32), torch.nn.ReLU(), torch.nn.Linear(32, 1))
        adam = torch.optim.Adam(net.parameters(), lr=c["lr"], foreach=True)
        size = c["batch_size"]
        for _ in range(iterations):
            order = torch.randperm(len(x))
            xs, ys = x[order], y[order]
            for first in range(0, len(x), size):
                error = net(xs[first:first + size]) - ys[first:first + size]
                loss = (error * error).mean()
                adam.zero_grad(set_to_none=True)
                loss.backward()
                adam.step()
        with torch.no_grad():
            total += float(((net(x) - y) ** 2).mean())
    return total


def train_sklearn(x, y, configurations, iterations):
    import warnings
    from sklearn.neural_network import MLPRegressor
    warnings.simplefilter("ignore")
    total = 0.0
    for c in configurations:
        net = MLPRegressor((32,), solver="adam", batch_size=min(c["batch_size"], len(x)), learning_rate_init=c["lr"], max_iter=iterations, alpha=0.0,
                           tol=0.0, n_iter_no_change=iterations + 1, random_state=1)
        net.fit(x, y)
        total += net.loss_
    return total


def work(how, path, groups, starts, sizes, configurations, iterations, ready, go):
    data = numpy.load(path)
    x, y = data["x"], data["y"]
    train = {"torch": train_torch, "sklearn": train_sklearn}[how]
    train(x[:20], y[:20], configurations[:1], 1)  # what a process does once
    ready.set()
    go.wait()
    sum(train(x[starts[g]:starts[g] + sizes[g]], y[starts[g]:starts[g] + sizes[g]], configurations, iterations) for g in groups)


def main(how, path, configurations, iterations, part):
    configurations = json.load(open(configurations))
    sizes = numpy.load(path)["sizes"].tolist()
    starts = numpy.concatenate([[0], numpy.cumsum(sizes)]).tolist()
    chosen = list(range(0, len(sizes), max(1, round(1 / part))))
    workers, go = [], multiprocessing.Event()
    for groups in halves(sizes, chosen):
        ready = multiprocessing.Event()
        process = multiprocessing.Process(target=work, args=(how, path, groups, starts, sizes, configurations, int(iterations), ready, go))
        process.start()
        workers.append((process, ready))
    for _, ready in workers:
        ready.wait()
    began = time.time()
    go.set()
    for process, _ in workers:
        process.join()
        if process.exitcode != 0:
            sys.exit("a process ended with status %s" % process.exitcode)
    seconds = time.time() - began
    rows = sum(sizes[g] for g in chosen)
    print(json.dumps({"seconds": seconds * sum(sizes) / rows, "measured_seconds": seconds, "part_of_rows": rows / sum(sizes)}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4], float(sys.argv[5]))
