-- Hours that do not fit.
--   psql -v as_of=INSTANT -v tenant=NAME -f examples/demo/anomalies.sql
\ir tenant.sql

\if :{?method} \else \set method seasonal \endif
SELECT :'method' = 'threshold' AS plain \gset

\if :plain
\echo :tenant: hours far from the mean of the 24 hours before them, :moment
\else
\echo :tenant: hours that are not what this hour usually is, :moment
\endif
\echo '  SELECT * FROM analytics.get_active_anomalies(method => \'':method'\', as_of => \'':as_of'\');'
SELECT to_char(hour_start, 'Dy HH24:MI') AS hour, anomaly_type, severity, deviation_pct AS "deviation %", total_orders AS orders,
       total_revenue AS revenue, fulfillment_rate_pct AS "fulfilled %", expected_value AS expected, lower_bound AS "from", upper_bound AS "to"
FROM analytics.get_active_anomalies(method => :'method', as_of => :'as_of') LIMIT 8;
