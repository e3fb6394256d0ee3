"""Transfer learning: candidates that share frozen layers, with and without the rewrite, against PyTorch programs. Called by ../transfer,
which has started a server:

  transfer.py [--quick] [--workloads N] [--seed N] --work DIR [modes...]

Grids: heads (12 heads on the residual trunk), depths (2 heads x 3 freeze depths x 2 learning rates on it), encoder (8 heads x 3 depths on
the frozen encoder: on its word vectors, its first and its second block), tuned_encoder (8 heads x 3 freeze depths). The freeze depths are
the head alone, the last part of the trunk that can be trained, and the last two: residual blocks, and for the encoder the feed-forward
part of its second block, and that block as a whole. Of each grid: the first search, which computes
and stores the features; a second search over the same trunk, with other learning rates; the same without the rewrite; and both PyTorch
programs.

budgets: the depths again with eleven limits of disk space, from none to all that the plan would store. appended: what a second run needs
for its features, and what features of 5 % more rows take, against the first time. random: see transfer_random.py. layers: see
transfer_layers.py. rates: see transfer_rates.py.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys

import numpy

import run
import server
import transfer_layers
import transfer_models as models
import transfer_random
import transfer_rates
import transfer_runs as runs

HERE = os.path.dirname(os.path.abspath(__file__))
RATES = [0.0003, 0.0005, 0.001, 0.002, 0.003, 0.005]


def candidates(grid):
    if grid == "heads":
        return [{"hidden": hidden, "depth": 0, "lr": rate} for hidden in ([], [64]) for rate in RATES]
    if grid == "depths":
        return [{"hidden": hidden, "depth": depth, "lr": rate} for hidden in ([], [64]) for depth in (0, 1, 2) for rate in RATES[1:3]]
    depths = [{"layer": layer} for layer in models.ENCODER_LAYERS] if grid == "encoder" else [{"depth": depth} for depth in (0, 1, 2)]
    return [{"hidden": hidden, "lr": rate, **depth} for depth in depths for hidden in ([], [32], [64], [64, 32]) for rate in RATES[1:3]]


# trunk, rows and quick rows, iterations; asked: of no rewrite, of PyTorch one by one, of PyTorch with its cache; of the second search
GRIDS = {"heads": ("residual", 1500, 300, 10, 8, 5, 1.5, 15), "depths": ("residual", 1000, 200, 5, 2.5, None, None, None),
         "encoder": ("encoder", 3000, 500, 5, 2.5, None, None, None), "tuned_encoder": ("encoder", 3000, 500, 5, None, None, None, None)}
BATCH = 32


def budgets(rows, iterations, rounds):
    """Time and space of the depths at eleven budgets. Sharing is off, so that only the budget decides.

    The machine's speed drifts by more than the bound, so each round goes through all budgets, upwards or downwards, and a budget is
    compared with the one below it of the same round: the median of these ratios counts."""
    print(f"\n== budgets: the depths, {rows} rows, {iterations} iterations, without sharing, {rounds} rounds")
    operations, ends = models.TRUNKS["residual"]()
    x, y = runs.table(operations, rows)
    with server.Session() as session:
        runs.load_table(session, "budgets", operations, x, y)
        runs.load_candidates(session, "budgets", operations, ends, candidates("depths"), BATCH)
        session.run("SET cerebro.enable_feature_sharing = off")
        plan = json.loads("".join(row[0] for row in session.run(
            f"SELECT * FROM cerebro.explain_fit_multiple_model('budgets_packed', 'shown', 'budgets_first', {iterations}, format => 'json')")))
        most = features_of(plan)["Disk Bytes"] // 1024 + 1
        limits = [most * step // 10 + (step == 10) for step in range(11)]
        seconds, stored = [[] for _ in limits], [None] * len(limits)
        for number in range(rounds):
            for step in list(range(11))[:: -1 if number % 2 else 1]:
                session.run(f"SET cerebro.materialize_disk = '{limits[step]}kB'")
                runs.drop_features(session, "budgets_packed")
                seconds[step].append(runs.fit(session, "budgets", "budgets_first", "budget", iterations)[0])
                runs.drop_run(session, "budget")
                used, _, sets = runs.stored_features(session, "budgets_packed")
                stored[step] = (max(used, stored[step][0] if stored[step] else 0), sets)
        for step, limit in enumerate(limits):
            used, sets = stored[step]
            ratio = statistics.median(a / b for a, b in zip(seconds[step], seconds[step - 1])) if step else 1
            print(f"{limit:9} kB allowed, {used // 1024:9} kB of {sets} sets stored: {min(seconds[step]):6.2f} to {max(seconds[step]):6.2f} s, "
                  f"{ratio:5.2f} of the time at the limit before"
                  f"{'' if used <= limit * 1024 else '  OVER THE BUDGET'}{'' if ratio <= 1.05 else '  LONGER'}", flush=True)


def features_of(plan):
    """The dictionary "Features", wherever it stands in EXPLAIN's document."""
    if isinstance(plan, dict):
        if "Features" in plan:
            return plan["Features"]
        plan = list(plan.values())
    if isinstance(plan, list):
        for part in plan:
            found = features_of(part)
            if found is not None:
                return found
    return None


