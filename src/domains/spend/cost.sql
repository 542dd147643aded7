-- Costs: given by the trigger on the way in, put right by reprice_calls later.

CREATE OR REPLACE FUNCTION analytics_internal.price_call() RETURNS trigger
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'analytics_price_call';
COMMENT ON FUNCTION analytics_internal.price_call() IS
'Trigger of llm_calls: gives a call without a cost the cost that model_prices says.
A given cost is kept, with cost_source ''provider'' unless the row says ''estimated''. Reads the prices as the owner of model_prices, once a statement and model.';

CREATE OR REPLACE FUNCTION analytics_internal.complete_task() RETURNS trigger
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'analytics_complete_task';
COMMENT ON FUNCTION analytics_internal.complete_task() IS
'Trigger of task_records: fills completed_at, duration_ms and success where they are not given.';

CREATE OR REPLACE FUNCTION analytics_internal.call_cost(provider text, model text, at timestamptz, input_tokens bigint,
    output_tokens bigint, cache_read_tokens bigint, cache_creation_tokens bigint, OUT cost_usd numeric, OUT price_id bigint)
LANGUAGE c STABLE PARALLEL RESTRICTED COST 50 AS 'MODULE_PATHNAME', 'analytics_call_cost';
COMMENT ON FUNCTION analytics_internal.call_cost(text, text, timestamptz, bigint, bigint, bigint, bigint) IS
'What a call of the current tenant costs by model_prices, and which row says so.
Arguments as in llm_calls. Both NULL when there is no price.';

CREATE OR REPLACE FUNCTION analytics.reprice_calls(from_time timestamptz, to_time timestamptz, dry_run boolean DEFAULT true,
    OUT calls bigint, OUT changed bigint, OUT old_cost_usd numeric, OUT new_cost_usd numeric)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    problem text[] := coalesce(
        CASE WHEN from_time IS NULL THEN ARRAY['from_time', 'given', 'NULL'] WHEN to_time IS NULL THEN ARRAY['to_time', 'given', 'NULL']
             WHEN dry_run IS NULL THEN ARRAY['dry_run', 'true or false', 'NULL'] END,
        analytics_internal.instant_problem('from_time', from_time),
        analytics_internal.instant_problem('to_time', to_time),
        CASE WHEN to_time <= from_time THEN ARRAY['to_time', format('after from_time (%s)', from_time), to_time::text] END);
BEGIN
    IF problem IS NOT NULL THEN
        PERFORM analytics_internal.refuse(problem);
    END IF;
    WITH looked AS MATERIALIZED (
        SELECT c.call_id, c.cost_usd AS old_cost, c.price_id AS old_price,
               coalesce(n.cost_usd, c.cost_usd) AS new_cost, coalesce(n.price_id, c.price_id) AS new_price
        FROM analytics_data.llm_calls c,
             analytics_internal.call_cost(c.provider, c.model, c.created_at, c.input_tokens, c.output_tokens,
                                          c.cache_read_tokens, c.cache_creation_tokens) n
        WHERE c.tenant_id = (SELECT analytics.current_tenant()) AND c.created_at >= from_time AND c.created_at < to_time
          AND c.cost_source IN ('computed', 'unpriced')),
    written AS (  -- a cost taken away is computed anew by the table's trigger
        UPDATE analytics_data.llm_calls c SET cost_usd = NULL
        FROM looked l
        WHERE c.tenant_id = (SELECT analytics.current_tenant()) AND c.call_id = l.call_id AND NOT dry_run
          AND c.cost_source IN ('computed', 'unpriced')
          AND (l.old_cost, l.old_price) IS DISTINCT FROM (l.new_cost, l.new_price))
    SELECT count(*), count(*) FILTER (WHERE l.old_cost IS DISTINCT FROM l.new_cost),
           coalesce(sum(l.old_cost), 0), coalesce(sum(l.new_cost), 0)
    INTO calls, changed, old_cost_usd, new_cost_usd FROM looked l;
    IF NOT dry_run THEN
        INSERT INTO analytics_data.cost_adjustments (tenant_id, from_time, to_time, calls, changed, old_cost_usd, new_cost_usd)
        VALUES (analytics.current_tenant(), from_time, to_time, calls, changed, old_cost_usd, new_cost_usd);
    END IF;
END $$;
COMMENT ON FUNCTION analytics.reprice_calls(timestamptz, timestamptz, boolean) IS
'Computes the costs of past calls anew from the prices of today''s table.
from_time, to_time: calls with from_time <= created_at < to_time; only those whose cost was computed or that had no price: a cost that the provider or the caller gave stays. dry_run (default true): tell only, change nothing. A call for which there is no price any more keeps its cost.
Result: calls (looked at), changed (that get another cost), old_cost_usd and new_cost_usd (the sums over all looked at, US dollars, calls without a price not counted). Unless dry_run, a row in analytics_data.cost_adjustments tells the same.
Errors: 22023 when the range is empty or not finite.';
