-- Approvals: submitting drafts, deciding them, and recording what agents were asked; one by one and in batches.

CREATE TYPE analytics_internal.approval_item AS (index integer, problem text, id uuid, conversation_id text, draft_response text,
    confidence_score numeric, customer_name text, customer_message text, agent text, priority text, created_at timestamptz);
COMMENT ON TYPE analytics_internal.approval_item IS 'A draft as it came, with what is wrong about it.';

CREATE TYPE analytics_internal.agent_query_item AS (index integer, problem text, id uuid, agent text, query text, latency_ms double precision,
    approved boolean, human_edited boolean, success boolean, error_type text, created_at timestamptz);
COMMENT ON TYPE analytics_internal.agent_query_item IS 'A query of an agent as it came, with what is wrong about it.';

-- Ids are told apart as uuid; a batch reads them as text.
CREATE OR REPLACE FUNCTION analytics_internal.uuid_problem(name text, value text, required boolean) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN value IS NULL THEN CASE WHEN required THEN ARRAY[name, 'given', 'NULL'] END
                WHEN value !~ '^\{?[0-9A-Fa-f]{4}(-?[0-9A-Fa-f]{4}){7}\}?$' OR value ~ '^\{' <> (value ~ '\}$')
                THEN ARRAY[name, 'a UUID', format('"%s"', left(value, 100))] END;
COMMENT ON FUNCTION analytics_internal.uuid_problem(text, text, boolean) IS 'What is wrong with the text of a UUID; NULL if nothing.';

CREATE OR REPLACE FUNCTION analytics_internal.approval_problem(i analytics_internal.approval_item) RETURNS text[]
LANGUAGE sql STABLE PARALLEL SAFE COST 10
    RETURN coalesce(
        analytics_internal.text_problem('conversation_id', i.conversation_id, 200, true),
        analytics_internal.text_problem('draft_response', i.draft_response, 100000, true),
        CASE WHEN i.confidence_score IS NULL THEN ARRAY['confidence_score', 'given', 'NULL']
             WHEN NOT (i.confidence_score BETWEEN 0 AND 100) THEN ARRAY['confidence_score', 'between 0 and 100', left(i.confidence_score::text, 100)] END,
        analytics_internal.text_problem('customer_name', i.customer_name, 500, false),
        CASE WHEN length(i.customer_message) > 100000
             THEN ARRAY['customer_message', 'at most 100000 characters long', format('%s characters long', length(i.customer_message))] END,
        analytics_internal.text_problem('agent', i.agent, 200, false),
        analytics_internal.choice_problem('priority', i.priority, '{urgent,high,normal,low}'),
        analytics_internal.instant_problem('created_at', i.created_at));
COMMENT ON FUNCTION analytics_internal.approval_problem(analytics_internal.approval_item) IS 'What is wrong with a draft; NULL if nothing.';

CREATE OR REPLACE FUNCTION analytics_internal.insert_approvals(drafts analytics_internal.approval_item[]) RETURNS uuid[]
LANGUAGE sql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
WITH inserted AS (
    INSERT INTO analytics_data.agent_approvals (tenant_id, id, conversation_id, customer_name, customer_message, draft_response, agent,
                                                confidence_score, priority, created_at)
    SELECT DISTINCT ON (i.id) (SELECT analytics.current_tenant()), i.id, i.conversation_id, i.customer_name, i.customer_message,
           i.draft_response, i.agent, i.confidence_score, i.priority, coalesce(i.created_at, now())
    FROM unnest(drafts) i WHERE i.problem IS NULL ORDER BY i.id, i.index
    ON CONFLICT DO NOTHING RETURNING id)
SELECT array_agg(id) FROM inserted
$$;
COMMENT ON FUNCTION analytics_internal.insert_approvals(analytics_internal.approval_item[]) IS
'Inserts the drafts that have no problem, the first of each id, and returns the ids that were new.';

