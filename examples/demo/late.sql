-- What arrives late, after the rollups were refreshed: orders of the last two days that were placed offline, orders that
-- are refunded, a few that were recorded by mistake. For the data of examples/demo/generate.sql.
--   psql [-v end_at=INSTANT] -f examples/demo/late.sql
-- end_at: as given to generate.sql. The same end_at gives the same rows. Running it again changes nothing.
\set ON_ERROR_STOP on
\if :{?end_at} \else \set end_at '2025-06-20 15:40+00' \endif

BEGIN;
SET LOCAL search_path = pg_catalog, pg_temp;

-- Half of them in the hour three hours ago, so that one can see it change.
INSERT INTO analytics_data.orders (order_id, customer_id, created_at, total_amount, status, fulfilled_at)
SELECT 'late-order-' || k, 'customer-' || k * 7, created_at, 20 + k % 90 + 0.95, 'fulfilled', created_at + interval '20 minutes'
FROM (SELECT k, CASE WHEN k % 2 = 0 THEN date_trunc('hour', :'end_at'::timestamptz, 'UTC') - interval '3 hours' + k % 60 * interval '1 minute'
                     ELSE :'end_at'::timestamptz - k * interval '9 minutes' END AS created_at
      FROM generate_series(1, 300) AS k) o
ON CONFLICT DO NOTHING;

UPDATE analytics_data.orders SET status = 'refunded'
WHERE tenant_id = analytics.current_tenant() AND status = 'fulfilled'
  AND created_at > :'end_at'::timestamptz - interval '7 days' AND hashtextextended(order_id, 1) % 200 = 0;

DELETE FROM analytics_data.orders
WHERE tenant_id = analytics.current_tenant() AND created_at > :'end_at'::timestamptz - interval '30 days'
  AND order_id NOT LIKE 'late-%' AND hashtextextended(order_id, 2) % 5000 = 0;
COMMIT;
