-- Figures of runs come from a rollup of their summaries, which lag behind the spans: they are exact all the same, now and
-- for any moment before, whatever has been summarised and refreshed.
\ir include/start.sql
SELECT no_plan();
SET client_min_messages = error;
\ir include/runs.sql
SET jit = off;

CREATE FUNCTION run_stats_differ(as_of timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
    WITH plain AS MATERIALIZED (SELECT *, to_timestamp(start_us / 1000000.0) AS at FROM plain_runs(run_stats_differ.as_of)
                                WHERE start_us > extract(epoch FROM run_stats_differ.as_of - interval '168 hours') * 1000000),
    sums AS (SELECT count(*) AS runs, count(*) FILTER (WHERE status = 'completed') AS completed, count(*) FILTER (WHERE status = 'failed') AS failed,
                    count(*) FILTER (WHERE status = 'running') AS running, coalesce(sum(cost), 0) AS cost, round(avg(ms) FILTER (WHERE status <> 'running'), 3) AS mean,
                    percentile_cont(0.95) WITHIN GROUP (ORDER BY ms::float8) FILTER (WHERE status <> 'running') AS p95 FROM plain)
    SELECT concat_ws(', ',
        CASE WHEN (s.total_runs, s.completed_runs, s.failed_runs, s.running_runs, s.total_cost, s.avg_duration_ms, s.success_rate)
                  IS DISTINCT FROM (p.runs, p.completed, p.failed, p.running, p.cost, p.mean, round(p.completed::numeric / nullif(p.completed + p.failed, 0), 4)) THEN 'stats' END,
        CASE WHEN (s.p95_duration_ms IS NULL) <> (p.p95 IS NULL) OR abs(s.p95_duration_ms - p.p95) > 0.01 * p.p95 + 0.001 THEN 'p95' END,
        CASE WHEN EXISTS ((SELECT g.key, g.run_count, g.failed_count, g.cost, g.input_tokens + g.output_tokens, g.first_start_us FROM analytics.group_runs('status', period => 'last_week', as_of => run_stats_differ.as_of) g
                           EXCEPT ALL SELECT status, count(*), count(*) FILTER (WHERE status = 'failed'), sum(cost), sum(tokens)::bigint, min(start_us) FROM plain GROUP BY 1)
                          UNION ALL (SELECT status, count(*), count(*) FILTER (WHERE status = 'failed'), sum(cost), sum(tokens)::bigint, min(start_us) FROM plain GROUP BY 1
                           EXCEPT ALL SELECT g.key, g.run_count, g.failed_count, g.cost, g.input_tokens + g.output_tokens, g.first_start_us FROM analytics.group_runs('status', period => 'last_week', as_of => run_stats_differ.as_of) g)) THEN 'groups by status' END,
        CASE WHEN EXISTS ((SELECT t."timestamp", t.value FROM analytics.get_run_timeseries('cost', '6h', 'last_week', 'Asia/Kathmandu', run_stats_differ.as_of) t WHERE t.value > 0
                           EXCEPT ALL SELECT date_bin('6 hours', at, '2026-03-01 00:00+05:45'), sum(cost) FROM plain GROUP BY 1 HAVING sum(cost) > 0)
                          UNION ALL (SELECT date_bin('6 hours', at, '2026-03-01 00:00+05:45'), sum(cost) FROM plain GROUP BY 1 HAVING sum(cost) > 0
                           EXCEPT ALL SELECT t."timestamp", t.value FROM analytics.get_run_timeseries('cost', '6h', 'last_week', 'Asia/Kathmandu', run_stats_differ.as_of) t WHERE t.value > 0)) THEN 'series' END,
        CASE WHEN (SELECT (m.value, f.value) FROM analytics.get_metric_summary('runs', '7d', as_of => run_stats_differ.as_of) m, analytics.get_metric_summary('failed_runs', '7d', as_of => run_stats_differ.as_of) f)
                  IS DISTINCT FROM (SELECT (runs::numeric, failed::numeric) FROM sums) THEN 'metrics' END)
    FROM analytics.get_project_stats('last_week', run_stats_differ.as_of) s, sums p
$$;

SELECT setseed(0.23) \g /dev/null
CREATE TABLE found (step integer, as_of timestamptz, differs text, shown bigint, there bigint);
DO $$ BEGIN FOR i IN 1..300 LOOP
    CALL happen(i);
    IF i % 7 = 0 THEN PERFORM analytics_internal.refresh_runs(); END IF;
    IF i % 11 = 0 THEN
        COMMIT;
        PERFORM FROM analytics.refresh_rollups('run_stats');
        COMMIT;
    END IF;
    IF i % 5 = 0 THEN
        PERFORM set_config('agent_analytics.tenant', CASE WHEN i % 3 = 0 THEN 'other' ELSE 'default' END, false);
        INSERT INTO found SELECT i, a, run_stats_differ(a), (SELECT sum(v.runs) FROM analytics.run_stats v),
            (SELECT count(*) FROM (SELECT DISTINCT tenant_id, run_key FROM analytics_data.spans) s)
        FROM unnest(ARRAY['2026-03-03 12:00Z', '2026-03-01 00:00Z'::timestamptz + random() * interval '2 days']::timestamptz[]) a;
    END IF;
END LOOP; END $$;
SELECT is_empty($$SELECT step, as_of, differs FROM found WHERE differs <> ''$$, 'figures of runs are exact at any moment, after each of 300 random changes');
SELECT is_empty('SELECT step, shown, there FROM found WHERE coalesce(shown, 0) <> there', 'and so is the view of the rollup, for all tenants');
SELECT cmp_ok((SELECT count(*) FROM found), '=', 120::bigint, 'they were compared');
RESET agent_analytics.tenant;
DO $$ BEGIN FOR i IN 1..60 LOOP  -- all may have been truncated just now
    PERFORM analytics.record_span('late' || i, 'late' || i, 'o', '2026-03-01Z'::timestamptz + i * interval '40 minutes', '2026-03-01Z'::timestamptz + i * interval '41 minutes',
        cost_usd => i, thread_id => 'th' || i % 3);
END LOOP; END $$;
SELECT is(run_stats_differ('2026-03-03 12:00Z'), '', 'right before everything is refreshed');
CALL analytics.run_maintenance();
SELECT is_empty($$SELECT FROM analytics_store.run_notes$$, 'nothing lags after maintenance');
SELECT is(run_stats_differ('2026-03-03 12:00Z'), '', 'and right after it');
SELECT cmp_ok((SELECT count(*) FROM analytics_store.run_stats_hour), '>', 20::bigint, 'hours are stored');
SELECT is_empty($$SELECT v.* FROM analytics_store.runs_unsettled v$$, 'then everything stored holds');
SELECT results_eq($$SELECT count(*), min("timestamp"), max("timestamp") FROM analytics.get_run_timeseries('runs', '1d', 'last_month', 'UTC', '2026-03-03 12:00Z')$$,
    $$VALUES (31::bigint, timestamptz '2026-02-01Z', timestamptz '2026-03-03Z')$$, 'a series without gaps');
SELECT results_eq($$SELECT key, run_count FROM analytics.group_runs('time', '1d', 'last_week', as_of => '2026-03-03 12:00Z')$$,
    $$SELECT to_char(date_trunc('day', to_timestamp(start_us / 1000000.0)), 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), count(*) FROM plain_runs('2026-03-03 12:00Z') GROUP BY 1 ORDER BY 1 DESC$$, 'groups by time, newest first');
SELECT results_eq($$SELECT total_runs, completed_runs, failed_runs, running_runs, success_rate, total_cost, avg_duration_ms, p95_duration_ms FROM analytics.get_project_stats('last_hour', '2020-01-01Z')$$,
    $$VALUES (0::bigint, 0::bigint, 0::bigint, 0::bigint, NULL::numeric, 0::numeric, NULL::numeric, NULL::numeric)$$, 'no runs at all');
SELECT is((SELECT sum(value) FROM analytics.get_metric_series('span_cost', '1d', '7d', as_of => '2026-03-03 12:00Z')),
    (SELECT sum(cost_usd) FROM analytics_data.spans WHERE tenant_id = 'default' AND start_time > '2026-02-24 12:00Z' AND start_time <= '2026-03-03 12:00Z'), 'the cost of spans as a metric');

-- One call, told as a span and as a call of the same run: each side counts it once, and neither adds the other's.
SET agent_analytics.tenant = 'linked';
SELECT analytics.record_span('s1', 'linked', 'chat', '2026-03-03 11:00Z', '2026-03-03 11:00:02Z', model => 'gpt-4o', input_tokens => 900, output_tokens => 50, cost_usd => 0.25) \g /dev/null
SELECT analytics.record_llm_call(call_id => 's1', run_id => 'linked', model => 'gpt-4o', input_tokens => 900, output_tokens => 50, cost_usd => 0.25, created_at => '2026-03-03 11:00Z') \g /dev/null
SELECT is((SELECT total_cost FROM analytics.get_project_stats('last_day', '2026-03-03 12:00Z')), 0.25, 'runs count the span');
SELECT is((SELECT value FROM analytics.get_metric_summary('run_cost', '24h', as_of => '2026-03-03 12:00Z')), 0.25, 'so does their metric');
SELECT is((SELECT sum(value) FROM analytics.get_trends('7d', 'spend', as_of => '2026-03-03 12:00Z')), 0.25, 'spend counts the call');
SELECT results_eq($$SELECT key, cost_usd FROM analytics.get_cost_breakdown('7d', 'run', '2026-03-03 12:00Z')$$, $$VALUES ('linked', 0.25)$$, 'which names its run');
RESET agent_analytics.tenant;

-- A reader with a policy of its own on spans gets figures of what it may see.
DO $$ BEGIN PERFORM analytics.setup_roles(); END $$;
CREATE POLICY one_thread ON analytics_data.spans AS RESTRICTIVE FOR SELECT TO authenticated USING (thread_id = 'th1');
CREATE TABLE visible AS SELECT coalesce(run_id, trace_id) AS run, cost_usd AS cost FROM analytics_data.spans WHERE tenant_id = 'default' AND thread_id = 'th1' AND start_time <= '2026-03-03 12:00Z';
GRANT SELECT ON visible TO authenticated;
SET ROLE authenticated;
SELECT public.is_empty('SELECT FROM analytics_store.run_stats_hour', 'stored sums of more than it may see are hidden');
SELECT public.cmp_ok((SELECT count(*) FROM public.visible), '>', 0::bigint, 'it may see some');
SELECT public.results_eq($$SELECT total_runs FROM analytics.get_project_stats('last_week', '2026-03-03 12:00Z')$$, 'SELECT count(DISTINCT run) FROM public.visible', 'counted from its spans');
SELECT public.results_eq($$SELECT value FROM analytics.get_metric_summary('runs', '7d', as_of => '2026-03-03 12:00Z')$$, 'SELECT count(DISTINCT run)::numeric FROM public.visible', 'as a metric too');
SELECT public.results_eq($$SELECT sum(runs)::bigint FROM analytics.run_stats$$, 'SELECT count(DISTINCT run) FROM public.visible', 'and in the view');
RESET ROLE;
SELECT * FROM finish();
