-- Forecasts of spend and budgets, of metrics, and anomalies of metrics and of the shop, for facts that are fixed in time.
\ir include/start.sql
SELECT plan(105);

-- A fixed sequence: between 0 and 1; nearly normal with mean 0 and standard deviation 1; and counts that vary as Poisson's do.
CREATE FUNCTION draw(seed text, i bigint) RETURNS double precision LANGUAGE sql IMMUTABLE AS
$$ SELECT ('x' || substr(md5(seed || i), 1, 7))::bit(28)::integer / 268435456.0::float8 $$;
CREATE FUNCTION noise(seed text, i bigint) RETURNS double precision LANGUAGE sql IMMUTABLE AS
$$ SELECT (draw(seed || 'a', i) + draw(seed || 'b', i) + draw(seed || 'c', i) + draw(seed || 'd', i) + draw(seed || 'e', i) + draw(seed || 'f', i) - 3) * sqrt(2) $$;
CREATE FUNCTION about(mean double precision, seed text, i bigint) RETURNS integer LANGUAGE sql IMMUTABLE AS
$$ SELECT greatest(0, round(mean + sqrt(mean) * noise(seed, i)))::integer $$;
CREATE FUNCTION as_tenant(name text) RETURNS void LANGUAGE sql AS $$ SELECT set_config('agent_analytics.tenant', name, false) $$;
CREATE FUNCTION near(a numeric, b numeric, tolerance numeric) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT coalesce(abs(a - b) <= tolerance, false) $$;

-- Budgets: 10 a day in four calls, 6 by the agent a and 4 by b, since the new year.
INSERT INTO analytics_data.llm_calls (tenant_id, call_id, created_at, agent_id, user_id, model, cost_usd)
SELECT 'steady', d || ' ' || c, d + c * interval '6 hours' - interval '3 hours', CASE WHEN c <= 3 THEN 'a' ELSE 'b' END, CASE WHEN c IN (1, 4) THEN 'u' ELSE 'v' END, 'm', CASE WHEN c = 4 THEN 4 ELSE 2 END
FROM generate_series(timestamptz '2025-01-01', '2025-04-30', interval '1 day') d, generate_series(1, 4) c;
\set at '2025-03-11 00:00Z'
SELECT as_tenant('steady') \g /dev/null

SELECT results_eq($$SELECT count(*), count(projected_spend), count(cumulative_spend), count(budget_remaining), count(exhaustion_probability) FROM analytics.forecast_budget(as_of => '2025-03-11Z')$$,
    $$VALUES (14::bigint, 14::bigint, 0::bigint, 0::bigint, 0::bigint)$$, 'without a budget spend is forecast, and nothing said about a budget');
SELECT is(f - 'daily_projections' - 'confidence' - 'projected_total', '{"status": "no_budget", "exhausts_at": null, "projected_period_total": null, "days_until_budget_exhausted": null}', 'as in the object')
FROM analytics.get_budget_forecast(as_of => :'at') f;
SELECT ok(near((f ->> 'projected_total')::numeric, 140, 1), 'which forecasts 10 a day') FROM analytics.get_budget_forecast(as_of => :'at') f;

SELECT analytics.set_budget('default', 250) \g /dev/null
SELECT results_eq($$SELECT k FROM jsonb_object_keys(analytics.get_budget_forecast(as_of => '2025-03-11Z')) k ORDER BY 1$$,
    $$VALUES ('confidence'), ('daily_projections'), ('days_until_budget_exhausted'), ('exhausts_at'), ('projected_period_total'), ('projected_total'), ('status')$$, 'the keys of the object');
SELECT results_eq($$SELECT DISTINCT k FROM jsonb_array_elements(analytics.get_budget_forecast(as_of => '2025-03-11Z') -> 'daily_projections') d, jsonb_object_keys(d) k ORDER BY 1$$,
    $$VALUES ('day'), ('lower_80'), ('upper_80'), ('value')$$, 'and of its days');
SELECT results_eq($$SELECT (d ->> 'day')::date, (d ->> 'value')::numeric, (d ->> 'lower_80')::numeric, (d ->> 'upper_80')::numeric FROM jsonb_array_elements(analytics.get_budget_forecast(20, as_of => '2025-03-11 13:45Z') -> 'daily_projections') d$$,
    $$SELECT day, projected_spend, lower_80, upper_80 FROM analytics.forecast_budget(20, as_of => '2025-03-11 13:45Z')$$, 'the days of the object are the rows of forecast_budget');
