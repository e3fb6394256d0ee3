#!/usr/bin/env python3
"""Writes the archives of this folder, as base64 with lines of 100 characters: what torch.jit.script(f).save() makes of losses and metrics.

    test/data/torchscript/make_torchscript.py       needs PyTorch; run by hand, the files are committed
"""
import base64
import os
import pathlib
import tempfile

import torch
import torch.nn.functional as F


def focal_loss(y_true, y_pred):
    p = torch.clamp(y_pred, 1e-7, 1.0 - 1e-7)
    return -(y_true * torch.pow(1.0 - p, 2.0) * torch.log(p)).sum(-1)


def smooth(y_true, y_pred):
    """Calls a function of PyTorch, which comes with the archive; has a loop and a branch; is a scalar."""
    total = torch.zeros([1])
    for i in range(y_true.size(1)):
        total = total + F.smooth_l1_loss(y_pred[:, i], y_true[:, i])
    if y_true.size(0) > 2:
        total = total * 1.0
    return total.sum()


def noisy(y_true, y_pred):
    return ((y_true - y_pred) ** 2).mean() + torch.rand([1]).sum()


def one_argument(y_true):
    return y_true.mean()


class Weighted(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("weights", torch.tensor([1.0, 2.0, 3.0]))

    def forward(self, y_true, y_pred):
        return ((y_true - y_pred) ** 2 * self.weights).mean()


def write(name, script):
    here = pathlib.Path(__file__).resolve().parent
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, name + ".pt")
        script.save(path)
        text = base64.b64encode(pathlib.Path(path).read_bytes()).decode()
    lines = [text[i:i + 100] for i in range(0, len(text), 100)]
    (here / (name + ".base64")).write_text("\n".join(lines) + "\n")


for function in (focal_loss, smooth, noisy, one_argument):
    write(function.__name__, torch.jit.script(function))
write("weighted", torch.jit.script(Weighted()))
