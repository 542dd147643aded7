-- Two shops with the same customers, orders and calls in different numbers: whoever mixes them up is seen.
-- Every number comes from a counter. The last moment is 2026-03-02 10:07 UTC.
SET TIME ZONE 'UTC';
CREATE TEMP TABLE shop AS SELECT * FROM (VALUES ('north', 1), ('south', 3)) s(tenant, size);

INSERT INTO analytics_data.orders (tenant_id, order_id, customer_id, created_at, total_amount, status, fulfilled_at)
SELECT tenant, 'order-' || n, 'customer-' || n * n % 37, at, (n * 7 % 90 + size) + 0.25,
       (ARRAY['fulfilled', 'fulfilled', 'pending', 'cancelled'])[1 + n % 4],
       CASE WHEN n % 4 < 2 THEN at + interval '40 minutes' END
FROM shop, generate_series(1, 400 * size) n, LATERAL (SELECT timestamptz '2026-03-02 10:07' - n * interval '97 minutes' / size AS at) t;

INSERT INTO analytics_data.shop_sessions (tenant_id, session_id, customer_id, started_at)
SELECT tenant, 'session-' || n, 'customer-' || n % 37, timestamptz '2026-03-02 10:07' - n * interval '31 minutes' / size
FROM shop, generate_series(1, 900 * size) n;

INSERT INTO analytics_data.llm_calls (tenant_id, call_id, model, input_tokens, output_tokens, cost_usd, latency_ms, success, agent_id, created_at)
SELECT tenant, 'call-' || n, (ARRAY['gpt-4o', 'claude-sonnet-4-5'])[1 + n % 2], 100 + n % 500, 20 + n % 80, 0.01 * size + n % 9 * 0.001, 200 + n % 700, n % 11 <> 0,
       'agent-' || n % 4, timestamptz '2026-03-02 10:07' - n * interval '43 minutes' / size
FROM shop, generate_series(1, 800 * size) n;

INSERT INTO analytics_data.task_records (tenant_id, task_id, agent_id, status, started_at, completed_at)
SELECT tenant, 'task-' || n, 'agent-' || n % 4, (ARRAY['completed', 'completed', 'failed'])[1 + n % 3], at, at + interval '9 minutes'
FROM shop, generate_series(1, 120 * size) n, LATERAL (SELECT timestamptz '2026-03-02 09:50' - n * interval '3 hours' / size AS at) t;

INSERT INTO analytics_data.agent_status_log (tenant_id, agent_id, status, observed_at)
SELECT tenant, 'agent-' || n % 4, (ARRAY['active', 'idle'])[1 + n % 2], timestamptz '2026-03-02 10:00' - n * interval '2 hours'
FROM shop, generate_series(1, 40 * size) n;

INSERT INTO analytics_data.budgets (tenant_id, budget_id, amount_usd, period) SELECT tenant, 'default', 100 * size, 'month' FROM shop;