-- Volatile: each of its looks sees what has been committed up to then.
CREATE OR REPLACE FUNCTION analytics_internal.is_submitted(i analytics_internal.approval_item) RETURNS boolean
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT (a.conversation_id, a.draft_response, a.confidence_score, a.customer_name, a.customer_message, a.agent, a.priority)
                   IS NOT DISTINCT FROM
                   (i.conversation_id, i.draft_response, i.confidence_score, i.customer_name, i.customer_message, i.agent, i.priority)
               AND a.created_at = coalesce(i.created_at, a.created_at)
            FROM analytics_data.agent_approvals a WHERE a.tenant_id = (SELECT analytics.current_tenant()) AND a.id = i.id);
END $$;
COMMENT ON FUNCTION analytics_internal.is_submitted(analytics_internal.approval_item) IS
'Whether the draft was submitted with the same content, whatever was decided since; NULL when no draft has its id.';

CREATE OR REPLACE FUNCTION analytics_internal.record_submit_approval_batch(items jsonb)
RETURNS TABLE (index integer, id text, outcome text, message text)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 1000 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    drafts analytics_internal.approval_item[] := ARRAY(
        SELECT ROW(i.index, p.problem, CASE WHEN p.problem IS NULL THEN coalesce(i.id::uuid, gen_random_uuid()) END, i.conversation_id,
                   i.draft_response, i.confidence_score, i.customer_name, i.customer_message, i.agent, coalesce(i.priority, 'normal'),
                   i.created_at)::analytics_internal.approval_item
        FROM (SELECT * FROM analytics_internal.read_items(items, '{conversation_id,draft_response,confidence_score}') AS i(index integer,
                  message text, id text, conversation_id text, draft_response text, confidence_score numeric, customer_name text,
                  customer_message text, agent text, priority text, created_at timestamptz) OFFSET 0) i,
             LATERAL (SELECT coalesce(i.message, analytics_internal.problem_text(coalesce(analytics_internal.uuid_problem('id', i.id, false),
                          analytics_internal.approval_problem(ROW(i.index, NULL, NULL, i.conversation_id, i.draft_response, i.confidence_score,
                              i.customer_name, i.customer_message, i.agent, coalesce(i.priority, 'normal'), i.created_at)::analytics_internal.approval_item))))
                          AS problem OFFSET 0) p
        ORDER BY i.index);
    inserted uuid[] := analytics_internal.insert_approvals(drafts);
BEGIN
    RETURN QUERY
    WITH new AS MATERIALIZED (
        SELECT min(d.index) AS index FROM unnest(drafts) d JOIN unnest(inserted) n(id) ON n.id = d.id WHERE d.problem IS NULL GROUP BY d.id),
    judged AS MATERIALIZED (
        SELECT d.index, d.id, d.problem, CASE WHEN d.problem IS NOT NULL THEN 'rejected' WHEN n.index IS NOT NULL THEN 'accepted'
                   WHEN analytics_internal.is_submitted(d) THEN 'duplicate' ELSE 'rejected' END AS outcome
        FROM unnest(drafts) d LEFT JOIN new n ON n.index = d.index)
    SELECT j.index, j.id::text, j.outcome, CASE j.outcome WHEN 'rejected' THEN
               coalesce(j.problem, format('id must be new, but draft %s was submitted with other content', j.id)) END
    FROM judged j ORDER BY j.index;
END $$;
COMMENT ON FUNCTION analytics_internal.record_submit_approval_batch(jsonb) IS
'Submits drafts with one INSERT, for record_batch.
items: a JSON array of objects whose keys are the arguments of submit_approval. One row an item: accepted, duplicate or rejected, and why.';

CREATE OR REPLACE FUNCTION analytics.submit_approval(conversation_id text, draft_response text, confidence_score numeric,
    customer_name text DEFAULT NULL, customer_message text DEFAULT NULL, agent text DEFAULT NULL, priority text DEFAULT 'normal',
    id uuid DEFAULT NULL, created_at timestamptz DEFAULT NULL) RETURNS uuid
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    draft analytics_internal.approval_item := ROW(0, NULL, coalesce(id, gen_random_uuid()), conversation_id, draft_response,
        confidence_score, customer_name, customer_message, agent, coalesce(priority, 'normal'), created_at);
    problem text[] := analytics_internal.approval_problem(draft);
