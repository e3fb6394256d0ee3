"""cerebro.train against scikit-learn's random search, a table after the other; entry point of test/bench/quality."""

import argparse
import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")  # of a process: scikit-learn searches with one on each core

import numpy as np
from sklearn.metrics import accuracy_score, mean_squared_error, roc_auc_score

import quality_sklearn
import quality_tables
import server


def cell(value):
    if value is None:
        return "\\N"
    if isinstance(value, np.ndarray):
        return str(value.tolist()).replace("[", "{").replace("]", "}").replace(" ", "")
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    return str(value)


def load(session, table):
    """<name> to train on, <name>_test without labels."""
    definition = ", ".join(f"{name} {kind}" for name, kind, _ in table.columns)
    for part, chosen in (("", ~table.test), ("_test", table.test)):
        session.run(f"DROP TABLE IF EXISTS {table.name}{part}; CREATE TABLE {table.name}{part} ({definition})")
        lines = ("\t".join(cell(values[i]) for _, _, values in table.columns) + "\n" for i in np.flatnonzero(chosen))
        server.copy_in(table.name + part, ("".join(lines).encode(),), form="text")
    session.run(f"UPDATE {table.name}_test SET {table.label} = NULL")
    session.run(f"VACUUM ANALYZE {table.name}")


def baseline(table):
    values = np.array(next(v for n, _, v in table.columns if n == table.label))
    train, test = values[~table.test], values[table.test]
    if table.metric == "auc":
        return 0.5
    if table.metric == "accuracy":
        names, counts = np.unique(train, return_counts=True)
        return float(np.mean(test == names[counts.argmax()]))
    return float(np.sqrt(np.mean((test - train.mean()) ** 2)))


def trained(session, table, seconds, seed):
    """Test metric of the registered model, and train's row."""
    name = f"quality_{table.name}"
    session.run(f"SELECT cerebro.drop_model(name) FROM cerebro.models WHERE name = '{name}'")
    row = session.run(f"SELECT metric, value, baseline, architecture, compile_params, fit_params, models, iterations, seconds FROM cerebro.train("
                      f"'{name}', '{table.name}', '{table.label}', exclude => '{table.exclude}', time_budget => '{seconds} s', seed => {seed})")[0]
    labels = np.array(next(v for n, _, v in table.columns if n == table.label))[table.test]
    what = (f"cerebro.predict_proba('{name}', t) ->> '{table.high}'" if table.metric == "auc" else
            f"cerebro.predict('{name}', t)" if table.metric == "accuracy" else f"cerebro.predict_number('{name}', t)")
    said = [r[0] for r in session.run(f"SELECT {what} FROM {table.name}_test t ORDER BY id")]
    if table.metric == "auc":
        value = roc_auc_score(labels == table.high, np.array(said, float))
    elif table.metric == "accuracy":
        value = accuracy_score([str(x) for x in labels], said)
    else:
        value = mean_squared_error(labels, np.array(said, float), squared=False)
    return value, row


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--alone", action="store_true", help="without scikit-learn")
    parser.add_argument("--digits", required=True)
    parser.add_argument("tables", nargs="*")
    a = parser.parse_args()
    near = better = tables = 0
    with server.Session() as session:
        for table in quality_tables.make(a.tables, a.seed, a.digits):
            tables += 1
            load(session, table)
            worst = baseline(table)
            value, row = trained(session, table, a.seconds, a.seed)
            print(f"{table.name}: {table.metric} {value:.4f} (baseline {worst:.4f}); train says {row[0]} {float(row[1]):.4f} after {float(row[8]):.1f} s, "
                  f"{row[6]} models, {row[7]} iterations\n    {row[3]}, {row[4]}, {row[5]}", flush=True)
            better += value < worst if table.metric == "rmse" else value > worst
            if a.alone:
                continue
            best, families, models, family = quality_sklearn.search(table, a.seconds, a.seed)
            said = ", ".join(f"{name} {'none' if metric is None else f'{metric:.4f}'}" for name, metric in families.items())
            print(f"    scikit-learn {'none' if best is None else f'{best:.4f}'} ({family}; {said}; {models} models)", flush=True)
            if best is not None:
                behind = value / best - 1 if table.metric == "rmse" else best - value
                near += behind <= 0.01
                print(f"    behind by {100 * behind:.2f} {'%' if table.metric == 'rmse' else 'points'}", flush=True)
            else:
                near += 1
    print(f"better than the baseline: {better} of {tables}" + ("" if a.alone else f"; within 1 % of scikit-learn, or better: {near} of {tables}"))


if __name__ == "__main__":
    main()
