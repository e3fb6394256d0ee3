"""Random workloads with frozen layers: is the plan that is chosen ever slower than computing everything again? Called by transfer.py.

A workload is a random trunk (residual, plain convolutions, dense layers, an encoder; with ReLUs or without), rows, batch size, 2 to 12
candidates with heads and freeze depths of their own, iterations, epochs, perhaps a validation table, and limits of disk and memory. Each is
trained in turns with the rewrite and with all its ways off, several times; nothing is stored before a run. The least time of each
counts: what other processes take is not the plan's.
"""

import server
import transfer_models as models
import transfer_runs as runs

RATES = [0.0003, 0.001, 0.003]
SECONDS_A_FLOP = 2e-11  # roughly, of one core; only the rows follow from it


def flops(operations):
    """Of a forward pass of a row, roughly."""
    shapes, total = models.shapes(operations), 0
    for kind, name, inputs, arguments in operations:
        size = 1
        for dimension in shapes[name]:
            size *= dimension
        last = shapes[inputs[0]][-1] if inputs else 0
        if kind == "conv":
            total += 2 * size * last * (1 if name.endswith("_short_conv") else 9)
        elif kind == "dense":
            total += 2 * size * last
        elif kind == "attention":
            total += 8 * size * last + 4 * size * shapes[name][0]
        else:
            total += 2 * size
    return total


def trunk(random):
    kind, relu = random.choice(["residual", "plain", "dense", "encoder"]), bool(random.random() < 0.7)
    if kind == "residual":
        filters = int(random.choice([4, 8, 16]))
        stages = [(filters << stage, 1 if stage == 0 else 2) for stage in range(int(random.integers(1, 4)))]
        size = int(random.choice([8, 16, 32]))
        made = models.residual_trunk(stages, int(random.integers(1, 4)), size, relu)
        return f"residual {size}x{size}, {len(stages)} stages from {filters}", relu, made
    if kind == "plain":
        count, size = int(random.integers(2, 7)), int(random.choice([8, 16, 32]))
        filters = [int(random.choice([4, 8, 16, 32])) for _ in range(count)]
        return f"plain {size}x{size}, {filters}", relu, models.plain_trunk(filters, [int(random.random() < 0.4) + 1 for _ in filters], size, relu)
    if kind == "dense":
        units = [int(random.choice([16, 64, 256, 512])) for _ in range(int(random.integers(2, 6)))]
        inputs = int(random.choice([10, 100, 500]))
        return f"dense {inputs}, {units}", relu, models.dense_trunk(inputs, units, relu)
    blocks, tokens, width = int(random.integers(1, 4)), int(random.choice([8, 16, 32])), int(random.choice([16, 32, 64]))
    made = models.encoder_trunk(blocks, int(random.choice([100, 2000])), tokens, width, 2, 2 * width, relu)
    return f"encoder {tokens}x{width}, {blocks} blocks", relu, made


