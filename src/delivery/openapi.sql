-- The API description: OpenAPI 3.1, made from the catalog, the comments, the endpoints and the examples.

-- What a type is in JSON, as PostgREST writes and reads it.
CREATE OR REPLACE FUNCTION analytics_internal.json_schema_of(type oid) RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE
        WHEN t.typelem <> 0 AND t.typcategory = 'A' THEN jsonb_build_object('type', 'array', 'items', analytics_internal.json_schema_of(t.typelem))
        WHEN t.typtype = 'd' AND t.typname ~ '/' THEN '{}'::jsonb
        WHEN t.typtype = 'd' THEN analytics_internal.json_schema_of(t.typbasetype)
        ELSE CASE t.oid::regtype
            WHEN 'smallint'::regtype THEN '{"type": "integer", "format": "int32"}'
            WHEN 'integer'::regtype THEN '{"type": "integer", "format": "int32"}'
            WHEN 'bigint'::regtype THEN '{"type": "integer", "format": "int64"}'
            WHEN 'numeric'::regtype THEN '{"type": "number"}'
            WHEN 'double precision'::regtype THEN '{"type": "number", "format": "double"}'
            WHEN 'boolean'::regtype THEN '{"type": "boolean"}'
            WHEN 'timestamptz'::regtype THEN '{"type": "string", "format": "date-time"}'
            WHEN 'date'::regtype THEN '{"type": "string", "format": "date"}'
            WHEN 'interval'::regtype THEN '{"type": "string", "description": "An interval, such as 15 minutes."}'
            WHEN 'uuid'::regtype THEN '{"type": "string", "format": "uuid"}'
            WHEN 'jsonb'::regtype THEN '{}'
            WHEN 'json'::regtype THEN '{}'
            ELSE '{"type": "string"}' END::jsonb END
    FROM pg_type t WHERE t.oid = type
$$;
COMMENT ON FUNCTION analytics_internal.json_schema_of(oid) IS 'The JSON Schema of a type''s values.';

