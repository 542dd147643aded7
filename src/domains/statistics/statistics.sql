-- Statistics on any data: functions of arrays and aggregates, with no table of ours involved. The computing is
-- src/core; docs/statistics.md tells what the numbers mean.

CREATE OR REPLACE FUNCTION analytics.forecast(series double precision[], horizon integer, season_length integer DEFAULT NULL,
    levels double precision[] DEFAULT '{80,95}', method text DEFAULT 'auto')
RETURNS TABLE (step integer, value double precision, lower double precision[], upper double precision[])
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 100000 ROWS 30 AS 'MODULE_PATHNAME', 'analytics_forecast';
COMMENT ON FUNCTION analytics.forecast(double precision[], integer, integer, double precision[], text) IS
'The next values of a series of numbers, with prediction intervals.
series: equally spaced values, oldest first; NULL is a missing one. horizon: 1 to 10000 steps. season_length: steps after which the pattern repeats (7 for days, 24 for hours), 1 for none, NULL: found from the data. levels: percent that the intervals hold, at most 20. method: auto (robust seasonal figures and levels, for hours with profiles of the day and the week; chosen on real series, see docs/statistics.md), fast (the first of these alone), ets (exponential smoothing, chosen by AICc), theta (dynamic optimised), arima (seasonal, chosen by AICc), seasonal_naive, naive, mstl, or for demand with many zeros croston, sba, tsb (for what may end) or adida, which say the same rate for every step. Name the season where you know it: little can be found in a short series.
Result: step 1 to horizon, value, and for each level in the order given the lower and upper bound. Bounds of a series that was never negative are not negative.
auto takes about 0.3 ms for a year of days and 4 ms for a month of hours, ets 1 and 12 ms, arima 40 and 500 ms. Errors: 22023 for a bad argument, 22003 for NaN or infinity.
Example: SELECT * FROM analytics.forecast(ARRAY[12, 14, 13, 15, 20, 22, 12, 13, 15, 14, 16, 21, 23, 13]::float8[], 7, 7);';

CREATE OR REPLACE FUNCTION analytics.forecast_exhaustion(series double precision[], spent double precision, budget double precision,
    horizon integer, season_length integer DEFAULT NULL, OUT p_exhaust double precision, OUT day_p10 double precision,
    OUT day_p50 double precision, OUT day_p90 double precision, OUT total_mean double precision,
    OUT total_lower_80 double precision, OUT total_upper_80 double precision)
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 100000 AS 'MODULE_PATHNAME', 'analytics_forecast_exhaustion';
COMMENT ON FUNCTION analytics.forecast_exhaustion(double precision[], double precision, double precision, integer, integer) IS
'Whether and when what is spent already and what is to come reach a budget.
series: spend a day (or any step), oldest first, NULL is missing. spent: before the first step of the forecast. budget: the limit, in the same units. horizon: steps to come, 1 to 10000. season_length: as in forecast.
Result: p_exhaust, the probability that the budget is reached within the horizon; day_p10, day_p50, day_p90, by when it is with 10, 50 and 90 % probability (steps from now, 1-based and fractional: 1.0 is the end of the first; 0 when it is reached already; NULL beyond the horizon); total_mean, total_lower_80, total_upper_80, what the horizon will cost. From simulated paths with an uncertain level.
Errors: 22023 for a bad argument, 22003 for NaN or infinity.';

CREATE OR REPLACE FUNCTION analytics.backtest_forecast(series double precision[], horizon integer, season_length integer DEFAULT NULL,
    folds integer DEFAULT 5, method text DEFAULT 'auto', OUT mae double precision, OUT wape double precision, OUT smape double precision,
    OUT mase double precision, OUT coverage_80 double precision, OUT coverage_95 double precision, OUT folds integer)
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 500000 AS 'MODULE_PATHNAME', 'analytics_backtest_forecast';
COMMENT ON FUNCTION analytics.backtest_forecast(double precision[], integer, integer, integer, text) IS
'How well forecast() would have foretold the end of a series: it is made at several earlier points and compared with what came.
series, horizon, season_length, method: as in forecast. folds: origins, 1 to 100.
Result: mae, mean absolute error; wape, the same over the mean absolute value (0.1 is 10 %); smape, symmetric, in percent 0 to 200; mase, over the mean absolute error of the seasonal naive forecast within the history (below 1 is better than it); coverage_80 and coverage_95, the share of the values within the intervals (0..1); folds, how many origins the history allowed (0: too short, and all others NULL).
Errors: 22023 for a bad argument, 22003 for NaN or infinity.';

CREATE OR REPLACE FUNCTION analytics.detect_anomalies(series double precision[], season_length integer DEFAULT NULL,
    alpha double precision DEFAULT 0.05, method text DEFAULT 'auto')
