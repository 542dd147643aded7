-- Loads the set tau_bench_airline (an agent of an invented airline, 50 tasks in 3 trials each) as runs and spans of a tenant.
--   psql -v data=FOLDER [-v tenant=NAME] -f examples/load/tau_bench_airline.sql
-- data: the folder that holds tau_bench_airline/. tenant: by default `tau_bench_airline`. Loading again changes nothing.
-- The set has an order of tool calls and no times. So a run stands at a made-up moment, its calls a second apart and without
-- length: durations mean nothing here; what failed, and with which tools, does. A run whose task was not solved is failed.
\set ON_ERROR_STOP on
\if :{?tenant} \else \set tenant tau_bench_airline \endif
\setenv RUNS :data/tau_bench_airline/runs.csv
\setenv TOOLS :data/tau_bench_airline/tool_calls.csv

BEGIN;
SET LOCAL search_path = pg_catalog, pg_temp;
SELECT set_config('agent_analytics.tenant', :'tenant', true) AS tenant \gset
CREATE TEMP TABLE run (run_id text, task_id integer, trial integer, model text, reward numeric, success boolean, messages integer, user_turns integer,
    tool_calls integer, expected_actions integer, user_sim_cost_usd numeric) ON COMMIT DROP;
\copy run from program 'cat "$RUNS"' (format csv, header)
CREATE TEMP TABLE tool (run_id text, seq integer, tool text, argument_names text, argument_chars bigint, result_chars bigint, result_status text) ON COMMIT DROP;
\copy tool from program 'cat "$TOOLS"' (format csv, header)
CREATE TEMP TABLE at ON COMMIT DROP AS
    SELECT run_id, timestamptz '2024-06-17 00:00Z' + (trial * 50 + task_id) * interval '2 minutes' AS started_at FROM run;

INSERT INTO analytics_data.spans (trace_id, span_id, thread_id, operation_name, start_time, end_time, status, attributes)
SELECT r.run_id, 'agent', 'task-' || r.task_id, 'invoke_agent airline', a.started_at, a.started_at + (r.tool_calls + 1) * interval '1 second',
       CASE WHEN r.success THEN 'ok' ELSE 'error' END, jsonb_build_object('model', r.model, 'reward', r.reward, 'trial', r.trial, 'user_turns', r.user_turns)
FROM run r JOIN at a USING (run_id) ORDER BY a.started_at
ON CONFLICT DO NOTHING;

INSERT INTO analytics_data.spans (trace_id, span_id, parent_span_id, thread_id, operation_name, start_time, end_time, status, tool_name, attributes)
SELECT t.run_id, 'tool-' || t.seq, 'agent', 'task-' || r.task_id, 'execute_tool ' || t.tool, a.started_at + t.seq * interval '1 second', a.started_at + t.seq * interval '1 second',
       CASE t.result_status WHEN 'ok' THEN 'ok' ELSE 'error' END, t.tool, jsonb_build_object('argument_names', t.argument_names, 'result_chars', t.result_chars)
FROM tool t JOIN run r USING (run_id) JOIN at a USING (run_id) ORDER BY a.started_at, t.seq
ON CONFLICT DO NOTHING;
COMMIT;
