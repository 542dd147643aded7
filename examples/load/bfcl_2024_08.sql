-- Loads the set bfcl_2024_08 (58 setups of models that call functions, 57,419 cases) as calls of models and queries of agents of a tenant.
--   psql -v data=FOLDER [-v tenant=NAME] -f examples/load/bfcl_2024_08.sql
-- data: the folder that holds bfcl_2024_08/. tenant: by default `bfcl_2024_08`. Loading again changes nothing.
-- The set has the day of the batch only: a setup's cases follow each other, each as long as it took. A setup (`-FC`: the
-- provider's own function calls) is an agent; the model is its name without that. A case succeeds when its answer was valid. Some providers count
-- no tokens: 0. No prices: the calls stay unpriced. Two cases that took no time at all have no latency.
\set ON_ERROR_STOP on
\if :{?tenant} \else \set tenant bfcl_2024_08 \endif
\setenv FILE :data/bfcl_2024_08/calls.csv.gz

BEGIN;
SET LOCAL search_path = pg_catalog, pg_temp;
SELECT set_config('agent_analytics.tenant', :'tenant', true) AS tenant \gset
CREATE TEMP TABLE call (
    line integer GENERATED ALWAYS AS IDENTITY, batch_date date, setup text, category text, case_no integer, prompt_tokens bigint,
    completion_tokens bigint, latency_s numeric, valid boolean, error_type text) ON COMMIT DROP;
\copy call (batch_date, setup, category, case_no, prompt_tokens, completion_tokens, latency_s, valid, error_type) from program 'gzip -cd "$FILE"' (format csv, header)
CREATE TEMP TABLE timed ON COMMIT DROP AS
SELECT c.*, md5(concat_ws('-', 'bfcl', setup, category, case_no))::uuid AS id, regexp_replace(setup, '-FC$', '') AS model, 1000 * nullif(latency_s, 0)::double precision AS latency_ms,
       batch_date::timestamp AT TIME ZONE 'UTC' + sum(coalesce(latency_s, 0)) OVER (PARTITION BY setup ORDER BY line)::double precision * interval '1 second' AS at
FROM call c;

INSERT INTO analytics_data.llm_calls (call_id, created_at, agent_id, task_id, model, input_tokens, output_tokens, latency_ms, success, error_type)
SELECT id::text, at, setup, category, model, coalesce(prompt_tokens, 0), coalesce(completion_tokens, 0), latency_ms, valid, nullif(error_type, '')
FROM timed ORDER BY at, line
ON CONFLICT DO NOTHING;
INSERT INTO analytics_data.agent_queries (id, agent, created_at, latency_ms, success, error_type)
SELECT id, setup, at, latency_ms, valid, nullif(error_type, '')
FROM timed ORDER BY at, line
ON CONFLICT DO NOTHING;
COMMIT;
