"""Tables of the comparison, as arrays and as rows of COPY in binary format: MNIST, MNIST pooled to 8 x 8, and a made-up click log.

A table has (id integer, label smallint, pixels smallint[]). Everything is a function of its name and of the number of rows.
"""

import numpy

import graph_data

NORMALIZING = {"mnist": 255, "mnist8": 255, "clicks": 16, "tabular": 1, "series": 1, "text": 1, "blocks": 255}


def _idx(path, header):
    with open(path, "rb") as file:
        return numpy.frombuffer(file.read(), dtype="u1", offset=header)


def mnist(cache, part, rows):
    """cache: the folder that fetch_mnist prints; part: train or t10k. Images (rows, 784) uint8, labels (rows) uint8."""
    images = _idx(f"{cache}/{part}-images-idx3-ubyte", 16).reshape(-1, 784)
    return images[:rows], _idx(f"{cache}/{part}-labels-idx1-ubyte", 8)[:rows]


def pooled(images):
    """28 x 28 in a frame of 32 x 32, means of blocks of 4 x 4: (rows, 64) uint8."""
    framed = numpy.zeros((len(images), 32, 32), dtype="u2")
    framed[:, 2:30, 2:30] = images.reshape(-1, 28, 28)
    return (framed.reshape(-1, 8, 4, 8, 4).sum(axis=(2, 4)) // 16).astype("u1").reshape(-1, 64)


def clicks(first, rows):
    """Rows of a click log: 200 small counts with long tails, and whether there was a click: a noisy, non-linear function of sixty of them.

    Rows come in chunks with a generator each, so that any range of whole chunks is the same whatever else is made.
    """
    chunk = 50000
    draw = numpy.random.Generator(numpy.random.Philox(7))
    scale = draw.uniform(0.3, 6.0, 200)
    direct, left, right, pair = (draw.normal(0, 1, 60), draw.integers(0, 60, 40), draw.integers(0, 60, 40), draw.normal(0, 0.8, 40))
    found_x, found_y = [], []
    for start in range(first, first + rows, chunk):
        draw = numpy.random.Generator(numpy.random.Philox(1000 + start // chunk))
        x = numpy.minimum(draw.standard_exponential((chunk, 200), dtype="f4") * scale.astype("f4"), 100).astype("u1")
        signal = numpy.log1p(x[:, :60].astype("f4")) - numpy.log1p(scale[:60].astype("f4"))
        score = signal @ direct.astype("f4") * 0.5 + (signal[:, left] * signal[:, right]) @ pair.astype("f4")
        score = score - 1.5 + draw.logistic(0, 0.7, chunk)
        found_x.append(x)
        found_y.append((score > 0).astype("u1"))
    return numpy.concatenate(found_x)[:rows], numpy.concatenate(found_y)[:rows]


def table(name, cache, rows, validation_rows):
    """((x, y) to train on, (x, y) to validate on), uint8 but for those of graph_data."""
    if name in graph_data.TABLES:
        return graph_data.TABLES[name](1, rows), graph_data.TABLES[name](2, validation_rows)
    if name == "clicks":
        held_out = 10_000_000  # far behind any row that is trained on
        return clicks(0, rows), clicks(held_out, validation_rows)
    parts = mnist(cache, "train", rows), mnist(cache, "t10k", validation_rows)
    if name == "mnist8":
        return tuple((pooled(x), y) for x, y in parts)
    return parts


def copy_rows(x, y, first_id=1):
    """The bytes of COPY ... FROM STDIN (FORMAT binary) for (integer, smallint, smallint[]), in pieces."""
    width = x.shape[1]
    row = numpy.dtype([("fields", ">i2"), ("n0", ">i4"), ("id", ">i4"), ("n1", ">i4"), ("label", ">i2"), ("n2", ">i4"),
                       ("dimensions", ">i4"), ("nulls", ">i4"), ("type", ">i4"), ("length", ">i4"), ("base", ">i4"),
                       ("elements", [("n", ">i4"), ("v", ">i2")], width)])
    fixed = {"fields": 3, "n0": 4, "n1": 2, "n2": 20 + 6 * width, "dimensions": 1, "type": 21, "length": width, "base": 1}
    yield b"PGCOPY\n\xff\r\n\0" + bytes(8)
    for start in range(0, len(x), 20000):
        part = x[start:start + 20000]
        rows = numpy.zeros(len(part), dtype=row)
        for field, value in fixed.items():
            rows[field] = value
        rows["id"] = numpy.arange(first_id + start, first_id + start + len(part))
        rows["label"] = y[start:start + len(part)]
        rows["elements"]["n"], rows["elements"]["v"] = 2, part
        yield rows.tobytes()
    yield b"\xff\xff"


def copy_buffers(buffers):
    """The same for (integer, integer, bytea, bytea, integer[], integer[]): (dist_key, buffer_id, x float32, y int16) with their shapes."""
    def integers(values):
        return numpy.array([1, 0, 23, len(values), 1] + [v for value in values for v in (4, value)], dtype=">i4").tobytes()

    yield b"PGCOPY\n\xff\r\n\0" + bytes(8)
    for dist_key, buffer_id, x, y in buffers:
        fields = [numpy.array([dist_key], ">i4").tobytes(), numpy.array([buffer_id], ">i4").tobytes(), x.astype("<f4").tobytes(),
                  y.astype("<i2").tobytes(), integers(x.shape), integers(y.shape)]
        yield numpy.array([6], ">i2").tobytes()
        for field in fields:
            yield numpy.array([len(field)], ">i4").tobytes()
            yield field
    yield b"\xff\xff"
