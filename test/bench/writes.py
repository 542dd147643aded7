"""What the rollup's trigger costs writers, and what its distinct sets cost the disk."""
import os
import pathlib
import re
import statistics
import subprocess
import tempfile

from harness import say

MEASURES = """{"orders": "count(*) FILTER (WHERE status <> 'cancelled')", "revenue": "sum(total_amount)",
    "customers": "distinct(customer_id)"}"""
INSERT = """\\set n random(1, 300000)
\\set late random(1, 2592000)
INSERT INTO bench.orders_written (tenant_id, order_id, customer_id, created_at, total_amount, status)
VALUES ('big', gen_random_uuid(), 'cust-' || lpad(:n::text, 7, '0'), {at}, 12.5, 'pending');
"""


def copy_of_orders(db, name, filled):
    """A table with the columns, checks and indexes of orders, and a rollup of its own."""
    if db.value("SELECT to_regclass(%s)", f"bench.{name}") is not None:
        return
    say(f"table {name}")
    db.execute(f"CREATE TABLE bench.{name} (LIKE analytics_data.orders INCLUDING ALL)")
    if filled:
        db.execute(f"INSERT INTO bench.{name} SELECT * FROM analytics_data.orders")
    db.execute(f"SELECT analytics.create_rollup('{name}', 'bench.{name}', 'created_at', %s)", MEASURES)
    db.execute(f"SELECT analytics.refresh_rollups('{name}')")
    db.execute(f"VACUUM ANALYZE bench.{name}")


def trigger(db, name, on):
    db.execute(f"ALTER TABLE bench.{name} {'ENABLE ALWAYS' if on else 'DISABLE'} TRIGGER agent_analytics_note")
    db.execute(f"SELECT analytics.refresh_rollups('{name}')")


def pgbench(database, script, seconds, commit):
    """Transactions a second of 8 clients."""
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(script)
        file.flush()
        output = subprocess.run(["pgbench", "-n", "-M", "prepared", "-c", "8", "-j", "2", "-T", str(seconds), "-f", file.name, database],
                                check=True, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                env={**os.environ, "PGOPTIONS": f"-c synchronous_commit={commit}"}).stdout
    return float(re.search(r"tps = ([\d.]+)", output).group(1))


def slower(table, question, rate_with, rate_without, goal):
    percent = 100 * (1 - rate_with / rate_without)
    table.add(question, f"{rate_with:,.0f}/s", f"{rate_without:,.0f}/s without", f"{percent:.1f} % slower", f"at most {goal} %",
              percent <= goal)


def inserts(table, db, _small, seconds=6):
    rounds = table.rounds or 8
    name = "orders_written"
    copy_of_orders(db, name, filled=True)
    for kind, at, goals in (("fresh", "now()", {"off": 15, "on": 8}),
                            ("late", "now() - :late * interval '1 second'", {"off": 20, "on": 12})):
        for commit, goal in goals.items():
            rates = {True: [], False: []}
            for turn in range(rounds):
                for on in ((True, False) if turn % 2 else (False, True)):
                    trigger(db, name, on)
                    db.execute("CHECKPOINT")
                    rates[on].append(pgbench(db.raw.info.dbname, INSERT.format(at=at), seconds, commit))
            trigger(db, name, True)
            rows, stored = db.rows(f"""SELECT (SELECT count(*) FROM bench.{name} WHERE status <> 'cancelled'),
                (SELECT sum(orders) FROM analytics.{name})""")[0]
            if rows != stored:
                raise AssertionError(f"{kind} inserts: the rollup counts {stored} orders of {rows}")
            slower(table, f"single-row inserts, {kind}, 8 clients, synchronous_commit {commit}", statistics.median(rates[True]),
                   statistics.median(rates[False]), goal)


def time_copy(db, target, file, columns):
    db.execute(f"TRUNCATE {target}")
    db.execute("SELECT analytics.refresh_rollups()")
    db.execute("CHECKPOINT")
    return db.clock(f"COPY {target} ({columns}) FROM '{file}'")


