-- No way leads to another tenant's row. What tenant a is told must not depend on what tenant b has: every function is asked
-- before and after b's facts come in, under every role; then views, tables, plans, errors and a prying function are tried.
\ir include/start.sql
SELECT no_plan();
DO $$ BEGIN PERFORM analytics.setup_roles(); END $$;
\ir include/tenant_facts.sql
\ir include/calls.sql
SELECT is_empty('SELECT oid::regproc FROM probe.functions WHERE call IS NULL', 'there are sample arguments for each function');
\ir include/told.sql

CALL probe.load('a', 'a-', 1);
SELECT count(*) AS nothing FROM analytics.refresh_rollups() \gset
SELECT analytics_internal.refresh_runs() AS nothing \gset
CREATE TABLE probe.before AS SELECT role, t.* FROM probe.roles, probe.told(role, 'a') t;
SELECT cmp_ok((SELECT count(*) FROM probe.before WHERE role = 'authenticated' AND answer !~ '^(42501|42883|22|PT|XX)' AND length(answer) > 20), '>=', 20::bigint, 'a is told a good deal');
SELECT is_empty($$SELECT role, what, answer FROM probe.before WHERE answer ~ '^(XX|42P|42883|2200|P0)'$$, 'nothing breaks');
SELECT is_empty($$SELECT role, what, answer FROM probe.before b JOIN probe.functions f ON f.oid::regproc::text = b.what
        WHERE answer ~ '^42501' AND (role IN ('authenticated', 'analytics_admin', 'service_role') AND f.access IN ('public', 'reader')
                                     OR role IN ('analytics_admin', 'service_role') AND f.access = 'admin')$$, 'who may call a function may touch what it touches');
CALL probe.load('b', 'b-secret-', 3);
CREATE TABLE probe.fresh AS SELECT role, t.* FROM probe.roles, probe.told(role, 'a') t;
SELECT count(*) AS nothing FROM analytics.refresh_rollups() \gset
SELECT analytics_internal.refresh_runs() AS nothing \gset
CREATE TABLE probe.after AS SELECT role, t.* FROM probe.roles, probe.told(role, 'a') t;
SELECT is_empty(format($$SELECT role, what, left(b.answer, 200), left(a.answer, 200) FROM probe.before b JOIN probe.%s a USING (role, what)
        WHERE regexp_replace(b.answer, '"checked_at": "[^"]*"', '') IS DISTINCT FROM regexp_replace(a.answer, '"checked_at": "[^"]*"', '') AND what <> 'analytics.get_rollup_status'$$, moment), 'a is told the same when b has facts: ' || moment)
    FROM unnest('{fresh,after}'::text[]) moment;
SELECT is_empty($$SELECT role, what FROM probe.after WHERE answer LIKE '%b-secret-%' AND what NOT LIKE '%b-secret%'$$, 'and nothing of b''s');
SELECT isnt_empty($$SELECT FROM probe.told('authenticated', 'b') WHERE answer LIKE '%b-secret-%'$$, 'which b is told');
SELECT is_empty($$SELECT what, answer FROM probe.before WHERE role = 'anon' AND what LIKE 'analytics.%' AND answer !~ '^42501'
        AND what NOT IN (SELECT oid::regproc::text FROM probe.functions WHERE access IN ('everyone', 'public'))$$, 'anon is told nothing at all');

-- Views, tables and stores.
CREATE FUNCTION probe.other_tenants(role text) RETURNS TABLE (relation text, tenants text[]) LANGUAGE plpgsql AS $$
DECLARE
    r record;
BEGIN
    FOR r IN SELECT c.oid::regclass::text AS name FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
             WHERE c.relnamespace IN ('analytics'::regnamespace, 'analytics_data'::regnamespace, 'analytics_store'::regnamespace) AND c.relkind IN ('r', 'p', 'v') LOOP
        CALL probe.become(role, 'a');
        BEGIN
            relation := r.name;
            EXECUTE format('SELECT array_agg(DISTINCT tenant_id) FROM %s WHERE tenant_id NOT IN (''a'', ''*'')', r.name) INTO tenants;
            IF tenants IS NOT NULL THEN
                PERFORM set_config('role', 'none', true);
                RETURN NEXT;
            END IF;
        EXCEPTION WHEN insufficient_privilege THEN NULL;
        END;
        PERFORM set_config('role', 'none', true);
    END LOOP;
END $$;
SELECT is_empty(format('SELECT * FROM probe.other_tenants(%L)', role), role || ' sees its tenant''s rows only') FROM unnest('{anon,authenticated,analytics_writer}'::text[]) role;
SELECT isnt_empty($$SELECT * FROM probe.other_tenants('service_role')$$, 'service_role sees all');