BEGIN
    IF problem IS NOT NULL THEN
        PERFORM analytics_internal.refuse(problem);
    END IF;
    IF analytics_internal.insert_approvals(ARRAY[draft]) IS NULL AND analytics_internal.is_submitted(draft) IS NOT TRUE THEN
        RAISE EXCEPTION 'draft % was submitted with other content', draft.id USING ERRCODE = '23505',
            HINT = 'A draft is submitted once. Pass another id, or the same content to try again.';
    END IF;
    RETURN draft.id;
END $$;
COMMENT ON FUNCTION analytics.submit_approval(text, text, numeric, text, text, text, text, uuid, timestamptz) IS
'Puts a draft of an agent into the queue for a person to decide, and returns its id.
conversation_id: the conversation it belongs to. draft_response: what the agent would answer, at most 100,000 characters. confidence_score: how sure the agent is, 0 to 100. customer_name, customer_message: whom the answer is for, and what they wrote. agent: who wrote it. priority: urgent, high, normal or low. id: the caller''s id, made up when NULL; the same id with the same content again changes nothing, also after the decision. created_at: when, now when NULL.
Example: SELECT analytics.submit_approval(''c-17'', ''Your order left our warehouse today.'', 91.5, agent => ''shipping'');
Errors: 22023 for a missing text, a confidence out of range or an unknown priority; 23505 when the id was submitted with other content.';

CREATE OR REPLACE FUNCTION analytics_internal.resolution_problem(decision text, resolved_by text, final_response text, resolved_at timestamptz)
RETURNS text[] LANGUAGE sql STABLE PARALLEL SAFE
    RETURN coalesce(analytics_internal.choice_problem('decision', decision, '{approved,rejected,edited}'),
                    analytics_internal.text_problem('resolved_by', resolved_by, 200, false),
                    CASE WHEN length(final_response) > 100000
                         THEN ARRAY['final_response', 'at most 100000 characters long', format('%s characters long', length(final_response))] END,
                    analytics_internal.instant_problem('resolved_at', resolved_at));
COMMENT ON FUNCTION analytics_internal.resolution_problem(text, text, text, timestamptz) IS 'What is wrong with a decision; NULL if nothing.';

-- The row is locked before it is judged: of deciders at the same time the first to come decides, the others wait and then see it.
CREATE OR REPLACE FUNCTION analytics_internal.decide_approval(draft uuid, decision text, decided_by text, final_text text, decided_at timestamptz,
    OUT outcome text, OUT detail text)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    tenant text := analytics.current_tenant();
    stored record;
