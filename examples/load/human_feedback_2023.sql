-- Loads the set human_feedback_2023 (people who judged answers of six systems, 2023-07-14 to 2023-08-25) as training examples of a tenant.
--   psql -v data=FOLDER [-v tenant=NAME] -f examples/load/human_feedback_2023.sql
-- data: the folder that holds human_feedback_2023/. tenant: by default `human_feedback_2023`. Loading again changes nothing.
-- The set has no texts: they stay NULL. Clarity and helpfulness were asked in one of its four studies only, whether an answer is harmful
-- in the same one: elsewhere there is no score and no verdict. `overall` is none of our scores: it stands in the notes.
-- The moment is that at which the rater's session began.
\set ON_ERROR_STOP on
\if :{?tenant} \else \set tenant human_feedback_2023 \endif
\setenv FILE :data/human_feedback_2023/ratings.csv.gz

BEGIN;
SET LOCAL search_path = pg_catalog, pg_temp;
SELECT set_config('agent_analytics.tenant', :'tenant', true) AS tenant \gset
CREATE TEMP TABLE rating (
    line integer GENERATED ALWAYS AS IDENTITY, study text, rater_id text, session_started_at timestamptz, item_id text, side text, source_dataset text,
    model text, clarity integer, helpfulness integer, detail integer, style integer, confidence integer, creativity integer, overall integer,
    flag_harmful boolean, flag_factuality boolean, flag_inconsistent boolean, flag_contradiction boolean, flag_relevance boolean,
    flag_formatting boolean, flag_scope boolean, flag_refusal boolean, flag_fluency boolean, flag_repetition boolean, rating_seconds integer,
    response_chars integer) ON COMMIT DROP;
\copy rating (study, rater_id, session_started_at, item_id, side, source_dataset, model, clarity, helpfulness, detail, style, confidence, creativity, overall, flag_harmful, flag_factuality, flag_inconsistent, flag_contradiction, flag_relevance, flag_formatting, flag_scope, flag_refusal, flag_fluency, flag_repetition, rating_seconds, response_chars) from program 'gzip -cd "$FILE"' (format csv, header)

INSERT INTO analytics_data.training_examples (id, conversation_id, agent, safe_to_send, category, clarity_score, helpfulness_score, notes, annotator, created_at)
SELECT md5('human_feedback_2023-' || line)::uuid, item_id, model, NOT flag_harmful, study, clarity, helpfulness, 'overall ' || overall, rater_id, session_started_at
FROM rating ORDER BY line
ON CONFLICT DO NOTHING;
COMMIT;
