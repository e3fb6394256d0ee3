"""What EXPLAIN estimated against what was measured: the total, and the order of groups of models by time."""

import re

import server

FACTOR = 1.5  # the total may be off by so much
_GROUP = re.compile(r"(?:visit|seconds|time)=([\d.e+-]+) s")
_MEMBERS = re.compile(r"mst_key: ([\d, ]+)$")


def estimated(lines):
    """(seconds in all, {the group's mst_keys: seconds}) of EXPLAIN's text: a total "... s in all", and each group's time and members."""
    total, groups, seconds = None, {}, None
    for line in lines:
        found = re.search(r"([\d.e+-]+) s in all", line)
        if found:
            total = float(found.group(1))
        if "->" in line:
            found = _GROUP.search(line)
            seconds = float(found.group(1)) if found else None
        found = _MEMBERS.search(line)
        if found and seconds is not None:
            groups[tuple(int(key) for key in found.group(1).split(","))] = seconds
    return total, groups


def compare(bench, found):
    """Prints both, for the last run of this grid in the database."""
    name = found["name"].lower()
    with server.Session() as session:
        measured = {int(row[0]): float(row[1]) for row in session.run(
            f"SELECT mst_key, sum(extract(epoch FROM ended_at - started_at)) FROM models_{name}_visits GROUP BY 1")}
        total = float(session.value(f"SELECT extract(epoch FROM max(ended_at) - min(started_at)) FROM models_{name}_visits"))
        arguments = bench.fit_arguments(found, 0).replace(f"'models_{name}'", f"'explained_{name}'")
        guess, groups = estimated([row[0] for row in session.run(f"SELECT * FROM cerebro.explain_fit_multiple_model({arguments})")])
    if guess is not None:
        factor = max(guess, total) / min(guess, total)
        print(f"EXPLAIN estimated {guess:.2f} s of training, measured {total:.2f} s: a factor of {factor:.2f} "
              f"(demanded at most {FACTOR}: {'met' if factor <= FACTOR else 'not met'})")
    if len(set(groups.values())) > 1:
        by_guess = sorted(groups, key=groups.get)
        by_time = sorted(groups, key=lambda keys: sum(measured[key] for key in keys))
        print(f"EXPLAIN's order of {len(groups)} groups by time {'is' if by_guess == by_time else 'is not'} the measured one")
