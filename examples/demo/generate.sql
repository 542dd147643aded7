-- Invents a web shop with agents: 90 days of orders, shop sessions, tasks, LLM calls and agents' states, some 400,000
-- rows, for the tenant `default`.
--   psql [-v end_at=INSTANT] -f examples/demo/generate.sql
-- end_at: the last moment of the data, by default 2025-06-20 15:40 UTC, a Friday. Every number comes from a counter and
-- a hash of it, none from random(), so the same end_at gives the same rows.
-- What is in it: a day's and a week's season, growth, guests and returning customers, orders that are fulfilled some
-- minutes later; a checkout outage of two hours that ended three hours before the end, a flash sale twelve hours before
-- it, older outages; a provider that fails for an hour eight hours before the end; an agent that ran wild three days ago.
-- examples/demo/late.sql adds what arrives late.
\set ON_ERROR_STOP on
\if :{?end_at} \else \set end_at '2025-06-20 15:40+00' \endif

BEGIN;
SET LOCAL search_path = pg_catalog, pg_temp;
SET LOCAL TimeZone = 'UTC';
SELECT :'end_at'::timestamptz AS end_at, date_trunc('hour', :'end_at'::timestamptz) AS end_hour \gset

-- Evenly spread in [0, 1): `salt` makes independent draws for one counter.
CREATE FUNCTION pg_temp.uniform(counter bigint, salt integer) RETURNS double precision LANGUAGE sql IMMUTABLE AS
$$ SELECT (hashint8extended(counter, salt) & 9007199254740991)::double precision / 9007199254740992 $$;
-- A whole number with this mean and some noise.
CREATE FUNCTION pg_temp.noisy_count(mean double precision, counter bigint, salt integer) RETURNS integer LANGUAGE sql IMMUTABLE AS
$$ SELECT floor(mean * (0.75 + 0.5 * pg_temp.uniform(counter, salt)) + pg_temp.uniform(counter, salt + 1))::integer $$;

-- Quarters of an hour, how busy each is, and what went wrong in it.
CREATE TEMP TABLE quarter ON COMMIT DROP AS
SELECT slot, at, before_end, day,
       (1 + 0.22 * cos(2 * pi() * (extract(epoch FROM at)::bigint % 86400 - 54000) / 86400))            -- busiest at 15:00 UTC
       * (ARRAY[0.82, 1.02, 1.04, 1.05, 1.06, 1.10, 0.86])[1 + extract(dow FROM at)::integer]           -- Sunday first
       * (1 + 0.6 * day / 90) AS busy,
       CASE WHEN before_end > interval '3 hours' AND before_end <= interval '5 hours' THEN 0.06
            WHEN before_end > interval '12 hours' AND before_end <= interval '13 hours' THEN 2.2
            WHEN day = 48 AND extract(hour FROM at) BETWEEN 9 AND 13 THEN 0.0
            WHEN day = 71 AND extract(hour FROM at) BETWEEN 17 AND 19 THEN 0.3 ELSE 1 END AS checkout,
       before_end > interval '8 hours' AND before_end <= interval '9 hours' AS provider_down
FROM (SELECT slot, at, :'end_hour'::timestamptz - at AS before_end, slot / 96 AS day
      FROM (SELECT slot, :'end_hour'::timestamptz - interval '90 days' + slot * interval '15 minutes' AS at
            FROM generate_series(0, 90 * 96 + 3) AS slot) s) s
WHERE at <= :'end_at';

-- Orders. The number of customers grows; those who came first come most often.
INSERT INTO analytics_data.orders (order_id, customer_id, created_at, total_amount, status, fulfilled_at)
SELECT 'order-' || n, CASE WHEN pg_temp.uniform(n, 1) > 0.08 THEN
           'customer-' || floor((300 + 110 * day) * power(pg_temp.uniform(n, 2), 1.6))::integer END,
       created_at, round(exp(3.3 + 1.6 * (pg_temp.uniform(n, 3) + pg_temp.uniform(n, 4) + pg_temp.uniform(n, 5) - 1.5))::numeric, 2),
       CASE WHEN fate < 0.04 THEN 'cancelled' WHEN fulfilled_at > :'end_at' OR fate > 0.99 THEN 'pending'
            WHEN fate < 0.06 THEN 'refunded' ELSE 'fulfilled' END,
       CASE WHEN fate >= 0.04 AND fate <= 0.99 AND fulfilled_at <= :'end_at' THEN fulfilled_at END
