-- A call of each function of analytics, in probe.functions (\ir include/calls.sql after CREATE SCHEMA probe).
-- What a function that needs arguments is asked with, by the name of the argument.
CREATE TABLE probe.samples (argument text PRIMARY KEY, expression text NOT NULL);
INSERT INTO probe.samples VALUES ('series', (SELECT quote_literal(array_agg(10 + i % 7 + (i * 7919 % 13) / 10.0)) FROM generate_series(1, 60) i)), ('horizon', '7'),
    ('season_lengths', '''{7}'''), ('spent', '10'), ('budget', '100'), ('metric', '''spend'''), ('name', '''order_stats'''), ('hours', '48'),
    ('as_of', '''2026-03-02 10:07Z'''), ('agent_id', '''o1'''), ('status', '''active'''), ('kind', '''order'''), ('items', '''[{"order_id": "o1", "total_amount": 3}]'''),
    ('order_id', '''o1'''), ('total_amount', '3'), ('session_id', '''s1'''), ('task_id', '''t1'''), ('amount_usd', '1'), ('reservation_id', '''mine'''),
    ('actual_usd', '1'), ('budget_id', '''default'''), ('from_time', '''2026-02-01Z'''), ('to_time', '''2026-03-05Z'''), ('call_id', '''c1'''), ('cost_usd', '0.5'),
    ('observed_at', '''2026-03-01Z'''), ('created_at', '''2026-03-01Z'''), ('started_at', '''2026-03-01Z'''),
    ('condition', '''>'''), ('channel_id', '''channel1'''), ('config', '''{"channel": "alerts"}'''), ('threshold', '1'), ('rule_id', '''rule1'''), ('alert_id', '''alert1'''), ('value', '5'),
    ('sketch', '(SELECT analytics.quantiles(i) FROM generate_series(1, 9) i)'), ('set', '(SELECT analytics.distinct_set(i) FROM generate_series(1, 9) i)'),
    ('p', 'DEFAULT'), ('x', '3'), ('source', '''analytics_data.orders'''), ('time_column', '''created_at'''), ('measures', '''{"n": "count(*)"}'''),
    ('rollup', '''order_stats'''), ('expression', '''orders'''), ('view', '''analytics.order_stats'''),
    ('key_id', '''000000000000'''), ('ip_address', '''203.0.113.9'''), ('function', '''get_cost_breakdown'''),
    ('conversation_id', '''conversation1'''), ('input_text', '''question'''), ('model_draft', '''draft'''),
    ('draft_response', '''x'''), ('confidence_score', '50'), ('id', 'md5(''141'')::uuid'), ('decision', '''approved'''), ('agent', '''x'''),
    ('start_date', '''2026-02-25'''), ('end_date', '''2026-03-02'''),
    ('format', '''jsonl'''), ('export_id', '''9b2f7c1e-3d4a-4f5b-8c6d-7e8f9a0b1c2d'''), ('input', '''write to jane@example.com'''), ('run_id', '''run7'''), ('span_id', '''1'''), ('trace_id', '''run1'''), ('operation_name', '''x'''), ('start_time', '''2026-03-02 08:00Z'''),
    ('', '''{"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174", "name": "answer", "startTimeUnixNano": "1772445600000000000"}]}]}]}''');
GRANT SELECT ON probe.samples TO PUBLIC;

-- The call of a function: its required arguments and those that fix the moment or meet ids of both tenants.
CREATE FUNCTION probe.call_of(f oid) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT format(CASE WHEN p.prokind = 'p' THEN 'CALL %s(%s)' ELSE 'SELECT coalesce(string_agg(f::text, E''\n''), '''') FROM %s(%s) f' END,
        p.oid::regproc, (SELECT string_agg(coalesce(quote_ident(a.name) || ' => ', '') || (CASE WHEN p.proname = 'create_notification_channel' AND a.name = 'kind' THEN '''pg_notify''' WHEN p.proname = 'record_task' AND a.name = 'status' THEN '''completed''' WHEN a.name = 'p' AND a.type = 'double precision[]'::regtype THEN '''{0.5}''' WHEN a.name = 'p' THEN '0.5' ELSE s.expression END), ', ')
            FROM unnest(p.proargnames[1:p.pronargs], p.proargtypes::oid[]) WITH ORDINALITY a(name, type, i) LEFT JOIN probe.samples s ON s.argument = coalesce(a.name, '')
            WHERE i <= p.pronargs - p.pronargdefaults OR a.name IN ('as_of', 'observed_at', 'created_at', 'started_at', 'call_id', 'cost_usd', 'budget_id', 'threshold')
              AND NOT (p.proname = 'record_task' AND a.name IN ('cost_usd', 'started_at'))))
    FROM pg_proc p WHERE p.oid = f AND NOT EXISTS (SELECT FROM unnest(p.proargnames[1:p.pronargs - p.pronargdefaults]) a(name) WHERE a.name NOT IN (SELECT argument FROM probe.samples))
$$;
CREATE VIEW probe.functions AS
    SELECT p.oid, p.proname, p.prokind, p.provolatile, e.access, probe.call_of(p.oid) AS call
    FROM pg_proc p JOIN analytics_internal.endpoints() e ON e.name = p.proname
    WHERE p.pronamespace = 'analytics'::regnamespace AND p.prokind IN ('f', 'p') AND p.proname NOT IN ('pre_request', 'check_rate_limit');
GRANT SELECT ON probe.functions TO PUBLIC;
