#!/usr/bin/env python3
"""Optimizer steps of many models in PyTorch, for test/gpu/run: what our figures are held against.

    torch_models.py loop|stacked small|wide|lenet <models>

loop: one nn.Sequential a model, trained one after the other, as one writes it first; the faster of Adam's two fused
forms is taken. stacked: what an expert writes for MLPs: weights of all models in one tensor, batched products, one fused
Adam, mini-batches gathered on the device, the whole optimizer step recorded as a CUDA graph. Rows lie on the device as
bytes; each model has its own order of them. Prints microseconds of an optimizer step of all models: the median of seven.
"""
import statistics
import sys
import time

import torch
from torch import nn

ROWS, BATCH, CLASSES = 8192, 32, 10
SIZES = {"small": (64, 32, 10), "wide": (784, 128, 10)}


def make_rows(features):
    generator = torch.Generator().manual_seed(1)
    x = torch.randint(0, 256, (ROWS, features), generator=generator, dtype=torch.uint8).cuda()
    y = torch.randint(0, CLASSES, (ROWS,), generator=generator).cuda()
    return x, y


def make_model(network):
    if network == "lenet":
        return nn.Sequential(nn.Unflatten(1, (1, 28, 28)), nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(),
                             nn.MaxPool2d(2), nn.Flatten(), nn.Linear(256, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10))
    first, hidden, last = SIZES[network]
    return nn.Sequential(nn.Linear(first, hidden), nn.ReLU(), nn.Linear(hidden, last))


def timed(train, steps):
    times = []
    for visit in range(8):
        torch.cuda.synchronize()
        started = time.perf_counter()
        train()
        torch.cuda.synchronize()
        if visit > 0:  # the first one is to warm up
            times.append(1e6 * (time.perf_counter() - started) / steps)
    return statistics.median(times)


def loop(network, count):
    steps = 16
    x, y = make_rows(SIZES.get(network, (784,))[0])
    best = None
    for fused in (False, True):
        models = [make_model(network).cuda() for _ in range(count)]
        optimizers = [torch.optim.Adam(model.parameters(), lr=0.001, fused=fused) for model in models]
        loss_of = nn.CrossEntropyLoss()
        shuffled = [torch.randperm(ROWS, device="cuda") for _ in models]

        def train():
            for model, optimizer, order in zip(models, optimizers, shuffled):
                for step in range(steps):
                    rows = order[step * BATCH:(step + 1) * BATCH]
                    optimizer.zero_grad(set_to_none=True)
                    loss_of(model(x[rows].float() / 255), y[rows]).backward()
                    optimizer.step()

        us = timed(train, steps)
        best = us if best is None else min(best, us)
    return best


def stacked(network, count):
    first, hidden, last = SIZES[network]
    x, y = make_rows(first)
    steps = ROWS // BATCH
    weights = [torch.randn(count, first, hidden, device="cuda") / first ** 0.5, torch.zeros(count, 1, hidden, device="cuda"),
               torch.randn(count, hidden, last, device="cuda") / hidden ** 0.5, torch.zeros(count, 1, last, device="cuda")]
    for weight in weights:
        weight.requires_grad_(True)
    rates = torch.tensor(0.001, device="cuda")
    optimizer = torch.optim.Adam(weights, lr=rates, fused=True, capturable=True)
    shuffled = torch.stack([torch.randperm(ROWS, device="cuda") for _ in range(count)])
    rows = shuffled[:, :BATCH].clone()

    def step():
        optimizer.zero_grad(set_to_none=False)
        batch, target = x[rows].float() / 255, y[rows]
        middle = torch.relu(torch.baddbmm(weights[1], batch, weights[0]))
        logits = torch.baddbmm(weights[3], middle, weights[2])
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), target.flatten(), reduction="sum") / BATCH
        loss.backward()
        optimizer.step()

    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()

    def train():
        for i in range(steps):
            rows.copy_(shuffled[:, i * BATCH:(i + 1) * BATCH])
            graph.replay()

    return timed(train, steps)


def main():
    kind, network, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    torch.manual_seed(1)
    us = loop(network, count) if kind == "loop" else stacked(network, count)
    print(f"{kind}_{network}_{count}_us {us:.2f}")


main()
