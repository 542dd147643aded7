#!/usr/bin/env bash
# Replicas answer as their origin does. A physical standby, while it follows and after it was promoted; a logical subscriber,
# which has rollups of its own that what is replicated keeps exact: late rows, updates, deletes and TRUNCATE too.
set -euo pipefail
cd "$(dirname "$0")/../.."
: "${PG_CONFIG:?}" "${AA_RUN:?}"
work=$AA_RUN/replication.work
mkdir -p "$work"
chmod 755 "$work"
as_owner() {
    if [ "$(id -u)" = 0 ]; then setpriv --reuid=postgres --regid=postgres --init-groups -- "$@"; else "$@"; fi
}
finish() {
    [ ! -e "$work/standby.sock/data/postmaster.pid" ] || (cd / && as_owner "$bin/pg_ctl" -D "$work/standby.sock/data" -m immediate -w stop) >/dev/null 2>&1 || true
    scripts/cluster.sh stop "$AA_RUN/subscriber"
    scripts/cluster.sh stop "$AA_RUN/origin"
    rm -rf "$work" "${standby_socket:-$work/none}"
}
trap finish EXIT
eval "$(scripts/cluster.sh start "$AA_RUN/subscriber" "$PG_CONFIG" wal_level=logical agent_analytics.refresh_wait=5s | sed 's/PGHOST=/SUBSCRIBER=/; s/CLUSTER=[^ ]* SERVER_LOG=[^ ]*//')"
eval "$(scripts/cluster.sh start "$AA_RUN/origin" "$PG_CONFIG" wal_level=logical agent_analytics.refresh_wait=5s | sed 's/PGHOST=/ORIGIN=/')"
bin=$(dirname "$(command -v postgres)")
failed=0
wrong() { echo "replication: $*" >&2; failed=1; }
on() { psql -qXAt -v ON_ERROR_STOP=1 -h "$1" "${@:2}"; }

cat >"$work/write.sql" <<'SQL'
-- Facts of two days up to :'until', some of them late by then; a little of everything changes and goes.
SELECT setseed(:seed) \g /dev/null
SELECT analytics.record_batch(kind, items) IS NULL FROM (VALUES
    ('order', (SELECT jsonb_agg(jsonb_build_object('order_id', :seed || 'o' || i, 'total_amount', i % 97, 'customer_id', 'c' || i % 31, 'status', (ARRAY['fulfilled', 'pending', 'cancelled'])[1 + i % 3],
        'created_at', :'until'::timestamptz - i * interval '7 minutes')) FROM generate_series(1, 400) i)),
    ('session', (SELECT jsonb_agg(jsonb_build_object('session_id', :seed || 's' || i, 'customer_id', 'c' || i % 53, 'started_at', :'until'::timestamptz - i * interval '6 minutes')) FROM generate_series(1, 400) i)),
    ('llm_call', (SELECT jsonb_agg(jsonb_build_object('call_id', :seed || 'l' || i, 'model', 'gpt-4o', 'input_tokens', i, 'output_tokens', 5, 'cost_usd', i * 0.001, 'latency_ms', i % 300,
        'agent_id', 'a' || i % 5, 'created_at', :'until'::timestamptz - i * interval '5 minutes')) FROM generate_series(1, 500) i)),
    ('span', (SELECT jsonb_agg(jsonb_build_object('span_id', i::text, 'trace_id', :seed || 't' || i / 9, 'operation_name', 'x', 'cost_usd', i % 7, 'start_time', :'until'::timestamptz - i * interval '11 minutes',
        'end_time', CASE WHEN i % 5 > 0 THEN :'until'::timestamptz - i * interval '10 minutes' END)) FROM generate_series(1, 250) i)),
    ('submit_approval', (SELECT jsonb_agg(jsonb_build_object('conversation_id', 'v' || :seed || i / 2, 'agent', 'a' || i % 3, 'draft_response', 'draft', 'confidence_score', i % 100, 'created_at', :'until'::timestamptz - i * interval '9 minutes')) FROM generate_series(1, 100) i)),
    ('training_example', (SELECT jsonb_agg(jsonb_build_object('conversation_id', 'v' || :seed || i, 'input_text', 'x', 'model_draft', 'y', 'accuracy_score', 1 + i % 5, 'created_at', :'until'::timestamptz - i * interval '8 minutes')) FROM generate_series(1, 90) i))) f(kind, items) \g /dev/null
