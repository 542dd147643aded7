-- Recording tasks and what agents were observed doing.

CREATE TYPE analytics_internal.task_item AS (index integer, problem text, task_id text, agent_id text, status text,
    task_type text, started_at timestamptz, completed_at timestamptz, cost_usd numeric);
COMMENT ON TYPE analytics_internal.task_item IS 'A task as it came, with what is wrong about it.';

CREATE TYPE analytics_internal.agent_status_item AS (index integer, problem text, agent_id text, status text, observed_at timestamptz);
COMMENT ON TYPE analytics_internal.agent_status_item IS 'An observation of an agent as it came, with what is wrong about it.';

CREATE OR REPLACE FUNCTION analytics_internal.task_problem(i analytics_internal.task_item) RETURNS text[]
LANGUAGE sql STABLE PARALLEL SAFE COST 10
    RETURN coalesce(
        analytics_internal.text_problem('task_id', i.task_id, 200, true),
        analytics_internal.text_problem('agent_id', i.agent_id, 200, true),
        analytics_internal.choice_problem('status', i.status, '{pending,running,completed,failed,cancelled}'),
        analytics_internal.text_problem('task_type', i.task_type, 200, false),
        analytics_internal.instant_problem('started_at', i.started_at),
        analytics_internal.instant_problem('completed_at', i.completed_at),
        CASE WHEN i.completed_at IS NOT NULL AND i.status IN ('pending', 'running')
             THEN ARRAY['completed_at', format('left out while status is %s', i.status), i.completed_at::text]
             WHEN i.completed_at < i.started_at
             THEN ARRAY['completed_at', format('at or after started_at (%s)', i.started_at), i.completed_at::text] END,
        analytics_internal.amount_problem('cost_usd', i.cost_usd, false));
COMMENT ON FUNCTION analytics_internal.task_problem(analytics_internal.task_item) IS
'What is wrong with a task; NULL if nothing.';

CREATE OR REPLACE FUNCTION analytics_internal.agent_status_problem(i analytics_internal.agent_status_item) RETURNS text[]
LANGUAGE sql STABLE PARALLEL SAFE COST 5
    RETURN coalesce(
        analytics_internal.text_problem('agent_id', i.agent_id, 200, true),
        analytics_internal.choice_problem('status', i.status, '{active,idle,offline}'),
        analytics_internal.instant_problem('observed_at', i.observed_at));
COMMENT ON FUNCTION analytics_internal.agent_status_problem(analytics_internal.agent_status_item) IS
'What is wrong with an observation of an agent; NULL if nothing.';

-- New tasks are inserted, known ones updated, each in one statement. What is not given keeps what is stored. The items
-- bear different ids: the caller sees to that.
CREATE OR REPLACE FUNCTION analytics_internal.store_tasks(tasks analytics_internal.task_item[]) RETURNS text[]
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    tenant text := analytics.current_tenant();
    inserted text[];
    updated text[];
BEGIN
    WITH stored AS (
        INSERT INTO analytics_data.task_records (tenant_id, task_id, agent_id, task_type, status, started_at, completed_at, cost_usd)
        SELECT tenant, i.task_id, i.agent_id, i.task_type, i.status,
               coalesce(i.started_at, CASE i.status WHEN 'running' THEN now() END), i.completed_at, i.cost_usd
        FROM unnest(tasks) i ORDER BY i.task_id
        ON CONFLICT DO NOTHING RETURNING task_id)
    SELECT coalesce(array_agg(s.task_id), '{}') INTO inserted FROM stored s;
    IF cardinality(inserted) < cardinality(tasks) THEN
        WITH due AS (
            SELECT i.*, coalesce(i.task_type, t.task_type) AS new_type,
                   coalesce(i.started_at, t.started_at, CASE i.status WHEN 'running' THEN now() END) AS new_start,
                   CASE WHEN i.status IN ('completed', 'failed', 'cancelled')
                        THEN coalesce(i.completed_at, t.completed_at, now()) END AS new_end,
                   coalesce(i.cost_usd, t.cost_usd) AS new_cost
            FROM unnest(tasks) i
            JOIN analytics_data.task_records t ON t.tenant_id = tenant AND t.task_id = i.task_id
            WHERE i.task_id <> ALL (inserted)
            ORDER BY i.task_id FOR UPDATE OF t),
        stored AS (
            UPDATE analytics_data.task_records t
            SET agent_id = d.agent_id, status = d.status, task_type = d.new_type, started_at = d.new_start,
                completed_at = d.new_end, cost_usd = d.new_cost
            FROM due d
            WHERE t.tenant_id = tenant AND t.task_id = d.task_id
              AND (t.agent_id, t.status, t.task_type, t.started_at, t.completed_at, t.cost_usd)
                  IS DISTINCT FROM (d.agent_id, d.status, d.new_type, d.new_start, d.new_end, d.new_cost)
            RETURNING t.task_id)
        SELECT array_agg(s.task_id) INTO updated FROM stored s;
    END IF;
    RETURN inserted || updated;
