-- The tables of delivery: API keys, blocked addresses, the log of requests.

CREATE OR REPLACE FUNCTION analytics_internal.install_delivery() RETURNS SETOF text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $install$
BEGIN
    RETURN QUERY SELECT analytics_internal.ensure_table('analytics_data.api_keys', $columns$
        key_id text NOT NULL,
        name text NOT NULL,
        prefix text NOT NULL,
        key_hash bytea NOT NULL,
        scopes text[] NOT NULL,
        tier text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        created_by text,
        last_used_at timestamptz,
        expires_at timestamptz,
        revoked_at timestamptz,
        PRIMARY KEY (tenant_id, key_id),
        CONSTRAINT api_keys_id CHECK (key_id ~ '^[0-9a-f]{12}$'),
        CONSTRAINT api_keys_name_length CHECK (length(name) BETWEEN 1 AND 200),
        CONSTRAINT api_keys_hash_is_sha256 CHECK (length(key_hash) = 32),
        CONSTRAINT api_keys_scopes CHECK (scopes <@ '{read,write,admin}' AND cardinality(scopes) BETWEEN 1 AND 3),
        CONSTRAINT api_keys_tier CHECK (tier IN ('FREE', 'PRO', 'ENTERPRISE')),
        CONSTRAINT api_keys_time_finite CHECK (isfinite(created_at) AND isfinite(expires_at) AND isfinite(revoked_at))
    $columns$, 'API keys: who may call without signing in. The key itself is not kept, only its hash.');
    -- A request brings the key alone; whose it is, it says.
    RETURN QUERY SELECT analytics_internal.ensure_index('analytics_data', 'api_keys_key_id', 'ON analytics_data.api_keys (key_id)', true);
    RETURN QUERY SELECT analytics_internal.ensure_comments('analytics_data.api_keys', jsonb_build_object(
        'key_id', 'Names the key; the first part of it.',
        'name', 'What the key is for, in the words of whoever made it.',
        'prefix', 'What the key begins with, to recognise it by.',
        'key_hash', 'SHA-256 of the whole key.',
        'scopes', 'What it may do: read, write, admin.',
        'tier', 'Whose limits hold: FREE, PRO, ENTERPRISE.',
        'created_at', 'When it was made.',
        'created_by', 'Who made it: the claim sub, else the role.',
        'last_used_at', 'The last request with it that has been written down; list_api_keys knows later ones.',
        'expires_at', 'From then on it is refused; NULL: never.',
        'revoked_at', 'Since when it is refused; NULL: it is not.'));

    RETURN QUERY SELECT analytics_internal.ensure_table('analytics_data.blocked_ips', $columns$
        ip_address inet NOT NULL,
        reason text,
        blocked_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz,
        blocked_by text,
        automatic boolean NOT NULL DEFAULT false,
        PRIMARY KEY (tenant_id, ip_address),
        CONSTRAINT blocked_ips_reason_length CHECK (length(reason) <= 1000),
        CONSTRAINT blocked_ips_time_finite CHECK (isfinite(blocked_at) AND isfinite(expires_at))
    $columns$, 'Addresses and networks whose requests are refused. Rows of the tenant * hold for all tenants.');
    RETURN QUERY SELECT analytics_internal.ensure_index('analytics_data', 'blocked_ips_network',
        'ON analytics_data.blocked_ips USING gist (ip_address inet_ops)');
    RETURN QUERY SELECT analytics_internal.ensure_comments('analytics_data.blocked_ips', jsonb_build_object(
        'ip_address', 'The address, or the network.',
        'reason', 'Why, in the words of whoever blocked it.',
        'blocked_at', 'Since when.',
        'expires_at', 'From then on it is let in again; NULL: never.',
        'blocked_by', 'Who blocked it: the claim sub, else the role.',
        'automatic', 'True where nobody did: its behaviour was reason enough.'));

    RETURN QUERY SELECT analytics_internal.ensure_table('analytics_data.api_requests', $columns$
        request_id text NOT NULL DEFAULT gen_random_uuid()::text,
        created_at timestamptz NOT NULL DEFAULT now(),
        method text NOT NULL,
        endpoint text NOT NULL,
        status_code integer NOT NULL,
        response_time_ms double precision,
        user_id text,
        client_ip inet,
        cache_hit boolean,
        error_code text,
        PRIMARY KEY (tenant_id, request_id),
        CONSTRAINT api_requests_id_length CHECK (length(request_id) BETWEEN 1 AND 200),
        CONSTRAINT api_requests_time_finite CHECK (isfinite(created_at)),
        CONSTRAINT api_requests_method_length CHECK (length(method) BETWEEN 1 AND 20),
        CONSTRAINT api_requests_endpoint_length CHECK (length(endpoint) BETWEEN 1 AND 500),
        CONSTRAINT api_requests_status CHECK (status_code BETWEEN 100 AND 599),
        CONSTRAINT api_requests_response_time_finite CHECK (response_time_ms >= 0 AND response_time_ms < 'Infinity')
    $columns$, 'Requests to the API: what pre_request noted, and what services record.');
    RETURN QUERY SELECT analytics_internal.ensure_index('analytics_data', 'api_requests_tenant_time',
        'ON analytics_data.api_requests (tenant_id, created_at)');
    RETURN QUERY SELECT analytics_internal.ensure_index('analytics_data', 'api_requests_time',
        'ON analytics_data.api_requests (created_at)');
    RETURN QUERY SELECT analytics_internal.ensure_comments('analytics_data.api_requests', jsonb_build_object(
        'request_id', 'The id of the request, unique within the tenant: X-Request-Id where that is.',
        'created_at', 'When it came.',
        'method', 'GET, POST, ...',
        'endpoint', 'Its path: /rpc/get_trends. Refused requests to paths of others are "other".',
        'status_code', 'The HTTP status of the answer.',
        'response_time_ms', 'Milliseconds from its start to its end in the database.',
        'user_id', 'Whose request: the claim sub, or key: and the id of an API key.',
        'client_ip', 'The address it came from, where that is known.',
        'cache_hit', 'Whether a cache answered it; NULL: not known.',
        'error_code', 'The SQLSTATE of its error.'));
    RETURN QUERY SELECT analytics_internal.ensure_rollup('request_stats', 'analytics_data.api_requests', 'created_at',
        '{"requests": "count(*)", "errors": "count(*) FILTER (WHERE status_code >= 400)",
          "server_errors": "count(*) FILTER (WHERE status_code >= 500)",
          "rate_limited": "count(*) FILTER (WHERE status_code = 429)",
          "auth_failures": "count(*) FILTER (WHERE status_code = 401 OR status_code = 403)",
          "cache_known": "count(cache_hit)", "cache_hits": "count(*) FILTER (WHERE cache_hit)",
          "latency": "quantiles(response_time_ms)", "latency_mean": "avg(response_time_ms)", "users": "distinct(user_id)"}', '{endpoint}');
END $install$;
COMMENT ON FUNCTION analytics_internal.install_delivery() IS
'Makes or completes the tables of API keys, blocked addresses and requests, and their rollup; a line for each thing done.';
