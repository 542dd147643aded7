-- Roles: what each group may call and touch, and that no way leads to another tenant's row.
\ir include/start.sql
SELECT no_plan();

-- The table of endpoints and the catalog say the same.
SELECT is_empty($$SELECT p.oid::regprocedure FROM pg_proc p
        WHERE p.pronamespace = 'analytics'::regnamespace AND p.proname NOT IN (SELECT name FROM analytics_internal.endpoints())$$, 'each function of analytics has a line in endpoints.cpp');
SELECT is_empty($$SELECT relname FROM pg_class WHERE relnamespace = 'analytics'::regnamespace AND relkind IN ('v', 'm', 'r')
        AND relname NOT IN (SELECT name FROM analytics_internal.endpoints())$$, 'and each view');
SELECT is_empty($$SELECT e.name FROM analytics_internal.endpoints() e
        WHERE NOT EXISTS (SELECT FROM pg_proc WHERE pronamespace = 'analytics'::regnamespace AND proname = e.name)
          AND to_regclass('analytics.' || quote_ident(e.name)) IS NULL$$, 'and no line is about something that is not there');
SELECT is_empty($$SELECT e.name FROM analytics_internal.endpoints() e JOIN pg_proc p ON p.proname = e.name AND p.pronamespace = 'analytics'::regnamespace
        WHERE e.access IN ('public', 'reader') AND p.provolatile = 'v' AND p.prokind = 'f' AND e.name <> 'pre_request'$$,
    'a reader''s function is STABLE: a GET may call it');
SELECT is_empty($$SELECT e.name FROM analytics_internal.endpoints() e JOIN pg_proc p ON p.proname = e.name AND p.pronamespace = 'analytics'::regnamespace
        WHERE e.max_age > 0 AND p.provolatile = 'v'$$, 'what writes is not kept by caches');

-- Before setup_roles nobody but the owner may call anything, types' functions and aggregates excepted.
CREATE ROLE stranger;
GRANT USAGE ON SCHEMA analytics, analytics_internal, analytics_data, analytics_store TO stranger;
SELECT is_empty($$SELECT p.oid::regprocedure FROM pg_proc p JOIN analytics_internal.endpoints() e ON e.name = p.proname
        WHERE p.pronamespace = 'analytics'::regnamespace AND has_function_privilege('stranger', p.oid, 'EXECUTE') AND e.access <> 'everyone'$$,
    'a stranger may execute nothing');
SELECT is_empty($$SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace = 'analytics_internal'::regnamespace
        AND (p.prosecdef OR p.proname ~ '^(install_|ensure_(?!policy)|load_|refresh_)') AND has_function_privilege('stranger', p.oid, 'EXECUTE')$$, 'nor what makes or fills tables, nor what runs as somebody else');

-- What default privileges gave away is taken back. Supabase's do just this.
DO $$ BEGIN PERFORM analytics_internal.ensure_role('anon', 'NOLOGIN'); END $$;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA analytics TO anon;
GRANT SELECT ON ALL TABLES IN SCHEMA analytics, analytics_data TO anon;
SELECT lives_ok('SELECT analytics.setup_roles()', 'setup_roles');
SELECT lives_ok('SELECT analytics.setup_roles()', 'setup_roles again');
SELECT set_eq($$SELECT m.member::regrole::text || ' in ' || m.roleid::regrole FROM pg_auth_members m WHERE m.roleid::regrole::text ~ '^analytics_'$$,
    '{analytics_reader in analytics_public,analytics_writer in analytics_public,analytics_admin in analytics_reader,analytics_admin in analytics_writer,analytics_editor in analytics_reader,analytics_editor in analytics_writer,anon in analytics_public,authenticated in analytics_reader,service_role in analytics_admin}'::text[],
    'groups and their members');
SELECT is((SELECT rolbypassrls FROM pg_roles WHERE rolname = 'service_role'), true, 'service_role sees all tenants');
CREATE VIEW callers AS SELECT * FROM (VALUES ('stranger', '{everyone}'::text[]), ('anon', '{everyone,public}'), ('authenticated', '{everyone,public,reader}'),
    ('analytics_writer', '{everyone,public,writer}'), ('analytics_editor', '{everyone,public,reader,writer}'), ('service_role', '{everyone,public,reader,writer,admin}')) c(role, may);
SELECT is_empty($$SELECT c.role, p.oid::regprocedure FROM callers c, pg_proc p JOIN analytics_internal.endpoints() e ON e.name = p.proname
        WHERE p.pronamespace = 'analytics'::regnamespace
          AND has_function_privilege(c.role, p.oid, 'EXECUTE') <> (e.access = ANY (c.may))$$, 'each role may execute its classes and no others');
