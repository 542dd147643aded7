#!/usr/bin/env bash
# test/tap/*.sql by pg_prove, each in a new, empty database: a test creates the extensions it needs.
# Arguments are names of files; without any all run.
. "$(dirname "$0")/../scripts/common.sh"
stage_with_cluster
[ $# != 0 ] || set -- test/tap/*.sql
passed=0 failed=0
for file in "$@"; do
    database=tap_$(basename "$file" .sql)
    psql -qX -d postgres -c "DROP DATABASE IF EXISTS \"$database\" WITH (FORCE)" -c "CREATE DATABASE \"$database\"" 2>&1
    status=0
    pg_prove --verbose --dbname "$database" "$file" >"$AA_RUN/tap.log" 2>&1 || status=$?
    ok=$(grep -cE '^ok ' "$AA_RUN/tap.log" || true)
    not_ok=$(grep -cE '^not ok ' "$AA_RUN/tap.log" || true)
    # A file that dies or runs too few tests fails, also where no single test says so.
    if [ "$status" != 0 ]; then
        [ "$not_ok" != 0 ] || not_ok=1
        cat "$AA_RUN/tap.log"
    fi
    say "$file: $ok ok, $not_ok not ok"
    passed=$((passed + ok)) failed=$((failed + not_ok))
    psql -qX -d postgres -c "DROP DATABASE IF EXISTS \"$database\" WITH (FORCE)"
done
stage_result tap "$passed" "$failed"
