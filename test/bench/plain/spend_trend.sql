-- get_trends('90d', 'spend', as_of => $1) in plain SQL.
SELECT d, coalesce(spend, 0)
FROM generate_series(date_trunc('day', $1) - interval '89 days', date_trunc('day', $1), '1 day') d
LEFT JOIN (SELECT date_trunc('day', created_at) AS day, sum(cost_usd) AS spend
           FROM analytics_data.llm_calls
           WHERE tenant_id = 'big' AND created_at >= date_trunc('day', $1) - interval '89 days' AND created_at <= $1
           GROUP BY 1) s ON s.day = d
ORDER BY d
