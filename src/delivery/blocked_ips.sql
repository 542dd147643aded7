-- Addresses whose requests pre_request refuses.

CREATE OR REPLACE FUNCTION analytics_internal.blocking_tenant() RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE COST 10 SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN analytics.current_tenant() = 'default'
                     AND EXISTS (SELECT FROM pg_roles WHERE rolname = current_user AND (rolsuper OR rolbypassrls))
                THEN '*' ELSE analytics.current_tenant() END
$$;
COMMENT ON FUNCTION analytics_internal.blocking_tenant() IS
'For whom the caller blocks addresses: its tenant; all (*) when it is the service role and acts for no tenant.';

CREATE OR REPLACE FUNCTION analytics.block_ip(ip_address inet, reason text DEFAULT NULL, duration interval DEFAULT NULL) RETURNS jsonb
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 200 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    until timestamptz;
BEGIN
    IF ip_address IS NULL OR masklen(ip_address) = 0 THEN
        RAISE EXCEPTION 'ip_address must be an address or a network' USING ERRCODE = '22023',
            DETAIL = CASE WHEN ip_address IS NULL THEN 'ip_address is NULL.' ELSE format('%s is everybody.', ip_address) END,
            HINT = 'Pass 203.0.113.9, 203.0.113.0/24 or 2001:db8::/64.';
    END IF;
    IF length(reason) > 1000 THEN
        RAISE EXCEPTION 'reason must be at most 1000 characters long' USING ERRCODE = '22023',
            DETAIL = format('reason has %s characters.', length(reason)), HINT = 'Shorten it.';
    END IF;
    IF duration <= interval '0' OR duration > interval '100 years' THEN
        RAISE EXCEPTION 'duration must be positive and at most 100 years' USING ERRCODE = '22023',
            DETAIL = format('duration is %s.', duration), HINT = 'Leave it out to block for good.';
    END IF;
    until := clock_timestamp() + duration;
    INSERT INTO analytics_data.blocked_ips AS b (tenant_id, ip_address, reason, expires_at, blocked_by)
    VALUES (analytics_internal.blocking_tenant(), network(block_ip.ip_address), block_ip.reason, until, analytics_internal.caller_name())
    ON CONFLICT ON CONSTRAINT blocked_ips_pkey DO UPDATE
    SET reason = excluded.reason, blocked_at = excluded.blocked_at, expires_at = excluded.expires_at,
        blocked_by = excluded.blocked_by, automatic = false;
    RETURN jsonb_build_object('ip_address', block_ip.ip_address, 'blocked', true, 'expires_at', until);
END $$;
COMMENT ON FUNCTION analytics.block_ip(inet, text, interval) IS
'Refuses requests from an address or a network from now on: pre_request answers 403.
ip_address: 203.0.113.9, 203.0.113.0/24, 2001:db8::/64. reason: at most 1000 characters. duration: NULL for good. Blocking it again replaces reason and duration.
It holds for the caller''s tenant; of the service role that acts for no tenant, for all. Returns {"ip_address", "blocked": true, "expires_at"}.
Errors: 22023.';

CREATE OR REPLACE FUNCTION analytics.unblock_ip(ip_address inet) RETURNS jsonb
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 200 SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF ip_address IS NULL THEN
        RAISE EXCEPTION 'ip_address must be given' USING ERRCODE = '22023', DETAIL = 'ip_address is NULL.',
            HINT = 'list_blocked_ips shows what is blocked.';
    END IF;
    DELETE FROM analytics_data.blocked_ips b
    WHERE b.tenant_id IN (analytics.current_tenant(), analytics_internal.blocking_tenant())
      AND b.ip_address = network(unblock_ip.ip_address);
    RETURN jsonb_build_object('ip_address', unblock_ip.ip_address, 'blocked', analytics.is_ip_blocked(unblock_ip.ip_address));
END $$;
COMMENT ON FUNCTION analytics.unblock_ip(inet) IS
'Lets an address or network in again. One that is not blocked stays so.
ip_address: as it was blocked. Returns {"ip_address", "blocked"}: blocked is still true where a network blocks it that holds it.
Errors: 22023 for NULL.';

CREATE OR REPLACE FUNCTION analytics.clear_blocked_ips() RETURNS jsonb
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 1000 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    cleared bigint;
BEGIN
    DELETE FROM analytics_data.blocked_ips b
    WHERE b.tenant_id IN (analytics.current_tenant(), analytics_internal.blocking_tenant());
    GET DIAGNOSTICS cleared = ROW_COUNT;
    RETURN jsonb_build_object('cleared', cleared);
END $$;
COMMENT ON FUNCTION analytics.clear_blocked_ips() IS
'Lets all addresses in again that the caller''s tenant has blocked.
Returns {"cleared": how many}.';

CREATE OR REPLACE FUNCTION analytics.list_blocked_ips(row_limit integer DEFAULT 1000, row_offset integer DEFAULT 0)
RETURNS TABLE (ip_address inet, reason text, blocked_at timestamptz, expires_at timestamptz, blocked_by text, automatic boolean)
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 1000 ROWS 100 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    IF row_limit IS NULL OR row_limit NOT BETWEEN 1 AND 1000 THEN
        RAISE EXCEPTION 'row_limit must be between 1 and 1000' USING ERRCODE = '22023',
            DETAIL = format('row_limit is %s.', coalesce(row_limit::text, 'NULL')), HINT = 'Page with row_offset.';
    END IF;
    IF row_offset IS NULL OR row_offset NOT BETWEEN 0 AND 1000000 THEN
        RAISE EXCEPTION 'row_offset must be between 0 and 1000000' USING ERRCODE = '22023',
            DETAIL = format('row_offset is %s.', coalesce(row_offset::text, 'NULL')), HINT = 'Pass 0 for the first page.';
    END IF;
    RETURN QUERY SELECT b.ip_address, b.reason, b.blocked_at, b.expires_at, b.blocked_by, b.automatic
    FROM analytics_data.blocked_ips b
    WHERE b.tenant_id IN (analytics.current_tenant(), analytics_internal.blocking_tenant())
      AND (b.expires_at IS NULL OR b.expires_at > clock_timestamp())
    ORDER BY b.blocked_at DESC, b.ip_address LIMIT row_limit OFFSET row_offset;
END $$;
COMMENT ON FUNCTION analytics.list_blocked_ips(integer, integer) IS
'The addresses and networks that are blocked now, the latest first.
row_limit: 1 to 1000. row_offset: 0 to 1000000. automatic: nobody did it, its behaviour was reason enough.
Errors: 22023.';

CREATE OR REPLACE FUNCTION analytics.is_ip_blocked(ip_address inet) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME', 'analytics_is_ip_blocked';
COMMENT ON FUNCTION analytics.is_ip_blocked(inet) IS
'Whether pre_request would refuse the caller''s tenant from this address now.
ip_address: an address, or a network: whether one entry blocks all of it. NULL gives NULL.';