BEGIN
    SELECT a.status, a.created_at, a.resolved_at, a.resolved_by INTO stored FROM analytics_data.agent_approvals a
    WHERE a.tenant_id = tenant AND a.id = draft FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        outcome := 'unknown';
        detail := format('There is no draft %s.', draft);
    ELSIF stored.status = decision THEN
        outcome := 'duplicate';
    ELSIF stored.status <> 'pending' THEN
        outcome := 'conflict';
        detail := format('Draft %s was %s by %s at %s.', draft, stored.status, coalesce(stored.resolved_by, 'somebody unnamed'),
                         to_char(stored.resolved_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'));
    ELSIF decided_at < stored.created_at THEN
        outcome := 'early';
        detail := to_char(stored.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');
    ELSE
        UPDATE analytics_data.agent_approvals a
        SET status = decision, resolved_at = coalesce(decided_at, greatest(now(), stored.created_at)), resolved_by = decided_by, final_response = final_text
        WHERE a.tenant_id = tenant AND a.id = draft;
        outcome := 'accepted';
    END IF;
END $$;
COMMENT ON FUNCTION analytics_internal.decide_approval(uuid, text, text, text, timestamptz) IS
'Decides a draft of the current tenant, if it is pending.
outcome: accepted, duplicate (it was decided so before), conflict (otherwise), unknown or early (before it was submitted); detail says more.';

CREATE OR REPLACE FUNCTION analytics.resolve_approval(id uuid, decision text, resolved_by text DEFAULT NULL, final_response text DEFAULT NULL,
    resolved_at timestamptz DEFAULT NULL) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    problem text[] := coalesce(CASE WHEN id IS NULL THEN ARRAY['id', 'given', 'NULL'] END,
        analytics_internal.resolution_problem(decision, resolved_by, final_response, resolved_at));
    done record;
BEGIN
    IF problem IS NOT NULL THEN
        PERFORM analytics_internal.refuse(problem);
    END IF;
    SELECT * INTO done FROM analytics_internal.decide_approval(id, decision, coalesce(resolved_by, analytics_internal.caller_name()),
                                                               final_response, resolved_at);
    CASE done.outcome
        WHEN 'unknown' THEN
            RAISE EXCEPTION 'approval not found' USING ERRCODE = 'PT404', DETAIL = done.detail, HINT = 'list_pending_approvals shows those that wait.';
        WHEN 'conflict' THEN
            RAISE EXCEPTION 'approval is already resolved' USING ERRCODE = 'PT409', DETAIL = done.detail,
                HINT = 'A decision stands. Submit another draft if it was wrong.';
        WHEN 'early' THEN
            PERFORM analytics_internal.refuse(ARRAY['resolved_at', format('at or after created_at (%s)', done.detail),
                                                    to_char(resolved_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')]);
        ELSE NULL;
    END CASE;
    RETURN decision;
END $$;
COMMENT ON FUNCTION analytics.resolve_approval(uuid, text, text, text, timestamptz) IS
'Decides a pending draft, and returns the decision.
id: the draft. decision: approved (sent as it was), edited (sent after a person changed it) or rejected. resolved_by: who decided; when NULL the claim sub, else the setting agent_analytics.user, else the role. final_response: what was sent, at most 100,000 characters; NULL keeps no text, also of an edited draft. resolved_at: when, now when NULL; not before the draft was submitted.
Of several who decide at the same time the first decides. The same decision again changes nothing, whoever makes it.
Errors: 22023 for an unknown decision or an instant before the draft; PT404 for an unknown id; PT409 when it was decided otherwise, with who and when in the detail.';

CREATE OR REPLACE FUNCTION analytics_internal.record_resolve_approval_batch(items jsonb)
RETURNS TABLE (index integer, id text, outcome text, message text)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 1000 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    i record;
    done record;
BEGIN
    -- Locked in the order of the ids, so that two batches wait for each other, but never in a circle.
    PERFORM FROM analytics_data.agent_approvals a
    WHERE a.tenant_id = (SELECT analytics.current_tenant())
      AND a.id = ANY (ARRAY(SELECT (x ->> 'id')::uuid FROM jsonb_array_elements(items) x
                            WHERE jsonb_typeof(x) = 'object' AND analytics_internal.uuid_problem('id', x ->> 'id', true) IS NULL))
    ORDER BY a.id FOR NO KEY UPDATE;
    FOR i IN
        SELECT r.*, coalesce(r.message, analytics_internal.problem_text(coalesce(analytics_internal.uuid_problem('id', r.id, true),
                   analytics_internal.resolution_problem(r.decision, r.resolved_by, r.final_response, r.resolved_at)))) AS problem
        FROM analytics_internal.read_items(items, '{id,decision}') AS r(index integer, message text, id text, decision text, resolved_by text,
            final_response text, resolved_at timestamptz)
        ORDER BY r.index
    LOOP
        index := i.index;
        id := i.id;
        message := i.problem;
        outcome := 'rejected';
        IF message IS NULL THEN
            SELECT * INTO done FROM analytics_internal.decide_approval(i.id::uuid, i.decision, coalesce(i.resolved_by, analytics_internal.caller_name()),
                                                                       i.final_response, i.resolved_at);
            IF done.outcome IN ('accepted', 'duplicate') THEN
                outcome := done.outcome;
            ELSIF done.outcome = 'early' THEN
                message := format('resolved_at must be at or after created_at (%s)', done.detail);
            ELSE
                message := done.detail;
            END IF;
        END IF;
        RETURN NEXT;
    END LOOP;
END $$;
COMMENT ON FUNCTION analytics_internal.record_resolve_approval_batch(jsonb) IS
'Decides drafts, for record_batch.
items: a JSON array of objects whose keys are the arguments of resolve_approval. One row an item: accepted, duplicate (decided so before) or rejected, and why.';

CREATE OR REPLACE FUNCTION analytics_internal.agent_query_problem(i analytics_internal.agent_query_item) RETURNS text[]
LANGUAGE sql STABLE PARALLEL SAFE COST 10
    RETURN coalesce(
        analytics_internal.text_problem('agent', i.agent, 200, true),
        CASE WHEN length(i.query) > 100000 THEN ARRAY['query', 'at most 100000 characters long', format('%s characters long', length(i.query))]
             WHEN NOT (i.latency_ms >= 0 AND i.latency_ms < 1e15) THEN ARRAY['latency_ms', 'a number from 0 to below 10^15', i.latency_ms::text] END,
        analytics_internal.text_problem('error_type', i.error_type, 200, false),
        analytics_internal.instant_problem('created_at', i.created_at));
COMMENT ON FUNCTION analytics_internal.agent_query_problem(analytics_internal.agent_query_item) IS 'What is wrong with a query of an agent; NULL if nothing.';

CREATE OR REPLACE FUNCTION analytics_internal.insert_agent_queries(queries analytics_internal.agent_query_item[]) RETURNS uuid[]
LANGUAGE sql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
WITH inserted AS (
    INSERT INTO analytics_data.agent_queries (tenant_id, id, agent, query, created_at, latency_ms, approved, human_edited, success, error_type)
    SELECT DISTINCT ON (i.id) (SELECT analytics.current_tenant()), i.id, i.agent, i.query, coalesce(i.created_at, now()), i.latency_ms,
           i.approved, i.human_edited, i.success, i.error_type
    FROM unnest(queries) i WHERE i.problem IS NULL ORDER BY i.id, i.index
    ON CONFLICT DO NOTHING RETURNING id)
SELECT array_agg(id) FROM inserted
$$;
COMMENT ON FUNCTION analytics_internal.insert_agent_queries(analytics_internal.agent_query_item[]) IS
'Inserts the queries that have no problem, the first of each id, and returns the ids that were new.';

CREATE OR REPLACE FUNCTION analytics_internal.is_recorded_query(i analytics_internal.agent_query_item) RETURNS boolean
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT (q.agent, q.query, q.latency_ms, q.approved, q.human_edited, q.success, q.error_type)
                   IS NOT DISTINCT FROM (i.agent, i.query, i.latency_ms, i.approved, i.human_edited, i.success, i.error_type)
               AND q.created_at = coalesce(i.created_at, q.created_at)
            FROM analytics_data.agent_queries q WHERE q.tenant_id = (SELECT analytics.current_tenant()) AND q.id = i.id);
END $$;
COMMENT ON FUNCTION analytics_internal.is_recorded_query(analytics_internal.agent_query_item) IS
'Whether the query is recorded with the same content; NULL when none has its id.';

CREATE OR REPLACE FUNCTION analytics_internal.record_agent_query_batch(items jsonb)
RETURNS TABLE (index integer, id text, outcome text, message text)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 1000 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    queries analytics_internal.agent_query_item[] := ARRAY(
        SELECT ROW(i.index, p.problem, CASE WHEN p.problem IS NULL THEN coalesce(i.id::uuid, gen_random_uuid()) END, i.agent, i.query, i.latency_ms,
                   i.approved, coalesce(i.human_edited, false), coalesce(i.success, true), i.error_type, i.created_at)::analytics_internal.agent_query_item
        FROM (SELECT * FROM analytics_internal.read_items(items, '{agent}') AS i(index integer, message text, id text, agent text, query text,
                  latency_ms double precision, approved boolean, human_edited boolean, success boolean, error_type text,
                  created_at timestamptz) OFFSET 0) i,
             LATERAL (SELECT coalesce(i.message, analytics_internal.problem_text(coalesce(analytics_internal.uuid_problem('id', i.id, false),
                          analytics_internal.agent_query_problem(ROW(i.index, NULL, NULL, i.agent, i.query, i.latency_ms, i.approved, i.human_edited,
                              i.success, i.error_type, i.created_at)::analytics_internal.agent_query_item)))) AS problem OFFSET 0) p
        ORDER BY i.index);
    inserted uuid[] := analytics_internal.insert_agent_queries(queries);
BEGIN
    RETURN QUERY
    WITH new AS MATERIALIZED (
        SELECT min(q.index) AS index FROM unnest(queries) q JOIN unnest(inserted) n(id) ON n.id = q.id WHERE q.problem IS NULL GROUP BY q.id),
    judged AS MATERIALIZED (
        SELECT q.index, q.id, q.problem, CASE WHEN q.problem IS NOT NULL THEN 'rejected' WHEN n.index IS NOT NULL THEN 'accepted'
                   WHEN analytics_internal.is_recorded_query(q) THEN 'duplicate' ELSE 'rejected' END AS outcome
        FROM unnest(queries) q LEFT JOIN new n ON n.index = q.index)
    SELECT j.index, j.id::text, j.outcome, CASE j.outcome WHEN 'rejected' THEN
               coalesce(j.problem, format('id must be new, but query %s is recorded with other content', j.id)) END
    FROM judged j ORDER BY j.index;
END $$;
COMMENT ON FUNCTION analytics_internal.record_agent_query_batch(jsonb) IS
'Records queries of agents with one INSERT, for record_batch.
items: a JSON array of objects whose keys are the arguments of record_agent_query. One row an item: accepted, duplicate or rejected, and why.';

CREATE OR REPLACE FUNCTION analytics.record_agent_query(agent text, query text DEFAULT NULL, latency_ms double precision DEFAULT NULL,
    approved boolean DEFAULT NULL, human_edited boolean DEFAULT false, success boolean DEFAULT true, error_type text DEFAULT NULL,
    id uuid DEFAULT NULL, created_at timestamptz DEFAULT NULL) RETURNS uuid
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    item analytics_internal.agent_query_item := ROW(0, NULL, coalesce(id, gen_random_uuid()), agent, query, latency_ms, approved,
        coalesce(human_edited, false), coalesce(success, true), error_type, created_at);
    problem text[] := analytics_internal.agent_query_problem(item);
BEGIN
    IF problem IS NOT NULL THEN
        PERFORM analytics_internal.refuse(problem);
    END IF;
    IF analytics_internal.insert_agent_queries(ARRAY[item]) IS NULL AND analytics_internal.is_recorded_query(item) IS NOT TRUE THEN
        RAISE EXCEPTION 'query % is recorded with other content', item.id USING ERRCODE = '23505',
            HINT = 'A query is recorded once. Pass another id, or the same content to try again.';
    END IF;
    RETURN item.id;
END $$;
COMMENT ON FUNCTION analytics.record_agent_query(text, text, double precision, boolean, boolean, boolean, text, uuid, timestamptz) IS
'Records what an agent was asked and what became of its answer, and returns the id.
agent: who was asked. query: what, at most 100,000 characters. latency_ms: milliseconds to the answer. approved: whether a person approved it, NULL when nobody judged. human_edited: whether a person changed it. success, error_type: whether and how the agent failed. id: the caller''s id, made up when NULL; the same id with the same content again changes nothing. created_at: when, now when NULL.
Example: SELECT analytics.record_agent_query(''shipping'', ''Where is my order?'', 412.5, approved => true);
Errors: 22023 for an empty agent or a number out of range; 23505 when the id is recorded with other content.';
