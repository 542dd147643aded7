#!/usr/bin/env bash
# SQLsmith's random queries over our functions, views and tables, as a reader and as a superuser: no process may end, no error may be an
# internal one of ours. run_sqlsmith.sh [seconds a role, 60]; Debian's package sqlsmith. SEED=... asks the same again.
. "$(dirname "$0")/../scripts/common.sh"
begin_run
own_tree
command -v sqlsmith >/dev/null || fail "sqlsmith is missing. Install it with: sudo scripts/setup-debian.sh"
build_module
cd "$top"
seconds=${1:-60} seed=${SEED:-$RANDOM}
start_cluster sqlsmith shared_preload_libraries=agent_analytics
run() { psql -qX -v ON_ERROR_STOP=1 -o /dev/null -d smith "$@"; }
psql -qX -c 'CREATE DATABASE smith'
run -c 'CREATE EXTENSION agent_analytics' -c 'SELECT analytics.install()' -c 'SELECT analytics.setup_roles()' -f test/api/data.sql \
    -c 'CREATE ROLE smith_reader LOGIN IN ROLE authenticated' -c "ALTER ROLE smith_reader SET agent_analytics.tenant = 'north'" \
    -c 'CALL analytics.run_maintenance()' \
    -c "CREATE FUNCTION public.facts() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM analytics_data.orders'"
before=$(psql -qXtA -d smith -c 'SELECT public.facts()')
failed=0 queries=0
for role in smith_reader postgres; do
    guarded timeout -k 5 "$((seconds + 30))" timeout "$seconds" sqlsmith --verbose --exclude-catalog --seed="$seed" \
        --target="host=$PGHOST port=$PGPORT dbname=smith user=$role" >"$AA_RUN/$role.log" 2>&1 || true
    asked=$(sed -nE 's/^queries: ([0-9]+).*/\1/p' "$AA_RUN/$role.log" | tail -n 1)
    say "$role: ${asked:-no} queries, seed $seed"
    queries=$((queries + ${asked:-0}))
done
psql -qXtA -d smith -c 'SELECT public.facts()' >"$AA_RUN/after" || failed=$((failed + 1))
if [ "$(cat "$AA_RUN/after")" != "$before" ]; then say "Facts were $before and are $(cat "$AA_RUN/after")."; failed=$((failed + 1)); fi
if grep -E 'terminated by signal|PANIC|TRAP: ' -A 20 "$SERVER_LOG"; then failed=$((failed + 1)); fi
# PostgreSQL's own functions answer XX000 to numbers that are no object's. Ours name what they were about.
if grep -E ' XX000 ERROR' "$SERVER_LOG" | grep -vE 'ERROR:  +(cache lookup failed|unrecognized |could not (open|find)|invalid |unexpected |failed to find|unsupported |cannot advance OID counter)' >"$AA_RUN/internal"; then
    sed -E 's/^.* XX000 ERROR: *//; s/[0-9]+/N/g' "$AA_RUN/internal" | sort | uniq -c | sort -rn | head -n 20
    failed=$((failed + 1))
fi
[ "$queries" -gt 100 ] || { say "Too few queries."; tail -n 20 "$AA_RUN"/*.log; failed=$((failed + 1)); }
stage_result sqlsmith $((5 - failed)) "$failed"
