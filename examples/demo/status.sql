-- How far the rollups are summarised and what waits for the next refresh.
--   psql -f examples/demo/status.sql
\set ON_ERROR_STOP on
\set QUIET on
SET TimeZone = 'UTC';
\pset footer off
\pset null -
\echo '  SELECT * FROM analytics.get_rollup_status()'
SELECT name, source, bucket, to_char(watermark, 'YYYY-MM-DD HH24:MI') AS "stored up to", dirty_buckets, rows,
       pg_size_pretty(size_bytes) AS size
FROM analytics.get_rollup_status();
