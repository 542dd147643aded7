-- Commerce: recording orders and sessions, one by one and in batches. An order and a session have a life: recording the
-- same id again updates the row; what is not given (NULL) keeps what is stored.

CREATE OR REPLACE FUNCTION analytics_internal.order_problem(order_id text, total_amount numeric, customer_id text,
    created_at timestamptz, status text, currency text, fulfilled_at timestamptz)
RETURNS text[] LANGUAGE sql STABLE PARALLEL SAFE
    RETURN coalesce(
        analytics_internal.text_problem('order_id', order_id, 200, true),
        CASE WHEN total_amount IS NULL THEN ARRAY['total_amount', 'given', 'NULL']
             WHEN NOT (total_amount > -1000000000000000 AND total_amount < 1000000000000000)
                 THEN ARRAY['total_amount', 'a number between -10^15 and 10^15', left(total_amount::text, 100)] END,
        analytics_internal.text_problem('customer_id', customer_id, 200, false),
        analytics_internal.instant_problem('created_at', created_at),
        analytics_internal.choice_problem('status', status, '{pending,fulfilled,cancelled,refunded}'),
        CASE WHEN currency !~ '^[A-Z]{3}$' THEN ARRAY['currency', 'an ISO 4217 code such as USD', format('"%s"', left(currency, 100))] END,
        analytics_internal.instant_problem('fulfilled_at', fulfilled_at));
COMMENT ON FUNCTION analytics_internal.order_problem(text, numeric, text, timestamptz, text, text, timestamptz) IS
'What is wrong with an order''s arguments; NULL if nothing.';

CREATE OR REPLACE FUNCTION analytics.record_order(order_id text, total_amount numeric, customer_id text DEFAULT NULL,
    created_at timestamptz DEFAULT NULL, status text DEFAULT 'pending', currency text DEFAULT 'USD', fulfilled_at timestamptz DEFAULT NULL)
RETURNS text LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    given_status text := coalesce(record_order.status, 'pending');
    given_currency text := coalesce(record_order.currency, 'USD');
    problem text[] := analytics_internal.order_problem(record_order.order_id, record_order.total_amount, record_order.customer_id,
        record_order.created_at, given_status, given_currency, record_order.fulfilled_at);
BEGIN
    IF problem IS NOT NULL THEN
        PERFORM analytics_internal.refuse(problem);
    END IF;
    INSERT INTO analytics_data.orders AS o (tenant_id, order_id, total_amount, customer_id, created_at, status, currency, fulfilled_at)
    VALUES (analytics.current_tenant(), record_order.order_id, record_order.total_amount, record_order.customer_id,
            coalesce(record_order.created_at, now()), given_status, given_currency, record_order.fulfilled_at)
    ON CONFLICT (tenant_id, order_id) DO UPDATE
    SET (total_amount, customer_id, created_at, status, currency, fulfilled_at) =
        (excluded.total_amount, coalesce(excluded.customer_id, o.customer_id), coalesce(record_order.created_at, o.created_at),
         excluded.status, excluded.currency, coalesce(excluded.fulfilled_at, o.fulfilled_at))
    WHERE (o.total_amount, o.customer_id, o.created_at, o.status, o.currency, o.fulfilled_at) IS DISTINCT FROM
        (excluded.total_amount, coalesce(excluded.customer_id, o.customer_id), coalesce(record_order.created_at, o.created_at),
         excluded.status, excluded.currency, coalesce(excluded.fulfilled_at, o.fulfilled_at));
    RETURN record_order.order_id;