RETURNS TABLE (step integer, value double precision, expected double precision, lower double precision, upper double precision,
               p_value double precision, score double precision, severity text)
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10000 ROWS 1000 AS 'MODULE_PATHNAME', 'analytics_detect_anomalies';
COMMENT ON FUNCTION analytics.detect_anomalies(double precision[], integer, double precision, text) IS
'What in a series does not fit its past.
series: equally spaced values, oldest first; NULL is a missing one. season_length: steps of the season (24 for hours), 1 for none, NULL: found from the data. alpha: the band lower..upper holds 1 - alpha; 1e-9 to below 1. method: auto (each point is judged by its past only, so that later points change nothing; counts are noticed), esd (the whole series at once: the generalised extreme Studentized deviate test on what STL leaves; with median and MAD, so that small samples show more than alpha) or threshold (distance in percent from the mean of the 24 points before, or of season_length).
Result, one row a value: expected, lower, upper; p_value of a value as far off as this one; score, the evidence on one scale for all series: an alert is a point with score >= 1, and after one there is a rest; severity (critical, high, medium, low or NULL) from p_value after false-discovery control over all points and from the distance in percent: critical q < 1e-6 and >= 50 %, high q < 1e-4 and >= 30 %, medium q < 0.01, low q < 0.05 (threshold: 80, 60, 45 and 30 %).
auto takes about 1 us a point, esd some 10 us. Errors: 22023 for a bad argument, 22003 for NaN or infinity.
Example: SELECT * FROM analytics.detect_anomalies(ARRAY[1,1,2,1,1,2,9,1,1,2,1,1]::float8[]) WHERE score >= 1 OR severity IS NOT NULL;';

CREATE OR REPLACE FUNCTION analytics.clean_series(series double precision[], season_length integer DEFAULT NULL)
RETURNS TABLE (step integer, value double precision, cleaned double precision, outlier boolean)
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 100000 ROWS 1000 AS 'MODULE_PATHNAME', 'analytics_clean_series';
COMMENT ON FUNCTION analytics.clean_series(double precision[], integer) IS
'A series without its outliers and gaps, to be drawn or modelled; the whole of it is looked at, so that it is no alarm.
series, season_length: as in forecast. An outlier lies more than three interquartile ranges beyond the quartiles of what a robust STL and a smooth curve leave, in two rounds (Hyndman & Athanasopoulos, Forecasting: Principles and Practice, 13.9; R''s tsclean). Not for intermittent demand: where most values are zero the others are outliers.
Result, one row a value: value as given, NULL where missing; cleaned, the value, or what the season and the neighbours lead to expect in place of an outlier or a gap; outlier.
2 ms for a year of days. Errors: 22023 for a bad argument, 22003 for NaN or infinity.
Example: SELECT * FROM analytics.clean_series(ARRAY[5,6,5,7,6,5,90,6,NULL,5,7,6]::float8[], 1);';

CREATE OR REPLACE FUNCTION analytics.describe_series(series double precision[], season_length integer DEFAULT NULL,
    OUT points integer, OUT missing integer, OUT season integer, OUT seasonal_strength double precision,
    OUT seasonal_differences integer, OUT first_differences integer, OUT box_cox_lambda double precision,
    OUT outliers integer, OUT demand_interval double precision, OUT demand_cv2 double precision, OUT demand_kind text)
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 100000 AS 'MODULE_PATHNAME', 'analytics_describe_series';
COMMENT ON FUNCTION analytics.describe_series(double precision[], integer) IS
'What kind of series it is: which methods suit it, and what to do before one is applied.
series, season_length: as in forecast.
Result: points and how many are missing; season, as given or found (1: none); seasonal_strength, 0 to 1, the share of the variance around the trend that the season explains (NULL with no more than two seasons of points); seasonal_differences (0 or 1, above a strength of 0.64) and then first_differences (0 to 2, KPSS test at 5 %) until it has a level that stays: 1 or 2 is a random walk or a trend; box_cox_lambda, the power at which its spread is the same at every level (Guerrero 1993): near 1 errors add up, near 0 they multiply (NULL where a season''s mean is not positive); outliers, how many clean_series replaces. Without negative values also demand_interval, mean steps from one value above 0 to the next; demand_cv2, the squared coefficient of variation of their sizes; demand_kind: smooth, erratic, intermittent (an interval of 1.32 or more: try the methods tsb or sba) or lumpy (Syntetos, Boylan & Croston 2005).
3 ms for a year of days. Errors: 22023 for a bad argument, 22003 for NaN or infinity.
Example: SELECT * FROM analytics.describe_series(ARRAY[0,0,3,0,0,4,0,0,0,2]::float8[], 1);';

CREATE OR REPLACE FUNCTION analytics.decompose(series double precision[], season_lengths integer[])
RETURNS TABLE (step integer, value double precision, trend double precision, seasonal double precision[], remainder double precision)
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 100000 ROWS 1000 AS 'MODULE_PATHNAME', 'analytics_decompose';
COMMENT ON FUNCTION analytics.decompose(double precision[], integer[]) IS
'A series as the sum of a trend, seasons and a remainder, by loess (STL of Cleveland et al. 1990, with several seasons MSTL).
series: equally spaced values, oldest first; a missing one (NULL) is interpolated for the fit and has no remainder. season_lengths: one to five lengths of at least 2 steps; a season that the series does not hold twice is 0.
Result, one row a value: trend, seasonal (one number a season, in the order given), remainder = value - trend - seasons.
Errors: 22023 for a bad argument, 22003 for NaN or infinity.';

