"""The tables of the random test, their rollups, and the statements that compare a rollup with its source.

The comparisons are written by hand in plain SQL: nothing of the engine's own text is used for the source's side.
"""
import random

TENANTS = ['acme', 'blue', 'crow']
KINDS = ['call', 'mail', 'chat', None]
PARTS_OF_DAY = 6  # partitions of four hours
DAYS = range(-4, 5)

# What a rollup measures, as create_rollup takes it, and as plain SQL says it over the source's rows.
# (name, measure, plain SQL, how to compare): exact, near (1e-9 relative), sketch (by its quantiles).
MEASURES = {
    'rows': ('count(*)', 'count(*)', 'exact'),
    'scored': ('count(score)', 'count(score)', 'exact'),
    'amount': ('sum(amount)', 'sum(amount)', 'exact'),
    'large': ("sum(amount) FILTER (WHERE kind = 'call' AND n > 40)", "sum(amount) FILTER (WHERE kind = 'call' AND n > 40)",
              'exact'),
    'units': ('sum(n)', 'sum(n)', 'exact'),
    'least': ('min(amount)', 'min(amount)', 'exact'),
    'greatest': ('max(n)', 'max(n)', 'exact'),
    'earliest': ('min(at)', 'min(at)', 'exact'),
    'score': ('sum(score)', 'sum(score)', 'near'),
    'mean': ('avg(score)', 'avg(score)', 'near'),
    'mean_n': ('avg(n)', 'avg(n)', 'near'),
    'customers': ('distinct(customer)', 'count(DISTINCT customer)', 'distinct'),
    'agents': ('distinct(agent) FILTER (WHERE n % 2 = 0)', 'count(DISTINCT agent) FILTER (WHERE n % 2 = 0)', 'distinct'),
    'times': ('quantiles(score)', 'analytics.quantiles(score)', 'sketch'),
}


