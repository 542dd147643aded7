-- ingest_otlp_traces: what each part of an export request becomes, arrivals in any order, refusals, limits, and thousands
-- of broken requests. Expected values are written by hand from the protocol and the conventions.
\ir include/start.sql
SELECT plan(66);
SET agent_analytics.tenant = 'acme';
INSERT INTO analytics_data.model_prices (tenant_id, model, valid_from, input_usd_per_mtok, output_usd_per_mtok, cache_read_usd_per_mtok, cache_creation_usd_per_mtok)
VALUES ('acme', 'm-large', '2020-01-01Z', 10, 40, 1, 20), ('acme', 'm-large-2', '2020-01-01Z', 100, 400, 10, 200);

-- Attributes from a plain object: texts, whole numbers (as texts, as the encoding has them), other numbers, booleans.
CREATE FUNCTION otlp(plain jsonb) RETURNS jsonb LANGUAGE sql AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object('key', key, 'value', CASE
        WHEN jsonb_typeof(value) = 'string' THEN jsonb_build_object('stringValue', value)
        WHEN jsonb_typeof(value) = 'boolean' THEN jsonb_build_object('boolValue', value)
        WHEN value::text ~ '^-?\d+$' THEN jsonb_build_object('intValue', value::text)
        ELSE jsonb_build_object('doubleValue', value) END)), '[]') FROM jsonb_each(plain)
$$;
-- A span of trace 1, from 10:00:00 to 10:00:01.5 on 2026-03-02 unless said otherwise.
CREATE FUNCTION span(id integer, attributes jsonb = '{}', more jsonb = '{}') RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('traceId', '5b8efff798038103d269b633813fc601', 'spanId', lpad(to_hex(id), 16, '0'), 'name', 'step ' || id,
        'startTimeUnixNano', '1772445600000000000', 'endTimeUnixNano', '1772445601500000000', 'attributes', otlp(attributes)) || more
$$;
CREATE FUNCTION body(VARIADIC spans jsonb[]) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('resourceSpans', jsonb_build_array(jsonb_build_object('scopeSpans', jsonb_build_array(jsonb_build_object('spans', to_jsonb(spans))))))
$$;
CREATE FUNCTION stored(id integer) RETURNS analytics_data.spans LANGUAGE sql AS $$
    SELECT s FROM analytics_data.spans s WHERE tenant_id = 'acme' AND span_id = lpad(to_hex(id), 16, '0') ORDER BY trace_id LIMIT 1
$$;

