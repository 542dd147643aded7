-- Rules of alerts, the state of what they watch, and the alerts.

CREATE OR REPLACE FUNCTION analytics_internal.install_operations() RETURNS SETOF text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $install$
BEGIN
    RETURN QUERY SELECT analytics_internal.ensure_table('analytics_data.alert_rules', $columns$
        rule_id text NOT NULL DEFAULT gen_random_uuid()::text,
        name text NOT NULL,
        metric text NOT NULL,
        condition text NOT NULL,
        threshold double precision,
        severity text NOT NULL,
        time_window text NOT NULL,
        for_duration text NOT NULL,
        labels jsonb NOT NULL DEFAULT '{}',
        channels text[] NOT NULL DEFAULT '{}',
        enabled boolean NOT NULL DEFAULT true,
        no_data text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        begins_at timestamptz NOT NULL DEFAULT now(),
        evaluated_to timestamptz,
        had_data boolean NOT NULL DEFAULT false,
        failed_at timestamptz,
        last_error text,
        PRIMARY KEY (tenant_id, rule_id),
        CONSTRAINT alert_rules_name_once UNIQUE (tenant_id, name),
        CONSTRAINT alert_rules_name_length CHECK (length(name) BETWEEN 1 AND 200),
        CONSTRAINT alert_rules_metric_length CHECK (length(metric) BETWEEN 1 AND 200),
        CONSTRAINT alert_rules_condition CHECK (condition IN ('>', '>=', '<', '<=', 'outside', 'anomaly', 'absent', 'exhausts_within')),
        CONSTRAINT alert_rules_threshold_finite CHECK (threshold > '-Infinity' AND threshold < 'Infinity'),
        CONSTRAINT alert_rules_severity CHECK (severity IN ('info', 'warning', 'error', 'critical')),
        CONSTRAINT alert_rules_no_data CHECK (no_data IN ('ok', 'zero', 'keep', 'alert')),
        CONSTRAINT alert_rules_labels_are_an_object CHECK (jsonb_typeof(labels) = 'object'),
        CONSTRAINT alert_rules_time_finite CHECK (isfinite(created_at) AND isfinite(begins_at) AND isfinite(evaluated_to))
    $columns$, 'Rules of alerts: what is watched, and when it is worth somebody''s attention.');
    RETURN QUERY SELECT analytics_internal.ensure_comments('analytics_data.alert_rules', jsonb_build_object(
        'rule_id', 'The id of the rule, unique within the tenant.',
        'name', 'Its name, unique within the tenant.',
        'metric', 'A name of list_metrics or of metric_points.',
        'condition', '>, >=, <, <=, outside, anomaly, absent or exhausts_within.',
        'threshold', 'What the value is compared with.',
        'severity', 'info, warning, error or critical.',
        'time_window', 'The length of the window whose value is judged, such as 5m.',
        'for_duration', 'How long the condition must hold, such as 10m.',
        'labels', 'Of what is watched; the alert bears them.',
        'channels', 'Who is told.',
        'enabled', 'Whether it is evaluated.',
        'no_data', 'What no data means: ok, zero, keep or alert.',
        'created_at', 'When it was made.',
        'begins_at', 'From when on it is evaluated: when it was made or enabled again.',
        'evaluated_to', 'The last moment that was evaluated.',
        'had_data', 'Whether there was anything to judge then.',
        'failed_at', 'Since when it cannot be evaluated; NULL: it can.',
        'last_error', 'Why it cannot be evaluated.'));

    RETURN QUERY SELECT analytics_internal.ensure_table('analytics_data.alert_states', $columns$
        rule_id text NOT NULL,
        label_set text NOT NULL,
        state text NOT NULL,
        since timestamptz NOT NULL,
        seen_at timestamptz,
        value double precision,
        PRIMARY KEY (tenant_id, rule_id, label_set),
        CONSTRAINT alert_states_state CHECK (state IN ('inactive', 'pending', 'firing', 'recovering', 'resolved')),
        CONSTRAINT alert_states_of_a_rule FOREIGN KEY (tenant_id, rule_id) REFERENCES analytics_data.alert_rules ON DELETE CASCADE
    $columns$, 'Where each label set of a rule stands.');
    RETURN QUERY SELECT analytics_internal.ensure_comments('analytics_data.alert_states', jsonb_build_object(
        'rule_id', 'The rule.',
        'label_set', 'The labels, as text.',
        'state', 'inactive, pending, firing, recovering or resolved.',
        'since', 'Since when the condition holds (pending) or does not (recovering); else since when it is in this state.',
        'seen_at', 'The last moment at which it had data.',
        'value', 'Its value at the last moment.'));

    RETURN QUERY SELECT analytics_internal.ensure_table('analytics_data.alerts', $columns$
        alert_id text NOT NULL DEFAULT gen_random_uuid()::text,
        rule_id text NOT NULL,
        name text NOT NULL,
        metric text NOT NULL,
        labels jsonb NOT NULL,
        severity text NOT NULL,
        value double precision,
        threshold double precision,
        started_at timestamptz NOT NULL,
        acknowledged_at timestamptz,
        acknowledged_by text,
        resolved_at timestamptz,
        resolved_by text,
        repeated_at timestamptz,
        PRIMARY KEY (tenant_id, alert_id),
        CONSTRAINT alerts_severity CHECK (severity IN ('info', 'warning', 'error', 'critical')),
        CONSTRAINT alerts_time_finite CHECK (isfinite(started_at) AND isfinite(acknowledged_at) AND isfinite(resolved_at))
    $columns$, 'Alerts: what fired, who took it on, when it was over. They outlive their rule.');
    -- Whoever evaluates: there is one open alert of a rule and label set.
    RETURN QUERY SELECT analytics_internal.ensure_index('analytics_data', 'alerts_open_once',
        'ON analytics_data.alerts (tenant_id, rule_id, md5(labels::text)) WHERE resolved_at IS NULL', true);
    RETURN QUERY SELECT analytics_internal.ensure_index('analytics_data', 'alerts_tenant_time',
        'ON analytics_data.alerts (tenant_id, started_at)');
    RETURN QUERY SELECT analytics_internal.ensure_comments('analytics_data.alerts', jsonb_build_object(
        'alert_id', 'The id of the alert, unique within the tenant.',
        'rule_id', 'The rule that fired.',
        'name', 'Its name then.',
        'metric', 'What it watched.',
        'labels', 'Of what is wrong: the rule''s labels and those of the points.',
        'severity', 'info, warning, error or critical.',
        'value', 'The value when it fired; NULL where nothing was there.',
        'threshold', 'What it was compared with.',
        'started_at', 'When it fired.',
        'acknowledged_at', 'When somebody took it on.',
        'acknowledged_by', 'Who.',
        'resolved_at', 'When it was over; NULL: it is not.',
        'resolved_by', 'Who resolved it; NULL where the condition did not hold any more for a whole window.',
        'repeated_at', 'When the channels were last told again.'));

    RETURN QUERY SELECT analytics_internal.ensure_table('analytics_data.monitoring', $columns$
        enabled boolean NOT NULL,
        changed_at timestamptz NOT NULL DEFAULT now(),
        changed_by text,
        PRIMARY KEY (tenant_id)
    $columns$, 'Tenants that have started or stopped the evaluation of their rules. Without a row it is on.');
    RETURN QUERY SELECT analytics_internal.ensure_comments('analytics_data.monitoring', jsonb_build_object(
        'enabled', 'Whether the rules are evaluated each minute.',
        'changed_at', 'Since when.',
        'changed_by', 'Who did it: the claim sub, else the role.'));

    RETURN QUERY SELECT analytics_internal.ensure_table('analytics_data.notification_channels', $columns$
        channel_id text NOT NULL,
        kind text NOT NULL,
        config jsonb NOT NULL,
        sealed jsonb NOT NULL,
        enabled boolean NOT NULL DEFAULT true,
        created_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (tenant_id, channel_id),
        CONSTRAINT notification_channels_id_length CHECK (length(channel_id) BETWEEN 1 AND 200),
        CONSTRAINT notification_channels_kind CHECK (kind IN ('webhook', 'slack', 'email', 'pg_notify'))
    $columns$, 'Who is told of alerts, and how.');
    RETURN QUERY SELECT analytics_internal.ensure_comments('analytics_data.notification_channels', jsonb_build_object(
        'channel_id', 'The id of the channel, unique within the tenant; rules name it.',
        'kind', 'webhook, slack, email or pg_notify.',
        'config', 'As it was given, secrets masked.',
        'sealed', 'As it was given. Only the owner of the table may read it.',
        'enabled', 'Whether it is told anything.',
        'created_at', 'When it was made.'));

    RETURN QUERY SELECT analytics_internal.ensure_table('analytics_data.notification_deliveries', $columns$
        delivery_id text NOT NULL DEFAULT gen_random_uuid()::text,
        channel_id text NOT NULL,
        alert_id text,
        event text NOT NULL,
        payload jsonb NOT NULL,
        status text NOT NULL,
        attempts integer NOT NULL DEFAULT 0,
        created_at timestamptz NOT NULL DEFAULT now(),
        next_attempt_at timestamptz NOT NULL DEFAULT now(),
        delivered_at timestamptz,
        last_error text,
        PRIMARY KEY (tenant_id, delivery_id),
        CONSTRAINT notification_deliveries_event CHECK (event IN ('fired', 'repeated', 'resolved', 'test')),
        CONSTRAINT notification_deliveries_status CHECK (status IN ('pending', 'queued', 'delivered', 'failed'))
    $columns$, 'The outbox: what is to be told to whom. Rows are made by the transaction that fires or resolves an alert.');
    RETURN QUERY SELECT analytics_internal.ensure_index('analytics_data', 'notification_deliveries_due',
        'ON analytics_data.notification_deliveries (next_attempt_at) WHERE status = ''pending'' ');
    RETURN QUERY SELECT analytics_internal.ensure_index('analytics_data', 'notification_deliveries_channel',
        'ON analytics_data.notification_deliveries (tenant_id, channel_id, created_at)');
    RETURN QUERY SELECT analytics_internal.ensure_comments('analytics_data.notification_deliveries', jsonb_build_object(
        'delivery_id', 'The id by which the receiver knows a repeat.',
        'channel_id', 'The channel.',
        'alert_id', 'The alert; NULL for a test.',
        'event', 'fired, repeated (it still fires, and nobody has taken it on), resolved or test.',
        'payload', 'What is told.',
        'status', 'pending, queued (for a mailer to take), delivered or failed (given up).',
        'attempts', 'How often it was tried.',
        'created_at', 'When it came to be told.',
        'next_attempt_at', 'When it is tried again.',
        'delivered_at', 'When the receiver took it.',
        'last_error', 'Why the last attempt failed.'));
END $install$;
COMMENT ON FUNCTION analytics_internal.install_operations() IS
'Makes or completes the tables of rules and alerts; a line for each thing done.';
