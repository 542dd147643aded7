-- check_rate_limit on a server with shared memory.
\ir ../tap/include/start.sql
SELECT plan(19);

CREATE FUNCTION pg_temp.take(key text, class text, cost integer DEFAULT 1) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', CASE WHEN allowed THEN 'yes' ELSE 'no' END, limit_per_window, remaining, retry_after_seconds)
    FROM analytics.check_rate_limit(key, class, cost)
$$;

SELECT is(pg_temp.take('a', 'export'), 'yes 10 9 0', 'a token is taken');
SELECT is(pg_temp.take('a', 'export', 8), 'yes 10 1 0', 'several at once');
SELECT is(pg_temp.take('a', 'export', 2), 'no 10 1 360', 'not more than there are, and then none: the next comes in 6 minutes');
SELECT is(pg_temp.take('a', 'export'), 'yes 10 0 0', 'the tenth');
SELECT is(pg_temp.take('a', 'export'), 'no 10 0 360', 'no eleventh');
SELECT cmp_ok((SELECT reset_at - clock_timestamp() FROM analytics.check_rate_limit('a', 'export')), '<=', interval '1 hour', 'it is full again after an hour');
SELECT cmp_ok((SELECT reset_at - clock_timestamp() FROM analytics.check_rate_limit('a', 'export')), '>', interval '59 minutes', 'and not before');
SELECT is(pg_temp.take('a', 'dashboard'), 'yes 60 59 0', 'another class has a bucket of its own');
SELECT is(pg_temp.take('b', 'export'), 'yes 10 9 0', 'and another key');
SET agent_analytics.tenant = 'other';
SELECT is(pg_temp.take('a', 'export'), 'yes 10 9 0', 'and the same key of another tenant');
RESET agent_analytics.tenant;

-- Nothing is written: it works where nothing may be, and a rollback gives nothing back.
BEGIN READ ONLY;
SELECT is(pg_temp.take('c', 'export', 10), 'yes 10 0 0', 'in a read-only transaction');
ROLLBACK;
SELECT is(pg_temp.take('c', 'export'), 'no 10 0 360', 'which is rolled back');

SET agent_analytics.limit_export = 20;
SELECT is((SELECT string_agg(pg_temp.take('d', 'export'), ',' ORDER BY i) FROM generate_series(1, 21) i),
    (SELECT string_agg(format('yes 20 %s 0', 20 - i), ',' ORDER BY i) FROM generate_series(1, 20) i) || ',no 20 0 180', 'the setting is the limit');
SET agent_analytics.limit_export = 0;
SELECT is(pg_temp.take('d', 'export', 1000), 'yes 0', '0 is no limit');
RESET agent_analytics.limit_export;

SELECT throws_ok($$SELECT analytics.check_rate_limit('a', 'Export')$$, '22023', 'limit_class must be one of anon, dashboard, agent, admin, scrape, ingest, export, free, pro, enterprise, service', 'classes are a whitelist');
SELECT throws_ok($$SELECT analytics.check_rate_limit('', 'export')$$, '22023', NULL, 'a key is not empty');
SELECT throws_ok($$SELECT analytics.check_rate_limit('a', 'export', 11)$$, '22023', 'cost must be between 1 and 10', 'more than the limit is never allowed: a mistake');
SELECT throws_ok($$SELECT analytics.check_rate_limit('a', 'export', 0)$$, '22023', NULL, 'a call costs something');

-- Ordinary users do not lift their own limits.
CREATE ROLE limits_user;
SET ROLE limits_user;
SELECT throws_ok($$SET agent_analytics.limit_anon = 1000000$$, '42501', NULL, 'only superusers set limits');
RESET ROLE;
SELECT * FROM finish();
