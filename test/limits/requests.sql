-- pre_request: what each request through PostgREST meets before its function runs.
\ir ../tap/include/start.sql
SELECT no_plan();
DO $$ BEGIN PERFORM analytics.setup_roles(); END $$;
CREATE SCHEMA ask;
GRANT USAGE ON SCHEMA ask TO PUBLIC;

-- The hook as PostgREST calls it. Answers what the rest of the transaction would run as, or how the request was refused.
CREATE FUNCTION ask.pre(path text, role text DEFAULT 'anon', claims jsonb DEFAULT '{}', headers jsonb DEFAULT '{}', method text DEFAULT 'GET',
    OUT status integer, OUT code text, OUT message text, OUT headers_sent jsonb, OUT role_after text, OUT claims_after jsonb)
LANGUAGE plpgsql AS $$
DECLARE
    state text;
    detail text;
BEGIN
    PERFORM set_config('request.method', method, true), set_config('request.path', path, true),
            set_config('request.headers', headers::text, true), set_config('request.jwt.claims', (claims || jsonb_build_object('role', role))::text, true),
            set_config('response.headers', '', true), set_config('role', role, true);
    PERFORM analytics.pre_request();
    status := 200;
    headers_sent := (SELECT jsonb_object_agg(k, v) FROM jsonb_array_elements(coalesce(nullif(current_setting('response.headers'), ''), '[]')::jsonb) h, jsonb_each_text(h) e(k, v));
    role_after := current_user;
    claims_after := current_setting('request.jwt.claims');
    PERFORM set_config('role', 'none', true);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
    IF state = 'PGRST' THEN
        status := (detail::jsonb ->> 'status')::int;
        headers_sent := detail::jsonb -> 'headers';
        code := message::jsonb ->> 'code';
        message := message::jsonb ->> 'message';
    ELSE
        code := state;
    END IF;
END $$;
CREATE FUNCTION ask.from(address text) RETURNS jsonb LANGUAGE sql AS $$ SELECT jsonb_build_object('x-forwarded-for', address) $$;

-- Anonymous callers: ten a minute and address, whatever they ask.
SELECT is((SELECT array_agg((ask.pre(CASE i % 2 WHEN 0 THEN '/rpc/record_order' ELSE '/rpc/get_trends' END, headers => ask.from('203.0.113.1'))).status ORDER BY i) FROM generate_series(1, 12) i),
    array_fill(200, '{10}') || '{429,429}'::int[], 'the eleventh request of an address is refused');
SELECT unnest(ARRAY[is(r.code, 'RATE_LIMIT_EXCEEDED', 'by its code'), is(r.message, 'rate limit exceeded', 'and message'),
    is(r.headers_sent ->> 'Retry-After', '6', 'which says when to try again'),
    is(r.headers_sent ->> 'X-RateLimit-Limit', '10', 'what the limit is'), is(r.headers_sent ->> 'X-RateLimit-Remaining', '0', 'that nothing is left'),
    is(r.headers_sent ->> 'Cache-Control', 'no-store', 'and is not kept')])
FROM ask.pre('/rpc/get_trends', headers => ask.from('203.0.113.1')) r;
SELECT ok((r.headers_sent ->> 'X-RateLimit-Reset')::numeric - extract(epoch FROM clock_timestamp()) BETWEEN 50 AND 61, 'X-RateLimit-Reset is the second at which the bucket is full')
FROM ask.pre('/rpc/get_trends', headers => ask.from('203.0.113.1')) r;
SELECT is((ask.pre('/rpc/get_trends', headers => ask.from('203.0.113.2'))).headers_sent ->> 'X-RateLimit-Remaining', '9', 'another address has its own');
SELECT is((ask.pre('/rpc/get_trends', headers => ask.from('198.51.100.99, 203.0.113.1'))).status, 429, 'what a client writes before its address is not believed');
SELECT is((ask.pre('/rpc/get_trends', headers => ask.from('2001:db8:1:2::1'))).headers_sent ->> 'X-RateLimit-Remaining', '9', 'an IPv6 address');
SELECT is((ask.pre('/rpc/get_trends', headers => ask.from('2001:db8:1:2:9::9'))).headers_sent ->> 'X-RateLimit-Remaining', '8', 'shares its /64');
SET agent_analytics.trusted_proxies = 2;
SELECT is((ask.pre('/rpc/get_trends', headers => ask.from('203.0.113.3, 203.0.113.1'))).headers_sent ->> 'X-RateLimit-Remaining', '9', 'two proxies: the entry before the last');
SET agent_analytics.trusted_proxies = 0;
SELECT is((ask.pre('/rpc/get_trends', headers => ask.from('203.0.113.2'))).headers_sent ->> 'X-RateLimit-Remaining', '9', 'no proxy: nobody''s word is believed');
SELECT is((ask.pre('/rpc/get_trends')).headers_sent ->> 'X-RateLimit-Remaining', '8', 'and all share one bucket');
RESET agent_analytics.trusted_proxies;

