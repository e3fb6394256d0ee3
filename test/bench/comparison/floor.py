"""Calls bench_floor, one copy a core at the same time."""

import os
import statistics
import subprocess


def measure(build, found):
    """Means over the cores of what bench_floor prints, and the number of cores."""
    units = [*found["architecture"]["input"], *[layer[1] for layer in found["architecture"]["layers"]]]
    command = [f"{build}/test/bench/bench_floor", str(found["batch_size"]), *map(str, units)]
    copies = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(os.cpu_count())]
    outputs = []
    for copy in copies:
        lines, _ = copy.communicate()
        if copy.returncode != 0:
            raise RuntimeError("bench_floor failed")
        outputs.append(dict(line.split("=", 1) for line in lines.splitlines()))
    found = {name: statistics.mean(float(output[name]) for output in outputs) for name in outputs[0] if name != "build"}
    return dict(found, cores=os.cpu_count())
