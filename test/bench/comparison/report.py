"""What a grid's runs come to: medians, ratios, what was demanded; and rows of docs/benchmarks.md."""

import statistics

import grids

POINTS = 0.005  # accuracies of the best models may differ by half a point
HOPPER_POINTS = 0.02
HOP_SECONDS = 0.82  # a hop of MADlib with hardly any data: its manual's iris run, 12 models x 10 iterations in 98.1 s
_rows = []


def title(found):
    return (f"grid {found['name']}: {len(found['configurations'])} configurations of {found['model']} on {found['table']}, "
            f"{found['rows']} rows ({found['validation_rows']} to validate), batch {found['batch_size']}, {found['iterations']} iterations")


def opponent(chosen):
    options = chosen["options"]
    words = [f"{name} foreach={value}" for name, value in options["foreach"].items()]
    words.append("channels last" if options["channels_last"] else "NCHW")
    words.append("gathered once an epoch" if options["gather"] == "epoch" else "index_select a batch")
    words += [f"{name}={value}" for name, value in chosen["chosen"].items()]
    times = ", ".join(f"{name} {value:.0f}" for name, value in chosen["microseconds"].items())
    return f"opponent: {', '.join(words)}\nus a step: {times}"


def spread(values, form="{:.2f}"):
    if len(values) == 1:
        return form.format(values[0])
    return f"{form.format(statistics.median(values))} ({form.format(min(values))}-{form.format(max(values))})"


def best(runs):
    """Median over the runs of the best model's accuracy."""
    return statistics.median(max(run["accuracies"]) for run in runs)


def demand(text, value, bound):
    if bound is None:
        return f"{text} {value:.2f}"
    return f"{text} {value:.2f} (demanded {bound}: {'met' if value >= bound else 'not met'})"


def grid(found, contestants, runs, peaks, floors):
    """Prints a grid's table. Returns whether accuracies agree."""
    ours = statistics.median(run["seconds"] for run in runs["a"])
    trainer = statistics.median(run["training"] for run in runs["a"])
    print(f"{'':26}{'seconds: median (min-max)':>28}{'CPU seconds':>26}{'peak MB (shared)':>20}{'best accuracy':>16}{'over ours':>11}")
    for key, label in contestants:
        seconds = [run["seconds"] for run in runs[key]]
        total, shared = (value / 1e6 for value in peaks[key])
        ratio = statistics.median(seconds) / ours
        print(f"{label:26}{spread(seconds):>28}{spread([run['cpu'] for run in runs[key]]):>26}{f'{total:.0f} ({shared:.0f})':>20}"
              f"{100 * best(runs[key]):>15.2f}%{ratio:>11.2f}")
        _rows.append(f"| {found['name']} | {label} | {spread(seconds)} | {spread([run['cpu'] for run in runs[key]])} | {total:.0f} | "
                     f"{100 * best(runs[key]):.2f} % | {ratio:.2f} |")
    print(f"of ours the trainer alone: {spread([run['training'] for run in runs['a']])} s, "
          f"{runs['a'][0]['workers']} workers; {runs['a'][0]['build']}")
    against = "d" if found.get("hopper") else "c" if "c" in runs else next(key for key in runs if key != "a")
    other = statistics.median(run["seconds"] for run in runs[against])
    for words, keys, bound in (("the best stacked program", ("s", "ns", "nsc"), found.get("stacked_bound")),
                               ("the best PyTorch program of all", ("c", "s", "n", "nc", "ns", "nsc"), found.get("best_bound"))):
        times = {key: statistics.median(run["seconds"] for run in runs[key]) for key in keys if runs.get(key)}
        if times:
            fastest = min(times, key=times.get)
            print(demand(f"{words} ({fastest}) / (a)", times[fastest] / ours, bound))
    # of runs beside each other: what else the machine did weighs on both
    pairs = [b["seconds"] / a["seconds"] for a, b in zip(runs["a"], runs[against])]
    print(demand(f"ratio ({against}) / (a)", other / ours, found.get("bound")) + f"; of neighbouring runs {spread(pairs)}")
    print(f"ratio of CPU seconds {statistics.median(r['cpu'] for r in runs[against]) / statistics.median(r['cpu'] for r in runs['a']):.2f}")
    if against == "c":
        training = statistics.median(run["training"] for run in runs["c"])
        print(demand("trainer alone against PyTorch's training alone", training / trainer, found.get("trainer_bound")))
    if against == "d":
        hops = found["iterations"] * len(found["configurations"])
        print(f"beside it: {hops} hops at the {HOP_SECONDS} s that MADlib's manual shows for a hop with hardly any data "
              f"would be {hops * HOP_SECONDS:.0f} s")
    if floors:
        _floor(found, floors, trainer)
    difference = best(runs["a"]) - best(runs[against])
    # the hopper forgets the state of its optimizers, and visits other shards in another order
    agree = abs(difference) <= (POINTS if against != "d" else HOPPER_POINTS)
    print(f"best accuracies differ by {100 * difference:+.2f} points: {'they agree' if agree else 'THEY DO NOT AGREE'}")
    return agree


def _floor(found, floors, trainer):
    steps = grids.steps_a_model(found)
    kinds = {"Adam": "adam", "RMSprop": "rmsprop", "SGD": "momentum"}
    updates = sum(floors[kinds[c["optimizer"]]] for c in found["configurations"]) * 1e-9 * floors["parameters"] * steps
    print(f"floor: {floors['flops'] / 1e6:.2f} Mflop a step; one core: {floors['peak']:.0f} Gflop/s in a large product, "
          f"{floors['shapes']:.0f} in the step's own; ns a parameter: Adam {floors['adam']:.3f}, RMSprop {floors['rmsprop']:.3f}, "
          f"momentum {floors['momentum']:.3f}")
    speeds = ("a large product", floors["peak"], found.get("floor_bound")), ("the step's own products", floors["shapes"], None)
    for words, speed, bound in speeds:
        products = len(found["configurations"]) * steps * floors["flops"] / (speed * 1e9)
        floor_seconds = (products + updates) / floors["cores"]
        print(demand(f"share of the floor ({floor_seconds:.2f} s at the speed of {words}): the trainer's", floor_seconds / trainer, bound))


def markdown():
    """Rows for the table of docs/benchmarks.md."""
    if _rows:
        print("\n| grid | contestant | seconds | CPU seconds | peak MB | best accuracy | over pg_cerebro |\n|---|---|---|---|---|---|---|")
        print("\n".join(_rows))
