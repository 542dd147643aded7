-- Spend: budgets, what is used of them, money set aside.
\set VERBOSITY terse
\pset null ~
SET client_min_messages = warning;
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
CREATE EXTENSION IF NOT EXISTS agent_analytics;
SELECT analytics.install() IS NOT NULL AS installed;
SET agent_analytics.tenant = 'budget';
SELECT * FROM analytics.get_budget_status();
SELECT * FROM analytics.get_budget_status('none');
SELECT * FROM analytics.reserve_budget(1, 'none');

-- Periods begin in the budget's zone; a week on Monday; what is in force cuts them.
SELECT w.zone, w.period, p.* FROM (VALUES
    ('UTC', 'day', NULL::timestamptz, NULL::timestamptz, timestamptz '2025-03-15 00:00Z'),
    ('UTC', 'day', NULL, NULL, '2025-03-14 23:59:59.999999Z'),
    ('America/New_York', 'day', NULL, NULL, '2025-03-09 12:00Z'),
    ('America/New_York', 'month', NULL, NULL, '2025-03-15 00:00Z'),
    ('Asia/Kathmandu', 'day', NULL, NULL, '2025-03-15 18:20Z'),
    ('UTC', 'week', NULL, NULL, '2025-03-16 23:59Z'),
    ('UTC', 'week', '2025-03-12Z', '2025-03-16 12:00Z', '2025-03-15 12:00Z'),
    ('UTC', 'month', NULL, '2025-04-01Z', '2025-03-15 12:00Z'),
    ('UTC', 'total', '2025-03-12Z', NULL, '2025-03-15 12:00Z')) w(zone, period, starts_at, ends_at, at),
    analytics_internal.budget_period(w.period, w.zone, w.starts_at, w.ends_at, w.at) p;

-- What is spent: calls of the period, up to as_of, in the scope.
SELECT analytics.set_budget('default', 10, 'day', 'Europe/Berlin');
SELECT analytics.set_budget('writer', 4, 'month', scope => '{"agent_id": "writer"}');
SELECT analytics.set_budget('both', 1, 'total', scope => '{"agent_id": "writer", "model": "m"}', starts_at => '2025-03-11Z', ends_at => '2025-03-20Z');
SELECT analytics.set_budget('nothing', 0, 'total');
INSERT INTO analytics_data.llm_calls (call_id, created_at, agent_id, model, cost_usd) VALUES
    (1, '2025-03-09 22:59:59.999999Z', 'writer', 'm', 1), (2, '2025-03-09 23:00Z', 'writer', 'm', 2),
    (3, '2025-03-10 12:00Z', 'editor', 'm', 4), (4, '2025-03-10 22:59:59.999999Z', NULL, NULL, 0.000000001),
    (5, '2025-03-10 23:00Z', 'writer', 'n', 8), (6, '2025-03-12 12:00Z', 'writer', 'm', 0.9), (7, '2025-03-20Z', 'writer', 'm', 16);
SELECT t.at, s.budget_id, amount_usd, spent_usd, reserved_usd, remaining_usd, used_percent, status, resets_at, unpriced_calls
FROM (VALUES ('default', timestamptz '2025-03-10 11:59:59.999999Z'), ('default', '2025-03-10 12:00Z'), ('default', '2025-03-10 22:59:59.999999Z'),
             ('default', '2025-03-10 23:00Z'), ('writer', '2025-03-01Z'), ('writer', '2025-03-10 12:00Z'), ('writer', '2025-03-31Z'),
             ('both', '2025-03-12 11:00Z'), ('both', '2025-03-12 12:00Z'), ('both', '2025-04-01Z'), ('nothing', '2025-03-01Z')) t(id, at),
     analytics.get_budget_status(t.id, t.at) s;
-- Against plain SQL
SELECT spent_usd = (SELECT sum(cost_usd) FROM analytics_data.llm_calls WHERE tenant_id = 'budget' AND agent_id = 'writer' AND created_at < '2025-04-01Z') AS same
FROM analytics.get_budget_status('writer', '2025-03-31 12:00Z');
-- A call without a price is never silently nothing.
SELECT analytics.record_llm_call('8', 'no-such-model', input_tokens => 5, created_at => '2025-03-10 13:00Z');
SELECT spent_usd, status, unpriced_calls FROM analytics.get_budget_status('default', '2025-03-10 14:00Z');
SELECT spent_usd, status, unpriced_calls FROM analytics.get_budget_status('writer', '2025-03-10 14:00Z');
-- 80 % is a warning; all of it is not exceeded yet
INSERT INTO analytics_data.llm_calls (call_id, created_at, task_id, cost_usd) VALUES ('level', '2025-03-10Z', 'level', 8);
SELECT analytics.set_budget('level', 8, 'total', scope => '{"task_id": "level"}');
SELECT status, used_percent, remaining_usd FROM analytics.get_budget_status('level', '2025-03-11Z');
SELECT analytics.set_budget('level', 10, 'total', scope => '{"task_id": "level"}');
SELECT status, used_percent FROM analytics.get_budget_status('level', '2025-03-11Z');
SELECT analytics.set_budget('level', 10.01, 'total', scope => '{"task_id": "level"}');
SELECT status, used_percent FROM analytics.get_budget_status('level', '2025-03-11Z');
SELECT analytics.set_budget('level', 7.99, 'total', scope => '{"task_id": "level"}');
SELECT status, used_percent, remaining_usd FROM analytics.get_budget_status('level', '2025-03-11Z');
-- Without budget_id: the single one or `default`.
DELETE FROM analytics_data.budgets WHERE tenant_id = 'budget' AND budget_id = 'default';
SELECT * FROM analytics.get_budget_status();
DELETE FROM analytics_data.budgets WHERE tenant_id = 'budget' AND budget_id <> 'writer';
SELECT budget_id FROM analytics.get_budget_status();

