-- The API description: complete, in step with the catalog, its rules and examples true. test/api holds it against a validator.
\ir include/start.sql
SELECT no_plan();
DO $$ BEGIN PERFORM analytics.setup_roles(); END $$;
\ir include/request.sql
\ir include/examples.sql
CREATE TABLE pgrst.document AS SELECT analytics.get_openapi() AS api;

SELECT is(api ->> 'openapi', '3.1.0', 'it is OpenAPI 3.1') FROM pgrst.document;
SELECT set_eq($$SELECT substr(path, 6) FROM pgrst.document, jsonb_object_keys(api -> 'paths') path WHERE path LIKE '/rpc/%'$$,
    $$SELECT p.proname::text FROM pg_proc p JOIN analytics_internal.endpoints() e ON e.name = p.proname
      WHERE p.pronamespace = 'analytics'::regnamespace AND p.prokind = 'f' AND p.proname <> 'pre_request' AND (e.access NOT IN ('everyone', 'owner') OR p.proname = 'current_tenant')$$,
    'each function has a path');
SELECT is_empty($$SELECT path FROM pgrst.document, jsonb_each(api -> 'paths') p(path, item), pg_proc f WHERE f.pronamespace = 'analytics'::regnamespace AND '/rpc/' || f.proname = path
        AND ((item ? 'get') <> (f.provolatile <> 'v') OR NOT item ? 'post')$$, 'reads have GET and POST, writes POST');
SELECT is_empty($$SELECT path, method FROM pgrst.document, jsonb_each(api -> 'paths') p(path, item), jsonb_each(item) o(method, operation)
        WHERE length(coalesce(operation ->> 'summary', '')) < 10 OR operation ->> 'operationId' IS NULL OR NOT operation -> 'responses' ?| '{200,204}'$$, 'each operation is described');
SELECT is_empty($$SELECT id FROM (SELECT operation ->> 'operationId' AS id FROM pgrst.document, jsonb_each(api -> 'paths') p(path, item), jsonb_each(item) o(method, operation)) i GROUP BY id HAVING count(*) > 1$$, 'operationIds are unique');
SELECT is_empty($$SELECT path, a ->> 'name' FROM pgrst.document, jsonb_each(api -> 'paths') p(path, item), jsonb_array_elements(item #> '{get,parameters}') a
        WHERE path LIKE '/rpc/get_%' AND a ->> 'description' IS NULL AND (item #>> '{get,description}') !~* ('\y' || (a ->> 'name') || '\y|as forecast_budget')$$, 'arguments are described');

SELECT is_empty($$SELECT t FROM pgrst.document, jsonb_path_query(api, 'strict $.**.type ? (@ == null || @.type() == "array" && @[*] == null)') t$$, 'every type has a name');

-- A role is shown what it may call.
SET ROLE anon;
SELECT set_config('pgrst.shown', (SELECT string_agg(path, ' ' ORDER BY path) FROM jsonb_object_keys(analytics.get_openapi() -> 'paths') path), false) \g /dev/null
RESET ROLE;
SELECT is(current_setting('pgrst.shown'), '/rpc/current_tenant /rpc/get_openapi', 'anon is shown what it may call');
SET ROLE authenticated;
SELECT set_config('pgrst.shown', (SELECT string_agg(path, ' ' ORDER BY path) FROM jsonb_object_keys(analytics.get_openapi() -> 'paths') path), false) \g /dev/null
RESET ROLE;
SELECT ok(current_setting('pgrst.shown') LIKE '%/rpc/get_trends%' AND current_setting('pgrst.shown') NOT LIKE '%record_order%', 'a reader no more than reads');

-- Examples are real: asked again, the functions answer the same.
CREATE TABLE pgrst.now AS SELECT * FROM pgrst.answers();
SELECT is_empty($$SELECT n.function, left(n.example::text, 300), left((analytics_internal.examples() -> n.function)::text, 300) FROM pgrst.now n JOIN pgrst.examples e USING (function)
        WHERE e.settled AND n.example IS DISTINCT FROM analytics_internal.examples() -> n.function$$, 'examples are what the functions answer (else run scripts/examples.sh)');
-- Limits need shared memory, which from PostgreSQL 17 on is there without shared_preload_libraries.
SELECT is_empty($$SELECT n.function FROM pgrst.now n JOIN pgrst.examples e USING (function) WHERE NOT e.settled AND n.function <> 'check_rate_limit'
        AND analytics_internal.json_schema_like(n.example) IS DISTINCT FROM analytics_internal.json_schema_like(analytics_internal.examples() -> n.function)$$, 'or of the same shape');
SELECT is_empty($$SELECT path FROM pgrst.document, jsonb_object_keys(api -> 'paths') path WHERE path LIKE '/rpc/%' AND path <> '/rpc/get_openapi'
        AND NOT analytics_internal.examples() ? substr(path, 6)$$, 'each function has an example');

-- Rules are true: allowed values and limits are accepted, what is beyond is 22023.
SELECT is_empty($$SELECT function, argument FROM analytics_internal.argument_rules() r WHERE NOT EXISTS (SELECT FROM pg_proc p WHERE p.pronamespace = 'analytics'::regnamespace
        AND p.proname = r.function AND r.argument = ANY (p.proargnames[1:p.pronargs]))$$, 'rules are about arguments');
CREATE FUNCTION pgrst.outcome(function text, arguments jsonb) RETURNS text LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    EXECUTE pgrst.statement(function, arguments);
    RAISE EXCEPTION USING ERRCODE = 'ZZ000';  -- undone
EXCEPTION WHEN OTHERS THEN
    RETURN CASE SQLSTATE WHEN 'ZZ000' THEN 'fine' ELSE SQLSTATE || ' ' || SQLERRM END;
END $$;
CREATE TABLE pgrst.tried AS
    SELECT r.function, r.argument, t.value, t.allowed, pgrst.outcome(r.function, e.arguments || jsonb_build_object(r.argument, t.value)) AS outcome
    FROM analytics_internal.argument_rules() r JOIN pgrst.examples e USING (function),
    LATERAL (SELECT v AS value, true AS allowed FROM jsonb_array_elements(r.rule -> 'enum') v
             UNION ALL SELECT '"nonsense"', false WHERE r.rule ? 'enum'
             UNION ALL SELECT r.rule -> 'minimum', true WHERE r.rule ? 'minimum' UNION ALL SELECT r.rule -> 'maximum', true WHERE r.rule ? 'maximum'
             UNION ALL SELECT to_jsonb((r.rule ->> 'minimum')::int - 1), false WHERE r.rule ? 'minimum'
             UNION ALL SELECT to_jsonb((r.rule ->> 'maximum')::int + 1), false WHERE r.rule ? 'maximum') t;
SELECT cmp_ok((SELECT count(*) FROM pgrst.tried), '>', 100::bigint, 'rules were tried');
SELECT is_empty($$SELECT * FROM pgrst.tried WHERE allowed AND (outcome ~ '^22023' AND outcome LIKE '%' || argument || ' must%')$$, 'what a rule allows is accepted');
SELECT is_empty($$SELECT * FROM pgrst.tried WHERE NOT allowed AND outcome !~ ('^22023 .*' || argument || ' must be')$$, 'what it does not is refused, by name');
SELECT * FROM finish();
