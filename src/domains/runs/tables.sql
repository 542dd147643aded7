-- Spans of traces, and a summary of each run. Made by install() as objects of its caller.
--
-- A run's summary is stored, and a note is left whenever one of its spans comes, changes or goes. A reader takes the stored
-- summaries of the runs without a note and sums up the others from their spans; a refresh does the same for all of them, stores
-- it and deletes the notes that it saw, under one snapshot. Notes are written with the spans, always and without a lock, so
-- whoever sees a span sees its note or a summary that holds it: answers are exact before, while and after a refresh.

CREATE TYPE analytics_internal.run_summary AS (run_id text, start_time timestamptz, end_time timestamptz, last_instant timestamptz,
    status text, has_errors boolean, span_count bigint, llm_calls bigint, input_tokens bigint, output_tokens bigint, cost numeric,
    thread_ids text[], trace_ids text[], used_models text[], used_tools text[], errors text[]);
COMMENT ON TYPE analytics_internal.run_summary IS
'A run at some moment. end_time: of the last span that has ended. last_instant: of the last that was heard of it.';

CREATE OR REPLACE FUNCTION analytics_internal.install_runs() RETURNS SETOF text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $install$
DECLARE
    unnoted boolean;
    t record;
BEGIN
    RETURN QUERY SELECT analytics_internal.ensure_table('analytics_data.spans', $columns$
        span_id text NOT NULL,
        trace_id text NOT NULL,
        parent_span_id text,
        run_id text,
        thread_id text,
        operation_name text NOT NULL,
        kind text NOT NULL DEFAULT 'internal',
        start_time timestamptz NOT NULL,
        end_time timestamptz,
        status text NOT NULL DEFAULT 'unset',
        error_message text,
        model text,
        tool_name text,
        input_tokens bigint,
        output_tokens bigint,
        cost_usd numeric,
        attributes jsonb NOT NULL DEFAULT '{}',
        run_key text GENERATED ALWAYS AS (coalesce(run_id, trace_id)) STORED,
        PRIMARY KEY (tenant_id, trace_id, span_id),
        CONSTRAINT spans_ids_length CHECK (length(span_id) BETWEEN 1 AND 200 AND length(trace_id) BETWEEN 1 AND 200
            AND length(parent_span_id) BETWEEN 1 AND 200 AND length(run_id) BETWEEN 1 AND 200 AND length(thread_id) BETWEEN 1 AND 200),
        CONSTRAINT spans_names_length CHECK (length(operation_name) BETWEEN 1 AND 500 AND length(model) <= 200 AND length(tool_name) <= 200
            AND length(error_message) <= 10000),
        CONSTRAINT spans_kind CHECK (kind IN ('internal', 'server', 'client', 'producer', 'consumer')),
        CONSTRAINT spans_status CHECK (status IN ('unset', 'ok', 'error')),
        CONSTRAINT spans_time_finite CHECK (isfinite(start_time) AND isfinite(end_time)),
        CONSTRAINT spans_tokens_in_range CHECK (input_tokens BETWEEN 0 AND 9007199254740991 AND output_tokens BETWEEN 0 AND 9007199254740991),
        CONSTRAINT spans_cost_finite CHECK (cost_usd >= 0 AND cost_usd < 'Infinity'),
        CONSTRAINT spans_attributes_are_an_object CHECK (jsonb_typeof(attributes) = 'object')
    $columns$, 'Spans of traces (OpenTelemetry): what ran within what, for how long, with which model and tool, and how it ended.');
    RETURN QUERY SELECT analytics_internal.ensure_index('analytics_data', 'spans_run', 'ON analytics_data.spans (tenant_id, run_key, start_time)');
    RETURN QUERY SELECT analytics_internal.ensure_index('analytics_data', 'spans_time', 'ON analytics_data.spans (tenant_id, start_time)');
    RETURN QUERY SELECT analytics_internal.ensure_index('analytics_data', 'spans_start', 'ON analytics_data.spans (start_time)');
    RETURN QUERY SELECT analytics_internal.ensure_index('analytics_data', 'spans_operation', 'ON analytics_data.spans (tenant_id, operation_name, start_time)');
    RETURN QUERY SELECT analytics_internal.ensure_index('analytics_data', 'spans_model', 'ON analytics_data.spans (tenant_id, model, start_time) WHERE model IS NOT NULL');
    RETURN QUERY SELECT analytics_internal.ensure_index('analytics_data', 'spans_status', 'ON analytics_data.spans (tenant_id, status, start_time) WHERE status <> ''unset''');
    RETURN QUERY SELECT analytics_internal.ensure_comments('analytics_data.spans', jsonb_build_object(
        'span_id', 'The span''s id, unique within its trace.',
        'trace_id', 'The trace it belongs to.',
        'parent_span_id', 'The span of the same trace within which it ran; NULL for a root.',
        'run_id', 'The run it belongs to; NULL: the trace is the run.',
        'thread_id', 'The conversation or session.',
        'operation_name', 'What it did.',
        'kind', 'OpenTelemetry''s kind: internal, server, client, producer or consumer.',
        'start_time', 'When it began.',
        'end_time', 'When it ended; NULL while it runs.',
        'status', 'unset, ok or error.',
        'error_message', 'What went wrong.',
        'model', 'The language model that was asked.',
        'tool_name', 'The tool that was called.',
        'input_tokens', 'All input tokens, cached ones included.',
        'output_tokens', 'All output tokens, reasoning included.',
        'cost_usd', 'What this span cost, its children not included; US dollars.',
        'attributes', 'Everything else, as an object.',
        'run_key', 'run_id, else trace_id.'));

    RETURN QUERY SELECT analytics_internal.ensure_table('analytics_store.runs', $columns$
        run_id text NOT NULL, start_time timestamptz NOT NULL, end_time timestamptz, last_instant timestamptz NOT NULL, status text NOT NULL,
        has_errors boolean NOT NULL, span_count bigint NOT NULL, llm_calls bigint NOT NULL, input_tokens bigint NOT NULL, output_tokens bigint NOT NULL,
        cost numeric NOT NULL, thread_ids text[] NOT NULL, trace_ids text[] NOT NULL, used_models text[] NOT NULL, used_tools text[] NOT NULL, errors text[] NOT NULL,
        duration_us bigint GENERATED ALWAYS AS (CASE WHEN status <> 'running' THEN (extract(epoch FROM end_time - start_time) * 1000000)::bigint END) STORED,
        PRIMARY KEY (tenant_id, run_id)
    $columns$, 'Summaries of runs as of the last refresh; those with a note in run_notes are summed up anew by readers.');
    RETURN QUERY SELECT analytics_internal.ensure_index('analytics_store', 'runs_started', 'ON analytics_store.runs (tenant_id, start_time, duration_us)');
    RETURN QUERY SELECT analytics_internal.ensure_index('analytics_store', 'runs_time', 'ON analytics_store.runs (start_time)');
    RETURN QUERY SELECT analytics_internal.ensure_index('analytics_store', 'runs_status', 'ON analytics_store.runs (tenant_id, status, start_time)');
    RETURN QUERY SELECT analytics_internal.ensure_index('analytics_store', 'runs_duration', 'ON analytics_store.runs (tenant_id, duration_us)');
    RETURN QUERY SELECT analytics_internal.ensure_index('analytics_store', 'runs_long', 'ON analytics_store.runs (tenant_id, last_instant) WHERE last_instant - start_time >= interval ''1 hour''');
    RETURN QUERY SELECT analytics_internal.ensure_index('analytics_store', 'runs_threads', 'ON analytics_store.runs USING gin (thread_ids)');
    RETURN QUERY SELECT analytics_internal.ensure_index('analytics_store', 'runs_models', 'ON analytics_store.runs USING gin (used_models)');
    RETURN QUERY SELECT analytics_internal.ensure_table('analytics_store.run_notes', 'run_key text NOT NULL', 'Runs that were touched since the last refresh.');
    RETURN QUERY SELECT analytics_internal.ensure_index('analytics_store', 'run_notes_run', 'ON analytics_store.run_notes (tenant_id, run_key)');
    IF NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = 'analytics_store.runs'::regclass AND pg_get_expr(polqual, polrelid) ~ 'spans_are_restricted') THEN
        ALTER POLICY tenant_isolation ON analytics_store.runs
            USING (tenant_id = (SELECT analytics.current_tenant()) AND NOT (SELECT analytics_internal.spans_are_restricted()));
    END IF;
    RETURN QUERY SELECT analytics_internal.install_run_views();
    unnoted := NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = 'analytics_data.spans'::regclass AND tgname = 'agent_analytics_run_update');
    FOR t IN SELECT lower(event) AS name, * FROM (VALUES ('INSERT', 'REFERENCING NEW TABLE AS new_spans'),
                 ('UPDATE', 'REFERENCING OLD TABLE AS old_spans NEW TABLE AS new_spans'), ('DELETE', 'REFERENCING OLD TABLE AS old_spans'), ('TRUNCATE', '')) v(event, tables) LOOP
        RETURN QUERY SELECT analytics_internal.ensure_trigger('analytics_data.spans', 'agent_analytics_run_' || t.name, format($trigger$
            CREATE TRIGGER agent_analytics_run_%1$s AFTER %2$s ON analytics_data.spans %3$s FOR EACH STATEMENT EXECUTE FUNCTION analytics_internal.note_runs();
            ALTER TABLE analytics_data.spans ENABLE ALWAYS TRIGGER agent_analytics_run_%1$s$trigger$, t.name, t.event, t.tables));
    END LOOP;
    IF unnoted THEN  -- what was there before anybody noted, and what changed while nobody did (DROP EXTENSION takes the triggers along)
        INSERT INTO analytics_store.run_notes (tenant_id, run_key)
        SELECT r.tenant_id, r.run_id FROM analytics_store.runs r UNION SELECT s.tenant_id, s.run_key FROM analytics_data.spans s;
    END IF;
    RETURN QUERY SELECT analytics_internal.ensure_trigger('analytics_data.spans', 'agent_analytics_run_replicated', $trigger$
        CREATE TRIGGER agent_analytics_run_replicated AFTER INSERT OR UPDATE OR DELETE ON analytics_data.spans
        FOR EACH ROW WHEN (analytics_internal.is_replicating()) EXECUTE FUNCTION analytics_internal.note_replicated_run();
        ALTER TABLE analytics_data.spans ENABLE ALWAYS TRIGGER agent_analytics_run_replicated$trigger$);
    RETURN QUERY SELECT analytics_internal.install_run_rollups();