class Rollup:
    """A rollup under test: its definition and its comparisons."""

    def __init__(self, name, source, minutes, measures, dimensions=(), tenants=True):
        self.name, self.source, self.minutes, self.tenants = name, source, minutes, tenants
        self.measures, self.dimensions = measures.split(), list(dimensions)

    def create(self):
        pairs = ', '.join("'%s', %s" % (m, quote(MEASURES[m][0])) for m in self.measures)
        return ("SELECT analytics.create_rollup('%s', 'public.%s', 'at', jsonb_build_object(%s), '{%s}', '%d minutes')"
                % (self.name, self.source, pairs, ','.join(self.dimensions), self.minutes))

    def difference(self):
        """Rows in which the view and the same sums over the source differ: one statement, one snapshot."""
        tenant = 'tenant_id' if self.tenants else "''::text AS tenant_id"
        dims = ''.join(', ' + d for d in self.dimensions)
        shown, plain, wrong = [], [], []
        for m in self.measures:
            _, sql, how = MEASURES[m]
            plain.append('%s AS %s' % (sql, m))
            if how == 'distinct':
                shown += ['%s__n AS %s' % (m, m), 'analytics.cardinality(%s) AS %s_set' % (m, m)]
                wrong.append('v.%s IS DISTINCT FROM p.%s OR coalesce(v.%s_set, 0) IS DISTINCT FROM p.%s' % (m, m, m, m))
            elif how == 'sketch':
                shown.append(m)
                wrong += ['(v.{0} IS NULL) <> (p.{0} IS NULL)'.format(m)]
                wrong += [near('analytics.quantile(v.%s, %s)' % (m, q), 'analytics.quantile(p.%s, %s)' % (m, q))
                          for q in ('0', '0.5', '1')]
            elif how == 'near':
                shown.append(m)
                wrong.append(near('v.' + m, 'p.' + m))
            else:
                shown.append(m)
                wrong.append('v.%s IS DISTINCT FROM p.%s' % (m, m))
        keys = ' AND '.join(['v.tenant_id = p.tenant_id', 'v.bucket = p.bucket'] +
                            ["coalesce(v.{0}, '~') = coalesce(p.{0}, '~')".format(d) for d in self.dimensions])
        return (
            "SELECT '{name}' AS rollup, v.tenant_id AS vt, v.bucket AS vb, v.rows AS vn, p.tenant_id AS pt, p.bucket AS pb, "
            "p.rows AS pn, to_jsonb(v)::text AS v, to_jsonb(p)::text AS p\n"
            "FROM (SELECT tenant_id, bucket{dims}, {shown} FROM analytics.{name}) v\n"
            "FULL JOIN (SELECT {tenant}, date_bin('{minutes} minutes', at, '2000-01-01 00:00Z') AS bucket{dims}, {plain}\n"
            "  FROM public.{source} WHERE isfinite(at) GROUP BY 1, 2{dims}) p ON {keys}\n"
            "WHERE v.tenant_id IS NULL OR p.tenant_id IS NULL OR {wrong}"
        ).format(name=self.name, dims=dims, shown=', '.join(shown), tenant=tenant, minutes=self.minutes,
                 plain=', '.join(plain), source=self.source, keys=keys, wrong='\n OR '.join(wrong))

    def levels_difference(self):
        """Rows in which the hours or days stored are not the sum of what is stored below them."""
        sums = [m for m in self.measures if m in ('rows', 'amount', 'units', 'customers')]
        same = {'customers': 'analytics.cardinality(analytics.merge(customers))'}
        dims = ''.join(', ' + d for d in self.dimensions)
        steps = [('hour', 'day', '1 day')]
        if self.minutes < 60:
            steps.append(('base', 'hour', '1 hour'))
        parts = []
        for fine, coarse, width in steps:
            keys = ''.join(" AND coalesce(c.{0}, '~') = coalesce(f.{0}, '~')".format(d) for d in self.dimensions)
            columns = ', '.join('%s AS %s' % (same.get(m, 'sum(%s)' % m), m) for m in sums)
            wrong = ' OR '.join('c.{0} IS DISTINCT FROM f.{0}'.format(m if m != 'customers' else 'customers_n') for m in sums)
            coarse_columns = ', '.join('customers__n AS customers_n' if m == 'customers' else m for m in sums)
            parts.append(
                "SELECT '{name}_{coarse}' AS rollup, c.tenant_id AS vt, c.bucket AS vb, c.rows AS vn, f.tenant_id AS pt, "
                "f.bucket AS pb, f.rows::bigint AS pn, to_jsonb(c)::text AS v, to_jsonb(f)::text AS p "
                "FROM (SELECT tenant_id, bucket{dims}, {coarse_columns} FROM analytics_store.{name}_{coarse}) c FULL JOIN "
                "(SELECT tenant_id, date_bin('{width}', bucket, '2000-01-01 00:00Z') AS bucket{dims}, {columns} "
                "FROM analytics_store.{name}_{fine} WHERE bucket < (SELECT date_bin('{width}', summarised_to, '2000-01-01 00:00Z') "
                "FROM analytics_store.rollups WHERE name = '{name}' AND isfinite(summarised_to)) GROUP BY 1, 2{dims}) f "
                "ON c.tenant_id = f.tenant_id AND c.bucket = f.bucket{keys} "
                "WHERE c.tenant_id IS NULL OR f.tenant_id IS NULL OR {wrong}".format(
                    name=self.name, fine=fine, coarse=coarse, width=width, dims=dims, keys=keys, wrong=wrong,
                    columns=columns.replace(' AS customers', ' AS customers_n'), coarse_columns=coarse_columns))
        return '\nUNION ALL\n'.join(parts)


def near(a, b):
    return ('({0} IS NULL) <> ({1} IS NULL) OR abs({0} - {1}) > 1e-9 * greatest(abs({0}), abs({1}))').format(a, b)


def quote(text):
    return "'" + text.replace("'", "''") + "'"


