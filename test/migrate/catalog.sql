-- What the catalogs say of the extension's and the user's objects, in words that all versions of PostgreSQL share: no OIDs, no
-- text of views (printed differently), no MAINTAIN right (new in 17), no constraints of NOT NULL (in
-- the catalog since 18), no array types as members (since 17).
\pset format unaligned
\pset tuples_only on
CREATE TEMP VIEW ours AS SELECT oid, nspname FROM pg_namespace WHERE nspname IN ('analytics', 'analytics_internal', 'analytics_data', 'analytics_store', 'public', 'probe', 'checked');
CREATE FUNCTION pg_temp.rights(acl aclitem[], owner oid, kind "char") RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(g, ', ' ORDER BY g)
    FROM aclexplode(coalesce(acl, acldefault(kind, owner))) a, coalesce(nullif(a.grantee, 0)::regrole::text, 'PUBLIC') AS who,
         concat(who, ' ', a.privilege_type, CASE WHEN a.is_grantable THEN '*' END) AS g
    WHERE a.privilege_type <> 'MAINTAIN'
$$;
SELECT 'schema', n.nspname, pg_get_userbyid(n.nspowner), pg_temp.rights(n.nspacl, n.nspowner, 'n'), obj_description(n.oid, 'pg_namespace') FROM pg_namespace n JOIN ours o ON o.oid = n.oid AND n.nspname <> 'public' ORDER BY 2;
SELECT 'relation', n.nspname, c.relname, c.relkind, c.relpersistence, c.relrowsecurity, c.relforcerowsecurity, c.reloptions, pg_get_userbyid(c.relowner),
       pg_temp.rights(c.relacl, c.relowner, (CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END)::"char"), obj_description(c.oid, 'pg_class'), pg_get_expr(c.relpartbound, c.oid)
    FROM pg_class c JOIN ours n ON n.oid = c.relnamespace WHERE c.relkind <> 'c' ORDER BY 2, 3;
SELECT 'column', n.nspname, c.relname, row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum), a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attstorage, a.attgenerated, a.attidentity,
       pg_get_expr(d.adbin, d.adrelid), pg_temp.rights(a.attacl, c.relowner, 'c'), col_description(c.oid, a.attnum)
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN ours n ON n.oid = c.relnamespace LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'm') ORDER BY 2, 3, 4;
SELECT 'index', schemaname, tablename, indexname, indexdef FROM pg_indexes JOIN ours ON nspname = schemaname ORDER BY 2, 3, 4;
SELECT 'policy', schemaname, tablename, policyname, permissive, roles, cmd, qual, with_check FROM pg_policies ORDER BY 2, 3, 4;
SELECT 'trigger', tgrelid::regclass, tgname, tgenabled, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal ORDER BY tgrelid::regclass::text, tgname;
SELECT 'constraint', conrelid::regclass, conname, pg_get_constraintdef(pg_constraint.oid) FROM pg_constraint JOIN ours n ON n.oid = connamespace WHERE conrelid <> 0 AND contype <> 'n' ORDER BY conrelid::regclass::text, conname;
SELECT 'sequence', schemaname, sequencename, data_type, start_value, increment_by, last_value FROM pg_sequences JOIN ours ON nspname = schemaname ORDER BY 2, 3;
SELECT 'function', n.nspname, p.oid::regprocedure::text AS f, p.prokind, p.provolatile, p.proparallel, p.proisstrict, p.prosecdef, p.proleakproof, p.procost, p.prorows, p.proconfig, p.prosupport <> 0,
       pg_get_function_arguments(p.oid), pg_get_function_result(p.oid), md5(p.prosrc), pg_get_userbyid(p.proowner), pg_temp.rights(p.proacl, p.proowner, 'f'), md5(obj_description(p.oid, 'pg_proc'))
    FROM pg_proc p JOIN ours n ON n.oid = p.pronamespace ORDER BY 2, f;
SELECT 'type', n.nspname, t.typname, t.typtype, t.typlen, t.typbyval, t.typalign, t.typstorage, pg_temp.rights(t.typacl, t.typowner, 'T'), obj_description(t.oid, 'pg_type')
    FROM pg_type t JOIN ours n ON n.oid = t.typnamespace WHERE t.typtype IN ('b', 'd') AND t.typelem = 0 ORDER BY 2, 3;
SELECT 'aggregate', p.oid::regprocedure::text AS a, g.aggtransfn, g.aggfinalfn, g.aggcombinefn, g.aggserialfn, g.aggdeserialfn, g.aggtranstype::regtype, g.agginitval FROM pg_aggregate g JOIN pg_proc p ON p.oid = g.aggfnoid JOIN ours n ON n.oid = p.pronamespace ORDER BY 2;
SELECT 'member', pg_describe_object(classid, objid, objsubid) AS what FROM pg_depend WHERE deptype = 'e' AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'agent_analytics')
    AND NOT (classid = 'pg_type'::regclass AND objid IN (SELECT typarray FROM pg_type)) ORDER BY 2;
SELECT 'extension', extname, extversion, extrelocatable, extconfig FROM pg_extension ORDER BY 2;
SELECT 'default rights', pg_get_userbyid(defaclrole), defaclnamespace::regnamespace, defaclobjtype, defaclacl FROM pg_default_acl ORDER BY 2, 3, 4;
SELECT 'role', r.rolname, r.rolinherit, r.rolbypassrls, r.rolcanlogin, ARRAY(SELECT m.roleid::regrole::text FROM pg_auth_members m WHERE m.member = r.oid ORDER BY 1) FROM pg_roles r WHERE r.rolname !~ '^pg_' ORDER BY 2;
