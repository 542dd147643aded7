-- Metrics over a user's own table: every answer against the same question in plain SQL over the rows. Queries that
-- compare print differences, so they print nothing.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS agent_analytics;
SELECT analytics.install() IS NOT NULL AS installed;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET agent_analytics.tenant = 'metrics_test';

CREATE TABLE public.metrics_calls (
    tenant_id text NOT NULL DEFAULT analytics.current_tenant(),
    made_at timestamptz NOT NULL,
    model text,
    cost numeric NOT NULL,
    latency_ms double precision,
    user_id integer,
    open_tasks integer);
CREATE INDEX ON public.metrics_calls (made_at);
-- 60 days with nights and two days without rows, a model without a name, latencies that are missing, another tenant.
INSERT INTO public.metrics_calls
SELECT CASE WHEN i % 50 = 0 THEN 'another' ELSE 'metrics_test' END,
       '2024-03-01Z'::timestamptz + i * interval '11 minutes 7.000001 seconds',
       (ARRAY['large', 'small', 'tiny', NULL])[1 + (i * i + i / 7) % 4],
       (i * 7919 % 1000) * 0.000123, nullif(i % 97, 5) * 12.125, i * 31 % 217, i / 97 % 40
FROM generate_series(0, 7700) AS i
WHERE (i / 40) % 5 <> 3 AND i / 260 <> 11;
SELECT analytics.create_rollup('metrics_calls_by_model', 'public.metrics_calls', 'made_at', '{
    "calls": "count(*)", "cost": "sum(cost)", "small_cost": "sum(cost) FILTER (WHERE model = ''small'')",
    "slowest": "max(latency_ms)", "mean": "avg(latency_ms)", "users": "distinct(user_id)",
    "latency": "quantiles(latency_ms)", "open_tasks": "max(open_tasks)", "last_call": "max(made_at)"}', '{model}');
SELECT refreshed_buckets > 0 AS refreshed FROM analytics.refresh_rollups('metrics_calls_by_model');

SELECT analytics.define_metric('test_calls', 'metrics_calls_by_model', 'calls', 'calls', 'up', 'Calls made.');
SELECT analytics.define_metric('test_cost', 'metrics_calls_by_model', 'cost', 'USD', 'down');
SELECT analytics.define_metric('test_cost_per_call', 'metrics_calls_by_model', 'round(cost / nullif(calls, 0), 6)', 'USD', 'down');
SELECT analytics.define_metric('test_small_share', 'metrics_calls_by_model', 'small_cost / cost', 'ratio');
SELECT analytics.define_metric('test_slowest', 'metrics_calls_by_model', 'slowest', 'ms', 'down');
SELECT analytics.define_metric('test_mean', 'metrics_calls_by_model', 'mean', 'ms', 'down');
SELECT analytics.define_metric('test_users', 'metrics_calls_by_model', 'users');
SELECT analytics.define_metric('test_p95', 'metrics_calls_by_model', 'quantile(latency, 0.95)', 'ms', 'down');
SELECT analytics.define_metric('test_open', 'metrics_calls_by_model', 'open_tasks', fill => 'last');
SELECT analytics.define_metric('test_net', 'metrics_calls_by_model', '100 * (cost - small_cost) + 0 * calls', 'cents');
SELECT * FROM analytics.list_metrics() WHERE name LIKE 'test%';

