"""Networks, optimizers and the training loop in PyTorch, as well tuned as PyTorch allows: shared by the program in memory and the hopper.

`options` says how: {"foreach": {optimizer: bool}, "channels_last": bool, "gather": "epoch" | "batch", "set_to_none": bool}.
What is best on the machine at hand is found by calibrate.py. Training follows Keras: Glorot's uniform initial kernels, zero biases, Keras's
epsilons. (Keras's Adam adds epsilon before the bias correction, PyTorch's after it: at 1e-7 of no consequence here.)
"""

import math

import torch
from torch import nn
from torch.nn import functional

import graph_networks

# what a program does that nobody has tuned
UNTUNED = {"foreach": {}, "channels_last": False, "gather": "index", "set_to_none": False, "untuned": True}


class Network(nn.Module):
    """Takes rows as the tables have them (flat; images are (height, width) and channels of 1), returns logits."""

    def __init__(self, architecture, channels_last):
        super().__init__()
        self.image = architecture["input"] if len(architecture["input"]) > 1 else None
        layers, shape = [], None
        features = architecture["input"][0]
        if self.image:
            shape = [self.image[2], self.image[0], self.image[1]]
        for layer in architecture["layers"]:
            if layer[0] == "conv":
                layers.append(nn.Conv2d(shape[0], layer[1], layer[2], padding=layer[2] // 2 if layer[3] == "same" else 0))
                shrink = 0 if layer[3] == "same" else layer[2] - 1
                shape = [layer[1], shape[1] - shrink, shape[2] - shrink]
            elif layer[0] == "pool":
                layers.append(nn.MaxPool2d(layer[1]))
                shape = [shape[0], shape[1] // layer[1], shape[2] // layer[1]]
            elif layer[0] == "flatten":
                layers.append(nn.Flatten())
                features = math.prod(shape)
            else:
                layers.append(nn.Linear(features, layer[1]))
                features = layer[1]
            if layer[-1] == "relu":
                layers.append(nn.ReLU(inplace=True))
        self.layers = nn.Sequential(*layers)
        if channels_last:
            self.layers.to(memory_format=torch.channels_last)
        for module in self.layers:
            if isinstance(module, (nn.Linear, nn.Conv2d)):
                nn.init.xavier_uniform_(module.weight)
                nn.init.zeros_(module.bias)

    def forward(self, x):
        if self.image:
            # one channel: the same bytes in either layout
            x = x.view(-1, self.image[2], self.image[0], self.image[1])
        return self.layers(x)


def make(architecture, channels_last):
    if "graph" in architecture:
        network = graph_networks.NETWORKS[architecture["graph"]]()
        return network.to(memory_format=torch.channels_last) if channels_last else network
    return Network(architecture, channels_last)


def optimizer(parameters, configuration, options):
    arguments = {key: value for key, value in configuration.items() if key != "optimizer"}
    if options["foreach"].get(configuration["optimizer"]) is not None:
        arguments["foreach"] = options["foreach"][configuration["optimizer"]]
    if configuration["optimizer"] == "Adam":
        return torch.optim.Adam(parameters, eps=1e-7, **arguments)
    if configuration["optimizer"] == "RMSprop":
        return torch.optim.RMSprop(parameters, alpha=0.9, eps=1e-7, **arguments)
    return torch.optim.SGD(parameters, **arguments)


def loss_function(architecture):
    """Of logits: (outputs, targets) -> mean loss. Targets are as target_tensor makes them."""
    if architecture["layers"][-1][2] == "sigmoid":
        return functional.binary_cross_entropy_with_logits
    return functional.cross_entropy


def target_tensor(labels, architecture):
    labels = torch.as_tensor(labels)
    if architecture["layers"][-1][2] == "sigmoid":
        return labels.to(torch.float32).view(-1, 1)
    return labels.to(torch.int64)


def compiled(architecture, loss_of, channels_last):
    """torch.compile's program of (parameters, x, y) -> loss, one for all models of an architecture."""
    template = make(architecture, channels_last)
    return torch.compile(lambda parameters, x, y: loss_of(torch.func.functional_call(template, parameters, (x,)), y), dynamic=False)


def state(network):
    return {**dict(network.named_parameters()), **dict(network.named_buffers())}


def step(network, optimise, loss_of, x, y, set_to_none, program=None):
    loss = program(state(network), x, y) if program else loss_of(network(x), y)
    optimise.zero_grad(set_to_none=set_to_none)
    loss.backward()
    optimise.step()


def train_epoch(network, optimise, loss_of, x, y, batch_size, options, most_steps=None, program=None):
    """One pass over all rows in a new random order, or its first most_steps mini-batches. Returns the number of steps."""
    rows = len(x)
    network.train()
    order = torch.randperm(rows)
    if options["gather"] == "epoch":
        x, y = x.index_select(0, order), y.index_select(0, order)
    count = -(-rows // batch_size)
    if most_steps is not None:
        count = min(count, most_steps)
    for first in range(0, count * batch_size, batch_size):
        if options["gather"] == "epoch":
            batch_x, batch_y = x[first:first + batch_size], y[first:first + batch_size]
        elif options["gather"] == "batch":
            chosen = order[first:first + batch_size]
            batch_x, batch_y = x.index_select(0, chosen), y.index_select(0, chosen)
        else:
            chosen = order[first:first + batch_size]
            batch_x, batch_y = x[chosen], y[chosen]
        step(network, optimise, loss_of, batch_x, batch_y, options["set_to_none"], program)
    return count


@torch.no_grad()
def score(network, loss_of, x, y, batch_size=1000):
    """(sum of losses, number of rows that are right, rows)"""
    loss = right = 0.0
    network.eval()
    for first in range(0, len(x), batch_size):
        outputs, targets = network(x[first:first + batch_size]), y[first:first + batch_size]
        loss += loss_of(outputs, targets).item() * len(targets)
        if targets.dim() == 2:
            right += ((outputs > 0) == (targets > 0.5)).sum().item()
        else:
            right += (outputs.argmax(1) == targets).sum().item()
    return loss, right, len(x)


def prepare(options):
    """This process's settings, before the first tensor operation."""
    torch.set_num_threads(1)
    if not options.get("untuned"):
        torch.set_flush_denormal(True)
