-- Hours that do not fit.
--   psql -v as_of=INSTANT -v tenant=NAME -f examples/demo/anomalies.sql
\ir tenant.sql

\echo :tenant: hours far from the mean of the 24 hours before them, :moment
\echo '  SELECT * FROM analytics.get_active_anomalies(method => \'threshold\', as_of => \'':as_of'\');'
SELECT to_char(hour_start, 'Dy HH24:MI') AS hour, anomaly_type, severity, deviation_pct AS "deviation %", total_orders AS orders,
       avg_orders_24h AS "orders, mean", total_revenue AS revenue, avg_revenue_24h AS "revenue, mean"
FROM analytics.get_active_anomalies(method => 'threshold', as_of => :'as_of') LIMIT 8;
