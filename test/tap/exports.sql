-- Exports of training data: rows and files against what plain SQL says, redaction on every path, rights, tenants, expiry.
\ir include/start.sql
SELECT no_plan();
DO $$ BEGIN PERFORM analytics.setup_roles(); END $$;
\ir include/request.sql
SELECT set_config('agent_analytics.tenant', 'mine', false) \g /dev/null
SELECT count(*) FROM (SELECT analytics.record_training_example('c' || i, 'Mail me at jane' || i || '@example.com, says Ada', '=HYPERLINK("x"), line' || chr(10) || i, safe_to_send => i % 2 = 0,
    category => 'delivery', notes => CASE WHEN i % 3 = 0 THEN 'call (415) 555-01' || lpad((i % 100)::text, 2, '0') END, confidence => i % 101, accuracy_score => 1 + i % 5, response_time_ms => i / 7.0,
    created_at => now() - i * interval '1 minute') FROM generate_series(1, 3000) i) r \g /dev/null
SELECT analytics.submit_approval(conversation_id => 'c7', customer_message => 'Ada here', draft_response => 'x', confidence_score => 50, customer_name => 'Ada Mockingham') \g /dev/null
CREATE VIEW wanted AS SELECT conversation_id, regexp_replace(CASE WHEN conversation_id = 'c7' THEN replace(input_text, 'Ada', '[NAME]') ELSE input_text END, 'jane\d+@example.com', '[EMAIL]') AS input_text, model_draft, safe_to_send, category,
    sentiment, tone, accuracy_score, helpfulness_score, tone_score, regexp_replace(notes, '\(415\) 555-01\d\d', '[PHONE]') AS notes, confidence, round(response_time_ms::numeric, 3) AS response_time_ms, created_at
    FROM analytics_data.training_examples WHERE tenant_id = 'mine';

-- Rows.
SELECT results_eq('SELECT * FROM analytics.export_training_dataset()', 'SELECT * FROM wanted ORDER BY created_at', 'rows are redacted, the oldest first');
SELECT results_eq('SELECT input_text FROM analytics.export_training_dataset(include_pii => true)', 'SELECT input_text FROM analytics_data.training_examples ORDER BY created_at', 'unless personal data are asked for');
SELECT results_eq('SELECT * FROM analytics.export_training_dataset(row_limit => 7, row_offset => 5, min_confidence => 50, date_from => now() - interval ''1 day'', date_to => now() - interval ''1 hour'')',
    'SELECT * FROM wanted WHERE confidence >= 50 AND created_at >= now() - interval ''1 day'' AND created_at < now() - interval ''1 hour'' ORDER BY created_at LIMIT 7 OFFSET 5', 'a page of a window');
SELECT throws_ok('SELECT analytics.export_training_dataset(row_limit => 0)', '22023', 'row_limit must be between 1 and 100000', 'row_limit');
SELECT throws_ok('SELECT analytics.export_training_dataset(row_offset => -1)', '22023', 'row_offset must be between 0 and 10000000', 'row_offset');
SELECT throws_ok('SELECT analytics.export_training_dataset(min_confidence => 101)', '22023', 'min_confidence must be between 0 and 100', 'min_confidence');
SELECT throws_ok('SELECT analytics.export_training_dataset(min_confidence => ''NaN'')', '22023', NULL, 'no number');
SELECT throws_ok('SELECT analytics.export_training_dataset(date_from => now(), date_to => now())', '22023', 'date_from must be before date_to', 'an empty window');
SELECT throws_ok('SELECT analytics.export_training_dataset(date_to => ''infinity'')', '22023', NULL, 'an infinite one');

