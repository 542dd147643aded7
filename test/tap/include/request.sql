-- A request as PostgREST 16 makes it (\ir include/request.sql after \ir include/start.sql and setup_roles): one transaction,
-- read only for GET and for what is not VOLATILE; role, claims, headers, method and path as settings; the pre-request hook; the
-- function called by the names in the JSON body; the answer by json_agg. Ask with
--     \set method GET  \set role anon  \set claims {}  \set headers {}  \set function get_trends  \set args '{"period": "7d"}'
--     \ir include/send.sql
-- and find :status (HTTP), :body, :sqlstate, :message, :response_headers (a JSON array of one-key objects).
CREATE SCHEMA pgrst;
GRANT USAGE ON SCHEMA pgrst TO PUBLIC;

-- The statement, or nothing where PostgREST's schema cache finds no function with these arguments (404 PGRST202).
CREATE FUNCTION pgrst.statement(function text, args jsonb) RETURNS text LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
    SELECT format('SELECT coalesce(%s, ''null'')::text AS body, coalesce(nullif(current_setting(''response.headers'', true), ''''), ''[]'') AS response_headers FROM (SELECT f.* FROM (SELECT %L::json AS json_data) payload, LATERAL (SELECT %s FROM json_to_recordset(json_build_array(payload.json_data)) AS _(%s) LIMIT 1) body, LATERAL %s(%s) f) t',
        CASE WHEN p.proretset THEN 'coalesce(json_agg(t), ''[]'')' WHEN t.typtype = 'c' OR p.prorettype = 'record'::regtype THEN 'json_agg(t) -> 0'
             ELSE 'json_agg(t.f) -> 0' END, args,
        coalesce((SELECT string_agg(format('%I', k), ', ') FROM jsonb_object_keys(args) k), '1'),
        coalesce((SELECT string_agg(format('%I %s', k, format_type(p.proargtypes[array_position(p.proargnames, k) - 1], NULL)), ', ') FROM jsonb_object_keys(args) k), 'pgrst_none int'),
        p.oid::regproc, (SELECT string_agg(format('%I := body.%I', k, k), ', ') FROM jsonb_object_keys(args) k))
    FROM pg_proc p JOIN pg_type t ON t.oid = p.prorettype
    WHERE p.pronamespace = 'analytics'::regnamespace AND p.prokind = 'f' AND p.proname = function
      AND coalesce(p.proargnames[1:p.pronargs], '{}') @> ARRAY(SELECT jsonb_object_keys(args))
      AND ARRAY(SELECT jsonb_object_keys(args)) @> coalesce(p.proargnames[1:p.pronargs - p.pronargdefaults], '{}')
      AND NOT (p.pronargs = 1 AND p.proargnames IS NULL)
    UNION ALL  -- one argument without a name takes the body as it is
    SELECT format('SELECT coalesce(json_agg(t.f) -> 0, ''null'')::text AS body, coalesce(nullif(current_setting(''response.headers'', true), ''''), ''[]'') AS response_headers FROM (SELECT f.* FROM %s(%L) f) t',
        p.oid::regproc, args)
    FROM pg_proc p
    WHERE p.pronamespace = 'analytics'::regnamespace AND p.prokind = 'f' AND p.proname = function
      AND p.pronargs = 1 AND p.proargnames IS NULL AND p.proargtypes[0] IN ('json'::regtype, 'jsonb'::regtype)
$$;
-- HTTP status of an SQLSTATE (PostgREST's table). `authenticated`: the request bore a JWT.
CREATE FUNCTION pgrst.status(state text, authenticated boolean) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN state ~ '^PT[0-9]{3}$' THEN substr(state, 3)::int WHEN state = '42501' THEN CASE WHEN authenticated THEN 403 ELSE 401 END
        WHEN state ~ '^(28|0L|0P)' THEN 403 WHEN state IN ('42883', '42P01') THEN 404 WHEN state = '25006' THEN 405 WHEN state IN ('23503', '23505') THEN 409
        WHEN state ~ '^(08|53)' AND state <> '53400' OR state = '57P01' THEN 503
        WHEN state ~ '^(25|38|40|54|55|57|58|F0|HV|XX|P0)' AND state <> 'P0001' OR state IN ('21000', '42P17', '53400') THEN 500 ELSE 400 END
$$;
