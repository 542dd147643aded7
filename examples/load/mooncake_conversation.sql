-- Loads the set mooncake_conversation (a chat service with a prefix cache, 39 minutes) as calls of one tenant.
--   psql -v data=FOLDER [-v tenant=NAME] [-v base_time=INSTANT] -f examples/load/mooncake_conversation.sql
-- data: the folder that holds mooncake_conversation/. tenant: by default `mooncake_conversation`. Loading again changes
-- nothing. The set has offsets only: base_time is when it begins, by default 2025-02-25 12:00 UTC.
-- Cached tokens: 512 for each block of the prompt seen before, at most the prompt; they are part of the input tokens.
-- The model is called `kimi`, for the service that was traced. No price, latency or user: the calls stay unpriced.
\set ON_ERROR_STOP on
\if :{?tenant} \else \set tenant mooncake_conversation \endif
\if :{?base_time} \else \set base_time '2025-02-25 12:00+00' \endif
\setenv FILE :data/mooncake_conversation/llm_calls.csv.gz

BEGIN;
SET LOCAL search_path = pg_catalog, pg_temp;
SELECT set_config('agent_analytics.tenant', :'tenant', true) AS tenant \gset
CREATE TEMP TABLE request (
    line integer GENERATED ALWAYS AS IDENTITY, offset_ms bigint, prompt_tokens bigint, completion_tokens bigint,
    prompt_blocks integer, cached_prefix_blocks integer) ON COMMIT DROP;
\copy request (offset_ms, prompt_tokens, completion_tokens, prompt_blocks, cached_prefix_blocks) from program 'gzip -cd "$FILE"' (format csv, header)

INSERT INTO analytics_data.llm_calls (call_id, created_at, provider, model, input_tokens, output_tokens, cache_read_tokens)
SELECT format('mooncake-%s', line), :'base_time'::timestamptz + offset_ms * interval '1 millisecond', 'moonshot', 'kimi',
       prompt_tokens, completion_tokens, least(512 * cached_prefix_blocks, prompt_tokens)
FROM request ORDER BY line
ON CONFLICT DO NOTHING;
COMMIT;