-- The same in plain SQL: what each metric is over a set of rows.
CREATE FUNCTION pg_temp.plain(metric text, from_at timestamptz, to_at timestamptz, models text[] DEFAULT NULL, one text DEFAULT NULL)
RETURNS numeric LANGUAGE sql STABLE AS $$
    SELECT CASE metric
        WHEN 'test_calls' THEN count(*)
        WHEN 'test_cost' THEN coalesce(sum(cost), 0)
        WHEN 'test_cost_per_call' THEN round(sum(cost) / nullif(count(*), 0), 6)
        WHEN 'test_small_share' THEN round(coalesce(sum(cost) FILTER (WHERE model = 'small'), 0) / nullif(sum(cost), 0), 4)
        WHEN 'test_slowest' THEN max(latency_ms)::numeric
        WHEN 'test_mean' THEN round((sum(latency_ms)::numeric / nullif(count(latency_ms), 0)), 3)
        WHEN 'test_users' THEN count(DISTINCT user_id)
        WHEN 'test_net' THEN 100 * coalesce(sum(cost) FILTER (WHERE model IS DISTINCT FROM 'small'), 0)
        END
    FROM public.metrics_calls
    WHERE tenant_id = 'metrics_test' AND made_at >= from_at AND made_at < to_at
      AND (models IS NULL OR model = ANY (models)) AND (one IS NULL OR model = one)
$$;
CREATE TEMP TABLE questions (bucket text, period text, time_zone text, as_of timestamptz, compare_to text);
INSERT INTO questions VALUES
    ('15m', '6h', 'UTC', '2024-04-10 10:30Z', NULL), ('1h', '7d', 'UTC', '2024-04-10 10:30Z', 'previous_period'),
    ('1h', '48h', 'Europe/Berlin', '2024-04-01 06:17:03.5Z', 'previous_day'), ('30m', '12h', 'Asia/Kathmandu', '2024-03-20 11:11Z', 'previous_week'),
    ('1d', '30d', 'America/New_York', '2024-04-05 23:59:59.999999Z', 'previous_period'), ('1d', '7d', 'Europe/Berlin', '2024-04-03 09:00Z', 'previous_week'),
    ('1d', '10d', 'UTC', '2024-04-05 00:00Z', 'previous_month'), ('1w', '28d', 'Australia/Lord_Howe', '2024-04-20 05:00Z', 'previous_period'),
    ('1mo', '3mo', 'UTC', '2024-04-30 12:00Z', 'previous_month'), ('1d', '7d', 'UTC', '2024-04-10 10:30Z', 'previous_year');
CREATE TEMP TABLE answers AS
SELECT q.*, m.metric, s.*
FROM questions q
CROSS JOIN unnest('{test_calls,test_cost,test_cost_per_call,test_small_share,test_slowest,test_mean,test_users,test_net}'::text[]) AS m (metric)
CROSS JOIN LATERAL analytics.get_metric_series(m.metric, q.bucket, q.period, compare_to => q.compare_to, time_zone => q.time_zone, as_of => q.as_of) s;
CREATE TEMP TABLE plain AS
SELECT q.*, m.metric, s.*, pg_temp.plain(m.metric, s.slot_start, s.slot_end) AS value,
       CASE WHEN q.compare_to IS NOT NULL THEN pg_temp.plain(m.metric, s.other_start, s.other_end) END AS previous_value
FROM questions q
CROSS JOIN (SELECT DISTINCT metric FROM answers) m
CROSS JOIN LATERAL analytics_internal.series_slots(q.bucket, q.period, q.time_zone, q.as_of, q.compare_to) s;
SELECT metric, count(*), count(value) AS with_value, count(previous_value) AS with_previous FROM answers GROUP BY 1 ORDER BY 1;
SELECT * FROM answers a FULL JOIN plain p ON a.metric = p.metric AND a.bucket = p.bucket AND a.period = p.period
    AND a.time_zone = p.time_zone AND a.as_of = p.as_of AND a.compare_to IS NOT DISTINCT FROM p.compare_to AND a."timestamp" = p.slot_start
WHERE a.value IS DISTINCT FROM p.value OR a.previous_value IS DISTINCT FROM p.previous_value
   OR a.is_partial IS DISTINCT FROM p.is_partial OR a.key IS NOT NULL;
-- Changes, of values that are not rounded.
SELECT * FROM answers WHERE metric IN ('test_calls', 'test_cost', 'test_users', 'test_net')
    AND pct_change IS DISTINCT FROM round((value - previous_value) * 100 / abs(nullif(previous_value, 0)), 2);
