-- The examples of the API description (\ir after start.sql, setup_roles() and request.sql): facts, and what is asked of them.
-- scripts/examples.sh writes the answers to src/delivery/examples.sql; test/tap/openapi.sql holds them against a new run.
SELECT set_config('agent_analytics.tenant', 'example', false) \g /dev/null
DO $$
DECLARE
    first CONSTANT timestamptz := '2026-01-26 00:00Z';
BEGIN
    PERFORM analytics.record_batch('order', (SELECT jsonb_agg(jsonb_build_object('order_id', '#' || 1000 + i, 'customer_id', 'customer-' || i * i % 211,
        'total_amount', round(20 + i * 37 % 100 / 4.0, 2), 'status', CASE WHEN i % 3 < 2 THEN 'fulfilled' ELSE 'pending' END,
        'created_at', first + i * interval '41 minutes', 'fulfilled_at', CASE WHEN i % 3 < 2 THEN first + i * interval '41 minutes' + i % 9 * interval '1 hour' END))
        FROM generate_series(1, 1300) i));
    -- An hour like no other.
    PERFORM analytics.record_batch('order', (SELECT jsonb_agg(jsonb_build_object('order_id', '#' || 9000 + i, 'customer_id', 'customer-' || i,
        'total_amount', 25, 'created_at', timestamptz '2026-03-02 03:00Z' + i * interval '20 seconds')) FROM generate_series(1, 60) i));
    PERFORM analytics.record_batch('session', (SELECT jsonb_agg(jsonb_build_object('session_id', 's' || i, 'customer_id', 'customer-' || i % 97,
        'started_at', first + i * interval '17 minutes')) FROM generate_series(1, 3000) i));
    PERFORM analytics.record_batch('llm_call', (SELECT jsonb_agg(jsonb_build_object('call_id', 'call-' || i, 'model', CASE i % 3 WHEN 0 THEN 'gpt-4o' ELSE 'claude-sonnet-4-5' END,
        'provider', CASE i % 3 WHEN 0 THEN 'openai' ELSE 'anthropic' END, 'input_tokens', 900 + i * 31 % 700, 'output_tokens', 150 + i * 13 % 200,
        'latency_ms', 400 + i * 17 % 900, 'success', i % 25 <> 0, 'error_type', CASE WHEN i % 25 = 0 THEN 'rate_limit' END,
        'agent_id', CASE i % 2 WHEN 0 THEN 'writer' ELSE 'researcher' END, 'task_id', 'task-' || i % 120, 'user_id', 'u' || i % 4,
        'created_at', first + i * interval '22 minutes')) FROM generate_series(1, 2300) i));
    PERFORM analytics.record_batch('task', (SELECT jsonb_agg(jsonb_build_object('task_id', 'task-' || i, 'agent_id', CASE i % 2 WHEN 0 THEN 'writer' ELSE 'researcher' END,
        'status', CASE WHEN i % 8 = 0 THEN 'failed' ELSE 'completed' END, 'task_type', 'report', 'started_at', first + i * interval '7 hours',
        'completed_at', first + i * interval '7 hours' + interval '25 minutes')) FROM generate_series(1, 119) i));
    PERFORM analytics.record_agent_status('writer', 'active', '2026-03-02 10:00Z');
    INSERT INTO analytics_data.api_requests (request_id, created_at, method, endpoint, status_code, response_time_ms, user_id)
    SELECT 'r' || i, timestamptz '2026-03-02 00:00Z' + i * interval '1 minute', 'GET', CASE i % 3 WHEN 0 THEN '/rpc/get_dashboard_summary' ELSE '/rpc/get_trends' END,
           CASE WHEN i % 50 = 0 THEN 429 WHEN i % 77 = 0 THEN 400 ELSE 200 END, 3 + i * 7 % 11, 'u' || i % 4 FROM generate_series(1, 500) i;
    INSERT INTO analytics_data.api_keys (key_id, name, prefix, key_hash, scopes, tier) VALUES ('0c75eb13d1db', 'old report', 'aa_0c75eb13d1db', sha256('x'), '{read}', 'PRO');
    PERFORM analytics.record_batch('span', (SELECT jsonb_agg(jsonb_build_object('trace_id', 'run-' || r, 'thread_id', 'conversation-' || r % 5, 'span_id', s.id, 'parent_span_id', s.parent, 'operation_name', s.name,
        'start_time', timestamptz '2026-03-02 08:00Z' + r * interval '3 minutes' + s.first * interval '1 second', 'end_time', timestamptz '2026-03-02 08:00Z' + r * interval '3 minutes' + (s.last + r % 3) * interval '1 second',
        'status', CASE WHEN r % 9 = 0 AND s.id IN ('1', '3') THEN 'error' ELSE 'ok' END, 'error_message', CASE WHEN r % 9 = 0 AND s.id = '3' THEN 'search timed out' END, 'kind', s.kind,
        'model', s.model, 'tool_name', s.tool, 'input_tokens', s.tokens, 'output_tokens', s.tokens / 4, 'cost_usd', s.tokens * 0.00001))
        FROM generate_series(1, 40) r, (VALUES ('1', NULL, 'answer question', 0, 20, 'server', NULL, NULL, NULL), ('2', '1', 'chat gpt-4o', 1, 6, 'client', 'gpt-4o', NULL, 800),
            ('3', '1', 'execute_tool search', 6, 15, 'internal', NULL, 'search', NULL), ('4', '1', 'chat gpt-4o', 15, 19, 'client', 'gpt-4o', NULL, 1600)) s(id, parent, name, first, last, kind, model, tool, tokens)));
    PERFORM analytics.record_batch('training_example', (SELECT jsonb_agg(jsonb_build_object('conversation_id', 'conversation-' || i % 90, 'input_text', 'Where is my order?', 'model_draft', 'It arrives on Friday.',
        'safe_to_send', i % 12 <> 0, 'category', (ARRAY['delivery', 'refund', 'product'])[1 + i % 3], 'sentiment', (ARRAY['positive', 'neutral', 'negative'])[1 + i % 3], 'tone', 'friendly', 'clarity_score', 3 + i % 3,
        'accuracy_score', 2 + i % 4, 'helpfulness_score', 3 + i % 3, 'tone_score', 5 - i % 2, 'annotator', 'annotator-' || i % 4, 'confidence', 55 + i % 45, 'response_time_ms', 900 + i * 7 % 800,
        'agent', CASE i % 2 WHEN 0 THEN 'writer' ELSE 'researcher' END, 'created_at', first + i * interval '2 hours')) FROM generate_series(1, 420) i));
    PERFORM analytics.record_batch('submit_approval', (SELECT jsonb_agg(jsonb_build_object('id', md5('draft-' || i)::uuid, 'conversation_id', 'conversation-' || i % 90, 'agent', CASE i % 2 WHEN 0 THEN 'support' ELSE 'billing' END,
        'customer_name', CASE i % 3 WHEN 0 THEN 'Ada Fox' ELSE 'Ben Hill' END, 'customer_message', 'Where is my order?', 'confidence_score', 55 + i * 13 % 45, 'priority', (ARRAY['normal', 'low', 'high', 'normal', 'urgent', 'normal'])[1 + i % 6],
        'draft_response', 'Thank you for asking. Your order #' || 1000 + i || ' left our warehouse this morning and will reach you within two working days. The parcel service will write to you before.',
        'created_at', first + i * interval '97 minutes')) FROM generate_series(1, 525) i));
    PERFORM analytics.record_batch('resolve_approval', (SELECT jsonb_agg(jsonb_build_object('id', md5('draft-' || i)::uuid, 'decision', (ARRAY['approved', 'approved', 'edited', 'approved', 'rejected'])[1 + i % 5], 'resolved_by', 'maria',
        'resolved_at', first + i * interval '97 minutes' + (5 + i * 7 % 50) * interval '1 minute')) FROM generate_series(1, 525) i WHERE i < 500 OR i % 6 <> 0));
    PERFORM analytics.record_batch('agent_query', (SELECT jsonb_agg(jsonb_build_object('id', md5('query-' || i)::uuid, 'agent', CASE i % 2 WHEN 0 THEN 'support' ELSE 'billing' END, 'query', 'Where is my order?',
        'latency_ms', 180 + i * 37 % 400 + i % 2 * (i * 53 % 900), 'approved', i % 4 <> 0, 'human_edited', i % 7 = 0, 'success', i % 40 <> 0, 'error_type', CASE WHEN i % 40 = 0 THEN 'timeout' END,
        'created_at', first + i * interval '23 minutes')) FROM generate_series(1, 2200) i));
    -- As if all had come at once: data quality looks at the lag, and the clock of a test must not.
    UPDATE analytics_data.agent_approvals SET received_at = created_at;
    UPDATE analytics_data.agent_queries SET received_at = created_at;
    UPDATE analytics_data.training_examples SET received_at = created_at;
    INSERT INTO analytics_data.data_quality_checks (name, table_name, predicate, dimension) VALUES ('answers within 2 s', 'agent_queries', 'latency_ms <= 2000', 'timeliness');
    INSERT INTO analytics_data.exports (export_id, kind, format, arguments, includes_pii, row_count, file_size_bytes, content_type, file_name, expires_at)
    VALUES ('9b2f7c1e-3d4a-4f5b-8c6d-7e8f9a0b1c2d', 'training', 'jsonl', '{}', false, 1, 14, 'application/x-ndjson', 'training.jsonl', '2100-01-01Z');
    INSERT INTO analytics_data.export_chunks (export_id, chunk_number, bytes) VALUES ('9b2f7c1e-3d4a-4f5b-8c6d-7e8f9a0b1c2d', 0, convert_to(E'{"tone":"ok"}\n', 'UTF8'));
    PERFORM analytics.set_budget('default', 100, 'month'), analytics.set_budget('all-time', 500, 'total');
