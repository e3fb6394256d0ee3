"""Tables, candidates and runs of the benchmarks of transfer learning, for transfer.py and transfer_*.py."""

import numpy

import server
import transfer_models as models

LOSS = "loss='categorical_crossentropy'"


def draw(seed):
    return numpy.random.Generator(numpy.random.Philox(seed))


def gratings(random, classes, size, frequency):
    """Images with structure: gratings in noise. classes: of each image, its direction in tenths of a half circle."""
    line, column = numpy.mgrid[0:size, 0:size]
    angle, phase = (classes * (numpy.pi / models.CLASSES))[:, None, None], random.uniform(0, 2 * numpy.pi, (len(classes), 1, 1))
    frequency = numpy.broadcast_to(frequency, len(classes))[:, None, None]
    stripes = numpy.sin(frequency * (numpy.cos(angle) * line + numpy.sin(angle) * column) + phase)[..., None]
    noise = 30 * random.standard_normal((len(classes), size, size, 3))
    return numpy.clip(128 + 60 * stripes + noise, 0, 255).astype("u1").reshape(len(classes), -1)


def table(operations, rows, seed=7):
    """Rows for a trunk: images with structure, tokens whose commonest kind is the class, or numbers around a mean of their class."""
    random = draw(seed)
    y = random.integers(0, models.CLASSES, rows)
    _, kind, _, arguments = operations[0]
    shape = arguments["shape"]
    if kind == "image":
        return gratings(random, y, shape[0], 0.9), y.astype("u1")
    if kind == "tokens":
        words = next(operation[3]["words"] for operation in operations if operation[0] == "embedding")
        x = random.integers(0, words, (rows, *shape))
        marked = random.random((rows, *shape)) < 0.3
        return numpy.where(marked, y[:, None] * (words // models.CLASSES) + x % min(50, words // models.CLASSES), x).astype("i4"), y.astype("u1")
    means = random.integers(-40, 40, (models.CLASSES, *shape))
    return (means[y] + 20 * random.standard_normal((rows, *shape))).astype("i4"), y.astype("u1")


def load_table(session, name, operations, x, y, options="", training=None):
    """A table and its packed form, <name>_packed; training: the packed table whose validation table it is."""
    image = operations[0][1] == "image"
    session.run(f"CREATE TABLE {name} (id integer, label smallint, x {'smallint' if image else 'integer'}[])")
    rows = "\n".join(f"{i}\t{label}\t{{{','.join(map(str, row))}}}" for i, (row, label) in enumerate(zip(x.tolist(), y.tolist())))
    server.copy_in(name, [rows.encode() + b"\n"], "text")
    if training is not None:
        session.run(f"SELECT cerebro.validation_preprocessor_dl('{name}', '{name}_packed', 'label', 'x', '{training}')")
        return
    scale = "255" if image else "1" if operations[0][1] == "tokens" else "40"
    session.run(f"SELECT cerebro.training_preprocessor_dl('{name}', '{name}_packed', 'label', 'x', normalizing_const => {scale}{options})")


def load_model(session, arch, operations, frozen, weights):
    """model_id of the whole network."""
    raw = b"".join(array.tobytes() for _, name, _, _ in operations for array in weights.get(name, []))
    text = models.keras_json(operations, frozen)
    return session.value(f"SELECT cerebro.load_model('{arch}', $json${text}$json$, '\\x{raw.hex()}'::bytea)")


def load_configs(session, arch, name, rows):
    """rows: (mst_key, model_id, optimizer, batch size, epochs); every architecture has its own."""
    session.run(f"SELECT cerebro.load_model_selection_table('{arch}', '{name}', ARRAY[1], ARRAY['optimizer=''Adam(lr=0.001)'',"
                f"loss=''categorical_crossentropy'''], ARRAY['batch_size=32,epochs=1'])")
    session.run(f"DELETE FROM {name}")
    values = ", ".join(f"({key}, {model}, $q$optimizer='{optimizer}',{LOSS},metrics=['accuracy']$q$, 'batch_size={batch},epochs={epochs}')"
                       for key, model, optimizer, batch, epochs in rows)
    session.run(f"INSERT INTO {name} (mst_key, model_id, compile_params, fit_params) VALUES {values}")


def load_candidates(session, grid, operations, ends, found, batch, epochs=1, selections=(("first", 1),)):
    """Architectures <grid>_arch and a selection table <grid>_<name> for each (name, factor of the learning rates). A candidate with a
    "layer" has its head on that layer of the frozen trunk; others freeze it until ends[depth]."""
    trunk, rows = models.weights(operations, 1), {name: [] for name, _ in selections}
    for number, candidate in enumerate(found):
        mine = models.until(operations, candidate["layer"]) if "layer" in candidate else operations
        candidate["frozen_until"] = mine[-1][1] if "layer" in candidate else ends[candidate["depth"]]
        candidate["seed"] = 100 + number
        whole = models.with_head(mine, candidate["hidden"])
        weights = dict(models.weights(whole, candidate["seed"]), **trunk)
        model = load_model(session, f"{grid}_arch", whole, models.frozen_until(whole, candidate["frozen_until"]), weights)
        for name, factor in selections:
            rows[name].append((number + 1, model or number + 1, f"Adam(lr={candidate['lr'] * factor})", batch, epochs))
    for name, _ in selections:
        load_configs(session, f"{grid}_arch", f"{grid}_{name}", rows[name])


def fit(session, grid, selection, out, iterations, more=""):
    with server.Timed(server.postmaster()) as timed:
        session.run(f"SELECT cerebro.fit_multiple_model('{grid}_packed', '{out}', '{selection}', {iterations}{more})")
    losses = [float(row[0]) for row in session.run(f"SELECT training_loss_final FROM {out}_info ORDER BY mst_key")]
    return timed.seconds, losses


def drop_run(session, out):
    session.run("DROP TABLE " + ", ".join(out + suffix for suffix in ("", "_info", "_summary", "_state", "_visits")))


def stored_features(session, packed):
    """(bytes, seconds that making them took, sets) of a packed table."""
    row = session.run("SELECT coalesce(sum(bytes), 0), coalesce(sum(seconds), 0), count(*) FROM cerebro.materialized_features "
                      f"WHERE source_table = 'public.{packed}'")[0]
    return int(row[0]), float(row[1]), int(row[2])


def drop_features(session, packed):
    if stored_features(session, packed)[2] > 0:
        session.run(f"SELECT cerebro.drop_features('{packed}')")


def same_models(session, a, b):
    """How many models of two runs have the same weights, losses and metrics, all bits of them."""
    return int(session.value(f"SELECT count(*) FROM {a} a JOIN {b} b USING (mst_key) JOIN {a}_info i USING (mst_key) JOIN {b}_info j USING (mst_key) "
                             "WHERE a.model_weights = b.model_weights AND i.training_loss = j.training_loss "
                             "AND i.training_metric_values = j.training_metric_values "
                             "AND i.validation_loss IS NOT DISTINCT FROM j.validation_loss "
                             "AND i.validation_metric_values IS NOT DISTINCT FROM j.validation_metric_values"))


def ways(session, out):
    """What a run did about its frozen layers, from its summary."""
    rows = session.run("SELECT e->>'use', count(*) FROM "
                       f"{out}_summary, json_array_elements(coalesce(frozen_layers, '[]')) e WHERE e->>'use' <> 'recompute' GROUP BY 1 ORDER BY 1")
    return ", ".join(f"{count} {use}d" for use, count in rows) or "nothing"
