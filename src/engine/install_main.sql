-- The steps of install(), in order. A new domain adds its line here.
CREATE OR REPLACE FUNCTION analytics.install() RETURNS jsonb
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    applied text[] := '{}';
BEGIN
    PERFORM analytics_internal.lock_install();
    applied := applied || ARRAY(SELECT analytics_internal.install_engine());
    applied := applied || ARRAY(SELECT analytics_internal.install_metrics());
    applied := applied || ARRAY(SELECT analytics_internal.install_settings());
    applied := applied || ARRAY(SELECT analytics_internal.install_commerce());
    applied := applied || ARRAY(SELECT analytics_internal.install_spend());
    applied := applied || ARRAY(SELECT analytics_internal.install_runs());
    applied := applied || ARRAY(SELECT analytics_internal.install_training());
    applied := applied || ARRAY(SELECT analytics_internal.install_approvals());
    applied := applied || ARRAY(SELECT analytics_internal.install_quality());
    applied := applied || ARRAY(SELECT analytics_internal.install_exports());
    applied := applied || ARRAY(SELECT analytics_internal.install_platform());
    applied := applied || ARRAY(SELECT analytics_internal.install_operations());
    applied := applied || ARRAY(SELECT analytics_internal.install_delivery());
    -- The rollups that users made, of tables that are the caller's to put triggers on.
    applied := applied || ARRAY(
        SELECT l FROM analytics_store.rollups r JOIN analytics_store.sources s USING (source_id)
        JOIN pg_class c ON c.oid = s.relation AND pg_has_role(c.relowner, 'USAGE'),
        LATERAL analytics_internal.restore_rollup(r.name) l);
    IF to_regrole('analytics_admin') IS NOT NULL THEN
        PERFORM analytics_internal.grant_access(take_back => false);  -- what was made just now
    END IF;
    IF applied <> '{}' THEN
        NOTIFY pgrst, 'reload schema';
    END IF;
    RETURN jsonb_build_object('version', (SELECT extversion FROM pg_extension WHERE extname = 'agent_analytics'),
                              'applied', to_jsonb(applied));
END $$;
COMMENT ON FUNCTION analytics.install() IS
'Makes and migrates the tables, policies, rollups and views, as ordinary objects of the caller.
Call it after CREATE EXTENSION and after ALTER EXTENSION UPDATE; calling it again does nothing. Callers at the same time take turns. Returns {"version", "applied": [what it did]}. The extension is code, the data is yours: pg_dump keeps every row, and DROP EXTENSION cannot take one along.';
