"""The six tables of test/bench/quality: real digits and five made-up ones, each a function of its seed.

What is made up is what real tables have: gaps, skewed numbers, columns that say nothing, interactions, labels that no
model can know wholly. A column is (name, SQL type, values); None is NULL. `test` are the rows that no search sees.
"""

import csv
import datetime
from dataclasses import dataclass, field

import numpy as np


@dataclass
class Table:
    name: str
    metric: str  # auc, accuracy or rmse
    label: str
    columns: list
    test: np.ndarray
    exclude: str = "id"
    high: str = ""  # the class whose probability is ranked, of auc
    arrays: list = field(default_factory=list)  # names of columns that are arrays

    def rows(self):
        return len(self.columns[0][2])


def finish(name, metric, label, columns, rng, **more):
    rows = len(columns[0][1])
    test = np.zeros(rows, bool)
    test[rng.permutation(rows)[: rows // 4]] = True
    columns = [("id", list(range(1, rows + 1)), "integer")] + columns
    return Table(name, metric, label, [(n, t, list(v)) for n, v, t in columns], test, **more)


def gaps(values, share, rng):
    return [None if gap else value for value, gap in zip(values, rng.random(len(values)) < share)]


def payments(rng, rows=20000):
    """Two classes, of which one has 4 % of the rows."""
    amount = np.round(np.exp(rng.normal(3.5, 1.4, rows)), 2)
    hour = np.clip(rng.normal(14, 5, rows), 0, 23.99)
    age = 1 + np.round(np.exp(rng.normal(5.5, 1.2, rows))).astype(int)
    country = rng.choice(["de", "fr", "it", "pl", "us", "br", "ng", "cn"], rows, p=[0.3, 0.2, 0.15, 0.1, 0.1, 0.06, 0.05, 0.04])
    channel = rng.choice(["web", "app", "shop"], rows, p=[0.5, 0.3, 0.2])
    tries = rng.poisson(0.4, rows)
    distance = np.round(np.exp(rng.normal(2, 1.8, rows)), 1)
    noise = rng.normal(0, 1, rows)
    foreign = np.isin(country, ["br", "ng", "cn"])
    logit = (-4.7 + 0.5 * (np.log(amount) - 3.5) * (1 + foreign) + 1.6 * ((hour < 6) | (hour > 22)) + 0.9 * tries
             - 0.35 * (np.log(age) - 5.5) + 0.8 * foreign * (channel == "web") + 0.4 * np.maximum(0, np.log(distance + 0.01) - 3)
             - 1.2 * (channel == "shop"))
    fraud = rng.random(rows) < 1 / (1 + np.exp(-logit))
    return finish("payments", "auc", "fraud", [
        ("amount", amount, "numeric"), ("hour", np.round(hour, 2), "real"), ("account_age", gaps(age, 0.05, rng), "integer"),
        ("country", country, "text"), ("channel", channel, "text"), ("tries", tries, "integer"),
        ("distance", gaps(distance, 0.15, rng), "real"), ("noise", np.round(noise, 4), "real"),
        ("fraud", np.where(fraud, "yes", "no"), "text")], rng, high="yes")


def plots(rng, rows=12000):
    """Seven classes of land by numbers on different scales and two texts."""
    height = rng.gamma(6, 150, rows)
    slope = rng.gamma(2, 7, rows)
    water = rng.gamma(1.2, 250, rows)
    road = rng.gamma(1.5, 900, rows)
    shade = np.clip(rng.normal(200, 30, rows) - slope, 0, 255)
    soil = rng.choice([f"soil {k}" for k in range(30)], rows, p=rng.dirichlet(np.full(30, 0.7)))
    area = rng.choice(["north", "south", "east", "west"], rows)
    names = ["spruce", "pine", "aspen", "willow", "fir", "meadow", "bare"]
    soils = {f"soil {k}": rng.normal(0, 1.0, 7) for k in range(30)}
    h, s, w, r = height / 400 - 2, slope / 10 - 1.4, np.log1p(water) - 5, np.log1p(road) - 6.8
    areas = {a: rng.normal(0, 0.6, 7) for a in ["north", "south", "east", "west"]}
    scores = np.stack([2 * h - s, 2 - 1.4 * (h - 0.2) ** 2 + 0.4 * r, 1.6 - 2 * (h + 0.8) ** 2 - 0.8 * w, 1 - 2.2 * w - h,
                       1.8 * h + 1.5 * s - 1, 1.2 - 1.5 * np.abs(s) - 0.9 * r * h, 2.4 * s + 0.8 * w - 0.5], 1)
    scores = 1.6 * (scores + np.array([soils[x] for x in soil]) + np.array([areas[x] for x in area])) + rng.gumbel(0, 1, (rows, 7))
    return finish("plots", "accuracy", "cover", [
        ("height", np.round(height), "integer"), ("slope", np.round(slope, 1), "real"), ("to_water", np.round(water), "integer"),
        ("to_road", gaps(np.round(road), 0.03, rng), "integer"), ("shade", np.round(shade), "integer"), ("soil", soil, "text"),
        ("area", area, "text"), ("cover", [names[i] for i in scores.argmax(1)], "text")], rng)


def rides(rng, rows=15000):
    """Rides an hour, by date, weather and station: cycles of a day, a week and a year, growth, and a skewed label."""
    begin = datetime.datetime(2021, 1, 1)
    hours = np.sort(rng.integers(0, 3 * 365 * 24, rows))
    times = [begin + datetime.timedelta(hours=int(h)) for h in hours]
    hour = np.array([t.hour for t in times])
    weekend = np.array([t.weekday() >= 5 for t in times])
    year = np.array([t.timetuple().tm_yday for t in times]) / 365.0
    temperature = 11 - 11 * np.cos(2 * np.pi * (year - 0.05)) + 3 * np.sin(2 * np.pi * (hour - 9) / 24) + rng.normal(0, 3, rows)
    rain = np.where(rng.random(rows) < 0.2, rng.gamma(1.2, 2, rows), 0)
    wind = rng.gamma(3, 4, rows)
    station = rng.choice(["centre", "station", "park", "campus", "suburb"], rows)
    base = {"centre": 180, "station": 240, "park": 90, "campus": 120, "suburb": 40}
    peak = np.exp(-((hour - 8) ** 2) / 4) + 1.2 * np.exp(-((hour - 17) ** 2) / 6)
    leisure = np.exp(-((hour - 14) ** 2) / 18)
    level = np.where(weekend, 0.9 * leisure, 0.8 * peak + 0.35 * leisure) + 0.08
    level = np.where(station == "park", 0.4 * level + np.where(weekend, 1.2, 0.5) * leisure, level)
    mean = (np.array([base[s] for s in station]) * level * np.clip(0.25 + temperature / 22, 0.1, 1.6) * np.exp(-0.25 * rain)
            * np.where(wind > 20, 0.7, 1) * (1 + 0.25 * hours / hours.max()))
    count = rng.poisson(mean * rng.gamma(30, 1 / 30, rows))
    return finish("rides", "rmse", "rides", [
        ("at", [t.isoformat(" ") for t in times], "timestamp"), ("station", station, "text"),
        ("temperature", gaps(np.round(temperature, 1), 0.04, rng), "real"), ("rain", np.round(rain, 1), "real"),
        ("wind", np.round(wind, 1), "real"), ("rides", count.astype(float), "double precision")], rng)


def sales(rng, rows=60000, customers=10000):
    """A text of 10,000 values, of which some are frequent: what a customer pays."""
    popularity = rng.gamma(0.7, 1, customers) + 0.05
    customer = rng.choice(customers, rows, p=popularity / popularity.sum())
    level, loyal = rng.normal(0, 1, customers), rng.normal(0, 1, customers)
    product = rng.integers(0, 200, rows)
    price = np.exp(rng.normal(3, 0.7, 200))[product]
    taste = rng.normal(0, 0.5, 200)[product]
    discount = rng.choice([0, 0, 0, 5, 10, 20], rows)
    pieces = 1 + rng.poisson(1.2, rows)
    weekday = rng.choice(["mon", "tue", "wed", "thu", "fri", "sat", "sun"], rows)
    pay = (40 + 12 * level[customer] + 10 * taste + 6 * np.log(price) * np.sqrt(pieces) - 0.4 * discount * (1 + 0.5 * loyal[customer])
           + 4 * np.isin(weekday, ["sat", "sun"]) + rng.normal(0, 6, rows))
    return finish("sales", "rmse", "paid", [
        ("customer", [f"customer {k:05d}" for k in customer], "text"), ("product", [f"product {k}" for k in product], "text"),
        ("price", np.round(price, 2), "numeric"), ("discount", discount, "integer"), ("pieces", pieces, "integer"),
        ("weekday", weekday, "text"), ("paid", np.round(pay, 2), "double precision")], rng)


def digits(rng, path):
    """UCI's images of handwritten digits, of test/data."""
    with open(path, encoding="ascii") as file:
        rows = list(csv.DictReader(file))
    pixels = [np.array([int(x) for x in row["pixels"].strip("{}").split(",")]).reshape(8, 8, 1) for row in rows]
    return finish("digits", "accuracy", "digit", [
        ("pixels", pixels, "smallint[]"), ("digit", [row["label"] for row in rows], "text")], rng, arrays=["pixels"])


def motions(rng, rows=4000, length=40):
    """Sequences of two numbers on different scales: five kinds of motion, told by the order of the values."""
    kinds = ["rest", "walk", "run", "swing", "fall"]
    kind = rng.integers(0, 5, rows)
    t = np.arange(length)
    values = np.zeros((rows, length, 2))
    for i, k in enumerate(kind):
        speed, phase, noise = rng.normal(1, 0.15), rng.uniform(0, 2 * np.pi), rng.normal(0, 1, (length, 2))
        a = [0.4, 1.5, 2.0, 1.0, 1.0][k] * np.sin(2 * np.pi * t * speed * [0.02, 0.08, 0.14, 0.05, 0.08][k] + phase)
        b = [0.0, 0.5, 0.8, 1.6, 0.4][k] * np.cos(2 * np.pi * t * speed * [0.02, 0.08, 0.14, 0.05, 0.08][k] + phase)
        if k == 4:
            at = rng.integers(8, length - 6)
            a[at:] = rng.normal(0, 0.2)
            b[at - 2 : at + 1] += rng.normal(2.5, 0.8)
        values[i] = np.stack([a, b], 1) + 0.9 * noise
    values[:, :, 0] = 9.81 + 3 * values[:, :, 0]
    values[:, :, 1] = 120 * values[:, :, 1]
    return finish("motions", "accuracy", "kind", [
        ("motion", list(np.round(values, 2)), "real[]"), ("kind", [kinds[k] for k in kind], "text")], rng, arrays=["motion"])


def make(names, seed, digits_csv):
    makers = {"payments": payments, "plots": plots, "rides": rides, "sales": sales, "digits": lambda rng: digits(rng, digits_csv),
              "motions": motions}
    for number, (name, maker) in enumerate(makers.items()):
        if not names or name in names:
            yield maker(np.random.default_rng([seed, number]))
