-- Loads the set model_prices as price list of one tenant; its own prices go before those that ship with the extension.
--   psql -v data=FOLDER [-v tenant=NAME] -f examples/load/model_prices.sql
-- data: the folder that holds model_prices/. tenant: by default `default`. Load it before the calls: a call is priced
-- when it is recorded (analytics.reprice_calls prices it later). Loading again changes nothing.
-- Taken are the default tiers, langfuse's before tokencost's, which is older. A price of 0 for input and output is left
-- out: it means "unknown" as often as "free". The set has no history, so each price holds for all times.
\set ON_ERROR_STOP on
\if :{?tenant} \else \set tenant default \endif
\setenv FILE :data/model_prices/prices.csv

BEGIN;
SET LOCAL search_path = pg_catalog, pg_temp;
SELECT set_config('agent_analytics.tenant', :'tenant', true) AS tenant \gset
CREATE TEMP TABLE price (
    source text, model text, tier text, is_default boolean, input_usd_per_mtok numeric, output_usd_per_mtok numeric,
    cache_read_usd_per_mtok numeric, cache_write_usd_per_mtok numeric, provider text, max_input_tokens numeric,
    added_on date, updated_on date) ON COMMIT DROP;
\copy price from program 'cat "$FILE"' (format csv, header)

INSERT INTO analytics_data.model_prices (model, input_usd_per_mtok, output_usd_per_mtok, cache_read_usd_per_mtok,
                                         cache_creation_usd_per_mtok, source)
SELECT DISTINCT ON (model) model, input_usd_per_mtok, output_usd_per_mtok, cache_read_usd_per_mtok, cache_write_usd_per_mtok,
       concat_ws(' ', source, coalesce(updated_on, added_on))
FROM price
WHERE is_default AND (input_usd_per_mtok > 0 OR output_usd_per_mtok > 0)
ORDER BY model, source
ON CONFLICT DO NOTHING;
COMMIT;