-- What an answer carries.
SELECT unnest(ARRAY[is(r.headers_sent ->> 'X-API-Version', '1', 'the version'), is(r.headers_sent ->> 'Cache-Control', 'private, max-age=60', 'how long it may be kept'),
    is(r.headers_sent ->> 'X-RateLimit-Limit', '60', 'a user''s limit'), is(r.headers_sent ->> 'X-RateLimit-Remaining', '59', 'of which one is taken'),
    matches(r.headers_sent ->> 'Server-Timing', '^pre_request;dur=[0-9.]+$', 'how long the hook took'),
    matches(r.headers_sent ->> 'X-Request-Id', '^[0-9a-f-]{36}$', 'an id of the request'), is(r.role_after, 'authenticated', 'the role stays')])
FROM ask.pre('/rpc/get_trends', 'authenticated', '{"sub": "u1", "tenant_id": "t1"}') r;
SELECT is((ask.pre('/rpc/get_dashboard_summary', 'authenticated', '{"sub": "u2"}')).headers_sent ->> 'Cache-Control', 'private, max-age=300, stale-while-revalidate=60', 'stale answers where they may be used');
SELECT is((ask.pre('/rpc/record_order', 'service_role', method => 'POST')).headers_sent ->> 'Cache-Control', 'no-store', 'what writes is not kept');
SELECT is((ask.pre('/rpc/get_trends', 'authenticated', '{"sub": "u2"}', '{"x-request-id": "abc-123"}')).headers_sent ->> 'X-Request-Id', 'abc-123', 'the client''s id is kept');
SELECT matches((ask.pre('/rpc/get_trends', 'authenticated', '{"sub": "u2"}', '{"x-request-id": "a\r\nSet-Cookie: b"}')).headers_sent ->> 'X-Request-Id', '^[0-9a-f-]{36}$', 'one that could do harm is not');

-- Whose bucket.
SELECT is((ask.pre('/rpc/get_trends', 'authenticated', '{"sub": "u1", "tenant_id": "t1"}')).headers_sent ->> 'X-RateLimit-Remaining', '58', 'a user''s own');
SELECT is((ask.pre('/rpc/get_trends', 'authenticated', '{"sub": "u1", "tenant_id": "t2"}')).headers_sent ->> 'X-RateLimit-Remaining', '59', 'the same name in another tenant is another user');
SELECT is((ask.pre('/rpc/create_rollup', 'authenticated', '{"sub": "u1", "tenant_id": "t1"}')).headers_sent ->> 'X-RateLimit-Remaining', '99', 'each class has its own');
SELECT is((ask.pre('/rpc/record_order', 'authenticated', '{"sub": "u1", "tenant_id": "t1"}')).headers_sent ->> 'X-RateLimit-Limit', '6000', 'those who record have more');
SELECT is((ask.pre('/rpc/get_trends', 'service_role')).headers_sent ->> 'X-RateLimit-Limit', '1000', 'the service role');
SELECT is((ask.pre('/rpc/record_order', 'service_role')).headers_sent ->> 'X-RateLimit-Limit', '6000', 'records no less than others');
SELECT is((ask.pre('/order_stats', 'authenticated', '{"sub": "u3"}')).headers_sent ->> 'X-RateLimit-Remaining', '59', 'views count as functions do');
SELECT is((SELECT count(*) FILTER (WHERE (ask.pre('/rpc/get_trends', 'authenticated', '{"sub": "busy"}')).status = 200) FROM generate_series(1, 65)), 60::bigint, 'sixty, not one more');