SELECT is((f ->> 'projected_total')::numeric, (SELECT sum(projected_spend) FROM analytics.forecast_budget(20, as_of => :'at')), 'projected_total is their sum') FROM analytics.get_budget_forecast(20, as_of => :'at') f;
-- 100 spent in March, 150 left: 15 days.
SELECT is(f ->> 'status', 'will_exceed', 'the month''s budget will be exceeded') FROM analytics.get_budget_forecast(as_of => :'at') f;
SELECT ok(near((f ->> 'days_until_budget_exhausted')::numeric, 15, 0.5), 'in 15 days') FROM analytics.get_budget_forecast(as_of => :'at') f;
SELECT ok(abs(extract(epoch FROM (f ->> 'exhausts_at')::timestamptz - timestamptz :'at') / 86400 - (f ->> 'days_until_budget_exhausted')::numeric) <= 0.0501, 'which is the instant exhausts_at')
FROM analytics.get_budget_forecast(as_of => :'at') f;
SELECT ok(near((f ->> 'projected_period_total')::numeric, 310, 3), 'the month will cost 310') FROM analytics.get_budget_forecast(as_of => :'at') f;
SELECT ok((f ->> 'confidence')::numeric BETWEEN 0.99 AND 1, 'what never varies is sure') FROM analytics.get_budget_forecast(as_of => :'at') f;
SELECT is((SELECT (f -> 'days_until_budget_exhausted')::text || (f -> 'projected_period_total')::text FROM analytics.get_budget_forecast(1, as_of => :'at') f),
    (SELECT (f -> 'days_until_budget_exhausted')::text || (f -> 'projected_period_total')::text FROM analytics.get_budget_forecast(14, as_of => :'at') f), 'whatever the horizon');
SELECT is((SELECT array_agg(day ORDER BY i) FROM analytics.forecast_budget(40, as_of => :'at') WITH ORDINALITY r(day, s, a, b, c, d, cum, rest, p, i)),
    (SELECT array_agg(date '2025-03-11' + i ORDER BY i) FROM generate_series(0, 39) i), 'days in order, today first');
SELECT is_empty($$SELECT * FROM analytics.forecast_budget(40, as_of => '2025-03-11Z') WHERE NOT (0 <= lower_95 AND lower_95 <= lower_80 AND lower_80 <= projected_spend + 0.01 AND projected_spend - 0.01 <= upper_80 AND upper_80 <= upper_95)$$, 'bounds lie around each other');
-- The budget's columns follow from the days, and begin anew with the month.
CREATE FUNCTION inconsistent(horizon integer, budget text, at timestamptz) RETURNS SETOF date LANGUAGE sql AS $$
    SELECT day FROM (
        SELECT f.*, b.amount_usd, sum(projected_spend) OVER w + CASE WHEN start <= at THEN s.spent_usd ELSE 0 END AS cumulative, lag(exhaustion_probability, 1, 0.0) OVER w AS before
        FROM analytics.forecast_budget(horizon, budget, at) f, analytics.get_budget_status(budget, at) s, analytics_data.budgets b,
             LATERAL (SELECT CASE b.period WHEN 'total' THEN '-infinity' ELSE date_trunc(b.period, f.day::timestamp) AT TIME ZONE b.time_zone END AS start) p
        WHERE b.tenant_id = (SELECT analytics.current_tenant()) AND b.budget_id = budget WINDOW w AS (PARTITION BY start ORDER BY day)) x
    WHERE NOT (abs(cumulative_spend - cumulative) < 0.001 AND budget_remaining = amount_usd - cumulative_spend AND exhaustion_probability BETWEEN before AND 1)
