-- Runs: summaries are exact whatever happens to spans in whatever order, refreshed or not, now and for any moment before.
\ir include/start.sql
SELECT no_plan();
SET client_min_messages = error;

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
CREATE FUNCTION differences(as_of timestamptz) RETURNS bigint LANGUAGE sql STABLE AS $$
    WITH ours AS (SELECT run_id, status, has_errors, start_time_us, finish_time_us, duration_ms, span_count, cost, input_tokens + output_tokens, used_models, thread_ids, errors
                  FROM analytics.list_runs(row_limit => 1000, as_of => differences.as_of)), plain AS (SELECT * FROM plain_runs(differences.as_of))
    SELECT count(*) FROM ((TABLE ours EXCEPT ALL TABLE plain) UNION ALL (TABLE plain EXCEPT ALL TABLE ours)) d
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
SELECT setseed(0.42) \g /dev/null
CREATE TABLE found (step integer, as_of timestamptz, differs bigint);
DO $$ BEGIN FOR i IN 1..400 LOOP
    CALL happen(i);
    IF i % 5 = 0 THEN
        PERFORM set_config('agent_analytics.tenant', CASE WHEN i % 3 = 0 THEN 'other' ELSE 'default' END, true);
        INSERT INTO found SELECT i, a, differences(a) FROM unnest(ARRAY['2026-03-10 00:00Z', '2026-03-01 00:00Z'::timestamptz + random() * interval '2 days']::timestamptz[]) a;
    END IF;
END LOOP; END $$;
SELECT is_empty('SELECT * FROM found WHERE differs > 0', 'list_runs is exact at any moment, after each of 400 random changes');
SELECT cmp_ok((SELECT count(*) FROM found), '=', 160::bigint, 'they were compared');
RESET agent_analytics.tenant;
SELECT cmp_ok((SELECT count(*) FROM plain_runs('2026-03-10Z')), '>', 5::bigint, 'there are runs');
SELECT isnt_empty('SELECT FROM analytics_store.run_notes', 'some have changed since the last refresh');
CREATE TABLE told AS SELECT * FROM analytics.list_runs(row_limit => 1000, as_of => '2026-03-10Z');
SELECT count(analytics_internal.refresh_runs()) \g /dev/null
SELECT is_empty('SELECT FROM analytics_store.run_notes', 'a refresh takes all notes');
SELECT set_eq($$SELECT * FROM analytics.list_runs(row_limit => 1000, as_of => '2026-03-10Z')$$, 'TABLE told', 'and changes no answer');
SELECT results_eq(format($$SELECT run_id FROM analytics.list_runs(sort_by => %1$L, sort_order => %2$L, row_limit => 5, row_offset => 2, as_of => '2026-03-10Z')$$, s, o),
    format($$SELECT run_id FROM told ORDER BY %s %s, run_id LIMIT 5 OFFSET 2$$, CASE s WHEN 'start_time' THEN 'start_time_us' ELSE s END, o), format('sorted by %s, %s', s, o))
    FROM unnest('{start_time,duration_ms,cost,span_count}'::text[]) s, unnest('{asc,desc}'::text[]) o;
SELECT set_eq($$SELECT run_id FROM analytics.list_runs(status => 'running', as_of => '2026-03-10Z', row_limit => 1000)$$, $$SELECT run_id FROM told WHERE status = 'running'$$, 'by status');
SELECT set_eq($$SELECT run_id FROM analytics.list_runs(thread_id => 'th1', as_of => '2026-03-10Z', row_limit => 1000)$$, $$SELECT run_id FROM told WHERE 'th1' = ANY (thread_ids)$$, 'by conversation');
SELECT set_eq($$SELECT run_id FROM analytics.list_runs(model => 'm1', as_of => '2026-03-10Z', row_limit => 1000)$$, $$SELECT run_id FROM told WHERE 'm1' = ANY (used_models)$$, 'by model');
SELECT set_eq($$SELECT run_id FROM analytics.list_runs(min_duration_ms => 7200000, as_of => '2026-03-10Z', row_limit => 1000)$$, $$SELECT run_id FROM told WHERE duration_ms >= 7200000$$, 'by duration');
SELECT set_eq($$SELECT run_id FROM analytics.list_runs(period => 'last_day', as_of => '2026-03-02 12:00Z', row_limit => 1000)$$,
    $$SELECT run_id FROM plain_runs('2026-03-02 12:00Z') WHERE start_us > extract(epoch FROM timestamptz '2026-03-01 12:00Z') * 1000000$$, 'by period');
SELECT results_eq($$SELECT total_runs, completed_runs, failed_runs, running_runs, success_rate, total_cost, avg_duration_ms, p95_duration_ms FROM analytics.get_project_stats('last_week', '2026-03-03Z')$$,
    $$SELECT count(*), count(*) FILTER (WHERE status = 'completed'), count(*) FILTER (WHERE status = 'failed'), count(*) FILTER (WHERE status = 'running'),
             round(count(*) FILTER (WHERE status = 'completed') / nullif(count(*) FILTER (WHERE status <> 'running'), 0)::numeric, 4), sum(cost), round(avg(ms) FILTER (WHERE status <> 'running'), 3),
             round((percentile_cont(0.95) WITHIN GROUP (ORDER BY ms::float8) FILTER (WHERE status <> 'running'))::numeric, 3) FROM plain_runs('2026-03-03Z')$$, 'get_project_stats');
