-- A shop at a glance and hour by hour.
--   psql -v as_of=INSTANT -v tenant=NAME -f examples/demo/shop.sql
\ir tenant.sql

\echo :tenant: the shop at a glance, :moment
\echo '  SELECT * FROM analytics.get_dashboard_summary(as_of => \'':as_of'\');'
\pset tuples_only on
\pset format unaligned
SELECT format(E'\n  last hour        %8s orders %16s %s\n', orders_last_hour, to_char(revenue_last_hour, 'FM999G999G990D00'), :'currency')
    || format(E'  last 24 hours    %8s orders %16s %s   %s an order\n', orders_last_24h, to_char(revenue_last_24h, 'FM999G999G990D00'), :'currency',
              coalesce(to_char(avg_order_value_24h, 'FM999G990D00'), '-'))
    || format(E'  24 hours before  %8s orders %16s %s   since then %s orders, %s revenue\n', orders_prev_24h,
              to_char(revenue_prev_24h, 'FM999G999G990D00'), :'currency',
              coalesce(to_char(100.0 * (orders_last_24h - orders_prev_24h) / nullif(orders_prev_24h, 0), 'SGFM9990D0') || ' %', '-'),
              coalesce(to_char(100.0 * (revenue_last_24h - revenue_prev_24h) / nullif(revenue_prev_24h, 0), 'SGFM9990D0') || ' %', '-'))
    || format(E'  fulfilled        %7s%%   %s pending\n', coalesce(to_char(fulfillment_rate_24h, 'FM990D0'), '-'), orders_pending_24h)
    || format(E'  customers        %8s active: %s new, %s came back\n', active_customers_24h, new_customers_24h, returning_customers_24h)
FROM analytics.get_dashboard_summary(as_of => :'as_of');
\pset format aligned
\pset tuples_only off

\echo 'The last complete hours, newest first'
\echo '  SELECT * FROM analytics.get_hourly_trends(hours_back => 9, as_of => \'':as_of'\');'
SELECT to_char(hour_start, 'Dy HH24:MI') AS hour, total_orders AS orders, total_revenue AS revenue, avg_order_value AS average,
       fulfillment_rate_pct AS "fulfilled %", new_customers AS new, returning_customers AS returning, total_sessions AS sessions,
       orders_hoh_pct_change AS "orders +- %"
FROM analytics.get_hourly_trends(hours_back => 9, as_of => :'as_of');