$$;
SELECT is_empty($$SELECT inconsistent(80, 'default', '2025-03-11Z')$$, 'cumulative spend, what is left and a probability that only grows, month by month');
SELECT ok(near(cumulative_spend, 10, 0.5), 'the first of April begins at nothing') FROM analytics.forecast_budget(40, as_of => :'at') WHERE day = '2025-04-01';
SELECT results_eq($$SELECT day FROM analytics.forecast_budget(60, as_of => '2025-03-11Z') WHERE exhaustion_probability > 0.5$$,
    $$SELECT d::date FROM generate_series(date '2025-03-26', '2025-05-09', interval '1 day') d WHERE extract(day FROM d) BETWEEN 26 AND 31$$, 'a month of 250 ends after 25 days');
-- Within a day: what is still to come.
SELECT ok(near(projected_spend, 6, 0.6), 'at noon 6 of the 10 are still to come') FROM analytics.forecast_budget(1, as_of => '2025-03-11 12:00Z');
SELECT ok(near(cumulative_spend, 110, 0.6), 'after the 104 spent') FROM analytics.forecast_budget(1, as_of => '2025-03-11 12:00Z');
SELECT ok(projected_spend < 1, 'late in the evening hardly anything') FROM analytics.forecast_budget(1, as_of => '2025-03-11 23:30Z');
SELECT is_empty($$SELECT h, inconsistent(30, 'default', timestamptz '2025-03-11Z' + h * interval '1 hour 7 minutes') FROM generate_series(1, 20, 3) h$$, 'at any time of day');
SELECT ok(near((f ->> 'days_until_budget_exhausted')::numeric, 14.5, 0.5), 'at noon half a day less is left') FROM analytics.get_budget_forecast(as_of => '2025-03-11 12:00Z') f;
-- Amounts
SELECT analytics.set_budget('default', 1000) \g /dev/null
SELECT results_eq($$SELECT f ->> 'status', f ->> 'days_until_budget_exhausted', f ->> 'exhausts_at' FROM analytics.get_budget_forecast(60, as_of => '2025-03-11Z') f$$, $$VALUES ('ok', NULL::text, NULL::text)$$, 'a large budget lasts until it resets');
SELECT is((SELECT max(exhaustion_probability) FROM analytics.forecast_budget(60, as_of => :'at')), 0.0, 'with certainty');
SELECT analytics.set_budget('default', 90) \g /dev/null
SELECT results_eq($$SELECT f ->> 'status', (f ->> 'days_until_budget_exhausted')::numeric, (f ->> 'exhausts_at')::timestamptz FROM analytics.get_budget_forecast(as_of => '2025-03-11Z') f$$,
    $$VALUES ('exceeded', 0.0, timestamptz '2025-03-11Z')$$, 'a budget that is exceeded is so now');
SELECT results_eq($$SELECT exhaustion_probability, budget_remaining < 0 FROM analytics.forecast_budget(1, as_of => '2025-03-11Z')$$, $$VALUES (1.0, true)$$, 'with certainty, and less than nothing is left');
-- Periods
SELECT analytics.set_budget('default', 45, 'week') \g /dev/null
SELECT ok(near((f ->> 'days_until_budget_exhausted')::numeric, 3.5, 0.3), 'a week of 45: 10 are spent on Monday, 35 last 3.5 days') FROM analytics.get_budget_forecast(as_of => :'at') f;
SELECT is_empty($$SELECT inconsistent(30, 'default', '2025-03-11 08:00Z')$$, 'weeks begin anew');
SELECT analytics.set_budget('default', 7, 'day') \g /dev/null
SELECT ok(near((f ->> 'days_until_budget_exhausted')::numeric, 0.7, 0.1), 'a day of 7: it lasts 0.7 days') FROM analytics.get_budget_forecast(as_of => :'at') f;
SELECT is_empty($$SELECT inconsistent(30, 'default', '2025-03-11 08:00Z')$$, 'days begin anew');
SELECT analytics.set_budget('default', 1000, 'total') \g /dev/null
SELECT ok(near((f ->> 'days_until_budget_exhausted')::numeric, 31, 1) AND f ->> 'projected_period_total' IS NULL, 'a budget without an end: 690 are spent, 310 last 31 days') FROM analytics.get_budget_forecast(60, as_of => :'at') f;
SELECT is(f ->> 'status', 'ok', 'which a shorter horizon does not see') FROM analytics.get_budget_forecast(14, as_of => :'at') f;
SELECT is_empty($$SELECT inconsistent(60, 'default', '2025-03-11 08:00Z')$$, 'it never begins anew');
SELECT analytics.set_budget('default', 1000, 'total', ends_at => '2025-03-16Z') \g /dev/null
SELECT results_eq($$SELECT count(*), count(cumulative_spend) FROM analytics.forecast_budget(14, as_of => '2025-03-11Z')$$, $$VALUES (14::bigint, 5::bigint)$$, 'days after the end of a budget have none');
SELECT ok(near((f ->> 'projected_period_total')::numeric, 740, 3), 'its period costs until its end') FROM analytics.get_budget_forecast(as_of => :'at') f;
SELECT analytics.set_budget('default', 1000, 'total', starts_at => '2025-03-14Z') \g /dev/null
SELECT results_eq($$SELECT day, abs(cumulative_spend - 10 * (day - date '2025-03-13')) < 1 FROM analytics.forecast_budget(5, as_of => '2025-03-11Z')$$,
    $$VALUES (date '2025-03-11', NULL), ('2025-03-12', NULL), ('2025-03-13', NULL), ('2025-03-14', true), ('2025-03-15', true)$$, 'days before the start have none either');
