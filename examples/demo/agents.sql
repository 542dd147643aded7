-- Agents, their tasks, and the budget.
--   psql -v as_of=INSTANT -v tenant=NAME -f examples/demo/agents.sql
\ir tenant.sql

\echo :tenant: agents at a glance, :moment
\echo '  SELECT * FROM analytics.get_analytics_overview(as_of => \'':as_of'\');'
\pset tuples_only on
\pset format unaligned
SELECT format(E'\n  tasks            %8s   %s completed, success rate %s%%\n', total_tasks, tasks_completed,
              coalesce(to_char(100 * success_rate, 'FM990D0'), '-'))
    || format(E'  agents           %8s active, %s idle\n', active_agents_count, idle_agents_count)
    || format(E'  cost             %8s USD in all; the last 7 days %s\n', to_char(total_cost_usd, 'FM999G990D00'),
              (SELECT string_agg(to_char(v, 'FM9990D00'), '  ' ORDER BY n) FROM unnest(cost_7d_trend) WITH ORDINALITY t(v, n)))
    || format(E'  without a price  %8s calls\n', unpriced_calls)
FROM analytics.get_analytics_overview(as_of => :'as_of');
\pset format aligned
\pset tuples_only off

\echo 'The budget of the month'
\echo '  SELECT * FROM analytics.get_budget_status(as_of => \'':as_of'\');'
SELECT budget_id, amount_usd, round(spent_usd, 2) AS spent_usd, round(remaining_usd, 2) AS remaining_usd, used_percent AS "used %",
       status, to_char(resets_at, 'YYYY-MM-DD HH24:MI') AS resets_at
FROM analytics.get_budget_status(as_of => :'as_of');

\echo 'Spend by day'
\echo '  SELECT * FROM analytics.get_trends(period => \'30d\', metric => \'spend\', as_of => \'':as_of'\');'
SELECT to_char("timestamp", 'Dy YYYY-MM-DD') AS day, round(value, 2) AS usd,
       repeat('#', coalesce(round(40 * value / nullif(max(value) OVER (), 0)), 0)::integer) AS " "
FROM (SELECT * FROM analytics.get_trends(period => '30d', metric => 'spend', as_of => :'as_of') ORDER BY "timestamp" DESC LIMIT 14) t
ORDER BY "timestamp";
