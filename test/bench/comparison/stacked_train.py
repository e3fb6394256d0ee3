"""An expert's opponent: all models of a grid stacked into one, because they have one architecture and may share a shuffle.

  stacked_train.py <grid.json> <folder with the arrays> <options.json>     prints a line of JSON, as pytorch_train.py does

Two processes with one thread each train half of the models. The first layer is one product for all models of a process, since they read the
same rows; the others are batched products. Gradients of dense layers are written by hand; where there are
convolutions, in which each model has channels of its own, autograd finds them. Optimizers are written over the stack, each model with its own learning rate. `options`: {"compile": bool}:
whether torch.compile makes one program of a step, before the clock starts.
"""

import ctypes
import json
import resource
import signal
import sys
import time

import torch
from torch.nn import functional

import networks
import pytorch_train


class Stack:
    """Networks side by side: weights[l] of a dense layer is (inputs, models * outputs) for the first, else (models, inputs, outputs)."""

    def __init__(self, architecture, configurations, seeds):
        self.layers, self.models = architecture["layers"], len(configurations)
        self.image = architecture["input"] if len(architecture["input"]) > 1 else None
        singles = []
        for seed in seeds:
            torch.manual_seed(seed)
            singles.append(networks.Network(architecture, False))
        self.binary = self.layers[-1][2] == "sigmoid"
        self.weights = []
        for position, parts in enumerate(zip(*[[m for m in net.layers if hasattr(m, "weight")] for net in singles])):
            kernels = [part.weight.detach() for part in parts]
            if kernels[0].dim() == 4:
                kernel, bias = torch.cat(kernels), torch.cat([part.bias.detach() for part in parts])
            elif position == 0:
                kernel, bias = torch.cat([k.t() for k in kernels], 1).contiguous(), torch.cat([part.bias.detach() for part in parts])
            else:
                kernel = torch.stack([k.t() for k in kernels]).contiguous()
                bias = torch.stack([part.bias.detach() for part in parts])[:, None, :]
            self.weights += [kernel.contiguous(), bias.contiguous()]
        self.convolves = any(layer[0] == "conv" for layer in self.layers)

    def model_axis(self, tensor, values):
        """A value a model, in a shape that multiplies this weight."""
        if tensor.dim() == 3:
            return values.view(-1, 1, 1)
        spread = values.repeat_interleave(tensor.shape[0 if tensor.dim() == 4 else -1] // self.models)
        return spread.view(-1, 1, 1, 1) if tensor.dim() == 4 else spread

    def logits(self, x, weights):
        """(models, rows, outputs); every layer's result is kept for the gradients written by hand."""
        kept, weights = [x], iter(weights)
        if self.image:
            x = x.view(-1, self.image[2], self.image[0], self.image[1])
        shared = True
        for layer in self.layers:
            if layer[0] == "conv":
                kernel, bias = next(weights), next(weights)
                x = functional.conv2d(x, kernel, bias, padding=layer[2] // 2 if layer[3] == "same" else 0, groups=1 if shared else self.models)
                shared = False
            elif layer[0] == "pool":
                x = functional.max_pool2d(x, layer[1])
            elif layer[0] == "flatten":
                x = x.view(len(x), self.models, -1).transpose(0, 1)
            else:
                kernel, bias = next(weights), next(weights)
                if shared:
                    x = torch.addmm(bias, x, kernel).view(len(x), self.models, -1).transpose(0, 1)
                    shared = False
                else:
                    x = torch.baddbmm(bias, x, kernel)
            if layer[-1] == "relu":
                x = functional.relu(x)
            kept.append(x)
        return x, kept

    def output_gradient(self, logits, y):
        rows = logits.shape[1]
        if self.binary:
            return (torch.sigmoid(logits) - y) / rows
        return (torch.softmax(logits, 2) - functional.one_hot(y, logits.shape[2])) / rows

    def gradients(self, x, y):
        if self.convolves:
            leaves = [w.detach().requires_grad_() for w in self.weights]
            logits, _ = self.logits(x, leaves)
            if self.binary:
                losses = functional.binary_cross_entropy_with_logits(logits, y.expand_as(logits), reduction="sum")
            else:
                losses = functional.cross_entropy(logits.flatten(0, 1), y.repeat(self.models), reduction="sum")
            return torch.autograd.grad(losses / len(x), leaves)
        logits, kept = self.logits(x, self.weights)
        g, found = self.output_gradient(logits, y), []
        for position in range(len(self.layers) - 1, -1, -1):
            below = kept[position]
            if position == 0:
                flat = g.transpose(0, 1).reshape(len(x), -1)
                found = [below.t() @ flat, flat.sum(0)] + found
                break
            kernel = self.weights[2 * position]
            found = [torch.bmm(below.transpose(1, 2), g), g.sum(1, keepdim=True)] + found
            g = torch.bmm(g, kernel.transpose(1, 2)) * (below > 0)
        return found


class Optimizers:
    """Adam, RMSprop and SGD with momentum over parts of a stack. Models of one kind lie side by side."""

    def __init__(self, stack, configurations):
        self.stack, self.steps, self.parts = stack, 0, []
        first = 0
        while first < len(configurations):
            kind, last = configurations[first]["optimizer"], first
            while last < len(configurations) and configurations[last]["optimizer"] == kind:
                last += 1
            rates = torch.tensor([c["lr"] for c in configurations[first:last]])
            momentum = configurations[first].get("momentum", 0)
            for number, weight in enumerate(stack.weights):
                rate = stack.model_axis(weight, torch.cat([torch.zeros(first), rates, torch.zeros(stack.models - last)]))
                view = self.cut(weight, first, last)
                self.parts.append((kind, number, first, last, momentum, self.cut(rate, first, last) if rate.dim() != 1 else self.cut(rate[None], first, last)[0],
                                   torch.zeros_like(view), torch.zeros_like(view)))
            first = last

    def cut(self, tensor, first, last):
        """The part of models first to last - 1."""
        axis = 0 if tensor.dim() in (3, 4) else tensor.dim() - 1
        each = tensor.shape[axis] // self.stack.models
        return tensor.narrow(axis, first * each, (last - first) * each)

    def update(self, gradients, first_scale, second_scale):
        """first_scale, second_scale: Adam's corrections of this step, tensors, so that a compiled step stays one program."""
        for kind, number, first, last, momentum, rate, m, v in self.parts:
            w, g = self.cut(self.stack.weights[number], first, last), self.cut(gradients[number], first, last)
            if kind == "Adam":
                m.lerp_(g, 0.1)
                v.mul_(0.999).addcmul_(g, g, value=0.001)
                w.sub_(rate * (m * first_scale) / ((v * second_scale).sqrt() + 1e-7))
            elif kind == "RMSprop":
                v.mul_(0.9).addcmul_(g, g, value=0.1)
                w.sub_(rate * g / (v.sqrt() + 1e-7))
            else:
                m.mul_(momentum).add_(g)
                w.sub_(rate * m)


def scores(stack, x, y, batch_size=1000):
    """Rows that are right, of each model."""
    right = torch.zeros(stack.models)
    with torch.no_grad():
        for first in range(0, len(x), batch_size):
            logits, targets = stack.logits(x[first:first + batch_size], stack.weights)[0], y[first:first + batch_size]
            if stack.binary:
                right += ((logits > 0) == (targets > 0.5)).sum((1, 2))
            else:
                right += (logits.argmax(2) == targets).sum(1)
    return right / len(x)


def train(found, options, tables, numbers, ready, go, results):
    """One process: trains the models with these numbers side by side."""
    ctypes.CDLL(None).prctl(pytorch_train.PR_SET_PDEATHSIG, signal.SIGKILL)
    networks.prepare({})
    (x, y), (validation_x, validation_y) = tables
    chosen = [found["configurations"][number] for number in numbers]
    seeds = [1000 * found.get("seed", 1) + number for number in numbers]

    def start():
        stack = Stack(found["architecture"], chosen, seeds)
        return stack, Optimizers(stack, chosen)

    def step(stack, optimizers, batch_x, batch_y, first_scale, second_scale):
        optimizers.update(stack.gradients(batch_x, batch_y), first_scale, second_scale)

    if options.get("compile"):
        step = torch.compile(step, dynamic=False)
    batch_size, rows = found["batch_size"], len(x)

    def epoch(stack, optimizers, most_rows):
        order = torch.randperm(rows)[:most_rows]
        for first in range(0, len(order), batch_size):
            part = order[first:first + batch_size]
            optimizers.steps += 1
            scales = [torch.tensor(1 / (1 - beta ** optimizers.steps), dtype=torch.float32) for beta in (0.9, 0.999)]
            step(stack, optimizers, x.index_select(0, part), y.index_select(0, part), *scales)

    trial = start()
    for _ in range(3):
        epoch(*trial, 2 * batch_size)
        epoch(*trial, rows % batch_size or batch_size)
    ready.release()
    go.wait()
    used = resource.getrusage(resource.RUSAGE_SELF)
    started = time.perf_counter()
    # a compiled step is the program of these objects: they start again, and are not made anew
    stack, optimizers = trial
    fresh = Stack(found["architecture"], chosen, seeds)
    for old, new in zip(stack.weights, fresh.weights):
        old.copy_(new)
    optimizers.steps = 0
    for part in optimizers.parts:
        part[6].zero_()
        part[7].zero_()
    torch.manual_seed(found.get("seed", 1))
    for _ in range(found["iterations"]):
        epoch(stack, optimizers, rows)
    training = time.perf_counter() - started
    accuracies = scores(stack, validation_x, validation_y).tolist()
    scores(stack, x, y)
    ended = resource.getrusage(resource.RUSAGE_SELF)
    results.put({"scored": list(zip(numbers, accuracies)), "training": training, "ended": time.time(),
                 "cpu": ended.ru_utime + ended.ru_stime - used.ru_utime - used.ru_stime})


def main():
    with open(sys.argv[1], encoding="utf8") as file:
        found = json.load(file)
    with open(sys.argv[3], encoding="utf8") as file:
        options = json.load(file)
    torch.set_num_threads(1)
    pytorch_train.run_processes(found, options, pytorch_train.load(sys.argv[2], found), train)


if __name__ == "__main__":
    main()
