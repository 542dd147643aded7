-- get_hourly_trends(168, $1) in plain SQL: $1 as_of. Two index scans by (tenant_id, time), one probe a customer.
WITH o AS MATERIALIZED (
    SELECT date_trunc('hour', created_at) AS hour, customer_id, created_at, total_amount, status, fulfilled_at
    FROM analytics_data.orders
    WHERE tenant_id = 'big' AND status <> 'cancelled'
      AND created_at >= date_trunc('hour', $1) - interval '169 hours' AND created_at < date_trunc('hour', $1)),
sums AS (
    SELECT hour, count(*) AS orders, coalesce(sum(total_amount) FILTER (WHERE status IN ('pending', 'fulfilled')), 0) AS revenue,
           count(*) FILTER (WHERE status = 'fulfilled' AND (fulfilled_at <= $1 OR fulfilled_at IS NULL)) AS fulfilled,
           count(*) FILTER (WHERE status = 'pending' OR status = 'fulfilled' AND fulfilled_at > $1) AS pending,
           count(DISTINCT customer_id) AS customers
    FROM o GROUP BY hour),
firsts AS (
    SELECT date_trunc('hour', c.first) AS hour, count(*) AS customers
    FROM (SELECT customer_id, min(created_at) AS first FROM o WHERE customer_id IS NOT NULL GROUP BY customer_id) c
    WHERE NOT EXISTS (
        SELECT FROM analytics_data.orders b
        WHERE b.tenant_id = 'big' AND b.customer_id = c.customer_id AND b.status <> 'cancelled'
          AND b.created_at < date_trunc('hour', $1) - interval '169 hours')
    GROUP BY 1),
s AS MATERIALIZED (
    SELECT date_trunc('hour', started_at) AS hour, customer_id
    FROM analytics_data.shop_sessions
    WHERE tenant_id = 'big'
      AND started_at >= date_trunc('hour', $1) - interval '169 hours' AND started_at < date_trunc('hour', $1)),
sessions AS (SELECT hour, count(*) AS sessions FROM s GROUP BY hour),
active AS (
    SELECT hour, count(*) AS customers
    FROM (SELECT hour, customer_id FROM o WHERE customer_id IS NOT NULL
          UNION
          SELECT hour, customer_id FROM s WHERE customer_id IS NOT NULL) both_kinds
    GROUP BY hour),
hours AS (
    SELECT h AS hour, coalesce(sums.orders, 0) AS orders, coalesce(sums.revenue, 0) AS revenue, coalesce(fulfilled, 0) AS fulfilled,
           coalesce(pending, 0) AS pending, coalesce(firsts.customers, 0) AS new, coalesce(sums.customers, 0) AS customers,
           coalesce(active.customers, 0) AS active, coalesce(sessions.sessions, 0) AS sessions,
           lag(coalesce(sums.orders, 0)) OVER (ORDER BY h) AS orders_before, lag(coalesce(sums.revenue, 0)) OVER (ORDER BY h) AS revenue_before
    FROM generate_series(date_trunc('hour', $1) - interval '169 hours', date_trunc('hour', $1) - interval '1 hour', '1 hour') h
    LEFT JOIN sums ON sums.hour = h LEFT JOIN firsts ON firsts.hour = h LEFT JOIN active ON active.hour = h
    LEFT JOIN sessions ON sessions.hour = h)
SELECT hour, orders, revenue, round(revenue / nullif(orders, 0), 2), round(100.0 * fulfilled / nullif(orders, 0), 2), fulfilled, pending,
       new, active, customers - new, sessions,
       round(100.0 * (orders - orders_before) / nullif(orders_before, 0), 2),
       round(100 * (revenue - revenue_before) / nullif(abs(revenue_before), 0), 2)
FROM hours WHERE hour > date_trunc('hour', $1) - interval '169 hours' ORDER BY hour DESC
