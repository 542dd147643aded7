-- Loads the set azure_llm_2023 (two services of a cloud provider, 39 minutes of 2023-11-16) as calls of one tenant.
--   psql -v data=FOLDER [-v tenant=NAME] [-v price_as=MODEL] -f examples/load/azure_llm_2023.sql
-- data: the folder that holds azure_llm_2023/. tenant: by default `azure_llm_2023`. Loading again changes nothing.
-- The set names services, no models: the model is azure-conv or azure-code. It has no latency, cost or user.
-- price_as: a model of model_prices (the tenant's own or the common ones) at whose price the calls are estimated
-- (cost_source estimated); without it they stay unpriced.
\set ON_ERROR_STOP on
\if :{?tenant} \else \set tenant azure_llm_2023 \endif
\if :{?price_as} \else \set price_as '' \endif
\setenv FILE :data/azure_llm_2023/llm_calls.csv.gz

BEGIN;
SET LOCAL search_path = pg_catalog, pg_temp;
SELECT set_config('agent_analytics.tenant', :'tenant', true) AS tenant \gset
CREATE TEMP TABLE request (
    line integer GENERATED ALWAYS AS IDENTITY, at timestamptz, service text, prompt_tokens bigint, completion_tokens bigint)
    ON COMMIT DROP;
\copy request (at, service, prompt_tokens, completion_tokens) from program 'gzip -cd "$FILE"' (format csv, header)

WITH price AS (
    SELECT input_usd_per_mtok, output_usd_per_mtok FROM analytics_data.model_prices
    WHERE tenant_id IN ('*', :'tenant') AND model = :'price_as'
    ORDER BY tenant_id = '*', provider IS NOT NULL, valid_from DESC LIMIT 1
)
INSERT INTO analytics_data.llm_calls (call_id, created_at, provider, model, input_tokens, output_tokens, cost_usd, cost_source)
SELECT format('azure-%s', r.line), r.at, 'azure', 'azure-' || r.service, r.prompt_tokens, r.completion_tokens,
       (r.prompt_tokens * p.input_usd_per_mtok + r.completion_tokens * p.output_usd_per_mtok) * 0.000001,
       CASE WHEN p.input_usd_per_mtok IS NULL THEN 'unpriced' ELSE 'estimated' END
FROM request r LEFT JOIN price p ON true
ORDER BY r.line
ON CONFLICT DO NOTHING;
COMMIT;
