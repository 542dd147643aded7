#!/usr/bin/env bash
# Kills a backend or the postmaster with SIGKILL under writers (fresh and late rows, updates, deletes, a transaction
# left prepared; spans; money that is set aside and settled) and refreshes, starts again, and compares the rollup's view with
# its source, and figures of runs with their spans, before and after a refresh; no budget is ever exceeded.
# SEED chooses the moments, ROUNDS how many.
set -euo pipefail
cd "$(dirname "$0")/../.."
seed=${SEED:-1} rounds=${ROUNDS:-6}
RANDOM=$seed
: "${PG_CONFIG:?}" "${AA_RUN:?}"
settings=$(scripts/cluster.sh start "$AA_RUN/crash" "$PG_CONFIG" agent_analytics.refresh_wait=200ms autovacuum_naptime=1s)
eval "$settings"
data=$(cat "$AA_RUN/crash/where")
jobs=()
finish() {
    touch "$AA_RUN/crash.stop"
    for job in "${jobs[@]}"; do wait "$job" || true; done
    scripts/cluster.sh stop "$AA_RUN/crash"
    rm -rf "$AA_RUN/crash.work" "$AA_RUN/crash.stop"
}
trap finish EXIT
work=$AA_RUN/crash.work
mkdir -p "$work"
query() { psql -qXAt -v ON_ERROR_STOP=1 -c "$1"; }
as_owner() {
    if [ "$(id -u)" = 0 ]; then setpriv --reuid=postgres --regid=postgres --init-groups -- "$@"; else "$@"; fi
}
start_server() {  # the killed postmaster's children may hold the shared memory for a moment
    for _ in $(seq 30); do
        (cd "$data" && as_owner pg_ctl -D "$data" -l "$data/server.log" -w -t 60 start) >/dev/null 2>&1 </dev/null && return
        sleep 0.5
    done
    tail -20 "$data/server.log" >&2
    return 1
}
wait_ready() {
    for _ in $(seq 300); do query 'SELECT 1' >/dev/null 2>&1 && return; sleep 0.1; done
    return 1
}

psql -qX -v ON_ERROR_STOP=1 <<'SQL'
SET client_min_messages = warning;
CREATE EXTENSION agent_analytics;
SELECT analytics.install() IS NULL AS nothing \gset
CREATE TABLE readings (tenant_id text NOT NULL, at timestamptz NOT NULL, amount numeric NOT NULL, who integer);
CREATE INDEX ON readings (tenant_id, at);
CREATE INDEX ON readings (at);
INSERT INTO readings SELECT 't' || i % 3, now() - i * interval '7 seconds', i, i % 40 FROM generate_series(1, 3000) i;
SELECT analytics.create_rollup('reading_stats', 'public.readings', 'at',
    '{"n": "count(*)", "total": "sum(amount)", "people": "distinct(who)"}', '{}', '1 minute') IS NULL AS nothing \gset
-- A short lag makes rows late soon: the moving limit is what a crash could break.
UPDATE analytics_store.sources SET lag = '1 second' WHERE relation = 'readings'::regclass;
CREATE VIEW differences AS
    SELECT coalesce(s.tenant_id, v.tenant_id) AS tenant_id, bucket
    FROM (SELECT tenant_id, bucket, n, total, people__n FROM analytics.reading_stats) v
    FULL JOIN (SELECT tenant_id, date_trunc('minute', at) AS bucket, count(*) AS n, sum(amount) AS total,
                      count(DISTINCT who) AS people FROM readings GROUP BY 1, 2) s USING (tenant_id, bucket)
    WHERE (v.n, v.total, v.people__n) IS DISTINCT FROM (s.n, s.total, s.people)
    UNION ALL
    SELECT 'runs', now() FROM analytics.get_project_stats('last_day') s,
        (SELECT count(*) AS runs, sum(cost) AS cost FROM (SELECT sum(cost_usd) AS cost FROM analytics_data.spans WHERE start_time > now() - interval '24 hours' AND start_time <= now() GROUP BY run_key) r) p
    WHERE (s.total_runs, s.total_cost) IS DISTINCT FROM (p.runs, coalesce(p.cost, 0))
    UNION ALL
    SELECT 'budget', now() FROM analytics.get_budget_status() b WHERE b.spent_usd + b.reserved_usd > b.amount_usd;
SELECT analytics.set_budget('default', 40, 'total') IS NULL AS nothing \gset
SQL

cat >"$work/fresh.sql" <<'SQL'
\set t random(0, 2)
\set a random(1, 1000)
INSERT INTO readings VALUES ('t' || :t, clock_timestamp(), :a / 100.0, :a % 50);
SQL
cat >"$work/late.sql" <<'SQL'
\set t random(0, 2)
\set s random(0, 20000)
\set a random(1, 1000)
BEGIN;
INSERT INTO readings VALUES ('t' || :t, now() - :s * interval '1 second', :a / 100.0, :a % 50);
SAVEPOINT s;
UPDATE readings SET amount = amount + 1 WHERE tenant_id = 't' || :t AND at BETWEEN now() - :s * interval '1 second' AND now() - (:s - 9) * interval '1 second';
RELEASE s;
COMMIT;
SQL
cat >"$work/remove.sql" <<'SQL'
\set t random(0, 2)
\set s random(0, 20000)
DELETE FROM readings WHERE tenant_id = 't' || :t AND at BETWEEN now() - :s * interval '1 second' AND now() - (:s - 4) * interval '1 second';
SQL