-- Files.
CREATE TABLE files AS SELECT f.format, analytics.export_training_file(f.format, 1, false, 70) AS made FROM (VALUES ('json'), ('jsonl'), ('csv'), ('xlsx')) f(format);
CREATE VIEW in_files AS SELECT * FROM wanted WHERE created_at > now() - interval '1 day' AND confidence >= 70;
CREATE FUNCTION bytes(format text) RETURNS bytea LANGUAGE sql AS $$ SELECT analytics.download_export((made ->> 'export_id')::uuid) FROM files f WHERE f.format = bytes.format $$;
CREATE FUNCTION file(format text) RETURNS text LANGUAGE sql AS $$ SELECT convert_from(bytes(format), 'UTF8') $$;
SELECT results_eq($$SELECT (made ->> 'row_count')::bigint FROM files$$, $$SELECT (SELECT count(*) FROM in_files) FROM files$$, 'each has the examples of the window');
SELECT results_eq($$SELECT ROW((made ->> 'file_size_bytes')::int, made ->> 'content_sha256')::text FROM files ORDER BY format$$, $$SELECT ROW(length(bytes(format)), encode(sha256(bytes(format)), 'hex'))::text FROM files ORDER BY format$$, 'and says its size and hash');
SELECT results_eq($$SELECT ROW(row_count, file_size_bytes, encode(content_sha256, 'hex'), created_by, expires_at - created_at)::text FROM analytics_data.exports ORDER BY format$$,
    $$SELECT ROW((made ->> 'row_count')::bigint, (made ->> 'file_size_bytes')::bigint, made ->> 'content_sha256', current_user::text, interval '1 day')::text FROM files ORDER BY format$$, 'the manifest says the same, and who');
