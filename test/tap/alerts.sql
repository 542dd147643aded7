-- Alerts: rules, their evaluation, and what becomes of alerts, held against the contract's words in plain SQL.
\ir include/start.sql
SELECT no_plan();
DO $$ BEGIN PERFORM analytics.setup_roles(); END $$;

-- Measurements.
SELECT lives_ok($$SELECT analytics.record_metric('cpu', 90, '{"host": "a"}', '2026-03-01 12:00Z', 'p1')$$, 'a measurement is recorded');
SELECT lives_ok($$SELECT analytics.record_metric('cpu', 90, '{"host": "a"}', '2026-03-01 12:00Z', 'p1'), analytics.record_metric('cpu', 90, '{"host": "a"}', point_id => 'p1')$$, 'and again with the same content');
SELECT is((SELECT count(*) FROM analytics_data.metric_points), 1::bigint, 'which changes nothing');
SELECT throws_ok($$SELECT analytics.record_metric('cpu', 91, '{"host": "a"}', '2026-03-01 12:00Z', 'p1')$$, '23505', NULL, 'other content is refused');
SELECT throws_ok(format('SELECT analytics.record_metric(%s)', a), '22023', NULL, 'refused: ' || a)
    FROM unnest(ARRAY['NULL, 1', ''''', 1', '''m'', NULL', '''m'', ''NaN''', '''m'', ''-Infinity''', '''m'', 1, NULL', '''m'', 1, ''[]''', '''m'', 1, ''{"a": null}''', '''m'', 1, ''{"a": {}}''',
                      '''m'', 1, ''{}'', ''infinity''', '''m'', 1, point_id => repeat(''x'', 201)', '''m'', 1, jsonb_build_object(''a'', repeat(''x'', 2000))']) a;
SELECT is(analytics.record_batch('metric', '[{"metric": "cpu", "value": 90, "labels": {"host": "a"}, "recorded_at": "2026-03-01T12:00:00Z", "point_id": "p1"}, {"metric": "cpu", "value": 1, "point_id": "p1"},
        {"metric": "cpu", "value": 2}, {"metric": "cpu"}, {"metric": "cpu", "value": 3, "labels": {"host": []}}, {"metric": "cpu", "value": 4, "point_id": "p2"}, {"metric": "cpu", "value": 4, "point_id": "p2"}]') - 'errors',
    '{"accepted": 2, "duplicates": 2, "rejected": 3}', 'a batch');
SELECT lives_ok('DELETE FROM analytics_data.metric_points', 'begun anew');

-- What a rule allows.
SELECT throws_ok(format('SELECT analytics.create_alert_rule(%s)', a), '22023', NULL, 'refused: ' || a)
    FROM unnest(ARRAY['NULL, ''m'', ''>'', 1', '''r'', '''', ''>'', 1', '''r'', ''m'', ''='', 1', '''r'', ''m'', NULL, 1', '''r'', ''m'', ''>''', '''r'', ''m'', ''>'', ''NaN''', '''r'', ''m'', ''>'', ''Infinity''', '''r'', ''m'', ''>'', 1, ''fatal''',
                      '''r'', ''m'', ''>'', 1, time_window => ''30s''', '''r'', ''m'', ''>'', 1, time_window => ''32d''', '''r'', ''m'', ''>'', 1, time_window => ''soon''', '''r'', ''m'', ''>'', 1, for_duration => ''-1m''', '''r'', ''m'', ''>'', 1, for_duration => NULL',
                      '''r'', ''m'', ''>'', 1, labels => ''[]''', '''r'', ''m'', ''>'', 1, labels => ''{"a": [1]}''', '''r'', ''m'', ''>'', 1, channels => NULL', '''r'', ''m'', ''>'', 1, channels => ''{""}''', '''r'', ''m'', ''>'', 1, enabled => NULL', '''r'', ''m'', ''>'', 1, no_data => ''maybe''',
                      '''r'', ''m'', ''outside'', 40', '''r'', ''m'', ''anomaly'', 2', '''r'', ''m'', ''exhausts_within'', 7', '''r'', ''spend'', ''exhausts_within''']) a;
SELECT analytics.create_alert_rule('hot', 'cpu', '>', 100, time_window => '5m') ->> 'rule_id' AS hot \gset
SELECT is(analytics.create_alert_rule('hot', 'cpu', '>', 80, 'critical', '5m', '2m', '{"team": "ops"}'), jsonb_build_object('rule_id', :'hot', 'name', 'hot'), 'a known name changes that rule');
SELECT results_eq('SELECT name, threshold, severity, for_duration, state, enabled FROM analytics.list_alert_rules()', $$VALUES ('hot', 80::float8, 'critical', '2m', 'inactive', true)$$, 'and there is still one');

-- The way through the states, minute by minute.
CREATE FUNCTION state_of(rule text) RETURNS text LANGUAGE sql AS $$ SELECT state FROM analytics.list_alert_rules() WHERE name = rule $$;
CREATE FUNCTION evaluated(at text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    told jsonb := analytics.evaluate_alert_rules(('2026-03-01 ' || at || 'Z')::timestamptz);
BEGIN
    RETURN format('%s %s %s %s', told ->> 'evaluated', told ->> 'fired', told ->> 'resolved', state_of('hot'));
END $$;
SELECT count(analytics.record_metric('cpu', CASE WHEN i BETWEEN 10 AND 14 THEN 400 ELSE 50 END, '{"host": "a"}', timestamptz '2026-03-01 12:00Z' + i * interval '1 minute')) AS nothing FROM generate_series(0, 60) i \gset
SELECT is(evaluated('12:05'), '1 0 0 inactive', 'all is well');
SELECT is(evaluated('12:10'), '1 0 0 pending', 'the mean of five minutes is above');
SELECT is(evaluated('12:11'), '1 0 0 pending', 'not for two minutes yet');
SELECT is(evaluated('12:12'), '1 1 0 firing', 'now it is');
SELECT is(evaluated('12:12'), '0 0 0 firing', 'the same moment again changes nothing');
SELECT is(evaluated('12:11'), '0 0 0 firing', 'nor does an earlier one');
SELECT results_eq('SELECT name, metric, labels, status, severity, value, threshold, started_at, resolved_at FROM analytics.list_alerts()',
    $$VALUES ('hot', 'cpu', '{"host": "a", "team": "ops"}'::jsonb, 'firing', 'critical', 260::float8, 80::float8, timestamptz '2026-03-01 12:12Z', NULL::timestamptz)$$, 'the alert');
SELECT is(evaluated('12:19'), '1 0 0 recovering', 'the condition holds no more');
SELECT is(evaluated('12:23'), '1 0 0 recovering', 'but not yet for a whole window');
SELECT is(evaluated('12:24'), '1 0 1 resolved', 'now it is over');
SELECT is(evaluated('12:25'), '1 0 0 inactive', 'and all is well');
SELECT is((SELECT resolved_at FROM analytics.list_alerts()), '2026-03-01 12:24Z', 'resolved at that moment');
SELECT count(analytics.record_metric('cpu', 10000, '{"host": "a"}', timestamptz '2026-03-01 12:02Z' + i * interval '1 minute')) AS nothing FROM generate_series(0, 5) i \gset
SELECT is(evaluated('12:26'), '1 0 0 inactive', 'what comes late for moments that were evaluated fires nothing');

-- Acknowledged and resolved by hand.
SELECT count(analytics.record_metric('cpu', 400, '{"host": "a"}', timestamptz '2026-03-01 12:30Z' + i * interval '1 minute')) AS nothing FROM generate_series(0, 60) i \gset
SELECT is(evaluated('12:40'), '1 1 0 firing', 'it fires again');
SELECT alert_id FROM analytics.list_alerts(status => 'firing') \gset
SELECT is(analytics.acknowledge_alert(:'alert_id', 'kim') ->> 'status', 'acknowledged', 'acknowledged');
SELECT acknowledged_at AS first_at FROM analytics_data.alerts WHERE alert_id = :'alert_id' \gset
SELECT is(analytics.acknowledge_alert(:'alert_id', 'lee') ->> 'status', 'acknowledged', 'once more');
SELECT results_eq('SELECT acknowledged_by, acknowledged_at FROM analytics_data.alerts WHERE resolved_at IS NULL', format('VALUES (%L, %L::timestamptz)', 'kim', :'first_at'), 'changes nothing');
SELECT is(evaluated('12:41'), '1 0 0 firing', 'it goes on being evaluated');
SELECT is(analytics.resolve_alert(:'alert_id', 'kim') ->> 'status', 'resolved', 'resolved by hand');
SELECT is(analytics.resolve_alert(:'alert_id', 'lee') ->> 'status', 'resolved', 'once more');
SELECT is(analytics.acknowledge_alert(:'alert_id', 'lee') ->> 'status', 'resolved', 'or acknowledged then');
SELECT is((SELECT resolved_by FROM analytics.list_alerts() WHERE alert_id = :'alert_id'), 'kim', 'changes nothing');
SELECT is(evaluated('12:41'), '0 0 0 inactive', 'the moment it was resolved at is not evaluated again');
SELECT is(evaluated('12:45'), '1 1 0 firing', 'a condition that still holds opens a new alert');
SELECT is((SELECT count(DISTINCT alert_id) FROM analytics.list_alerts()), 3::bigint, 'which is another one');
SELECT throws_ok($$SELECT analytics.acknowledge_alert('x')$$, 'PT404', 'unknown alert', 'unknown');
SELECT throws_ok($$SELECT analytics.resolve_alert(NULL)$$, 'PT404', 'unknown alert', 'none');
SELECT throws_ok($$SELECT analytics.resolve_alert('x', repeat('x', 201))$$, '22023', NULL, 'by a very long name');
SELECT throws_ok($$SELECT analytics.delete_alert_rule('x')$$, 'PT404', 'unknown alert rule', 'unknown');
SELECT throws_ok($$SELECT analytics.evaluate_alert_rules('infinity')$$, '22023', NULL, 'never');
SELECT throws_ok(format('INSERT INTO analytics_data.alerts (rule_id, name, metric, labels, severity, started_at) SELECT rule_id, name, metric, labels, severity, started_at FROM analytics_data.alerts WHERE resolved_at IS NULL'), '23505', NULL,
    'the database has one open alert of a rule and label set');

-- Lists and sums, as of any moment.
SELECT results_eq($$SELECT status FROM analytics.list_alerts(as_of => '2026-03-01 12:20Z')$$, $$VALUES ('firing')$$, 'as it stood then');
SELECT is((SELECT count(*) FROM analytics.list_alerts(hours => 1, as_of => '2026-03-01 12:12Z')), 1::bigint, 'the window includes its end');
SELECT is((SELECT count(*) FROM analytics.list_alerts(hours => 1, as_of => '2026-03-01 13:12Z')), 2::bigint, 'and not its beginning');
SELECT is((SELECT count(*) FROM analytics.list_alerts(resolved => true)), 2::bigint, 'resolved ones');
SELECT is((SELECT count(*) FROM analytics.list_alerts(severity => 'info')), 0::bigint, 'of a severity');
SELECT is((SELECT array_agg(started_at ORDER BY n) FROM (SELECT started_at, row_number() OVER () AS n FROM analytics.list_alerts(row_limit => 1, row_offset => 1)) s), ARRAY[timestamptz '2026-03-01 12:32Z'], 'the newest first, page by page');
SELECT throws_ok(format('SELECT * FROM analytics.list_alerts(%s)', a), '22023', NULL, 'refused: ' || a)
    FROM unnest('{status => ''open'',severity => ''bad'',hours => 0,row_limit => 0,row_limit => NULL,row_offset => -1,as_of => ''infinity''}'::text[]) a;
SELECT throws_ok('SELECT analytics.get_alert_statistics(0)', '22023', NULL, 'no hours');
SELECT is(analytics.get_alert_statistics(1, '2026-03-01 12:30Z') - 'trend',
    '{"total": 1, "by_severity": {"info": 0, "warning": 0, "error": 0, "critical": 1}, "by_status": {"firing": 0, "acknowledged": 0, "resolved": 1}, "mean_time_to_acknowledge_s": null, "mean_time_to_resolve_s": 720.000}', 'statistics');
SELECT is(analytics.get_alert_statistics(3, '2026-03-01 13:10Z') -> 'trend',
    '[{"timestamp": "2026-03-01T11:00:00+00:00", "fired": 0}, {"timestamp": "2026-03-01T12:00:00+00:00", "fired": 3}, {"timestamp": "2026-03-01T13:00:00+00:00", "fired": 0}]', 'by hour');
SELECT is((SELECT count(*) FROM jsonb_array_elements(analytics.get_alert_statistics(200, '2026-03-01 13:10Z') -> 'trend')), 9::bigint, 'and by day');

-- Disabled and deleted.
SELECT count(analytics.create_alert_rule('hot', 'cpu', '>', 80, 'critical', '5m', '2m', '{"team": "ops"}', enabled => false)) AS nothing \gset
SELECT is((SELECT resolved_by FROM analytics.list_alerts() LIMIT 1), 'rule disabled', 'a disabled rule has no open alert');
SELECT is(evaluated('12:50'), '0 0 0 inactive', 'and is not evaluated');
SELECT count(analytics.create_alert_rule('hot', 'cpu', '>', 80, 'critical', '5m', '2m', '{"team": "ops"}')) AS nothing \gset
SELECT is(evaluated('12:53'), '1 1 0 firing', 'enabled again it is');
SELECT lives_ok(format('SELECT analytics.delete_alert_rule(%L)', :'hot'), 'deleted');
SELECT is((SELECT resolved_by FROM analytics.list_alerts() LIMIT 1), 'rule deleted', 'its alerts stay');
SELECT is((SELECT count(*) FROM analytics_data.alert_states), 0::bigint, 'its states do not');

-- Metrics, filters, no data, and the other conditions.
SELECT set_config('agent_analytics.tenant', 'metrics', false) AS nothing \gset
SELECT count(analytics.record_llm_call('c' || i, 'gpt-4o', latency_ms => CASE WHEN i > 20 THEN 900 ELSE 100 END, cost_usd => 1, agent_id => CASE i % 2 WHEN 0 THEN 'x' ELSE 'y' END,
    created_at => timestamptz '2026-03-01 12:00Z' + i * interval '1 minute')) AS nothing FROM generate_series(1, 40) i \gset
CREATE FUNCTION verdict(metric text, condition text, threshold float8, at text, labels jsonb DEFAULT '{}', no_data text DEFAULT 'ok', time_window text DEFAULT '5m') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    id text := analytics.create_alert_rule('v', metric, condition, threshold, labels => labels, no_data => no_data, time_window => time_window) ->> 'rule_id';
    told text;
BEGIN
    PERFORM analytics.evaluate_alert_rules(('2026-03-01 ' || at || 'Z')::timestamptz);
    SELECT state || coalesce(' ' || round((SELECT a.value FROM analytics.list_alerts(status => 'firing') a)::numeric, 3)::text, '') || coalesce(': ' || last_error, '') INTO told FROM analytics.list_alert_rules();
    PERFORM analytics.delete_alert_rule(id);
    RETURN told;
END $$;
SELECT is(verdict(metric, condition, threshold, at, labels, no_data, time_window), told, concat_ws(' ', metric, condition, threshold, at, labels, no_data, time_window))
FROM (VALUES
    ('calls', '>=', 5, '12:10', '{}'::jsonb, 'ok', '5m', 'firing 5.000'), ('calls', '>', 5, '12:10', '{}', 'ok', '5m', 'inactive'),
    ('calls', '<', 1, '15:00', '{}', 'ok', '5m', 'firing 0.000'), ('calls', 'absent', NULL, '15:00', '{}', 'ok', '5m', 'firing'),
    ('calls', 'absent', NULL, '12:10', '{}', 'ok', '5m', 'inactive'), ('calls', 'absent', NULL, '12:45', '{}', 'ok', '5m', 'firing'), ('calls', 'absent', NULL, '12:44:59', '{}', 'ok', '5m', 'inactive'),
    ('latency_p95', '>', 500, '12:40', '{}', 'ok', '5m', 'firing 900.000'), ('latency_p95', '>', 500, '15:00', '{}', 'ok', '5m', 'no_data'),
    ('latency_p95', '>', 500, '15:00', '{}', 'alert', '5m', 'firing'), ('latency_p95', '<', 500, '15:00', '{}', 'zero', '5m', 'firing 0.000'), ('latency_p95', '<', 500, '15:00', '{}', 'keep', '5m', 'no_data'),
    ('spend_by_agent', '>', 2, '12:10', '{}', 'ok', '5m', 'firing 5.000'), ('spend_by_agent', '>', 2, '12:10', '{"agent_id": "x"}', 'ok', '5m', 'firing 3.000'), ('spend_by_agent', '>', 2, '12:10', '{"agent_id": "y"}', 'ok', '5m', 'inactive'),
    ('spend', 'exhausts_within', 7, '12:10', '{}', 'ok', '5m', 'unhealthy: unknown budget'), ('never', '>', 1, '12:10', '{}', 'ok', '5m', 'no_data'), ('never', 'absent', NULL, '12:10', '{}', 'ok', '5m', 'firing')
) v(metric, condition, threshold, at, labels, no_data, time_window, told);
SELECT analytics.set_budget('default', 1, 'month') AS nothing \gset
SELECT is(verdict('spend', 'exhausts_within', 7, '12:40'), 'firing 0.000', 'a budget that is spent');
SELECT analytics.set_budget('default', 1000000, 'month') AS nothing \gset
SELECT is(verdict('spend', 'exhausts_within', 7, '12:40'), 'no_data', 'of one that lasts a day''s history tells nothing');
SELECT count(analytics.record_llm_call('d' || i, 'gpt-4o', cost_usd => 1, created_at => timestamptz '2026-02-10 12:00Z' + i * interval '1 day')) AS nothing FROM generate_series(1, 18) i \gset
SELECT is(verdict('spend', 'exhausts_within', 7, '12:40'), 'inactive', 'a budget that lasts');
SELECT analytics.set_budget('default', 45, 'total') AS nothing \gset
SELECT matches(verdict('spend', 'exhausts_within', 7, '12:40'), '^firing', 'a budget that does not');
SELECT analytics.set_budget('default', 1000000, 'month') AS nothing \gset
SELECT is(verdict('spend', 'exhausts_within', 7, '12:40', '{"budget_id": "other"}'), 'unhealthy: unknown budget', 'a budget that is not there');

-- A rule that cannot be evaluated is unhealthy, the others go on; once it can be, what it missed is made up for.
SELECT analytics.define_metric('broken', 'llm_call_stats', 'calls') AS nothing \gset
SELECT count(analytics.create_alert_rule(n, m, '>', 3, time_window => '5m')) AS nothing FROM (VALUES ('a', 'calls'), ('b', 'broken'), ('c', 'calls')) v(n, m) \gset
SELECT is(analytics.evaluate_alert_rules('2026-03-01 12:03Z'), '{"evaluated": 3, "fired": 0, "resolved": 0}', 'three are evaluated');
UPDATE analytics_store.metrics SET rollup = 'gone' WHERE name = 'broken';
SELECT is(analytics.evaluate_alert_rules('2026-03-01 12:30Z'), '{"evaluated": 2, "fired": 2, "resolved": 0}', 'two can be');
SELECT results_eq('SELECT name, state FROM analytics.list_alert_rules()', $$VALUES ('a', 'firing'), ('b', 'unhealthy'), ('c', 'firing')$$, 'one is unhealthy');
SELECT isnt((SELECT last_error FROM analytics.list_alert_rules() WHERE name = 'b'), NULL, 'and says why');
UPDATE analytics_store.metrics SET rollup = 'llm_call_stats' WHERE name = 'broken';
SELECT is(analytics.evaluate_alert_rules('2026-03-01 12:31Z'), '{"evaluated": 3, "fired": 1, "resolved": 0}', 'now it can be evaluated');
SELECT is((SELECT started_at FROM analytics.list_alerts() WHERE name = 'b'), '2026-03-01 12:04Z', 'and fires when it would have');

-- Outside of the band and anomalies: an hour like no other, judged once it is over.
SELECT set_config('agent_analytics.tenant', 'hours', false) AS nothing \gset
SELECT count(analytics.record_metric('load', 100 + 20 * sin(h * pi() / 12) + h % 5 + CASE WHEN h = 480 THEN 500 ELSE 0 END, recorded_at => timestamptz '2026-02-01 00:30Z' + h * interval '1 hour')) AS nothing FROM generate_series(0, 483) h \gset
SELECT count(analytics.create_alert_rule(c, 'load', c, time_window => '1h')) AS nothing FROM unnest('{outside,anomaly}'::text[]) c \gset
SELECT is(analytics.evaluate_alert_rules('2026-02-21 00:59Z'), '{"evaluated": 2, "fired": 0, "resolved": 0}', 'the hour is not over');
SELECT is(analytics.evaluate_alert_rules('2026-02-21 01:00Z'), '{"evaluated": 2, "fired": 2, "resolved": 0}', 'now it is');
SELECT results_eq('SELECT DISTINCT value > 500, started_at FROM analytics.list_alerts()', $$VALUES (true, timestamptz '2026-02-21 01:00Z')$$, 'by its value');
SELECT is(analytics.evaluate_alert_rules('2026-02-21 04:00Z'), '{"evaluated": 2, "fired": 0, "resolved": 2}', 'the next ones fit');

-- At random: two tenants with the same points and rules. One is evaluated each minute, the other late; both are as plain SQL has it.
SELECT setseed(0.4711) AS nothing \gset
CREATE TABLE points AS
    SELECT h.host, timestamptz '2026-03-05 00:00Z' + random() * interval '150 minutes' AS at, round((random() * 100)::numeric, 1)::float8 AS value
    FROM unnest('{a,b,c}'::text[]) h(host), generate_series(1, 130);
-- Silences, and times above.
DELETE FROM points WHERE host = 'b' AND at BETWEEN '2026-03-05 00:40Z' AND '2026-03-05 01:10Z' OR at BETWEEN '2026-03-05 01:40Z' AND '2026-03-05 01:52Z';
UPDATE points SET value = value + 60 WHERE host <> 'c' AND at BETWEEN '2026-03-05 00:20Z' AND '2026-03-05 00:55Z' OR at > '2026-03-05 02:00Z';
CREATE TABLE rules AS
    SELECT format('rule %s', i) AS name, (ARRAY['>', '<', '>=', 'absent'])[1 + i % 4] AS condition, 40 + 5 * (i % 7) AS threshold, (ARRAY['1m', '3m', '5m', '10m'])[1 + i / 4 % 4] AS time_window,
           (ARRAY['0s', '1m', '150s', '4m'])[1 + i / 16 % 4] AS for_duration, CASE WHEN i % 5 = 0 THEN jsonb '{"host": "a"}' WHEN i % 5 = 1 THEN '{"team": "x"}' ELSE '{}' END AS labels
    FROM generate_series(0, 63) i;
DO $$
DECLARE
    tenant text;
BEGIN
    FOREACH tenant IN ARRAY '{punctual,late}'::text[] LOOP
        PERFORM set_config('agent_analytics.tenant', tenant, false);
        PERFORM analytics.record_metric('load', p.value, jsonb_build_object('host', p.host), p.at) FROM points p;
        PERFORM analytics.create_alert_rule(r.name, 'load', r.condition, r.threshold, 'info', r.time_window, r.for_duration, r.labels) FROM rules r;
    END LOOP;
    PERFORM set_config('agent_analytics.tenant', 'punctual', false);
    FOR i IN 1..160 LOOP
        PERFORM analytics.evaluate_alert_rules(timestamptz '2026-03-05 00:00Z' + i * interval '1 minute');
        COMMIT;  -- or the versions of the states pile up
    END LOOP;
    PERFORM set_config('agent_analytics.tenant', 'late', false);
    FOR i IN 1..160 LOOP
        IF i = 1 OR random() < 0.06 OR i = 160 THEN
            PERFORM analytics.evaluate_alert_rules(timestamptz '2026-03-05 00:00Z' + i * interval '1 minute');
            COMMIT;
        END IF;
    END LOOP;
END $$;
-- A rule's means by minute, of each host (of absent: whether there is anything), and then the contract, word by word.
CREATE FUNCTION expected() RETURNS TABLE (name text, labels jsonb, started_at timestamptz, resolved_at timestamptz, value float8) LANGUAGE plpgsql AS $$
DECLARE
    r record;
    m record;
    held timestamptz;
    clear timestamptz;
    holds boolean;
BEGIN
    FOR r IN SELECT x.*, h.host FROM rules x, LATERAL (SELECT unnest AS host FROM unnest('{a,b,c}'::text[]) WHERE x.condition <> 'absent' AND (NOT x.labels ? 'host' OR x.labels ->> 'host' = unnest)
                                                     UNION ALL SELECT NULL WHERE x.condition = 'absent') h LOOP
        name := r.name;
        labels := r.labels || CASE WHEN r.host IS NULL THEN '{}' ELSE jsonb_build_object('host', r.host) END;
        held := NULL; clear := NULL; started_at := NULL;
        FOR m IN SELECT t.at, avg(p.value) AS mean FROM generate_series(timestamptz '2026-03-05 00:01Z', '2026-03-05 02:40Z', '1 minute') t(at)
                 LEFT JOIN points p ON p.at > t.at - r.time_window::interval AND p.at <= t.at AND p.host IN (r.host, coalesce(r.host, r.labels ->> 'host', p.host)) GROUP BY 1 ORDER BY 1 LOOP
            holds := CASE r.condition WHEN '>' THEN m.mean > r.threshold WHEN '<' THEN m.mean < r.threshold WHEN '>=' THEN m.mean >= r.threshold ELSE m.mean IS NULL END;
            IF holds THEN
                clear := NULL;
                held := coalesce(held, m.at);
                IF started_at IS NULL AND m.at - held >= r.for_duration::interval THEN
                    started_at := m.at;
                    value := m.mean;
                END IF;
            ELSE
                held := NULL;
                clear := coalesce(clear, m.at);
                IF started_at IS NOT NULL AND m.at - clear >= r.time_window::interval THEN
                    resolved_at := m.at;
                    RETURN NEXT;
                    started_at := NULL;
                END IF;
            END IF;
        END LOOP;
        IF started_at IS NOT NULL THEN
            resolved_at := NULL;
            RETURN NEXT;
        END IF;
    END LOOP;
END $$;
CREATE TABLE expected AS SELECT name, labels, started_at, resolved_at, round(value::numeric, 6) AS value FROM expected();
SELECT cmp_ok((SELECT count(*) FROM expected), '>', 300::bigint, 'there is something to compare');
SELECT cmp_ok((SELECT count(*) FROM expected WHERE resolved_at IS NULL), '>', 20::bigint, 'also what is not over');
SELECT set_eq(format('SELECT name, labels, started_at, resolved_at, round(value::numeric, 6) FROM analytics_data.alerts WHERE tenant_id = %L', tenant), 'SELECT * FROM expected', tenant || ': as plain SQL has it')
    FROM unnest('{punctual,late}'::text[]) tenant;
SELECT is((SELECT count(*) FROM analytics_data.alerts WHERE tenant_id = 'late'), (SELECT count(*) FROM expected), 'each once');
SELECT set_eq($$SELECT name, label_set, state, since FROM analytics_data.alert_states s JOIN analytics_data.alert_rules r USING (tenant_id, rule_id) WHERE s.tenant_id = 'late'$$,
    $$SELECT name, label_set, state, since FROM analytics_data.alert_states s JOIN analytics_data.alert_rules r USING (tenant_id, rule_id) WHERE s.tenant_id = 'punctual'$$, 'and all states are the same');

-- All tenants, for whoever maintains the database; with no more rights than an administrator has.
SELECT set_config('agent_analytics.tenant', 'other', false) AS nothing \gset
SELECT count(analytics.create_alert_rule('silence', 'nothing at all', 'absent')) AS nothing \gset
CREATE TABLE seen (who text);
GRANT ALL ON seen TO PUBLIC;
CREATE FUNCTION public.note_who() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.seen VALUES (current_user); RETURN NEW; END $$;
CREATE TRIGGER note_who BEFORE INSERT ON analytics_data.alerts FOR EACH ROW EXECUTE FUNCTION public.note_who();
SELECT set_config('agent_analytics.tenant', 'someone', false) AS nothing \gset
CALL analytics_internal.evaluate_all_tenants();
SELECT results_eq($$SELECT tenant_id, evaluated_to = date_trunc('minute', evaluated_to) FROM analytics_data.alert_rules WHERE tenant_id = 'other'$$, $$VALUES ('other', true)$$, 'every tenant is evaluated, at the last whole minute');
SELECT is((SELECT count(*) FROM analytics_data.alerts WHERE tenant_id = 'other'), 1::bigint, 'and its alert fires');
SELECT is((SELECT array_agg(DISTINCT who) FROM seen), '{analytics_admin}', 'by analytics_admin''s rights, whoever calls');
SELECT is(analytics.current_tenant(), 'someone', 'the caller''s tenant is as it was');
ALTER TABLE analytics_data.alert_rules RENAME TO away;
SET client_min_messages = error;
CALL analytics_internal.evaluate_all_tenants();  -- where all fails, it ends all the same
SET client_min_messages = warning;
ALTER TABLE analytics_data.away RENAME TO alert_rules;
SET ROLE analytics_admin;
SELECT lives_ok('SELECT analytics_internal.evaluate_tenant(0)', 'an administrator may have all evaluated');
SELECT is(analytics_internal.evaluate_tenant(1000), false, 'there are not so many');
SELECT is((SELECT count(*) FROM analytics.list_alerts()), 0::bigint, 'and sees its own only');
RESET ROLE;
SELECT throws_ok($$SET ROLE authenticated; SELECT * FROM analytics.list_alerts()$$, '42501', NULL, 'alerts are for administrators');
RESET ROLE;

-- Channels: secrets go in and do not come out; notices are put into the outbox by what they tell of.
SELECT set_config('agent_analytics.tenant', 'told', false) AS nothing \gset
SELECT throws_ok(format('SELECT analytics.create_notification_channel(%s)', a), '22023', NULL, 'refused: ' || a)
    FROM unnest(ARRAY['NULL, ''email'', ''{"to": "a@b"}''', '''c'', ''fax'', ''{}''', '''c'', ''webhook'', NULL', '''c'', ''webhook'', ''{}''', '''c'', ''webhook'', ''{"url": "ftp://example.com/"}''', '''c'', ''webhook'', ''{"url": "file:///etc/passwd"}''',
        '''c'', ''webhook'', ''{"url": "https://me:secret@example.com/"}''', '''c'', ''webhook'', ''{"url": "https://example.com/a b"}''', '''c'', ''webhook'', ''{"url": "https://example.com/***"}''', '''c'', ''webhook'', ''{"url": "https://example.com/", "password": "x"}''',
        '''c'', ''webhook'', ''{"url": "https://example.com/", "headers": []}''', '''c'', ''webhook'', ''{"url": "https://example.com/", "headers": {"X-A": "a\r\nHost: b"}}''', '''c'', ''webhook'', ''{"url": "https://example.com/", "headers": {"X A": "a"}}''',
        '''c'', ''webhook'', ''{"url": "https://example.com/", "headers": {"host": "a"}}''', '''c'', ''slack'', ''{"url": 7}''', '''c'', ''email'', ''{"to": "nobody"}''', '''c'', ''email'', ''{"to": "a@b\r\nBcc: c@d"}''', '''c'', ''pg_notify'', ''{"channel": ""}''',
        '''c'', ''pg_notify'', jsonb_build_object(''channel'', repeat(''x'', 64))']) a;
SET ROLE analytics_admin;
SELECT is(analytics.create_notification_channel('hook', 'webhook', '{"url": "https://example.com:8443/s3cret?k=v", "headers": {"Authorization": "Bearer s3cret"}}'), 'hook', 'made by an administrator');
SELECT is(analytics.create_notification_channel('hook', 'webhook', '{"url": "https://example.com:8443/other-s3cret", "headers": {"Authorization": "Bearer s3cret"}}'), 'hook', 'and changed');
SELECT results_eq('SELECT channel_id, kind, config, enabled, last_status FROM analytics.list_notification_channels()',
    $$VALUES ('hook', 'webhook', '{"url": "https://example.com:8443/***", "headers": {"Authorization": "***"}}'::jsonb, true, NULL)$$, 'which does not read its secrets back');
SELECT throws_ok('SELECT sealed FROM analytics_data.notification_channels', '42501', NULL, 'nor from the table');
SELECT throws_ok('UPDATE analytics_data.notification_channels SET config = sealed', '42501', NULL, 'nor by moving them');
SELECT throws_ok('SELECT * FROM analytics_internal.claim_deliveries()', '42501', NULL, 'nor as the worker does');
SELECT count(analytics.create_notification_channel(i, k, c)) AS nothing FROM (VALUES ('mail', 'email', '{"to": "ops@example.com"}'::jsonb), ('note', 'pg_notify', '{"channel": "alerts"}')) v(i, k, c) \gset
SELECT count(analytics.create_alert_rule('silence', 'nothing', 'absent', channels => '{hook,mail,note,nobody}')) AS nothing \gset
SELECT is(analytics.evaluate_alert_rules('2026-03-01 12:00Z') ->> 'fired', '1', 'it fires');
SELECT results_eq('SELECT channel_id, event, status, payload ->> ''name'', payload ->> ''delivery_id'' = delivery_id FROM analytics_data.notification_deliveries ORDER BY 1',
    $$VALUES ('hook', 'fired', 'pending', 'silence', true), ('mail', 'fired', 'queued', 'silence', true), ('note', 'fired', 'pending', 'silence', true)$$, 'each channel is told, the mailer has its row');
SELECT is((SELECT count(*) FROM analytics_data.notification_deliveries WHERE analytics.evaluate_alert_rules('2026-03-01 15:59Z') IS NOT NULL AND event = 'repeated'), 0::bigint, 'nobody is told again for four hours');
SELECT is(analytics.evaluate_alert_rules('2026-03-01 16:00Z') ->> 'fired', '0', 'then');
SELECT is((SELECT count(*) FROM analytics_data.notification_deliveries WHERE event = 'repeated'), 3::bigint, 'everybody is');
SELECT count(analytics.acknowledge_alert(alert_id)) AS nothing FROM analytics.list_alerts() \gset
SELECT is(analytics.evaluate_alert_rules('2026-03-01 20:00Z') ->> 'fired', '0', 'taken on');
SELECT is((SELECT count(*) FROM analytics_data.notification_deliveries WHERE event = 'repeated'), 3::bigint, 'nobody is told again');
SELECT count(analytics.resolve_alert(alert_id)) AS nothing FROM analytics.list_alerts() \gset
SELECT is((SELECT count(*) FROM analytics_data.notification_deliveries WHERE event = 'resolved'), 3::bigint, 'all are told when it is over');
SELECT is(analytics.test_notification_channel('mail') ->> 'status', 'queued', 'a test for the mailer');
SELECT is(analytics.test_notification_channel('hook') ->> 'status', 'pending', 'and for the worker');
SELECT throws_ok($$SELECT analytics.test_notification_channel('nobody')$$, 'PT404', 'unknown notification channel', 'unknown');
RESET ROLE;
SELECT set_eq($$SELECT delivery_id, url, headers, body::jsonb ->> 'event' FROM analytics_internal.claim_deliveries()$$,
    $$SELECT delivery_id, 'https://example.com:8443/other-s3cret', '{"Authorization": "Bearer s3cret"}'::jsonb, event FROM analytics_data.notification_deliveries WHERE channel_id = 'hook'$$, 'the worker gets what is due');
SELECT is((SELECT count(*) FROM analytics_data.notification_deliveries WHERE channel_id = 'note' AND status = 'delivered' AND delivered_at IS NOT NULL), 3::bigint, 'and PostgreSQL has delivered its own');
SELECT is_empty('SELECT * FROM analytics_internal.claim_deliveries()', 'nothing is due twice');
CREATE FUNCTION tries() RETURNS TABLE (attempt integer, status text, pause interval) LANGUAGE plpgsql AS $$
BEGIN
    FOR attempt IN 1..13 LOOP
        UPDATE analytics_data.notification_deliveries SET next_attempt_at = now() WHERE event = 'test' AND channel_id = 'hook' AND attempt > 1;
        IF attempt > 1 THEN
            PERFORM analytics_internal.claim_deliveries();
        END IF;
        PERFORM analytics_internal.finish_delivery(tenant_id, delivery_id, 'HTTP status 500') FROM analytics_data.notification_deliveries WHERE event = 'test' AND channel_id = 'hook';
        RETURN QUERY SELECT attempts, d.status, next_attempt_at - now() FROM analytics_data.notification_deliveries d WHERE event = 'test' AND channel_id = 'hook';
    END LOOP;
END $$;
BEGIN;
UPDATE analytics_data.notification_deliveries SET attempts = 0, next_attempt_at = now() WHERE event = 'test' AND channel_id = 'hook';
SELECT count(*) AS nothing FROM analytics_internal.claim_deliveries() \gset
SELECT results_eq('SELECT attempt, status, extract(epoch FROM pause)::integer FROM tries()', $$SELECT least(i, 12), CASE WHEN i >= 12 THEN 'failed' ELSE 'pending' END, CASE WHEN i > 12 THEN 0 ELSE least(10 * 2 ^ (i - 1), 3600)::integer END FROM generate_series(1, 13) i$$,
    'pauses double, up to an hour, and after 12 attempts it is given up');
COMMIT;

-- Monitoring.
SELECT set_config('agent_analytics.tenant', 'watch', false) AS nothing \gset
SELECT is(analytics.get_monitoring_health() ->> 'status', 'healthy', 'without a rule all is well');
SELECT count(analytics.create_alert_rule('silence', 'nothing', 'absent', channels => '{}')) AS nothing \gset
SELECT is(analytics.get_monitoring_health() ->> 'status', 'healthy', 'a new rule is not late');
SELECT analytics.stop_monitoring() ->> 'status' AS nothing \gset
SELECT is(analytics.get_monitoring_health() ->> 'status', 'degraded', 'stopped');
CALL analytics_internal.evaluate_all_tenants();
SELECT is((SELECT evaluated_to FROM analytics.list_alert_rules()), NULL, 'nothing is evaluated');
SELECT is((SELECT changed_at FROM analytics_data.monitoring WHERE tenant_id = 'watch' AND analytics.stop_monitoring() IS NOT NULL), (SELECT changed_at FROM analytics_data.monitoring WHERE tenant_id = 'watch'), 'stopped again is stopped since then');
SELECT analytics.start_monitoring() ->> 'started_at' AS started \gset
SELECT is(analytics.start_monitoring(), jsonb_build_object('status', 'running', 'started_at', :'started'), 'started, once');
UPDATE analytics_data.alert_rules SET begins_at = now() - interval '10 minutes' WHERE tenant_id = 'watch';
SELECT is(analytics.get_monitoring_health() -> 'checks' -> 0 ->> 'status', 'degraded', 'late');
UPDATE analytics_data.alert_rules SET begins_at = now() - interval '20 minutes' WHERE tenant_id = 'watch';
SELECT is(analytics.get_monitoring_health() ->> 'status', 'unhealthy', 'very late');
CALL analytics_internal.evaluate_all_tenants();
SELECT is(analytics.get_monitoring_health() ->> 'status', 'healthy', 'evaluated');
SELECT cmp_ok((analytics.get_monitoring_health() -> 'checks' -> 0 ->> 'age_s')::float8, '<', 70::float8, 'and so it says');
UPDATE analytics_data.alert_rules SET last_error = 'x', failed_at = now() WHERE tenant_id = 'watch';
SELECT is(analytics.get_monitoring_health() -> 'checks' -> 1 ->> 'detail', 'cannot be evaluated: silence', 'a rule that fails is named');
SELECT set_config('agent_analytics.tenant', 'default', false) AS nothing \gset
SELECT results_eq($$SELECT metric, sum(value) FROM analytics.get_monitoring_metrics(time_range => '24h', as_of => '2026-03-01 13:30Z') GROUP BY 1 ORDER BY 1$$,
    $$SELECT m, v FROM (VALUES ('alerts_fired', 4::float8), ('alerts_open', 6), ('alerts_resolved', 1)) v(m, v)$$, 'alerts over time');
SELECT is((SELECT count(*) FROM analytics.get_monitoring_metrics('alerts_open', '1h', '2026-03-01 13:30Z')), 4::bigint, 'one of them, by quarter of an hour');
SELECT is((SELECT max(value) FROM analytics.get_monitoring_metrics('cpu', '24h', '2026-03-01 12:59Z')), (SELECT avg(value) FROM analytics_data.metric_points WHERE tenant_id = 'default' AND metric = 'cpu' AND recorded_at < '2026-03-01 13:00Z'), 'any measurement');
SELECT is((SELECT sum(value) FROM analytics.get_monitoring_metrics('calls', '7d', '2026-03-01 12:59Z')), 0::float8, 'any metric');
SELECT throws_ok(format('SELECT * FROM analytics.get_monitoring_metrics(%s)', a), '22023', NULL, 'refused: ' || a) FROM unnest('{time_range => ''2h'',time_range => NULL,metric_type => '''',as_of => ''infinity''}'::text[]) a;
SELECT is(analytics.get_monitoring_dashboard('2026-03-01 12:20Z') -> 'alerts' -> 'open', '1', 'the dashboard: what is open');
SELECT is(jsonb_array_length(analytics.get_monitoring_dashboard('2026-03-01 12:20Z') -> 'alerts' -> 'latest'), 1, 'which');
SELECT is(analytics.get_monitoring_dashboard('2026-03-01 12:20Z') -> 'rules', '{"total": 0, "enabled": 0, "by_state": {}}', 'and the rules');
SELECT * FROM finish();
