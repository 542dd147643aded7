-- Rules of alerts: made, changed, listed, deleted.

-- Whoever changes rules or alerts of a tenant queues here first: evaluations, acknowledgements and changes take turns, in
-- whatever order they would touch the rows.
CREATE OR REPLACE FUNCTION analytics_internal.lock_alerts() RETURNS void
LANGUAGE sql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    RETURN pg_advisory_xact_lock(hashtextextended('agent_analytics alerts ' || analytics.current_tenant(), 0));
COMMENT ON FUNCTION analytics_internal.lock_alerts() IS
'Makes whoever changes the tenant''s rules or alerts take turns, to the end of the transaction.';

CREATE OR REPLACE FUNCTION analytics_internal.duration_microseconds(value text) RETURNS bigint
LANGUAGE c IMMUTABLE PARALLEL SAFE STRICT COST 10 AS 'MODULE_PATHNAME', 'analytics_duration_microseconds';
COMMENT ON FUNCTION analytics_internal.duration_microseconds(text) IS
'A length of time as rules write it: a whole number of s, m, h, d or w, at most ten years; NULL if it is none.';

CREATE OR REPLACE FUNCTION analytics_internal.duration_problem(name text, value text, low interval, high interval) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN value IS NULL OR analytics_internal.duration_microseconds(value) IS NULL
                     OR analytics_internal.duration_microseconds(value) * interval '1 microsecond' NOT BETWEEN low AND high
                THEN ARRAY[name, format('a whole number of s, m, h, d or w, between %s and %s', low, high), coalesce(format('"%s"', left(value, 100)), 'NULL')] END;
COMMENT ON FUNCTION analytics_internal.duration_problem(text, text, interval, interval) IS
'What is wrong with a length of time such as 5m; NULL if nothing.';

CREATE OR REPLACE FUNCTION analytics_internal.alert_threshold_problem(condition text, metric text, threshold double precision) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN threshold = 'NaN' OR threshold IN ('Infinity', '-Infinity') THEN ARRAY['threshold', 'a finite number', threshold::text]
                WHEN condition IN ('>', '>=', '<', '<=') AND threshold IS NULL THEN ARRAY['threshold', 'given for this condition', 'NULL']
                WHEN condition = 'outside' AND NOT (threshold BETWEEN 50 AND 99.99) THEN ARRAY['threshold', 'NULL or the percentage of the band, 50 to 99.99', threshold::text]
                WHEN condition = 'anomaly' AND NOT (threshold > 0 AND threshold <= 0.5) THEN ARRAY['threshold', 'NULL or a p-value, above 0 and at most 0.5', threshold::text]
                WHEN condition = 'exhausts_within' AND (threshold IS NULL OR NOT (threshold BETWEEN 0 AND 366)) THEN ARRAY['threshold', 'a number of days, 0 to 366', coalesce(threshold::text, 'NULL')]
                WHEN condition = 'exhausts_within' AND metric <> 'spend' THEN ARRAY['metric', 'spend for the condition exhausts_within', format('"%s"', left(metric, 100))] END;
COMMENT ON FUNCTION analytics_internal.alert_threshold_problem(text, text, double precision) IS
'What is wrong with a rule''s threshold, given its condition; NULL if nothing.';

