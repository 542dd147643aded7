#!/usr/bin/env bash
# A backend is killed while it and others take tokens: the server comes back by itself, its buckets full, and counts on.
set -euo pipefail
query() { psql -qXAt -v ON_ERROR_STOP=1 -d limits_crash -c "$1"; }
psql -qX -d postgres -c 'DROP DATABASE IF EXISTS limits_crash WITH (FORCE)' -c 'CREATE DATABASE limits_crash' 2>/dev/null
script=$(mktemp)
finish() { rm -f "$script"; psql -qX -d postgres -c 'DROP DATABASE limits_crash WITH (FORCE)'; }
trap finish EXIT
query 'CREATE EXTENSION agent_analytics'
echo "SELECT * FROM analytics.check_rate_limit('crash', 'export')" >"$script"
for round in 1 2 3; do
    [ "$(query "SELECT count(*) FILTER (WHERE (analytics.check_rate_limit('crash', 'export')).allowed) FROM generate_series(1, 15)")" = 10 ]
    pgbench -n -c 4 -j 1 -T 30 -f "$script" limits_crash >/dev/null 2>&1 &
    clients=$!
    sleep 0.7
    kill -KILL "$(query "SELECT pid FROM pg_stat_activity WHERE application_name = 'pgbench' LIMIT 1")"
    wait "$clients" && { echo 'the killed client noticed nothing' >&2; exit 1; }
    for _ in $(seq 300); do query 'SELECT 1' >/dev/null 2>&1 && break; sleep 0.1; done
    echo "round $round: the server is back, $(query "SELECT remaining FROM analytics.check_rate_limit('crash', 'dashboard')") tokens left of another class"
done