-- A whole request, as an exporter writes it.
SELECT is(analytics.ingest_otlp_traces($json${
  "resourceSpans": [{
    "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "support bot"}}, {"key": "process.pid", "value": {"intValue": "42"}}], "droppedAttributesCount": 0},
    "scopeSpans": [{
      "scope": {"name": "shop.tracing", "version": "1.0.0", "attributes": []},
      "spans": [
        {"traceId": "5B8EFFF798038103D269B633813FC60C", "spanId": "EEE19B7EC3C1B174", "parentSpanId": "", "name": "answer", "kind": 2, "flags": 257,
         "startTimeUnixNano": "1772445600000000000", "endTimeUnixNano": "1772445601500000999", "status": {},
         "attributes": [{"key": "session.id", "value": {"stringValue": "thread 7"}}]},
        {"traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b175", "parentSpanId": "eee19b7ec3c1b174", "name": "chat m-large", "kind": "SPAN_KIND_CLIENT",
         "startTimeUnixNano": 1772445600000001000, "endTimeUnixNano": "1772445601000000000", "status": {"code": 2, "message": "overloaded"},
         "attributes": [{"key": "gen_ai.operation.name", "value": {"stringValue": "chat"}}, {"key": "gen_ai.provider.name", "value": {"stringValue": "acme"}},
                        {"key": "gen_ai.request.model", "value": {"stringValue": "m-large"}}, {"key": "gen_ai.usage.input_tokens", "value": {"intValue": "1000"}},
                        {"key": "gen_ai.usage.output_tokens", "value": {"intValue": 100}}, {"key": "gen_ai.request.temperature", "value": {"doubleValue": 0.25}},
                        {"key": "gen_ai.request.stop_sequences", "value": {"arrayValue": {"values": [{"stringValue": "a"}, {"intValue": "1"}, {}]}}},
                        {"key": "nested", "value": {"kvlistValue": {"values": [{"key": "k", "value": {"boolValue": true}}]}}},
                        {"key": "bytes", "value": {"bytesValue": "aGVsbG8="}}, {"key": "nothing", "value": {}}, {"key": "limit", "value": {"doubleValue": "Infinity"}}],
         "events": [{"timeUnixNano": "1772445600500000000", "name": "first token", "attributes": [{"key": "n", "value": {"intValue": "1"}}]}],
         "links": [{"traceId": "5b8efff798038103d269b633813fc60d", "spanId": "eee19b7ec3c1b176", "attributes": [], "flags": 1}]}
      ]}]}]
}$json$), '{"partialSuccess": {}}', 'a whole request');
SELECT results_eq($$SELECT tenant_id, trace_id, span_id, parent_span_id, run_id, thread_id, operation_name, kind, start_time, end_time, status, error_message,
                           model, tool_name, input_tokens, output_tokens, cost_usd FROM analytics_data.spans ORDER BY span_id$$,
    $$VALUES ('acme', '5b8efff798038103d269b633813fc60c', 'eee19b7ec3c1b174', NULL, NULL, 'thread 7', 'answer', 'server', timestamptz '2026-03-02 10:00:00Z',
              timestamptz '2026-03-02 10:00:01.5Z', 'unset', NULL, NULL, NULL, NULL::bigint, NULL::bigint, NULL::numeric),
             ('acme', '5b8efff798038103d269b633813fc60c', 'eee19b7ec3c1b175', 'eee19b7ec3c1b174', NULL, NULL, 'chat m-large', 'client',
              '2026-03-02 10:00:00.000001Z', '2026-03-02 10:00:01Z', 'error', 'overloaded', 'm-large', NULL, 1000, 100, 0.014)$$,
    'its columns; 1000 tokens at 10 and 100 at 40 dollars a million are 0.014');
SELECT is(attributes, '{"gen_ai.operation.name": "chat", "gen_ai.provider.name": "acme", "gen_ai.request.model": "m-large", "gen_ai.usage.input_tokens": 1000,
    "gen_ai.usage.output_tokens": 100, "gen_ai.request.temperature": 0.25, "gen_ai.request.stop_sequences": ["a", 1, null], "nested": {"k": true}, "bytes": "aGVsbG8=",
    "nothing": null, "limit": "Infinity", "resource": {"service.name": "support bot", "process.pid": 42}, "scope": {"name": "shop.tracing", "version": "1.0.0"},
    "events": [{"name": "first token", "time_us": 1772445600500000, "attributes": {"n": 1}}],
    "links": [{"trace_id": "5b8efff798038103d269b633813fc60d", "span_id": "eee19b7ec3c1b176", "attributes": {}}]}'::jsonb, 'its attributes')
FROM analytics_data.spans WHERE span_id = 'eee19b7ec3c1b175';
SELECT is(analytics.ingest_otlp_traces('{"resourceSpans": [{"instrumentationLibrarySpans": [{"instrumentationLibrary": {"name": "old"}, "spans": [
    {"traceId": "5b8efff798038103d269b633813fc602", "spanId": "0000000000000001", "name": "n", "startTimeUnixNano": "1772445600000000000"}]}]}]}'),
    '{"partialSuccess": {}}', 'instrumentationLibrarySpans, as they were called');
SELECT is(attributes->'scope'->>'name', 'old', 'with their library') FROM analytics_data.spans WHERE trace_id = '5b8efff798038103d269b633813fc602';
SELECT is(analytics.ingest_otlp_traces('{}'), '{"partialSuccess": {}}', 'an empty request');
SELECT is(analytics.ingest_otlp_traces('{"resourceSpans": [{"scopeSpans": [{"spans": []}, {}], "resource": null}, {}]}'), '{"partialSuccess": {}}', 'nothing in its parts');

