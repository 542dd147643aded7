#!/usr/bin/env bash
# sql/*.sql against expected/*.out by pg_regress, as `make installcheck` runs them, in a throwaway cluster.
# Arguments are names of tests; without any all run.
. "$(dirname "$0")/../scripts/common.sh"
stage_with_cluster
output=$AA_RUN/regress
rm -rf "$output"
mkdir -p "$output"
if [ $# = 0 ]; then
    for file in sql/*.sql; do set -- "$@" "$(basename "$file" .sql)"; done
fi
pg_regress=$(dirname "$("$PG_CONFIG" --pgxs)")/../../src/test/regress/pg_regress
cd "$output"  # a test may write to results/
"$pg_regress" --inputdir="$top" --outputdir="$output" --bindir="$("$PG_CONFIG" --bindir)" \
    --dbname=contrib_regression "$@" >"$output/log" 2>&1 || true
cat "$output/log"
[ ! -s "$output/regression.diffs" ] || cat "$output/regression.diffs"
# PostgreSQL 16 and newer speak TAP.
passed=$(grep -cE '^(ok |test .* ok +[0-9]+ ms)' "$output/log" || true)
stage_result regress "$passed" $(($# - passed))
