-- Answers as files, with their media type.

-- Through PostgREST a function that returns the domain "*/*" is served as the bytes it returns, with the Content-Type that it
-- sets, whatever the client accepts: a browser, a spreadsheet's import, a Prometheus server.
CREATE DOMAIN analytics_internal."*/*" AS bytea;
COMMENT ON DOMAIN analytics_internal."*/*" IS 'The body of an answer, of any media type: PostgREST''s name for it.';

CREATE OR REPLACE FUNCTION analytics_internal.answer_statement(function text, arguments jsonb, OUT statement text, OUT summary text)
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    given text[];
    columns text;
    f record;
BEGIN
    SELECT p.oid, p.proname, p.proargnames, p.proargmodes, p.proallargtypes::oid[] AS outputs, coalesce(p.proargnames[1:p.pronargs], '{}') AS names, p.proargtypes::oid[] AS types,
           coalesce(p.proargnames[1:p.pronargs - p.pronargdefaults], '{}') AS required,
           split_part(obj_description(p.oid, 'pg_proc'), E'\n', 1) AS summary
    INTO f
    FROM pg_proc p JOIN analytics_internal.endpoints() e ON e.name = p.proname
    WHERE p.pronamespace = 'analytics'::regnamespace AND p.prokind = 'f' AND p.provolatile <> 'v' AND p.proname = function
      AND e.access <> 'everyone' AND p.proname <> 'export_answer';
    IF f.oid IS NULL THEN
        RAISE EXCEPTION 'function must be the name of a read, such as get_trends' USING ERRCODE = '22023',
            DETAIL = format('function is "%s".', left(function, 100)), HINT = 'get_openapi lists them: those with GET.';
    END IF;
    IF arguments IS NULL OR jsonb_typeof(arguments) <> 'object' THEN
        RAISE EXCEPTION 'arguments must be a JSON object' USING ERRCODE = '22023',
            DETAIL = format('arguments is %s.', coalesce('a JSON ' || jsonb_typeof(arguments), 'NULL')), HINT = 'Pass {"period": "7d"}, or nothing.';
    END IF;
    given := ARRAY(SELECT jsonb_object_keys(arguments));
    IF NOT given <@ f.names OR NOT f.required <@ given THEN
        RAISE EXCEPTION 'arguments must be those of the function' USING ERRCODE = '22023',
            DETAIL = format('%s takes %s; required: %s; given: %s.', f.proname, coalesce(nullif(array_to_string(f.names, ', '), ''), 'none'),
                            coalesce(nullif(array_to_string(f.required, ', '), ''), 'none'), coalesce(nullif(left(array_to_string(given, ', '), 200), ''), 'none')),
            HINT = 'Names are written as in the function''s description.';
    END IF;
    summary := f.summary;
    -- What customers wrote leaves in files without personal data.
    columns := CASE WHEN f.proname NOT IN ('list_pending_approvals', 'list_runs', 'get_run_details', 'get_run_spans') THEN 'r.*'
        WHEN f.outputs IS NULL THEN 'analytics_internal.redact_json(r) AS r'
        ELSE (SELECT string_agg(CASE o.type WHEN 'text'::regtype THEN format('analytics_internal.redact_text(r.%1$I, NULL) AS %1$I', o.name)
                                            WHEN 'text[]'::regtype THEN format('analytics_internal.redact_json(to_jsonb(r.%1$I)) AS %1$I', o.name)
                                            WHEN 'jsonb'::regtype THEN format('analytics_internal.redact_json(r.%1$I) AS %1$I', o.name)
                                            ELSE format('r.%I', o.name) END, ', ' ORDER BY o.i)
              FROM unnest(f.proargnames, f.outputs, f.proargmodes) WITH ORDINALITY o(name, type, mode, i) WHERE o.mode = 't') END;
    statement := format('SELECT %s FROM %s analytics.%I(%s) r', columns,
        CASE WHEN given <> '{}' THEN format('pg_catalog.jsonb_to_record(%L) a(%s), LATERAL', arguments,
            (SELECT string_agg(format('%I %s', n.name, format_type(n.type, NULL)), ', ')
             FROM unnest(f.names, f.types) n(name, type) WHERE n.name = ANY (given))) ELSE '' END,
        f.proname, (SELECT string_agg(format('%I => a.%I', g, g), ', ') FROM unnest(given) g));
END $$;
COMMENT ON FUNCTION analytics_internal.answer_statement(text, jsonb) IS
'The statement that calls a read of ours with arguments from a JSON object, and the function''s summary.
Errors: 22023 for another function, or other arguments than its.';

CREATE OR REPLACE FUNCTION analytics.export_answer(function text, arguments jsonb DEFAULT '{}', format text DEFAULT 'csv')
RETURNS analytics_internal."*/*"
LANGUAGE c STABLE PARALLEL RESTRICTED COST 10000 AS 'MODULE_PATHNAME', 'analytics_export_answer';
COMMENT ON FUNCTION analytics.export_answer(text, jsonb, text) IS
'The answer of a read as a file: CSV, JSON Lines, HTML, an Excel workbook, or Prometheus'' text.
What customers wrote (list_pending_approvals, list_runs, get_run_details, get_run_spans) is redacted as by redact_pii.
function: the name of a read, such as get_cost_breakdown. arguments: its arguments, as a JSON object. format: csv (RFC 4180; what a spreadsheet would take for a formula gets an apostrophe), jsonl (one JSON object a line), html (a page with a table), xlsx (one sheet; numbers of more than 15 digits are text) or prometheus (each number a gauge analytics_<answer>_<column>, texts its labels; of rows with the same labels the newest; ms become seconds and percent ratios).
Result: the bytes. Through PostgREST they come with their Content-Type and a file name, whatever the client accepts: a link in a browser, or a scrape target.
Example: SELECT convert_from(analytics.export_answer(''get_cost_breakdown'', ''{"period": "7d"}''), ''UTF8'');
Errors: 22023 for an unknown function, argument or format, or an answer that does not fit into a sheet; 42501 and others as the function itself.';
