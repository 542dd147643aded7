-- Spend: recording calls, tasks and agents, one by one and in batches.
\set VERBOSITY terse
\pset null ~
SET client_min_messages = warning;
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
CREATE EXTENSION IF NOT EXISTS agent_analytics;
SELECT analytics.install() IS NOT NULL AS installed;
SET agent_analytics.tenant = 'record';

-- A call is recorded once: the same content again is no error, other content is refused.
SELECT analytics.record_llm_call('c1', 'gpt-4o', 'openai', 1000, 100, 200, 0, 20, latency_ms => 812.5, agent_id => 'writer',
    task_id => 't1', run_id => 'r1', user_id => 'u1', created_at => '2025-03-01 10:00Z');
SELECT analytics.record_llm_call('c1', 'gpt-4o', 'openai', 1000, 100, 200, 0, 20, latency_ms => 812.5, agent_id => 'writer',
    task_id => 't1', run_id => 'r1', user_id => 'u1', created_at => '2025-03-01 11:00+01');
SELECT analytics.record_llm_call('c1', 'gpt-4o', 'openai', 1000, 100, 200, 0, 20, latency_ms => 812.5, agent_id => 'writer',
    task_id => 't1', run_id => 'r1', user_id => 'u1');  -- the time not said again
SELECT analytics.record_llm_call('c1', 'gpt-4o', 'openai', 1001, 100, 200, 0, 20, latency_ms => 812.5, agent_id => 'writer',
    task_id => 't1', run_id => 'r1', user_id => 'u1');
SELECT analytics.record_llm_call('c1', 'gpt-4o', 'openai', 1000, 100, 200, 0, 20, latency_ms => 812.5, agent_id => 'writer',
    task_id => 't1', run_id => 'r1', user_id => 'u1', cost_usd => 0.1);
SELECT analytics.record_llm_call('c1', 'gpt-4o', 'openai', 1000, 100, 200, 0, 20, latency_ms => 812.5, agent_id => 'writer',
    task_id => 't1', run_id => 'r1', user_id => 'u1', created_at => '2025-03-01 10:00:00.000001Z');
SELECT call_id, created_at, agent_id, task_id, run_id, user_id, provider, model, input_tokens, output_tokens, cache_read_tokens,
       cache_creation_tokens, reasoning_tokens, cost_usd, cost_source, latency_ms, success, error_type
FROM analytics_data.llm_calls WHERE tenant_id = 'record';
-- The cost is given: recorded as such, and compared.
SELECT analytics.record_llm_call('c2', 'gpt-4o', input_tokens => 10, cost_usd => 0.10);
SELECT analytics.record_llm_call('c2', 'gpt-4o', input_tokens => 10, cost_usd => 0.1);
SELECT analytics.record_llm_call('c2', 'gpt-4o', input_tokens => 10);
-- Everything has a default; NULL means the default.
SELECT length(analytics.record_llm_call());
SELECT analytics.record_llm_call('c3', input_tokens => NULL, success => NULL, created_at => NULL);
BEGIN;
SELECT analytics.record_llm_call('c4');
SELECT created_at = now() AS now, input_tokens, success, cost_usd, cost_source FROM analytics_data.llm_calls WHERE call_id = 'c4';
ROLLBACK;
-- Bad arguments
SELECT analytics.record_llm_call('', 'gpt-4o');
SELECT analytics.record_llm_call(repeat('x', 201));
SELECT analytics.record_llm_call('b', repeat('x', 201));
SELECT analytics.record_llm_call('b', input_tokens => -1);
SELECT analytics.record_llm_call('b', output_tokens => 9007199254740992);
SELECT analytics.record_llm_call('b', input_tokens => 5, cache_read_tokens => 3, cache_creation_tokens => 3);
SELECT analytics.record_llm_call('b', output_tokens => 5, reasoning_tokens => 6);
SELECT analytics.record_llm_call('b', cost_usd => 'NaN');
SELECT analytics.record_llm_call('b', cost_usd => 'Infinity');
SELECT analytics.record_llm_call('b', cost_usd => -1);
SELECT analytics.record_llm_call('b', latency_ms => 'NaN');
SELECT analytics.record_llm_call('b', latency_ms => 'Infinity');
SELECT analytics.record_llm_call('b', created_at => 'infinity');
\set VERBOSITY sqlstate
SELECT analytics.record_llm_call('b', input_tokens => -1);
SELECT analytics.record_llm_call('c2', 'other');
\set VERBOSITY terse

