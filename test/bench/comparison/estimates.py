"""What EXPLAIN estimated against what was measured: the total, and the order of fusion groups by time."""

import json

import server

FACTOR = 1.5  # the total may be off by so much
APART = 1.15  # fusion groups whose estimates are nearer to each other have no order


def agreement(pairs):
    """(estimated, measured) of each fusion group -> pairs whose estimates are APART or more, and how many of them were measured in this order."""
    ordered, agree = 0, 0
    for i, (first, first_measured) in enumerate(pairs):
        for second, second_measured in pairs[:i]:
            if max(first, second) < APART * min(first, second):
                continue
            ordered += 1
            agree += (first < second) == (first_measured < second_measured)
    return ordered, agree


def order(ordered, agree):
    if not ordered:
        return f"no two estimates are {APART} apart or more"
    return f"{agree} of {ordered} pairs of fusion groups whose estimates are {APART} apart or more are in the measured order"


def estimated(document):
    """(seconds from the first visit to the last, {the fusion group's mst_keys: seconds of a visit}) of EXPLAIN's JSON. Metrics between iterations are
    computed before the next visit, the last ones after all."""
    plan = json.loads(document)[0]["Plan"]
    due = len(plan["Metrics after Iterations"])
    between = plan["Estimated Metrics Seconds"] * (due - 1) / due if due else 0
    fusion_groups = {tuple(node["mst_key"]): node["Estimated Visit Seconds"] for bundle in plan["Plans"] for node in bundle["Plans"]}
    return plan["Estimated Training Seconds"] + between, fusion_groups


def compare(bench, found):
    """Prints both, for the last run of this grid in the database."""
    name = found["name"].lower()
    with server.Session() as session:
        measured = {int(row[0]): float(row[1]) for row in session.run(
            f"SELECT mst_key, sum(extract(epoch FROM ended_at - started_at)) FROM models_{name}_visits GROUP BY 1")}
        total = float(session.value(f"SELECT extract(epoch FROM max(ended_at) - min(started_at)) FROM models_{name}_visits"))
        arguments = bench.fit_arguments(found, 0).replace(f"'models_{name}'", f"'explained_{name}'")
        guess, fusion_groups = estimated(session.value(f"SELECT * FROM cerebro.explain_fit_multiple_model({arguments}, format => 'json')"))
    factor = max(guess, total) / min(guess, total)
    print(f"EXPLAIN estimated {guess:.2f} s of training, measured {total:.2f} s: a factor of {factor:.2f} "
          f"(demanded at most {FACTOR}: {'met' if factor <= FACTOR else 'not met'})")
    pairs = [(guess, sum(measured[key] for key in keys)) for keys, guess in fusion_groups.items()]
    print("EXPLAIN's order of fusion groups: " + order(*agreement(pairs)))
