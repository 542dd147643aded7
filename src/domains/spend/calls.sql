-- Recording calls of models, one or many.

-- What both ways in work on: the columns as read_items makes them, defaults filled in.
CREATE TYPE analytics_internal.llm_call_item AS (
    index integer, problem text, call_id text, model text, provider text, input_tokens bigint, output_tokens bigint,
    cache_read_tokens bigint, cache_creation_tokens bigint, reasoning_tokens bigint, cost_usd numeric,
    latency_ms double precision, success boolean, error_type text, agent_id text, task_id text, run_id text, user_id text,
    created_at timestamptz);
COMMENT ON TYPE analytics_internal.llm_call_item IS 'A call as it came, with what is wrong about it.';

CREATE OR REPLACE FUNCTION analytics_internal.count_problem(name text, value bigint) RETURNS text[]
LANGUAGE sql STABLE PARALLEL SAFE COST 1
    RETURN CASE WHEN value IS NULL OR value < 0 OR value > 9007199254740991
                THEN ARRAY[name, 'a whole number from 0 to 2^53 - 1', coalesce(value::text, 'NULL')] END;
COMMENT ON FUNCTION analytics_internal.count_problem(text, bigint) IS 'What is wrong with a count; NULL if nothing.';

CREATE OR REPLACE FUNCTION analytics_internal.amount_problem(name text, value numeric, required boolean) RETURNS text[]
LANGUAGE sql STABLE PARALLEL SAFE COST 1
    RETURN CASE WHEN value IS NULL THEN CASE WHEN required THEN ARRAY[name, 'given', 'NULL'] END
                WHEN NOT (value >= 0 AND value < 1000000000000000)
                THEN ARRAY[name, 'a number from 0 to below 10^15', left(value::text, 100)] END;
COMMENT ON FUNCTION analytics_internal.amount_problem(text, numeric, boolean) IS
'What is wrong with an amount of money; NULL if nothing.';

CREATE OR REPLACE FUNCTION analytics_internal.llm_call_problem(i analytics_internal.llm_call_item) RETURNS text[]
LANGUAGE sql STABLE PARALLEL SAFE COST 20
    RETURN coalesce(
        analytics_internal.text_problem('call_id', i.call_id, 200, false),
        analytics_internal.count_problem('input_tokens', i.input_tokens),
        analytics_internal.count_problem('output_tokens', i.output_tokens),
        analytics_internal.count_problem('cache_read_tokens', i.cache_read_tokens),
        analytics_internal.count_problem('cache_creation_tokens', i.cache_creation_tokens),
        analytics_internal.count_problem('reasoning_tokens', i.reasoning_tokens),
        CASE WHEN i.cache_read_tokens > i.input_tokens - i.cache_creation_tokens
             THEN ARRAY['input_tokens', format('at least %s, cache_read_tokens and cache_creation_tokens included',
                                               i.cache_read_tokens + i.cache_creation_tokens), i.input_tokens::text]
             WHEN i.reasoning_tokens > i.output_tokens
             THEN ARRAY['output_tokens', format('at least %s, reasoning_tokens included', i.reasoning_tokens), i.output_tokens::text]
             WHEN NOT (i.latency_ms >= 0 AND i.latency_ms < 1e15)
             THEN ARRAY['latency_ms', 'a number from 0 to below 10^15', i.latency_ms::text] END,
        analytics_internal.amount_problem('cost_usd', i.cost_usd, false),
        analytics_internal.text_problem('model', i.model, 200, false),
        analytics_internal.text_problem('provider', i.provider, 200, false),
        analytics_internal.text_problem('error_type', i.error_type, 200, false),
        analytics_internal.text_problem('agent_id', i.agent_id, 200, false),
        analytics_internal.text_problem('task_id', i.task_id, 200, false),
        analytics_internal.text_problem('run_id', i.run_id, 200, false),
        analytics_internal.text_problem('user_id', i.user_id, 200, false),
        analytics_internal.instant_problem('created_at', i.created_at));
COMMENT ON FUNCTION analytics_internal.llm_call_problem(analytics_internal.llm_call_item) IS
'What is wrong with a call; NULL if nothing.';