-- Costs.
SELECT is(analytics.ingest_otlp_traces(body(
    span(10, '{"gen_ai.operation.name": "invoke_agent", "gen_ai.request.model": "m-large", "gen_ai.usage.input_tokens": 900, "gen_ai.usage.output_tokens": 90, "gen_ai.usage.cost": 1}'),
    span(11, '{"gen_ai.operation.name": "chat", "gen_ai.request.model": "m-large", "gen_ai.response.model": "m-large-2", "gen_ai.usage.input_tokens": 1000, "gen_ai.usage.output_tokens": 0}'),
    span(12, '{"gen_ai.operation.name": "chat", "gen_ai.request.model": "m-large", "gen_ai.response.model": "m-large-without-a-price", "gen_ai.usage.input_tokens": 1000}'),
    span(13, '{"gen_ai.operation.name": "chat", "gen_ai.request.model": "m-large", "gen_ai.usage.input_tokens": 1000, "gen_ai.usage.cost": 0.5}'),
    span(14, '{"gen_ai.operation.name": "chat", "gen_ai.request.model": "unheard-of", "gen_ai.usage.input_tokens": 1000}'),
    span(15, '{"gen_ai.operation.name": "chat", "gen_ai.request.model": "m-large", "gen_ai.usage.input_tokens": 1000, "gen_ai.usage.cache_read.input_tokens": 400, "gen_ai.usage.cache_creation.input_tokens": 100, "gen_ai.usage.output_tokens": 10}'),
    span(16, '{"gen_ai.operation.name": "chat", "gen_ai.request.model": "m-large", "gen_ai.usage.input_tokens": 500, "gen_ai.usage.cache_read_input_tokens": 400, "gen_ai.usage.cache_creation_input_tokens": 100, "gen_ai.usage.output_tokens": 10}'),
    span(17, '{"gen_ai.system": "openai", "gen_ai.request.model": "m-large", "gen_ai.usage.prompt_tokens": 1000, "gen_ai.usage.completion_tokens": 100}'),
    span(18, '{"openinference.span.kind": "LLM", "llm.model_name": "m-large", "llm.token_count.prompt": 1000, "llm.token_count.completion": 100, "llm.token_count.prompt_details.cache_read": 1000}'),
    span(19, '{"gen_ai.operation.name": "chat", "gen_ai.request.model": "m-large"}'),
    span(20, '{"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "get_weather"}'))), '{"partialSuccess": {}}', 'spans with usage');
SELECT results_eq($$SELECT i, (stored(i)).model, (stored(i)).input_tokens, (stored(i)).output_tokens, (stored(i)).cost_usd FROM generate_series(10, 20) i$$,
    $$VALUES (10, NULL, NULL::bigint, NULL::bigint, NULL::numeric),       -- an agent repeats what its calls used
             (11, 'm-large', 1000, 0, 0.1),                               -- the model that answered has its price
             (12, 'm-large', 1000, NULL, 0.01),                           -- else the model that was asked for
             (13, 'm-large', 1000, NULL, 0.5),                            -- a given cost wins
             (14, 'unheard-of', 1000, NULL, NULL),                        -- no price, no cost
             (15, 'm-large', 1000, 10, 0.0078),                           -- 500 * 10 + 400 * 1 + 100 * 20 + 10 * 40
             (16, 'm-large', 1000, 10, 0.0078),                           -- cached tokens reported apart
             (17, 'm-large', 1000, 100, 0.014),
             (18, 'm-large', 1000, 100, 0.005),
             (19, 'm-large', NULL, NULL, NULL),
             (20, NULL, NULL, NULL, NULL)$$, 'models, tokens, costs');
SELECT is((stored(20)).tool_name, 'get_weather', 'a tool');

-- Status and errors.
SELECT is(analytics.ingest_otlp_traces(body(
    span(30, '{}', '{"status": {"code": "STATUS_CODE_ERROR"}, "events": [{"name": "exception", "attributes": [{"key": "exception.type", "value": {"stringValue": "E"}}, {"key": "exception.message", "value": {"stringValue": "first"}}]},
                    {"name": "exception", "attributes": [{"key": "exception.type", "value": {"stringValue": "E"}}, {"key": "exception.message", "value": {"stringValue": "boom"}}]}]}'),
    span(31, '{}', '{"status": {"code": 2}, "events": [{"name": "exception", "attributes": [{"key": "exception.type", "value": {"stringValue": "E"}}]}]}'),
    span(32, '{"error.type": "timeout"}', '{"status": {"code": 2}}'),
    span(33, '{}', '{"status": {"code": 0}, "events": [{"name": "exception", "attributes": [{"key": "exception.message", "value": {"stringValue": "survived"}}]}]}'),
    span(34, '{}', '{"status": {"code": 1, "message": "fine"}}'),
    span(35, '{}', '{"status": {"code": 7}, "kind": 9}'),
    span(36, '{}', '{"status": null, "events": null, "links": null, "attributes": null, "endTimeUnixNano": 0, "kind": 5}'))), '{"partialSuccess": {}}', 'spans with a status');
