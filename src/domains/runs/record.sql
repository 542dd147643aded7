-- Recording spans, one or many.

CREATE TYPE analytics_internal.span_item AS (index integer, problem text, span_id text, trace_id text, operation_name text, start_time timestamptz,
    end_time timestamptz, parent_span_id text, run_id text, thread_id text, kind text, status text, error_message text, model text, tool_name text,
    input_tokens bigint, output_tokens bigint, cost_usd numeric, attributes jsonb);
COMMENT ON TYPE analytics_internal.span_item IS 'A span as it came, with what is wrong about it.';

CREATE OR REPLACE FUNCTION analytics_internal.span_problem(i analytics_internal.span_item) RETURNS text[]
LANGUAGE sql STABLE PARALLEL SAFE COST 20
    RETURN coalesce(
        analytics_internal.text_problem('span_id', i.span_id, 200, true),
        analytics_internal.text_problem('trace_id', i.trace_id, 200, true),
        analytics_internal.text_problem('operation_name', i.operation_name, 500, true),
        CASE WHEN i.start_time IS NULL THEN ARRAY['start_time', 'given', 'NULL'] END,
        analytics_internal.instant_problem('start_time', i.start_time),
        analytics_internal.instant_problem('end_time', i.end_time),
        analytics_internal.text_problem('parent_span_id', i.parent_span_id, 200, false),
        analytics_internal.text_problem('run_id', i.run_id, 200, false),
        analytics_internal.text_problem('thread_id', i.thread_id, 200, false),
        CASE WHEN i.kind IS NOT NULL THEN analytics_internal.choice_problem('kind', i.kind, '{internal,server,client,producer,consumer}') END,
        CASE WHEN i.status IS NOT NULL THEN analytics_internal.choice_problem('status', i.status, '{unset,ok,error}') END,
        analytics_internal.text_problem('error_message', nullif(i.error_message, ''), 10000, false),
        analytics_internal.text_problem('model', i.model, 200, false),
        analytics_internal.text_problem('tool_name', i.tool_name, 200, false),
        CASE WHEN i.input_tokens IS NOT NULL THEN analytics_internal.count_problem('input_tokens', i.input_tokens) END,
        CASE WHEN i.output_tokens IS NOT NULL THEN analytics_internal.count_problem('output_tokens', i.output_tokens) END,
        analytics_internal.amount_problem('cost_usd', i.cost_usd, false),
        CASE WHEN jsonb_typeof(i.attributes) <> 'object' THEN ARRAY['attributes', 'a JSON object', 'a JSON ' || jsonb_typeof(i.attributes)]
             WHEN pg_column_size(i.attributes) > 262144 THEN ARRAY['attributes', 'at most 256 kB', pg_column_size(i.attributes) || ' bytes'] END);
COMMENT ON FUNCTION analytics_internal.span_problem(analytics_internal.span_item) IS 'What is wrong with a span; NULL if nothing.';

-- Spans come open and are completed later, in any order and any number of times: what is given replaces what is known, what is not
-- (NULL, and of status and kind their defaults) keeps it; attributes are merged. First within a batch, then with what is stored.
CREATE OR REPLACE FUNCTION analytics_internal.fold_spans(spans analytics_internal.span_item[]) RETURNS analytics_internal.span_item[]
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT array_agg(ROW(f.index, NULL, f.span_id, f.trace_id, f.operation_name, f.start_time, f.end_time, f.parent_span_id, f.run_id, f.thread_id, f.kind, f.status, f.error_message, f.model, f.tool_name, f.input_tokens, f.output_tokens, f.cost_usd, f.attributes)::analytics_internal.span_item)
    FROM (SELECT min(i.index) AS index, i.trace_id, i.span_id,
                 (array_agg(i.operation_name ORDER BY i.index DESC) FILTER (WHERE i.operation_name IS NOT NULL))[1] AS operation_name,
                 (array_agg(i.start_time ORDER BY i.index DESC) FILTER (WHERE i.start_time IS NOT NULL))[1] AS start_time,
                 (array_agg(i.end_time ORDER BY i.index DESC) FILTER (WHERE i.end_time IS NOT NULL))[1] AS end_time,
                 (array_agg(i.parent_span_id ORDER BY i.index DESC) FILTER (WHERE i.parent_span_id IS NOT NULL))[1] AS parent_span_id,
                 (array_agg(i.run_id ORDER BY i.index DESC) FILTER (WHERE i.run_id IS NOT NULL))[1] AS run_id,
                 (array_agg(i.thread_id ORDER BY i.index DESC) FILTER (WHERE i.thread_id IS NOT NULL))[1] AS thread_id,
                 (array_agg(i.kind ORDER BY i.index DESC) FILTER (WHERE i.kind <> 'internal'))[1] AS kind,
                 (array_agg(i.status ORDER BY i.index DESC) FILTER (WHERE i.status <> 'unset'))[1] AS status,
                 (array_agg(i.error_message ORDER BY i.index DESC) FILTER (WHERE i.error_message <> ''))[1] AS error_message,
                 (array_agg(i.model ORDER BY i.index DESC) FILTER (WHERE i.model IS NOT NULL))[1] AS model,
                 (array_agg(i.tool_name ORDER BY i.index DESC) FILTER (WHERE i.tool_name IS NOT NULL))[1] AS tool_name,
                 (array_agg(i.input_tokens ORDER BY i.index DESC) FILTER (WHERE i.input_tokens IS NOT NULL))[1] AS input_tokens,
                 (array_agg(i.output_tokens ORDER BY i.index DESC) FILTER (WHERE i.output_tokens IS NOT NULL))[1] AS output_tokens,
                 (array_agg(i.cost_usd ORDER BY i.index DESC) FILTER (WHERE i.cost_usd IS NOT NULL))[1] AS cost_usd,
                 (SELECT coalesce(jsonb_object_agg(e.key, e.value ORDER BY u.n), '{}')
                  FROM unnest(array_agg(i.attributes ORDER BY i.index)) WITH ORDINALITY u(object, n), jsonb_each(u.object) e) AS attributes
          FROM unnest(spans) i WHERE i.problem IS NULL GROUP BY i.trace_id, i.span_id) f
