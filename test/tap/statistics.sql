-- Statistics of arrays and aggregates against plain SQL, known values and the properties that they promise.
\ir include/start.sql
SELECT plan(65);

-- A fixed sequence between 0 and 1.
CREATE FUNCTION draw(seed text, i integer) RETURNS double precision LANGUAGE sql IMMUTABLE AS
$$ SELECT ('x' || substr(md5(seed || i), 1, 7))::bit(28)::integer / 268435456.0::float8 $$;
-- The sum of so many of them, less its mean: nearly normal, with standard deviation 1 for 12.
CREATE FUNCTION noise(seed text, i integer) RETURNS double precision LANGUAGE sql IMMUTABLE AS
$$ SELECT sum(draw(seed || k || ':', i)) - 6 FROM generate_series(1, 12) k $$;
CREATE FUNCTION apart(a double precision, b double precision) RETURNS double precision LANGUAGE sql IMMUTABLE AS
$$ SELECT CASE WHEN a IS NULL AND b IS NULL OR a = b THEN 0 WHEN a IS NULL OR b IS NULL THEN 'infinity' ELSE abs(a - b) / greatest(abs(a), abs(b)) END $$;
CREATE TABLE lines (name text PRIMARY KEY, season integer, series double precision[]);
INSERT INTO lines
SELECT 'days', 7, array_agg(200 + i * 0.4 + 50 * sin(i * 2 * pi() / 7) + 8 * noise('days', i) ORDER BY i) FROM generate_series(1, 140) i UNION ALL
SELECT 'hours', 24, array_agg(floor(greatest(0, 40 + 30 * sin(i * pi() / 12) + 4 * noise('hours', i))) ORDER BY i) FROM generate_series(1, 600) i UNION ALL
SELECT 'gaps', 7, array_agg(CASE WHEN draw('gap', i) > 0.15 THEN 200 + 50 * sin(i * 2 * pi() / 7) + 8 * noise('gaps', i) END ORDER BY i) FROM generate_series(1, 140) i UNION ALL
SELECT 'rare', 7, array_agg(CASE WHEN draw('rare', i) > 0.9 THEN floor(1 + 5 * draw('much', i)) ELSE 0 END ORDER BY i) FROM generate_series(1, 200) i;

-- Forecasts that plain SQL can make.
SELECT is_empty($$SELECT name, step FROM lines, LATERAL analytics.forecast(series, 20, season, method => 'naive') WHERE name <> 'gaps' AND value <> series[array_length(series, 1)]$$,
    'naive is the last value');
SELECT is_empty($$SELECT name, step FROM lines, LATERAL analytics.forecast(series, 60, season, method => 'seasonal_naive')
                  WHERE name <> 'gaps' AND apart(value, series[array_length(series, 1) - season + 1 + (step - 1) % season]) > 1e-12$$, 'seasonal_naive is the last season again');
SELECT ok(bool_and(abs(value - (10 + 3 * (60 + step))) < 1), 'a line goes on') FROM (SELECT array_agg(10.0::float8 + 3 * i ORDER BY i) AS s FROM generate_series(1, 60) i) l, LATERAL analytics.forecast(s, 5, method => 'ets');
SELECT ok(sum(abs(value - truth)) / sum(truth) < 0.06, 'a trend with a season is foretold within 6 %')
FROM lines, LATERAL analytics.forecast(series, 28, 7), LATERAL (SELECT 200 + (140 + step) * 0.4 + 50 * sin((140 + step) * 2 * pi() / 7) AS truth) t WHERE name = 'days';
SELECT ok(avg((y BETWEEN lower[1] AND upper[1])::int) BETWEEN 0.6 AND 0.97 AND avg((y BETWEEN lower[2] AND upper[2])::int) >= 0.85, 'and its intervals hold what comes')
FROM (SELECT array_agg(200 + 50 * sin(i * 2 * pi() / 7) + 8 * noise('s' || n, i) ORDER BY i) FILTER (WHERE i <= 140) AS s,
             array_agg(200 + 50 * sin(i * 2 * pi() / 7) + 8 * noise('s' || n, i) ORDER BY i) FILTER (WHERE i > 140) AS later
      FROM generate_series(1, 10) n, generate_series(1, 147) i GROUP BY n) l, LATERAL analytics.forecast(s, 7, 7), LATERAL (SELECT later[step] AS y) y;
