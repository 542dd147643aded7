-- What a tenant has set for itself: one row a tenant, none for one that has set nothing.
CREATE OR REPLACE FUNCTION analytics_internal.install_settings() RETURNS SETOF text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- The conversion in the time zone's check raises 22023 for a name that PostgreSQL does not know.
    RETURN QUERY SELECT analytics_internal.ensure_table('analytics_data.tenant_settings', $table$
        currency text CONSTRAINT currency_is_iso_4217 CHECK (currency ~ '^[A-Z]{3}$'),
        time_zone text NOT NULL DEFAULT 'UTC' CONSTRAINT time_zone_is_known
            CHECK (length(time_zone) <= 100 AND timestamptz '2000-01-01 00:00+00' AT TIME ZONE time_zone IS NOT NULL),
        plan text CONSTRAINT plan_length CHECK (length(plan) BETWEEN 1 AND 100),
        plan_since timestamptz CONSTRAINT plan_since_is_finite CHECK (isfinite(plan_since)),
        PRIMARY KEY (tenant_id)$table$,
        'Settings of a tenant: one row at most; without one the defaults hold.');
    RETURN QUERY SELECT analytics_internal.ensure_comments('analytics_data.tenant_settings', jsonb_build_object(
        'currency', 'Reporting currency (ISO 4217). NULL: the one of the tenant''s first order, which is then written here; USD while there is none. Orders in another currency are refused.',
        'time_zone', 'IANA name of the zone in which the tenant reads its days.',
        'plan', 'The plan whose limits hold for the tenant.',
        'plan_since', 'Since when the plan holds.'));
END $$;
COMMENT ON FUNCTION analytics_internal.install_settings() IS
'Makes or completes the table tenant_settings; a line for each thing done.';

CREATE OR REPLACE FUNCTION analytics_internal.caller_name() RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE COST 5 SET search_path = pg_catalog, pg_temp AS $$
    SELECT left(coalesce(nullif(nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub', ''),
                         nullif(current_setting('agent_analytics.user', true), ''), current_user), 200)
$$;
COMMENT ON FUNCTION analytics_internal.caller_name() IS
'Who is calling, to be written down: the claim sub, else the setting agent_analytics.user, else the role.';
