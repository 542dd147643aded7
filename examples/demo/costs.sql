-- Where the money goes.
--   psql -v as_of=INSTANT -v tenant=NAME -f examples/demo/costs.sql
\ir tenant.sql

\echo :tenant: cost by model, 30 days up to :moment
\echo '  SELECT * FROM analytics.get_cost_breakdown(period => \'30d\', group_by => \'model\', as_of => \'':as_of'\');'
SELECT key AS model, call_count AS calls, input_tokens, output_tokens, round(cost_usd, 2) AS cost_usd, cost_pct AS "cost %",
       round(avg_latency_ms::numeric) AS "avg ms", round(p95_latency_ms::numeric) AS "p95 ms", success_rate
FROM analytics.get_cost_breakdown(period => '30d', group_by => 'model', as_of => :'as_of', row_limit => 8);
