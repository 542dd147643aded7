-- Runs: lists, details, statistics.

-- The start of a period, by its name; NULL is the beginning of time.
CREATE OR REPLACE FUNCTION analytics_internal.run_period(period text, as_of timestamptz) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE period WHEN 'last_hour' THEN as_of - interval '1 hour' WHEN 'last_day' THEN as_of - interval '24 hours' WHEN 'last_week' THEN as_of - interval '168 hours'
                       WHEN 'last_month' THEN as_of - interval '720 hours' WHEN 'last_quarter' THEN as_of - interval '2160 hours' ELSE '-infinity' END;
COMMENT ON FUNCTION analytics_internal.run_period(text, timestamptz) IS
'Where a period that ends at as_of begins: an hour, 24 hours, 7, 30 or 90 times 24 hours before; NULL: never.';

CREATE OR REPLACE FUNCTION analytics_internal.period_problem(period text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN analytics_internal.choice_problem('period', period, '{last_hour,last_day,last_week,last_month,last_quarter}');
COMMENT ON FUNCTION analytics_internal.period_problem(text) IS 'What is wrong with the name of a period; NULL if nothing.';

CREATE OR REPLACE FUNCTION analytics_internal.epoch_us(at timestamptz) RETURNS bigint
-- Of a difference: extract of a timestamptz is STABLE, and this would be called for each row instead of being part of the query.
LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT RETURN (extract(epoch FROM at - timestamptz '1970-01-01 00:00+00') * 1000000)::bigint;
COMMENT ON FUNCTION analytics_internal.epoch_us(timestamptz) IS 'Microseconds since 1970.';

CREATE OR REPLACE FUNCTION analytics_internal.run_duration_ms(r analytics_internal.run_summary, as_of timestamptz) RETURNS numeric
LANGUAGE sql STABLE PARALLEL SAFE
    RETURN round(extract(epoch FROM CASE WHEN r.status = 'running' THEN as_of ELSE r.end_time END - r.start_time) * 1000, 3);
COMMENT ON FUNCTION analytics_internal.run_duration_ms(analytics_internal.run_summary, timestamptz) IS
'From the first start to the last end; of a running run to as_of. Milliseconds with 3 decimals.';

CREATE OR REPLACE FUNCTION analytics_internal.run_is_stale(r analytics_internal.run_summary, as_of timestamptz) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
    RETURN r.status = 'running' AND r.last_instant < as_of - coalesce(nullif(current_setting('agent_analytics.run_stale_after', true), '')::interval, interval '15 minutes');
COMMENT ON FUNCTION analytics_internal.run_is_stale(analytics_internal.run_summary, timestamptz) IS
'Whether a running run has been silent for longer than the setting agent_analytics.run_stale_after (15 minutes).';

CREATE OR REPLACE FUNCTION analytics_internal.runs_list(wanted_status text, thread text, wanted_model text, min_ms double precision, period text, sort_by text, sort_order text,
    row_limit integer, row_offset integer, as_of timestamptz)
RETURNS TABLE (run_id text, thread_ids text[], trace_ids text[], used_models text[], used_tools text[], input_tokens bigint, output_tokens bigint, cost numeric,
    start_time_us bigint, finish_time_us bigint, duration_ms numeric, status text, has_errors boolean, is_stale boolean, errors text[], span_count bigint)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 50 COST 1000 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    problem text[] := coalesce(
        CASE WHEN wanted_status IS NOT NULL THEN analytics_internal.choice_problem('status', wanted_status, '{running,completed,failed}') END,
        CASE WHEN period IS NOT NULL THEN analytics_internal.period_problem(period) END,
        CASE WHEN NOT (min_ms >= 0 AND min_ms < 1e15) THEN ARRAY['min_duration_ms', 'a number from 0 to below 10^15', min_ms::text] END,
        analytics_internal.choice_problem('sort_by', sort_by, '{start_time,duration_ms,cost,span_count}'),
        analytics_internal.choice_problem('sort_order', sort_order, '{desc,asc}'),
        analytics_internal.range_problem('row_limit', row_limit, 1, 1000), analytics_internal.range_problem('row_offset', row_offset, 0, 1000000),
        analytics_internal.as_of_problem(as_of));
    conditions text := concat(CASE WHEN wanted_status IS NOT NULL THEN ' AND r.status = $4' END, CASE WHEN thread IS NOT NULL THEN ' AND r.thread_ids @> ARRAY[$5]' END,
                              CASE WHEN wanted_model IS NOT NULL THEN ' AND r.used_models @> ARRAY[$6]' END);
    columns CONSTANT text := 'r.run_id, r.start_time, r.end_time, r.last_instant, r.status, r.has_errors, r.span_count, r.llm_calls, r.input_tokens, r.output_tokens, r.cost, r.thread_ids, r.trace_ids, r.used_models, r.used_tools, r.errors';
    -- Of a running run the duration depends on the moment: it is not in the index by which finished ones are found.
    stored CONSTANT text := 'FROM analytics_store.runs r WHERE r.tenant_id = $1 AND r.start_time > $2 AND r.start_time <= $3 AND r.last_instant <= $3 AND r.run_id <> ALL ($8)';
    live text[];
    order_by text;
    finished text;
BEGIN
    IF problem IS NOT NULL THEN
        PERFORM analytics_internal.refuse(problem);
    END IF;
    live := ARRAY(SELECT l FROM analytics_internal.live_runs(as_of) l);
    order_by := format('%s %s, (y.r).run_id', CASE sort_by WHEN 'duration_ms' THEN 'y.duration_ms' ELSE format('(y.r).%I', sort_by) END, sort_order);
    finished := CASE WHEN sort_by = 'duration_ms' THEN format('ORDER BY r.duration_us %s, r.run_id', sort_order)
                     ELSE format('ORDER BY r.%s %s, r.run_id', sort_by, sort_order) END;
    RETURN QUERY EXECUTE format($query$
        SELECT (y.r).run_id, (y.r).thread_ids, (y.r).trace_ids, (y.r).used_models, (y.r).used_tools, (y.r).input_tokens, (y.r).output_tokens, (y.r).cost,
               analytics_internal.epoch_us((y.r).start_time), CASE WHEN (y.r).status <> 'running' THEN analytics_internal.epoch_us((y.r).end_time) END,
               y.duration_ms, (y.r).status, (y.r).has_errors, analytics_internal.run_is_stale(y.r, $3), (y.r).errors, (y.r).span_count
        FROM (SELECT x.r, analytics_internal.run_duration_ms(x.r, $3) AS duration_ms
              FROM ((SELECT ROW(%1$s)::analytics_internal.run_summary AS r %2$s AND r.status <> 'running' %3$s %4$s %5$s LIMIT $9)
                    UNION ALL
                    (SELECT ROW(%1$s)::analytics_internal.run_summary %2$s AND r.status = 'running' %3$s)
                    %7$s) x) y
        WHERE $7::double precision IS NULL OR y.duration_ms >= $7
        ORDER BY %6$s LIMIT $10 OFFSET $11 $query$,
        columns, stored, conditions, CASE WHEN min_ms IS NOT NULL THEN 'AND r.duration_us >= ceil($7::numeric * 1000)::bigint' END, finished,
        order_by,
        CASE WHEN live <> '{}' THEN format('UNION ALL (SELECT r FROM analytics_internal.summarise_runs($1, $8, $3) r WHERE r.start_time > $2 %s)', conditions) END)
    USING (SELECT analytics.current_tenant()), analytics_internal.run_period(period, as_of), as_of, wanted_status, thread, wanted_model, min_ms, live,
          row_limit + row_offset, row_limit, row_offset;
END $$;
COMMENT ON FUNCTION analytics_internal.runs_list(text, text, text, double precision, text, text, text, integer, integer, timestamptz) IS
'list_runs, whose arguments and results share names, which PL/pgSQL does not allow.';

CREATE OR REPLACE FUNCTION analytics.list_runs(status text DEFAULT NULL, thread_id text DEFAULT NULL, model text DEFAULT NULL, min_duration_ms double precision DEFAULT NULL,
    period text DEFAULT NULL, sort_by text DEFAULT 'start_time', sort_order text DEFAULT 'desc', row_limit integer DEFAULT 50, row_offset integer DEFAULT 0, as_of timestamptz DEFAULT NULL)
RETURNS TABLE (run_id text, thread_ids text[], trace_ids text[], used_models text[], used_tools text[], input_tokens bigint, output_tokens bigint, cost numeric,
    start_time_us bigint, finish_time_us bigint, duration_ms numeric, status text, has_errors boolean, is_stale boolean, errors text[], span_count bigint)
LANGUAGE sql STABLE PARALLEL RESTRICTED ROWS 50 COST 1000 BEGIN ATOMIC SELECT * FROM analytics_internal.runs_list($1, $2, $3, $4, $5, $6, $7, $8, $9, coalesce($10, now())); END;
COMMENT ON FUNCTION analytics.list_runs(text, text, text, double precision, text, text, text, integer, integer, timestamptz) IS
'Runs, the latest first, with what they used and how they ended.
status: running, completed or failed. thread_id: runs of this conversation. model: runs that asked this model. min_duration_ms: runs that took at least so long. period: runs that began in it: last_hour, last_day, last_week, last_month (30 days), last_quarter (90 days); NULL: all. sort_by: start_time, duration_ms, cost or span_count. sort_order: desc or asc. row_limit: 1 to 1000. row_offset: 0 to 1000000. as_of: NULL means now; then the runs are shown as they stood.
Result: start_time_us and finish_time_us, microseconds since 1970 (finish NULL while it runs); duration_ms, from the first start to the last end, of a running run to as_of; status: running while a root span has no end, else failed when a root span has status error, else completed; has_errors, whether any span failed; is_stale, a running run that has been silent for 15 minutes (setting agent_analytics.run_stale_after); errors, at most 20 different messages; cost, of the spans that carry one, US dollars.
Errors: 22023 for a bad argument.';

CREATE OR REPLACE FUNCTION analytics_internal.spans_list(run text, operation text, wanted_model text, wanted_status text, min_ms double precision, period text,
    row_limit integer, row_offset integer, as_of timestamptz)
RETURNS TABLE (span_id text, trace_id text, run_id text, operation_name text, start_time_us bigint, finish_time_us bigint, duration_ms numeric, status text, model text, cost numeric)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100 COST 1000 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    problem text[] := coalesce(
        CASE WHEN wanted_status IS NOT NULL THEN analytics_internal.choice_problem('status', wanted_status, '{unset,ok,error}') END,
        CASE WHEN period IS NOT NULL THEN analytics_internal.period_problem(period) END,
        CASE WHEN NOT (min_ms >= 0 AND min_ms < 1e15) THEN ARRAY['min_duration_ms', 'a number from 0 to below 10^15', min_ms::text] END,
        analytics_internal.range_problem('row_limit', row_limit, 1, 1000), analytics_internal.range_problem('row_offset', row_offset, 0, 1000000),
        analytics_internal.as_of_problem(as_of));
BEGIN
    IF problem IS NOT NULL THEN
        PERFORM analytics_internal.refuse(problem);
    END IF;
    RETURN QUERY EXECUTE format($query$
        SELECT s.span_id, s.trace_id, s.run_key, s.operation_name, analytics_internal.epoch_us(s.start_time),
               CASE WHEN s.end_time <= $3 THEN analytics_internal.epoch_us(s.end_time) END,
               round(extract(epoch FROM greatest(CASE WHEN s.end_time <= $3 THEN s.end_time ELSE $3 END, s.start_time) - s.start_time) * 1000, 3),
               CASE WHEN s.end_time > $3 THEN 'unset' ELSE s.status END, s.model, CASE WHEN s.end_time > $3 THEN NULL ELSE s.cost_usd END
        FROM analytics_data.spans s
        WHERE s.tenant_id = $1 AND s.start_time > $2 AND s.start_time <= $3 %s%s%s%s%s
        ORDER BY s.start_time DESC, s.trace_id, s.span_id LIMIT $9 OFFSET $10 $query$,
        CASE WHEN run IS NOT NULL THEN ' AND s.run_key = $4' END, CASE WHEN operation IS NOT NULL THEN ' AND s.operation_name = $5' END,
        CASE WHEN wanted_model IS NOT NULL THEN ' AND s.model = $6' END,
        -- An index holds those that are not unset.
        CASE WHEN wanted_status = 'unset' THEN ' AND (s.status = ''unset'' OR s.end_time > $3)'
             WHEN wanted_status IS NOT NULL THEN format(' AND s.status = %L AND coalesce(s.end_time <= $3, true)', wanted_status) END,
        CASE WHEN min_ms IS NOT NULL THEN ' AND coalesce(least(s.end_time, $3), $3) - s.start_time >= $8 * interval ''1 millisecond''' END)
    USING (SELECT analytics.current_tenant()), analytics_internal.run_period(period, as_of), as_of, run, operation, wanted_model, wanted_status, min_ms, row_limit, row_offset;
END $$;
COMMENT ON FUNCTION analytics_internal.spans_list(text, text, text, text, double precision, text, integer, integer, timestamptz) IS
'list_spans, whose arguments and results share names, which PL/pgSQL does not allow.';

CREATE OR REPLACE FUNCTION analytics.list_spans(run_id text DEFAULT NULL, operation_name text DEFAULT NULL, model text DEFAULT NULL, status text DEFAULT NULL,
    min_duration_ms double precision DEFAULT NULL, period text DEFAULT 'last_day', row_limit integer DEFAULT 100, row_offset integer DEFAULT 0, as_of timestamptz DEFAULT NULL)
RETURNS TABLE (span_id text, trace_id text, run_id text, operation_name text, start_time_us bigint, finish_time_us bigint, duration_ms numeric, status text, model text, cost numeric)
LANGUAGE sql STABLE PARALLEL RESTRICTED ROWS 100 COST 1000 BEGIN ATOMIC SELECT * FROM analytics_internal.spans_list($1, $2, $3, $4, $5, $6, $7, $8, coalesce($9, now())); END;
COMMENT ON FUNCTION analytics.list_spans(text, text, text, text, double precision, text, integer, integer, timestamptz) IS
'Spans, the latest first.
run_id: of this run. operation_name: with this name. model: that asked this model. status: unset, ok or error. min_duration_ms: that took at least so long. period: that began in it: last_hour, last_day, last_week, last_month (30 days) or last_quarter (90 days); NULL: all. row_limit: 1 to 1000. row_offset: 0 to 1000000. as_of: NULL means now; a span that ended later is shown open.
Result: start_time_us and finish_time_us in microseconds since 1970, finish NULL while it runs; duration_ms to as_of then; cost in US dollars, NULL where the span carries none.
Errors: 22023 for a bad argument.';

CREATE OR REPLACE FUNCTION analytics.get_run_details(run_id text, as_of timestamptz DEFAULT NULL) RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED COST 1000 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    now_at timestamptz := coalesce(as_of, now());
    tenant text := analytics.current_tenant();
    problem text[] := coalesce(analytics_internal.text_problem('run_id', run_id, 200, true), analytics_internal.as_of_problem(as_of));
    run analytics_internal.run_summary;
BEGIN
    IF problem IS NOT NULL THEN
        PERFORM analytics_internal.refuse(problem);
    END IF;
    SELECT * INTO run FROM analytics_internal.summarise_runs(tenant, ARRAY[run_id], now_at);
    IF run.run_id IS NULL THEN
        RAISE EXCEPTION 'unknown run' USING ERRCODE = 'PT404', DETAIL = format('There is no run "%s".', left(run_id, 200)), HINT = 'list_runs shows those that there are.';
    END IF;
    RETURN jsonb_build_object('run_id', run.run_id, 'status', run.status, 'duration_ms', analytics_internal.run_duration_ms(run, now_at), 'has_errors', run.has_errors,
        'is_stale', analytics_internal.run_is_stale(run, now_at), 'errors', to_jsonb(run.errors), 'cost', run.cost, 'input_tokens', run.input_tokens,
        'output_tokens', run.output_tokens, 'used_models', to_jsonb(run.used_models), 'used_tools', to_jsonb(run.used_tools), 'span_count', run.span_count,
        'start_time', run.start_time, 'end_time', CASE WHEN run.status <> 'running' THEN run.end_time END,
        'cost_by_model', (SELECT coalesce(jsonb_agg(jsonb_build_object('model', m.model, 'cost', m.cost, 'calls', m.calls, 'input_tokens', m.input_tokens, 'output_tokens', m.output_tokens)
                                                    ORDER BY m.cost DESC, m.model), '[]')
            FROM (SELECT s.model, coalesce(sum(s.cost_usd) FILTER (WHERE known), 0) AS cost, count(*) AS calls, coalesce(sum(s.input_tokens) FILTER (WHERE known), 0) AS input_tokens,
                         coalesce(sum(s.output_tokens) FILTER (WHERE known), 0) AS output_tokens
                  FROM analytics_data.spans s, LATERAL (SELECT coalesce(s.end_time <= now_at, true) AS known) k
                  WHERE s.tenant_id = tenant AND s.run_key = run_id AND s.start_time <= now_at AND s.model IS NOT NULL GROUP BY s.model) m),
        'root_spans', (SELECT coalesce(jsonb_agg(jsonb_build_object('span_id', s.span_id, 'trace_id', s.trace_id, 'operation_name', s.operation_name, 'start_time', s.start_time,
                                                     'end_time', CASE WHEN s.end_time <= now_at THEN s.end_time END, 'status', CASE WHEN s.end_time > now_at THEN 'unset' ELSE s.status END)
                                                 ORDER BY s.start_time, s.trace_id, s.span_id), '[]')
            FROM (SELECT * FROM analytics_data.spans s WHERE s.tenant_id = tenant AND s.run_key = run_id AND s.start_time <= now_at
                    AND NOT EXISTS (SELECT FROM analytics_data.spans p WHERE p.tenant_id = tenant AND p.trace_id = s.trace_id AND p.span_id = s.parent_span_id
                                      AND p.run_key = run_id AND p.start_time <= now_at AND p.span_id <> s.span_id)
                  ORDER BY s.start_time, s.trace_id, s.span_id LIMIT 1000) s));
END $$;
COMMENT ON FUNCTION analytics.get_run_details(text, timestamptz) IS
'One run: how it stands, what it cost by model, its root spans.
run_id: of list_runs. as_of: NULL means now; then the run is shown as it stood.
Result: as list_runs, and cost_by_model [{model, cost, calls, input_tokens, output_tokens}], dearest first (calls: spans that name the model), and root_spans, at most 1000.
Errors: PT404 for an unknown run, 22023 for a missing run_id.';

CREATE OR REPLACE FUNCTION analytics.get_project_stats(period text DEFAULT 'last_day', as_of timestamptz DEFAULT NULL, OUT total_runs bigint, OUT completed_runs bigint,
    OUT failed_runs bigint, OUT running_runs bigint, OUT success_rate numeric, OUT total_cost numeric, OUT avg_duration_ms numeric, OUT p95_duration_ms numeric)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED COST 1000 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    now_at timestamptz := coalesce(as_of, now());
    problem text[] := coalesce(analytics_internal.period_problem(period), analytics_internal.as_of_problem(as_of));
BEGIN
    IF problem IS NOT NULL THEN
        PERFORM analytics_internal.refuse(problem);
    END IF;
    SELECT coalesce(f.runs, 0), coalesce(f.completed, 0), coalesce(f.failed, 0), coalesce(f.running, 0), round(f.completed::numeric / nullif(f.completed + f.failed, 0), 4),
           coalesce(f.cost, 0), round(f.duration_us / nullif(f.completed + f.failed, 0) / 1000, 3), round(f.duration_p95::numeric, 3)
    INTO total_runs, completed_runs, failed_runs, running_runs, success_rate, total_cost, avg_duration_ms, p95_duration_ms
    FROM (SELECT) one LEFT JOIN analytics_internal.run_figures(
        ARRAY[analytics_internal.run_period(period, now_at) + interval '1 microsecond', now_at + interval '1 microsecond'], now_at, false) f ON true;
END $$;
COMMENT ON FUNCTION analytics.get_project_stats(text, timestamptz) IS
'Runs of a period at a glance.
period: runs that began in last_hour, last_day, last_week, last_month (30 days) or last_quarter (90 days) before as_of. as_of: NULL means now.
Result: counts by status; success_rate, completed of completed and failed (0..1 with 4 decimals); total_cost, US dollars, exact; avg_duration_ms and p95_duration_ms (at most 1 % off) of the finished runs. NULL where there are none.
Errors: 22023 for an unknown period.';

CREATE OR REPLACE FUNCTION analytics_internal.bucket_seconds(bucket text) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE bucket WHEN '1m' THEN 60 WHEN '5m' THEN 300 WHEN '15m' THEN 900 WHEN '1h' THEN 3600 WHEN '6h' THEN 21600 WHEN '1d' THEN 86400 WHEN '1w' THEN 604800 END;
COMMENT ON FUNCTION analytics_internal.bucket_seconds(text) IS 'How long a bucket of runs (1m, 5m, 15m, 1h, 6h, 1d, 1w) is, days of 24 hours.';

-- The start of the bucket of an instant, in a time zone. Weeks begin on Monday.
CREATE OR REPLACE FUNCTION analytics_internal.run_bucket(at timestamptz, bucket text, time_zone text) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE bucket WHEN '1d' THEN date_trunc('day', at, time_zone) WHEN '1w' THEN date_trunc('week', at, time_zone)
                       ELSE at - mod(extract(epoch FROM at AT TIME ZONE time_zone), analytics_internal.bucket_seconds(bucket)::numeric) * interval '1 second' END;
COMMENT ON FUNCTION analytics_internal.run_bucket(timestamptz, text, text) IS 'The start of the bucket that holds an instant, in a time zone.';

CREATE OR REPLACE FUNCTION analytics_internal.run_buckets(after timestamptz, as_of timestamptz, bucket text, time_zone text) RETURNS timestamptz[]
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT ARRAY(
        SELECT analytics_internal.run_bucket(g, bucket, time_zone)
        -- Half buckets, so that none is stepped over where a clock is put forward.
        FROM generate_series(after + interval '1 microsecond', as_of, analytics_internal.bucket_seconds(bucket) * interval '0.5 seconds') g
        UNION SELECT analytics_internal.run_bucket(as_of, bucket, time_zone)
        ORDER BY 1)
$$;
COMMENT ON FUNCTION analytics_internal.run_buckets(timestamptz, timestamptz, text, text) IS 'The starts of all buckets that meet (after, as_of], ascending.';

CREATE OR REPLACE FUNCTION analytics_internal.run_edges(buckets timestamptz[], after timestamptz, as_of timestamptz) RETURNS timestamptz[]
LANGUAGE sql STABLE PARALLEL SAFE RETURN array_append(array_prepend(after + interval '1 microsecond', buckets[2:]), as_of + interval '1 microsecond');
COMMENT ON FUNCTION analytics_internal.run_edges(timestamptz[], timestamptz, timestamptz) IS 'What of each bucket lies in (after, as_of], as edges for run_figures.';

CREATE OR REPLACE FUNCTION analytics_internal.run_figures(edges timestamptz[], as_of timestamptz, by_status boolean)
RETURNS TABLE (slot integer, status text, runs bigint, completed bigint, failed bigint, running bigint, cost numeric, input_tokens bigint, output_tokens bigint,
    llm_calls bigint, duration_us numeric, duration_p50 double precision, duration_p95 double precision, duration_p99 double precision, first_start timestamptz, last_end timestamptz)
LANGUAGE c STABLE PARALLEL RESTRICTED STRICT ROWS 100 COST 1000 AS 'MODULE_PATHNAME', 'analytics_run_figures';
COMMENT ON FUNCTION analytics_internal.run_figures(timestamptz[], timestamptz, boolean) IS
'Sums of the tenant''s runs that began in slots [edges[i], edges[i + 1]), as they stood at as_of; one row a slot (from 0), and status if asked for, that has any. Durations are of finished runs: their sum in microseconds, percentiles in milliseconds, at most 1 % off.';

CREATE OR REPLACE FUNCTION analytics_internal.bucket_problem(bucket text, after timestamptz, as_of timestamptz) RETURNS text[]
LANGUAGE sql STABLE PARALLEL SAFE
    RETURN coalesce(analytics_internal.choice_problem('bucket', bucket, '{1m,5m,15m,1h,6h,1d,1w}'),
        CASE WHEN extract(epoch FROM as_of - after) > 2000 * analytics_internal.bucket_seconds(bucket)
             THEN ARRAY['bucket', 'large enough for at most 2000 of them', format('"%s", which are more', bucket)] END);
COMMENT ON FUNCTION analytics_internal.bucket_problem(text, timestamptz, timestamptz) IS 'What is wrong with a bucket for a period; NULL if nothing.';

CREATE OR REPLACE FUNCTION analytics.get_run_timeseries(metric text DEFAULT 'cost', bucket text DEFAULT '1h', period text DEFAULT 'last_week', time_zone text DEFAULT 'UTC', as_of timestamptz DEFAULT NULL)
RETURNS TABLE ("timestamp" timestamptz, value numeric)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 168 COST 1000 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    now_at timestamptz := coalesce(as_of, now());
    after timestamptz := analytics_internal.run_period(period, now_at);
    buckets timestamptz[];
    problem text[] := coalesce(
        analytics_internal.choice_problem('metric', metric, '{cost,runs,failed_runs,success_rate,input_tokens,output_tokens,avg_duration_ms,p50_duration_ms,p95_duration_ms,p99_duration_ms,llm_calls}'),
        analytics_internal.period_problem(period),
        CASE WHEN NOT analytics_internal.is_time_zone(time_zone) THEN ARRAY['time_zone', 'an IANA name such as Europe/Berlin', coalesce(format('"%s"', left(time_zone, 100)), 'NULL')] END,
        analytics_internal.as_of_problem(as_of));
BEGIN
    problem := coalesce(problem, analytics_internal.bucket_problem(bucket, after, now_at));
    IF problem IS NOT NULL THEN
        PERFORM analytics_internal.refuse(problem);
    END IF;
    buckets := analytics_internal.run_buckets(after, now_at, bucket, time_zone);
    RETURN QUERY
    SELECT b.at, CASE metric
        WHEN 'cost' THEN coalesce(f.cost, 0) WHEN 'runs' THEN coalesce(f.runs, 0)::numeric WHEN 'failed_runs' THEN coalesce(f.failed, 0)::numeric
        WHEN 'success_rate' THEN round(f.completed::numeric / nullif(f.completed + f.failed, 0), 4)
        WHEN 'input_tokens' THEN coalesce(f.input_tokens, 0)::numeric WHEN 'output_tokens' THEN coalesce(f.output_tokens, 0)::numeric
        WHEN 'llm_calls' THEN coalesce(f.llm_calls, 0)::numeric
        WHEN 'avg_duration_ms' THEN round(f.duration_us / nullif(f.completed + f.failed, 0) / 1000, 3)
        ELSE round((CASE metric WHEN 'p50_duration_ms' THEN f.duration_p50 WHEN 'p95_duration_ms' THEN f.duration_p95 ELSE f.duration_p99 END)::numeric, 3) END
    FROM unnest(buckets) WITH ORDINALITY b(at, i)
         LEFT JOIN analytics_internal.run_figures(analytics_internal.run_edges(buckets, after, now_at), now_at, false) f ON f.slot = b.i - 1
    ORDER BY b.at;
END $$;
COMMENT ON FUNCTION analytics.get_run_timeseries(text, text, text, text, timestamptz) IS
'Runs over time: one row a bucket, oldest first, none missing.
metric: cost, runs, failed_runs, success_rate, input_tokens, output_tokens, avg_duration_ms, p50_duration_ms, p95_duration_ms, p99_duration_ms or llm_calls (spans that name a model). bucket: 1m, 5m, 15m, 1h, 6h, 1d or 1w (from Monday), at most 2000 of them. period: last_hour, last_day, last_week, last_month (30 days) or last_quarter (90 days). time_zone: any IANA name; there the buckets begin. as_of: NULL means now.
Result: timestamp (the bucket''s begin) and the value over the runs that began in it and in the period; counts and sums are 0 in an empty bucket, rates, averages and percentiles NULL. Durations are of finished runs; percentiles are at most 1 % off.
Errors: 22023 for a bad argument.';

CREATE OR REPLACE FUNCTION analytics.group_runs(group_by text DEFAULT 'time', bucket text DEFAULT '1h', period text DEFAULT 'last_day', row_limit integer DEFAULT 50, row_offset integer DEFAULT 0, as_of timestamptz DEFAULT NULL)
RETURNS TABLE (key text, run_count bigint, failed_count bigint, cost numeric, input_tokens bigint, output_tokens bigint, avg_duration_ms numeric, first_start_us bigint, last_finish_us bigint)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 50 COST 1000 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    now_at timestamptz := coalesce(as_of, now());
    after timestamptz := analytics_internal.run_period(period, now_at);
    buckets timestamptz[];
    problem text[] := coalesce(
        analytics_internal.choice_problem('group_by', group_by, '{time,thread,model,tool,status}'), analytics_internal.period_problem(period),
        analytics_internal.choice_problem('bucket', bucket, '{1m,5m,15m,1h,6h,1d,1w}'),
        analytics_internal.range_problem('row_limit', row_limit, 1, 1000), analytics_internal.range_problem('row_offset', row_offset, 0, 1000000),
        analytics_internal.as_of_problem(as_of));
BEGIN
    problem := coalesce(problem, CASE WHEN group_by = 'time' THEN analytics_internal.bucket_problem(bucket, after, now_at) END);
    IF problem IS NOT NULL THEN
        PERFORM analytics_internal.refuse(problem);
    END IF;
    IF group_by IN ('time', 'status') THEN
        buckets := CASE WHEN group_by = 'time' THEN analytics_internal.run_buckets(after, now_at, bucket, 'UTC') ELSE ARRAY[after] END;
        RETURN QUERY
        SELECT CASE WHEN group_by = 'time' THEN to_char(buckets[f.slot + 1] AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') ELSE f.status END,
               f.runs, f.failed, f.cost, f.input_tokens, f.output_tokens, round(f.duration_us / nullif(f.completed + f.failed, 0) / 1000, 3),
               analytics_internal.epoch_us(f.first_start), analytics_internal.epoch_us(f.last_end)
        FROM analytics_internal.run_figures(analytics_internal.run_edges(buckets, after, now_at), now_at, group_by = 'status') f
        ORDER BY f.slot DESC, f.runs DESC, f.status LIMIT row_limit OFFSET row_offset;
        RETURN;
    END IF;
    -- A run counts under each of its conversations, models and tools: there are no sums of these.
    RETURN QUERY
    SELECT g.name, count(*), count(*) FILTER (WHERE r.status = 'failed'), sum(r.cost), sum(r.input_tokens)::bigint, sum(r.output_tokens)::bigint,
           round(avg(analytics_internal.run_duration_ms(r, now_at)) FILTER (WHERE r.status <> 'running'), 3),
           analytics_internal.epoch_us(min(r.start_time)), analytics_internal.epoch_us(max(r.end_time))
    FROM analytics_internal.runs_between(after, now_at) r,
         LATERAL unnest(CASE group_by WHEN 'thread' THEN r.thread_ids WHEN 'model' THEN r.used_models ELSE r.used_tools END) g(name)
    GROUP BY g.name
    ORDER BY count(*) DESC, g.name LIMIT row_limit OFFSET row_offset;
END $$;
COMMENT ON FUNCTION analytics.group_runs(text, text, text, integer, integer, timestamptz) IS
'Runs by time, conversation, model, tool or status.
group_by: time (newest first), or thread, model, tool or status (most runs first); a run that used two models counts under both. bucket: for time: 1m, 5m, 15m, 1h, 6h, 1d or 1w, of UTC. period: last_hour, last_day, last_week, last_month (30 days) or last_quarter (90 days). row_limit: 1 to 1000. row_offset: 0 to 1000000. as_of: NULL means now.
Result: key (of time the bucket''s begin), run_count, failed_count, cost in US dollars and tokens of these runs, avg_duration_ms of the finished ones, first_start_us and last_finish_us in microseconds since 1970. Groups without runs are left out.
Errors: 22023 for a bad argument.';