-- What a rule has open is over where it is deleted or disabled: nothing would ever resolve it.
CREATE OR REPLACE FUNCTION analytics_internal.close_alerts_of(closed_rule text, reason text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE analytics_data.alerts a SET resolved_at = greatest(now(), a.started_at), resolved_by = reason
    WHERE a.tenant_id = analytics.current_tenant() AND a.rule_id = closed_rule AND a.resolved_at IS NULL;
    DELETE FROM analytics_data.alert_states s WHERE s.tenant_id = analytics.current_tenant() AND s.rule_id = closed_rule;
END $$;
COMMENT ON FUNCTION analytics_internal.close_alerts_of(text, text) IS
'Resolves the open alerts of a rule that is not evaluated any more, and forgets the state of its label sets.';

CREATE OR REPLACE FUNCTION analytics.create_alert_rule(name text, metric text, condition text, threshold double precision DEFAULT NULL,
    severity text DEFAULT 'warning', time_window text DEFAULT '5m', for_duration text DEFAULT '0s', labels jsonb DEFAULT '{}',
    channels text[] DEFAULT '{}', enabled boolean DEFAULT true, no_data text DEFAULT 'ok') RETURNS jsonb
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    most CONSTANT integer := 1000;
    tenant CONSTANT text := analytics.current_tenant();
    known record;
    id text;
    problem text[] := coalesce(
        analytics_internal.text_problem('name', name, 200, true),
        analytics_internal.text_problem('metric', metric, 200, true),
        analytics_internal.choice_problem('condition', condition, '{>,>=,<,<=,outside,anomaly,absent,exhausts_within}'),
        analytics_internal.alert_threshold_problem(condition, metric, threshold),
        analytics_internal.choice_problem('severity', severity, '{info,warning,error,critical}'),
        analytics_internal.duration_problem('time_window', time_window, '1 minute', '31 days'),
        analytics_internal.duration_problem('for_duration', for_duration, '0', '31 days'),
        analytics_internal.labels_problem(labels),
        CASE WHEN channels IS NULL OR cardinality(channels) > 20 OR array_position(channels, NULL) IS NOT NULL
                  OR EXISTS (SELECT FROM unnest(channels) c WHERE length(c) NOT BETWEEN 1 AND 200)
             THEN ARRAY['channels', 'an array of at most 20 ids of channels', coalesce(left(channels::text, 100), 'NULL')] END,
        CASE WHEN enabled IS NULL THEN ARRAY['enabled', 'true or false', 'NULL'] END,
        analytics_internal.choice_problem('no_data', no_data, '{ok,zero,keep,alert}'));
BEGIN
    IF problem IS NOT NULL THEN
        PERFORM analytics_internal.refuse(problem);
    END IF;
    PERFORM analytics_internal.lock_alerts();
    SELECT r.rule_id, r.enabled INTO known FROM analytics_data.alert_rules r WHERE r.tenant_id = tenant AND r.name = name;
    IF FOUND THEN
        IF known.enabled AND NOT enabled THEN
            PERFORM analytics_internal.close_alerts_of(known.rule_id, 'rule disabled');
        END IF;
        UPDATE analytics_data.alert_rules r
        SET metric = metric, condition = condition, threshold = threshold, severity = severity, time_window = time_window,
            for_duration = for_duration, labels = labels, channels = channels, enabled = enabled, no_data = no_data,
            begins_at = CASE WHEN enabled AND NOT known.enabled THEN now() ELSE r.begins_at END,
            failed_at = NULL, last_error = NULL
        WHERE r.tenant_id = tenant AND r.rule_id = known.rule_id
          AND (r.metric, r.condition, r.threshold, r.severity, r.time_window, r.for_duration, r.labels, r.channels, r.enabled, r.no_data)
              IS DISTINCT FROM (metric, condition, threshold, severity, time_window, for_duration, labels, channels, enabled, no_data);
        RETURN jsonb_build_object('rule_id', known.rule_id, 'name', name);
    END IF;
    IF (SELECT count(*) FROM analytics_data.alert_rules r WHERE r.tenant_id = tenant) >= most THEN
        RAISE EXCEPTION 'too many alert rules' USING ERRCODE = 'PT409',
            DETAIL = format('There are %s, which is as many as a tenant may have.', most), HINT = 'delete_alert_rule removes one.';
    END IF;
    INSERT INTO analytics_data.alert_rules AS r (tenant_id, name, metric, condition, threshold, severity, time_window, for_duration,
        labels, channels, enabled, no_data)
    VALUES (tenant, name, metric, condition, threshold, severity, time_window, for_duration, labels, channels, enabled, no_data)
    RETURNING r.rule_id INTO id;
    RETURN jsonb_build_object('rule_id', id, 'name', name);
END $$;
COMMENT ON FUNCTION analytics.create_alert_rule(text, text, text, double precision, text, text, text, jsonb, text[], boolean, text) IS
'Makes a rule of alerts; a name that is known changes that rule.
name: at most 200 characters, unique within the tenant. metric: a name of list_metrics, or else one of metric_points, whose points are averaged over the window, each label set by itself.
condition: >, >=, < or <= than the threshold; outside (the newest complete bucket lies outside of the band that forecast leads to expect: the threshold is its percentage, 50 to 99.99, NULL is 95); anomaly (its p-value is below the threshold, above 0 and at most 0.5, NULL is 0.0001); absent (nothing at all in the window; the threshold does not matter); exhausts_within (metric spend: its forecast exhausts a budget, named by the label budget_id where there are several, within so many days, 0 to 366).
threshold: see there. severity: info, warning, error or critical. time_window: whose value is judged, up to the moment: a whole number of m, h, d or w, 1m to 31d; for outside and anomaly the bucket is the shortest of 15m, 30m, 1h, 1d, 1w and 1mo that is not shorter. for_duration: how long the condition must hold at each moment before it fires, 0s to 31d.
labels: an object of texts, numbers and booleans. A label that is a dimension of the metric filters by it; of points those are left out that bear another value of such a label. All are labels of the alert. channels: ids of at most 20 notification channels; one that does not exist is told nothing. enabled: disabled rules are not evaluated, and their open alerts are resolved. no_data: what no value means: ok (the condition does not hold), zero (a value of 0), keep (as before), alert (the condition holds). Sums and counts of nothing are 0, not nothing.
Result: {"rule_id", "name"}. A changed rule keeps its state and its alerts; evaluate_alert_rules goes on by what it says now.
Example: SELECT analytics.create_alert_rule(''slow calls'', ''latency_p95'', ''>'', 5000, ''critical'', ''15m'', ''10m'');
Errors: 22023 for a bad argument; PT409 for more than 1000 rules.';

CREATE OR REPLACE FUNCTION analytics.delete_alert_rule(rule_id text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    PERFORM analytics_internal.lock_alerts();
    PERFORM analytics_internal.close_alerts_of(rule_id, 'rule deleted');
    DELETE FROM analytics_data.alert_rules r WHERE r.tenant_id = analytics.current_tenant() AND r.rule_id = rule_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'unknown alert rule' USING ERRCODE = 'PT404',
            DETAIL = format('There is no rule "%s".', left(coalesce(rule_id, 'NULL'), 200)), HINT = 'list_alert_rules shows them.';
    END IF;
END $$;
COMMENT ON FUNCTION analytics.delete_alert_rule(text) IS
'Deletes a rule of alerts.
rule_id: as create_alert_rule returned it. Its alerts stay; those that are open are resolved, by "rule deleted".
Errors: PT404 for an unknown rule.';

-- The worst that any of its label sets is in. A rule that fails, or has nothing to judge, is not said to be well.
CREATE OR REPLACE FUNCTION analytics_internal.list_alert_rules(only_enabled boolean)
RETURNS TABLE (rule_id text, name text, metric text, condition text, threshold double precision, severity text, time_window text, for_duration text,
    state text, enabled boolean, created_at timestamptz, labels jsonb, channels text[], no_data text, evaluated_to timestamptz, last_error text)
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 100 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT r.rule_id, r.name, r.metric, r.condition, r.threshold, r.severity, r.time_window, r.for_duration,
           CASE WHEN r.last_error IS NOT NULL THEN 'unhealthy'
                WHEN s.worst <= 3 THEN ('{firing,recovering,pending}'::text[])[s.worst]
                WHEN r.evaluated_to IS NOT NULL AND NOT r.had_data THEN 'no_data'
                WHEN s.worst = 4 THEN 'resolved' ELSE 'inactive' END,
           r.enabled, r.created_at, r.labels, r.channels, r.no_data, r.evaluated_to, r.last_error
    FROM analytics_data.alert_rules r
    LEFT JOIN LATERAL (SELECT min(array_position('{firing,recovering,pending,resolved,inactive}'::text[], t.state)) AS worst
                       FROM analytics_data.alert_states t WHERE t.tenant_id = r.tenant_id AND t.rule_id = r.rule_id) s ON true
    WHERE r.tenant_id = (SELECT analytics.current_tenant()) AND (only_enabled IS NULL OR r.enabled = only_enabled)
    ORDER BY r.name;
END $$;
COMMENT ON FUNCTION analytics_internal.list_alert_rules(boolean) IS
'list_alert_rules, whose argument and result share a name, which PL/pgSQL does not allow.';

CREATE OR REPLACE FUNCTION analytics.list_alert_rules(enabled boolean DEFAULT NULL)
RETURNS TABLE (rule_id text, name text, metric text, condition text, threshold double precision, severity text, time_window text, for_duration text,
    state text, enabled boolean, created_at timestamptz, labels jsonb, channels text[], no_data text, evaluated_to timestamptz, last_error text)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 100 BEGIN ATOMIC SELECT * FROM analytics_internal.list_alert_rules($1); END;
COMMENT ON FUNCTION analytics.list_alert_rules(boolean) IS
'The tenant''s rules of alerts, by name; at most 1000.
enabled: only those that are, or are not; NULL: all.
state is the worst of what the rule watches: unhealthy (it cannot be evaluated; last_error tells why), firing, recovering (the condition does not hold any more, but not yet for a whole window), pending (it holds, but not yet for for_duration), no_data (there was nothing to judge), resolved (since the last evaluation), inactive. evaluated_to is the last moment evaluated, NULL before the first. The other columns are as create_alert_rule was told.';
