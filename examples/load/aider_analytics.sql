-- Loads the set aider_analytics (a coding agent's own telemetry, 2024-08-13 to 2025-03-21) as calls and tasks of a tenant.
--   psql -v data=FOLDER [-v tenant=NAME] -f examples/load/aider_analytics.sql
-- data: the folder that holds aider_analytics/. tenant: by default `aider_analytics`. Loading again changes nothing.
-- How the set's rows become calls and tasks:
--   cost      as stored: it is what the provider's price was then (cost_source provider); 0 stays 0
--   latency   whole seconds, stored as milliseconds; NULL where the start of the call is not in the sample
--   provider  what stands before the first slash of the model, else by the model's name
--   task      a run of the program, from `launched` to the next `exit` of the same user; its cost is that of its calls
--             completed with an exit; failed if the last that happened to a message before it was an exception;
--             cancelled at the last event seen where the sample has no exit (the user is gone, or the sample has a gap)
--   agent     each user runs one of their own: aider-u15
--   query     a message that was answered, or failed with an exception; approved unless the user undid the edit (`command_undo`)
--             before the next message
\set ON_ERROR_STOP on
\if :{?tenant} \else \set tenant aider_analytics \endif
\setenv CALLS :data/aider_analytics/llm_calls.csv
\setenv EVENTS :data/aider_analytics/events.csv

BEGIN;
SET LOCAL search_path = pg_catalog, pg_temp;
SELECT set_config('agent_analytics.tenant', :'tenant', true) AS tenant \gset
CREATE TEMP TABLE event (
    line integer GENERATED ALWAYS AS IDENTITY, at timestamptz, user_id text, event text, model text) ON COMMIT DROP;
\copy event (at, user_id, event, model) from program 'cat "$EVENTS"' (format csv, header)
CREATE TEMP TABLE message (
    line integer GENERATED ALWAYS AS IDENTITY, at timestamptz, user_id text, model text, weak_model text, edit_format text,
    prompt_tokens bigint, completion_tokens bigint, cost_usd numeric, session_cost_usd numeric, latency_s numeric) ON COMMIT DROP;
\copy message (at, user_id, model, weak_model, edit_format, prompt_tokens, completion_tokens, cost_usd, session_cost_usd, latency_s) from program 'cat "$CALLS"' (format csv, header)

-- A run is what follows a launch, up to the next one.
CREATE TEMP TABLE run ON COMMIT DROP AS
SELECT user_id, format('%s-run-%s', user_id, run_no) AS task_id, min(at) AS started_at,
       coalesce(min(at) FILTER (WHERE event = 'exit'), max(at)) AS completed_at,
       CASE WHEN NOT bool_or(event = 'exit') THEN 'cancelled'
            WHEN max(line) FILTER (WHERE event = 'message_send_exception')
                 > coalesce(max(line) FILTER (WHERE event = 'message_send'), 0) THEN 'failed'
            ELSE 'completed' END AS status,
       CASE WHEN bool_or(event = 'gui session') THEN 'gui session' WHEN bool_or(event = 'cli session') THEN 'cli session' END AS task_type
FROM (SELECT *, count(*) FILTER (WHERE event = 'launched') OVER (PARTITION BY user_id ORDER BY line) AS run_no FROM event) e
WHERE run_no > 0
GROUP BY user_id, run_no;
CREATE INDEX ON run (user_id, started_at);
ANALYZE run;

INSERT INTO analytics_data.llm_calls (call_id, created_at, agent_id, task_id, user_id, provider, model, input_tokens,
                                      output_tokens, cost_usd, latency_ms)
SELECT format('%s-call-%s', m.user_id, m.line), m.at, 'aider-' || m.user_id, r.task_id, m.user_id,
       CASE WHEN m.model LIKE '%/%' THEN split_part(m.model, '/', 1) WHEN m.model LIKE 'claude%' THEN 'anthropic'
            WHEN m.model LIKE 'gemini%' THEN 'gemini' WHEN m.model ~ '^(gpt|o[0-9])' THEN 'openai' END,
       m.model, m.prompt_tokens, m.completion_tokens, m.cost_usd, m.latency_s * 1000
FROM message m
LEFT JOIN LATERAL (SELECT * FROM run WHERE run.user_id = m.user_id AND run.started_at <= m.at
                   ORDER BY run.started_at DESC LIMIT 1) r ON m.at <= r.completed_at
ORDER BY m.line
ON CONFLICT DO NOTHING;

INSERT INTO analytics_data.task_records (task_id, agent_id, task_type, status, started_at, completed_at, cost_usd)
SELECT r.task_id, 'aider-' || r.user_id, r.task_type, r.status, r.started_at, r.completed_at, c.cost_usd
FROM run r
LEFT JOIN (SELECT task_id, sum(cost_usd) AS cost_usd FROM analytics_data.llm_calls
           WHERE tenant_id = :'tenant' GROUP BY task_id) c USING (task_id)
ORDER BY r.started_at
ON CONFLICT DO NOTHING;

INSERT INTO analytics_data.agent_queries (id, agent, created_at, latency_ms, approved, success, error_type)
SELECT md5(format('%s event %s', e.user_id, e.line))::uuid, 'aider-' || e.user_id, e.at, m.latency_s * 1000,
       CASE WHEN e.event = 'message_send' THEN e.next_event IS DISTINCT FROM 'command_undo' END, e.event = 'message_send',
       CASE WHEN e.event <> 'message_send' THEN 'exception' END
FROM (SELECT *, lead(event) OVER (PARTITION BY user_id ORDER BY line) AS next_event, row_number() OVER (PARTITION BY user_id, event, at ORDER BY line) AS nth
      FROM event WHERE event IN ('message_send', 'message_send_exception', 'command_undo')) e
LEFT JOIN (SELECT *, row_number() OVER (PARTITION BY user_id, at ORDER BY line) AS nth FROM message) m
    ON e.event = 'message_send' AND m.user_id = e.user_id AND m.at = e.at AND m.nth = e.nth
WHERE e.event <> 'command_undo'
ORDER BY e.at
ON CONFLICT DO NOTHING;
COMMIT;
