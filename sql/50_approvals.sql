-- Approvals as a user meets them: submitting, deciding, looking at the queue, what is refused.
\set VERBOSITY default
\set SHOW_CONTEXT never
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET agent_analytics.tenant = 'approvals';
SELECT analytics.submit_approval('c-1', 'Your parcel left our warehouse this morning.', 91.5, customer_name => 'Ada Fox', agent => 'shipping',
    id => '00000000-0000-0000-0000-000000000001', created_at => '2026-03-02 09:00Z');
SELECT analytics.submit_approval('c-2', repeat('We are sorry to hear that. ', 6), 42, customer_name => 'Ben Hill', agent => 'complaints', priority => 'urgent',
    id => '00000000-0000-0000-0000-000000000002', created_at => '2026-03-02 09:30Z');
SELECT analytics.submit_approval('c-3', 'Thank you!', 99, priority => 'low', id => '00000000-0000-0000-0000-000000000003', created_at => '2026-03-02 08:00Z');
SELECT analytics.submit_approval('c-4', 'A refund takes three days.', 70, id => '00000000-0000-0000-0000-000000000004', created_at => '2026-03-02 08:30Z');
-- Again, and with another text.
SELECT analytics.submit_approval('c-3', 'Thank you!', 99, priority => 'low', id => '00000000-0000-0000-0000-000000000003', created_at => '2026-03-02 08:00Z');
SELECT analytics.submit_approval('c-3', 'Thanks!', 99, priority => 'low', id => '00000000-0000-0000-0000-000000000003');

SELECT d ->> 'conversation_id' AS conversation, d ->> 'priority' AS priority, d ->> 'pending_minutes' AS minutes, d ->> 'draft_preview' AS preview
FROM jsonb_array_elements(analytics.list_pending_approvals(as_of => '2026-03-02 10:00Z') -> 'data') d;
SELECT analytics.list_pending_approvals(min_confidence => 90, row_limit => 1, as_of => '2026-03-02 10:00Z') -> 'pagination' AS pagination;

SELECT analytics.resolve_approval('00000000-0000-0000-0000-000000000001', 'approved', 'maria', resolved_at => '2026-03-02 09:12Z');
SELECT analytics.resolve_approval('00000000-0000-0000-0000-000000000002', 'edited', 'maria', 'We are sorry. Here is what we do.', '2026-03-02 09:45Z');
SELECT analytics.resolve_approval('00000000-0000-0000-0000-000000000003', 'rejected', resolved_at => '2026-03-02 11:00Z');
-- The same decision again, another one, and what cannot be.
SELECT analytics.resolve_approval('00000000-0000-0000-0000-000000000001', 'approved', 'paul');
SELECT analytics.resolve_approval('00000000-0000-0000-0000-000000000001', 'rejected', 'paul');
SELECT analytics.resolve_approval('00000000-0000-0000-0000-000000000009', 'approved');
SELECT analytics.resolve_approval('00000000-0000-0000-0000-000000000004', 'maybe');
SELECT analytics.resolve_approval('00000000-0000-0000-0000-000000000004', 'approved', resolved_at => '2026-03-02 08:00Z');
SELECT analytics.submit_approval('c', 'text', 100.5);
SELECT analytics.submit_approval('c', '', 50);
SELECT analytics.submit_approval('c', 'text', 50, priority => 'asap');
SELECT analytics.record_agent_query('', 'Where is my order?');
SELECT analytics.record_agent_query('shipping', latency_ms => -1);
SELECT analytics.list_pending_approvals(row_limit => 101);
SELECT analytics.list_pending_approvals(priority => 'asap');
SELECT analytics.list_pending_approvals(min_confidence => 101);
SELECT * FROM analytics.get_queue_metrics('week');
SELECT * FROM analytics.get_queue_metrics(days => 31);
SELECT analytics.get_approval_accuracy('90d');
SELECT analytics.get_approval_accuracy('7d', 'month');
SELECT analytics.get_approval_rate('2026-03-02', '2026-03-01');
SELECT analytics.get_approval_rate('2025-01-01', '2026-03-01', 'hour');
SELECT analytics.get_approval_rate(NULL, '2026-03-01');
SELECT * FROM analytics.get_agent_performance('2h');
SELECT * FROM analytics.get_agent_accuracy(0);

