"""Transfer learning: candidates that share frozen layers, with and without the rewrite, against PyTorch programs. Called by ../transfer,
which has started a server:

  transfer.py [--quick] --work DIR [grids...]

Grids: heads (12 heads on the residual trunk), depths (2 heads x 3 freeze depths x 2 learning rates on it), encoder (8 heads x 3 depths on
the encoder). Of each: the first search, which computes and stores the features; a second search over the same trunk, with other learning
rates; the same without the rewrite; and both PyTorch programs.

budgets: the depths again with eleven limits of disk space, from none to all that the plan would store. appended: what a second run needs
for its features, and what features of 5 % more rows take, against the first time.
"""

import argparse
import json
import os
import subprocess
import sys

import numpy

import run
import server
import transfer_models as models

HERE = os.path.dirname(os.path.abspath(__file__))
RATES = [0.0003, 0.0005, 0.001, 0.002, 0.003, 0.005]


def candidates(grid):
    if grid == "heads":
        return [{"hidden": hidden, "depth": 0, "lr": rate} for hidden in ([], [64]) for rate in RATES]
    if grid == "depths":
        return [{"hidden": hidden, "depth": depth, "lr": rate} for hidden in ([], [64]) for depth in (0, 1, 2) for rate in RATES[1:3]]
    return [{"hidden": hidden, "depth": depth, "lr": rate}
            for depth in (0, 1, 2) for hidden in ([], [32], [64], [64, 32]) for rate in RATES[1:3]]


# trunk, rows and quick rows, iterations; asked: of no rewrite, of PyTorch one by one, of PyTorch with its cache; of the second search
GRIDS = {"heads": ("residual", 1500, 300, 10, 8, 5, 1.5, 15), "depths": ("residual", 1000, 200, 5, 2.5, None, None, None),
         "encoder": ("encoder", 3000, 500, 5, 2.5, None, None, None)}
BATCH = 32


