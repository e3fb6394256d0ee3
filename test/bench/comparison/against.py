"""Two builds of pg_cerebro in turns on the same grids. Called by ../against, which has started a server:

  against.py [--rounds N] --work DIR --mnist DIR --build DIR --other DIR grids...
"""

import argparse
import os
import statistics
import subprocess

import grids
import run
import server

FUNCTIONS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "setup", "functions.sh")


def use(build, name):
    """Installs a build; sessions from now on are in its database."""
    subprocess.run(["bash", "-euc", '. "$0"; find_server; install_extension "$1" >/dev/null', FUNCTIONS, build], check=True)
    os.environ["PGDATABASE"] = name


class Side:
    """A build with a database of its own."""

    def __init__(self, name, build, arguments):
        self.name, self.build = name, build
        os.environ["PGDATABASE"] = "postgres"
        with server.Session() as session:
            session.run(f"CREATE DATABASE {name}")
        use(build, name)
        with server.Session() as session:
            session.run("CREATE EXTENSION pg_cerebro")
        self.bench = run.Bench(argparse.Namespace(work=arguments.work, modules="", build=build, mnist=arguments.mnist, quick=False, rounds=1))

    def load(self, found):
        use(self.build, self.name)
        self.bench.load(found)

    def fit(self, found, seed):
        use(self.build, self.name)
        result = self.bench.database(found, seed)
        with server.Session() as session:
            result["weights"] = session.run(f"SELECT mst_key, md5(model_weights) FROM models_{found['name'].lower()} ORDER BY 1")
        return result


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=7)
    for option in ("work", "mnist", "build", "other"):
        parser.add_argument(f"--{option}", required=True)
    parser.add_argument("grids", nargs="*")
    arguments = parser.parse_args()
    sides = [Side("this", arguments.build, arguments), Side("other", arguments.other, arguments)]
    print(f"{'grid':6} {'':10} {'this, s':>9} {'other, s':>9} {'ratio':>7} {'of medians':>11}")
    for name in arguments.grids or ["A", "B32", "D5"]:
        found = grids.grid(name, False)
        for side in sides:
            side.load(dict(found))
        found["data"] = f"{found['table']}_{found['rows']}"
        results = {side.name: [] for side in sides}
        same = True
        for seed in range(1, arguments.rounds + 1):
            for side in sides if seed % 2 else reversed(sides):
                results[side.name].append(side.fit(found, seed))
            same = same and results["this"][-1]["weights"] == results["other"][-1]["weights"]
        for key, label in (("seconds", "statement"), ("training", "training")):
            times = {side: [result[key] for result in list_of] for side, list_of in results.items()}
            least = min(times["this"]) / min(times["other"])
            medians = statistics.median(times["this"]) / statistics.median(times["other"])
            print(f"{name:6} {label:10} {min(times['this']):9.3f} {min(times['other']):9.3f} {least:7.3f} {medians:11.3f}", flush=True)
        print(f"{name:6} weights    {'the same' if same else 'differ'}", flush=True)


if __name__ == "__main__":
    main()
