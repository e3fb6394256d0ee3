#!/usr/bin/env python3
"""Writes optimizer.json: trajectories of Keras's optimizers, computed with its rules written out in plain Python (float64).

Sources of the rules: keras/optimizers/optimizer_v2/*.py, keras/optimizers/optimizer_experimental/adamw.py and, for the fused operations,
TensorFlow's training_ops (tf.keras 2.10); keras/src/optimizers/{adadelta,adamax,ftrl}.py (2.15), {lion,lamb}.py (3). Run without arguments;
the file lands beside this script.
"""
import json
import math
import os
import random

STEPS = 8
SIZES = (7, 3)  # two weight tensors, so that clipping by one tensor's norm and by the joint norm differ

DEFAULTS = dict(learning_rate=0.001, decay=0.0, momentum=0.0, nesterov=False, rho=0.9, centered=False, beta_1=0.9, beta_2=0.999,
                epsilon=1e-7, amsgrad=False, weight_decay=0.0, exclude_from_weight_decay=(), initial_accumulator_value=0.1, clipnorm=0.0,
                clipvalue=0.0, global_clipnorm=0.0, schedule=None, learning_rate_power=-0.5, l1_regularization_strength=0.0,
                l2_regularization_strength=0.0, l2_shrinkage_regularization_strength=0.0, beta=0.0)
OF_KIND = dict(AdamW=dict(weight_decay=0.004), Adadelta=dict(rho=0.95), Lion=dict(beta_2=0.99))
NAMES = ('dense/kernel', 'dense/bias')  # of the tensors


