-- Approvals: each answer equals plain SQL over the facts, whatever was recorded, changed, decided, taken up again or deleted,
-- refreshed or not, now and for any moment before.
\ir include/start.sql
SELECT no_plan();
SET client_min_messages = error;

-- How drafts stood at a moment.
CREATE FUNCTION stood(as_of timestamptz) RETURNS TABLE (id uuid, conversation_id text, customer_name text, confidence numeric, priority text, created timestamptz,
    decided timestamptz, state text, draft text) LANGUAGE sql STABLE AS $$
    SELECT a.id, a.conversation_id, a.customer_name, a.confidence_score, a.priority, a.created_at, CASE WHEN a.resolved_at <= $1 THEN a.resolved_at END,
           CASE WHEN a.resolved_at <= $1 THEN a.status ELSE 'pending' END, a.draft_response
    FROM analytics_data.agent_approvals a WHERE a.tenant_id = analytics.current_tenant() AND a.created_at <= $1
$$;
CREATE FUNCTION rate(a bigint, b bigint) RETURNS numeric LANGUAGE sql AS $$ SELECT round(100.0 * a / nullif(b, 0), 2) $$;

-- The latencies below are eighths, so that their sums are exact in any order.
CREATE FUNCTION milliseconds(x float8) RETURNS float8 LANGUAGE sql AS $$ SELECT trunc(x * 1000 + 0.5) / 1000 $$;

