#!/usr/bin/python3
"""Crashes at random moments: a random process of a server is killed with SIGKILL while many sessions write, and what is there
after recovery is held against what the sessions were told.

    DATA=folder test/recovery/moments.py ROUNDS SEED

At work are record_batch of each kind, INSERT, COPY, spans, transactions over several tables, prepared ones; reservations,
settlements and their calls, near the limit of a budget; exports into files; refresh_rollups, refresh_runs, run_maintenance, the
worker; and two sessions of the random test (test/random), which also change partitions, triggers and tables. Killed is any
process: the postmaster, a session, the worker, the checkpointer. After each recovery, before and after a refresh:

* the sessions' ledger: what was committed is there, whole; what was not told is there whole or not at all; nothing is there
  twice; each reservation and settlement is there once, with its amount;
* checked.differences() (include/differences.sql): rollups, summaries of runs, budgets and exports are what plain SQL says;
* the random test's own comparisons; then get_rollup_status() is healthy and no note is left.

Reservations in doubt are tried again with the same id. The seed fixes what is drawn, not how sessions interleave.
"""
import importlib.machinery
import importlib.util
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import threading
import time

import psycopg2

HERE = os.path.dirname(os.path.abspath(__file__))
RANDOM_TEST = os.path.join(HERE, '..', 'random')
sys.path.insert(0, RANDOM_TEST)
import tables  # noqa: E402
from session import Difference  # noqa: E402
from clients import ALL, FACTS, TABLES, Ledger, connect, query  # noqa: E402
from turmoil import SPRINTERS, Turmoil  # noqa: E402

RANDOM = 'dbname=random'


