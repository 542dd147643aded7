-- The rollups, metrics and views of approvals.

CREATE OR REPLACE FUNCTION analytics_internal.install_approval_rollups() RETURNS SETOF text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    -- How the drafts of a bucket stand, by when they were submitted. Seconds are exact where minutes would be rounded.
    drafts jsonb := '{"drafts": "count(*)", "pending": "count(*) FILTER (WHERE status = ''pending'')",
        "approved": "count(*) FILTER (WHERE status = ''approved'')", "rejected": "count(*) FILTER (WHERE status = ''rejected'')",
        "edited": "count(*) FILTER (WHERE status = ''edited'')", "confidence": "avg(confidence_score)",
        "resolution_s": "avg(extract(epoch FROM resolved_at - created_at))"}';
BEGIN
    RETURN QUERY SELECT analytics_internal.ensure_rollup('approval_stats', 'analytics_data.agent_approvals', 'created_at', drafts || '{
        "urgent": "count(*) FILTER (WHERE priority = ''urgent'')", "high": "count(*) FILTER (WHERE priority = ''high'')",
        "normal": "count(*) FILTER (WHERE priority = ''normal'')", "low": "count(*) FILTER (WHERE priority = ''low'')",
        "least_confidence": "min(confidence_score)", "greatest_confidence": "max(confidence_score)"}');
    RETURN QUERY SELECT analytics_internal.ensure_rollup('approvals_by_agent', 'analytics_data.agent_approvals', 'created_at', drafts, '{agent,priority}');
    RETURN QUERY SELECT analytics_internal.ensure_rollup('approval_decisions', 'analytics_data.agent_approvals', 'resolved_at', '{
        "decisions": "count(*)", "approved": "count(*) FILTER (WHERE status = ''approved'')",
        "rejected": "count(*) FILTER (WHERE status = ''rejected'')", "edited": "count(*) FILTER (WHERE status = ''edited'')",
        "resolution_s": "quantiles(extract(epoch FROM resolved_at - created_at))"}');
    RETURN QUERY SELECT analytics_internal.ensure_rollup('agent_query_stats', 'analytics_data.agent_queries', 'created_at', '{
        "queries": "count(*)", "approved": "count(*) FILTER (WHERE approved)", "edited": "count(*) FILTER (WHERE human_edited)",
        "successes": "count(*) FILTER (WHERE success)", "slow": "count(*) FILTER (WHERE latency_ms > 1000)",
        "latency": "quantiles(latency_ms)", "latency_mean": "avg(latency_ms)", "latency_max": "max(latency_ms)"}', '{agent}');

    RETURN QUERY SELECT analytics_internal.ensure_metric(m.name, m.rollup, m.expression, m.unit, m.direction, m.description)
        FROM (VALUES
            ('drafts', 'approval_stats', 'drafts', 'drafts', 'neutral', 'Drafts submitted for approval.'),
            ('pending_drafts', 'approval_stats', 'pending', 'drafts', 'down', 'Drafts that wait for a decision now, by when they were submitted.'),
            ('approval_rate', 'approval_stats', '100 * approved / nullif(approved + rejected + edited, 0)', 'percent', 'up', 'Drafts approved as they were, of those decided, by when they were submitted.'),
            ('rejection_rate', 'approval_stats', '100 * rejected / nullif(approved + rejected + edited, 0)', 'percent', 'down', 'Drafts rejected, of those decided, by when they were submitted.'),
            ('edit_rate', 'approval_stats', '100 * edited / nullif(approved + rejected + edited, 0)', 'percent', 'down', 'Drafts approved after a person changed them, of those decided, by when they were submitted.'),
            ('draft_confidence', 'approval_stats', 'confidence', 'percent', 'up', 'Mean confidence of the agents in their drafts, 0 to 100.'),
            ('drafts_by_agent', 'approvals_by_agent', 'drafts', 'drafts', 'neutral', 'Drafts submitted for approval, by agent and priority.'),
            ('approval_rate_by_agent', 'approvals_by_agent', '100 * approved / nullif(approved + rejected + edited, 0)', 'percent', 'up', 'Drafts approved as they were, of those decided, by agent and priority.'),
            ('draft_confidence_by_agent', 'approvals_by_agent', 'confidence', 'percent', 'up', 'Mean confidence of the agents in their drafts, by agent and priority.'),
            ('decisions', 'approval_decisions', 'decisions', 'drafts', 'neutral', 'Drafts decided, by when.'),
            ('resolution_p50', 'approval_decisions', 'quantile(resolution_s, 0.5)', 's', 'down', 'Half of the drafts decided had waited no longer.'),
            ('resolution_p95', 'approval_decisions', 'quantile(resolution_s, 0.95)', 's', 'down', '95 % of the drafts decided had waited no longer.'),
            ('agent_queries', 'agent_query_stats', 'queries', 'queries', 'neutral', 'What agents were asked.'),
            ('agent_query_latency', 'agent_query_stats', 'latency_mean', 'ms', 'down', 'Mean time of an agent''s answer.'),
            ('agent_query_latency_p95', 'agent_query_stats', 'quantile(latency, 0.95)', 'ms', 'down', '95 % of the queries were answered within this time.'),
            ('slow_agent_queries', 'agent_query_stats', 'slow', 'queries', 'down', 'Queries that took more than 1,000 ms.'),
            ('agent_query_error_rate', 'agent_query_stats', '(queries - successes) / nullif(queries, 0)', 'ratio', 'down', 'Queries that failed, of all.'),
            ('agent_query_approval_rate', 'agent_query_stats', '100 * approved / nullif(queries, 0)', 'percent', 'up', 'Queries whose answer a person approved, of all.')
        ) AS m(name, rollup, expression, unit, direction, description);
END $$;
COMMENT ON FUNCTION analytics_internal.install_approval_rollups() IS
'Makes the rollups and metrics of approvals where they are missing.
Returns a line for each thing it did.';

CREATE OR REPLACE FUNCTION analytics_internal.install_approval_views() RETURNS SETOF text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY SELECT analytics_internal.ensure_answer_view('approval_queue_metrics', 'get_queue_metrics',
        'The approval queue by day, the last 7 days: what get_queue_metrics() answers now.');
    RETURN QUERY SELECT analytics_internal.ensure_answer_view('mv_agent_queue_realtime', 'get_queue_status',
        'The approval queue at this moment: what get_queue_status() answers now.');
    RETURN QUERY SELECT analytics_internal.ensure_answer_view('agent_accuracy_metrics', 'get_agent_accuracy',
        'What became of agents'' answers by agent and day, the last 7 days: what get_agent_accuracy() answers now.');
    RETURN QUERY SELECT analytics_internal.ensure_answer_view('agent_performance_summary', 'get_agent_summary',
        'Drafts, queries and training examples of the last 24 hours: what get_agent_summary() answers now.');
END $$;
COMMENT ON FUNCTION analytics_internal.install_approval_views() IS 'Makes the views of approvals where they are missing; a line for each.';