-- A quantile is within one percent of a value at its rank.
SELECT s."timestamp", s.value, e.low, e.high
FROM analytics.get_metric_series('test_p95', '1d', '30d', as_of => '2024-04-20 12:00Z') s
CROSS JOIN LATERAL (SELECT latencies[greatest(floor(0.95 * (n - 1)), 0) + 1] AS low, latencies[ceil(0.95 * (n - 1)) + 1] AS high
                    FROM (SELECT array_agg(latency_ms ORDER BY latency_ms) AS latencies, count(*) AS n
                          FROM public.metrics_calls
                          WHERE tenant_id = 'metrics_test' AND latency_ms IS NOT NULL AND made_at >= s."timestamp"
                            AND made_at < least(s."timestamp" + interval '1 day', '2024-04-20 12:00:00.000001Z')) l) e
WHERE (s.value IS NULL) <> (e.low IS NULL) OR s.value NOT BETWEEN e.low * 0.99 AND e.high * 1.01;

-- Filters and groups.
SELECT "timestamp", s.value, p.value AS plain
FROM analytics.get_metric_series('test_users', '1d', '5d', '{"model": ["tiny", "large"]}', as_of => '2024-04-10 10:30Z') s
CROSS JOIN LATERAL (SELECT pg_temp.plain('test_users', "timestamp", least("timestamp" + interval '1 day', '2024-04-10 10:30:00.000001Z'), '{tiny,large}') AS value) p
WHERE s.value IS DISTINCT FROM p.value;
SELECT key, count(*) AS buckets, sum(value) AS total, sum(previous_value) AS before, bool_or(is_partial) AS partial
FROM analytics.get_metric_series('test_calls', '1d', '5d', group_by => 'model', compare_to => 'previous_period', as_of => '2024-04-10 10:30Z')
    WITH ORDINALITY GROUP BY key ORDER BY min(ordinality);
SELECT coalesce(model, '(none)') AS model, count(*) FROM public.metrics_calls
WHERE tenant_id = 'metrics_test' AND made_at >= '2024-04-06Z' AND made_at <= '2024-04-10 10:30Z' GROUP BY 1 ORDER BY 2 DESC, coalesce(model, $$(none)$$) COLLATE "C";
SELECT DISTINCT key FROM analytics.get_metric_series('test_calls', '1d', '5d', group_by => 'model', key_limit => 1, as_of => '2024-04-10 10:30Z');
SELECT count(*) FROM analytics.get_metric_series('test_calls', '1h', '5h', '{"model": "none such"}', 'model', as_of => '2024-04-10 10:30Z');
SELECT * FROM analytics.get_metric_series('test_calls', '1h', '2h', '{"model": "none such"}', as_of => '2024-04-10 10:30Z');

-- A state is carried forward, from before the window too; a sum is 0 and a quotient nothing where no rows are.
SELECT "timestamp", o.value AS open, o.previous_value AS open_before, c.value AS calls, p.value AS cost_per_call
FROM analytics.get_metric_series('test_open', '1d', '3d', compare_to => 'previous_period', as_of => '2024-03-25Z') o
JOIN analytics.get_metric_series('test_calls', '1d', '3d', as_of => '2024-03-25Z') c USING ("timestamp")
JOIN analytics.get_metric_series('test_cost_per_call', '1d', '3d', as_of => '2024-03-25Z') p USING ("timestamp") ORDER BY 1;
SELECT * FROM analytics.get_metric_series('test_open', '1d', '2d', as_of => '2024-03-25Z');
SELECT date_trunc('day', made_at) AS day, max(open_tasks) AS open, count(*) FROM public.metrics_calls
WHERE tenant_id = 'metrics_test' AND made_at BETWEEN '2024-03-20Z' AND '2024-03-25Z' GROUP BY 1 ORDER BY 1;
SELECT value, previous_value FROM analytics.get_metric_summary('test_open', '2d', as_of => '2024-03-25Z');

