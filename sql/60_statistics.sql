-- Statistics of arrays and the aggregates theil_sen and time_weighted_avg: ordinary use, series of every shape, bad arguments.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS agent_analytics;
RESET client_min_messages;
\set VERBOSITY terse
\pset null ~
SET timezone = 'UTC';
SET search_path = pg_catalog, public;
-- Numbers to so many significant digits: the last bits of a result are not promised.
CREATE FUNCTION public.short(x double precision, digits integer DEFAULT 4) RETURNS double precision LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN x IS NULL OR x = 0 OR x = 'infinity' OR x = '-infinity' OR x = 'NaN' THEN x
                ELSE (format('%se%s', round((x / power(10::float8, floor(log(abs(x)))))::numeric, digits - 1), floor(log(abs(x)))))::float8 + 0 END
$$;
CREATE FUNCTION public.short(x double precision[], digits integer DEFAULT 4) RETURNS double precision[] LANGUAGE sql IMMUTABLE AS $$
    SELECT array_agg(public.short(v, digits) ORDER BY i) FROM unnest(x) WITH ORDINALITY u(v, i)
$$;
-- The SQLSTATE of a statement, which terse messages do not show.
CREATE FUNCTION public.state(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END $$;
-- Series of every shape that no method may stumble over.
CREATE TABLE public.shapes (n int PRIMARY KEY, shape text, series double precision[]);
INSERT INTO public.shapes VALUES
    (1, 'one point', '{5}'), (2, 'two points', '{5,7}'), (3, 'three points', '{5,7,6}'), (4, 'one of many', '{NULL,NULL,5,NULL}'),
    (5, 'constant', array_fill(7::float8, ARRAY[60])), (6, 'zeros', array_fill(0::float8, ARRAY[60])),
    (7, 'negative', array_fill(-3::float8, ARRAY[60]));
INSERT INTO public.shapes
SELECT 8, 'line', array_agg(10 + 2 * i ORDER BY i) FROM generate_series(1, 60) i UNION ALL
SELECT 9, 'weekly', array_agg(100 + 20 * (i % 7) + (i * 37 % 11) ORDER BY i) FROM generate_series(1, 84) i UNION ALL
SELECT 10, 'with gaps', array_agg(CASE WHEN i % 5 <> 0 THEN 100 + 20 * (i % 7) + (i * 37 % 11) END ORDER BY i) FROM generate_series(1, 84) i UNION ALL
SELECT 11, 'intermittent', array_agg(CASE WHEN i % 9 = 4 THEN 1 + i % 4 ELSE 0 END ORDER BY i) FROM generate_series(1, 90) i UNION ALL
SELECT 12, 'huge', array_agg((1 + (i * 37 % 11) / 20.0) * 1e300 ORDER BY i) FROM generate_series(1, 60) i UNION ALL
SELECT 13, 'tiny', array_agg((1 + (i * 37 % 11) / 20.0) * 1e-300 ORDER BY i) FROM generate_series(1, 60) i UNION ALL
SELECT 14, 'huge of both signs', array_agg((i * 37 % 11 - 5) * 1e307 ORDER BY i) FROM generate_series(1, 60) i UNION ALL
SELECT 15, 'one huge', array_agg(CASE WHEN i = 50 THEN 1e300 ELSE 5 + i % 3 END ORDER BY i) FROM generate_series(1, 60) i;

-- forecast
SELECT step, value, public.short(lower) AS lower, public.short(upper) AS upper
FROM analytics.forecast(ARRAY[1,2,3,4,5,6,7,8,9,10,11,12]::float8[], 3, method => 'naive', levels => '{80}');
SELECT step, public.short(value) AS value, public.short(lower) AS lower, public.short(upper) AS upper
FROM analytics.forecast(ARRAY[12, 14, 13, 15, 20, 22, 12, 13, 15, 14, 16, 21, 23, 13, 14, 15, 14, 17, 22, 23, 13]::float8[], 7, 7);
-- Every method goes on with a season, within a few percent
SELECT method, count(*), bool_and(abs(value / (100 + 20 * ((84 + step) % 7) + 5) - 1) < 0.15) AS near,
       bool_and(lower[1] <= value AND value <= upper[1] AND lower[2] <= lower[1] AND upper[1] <= upper[2]) AS nested
FROM public.shapes, unnest('{auto,fast,ets,theta,arima,seasonal_naive,mstl}'::text[]) WITH ORDINALITY m(method, i),
     LATERAL analytics.forecast(series, 14, 7, method => method)
WHERE shape = 'weekly' GROUP BY method, i ORDER BY i;
-- Every method on every shape: numbers, and bounds around them
SELECT method, shape, count(*) AS rows FROM public.shapes,
     unnest('{auto,fast,ets,theta,arima,seasonal_naive,naive,mstl}'::text[]) method, unnest('{NULL,1,7}'::int[]) season,
     LATERAL analytics.forecast(series, 10, season, '{50,99.9}', method) f
WHERE NOT (f.value > '-infinity' AND f.value < 'infinity' AND lower[1] > '-infinity' AND lower[2] > '-infinity' AND upper[1] < 'infinity' AND upper[2] < 'infinity'
           AND lower[2] <= lower[1] AND lower[1] <= f.value AND f.value <= upper[1] AND upper[1] <= upper[2])
GROUP BY 1, 2 ORDER BY 1, 2;
SELECT shape, public.short(min(value)) AS least, public.short(max(value)) AS most, public.short(min(lower[1])) AS lower,
       CASE WHEN n > 2 THEN public.short(max(upper[1])) END AS upper  -- of one or two points it is a guess
FROM public.shapes, LATERAL analytics.forecast(series, 5, levels => '{80}') WHERE n <= 8 OR shape = 'intermittent' GROUP BY n, shape ORDER BY n;
-- Demand: the same rate for every step, by each of the four
SELECT method, count(DISTINCT value) AS rates, public.short(min(value)) AS rate, public.short(min(lower[1])) AS lower, public.short(max(upper[1])) AS upper
FROM public.shapes, unnest('{croston,sba,tsb,adida}'::text[]) WITH ORDINALITY m(method, i), LATERAL analytics.forecast(series, 14, levels => '{80}', method => method)
WHERE shape = 'intermittent' GROUP BY method, i ORDER BY i;
SELECT method, shape, count(*) AS rows FROM (SELECT * FROM public.shapes WHERE 0 <= ALL (array_remove(series, NULL)) OFFSET 0) s,
     unnest('{croston,sba,tsb,adida}'::text[]) method, LATERAL analytics.forecast(series, 10, 7, '{50,99.9}', method) f
WHERE NOT (upper[2] < 'infinity' AND 0 <= lower[2] AND lower[2] <= lower[1] AND lower[1] <= f.value AND f.value <= upper[1] AND upper[1] <= upper[2])
GROUP BY 1, 2 ORDER BY 1, 2;
SELECT * FROM analytics.forecast('{1,0,-2,0}', 3, method => 'croston');
-- Bounds of what was never negative are not negative; any number of levels in any order; NULL means the default.
SELECT bool_and(lower[2] >= 0) AS not_negative FROM public.shapes, LATERAL analytics.forecast(series, 20) WHERE shape = 'intermittent';
SELECT step, lower, upper FROM analytics.forecast('{5,5,5,5}', 1, levels => '{}');
SELECT array_length(lower, 1) AS levels, lower[1] >= lower[2] AND lower[2] <= lower[3] AS in_order FROM analytics.forecast('{5,7,6,5,8}', 1, levels => '{50,99,80}');
SELECT count(*) FILTER (WHERE a = b) AS same FROM analytics.forecast('{5,7,6,5,8}', 3, NULL, NULL, NULL) a JOIN analytics.forecast('{5,7,6,5,8}', 3) b USING (step);
SELECT count(*), max(step) FROM analytics.forecast('{5,7,6}', 10000, method => 'fast');
-- describe_series and clean_series
SELECT shape, points, missing, season, public.short(seasonal_strength, 3) AS strength, seasonal_differences AS seasonal, first_differences AS first,
       public.short(box_cox_lambda, 2) AS lambda, outliers, public.short(demand_interval, 3) AS "interval", public.short(demand_cv2, 3) AS cv2, demand_kind
FROM public.shapes s, LATERAL analytics.describe_series(s.series) ORDER BY n;
SELECT * FROM analytics.clean_series('{5,6,5,7,6,5,90,6,NULL,5,7,6}', 1);
SELECT shape, count(*) FILTER (WHERE outlier) AS outliers, bool_and(value IS NOT DISTINCT FROM series[step]) AS as_given, bool_and(outlier OR value IS NULL OR value = cleaned) AS kept,
       bool_and(cleaned > '-infinity' AND cleaned < 'infinity') AS finite
FROM public.shapes, LATERAL analytics.clean_series(series) GROUP BY n, shape ORDER BY n;
SELECT * FROM analytics.clean_series(NULL);
SELECT * FROM analytics.clean_series('{NULL}');
SELECT * FROM analytics.describe_series('{1,2,infinity}');
SELECT * FROM analytics.describe_series('{1,2,3}', 0);
-- Bad arguments
SELECT * FROM analytics.forecast(NULL, 3);
SELECT * FROM analytics.forecast('{}', 3);
SELECT * FROM analytics.forecast('{NULL,NULL}', 3);
SELECT * FROM analytics.forecast('{{1,2},{3,4}}', 3);
SELECT * FROM analytics.forecast('{1,NaN}', 3);
SELECT * FROM analytics.forecast('{1,2,infinity}', 3);
SELECT * FROM analytics.forecast('{-infinity}', 3);
SELECT * FROM analytics.forecast('{1,2}', NULL);
SELECT * FROM analytics.forecast('{1,2}', 0);
SELECT * FROM analytics.forecast('{1,2}', -1);
SELECT * FROM analytics.forecast('{1,2}', 10001);
SELECT * FROM analytics.forecast('{1,2}', 3, 0);
SELECT * FROM analytics.forecast('{1,2}', 3, -7);
SELECT * FROM analytics.forecast('{1,2}', 3, 100001);
SELECT * FROM analytics.forecast('{1,2}', 3, levels => '{0}');
SELECT * FROM analytics.forecast('{1,2}', 3, levels => '{80,100}');
SELECT * FROM analytics.forecast('{1,2}', 3, levels => '{-5}');
SELECT * FROM analytics.forecast('{1,2}', 3, levels => '{80,NULL}');
SELECT * FROM analytics.forecast('{1,2}', 3, levels => '{NaN}');
SELECT * FROM analytics.forecast('{1,2}', 3, levels => '{{80,95}}');
SELECT * FROM analytics.forecast('{1,2}', 3, levels => array_fill(80::float8, ARRAY[21]));
SELECT * FROM analytics.forecast('{1,2}', 3, method => 'prophet');
SELECT * FROM analytics.forecast('{1,2}', 3, method => '');
SELECT public.state('SELECT * FROM analytics.forecast(' || args || ')'), args
FROM unnest(ARRAY['NULL, 3', '''{}'', 3', '''{{1}}'', 3', '''{NaN}'', 3', '''{infinity}'', 3', '''{1}'', 0', '''{1}'', NULL', '''{1}'', 1, 0',
                  '''{1}'', 1, levels => ''{100}''', '''{1}'', 1, levels => ''{NaN}''', '''{1}'', 1, method => ''x''']) WITH ORDINALITY a(args, i) ORDER BY i;

-- forecast_exhaustion: 10 a day, 55 left
SELECT public.short(p_exhaust, 2) AS p, public.short(day_p10, 2) AS p10, public.short(day_p50, 2) AS p50, public.short(day_p90, 2) AS p90,
       public.short(total_mean, 3) AS total, public.short(total_lower_80, 2) AS lower, public.short(total_upper_80, 2) AS upper
FROM analytics.forecast_exhaustion(array_fill(10::float8, ARRAY[60]), 45, 100, 14, 7);
SELECT p_exhaust, day_p10, day_p50, day_p90, public.short(total_mean) AS total FROM analytics.forecast_exhaustion(array_fill(10::float8, ARRAY[60]), 100, 100, 14);
SELECT * FROM analytics.forecast_exhaustion('{0,0,0}', 0, 100, 14);
SELECT * FROM analytics.forecast_exhaustion('{0,0,0}', 0, 0, 14);
SELECT p_exhaust, day_p50 FROM analytics.forecast_exhaustion(array_fill(10::float8, ARRAY[60]), 0, 1e9, 14);
SELECT p_exhaust BETWEEN 0.01 AND 0.99 AS doubtful, day_p10 <= coalesce(day_p50, 15) AS ordered FROM public.shapes, LATERAL analytics.forecast_exhaustion(series, 0, 2310, 14) WHERE shape = 'weekly';
SELECT shape, e FROM public.shapes, LATERAL analytics.forecast_exhaustion(series, 0, 1e6, 10) e
WHERE NOT (p_exhaust BETWEEN 0 AND 1 AND total_mean > '-infinity' AND total_upper_80 < 'infinity' AND total_lower_80 <= total_upper_80
           AND coalesce(day_p10, 10) <= coalesce(day_p50, 10) AND coalesce(day_p50, 10) <= coalesce(day_p90, 10) AND coalesce(day_p90, 1) >= 0) ORDER BY n;
SELECT analytics.forecast_exhaustion(NULL, 0, 1, 1);
SELECT analytics.forecast_exhaustion('{}', 0, 1, 1);
SELECT analytics.forecast_exhaustion('{NULL}', 0, 1, 1);
SELECT analytics.forecast_exhaustion('{{1,2}}', 0, 1, 1);
SELECT analytics.forecast_exhaustion('{NaN}', 0, 1, 1);
SELECT analytics.forecast_exhaustion('{1}', NULL, 1, 1);
SELECT analytics.forecast_exhaustion('{1}', 'NaN', 1, 1);
SELECT analytics.forecast_exhaustion('{1}', 0, NULL, 1);
SELECT analytics.forecast_exhaustion('{1}', 0, 'infinity', 1);
SELECT analytics.forecast_exhaustion('{1}', 0, 1, NULL);
SELECT analytics.forecast_exhaustion('{1}', 0, 1, 0);
SELECT analytics.forecast_exhaustion('{1}', 0, 1, 10001);
SELECT analytics.forecast_exhaustion('{1}', 0, 1, 1, 0);

-- backtest_forecast
SELECT public.short(mae, 2) < 1e-6 AS exact, wape < 1e-6 AS wape, smape < 1e-4 AS smape, coverage_80, coverage_95, folds
FROM analytics.backtest_forecast(array_fill(10::float8, ARRAY[60]), 7, 7);
SELECT mae BETWEEN 1 AND 10 AS mae, wape BETWEEN 0.005 AND 0.06 AS wape, smape BETWEEN 0.5 AND 6 AS smape, mase < 1.2 AS mase,
       coverage_80 BETWEEN 0.5 AND 1 AS coverage_80, coverage_95 BETWEEN coverage_80 AND 1 AS coverage_95, folds
FROM public.shapes, LATERAL analytics.backtest_forecast(series, 7, 7) WHERE shape = 'weekly';
SELECT folds, (SELECT b.folds FROM analytics.backtest_forecast(series, 7, 7, folds => f.folds) b) AS made
FROM public.shapes, unnest('{1,2,10,100}'::int[]) f(folds) WHERE shape = 'weekly';
SELECT * FROM analytics.backtest_forecast('{1,2,3}', 3);
SELECT * FROM analytics.backtest_forecast(array_fill(0::float8, ARRAY[60]), 7, 7);
SELECT shape, b FROM public.shapes, LATERAL analytics.backtest_forecast(series, 5) b
WHERE NOT CASE WHEN b.folds = 0 THEN num_nonnulls(mae, wape, smape, mase, coverage_80, coverage_95) = 0
               ELSE mae >= 0 AND mae < 'infinity' AND coalesce(wape, 0) >= 0 AND smape BETWEEN 0 AND 200.0000001 AND coverage_80 BETWEEN 0 AND coverage_95 AND coverage_95 <= 1 END ORDER BY n;
SELECT analytics.backtest_forecast(NULL, 1);
SELECT analytics.backtest_forecast('{}', 1);
SELECT analytics.backtest_forecast('{{1,2}}', 1);
SELECT analytics.backtest_forecast('{1,NaN}', 1);
SELECT analytics.backtest_forecast('{1,2}', NULL);
SELECT analytics.backtest_forecast('{1,2}', 0);
SELECT analytics.backtest_forecast('{1,2}', 1, 0);
SELECT analytics.backtest_forecast('{1,2}', 1, 1, 0);
SELECT analytics.backtest_forecast('{1,2}', 1, 1, 101);

-- detect_anomalies
SELECT step, value, public.short(expected, 2) AS expected, p_value < 0.01 AS rare, severity FROM analytics.detect_anomalies(ARRAY[1,1,2,1,1,2,9,1,1,2,1,1]::float8[]) WHERE severity IS NOT NULL;
SELECT step, value, public.short(expected) AS expected, public.short(lower) AS lower, public.short(upper) AS upper, p_value, public.short(score) AS score, severity
FROM analytics.detect_anomalies('{10,10,10,10,11,12,13,16,1,NULL,10}', method => 'threshold');
SELECT method, count(*) AS rows, count(value) AS values, min(score) >= 0 AS scored, bool_and(lower <= expected AND expected <= upper) AS banded
FROM public.shapes, unnest('{auto,esd,threshold}'::text[]) method, LATERAL analytics.detect_anomalies(series, 7, method => method)
WHERE shape = 'with gaps' GROUP BY 1 ORDER BY 1;
-- Every method on every shape: a row a value, finite numbers in order
SELECT method, shape, coalesce(season, 0) AS season, max(d.step), count(*) AS rows, array_length(series, 1) AS points FROM public.shapes, unnest('{auto,esd,threshold}'::text[]) method, unnest('{NULL,1,7}'::int[]) season,
     LATERAL analytics.detect_anomalies(series, season, method => method) d
GROUP BY 1, 2, 3, series
HAVING count(*) <> array_length(series, 1) OR bool_or(value IS DISTINCT FROM series[d.step])
    OR NOT bool_and(coalesce(expected, 0) > '-infinity' AND coalesce(expected, 0) < 'infinity' AND coalesce(lower, 0) > '-infinity' AND coalesce(upper, 0) < 'infinity'
                    AND coalesce(lower <= upper, true) AND coalesce(p_value, 0) BETWEEN 0 AND 1 AND score >= 0 AND score <= 'infinity'
                    AND (value IS NOT NULL OR severity IS NULL)) ORDER BY 1, 2, 3;
-- Nothing stands out where nothing changes.
SELECT shape, method, count(*) FILTER (WHERE score >= 1 OR severity IS NOT NULL) AS alerts
FROM public.shapes, unnest('{auto,esd,threshold}'::text[]) method, LATERAL analytics.detect_anomalies(series, method => method)
WHERE shape IN ('constant', 'zeros', 'negative', 'one point', 'two points', 'weekly') AND (shape <> 'weekly' OR method = 'auto')
GROUP BY 1, 2 HAVING count(*) FILTER (WHERE score >= 1 OR severity IS NOT NULL) > 0 ORDER BY 1, 2;
SELECT method, step, value, severity FROM public.shapes, unnest('{auto,esd,threshold}'::text[]) method, LATERAL analytics.detect_anomalies(series, 1, method => method)
WHERE shape = 'one huge' AND step = 50 ORDER BY 1;
-- The band holds 1 - alpha
SELECT bool_and(a.lower > b.lower AND a.upper < b.upper) AS narrower FROM public.shapes,
    LATERAL analytics.detect_anomalies(series, 7, 0.2) a JOIN LATERAL analytics.detect_anomalies(series, 7, 0.001) b USING (step) WHERE shape = 'weekly' AND step > 30;
SELECT analytics.detect_anomalies(NULL);
SELECT analytics.detect_anomalies('{}');
SELECT analytics.detect_anomalies('{NULL}');
SELECT analytics.detect_anomalies('{{1,2},{3,4}}');
SELECT analytics.detect_anomalies('{1,NaN}');
SELECT analytics.detect_anomalies('{infinity,1}');
SELECT analytics.detect_anomalies('{1,2}', 0);
SELECT analytics.detect_anomalies('{1,2}', 100001);
SELECT analytics.detect_anomalies('{1,2}', alpha => 0);
SELECT analytics.detect_anomalies('{1,2}', alpha => 1);
SELECT analytics.detect_anomalies('{1,2}', alpha => -0.1);
SELECT analytics.detect_anomalies('{1,2}', alpha => 'NaN');
SELECT analytics.detect_anomalies('{1,2}', alpha => 'infinity');
SELECT analytics.detect_anomalies('{1,2}', method => 'magic');
SELECT count(*) AS null_is_default FROM analytics.detect_anomalies('{1,2}', NULL, NULL, NULL);

-- decompose
SELECT step, value, public.short(trend, 3) AS trend, public.short(seasonal, 2) AS seasonal, abs(remainder) < 0.05 AS small
FROM analytics.decompose(ARRAY[11,9,12,10,13,11,14,12,15,13,16,14]::float8[], ARRAY[2]);
SELECT step, value, public.short(trend) AS trend, public.short(seasonal) AS seasonal, remainder IS NULL AS nothing FROM analytics.decompose('{5,NULL,7}', '{7}');
SELECT array_length(seasonal, 1) AS seasons, count(*), bool_and(seasonal[2] = 0) AS too_long_is_0 FROM public.shapes, LATERAL analytics.decompose(series, '{7,60}') WHERE shape = 'weekly' GROUP BY 1;
-- The seasons in the order given
SELECT max(abs(a.seasonal[1] - b.seasonal[2]) + abs(a.seasonal[2] - b.seasonal[1])) < 1e-9 AS same FROM public.shapes,
    LATERAL analytics.decompose(series, '{7,14}') a JOIN LATERAL analytics.decompose(series, '{14,7}') b USING (step) WHERE shape = 'weekly';
SELECT shape, lengths, step, d.value, trend, seasonal, remainder FROM public.shapes, unnest(ARRAY['{2}', '{7}', '{7,14,30}', '{1000}']) lengths, LATERAL analytics.decompose(series, lengths::int[]) d
WHERE NOT (trend > '-infinity' AND trend < 'infinity' AND seasonal[1] > '-infinity' AND seasonal[1] < 'infinity' AND coalesce(remainder, 0) > '-infinity' AND coalesce(remainder, 0) < 'infinity'
           AND (remainder IS NULL) = (d.value IS NULL) AND d.value IS NOT DISTINCT FROM series[step]) ORDER BY n, lengths, step LIMIT 5;
SELECT analytics.decompose(NULL, '{7}');
SELECT analytics.decompose('{}', '{7}');
SELECT analytics.decompose('{NULL}', '{7}');
SELECT analytics.decompose('{{1,2}}', '{7}');
SELECT analytics.decompose('{NaN}', '{7}');
SELECT analytics.decompose('{1,2}', NULL);
SELECT analytics.decompose('{1,2}', '{}');
SELECT analytics.decompose('{1,2}', '{1}');
SELECT analytics.decompose('{1,2}', '{0}');
SELECT analytics.decompose('{1,2}', '{-7}');
SELECT analytics.decompose('{1,2}', '{7,NULL}');
SELECT analytics.decompose('{1,2}', '{7,7}');
SELECT analytics.decompose('{1,2}', '{2,3,4,5,6,7}');
SELECT analytics.decompose('{1,2}', '{{7,14}}');
SELECT count(*) FROM analytics.decompose('{1,2}', '{2147483647}');

-- detect_changepoints
SELECT step, mean_before, mean_after, p_value < 1e-6 AS sure FROM analytics.detect_changepoints(ARRAY[1,1,1,1,1,1,9,9,9,9,9,9]::float8[]);
SELECT step, public.short(mean_before) AS before, public.short(mean_after) AS after, p_value < 1e-6 AS sure
FROM analytics.detect_changepoints((SELECT array_agg(CASE WHEN i <= 40 THEN 10 WHEN i <= 90 THEN 20 ELSE 5 END + (i * 37 % 11) / 5.0 ORDER BY i) FROM generate_series(1, 150) i));
SELECT step, public.short(mean_before) AS before, public.short(mean_after) AS after
FROM analytics.detect_changepoints('{1,2,1,NULL,2,1,2,1,NULL,9,8,9,9,8,9,8}');
SELECT count(*) FILTER (WHERE penalty = 5) >= count(*) FILTER (WHERE penalty = 50) AS fewer, count(*) FILTER (WHERE penalty = 1e9) AS none
FROM unnest('{5,50,1e9}'::float8[]) penalty, LATERAL analytics.detect_changepoints('{1,2,1,2,4,5,4,5,3,2,3,2,9,8,9,8}', penalty);
SELECT shape, step, public.short(mean_before) AS before, public.short(mean_after) AS after FROM public.shapes, LATERAL analytics.detect_changepoints(series)
WHERE shape <> 'line' ORDER BY n, step;
SELECT shape, c FROM public.shapes, LATERAL analytics.detect_changepoints(series) c
WHERE NOT (step BETWEEN 2 AND array_length(series, 1) AND mean_before > '-infinity' AND mean_before < 'infinity' AND mean_after > '-infinity' AND mean_after < 'infinity' AND p_value BETWEEN 0 AND 1) ORDER BY n;
SELECT analytics.detect_changepoints(NULL);
SELECT analytics.detect_changepoints('{}');
SELECT analytics.detect_changepoints('{NULL}');
SELECT analytics.detect_changepoints('{{1,2}}');
SELECT analytics.detect_changepoints('{NaN}');
SELECT analytics.detect_changepoints('{1,2}', 0);
SELECT analytics.detect_changepoints('{1,2}', -1);
SELECT analytics.detect_changepoints('{1,2}', 'NaN');
SELECT analytics.detect_changepoints('{1,2}', 'infinity');

-- theil_sen: half of the pairs are steeper; wild points do not carry it away.
SELECT analytics.theil_sen(y, x) FROM (VALUES (1::float8, 1::float8), (3, 2), (5, 3), (700, 4), (9, 5), (NULL, 6), (13, NULL)) v(y, x);
SELECT analytics.theil_sen(5, 5) AS one, analytics.theil_sen(y, 5) AS upright, analytics.theil_sen(NULL, y) AS nothing, analytics.theil_sen(3, y) AS level FROM generate_series(1, 4) y;
SELECT analytics.theil_sen(1, 2) FROM public.shapes WHERE false;
SELECT analytics.theil_sen(y, x) FROM (VALUES (1e300::float8, 1::float8), (2e300, 2), (3e300, 3)) v(y, x);
SELECT analytics.theil_sen(y, x) BETWEEN 0 AND 1e-300 AS flat FROM (VALUES (1::float8, -1.7e308::float8), (2, 0), (3, 1.7e308)) v(y, x);
SELECT analytics.theil_sen('NaN', 1);
SELECT analytics.theil_sen(1, 'infinity');
SELECT analytics.theil_sen('infinity', NULL) AS left_out;
SELECT public.state('SELECT analytics.theil_sen(''NaN'', 1)');

-- time_weighted_avg: 4 for an hour, 10 for three.
SELECT analytics.time_weighted_avg(v, t::timestamptz) FROM (VALUES (4, '2025-03-01 00:00'), (10, '2025-03-01 01:00'), (1000, '2025-03-01 04:00')) x(v, t);
SELECT analytics.time_weighted_avg(v, t::timestamptz) FROM (VALUES (1000, '2025-03-01 04:00'), (10, '2025-03-01 01:00'), (NULL, '2025-03-01 02:00'), (7, NULL), (4, '2025-03-01 00:00')) x(v, t);
SELECT analytics.time_weighted_avg(v, '2025-03-01') AS one_instant, analytics.time_weighted_avg(v, NULL) AS nothing, analytics.time_weighted_avg(7, '2025-03-01'::timestamptz + v * interval '1 day') AS constant FROM generate_series(1, 4) v;
SELECT analytics.time_weighted_avg(v, t::timestamptz) FROM (VALUES (2, '2025-03-01'), (4, '2025-03-01'), (5, '2025-03-02'), (0, '2025-03-03')) x(v, t);
SELECT analytics.time_weighted_avg(v, t::timestamptz) FROM (VALUES (1e308, '4700-01-01 BC'), (1e308, '2025-03-01'), (1e308, '294276-01-01')) x(v, t);
SELECT analytics.time_weighted_avg(1, '2025-03-01') FROM public.shapes WHERE false;
SELECT analytics.time_weighted_avg('infinity', '2025-03-01');
SELECT analytics.time_weighted_avg('NaN', '2025-03-01');
SELECT analytics.time_weighted_avg(1, 'infinity');
SELECT public.state('SELECT analytics.time_weighted_avg(1, ''-infinity'')');
DROP TABLE public.shapes;
DROP FUNCTION public.short(double precision, integer), public.short(double precision[], integer), public.state(text);
