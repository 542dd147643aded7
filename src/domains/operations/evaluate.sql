-- The evaluation of rules.

CREATE OR REPLACE FUNCTION analytics_internal.judge_alert_rule(metric text, condition text, threshold double precision, time_window text,
    for_duration text, labels jsonb, no_data text, evaluated_to timestamptz, begins_at timestamptz, as_of timestamptz,
    known_labels text[], known_states text[], known_since timestamptz[], known_seen timestamptz[])
RETURNS TABLE (labels jsonb, event text, at timestamptz, value double precision, state text, since timestamptz, seen_at timestamptz)
LANGUAGE c STABLE PARALLEL RESTRICTED COST 10000 ROWS 5 AS 'MODULE_PATHNAME', 'analytics_judge_alert_rule';
COMMENT ON FUNCTION analytics_internal.judge_alert_rule(text, text, double precision, text, text, jsonb, text, timestamptz, timestamptz, timestamptz, text[], text[], timestamptz[], timestamptz[]) IS
'What becomes of a rule''s label sets at the moments from its last evaluation to as_of.
Arguments: the rule, and what is kept of its label sets, as parallel arrays. Rows, of each label set in the order of time: event fired or resolved, when, and the value then; last one of event state (or forgotten: nothing need be kept), with the value, the state, since when, and when it last had data.';

CREATE OR REPLACE FUNCTION analytics.evaluate_alert_rules(as_of timestamptz DEFAULT NULL) RETURNS jsonb
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 100000 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    tenant CONSTANT text := analytics.current_tenant();
    moment CONSTANT timestamptz := coalesce(as_of, now());
    problem text[] := analytics_internal.as_of_problem(as_of);
    repeat_after CONSTANT interval := make_interval(mins => current_setting('agent_analytics.alert_repeat_minutes')::integer);
    evaluated bigint := 0;
    fired bigint := 0;
    resolved bigint := 0;
    some_data boolean;
    fired_now bigint;
    resolved_now bigint;
    alert text;
    rule record;
    v record;
BEGIN
    IF problem IS NOT NULL THEN
        PERFORM analytics_internal.refuse(problem);
    END IF;
    -- Statements after it see what the evaluation before this one has done.
    PERFORM analytics_internal.lock_alerts();
    FOR rule IN SELECT r.*, k.* FROM analytics_data.alert_rules r,
                       LATERAL (SELECT array_agg(s.label_set ORDER BY s.label_set) AS label_sets, array_agg(s.state ORDER BY s.label_set) AS states,
                                       array_agg(s.since ORDER BY s.label_set) AS sinces, array_agg(s.seen_at ORDER BY s.label_set) AS seens
                                FROM analytics_data.alert_states s WHERE s.tenant_id = r.tenant_id AND s.rule_id = r.rule_id) k
                WHERE r.tenant_id = tenant AND r.enabled AND (r.evaluated_to IS NULL OR r.evaluated_to < moment) ORDER BY r.rule_id LOOP
        BEGIN
            some_data := false;
            fired_now := 0;
            resolved_now := 0;
            FOR v IN SELECT j.* FROM analytics_internal.judge_alert_rule(rule.metric, rule.condition, rule.threshold, rule.time_window, rule.for_duration,
                         rule.labels, rule.no_data, rule.evaluated_to, rule.begins_at, moment, rule.label_sets, rule.states, rule.sinces, rule.seens) j LOOP
                CASE v.event
                WHEN 'fired' THEN
                    INSERT INTO analytics_data.alerts (tenant_id, rule_id, name, metric, labels, severity, value, threshold, started_at)
                    VALUES (tenant, rule.rule_id, rule.name, rule.metric, v.labels, rule.severity, v.value, rule.threshold, v.at)
                    ON CONFLICT DO NOTHING RETURNING alert_id INTO alert;
                    IF FOUND THEN
                        fired_now := fired_now + 1;
                        PERFORM analytics_internal.tell_channels(alert, 'fired', v.at);
                    END IF;
                WHEN 'resolved' THEN
                    UPDATE analytics_data.alerts a SET resolved_at = v.at
                    WHERE a.tenant_id = tenant AND a.rule_id = rule.rule_id AND md5(a.labels::text) = md5(v.labels::text) AND a.resolved_at IS NULL
                    RETURNING alert_id INTO alert;
                    IF FOUND THEN
                        resolved_now := resolved_now + 1;
                        PERFORM analytics_internal.tell_channels(alert, 'resolved', v.at);
                    END IF;
                ELSE
                    some_data := some_data OR v.value IS NOT NULL OR coalesce(v.seen_at = moment, false);
                    IF v.event = 'forgotten' THEN
                        DELETE FROM analytics_data.alert_states s
                        WHERE s.tenant_id = tenant AND s.rule_id = rule.rule_id AND s.label_set = v.labels::text;
                    ELSE
                        INSERT INTO analytics_data.alert_states AS s (tenant_id, rule_id, label_set, state, since, seen_at, value)
                        VALUES (tenant, rule.rule_id, v.labels::text, v.state, v.since, v.seen_at, v.value)
                        ON CONFLICT ON CONSTRAINT alert_states_pkey DO UPDATE
                        SET state = EXCLUDED.state, since = EXCLUDED.since, seen_at = EXCLUDED.seen_at, value = EXCLUDED.value;
                    END IF;
                END CASE;
            END LOOP;
            UPDATE analytics_data.alert_rules r SET evaluated_to = moment, had_data = some_data, failed_at = NULL, last_error = NULL
            WHERE r.tenant_id = tenant AND r.rule_id = rule.rule_id;
            FOR alert IN UPDATE analytics_data.alerts a SET repeated_at = moment
                         FROM analytics_data.alert_states s
                         WHERE a.tenant_id = tenant AND a.rule_id = rule.rule_id AND a.resolved_at IS NULL AND a.acknowledged_at IS NULL
                           AND s.tenant_id = tenant AND s.rule_id = rule.rule_id AND s.label_set = a.labels::text AND s.state = 'firing'
                           AND repeat_after > interval '0' AND moment - coalesce(a.repeated_at, a.started_at) >= repeat_after
                         RETURNING a.alert_id LOOP
                PERFORM analytics_internal.tell_channels(alert, 'repeated', moment);
            END LOOP;
            evaluated := evaluated + 1;
            fired := fired + fired_now;
            resolved := resolved + resolved_now;
        EXCEPTION WHEN OTHERS THEN
            -- One rule's failure is its own; what it missed is made up for once it works again.
            UPDATE analytics_data.alert_rules r SET failed_at = coalesce(r.failed_at, moment), last_error = left(SQLERRM, 1000)
            WHERE r.tenant_id = tenant AND r.rule_id = rule.rule_id;
        END;
    END LOOP;
    RETURN jsonb_build_object('evaluated', evaluated, 'fired', fired, 'resolved', resolved);
