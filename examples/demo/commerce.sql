-- The answers about a shop, as a person reads them.
--   psql -v as_of=INSTANT -v tenant=NAME -f examples/demo/commerce.sql
\set ON_ERROR_STOP on
\set QUIET on
SELECT set_config('agent_analytics.tenant', :'tenant', false) AS tenant \gset
SELECT coalesce(max(time_zone), 'UTC') AS zone, coalesce(max(currency), 'USD') AS currency
FROM analytics_data.tenant_settings WHERE tenant_id = :'tenant' \gset
SET TimeZone = :'zone';
SELECT to_char(:'as_of'::timestamptz, 'FMDay DD FMMonth YYYY, HH24:MI TZ') AS moment \gset
\pset footer off
\pset null -

\echo
\echo :tenant: the shop at a glance, :moment
\echo '  SELECT * FROM analytics.get_dashboard_summary(as_of => ...)'
\pset tuples_only on
\pset format unaligned
SELECT format(E'\n  last hour        %8s orders %16s %s\n', orders_last_hour, to_char(revenue_last_hour, 'FM999G999G990D00'), :'currency')
    || format(E'  last 24 hours    %8s orders %16s %s   %s an order\n', orders_last_24h, to_char(revenue_last_24h, 'FM999G999G990D00'), :'currency',
              coalesce(to_char(avg_order_value_24h, 'FM999G990D00'), '-'))
    || format(E'  24 hours before  %8s orders %16s %s   %s orders, %s revenue since\n', orders_prev_24h, to_char(revenue_prev_24h, 'FM999G999G990D00'),
              :'currency', coalesce(to_char(100.0 * (orders_last_24h - orders_prev_24h) / nullif(orders_prev_24h, 0), 'SGFM9990D0') || ' %', '-'),
              coalesce(to_char(100.0 * (revenue_last_24h - revenue_prev_24h) / nullif(revenue_prev_24h, 0), 'SGFM9990D0') || ' %', '-'))
    || format(E'  fulfilled        %7s %%   %s pending\n', coalesce(to_char(fulfillment_rate_24h, 'FM990D0'), '-'), orders_pending_24h)
    || format('  customers        %8s active: %s new, %s came back', active_customers_24h, new_customers_24h, returning_customers_24h)
FROM analytics.get_dashboard_summary(as_of => :'as_of');
\pset format aligned
\pset tuples_only off

\echo
\echo 'The last hours that are complete, newest first'
\echo '  SELECT * FROM analytics.get_hourly_trends(hours_back => 9, as_of => ...)'
SELECT to_char(hour_start, 'Dy HH24:MI') AS hour, total_orders AS orders, total_revenue AS revenue, avg_order_value AS average,
       fulfillment_rate_pct AS "fulfilled %", new_customers AS new, returning_customers AS returning, total_sessions AS sessions,
       orders_hoh_pct_change AS "orders +- %"
FROM analytics.get_hourly_trends(hours_back => 9, as_of => :'as_of');