FROM (SELECT n, day, created_at, pg_temp.uniform(n, 6) AS fate,
             created_at + (3 + 40 * power(pg_temp.uniform(n, 7), 2)) * interval '1 minute' AS fulfilled_at
      FROM (SELECT slot * 1000 + k AS n, day, at + pg_temp.uniform(slot * 1000 + k, 8) * interval '15 minutes' AS created_at
            FROM quarter, generate_series(1, pg_temp.noisy_count(7.5 * busy * checkout, slot, 9)) AS k) o
      WHERE created_at <= :'end_at') o
ORDER BY created_at;

-- Sessions go on while the checkout is down.
INSERT INTO analytics_data.shop_sessions (session_id, customer_id, started_at)
SELECT 'session-' || n, CASE WHEN pg_temp.uniform(n, 11) > 0.6 THEN
           'customer-' || floor((300 + 110 * day) * power(pg_temp.uniform(n, 12), 1.6))::integer END, started_at
FROM (SELECT slot * 1000 + k AS n, day, at + pg_temp.uniform(slot * 1000 + k, 13) * interval '15 minutes' AS started_at
      FROM quarter, generate_series(1, pg_temp.noisy_count(11 * busy * (0.7 + 0.3 * checkout), slot, 14)) AS k) s
WHERE started_at <= :'end_at'
ORDER BY started_at;

-- The agents: how much of the work is theirs, the model they use, the size of a call, and how long it takes.
CREATE TEMP TABLE agent (agent_no integer, agent_id text, share_from float8, share_to float8, task_type text, provider text,
    model text, input_tokens integer, output_tokens integer, latency_ms integer) ON COMMIT DROP;
INSERT INTO agent VALUES
    (1, 'support-1',  0.00, 0.22, 'answer ticket',   'openai',    'gpt-4o-mini',               2600,  420,  1500),
    (2, 'support-2',  0.22, 0.40, 'answer ticket',   'openai',    'gpt-4o-mini',               2600,  420,  1500),
    (3, 'refunds',    0.40, 0.50, 'decide refund',   'openai',    'gpt-4o',                    3200,  350,  2600),
    (4, 'search',     0.50, 0.66, 'rank products',   'google',    'gemini-2.0-flash',          5200,  180,   900),
    (5, 'catalogue',  0.66, 0.74, 'describe product', 'anthropic', 'claude-3-5-haiku-20241022', 1900,  700,  2300),
    (6, 'pricing',    0.74, 0.80, 'set price',       'openai',    'gpt-4.1',                   4100,  260,  2200),
    (7, 'fraud',      0.80, 0.88, 'check payment',   'anthropic', 'claude-3-5-haiku-20241022', 2200,  150,  1300),
    (8, 'coder-1',    0.88, 0.93, 'change code',     'anthropic', 'claude-sonnet-4-20250514', 21000, 1500, 14000),
    (9, 'coder-2',    0.93, 0.97, 'change code',     'anthropic', 'claude-sonnet-4-20250514', 21000, 1500, 14000),
    (10, 'reviewer',  0.97, 1.00, 'review change',   'openai',    'gpt-4.1',                  15000,  900,  7000);

-- Tasks, with two to seven calls each; those of the agent that ran wild have two hundred.
CREATE TEMP TABLE task ON COMMIT DROP AS
SELECT n, a.*, started_at, provider_down, started_at + length AS ends_at, length,
       CASE WHEN agent_no = 9 AND before_end > interval '70 hours' AND before_end <= interval '73 hours' THEN 200
            ELSE 2 + floor(6 * pg_temp.uniform(n, 21))::integer END AS calls,
       CASE WHEN pg_temp.uniform(n, 22) < CASE WHEN provider_down THEN 0.55 ELSE 0.05 END THEN 'failed'
            WHEN pg_temp.uniform(n, 23) < 0.02 THEN 'cancelled' ELSE 'completed' END AS outcome
