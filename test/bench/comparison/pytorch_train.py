"""The opponent: a grid trained by PyTorch, one process a core with one thread each, data in memory.

  pytorch_train.py <grid.json> <folder with the arrays> <options.json>     prints a line of JSON

Models are dealt out to the processes in turns, which balances them: neighbours have the same optimizer. All processes start at once when
their data lie in memory as float32; from there to the end of the last process is the time: training, and scoring every model on both
tables, as the statement of pg_cerebro does. `training` is the time of the slowest process without scoring.
"""

import ctypes
import json
import multiprocessing
import os
import resource
import signal
import sys
import time

import numpy
import torch

import data
import networks

PR_SET_PDEATHSIG = 1  # of sys/prctl.h


def load(folder, found):
    """((x, y), (x, y)): float32 rows and targets as tensors, shared by all processes that are forked later."""
    scale = 1 / data.NORMALIZING[found["table"]]
    tables = []
    for part in ("train", "validation"):
        x = numpy.load(f"{folder}/{found['data']}_{part}_x.npy")
        x = x.astype("i8") if found["table"] == "text" else x.astype("f4") * numpy.float32(scale)
        labels = numpy.load(f"{folder}/{found['data']}_{part}_y.npy")
        tables.append((torch.from_numpy(x), networks.target_tensor(labels, found["architecture"])))
    return tables


def train_models(found, options, tables, numbers, ready, go, results):
    """One process: trains the models with these numbers, one after another."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # an interrupted benchmark leaves nobody behind
    networks.prepare(options)
    (x, y), (validation_x, validation_y) = tables
    loss_of = networks.loss_function(found["architecture"])
    program = None
    if options.get("compile"):
        program = networks.compiled(found["architecture"], loss_of, options["channels_last"])
        network = networks.make(found["architecture"], options["channels_last"])
        for rows in {found["batch_size"], len(x) % found["batch_size"] or found["batch_size"]}:
            program(networks.state(network), x[:rows], y[:rows]).backward()
    ready.release()
    go.wait()
    used = resource.getrusage(resource.RUSAGE_SELF)
    scored, training = [], 0.0
    for number in numbers:
        torch.manual_seed(1000 * found.get("seed", 1) + number)
        started = time.perf_counter()
        network = networks.make(found["architecture"], options["channels_last"])
        optimise = networks.optimizer(network.parameters(), found["configurations"][number], options)
        for _ in range(found["iterations"]):
            networks.train_epoch(network, optimise, loss_of, x, y, found["batch_size"], options, program=program)
        training += time.perf_counter() - started
        _, right, rows = networks.score(network, loss_of, validation_x, validation_y)
        networks.score(network, loss_of, x, y)
        scored.append((number, right / rows))
    ended = resource.getrusage(resource.RUSAGE_SELF)
    cpu = ended.ru_utime + ended.ru_stime - used.ru_utime - used.ru_stime
    results.put({"scored": scored, "training": training, "cpu": cpu, "ended": time.time()})


def run_processes(found, options, tables, train):
    """A process a core, each with its share of the models: dealt out in turns. Prints what they come to."""
    processes = min(os.cpu_count(), len(found["configurations"]))
    fork = multiprocessing.get_context("fork")
    ready, go, results = fork.Semaphore(0), fork.Event(), fork.Queue()
    numbers = list(range(len(found["configurations"])))
    workers = [fork.Process(target=train, args=(found, options, tables, numbers[first::processes], ready, go, results))
               for first in range(processes)]
    for worker in workers:
        worker.start()
    for _ in workers:
        ready.acquire()
    started = time.time()
    go.set()
    parts = [results.get() for _ in workers]
    for worker in workers:
        worker.join()
    accuracies = [accuracy for _, accuracy in sorted(pair for part in parts for pair in part["scored"])]
    print(json.dumps({"seconds": max(part["ended"] for part in parts) - started, "training": max(part["training"] for part in parts),
                      "cpu": sum(part["cpu"] for part in parts), "accuracies": accuracies, "torch": torch.__version__}))


def main():
    with open(sys.argv[1], encoding="utf8") as file:
        found = json.load(file)
    with open(sys.argv[3], encoding="utf8") as file:
        options = json.load(file)
    torch.set_num_threads(1)
    run_processes(found, options, load(sys.argv[2], found), train_models)


if __name__ == "__main__":
    main()