-- At 10:00 the last one still waited, and so did what was decided later.
SELECT pending_count, urgent_count, avg_confidence, oldest_pending_age_minutes, approved_today, rejected_today FROM analytics.get_queue_status('2026-03-02 10:00Z');
SELECT pending_count, urgent_count, avg_confidence, oldest_pending_age_minutes, approved_today, rejected_today FROM analytics.get_queue_status('2026-03-02 12:00Z');
SELECT day_bucket, total_items, pending_count, approved_count, rejected_count, edited_count, urgent_count, normal_count, low_count, avg_confidence, avg_resolution_minutes
FROM analytics.get_queue_metrics(days => 2, as_of => '2026-03-02 12:00Z');
SELECT day_bucket, total_items FROM analytics.get_queue_metrics('hour', 1, '2026-03-02 12:00Z') WHERE total_items > 0;
SELECT jsonb_pretty(analytics.get_approval_accuracy('24h', 'day', '2026-03-02 12:00Z'));
SELECT jsonb_pretty(analytics.get_approval_rate('2026-03-01', '2026-03-02'));

SELECT r - 'errors' AS counts, e ->> 'index' AS index, e ->> 'message' AS message
FROM analytics.record_batch('agent_query', '[{"agent": "shipping", "query": "Where is it?", "latency_ms": 412.5, "approved": true, "created_at": "2026-03-02T09:00Z", "id": "00000000-0000-0000-0000-00000000000a"},
    {"agent": "shipping", "query": "Where is it?", "latency_ms": 412.5, "approved": true, "created_at": "2026-03-02T09:00Z", "id": "00000000-0000-0000-0000-00000000000a"},
    {"agent": "shipping", "query": "And now?", "created_at": "2026-03-02T09:00Z", "id": "00000000-0000-0000-0000-00000000000a"}, {"query": "who?"}, {"agent": "x", "id": "7"},
    {"agent": "shipping", "latency_ms": 1500, "human_edited": true, "approved": true, "created_at": "2026-03-02T09:30Z"}, {"agent": "complaints", "success": false, "error_type": "timeout", "created_at": "2026-03-02T09:40Z"}]') r
LEFT JOIN jsonb_array_elements(r -> 'errors') e ON true;
SELECT r - 'errors' AS counts, e ->> 'index' AS index, e ->> 'message' AS message
FROM analytics.record_batch('resolve_approval', '[{"id": "00000000-0000-0000-0000-000000000001", "decision": "approved"}, {"id": "00000000-0000-0000-0000-000000000001", "decision": "edited"},
    {"id": "00000000-0000-0000-0000-000000000004", "decision": "approved", "resolved_at": "2026-03-02T07:00Z"}, {"id": "00000000-0000-0000-0000-000000000009", "decision": "edited"},
    {"id": "x", "decision": "edited"}, {"id": "00000000-0000-0000-0000-000000000004", "decision": "approved", "resolved_at": "2026-03-02T11:30Z"}]') r
LEFT JOIN jsonb_array_elements(r -> 'errors') e ON true;
SELECT * FROM analytics.get_agent_performance('24h', as_of => '2026-03-02 12:00Z');
SELECT agent_type, day_bucket, total_queries, approved_queries, human_edited_queries, approval_rate_pct, edit_rate_pct, avg_latency_ms, max_latency_ms, safe_to_send_count
FROM analytics.get_agent_accuracy(2, as_of => '2026-03-02 12:00Z');
SELECT * FROM analytics.get_agent_summary('2026-03-02 12:00Z');
SELECT * FROM analytics.get_metric_series('approval_rate', '1d', '2d', as_of => '2026-03-02 12:00Z');
RESET agent_analytics.tenant;
