-- Recording calls of models, one or many.

-- What may be wrong about a call is said by llm_call_problem alone. Numbers are numeric here, so that it sees them
-- before they are rounded or overflow.
CREATE TYPE analytics_internal.llm_call_item AS (
    index integer, problem text, call_id text, model text, provider text, input_tokens numeric, output_tokens numeric,
    cache_read_tokens numeric, cache_creation_tokens numeric, reasoning_tokens numeric, cost_usd numeric,
    latency_ms numeric, success boolean, error_type text, agent_id text, task_id text, run_id text, user_id text,
    created_at timestamptz);
COMMENT ON TYPE analytics_internal.llm_call_item IS 'A call as it came, with what is wrong about it.';

CREATE OR REPLACE FUNCTION analytics_internal.read_number(given text) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 2
RETURN CASE WHEN length(given) < 1000 AND given ~ '^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$' THEN given::numeric END;
COMMENT ON FUNCTION analytics_internal.read_number(text) IS
'The number that a text is, else NULL.';

CREATE OR REPLACE FUNCTION analytics_internal.read_instant(given text) RETURNS timestamptz
LANGUAGE plpgsql STABLE PARALLEL UNSAFE STRICT COST 5 SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN given::timestamptz;
EXCEPTION WHEN data_exception THEN
    RETURN NULL;
END $$;
COMMENT ON FUNCTION analytics_internal.read_instant(text) IS
'The instant that a text is, else NULL.';

CREATE OR REPLACE FUNCTION analytics_internal.count_problem(name text, value numeric) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE COST 1
RETURN CASE WHEN value IS NULL OR NOT (value >= 0 AND value <= 9007199254740991 AND value = trunc(value))
            THEN name || ' must be a whole number from 0 to 9007199254740991, not ' || coalesce(value::text, 'NULL') END;
COMMENT ON FUNCTION analytics_internal.count_problem(text, numeric) IS
'What is wrong about a count, or NULL.';

CREATE OR REPLACE FUNCTION analytics_internal.amount_problem(name text, value numeric) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE COST 1
RETURN CASE WHEN NOT (value >= 0 AND value <= 1e15)
            THEN name || ' must be between 0 and 10^15, not ' || value::text END;
COMMENT ON FUNCTION analytics_internal.amount_problem(text, numeric) IS
'What is wrong about an amount of money or time, or NULL; NULL is no problem.';