CREATE FUNCTION plain_status(as_of timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT ROW(count(*) FILTER (WHERE state = 'pending'), count(*) FILTER (WHERE state = 'pending' AND priority = 'urgent'), round(avg(confidence) FILTER (WHERE state = 'pending'), 2),
               round(extract(epoch FROM $1 - min(created) FILTER (WHERE state = 'pending')) / 60, 2),
               count(*) FILTER (WHERE state = 'approved' AND decided >= date_trunc('day', $1)), count(*) FILTER (WHERE state = 'rejected' AND decided >= date_trunc('day', $1)), $1)::text
    FROM stood($1)
$$;
CREATE FUNCTION plain_preview(draft text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    cut integer := 120;
BEGIN
    IF length(draft) <= 120 THEN RETURN draft; END IF;
    WHILE cut > 0 AND substr(draft, cut + 1, 1) !~ '\s' LOOP cut := cut - 1; END LOOP;
    IF cut = 0 THEN cut := 120; END IF;
    RETURN rtrim(left(draft, cut)) || '...';
END $$;
CREATE FUNCTION plain_list(wanted text, lowest numeric, most integer, skipped integer, as_of timestamptz) RETURNS jsonb LANGUAGE sql STABLE AS $$
    WITH waiting AS (SELECT *, row_number() OVER (ORDER BY array_position('{urgent,high,normal,low}', priority), created, id) AS place FROM stood($5)
                     WHERE state = 'pending' AND (wanted IS NULL OR priority = wanted) AND (lowest IS NULL OR confidence >= lowest))
    SELECT jsonb_build_object('data', coalesce(jsonb_agg(jsonb_build_object('id', id, 'conversation_id', conversation_id, 'customer_name', customer_name, 'confidence_score', confidence,
               'priority', priority, 'pending_minutes', round(extract(epoch FROM $5 - created) / 60, 2), 'draft_preview', plain_preview(draft)) ORDER BY place)
               FILTER (WHERE place > skipped AND place <= skipped + most), '[]'),
           'pagination', jsonb_build_object('total', count(*), 'limit', most, 'offset', skipped, 'has_more', count(*) > skipped + most))
    FROM waiting
$$;
CREATE FUNCTION plain_metrics(by text, days integer, as_of timestamptz) RETURNS TABLE (r text) LANGUAGE sql STABLE AS $$
    SELECT ROW(to_char(b, CASE by WHEN 'hour' THEN 'YYYY-MM-DD"T"HH24:MI:SS+00:00' ELSE 'YYYY-MM-DD' END), count(s.id), count(*) FILTER (WHERE state = 'pending'), count(*) FILTER (WHERE state = 'approved'),
               count(*) FILTER (WHERE state = 'rejected'), count(*) FILTER (WHERE state = 'edited'), count(*) FILTER (WHERE priority = 'urgent'), count(*) FILTER (WHERE priority = 'high'),
               count(*) FILTER (WHERE priority = 'normal'), count(*) FILTER (WHERE priority = 'low'), round(avg(confidence), 2), min(confidence), max(confidence),
               round(avg(extract(epoch FROM decided - created)) / 60, 2), $3)::text
    FROM generate_series(date_trunc(by, $3) - (CASE by WHEN 'hour' THEN 24 ELSE 1 END * days - 1) * ('1 ' || by)::interval, date_trunc(by, $3), ('1 ' || by)::interval) b
    LEFT JOIN stood($3) s ON s.created >= b AND s.created < b + ('1 ' || by)::interval
    GROUP BY b ORDER BY b DESC
$$;
CREATE FUNCTION plain_accuracy(period text, by text, as_of timestamptz) RETURNS jsonb LANGUAGE sql STABLE AS $$
    WITH bucket AS (
        SELECT b, count(s.id) AS total, count(*) FILTER (WHERE state = 'approved') AS approved, count(s.decided) AS decided, avg(confidence) AS mean, sum(confidence) AS sum, count(confidence) AS n
        FROM generate_series(date_trunc(by, $3 - period::interval + interval '1 microsecond'), $3, ('1 ' || by)::interval) b
        LEFT JOIN stood($3) s ON s.created >= b AND s.created < b + ('1 ' || by)::interval AND s.created > $3 - period::interval
        GROUP BY b)
    SELECT jsonb_build_object('period', period, 'granularity', by, 'data', jsonb_agg(jsonb_build_object('window_start', to_char(b, 'YYYY-MM-DD"T"HH24:MI:SS+00:00'), 'total_drafts', total,
               'approved_count', approved, 'approval_rate_pct', rate(approved, decided), 'avg_confidence', round(mean, 2)) ORDER BY b DESC),
           'summary', jsonb_build_object('overall_approval_rate', rate(sum(approved)::bigint, sum(decided)::bigint), 'total_drafts', sum(total), 'avg_confidence', round(sum(sum) / nullif(sum(n), 0), 2)))
    FROM bucket
$$;
CREATE FUNCTION plain_rate(first date, last date, by text) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object('start_date', first, 'end_date', last, 'group_by', by, 'data', jsonb_agg(jsonb_build_object('date', to_char(b, CASE by WHEN 'hour' THEN 'YYYY-MM-DD"T"HH24:MI:SS+00:00' ELSE 'YYYY-MM-DD' END),
               'total_drafts', total, 'approved', approved, 'rejected', rejected, 'edited', edited, 'approval_rate_pct', rate(approved, approved + rejected + edited)) ORDER BY b DESC))
    FROM (SELECT b, count(s.id) AS total, count(*) FILTER (WHERE s.status = 'approved' AND s.resolved_at <= now()) AS approved, count(*) FILTER (WHERE s.status = 'rejected' AND s.resolved_at <= now()) AS rejected, count(*) FILTER (WHERE s.status = 'edited' AND s.resolved_at <= now()) AS edited
          FROM generate_series(date_trunc(by, first::timestamptz), last + time '23:59', ('1 ' || by)::interval) b
          LEFT JOIN analytics_data.agent_approvals s ON s.tenant_id = analytics.current_tenant() AND s.created_at >= greatest(b, first) AND s.created_at < least(b + ('1 ' || by)::interval, last + 1)
          GROUP BY b) x
$$;
-- A percentile out of a sketch is within 1 % of the exact one or its neighbours.
CREATE FUNCTION plain_performance(period text, wanted text, as_of timestamptz) RETURNS TABLE (agent text, n bigint, mean float8, low float8, high float8, slow bigint) LANGUAGE sql STABLE AS $$
    SELECT x.agent, x.n, x.mean, l[greatest(1, floor(0.95 * (timed - 1))::integer)], l[least(timed, ceil(0.95 * (timed - 1))::integer + 2)], x.slow
    FROM (SELECT q.agent, count(*) AS n, milliseconds(avg(latency_ms)) AS mean, array_agg(latency_ms ORDER BY latency_ms) AS l, count(latency_ms)::integer AS timed, count(*) FILTER (WHERE latency_ms > 1000) AS slow
          FROM analytics_data.agent_queries q
          WHERE q.tenant_id = analytics.current_tenant() AND q.created_at > $3 - period::interval AND q.created_at <= $3 AND (wanted IS NULL OR q.agent = wanted)
          GROUP BY 1) x
$$;
CREATE FUNCTION plain_agent_days(days integer, wanted text, as_of timestamptz) RETURNS TABLE (r text) LANGUAGE sql STABLE AS $$
    WITH query AS (SELECT q.agent AS who, date_trunc('day', q.created_at) AS day, q.* FROM analytics_data.agent_queries q WHERE q.tenant_id = analytics.current_tenant()
                   AND q.created_at >= date_trunc('day', $3) - (days - 1) * interval '1 day' AND q.created_at <= $3 AND (wanted IS NULL OR q.agent = wanted)),
         example AS (SELECT e.agent AS who, date_trunc('day', e.created_at) AS day, e.* FROM analytics_data.training_examples e WHERE e.tenant_id = analytics.current_tenant() AND e.agent IS NOT NULL
                     AND e.created_at >= date_trunc('day', $3) - (days - 1) * interval '1 day' AND e.created_at <= $3 AND (wanted IS NULL OR e.agent = wanted)),
         who AS (SELECT who FROM query UNION SELECT who FROM example UNION SELECT wanted WHERE wanted IS NOT NULL)
    SELECT ROW(who, day::date, n, approved, edited, rate(approved, n), rate(edited, n), mean, worst, accuracy, helpfulness, tone, coalesce(safe, 0))::text
    FROM who CROSS JOIN generate_series(date_trunc('day', $3) - (days - 1) * interval '1 day', $3, '1 day') day,
         LATERAL (SELECT count(*) AS n, count(*) FILTER (WHERE q.approved) AS approved, count(*) FILTER (WHERE q.human_edited) AS edited, milliseconds(avg(q.latency_ms)) AS mean, max(q.latency_ms) AS worst
                  FROM query q WHERE q.who = who.who AND q.day = day.day) q,
         LATERAL (SELECT round(avg(e.accuracy_score), 2) AS accuracy, round(avg(e.helpfulness_score), 2) AS helpfulness, round(avg(e.tone_score), 2) AS tone, count(*) FILTER (WHERE e.safe_to_send) AS safe
                  FROM example e WHERE e.who = who.who AND e.day = day.day) e
    ORDER BY day DESC, who COLLATE "C"
$$;
CREATE FUNCTION plain_summary(as_of timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT ROW('last_24h'::text, d.pending, d.fresh, d.confidence, q.n, q.mean, q.approved, e.n, e.safe, e.accuracy, $1)::text
    FROM (SELECT count(*) FILTER (WHERE state = 'pending') AS pending, count(*) FILTER (WHERE created > $1 - interval '24 hours') AS fresh,
                 round(avg(confidence) FILTER (WHERE created > $1 - interval '24 hours'), 2) AS confidence FROM stood($1)) d,
         (SELECT count(*) AS n, milliseconds(avg(latency_ms)) AS mean, count(*) FILTER (WHERE approved) AS approved FROM analytics_data.agent_queries
          WHERE tenant_id = analytics.current_tenant() AND created_at > $1 - interval '24 hours' AND created_at <= $1) q,
         (SELECT count(*) AS n, count(*) FILTER (WHERE safe_to_send) AS safe, round(avg(accuracy_score), 2) AS accuracy FROM analytics_data.training_examples
          WHERE tenant_id = analytics.current_tenant() AND created_at > $1 - interval '24 hours' AND created_at <= $1) e
$$;

-- What may happen. Instants are whole minutes of a few days, so that many meet, at edges of buckets too; some waits are long.
CREATE FUNCTION some_instant() RETURNS timestamptz LANGUAGE sql VOLATILE AS $$
    SELECT timestamptz '2026-03-02 12:00Z' - CASE WHEN random() < 0.8 THEN floor(random() * 60 * 24 * 3) ELSE floor(random() * 60 * 24 * 45) END * interval '1 minute'
$$;
CREATE FUNCTION one_of(choices text[]) RETURNS text LANGUAGE sql VOLATILE AS $$ SELECT choices[1 + floor(random() * cardinality(choices))::int] $$;
CREATE PROCEDURE happen() LANGUAGE plpgsql AS $$
DECLARE
    dice float8 := random();
    this uuid := md5((floor(random() * 150))::text)::uuid;
    at timestamptz := some_instant();
BEGIN
    IF dice < 0.4 THEN  -- a draft comes, mostly pending; some as a history with its decision
        INSERT INTO analytics_data.agent_approvals (id, conversation_id, draft_response, agent, customer_name, confidence_score, priority, created_at, status, resolved_at)
        SELECT this, 'c' || i, repeat(one_of('{word ,longer ,x}'), (20 + random() * 100)::int), one_of('{a,b,c,NULL}'), one_of('{Ada,Ben}'), CASE WHEN random() < 0.9 THEN round((random() * 100)::numeric, 1) END,
               one_of('{urgent,high,normal,low}'), at, CASE WHEN decided IS NULL THEN 'pending' ELSE one_of('{approved,rejected,edited}') END, decided
        FROM (SELECT (random() * 9)::int AS i, CASE WHEN random() < 0.3 THEN at + CASE WHEN random() < 0.7 THEN floor(random() * 300) ELSE floor(random() * 60 * 24 * 300) END * interval '1 minute' END AS decided) x
        ON CONFLICT DO NOTHING;
    ELSIF dice < 0.65 THEN  -- it is decided
        UPDATE analytics_data.agent_approvals a SET status = one_of('{approved,rejected,edited}'), resolved_by = 'ana',
               resolved_at = a.created_at + CASE WHEN random() < 0.7 THEN floor(random() * 300) ELSE floor(random() * 60 * 24 * 30) END * interval '1 minute'
        WHERE a.tenant_id = analytics.current_tenant() AND a.id = this AND a.status = 'pending';
    ELSIF dice < 0.7 THEN  -- taken up again, moved, gone
        UPDATE analytics_data.agent_approvals a SET status = 'pending' WHERE a.tenant_id = analytics.current_tenant() AND a.id = this;
    ELSIF dice < 0.75 THEN
        UPDATE analytics_data.agent_approvals a SET priority = one_of('{urgent,high,normal,low}'), created_at = least(at, a.resolved_at), confidence_score = round((random() * 100)::numeric, 1)
        WHERE a.tenant_id = analytics.current_tenant() AND a.id = this;
    ELSIF dice < 0.78 THEN
        DELETE FROM analytics_data.agent_approvals a WHERE a.tenant_id = analytics.current_tenant() AND a.id = this;
    ELSIF dice < 0.92 THEN
        INSERT INTO analytics_data.agent_queries (agent, created_at, latency_ms, approved, human_edited, success)
        SELECT one_of('{a,b,c}'), at, CASE WHEN random() < 0.9 THEN floor(random() * 12000) / 8 END, CASE WHEN random() < 0.8 THEN random() < 0.7 END, random() < 0.2, random() < 0.9
        FROM generate_series(1, 5);
    ELSIF dice < 0.96 THEN
        INSERT INTO analytics_data.training_examples (agent, created_at, accuracy_score, helpfulness_score, tone_score, safe_to_send)
        VALUES (one_of('{a,d,NULL}'), at, CASE WHEN random() < 0.7 THEN 1 + floor(random() * 5) END, 3, 1 + floor(random() * 5), CASE WHEN random() < 0.8 THEN random() < 0.5 END);
    ELSE
        PERFORM analytics.refresh_rollups(one_of('{approval_stats,approval_decisions,agent_query_stats,training_by_agent,training_stats}'));
    END IF;
END $$;

CREATE FUNCTION compared(as_of timestamptz) RETURNS TABLE (what text, ours text, plain text) LANGUAGE plpgsql AS $$
DECLARE
    p text := one_of('{1h,24h,7d,30d}');
    g text := one_of('{hour,day,week}');
    days integer := 1 + floor(random() * 5);
    wanted text := CASE WHEN random() < 0.5 THEN one_of('{urgent,high,normal,low}') END;
    least_confidence numeric := CASE WHEN random() < 0.5 THEN floor(random() * 100) END;
    most integer := 1 + floor(random() * 30);
    skipped integer := floor(random() * 20);
    who text := CASE WHEN random() < 0.4 THEN one_of('{a,b,d,nobody}') END;
BEGIN
    RETURN QUERY SELECT 'get_queue_status'::text, (SELECT s::text FROM analytics.get_queue_status(as_of) s), plain_status(as_of);
    RETURN QUERY SELECT 'list_pending_approvals', analytics.list_pending_approvals(wanted, least_confidence, most, skipped, as_of)::text, plain_list(wanted, least_confidence, most, skipped, as_of)::text;
    RETURN QUERY SELECT 'get_queue_metrics ' || x.by, (SELECT string_agg(m::text, E'\n') FROM analytics.get_queue_metrics(x.by, days, as_of) m), (SELECT string_agg(m.r, E'\n') FROM plain_metrics(x.by, days, as_of) m)
        FROM unnest('{hour,day}'::text[]) x(by);
    RETURN QUERY SELECT format('get_approval_accuracy %s %s', p, g), analytics.get_approval_accuracy(p, g, as_of)::text, plain_accuracy(p, g, as_of)::text;
    RETURN QUERY SELECT 'get_approval_rate ' || x.by, analytics.get_approval_rate(as_of::date - days * 3, as_of::date, x.by)::text, plain_rate(as_of::date - days * 3, as_of::date, x.by)::text FROM unnest('{hour,day,week,month}'::text[]) x(by);
    RETURN QUERY SELECT 'get_agent_accuracy', (SELECT string_agg(a::text, E'\n') FROM analytics.get_agent_accuracy(days, who, as_of) a), (SELECT string_agg(a.r, E'\n') FROM plain_agent_days(days, who, as_of) a);
    RETURN QUERY SELECT 'get_agent_summary', (SELECT s::text FROM analytics.get_agent_summary(as_of) s), plain_summary(as_of);
    RETURN QUERY SELECT 'get_agent_performance ' || p, (SELECT string_agg(concat_ws(' ', a.agent, a.query_count, a.avg_latency_ms, a.slow_query_count), ', ' ORDER BY a.agent) FROM analytics.get_agent_performance(p, who, as_of) a),
        (SELECT string_agg(concat_ws(' ', a.agent, a.n, a.mean, a.slow), ', ' ORDER BY a.agent) FROM plain_performance(p, who, as_of) a);
    RETURN QUERY SELECT 'p95 ' || a.agent, a.p95_latency_ms::text, format('%s to %s', b.low, b.high) FROM analytics.get_agent_performance(p, who, as_of) a JOIN plain_performance(p, who, as_of) b USING (agent)
        WHERE a.p95_latency_ms < b.low * 0.99 OR a.p95_latency_ms > b.high * 1.01;
END $$;

SELECT setseed(0.4) \g /dev/null
CREATE TABLE found (step integer, as_of timestamptz, what text, ours text, plain text);
DO $$ BEGIN FOR i IN 1..600 LOOP
    CALL happen();
    COMMIT;
    IF i % 15 = 0 THEN
        PERFORM set_config('agent_analytics.tenant', CASE WHEN i % 45 = 0 THEN 'other' ELSE 'default' END, false);
        INSERT INTO found SELECT i, a, c.* FROM unnest(ARRAY['2026-04-10 00:00Z', some_instant(), some_instant()]) a, compared(a) c;
    END IF;
END LOOP; END $$;
SELECT is_empty('SELECT step, as_of, what, ours, plain FROM found WHERE ours IS DISTINCT FROM plain', 'every answer is exact at any moment, after each of 600 random changes');
SELECT cmp_ok((SELECT count(*) FROM found), '>=', 1300::bigint, 'they were compared');
SELECT cmp_ok((SELECT count(DISTINCT ours) FROM found WHERE what = f), '>', 60::bigint, f || ' had something to tell') FROM unnest('{get_queue_status,list_pending_approvals,get_queue_metrics hour,get_approval_rate day,get_agent_summary}'::text[]) f;
SELECT cmp_ok((SELECT count(*) FROM found f, analytics_data.agent_approvals a WHERE f.what = 'get_queue_status' AND a.tenant_id = 'default' AND a.created_at <= f.as_of AND a.resolved_at > f.as_of AND f.as_of < '2026-04-01'), '>', 100::bigint,
    'drafts that were decided later were open then');

-- Each class of waits is found from a moment at both of its ends.
SELECT set_config('agent_analytics.tenant', 'waits', false) \g /dev/null
INSERT INTO analytics_data.agent_approvals (conversation_id, draft_response, confidence_score, created_at, status, resolved_at)
SELECT 'c', 'd', 50, timestamptz '2010-01-01 00:00Z', 'approved', timestamptz '2010-01-01 00:00Z' + 4 ^ c * interval '1 hour' + e * interval '1 microsecond' FROM generate_series(0, 8) c, generate_series(-1, 1) e;
INSERT INTO analytics_data.agent_approvals (conversation_id, draft_response, confidence_score, created_at, status, resolved_at) VALUES ('c', 'd', 50, '2010-01-01 00:00Z', 'edited', '2040-01-01 00:00Z'), ('c', 'd', 50, '2010-01-01 00:00Z', 'edited', '2010-01-01 00:00Z');
SELECT is((SELECT array_agg(DISTINCT wait_class ORDER BY wait_class) FROM analytics_data.agent_approvals WHERE tenant_id = 'waits'), '{0,1,2,3,4,5,6,7,8,9}', 'there are waits of each class');
SELECT is_empty($$SELECT at, (analytics.get_queue_status(at)).pending_count, count(s.id) FROM (SELECT DISTINCT resolved_at + e * interval '1 microsecond' AS at FROM analytics_data.agent_approvals, generate_series(-1, 1) e WHERE tenant_id = 'waits') a,
    LATERAL (SELECT * FROM stood(at)) s WHERE s.state = 'pending' GROUP BY at HAVING (analytics.get_queue_status(at)).pending_count <> count(s.id)$$, 'what waited long is found as well');
RESET agent_analytics.tenant;

-- Previews.
SELECT is(analytics_internal.draft_preview(t), plain_preview(t), 'a preview of ' || left(replace(t, E'\n', ' '), 20)) FROM (VALUES (repeat('x', 120)), (repeat('x', 121)), (repeat('x', 119) || ' y'), (repeat('x', 120) || ' y'),
    (E'one\ntwo\n' || repeat('x', 130)), (repeat('word ', 24)), (repeat('w' || E'\t', 90)), (repeat(' ', 130)), ('')) v(t);

-- Settings.
SET agent_analytics.slow_query_ms = 700;
SELECT set_eq($$SELECT agent, slow_query_count FROM analytics.get_agent_performance('30d', as_of => '2026-03-02 12:00Z')$$,
    $$SELECT agent, count(*) FILTER (WHERE latency_ms > 700) FROM analytics_data.agent_queries WHERE tenant_id = 'default' AND created_at > timestamptz '2026-03-02 12:00Z' - interval '30 days' AND created_at <= '2026-03-02 12:00Z' GROUP BY 1$$, 'slow is what the setting says');
RESET agent_analytics.slow_query_ms;
SELECT analytics.record_agent_query('rated', latency_ms => l, created_at => '2026-05-01 00:00Z') FROM unnest('{400}'::float8[]) l \g /dev/null
CREATE FUNCTION rating() RETURNS text LANGUAGE sql AS $$ SELECT performance_rating FROM analytics.get_agent_performance('1h', 'rated', '2026-05-01 00:30Z') $$;
SELECT is(rating(), 'good', 'a rating by the p95');
SET agent_analytics.rating_excellent_ms = '0.5s';
SELECT is(rating(), 'excellent', 'and by the settings');
SET agent_analytics.rating_excellent_ms = 100; SET agent_analytics.rating_good_ms = 200;
SELECT is(rating(), 'fair', 'fair');
SET agent_analytics.rating_fair_ms = 300;
SELECT is(rating(), 'poor', 'poor');
RESET agent_analytics.rating_excellent_ms; RESET agent_analytics.rating_good_ms; RESET agent_analytics.rating_fair_ms;

-- The table keeps itself in order, whoever writes.
SELECT throws_ok(format('INSERT INTO analytics_data.agent_approvals (conversation_id, draft_response, confidence_score%s) VALUES (''c'', ''d'', %s)', c, v), '23514', NULL, 'refused: ' || c || ' ' || v)
FROM (VALUES ('', '101'), ('', '-0.1'), ('', '''NaN'''), (', priority', '50, ''hot'''), (', status', '50, ''open'''), (', resolved_by', '50, ''ana'''), (', final_response', '50, ''x'''),
             (', created_at', '50, ''infinity'''), (', status, created_at, resolved_at', '50, ''approved'', ''2026-03-02Z'', ''2026-03-01Z''')) x(c, v);
INSERT INTO analytics_data.agent_approvals (id, conversation_id, draft_response) VALUES ('00000000-0000-0000-0000-00000000000a', 'c', 'd');
UPDATE analytics_data.agent_approvals SET status = 'approved', resolved_by = 'ana' WHERE id = '00000000-0000-0000-0000-00000000000a';
SELECT is((SELECT resolved_at FROM analytics_data.agent_approvals WHERE id = '00000000-0000-0000-0000-00000000000a') BETWEEN now() - interval '1 minute' AND now(), true, 'a decision without an instant is made now');
SELECT throws_ok($$UPDATE analytics_data.agent_approvals SET resolved_at = created_at - interval '1 second' WHERE id = '00000000-0000-0000-0000-00000000000a'$$, '23514', NULL, 'not before the draft');
UPDATE analytics_data.agent_approvals SET status = 'pending' WHERE id = '00000000-0000-0000-0000-00000000000a';
SELECT is((SELECT num_nonnulls(resolved_at, resolved_by) FROM analytics_data.agent_approvals WHERE id = '00000000-0000-0000-0000-00000000000a'), 0, 'taken up again it has no decision');
COPY analytics_data.agent_approvals (id, conversation_id, draft_response, confidence_score, status) FROM stdin;
00000000-0000-0000-0000-00000000000b	c	d	50	edited
\.
SELECT is((SELECT resolved_at IS NOT NULL FROM analytics_data.agent_approvals WHERE id = '00000000-0000-0000-0000-00000000000b'), true, 'also by COPY');

-- Rights and rows: readers of views are readers of functions, and see their tenant.
DO $$ BEGIN PERFORM analytics.setup_roles(); END $$;
SELECT set_config('request.jwt.claims', '{"tenant_id": "other", "sub": "u1"}', false) \g /dev/null
SET ROLE authenticated;
SELECT is((SELECT pending_count FROM analytics.mv_agent_queue_realtime), (SELECT (analytics.get_queue_status()).pending_count), 'the view shows the tenant''s own queue');
SELECT results_eq('SELECT total_items FROM analytics.approval_queue_metrics', 'SELECT total_items FROM analytics.get_queue_metrics()', 'a view is what the function answers');
SELECT lives_ok('SELECT FROM analytics.' || v, v || ' can be selected from') FROM unnest('{agent_accuracy_metrics,agent_performance_summary}'::text[]) v;
SELECT throws_ok($$SELECT analytics.resolve_approval('00000000-0000-0000-0000-00000000000a', 'approved')$$, '42501', NULL, 'a reader decides nothing');
RESET ROLE;
SET ROLE analytics_writer;
SELECT throws_ok($$SELECT analytics.resolve_approval('00000000-0000-0000-0000-00000000000a', 'approved')$$, 'PT404', 'approval not found', 'nor anybody for another tenant');
SELECT analytics.submit_approval('c', 'd', 50, id => '00000000-0000-0000-0000-00000000000a') \g /dev/null
SELECT is(analytics.resolve_approval('00000000-0000-0000-0000-00000000000a', 'approved'), 'approved', 'a writer does');
RESET ROLE;
SELECT is((SELECT resolved_by FROM analytics_data.agent_approvals WHERE tenant_id = 'other' AND id = '00000000-0000-0000-0000-00000000000a'), 'u1', 'by the claim sub, where the call does not say');
RESET request.jwt.claims;

-- The queue is read by its index, in its order, also by those whom row security binds.
INSERT INTO analytics_data.agent_approvals (tenant_id, conversation_id, draft_response, confidence_score, priority, created_at, status, resolved_at)
SELECT 't' || i % 5, 'c', 'd', i % 100, 'low', timestamptz '2026-01-01Z' + i * interval '1 minute', CASE WHEN i % 10 = 0 THEN 'pending' ELSE 'approved' END, CASE WHEN i % 10 <> 0 THEN timestamptz '2026-01-01Z' + i * interval '1 minute' + i % 300 * interval '1 minute' END
FROM generate_series(1, 20000) i;
ANALYZE analytics_data.agent_approvals;
SET ROLE authenticated;
SELECT set_config('request.jwt.claims', '{"tenant_id": "t0"}', false) \g /dev/null
CREATE FUNCTION pg_temp.plan_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    line text;
    lines text := '';
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        lines := lines || line || E'\n';
    END LOOP;
    RETURN lines;
END $$;
SELECT matches(pg_temp.plan_of($$SELECT id FROM analytics_data.agent_approvals WHERE tenant_id = 't0' AND status = 'pending' AND queue_rank BETWEEN 1 AND 4 AND created_at <= '2026-02-01Z' ORDER BY queue_rank, created_at, id LIMIT 20$$),
    '^Limit\s(?!.*Sort).*Index Only Scan using agent_approvals_queue', 'a page comes from the index without sorting');
SELECT matches(pg_temp.plan_of($$SELECT * FROM analytics_internal.approvals_decided_after('t0', '2026-01-05Z')$$), 'Index Scan (using|on) agent_approvals_waits.*Index Cond: [^\n]*wait_class = [^\n]*resolved_at, [^\n]*\) > [^\n]*\) <= ', 'and so does what was open at a moment');
RESET ROLE;
SELECT * FROM finish();
