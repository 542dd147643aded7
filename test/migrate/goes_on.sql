-- Life goes on in the database that was moved: fresh and late rows of each kind, changes, deletions, money, an export.
SET agent_analytics.tenant = 'a';
SELECT coalesce(max(number), 0) + 1 AS number FROM (SELECT regexp_replace(order_id, '^moved(\d+)-.*', '\1')::int AS number FROM analytics_data.orders WHERE order_id LIKE 'moved%') o \gset
SELECT analytics.record_batch('order', (SELECT jsonb_agg(jsonb_build_object('order_id', 'moved' || :number || '-' || i, 'customer_id', 'c' || i % 9, 'total_amount', i, 'created_at', now() - i * interval '3 hours')) FROM generate_series(1, 300) i));
SELECT analytics.record_batch('llm_call', (SELECT jsonb_agg(jsonb_build_object('call_id', 'moved' || :number || '-' || i, 'model', 'gpt-4o', 'input_tokens', i, 'output_tokens', 3, 'latency_ms', i, 'created_at', timestamptz '2026-03-01 00:00Z' - i * interval '1 hour')) FROM generate_series(1, 300) i));
SELECT analytics.record_batch('span', (SELECT jsonb_agg(jsonb_build_object('span_id', 'moved' || :number || '-' || i, 'trace_id', 'run' || i % 30, 'operation_name', 'x', 'start_time', timestamptz '2026-03-02 09:00Z' + i * interval '1 s')) FROM generate_series(1, 60) i));
UPDATE analytics_data.orders SET total_amount = total_amount * 2 WHERE order_id LIKE 'o1%';
DELETE FROM analytics_data.llm_calls WHERE call_id LIKE 'c4_';
DELETE FROM analytics_data.spans WHERE span_id = '77';
INSERT INTO public.readings SELECT 't2', timestamptz '2026-02-27 00:00Z' + i * interval '31 minutes', 'k9', 3, 1, i FROM generate_series(1, 90) i;
TRUNCATE public.readings_february;
INSERT INTO public.readings VALUES ('t2', '2026-02-11 00:00Z', 'k9', 3, 1, 1);
SELECT analytics.set_budget('moved', 5, 'total', scope => '{"agent_id": "x"}'), (analytics.reserve_budget(1, reservation_id => 'moved' || :number, scope => '{"agent_id": "x"}')).allowed;
SELECT analytics.settle_reservation('moved' || :number, 0.5);
SELECT analytics.export_training_file('csv', days => 3650);
