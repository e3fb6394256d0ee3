"""Reads what a replay needs from the server, through psql: packed buffers, visits, configurations and states."""

import json
import os
import subprocess

import numpy

DTYPES = {"uint8": "u1", "int8": "i1", "int16": "<i2", "int32": "<i4", "float32": "<f4", "float64": "<f8"}


def query(sql, precision="float32"):
    """Rows of a query as lists of strings; psql finds the server through PGHOST and the like."""
    environment = dict(os.environ, PGOPTIONS="-c client_min_messages=warning -c cerebro.precision=" + precision)
    command = ["psql", "-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-f", "-"]
    done = subprocess.run(command, input=sql, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    return [line.split("\t") for line in done.stdout.splitlines()]


def numbers(text):
    """A PostgreSQL array of numbers."""
    inner = text.strip("{}")
    return numpy.array([float(v) for v in inner.split(",")]) if inner else numpy.zeros(0)


class PackedTable:
    """All buffers of a packed table: partitions[p] is a list of (inputs, targets), each a list of arrays, one row an example."""

    def __init__(self, name):
        spec = json.loads(query(f"SELECT data_spec FROM {name}_summary")[0][0])
        self.inputs, self.targets = spec["inputs"], spec["targets"]
        columns = self.inputs + self.targets
        fields = ", ".join(f"encode({column['name']}, 'hex')" for column in columns)
        self.partitions = [[] for _ in range(spec["num_partitions"])]
        for row in query(f"SELECT partition_id, {fields} FROM {name} ORDER BY partition_id, buffer_id"):
            arrays = [self._decode(column, text) for column, text in zip(columns, row[1:])]
            self.partitions[int(row[0])].append((arrays[: len(self.inputs)], arrays[len(self.inputs):]))

    @staticmethod
    def _decode(column, text):
        raw = numpy.frombuffer(bytes.fromhex(text), dtype=DTYPES[column["dtype"]])
        return raw.reshape([-1] + column["shape"]).astype("f8") * column["scale"]


def visits(models, mst_key):
    """Partitions in the order in which a model visited them."""
    return [int(row[0]) for row in query(f"SELECT partition_id FROM {models}_visits WHERE mst_key = {mst_key} ORDER BY iteration, visit")]


def tensors(state_sql, precision):
    """Name -> array of every weight and optimizer slot of a state that a SQL expression gives, in the state's order."""
    rows = query(f"SELECT name, shape, data FROM cerebro.state_tensors(({state_sql})) ORDER BY position", precision)
    return {name: numbers(data).reshape([int(n) for n in numbers(shape)]) for name, shape, data in rows}
