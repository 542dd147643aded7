-- What is still to be spent, and whether the budget lasts.
--   psql -v as_of=INSTANT -v tenant=NAME -f examples/demo/budget.sql
\ir tenant.sql

\echo :tenant: spend to come, and the budget of the month, :moment
\echo '  SELECT * FROM analytics.forecast_budget(horizon_days => 12, as_of => \'':as_of'\');'
SELECT to_char(day, 'Dy DD Mon') AS day, round(projected_spend, 2) AS projected, round(lower_80, 2) AS "80 % from", round(upper_80, 2) AS "to",
       round(cumulative_spend, 2) AS "spent by then", round(budget_remaining, 2) AS "left", exhaustion_probability AS "P(exhausted)"
FROM analytics.forecast_budget(horizon_days => 12, as_of => :'as_of');
\echo '  SELECT analytics.get_budget_forecast(horizon_days => 12, as_of => \'':as_of'\');'
SELECT f ->> 'status' AS status, round((f ->> 'projected_period_total')::numeric, 2) AS "period will cost",
       f ->> 'days_until_budget_exhausted' AS "days until exhausted", f ->> 'exhausts_at' AS "exhausts at", f ->> 'confidence' AS confidence
FROM analytics.get_budget_forecast(horizon_days => 12, as_of => :'as_of') f;
