-- Loads the set dices_safety (is this answer of a chat safe? 77,073 verdicts) as training examples of a tenant.
--   psql -v data=FOLDER [-v tenant=NAME] [-v at=INSTANT] -f examples/load/dices_safety.sql
-- data: the folder that holds dices_safety/. tenant: by default `dices_safety`. Loading again changes nothing.
-- The set has no texts, no scores and no time: at is when all of them were given, by default 2023-06-20 12:00 UTC. `unsure` is no verdict.
-- A rater is known by a name in one of its three studies only; the experts' verdict is one.
\set ON_ERROR_STOP on
\if :{?tenant} \else \set tenant dices_safety \endif
\if :{?at} \else \set at '2023-06-20 12:00+00' \endif
\setenv FILE :data/dices_safety/ratings.csv.gz

BEGIN;
SET LOCAL search_path = pg_catalog, pg_temp;
SELECT set_config('agent_analytics.tenant', :'tenant', true) AS tenant \gset
CREATE TEMP TABLE rating (study text, item_id text, rater_slot text, verdict text, response_chars integer) ON COMMIT DROP;
\copy rating from program 'gzip -cd "$FILE"' (format csv, header)

INSERT INTO analytics_data.training_examples (id, conversation_id, safe_to_send, category, annotator, created_at)
SELECT md5(concat_ws('-', 'dices', study, item_id, rater_slot))::uuid, 'item-' || item_id, CASE verdict WHEN 'safe' THEN true WHEN 'unsafe' THEN false END, study,
       CASE study WHEN '350_crowdsourced' THEN 'rater-' || rater_slot WHEN '350_expert' THEN 'experts' END, :'at'
FROM rating ORDER BY study, item_id, rater_slot
ON CONFLICT DO NOTHING;
COMMIT;
