-- Training data: the answers are those of plain SQL over the examples, whatever happens to them, refreshed or not.
\ir include/start.sql
SELECT no_plan();
SET client_min_messages = error;

-- The quality of a slot, said anew in plain SQL.
CREATE FUNCTION plain_quality(from_at timestamptz, as_of timestamptz, OUT total bigint, OUT clarity numeric, OUT accuracy numeric, OUT helpfulness numeric, OUT tone numeric, OUT overall numeric, OUT unsafe bigint, OUT rate numeric, OUT annotators bigint)
LANGUAGE sql STABLE AS $$
    SELECT count(*), round(avg(clarity_score), 2), round(avg(accuracy_score), 2), round(avg(helpfulness_score), 2), round(avg(tone_score), 2),
           round((SELECT avg(v) FROM (VALUES (avg(clarity_score)), (avg(accuracy_score)), (avg(helpfulness_score)), (avg(tone_score))) x(v)), 2),
           count(*) FILTER (WHERE safe_to_send = false), round(100.0 * count(*) FILTER (WHERE safe_to_send) / nullif(count(safe_to_send), 0), 2), count(DISTINCT annotator)
    FROM analytics_data.training_examples WHERE tenant_id = analytics.current_tenant() AND created_at > from_at AND created_at <= as_of
$$;
CREATE FUNCTION plain_daily(days integer, as_of timestamptz) RETURNS TABLE (day date, total bigint, safe bigint, unsafe bigint, rate numeric, accuracy numeric, helpfulness numeric, tone numeric, overall numeric, high numeric,
    annotators bigint, categories bigint, positive bigint, neutral bigint, negative bigint, confidence numeric, response numeric) LANGUAGE sql STABLE AS $$
    SELECT d::date, count(id), count(*) FILTER (WHERE safe_to_send), count(*) FILTER (WHERE safe_to_send = false), round(100.0 * count(*) FILTER (WHERE safe_to_send) / nullif(count(safe_to_send), 0), 2),
           round(avg(accuracy_score), 2), round(avg(helpfulness_score), 2), round(avg(tone_score), 2),
           round((SELECT avg(v) FROM (VALUES (avg(accuracy_score)), (avg(helpfulness_score)), (avg(tone_score))) x(v)), 2),
           round(100.0 * count(*) FILTER (WHERE mean >= 4) / nullif(count(mean), 0), 2), count(DISTINCT annotator), count(DISTINCT category), count(*) FILTER (WHERE sentiment = 'positive'),
           count(*) FILTER (WHERE sentiment = 'neutral'), count(*) FILTER (WHERE sentiment = 'negative'), round(avg(confidence), 2), round(avg(response_time_ms)::numeric, 3)
    FROM generate_series(date_trunc('day', as_of) - (days - 1) * interval '1 day', as_of, interval '1 day') d
    LEFT JOIN LATERAL (SELECT e.*, (SELECT avg(v) FROM (VALUES (clarity_score), (accuracy_score), (helpfulness_score), (tone_score)) x(v)) AS mean FROM analytics_data.training_examples e
        WHERE tenant_id = analytics.current_tenant() AND created_at >= d AND created_at < d + interval '1 day' AND created_at <= as_of) e ON true
    GROUP BY d
$$;
CREATE FUNCTION differences(as_of timestamptz) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT (SELECT count(*) FROM (VALUES ('1h', interval '1 hour'), ('24h', '24 hours'), ('7d', '168 hours'), ('30d', '720 hours')) p(name, length),
                   analytics.get_training_quality(p.name, differences.as_of) o, plain_quality(differences.as_of - p.length, differences.as_of) q
             WHERE (o.total_annotations, o.avg_clarity, o.avg_accuracy, o.avg_helpfulness, o.avg_tone, o.avg_overall, o.flagged_unsafe, o.safety_rate_pct, o.active_annotators)
                   IS DISTINCT FROM (q.total, q.clarity, q.accuracy, q.helpfulness, q.tone, q.overall, q.unsafe, q.rate, q.annotators) OR o.period <> p.name) +
           (SELECT count(*) FROM ((SELECT d, q.* FROM unnest('{1,7,30}'::integer[]) d, analytics.get_training_quality_daily(d, differences.as_of) q EXCEPT ALL SELECT d, q.* FROM unnest('{1,7,30}'::integer[]) d, plain_daily(d, differences.as_of) q)
                 UNION ALL (SELECT d, q.* FROM unnest('{1,7,30}'::integer[]) d, plain_daily(d, differences.as_of) q EXCEPT ALL SELECT d, q.* FROM unnest('{1,7,30}'::integer[]) d, analytics.get_training_quality_daily(d, differences.as_of) q)) x)
$$;

-- Something that happens to examples of two tenants: recorded one by one, in batches, corrected, deleted, summed up.
CREATE PROCEDURE happen() LANGUAGE plpgsql AS $$
DECLARE
    r CONSTANT double precision := random();
    at CONSTANT timestamptz := '2026-03-01 00:00Z'::timestamptz + random() * interval '35 days';
