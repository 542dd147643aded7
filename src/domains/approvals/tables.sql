-- Approvals: drafts of agents that wait for a person's decision, and what agents were asked. Made by install() as objects of
-- its caller.

CREATE OR REPLACE FUNCTION analytics_internal.complete_approval() RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.status <> 'pending' THEN
        NEW.resolved_at := greatest(now(), NEW.created_at);
    ELSIF TG_OP = 'UPDATE' AND OLD.status <> 'pending' AND NEW.resolved_at IS NOT DISTINCT FROM OLD.resolved_at THEN
        NEW.resolved_at := NULL;  -- taken up again: nothing is decided
        NEW.resolved_by := NULL;
        NEW.final_response := NULL;
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION analytics_internal.complete_approval() IS
'Trigger of analytics_data.agent_approvals: a decision without an instant was made now; a draft set back to pending forgets its decision.';

CREATE OR REPLACE FUNCTION analytics_internal.install_approvals() RETURNS SETOF text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $install$
BEGIN
    -- wait_class: a draft was open from created_at to resolved_at. Those that were open at a moment of the past are found by how
    -- long they waited: class 0 below an hour, then each class four times as long. Of class c only what was decided within 4^c
    -- hours after the moment can have been open at it, and at least a quarter of that was, where decisions come evenly. So a look
    -- into the past costs ten probes of an index and a few rows a hit, however much was decided since. (No function of ours in it:
    -- the column would go with the extension.)
    -- NaN is greater than every number, so a range refuses it.
    RETURN QUERY SELECT analytics_internal.ensure_table('analytics_data.agent_approvals', $columns$
        id uuid NOT NULL DEFAULT gen_random_uuid(),
        conversation_id text NOT NULL,
        customer_name text,
        customer_message text,
        draft_response text NOT NULL,
        agent text,
        confidence_score numeric,
        priority text NOT NULL DEFAULT 'normal',
        status text NOT NULL DEFAULT 'pending',
        created_at timestamptz NOT NULL DEFAULT now(),
        resolved_at timestamptz,
        resolved_by text,
        final_response text,
        queue_rank smallint GENERATED ALWAYS AS (CASE priority WHEN 'urgent' THEN 1 WHEN 'high' THEN 2 WHEN 'normal' THEN 3 ELSE 4 END) STORED,
        wait_class smallint GENERATED ALWAYS AS (width_bucket(resolved_at - created_at,
            '{1 hour,4 hours,16 hours,64 hours,256 hours,1024 hours,4096 hours,16384 hours,65536 hours}'::interval[])::smallint) STORED,
        PRIMARY KEY (tenant_id, id),
        CONSTRAINT agent_approvals_names_length CHECK (length(conversation_id) BETWEEN 1 AND 200 AND length(customer_name) BETWEEN 1 AND 500
            AND length(agent) BETWEEN 1 AND 200 AND length(resolved_by) BETWEEN 1 AND 200),
        CONSTRAINT agent_approvals_texts_length CHECK (length(draft_response) BETWEEN 1 AND 100000 AND length(customer_message) <= 100000
            AND length(final_response) <= 100000),
        CONSTRAINT agent_approvals_confidence CHECK (confidence_score BETWEEN 0 AND 100),
        CONSTRAINT agent_approvals_priority CHECK (priority IN ('urgent', 'high', 'normal', 'low')),
        CONSTRAINT agent_approvals_status CHECK (status IN ('pending', 'approved', 'rejected', 'edited')),
        CONSTRAINT agent_approvals_time_finite CHECK (isfinite(created_at) AND isfinite(resolved_at)),
        CONSTRAINT agent_approvals_time_order CHECK (resolved_at >= created_at),
        CONSTRAINT agent_approvals_resolved_when_decided CHECK ((resolved_at IS NOT NULL) = (status <> 'pending')),
        CONSTRAINT agent_approvals_open_without_decision CHECK (status <> 'pending' OR num_nonnulls(resolved_by, final_response) = 0)
    $columns$, 'Drafts of agents that a person approves, edits or rejects before they are sent. One draft is one row.');
    RETURN QUERY SELECT analytics_internal.ensure_index('analytics_data', 'agent_approvals_tenant_time', 'ON analytics_data.agent_approvals (tenant_id, created_at)');
    RETURN QUERY SELECT analytics_internal.ensure_index('analytics_data', 'agent_approvals_time', 'ON analytics_data.agent_approvals (created_at)');
    RETURN QUERY SELECT analytics_internal.ensure_index('analytics_data', 'agent_approvals_tenant_resolved', 'ON analytics_data.agent_approvals (tenant_id, resolved_at)');
    RETURN QUERY SELECT analytics_internal.ensure_index('analytics_data', 'agent_approvals_resolved', 'ON analytics_data.agent_approvals (resolved_at)');
    -- The queue in its order; what its numbers are made of stands in it.
    RETURN QUERY SELECT analytics_internal.ensure_index('analytics_data', 'agent_approvals_queue',
        'ON analytics_data.agent_approvals (tenant_id, queue_rank, created_at, id) INCLUDE (confidence_score) WHERE status = ''pending''');
    -- An expression that only approvals_decided_after asks for, see there.
    RETURN QUERY SELECT analytics_internal.ensure_index('analytics_data', 'agent_approvals_waits',
        'ON analytics_data.agent_approvals (tenant_id, wait_class, greatest(resolved_at, ''-infinity'')) WHERE status <> ''pending''');
    RETURN QUERY SELECT analytics_internal.ensure_comments('analytics_data.agent_approvals', jsonb_build_object(
        'id', 'The caller''s id of the draft, unique within the tenant; made up when not given.',
        'conversation_id', 'The conversation it belongs to.',
        'customer_name', 'Whom the answer is for.',
        'customer_message', 'What the customer wrote.',
        'draft_response', 'What the agent would answer.',
        'agent', 'The agent that wrote it.',
        'confidence_score', 'How sure the agent is, 0 to 100; NULL: it does not say.',
        'priority', 'urgent, high, normal or low.',
        'status', 'pending, approved, rejected or edited (approved after a person changed the draft).',
        'created_at', 'When it was submitted; now when not given.',
        'resolved_at', 'When it was decided; NULL while pending. Now when not given with a decision.',
        'resolved_by', 'Who decided; NULL when not known.',
        'final_response', 'What was sent instead of the draft.',
        'queue_rank', 'The place of the priority in the queue: 1 urgent to 4 low.',
        'wait_class', 'How long it waited for its decision: 0 below an hour, c below 4^c hours, 9 beyond 7 years; NULL while pending.'));
    RETURN QUERY SELECT analytics_internal.ensure_trigger('analytics_data.agent_approvals', 'complete_approval', $trigger$
        CREATE TRIGGER complete_approval BEFORE INSERT OR UPDATE ON analytics_data.agent_approvals FOR EACH ROW
        WHEN ((NEW.status = 'pending') <> (NEW.resolved_at IS NULL))
        EXECUTE FUNCTION analytics_internal.complete_approval()$trigger$);

    RETURN QUERY SELECT analytics_internal.ensure_table('analytics_data.agent_queries', $columns$
        id uuid NOT NULL DEFAULT gen_random_uuid(),
        agent text NOT NULL,
        query text,
        created_at timestamptz NOT NULL DEFAULT now(),
        latency_ms double precision,
        approved boolean,
        human_edited boolean NOT NULL DEFAULT false,
        success boolean NOT NULL DEFAULT true,
        error_type text,
        PRIMARY KEY (tenant_id, id),
        CONSTRAINT agent_queries_names_length CHECK (length(agent) BETWEEN 1 AND 200 AND length(error_type) BETWEEN 1 AND 200),
        CONSTRAINT agent_queries_text_length CHECK (length(query) <= 100000),
        CONSTRAINT agent_queries_time_finite CHECK (isfinite(created_at)),
        CONSTRAINT agent_queries_latency_finite CHECK (latency_ms >= 0 AND latency_ms < 'Infinity')
    $columns$, 'What agents were asked, how long they took, and what became of the answers.');
    RETURN QUERY SELECT analytics_internal.ensure_index('analytics_data', 'agent_queries_tenant_time', 'ON analytics_data.agent_queries (tenant_id, created_at)');
    RETURN QUERY SELECT analytics_internal.ensure_index('analytics_data', 'agent_queries_time', 'ON analytics_data.agent_queries (created_at)');
    RETURN QUERY SELECT analytics_internal.ensure_comments('analytics_data.agent_queries', jsonb_build_object(
        'id', 'The caller''s id of the query, unique within the tenant; made up when not given.',
        'agent', 'The agent that was asked.',
        'query', 'What it was asked.',
        'created_at', 'When it was asked; now when not given.',
        'latency_ms', 'Milliseconds to the answer; NULL: not measured.',
        'approved', 'Whether a person approved the answer; NULL: nobody judged it.',
        'human_edited', 'Whether a person changed the answer.',
        'success', 'False when the agent failed.',
        'error_type', 'What kind of failure.'));
    RETURN QUERY SELECT analytics_internal.install_approval_rollups();
    RETURN QUERY SELECT analytics_internal.install_approval_views();
END $install$;
COMMENT ON FUNCTION analytics_internal.install_approvals() IS 'Makes or completes the tables, rollups, metrics and views of approvals; a line for each thing done.';