-- Bad arguments
SELECT analytics.set_budget('', 1);
SELECT analytics.set_budget('b', NULL);
SELECT analytics.set_budget('b', 'NaN');
SELECT analytics.set_budget('b', 'Infinity');
SELECT analytics.set_budget('b', -1);
SELECT analytics.set_budget('b', 1, 'year');
SELECT analytics.set_budget('b', 1, time_zone => 'Mars/Olympus');
SELECT analytics.set_budget('b', 1, scope => '[]');
SELECT analytics.set_budget('b', 1, scope => '{"agent": "a"}');
SELECT analytics.set_budget('b', 1, scope => '{"agent_id": 1}');
SELECT analytics.set_budget('b', 1, scope => '{"agent_id": ""}');
SELECT analytics.set_budget('b', 1, starts_at => '2025-01-01', ends_at => '2025-01-01');
SELECT analytics.set_budget('b', 1, starts_at => '-infinity');
INSERT INTO analytics_data.budgets (budget_id, amount_usd, scope) VALUES ('b', 1, '{"agent": "a"}');
INSERT INTO analytics_data.budgets (budget_id, amount_usd, scope) VALUES ('b', 1, '{"agent_id": 1}');
INSERT INTO analytics_data.budgets (budget_id, amount_usd) VALUES ('b', 'NaN');
SELECT * FROM analytics.get_budget_status(as_of => 'infinity');

-- Money set aside: every budget whose scope matches must allow it, and the tightest is named.
SET agent_analytics.tenant = 'reserve';
SELECT allowed, length(reservation_id), remaining_usd, budget_id FROM analytics.reserve_budget(5);  -- no budget: no limit
SELECT analytics.set_budget('default', 10, 'total'), analytics.set_budget('a', 3, 'total', scope => '{"agent_id": "a"}'),
       analytics.set_budget('a on m', 1, 'total', scope => '{"agent_id": "a", "model": "m"}');
SELECT spent_usd, reserved_usd, remaining_usd FROM analytics.get_budget_status();
SELECT * FROM analytics.reserve_budget(2, reservation_id => 'r1', scope => '{"agent_id": "a"}');
SELECT * FROM analytics.reserve_budget(1.5, reservation_id => 'r2', scope => '{"agent_id": "a"}');
SELECT * FROM analytics.reserve_budget(1, reservation_id => 'r2', scope => '{"agent_id": "a", "model": "m", "user_id": "u"}');
SELECT * FROM analytics.reserve_budget(0.1, 'a on m', 'r3');
SELECT * FROM analytics.reserve_budget(2.5, reservation_id => 'r3', scope => '{"agent_id": "b"}');
SELECT * FROM analytics.reserve_budget(1.5, reservation_id => 'r3', scope => '{"agent_id": "b"}');
SELECT * FROM analytics.reserve_budget(0, reservation_id => 'r4');
SELECT b.id, s.* FROM unnest('{default,a,a on m}'::text[]) b(id),
    LATERAL (SELECT spent_usd, reserved_usd, remaining_usd FROM analytics.get_budget_status(b.id)) s;
