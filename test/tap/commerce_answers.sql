-- The dashboard's answers against plain SQL over the orders, for many moments: before the first refresh and after, with
-- late rows, updates, deletes, TRUNCATE, other policies, and around the end of what is summarised.
\ir include/start.sql

-- The same answers, plainly.
CREATE FUNCTION plain_summary(a timestamptz) RETURNS jsonb LANGUAGE sql STABLE AS $$
    WITH o AS (SELECT *, status = 'fulfilled' AND NOT coalesce(fulfilled_at > a, false) AS done FROM analytics_data.orders
               WHERE tenant_id = (SELECT analytics.current_tenant()) AND status <> 'cancelled'),
    w AS (SELECT * FROM o WHERE created_at > a - interval '24 hours' AND created_at <= a),
    p AS (SELECT * FROM o WHERE created_at > a - interval '48 hours' AND created_at <= a - interval '24 hours'),
    s AS (SELECT * FROM analytics_data.shop_sessions WHERE tenant_id = (SELECT analytics.current_tenant())
            AND started_at > a - interval '24 hours' AND started_at <= a)
    SELECT jsonb_build_object(
        'orders_last_hour', (SELECT count(*) FROM w WHERE created_at > a - interval '1 hour'),
        'revenue_last_hour', (SELECT coalesce(sum(total_amount), 0) FROM w WHERE created_at > a - interval '1 hour' AND status <> 'refunded'),
        'orders_last_24h', (SELECT count(*) FROM w),
        'revenue_last_24h', (SELECT coalesce(sum(total_amount), 0) FROM w WHERE status <> 'refunded'),
        'avg_order_value_24h', round((SELECT coalesce(sum(total_amount), 0) FROM w WHERE status <> 'refunded') / nullif((SELECT count(*) FROM w), 0), 2),
        'orders_prev_24h', (SELECT count(*) FROM p),
        'revenue_prev_24h', (SELECT coalesce(sum(total_amount), 0) FROM p WHERE status <> 'refunded'),
        'fulfillment_rate_24h', (SELECT round(100.0 * count(*) FILTER (WHERE done) / nullif(count(*), 0), 2) FROM w),
        'orders_pending_24h', (SELECT count(*) FROM w WHERE NOT done AND status <> 'refunded'),
        'new_customers_24h', (SELECT count(*) FROM (SELECT min(created_at) AS first FROM o GROUP BY customer_id HAVING customer_id IS NOT NULL) f
                              WHERE first > a - interval '24 hours' AND first <= a),
        'active_customers_24h', (SELECT count(DISTINCT customer_id) FROM (SELECT customer_id FROM w UNION SELECT customer_id FROM s) u),
        'returning_customers_24h', (SELECT count(DISTINCT customer_id) FROM w WHERE EXISTS (
             SELECT FROM o WHERE o.customer_id = w.customer_id AND o.created_at <= a - interval '24 hours')),
        'last_updated', a)
$$;
CREATE FUNCTION plain_hours(n integer, a timestamptz) RETURNS TABLE (hour_start timestamptz, total_orders bigint, total_revenue numeric,
    avg_order_value numeric, fulfillment_rate_pct numeric, orders_fulfilled bigint, orders_pending bigint, new_customers bigint,
    active_customers bigint, returning_customers bigint, total_sessions bigint, orders_hoh_pct_change numeric, revenue_hoh_pct_change numeric)