SELECT ok(bool_and(apart(value, mean) < 1e-6), 'arima of values without memory is their mean')
FROM (SELECT array_agg(noise('white', i) + 9 ORDER BY i) AS s, avg(noise('white', i) + 9) AS mean FROM generate_series(1, 60) i) w, LATERAL analytics.forecast(s, 5, 1, method => 'arima');
SELECT ok(bool_and(abs(value - (10 + 3 * (60 + step))) < 1), 'and follows a line') FROM (SELECT array_agg(10.0::float8 + 3 * i ORDER BY i) AS s FROM generate_series(1, 60) i) l, LATERAL analytics.forecast(s, 5, method => 'arima');
SELECT results_eq($$SELECT method, round(avg(value)::numeric, 6), round(max(upper[1])::numeric, 6) FROM unnest('{adida,croston,sba,tsb}'::text[]) method,
    LATERAL analytics.forecast((SELECT array_agg(CASE WHEN i % 3 = 0 THEN 6.0::float8 ELSE 0 END ORDER BY i) FROM generate_series(1, 90) i), 7, method => method) GROUP BY 1 ORDER BY 1$$,
    $$VALUES ('adida', 2.0, 6.0), ('croston', 2.0, 6.0), ('sba', 1.9, 5.7), ('tsb', (SELECT round(6 * p, 6) FROM (WITH RECURSIVE r(i, p) AS
        (SELECT 1, 0::float8 UNION ALL SELECT i + 1, p + 0.1 * ((i + 1) % 3 = 0)::int - 0.1 * p FROM r WHERE i < 90) SELECT p::numeric AS p FROM r WHERE i = 90) l), 6.0)$$,
    'a demand of 6 every third day is 2 a day, by Croston''s rule and its relatives');
SELECT results_eq($$SELECT name, d.season, seasonal_differences, missing > 0, demand_kind FROM lines, LATERAL analytics.describe_series(series, lines.season) d ORDER BY name$$,
    $$VALUES ('days', 7, 1, false, 'smooth'), ('gaps', 7, 1, true, 'smooth'), ('hours', 24, 1, false, 'smooth'), ('rare', 7, 0, false, 'intermittent')$$, 'describe_series says what was made so');
SELECT is((analytics.describe_series((SELECT array_agg(y ORDER BY i) FROM (SELECT i, sum(noise('walk', i)) OVER (ORDER BY i) AS y FROM generate_series(1, 200) i) w), 1)).first_differences, 1,
    'a random walk is differenced once');
SELECT results_eq($$SELECT step, apart(cleaned, truth) < 0.1 FROM lines, LATERAL analytics.clean_series(series[:69] || series[70] * 3 || series[71:], 7),
    LATERAL (SELECT 200 + step * 0.4 + 50 * sin(step * 2 * pi() / 7) AS truth) t WHERE name = 'days' AND outlier$$, $$VALUES (70, true)$$, 'clean_series puts a value that was tripled back');
-- Units do not matter.
SELECT is_empty(format($$SELECT name, a.step FROM lines, LATERAL analytics.forecast(series, 14, season, method => %L) a
    JOIN LATERAL analytics.forecast((SELECT array_agg(v * 1024 ORDER BY i) FROM unnest(series) WITH ORDINALITY u(v, i)), 14, season, method => %L) b USING (step)
    WHERE name IN ('days', 'gaps') AND (apart(a.value * 1024, b.value) > 1e-9 OR apart(a.lower[2] * 1024, b.lower[2]) > 1e-9 OR apart(a.upper[1] * 1024, b.upper[1]) > 1e-9)$$, m, m),
    format('%s of 1024 times the series is 1024 times the forecast', m)) FROM unnest('{auto,fast,ets,theta,arima,mstl,naive}'::text[]) m;