def workload(seed):
    random = runs.draw(1000 + seed)
    name, relu, (operations, ends) = trunk(random)
    count = int(random.integers(2, 13))
    heads = ([], [32], [64, 32], [256])
    found = [{"hidden": heads[int(random.integers(len(heads)))], "depth": int(random.integers(len(ends))), "lr": float(random.choice(RATES))}
             for _ in range(count)]
    iterations, epochs = int(random.integers(1, 11)), int(random.integers(1, 3))
    metrics = int(random.choice([0, 1, 3]))  # every so many iterations; 0: at the end
    seconds = 0.03 * (200 ** random.random())  # of all forward passes of all candidates
    passes = iterations * epochs + (iterations // metrics if metrics else 1)
    rows = int(min(4000, max(60, seconds / (SECONDS_A_FLOP * flops(operations) * passes * count))))
    disk = str(random.choice(["0", "500kB", "20MB", "50GB"], p=[0.1, 0.15, 0.15, 0.6]))
    memory = str(random.choice(["1MB", "30MB", "1GB"], p=[0.15, 0.15, 0.7]))
    return {"name": f"{name}{'' if relu else ', no ReLU'}", "operations": operations, "ends": ends, "found": found, "iterations": iterations,
            "epochs": epochs, "metrics": metrics, "rows": rows, "validated": bool(random.random() < 0.5), "batch": int(random.choice([16, 32, 64])),
            "disk": disk, "memory": memory}


def measure(session, grid, work):
    """Least seconds with and without the rewrite, how many models are the same, and what was done."""
    more = ", validation_table => '{}_val_packed'".format(grid) if work["validated"] else ""
    more += f", metrics_compute_frequency => {work['metrics']}" if 0 < work["metrics"] <= work["iterations"] else ""
    least, same, done = {}, None, ""
    rounds = 1
    while rounds > 0:
        for rewrite in (False, True):
            for packed in (f"{grid}_packed", f"{grid}_val_packed"):
                runs.drop_features(session, packed)
            switch = "on" if rewrite else "off"
            session.run(f"SET cerebro.enable_feature_sharing = {switch}; SET cerebro.enable_feature_materialization = {switch}; "
                        f"SET cerebro.materialize_disk = '{work['disk']}'; SET cerebro.materialize_mem = '{work['memory']}'")
            out = f"{grid}_{'with' if rewrite else 'plain'}"
            seconds, _ = runs.fit(session, grid, f"{grid}_first", out, work["iterations"], more)
            if rewrite not in least:
                rounds = max(rounds, 15 if seconds < 0.3 else 7 if seconds < 1 else 5)
            least[rewrite] = min(seconds, least.get(rewrite, seconds))
        if same is None:
            same, done = runs.same_models(session, f"{grid}_with", f"{grid}_plain"), runs.ways(session, f"{grid}_with")
        runs.drop_run(session, f"{grid}_with")
        runs.drop_run(session, f"{grid}_plain")
        rounds -= 1
    return least[True], least[False], same, done


def run(count, first_seed):
    print(f"\n== random: {count} workloads from seed {first_seed}; seconds, least of several runs each")
    ratios, different = [], 0
    for seed in range(first_seed, first_seed + count):
        work, grid = workload(seed), f"random{seed}"
        with server.Session() as session:
            x, y = runs.table(work["operations"], work["rows"])
            runs.load_table(session, grid, work["operations"], x, y, ", num_partitions => 4")
            if work["validated"]:
                x, y = runs.table(work["operations"], max(20, work["rows"] // 4), 8)
                runs.load_table(session, f"{grid}_val", work["operations"], x, y, training=f"{grid}_packed")
            runs.load_candidates(session, grid, work["operations"], work["ends"], work["found"], work["batch"], work["epochs"])
            with_it, plain, same, done = measure(session, grid, work)
            depths = ",".join(str(candidate["depth"]) for candidate in work["found"])
            print(f"{seed:3} {work['name']}: {work['rows']} rows{', validated' if work['validated'] else ''}, batch {work['batch']}, depths {depths}, "
                  f"{work['iterations']} iterations of {work['epochs']} epochs, disk {work['disk']}, memory {work['memory']}")
            print(f"    {done}: {with_it:.3f} with, {plain:.3f} without: {with_it / plain:.3f}; {same} of {len(work['found'])} models the same, all bits"
                  f"{'  SLOWER' if with_it > 1.05 * plain else ''}{'' if same == len(work['found']) else '  OTHER BITS'}", flush=True)
            if with_it > 1.05 * plain:
                for row in session.run(f"SET cerebro.enable_feature_sharing = on; SET cerebro.enable_feature_materialization = on; "
                                       f"SELECT * FROM cerebro.explain_fit_multiple_model('{grid}_packed', 'shown', '{grid}_first', {work['iterations']})"):
                    if row[0].strip().startswith(("Features", "Store", "Share")):
                        print(f"      {row[0].strip()[:200]}")
            ratios.append(with_it / plain)
            different += len(work["found"]) - same
    ordered = sorted(ratios)
    print(f"worst {ordered[-1]:.3f}, median {ordered[len(ordered) // 2]:.3f}, best {ordered[0]:.3f} of the time without the rewrite (asked: none above "
          f"1.05); {different} models with other bits", flush=True)
