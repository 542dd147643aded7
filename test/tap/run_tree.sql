-- A run as a tree: get_run_spans and get_run_bottlenecks, against plain SQL over the spans and against numbers found by hand.
\ir include/start.sql
SELECT plan(35);

CREATE FUNCTION pg_temp.at(ms numeric) RETURNS timestamptz LANGUAGE sql AS $$ SELECT timestamptz '2020-01-01 00:00Z' + ms * interval '1 ms' $$;
CREATE FUNCTION pg_temp.span(run text, id text, parent text, from_ms numeric, to_ms numeric, cost numeric = NULL, trace text = 't') RETURNS void
LANGUAGE sql AS $$
    INSERT INTO analytics_data.spans (trace_id, span_id, parent_span_id, run_id, operation_name, start_time, end_time, cost_usd)
    VALUES (run || trace, id, parent, run, 'op ' || id, pg_temp.at(from_ms), pg_temp.at(to_ms), cost)
$$;

-- By hand: two children overlap, and the second one's child outlives everybody.
SELECT pg_temp.span('hand', 'r', NULL, 0, 10000), pg_temp.span('hand', 'a', 'r', 1000, 4000.5, 0.01), pg_temp.span('hand', 'b', 'r', 3000, 9000, 0.03),
       pg_temp.span('hand', 'c', 'b', 8000, 12000, 0), pg_temp.span('hand', 'z', 'r', 9500, 9500) \g /dev/null
UPDATE analytics_data.spans SET model = 'gpt-4o', kind = 'client', status = 'error', error_message = 'too long', attributes = '{"k": [1]}' WHERE span_id = 'a';
SELECT results_eq($$SELECT span_id, parent_span_id, operation_name, kind, duration_ms, self_time_ms, depth, status, error_message, model, cost, attributes, trace_id
        FROM analytics.get_run_spans('hand', as_of => '2020-01-02Z')$$,
    $$VALUES ('r', NULL, 'op r', 'internal', 10000.000, 2000.000, 0, 'unset', NULL, NULL, NULL::numeric, '{}'::jsonb, 'handt'),
             ('a', 'r', 'op a', 'client', 3000.500, 3000.500, 1, 'error', 'too long', 'gpt-4o', 0.01, '{"k": [1]}', 'handt'),
             ('b', 'r', 'op b', 'internal', 6000.000, 5000.000, 1, 'unset', NULL, NULL, 0.03, '{}', 'handt'),
             ('c', 'b', 'op c', 'internal', 4000.000, 4000.000, 2, 'unset', NULL, NULL, 0, '{}', 'handt'),
             ('z', 'r', 'op z', 'internal', 0.000, 0.000, 1, 'unset', NULL, NULL, NULL, '{}', 'handt')$$,
    'each span before its children, with its own time');
SELECT results_eq($$SELECT start_time_us, finish_time_us FROM analytics.get_run_spans('hand') WHERE span_id = 'a'$$,
    $$VALUES (1577836801000000, 1577836804000500)$$, 'instants are microseconds since 1970');
SELECT is(analytics.get_run_bottlenecks('hand', as_of => '2020-01-02Z'), '{"duration_ms": 12000, "cost": 0.04,
    "slowest_spans": [
        {"span_id": "b", "trace_id": "handt", "operation_name": "op b", "duration_ms": 6000, "self_time_ms": 5000, "percent_of_total": 50, "self_percent": 41.67, "on_critical_path": true},
        {"span_id": "c", "trace_id": "handt", "operation_name": "op c", "duration_ms": 4000, "self_time_ms": 4000, "percent_of_total": 33.33, "self_percent": 33.33, "on_critical_path": true},
        {"span_id": "a", "trace_id": "handt", "operation_name": "op a", "duration_ms": 3000.5, "self_time_ms": 3000.5, "percent_of_total": 25.00, "self_percent": 25.00, "on_critical_path": true},
        {"span_id": "z", "trace_id": "handt", "operation_name": "op z", "duration_ms": 0, "self_time_ms": 0, "percent_of_total": 0, "self_percent": 0, "on_critical_path": false}],
    "expensive_spans": [
        {"span_id": "b", "trace_id": "handt", "operation_name": "op b", "cost": 0.03, "model": null, "percent_of_total": 75},
        {"span_id": "a", "trace_id": "handt", "operation_name": "op a", "cost": 0.01, "model": "gpt-4o", "percent_of_total": 25}],
    "critical_path": [
        {"span_id": "r", "trace_id": "handt", "operation_name": "op r", "duration_ms": 2000},
        {"span_id": "a", "trace_id": "handt", "operation_name": "op a", "duration_ms": 2000},
        {"span_id": "b", "trace_id": "handt", "operation_name": "op b", "duration_ms": 5000},
        {"span_id": "c", "trace_id": "handt", "operation_name": "op c", "duration_ms": 1000}]}'::jsonb, 'why it took so long and cost so much');
