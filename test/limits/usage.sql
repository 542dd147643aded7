-- The log of requests: every one counts, at once and once.
\ir ../tap/include/start.sql
SELECT no_plan();
DO $$ BEGIN PERFORM analytics.setup_roles(); END $$;
\ir ../tap/include/request.sql
SET client_min_messages = error;
SET agent_analytics.tenant = 'shop';
SELECT jsonb_build_object('x-api-key', analytics.create_api_key('asks') ->> 'api_key', 'x-forwarded-for', '203.0.113.5')::text AS with_key \gset
RESET agent_analytics.tenant;

\set role authenticated
\set method GET
\set claims '{"sub": "u1", "tenant_id": "shop"}'
\set headers '{"x-forwarded-for": "203.0.113.4", "x-request-id": "same"}'
\set function get_hourly_trends
\set args '{"hours_back": 1}'
\ir ../tap/include/send.sql
SELECT is(:status, 200, 'a request');
\ir ../tap/include/send.sql
\set args '{"hours_back": 0}'
\ir ../tap/include/send.sql
SELECT is(:status, 400, 'one that fails');
\set claims '{"sub": "u2", "tenant_id": "shop"}'
\set function record_order
\set args '{"order_id": "o1", "total_amount": 1}'
\set method POST
\ir ../tap/include/send.sql
SELECT is(:status, 403, 'one that may not');
\set role anon
\set claims '{}'
\set headers :with_key
\set function get_hourly_trends
\set args '{"hours_back": 1}'
\ir ../tap/include/send.sql
SELECT is(:status, 200, 'one with a key');
\set headers '{"x-api-key": "nonsense"}'
\ir ../tap/include/send.sql
SELECT is(:status, 401, 'one with a key that is none');
SET agent_analytics.limit_dashboard = 1;
\set role authenticated
\set headers '{}'
\set claims '{"sub": "u9", "tenant_id": "shop"}'
\ir ../tap/include/send.sql
\ir ../tap/include/send.sql
SELECT is(:status, 429, 'one too many');
RESET agent_analytics.limit_dashboard;

SET agent_analytics.tenant = 'shop';
PREPARE usage AS SELECT endpoint, requests, error_count, rate_limited, users, auth_failures FROM analytics.get_api_usage();
PREPARE expected AS VALUES ('/rpc/get_hourly_trends', 6::bigint, 2::bigint, 1::bigint, 3::bigint, 0::bigint), ('/rpc/record_order', 1, 1, 0, 1, 1);
SELECT results_eq('usage', 'expected', 'each is counted before anybody wrote it down');
SELECT is((SELECT count(*) FROM analytics_data.api_requests), 0::bigint, 'nobody did');
SELECT ok(p50_ms > 0 AND p50_ms <= p95_ms AND p95_ms <= p99_ms, 'with times') FROM analytics.get_api_usage() WHERE requests = 6;
SELECT ok(last_used_at > now() - interval '1 minute', 'a key''s use is known at once') FROM analytics.list_api_keys();
SELECT is((SELECT last_used_at FROM analytics_data.api_keys), NULL, 'before it is written');

-- Written, and not: the same.
BEGIN;
SELECT is(analytics_internal.flush_requests(), 8::bigint, 'all are written');
SELECT results_eq('usage', 'expected', 'and counted once by who wrote them');
SELECT is(analytics_internal.flush_requests(), 0::bigint, 'not twice');
ROLLBACK;
SELECT results_eq('usage', 'expected', 'counted where that failed');
BEGIN;
SAVEPOINT s;
SELECT is(analytics_internal.flush_requests(), 8::bigint, 'written again');
ROLLBACK TO s;
COMMIT;
SELECT results_eq('usage', 'expected', 'also where only a part of the transaction failed');
CREATE EXTENSION dblink;
SELECT dblink_connect('old', format('host=%s port=%s user=%s dbname=%s', split_part(current_setting('unix_socket_directories'), ',', 1), current_setting('port'), current_user, current_database())) \g /dev/null
SELECT dblink_exec('old', 'BEGIN ISOLATION LEVEL REPEATABLE READ; SET agent_analytics.tenant = ''shop''; DO $$ BEGIN PERFORM 1; END $$') \g /dev/null
SELECT is(analytics_internal.flush_requests(), 8::bigint, 'written for good');
SELECT results_eq('usage', 'expected', 'counted where they stand now');
SELECT results_eq($$SELECT endpoint::text, requests::bigint FROM dblink('old', 'SELECT endpoint, requests FROM analytics.get_api_usage()') r(endpoint text, requests bigint)$$,
    $$VALUES ('/rpc/get_hourly_trends', 6::bigint), ('/rpc/record_order', 1)$$, 'and by a snapshot that is older than the rows');
SELECT dblink_disconnect('old') \g /dev/null
SELECT isnt((SELECT last_used_at FROM analytics_data.api_keys), NULL, 'the key''s use is written too');
SELECT results_eq($$SELECT method, endpoint, status_code, user_id ~ '^key:[0-9a-f]{12}$', user_id, client_ip, error_code FROM analytics_data.api_requests WHERE tenant_id = 'shop' AND NOT user_id LIKE 'key:%' ORDER BY created_at$$,
    $$VALUES ('GET', '/rpc/get_hourly_trends', 200, false, 'u1', inet '203.0.113.4', NULL), ('GET', '/rpc/get_hourly_trends', 200, false, 'u1', '203.0.113.4', NULL),
             ('GET', '/rpc/get_hourly_trends', 400, false, 'u1', '203.0.113.4', '22023'), ('POST', '/rpc/record_order', 403, false, 'u2', '203.0.113.4', '42501'),
             ('POST', '/rpc/get_hourly_trends', 200, false, 'u9', NULL, NULL), ('POST', '/rpc/get_hourly_trends', 429, false, 'u9', NULL, 'PGRST')$$, 'what is written');
