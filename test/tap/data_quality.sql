-- Data quality: what get_data_quality counts is what plain SQL counts, whatever happens to the facts, refreshed or not; rules of
-- a tenant's own are hostile input; kept days stay as they were.
\ir include/start.sql
SELECT no_plan();
SET client_min_messages = error;

-- The counts, said anew in plain SQL over the facts.
CREATE FUNCTION plain_counts(at timestamptz) RETURNS jsonb LANGUAGE sql STABLE AS $$
    WITH a AS (SELECT * FROM analytics_data.agent_approvals WHERE tenant_id = analytics.current_tenant() AND created_at > at - interval '720 hours' AND created_at <= at),
    q AS (SELECT * FROM analytics_data.agent_queries WHERE tenant_id = analytics.current_tenant() AND created_at > at - interval '720 hours' AND created_at <= at),
    t AS (SELECT * FROM analytics_data.training_examples WHERE tenant_id = analytics.current_tenant() AND created_at > at - interval '720 hours' AND created_at <= at),
    known AS (SELECT agent_id AS agent FROM analytics_data.agents WHERE tenant_id = analytics.current_tenant()
              UNION SELECT x FROM (SELECT agent AS x FROM q UNION SELECT agent_id FROM analytics_data.llm_calls WHERE tenant_id = analytics.current_tenant() AND agent_id IS NOT NULL AND created_at > at - interval '720 hours' AND created_at <= at) s
                    WHERE NOT EXISTS (SELECT FROM analytics_data.agents WHERE tenant_id = analytics.current_tenant())),
    row AS (SELECT 'a' AS source, num_nulls(agent, confidence_score) + (coalesce(btrim(customer_message), '') = '')::int AS missing, 3 AS fields,
                   (status = 'edited' AND (final_response IS NULL OR final_response = draft_response)) OR (status = 'approved' AND coalesce(final_response <> draft_response, false)) OR created_at > received_at + interval '5 minutes' AS bad,
                   received_at - created_at AS lag, agent, NULL AS conversation_id FROM a
            UNION ALL SELECT 'q', num_nulls(latency_ms) + (coalesce(btrim(query), '') = '')::int, 2,
                   coalesce(latency_ms > 3600000, false) OR success AND error_type IS NOT NULL OR NOT success AND error_type IS NULL OR coalesce(approved, false) AND NOT success OR created_at > received_at + interval '5 minutes', received_at - created_at, agent, NULL FROM q
            UNION ALL SELECT 't', num_nulls(conversation_id, agent, safe_to_send, category, accuracy_score, helpfulness_score, tone_score, annotator) + (coalesce(btrim(input_text), '') = '')::int + (coalesce(btrim(model_draft), '') = '')::int, 10,
                   coalesce(safe_to_send, false) AND 1 IN (coalesce(clarity_score, 0), coalesce(accuracy_score, 0), coalesce(helpfulness_score, 0), coalesce(tone_score, 0)) OR coalesce(response_time_ms > 3600000, false)
                   OR coalesce(btrim(model_draft) = btrim(input_text) AND btrim(input_text) <> '', false) OR created_at > received_at + interval '5 minutes', received_at - created_at, agent, conversation_id FROM t),
    judged AS (SELECT *, agent IS NOT NULL AND EXISTS (SELECT FROM known) AND agent NOT IN (SELECT k.agent FROM known k) AS unknown_agent,
                      conversation_id IS NOT NULL AND EXISTS (SELECT FROM analytics_data.agent_approvals p WHERE p.tenant_id = analytics.current_tenant())
                      AND NOT EXISTS (SELECT FROM analytics_data.agent_approvals p WHERE p.tenant_id = analytics.current_tenant() AND p.conversation_id = row.conversation_id) AS unknown_conversation FROM row),
    open AS (SELECT created_at FROM a WHERE resolved_at IS NULL OR resolved_at > at),
    sums AS (SELECT count(*) AS rows, coalesce(sum(missing), 0) AS missing, coalesce(sum(fields), 0) AS fields, count(*) FILTER (WHERE bad) AS bad, count(*) FILTER (WHERE lag > interval '1 hour' AND lag <= interval '1 day') AS late,
                    count(*) FILTER (WHERE agent IS NOT NULL OR conversation_id IS NOT NULL) AS refer, count(*) FILTER (WHERE unknown_agent OR unknown_conversation) AS orphans,
                    count(*) FILTER (WHERE unknown_agent) AS unknown_agents, count(*) FILTER (WHERE unknown_conversation) AS unknown_conversations FROM judged),
    waiting AS (SELECT count(*) AS total, count(*) FILTER (WHERE created_at < at - interval '1 hour') AS stale FROM open),
    score AS (SELECT 100.0 * (fields - missing) / nullif(fields, 0) AS completeness, 100.0 * (rows - bad) / nullif(rows, 0) AS accuracy,
                     (SELECT avg(v) FROM (VALUES (100.0 * (total - stale) / nullif(total, 0)), (100.0 * (rows - late) / nullif(rows, 0))) x(v)) AS timeliness, 100.0 * (refer - orphans) / nullif(refer, 0) AS consistency FROM sums, waiting)
    SELECT jsonb_build_object('total_rows', rows, 'missing', missing, 'invalid_rows', bad, 'late_rows', late, 'total_pending', total, 'stale_pending', stale, 'referring_records', refer, 'orphan_records', orphans,
        'unknown_agents', unknown_agents, 'unknown_conversations', unknown_conversations, 'completeness', round(completeness, 2), 'accuracy', round(accuracy, 2), 'timeliness', round(timeliness, 2), 'consistency', round(consistency, 2),
        'overall', round((SELECT avg(v) FROM (VALUES (completeness), (accuracy), (timeliness), (consistency)) x(v)), 2)) FROM sums, waiting, score
