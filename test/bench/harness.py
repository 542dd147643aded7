"""The benchmark's cluster, connections, clock and table."""
import decimal
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import psycopg2

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
HERE = pathlib.Path(__file__).resolve().parent
# The data lie in shared buffers, sorts stay in memory, short queries are not compiled: what suits the plain SQL.
SETTINGS = ["shared_buffers=6GB", "work_mem=64MB", "maintenance_work_mem=512MB", "jit=off", "max_wal_size=16GB",
            "checkpoint_timeout=30min", "fsync=on", "max_connections=60"]


def say(text):
    print(time.strftime("%H:%M:%S"), text, file=sys.stderr, flush=True)


def run(*command, **options):
    return subprocess.run([str(part) for part in command], check=True, text=True, stdout=subprocess.PIPE, **options).stdout


class Cluster:
    """A private prefix with the extension and a cluster, in `folder` (kept) or in a folder that goes with the run."""

    def __init__(self, folder=None):
        self.kept = folder is not None
        self.folder = pathlib.Path(folder or tempfile.mkdtemp(prefix="agent_analytics_bench."))
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o755)
        self.config = run(TOP / "scripts/pg_prefix.sh", self.folder / "pg", os.environ.get("PG_CONFIG", "pg_config")).strip()
        for tree in (TOP, HERE / "direct_read"):
            run("make", "-s", "-C", tree, "-j2", f"PG_CONFIG={self.config}", "install", stderr=subprocess.DEVNULL)
        settings = self.folder / "env"
        if not settings.exists():
            settings.write_text(run(TOP / "scripts/cluster.sh", "start", self.folder / "cluster", self.config, *SETTINGS))
        for pair in settings.read_text().replace("export ", "").split():
            name, value = pair.split("=", 1)
            os.environ[name] = value.replace("$PATH", os.environ["PATH"])

    def close(self):
        if not self.kept:
            run(TOP / "scripts/cluster.sh", "stop", self.folder / "cluster")
            shutil.rmtree(self.folder)


class Connection:
    """A session; statements are prepared once and run by EXECUTE, so that only the answer is timed."""

    def __init__(self, database, **settings):
        self.raw = psycopg2.connect(dbname=database)
        self.raw.autocommit = True
        self.cursor = self.raw.cursor()
        for name, value in {"agent_analytics.tenant": "big", "timezone": "UTC", **settings}.items():
            self.cursor.execute("SELECT set_config(%s, %s, false)", (name, value))
        self.prepared = {}

    def execute(self, sql, *values):
        self.cursor.execute(sql, values or None)

    def rows(self, sql, *values):
        self.execute(sql, *values)
        return self.cursor.fetchall()

    def value(self, sql, *values):
        return self.rows(sql, *values)[0][0]

    def prepare(self, sql):
        """`sql` uses $1, a timestamptz."""
        if sql not in self.prepared:
            self.prepared[sql] = f"q{len(self.prepared)}"
            self.execute(f"PREPARE {self.prepared[sql]}(timestamptz) AS {sql}")
        return self.prepared[sql]

    def ask(self, sql, as_of):
        self.execute(f"EXECUTE {self.prepare(sql)}(%s)", as_of)
        return self.cursor.fetchall()

    def time(self, sql, as_of):
        """Milliseconds until the whole answer has arrived as text; nothing is made of it."""
        statement = self.cursor.mogrify(f"EXECUTE {self.prepare(sql)}(%s)", (as_of,))
        start = time.perf_counter()
        self.cursor.execute(statement)
        return (time.perf_counter() - start) * 1000

    def clock(self, sql):
        start = time.perf_counter()
        self.execute(sql)
        return (time.perf_counter() - start) * 1000