SELECT is_empty($$SELECT name, step FROM lines, LATERAL (SELECT * FROM analytics.forecast(series, 14) EXCEPT SELECT * FROM analytics.forecast(series, 14)) d$$, 'the same series has the same forecast');

-- forecast_exhaustion against the forecast of the same series
SELECT ok(apart(e.total_mean, f.total) < 0.05 AND e.total_lower_80 < f.total AND f.total < e.total_upper_80, 'what the horizon costs is the sum of its forecast')
FROM lines, LATERAL analytics.forecast_exhaustion(series, 0, 1e9, 30, season) e, LATERAL (SELECT sum(value) AS total FROM analytics.forecast(series, 30, season)) f WHERE name = 'days';
SELECT ok(e.p_exhaust > 0.9 AND abs(e.day_p50 - days.n) < 1.5, 'half of the futures reach a budget when the forecast does')
FROM lines, LATERAL analytics.forecast_exhaustion(series, 1000, 5000, 30, season) e,
     LATERAL (SELECT min(step) AS n FROM (SELECT step, sum(value) OVER (ORDER BY step) AS so_far FROM analytics.forecast(series, 30, season)) f WHERE so_far >= 4000) days WHERE name = 'days';
SELECT ok(bool_and(p >= before), 'more budget is less likely to be reached')
FROM (SELECT b, p_exhaust, lag(p_exhaust, 1, 0) OVER (ORDER BY b DESC) FROM lines, generate_series(6000, 9000, 250) b, LATERAL analytics.forecast_exhaustion(series, 0, b, 30, season)
      WHERE name = 'days') x(b, p, before);

-- backtest_forecast: the same by cutting the series
CREATE FUNCTION plain_backtest(s double precision[], horizon integer, season integer, folds integer, OUT mae double precision, OUT wape double precision, OUT smape double precision,
    OUT coverage_80 double precision, OUT coverage_95 double precision) LANGUAGE sql AS $$
    SELECT avg(abs(y - value)), sum(abs(y - value)) / sum(abs(y)), avg(CASE WHEN y = 0 AND value = 0 THEN 0 ELSE 200 * abs(y - value) / (abs(y) + abs(value)) END),
           avg((y BETWEEN lower[1] AND upper[1])::int), avg((y BETWEEN lower[2] AND upper[2])::int)
    FROM generate_series(1, folds) k, LATERAL analytics.forecast(s[: array_length(s, 1) - k * horizon], horizon, season), LATERAL (SELECT s[array_length(s, 1) - k * horizon + step] AS y) t
    WHERE y IS NOT NULL
$$;
SELECT is_empty($$SELECT name, b, p FROM lines, LATERAL analytics.backtest_forecast(series, 14, season, 4) b, LATERAL plain_backtest(series, 14, season, 4) p
    WHERE apart(b.mae, p.mae) + apart(b.wape, p.wape) + apart(b.smape, p.smape) + apart(b.coverage_80, p.coverage_80) + apart(b.coverage_95, p.coverage_95) > 1e-9 OR folds <> 4$$,
    'backtest_forecast is what cutting the series and forecasting it shows');
SELECT is_empty($$SELECT name FROM lines, LATERAL analytics.backtest_forecast(series, 14, season, 2, 'naive') b, LATERAL (
    SELECT avg(abs(series[n - k * 14 + step] - series[n - k * 14])) AS mae FROM array_length(series, 1) n, generate_series(1, 2) k, generate_series(1, 14) step) p
    WHERE name <> 'gaps' AND apart(b.mae, p.mae) > 1e-9$$, 'of another method too');
SELECT ok(apart(b.mase, m.mase) < 1e-9, 'mase is the error over that of going back a season')
FROM lines, LATERAL analytics.backtest_forecast(series, 14, 7, 1) b,
     LATERAL (SELECT b.mae / avg(abs(series[i] - series[i - 7])) AS mase FROM generate_series(8, 126) i) m WHERE name = 'days';

