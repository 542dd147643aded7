-- The schemas. `analytics` is the public surface (the control file names it); `analytics_internal` holds what callers
-- need not see and belongs to the extension. Tables live in `analytics_data` and `analytics_store`, which
-- analytics.install() makes as ordinary objects of the user.
CREATE OR REPLACE FUNCTION pg_temp.refuse_foreign_schema() RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    owner oid := (SELECT nspowner FROM pg_namespace WHERE nspname = 'analytics');
BEGIN
    -- A schema that somebody else made first would let them plant functions and operators beside ours.
    IF owner <> (SELECT extowner FROM pg_extension WHERE extname = 'agent_analytics')
       AND owner <> (SELECT datdba FROM pg_database WHERE datname = current_database())
       AND NOT (SELECT rolsuper FROM pg_roles WHERE oid = owner) THEN
        RAISE EXCEPTION 'schema "analytics" belongs to another role'
            USING ERRCODE = '42501',
                  DETAIL = format('Its owner is %I.', (SELECT rolname FROM pg_roles WHERE oid = owner)),
                  HINT = 'Drop or rename the schema, or give it to the role that creates the extension.';
    END IF;
END $$;
SELECT pg_temp.refuse_foreign_schema();
DROP FUNCTION pg_temp.refuse_foreign_schema();

CREATE SCHEMA analytics_internal;
COMMENT ON SCHEMA analytics_internal IS 'agent_analytics: internals, for the extension itself.';

CREATE OR REPLACE FUNCTION analytics.current_tenant() RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 5 AS 'MODULE_PATHNAME', 'analytics_current_tenant';
COMMENT ON FUNCTION analytics.current_tenant() IS
'The tenant of the caller.
The JWT claim tenant_id, else shop_domain (also under app_metadata), else the setting agent_analytics.tenant, else ''default''. The claim goes first: it comes anew with each request, a setting may be left over in a pooled connection.';
