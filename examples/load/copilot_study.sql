-- Loads the set copilot_study (programmers with a code assistant, 2022-08-08 to 2022-08-17) as approvals of a tenant.
--   psql -v data=FOLDER [-v tenant=NAME] -f examples/load/copilot_study.sql
-- data: the folder that holds copilot_study/. tenant: by default `copilot_study`. Loading again changes nothing.
-- A suggestion is a draft, and its programmer decides it:
--   created_at   when it was first shown
--   status       approved where it was accepted, else rejected where it was; pending where the set has no outcome
--   resolved_at  the instant of that; resolved_by the programmer
--   confidence   the model's, in percent
--   draft        the set has no texts: it says how long the suggestion was
\set ON_ERROR_STOP on
\if :{?tenant} \else \set tenant copilot_study \endif
\setenv EVENTS :data/copilot_study/events.csv

BEGIN;
SET LOCAL search_path = pg_catalog, pg_temp;
SELECT set_config('agent_analytics.tenant', :'tenant', true) AS tenant \gset
CREATE TEMP TABLE event (user_id text, suggestion_no integer, at timestamptz, event text, time_in_state_s numeric, since_issued_ms numeric, since_displayed_ms numeric,
    suggestion_tokens integer, suggestion_lines integer, suggestion_chars integer, prompt_chars integer, model_confidence numeric, mean_logprob numeric, labeled_state text,
    task text) ON COMMIT DROP;
\copy event from program 'cat "$EVENTS"' (format csv, header)

INSERT INTO analytics_data.agent_approvals (id, conversation_id, customer_name, draft_response, agent, confidence_score, status, created_at, resolved_at, resolved_by)
SELECT md5(format('%s suggestion %s', user_id, suggestion_no))::uuid, user_id || ' ' || task, user_id,
       format('%s lines, %s characters of code', lines, characters), 'copilot-2022', round(100 * confidence, 2),
       CASE WHEN accepted IS NOT NULL THEN 'approved' WHEN rejected IS NOT NULL THEN 'rejected' ELSE 'pending' END,
       shown, coalesce(accepted, rejected), CASE WHEN coalesce(accepted, rejected) IS NOT NULL THEN user_id END
FROM (SELECT user_id, suggestion_no, min(task) AS task, min(at) AS shown, min(at) FILTER (WHERE event = 'accepted') AS accepted, min(at) FILTER (WHERE event = 'rejected') AS rejected,
             (array_agg(suggestion_lines ORDER BY at))[1] AS lines, (array_agg(suggestion_chars ORDER BY at))[1] AS characters, (array_agg(model_confidence ORDER BY at))[1] AS confidence
      FROM event GROUP BY user_id, suggestion_no) s
ORDER BY shown
ON CONFLICT DO NOTHING;
COMMIT;
