-- docs/security.md tells all that runs as somebody else than its caller: its tables against the catalog and the sources.
\ir include/start.sql
SELECT no_plan();
\set doc `cat docs/security.md`
\set sources `grep -rlE 'pg::AsUser' src --include=*.cpp`
SELECT bag_eq($$SELECT proname::text FROM pg_proc WHERE prosecdef AND pronamespace::regnamespace::text ~ '^analytics'$$,
    format($$SELECT m[1] FROM regexp_matches(split_part(%L, 'What runs as somebody else', 2), '\n\| `(\w+)` \|', 'g') m$$, :'doc'), 'SECURITY DEFINER functions');
SELECT bag_eq(format($$SELECT s FROM regexp_split_to_table(%L, '\s+') s$$, :'sources'),
    format($$SELECT m[1] FROM regexp_matches(%L, '\n\| `(src/[\w/]+\.cpp)` \|', 'g') m$$, :'doc'), 'what C++ does as somebody else');
SELECT is_empty($$SELECT p.oid::regprocedure FROM pg_proc p, aclexplode(coalesce(proacl, acldefault('f', proowner))) a
        WHERE prosecdef AND pronamespace::regnamespace::text ~ '^analytics' AND a.grantee = 0$$, 'PUBLIC may execute none of them');
SELECT is_empty($$SELECT oid::regprocedure FROM pg_proc WHERE prosecdef AND pronamespace::regnamespace::text ~ '^analytics'
        AND NOT coalesce(array_to_string(proconfig, ',') ~ 'search_path=pg_catalog, pg_temp', false)$$, 'each pins search_path');
-- The groups, and what is made a member of each.
DO $$ BEGIN PERFORM analytics.setup_roles(); END $$;
SELECT bag_eq($$SELECT rolname::text FROM pg_roles WHERE rolname LIKE 'analytics\_%'$$,
    format($$SELECT m[1] FROM regexp_matches(%L, '\n\| `(analytics_\w+)` \| [^|]* \| [^|]*\|', 'g') m WHERE m[1] <> 'analytics_internal'$$, :'doc'), 'the groups of roles');
SELECT * FROM finish();