SELECT results_eq($$SELECT "timestamp", value FROM analytics.get_run_timeseries('cost', '6h', 'last_week', 'Asia/Kathmandu', '2026-03-03Z') WHERE value > 0$$,
    $$SELECT date_bin('6 hours', to_timestamp(start_us / 1000000.0), '2026-03-01 00:00+05:45') AS at, sum(cost) FROM plain_runs('2026-03-03Z') GROUP BY 1 HAVING sum(cost) > 0 ORDER BY 1$$, 'a series, in a zone off by 45 minutes');
SELECT results_eq($$SELECT count(*), min("timestamp"), max("timestamp") FROM analytics.get_run_timeseries('runs', '1d', 'last_month', 'UTC', '2026-03-03 12:00Z')$$,
    $$VALUES (31::bigint, timestamptz '2026-02-01Z', timestamptz '2026-03-03Z')$$, 'without gaps');
SELECT results_eq($$SELECT key, run_count, cost FROM analytics.group_runs('model', period => 'last_week', as_of => '2026-03-03Z')$$,
    $$SELECT m, count(*), sum(cost) FROM plain_runs('2026-03-03Z'), unnest(models) m GROUP BY 1 ORDER BY 2 DESC, 1$$, 'groups by model');
SELECT is((SELECT count(*) FROM analytics.list_spans(period => NULL, status => 'error', row_limit => 1000, as_of => '2026-03-10Z')),
    (SELECT count(*) FROM analytics_data.spans WHERE tenant_id = 'default' AND status = 'error'), 'list_spans by status');

-- A refresh deals with so many notes, and says when none is left: run_maintenance ends though spans go on coming.
SELECT analytics.record_span('s', 'few' || i, 'o', '2026-03-05 08:00Z') FROM generate_series(1, 9) i \g /dev/null
SELECT is(analytics_internal.refresh_runs(4), 4::bigint, 'a part of the notes');
SELECT is(analytics_internal.refresh_runs(100), 5::bigint, 'the rest, fewer than were allowed');
SELECT is(analytics_internal.refresh_runs(100), 0::bigint, 'and none');

-- Silence: of a run that runs, for longer than the setting.
CREATE FUNCTION stale(as_of timestamptz) RETURNS boolean LANGUAGE sql AS $$ SELECT is_stale FROM analytics.list_runs(row_limit => 1000, as_of => stale.as_of) WHERE run_id = 'few1' $$;
SELECT is(stale('2026-03-05 08:15Z'), false, 'after 15 minutes a run is not stale yet');
SELECT is(stale('2026-03-05 08:15:01Z'), true, 'then it is');
SET agent_analytics.run_stale_after = '1h';
SELECT is(stale('2026-03-05 09:00Z'), false, 'by the setting');
SELECT is(stale('2026-03-05 09:00:01Z'), true, 'it says when');
SELECT throws_ok($$SET agent_analytics.run_stale_after = 'soon'$$, '22023', NULL, 'which must be a time');
RESET agent_analytics.run_stale_after;
SELECT is((SELECT bool_or(is_stale) FROM analytics.list_runs(status => 'completed', row_limit => 1000, as_of => '2027-01-01Z')), false, 'what has ended is never stale');
DELETE FROM analytics_data.spans WHERE trace_id LIKE 'few%';

-- Rights: a policy of the user's own on spans holds for the runs too.
DO $$ BEGIN PERFORM analytics.setup_roles(); END $$;
CREATE POLICY one_thread ON analytics_data.spans AS RESTRICTIVE FOR SELECT TO authenticated USING (thread_id = 'th1');
SET ROLE authenticated;
SELECT public.is_empty('SELECT FROM analytics_store.runs', 'stored sums of more than a reader may see are hidden');
SELECT public.is((SELECT count(*) FROM analytics.list_runs(row_limit => 1000, as_of => '2026-03-10Z')), (SELECT count(DISTINCT run_key) FROM analytics_data.spans), 'its runs are summed up from its spans');
SELECT public.is_empty($$SELECT FROM analytics.list_runs(row_limit => 1000, as_of => '2026-03-10Z') WHERE thread_ids <> '{th1}'$$, 'and nothing else');
RESET ROLE;

-- Bad arguments, and what does not exist.
SELECT throws_ok($$SELECT analytics.record_span(NULL, 't', 'o', now())$$, '22023', 'span_id must be given', 'a span without an id');
SELECT throws_ok($$SELECT analytics.record_span('s', 't', 'o', NULL)$$, '22023', 'start_time must be given', 'or a start');
SELECT throws_ok($$SELECT analytics.record_span('s', 't', 'o', now(), kind => 'llm')$$, '22023', NULL, 'or of an unknown kind');
SELECT throws_ok($$SELECT * FROM analytics.list_runs(sort_by => 'start_time; DROP TABLE x')$$, '22023', NULL, 'an unknown order');
SELECT throws_ok($$SELECT * FROM analytics.list_runs(row_limit => 1001)$$, '22023', 'row_limit must be between 1 and 1000', 'too many rows');
SELECT throws_ok($$SELECT analytics.get_run_details('nothing')$$, 'PT404', 'unknown run', 'an unknown run');
SELECT throws_ok($$SELECT * FROM analytics.get_run_timeseries('cost', '1m', 'last_week')$$, '22023', 'bucket must be large enough for at most 2000 of them', 'too many buckets');
SELECT * FROM finish();