BEGIN
    PERFORM set_config('agent_analytics.tenant', CASE WHEN random() < 0.2 THEN 'other' ELSE 'default' END, true);
    IF r < 0.5 THEN
        INSERT INTO analytics_data.training_examples (conversation_id, agent, safe_to_send, category, sentiment, clarity_score, accuracy_score, helpfulness_score, tone_score, annotator, confidence, response_time_ms, created_at)
        SELECT 'c' || i, 'a' || (random() * 3)::int, CASE WHEN random() < 0.8 THEN random() < 0.7 END, 'k' || (random() * 6)::int, (ARRAY['positive', 'neutral', 'negative', NULL])[1 + (random() * 3)::int],
               CASE WHEN random() < 0.5 THEN 1 + (random() * 8)::int / 2.0 END, CASE WHEN random() < 0.8 THEN 1 + (random() * 4)::int END, CASE WHEN random() < 0.8 THEN 1 + (random() * 4)::int END, CASE WHEN random() < 0.3 THEN 1 + (random() * 400)::int / 100.0 END,
               CASE WHEN random() < 0.9 THEN 'p' || (random() * 9)::int END, (random() * 1000)::int / 10.0, (random() * 4000)::int / 4.0, at + i * random() * interval '1 hour' FROM generate_series(1, 12) i;
    ELSIF r < 0.7 THEN
        UPDATE analytics_data.training_examples SET accuracy_score = CASE WHEN random() < 0.8 THEN 1 + (random() * 4)::int END, safe_to_send = NOT safe_to_send, annotator = 'p' || (random() * 9)::int,
            created_at = CASE WHEN random() < 0.3 THEN at ELSE created_at END WHERE random() < 0.05;
    ELSIF r < 0.8 THEN
        DELETE FROM analytics_data.training_examples WHERE random() < 0.03;
    ELSIF r < 0.805 THEN
        TRUNCATE analytics_data.training_examples;
    ELSIF r < 0.9 THEN
        PERFORM analytics.refresh_rollups('training_stats');
    END IF;
END $$;
SELECT setseed(0.25) \g /dev/null
CREATE TABLE found (step integer, as_of timestamptz, examples bigint, differs bigint);
DO $$ BEGIN FOR i IN 1..300 LOOP
    CALL happen();
    IF i % 5 = 0 THEN
        PERFORM set_config('agent_analytics.tenant', CASE WHEN i % 3 = 0 THEN 'other' ELSE 'default' END, true);
        INSERT INTO found SELECT i, a, (SELECT total_annotations FROM analytics.get_training_quality('30d', a)), differences(a) FROM unnest(ARRAY['2026-04-05 00:00Z', '2026-03-01 00:00Z'::timestamptz + random() * interval '40 days', '2026-03-15Z'::timestamptz]) a;
    END IF;
    COMMIT;
END LOOP; END $$;
SELECT is_empty('SELECT * FROM found WHERE differs > 0', 'quality is exact for any period at any moment, after each of 300 random changes');
SELECT ok(count(*) = 180 AND count(*) FILTER (WHERE examples > 50) > 90, 'there was something to compare') FROM found;
RESET agent_analytics.tenant;

-- The view, metrics, what is empty.
INSERT INTO analytics_data.training_examples (accuracy_score, safe_to_send, annotator) VALUES (4, true, 'kim'), (5, false, 'lee');
SELECT results_eq('SELECT * FROM analytics.training_quality_metrics', 'SELECT * FROM analytics.get_training_quality_daily()', 'the view shows the last seven days');
SELECT results_eq($$SELECT day_bucket, total_training_examples, safe_examples, unsafe_examples, safety_rate_pct, avg_accuracy, avg_tone, overall_quality_score, high_quality_rate_pct FROM analytics.training_quality_metrics LIMIT 1$$,
    $$VALUES (now()::date, 2::bigint, 1::bigint, 1::bigint, 50.00, 4.50, NULL::numeric, 4.50, 100.00)$$, 'today first');
SELECT results_eq($$SELECT * FROM analytics.get_training_quality('1h', '2020-01-01Z')$$, $$VALUES ('1h', 0::bigint, NULL::numeric, NULL::numeric, NULL::numeric, NULL::numeric, NULL::numeric, 0::bigint, NULL::numeric, 0::bigint)$$, 'nothing at all');
SELECT is((SELECT value FROM analytics.get_metric_summary('training_safety_rate', '1h')), 50.00, 'a metric');
SELECT throws_ok($$SELECT analytics.get_training_quality('2d')$$, '22023', 'period must be one of 1h, 24h, 7d, 30d', 'an unknown period');
SELECT throws_ok($$SELECT * FROM analytics.get_training_quality_daily(31)$$, '22023', 'days must be between 1 and 30', 'too many days');

-- Rights.
DO $$ BEGIN PERFORM analytics.setup_roles(); END $$;
SET agent_analytics.tenant = 'nobody';
SET ROLE authenticated;
SELECT public.is((SELECT sum(total_training_examples) FROM analytics.training_quality_metrics), 0::numeric, 'the view shows its reader''s tenant');
SELECT public.throws_ok($$SELECT analytics.record_training_example('c', 'q', 'd')$$, '42501', NULL, 'a reader records nothing');
RESET ROLE;
SET ROLE analytics_writer;
SELECT public.lives_ok($$SELECT analytics.record_training_example('c', 'q', 'd', annotator => 'kim')$$, 'a writer does');
RESET ROLE;
SELECT is((SELECT active_annotators FROM analytics.get_training_quality('1h')), 1::bigint, 'for its tenant');
SELECT * FROM finish();