END $$;
CREATE MATERIALIZED VIEW public.weekly_report AS SELECT date_trunc('week', created_at) AS week, count(*) AS orders FROM analytics_data.orders GROUP BY 1;
CREATE TABLE pgrst.examples (i integer GENERATED ALWAYS AS IDENTITY, function text PRIMARY KEY, arguments jsonb NOT NULL, settled boolean NOT NULL DEFAULT true);
COMMENT ON COLUMN pgrst.examples.settled IS 'Whether the answer is the same each time; of the others the keys are.';
INSERT INTO pgrst.examples (function, arguments) VALUES
    ('current_tenant', '{}'), ('get_dashboard_summary', '{"as_of": "2026-03-02T10:07:00Z"}'), ('get_hourly_trends', '{"hours_back": 24, "as_of": "2026-03-02T10:07:00Z"}'),
    ('get_active_anomalies', '{"as_of": "2026-03-02T10:07:00Z"}'), ('get_trends', '{"period": "7d", "metric": "spend", "as_of": "2026-03-02T10:07:00Z"}'),
    ('get_analytics_overview', '{"as_of": "2026-03-02T10:07:00Z"}'), ('get_cost_breakdown', '{"period": "30d", "group_by": "model", "as_of": "2026-03-02T10:07:00Z"}'),
    ('get_budget_status', '{"budget_id": "default", "as_of": "2026-03-02T10:07:00Z"}'), ('forecast_budget', '{"horizon_days": 14, "as_of": "2026-03-02T10:07:00Z"}'),
    ('get_budget_forecast', '{"horizon_days": 14, "as_of": "2026-03-02T10:07:00Z"}'), ('list_metrics', '{}'),
    ('get_metric_series', '{"metric": "spend", "bucket": "1d", "period": "7d", "compare_to": "previous_week", "as_of": "2026-03-02T10:07:00Z"}'),
    ('get_metric_summary', '{"metric": "spend", "period": "7d", "as_of": "2026-03-02T10:07:00Z"}'),
    ('get_metric_anomalies', '{"metric": "orders", "period": "7d", "as_of": "2026-03-02T10:07:00Z"}'), ('forecast_metric', '{"metric": "spend", "horizon": 7, "as_of": "2026-03-02T10:07:00Z"}'),
    ('forecast', '{"series": [12, 14, 13, 15, 20, 22, 12, 13, 15, 14, 16, 21, 23, 13], "horizon": 7, "season_length": 7}'),
    ('forecast_exhaustion', '{"series": [12, 14, 13, 15, 20, 22, 12, 13, 15, 14, 16, 21, 23, 13], "spent": 220, "budget": 300, "horizon": 10}'),
    ('backtest_forecast', '{"series": [12, 14, 13, 15, 20, 22, 12, 13, 15, 14, 16, 21, 23, 13, 12, 15, 13, 15, 21, 22, 12, 14, 14, 15, 16, 20, 24, 12], "horizon": 3, "season_length": 7, "folds": 3}'),
    ('detect_anomalies', '{"series": [1, 1, 2, 1, 1, 2, 9, 1, 1, 2, 1, 1]}'), ('detect_changepoints', '{"series": [1, 2, 1, 2, 1, 2, 1, 8, 9, 8, 9, 8, 9, 8]}'),
    ('clean_series', '{"series": [5, 6, 5, 7, 6, 5, 90, 6, 7, 5, 7, 6], "season_length": 1}'),
    ('describe_series', '{"series": [0, 0, 3, 0, 0, 4, 0, 0, 0, 2], "season_length": 1}'),
    ('decompose', '{"series": [12, 14, 13, 15, 20, 22, 12, 13, 15, 14, 16, 21, 23, 13], "season_lengths": [7]}'),
    ('list_runs', '{"status": "failed", "period": "last_day", "as_of": "2026-03-02T10:07:00Z"}'), ('list_spans', '{"operation_name": "execute_tool search", "as_of": "2026-03-02T10:07:00Z"}'),
    ('get_run_details', '{"run_id": "run-9", "as_of": "2026-03-02T10:07:00Z"}'), ('get_run_spans', '{"run_id": "run-9", "as_of": "2026-03-02T10:07:00Z"}'), ('get_run_bottlenecks', '{"run_id": "run-9", "as_of": "2026-03-02T10:07:00Z"}'),
    ('get_project_stats', '{"as_of": "2026-03-02T10:07:00Z"}'), ('get_run_timeseries', '{"metric": "p95_duration_ms", "bucket": "1h", "period": "last_day", "as_of": "2026-03-02T10:07:00Z"}'),
    ('group_runs', '{"group_by": "thread", "as_of": "2026-03-02T10:07:00Z"}'),
    ('get_queue_status', '{"as_of": "2026-03-02T10:07:00Z"}'), ('list_pending_approvals', '{"priority": "normal", "min_confidence": 60, "as_of": "2026-03-02T10:07:00Z"}'),
    ('get_queue_metrics', '{"group_by": "day", "days": 7, "as_of": "2026-03-02T10:07:00Z"}'), ('get_approval_accuracy', '{"period": "7d", "granularity": "day", "as_of": "2026-03-02T10:07:00Z"}'),
    ('get_approval_rate', '{"start_date": "2026-02-01", "end_date": "2026-02-28", "group_by": "week"}'), ('get_agent_performance', '{"period": "7d", "as_of": "2026-03-02T10:07:00Z"}'),
    ('get_agent_accuracy', '{"days": 3, "agent": "support", "as_of": "2026-03-02T10:07:00Z"}'), ('get_agent_summary', '{"as_of": "2026-03-02T10:07:00Z"}'),
    ('submit_approval', '{"conversation_id": "conversation-91", "draft_response": "Your refund is on its way.", "confidence_score": 91.5, "agent": "billing", "customer_name": "Ada Fox", "id": "6f1c2f0e-5b0a-4d53-9a55-0b6f5a1f7d10", "created_at": "2026-03-02T10:05:00Z"}'),
    ('resolve_approval', '{"id": "6f1c2f0e-5b0a-4d53-9a55-0b6f5a1f7d10", "decision": "edited", "resolved_by": "maria", "final_response": "Your refund of 20 USD is on its way.", "resolved_at": "2026-03-02T10:06:30Z"}'),
    ('record_agent_query', '{"agent": "billing", "query": "Where is my refund?", "latency_ms": 412.5, "approved": true, "id": "8c0f0f5e-6f5c-4b77-8c7d-7b8f4cf0a011", "created_at": "2026-03-02T10:05:00Z"}'),
    ('record_span', '{"span_id": "00f067aa0ba902b7", "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736", "operation_name": "chat gpt-4o", "start_time": "2026-03-02T10:06:00Z", "end_time": "2026-03-02T10:06:02Z", "kind": "client", "model": "gpt-4o", "input_tokens": 812, "output_tokens": 90}'),
    ('record_order', '{"order_id": "#2231", "total_amount": 89.9, "customer_id": "customer-7", "created_at": "2026-03-02T10:05:00Z"}'),
    ('record_session', '{"session_id": "s3001", "customer_id": "customer-7", "started_at": "2026-03-02T10:01:00Z"}'),
    ('record_llm_call', '{"call_id": "call-2301", "model": "gpt-4o", "input_tokens": 1000, "output_tokens": 200, "latency_ms": 812.5, "agent_id": "writer", "created_at": "2026-03-02T10:06:00Z"}'),
    ('record_task', '{"task_id": "task-120", "agent_id": "writer", "status": "completed", "started_at": "2026-03-02T09:30:00Z", "completed_at": "2026-03-02T10:06:00Z"}'),
    ('get_data_quality', '{"as_of": "2026-03-02T10:07:00Z"}'), ('get_data_quality_trend', '{"days": 7, "as_of": "2026-03-02T10:07:00Z"}'),
    ('get_training_quality', '{"period": "7d", "as_of": "2026-03-02T10:07:00Z"}'), ('get_training_quality_daily', '{"days": 3, "as_of": "2026-03-02T10:07:00Z"}'),
    ('record_training_example', '{"id": "7f2c1a34-5b6d-4e8f-9a01-2b3c4d5e6f70", "conversation_id": "conversation-7", "input_text": "Where is my order?", "model_draft": "It arrives on Friday.", "safe_to_send": true, "category": "delivery", "sentiment": "neutral", "accuracy_score": 5, "helpfulness_score": 4, "tone_score": 4, "annotator": "annotator-1", "confidence": 82, "agent": "writer", "created_at": "2026-03-02T10:06:00Z"}'),
    ('export_training_dataset', '{"row_limit": 2, "min_confidence": 90, "date_to": "2026-03-02T10:07:00Z"}'), ('download_export', '{"export_id": "9b2f7c1e-3d4a-4f5b-8c6d-7e8f9a0b1c2d"}'),
    ('redact_pii', '{"input": "I am Ada Mockingham, write to ada@example.com or call (415) 555-0132."}'),
    ('record_agent_status', '{"agent_id": "writer", "status": "idle", "observed_at": "2026-03-02T10:07:00Z"}'),
    ('record_batch', '{"kind": "order", "items": [{"order_id": "#2232", "total_amount": 12.5}, {"order_id": "#2233"}]}'),
    ('ingest_otlp_traces', '{"resourceSpans": [{"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "support bot"}}]}, "scopeSpans": [{"scope": {"name": "bot"}, "spans": [{"traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174", "name": "chat gpt-4o", "kind": 3, "startTimeUnixNano": "1772445600000000000", "endTimeUnixNano": "1772445601500000000", "attributes": [{"key": "gen_ai.operation.name", "value": {"stringValue": "chat"}}, {"key": "gen_ai.request.model", "value": {"stringValue": "gpt-4o"}}, {"key": "gen_ai.usage.input_tokens", "value": {"intValue": "812"}}], "status": {"code": 1}}]}]}]}'),
    ('reserve_budget', '{"amount_usd": 0.5, "budget_id": "all-time", "reservation_id": "call-2302", "scope": {"agent_id": "writer"}}'),
    ('settle_reservation', '{"reservation_id": "call-2302", "actual_usd": 0.31}'), ('set_budget', '{"budget_id": "writer", "amount_usd": 20, "period": "day", "scope": {"agent_id": "writer"}}'),
    ('reprice_calls', '{"from_time": "2026-03-01T00:00:00Z", "to_time": "2026-03-02T00:00:00Z"}'),
    ('define_metric', '{"name": "cost_per_call", "rollup": "llm_call_stats", "expression": "spend / nullif(calls, 0)", "unit": "USD", "direction": "down", "description": "Average cost of a call."}'),
    ('create_rollup', '{"name": "order_amounts", "source": "analytics_data.orders", "time_column": "created_at", "measures": {"largest": "max(total_amount)"}}'),
    ('invalidate_rollup', '{"name": "order_amounts", "from_time": "2026-03-01T00:00:00Z", "to_time": "2026-03-02T00:00:00Z"}'), ('drop_rollup', '{"name": "order_amounts"}'),
    ('export_answer', '{"function": "get_cost_breakdown", "arguments": {"period": "7d", "as_of": "2026-03-02T10:07:00Z"}, "format": "jsonl"}'),
    ('schedule_refresh', '{"view": "public.weekly_report", "every": "1 hour"}'),
    ('get_api_usage', '{"hours": 24, "as_of": "2026-03-02T10:07:00Z"}'), ('revoke_api_key', '{"key_id": "0c75eb13d1db"}'), ('block_ip', '{"ip_address": "203.0.113.9", "reason": "scraper"}'), ('is_ip_blocked', '{"ip_address": "203.0.113.9"}');
