-- Answers as files: each format against what SQL says of the same rows, and how they leave through PostgREST.
\ir include/start.sql
SELECT no_plan();
DO $$ BEGIN PERFORM analytics.setup_roles(); END $$;
\ir include/request.sql
\ir include/examples.sql
SET timezone = 'America/New_York';  -- files are in UTC whatever the session is
CREATE TABLE breakdown AS SELECT * FROM analytics.get_cost_breakdown('7d', 'agent', '2026-03-02 10:07Z');
CREATE FUNCTION file(function text, arguments jsonb, format text) RETURNS text LANGUAGE sql AS $$ SELECT convert_from(analytics.export_answer(function, arguments, format), 'UTF8') $$;
CREATE FUNCTION lines(file text) RETURNS TABLE (i bigint, line text) LANGUAGE sql AS $$ SELECT i, line FROM regexp_split_to_table(rtrim(file, E'\r\n'), E'\r?\n') WITH ORDINALITY l(line, i) $$;

SELECT results_eq($$SELECT line::jsonb FROM lines(file('get_cost_breakdown', '{"period": "7d", "group_by": "agent", "as_of": "2026-03-02T10:07:00Z"}', 'jsonl'))$$,
    'SELECT to_jsonb(b) FROM breakdown b', 'JSON Lines are the rows');
