-- Loads the set retail_orders (a British gift shop, 2010-12-01 to 2011-08-31) as orders of one tenant.
--   psql -v data=FOLDER [-v tenant=NAME] -f examples/load/retail_orders.sql
-- data: the folder that holds retail_orders/. tenant: by default `retail_orders`. Loading again changes nothing.
-- How the set's rows become orders:
--   time      local time of London, stored as instants; the tenant's time zone is Europe/London
--   currency  GBP, set for the tenant before the first order
--   status    completed -> fulfilled, with no instant: an invoice is written when the goods go, the set knows no more
--             cancelled -> cancelled: credit notes, rows of their own with a negative amount; they count nowhere
--             stock_writeoff, adjustment: left out, they are bookkeeping and nobody ordered anything
--   order_id  38 invoices run over a minute and stand there twice; the second part gets the id "536591-2"
\set ON_ERROR_STOP on
\if :{?tenant} \else \set tenant retail_orders \endif
\setenv FILE :data/retail_orders/orders.csv.gz

BEGIN;
SET LOCAL search_path = pg_catalog, pg_temp;
SELECT set_config('agent_analytics.tenant', :'tenant', true) AS tenant \gset
CREATE TEMP TABLE invoice (
    order_id text, ordered_at timestamp, customer_id text, country text, line_count integer, units integer,
    amount_gbp numeric, status text) ON COMMIT DROP;
\copy invoice from program 'gzip -cd "$FILE"' (format csv, header)

INSERT INTO analytics_data.tenant_settings (currency, time_zone) VALUES ('GBP', 'Europe/London')
ON CONFLICT (tenant_id) DO UPDATE SET currency = excluded.currency, time_zone = excluded.time_zone;

INSERT INTO analytics_data.orders (order_id, customer_id, created_at, total_amount, currency, status)
SELECT CASE part WHEN 1 THEN order_id ELSE order_id || '-' || part END, customer_id, ordered_at AT TIME ZONE 'Europe/London',
       amount_gbp, 'GBP', CASE status WHEN 'completed' THEN 'fulfilled' ELSE status END
FROM (SELECT *, row_number() OVER (PARTITION BY order_id ORDER BY ordered_at) AS part
      FROM invoice WHERE status IN ('completed', 'cancelled')) i
ORDER BY ordered_at
ON CONFLICT DO NOTHING;
COMMIT;
