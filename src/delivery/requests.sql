-- A request through PostgREST: the hook before it, the headers of its answer, the log.

CREATE OR REPLACE FUNCTION analytics.pre_request() RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100 AS 'MODULE_PATHNAME', 'analytics_pre_request';
COMMENT ON FUNCTION analytics.pre_request() IS
'PostgREST''s db-pre-request: keys, blocked addresses, limits and headers of each request.
Refuses blocked addresses (403). For paths of this extension''s functions and views: signs in whoever sends a valid X-API-Key, as analytics_reader, analytics_writer, analytics_editor or analytics_admin with the key''s tenant (401 otherwise); takes a token of the caller''s bucket (429 with Retry-After when there is none); adds X-RateLimit-Limit, -Remaining and -Reset, X-API-Version, X-Request-Id, Cache-Control and Server-Timing to the answer. Other paths pass. Runs as the caller, writes nothing, works in read-only transactions; a hook of one''s own may call it.
Errors: through PostgREST with their status, code (AUTH_REQUIRED, FORBIDDEN, RATE_LIMIT_EXCEEDED) and headers; elsewhere PT401, PT403, PT429.';

CREATE OR REPLACE FUNCTION analytics_internal.add_response_header(name text, value text) RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 5 AS 'MODULE_PATHNAME', 'analytics_add_response_header';
COMMENT ON FUNCTION analytics_internal.add_response_header(text, text) IS
'Adds a header to the answer PostgREST will send, beside those that are set already (response.headers).
name: a token (RFC 9110). value: printable ASCII, at most 1000 characters. Outside PostgREST it has no effect. Errors: 22023.';

CREATE OR REPLACE FUNCTION analytics_internal.take_requests()
RETURNS TABLE (tenant_id text, request_id text, created_at timestamptz, method text, endpoint text, status_code integer,
    response_time_ms double precision, user_id text, client_ip text, error_code text, key_id text)
LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 1000 AS 'MODULE_PATHNAME', 'analytics_take_requests';
COMMENT ON FUNCTION analytics_internal.take_requests() IS
'Hands out the requests that are noted in shared memory and not written. They count as written if this transaction commits.';
-- Who takes and does not write loses them for everybody.
REVOKE ALL ON FUNCTION analytics_internal.take_requests() FROM PUBLIC;

CREATE OR REPLACE FUNCTION analytics_internal.flush_requests() RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    written bigint;
BEGIN
    IF to_regclass('analytics_data.api_requests') IS NULL OR to_regclass('analytics_data.api_keys') IS NULL THEN
        RETURN 0;
    END IF;
    LOCK TABLE analytics_data.api_requests IN SHARE UPDATE EXCLUSIVE MODE;  -- one at a time
    WITH taken AS MATERIALIZED (
        SELECT t.*, row_number() OVER (PARTITION BY t.tenant_id, t.request_id ORDER BY t.created_at) AS use FROM analytics_internal.take_requests() t
    ), written AS (
        -- Clients try again under the same id: each time is a request.
        INSERT INTO analytics_data.api_requests (tenant_id, request_id, created_at, method, endpoint, status_code, response_time_ms, user_id, client_ip, error_code)
        SELECT t.tenant_id,
               CASE WHEN t.use > 1 OR EXISTS (SELECT FROM analytics_data.api_requests r WHERE r.tenant_id = t.tenant_id AND r.request_id = t.request_id)
                    THEN t.request_id || ':' || gen_random_uuid() ELSE t.request_id END,
               t.created_at, coalesce(nullif(t.method, ''), 'SQL'), t.endpoint, t.status_code, greatest(t.response_time_ms, 0), t.user_id, t.client_ip::inet, t.error_code
        FROM taken t
        RETURNING 1
    ), used AS (
        UPDATE analytics_data.api_keys k SET last_used_at = u.at
        FROM (SELECT t.key_id, max(t.created_at) AS at FROM taken t WHERE t.key_id IS NOT NULL GROUP BY 1) u
        WHERE k.key_id = u.key_id AND (k.last_used_at IS NULL OR k.last_used_at < u.at)
    )
    SELECT count(*) INTO written FROM written;
    RETURN written;
END $$;
COMMENT ON FUNCTION analytics_internal.flush_requests() IS
'Writes the noted requests into api_requests, and when keys were last used; what the worker does every second.
Returns how many. For the owner of the tables.';
REVOKE ALL ON FUNCTION analytics_internal.flush_requests() FROM PUBLIC;

CREATE OR REPLACE FUNCTION analytics_internal.shared_memory_status(OUT available boolean, OUT live_buckets bigint, OUT calls_in_shared_buckets bigint,
    OUT requests_noted bigint, OUT requests_waiting bigint, OUT requests_lost bigint)
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME', 'analytics_shared_memory_status';
COMMENT ON FUNCTION analytics_internal.shared_memory_status() IS
'What is in shared memory, of the whole server since it started: buckets that are not full; calls that shared a bucket because there was no room for theirs; requests noted; those of this database that wait to be written; those that were overwritten before anybody wrote them.';
REVOKE ALL ON FUNCTION analytics_internal.shared_memory_status() FROM PUBLIC;

CREATE OR REPLACE FUNCTION analytics.get_api_usage(hours integer DEFAULT 24, as_of timestamptz DEFAULT NULL)
RETURNS TABLE (endpoint text, requests bigint, p50_ms double precision, p95_ms double precision, p99_ms double precision,
    error_count bigint, rate_limited bigint, users bigint, auth_failures bigint)
LANGUAGE c STABLE PARALLEL RESTRICTED COST 100000 ROWS 50 AS 'MODULE_PATHNAME', 'analytics_get_api_usage';
COMMENT ON FUNCTION analytics.get_api_usage(integer, timestamptz) IS
'Requests of the caller''s tenant by endpoint, those with the most first: how many, how long they took, how they ended.
hours: length of the window (as_of - hours, as_of], 1 to 8760. as_of: NULL means now. Every request that has ended counts, whether or not it has been written down yet.
p50_ms, p95_ms, p99_ms: milliseconds in the database, within 1 %. error_count: status 400 and above; rate_limited: 429; auth_failures: 401 and 403; both are among the errors. users: different users and API keys.
Errors: 22023.';
