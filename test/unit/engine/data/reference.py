"""Keras's formulas written out on float64 tensors: the reference that the engine's layers are held against.

Nothing here calls a layer of PyTorch: convolutions and poolings are sums over shifted slices, recurrent layers walk step by step as
keras.layers.recurrent (implementation 1) does, normalisations are their definitions. PyTorch only differentiates.
"""
import math

import torch


def hard_sigmoid(x):
    return torch.minimum(torch.maximum(0.2 * x + 0.5, torch.zeros_like(x)), torch.ones_like(x))


def softmax(x):
    e = torch.exp(x - x.max(dim=-1, keepdim=True).values.detach())
    return e / e.sum(dim=-1, keepdim=True)


def elu(x, alpha=1.0):
    return torch.where(x > 0, x, alpha * (torch.exp(torch.minimum(x, torch.zeros_like(x))) - 1))


def sigmoid(x):
    return 1 / (1 + torch.exp(-x))


ACTIVATIONS = {
    "linear": lambda x: x,
    "relu": lambda x: torch.where(x > 0, x, torch.zeros_like(x)),
    "relu6": lambda x: torch.where(x > 6, torch.full_like(x, 6.0), torch.where(x > 0, x, torch.zeros_like(x))),
    "sigmoid": sigmoid,
    "hard_sigmoid": hard_sigmoid,
    "tanh": lambda x: (torch.exp(x) - torch.exp(-x)) / (torch.exp(x) + torch.exp(-x)),
    "softmax": softmax,
    "log_softmax": lambda x: torch.log(softmax(x)),
    "softplus": lambda x: torch.log(1 + torch.exp(x)),
    "softsign": lambda x: x / (1 + torch.abs(x)),
    "elu": elu,
    "selu": lambda x: 1.0507009873554804934 * elu(x, 1.6732632423543772848),
    "swish": lambda x: x * sigmoid(x),
    "gelu": lambda x: 0.5 * x * (1 + torch.erf(x / math.sqrt(2.0))),
    "exponential": torch.exp,
    "mish": lambda x: x * torch.tanh(torch.log(1 + torch.exp(x))),
}


def dense(x, kernel, bias=None, activation="linear"):
    y = torch.tensordot(x, kernel, dims=1)
    return ACTIVATIONS[activation](y if bias is None else y + bias)


