-- Runs: summaries are exact whatever happens to spans in whatever order, refreshed or not, now and for any moment before.
\ir include/start.sql
SELECT no_plan();
SET client_min_messages = error;

\ir include/runs.sql
CREATE FUNCTION differences(as_of timestamptz) RETURNS bigint LANGUAGE sql STABLE AS $$
    WITH ours AS (SELECT run_id, status, has_errors, start_time_us, finish_time_us, duration_ms, span_count, cost, input_tokens + output_tokens, used_models, thread_ids, errors
                  FROM analytics.list_runs(row_limit => 1000, as_of => differences.as_of)), plain AS (SELECT * FROM plain_runs(differences.as_of))
    SELECT count(*) FROM ((TABLE ours EXCEPT ALL TABLE plain) UNION ALL (TABLE plain EXCEPT ALL TABLE ours)) d
$$;
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
