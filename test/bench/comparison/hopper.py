"""Drives the hopper of hopper.sql: the coordinator's part of the way in which MADlib trains many models, with two connections as segments.

What is followed: see hopper.sql, and
  tables of the schedule, of model input and of model output, made anew at each hop by CREATE TABLE AS: weights are written twice a hop,
    those of resting models too, and architecture and parameters ride along
  max(models, segments) hops an iteration, on a ring of the segments' keys and one resting key for each model more; no rotation after
    the last hop
  a barrier after every hop
  evaluation one model after another, each by all segments at once, first the training table, then the validation table, whenever
    metrics are due
  buffers as MADlib cuts them: of at most 75,000,000 numbers, as few as possible, the same number on each segment
Favours done to it: each segment reads its own part of the packed table and no other; data are stored without compression; PyTorch is
imported and all functions are compiled before the clock starts; no transaction holds it all, so nothing piles up.
"""

import json

import data
import server

SEGMENTS = 2
ALL_OUTPUTS = "(" + " UNION ALL ".join(f"SELECT * FROM hop_out_{s}" for s in range(SEGMENTS)) + ")"


def buffers(x, y, classes, scale):
    """(dist_key, buffer_id, x float32, y int16 one-hot) in the order of buffers; which rows is left to a seeded shuffle."""
    numpy = data.numpy
    rows, width = x.shape
    wanted = min(-(-75_000_000 // width), -(-rows // SEGMENTS))
    count = SEGMENTS * -(-rows // (wanted * SEGMENTS))
    order = numpy.random.Generator(numpy.random.Philox(3)).permutation(rows)
    for buffer_id, chosen in enumerate(numpy.array_split(order, count)):
        labels = y[chosen].reshape(-1, 1) if classes == 1 else numpy.eye(classes, dtype="i2")[y[chosen]]
        yield buffer_id % SEGMENTS, buffer_id, x[chosen].astype("f4") * numpy.float32(scale), labels


def load(found, tables):
    """Makes hopper_<table>_<train|validation>_<segment>."""
    classes = found["architecture"]["layers"][-1][1]
    scale = 1 / data.NORMALIZING[found["table"]]
    with server.Session() as session:
        for part, (x, y) in zip(("train", "validation"), tables):
            parent = f"hopper_{found['table']}_{part}"
            session.run(f"CREATE TABLE {parent} (__dist_key__ integer, buffer_id integer, x bytea, y bytea, x_shape integer[], "
                        f"y_shape integer[]) PARTITION BY LIST (__dist_key__)")
            for segment in range(SEGMENTS):
                session.run(f"CREATE TABLE {parent}_{segment} PARTITION OF {parent} FOR VALUES IN ({segment});"
                            f"ALTER TABLE {parent}_{segment} ALTER x SET STORAGE EXTERNAL, ALTER y SET STORAGE EXTERNAL")
            server.copy_in(parent, data.copy_buffers(buffers(x, y, classes, scale)))
            session.run(f"ANALYZE {parent}")


class Hopper:
    def __init__(self, found, options, modules):
        self.found, self.table = found, f"hopper_{found['table']}"
        self.segments = [server.Session() for _ in range(SEGMENTS)]
        self.coordinator = server.Session()
        environment = json.dumps(options["environment"])
        for session in [*self.segments, self.coordinator]:
            session.run(f"SET hopper.modules = '{modules}'; SET hopper.options = '{json.dumps(options)}';"
                        f"SET hopper.environment = '{environment}'; SELECT hopper_warm()")
        self.rows = [int(self.coordinator.value(f"SELECT sum(x_shape[1]) FROM {self.table}_train_{s}")) for s in range(SEGMENTS)]

    def close(self):
        for session in [*self.segments, self.coordinator]:
            session.close()

    def everywhere(self, sql_of):
        """A statement on each segment at once, and the barrier after it. Returns their rows."""
        for number, segment in enumerate(self.segments):
            segment.send(sql_of(number))
        return [segment.receive() for segment in self.segments]

    def start(self):
        """Schedule, first weights, and the info table."""
        found, name = self.found, self.coordinator
        architecture, fit_params = json.dumps(found["architecture"]), json.dumps({"batch_size": found["batch_size"]})
        name.run("DROP TABLE IF EXISTS hop_schedule, hop_info, hop_next, hop_out_0, hop_out_1, hop_in_0, hop_in_1")
        name.run("CREATE TABLE hop_schedule (mst_key integer, __dist_key__ integer, model_arch text, compile_params text, fit_params text)")
        name.run("CREATE TABLE hop_info (mst_key integer PRIMARY KEY, training_loss real, training_metric real, validation_loss real, "
                 "validation_metric real)")
        for number, configuration in enumerate(found["configurations"]):
            # neighbours meet in a hop, and neighbours have the same optimizer: the barrier costs little
            name.run(f"INSERT INTO hop_schedule VALUES ({number + 1}, {number}, '{architecture}', '{json.dumps(configuration)}', "
                     f"'{fit_params}'); INSERT INTO hop_info VALUES ({number + 1})")
        for s in range(SEGMENTS):
            name.run(f"CREATE TABLE hop_out_{s} AS SELECT mst_key, hopper_initial(model_arch, mst_key) AS model_weights, model_arch, "
                     f"compile_params, fit_params FROM hop_schedule WHERE __dist_key__ % {SEGMENTS} = {s}")

    def hop(self):
        """Every model's state through a table to where the schedule wants it, then one visit."""
        self.everywhere(lambda s: f"""
            CREATE TABLE hop_in_{s} AS
              SELECT m.mst_key, m.model_weights, m.model_arch, m.compile_params, m.fit_params, s.__dist_key__
              FROM {ALL_OUTPUTS} m JOIN hop_schedule s USING (mst_key) WHERE s.__dist_key__ % {SEGMENTS} = {s}""")
        self.everywhere(lambda s: f"""
            DROP TABLE hop_out_{s};
            CREATE TABLE hop_out_{s} AS
              SELECT m.mst_key, CASE WHEN d.x IS NULL THEN m.model_weights ELSE
                  hopper_fit(d.y, d.x, d.y_shape, d.x_shape, m.model_arch, m.compile_params, m.fit_params, {self.rows[s]}, m.model_weights)
                  END AS model_weights, m.model_arch, m.compile_params, m.fit_params
              FROM hop_in_{s} m LEFT JOIN {self.table}_train_{s} d USING (__dist_key__);
            DELETE FROM hop_out_{s} WHERE model_weights IS NULL;
            DROP TABLE hop_in_{s}""")

    def rotate(self):
        ring = max(len(self.found["configurations"]), SEGMENTS)
        self.coordinator.run(f"""
            CREATE TABLE hop_next AS
              SELECT mst_key, (__dist_key__ + {ring} - 1) % {ring} AS __dist_key__, model_arch, compile_params, fit_params
              FROM hop_schedule;
            DROP TABLE hop_schedule;
            ALTER TABLE hop_next RENAME TO hop_schedule""")

    def evaluate(self):
        for part, prefix in (("train", "training"), ("validation", "validation")):
            for mst_key in range(1, len(self.found["configurations"]) + 1):
                parts = self.everywhere(lambda s: f"""
                    SELECT array_to_string(hopper_evaluate(d.y, d.x, d.y_shape, d.x_shape, m.model_arch, m.model_weights), ' ')
                    FROM {self.table}_{part}_{s} d, {ALL_OUTPUTS} m WHERE m.mst_key = {mst_key}""")
                sums = [[float(value) for value in rows[0][0].split()] for rows in parts]
                loss, right, rows = (sum(column) for column in zip(*sums))
                self.coordinator.run(f"UPDATE hop_info SET {prefix}_loss = {loss / rows}, {prefix}_metric = {right / rows} "
                                     f"WHERE mst_key = {mst_key}")

    def fit(self):
        """The whole run, with metrics after each iteration; the validation accuracy of each model."""
        self.start()
        hops = max(len(self.found["configurations"]), SEGMENTS)
        for _ in range(self.found["iterations"]):
            for hop in range(hops):
                self.hop()
                if hop + 1 < hops:
                    self.rotate()
            self.evaluate()
        return [float(row[0]) for row in self.coordinator.run("SELECT validation_metric FROM hop_info ORDER BY mst_key")]
