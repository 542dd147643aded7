"""A database with the extension, a tenant's facts and roles, and a call of each function: what the tests of this folder begin with."""
import pathlib
import re

import psycopg2

HERE = pathlib.Path(__file__).resolve().parent

# Needed by functions that tests of their own call (test/limits).
MORE_SAMPLES = {"limit_class": "'free'", "bucket_key": "'someone'"}


def samples():
    """What a function that needs an argument is asked with: as test/tap/include/calls.sql has them."""
    text = (HERE.parent / "tap/include/calls.sql").read_text()
    return re.search(r"CREATE TABLE probe\.samples.*?;\nINSERT INTO probe\.samples VALUES .*?;\n", text, re.S).group(0)


def prepare(database):
    admin = psycopg2.connect(dbname="postgres")
    admin.autocommit = True
    admin.cursor().execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")
    admin.cursor().execute(f"CREATE DATABASE {database}")
    admin.close()
    raw = psycopg2.connect(dbname=database)
    raw.autocommit = True
    cursor = raw.cursor()
    cursor.execute("SET client_min_messages = warning; CREATE EXTENSION agent_analytics; SELECT analytics.install(); SELECT analytics.setup_roles(); CREATE SCHEMA probe")
    cursor.execute(samples())
    cursor.execute((HERE.parent / "api/data.sql").read_text())
    cursor.execute("ALTER DATABASE " + database + " SET agent_analytics.tenant = 'north'")
    cursor.execute("""SELECT p.proname, p.pronargs, p.pronargdefaults, p.proargnames, (SELECT array_agg(format_type(t, NULL) ORDER BY i) FROM unnest(p.proargtypes) WITH ORDINALITY a(t, i))
        FROM pg_proc p WHERE p.pronamespace = 'analytics'::regnamespace AND p.prokind = 'f' AND p.prorettype <> 'trigger'::regtype ORDER BY 1""")
    functions = [(name, count, defaults, (names or [])[:count] or [""] * count, types or []) for name, count, defaults, names, types in cursor.fetchall()]
    cursor.execute("SELECT argument, expression FROM probe.samples")
    return functions, {**dict(cursor.fetchall()), **MORE_SAMPLES}


def call_of(function, sample, chosen=None, value=None):
    """A call with `value` as the argument `chosen`; others that are needed are samples, the rest have their defaults."""
    name, count, defaults, names, types = function
    parts = []
    for i in range(count):
        if i == chosen:
            expression = value
        elif i >= count - defaults:
            continue
        elif names[i] == "p":
            expression = "'{0.5}'" if types[i].endswith("[]") else "0.5"
        elif name == "record_task" and names[i] == "status":
            expression = "'completed'"
        else:
            expression = sample[names[i]]
        parts.append(f'"{names[i]}" => {expression}' if names[i] else expression)
    return f"SELECT count(f::text) FROM analytics.{name}({', '.join(parts)}) f"
