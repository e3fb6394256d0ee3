#!/usr/bin/env python3
"""Writes loss.json and metrics.json: losses (with gradients by central differences) and metrics of tf.keras 2.10, its formulas written out
in plain Python (float64). Run without arguments; the files land beside this script.
"""
import json
import math
import os
import random

EPSILON = 1e-7
HERE = os.path.dirname(os.path.abspath(__file__))


def clip(x, low, high):
    return max(low, min(high, x))


def softmax(z):
    top = max(z)
    e = [math.exp(x - top) for x in z]
    return [x / math.fsum(e) for x in e]


def log_softmax(z):
    top = max(z)
    total = top + math.log(math.fsum(math.exp(x - top) for x in z))
    return [x - total for x in z]


def sigmoid(z):
    return 1 / (1 + math.exp(-z)) if z >= 0 else math.exp(z) / (1 + math.exp(z))


# One position: p has C values (logits where `logits`), y has C values or is a class index.

def categorical(p, y, c):
    s = c.get('label_smoothing', 0.0)
    y = [v * (1 - s) + s / len(y) for v in y]
    if c.get('logits'):
        q = log_softmax(p)
    else:
        q = [math.log(clip(v / math.fsum(p), EPSILON, 1 - EPSILON)) for v in p]
    return -math.fsum(a * b for a, b in zip(y, q))


def sparse(p, y, c):
    return -log_softmax(p if c.get('logits') else [math.log(clip(v, EPSILON, 1 - EPSILON)) for v in p])[y]


def binary(p, y, c):
    s = c.get('label_smoothing', 0.0)
    y = [v * (1 - s) + 0.5 * s for v in y]
    if c.get('logits'):
        terms = [max(z, 0) - z * v + math.log1p(math.exp(-abs(z))) for z, v in zip(p, y)]
    else:
        q = [clip(v, EPSILON, 1 - EPSILON) for v in p]
        terms = [-(v * math.log(x + EPSILON) + (1 - v) * math.log(1 - x + EPSILON)) for x, v in zip(q, y)]
    return math.fsum(terms) / len(p)


def mse(p, y, c):
    return math.fsum((a - b) ** 2 for a, b in zip(p, y)) / len(p)


def mae(p, y, c):
    return math.fsum(abs(a - b) for a, b in zip(p, y)) / len(p)


def huber(p, y, c):
    d = c.get('delta', 1.0)
    return math.fsum(0.5 * (a - b) ** 2 if abs(a - b) <= d else d * abs(a - b) - 0.5 * d * d for a, b in zip(p, y)) / len(p)


def kld(p, y, c):
    y = [clip(v, EPSILON, 1) for v in y]
    return math.fsum(v * math.log(v / clip(x, EPSILON, 1)) for v, x in zip(y, p))


LOSSES = dict(categorical_crossentropy=categorical, sparse_categorical_crossentropy=sparse, binary_crossentropy=binary,
              mean_squared_error=mse, mean_absolute_error=mae, huber=huber, kullback_leibler_divergence=kld)


def row_loss(loss, positions, targets, c, mask):
    f = LOSSES[loss]
    return math.fsum(f(p, y, c) * m for p, y, m in zip(positions, targets, mask)) / len(positions)


def loss_case(name, loss, classes, positions=0, rows=5, target='onehot', values='softmax', mask=False, spread=2.0, **c):
    """positions: 0 for an output (rows, classes), else (rows, positions, classes)."""
    rng = random.Random(name)
    n = positions or 1
    out, targets, masks = [], [], []
    for _ in range(rows):
        row, target_row = [], []
        for _ in range(n):
            z = [rng.uniform(-spread, spread) for _ in range(classes)]
            row.append(z if values == 'raw' else softmax(z) if values == 'softmax' else [sigmoid(x) for x in z])
            if target == 'index':
                target_row.append(rng.randrange(classes))
            elif target == 'onehot':
                k = rng.randrange(classes)
                target_row.append([1.0 if i == k else 0.0 for i in range(classes)])
            elif target == 'bits':
                target_row.append([float(rng.randrange(2)) for _ in range(classes)])
            elif target == 'distribution':
                target_row.append(softmax([rng.uniform(-1, 1) for _ in range(classes)]))
            else:
                target_row.append([rng.uniform(-2, 2) for _ in range(classes)])
        out.append(row)
        targets.append(target_row)
        masks.append([float(rng.randrange(3) > 0) if mask else 1.0 for _ in range(n)])
    losses = [row_loss(loss, o, t, c, m) for o, t, m in zip(out, targets, masks)]
    h = 1e-6
    gradient = []
    for o, t, m in zip(out, targets, masks):
        for position in o:
            for i, x in enumerate(position):
                position[i] = x + h
                up = row_loss(loss, o, t, c, m)
                position[i] = x - h
                down = row_loss(loss, o, t, c, m)
                position[i] = x
                gradient.append((up - down) / (2 * h))
    flat = lambda rows: [v for row in rows for position in row for v in (position if isinstance(position, list) else [position])]
    return dict(name=name, loss=loss, config=c, shape=[rows] + ([positions] if positions else []) + [classes], index=target == 'index',
                output=flat(out), target=flat(targets), mask=[v for row in masks for v in row] if mask else None, losses=losses,
                gradient=gradient)