def load(name, path):
    """A module of a file without .py."""
    loader = importlib.machinery.SourceFileLoader(name, path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(module)
    return module


def turmoil(seed, number, stop, counters, results):
    session = Turmoil(seed, number, RANDOM, time.time() + 3600, counters, stop)
    failure = None
    try:
        session.live()
    except Difference as difference:
        failure = str(difference)
    except psycopg2.Error as error:
        # Who came back after the crash misses its transaction and cursors.
        if not (stop.is_set() or session.connection.closed or error.pgcode is None or error.pgcode.startswith('57P')):
            failure = 'random session %d: %s %s' % (number, error.pgcode, error)
    results.put(failure)


class Test:
    def __init__(self, rounds, seed, data):
        self.rounds, self.seed, self.data, self.round = rounds, seed, data, 0
        self.rng = random.Random(seed)
        self.ledger, self.failures, self.killed, self.checks = Ledger(), [], {}, 0
        self.stop = threading.Event()

    def wrong(self, what):
        self.failures.append('round %d: %s' % (self.round, what))
        print('moments: WRONG:', self.failures[-1][:3000], flush=True)

    # --- the server ---------------------------------------------------------------------------------------------------

    def as_owner(self, *command):
        prefix = ['setpriv', '--reuid=postgres', '--regid=postgres', '--init-groups', '--'] if os.getuid() == 0 else []
        return subprocess.run(prefix + list(command), cwd=self.data, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0

    def start(self):
        """The killed postmaster's children hold its shared memory until they notice."""
        for _ in range(120):
            if self.as_owner('pg_ctl', '-D', self.data, '-l', self.data + '/server.log', '-w', '-t', '60', 'start'):
                return
            time.sleep(0.25)
        raise SystemExit('moments: the server does not start again; see ' + self.data)

    def wait_end(self, watch):
        """Until the server has noticed: it ends all sessions, this one too."""
        for _ in range(1000):
            try:
                query(watch, 'SELECT 1')
            except psycopg2.Error:
                return
            time.sleep(0.02)
        raise SystemExit('moments: the server has not noticed')

    def wait_ready(self):
        for _ in range(600):
            try:
                return connect(FACTS)
            except psycopg2.OperationalError:
                time.sleep(0.1)
        raise SystemExit('moments: the server does not take connections again')

    def kill(self, watch):
        """Picks a victim, waits for a moment that has nothing to do with it, and kills."""
        postmaster = int(open(self.data + '/postmaster.pid').readline())
        kinds = {}
        for pid, kind, name in query(watch, "SELECT pid, backend_type, application_name FROM pg_stat_activity WHERE pid <> pg_backend_pid()"):
            kind = ''.join(c for c in name if not c.isdigit()) if kind == 'client backend' else kind
            kinds.setdefault(kind, []).append(pid)
        kinds['postmaster'] = [postmaster] * 3
        kind = self.rng.choices(sorted(kinds), [3 if k == 'postmaster' else 1 for k in sorted(kinds)])[0]
        pid = self.rng.choice(kinds[kind])
        time.sleep(self.rng.random() * 0.4)
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:  # it has just ended
            kind, pid = 'postmaster', postmaster
            os.kill(pid, signal.SIGKILL)
        self.killed[kind] = self.killed.get(kind, 0) + 1
        return kind

    # --- what is there ------------------------------------------------------------------------------------------------

    def compare_ledger(self, connection):
        there = {}
        for kind, (table, column) in TABLES.items():
            for name, n, different in query(connection, "SELECT split_part({1}, '-', 1), count(*), count(DISTINCT {1}) FROM analytics_data.{0} WHERE {1} LIKE 'r%-%' GROUP BY 1".format(table, column)):
                there.setdefault(name, {})[kind] = n
                if n != different:
                    self.wrong('%s %s: %d rows of %d ids' % (kind, name, n, different))
        prepared = {name for name, in query(connection, "SELECT gid FROM pg_prepared_xacts WHERE database = 'facts'")}
        for name, (contents, state) in self.ledger.groups.items():
            found = there.pop(name, {})
            if found and found != contents or state == 'there' and not found or state in ('gone', 'prepared') and found:
                self.wrong('group %s (%s) of %s: there is %s' % (name, state, contents, found))
            if state == 'prepared' and name not in prepared:
                self.wrong('the prepared transaction %s is lost' % name)
            if state == 'asked' and name not in prepared:
                self.ledger.groups[name][1] = 'there' if found else 'gone'  # from now on it stays so
            elif state == 'asked':
                self.ledger.groups[name][1] = 'prepared'
        for name, found in there.items():
            self.wrong('nobody has recorded %s: %s' % (name, found))

    def forget(self, connection):
        """Deletes the facts so far, which then must stay away: the next rounds are as fast as the first."""
        for table, column in TABLES.values():
            query(connection, "DELETE FROM analytics_data.%s WHERE %s LIKE 'r%%-%%'" % (table, column))
        for group in self.ledger.groups.values():
            group[1] = 'gone'

    def compare_money(self, connection):
        there = {}
        for identity, amount, settled, cost, calls in query(connection, """
                SELECT r.reservation_id, r.amount_usd, r.settled_usd, (SELECT sum(c.cost_usd) FROM analytics_data.llm_calls c WHERE c.tenant_id = r.tenant_id AND c.call_id = r.reservation_id),
                       (SELECT count(*) FROM analytics_data.llm_calls c WHERE c.tenant_id = r.tenant_id AND c.call_id = r.reservation_id)
                FROM analytics_data.budget_reservations r WHERE r.tenant_id = 'money'"""):
            if identity in there:
                self.wrong('reservation %s is there twice' % identity)
            there[identity] = (float(amount), None if settled is None else float(settled), None if cost is None else float(cost), calls)
        for identity, r in self.ledger.reservations.items():
            found = there.pop(identity, None)
            if r['state'] == 'held' and found is None or r['state'] == 'refused' and found is not None:
                self.wrong('reservation %s was %s: there is %s' % (identity, r['state'], found))
            if found is None:
                continue
            amount, settled, cost, calls = found
            if amount != r['amount'] or settled not in (None, r['settled']) or r['told'] and settled is None or cost not in (None, r['call']) or r.get('called') and calls != 1:
                self.wrong('reservation %s: told %s, there is %s' % (identity, r, found))
        for identity in there:
            self.wrong('nobody has reserved %s' % identity)
        # More room, so that the next round is at the limit again.
        query(connection, "SELECT set_config('agent_analytics.tenant', 'money', false)")
        query(connection, "SELECT analytics.set_budget('default', b.spent_usd + b.reserved_usd + 8, 'total') FROM analytics.get_budget_status('default') b")
        query(connection, "RESET agent_analytics.tenant")

    def compare_exports(self, connection):
        there = dict(query(connection, "SELECT export_id::text, encode(content_sha256, 'hex') FROM analytics_data.exports"))
        for export, content in self.ledger.exports.items():
            if there.get(export) != content:
                self.wrong('export %s was told to be %s and is %s' % (export, content, there.get(export)))

    def compare(self, connection, when):
        self.checks += 1
        for row in query(connection, 'SELECT * FROM checked.differences() LIMIT 5'):
            self.wrong('%s: %s' % (when, row))

    def compare_random(self, connection, when):
        for rollup in tables.ROLLUPS:
            try:
                if not query(connection, 'SELECT 1 FROM analytics_store.rollups WHERE name = %s', (rollup.name,)):
                    query(connection, rollup.create())  # the crash came between drop_rollup and create_rollup
                for sql in (rollup.difference(), rollup.levels_difference()):
                    self.checks += 1
                    for row in query(connection, sql)[:3]:
                        self.wrong('%s, %s: %s' % (when, rollup.name, row))
            except psycopg2.errors.LockNotAvailable:  # a prepared TRUNCATE holds it
                if not query(connection, "SELECT 1 FROM pg_prepared_xacts WHERE database = 'random'"):
                    raise

    # --- one round ----------------------------------------------------------------------------------------------------

    def one_round(self, seconds):
        self.round += 1
        self.stop.clear()
        watch = connect('dbname=postgres', 'watch')
        clients = [work(self, n) for n, work in enumerate(ALL)]
        stop, results = multiprocessing.Event(), multiprocessing.Queue()
        counters = {name: multiprocessing.Value('q', 0) for name in ('operations', 'refreshes', 'checks', 'differences')}
        wild = [multiprocessing.Process(target=turmoil, args=('%s/%d' % (self.seed, self.round), n, stop, counters, results), daemon=True) for n in (0, SPRINTERS)]
        for worker in clients + wild:
            worker.start()
        time.sleep(0.4 + self.rng.random() * seconds)
        kind = self.kill(watch)
        self.stop.set()
        stop.set()
        self.wait_end(watch)
        if kind == 'postmaster':
            self.start()
        connection = self.wait_ready()
        for client in clients:
            client.join(60)
            if client.is_alive():
                self.wrong('%s hangs' % client.name)
        for failure in [results.get(timeout=120) for _ in wild]:
            if failure:
                self.wrong(failure)
        for process in wild:
            process.join()
        for name in counters:
            self.ledger.done['random ' + name] = self.ledger.done.get('random ' + name, 0) + counters[name].value

        other = connect(RANDOM)
        query(other, "SET lock_timeout = '1s'")
        self.compare_ledger(connection)
        self.compare_money(connection)
        self.compare_exports(connection)
        self.compare(connection, 'after recovery')
        self.compare_random(other, 'after recovery')
        query(connection, 'SELECT count(*) FROM analytics.refresh_rollups()')
        if self.rng.random() < 0.5:
            self.compare(connection, 'refreshed, with what is prepared')
        for gid, in query(connection, "SELECT gid FROM pg_prepared_xacts WHERE database = 'facts'"):
            commit = self.rng.random() < 0.5
            query(connection, "%s PREPARED '%s'" % ('COMMIT' if commit else 'ROLLBACK', gid))
            if gid in self.ledger.groups:
                self.ledger.groups[gid][1] = 'there' if commit else 'gone'
        for gid, in query(other, "SELECT gid FROM pg_prepared_xacts WHERE database = 'random'"):
            query(other, "%s PREPARED '%s'" % (self.rng.choice(['COMMIT', 'ROLLBACK']), gid))
        if self.rng.random() < 0.5:
            self.compare(connection, 'with what was prepared')
        for database in (connection, other):
            query(database, "SET agent_analytics.refresh_wait = '20s'")
        query(other, 'SELECT count(*) FROM analytics.refresh_rollups()')
        query(connection, "ALTER SYSTEM SET agent_analytics.maintenance_interval = 0")  # the worker would be another refresher
        query(connection, 'SELECT pg_reload_conf()')
        for _ in range(10):  # it may be at work: refreshers leave each other's tables out
            query(connection, 'CALL analytics.run_maintenance()')
            unhealthy = query(connection, 'SELECT * FROM checked.unhealthy()')
            if not unhealthy:
                break
            time.sleep(0.3)
        for row in unhealthy:
            self.wrong('after maintenance: %s' % (row,))
        self.compare(connection, 'after maintenance')
        self.compare_random(other, 'after a refresh')
        self.compare_ledger(connection)
        if self.round % 5 == 0:
            self.forget(connection)
        query(connection, "ALTER SYSTEM RESET agent_analytics.maintenance_interval")
        query(connection, 'SELECT pg_reload_conf()')
        connection.close()
        other.close()
        return kind

    def run(self):
        admin = connect('dbname=postgres')
        query(admin, 'CREATE DATABASE facts')
        facts = connect(FACTS)
        query(facts, 'CREATE EXTENSION agent_analytics')
        query(facts, 'SELECT analytics.install()')
        query(facts, open(os.path.join(HERE, 'include', 'differences.sql')).read())
        query(facts, "UPDATE analytics_store.sources SET lag = '1 second'")  # rows become late soon
        query(facts, "SET agent_analytics.tenant = 'money'")
        query(facts, "SELECT analytics.set_budget('default', 8, 'total')")
        facts.close()
        admin.close()
        load('random_run', os.path.join(RANDOM_TEST, 'run')).prepare(RANDOM).close()
        started = time.time()
        for _ in range(self.rounds):
            at = time.time()
            kind = self.one_round(2.0)
            print('moments: round %d, %s killed, %.1f s, failures so far: %d' % (self.round, kind, time.time() - at, len(self.failures)), flush=True)
            if len(self.failures) > 20:
                break
        print('moments: seed %s, %d rounds in %.0f s, killed: %s' % (self.seed, self.round, time.time() - started, ', '.join('%s %d' % k for k in sorted(self.killed.items()))))
        print('moments: done meanwhile: %s' % ', '.join('%s %d' % k for k in sorted(self.ledger.done.items())))
        states = [r['state'] for r in self.ledger.reservations.values()]
        print('moments: %d groups of facts, %d reservations (%d refused), %d comparisons, %d failures'
              % (len(self.ledger.groups), len(states), states.count('refused'), self.checks, len(self.failures)))
        for line in open(self.data + '/server.log', errors='replace'):
            if (' XX000 ' in line or 'TRAP: ' in line or 'PANIC' in line) and 'on purpose' not in line:
                self.wrong(line)
        if not all(self.ledger.done.get(work.works) for work in ALL):
            self.wrong('some work was never done: the test is void')
        return 1 if self.failures else 0


if __name__ == '__main__':
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the processes end, too
    sys.exit(Test(int(sys.argv[1]), sys.argv[2], os.environ['DATA']).run())