$$;
CREATE FUNCTION told_counts(at timestamptz) RETURNS jsonb LANGUAGE sql STABLE AS $$
    WITH q AS (SELECT analytics.get_data_quality(at) AS d), details AS (SELECT x ->> 'name' AS name, x -> 'score' AS score, x -> 'details' AS d FROM q, jsonb_array_elements(d -> 'dimensions') x)
    SELECT jsonb_build_object('total_rows', c.d -> 'total_rows', 'missing', (SELECT coalesce(sum(v::bigint), 0) FROM jsonb_each(c.d -> 'null_counts') t, jsonb_each_text(t.value) f(k, v)),
        'invalid_rows', a.d -> 'invalid_rows', 'late_rows', t.d -> 'late_rows', 'total_pending', t.d -> 'total_pending', 'stale_pending', t.d -> 'stale_pending', 'referring_records', r.d -> 'referring_records',
        'orphan_records', r.d -> 'orphan_records', 'unknown_agents', r.d -> 'unknown_agents', 'unknown_conversations', r.d -> 'unknown_conversations',
        'completeness', c.score, 'accuracy', a.score, 'timeliness', t.score, 'consistency', r.score, 'overall', (SELECT d -> 'overall_score' FROM q))
    FROM details c, details a, details t, details r WHERE c.name = 'completeness' AND a.name = 'accuracy' AND t.name = 'timeliness' AND r.name = 'consistency'
$$;

-- Something that happens to approvals, queries and examples of two tenants.
CREATE FUNCTION any_of(variadic texts text[]) RETURNS text LANGUAGE sql VOLATILE AS $$ SELECT texts[1 + floor(random() * array_length(texts, 1))::int] $$;
CREATE PROCEDURE happen() LANGUAGE plpgsql AS $$
DECLARE
    r CONSTANT double precision := random();
    at CONSTANT timestamptz := '2026-03-01 00:00Z'::timestamptz + random() * interval '50 days';
