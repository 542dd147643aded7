-- The functions as PostgREST calls them: read-only transactions, roles and claims, JSON, errors as HTTP.
\ir include/start.sql
SELECT no_plan();
DO $$ BEGIN PERFORM analytics.setup_roles(); END $$;
\ir include/request.sql
SET client_min_messages = error;
SELECT set_config('agent_analytics.tenant', 'shop', false) \g /dev/null
SELECT analytics.record_order('o1', 19.90, 'ann', '2026-03-02 09:30Z'), analytics.record_order('o2', 5, 'bob', '2026-03-02 09:50Z') \g /dev/null
RESET agent_analytics.tenant;

\set method POST
\set role authenticated
\set claims '{"sub": "u1", "tenant_id": "shop"}'
\set headers '{}'
\set function get_hourly_trends
\set args '{"hours_back": 2, "as_of": "2026-03-02T10:07:00Z"}'
\ir include/send.sql
SELECT is(:status, 200, 'a read by POST');
SELECT is((:'body')::jsonb @> '[{"hour_start": "2026-03-02T09:00:00+00:00", "total_orders": 2}]', true, 'rows are a JSON array of objects');
SELECT is(jsonb_array_length(:'body'), 2, 'one a bucket');
\set method GET
\ir include/send.sql
SELECT is(:status, 200, 'the same by GET');
\set claims '{"sub": "u1", "tenant_id": "other"}'
\ir include/send.sql
SELECT is((:'body')::jsonb @> '[{"hour_start": "2026-03-02T09:00:00+00:00", "total_orders": 0}]', true, 'another tenant''s claim sees nothing of it');
\set claims '{"sub": "u1", "tenant_id": "shop"}'
\set function get_dashboard_summary
\set args '{"as_of": "2026-03-02T10:07:00Z"}'
\ir include/send.sql
SELECT is((:'body')::jsonb ->> 'orders_last_hour', '2', 'a composite is one object');
\set args '{"as_of": "soon"}'
\ir include/send.sql
SELECT is(:status, 400, 'a bad instant');
\set args '{"at": "2026-03-02T10:07:00Z"}'
\ir include/send.sql
SELECT is(:status, 404, 'an argument that the function does not have');
\set function get_hourly_trends
\set args '{"hours_back": 0}'
\ir include/send.sql
SELECT is(:status, 400, 'a bad argument');
SELECT is(:'sqlstate'::text, '22023', 'is 22023');
SELECT matches(:'message'::text, '^hours_back must be ', 'and named');
\set function get_budget_status
\set args '{"budget_id": "nobody''s"}'
\ir include/send.sql
SELECT is(:status, 404, 'an unknown id');
SELECT matches(:'message'::text, '^[ -~]+$', 'in plain ASCII, because it becomes the reason phrase');

-- Who may.
\set role anon
\set claims '{}'
\set function get_dashboard_summary
\set args '{}'
\ir include/send.sql
SELECT is(:status, 401, 'anon reads nothing');
\set role authenticated
\set claims '{"sub": "u1", "tenant_id": "shop"}'
\set method POST
\set function record_order
\set args '{"order_id": "o3", "total_amount": 7}'
\ir include/send.sql
SELECT is(:status, 403, 'a reader records nothing');
\set role service_role
\ir include/send.sql
SELECT is(:status, 200, 'the service does');
SELECT is(:'body'::text, '"o3"', 'a scalar is a bare JSON value');
SELECT is((SELECT total_amount FROM analytics_data.orders WHERE tenant_id = 'shop' AND order_id = 'o3'), 7::numeric, 'and it is kept');
\set method GET
\set args '{"order_id": "o4", "total_amount": 7}'
\ir include/send.sql
SELECT is(:status, 405, 'a GET writes nothing');
SELECT is_empty($$SELECT FROM analytics_data.orders WHERE order_id = 'o4'$$, 'nothing at all');
\set method POST
\set function record_batch
\set args '{"kind": "order", "items": [{"order_id": "o5", "total_amount": 1}, {"order_id": "o6"}]}'
\ir include/send.sql
SELECT is((:'body')::jsonb - 'errors', '{"accepted": 1, "duplicates": 0, "rejected": 1}', 'a batch');
\set function record_llm_call
\set args '{"call_id": "c1", "model": "gpt-4o", "input_tokens": 10}'
\ir include/send.sql
\set args '{"call_id": "c1", "model": "gpt-4o", "input_tokens": 11}'
\ir include/send.sql
SELECT is(:status, 409, 'the same id with other content');
\set function set_budget
\set args '{"budget_id": "b", "amount_usd": -1}'
\ir include/send.sql
SELECT is(:status, 400, 'an amount below zero');

-- Each function that a reader may call without arguments answers a GET, that is in a read-only transaction, with JSON.
CREATE FUNCTION pgrst.broken() RETURNS TABLE (function text, error text) LANGUAGE plpgsql AS $$
BEGIN
    FOR function IN SELECT p.proname FROM pg_proc p JOIN analytics_internal.endpoints() e ON e.name = p.proname
             WHERE p.pronamespace = 'analytics'::regnamespace AND p.prokind = 'f' AND e.access IN ('reader', 'public') AND p.proname <> 'pre_request'
               AND p.pronargs = p.pronargdefaults LOOP
        BEGIN
            EXECUTE pgrst.statement(function, '{}') INTO error;
            error := CASE WHEN error IS NULL OR error::jsonb IS NULL THEN 'nothing' END;
        EXCEPTION WHEN OTHERS THEN
            error := SQLSTATE || ' ' || SQLERRM;
        END;
        IF error IS NOT NULL THEN
            RETURN NEXT;
        END IF;
    END LOOP;
END $$;
BEGIN READ ONLY;
SELECT set_config('role', 'authenticated', true), set_config('request.jwt.claims', '{"role": "authenticated", "sub": "u1", "tenant_id": "shop"}', true) \g /dev/null
SELECT coalesce(string_agg(function || ': ' || error, E'\n'), '') AS broken FROM pgrst.broken() \gset
COMMIT;
SELECT is(:'broken'::text, '', 'each read without required arguments answers a GET');
SELECT * FROM finish();