UPDATE analytics_data.orders SET total_amount = total_amount + 1 WHERE random() < 0.05;
DELETE FROM analytics_data.llm_calls WHERE random() < 0.05;
DELETE FROM analytics_data.spans WHERE random() < 0.05;
DELETE FROM analytics_data.agent_approvals WHERE random() < 0.05;
SQL
cat >"$work/ask.sql" <<'SQL'
\set as_of '2026-03-02 10:07Z'
SELECT 'trends', t::text FROM analytics.get_hourly_trends(48, :'as_of') t;
SELECT 'dashboard', (to_jsonb(d) - 'refreshed_at')::text FROM analytics.get_dashboard_summary(:'as_of') d;
SELECT 'spend', t::text FROM analytics.get_trends('7d', 'spend', as_of => :'as_of') t;
SELECT 'breakdown', t::text FROM analytics.get_cost_breakdown('7d', 'agent', :'as_of') t;
SELECT 'series', t::text FROM analytics.get_metric_series('latency_p95', '1h', '48h', as_of => :'as_of') t;
SELECT 'runs', t::text FROM analytics.list_runs(as_of => :'as_of', row_limit => 1000) t;
SELECT 'figures', t::text FROM analytics.get_project_stats('last_week', :'as_of') t;
SELECT 'quality', (analytics.get_data_quality(:'as_of') - 'checked_at')::text;
SELECT 'queue', (to_jsonb(q) - 'refreshed_at')::text FROM analytics.get_queue_status(:'as_of') q;
SELECT 'training', t::text FROM analytics.get_training_quality('7d', :'as_of') t;
SELECT 'stored', sum(orders), sum(revenue) FROM analytics.order_stats;
SELECT 'counted', count(*), sum(cost_usd) FROM analytics_data.llm_calls;
SQL
# same WHAT HOST: answers there are the origin's.
same() {
    on "$ORIGIN" -f "$work/ask.sql" >"$work/origin.out"
    on "$2" -f "$work/ask.sql" >"$work/other.out"
    if diff -u "$work/origin.out" "$work/other.out" >"$work/diff"; then echo "replication: $1: $(wc -l <"$work/origin.out") lines are the same"
    else wrong "$1 differs"; head -30 "$work/diff" >&2; fi
}
write() { on "$ORIGIN" -v seed="$1" -v until="$2" -f "$work/write.sql" >/dev/null; }
setup="SET client_min_messages = warning; CREATE EXTENSION agent_analytics; DO \$\$ BEGIN PERFORM analytics.install(); END \$\$"
on "$ORIGIN" -c "$setup"
write 0.1 '2026-03-02 10:00Z'
on "$ORIGIN" -c 'CALL analytics.run_maintenance()'
write 0.2 '2026-03-01 10:00Z'
[ "$(on "$ORIGIN" -c 'SELECT count(*) > 2 FROM analytics_store.notes')" = t ] || wrong 'no notes wait: the test is void'