-- detect_anomalies
SELECT is_empty($$SELECT name, b.step FROM lines, unnest('{1,2,25,77,120}'::int[]) n, LATERAL analytics.detect_anomalies(series, season) a
    JOIN LATERAL analytics.detect_anomalies(series[:n], season) b USING (step)
    WHERE (a.value, a.expected, a.lower, a.upper, a.p_value, a.score) IS DISTINCT FROM (b.value, b.expected, b.lower, b.upper, b.p_value, b.score)$$, 'what comes later changes no judgement');
SELECT is_empty($$SELECT name, b.step FROM lines, unnest('{25,77,120}'::int[]) n, LATERAL analytics.detect_anomalies(series) a JOIN LATERAL analytics.detect_anomalies(series[:n]) b USING (step)
    WHERE (a.value, a.expected, a.lower, a.upper, a.p_value, a.score) IS DISTINCT FROM (b.value, b.expected, b.lower, b.upper, b.p_value, b.score)$$, 'nor when the season is to be found');
SELECT is((SELECT count(*) FROM lines, LATERAL analytics.detect_anomalies(series, season) WHERE name IN ('days', 'hours') AND severity IN ('critical', 'high', 'medium')), 0::bigint, 'ordinary noise is no finding');
CREATE TABLE changed AS SELECT name, season, (SELECT array_agg(CASE i WHEN 500 THEN 160 WHEN 558 THEN 0 ELSE v END ORDER BY i) FROM unnest(series) WITH ORDINALITY u(v, i)) AS series FROM lines WHERE name = 'hours';
SELECT results_eq($$SELECT step, severity FROM changed, LATERAL analytics.detect_anomalies(series, season) WHERE severity IN ('critical', 'high') ORDER BY 1$$,
    $$VALUES (500, 'critical'), (558, 'critical')$$, 'a spike and an hour of nothing are found, and nothing else');
SELECT ok(bool_and(score >= 1), 'the spike is an alert') FROM changed, LATERAL analytics.detect_anomalies(series, season) WHERE step = 500;
SELECT is_empty($$SELECT name, a.step FROM lines, LATERAL analytics.detect_anomalies(series, season) a
    JOIN LATERAL analytics.detect_anomalies((SELECT array_agg(v * 1024 ORDER BY i) FROM unnest(series) WITH ORDINALITY u(v, i)), season) b USING (step)
    WHERE name IN ('days', 'gaps') AND (apart(a.expected * 1024, b.expected) > 1e-12 OR apart(a.p_value, b.p_value) > 1e-9 OR apart(a.score, b.score) > 1e-9 OR a.severity IS DISTINCT FROM b.severity)$$,
    'units do not matter');
-- Rare events are expected, and no finding when they come.
SELECT is_empty($$SELECT rate, amount, avg(value), avg(expected) FROM unnest('{0.01,0.05,0.1,0.2}'::float8[]) rate, unnest('{1,25.5}'::float8[]) amount,
    LATERAL analytics.detect_anomalies((SELECT array_agg(CASE WHEN draw('event', i) < rate THEN amount ELSE 0 END ORDER BY i) FROM generate_series(1, 3000) i), 24)
    WHERE step > 700 GROUP BY rate, amount HAVING apart(avg(value), avg(expected)) > 0.2 OR bool_or(severity IN ('critical', 'high', 'medium')) AND (amount = 1 OR rate > 0.01)$$, 'rare events are not forgotten');
-- Rosner's example (1983), in an order without trend, has three outliers.
CREATE TABLE rosner AS
SELECT array_agg(v ORDER BY md5('rosner' || i)) AS series
FROM unnest('{-0.25,0.68,0.94,1.15,1.2,1.26,1.26,1.34,1.38,1.43,1.49,1.49,1.55,1.56,1.58,1.65,1.69,1.7,1.76,1.77,1.81,1.91,1.94,1.96,1.99,2.06,2.09,2.1,2.14,2.15,2.23,2.24,2.26,2.35,2.37,2.4,2.47,2.54,2.62,2.64,2.9,2.92,2.92,2.93,3.21,3.26,3.3,3.59,3.68,4.3,4.64,5.34,5.42,6.01}'::float8[])
     WITH ORDINALITY u(v, i);
