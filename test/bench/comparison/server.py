"""Sessions of psql that stay open, and what the server of this run (PGHOST and the like) used."""

import os
import subprocess
import tempfile
import time

import usage

MARK = "-- done --"


class Session:
    """One connection. `run` sends statements and waits for the end; `send` and `receive` do it in two steps, to keep two sessions busy
    at once."""

    def __init__(self):
        self.errors = tempfile.TemporaryFile("w+")
        environment = dict(os.environ, PGOPTIONS="-c client_min_messages=error")
        command = ["psql", "-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1"]
        self.psql = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, text=True,
                                     env=environment)

    def send(self, sql):
        self.psql.stdin.write(sql.rstrip().rstrip(";") + f";\n\\echo {MARK}\n")
        self.psql.stdin.flush()

    def receive(self):
        """Rows of all queries that were sent, as lists of strings."""
        rows = []
        for line in self.psql.stdout:
            if line.rstrip("\n") == MARK:
                return rows
            rows.append(line.rstrip("\n").split("\t"))
        self.psql.wait()
        self.errors.seek(0)
        raise RuntimeError(self.errors.read())

    def run(self, sql):
        self.send(sql)
        return self.receive()

    def value(self, sql):
        return self.run(sql)[0][0]

    def close(self):
        self.psql.stdin.close()
        self.psql.wait()
        self.psql.stdout.close()
        self.errors.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def copy_in(table, pieces, form="binary"):
    """COPY of bytes."""
    command = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", f"COPY {table} FROM STDIN (FORMAT {form})"]
    psql = subprocess.Popen(command, stdin=subprocess.PIPE)
    for piece in pieces:
        psql.stdin.write(piece)
    psql.stdin.close()
    if psql.wait() != 0:
        raise RuntimeError(f"COPY into {table} failed")


def postmaster():
    """Process id of the server, which runs on this machine with its data beside its socket."""
    with Session() as session:
        directory = session.value("SHOW data_directory")
    with open(f"{directory}/postmaster.pid", encoding="ascii") as file:
        return int(file.readline())


class Timed:
    """Wall and CPU seconds of a block, the latter of the whole server: between its start and its end nothing else runs in it."""

    def __init__(self, root):
        self.root = root

    def __enter__(self):
        self.cpu = usage.cpu_seconds(self.root)
        self.started = time.perf_counter()
        return self

    def __exit__(self, *_):
        self.seconds = time.perf_counter() - self.started
        self.cpu = usage.cpu_seconds(self.root) - self.cpu