-- Paths of others.
SELECT unnest(ARRAY[is(r.status, 200, 'another function passes'), is(r.headers_sent, NULL, 'untouched')]) FROM ask.pre('/rpc/somebody_elses', headers => ask.from('203.0.113.1')) r;
SELECT is((ask.pre('/', headers => ask.from('203.0.113.1'))).status, 200, 'the root passes');
SELECT is((ask.pre('/rpc/get_trends', headers => ask.from('203.0.113.1') || '{"accept-profile": "public"}')).headers_sent, NULL, 'another schema''s function of the same name, asked for by its schema');
CREATE FUNCTION public.forecast() RETURNS int LANGUAGE sql AS 'SELECT 1';
SET search_path = public, analytics;
SELECT is((ask.pre('/rpc/forecast', headers => ask.from('203.0.113.1'))).headers_sent, NULL, 'or found first');
SET search_path = analytics, public;
SELECT is((ask.pre('/rpc/forecast', headers => ask.from('203.0.113.1'))).status, 429, 'ours is found first');
RESET search_path;
SELECT is((ask.pre('/rpc/forecast', headers => ask.from('203.0.113.1') || '{"accept-profile": "analytics"}')).status, 429, 'or asked for by its schema');
SELECT is((ask.pre('/rpc/forecast', headers => ask.from('203.0.113.1') || '{"accept-profile": "analytics"}', method => 'POST')).headers_sent, NULL, 'a POST names it otherwise');

-- Headers are added, none is lost.
BEGIN READ ONLY;
SELECT set_config('response.headers', '[{"X-Own": "a"}, {"Set-Cookie": "b"}]', true) \g /dev/null
SELECT set_config('request.method', 'GET', true), set_config('request.path', '/rpc/get_trends', true), set_config('request.headers', '{"x-forwarded-for": "203.0.113.77"}', true) \g /dev/null
SELECT lives_ok('SELECT analytics.pre_request()', 'in a read-only transaction');
SELECT lives_ok($$SELECT analytics_internal.add_response_header('X-More', 'a "b" \ c')$$, 'a function adds its own');
SELECT is((current_setting('response.headers')::jsonb) -> 0, '{"X-Own": "a"}', 'what was set before the hook stays');
SELECT is((current_setting('response.headers')::jsonb) -> -1, '{"X-More": "a \"b\" \\ c"}', 'and what came last is there');
SELECT is_empty($$SELECT h FROM jsonb_array_elements(current_setting('response.headers')::jsonb) h WHERE (SELECT count(*) FROM jsonb_object_keys(h)) <> 1 OR jsonb_typeof(jsonb_path_query_first(h, '$.*')) <> 'string'$$,
    'each is an object of one string, as PostgREST wants them');
ROLLBACK;
SELECT throws_ok($$SELECT analytics_internal.add_response_header('X-A: b', 'c')$$, '22023', NULL, 'a header''s name is a token');
SELECT throws_ok($$SELECT analytics_internal.add_response_header('X-A', E'b\r\nX-C: d')$$, '22023', NULL, 'its value one line');

-- Keys.
SELECT set_config('agent_analytics.tenant', 'shop', false) \g /dev/null
SELECT analytics.create_api_key('reads', tier => 'FREE') ->> 'api_key' AS reader, analytics.create_api_key('records', '{write}') ->> 'api_key' AS writer,
    analytics.create_api_key('both', '{write,read,read}', 'ENTERPRISE') ->> 'api_key' AS editor, analytics.create_api_key('all', '{admin}') AS made \gset
