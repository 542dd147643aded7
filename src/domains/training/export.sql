-- Training examples as rows and as files, redacted unless somebody who may asks otherwise. C++ in export_file.cpp.

CREATE OR REPLACE FUNCTION analytics_internal.install_exports() RETURNS SETOF text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $install$
BEGIN
    RETURN QUERY SELECT analytics_internal.ensure_table('analytics_data.exports', $columns$
        export_id uuid NOT NULL DEFAULT gen_random_uuid(),
        kind text NOT NULL,
        format text NOT NULL,
        arguments jsonb NOT NULL,
        includes_pii boolean NOT NULL,
        row_count bigint NOT NULL DEFAULT 0,
        file_size_bytes bigint NOT NULL DEFAULT 0,
        content_sha256 bytea,
        content_type text NOT NULL,
        file_name text NOT NULL,
        created_by text,
        created_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz NOT NULL DEFAULT now() + interval '24 hours',
        PRIMARY KEY (tenant_id, export_id),
        CONSTRAINT exports_time_finite CHECK (isfinite(created_at) AND isfinite(expires_at)),
        CONSTRAINT exports_sizes CHECK (row_count >= 0 AND file_size_bytes BETWEEN 0 AND 1000000000),
        CONSTRAINT exports_hash_is_sha256 CHECK (length(content_sha256) = 32)
    $columns$, 'Files of exports: what is in them, who had them made, and until when they can be fetched.');
    RETURN QUERY SELECT analytics_internal.ensure_index('analytics_data', 'exports_expires_at', 'ON analytics_data.exports (expires_at)');
    RETURN QUERY SELECT analytics_internal.ensure_comments('analytics_data.exports', jsonb_build_object(
        'export_id', 'The id of the export.',
        'kind', 'What was exported: training.',
        'format', 'json, jsonl, csv or xlsx.',
        'arguments', 'What it was asked with.',
        'includes_pii', 'Whether personal data were left in.',
        'row_count', 'Rows in the file.',
        'file_size_bytes', 'The size of the file.',
        'content_sha256', 'SHA-256 of the file.',
        'content_type', 'Its media type.',
        'file_name', 'The name a browser saves it under.',
        'created_by', 'Who asked for it: the claim sub, else the role.',
        'created_at', 'When.',
        'expires_at', 'From then on it cannot be fetched; run_maintenance deletes it.'));
    RETURN QUERY SELECT analytics_internal.ensure_table('analytics_data.export_chunks', $columns$
        export_id uuid NOT NULL,
        chunk_number integer NOT NULL,
        bytes bytea NOT NULL,
        PRIMARY KEY (tenant_id, export_id, chunk_number),
        CONSTRAINT export_chunks_export FOREIGN KEY (tenant_id, export_id) REFERENCES analytics_data.exports ON DELETE CASCADE
    $columns$, 'The files of exports, in pieces of a quarter of a megabyte.');
    IF (SELECT a.attstorage <> 'e' FROM pg_attribute a WHERE a.attrelid = 'analytics_data.export_chunks'::regclass AND a.attname = 'bytes') THEN
        ALTER TABLE analytics_data.export_chunks ALTER COLUMN bytes SET STORAGE EXTERNAL;  -- they live a day: compressing costs more
    END IF;
    RETURN QUERY SELECT analytics_internal.ensure_comments('analytics_data.export_chunks', jsonb_build_object(
        'export_id', 'Of which export.',
        'chunk_number', 'The place of the piece, from 0.',
        'bytes', 'The piece.'));
    -- Whose conversation it is, for taking the name out.
    RETURN QUERY SELECT analytics_internal.ensure_index('analytics_data', 'agent_approvals_customer',
        'ON analytics_data.agent_approvals (tenant_id, conversation_id) INCLUDE (customer_name) WHERE customer_name IS NOT NULL');
END $install$;
COMMENT ON FUNCTION analytics_internal.install_exports() IS
'Makes or completes the tables of exports; a line for each thing done.';