SELECT is((SELECT line FROM lines(file('get_cost_breakdown', '{"period": "7d", "group_by": "agent", "as_of": "2026-03-02T10:07:00Z"}', 'csv')) WHERE i = 1),
    (SELECT string_agg(attname, ',' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'breakdown'::regclass AND attnum > 0), 'CSV has a header');
SELECT results_eq($$SELECT line FROM lines(file('get_cost_breakdown', '{"period": "7d", "group_by": "agent", "as_of": "2026-03-02T10:07:00Z"}', 'csv')) WHERE i > 1$$,
    $$SELECT (SELECT string_agg(coalesce(value, ''), ',' ORDER BY a.attnum) FROM jsonb_each_text(to_jsonb(b)) e JOIN pg_attribute a ON a.attname = e.key AND a.attrelid = 'breakdown'::regclass) FROM breakdown b$$, 'and the rows');
SELECT is((SELECT count(*) FROM lines(file('get_hourly_trends', '{"hours_back": 168, "as_of": "2026-03-02T10:07:00Z"}', 'csv'))), 169::bigint, 'all of them');
SELECT matches(file('get_hourly_trends', '{"hours_back": 2, "as_of": "2026-03-02T10:07:00Z"}', 'csv'), '2026-03-02T09:00:00\+00:00,', 'instants are ISO 8601 in UTC');
SELECT results_eq($$SELECT line FROM lines(file('get_cost_breakdown', '{"period": "7d", "group_by": "agent", "as_of": "2026-03-02T10:07:00Z"}', 'prometheus')) WHERE line LIKE 'analytics_cost_breakdown_cost_usd%'$$,
    $$SELECT format('analytics_cost_breakdown_cost_usd{key="%s"} %s', key, cost_usd) FROM breakdown$$, 'Prometheus: a gauge with labels');
SELECT is_empty($$SELECT line FROM lines(file('get_cost_breakdown', '{"period": "7d", "group_by": "agent", "as_of": "2026-03-02T10:07:00Z"}', 'prometheus'))
    WHERE line !~ '^(# (HELP|TYPE) [a-z_0-9]+ .+|[a-z_0-9]+(\{([a-z_0-9]+="([^"\\]|\\.)*",?)*\})? [-+0-9.e]+)$'$$, 'every line is one of the format');
SELECT is((SELECT count(*) FROM lines(file('get_trends', '{"as_of": "2026-03-02T10:07:00Z"}', 'prometheus')) WHERE line !~ '^#'), 1::bigint, 'of a series the newest value');
SELECT matches(file('list_metrics', '{}', 'html'), '<!DOCTYPE html>.*<td>avg_order_value</td>.*</html>', 'HTML is a page');

-- A text that a spreadsheet would take for a formula, in each format that one opens; and markup in a page.
SELECT analytics.record_llm_call(call_id => 'evil', model => '=HYPERLINK("x")<b>', agent_id => '@a,"b"', cost_usd => 9, created_at => '2026-03-02 09:00Z') \g /dev/null
SELECT matches(file('get_cost_breakdown', '{"period": "7d", "as_of": "2026-03-02T10:07:00Z"}', 'csv'), '\n"''=HYPERLINK\(""x""\)<b>",', 'CSV is safe in a spreadsheet');
SELECT matches(file('get_cost_breakdown', '{"period": "7d", "as_of": "2026-03-02T10:07:00Z"}', 'html'), '=HYPERLINK\(&quot;x&quot;\)&lt;b&gt;', 'HTML is escaped');

-- The workbook, as another program reads it.
SELECT lo_from_bytea(4711, analytics.export_answer('get_cost_breakdown', '{"period": "7d", "as_of": "2026-03-02T10:07:00Z"}', 'xlsx')) \g /dev/null
SELECT lo_export(4711, current_setting('data_directory') || '/answer.xlsx') \g /dev/null
CREATE TABLE sheet (xml text);
COPY sheet FROM PROGRAM 'python3 -c "import zipfile; z = zipfile.ZipFile(''answer.xlsx''); assert z.testzip() is None; print(z.read(''xl/worksheets/sheet1.xml'').decode().replace(chr(10), '' '').replace(chr(92), '' ''))"';
SELECT is((SELECT count(*) FROM sheet, regexp_matches(xml, '<row ', 'g')), (SELECT count(*) + 1 FROM analytics.get_cost_breakdown('7d', 'model', '2026-03-02 10:07Z')), 'a workbook has a row for each, and the names');
SELECT is((SELECT count(*) FROM sheet, regexp_matches(xml, '<f>', 'g')), 0::bigint, 'and no formula');
SELECT ok((SELECT xml LIKE '%=HYPERLINK(%' AND xml LIKE format('%%<v>%s</v>%%', (SELECT call_count FROM analytics.get_cost_breakdown('7d', 'model', '2026-03-02 10:07Z') WHERE key = 'gpt-4o')) FROM sheet), 'texts as texts, numbers as numbers');
SELECT is_empty($$SELECT FROM pg_ls_dir('base/pgsql_tmp', true, false) f WHERE f LIKE '%xlsx%'$$, 'no temporary file is left');

-- Bad arguments.
SELECT throws_ok($$SELECT analytics.export_answer('record_order')$$, '22023', 'function must be the name of a read, such as get_trends', 'only reads');
SELECT throws_ok($$SELECT analytics.export_answer('export_answer', '{"function": "get_trends"}')$$, '22023', NULL, 'not itself');
SELECT throws_ok($$SELECT analytics.export_answer('get_trends', '{"nonsense": 1}')$$, '22023', 'arguments must be those of the function', 'with its arguments');
SELECT throws_ok($$SELECT analytics.export_answer('get_metric_series', '{}')$$, '22023', 'arguments must be those of the function', 'all of them');
SELECT throws_ok($$SELECT analytics.export_answer('get_trends', '[]')$$, '22023', 'arguments must be a JSON object', 'in an object');
SELECT throws_ok($$SELECT analytics.export_answer('get_trends', '{"period": "8d"}')$$, '22023', NULL, 'and its rules');
SELECT throws_ok($$SELECT analytics.export_answer('get_trends', format => 'pdf')$$, '22023', NULL, 'in a format that there is');
SELECT throws_ok($$SELECT analytics.export_answer('forecast', '{"series": "x''); DROP TABLE sheet; --", "horizon": 1}')$$, '22P02', NULL, 'nothing gets out of a literal');

-- Through PostgREST: headers, and the rights of the caller.
\set method GET
\set role authenticated
\set claims '{"sub": "u1", "tenant_id": "example"}'
\set headers '{}'
\set function export_answer
\set args '{"function": "get_trends", "arguments": {"as_of": "2026-03-02T10:07:00Z"}, "format": "xlsx"}'
\ir include/send.sql
SELECT is(:status, 200, 'by GET');
SELECT ok((:'response_headers')::jsonb @> '[{"Content-Type": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}, {"Content-Disposition": "attachment; filename=\"get_trends.xlsx\""}]', 'with its type and a name');
\set args '{"function": "get_rollup_status"}'
\ir include/send.sql
SELECT is(:status, 403, 'a read of admins stays one');
SELECT * FROM finish();
