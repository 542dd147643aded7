"""What sessions do beside writing rows: transactions of every kind, refreshes, partitions, triggers, crashes of others."""
import time

import psycopg2
import psycopg2.extensions

import tables
from session import MINUTE, Session

SPRINTERS = 3  # sessions that do nothing but short writes at the limit, refreshes and comparisons


class Turmoil(Session):
    def live(self):
        self.connect()
        if self.number < SPRINTERS:
            acts = [(self.sprint, 60), (self.refresh, 30), (self.check_alone, 8), (self.series, 2)]
        else:
            acts = [(self.transaction, 40), (self.single_write, 16), (self.check_alone, 12), (self.refresh, 10),
                    (self.compare_as_reader, 3), (self.series, 8), (self.finish_prepared, 6), (self.partition_act, 6),
                    (self.trigger_act, 2), (self.table_act, 1), (self.invalidate, 1), (self.recreate, 1),
                    (self.read_only, 1), (self.kill, 0.3)]
        while time.time() < self.deadline and not self.stop.is_set():
            act = self.rng.choices([a for a, _ in acts], [w for _, w in acts])[0]
            self.attempt(act)
        self.connection.close()

    def sprint(self):
        """Short transactions just at the limit, while others raise it."""
        table = self.rng.choice(tables.SOURCES)
        center = self.center(table) + self.rng.choice([0, 0, 5, 15]) * MINUTE
        for _ in range(self.rng.choice([1, 5, 20])):
            self.run('BEGIN')
            self.insert(table, center, 1)
            self.pause()
            self.run('COMMIT' if self.chance(0.9) else 'ROLLBACK')
            self.count('operations')

    def pause(self):
        if self.chance(0.3):
            time.sleep(self.rng.choice([0.0005, 0.002, 0.01, 0.03]))

    # --- single statements --------------------------------------------------------------------------------------------

    def single_write(self):
        self.write()

    def check_alone(self):
        self.compare('alone')

    def series(self):
        """The functions, which read days, hours, base buckets and rows, against the source: in one statement."""
        rng = self.rng
        rollup = rng.choice(tables.ROLLUPS)
        measure = rng.choice([m for m in rollup.measures if m in ('rows', 'amount', 'customers')])
        table = rollup.source
        at = self.center(table) + rng.uniform(-60, 90) * MINUTE
        bucket, width, period = rng.choice([('15m', '15 minutes', '36h'), ('1h', '1 hour', '72h'), ('1h', '1 hour', '10d'),
                                            ('1d', '1 day', '12d')])
        zone = rng.choice(['UTC', 'UTC', 'Asia/Kathmandu'])
        tenant = rng.choice(tables.TENANTS)
        of_tenant = "tenant_id = '%s' AND " % tenant if rollup.tenants else ''
        self.run('SET agent_analytics.tenant = %s', (tenant,))
        plain = {'rows': 'count(*)', 'amount': 'coalesce(sum(amount), 0)', 'customers': 'count(DISTINCT customer)'}[measure]
        filters, extra = '{}', ''
        if 'kind' in rollup.dimensions and self.chance(0.4):
            filters, extra = '{"kind": ["call", "chat"]}', "AND kind IN ('call', 'chat') "
        if self.chance(0.8):
            sql = ("SELECT '{name}' AS rollup, s.timestamp, s.value, p.value FROM "
                   "analytics.get_metric_series('{name}_{measure}', '{bucket}', '{period}', '{filters}', NULL, NULL, '{zone}', %(at)s) s "
                   "CROSS JOIN LATERAL (SELECT {plain} AS value FROM {table} t WHERE {of_tenant} t.at >= s.timestamp "
                   "AND t.at < s.timestamp + interval '{width}' AND t.at <= %(at)s {extra}) p WHERE s.value IS DISTINCT FROM p.value")
        else:
            sql = ("SELECT '{name}' AS rollup, NULL::timestamptz, s.value, p.value FROM "
                   "analytics.get_metric_summary('{name}_{measure}', '{period}', '{filters}', %(at)s) s, "
                   "(SELECT {plain} AS value FROM {table} t WHERE {of_tenant} t.at > %(at)s - interval '{period}' "
                   "AND t.at <= %(at)s {extra}) p WHERE s.value IS DISTINCT FROM p.value")
        sql = sql.format(name=rollup.name, measure=measure, bucket=bucket, period=period, zone=zone, plain=plain, table=table,
                         of_tenant=of_tenant, width=width, filters=filters, extra=extra)
        # The function plans its own statements. Where a partition is attached or detached between the two plans, the
        # sides read different tables, so that a difference counts only if it is there again under the same snapshot.
        self.run('BEGIN ISOLATION LEVEL REPEATABLE READ')
        rows = self.run(sql, {'at': at})
        if rows and table == 'parts':
            rows = self.run(sql, {'at': at})
        self.count('checks')
        if rows:
            self.differ('series %s %s' % (rollup.name, measure), [(r[0], r[1], None, r[2], None, None, r[3], '', '') for r in rows])
        self.run('COMMIT')

    # --- refreshing ---------------------------------------------------------------------------------------------------

    def move_limit(self):
        """Time passes: the next refresh moves the limit on by some buckets."""
        table = self.rng.choice(tables.SOURCES)
        self.run("UPDATE analytics_store.sources SET lag = make_interval(secs => extract(epoch FROM lag) - %s) WHERE source_id = "
                 "(SELECT source_id FROM analytics_store.sources WHERE relation = %s::regclass FOR UPDATE SKIP LOCKED)",
                 (60 * self.rng.choice([0, 1, 5, 5, 15, 60]), 'public.' + table))
        return table

    def refresh(self):
        rng = self.rng
        table = self.move_limit()
        name = rng.choice([None] + [r.name for r in tables.ROLLUPS if r.source == table])
        kind = rng.random()
        self.count('refreshes')
        if kind < 0.6:
            self.run('SELECT * FROM analytics.refresh_rollups(%s)', (name,))
        elif kind < 0.8:
            self.run('CALL analytics.run_maintenance()')
        elif kind < 0.9:
            self.run("SET statement_timeout = '%dms'" % rng.choice([1, 3, 10, 30, 100]))
            try:
                self.run('SELECT * FROM analytics.refresh_rollups(%s)', (name,))
            finally:
                if not self.connection.closed:
                    self.run('RESET statement_timeout')
        else:
            self.run('BEGIN')
            self.run('SELECT * FROM analytics.refresh_rollups(%s)', (name,))
            self.compare('after a refresh in the transaction')
            self.run(rng.choice(['ROLLBACK', 'COMMIT']))
        if self.chance(0.3):
            self.compare('after a refresh', None if self.number >= SPRINTERS else rng.choice([r for r in tables.ROLLUPS if r.source == table]))

    def invalidate(self):
        rollup = self.rng.choice(tables.ROLLUPS)
        at = self.center(rollup.source)
        self.run('SELECT analytics.invalidate_rollup(%s, %s, %s)', (rollup.name, at - self.rng.uniform(1, 900) * MINUTE, at))

    def recreate(self):
        """Drops the rollups of a table and makes them again; always when its limit has run out of the partitions."""
        table = self.rng.choice(tables.SOURCES)
        far = self.run("SELECT lag < interval '-4 days' FROM analytics_store.sources WHERE relation = %s::regclass", ('public.' + table,))
        mine = [r for r in tables.ROLLUPS if r.source == table]
        if not far or far[0][0] or self.chance(0.3):
            self.run('BEGIN')
            for rollup in mine:
                if self.run("SELECT 1 FROM analytics_store.rollups WHERE name = %s", (rollup.name,)):
                    self.run('SELECT analytics.drop_rollup(%s)', (rollup.name,))
            for rollup in self.rng.sample(mine, len(mine)):
                self.run(rollup.create())
            tables.reset_lag(self.run, table)
            if self.chance(0.5):
                self.run('COMMIT')
            else:
                self.compare('after create_rollup', mine[0])
                self.run(self.rng.choice(['COMMIT', 'ROLLBACK']))
        else:
            rollup = self.rng.choice(mine)
            self.run('SELECT analytics.drop_rollup(%s)', (rollup.name,))
            self.pause()
            for _ in range(20):
                if self.attempt(lambda: self.run(rollup.create())) or self.stop.is_set():
                    break

    # --- transactions -------------------------------------------------------------------------------------------------

    def transaction(self):
        rng = self.rng
        table = rng.choice(tables.SOURCES)
        center = self.center(table)
        level = rng.choices(['READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE'], [5, 3, 2])[0]
        if self.chance(0.4):
            self.run("SET agent_analytics.tenant = %s", (rng.choice(tables.TENANTS),))
        self.run('BEGIN ISOLATION LEVEL ' + level)
        savepoints, cursors, held = 0, [], False
        for step in range(rng.choice([1, 2, 3, 5, 8])):
            self.pause()
            act = rng.random()
            if act < 0.42:
                self.write(table if self.chance(0.7) else None, center if self.chance(0.5) else None)
            elif act < 0.52:
                self.run('SAVEPOINT s%d' % savepoints)
                savepoints += 1
            elif act < 0.60 and savepoints:
                savepoints -= 1
                if self.chance(0.6):
                    self.run('ROLLBACK TO SAVEPOINT s%d' % savepoints)
                    cursors = []
                    if self.chance(0.3):
                        self.compare('after ROLLBACK TO in ' + level)
                    savepoints += 1
                else:
                    self.run('RELEASE SAVEPOINT s%d' % savepoints)
            elif act < 0.72:
                self.compare('in ' + level)
            elif act < 0.80:
                hold = self.chance(0.3)
                held = held or hold
                name = 'c%d' % step
                cursors.append((name, self.open_cursor(name, hold), 'in ' + level, hold))
            elif act < 0.86 and cursors:
                name, rollup, how, hold = cursors.pop(rng.randrange(len(cursors)))
                self.read_cursor(name, rollup, how)
            elif act < 0.92 and level == 'READ COMMITTED':
                self.count('refreshes')
                self.run('SELECT * FROM analytics.refresh_rollups()')
            elif act < 0.96:
                self.error_in_savepoint(table)
        for name, rollup, how, hold in cursors:
            if self.chance(0.5) and not hold:
                self.read_cursor(name, rollup, how + ' at the end')
        holds = [c for c in cursors if c[3]]
        end = rng.random()
        if end < 0.15 and not held:
            self.prepared += 1
            self.run("PREPARE TRANSACTION 'p%d_%d'" % (self.number, self.prepared))
            if self.chance(0.6):
                self.pause()
                self.attempt(lambda: self.run(rng.choice(['COMMIT', 'ROLLBACK']) + " PREPARED 'p%d_%d'" % (self.number, self.prepared)))
        elif end < 0.35:
            self.run('ROLLBACK')
        else:
            self.run('COMMIT')
            session = self.connection
            for name, rollup, how, _ in holds:
                self.attempt(lambda: self.write())
                self.pause()
                if self.connection is not session:  # it was ended meanwhile, and its cursors with it
                    break
                self.read_cursor(name, rollup, how + ' WITH HOLD')
        self.attempt(lambda: self.run('CLOSE ALL'))

    def error_in_savepoint(self, table):
        """A statement that fails half-way, its rows gone, the transaction goes on."""
        self.run('SAVEPOINT failing')
        try:
            self.run('INSERT INTO %s (%sat, n, id) SELECT %s now() - g * interval \'1 hour\', 100 / (5 - g), nextval(\'ids\') '
                     'FROM generate_series(1, 9) g' % ((table, '', '') if table == 'free' else (table, 'tenant_id, ', "'blue',")))
        except psycopg2.Error as error:
            if error.pgcode != '22012':
                raise
        self.run('ROLLBACK TO SAVEPOINT failing')

    def finish_prepared(self):
        for (name,) in self.run("SELECT gid FROM pg_prepared_xacts WHERE database = current_database() ORDER BY prepared LIMIT 3"):
            self.attempt(lambda: self.run("%s PREPARED '%s'" % (self.rng.choice(['COMMIT', 'ROLLBACK']), name)))

    def read_only(self):
        """Late rows, and then the transaction is declared read only: its notes are written all the same."""
        self.run('BEGIN')
        self.write()
        self.run('SET TRANSACTION READ ONLY')
        self.compare('read only')
        self.run('COMMIT')

    # --- tables -------------------------------------------------------------------------------------------------------

    def partition_act(self):
        rng = self.rng
        i = rng.randrange(len(tables.partitions()))
        name = tables.partitions()[i][0]
        found = self.run("SELECT pg_get_expr(c.relpartbound, c.oid), c.relispartition FROM pg_class c WHERE c.oid = to_regclass(%s)", (name,))
        if not found or not found[0][1]:
            return self.bring_back(name, i, bool(found))
        bounds = found[0][0]
        kind = rng.random()
        if kind < 0.35:
            self.run('TRUNCATE ' + name)
        elif kind < 0.5:  # away, changed and back in one transaction
            self.run('BEGIN')
            self.run('ALTER TABLE parts DETACH PARTITION ' + name)
            if self.chance(0.5):
                self.compare('with a partition detached')
            self.run(rng.choice(['DELETE FROM %s WHERE n %% 3 = 0', 'UPDATE %s SET amount = 1 WHERE n < 50', 'TRUNCATE %s']) % name)
            self.run('ALTER TABLE parts ATTACH PARTITION %s %s' % (name, bounds))
            if self.chance(0.5):
                self.compare('with a partition attached again')
            self.run(rng.choice(['COMMIT', 'COMMIT', 'ROLLBACK']))
        elif kind < 0.65:
            self.run('ALTER TABLE parts DETACH PARTITION ' + name)
        elif kind < 0.75:
            # Not a divided one: PostgreSQL gives its leaves a CHECK constraint with the column numbers of their parent.
            if i % 7 != 3:
                self.run('ALTER TABLE parts DETACH PARTITION %s CONCURRENTLY' % name)
        elif kind < 0.85:  # a leaf below a divided partition
            leaf = name + '_a'
            if self.run("SELECT 1 FROM pg_class WHERE oid = to_regclass(%s)", (leaf,)):
                self.run('BEGIN')
                self.run('ALTER TABLE %s DETACH PARTITION %s' % (name, leaf))
                if self.chance(0.5):
                    self.run('COMMIT')
                    self.pause()
                    self.compare('with a leaf detached')
                    self.run('BEGIN')
                self.run('UPDATE %s SET amount = 2' % leaf)
                self.run("ALTER TABLE %s ATTACH PARTITION %s FOR VALUES IN ('acme')" % (name, leaf))
                self.run('COMMIT')
        elif kind < 0.92:
            self.run('VACUUM FULL ' + name)
        else:
            self.run('DROP TABLE ' + name)

    def bring_back(self, name, i, exists):
        """A partition that is not there: made anew with rows, or attached as it is with what happened to it meanwhile."""
        low, high = tables.partitions()[i][1:]
        bounds = [e if e.endswith('VALUE') else "(SELECT origin + interval '%s hours' FROM origin)" % e.strip("'") for e in (low, high)]
        edges = [e if e.endswith('VALUE') else "'%s'" % self.run('SELECT ' + e)[0][0] for e in bounds]
        if self.run("SELECT 1 FROM pg_inherits WHERE inhrelid = to_regclass(%s)", (name,)):
            self.run('ALTER TABLE parts DETACH PARTITION %s FINALIZE' % name)
            return
        self.run('BEGIN')
        if not exists:
            tables.make_partition(self.run, name, edges, i, attach=False)
        start = edges[0] if not edges[0].endswith('VALUE') else edges[1]
        shift = '-' if edges[0].endswith('VALUE') else '+'
        self.run("INSERT INTO %s (tenant_id, at, n, amount, kind, id) SELECT 'acme', %s::timestamptz %s g * interval '17 minutes', g, g, 'mail', "
                 "nextval('ids') FROM generate_series(1, 10) g" % (name, start, shift))
        if self.chance(0.5):
            self.run('COMMIT')
            self.pause()
            self.run('BEGIN')
        self.run('ALTER TABLE parts ATTACH PARTITION %s FOR VALUES FROM (%s) TO (%s)' % (name, *edges))
        if self.chance(0.3):
            self.compare('with a partition attached')
        self.run('COMMIT')

    def trigger_act(self):
        """Rows past a disabled trigger: exact while it is disabled, and after invalidate_rollup."""
        rng = self.rng
        table = rng.choice(['plain', 'free', 'parts', self.partition()[0]])
        source = 'parts' if table.startswith('parts') else table
        center = self.center(source)
        name = [r.name for r in tables.ROLLUPS if r.source == source][0]
        in_steps = self.chance(0.5)
        self.run('BEGIN')
        self.run('ALTER TABLE %s DISABLE TRIGGER agent_analytics_note' % table)
        if in_steps:
            self.run('COMMIT')
        try:
            for _ in range(rng.choice([1, 3])):
                self.write(source, center)
                if in_steps and self.chance(0.5):
                    self.refresh()
                self.compare('with a trigger disabled')
        finally:
            if in_steps and not self.connection.closed:
                if self.connection.info.transaction_status != psycopg2.extensions.TRANSACTION_STATUS_IDLE:
                    self.run('ROLLBACK')
                self.run('RESET statement_timeout')
                while not self.attempt(lambda: self.enable(table, name)):
                    self.attempt(self.finish_prepared)  # which may hold the table, their sessions being over
        if not in_steps:
            self.enable(table, name)
            self.compare('with a trigger enabled again')
            self.run(rng.choice(['COMMIT', 'ROLLBACK']))

    def enable(self, table, name):
        if self.run("SELECT 1 FROM pg_trigger WHERE tgrelid = to_regclass(%s) AND tgname = 'agent_analytics_note'", (table,)):
            self.run('ALTER TABLE %s ENABLE ALWAYS TRIGGER agent_analytics_note' % table)
        if self.run("SELECT 1 FROM analytics_store.rollups WHERE name = %s", (name,)):
            self.run("SELECT analytics.invalidate_rollup(%s, '-infinity', 'infinity')", (name,))

    def table_act(self):
        table = self.rng.choice(['plain', 'free'])
        self.run(self.rng.choice([
            'ALTER TABLE {0} ADD COLUMN IF NOT EXISTS extra integer DEFAULT (random() * 100)::integer',
            'ALTER TABLE {0} DROP COLUMN IF EXISTS extra', 'ALTER TABLE {0} ALTER remark SET DEFAULT \'z\'',
            'ANALYZE {0}', 'VACUUM plain', 'VACUUM FULL plain', 'CREATE INDEX ON {0} (n)', 'REINDEX TABLE {0}',
            'VACUUM FULL analytics_store.notes', 'ANALYZE analytics_store.plain_5_base']).format(table))

    def kill(self):
        self.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'random_%d'"
                 % self.rng.randrange(12))