$$;
COMMENT ON FUNCTION analytics_internal.fold_spans(analytics_internal.span_item[]) IS
'Of the items without a problem one a span: of each column the last that is given.';

-- In the order of the ids: two that store the same spans wait for each other, but never in a circle.
CREATE OR REPLACE FUNCTION analytics_internal.store_spans(spans analytics_internal.span_item[]) RETURNS TABLE (trace_id text, span_id text)
LANGUAGE sql VOLATILE PARALLEL UNSAFE ROWS 1000 SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO analytics_data.spans AS s (tenant_id, trace_id, span_id, operation_name, start_time, end_time, parent_span_id, run_id, thread_id, kind, status,
        error_message, model, tool_name, input_tokens, output_tokens, cost_usd, attributes)
    SELECT (SELECT analytics.current_tenant()), i.trace_id, i.span_id, coalesce(i.operation_name, 'unknown'), i.start_time, i.end_time, i.parent_span_id, i.run_id,
           i.thread_id, coalesce(i.kind, 'internal'), coalesce(i.status, 'unset'), nullif(i.error_message, ''), i.model, i.tool_name, i.input_tokens,
           i.output_tokens, i.cost_usd, coalesce(i.attributes, '{}')
    FROM unnest(spans) i ORDER BY i.trace_id COLLATE "C", i.span_id COLLATE "C"
    ON CONFLICT ON CONSTRAINT spans_pkey DO UPDATE SET operation_name = CASE WHEN EXCLUDED.operation_name = 'unknown' THEN s.operation_name ELSE EXCLUDED.operation_name END, start_time = EXCLUDED.start_time,
        end_time = coalesce(EXCLUDED.end_time, s.end_time), parent_span_id = coalesce(EXCLUDED.parent_span_id, s.parent_span_id),
        run_id = coalesce(EXCLUDED.run_id, s.run_id), thread_id = coalesce(EXCLUDED.thread_id, s.thread_id),
        kind = CASE WHEN EXCLUDED.kind = 'internal' THEN s.kind ELSE EXCLUDED.kind END,
        status = CASE WHEN EXCLUDED.status = 'unset' THEN s.status ELSE EXCLUDED.status END,
        error_message = coalesce(EXCLUDED.error_message, s.error_message), model = coalesce(EXCLUDED.model, s.model),
        tool_name = coalesce(EXCLUDED.tool_name, s.tool_name), input_tokens = coalesce(EXCLUDED.input_tokens, s.input_tokens),
        output_tokens = coalesce(EXCLUDED.output_tokens, s.output_tokens), cost_usd = coalesce(EXCLUDED.cost_usd, s.cost_usd),
        attributes = s.attributes || EXCLUDED.attributes
    WHERE (s.operation_name, s.start_time, s.end_time, s.parent_span_id, s.run_id, s.thread_id, s.kind, s.status, s.error_message, s.model, s.tool_name,
           s.input_tokens, s.output_tokens, s.cost_usd, s.attributes)
        IS DISTINCT FROM (CASE WHEN EXCLUDED.operation_name = 'unknown' THEN s.operation_name ELSE EXCLUDED.operation_name END, EXCLUDED.start_time, coalesce(EXCLUDED.end_time, s.end_time), coalesce(EXCLUDED.parent_span_id, s.parent_span_id),
           coalesce(EXCLUDED.run_id, s.run_id), coalesce(EXCLUDED.thread_id, s.thread_id), CASE WHEN EXCLUDED.kind = 'internal' THEN s.kind ELSE EXCLUDED.kind END,
           CASE WHEN EXCLUDED.status = 'unset' THEN s.status ELSE EXCLUDED.status END, coalesce(EXCLUDED.error_message, s.error_message),
           coalesce(EXCLUDED.model, s.model), coalesce(EXCLUDED.tool_name, s.tool_name), coalesce(EXCLUDED.input_tokens, s.input_tokens),
           coalesce(EXCLUDED.output_tokens, s.output_tokens), coalesce(EXCLUDED.cost_usd, s.cost_usd), s.attributes || EXCLUDED.attributes)
    RETURNING s.trace_id, s.span_id
