#!/usr/bin/env bash
# A server that may write no file above 24 MB, then one that may use little memory: refreshes, exports and large arguments end in
# an error that says so, nothing half done is seen, the session and the server live on, and answers stay exact. (A limit of the
# process, where a full disk or a full machine would be; as any user.)
set -euo pipefail
cd "$(dirname "$0")/../.."
: "${PG_CONFIG:?}" "${AA_RUN:?}"
trap 'scripts/cluster.sh stop "$AA_RUN/scarce"' EXIT
failed=0
wrong() { echo "scarcity: $*" >&2; failed=1; }
query() { psql -qXAt -v ON_ERROR_STOP=1 -c "SET client_min_messages = error" -c "$1" 2>&1; }
start() { eval "$(scripts/cluster.sh start "$AA_RUN/scarce" "$PG_CONFIG" "$@")"; data=$(cat "$AA_RUN/scarce/where"); }
as_owner() {
    if [ "$(id -u)" = 0 ]; then setpriv --reuid=postgres --regid=postgres --init-groups -- "$@"; else "$@"; fi
}
# again LIMITS...: the same cluster, its processes limited anew
again() {
    (cd / && as_owner pg_ctl -D "$data" -m fast -w stop && prlimit --pid $BASHPID "$@" && as_owner pg_ctl -D "$data" -l "$data/server.log" -w -t 60 start) >/dev/null 2>&1 </dev/null ||
        { tail -20 "$data/server.log" >&2; exit 1; }
}
refused() {  # refused WHAT PATTERN SQL
    local said
    if said=$(query "$3"); then wrong "$1: no error, but: ${said:0:200}"
    elif [[ $said =~ $2 ]]; then echo "scarcity: $1: ${said:0:120}"
    else wrong "$1: ${said:0:300}"; fi
}
exact() {
    local found
    found=$(query "SELECT count(*) FROM (SELECT bucket, tenant_id, agent_id, calls, spend FROM analytics.llm_calls_by_agent) v
        FULL JOIN (SELECT tenant_id, date_bin('15 minutes', created_at, '2000-01-01Z') AS bucket, agent_id, count(*) AS calls, sum(cost_usd) AS spend FROM analytics_data.llm_calls GROUP BY 1, 2, 3) s
        USING (tenant_id, bucket, agent_id) WHERE (v.calls, v.spend) IS DISTINCT FROM (s.calls, s.spend)")
    if [ "$found" = 0 ]; then echo "scarcity: $1: answers equal the facts"; else wrong "$1: $found buckets differ"; fi
}

start autovacuum=off
psql -qX -v ON_ERROR_STOP=1 >/dev/null <<'SQL'
SET client_min_messages = warning;
CREATE EXTENSION agent_analytics;
DO $$ BEGIN PERFORM analytics.install(); END $$;
INSERT INTO analytics_data.llm_calls (call_id, agent_id, model, input_tokens, output_tokens, cost_usd, latency_ms, created_at)
    SELECT i, 'a' || i % 50, 'gpt-4o', i % 900, 5, i * 0.0001, i % 700, '2026-03-01Z'::timestamptz + i * interval '20 seconds' FROM generate_series(1, 60000) i;
CALL analytics.run_maintenance();
INSERT INTO analytics_data.llm_calls (call_id, agent_id, cost_usd, created_at) SELECT 'late' || i, 'a' || i % 50, 0.5, '2026-03-01Z'::timestamptz + i * interval '3 hours' FROM generate_series(1, 90) i;
INSERT INTO analytics_data.training_examples (conversation_id, input_text, model_draft, confidence, created_at)
    SELECT 'c' || i, repeat(md5(i::text), 60), repeat(md5((-i)::text), 60), 90, now() - interval '1 hour' FROM generate_series(1, 9000) i;
SQL

again --fsize=$((24 * 1024 * 1024))
exact 'no room, before anything'
refused 'an export without room' 'File too large|No space|could not' "SELECT analytics.export_training_file('json')"
[ "$(query 'SELECT (SELECT count(*) FROM analytics_data.exports) + (SELECT count(*) FROM analytics_data.export_chunks)')" = 0 ] || wrong 'half an export is seen'
refused 'facts without room' 'File too large|No space|could not' "INSERT INTO analytics_data.llm_calls (call_id, agent_id, cost_usd, created_at)
    SELECT 'more' || i, repeat('a', 150), 0.5, '2026-03-01Z'::timestamptz + i * interval '1 second' FROM generate_series(1, 300000) i"
exact 'after both'
query 'SELECT count(*) FROM analytics.refresh_rollups()' >/dev/null || true  # may or may not find room
exact 'after a refresh'
[ "$(query "SELECT analytics.record_llm_call(call_id => 'one', agent_id => 'a1', cost_usd => 1)")" = one ] || wrong 'the server takes no more facts'

again --fsize=unlimited --as=$((1200 * 1024 * 1024))
query 'CALL analytics.run_maintenance()' >/dev/null
exact 'room again, little memory, refreshed'
refused 'redact_pii of 400 MB' 'memory' "SELECT length(analytics.redact_pii(repeat('call 555-0100 or a@example.com ', 13000000)))"
refused 'anomalies of 20 million points' 'memory|at most|must' "SELECT count(*) FROM analytics.detect_anomalies(array_fill(1.5::float8, ARRAY[20000000]))"
refused 'a set of 40 million' 'memory' "SELECT analytics.cardinality(analytics.distinct_set(md5(i::text))) FROM generate_series(1, 40000000) i"
exact 'after running out of memory'
[ "$(query 'SELECT 1 FROM analytics.get_trends()  LIMIT 1')" = 1 ] || wrong 'get_trends does not answer'
if grep -q 'terminated by signal' "$data/server.log"; then wrong 'a process was killed'; grep 'terminated by signal' "$data/server.log" >&2; fi
exit "$failed"
