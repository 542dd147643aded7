-- The schema probe, with facts of a tenant for tests: CALL probe.load(tenant, mark, factor). \ir include/tenant_facts.sql, after install().
CREATE SCHEMA probe;
GRANT USAGE, CREATE ON SCHEMA probe TO PUBLIC;

-- Facts of a tenant: the same ids for all, b's with other contents and names that betray where they come from.
CREATE PROCEDURE probe.load(tenant text, mark text, factor integer) LANGUAGE plpgsql AS $$
DECLARE
    first CONSTANT timestamptz := '2026-02-20 00:00Z';
BEGIN
    PERFORM set_config('agent_analytics.tenant', tenant, true);
    PERFORM analytics.record_batch('order', (SELECT jsonb_agg(jsonb_build_object('order_id', 'o' || i, 'customer_id', mark || 'customer' || i % 7,
        'total_amount', 10 * factor + i % 5, 'created_at', first + i * interval '37 minutes',
        'status', CASE WHEN i % 3 = 0 THEN 'fulfilled' ELSE 'pending' END,
        'fulfilled_at', CASE WHEN i % 3 = 0 THEN first + i * interval '37 minutes' + interval '2 hours' END)) FROM generate_series(1, 400) i));
    PERFORM analytics.record_batch('session', (SELECT jsonb_agg(jsonb_build_object('session_id', 's' || i, 'customer_id', mark || 'customer' || i % 9,
        'started_at', first + i * interval '19 minutes')) FROM generate_series(1, 300 * factor) i));
    PERFORM analytics.record_batch('llm_call', (SELECT jsonb_agg(jsonb_build_object('call_id', 'c' || i, 'model', mark || 'model' || i % 2,
        'input_tokens', 100 * factor + i, 'output_tokens', i, 'cost_usd', 0.01 * factor, 'latency_ms', 100 * factor + i % 50, 'success', i % 10 <> 0,
        'error_type', CASE WHEN i % 10 = 0 THEN mark || 'error' END, 'agent_id', mark || 'agent' || i % 3, 'task_id', 't' || i % 40,
        'user_id', mark || 'user', 'created_at', first + i * interval '29 minutes')) FROM generate_series(1, 480) i));
    PERFORM analytics.record_batch('task', (SELECT jsonb_agg(jsonb_build_object('task_id', 't' || i, 'agent_id', mark || 'agent' || i % 3,
        'status', CASE WHEN i % 4 = 0 THEN 'failed' ELSE 'completed' END, 'task_type', mark || 'type', 'started_at', first + i * interval '5 hours',
        'completed_at', first + i * interval '5 hours' + factor * interval '1 minute')) FROM generate_series(1, 40) i));
    PERFORM analytics.record_batch('agent_status', (SELECT jsonb_agg(jsonb_build_object('agent_id', mark || 'agent' || i % 3, 'status', 'active',
        'observed_at', first + i * interval '50 minutes')) FROM generate_series(1, 100) i));
    PERFORM analytics.record_batch('span', (SELECT jsonb_agg(jsonb_build_object('span_id', i::text, 'trace_id', 'run' || i % 20, 'parent_span_id', CASE WHEN i > 20 THEN (i % 20)::text END,
        'operation_name', mark || 'operation', 'start_time', timestamptz '2026-03-02 08:00Z' + i * interval '20 seconds', 'end_time', timestamptz '2026-03-02 08:00Z' + i * factor * interval '21 seconds',
        'thread_id', mark || 'thread', 'model', mark || 'model', 'tool_name', mark || 'tool', 'status', 'error', 'error_message', mark || 'error', 'cost_usd', factor)) FROM generate_series(1, 100) i));
    PERFORM analytics.record_batch('training_example', (SELECT jsonb_agg(jsonb_build_object('id', format('00000000-0000-4000-8000-%s', lpad(i::text, 12, '0')), 'conversation_id', mark || 'conversation' || i % 5,
        'input_text', mark || 'question', 'model_draft', mark || 'draft', 'final_response', mark || 'answer', 'notes', mark || 'notes', 'agent', mark || 'agent', 'annotator', mark || 'annotator' || i % (2 * factor),
        'category', mark || 'category' || i % (3 * factor), 'tone', mark || 'tone', 'sentiment', 'positive', 'safe_to_send', i % (2 * factor) = 0, 'accuracy_score', least(5, 1 + factor), 'helpfulness_score', 3, 'tone_score', 2,
        'clarity_score', least(5, factor), 'confidence', 10 * factor, 'response_time_ms', 100 * factor, 'created_at', timestamptz '2026-02-26 00:00Z' + i * interval '1 hour')) FROM generate_series(1, 100) i));
    PERFORM analytics.record_batch('submit_approval', (SELECT jsonb_agg(jsonb_build_object('id', md5(i::text)::uuid, 'conversation_id', mark || 'conversation' || i % 20, 'draft_response', mark || 'draft',
        'confidence_score', 20 * factor + i % 40, 'agent', mark || 'agent' || i % 3, 'customer_name', mark || 'customer', 'priority', CASE WHEN i % 5 < factor THEN 'urgent' ELSE 'low' END,
        'created_at', first + i * interval '97 minutes')) FROM generate_series(1, 150) i));
    PERFORM analytics.record_batch('resolve_approval', (SELECT jsonb_agg(jsonb_build_object('id', md5(i::text)::uuid, 'decision', CASE WHEN i % 3 < factor - 1 THEN 'rejected' ELSE 'approved' END, 'resolved_by', mark || 'decider',
        'resolved_at', first + i * interval '97 minutes' + factor * interval '3 hours')) FROM generate_series(1, 140) i));
    PERFORM analytics.record_batch('agent_query', (SELECT jsonb_agg(jsonb_build_object('id', md5(i::text)::uuid, 'agent', mark || 'agent' || i % 3, 'query', mark || 'query', 'latency_ms', 300 * factor + i % 90,
        'approved', i % 4 < factor, 'error_type', mark || 'error', 'created_at', first + i * interval '31 minutes')) FROM generate_series(1, 480) i));
    INSERT INTO analytics_data.data_quality_checks (name, table_name, predicate) VALUES (mark || 'rule', 'training_examples', format('agent <> %L', mark || 'agent'));
    PERFORM analytics.set_budget('default', 100 * factor, 'month'), analytics.set_budget(mark || 'budget', 10, 'day');
    PERFORM analytics.reserve_budget(1, 'default', mark || 'reservation');
    PERFORM analytics.record_batch('metric', (SELECT jsonb_agg(jsonb_build_object('metric', 'queue', 'value', 10 * factor + i, 'labels', jsonb_build_object('host', mark || 'host'), 'point_id', i::text,
        'recorded_at', timestamptz '2026-03-02 10:00Z' + i * interval '1 minute')) FROM generate_series(1, 6) i));
    INSERT INTO analytics_data.alert_rules (rule_id, name, metric, condition, threshold, severity, time_window, for_duration, no_data, failed_at, last_error)
    VALUES ('rule1', mark || 'queue', 'queue', '>', 1, 'warning', '5m', '0s', 'ok', '2026-03-02 09:00Z', mark || 'error');  -- or its age would be told, by the clock
    INSERT INTO analytics_data.notification_channels (channel_id, kind, config, sealed) VALUES ('channel1', 'email', jsonb_build_object('to', mark || 'ops@example.com'), jsonb_build_object('to', mark || 'ops@example.com')), (mark || 'channel', 'email', '{}', '{}');
    INSERT INTO analytics_data.notification_deliveries (delivery_id, channel_id, event, payload, status, last_error) VALUES ('delivery1', 'channel1', 'test', jsonb_build_object('name', mark || 'name'), CASE factor WHEN 1 THEN 'failed' ELSE 'queued' END, mark || 'error');
    INSERT INTO analytics_data.monitoring (enabled, changed_at, changed_by) VALUES (factor = 1, '2026-03-02 09:00Z', mark || 'admin');
    INSERT INTO analytics_data.alerts (alert_id, rule_id, name, metric, labels, severity, value, threshold, started_at)
    SELECT 'alert' || i, 'rule1', mark || 'queue', 'queue', jsonb_build_object('host', mark || 'host' || i), 'error', factor, 1, timestamptz '2026-03-02 09:00Z' + i * interval '1 minute' FROM generate_series(1, 3 * factor) i;
END $$;
