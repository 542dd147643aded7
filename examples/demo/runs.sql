-- The slowest run, and what made it slow.
--   psql -v as_of=INSTANT -v tenant=NAME -f examples/demo/runs.sql
\ir tenant.sql

\echo :tenant: the slowest runs of the week, :moment
\echo '  SELECT * FROM analytics.list_runs(period => \'last_week\', sort_by => \'duration_ms\', row_limit => 5, as_of => \'':as_of'\');'
SELECT run_id AS run, to_char(to_timestamp(start_time_us / 1000000.0), 'Dy HH24:MI') AS began, status, round(duration_ms / 1000, 1) AS seconds, span_count AS spans,
       cardinality(used_tools) AS tools, round(cost, 4) AS "USD", has_errors AS errors
FROM analytics.list_runs(period => 'last_week', sort_by => 'duration_ms', row_limit => 5, as_of => :'as_of');
SELECT run_id AS slowest FROM analytics.list_runs(period => 'last_week', sort_by => 'duration_ms', row_limit => 1, as_of => :'as_of') \gset
\echo What :slowest waited for (self time: not covered by its children)
\echo '  SELECT analytics.get_run_bottlenecks(\'':slowest'\', as_of => \'':as_of'\');'
SELECT s ->> 'operation_name' AS operation, round((s ->> 'self_time_ms')::numeric / 1000, 1) AS "self seconds", s ->> 'self_percent' AS "% of the run",
       s ->> 'on_critical_path' AS "on the critical path"
FROM analytics.get_run_bottlenecks(:'slowest', 5, as_of => :'as_of') b, jsonb_array_elements(b -> 'slowest_spans') s;
\echo 'Its critical path, the longest stretches'
SELECT s ->> 'operation_name' AS operation, count(*) AS spans, round(sum((s ->> 'duration_ms')::numeric) / 1000, 1) AS seconds
FROM analytics.get_run_bottlenecks(:'slowest', 1, as_of => :'as_of') b, jsonb_array_elements(b -> 'critical_path') s
GROUP BY 1 ORDER BY 3 DESC LIMIT 6;