END $install$;
COMMENT ON FUNCTION analytics_internal.install_runs() IS 'Makes or completes the tables of runs and spans; a line for each thing done.';

CREATE OR REPLACE FUNCTION analytics_internal.note_runs() RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP IN ('INSERT', 'UPDATE') THEN
        INSERT INTO analytics_store.run_notes (tenant_id, run_key) SELECT DISTINCT n.tenant_id, n.run_key FROM new_spans n;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        INSERT INTO analytics_store.run_notes (tenant_id, run_key)
        SELECT DISTINCT o.tenant_id, o.run_key FROM old_spans o WHERE NOT EXISTS (SELECT FROM new_spans n WHERE n.tenant_id = o.tenant_id AND n.run_key = o.run_key);
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO analytics_store.run_notes (tenant_id, run_key) SELECT DISTINCT o.tenant_id, o.run_key FROM old_spans o;
    ELSIF TG_OP = 'TRUNCATE' THEN
        INSERT INTO analytics_store.run_notes (tenant_id, run_key) SELECT r.tenant_id, r.run_id FROM analytics_store.runs r;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION analytics_internal.note_runs() IS
'Trigger of analytics_data.spans: leaves a note for each run that a statement touches. As the owner of the notes: who records spans needs no right to them.';

CREATE OR REPLACE FUNCTION analytics_internal.note_replicated_run() RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO analytics_store.run_notes (tenant_id, run_key)
    SELECT r.tenant_id, r.run_key FROM (SELECT OLD.tenant_id, OLD.run_key UNION SELECT NEW.tenant_id, NEW.run_key) r WHERE r.run_key IS NOT NULL;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION analytics_internal.note_replicated_run() IS