SELECT set_has($$SELECT value FROM rosner, LATERAL analytics.detect_anomalies(series, 1, method => 'esd') WHERE score >= 1$$, $$VALUES (5.34::float8), (5.42), (6.01)$$, 'esd finds the outliers of Rosner''s example');
SELECT results_eq($$SELECT value FROM rosner, LATERAL analytics.detect_anomalies(series, 1, method => 'esd') ORDER BY score DESC LIMIT 3$$, $$VALUES (6.01::float8), (5.42), (5.34)$$, 'before all others');
-- Spikes of a season, the first and the last one too, are found beside a trend, and their neighbours a season away are not.
SELECT results_eq(format($$SELECT step FROM analytics.detect_anomalies((SELECT array_agg(50 + %s * i + 10 * sin(i * pi() / 12) + %s * noise('esd', i) + CASE i WHEN 5 THEN 30 WHEN 100 THEN 30 WHEN 200 THEN -25 WHEN 235 THEN 40 ELSE 0 END ORDER BY i)
    FROM generate_series(1, 240) i), 24, method => 'esd') WHERE score >= 3$$, slope, size), $$VALUES (5), (100), (200), (235)$$, format('esd finds spikes: slope %s, noise %s', slope, size))
FROM unnest('{0,0.2}'::float8[]) slope, unnest('{0.1,0.5,2}'::float8[]) size;
-- The plain rule, plainly
SELECT is_empty($$SELECT step, a.expected, p.mean FROM lines, LATERAL analytics.detect_anomalies(series, method => 'threshold') a, LATERAL (SELECT avg(series[k]) AS mean FROM generate_series(greatest(step - 24, 1), step - 1) k) p
    WHERE name = 'days' AND step > 24 AND (apart(a.expected, p.mean) > 1e-12 OR apart(a.score, abs(value / p.mean - 1) / 0.3) > 1e-9
      OR severity IS DISTINCT FROM (CASE WHEN abs(value / p.mean - 1) >= 0.8 THEN 'critical' WHEN abs(value / p.mean - 1) >= 0.6 THEN 'high' WHEN abs(value / p.mean - 1) >= 0.45 THEN 'medium' WHEN abs(value / p.mean - 1) >= 0.3 THEN 'low' END))$$,
    'threshold is the distance from the mean of 24 points');

-- decompose
SELECT is_empty($$SELECT name, l, step FROM lines, unnest('{7,24}'::int[]) l, LATERAL analytics.decompose(series, ARRAY[l, 2 * l, 1000])
    WHERE name <> 'gaps' AND abs(value - trend - remainder - (SELECT sum(s) FROM unnest(seasonal) s)) > 1e-9 * (1 + abs(value))$$, 'a value is trend, seasons and remainder');
SELECT is_empty($$SELECT step FROM lines, LATERAL analytics.decompose(series, '{7}') WHERE name = 'gaps' AND ((value IS NULL) <> (remainder IS NULL) OR abs(value - trend - remainder - seasonal[1]) > 1e-9 * abs(value))$$,
    'also beside gaps');
SELECT ok(max(abs(trend - 200 - step * 0.4)) < 12 AND max(abs(seasonal[1] - 50 * sin(step * 2 * pi() / 7))) < 15, 'the parts are those the series was made of')
FROM lines, LATERAL analytics.decompose(series, '{7}') WHERE name = 'days';
-- detect_changepoints
CREATE TABLE changes AS SELECT array_agg(CASE WHEN i <= 100 THEN 10 ELSE 14 END + noise('step', i) ORDER BY i) AS series FROM generate_series(1, 220) i;
SELECT results_eq($$SELECT step, round(mean_before::numeric, 6), round(mean_after::numeric, 6) FROM changes, LATERAL analytics.detect_changepoints(series)$$,
    $$SELECT 101, round(avg(v::numeric) FILTER (WHERE i <= 100), 6), round(avg(v::numeric) FILTER (WHERE i > 100), 6) FROM changes, unnest(series) WITH ORDINALITY u(v, i)$$,
    'a step is found where it is, with the means by plain SQL');
