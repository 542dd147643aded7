-- checked.differences(): where what is stored, and what is shown of it, is not what plain SQL says of the facts. For the tests
-- that break, move or upgrade a database. The source's side of a rollup is built from its definition, without the engine's text.
SET client_min_messages = warning;
CREATE SCHEMA checked;

-- What runs are, said in plain SQL; spans lie in the past.
CREATE VIEW checked.plain_runs AS
    SELECT tenant_id, run_key AS run_id, min(start_time) AS start_time, max(CASE WHEN end_time IS NOT NULL THEN greatest(end_time, start_time) END) AS end_time,
           CASE WHEN bool_or(is_root AND end_time IS NULL) THEN 'running' WHEN bool_or(is_root AND status = 'error') THEN 'failed' ELSE 'completed' END AS status,
           bool_or(status = 'error') AS has_errors, count(*) AS span_count, count(model) AS llm_calls, coalesce(sum(input_tokens), 0)::bigint AS input_tokens,
           coalesce(sum(output_tokens), 0)::bigint AS output_tokens, coalesce(sum(cost_usd), 0) AS cost,
           coalesce(array_agg(DISTINCT thread_id) FILTER (WHERE thread_id IS NOT NULL), '{}') AS thread_ids, coalesce(array_agg(DISTINCT model) FILTER (WHERE model IS NOT NULL), '{}') AS used_models
    FROM (SELECT s.*, NOT EXISTS (SELECT FROM analytics_data.spans p WHERE p.tenant_id = s.tenant_id AND p.run_key = s.run_key AND p.trace_id = s.trace_id AND p.span_id = s.parent_span_id
                                    AND p.span_id <> s.span_id) AS is_root FROM analytics_data.spans s) s
    GROUP BY tenant_id, run_key;
CREATE VIEW checked.runs AS
    SELECT *, CASE WHEN status <> 'running' THEN (extract(epoch FROM end_time - start_time) * 1000000)::bigint END AS duration_us FROM checked.plain_runs;

CREATE FUNCTION checked.near(a numeric, b numeric) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT a IS NULL AND b IS NULL OR a IS NOT NULL AND b IS NOT NULL AND abs(a - b) <= 1e-9 * greatest(abs(a), abs(b))
$$;