-- Zones: it is still the tenth in New York, where the call of 03:00Z is to come.
SELECT analytics.set_budget('default', 250, 'month', 'America/New_York') \g /dev/null
SELECT results_eq($$SELECT min(day), max(day), count(*) FROM analytics.forecast_budget(10, as_of => '2025-03-11Z')$$, $$VALUES (date '2025-03-10', date '2025-03-19', 10::bigint)$$, 'days are those of the budget''s zone');
SELECT ok(near(projected_spend, 2, 0.3), 'of which four hours are left') FROM analytics.forecast_budget(1, as_of => :'at');
SELECT is_empty($$SELECT inconsistent(60, 'default', '2025-03-11 08:00Z')$$, 'and so are months');
-- Scopes
SELECT analytics.set_budget('a', 120, scope => '{"agent_id": "a"}') AS a, analytics.set_budget('u', 10000, scope => '{"user_id": "u"}') AS u \gset
SELECT ok(bool_and(near(projected_spend, 6, 0.2)), 'an agent''s budget is about its spend') FROM analytics.forecast_budget(14, 'a', :'at');
SELECT ok(near((f ->> 'days_until_budget_exhausted')::numeric, 10, 0.5), 'which lasts 10 days') FROM analytics.get_budget_forecast(14, 'a', :'at') f;
SELECT ok(bool_and(near(projected_spend, 6, 0.2)), 'a user''s') FROM analytics.forecast_budget(14, 'u', :'at');
SELECT is_empty($$SELECT inconsistent(30, 'a', '2025-03-11 08:00Z') UNION ALL SELECT inconsistent(30, 'u', '2025-03-11 08:00Z')$$, 'their columns too');
-- Horizons and errors
SELECT is((SELECT count(*) FROM analytics.forecast_budget(1, as_of => :'at')), 1::bigint, 'one day');
SELECT is((SELECT count(*) FROM analytics.forecast_budget(365, as_of => :'at')), 365::bigint, 'a year');
SELECT throws_ok(format('SELECT %s', call), state, NULL, call) FROM (VALUES
    ('analytics.forecast_budget(0)', '22023'), ('analytics.forecast_budget(366)', '22023'), ('analytics.get_budget_forecast(0)', '22023'), ('analytics.get_budget_forecast(366)', '22023'),
    ('analytics.forecast_budget(14, ''none'')', 'PT404'), ('analytics.get_budget_forecast(14, ''none'')', 'PT404'),
    ('analytics.forecast_budget(as_of => ''infinity'')', '22023'), ('analytics.get_budget_forecast(as_of => ''-infinity'')', '22023')) v(call, state);
