-- Commerce: a batch is what its items are one by one; two first orders in different currencies; the session's memory of
-- a currency is never stale.
\ir include/start.sql
CREATE EXTENSION dblink;
SELECT plan(20);

-- 600 items over 40 orders, drawn from a fixed sequence; a value in four is not given.
CREATE FUNCTION draw(seed text, i integer, n integer) RETURNS integer LANGUAGE sql IMMUTABLE AS
$$ SELECT ('x' || substr(md5(seed || i), 1, 7))::bit(28)::integer % n $$;
CREATE TABLE items AS
SELECT i, jsonb_strip_nulls(jsonb_build_object(
    'order_id', 'o' || draw('id', i, 40),
    'total_amount', (draw('amount', i, 6) = 0)::integer,
    'customer_id', CASE WHEN draw('no customer', i, 4) > 0 THEN 'c' || draw('customer', i, 2) END,
    'created_at', CASE WHEN draw('no time', i, 4) > 0 THEN timestamptz '2025-01-01 00:00+00' + draw('time', i, 2) * interval '1 day' END,
    'status', CASE WHEN draw('status', i, 5) = 0 THEN 'fulfilled' END,
    'fulfilled_at', CASE WHEN draw('fulfilled', i, 4) = 0 THEN timestamptz '2025-01-03 00:00+00' END)) AS item
FROM generate_series(1, 600) i;
CREATE TABLE outcomes (i integer, tenant text, changed boolean);
BEGIN;  -- one transaction, one now()
SET agent_analytics.tenant = 'single';
DO $$
DECLARE
    r record;
    before text;
BEGIN
    FOR r IN SELECT * FROM items ORDER BY i LOOP
        SELECT o::text INTO before FROM analytics_data.orders o WHERE tenant_id = 'single' AND order_id = r.item->>'order_id';
        PERFORM analytics.record_order(j.order_id, j.total_amount, j.customer_id, j.created_at, j.status, 'USD', j.fulfilled_at)
        FROM jsonb_to_record(r.item) AS j(order_id text, total_amount numeric, customer_id text, created_at timestamptz, status text, fulfilled_at timestamptz);
        INSERT INTO outcomes SELECT r.i, 'single', o::text IS DISTINCT FROM before
        FROM analytics_data.orders o WHERE tenant_id = 'single' AND order_id = r.item->>'order_id';
    END LOOP;
END $$;
-- The same in batches of 150: ids come again within a batch and in a later one.
SET agent_analytics.tenant = 'batch';
DO $$
BEGIN
    FOR b IN 0 .. 3 LOOP
        INSERT INTO outcomes SELECT b * 150 + r.index + 1, 'batch', r.outcome = 'accepted'
        FROM analytics_internal.record_order_batch((SELECT jsonb_agg(item ORDER BY i) FROM items WHERE i > b * 150 AND i <= (b + 1) * 150)) r;
    END LOOP;
END $$;
COMMIT;
SELECT bag_eq(
    $$SELECT order_id, customer_id, created_at, total_amount, currency, status, fulfilled_at FROM analytics_data.orders WHERE tenant_id = 'batch'$$,
    $$SELECT order_id, customer_id, created_at, total_amount, currency, status, fulfilled_at FROM analytics_data.orders WHERE tenant_id = 'single'$$,
    'a batch leaves the rows that its items leave one by one');
SELECT bag_eq($$SELECT i, changed FROM outcomes WHERE tenant = 'batch'$$, $$SELECT i, changed FROM outcomes WHERE tenant = 'single'$$,
    'an item is accepted when it changes something, and a duplicate when not');
SELECT ok((SELECT count(*) FILTER (WHERE changed) > 100 AND count(*) FILTER (WHERE NOT changed) > 50 FROM outcomes WHERE tenant = 'single'),
    'both happen often');

-- SQLSTATEs
SET agent_analytics.tenant = 'single';
SELECT throws_ok($$SELECT analytics.record_order('x', 1, status => 'lost')$$, '22023', NULL, 'an argument out of range is 22023');
SELECT throws_ok($$SELECT analytics.record_order('x', 1, currency => 'EUR')$$, '22023', NULL, 'another currency is 22023');
SELECT throws_ok($$INSERT INTO analytics_data.orders (order_id, total_amount, currency) VALUES ('x', 1, 'EUR')$$, '22023', NULL, 'also for a plain INSERT');
SELECT throws_ok($$SELECT analytics.record_batch('no', '[]')$$, '22023', NULL, 'an unknown kind is 22023');
SELECT throws_ok($$SELECT analytics.record_batch('order', '{}')$$, '22023', NULL, 'items that are no array are 22023');
SELECT throws_ok($$UPDATE analytics_data.tenant_settings SET currency = 'EUR' WHERE tenant_id = 'single'$$, 'PT409', NULL, 'a currency that leaves orders behind is PT409');

