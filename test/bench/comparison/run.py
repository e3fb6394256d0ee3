"""Runs grids by every contestant in turns and reports. Called by ../compare, which has started a server:

  run.py [--quick] [--only KEYS] --work DIR --modules DIR --build DIR --mnist DIR grids...

--modules: a folder that the server's user may read. Exits with 1 when, in a full run, accuracies differ.
"""

import argparse
import json
import os
import subprocess
import sys
import time

import numpy

import data
import estimates
import floor
import graph_data
import grids
import halving
import hopper
import report
import server
import usage

# networks.UNTUNED, without importing PyTorch here
UNTUNED = {"foreach": {}, "channels_last": False, "gather": "index", "set_to_none": False, "untuned": True}
HERE = os.path.dirname(os.path.abspath(__file__))
# malloc keeps what it has, as a tuned program has it; kernels of the BLAS and vector width of PyTorch are tried out
MALLOC = {"MALLOC_TRIM_THRESHOLD_": str(1 << 30), "MALLOC_MMAP_THRESHOLD_": str(1 << 30)}
ENVIRONMENTS = [{}, {"OPENBLAS_CORETYPE": "Haswell"}]
# a processor without AVX-512 stops at these kernels
if os.path.exists("/proc/cpuinfo") and "avx512f" in open("/proc/cpuinfo", encoding="utf8").read():
    ENVIRONMENTS += [{"OPENBLAS_CORETYPE": "SkylakeX"}, {"ATEN_CPU_CAPABILITY": "avx512"},
                     {"OPENBLAS_CORETYPE": "SkylakeX", "ATEN_CPU_CAPABILITY": "avx512"}]


# another interpreter, with a PyTorch that is newer than this one's; it must see the same files
NEWEST = os.environ.get("CEREBRO_NEWEST_PYTHON")


def with_options(chosen, **more):
    return dict(chosen, options=dict(chosen["options"], **more))