FROM (SELECT slot * 1000 + k AS n, at + pg_temp.uniform(slot * 1000 + k, 24) * interval '15 minutes' AS started_at, before_end,
             provider_down, (0.4 + 25 * power(pg_temp.uniform(slot * 1000 + k, 25), 3)) * interval '1 minute' AS length
      FROM quarter, generate_series(1, pg_temp.noisy_count(2.2 * busy, slot, 26)) AS k) t
JOIN agent a ON pg_temp.uniform(n, 27) >= a.share_from AND pg_temp.uniform(n, 27) < a.share_to
WHERE started_at <= :'end_at';

INSERT INTO analytics_data.task_records (task_id, agent_id, task_type, status, started_at, completed_at)
SELECT 'task-' || n, agent_id, task_type, CASE WHEN ends_at <= :'end_at' THEN outcome ELSE 'running' END, started_at,
       CASE WHEN ends_at <= :'end_at' THEN ends_at END
FROM task ORDER BY started_at;

-- Costs are computed from the price table that ships with the extension.
INSERT INTO analytics_data.llm_calls (call_id, created_at, agent_id, task_id, user_id, provider, model, input_tokens,
                                      output_tokens, cache_read_tokens, latency_ms, success, error_type)
SELECT format('call-%s-%s', n, k), created_at, agent_id, 'task-' || n, 'user-' || n % 40, provider, model, input_tokens,
       CASE WHEN failed THEN 0 ELSE ceil(output_tokens * (0.3 + 1.4 * pg_temp.uniform(m, 33))) END,
       CASE WHEN pg_temp.uniform(m, 34) < 0.45 THEN floor(input_tokens * 0.6) ELSE 0 END,
       round((latency_ms * exp(1.1 * (pg_temp.uniform(m, 35) + pg_temp.uniform(m, 36) - 1))
              * CASE WHEN provider_down THEN 4 ELSE 1 END)::numeric, 1),
       NOT failed, CASE WHEN failed THEN CASE WHEN pg_temp.uniform(m, 37) < 0.6 THEN 'overloaded' ELSE 'timeout' END END
FROM (SELECT t.n, k, t.n * 1000::bigint + k AS m, started_at + length * (k - 0.5) / calls AS created_at, agent_id, provider, model,
             output_tokens, latency_ms, provider_down,
             ceil(t.input_tokens * (0.4 + 1.2 * pg_temp.uniform(t.n * 1000::bigint + k, 31)))::bigint AS input_tokens,
             pg_temp.uniform(t.n * 1000::bigint + k, 32) < CASE WHEN provider_down THEN 0.4 ELSE 0.012 END AS failed
      FROM task t, generate_series(1, t.calls) AS k) c
WHERE created_at <= :'end_at'
ORDER BY created_at;

-- What agents were seen doing: busy when they had a task, a sign of life each quarter of an hour.
INSERT INTO analytics_data.agent_status_log (agent_id, status, observed_at)
SELECT a.agent_id, CASE WHEN t.slot IS NULL THEN 'idle' ELSE 'active' END, q.at
FROM quarter q CROSS JOIN agent a
LEFT JOIN (SELECT DISTINCT agent_no, n / 1000 AS slot FROM task) t ON t.agent_no = a.agent_no AND t.slot = q.slot - 1
ORDER BY q.at;

