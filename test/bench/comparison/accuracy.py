"""EXPLAIN's estimates against what its analyze measured. Called by ../explain_accuracy, which has started a server."""

import argparse
import json
import math
import os
import subprocess

import data
import estimates
import grids
import server

# rows, validation rows, iterations
SIZES = {"A": (20000, 5000, 5), "B32": (10000, 2000, 2), "B64": (10000, 2000, 2), "C": (50000, 5000, 2), "D5": (5000, 1000, 2),
         "D5x64": (5000, 1000, 2)}
MIX = ["mlp_784_128_10", "lenet_5", "lenet_20_50_500"]


def load(name, found, work):
    """Packed tables and configurations of a grid; arguments of the fit."""
    prefix = f"t_{name.lower()}"
    (x, y), (vx, vy) = data.table(found["table"], work.mnist, found["rows"], found["validation_rows"])
    kind = ", dependent_type => 'real'" if grids.binary(found) else ""
    with server.Session() as session:
        for part, rows in (("train", (x, y)), ("val", (vx, vy))):
            session.run(f"CREATE TABLE {prefix}_{part} (id integer, label smallint, pixels smallint[])")
            server.copy_in(f"{prefix}_{part}", data.copy_rows(*rows))
        session.run(f"SELECT cerebro.training_preprocessor_dl('{prefix}_train', '{prefix}_packed', 'label', 'pixels', "
                    f"normalizing_const => {data.NORMALIZING[found['table']]}{kind})")
        session.run(f"SELECT cerebro.validation_preprocessor_dl('{prefix}_val', '{prefix}_val_packed', 'label', 'pixels', '{prefix}_packed')")
    return f"'{prefix}_packed', 'm', 'configs_{name.lower()}', {found['iterations']}, validation_table => '{prefix}_val_packed'"


def grid(name, work):
    found = grids.grid(name, True)
    found["rows"], found["validation_rows"], found["iterations"] = SIZES[name]
    with server.Session() as session:
        session.run(grids.selection_sql(found))
    return load(name, found, work)


def digits(work):
    """The quickstart's own SQL as far as the plan."""
    with open(f"{work.root}/docs/quickstart.sql", encoding="utf8") as file:
        sql = file.read().split("\\echo '== The plan'")[0]
    subprocess.run(["psql", "-X", "-q", "-o", os.devnull, "-v", "ON_ERROR_STOP=1", "-v", f"data={work.root}/test/data"], input=sql, text=True,
                   check=True, env=dict(os.environ, PGOPTIONS="-c client_min_messages=warning"), stdout=subprocess.DEVNULL)
    return "'digits_packed', 'm', 'digits_configs', 20, validation_table => 'digits_val_packed', metrics_compute_frequency => 5"


def mix(work):
    """Networks of very different sizes over one table: what the order of fusion groups is about."""
    found = dict(grids.grid("D5", True), rows=5000, validation_rows=1000, iterations=2)
    arguments = load("mix", found, work)
    optimizers = [{"optimizer": "Adam", "lr": 0.001}, {"optimizer": "SGD", "lr": 0.01, "momentum": 0.9}]
    params = ", ".join(f"$q${grids.compile_params(c, False)}$q$" for c in optimizers)
    with server.Session() as session:
        for model in MIX:
            session.run(f"SELECT cerebro.load_model('archs_mix', $q${grids.keras_json(model)}$q$)")
        session.run(f"SELECT cerebro.load_model_selection_table('archs_mix', 'configs_mix', ARRAY[1, 2, 3], ARRAY[{params}], "
                    "ARRAY['batch_size=32, epochs=1', 'batch_size=64, epochs=1'])")
    return arguments


def run(arguments, workers, root):
    """What EXPLAIN says of a run, and the processor time that all processes took."""
    with server.Session() as session:
        session.run("LOAD 'pg_cerebro'")
        session.run("DROP TABLE IF EXISTS m, m_info, m_summary, m_state, m_visits")
        chosen = "" if workers is None else f", workers => {workers}"
        with server.Timed(root) as timed:
            text = session.value(f"SELECT * FROM cerebro.explain_fit_multiple_model({arguments}{chosen}, \"analyze\" => true, format => 'json')")
    return dict(json.loads(text)[0], cpu=timed.cpu)


def fusion_groups(document):
    return [fusion_group for bundle in document["Plan"]["Plans"] for fusion_group in bundle["Plans"]]


def report(name, documents):
    plan = documents[0]["Plan"]
    print(f"\n== {name}: {plan['Models']} models, {plan['Iterations']} iterations, {documents[0]['Actual']['Workers Launched']} workers")
    pairs = []
    for number, fusion_group in enumerate(fusion_groups(documents[0])):
        actual = min(fusion_groups(document)[number]["Actual Visit Seconds"] for document in documents)
        estimated = fusion_group["Estimated Visit Seconds"]
        pairs.append((estimated, actual))
        keys = ", ".join(str(key) for key in fusion_group["mst_key"])
        print(f"  fusion group of {fusion_group['Trainer']:8} {fusion_group['Parameters']:7} parameters, "
              f"batch {fusion_group['Batch Size']:3}, mst_key {keys:14} "
              f"visit estimated {1000 * estimated:8.2f} ms, actual {1000 * actual:8.2f} ms, estimated/actual {estimated / actual:.2f}")
    ordered, agree = estimates.agreement(pairs)
    print(f"  order: {estimates.order(ordered, agree)}")
    training = sum(estimated for estimated, _ in pairs) / sum(actual for _, actual in pairs)
    actual = min(document["Actual"]["Seconds"] for document in documents)
    ratio = plan["Estimated Seconds"] / actual
    hands = max(1, min(plan["Driver"]["Workers Planned"], plan["Driver"]["Cores"]))
    cpu = min(document["cpu"] for document in documents) / hands
    print(f"  training of all fusion groups: estimated/actual {training:.2f}")
    print(f"  total: estimated {plan['Estimated Seconds']:.2f} s (start {plan['Estimated Start Seconds']:.2f}, training "
          f"{plan['Estimated Training Seconds']:.2f}, metrics {plan['Estimated Metrics Seconds']:.2f}), actual {actual:.2f} s, estimated/actual "
          f"{ratio:.2f}; processor time {cpu:.2f} s for each of {hands}", flush=True)
    return name, ratio, plan["Estimated Seconds"] / cpu, training, ordered, agree


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int)
    for option in ("root", "work", "mnist"):
        parser.add_argument(f"--{option}", required=True)
    parser.add_argument("grids", nargs="*")
    work = parser.parse_args()
    root, results = server.postmaster(), []
    for name in work.grids or [*SIZES, "digits", "mix"]:
        arguments = digits(work) if name == "digits" else mix(work) if name == "mix" else grid(name, work)
        results.append(report(name, [run(arguments, work.workers, root) for _ in range(work.rounds)]))
    print("\n| grid | total, estimated/actual | total, estimated/processor time | fusion groups, estimated/actual | "
          "pairs of fusion groups in the measured order |\n"
          "|---|---|---|---|---|")
    for name, ratio, cpu_ratio, training, ordered, agree in results:
        print(f"| {name} | {ratio:.2f} | {cpu_ratio:.2f} | {training:.2f} | {agree} of {ordered} |")
    worst = max(results, key=lambda result: abs(math.log(result[1])))
    print(f"furthest off: {worst[0]}, {worst[1]:.2f}")


if __name__ == "__main__":
    main()