SELECT results_eq($$SELECT i, (stored(i)).status, (stored(i)).error_message, (stored(i)).kind FROM generate_series(30, 36) i$$,
    $$VALUES (30, 'error', 'boom', 'internal'), (31, 'error', 'E', 'internal'), (32, 'error', 'timeout', 'internal'), (33, 'unset', NULL, 'internal'),
             (34, 'ok', NULL, 'internal'), (35, 'unset', NULL, 'internal'), (36, 'unset', NULL, 'consumer')$$, 'status, error_message, kind');
SELECT is((stored(36)).end_time, NULL, 'an end of 0 is none');

-- Arrivals: first open, later complete; then the open one again, late.
CREATE FUNCTION post(VARIADIC spans jsonb[]) RETURNS text LANGUAGE sql AS $$SELECT analytics.ingest_otlp_traces(body(VARIADIC spans))::text$$;
SELECT is(post(span(40, '{"a": 1, "b": 1, "session.id": "t"}', '{"endTimeUnixNano": null, "kind": 3}')), '{"partialSuccess": {}}', 'an open span');
SELECT is((stored(40)).end_time, NULL, 'has no end');
SELECT is(post(span(40, '{"a": 2, "gen_ai.operation.name": "chat", "gen_ai.request.model": "m-large", "gen_ai.usage.input_tokens": 100}', '{"status": {"code": 1}, "parentSpanId": "00000000000000ff"}')),
          '{"partialSuccess": {}}', 'its end');
CREATE TEMP TABLE complete AS SELECT (stored(40)).*;
SELECT results_eq('SELECT end_time, kind, status, thread_id, parent_span_id, model, input_tokens, cost_usd, attributes FROM complete',
    $$VALUES (timestamptz '2026-03-02 10:00:01.5Z', 'client', 'ok', 't', '00000000000000ff', 'm-large', 100::bigint, 0.001,
              '{"a": 2, "b": 1, "session.id": "t", "gen_ai.operation.name": "chat", "gen_ai.request.model": "m-large", "gen_ai.usage.input_tokens": 100}'::jsonb)$$, 'completes it');
SELECT is(post(span(40, '{"b": 1}', '{"endTimeUnixNano": "0"}')), '{"partialSuccess": {}}', 'the open one again');
SELECT results_eq('SELECT (stored(40)).*', 'SELECT * FROM complete', 'takes nothing away');
CREATE TEMP TABLE version AS SELECT ctid AS place FROM analytics_data.spans WHERE span_id = '0000000000000028';
SELECT is(post(span(40, '{"b": 1}', '{"endTimeUnixNano": "0"}')), '{"partialSuccess": {}}', 'the same content again');
SELECT results_eq($$SELECT ctid FROM analytics_data.spans WHERE span_id = '0000000000000028'$$, 'SELECT place FROM version', 'does not even write');
-- Twice in one request is the same as in two.
SELECT is(post(span(41, '{"a": 1, "b": 1, "session.id": "t"}', '{"endTimeUnixNano": null, "kind": 3}'), span(42),
               span(41, '{"a": 2, "gen_ai.operation.name": "chat", "gen_ai.request.model": "m-large", "gen_ai.usage.input_tokens": 100}', '{"name": "step 40", "status": {"code": 1}, "parentSpanId": "00000000000000ff"}'),
               span(41, '{"b": 1}', '{"name": "", "endTimeUnixNano": "0"}')), '{"partialSuccess": {}}', 'duplicates in a request');
SELECT results_eq($$SELECT end_time, kind, status, thread_id, parent_span_id, model, input_tokens, cost_usd, attributes FROM analytics_data.spans WHERE span_id = '0000000000000029'$$,
    'SELECT end_time, kind, status, thread_id, parent_span_id, model, input_tokens, cost_usd, attributes FROM complete', 'later ones complete earlier ones');