def learning_rate(c, t):
    lr, s = c['learning_rate'], c['schedule']
    if s and s['kind'] == 'step':
        lr = lr * s['rate'] ** (t // s['decay_steps'])
    elif s and s['kind'] == 'exponential':
        lr = lr * s['rate'] ** (t / s['decay_steps'])
    elif s and s['kind'] == 'cosine':
        alpha = s.get('alpha', 0.0)
        done = min(t, s['decay_steps']) / s['decay_steps']
        lr = lr * ((1 - alpha) * 0.5 * (1 + math.cos(math.pi * done)) + alpha)
    return lr / (1 + c['decay'] * t)


def clip(c, grads):
    norm = lambda g: math.sqrt(math.fsum(x * x for x in g))
    if c['clipvalue']:
        grads = [[max(-c['clipvalue'], min(c['clipvalue'], x)) for x in g] for g in grads]
    if c['clipnorm']:
        grads = [[x * c['clipnorm'] / max(norm(g), c['clipnorm']) for x in g] for g in grads]
    if c['global_clipnorm']:
        joint = math.sqrt(math.fsum(norm(g) ** 2 for g in grads))
        grads = [[x * c['global_clipnorm'] / max(joint, c['global_clipnorm']) for x in g] for g in grads]
    return grads


def slot_names(kind, c):
    if kind == 'SGD':
        return ['momentum'] if c['momentum'] else []
    if kind in ('Adam', 'AdamW'):
        return ['m', 'v', 'vhat'] if c['amsgrad'] else ['m', 'v']
    of_kind = dict(Adadelta=['accumulated_grad', 'accumulated_delta_var'], Adamax=['m', 'u'], Ftrl=['accumulator', 'linear'], Lion=['m'],
                   Lamb=['m', 'v'])
    if kind in of_kind:
        return of_kind[kind]
    if kind == 'RMSprop':
        return ['rms'] + (['momentum'] if c['momentum'] else []) + (['mg'] if c['centered'] else [])
    return ['accumulator']


def update(kind, c, t, w, g, s):
    """One element: returns the new weight; s is changed."""
    lr = learning_rate(c, t)
    if kind == 'SGD':
        if not c['momentum']:
            return w - lr * g
        s['momentum'] = c['momentum'] * s['momentum'] - lr * g
        return w + c['momentum'] * s['momentum'] - lr * g if c['nesterov'] else w + s['momentum']
    if kind in ('Adam', 'AdamW'):
        n = t + 1
        alpha = lr * math.sqrt(1 - c['beta_2'] ** n) / (1 - c['beta_1'] ** n)
        s['m'] = c['beta_1'] * s['m'] + (1 - c['beta_1']) * g
        s['v'] = c['beta_2'] * s['v'] + (1 - c['beta_2']) * g * g
        second = s['v']
        if c['amsgrad']:
            second = s['vhat'] = max(s['vhat'], s['v'])
        return w - alpha * s['m'] / (math.sqrt(second) + c['epsilon'])
    if kind == 'RMSprop':
        s['rms'] = c['rho'] * s['rms'] + (1 - c['rho']) * g * g
        denominator = s['rms']
        if c['centered']:
            s['mg'] = c['rho'] * s['mg'] + (1 - c['rho']) * g
            denominator = s['rms'] - s['mg'] ** 2
        if c['momentum']:
            s['momentum'] = c['momentum'] * s['momentum'] + lr * g / math.sqrt(denominator + c['epsilon'])
            return w - s['momentum']
        return w - lr * g / (math.sqrt(denominator) + c['epsilon'])
    if kind == 'Adadelta':
        s['accumulated_grad'] = c['rho'] * s['accumulated_grad'] + (1 - c['rho']) * g * g
        delta = -math.sqrt(s['accumulated_delta_var'] + c['epsilon']) * g / math.sqrt(s['accumulated_grad'] + c['epsilon'])
        s['accumulated_delta_var'] = c['rho'] * s['accumulated_delta_var'] + (1 - c['rho']) * delta * delta
        return w + lr * delta
    if kind == 'Adamax':
        s['m'] = s['m'] + (g - s['m']) * (1 - c['beta_1'])
        s['u'] = max(c['beta_2'] * s['u'], abs(g))
        return w - lr * s['m'] / ((1 - c['beta_1'] ** (t + 1)) * (s['u'] + c['epsilon']))
    if kind == 'Lion':
        direction = s['m'] * c['beta_1'] + g * (1 - c['beta_1'])
        s['m'] = s['m'] * c['beta_2'] + g * (1 - c['beta_2'])
        return w - lr * ((direction > 0) - (direction < 0))
    if kind == 'Ftrl':
        power, l1 = -c['learning_rate_power'], c['l1_regularization_strength']
        l2 = c['l2_regularization_strength'] + c['beta'] / (2 * lr)
        new = s['accumulator'] + g * g
        s['linear'] += g + 2 * c['l2_shrinkage_regularization_strength'] * w - (new ** power - s['accumulator'] ** power) / lr * w
        s['accumulator'] = new
        return (max(-l1, min(l1, s['linear'])) - s['linear']) / (new ** power / lr + 2 * l2)
    s['accumulator'] = s['accumulator'] + g * g
    return w - lr * g / (math.sqrt(s['accumulator']) + c['epsilon'])


def update_lamb(c, t, w, g, s):
    """A whole tensor."""
    n, lr = t + 1, learning_rate(c, t)
    moves = []
    for x, slot in zip(g, s):
        slot['m'] += (x - slot['m']) * (1 - c['beta_1'])
        slot['v'] += (x * x - slot['v']) * (1 - c['beta_2'])
        moves.append(slot['m'] / (1 - c['beta_1'] ** n) / (math.sqrt(slot['v'] / (1 - c['beta_2'] ** n)) + c['epsilon']))
    norm = lambda v: math.sqrt(math.fsum(x * x for x in v))
    ratio = norm(w) / norm(moves) if norm(w) > 0 and norm(moves) > 0 else 1.0
    return [x - ratio * lr * move for x, move in zip(w, moves)]


def case(name, kind, **changes):
    """from_zero: the second tensor begins at zero."""
    from_zero = changes.pop('from_zero', False)
    c = {**DEFAULTS, **OF_KIND.get(kind, {}), **changes}
    rng = random.Random(name)
    exact = lambda scale: rng.randint(-2048, 2048) / 1024 * scale  # the same number in float32
    weights = [[exact(1) for _ in range(n)] for n in SIZES]
    first = [list(w) for w in weights]
    names = slot_names(kind, c)
    start = lambda slot: c['initial_accumulator_value'] if slot == 'accumulator' else 0.0
    slots = [[{k: start(k) for k in names} for _ in range(n)] for n in SIZES]
    if from_zero:
        weights[1] = [0.0] * SIZES[1]
        first[1] = list(weights[1])
    grads, trajectory = [], []
    for t in range(STEPS):
        raw = [[exact(2.0 ** rng.randint(-3, 1)) for _ in range(n)] for n in SIZES]
        grads.append(raw)
        for i, g in enumerate(clip(c, raw)):
            if not any(part in NAMES[i] for part in c['exclude_from_weight_decay']):
                weights[i] = [w - learning_rate(c, t) * c['weight_decay'] * w for w in weights[i]]
            if kind == 'Lamb':
                weights[i] = update_lamb(c, t, weights[i], g, slots[i])
                continue
            for j, x in enumerate(g):
                weights[i][j] = update(kind, c, t, weights[i][j], x, slots[i][j])
        trajectory.append([list(w) for w in weights])
    return dict(name=name, optimizer=kind, config=changes, slot_names=names, names=NAMES, start=first, gradients=grads, weights=trajectory,
                slots=[[[s[k] for s in tensor] for k in names] for tensor in slots],
                learning_rates=[learning_rate(c, t) for t in range(STEPS)])


CASES = [
    case('sgd', 'SGD', learning_rate=0.1),
    case('sgd_decay', 'SGD', learning_rate=0.1, decay=0.05),
    case('sgd_momentum', 'SGD', learning_rate=0.05, momentum=0.9),
    case('sgd_nesterov', 'SGD', learning_rate=0.05, momentum=0.9, nesterov=True),
    case('sgd_nesterov_without_momentum', 'SGD', learning_rate=0.05, nesterov=True),
    case('sgd_clipvalue', 'SGD', learning_rate=0.1, clipvalue=0.25),
    case('sgd_clipnorm', 'SGD', learning_rate=0.1, clipnorm=1.0),
    case('adam_global_clipnorm', 'Adam', learning_rate=0.1, global_clipnorm=1.5),
    case('adam_loose_clipnorm', 'Adam', learning_rate=0.1, clipnorm=1000.0),
    case('adam', 'Adam'),
    case('adam_large', 'Adam', learning_rate=0.3, beta_1=0.8, beta_2=0.95, epsilon=0.01),
    case('adam_amsgrad', 'Adam', learning_rate=0.01, beta_2=0.7, amsgrad=True),
    case('adam_decay', 'Adam', learning_rate=0.01, decay=0.1),
    case('adamw', 'AdamW', learning_rate=0.01),
    case('adamw_amsgrad', 'AdamW', learning_rate=0.01, weight_decay=0.1, beta_2=0.7, amsgrad=True),
    case('rmsprop', 'RMSprop'),
    case('rmsprop_momentum', 'RMSprop', learning_rate=0.01, momentum=0.8),
    case('rmsprop_centered', 'RMSprop', learning_rate=0.01, centered=True, epsilon=0.001),
    case('rmsprop_centered_momentum', 'RMSprop', learning_rate=0.01, centered=True, momentum=0.8, rho=0.8, epsilon=0.001),
    case('adagrad', 'Adagrad', learning_rate=0.1),
    case('adagrad_start', 'Adagrad', learning_rate=0.1, initial_accumulator_value=0.5, epsilon=0.01),
    case('sgd_step_schedule', 'SGD', learning_rate=0.1, schedule=dict(kind='step', decay_steps=3.0, rate=0.5)),
    case('sgd_exponential_schedule', 'SGD', learning_rate=0.1, schedule=dict(kind='exponential', decay_steps=4.0, rate=0.3)),
    case('adam_cosine_schedule', 'Adam', learning_rate=0.1, schedule=dict(kind='cosine', decay_steps=5.0, alpha=0.1)),
    case('adam_weight_decay', 'Adam', learning_rate=0.01, weight_decay=0.1),
    case('adamw_exclude', 'AdamW', learning_rate=0.01, weight_decay=0.1, exclude_from_weight_decay=['bias']),
    case('sgd_weight_decay', 'SGD', learning_rate=0.1, momentum=0.9, weight_decay=0.1, exclude_from_weight_decay=['gamma', '/kernel']),
    case('adadelta', 'Adadelta'),
    case('adadelta_large', 'Adadelta', learning_rate=1.0, rho=0.8, epsilon=0.001),
    case('adamax', 'Adamax'),
    case('adamax_large', 'Adamax', learning_rate=0.3, beta_1=0.8, beta_2=0.7, epsilon=0.01),
    case('ftrl', 'Ftrl', learning_rate=0.1),
    case('ftrl_all', 'Ftrl', learning_rate=0.2, initial_accumulator_value=0.5, l1_regularization_strength=0.3,
         l2_regularization_strength=0.05, l2_shrinkage_regularization_strength=0.1, beta=0.5),
    case('ftrl_power', 'Ftrl', learning_rate=0.2, learning_rate_power=-0.7, l1_regularization_strength=0.1),
    case('ftrl_constant', 'Ftrl', learning_rate=0.2, learning_rate_power=0.0, l2_regularization_strength=0.1),
    case('lion', 'Lion', learning_rate=0.01),
    case('lion_decay', 'Lion', learning_rate=0.01, beta_1=0.5, beta_2=0.8, weight_decay=0.2, exclude_from_weight_decay=['bias']),
    case('lamb', 'Lamb', learning_rate=0.01),
    case('lamb_decay', 'Lamb', learning_rate=0.1, beta_1=0.8, beta_2=0.95, epsilon=0.01, weight_decay=0.05, clipnorm=1.0),
    case('lamb_from_zero', 'Lamb', learning_rate=0.1, from_zero=True),
    case('adam_cosine_decay', 'Adam', learning_rate=0.1, decay=0.2, schedule=dict(kind='cosine', decay_steps=20.0)),
]

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'optimizer.json'), 'w') as f:
    # a case a line
    f.write('[\n' + ',\n'.join(json.dumps(c) for c in CASES) + '\n]\n')