'Trigger of analytics_data.spans for what a subscription applies, for which no statement triggers fire: leaves a note for the run of each row.';
REVOKE ALL ON FUNCTION analytics_internal.note_runs(), analytics_internal.note_replicated_run() FROM PUBLIC;

-- Sums of runs at a moment: what has not begun by then does not count, what has not ended by then is open.
CREATE OR REPLACE FUNCTION analytics_internal.summarise_runs(tenant text, runs text[], as_of timestamptz)
RETURNS SETOF analytics_internal.run_summary
LANGUAGE sql STABLE PARALLEL SAFE ROWS 100 SET search_path = pg_catalog, pg_temp AS $$
    WITH span AS (
        SELECT s.run_key, s.trace_id, s.thread_id, s.model, s.tool_name, s.start_time, s.parent_span_id, s.span_id,
               CASE WHEN s.end_time <= as_of THEN greatest(s.end_time, s.start_time) END AS ended,
               -- How it ended and what it cost is known at its end, or where it is told before.
               CASE WHEN s.end_time > as_of THEN 'unset' ELSE s.status END AS status,
               CASE WHEN s.end_time > as_of THEN NULL ELSE s.error_message END AS error_message,
               CASE WHEN s.end_time > as_of THEN NULL ELSE s.input_tokens END AS input_tokens,
               CASE WHEN s.end_time > as_of THEN NULL ELSE s.output_tokens END AS output_tokens,
               CASE WHEN s.end_time > as_of THEN NULL ELSE s.cost_usd END AS cost_usd
        FROM analytics_data.spans s
        WHERE s.tenant_id = tenant AND s.run_key = ANY (runs) AND s.start_time <= as_of
    ), rooted AS (
        -- No join: the engine plans without hash joins (PlanFor::by_index), and nested loops would be quadratic. This is hashed.
        SELECT s.*, s.parent_span_id IS NULL OR s.parent_span_id = s.span_id
                    OR (s.run_key, s.trace_id, s.parent_span_id) NOT IN (SELECT p.run_key, p.trace_id, p.span_id FROM span p) AS is_root
        FROM span s
    )
    SELECT r.run_key, min(r.start_time), max(r.ended), greatest(max(r.start_time), max(r.ended)),
           CASE WHEN bool_or(r.is_root AND r.ended IS NULL) THEN 'running' WHEN bool_or(r.is_root AND r.status = 'error') THEN 'failed' ELSE 'completed' END,
           bool_or(r.status = 'error'), count(*), count(r.model), coalesce(sum(r.input_tokens), 0)::bigint, coalesce(sum(r.output_tokens), 0)::bigint,
           coalesce(sum(r.cost_usd), 0),
           coalesce(array_agg(DISTINCT r.thread_id) FILTER (WHERE r.thread_id IS NOT NULL), '{}'), array_agg(DISTINCT r.trace_id),
           coalesce(array_agg(DISTINCT r.model) FILTER (WHERE r.model IS NOT NULL), '{}'), coalesce(array_agg(DISTINCT r.tool_name) FILTER (WHERE r.tool_name IS NOT NULL), '{}'),
           coalesce((array_agg(DISTINCT left(r.error_message, 500)) FILTER (WHERE r.status = 'error' AND r.error_message IS NOT NULL))[1:20], '{}')
    FROM rooted r GROUP BY r.run_key