END $$;
COMMENT ON FUNCTION analytics.record_order(text, numeric, text, timestamptz, text, text, timestamptz) IS
'Records an order, or what has become of it.
order_id: the shop''s id, 1 to 200 characters. total_amount: exact, between -10^15 and 10^15; negative for a correction. customer_id: at most 200 characters, NULL for a guest. created_at: when it was placed, by default now. status: pending, fulfilled, cancelled or refunded. currency: ISO 4217, the tenant''s reporting currency; the tenant''s first order sets it where tenant_settings has none. fulfilled_at: when it was fulfilled, if known.
The same order_id again updates the order: total_amount, status and currency are taken from the call, customer_id, created_at and fulfilled_at where given. The same content again changes nothing.
Result: order_id.
Errors: 22023 for an argument out of range, and for a currency other than the tenant''s.';

CREATE OR REPLACE FUNCTION analytics_internal.record_order_batch(items jsonb)
RETURNS TABLE (index integer, id text, outcome text, message text)
LANGUAGE sql VOLATILE PARALLEL UNSAFE ROWS 1000 SET search_path = pg_catalog, pg_temp AS $$
    WITH item AS MATERIALIZED (
        SELECT i.index, i.message, i.order_id, i.total_amount, i.customer_id, i.created_at,
               coalesce(i.status, 'pending') AS status, coalesce(i.currency, 'USD') AS currency, i.fulfilled_at
        FROM analytics_internal.read_items(items, '{order_id,total_amount}') AS i(index integer, message text, order_id text,
            total_amount numeric, customer_id text, created_at timestamptz, status text, currency text, fulfilled_at timestamptz)
    ), checked AS MATERIALIZED (
        SELECT i.*, coalesce(i.message, analytics_internal.problem_text(analytics_internal.order_problem(i.order_id,
                   i.total_amount, i.customer_id, i.created_at, i.status, i.currency, i.fulfilled_at))) AS problem
        FROM item i
    ), reporting AS MATERIALIZED (
        SELECT analytics_internal.claim_currency(
            (SELECT c.currency FROM checked c WHERE c.problem IS NULL ORDER BY c.index LIMIT 1)) AS currency
    ), judged AS MATERIALIZED (  -- a bad item belongs to no order
        SELECT c.*, coalesce(c.problem, CASE WHEN c.currency <> r.currency THEN
                   format('currency must be %s, the tenant''s reporting currency, but is %s', r.currency, c.currency) END) AS verdict
        FROM checked c CROSS JOIN reporting r
    ), history AS (  -- each order's life: the stored row, then the items in their order
        SELECT -1 AS index, o.order_id, o.order_id AS id, o.total_amount, o.customer_id, o.created_at, o.status, o.currency,
               o.fulfilled_at, NULL AS verdict
        FROM (SELECT DISTINCT j.order_id FROM judged j WHERE j.verdict IS NULL) k
        JOIN analytics_data.orders o ON o.tenant_id = (SELECT analytics.current_tenant()) AND o.order_id = k.order_id
        UNION ALL
        SELECT j.index, CASE WHEN j.verdict IS NULL THEN j.order_id END, j.order_id, j.total_amount, j.customer_id, j.created_at,
               j.status, j.currency, j.fulfilled_at, j.verdict
        FROM judged j
    ), given AS (  -- counts that grow where a value is given: all rows from there on share it
        SELECT h.*, count(h.customer_id) OVER w AS customers, count(h.created_at) OVER w AS creations,
               count(h.fulfilled_at) OVER w AS fulfilments
        FROM history h WINDOW w AS (PARTITION BY h.order_id ORDER BY h.index)
    ), state AS (
        SELECT g.index, g.order_id, g.id, g.verdict, g.total_amount, g.status, g.currency,
               first_value(g.customer_id) OVER (PARTITION BY g.order_id, g.customers ORDER BY g.index) AS customer_id,
               first_value(g.created_at) OVER (PARTITION BY g.order_id, g.creations ORDER BY g.index) AS created_at,
               first_value(g.fulfilled_at) OVER (PARTITION BY g.order_id, g.fulfilments ORDER BY g.index) AS fulfilled_at
        FROM given g
    ), step AS (
        SELECT s.*, s.index >= 0 AND (lag(s.index) OVER w IS NULL
                    OR (s.total_amount, s.status, s.currency, s.customer_id, s.created_at, s.fulfilled_at) IS DISTINCT FROM
                       (lag(s.total_amount) OVER w, lag(s.status) OVER w, lag(s.currency) OVER w, lag(s.customer_id) OVER w,
                        lag(s.created_at) OVER w, lag(s.fulfilled_at) OVER w)) AS is_change,
               lead(s.index) OVER w IS NULL AS is_last
        FROM state s WINDOW w AS (PARTITION BY s.order_id ORDER BY s.index)
    ), life AS MATERIALIZED (
        SELECT s.*, bool_or(s.is_change) OVER (PARTITION BY s.order_id) AS has_change FROM step s
    ), written AS (  -- in the order of the ids, so that two batches wait for each other, but never in a circle
        INSERT INTO analytics_data.orders AS o (tenant_id, order_id, total_amount, customer_id, created_at, status, currency, fulfilled_at)
        SELECT analytics.current_tenant(), l.order_id, l.total_amount, l.customer_id, coalesce(l.created_at, now()), l.status,
               l.currency, l.fulfilled_at
        FROM life l WHERE l.verdict IS NULL AND l.is_last AND l.has_change
        ORDER BY l.order_id
        ON CONFLICT (tenant_id, order_id) DO UPDATE
        SET (total_amount, customer_id, created_at, status, currency, fulfilled_at) =
            (excluded.total_amount, coalesce(excluded.customer_id, o.customer_id), excluded.created_at, excluded.status,
             excluded.currency, coalesce(excluded.fulfilled_at, o.fulfilled_at))
    )
    SELECT l.index, l.id,
           CASE WHEN l.verdict IS NOT NULL THEN 'rejected' WHEN l.is_change THEN 'accepted' ELSE 'duplicate' END, l.verdict
    FROM life l WHERE l.index >= 0
    ORDER BY l.index