LANGUAGE sql STABLE SET enable_nestloop = off AS $$
    WITH o AS (SELECT *, date_trunc('hour', created_at) AS h, status = 'fulfilled' AND NOT coalesce(fulfilled_at > a, false) AS done
               FROM analytics_data.orders WHERE tenant_id = (SELECT analytics.current_tenant()) AND status <> 'cancelled'),
    f AS MATERIALIZED (SELECT customer_id, min(h) AS h FROM o WHERE customer_id IS NOT NULL GROUP BY 1),
    s AS (SELECT *, date_trunc('hour', started_at) AS h FROM analytics_data.shop_sessions WHERE tenant_id = (SELECT analytics.current_tenant())),
    c AS (SELECT o.h, count(*) AS orders, coalesce(sum(total_amount) FILTER (WHERE status <> 'refunded'), 0) AS revenue, count(*) FILTER (WHERE done) AS done,
                 count(*) FILTER (WHERE NOT done AND status <> 'refunded') AS pending, count(DISTINCT customer_id) FILTER (WHERE f.h = o.h) AS fresh,
                 count(DISTINCT customer_id) FILTER (WHERE f.h < o.h) AS again FROM o LEFT JOIN f USING (customer_id) GROUP BY o.h),
    v AS (SELECT h, count(*) AS sessions FROM s GROUP BY h),
    u AS (SELECT h, count(DISTINCT customer_id) AS active FROM (SELECT h, customer_id FROM o UNION SELECT h, customer_id FROM s) b GROUP BY h),
    x AS (SELECT h, coalesce(orders, 0) AS orders, coalesce(revenue, 0) AS revenue, coalesce(done, 0) AS done, coalesce(pending, 0) AS pending,
                 coalesce(fresh, 0) AS fresh, coalesce(active, 0) AS active, coalesce(again, 0) AS again, coalesce(sessions, 0) AS sessions
          FROM generate_series(date_trunc('hour', a) - (n + 1) * interval '1 hour', date_trunc('hour', a) - interval '1 hour', interval '1 hour') g(h)
          LEFT JOIN c USING (h) LEFT JOIN v USING (h) LEFT JOIN u USING (h))
    SELECT h, orders, revenue, round(revenue / nullif(orders, 0), 2), round(100.0 * done / nullif(orders, 0), 2), done, pending, fresh, active,
           again, sessions, round((orders - lag(orders) OVER w) * 100.0 / nullif(lag(orders) OVER w, 0), 2),
           round((revenue - lag(revenue) OVER w) * 100.0 / nullif(abs(lag(revenue) OVER w), 0), 2)
    FROM x WINDOW w AS (ORDER BY h) ORDER BY h DESC LIMIT n
$$;
CREATE FUNCTION plain_anomalies(a timestamptz) RETURNS jsonb LANGUAGE sql STABLE AS $$
    WITH x AS (SELECT hour_start AS h, total_orders AS orders, total_revenue AS revenue, 100.0 * orders_fulfilled / nullif(total_orders, 0) AS rate,
                      avg(total_orders) OVER w AS orders_before, avg(total_revenue) OVER w AS revenue_before,
                      avg(100.0 * orders_fulfilled / nullif(total_orders, 0)) OVER w AS rate_before
               FROM plain_hours(48, a) WINDOW w AS (ORDER BY hour_start ROWS BETWEEN 24 PRECEDING AND 1 PRECEDING)),
    j AS (SELECT x.*, k.*, abs(actual - expected) / nullif(expected, 0) * 100 AS deviation
          FROM x CROSS JOIN LATERAL (VALUES
            (1, CASE WHEN orders < orders_before THEN 'low_order_volume' ELSE 'high_order_volume' END, orders::numeric, orders_before, 5),
            (2, CASE WHEN revenue < revenue_before THEN 'low_revenue' ELSE 'high_revenue' END, revenue, revenue_before, 5),
            (3, CASE WHEN rate < rate_before THEN 'low_fulfillment' END, rate, rate_before, 10)) k(n, type, actual, expected, least)
          WHERE h >= date_trunc('hour', a) - interval '24 hours' AND orders_before >= least AND expected > 0 AND type IS NOT NULL)
    SELECT coalesce(jsonb_agg(jsonb_build_object('hour', h, 'type', type, 'deviation', round(deviation, 2), 'severity', severity, 'orders', orders,
               'expected', round(expected, 2), 'revenue_before', round(revenue_before, 2), 'rate_before', round(rate_before, 2))
               ORDER BY array_position('{critical,high,medium,low}', severity), h DESC, n), '[]')
    FROM (SELECT *, CASE WHEN deviation >= 80 THEN 'critical' WHEN deviation >= 60 THEN 'high' WHEN deviation >= 45 THEN 'medium' WHEN deviation >= 30 THEN 'low' END AS severity FROM j) l
    WHERE severity IS NOT NULL
$$;
CREATE FUNCTION our_anomalies(a timestamptz) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object('hour', hour_start, 'type', anomaly_type, 'deviation', deviation_pct, 'severity', severity, 'orders', total_orders,
        'expected', expected_value, 'revenue_before', avg_revenue_24h, 'rate_before', avg_fulfillment_24h) ORDER BY i), '[]')
    FROM analytics.get_active_anomalies(a, 'threshold') WITH ORDINALITY AS r(hour_start, anomaly_type, deviation_pct, severity, total_orders, avg_orders_24h,
        total_revenue, avg_revenue_24h, fulfillment_rate_pct, avg_fulfillment_24h, expected_value, lower_bound, upper_bound, p_value, i)
