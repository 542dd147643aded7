-- One request: see request.sql.
\set ON_ERROR_STOP 0
\set VERBOSITY terse
\set body ''
\set response_headers '[]'
SELECT :'method' IN ('GET', 'HEAD') OR coalesce((SELECT provolatile <> 'v' FROM pg_proc WHERE pronamespace = 'analytics'::regnamespace AND proname = :'function'), true) AS read_only,
       coalesce(pgrst.statement(:'function', :'args'), '') AS statement, pgrst.statement(:'function', :'args') IS NOT NULL AS found,
       to_regproc('analytics.pre_request') IS NOT NULL AS has_hook, (:'claims')::jsonb || jsonb_build_object('role', :'role') AS full_claims,
       (:'claims')::jsonb ? 'sub' AS authenticated \gset
\if :found
SELECT CASE WHEN :'read_only' THEN 'READ ONLY' ELSE 'READ WRITE' END AS mode \gset
BEGIN ISOLATION LEVEL READ COMMITTED :mode;
SELECT set_config('search_path', 'analytics, public', true), set_config('role', :'role', true), set_config('request.jwt.claims', :'full_claims', true),
       set_config('request.method', :'method', true), set_config('request.path', '/rpc/' || :'function', true), set_config('request.headers', :'headers', true),
       set_config('request.cookies', '{}', true) \g (tuples_only=on) /dev/null
\set failed :ERROR
\if :has_hook
SELECT pg_catalog.count(*) AS hooked FROM (SELECT analytics.pre_request()) hook \gset
\set failed :ERROR
\endif
\if :failed
\else
:statement \gset
\set failed :ERROR
\endif
\set sqlstate :SQLSTATE
\set message ''
\if :failed
\set sqlstate :LAST_ERROR_SQLSTATE
\set message :LAST_ERROR_MESSAGE
\endif
\if :failed
ROLLBACK;
\else
COMMIT;
\endif
SELECT CASE WHEN NOT (:'failed')::boolean THEN CASE WHEN (SELECT prorettype FROM pg_proc WHERE pronamespace = 'analytics'::regnamespace AND proname = :'function') = 'void'::regtype THEN 204 ELSE 200 END
            WHEN :'sqlstate' = 'PGRST' THEN CASE substring(:'message' FROM '"code":"([A-Z_]+)"') WHEN 'AUTH_REQUIRED' THEN 401 WHEN 'FORBIDDEN' THEN 403 WHEN 'RATE_LIMIT_EXCEEDED' THEN 429 END ELSE pgrst.status(:'sqlstate', :'authenticated') END AS status \gset
\else
\set status 404
\set sqlstate PGRST202
\set message 'no such function'
\endif
\set ON_ERROR_STOP 1
\set VERBOSITY default
