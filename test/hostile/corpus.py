"""What each type of argument is tried with: nothing, extremes, what looks like something else. Literals as SQL writes them."""

TEXTS = ["", " ", "x", "\t\n\r", "%s%n%d", "$1", "'; DROP TABLE analytics_data.orders; --", "\" OR \"1\"=\"1", "\\", "\\'", "{\"a\": 1}", "[]", "null", "NaN", "-1",
         "infinity", "2026-02-30", "../../etc/passwd", "<script>alert(1)</script>", "=cmd|' /C calc'!A0", "\u00e9\u4e2d\U0001f600", "\ufeff\u202e\u200b", "\uffff", "day", "1h",
         "365000d", "999999999999mo", "created_at", "tenant_id", "Europe/Berlin", "pg_catalog", "a" * 201, "(" * 5000, "1+" * 3000 + "1", "z" * 300000]
DEEP = "[" * 2000 + "]" * 2000
DEEP_OBJECT = '{"a":' * 2000 + "1" + "}" * 2000
JSONS = ["null", "{}", "[]", "1", "\"text\"", "true", "[null]", "[1, \"x\", {}]", "[[]]", "{\"a\": null}", "{\"\": {}}", "{\"a\": {\"b\": [1e400]}}", "[{}]", "-1e-400", DEEP, DEEP_OBJECT,
         "[" + ",".join(["{}"] * 3000) + "]", "{" + ",".join(f'"k{i}": {i}' for i in range(3000)) + "}", "{\"kind\": \"order\", \"order_id\": []}", "{\"resourceSpans\": [1, {}, {\"scopeSpans\": [null]}]}",
         "{\"resourceSpans\": [{\"scopeSpans\": [{\"spans\": [{\"traceId\": 5, \"spanId\": \"zz\", \"startTimeUnixNano\": \"-9223372036854775808\"}]}]}]}", "{\"customer_id\": [null]}",
         "{\"x\": \"" + "y" * 100000 + "\"}"]
INSTANTS = ["infinity", "-infinity", "4713-01-01 00:00:00+00 BC", "294276-12-31 23:59:59.999999+00", "0001-01-01 00:00:00+00 BC", "0001-01-01", "9999-12-31 23:59:59.999999+00",
            "1970-01-01", "2000-01-01", "2026-03-02 10:07:00.000001+00", "2026-03-29 02:30:00 Europe/Berlin"]
INTS = ["0", "1", "-1", "2", "100", "2147483647", "(-2147483648)"]
FLOATS = ["0", "-0.0", "1", "-1", "0.5", "1e-300", "5e-324", "1e308", "-1e308", "NaN", "Infinity", "-Infinity"]
NUMERICS = ["0", "-1", "1", "0.5", "NaN", "Infinity", "-Infinity", "1e400", "1e-400", "-1e400", "99999999999999999999.999999999999", "1e100000"]


def quote(text):
    """A literal that means the text whatever it holds."""
    return "E'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def values(kind):
    """SQL expressions for an argument of the type."""
    if kind.endswith("[]"):
        element = kind[:-2]
        one = values(element)[1:6]
        return (["NULL::" + kind, f"'{{}}'::{kind}", f"'{{NULL}}'::{kind}", f"ARRAY[NULL, {one[0]}]::{kind}"] + [f"ARRAY[{v}]::{kind}" for v in values(element)[1:30]] +
                [f"array_fill({one[1]}::{element}, ARRAY[100000])", f"array_fill({one[2]}::{element}, ARRAY[40])", f"array_fill({one[1]}::{element}, ARRAY[20, 20])"])
    if kind in ("text", "name", "character varying"):
        return ["NULL::" + kind] + [quote(t) + "::" + kind for t in TEXTS]
    if kind in ("json", "jsonb"):
        return ["NULL::" + kind] + [quote(j) + "::" + kind for j in JSONS]
    if kind in ("timestamp with time zone", "date"):
        return ["NULL::" + kind] + [f"'{i}'::timestamptz::{kind}" if kind == "date" else f"'{i}'::{kind}" for i in INSTANTS if kind != "date" or "inf" not in i] + \
            (["'infinity'::date", "'-infinity'::date", "'5874897-12-31'::date", "'4713-01-01 BC'::date"] if kind == "date" else [])
    if kind in ("integer", "smallint", "bigint"):
        extremes = {"bigint": ["9223372036854775807", "(-9223372036854775808)"], "integer": INTS[-2:], "smallint": ["32767", "(-32768)"]}[kind]
        return ["NULL::" + kind] + [f"{i}::{kind}" for i in INTS[:-2] + extremes]
    if kind in ("double precision", "real"):
        return ["NULL::" + kind] + [f"'{f}'::{kind}" for f in FLOATS if kind == "double precision" or "e" not in f]
    if kind == "numeric":
        return ["NULL::numeric"] + [f"'{n}'::numeric" for n in NUMERICS]
    if kind == "boolean":
        return ["NULL::boolean", "true", "false"]
    if kind == "interval":
        return ["NULL::interval"] + [f"'{i}'::interval" for i in ("0", "1 microsecond", "-1 year", "1 month", "178000000 years", "-178000000 years", "2147483647 days", "15 minutes")]
    if kind == "uuid":
        return ["NULL::uuid", "'00000000-0000-0000-0000-000000000000'::uuid", "'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid"]
    if kind == "inet":
        return ["NULL::inet"] + [f"'{a}'::inet" for a in ("0.0.0.0/0", "::/0", "255.255.255.255", "127.0.0.1", "10.1.2.3/8", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::ffff:1.2.3.4")]
    if kind == "regclass":
        return ["NULL::regclass", "0::regclass", "4294967295::regclass", "'pg_class'::regclass", "'pg_class_oid_index'::regclass", "'analytics_data.orders'::regclass", "'analytics_store.sources'::regclass",
                "'analytics.order_stats'::regclass", "'analytics_store.note_below_1'::regclass", "'information_schema.tables'::regclass"]
    if kind == "bytea":
        return ["NULL::bytea", "''::bytea", "'\\x00'::bytea", "decode(repeat('ff', 100000), 'hex')"]
    if kind.endswith("quantile_sketch"):
        return [f"NULL::{kind}", "(SELECT analytics.quantiles(x) FROM unnest('{}'::float8[]) x)", "(SELECT analytics.quantiles(x) FROM unnest('{0,-1e308,1e308,5e-324}'::float8[]) x)"]
    if kind.endswith("distinct_set"):
        return [f"NULL::{kind}", "(SELECT analytics.distinct_set(x) FROM unnest('{}'::text[]) x)", "(SELECT analytics.distinct_set(x) FROM unnest('{-9223372036854775808,9223372036854775807,0}'::bigint[]) x)"]
    if kind in ("anyelement", "anynonarray"):
        return ["NULL::text", "'x'::text", "1::bigint", "'NaN'::float8"]
    return None