SELECT is((SELECT count(*) FROM analytics_data.api_requests WHERE request_id = 'same'), 1::bigint, 'a client''s id names one request');
SELECT is((SELECT count(*) FROM analytics_data.api_requests WHERE request_id LIKE 'same:%'), 3::bigint, 'that came again under it');
RESET agent_analytics.tenant;
SELECT results_eq('usage', $$VALUES ('/rpc/get_hourly_trends', 1::bigint, 1::bigint, 0::bigint, 0::bigint, 1::bigint)$$, 'a key that is none is nobody''s: the tenant of those who do not say');
SET agent_analytics.tenant = 'other';
SELECT is_empty('usage', 'another tenant sees nothing');

-- What the log keeps and does not.
SET agent_analytics.tenant = 'shop';
SELECT is_empty(format('SELECT FROM analytics_data.api_requests r WHERE r::text LIKE %L', '%' || substr((:'with_key')::jsonb ->> 'x-api-key', 17) || '%'), 'no key is in it');
SELECT throws_ok('SELECT * FROM analytics.get_api_usage(0)', '22023', NULL, 'a window has a length');
SELECT is_empty($$SELECT * FROM analytics.get_api_usage(24, now() - interval '1 day')$$, 'a window in the past');
SET ROLE analytics_admin;
SELECT is((SELECT sum(requests) FROM analytics.get_api_usage()), 7::numeric, 'an admin sees its tenant''s');
SELECT throws_ok('SELECT analytics_internal.take_requests()', '42501', NULL, 'but takes nothing out of the memory');
SELECT throws_ok('SELECT analytics_internal.flush_requests()', '42501', NULL, 'nor writes it');
RESET ROLE;
SET ROLE authenticated;
SELECT throws_ok('SELECT * FROM analytics.get_api_usage()', '42501', NULL, 'others do not');
SELECT throws_ok('SELECT FROM analytics_data.api_requests', '42501', NULL, 'nor the table');
SELECT throws_ok('SELECT FROM analytics.request_stats', '42501', NULL, 'nor its sums');
RESET ROLE;
RESET agent_analytics.tenant;

-- A function that returns nothing answers 204, and that is what is noted; an error is noted as one all the same.
SET agent_analytics.tenant = 'empty';
SELECT jsonb_build_object('key_id', analytics.create_api_key('short') ->> 'key_id')::text AS revoked \gset
RESET agent_analytics.tenant;
\set role service_role
\set claims '{"sub": "u1", "tenant_id": "empty"}'
\set function revoke_api_key
\set args :revoked
\ir ../tap/include/send.sql
SELECT is(:status, 204, 'nothing to say');
\set args '{"key_id": "000000000000"}'
\ir ../tap/include/send.sql
SELECT is(:status, 404, 'or an error');
SET log_min_messages = panic;
\ir ../tap/include/send.sql
RESET log_min_messages;
DO $$ BEGIN PERFORM analytics_internal.flush_requests(); END $$;
SELECT results_eq($$SELECT status_code, error_code FROM analytics_data.api_requests WHERE tenant_id = 'empty' ORDER BY created_at$$,
    $$VALUES (204, NULL), (404, 'PT404'), (500, NULL)$$, 'are noted as such, and an error that is not logged as a fault');

-- The ring goes round: what nobody wrote in time is lost, and said to be.
SET agent_analytics.limit_service = 0;
CREATE PROCEDURE pgrst.many(n integer) LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1..n LOOP
        PERFORM set_config('request.method', 'GET', true), set_config('request.path', '/rpc/list_metrics', true), set_config('request.headers', '{}', true);
        PERFORM analytics.pre_request();
        COMMIT;
    END LOOP;
END $$;
CALL pgrst.many(16384);  -- over what other databases noted
SELECT set_config('test.lost', requests_lost::text, false), set_config('test.noted', requests_noted::text, false) FROM analytics_internal.shared_memory_status() \g /dev/null
CALL pgrst.many(100);
SELECT is(requests_noted - current_setting('test.noted')::bigint, 100::bigint, 'all are noted') FROM analytics_internal.shared_memory_status();
SELECT is(requests_waiting, 16384::bigint, 'the memory holds the last ones') FROM analytics_internal.shared_memory_status();
SELECT is(requests_lost - current_setting('test.lost')::bigint, 100::bigint, 'the others are counted as lost') FROM analytics_internal.shared_memory_status();
SELECT is((SELECT requests FROM analytics.get_api_usage() WHERE endpoint = '/rpc/list_metrics'), 16384::bigint, 'and not shown');
SELECT is(analytics_internal.flush_requests(), 16384::bigint, 'the rest is written');
SELECT is((SELECT requests FROM analytics.get_api_usage() WHERE endpoint = '/rpc/list_metrics'), 16384::bigint, 'as it was shown');
SELECT * FROM finish();
