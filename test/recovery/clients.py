"""The sessions of moments.py: each works until the server is gone, and enters into a ledger what it asked for and was told."""
import datetime
import io
import json
import random
import threading

import psycopg2

FACTS = 'dbname=facts'
MEANWHILE = {'40001', '40P01', '55P03'}  # what sessions do to each other
FORMATS = ['jsonl', 'csv', 'json', 'xlsx']
# Kind of record_batch: its table and the column that bears our id.
TABLES = {'order': ('orders', 'order_id'), 'session': ('shop_sessions', 'session_id'), 'llm_call': ('llm_calls', 'call_id'), 'task': ('task_records', 'task_id'),
          'span': ('spans', 'span_id'), 'training_example': ('training_examples', 'conversation_id'), 'submit_approval': ('agent_approvals', 'conversation_id'),
          'agent_query': ('agent_queries', 'query')}


def connect(dsn, name='check'):
    connection = psycopg2.connect('%s application_name=%s' % (dsn, name))
    connection.autocommit = True
    return connection


def query(connection, sql, values=None):
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall() if cursor.description else []


class Ledger:
    """What sessions asked for and what they were told. A fact's id is <group>-<number>, and a group comes whole or not at all."""

    def __init__(self):
        self.lock = threading.Lock()
        self.groups = {}        # name: [{table: rows}, 'asked' | 'there' | 'gone' | 'prepared']
        self.reservations = {}  # id: {amount, state: asked | held | refused, settled: None | amount, settle_state, call}
        self.exports = {}       # id: True, False once it may be deleted
        self.done = {}

    def count(self, what):
        with self.lock:
            self.done[what] = self.done.get(what, 0) + 1