-- Asked again: nothing changes. Other content: refused.
SELECT * FROM analytics.reserve_budget(2, reservation_id => 'r1', scope => '{"agent_id": "a"}');
SELECT * FROM analytics.reserve_budget(2.1, reservation_id => 'r1', scope => '{"agent_id": "a"}');
SELECT * FROM analytics.reserve_budget(2, reservation_id => 'r1');
-- Settled: the real cost takes the reservation's place; once the call has a cost, that does.
SELECT * FROM analytics.settle_reservation('r1', 1.25);
SELECT * FROM analytics.settle_reservation('r1', 1.250);
SELECT * FROM analytics.settle_reservation('r1', 1.3);
SELECT * FROM analytics.settle_reservation('none', 1);
SELECT spent_usd, reserved_usd, remaining_usd FROM analytics.get_budget_status('a');
SELECT analytics.record_llm_call('r1', 'no-such-model', input_tokens => 1, agent_id => 'a');  -- no cost yet
SELECT spent_usd, reserved_usd, remaining_usd, status FROM analytics.get_budget_status('a');
UPDATE analytics_data.llm_calls SET cost_usd = 1.2 WHERE tenant_id = 'reserve' AND call_id = 'r1';
SELECT spent_usd, reserved_usd, remaining_usd, status FROM analytics.get_budget_status('a');
-- A call recorded before its reservation is settled
SELECT analytics.record_llm_call('r3', cost_usd => 1.5625, agent_id => 'b');
SELECT spent_usd, reserved_usd, remaining_usd FROM analytics.get_budget_status();
SELECT * FROM analytics.settle_reservation('r3', 1.5625);
SELECT spent_usd, reserved_usd, remaining_usd FROM analytics.get_budget_status();
-- More than was set aside is spent all the same.
SELECT * FROM analytics.settle_reservation('r2', 9);
SELECT spent_usd, status, remaining_usd FROM analytics.get_budget_status();
SELECT * FROM analytics.reserve_budget(0.01, reservation_id => 'r5');
SELECT * FROM analytics.reserve_budget(0, reservation_id => 'r5');
-- Ledger rows are exact: their sum is what the summary says.
SELECT (SELECT sum(settled_usd) FROM analytics_data.budget_reservations WHERE tenant_id = 'reserve' AND settled_at IS NOT NULL
        AND reservation_id NOT IN (SELECT call_id FROM analytics_data.llm_calls WHERE tenant_id = 'reserve'))
     + (SELECT sum(cost_usd) FROM analytics_data.llm_calls WHERE tenant_id = 'reserve') = spent_usd AS same
FROM analytics.get_budget_status();

-- Expired reservations are released; one that is settled later is spent.
SET agent_analytics.tenant = 'expiry';
SELECT analytics.set_budget('default', 10, 'total');
SELECT allowed FROM analytics.reserve_budget(9, reservation_id => 'e1', ttl => '1 hour');
SELECT allowed, remaining_usd FROM analytics.reserve_budget(9, reservation_id => 'e2');
UPDATE analytics_data.budget_reservations SET created_at = '2025-03-01 10:00Z', expires_at = '2025-03-01 10:10Z' WHERE reservation_id = 'e1';
SELECT reserved_usd FROM analytics.get_budget_status(as_of => '2025-03-01 10:00Z');
SELECT reserved_usd FROM analytics.get_budget_status(as_of => '2025-03-01 10:09:59.999999Z');
SELECT reserved_usd FROM analytics.get_budget_status(as_of => '2025-03-01 10:10Z');
SELECT allowed, remaining_usd FROM analytics.reserve_budget(9, reservation_id => 'e2');
SELECT allowed, remaining_usd FROM analytics.reserve_budget(9, reservation_id => 'e1');  -- must be asked for anew
SELECT * FROM analytics.settle_reservation('e2', 0);
SELECT allowed, remaining_usd FROM analytics.reserve_budget(9, reservation_id => 'e1', ttl => '1 second');
UPDATE analytics_data.budget_reservations SET expires_at = created_at WHERE reservation_id = 'e1';
SELECT * FROM analytics.settle_reservation('e1', 8);
SELECT spent_usd, reserved_usd FROM analytics.get_budget_status();

-- Not in force; bad arguments
SELECT analytics.set_budget('over', 10, 'total', ends_at => '2025-01-01Z');
SELECT * FROM analytics.reserve_budget(1, 'over');
SELECT * FROM analytics.reserve_budget(NULL);
SELECT * FROM analytics.reserve_budget(-1);
SELECT * FROM analytics.reserve_budget('NaN');
SELECT * FROM analytics.reserve_budget(1, ttl => '0');
SELECT * FROM analytics.reserve_budget(1, ttl => '31 days');
SELECT * FROM analytics.reserve_budget(1, ttl => NULL);
SELECT * FROM analytics.reserve_budget(1, reservation_id => '');
SELECT * FROM analytics.reserve_budget(1, scope => '{"run_id": "x"}');
SELECT * FROM analytics.reserve_budget(1, scope => NULL);
SELECT analytics.set_budget('w', 1, 'total', scope => '{"agent_id": "w"}');
SELECT * FROM analytics.reserve_budget(1, 'w', scope => '{"agent_id": "v"}');
SELECT * FROM analytics.settle_reservation(NULL, 1);
SELECT * FROM analytics.settle_reservation('e1', NULL);
SELECT * FROM analytics.settle_reservation('e1', 'Infinity');
\set VERBOSITY sqlstate
SELECT * FROM analytics.reserve_budget(1, 'over');
SELECT * FROM analytics.reserve_budget(1, 'none');
SELECT * FROM analytics.settle_reservation('none', 1);
SELECT * FROM analytics.settle_reservation('e1', 7);
SELECT * FROM analytics.reserve_budget(1, reservation_id => 'e1');
SELECT * FROM analytics.get_budget_status('none');
\set VERBOSITY terse
DELETE FROM analytics_data.budget_reservations WHERE tenant_id IN ('budget', 'reserve', 'expiry');
DELETE FROM analytics_data.budgets WHERE tenant_id IN ('budget', 'reserve', 'expiry');
DELETE FROM analytics_data.llm_calls WHERE tenant_id IN ('budget', 'reserve', 'expiry');
