-- Rollups over TimescaleDB's hypertables: exact whatever is done to them, but read from the source (docs/scale.md). Needs a server that
-- preloads timescaledb and has pgtap; \ir ../tap/include/start.sql cannot make timescaledb first.
\set QUIET 1
\pset format unaligned
\pset tuples_only on
\set ON_ERROR_STOP 1
SET client_min_messages = error;
SET timezone = 'UTC';
CREATE EXTENSION timescaledb;
CREATE EXTENSION agent_analytics;
CREATE EXTENSION pgtap;
DO $$ BEGIN PERFORM analytics.install(); END $$;
SELECT no_plan();

CREATE TABLE made_before (at timestamptz NOT NULL, x integer);
SELECT create_hypertable('made_before', 'at') \g /dev/null
SELECT throws_ok($$SELECT analytics.create_rollup('refused', 'made_before', 'at', '{"x": "sum(x)"}')$$, '0A000', NULL, 'of a hypertable no rollup is made: triggers that fire always are refused there');

-- The rollup first, the hypertable after it.
CREATE TABLE metrics (tenant_id text NOT NULL DEFAULT 'default', at timestamptz NOT NULL, device integer, x double precision);
CREATE INDEX ON metrics (at);
SELECT analytics.create_rollup('device_stats', 'metrics', 'at', '{"n": "count(*)", "x": "sum(x)"}', '{device}') \g /dev/null
SELECT create_hypertable('metrics', 'at', chunk_time_interval => interval '1 day') \g /dev/null
CREATE FUNCTION differs() RETURNS bigint LANGUAGE sql AS $$
    WITH a AS (SELECT bucket, device, n, x FROM analytics.device_stats),
         b AS (SELECT date_bin('15 minutes', at, '2000-01-01Z') AS bucket, device, count(*) AS n, sum(x) AS x FROM metrics GROUP BY 1, 2)
    SELECT (SELECT count(*) FROM (TABLE a EXCEPT TABLE b) d) + (SELECT count(*) FROM (TABLE b EXCEPT TABLE a) d) $$;
CREATE PROCEDURE fill() LANGUAGE sql AS $$
    INSERT INTO metrics (at, device, x) SELECT timestamptz '2026-02-01Z' + i * interval '1 minute', i % 5, i % 97 FROM generate_series(1, 20000) i $$;
CALL fill();
SELECT is(differs(), 0::bigint, 'filled');
CALL analytics.run_maintenance();
SELECT is(differs(), 0::bigint, 'refreshed');
SELECT cmp_ok((SELECT count(*) FROM analytics_store.device_stats_base), '>', 1000::bigint, 'into the store');
INSERT INTO metrics (at, device, x) VALUES ('2026-02-03 04:05Z', 1, 1000), ('2025-01-01', 1, 1);
SELECT is(differs(), 0::bigint, 'late rows, one in a chunk of its own');
UPDATE metrics SET x = 5 WHERE at = '2026-02-04 00:00Z';
SELECT is(differs(), 0::bigint, 'an update');
DELETE FROM metrics WHERE at < '2026-02-02Z' AND device = 2;
SELECT is(differs(), 0::bigint, 'a delete');
COPY metrics (at, device, x) FROM STDIN;
2026-02-05 01:02:03Z	3	7
2026-01-15 01:02:03Z	3	7
\.
SELECT is(differs(), 0::bigint, 'COPY');
SELECT drop_chunks('metrics', older_than => timestamptz '2026-02-04Z') \g /dev/null
SELECT is(differs(), 0::bigint, 'chunks that are dropped');
CALL analytics.run_maintenance();
SELECT is(differs(), 0::bigint, 'refreshed again');
TRUNCATE metrics;
SELECT is(differs(), 0::bigint, 'TRUNCATE');
CALL fill();
CALL analytics.run_maintenance();
SELECT is(differs(), 0::bigint, 'filled again');
SELECT is((SELECT count(*) FROM analytics_internal.live_ranges((SELECT rollup_id FROM analytics_store.rollups WHERE name = 'device_stats')) l WHERE l.from_at = '-infinity'), 1::bigint,
    'all of it is read from the source: the triggers of chunks do not fire always');
SELECT analytics.drop_rollup('device_stats') \g /dev/null

-- A table with rows becomes one.
CREATE TABLE later (at timestamptz NOT NULL, x integer);
CREATE INDEX ON later (at);
SELECT analytics.create_rollup('later_stats', 'later', 'at', '{"x": "sum(x)"}') \g /dev/null
INSERT INTO later SELECT timestamptz '2026-02-01Z' + i * interval '1 minute', i FROM generate_series(1, 5000) i;
CALL analytics.run_maintenance();
SELECT create_hypertable('later', 'at', migrate_data => true) \g /dev/null
SELECT is((SELECT sum(x) FROM analytics.later_stats), (SELECT sum(x)::numeric FROM later), 'rows that moved into chunks');
INSERT INTO later VALUES ('2026-02-02Z', 100000);
CALL analytics.run_maintenance();
SELECT is((SELECT sum(x) FROM analytics.later_stats), (SELECT sum(x)::numeric FROM later), 'and late ones');

-- Ours.
SELECT throws_ok(format('SELECT create_hypertable(%L, %L)', 'analytics_data.' || t, c), 'TS103', NULL, t || ' stays a table: its key has no time in it')
    FROM (VALUES ('orders', 'created_at'), ('llm_calls', 'created_at'), ('spans', 'start_time'), ('agent_queries', 'created_at'), ('api_requests', 'created_at')) x(t, c);
SELECT * FROM finish();