SELECT is((SELECT count(*) FROM analytics.forecast_budget(NULL, NULL, :'at')), 14::bigint, 'NULL is the default');
DELETE FROM analytics_data.budgets WHERE tenant_id = 'steady' AND budget_id = 'default';
SELECT throws_ok($$SELECT analytics.get_budget_forecast()$$, '22023', NULL, 'of several budgets one must be named');
DELETE FROM analytics_data.budgets WHERE tenant_id = 'steady' AND budget_id <> 'a';
SELECT is(analytics.get_budget_forecast(as_of => :'at'), analytics.get_budget_forecast(budget_id => 'a', as_of => :'at'), 'a single one need not be');
-- Nothing else matters: what came later, summaries, another tenant.
SELECT analytics.get_budget_forecast(30, as_of => :'at') AS before \gset
DELETE FROM analytics_data.llm_calls WHERE tenant_id = 'steady' AND created_at > :'at';
SELECT is(analytics.get_budget_forecast(30, as_of => :'at'), :'before'::jsonb, 'what came later changes nothing');
SELECT count(*) AS n FROM analytics.refresh_rollups() \gset
SELECT is(analytics.get_budget_forecast(30, as_of => :'at'), :'before'::jsonb, 'nor does a refresh');
INSERT INTO analytics_data.llm_calls (tenant_id, call_id, created_at, agent_id, cost_usd) SELECT 'rich', i, timestamptz '2025-03-11' - i * interval '1 hour', 'a', 1000 FROM generate_series(1, 400) i;
SELECT is(analytics.get_budget_forecast(30, as_of => :'at'), :'before'::jsonb, 'nor does another tenant');
SELECT as_tenant('rich') \g /dev/null
SELECT is(analytics.get_budget_forecast(as_of => :'at') ->> 'status', 'no_budget', 'which does not see its budget');
-- A call without a price, no spend, few days
SELECT as_tenant('steady') \g /dev/null
INSERT INTO analytics_data.llm_calls (tenant_id, call_id, created_at, agent_id, model, input_tokens) VALUES ('steady', 'unpriced', '2025-03-09Z', 'a', 'no-such-model', 5);
SELECT is(analytics.get_budget_forecast(as_of => :'at') ->> 'status', 'incomplete_pricing', 'a call without a price is told');
SELECT as_tenant('idle') \g /dev/null
SELECT analytics.set_budget('default', 100) \g /dev/null
SELECT results_eq($$SELECT f ->> 'status', f ->> 'projected_total', f ->> 'projected_period_total', f ->> 'confidence', f ->> 'days_until_budget_exhausted' FROM analytics.get_budget_forecast(as_of => '2025-03-11Z') f$$,
    $$VALUES ('no_spend', '0', '0', NULL::text, NULL::text)$$, 'no spend is forecast from none');
SELECT is_empty($$SELECT inconsistent(30, 'default', '2025-03-11 08:00Z')$$, 'nor a budget used up');
SELECT as_tenant('fresh') \g /dev/null
SELECT analytics.set_budget('default', 100) \g /dev/null
INSERT INTO analytics_data.llm_calls (call_id, created_at, cost_usd) SELECT i, timestamptz '2025-03-11Z' - i * interval '6 hours', 2.5 FROM generate_series(1, 12) i;
SELECT results_eq($$SELECT f ->> 'status', f ->> 'confidence' FROM analytics.get_budget_forecast(as_of => '2025-03-11Z') f$$, $$VALUES ('insufficient_data', NULL::text)$$, 'three days are few');
SELECT ok(bool_and(projected_spend BETWEEN 8 AND 12), 'but better than nothing') FROM analytics.forecast_budget(14, as_of => :'at');
SELECT ok(projected_spend > 0, 'so are three hours of a first day') FROM analytics.forecast_budget(1, as_of => '2025-03-08 03:00Z');

-- Metrics: 40 days of hours with a daily season; one hour with three times the orders.
CREATE FUNCTION busy(hour integer) RETURNS double precision LANGUAGE sql IMMUTABLE AS $$ SELECT CASE WHEN hour < 6 THEN 2 WHEN hour < 9 THEN 8 WHEN hour < 20 THEN 20 ELSE 10 END $$;
INSERT INTO analytics_data.orders (tenant_id, order_id, created_at, total_amount, status)
SELECT 'shop', h || ' ' || k, h + k * interval '20 seconds', 20 + draw('amount', extract(epoch FROM h)::bigint + k) * 10, 'pending'
FROM generate_series(timestamptz '2025-02-19', '2025-03-31 11:00', interval '1 hour') h,
     LATERAL generate_series(1, about(busy(extract(hour FROM h)::int), 'orders', extract(epoch FROM h)::bigint) + CASE WHEN h = '2025-03-29 15:00Z' THEN 40 ELSE 0 END) k;