SELECT (:'made')::jsonb ->> 'api_key' AS admin, (:'made')::jsonb ->> 'key_id' AS admin_id \gset
RESET agent_analytics.tenant;
CREATE FUNCTION ask.key(key text) RETURNS jsonb LANGUAGE sql AS $$ SELECT jsonb_build_object('x-api-key', key, 'x-forwarded-for', '203.0.113.50') $$;
SELECT unnest(ARRAY[is(r.status, 200, 'a key is let in'), is(r.role_after, 'analytics_reader', 'as a reader'), is(r.claims_after ->> 'tenant_id', 'shop', 'of its tenant'),
    is(r.claims_after ->> 'role', 'analytics_reader', 'the claims say so'), is(r.claims_after ? 'sub', false, 'as no user in particular'),
    is(r.headers_sent ->> 'X-RateLimit-Limit', '10', 'with the limit of its tier')])
FROM ask.pre('/rpc/get_trends', headers => ask.key(:'reader')) r;
SELECT is((ask.pre('/rpc/get_trends', 'authenticated', '{"sub": "u1", "tenant_id": "t1"}', ask.key(:'reader'))).claims_after ->> 'tenant_id', 'shop', 'who signs in too is whom the key says');
SELECT is((SELECT count(*) FILTER (WHERE (ask.pre('/rpc/get_trends', headers => ask.key(:'reader'))).status = 200) FROM generate_series(1, 12)), 8::bigint, 'ten in all');
SELECT is((ask.pre('/rpc/record_order', headers => ask.key(:'reader'))).headers_sent ->> 'X-RateLimit-Remaining', '9', 'of each class');
SELECT is((ask.pre('/rpc/record_order', headers => ask.key(:'writer'))).role_after, 'analytics_writer', 'the scope write');
SELECT unnest(ARRAY[is(r.role_after, 'analytics_editor', 'read and write'), is(r.headers_sent ->> 'X-RateLimit-Limit', '1000', 'ENTERPRISE')]) FROM ask.pre('/rpc/record_order', headers => ask.key(:'editor')) r;
SELECT is((ask.pre('/rpc/block_ip', headers => ask.key(:'admin'))).role_after, 'analytics_admin', 'the scope admin');
SELECT unnest(ARRAY[is(r.status, 401, 'an unknown key'), is(r.code, 'AUTH_REQUIRED', 'by its code'), is(r.message, 'invalid API key', 'and message')]) FROM ask.pre('/rpc/get_trends', headers => ask.key('aa_0123456789ab_' || repeat('0', 64))) r;
SELECT is_empty($$SELECT bad FROM unnest(ARRAY['x', 'aa_', repeat('a', 80), repeat('a', 100000), 'aa_0123456789ab_' || repeat('g', 64)]) bad
    WHERE (ask.pre('/rpc/get_trends', headers => ask.key(bad))).message <> 'invalid API key'$$, 'what is no key');
SELECT is((ask.pre('/rpc/get_trends', headers => ask.key(left(:'admin', 79) || CASE right(:'admin', 1) WHEN '0' THEN '1' ELSE '0' END))).status, 401, 'the last digit counts');
SELECT is((ask.pre('/rpc/somebody_elses', headers => ask.key('x'))).status, 200, 'keys are our functions'' only');
SELECT throws_ok(format('SELECT analytics.revoke_api_key(%L)', :'admin_id'), 'PT404', 'unknown API key', 'another tenant cannot revoke it');
SET agent_analytics.tenant = 'shop';
SELECT lives_ok(format('SELECT analytics.revoke_api_key(%L)', :'admin_id'), 'its own can');
SELECT lives_ok(format('SELECT analytics.revoke_api_key(%L)', :'admin_id'), 'twice');
SELECT is((ask.pre('/rpc/get_trends', headers => ask.key(:'admin'))).message, 'revoked API key', 'a revoked key');
UPDATE analytics_data.api_keys SET expires_at = now() WHERE name = 'both';
SELECT is((ask.pre('/rpc/get_trends', headers => ask.key(:'editor'))).message, 'expired API key', 'an expired key');
SELECT is((SELECT array_agg(name ORDER BY name) FROM analytics.list_api_keys()), '{all,both,reads,records}', 'list_api_keys shows all of them');
SELECT results_eq($$SELECT scopes, revoked_at IS NOT NULL, prefix ~ '^aa_[0-9a-f]{12}$' FROM analytics.list_api_keys() ORDER BY name$$,
    $$VALUES ('{admin}'::text[], true, true), ('{read,write}', false, true), ('{read}', false, true), ('{write}', false, true)$$, 'with what they may');