$$;
COMMENT ON FUNCTION analytics_internal.record_order_batch(jsonb) IS
'Records orders in one statement, for record_batch.
items: a JSON array of objects whose keys are the arguments of record_order. One row an item: accepted, duplicate or rejected, and why.';

CREATE OR REPLACE FUNCTION analytics_internal.session_problem(session_id text, customer_id text, started_at timestamptz)
RETURNS text[] LANGUAGE sql STABLE PARALLEL SAFE
    RETURN coalesce(analytics_internal.text_problem('session_id', session_id, 200, true),
                    analytics_internal.text_problem('customer_id', customer_id, 200, false),
                    analytics_internal.instant_problem('started_at', started_at));
COMMENT ON FUNCTION analytics_internal.session_problem(text, text, timestamptz) IS
'What is wrong with a session''s arguments; NULL if nothing.';

CREATE OR REPLACE FUNCTION analytics.record_session(session_id text, customer_id text DEFAULT NULL, started_at timestamptz DEFAULT NULL)
RETURNS text LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    problem text[] := analytics_internal.session_problem(record_session.session_id, record_session.customer_id,
                                                         record_session.started_at);
BEGIN
    IF problem IS NOT NULL THEN
        PERFORM analytics_internal.refuse(problem);
    END IF;
    INSERT INTO analytics_data.shop_sessions AS s (tenant_id, session_id, customer_id, started_at)
    VALUES (analytics.current_tenant(), record_session.session_id, record_session.customer_id, coalesce(record_session.started_at, now()))
    ON CONFLICT (tenant_id, session_id) DO UPDATE
    SET (customer_id, started_at) =
        (coalesce(excluded.customer_id, s.customer_id), coalesce(record_session.started_at, s.started_at))
    WHERE (s.customer_id, s.started_at) IS DISTINCT FROM
        (coalesce(excluded.customer_id, s.customer_id), coalesce(record_session.started_at, s.started_at));
    RETURN record_session.session_id;
