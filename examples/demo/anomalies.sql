-- Hours that do not fit.
--   psql -v as_of=INSTANT -v tenant=NAME -f examples/demo/anomalies.sql
\set ON_ERROR_STOP on
\set QUIET on
SELECT set_config('agent_analytics.tenant', :'tenant', false) AS tenant \gset
SELECT coalesce(max(time_zone), 'UTC') AS zone FROM analytics_data.tenant_settings WHERE tenant_id = :'tenant' \gset
SET TimeZone = :'zone';
SELECT to_char(:'as_of'::timestamptz, 'FMDay DD FMMonth YYYY, HH24:MI TZ') AS moment \gset
\pset footer off
\pset null -

\echo :tenant: hours that do not fit, far from the mean of the 24 hours before, :moment
\echo '  SELECT * FROM analytics.get_active_anomalies(method => \'threshold\', as_of => ...)'
SELECT to_char(hour_start, 'Dy HH24:MI') AS hour, anomaly_type, severity, deviation_pct AS "deviation %", total_orders AS orders,
       avg_orders_24h AS "orders, mean", total_revenue AS revenue, avg_revenue_24h AS "revenue, mean"
FROM analytics.get_active_anomalies(method => 'threshold', as_of => :'as_of') LIMIT 8;