SELECT is_empty(format('SELECT FROM analytics_data.api_keys k WHERE k::text LIKE %L', '%' || substr(:'reader', 17) || '%'), 'the key itself is nowhere');
RESET agent_analytics.tenant;
SELECT is_empty('SELECT FROM analytics.list_api_keys()', 'another tenant sees none');
SELECT throws_ok($$SELECT analytics.create_api_key('x', '{read,own}')$$, '22023', NULL, 'a scope that is none');
SELECT throws_ok($$SELECT analytics.create_api_key('x', '{}')$$, '22023', NULL, 'no scope');
SELECT throws_ok($$SELECT analytics.create_api_key('x', ARRAY[NULL]::text[])$$, '22023', NULL, 'NULL for a scope');
SELECT throws_ok($$SELECT analytics.create_api_key('')$$, '22023', NULL, 'no name');
SELECT throws_ok($$SELECT analytics.create_api_key('x', tier => 'GOLD')$$, '22023', NULL, 'a tier that is none');
SELECT throws_ok($$SELECT analytics.create_api_key('x', expires_at => now() - interval '1 s')$$, '22023', NULL, 'an end that is past');
SELECT throws_ok($$SELECT analytics.create_api_key('x', expires_at => 'infinity')$$, '22023', NULL, 'no end is said by NULL');
-- Readers and writers have no way to the table: who writes there makes itself any key.
SELECT is_empty($$SELECT r FROM unnest('{anon,authenticated,analytics_reader,analytics_writer,analytics_editor}'::text[]) r
    WHERE has_table_privilege(r, 'analytics_data.api_keys', 'SELECT, INSERT, UPDATE, DELETE') OR has_table_privilege(r, 'analytics_data.blocked_ips', 'SELECT, INSERT, UPDATE, DELETE')$$, 'keys and blocks are for admins');

