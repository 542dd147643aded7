-- Runs for tests: what they are, in plain SQL, and random changes of spans. \ir include/runs.sql
-- What a run is, said anew in plain SQL over the spans.
CREATE FUNCTION plain_runs(as_of timestamptz) RETURNS TABLE (run_id text, status text, has_errors boolean, start_us bigint, finish_us bigint, ms numeric, spans bigint, cost numeric, tokens bigint, models text[], threads text[], errors text[])
LANGUAGE sql STABLE AS $$
    WITH s AS (SELECT coalesce(run_id, trace_id) AS run, *, end_time IS NULL OR end_time > as_of AS open FROM analytics_data.spans WHERE tenant_id = analytics.current_tenant() AND start_time <= as_of),
         root AS (SELECT s.* FROM s WHERE NOT EXISTS (SELECT FROM s p WHERE p.run = s.run AND p.trace_id = s.trace_id AND p.span_id = s.parent_span_id AND p.span_id <> s.span_id))
    SELECT run, st, EXISTS (SELECT FROM s WHERE s.run = g.run AND s.status = 'error' AND NOT coalesce(s.end_time > as_of, false)),
           first, CASE WHEN st <> 'running' THEN last END, round((CASE WHEN st = 'running' THEN extract(epoch FROM as_of) * 1000000 ELSE last END - first) / 1000.0, 3),
           spans, cost, tokens, models, threads, errors
    FROM (SELECT run, CASE WHEN run IN (SELECT run FROM root WHERE open) THEN 'running' WHEN run IN (SELECT run FROM root WHERE NOT open AND status = 'error' OR end_time IS NULL AND status = 'error') THEN 'failed' ELSE 'completed' END AS st,
                 (extract(epoch FROM min(start_time)) * 1000000)::bigint AS first, (extract(epoch FROM max(greatest(end_time, start_time)) FILTER (WHERE NOT open)) * 1000000)::bigint AS last,
                 count(*) AS spans, coalesce(sum(cost_usd) FILTER (WHERE end_time IS NULL OR NOT open), 0) AS cost, coalesce(sum(coalesce(input_tokens, 0) + coalesce(output_tokens, 0)) FILTER (WHERE end_time IS NULL OR NOT open), 0)::bigint AS tokens,
                 ARRAY(SELECT DISTINCT model FROM s i WHERE i.run = s.run AND model IS NOT NULL ORDER BY 1) AS models, ARRAY(SELECT DISTINCT thread_id FROM s i WHERE i.run = s.run AND thread_id IS NOT NULL ORDER BY 1) AS threads,
                 ARRAY(SELECT DISTINCT error_message FROM s i WHERE i.run = s.run AND status = 'error' AND error_message IS NOT NULL AND NOT coalesce(i.end_time > as_of, false) ORDER BY 1) AS errors
          FROM s GROUP BY run) g
$$;
-- Something that happens to spans: open, complete, error, move to another run, late parents, deletion; of two tenants.
CREATE PROCEDURE happen(seed integer) LANGUAGE plpgsql AS $$
DECLARE
    r CONSTANT double precision := random();
    at CONSTANT timestamptz := '2026-03-01 00:00Z'::timestamptz + random() * interval '2 days';
    span CONSTANT text := 's' || (random() * 60)::int;
    trace CONSTANT text := 't' || (random() * 12)::int;
BEGIN
    PERFORM set_config('agent_analytics.tenant', CASE WHEN random() < 0.2 THEN 'other' ELSE 'default' END, true);
    IF r < 0.45 THEN
        PERFORM analytics.record_span(span, trace, 'op' || (random() * 3)::int, at, CASE WHEN random() < 0.6 THEN at + (random() * 3 - 0.1) * interval '1 hour' END,
            parent_span_id => CASE WHEN random() < 0.7 THEN 's' || (random() * 60)::int END, run_id => CASE WHEN random() < 0.2 THEN 'r' || (random() * 4)::int END,
            thread_id => CASE WHEN random() < 0.5 THEN 'th' || (random() * 3)::int END, status => (ARRAY['unset', 'ok', 'error'])[1 + (random() * 2)::int],
            error_message => CASE WHEN random() < 0.3 THEN 'e' || (random() * 5)::int END, model => CASE WHEN random() < 0.4 THEN 'm' || (random() * 3)::int END,
            input_tokens => (random() * 100)::int, output_tokens => (random() * 50)::int, cost_usd => CASE WHEN random() < 0.5 THEN (random() * 10)::numeric(8, 4) END);
    ELSIF r < 0.65 THEN
        PERFORM analytics.record_batch('span', (SELECT jsonb_agg(jsonb_build_object('span_id', 'b' || (random() * 100)::int, 'trace_id', trace, 'operation_name', 'batch', 'start_time', at + i * interval '1 minute',
            'end_time', at + (i + 1) * interval '1 minute', 'parent_span_id', CASE WHEN random() < 0.5 THEN span END)) FROM generate_series(1, 8) i));
    ELSIF r < 0.8 THEN
        UPDATE analytics_data.spans SET end_time = start_time + random() * interval '1 hour', run_id = CASE WHEN random() < 0.2 THEN 'r' || (random() * 4)::int ELSE run_id END
        WHERE tenant_id = analytics.current_tenant() AND trace_id = trace AND random() < 0.3;
    ELSIF r < 0.9 THEN
        DELETE FROM analytics_data.spans WHERE tenant_id = analytics.current_tenant() AND trace_id = trace AND random() < 0.3;
    ELSIF r < 0.91 THEN
        TRUNCATE analytics_data.spans;
    ELSE
        PERFORM analytics_internal.refresh_runs((1 + random() * 50)::int);
    END IF;
END $$;