def table(trunk, rows):
    """Images with structure, gratings of ten directions in noise; or tokens whose commonest kind is the class."""
    draw = numpy.random.Generator(numpy.random.Philox(7))
    y = draw.integers(0, models.CLASSES, rows)
    if trunk == "encoder":
        x = draw.integers(0, models.WORDS, (rows, models.TOKENS))
        marked = draw.random((rows, models.TOKENS)) < 0.3
        return numpy.where(marked, y[:, None] * (models.WORDS // models.CLASSES) + x % 50, x).astype("i4"), y.astype("u1")
    line, column = numpy.mgrid[0:32, 0:32]
    angle, phase = (y * (numpy.pi / models.CLASSES))[:, None, None], draw.uniform(0, 2 * numpy.pi, (rows, 1, 1))
    gratings = numpy.sin(0.9 * (numpy.cos(angle) * line + numpy.sin(angle) * column) + phase)[..., None]
    return numpy.clip(128 + 60 * gratings + 30 * draw.standard_normal((rows, 32, 32, 3)), 0, 255).astype("u1").reshape(rows, -1), y.astype("u1")


def load(grid, trunk, x, y, found):
    """The table, its packed form, and the candidates as architectures and configurations: two selection tables, for two searches."""
    operations, ends = models.TRUNKS[trunk]()
    kind = "smallint" if trunk == "residual" else "integer"
    with server.Session() as session:
        session.run(f"CREATE TABLE {grid} (id integer, label smallint, x {kind}[])")
    rows = "\n".join(f"{i}\t{label}\t{{{','.join(map(str, row))}}}" for i, (row, label) in enumerate(zip(x.tolist(), y.tolist())))
    server.copy_in(grid, [rows.encode() + b"\n"], "text")
    scale = "255" if trunk == "residual" else "1"
    with server.Session() as session:
        session.run(f"SELECT cerebro.training_preprocessor_dl('{grid}', '{grid}_packed', 'label', 'x', normalizing_const => {scale})")
        first, second = [], []
        for number, candidate in enumerate(found):
            candidate["frozen_until"], candidate["seed"] = ends[candidate["depth"]], 100 + number
            whole = models.with_head(operations, candidate["hidden"])
            weights = models.weights(operations, 1)
            weights.update({name: arrays for name, arrays in models.weights(whole, candidate["seed"]).items() if name not in weights})
            raw = b"".join(array.tobytes() for _, name, _, _ in whole for array in weights.get(name, []))
            text = models.keras_json(whole, models.frozen_until(whole, candidate["frozen_until"]))
            model = session.value(f"SELECT cerebro.load_model('{grid}_arch', $json${text}$json$, '\\x{raw.hex()}'::bytea)")
            for rates, factor in ((first, 1), (second, 1.3)):
                rates.append((number + 1, model or number + 1, candidate["lr"] * factor))
        for name, rates in ((f"{grid}_first", first), (f"{grid}_second", second)):
            # a row a candidate: every architecture has its own rate
            session.run(f"SELECT cerebro.load_model_selection_table('{grid}_arch', '{name}', ARRAY[1], ARRAY['optimizer=''Adam(lr=0.001)'',"
                        f"loss=''categorical_crossentropy'''], ARRAY['batch_size={BATCH},epochs=1'])")
            session.run(f"DELETE FROM {name}")
            values = ", ".join(f"({key}, {model}, $q$optimizer='Adam(lr={rate})',loss='categorical_crossentropy',metrics=['accuracy']$q$, "
                               f"'batch_size={BATCH},epochs=1')" for key, model, rate in rates)
            session.run(f"INSERT INTO {name} (mst_key, model_id, compile_params, fit_params) VALUES {values}")


def fit(session, grid, selection, out, iterations):
    with server.Timed(server.postmaster()) as timed:
        session.run(f"SELECT cerebro.fit_multiple_model('{grid}_packed', '{out}', '{selection}', {iterations})")
    losses = [float(row[0]) for row in session.run(f"SELECT training_loss_final FROM {out}_info ORDER BY mst_key")]
    return timed.seconds, losses


def stored_features(session, grid):
    """(bytes, seconds that making them took, sets) of the grid's packed table."""
    row = session.run("SELECT coalesce(sum(bytes), 0), coalesce(sum(seconds), 0), count(*) FROM cerebro.materialized_features "
                      f"WHERE source_table = 'public.{grid}_packed'")[0]
    return int(row[0]), float(row[1]), int(row[2])


def drop_features(session, grid):
    if stored_features(session, grid)[2] > 0:
        session.run(f"SELECT cerebro.drop_features('{grid}_packed')")


def budgets(iterations):
    """Time and space at eleven budgets. REQUIRES that the grid of depths is loaded. Sharing is off, so that only the budget decides."""
    print("\n== budgets: the depths again, without sharing")
    with server.Session() as session:
        session.run("SET cerebro.enable_feature_sharing = off")
        fit(session, "depths", "depths_first", "budget_all", iterations)
        most = max(1, stored_features(session, "depths")[0] // 1024 * 11 // 10)
        times = []
        for step in range(11):
            budget = most * step // 10
            drop_features(session, "depths")
            session.run(f"SET cerebro.materialize_disk = '{budget}kB'")
            seconds, _ = fit(session, "depths", "depths_first", f"budget_{step}", iterations)
            used, _, sets = stored_features(session, "depths")
            times.append(seconds)
            print(f"{budget:9} kB allowed, {used // 1024:9} kB of {sets} sets stored: {seconds:7.2f} s"
                  f"{'' if used <= budget * 1024 else '  OVER THE BUDGET'}{'' if seconds <= 1.05 * min(times) else '  LONGER'}", flush=True)


def appended(rows, iterations):
    """Seconds of making features: at first, by a second run, and after 5 % more rows. REQUIRES that the grid of heads is loaded."""
    print("\n== appended: the heads again")
    with server.Session() as session:
        drop_features(session, "heads")
        fit(session, "heads", "heads_first", "appended_first", iterations)
        first = stored_features(session, "heads")[1]
        fit(session, "heads", "heads_second", "appended_second", iterations)
        again = stored_features(session, "heads")[1]
        session.run(f"CREATE TABLE heads_more AS SELECT id + {rows} AS id, label, x FROM heads ORDER BY id LIMIT {rows // 20}; "
                    "SELECT cerebro.append_rows('heads_packed', 'heads_more')")
        fit(session, "heads", "heads_first", "appended_more", iterations)
        more = stored_features(session, "heads")[1]
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
    parser.add_argument("--work", required=True)
    parser.add_argument("grids", nargs="*")
    arguments = parser.parse_args()
    for grid in arguments.grids or [*GRIDS, "budgets", "appended"]:
        if grid == "budgets":
            budgets(2 if arguments.quick else GRIDS["depths"][3])
            continue
        if grid == "appended":
            appended(GRIDS["heads"][2 if arguments.quick else 1], 2)
            continue
        trunk, rows, quick_rows, iterations, of_plain, of_single, of_cached, of_second = GRIDS[grid]
        found, rows = candidates(grid), quick_rows if arguments.quick else rows
        iterations = 2 if arguments.quick else iterations
        x, y = table(trunk, rows)
        folder = f"{arguments.work}/{grid}"
        os.makedirs(folder)
        numpy.save(f"{folder}/x.npy", x)
        numpy.save(f"{folder}/y.npy", y)
        load(grid, trunk, x, y, found)
        print(f"\n== {grid}: {len(found)} candidates on the {trunk} trunk, {rows} rows, {iterations} iterations, batch {BATCH}")
        with server.Session() as session:
            for row in session.run(f"SELECT * FROM cerebro.explain_fit_multiple_model('{grid}_packed', 'shown', '{grid}_first', {iterations})"):
                if "rozen" in row[0] or "eature" in row[0]:
                    print(row[0].strip()[:160])
        with server.Session() as session:
            stored, losses = fit(session, grid, f"{grid}_first", f"{grid}_with", iterations)
            second, _ = fit(session, grid, f"{grid}_second", f"{grid}_again", iterations)
            session.run("SET cerebro.enable_feature_sharing = off; SET cerebro.enable_feature_materialization = off")
            plain, plain_losses = fit(session, grid, f"{grid}_first", f"{grid}_plain", iterations)
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
