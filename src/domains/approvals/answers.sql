-- The questions of approvals. What reads rollups is C++ beside this file.

CREATE OR REPLACE FUNCTION analytics_internal.approvals_decided_after(tenant text, as_of timestamptz)
RETURNS TABLE (id uuid, status text, priority text, queue_rank smallint, confidence_score numeric, conversation_id text, customer_name text,
               draft_response text, created_at timestamptz, resolved_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 20 AS $$
    SELECT l.* FROM (VALUES (0::smallint, $2 + interval '1 hour'), (1, $2 + interval '4 hours'), (2, $2 + interval '16 hours'),
            (3, $2 + interval '64 hours'), (4, $2 + interval '256 hours'), (5, $2 + interval '1024 hours'), (6, $2 + interval '4096 hours'),
            (7, $2 + interval '16384 hours'), (8, $2 + interval '65536 hours'), (9, 'infinity')) c(wait_class, latest),
        LATERAL (SELECT a.id, a.status, a.priority, a.queue_rank, a.confidence_score, a.conversation_id, a.customer_name, a.draft_response,
                        a.created_at, a.resolved_at
                 FROM analytics_data.agent_approvals a
                 -- Written so that only the index of waits fits: one on resolved_at or created_at may seem as good and reads half the table.
                 -- GREATEST is a comparison that tells nothing of a row, so that row security lets it into the index, unlike coalesce.
                 WHERE a.tenant_id = $1 AND a.status <> 'pending' AND a.wait_class = c.wait_class
                   AND greatest(a.resolved_at, '-infinity') > $2 AND greatest(a.resolved_at, '-infinity') <= c.latest
                   AND greatest(a.created_at, $2) = $2 OFFSET 0) l
$$;
COMMENT ON FUNCTION analytics_internal.approvals_decided_after(text, timestamptz) IS
'The drafts of a tenant that were open at a moment and have been decided since.
tenant, as_of: whose, when. Found by an index, whatever has been decided since (wait_class).';

CREATE OR REPLACE FUNCTION analytics.get_queue_status(as_of timestamptz DEFAULT NULL, OUT pending_count bigint, OUT urgent_count bigint,
    OUT avg_confidence numeric, OUT oldest_pending_age_minutes numeric, OUT approved_today bigint, OUT rejected_today bigint,
    OUT refreshed_at timestamptz)
LANGUAGE c STABLE PARALLEL RESTRICTED COST 1000 AS 'MODULE_PATHNAME', 'analytics_get_queue_status';
COMMENT ON FUNCTION analytics.get_queue_status(timestamptz) IS
'The approval queue at a glance.
as_of: NULL means now; a moment of the past shows the queue as it stood.
Result: pending_count and urgent_count, drafts that wait; avg_confidence, their mean confidence, 0 to 100 with 2 decimals, and oldest_pending_age_minutes, both NULL when nothing waits; approved_today and rejected_today, decisions of the UTC day of as_of up to as_of (edited drafts count in neither); refreshed_at, the moment that this shows.
Errors: 22023 when as_of is out of range.';

-- By plain string functions: a regular expression takes twice the time, and a page has up to 100 of them.
CREATE OR REPLACE FUNCTION analytics_internal.draft_preview(draft text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN length(draft) <= 120 THEN draft
                ELSE rtrim(left(draft, least(121 - strpos(reverse(translate(left(draft, 121), E'\n\t\r', '   ')), ' '), 120)), E' \n\t\r') || '...' END;
COMMENT ON FUNCTION analytics_internal.draft_preview(text) IS
'The first 120 characters of a text, cut at a word, with "..." where cut; a word longer than that is cut within.';

CREATE OR REPLACE FUNCTION analytics_internal.pending_page(wanted_priority text, min_confidence numeric, row_limit integer, row_offset integer, as_of timestamptz)
RETURNS jsonb LANGUAGE plpgsql STABLE PARALLEL RESTRICTED COST 1000 SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan AS $$  -- planning it anew costs more than reading a page
DECLARE
    problem text[] := coalesce(
        CASE WHEN wanted_priority IS NOT NULL THEN analytics_internal.choice_problem('priority', wanted_priority, '{urgent,high,normal,low}') END,
        CASE WHEN NOT (min_confidence BETWEEN 0 AND 100) THEN ARRAY['min_confidence', 'between 0 and 100', left(min_confidence::text, 100)] END,
        analytics_internal.range_problem('row_limit', row_limit, 1, 100), analytics_internal.range_problem('row_offset', row_offset, 0, 1000000),
        analytics_internal.as_of_problem(as_of));
    tenant text := analytics.current_tenant();
    first_rank smallint := coalesce(array_position('{urgent,high,normal,low}', wanted_priority), 1);
    last_rank smallint := CASE WHEN wanted_priority IS NULL THEN 4 ELSE first_rank END;
    total bigint;
    page jsonb;
BEGIN
    IF problem IS NOT NULL THEN
        PERFORM analytics_internal.refuse(problem);
    END IF;
    -- What is pending is counted in the index of the queue and comes from it in its order, no more of it than the page needs.
    WITH late AS MATERIALIZED (
        SELECT d.id, d.conversation_id, d.customer_name, d.confidence_score, d.priority, d.created_at, d.draft_response, d.queue_rank
        FROM analytics_internal.approvals_decided_after(tenant, as_of) d
        WHERE d.queue_rank BETWEEN first_rank AND last_rank AND (min_confidence IS NULL OR d.confidence_score >= min_confidence)
    ), waiting AS (
        (SELECT a.id, a.conversation_id, a.customer_name, a.confidence_score, a.priority, a.created_at, a.draft_response, a.queue_rank
         FROM analytics_data.agent_approvals a
         WHERE a.tenant_id = tenant AND a.status = 'pending' AND a.created_at <= as_of
           AND a.queue_rank BETWEEN first_rank AND last_rank AND (min_confidence IS NULL OR a.confidence_score >= min_confidence)
         ORDER BY a.queue_rank, a.created_at, a.id LIMIT row_limit + row_offset)
        UNION ALL SELECT * FROM late
        ORDER BY queue_rank, created_at, id LIMIT row_limit OFFSET row_offset
    )
    SELECT (SELECT count(*) FROM late) + (SELECT count(*) FROM analytics_data.agent_approvals a
                WHERE a.tenant_id = tenant AND a.status = 'pending' AND a.created_at <= as_of
                  AND a.queue_rank BETWEEN first_rank AND last_rank AND (min_confidence IS NULL OR a.confidence_score >= min_confidence)),
           (SELECT coalesce(jsonb_agg(jsonb_build_object('id', w.id, 'conversation_id', w.conversation_id, 'customer_name', w.customer_name,
                       'confidence_score', w.confidence_score, 'priority', w.priority, 'pending_minutes', round(extract(epoch FROM as_of - w.created_at) / 60, 2),
                       'draft_preview', analytics_internal.draft_preview(w.draft_response)) ORDER BY w.queue_rank, w.created_at, w.id), '[]') FROM waiting w)
    INTO total, page;
    RETURN jsonb_build_object('data', page, 'pagination', jsonb_build_object('total', total, 'limit', row_limit, 'offset', row_offset,
                                                                             'has_more', row_offset + jsonb_array_length(page) < total));
END $$;
COMMENT ON FUNCTION analytics_internal.pending_page(text, numeric, integer, integer, timestamptz) IS
'list_pending_approvals, whose columns and arguments share names.';

CREATE OR REPLACE FUNCTION analytics.list_pending_approvals(priority text DEFAULT NULL, min_confidence numeric DEFAULT NULL, row_limit integer DEFAULT 20,
    row_offset integer DEFAULT 0, as_of timestamptz DEFAULT NULL) RETURNS jsonb
LANGUAGE sql STABLE PARALLEL RESTRICTED COST 1000
    RETURN analytics_internal.pending_page($1, $2, coalesce($3, 20), coalesce($4, 0), coalesce($5, now()));
COMMENT ON FUNCTION analytics.list_pending_approvals(text, numeric, integer, integer, timestamptz) IS
'The drafts that wait for a decision: urgent first, then high, normal and low, within each the oldest first.
priority: only these. min_confidence: at least so sure, 0 to 100; drafts without a confidence are left out then. row_limit: 1 to 100. row_offset: 0 to 1000000. as_of: NULL means now; a moment of the past shows the queue as it stood.
Result: {data: [{id, conversation_id, customer_name, confidence_score, priority, pending_minutes (2 decimals), draft_preview}], pagination: {total, limit, offset, has_more}}. draft_preview is the first 120 characters of the draft, cut at a word, with "..." where cut. total is exact.
Errors: 22023 for an unknown priority or a number out of range.';

CREATE OR REPLACE FUNCTION analytics.get_queue_metrics(group_by text DEFAULT 'day', days integer DEFAULT 7, as_of timestamptz DEFAULT NULL)
RETURNS TABLE (day_bucket text, total_items bigint, pending_count bigint, approved_count bigint, rejected_count bigint, edited_count bigint,
               urgent_count bigint, high_count bigint, normal_count bigint, low_count bigint, avg_confidence numeric, min_confidence numeric,
               max_confidence numeric, avg_resolution_minutes numeric, metrics_updated_at timestamptz)
LANGUAGE c STABLE PARALLEL RESTRICTED COST 10000 ROWS 30 AS 'MODULE_PATHNAME', 'analytics_get_queue_metrics';
COMMENT ON FUNCTION analytics.get_queue_metrics(text, integer, timestamptz) IS
'What came into the approval queue by day or hour, and what became of it; newest first, none missing.
group_by: day or hour. days: 1 to 30; so many UTC days, or 24 times so many hours, the last one running and cut at as_of. as_of: NULL means now; a moment of the past shows each draft as it stood then.
Result: day_bucket (a date, or the instant an hour begins, UTC); total_items, the drafts submitted in it = pending_count + approved_count + rejected_count + edited_count = urgent_count + high_count + normal_count + low_count; avg_confidence, min_confidence and max_confidence, 0 to 100; avg_resolution_minutes, from submission to decision, of those decided; averages have 2 decimals and are NULL where there is nothing; metrics_updated_at, the moment that this shows.
Errors: 22023 for an unknown group_by or days out of range.';

CREATE OR REPLACE FUNCTION analytics.get_approval_accuracy(period text DEFAULT '24h', granularity text DEFAULT 'hour', as_of timestamptz DEFAULT NULL)
RETURNS jsonb LANGUAGE c STABLE PARALLEL RESTRICTED COST 10000 AS 'MODULE_PATHNAME', 'analytics_get_approval_accuracy';
COMMENT ON FUNCTION analytics.get_approval_accuracy(text, text, timestamptz) IS
'How often drafts are approved as they are, over a trailing period.
period: 1h, 24h, 7d or 30d: the drafts submitted in (as_of - period, as_of]. granularity: hour, day or week (from Monday), UTC. as_of: NULL means now; a moment of the past shows each draft as it stood then.
Result: {period, granularity, data: [{window_start, total_drafts, approved_count, approval_rate_pct, avg_confidence}], summary: {overall_approval_rate, total_drafts, avg_confidence}}, newest window first, none missing. The first and the last window are cut where the period begins and ends, so that the windows add up to the summary. Rates are approved of approved, rejected and edited, in percent with 2 decimals, NULL where nothing is decided; avg_confidence is of all drafts, 0 to 100.
Errors: 22023 for an unknown period or granularity.';

CREATE OR REPLACE FUNCTION analytics.get_approval_rate(start_date date, end_date date, group_by text DEFAULT 'day')
RETURNS jsonb LANGUAGE c STABLE PARALLEL RESTRICTED COST 10000 AS 'MODULE_PATHNAME', 'analytics_get_approval_rate';
COMMENT ON FUNCTION analytics.get_approval_rate(date, date, text) IS
'How often drafts are approved as they are, between two days.
start_date, end_date: UTC days, both included; at most 2,000 buckets. group_by: hour, day, week (from Monday) or month.
Result: {start_date, end_date, group_by, data: [{date, total_drafts, approved, rejected, edited, approval_rate_pct}]}, by when the drafts were submitted, newest first, none missing. date is the day on which the bucket begins, of hours the instant; a week or month that begins before start_date holds what is after it only. approval_rate_pct is approved of approved, rejected and edited, in percent with 2 decimals, NULL where nothing is decided.
Errors: 22023 for a missing day, a start after the end, an unknown group_by or too many buckets.';

CREATE OR REPLACE FUNCTION analytics.get_agent_performance(period text DEFAULT '1h', agent text DEFAULT NULL, as_of timestamptz DEFAULT NULL)
RETURNS TABLE (agent text, query_count bigint, avg_latency_ms double precision, p95_latency_ms double precision, slow_query_count bigint,
               performance_rating text)
LANGUAGE c STABLE PARALLEL RESTRICTED COST 10000 ROWS 20 AS 'MODULE_PATHNAME', 'analytics_get_agent_performance';
COMMENT ON FUNCTION analytics.get_agent_performance(text, text, timestamptz) IS
'How fast agents answer: one row an agent that was asked, the busiest first.
period: 1h, 24h, 7d or 30d: the queries of (as_of - period, as_of]. agent: this one only. as_of: NULL means now.
Result: query_count; avg_latency_ms and p95_latency_ms (within 1 % of the exact one) with 3 decimals, NULL where no latency is known; slow_query_count, queries above 1,000 ms (setting agent_analytics.slow_query_ms); performance_rating by p95: excellent up to 350 ms, good up to 600, fair up to 1,200, poor above (settings agent_analytics.rating_excellent_ms, rating_good_ms, rating_fair_ms), NULL without a latency.
Errors: 22023 for an unknown period.';

CREATE OR REPLACE FUNCTION analytics.get_agent_accuracy(days integer DEFAULT 7, agent text DEFAULT NULL, as_of timestamptz DEFAULT NULL)
RETURNS TABLE (agent_type text, day_bucket date, total_queries bigint, approved_queries bigint, human_edited_queries bigint,
               approval_rate_pct numeric, edit_rate_pct numeric, avg_latency_ms double precision, max_latency_ms double precision,
               avg_accuracy_score numeric, avg_helpfulness_score numeric, avg_tone_score numeric, safe_to_send_count bigint)
LANGUAGE c STABLE PARALLEL RESTRICTED COST 10000 ROWS 50 AS 'MODULE_PATHNAME', 'analytics_get_agent_accuracy';
COMMENT ON FUNCTION analytics.get_agent_accuracy(integer, text, timestamptz) IS
'What became of agents'' answers, by agent and day: newest day first, then by agent, none missing.
days: 1 to 30 UTC days, the last one running and cut at as_of. agent: this one only; its days are shown also where it did nothing. as_of: NULL means now.
Result: agent_type (the agent; without the argument those with a query or a training example in these days), day_bucket; total_queries, approved_queries and human_edited_queries (a query may be both), approval_rate_pct and edit_rate_pct of total_queries, 0 to 100 with 2 decimals, NULL without queries; avg_latency_ms and max_latency_ms with 3 decimals. Of the training examples of that agent and day: avg_accuracy_score, avg_helpfulness_score and avg_tone_score, 1 to 5 with 2 decimals, NULL where none was given, and safe_to_send_count.
Errors: 22023 for days out of range.';

CREATE OR REPLACE FUNCTION analytics.get_agent_summary(as_of timestamptz DEFAULT NULL, OUT time_period text, OUT pending_approvals bigint,
    OUT approvals_24h bigint, OUT avg_confidence_24h numeric, OUT queries_24h bigint, OUT avg_latency_24h double precision,
    OUT approved_queries_24h bigint, OUT training_examples_24h bigint, OUT safe_examples_24h bigint, OUT avg_accuracy_24h numeric,
    OUT summary_updated_at timestamptz)
LANGUAGE c STABLE PARALLEL RESTRICTED COST 10000 AS 'MODULE_PATHNAME', 'analytics_get_agent_summary';
COMMENT ON FUNCTION analytics.get_agent_summary(timestamptz) IS
'Drafts, queries and training examples of the last 24 hours at a glance.
as_of: NULL means now; the window is (as_of - 24 hours, as_of].
Result: time_period (last_24h); pending_approvals, drafts that wait at as_of, whenever they were submitted; approvals_24h, drafts submitted in the window, whatever became of them, and avg_confidence_24h, theirs; queries_24h, avg_latency_24h (milliseconds) and approved_queries_24h; training_examples_24h, safe_examples_24h and avg_accuracy_24h (1 to 5). Averages are NULL where there is nothing. summary_updated_at: the moment that this shows.
Errors: 22023 when as_of is out of range.';
