-- Who may do what. The groups hold the rights; people and services become members of them.
--     analytics_public  <-- analytics_reader, analytics_writer  <-- analytics_admin
-- src/delivery/endpoints.cpp gives each function and view its group, table_access() each table its rights.

CREATE OR REPLACE FUNCTION analytics_internal.endpoints()
RETURNS TABLE (name text, access text, limit_class text, max_age integer, stale_while_revalidate integer)
LANGUAGE c IMMUTABLE PARALLEL SAFE ROWS 100 AS 'MODULE_PATHNAME', 'analytics_endpoints';
COMMENT ON FUNCTION analytics_internal.endpoints() IS
'Every function and view of the schema analytics, by name: access (everyone, public, reader, writer, admin, owner), limit_class (none, dashboard, agent, admin, scrape, ingest, export), and for how many seconds an answer may be kept.';

-- A table of facts is read by readers, written by writers and corrected by admins. Those that differ stand here.
CREATE OR REPLACE FUNCTION analytics_internal.table_access() RETURNS TABLE (name text, reader text, writer text, admin text)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 50 SET search_path = pg_catalog, pg_temp AS $$
    SELECT c.relname::text, coalesce(e.reader, 'SELECT'), coalesce(e.writer, 'SELECT, INSERT, UPDATE'), CASE c.relname WHEN 'notification_channels'  -- what a channel was given as is not read back
                THEN 'SELECT (tenant_id, channel_id, kind, config, enabled, created_at), INSERT, UPDATE, DELETE' ELSE 'SELECT, INSERT, UPDATE, DELETE' END
    FROM pg_class c
    LEFT JOIN (VALUES
        -- What admins set and others go by. reserve_budget locks the budgets it goes by and notes when it did.
        ('budgets', 'SELECT', 'SELECT, UPDATE (reserved_at)'),
        ('model_prices', 'SELECT', 'SELECT'),
        ('alert_rules', '', ''),  -- alerts are for admins
        ('alert_states', '', ''),
        ('alerts', '', ''),
        ('monitoring', '', ''),
        ('notification_channels', '', ''),
        ('notification_deliveries', '', ''),
        ('api_keys', '', ''),  -- who may write here makes itself any key
        ('api_requests', '', 'SELECT, INSERT'),  -- who asked what, from where, is for admins
        ('blocked_ips', '', ''),
        ('exports', '', ''),  -- for whom the exports are
        ('export_chunks', '', ''),
        ('model_aliases', 'SELECT', 'SELECT'),
        ('data_quality_checks', 'SELECT', 'SELECT'),
        ('cost_adjustments', 'SELECT', 'SELECT'),
        ('tenant_settings', 'SELECT', 'SELECT')
    ) e(name, reader, writer) ON e.name = c.relname
    WHERE c.relnamespace = to_regnamespace('analytics_data') AND c.relkind IN ('r', 'p') AND NOT c.relispartition
$$;
COMMENT ON FUNCTION analytics_internal.table_access() IS
'The rights of the three groups on each table of analytics_data, as GRANT writes them; empty is none.';

