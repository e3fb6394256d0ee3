"""Made-up tables for the networks of graph_models.py. All rows of a table are one array, as PyTorch's programs read it; SQL has columns of it."""

import numpy

import graph_models as models


def _draw(name, part):
    return numpy.random.Generator(numpy.random.Philox([sum(name.encode()), part]))


def tabular(part, rows):
    """(rows, 6 + 20): categories, then numbers. The label hangs on categories, numbers and some products of both."""
    rule, draw = _draw("rule", 0), _draw("tabular", part)
    effects = [rule.normal(0, 0.7, size) for size in models.CATEGORIES]
    slopes = rule.normal(0, 0.4, models.NUMBERS)
    slope_of = rule.normal(0, 0.8, models.CATEGORIES[1])
    codes = [numpy.minimum((draw.random(rows) ** 2 * size).astype("i4"), size - 1) for size in models.CATEGORIES]
    numbers = draw.standard_normal((rows, models.NUMBERS), dtype="f4")
    score = sum(effect[code] for effect, code in zip(effects, codes)) + numbers @ slopes + slope_of[codes[1]] * numbers[:, 0]
    score += numbers[:, 1] * numbers[:, 2] + draw.logistic(0, 0.5, rows)
    return numpy.concatenate([numpy.stack(codes, 1).astype("f4"), numbers], 1), (score > 0).astype("u1")


def series(part, rows):
    """(rows, 24 * 8): signals with a memory. The label: whether one signal's peak came before another's."""
    draw = _draw("series", part)
    x = draw.standard_normal((rows, models.STEPS, models.SIGNALS), dtype="f4")
    for step in range(1, models.STEPS):
        x[:, step] = 0.7 * x[:, step - 1] + 0.5 * x[:, step]
    before = x[:, :, 0].argmax(1) < x[:, :, 1].argmax(1)
    return x.reshape(rows, -1), before.astype("u1")


def text(part, rows):
    """(rows, 100) tokens. The label: whether one of 40 words stands right before one of 40 others."""
    draw = _draw("text", part)
    x = (draw.random((rows, models.TOKENS)) ** 2 * models.WORDS).astype("i4")
    y = draw.integers(0, 2, rows).astype("u1")
    at = draw.integers(0, models.TOKENS - 1, rows)
    first, second = draw.integers(1000, 1040, rows), draw.integers(2000, 2040, rows)
    each = numpy.arange(rows)
    x[each, at], x[each, at + 1] = numpy.where(y == 1, first, second), numpy.where(y == 1, second, first)
    return x, y


def blocks(part, rows):
    """(rows, 32 * 32 * 3) bytes: gratings of ten directions in noise."""
    draw = _draw("blocks", part)
    y = draw.integers(0, 10, rows).astype("u1")
    line, column = numpy.mgrid[0:32, 0:32].astype("f4")
    angle = (y * (numpy.pi / 10)).astype("f4")[:, None, None]
    phase = draw.uniform(0, 2 * numpy.pi, (rows, 1, 1)).astype("f4")
    gratings = numpy.sin(0.9 * (numpy.cos(angle) * line + numpy.sin(angle) * column) + phase)
    colours = draw.uniform(0.3, 1.0, (rows, 1, 1, 3)).astype("f4")
    noise = draw.standard_normal((rows, 32, 32, 3), dtype="f4")
    return numpy.clip(128 + 40 * gratings[..., None] * colours + 40 * noise, 0, 255).astype("u1").reshape(rows, -1), y


TABLES = {"tabular": tabular, "series": series, "text": text, "blocks": blocks}
# type of the array in the first table, columns of the second that is made of it, and what is packed as inputs
COLUMNS = {
    "tabular": ("real[]", ", ".join(f"pixels[{i}]::integer AS c{i}" for i in range(1, 7)) + ", pixels[7:26] AS numbers",
                ", ".join([f"c{i}" for i in range(1, 7)] + ["numbers"])),
    "series": ("real[]", "pixels AS signals", "signals"),
    "text": ("integer[]", "pixels AS tokens", "tokens"),
    "blocks": ("smallint[]", "pixels AS image", "image"),
}


def copy_lines(x, y):
    """Lines of COPY in text format, in pieces."""
    plain = str if x.dtype.kind != "f" else "{:.9g}".format
    for start in range(0, len(x), 5000):
        lines = [f"{start + i}\t{label}\t{{{','.join(map(plain, row))}}}\n"
                 for i, (row, label) in enumerate(zip(x[start:start + 5000].tolist(), y[start:start + 5000].tolist()))]
        yield "".join(lines).encode()
