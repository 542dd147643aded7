-- Operators and functions that a caller planted: nothing that runs as somebody else may find them. First a caller puts copies of
-- pg_catalog's operators and functions before it on its search_path; each passes on what it is asked and tells when it runs as
-- another than the caller. Then whoever calls has a schema of somebody else's on the path after pg_catalog, where operators
-- wait that fit two types better than any of PostgreSQL's own.
\ir include/start.sql
SELECT no_plan();
DO $$ BEGIN PERFORM analytics.setup_roles(); END $$;
CREATE SCHEMA probe;
GRANT USAGE ON SCHEMA probe TO PUBLIC;
\ir include/calls.sql
CREATE SCHEMA planted;
CREATE SCHEMA waiting;
GRANT USAGE ON SCHEMA planted, waiting TO PUBLIC;

-- Copies. `tells` is what a copy does first.
CREATE FUNCTION probe.tell(what text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT format('BEGIN IF current_user::pg_catalog.text OPERATOR(pg_catalog.<>) pg_catalog.current_setting(''probe.caller'', true) THEN
        PERFORM pg_catalog.set_config(''probe.seen'', pg_catalog.concat(pg_catalog.current_setting(''probe.seen'', true), current_user, %L), false); END IF; ', ' ' || what || E'\n') $$;
DO $plant$
DECLARE
    r record;
    n integer := 0;
BEGIN
    FOR r IN SELECT o.oprname AS name, format_type(o.oprleft, NULL) AS l, format_type(o.oprright, NULL) AS r, format_type(o.oprresult, NULL) AS result FROM pg_operator o
             JOIN pg_type a ON a.oid = o.oprleft JOIN pg_type b ON b.oid = o.oprright JOIN pg_type c ON c.oid = o.oprresult
             WHERE o.oprnamespace = 'pg_catalog'::regnamespace AND o.oprkind = 'b' AND 'p' NOT IN (a.typtype, b.typtype, c.typtype) LOOP
        n := n + 1;
        EXECUTE format('CREATE FUNCTION planted.f%s(%s, %s) RETURNS %s LANGUAGE plpgsql IMMUTABLE PARALLEL RESTRICTED COST 0.0001 AS %L', n, r.l, r.r, r.result,
                       probe.tell(format('%s(%s, %s)', r.name, r.l, r.r)) || format('RETURN $1 OPERATOR(pg_catalog.%s) $2; END', r.name));
        EXECUTE format('CREATE OPERATOR planted.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = planted.f%s)', r.name, r.l, r.r, n);
    END LOOP;
    FOR r IN SELECT p.proname AS name, pg_get_function_identity_arguments(p.oid) AS arguments, pg_get_function_result(p.oid) AS result, p.pronargs AS count FROM pg_proc p
             WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind = 'f' AND NOT p.proretset AND p.pronargs BETWEEN 1 AND 4 AND p.provariadic = 0 AND p.proargmodes IS NULL
               AND NOT EXISTS (SELECT FROM unnest(p.proargtypes || ARRAY[p.prorettype]) t(oid) JOIN pg_type y USING (oid) WHERE y.typtype = 'p') LOOP
        EXECUTE format('CREATE FUNCTION planted.%I(%s) RETURNS %s LANGUAGE plpgsql IMMUTABLE PARALLEL RESTRICTED COST 0.0001 AS %L', r.name, r.arguments, r.result,
                       probe.tell(r.name) || format('RETURN pg_catalog.%I(%s); END', r.name, (SELECT string_agg('$' || i, ', ') FROM generate_series(1, r.count) i)));
    END LOOP;
END $plant$;
SELECT cmp_ok((SELECT count(*) FROM pg_operator WHERE oprnamespace = 'planted'::regnamespace), '>', 500::bigint, 'operators are planted');
SELECT cmp_ok((SELECT count(*) FROM pg_proc WHERE pronamespace = 'planted'::regnamespace), '>', 2000::bigint, 'and functions');

-- Operators between types that PostgreSQL has none for, where it would convert one: an exact match elsewhere on the path is taken instead.
DO $wait$
DECLARE
    types CONSTANT text[] := '{int2,int4,int8,float4,float8,numeric,text,varchar,name,date,timestamp,timestamptz,interval,jsonb,uuid,inet,bool,oid,regclass,text[],int4[],float8[]}';
    operator text;
    l text;
    r text;
    result text;
    n integer := 0;
BEGIN
    FOREACH operator IN ARRAY '{=,<>,<,>,<=,>=,+,-,*,/,||,@>,~}'::text[] LOOP
        FOREACH l IN ARRAY types LOOP
            FOREACH r IN ARRAY types LOOP
                CONTINUE WHEN to_regoperator(format('pg_catalog.%s(%s,%s)', operator, l, r)) IS NOT NULL;
                BEGIN
                    EXECUTE format('SELECT pg_typeof(NULL::%s OPERATOR(pg_catalog.%s) NULL::%s)', l, operator, r) INTO result;
                EXCEPTION WHEN undefined_function OR ambiguous_function THEN CONTINUE;
                END;
                n := n + 1;
                EXECUTE format('CREATE FUNCTION waiting.f%s(%s, %s) RETURNS %s LANGUAGE plpgsql IMMUTABLE PARALLEL RESTRICTED AS %L', n, l, r, result,
                               probe.tell(format('%s(%s, %s)', operator, l, r)) || format('RETURN $1 OPERATOR(pg_catalog.%s) $2; END', operator));
                EXECUTE format('CREATE OPERATOR waiting.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = waiting.f%s)', operator, l, r, n);
            END LOOP;
        END LOOP;
    END LOOP;
END $wait$;
SELECT cmp_ok((SELECT count(*) FROM pg_operator WHERE oprnamespace = 'waiting'::regnamespace), '>', 400::bigint, 'operators wait');

-- Each function, and each way to write, under a role and a path. `caller` is who may meet them: nobody where it is no role.
CREATE FUNCTION probe.meets(role text, caller text, path text) RETURNS TABLE (what text, seen text) LANGUAGE plpgsql AS $$
DECLARE
    f record;
BEGIN
    FOR f IN SELECT oid::regproc::text AS name, call FROM probe.functions WHERE prokind = 'f'
             UNION ALL VALUES ('INSERT', 'INSERT INTO analytics_data.orders (order_id, total_amount) VALUES (gen_random_uuid()::text, 1)'),
                 ('COPY of calls', 'INSERT INTO analytics_data.llm_calls (call_id, model, input_tokens) VALUES (gen_random_uuid()::text, ''gpt-4o'', 10)'),
                 ('INSERT of spans', 'INSERT INTO analytics_data.spans (span_id, trace_id, operation_name, start_time) VALUES (''9'', ''t9'', ''x'', ''2026-03-02'')'),
                 ('INSERT of approvals', 'INSERT INTO analytics_data.agent_approvals (conversation_id, draft_response, confidence_score) VALUES (''c'', ''d'', 50)'),
                 ('UPDATE', 'UPDATE analytics_data.orders SET total_amount = 2'), ('DELETE', 'DELETE FROM analytics_data.spans'), ('DELETE of calls', 'DELETE FROM analytics_data.llm_calls'),
                 ('a request', $c$SELECT analytics.pre_request() FROM set_config('request.headers', '{"x-api-key": "aa_0123456789ab_' || repeat('0', 64) || '", "x-forwarded-for": "203.0.113.1"}', true), set_config('request.path', '/rpc/get_trends', true)$c$) LOOP
        PERFORM set_config('probe.seen', '', false), set_config('probe.caller', caller, false), set_config('request.path', '', false);
        BEGIN
            PERFORM set_config('request.jwt.claims', json_build_object('role', role, 'tenant_id', 'a', 'sub', 'someone')::text, true),
                    set_config('search_path', path, true), set_config('role', role, true);
            EXECUTE f.call;
        EXCEPTION WHEN OTHERS THEN NULL;
        END;
        PERFORM pg_catalog.set_config('role', 'none', true), pg_catalog.set_config('search_path', 'public', true);
        seen := current_setting('probe.seen');
        IF seen <> '' THEN
            what := f.name;
            seen := (SELECT string_agg(DISTINCT x, ', ') FROM regexp_split_to_table(seen, E'\n') x WHERE x <> '');
            RETURN NEXT;
        END IF;
    END LOOP;
END $$;
SELECT set_config('agent_analytics.tenant', 'a', false) \g /dev/null
SELECT analytics.record_batch('order', '[{"order_id": "o1", "total_amount": 3, "created_at": "2026-03-01"}]'), analytics.record_batch('llm_call', '[{"call_id": "c0", "model": "gpt-4o", "input_tokens": 10, "created_at": "2026-03-01"}]'),
    analytics.record_batch('span', '[{"span_id": "1", "trace_id": "run7", "operation_name": "x", "start_time": "2026-03-01"}]'), analytics.set_budget('default', 100) \g /dev/null
RESET agent_analytics.tenant;

-- Under a caller's name that is nobody's, the copies tell of every call: so they are called.
SELECT isnt_empty($$SELECT * FROM probe.meets('authenticated', '', 'planted, pg_catalog')$$, 'copies before pg_catalog are found by what runs as its caller');
SELECT is_empty(format($$SELECT * FROM probe.meets(%L, %1$L, 'planted, pg_catalog')$$, role), 'what runs as somebody else finds none: ' || role)
    FROM unnest('{anon,authenticated,analytics_writer,analytics_admin,service_role}'::text[]) role;
SELECT is_empty(format($$SELECT * FROM probe.meets(%L, '', '"$user", waiting')$$, role), 'nothing takes an operator that waits for it: ' || role)
    FROM unnest('{authenticated,analytics_admin,postgres}'::text[]) role;
SELECT * FROM finish();