def appended(rows, iterations):
    """Seconds of making features for the heads: at first, by a second run, and after 5 % more rows."""
    print(f"\n== appended: the heads, {rows} rows in four partitions")
    operations, ends = models.TRUNKS["residual"]()
    x, y = runs.table(operations, rows)
    with server.Session() as session:
        runs.load_table(session, "appended", operations, x, y, ", num_partitions => 4")
        runs.load_candidates(session, "appended", operations, ends, candidates("heads"), BATCH, selections=(("first", 1), ("second", 1.3)))
        runs.fit(session, "appended", "appended_first", "appended_to", iterations)
        first = runs.stored_features(session, "appended_packed")[1]
        runs.fit(session, "appended", "appended_second", "appended_again", iterations)
        again = runs.stored_features(session, "appended_packed")[1]
        session.run(f"CREATE TABLE appended_more AS SELECT id + {rows} AS id, label, x FROM appended ORDER BY id LIMIT {rows // 20}; "
                    "SELECT cerebro.append_rows('appended_packed', 'appended_more')")
        runs.fit(session, "appended", "appended_first", "appended_longer", iterations)
        more = runs.stored_features(session, "appended_packed")[1]
        print(f"features: {first:.2f} s at first, {again - first:.3f} s more for a second run, {more - again:.2f} s after 5 % more rows: "
              f"{100 * (more - again) / first:.1f} % (asked: 8 %)")


def worst_difference(a, b):
    return max(abs(x - y) / max(abs(x), abs(y)) for x, y in zip(a, b))


def line(what, seconds, over, asked=None):
    verdict = "" if asked is None else f" (asked {asked}: {'met' if over >= asked else 'not met'})"
    print(f"{what:48} {seconds:8.2f} s  {over:6.2f}{verdict}", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--workloads", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--work", required=True)
    parser.add_argument("grids", nargs="*")
    arguments = parser.parse_args()
    for grid in arguments.grids or [*GRIDS, "budgets", "appended", "random", "layers", "rates"]:
        if grid == "random":
            transfer_random.run(4 if arguments.quick else arguments.workloads, arguments.seed)
            continue
        if grid == "layers":
            transfer_layers.run(arguments.quick)
            continue
        if grid == "rates":
            transfer_rates.run(arguments.quick)
            continue
        if grid == "budgets":
            budgets(*(100, 2, 1) if arguments.quick else (400, 3, 5))
            continue
        if grid == "appended":
            appended(600 if arguments.quick else 6000, 2)
            continue
        trunk, rows, quick_rows, iterations, of_plain, of_single, of_cached, of_second = GRIDS[grid]
        found, rows = candidates(grid), quick_rows if arguments.quick else rows
        iterations = 2 if arguments.quick else iterations
        operations, ends = models.TRUNKS[trunk]()
        x, y = runs.table(operations, rows)
        folder = f"{arguments.work}/{grid}"
        os.makedirs(folder)
        numpy.save(f"{folder}/x.npy", x)
        numpy.save(f"{folder}/y.npy", y)
        with server.Session() as session:
            runs.load_table(session, grid, operations, x, y)
            runs.load_candidates(session, grid, operations, ends, found, BATCH, selections=(("first", 1), ("second", 1.3)))
        print(f"\n== {grid}: {len(found)} candidates on the {trunk} trunk, {rows} rows, {iterations} iterations, batch {BATCH}")
        with server.Session() as session:
            for row in session.run(f"SELECT * FROM cerebro.explain_fit_multiple_model('{grid}_packed', 'shown', '{grid}_first', {iterations})"):
                if "rozen" in row[0] or "eature" in row[0]:
                    print(row[0].strip()[:160])
        with server.Session() as session:
            stored, losses = runs.fit(session, grid, f"{grid}_first", f"{grid}_with", iterations)
            second, _ = runs.fit(session, grid, f"{grid}_second", f"{grid}_again", iterations)
            session.run("SET cerebro.enable_feature_sharing = off; SET cerebro.enable_feature_materialization = off")
            plain, plain_losses = runs.fit(session, grid, f"{grid}_first", f"{grid}_plain", iterations)
            same = session.value(f"SELECT count(*) FROM {grid}_with a JOIN {grid}_plain b USING (mst_key) WHERE a.model_weights = b.model_weights")
        print(f"losses with and without the rewrite differ by at most {worst_difference(losses, plain_losses):.1e} of themselves; "
              f"{same} of {len(found)} models have the same bits")
        opponents = {}
        with open(f"{folder}/job.json", "w", encoding="utf8") as file:
            json.dump({"trunk": trunk, "candidates": found, "iterations": iterations, "batch_size": BATCH, "foreach": True}, file)
        for mode in ("single", "cached"):
            command = [sys.executable, "-B", f"{HERE}/transfer_train.py", f"{folder}/job.json", folder, mode]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env={**os.environ, **run.MALLOC})
            opponents[mode] = json.loads(done.stdout)
        line("pg_cerebro, features computed, stored and used", stored, 1)
        line("pg_cerebro, a second search", second, stored / second)
        line("pg_cerebro, no rewrite", plain, plain / stored, of_plain)
        line("  over the second search", plain, plain / second, of_second)
        line("PyTorch, candidates one by one", opponents["single"]["seconds"], opponents["single"]["seconds"] / stored, of_single)
        line("PyTorch, features cached by hand", opponents["cached"]["seconds"], opponents["cached"]["seconds"] / stored, of_cached)
        print(f"mean loss: ours {sum(losses) / len(losses):.4f}, PyTorch {sum(opponents['single']['losses']) / len(losses):.4f} and "
              f"{sum(opponents['cached']['losses']) / len(losses):.4f}")


if __name__ == "__main__":
    main()
