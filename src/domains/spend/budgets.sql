-- Budgets: limits, what is used of them, and money set aside before it is spent.

CREATE OR REPLACE FUNCTION analytics_internal.scope_problem(scope jsonb) RETURNS text[]
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN scope IS NULL OR jsonb_typeof(scope) <> 'object'
                THEN ARRAY['scope', 'a JSON object', coalesce('a JSON ' || jsonb_typeof(scope), 'NULL')]
                ELSE (SELECT CASE WHEN key NOT IN ('agent_id', 'user_id', 'model', 'task_id')
                                  THEN ARRAY['a key of scope', 'one of agent_id, user_id, model, task_id', format('"%s"', left(key, 100))]
                                  WHEN jsonb_typeof(value) <> 'string'
                                  THEN ARRAY[format('%s in scope', key), 'a text', 'a JSON ' || jsonb_typeof(value)]
                                  ELSE analytics_internal.text_problem(format('%s in scope', key), value #>> '{}', 200, true) END AS problem
                      FROM jsonb_each(scope) ORDER BY 1 LIMIT 1) END
$$;
COMMENT ON FUNCTION analytics_internal.scope_problem(jsonb) IS
'What is wrong with the scope of a budget or a reservation; NULL if nothing.';

CREATE OR REPLACE FUNCTION analytics_internal.budget_period(period text, time_zone text, starts_at timestamptz,
    ends_at timestamptz, at timestamptz, OUT from_time timestamptz, OUT to_time timestamptz, OUT resets_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
SELECT greatest(CASE WHEN period = 'total' THEN '-infinity' ELSE date_trunc(period, at, time_zone) END, starts_at),
       least(next, ends_at), CASE WHEN next < coalesce(ends_at, 'infinity') THEN next END
FROM (SELECT CASE WHEN period = 'total' THEN 'infinity'
                  ELSE (date_trunc(period, at AT TIME ZONE time_zone) + ('1 ' || period)::interval) AT TIME ZONE time_zone END AS next) n
$$;
COMMENT ON FUNCTION analytics_internal.budget_period(text, text, timestamptz, timestamptz, timestamptz) IS
'The running period of a budget at an instant.
Arguments as in budgets. Result: [from_time, to_time), infinite where it has no end, and when the next period begins (NULL: never).';

-- Everything that a budget's numbers are made of, in one statement, under one snapshot. A reservation counts until the
-- call that bears its id has a cost: then that cost does, and nothing is counted twice.
CREATE OR REPLACE FUNCTION analytics_internal.budget_use(scope jsonb, from_time timestamptz, to_time timestamptz,
    as_of timestamptz, OUT spent_usd numeric, OUT reserved_usd numeric, OUT unpriced_calls bigint)
LANGUAGE sql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
WITH held AS (
    SELECT r.* FROM analytics_data.budget_reservations r
    WHERE r.tenant_id = (SELECT analytics.current_tenant()) AND r.created_at <= as_of AND r.scope @> budget_use.scope
      AND (r.settled_at >= from_time AND r.settled_at < to_time AND r.settled_at <= as_of
           OR r.expires_at > as_of AND coalesce(r.settled_at, 'infinity') > as_of)
      AND NOT EXISTS (SELECT FROM analytics_data.llm_calls c
                      WHERE c.tenant_id = r.tenant_id AND c.call_id = r.reservation_id AND c.cost_usd IS NOT NULL AND c.created_at <= as_of))
SELECT calls.cost_usd + held.settled, held.reserved, calls.unpriced_calls
FROM analytics_internal.scope_spend(scope ->> 'agent_id', scope ->> 'user_id', scope ->> 'model', scope ->> 'task_id',
         from_time, least(to_time, as_of + interval '1 microsecond')) calls,
     (SELECT coalesce(sum(h.settled_usd) FILTER (WHERE h.settled_at <= as_of), 0) AS settled,
             coalesce(sum(h.amount_usd) FILTER (WHERE coalesce(h.settled_at, 'infinity') > as_of), 0) AS reserved
      FROM held h) held
$$;
COMMENT ON FUNCTION analytics_internal.budget_use(jsonb, timestamptz, timestamptz, timestamptz) IS
'What a budget''s period holds at an instant: spent, reserved, and calls without a price.
scope: of the budget; from_time, to_time: its period; as_of: the instant, itself included. US dollars, exact.';

CREATE OR REPLACE FUNCTION analytics_internal.find_budget(budget_id text) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    ids text[];
BEGIN
    ids := ARRAY(SELECT b.budget_id FROM analytics_data.budgets b
                 WHERE b.tenant_id = (SELECT analytics.current_tenant())
                   AND (find_budget.budget_id IS NULL OR b.budget_id = find_budget.budget_id)
                 ORDER BY b.budget_id <> 'default', b.budget_id LIMIT 2);
    IF find_budget.budget_id IS NOT NULL AND ids = '{}' THEN
        RAISE EXCEPTION 'unknown budget' USING ERRCODE = 'PT404',
            DETAIL = format('There is no budget "%s".', left(find_budget.budget_id, 255)), HINT = 'set_budget makes one.';
    END IF;
    IF cardinality(ids) = 2 AND ids[1] <> 'default' THEN
        RAISE EXCEPTION 'budget_id must be given where there are several budgets and none is named default'
            USING ERRCODE = '22023', HINT = format('There are %s, %s, ...', ids[1], ids[2]);
    END IF;
    RETURN ids[1];
END $$;
COMMENT ON FUNCTION analytics_internal.find_budget(text) IS
'The id of the budget that is meant: the named one, else the tenant''s single or `default` one, else NULL.
Errors: PT404 when the named one does not exist, 22023 when it is not clear which one is meant.';

CREATE OR REPLACE FUNCTION analytics.set_budget(budget_id text, amount_usd numeric, period text DEFAULT 'month',
    time_zone text DEFAULT 'UTC', scope jsonb DEFAULT '{}', starts_at timestamptz DEFAULT NULL, ends_at timestamptz DEFAULT NULL)
RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    problem text[] := coalesce(
        analytics_internal.text_problem('budget_id', budget_id, 200, true),
        analytics_internal.amount_problem('amount_usd', amount_usd, true),
        analytics_internal.choice_problem('period', period, '{day,week,month,total}'),
        CASE WHEN time_zone IS NULL OR NOT EXISTS (SELECT FROM pg_timezone_names WHERE name = time_zone)
             THEN ARRAY['time_zone', 'an IANA name such as Europe/Berlin', coalesce(format('"%s"', left(time_zone, 100)), 'NULL')] END,
        analytics_internal.scope_problem(scope),
        analytics_internal.instant_problem('starts_at', starts_at),
        analytics_internal.instant_problem('ends_at', ends_at),
        CASE WHEN ends_at <= starts_at THEN ARRAY['ends_at', format('after starts_at (%s)', starts_at), ends_at::text] END);
BEGIN
    IF problem IS NOT NULL THEN
        PERFORM analytics_internal.refuse(problem);
    END IF;
    INSERT INTO analytics_data.budgets AS b (tenant_id, budget_id, amount_usd, period, time_zone, scope, starts_at, ends_at)
    VALUES (analytics.current_tenant(), set_budget.budget_id, set_budget.amount_usd, set_budget.period, set_budget.time_zone,
            set_budget.scope, set_budget.starts_at, set_budget.ends_at)
    ON CONFLICT ON CONSTRAINT budgets_pkey DO UPDATE
    SET amount_usd = EXCLUDED.amount_usd, period = EXCLUDED.period, time_zone = EXCLUDED.time_zone, scope = EXCLUDED.scope,
        starts_at = EXCLUDED.starts_at, ends_at = EXCLUDED.ends_at
    WHERE (b.amount_usd, b.period, b.time_zone, b.scope, b.starts_at, b.ends_at) IS DISTINCT FROM
          (EXCLUDED.amount_usd, EXCLUDED.period, EXCLUDED.time_zone, EXCLUDED.scope, EXCLUDED.starts_at, EXCLUDED.ends_at);
    RETURN budget_id;
END $$;
COMMENT ON FUNCTION analytics.set_budget(text, numeric, text, text, jsonb, timestamptz, timestamptz) IS
'Makes a budget, or changes it, and returns its id.
budget_id: the caller''s id; `default` is the budget that is meant where none is named. amount_usd: the limit of a period in US dollars. period: day, week (from Monday), month or total. time_zone: an IANA name; there the periods begin. scope: what it is for, any of the keys agent_id, user_id, model, task_id; {} is everything. starts_at, ends_at: when it is in force, [starts_at, ends_at); NULL: without limit.
Example: SELECT analytics.set_budget(''writer'', 20, ''day'', scope => ''{"agent_id": "writer"}'');
Errors: 22023 for a bad argument.';

CREATE OR REPLACE FUNCTION analytics_internal.budget_status(wanted text, at timestamptz, OUT budget_id text, OUT amount_usd numeric,
    OUT spent_usd numeric, OUT reserved_usd numeric, OUT remaining_usd numeric, OUT used_percent numeric, OUT status text,
    OUT resets_at timestamptz, OUT unpriced_calls bigint)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    now_at timestamptz := coalesce(at, now());
    problem text[] := analytics_internal.as_of_problem(at);
BEGIN
    IF problem IS NOT NULL THEN
        PERFORM analytics_internal.refuse(problem);
    END IF;
    budget_id := analytics_internal.find_budget(wanted);
    IF budget_id IS NULL THEN
        status := 'no_budget';
        RETURN;
    END IF;
    SELECT b.amount_usd, u.spent_usd, u.reserved_usd, b.amount_usd - u.spent_usd - u.reserved_usd,
           round(u.spent_usd / nullif(b.amount_usd, 0) * 100, 2), p.resets_at, u.unpriced_calls
    INTO amount_usd, spent_usd, reserved_usd, remaining_usd, used_percent, resets_at, unpriced_calls
    FROM analytics_data.budgets b,
         analytics_internal.budget_period(b.period, b.time_zone, b.starts_at, b.ends_at, now_at) p,
         analytics_internal.budget_use(b.scope, p.from_time, p.to_time, now_at) u
    WHERE b.tenant_id = (SELECT analytics.current_tenant()) AND b.budget_id = budget_id;
    status := CASE WHEN spent_usd > amount_usd THEN 'exceeded'
                   WHEN unpriced_calls > 0 THEN 'incomplete_pricing'
                   WHEN spent_usd >= amount_usd * 0.8 AND spent_usd > 0 THEN 'warning'
                   ELSE 'ok' END;
END $$;
COMMENT ON FUNCTION analytics_internal.budget_status(text, timestamptz) IS
'get_budget_status, whose argument and result share a name, which PL/pgSQL does not allow.';

CREATE OR REPLACE FUNCTION analytics.get_budget_status(budget_id text DEFAULT NULL, as_of timestamptz DEFAULT NULL,
    OUT budget_id text, OUT amount_usd numeric, OUT spent_usd numeric, OUT reserved_usd numeric, OUT remaining_usd numeric,
    OUT used_percent numeric, OUT status text, OUT resets_at timestamptz, OUT unpriced_calls bigint)
LANGUAGE sql STABLE PARALLEL RESTRICTED BEGIN ATOMIC SELECT * FROM analytics_internal.budget_status($1, $2); END;
COMMENT ON FUNCTION analytics.get_budget_status(text, timestamptz) IS
'How much of a budget is used in its running period.
budget_id: NULL means the tenant''s single or `default` budget. as_of: the instant, now when NULL.
Result: amount_usd (the limit), spent_usd (calls of the period up to as_of, and settled reservations whose call has no cost yet), reserved_usd (open reservations), remaining_usd (amount - spent - reserved, negative when overspent), used_percent (spent of amount, 2 decimals), resets_at (when the next period begins, NULL: never), unpriced_calls (calls of the period without a price: spent_usd lacks them), and status: exceeded (spent more than the amount), incomplete_pricing (there are unpriced calls), warning (80 % or more is spent), ok, or no_budget, where the rest is NULL. US dollars, exact.
Errors: PT404 for an unknown budget_id; 22023 when there are several budgets and none is named default.';

-- The budget that leaves least, of those whose scope matches. Read under one snapshot.
CREATE OR REPLACE FUNCTION analytics_internal.tightest_budget(scope jsonb, at timestamptz, OUT budget_id text, OUT remaining_usd numeric)
LANGUAGE sql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
SELECT b.budget_id, b.amount_usd - u.spent_usd - u.reserved_usd
FROM analytics_data.budgets b,
     analytics_internal.budget_period(b.period, b.time_zone, b.starts_at, b.ends_at, at) p,
     analytics_internal.budget_use(b.scope, p.from_time, p.to_time, at) u
WHERE b.tenant_id = (SELECT analytics.current_tenant()) AND tightest_budget.scope @> b.scope
  AND at >= coalesce(b.starts_at, '-infinity') AND at < coalesce(b.ends_at, 'infinity')
ORDER BY 2, 1 LIMIT 1
$$;
COMMENT ON FUNCTION analytics_internal.tightest_budget(jsonb, timestamptz) IS
'Of the budgets whose scope a call matches the one that leaves least, and what it leaves; NULL when there is none.
scope: what the call is for; at: the instant whose period counts.';

CREATE OR REPLACE FUNCTION analytics_internal.reserve(amount numeric, wanted text, id text, ttl interval, call_scope jsonb,
    OUT allowed boolean, OUT reservation_id text, OUT remaining_usd numeric, OUT budget_id text)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    tenant text := analytics.current_tenant();
    at timestamptz;
    named record;
    held record;
    known boolean;
    problem text[] := coalesce(
        analytics_internal.amount_problem('amount_usd', amount, true),
        analytics_internal.text_problem('reservation_id', id, 200, false),
        CASE WHEN ttl IS NULL OR ttl < '1 second' OR ttl > '30 days'
             THEN ARRAY['ttl', 'between 1 second and 30 days', coalesce(ttl::text, 'NULL')] END,
        analytics_internal.scope_problem(call_scope));
BEGIN
    IF problem IS NOT NULL THEN
        PERFORM analytics_internal.refuse(problem);
    END IF;
    IF wanted IS NOT NULL THEN
        PERFORM analytics_internal.find_budget(wanted);
        SELECT * INTO named FROM analytics_data.budgets b WHERE b.tenant_id = tenant AND b.budget_id = wanted;
        IF NOT named.scope || call_scope @> named.scope THEN
            PERFORM analytics_internal.refuse(ARRAY['scope', format('within that of the budget, %s', named.scope), call_scope::text]);
        END IF;
        IF now() < named.starts_at OR now() >= named.ends_at THEN
            RAISE EXCEPTION 'the budget is not in force' USING ERRCODE = 'PT409',
                DETAIL = format('Budget "%s" holds from %s to %s.', wanted, coalesce(named.starts_at::text, 'ever'),
                                coalesce(named.ends_at::text, 'ever')),
                HINT = 'set_budget changes starts_at and ends_at.';
        END IF;
        call_scope := named.scope || call_scope;
    END IF;
    id := coalesce(id, gen_random_uuid()::text);

    -- All that might share a limit with us queue here, in one order. The rows are also written: a lock alone would let
    -- a repeatable-read transaction go on with a snapshot that lacks the reservations it has waited for.
    PERFORM FROM analytics_data.budgets b WHERE b.tenant_id = tenant AND call_scope @> b.scope ORDER BY b.budget_id FOR UPDATE;
    UPDATE analytics_data.budgets b SET reserved_at = clock_timestamp() WHERE b.tenant_id = tenant AND call_scope @> b.scope;
    at := clock_timestamp();

    SELECT * INTO held FROM analytics_data.budget_reservations r WHERE r.tenant_id = tenant AND r.reservation_id = id FOR UPDATE;
    known := FOUND;
    IF known AND (held.amount_usd, held.scope) IS DISTINCT FROM (amount, call_scope) THEN
        RAISE EXCEPTION 'reservation % is recorded with other content', id USING ERRCODE = '23505',
            HINT = 'Pass another reservation_id, or the same amount_usd and scope to try again.';
    END IF;
    SELECT t.budget_id, t.remaining_usd INTO budget_id, remaining_usd
    FROM analytics_internal.tightest_budget(call_scope, at) t;
    allowed := true;
    reservation_id := id;
    IF known AND (held.settled_at IS NOT NULL OR held.expires_at > at) THEN
        RETURN;  -- asked again: nothing changes
    END IF;
    IF remaining_usd < amount THEN
        allowed := false;
        reservation_id := NULL;
        RETURN;
    END IF;
    IF known THEN
        UPDATE analytics_data.budget_reservations r SET created_at = now(), expires_at = at + ttl
        WHERE r.tenant_id = tenant AND r.reservation_id = id;
    ELSE
        INSERT INTO analytics_data.budget_reservations (tenant_id, reservation_id, amount_usd, scope, budget_id, expires_at)
        VALUES (tenant, id, amount, call_scope, wanted, at + ttl) ON CONFLICT DO NOTHING;
        IF NOT FOUND THEN  -- somebody has just taken this id, under no budget of ours
            SELECT * INTO allowed, reservation_id, remaining_usd, budget_id
            FROM analytics_internal.reserve(amount, wanted, id, ttl, call_scope);
            RETURN;
        END IF;
    END IF;
    remaining_usd := remaining_usd - amount;
END $$;
COMMENT ON FUNCTION analytics_internal.reserve(numeric, text, text, interval, jsonb) IS
'reserve_budget, whose arguments and result share names, which PL/pgSQL does not allow.';

CREATE OR REPLACE FUNCTION analytics.reserve_budget(amount_usd numeric, budget_id text DEFAULT NULL, reservation_id text DEFAULT NULL,
    ttl interval DEFAULT '10 minutes', scope jsonb DEFAULT '{}', OUT allowed boolean, OUT reservation_id text,
    OUT remaining_usd numeric, OUT budget_id text)
LANGUAGE sql VOLATILE PARALLEL UNSAFE BEGIN ATOMIC SELECT * FROM analytics_internal.reserve($1, $2, $3, $4, $5); END;
COMMENT ON FUNCTION analytics.reserve_budget(numeric, text, text, interval, jsonb) IS
'Sets money aside for a call that is about to be made, if the budgets allow it.
amount_usd: the most that it can cost, US dollars. budget_id: a budget it must come from; its scope is added to the call''s. reservation_id: the caller''s id, made up when NULL; give the call the same id (record_llm_call(call_id => ...)), then its cost takes the reservation''s place. ttl: 1 second to 30 days, after which the reservation is released unless it has been settled. scope: what the call is for, any of agent_id, user_id, model, task_id: all budgets in force whose scope matches must allow it. The same reservation_id again with the same content changes nothing.
Result: allowed; reservation_id (NULL when not allowed); budget_id and remaining_usd of the budget that leaves least, after the reservation (NULL when no budget matches: then everything is allowed). Callers queue on the budgets'' rows: spent + reserved never exceeds a limit, however many there are.
Errors: 22023 for a bad argument; PT404 for an unknown budget_id; PT409 when it is not in force; 23505 when the reservation_id has other content.';

CREATE OR REPLACE FUNCTION analytics_internal.settle(id text, actual numeric, OUT reservation_id text, OUT settled_usd numeric,
    OUT remaining_usd numeric)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    tenant text := analytics.current_tenant();
    held record;
    problem text[] := coalesce(analytics_internal.text_problem('reservation_id', id, 200, true),
                               analytics_internal.amount_problem('actual_usd', actual, true));
BEGIN
    IF problem IS NOT NULL THEN
        PERFORM analytics_internal.refuse(problem);
    END IF;
    SELECT * INTO held FROM analytics_data.budget_reservations r WHERE r.tenant_id = tenant AND r.reservation_id = id FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'unknown reservation' USING ERRCODE = 'PT404',
            DETAIL = format('There is no reservation "%s".', id), HINT = 'reserve_budget makes one and returns its id.';
    END IF;
    IF held.settled_usd <> actual THEN
        RAISE EXCEPTION 'the reservation is settled already' USING ERRCODE = 'PT409',
            DETAIL = format('Reservation "%s" was settled with %s at %s.', id, held.settled_usd, held.settled_at),
            HINT = 'A reservation is settled once.';
    END IF;
    IF held.settled_at IS NULL THEN
        UPDATE analytics_data.budget_reservations r SET settled_at = now(), settled_usd = actual
        WHERE r.tenant_id = tenant AND r.reservation_id = id;
    END IF;
    reservation_id := id;
    settled_usd := actual;
    remaining_usd := (SELECT t.remaining_usd FROM analytics_internal.tightest_budget(held.scope, clock_timestamp()) t);
END $$;
COMMENT ON FUNCTION analytics_internal.settle(text, numeric) IS
'settle_reservation, whose arguments and result share names, which PL/pgSQL does not allow.';

CREATE OR REPLACE FUNCTION analytics.settle_reservation(reservation_id text, actual_usd numeric, OUT reservation_id text,
    OUT settled_usd numeric, OUT remaining_usd numeric)
LANGUAGE sql VOLATILE PARALLEL UNSAFE BEGIN ATOMIC SELECT * FROM analytics_internal.settle($1, $2); END;
COMMENT ON FUNCTION analytics.settle_reservation(text, numeric) IS
'Replaces a reservation by what the call has really cost.
reservation_id: of reserve_budget. actual_usd: the real cost, also when it is above the reserved amount or the reservation has expired: the money is spent. It counts as spent until the call whose call_id is the reservation_id is recorded with a cost; from then on that cost counts.
Result: settled_usd, and remaining_usd of the budget that leaves least (NULL when no budget matches). The same again changes nothing.
Errors: PT404 for an unknown reservation, PT409 when it is settled with another amount, 22023 for a bad amount.';