INSERT INTO analytics_data.orders (tenant_id, order_id, created_at, total_amount) SELECT 'shop', 'now ' || k, timestamptz '2025-03-31 12:00' + k * interval '1 second', 20 FROM generate_series(1, 300) k;
SELECT as_tenant('shop') \g /dev/null
SELECT results_eq($$SELECT "timestamp", severity, direction FROM analytics.get_metric_anomalies('orders', '7d', '1h', as_of => '2025-03-31 12:20Z')$$,
    $$VALUES (timestamptz '2025-03-29 15:00Z', 'critical', 'up')$$, 'the hour with 40 orders more is found and nothing else, not even the running hour');
SELECT ok(value = (SELECT count(*) FROM analytics_data.orders WHERE created_at >= '2025-03-29 15:00Z' AND created_at < '2025-03-29 16:00Z') AND near(expected_value, 20, 6) AND lower_bound < expected_value AND upper_bound < value
          AND p_value < 1e-6, 'with what it was and what was expected') FROM analytics.get_metric_anomalies('orders', '7d', '1h', as_of => '2025-03-31 12:20Z');
SELECT is_empty($$SELECT * FROM analytics.get_metric_anomalies('orders', '24h', '1h', as_of => '2025-03-31 12:20Z')$$, 'it lies outside the last 24 hours');
SELECT ok(bool_or("timestamp" = '2025-03-31 12:00Z' AND direction = 'up'), 'an hour is judged when it is over') FROM analytics.get_metric_anomalies('orders', '24h', '1h', as_of => '2025-03-31 13:00Z');
SELECT is_empty($$SELECT * FROM analytics.get_metric_anomalies('orders', '7d', '1d', as_of => '2025-03-31 12:20Z') WHERE "timestamp" = '2025-03-31Z'$$, 'nor is the running day');
SELECT ok(bool_and(near(value, (SELECT avg(n) FROM (SELECT count(*) AS n FROM analytics_data.orders WHERE created_at < '2025-03-31Z' AND created_at >= '2025-02-19Z' GROUP BY date_trunc('day', created_at)) d), 30)
                   AND lower_95 <= lower_80 AND lower_80 <= value AND value <= upper_80 AND upper_80 <= upper_95), 'days of orders are forecast near their mean')
FROM analytics.forecast_metric('orders', 14, '1d', as_of => '2025-03-31 12:20Z');
SELECT is((SELECT array_agg("timestamp" ORDER BY "timestamp") FROM analytics.forecast_metric('orders', 14, '1d', as_of => '2025-03-31 12:20Z')),
    (SELECT array_agg(d) FROM generate_series(timestamptz '2025-03-31', '2025-04-13', interval '1 day') d), 'from the running one');
SELECT is(array_agg(DISTINCT round(value, 4)), (SELECT array[round(count(*)::numeric, 4)] FROM analytics_data.orders WHERE created_at >= '2025-03-30Z' AND created_at < '2025-03-31Z'), 'by the method that is asked for')
FROM analytics.forecast_metric('orders', 3, '1d', as_of => '2025-03-31 12:20Z', method => 'naive');
SELECT ok(sum(abs(value - busy(extract(hour FROM "timestamp")::int)::numeric)) / sum(value) < 0.2, 'hours have their season') FROM analytics.forecast_metric('orders', 48, '1h', as_of => '2025-03-31 12:20Z');
-- Filters: hours of two models, a spike of one of them
INSERT INTO analytics_data.llm_calls (tenant_id, call_id, created_at, provider, model, cost_usd)
SELECT 'shop', h || m || k, h + k * interval '20 seconds', 'p', m, 0.01
FROM generate_series(timestamptz '2025-03-05', '2025-03-31 11:00', interval '1 hour') h, unnest('{one,two}'::text[]) m,
     LATERAL generate_series(1, about(6, m, extract(epoch FROM h)::bigint) + CASE WHEN h = '2025-03-30 04:00Z' AND m = 'one' THEN 30 ELSE 0 END) k;
SELECT results_eq($$SELECT "timestamp", severity, direction FROM analytics.get_metric_anomalies('calls_by_model', '7d', '1h', '{"model": "one"}', '2025-03-31 12:00Z')$$,
    $$VALUES (timestamptz '2025-03-30 04:00Z', 'critical', 'up')$$, 'a filtered metric has the anomaly');