-- The statement that compares a rollup's view with its source.
CREATE FUNCTION checked.comparison(rollup_name name) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT format('SELECT %1$L, coalesce(v.tenant_id, p.tenant_id) || '' '' || coalesce(v.bucket, p.bucket), to_jsonb(v)::text, to_jsonb(p)::text
            FROM (SELECT tenant_id, bucket%2$s, %3$s FROM analytics.%4$I) v
            FULL JOIN (SELECT %5$s, date_bin(%6$L, %7$I, ''2000-01-01 00:00Z'') AS bucket%2$s, %8$s FROM %9$s WHERE isfinite(%7$I) GROUP BY 1, 2%2$s) p
            ON v.tenant_id = p.tenant_id AND v.bucket = p.bucket%10$s
            WHERE v.tenant_id IS NULL OR p.tenant_id IS NULL OR %11$s',
        r.name, d.list, string_agg(CASE m.kind WHEN 'distinct' THEN format('%1$I__n AS %1$I', m.name) ELSE quote_ident(m.name) END, ', '), r.name,
        CASE WHEN s.by_tenant THEN 'tenant_id' ELSE '''''::text AS tenant_id' END, r.bucket, s.time_column,
        string_agg(regexp_replace(regexp_replace(r.measures ->> m.name::text, '^\s*distinct\s*\(', 'count(DISTINCT '), '^\s*quantiles\s*\(', 'analytics.quantiles(') || ' AS ' || quote_ident(m.name), ', '),
        CASE WHEN s.relation = 'analytics_store.runs'::regclass THEN 'checked.runs' ELSE s.relation::text END, d.keys,
        string_agg(CASE WHEN m.kind = 'quantiles' THEN format('(v.%1$I IS NULL) <> (p.%1$I IS NULL) OR NOT checked.near(analytics.quantile(v.%1$I, 0.5)::numeric, analytics.quantile(p.%1$I, 0.5)::numeric) OR NOT checked.near(analytics.quantile(v.%1$I, 1)::numeric, analytics.quantile(p.%1$I, 1)::numeric)', m.name)
                        WHEN m.kind = 'avg' THEN format('NOT checked.near(v.%1$I::numeric, p.%1$I::numeric)', m.name)
                        WHEN m.kind = 'sum' THEN format('CASE WHEN pg_typeof(p.%1$I) = ''double precision''::regtype THEN NOT checked.near(v.%1$I::numeric, p.%1$I::numeric) ELSE v.%1$I IS DISTINCT FROM p.%1$I END', m.name)
                        ELSE format('v.%1$I IS DISTINCT FROM p.%1$I', m.name) END, E'\n OR '))
    FROM analytics_store.rollups r JOIN analytics_store.sources s USING (source_id),
         LATERAL unnest(r.measure_names, r.measure_kinds) m(name, kind),
         LATERAL (SELECT coalesce(string_agg(', ' || quote_ident(n), ''), '') AS list,
                         coalesce(string_agg(format(' AND coalesce(v.%1$I::text, ''~'') = coalesce(p.%1$I::text, ''~'')', n), ''), '') AS keys FROM unnest(r.dimensions) n) d
    WHERE r.name = rollup_name
    GROUP BY r.name, r.bucket, r.measures, s.by_tenant, s.time_column, s.relation, d.list, d.keys
$$;

CREATE FUNCTION checked.differences() RETURNS TABLE (what text, which text, shown text, plain text) LANGUAGE plpgsql STABLE AS $$
DECLARE
    r record;
    tenant_before CONSTANT text := coalesce(current_setting('agent_analytics.tenant', true), '');
BEGIN
    FOR r IN SELECT name FROM analytics_store.rollups ORDER BY name LOOP
        RETURN QUERY EXECUTE checked.comparison(r.name);
    END LOOP;
    FOR r IN SELECT DISTINCT tenant_id AS tenant FROM analytics_data.spans UNION SELECT tenant_id FROM analytics_store.runs UNION SELECT tenant_id FROM analytics_data.budgets LOOP
        PERFORM set_config('agent_analytics.tenant', r.tenant, true);
        RETURN QUERY SELECT 'summaries of runs', r.tenant || ' ' || coalesce(v.run_id, p.run_id), v::text, p::text
            FROM (SELECT run_id, start_time, end_time, status, has_errors, span_count, llm_calls, input_tokens, output_tokens, cost, thread_ids, used_models
                  FROM analytics_internal.runs_between('-infinity', now())) v
            FULL JOIN (SELECT run_id, start_time, end_time, status, has_errors, span_count, llm_calls, input_tokens, output_tokens, cost, thread_ids, used_models
                       FROM checked.plain_runs WHERE tenant_id = r.tenant) p USING (run_id)
            WHERE v IS DISTINCT FROM p;
        -- Each reservation as the call that bears its id, or what it was settled with, or what is set aside while it lasts.
        RETURN QUERY SELECT 'budget', r.tenant || ' ' || b.budget_id, s::text, u::text
            FROM analytics_data.budgets b
            CROSS JOIN LATERAL (SELECT g.spent_usd + g.reserved_usd AS used FROM analytics.get_budget_status(b.budget_id) g) s
            CROSS JOIN LATERAL (
                SELECT coalesce((SELECT sum(c.cost_usd) FROM analytics_data.llm_calls c WHERE c.tenant_id = b.tenant_id AND c.created_at <= now()), 0)
                     + coalesce((SELECT sum(CASE WHEN h.settled_at IS NOT NULL THEN h.settled_usd WHEN h.expires_at > now() THEN h.amount_usd ELSE 0 END)
                                 FROM analytics_data.budget_reservations h WHERE h.tenant_id = b.tenant_id
                                   AND NOT EXISTS (SELECT FROM analytics_data.llm_calls c WHERE c.tenant_id = h.tenant_id AND c.call_id = h.reservation_id AND c.cost_usd IS NOT NULL)), 0) AS used) u
            WHERE b.tenant_id = r.tenant AND b.period = 'total' AND b.scope = '{}' AND (s.used IS DISTINCT FROM u.used OR u.used > b.amount_usd);
    END LOOP;
    PERFORM set_config('agent_analytics.tenant', tenant_before, true);
    -- A file of an export is there when it is whole, or not at all.
    RETURN QUERY SELECT 'export', e.export_id::text, e.file_size_bytes || ' ' || coalesce(encode(e.content_sha256, 'hex'), 'no hash'), c.size || ' ' || encode(sha256(c.bytes), 'hex')
        FROM analytics_data.exports e
        LEFT JOIN LATERAL (SELECT coalesce(sum(length(k.bytes)), 0) AS size, coalesce(string_agg(k.bytes, '' ORDER BY k.chunk_number), '') AS bytes, count(*) AS pieces, max(k.chunk_number) AS last
                           FROM analytics_data.export_chunks k WHERE k.tenant_id = e.tenant_id AND k.export_id = e.export_id) c ON true
        WHERE (e.file_size_bytes, e.content_sha256, c.pieces) IS DISTINCT FROM (c.size, sha256(c.bytes), coalesce(c.last, -1) + 1);
    RETURN QUERY SELECT 'pieces of no export', k.export_id::text, k.chunk_number::text, NULL FROM analytics_data.export_chunks k
        WHERE NOT EXISTS (SELECT FROM analytics_data.exports e WHERE e.tenant_id = k.tenant_id AND e.export_id = k.export_id);
END $$;

-- What is wrong with get_rollup_status() once everything has been refreshed and nobody writes.
CREATE FUNCTION checked.unhealthy() RETURNS TABLE (what text, status text) LANGUAGE sql STABLE AS $$
    SELECT s.name, s::text FROM analytics.get_rollup_status() s
    WHERE s.source IS NOT NULL AND (s.dirty_buckets > 0 OR s.waits_for IS NOT NULL OR s.watermark IS NULL OR s.progress_pct IS DISTINCT FROM 100 OR s.watermark > now())
    UNION ALL
    SELECT 'notes', count(*)::text FROM analytics_store.notes HAVING count(*) > 0
    UNION ALL
    SELECT 'notes of runs', count(*)::text FROM analytics_store.run_notes HAVING count(*) > 0
    UNION ALL
    SELECT 'notes of conversations', count(*)::text FROM analytics_store.conversation_notes HAVING count(*) > 0
$$;
