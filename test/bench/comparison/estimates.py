"""What EXPLAIN estimated against what was measured: the total, and the order of the models by time."""

import json
import re


def compare(bench, found):
    """Prints both for the run of this grid that was the last one. Needs EXPLAIN's seconds a model: its JSON, where the build has that."""
    name = found["name"].lower()
    import server  # pylint: disable=import-outside-toplevel

    with server.Session() as session:
        measured = {int(key): float(value) for key, value in session.run(
            f"SELECT mst_key, sum(extract(epoch FROM ended_at - started_at)) FROM models_{name}_visits GROUP BY 1")}
        total = float(session.value(f"SELECT extract(epoch FROM max(ended_at) - min(started_at)) FROM models_{name}_visits"))
        arguments = bench.fit_arguments(found, 0).replace(f"'models_{name}'", f"'explained_{name}'")
        text = "\n".join(row[0] for row in session.run(f"SELECT * FROM cerebro.explain_fit_multiple_model({arguments})"))
    print(text)
    print(f"measured: {total:.2f} s")
    return measured
