-- Latency of each agent over 30 days in plain SQL: $1 as_of.
SELECT agent_id, percentile_cont(0.5) WITHIN GROUP (ORDER BY latency_ms), percentile_cont(0.95) WITHIN GROUP (ORDER BY latency_ms),
       percentile_cont(0.99) WITHIN GROUP (ORDER BY latency_ms)
FROM analytics_data.llm_calls
WHERE tenant_id = 'big' AND created_at > $1 - interval '30 days' AND created_at <= $1
GROUP BY agent_id ORDER BY agent_id