BEGIN
    PERFORM set_config('agent_analytics.tenant', CASE WHEN random() < 0.2 THEN 'other' ELSE 'default' END, true);
    IF r < 0.2 THEN
        INSERT INTO analytics_data.agent_approvals (conversation_id, draft_response, customer_message, agent, confidence_score, created_at, received_at)
        SELECT 'c' || (random() * 150)::int, 'draft', any_of('hello', '  ', NULL), any_of('a1', 'a2', 'a3', NULL), CASE WHEN random() < 0.8 THEN random() * 100 END, c, c + any_of('1 s', '2 hours', '3 days', '-10 minutes')::interval
        FROM generate_series(1, 6) i, LATERAL (SELECT at + i * random() * interval '1 hour' AS c) x;
    ELSIF r < 0.35 THEN
        UPDATE analytics_data.agent_approvals SET status = s, resolved_at = created_at + random() * interval '6 hours', final_response = CASE WHEN s <> 'rejected' THEN any_of('draft', 'better', NULL) END
        FROM (SELECT any_of('approved', 'edited', 'rejected') AS s) x WHERE status = 'pending' AND random() < 0.2;
    ELSIF r < 0.5 THEN
        INSERT INTO analytics_data.agent_queries (agent, query, latency_ms, success, error_type, approved, created_at, received_at)
        SELECT any_of('a1', 'a2', 'a4'), any_of('what?', '', NULL), CASE WHEN random() < 0.8 THEN random() * 4000000 END, random() < 0.8, any_of('timeout', NULL), random() < 0.5, at, at + any_of('1 s', '90 minutes', '2 days')::interval FROM generate_series(1, 6) i;
    ELSIF r < 0.7 THEN
        INSERT INTO analytics_data.training_examples (conversation_id, input_text, model_draft, agent, safe_to_send, category, accuracy_score, helpfulness_score, tone_score, annotator, response_time_ms, created_at, received_at)
        SELECT CASE WHEN random() < 0.9 THEN 'c' || (random() * 150)::int END, any_of('hi', '', NULL), any_of('hi ', 'draft', NULL), any_of('a1', 'a3', 'a5', NULL), random() < 0.5, any_of('k', NULL), 1 + (random() * 4)::int, CASE WHEN random() < 0.8 THEN 1 + (random() * 4)::int END,
               3, any_of('kim', NULL), random() * 4000000, c, c + any_of('1 s', '5 hours', '30 days')::interval FROM generate_series(1, 8) i, LATERAL (SELECT at + i * random() * interval '1 hour' AS c) x;
    ELSIF r < 0.76 THEN
        UPDATE analytics_data.training_examples SET conversation_id = 'c' || (random() * 150)::int, agent = any_of('a1', 'a5', NULL), created_at = CASE WHEN random() < 0.3 THEN at ELSE created_at END WHERE random() < 0.1;
    ELSIF r < 0.8 THEN
        UPDATE analytics_data.agent_approvals SET conversation_id = 'c' || (random() * 150)::int WHERE random() < 0.05;
    ELSIF r < 0.86 THEN
        DELETE FROM analytics_data.agent_approvals WHERE random() < 0.05;
        DELETE FROM analytics_data.training_examples WHERE random() < 0.05;
    ELSIF r < 0.865 THEN
        TRUNCATE analytics_data.agent_approvals;
    ELSIF r < 0.87 THEN
        TRUNCATE analytics_data.training_examples;
    ELSIF r < 0.88 THEN
        INSERT INTO analytics_data.agents (agent_id) VALUES (any_of('a1', 'a2', 'a3')) ON CONFLICT DO NOTHING;
    ELSIF r < 0.89 THEN
        DELETE FROM analytics_data.agents;
    ELSIF r < 0.95 THEN
        PERFORM analytics_internal.refresh_conversations((1 + random() * 40)::int);
    ELSE
        PERFORM analytics.refresh_rollups();
    END IF;
END $$;
SELECT setseed(0.75) \g /dev/null
CREATE TABLE found (step integer, as_of timestamptz, told jsonb, plain jsonb);
DO $$ BEGIN FOR i IN 1..400 LOOP
    CALL happen();
    IF i % 5 = 0 THEN
        PERFORM set_config('agent_analytics.tenant', CASE WHEN i % 4 = 0 THEN 'other' ELSE 'default' END, true);
        INSERT INTO found SELECT i, a, told_counts(a), plain_counts(a) FROM unnest(ARRAY['2026-04-20 00:00Z', '2026-03-01 00:00Z'::timestamptz + random() * interval '60 days']::timestamptz[]) a;
    END IF;
    COMMIT;
