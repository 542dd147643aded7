-- What holds for every object of the extension and for everything that install() makes.
-- Each test asks for the objects that break a rule, so a failure names them.
\set QUIET on
SET client_min_messages = warning;
CREATE EXTENSION pgtap;
CREATE EXTENSION agent_analytics;
CREATE TEMP TABLE applied AS SELECT analytics.install() AS first, NULL::jsonb AS second;
UPDATE applied SET second = analytics.install();

CREATE TEMP VIEW members AS
    SELECT p.oid::regprocedure::text AS name, p.*, n.nspname, l.lanname
    FROM pg_depend d
    JOIN pg_proc p ON p.oid = d.objid
    JOIN pg_namespace n ON n.oid = p.pronamespace
    JOIN pg_language l ON l.oid = p.prolang
    WHERE d.classid = 'pg_proc'::regclass AND d.deptype = 'e' AND d.refclassid = 'pg_extension'::regclass
      AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'agent_analytics');

SELECT plan(17);

SELECT isnt_empty('SELECT FROM members', 'the extension has functions');
SELECT is_empty($$SELECT name FROM members WHERE coalesce(obj_description(oid, 'pg_proc'), '') !~ '^[^\n]{10,}'$$,
    'every function has a comment that begins with a summary');
SELECT is_empty($$SELECT name FROM members WHERE nspname NOT IN ('analytics', 'analytics_internal')$$,
    'functions stand in analytics or analytics_internal');
SELECT is_empty($$SELECT proname FROM members WHERE nspname = 'analytics' AND prokind <> 'a' GROUP BY 1 HAVING count(*) > 1$$,
    'no two functions of analytics share a name: callers pass arguments by name');
SELECT is_empty($$SELECT name FROM members, unnest(proargnames[1:pronargs]) a WHERE nspname = 'analytics' AND (a ~ '^p_' OR a !~ '^[a-z][a-z0-9_]*$')$$,
    'argument names are plain: they are JSON keys');
SELECT is_empty($$SELECT name FROM members WHERE nspname = 'analytics' AND pronargs > 0 AND prokind IN ('f', 'p')
        AND prorettype <> 'trigger'::regtype AND (proargnames IS NULL OR '' = ANY (proargnames))
        AND NOT EXISTS (SELECT FROM pg_type t WHERE oid IN (t.typinput, t.typoutput, t.typreceive, t.typsend, t.typmodin, t.typmodout))
        AND NOT EXISTS (SELECT FROM pg_aggregate a WHERE oid IN (a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggserialfn, a.aggdeserialfn))
        AND NOT EXISTS (SELECT FROM pg_operator o WHERE oid = o.oprcode)
        AND NOT EXISTS (SELECT FROM pg_cast c WHERE oid = c.castfunc)
        AND NOT (name::text LIKE 'analytics.ingest\_otlp\_%(jsonb)')$$,  -- PostgREST passes the whole body
    'all arguments of public functions have names');
SELECT is_empty($$SELECT name FROM members WHERE provolatile = 'v' AND proparallel = 's'$$,
    'what writes is not PARALLEL SAFE');
SELECT is_empty($$SELECT name FROM members WHERE (prosecdef OR lanname = 'plpgsql' AND prokind <> 'p')
        AND NOT coalesce(proconfig::text ~ 'search_path=pg_catalog, pg_temp', false)$$,
    'SECURITY DEFINER and PL/pgSQL functions pin search_path (a procedure that commits cannot)');
SELECT is_empty($$SELECT c.oid::regclass FROM pg_depend d JOIN pg_class c ON c.oid = d.objid
        WHERE d.classid = 'pg_class'::regclass AND d.deptype = 'e' AND c.relkind IN ('r', 'p', 'S', 'm', 'v')
          AND d.refclassid = 'pg_extension'::regclass
          AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'agent_analytics')$$,
    'no table, sequence or view belongs to the extension: the data are the user''s');

SELECT is_empty($$SELECT a FROM applied, jsonb_array_elements_text(second -> 'applied') a$$, 'a second install() does nothing');
SELECT isnt_empty($$SELECT FROM pg_class WHERE relnamespace = 'analytics_data'::regnamespace$$, 'install() makes tables');

CREATE TEMP VIEW fact_tables AS
    SELECT c.oid::regclass::text AS name, c.* FROM pg_class c
    WHERE c.relnamespace = 'analytics_data'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition;
SELECT is_empty($$SELECT name FROM fact_tables f WHERE NOT EXISTS (
        SELECT FROM pg_attribute WHERE attrelid = f.oid AND attnum = 1 AND attname = 'tenant_id' AND attnotnull AND atthasdef)$$,
    'tenant_id is the first column of each table, not null, with a default');
SELECT is_empty($$SELECT name FROM fact_tables f WHERE NOT relrowsecurity OR NOT EXISTS (
        SELECT FROM pg_policy WHERE polrelid = f.oid)$$,
    'each table has row security on and a policy');
SELECT is_empty($$SELECT name FROM fact_tables f WHERE NOT EXISTS (
        SELECT FROM pg_index WHERE indrelid = f.oid AND indisprimary AND indkey[0] = 1)$$,
    'each primary key begins with tenant_id: the distribution column on several machines');
SELECT is_empty($$SELECT name FROM fact_tables f WHERE obj_description(oid, 'pg_class') IS NULL
        UNION ALL
        SELECT format('%s.%s', name, attname) FROM fact_tables f JOIN pg_attribute a ON attrelid = f.oid
        WHERE attnum > 0 AND NOT attisdropped AND col_description(f.oid, attnum) IS NULL$$,
    'each table and each of its columns has a comment');
SELECT is_empty($$SELECT oid::regclass FROM pg_class WHERE relnamespace = 'analytics'::regnamespace AND relkind = 'v'
        AND NOT coalesce(reloptions::text ~ 'security_invoker=(true|on)', false)$$,
    'views run as their reader');
SELECT is_empty($$SELECT oid::regclass FROM pg_class WHERE relnamespace = 'analytics'::regnamespace AND relkind = 'v'
        AND obj_description(oid, 'pg_class') IS NULL$$,
    'each view has a comment');
SELECT * FROM finish();