class Database(Connection):
    """A scale's data, asked through the functions by this connection and in plain SQL by `plain`."""

    def __init__(self, scale):
        self.scale = scale
        name = f"bench_{scale}"
        ready = False
        admin = psycopg2.connect(dbname="postgres")
        admin.autocommit = True
        with admin.cursor() as cursor:
            cursor.execute("SELECT FROM pg_database WHERE datname = %s", (name,))
            ready = cursor.fetchone() is not None
            if not ready:
                cursor.execute(f"CREATE DATABASE {name}")
        admin.close()
        if not ready:
            say(f"loading {scale} million calls")
            quiet = ["psql", "-qXd", name, "-v", "ON_ERROR_STOP=1", "-o", os.devnull]
            run(*quiet, "-c", "SET client_min_messages = warning", "-c", "CREATE EXTENSION agent_analytics",
                "-c", "SELECT analytics.install()")
            run(*quiet, "-v", f"scale={scale}", "-f", HERE / "data.sql")
        super().__init__(name)
        # Planned for the values at hand: a generic plan does not know how long the window is.
        self.plain = Connection(name, plan_cache_mode="force_custom_plan")
        self.plain.execute("""CREATE OR REPLACE FUNCTION bench.direct_read(tenant text, from_at timestamptz, to_at timestamptz)
            RETURNS TABLE (bucket timestamptz, revenue numeric) LANGUAGE c STABLE STRICT COST 10000 ROWS 168
            AS 'direct_read', 'direct_read'""")

    def now(self):
        """All rows up to this moment are there, those older than the lag are summarised. The moment."""
        self.execute("CALL bench.catch_up()")
        self.execute("SELECT analytics.refresh_rollups()")
        return self.value("SELECT clock_timestamp()")


def alternate(rounds, *contestants):
    """Each contestant is (repetitions a round, a function that returns milliseconds). Their medians."""
    times = [[] for _ in contestants]
    for contestant in contestants:
        contestant[1]()  # warm
    for _ in range(rounds):
        for list_of_times, (repetitions, measure) in zip(times, contestants):
            list_of_times.extend(measure() for _ in range(repetitions))
    return [statistics.median(t) for t in times]


def plain(name):
    return (HERE / "plain" / f"{name}.sql").read_text()


def same(ours, theirs, what, approximate=()):
    """Equal, row by row; the columns in `approximate` ({column: relative tolerance}) nearly. Their greatest error."""
    worst = 0.0
    approximate = dict(approximate)
    if len(ours) != len(theirs):
        raise AssertionError(f"{what}: {len(ours)} rows, plain SQL has {len(theirs)}")
    for mine, other in zip(ours, theirs):
        if len(mine) != len(other):
            raise AssertionError(f"{what}: {len(mine)} columns, plain SQL has {len(other)}")
        for column, (a, b) in enumerate(zip(mine, other)):
            if column in approximate and a is not None and b is not None:
                error = abs(float(a) - float(b)) / max(abs(float(b)), 1e-300)
                worst = max(worst, error)
                equal = error <= approximate[column]
            else:
                equal = number(a) == number(b)
            if not equal:
                raise AssertionError(f"{what}: column {column} is {a!r}, plain SQL says {b!r}\n{mine}\n{other}")
    return worst


def number(value):
    return decimal.Decimal(repr(value)) if isinstance(value, float) else value


def times(ratio):
    return f"{ratio:,.0f} times" if ratio >= 10 else f"{ratio:.1f} times"


class Table:
    """What was measured, printed as Markdown when the run ends."""

    def __init__(self, check, rounds):
        self.check, self.rounds, self.lines, self.missed = check, rounds, [], 0

    def add(self, question, ours, other, figure, goal, reached=True):
        """Cells as they shall be printed; `reached` tells whether the figure meets the goal."""
        self.missed += not reached
        mark = " MISS" if self.check and not reached else ""
        self.lines.append(f"| {question} | {ours} | {other} | {figure}{mark} | {goal} |")
        say(self.lines[-1])

    def faster(self, question, ours, other, goal):
        self.add(question, ms(ours), ms(other), times(other / ours), f"at least {goal:,}", other / ours >= goal)

    def compare(self, question, ours, other):
        self.add(question, ms(ours), ms(other), times(other / ours), "")

    def at_most(self, question, ours, other, goal):
        self.add(question, ms(ours), ms(other), f"{ours / other:.2f} times the cost", f"at most {goal}", ours / other <= goal)

    def show(self):
        print("| question | agent_analytics | opponent | figure | goal |\n|---|---|---|---|---|")
        print("\n".join(self.lines))
        if self.check:
            print(f"\n{len(self.lines)} figures, {self.missed} goals missed")


def ms(value):
    return f"{value:,.0f} ms" if value >= 100 else f"{value:.1f} ms" if value >= 10 else f"{value:.2f} ms"