END $$;
COMMENT ON FUNCTION analytics.evaluate_alert_rules(timestamptz) IS
'Evaluates the tenant''s enabled rules of alerts: fires and resolves what is to be.
as_of: the moment, now when NULL. Every whole minute (UTC) since a rule''s last evaluation is evaluated, and as_of itself, so that a late call fires and resolves what calls of each minute would have, with the same times; after more than a day only the last 1440 moments are. A call with an as_of that is not after the last evaluation changes nothing. What is recorded later for a moment that was evaluated does not change it.
Result: {"evaluated": rules that were, "fired": new alerts, "resolved": alerts that ended by themselves}. A rule that cannot be evaluated is not counted, and list_alert_rules tells why; the others are evaluated all the same. Calls at the same time take turns.
CALL analytics.run_maintenance() and the background worker evaluate the rules of all tenants.
Errors: 22023 for an as_of out of range.';

CREATE OR REPLACE FUNCTION analytics_internal.evaluate_tenant(nth bigint) RETURNS boolean
LANGUAGE c VOLATILE PARALLEL UNSAFE STRICT COST 100000 AS 'MODULE_PATHNAME', 'analytics_evaluate_tenant';
COMMENT ON FUNCTION analytics_internal.evaluate_tenant(bigint) IS
'evaluate_alert_rules at the last whole minute for one of the tenants that have rules, as analytics_admin: what an administrator has defined gets no more rights than that, whoever runs it.
nth: which of the tenants, from 0. False when there are not so many. Whose they are is not told.';

CREATE OR REPLACE PROCEDURE analytics_internal.evaluate_all_tenants()
LANGUAGE plpgsql AS $$
DECLARE
    nth bigint := 0;
    there boolean := true;
    failures bigint := 0;  -- one after the other
BEGIN
    WHILE there AND pg_catalog.to_regclass('analytics_data.monitoring') IS NOT NULL LOOP
        PERFORM analytics_internal.await_install();
        BEGIN
            there := analytics_internal.evaluate_tenant(nth);
            failures := 0;
        EXCEPTION WHEN OTHERS THEN
            failures := failures OPERATOR(pg_catalog.+) 1;
            RAISE WARNING 'the alert rules of a tenant were not evaluated: %', SQLERRM;
        END;
        COMMIT;
        nth := nth OPERATOR(pg_catalog.+) 1;
        EXIT WHEN failures OPERATOR(pg_catalog.>=) 20;  -- that is no tenant's fault: all would fail
    END LOOP;
END $$;
COMMENT ON PROCEDURE analytics_internal.evaluate_all_tenants() IS
'Evaluates the rules of alerts of all tenants, each in a transaction of its own: a step of run_maintenance, and what the background worker does each minute.';