SELECT is((stored(41)).operation_name, 'step 40', 'a span without a name keeps the one it had');
SELECT is(post(span(43, '{}', '{"traceId": "5b8efff798038103d269b633813fc603"}'), span(43, '{}', '{"traceId": "5b8efff798038103d269b633813fc604"}')), '{"partialSuccess": {}}', 'one id in two traces');
SELECT is((SELECT count(*) FROM analytics_data.spans WHERE span_id = '000000000000002b'), 2::bigint, 'are two spans');
SET agent_analytics.tenant = 'other';
SELECT is(post(span(40, '{}', '{"name": "not yours"}')), '{"partialSuccess": {}}', 'another tenant''s span of the same id');
SELECT results_eq($$SELECT tenant_id, operation_name FROM analytics_data.spans WHERE span_id = '0000000000000028' ORDER BY 1$$,
                  $$VALUES ('acme', 'step 40'), ('other', 'not yours')$$, 'is another span');
SET agent_analytics.tenant = 'acme';

-- The run: the resource's or the span's run.id.
SELECT is(analytics.ingest_otlp_traces(jsonb_set(body(span(50), span(51, '{"run.id": "own"}')), '{resourceSpans,0,resource}', '{"attributes": [{"key": "run.id", "value": {"stringValue": "nightly"}}]}')),
    '{"partialSuccess": {}}', 'spans of a run');
SELECT is(ARRAY[(stored(50)).run_id, (stored(51)).run_id], '{nightly,own}', 'have its id');

-- Refused spans: each alone, the good one beside it kept.
CREATE FUNCTION refusal(more jsonb, attributes jsonb = '[]') RETURNS text LANGUAGE sql AS $$
    SELECT CASE WHEN a->'rejectedSpans' = '"1"' THEN a->>'errorMessage' ELSE a::text END
    FROM (SELECT analytics.ingest_otlp_traces(body(span(61), span(60) || jsonb_build_object('attributes', attributes) || more, span(62)))->'partialSuccess') t(a)
$$;
CREATE TEMP TABLE refused (more jsonb, why text);
INSERT INTO refused VALUES
    ('{"traceId": ""}', 'traceId must be 32 hexadecimal digits, not all zero'),
    ('{"traceId": null}', 'traceId must be 32 hexadecimal digits, not all zero'),
    ('{"traceId": "00000000000000000000000000000000"}', 'traceId must be 32 hexadecimal digits, not all zero'),
    ('{"traceId": "5b8efff798038103d269b633813fc6"}', 'traceId must be 32 hexadecimal digits, not all zero'),
    ('{"traceId": 7}', 'traceId must be a string'),
    ('{"spanId": "0000000000000000"}', 'spanId must be 16 hexadecimal digits, not all zero'),
    ('{"spanId": "xyz"}', 'spanId must be 16 hexadecimal digits, not all zero'),
    ('{"parentSpanId": "12"}', 'parentSpanId must be empty or 16 hexadecimal digits'),
    ('{"name": {}}', 'name must be a string'),
    (jsonb_build_object('name', repeat('n', 501)), 'name must be at most 500 characters long'),
    ('{"startTimeUnixNano": null}', 'startTimeUnixNano must be given'),
    ('{"startTimeUnixNano": "0"}', 'startTimeUnixNano must be given'),
    ('{"startTimeUnixNano": "yesterday"}', 'startTimeUnixNano must be a number of nanoseconds since 1970'),
    ('{"endTimeUnixNano": -1}', 'endTimeUnixNano must be a number of nanoseconds since 1970'),
    ('{"endTimeUnixNano": 18446744073709551616}', 'endTimeUnixNano must be a number of nanoseconds since 1970'),
    ('{"endTimeUnixNano": true}', 'endTimeUnixNano must be a number or a string'),
    ('{"kind": "client"}', 'kind must be a SPAN_KIND'),
    ('{"status": []}', 'status must be an object'),
    ('{"status": {"code": "ERROR"}}', 'status.code must be a STATUS_CODE'),
    ('{"attributes": {"a": 1}}', 'attributes must be a list of objects with a key and a value'),
    ('{"attributes": [{"value": {}}]}', 'attributes must be a list of objects with a key and a value'),
    ('{"attributes": [{"key": "a", "value": {"intValue": "1.5"}}]}', 'intValue must be a 64-bit integer'),
    ('{"attributes": [{"key": "a", "value": {"doubleValue": "much"}}]}', 'doubleValue must be a number'),
    ('{"attributes": [{"key": "a", "value": {"intValue": 1, "stringValue": "1"}}]}', 'an attribute''s value must be an object with one of stringValue, boolValue, intValue, doubleValue, arrayValue, kvlistValue and bytesValue'),
    ('{"attributes": [{"key": "a", "value": "plain"}]}', 'an attribute''s value must be an object with one of stringValue, boolValue, intValue, doubleValue, arrayValue, kvlistValue and bytesValue'),
    (jsonb_build_object('attributes', jsonb_build_array(jsonb_build_object('key', 'a', 'value', jsonb_build_object('stringValue', repeat('x', 1048576))))), 'a span must hold at most 1 MB of text'),
    ('{"events": {}}', 'events must be a list of objects'),
    ('{"events": [{"name": "e", "timeUnixNano": "x"}]}', 'an event''s timeUnixNano must be a number of nanoseconds since 1970'),
    ('{"links": [1]}', 'links must be a list of objects with a traceId and a spanId');
