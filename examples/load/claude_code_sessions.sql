-- Loads the set claude_code_sessions (a coding agent's sessions, 2026-02-10 to 2026-02-12, structure only) as runs and spans of a
-- tenant.
--   psql -v data=FOLDER [-v tenant=NAME] -f examples/load/claude_code_sessions.sql
-- data: the folder that holds claude_code_sessions/. tenant: by default `claude_code_sessions`. Loading again changes nothing.
-- How the set's rows become spans:
--   run      one span, the root; a subagent's root has for parent the tool call that started it, in the trace of its parent run
--   call     a span under its run's root, from the request to the end of the answer; input tokens include those of the cache
--   tool     a span under its run's root
--   cost     of the calls, by the price table (examples/load/model_prices.sql with the same tenant has this model's price)
\set ON_ERROR_STOP on
\if :{?tenant} \else \set tenant claude_code_sessions \endif
\setenv RUNS :data/claude_code_sessions/runs.csv
\setenv CALLS :data/claude_code_sessions/llm_calls.csv
\setenv TOOLS :data/claude_code_sessions/tool_spans.csv

BEGIN;
SET LOCAL search_path = pg_catalog, pg_temp;
SELECT set_config('agent_analytics.tenant', :'tenant', true) AS tenant \gset
CREATE TEMP TABLE run (run_id text, parent_run_id text, parent_span_id text, kind text, started_at timestamptz, ended_at timestamptz, duration_ms numeric,
    user_prompts integer, llm_calls integer, tool_calls integer, tool_errors integer, first_model text) ON COMMIT DROP;
\copy run from program 'cat "$RUNS"' (format csv, header)
CREATE TEMP TABLE call (run_id text, call_id text, requested_at timestamptz, first_token_at timestamptz, finished_at timestamptz, latency_ms numeric, model text,
    input_tokens bigint, cache_write_tokens bigint, cache_read_tokens bigint, output_tokens bigint, stop_reason text, api_error boolean, sidechain boolean) ON COMMIT DROP;
\copy call from program 'cat "$CALLS"' (format csv, header)
CREATE TEMP TABLE tool (run_id text, span_id text, call_id text, tool text, started_at timestamptz, ended_at timestamptz, duration_ms numeric, status text,
    input_chars bigint, output_chars bigint) ON COMMIT DROP;
\copy tool from program 'cat "$TOOLS"' (format csv, header)

INSERT INTO analytics_data.spans (trace_id, span_id, parent_span_id, run_id, thread_id, operation_name, kind, start_time, end_time, status, attributes)
SELECT coalesce(parent_run_id, run_id), run_id, coalesce(parent_span_id, parent_run_id), run_id, coalesce(parent_run_id, run_id), 'invoke_agent ' || kind, 'internal',
       started_at, ended_at, 'unset', jsonb_build_object('user_prompts', user_prompts)
FROM run ORDER BY started_at
ON CONFLICT DO NOTHING;

INSERT INTO analytics_data.spans (trace_id, span_id, parent_span_id, run_id, thread_id, operation_name, kind, start_time, end_time, status, model, input_tokens,
    output_tokens, cost_usd, attributes)
SELECT coalesce(r.parent_run_id, r.run_id), c.call_id, r.run_id, r.run_id, coalesce(r.parent_run_id, r.run_id), 'chat ' || c.model, 'client', c.requested_at, c.finished_at,
       CASE WHEN c.api_error THEN 'error' ELSE 'ok' END, c.model, t.input_tokens, c.output_tokens, p.cost_usd,
       jsonb_build_object('first_token_at', c.first_token_at, 'cache_read_tokens', c.cache_read_tokens, 'cache_creation_tokens', c.cache_write_tokens)
FROM call c JOIN run r USING (run_id),
     LATERAL (SELECT c.input_tokens + c.cache_write_tokens + c.cache_read_tokens AS input_tokens) t,
     LATERAL analytics_internal.call_cost('anthropic', c.model, c.requested_at, t.input_tokens, c.output_tokens, c.cache_read_tokens, c.cache_write_tokens) p
ORDER BY c.requested_at
ON CONFLICT DO NOTHING;

INSERT INTO analytics_data.spans (trace_id, span_id, parent_span_id, run_id, thread_id, operation_name, kind, start_time, end_time, status, tool_name, attributes)
SELECT coalesce(r.parent_run_id, r.run_id), t.span_id, r.run_id, r.run_id, coalesce(r.parent_run_id, r.run_id), 'execute_tool ' || t.tool, 'internal', t.started_at, t.ended_at,
       CASE t.status WHEN 'error' THEN 'error' ELSE 'ok' END, t.tool, jsonb_build_object('call_id', t.call_id, 'input_chars', t.input_chars, 'output_chars', t.output_chars)
FROM tool t JOIN run r USING (run_id) ORDER BY t.started_at
ON CONFLICT DO NOTHING;
COMMIT;
