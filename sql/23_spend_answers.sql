-- Spend: trends, overview and breakdown against plain SQL over the facts, before and after a refresh, with late rows.
\set VERBOSITY terse
\pset null ~
SET client_min_messages = warning;
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
CREATE EXTENSION IF NOT EXISTS agent_analytics;
SELECT analytics.install() IS NOT NULL AS installed;

-- Nothing recorded yet
SET agent_analytics.tenant = 'answers-none';
SELECT count(*), sum(value), count(value) FROM analytics.get_trends('7d', 'spend', as_of => '2025-03-15 12:34Z');
SELECT count(*), sum(value), count(value) FROM analytics.get_trends('30d', 'success_rate', as_of => '2025-03-15 12:34Z');
SELECT * FROM analytics.get_analytics_overview('2025-03-15 12:34Z');
SELECT * FROM analytics.get_cost_breakdown(as_of => '2025-03-15 12:34Z');

-- A fixed sequence of 6,000 calls, 1,500 tasks and 1,000 observations over 100 days up to 2025-03-30, and two changes
-- of clocks in them. Some calls name no model or agent, some have no price, some tasks last for days, some are open.
SET agent_analytics.tenant = 'answers';
CREATE FUNCTION draw(seed text, i integer, n integer) RETURNS integer LANGUAGE sql IMMUTABLE AS
$$ SELECT (('x' || substr(md5(seed || i), 1, 7))::bit(28)::integer % n) $$;
CREATE PROCEDURE spend_facts(first integer, last integer) LANGUAGE sql AS $$
    INSERT INTO analytics_data.llm_calls (call_id, created_at, agent_id, user_id, task_id, run_id, provider, model, input_tokens, output_tokens, latency_ms, success, cost_usd)
    SELECT i, timestamptz '2024-12-20Z' + draw('t', i, 8640000) * interval '1 second',
           'agent-' || nullif(draw('agent', i, 9), 0), 'user-' || nullif(draw('user', i, 300), 0), 'task-' || draw('task', i, 40),
           'run-' || draw('run', i, 1000), (ARRAY['openai', 'anthropic', 'azure', NULL])[draw('provider', i, 4) + 1],
           (ARRAY['gpt-4o', 'gpt-4o-mini', 'claude-sonnet-4-5', 'no-such-model', NULL])[draw('model', i, 5) + 1],
           draw('in', i, 20000), draw('out', i, 3000), CASE WHEN draw('lat', i, 10) > 0 THEN draw('latency', i, 50000) * 0.25 END,
           draw('ok', i, 20) > 0, CASE WHEN draw('given', i, 10) = 0 THEN draw('cost', i, 1000) * 0.0001 END
    FROM generate_series(first, last) i;
    INSERT INTO analytics_data.task_records (task_id, agent_id, status, started_at, completed_at)
    SELECT i, 'worker-' || draw('worker', i, 30), s.status, CASE WHEN draw('no start', i, 20) > 0 THEN s.started_at END,
           CASE WHEN s.status NOT IN ('running', 'pending') THEN s.started_at + CASE draw('long', i, 10)
               WHEN 0 THEN draw('l', i, 500000) * interval '1 second' WHEN 1 THEN draw('l', i, 20000) * interval '1 second'
               ELSE draw('l', i, 3000) * interval '1 second' END END
    FROM (SELECT i, timestamptz '2024-12-20Z' + draw('s', i, 8640000) * interval '1 second' AS started_at,
                 CASE WHEN draw('open', i, 100) < 2 THEN (ARRAY['running', 'pending'])[draw('open', i, 2) + 1]
                      ELSE (ARRAY['completed', 'completed', 'completed', 'failed', 'cancelled'])[draw('status', i, 5) + 1] END AS status
          FROM generate_series(first, last / 4) i) s;
    INSERT INTO analytics_data.agent_status_log (agent_id, status, observed_at)
    SELECT 'worker-' || draw('seen', i, 40), (ARRAY['active', 'active', 'idle', 'offline'])[draw('what', i, 4) + 1],
           timestamptz '2024-12-20Z' + draw('o', i, 8640000) * interval '1 second'
    FROM generate_series(first, last / 6) i