$$;
COMMENT ON FUNCTION analytics_internal.store_spans(analytics_internal.span_item[]) IS
'Stores spans, each of which stands once in the array, completing those that are there; returns those that are new or changed. The one place that writes spans: record_span, record_batch and ingest_otlp_traces.';

CREATE OR REPLACE FUNCTION analytics.record_span(span_id text, trace_id text, operation_name text, start_time timestamptz, end_time timestamptz DEFAULT NULL,
    parent_span_id text DEFAULT NULL, run_id text DEFAULT NULL, thread_id text DEFAULT NULL, kind text DEFAULT 'internal', status text DEFAULT 'unset',
    error_message text DEFAULT NULL, model text DEFAULT NULL, tool_name text DEFAULT NULL, input_tokens bigint DEFAULT NULL, output_tokens bigint DEFAULT NULL,
    cost_usd numeric DEFAULT NULL, attributes jsonb DEFAULT '{}') RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    span analytics_internal.span_item := ROW(0, NULL, span_id, trace_id, operation_name, start_time, end_time, parent_span_id, run_id, thread_id,
        kind, status, error_message, model, tool_name, input_tokens, output_tokens, cost_usd, coalesce(attributes, '{}'));
    problem text[] := analytics_internal.span_problem(span);
BEGIN
    IF problem IS NOT NULL THEN
        PERFORM analytics_internal.refuse(problem);
    END IF;
    PERFORM FROM analytics_internal.store_spans(ARRAY[span]);
    RETURN span_id;
END $$;
COMMENT ON FUNCTION analytics.record_span(text, text, text, timestamptz, timestamptz, text, text, text, text, text, text, text, text, bigint, bigint, numeric, jsonb) IS
'Records a span, or completes it, and returns its id.
span_id, trace_id: the caller''s ids; a span is unique within its trace. operation_name: what it does. start_time: when it began. end_time: when it ended, NULL while it runs. parent_span_id: the span of the same trace within which it ran. run_id: the run it belongs to, by default the trace. thread_id: the conversation. kind: internal, server, client, producer or consumer (OpenTelemetry). status: unset, ok or error. error_message: what went wrong. model: the language model that was asked. tool_name: the tool that was called. input_tokens: all of them, cached ones included. output_tokens: all of them, reasoning included. cost_usd: of this span, its children not included. attributes: anything else, a JSON object of at most 256 kB.
The same trace_id and span_id again completes the span: what is given replaces what is stored, what is NULL (or status unset, or kind internal) keeps it, attributes are merged. Spans may come in any order, a parent after its children too.
Result: span_id.
Errors: 22023 for a missing id, name or start, an unknown kind or status, a text above its length.
Example: SELECT analytics.record_span(''b7ad6b7169203331'', ''0af7651916cd43dd8448eb211c80319c'', ''chat gpt-4o'', now() - interval ''2 s'', now(), model => ''gpt-4o'');';

CREATE OR REPLACE FUNCTION analytics_internal.record_span_batch(items jsonb) RETURNS TABLE (index integer, id text, outcome text, message text)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 1000 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    batch analytics_internal.span_item[] := ARRAY(
        SELECT ROW(i.index, coalesce(i.message, analytics_internal.problem_text(analytics_internal.span_problem(ROW(i.*)::analytics_internal.span_item))),
                   i.span_id, i.trace_id, i.operation_name, i.start_time, i.end_time, i.parent_span_id, i.run_id, i.thread_id, i.kind, i.status,
                   i.error_message, i.model, i.tool_name, i.input_tokens, i.output_tokens, i.cost_usd, coalesce(i.attributes, '{}'))::analytics_internal.span_item
        FROM analytics_internal.read_items(items, '{span_id,trace_id,operation_name,start_time}') AS i(index integer, message text, span_id text, trace_id text,
            operation_name text, start_time timestamptz, end_time timestamptz, parent_span_id text, run_id text, thread_id text, kind text, status text,
            error_message text, model text, tool_name text, input_tokens bigint, output_tokens bigint, cost_usd numeric, attributes jsonb)
        ORDER BY i.index);
BEGIN
    RETURN QUERY
    WITH changed AS MATERIALIZED (SELECT s.trace_id, s.span_id FROM analytics_internal.store_spans(analytics_internal.fold_spans(batch)) s)
    SELECT b.index, b.span_id,
           CASE WHEN b.problem IS NOT NULL THEN 'rejected'
                WHEN c.span_id IS NOT NULL AND row_number() OVER (PARTITION BY b.problem, b.trace_id, b.span_id, to_jsonb(b) - 'index' ORDER BY b.index) = 1 THEN 'accepted'
                ELSE 'duplicate' END, b.problem
    FROM unnest(batch) b LEFT JOIN changed c ON c.trace_id = b.trace_id AND c.span_id = b.span_id
    ORDER BY b.index;
END $$;
COMMENT ON FUNCTION analytics_internal.record_span_batch(jsonb) IS
'Records spans with one INSERT, for record_batch.
items: a JSON array of objects whose keys are the arguments of record_span. One row an item: accepted, duplicate or rejected, and why.';
