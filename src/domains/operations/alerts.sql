-- Alerts: listed, acknowledged, resolved, counted.

CREATE OR REPLACE FUNCTION analytics_internal.alert_status(acknowledged_at timestamptz, resolved_at timestamptz, as_of timestamptz) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 1
    RETURN CASE WHEN resolved_at <= as_of THEN 'resolved' WHEN acknowledged_at <= as_of THEN 'acknowledged' ELSE 'firing' END;
COMMENT ON FUNCTION analytics_internal.alert_status(timestamptz, timestamptz, timestamptz) IS
'What an alert was at an instant: firing, acknowledged or resolved.';

CREATE OR REPLACE FUNCTION analytics_internal.list_alerts(wanted_status text, wanted_severity text, hours integer, is_resolved boolean,
    row_limit integer, row_offset integer, at timestamptz)
RETURNS TABLE (alert_id text, rule_id text, name text, metric text, labels jsonb, status text, severity text, value double precision,
    threshold double precision, started_at timestamptz, acknowledged_at timestamptz, acknowledged_by text, resolved_at timestamptz, resolved_by text)
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 100 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    moment CONSTANT timestamptz := coalesce(at, now());
    problem text[] := coalesce(
        CASE WHEN wanted_status IS NOT NULL THEN analytics_internal.choice_problem('status', wanted_status, '{firing,acknowledged,resolved}') END,
        CASE WHEN wanted_severity IS NOT NULL THEN analytics_internal.choice_problem('severity', wanted_severity, '{info,warning,error,critical}') END,
        CASE WHEN hours IS NOT NULL THEN analytics_internal.range_problem('hours', hours, 1, 8760) END,
        analytics_internal.range_problem('row_limit', row_limit, 1, 1000),
        analytics_internal.range_problem('row_offset', row_offset, 0, 1000000),
        analytics_internal.as_of_problem(at));
BEGIN
    IF problem IS NOT NULL THEN
        PERFORM analytics_internal.refuse(problem);
    END IF;
    RETURN QUERY
    SELECT a.alert_id, a.rule_id, a.name, a.metric, a.labels, s.status, a.severity, a.value, a.threshold, a.started_at,
           CASE WHEN a.acknowledged_at <= moment THEN a.acknowledged_at END, CASE WHEN a.acknowledged_at <= moment THEN a.acknowledged_by END,
           CASE WHEN a.resolved_at <= moment THEN a.resolved_at END, CASE WHEN a.resolved_at <= moment THEN a.resolved_by END
    FROM analytics_data.alerts a, LATERAL (SELECT analytics_internal.alert_status(a.acknowledged_at, a.resolved_at, moment) AS status) s
    WHERE a.tenant_id = (SELECT analytics.current_tenant()) AND a.started_at <= moment
      AND (hours IS NULL OR a.started_at > moment - make_interval(hours => hours))
      AND (wanted_severity IS NULL OR a.severity = wanted_severity)
      AND (wanted_status IS NULL OR s.status = wanted_status)
      AND (is_resolved IS NULL OR (s.status = 'resolved') = is_resolved)
    ORDER BY a.started_at DESC, a.alert_id LIMIT row_limit OFFSET row_offset;
END $$;
COMMENT ON FUNCTION analytics_internal.list_alerts(text, text, integer, boolean, integer, integer, timestamptz) IS
'list_alerts, whose arguments and result share names, which PL/pgSQL does not allow.';

CREATE OR REPLACE FUNCTION analytics.list_alerts(status text DEFAULT NULL, severity text DEFAULT NULL, hours integer DEFAULT NULL,
    resolved boolean DEFAULT NULL, row_limit integer DEFAULT 100, row_offset integer DEFAULT 0, as_of timestamptz DEFAULT NULL)
RETURNS TABLE (alert_id text, rule_id text, name text, metric text, labels jsonb, status text, severity text, value double precision,
    threshold double precision, started_at timestamptz, acknowledged_at timestamptz, acknowledged_by text, resolved_at timestamptz, resolved_by text)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 100 BEGIN ATOMIC SELECT * FROM analytics_internal.list_alerts($1, $2, $3, $4, $5, $6, $7); END;
COMMENT ON FUNCTION analytics.list_alerts(text, text, integer, boolean, integer, integer, timestamptz) IS
'The tenant''s alerts, the newest first.
status: firing, acknowledged or resolved. severity: info, warning, error or critical. hours: only those that fired in the last so many hours, 1 to 8760. resolved: only those that are, or are not. NULL: all. row_limit: 1 to 1000. row_offset: 0 to 1000000. as_of: as they stood then; NULL means now.
value: of the metric when it fired, NULL where there was no data. resolved_by: NULL where it ended by itself.
Errors: 22023 for a bad argument.';

CREATE OR REPLACE FUNCTION analytics_internal.change_alert(id text, by_whom text, resolving boolean) RETURNS jsonb
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    tenant CONSTANT text := analytics.current_tenant();
    who CONSTANT text := coalesce(by_whom, analytics_internal.caller_name());
    alert record;
    problem text[] := analytics_internal.text_problem(CASE WHEN resolving THEN 'resolved_by' ELSE 'acknowledged_by' END, by_whom, 200, false);