CREATE OR REPLACE FUNCTION analytics_internal.ensure_role(name text, attributes text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF to_regrole(quote_ident(name)) IS NULL THEN
        EXECUTE format('CREATE ROLE %I %s', name, attributes);
    END IF;
EXCEPTION
    WHEN duplicate_object OR unique_violation THEN  -- another session, maybe of another database, was faster
        NULL;
    WHEN insufficient_privilege THEN
        RAISE EXCEPTION 'no right to make the role %', name USING ERRCODE = '42501', DETAIL = SQLERRM,
            HINT = format('As a superuser: CREATE ROLE %I %s, then call setup_roles again.', name, attributes);
END $$;
COMMENT ON FUNCTION analytics_internal.ensure_role(text, text) IS
'Makes a role if there is none of that name.
attributes: as in CREATE ROLE. Errors: 42501 without the right to make it.';

CREATE OR REPLACE FUNCTION analytics_internal.ensure_member(member text, of_group text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_auth_members m
                   WHERE m.member = ensure_member.member::regrole AND m.roleid = of_group::regrole) THEN
        EXECUTE format('GRANT %I TO %I', of_group, ensure_member.member);
    END IF;
EXCEPTION WHEN unique_violation THEN
    NULL;
END $$;
COMMENT ON FUNCTION analytics_internal.ensure_member(text, text) IS 'Makes a role a member of a group, unless it is.';

-- Grants what the endpoints and the tables say. Objects of other owners are left alone: their owner calls setup_roles too.
CREATE OR REPLACE FUNCTION analytics_internal.grant_access(take_back boolean) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    groups CONSTANT text := 'analytics_public, analytics_reader, analytics_writer, analytics_admin';
    callers CONSTANT text := groups || ', anon, authenticated, service_role';
    r record;
    x record;
BEGIN
    FOR r IN SELECT * FROM (VALUES ('analytics', 'analytics_public'), ('analytics_internal', 'analytics_public'),
                                   ('analytics_data', 'analytics_reader, analytics_writer'),
                                   ('analytics_store', 'analytics_reader, analytics_writer')) s(name, roles)
             JOIN pg_namespace n ON n.nspname = s.name WHERE pg_has_role(n.nspowner, 'USAGE') LOOP
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO %s', r.name, r.roles);
    END LOOP;

    -- Functions. What default privileges gave to a caller directly goes too.
    FOR r IN SELECT p.oid::regprocedure AS function, p.prokind, e.access
             FROM analytics_internal.endpoints() e
             JOIN pg_proc p ON p.proname = e.name AND p.pronamespace = 'analytics'::regnamespace
             WHERE pg_has_role(p.proowner, 'USAGE') LOOP
        IF take_back THEN
            EXECUTE format('REVOKE ALL ON ROUTINE %s FROM PUBLIC, %s', r.function, callers);
        END IF;
        IF r.access = 'everyone' THEN
            EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO PUBLIC', r.function);
        ELSIF r.access <> 'owner' THEN
            EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO %I', r.function, 'analytics_' || r.access);
        END IF;
    END LOOP;
    FOR r IN SELECT p.oid::regprocedure AS function FROM pg_proc p
             WHERE p.pronamespace = 'analytics_internal'::regnamespace AND p.proname IN ('await_install', 'refresh_step', 'refresh_runs', 'refresh_conversations', 'refresh_quality_days', 'forget_lost_sources', 'evaluate_tenant')
               AND pg_has_role(p.proowner, 'USAGE') LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO analytics_admin', r.function);
    END LOOP;

    -- Tables.
    FOR r IN SELECT t.*, c.oid::regclass AS relation FROM analytics_internal.table_access() t
             JOIN pg_class c ON c.relname = t.name AND c.relnamespace = 'analytics_data'::regnamespace
             WHERE pg_has_role(c.relowner, 'USAGE') LOOP
        IF take_back THEN
            EXECUTE format('REVOKE ALL ON TABLE %s FROM PUBLIC, %s', r.relation, callers);
        END IF;
        FOR x IN SELECT * FROM (VALUES ('reader', r.reader), ('writer', r.writer), ('admin', r.admin)) g(name, rights)
                 WHERE rights <> '' LOOP
            EXECUTE format('GRANT %s ON TABLE %s TO %I', x.rights, r.relation, 'analytics_' || x.name);
        END LOOP;
    END LOOP;

    -- Views and stores: sums of the tables, for those who may read these; row security holds for both. Stores of a table
    -- of somebody else's are for whom its owner lets read it (create_rollup copies that).
    FOR r IN SELECT c.oid::regclass AS relation,
                    CASE WHEN c.relname IN (SELECT e.name || suffix FROM analytics_internal.endpoints() e
                                            JOIN analytics_store.rollups y ON y.name = e.name,
                                            unnest('{"",_base,_hour,_day,_rows}'::text[]) suffix WHERE e.access = 'admin')
                         THEN 'analytics_admin'
                         -- A view of an answer takes the right to call its function.
                         WHEN c.relnamespace = 'analytics'::regnamespace AND c.relname NOT IN (SELECT y.name FROM analytics_store.rollups y)
                         THEN 'analytics_reader' ELSE 'analytics_reader, analytics_writer' END AS readers
             FROM pg_class c
             WHERE pg_has_role(c.relowner, 'USAGE') AND c.relkind IN ('r', 'p', 'v')
               AND (c.relnamespace = 'analytics'::regnamespace
                    AND c.relname IN (SELECT e.name FROM analytics_internal.endpoints() e WHERE e.access IN ('reader', 'admin'))
                    OR c.relnamespace = to_regnamespace('analytics_store')
                    AND c.relname <> ALL ('{definitions,sources,rollups,notes,watch,scheduled_views,metrics,derived_sources}'::name[])
                    AND c.relname NOT IN (SELECT y.name || suffix FROM analytics_store.rollups y
                                          JOIN analytics_store.sources s USING (source_id) JOIN pg_class t ON t.oid = s.relation,
                                          unnest('{_base,_hour,_day,_rows}'::text[]) suffix
                                          WHERE t.relnamespace NOT IN ('analytics_data'::regnamespace, 'analytics_store'::regnamespace))) LOOP
        IF take_back THEN
            EXECUTE format('REVOKE ALL ON TABLE %s FROM PUBLIC, %s', r.relation, callers);
        END IF;
        EXECUTE format('GRANT SELECT ON TABLE %s TO %s', r.relation, r.readers);
    END LOOP;
    -- The registry: metrics and scheduled views are written by whoever administers, the rest by the engine as its owner.
    FOR r IN SELECT c.oid::regclass AS relation, g.name, g.rights
             FROM (VALUES ('metrics', 'SELECT, INSERT, UPDATE, DELETE'), ('scheduled_views', 'SELECT, INSERT, UPDATE, DELETE'),
                          ('notes', 'SELECT'), ('rollups', 'SELECT'), ('sources', 'SELECT'), ('watch', 'SELECT'), ('derived_sources', 'SELECT')) g(name, rights)
             JOIN pg_class c ON c.relname = g.name AND c.relnamespace = to_regnamespace('analytics_store')
             WHERE pg_has_role(c.relowner, 'USAGE') LOOP
        EXECUTE format('GRANT %s ON TABLE %s TO analytics_admin', r.rights, r.relation);
        IF r.name = 'rollups' THEN  -- list_metrics tells what can be asked
            EXECUTE format('GRANT SELECT ON TABLE %s TO analytics_reader', r.relation);
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION analytics_internal.grant_access(boolean) IS
'Gives the groups their rights on all functions, tables, views and stores that belong to the caller: a step of setup_roles() and, where the groups are there, of install().
take_back: first revoke what PUBLIC, the groups and the roles of PostgREST have.';

CREATE OR REPLACE FUNCTION analytics.setup_roles() RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 100000 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    name text;
BEGIN
    PERFORM analytics_internal.lock_install();  -- two that change the same rights at once would fail
    FOREACH name IN ARRAY '{analytics_public,analytics_reader,analytics_writer,analytics_editor,analytics_admin,anon,authenticated}'::text[] LOOP
        PERFORM analytics_internal.ensure_role(name, 'NOLOGIN');
    END LOOP;
    PERFORM analytics_internal.ensure_role('service_role', 'NOLOGIN BYPASSRLS');
    PERFORM analytics_internal.ensure_member(m.member, m.of_group)
    FROM (VALUES ('analytics_reader', 'analytics_public'), ('analytics_writer', 'analytics_public'),
                 ('analytics_admin', 'analytics_reader'), ('analytics_admin', 'analytics_writer'),
                 ('analytics_editor', 'analytics_reader'), ('analytics_editor', 'analytics_writer'),
                 ('anon', 'analytics_public'), ('authenticated', 'analytics_reader'),
                 ('service_role', 'analytics_admin')) m(member, of_group);
    -- A request with an API key becomes one of these. Not by inheriting: it could do all at once.
    IF to_regrole('authenticator') IS NOT NULL THEN
        PERFORM analytics_internal.ensure_member('authenticator', g)
        FROM unnest('{analytics_reader,analytics_writer,analytics_editor,analytics_admin}'::text[]) g;
    END IF;
    PERFORM analytics_internal.grant_access(take_back => true);
    NOTIFY pgrst, 'reload schema';
END $$;
COMMENT ON FUNCTION analytics.setup_roles() IS
'Makes the groups of roles and gives each its rights; to be called once after install(), by a superuser or a role with CREATEROLE.
Groups: analytics_public (what everybody may ask), analytics_reader (reads its tenant''s facts), analytics_writer (records facts), analytics_admin (administers; reads and writes too). The roles that PostgREST and Supabase use are made where they are missing and become members: anon of analytics_public, authenticated of analytics_reader, service_role of analytics_admin, past row security. Give your own roles a group: GRANT analytics_reader TO dashboard. To let signed-in people decide approvals: GRANT analytics_writer TO authenticated.
The groups belong to the server, the rights to this database: call it in each. Calling it again mends what is missing and takes back what the roles above had been granted on these objects by other ways. install() gives rights on new objects once the groups are there.
Errors: 42501 without the right to make a role.';

-- Nobody is let in by default: PostgreSQL lets PUBLIC execute each new function.
DO $$
DECLARE
    r record;
BEGIN
    FOR r IN SELECT p.oid::regprocedure AS function FROM pg_catalog.pg_proc p
             WHERE p.pronamespace = 'analytics'::regnamespace
               AND p.proname::text IN (SELECT e.name FROM analytics_internal.endpoints() e WHERE e.access <> 'everyone')
                OR p.pronamespace = 'analytics_internal'::regnamespace
               AND p.proname ~ '^(install_|ensure_(?!policy)|load_|(lock_install|await_install|definition_changed|complete_table|restore_rollup|refresh_step|refresh_runs|refresh_conversations|refresh_quality_days|data_quality_of|quality_tenants|forget_lost_sources|evaluate_tenant|claim_deliveries|finish_delivery|grant_access)$)'
    LOOP
        EXECUTE pg_catalog.format('REVOKE ALL ON ROUTINE %s FROM PUBLIC', r.function);
    END LOOP;
END $$;
