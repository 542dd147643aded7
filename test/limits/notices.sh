#!/usr/bin/env bash
# Notices of alerts reach their receivers: at least once, again after a failure or a crash and then with the same id, and only
# where they may. The worker evaluates by itself what it is to tell.
set -euo pipefail
: "${PG_CONFIG:?}" "${AA_RUN:?}"
settings=$(scripts/cluster.sh start "$AA_RUN/notices" "$PG_CONFIG" shared_preload_libraries=agent_analytics \
    agent_analytics.database=postgres agent_analytics.flush_interval=50ms agent_analytics.delivery_retry_ms=300 \
    "agent_analytics.notification_hosts='127.0.0.1'")
eval "$settings"
log=$AA_RUN/received
: >"$log"
python3 test/limits/receiver.py "$AA_RUN/port" "$log" &
receiver=$!
trap 'kill $receiver; scripts/cluster.sh stop "$AA_RUN/notices"' EXIT
query() { psql -qXAt -v ON_ERROR_STOP=1 "$@"; }
until_true() {
    for _ in $(seq 300); do
        [ "$(query -c "$1" 2>/dev/null | tail -1)" != t ] || return 0
        sleep 0.1
    done
    echo "never true: $1" >&2
    query -c 'SELECT channel_id, event, status, attempts, last_error FROM analytics_data.notification_deliveries' >&2
    return 1
}
received() { python3 -c "
import json, sys
print(sum(json.loads(l)['path'] == sys.argv[2] for l in open(sys.argv[1])), len({json.loads(l)['id'] for l in open(sys.argv[1]) if json.loads(l)['path'] == sys.argv[2]}))" "$log" "$1"; }
must() { [ "$1" = "$2" ] || { echo "$3: $1, not $2" >&2; exit 1; }; }
for _ in $(seq 100); do [ ! -s "$AA_RUN/port" ] || break; sleep 0.1; done
base=http://127.0.0.1:$(cat "$AA_RUN/port")
query -c 'CREATE EXTENSION agent_analytics' -c 'SELECT analytics.install() IS NULL' >/dev/null
query >/dev/null <<SQL
SELECT analytics.create_notification_channel('fails', 'webhook', '{"url": "$base/fails-twice", "headers": {"Authorization": "Bearer hush-hush"}}'),
    analytics.create_notification_channel('slow', 'webhook', '{"url": "$base/slow"}'), analytics.create_notification_channel('long', 'webhook', '{"url": "$base/long"}'),
    analytics.create_notification_channel('redirects', 'webhook', '{"url": "$base/redirects"}'), analytics.create_notification_channel('slack', 'slack', '{"url": "$base/slack?secret-path"}'),
    analytics.create_notification_channel('other', 'webhook', '{"url": "${base/127.0.0.1/localhost}/other"}');
SELECT analytics.create_alert_rule('silence', 'nothing at all', 'absent', channels => '{fails,slack,nobody}');
SQL

# The worker evaluates on the minute; nobody else does here. It fails twice, then it is taken: three times the same id.
for _ in 1 2 3; do
    until_true "SELECT count(*) = 2 FROM analytics_data.notification_deliveries WHERE event = 'fired'" && break
done
until_true "SELECT count(*) = 2 FROM analytics_data.notification_deliveries WHERE status = 'delivered'"
must "$(received /fails-twice)" '3 1' 'requests and ids of what fails twice'
must "$(received '/slack?secret-path')" '1 1' 'notices in Slack'
must "$(grep -c 'Bearer hush-hush' "$log")" 3 'requests with the header'
grep -q '"text": "FIRED: silence (warning) nothing at all' "$log" || { echo 'what Slack shows' >&2; exit 1; }

# An answer that is long, a redirect and a host that is not named are failures; no redirect is followed.
query -c "SELECT analytics.test_notification_channel(c) FROM unnest('{long,redirects,other}'::text[]) c" >/dev/null
until_true "SELECT count(*) = 3 AND bool_and(status = 'pending' AND attempts >= 2) FROM analytics_data.notification_deliveries WHERE event = 'test' AND last_error IS NOT NULL"
must "$(query -c "SELECT string_agg(last_error, '; ' ORDER BY channel_id) FROM analytics_data.notification_deliveries WHERE event = 'test'")" \
    'the answer was too long; agent_analytics.notification_hosts does not name the host; HTTP status 302' 'what went wrong'
must "$(received /elsewhere)" '0 0' 'followed redirects'
must "$(received /other)" '0 0' 'requests to a host that is not named'
query -c "DELETE FROM analytics_data.notification_deliveries WHERE event = 'test'"

# No transaction is open while a request is under way; the worker is killed in the middle, and the notice comes again.
query -c "SELECT analytics.test_notification_channel('slow')" >/dev/null
for _ in $(seq 100); do [ "$(received /slow)" = '0 0' ] || break; sleep 0.1; done
must "$(query -c "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'agent_analytics worker' AND xact_start IS NULL")" 1 'workers without a transaction'
kill -KILL "$(query -c "SELECT pid FROM pg_stat_activity WHERE backend_type = 'agent_analytics worker'")"
until_true "SELECT status = 'delivered' AND attempts = 2 FROM analytics_data.notification_deliveries WHERE channel_id = 'slow'"
must "$(received /slow)" '2 1' 'requests and ids of what was interrupted'

# Without a list no address of this machine is reached.
query -c "ALTER SYSTEM SET agent_analytics.notification_hosts = ''" -c 'SELECT pg_reload_conf()' >/dev/null
query -c "SELECT analytics.test_notification_channel('other')" >/dev/null
until_true "SELECT last_error LIKE 'the address of the host is not public%' FROM analytics_data.notification_deliveries WHERE channel_id = 'other'"
must "$(received /other)" '0 0' 'requests to this machine'
if grep -E 'hush-hush|secret-path' "$SERVER_LOG"; then echo 'a secret in the log' >&2; exit 1; fi
if grep -E ' XX000 (ERROR|FATAL|PANIC)' "$SERVER_LOG"; then exit 1; fi
echo 'every notice arrived, also after failures and a killed worker, and each again with its id'