END $$;
COMMENT ON FUNCTION analytics.record_session(text, text, timestamptz) IS
'Records a visit to the shop, or who it was.
session_id: the shop''s id, 1 to 200 characters. customer_id: at most 200 characters, NULL while unknown. started_at: by default now.
The same session_id again updates the session with what is given: a customer may sign in later. The same content again changes nothing.
Result: session_id.
Errors: 22023 for an argument out of range.';

CREATE OR REPLACE FUNCTION analytics_internal.record_session_batch(items jsonb)
RETURNS TABLE (index integer, id text, outcome text, message text)
LANGUAGE sql VOLATILE PARALLEL UNSAFE ROWS 1000 SET search_path = pg_catalog, pg_temp AS $$
    WITH item AS MATERIALIZED (
        SELECT * FROM analytics_internal.read_items(items, '{session_id}')
            AS i(index integer, message text, session_id text, customer_id text, started_at timestamptz)
    ), checked AS MATERIALIZED (
        SELECT i.*, coalesce(i.message, analytics_internal.problem_text(
            analytics_internal.session_problem(i.session_id, i.customer_id, i.started_at))) AS problem
        FROM item i
    ), history AS (  -- as in record_order_batch
        SELECT -1 AS index, s.session_id, s.session_id AS id, s.customer_id, s.started_at, NULL AS problem
        FROM (SELECT DISTINCT c.session_id FROM checked c WHERE c.problem IS NULL) k
        JOIN analytics_data.shop_sessions s ON s.tenant_id = (SELECT analytics.current_tenant()) AND s.session_id = k.session_id
        UNION ALL
        SELECT c.index, CASE WHEN c.problem IS NULL THEN c.session_id END, c.session_id, c.customer_id, c.started_at, c.problem
        FROM checked c
    ), given AS (
        SELECT h.*, count(h.customer_id) OVER w AS customers, count(h.started_at) OVER w AS starts
        FROM history h WINDOW w AS (PARTITION BY h.session_id ORDER BY h.index)
    ), state AS (
        SELECT g.index, g.session_id, g.id, g.problem,
               first_value(g.customer_id) OVER (PARTITION BY g.session_id, g.customers ORDER BY g.index) AS customer_id,
               first_value(g.started_at) OVER (PARTITION BY g.session_id, g.starts ORDER BY g.index) AS started_at
        FROM given g
    ), step AS (
        SELECT s.*, s.index >= 0 AND (lag(s.index) OVER w IS NULL
                    OR (s.customer_id, s.started_at) IS DISTINCT FROM (lag(s.customer_id) OVER w, lag(s.started_at) OVER w)) AS is_change,
               lead(s.index) OVER w IS NULL AS is_last
        FROM state s WINDOW w AS (PARTITION BY s.session_id ORDER BY s.index)
    ), life AS MATERIALIZED (
        SELECT s.*, bool_or(s.is_change) OVER (PARTITION BY s.session_id) AS has_change FROM step s
    ), written AS (
        INSERT INTO analytics_data.shop_sessions AS o (tenant_id, session_id, customer_id, started_at)
        SELECT analytics.current_tenant(), l.session_id, l.customer_id, coalesce(l.started_at, now())
        FROM life l WHERE l.problem IS NULL AND l.is_last AND l.has_change
        ORDER BY l.session_id
        ON CONFLICT (tenant_id, session_id) DO UPDATE
        SET (customer_id, started_at) = (coalesce(excluded.customer_id, o.customer_id), excluded.started_at)
    )
    SELECT l.index, l.id,
           CASE WHEN l.problem IS NOT NULL THEN 'rejected' WHEN l.is_change THEN 'accepted' ELSE 'duplicate' END, l.problem
    FROM life l WHERE l.index >= 0
    ORDER BY l.index
$$;
COMMENT ON FUNCTION analytics_internal.record_session_batch(jsonb) IS
'Records sessions in one statement, for record_batch.
items: a JSON array of objects whose keys are the arguments of record_session. One row an item: accepted, duplicate or rejected, and why.';
