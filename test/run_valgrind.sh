#!/usr/bin/env bash
# A session of the server under valgrind's memcheck: some of sql/*.sql, or the files named (test/tap/*.sql too), each in a database of its own. Reported is what a function of ours
# did, or a library that it called. PostgreSQL's memory contexts are one block each to valgrind, since Debian's server is not built for it: what is seen
# are uninitialised values, and invalid reads and writes of the C++ heap and of mapped memory. Slow (a minute and more a
# file on an idle machine); part of no run. run_valgrind.sh [FILE ...]; Debian's package valgrind.
. "$(dirname "$0")/../scripts/common.sh"
begin_run
own_tree
command -v valgrind >/dev/null || fail "valgrind is missing. Install it with: apt-get install valgrind"
unset AA_PG_CONFIG
PG_CONFIG=$("$top/scripts/pg_prefix.sh" "$AA_RUN/pg_valgrind" "${PG_CONFIG:-pg_config}")  # whose server is wrapped below
export PG_CONFIG AA_PG_CONFIG=$PG_CONFIG
cd "$top"
flock build/.lock make -s -j"$jobs" PG_CONFIG="$PG_CONFIG" install >/dev/null
[ $# != 0 ] || set -- sql/05_sketches.sql sql/10_commerce.sql sql/20_spend_cost.sql sql/60_statistics.sql

start_cluster valgrind jit=off
bin=$(dirname "$PG_CONFIG") data=$(cat "$AA_CLUSTER/where")
as_owner() { if [ "$(id -u)" = 0 ]; then (cd / && setpriv --reuid=postgres --regid=postgres --init-groups -- "$@"); else "$@"; fi; }
as_owner "$bin/pg_ctl" -D "$data" -m fast -w stop >/dev/null
mkdir -m 1777 "$AA_RUN/reports"
mv "$bin/postgres" "$bin/postgres.real"
cat >"$bin/postgres" <<EOF
#!/bin/sh
case "\$1" in -V|--version) exec "\$0.real" "\$@" ;; esac
exec valgrind --quiet --leak-check=no --num-callers=40 --error-markers=BEGIN,END --log-file=$AA_RUN/reports/%p "\$0.real" "\$@"
EOF
chmod 755 "$bin/postgres"
as_owner "$bin/pg_ctl" -D "$data" -l "$SERVER_LOG" -w -t 300 start >/dev/null

passed=0 failed=0
for file in "$@"; do
    psql -qX -d postgres -c 'DROP DATABASE IF EXISTS memory WITH (FORCE)' -c 'CREATE DATABASE memory' 2>/dev/null
    started=$SECONDS
    first=(-c 'SET client_min_messages = warning' -c 'CREATE EXTENSION agent_analytics')
    [[ $file != test/tap/* ]] || first=()  # which make their extensions themselves
    psql -qXa -d memory "${first[@]}" -f "$file" >"$AA_RUN/session.log" 2>&1 || true
    if grep -E '^not ok' "$AA_RUN/session.log"; then failed=$((failed + 1)); fi
    if psql -qXtA -d memory -c 'SELECT 1' >/dev/null 2>&1; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
    say "$file: $((SECONDS - started)) s"
done
as_owner "$bin/pg_ctl" -D "$data" -m fast -w -t 300 stop >/dev/null || true
# A report is ours where a function of ours comes before any of PostgreSQL's in the stack; what is written to a socket or a file may
# hold padding.
if awk '/ BEGIN$/ {block = ""; ours = theirs = padding = 0} {block = block $0 "\n"} /postgres\.real/ {theirs = 1}
        /analytics::|[ (]analytics_[a-z]|agent_analytics\.so/ {if (!theirs) ours = 1} /Syscall param (write|send|pwrite)/ {padding = 1}
        / END$/ {if (ours && !padding) {print block; found = 1}} END {exit !found}' "$AA_RUN"/reports/*; then failed=$((failed + 1)); fi
say "$(cat "$AA_RUN"/reports/* | grep -c ' BEGIN$' || true) reports in all, PostgreSQL's own among them"
stage_result valgrind "$passed" "$failed"