SELECT results_eq($$SELECT r FROM jsonb_array_elements(file('json')::jsonb) r$$, 'SELECT to_jsonb(w) FROM in_files w ORDER BY created_at', 'JSON');
SELECT results_eq($$SELECT l::jsonb FROM regexp_split_to_table(rtrim(file('jsonl'), E'\n'), E'\n') l$$, 'SELECT to_jsonb(w) FROM in_files w ORDER BY created_at', 'JSON Lines');
-- CSV as another reader reads it: PostgreSQL's own.
CREATE TABLE read_back (LIKE in_files);
SELECT lo_from_bytea(4712, bytes('csv')) \g /dev/null
SELECT lo_export(4712, current_setting('data_directory') || '/training.csv') \g /dev/null
COPY read_back FROM PROGRAM 'cat training.csv' (FORMAT csv, HEADER);
SELECT results_eq('SELECT * FROM read_back', $$SELECT conversation_id, input_text, '''' || model_draft, safe_to_send, category, sentiment, tone, accuracy_score, helpfulness_score, tone_score, notes, confidence, response_time_ms, created_at FROM in_files ORDER BY created_at$$, 'CSV, formulas defused');
SELECT lo_from_bytea(4713, bytes('xlsx')) \g /dev/null
SELECT lo_export(4713, current_setting('data_directory') || '/training.xlsx') \g /dev/null
CREATE TABLE sheet (xml text);
COPY sheet FROM PROGRAM 'python3 -c "import zipfile; z = zipfile.ZipFile(''training.xlsx''); assert z.testzip() is None; print(z.read(''xl/worksheets/sheet1.xml'').decode().replace(chr(10), '' '').replace(chr(92), '' ''))"';
SELECT is((SELECT count(*) FROM sheet, regexp_matches(xml, '<row ', 'g')), (SELECT count(*) + 1 FROM in_files), 'a workbook has them all, and the names');
SELECT ok((SELECT xml LIKE '%[EMAIL]%' AND xml NOT LIKE '%@example.com%' AND xml NOT LIKE '%<f>%' FROM sheet), 'redacted, without a formula');
SELECT ok(file('json') !~ 'example\.com|555-01' AND file('csv') !~ 'example\.com|555-01' AND file('jsonl') !~ 'example\.com|555-01', 'no personal data in any format');
SELECT analytics.export_training_file('csv', 3, true, NULL) ->> 'export_id' AS id \gset
SELECT ok(convert_from(analytics.download_export(:'id'), 'UTF8') ~ 'jane7@example\.com', 'include_pii leaves it in');
SELECT ok((SELECT count(*) > 1 FROM analytics_data.export_chunks c JOIN analytics_data.exports e USING (export_id) WHERE e.includes_pii AND e.arguments ->> 'min_confidence' IS NULL), 'a long file lies in pieces');
SELECT is(file_size_bytes, sum(length(c.bytes))::bigint, 'that are all of it: ' || format) FROM analytics_data.exports JOIN analytics_data.export_chunks c USING (export_id) GROUP BY export_id, file_size_bytes, format;
SELECT analytics.export_training_file('json', 1, min_confidence => 100) ->> 'export_id' AS id \gset
SELECT is(convert_from(analytics.download_export(:'id'), 'UTF8')::jsonb -> 0 ->> 'confidence', '100', 'a few rows');
UPDATE analytics_data.training_examples SET confidence = 0 WHERE confidence = 100;
SELECT analytics.export_training_file('json', 1, min_confidence => 100) ->> 'export_id' AS id \gset
SELECT is(convert_from(analytics.download_export(:'id'), 'UTF8'), E'[]\n', 'and none: an empty array');
SELECT throws_ok($$SELECT analytics.export_training_file('pdf')$$, '22023', 'format must be one of json, jsonl, csv, xlsx, parquet', 'format');
SELECT throws_ok($$SELECT analytics.export_training_file(NULL)$$, '22023', NULL, 'no format');
SELECT throws_ok($$SELECT analytics.export_training_file('csv', 0)$$, '22023', 'days must be between 1 and 3650', 'days');
SELECT throws_ok($$SELECT analytics.export_training_file('csv', min_confidence => -1)$$, '22023', 'min_confidence must be between 0 and 100', 'min_confidence');
SELECT throws_ok($$SELECT analytics.export_training_file('parquet')$$, '0A000', 'format parquet is not available on this server', 'parquet needs its library');

-- A file that fails on the way leaves nothing: a cell too long for a sheet.
UPDATE analytics_data.training_examples SET input_text = repeat('x', 40000) WHERE conversation_id = 'c71';
SELECT throws_ok($$SELECT analytics.export_training_file('xlsx', 1, min_confidence => 0)$$, '22023', 'the answer does not fit into a spreadsheet', 'too long for a cell');
SELECT is((SELECT count(*) FROM analytics_data.export_chunks WHERE export_id NOT IN (SELECT export_id FROM analytics_data.exports WHERE content_sha256 IS NOT NULL)), 0::bigint, 'no half export is left');
SELECT is_empty($$SELECT FROM pg_ls_dir('base/pgsql_tmp', true, false) f WHERE f LIKE '%xlsx%'$$, 'nor a temporary file');

-- Who may.
SELECT made ->> 'export_id' AS id FROM files WHERE format = 'csv' \gset
\set method POST
\set headers '{}'
\set claims '{"sub": "u1", "tenant_id": "mine"}'
\set role authenticated
\set function export_training_file
\set args '{"format": "csv"}'
\ir include/send.sql
SELECT is(:status, 403, 'a reader may not export');
\set function export_training_dataset
\set args '{}'
\ir include/send.sql
SELECT is(:status, 403, 'nor as rows');
\set function download_export
SELECT json_build_object('export_id', :'id') AS args \gset
\ir include/send.sql
SELECT is(:status, 403, 'nor fetch');
\set role analytics_admin
\set method GET
\ir include/send.sql
SELECT is(:status, 200, 'an admin fetches by GET');
SELECT ok((:'response_headers')::jsonb @> '[{"Content-Type": "text/csv; charset=utf-8"}]' AND (:'response_headers')::jsonb::text ~ '"Content-Disposition": "attachment; filename=\\"training-[0-9]{8}-[0-9]{6}\.csv\\""', 'with its type and a name');
\set claims '{"sub": "u1", "tenant_id": "other"}'
\ir include/send.sql
SELECT is(:status, 404, 'but no other tenant''s');
\set role service_role
\ir include/send.sql
SELECT is(:status, 404, 'the service role neither, acting for that tenant');
\set claims '{"sub": "u1", "tenant_id": "mine"}'
\ir include/send.sql
SELECT is(:status, 200, 'acting for the right one it does');

-- Expiry.
SELECT throws_ok('SELECT analytics.download_export(gen_random_uuid())', 'PT404', 'unknown export', 'an unknown one');
SELECT throws_ok('SELECT analytics.download_export(NULL)', 'PT404', 'unknown export', 'none');
UPDATE analytics_data.exports SET expires_at = now() WHERE format <> 'csv';
SELECT throws_ok('SELECT bytes(''json'')', 'PT404', 'unknown export', 'an expired one is gone at once');
CALL analytics.run_maintenance();
SELECT is((SELECT count(*) FROM analytics_data.exports WHERE format <> 'csv'), 0::bigint, 'run_maintenance deletes it');
SELECT is((SELECT count(DISTINCT export_id) FROM analytics_data.export_chunks), (SELECT count(*) FROM analytics_data.exports), 'with its pieces');
SELECT lives_ok('SELECT bytes(''csv'')', 'and no other');

-- What customers wrote, in files of other answers.
SELECT analytics.record_span('s1', 'r1', 'chat', now(), now(), status => 'error', error_message => 'no mailbox jane@example.com', attributes => '{"input": "I am Ada Mockingham", "password": "hunter2"}') \g /dev/null
CREATE FUNCTION answer(function text, arguments jsonb) RETURNS text LANGUAGE sql AS $$ SELECT convert_from(analytics.export_answer(function, arguments, 'jsonl'), 'UTF8') $$;
SELECT ok(answer('list_pending_approvals', '{}') LIKE '%"customer_name": "[NAME]"%' AND answer('list_pending_approvals', '{}') !~ 'Ada', 'the queue''s names');
SELECT ok(answer('get_run_spans', '{"run_id": "r1"}') ~ 'no mailbox \[EMAIL\].*\[NAME\].*\[SECRET\]', 'spans');
SELECT ok(answer('list_runs', '{}') !~ 'example\.com', 'runs');
SELECT ok(answer('get_run_details', '{"run_id": "r1"}') !~ 'example\.com', 'a run''s details');

-- redact_pii and its form for JSON.
SELECT is(analytics.redact_pii('I am Ada Mockingham (ada@example.net, 303-555-0199), order 42.'), 'I am [NAME] ([EMAIL], [PHONE]), order 42.', 'redact_pii');
SELECT is(analytics.redact_pii(NULL), NULL, 'of nothing');
SELECT is(analytics_internal.redact_text('Ada and mockingham', 'Ada Mockingham'), '[NAME] and [NAME]', 'with a name');
SELECT is(analytics_internal.redact_text('Ada', NULL), 'Ada', 'with none');
SELECT is(analytics_internal.redact_json('{"a@example.com": 1, "b@example.com": {"phone": 4155550132, "list": ["c@example.com", 5, true, null, {"password": "swordfish"}]}, "n": 4111111111111111}'),
    '{"[EMAIL]": 1, "[EMAIL] 2": {"phone": "[PHONE]", "list": ["[EMAIL]", 5, true, null, {"password": "[SECRET]"}]}, "n": "[CARD]"}', 'JSON at any depth, keys too, none lost');
SELECT is(analytics_internal.redact_json(j), j, 'JSON without anything stays: ' || j::text) FROM unnest('{"{}","[]","null","5","\"x\"","[[], {\"a\": [{}]}, 1.50]"}'::jsonb[]) j;
SELECT is(analytics_internal.redact_json('["a@example.com"]'), '["[EMAIL]"]', 'an array');
SELECT is(analytics_internal.redact_json('"a@example.com"'), '"[EMAIL]"', 'a string');
SELECT is((SELECT count(*) FROM jsonb_object_keys(analytics_internal.redact_json((SELECT jsonb_object_agg('user' || i || '@example.com', i) FROM generate_series(1, 500) i)))), 500::bigint, 'many keys that become the same');
SELECT is(analytics_internal.redact_json(analytics_internal.redact_json(j)), analytics_internal.redact_json(j), 'twice as once') FROM (SELECT '{"a@example.com": 1, "b@example.com": "x", "[EMAIL]": 3}'::jsonb AS j) x;
SELECT is(md5(analytics.redact_pii(t)), md5(replace(t, 'jane@example.com', '[EMAIL]')), 'a long, compressed text') FROM (SELECT repeat('some words and jane@example.com again. ', 20000) AS t) x;
SELECT * FROM finish();
