-- Commerce: orders and shop sessions.
CREATE OR REPLACE FUNCTION analytics_internal.install_commerce() RETURNS SETOF text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    made boolean := false;
    done text;
BEGIN
    -- The range of total_amount keeps NaN and the infinities out too: PostgreSQL sorts NaN above all numbers.
    RETURN QUERY SELECT analytics_internal.ensure_table('analytics_data.orders', $table$
        order_id text NOT NULL CONSTRAINT order_id_length CHECK (length(order_id) BETWEEN 1 AND 200),
        customer_id text CONSTRAINT customer_id_length CHECK (length(customer_id) BETWEEN 1 AND 200),
        created_at timestamptz NOT NULL DEFAULT now() CONSTRAINT created_at_is_finite CHECK (isfinite(created_at)),
        total_amount numeric NOT NULL
            CONSTRAINT total_amount_range CHECK (total_amount > -1000000000000000 AND total_amount < 1000000000000000),
        currency text NOT NULL DEFAULT 'USD' CONSTRAINT currency_is_iso_4217 CHECK (currency ~ '^[A-Z]{3}$'),
        status text NOT NULL DEFAULT 'pending'
            CONSTRAINT status_is_known CHECK (status IN ('pending', 'fulfilled', 'cancelled', 'refunded')),
        fulfilled_at timestamptz CONSTRAINT fulfilled_at_is_finite CHECK (isfinite(fulfilled_at)),
        PRIMARY KEY (tenant_id, order_id)$table$,
        'Orders: one row an order, updated over its life.');
    RETURN QUERY SELECT analytics_internal.ensure_comments('analytics_data.orders', jsonb_build_object(
        'order_id', 'The shop''s id of the order, 1 to 200 characters.',
        'customer_id', 'Who ordered; NULL for a guest, who is counted as no customer.',
        'created_at', 'When the order was placed.',
        'total_amount', 'Amount in `currency`, exact; negative for a correction or a return.',
        'currency', 'ISO 4217 code, the same for all orders of a tenant (tenant_settings.currency).',
        'status', 'pending, fulfilled, cancelled (counts nowhere) or refunded (an order, but no revenue).',
        'fulfilled_at', 'When it was fulfilled: until then a replay of the past shows the order as pending. NULL: no instant is known, and a fulfilled order shows as such from the start.'));
    RETURN QUERY SELECT analytics_internal.ensure_index('analytics_data', 'orders_tenant_created_at',
        'ON analytics_data.orders (tenant_id, created_at)');
    RETURN QUERY SELECT analytics_internal.ensure_index('analytics_data', 'orders_created_at',
        'ON analytics_data.orders (created_at)');
    -- A customer's first order is one probe.
    RETURN QUERY SELECT analytics_internal.ensure_index('analytics_data', 'orders_customer_created_at',
        'ON analytics_data.orders (tenant_id, customer_id, created_at) WHERE customer_id IS NOT NULL AND status <> ''cancelled''');

    RETURN QUERY SELECT analytics_internal.ensure_table('analytics_data.shop_sessions', $table$
        session_id text NOT NULL CONSTRAINT session_id_length CHECK (length(session_id) BETWEEN 1 AND 200),
        customer_id text CONSTRAINT customer_id_length CHECK (length(customer_id) BETWEEN 1 AND 200),
        started_at timestamptz NOT NULL DEFAULT now() CONSTRAINT started_at_is_finite CHECK (isfinite(started_at)),
        PRIMARY KEY (tenant_id, session_id)$table$,
        'Visits to the shop.');
    RETURN QUERY SELECT analytics_internal.ensure_comments('analytics_data.shop_sessions', jsonb_build_object(
        'session_id', 'The shop''s id of the session, 1 to 200 characters.',
        'customer_id', 'Who visited; NULL while unknown.',
        'started_at', 'When the session began.'));
    RETURN QUERY SELECT analytics_internal.ensure_index('analytics_data', 'shop_sessions_tenant_started_at',
        'ON analytics_data.shop_sessions (tenant_id, started_at)');
    RETURN QUERY SELECT analytics_internal.ensure_index('analytics_data', 'shop_sessions_started_at',
        'ON analytics_data.shop_sessions (started_at)');

    -- The condition is evaluated for each row where it is written and costs no more than a CHECK; the trigger itself
    -- is queued only for what does not fit. On a logical subscriber it does not fire: the publisher has checked.
    RETURN QUERY SELECT analytics_internal.ensure_trigger('analytics_data.orders', 'one_currency', $trigger$
        CREATE TRIGGER one_currency AFTER INSERT OR UPDATE ON analytics_data.orders FOR EACH ROW
        WHEN (NOT analytics_internal.is_tenant_currency(NEW.tenant_id, NEW.currency))
        EXECUTE FUNCTION analytics_internal.check_order_currency()$trigger$);
    RETURN QUERY SELECT analytics_internal.ensure_trigger('analytics_data.tenant_settings', 'one_currency', $trigger$
        CREATE TRIGGER one_currency AFTER INSERT OR UPDATE OF currency OR DELETE ON analytics_data.tenant_settings
        FOR EACH ROW EXECUTE FUNCTION analytics_internal.check_tenant_currency();
        ALTER TABLE analytics_data.tenant_settings ENABLE ALWAYS TRIGGER one_currency$trigger$);

    -- First orders by customer: what the refresh of order_stats keeps in step with it (first_orders.cpp).
    IF to_regclass('analytics_store.customer_first_orders') IS NULL THEN
        CREATE TABLE analytics_store.customer_first_orders (
            tenant_id text NOT NULL,
            customer_id text NOT NULL,
            first_order_at timestamptz NOT NULL,
            PRIMARY KEY (tenant_id, customer_id));
        CREATE INDEX customer_first_orders_tenant ON analytics_store.customer_first_orders (tenant_id, first_order_at);
        CREATE INDEX customer_first_orders_at ON analytics_store.customer_first_orders (first_order_at);
        COMMENT ON TABLE analytics_store.customer_first_orders IS 'Each customer''s first order that was not cancelled, of the orders that rollup order_stats has summarised; written by its refresh only.';
        COMMENT ON COLUMN analytics_store.customer_first_orders.tenant_id IS 'Whose customer.';
        COMMENT ON COLUMN analytics_store.customer_first_orders.customer_id IS 'The customer.';
        COMMENT ON COLUMN analytics_store.customer_first_orders.first_order_at IS 'When it was placed.';
        RETURN NEXT 'table analytics_store.customer_first_orders';
        made := true;
    END IF;
    IF to_regclass('analytics_store.customer_first_order_counts') IS NULL THEN
        CREATE TABLE analytics_store.customer_first_order_counts (
            tenant_id text NOT NULL,
            hour timestamptz NOT NULL,
            new_customers bigint NOT NULL,
            PRIMARY KEY (tenant_id, hour));
        COMMENT ON TABLE analytics_store.customer_first_order_counts IS 'How many rows of customer_first_orders fall into each hour.';
        COMMENT ON COLUMN analytics_store.customer_first_order_counts.tenant_id IS 'Whose customers.';
        COMMENT ON COLUMN analytics_store.customer_first_order_counts.hour IS 'Start of the hour, UTC.';
        COMMENT ON COLUMN analytics_store.customer_first_order_counts.new_customers IS 'Customers whose first order lies in it; hours without any have no row.';
        RETURN NEXT 'table analytics_store.customer_first_order_counts';
        made := true;
    END IF;
    -- Customers who both ordered and had a session in an hour: kept by the refresh of either rollup (overlaps.cpp).
    IF to_regclass('analytics_store.customer_overlaps') IS NULL THEN
        CREATE TABLE analytics_store.customer_overlaps (
            tenant_id text NOT NULL,
            hour timestamptz NOT NULL,
            customers bigint NOT NULL,
            PRIMARY KEY (tenant_id, hour));
        CREATE INDEX customer_overlaps_hour ON analytics_store.customer_overlaps (hour);
        COMMENT ON TABLE analytics_store.customer_overlaps IS 'How many customers both ordered and had a session in an hour, of the hours that order_stats and session_stats have summarised; written by their refreshes only.';
        COMMENT ON COLUMN analytics_store.customer_overlaps.tenant_id IS 'Whose customers.';
        COMMENT ON COLUMN analytics_store.customer_overlaps.hour IS 'Start of the hour, UTC.';
        COMMENT ON COLUMN analytics_store.customer_overlaps.customers IS 'Customers who did both in it; hours without any have no row.';
        RETURN NEXT 'table analytics_store.customer_overlaps';
        made := true;
    END IF;
    -- A rollup that was summarised without them must be summarised again.
    IF made AND EXISTS (SELECT FROM analytics_store.rollups WHERE name = 'order_stats') THEN
        PERFORM analytics.invalidate_rollup('order_stats', '-infinity', 'infinity');
    END IF;
    -- Windows to the microsecond read what is left of four buckets, and the running one, row by row: short ones are worth
    -- more rows in the stores.
    FOR done IN SELECT analytics_internal.ensure_rollup('order_stats', 'analytics_data.orders', 'created_at', '{
            "orders": "count(*) FILTER (WHERE status <> ''cancelled'')",
            "revenue": "sum(total_amount) FILTER (WHERE status IN (''pending'', ''fulfilled''))",
            "fulfilled": "count(*) FILTER (WHERE status = ''fulfilled'')",
            "pending": "count(*) FILTER (WHERE status = ''pending'')",
            "last_fulfilled_at": "max(fulfilled_at) FILTER (WHERE status = ''fulfilled'')",
            "customers": "distinct(customer_id) FILTER (WHERE status <> ''cancelled'')"}', bucket => '5 minutes') LOOP
        IF done = 'rollup order_stats' THEN  -- which is empty, and so must these be
            TRUNCATE analytics_store.customer_first_orders, analytics_store.customer_first_order_counts;
        END IF;
        RETURN NEXT done;
    END LOOP;
    RETURN QUERY SELECT analytics_internal.ensure_rollup('session_stats', 'analytics_data.shop_sessions', 'started_at', '{
            "sessions": "count(*)",
            "customers": "distinct(customer_id)"}', bucket => '5 minutes');
    -- Who may not see all orders or sessions of the tenant may not see what is counted of them either.
    RETURN QUERY SELECT analytics_internal.ensure_policy(t.name, 'tenant_id = (SELECT analytics.current_tenant())' ||
            (SELECT string_agg(format(' AND (SELECT analytics_internal.may_read_stores(%s))', r.source_id), '' ORDER BY r.source_id)
             FROM analytics_store.rollups r WHERE r.name = ANY (t.rollups)))
        FROM (VALUES ('analytics_store.customer_first_orders', '{order_stats}'::text[]),
                     ('analytics_store.customer_first_order_counts', '{order_stats}'),
                     ('analytics_store.customer_overlaps', '{order_stats,session_stats}')) t(name, rollups);

    RETURN QUERY SELECT analytics_internal.ensure_metric(m.name, m.rollup, m.expression, m.unit, m.direction, m.description)
        FROM (VALUES
            ('orders', 'order_stats', 'orders', 'orders', 'up', 'Orders, without cancelled ones.'),
            ('revenue', 'order_stats', 'revenue', 'currency', 'up', 'Amounts of the orders that are neither cancelled nor refunded, in the tenant''s currency.'),
            ('avg_order_value', 'order_stats', 'revenue / nullif(orders, 0)', 'currency', 'up', 'Revenue an order.'),
            ('fulfillment_rate', 'order_stats', '100 * fulfilled / nullif(orders, 0)', 'percent', 'up', 'Fulfilled orders in percent of all, as they stand now.'),
            ('pending_orders', 'order_stats', 'pending', 'orders', 'down', 'Orders that wait to be fulfilled, by when they were placed.'),
            ('customers', 'order_stats', 'customers', 'customers', 'up', 'Distinct customers who ordered.'),
            ('sessions', 'session_stats', 'sessions', 'sessions', 'up', 'Visits to the shop.'),
            ('visitors', 'session_stats', 'customers', 'customers', 'up', 'Distinct customers who visited the shop.')
        ) m(name, rollup, expression, unit, direction, description);
END $$;
COMMENT ON FUNCTION analytics_internal.install_commerce() IS
'Makes or completes the tables, rollups and metrics of commerce; a line for each thing done.';