$$;
CALL spend_facts(1, 6000);
INSERT INTO analytics_data.agents (agent_id, enabled) VALUES ('agent-1', false), ('worker-1', false), ('spare', true), ('retired', false);

-- The same questions in plain SQL.
CREATE TABLE spend_moments (as_of timestamptz, zone text);
INSERT INTO spend_moments VALUES ('2025-03-29 12:34:56.789012Z', 'UTC'), ('2025-03-30Z', 'UTC'), ('2025-03-12 03:30Z', 'America/New_York'),
    ('2025-02-28 23:59:59.999999Z', 'Asia/Kathmandu'), ('2024-12-25 08:00Z', 'Europe/Berlin');
CREATE FUNCTION plain_trends(period text, metric text, zone text, as_of timestamptz) RETURNS TABLE (at timestamptz, value numeric)
LANGUAGE sql AS $$
    WITH local AS (SELECT CASE period WHEN '7d' THEN 'hour' ELSE 'day' END AS unit,
                          CASE period WHEN '7d' THEN 168 WHEN '30d' THEN 30 ELSE 90 END AS n),
    starts AS (
        SELECT s FROM local, LATERAL (
            SELECT DISTINCT date_trunc(unit, x, zone) AS s
            FROM generate_series(as_of - (n + 3) * ('1 ' || unit)::interval, as_of, CASE unit WHEN 'hour' THEN interval '10 minutes' ELSE '6 hours' END) x
            UNION SELECT date_trunc(unit, as_of, zone)) d ORDER BY s DESC LIMIT (SELECT n FROM local)),
    buckets AS (SELECT s AS from_at, least(coalesce(lead(s) OVER (ORDER BY s), 'infinity'), as_of + interval '1 microsecond') AS to_at FROM starts)
    SELECT from_at, CASE metric
        WHEN 'spend' THEN (SELECT coalesce(sum(cost_usd), 0) FROM analytics_data.llm_calls c
            WHERE tenant_id = 'answers' AND created_at >= from_at AND created_at < to_at)
        WHEN 'tasks_completed' THEN (SELECT count(*) FROM analytics_data.task_records
            WHERE tenant_id = 'answers' AND status = 'completed' AND completed_at >= from_at AND completed_at < to_at)
        WHEN 'success_rate' THEN (SELECT round(count(*) FILTER (WHERE status = 'completed') * 1.0 / nullif(count(*), 0), 4) FROM analytics_data.task_records
            WHERE tenant_id = 'answers' AND status IN ('completed', 'failed') AND completed_at >= from_at AND completed_at < to_at)
        ELSE (SELECT count(DISTINCT agent_id) FROM (
            SELECT agent_id FROM analytics_data.llm_calls WHERE tenant_id = 'answers' AND created_at >= from_at AND created_at < to_at
            UNION ALL SELECT agent_id FROM analytics_data.agent_status_log
            WHERE tenant_id = 'answers' AND status = 'active' AND observed_at >= from_at AND observed_at < to_at
            UNION ALL SELECT agent_id FROM analytics_data.task_records WHERE tenant_id = 'answers'
              AND (completed_at >= from_at AND (started_at < to_at OR started_at IS NULL AND completed_at < to_at)
                   OR completed_at IS NULL AND status = 'running' AND started_at < to_at
                   OR completed_at IS NULL AND status = 'pending' AND started_at >= from_at AND started_at < to_at
                   OR completed_at IS NULL AND status = 'running' AND started_at IS NULL AND as_of < to_at)) x) END
    FROM buckets
$$;
CREATE FUNCTION plain_breakdown(days integer, by text, as_of timestamptz) RETURNS TABLE (key text, call_count bigint, input_tokens bigint, output_tokens bigint,
    cost_usd numeric, cost_pct numeric, success_rate numeric, unpriced_calls bigint)