-- A function that costs the planner nothing and tells whatever it is shown; statistics; plans.
CREATE FUNCTION probe.pry(value text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 0.0000001 AS $$
BEGIN
    IF value LIKE '%b-secret%' OR value = 'b' THEN
        PERFORM set_config('probe.seen', value, false);
    END IF;
    RETURN true;
END $$;
CREATE FUNCTION probe.pried(role text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    r record;
    line text;
BEGIN
    FOR r IN SELECT c.oid::regclass::text AS relation, quote_ident(a.attname) AS col FROM pg_class c
             JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND a.atttypid = 'text'::regtype AND NOT a.attisdropped
             WHERE c.relnamespace IN ('analytics'::regnamespace, 'analytics_data'::regnamespace, 'analytics_store'::regnamespace) AND c.relkind IN ('r', 'p', 'v')
               AND has_table_privilege(role, c.oid, 'SELECT') LOOP
        PERFORM set_config('probe.seen', '', false);
        CALL probe.become(role, 'a');
        EXECUTE format('SELECT count(*) FROM %s WHERE probe.pry(%s)', r.relation, r.col);
        FOR line IN EXECUTE format('EXPLAIN (ANALYZE, VERBOSE, COSTS OFF, TIMING OFF) SELECT * FROM %s WHERE probe.pry(%s)', r.relation, r.col) LOOP
            IF line LIKE '%b-secret%' THEN
                PERFORM set_config('probe.seen', line, false);
            END IF;
        END LOOP;
        PERFORM set_config('role', 'none', true);
        IF current_setting('probe.seen') <> '' THEN
            RETURN NEXT format('%s.%s: %s', r.relation, r.col, current_setting('probe.seen'));
        END IF;
    END LOOP;
END $$;
ANALYZE;
SELECT is_empty(format('SELECT * FROM probe.pried(%L)', role), 'a prying condition is shown nothing: ' || role) FROM unnest('{authenticated,analytics_writer,analytics_admin}'::text[]) role;
SELECT isnt_empty($$SELECT * FROM probe.pried('service_role')$$, 'it would tell if it were');
-- PostgreSQL's own functions whose errors tell what they were shown: a cast, a division. None is leakproof, so none is asked before row security.
CREATE FUNCTION probe.broke(role text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    r record;
    condition text;
BEGIN
    FOR r IN SELECT c.oid::regclass::text AS relation, quote_ident(a.attname) AS col FROM pg_class c
             JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND a.atttypid = 'text'::regtype AND NOT a.attisdropped
             WHERE c.relnamespace IN ('analytics'::regnamespace, 'analytics_data'::regnamespace, 'analytics_store'::regnamespace) AND c.relkind IN ('r', 'p', 'v')
               AND has_table_privilege(role, c.oid, 'SELECT') LOOP
        FOREACH condition IN ARRAY '{"replace(%1$s, ''b'', ''x'')::xid IS NULL","10 / (CASE WHEN %1$s ~ ''^b(-secret|$)'' THEN 0 ELSE 1 END) > 100","(SELECT count(*) FROM %2$s y WHERE 10 / (CASE WHEN %1$s ~ ''^b(-secret|$)'' THEN 0 ELSE 1 END) > 100) > 1000"}'::text[] LOOP
            CALL probe.become(role, 'a');
            BEGIN
                EXECUTE format('SELECT FROM %2$s x WHERE ' || condition || ' ORDER BY %1$s OFFSET 10000000', 'x.' || r.col, r.relation);
            EXCEPTION WHEN division_by_zero OR invalid_text_representation THEN
                -- A cast fails with a's own rows too, and then names what it could not read.
                IF SQLSTATE = '22012' OR SQLERRM LIKE '%-secret%' OR SQLERRM LIKE '%"x"%' THEN
                    RETURN NEXT format('%s.%s: %s', r.relation, r.col, SQLERRM);
                END IF;
            END;
            PERFORM set_config('role', 'none', true);
        END LOOP;
    END LOOP;
END $$;
SELECT is_empty(format('SELECT * FROM probe.broke(%L)', role), 'no error tells of a row that is hidden: ' || role) FROM unnest('{authenticated,analytics_writer,analytics_admin}'::text[]) role;
SELECT isnt_empty($$SELECT * FROM probe.broke('service_role')$$, 'they would');
SELECT is_empty($$SELECT oid::regprocedure FROM pg_proc WHERE pronamespace::regnamespace::text ~ '^analytics' AND proleakproof AND proname <> 'in_range'$$, 'none of our functions claims to be leakproof but the one that compares instants and can fail at nothing');
-- A key that is unique over all tenants would tell, by a conflict, which ids others have.
SELECT is_empty($$SELECT i.indexrelid::regclass FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid JOIN pg_attribute a ON a.attrelid = t.oid AND a.attname = 'tenant_id'
        WHERE t.relnamespace = 'analytics_data'::regnamespace AND i.indisunique AND a.attnum <> ALL (i.indkey) AND t.relname <> 'api_keys'$$, 'each unique index is of a tenant; the ids of API keys, by which the tenant is found, are random and made by the server');
SELECT is_empty($$SELECT k.conrelid::regclass, k.conname FROM pg_constraint k JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attname = 'tenant_id'
        WHERE k.contype = 'f' AND k.connamespace IN ('analytics_data'::regnamespace, 'analytics_store'::regnamespace) AND a.attnum <> ALL (k.conkey)$$, 'and each foreign key');

SET ROLE authenticated;
SELECT is_empty($$SELECT schemaname, tablename, attname FROM pg_stats WHERE schemaname ~ '^analytics'
        AND (most_common_vals::text LIKE '%b-secret%' OR histogram_bounds::text LIKE '%b-secret%')$$, 'statistics of columns stay hidden');
RESET ROLE;

-- Writing: a's calls, with ids that b has too, change nothing of b's.
CREATE FUNCTION probe.rows_of(tenant text) RETURNS TABLE (relation text, hash text) LANGUAGE plpgsql AS $$
DECLARE
    r record;
BEGIN
    FOR r IN SELECT oid::regclass::text AS name FROM pg_class WHERE relnamespace = 'analytics_data'::regnamespace AND relkind = 'r' LOOP
        relation := r.name;
        EXECUTE format('SELECT md5(string_agg(t::text, E''\n'' ORDER BY t::text)) FROM %s t WHERE tenant_id = %L', r.name, tenant) INTO hash;
        RETURN NEXT;
    END LOOP;
END $$;
CREATE TABLE probe.kept AS SELECT * FROM probe.rows_of('b');
CREATE FUNCTION probe.write(role text) RETURNS TABLE (what text, outcome text) LANGUAGE plpgsql AS $$
DECLARE
    f record;
BEGIN
    FOR f IN SELECT oid::regproc::text AS name, call FROM probe.functions
             WHERE provolatile = 'v' AND prokind = 'f' AND access <> 'owner' AND proname NOT IN ('drop_rollup') ORDER BY 1 LOOP
        what := f.name;
        BEGIN
            CALL probe.become(role, 'a');
            EXECUTE f.call INTO outcome;
            outcome := 'done';
        EXCEPTION WHEN OTHERS THEN
            outcome := SQLSTATE || ' ' || SQLERRM;
        END;
        PERFORM set_config('role', 'none', true);
        RETURN NEXT;
    END LOOP;
END $$;
CREATE TABLE probe.written AS SELECT role, w.* FROM probe.roles, probe.write(role) w;
SELECT is_empty($$SELECT relation FROM probe.rows_of('b') n JOIN probe.kept k USING (relation) WHERE n.hash IS DISTINCT FROM k.hash$$, 'what a records, b does not notice');
SELECT is_empty($$SELECT role, what, outcome FROM probe.written w JOIN probe.functions f ON f.oid::regproc::text = w.what
        WHERE (role IN ('anon', 'authenticated') OR role = 'analytics_writer' AND f.access = 'admin') AND outcome !~ '^42501 permission denied for (function|schema analytics_data)'$$, 'who may not write is stopped at the door');
SELECT is_empty($$SELECT role, what, outcome FROM probe.written w WHERE what ~ 'record_|reserve|settle|submit_approval|resolve_approval' AND role IN ('analytics_writer', 'analytics_admin', 'service_role')
        AND outcome !~ '^(done|23505|PT4)'$$, 'writers may');
SELECT is_empty($$SELECT role, what, outcome FROM probe.written WHERE outcome ~ 'b-secret|^(XX|0A|42P|22P)'$$, 'no error tells of b, or breaks');
-- Inserting rows of another tenant, or moving one's own to it.
CREATE FUNCTION probe.tries(role text, statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    CALL probe.become(role, 'a');
    EXECUTE statement;
    PERFORM set_config('role', 'none', true);
    RETURN 'done';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END $$;
SELECT is(probe.tries(role, $$INSERT INTO analytics_data.orders (tenant_id, order_id, total_amount) VALUES ('b', 'planted', 1)$$), '42501', role || ' cannot write rows of another tenant') FROM unnest('{authenticated,analytics_writer,analytics_admin}'::text[]) role;
SELECT is(probe.tries('analytics_admin', $$UPDATE analytics_data.orders SET tenant_id = 'b', order_id = 'moved' WHERE order_id = 'o1'$$), '42501', 'nor move its own');
SELECT is(probe.tries('analytics_admin', $$DELETE FROM analytics_data.orders WHERE tenant_id = 'b'$$), 'done', 'a DELETE of another tenant''s rows');
SELECT is_empty($$SELECT relation FROM probe.rows_of('b') n JOIN probe.kept k USING (relation) WHERE n.hash IS DISTINCT FROM k.hash$$, 'finds none');
SELECT * FROM finish();