$$;

-- 4,000 orders and 2,500 sessions of two shops over 6 days, drawn from a fixed sequence; busy hours and quiet ones. An
-- eighth around now(), where the summarised part ends, and beyond it.
CREATE FUNCTION draw(seed text, i integer, n integer) RETURNS integer LANGUAGE sql IMMUTABLE AS
$$ SELECT ('x' || substr(md5(seed || i), 1, 7))::bit(28)::integer % n $$;
CREATE FUNCTION moment(seed text, i integer) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN draw(seed || 'part', i, 8) = 0
        THEN now() + (draw(seed || 'near', i, 240) - 120) * interval '1 minute' + draw(seed || 'us', i, 60000000) * interval '1 microsecond'
        ELSE timestamptz '2025-03-01' + draw(seed || 'day', i, 6) * interval '1 day' + least(draw(seed || 'h1', i, 30), draw(seed || 'h2', i, 24)) * interval '1 hour'
             + draw(seed || 'us', i, 2000000000) * interval '1.8 microseconds' END
$$;
CREATE FUNCTION add_orders(seed text, n integer) RETURNS void LANGUAGE sql AS $$
    INSERT INTO analytics_data.orders (tenant_id, order_id, customer_id, created_at, total_amount, status, fulfilled_at)
    SELECT CASE WHEN draw(seed || 't', i, 5) = 0 THEN 'b' ELSE 'a' END, seed || i, CASE WHEN draw(seed || 'guest', i, 10) > 0 THEN 'c' || draw(seed || 'c', i, 400) END,
           t.at, draw(seed || 'amount', i, 20000) / 100.0 - 10, status, CASE WHEN status = 'fulfilled' AND draw(seed || 'known', i, 4) > 0 THEN t.at + draw(seed || 'f', i, 5000) * interval '1 minute' END
    FROM generate_series(1, n) i, moment(seed, i) t(at), LATERAL (SELECT (ARRAY['fulfilled','fulfilled','fulfilled','pending','refunded','cancelled'])[1 + draw(seed || 's', i, 6)]) s(status)
$$;
DO $$ BEGIN PERFORM add_orders('o', 4000); END $$;
INSERT INTO analytics_data.shop_sessions (tenant_id, session_id, customer_id, started_at)
SELECT CASE WHEN draw('st', i, 5) = 0 THEN 'b' ELSE 'a' END, 's' || i, CASE WHEN draw('sg', i, 3) > 0 THEN 'c' || draw('sc', i, 500) END, t.at
FROM generate_series(1, 2500) i, moment('s', i) t(at) WHERE draw('quiet', extract(hour FROM t.at)::integer, 4) > 0;
-- Moments: drawn ones, whole hours, the very instants of orders, and around now().
CREATE TABLE moments AS
SELECT timestamptz '2025-03-01 12:00' + draw('m', i, 6 * 86400) * interval '1 second' + draw('mu', i, 1000000) * interval '1 microsecond' AS at FROM generate_series(1, 16) i
UNION ALL SELECT timestamptz '2025-03-02' + draw('mh', i, 120) * interval '1 hour' FROM generate_series(1, 5) i
UNION ALL SELECT now() + i * interval '17 minutes' FROM generate_series(-3, 4) i
UNION ALL SELECT timestamptz '2025-03-08 01:00';
INSERT INTO moments SELECT created_at FROM (SELECT created_at FROM analytics_data.orders ORDER BY order_id LIMIT 6) o;
INSERT INTO moments SELECT created_at + interval '24 hours' FROM (SELECT created_at FROM analytics_data.orders ORDER BY order_id DESC LIMIT 5) o;