$$;
COMMENT ON FUNCTION analytics_internal.summarise_runs(text, text[], timestamptz) IS
'Summaries of a tenant''s runs at a moment, from their spans. A run whose parents are a circle has no root and counts as completed.';

-- Whether somebody has put a policy of their own on spans: then stored sums would tell more than their reader may see.
CREATE OR REPLACE FUNCTION analytics_internal.spans_are_restricted() RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE RETURN analytics_internal.has_own_policies('spans');
COMMENT ON FUNCTION analytics_internal.spans_are_restricted() IS
'Whether spans have another policy than the tenant''s: then runs are summed up from the spans that their reader may see.';

CREATE OR REPLACE FUNCTION analytics_internal.live_runs(as_of timestamptz) RETURNS SETOF text
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 100 SET search_path = pg_catalog, pg_temp AS $$  -- PL/pgSQL keeps its plan
BEGIN
    RETURN QUERY SELECT DISTINCT l.run_id FROM analytics_store.runs_live l
    WHERE l.tenant_id = (SELECT analytics.current_tenant()) AND l.from_at <= as_of AND l.to_at > as_of AND l.near > as_of - interval '1 hour';
END $$;
COMMENT ON FUNCTION analytics_internal.live_runs(timestamptz) IS
'The tenant''s runs whose stored summary does not hold at a moment: touched since the last refresh, or with something to come after that moment.';