SELECT is((SELECT count(*) FROM generate_series(1, 20) n, LATERAL analytics.detect_changepoints((SELECT array_agg(noise('flat' || n, i) ORDER BY i) FROM generate_series(1, 200) i))), 0::bigint,
    'none in noise');

SELECT is_empty($$SELECT factor, c.* FROM unnest('{1,1e300,1e-300,0.1,3}'::float8[]) factor, LATERAL analytics.detect_changepoints((SELECT array_agg(factor * (1 + (i * 37 % 11) / 20.0) ORDER BY i) FROM generate_series(1, 60) i)) c$$,
    'steps that differ by rounding only are equal');
-- theil_sen and time_weighted_avg
CREATE TABLE points AS
SELECT i, i % 5 AS part, CASE WHEN i % 41 <> 0 THEN 3 * x + 20 * noise('y', i) + CASE WHEN i % 11 = 0 THEN 1e6 ELSE 0 END END AS y, CASE WHEN i % 37 <> 0 THEN x END AS x,
       timestamptz '2025-03-01' + floor(1e9 * draw('t', i)) * interval '1 millisecond' AS ts
FROM generate_series(1, 600) i, LATERAL (SELECT floor(200 * draw('x', i)) AS x) x;
CREATE FUNCTION plain_slope(from_i integer, to_i integer) RETURNS double precision LANGUAGE sql STABLE AS $$
    SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY (a.y - b.y) / (a.x - b.x)) FROM points a JOIN points b ON a.i < b.i AND a.x <> b.x
    WHERE a.i BETWEEN from_i AND to_i AND b.i BETWEEN from_i AND to_i AND a.y + b.y IS NOT NULL
$$;
CREATE FUNCTION plain_average(from_i integer, to_i integer) RETURNS double precision LANGUAGE sql STABLE AS $$
    SELECT sum(y * held) / sum(held) FROM (SELECT y, extract(epoch FROM lead(ts) OVER (ORDER BY ts) - ts) AS held FROM points WHERE i BETWEEN from_i AND to_i AND y IS NOT NULL) p
$$;
SELECT is((SELECT count(DISTINCT ts) FROM points), 600::bigint, '(the instants differ)');
SELECT ok(apart(analytics.theil_sen(y, x), plain_slope(1, 600)) < 1e-12, 'theil_sen is the median of slopes') FROM points;
SELECT ok(abs(analytics.theil_sen(y, x) - 3) < 0.2, 'which a tenth of wild points does not move') FROM points;
SELECT ok(apart(analytics.time_weighted_avg(y, ts), plain_average(1, 600)) < 1e-12, 'time_weighted_avg is what a window function gives') FROM points;
SELECT is_empty($$SELECT i, s, plain_slope(i - 19, i) FROM (SELECT i, analytics.theil_sen(y, x) OVER (ORDER BY i ROWS 19 PRECEDING) AS s FROM points) w WHERE i % 29 = 7 AND apart(s, plain_slope(i - 19, i)) > 1e-12$$,
    'theil_sen in a moving window');
SELECT is_empty($$SELECT i FROM (SELECT i, analytics.theil_sen(y, x) OVER (ORDER BY i) AS s FROM points WHERE i <= 120) w WHERE apart(s, plain_slope(1, i)) > 1e-12$$, 'and in a growing one');
SELECT is_empty($$SELECT i FROM (SELECT i, analytics.time_weighted_avg(y, ts) OVER (ORDER BY i) AS s, analytics.time_weighted_avg(y, ts) OVER (ORDER BY i ROWS 19 PRECEDING) AS m FROM points) w
    WHERE i % 29 = 7 AND (apart(s, plain_average(1, i)) > 1e-12 OR apart(m, plain_average(i - 19, i)) > 1e-12)$$, 'so time_weighted_avg');