-- A batch keeps what is good. Items act in their order; the message tells what is wrong.
SELECT index, id, outcome, message FROM analytics_internal.record_llm_call_batch('[
    {"call_id": "b1", "model": "gpt-4o", "input_tokens": 1000, "created_at": "2025-03-01T10:00:00Z", "latency_ms": 12.5},
    {"call_id": "b1", "model": "gpt-4o", "input_tokens": "1000", "latency_ms": "12.5"},
    {"call_id": "b1", "model": "gpt-4o", "input_tokens": 1001},
    {"call_id": "c2", "model": "gpt-4o", "input_tokens": 10, "cost_usd": 0.1},
    {"call_id": "c2", "model": "gpt-4o", "input_tokens": 10, "cost_usd": 0.2},
    {"call_id": "b2", "cost_usd": "0.000000000000000000000000000001"},
    {"call_id": "b3", "input_tokens": -1},
    {"call_id": "b4", "input_tokens": 1.5},
    {"call_id": "b5", "created_at": "2025-02-30"},
    {"call_id": "b6", "tokens": 1},
    {"call_id": "b7", "output_tokens": 1, "reasoning_tokens": 2},
    {"call_id": ""},
    {"call_id": "b8", "success": false, "error_type": "timeout", "agent_id": null},
    7, null, [] ]');
SELECT analytics.record_batch('llm_call', '[{"call_id": "b9"}, {"call_id": "b9"}, {"call_id": "b9", "model": "m"}, {"model": "m"}]');
SELECT analytics.record_batch('llm_call', '[]');
SELECT call_id, model, input_tokens, cost_usd, cost_source, success, error_type, latency_ms FROM analytics_data.llm_calls
WHERE tenant_id = 'record' AND call_id ~ '^b\d$' ORDER BY 1;
-- What only the table knows ends no batch.
ALTER TABLE analytics_data.llm_calls ADD CONSTRAINT only_for_this_test CHECK (agent_id <> 'forbidden');
SELECT analytics.record_batch('llm_call', '[{"call_id": "d1"}, {"call_id": "d2", "agent_id": "forbidden"}, {"call_id": "d3"}]') - 'errors' AS counts;
ALTER TABLE analytics_data.llm_calls DROP CONSTRAINT only_for_this_test;
SELECT call_id FROM analytics_data.llm_calls WHERE tenant_id = 'record' AND call_id ~ '^d\d$' ORDER BY 1;
-- 10,000 items in one call
SELECT r - 'errors' AS counts FROM analytics.record_batch('llm_call', (SELECT jsonb_agg(jsonb_build_object('call_id', i, 'model',
    'gpt-4o', 'input_tokens', i)) FROM generate_series(1, 10000) i)) r;
SELECT r - 'errors' AS counts FROM analytics.record_batch('llm_call', (SELECT jsonb_agg(jsonb_build_object('call_id', i, 'model',
    'gpt-4o', 'input_tokens', CASE i % 100 WHEN 0 THEN -1 WHEN 1 THEN i + 1 ELSE i END)) FROM generate_series(1, 10000) i)) r;
SELECT count(*), sum(cost_usd) FROM analytics_data.llm_calls WHERE tenant_id = 'record' AND call_id ~ '^\d+$';

-- A task lives: what is not given keeps what is recorded; duration and success follow.
SET agent_analytics.tenant = 'record-tasks';
CREATE VIEW tasks AS SELECT task_id, agent_id, task_type, status, started_at, completed_at, duration_ms, cost_usd, success
    FROM analytics_data.task_records WHERE tenant_id = 'record-tasks' ORDER BY task_id;