CREATE OR REPLACE FUNCTION analytics.detect_changepoints(series double precision[], penalty double precision DEFAULT NULL)
RETURNS TABLE (step integer, mean_before double precision, mean_after double precision, p_value double precision)
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10000 ROWS 5 AS 'MODULE_PATHNAME', 'analytics_detect_changepoints';
COMMENT ON FUNCTION analytics.detect_changepoints(double precision[], double precision) IS
'Where the level of a series changes for good (PELT of Killick et al. 2012).
series: equally spaced values, oldest first; NULL is left out. penalty: what a change must gain in squared noise units; NULL: 3 ln n. A larger one finds fewer.
Result, one row a change: step, 1-based, the first value of the new level; mean_before and mean_after, of the stretches up to the neighbouring changes; p_value of their difference.
Errors: 22023 for a bad argument, 22003 for NaN or infinity.';

CREATE OR REPLACE FUNCTION analytics_internal.theil_sen_add(internal, double precision, double precision) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_theil_sen_add';
CREATE OR REPLACE FUNCTION analytics_internal.theil_sen_final(internal) RETURNS double precision
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_theil_sen_final';
CREATE OR REPLACE FUNCTION analytics_internal.time_weighted_add(internal, double precision, timestamptz) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_time_weighted_add';
CREATE OR REPLACE FUNCTION analytics_internal.time_weighted_final(internal) RETURNS double precision
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_time_weighted_final';
CREATE OR REPLACE FUNCTION analytics_internal.pairs_combine(internal, internal) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_pairs_combine';
CREATE OR REPLACE FUNCTION analytics_internal.pairs_serialize(internal) RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE STRICT AS 'MODULE_PATHNAME', 'analytics_pairs_serialize';
CREATE OR REPLACE FUNCTION analytics_internal.pairs_deserialize(bytea, internal) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE STRICT AS 'MODULE_PATHNAME', 'analytics_pairs_deserialize';
COMMENT ON FUNCTION analytics_internal.theil_sen_add(internal, double precision, double precision) IS 'Transition of theil_sen.';
COMMENT ON FUNCTION analytics_internal.theil_sen_final(internal) IS 'Final function of theil_sen.';
COMMENT ON FUNCTION analytics_internal.time_weighted_add(internal, double precision, timestamptz) IS 'Transition of time_weighted_avg.';
COMMENT ON FUNCTION analytics_internal.time_weighted_final(internal) IS 'Final function of time_weighted_avg.';
COMMENT ON FUNCTION analytics_internal.pairs_combine(internal, internal) IS 'Joins two states of theil_sen or time_weighted_avg.';
COMMENT ON FUNCTION analytics_internal.pairs_serialize(internal) IS 'A state of theil_sen or time_weighted_avg on its way from a parallel worker.';
COMMENT ON FUNCTION analytics_internal.pairs_deserialize(bytea, internal) IS 'The reverse of pairs_serialize.';

CREATE OR REPLACE AGGREGATE analytics.theil_sen(y double precision, x double precision) (
    SFUNC = analytics_internal.theil_sen_add, STYPE = internal, FINALFUNC = analytics_internal.theil_sen_final,
    COMBINEFUNC = analytics_internal.pairs_combine, SERIALFUNC = analytics_internal.pairs_serialize,
    DESERIALFUNC = analytics_internal.pairs_deserialize, PARALLEL = SAFE);
COMMENT ON AGGREGATE analytics.theil_sen(double precision, double precision) IS
'The slope of y over x that half of all pairs of points exceed: a trend that up to 29 % of wild points do not carry away (Theil 1950, Sen 1968).
Pairs with a NULL are left out; NULL when all x are equal. Keeps 16 bytes a row in memory. 0.1 ms for 100 points, 10 s for a million.
Errors: 22003 for NaN or infinity.
Example: SELECT analytics.theil_sen(latency_ms, extract(epoch FROM created_at)::float8) FROM analytics_data.llm_calls;';

CREATE OR REPLACE AGGREGATE analytics.time_weighted_avg(value double precision, ts timestamptz) (
    SFUNC = analytics_internal.time_weighted_add, STYPE = internal, FINALFUNC = analytics_internal.time_weighted_final,
    COMBINEFUNC = analytics_internal.pairs_combine, SERIALFUNC = analytics_internal.pairs_serialize,
    DESERIALFUNC = analytics_internal.pairs_deserialize, PARALLEL = SAFE);
COMMENT ON AGGREGATE analytics.time_weighted_avg(double precision, timestamptz) IS
'The average of a value that holds until it changes (a queue''s length, a price): each counts for the time until the next.
The last one ends the time; values of one instant count as their mean, and so does everything where there is but one instant. Rows in any order; those with a NULL are left out. Keeps 16 bytes a row in memory.
Errors: 22003 for NaN or infinity, 22008 for an infinite ts.
Example: SELECT analytics.time_weighted_avg(depth, measured_at) FROM queue;';
