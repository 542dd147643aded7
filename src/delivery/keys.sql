-- API keys. A key is aa_<key_id>_<64 hex digits>, 244 random bits; only its SHA-256 is kept. What is random to that degree
-- needs no slow hash.

CREATE OR REPLACE FUNCTION analytics.create_api_key(name text, scopes text[] DEFAULT '{read}', tier text DEFAULT 'PRO',
    expires_at timestamptz DEFAULT NULL) RETURNS jsonb
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 1000 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    key_id text := left(replace(gen_random_uuid()::text, '-', ''), 12);
    api_key text := format('aa_%s_%s', key_id, replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''));
    unknown text := (SELECT coalesce(s, 'NULL') FROM unnest(create_api_key.scopes) s
                     WHERE s IS NULL OR s NOT IN ('read', 'write', 'admin') LIMIT 1);
BEGIN
    IF coalesce(length(create_api_key.name), 0) NOT BETWEEN 1 AND 200 THEN
        RAISE EXCEPTION 'name must be 1 to 200 characters long' USING ERRCODE = '22023',
            DETAIL = CASE WHEN create_api_key.name IS NULL THEN 'name is NULL.' ELSE format('name has %s characters.', length(create_api_key.name)) END,
            HINT = 'Say what the key is for.';
    END IF;
    IF unknown IS NOT NULL OR coalesce(cardinality(create_api_key.scopes), 0) = 0 THEN
        RAISE EXCEPTION 'scopes must be some of read, write, admin' USING ERRCODE = '22023',
            DETAIL = CASE WHEN unknown IS NULL THEN 'scopes is empty.' ELSE format('scopes contains "%s".', left(unknown, 100)) END,
            HINT = 'Pass {read}, {write}, {read,write} or {admin}.';
    END IF;
    IF coalesce(create_api_key.tier, '') NOT IN ('FREE', 'PRO', 'ENTERPRISE') THEN
        RAISE EXCEPTION 'tier must be one of FREE, PRO, ENTERPRISE' USING ERRCODE = '22023',
            DETAIL = format('tier is %s.', coalesce('"' || left(create_api_key.tier, 100) || '"', 'NULL')),
            HINT = 'Pass FREE, PRO or ENTERPRISE.';
    END IF;
    IF create_api_key.expires_at <= clock_timestamp() OR NOT isfinite(create_api_key.expires_at) THEN
        RAISE EXCEPTION 'expires_at must be in the future' USING ERRCODE = '22023',
            DETAIL = format('expires_at is %s.', create_api_key.expires_at), HINT = 'Leave it out for a key that does not expire.';
    END IF;
    INSERT INTO analytics_data.api_keys (key_id, name, prefix, key_hash, scopes, tier, created_by, expires_at)
    VALUES (key_id, create_api_key.name, 'aa_' || key_id, sha256(convert_to(api_key, 'UTF8')),
            ARRAY(SELECT DISTINCT s FROM unnest(create_api_key.scopes) s ORDER BY s), create_api_key.tier,
            analytics_internal.caller_name(), create_api_key.expires_at);
    RETURN jsonb_build_object('key_id', key_id, 'api_key', api_key);
END $$;
COMMENT ON FUNCTION analytics.create_api_key(text, text[], text, timestamptz) IS
'Makes an API key of the caller''s tenant and returns it, this once.
name: what it is for, 1 to 200 characters. scopes: read (what analytics_reader may), write (what analytics_writer may), admin (everything in the tenant). tier: FREE, PRO or ENTERPRISE, whose limits hold. expires_at: from then on it is refused; NULL: never.
Returns {"key_id", "api_key"}. Clients send api_key in the header X-API-Key; key_id names it in list_api_keys and revoke_api_key. Only a SHA-256 of it is kept: who loses it makes another one.
Errors: 22023.';

CREATE OR REPLACE FUNCTION analytics.revoke_api_key(key_id text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 100 SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE analytics_data.api_keys k SET revoked_at = coalesce(k.revoked_at, now())
    WHERE k.tenant_id = analytics.current_tenant() AND k.key_id = revoke_api_key.key_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'unknown API key' USING ERRCODE = 'PT404',
            DETAIL = format('There is no key "%s".', left(revoke_api_key.key_id, 100)), HINT = 'list_api_keys names them.';
    END IF;
END $$;
COMMENT ON FUNCTION analytics.revoke_api_key(text) IS
'Has an API key refused from now on, for good.
key_id: as create_api_key returned it. Revoking it again changes nothing.
Errors: PT404 when the tenant has no such key.';

CREATE OR REPLACE FUNCTION analytics_internal.recent_key_uses() RETURNS TABLE (key_id text, last_used_at timestamptz)
LANGUAGE c STABLE PARALLEL RESTRICTED COST 10000 ROWS 10 AS 'MODULE_PATHNAME', 'analytics_recent_key_uses';
COMMENT ON FUNCTION analytics_internal.recent_key_uses() IS
'When API keys of the caller''s tenant were last used, as far as that is not in the table yet.';

CREATE OR REPLACE FUNCTION analytics.list_api_keys()
RETURNS TABLE (key_id text, name text, prefix text, scopes text[], tier text, created_at timestamptz, last_used_at timestamptz,
    expires_at timestamptz, revoked_at timestamptz)
LANGUAGE sql STABLE PARALLEL RESTRICTED COST 1000 ROWS 50 SET search_path = pg_catalog, pg_temp AS $$
    SELECT k.key_id, k.name, k.prefix, k.scopes, k.tier, k.created_at, greatest(k.last_used_at, u.last_used_at), k.expires_at, k.revoked_at
    FROM analytics_data.api_keys k LEFT JOIN analytics_internal.recent_key_uses() u USING (key_id)
    WHERE k.tenant_id = analytics.current_tenant()
    ORDER BY k.created_at DESC, k.key_id LIMIT 1000
$$;
COMMENT ON FUNCTION analytics.list_api_keys() IS
'The API keys of the caller''s tenant, the newest first, at most 1000; those that expired or were revoked too.
prefix: what the key begins with. last_used_at: the last request with it; NULL: none yet.';
