-- What will be spent, and whether a budget lasts. The computing is budget_futures.cpp and src/core/forecast.

CREATE OR REPLACE FUNCTION analytics.forecast_budget(horizon_days integer DEFAULT 14, budget_id text DEFAULT NULL,
    as_of timestamptz DEFAULT NULL)
RETURNS TABLE (day date, projected_spend numeric, lower_80 numeric, upper_80 numeric, lower_95 numeric, upper_95 numeric,
               cumulative_spend numeric, budget_remaining numeric, exhaustion_probability numeric)
LANGUAGE c STABLE PARALLEL RESTRICTED COST 100000 ROWS 14 AS 'MODULE_PATHNAME', 'analytics_forecast_budget';
COMMENT ON FUNCTION analytics.forecast_budget(integer, text, timestamptz) IS
'Spend day by day to come, and what it does to a budget.
horizon_days: 1 to 365. budget_id: NULL means the tenant''s single or `default` budget; without any, all spend is forecast in UTC days. as_of: NULL means now.
Result, one row a day of the budget''s time zone from that of as_of (of which only the rest is projected, until midnight): projected_spend with bounds that hold 80 and 95 % of the futures; cumulative_spend of the budget''s period at the day''s end (a new period begins at 0); budget_remaining, the amount less that; exhaustion_probability (0..1), that the period''s budget is exceeded by the end of the day. The last three are NULL without a budget and on days on which it is not in force. US dollars, 6 decimals.
From 1,000 simulated futures of the last year''s daily spend of the budget''s scope, with an uncertain level.
Errors: 22023 for a bad argument; PT404 for an unknown budget_id; 22023 when there are several budgets and none is named default.';

CREATE OR REPLACE FUNCTION analytics_internal.budget_outlook(horizon_days integer, budget_id text, as_of timestamptz,
    OUT days date[], OUT projected numeric[], OUT lower_80 numeric[], OUT upper_80 numeric[], OUT period_total numeric,
    OUT days_left numeric, OUT confidence numeric, OUT status text)
LANGUAGE c STABLE PARALLEL RESTRICTED COST 100000 AS 'MODULE_PATHNAME', 'analytics_budget_outlook';
COMMENT ON FUNCTION analytics_internal.budget_outlook(integer, text, timestamptz) IS 'The facts of get_budget_forecast.';

CREATE OR REPLACE FUNCTION analytics.get_budget_forecast(horizon_days integer DEFAULT 14, budget_id text DEFAULT NULL,
    as_of timestamptz DEFAULT NULL) RETURNS jsonb
LANGUAGE sql STABLE PARALLEL RESTRICTED COST 100000 SET search_path = pg_catalog, pg_temp AS $$
SELECT jsonb_build_object(
    'projected_total', (SELECT sum(v) FROM unnest(o.projected) v),
    'projected_period_total', o.period_total,
    'daily_projections', (SELECT jsonb_agg(jsonb_build_object('day', d.day, 'value', d.value, 'lower_80', d.lower_80, 'upper_80', d.upper_80)
                                           ORDER BY d.i)
                          FROM unnest(o.days, o.projected, o.lower_80, o.upper_80) WITH ORDINALITY d(day, value, lower_80, upper_80, i)),
    'days_until_budget_exhausted', round(o.days_left, 1),
    'exhausts_at', date_trunc('second', coalesce(get_budget_forecast.as_of, now())
                                        + make_interval(secs => (o.days_left * 86400)::double precision)),
    'confidence', o.confidence,
    'status', o.status)
FROM analytics_internal.budget_outlook(horizon_days, budget_id, as_of) o
$$;
COMMENT ON FUNCTION analytics.get_budget_forecast(integer, text, timestamptz) IS
'Whether the budget lasts, as one JSON object.
Arguments and errors: as forecast_budget.
Result: projected_total (what the horizon will cost: the sum of daily_projections), projected_period_total (what the budget''s running period will have cost at its end, spent so far included; null without a budget or without an end within a year), daily_projections [{day, value, lower_80, upper_80}], days_until_budget_exhausted (when half of the futures have exceeded what is left, in days from as_of with one decimal; 0 when it is exceeded already, null when the period ends first), exhausts_at (the same as an instant), confidence (1 - WAPE of forecasts of this horizon made at earlier points of the history, at least 0; null with fewer than 14 days of it or too few for the horizon) and status: no_budget, exceeded, incomplete_pricing (calls without a price: the sums lack them), no_spend, insufficient_data (fewer than 7 days), will_exceed or ok.';
