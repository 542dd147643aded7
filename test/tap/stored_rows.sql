-- What a session remembers of the stores (stored_rows.hpp) is never told to whom it is not for, and never told when it has changed.
\ir include/start.sql
SELECT no_plan();
DO $$ BEGIN PERFORM analytics.setup_roles(); END $$;
INSERT INTO analytics_data.orders (tenant_id, order_id, customer_id, created_at, total_amount, status, fulfilled_at)
SELECT t.tenant, 'o' || i, 'c' || i % 400, timestamptz '2026-01-05Z' + i * t.step, 1 + i % 7, (ARRAY['pending', 'fulfilled', 'cancelled'])[1 + i % 3],
       CASE WHEN i % 3 = 1 THEN timestamptz '2026-01-05Z' + i * t.step * 1.01 END
FROM (VALUES ('north', 4000, interval '97 seconds'), ('south', 3000, interval '131 seconds')) t(tenant, many, step), generate_series(1, many) i;
INSERT INTO analytics_data.shop_sessions (tenant_id, session_id, customer_id, started_at)
SELECT t.tenant, 's' || i, 'c' || i % 700, timestamptz '2026-01-05Z' + i * interval '70 seconds'
FROM (VALUES ('north', 5000), ('south', 4000)) t(tenant, many), generate_series(1, many) i;
SELECT count(*) AS nothing FROM analytics.refresh_rollups() \gset
\set moment '2026-01-08 03:04:05.678901Z'

-- Asked as the caller, who sees its own rows only; and what plain SQL counts, asked as the owner.
CREATE FUNCTION public.asked() RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', (SELECT sum(value) FROM analytics.get_metric_series('orders', '1h', '60h', as_of => '2026-01-08 03:04:05.678901Z')),
        orders_last_24h, revenue_last_24h, orders_prev_24h, new_customers_24h, active_customers_24h, returning_customers_24h)
    FROM analytics.get_dashboard_summary('2026-01-08 03:04:05.678901Z') $$;
CREATE FUNCTION public.plain(tenant text) RETURNS text LANGUAGE sql SECURITY DEFINER AS $$
    WITH o AS (SELECT * FROM analytics_data.orders WHERE tenant_id = tenant AND status <> 'cancelled' AND created_at <= '2026-01-08 03:04:05.678901Z'),
    day AS (SELECT * FROM o WHERE created_at > timestamptz '2026-01-08 03:04:05.678901Z' - interval '24 hours'),
    s AS (SELECT DISTINCT customer_id FROM analytics_data.shop_sessions WHERE tenant_id = tenant
          AND started_at > timestamptz '2026-01-08 03:04:05.678901Z' - interval '24 hours' AND started_at <= '2026-01-08 03:04:05.678901Z'),
    fresh AS (SELECT count(*) AS n FROM (SELECT min(created_at) AS at FROM o GROUP BY customer_id) f
              WHERE at > timestamptz '2026-01-08 03:04:05.678901Z' - interval '24 hours')
    SELECT concat_ws(' ', (SELECT count(*)::numeric FROM o WHERE created_at >= '2026-01-05 16:00Z'),
        (SELECT count(*) FROM day), (SELECT sum(total_amount) FROM day),
        (SELECT count(*) FROM o WHERE created_at > timestamptz '2026-01-08 03:04:05.678901Z' - interval '48 hours') - (SELECT count(*) FROM day),
        n, (SELECT count(*) FROM (SELECT customer_id FROM day UNION SELECT customer_id FROM s) u), (SELECT count(DISTINCT customer_id) FROM day) - n)
    FROM fresh $$;
GRANT EXECUTE ON FUNCTION public.asked(), public.plain(text) TO PUBLIC;

SET agent_analytics.tenant = 'north';
SELECT is(public.asked(), public.plain('north'), 'asked for the first time');
SELECT is(public.asked(), public.plain('north'), 'and again');
SELECT isnt(public.plain('north'), public.plain('south'), 'two tenants differ');
SET agent_analytics.tenant = 'south';
SELECT is(public.asked(), public.plain('south'), 'another tenant');
SET ROLE authenticated;
SELECT is(public.asked(), public.plain('south'), 'another role');
SET agent_analytics.tenant = 'north';
SELECT is(public.asked(), public.plain('north'), 'of another tenant');
SET request.jwt.claims = '{"tenant_id": "south"}';
SELECT is(public.asked(), public.plain('south'), 'whose token decides');
SET request.jwt.claims = '{"tenant_id": "nobody"}';
SELECT is(public.asked(), '0 0 0 0 0 0 0', 'a tenant without rows');
RESET request.jwt.claims;
RESET ROLE;

-- That something is remembered: a store changed behind everybody's back is noticed with the next refresh.
SELECT public.asked() AS before \gset
UPDATE analytics_store.order_stats_hour SET orders = orders + 1 WHERE tenant_id = 'north';
SELECT is(public.asked(), :'before', 'what was read is not read again');
SELECT count(*) AS nothing FROM analytics.refresh_rollups('order_stats') \gset
SELECT isnt(public.asked(), :'before', 'after a refresh it is');
UPDATE analytics_store.order_stats_hour SET orders = orders - 1 WHERE tenant_id = 'north';
SELECT count(*) AS nothing FROM analytics.refresh_rollups('order_stats') \gset
SELECT is(public.asked(), public.plain('north'), 'and right again');