-- Two first orders at once, in different currencies: the second waits, and is refused when the first commits.
CREATE FUNCTION connect(name text) RETURNS text LANGUAGE sql AS $$
    SELECT public.dblink_connect(name, format('host=%s port=%s user=%s dbname=%s',
        split_part(current_setting('unix_socket_directories'), ',', 1), current_setting('port'), current_user, current_database()))
$$;
CREATE FUNCTION order_in(currency text, id text, tenant text) RETURNS text LANGUAGE sql AS $$
    SELECT format('INSERT INTO analytics_data.orders (tenant_id, order_id, total_amount, currency) VALUES (%L, %L, 1, %L)', tenant, id, currency)
$$;
-- The message of what a connection was sent, or OK.
CREATE FUNCTION answer(name text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    status text;
BEGIN
    SELECT s INTO status FROM public.dblink_get_result(name, false) AS r(s text);
    PERFORM * FROM public.dblink_get_result(name, false) AS r(s text);
    RETURN CASE WHEN public.dblink_error_message(name) = 'OK' THEN 'OK' ELSE split_part(public.dblink_error_message(name), E'\n', 1) END;
END $$;
CREATE FUNCTION waits(name text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1 .. 1000 LOOP
        IF EXISTS (SELECT FROM pg_stat_activity WHERE application_name = name AND wait_event_type = 'Lock') THEN
            RETURN true;
        END IF;
        PERFORM pg_sleep(0.01), pg_stat_clear_snapshot();
    END LOOP;
    RETURN false;
END $$;
DO $$ BEGIN PERFORM connect('a'), connect('b'); END $$;
DO $$ BEGIN PERFORM public.dblink_exec('a', 'SET application_name = a'), public.dblink_exec('b', 'SET application_name = b'); END $$;
DO $$ BEGIN PERFORM public.dblink_exec('a', 'BEGIN'), public.dblink_exec('a', order_in('EUR', '1', 'race')), public.dblink_send_query('b', order_in('USD', '2', 'race')); END $$;
SELECT ok(waits('b'), 'the second first order waits for the first');
DO $$ BEGIN PERFORM public.dblink_exec('a', 'COMMIT'); END $$;
SELECT matches(answer('b'), 'currency must be EUR', 'and is refused once that has committed');
SELECT results_eq($$SELECT currency FROM analytics_data.orders WHERE tenant_id = 'race'$$, $$VALUES ('EUR')$$, 'one currency is stored');
-- The first rolls back: the second sets the currency.
DO $$ BEGIN PERFORM public.dblink_exec('a', 'BEGIN'), public.dblink_exec('a', order_in('EUR', '1', 'race-2')), public.dblink_send_query('b', order_in('USD', '2', 'race-2')); END $$;
SELECT ok(waits('b'), 'again it waits');
DO $$ BEGIN PERFORM public.dblink_exec('a', 'ROLLBACK'); END $$;
SELECT is(answer('b'), 'OK', 'and is taken once the first has rolled back');
SELECT is(dblink_exec('a', order_in('EUR', '3', 'race-2'), false), 'ERROR', 'the session that rolled back has forgotten its currency');

-- Both sessions know the currency. A change waits for who has written an order by the old one, and then all know it.
DO $$ BEGIN PERFORM public.dblink_exec('b', 'BEGIN'), public.dblink_exec('b', order_in('EUR', '4', 'race')),
    public.dblink_exec('a', 'BEGIN'), public.dblink_send_query('a', 'UPDATE analytics_data.tenant_settings SET currency = NULL WHERE tenant_id = ''race'''); END $$;
SELECT ok(waits('a'), 'a change of currency waits for the writers of orders');
DO $$ BEGIN PERFORM public.dblink_exec('b', 'COMMIT'); END $$;
SELECT is(answer('a'), 'OK', 'and goes on when they are done');
DO $$ BEGIN PERFORM public.dblink_exec('a', 'UPDATE analytics_data.orders SET currency = ''USD'' WHERE tenant_id = ''race'''),
    public.dblink_send_query('b', order_in('EUR', '5', 'race')); END $$;
SELECT ok(waits('b'), 'a writer waits for the change');
DO $$ BEGIN PERFORM public.dblink_exec('a', 'COMMIT'); END $$;
SELECT matches(answer('b'), 'currency must be USD', 'and does not go by what it remembers');
SELECT results_eq($$SELECT DISTINCT currency FROM analytics_data.orders WHERE tenant_id = 'race'$$, $$VALUES ('USD')$$, 'one currency is stored still');
SELECT * FROM finish();
