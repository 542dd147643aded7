-- The rules of Supabase's database linter (github.com/supabase/splinter), in our own words, for all that CREATE EXTENSION, install()
-- and setup_roles() leave behind. The linter itself passes over an extension's functions; this does not. A schema with one
-- offender a rule shows first that each rule finds what it is about.
\ir include/start.sql
SELECT no_plan();
DO $$ BEGIN PERFORM analytics.setup_roles(); END $$;
CREATE SCHEMA lint;

-- An expression without its sub-selects: what is left is evaluated for each row.
CREATE FUNCTION lint.by_row(expression text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    rest text := coalesce(expression, '');
    first integer;
    last integer;
    depth integer;
BEGIN
    LOOP
        first := strpos(rest, '( SELECT');
        EXIT WHEN first = 0;
        last := first;
        depth := 0;
        LOOP
            depth := depth + CASE substr(rest, last, 1) WHEN '(' THEN 1 WHEN ')' THEN -1 ELSE 0 END;
            EXIT WHEN depth = 0;
            last := last + 1;
        END LOOP;
        rest := left(rest, first - 1) || '?' || substr(rest, last + 1);
    END LOOP;
    RETURN rest;
END $$;

CREATE FUNCTION lint.findings(schemas text[]) RETURNS TABLE (rule text, object text) LANGUAGE sql AS $$
    WITH tables AS (SELECT c.* FROM pg_class c WHERE c.relkind IN ('r', 'p') AND c.relnamespace::regnamespace::text = ANY (schemas)),
         policies AS (SELECT p.*, t.relrowsecurity, p.polrelid::regclass || ' ' || p.polname AS name, coalesce(pg_get_expr(p.polqual, p.polrelid), '') AS reads,
                             coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '') AS writes FROM pg_policy p JOIN tables t ON t.oid = p.polrelid),
         columns AS (SELECT a.*, t.relrowsecurity, a.attrelid::regclass || '.' || a.attname AS name FROM pg_attribute a JOIN tables t ON t.oid = a.attrelid WHERE a.attnum > 0 AND NOT a.attisdropped),
         functions AS (SELECT p.*, l.lanname FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang WHERE p.pronamespace::regnamespace::text = ANY (schemas))
    SELECT 'a foreign key without an index', k.conrelid::regclass || ' ' || k.conname FROM pg_constraint k JOIN tables t ON t.oid = k.conrelid
        WHERE k.contype = 'f' AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = k.conrelid AND i.indpred IS NULL
            AND (i.indkey::int2[])[0:cardinality(k.conkey) - 1] @> k.conkey)
    UNION ALL SELECT 'a policy that calls a function for each row', name FROM policies WHERE lint.by_row(reads) || ' ' || lint.by_row(writes) ~ '[a-z_0-9"]\('
    UNION ALL SELECT 'no primary key', t.oid::regclass::text FROM tables t WHERE NOT EXISTS (SELECT FROM pg_index WHERE indrelid = t.oid AND indisprimary)
    UNION ALL SELECT 'several permissive policies for a role and an action', format('%s %s %s', polrelid::regclass, role::regrole, command)
        FROM policies, unnest(polroles) role, unnest(CASE polcmd WHEN '*' THEN '{r,a,w,d}' ELSE ARRAY[polcmd]::text[] END) command
        WHERE polpermissive GROUP BY polrelid, role, command HAVING count(*) > 1
    UNION ALL SELECT 'a policy where row security is off', name FROM policies WHERE NOT relrowsecurity
    UNION ALL SELECT 'row security without a policy', t.oid::regclass::text FROM tables t WHERE relrowsecurity AND NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = t.oid)
    UNION ALL SELECT 'no row security', t.oid::regclass::text FROM tables t WHERE NOT relrowsecurity
    UNION ALL SELECT 'an index twice', min(i.indexrelid::regclass::text) FROM pg_index i JOIN tables t ON t.oid = i.indrelid
        GROUP BY i.indrelid, regexp_replace(pg_get_indexdef(i.indexrelid), '^CREATE (UNIQUE )?INDEX \S+ ON', '') HAVING count(*) > 1
    UNION ALL SELECT 'an invalid index', i.indexrelid::regclass::text FROM pg_index i JOIN tables t ON t.oid = i.indrelid WHERE NOT i.indisvalid OR NOT i.indisready
    UNION ALL SELECT 'a view that reads as its owner', c.oid::regclass::text FROM pg_class c
        WHERE c.relkind = 'v' AND c.relnamespace::regnamespace::text = ANY (schemas) AND NOT coalesce(c.reloptions::text ~ 'security_invoker=(true|on|1)', false)
    UNION ALL SELECT 'a mutable search_path', p.oid::regprocedure::text FROM functions p
        WHERE p.lanname NOT IN ('c', 'internal') AND p.prosqlbody IS NULL AND NOT coalesce(array_to_string(p.proconfig, ',') ~ 'search_path=', false)
    UNION ALL SELECT 'a policy that believes what users say of themselves', name FROM policies WHERE reads || writes ~ 'user_metadata'
    UNION ALL SELECT 'a materialized view', c.oid::regclass::text FROM pg_class c WHERE c.relkind = 'm' AND c.relnamespace::regnamespace::text = ANY (schemas)
    UNION ALL SELECT 'a foreign table', c.oid::regclass::text FROM pg_class c WHERE c.relkind = 'f' AND c.relnamespace::regnamespace::text = ANY (schemas)
    -- pg_upgrade cannot carry them over.
    UNION ALL SELECT 'a column of a reg type', name FROM columns
        WHERE atttypid IN ('regcollation'::regtype, 'regconfig'::regtype, 'regdictionary'::regtype, 'regnamespace'::regtype, 'regoper'::regtype, 'regoperator'::regtype, 'regproc'::regtype, 'regprocedure'::regtype)
    UNION ALL SELECT 'a secret in the open', name FROM columns
        WHERE NOT relrowsecurity AND attname ~ '^(password|passwd|pwd|secret|api_key|token|jwt|access_token|refresh_token|session_token|session_id|auth_code|otp|ssn|credit_card|card_number|iban|ssh_key)$'
    UNION ALL SELECT 'a policy that is always true', name FROM policies
        WHERE polpermissive AND (polcmd <> 'r' AND reads ~* '^\(*(true|\( select true[^)]*\))\)*$' OR writes ~* '^\(*(true|\( select true[^)]*\))\)*$')
    UNION ALL SELECT 'a policy that lets in whoever does not say who they are', name FROM policies WHERE reads || ' ' || writes ~* '(uid|jwt|role|current_setting|current_tenant)\([^)]*\)[^=]{0,60} is null\)* or'
    UNION ALL SELECT 'a definer''s function that a client may call', p.oid::regprocedure::text FROM functions p
        WHERE p.prosecdef AND (has_function_privilege('anon', p.oid, 'EXECUTE') OR has_function_privilege('authenticated', p.oid, 'EXECUTE'))
    UNION ALL SELECT 'autovacuum is off', t.oid::regclass::text FROM tables t WHERE t.reloptions::text ~ 'autovacuum_enabled=(false|off|0)'
    UNION ALL SELECT 'an extension in public', e.extname FROM pg_extension e WHERE e.extnamespace::regnamespace::text = ANY (schemas) AND e.extnamespace = 'public'::regnamespace