END LOOP; END $$;
SELECT is_empty('SELECT step, as_of, told, plain FROM found WHERE told <> plain', 'all counts and scores are those of plain SQL at any moment, after each of 400 random changes');
SELECT ok((SELECT count(*) FROM found) = 160 AND min(n) > 20, 'and each count was more than nothing often')
    FROM (SELECT e.key, count(*) FILTER (WHERE e.value NOT IN ('0', 'null')) AS n FROM found, jsonb_each(plain) e GROUP BY 1) k;
RESET agent_analytics.tenant;
SELECT isnt_empty('SELECT FROM analytics_store.orphan_examples', 'some orphans are stored');
SELECT isnt_empty('SELECT FROM analytics_store.conversation_notes', 'some conversations have changed since');
CREATE TABLE before AS SELECT told_counts('2026-04-20Z') AS t;
SELECT count(analytics_internal.refresh_conversations(10)) FROM generate_series(1, 200) \g /dev/null
SELECT is_empty('SELECT FROM analytics_store.conversation_notes', 'refreshes take all notes');
SELECT is(told_counts('2026-04-20Z'), (SELECT t FROM before), 'and change no answer');

-- Many orphans beside many notes: each is looked up by an index, whatever the plan was made for.
SET agent_analytics.tenant = 'many';
INSERT INTO analytics_data.agent_approvals (conversation_id, draft_response, created_at) VALUES ('c0', 'd', '2026-03-01Z');
SELECT analytics.get_data_quality('2026-03-02Z') IS NOT NULL \g /dev/null
INSERT INTO analytics_data.training_examples (conversation_id, created_at) SELECT 'c' || i, '2026-03-01Z' FROM generate_series(1, 20000) i;
SELECT analytics_internal.refresh_conversations(100000) \g /dev/null
INSERT INTO analytics_data.agent_approvals (conversation_id, draft_response, created_at) SELECT 'c' || i * 2, 'd', '2026-03-01Z' FROM generate_series(1, 20000) i;
SET statement_timeout = '20s';
SELECT is(jsonb_path_query_first(analytics.get_data_quality('2026-03-02Z'), '$.dimensions[3].details.unknown_conversations'), '10000', 'with 20,000 orphans and 20,000 notes');
SELECT is(analytics_internal.refresh_conversations(100000), 20000::bigint, 'which a refresh takes');
SELECT is(jsonb_path_query_first(analytics.get_data_quality('2026-03-02Z'), '$.dimensions[3].details.unknown_conversations'), '10000', 'with 10,000 orphans');
RESET statement_timeout;
RESET agent_analytics.tenant;

