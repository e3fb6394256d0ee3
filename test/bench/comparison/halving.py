"""Grid G: what successive halving saves, against training all configurations to the end."""

import report

# Settings that make fit_multiple_model halve, as (name, value), set only where the build has them.
SETTINGS = []


def run(bench, found):
    """The best validation accuracy of the whole grid and of the halved one, and the share of model-iterations that the latter took."""
    whole = bench.database(found, 1)
    print(f"all {len(found['configurations'])} configurations to the end: {whole['seconds']:.2f} s, best accuracy {100 * max(whole['accuracies']):.2f} %")
    if not SETTINGS:
        print("this build has no successive halving: nothing to compare with")
        return True
    halved = bench.database(found, 1, settings=SETTINGS)
    share = halved["model_iterations"] / (len(found["configurations"]) * found["iterations"])
    difference = max(whole["accuracies"]) - max(halved["accuracies"])
    print(f"halved: {halved['seconds']:.2f} s, best accuracy {100 * max(halved['accuracies']):.2f} %, {100 * share:.1f} % of the model-iterations "
          f"(demanded {100 * found['bound']:.0f}: {'met' if share <= found['bound'] else 'not met'})")
    return difference <= report.POINTS
