"""Grid G: what successive halving saves, against training all configurations to the end."""

import report
import server

# keeps the better third after iterations 3 and 9 of 27
ARGUMENT, VALUE = "halving", "{'eta': 3, 'iterations': [3, 9]}"


def available():
    with server.Session() as session:
        count = session.value(f"SELECT count(*) FROM pg_proc WHERE proname = 'fit_multiple_model' AND '{ARGUMENT}' = ANY (proargnames)")
    return count != "0"


def model_iterations(found):
    with server.Session() as session:
        return float(session.value(f"SELECT sum(iterations_done) FROM models_{found['name'].lower()}_info"))


def run(bench, found):
    """The best validation accuracy of the whole grid and of the halved one, and the share of the model-iterations that the latter took."""
    if not available():
        print("this build has no successive halving")
        return True
    good = True
    for seed in range(1, 3 if bench.quick else 6):
        whole = bench.database(found, seed)
        all_work, best = model_iterations(found), max(whole["accuracies"])
        halved = bench.database(found, seed, arguments=f"{ARGUMENT} => $q${VALUE}$q$")
        share, difference = model_iterations(found) / all_work, best - max(halved["accuracies"])
        met = share <= found["bound"] and difference <= report.POINTS
        good = good and met
        print(f"seed {seed}: all to the end {whole['seconds']:.2f} s, best accuracy {100 * best:.2f} %; halved {halved['seconds']:.2f} s, "
              f"{100 * max(halved['accuracies']):.2f} %, {100 * share:.1f} % of the model-iterations "
              f"(demanded {100 * found['bound']:.0f} %, and within 0.5 points: {'met' if met else 'not met'})", flush=True)
    return good
