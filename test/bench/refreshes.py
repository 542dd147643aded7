"""What a refresh costs, against REFRESH MATERIALIZED VIEW CONCURRENTLY of the same sums by hour.

A refresh of orders also keeps each customer's first order and the customers who both ordered and had a session in an hour, which new
customers and conversions are read from: its opponent has a view of each too, and is shown without them as well."""
import statistics

from harness import say

# The measures of the rollups as plain aggregates; the sketches are left out, which spares the opponent a sort.
CALLS = """count(*) AS calls, sum(input_tokens)::bigint AS input_tokens, sum(output_tokens)::bigint AS output_tokens,
    sum(cost_usd) AS spend, count(*) FILTER (WHERE cost_usd IS NULL) AS unpriced_calls, count(*) FILTER (WHERE success) AS successes"""
SOURCES = {
    "orders": {
        "table": "analytics_data.orders",
        "insert": """INSERT INTO analytics_data.orders (tenant_id, order_id, customer_id, created_at, total_amount, status)
            SELECT 'big', gen_random_uuid(), 'cust-' || lpad((n * 7 % 10000)::text, 7, '0'), {at}, 10 + n % 90, 'pending'
            FROM generate_series(1, 1000) n""",
        "forget": "DELETE FROM analytics_data.orders WHERE order_id NOT LIKE 'order-%'",
        "views": {"order_stats": """SELECT tenant_id, date_trunc('hour', created_at) AS bucket,
            count(*) FILTER (WHERE status <> 'cancelled') AS orders,
            sum(total_amount) FILTER (WHERE status IN ('pending', 'fulfilled')) AS revenue,
            count(*) FILTER (WHERE status = 'fulfilled') AS fulfilled, count(*) FILTER (WHERE status = 'pending') AS pending,
            max(fulfilled_at) FILTER (WHERE status = 'fulfilled') AS last_fulfilled_at,
            count(DISTINCT customer_id) FILTER (WHERE status <> 'cancelled') AS customers__n
            FROM analytics_data.orders GROUP BY 1, 2"""},
        "companions": {
            "customer_first_orders": """SELECT tenant_id, customer_id, min(created_at) AS first_order_at FROM analytics_data.orders
                WHERE customer_id IS NOT NULL AND status <> 'cancelled' GROUP BY 1, 2""",
            "customer_overlaps": """SELECT tenant_id, hour, count(*) AS customers FROM
                (SELECT DISTINCT tenant_id, date_trunc('hour', created_at) AS hour, customer_id FROM analytics_data.orders
                    WHERE status <> 'cancelled') o
                JOIN (SELECT DISTINCT tenant_id, date_trunc('hour', started_at) AS hour, customer_id FROM analytics_data.shop_sessions) s
                    USING (tenant_id, hour, customer_id) GROUP BY 1, 2"""}},
    "llm_calls": {
        "table": "analytics_data.llm_calls",
        "insert": """INSERT INTO analytics_data.llm_calls (tenant_id, created_at, agent_id, provider, model, input_tokens,
                output_tokens, latency_ms)
            SELECT 'big', {at}, 'agent-' || lpad((n % 40)::text, 2, '0'), 'openai', 'gpt-4o', 1000 + n, 200, 300 + n
            FROM generate_series(1, 1000) n""",
        "forget": "DELETE FROM analytics_data.llm_calls WHERE call_id NOT LIKE 'call-%'",
        "views": {
            "llm_call_stats": f"""SELECT tenant_id, date_trunc('hour', created_at) AS bucket, {CALLS},
                count(DISTINCT agent_id) AS agents__n FROM analytics_data.llm_calls GROUP BY 1, 2""",
            "llm_calls_by_model": f"""SELECT tenant_id, date_trunc('hour', created_at) AS bucket, provider, model, {CALLS}
                FROM analytics_data.llm_calls GROUP BY 1, 2, 3, 4""",
            "llm_calls_by_agent": f"""SELECT tenant_id, date_trunc('hour', created_at) AS bucket, agent_id, {CALLS}
                FROM analytics_data.llm_calls GROUP BY 1, 2, 3"""},
        "companions": {}},
}
# Where the 1,000 rows go, and how many times cheaper the refresh must be. {s}: what is summarised; {k}: a number of its own
# for each refresh, so that late rows come into hours that have the usual rows and not those of the refreshes before.
CASES = [("1,000 new rows of a bucket that is complete now", "{s} - interval '15 minutes' * (n / 1000.1)", 300),
         ("1,000 late rows of one hour", "date_trunc('hour', {s}) - interval '1 hour' * (200 + {k} - n / 1000.1)", 300),
         ("1,000 late rows in 20 hours", "date_trunc('hour', {s}) - interval '1 hour' * (400 * (1 + n % 20) + {k} + n / 1000.1)", 200),
         ("1,000 late rows in 720 hours", "date_trunc('hour', {s}) - interval '1 hour' * (3000 + n % 720 + n / 1000.1)", 10)]