SELECT is_empty($$SELECT * FROM analytics.get_metric_anomalies('calls_by_model', '7d', '1h', '{"model": "two"}', '2025-03-31 12:00Z')$$, 'or has none');
SELECT ok(bool_and(near(one.value * 2, both_models.value, 30)), 'a filtered forecast is that of a part') FROM analytics.forecast_metric('calls_by_model', 7, '1d', '{"model": "two"}', '2025-03-31Z') one
    JOIN analytics.forecast_metric('calls_by_model', 7, '1d', as_of => '2025-03-31Z') both_models USING ("timestamp");
SELECT throws_ok(format('SELECT %s', call), state, NULL, call) FROM (VALUES
    ('analytics.get_metric_anomalies(''none'')', 'PT404'), ('analytics.forecast_metric(''none'')', 'PT404'), ('analytics.get_metric_anomalies(NULL)', '22023'), ('analytics.forecast_metric(NULL)', '22023'),
    ('analytics.forecast_metric(''orders'', method => ''best'')', '22023'), ('analytics.forecast_metric(''orders'', 0)', '22023'), ('analytics.forecast_metric(''orders'', 1001)', '22023'), ('analytics.forecast_metric(''orders'', bucket => ''2h'')', '22023'),
    ('analytics.get_metric_anomalies(''orders'', ''soon'')', '22023'), ('analytics.get_metric_anomalies(''orders'', filters => ''{"colour": "red"}'')', '22023')) v(call, state);
-- Another tenant changes nothing, and one without facts has none.
SELECT (SELECT jsonb_agg(to_jsonb(f)) FROM analytics.forecast_metric('orders', as_of => '2025-03-31 12:20Z') f) AS forecast, (SELECT jsonb_agg(to_jsonb(a)) FROM analytics.get_metric_anomalies('orders', as_of => '2025-03-31 12:20Z') a) AS found \gset
INSERT INTO analytics_data.orders (tenant_id, order_id, created_at, total_amount) SELECT 'rival', k, timestamptz '2025-03-30' + k * interval '1 minute', 20 FROM generate_series(1, 2000) k;
SELECT is((SELECT jsonb_agg(to_jsonb(f)) FROM analytics.forecast_metric('orders', as_of => '2025-03-31 12:20Z') f), :'forecast'::jsonb, 'another tenant''s orders change no forecast');
SELECT is((SELECT jsonb_agg(to_jsonb(a)) FROM analytics.get_metric_anomalies('orders', as_of => '2025-03-31 12:20Z') a), :'found'::jsonb, 'and no finding');
SELECT as_tenant('nobody') \g /dev/null
SELECT results_eq($$SELECT count(*), bool_and(value = 0 AND lower_95 = 0 AND upper_95 = 0) FROM analytics.forecast_metric('orders', as_of => '2025-03-31Z')$$, $$VALUES (14::bigint, true)$$, 'no orders: none are forecast');
SELECT results_eq($$SELECT count(*), count(value) + count(lower_80) + count(upper_95) FROM analytics.forecast_metric('fulfillment_rate', as_of => '2025-03-31Z')$$, $$VALUES (14::bigint, 0::bigint)$$, 'a rate of nothing is not known');
SELECT is_empty($$SELECT * FROM analytics.get_metric_anomalies('orders', as_of => '2025-03-31Z')$$, 'and nothing is found');

-- The shop's hours: quiet nights, orders that are fulfilled within six hours.
CREATE FUNCTION found(at timestamptz, how text DEFAULT 'seasonal') RETURNS TABLE (hour timestamptz, type text, severity text) LANGUAGE sql AS
$$ SELECT hour_start, anomaly_type, severity FROM analytics.get_active_anomalies(at, how) $$;
INSERT INTO analytics_data.orders (tenant_id, order_id, created_at, total_amount, status, fulfilled_at)
SELECT 'nights', h || ' ' || k, t.at, 20 + draw('amount', t.n) * 10, CASE WHEN done THEN 'fulfilled' ELSE 'pending' END, CASE WHEN done THEN t.at + draw('age', t.n) * interval '6 hours' END
FROM generate_series(timestamptz '2025-03-01', '2025-03-31 23:00', interval '1 hour') h,
     LATERAL generate_series(1, about(CASE WHEN extract(hour FROM h) < 6 THEN 1 ELSE 30 END, 'nights', extract(epoch FROM h)::bigint)) k,
     LATERAL (SELECT h + k * interval '30 seconds' AS at, extract(epoch FROM h)::bigint * 100 + k AS n) t, LATERAL (SELECT draw('done', t.n) < 0.95 AS done) d;