LANGUAGE sql AS $$
    SELECT k, count(*), sum(input_tokens)::bigint, sum(output_tokens)::bigint, sum(cost_usd), round(sum(cost_usd) * 100 / nullif(sum(sum(cost_usd)) OVER (), 0), 2),
           round(avg(success::integer), 4), count(*) FILTER (WHERE cost_usd IS NULL)
    FROM (SELECT *, CASE by WHEN 'model' THEN model WHEN 'provider' THEN provider WHEN 'agent' THEN agent_id WHEN 'user' THEN user_id
                            WHEN 'task' THEN task_id ELSE run_id END AS k
          FROM analytics_data.llm_calls WHERE tenant_id = 'answers' AND created_at > as_of - days * interval '24 hours' AND created_at <= as_of) c
    GROUP BY k
$$;
CREATE FUNCTION plain_overview(as_of timestamptz) RETURNS TABLE (total bigint, completed bigint, rate numeric, cost numeric, trend numeric[], active bigint, idle bigint, unpriced bigint)
LANGUAGE sql AS $$
    WITH tasks AS (SELECT *, completed_at <= as_of AS ended, started_at <= as_of AS begun FROM analytics_data.task_records WHERE tenant_id = 'answers'),
    calls AS (SELECT * FROM analytics_data.llm_calls WHERE tenant_id = 'answers' AND created_at <= as_of),
    seen AS (SELECT DISTINCT ON (agent_id) * FROM analytics_data.agent_status_log WHERE tenant_id = 'answers' AND observed_at <= as_of ORDER BY agent_id, observed_at DESC),
    active AS (SELECT agent_id FROM tasks WHERE completed_at > as_of AND begun OR completed_at IS NULL AND status = 'running' AND coalesce(begun, true)
               UNION SELECT agent_id FROM seen WHERE status = 'active' AND observed_at >= as_of - interval '15 minutes'
               EXCEPT SELECT agent_id FROM seen WHERE status = 'offline'),
    known AS (SELECT agent_id FROM calls WHERE agent_id IS NOT NULL UNION SELECT agent_id FROM seen UNION SELECT agent_id FROM tasks WHERE ended OR begun OR started_at IS NULL AND completed_at IS NULL
              UNION SELECT agent_id FROM analytics_data.agents WHERE tenant_id = 'answers')
    SELECT (SELECT count(*) FROM tasks WHERE ended OR begun OR started_at IS NULL AND completed_at IS NULL),
           (SELECT count(*) FROM tasks WHERE ended AND status = 'completed'),
           (SELECT round(count(*) FILTER (WHERE status = 'completed') * 1.0 / nullif(count(*), 0), 4) FROM tasks WHERE ended AND status IN ('completed', 'failed')),
           (SELECT coalesce(sum(cost_usd), 0) FROM calls),
           (SELECT array_agg((SELECT coalesce(sum(cost_usd), 0) FROM calls WHERE created_at >= d AND created_at < d + interval '1 day') ORDER BY d)
            FROM generate_series(date_trunc('day', as_of) - interval '6 days', date_trunc('day', as_of), '1 day') d),
           (SELECT count(*) FROM active),
           (SELECT count(*) FROM (SELECT agent_id FROM known EXCEPT SELECT agent_id FROM active EXCEPT SELECT agent_id FROM seen WHERE status = 'offline'
                                  EXCEPT SELECT agent_id FROM analytics_data.agents WHERE tenant_id = 'answers' AND NOT enabled) x),
           (SELECT count(*) FROM calls WHERE cost_usd IS NULL)