SELECT results_eq($$SELECT list, jsonb_array_length(spans), spans #>> '{0,span_id}' FROM jsonb_each(analytics.get_run_bottlenecks('hand', 1)) x (list, spans)
        WHERE list IN ('slowest_spans', 'expensive_spans') ORDER BY list$$,
    $$VALUES ('expensive_spans', 1, 'b'), ('slowest_spans', 1, 'b')$$, 'row_limit is for the slowest and for the dearest');

-- The past: at 5 s a had ended, b had not, c had not begun.
SELECT results_eq($$SELECT span_id, finish_time_us IS NULL, duration_ms, self_time_ms, status, cost FROM analytics.get_run_spans('hand', as_of => pg_temp.at(5000))$$,
    $$VALUES ('r', true, 5000.000, 1000.000, 'unset', NULL::numeric), ('a', false, 3000.500, 3000.500, 'error', 0.01), ('b', true, 2000.000, 2000.000, 'unset', NULL)$$,
    'as_of shows the run as it stood');
SELECT results_eq($$SELECT span_id, status, error_message FROM analytics.get_run_spans('hand', as_of => pg_temp.at(2000))$$,
    $$VALUES ('r', 'unset', NULL), ('a', 'unset', NULL)$$, 'an error was not known before the span ended');
SELECT is(analytics.get_run_bottlenecks('hand', as_of => pg_temp.at(5000)) -> 'cost', '0.01', 'nor was a cost');
SELECT throws_ok($$SELECT analytics.get_run_bottlenecks('hand', as_of => pg_temp.at(-1))$$, 'PT404', 'unknown run', 'before its first span there was no run');

-- Spans that are not ended.
SELECT pg_temp.span('lost', 'r', NULL, 0, 1000), pg_temp.span('lost', 'a', 'r', 200, NULL), pg_temp.span('lost', 'b', 'a', 300, 1400) \g /dev/null
SELECT results_eq($$SELECT span_id, finish_time_us IS NULL, duration_ms FROM analytics.get_run_spans('lost', as_of => '2020-02-01Z')$$,
    $$VALUES ('r', false, 1000.000), ('a', true, 1200.000), ('b', false, 1100.000)$$, 'a lost end does not keep a run going whose root has ended');
SELECT is((analytics.get_run_bottlenecks('lost', as_of => '2020-02-01Z') -> 'duration_ms')::numeric, 1400.000, 'its duration is up to the last end');
UPDATE analytics_data.spans SET end_time = NULL WHERE run_id = 'lost' AND span_id = 'r';
SELECT results_eq($$SELECT span_id, duration_ms FROM analytics.get_run_spans('lost', as_of => pg_temp.at(10000))$$,
    $$VALUES ('r', 10000.000), ('a', 9800.000), ('b', 1100.000)$$, 'an open root runs up to as_of, and what is open in it too');

