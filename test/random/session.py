"""One session of the random test: what it does next is drawn from its own random numbers."""
import datetime
import io
import os
import random
import time

import psycopg2
import psycopg2.extensions

import tables

MINUTE = datetime.timedelta(minutes=1)
EPOCH = datetime.datetime(2000, 1, 1, tzinfo=datetime.timezone.utc)

# What sessions that lock, detach and drop at random may do to each other. Anything else fails the test.
EXPECTED = {
    '40001',  # serialization failure
    '40P01',  # deadlock
    '55P03',  # lock_timeout
    '57014',  # cancelled on purpose
    '57P01',  # terminated on purpose
    '23505',  # the same key from two sessions
    '23503',  # an owner deleted meanwhile
    '23514',  # no partition, or rows that do not fit one
    '42P01', '42P07', '42710', '42704', 'PT404',  # a table, rollup or prepared transaction just dropped or made
    '42P17', '42809',  # a partition attached or detached meanwhile
    '55006',  # TRUNCATE of a table that a cursor reads
    '55000',  # a partition being detached concurrently
    '53200',  # no slot for another prepared transaction
    '25006',  # made read only on purpose
    '2BP01',  # a partition's trigger
}


class Difference(Exception):
    pass


class Session:
    def __init__(self, seed, number, dsn, deadline, counters, stop):
        self.rng = random.Random('%s/%s' % (seed, number))
        self.number, self.dsn, self.deadline, self.counters, self.stop = number, dsn, deadline, counters, stop
        self.log, self.prepared, self.connection, self.errors = [], 0, None, {}
        folder = os.environ.get('RANDOM_LOG')  # all statements, to look for what led to a difference
        self.file = open('%s/%d' % (folder, number), 'w', buffering=1) if folder else None

    # --- running statements -------------------------------------------------------------------------------------------

    def connect(self):
        while True:
            try:
                self.connection = psycopg2.connect(self.dsn + ' application_name=random_%d' % self.number)
                break
            except psycopg2.OperationalError:
                time.sleep(0.05)
        self.connection.autocommit = True
        self.cursor = self.connection.cursor()
        self.run("SET lock_timeout = '300ms'; SET deadlock_timeout = '50ms'; SET agent_analytics.refresh_wait = %s"
                 % self.rng.choice([0, 5, 30, 100]))

    def run(self, sql, values=None):
        self.remember(sql if values is None else self.cursor.mogrify(sql, values).decode())
        self.cursor.execute(sql, values)
        return self.cursor.fetchall() if self.cursor.description else []

    def remember(self, what):
        self.log.append((time.time(), what))
        del self.log[:-400]
        if self.file:
            self.file.write('%.4f %d %s\n' % (time.time(), self.number, ' '.join(what.split())))

    def count(self, what, n=1):
        with self.counters[what].get_lock():
            self.counters[what].value += n

    def attempt(self, work):
        """Does something that another session may spoil; whatever was open is rolled back then."""
        try:
            work()
            return True
        except psycopg2.Error as error:
            state = error.pgcode
            self.remember('-- %s %s' % (state, str(error).split('\n')[0]))
            if state is None and isinstance(error, (psycopg2.OperationalError, psycopg2.InterfaceError)):
                state = '57P01'
            self.errors[state] = self.errors.get(state, 0) + 1
            if state not in EXPECTED:
                raise
            try:
                if self.connection.info.transaction_status != psycopg2.extensions.TRANSACTION_STATUS_IDLE:
                    self.run('ROLLBACK')
                self.run('RESET ROLE')
            except (psycopg2.OperationalError, psycopg2.InterfaceError):
                self.connect()
            return False

    def chance(self, p):
        return self.rng.random() < p

    # --- comparing ----------------------------------------------------------------------------------------------------

    def differ(self, how, rows):
        self.count('differences')
        times = sorted(str(row[2] or row[5]) for row in rows)
        lines = ['DIFFERENCE found by session %d (%s): %d rows from %s to %s' % (self.number, how, len(rows), times[0], times[-1])]
        for row in rows[:5]:
            lines.append('  view   %s %s %s rows %s\n  source %s %s rows %s\n    %s\n    %s' % (tuple(row[:4]) + tuple(row[4:])))
        try:
            for what in ("SELECT name, summarised_to, last_refresh_at FROM analytics_store.rollups",
                         "SELECT source_id, settled_to, lag, waits_for FROM analytics_store.sources",
                         "SELECT r.name, l.* FROM analytics_store.rollups r, analytics_internal.live_ranges(r.rollup_id) l "
                         "WHERE r.name = '%s'" % rows[0][0],
                         "SELECT * FROM analytics_store.notes LIMIT 30", "SELECT now(), pg_current_snapshot()"):
                lines.append('  ' + '; '.join(' '.join(map(str, r)) for r in self.run(what)))
        except psycopg2.Error:
            pass
        raise Difference('\n'.join(lines))

    def compare(self, how='', rollup=None):
        """Compares in the transaction as it is, in one of the ways in which a person may read."""
        rng = self.rng
        rollup = rollup or rng.choice(tables.ROLLUPS)
        sql = rollup.difference()
        way = rng.random()
        if way < 0.15:
            sql = 'SELECT * FROM (\n' + '\nUNION ALL\n'.join(r.difference() for r in tables.ROLLUPS
                                                             if r.source == rollup.source) + ') d'
        elif way < 0.35:
            sql = rollup.levels_difference()
            how += ' levels'
        elif way < 0.45:
            function = rng.choice(['compare_volatile', 'compare_stable'])
            sql = 'SELECT (d).* FROM %s(%s) d' % (function, self.cursor.mogrify('%s', (sql,)).decode())
            how += ' ' + function
        elif way < 0.55:
            name = 'saved_' + rollup.name
            self.run('SET plan_cache_mode = %s' % rng.choice(['force_generic_plan', 'auto']))
            if not self.run("SELECT 1 FROM pg_prepared_statements WHERE name = %s", (name,)):
                self.run('PREPARE %s AS %s' % (name, sql))
            sql = 'EXECUTE ' + name
            how += ' saved'
        rows = self.run(sql)
        self.count('checks')
        if rows:
            if os.environ.get('RANDOM_LOG'):
                self.remember('AGAIN %d' % len(self.run(sql)))
                for line in self.run('EXPLAIN (ANALYZE, VERBOSE) ' + sql):
                    self.remember(line[0])
            self.differ('%s %s' % (rollup.name, how), rows)

    def compare_as_reader(self):
        rollup = self.rng.choice([r for r in tables.ROLLUPS if r.tenants])
        self.run('BEGIN')
        self.run('SET LOCAL ROLE random_reader')
        self.run("SET LOCAL agent_analytics.tenant = %s", (self.rng.choice(tables.TENANTS),))
        if self.chance(0.3):
            self.run("SET LOCAL force_parallel_mode = on")
        rows = self.run(rollup.difference())
        self.count('checks')
        if rows:
            self.differ(rollup.name + ' as reader', rows)
        self.run('COMMIT')

    def open_cursor(self, name, hold):
        rollup = self.rng.choice(tables.ROLLUPS)
        # One row a bucket and side: the cursor reads the view and the source at different moments, under one snapshot.
        self.run('DECLARE %s NO SCROLL CURSOR %s FOR %s' % (name, 'WITH HOLD' if hold else '', rollup.difference()))
        return rollup

    def read_cursor(self, name, rollup, how):
        rows = self.run('FETCH ALL FROM ' + name)
        self.count('checks')
        if rows:
            self.differ('%s by cursor %s' % (rollup.name, how), rows)
        self.run('CLOSE ' + name)

    # --- writing ------------------------------------------------------------------------------------------------------

    def center(self, table):
        """The limit below which writers leave notes: where races are."""
        rows = self.run("SELECT source_id FROM analytics_store.sources WHERE relation = %s::regclass", ('public.' + table,))
        rows = rows and self.run('SELECT last_value FROM analytics_store.note_below_%d' % rows[0][0])
        if not rows or rows[0][0] < 0:
            return datetime.datetime.now(datetime.timezone.utc) - 3 * 1440 * MINUTE
        return EPOCH + datetime.timedelta(microseconds=rows[0][0])

    def new_rows(self, table, n, center):
        rows = [tables.row(self.rng, center) for _ in range(n)]
        for row in rows:
            if table == 'free':
                del row['tenant_id']
            if table == 'parts':
                del row['owner_id']
                if not isinstance(row['at'], datetime.datetime):
                    row['at'] = center
        return rows

    def insert(self, table, center, n=None, into=None):
        rows = self.new_rows(table, n or self.rng.choice([1, 1, 1, 2, 5, 20]), center)
        names = list(rows[0])
        line = '(' + ', '.join(['%s'] * len(names)) + ", nextval('public.ids'))"
        tail = ''
        if table == 'plain' and self.chance(0.1):
            tail = ' ON CONFLICT DO NOTHING'
        self.run('INSERT INTO %s (%s, id) VALUES %s%s' % (into or table, ', '.join(names), ', '.join([line] * len(rows)), tail),
                 [value for row in rows for value in row.values()])

    def some(self, table, center):
        """A condition that picks some rows: those of a bucket or two, a tenth, or a few anywhere."""
        kind = self.rng.random()
        if kind < 0.4:
            at = center + self.rng.uniform(-40, 20) * MINUTE
            return self.cursor.mogrify('at BETWEEN %s AND %s', (at, at + self.rng.choice([1, 5, 20]) * MINUTE)).decode()
        if kind < 0.6:
            return 'n = %d' % self.rng.randrange(100)
        if kind < 0.7 and table != 'free':
            return "tenant_id = '%s' AND n < 10" % self.rng.choice(tables.TENANTS)
        return 'id % %s = %s'.replace('%s', '{}').format(self.rng.choice([17, 50]), self.rng.randrange(17))

    def update(self, table, center, into=None):
        change = self.rng.choice(
            ["amount = amount + 1", "score = score * 1.01", "n = (n + 1) %% 100", "customer = 'c' || n, kind = 'chat'",
             "at = at + interval '%d minutes'" % self.rng.choice([-600, -61, -15, -7, 1, 4, 13, 60]),
             "at = at + interval '%d minutes', tenant_id = 'crow'" % self.rng.choice([-60, 5]),
             "tenant_id = '%s'" % self.rng.choice(tables.TENANTS), "remark = remark || 'y'", "region = NULL, kind = NULL",
             "amount = amount, at = at"]).replace('%%', '%')
        if table == 'free':
            change = change.replace(", tenant_id = 'crow'", '')
            if change.startswith('tenant_id'):
                change = "agent = NULL"
        self.run('UPDATE %s SET %s WHERE %s' % (into or table, change, self.some(table, center)))

    def upsert(self, center):
        row = self.new_rows('plain', 1, center)[0]
        known = self.run('SELECT id FROM plain WHERE id %% %s = 1 LIMIT 1' % self.rng.randrange(2, 40))
        self.run("INSERT INTO plain (%s, id) VALUES (%s, %s) ON CONFLICT (tenant_id, id) DO UPDATE SET at = EXCLUDED.at, amount = EXCLUDED.amount"
                 % (', '.join(row), ', '.join(['%s'] * len(row)), known[0][0] if known else 0), list(row.values()))

    def merge(self, table, center):
        at = center + self.rng.uniform(-60, 10) * MINUTE
        tenant = '' if table == 'free' else 'tenant_id, '
        value = '' if table == 'free' else "'blue', "
        self.run("MERGE INTO %s t USING (SELECT generate_series AS g FROM generate_series(1, 6)) s ON t.id %%%% 60 = s.g + %d "
                 "WHEN MATCHED AND t.n < 30 THEN DELETE WHEN MATCHED THEN UPDATE SET at = %%s + s.g * interval '7 minutes', n = t.n - 1 "
                 "WHEN NOT MATCHED THEN INSERT (%sat, n, id) VALUES (%s%%s, 50, nextval('public.ids'))"
                 % (table, self.rng.randrange(50), tenant, value), (at, at))

    def copy(self, table, center):
        rows = self.new_rows(table, self.rng.choice([3, 30, 100]), center)
        names = list(rows[0])
        lines = []
        first = self.run("SELECT nextval('public.ids') FROM generate_series(1, %s)", (len(rows),))
        for row, (number,) in zip(rows, first):
            values = ['\\N' if v is None else v.isoformat() if isinstance(v, datetime.datetime) else str(v) for v in row.values()]
            lines.append('\t'.join(values + [str(number)]))
        sql = 'COPY %s (%s, id) FROM STDIN' % (table, ', '.join(names))
        self.remember('%s -- %d rows' % (sql, len(rows)))
        self.cursor.copy_expert(sql, io.StringIO('\n'.join(lines) + '\n'))

    def backfill(self, table, center):
        """Many buckets at once: more than the set in the backend's memory holds."""
        tenant, value = ('tenant_id, ', "(ARRAY['acme', 'blue', 'crow'])[1 + g % 3], ") if table != 'free' else ('', '')
        step = self.rng.choice([1, 3]) if table != 'parts' else 3
        self.run("INSERT INTO {0} ({1}at, kind, amount, n, customer, id) SELECT {2}%s - g * interval '{3} minutes', 'call', g, g % 100, "
                 "'c' || g % 50, nextval('public.ids') FROM generate_series(1, {4}) g"
                 .format(table, tenant, value, step, self.rng.choice([400, 1200])).replace('g %', 'g %%'), (center,))
        self.run("DELETE FROM {0} WHERE id % 7 <> 0 AND amount = round(amount) AND kind = 'call'".format(table))

    def write(self, table=None, center=None):
        rng = self.rng
        table = table or rng.choice(tables.SOURCES)
        center = center or self.center(table)
        kind = rng.random()
        self.count('operations')
        if kind < 0.45:
            self.insert(table, center)
        elif kind < 0.65:
            self.update(table, center)
        elif kind < 0.75:
            self.run('DELETE FROM %s WHERE %s' % (table, self.some(table, center)))
        elif kind < 0.80:
            self.copy(table, center)
        elif kind < 0.83:
            self.merge(table, center)
        elif kind < 0.86:
            self.upsert(self.center('plain'))
        elif kind < 0.88:
            self.run(rng.choice(['DELETE FROM owners WHERE owner_id = {0}', 'UPDATE owners SET owner_id = {0} + 40 WHERE owner_id = {0}',
                                 'INSERT INTO owners SELECT generate_series(1, 40) ON CONFLICT DO NOTHING'])
                     .format(rng.randrange(1, 41)))
        elif kind < 0.90:
            self.backfill(table, center)
        elif kind < 0.94:
            name = self.partition()[0]
            rng.choice([self.insert_into, self.update_into])(name, self.center('parts'))
        elif kind < 0.97:
            # Beside a read in one statement: neither half of the comparison sees the row.
            rollup = rng.choice([r for r in tables.ROLLUPS if r.source == table])
            tenant, value = ('tenant_id, ', "'acme', ") if table != 'free' else ('', '')
            rows = self.run("WITH w AS (INSERT INTO %s (%sat, n, id) VALUES (%s%%s, 5, nextval('public.ids')) RETURNING 1) %s"
                            % (table, tenant, value, rollup.difference().replace('%', '%%')), (center - 30 * MINUTE,))
            self.count('checks')
            if rows:
                self.differ(rollup.name + ' beside an insert', rows)
        elif kind < 0.985:
            self.run('TRUNCATE ' + rng.choice([table, 'plain, free', self.partition()[0]]))
        else:
            self.run('DELETE FROM %s WHERE n %% 2 = 0' % table)

    def partition(self):
        return self.rng.choice(tables.partitions())

    def insert_into(self, name, center):
        row = self.run("SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE relname = %s", (name,))
        if row and row[0][0] and row[0][0].startswith('FOR VALUES FROM (\''):
            start = datetime.datetime.fromisoformat(row[0][0].split("'")[1].replace('+00', '+00:00'))
            self.insert('parts', start + self.rng.uniform(60, 180) * MINUTE, 1, name)

    def update_into(self, name, center):
        self.update('parts', center, name)