$$;
-- What differs; nothing should.
CREATE FUNCTION spend_differences() RETURNS TABLE (what text, at timestamptz, answer text) LANGUAGE sql AS $$
    WITH trend AS MATERIALIZED (SELECT p, m, s.zone, s.as_of FROM spend_moments s, unnest('{7d,30d,90d}'::text[]) p,
                                       unnest('{spend,tasks_completed,success_rate,active_agents}'::text[]) m),
    trend_ours AS MATERIALIZED (SELECT concat_ws(' ', p, m, zone), as_of, concat_ws(' = ', f."timestamp", f.value) FROM trend, analytics.get_trends(p, m, zone, as_of) f),
    trend_plain AS MATERIALIZED (SELECT concat_ws(' ', p, m, zone), as_of, concat_ws(' = ', f.at, f.value) FROM trend, plain_trends(p, m, zone, as_of) f),
    part AS MATERIALIZED (SELECT p, g, s.as_of FROM spend_moments s, unnest('{1,7,30,90}'::integer[]) p, unnest('{model,provider,agent,user,task,run}'::text[]) g),
    part_ours AS MATERIALIZED (SELECT concat_ws(' ', p, g), as_of, (key, call_count, input_tokens, output_tokens, cost_usd, cost_pct, success_rate, unpriced_calls)::text
        FROM part, analytics.get_cost_breakdown(CASE p WHEN 1 THEN '24h' ELSE p || 'd' END, g, as_of, 1000)),
    part_plain AS MATERIALIZED (SELECT concat_ws(' ', p, g), as_of, (key, call_count, input_tokens, output_tokens, cost_usd, cost_pct, success_rate, unpriced_calls)::text
        FROM part, plain_breakdown(p, g, as_of)),
    overview_ours AS MATERIALIZED (SELECT 'overview', as_of, (total_tasks, tasks_completed, success_rate, total_cost_usd, cost_7d_trend, active_agents_count,
        idle_agents_count, unpriced_calls)::text FROM spend_moments, analytics.get_analytics_overview(as_of)),
    overview_plain AS MATERIALIZED (SELECT 'overview', as_of, o::text FROM spend_moments, plain_overview(as_of) o)
    (TABLE trend_ours EXCEPT ALL TABLE trend_plain) UNION ALL (TABLE trend_plain EXCEPT ALL TABLE trend_ours)
    UNION ALL (TABLE part_ours EXCEPT ALL TABLE part_plain) UNION ALL (TABLE part_plain EXCEPT ALL TABLE part_ours)
    UNION ALL (TABLE overview_ours EXCEPT ALL TABLE overview_plain) UNION ALL (TABLE overview_plain EXCEPT ALL TABLE overview_ours)
$$;
-- Latencies: means and percentiles of users, tasks and runs are exact to the thousandth; a percentile out of a sketch is
-- within 1 % of the exact one or its neighbours.
CREATE FUNCTION latency_differences() RETURNS TABLE (what text, at timestamptz, mean double precision, probability double precision, percentile double precision,
    latencies double precision[]) LANGUAGE sql AS $$
    SELECT concat_ws(' ', p, g, b.key), s.as_of, b.avg_latency_ms, q, shown, l
    FROM (SELECT * FROM spend_moments ORDER BY as_of DESC LIMIT 2) s, unnest('{7d,30d}'::text[]) p, unnest('{model,provider,agent,user,task}'::text[]) g,
         LATERAL analytics.get_cost_breakdown(p, g, s.as_of, 40) b,
         LATERAL (VALUES (0.5, b.p50_latency_ms), (0.95, b.p95_latency_ms), (0.99, b.p99_latency_ms)) v(q, shown),
         LATERAL (SELECT array_agg(latency_ms ORDER BY latency_ms) AS l, count(latency_ms)::integer AS n, avg(latency_ms) AS mean,
                         percentile_cont(q) WITHIN GROUP (ORDER BY latency_ms) AS exact
                  FROM analytics_data.llm_calls c
                  WHERE tenant_id = 'answers' AND created_at > s.as_of - rtrim(p, 'd')::integer * interval '24 hours' AND created_at <= s.as_of
                    AND CASE g WHEN 'model' THEN model WHEN 'provider' THEN provider WHEN 'agent' THEN agent_id WHEN 'user' THEN user_id
                        ELSE task_id END IS NOT DISTINCT FROM b.key) c
    WHERE (n = 0) <> (shown IS NULL) OR (n = 0) <> (b.avg_latency_ms IS NULL) OR abs(b.avg_latency_ms - mean) > 0.0006
       OR CASE WHEN g IN ('user', 'task') THEN abs(shown - exact) > 0.0006
               ELSE shown NOT BETWEEN l[greatest(1, floor(q * (n - 1))::integer)] * 0.99 AND l[least(n, ceil(q * (n - 1))::integer + 2)] * 1.01 END