$$;

-- What each rule is about.
CREATE SCHEMA bad;
CREATE TABLE bad.parents (id integer PRIMARY KEY);
CREATE TABLE bad.children (parent integer REFERENCES bad.parents, token text, handler regproc, tenant text) WITH (autovacuum_enabled = off);
CREATE INDEX ON bad.parents ((id + 1));
CREATE INDEX ON bad.parents ((id + 1));
CREATE INDEX broken ON bad.parents ((id + 2));
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'bad.broken'::regclass;
CREATE POLICY off ON bad.children FOR SELECT USING (tenant = current_setting('x.tenant', true));
CREATE TABLE bad.open (id integer PRIMARY KEY, tenant text);
ALTER TABLE bad.open ENABLE ROW LEVEL SECURITY;
CREATE POLICY one ON bad.open USING ((SELECT true));
CREATE POLICY two ON bad.open FOR SELECT USING ((SELECT current_setting('request.jwt', true)::jsonb #>> '{user_metadata,tenant}') = tenant);
CREATE TABLE bad.closed (id integer PRIMARY KEY);
ALTER TABLE bad.closed ENABLE ROW LEVEL SECURITY;
CREATE TABLE bad.nobodys (id integer PRIMARY KEY, tenant text);
ALTER TABLE bad.nobodys ENABLE ROW LEVEL SECURITY;
CREATE POLICY anybody ON bad.nobodys FOR SELECT USING ((SELECT current_setting('x.tenant', true)) IS NULL OR tenant = (SELECT current_setting('x.tenant', true)));
CREATE VIEW bad.view AS SELECT * FROM bad.open;
CREATE MATERIALIZED VIEW bad.kept AS SELECT * FROM bad.open;
CREATE FOREIGN DATA WRAPPER nowhere;
CREATE SERVER nowhere FOREIGN DATA WRAPPER nowhere;
CREATE FOREIGN TABLE bad.far (id integer) SERVER nowhere;
CREATE FUNCTION bad.definer() RETURNS integer LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';
SELECT set_eq($$SELECT DISTINCT rule FROM lint.findings('{bad,public}')$$, $${"a foreign key without an index","a policy that calls a function for each row","no primary key",
    "several permissive policies for a role and an action","a policy where row security is off","row security without a policy","no row security","an index twice","an invalid index",
    "a view that reads as its owner","a mutable search_path","a policy that believes what users say of themselves","a materialized view","a foreign table","a column of a reg type",
    "a secret in the open","a policy that is always true","a policy that lets in whoever does not say who they are","a definer's function that a client may call","autovacuum is off",
    "an extension in public"}$$::text[], 'each rule finds what it is about');

-- Ours. What is as it is on purpose stands here, and is still there.
CREATE TABLE lint.ours AS SELECT * FROM lint.findings('{analytics,analytics_internal,analytics_data,analytics_store}');
CREATE TABLE lint.wanted (rule text, object text, reason text);
INSERT INTO lint.wanted VALUES
    ('no primary key', '^analytics_store\.(\w+_(base|hour|day)|notes|run_notes|conversation_notes)$', 'a group of a rollup may be NULL; notes are a queue that is only added to and emptied'),
    ('a policy that is always true', '^analytics_store\.\w+ shared_by_tenants$', 'the registry of rollups and metrics is the same for all tenants, and analytics_admin alone may write to it'),
    ('several permissive policies for a role and an action', '^analytics_data\.model_(prices|aliases) ', 'each tenant reads the common prices beside its own'),
    ('a mutable search_path', '^analytics\.run_maintenance\(', 'a procedure that commits may not set anything; it names all that it uses'),
    ('a mutable search_path', '^analytics_internal\.evaluate_all_tenants\(', 'the same'),
    ('a mutable search_path', '^analytics\.list_metrics\(', 'its table is made by install(), so its body cannot be parsed before; it names all that it uses'),
    ('a mutable search_path', '^analytics_internal\.approvals_decided_after\(', 'likewise; only functions that pin search_path use it');
SELECT is_empty('SELECT * FROM lint.ours o WHERE NOT EXISTS (SELECT FROM lint.wanted w WHERE w.rule = o.rule AND o.object ~ w.object)', 'no rule finds anything else of ours');
SELECT is_empty('SELECT * FROM lint.wanted w WHERE NOT EXISTS (SELECT FROM lint.ours o WHERE w.rule = o.rule AND o.object ~ w.object)', 'each exception is still one');
SELECT is_empty($$SELECT c.oid::regclass, r FROM pg_class c, unnest('{anon,authenticated,analytics_writer}'::regrole[]) r WHERE c.relnamespace = 'analytics_store'::regnamespace
        AND c.relkind IN ('r', 'p') AND has_table_privilege(r, c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')$$, 'nobody but an admin writes to the registry');
SELECT * FROM finish();