class Bench:
    def __init__(self, arguments):
        self.work, self.modules, self.build, self.mnist = arguments.work, arguments.modules, arguments.build, arguments.mnist
        self.quick = arguments.quick
        self.only = set(arguments.only.split(",")) | {"a"} if arguments.only else None
        self.rounds = arguments.rounds or (2 if arguments.quick else 5)
        self.root = server.postmaster()
        self.loaded = set()
        with server.Session() as session:
            session.run("LOAD 'pg_cerebro'")
            self.switches = [row[0] for row in session.run("SELECT name FROM pg_settings WHERE name LIKE 'cerebro.enable\\_%' ORDER BY 1")]

    # --- data

    def load(self, found):
        """Arrays for PyTorch and packed tables for the rest, once for each table and size."""
        found["data"] = f"{found['table']}_{found['rows']}"
        tables = data.table(found["table"], self.mnist, found["rows"], found["validation_rows"])
        if found["data"] not in self.loaded:
            self.loaded.add(found["data"])
            for part, (x, y) in zip(("train", "validation"), tables):
                numpy.save(f"{self.work}/{found['data']}_{part}_x.npy", x)
                numpy.save(f"{self.work}/{found['data']}_{part}_y.npy", y)
                name = f"{found['data']}_{part}"
                inputs = "pixels"
                with server.Session() as session:
                    if found["table"] in graph_data.COLUMNS:
                        kind, columns, inputs = graph_data.COLUMNS[found["table"]]
                        session.run(f"CREATE TABLE raw (id integer, label smallint, pixels {kind})")
                        server.copy_in("raw", graph_data.copy_lines(x, y), "text")
                        session.run(f"CREATE TABLE {name} AS SELECT id, label, {columns} FROM raw; DROP TABLE raw")
                    else:
                        session.run(f"CREATE TABLE {name} (id integer, label smallint, pixels smallint[])")
                        server.copy_in(name, data.copy_rows(x, y))
                    session.run(f"ANALYZE {name}")
                    if part == "train":
                        kind = ", dependent_type => 'real'" if grids.binary(found) else ""
                        session.run(f"SELECT cerebro.training_preprocessor_dl('{name}', '{name}_packed', 'label', '{inputs}', "
                                    f"normalizing_const => {data.NORMALIZING[found['table']]}{kind})")
                    else:
                        session.run(f"SELECT cerebro.validation_preprocessor_dl('{name}', '{name}_packed', 'label', '{inputs}', "
                                    f"'{found['data']}_train_packed')")
                    session.run(f"DROP TABLE {name}; ANALYZE {name}_packed")
        if found.get("hopper") and f"hopper_{found['table']}" not in self.loaded:
            self.loaded.add(f"hopper_{found['table']}")
            hopper.load(found, tables)
        with server.Session() as session:
            session.run(grids.selection_sql(found))
        with open(f"{self.work}/grid.json", "w", encoding="utf8") as file:
            json.dump(found, file)

    # --- contestants: each returns seconds, cpu, accuracies of all models, and what else it knows

    def fit_arguments(self, found, seed):
        name = found["name"].lower()
        metrics = ", metrics_compute_frequency => 1" if found.get("hopper") else ""
        return (f"'{found['data']}_train_packed', 'models_{name}', 'configs_{name}', {found['iterations']}, "
                f"validation_table => '{found['data']}_validation_packed', seed => {seed}{metrics}")

    def database(self, found, seed, switched_off=(), arguments=None):
        """pg_cerebro: the whole statement, in a new session that has loaded the library."""
        name = found["name"].lower()
        with server.Session() as session:
            session.run("LOAD 'pg_cerebro'")
            for setting in switched_off:
                session.run(f"SET {setting} = off")
            made = ", ".join(f"models_{name}{suffix}" for suffix in ("", "_info", "_summary", "_state", "_visits"))
            session.run(f"DROP TABLE IF EXISTS {made}")
            session.run("CHECKPOINT")
            all_arguments = ", ".join([self.fit_arguments(found, seed)] + ([arguments] if arguments else []))
            with server.Timed(self.root) as timed:
                session.run(f"SELECT cerebro.fit_multiple_model({all_arguments})")
            scored = session.run(f"SELECT validation_metrics_final FROM models_{name}_info ORDER BY mst_key")
            accuracies = [float(row[0]) for row in scored]
            trainer = float(session.value(f"SELECT extract(epoch FROM max(ended_at) - min(started_at)) FROM models_{name}_visits"))
            workers, build = session.run(f"SELECT workers, build FROM models_{name}_summary")[0]
        return {"seconds": timed.seconds, "cpu": timed.cpu, "accuracies": accuracies, "training": trainer, "workers": workers,
                "build": build}

    def pytorch(self, found, seed, chosen, program="pytorch_train.py", interpreter=sys.executable):
        """The program, its options in a file. Its own figures: loading is not among them."""
        with open(f"{self.work}/grid.json", "w", encoding="utf8") as file:
            json.dump(dict(found, seed=seed), file)
        with open(f"{self.work}/options.json", "w", encoding="utf8") as file:
            json.dump(chosen["options"], file)
        return self.python(program, [f"{self.work}/options.json"], chosen["environment"], interpreter)

    def python(self, program, arguments, environment, interpreter=sys.executable):
        command = [interpreter, "-B", f"{HERE}/{program}", f"{self.work}/grid.json", self.work, *arguments]
        done = subprocess.run(command, env=dict(os.environ, **environment), capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return json.loads(done.stdout.splitlines()[-1])

    def calibrate(self, found, interpreter=sys.executable):
        """The fastest way to write and to run the opponent, by short trials."""
        best = None
        for environment in ENVIRONMENTS[:1] if self.quick else ENVIRONMENTS:
            tried = self.python("calibrate.py", [], {**MALLOC, **environment}, interpreter)
            if best is None or tried["mean"] < best["mean"]:
                best = dict(tried, environment={**MALLOC, **environment}, chosen=environment)
        best["options"]["environment"] = best["chosen"]
        return best

    def hop(self, found, options):
        running = hopper.Hopper(found, options, self.modules)
        try:
            with server.Timed(self.root) as timed:
                accuracies = running.fit()
        finally:
            running.close()
        return {"seconds": timed.seconds, "cpu": timed.cpu, "accuracies": accuracies}

    # --- a grid

    def wanted(self, *keys):
        return self.only is None or any(key in self.only for key in keys)

    def contestants(self, found, chosen):
        """Those of all_contestants that take part."""
        return [contestant for contestant in self.all_contestants(found, chosen) if self.wanted(contestant[0])]

    def all_contestants(self, found, chosen):
        """(key, what it is called, call with a grid and a seed, process whose memory counts), in the order in which they take turns."""
        untuned = {"options": dict(UNTUNED, environment={}), "environment": {}}
        here = os.getpid()
        yield "a", "pg_cerebro", self.database, self.root
        if found.get("hopper"):
            yield "d", "hopper in PL/Python", lambda grid, _: self.hop(grid, chosen["options"]), self.root
            yield "untuned", "hopper, untuned", lambda grid, _: self.hop(grid, untuned["options"]), self.root
            return
        if self.switches:
            yield "b", "pg_cerebro, rewrites off", lambda grid, seed: self.database(grid, seed, self.switches), self.root
        yield "c", "PyTorch, tuned", lambda grid, seed: self.pytorch(grid, seed, chosen), here
        stacked = "stacked_train.py" if "graph" not in found["architecture"] else None
        if stacked:
            alone = with_options(chosen, compile=False)
            yield "s", "PyTorch, stacked", lambda grid, seed: self.pytorch(grid, seed, alone, stacked), here
        if NEWEST and self.wanted("n", "nc", "ns", "nsc"):
            new = self.calibrate(found, NEWEST)
            print("newest: " + report.opponent(new), flush=True)
            whole, compiled = with_options(new, compile=False), with_options(new, compile=True)
            yield "n", "newest, tuned", lambda grid, seed: self.pytorch(grid, seed, whole, interpreter=NEWEST), here
            yield "nc", "newest, compiled", lambda grid, seed: self.pytorch(grid, seed, compiled, interpreter=NEWEST), here
            if stacked:
                yield "ns", "newest, stacked", lambda grid, seed: self.pytorch(grid, seed, whole, stacked, NEWEST), here
                yield "nsc", "newest, stacked, compiled", lambda grid, seed: self.pytorch(grid, seed, compiled, stacked, NEWEST), here
        yield "untuned", "PyTorch, untuned", lambda grid, seed: self.pytorch(grid, seed, untuned), here

    def run(self, name):
        found = grids.grid(name, self.quick)
        print(f"\n== {report.title(found)}", flush=True)
        self.load(found)
        if found.get("halving"):
            return halving.run(self, found)
        chosen = self.calibrate(found)
        print(report.opponent(chosen), flush=True)
        contestants = self.contestants(found, chosen)
        seconds = grids.steps_a_model(found) * len(found["configurations"]) * chosen["mean"] * 1e-6 / os.cpu_count()
        print(f"the opponent is expected to take {seconds:.0f} s a run; {self.rounds} rounds after a short one for memory", flush=True)
        began, peaks, runs = time.time(), {}, {key: [] for key, _, _, _ in contestants}
        short = dict(found, iterations=1)
        for key, _, call, root in contestants:
            with usage.Peak(root) as peak:
                call(short, 0)
            peaks[key] = (peak.total, peak.shared)
        for seed in range(1, self.rounds + 1):
            taking_part = [part for part in contestants if part[0] != "untuned" or seed == 1]
            for key, _, call, _ in taking_part:
                runs[key].append(call(found, seed))
            print(f"round {seed}: " + ", ".join(f"{key} {runs[key][-1]['seconds']:.2f} s" for key, _, _, _ in taking_part), flush=True)
        floors = floor.measure(self.build, found) if "floor_bound" in found else None
        good = report.grid(found, [(key, label) for key, label, _, _ in contestants], runs, peaks, floors)
        estimates.compare(self, found)
        print(f"took {(time.time() - began) / 60:.1f} min", flush=True)
        return good


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--only")
    for option in ("work", "modules", "build", "mnist"):
        parser.add_argument(f"--{option}", required=True)
    parser.add_argument("grids", nargs="*")
    arguments = parser.parse_args()
    names = [name for word in arguments.grids or grids.ALL for name in grids.FAMILIES.get(word, [word])]
    unknown = [name for name in names if name not in grids.GRIDS]
    if unknown:
        sys.exit(f"no such grid: {', '.join(unknown)}; there are {', '.join(grids.ALL)}")
    bench = Bench(arguments)
    if not bench.switches:
        print("no rewrite can be switched off in this build (no setting cerebro.enable_*): contestant b is left out")
    good = [bench.run(name) for name in names]
    report.markdown()
    sys.exit(0 if all(good) or arguments.quick else 1)


if __name__ == "__main__":
    main()