SELECT analytics.record_task('t1', 'writer', 'pending', 'essay');
TABLE tasks;
SELECT analytics.record_task('t1', 'writer', 'running', started_at => '2025-03-01 10:00Z');
SELECT analytics.record_task('t1', 'writer', 'completed', completed_at => '2025-03-01 10:00:01.5Z', cost_usd => 0.25);
TABLE tasks;
SELECT ctid AS place FROM analytics_data.task_records WHERE tenant_id = 'record-tasks' \gset
SELECT analytics.record_task('t1', 'writer', 'completed');
SELECT ctid = :'place' AS unmoved FROM analytics_data.task_records WHERE tenant_id = 'record-tasks';
SELECT analytics.record_task('t1', 'editor', 'failed', completed_at => '2025-03-01 10:00:02Z');
TABLE tasks;
SELECT analytics.record_task('t1', 'editor', 'running');  -- taken up again
TABLE tasks;
SELECT analytics.record_task('t1', 'editor', 'cancelled', completed_at => '2025-03-01 10:00:03Z');
TABLE tasks;
SELECT analytics.record_task('t2', 'writer', 'failed', completed_at => '2025-03-01 10:00Z');  -- its start is not known
BEGIN;
SELECT analytics.record_task('t3', 'writer', 'running'), analytics.record_task('t4', 'writer', 'completed');
SELECT task_id, started_at = now() AS started_now, completed_at = now() AS completed_now, duration_ms, success FROM tasks WHERE task_id > 't2';
ROLLBACK;
SELECT analytics.record_task(NULL, 'writer', 'running');
SELECT analytics.record_task('t5', '', 'running');
SELECT analytics.record_task('t5', 'writer', 'done');
SELECT analytics.record_task('t5', 'writer', NULL);
SELECT analytics.record_task('t5', 'writer', 'running', completed_at => '2025-03-01Z');
SELECT analytics.record_task('t5', 'writer', 'failed', started_at => '2025-03-02Z', completed_at => '2025-03-01Z');
SELECT analytics.record_task('t5', 'writer', 'running', started_at => '-infinity');
SELECT analytics.record_task('t5', 'writer', 'running', cost_usd => 'NaN');
SELECT analytics.record_task('t1', 'editor', 'failed', completed_at => '2025-02-01Z');
-- Straight into the table: the same rules.
INSERT INTO analytics_data.task_records (task_id, agent_id, status, started_at, completed_at)
VALUES ('u1', 'a', 'completed', '2025-03-01Z', '2025-03-01 00:01Z'), ('u2', 'a', 'cancelled', NULL, '2025-03-01 00:01Z')
RETURNING task_id, duration_ms, success;
INSERT INTO analytics_data.task_records (task_id, agent_id, status, duration_ms, success, completed_at)
VALUES ('u3', 'a', 'completed', 5, false, '2025-03-01 00:01Z') RETURNING duration_ms, success;
UPDATE analytics_data.task_records SET completed_at = '2025-03-01 00:02Z' WHERE task_id = 'u1' RETURNING duration_ms, success;
WITH u AS (UPDATE analytics_data.task_records SET status = 'failed' WHERE task_id IN ('u1', 'u3') RETURNING task_id, duration_ms, success)
SELECT * FROM u ORDER BY 1;
INSERT INTO analytics_data.task_records (task_id, agent_id, status, completed_at) VALUES ('u4', 'a', 'running', '2025-03-01Z');
INSERT INTO analytics_data.task_records (task_id, agent_id, status) VALUES ('u4', 'a', 'unknown');
INSERT INTO analytics_data.task_records (task_id, agent_id, status, started_at, completed_at) VALUES ('u4', 'a', 'failed', '2025-03-02Z', '2025-03-01Z');
INSERT INTO analytics_data.task_records (task_id, agent_id, status, started_at) VALUES ('u4', 'a', 'running', 'infinity');
-- A batch is what its items are one by one, also when a task comes more than once.
SELECT index, id, outcome, message FROM analytics_internal.record_task_batch('[
    {"task_id": "v1", "agent_id": "a", "status": "running", "started_at": "2025-03-01T10:00:00Z"},
    {"task_id": "v2", "agent_id": "a", "status": "running", "started_at": "2025-03-01T10:00:00Z"},
    {"task_id": "v1", "agent_id": "a", "status": "completed", "completed_at": "2025-03-01T10:00:05Z"},
    {"task_id": "v1", "agent_id": "a", "status": "completed"},
    {"task_id": "v2", "agent_id": "a", "status": "done"},
    {"agent_id": "a", "status": "running"},
    {"task_id": "t1", "agent_id": "editor", "status": "failed", "task_type": "poem"}]');
SELECT * FROM tasks WHERE task_id IN ('t1', 'v1', 'v2');
SELECT analytics.record_batch('task', '[{"task_id": "v2", "agent_id": "a", "status": "failed", "completed_at": "2025-02-01Z"},
    {"task_id": "v3", "agent_id": "a", "status": "failed", "completed_at": "2025-02-01Z"}]');
DROP VIEW tasks;

-- Observations of agents: of two of one instant the later recorded one holds.
SET agent_analytics.tenant = 'record-agents';
SELECT analytics.record_agent_status('writer', 'active', '2025-03-01 10:00Z');
SELECT analytics.record_agent_status('writer', 'idle', '2025-03-01 10:00Z'), analytics.record_agent_status('writer', 'offline', '2025-03-01 10:01Z');
SELECT agent_id, status, observed_at FROM analytics_data.agent_status_log WHERE tenant_id = 'record-agents' ORDER BY 1, 3;
SELECT analytics.record_agent_status('writer', 'busy');
SELECT analytics.record_agent_status(NULL, 'idle');
SELECT analytics.record_agent_status('writer', 'idle', 'infinity');
SELECT index, id, outcome, message FROM analytics_internal.record_agent_status_batch('[
    {"agent_id": "editor", "status": "active", "observed_at": "2025-03-01T10:00:00Z"},
    {"agent_id": "editor", "status": "active", "observed_at": "2025-03-01T11:00:00+01"},
    {"agent_id": "editor", "status": "idle", "observed_at": "2025-03-01T10:05:00Z"},
    {"agent_id": "writer", "status": "offline", "observed_at": "2025-03-01T10:01:00Z"},
    {"agent_id": "writer", "status": "busy", "observed_at": "2025-03-01T10:02:00Z"},
    {"agent_id": "writer"}]');
BEGIN;
SELECT analytics.record_batch('agent_status', '[{"agent_id": "x", "status": "active"}, {"agent_id": "x", "status": "idle"}]') - 'errors' AS counts;
SELECT status, observed_at = now() AS now FROM analytics_data.agent_status_log WHERE tenant_id = 'record-agents' AND agent_id = 'x';
ROLLBACK;
DELETE FROM analytics_data.llm_calls WHERE tenant_id LIKE 'record%';
DELETE FROM analytics_data.task_records WHERE tenant_id LIKE 'record%';
DELETE FROM analytics_data.agent_status_log WHERE tenant_id LIKE 'record%';
