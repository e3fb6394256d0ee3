"""What a user of scikit-learn does by hand: columns made to numbers, then a random search over MLP and gradient boosting by the clock.

The features are an expert's: logarithms of skewed numbers beside the numbers, the parts of dates, texts of few values one-hot, texts
of many by the mean of the label out of fold. The model is chosen on a fifth of the training rows and scored on the test rows.
"""

import datetime
import multiprocessing
import os
import queue
import time
import warnings

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.metrics import accuracy_score, mean_squared_error, roc_auc_score
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import StandardScaler

FEW = 40  # values of a text that become one-hot


def target_means(texts, labels, known, smoothing=20, folds=5):
    """Smoothed means of the label by text; those of rows that are `known` are learned from the other folds of them."""
    def learn(rows):
        prior, sums = labels[rows].mean(0), {}
        for text, label in zip(texts[rows], labels[rows]):
            total = sums.setdefault(text, [0, 0])
            total[0] += 1
            total[1] = total[1] + label
        return prior, {text: (total + smoothing * prior) / (n + smoothing) for text, (n, total) in sums.items()}

    fold = np.random.default_rng(0).integers(0, folds, len(texts))
    result = np.zeros((len(texts), labels.shape[1]))
    for f in range(-1, folds):
        learned = known if f < 0 else known & (fold != f)
        told = ~known if f < 0 else known & (fold == f)
        prior, means = learn(learned)
        result[told] = [means.get(text, prior) for text in texts[told]]
    return result


def features(table, labels, train):
    """A matrix of numbers; NaN where a value is missing."""
    parts = []
    for name, kind, values in table.columns:
        if name in (table.label, table.exclude):
            continue
        if name in table.arrays:
            parts.append(np.stack([np.asarray(v, float).ravel() for v in values]))
        elif kind == "text":
            texts = np.array([str(v) for v in values])
            known = np.unique(texts[train])
            parts.append((texts[:, None] == known[None]).astype(float) if len(known) <= FEW else target_means(texts, labels, train))
        elif kind == "timestamp":
            times = [datetime.datetime.fromisoformat(v) for v in values]
            parts.append(np.array([[t.timestamp(), t.hour, t.weekday(), t.timetuple().tm_yday] +
                                   [f(2 * np.pi * x) for x in (t.hour / 24, t.weekday() / 7, t.timetuple().tm_yday / 365.25)
                                    for f in (np.sin, np.cos)] for t in times]))
        else:
            numbers = np.array([np.nan if v is None else float(v) for v in values])
            parts.append(numbers[:, None])
            if np.nanmin(numbers) >= 0 and np.nanmax(numbers) > 10 * max(np.nanmedian(numbers), 1e-9):
                parts.append(np.log1p(numbers)[:, None])
    return np.concatenate(parts, 1)


def sample(rng, regression):
    """A family and its parameters."""
    if rng.random() < 0.5:
        hidden = [(64,), (128,), (64, 32), (128, 64), (256, 128)][rng.integers(5)]
        return "mlp", {"hidden_layer_sizes": hidden, "alpha": 10 ** rng.uniform(-6, -1), "learning_rate_init": 10 ** rng.uniform(-3.5, -2),
                       "batch_size": int(rng.choice([32, 64, 128, 256])), "early_stopping": True, "max_iter": 200,
                       "n_iter_no_change": 10, "random_state": int(rng.integers(1 << 30))}
    return "boosting", {"learning_rate": 10 ** rng.uniform(-1.7, -0.5), "max_leaf_nodes": int(rng.choice([8, 15, 31, 63])),
                        "min_samples_leaf": int(rng.choice([5, 20, 50, 100])), "l2_regularization": 10 ** rng.uniform(-4, 1),
                        "max_iter": 1000, "early_stopping": True, "n_iter_no_change": 15, "random_state": int(rng.integers(1 << 30))}


def build(family, parameters, regression):
    if family == "mlp":
        return (MLPRegressor if regression else MLPClassifier)(**parameters)
    return (HistGradientBoostingRegressor if regression else HistGradientBoostingClassifier)(**parameters)


def score(metric, labels, model, x, high):
    if metric == "auc":
        return roc_auc_score(labels == high, model.predict_proba(x)[:, list(model.classes_).index(high)])
    if metric == "accuracy":
        return accuracy_score(labels, model.predict(x))
    return mean_squared_error(labels, model.predict(x), squared=False)


def worker(task, seed, results):
    warnings.filterwarnings("ignore")
    rng = np.random.default_rng(seed)
    table, y, x, fit, valid, test = task
    regression = table.metric == "rmse"
    scaler = StandardScaler().fit(x[fit])
    scaled = np.nan_to_num(scaler.transform(x))
    missing = np.isnan(x)
    scaled = np.concatenate([scaled, missing[:, missing.any(0)].astype(float)], 1)
    centre, spread = (y[fit].mean(), y[fit].std()) if regression else (0, 1)
    while True:
        family, parameters = sample(rng, regression)
        model = build(family, parameters, regression)
        data = scaled if family == "mlp" else x
        model.fit(data[fit], (y[fit] - centre) / spread if regression else y[fit])

        def measure(rows):
            if regression:
                return mean_squared_error(y[rows], model.predict(data[rows]) * spread + centre, squared=False)
            return score(table.metric, y[rows], model, data[rows], table.high)

        results.put((measure(valid), measure(test), family, parameters))


def search(table, seconds, seed):
    """The best of the models that were ready in time: (test metric, of each family, number of models)."""
    started = time.time()
    values = next(v for n, _, v in table.columns if n == table.label)
    regression = table.metric == "rmse"
    y = np.array(values, float) if regression else np.array([str(v) for v in values])
    train = ~table.test
    held = np.random.default_rng(seed).random(len(y)) < 0.2
    fit, valid = train & ~held, train & held
    numbers = y[:, None] if regression else (y[:, None] == np.unique(y)[None]).astype(float)
    x = features(table, numbers, fit)
    results, workers = multiprocessing.Queue(), []
    for number in range(os.cpu_count()):
        task = (table, y, x, fit, valid, table.test)
        workers.append(multiprocessing.Process(target=worker, args=(task, [seed, number], results), daemon=True))
        workers[-1].start()
    models = []
    while (left := started + seconds - time.time()) > 0:
        try:
            models.append(results.get(timeout=left))
        except queue.Empty:
            break
    for process in workers:  # what is not ready does not count
        process.terminate()
        process.join()
    order = sorted(models, key=lambda m: m[0] if regression else -m[0])
    best = {family: next((m[1] for m in order if m[2] == family), None) for family in ("mlp", "boosting")}
    return (order[0][1], best, len(models), order[0][2]) if order else (None, best, 0, "none")
