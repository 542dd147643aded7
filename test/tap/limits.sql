-- Limits where there may be no shared memory to count in (PostgreSQL 15 and 16 without shared_preload_libraries): every
-- function is there and lets calls pass. What counts is tested in test/limits.
\ir include/start.sql
SELECT plan(3);
SELECT current_setting('shared_preload_libraries') !~ 'agent_analytics' AND current_setting('server_version_num')::int < 170000 AS uncounted \gset
SELECT is((SELECT count(*) FILTER (WHERE (analytics.check_rate_limit('a', 'export')).allowed) FROM generate_series(1, 11)),
    CASE WHEN :'uncounted' THEN 11 ELSE 10 END::bigint, 'calls pass where they are not counted');
SELECT ok((SELECT CASE WHEN :'uncounted' THEN (limit_per_window, retry_after_seconds) = (10, 0) AND remaining IS NULL AND reset_at IS NULL
                       ELSE remaining = 9 END FROM analytics.check_rate_limit('b', 'export')), 'and no number is made up');
SELECT throws_ok($$SELECT analytics.check_rate_limit('a', 'none')$$, '22023', NULL, 'arguments are checked all the same');
SELECT * FROM finish();