-- Blocked addresses.
SELECT is(analytics.block_ip('203.0.113.66', 'scraper') - 'expires_at', '{"ip_address": "203.0.113.66", "blocked": true}', 'block_ip');
SELECT unnest(ARRAY[is(r.status, 403, 'is refused'), is(r.code, 'FORBIDDEN', 'by its code'), is(r.message, 'address blocked', 'and message')]) FROM ask.pre('/rpc/get_trends', headers => ask.from('203.0.113.66')) r;
SELECT is((ask.pre('/rpc/somebody_elses', headers => ask.from('203.0.113.66'))).status, 403, 'on every path');
SELECT is((ask.pre('/rpc/get_trends', 'authenticated', '{"sub": "u1", "tenant_id": "t9"}', ask.from('203.0.113.66'))).status, 403, 'blocked for no tenant is blocked for all');
SELECT is((ask.pre('/rpc/get_trends', headers => ask.from('::ffff:203.0.113.66'))).status, 403, 'however it is written');
SELECT is(analytics.unblock_ip('203.0.113.66') ->> 'blocked', 'false', 'unblock_ip');
SELECT isnt((ask.pre('/rpc/get_trends', headers => ask.from('203.0.113.66'))).status, 403, 'lets it in again');
SELECT lives_ok($$SELECT analytics.block_ip('2001:db8:66::/48', duration => '1 hour'), analytics.block_ip('203.0.113.67', duration => '1 microsecond')$$, 'networks, and for a time');
SELECT is((ask.pre('/', headers => ask.from('2001:db8:66:1::9'))).status, 403, 'an address of the network');
SELECT is((ask.pre('/', headers => ask.from('203.0.113.67'))).status, 200, 'the time is over');
SELECT is(analytics.unblock_ip('2001:db8:66:1::9') ->> 'blocked', 'true', 'a part of a network is not let in');
SELECT results_eq('SELECT ip_address, reason, automatic FROM analytics.list_blocked_ips()', $$VALUES ('2001:db8:66::/48'::inet, NULL::text, false)$$, 'list_blocked_ips shows what is blocked now');
SET ROLE analytics_admin;
SET agent_analytics.tenant = 'shop';
SELECT lives_ok($$SELECT analytics.block_ip('203.0.113.68')$$, 'a tenant''s admin');
RESET agent_analytics.tenant;
RESET ROLE;
SELECT is((ask.pre('/', 'authenticated', '{"sub": "u1", "tenant_id": "shop"}', ask.from('203.0.113.68'))).status, 403, 'blocks for its tenant');
SELECT is((ask.pre('/rpc/get_trends', headers => ask.key(:'writer') || ask.from('203.0.113.68'))).status, 403, 'its keys included');
SELECT is((ask.pre('/', 'authenticated', '{"sub": "u1", "tenant_id": "t1"}', ask.from('203.0.113.68'))).status, 200, 'not for others');
SET agent_analytics.tenant = 'shop';
SELECT is(analytics.is_ip_blocked('203.0.113.68'), true, 'is_ip_blocked says so');
SELECT is(analytics.clear_blocked_ips(), '{"cleared": 1}', 'and clears its own');
RESET agent_analytics.tenant;
SELECT is(analytics.clear_blocked_ips(), '{"cleared": 2}', 'clear_blocked_ips');
SELECT throws_ok($$SELECT analytics.block_ip('0.0.0.0/0')$$, '22023', NULL, 'nobody blocks everybody');
SELECT throws_ok($$SELECT analytics.block_ip('203.0.113.1', duration => '-1 h')$$, '22023', NULL, 'a time has a length');
SELECT throws_ok($$SELECT analytics.list_blocked_ips(1001)$$, '22023', NULL, 'a page has a size');

-- Outside PostgREST: plain errors.
BEGIN;
SELECT set_config('request.path', '/rpc/get_trends', true), set_config('request.headers', '{"x-forwarded-for": "203.0.113.1"}', true), set_config('role', 'anon', true) \g /dev/null
SELECT throws_ok('SELECT analytics.pre_request()', 'PT429', 'rate limit exceeded', 'PT429');
ROLLBACK;
SELECT lives_ok('SELECT analytics.pre_request()', 'without a request there is nothing to do');

-- From the hook to the answer.
\ir ../tap/include/request.sql
SET client_min_messages = error;
SET agent_analytics.tenant = 'shop';
SELECT analytics.record_order('o1', 19.90, 'ann', '2026-03-02 09:30Z') \g /dev/null
RESET agent_analytics.tenant;
\set method GET
\set role anon
\set claims {}
\set headers '{"x-forwarded-for": "203.0.113.90"}'
\set function get_hourly_trends
\set args '{"hours_back": 1, "as_of": "2026-03-02T10:07:00Z"}'
\ir ../tap/include/send.sql
SELECT is(:status, 401, 'anon reads nothing');
SELECT set_config('agent_analytics.tenant', 'shop', false), jsonb_build_object('x-api-key', analytics.create_api_key('asks') ->> 'api_key')::text AS headers \gset
RESET agent_analytics.tenant;
\ir ../tap/include/send.sql
SELECT is(:status, 200, 'with a key it does');
SELECT is((:'body')::jsonb -> 0 ->> 'total_orders', '1', 'the key''s tenant');
\set function record_order
\set method POST
\set args '{"order_id": "o2", "total_amount": 1}'
\ir ../tap/include/send.sql
SELECT is(:status, 401, 'a key that reads does not record');
\set headers '{"x-api-key": "nonsense"}'
\ir ../tap/include/send.sql
SELECT is(:status, 401, 'nonsense is refused');
SELECT * FROM finish();
