-- The stores of first orders against the orders themselves, after each of many random changes and refreshes: orders of
-- few customers come, go, are cancelled and restored, move in time and from one customer to another, of two tenants.
\ir include/start.sql
SELECT plan(5);

CREATE VIEW public.wrong_first_orders AS
WITH limit_at AS (SELECT summarised_to FROM analytics_store.rollups WHERE name = 'order_stats'),
plain AS (
    SELECT tenant_id, customer_id, min(created_at) AS first_order_at FROM analytics_data.orders, limit_at
    WHERE customer_id IS NOT NULL AND status <> 'cancelled' AND created_at < summarised_to GROUP BY 1, 2)
SELECT 'customer' AS what, tenant_id, customer_id AS who, s.first_order_at, p.first_order_at AS truth
FROM analytics_store.customer_first_orders s FULL JOIN plain p USING (tenant_id, customer_id)
WHERE s.first_order_at IS DISTINCT FROM p.first_order_at
UNION ALL
SELECT 'hour', tenant_id, hour::text, NULL, NULL
FROM analytics_store.customer_first_order_counts s
FULL JOIN (SELECT tenant_id, date_trunc('hour', first_order_at) AS hour, count(*) AS new_customers FROM plain GROUP BY 1, 2) p
    USING (tenant_id, hour)
WHERE s.new_customers IS DISTINCT FROM p.new_customers;

CREATE TABLE public.rounds (round integer, changes bigint, wrong bigint);
-- An instant of the four days before `upto`, often of a few buckets only.
CREATE FUNCTION public.some_instant(upto timestamptz) RETURNS timestamptz LANGUAGE sql VOLATILE AS $$
    SELECT upto - CASE WHEN random() < 0.5 THEN interval '4 days' * random()
                       ELSE interval '30 hours' * floor(3 * random()) + interval '40 minutes' * random() END $$;

CREATE PROCEDURE public.change_orders(rounds integer, customers integer) LANGUAGE plpgsql AS $$
DECLARE
    base constant timestamptz := date_trunc('hour', now()) - interval '1 hour';
    action float8;
    n bigint;
BEGIN
    PERFORM setseed(0.25);
    FOR round IN 1..rounds LOOP
        n := 0;
        FOR i IN 1..1 + floor(4 * random()) LOOP
            action := random();
            IF action < 0.4 THEN
                INSERT INTO analytics_data.orders (tenant_id, order_id, customer_id, created_at, total_amount)
                SELECT 'shop-' || floor(2 * random()), gen_random_uuid(), 'c' || floor(customers * random()),
                       public.some_instant(base), 10
                FROM generate_series(1, 1 + (10 * random())::int);
            ELSIF action < 0.6 THEN
                DELETE FROM analytics_data.orders
                WHERE order_id IN (SELECT order_id FROM analytics_data.orders ORDER BY random() LIMIT (12 * random())::int);
            ELSIF action < 0.75 THEN
                UPDATE analytics_data.orders SET status = CASE WHEN status = 'cancelled' THEN 'pending' ELSE 'cancelled' END
                WHERE order_id IN (SELECT order_id FROM analytics_data.orders ORDER BY random() LIMIT 3);
            ELSIF action < 0.9 THEN
                UPDATE analytics_data.orders SET created_at = public.some_instant(base)
                WHERE order_id IN (SELECT order_id FROM analytics_data.orders ORDER BY random() LIMIT 3);
            ELSIF action < 0.97 THEN
                UPDATE analytics_data.orders SET customer_id = nullif('c' || floor(customers * random()), 'c1')
                WHERE order_id IN (SELECT order_id FROM analytics_data.orders ORDER BY random() LIMIT 3);
            ELSIF action < 0.98 THEN  -- whatever the notes say
                PERFORM analytics.invalidate_rollup('order_stats', '-infinity', public.some_instant(base));
            ELSIF action < 0.99 THEN
                PERFORM analytics.invalidate_rollup('order_stats', '-infinity', 'infinity');
            ELSE
                DELETE FROM analytics_data.orders WHERE created_at < public.some_instant(base) - interval '2 days';
            END IF;
            n := n + 1;
        END LOOP;
        IF random() < 0.7 THEN COMMIT; END IF;  -- else the refresh sees this transaction's own changes
        PERFORM analytics.refresh_rollups('order_stats');
        COMMIT;
        INSERT INTO public.rounds SELECT round, n, count(*) FROM public.wrong_first_orders;
    END LOOP;
    COMMIT;
END $$;

CALL public.change_orders(150, 6);
SELECT is((SELECT count(*) FROM public.rounds WHERE wrong > 0), 0::bigint, 'few customers, who order in most buckets');
SELECT isnt((SELECT count(*) FROM analytics_store.customer_first_orders), 0::bigint, 'there are first orders');
CALL public.change_orders(150, 60);
SELECT is((SELECT count(*) FROM public.rounds WHERE wrong > 0), 0::bigint, 'more customers, who order now and then');
SELECT isnt((SELECT count(*) FROM analytics_store.customer_first_orders), 0::bigint, 'there are first orders');
-- A row that stood would be right by chance; one that is made wrong stays wrong until its bucket is touched.
UPDATE analytics_store.customer_first_orders SET first_order_at = first_order_at - interval '1 second'
WHERE (tenant_id, customer_id) = (SELECT tenant_id, customer_id FROM analytics_store.customer_first_orders LIMIT 1);
SELECT is((SELECT count(*) FROM public.wrong_first_orders WHERE what = 'customer'), 1::bigint, 'the comparison sees a difference');
SELECT * FROM finish();