-- A schema that also admits null.
CREATE OR REPLACE FUNCTION analytics_internal.or_null(schema jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN schema ? 'type' THEN jsonb_set(schema, '{type}', jsonb_build_array(schema -> 'type', 'null')) ELSE schema END
$$;
COMMENT ON FUNCTION analytics_internal.or_null(jsonb) IS 'The schema of the same values and null.';

-- The shape of a document, from one: for functions that answer with jsonb.
CREATE OR REPLACE FUNCTION analytics_internal.json_schema_like(example jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE jsonb_typeof(example)
        WHEN 'object' THEN jsonb_build_object('type', 'object', 'properties',
            (SELECT coalesce(jsonb_object_agg(key, analytics_internal.json_schema_like(value)), '{}') FROM jsonb_each(example)))
        WHEN 'array' THEN jsonb_build_object('type', 'array', 'items', coalesce(analytics_internal.json_schema_like(example -> 0), '{}'))
        WHEN 'null' THEN '{}'
        ELSE jsonb_build_object('type', jsonb_build_array(jsonb_typeof(example), 'null')) END
$$;
COMMENT ON FUNCTION analytics_internal.json_schema_like(jsonb) IS 'A JSON Schema that a document and those of its shape fulfil.';

-- What an argument allows, where it is a list or a range. A test calls the functions at and beyond each limit.
CREATE OR REPLACE FUNCTION analytics_internal.argument_rules() RETURNS TABLE (function text, argument text, rule jsonb)
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 40 SET search_path = pg_catalog, pg_temp AS $$
    VALUES ('check_rate_limit', 'limit_class', '{"enum": ["anon", "dashboard", "agent", "admin", "scrape", "ingest", "export", "free", "pro", "enterprise", "service"]}'::jsonb),
           ('create_api_key', 'tier', '{"enum": ["FREE", "PRO", "ENTERPRISE"]}'),
           ('create_alert_rule', 'condition', '{"enum": [">", ">=", "<", "<=", "outside", "anomaly", "absent", "exhausts_within"]}'),
           ('create_alert_rule', 'severity', '{"enum": ["info", "warning", "error", "critical"]}'),
           ('create_alert_rule', 'no_data', '{"enum": ["ok", "zero", "keep", "alert"]}'),
           ('create_notification_channel', 'kind', '{"enum": ["webhook", "slack", "email", "pg_notify"]}'),
           ('get_monitoring_metrics', 'time_range', '{"enum": ["1h", "24h", "7d", "30d"]}'),
           ('get_alert_statistics', 'hours', '{"minimum": 1, "maximum": 8760}'),
           ('list_alerts', 'status', '{"enum": ["firing", "acknowledged", "resolved"]}'),
           ('list_alerts', 'severity', '{"enum": ["info", "warning", "error", "critical"]}'),
           ('list_alerts', 'hours', '{"minimum": 1, "maximum": 8760}'),
           ('list_alerts', 'row_limit', '{"minimum": 1, "maximum": 1000}'),
           ('list_alerts', 'row_offset', '{"minimum": 0, "maximum": 1000000}'),
           ('get_api_usage', 'hours', '{"minimum": 1, "maximum": 8760}'),
           ('list_blocked_ips', 'row_limit', '{"minimum": 1, "maximum": 1000}'),
           ('list_blocked_ips', 'row_offset', '{"minimum": 0, "maximum": 1000000}'),
           ('list_runs', 'status', '{"enum": ["running", "completed", "failed"]}'),
           ('list_runs', 'period', '{"enum": ["last_hour", "last_day", "last_week", "last_month", "last_quarter"]}'),
           ('list_runs', 'sort_by', '{"enum": ["start_time", "duration_ms", "cost", "span_count"]}'),
           ('list_runs', 'sort_order', '{"enum": ["desc", "asc"]}'),
           ('list_runs', 'row_limit', '{"minimum": 1, "maximum": 1000}'),
           ('list_spans', 'status', '{"enum": ["unset", "ok", "error"]}'),
           ('list_spans', 'period', '{"enum": ["last_hour", "last_day", "last_week", "last_month", "last_quarter"]}'),
           ('list_spans', 'row_limit', '{"minimum": 1, "maximum": 1000}'),
           ('get_project_stats', 'period', '{"enum": ["last_hour", "last_day", "last_week", "last_month", "last_quarter"]}'),
           ('get_run_spans', 'row_limit', '{"minimum": 1, "maximum": 10000}'),
           ('get_run_spans', 'row_offset', '{"minimum": 0, "maximum": 1000000}'),
           ('get_run_bottlenecks', 'row_limit', '{"minimum": 1, "maximum": 100}'),
           ('get_run_timeseries', 'metric', '{"enum": ["cost", "runs", "failed_runs", "success_rate", "input_tokens", "output_tokens", "avg_duration_ms", "p50_duration_ms", "p95_duration_ms", "p99_duration_ms", "llm_calls"]}'),
           ('get_run_timeseries', 'bucket', '{"enum": ["1m", "5m", "15m", "1h", "6h", "1d", "1w"]}'),
           ('get_run_timeseries', 'period', '{"enum": ["last_hour", "last_day", "last_week", "last_month", "last_quarter"]}'),
           ('group_runs', 'group_by', '{"enum": ["time", "thread", "model", "tool", "status"]}'),
           ('group_runs', 'bucket', '{"enum": ["1m", "5m", "15m", "1h", "6h", "1d", "1w"]}'),
           ('group_runs', 'period', '{"enum": ["last_hour", "last_day", "last_week", "last_month", "last_quarter"]}'),
           ('group_runs', 'row_limit', '{"minimum": 1, "maximum": 1000}'),
           ('record_span', 'kind', '{"enum": ["internal", "server", "client", "producer", "consumer"]}'),
           ('record_span', 'status', '{"enum": ["unset", "ok", "error"]}'),
           ('get_data_quality_trend', 'days', '{"minimum": 1, "maximum": 90}'),
           ('get_training_quality', 'period', '{"enum": ["1h", "24h", "7d", "30d"]}'),
           ('get_training_quality_daily', 'days', '{"minimum": 1, "maximum": 30}'),
           ('record_training_example', 'sentiment', '{"enum": ["positive", "neutral", "negative"]}'),
           ('record_training_example', 'clarity_score', '{"minimum": 1, "maximum": 5}'),
           ('record_training_example', 'accuracy_score', '{"minimum": 1, "maximum": 5}'),
           ('record_training_example', 'helpfulness_score', '{"minimum": 1, "maximum": 5}'),
           ('record_training_example', 'tone_score', '{"minimum": 1, "maximum": 5}'),
           ('record_training_example', 'confidence', '{"minimum": 0, "maximum": 100}'),
           ('record_training_example', 'response_time_ms', '{"minimum": 0}'),
           ('submit_approval', 'priority', '{"enum": ["urgent", "high", "normal", "low"]}'),
           ('resolve_approval', 'decision', '{"enum": ["approved", "rejected", "edited"]}'),
           ('list_pending_approvals', 'priority', '{"enum": ["urgent", "high", "normal", "low"]}'),
           ('list_pending_approvals', 'min_confidence', '{"minimum": 0, "maximum": 100}'),
           ('list_pending_approvals', 'row_limit', '{"minimum": 1, "maximum": 100}'),
           ('list_pending_approvals', 'row_offset', '{"minimum": 0, "maximum": 1000000}'),
           ('get_queue_metrics', 'group_by', '{"enum": ["hour", "day"]}'),
           ('get_queue_metrics', 'days', '{"minimum": 1, "maximum": 30}'),
           ('get_approval_accuracy', 'period', '{"enum": ["1h", "24h", "7d", "30d"]}'),
           ('get_approval_accuracy', 'granularity', '{"enum": ["hour", "day", "week"]}'),
           ('get_approval_rate', 'group_by', '{"enum": ["hour", "day", "week", "month"]}'),
           ('get_agent_accuracy', 'days', '{"minimum": 1, "maximum": 30}'),
           ('get_agent_performance', 'period', '{"enum": ["1h", "24h", "7d", "30d"]}'),
           ('export_training_file', 'format', '{"enum": ["json", "jsonl", "csv", "xlsx", "parquet"]}'),
           ('export_training_file', 'days', '{"minimum": 1, "maximum": 3650}'),
           ('export_training_file', 'min_confidence', '{"minimum": 0, "maximum": 100}'),
           ('export_training_dataset', 'row_limit', '{"minimum": 1, "maximum": 100000}'),
           ('export_training_dataset', 'row_offset', '{"minimum": 0, "maximum": 10000000}'),
           ('export_training_dataset', 'min_confidence', '{"minimum": 0, "maximum": 100}'),
           ('export_answer', 'format', '{"enum": ["csv", "jsonl", "html", "xlsx", "prometheus"]}'),
           ('get_hourly_trends', 'hours_back', '{"minimum": 1, "maximum": 168}'),
           ('get_active_anomalies', 'method', '{"enum": ["seasonal", "threshold"]}'),
           ('get_trends', 'period', '{"enum": ["7d", "30d", "90d"]}'),
           ('get_trends', 'metric', '{"enum": ["spend", "tasks_completed", "success_rate", "active_agents"]}'),
           ('get_cost_breakdown', 'group_by', '{"enum": ["model", "provider", "agent", "user", "task", "run"]}'),
           ('get_cost_breakdown', 'row_limit', '{"minimum": 1, "maximum": 1000}'),
           ('forecast_budget', 'horizon_days', '{"minimum": 1, "maximum": 365}'),
           ('get_budget_forecast', 'horizon_days', '{"minimum": 1, "maximum": 365}'),
           ('get_metric_series', 'bucket', '{"enum": ["15m", "30m", "1h", "1d", "1w", "1mo"]}'),
           ('get_metric_series', 'compare_to', '{"enum": ["previous_period", "previous_day", "previous_week", "previous_month", "previous_year"]}'),
           ('get_metric_series', 'key_limit', '{"minimum": 1, "maximum": 10000}'),
           ('get_metric_anomalies', 'bucket', '{"enum": ["15m", "30m", "1h", "1d", "1w", "1mo"]}'),
           ('forecast_metric', 'bucket', '{"enum": ["15m", "30m", "1h", "1d", "1w", "1mo"]}'),
           ('forecast_metric', 'horizon', '{"minimum": 1, "maximum": 1000}'),
           ('forecast', 'horizon', '{"minimum": 1, "maximum": 10000}'),
           ('forecast_exhaustion', 'horizon', '{"minimum": 1, "maximum": 10000}'),
           ('backtest_forecast', 'folds', '{"minimum": 1, "maximum": 100}'),
           ('detect_anomalies', 'method', '{"enum": ["auto", "esd", "threshold"]}'),
           ('set_budget', 'period', '{"enum": ["day", "week", "month", "total"]}'),
           ('record_task', 'status', '{"enum": ["pending", "running", "completed", "failed", "cancelled"]}'),
           ('record_agent_status', 'status', '{"enum": ["active", "idle", "offline"]}'),
           ('record_order', 'status', '{"enum": ["pending", "fulfilled", "cancelled", "refunded"]}'),
           ('define_metric', 'direction', '{"enum": ["up", "down", "neutral"]}'),
           ('define_metric', 'fill', '{"enum": ["zero", "null", "last"]}')
$$;
COMMENT ON FUNCTION analytics_internal.argument_rules() IS
'What arguments of the public functions allow, as keywords of JSON Schema: enum, minimum, maximum.';

-- Of a comment, what it says of each argument: "name: text. other, third: text", to the next argument or the line's end.
CREATE OR REPLACE FUNCTION analytics_internal.argument_descriptions(comment text, names text[]) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(jsonb_object_agg(a.name, btrim(split_part(regexp_replace(said.text, '^[a-z0-9_, ]+: ', ''), E'\n', 1), '. ')), '{}')
    FROM (SELECT string_agg(n, '|') AS any_name FROM unnest(names) n) x,
         LATERAL regexp_split_to_table(regexp_replace(comment, format('(^|\n|[.;] )((?:%s)(?:, (?:%s))*: )', any_name, any_name), E'\\1\x01\\2', 'g'), E'\x01') said(text),
         LATERAL regexp_split_to_table(substring(said.text FROM '^([a-z0-9_, ]+): '), ', ') a(name)
    WHERE a.name = ANY (names)
$$;
COMMENT ON FUNCTION analytics_internal.argument_descriptions(text, text[]) IS
'What a function''s comment says of its arguments: {"argument": "text"}.';

CREATE OR REPLACE FUNCTION analytics_internal.openapi_operations() RETURNS TABLE (path text, operations jsonb)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 100 SET search_path = pg_catalog, pg_temp AS $$
WITH functions AS (
    SELECT p.*, e.access, e.limit_class, e.max_age, d.comment, split_part(d.comment, E'\n', 1) AS summary,
           nullif(btrim(substr(d.comment, length(split_part(d.comment, E'\n', 1)) + 1), E'\n'), '') AS description,
           analytics_internal.argument_descriptions(substr(d.comment, length(split_part(d.comment, E'\n', 1)) + 2), p.proargnames[1:p.pronargs]) AS said,
           analytics_internal.examples() -> p.proname::text AS example,
           (SELECT t.typname ~ '/' FROM pg_type t WHERE t.oid = p.prorettype) AS raw  -- served as the bytes it returns
    FROM analytics_internal.endpoints() e
    JOIN pg_proc p ON p.proname = e.name AND p.pronamespace = 'analytics'::regnamespace AND p.prokind = 'f',
    LATERAL (SELECT obj_description(p.oid, 'pg_proc') AS comment) d
    WHERE (e.access IN ('public', 'reader', 'writer', 'admin') OR e.name = 'current_tenant') AND e.name <> 'pre_request'
      AND has_function_privilege(p.oid, 'EXECUTE')
), arguments AS (
    SELECT f.oid, a.name, a.i, a.i <= f.pronargs - f.pronargdefaults AS required,
           s.schema || coalesce(r.rule, '{}')
               || CASE WHEN a.i > f.pronargs - f.pronargdefaults AND v.fixed IS NOT NULL THEN jsonb_build_object('default', v.fixed) ELSE '{}' END
               AS schema,
           f.said ->> a.name AS said
    FROM functions f
    CROSS JOIN LATERAL unnest(f.proargnames[1:f.pronargs], f.proargtypes::oid[]) WITH ORDINALITY a(name, type, i)
    LEFT JOIN analytics_internal.argument_rules() r ON r.function = f.proname AND r.argument = a.name
    CROSS JOIN LATERAL (SELECT analytics_internal.json_schema_of(a.type) AS schema) s,
         -- A default that is a constant: 'seasonal'::text, 24, true, '{80,95}'::double precision[].
         LATERAL (SELECT pg_get_function_arg_default(f.oid, a.i::integer) AS text) d,
         LATERAL (SELECT CASE WHEN d.text ~ '^-?[0-9.]+$' OR d.text IN ('true', 'false') THEN d.text::jsonb
                              WHEN d.text ~ '^''[^'']*''::(text|interval)$' THEN to_jsonb(substring(d.text FROM '^''(.*)''::')) END AS fixed) v
    WHERE a.name <> ''
), bodies AS MATERIALIZED (  -- or it is made again for each function
    SELECT a.oid, jsonb_strip_nulls(jsonb_build_object('type', 'object', 'properties',
               jsonb_object_agg(a.name, CASE WHEN a.required THEN a.schema ELSE analytics_internal.or_null(a.schema - 'enum') || CASE WHEN a.schema ? 'enum' THEN jsonb_build_object('enum', (a.schema -> 'enum') || 'null'::jsonb) ELSE '{}' END END
                                    || jsonb_strip_nulls(jsonb_build_object('description', a.said))),
               'required', nullif(coalesce(jsonb_agg(a.name ORDER BY a.i) FILTER (WHERE a.required), '[]'), '[]'), 'additionalProperties', false)) AS body,
           jsonb_agg(jsonb_strip_nulls(jsonb_build_object('name', a.name, 'in', 'query', 'required', a.required, 'schema', a.schema, 'description', a.said))
                     ORDER BY a.i) AS parameters
    FROM arguments a GROUP BY a.oid
    UNION ALL  -- one argument without a name is the whole body
    SELECT f.oid, '{"type": "object"}', '[]' FROM functions f WHERE f.pronargs = 1 AND coalesce(f.proargnames[1], '') = ''
), results AS MATERIALIZED (
    SELECT f.oid, CASE
        WHEN f.prorettype = 'void'::regtype THEN NULL
        WHEN f.raw THEN '{}'
        WHEN c.columns IS NOT NULL AND f.proretset THEN jsonb_build_object('type', 'array', 'items', c.columns)
        WHEN c.columns IS NOT NULL THEN c.columns
        WHEN f.prorettype IN ('jsonb'::regtype, 'json'::regtype) THEN coalesce(analytics_internal.json_schema_like(f.example -> 'result'), '{}')
        ELSE analytics_internal.or_null(analytics_internal.json_schema_of(f.prorettype)) END AS schema
    FROM functions f LEFT JOIN LATERAL (
        SELECT jsonb_build_object('type', 'object', 'properties', jsonb_object_agg(o.name, analytics_internal.or_null(analytics_internal.json_schema_of(o.type))),
                                  'required', jsonb_agg(o.name ORDER BY o.i)) AS columns
        FROM unnest(f.proargnames, f.proallargtypes, f.proargmodes) WITH ORDINALITY o(name, type, mode, i)
        WHERE o.mode IN ('t', 'o') HAVING count(*) > 0) c ON true
), common AS (
    SELECT f.oid, f.proname, f.provolatile, b.body, coalesce(b.parameters, '[]') AS parameters, f.example -> 'arguments' AS example_arguments,
           jsonb_strip_nulls(jsonb_build_object('tags', jsonb_build_array(f.access), 'summary', f.summary, 'description', f.description,
               'x-limit-class', f.limit_class, 'x-max-age', f.max_age,
               'security', CASE WHEN f.access = 'public' OR f.proname = 'current_tenant' THEN '[{}, {"bearer": []}, {"api_key": []}]' ELSE '[{"bearer": []}, {"api_key": []}]' END::jsonb))
           || jsonb_build_object('responses',
                  CASE WHEN r.schema IS NULL THEN '{"204": {"description": "Done."}}'::jsonb
                       ELSE jsonb_build_object('200', jsonb_build_object('description', 'The answer.', 'headers', '{"X-RateLimit-Limit": {"$ref": "#/components/headers/X-RateLimit-Limit"}, "X-RateLimit-Remaining": {"$ref": "#/components/headers/X-RateLimit-Remaining"}, "X-RateLimit-Reset": {"$ref": "#/components/headers/X-RateLimit-Reset"}, "Cache-Control": {"$ref": "#/components/headers/Cache-Control"}}'::jsonb,
                           'content', jsonb_build_object(CASE WHEN f.raw THEN '*/*' ELSE 'application/json' END, jsonb_build_object('schema', r.schema)
                               || CASE WHEN f.example ? 'result' THEN jsonb_build_object('example', f.example -> 'result') ELSE '{}' END))) END
                  || '{"400": {"$ref": "#/components/responses/BadArgument"}, "401": {"$ref": "#/components/responses/Unauthorized"}, "403": {"$ref": "#/components/responses/Forbidden"}, "429": {"$ref": "#/components/responses/TooManyRequests"}, "500": {"$ref": "#/components/responses/InternalError"}}'
                  || CASE WHEN f.comment ~ 'PT404' THEN '{"404": {"$ref": "#/components/responses/NotFound"}}' ELSE '{}' END::jsonb
                  || CASE WHEN f.comment ~ 'PT409|23505' THEN '{"409": {"$ref": "#/components/responses/Conflict"}}' ELSE '{}' END::jsonb) AS operation
    FROM functions f LEFT JOIN bodies b ON b.oid = f.oid JOIN results r ON r.oid = f.oid
)
SELECT '/rpc/' || c.proname,
       CASE WHEN c.provolatile <> 'v' THEN jsonb_build_object('get', c.operation || jsonb_build_object('operationId', c.proname,
                'parameters', c.parameters)) ELSE '{}' END
       || jsonb_build_object('post', c.operation || jsonb_build_object('operationId', CASE WHEN c.provolatile = 'v' THEN '' ELSE 'post_' END || c.proname)
           || CASE WHEN c.body IS NULL THEN '{}' ELSE jsonb_build_object('requestBody', jsonb_build_object('required', c.body ? 'required' OR NOT c.body ? 'properties',
                  'content', jsonb_build_object('application/json', jsonb_strip_nulls(jsonb_build_object('schema', c.body, 'example', c.example_arguments))))) END)
FROM common c
UNION ALL
-- Views: rows with PostgREST's filters.
SELECT '/' || v.relname, jsonb_build_object('get', jsonb_build_object('operationId', 'read_' || v.relname, 'tags', '["views"]'::jsonb,
           'summary', obj_description(v.oid, 'pg_class'), 'x-limit-class', e.limit_class, 'x-max-age', e.max_age, 'security', '[{"bearer": []}, {"api_key": []}]'::jsonb,
           'parameters', '[{"$ref": "#/components/parameters/select"}, {"$ref": "#/components/parameters/order"}, {"$ref": "#/components/parameters/limit"}, {"$ref": "#/components/parameters/offset"}]'::jsonb,
           'responses', jsonb_build_object('200', jsonb_build_object('description', 'Rows.', 'content', jsonb_build_object('application/json', jsonb_build_object('schema',
                   jsonb_build_object('type', 'array', 'items', jsonb_build_object('type', 'object', 'properties', (
                       SELECT jsonb_object_agg(a.attname, analytics_internal.or_null(analytics_internal.json_schema_of(a.atttypid)))
                       FROM pg_attribute a WHERE a.attrelid = v.oid AND a.attnum > 0 AND NOT a.attisdropped)))))))
               || '{"401": {"$ref": "#/components/responses/Unauthorized"}, "403": {"$ref": "#/components/responses/Forbidden"}, "429": {"$ref": "#/components/responses/TooManyRequests"}}'))
FROM analytics_internal.endpoints() e JOIN pg_class v ON v.relname = e.name AND v.relnamespace = 'analytics'::regnamespace AND v.relkind = 'v'
WHERE has_table_privilege(v.oid, 'SELECT')
$$;
COMMENT ON FUNCTION analytics_internal.openapi_operations() IS
'The path items of the API description: one for each function and view that the caller may use.';

CREATE OR REPLACE FUNCTION analytics.get_openapi() RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE COST 10000 SET search_path = pg_catalog, pg_temp AS $$
SELECT jsonb_build_object(
    'openapi', '3.1.0',
    'info', jsonb_build_object('title', 'agent_analytics', 'version', (SELECT extversion FROM pg_extension WHERE extname = 'agent_analytics'),
        'summary', 'Analytics of an AI-agent product, in PostgreSQL.',
        'description', E'Reads answer GET and POST, writes POST. All instants are UTC unless they say otherwise; money is exact; a rate over nothing is null. Errors: docs/errors.md.',
        'license', '{"name": "PostgreSQL License", "identifier": "PostgreSQL"}'::jsonb),
    'servers', '[{"url": "/", "description": "PostgREST, Supabase (/rest/v1), or the loader of examples/loader"}]'::jsonb,
    'tags', '[{"name": "public", "description": "For everybody."}, {"name": "reader", "description": "Reads of the caller''s tenant."}, {"name": "writer", "description": "Recording facts."}, {"name": "admin", "description": "Administration."}, {"name": "everyone", "description": "Helpers."}, {"name": "views", "description": "Rollups, to be filtered and ordered."}]'::jsonb,
    'paths', coalesce((SELECT jsonb_object_agg(o.path, o.operations) FROM analytics_internal.openapi_operations() o), '{}'),
    'components', '{
        "securitySchemes": {
            "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "Claims: role, sub, tenant_id."},
            "api_key": {"type": "apiKey", "in": "header", "name": "x-api-key", "description": "Made by create_api_key."}},
        "schemas": {
            "Error": {"type": "object", "required": ["code", "message"], "properties": {
                "code": {"type": "string", "description": "SQLSTATE."}, "message": {"type": "string"},
                "details": {"type": ["string", "null"]}, "hint": {"type": ["string", "null"]}}}},
        "headers": {
            "X-RateLimit-Limit": {"description": "Tokens of a window.", "schema": {"type": "integer"}},
            "X-RateLimit-Remaining": {"description": "Tokens that are left.", "schema": {"type": "integer"}},
            "X-RateLimit-Reset": {"description": "When all will be back, in Unix seconds.", "schema": {"type": "integer"}},
            "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}},
            "Cache-Control": {"description": "private, max-age in seconds; or no-store.", "schema": {"type": "string"}}},
        "parameters": {
            "select": {"name": "select", "in": "query", "schema": {"type": "string"}, "description": "Columns, separated by commas."},
            "order": {"name": "order", "in": "query", "schema": {"type": "string"}, "description": "Columns with .asc or .desc."},
            "limit": {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 0}},
            "offset": {"name": "offset", "in": "query", "schema": {"type": "integer", "minimum": 0}}},
        "responses": {
            "BadArgument": {"description": "A bad argument: the message names it and what is allowed.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}, "example": {"code": "22023", "message": "hours_back must be between 1 and 168", "details": "hours_back is 0.", "hint": "Pass between 1 and 168."}}}},
            "Unauthorized": {"description": "No JWT or key, or one that is not valid.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}},
            "Forbidden": {"description": "The role may not call this.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}},
            "NotFound": {"description": "An unknown id.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}},
            "Conflict": {"description": "The id is recorded with other content, or the state forbids it.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}},
            "TooManyRequests": {"description": "No token is left.", "headers": {"Retry-After": {"$ref": "#/components/headers/Retry-After"}}, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}},
            "InternalError": {"description": "Cancelled, or a fault.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}}}}'::jsonb)
$$;
COMMENT ON FUNCTION analytics.get_openapi() IS
'The API description, OpenAPI 3.1: what the caller may call, made from the catalog.
One path /rpc/<function> for each function that the caller may execute (GET and POST for reads, POST for writes) and one for each view: arguments with types, defaults, allowed values and ranges, the result''s schema, an example that is a real result, errors. x-limit-class is the limit that counts the call, x-max-age how many seconds an answer may be kept.';
