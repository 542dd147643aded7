-- Spans for test/bench/runs: psql -v spans=1000000. Runs of 50 spans over 90 days, one of 1,000, written in steps and then
-- summarised. A span is a function of its number: two runs differ only in the instant they end at.
\set ON_ERROR_STOP 1
SET synchronous_commit = off;
CREATE SCHEMA bench;
CREATE FUNCTION bench.uniform(number bigint, col integer) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT (hashint8extended(number, col) & 4294967295) / 4294967296.0::float8 $$;
-- The same work of calling as our functions have, and none of their own.
CREATE FUNCTION bench.empty(as_of timestamptz) RETURNS integer LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN 1; END $$;
CREATE TABLE bench.runs (run bigint PRIMARY KEY, at timestamptz NOT NULL);
INSERT INTO bench.runs SELECT n, now() - interval '90 days' + interval '90 days' * (n + bench.uniform(n, 1)) / (:spans / 50)
FROM generate_series(0, :spans / 50 - 1) n;

-- Spans of runs [first, last): a root of 1 to 20 seconds, and within it 6 steps of 8 calls each; tools and models by turns.
CREATE FUNCTION bench.spans(first bigint, last bigint, size integer) RETURNS TABLE (tenant_id text, span_id text, trace_id text, parent_span_id text, run_id text,
    thread_id text, operation_name text, kind text, start_time timestamptz, end_time timestamptz, status text, error_message text, model text, tool_name text,
    input_tokens bigint, output_tokens bigint, cost_usd numeric)
LANGUAGE sql STABLE ROWS 500000 AS $$
    SELECT 'big', to_hex(r.run * 1000 + s), lpad(to_hex(r.run), 32, '0'), CASE WHEN s > 0 THEN to_hex(r.run * 1000 + CASE WHEN s <= 6 THEN 0 ELSE 1 + s % 6 END) END, NULL,
           'thread-' || r.run / 7, CASE WHEN s = 0 THEN 'invoke_agent' WHEN s <= 6 THEN 'step' WHEN s % 3 = 0 THEN 'execute_tool' ELSE 'chat' END, 'internal',
           r.at + x.began * x.lasts * interval '1 second', r.at + least(x.began + x.takes, 1) * x.lasts * interval '1 second',
           CASE WHEN s = 0 AND r.run % 50 = 7 THEN 'error' WHEN s = 0 THEN 'ok' ELSE 'unset' END, CASE WHEN s = 0 AND r.run % 50 = 7 THEN 'gave up' END,
           CASE WHEN s > 6 AND s % 3 <> 0 THEN (ARRAY['gpt-4o', 'gpt-4.1', 'o3', 'claude-sonnet-4'])[1 + (s + r.run) % 4] END,
           CASE WHEN s > 6 AND s % 3 = 0 THEN 'tool-' || (s + r.run) % 9 END,
           CASE WHEN s > 6 AND s % 3 <> 0 THEN 300 + (4000 * bench.uniform(r.run * 1000 + s, 2))::bigint END,
           CASE WHEN s > 6 AND s % 3 <> 0 THEN 20 + (400 * bench.uniform(r.run * 1000 + s, 3))::bigint END,
           CASE WHEN s > 6 AND s % 3 <> 0 THEN round((0.02 * bench.uniform(r.run * 1000 + s, 4))::numeric, 6) END
    FROM bench.runs r, generate_series(0, size - 1) s,
         LATERAL (SELECT 1 + 19 * bench.uniform(r.run, 5) AS lasts, CASE WHEN s = 0 THEN 0 ELSE 0.9 * bench.uniform(r.run * 1000 + s, 6) END AS began,
                         CASE WHEN s = 0 THEN 1 ELSE 0.1 * bench.uniform(r.run * 1000 + s, 7) END AS takes) x
    WHERE r.run >= first AND r.run < last
$$;
CREATE PROCEDURE bench.fill() LANGUAGE plpgsql AS $$
DECLARE
    runs CONSTANT bigint := (SELECT count(*) FROM bench.runs);
BEGIN
    FOR from_run IN 0..runs - 1 BY 5000 LOOP
        INSERT INTO analytics_data.spans (tenant_id, span_id, trace_id, parent_span_id, run_id, thread_id, operation_name, kind, start_time, end_time, status,
            error_message, model, tool_name, input_tokens, output_tokens, cost_usd)
        SELECT * FROM bench.spans(from_run, least(from_run + 5000, runs), 50);
        COMMIT;
        PERFORM analytics_internal.refresh_runs(1000000);
        COMMIT;
    END LOOP;
END $$;
CALL bench.fill();
INSERT INTO bench.runs VALUES (-1, now() - interval '2 days');
INSERT INTO analytics_data.spans (tenant_id, span_id, trace_id, parent_span_id, run_id, thread_id, operation_name, kind, start_time, end_time, status,
    error_message, model, tool_name, input_tokens, output_tokens, cost_usd)
SELECT (s).* FROM (SELECT s FROM bench.spans(-1, 0, 1000) s) x;
UPDATE analytics_data.spans SET run_id = 'large' WHERE trace_id = lpad(to_hex(-1::bigint), 32, '0');
CALL analytics.run_maintenance();
VACUUM ANALYZE;
