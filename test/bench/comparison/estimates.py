"""What EXPLAIN estimated against what was measured: the total, and the order of groups of models by time."""

import json

import server

FACTOR = 1.5  # the total may be off by so much


def estimated(document):
    """(seconds of training, {the group's mst_keys: seconds of a visit}) of EXPLAIN's JSON."""
    plan = json.loads(document)[0]["Plan"]
    groups = {tuple(group["mst_key"]): group["Estimated Visit Seconds"] for bundle in plan["Plans"] for group in bundle["Plans"]}
    return plan["Estimated Training Seconds"], groups


def compare(bench, found):
    """Prints both, for the last run of this grid in the database."""
    name = found["name"].lower()
    with server.Session() as session:
        measured = {int(row[0]): float(row[1]) for row in session.run(
            f"SELECT mst_key, sum(extract(epoch FROM ended_at - started_at)) FROM models_{name}_visits GROUP BY 1")}
        total = float(session.value(f"SELECT extract(epoch FROM max(ended_at) - min(started_at)) FROM models_{name}_visits"))
        arguments = bench.fit_arguments(found, 0).replace(f"'models_{name}'", f"'explained_{name}'")
        guess, groups = estimated(session.value(f"SELECT * FROM cerebro.explain_fit_multiple_model({arguments}, format => 'json')"))
    factor = max(guess, total) / min(guess, total)
    print(f"EXPLAIN estimated {guess:.2f} s of training, measured {total:.2f} s: a factor of {factor:.2f} "
          f"(demanded at most {FACTOR}: {'met' if factor <= FACTOR else 'not met'})")
    if len(set(groups.values())) > 1:
        by_guess = sorted(groups, key=groups.get)
        by_time = sorted(groups, key=lambda keys: sum(measured[key] for key in keys))
        print(f"EXPLAIN's order of {len(groups)} groups by time {'is' if by_guess == by_time else 'is not'} the measured one")