-- Volatile: each of its looks sees what has been committed up to then.
CREATE OR REPLACE FUNCTION analytics_internal.is_recorded_call(i analytics_internal.llm_call_item) RETURNS boolean
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT (c.model, c.provider, c.input_tokens, c.output_tokens, c.cache_read_tokens, c.cache_creation_tokens,
                    c.reasoning_tokens, c.latency_ms, c.success, c.error_type, c.agent_id, c.task_id, c.run_id, c.user_id)
                   IS NOT DISTINCT FROM
                   (i.model, i.provider, i.input_tokens, i.output_tokens, i.cache_read_tokens,
                    i.cache_creation_tokens, i.reasoning_tokens, i.latency_ms, i.success,
                    i.error_type, i.agent_id, i.task_id, i.run_id, i.user_id)
               AND c.created_at = coalesce(i.created_at, c.created_at)
               AND CASE WHEN i.cost_usd IS NULL THEN c.cost_source IN ('computed', 'unpriced')
                        ELSE c.cost_usd IS NOT DISTINCT FROM i.cost_usd AND c.cost_source IN ('provider', 'estimated') END
            FROM analytics_data.llm_calls c
            WHERE c.tenant_id = (SELECT analytics.current_tenant()) AND c.call_id = i.call_id);
END $$;
COMMENT ON FUNCTION analytics_internal.is_recorded_call(analytics_internal.llm_call_item) IS
'Whether the call is recorded with the same content; NULL when no call has its id.
What was not given (time, cost) differs from nothing.';

CREATE OR REPLACE FUNCTION analytics_internal.insert_llm_calls(calls analytics_internal.llm_call_item[]) RETURNS text[]
LANGUAGE sql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
WITH inserted AS (
    INSERT INTO analytics_data.llm_calls (tenant_id, call_id, created_at, agent_id, task_id, run_id, user_id, provider, model,
        input_tokens, output_tokens, cache_read_tokens, cache_creation_tokens, reasoning_tokens, cost_usd, latency_ms,
        success, error_type)
    SELECT DISTINCT ON (i.call_id) (SELECT analytics.current_tenant()), i.call_id, coalesce(i.created_at, now()), i.agent_id,
           i.task_id, i.run_id, i.user_id, i.provider, i.model, i.input_tokens, i.output_tokens,
           i.cache_read_tokens, i.cache_creation_tokens, i.reasoning_tokens, i.cost_usd,
           i.latency_ms, i.success, i.error_type
    FROM unnest(calls) i WHERE i.problem IS NULL ORDER BY i.call_id, i.index
    ON CONFLICT DO NOTHING RETURNING call_id)
SELECT array_agg(call_id) FROM inserted
$$;
COMMENT ON FUNCTION analytics_internal.insert_llm_calls(analytics_internal.llm_call_item[]) IS
'Inserts the calls that have no problem, the first of each id, and returns the ids that were new.';

CREATE OR REPLACE FUNCTION analytics_internal.record_llm_call_batch(items jsonb)
RETURNS TABLE (index integer, id text, outcome text, message text)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 1000 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    calls analytics_internal.llm_call_item[] := ARRAY(
        SELECT ROW(c.index, p.problem, coalesce(c.call_id, CASE WHEN p.problem IS NULL THEN gen_random_uuid()::text END),
                   c.model, c.provider, c.input_tokens, c.output_tokens, c.cache_read_tokens, c.cache_creation_tokens,
                   c.reasoning_tokens, c.cost_usd, c.latency_ms, c.success, c.error_type, c.agent_id, c.task_id, c.run_id,
                   c.user_id, c.created_at)::analytics_internal.llm_call_item
        FROM (SELECT i.index, i.message, i.call_id, i.model, i.provider, coalesce(i.input_tokens, 0) AS input_tokens,
                     coalesce(i.output_tokens, 0) AS output_tokens, coalesce(i.cache_read_tokens, 0) AS cache_read_tokens,
                     coalesce(i.cache_creation_tokens, 0) AS cache_creation_tokens,
                     coalesce(i.reasoning_tokens, 0) AS reasoning_tokens, i.cost_usd, i.latency_ms,
                     coalesce(i.success, true) AS success, i.error_type, i.agent_id, i.task_id, i.run_id, i.user_id, i.created_at
              FROM analytics_internal.read_items(items, '{}') AS i(index integer, message text, call_id text, model text,
                  provider text, input_tokens bigint, output_tokens bigint, cache_read_tokens bigint,
                  cache_creation_tokens bigint, reasoning_tokens bigint, cost_usd numeric, latency_ms double precision,
                  success boolean, error_type text, agent_id text, task_id text, run_id text, user_id text,
                  created_at timestamptz) OFFSET 0) c,
             LATERAL (SELECT coalesce(c.message, analytics_internal.problem_text(analytics_internal.llm_call_problem(
                          ROW(c.*)::analytics_internal.llm_call_item))) AS problem OFFSET 0) p
        ORDER BY c.index);
    inserted text[] := analytics_internal.insert_llm_calls(calls);