-- Broken input.
SELECT pg_temp.span('broken', 'r', NULL, 0, 100), pg_temp.span('broken', 'orphan', 'nobody', 50, 80), pg_temp.span('broken', 'back', 'r', 60, 20),
       pg_temp.span('broken', 'x', 'z', 30, 40), pg_temp.span('broken', 'y', 'x', 10, 20), pg_temp.span('broken', 'z', 'y', 20, 30),
       pg_temp.span('broken', 'own', 'own', 70, 75), pg_temp.span('broken', 'r', NULL, 5, 6, trace => 'u'), pg_temp.span('broken', 'k', 'r', 5, 6, trace => 'u'),
       pg_temp.span('broken', 'm', 'orphan', 7, 8, trace => 'u') \g /dev/null
SELECT results_eq($$SELECT span_id, right(trace_id, 1), depth, duration_ms, self_time_ms FROM analytics.get_run_spans('broken')$$,
    $$VALUES ('r', 't', 0, 100.000, 100.000), ('back', 't', 1, 0.000, 0.000), ('r', 'u', 0, 1.000, 0.000), ('k', 'u', 1, 1.000, 1.000), ('m', 'u', 0, 1.000, 1.000),
             ('y', 't', 0, 10.000, 10.000), ('z', 't', 1, 10.000, 10.000), ('x', 't', 2, 10.000, 10.000), ('orphan', 't', 0, 30.000, 30.000), ('own', 't', 0, 5.000, 5.000)$$,
    'lost parents, circles, an end before its start, one id in two traces: each span has its place');
SELECT is((SELECT sum((p ->> 'duration_ms')::numeric) FROM jsonb_array_elements(analytics.get_run_bottlenecks('broken') -> 'critical_path') p), 100.000,
    'and the path covers what the roots cover');
SELECT is(jsonb_array_length(analytics.get_run_bottlenecks('broken', 100) -> 'slowest_spans'), 9, 'only the root that ends last is left out');
SELECT pg_temp.span('parts', 'a', NULL, 0, 10), pg_temp.span('parts', 'b', NULL, 30, 50, trace => 'u') \g /dev/null
SELECT is((SELECT string_agg((p ->> 'span_id') || (p ->> 'duration_ms'), ' ') FROM jsonb_array_elements(analytics.get_run_bottlenecks('parts') -> 'critical_path') p),
    'a10.000 b20.000', 'between two roots nobody is waited for');
SELECT pg_temp.span('point', 'a', NULL, 0, 0), pg_temp.span('point', 'b', 'a', 0, 0, 0) \g /dev/null
SELECT is(analytics.get_run_bottlenecks('point'), '{"duration_ms": 0, "cost": 0, "expensive_spans": [], "critical_path": [], "slowest_spans": [
        {"span_id": "b", "trace_id": "pointt", "operation_name": "op b", "duration_ms": 0, "self_time_ms": 0, "percent_of_total": null, "self_percent": null, "on_critical_path": false}]}'::jsonb,
    'shares of nothing are NULL');