-- Writes, refreshes, and both undone.
UPDATE analytics_data.orders SET status = 'cancelled' WHERE tenant_id = 'north' AND order_id ~ '7$';
SELECT is(public.asked(), public.plain('north'), 'rows changed since the refresh');
SELECT count(*) AS nothing FROM analytics.refresh_rollups() \gset
SELECT is(public.asked(), public.plain('north'), 'refreshed');
BEGIN;
DELETE FROM analytics_data.orders WHERE tenant_id = 'north' AND order_id ~ '5$';
SELECT is(public.asked(), public.plain('north'), 'rows deleted in this transaction');
SAVEPOINT here;
SELECT count(*) AS nothing FROM analytics.refresh_rollups() \gset
SELECT is(public.asked(), public.plain('north'), 'refreshed in it');
ROLLBACK TO here;
SELECT is(public.asked(), public.plain('north'), 'the refresh undone');
SELECT count(*) AS nothing FROM analytics.refresh_rollups() \gset
SELECT is(public.asked(), public.plain('north'), 'done again');
ROLLBACK;
SELECT is(public.asked(), public.plain('north'), 'all of it undone');
SELECT analytics.invalidate_rollup('order_stats', '-infinity', 'infinity') > 0 AS nothing \gset
SELECT is(public.asked(), public.plain('north'), 'everything read from the source');
SELECT count(*) AS nothing FROM analytics.refresh_rollups() \gset
SELECT is(public.asked(), public.plain('north'), 'and summarised again');

-- Hours with so many customers that their sets lie out of line: remembered as references, and their unions by them.
INSERT INTO analytics_data.orders (tenant_id, order_id, customer_id, created_at, total_amount)
SELECT 'dense', 'd' || i, 'c' || i * 7919 % 6000, timestamptz '2026-01-06 01:00Z' + i * interval '9 seconds', 1 FROM generate_series(1, 20000) i;
INSERT INTO analytics_data.shop_sessions (tenant_id, session_id, customer_id, started_at)
SELECT 'dense', 'd' || i, 'c' || i * 104729 % 9000, timestamptz '2026-01-06 01:00Z' + i * interval '9 seconds' FROM generate_series(1, 20000) i;
SELECT count(*) AS nothing FROM analytics.refresh_rollups() \gset
SELECT cmp_ok((SELECT min(length(customers::text)) FROM analytics_store.order_stats_hour WHERE tenant_id = 'dense' AND bucket >= '2026-01-07Z' AND bucket < '2026-01-08Z'),
    '>', 8000, 'sets of a size that is stored out of line');
SET agent_analytics.tenant = 'dense';
SELECT is(public.asked(), public.plain('dense'), 'large sets');
SELECT is(public.asked(), public.plain('dense'), 'again');
INSERT INTO analytics_data.orders (tenant_id, order_id, customer_id, created_at, total_amount)
SELECT 'dense', 'late' || i, 'late' || i, timestamptz '2026-01-07 12:00Z' + i * interval '1 second', 1 FROM generate_series(1, 300) i;
SELECT is(public.asked(), public.plain('dense'), 'with late rows');
SELECT count(*) AS nothing FROM analytics.refresh_rollups() \gset
SELECT is(public.asked(), public.plain('dense'), 'summarised: the hour has another set');
VACUUM FULL analytics_store.order_stats_hour;
SELECT is(public.asked(), public.plain('dense'), 'the store is rewritten, what was referred to is gone');
SET agent_analytics.tenant = 'north';

-- Rights and policies that change within the session.
SET ROLE authenticated;
SELECT is(public.asked(), public.plain('north'), 'remembered for a role');
RESET ROLE;
REVOKE SELECT ON analytics_store.order_stats_hour FROM analytics_reader;
SET ROLE authenticated;
SELECT throws_ok('SELECT public.asked()', '42501', NULL, 'which loses its right');
RESET ROLE;
GRANT SELECT ON analytics_store.order_stats_hour TO analytics_reader;
SET ROLE authenticated;
SELECT is(public.asked(), public.plain('north'), 'and has it back');
RESET ROLE;
CREATE POLICY none ON analytics_store.order_stats_hour AS RESTRICTIVE USING (false);
SET ROLE authenticated;
SELECT isnt(public.asked(), public.plain('north'), 'a policy of somebody''s own on a store is obeyed');
RESET ROLE;
DROP POLICY none ON analytics_store.order_stats_hour;
CREATE POLICY asks ON analytics_store.order_stats_hour AS RESTRICTIVE USING (current_setting('test.everything', true) = 'yes');
SET ROLE authenticated;
SET test.everything = 'yes';
SELECT is(public.asked(), public.plain('north'), 'one that asks for a setting');
SET test.everything = 'no';
SELECT isnt(public.asked(), public.plain('north'), 'which changes');
RESET ROLE;
DROP POLICY asks ON analytics_store.order_stats_hour;
CREATE POLICY few ON analytics_data.orders AS RESTRICTIVE USING (order_id !~ '1$');
SET ROLE authenticated;
SELECT is(split_part(public.asked(), ' ', 2)::bigint, (SELECT count(*) FROM analytics_data.orders WHERE status <> 'cancelled'
    AND created_at > timestamptz :'moment' - interval '24 hours' AND created_at <= :'moment'), 'and one on the source');
RESET ROLE;
DROP POLICY few ON analytics_data.orders;
CREATE ROLE passing NOLOGIN;
GRANT authenticated TO passing;
SET ROLE passing;
SELECT is(public.asked(), public.plain('north'), 'a member of the group');
RESET ROLE;
REVOKE authenticated FROM passing;
SET ROLE passing;
SELECT throws_ok('SELECT public.asked()', '42501', NULL, 'is one no more');
RESET ROLE;
SELECT * FROM finish();