def _same(size, window, stride):
    out = -(-size // stride)
    total = max((out - 1) * stride + window - size, 0)
    return total // 2, total - total // 2


def _pad(x, window, stride, padding, value):
    if padding == "valid":
        return x
    (top, bottom), (left, right) = _same(x.shape[1], window[0], stride[0]), _same(x.shape[2], window[1], stride[1])
    padded = torch.full((x.shape[0], x.shape[1] + top + bottom, x.shape[2] + left + right, x.shape[3]), value, dtype=x.dtype)
    padded[:, top:top + x.shape[1], left:left + x.shape[2], :] = x
    return padded


def _slices(x, kernel, stride, dilation=(1, 1)):
    """One shifted and strided view of x for each position (i, j) of the window."""
    rows = (x.shape[1] - (dilation[0] * (kernel[0] - 1) + 1)) // stride[0] + 1
    columns = (x.shape[2] - (dilation[1] * (kernel[1] - 1) + 1)) // stride[1] + 1
    for i in range(kernel[0]):
        for j in range(kernel[1]):
            a, b = i * dilation[0], j * dilation[1]
            yield i, j, x[:, a:a + (rows - 1) * stride[0] + 1:stride[0], b:b + (columns - 1) * stride[1] + 1:stride[1], :]


def conv2d(x, kernel, bias=None, strides=(1, 1), padding="valid", dilation=(1, 1), groups=1, activation="linear"):
    window = [dilation[d] * (kernel.shape[d] - 1) + 1 for d in (0, 1)]
    x = _pad(x, window, strides, padding, 0.0)
    per_in, per_out = kernel.shape[2], kernel.shape[3] // groups
    y = 0
    for i, j, part in _slices(x, kernel.shape[:2], strides, dilation):
        pieces = [torch.tensordot(part[..., g * per_in:(g + 1) * per_in], kernel[i, j, :, g * per_out:(g + 1) * per_out], dims=1)
                  for g in range(groups)]
        y = y + torch.cat(pieces, dim=-1)
    return ACTIVATIONS[activation](y if bias is None else y + bias)


def max_pool(x, pool, strides, padding):
    x = _pad(x, pool, strides, padding, -math.inf)
    return torch.stack([part for _, _, part in _slices(x, pool, strides)]).max(dim=0).values


def average_pool(x, pool, strides, padding):
    ones = _pad(torch.ones_like(x), pool, strides, padding, 0.0)
    x = _pad(x, pool, strides, padding, 0.0)
    return sum(part for _, _, part in _slices(x, pool, strides)) / sum(part for _, _, part in _slices(ones, pool, strides))


def batch_norm(x, gamma, beta, mean, variance, training, momentum=0.99, epsilon=1e-3):
    """Returns y and the moving statistics after the step; Bessel's correction of the moving variance for images only."""
    new_mean, new_variance = mean, variance
    if training:
        axes = list(range(x.dim() - 1))
        n = x.numel() // x.shape[-1]
        batch_mean = x.mean(dim=axes)
        batch_variance = ((x - batch_mean) ** 2).mean(dim=axes)
        moved = batch_variance * n / max(n - 1, 1) if x.dim() == 4 else batch_variance
        new_mean = mean * momentum + batch_mean.detach() * (1 - momentum)
        new_variance = variance * momentum + moved.detach() * (1 - momentum)
        mean, variance = batch_mean, batch_variance
    y = (x - mean) / torch.sqrt(variance + epsilon)
    if gamma is not None:
        y = y * gamma
    return (y if beta is None else y + beta), new_mean, new_variance


def layer_norm(x, gamma, beta, axes=(-1,), epsilon=1e-3):
    mean = x.mean(dim=axes, keepdim=True)
    variance = ((x - mean) ** 2).mean(dim=axes, keepdim=True)
    return (x - mean) / torch.sqrt(variance + epsilon) * gamma + beta


def _recur(x, units, step, mask, go_backwards, return_sequences):
    times = range(x.shape[1])
    state = [torch.zeros(x.shape[0], units, dtype=x.dtype) for _ in range(2)]
    outputs = []
    for t in reversed(times) if go_backwards else times:
        new = step(x[:, t, :], state)
        if mask is not None:
            keep = mask[:, t].unsqueeze(-1)
            new = [torch.where(keep, a, b) for a, b in zip(new, state)]
        state = new
        outputs.append(state[0])
    return torch.stack(outputs, dim=1) if return_sequences else state[0]


def lstm(x, kernel, recurrent, bias, activation="tanh", gate="sigmoid", mask=None, go_backwards=False, return_sequences=False):
    f, s, u = ACTIVATIONS[activation], ACTIVATIONS[gate], recurrent.shape[0]
    k, r = [kernel[:, g * u:(g + 1) * u] for g in range(4)], [recurrent[:, g * u:(g + 1) * u] for g in range(4)]
    b = [bias[g * u:(g + 1) * u] if bias is not None else 0 for g in range(4)]

    def step(x_t, state):
        h, c = state
        i = s(x_t @ k[0] + b[0] + h @ r[0])
        forget = s(x_t @ k[1] + b[1] + h @ r[1])
        c_new = forget * c + i * f(x_t @ k[2] + b[2] + h @ r[2])
        o = s(x_t @ k[3] + b[3] + h @ r[3])
        return [o * f(c_new), c_new]

    return _recur(x, u, step, mask, go_backwards, return_sequences)


def gru(x, kernel, recurrent, bias, activation="tanh", gate="sigmoid", reset_after=True, mask=None, go_backwards=False,
        return_sequences=False):
    f, s, u = ACTIVATIONS[activation], ACTIVATIONS[gate], recurrent.shape[0]
    k, r = [kernel[:, g * u:(g + 1) * u] for g in range(3)], [recurrent[:, g * u:(g + 1) * u] for g in range(3)]
    zero = torch.zeros(3 * u, dtype=x.dtype)
    if bias is None:
        b_in, b_rec = zero, zero
    elif reset_after:
        b_in, b_rec = bias[0], bias[1]
    else:
        b_in, b_rec = bias, zero
    bi, br = [b_in[g * u:(g + 1) * u] for g in range(3)], [b_rec[g * u:(g + 1) * u] for g in range(3)]

    def step(x_t, state):
        h = state[0]
        z = s(x_t @ k[0] + bi[0] + h @ r[0] + br[0])
        reset = s(x_t @ k[1] + bi[1] + h @ r[1] + br[1])
        if reset_after:
            candidate = f(x_t @ k[2] + bi[2] + reset * (h @ r[2] + br[2]))
        else:
            candidate = f(x_t @ k[2] + bi[2] + (reset * h) @ r[2])
        return [z * h + (1 - z) * candidate, state[1]]

    return _recur(x, u, step, mask, go_backwards, return_sequences)
