-- Monitoring: on or off, how well it does, and what it sees at a glance.

CREATE OR REPLACE FUNCTION analytics_internal.switch_monitoring(wanted boolean) RETURNS timestamptz
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    tenant CONSTANT text := analytics.current_tenant();
BEGIN
    PERFORM analytics_internal.lock_alerts();
    INSERT INTO analytics_data.monitoring AS m (tenant_id, enabled, changed_by) VALUES (tenant, wanted, analytics_internal.caller_name())
    ON CONFLICT ON CONSTRAINT monitoring_pkey DO UPDATE
    SET enabled = EXCLUDED.enabled, changed_at = EXCLUDED.changed_at, changed_by = EXCLUDED.changed_by WHERE m.enabled <> EXCLUDED.enabled;
    RETURN (SELECT m.changed_at FROM analytics_data.monitoring m WHERE m.tenant_id = tenant);
END $$;
COMMENT ON FUNCTION analytics_internal.switch_monitoring(boolean) IS
'Switches a tenant''s monitoring on or off, unless it is so already, and returns since when it is.';

CREATE OR REPLACE FUNCTION analytics.start_monitoring() RETURNS jsonb
LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC SELECT jsonb_build_object('status', 'running', 'started_at', analytics_internal.switch_monitoring(true)); END;
COMMENT ON FUNCTION analytics.start_monitoring() IS
'Has the tenant''s rules of alerts evaluated each minute, by the background worker and run_maintenance; so it is unless stop_monitoring was called.
What was missed while it was off is made up for, of the last day. Result: {"status": "running", "started_at"}; started_at stays where it was running.';

CREATE OR REPLACE FUNCTION analytics.stop_monitoring() RETURNS jsonb
LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC SELECT jsonb_build_object('status', 'stopped', 'stopped_at', analytics_internal.switch_monitoring(false)); END;
COMMENT ON FUNCTION analytics.stop_monitoring() IS
'Stops the evaluation of the tenant''s rules of alerts, until start_monitoring. evaluate_alert_rules still does what it is asked to.
Result: {"status": "stopped", "stopped_at"}.';

CREATE OR REPLACE FUNCTION analytics.get_monitoring_health() RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 1000 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    tenant CONSTANT text := analytics.current_tenant();
    stopped CONSTANT timestamptz := (SELECT m.changed_at FROM analytics_data.monitoring m WHERE m.tenant_id = tenant AND NOT m.enabled);
    age CONSTANT double precision := (SELECT extract(epoch FROM now() - min(coalesce(r.evaluated_to, r.begins_at))) FROM analytics_data.alert_rules r WHERE r.tenant_id = tenant AND r.enabled AND r.last_error IS NULL);
    failing CONSTANT text := (SELECT string_agg(r.name, ', ' ORDER BY r.name) FROM analytics_data.alert_rules r WHERE r.tenant_id = tenant AND r.enabled AND r.last_error IS NOT NULL);
    overdue CONSTANT bigint := (SELECT count(*) FROM analytics_data.notification_deliveries d WHERE d.tenant_id = tenant AND d.status = 'pending' AND d.created_at < now() - interval '10 minutes');
    given_up CONSTANT bigint := (SELECT count(*) FROM analytics_data.notification_deliveries d WHERE d.tenant_id = tenant AND d.status = 'failed' AND d.created_at > now() - interval '1 day');
    checks jsonb;
BEGIN
    checks := jsonb_build_array(
        jsonb_build_object('name', 'evaluation',
            'status', CASE WHEN stopped IS NOT NULL THEN 'degraded' WHEN age > 900 THEN 'unhealthy' WHEN age > 180 THEN 'degraded' ELSE 'healthy' END,
            'detail', CASE WHEN stopped IS NOT NULL THEN format('stopped at %s', stopped) WHEN age IS NULL THEN 'there is no rule to evaluate'
                           WHEN age < 0 THEN format('the last evaluation was as of %s s from now', round(-age))
                           ELSE format('the oldest last evaluation was %s s ago', round(age)) END,
            'age_s', round(age::numeric, 3)),
        jsonb_build_object('name', 'rules', 'status', CASE WHEN failing IS NULL THEN 'healthy' ELSE 'degraded' END,
            'detail', coalesce('cannot be evaluated: ' || left(failing, 500), 'all can be evaluated')),
        jsonb_build_object('name', 'deliveries', 'status', CASE WHEN overdue + given_up > 0 THEN 'degraded' ELSE 'healthy' END,
            'detail', format('%s waiting for more than 10 minutes, %s given up in the last day', overdue, given_up)));
    RETURN jsonb_build_object('status', (SELECT ('{unhealthy,degraded,healthy}'::text[])[min(array_position('{unhealthy,degraded,healthy}'::text[], c ->> 'status'))]
                                         FROM jsonb_array_elements(checks) c),
                              'checks', checks, 'checked_at', now());
END $$;
COMMENT ON FUNCTION analytics.get_monitoring_health() IS
'Whether the tenant''s rules are evaluated and its notices delivered.
Result: status (the worst of the checks: healthy, degraded or unhealthy), checks [{name, status, detail}], checked_at. Checks: evaluation, with age_s, the seconds since the last evaluation of the rule that has waited longest, null without a rule (degraded above 180 or where monitoring is stopped, unhealthy above 900); rules (degraded where one cannot be evaluated); deliveries (degraded where a notice waits for more than 10 minutes or was given up in the last day).';