$$;
-- There is something to compare.
SELECT m, sum(value) > 0 AS some, count(*) FILTER (WHERE value = 0) > 0 AS none FROM spend_moments, unnest('{spend,tasks_completed,success_rate,active_agents}'::text[]) m,
    LATERAL analytics.get_trends('7d', m, zone, as_of) GROUP BY 1 ORDER BY 1;
SELECT total_tasks > 0 AS tasks, total_cost_usd > 0 AS cost, unpriced_calls > 0 AS unpriced, active_agents_count > 0 AS active, idle_agents_count > 0 AS idle
FROM analytics.get_analytics_overview('2025-03-29 12:34:56.789012Z');
SELECT * FROM spend_differences();
SELECT * FROM latency_differences();
SELECT count(*) > 0 AS refreshed FROM analytics.refresh_rollups();
SELECT * FROM spend_differences();
SELECT * FROM latency_differences();
-- Late rows, updates and deletes show at once.
CALL spend_facts(6001, 6400);
UPDATE analytics_data.llm_calls SET cost_usd = cost_usd + 1 WHERE tenant_id = 'answers' AND call_id::integer % 500 = 0;
UPDATE analytics_data.llm_calls SET model = 'gpt-4o', agent_id = 'newcomer' WHERE tenant_id = 'answers' AND call_id::integer % 777 = 0;
DELETE FROM analytics_data.llm_calls WHERE tenant_id = 'answers' AND call_id::integer % 333 = 0;
UPDATE analytics_data.task_records SET status = 'completed', completed_at = coalesce(started_at, '2025-03-01Z') + interval '3 days'
WHERE tenant_id = 'answers' AND status = 'running' AND task_id::integer % 3 = 0;
SELECT * FROM spend_differences();
SELECT count(*) > 0 AS refreshed FROM analytics.refresh_rollups();
SELECT * FROM latency_differences();
-- Other tenants' rows do not count.
SET agent_analytics.tenant = 'answers-2';
SELECT analytics.record_llm_call('x', cost_usd => 5, created_at => '2025-03-29 12:00Z');
SET agent_analytics.tenant = 'answers';
SELECT * FROM spend_differences();

-- Shapes: how many buckets, where they begin, also where clocks move by half an hour or a day is skipped
SELECT p, zone, count(*), min("timestamp"), max("timestamp")
FROM unnest('{7d,30d,90d}'::text[]) p, (VALUES ('UTC', timestamptz '2025-04-08 10:15Z'), ('Europe/Berlin', '2025-04-01 10:15Z'),
        ('Australia/Lord_Howe', '2025-04-08 10:15Z'), ('Pacific/Apia', '2012-01-02 10:15Z')) z(zone, as_of),
    LATERAL analytics.get_trends(p, 'spend', zone, as_of) GROUP BY 1, 2 ORDER BY 1, 2;
SELECT key IS NULL AS nameless, call_count > 0 AS calls, cost_usd IS NULL AS unpriced FROM analytics.get_cost_breakdown('90d', 'model', '2025-03-30Z');
SELECT count(*), sum(cost_pct) < 100 AS part FROM analytics.get_cost_breakdown('90d', 'user', '2025-03-30Z', 10);
-- The budget of the overview
SELECT budget_remaining_usd, budget_used_percent FROM analytics.get_analytics_overview('2025-03-29Z');
SELECT analytics.set_budget('one', 1000, 'total');
SELECT o.budget_remaining_usd = s.remaining_usd AS same, o.budget_used_percent = s.used_percent AS same_percent,
       s.spent_usd = (SELECT sum(cost_usd) FROM analytics_data.llm_calls WHERE tenant_id = 'answers' AND created_at <= '2025-03-29Z') AS spent