SELECT as_tenant('nights') \g /dev/null
SELECT is_empty($$SELECT * FROM found('2025-03-31 08:10Z')$$, 'a quiet night as every night is nothing, nor are orders too young to be fulfilled');
SELECT ok(count(*) FILTER (WHERE type = 'low_order_volume' AND hour BETWEEN '2025-03-31 00:00Z' AND '2025-03-31 05:00Z') >= 5, 'which the plain rule calls low')
FROM found('2025-03-31 08:10Z', 'threshold');
SELECT is_empty($$SELECT h, f.* FROM generate_series(timestamptz '2025-03-29 09:17Z', '2025-03-31 23:00Z', interval '5 hours') h, LATERAL found(h) f WHERE severity IN ('critical', 'high')$$, 'nothing grave at any hour');
-- An outage of three hours
UPDATE analytics_data.orders SET status = 'cancelled' WHERE tenant_id = 'nights' AND created_at >= '2025-03-31 10:00Z' AND created_at < '2025-03-31 13:00Z';
SELECT results_eq($$SELECT hour, severity FROM found('2025-03-31 20:10Z') WHERE type = 'low_order_volume' ORDER BY 1$$,
    $$VALUES (timestamptz '2025-03-31 10:00Z', 'critical'), ('2025-03-31 11:00Z', 'critical'), ('2025-03-31 12:00Z', 'critical')$$, 'an outage of three hours is found, hour by hour');
SELECT is_empty($$SELECT * FROM found('2025-03-31 20:10Z') WHERE hour NOT BETWEEN '2025-03-31 10:00Z' AND '2025-03-31 12:00Z'$$, 'and nothing else');
SELECT is_empty($$SELECT * FROM found('2025-03-31 09:59Z') WHERE severity IN ('critical', 'high')$$, 'nor before it');
SELECT ok(bool_and(total_orders = 0 AND near(expected_value, 30, 8) AND deviation_pct = 100 AND lower_bound > 0 AND p_value < 1e-6), 'with what was expected')
FROM analytics.get_active_anomalies('2025-03-31 20:10Z') WHERE anomaly_type = 'low_order_volume';
-- An hour whose orders wait
UPDATE analytics_data.orders SET status = 'pending', fulfilled_at = NULL WHERE tenant_id = 'nights' AND created_at >= '2025-03-31 08:00Z' AND created_at < '2025-03-31 09:00Z' AND draw('wait', extract(epoch FROM created_at)::bigint) < 0.8;
SELECT results_eq($$SELECT hour FROM found('2025-03-31 20:10Z') WHERE type = 'low_fulfillment'$$, $$VALUES (timestamptz '2025-03-31 08:00Z')$$, 'an hour whose orders wait is found, the young hours are not');
SELECT as_tenant('rival') \g /dev/null
SELECT is_empty($$SELECT * FROM found('2025-03-20Z')$$, 'another tenant has no such hours');
-- A handful of orders a day says nothing.
INSERT INTO analytics_data.orders (tenant_id, order_id, created_at, total_amount, status)
SELECT 'small', i, timestamptz '2025-03-01' + draw('small', i) * interval '31 days', 20, CASE WHEN i % 3 = 0 THEN 'pending' ELSE 'fulfilled' END FROM generate_series(1, 70) i;
SELECT as_tenant('small') \g /dev/null
SELECT is_empty($$SELECT h, f.* FROM generate_series(timestamptz '2025-03-25 09:17Z', '2025-03-31 23:00Z', interval '5 hours') h, LATERAL found(h) f WHERE severity <> 'low'$$, 'few orders raise no alarm');
SELECT throws_ok($$SELECT * FROM analytics.get_active_anomalies(method => 'magic')$$, '22023', NULL, 'an unknown method is refused');
SELECT * FROM finish();
