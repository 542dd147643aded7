-- The rollups and metrics of spend.

CREATE OR REPLACE FUNCTION analytics_internal.install_spend_rollups() RETURNS SETOF text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    -- What is known of a set of calls; the answers of get_cost_breakdown and get_budget_status are made of it.
    calls jsonb := '{"calls": "count(*)", "input_tokens": "sum(input_tokens)", "output_tokens": "sum(output_tokens)",
        "spend": "sum(cost_usd)", "unpriced_calls": "count(*) FILTER (WHERE cost_usd IS NULL)",
        "successes": "count(*) FILTER (WHERE success)", "latency": "quantiles(latency_ms)", "latency_mean": "avg(latency_ms)"}';
    m record;
BEGIN
    RETURN QUERY SELECT analytics_internal.ensure_rollup('llm_call_stats', 'analytics_data.llm_calls', 'created_at',
        calls || '{"agents": "distinct(agent_id)"}');
    RETURN QUERY SELECT analytics_internal.ensure_rollup('llm_calls_by_model', 'analytics_data.llm_calls', 'created_at',
        calls, '{provider,model}');
    RETURN QUERY SELECT analytics_internal.ensure_rollup('llm_calls_by_agent', 'analytics_data.llm_calls', 'created_at',
        calls, '{agent_id}');
    RETURN QUERY SELECT analytics_internal.ensure_rollup('task_stats', 'analytics_data.task_records', 'completed_at',
        '{"tasks": "count(*)", "completed": "count(*) FILTER (WHERE status = ''completed'')",
          "failed": "count(*) FILTER (WHERE status = ''failed'')", "cancelled": "count(*) FILTER (WHERE status = ''cancelled'')",
          "with_start": "count(started_at)", "duration": "quantiles(duration_ms)", "duration_mean": "avg(duration_ms)",
          "cost": "sum(cost_usd)", "agents": "distinct(agent_id)"}');
    RETURN QUERY SELECT analytics_internal.ensure_rollup('task_starts', 'analytics_data.task_records', 'started_at',
        '{"started": "count(*)", "agents": "distinct(agent_id)"}');
    RETURN QUERY SELECT analytics_internal.ensure_rollup('agent_status_stats', 'analytics_data.agent_status_log', 'observed_at',
        '{"observations": "count(*)", "active_agents": "distinct(agent_id) FILTER (WHERE status = ''active'')"}');

    FOR m IN SELECT * FROM (VALUES
        ('spend', 'llm_call_stats', 'spend', 'USD', 'down', 'What the calls cost, those without a price left out.'),
        ('calls', 'llm_call_stats', 'calls', 'calls', 'neutral', 'Calls of language models.'),
        ('tokens', 'llm_call_stats', 'input_tokens + output_tokens', 'tokens', 'neutral', 'Input and output tokens.'),
        ('input_tokens', 'llm_call_stats', 'input_tokens', 'tokens', 'neutral', 'Input tokens, cached ones included.'),
        ('output_tokens', 'llm_call_stats', 'output_tokens', 'tokens', 'neutral', 'Output tokens, reasoning included.'),
        ('unpriced_calls', 'llm_call_stats', 'unpriced_calls', 'calls', 'down', 'Calls without a cost: no price is known.'),
        ('cost_per_call', 'llm_call_stats', 'spend / nullif(calls - unpriced_calls, 0)', 'USD', 'down', 'Mean cost of a call that has one.'),
        ('call_error_rate', 'llm_call_stats', '(calls - successes) / nullif(calls, 0)', 'ratio', 'down', 'Calls that failed, of all.'),
        ('latency_p50', 'llm_call_stats', 'quantile(latency, 0.5)', 'ms', 'down', 'Half of the calls answered within this time.'),
        ('latency_p95', 'llm_call_stats', 'quantile(latency, 0.95)', 'ms', 'down', '95 % of the calls answered within this time.'),
        ('latency_p99', 'llm_call_stats', 'quantile(latency, 0.99)', 'ms', 'down', '99 % of the calls answered within this time.'),
        ('calling_agents', 'llm_call_stats', 'agents', 'agents', 'neutral', 'Different agents that made a call.'),
        ('spend_by_model', 'llm_calls_by_model', 'spend', 'USD', 'down', 'What the calls cost, by provider and model.'),
        ('calls_by_model', 'llm_calls_by_model', 'calls', 'calls', 'neutral', 'Calls of language models, by provider and model.'),
        ('tokens_by_model', 'llm_calls_by_model', 'input_tokens + output_tokens', 'tokens', 'neutral', 'Tokens, by provider and model.'),
        ('latency_p95_by_model', 'llm_calls_by_model', 'quantile(latency, 0.95)', 'ms', 'down', '95 % of the calls answered within this time, by provider and model.'),
        ('spend_by_agent', 'llm_calls_by_agent', 'spend', 'USD', 'down', 'What the calls cost, by agent.'),
        ('calls_by_agent', 'llm_calls_by_agent', 'calls', 'calls', 'neutral', 'Calls of language models, by agent.'),
        ('latency_p95_by_agent', 'llm_calls_by_agent', 'quantile(latency, 0.95)', 'ms', 'down', '95 % of the calls answered within this time, by agent.'),
        ('tasks_completed', 'task_stats', 'completed', 'tasks', 'up', 'Tasks that were completed.'),
        ('tasks_failed', 'task_stats', 'failed', 'tasks', 'down', 'Tasks that failed.'),
        ('success_rate', 'task_stats', 'completed / nullif(completed + failed, 0)', 'ratio', 'up', 'Completed tasks, of those completed or failed.'),
        ('task_duration_p95', 'task_stats', 'quantile(duration, 0.95)', 'ms', 'down', '95 % of the tasks that ended took no longer.'),
        ('task_cost', 'task_stats', 'cost', 'USD', 'down', 'What the tasks that ended cost, as recorded with them.'),
        ('tasks_started', 'task_starts', 'started', 'tasks', 'neutral', 'Tasks that work began on.'),
        ('active_agents', 'agent_status_stats', 'active_agents', 'agents', 'up', 'Different agents observed active; get_trends also counts those that made calls or worked on tasks.')
        ) AS v(name, rollup, expression, unit, direction, description)
    LOOP
        RETURN QUERY SELECT analytics_internal.ensure_metric(m.name, m.rollup, m.expression, m.unit, m.direction, m.description);
    END LOOP;
END $$;
COMMENT ON FUNCTION analytics_internal.install_spend_rollups() IS
'Makes the rollups and metrics of spend where they are missing.
Returns a line for each thing it did.';