CREATE FUNCTION differences(of_tenant text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('agent_analytics.tenant', of_tenant, false);
    RETURN QUERY SELECT format('summary at %s', m.at) FROM moments m WHERE (SELECT to_jsonb(r) FROM analytics.get_dashboard_summary(m.at) r) IS DISTINCT FROM plain_summary(m.at);
    -- A row of ours and of theirs, in both directions; 30 hours each, 168 once.
    RETURN QUERY SELECT format('hours at %s', m.at) FROM (SELECT at, CASE WHEN row_number() OVER (ORDER BY at) = 20 THEN 168 ELSE 30 END AS n FROM moments) m
        WHERE (SELECT jsonb_agg(to_jsonb(r)) FROM analytics.get_hourly_trends(m.n, m.at) r) IS DISTINCT FROM (SELECT jsonb_agg(to_jsonb(r)) FROM plain_hours(m.n, m.at) r);
    RETURN QUERY SELECT format('anomalies at %s', m.at) FROM moments m WHERE our_anomalies(m.at) IS DISTINCT FROM plain_anomalies(m.at);
END $$;
-- What the store of first orders must hold of what is summarised, when no late row waits.
CREATE VIEW true_first_orders AS
SELECT tenant_id, customer_id, min(created_at) AS first_order_at FROM analytics_data.orders
WHERE customer_id IS NOT NULL AND status <> 'cancelled' AND created_at < (SELECT summarised_to FROM analytics_store.rollups WHERE name = 'order_stats') GROUP BY 1, 2;
CREATE FUNCTION store_differences() RETURNS bigint LANGUAGE sql AS $$
    SELECT (SELECT count(*) FROM ((TABLE analytics_store.customer_first_orders EXCEPT TABLE true_first_orders) UNION ALL (TABLE true_first_orders EXCEPT TABLE analytics_store.customer_first_orders)) d)
         + (SELECT count(*) FROM (SELECT tenant_id, date_trunc('hour', first_order_at) AS hour, count(*) AS n FROM true_first_orders GROUP BY 1, 2) t
            FULL JOIN analytics_store.customer_first_order_counts c USING (tenant_id, hour) WHERE t.n IS DISTINCT FROM c.new_customers)
$$;
CREATE FUNCTION refresh() RETURNS bigint LANGUAGE sql AS $$ SELECT sum(refreshed_buckets)::bigint FROM analytics.refresh_rollups() $$;

SELECT plan(30);
SELECT ok((SELECT count(*) FROM moments, LATERAL plain_anomalies(at) p WHERE p <> '[]') > 0, 'the data have anomalies') FROM (SELECT set_config('agent_analytics.tenant', 'a', false)) s;
SELECT ok((SELECT count(DISTINCT x->>'type') FROM moments, LATERAL plain_anomalies(at) p, jsonb_array_elements(p) x) = 5, 'of each type');
SELECT is_empty($$SELECT differences('a')$$, 'before the first refresh');
SELECT ok(refresh() > 0, 'refreshed');
SELECT is(store_differences(), 0::bigint, 'first orders are stored');
SELECT ok((SELECT count(*) FROM analytics_store.customer_first_orders) > 300, 'of many customers');
SELECT is_empty($$SELECT differences('a')$$, 'after the first refresh');
SELECT is_empty($$SELECT differences('b')$$, 'for the other tenant');
SELECT is_empty($$SELECT differences('nobody')$$, 'for a tenant without any order');

-- Late rows, and everything that can happen to an order: first ones cancelled, deleted, moved, given to another customer or tenant.
CREATE FUNCTION change(seed text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM add_orders(seed, 60);
    UPDATE analytics_data.orders o SET status = 'cancelled' FROM (SELECT * FROM true_first_orders WHERE draw(seed || customer_id, 1, 25) = 0) f
        WHERE (o.tenant_id, o.customer_id, o.created_at) = (f.tenant_id, f.customer_id, f.first_order_at);
    DELETE FROM analytics_data.orders o USING (SELECT * FROM true_first_orders WHERE draw(seed || customer_id, 2, 25) = 0) f
        WHERE (o.tenant_id, o.customer_id, o.created_at) = (f.tenant_id, f.customer_id, f.first_order_at);
    UPDATE analytics_data.orders SET created_at = moment(seed || 'u', 1 + draw(seed || order_id, 3, 1000)) WHERE draw(seed || order_id, 4, 60) = 0;
    UPDATE analytics_data.orders SET customer_id = 'c' || draw(seed || order_id, 5, 420) WHERE draw(seed || order_id, 6, 60) = 0;
    UPDATE analytics_data.orders SET status = 'pending' WHERE status = 'cancelled' AND draw(seed || order_id, 7, 20) = 0;
    UPDATE analytics_data.orders SET tenant_id = CASE tenant_id WHEN 'a' THEN 'b' ELSE 'a' END WHERE draw(seed || order_id, 8, 100) = 0;
    DELETE FROM analytics_data.shop_sessions WHERE draw(seed || session_id, 9, 50) = 0;
END $$;
DO $$ BEGIN PERFORM change('x'); END $$;
SELECT ok(store_differences() > 0, 'the store waits for the refresh');
SELECT is_empty($$SELECT differences('a')$$, 'with late changes');
SELECT is_empty($$SELECT differences('b')$$, 'with late changes, the other tenant');
SELECT ok(refresh() > 0, 'refreshed');
SELECT is(store_differences(), 0::bigint, 'first orders follow late changes');
SELECT is_empty($$SELECT differences('a')$$, 'after that');

-- In one transaction, and rolled back.
BEGIN;
DO $$ BEGIN PERFORM change('y'); END $$;
SELECT is_empty($$SELECT differences('a')$$, 'the transaction sees its own changes');
ROLLBACK;
SELECT is_empty($$SELECT differences('a')$$, 'nothing of them is left');

-- A cancelled only order, and an earlier first one, by hand: the smallest cases.
SET agent_analytics.tenant = 'hand';
INSERT INTO analytics_data.orders (order_id, customer_id, created_at, total_amount) VALUES ('h1', 'z', '2025-03-05 10:30', 1);
DO $$ BEGIN PERFORM refresh(); END $$;
SELECT is((SELECT new_customers_24h FROM analytics.get_dashboard_summary('2025-03-05 11:00')), 1::bigint, 'one new customer');
INSERT INTO analytics_data.orders (order_id, customer_id, created_at, total_amount) VALUES ('h2', 'z', '2025-03-01 10:30', 1);
SELECT is((SELECT array_agg(new_customers_24h ORDER BY at) FROM (VALUES (timestamptz '2025-03-01 11:00'), ('2025-03-05 11:00')) v(at), analytics.get_dashboard_summary(at)), '{1,0}', 'who turns out to have come earlier');
UPDATE analytics_data.orders SET status = 'cancelled' WHERE tenant_id = 'hand' AND order_id = 'h1';
DO $$ BEGIN PERFORM refresh(); END $$;
DELETE FROM analytics_data.orders WHERE tenant_id = 'hand' AND order_id = 'h2';
SELECT is((SELECT sum(new_customers_24h) FROM (VALUES (timestamptz '2025-03-01 11:00'), ('2025-03-05 11:00')) v(at), analytics.get_dashboard_summary(at)), 0::numeric, 'and then not at all');

-- Readers: one whose rows are its tenant's, and one who may see only a part of those.
CREATE ROLE commerce_reader;
GRANT USAGE ON SCHEMA analytics, analytics_data, analytics_store, analytics_internal TO commerce_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA analytics_data, analytics_store, analytics_internal TO commerce_reader;
GRANT SELECT ON moments TO commerce_reader;
GRANT EXECUTE ON FUNCTION analytics.get_dashboard_summary, analytics.get_hourly_trends, analytics.get_active_anomalies TO commerce_reader;
SET ROLE commerce_reader;
SELECT is_empty($$SELECT differences('a')$$, 'for a reader under row security');
RESET ROLE;
CREATE POLICY only_even ON analytics_data.orders AS RESTRICTIVE TO commerce_reader USING (length(order_id) % 2 = 0);
SET ROLE commerce_reader;
SELECT is_empty($$SELECT differences('a')$$, 'for a reader who may see a part');
SELECT is((SELECT count(*) FROM analytics_store.customer_first_orders), 0::bigint, 'who cannot see first orders of the others');
RESET ROLE;
DROP POLICY only_even ON analytics_data.orders;

-- Everything goes, and comes again.
TRUNCATE analytics_data.orders;
SELECT is_empty($$SELECT differences('a')$$, 'after TRUNCATE');
DO $$ BEGIN PERFORM add_orders('n', 1000); END $$;
SELECT is_empty($$SELECT differences('a')$$, 'and with other orders');
DO $$ BEGIN PERFORM refresh(); END $$;
SELECT is(store_differences(), 0::bigint, 'first orders are those of the new ones');
SELECT is_empty($$SELECT differences('a')$$, 'after a refresh');
-- A rollup that is made again, and a store that is.
DO $$ BEGIN PERFORM analytics.drop_rollup('order_stats'), analytics.install(); END $$;
SELECT is_empty($$SELECT differences('a')$$, 'with a rollup that is empty again');
DO $$ BEGIN PERFORM refresh(); END $$;
DROP TABLE analytics_store.customer_first_order_counts;
DO $$ BEGIN PERFORM analytics.install(); END $$;
SELECT is_empty($$SELECT differences('a')$$, 'with a store that is empty again');
DO $$ BEGIN PERFORM refresh(); END $$;
SELECT is(store_differences(), 0::bigint, 'until the refresh');
SELECT * FROM finish();
DROP OWNED BY commerce_reader;
DROP ROLE commerce_reader;
