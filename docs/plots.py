#!/usr/bin/python3
"""Draws the pictures of docs/statistics.md: real series, judged by the SQL functions.

  docs/plots.py DATA --dsn "dbname=x"     writes docs/plots/*.svg

DATA is a folder with forecast/daily.csv and anomaly/nab_dev.csv.gz with its labels, as for test/bench/statistics; the
database has the extension. Needs python3-psycopg2. Each SVG has its own background and follows the reader's light or
dark setting."""
import argparse
import csv
import datetime
import gzip
import json
import math
import pathlib
from xml.sax.saxutils import escape

import psycopg2

csv.field_size_limit(1 << 30)
WIDTH, HEIGHT = 760, 320
LEFT, RIGHT, TOP, BOTTOM = 62, 14, 66, 46
# What is drawn how, by class; the colours in light and in dark.
SHAPES = {
    "title": ("fill", "#1f2328", "#e6edf3", "font-size:15px;font-weight:600"),
    "paper": ("fill", "#ffffff", "#0d1117", ""),
    "grid": ("stroke", "#d8dee4", "#2f353d", "fill:none"),
    "seen": ("stroke", "#1f2328", "#c9d1d9", "stroke-width:1.1;fill:none"),
    "came": ("stroke", "#bc4c00", "#ffa657", "stroke-width:1.6;fill:none"),
    "main": ("stroke", "#0550ae", "#79c0ff", "stroke-width:2;fill:none"),
    "wide": ("fill", "#0550ae", "#79c0ff", "fill-opacity:.2"),
    "narrow": ("fill", "#0550ae", "#79c0ff", "fill-opacity:.26"),
    "alert": ("stroke", "#cf222e", "#ff7b72", "stroke-width:2;fill:none"),
    "label": ("fill", "#d4a72c", "#d29922", "fill-opacity:.3"),
    "change": ("stroke", "#cf222e", "#ff7b72", "stroke-width:1.2;stroke-dasharray:4 3;fill:none"),
}
STYLE = ("text{font:12px system-ui,sans-serif;fill:#59636e}"
         + "".join(f".{k}{{{rest};{what}:{light}}}" for k, (what, light, _, rest) in SHAPES.items())
         + "@media(prefers-color-scheme:dark){text{fill:#9198a1}"
         + "".join(f".{k}{{{what}:{dark}}}" for k, (what, _, dark, _) in SHAPES.items()) + "}")


