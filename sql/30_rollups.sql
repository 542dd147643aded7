-- Rollups as a psql user meets them: make one, ask it, change the table, refresh, drop.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS agent_analytics;
SELECT analytics.install() IS NOT NULL AS installed;
RESET client_min_messages;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET intervalstyle = 'postgres';
\set VERBOSITY terse

CREATE TABLE public.sales (sold_at timestamptz NOT NULL, shop text, amount numeric(10,2), customer integer, status text);
INSERT INTO public.sales VALUES
    ('2024-05-01 10:00Z', 'north', 10.00, 1, 'paid'), ('2024-05-01 10:14:59.999999Z', 'north', 5.50, 1, 'paid'),
    ('2024-05-01 10:15Z', 'north', 7.25, 2, 'cancelled'), ('2024-05-01 10:20Z', NULL, NULL, 3, 'paid');

-- Without an index on the time column it works, with a warning.
SELECT analytics.create_rollup('sales', 'public.sales', 'sold_at',
    '{"n": "count(*)", "revenue": "sum(amount) FILTER (WHERE status <> ''cancelled'')", "customers": "distinct(customer)", "mean": "avg(amount)"}',
    '{shop}');
CREATE INDEX sales_sold_at ON public.sales (sold_at);
\d analytics.sales
SELECT tenant_id, bucket, shop, n, revenue, customers__n, round(mean, 2) AS mean FROM analytics.sales ORDER BY bucket, shop;
SELECT name, refreshed_buckets, scanned_rows FROM analytics.refresh_rollups('sales');
SELECT bucket, shop, n, revenue, customers__n FROM analytics_store.sales_hour ORDER BY bucket, shop;

-- A late row, a correction and a deletion count at once.
INSERT INTO public.sales VALUES ('2024-05-01 10:01Z', 'south', 100, 4, 'paid');
UPDATE public.sales SET amount = 6 WHERE amount = 5.50;
DELETE FROM public.sales WHERE shop IS NULL;
SELECT bucket, shop, n, revenue, customers__n FROM analytics.sales ORDER BY bucket, shop;
SELECT name, source, bucket, dirty_buckets > 0 AS dirty, progress_pct, waits_for FROM analytics.get_rollup_status() WHERE name = 'sales';
SELECT name, refreshed_buckets, scanned_rows FROM analytics.refresh_rollups('sales');
SELECT bucket, shop, n, revenue, customers__n FROM analytics.sales ORDER BY bucket, shop;
SELECT shop, sum(n) AS n, sum(revenue) AS revenue, analytics.cardinality(analytics.merge(customers)) AS customers
  FROM analytics.sales GROUP BY shop ORDER BY shop;
SELECT dirty_buckets FROM analytics.get_rollup_status() WHERE name = 'sales';

-- What it says when it cannot.
SELECT analytics.create_rollup('sales', 'public.sales', 'sold_at', '{"n": "count(*)"}');
SELECT analytics.create_rollup('Sales', 'public.sales', 'sold_at', '{"n": "count(*)"}');
SELECT analytics.create_rollup('more', 'analytics.sales', 'bucket', '{"n": "count(*)"}');
SELECT analytics.create_rollup('more', 'public.sales', 'shop', '{"n": "count(*)"}');
SELECT analytics.create_rollup('more', 'public.sales', 'sold_at', '{"n": "median(amount)"}');
SELECT analytics.create_rollup('more', 'public.sales', 'sold_at', '{"n": "sum(amount * random())"}');
SELECT analytics.create_rollup('more', 'public.sales', 'sold_at', '{"n": "count(*)"}', '{town}');
SELECT analytics.create_rollup('more', 'public.sales', 'sold_at', '{"n": "count(*)"}', bucket => '7 minutes');
SELECT analytics.refresh_rollups('more');
SELECT analytics.drop_rollup('more');
SELECT analytics.invalidate_rollup('sales', '2024-05-02Z', '2024-05-01Z');
ALTER TABLE public.sales DROP COLUMN amount;

SELECT analytics.invalidate_rollup('sales', '-infinity', 'infinity');
CALL analytics.run_maintenance();
SELECT analytics.drop_rollup('sales');
SELECT count(*) FROM pg_catalog.pg_trigger WHERE tgrelid = 'public.sales'::regclass;
DROP TABLE public.sales;