CREATE OR REPLACE FUNCTION analytics.get_monitoring_metrics(metric_type text DEFAULT NULL, time_range text DEFAULT '1h', as_of timestamptz DEFAULT NULL)
RETURNS TABLE ("timestamp" timestamptz, metric text, value double precision)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED COST 10000 ROWS 100 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    own CONSTANT text[] := '{alerts_fired,alerts_open,alerts_resolved}';
    tenant CONSTANT text := analytics.current_tenant();
    bucket CONSTANT text := CASE time_range WHEN '1h' THEN '15m' WHEN '24h' THEN '1h' WHEN '7d' THEN '1h' ELSE '1d' END;
    problem text[] := coalesce(
        CASE WHEN metric_type IS NOT NULL THEN analytics_internal.text_problem('metric_type', metric_type, 200, true) END,
        analytics_internal.choice_problem('time_range', time_range, '{1h,24h,7d,30d}'), analytics_internal.as_of_problem(as_of));
BEGIN
    IF problem IS NOT NULL THEN
        PERFORM analytics_internal.refuse(problem);
    END IF;
    IF metric_type IS NULL OR metric_type = ANY (own) THEN
        RETURN QUERY
        SELECT s.slot_start, o.name, (SELECT count(*) FROM analytics_data.alerts a WHERE a.tenant_id = tenant AND CASE o.name
                   WHEN 'alerts_fired' THEN a.started_at >= s.slot_start AND a.started_at < s.slot_end
                   WHEN 'alerts_resolved' THEN a.resolved_at >= s.slot_start AND a.resolved_at < s.slot_end
                   ELSE a.started_at < s.slot_end AND coalesce(a.resolved_at, 'infinity') >= s.slot_end END)::double precision
        FROM analytics_internal.series_slots(bucket, time_range, as_of => as_of) s, unnest(own) o(name)
        WHERE metric_type IS NULL OR o.name = metric_type ORDER BY 2, 1;
    ELSIF EXISTS (SELECT FROM analytics_store.metrics m WHERE m.name = metric_type) THEN
        RETURN QUERY SELECT s."timestamp", metric_type, s.value::double precision FROM analytics.get_metric_series(metric_type, bucket, time_range, as_of => as_of) s ORDER BY 1;
    ELSE
        RETURN QUERY SELECT s.slot_start, metric_type, (SELECT avg(p.value) FROM analytics_data.metric_points p
                                WHERE p.tenant_id = tenant AND p.metric = metric_type AND p.recorded_at >= s.slot_start AND p.recorded_at < s.slot_end)
                     FROM analytics_internal.series_slots(bucket, time_range, as_of => as_of) s ORDER BY 1;
    END IF;
END $$;
COMMENT ON FUNCTION analytics.get_monitoring_metrics(text, text, timestamptz) IS
'What is monitored, over time.
metric_type: alerts_fired, alerts_resolved or alerts_open (at the end of the bucket); NULL: these three. Or else a name of list_metrics, or of metric_points (the mean). time_range: 1h (by quarter of an hour), 24h and 7d (by hour) or 30d (by day). as_of: NULL means now.
One row a bucket of UTC and metric, oldest first, the running bucket last; value is NULL where there is none.
Errors: 22023 for a bad argument.';

CREATE OR REPLACE FUNCTION analytics.get_monitoring_dashboard(as_of timestamptz DEFAULT NULL) RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED COST 10000 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    statistics jsonb := analytics.get_alert_statistics(24, as_of);
BEGIN
    RETURN jsonb_build_object(
        'health', analytics.get_monitoring_health(),
        'alerts', jsonb_build_object(
            'open', (SELECT count(*) FROM analytics_data.alerts a WHERE a.tenant_id = (SELECT analytics.current_tenant()) AND a.started_at <= coalesce(as_of, now())
                     AND coalesce(a.resolved_at, 'infinity') > coalesce(as_of, now())),
            'last_24h', statistics - 'trend',
            'latest', (SELECT coalesce(jsonb_agg(to_jsonb(l) ORDER BY l.started_at DESC, l.alert_id), '[]') FROM analytics.list_alerts(resolved => false, row_limit => 10, as_of => as_of) l)),
        'metrics', jsonb_build_object('alerts_fired', statistics -> 'trend'),
        'rules', (SELECT jsonb_build_object('total', count(*), 'enabled', count(*) FILTER (WHERE r.enabled),
                             'by_state', (SELECT coalesce(jsonb_object_agg(s.state, s.n), '{}') FROM (SELECT state, count(*) AS n FROM analytics.list_alert_rules(true) GROUP BY state) s))
                  FROM analytics.list_alert_rules() r));
END $$;
COMMENT ON FUNCTION analytics.get_monitoring_dashboard(timestamptz) IS
'Monitoring at a glance.
as_of: alerts as they stood then; NULL means now. Health and states of rules are those of now.
Result: health (get_monitoring_health); alerts: open, last_24h (get_alert_statistics), latest (at most 10 that are open, as in list_alerts); metrics: alerts_fired by hour [{timestamp, fired}]; rules: total, enabled, by_state of the enabled.
Errors: 22023 for an as_of out of range.';