SELECT results_eq($$SELECT analytics.theil_sen(y, x), analytics.time_weighted_avg(y, ts) FROM points WHERE i < 0$$, $$VALUES (NULL::float8, NULL::float8)$$, 'of nothing: NULL');
-- Workers and their leader together give what one process gives.
CREATE TABLE serial AS SELECT part, analytics.theil_sen(y, x) AS slope, analytics.time_weighted_avg(y, ts) AS average FROM points GROUP BY part
UNION ALL SELECT -1, analytics.theil_sen(y, x), analytics.time_weighted_avg(y, ts) FROM points
UNION ALL SELECT -2, analytics.theil_sen(NULL, x), analytics.time_weighted_avg(NULL, ts) FROM points;
ANALYZE points;
ALTER TABLE points SET (parallel_workers = 3);
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 3;
CREATE VIEW parallel AS SELECT part, analytics.theil_sen(y, x) AS slope, analytics.time_weighted_avg(y, ts) AS average FROM points GROUP BY part
UNION ALL SELECT -1, analytics.theil_sen(y, x), analytics.time_weighted_avg(y, ts) FROM points
UNION ALL SELECT -2, analytics.theil_sen(NULL, x), analytics.time_weighted_avg(NULL, ts) FROM points;
CREATE FUNCTION plan_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    line text;
    lines text = '';
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS off) ' || query LOOP lines = lines || line || E'\n'; END LOOP;
    RETURN lines;
END $$;
SELECT matches(plan_of('SELECT analytics.theil_sen(y, x), analytics.time_weighted_avg(y, ts) FROM points'), 'Partial Aggregate', 'the aggregates are shared among workers');
SELECT set_eq('SELECT * FROM parallel', 'SELECT * FROM serial', 'and give the same to the last bit');
SET parallel_leader_participation = off;
SELECT set_eq('SELECT * FROM parallel', 'SELECT * FROM serial', 'also from workers alone');
RESET ALL;
SET client_min_messages = warning;

-- Long calls end when they are told to, and the session goes on.
CREATE TABLE long AS SELECT array_agg(100 + 40 * sin(i * pi() / 12) + i * 7919::bigint % 101 / 5.0 ORDER BY i) AS series FROM generate_series(1, 1000000) i;
CREATE TABLE long_points AS SELECT i * 7919::bigint % 10007 + 0.5 AS y, i::float8 AS x FROM generate_series(1, 200000) i;
CREATE FUNCTION stopped(query text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    began timestamptz = clock_timestamp();
BEGIN
    EXECUTE query;
    RETURN false;
EXCEPTION WHEN query_canceled THEN
    RETURN clock_timestamp() - began < interval '10 seconds';
END $$;
SET statement_timeout = '150ms';
SELECT stopped('SELECT count(*) FROM long, LATERAL analytics.detect_anomalies(series)') AS a \gset
SELECT stopped('SELECT count(*) FROM long, LATERAL analytics.detect_anomalies(series, 24, method => ''esd'')') AS b \gset
SELECT stopped('SELECT count(*) FROM long, LATERAL analytics.decompose(series, ''{24,168}'')') AS c \gset
SELECT stopped('SELECT count(*) FROM long, LATERAL analytics.forecast(series, 10, 24, method => ''mstl'')') AS d \gset
SELECT stopped('SELECT analytics.backtest_forecast(series[:100000], 10, folds => 100) FROM long') AS e \gset
SELECT stopped('SELECT analytics.theil_sen(y, x) FROM long_points') AS f \gset
RESET statement_timeout;
SELECT ok(:'a', 'detect_anomalies of a million points can be stopped');
SELECT ok(:'b', 'so can esd');
SELECT ok(:'c', 'decompose');
SELECT ok(:'d', 'forecast');
SELECT ok(:'e', 'backtest_forecast');
SELECT ok(:'f', 'theil_sen of 200,000 points');
SELECT is((SELECT count(*) FROM analytics.forecast('{1,2,3}', 3)), 3::bigint, 'and the session is as before');
SELECT * FROM finish();