CREATE OR REPLACE FUNCTION analytics_internal.training_export_statement(include_pii boolean, from_time timestamptz, to_time timestamptz, min_confidence numeric)
RETURNS text LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT format($statement$SELECT %s FROM analytics_data.training_examples t %s
        WHERE t.tenant_id = (SELECT analytics.current_tenant()) AND t.created_at >= %L AND t.created_at < %L %s ORDER BY t.created_at, t.id$statement$,
        (SELECT string_agg(CASE WHEN c.free AND NOT include_pii THEN format('analytics_internal.redact_text(t.%1$I, n.name) AS %1$I', c.name)
                                WHEN c.name = 'response_time_ms' THEN 'round(t.response_time_ms::numeric, 3) AS response_time_ms'
                                ELSE format('t.%I', c.name) END, ', ' ORDER BY c.i)
         FROM (VALUES (1, 'conversation_id', true), (2, 'input_text', true), (3, 'model_draft', true), (4, 'safe_to_send', false), (5, 'category', true),
                      (6, 'sentiment', false), (7, 'tone', true), (8, 'accuracy_score', false), (9, 'helpfulness_score', false), (10, 'tone_score', false),
                      (11, 'notes', true), (12, 'confidence', false), (13, 'response_time_ms', false), (14, 'created_at', false)) c(i, name, free)),
        CASE WHEN NOT include_pii THEN
            $join$LEFT JOIN LATERAL (SELECT string_agg(DISTINCT a.customer_name, ' ') AS name FROM analytics_data.agent_approvals a
                WHERE a.tenant_id = t.tenant_id AND a.conversation_id = t.conversation_id AND a.customer_name IS NOT NULL) n ON true$join$ END,
        coalesce(from_time, '-infinity'), coalesce(to_time, 'infinity'),
        CASE WHEN min_confidence IS NOT NULL THEN format('AND t.confidence >= %L', min_confidence) END)
$$;
COMMENT ON FUNCTION analytics_internal.training_export_statement(boolean, timestamptz, timestamptz, numeric) IS
'The statement that reads the training examples of an export, the oldest first, redacted unless include_pii.';

CREATE OR REPLACE FUNCTION analytics_internal.check_export_confidence(min_confidence numeric) RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT min_confidence BETWEEN 0 AND 100 THEN
        RAISE EXCEPTION 'min_confidence must be between 0 and 100' USING ERRCODE = '22023',
            DETAIL = format('min_confidence is %s.', left(min_confidence::text, 50)), HINT = 'Leave it out, or pass NULL, for examples of any confidence and of none.';
    END IF;
END $$;
COMMENT ON FUNCTION analytics_internal.check_export_confidence(numeric) IS 'Refuses a confidence that is none: 22023.';

CREATE OR REPLACE FUNCTION analytics.export_training_dataset(include_pii boolean DEFAULT false, row_limit integer DEFAULT 10000, row_offset integer DEFAULT 0,
    date_from timestamptz DEFAULT NULL, date_to timestamptz DEFAULT NULL, min_confidence numeric DEFAULT NULL)
RETURNS TABLE (conversation_id text, input_text text, model_draft text, safe_to_send boolean, category text, sentiment text, tone text, accuracy_score numeric,
    helpfulness_score numeric, tone_score numeric, notes text, confidence numeric, response_time_ms numeric, created_at timestamptz)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED COST 100000 ROWS 10000 SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF coalesce(row_limit, 0) NOT BETWEEN 1 AND 100000 THEN
        RAISE EXCEPTION 'row_limit must be between 1 and 100000' USING ERRCODE = '22023', DETAIL = format('row_limit is %s.', coalesce(row_limit::text, 'NULL')),
            HINT = 'Pass a smaller one and page with row_offset, or export_training_file for a file of any length.';
    END IF;
    IF coalesce(row_offset, -1) NOT BETWEEN 0 AND 10000000 THEN
        RAISE EXCEPTION 'row_offset must be between 0 and 10000000' USING ERRCODE = '22023', DETAIL = format('row_offset is %s.', coalesce(row_offset::text, 'NULL')),
            HINT = 'Narrow date_from and date_to instead.';
    END IF;
    IF NOT isfinite(date_from) OR NOT isfinite(date_to) OR date_from >= date_to THEN
        RAISE EXCEPTION 'date_from must be before date_to' USING ERRCODE = '22023', DETAIL = format('date_from is %s, date_to is %s.', date_from, date_to),
            HINT = 'Both are instants of a window that includes date_from and not date_to; leave one out for no limit.';
    END IF;
    PERFORM analytics_internal.check_export_confidence(min_confidence);
    RETURN QUERY EXECUTE analytics_internal.training_export_statement(coalesce(include_pii, false), date_from, date_to, min_confidence)
        || format(' LIMIT %s OFFSET %s', row_limit, row_offset);