-- Rules of a tenant's own: an expression over the row, of PostgreSQL's own immutable functions, and nothing else.
CREATE FUNCTION public.evil(x double precision) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE OPERATOR public.<<< (LEFTARG = double precision, RIGHTARG = double precision, FUNCTION = float8lt);
CREATE DOMAIN public.evil_domain AS integer CHECK (VALUE > 0);
CREATE TYPE public.evil_type AS ENUM ('a');
SELECT throws_ok(format('INSERT INTO analytics_data.data_quality_checks (name, table_name, predicate) VALUES (%L, ''agent_queries'', %L)', 'r', p), state, NULL, 'refused: ' || p)
FROM (VALUES ('latency_ms < ', '42601'), ('latency_ms < 5) OR (true', '42601'), ('true; DROP TABLE analytics_data.orders', '42601'), ('true FROM analytics_data.orders', '22023'), ('true, true', '22023'), ('true UNION SELECT true', '42601'),
             ('DISTINCT true', '22023'), ('true ORDER BY 1', '22023'), ('true LIMIT 1', '22023'), ('true /*', '42601'), ('*', '22023'), ('agent_queries.*', '42804'), ('(agent, query) < (query, agent)', '22023'), ('latency_ms OPERATOR(public.<<<) ANY (ARRAY[3.0::float8])', '22023'), ('nullif(latency_ms, 3) OPERATOR(public.<<<) 3', '22023'), ('true AS x', '22023'), ('latency_ms', '42804'), ('nothing > 1', '42703'), ('$1 > 1', '42P02'),
             ('(SELECT true)', '0A000'), ('EXISTS (SELECT FROM analytics_data.orders)', '0A000'), ('count(*) > 1', '42803'), ('row_number() OVER () > 1', '42P20'), ('generate_series(1, 2) > 1', '0A000'),
             ('pg_sleep(1) IS NULL', '22023'), ('random() > 0.5', '22023'), ('now() > created_at', '22023'), ('current_user = agent', '22023'), ('CURRENT_DATE > ''2020-01-01''', '22023'), ('pg_read_file(''/etc/passwd'') = query', '22023'),
             ('set_config(''role'', ''none'', false) = query', '22023'), ('current_setting(query) = query', '22023'), ('query::regclass IS NULL', '22023'), ('created_at > ''2020-01-01''::timestamp', '22023'),
             ('public.evil(latency_ms)', '22023'), ('latency_ms OPERATOR(public.<<<) 3', '22023'), ('3::public.evil_domain = 3', '22023'), ('agent::public.evil_type = ''a''', '22023'), ('agent_queries IS NOT NULL', '22023'), ('agent_queries.tableoid > 0', '22023'),
             ('evil(latency_ms)', '42883')) v(p, state);
SELECT throws_ok($$INSERT INTO analytics_data.data_quality_checks (name, table_name, predicate) VALUES ('r', 'orders', 'true')$$, '23514', NULL, 'another table');
SELECT throws_ok($$INSERT INTO analytics_data.data_quality_checks (name, table_name, predicate) VALUES ('r', 'agent_queries', 'true' || repeat(' ', 1000))$$, '23514', NULL, 'a predicate too long');
SELECT throws_ok($$INSERT INTO analytics_data.data_quality_checks (name, table_name, predicate, weight) VALUES ('r', 'agent_queries', 'true', 'NaN')$$, '23514', NULL, 'no weight');
SELECT throws_ok($$INSERT INTO analytics_data.data_quality_checks (name, table_name, predicate, dimension) VALUES ('r', 'agent_queries', 'true', 'beauty')$$, '23514', NULL, 'another dimension');

SET agent_analytics.tenant = 'rules';
INSERT INTO analytics_data.agent_queries (agent, query, latency_ms, created_at, received_at) SELECT 'a', 'q' || i, i * 100, '2026-05-01Z', '2026-05-01Z' FROM generate_series(1, 20) i;
INSERT INTO analytics_data.data_quality_checks (name, table_name, predicate, dimension, weight) VALUES
    ('fast', 'agent_queries', 'latency_ms < 1000 -- in time', 'timeliness', 1), ('numbered', 'agent_queries', $$query ~ '^q[0-9]+$' AND length(query) BETWEEN 2 AND 3$$, 'accuracy', 3),
    ('broken', 'agent_queries', '10 / (latency_ms::integer - 100) >= 0', 'accuracy', 5), ('one of', 'agent_queries', $$agent IN ('a', 'b') AND coalesce(nullif(error_type, ''), CASE WHEN success THEN 'none' END) = 'none'$$, 'consistency', 1);
