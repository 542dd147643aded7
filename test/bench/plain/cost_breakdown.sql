-- get_cost_breakdown('30d', 'model', as_of => $1) in plain SQL.
SELECT model, count(*), sum(input_tokens)::bigint, sum(output_tokens)::bigint, sum(cost_usd) AS cost,
       round(100 * sum(cost_usd) / nullif(sum(sum(cost_usd)) OVER (), 0), 2), avg(latency_ms),
       percentile_cont(0.95) WITHIN GROUP (ORDER BY latency_ms), round(avg(success::int), 4)
FROM analytics_data.llm_calls
WHERE tenant_id = 'big' AND created_at > $1 - interval '30 days' AND created_at <= $1
GROUP BY model ORDER BY cost DESC NULLS LAST, model LIMIT 100
