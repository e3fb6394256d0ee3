"""Which layer's features give the best head? Vista's question (Nakandala and Kumar 2020), for the residual trunk. Called by transfer.py.

The trunk is trained on one task, the direction of gratings of one frequency, and transferred to another: images of two frequencies,
whose classes are five directions times two frequencies. freeze_variants makes a candidate for each layer, a head of one layer on its
features, averaged over positions; all features are computed by the one fit that trains the heads.
"""

import numpy

import server
import transfer_models as models
import transfer_runs as runs

RATES = (0.003, 0.01, 0.03)


def other_task(rows, seed):
    random = runs.draw(seed)
    y = random.integers(0, models.CLASSES, rows)
    return runs.gratings(random, y % 5 * 2, 32, numpy.where(y < 5, 0.6, 0.9)), y.astype("u1")


def run(quick):
    rows, iterations = (200, 2) if quick else (1500, 20)
    operations, ends = models.residual_trunk()
    whole = models.with_head(operations, [])
    layers = [name for _, name, _, _ in operations if name.endswith("_out") or name == "stem_relu"]
    names = ", ".join(f"'{layer}'" for layer in layers)
    print(f"\n== layers: {len(layers)} layers x {len(RATES)} learning rates, {rows} rows, {iterations} iterations")
    with server.Session() as session:
        x, y = runs.table(operations, rows)
        runs.load_table(session, "source_task", operations, x, y)
        runs.load_model(session, "source_arch", whole, set(), models.weights(whole, 1))
        runs.load_configs(session, "source_arch", "source_configs", [(1, 1, "Adam(lr=0.001)", 32, 1)])
        _, losses = runs.fit(session, "source_task", "source_configs", "source_model", 2 if quick else 6)
        print(f"the trunk, trained on its own task: loss {losses[0]:.4f}, accuracy "
              f"{float(session.value('SELECT training_metrics_final FROM source_model_info')):.4f}")
        x, y = other_task(rows, 11)
        runs.load_table(session, "layers", operations, x, y)
        x, y = other_task(rows // 3, 12)
        runs.load_table(session, "layers_val", operations, x, y, training="layers_packed")
        session.run(f"SELECT cerebro.load_model('layers_arch', $json${models.keras_json(whole, set())}$json$, (SELECT model_weights FROM source_model))")
        rates = ", ".join(f"$$optimizer='Adam(lr={rate})',{runs.LOSS},metrics=['accuracy']$$" for rate in RATES)
        candidates = f"""SELECT cerebro.load_model_selection_table('layers_arch', 'layers_configs', array_agg(new_model_id), ARRAY[{rates}], ARRAY['batch_size=32'])
FROM cerebro.freeze_variants('layers_arch', 1, ARRAY[{names}], hidden => '{{}}', truncate => true)"""
        fit = f"SELECT cerebro.fit_multiple_model('layers_packed', 'layers_out', 'layers_configs', {iterations}, validation_table => 'layers_val_packed')"
        print(f"{candidates};\n{fit};")
        session.run(candidates)
        with server.Timed(server.postmaster()) as timed:
            session.run(fit)
        board = session.run("""SELECT a.name, i.validation_metrics_final, i.validation_loss_final, i.training_seconds, i.compile_params
            FROM (SELECT DISTINCT ON (model_id) * FROM layers_out_info ORDER BY model_id, validation_loss_final) i
            JOIN layers_arch a USING (model_id) ORDER BY i.validation_loss_final""")
        print(f"{'layer':12} {'accuracy':>9} {'loss':>9} {'seconds':>8}   (validation, best learning rate of each; seconds of training that head)")
        for name, accuracy, loss, seconds, _ in board:
            layer = next((layer for layer in layers if f"cut at {layer}" in name), name)
            print(f"{layer:12} {float(accuracy):9.4f} {float(loss):9.4f} {float(seconds):8.3f}")
        print(f"{timed.seconds:.2f} s for all of it; {runs.ways(session, 'layers_out')}")
        session.run("SET cerebro.enable_feature_sharing = off; SET cerebro.enable_feature_materialization = off")
        # all iterations would take most of an hour: one shows how long, and --quick that the bits are the same
        count = iterations if quick else 1
        plain, _ = runs.fit(session, "layers", "layers_configs", "layers_plain", count, ", validation_table => 'layers_val_packed'")
        print(f"{plain:.2f} s without the rewrite, {count} of {iterations} iterations")
        if quick:
            print(f"{runs.same_models(session, 'layers_out', 'layers_plain')} of {len(board) * len(RATES)} models the same, all bits")
