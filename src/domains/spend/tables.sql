-- The tables of spend: calls, tasks, agents, prices, budgets. Made by install() as objects of its caller.

CREATE OR REPLACE FUNCTION analytics_internal.install_spend() RETURNS SETOF text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $install$
BEGIN
    -- NaN is greater than every number, so "< Infinity" refuses both. Sums of tokens are written as differences of what
    -- is not negative, which cannot overflow.
    RETURN QUERY SELECT analytics_internal.ensure_table('analytics_data.llm_calls', $columns$
        call_id text NOT NULL DEFAULT gen_random_uuid()::text,
        created_at timestamptz NOT NULL DEFAULT now(),
        agent_id text, task_id text, run_id text, user_id text, provider text, model text,
        input_tokens bigint NOT NULL DEFAULT 0,
        output_tokens bigint NOT NULL DEFAULT 0,
        cache_read_tokens bigint NOT NULL DEFAULT 0,
        cache_creation_tokens bigint NOT NULL DEFAULT 0,
        reasoning_tokens bigint NOT NULL DEFAULT 0,
        cost_usd numeric,
        cost_source text NOT NULL,
        price_id bigint,
        latency_ms double precision,
        success boolean NOT NULL DEFAULT true,
        error_type text,
        PRIMARY KEY (tenant_id, call_id),
        CONSTRAINT llm_calls_id_length CHECK (length(call_id) BETWEEN 1 AND 200),
        CONSTRAINT llm_calls_time_finite CHECK (isfinite(created_at)),
        CONSTRAINT llm_calls_tokens_in_range CHECK (input_tokens BETWEEN 0 AND 9007199254740991
            AND output_tokens BETWEEN 0 AND 9007199254740991
            AND cache_read_tokens >= 0 AND cache_creation_tokens >= 0 AND reasoning_tokens >= 0),
        CONSTRAINT llm_calls_input_includes_cache CHECK (input_tokens < 0 OR cache_creation_tokens < 0
            OR cache_read_tokens <= input_tokens - cache_creation_tokens),
        CONSTRAINT llm_calls_output_includes_reasoning CHECK (output_tokens < 0 OR reasoning_tokens <= output_tokens),
        CONSTRAINT llm_calls_cost_finite CHECK (cost_usd >= 0 AND cost_usd < 'Infinity'),
        CONSTRAINT llm_calls_cost_source CHECK (CASE cost_source
            WHEN 'provider' THEN cost_usd IS NOT NULL AND price_id IS NULL
            WHEN 'estimated' THEN cost_usd IS NOT NULL
            WHEN 'computed' THEN cost_usd IS NOT NULL AND price_id IS NOT NULL
            WHEN 'unpriced' THEN cost_usd IS NULL AND price_id IS NULL
            ELSE false END),
        CONSTRAINT llm_calls_latency_finite CHECK (latency_ms >= 0 AND latency_ms < 'Infinity')
    $columns$, 'Calls of language models: who asked which model for whom, the tokens, the cost, how long it took.');
    RETURN QUERY SELECT analytics_internal.ensure_index('analytics_data', 'llm_calls_tenant_time',
        'ON analytics_data.llm_calls (tenant_id, created_at)');
    RETURN QUERY SELECT analytics_internal.ensure_index('analytics_data', 'llm_calls_time',
        'ON analytics_data.llm_calls (created_at)');
    RETURN QUERY SELECT analytics_internal.ensure_comments('analytics_data.llm_calls', jsonb_build_object(
        'call_id', 'The caller''s id of the call, unique within the tenant; made up when not given.',
        'created_at', 'When the call was made; now when not given.',
        'agent_id', 'The agent that made it.',
        'task_id', 'The task it was made for.',
        'run_id', 'The run it belongs to.',
        'user_id', 'The person it was made for.',
        'provider', 'Who ran the model: openai, anthropic, azure, ...',
        'model', 'The model, as the caller names it.',
        'input_tokens', 'All input tokens, those read from and written to the cache included (OpenTelemetry).',
        'output_tokens', 'All output tokens, reasoning included (OpenTelemetry).',
        'cache_read_tokens', 'Input tokens that were read from the provider''s cache.',
        'cache_creation_tokens', 'Input tokens that were written to the provider''s cache.',
        'reasoning_tokens', 'Output tokens spent on reasoning.',
        'cost_usd', 'US dollars, exact. Computed from model_prices when not given; NULL when there is no price.',
        'cost_source', 'provider (given by the caller), estimated (given, and said to be), computed (from price_id), unpriced.',
        'price_id', 'The row of model_prices that the cost was computed from.',
        'latency_ms', 'Milliseconds from request to answer.',
        'success', 'False when the call failed.',
        'error_type', 'What kind of failure.'));

    RETURN QUERY SELECT analytics_internal.ensure_table('analytics_data.task_records', $columns$
        task_id text NOT NULL,
        agent_id text NOT NULL,
        task_type text,
        status text NOT NULL,
        started_at timestamptz,
        completed_at timestamptz,
        duration_ms double precision,
        cost_usd numeric,
        success boolean,
        PRIMARY KEY (tenant_id, task_id),
        CONSTRAINT task_records_id_length CHECK (length(task_id) BETWEEN 1 AND 200 AND length(agent_id) BETWEEN 1 AND 200),
        CONSTRAINT task_records_status CHECK (status IN ('pending', 'running', 'completed', 'failed', 'cancelled')),
        CONSTRAINT task_records_completed_when_ended CHECK (
            (completed_at IS NOT NULL) = (status IN ('completed', 'failed', 'cancelled'))),
        CONSTRAINT task_records_time_finite CHECK (isfinite(started_at) AND isfinite(completed_at)),
        CONSTRAINT task_records_time_order CHECK (completed_at >= started_at),
        CONSTRAINT task_records_duration_finite CHECK (duration_ms >= 0 AND duration_ms < 'Infinity'),
        CONSTRAINT task_records_cost_finite CHECK (cost_usd >= 0 AND cost_usd < 'Infinity')
    $columns$, 'Tasks of agents, from pending to their end. One task is one row.');
    RETURN QUERY SELECT analytics_internal.ensure_index('analytics_data', 'task_records_tenant_completed',
        'ON analytics_data.task_records (tenant_id, completed_at)');
    RETURN QUERY SELECT analytics_internal.ensure_index('analytics_data', 'task_records_completed',
        'ON analytics_data.task_records (completed_at)');
    RETURN QUERY SELECT analytics_internal.ensure_index('analytics_data', 'task_records_tenant_started',
        'ON analytics_data.task_records (tenant_id, started_at)');
    RETURN QUERY SELECT analytics_internal.ensure_index('analytics_data', 'task_records_started',
        'ON analytics_data.task_records (started_at)');
    -- What a trend must look at beside its rollups: tasks that are open, and those that last longer than its buckets.
    RETURN QUERY SELECT analytics_internal.ensure_index('analytics_data', 'task_records_open',
        'ON analytics_data.task_records (tenant_id) WHERE completed_at IS NULL');
    RETURN QUERY SELECT analytics_internal.ensure_index('analytics_data', 'task_records_long',
        'ON analytics_data.task_records (tenant_id, completed_at) WHERE completed_at - started_at >= interval ''30 minutes''');
    RETURN QUERY SELECT analytics_internal.ensure_comments('analytics_data.task_records', jsonb_build_object(
        'task_id', 'The caller''s id of the task, unique within the tenant.',
        'agent_id', 'The agent that works on it.',
        'task_type', 'What kind of task, in the caller''s words.',
        'status', 'pending, running, completed, failed or cancelled.',
        'started_at', 'When work on it began; NULL when unknown or not yet.',
        'completed_at', 'When it ended, whichever way. Now when not given with a status that is an end.',
        'duration_ms', 'Milliseconds from started_at to completed_at when not given.',
        'cost_usd', 'US dollars, exact.',
        'success', 'True for completed, false for failed, NULL otherwise, when not given.'));

    RETURN QUERY SELECT analytics_internal.ensure_table('analytics_data.agent_status_log', $columns$
        agent_id text NOT NULL,
        status text NOT NULL,
        observed_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (tenant_id, agent_id, observed_at),
        CONSTRAINT agent_status_log_id_length CHECK (length(agent_id) BETWEEN 1 AND 200),
        CONSTRAINT agent_status_log_status CHECK (status IN ('active', 'idle', 'offline')),
        CONSTRAINT agent_status_log_time_finite CHECK (isfinite(observed_at))
    $columns$, 'What agents were observed doing, and when.');
    RETURN QUERY SELECT analytics_internal.ensure_index('analytics_data', 'agent_status_log_tenant_time',
        'ON analytics_data.agent_status_log (tenant_id, observed_at)');
    RETURN QUERY SELECT analytics_internal.ensure_index('analytics_data', 'agent_status_log_time',
        'ON analytics_data.agent_status_log (observed_at)');
    RETURN QUERY SELECT analytics_internal.ensure_comments('analytics_data.agent_status_log', jsonb_build_object(
        'agent_id', 'The agent.',
        'status', 'active, idle or offline.',
        'observed_at', 'When it was observed; now when not given.'));

    RETURN QUERY SELECT analytics_internal.ensure_table('analytics_data.agents', $columns$
        agent_id text NOT NULL,
        enabled boolean NOT NULL DEFAULT true,
        PRIMARY KEY (tenant_id, agent_id),
        CONSTRAINT agents_id_length CHECK (length(agent_id) BETWEEN 1 AND 200)
    $columns$, 'The register of agents. An agent needs no row: whoever made a call, had a task or was observed is known, and enabled.');
    RETURN QUERY SELECT analytics_internal.ensure_comments('analytics_data.agents', jsonb_build_object(
        'agent_id', 'The agent.',
        'enabled', 'False: the agent is not counted as idle.'));

    RETURN QUERY SELECT analytics_internal.ensure_table('analytics_data.model_prices', $columns$
        price_id bigint NOT NULL GENERATED BY DEFAULT AS IDENTITY,
        provider text,
        model text NOT NULL,
        valid_from timestamptz NOT NULL DEFAULT '-infinity',
        valid_to timestamptz,
        input_usd_per_mtok numeric,
        output_usd_per_mtok numeric,
        cache_read_usd_per_mtok numeric,
        cache_creation_usd_per_mtok numeric,
        source text,
        PRIMARY KEY (tenant_id, price_id),
        CONSTRAINT model_prices_once UNIQUE NULLS NOT DISTINCT (model, tenant_id, provider, valid_from),
        CONSTRAINT model_prices_name_length CHECK (length(model) BETWEEN 1 AND 200 AND length(provider) BETWEEN 1 AND 200),
        CONSTRAINT model_prices_time_order CHECK (valid_to > valid_from),
        CONSTRAINT model_prices_something CHECK (num_nonnulls(input_usd_per_mtok, output_usd_per_mtok) > 0),
        CONSTRAINT model_prices_finite CHECK (input_usd_per_mtok >= 0 AND input_usd_per_mtok < 'Infinity'
            AND output_usd_per_mtok >= 0 AND output_usd_per_mtok < 'Infinity'
            AND cache_read_usd_per_mtok >= 0 AND cache_read_usd_per_mtok < 'Infinity'
            AND cache_creation_usd_per_mtok >= 0 AND cache_creation_usd_per_mtok < 'Infinity')
    $columns$, 'What models cost. Rows of tenant ''*'' ship with the extension and hold for everyone; a tenant''s own rows go first.');
    RETURN QUERY SELECT analytics_internal.ensure_table('analytics_data.model_aliases', $columns$
        alias text NOT NULL,
        provider text,
        model text NOT NULL,
        PRIMARY KEY (tenant_id, alias),
        CONSTRAINT model_aliases_name_length CHECK (length(alias) BETWEEN 1 AND 200 AND length(model) BETWEEN 1 AND 200
            AND length(provider) BETWEEN 1 AND 200)
    $columns$, 'Other names of models: a call of the alias costs what model_prices says of the model.');
    RETURN QUERY SELECT analytics_internal.ensure_common_rows('analytics_data.model_prices');
    RETURN QUERY SELECT analytics_internal.ensure_common_rows('analytics_data.model_aliases');
    RETURN QUERY SELECT analytics_internal.ensure_comments('analytics_data.model_prices', jsonb_build_object(
        'price_id', 'What llm_calls.price_id names.',
        'provider', 'Who runs the model; NULL: whoever runs it.',
        'model', 'The model.',
        'valid_from', 'From when on the price holds; always when not given. Of several the latest holds.',
        'valid_to', 'Until when, exclusive; NULL: until a later row takes over.',
        'input_usd_per_mtok', 'US dollars per million input tokens.',
        'output_usd_per_mtok', 'US dollars per million output tokens.',
        'cache_read_usd_per_mtok', 'The same for tokens read from the cache; NULL: the input price.',
        'cache_creation_usd_per_mtok', 'The same for tokens written to the cache; NULL: the input price.',
        'source', 'Where the price was read, and when.'));
    RETURN QUERY SELECT analytics_internal.ensure_comments('analytics_data.model_aliases', jsonb_build_object(
        'alias', 'The name that calls use.',
        'provider', 'The provider whose price holds; NULL: the call''s own.',
        'model', 'The name that model_prices uses.'));
    RETURN QUERY SELECT analytics_internal.load_shipped_prices();

    RETURN QUERY SELECT analytics_internal.ensure_table('analytics_data.budgets', $columns$
        budget_id text NOT NULL,
        amount_usd numeric NOT NULL,
        period text NOT NULL DEFAULT 'month',
        time_zone text NOT NULL DEFAULT 'UTC',
        scope jsonb NOT NULL DEFAULT '{}',
        starts_at timestamptz,
        ends_at timestamptz,
        reserved_at timestamptz,
        PRIMARY KEY (tenant_id, budget_id),
        CONSTRAINT budgets_id_length CHECK (length(budget_id) BETWEEN 1 AND 200),
        CONSTRAINT budgets_amount_finite CHECK (amount_usd >= 0 AND amount_usd < 'Infinity'),
        CONSTRAINT budgets_period CHECK (period IN ('day', 'week', 'month', 'total')),
        CONSTRAINT budgets_scope CHECK (scope - '{agent_id,user_id,model,task_id}'::text[] = '{}'
            AND NOT jsonb_path_exists(scope, '$.* ? (@.type() != "string")')),
        CONSTRAINT budgets_time_finite CHECK (isfinite(starts_at) AND isfinite(ends_at)),
        CONSTRAINT budgets_time_order CHECK (ends_at > starts_at)
    $columns$, 'How much may be spent, in which period, on what.');
    RETURN QUERY SELECT analytics_internal.ensure_comments('analytics_data.budgets', jsonb_build_object(
        'budget_id', 'The caller''s id of the budget; `default` is the one that is meant when none is named.',
        'amount_usd', 'The limit of a period in US dollars.',
        'period', 'day, week (from Monday), month or total.',
        'time_zone', 'In which the periods begin.',
        'scope', 'What it is for, any of the keys agent_id, user_id, model, task_id; {} is everything.',
        'starts_at', 'From when on it holds; NULL: ever since.',
        'ends_at', 'Until when, exclusive; NULL: for good.',
        'reserved_at', 'When reserve_budget last took from it. Each reservation writes it, so that two never pass each other.'));

    RETURN QUERY SELECT analytics_internal.ensure_table('analytics_data.budget_reservations', $columns$
        reservation_id text NOT NULL,
        amount_usd numeric NOT NULL,
        scope jsonb NOT NULL DEFAULT '{}',
        budget_id text,
        created_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz NOT NULL,
        settled_at timestamptz,
        settled_usd numeric,
        PRIMARY KEY (tenant_id, reservation_id),
        CONSTRAINT budget_reservations_id_length CHECK (length(reservation_id) BETWEEN 1 AND 200),
        CONSTRAINT budget_reservations_finite CHECK (amount_usd >= 0 AND amount_usd < 'Infinity'
            AND settled_usd >= 0 AND settled_usd < 'Infinity'),
        CONSTRAINT budget_reservations_scope CHECK (scope - '{agent_id,user_id,model,task_id}'::text[] = '{}'
            AND NOT jsonb_path_exists(scope, '$.* ? (@.type() != "string")')),
        CONSTRAINT budget_reservations_settled CHECK ((settled_at IS NULL) = (settled_usd IS NULL))
    $columns$, 'The ledger of budgets: money set aside for a call that is being made, and what it came to.');
    RETURN QUERY SELECT analytics_internal.ensure_index('analytics_data', 'budget_reservations_expiry',
        'ON analytics_data.budget_reservations (tenant_id, expires_at)');
    RETURN QUERY SELECT analytics_internal.ensure_index('analytics_data', 'budget_reservations_settled',
        'ON analytics_data.budget_reservations (tenant_id, settled_at)');
    RETURN QUERY SELECT analytics_internal.ensure_comments('analytics_data.budget_reservations', jsonb_build_object(
        'reservation_id', 'Its id, which the call should bear as call_id: a settled reservation counts as spent until that call has a cost.',
        'amount_usd', 'What was set aside, in US dollars.',
        'scope', 'What the call is for: agent_id, user_id, model, task_id. It counts in each budget whose scope it matches.',
        'budget_id', 'The budget that was named, if any.',
        'created_at', 'When it was made.',
        'expires_at', 'When it is released unless it has been settled.',
        'settled_at', 'When it was settled.',
        'settled_usd', 'The real cost.'));

    RETURN QUERY SELECT analytics_internal.ensure_table('analytics_data.cost_adjustments', $columns$
        adjustment_id text NOT NULL DEFAULT gen_random_uuid()::text,
        adjusted_at timestamptz NOT NULL DEFAULT now(),
        from_time timestamptz NOT NULL,
        to_time timestamptz NOT NULL,
        calls bigint NOT NULL,
        changed bigint NOT NULL,
        old_cost_usd numeric NOT NULL,
        new_cost_usd numeric NOT NULL,
        PRIMARY KEY (tenant_id, adjustment_id)
    $columns$, 'What reprice_calls has changed, a row each time.');
    RETURN QUERY SELECT analytics_internal.ensure_comments('analytics_data.cost_adjustments', jsonb_build_object(
        'adjustment_id', 'Its id.', 'adjusted_at', 'When.',
        'from_time', 'Calls from here', 'to_time', 'to here, exclusive, were looked at.',
        'calls', 'How many of them have a computed cost or none.', 'changed', 'How many got another cost.',
        'old_cost_usd', 'The sum of their costs before.', 'new_cost_usd', 'And after.'));

    RETURN QUERY SELECT analytics_internal.ensure_trigger('analytics_data.llm_calls', 'price_call',
        'CREATE TRIGGER price_call BEFORE INSERT OR UPDATE OF tenant_id, created_at, provider, model, input_tokens,
            output_tokens, cache_read_tokens, cache_creation_tokens, cost_usd, cost_source, price_id
         ON analytics_data.llm_calls FOR EACH ROW EXECUTE FUNCTION analytics_internal.price_call()');
    RETURN QUERY SELECT analytics_internal.ensure_trigger('analytics_data.task_records', 'complete_task',
        'CREATE TRIGGER complete_task BEFORE INSERT OR UPDATE ON analytics_data.task_records
         FOR EACH ROW EXECUTE FUNCTION analytics_internal.complete_task()');
    RETURN QUERY SELECT analytics_internal.install_spend_rollups();
END $install$;
COMMENT ON FUNCTION analytics_internal.install_spend() IS
'Makes the tables of spend where they are missing, and loads the shipped prices.
Returns a line for each thing it did.';

-- Rows of tenant '*' are everybody's to read, and nobody's to write whom row security holds.
CREATE OR REPLACE FUNCTION analytics_internal.ensure_common_rows(name text) RETURNS SETOF text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM pg_policy WHERE polrelid = name::regclass AND polname = 'common_rows_for_all') THEN
        RETURN;
    END IF;
    EXECUTE format('CREATE POLICY common_rows_for_all ON %s FOR SELECT USING (tenant_id = ''*'')', name);
    EXECUTE format('CREATE POLICY common_rows_kept_1 ON %s AS RESTRICTIVE FOR INSERT WITH CHECK (tenant_id <> ''*'')', name);
    EXECUTE format('CREATE POLICY common_rows_kept_2 ON %s AS RESTRICTIVE FOR UPDATE USING (tenant_id <> ''*'')', name);
    EXECUTE format('CREATE POLICY common_rows_kept_3 ON %s AS RESTRICTIVE FOR DELETE USING (tenant_id <> ''*'')', name);
    RETURN NEXT 'policies for common rows on ' || name;
END $$;
COMMENT ON FUNCTION analytics_internal.ensure_common_rows(text) IS
'Makes the policies by which rows of tenant ''*'' are read by all.
name: the table. Returns a line when it did something.';

-- A release's prices are loaded once. A model that had another price keeps it up to the release's date: history does
-- not change, nor does what the service role has put right since.
CREATE OR REPLACE FUNCTION analytics_internal.load_shipped_prices() RETURNS SETOF text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    loaded bigint;
BEGIN
    WITH shipped AS MATERIALIZED (SELECT string_to_array(line, ',') AS f
                                  FROM string_to_table(analytics_internal.shipped_prices(), E'\n') line),
    sources AS (SELECT f[2] AS letter, f[3] || ' ' || f[4] AS source, f[4]::timestamp AT TIME ZONE 'UTC' AS as_of
                FROM shipped WHERE f[1] = 's'),
    fresh AS (SELECT * FROM sources s WHERE NOT EXISTS (
                  SELECT FROM analytics_data.model_prices p WHERE p.tenant_id = '*' AND p.source = s.source)),
    priced AS (SELECT nullif(p.f[2], '') AS provider, p.f[3] AS model, nullif(p.f[4], '')::numeric AS input,
                      nullif(p.f[5], '')::numeric AS output, nullif(p.f[6], '')::numeric AS cache_read,
                      nullif(p.f[7], '')::numeric AS cache_creation, s.source, s.as_of
               FROM fresh s JOIN shipped p ON p.f[1] = s.letter)
    INSERT INTO analytics_data.model_prices (tenant_id, provider, model, valid_from, input_usd_per_mtok,
        output_usd_per_mtok, cache_read_usd_per_mtok, cache_creation_usd_per_mtok, source)
    SELECT '*', n.provider, n.model, CASE WHEN held.price_id IS NULL THEN '-infinity' ELSE n.as_of END,
           n.input, n.output, n.cache_read, n.cache_creation, n.source
    FROM priced n LEFT JOIN LATERAL (
        SELECT p.* FROM analytics_data.model_prices p
        WHERE p.tenant_id = '*' AND p.model = n.model AND p.provider IS NOT DISTINCT FROM n.provider
        ORDER BY p.valid_from DESC LIMIT 1) held ON true
    WHERE held.price_id IS NULL
       OR (held.input_usd_per_mtok, held.output_usd_per_mtok, held.cache_read_usd_per_mtok, held.cache_creation_usd_per_mtok)
          IS DISTINCT FROM (n.input, n.output, n.cache_read, n.cache_creation) AND held.valid_from < n.as_of
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS loaded = ROW_COUNT;
    IF loaded > 0 THEN
        INSERT INTO analytics_data.model_aliases (tenant_id, alias, provider, model)
        SELECT '*', f[3], nullif(f[2], ''), f[4]
        FROM (SELECT string_to_array(line, ',') AS f FROM string_to_table(analytics_internal.shipped_prices(), E'\n') line) shipped
        WHERE f[1] = 'a' ON CONFLICT DO NOTHING;
        RETURN NEXT format('%s model prices', loaded);
    END IF;
END $$;
COMMENT ON FUNCTION analytics_internal.load_shipped_prices() IS
'Loads the shipped price table as rows of tenant ''*''.
Only sources that have no row yet are loaded; a model that has another price gets a new row from the source''s date on. Returns a line when it added rows.';
