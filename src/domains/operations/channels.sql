-- Notification channels, and the outbox of what they are to be told.

CREATE OR REPLACE FUNCTION analytics_internal.channel_problem(kind text, config jsonb) RETURNS text[]
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(
        analytics_internal.choice_problem('kind', kind, '{webhook,slack,email,pg_notify}'),
        CASE WHEN config IS NULL OR jsonb_typeof(config) <> 'object'
             THEN ARRAY['config', 'a JSON object', coalesce('a JSON ' || jsonb_typeof(config), 'NULL')]
             WHEN length(config::text) > 10000 THEN ARRAY['config', 'at most 10000 characters long', format('%s characters long', length(config::text))] END,
        (SELECT ARRAY['a key of config', format('one of %s for this kind', array_to_string(allowed, ', ')), format('"%s"', left(k, 100))]
         FROM (SELECT CASE kind WHEN 'webhook' THEN '{url,headers}' WHEN 'slack' THEN '{url}' WHEN 'email' THEN '{to}' ELSE '{channel}' END::text[] AS allowed) a, jsonb_object_keys(config) k
         WHERE k <> ALL (allowed) ORDER BY k LIMIT 1),
        CASE WHEN kind IN ('webhook', 'slack') AND NOT coalesce(jsonb_typeof(config -> 'url') = 'string' AND length(config ->> 'url') <= 2000
                  AND config ->> 'url' ~* '^https?://(\\[[0-9a-f:.]+\\]|[a-z0-9]([a-z0-9.-]*[a-z0-9])?)(:[0-9]{1,5})?([/?][!-~]*)?$' AND strpos(config ->> 'url', '***') = 0, false)
             THEN ARRAY['url in config', 'an address such as https://example.com/hook, without a name or password', 'something else'] END,
        CASE WHEN config ? 'headers' AND jsonb_typeof(config -> 'headers') <> 'object' THEN ARRAY['headers in config', 'an object of texts', 'something else'] END,
        (SELECT ARRAY['headers in config', 'at most 20 names of letters, digits and dashes, with texts of printable ASCII characters, and not Host, Content-Length, Transfer-Encoding or X-Delivery-Id', 'something else']
         FROM (SELECT count(*) AS n, bool_and(jsonb_typeof(value) = 'string' AND key ~ '^[A-Za-z0-9-]{1,100}$' AND value #>> '{}' ~ '^[ -~]+$' AND length(value #>> '{}') <= 1000
                                              AND lower(key) NOT IN ('host', 'content-length', 'transfer-encoding', 'x-delivery-id')) AS good
               FROM jsonb_each(CASE WHEN jsonb_typeof(config -> 'headers') = 'object' THEN config -> 'headers' ELSE '{}' END)) h WHERE n > 20 OR NOT good),
        CASE WHEN kind = 'email' AND NOT coalesce(jsonb_typeof(config -> 'to') = 'string' AND config ->> 'to' ~ '^[^\s@<>,;]{1,64}@[^\s@<>,;]{1,255}$', false)
             THEN ARRAY['to in config', 'an address such as ops@example.com', 'something else'] END,
        CASE WHEN kind = 'pg_notify' AND NOT coalesce(jsonb_typeof(config -> 'channel') = 'string' AND octet_length(config ->> 'channel') BETWEEN 1 AND 63, false)
             THEN ARRAY['channel in config', 'the name of a channel to LISTEN to, of at most 63 bytes', 'something else'] END)
$$;
COMMENT ON FUNCTION analytics_internal.channel_problem(text, jsonb) IS
'What is wrong with a channel; NULL if nothing. No secret of config is told.';

