-- The rollups and metrics of runs and spans. Summaries of runs are a derived source (src/engine/derived.hpp): the views
-- below tell the engine which of them do not hold at a moment, and what they would be.

CREATE OR REPLACE FUNCTION analytics_internal.install_run_views() RETURNS SETOF text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $install$
BEGIN
    RETURN QUERY SELECT analytics_internal.ensure_view('analytics_store.runs_live', $view$
            SELECT n.tenant_id, n.run_key AS run_id, '-infinity'::timestamptz AS from_at, 'infinity'::timestamptz AS to_at, 'infinity'::timestamptz AS near
            FROM analytics_store.run_notes n
            UNION ALL
            SELECT r.tenant_id, r.run_id, r.start_time, r.last_instant, r.start_time FROM analytics_store.runs r WHERE r.last_instant - r.start_time < interval '1 hour'
            UNION ALL
            -- least() is start_time, but no index of it may be taken for this: that would read all runs before the moment.
            SELECT r.tenant_id, r.run_id, least(r.start_time, r.last_instant), r.last_instant, 'infinity' FROM analytics_store.runs r WHERE r.last_instant - r.start_time >= interval '1 hour'
            UNION ALL
            SELECT s.tenant_id, s.run_key, s.start_time, 'infinity', 'infinity' FROM analytics_data.spans s WHERE (SELECT analytics_internal.spans_are_restricted())$view$,
            'Runs whose stored summary does not hold at a moment m with from_at <= m < to_at: touched since the last refresh, or with something to come after it; all of them for a reader who may not see all spans. Ask for near > m - 1 hour too, which is so for all of these: then short runs are found by their start, and long ones by an index of their own.');
    RETURN QUERY SELECT analytics_internal.ensure_view('analytics_store.runs_resummarised', $view$
            SELECT l.tenant_id, s.* FROM (SELECT l.tenant_id, array_agg(DISTINCT l.run_id) AS runs FROM analytics_store.runs_live l
                                          WHERE l.from_at <= (SELECT analytics_internal.moment()) AND l.to_at > (SELECT analytics_internal.moment())
                                            AND l.near > (SELECT analytics_internal.moment() - interval '1 hour')
                                          GROUP BY l.tenant_id) l,
                 LATERAL analytics_internal.summarise_runs(l.tenant_id, l.runs, (SELECT analytics_internal.moment())) s$view$,
            'The runs of runs_live, summed up from their spans as of moment().');
    RETURN QUERY SELECT analytics_internal.ensure_view('analytics_store.runs_now', $view$
            SELECT r.tenant_id, r.start_time, r.end_time, r.status, r.has_errors, r.span_count, r.llm_calls, r.input_tokens, r.output_tokens, r.cost, r.duration_us
            FROM analytics_store.runs r
            WHERE r.last_instant <= (SELECT analytics_internal.moment())
              AND NOT EXISTS (SELECT FROM analytics_store.run_notes n WHERE n.tenant_id = r.tenant_id AND n.run_key = r.run_id)
              AND NOT (SELECT analytics_internal.spans_are_restricted())
            UNION ALL
            SELECT r.tenant_id, r.start_time, r.end_time, r.status, r.has_errors, r.span_count, r.llm_calls, r.input_tokens, r.output_tokens, r.cost,
                   CASE WHEN r.status <> 'running' THEN (extract(epoch FROM r.end_time - r.start_time) * 1000000)::bigint END
            FROM analytics_store.runs_resummarised r$view$,
            'Summaries of runs as of moment(), exact whatever has been refreshed.');
    RETURN QUERY SELECT analytics_internal.ensure_view('analytics_store.runs_unsettled', $view$
            SELECT r.tenant_id, r.start_time AS at FROM analytics_store.runs_live l JOIN analytics_store.runs r USING (tenant_id, run_id)
            WHERE l.from_at <= (SELECT analytics_internal.moment()) AND l.to_at > (SELECT analytics_internal.moment())
              AND l.near > (SELECT analytics_internal.moment() - interval '1 hour')
            UNION ALL
            SELECT r.tenant_id, r.start_time FROM analytics_store.runs_resummarised r$view$,
            'Where stored summaries of runs and runs_now differ: the starts of those runs in either.');
END $install$;
COMMENT ON FUNCTION analytics_internal.install_run_views() IS 'Makes the views by which readers of summaries of runs see them as of a moment; a line for each.';