CREATE OR REPLACE FUNCTION analytics_internal.name_problem(name text, value text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE COST 1
RETURN CASE WHEN length(value) > 255 THEN name || ' must be at most 255 characters long, not ' || length(value)
            WHEN value = '' THEN name || ' must not be empty' END;
COMMENT ON FUNCTION analytics_internal.name_problem(text, text) IS
'What is wrong about an id or a name, or NULL; NULL is no problem.';

CREATE OR REPLACE FUNCTION analytics_internal.instant_problem(name text, value timestamptz) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE COST 1
RETURN CASE WHEN NOT isfinite(value) THEN name || ' must be a finite instant, not ' || CASE WHEN value > '2000-01-01Z' THEN 'infinity' ELSE '-infinity' END END;
COMMENT ON FUNCTION analytics_internal.instant_problem(text, timestamptz) IS
'What is wrong about an instant, or NULL; NULL is no problem.';

CREATE OR REPLACE FUNCTION analytics_internal.llm_call_problem(i analytics_internal.llm_call_item) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE COST 20
RETURN coalesce(
    analytics_internal.name_problem('call_id', i.call_id),
    analytics_internal.count_problem('input_tokens', i.input_tokens),
    analytics_internal.count_problem('output_tokens', i.output_tokens),
    analytics_internal.count_problem('cache_read_tokens', i.cache_read_tokens),
    analytics_internal.count_problem('cache_creation_tokens', i.cache_creation_tokens),
    analytics_internal.count_problem('reasoning_tokens', i.reasoning_tokens),
    CASE WHEN i.cache_read_tokens + i.cache_creation_tokens > i.input_tokens
         THEN format('input_tokens must include the cached ones, at least %s, not %s', i.cache_read_tokens + i.cache_creation_tokens, i.input_tokens)
         WHEN i.reasoning_tokens > i.output_tokens
         THEN format('output_tokens must include reasoning_tokens, at least %s, not %s', i.reasoning_tokens, i.output_tokens)
         WHEN i.success IS NULL THEN 'success must be true or false, not NULL' END,
    analytics_internal.amount_problem('cost_usd', i.cost_usd),
    analytics_internal.amount_problem('latency_ms', i.latency_ms),
    analytics_internal.name_problem('model', i.model),
    analytics_internal.name_problem('provider', i.provider),
    analytics_internal.name_problem('error_type', i.error_type),
    analytics_internal.name_problem('agent_id', i.agent_id),
    analytics_internal.name_problem('task_id', i.task_id),
    analytics_internal.name_problem('run_id', i.run_id),
    analytics_internal.name_problem('user_id', i.user_id),
    analytics_internal.instant_problem('created_at', i.created_at));
COMMENT ON FUNCTION analytics_internal.llm_call_problem(analytics_internal.llm_call_item) IS
'What is wrong about a call, or NULL.';

CREATE OR REPLACE FUNCTION analytics_internal.item_problem(item jsonb, keys text[]) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE COST 2
RETURN CASE WHEN jsonb_typeof(item) <> 'object' THEN 'an item must be an object, not ' || jsonb_typeof(item)
            WHEN item - keys <> '{}' THEN (SELECT format('%s is not an argument; there are %s', k, array_to_string(keys, ', '))
                                           FROM jsonb_object_keys(item - keys) k ORDER BY k LIMIT 1) END;
COMMENT ON FUNCTION analytics_internal.item_problem(jsonb, text[]) IS
'What is wrong about the shape of an item of a batch, or NULL.
item: the item; keys: what it may have.';

CREATE OR REPLACE FUNCTION analytics_internal.unreadable(name text, given text, value anyelement, kind text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE COST 1 AS $$
SELECT CASE WHEN given IS NOT NULL AND value IS NULL THEN name || ' must be ' || kind || ', not ' || pg_catalog.left(given, 100) END
$$;
COMMENT ON FUNCTION analytics_internal.unreadable(text, text, anyelement, text) IS
'Says that a text could not be read as a value, or NULL.
name: of the argument; given: the text; value: what it was read as; kind: what it should be.';

CREATE OR REPLACE FUNCTION analytics_internal.read_llm_calls(items jsonb) RETURNS SETOF analytics_internal.llm_call_item
LANGUAGE sql STABLE PARALLEL UNSAFE ROWS 1000 SET search_path = pg_catalog, pg_temp AS $$
WITH texts AS MATERIALIZED (
    SELECT e.ordinality - 1 AS index, analytics_internal.item_problem(e.item, '{call_id,model,provider,input_tokens,output_tokens,'
               'cache_read_tokens,cache_creation_tokens,reasoning_tokens,cost_usd,latency_ms,success,error_type,agent_id,'
               'task_id,run_id,user_id,created_at}') AS problem, t.*,
           analytics_internal.read_number(t.input_tokens) AS n_input, analytics_internal.read_number(t.output_tokens) AS n_output,
           analytics_internal.read_number(t.cache_read_tokens) AS n_read, analytics_internal.read_number(t.cache_creation_tokens) AS n_creation,
           analytics_internal.read_number(t.reasoning_tokens) AS n_reasoning, analytics_internal.read_number(t.cost_usd) AS n_cost,
           analytics_internal.read_number(t.latency_ms) AS n_latency, analytics_internal.read_instant(t.created_at) AS created,
           CASE WHEN t.success IN ('true', 'false') THEN t.success::boolean END AS succeeded
    FROM jsonb_array_elements(items) WITH ORDINALITY e(item, ordinality),
         jsonb_to_record(CASE WHEN jsonb_typeof(e.item) = 'object' THEN e.item ELSE '{}' END) AS t(call_id text, model text,
             provider text, input_tokens text, output_tokens text, cache_read_tokens text, cache_creation_tokens text,
             reasoning_tokens text, cost_usd text, latency_ms text, success text, error_type text, agent_id text,
             task_id text, run_id text, user_id text, created_at text)),
calls AS MATERIALIZED (
    SELECT ROW(t.index, coalesce(t.problem,
                   analytics_internal.unreadable('input_tokens', t.input_tokens, t.n_input, 'a number'),
                   analytics_internal.unreadable('output_tokens', t.output_tokens, t.n_output, 'a number'),
                   analytics_internal.unreadable('cache_read_tokens', t.cache_read_tokens, t.n_read, 'a number'),
                   analytics_internal.unreadable('cache_creation_tokens', t.cache_creation_tokens, t.n_creation, 'a number'),
                   analytics_internal.unreadable('reasoning_tokens', t.reasoning_tokens, t.n_reasoning, 'a number'),
                   analytics_internal.unreadable('cost_usd', t.cost_usd, t.n_cost, 'a number'),
                   analytics_internal.unreadable('latency_ms', t.latency_ms, t.n_latency, 'a number'),
                   analytics_internal.unreadable('success', t.success, t.succeeded, 'true or false'),
                   analytics_internal.unreadable('created_at', t.created_at, t.created, 'an instant')),
               t.call_id, t.model, t.provider, coalesce(t.n_input, 0), coalesce(t.n_output, 0),
               coalesce(t.n_read, 0), coalesce(t.n_creation, 0), coalesce(t.n_reasoning, 0), t.n_cost, t.n_latency,
               coalesce(t.succeeded, true), t.error_type, t.agent_id, t.task_id, t.run_id, t.user_id,
               t.created)::analytics_internal.llm_call_item AS call
    FROM texts t)
SELECT (call).index, p.problem, coalesce((call).call_id, CASE WHEN p.problem IS NULL THEN gen_random_uuid()::text END),
       (call).model, (call).provider, (call).input_tokens, (call).output_tokens, (call).cache_read_tokens, (call).cache_creation_tokens,
       (call).reasoning_tokens, (call).cost_usd, (call).latency_ms, (call).success, (call).error_type, (call).agent_id,
       (call).task_id, (call).run_id, (call).user_id, (call).created_at
FROM calls, LATERAL (SELECT coalesce((call).problem, analytics_internal.llm_call_problem(call)) AS problem OFFSET 0) p
$$;
COMMENT ON FUNCTION analytics_internal.read_llm_calls(jsonb) IS
'The calls that a JSON array says, each with what is wrong about it.
items: an array of objects whose keys are the arguments of record_llm_call.';

-- Volatile: each of its looks sees what has been committed up to then.
CREATE OR REPLACE FUNCTION analytics_internal.is_recorded_call(i analytics_internal.llm_call_item) RETURNS boolean
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT (c.model, c.provider, c.input_tokens, c.output_tokens, c.cache_read_tokens, c.cache_creation_tokens,
                    c.reasoning_tokens, c.latency_ms, c.success, c.error_type, c.agent_id, c.task_id, c.run_id, c.user_id)
                   IS NOT DISTINCT FROM
                   (i.model, i.provider, i.input_tokens::bigint, i.output_tokens::bigint, i.cache_read_tokens::bigint,
                    i.cache_creation_tokens::bigint, i.reasoning_tokens::bigint, i.latency_ms::double precision, i.success,
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
           i.task_id, i.run_id, i.user_id, i.provider, i.model, i.input_tokens::bigint, i.output_tokens::bigint,
           i.cache_read_tokens::bigint, i.cache_creation_tokens::bigint, i.reasoning_tokens::bigint, i.cost_usd,
           i.latency_ms::double precision, i.success, i.error_type
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
    calls analytics_internal.llm_call_item[] := ARRAY(SELECT c FROM analytics_internal.read_llm_calls(items) c);
    inserted text[];
    call analytics_internal.llm_call_item;
BEGIN
    BEGIN
        inserted := analytics_internal.insert_llm_calls(calls);
    EXCEPTION WHEN integrity_constraint_violation OR data_exception THEN
        -- Something that only the table knows (a constraint or trigger of its owner's): find out whose fault it is.
        FOREACH call IN ARRAY calls LOOP
            CONTINUE WHEN call.problem IS NOT NULL;
            BEGIN
                inserted := inserted || analytics_internal.insert_llm_calls(ARRAY[call]);
            EXCEPTION WHEN integrity_constraint_violation OR data_exception THEN
                calls[call.index + 1].problem := SQLERRM;
            END;
        END LOOP;
    END;
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
    SELECT j.index, j.call_id, j.outcome,
           CASE j.outcome WHEN 'rejected' THEN coalesce(j.problem, format('call %s is recorded with other content', j.call_id)) END
    FROM judged j ORDER BY j.index;
END $$;
COMMENT ON FUNCTION analytics_internal.record_llm_call_batch(jsonb) IS
'record_llm_call for many: one INSERT.
items: an array of objects whose keys are its arguments. Result: a row an item, its place from 0, its id, and the outcome: accepted, duplicate, or rejected with a message.';

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
BEGIN
    PERFORM analytics_internal.refuse_if(analytics_internal.llm_call_problem(call),
        'Tokens are counted as OpenTelemetry does: input_tokens include cached ones, output_tokens include reasoning.');
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
Errors: 22023 for a negative or inconsistent number or a text above 255 characters; 23505 when the id is recorded with other content.';