# The standby: the origin's files, stored sums and notes included.
standby_socket=$(mktemp -d /tmp/aa.XXXXXX)
if [ "$(id -u)" = 0 ]; then chown postgres "$standby_socket"; fi
mkdir "$work/standby.sock"
if [ "$(id -u)" = 0 ]; then chown postgres "$work/standby.sock"; fi
place=$work/standby.sock
as_owner test -w "$place" || place=$standby_socket
(
    cd /
    as_owner "$bin/pg_basebackup" -h "$ORIGIN" -p "$PGPORT" -U "$PGUSER" -D "$place/data" -R -X stream -c fast --no-sync
    echo "unix_socket_directories = '$standby_socket'" | as_owner tee -a "$place/data/postgresql.auto.conf" >/dev/null
    as_owner "$bin/pg_ctl" -D "$place/data" -l "$place/data/server.log" -w -t 60 start
) >/dev/null 2>&1 </dev/null || { wrong 'the standby does not start'; exit 1; }
caught_up() {  # the standby has replayed all that the origin has written
    local at
    at=$(on "$ORIGIN" -c 'SELECT pg_current_wal_lsn()')
    for _ in $(seq 300); do [ "$(on "$standby_socket" -c "SELECT pg_last_wal_replay_lsn() >= '$at'")" = t ] && return; sleep 0.1; done
    wrong 'the standby lags'
}
caught_up
same 'standby, with notes' "$standby_socket"
write 0.3 '2026-03-02 09:00Z'
caught_up
same 'standby, after more' "$standby_socket"
on "$ORIGIN" -c 'CALL analytics.run_maintenance()'
caught_up
same 'standby, after a refresh' "$standby_socket"
state=$(on "$standby_socket" -v VERBOSITY=sqlstate -c "SELECT analytics.record_order('x', 1)" 2>&1 || true)
[[ $state == *25006* ]] || wrong "writing to a standby says: $state"
state=$(on "$standby_socket" -v VERBOSITY=sqlstate -c 'SELECT analytics.refresh_rollups()' 2>&1 || true)
[[ $state == *25006* ]] || wrong "refreshing a standby says: $state"

# The subscriber: facts are replicated, everything that is made of them is its own.
on "$SUBSCRIBER" -c "$setup"
on "$ORIGIN" -c 'CREATE PUBLICATION facts FOR TABLES IN SCHEMA analytics_data'
seeded=$(on "$SUBSCRIBER" -c "SELECT string_agg(format('%s', c.oid::regclass), ', ') FROM pg_class c WHERE relnamespace = 'analytics_data'::regnamespace AND relkind = 'r'")
on "$SUBSCRIBER" -c "TRUNCATE $seeded" -c "CREATE SUBSCRIPTION facts CONNECTION 'host=$ORIGIN port=$PGPORT user=$PGUSER dbname=postgres' PUBLICATION facts"
replicated() {
    local at
    for _ in $(seq 600); do
        [ "$(on "$SUBSCRIBER" -c "SELECT count(*) FROM pg_subscription_rel WHERE srsubstate <> 'r'")" = 0 ] && break
        sleep 0.1
    done
    at=$(on "$ORIGIN" -c 'SELECT pg_current_wal_lsn()')
    for _ in $(seq 600); do
        [ "$(on "$ORIGIN" -c "SELECT bool_and(confirmed_flush_lsn >= '$at') FROM pg_replication_slots WHERE slot_type = 'logical'")" = t ] && return
        sleep 0.1
    done
    wrong 'the subscriber lags'
}
replicated
same 'subscriber, after the first copy' "$SUBSCRIBER"
on "$SUBSCRIBER" -c 'CALL analytics.run_maintenance()'
same 'subscriber, refreshed' "$SUBSCRIBER"
write 0.4 '2026-03-02 08:00Z'
replicated
[ "$(on "$SUBSCRIBER" -c 'SELECT count(*) > 2 FROM analytics_store.notes')" = t ] || wrong 'the subscriber noted nothing: its sums are stale'
same 'subscriber, after late rows, updates and deletes' "$SUBSCRIBER"
on "$SUBSCRIBER" -c 'CALL analytics.run_maintenance()'
same 'subscriber, refreshed again' "$SUBSCRIBER"
on "$ORIGIN" -c 'TRUNCATE analytics_data.orders'
write 0.5 '2026-03-02 07:00Z'
replicated
same 'subscriber, after TRUNCATE' "$SUBSCRIBER"

# A standby that takes over goes on refreshing.
caught_up
on "$ORIGIN" -f "$work/ask.sql" >"$work/origin.out"
(cd / && as_owner "$bin/pg_ctl" -D "$place/data" -w promote) >/dev/null
on "$standby_socket" -c 'CALL analytics.run_maintenance()'
on "$standby_socket" -f "$work/ask.sql" >"$work/other.out"
if cmp -s "$work/origin.out" "$work/other.out"; then echo 'replication: promoted, refreshed: the same'; else wrong 'the promoted standby differs'; diff -u "$work/origin.out" "$work/other.out" | head -20 >&2; fi
(cd / && as_owner "$bin/pg_ctl" -D "$place/data" -m immediate -w stop) >/dev/null 2>&1 || true
exit "$failed"