-- The last week's tasks as traces: the task, its calls, and after each call a tool.
INSERT INTO analytics_data.spans (trace_id, span_id, operation_name, start_time, end_time, status, thread_id)
SELECT task_id, 'task', 'invoke_agent ' || agent_id, started_at, completed_at, CASE status WHEN 'failed' THEN 'error' ELSE 'unset' END, agent_id
FROM analytics_data.task_records
WHERE tenant_id = analytics.current_tenant() AND started_at > :'end_at'::timestamptz - interval '7 days'
ORDER BY started_at;
ANALYZE analytics_data.spans, analytics_data.llm_calls;
INSERT INTO analytics_data.spans (trace_id, span_id, parent_span_id, operation_name, kind, start_time, end_time, status, error_message, model, input_tokens, output_tokens, cost_usd)
SELECT c.task_id, c.call_id, 'task', 'chat ' || c.model, 'client', c.created_at, c.created_at + c.latency_ms * interval '1 millisecond',
       CASE WHEN c.success THEN 'ok' ELSE 'error' END, c.error_type, c.model, c.input_tokens, c.output_tokens, c.cost_usd
FROM analytics_data.llm_calls c JOIN analytics_data.spans s ON s.tenant_id = c.tenant_id AND s.trace_id = c.task_id AND s.span_id = 'task'
WHERE c.tenant_id = analytics.current_tenant()
ORDER BY c.created_at;
INSERT INTO analytics_data.spans (trace_id, span_id, parent_span_id, operation_name, start_time, end_time, status, tool_name)
SELECT s.trace_id, 'tool-' || s.span_id, 'task', 'execute_tool ' || t.tool, s.end_time, s.end_time + t.seconds * interval '1 second', 'ok', t.tool
FROM analytics_data.spans s,
     LATERAL (SELECT hashtext(s.span_id) & 2147483647 AS h) h,
     LATERAL (SELECT (ARRAY['search', 'browser', 'database', 'python'])[1 + h.h % 4] AS tool, (CASE h.h % 4 WHEN 1 THEN 240 ELSE 30 END * (h.h % 1000) / 1000.0)::double precision AS seconds) t
WHERE s.tenant_id = analytics.current_tenant() AND s.model IS NOT NULL
ORDER BY s.end_time;

-- What the last month's tasks ended with is a draft, and a person decides it: within minutes by day, in the morning what comes by night.
INSERT INTO analytics_data.agent_approvals (id, conversation_id, draft_response, agent, confidence_score, priority, created_at, status, resolved_at, resolved_by)
SELECT md5(task_id)::uuid, task_id, 'Here is what I found about ' || task_id || '.', agent_id, 40 + h % 60, (ARRAY['urgent', 'high', 'normal', 'normal', 'normal', 'low'])[1 + h % 6],
       completed_at, CASE WHEN decided_at > :'end_at' THEN 'pending' WHEN h % 100 < 40 + h % 60 THEN 'approved' WHEN h % 3 = 0 THEN 'rejected' ELSE 'edited' END,
       CASE WHEN decided_at <= :'end_at' THEN decided_at END, CASE WHEN decided_at <= :'end_at' THEN (ARRAY['maria', 'paul'])[1 + h / 100 % 2] END
FROM (SELECT *, CASE WHEN completed_at::time BETWEEN time '08:00' AND time '18:00' THEN completed_at + (3 + h % 45) * interval '1 minute'
                     ELSE completed_at + (12 + h % 3) * interval '1 hour' END AS decided_at
      FROM (SELECT *, hashtext(task_id) & 2147483647 AS h FROM analytics_data.task_records
            WHERE tenant_id = analytics.current_tenant() AND status = 'completed' AND completed_at > :'end_at'::timestamptz - interval '30 days' AND completed_at <= :'end_at') t) d
ORDER BY completed_at;
INSERT INTO analytics_data.agent_queries (id, agent, query, created_at, latency_ms, approved, human_edited, success, error_type)
SELECT md5(c.call_id)::uuid, c.agent_id, c.task_id, c.created_at, c.latency_ms, a.status IN ('approved', 'edited'), coalesce(a.status = 'edited', false), c.success, c.error_type
FROM analytics_data.llm_calls c LEFT JOIN analytics_data.agent_approvals a ON a.tenant_id = c.tenant_id AND a.id = md5(c.task_id)::uuid AND a.status <> 'pending'
WHERE c.tenant_id = analytics.current_tenant() AND c.created_at > :'end_at'::timestamptz - interval '30 days'
ORDER BY c.created_at;

SELECT analytics.set_budget('default', 380, 'month') AS budget \gset
COMMIT;