END $$;
COMMENT ON FUNCTION analytics.export_training_dataset(boolean, integer, integer, timestamptz, timestamptz, numeric) IS
'Training examples as rows, the oldest first, without personal data unless include_pii.
include_pii: true leaves personal data in. row_limit: 1 to 100000. row_offset: 0 to 10000000. date_from, date_to: made in [date_from, date_to); NULL: no limit. min_confidence: of at least this confidence, 0 to 100; NULL: all, also those without one.
Result: the texts as redact_pii leaves them, the customer''s own name taken out too where an approval of the conversation has it; scores 1 to 5; response_time_ms with 3 decimals.
Only the service role and analytics_admin may call it.
Errors: 22023 for an argument out of range; 42501 for others.';

CREATE OR REPLACE FUNCTION analytics_internal.write_export(export_id uuid, statement text, format text)
RETURNS TABLE (row_count bigint, file_size_bytes bigint, content_sha256 bytea)
LANGUAGE c VOLATILE PARALLEL UNSAFE STRICT COST 1000000 ROWS 1 AS 'MODULE_PATHNAME', 'analytics_write_export';
COMMENT ON FUNCTION analytics_internal.write_export(uuid, text, text) IS
'Runs a statement as the caller and writes its rows as a file into analytics_data.export_chunks, in constant memory.
format: json, jsonl, csv or xlsx. Errors: 22023 where the rows do not fit into a sheet, or the file is larger than 1,000,000,000 bytes.';

CREATE OR REPLACE FUNCTION analytics.export_training_file(format text, days integer DEFAULT 30, include_pii boolean DEFAULT false, min_confidence numeric DEFAULT 70)
RETURNS jsonb LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 1000000 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    types CONSTANT jsonb := '{"json": "application/json", "jsonl": "application/x-ndjson", "csv": "text/csv; charset=utf-8",
                              "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}';
    made record;
    written record;
BEGIN
    IF export_training_file.format = 'parquet' THEN
        RAISE EXCEPTION 'format parquet is not available on this server' USING ERRCODE = '0A000',
            DETAIL = 'It needs the library Apache Arrow (Debian: libparquet-dev), which Debian has since its release after 13, and agent_analytics is not built with it.',
            HINT = 'Pass json, jsonl, csv or xlsx.';
    END IF;
    IF NOT coalesce(types ? export_training_file.format, false) THEN
        RAISE EXCEPTION 'format must be one of json, jsonl, csv, xlsx, parquet' USING ERRCODE = '22023',
            DETAIL = pg_catalog.format('format is %s.', coalesce('"' || left(export_training_file.format, 100) || '"', 'NULL')), HINT = 'Pass json, jsonl, csv or xlsx.';
    END IF;
    IF coalesce(days, 0) NOT BETWEEN 1 AND 3650 THEN
        RAISE EXCEPTION 'days must be between 1 and 3650' USING ERRCODE = '22023', DETAIL = pg_catalog.format('days is %s.', coalesce(days::text, 'NULL')),
            HINT = 'Pass how many days back the export goes.';
    END IF;
    PERFORM analytics_internal.check_export_confidence(min_confidence);
    INSERT INTO analytics_data.exports (kind, format, arguments, includes_pii, content_type, file_name, created_by)
    VALUES ('training', export_training_file.format,
            jsonb_build_object('format', export_training_file.format, 'days', days, 'include_pii', coalesce(include_pii, false), 'min_confidence', min_confidence),
            coalesce(include_pii, false), types ->> export_training_file.format,
            pg_catalog.format('training-%s.%s', to_char(now() AT TIME ZONE 'UTC', 'YYYYMMDD-HH24MISS'), export_training_file.format), analytics_internal.caller_name())
    RETURNING * INTO made;
    -- (now - days, now]: instants have microseconds.
    SELECT w.* INTO written FROM analytics_internal.write_export(made.export_id,
        analytics_internal.training_export_statement(made.includes_pii, now() - make_interval(days => days) + interval '1 microsecond',
            now() + interval '1 microsecond', min_confidence), made.format) w;
    UPDATE analytics_data.exports e
    SET row_count = written.row_count, file_size_bytes = written.file_size_bytes, content_sha256 = written.content_sha256
    WHERE e.tenant_id = made.tenant_id AND e.export_id = made.export_id;
    RETURN jsonb_build_object('format', made.format, 'row_count', written.row_count, 'file_size_bytes', written.file_size_bytes,
        'content_sha256', encode(written.content_sha256, 'hex'), 'download_url', '/rpc/download_export?export_id=' || made.export_id,
        'expires_at', made.expires_at, 'export_id', made.export_id);
