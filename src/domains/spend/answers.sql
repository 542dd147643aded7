-- The questions of spend: trends, the overview, what costs most. C++ beside this file.

CREATE OR REPLACE FUNCTION analytics.get_trends(period text DEFAULT '7d', metric text DEFAULT 'spend', time_zone text DEFAULT 'UTC',
    as_of timestamptz DEFAULT NULL) RETURNS TABLE ("timestamp" timestamptz, value numeric)
LANGUAGE c STABLE PARALLEL RESTRICTED COST 10000 ROWS 90 AS 'MODULE_PATHNAME', 'analytics_get_trends';
COMMENT ON FUNCTION analytics.get_trends(text, text, text, timestamptz) IS
'Spend, tasks or agents over time: one row a bucket, oldest first, none missing.
period: 7d (168 hours), 30d or 90d (days); the last bucket is the running one, cut at as_of. metric: spend (US dollars of the calls, exact; calls without a price add nothing), tasks_completed (by their end), success_rate (completed of completed and failed tasks that ended in the bucket, 0..1 with 4 decimals, NULL where none did), active_agents (different agents that made a call, were at work on a task or were observed active in the bucket). time_zone: any IANA name; hours and days begin there. as_of: NULL means now.
Result: timestamp (the bucket''s begin), value.
Errors: 22023 for an unknown period, metric or time zone.';

CREATE OR REPLACE FUNCTION analytics.get_analytics_overview(as_of timestamptz DEFAULT NULL, OUT total_tasks bigint,
    OUT tasks_completed bigint, OUT success_rate numeric, OUT total_cost_usd numeric, OUT budget_remaining_usd numeric,
    OUT budget_used_percent numeric, OUT cost_7d_trend numeric[], OUT active_agents_count bigint, OUT idle_agents_count bigint,
    OUT unpriced_calls bigint)
LANGUAGE c STABLE PARALLEL RESTRICTED COST 10000 AS 'MODULE_PATHNAME', 'analytics_get_analytics_overview';
COMMENT ON FUNCTION analytics.get_analytics_overview(timestamptz) IS
'Tasks, cost, budget and agents at a glance.
as_of: NULL means now.
Result, of all time up to as_of: total_tasks, tasks_completed, success_rate (completed of completed and failed, 0..1 with 4 decimals, NULL where there are none), total_cost_usd (of the calls, exact) and unpriced_calls (which it lacks). budget_remaining_usd and budget_used_percent of the tenant''s single or `default` budget, as get_budget_status has them, else NULL. cost_7d_trend: the spend of the last 7 UTC days, oldest first, the running day last. active_agents_count: agents with a running task, or last observed active within 15 minutes; idle_agents_count: the other agents that made a call, had a task, were observed or are registered, unless they are disabled in analytics_data.agents. Agents last observed offline count in neither. A task without a start and an end counts as it stands today.
Errors: 22023 when as_of is out of range.';

CREATE OR REPLACE FUNCTION analytics.get_cost_breakdown(period text DEFAULT '30d', group_by text DEFAULT 'model',
    as_of timestamptz DEFAULT NULL, row_limit integer DEFAULT 100)
RETURNS TABLE (key text, call_count bigint, input_tokens bigint, output_tokens bigint, cost_usd numeric, cost_pct numeric,
               avg_latency_ms double precision, p95_latency_ms double precision, success_rate numeric, unpriced_calls bigint,
               p50_latency_ms double precision, p99_latency_ms double precision)
LANGUAGE c STABLE PARALLEL RESTRICTED COST 10000 ROWS 20 AS 'MODULE_PATHNAME', 'analytics_get_cost_breakdown';
COMMENT ON FUNCTION analytics.get_cost_breakdown(text, text, timestamptz, integer) IS
'What costs most: calls, tokens, cost, latency and success by model, provider, agent, user, task or run.
period: 24h, 7d, 30d or 90d: the calls of (as_of - period, as_of], to the microsecond. group_by: model, provider, agent, user, task or run. as_of: NULL means now. row_limit: 1 to 1000 rows, dearest first.
Result: key (NULL for calls that name none), call_count, input_tokens, output_tokens, cost_usd (exact; NULL where no call has a price), cost_pct (of the whole, 0..100 with 2 decimals, also where keys are cut off), avg_latency_ms, p95_latency_ms, success_rate (0..1 with 4 decimals), unpriced_calls (whose cost is not known), p50_latency_ms, p99_latency_ms (percentiles are within 1 % of the exact ones for model, provider and agent, and exact for the others).
Errors: 22023 for an unknown period or group_by or a row_limit out of range.';

CREATE OR REPLACE FUNCTION analytics_internal.scope_spend(agent_id text, user_id text, model text, task_id text,
    from_time timestamptz, to_time timestamptz, OUT cost_usd numeric, OUT unpriced_calls bigint)
LANGUAGE c STABLE PARALLEL RESTRICTED COST 1000 AS 'MODULE_PATHNAME', 'analytics_scope_spend';
COMMENT ON FUNCTION analytics_internal.scope_spend(text, text, text, text, timestamptz, timestamptz) IS
'What the current tenant''s calls of a scope cost, and how many have no price.
agent_id, user_id, model, task_id: NULL means any. from_time, to_time: [from, to), may be infinite.';
