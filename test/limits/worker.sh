#!/usr/bin/env bash
# The worker writes down what was noted and refreshes rollups, comes back after a crash, and bears with a database that
# has no extension yet.
set -euo pipefail
: "${PG_CONFIG:?}" "${AA_RUN:?}"
settings=$(scripts/cluster.sh start "$AA_RUN/worker" "$PG_CONFIG" shared_preload_libraries=agent_analytics \
    agent_analytics.database=postgres agent_analytics.flush_interval=50ms agent_analytics.maintenance_interval=1s)
eval "$settings"
trap 'scripts/cluster.sh stop "$AA_RUN/worker"' EXIT
query() { psql -qXAt -v ON_ERROR_STOP=1 "$@"; }
worker() { query -c "SELECT pid FROM pg_stat_activity WHERE backend_type = 'agent_analytics worker'"; }
# Waits until a query says t.
until_true() {
    for _ in $(seq 200); do
        [ "$(query -c "$1" 2>/dev/null | tail -1)" != t ] || return 0
        sleep 0.1
    done
    echo "never true: $1" >&2
    return 1
}
ask() {
    query <<SQL
BEGIN READ ONLY;
SELECT set_config('request.method', 'GET', true), set_config('request.path', '/rpc/get_trends', true), set_config('request.headers', '{"x-request-id": "$1"}', true) \gset
SELECT analytics.pre_request() \gset
COMMIT;
SQL
}
until_true "SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'agent_analytics worker'"
first=$(worker)
query -c 'CREATE EXTENSION agent_analytics'
ask early  # before there is a table to write it to
query -c 'SELECT analytics.install() IS NULL' >/dev/null
ask first
until_true "SELECT count(*) = 2 FROM analytics_data.api_requests"
until_true "SELECT count(*) > 0 AND bool_and(watermark > now() - interval '1 hour') FROM analytics.get_rollup_status()"
[ "$(worker)" = "$first" ] || { echo 'the worker did not live through that' >&2; exit 1; }
kill -KILL "$first"
until_true "SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'agent_analytics worker' AND pid <> $first"
ask second
until_true "SELECT count(*) = 3 FROM analytics_data.api_requests"
query -c 'SET client_min_messages = error' -c 'DROP EXTENSION agent_analytics CASCADE'
sleep 1.5
query -c 'CREATE EXTENSION agent_analytics' -c 'SELECT analytics.install() IS NULL' >/dev/null
ask third
until_true "SELECT count(*) = 4 FROM analytics_data.api_requests"
if grep -E ' XX000 (ERROR|FATAL|PANIC)' "$SERVER_LOG"; then exit 1; fi
echo 'the worker wrote 4 requests, refreshed the rollups, and outlived a crash and DROP EXTENSION'
