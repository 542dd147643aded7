-- get_dashboard_summary($1) in plain SQL: $1 as_of. Trailing windows to the microsecond.
WITH o AS MATERIALIZED (
    SELECT customer_id, created_at, total_amount, status, fulfilled_at
    FROM analytics_data.orders
    WHERE tenant_id = 'big' AND status <> 'cancelled' AND created_at > $1 - interval '48 hours' AND created_at <= $1),
sums AS (
    SELECT count(*) FILTER (WHERE created_at > $1 - interval '1 hour') AS orders_hour,
           coalesce(sum(total_amount) FILTER (WHERE created_at > $1 - interval '1 hour' AND status <> 'refunded'), 0) AS revenue_hour,
           count(*) FILTER (WHERE created_at > $1 - interval '24 hours') AS orders_day,
           coalesce(sum(total_amount) FILTER (WHERE created_at > $1 - interval '24 hours' AND status <> 'refunded'), 0) AS revenue_day,
           count(*) FILTER (WHERE created_at <= $1 - interval '24 hours') AS orders_before,
           coalesce(sum(total_amount) FILTER (WHERE created_at <= $1 - interval '24 hours' AND status <> 'refunded'), 0) AS revenue_before,
           count(*) FILTER (WHERE created_at > $1 - interval '24 hours' AND status = 'fulfilled'
                              AND (fulfilled_at <= $1 OR fulfilled_at IS NULL)) AS fulfilled,
           count(*) FILTER (WHERE created_at > $1 - interval '24 hours'
                              AND (status = 'pending' OR status = 'fulfilled' AND fulfilled_at > $1)) AS pending
    FROM o),
ordered AS MATERIALIZED (
    SELECT DISTINCT customer_id FROM o WHERE customer_id IS NOT NULL AND created_at > $1 - interval '24 hours'),
fresh AS (
    SELECT count(*) AS customers FROM ordered c
    WHERE NOT EXISTS (SELECT FROM analytics_data.orders b
                      WHERE b.tenant_id = 'big' AND b.customer_id = c.customer_id AND b.status <> 'cancelled'
                        AND b.created_at <= $1 - interval '24 hours')),
active AS (
    SELECT count(*) AS customers
    FROM (SELECT customer_id FROM ordered
          UNION
          SELECT customer_id FROM analytics_data.shop_sessions
          WHERE tenant_id = 'big' AND customer_id IS NOT NULL AND started_at > $1 - interval '24 hours' AND started_at <= $1) both_kinds)
SELECT orders_hour, revenue_hour, orders_day, revenue_day, round(revenue_day / nullif(orders_day, 0), 2), orders_before,
       revenue_before, round(100.0 * fulfilled / nullif(orders_day, 0), 2), pending, fresh.customers, active.customers,
       (SELECT count(*) FROM ordered) - fresh.customers, $1
FROM sums, fresh, active