END $$;
COMMENT ON FUNCTION analytics_internal.store_tasks(analytics_internal.task_item[]) IS
'Inserts or updates tasks of different ids, and returns the ids of those that changed.';

CREATE OR REPLACE FUNCTION analytics_internal.record_task_batch(items jsonb)
RETURNS TABLE (index integer, id text, outcome text, message text)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 1000 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    batch analytics_internal.task_item[] := ARRAY(
        SELECT ROW(i.index, coalesce(i.message, analytics_internal.problem_text(analytics_internal.task_problem(
                       ROW(i.*)::analytics_internal.task_item))), i.task_id, i.agent_id, i.status, i.task_type, i.started_at,
                   i.completed_at, i.cost_usd)::analytics_internal.task_item
        FROM analytics_internal.read_items(items, '{task_id,agent_id,status}') AS i(index integer, message text, task_id text,
            agent_id text, status text, task_type text, started_at timestamptz, completed_at timestamptz, cost_usd numeric)
        ORDER BY i.index);
    -- A task may come more than once in a batch (running, then completed): round n stores each task's nth item.
    rounds integer := (SELECT max(n) FROM (SELECT count(*) AS n FROM unnest(batch) b WHERE b.problem IS NULL GROUP BY b.task_id) c);
    due analytics_internal.task_item[];
    changed text[];
    accepted integer[] := '{}';
BEGIN
    FOR round IN 1 .. coalesce(rounds, 0) LOOP
        due := ARRAY(SELECT ROW(b.index, b.problem, b.task_id, b.agent_id, b.status, b.task_type, b.started_at, b.completed_at,
                                b.cost_usd)::analytics_internal.task_item
                     FROM (SELECT b.*, row_number() OVER (PARTITION BY b.task_id ORDER BY b.index) AS nth
                           FROM unnest(batch) b WHERE b.problem IS NULL) b
                     WHERE b.nth = round);
        changed := analytics_internal.store_tasks(due);
        accepted := accepted || ARRAY(SELECT d.index FROM unnest(due) d JOIN unnest(changed) c(id) ON c.id = d.task_id);
    END LOOP;
    RETURN QUERY
    SELECT b.index, b.task_id, CASE WHEN b.problem IS NOT NULL THEN 'rejected' WHEN a.index IS NOT NULL THEN 'accepted'
                                    ELSE 'duplicate' END, b.problem
    FROM unnest(batch) b LEFT JOIN unnest(accepted) a(index) ON a.index = b.index ORDER BY b.index;
END $$;
COMMENT ON FUNCTION analytics_internal.record_task_batch(jsonb) IS
'Records tasks, for record_batch.
items: a JSON array of objects whose keys are the arguments of record_task. One row an item: accepted, duplicate (nothing changed) or rejected, and why.';

CREATE OR REPLACE FUNCTION analytics.record_task(task_id text, agent_id text, status text, task_type text DEFAULT NULL,
    started_at timestamptz DEFAULT NULL, completed_at timestamptz DEFAULT NULL, cost_usd numeric DEFAULT NULL) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    task analytics_internal.task_item := ROW(0, NULL, task_id, agent_id, status, task_type, started_at, completed_at, cost_usd);
    problem text[] := analytics_internal.task_problem(task);
BEGIN
    IF problem IS NOT NULL THEN
        PERFORM analytics_internal.refuse(problem);
    END IF;
    PERFORM analytics_internal.store_tasks(ARRAY[task]);
    RETURN task_id;
