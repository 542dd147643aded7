-- A request through PostgREST: the hook before it, the headers of its answer.

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
