#!/usr/bin/env bash
# test/isolation/specs/*.spec against test/isolation/expected/*.out by pg_isolation_regress, in a database that has
# the extension and what analytics.install() makes. Arguments are names of specs; without any all run.
. "$(dirname "$0")/../scripts/common.sh"
stage_with_cluster
output=$AA_RUN/isolation
rm -rf "$output"
mkdir -p "$output"
if [ $# = 0 ]; then
    for file in test/isolation/specs/*.spec; do set -- "$@" "$(basename "$file" .spec)"; done
fi
psql -qX -v ON_ERROR_STOP=1 -d postgres -c 'DROP DATABASE IF EXISTS isolation WITH (FORCE)' -c 'CREATE DATABASE isolation'
psql -qX -v ON_ERROR_STOP=1 -d isolation -o /dev/null -c 'CREATE EXTENSION agent_analytics' -c 'SELECT analytics.install()'
"$(dirname "$("$PG_CONFIG" --pgxs)")/../../src/test/isolation/pg_isolation_regress" \
    --inputdir="$top/test/isolation" --outputdir="$output" --bindir="$("$PG_CONFIG" --bindir)" \
    --use-existing --dbname=isolation "$@" >"$output/log" 2>&1 || true
cat "$output/log"
[ ! -s "$output/regression.diffs" ] || cat "$output/regression.diffs"
passed=$(grep -cE '^(ok |test .* ok +[0-9]+ ms)' "$output/log" || true)
stage_result isolation "$passed" $(($# - passed))