END $$;
COMMENT ON FUNCTION analytics.export_training_file(text, integer, boolean, numeric) IS
'Writes training examples into a file that can be fetched for 24 hours, without personal data unless include_pii.
format: json (an array), jsonl (an object a line), csv (RFC 4180; what a spreadsheet would take for a formula gets an apostrophe), xlsx (one sheet, at most 1,048,575 examples) or parquet (where the server has its library). days: the last 1 to 3650 days. include_pii: true leaves personal data in. min_confidence: of at least this confidence, 0 to 100; NULL: all, also those without one.
Result: {"format", "row_count", "file_size_bytes", "content_sha256", "download_url", "expires_at", "export_id"}; download_url is the path under the API that serves the file (download_export). Written in constant memory, visible when it is finished; who made it when stands in analytics_data.exports.
Only the service role and analytics_admin may call it.
Errors: 22023 for a bad argument, more rows than a sheet holds, or a file above 1,000,000,000 bytes; 0A000 for parquet where its library is missing; 42501 for others.';

CREATE OR REPLACE FUNCTION analytics_internal.read_export(export_id uuid, size bigint) RETURNS bytea
LANGUAGE c STABLE PARALLEL RESTRICTED STRICT COST 100000 AS 'MODULE_PATHNAME', 'analytics_read_export';
COMMENT ON FUNCTION analytics_internal.read_export(uuid, bigint) IS 'The file of an export of the caller''s tenant, of this many bytes.';

CREATE OR REPLACE FUNCTION analytics.download_export(export_id uuid) RETURNS analytics_internal."*/*"
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED COST 100000 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    e record;
BEGIN
    SELECT x.* INTO e FROM analytics_data.exports x
    WHERE x.tenant_id = analytics.current_tenant() AND x.export_id = download_export.export_id AND x.expires_at > now();
    IF NOT FOUND THEN
        RAISE EXCEPTION 'unknown export' USING ERRCODE = 'PT404', DETAIL = pg_catalog.format('There is no export %s, or it has expired.', coalesce(export_id::text, 'NULL')),
            HINT = 'export_training_file makes one, which can be fetched for 24 hours.';
    END IF;
    PERFORM analytics_internal.add_response_header('Content-Type', e.content_type),
            analytics_internal.add_response_header('Content-Disposition', pg_catalog.format('attachment; filename="%s"', e.file_name));
    RETURN analytics_internal.read_export(e.export_id, e.file_size_bytes);
END $$;
COMMENT ON FUNCTION analytics.download_export(uuid) IS
'The file of an export, as its bytes.
export_id: as export_training_file returned it. Result: the bytes; through PostgREST they come with their Content-Type and a file name, whatever the client accepts.
Only the service role and analytics_admin may call it.
Errors: PT404 for an export that there is not, is another tenant''s or has expired; 42501 for others.';

CREATE OR REPLACE FUNCTION analytics_internal.delete_expired_exports() RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    deleted bigint := 0;
BEGIN
    IF to_regclass('analytics_data.exports') IS NOT NULL THEN
        DELETE FROM analytics_data.exports e WHERE e.expires_at <= now();  -- the pieces go with it
        GET DIAGNOSTICS deleted = ROW_COUNT;
    END IF;
    RETURN deleted;
END $$;
COMMENT ON FUNCTION analytics_internal.delete_expired_exports() IS
'Deletes the exports that have expired, as far as the caller sees them; a step of run_maintenance. Returns how many.';