INSERT INTO pgrst.examples (function, arguments, settled) VALUES ('create_api_key', '{"name": "nightly report", "scopes": ["read"], "tier": "PRO"}', false), ('list_api_keys', '{}', false), ('list_blocked_ips', '{}', false),
    ('check_rate_limit', '{"bucket_key": "webhook-7", "limit_class": "free"}', false), ('refresh_rollups', '{"name": "order_stats"}', false), ('export_training_file', '{"format": "jsonl", "days": 3650}', false), ('get_rollup_status', '{}', false);
INSERT INTO analytics_data.metric_points (metric, labels, value, recorded_at, point_id)
SELECT 'queue_length', '{"queue": "mail"}', CASE WHEN i < 40 THEN 20 ELSE 250 END, timestamptz '2026-03-02 09:00Z' + i * interval '1 minute', 'p' || i FROM generate_series(1, 67) i;
INSERT INTO analytics_data.alert_rules (rule_id, name, metric, condition, threshold, severity, time_window, for_duration, no_data, created_at) VALUES
    ('3f0c5f6e-2f0b-4a43-9a53-6f6d4b1c9a10', 'long queue', 'queue_length', '>', 100, 'critical', '5m', '2m', 'ok', '2026-03-02 08:00Z'),
    ('7b1d0f52-83a4-4f0e-8f5c-0d2f3c4b5a21', 'slow calls', 'latency_p95', '>', 5000, 'warning', '15m', '10m', 'ok', '2026-03-02 08:00Z');