CREATE OR REPLACE FUNCTION analytics_internal.runs_between(after timestamptz, as_of timestamptz) RETURNS SETOF analytics_internal.run_summary
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000 SET search_path = pg_catalog, pg_temp AS $$
    WITH live AS MATERIALIZED (SELECT l AS run_id FROM analytics_internal.live_runs(as_of) l)
    SELECT r.run_id, r.start_time, r.end_time, r.last_instant, r.status, r.has_errors, r.span_count, r.llm_calls, r.input_tokens, r.output_tokens,
           r.cost, r.thread_ids, r.trace_ids, r.used_models, r.used_tools, r.errors
    FROM analytics_store.runs r
    WHERE r.tenant_id = (SELECT analytics.current_tenant()) AND r.start_time > after AND r.start_time <= as_of AND r.last_instant <= as_of
      AND r.run_id NOT IN (SELECT l.run_id FROM live l)
    UNION ALL
    SELECT s.* FROM (SELECT array_agg(l.run_id) AS runs FROM live l HAVING count(*) > 0) l,
         analytics_internal.summarise_runs((SELECT analytics.current_tenant()), l.runs, as_of) s
    WHERE s.start_time > after
$$;
COMMENT ON FUNCTION analytics_internal.runs_between(timestamptz, timestamptz) IS
'The tenant''s runs that began in (after, as_of], as they stood at as_of.';

CREATE OR REPLACE FUNCTION analytics_internal.refresh_runs(most integer DEFAULT 10000) RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    done bigint;
BEGIN
    IF to_regclass('analytics_store.run_notes') IS NULL OR NOT pg_try_advisory_xact_lock(hashtextextended('agent_analytics refresh_runs', 0)) THEN
        RETURN 0;
    END IF;
    -- One statement, one snapshot: the notes that it deletes are those whose spans it sees.
    WITH touched AS MATERIALIZED (
        SELECT DISTINCT n.tenant_id, n.run_key FROM (SELECT tenant_id, run_key FROM analytics_store.run_notes LIMIT most) n
    ), taken AS (
        DELETE FROM analytics_store.run_notes n USING touched t WHERE n.tenant_id = t.tenant_id AND n.run_key = t.run_key RETURNING 1
    ), fresh AS MATERIALIZED (
        SELECT t.tenant_id, s.* FROM (SELECT tenant_id, array_agg(run_key) AS runs FROM touched GROUP BY tenant_id) t,
             analytics_internal.summarise_runs(t.tenant_id, t.runs, 'infinity') s
    ), gone AS (
        DELETE FROM analytics_store.runs r USING touched t WHERE r.tenant_id = t.tenant_id AND r.run_id = t.run_key
          AND NOT EXISTS (SELECT FROM fresh f WHERE f.tenant_id = t.tenant_id AND f.run_id = t.run_key)
    ), stored AS (
        INSERT INTO analytics_store.runs AS r (tenant_id, run_id, start_time, end_time, last_instant, status, has_errors, span_count, llm_calls, input_tokens,
            output_tokens, cost, thread_ids, trace_ids, used_models, used_tools, errors)
        SELECT * FROM fresh
        ON CONFLICT (tenant_id, run_id) DO UPDATE SET start_time = EXCLUDED.start_time, end_time = EXCLUDED.end_time, last_instant = EXCLUDED.last_instant,
            status = EXCLUDED.status, has_errors = EXCLUDED.has_errors, span_count = EXCLUDED.span_count, llm_calls = EXCLUDED.llm_calls,
            input_tokens = EXCLUDED.input_tokens, output_tokens = EXCLUDED.output_tokens, cost = EXCLUDED.cost, thread_ids = EXCLUDED.thread_ids,
            trace_ids = EXCLUDED.trace_ids, used_models = EXCLUDED.used_models, used_tools = EXCLUDED.used_tools, errors = EXCLUDED.errors
    )
    SELECT count(*) INTO done FROM taken;
    RETURN done;
END $$;
COMMENT ON FUNCTION analytics_internal.refresh_runs(integer) IS
'Stores the summaries of runs that were touched since the last refresh, the runs of at most so many notes; a step of run_maintenance. Returns how many notes it has dealt with: fewer than `most` when none is left. Refreshers take turns: one that finds another at work does nothing. In REPEATABLE READ it may fail with 40001 and change nothing.';
