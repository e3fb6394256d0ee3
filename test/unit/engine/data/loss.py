#!/usr/bin/env python3
"""Writes loss.json and metrics.json: losses (with gradients by central differences) and metrics of Keras (2.10, of later ones 2.15), its
formulas written out in plain Python (float64). Run without arguments; the files land beside this script.
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


def mean(values):
    values = list(values)
    return math.fsum(values) / len(values)


def log_cosh(p, y, c):
    return mean(math.log(math.cosh(a - b)) for a, b in zip(p, y))


def poisson(p, y, c):
    return mean(a - b * math.log(a + EPSILON) for a, b in zip(p, y))


def mape(p, y, c):
    return 100 * mean(abs(a - b) / max(abs(b), EPSILON) for a, b in zip(p, y))


def msle(p, y, c):
    return mean((math.log(max(a, EPSILON) + 1) - math.log(max(b, EPSILON) + 1)) ** 2 for a, b in zip(p, y))


def cosine(p, y, c):
    unit = lambda v: [x / math.sqrt(max(math.fsum(z * z for z in v), 1e-12)) for x in v]
    return -math.fsum(a * b for a, b in zip(unit(p), unit(y)))


def signs(y):
    return [2 * v - 1 for v in y] if all(v in (0, 1) for v in y) else y


def hinge(p, y, c):
    return mean(max(1 - b * a, 0) for a, b in zip(p, signs(y)))


def squared_hinge(p, y, c):
    return mean(max(1 - b * a, 0) ** 2 for a, b in zip(p, signs(y)))


def categorical_hinge(p, y, c):
    return max(max((1 - b) * a for a, b in zip(p, y)) - math.fsum(a * b for a, b in zip(p, y)) + 1, 0)


def binary_focal(p, y, c):
    s, gamma, alpha = c.get('label_smoothing', 0.0), c.get('gamma', 2.0), c.get('alpha', 0.25)
    terms = []
    for x, v in zip(p, y):
        v = v * (1 - s) + 0.5 * s
        probability = sigmoid(x) if c.get('logits') else x
        focus = (1 - (v * probability + (1 - v) * (1 - probability))) ** gamma
        weight = v * alpha + (1 - v) * (1 - alpha) if c.get('apply_class_balancing') else 1
        terms.append(weight * focus * binary([x], [v], dict(logits=c.get('logits'))))
    return mean(terms)


def categorical_focal(p, y, c):
    s, gamma, alpha = c.get('label_smoothing', 0.0), c.get('gamma', 2.0), c.get('alpha', 0.25)
    p = softmax(p) if c.get('logits') else [v / math.fsum(p) for v in p]
    q = [clip(v, EPSILON, 1 - EPSILON) for v in p]
    return math.fsum(-alpha * (1 - x) ** gamma * (v * (1 - s) + s / len(y)) * math.log(x) for x, v in zip(q, y))


LOSSES = dict(log_cosh=log_cosh, poisson=poisson, mean_absolute_percentage_error=mape, mean_squared_logarithmic_error=msle,
              cosine_similarity=cosine, hinge=hinge, squared_hinge=squared_hinge, categorical_hinge=categorical_hinge,
              binary_focal_crossentropy=binary_focal, categorical_focal_crossentropy=categorical_focal, categorical_crossentropy=categorical, sparse_categorical_crossentropy=sparse, binary_crossentropy=binary,
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
            row.append(z if values == 'raw' else [math.exp(x) for x in z] if values == 'positive' else softmax(z) if values == 'softmax' else [sigmoid(x) for x in z])
            if target == 'index':
                target_row.append(rng.randrange(classes))
            elif target == 'onehot':
                k = rng.randrange(classes)
                target_row.append([1.0 if i == k else 0.0 for i in range(classes)])
            elif target == 'bits':
                target_row.append([float(rng.randrange(2)) for _ in range(classes)])
            elif target == 'signs':
                target_row.append([rng.choice((-1.0, 1.0)) for _ in range(classes)])
            elif target == 'counts':
                target_row.append([float(rng.randrange(5)) for _ in range(classes)])
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
    loss_case('log_cosh', 'log_cosh', 3, target='real', values='raw'),
    loss_case('log_cosh_large', 'log_cosh', 2, positions=2, target='real', values='raw', spread=200.0, mask=True),
    loss_case('poisson', 'poisson', 3, target='counts', values='positive'),
    loss_case('poisson_positions', 'poisson', 2, positions=3, target='counts', values='positive', mask=True),
    loss_case('mape', 'mean_absolute_percentage_error', 3, target='real', values='raw'),
    loss_case('msle', 'mean_squared_logarithmic_error', 3, target='counts', values='positive'),
    loss_case('msle_negative', 'mean_squared_logarithmic_error', 4, target='real', values='raw'),
    loss_case('cosine', 'cosine_similarity', 4, target='real', values='raw'),
    loss_case('cosine_positions', 'cosine_similarity', 3, positions=3, target='real', values='raw', mask=True),
    loss_case('hinge', 'hinge', 3, target='signs', values='raw'),
    loss_case('hinge_bits', 'hinge', 1, target='bits', values='raw'),
    loss_case('squared_hinge', 'squared_hinge', 3, target='signs', values='raw'),
    loss_case('squared_hinge_bits', 'squared_hinge', 2, positions=2, target='bits', values='raw', mask=True),
    loss_case('categorical_hinge', 'categorical_hinge', 4, values='raw'),
    loss_case('categorical_hinge_softmax', 'categorical_hinge', 4),
    loss_case('binary_focal', 'binary_focal_crossentropy', 1, target='bits', values='sigmoid'),
    loss_case('binary_focal_balanced', 'binary_focal_crossentropy', 4, target='bits', values='sigmoid', label_smoothing=0.2, alpha=0.6,
              gamma=1.5, apply_class_balancing=True),
    loss_case('binary_focal_logits', 'binary_focal_crossentropy', 3, target='bits', values='raw', logits=True, gamma=3.0),
    loss_case('binary_focal_no_focus', 'binary_focal_crossentropy', 3, target='bits', values='raw', logits=True, gamma=0.0,
              label_smoothing=0.1, apply_class_balancing=True),
    loss_case('categorical_focal', 'categorical_focal_crossentropy', 4),
    loss_case('categorical_focal_not_normalised', 'categorical_focal_crossentropy', 4, values='sigmoid', alpha=0.7, gamma=0.5),
    loss_case('categorical_focal_logits', 'categorical_focal_crossentropy', 5, values='raw', logits=True, label_smoothing=0.1, gamma=1.0),
    loss_case('categorical_focal_positions', 'categorical_focal_crossentropy', 3, positions=3, values='raw', logits=True, mask=True),
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


def precision_recall_area(positions, thresholds=200):
    """Every threshold by itself: keras.metrics.AUC(curve='PR') with its interpolate_pr_auc."""
    t = [-EPSILON] + [i / (thresholds - 1) for i in range(1, thresholds - 1)] + [1 + EPSILON]
    pairs = [(a, b != 0) for p, y in positions for a, b in zip(p, y)]
    hits = [float(sum(a > th and b for a, b in pairs)) for th in t]
    all_above = [float(sum(a > th for a, b in pairs)) for th in t]
    positives = sum(b for _, b in pairs)
    area = []
    for i in range(thresholds - 1):
        dtp, dp = hits[i] - hits[i + 1], all_above[i] - all_above[i + 1]
        slope = ratio(dtp, dp)
        intercept = hits[i + 1] - slope * all_above[i + 1]
        growth = all_above[i] / all_above[i + 1] if all_above[i] > 0 and all_above[i + 1] > 0 else 1.0
        area.append(ratio(slope * (dtp + intercept * math.log(growth)), positives))
    return math.fsum(area)


def ratio(a, b):
    return a / b if b else 0.0


def f1(positions, average, threshold):
    """keras.metrics.F1Score; with one output and no threshold the yes is above 0.5."""
    classes = len(positions[0][0])
    hits, wrong, missed = [0.0] * classes, [0.0] * classes, [0.0] * classes
    for p, y in positions:
        for c in range(classes):
            if threshold is None:
                yes = p[c] >= max(p) and abs(p[c]) > 1e-9 if classes > 1 else p[c] > 0.5
            else:
                yes = p[c] > threshold
            hits[c] += yes * y[c]
            wrong[c] += yes * (1 - y[c])
            missed[c] += (1 - yes) * y[c]

    def score(tp, fp, fn):
        precision, recall = ratio(tp, tp + fp), ratio(tp, tp + fn)
        return 2 * ratio(precision * recall, precision + recall)

    if average == 'micro':
        return score(sum(hits), sum(wrong), sum(missed))
    scores = [score(*v) for v in zip(hits, wrong, missed)]
    if average == 'macro':
        return math.fsum(scores) / classes
    weights = [a + b for a, b in zip(hits, missed)]
    return ratio(math.fsum(s * w for s, w in zip(scores, weights)), math.fsum(weights))


def table(positions):
    """How often each pair (true class, predicted class) occurs."""
    classes = len(positions[0][0])
    size = max(classes, 2)
    counts = [[0.0] * size for _ in range(size)]
    for p, y in positions:
        actual, predicted = (argmax(y), argmax(p)) if classes > 1 else (int(y[0] > 0), int(p[0] > 0.5))
        counts[actual][predicted] += 1
    return counts


def matthews(positions):
    """Gorodkin's sums over the whole table: tensorflow_addons' MatthewsCorrelationCoefficient."""
    counts = table(positions)
    size, n = len(counts), sum(map(sum, counts))
    actual, predicted = [sum(row) for row in counts], [sum(row[j] for row in counts) for j in range(size)]
    right = sum(counts[i][i] for i in range(size))
    above = right * n - sum(a * b for a, b in zip(actual, predicted))
    below = (n * n - sum(b * b for b in predicted)) * (n * n - sum(a * a for a in actual))
    return above / math.sqrt(below) if below > 0 else 0.0


def kappa(positions, weightage):
    """tensorflow_addons' CohenKappa."""
    counts = table(positions)
    size, n = len(counts), sum(map(sum, counts))
    weight = {'none': lambda i, j: float(i != j), 'linear': lambda i, j: abs(i - j), 'quadratic': lambda i, j: (i - j) ** 2}[weightage]
    actual, predicted = [sum(row) for row in counts], [sum(row[j] for row in counts) for j in range(size)]
    seen = math.fsum(weight(i, j) * counts[i][j] / n for i in range(size) for j in range(size))
    expected = math.fsum(weight(i, j) * actual[i] * predicted[j] / (n * n) for i in range(size) for j in range(size))
    return 1 - seen / expected if expected else 0.0


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
        'binary_accuracy(threshold=0.25)': mean([float((1.0 if a > 0.25 else 0.0) == b) for a, b in pairs]),
        'precision(thresholds=0.25)': ratio(sum(a > 0.25 and b != 0 for a, b in pairs), sum(a > 0.25 for a, _ in pairs)),
        'recall(thresholds=0.75)': ratio(sum(a > 0.75 and b != 0 for a, b in pairs), sum(b != 0 for _, b in pairs)),
        'auc(num_thresholds=17)': roc_area(positions, 17),
        "auc(curve='PR')": precision_recall_area(positions),
        "auc(curve='PR', num_thresholds=17)": precision_recall_area(positions, 17),
        'f1_score': f1(positions, 'macro', None),
        "f1_score(average='micro')": f1(positions, 'micro', None),
        "f1_score(average='weighted')": f1(positions, 'weighted', None),
        "f1_score(average='weighted', threshold=0.25)": f1(positions, 'weighted', 0.25),
        'matthews_correlation': matthews(positions),
        'cohen_kappa': kappa(positions, 'none'),
        "cohen_kappa(weightage='linear')": kappa(positions, 'linear'),
        "cohen_kappa(weightage='quadratic')": kappa(positions, 'quadratic'),
        'mape': 100 * mean([abs(a - b) / max(abs(b), EPSILON) for a, b in pairs]),
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
