-- The answers about agents and what they cost, as a person reads them.
--   psql -v as_of=INSTANT -v tenant=NAME [-v days=14] -f examples/demo/spend.sql
\set ON_ERROR_STOP on
\set QUIET on
\if :{?days} \else \set days 14 \endif
SELECT set_config('agent_analytics.tenant', :'tenant', false) AS tenant \gset
SET TimeZone = 'UTC';
SELECT to_char(:'as_of'::timestamptz, 'FMDay DD FMMonth YYYY, HH24:MI TZ') AS moment \gset
\pset footer off
\pset null -

\echo
\echo :tenant: agents and their cost, :moment
\echo '  SELECT * FROM analytics.get_analytics_overview(as_of => ...)'
\pset tuples_only on
\pset format unaligned
SELECT format(E'\n  tasks            %8s   %s completed, success rate %s %%\n', total_tasks, tasks_completed, coalesce(to_char(100 * success_rate, 'FM990D0'), '-'))
    || format(E'  cost             %8s USD in all; the last 7 days: %s\n', to_char(total_cost_usd, 'FM999G990D00'),
              (SELECT string_agg(to_char(v, 'FM9990D00'), '  ' ORDER BY n) FROM unnest(cost_7d_trend) WITH ORDINALITY t(v, n)))
    || format(E'  agents           %8s active, %s idle\n', active_agents_count, idle_agents_count)
    || format('  without a price  %8s calls', unpriced_calls)
FROM analytics.get_analytics_overview(as_of => :'as_of');
\pset format aligned
\pset tuples_only off

\echo
\echo 'The budget'
\echo '  SELECT * FROM analytics.get_budget_status(as_of => ...)'
SELECT budget_id, amount_usd, round(spent_usd, 2) AS spent_usd, round(remaining_usd, 2) AS remaining_usd, used_percent, status,
       to_char(resets_at, 'YYYY-MM-DD HH24:MI') AS resets_at, unpriced_calls
FROM analytics.get_budget_status(as_of => :'as_of');

\echo 'Spend by day'
\echo '  SELECT * FROM analytics.get_trends(period => \'30d\', metric => \'spend\', as_of => ...)'
SELECT to_char("timestamp", 'Dy YYYY-MM-DD') AS day, round(value, 2) AS usd,
       repeat('#', round(40 * value / nullif(max(value) OVER (), 0))::integer) AS " "
FROM (SELECT * FROM analytics.get_trends(period => '30d', metric => 'spend', as_of => :'as_of') ORDER BY "timestamp" DESC LIMIT :days) t
ORDER BY "timestamp";

\echo 'Where it goes'
\echo '  SELECT * FROM analytics.get_cost_breakdown(period => \'30d\', group_by => \'model\', as_of => ...)'
SELECT key AS model, call_count AS calls, input_tokens, output_tokens, round(cost_usd, 2) AS cost_usd, cost_pct AS "cost %",
       round(avg_latency_ms::numeric) AS "avg ms", round(p95_latency_ms::numeric) AS "p95 ms", success_rate
FROM analytics.get_cost_breakdown(period => '30d', group_by => 'model', as_of => :'as_of', row_limit => 8);