CREATE OR REPLACE FUNCTION analytics_internal.install_run_rollups() RETURNS SETOF text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $install$
DECLARE
    m record;
BEGIN
    INSERT INTO analytics_store.derived_sources (relation, origin) VALUES ('analytics_store.runs', 'analytics_data.spans') ON CONFLICT DO NOTHING;
    RETURN QUERY SELECT analytics_internal.ensure_rollup('run_stats', 'analytics_store.runs', 'start_time',
        '{"runs": "count(*)", "completed": "count(*) FILTER (WHERE status = ''completed'')", "failed": "count(*) FILTER (WHERE status = ''failed'')",
          "running": "count(*) FILTER (WHERE status = ''running'')", "with_errors": "count(*) FILTER (WHERE has_errors)", "spans": "sum(span_count)",
          "llm_calls": "sum(llm_calls)", "input_tokens": "sum(input_tokens)", "output_tokens": "sum(output_tokens)", "cost": "sum(cost)",
          "duration_us": "sum(duration_us)", "duration_ms": "quantiles(duration_us / 1000.0)", "first_start": "min(start_time)", "last_end": "max(end_time)"}',
        '{status}');
    RETURN QUERY SELECT analytics_internal.ensure_rollup('span_stats', 'analytics_data.spans', 'start_time',
        '{"spans": "count(*)", "failed": "count(*) FILTER (WHERE status = ''error'')", "input_tokens": "sum(input_tokens)", "output_tokens": "sum(output_tokens)",
          "cost": "sum(cost_usd)", "duration_ms": "quantiles(extract(epoch FROM greatest(end_time, start_time) - start_time) * 1000)"}',
        '{model,tool_name}');
    FOR m IN SELECT * FROM (VALUES
        ('runs', 'run_stats', 'runs', 'runs', 'neutral', 'Runs that began.'),
        ('failed_runs', 'run_stats', 'failed', 'runs', 'down', 'Runs that began and failed: a root span ended with an error.'),
        ('running_runs', 'run_stats', 'running', 'runs', 'neutral', 'Runs that began and have not ended.'),
        ('run_success_rate', 'run_stats', 'completed / nullif(completed + failed, 0)', 'ratio', 'up', 'Completed runs, of those completed or failed.'),
        ('run_error_rate', 'run_stats', 'with_errors / nullif(runs, 0)', 'ratio', 'down', 'Runs in which any span failed, of all.'),
        ('run_cost', 'run_stats', 'cost', 'USD', 'down', 'What the runs that began cost, by their spans.'),
        ('cost_per_run', 'run_stats', 'cost / nullif(runs, 0)', 'USD', 'down', 'Mean cost of a run.'),
        ('run_tokens', 'run_stats', 'input_tokens + output_tokens', 'tokens', 'neutral', 'Input and output tokens of the runs that began.'),
        ('run_duration_p50', 'run_stats', 'quantile(duration_ms, 0.5)', 'ms', 'down', 'Half of the finished runs took no longer.'),
        ('run_duration_p95', 'run_stats', 'quantile(duration_ms, 0.95)', 'ms', 'down', '95 % of the finished runs took no longer.'),
        ('run_duration_p99', 'run_stats', 'quantile(duration_ms, 0.99)', 'ms', 'down', '99 % of the finished runs took no longer.'),
        ('spans', 'span_stats', 'spans', 'spans', 'neutral', 'Spans that began, by model and tool.'),
        ('span_error_rate', 'span_stats', 'failed / nullif(spans, 0)', 'ratio', 'down', 'Spans with status error, of all, by model and tool.'),
        ('span_cost', 'span_stats', 'cost', 'USD', 'down', 'What the spans cost, by model and tool.'),
        ('span_tokens', 'span_stats', 'input_tokens + output_tokens', 'tokens', 'neutral', 'Tokens of the spans, by model and tool.'),
        ('span_duration_p95', 'span_stats', 'quantile(duration_ms, 0.95)', 'ms', 'down', '95 % of the spans that ended took no longer, by model and tool.')
        ) AS v(name, rollup, expression, unit, direction, description)
    LOOP
        RETURN QUERY SELECT analytics_internal.ensure_metric(m.name, m.rollup, m.expression, m.unit, m.direction, m.description);
    END LOOP;
END $install$;
COMMENT ON FUNCTION analytics_internal.install_run_rollups() IS 'Makes the rollups and metrics of runs and spans where they are missing; a line for each thing it did.';