SELECT results_eq('SELECT more, refusal(more) FROM refused', $$SELECT more, 'resourceSpans[0].scopeSpans[0].spans[1]: ' || why FROM refused$$, 'what refuses a span');
SELECT is((stored(60)).span_id, NULL, 'none of them was kept');
SELECT is(ARRAY[(stored(61)).span_id, (stored(62)).span_id], '{000000000000003d,000000000000003e}', 'their neighbours were');
CREATE FUNCTION nested(depth integer) RETURNS jsonb LANGUAGE sql AS $$
    SELECT ('[{"key": "deep", "value": ' || repeat('{"arrayValue": {"values": [', depth - 1) || '{"intValue": 1}' || repeat(']}}', depth - 1) || '}]')::jsonb
$$;
SELECT is(refusal('{}', nested(33)), 'resourceSpans[0].scopeSpans[0].spans[1]: attributes must be nested at most 32 deep', '33 deep is too deep');
SELECT is(refusal('{}', nested(32)), '{}', '32 is not');
SELECT is((stored(60)).attributes->'deep' #>> array_fill('0'::text, ARRAY[31]), '1', 'and all of it is there');
SELECT is(analytics.ingest_otlp_traces(body(VARIADIC '7'::jsonb || array_fill(span(63, '{}', '{"spanId": "1"}'), ARRAY[7]))),
    '{"partialSuccess": {"rejectedSpans": "8", "errorMessage": "resourceSpans[0].scopeSpans[0].spans[0]: a span must be an object; resourceSpans[0].scopeSpans[0].spans[1]: spanId must be 16 hexadecimal digits, not all zero; resourceSpans[0].scopeSpans[0].spans[2]: spanId must be 16 hexadecimal digits, not all zero; resourceSpans[0].scopeSpans[0].spans[3]: spanId must be 16 hexadecimal digits, not all zero; resourceSpans[0].scopeSpans[0].spans[4]: spanId must be 16 hexadecimal digits, not all zero; and 3 more"}}',
    'of many, five are told');
SELECT is(analytics.ingest_otlp_traces(body(span(64, '{"gen_ai.usage.input_tokens": "many"}'))),
    '{"partialSuccess": {"errorMessage": "resourceSpans[0].scopeSpans[0].spans[0]: gen_ai.usage.input_tokens must be a whole number between 0 and 2^53 - 1"}}', 'a warning refuses nothing');
SELECT is((stored(64)).attributes->>'gen_ai.usage.input_tokens', 'many', 'the attribute is kept as it came');

SELECT is(analytics.ingest_otlp_traces(body(span(65, '{}', jsonb_build_object('status', jsonb_build_object('code', 2, 'message', repeat('ü', 10001)))))),
    '{"partialSuccess": {"errorMessage": "resourceSpans[0].scopeSpans[0].spans[0]: the error''s message is cut at 10000 characters"}}', 'a very long error is told of');
SELECT is((stored(65)).error_message, repeat('ü', 10000), 'and cut');

-- No request.
SELECT throws_ok(format('SELECT analytics.ingest_otlp_traces(%L)', b), '22023', 'the body must be an OTLP trace export request', format('%s is none', b))
FROM unnest(ARRAY['[]', '1', '"x"', 'null', '{"resourceMetrics": []}', '{"resourceSpans": {}}', '{"resourceSpans": [1]}', '{"resourceSpans": [{"resource": 1}]}',
    '{"resourceSpans": [{"resource": {"attributes": 1}}]}', '{"resourceSpans": [{"scopeSpans": 1}]}', '{"resourceSpans": [{"scopeSpans": [{"scope": {"name": 1}}]}]}',
    '{"resourceSpans": [{"scopeSpans": [{"spans": "x"}]}]}']) b;
SELECT throws_ok('SELECT analytics.ingest_otlp_traces(NULL)', '22023', 'the body must be an OTLP trace export request', 'nor is NULL');
CREATE FUNCTION many(n integer) RETURNS jsonb LANGUAGE sql AS $$
    SELECT body(VARIADIC array_agg(span(1000 + i, '{}', '{"traceId": "5b8efff798038103d269b633813fc605"}'))) FROM generate_series(1, n) i
$$;
SELECT throws_ok('SELECT analytics.ingest_otlp_traces(many(10001))', '22023', 'the body must hold at most 10000 spans', '10,001 spans are too many');
SELECT is((SELECT count(*) FROM analytics_data.spans WHERE trace_id = '5b8efff798038103d269b633813fc605'), 0::bigint, 'none of them is kept');
SELECT is(analytics.ingest_otlp_traces(many(10000)), '{"partialSuccess": {}}', '10,000 are not');
SELECT is((SELECT count(*) FROM analytics_data.spans WHERE trace_id = '5b8efff798038103d269b633813fc605'), 10000::bigint, 'all of them are');

-- Who may. A writer records, a reader does not.
SELECT analytics.setup_roles() \g /dev/null
CREATE ROLE otlp_writer IN ROLE analytics_writer;
CREATE ROLE otlp_reader IN ROLE analytics_reader;
GRANT EXECUTE ON FUNCTION span(integer, jsonb, jsonb), body(jsonb[]), otlp(jsonb), ok(boolean, text) TO otlp_writer, otlp_reader;
SET ROLE otlp_writer;
SELECT is(analytics.ingest_otlp_traces(body(span(70, '{"gen_ai.operation.name": "chat", "gen_ai.request.model": "m-large", "gen_ai.usage.input_tokens": 1000}'))), '{"partialSuccess": {}}', 'a writer posts');
RESET ROLE;
SELECT is((stored(70)).cost_usd, 0.01, 'and his calls are priced');
SET ROLE otlp_reader;
SELECT throws_ok('SELECT analytics.ingest_otlp_traces(body(span(71)))', '42501', NULL, 'a reader does not');
RESET ROLE;

-- 4,000 requests with one to three parts replaced, left out or doubled: each is answered or refused as documented.
CREATE TEMP TABLE sample AS SELECT jsonb_set(body(
    span(80, '{"gen_ai.operation.name": "chat", "gen_ai.request.model": "m-large", "gen_ai.usage.input_tokens": 1000, "gen_ai.usage.cost": 0.25, "session.id": "t"}',
        '{"kind": 3, "parentSpanId": "00000000000000ff", "status": {"code": 2, "message": "m"}, "links": [{"traceId": "5b8efff798038103d269b633813fc60d", "spanId": "eee19b7ec3c1b176", "attributes": []}],
          "events": [{"name": "exception", "timeUnixNano": "1772445600500000000", "attributes": [{"key": "exception.message", "value": {"stringValue": "boom"}}]}]}'),
    span(81, '{}', '{"attributes": [{"key": "list", "value": {"arrayValue": {"values": [{"stringValue": "a"}, {"kvlistValue": {"values": [{"key": "k", "value": {"boolValue": true}}]}}]}}},
        {"key": "bytes", "value": {"bytesValue": "aGVsbG8="}}, {"key": "gen_ai.usage.cache_read.input_tokens", "value": {"doubleValue": 3}}]}')),
    '{resourceSpans,0,resource}', '{"attributes": [{"key": "service.name", "value": {"stringValue": "s"}}]}') AS body;
CREATE TEMP TABLE parts AS
WITH RECURSIVE part(path, value) AS (
    SELECT '{}'::text[], body FROM sample
    UNION ALL
    SELECT p.path || c.key, c.value FROM part p, LATERAL (
        SELECT o.key, o.value FROM jsonb_each(CASE jsonb_typeof(p.value) WHEN 'object' THEN p.value END) o
        UNION ALL
        SELECT (a.n - 1)::text, a.value FROM jsonb_array_elements(CASE jsonb_typeof(p.value) WHEN 'array' THEN p.value END) WITH ORDINALITY a(value, n)) c)
SELECT row_number() OVER (ORDER BY path) AS n, path, value FROM part WHERE path <> '{}';
CREATE TEMP TABLE junk AS SELECT row_number() OVER () AS n, value FROM (VALUES ('null'::jsonb), ('true'), ('0'), ('-1'), ('1.5'), ('1e300'), ('99999999999999999999'), ('""'), ('"0"'), ('"-1"'),
    ('"NaN"'), ('"1e999"'), ('"x"'), ('"ü€𐍈"'), ('{}'), ('[]'), ('[[]]'), ('[null]'), ('{"values": [1]}'), ('{"stringValue": 1}'), ('{"attributes": [{}]}'), (to_jsonb(repeat('y', 3000))),
    (nested(40)), ('{"intValue": "7"}'), ('{"kvlistValue": {}}'), ('"9223372036854775808"'), ('"18446744073709551615"'), ('"ffffffffffffffff"')) j(value);
CREATE TEMP TABLE tries (state text, answer jsonb, sent jsonb);
DO $$
DECLARE
    part_count integer := (SELECT count(*) FROM parts);
    junk_count integer := (SELECT count(*) FROM junk);
    body jsonb;
    answer jsonb;
    target record;
    thing jsonb;
BEGIN
    PERFORM setseed(0.5);
    FOR i IN 1 .. 4000 LOOP
        SELECT s.body INTO body FROM sample s;
        FOR k IN 1 .. 1 + floor(random() * 3)::integer LOOP
            SELECT * INTO target FROM parts WHERE n = 1 + floor(random() * part_count)::integer;
            SELECT value INTO thing FROM junk WHERE n = 1 + floor(random() * junk_count)::integer;
            CONTINUE WHEN body #> target.path IS NULL;  -- it went with an earlier change
            body := CASE floor(random() * 4)::integer WHEN 0 THEN body #- target.path
                                                      WHEN 1 THEN jsonb_set(body, target.path, (SELECT value FROM parts ORDER BY n OFFSET floor(random() * part_count)::integer LIMIT 1), false)
                                                      ELSE jsonb_set(body, target.path, thing, false) END;
        END LOOP;
        BEGIN
            answer := analytics.ingest_otlp_traces(body);
            INSERT INTO tries VALUES (NULL, answer, body);
        EXCEPTION WHEN OTHERS THEN
            INSERT INTO tries VALUES (SQLSTATE || ' ' || SQLERRM, NULL, body);
        END;
    END LOOP;
END $$;
SELECT is_empty($$SELECT state, sent FROM tries WHERE state <> '22023 the body must be an OTLP trace export request' LIMIT 5$$, 'no error but the documented one');
SELECT is_empty($$SELECT answer, sent FROM tries WHERE state IS NULL AND (jsonb_typeof(answer->'partialSuccess') <> 'object'
    OR (answer->'partialSuccess') - '{rejectedSpans,errorMessage}'::text[] <> '{}' OR answer #>> '{partialSuccess,rejectedSpans}' !~ '^[1-9]\d*$' OR answer #>> '{partialSuccess,errorMessage}' = '') LIMIT 5$$,
    'answers are of the documented form');
SELECT cmp_ok((SELECT count(*) FROM tries WHERE state IS NULL AND answer = '{"partialSuccess": {}}'), '>', 400::bigint, 'many requests were good all the same');
SELECT cmp_ok((SELECT count(*) FROM tries WHERE answer->'partialSuccess' ? 'rejectedSpans'), '>', 400::bigint, 'many had bad spans');
SELECT cmp_ok((SELECT count(*) FROM tries WHERE state IS NOT NULL), '>', 100::bigint, 'many were refused');
DROP OWNED BY otlp_writer, otlp_reader;
DROP ROLE otlp_writer, otlp_reader;
SELECT finish();