LOSS_CASES = [
    loss_case('categorical', 'categorical_crossentropy', 4),
    loss_case('categorical_not_normalised', 'categorical_crossentropy', 4, values='sigmoid'),
    loss_case('categorical_smoothing', 'categorical_crossentropy', 4, label_smoothing=0.1),
    loss_case('categorical_logits', 'categorical_crossentropy', 4, values='raw', logits=True),
    loss_case('categorical_large_logits', 'categorical_crossentropy', 4, values='raw', spread=200.0, logits=True),
    loss_case('categorical_soft_targets', 'categorical_crossentropy', 3, target='distribution', values='raw', logits=True),
    loss_case('categorical_positions', 'categorical_crossentropy', 3, positions=4),
    loss_case('categorical_mask', 'categorical_crossentropy', 3, positions=4, mask=True, values='raw', logits=True),
    loss_case('sparse', 'sparse_categorical_crossentropy', 5, target='index'),
    loss_case('sparse_not_normalised', 'sparse_categorical_crossentropy', 5, target='index', values='sigmoid'),
    loss_case('sparse_logits', 'sparse_categorical_crossentropy', 5, target='index', values='raw', logits=True),
    loss_case('sparse_positions', 'sparse_categorical_crossentropy', 3, positions=2, target='index', values='raw', logits=True),
    loss_case('binary', 'binary_crossentropy', 1, target='bits', values='sigmoid'),
    loss_case('binary_many', 'binary_crossentropy', 6, target='bits', values='sigmoid', label_smoothing=0.2),
    loss_case('binary_logits', 'binary_crossentropy', 3, target='bits', values='raw', logits=True),
    loss_case('binary_large_logits', 'binary_crossentropy', 3, target='bits', values='raw', spread=300.0, logits=True,
              label_smoothing=0.1),
    loss_case('mse', 'mean_squared_error', 3, target='real', values='raw'),
    loss_case('mse_positions', 'mean_squared_error', 2, positions=3, target='real', values='raw', mask=True),
    loss_case('mae', 'mean_absolute_error', 3, target='real', values='raw'),
    loss_case('huber', 'huber', 4, target='real', values='raw'),
    loss_case('huber_delta', 'huber', 4, target='real', values='raw', delta=0.3),
    loss_case('kld', 'kullback_leibler_divergence', 4, target='distribution'),
    loss_case('kld_hard', 'kullback_leibler_divergence', 4, target='onehot'),
]


# Metrics: a list of positions (p, y), both lists of C values.

def argmax(v):
    return v.index(max(v))


def roc_area(positions, thresholds=200):
    """Every threshold by itself, then the trapezoids: keras.metrics.AUC with summation_method 'interpolation'."""
    t = [-EPSILON] + [i / (thresholds - 1) for i in range(1, thresholds - 1)] + [1 + EPSILON]
    pairs = [(a, b != 0) for p, y in positions for a, b in zip(p, y)]
    positives = sum(b for _, b in pairs)
    negatives = len(pairs) - positives
    if not positives or not negatives:
        return 0.0
    x = [sum(a > th and not b for a, b in pairs) / negatives for th in t]
    y = [sum(a > th and b for a, b in pairs) / positives for th in t]
    return math.fsum((x[i] - x[i + 1]) * (y[i] + y[i + 1]) / 2 for i in range(thresholds - 1))


def ratio(a, b):
    return a / b if b else 0.0


def metrics(positions, k):
    pairs = [(a, b) for p, y in positions for a, b in zip(p, y)]
    mean = lambda values: ratio(math.fsum(values), len(values))
    hits = sum(a > 0.5 and b != 0 for a, b in pairs)
    return {
        'categorical_accuracy': mean([float(argmax(p) == argmax(y)) for p, y in positions]),
        'binary_accuracy': mean([float((1.0 if a > 0.5 else 0.0) == b) for a, b in pairs]),
        'top_k': mean([float(sum(v > p[argmax(y)] for v in p) < k) for p, y in positions]),
        'mae': mean([abs(a - b) for a, b in pairs]),
        'mse': mean([(a - b) ** 2 for a, b in pairs]),
        'rmse': math.sqrt(mean([(a - b) ** 2 for a, b in pairs])),
        'auc': roc_area(positions),
        'precision': ratio(hits, sum(a > 0.5 for a, _ in pairs)),
        'recall': ratio(hits, sum(b != 0 for _, b in pairs)),
    }


def metric_case(name, count, classes, k, target='onehot', skill=1.5, grid=0):
    """grid: outputs are multiples of 1/grid, so that there are ties and values on the decision threshold."""
    rng = random.Random(name)
    positions = []
    for _ in range(count):
        if target == 'onehot':
            c = rng.randrange(classes)
            y = [1.0 if i == c else 0.0 for i in range(classes)]
        elif target == 'bits':
            y = [float(rng.randrange(2)) for _ in range(classes)]
        else:
            y = [0.0] * classes
        z = [rng.gauss(0, 1) + skill * v for v in y]
        p = softmax(z) if target == 'onehot' and classes > 1 else [sigmoid(v - skill / 2) for v in z]
        # rounded to multiples of 2^-12: the same number in float32, and never so near a threshold that rounding decides
        unit = grid or 2 ** 12
        positions.append(([round(v * unit) / unit for v in p], y))
    return dict(name=name, classes=classes, k=k, output=[v for p, _ in positions for v in p], target=[v for _, y in positions for v in y],
                values=metrics(positions, k))


METRIC_CASES = [
    metric_case('ten_classes', 300, 10, 3),
    metric_case('ties', 200, 4, 2, grid=8),
    metric_case('one_output', 400, 1, 1, target='bits'),
    metric_case('multi_label', 150, 5, 2, target='bits', grid=16),
    metric_case('no_positive', 20, 2, 1, target='zeros', skill=-4.0),
    metric_case('no_skill', 100, 3, 1, skill=0.0),
    metric_case('certain', 50, 3, 1, skill=40.0),
]

for file, cases in (('loss.json', LOSS_CASES), ('metrics.json', METRIC_CASES)):
    with open(os.path.join(HERE, file), 'w') as f:
        f.write('[\n' + ',\n'.join(json.dumps(c) for c in cases) + '\n]\n')
