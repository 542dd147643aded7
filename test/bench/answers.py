"""Functions against plain SQL, and against a C function that reads the store."""
import datetime
import itertools
import statistics

from harness import Connection, alternate, ms, plain, same

TRENDS = "SELECT * FROM analytics.get_hourly_trends(168, $1)"
SERIES = "SELECT \"timestamp\", value FROM analytics.get_metric_series('{}', '1h', '168h', as_of => $1)"


def against_plain(table, db, question, ours, plain_sql, goal, as_of, rounds=9, approximate=()):
    """One question both ways, in turn; the answers must be equal. The greatest error of approximate columns."""
    error = same(db.ask(ours, as_of), db.plain.ask(plain_sql, as_of), question, approximate)
    mine, other = alternate(rounds, (10, lambda: db.time(ours, as_of)), (1, lambda: db.plain.time(plain_sql, as_of)))
    table.faster(question, mine, other, goal)
    return error


def hourly_sum(table_name, time_column, expression):
    return f"""SELECT h, coalesce(v, 0)
        FROM generate_series(date_trunc('hour', $1 - interval '168 hours') + interval '1 hour', $1, '1 hour') h
        LEFT JOIN (SELECT date_trunc('hour', {time_column}) AS hour, {expression} AS v FROM {table_name}
                   WHERE tenant_id = 'big' AND {time_column} >= date_trunc('hour', $1 - interval '168 hours') + interval '1 hour'
                     AND {time_column} <= $1 GROUP BY 1) s ON s.hour = h ORDER BY h"""


def trends(table, large, small):
    """168 hours with 13 columns, and one sum an hour, the running hour included, through the metric layer."""
    for db, goal in ((large, 150), (small, 20)):
        if db:
            as_of = db.now()
            against_plain(table, db, f"get_hourly_trends(168), {db.scale} M", TRENDS, plain("hourly_trends"), goal, as_of)
            spend = hourly_sum("analytics_data.llm_calls", "created_at", "sum(cost_usd)")
            against_plain(table, db, f"get_metric_series('spend', '1h', '168h'), {db.scale} M", SERIES.format("spend"), spend, goal, as_of)


def direct(table, large, _small):
    """The 168 rows of the hour store: how near a general function comes to one that knows them."""
    db = large
    now = db.now()
    stored_to = db.value("SELECT date_trunc('hour', summarised_to) FROM analytics_store.rollups WHERE name = 'order_stats'")
    last = db.value("SELECT %s - interval '1 microsecond'", stored_to)  # all 168 hours are stored
    read = "SELECT * FROM bench.direct_read('big', $1 - interval '168 hours' + interval '1 us', $1 + interval '1 us')"
    series = SERIES.format("revenue")
    same(db.ask(series, last), db.ask(read, last), "direct read")
    # The trends leave the running hour out by themselves; asked as of an earlier moment they would also have to undo the
    # fulfilments since.
    own, open_hour, thirteen, yardstick = alternate(
        15, (20, lambda: db.time(series, last)), (20, lambda: db.time(series, now)), (20, lambda: db.time(TRENDS, now)),
        (20, lambda: db.time(read, last)))
    table.at_most("get_metric_series of a sum, 168 stored hours, against C that reads them", own, yardstick, 1.7)
    table.at_most("the same with the running hour, refreshed just before", open_hour, yardstick, 1.7)
    table.at_most("get_hourly_trends(168) against the same C", thirteen, yardstick, 6)


def growth(table, large, small):
    """Ten times the rows, the same answer: what it costs more."""
    if small is None:
        return
    as_of = {db: db.now() for db in (large, small)}
    for question, sql in (("get_hourly_trends(168)", TRENDS),
                          ("get_metric_series('spend', '1h', '168h')", SERIES.format("spend"))):
        many, few = alternate(15, *[(20, lambda db=db, sql=sql: db.time(sql, as_of[db])) for db in (large, small)])
        table.at_most(f"{question}: {large.scale} M against {small.scale} M", many, few, 1.5)


def summary(table, large, _small):
    """Each time at another moment, so that the ends of the windows and what is read of the source differ; and the first
    time of a session, which has read nothing yet and plans its statements."""
    ours, theirs, as_of = "SELECT * FROM analytics.get_dashboard_summary($1)", plain("dashboard_summary"), large.now()
    same(large.ask(ours, as_of), large.plain.ask(theirs, as_of), "get_dashboard_summary")
    earlier = itertools.count()

    def at_another_moment(db, sql):
        return db.time(sql, as_of - datetime.timedelta(milliseconds=next(earlier)))

    mine, other = alternate(9, (10, lambda: at_another_moment(large, ours)), (1, lambda: at_another_moment(large.plain, theirs)))
    table.faster("get_dashboard_summary()", mine, other, 100)
    first = statistics.median(Connection(large.raw.info.dbname).time(ours, as_of) for _ in range(9))
    table.add("the first of a session", ms(first), "", "", "")


def spend(table, large, _small):
    against_plain(table, large, "get_trends('90d', 'spend')", "SELECT * FROM analytics.get_trends('90d', 'spend', as_of => $1)",
                  plain("spend_trend"), 1500, large.now(), rounds=5)


def breakdown(table, large, _small):
    as_of = large.now()
    question = "get_cost_breakdown('30d', 'model')"
    error = against_plain(table, large, question, """
        SELECT key, call_count, input_tokens, output_tokens, cost_usd, cost_pct, avg_latency_ms, p95_latency_ms, success_rate
        FROM analytics.get_cost_breakdown('30d', 'model', as_of => $1)""",
                          plain("cost_breakdown"), 200, as_of, rounds=5, approximate={6: 1e-3, 7: 0.01})
    table.add("its p95, greatest relative error", "", "percentile_cont", f"{100 * error:.2f} %", "at most 1 %", error <= 0.01)


def agents(table, large, _small):
    """p50, p95 and p99 of each agent's calls over 30 days."""
    as_of = large.now()
    question = "p50, p95, p99 by agent: get_cost_breakdown('30d', 'agent')"
    ours = """SELECT key, p50_latency_ms, p95_latency_ms, p99_latency_ms
              FROM analytics.get_cost_breakdown('30d', 'agent', as_of => $1) ORDER BY key"""
    error = against_plain(table, large, question, ours, plain("agent_latency"), 200, as_of, rounds=5,
                          approximate={1: 0.01, 2: 0.01, 3: 0.01})
    table.add("their greatest relative error", "", "percentile_cont", f"{100 * error:.2f} %", "at most 1 %", error <= 0.01)