cat >"$work/spans.sql" <<'SQL'
\set r random(1, 400)
\set s random(1, 30)
SELECT analytics.record_span(:s::text, 'run' || :r, 'x', now() - interval '1 hour' - :r * interval '1 second', CASE WHEN :s % 3 > 0 THEN now() - interval '59 minutes' END, cost_usd => :s);
SQL
cat >"$work/money.sql" <<'SQL'
\set a random(1, 90)
SELECT analytics.settle_reservation(r.reservation_id, CASE WHEN :a % 4 = 0 THEN :a / 200.0 ELSE 0 END)
FROM analytics.reserve_budget(:a / 100.0) r WHERE r.allowed;
SELECT analytics.reserve_budget(:a / 1000.0, ttl => '3 seconds');
SQL

# The session ends with a crash; it comes back while the server does.
keep_going() {
    while [ ! -e "$AA_RUN/crash.stop" ]; do "$@" >>"$work/log" 2>&1 || sleep 0.2; done
}
writers() {
    keep_going pgbench -n -c 4 -j 1 -T 5 -f "$work/fresh.sql@6" -f "$work/late.sql@3" -f "$work/remove.sql@1" -f "$work/spans.sql@3" -f "$work/money.sql@2" &
    jobs+=($!)
    keep_going psql -qX -c 'SELECT analytics.refresh_rollups()' -c 'SELECT analytics_internal.refresh_runs(100)' -c 'SELECT pg_sleep(0.05)' &
    jobs+=($!)
}
compare() {
    local differences
    differences=$(query 'SELECT count(*) FROM differences')
    if [ "$differences" != 0 ]; then
        echo "crash: seed $seed, round $round, $1: $differences differences" >&2
        query 'SELECT * FROM differences ORDER BY 1, 2 LIMIT 10' >&2
        failed=1
    fi
}

failed=0 checks=0
for round in $(seq "$rounds"); do
    rm -f "$AA_RUN/crash.stop"
    writers
    sleep "$((RANDOM % 3)).$((RANDOM % 10))$((RANDOM % 10))"
    query "BEGIN; INSERT INTO readings VALUES ('t0', now() - interval '1 hour', $round, 60), ('t1', now(), $round, 61);
           PREPARE TRANSACTION 'round$round'" || true
    sleep "0.$((RANDOM % 10))$((RANDOM % 10))"
    case $((round % 3)) in
    0) victim=refresher pid=$(query "SELECT pid FROM pg_stat_activity WHERE query LIKE 'SELECT analytics.refresh%' LIMIT 1") ;;
    1) victim=postmaster pid=$(head -1 "$data/postmaster.pid") ;;
    2) victim=writer pid=$(query "SELECT pid FROM pg_stat_activity WHERE application_name = 'pgbench' LIMIT 1") ;;
    esac
    [ -n "$pid" ] || { victim=postmaster; pid=$(head -1 "$data/postmaster.pid"); }
    kill -KILL "$pid"
    sleep 0.3
    if [ "$victim" = postmaster ]; then
        touch "$AA_RUN/crash.stop"
        start_server
    fi
    wait_ready
    compare 'after the crash, others writing'
    sleep 0.5
    touch "$AA_RUN/crash.stop"
    for job in "${jobs[@]}"; do wait "$job" || true; done
    jobs=()
    compare 'after the crash'
    query 'SELECT count(*) FROM analytics.refresh_rollups()' >/dev/null
    compare 'after a refresh with a prepared transaction'
    if [ "$(query 'SELECT count(*) FROM pg_prepared_xacts')" != 0 ]; then
        if [ $((round % 2)) = 0 ]; then query "ROLLBACK PREPARED 'round$round'"; else query "COMMIT PREPARED 'round$round'"; fi
    fi
    compare 'when the prepared transaction has ended'
    query "SET agent_analytics.refresh_wait = '20s'; SELECT count(*) FROM analytics.refresh_rollups()" >/dev/null
    compare 'after a refresh'
    stored=$(query "SELECT count(*) FROM analytics_store.rollups WHERE name = 'reading_stats' AND summarised_to > now() - interval '3 minutes'")
    [ "$stored" = 1 ] || { echo "crash: seed $seed, round $round: the refresh did not advance" >&2; failed=1; }
    checks=$((checks + 5))
    echo "crash: round $round, $victim $pid killed, $(query 'SELECT count(*) FROM readings') rows, no difference: $((1 - failed))"
done
echo "crash: seed $seed, $rounds rounds, $checks comparisons, failed: $failed"
exit "$failed"