ROLLUPS = [
    Rollup('plain_5', 'plain', 5, 'rows amount large customers times'),
    Rollup('plain_15', 'plain', 15, 'rows scored amount units least greatest score mean customers agents', ['kind']),
    Rollup('plain_60', 'plain', 60, 'rows large earliest mean_n agents times'),
    Rollup('parts_5', 'parts', 5, 'rows amount units score customers', ['kind']),
    Rollup('parts_15', 'parts', 15, 'rows large least mean agents times'),
    Rollup('parts_60', 'parts', 60, 'rows amount customers', ['kind', 'region']),
    Rollup('free_1', 'free', 1, 'rows amount units customers times', tenants=False),
    Rollup('free_60', 'free', 60, 'rows scored greatest mean agents', ['region'], tenants=False),
]
SOURCES = ['plain', 'parts', 'free']

COLUMNS = """at timestamptz, kind text, region text, amount numeric(12,3), score double precision, n integer,
    customer text, agent integer, remark text, owner_id integer, id bigint"""
OTHER_ORDER = """id bigint, gone integer, owner_id integer, customer text, at timestamptz, score double precision,
    tenant_id text NOT NULL, region text, n integer, amount numeric(12,3), remark text, agent integer, kind text"""


def partitions():
    """(name, from, to) of the partitions: the ends reach to infinity, one is divided again by tenant."""
    hours = [24 * d + 24 // PARTS_OF_DAY * p for d in DAYS for p in range(PARTS_OF_DAY)]
    edges = ['MINVALUE'] + ["'{0}'".format(h) for h in hours] + ['MAXVALUE']
    return [('parts_%d' % i, edges[i], edges[i + 1]) for i in range(len(edges) - 1)]


def build(cursor):
    """Makes everything in an empty database. `origin` is the hour the partitions are counted from."""
    run = cursor.execute
    run("CREATE EXTENSION agent_analytics")
    run("SELECT analytics.install()")
    run("SELECT date_trunc('hour', now())")
    origin = cursor.fetchone()[0]
    run("CREATE TABLE owners (owner_id integer PRIMARY KEY)")
    run("INSERT INTO owners SELECT generate_series(1, 40)")
    run("CREATE SEQUENCE ids")
    run("CREATE TABLE audit (what text, at timestamptz)")
    reference = "ALTER TABLE {0} ADD FOREIGN KEY (owner_id) REFERENCES owners ON DELETE CASCADE ON UPDATE CASCADE"
    run("CREATE TABLE plain (tenant_id text NOT NULL, " + COLUMNS + ", PRIMARY KEY (tenant_id, id))")
    run("CREATE TABLE parts (tenant_id text NOT NULL, " + COLUMNS + ") PARTITION BY RANGE (at)")
    run("CREATE TABLE free (" + COLUMNS + ", PRIMARY KEY (id))")
    for i, (name, low, high) in enumerate(partitions()):
        bounds = [e if e.endswith('VALUE') else "'%s'" % (origin + hours(int(e.strip("'")))) for e in (low, high)]
        make_partition(run, name, bounds, i)
    for table in SOURCES:
        run("CREATE INDEX ON {0} (at)".format(table))
    run(reference.format('plain'))
    run(reference.format('free'))
    run("""CREATE FUNCTION write_audit() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO public.audit VALUES (TG_OP, coalesce(NEW.at, OLD.at));
            RETURN NULL;
        END $$""")
    run("CREATE TRIGGER a_audit AFTER INSERT OR UPDATE ON plain FOR EACH ROW WHEN (NEW.n % 9 = 0) EXECUTE FUNCTION write_audit()")
    run("""CREATE FUNCTION echo_later() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO public.plain (tenant_id, at, kind, amount, n, id)
            VALUES ('acme', NEW.at - interval '20 minutes', 'call', 1.5, 1, nextval('public.ids'));
            RETURN NULL;
        END $$""")
    run("""CREATE CONSTRAINT TRIGGER echo AFTER INSERT ON free DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
        WHEN (NEW.n % 11 = 0 AND isfinite(NEW.at)) EXECUTE FUNCTION echo_later()""")
    for table in ('plain', 'parts'):
        run("ALTER TABLE {0} ENABLE ROW LEVEL SECURITY".format(table))
        run("CREATE POLICY tenant_isolation ON {0} USING (tenant_id = (SELECT analytics.current_tenant()))".format(table))
    run("GRANT USAGE ON SCHEMA analytics, analytics_internal, analytics_store TO random_reader")
    run("GRANT SELECT ON ALL TABLES IN SCHEMA public TO random_reader")
    for rollup in ROLLUPS:
        run(rollup.create())
        for measure in rollup.measures:
            if measure in ('rows', 'amount', 'customers'):
                run("SELECT analytics.define_metric('{0}_{1}', '{0}', '{1}')".format(rollup.name, measure))
    for table in SOURCES:
        reset_lag(run, table)
    return origin


def make_partition(run, name, bounds, number, attach=True):
    """A partition; every second has its columns in another order and one dropped, every seventh is divided by tenant."""
    if number % 7 == 3:
        run("CREATE TABLE {0} (tenant_id text NOT NULL, {1}) PARTITION BY LIST (tenant_id)".format(name, COLUMNS))
        run("CREATE TABLE {0}_a PARTITION OF {0} FOR VALUES IN ('acme')".format(name))
        run("CREATE TABLE {0}_b ({1})".format(name, OTHER_ORDER.replace('gone integer, ', '')))
        run("ALTER TABLE {0} ATTACH PARTITION {0}_b DEFAULT".format(name))
    elif number % 2 == 1:
        run("CREATE TABLE {0} ({1})".format(name, OTHER_ORDER))
        run("ALTER TABLE {0} DROP COLUMN gone".format(name))
    else:
        run("CREATE TABLE {0} (tenant_id text NOT NULL, {1})".format(name, COLUMNS))
    if attach:
        run("ALTER TABLE parts ATTACH PARTITION {0} FOR VALUES FROM ({1}) TO ({2})".format(name, *bounds))


def reset_lag(run, table):
    """Lets the limit start three days ago: each refresh of the test moves it on (operations.refresh)."""
    run("UPDATE analytics_store.sources SET lag = interval '3 days' WHERE relation = 'public.{0}'::regclass".format(table))


def hours(n):
    import datetime
    return datetime.timedelta(hours=n)


def row(rng, center):
    """A random row as a dict; times lie about the instant `center`, which is the limit that writers read."""
    import datetime
    minutes = datetime.timedelta(minutes=1)
    kind = rng.random()
    if kind < 0.40:
        at = center + rng.uniform(-20, 20) * minutes
    elif kind < 0.50:
        at = center + rng.randrange(-6, 7) * 5 * minutes
    elif kind < 0.80:
        at = center - rng.expovariate(1 / 300) * minutes
    elif kind < 0.90:
        at = center - rng.uniform(0, 3) * 1440 * minutes
    elif kind < 0.98:
        at = center + rng.uniform(0, 180) * minutes
    elif kind < 0.99:
        at = datetime.datetime(1987, 3, 2, 13, 59, 59, 999999, datetime.timezone.utc) + rng.uniform(0, 60) * minutes
    else:
        at = rng.choice([None, 'infinity', '-infinity'])
    return {
        'tenant_id': rng.choice(TENANTS), 'at': at, 'kind': rng.choice(KINDS), 'region': rng.choice(['eu', 'us', None]),
        'amount': rng.choice([None, round(rng.uniform(0, 1000), 3)]), 'score': rng.choice([None, rng.uniform(0.001, 1e6)]),
        'n': rng.randrange(0, 100), 'customer': rng.choice([None, 'c%d' % rng.randrange(40)]),
        'agent': rng.choice([None, rng.randrange(60)]), 'remark': 'x' * rng.randrange(0, 20),
        'owner_id': rng.choice([None, rng.randrange(1, 40)]),
    }


if __name__ == '__main__':
    for r in ROLLUPS:
        print(r.create() + ';\n' + r.difference() + ';\n' + r.levels_difference() + ';\n')
    print(row(random.Random(1), __import__('datetime').datetime.now()))
