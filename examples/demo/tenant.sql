-- Included by the others: acts for :tenant, tells times in its zone, and sets how psql prints.
\set ON_ERROR_STOP on
\set QUIET on
SELECT set_config('agent_analytics.tenant', :'tenant', false) AS tenant \gset
SELECT coalesce(max(time_zone), 'UTC') AS zone, coalesce(max(currency), 'USD') AS currency
FROM analytics_data.tenant_settings WHERE tenant_id = :'tenant' \gset
SET TimeZone = :'zone';
SELECT to_char(:'as_of'::timestamptz, 'FMDay DD FMMonth YYYY, HH24:MI TZ') AS moment \gset
\pset footer off
\pset null -
\pset linestyle ascii
\pset border 1