FROM analytics.get_analytics_overview('2025-03-29Z') o, analytics.get_budget_status('one', '2025-03-29Z') s;
SELECT analytics.set_budget('two', 1000, 'month', scope => '{"agent_id": "agent-3"}');
SELECT budget_remaining_usd FROM analytics.get_analytics_overview('2025-03-29Z');  -- which of two?
-- What each scope has spent, with one key or more, against plain SQL
SELECT v.scope, u.spent_usd = p.cost AND p.cost > 0 AS spent, u.unpriced_calls = p.unpriced AS unpriced
FROM (VALUES (jsonb '{}'), ('{"agent_id": "agent-3"}'), ('{"model": "gpt-4o"}'), ('{"agent_id": "agent-3", "model": "gpt-4o"}'),
             ('{"user_id": "user-7"}'), ('{"task_id": "task-7"}'), ('{"task_id": "task-7", "agent_id": "agent-3"}')) v(scope),
     LATERAL analytics_internal.budget_use(v.scope, '2025-02-01Z', '2025-04-01Z', '2025-03-17 12:00Z') u,
     LATERAL (SELECT sum(cost_usd) AS cost, count(*) FILTER (WHERE cost_usd IS NULL) AS unpriced FROM analytics_data.llm_calls c
              WHERE tenant_id = 'answers' AND created_at >= '2025-02-01Z' AND created_at <= '2025-03-17 12:00Z'
                AND jsonb_build_object('agent_id', agent_id, 'model', model, 'user_id', user_id, 'task_id', task_id) @> v.scope) p;

-- Bad arguments
SELECT * FROM analytics.get_trends('1d');
SELECT * FROM analytics.get_trends('7d', 'money');
SELECT * FROM analytics.get_trends('7d', 'spend', 'Mars/Olympus');
SELECT * FROM analytics.get_trends(as_of => 'infinity');
SELECT * FROM analytics.get_analytics_overview('-infinity');
SELECT * FROM analytics.get_cost_breakdown('1h');
SELECT * FROM analytics.get_cost_breakdown(group_by => 'tenant');
SELECT * FROM analytics.get_cost_breakdown(row_limit => 0);
SELECT * FROM analytics.get_cost_breakdown(row_limit => 1001);
SELECT * FROM analytics.get_cost_breakdown(as_of => 'infinity');
-- The metrics that come with it
SELECT name, unit, direction, rollup FROM analytics.list_metrics()
WHERE rollup IN ('llm_call_stats', 'llm_calls_by_model', 'llm_calls_by_agent', 'task_stats', 'task_starts', 'agent_status_stats') ORDER BY 1;
SELECT sum(value) = (SELECT sum(value) FROM analytics.get_trends('30d', 'spend', as_of => '2025-03-29 12:00Z')) AS same
FROM analytics.get_metric_series('spend', '1d', '30d', as_of => '2025-03-29 12:00Z');
DELETE FROM analytics_data.llm_calls WHERE tenant_id LIKE 'answers%';
DELETE FROM analytics_data.task_records WHERE tenant_id LIKE 'answers%';
DELETE FROM analytics_data.agent_status_log WHERE tenant_id LIKE 'answers%';
DELETE FROM analytics_data.agents WHERE tenant_id LIKE 'answers%';
DELETE FROM analytics_data.budgets WHERE tenant_id LIKE 'answers%';
DROP TABLE spend_moments;
DROP PROCEDURE spend_facts;
DROP FUNCTION draw, plain_trends, plain_breakdown, plain_overview, spend_differences, latency_differences;