def copies(table, db, _small):
    """A million rows: a table like orders with its indexes, rows of ten minutes from now on and of 30 days; llm_calls."""
    rounds = table.rounds or 7
    orders, calls = "tenant_id, order_id, customer_id, created_at, total_amount, status", \
        "tenant_id, call_id, created_at, agent_id, provider, model, input_tokens, output_tokens, latency_ms"
    folder = pathlib.Path(db.value("SHOW data_directory"))
    copy_of_orders(db, "orders_copied", filled=False)
    if db.value("SELECT to_regclass('bench.calls_bare')") is None:
        db.execute("""CREATE TABLE bench.calls_copied (LIKE analytics_data.llm_calls INCLUDING ALL);
            CREATE TABLE bench.calls_bare (LIKE analytics_data.llm_calls INCLUDING ALL);
            ALTER TABLE bench.calls_bare ALTER cost_usd SET DEFAULT 0.001234, ALTER cost_source SET DEFAULT 'estimated';
            CREATE TRIGGER price_call BEFORE INSERT ON bench.calls_copied FOR EACH ROW EXECUTE FUNCTION analytics_internal.price_call();
            SELECT analytics.create_rollup('calls_copied', 'bench.calls_copied', 'created_at',
                '{"calls": "count(*)", "spend": "sum(cost_usd)"}')""")
    files = {}
    for kind, at in (("fresh", "now() + n * interval '600 us'"), ("late", "now() - interval '30 days' * (n / 1000001.0)")):
        files[kind] = folder / f"bench_{kind}"
        db.execute(f"""COPY (SELECT 'big', 'order-' || lpad(n::text, 9, '0'), bench.customer(n, 3, 300000), {at}, 12.5, 'pending'
            FROM generate_series(1, 1000000) n) TO '{files[kind]}'""")
    files["calls"] = folder / "bench_calls"
    db.execute(f"""COPY (SELECT 'big', 'call-' || lpad(n::text, 9, '0'), now() + n * interval '600 us', 'agent-' || n % 40, 'openai',
        'gpt-4o', 1000 + n % 1000, 200, 300 + n % 1000 FROM generate_series(1, 1000000) n) TO '{files['calls']}'""")
    for kind in ("fresh", "late"):
        times = {True: [], False: []}
        for turn in range(rounds):
            for on in ((True, False) if turn % 2 else (False, True)):
                trigger(db, "orders_copied", on)
                times[on].append(time_copy(db, "bench.orders_copied", files[kind], orders))
        slower(table, f"COPY of a million {kind} rows into a table with 4 indexes", 1e9 / statistics.median(times[True]),
               1e9 / statistics.median(times[False]), 12)
    times = {"copied": [], "bare": []}
    for turn in range(rounds):
        for name in (("copied", "bare") if turn % 2 else ("bare", "copied")):
            times[name].append(time_copy(db, f"bench.calls_{name}", files["calls"], calls))
    priced = db.value("SELECT count(*) FROM bench.calls_copied WHERE cost_source = 'computed'")
    if priced != 1000000:
        raise AssertionError(f"COPY priced {priced} calls of a million")
    table.at_most("COPY of a million calls, costs computed, against the same table without triggers",
                  statistics.median(times["copied"]), statistics.median(times["bare"]), 1.6)
    for file in files.values():
        db.execute("COPY (SELECT) TO PROGRAM %s", f"rm '{file}'")


def size(table, db, _small):
    orders = db.value("SELECT count(*) FROM analytics_data.orders")
    sets = sum(db.value(f"SELECT sum(pg_column_size(customers)) FROM analytics_store.order_stats_{level}") for level in ("base", "hour", "day"))
    disk = sum(db.value(f"SELECT pg_total_relation_size('analytics_store.order_stats_{level}')") for level in ("base", "hour", "day"))
    table.add("distinct sets of order_stats, all levels", f"{sets / orders:.0f} bytes an order", "", "", "at most 60", sets / orders <= 60)
    table.add("the stores of order_stats on disk, with indexes", f"{disk / orders:.0f} bytes an order", "", "", "")