class Plot:
    """One picture: x in steps of the series, y in its unit."""

    def __init__(self, title, unit, first, step, xs, values):
        self.title, self.unit, self.first, self.step = title, unit, first, step
        self.x0, self.x1 = xs
        low, high = min(values), max(values)
        low = 0 if 0 <= low < 0.5 * high else low
        self.ticks = nice(low, high)
        self.y0, self.y1 = min(low, self.ticks[0]), max(high, self.ticks[-1]) + 0.02 * (high - low)
        self.back, self.front, self.legend = [], [], []

    def x(self, step):
        return LEFT + (step - self.x0) / (self.x1 - self.x0) * (WIDTH - LEFT - RIGHT)

    def y(self, value):
        value = min(max(value, self.y0), self.y1)
        return HEIGHT - BOTTOM - (value - self.y0) / (self.y1 - self.y0) * (HEIGHT - TOP - BOTTOM)

    def path(self, points):
        """In tenths of a pixel and relative, to keep the file small."""
        places = [(round(10 * self.x(s)), round(10 * self.y(v))) for s, v in points]
        words, last = [], None
        for place in places:
            if last is None:
                words.append(f"M{place[0] / 10:g} {place[1] / 10:g}")
            elif place != last:
                words.append(f"l{(place[0] - last[0]) / 10:g} {(place[1] - last[1]) / 10:g}")
            last = place
        return "".join(words)

    def line(self, points, kind, legend=None):
        self.front.append(f'<path class="{kind}" d="{self.path(points)}"/>')
        self.explain(kind, legend)

    def band(self, lower, upper, kind, legend=None):
        self.back.append(f'<path class="{kind}" d="{self.path(lower + upper[::-1])}Z"/>')
        self.explain(kind, legend)

    def ring(self, step, value, legend=None):
        self.front.append(f'<circle class="alert" cx="{self.x(step):.1f}" cy="{self.y(value):.1f}" r="5"/>')
        self.explain("alert", legend)

    def window(self, start, end, legend=None):
        left, right = self.x(max(start, self.x0)), self.x(min(end, self.x1))
        self.back.insert(0, f'<rect class="label" x="{left:.1f}" y="{TOP}" width="{max(right - left, 2):.1f}" '
                            f'height="{HEIGHT - TOP - BOTTOM}"/>')
        self.explain("label", legend)

    def upright(self, step, kind, legend=None):
        self.front.append(f'<path class="{kind}" d="M{self.x(step):.1f} {TOP}V{HEIGHT - BOTTOM}"/>')
        self.explain(kind, legend)

    def explain(self, kind, legend):
        if legend and all(text != legend for _, text in self.legend):
            self.legend.append((kind, legend))

    def save(self, path):
        out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
               f'height="{HEIGHT}" role="img" aria-label="{escape(self.title)}"><style>{STYLE}</style>',
               f'<rect class="paper" width="{WIDTH}" height="{HEIGHT}"/>',
               f'<text class="title" x="{LEFT}" y="22">{escape(self.title)}</text>']
        at = LEFT
        for kind, text in self.legend:
            if kind in ("wide", "narrow", "label"):
                for layer in ("wide", "narrow") if kind == "narrow" else (kind,):
                    out.append(f'<rect class="{layer}" x="{at}" y="36" width="22" height="12"/>')
            elif kind == "alert":
                out.append(f'<circle class="alert" cx="{at + 11}" cy="42" r="5"/>')
            else:
                out.append(f'<path class="{kind}" d="M{at} 42h22"/>')
            out.append(f'<text x="{at + 27}" y="46">{escape(text)}</text>')
            at += 50 + 6.4 * len(text)
        for value in self.ticks:
            y = self.y(value)
            out.append(f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>'
                       f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value:,.10g}</text>')
        for step, text in self.days():
            x = self.x(step)
            out.append(f'<path class="grid" d="M{x:.1f} {HEIGHT - BOTTOM}v5"/>'
                       f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{text}</text>')
        out.append(f'<path class="grid" d="M{LEFT} {HEIGHT - BOTTOM}H{WIDTH - RIGHT}"/>')
        out.append(f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 8}" text-anchor="end">{escape(self.unit)}</text>')
        path.write_text("\n".join(out + self.back + self.front + ["</svg>"]) + "\n")
        print(f"{path.name}: {path.stat().st_size / 1024:.0f} kB")

    def days(self):
        """Dates below the axis, at midnight, some days apart."""
        span = (self.x1 - self.x0) * self.step / datetime.timedelta(days=1)
        every = next(days for days in (1, 2, 3, 7, 14, 28, 56, 112) if span / days <= 9 or days == 112)
        start = self.first + self.x0 * self.step
        day = datetime.datetime(start.year, start.month, start.day)
        while (day - self.first) / self.step <= self.x1:
            if day >= start:
                step = (day - self.first) / self.step
                if self.x(step) < WIDTH - RIGHT - 20:
                    first_tick = day - start < every * datetime.timedelta(days=1)
                    yield step, f"{day:%-d %b %Y}" if first_tick else f"{day:%-d %b}"
                day += datetime.timedelta(days=every)
            else:
                day += datetime.timedelta(days=1)


def nice(low, high):
    """Some round numbers that span the values."""
    raw = (high - low) / 5
    size = 10 ** math.floor(math.log10(raw))
    size *= next(f for f in (1, 2, 2.5, 5, 10) if f * size >= raw)
    return [round(i * size, 10) for i in range(math.ceil(low / size - 1e-9), math.floor(high / size + 1e-9) + 1)]


def thinned(values, most=900):
    """The points of a long series that are to be drawn: the lowest and the highest of each stretch."""
    if len(values) <= most:
        return list(enumerate(values))
    width, kept = 2 * len(values) / most, set()
    for k in range(most // 2):
        stretch = range(int(k * width), min(int((k + 1) * width), len(values)))
        kept |= {min(stretch, key=values.__getitem__), max(stretch, key=values.__getitem__)}
    return [(i, values[i]) for i in sorted(kept)]


class Drawings:
    def __init__(self, data, cursor, folder):
        self.cursor, self.folder = cursor, folder
        with open(data / "forecast" / "daily.csv", newline="") as file:
            self.daily = {task["id"]: task for task in csv.DictReader(file)}
        self.labels = json.loads((data / "anomaly" / "nab_dev_labels.json").read_text())
        self.nab = {}
        with gzip.open(data / "anomaly" / "nab_dev.csv.gz", "rt", newline="") as file:
            for name, at, value in list(csv.reader(file))[1:]:
                self.nab.setdefault(name, []).append((datetime.datetime.fromisoformat(at), float(value)))

    def ask(self, query, *values):
        self.cursor.execute(query, values)
        return self.cursor.fetchall()

    def forecast(self, name, task, title, unit, shown=84):
        task = self.daily[task]
        train, test = ([float(x) for x in task[part].split()] for part in ("train", "test"))
        rows = self.ask("SELECT value, lower[1], upper[1], lower[2], upper[2] "
                        "FROM analytics.forecast(%s::float8[], %s, 7) ORDER BY step", train, len(test))
        n, from_step = len(train), max(0, len(train) - shown)
        bands = [[(n + k, row[i]) for k, row in enumerate(rows)] for i in range(5)]
        plot = Plot(title, unit, datetime.datetime.fromisoformat(task["start"]), datetime.timedelta(days=1),
                    (from_step, n + len(test) - 1), train[from_step:] + test + [v for b in bands for _, v in b])
        plot.line([(i, train[i]) for i in range(from_step, n)], "seen", "history")
        plot.band(bands[3], bands[4], "wide", "95 % interval")
        plot.band(bands[1], bands[2], "narrow", "80 % interval")
        plot.line(bands[0], "main", "forecast")
        plot.line([(n - 1, train[-1])] + [(n + k, v) for k, v in enumerate(test)], "came", "what came")
        plot.save(self.folder / f"{name}.svg")

    def anomalies(self, name, series, title, unit):
        points = self.nab[series]
        first, step = points[0][0], points[1][0] - points[0][0]
        places, values = [(at - first) / step for at, _ in points], [value for _, value in points]
        rows = self.ask("SELECT lower, upper, score FROM analytics.detect_anomalies(%s::float8[]) ORDER BY step",
                        values)
        plot = Plot(title, unit, first, step, (0, places[-1]), values)
        plot.line([(places[i], value) for i, value in thinned(values)], "seen", "series")
        known = [i for i, row in enumerate(rows) if row[0] is not None]
        known = known[::max(1, len(known) // 400)]
        plot.band([(places[i], rows[i][0]) for i in known], [(places[i], rows[i][1]) for i in known], "wide",
                  "expected, 95 %")
        for window in self.labels[series]["windows"]:
            plot.window(*((datetime.datetime.fromisoformat(at) - first) / step for at in window), "labelled by people")
        for place, value, row in zip(places, values, rows):
            if row[2] is not None and row[2] >= 1:
                plot.ring(place, value, "alert (score of 1 or more)")
        plot.save(self.folder / f"{name}.svg")

    def changes(self, name, task, title, unit):
        task = self.daily[task]
        values = [float(x) for part in ("train", "test") for x in task[part].split()]
        rows = self.ask("SELECT c.step FROM analytics.detect_changepoints((SELECT array_agg(trend + remainder ORDER BY "
                        "step) FROM analytics.decompose(%s::float8[], '{7}'))) c ORDER BY 1", values)
        plot = Plot(title, unit, datetime.datetime.fromisoformat(task["start"]), datetime.timedelta(days=1),
                    (0, len(values) - 1), values)
        plot.line(list(enumerate(values)), "seen", "series")
        edges = [0] + [step - 1 for step, in rows] + [len(values)]
        for start, end in zip(edges, edges[1:]):
            mean = sum(values[start:end]) / (end - start)
            plot.line([(start, mean), (end - 1, mean)], "main", "mean between changes")
        for step, in rows:
            plot.upright(step - 1.5, "change", "change found")
        plot.save(self.folder / f"{name}.svg")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=pathlib.Path, help="folder of series")
    parser.add_argument("--dsn", required=True, help="a database that has the extension")
    parser.add_argument("--into", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent / "plots")
    options = parser.parse_args()
    options.into.mkdir(parents=True, exist_ok=True)
    connection = psycopg2.connect(options.dsn)
    connection.autocommit = True
    draw(Drawings(options.data, connection.cursor(), options.into))


def draw(drawings):
    drawings.forecast("forecast_bikes", "dd0006", "Shared bikes in Madrid, 30 days ahead", "users a day")
    drawings.forecast("forecast_views", "dd0069", "Visits of a blog, 30 days ahead", "page views a day")
    drawings.anomalies("anomalies_clicks", "d20", "Cost of a click on an advertisement exchange",
                       "cost per click, hourly")
    drawings.anomalies("anomalies_server", "d21", "A server on the way to its failure",
                       "percent of a processor, every 5 minutes")
    drawings.changes("changes_cash", "dd0247", "Cash drawn from a machine", "cash a day, scaled")
    drawings.changes("changes_road", "dd0125", "Road passengers of Madrid's public transport", "passengers a day")


if __name__ == "__main__":
    main()