SELECT pg_temp.span('one', 'a"\', NULL, 0, 7) \g /dev/null
SELECT is(analytics.get_run_bottlenecks('one'), '{"duration_ms": 7, "cost": null, "slowest_spans": [], "expensive_spans": [],
        "critical_path": [{"span_id": "a\"\\", "trace_id": "onet", "operation_name": "op a\"\\", "duration_ms": 7}]}'::jsonb, 'a run of one span');
SELECT pg_temp.span('ties', 'r', NULL, 0, 9), pg_temp.span('ties', 'c', 'r', 3, 6, 1), pg_temp.span('ties', 'a', 'r', 6, 9, 1), pg_temp.span('ties', 'b', 'r', 0, 3, 1.0) \g /dev/null
SELECT is((SELECT string_agg(p ->> 'span_id', '' ORDER BY i) FROM jsonb_array_elements(analytics.get_run_bottlenecks('ties') -> 'slowest_spans') WITH ORDINALITY x (p, i))
       || (SELECT string_agg(p ->> 'span_id', '' ORDER BY i) FROM jsonb_array_elements(analytics.get_run_bottlenecks('ties') -> 'expensive_spans') WITH ORDINALITY x (p, i)),
    'abcabc', 'what is equal comes by span_id');

-- 400 spans at random: the same by plain SQL. Self times are intervals minus the union of the children's, the path is asked
-- for each of the 300 seconds of the root.
SELECT setseed(0.25) \g /dev/null
DO $$
BEGIN
    PERFORM pg_temp.span('random', 's1', NULL, 0, 300000);
    FOR i IN 2..400 LOOP  -- begins within its parent, may outlive it
        PERFORM pg_temp.span('random', 's' || i, p.span_id, from_s * 1000, (from_s + floor(random() * 30)::int) * 1000, round(random()::numeric, 3))
        FROM analytics_data.spans p,
             LATERAL (SELECT extract(epoch FROM p.start_time - pg_temp.at(0))::int + floor(random() * extract(epoch FROM p.end_time - p.start_time))::int AS from_s) x
        WHERE p.run_id = 'random' AND p.span_id = 's' || 1 + (i * i) % least(i - 1, 60);
    END LOOP;
END $$;
CREATE TEMP TABLE random_spans AS
    SELECT span_id AS id, parent_span_id AS parent, start_time AS from_time, end_time AS to_time, tstzrange(start_time, end_time) AS during FROM analytics_data.spans WHERE run_id = 'random';
CREATE TEMP TABLE random_self AS
    SELECT p.id, extract(epoch FROM p.to_time - p.from_time - coalesce((SELECT sum(upper(piece) - lower(piece))
        FROM (SELECT unnest(range_agg(c.during * p.during)) AS piece FROM random_spans c WHERE c.parent = p.id) u), interval '0')) * 1000 AS self_ms
    FROM random_spans p;
SELECT isnt_empty($$SELECT FROM random_self r JOIN random_spans s USING (id) WHERE r.self_ms > 0 AND r.self_ms < extract(epoch FROM s.to_time - s.from_time) * 1000$$,
    'there are spans that children cover in part');
SELECT bag_eq($$SELECT span_id, self_time_ms FROM analytics.get_run_spans('random')$$, $$SELECT id, self_ms FROM random_self$$, 'self times are those of plain SQL');
SELECT bag_eq($$SELECT span_id, depth FROM analytics.get_run_spans('random')$$,
    $$WITH RECURSIVE tree AS (SELECT id, 0 AS depth FROM random_spans WHERE parent IS NULL
        UNION ALL SELECT s.id, t.depth + 1 FROM tree t JOIN random_spans s ON s.parent = t.id) SELECT * FROM tree$$, 'depths too');
SELECT results_eq($$SELECT span_id FROM analytics.get_run_spans('random')$$,
    $$WITH RECURSIVE tree AS (SELECT id, ARRAY[(from_time, id)::text] AS place FROM random_spans WHERE parent IS NULL
        UNION ALL SELECT s.id, t.place || (s.from_time, s.id)::text FROM tree t JOIN random_spans s ON s.parent = t.id) SELECT id FROM tree ORDER BY place COLLATE "C"$$,
    'and the order of the tree');
CREATE TEMP TABLE random_path AS
    SELECT second, (WITH RECURSIVE down AS (
            SELECT id, 0 AS level FROM random_spans WHERE parent IS NULL
            UNION ALL
            SELECT c.id, d.level + 1 FROM down d, LATERAL (SELECT s.id FROM random_spans s WHERE s.parent = d.id AND s.during @> pg_temp.at(second * 1000)
                ORDER BY s.to_time DESC, s.from_time, s.id COLLATE "C" LIMIT 1) c)
        SELECT id FROM down ORDER BY level DESC LIMIT 1) AS id
    FROM generate_series(0, 299) second;
SELECT cmp_ok((SELECT count(DISTINCT id) FROM random_path), '>', 10::bigint, 'the path leads through many spans');
SELECT results_eq($$SELECT p ->> 'span_id', (p ->> 'duration_ms')::numeric FROM jsonb_array_elements(analytics.get_run_bottlenecks('random') -> 'critical_path') WITH ORDINALITY x (p, i) ORDER BY i$$,
    $$SELECT id, count(*) * 1000.000 FROM random_path GROUP BY id ORDER BY min(second)$$, 'the critical path is that of plain SQL, second by second');
SELECT results_eq($$SELECT p ->> 'span_id', (p ->> 'self_time_ms')::numeric, (p ->> 'self_percent')::numeric, (p ->> 'on_critical_path')::boolean
        FROM jsonb_array_elements(analytics.get_run_bottlenecks('random', 100) -> 'slowest_spans') WITH ORDINALITY x (p, i) ORDER BY i$$,
    $$SELECT id, self_ms, round(self_ms / (SELECT extract(epoch FROM max(to_time) - min(from_time)) * 10 FROM random_spans), 2), id IN (SELECT id FROM random_path)
        FROM random_self WHERE id <> 's1' ORDER BY self_ms DESC, id COLLATE "C" LIMIT 100$$, 'so are the slowest spans');
SELECT results_eq($$SELECT p ->> 'span_id', (p ->> 'cost')::numeric, (p ->> 'percent_of_total')::numeric
        FROM jsonb_array_elements(analytics.get_run_bottlenecks('random', 100) -> 'expensive_spans') WITH ORDINALITY x (p, i) ORDER BY i$$,
    $$SELECT span_id, cost_usd, round(cost_usd * 100 / sum(cost_usd) OVER (), 2) FROM analytics_data.spans WHERE run_id = 'random' AND cost_usd > 0
        ORDER BY cost_usd DESC, span_id COLLATE "C" LIMIT 100$$, 'and the dearest');
SELECT results_eq($$SELECT p.span_id FROM generate_series(0, 400, 70) page, LATERAL (SELECT span_id, ordinality FROM analytics.get_run_spans('random', 70, page) WITH ORDINALITY) p ORDER BY page, p.ordinality$$,
    $$SELECT span_id FROM analytics.get_run_spans('random')$$, 'pages are the whole');

-- Arguments, and who may see what.
SELECT throws_ok($$SELECT analytics.get_run_bottlenecks(NULL)$$, '22023', 'run_id must be given', 'run_id is needed');
SELECT throws_ok($$SELECT analytics.get_run_bottlenecks('hand', 101)$$, '22023', 'row_limit must be between 1 and 100', 'row_limit has a range');
SELECT throws_ok($$SELECT analytics.get_run_spans('hand', 10001)$$, '22023', 'row_limit must be between 1 and 10000', 'that of the spans too');
SELECT throws_ok($$SELECT analytics.get_run_spans('nobody''s')$$, 'PT404', 'unknown run', 'an unknown run');
SET agent_analytics.tenant = 'other';
SELECT throws_ok($$SELECT analytics.get_run_spans('hand')$$, 'PT404', 'unknown run', 'another tenant''s run is unknown');
RESET agent_analytics.tenant;

-- A chain of 100,000 spans, each a microsecond shorter at both ends than its parent.
INSERT INTO analytics_data.spans (trace_id, span_id, parent_span_id, operation_name, start_time, end_time)
    SELECT 'chain', i, nullif(i - 1, 0), 'op', pg_temp.at(i * 0.001), pg_temp.at((1000001 - i) * 0.001) FROM generate_series(1, 100000) i;
SELECT results_eq($$SELECT span_id, depth, self_time_ms FROM analytics.get_run_spans('chain', 10000, 99998)$$,
    $$VALUES ('99999', 99998, 0.002), ('100000', 99999, 800.001)$$, 'a chain of 100,000 spans is a tree');
SELECT results_eq($$SELECT count(*), sum((p ->> 'duration_ms')::numeric) FROM jsonb_array_elements(analytics.get_run_bottlenecks('chain') -> 'critical_path') p$$,
    $$VALUES (100000::bigint, 999.999)$$, 'and its path is its root''s duration');
CREATE FUNCTION pg_temp.is_cancelled(run text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM analytics.get_run_bottlenecks(run);
    RETURN false;
EXCEPTION WHEN query_canceled THEN
    RETURN true;
END $$;
SET statement_timeout = '5ms';
SELECT pg_temp.is_cancelled('chain') AS cancelled \gset
RESET statement_timeout;
SELECT ok(:'cancelled', 'it can be cancelled');
SELECT * FROM finish();