INSERT INTO analytics_data.alerts (alert_id, rule_id, name, metric, labels, severity, value, threshold, started_at, acknowledged_at, acknowledged_by, resolved_at) VALUES
    ('b6a0c3de-4f1e-4c57-a1a9-5d0f5e6c7d81', '7b1d0f52-83a4-4f0e-8f5c-0d2f3c4b5a21', 'slow calls', 'latency_p95', '{}', 'warning', 6210, 5000, '2026-03-02 04:10Z', '2026-03-02 04:14Z', 'kim', '2026-03-02 05:02Z'),
    ('c7b1d4ef-502f-4d68-b2ba-6e106f7d8e92', '3f0c5f6e-2f0b-4a43-9a53-6f6d4b1c9a10', 'long queue', 'queue_length', '{"queue": "mail"}', 'critical', 180, 100, '2026-03-02 09:46Z', NULL, NULL, NULL);
INSERT INTO pgrst.examples (function, arguments, settled) VALUES
    ('create_alert_rule', '{"name": "spend", "metric": "spend", "condition": ">", "threshold": 50, "severity": "error", "time_window": "1h"}', false);
INSERT INTO pgrst.examples (function, arguments) VALUES
    ('record_metric', '{"metric": "queue_length", "value": 12, "labels": {"queue": "mail"}, "recorded_at": "2026-03-01T10:07:00Z", "point_id": "mail-1007"}'),
    ('list_alert_rules', '{"enabled": true}'), ('list_alerts', '{"hours": 24, "as_of": "2026-03-02T10:07:00Z"}'),
    ('get_alert_statistics', '{"hours": 24, "as_of": "2026-03-02T10:07:00Z"}'),
    ('acknowledge_alert', '{"alert_id": "c7b1d4ef-502f-4d68-b2ba-6e106f7d8e92", "acknowledged_by": "kim"}'),
    ('resolve_alert', '{"alert_id": "c7b1d4ef-502f-4d68-b2ba-6e106f7d8e92", "resolved_by": "kim"}'),
    ('evaluate_alert_rules', '{"as_of": "2026-03-02T10:07:00Z"}'),
    ('get_monitoring_metrics', '{"metric_type": "alerts_fired", "time_range": "24h", "as_of": "2026-03-02T10:07:00Z"}'),
    ('create_notification_channel', '{"channel_id": "ops", "kind": "webhook", "config": {"url": "https://example.com/hook", "headers": {"Authorization": "Bearer secret"}}}'),
    ('list_notification_channels', '{}'),
    ('delete_alert_rule', '{"rule_id": "7b1d0f52-83a4-4f0e-8f5c-0d2f3c4b5a21"}');