BEGIN
    IF problem IS NOT NULL THEN
        PERFORM analytics_internal.refuse(problem);
    END IF;
    PERFORM analytics_internal.lock_alerts();
    SELECT * INTO alert FROM analytics_data.alerts a WHERE a.tenant_id = tenant AND a.alert_id = id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'unknown alert' USING ERRCODE = 'PT404',
            DETAIL = format('There is no alert "%s".', left(coalesce(id, 'NULL'), 200)), HINT = 'list_alerts shows them.';
    END IF;
    IF resolving AND alert.resolved_at IS NULL THEN
        UPDATE analytics_data.alerts a SET resolved_at = greatest(clock_timestamp(), a.started_at), resolved_by = who
        WHERE a.tenant_id = tenant AND a.alert_id = id RETURNING * INTO alert;
        -- The next evaluation begins anew: a condition that still holds opens another alert.
        UPDATE analytics_data.alert_states s SET state = 'inactive', since = alert.resolved_at
        WHERE s.tenant_id = tenant AND s.rule_id = alert.rule_id AND s.label_set = alert.labels::text;
        PERFORM analytics_internal.tell_channels(id, 'resolved', alert.resolved_at);
    ELSIF NOT resolving AND alert.resolved_at IS NULL AND alert.acknowledged_at IS NULL THEN
        UPDATE analytics_data.alerts a SET acknowledged_at = greatest(clock_timestamp(), a.started_at), acknowledged_by = who
        WHERE a.tenant_id = tenant AND a.alert_id = id RETURNING * INTO alert;
    END IF;
    RETURN jsonb_build_object('alert_id', id, 'status', analytics_internal.alert_status(alert.acknowledged_at, alert.resolved_at, 'infinity'));
END $$;
COMMENT ON FUNCTION analytics_internal.change_alert(text, text, boolean) IS
'acknowledge_alert and resolve_alert.';

CREATE OR REPLACE FUNCTION analytics.acknowledge_alert(alert_id text, acknowledged_by text DEFAULT NULL) RETURNS jsonb
LANGUAGE sql VOLATILE PARALLEL UNSAFE BEGIN ATOMIC SELECT analytics_internal.change_alert($1, $2, false); END;
COMMENT ON FUNCTION analytics.acknowledge_alert(text, text) IS
'Takes an alert on: nobody is told of it again, and it goes on being evaluated.
alert_id: of list_alerts. acknowledged_by: who, at most 200 characters; NULL is the caller. Once more, or after it was resolved, it changes nothing.
Result: {"alert_id", "status"}: acknowledged, or resolved.
Errors: PT404 for an unknown alert; 22023.';

CREATE OR REPLACE FUNCTION analytics.resolve_alert(alert_id text, resolved_by text DEFAULT NULL) RETURNS jsonb
LANGUAGE sql VOLATILE PARALLEL UNSAFE BEGIN ATOMIC SELECT analytics_internal.change_alert($1, $2, true); END;
COMMENT ON FUNCTION analytics.resolve_alert(text, text) IS
'Ends an alert by hand.
alert_id: of list_alerts. resolved_by: who, at most 200 characters; NULL is the caller. Once more, it changes nothing. Where the condition holds at the next evaluation and then for for_duration, another alert fires.
Result: {"alert_id", "status": "resolved"}.
Errors: PT404 for an unknown alert; 22023.';

CREATE OR REPLACE FUNCTION analytics.get_alert_statistics(hours integer DEFAULT 24, as_of timestamptz DEFAULT NULL) RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 1000 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    moment CONSTANT timestamptz := coalesce(as_of, now());
    problem text[] := coalesce(analytics_internal.range_problem('hours', hours, 1, 8760), analytics_internal.as_of_problem(as_of));
BEGIN
    IF problem IS NOT NULL THEN
        PERFORM analytics_internal.refuse(problem);
    END IF;
    RETURN (
        WITH found AS MATERIALIZED (
            SELECT a.*, analytics_internal.alert_status(a.acknowledged_at, a.resolved_at, moment) AS status
            FROM analytics_data.alerts a
            WHERE a.tenant_id = (SELECT analytics.current_tenant()) AND a.started_at > moment - make_interval(hours => hours) AND a.started_at <= moment),
        slots AS (
            SELECT s.slot_start, s.slot_end
            FROM analytics_internal.series_slots(CASE WHEN hours <= 168 THEN '1h' ELSE '1d' END, CASE WHEN hours <= 168 THEN hours || 'h' ELSE (hours + 23) / 24 || 'd' END, as_of => moment) s)
        SELECT jsonb_build_object(
            'total', (SELECT count(*) FROM found),
            'by_severity', (SELECT jsonb_object_agg(n, (SELECT count(*) FROM found WHERE severity = n)) FROM unnest('{info,warning,error,critical}'::text[]) n),
            'by_status', (SELECT jsonb_object_agg(n, (SELECT count(*) FROM found WHERE status = n)) FROM unnest('{firing,acknowledged,resolved}'::text[]) n),
            'mean_time_to_acknowledge_s', (SELECT round(avg(extract(epoch FROM acknowledged_at - started_at)), 3) FROM found WHERE acknowledged_at <= moment),
            'mean_time_to_resolve_s', (SELECT round(avg(extract(epoch FROM resolved_at - started_at)), 3) FROM found WHERE resolved_at <= moment),
            'trend', (SELECT jsonb_agg(jsonb_build_object('timestamp', s.slot_start,
                                 'fired', (SELECT count(*) FROM found f WHERE f.started_at >= s.slot_start AND f.started_at < s.slot_end)) ORDER BY s.slot_start) FROM slots s)));
END $$;
COMMENT ON FUNCTION analytics.get_alert_statistics(integer, timestamptz) IS
'How many alerts fired, and how soon they were dealt with.
hours: of those that fired in the last so many, 1 to 8760. as_of: as they stood then; NULL means now.
Result: total; by_severity and by_status, each with all names; mean_time_to_acknowledge_s and mean_time_to_resolve_s, seconds from firing, null where none was; trend [{timestamp, fired}], by hour, above 168 hours by day of UTC, the running one last.
Errors: 22023 for a bad argument.';