class Client(threading.Thread):
    """A session that works until the server is gone."""
    works = 'nothing'

    def __init__(self, test, number):
        super().__init__(daemon=True)
        self.test, self.ledger = test, test.ledger
        self.name = '%s%d' % (self.works, number)
        self.prefix = 'r%d%s' % (test.round, self.name)
        self.rng = random.Random('%s/%d/%s' % (test.seed, test.round, self.name))
        self.steps = 0

    def run(self):
        try:
            self.connection = connect(FACTS, self.name)
            self.sql("SET agent_analytics.tenant = '%s'" % self.tenant)
            while not self.test.stop.is_set():
                self.steps += 1
                try:
                    self.step()
                    self.ledger.count(self.works)
                except psycopg2.Error as error:
                    if self.connection.closed or isinstance(error, psycopg2.InterfaceError) or error.pgcode is None or error.pgcode.startswith('57P'):
                        return
                    if error.pgcode not in MEANWHILE:
                        self.test.wrong('%s: %s %s' % (self.name, error.pgcode, error))
                        return
                    if not self.connection.autocommit:
                        self.connection.rollback()
                        self.connection.autocommit = True
        except (psycopg2.OperationalError, psycopg2.InterfaceError):
            pass
        except Exception as error:
            self.test.wrong('%s: %r' % (self.name, error))

    tenant = 'facts'

    def sql(self, statement, values=None):
        return query(self.connection, statement, values)

    def at(self):
        return datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=self.rng.choice([0.01, 60, 4000, 200000]) * self.rng.random())

    def group(self, contents, state='asked'):
        name = '%sn%d' % (self.prefix, self.steps)
        with self.ledger.lock:
            self.ledger.groups[name] = [contents, state]
        return name

    def told(self, name, state='there'):
        with self.ledger.lock:
            self.ledger.groups[name][1] = state

    def items(self, kind, name, n):
        at, rng = self.at(), self.rng
        instants = [(at - datetime.timedelta(seconds=40 * i)).isoformat() for i in range(n)]
        made = []
        for i in range(n):
            identity = '%s-%d' % (name, i)
            made.append({
                'order': lambda: {'order_id': identity, 'total_amount': rng.randrange(1, 999) / 4, 'customer_id': 'c%d' % rng.randrange(60),
                                  'status': rng.choice(['pending', 'fulfilled', 'cancelled']), 'created_at': instants[i]},
                'session': lambda: {'session_id': identity, 'customer_id': 'c%d' % rng.randrange(60), 'started_at': instants[i]},
                'llm_call': lambda: {'call_id': identity, 'model': rng.choice(['gpt-4o', 'gpt-4o-mini', 'nobody knows']), 'input_tokens': rng.randrange(5000), 'output_tokens': rng.randrange(900),
                                     'latency_ms': rng.randrange(3000), 'agent_id': 'a%d' % rng.randrange(5), 'created_at': instants[i]},
                'task': lambda: {'task_id': identity, 'agent_id': 'a%d' % rng.randrange(5), 'status': rng.choice(['completed', 'failed']), 'started_at': instants[i], 'completed_at': instants[i]},
                'span': lambda: {'span_id': identity, 'trace_id': 't%d' % rng.randrange(250), 'operation_name': 'work', 'start_time': instants[i], 'end_time': rng.choice([None, instants[i]]),
                                 'parent_span_id': rng.choice([None, '%s-%d' % (name, i // 2)]), 'status': rng.choice(['ok', 'ok', 'error']), 'cost_usd': rng.randrange(90) / 1000,
                                 'thread_id': 'v%d' % rng.randrange(30), 'model': rng.choice([None, 'gpt-4o']), 'input_tokens': rng.randrange(500)},
                'training_example': lambda: {'conversation_id': identity, 'input_text': 'Where is my order %s? Write to ada%d@example.com.' % (identity, i), 'model_draft': 'On its way. ' * rng.randrange(1, 30),
                                             'agent': 'a%d' % rng.randrange(5), 'annotator': 'w%d' % rng.randrange(4), 'accuracy_score': rng.randrange(1, 6), 'safe_to_send': rng.random() < 0.9,
                                             'confidence': rng.randrange(60, 100), 'created_at': instants[i]},
                'submit_approval': lambda: {'conversation_id': identity, 'draft_response': 'Yes.', 'confidence_score': rng.randrange(100), 'agent': 'a%d' % rng.randrange(5), 'created_at': instants[i]},
                'agent_query': lambda: {'query': identity, 'agent': 'a%d' % rng.randrange(5), 'latency_ms': rng.randrange(2000), 'approved': rng.random() < 0.8, 'created_at': instants[i]},
            }[kind]())
        return made

    def record(self, kind, name, n):
        (answer,), = self.sql('SELECT analytics.record_batch(%s, %s)', (kind, json.dumps(self.items(kind, name, n))))
        if answer['accepted'] != n:
            self.test.wrong('%s: record_batch(%s): %s' % (self.name, kind, answer))


class Batches(Client):
    works = 'batch'

    def step(self):
        kind, n = self.rng.choice(sorted(TABLES)), self.rng.choice([1, 5, 40, 200])
        name = self.group({kind: n})
        self.record(kind, name, n)
        self.told(name)


class Spans(Client):
    works = 'span'
    tenant = 'spans'

    def step(self):
        if self.rng.random() < 0.6:
            name = self.group({'span': 15})
            self.record('span', name, 15)
            self.told(name)
        else:  # beside those of the ledger, some that change and go
            trace = 't%d' % self.rng.randrange(250)
            self.sql("INSERT INTO analytics_data.spans (span_id, trace_id, operation_name, start_time) VALUES (%s, %s, 'x', now()) ON CONFLICT DO NOTHING", ('x%d' % self.rng.randrange(9), trace))
            self.sql(self.rng.choice(["UPDATE analytics_data.spans SET end_time = now(), cost_usd = 0.5 WHERE trace_id = %s AND span_id LIKE 'x%%'",
                                      "DELETE FROM analytics_data.spans WHERE trace_id = %s AND span_id LIKE 'x%%'",
                                      "UPDATE analytics_data.spans SET run_id = 'moved' || trace_id WHERE trace_id = %s"]), (trace,))


class Copies(Client):
    works = 'copy'

    def step(self):
        n = self.rng.choice([1, 100, 1500])
        name = self.group({'llm_call': n})
        at = self.at()
        lines = ''.join('%s-%d\tgpt-4o\t%d\t%d\t0.00%d\t%d\ta%d\t%s\n' % (name, i, i, i % 70, i % 9, i % 800, i % 5, (at - datetime.timedelta(seconds=9 * i)).isoformat()) for i in range(n))
        with self.connection.cursor() as cursor:
            cursor.copy_expert('COPY analytics_data.llm_calls (call_id, model, input_tokens, output_tokens, cost_usd, latency_ms, agent_id, created_at) FROM STDIN', io.StringIO(lines))
        self.told(name)


class Transactions(Client):
    """Several tables at once, with savepoints, updates and deletes; some are prepared and stay so over the crash."""
    works = 'transaction'

    def step(self):
        rng = self.rng
        kinds = {kind: rng.choice([1, 20]) for kind in rng.sample(sorted(TABLES), 3)}
        name = self.group(kinds)
        self.connection.autocommit = False
        for kind, n in kinds.items():
            if rng.random() < 0.3:
                self.sql('SAVEPOINT s')
                self.sql("INSERT INTO analytics_data.orders (order_id, total_amount, created_at) SELECT %s || i, 1, now() - i * interval '1 hour' FROM generate_series(1, 5) i", ('x' + name,))
                self.sql('ROLLBACK TO s')
            self.record(kind, name, n)
        self.sql("INSERT INTO analytics_data.orders (order_id, total_amount, created_at) SELECT %s || i, 1, now() - i * interval '1 hour' FROM generate_series(1, 5) i", ('x' + name,))
        self.sql("UPDATE analytics_data.orders SET total_amount = total_amount + 1, created_at = created_at - interval '7 minutes' WHERE order_id LIKE 'x%%' AND right(order_id, 1) = %s", (str(rng.randrange(1, 6)),))
        self.sql("DELETE FROM analytics_data.orders WHERE order_id LIKE 'x%%' AND right(order_id, 1) = %s", (str(rng.randrange(1, 6)),))
        if rng.random() < 0.06 and self.steps < 40:
            self.sql("PREPARE TRANSACTION '%s'" % name)
            self.told(name, 'prepared')
            self.connection.commit()
        elif rng.random() < 0.1:
            self.connection.rollback()
            self.told(name, 'gone')
        else:
            self.connection.commit()
            self.told(name)
        self.connection.autocommit = True


class Money(Client):
    works = 'money'
    tenant = 'money'

    def step(self):
        amount = self.rng.randrange(1, 60) / 100
        with self.ledger.lock:
            doubtful = [i for i, r in self.ledger.reservations.items() if r['state'] == 'asked' and r['round'] < self.test.round and r['round'] > self.test.round - 9 and not r.get('again')]
            if doubtful:  # lost its answer in a crash: the same again
                identity = doubtful[0]
                r = self.ledger.reservations[identity]
                r['again'] = True
                amount = r['amount']
            else:
                identity = '%sn%d' % (self.prefix, self.steps)
                r = self.ledger.reservations[identity] = {'amount': amount, 'state': 'asked', 'round': self.test.round, 'settled': None, 'told': False, 'call': None}
        (allowed, got, remaining), = self.sql('SELECT allowed, reservation_id, remaining_usd FROM analytics.reserve_budget(%s, reservation_id => %s, ttl => %s)',
                                              (amount, identity, '10 minutes' if doubtful or self.rng.random() < 0.9 else '1 second'))
        r['state'] = 'held' if allowed else 'refused'
        if remaining is not None and remaining < 0:
            self.test.wrong('%s: %s remain' % (self.name, remaining))
        way = self.rng.random()
        if not allowed or way < 0.15:
            return
        actual = self.rng.choice([0, amount, round(amount / 3, 6)])
        if way < 0.7:
            r['settled'] = actual
            self.sql('SELECT analytics.settle_reservation(%s, %s)', (identity, actual))
            r['told'] = True
        if way > 0.5:
            r['call'] = actual
            self.sql('SELECT analytics.record_llm_call(%s, %s, cost_usd => %s)', (identity, 'gpt-4o', actual))
            r['called'] = True


class Exports(Client):
    works = 'export'

    def step(self):
        (made,), = self.sql('SELECT analytics.export_training_file(%s, min_confidence => NULL)', (self.rng.choice(FORMATS),))
        with self.ledger.lock:
            self.ledger.exports[made['export_id']] = made['content_sha256']
            old = list(self.ledger.exports)[:-12]
        for export in old:  # run_maintenance deletes what has expired
            with self.ledger.lock:
                del self.ledger.exports[export]
            self.sql('UPDATE analytics_data.exports SET expires_at = now() WHERE export_id = %s', (export,))


class Refreshes(Client):
    works = 'refresh'

    def step(self):
        self.sql(self.rng.choice(['SELECT analytics.refresh_rollups()', 'SELECT analytics_internal.refresh_runs(%d)' % self.rng.choice([1, 50, 100000]),
                                  'CALL analytics.run_maintenance()', "SELECT analytics.refresh_rollups('llm_call_stats')", 'SELECT analytics_internal.refresh_conversations(100)']))


ALL = [Batches, Batches, Spans, Copies, Transactions, Money, Money, Money, Exports, Refreshes, Refreshes]