SELECT is_empty($$SELECT c.role, r.oid::regclass FROM callers c, pg_class r JOIN analytics_internal.endpoints() e ON e.name = r.relname
        WHERE r.relnamespace = 'analytics'::regnamespace AND r.relkind = 'v' AND c.role <> 'analytics_writer'
          AND has_table_privilege(c.role, r.oid, 'SELECT') <> (e.access = ANY (c.may))$$, 'and read the views of its classes');
SELECT is_empty($$SELECT c.role, r.oid::regclass FROM (VALUES ('stranger'), ('anon')) c(role), pg_class r
        WHERE r.relnamespace IN ('analytics_data'::regnamespace, 'analytics_store'::regnamespace) AND r.relkind IN ('r', 'p', 'v')
          AND r.relname <> 'metrics' AND has_table_privilege(c.role, r.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE')$$, 'anon has no right on any table');
SELECT is_empty($$SELECT r.oid::regclass FROM pg_class r WHERE r.relnamespace IN ('analytics_data'::regnamespace, 'analytics_store'::regnamespace)
          AND r.relkind IN ('r', 'p', 'v') AND has_table_privilege('authenticated', r.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')$$, 'a reader changes none');
SELECT is_empty($$SELECT t.name FROM analytics_internal.table_access() t
        WHERE has_table_privilege('authenticated', 'analytics_data.' || quote_ident(t.name), 'SELECT') <> (t.reader LIKE '%SELECT%')
           OR has_table_privilege('analytics_writer', 'analytics_data.' || quote_ident(t.name), 'INSERT') <> (t.writer LIKE '%INSERT%')
           OR has_table_privilege('analytics_writer', 'analytics_data.' || quote_ident(t.name), 'DELETE')
           OR NOT has_table_privilege('analytics_admin', 'analytics_data.' || quote_ident(t.name), 'DELETE')$$, 'the groups have the rights of table_access()');

-- Every table: row security, a policy that is evaluated once a statement, indexed foreign keys.
CREATE VIEW our_tables AS SELECT c.* FROM pg_class c WHERE c.relkind IN ('r', 'p') AND c.relnamespace IN ('analytics_data'::regnamespace, 'analytics_store'::regnamespace);
SELECT is_empty('SELECT oid::regclass FROM our_tables WHERE NOT relrowsecurity OR NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = our_tables.oid)',
    'each table has row security and a policy');
SELECT is_empty($$SELECT polrelid::regclass, polname FROM pg_policy JOIN our_tables t ON t.oid = polrelid,
        LATERAL (SELECT regexp_replace(coalesce(pg_get_expr(polqual, polrelid), '') || ' ' || coalesce(pg_get_expr(polwithcheck, polrelid), ''),
                                       '\( SELECT [^()]*(\([^()]*\))?[^()]*\)', '', 'g') AS rest) r
        WHERE rest ~ 'current_tenant|current_setting|may_read_stores|is_unrestricted|current_user'$$, 'no policy calls a function for each row');
SELECT is_empty($$SELECT polrelid::regclass, cmd FROM (SELECT polrelid, unnest(CASE polcmd WHEN '*' THEN '{r,a,w,d}' ELSE ARRAY[polcmd]::text[] END) AS cmd FROM pg_policy WHERE polpermissive) p
        JOIN our_tables t ON t.oid = p.polrelid WHERE t.relname NOT IN ('model_prices', 'model_aliases') GROUP BY 1, 2 HAVING count(*) > 1$$, 'one permissive policy an action');
SELECT is_empty($$SELECT conrelid::regclass, conname FROM pg_constraint k JOIN our_tables t ON t.oid = k.conrelid WHERE contype = 'f'
        AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = k.conrelid AND (i.indkey::int2[])[0:cardinality(k.conkey) - 1] @> k.conkey)$$, 'foreign keys are indexed');
SELECT is_empty($$SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace = 'analytics'::regnamespace AND p.prosecdef$$,
    'no SECURITY DEFINER function stands in the exposed schema');

-- What run_maintenance calls is granted too.
INSERT INTO analytics_data.orders (tenant_id, order_id, customer_id, created_at, total_amount, status) VALUES ('a', 'kept up', 'c', '2026-01-01', 1, 'pending');
SET ROLE analytics_admin;
CALL analytics.run_maintenance();
\set ended :SQLSTATE
RESET ROLE;
SELECT is(:'ended'::text, '00000', 'analytics_admin runs the maintenance');
SELECT is((SELECT sum(orders) FROM analytics_store.order_stats_day WHERE tenant_id = 'a' AND bucket = '2026-01-01Z'), 1::numeric, 'which refreshes rollups');
SELECT * FROM finish();