INSERT INTO pgrst.examples (function, arguments, settled) VALUES ('get_monitoring_dashboard', '{"as_of": "2026-03-02T10:07:00Z"}', false), ('get_monitoring_health', '{}', false),
    ('test_notification_channel', '{"channel_id": "ops"}', false), ('stop_monitoring', '{}', false), ('start_monitoring', '{}', false);
INSERT INTO pgrst.examples (function, arguments) VALUES ('unblock_ip', '{"ip_address": "203.0.113.9"}'), ('clear_blocked_ips', '{}');

-- The first rows of a set, the first elements of a long array.
CREATE FUNCTION pgrst.shortened(document jsonb, most integer) RETURNS jsonb LANGUAGE sql IMMUTABLE SET search_path = pg_catalog AS $$
    SELECT CASE jsonb_typeof(document)
        WHEN 'array' THEN (SELECT coalesce(jsonb_agg(pgrst.shortened(e, 7) ORDER BY i), '[]') FROM jsonb_array_elements(document) WITH ORDINALITY x(e, i) WHERE i <= most)
        WHEN 'object' THEN (SELECT coalesce(jsonb_object_agg(key, pgrst.shortened(value, 7)), '{}') FROM jsonb_each(document))
        ELSE document END
$$;
CREATE FUNCTION pgrst.answers() RETURNS TABLE (function text, example jsonb) LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    e record;
    body text;
BEGIN
    FOR e IN SELECT * FROM pgrst.examples x WHERE x.function IN (SELECT proname FROM pg_proc WHERE pronamespace = 'analytics'::regnamespace) ORDER BY i LOOP
        IF pgrst.statement(e.function, e.arguments) IS NULL THEN
            RAISE EXCEPTION 'the arguments of the example of % do not fit', e.function;
        END IF;
        EXECUTE pgrst.statement(e.function, e.arguments) INTO body;
        body := regexp_replace(body, '_[0-9a-f]{64}', '_' || repeat('0', 64), 'g');  -- no key in the repository
        function := e.function;
        example := jsonb_build_object('arguments', e.arguments)
            || CASE WHEN (SELECT prorettype FROM pg_proc WHERE pronamespace = 'analytics'::regnamespace AND proname = e.function) = 'void'::regtype THEN '{}'
                    ELSE jsonb_build_object('result', pgrst.shortened(body::jsonb, 2)) END;
        RETURN NEXT;
    END LOOP;
END $$;
