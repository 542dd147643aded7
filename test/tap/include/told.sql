-- What a role is told by everything it may read. \ir include/told.sql, after include/calls.sql.
-- Acts as PostgREST does: role and claims for the transaction.
CREATE PROCEDURE probe.become(role text, tenant text) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('request.jwt.claims', json_build_object('role', role, 'tenant_id', tenant, 'sub', 'someone')::text, true),
            set_config('role', role, true);
END $$;

-- What a role is told by everything it may read, errors included.
CREATE FUNCTION probe.told(role text, tenant text) RETURNS TABLE (what text, answer text) LANGUAGE plpgsql AS $$
DECLARE
    f record;
BEGIN
    FOR f IN SELECT oid::regproc::text AS name, call FROM probe.functions WHERE provolatile <> 'v'
             UNION ALL SELECT c, format('SELECT %s', c) FROM unnest('{analytics.get_budget_status(''b-secret-budget''),analytics.get_metric_series(''b-secret''),analytics.get_budget_forecast(14\,''b-secret-budget'')}'::text[]) c
             -- Views of answers have no column tenant_id, and tell when they were asked.
             UNION ALL SELECT v, format('SELECT string_agg(t::text, E''\n'' ORDER BY t::text) FROM (SELECT to_jsonb(v) - ''{customers,refreshed_at,metrics_updated_at,summary_updated_at,oldest_pending_age_minutes}''::text[] AS t FROM analytics.%I v %s) v', v,
                                        CASE WHEN EXISTS (SELECT FROM pg_attribute WHERE attrelid = c AND attname = 'tenant_id') THEN 'WHERE tenant_id = ''a''' END)
                       FROM (SELECT oid AS c, relname AS v FROM pg_class WHERE relnamespace = 'analytics'::regnamespace AND relkind = 'v') v ORDER BY 1 LOOP
        what := f.name;
        BEGIN
            CALL probe.become(role, tenant);
            EXECUTE f.call INTO answer;
        EXCEPTION WHEN OTHERS THEN
            answer := SQLSTATE || ' ' || SQLERRM;
        END;
        PERFORM set_config('role', 'none', true);
        RETURN NEXT;
    END LOOP;
END $$;
CREATE TABLE probe.roles AS SELECT * FROM unnest('{anon,authenticated,analytics_writer,analytics_admin,service_role}'::text[]) role;