CREATE OR REPLACE FUNCTION analytics_internal.masked_config(config jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT config
        || CASE WHEN config ? 'url' THEN jsonb_build_object('url', substring(config ->> 'url' FROM '^[^:]+://[^/?]*') || '/***') ELSE '{}' END
        || CASE WHEN config ? 'headers' THEN jsonb_build_object('headers', (SELECT coalesce(jsonb_object_agg(k, '***'), '{}') FROM jsonb_object_keys(config -> 'headers') k)) ELSE '{}' END
$$;
COMMENT ON FUNCTION analytics_internal.masked_config(jsonb) IS
'A channel''s config as it may be read: of an address its host, of headers their names.';

CREATE OR REPLACE FUNCTION analytics.create_notification_channel(channel_id text, kind text, config jsonb) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    tenant CONSTANT text := analytics.current_tenant();
    problem text[] := coalesce(analytics_internal.text_problem('channel_id', channel_id, 200, true), analytics_internal.channel_problem(kind, config));
BEGIN
    IF problem IS NOT NULL THEN
        PERFORM analytics_internal.refuse(problem);
    END IF;
    PERFORM analytics_internal.lock_alerts();
    UPDATE analytics_data.notification_channels c SET kind = kind, config = analytics_internal.masked_config(config), sealed = config
    WHERE c.tenant_id = tenant AND c.channel_id = channel_id;
    IF NOT FOUND THEN
        IF (SELECT count(*) FROM analytics_data.notification_channels c WHERE c.tenant_id = tenant) >= 100 THEN
            RAISE EXCEPTION 'too many notification channels' USING ERRCODE = 'PT409',
                DETAIL = 'There are 100, which is as many as a tenant may have.', HINT = 'A known channel_id changes that channel.';
        END IF;
        INSERT INTO analytics_data.notification_channels (tenant_id, channel_id, kind, config, sealed)
        VALUES (tenant, channel_id, kind, analytics_internal.masked_config(config), config);
    END IF;
    RETURN channel_id;
END $$;
COMMENT ON FUNCTION analytics.create_notification_channel(text, text, jsonb) IS
'Makes a notification channel, or changes it, and returns its id. Rules name the channels that they tell.
channel_id: at most 200 characters. kind: webhook (a POST with the notice as JSON, and your headers), slack (an incoming webhook of Slack), email (a row for a mailer) or pg_notify (NOTIFY). config: of webhook {"url": "https://example.com/hook", "headers": {"Authorization": "Bearer ..."}}, of slack {"url": "https://hooks.slack.com/services/..."}, of email {"to": "ops@example.com"}, of pg_notify {"channel": "alerts"}. Addresses are http or https. Hosts within your network are refused at delivery unless agent_analytics.notification_hosts names them.
config can never be read back: what is read has addresses cut to the host, and no values of headers.
Example: SELECT analytics.create_notification_channel(''ops'', ''pg_notify'', ''{"channel": "alerts"}'');
Errors: 22023 for a bad argument; PT409 for more than 100 channels.';

CREATE OR REPLACE FUNCTION analytics.list_notification_channels()
RETURNS TABLE (channel_id text, kind text, config jsonb, enabled boolean, last_delivery_at timestamptz, last_status text)
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 10 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT c.channel_id, c.kind, c.config, c.enabled, d.delivered_at, l.status
    FROM analytics_data.notification_channels c
    LEFT JOIN LATERAL (SELECT max(x.delivered_at) AS delivered_at FROM analytics_data.notification_deliveries x
                       WHERE x.tenant_id = c.tenant_id AND x.channel_id = c.channel_id) d ON true
    LEFT JOIN LATERAL (SELECT x.status FROM analytics_data.notification_deliveries x
                       WHERE x.tenant_id = c.tenant_id AND x.channel_id = c.channel_id ORDER BY x.created_at DESC, x.delivery_id LIMIT 1) l ON true
    WHERE c.tenant_id = (SELECT analytics.current_tenant()) ORDER BY c.channel_id;
END $$;
COMMENT ON FUNCTION analytics.list_notification_channels() IS
'The tenant''s notification channels, by id; at most 100.
config: without its secrets. last_delivery_at: when it last took a notice. last_status: of the newest notice: pending, queued (a mailer has not taken it yet), delivered or failed (given up).';

CREATE OR REPLACE FUNCTION analytics_internal.put_delivery(channel text, alert text, event text, payload jsonb) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    id CONSTANT text := gen_random_uuid()::text;
BEGIN
    INSERT INTO analytics_data.notification_deliveries (tenant_id, delivery_id, channel_id, alert_id, event, payload, status)
    SELECT c.tenant_id, id, c.channel_id, alert, put_delivery.event, put_delivery.payload || jsonb_build_object('delivery_id', id, 'event', put_delivery.event),
           CASE c.kind WHEN 'email' THEN 'queued' ELSE 'pending' END
    FROM analytics_data.notification_channels c
    WHERE c.tenant_id = analytics.current_tenant() AND c.channel_id = channel AND c.enabled;
    RETURN CASE WHEN FOUND THEN id END;
END $$;
COMMENT ON FUNCTION analytics_internal.put_delivery(text, text, text, jsonb) IS
'Puts a notice into the outbox and returns its id; NULL where there is no such channel.';

CREATE OR REPLACE FUNCTION analytics_internal.tell_channels(alert text, event text, at timestamptz) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM analytics_internal.put_delivery(channel, alert, event, jsonb_build_object(
        'tenant', a.tenant_id, 'alert_id', a.alert_id, 'rule_id', a.rule_id, 'name', a.name, 'metric', a.metric, 'labels', a.labels, 'severity', a.severity,
        'value', a.value, 'threshold', a.threshold, 'started_at', a.started_at, 'at', tell_channels.at))
    FROM analytics_data.alerts a
    JOIN analytics_data.alert_rules r ON r.tenant_id = a.tenant_id AND r.rule_id = a.rule_id, unnest(r.channels) channel
    WHERE a.tenant_id = analytics.current_tenant() AND a.alert_id = tell_channels.alert;
END $$;
COMMENT ON FUNCTION analytics_internal.tell_channels(text, text, timestamptz) IS
'Puts a notice of an alert into the outbox for each channel of its rule, in the transaction of what happened.';

CREATE OR REPLACE FUNCTION analytics.test_notification_channel(channel_id text) RETURNS jsonb
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    id CONSTANT text := analytics_internal.put_delivery(channel_id, NULL, 'test', jsonb_build_object('tenant', analytics.current_tenant(), 'name', 'test', 'severity', 'info', 'at', now()));
BEGIN
    IF id IS NULL THEN
        RAISE EXCEPTION 'unknown notification channel' USING ERRCODE = 'PT404',
            DETAIL = format('There is no channel "%s".', left(coalesce(channel_id, 'NULL'), 200)), HINT = 'list_notification_channels shows them.';
    END IF;
    RETURN (SELECT jsonb_build_object('delivery_id', id, 'status', d.status) FROM analytics_data.notification_deliveries d
            WHERE d.tenant_id = analytics.current_tenant() AND d.delivery_id = id);
END $$;
COMMENT ON FUNCTION analytics.test_notification_channel(text) IS
'Sends a test notice to a channel.
channel_id: of list_notification_channels, whose last_status tells what became of it.
Result: {"delivery_id", "status"}: pending, to be sent by the background worker in a moment, or queued for a mailer.
Errors: PT404 for an unknown channel.';

-- What follows is for the worker: two short transactions, and the request between them.
CREATE OR REPLACE FUNCTION analytics_internal.claim_deliveries(most integer DEFAULT 20)
RETURNS TABLE (tenant_id text, delivery_id text, kind text, url text, headers jsonb, body text)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 20 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    pause CONSTANT double precision := coalesce(current_setting('agent_analytics.delivery_retry_ms', true), '10000')::double precision;
    notice record;
BEGIN
    IF to_regclass('analytics_data.notification_deliveries') IS NULL THEN
        RETURN;
    END IF;
    -- What PostgreSQL delivers itself is delivered when this commits. A notice that is too long for it is cut to its ids.
    FOR notice IN SELECT d.tenant_id, d.delivery_id, d.payload, c.sealed ->> 'channel' AS channel FROM analytics_data.notification_deliveries d
                  JOIN analytics_data.notification_channels c USING (tenant_id, channel_id)
                  WHERE d.status = 'pending' AND d.next_attempt_at <= now() AND c.kind = 'pg_notify'
                  ORDER BY d.next_attempt_at LIMIT 1000 FOR UPDATE OF d SKIP LOCKED LOOP
        PERFORM pg_notify(notice.channel, CASE WHEN octet_length(notice.payload::text) < 8000 THEN notice.payload
            ELSE jsonb_build_object('delivery_id', notice.delivery_id, 'event', notice.payload -> 'event', 'alert_id', notice.payload -> 'alert_id') END::text);
        UPDATE analytics_data.notification_deliveries d SET status = 'delivered', attempts = d.attempts + 1, delivered_at = now()
        WHERE d.tenant_id = notice.tenant_id AND d.delivery_id = notice.delivery_id;
    END LOOP;
    -- A worker that dies between this and the answer has the notice sent again, with the same id, after the pause.
    RETURN QUERY
    WITH due AS (
        SELECT d.tenant_id, d.delivery_id FROM analytics_data.notification_deliveries d
        JOIN analytics_data.notification_channels c USING (tenant_id, channel_id)
        WHERE d.status = 'pending' AND d.next_attempt_at <= now() AND c.kind IN ('webhook', 'slack')
        ORDER BY d.next_attempt_at LIMIT most FOR UPDATE OF d SKIP LOCKED)
    UPDATE analytics_data.notification_deliveries d
    SET attempts = attempts + 1, last_error = NULL,
        next_attempt_at = now() + least(pause * 2 ^ least(attempts, 30), 3600000) * interval '1 millisecond'
    FROM due, analytics_data.notification_channels c
    WHERE d.tenant_id = due.tenant_id AND d.delivery_id = due.delivery_id AND c.tenant_id = d.tenant_id AND c.channel_id = d.channel_id
    RETURNING d.tenant_id, d.delivery_id, c.kind, c.sealed ->> 'url', coalesce(c.sealed -> 'headers', '{}'),
        CASE c.kind WHEN 'slack' THEN jsonb_build_object('text', format('%s: %s (%s) %s %s', upper(d.event), d.payload ->> 'name', d.payload ->> 'severity',
                                                                        d.payload ->> 'metric', d.payload ->> 'value')) ELSE d.payload END::text;
END $$;
COMMENT ON FUNCTION analytics_internal.claim_deliveries(integer) IS
'The notices that are to be sent now, each marked as tried: for the worker. Those of pg_notify are delivered by it.
most: how many.';

CREATE OR REPLACE FUNCTION analytics_internal.finish_delivery(tenant text, delivery text, problem text) RETURNS void
LANGUAGE sql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
    UPDATE analytics_data.notification_deliveries d
    SET status = CASE WHEN problem IS NULL THEN 'delivered' WHEN d.attempts >= 12 THEN 'failed' ELSE 'pending' END,
        delivered_at = CASE WHEN problem IS NULL THEN clock_timestamp() END, last_error = left(problem, 500)
    WHERE d.tenant_id = tenant AND d.delivery_id = delivery AND d.status = 'pending'
$$;
COMMENT ON FUNCTION analytics_internal.finish_delivery(text, text, text) IS
'What became of an attempt to send a notice: for the worker.
problem: NULL where it was taken. After 12 attempts it is given up.';