BEGIN
    RETURN QUERY
    WITH new AS MATERIALIZED (
        SELECT min(c.index) AS index FROM unnest(calls) c JOIN unnest(inserted) n(id) ON n.id = c.call_id
        WHERE c.problem IS NULL GROUP BY c.call_id),
    judged AS MATERIALIZED (
        SELECT c.index, c.call_id, c.problem, CASE
                   WHEN c.problem IS NOT NULL THEN 'rejected'
                   WHEN n.index IS NOT NULL THEN 'accepted'
                   WHEN analytics_internal.is_recorded_call(c) THEN 'duplicate'
                   ELSE 'rejected' END AS outcome
        FROM unnest(calls) c LEFT JOIN new n ON n.index = c.index)
    SELECT j.index, j.call_id, j.outcome, CASE j.outcome WHEN 'rejected' THEN
               coalesce(j.problem, format('call_id must be new, but call %s is recorded with other content', j.call_id)) END
    FROM judged j ORDER BY j.index;
END $$;
COMMENT ON FUNCTION analytics_internal.record_llm_call_batch(jsonb) IS
'Records calls of models with one INSERT, for record_batch.
items: a JSON array of objects whose keys are the arguments of record_llm_call. One row an item: accepted, duplicate or rejected, and why.';

CREATE OR REPLACE FUNCTION analytics.record_llm_call(call_id text DEFAULT NULL, model text DEFAULT NULL, provider text DEFAULT NULL,
    input_tokens bigint DEFAULT 0, output_tokens bigint DEFAULT 0, cache_read_tokens bigint DEFAULT 0,
    cache_creation_tokens bigint DEFAULT 0, reasoning_tokens bigint DEFAULT 0, cost_usd numeric DEFAULT NULL,
    latency_ms double precision DEFAULT NULL, success boolean DEFAULT true, error_type text DEFAULT NULL,
    agent_id text DEFAULT NULL, task_id text DEFAULT NULL, run_id text DEFAULT NULL, user_id text DEFAULT NULL,
    created_at timestamptz DEFAULT NULL) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    call analytics_internal.llm_call_item := ROW(0, NULL, coalesce(call_id, gen_random_uuid()::text), model, provider,
        coalesce(input_tokens, 0), coalesce(output_tokens, 0), coalesce(cache_read_tokens, 0), coalesce(cache_creation_tokens, 0),
        coalesce(reasoning_tokens, 0), cost_usd, latency_ms, coalesce(success, true), error_type, agent_id, task_id, run_id,
        user_id, created_at);
    problem text[] := analytics_internal.llm_call_problem(call);
BEGIN
    IF problem IS NOT NULL THEN
        PERFORM analytics_internal.refuse(problem);
    END IF;
    IF analytics_internal.insert_llm_calls(ARRAY[call]) IS NULL AND analytics_internal.is_recorded_call(call) IS NOT TRUE THEN
        RAISE EXCEPTION 'call % is recorded with other content', call.call_id USING ERRCODE = '23505',
            HINT = 'A call is recorded once. Pass another call_id, or the same content to try again.';
    END IF;
    RETURN call.call_id;
END $$;
COMMENT ON FUNCTION analytics.record_llm_call(text, text, text, bigint, bigint, bigint, bigint, bigint, numeric, double precision,
    boolean, text, text, text, text, text, timestamptz) IS
'Records a call of a language model and returns its id.
call_id: the caller''s id, made up when NULL; the same id with the same content again changes nothing. model, provider: as the provider names them; openai/gpt-4o is understood. input_tokens include cache_read_tokens and cache_creation_tokens, output_tokens include reasoning_tokens (OpenTelemetry). cost_usd: what the provider charged, in US dollars; when NULL it is computed from analytics_data.model_prices, exactly, and stays NULL where there is no price. latency_ms: milliseconds. success, error_type: whether and how it failed. agent_id, task_id, run_id, user_id: for whom. created_at: when, now when NULL.
Example: SELECT analytics.record_llm_call(model => ''gpt-4o'', input_tokens => 1000, output_tokens => 200, agent_id => ''writer'');
Errors: 22023 for a negative or inconsistent number or a text above 200 characters; 23505 when the id is recorded with other content.';