END $$;
COMMENT ON FUNCTION analytics.record_task(text, text, text, text, timestamptz, timestamptz, numeric) IS
'Records a task, or what has become of it, and returns its id.
task_id, agent_id: the caller''s ids. status: pending, running, completed, failed or cancelled. task_type: the caller''s word. started_at: now when NULL and the task is running. completed_at: only with a status that is an end; now when NULL. cost_usd: US dollars. The same id again updates the task: what is NULL keeps what is recorded.
Errors: 22023 for an unknown status, an end before the start, a text above 200 characters; 23514 when the end lies before the recorded start.';

CREATE OR REPLACE FUNCTION analytics_internal.store_agent_statuses(observations analytics_internal.agent_status_item[])
RETURNS TABLE (agent_id text, observed_at timestamptz)
LANGUAGE sql VOLATILE PARALLEL UNSAFE ROWS 1000 SET search_path = pg_catalog, pg_temp AS $$
INSERT INTO analytics_data.agent_status_log AS l (tenant_id, agent_id, status, observed_at)
SELECT DISTINCT ON (i.agent_id, coalesce(i.observed_at, now())) (SELECT analytics.current_tenant()), i.agent_id, i.status,
       coalesce(i.observed_at, now())
FROM unnest(observations) i WHERE i.problem IS NULL ORDER BY i.agent_id, coalesce(i.observed_at, now()), i.index DESC
ON CONFLICT (tenant_id, agent_id, observed_at) DO UPDATE SET status = EXCLUDED.status WHERE l.status <> EXCLUDED.status
RETURNING l.agent_id, l.observed_at
$$;
COMMENT ON FUNCTION analytics_internal.store_agent_statuses(analytics_internal.agent_status_item[]) IS
'Stores the observations that have no problem, the last of each agent and instant, and returns those that changed something.';

CREATE OR REPLACE FUNCTION analytics_internal.record_agent_status_batch(items jsonb)
RETURNS TABLE (index integer, id text, outcome text, message text)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 1000 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    batch analytics_internal.agent_status_item[] := ARRAY(
        SELECT ROW(i.index, coalesce(i.message, analytics_internal.problem_text(analytics_internal.agent_status_problem(
                       ROW(i.*)::analytics_internal.agent_status_item))), i.agent_id, i.status,
                   coalesce(i.observed_at, now()))::analytics_internal.agent_status_item
        FROM analytics_internal.read_items(items, '{agent_id,status}') AS i(index integer, message text, agent_id text,
            status text, observed_at timestamptz)
        ORDER BY i.index);
BEGIN
    RETURN QUERY
    WITH changed AS MATERIALIZED (SELECT s.agent_id, s.observed_at FROM analytics_internal.store_agent_statuses(batch) s)
    SELECT b.index, b.agent_id,
           CASE WHEN b.problem IS NOT NULL THEN 'rejected'
                WHEN c.agent_id IS NOT NULL
                     AND row_number() OVER (PARTITION BY b.problem, b.agent_id, b.observed_at, b.status ORDER BY b.index) = 1 THEN 'accepted'
                ELSE 'duplicate' END, b.problem
    FROM unnest(batch) b LEFT JOIN changed c ON c.agent_id = b.agent_id AND c.observed_at = b.observed_at
    ORDER BY b.index;
END $$;
COMMENT ON FUNCTION analytics_internal.record_agent_status_batch(jsonb) IS
'Records observations of agents with one INSERT, for record_batch.
items: a JSON array of objects whose keys are the arguments of record_agent_status. One row an item: accepted, duplicate or rejected, and why; its id is the agent.';

CREATE OR REPLACE FUNCTION analytics.record_agent_status(agent_id text, status text, observed_at timestamptz DEFAULT NULL) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    observation analytics_internal.agent_status_item := ROW(0, NULL, agent_id, status, observed_at);
    problem text[] := analytics_internal.agent_status_problem(observation);
BEGIN
    IF problem IS NOT NULL THEN
        PERFORM analytics_internal.refuse(problem);
    END IF;
    PERFORM analytics_internal.store_agent_statuses(ARRAY[observation]);
    RETURN agent_id;
END $$;
COMMENT ON FUNCTION analytics.record_agent_status(text, text, timestamptz) IS
'Records what an agent was observed doing, and returns the agent''s id.
agent_id: the agent. status: active, idle or offline. observed_at: when, now when NULL; of two observations of one agent and instant the later recorded one holds.
Errors: 22023 for an unknown status or an empty id.';
