"""The networks of graph_models.py in PyTorch, initialised as Keras does. Rows come as the tables have them, in one tensor; logits go out."""

import torch
from torch import nn
from torch.nn import functional

import graph_models as models


def _dense(inputs, outputs):
    layer = nn.Linear(inputs, outputs)
    nn.init.xavier_uniform_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


def _embedding(size, width):
    layer = nn.Embedding(size, width)
    nn.init.uniform_(layer.weight, -0.05, 0.05)
    return layer


class Tabular(nn.Module):
    def __init__(self):
        super().__init__()
        self.embeddings = nn.ModuleList(_embedding(size, models.EMBEDDING) for size in models.CATEGORIES)
        width = models.EMBEDDING * len(models.CATEGORIES) + models.NUMBERS
        self.hidden = nn.Sequential(_dense(width, 64), nn.ReLU(inplace=True), _dense(64, 32), nn.ReLU(inplace=True), _dense(32, 1))

    def forward(self, x):
        categories = x[:, :len(models.CATEGORIES)].long()
        parts = [embedding(categories[:, i]) for i, embedding in enumerate(self.embeddings)]
        return self.hidden(torch.cat(parts + [x[:, len(models.CATEGORIES):]], 1))


class Series(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(models.SIGNALS, models.UNITS, batch_first=True)
        nn.init.xavier_uniform_(self.lstm.weight_ih_l0)
        nn.init.orthogonal_(self.lstm.weight_hh_l0)
        nn.init.zeros_(self.lstm.bias_hh_l0)
        nn.init.zeros_(self.lstm.bias_ih_l0)
        with torch.no_grad():
            self.lstm.bias_ih_l0[models.UNITS:2 * models.UNITS] = 1
        self.output = _dense(models.UNITS, 1)

    def forward(self, x):
        return self.output(self.lstm(x.view(-1, models.STEPS, models.SIGNALS))[0][:, -1])


class Text(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = _embedding(models.WORDS, models.WORD_SIZE)
        self.convolution = nn.Conv1d(models.WORD_SIZE, models.FILTERS, models.WIDTH)
        nn.init.xavier_uniform_(self.convolution.weight)
        nn.init.zeros_(self.convolution.bias)
        self.output = _dense(models.FILTERS, 1)

    def forward(self, x):
        found = functional.relu(self.convolution(self.embedding(x).transpose(1, 2)))
        return self.output(found.amax(2))


class _Normalized(nn.Sequential):
    def __init__(self, inputs, filters, kernel, stride, each, activate):
        convolution = nn.Conv2d(inputs, filters, kernel, stride, padding=0 if stride > 1 else kernel // 2, groups=inputs if each else 1, bias=False)
        nn.init.xavier_uniform_(convolution.weight)
        # Keras's "same" with a stride of 2 pads below and to the right only
        pad = [nn.ZeroPad2d((0, 1, 0, 1))] if stride > 1 else []
        super().__init__(*pad, convolution, nn.BatchNorm2d(filters, eps=1e-3, momentum=0.01), *([nn.ReLU6(inplace=True)] if activate else []))


class _Block(nn.Module):
    def __init__(self, inputs, expansion, filters, stride):
        super().__init__()
        width = inputs * expansion
        first = [_Normalized(inputs, width, 1, 1, False, True)] if expansion > 1 else []
        self.layers = nn.Sequential(*first, _Normalized(width, width, 3, stride, True, True), _Normalized(width, filters, 1, 1, False, False))
        self.residual = stride == 1 and filters == inputs

    def forward(self, x):
        return x + self.layers(x) if self.residual else self.layers(x)


class Blocks(nn.Module):
    def __init__(self):
        super().__init__()
        layers, width = [_Normalized(3, models.FIRST_FILTERS, 3, 1, False, True)], models.FIRST_FILTERS
        for expansion, filters, stride in models.BLOCKS:
            layers.append(_Block(width, expansion, filters, stride))
            width = filters
        self.layers, self.output = nn.Sequential(*layers), _dense(width, 10)

    def forward(self, x):
        # rows are (height, width, channels): channels last, seen as (channels, height, width)
        return self.output(self.layers(x.view(-1, 32, 32, 3).permute(0, 3, 1, 2)).mean((2, 3)))


NETWORKS = {"tabular": Tabular, "series": Series, "text": Text, "blocks": Blocks}