def columns(db, view):
    return ", ".join(row[0] for row in db.rows(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 ORDER BY attnum", f"bench.{view}"))


def make_views(db, source):
    for name, sql in {**source["views"], **source["companions"]}.items():
        if db.value("SELECT to_regclass(%s)", f"bench.{name}") is not None:
            continue
        say(f"materialized view {name}, {db.scale} M")
        keys = sql.split("GROUP BY ")[1].count(",") + 1
        db.execute(f"CREATE MATERIALIZED VIEW bench.{name} AS {sql}")
        db.execute(f"CREATE UNIQUE INDEX ON bench.{name} ({', '.join(columns(db, name).split(', ')[:keys])}) NULLS NOT DISTINCT")


def check_views(db, source, to):
    """Below `to`, the hours that are stored are those of the materialized views."""
    for name in source["views"]:
        mine, other = (f"SELECT {columns(db, name)} FROM {schema}{name}{suffix} WHERE bucket < '{to}'"
                       for schema, suffix in (("analytics_store.", "_hour"), ("bench.", "")))
        wrong = db.value(f"SELECT count(*) FROM (({mine} EXCEPT {other}) UNION ALL ({other} EXCEPT {mine})) d")
        if wrong:
            raise AssertionError(f"{name}: {wrong} hours differ from the materialized view")
    to = db.value("SELECT date_trunc('hour', min(summarised_to)) FROM analytics_store.rollups "
                  "WHERE name IN ('order_stats', 'session_stats')")
    for name in source["companions"]:
        at = columns(db, name).split(", ")[-1 if name == "customer_first_orders" else 1]
        mine, other = (f"SELECT {columns(db, name)} FROM {schema}.{name} WHERE {at} < '{to}'" for schema in ("analytics_store", "bench"))
        wrong = db.value(f"SELECT count(*) FROM (({mine} EXCEPT {other}) UNION ALL ({other} EXCEPT {mine})) d")
        if wrong:
            raise AssertionError(f"{name}: {wrong} rows differ from the materialized view")


def summarised_to(db, source):
    return db.value("SELECT summarised_to FROM analytics_store.rollups WHERE name = %s", next(iter(source["views"])))


def rewind(db, source):
    """As if the last refresh had been before the last complete bucket; nothing is changed but what readers take as stored."""
    db.execute("""UPDATE analytics_store.rollups SET summarised_to = summarised_to - interval '15 minutes'
        WHERE name = ANY (%s)""", list(source["views"]))


def refresh_once(db, source, case, new, number):
    stored = summarised_to(db, source)
    if new:
        rewind(db, source)
    db.execute(source["insert"].format(at=case.format(s=f"'{stored}'::timestamptz", k=number)))
    return db.clock(f"SELECT analytics.refresh_rollups('{next(iter(source['views']))}')")


def forget_new(db, source):
    """The bucket has its usual rows again for the next refresh."""
    db.execute(source["forget"])
    db.execute(f"SELECT analytics.refresh_rollups('{next(iter(source['views']))}')")


def refresh_view(db, name):
    return db.clock(f"REFRESH MATERIALIZED VIEW CONCURRENTLY bench.{name}")


def orders(table, large, small):
    measure("orders", table, large, small, turns=3, refreshes=3)


def calls(table, large, small):
    """The opponent needs minutes, so it has one turn a case."""
    measure("llm_calls", table, large, small, turns=1, refreshes=7)


def measure(kind, table, large, small, turns, refreshes):
    source = SOURCES[kind]
    for db in filter(None, (large, small)):
        db.now()
        make_views(db, source)
        db.execute(f"ANALYZE {source['table']}")
    for number, (question, case, goal) in enumerate(CASES):
        mine, other, alone, less = [], [], [], []
        for turn in range(turns):
            for again in range(refreshes):
                for db, times in ((large, mine), (small, less)):
                    if not db:
                        continue
                    if number == 0 and times:
                        forget_new(db, source)
                    times.append(refresh_once(db, source, case, number == 0, len(times)))
            alone.append(sum(refresh_view(large, v) for v in source["views"]))
            other.append(alone[-1] + sum(refresh_view(large, v) for v in source["companions"]))
            check_views(large, source, large.value("SELECT date_trunc('hour', %s)", summarised_to(large, source)))
        cost, count = statistics.median(mine), len(source["views"])
        parts = f"{count} rollups" if count > 1 else "rollup, first orders, overlaps"
        table.faster(f"refresh of {kind} ({parts}): {question}", cost,
                     statistics.median(other), goal)
        if source["companions"]:
            table.compare("its opponent without first orders and overlaps", cost, statistics.median(alone))
        if small and number < 2:
            table.at_most(f"the same, {large.scale} M against {small.scale} M", cost, statistics.median(less), 1.5)
    for db in filter(None, (large, small)):  # the next question finds the data as they were made
        db.execute(source["forget"])
        db.execute(f"VACUUM ANALYZE {source['table']}")
        db.now()