INSERT INTO analytics_data.data_quality_checks (name, table_name, predicate, enabled) VALUES ('off', 'agent_queries', 'false', false);
SELECT results_eq($$SELECT x ->> 'name', (x -> 'score')::numeric, x ->> 'status', c ->> 'name', (c -> 'judged_rows')::int, (c -> 'failed_rows')::int, c ->> 'error'
    FROM analytics.get_data_quality('2026-05-01Z') q, jsonb_array_elements(q -> 'dimensions') x LEFT JOIN LATERAL jsonb_array_elements(x #> '{details,checks}') c ON true ORDER BY 1, 4$$,
    $$VALUES ('accuracy', 100.00, 'pass', 'broken', 0, 0, 'division by zero'), ('accuracy', 100.00, 'pass', 'numbered', 20, 0, NULL), ('completeness', 100.00, 'pass', NULL, NULL, NULL, NULL),
             ('consistency', 100.00, 'pass', 'one of', 20, 0, NULL), ('timeliness', 72.50, 'fail', 'fast', 20, 11, NULL)$$, 'rules count by their weight, and a broken one says why');
SELECT is((analytics.get_data_quality('2026-05-01Z') ->> 'overall_score')::numeric, 93.13, 'the mean of four');
SET agent_analytics.data_quality_weight_timeliness = 0;
SELECT is((analytics.get_data_quality('2026-05-01Z') ->> 'overall_score')::numeric, 100.00, 'by the weights of the settings');
SELECT throws_ok($$SET agent_analytics.data_quality_weight_timeliness = -1$$, '22023', NULL, 'which are not negative');
RESET agent_analytics.data_quality_weight_timeliness;

-- A rule runs with the rights of who asks, on the rows it may see; who administers a tenant makes rules for that tenant alone.
DO $$ BEGIN PERFORM analytics.setup_roles(); END $$;
SET ROLE authenticated;
SELECT public.is((analytics.get_data_quality('2026-05-01Z') ->> 'overall_score')::numeric, 93.13, 'a reader is told the same');
SELECT public.throws_ok($$INSERT INTO analytics_data.data_quality_checks (name, table_name, predicate) VALUES ('r', 'agent_queries', 'true')$$, '42501', NULL, 'but makes no rule');
SELECT public.throws_ok($$SELECT analytics_internal.data_quality_of('other', now())$$, '42501', NULL, 'nor looks at other tenants');
RESET ROLE;
SET ROLE analytics_writer;
SELECT public.throws_ok($$INSERT INTO analytics_data.data_quality_checks (name, table_name, predicate) VALUES ('r', 'agent_queries', 'true')$$, '42501', NULL, 'nor does a writer');
RESET ROLE;
SET ROLE analytics_admin;
SELECT public.lives_ok($$INSERT INTO analytics_data.data_quality_checks (name, table_name, predicate) VALUES ('r', 'agent_queries', 'latency_ms < 60000')$$, 'an admin does');
SELECT public.throws_ok($$INSERT INTO analytics_data.data_quality_checks (tenant_id, name, table_name, predicate) VALUES ('other', 'r', 'agent_queries', 'false')$$, '42501', NULL, 'for its own tenant only');
SELECT public.throws_ok($$UPDATE analytics_data.data_quality_checks SET predicate = 'public.evil(latency_ms)' WHERE name = 'r'$$, '22023', NULL, 'and not by changing one');
RESET ROLE;
DELETE FROM analytics_data.data_quality_checks;

-- A policy of the user's own holds for orphans and counts too.
SET agent_analytics.tenant = 'default';
CREATE POLICY one_agent ON analytics_data.training_examples AS RESTRICTIVE FOR SELECT TO authenticated USING (agent = 'a5');
CREATE TABLE whole AS SELECT plain_counts('2026-04-20Z') AS c;
GRANT SELECT ON whole TO authenticated;
SET ROLE authenticated;
SELECT public.is(public.told_counts('2026-04-20Z'), public.plain_counts('2026-04-20Z'), 'under a policy of one''s own the counts are of the rows that it shows');
SELECT public.cmp_ok((public.told_counts('2026-04-20Z') ->> 'total_rows')::int, '<', (SELECT (c ->> 'total_rows')::int FROM public.whole), 'which are fewer');
RESET ROLE;
SELECT is(told_counts('2026-04-20Z'), (SELECT c FROM whole), 'its owner sees all');
DROP POLICY one_agent ON analytics_data.training_examples;

-- Days: kept by run_maintenance, of every tenant; what is kept is not recomputed.
INSERT INTO analytics_data.agent_queries (tenant_id, agent, query, latency_ms, created_at, received_at)
SELECT t, 'a', CASE WHEN i % 10 < d / 3 THEN 'q' END, 100, c, c FROM unnest('{days,more}'::text[]) t, generate_series(1, 29) d, generate_series(1, 20) i, LATERAL (SELECT date_trunc('day', now(), 'UTC') - (30 - d) * interval '1 day' + i * interval '1 hour' AS c) x;
SET agent_analytics.tenant = 'days';
CREATE TABLE computed AS SELECT analytics.get_data_quality_trend(30) AS t;
SELECT is((SELECT jsonb_array_length(t -> 'data') FROM computed), 30, 'a row a day');
SELECT results_eq($$SELECT d ->> 'date' FROM computed, jsonb_array_elements(t -> 'data') WITH ORDINALITY x(d, i) ORDER BY i$$,
    $$SELECT to_char((now() AT TIME ZONE 'UTC')::date - 29 + i, 'YYYY-MM-DD') FROM generate_series(0, 29) i$$, 'oldest first');
SELECT is((SELECT t #>> '{trend,direction}' FROM computed), 'improving', 'the trend of a series that rises');
SELECT is((SELECT d -> 'overall_score' FROM computed, jsonb_path_query(t, '$.data[20]') d),
    analytics.get_data_quality(date_trunc('day', now(), 'UTC') - interval '8 days 1 microsecond') -> 'overall_score', 'a day''s scores are those at its end');
SELECT cmp_ok(analytics_internal.refresh_quality_days(7), '=', 7::bigint, 'so many days in a step');
CREATE PROCEDURE keep() LANGUAGE plpgsql AS $$ BEGIN WHILE analytics_internal.refresh_quality_days(100) > 0 LOOP END LOOP; END $$;
CALL keep();
SELECT results_eq($$SELECT tenant_id, count(*), max(day) FROM analytics_store.data_quality_days WHERE tenant_id IN ('days', 'more') GROUP BY 1 ORDER BY 1$$,
    $$SELECT t, 30::bigint, (now() AT TIME ZONE 'UTC')::date - 1 FROM unnest('{days,more}'::text[]) t$$, 'the days that are over, of every tenant');
SELECT is(analytics.get_data_quality_trend(30), (SELECT t FROM computed), 'kept days say what was computed');
UPDATE analytics_data.agent_queries SET query = NULL, latency_ms = NULL WHERE tenant_id = 'days';
SELECT is(jsonb_path_query_array(analytics.get_data_quality_trend(30), '$.data[0 to 28]'), jsonb_path_query_array((SELECT t FROM computed), '$.data[0 to 28]'), 'and stay as they were');
SELECT is(jsonb_path_query_first(analytics.get_data_quality_trend(30), '$.data[29].completeness'), '0.00', 'today is as it is');
CALL keep();
SELECT is((SELECT count(*) FROM analytics_store.data_quality_days WHERE tenant_id = 'days'), 30::bigint, 'a day is kept once');
DELETE FROM analytics_store.data_quality_days WHERE tenant_id = 'days';
SELECT is(analytics.get_data_quality_trend(2) -> 'trend', '{"direction": "stable", "change_pct": 0.00}', 'nothing moves');
SET agent_analytics.tenant = 'nobody';
SELECT is(analytics.get_data_quality_trend(1), format('{"period_days": 1, "data": [{"date": "%s", "overall_score": null, "completeness": null, "accuracy": null, "timeliness": null, "consistency": null}], "trend": {"direction": "stable", "change_pct": null}}', (now() AT TIME ZONE 'UTC')::date)::jsonb, 'nothing at all');
SELECT throws_ok($$SELECT analytics.get_data_quality_trend(91)$$, '22023', 'days must be between 1 and 90', 'too many days');
SELECT throws_ok($$SELECT analytics.get_data_quality('-infinity')$$, '22023', 'as_of must be a finite instant', 'no instant');
SELECT * FROM finish();