-- Summaries: to the microsecond at both ends.
SELECT s.*, p.*
FROM unnest('{test_calls,test_cost,test_cost_per_call,test_small_share,test_slowest,test_mean,test_users}'::text[]) m
CROSS JOIN (VALUES ('24h', interval '24 hours'), ('7d', '7 days'), ('1mo', '1 month')) w (period, length)
CROSS JOIN (VALUES ('2024-04-10 10:30Z'::timestamptz), ('2024-04-02 03:04:05.678901Z')) t (as_of)
CROSS JOIN LATERAL analytics.get_metric_summary(m, w.period, as_of => t.as_of) s
CROSS JOIN LATERAL (SELECT pg_temp.plain(m, as_of - w.length + interval '1 us', as_of + interval '1 us') AS value,
                           pg_temp.plain(m, as_of - 2 * w.length + interval '1 us', as_of - w.length + interval '1 us') AS previous,
                           array_agg(b.value) AS trend
                    FROM analytics.get_metric_series(m, CASE w.period WHEN '24h' THEN '1h' ELSE '1d' END, w.period, as_of => t.as_of) b) p
WHERE (s.value, s.previous_value, s.trend, s.metric) IS DISTINCT FROM (p.value, p.previous, p.trend, m);
SELECT * FROM analytics.get_metric_summary('test_calls', '24h', '{"model": ["small", "tiny"]}', '2024-04-10 10:30Z');

-- At once: rows of this transaction, late ones, changed ones, deleted ones; and other tenants see their own.
BEGIN;
SELECT value, previous_value FROM analytics.get_metric_summary('test_cost', '1h', as_of => '2024-04-02 05:00Z');
INSERT INTO public.metrics_calls (made_at, cost) VALUES ('2024-04-02 05:00Z', 1000), ('2024-04-02 04:00Z', 2000), ('2024-04-02 05:00:00.000001Z', 4000);
SELECT value, previous_value FROM analytics.get_metric_summary('test_cost', '1h', as_of => '2024-04-02 05:00Z');
UPDATE public.metrics_calls SET cost = cost + 1 WHERE cost = 1000;
DELETE FROM public.metrics_calls WHERE cost = 2000;
SELECT value, previous_value FROM analytics.get_metric_summary('test_cost', '1h', as_of => '2024-04-02 05:00Z');
ROLLBACK;
SELECT value, previous_value FROM analytics.get_metric_summary('test_cost', '1h', as_of => '2024-04-02 05:00Z');
SET agent_analytics.tenant = 'another';
SELECT value = (SELECT count(*) FROM public.metrics_calls WHERE tenant_id = 'another' AND made_at > '2024-03-11Z' AND made_at <= '2024-04-10Z') AS own_rows, value > 0 AS some
FROM analytics.get_metric_summary('test_calls', '30d', as_of => '2024-04-10Z');
SET agent_analytics.tenant = 'nobody';
SELECT value, previous_value, pct_change FROM analytics.get_metric_summary('test_calls', '30d', as_of => '2024-04-10Z');
SELECT value, previous_value, pct_change FROM analytics.get_metric_summary('test_mean', '30d', as_of => '2024-04-10Z');
SET agent_analytics.tenant = 'metrics_test';

-- A metric may be defined anew; the next answer is of the new definition.
SELECT value FROM analytics.get_metric_summary('test_calls', '24h', as_of => '2024-04-10Z');
SELECT analytics.define_metric('test_calls', 'metrics_calls_by_model', '-2 * calls');
SELECT value FROM analytics.get_metric_summary('test_calls', '24h', as_of => '2024-04-10Z');

DELETE FROM analytics_store.metrics WHERE rollup = 'metrics_calls_by_model';
SELECT analytics.drop_rollup('metrics_calls_by_model');
DROP TABLE public.metrics_calls;
