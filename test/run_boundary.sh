#!/usr/bin/env bash
# The binding layer (src/pg) by a module that throws and raises on purpose. SANITIZE holds compiler flags, for the
# sanitized server of run_sanitize.sh.
. "$(dirname "$0")/../scripts/common.sh"
stage_with_cluster
build=$AA_RUN/boundary
rm -rf "$build"
mkdir -p "$build"
cp -r src "$build/" && mkdir -p "$build/test" && cp -r test/boundary "$build/test/"
make -s -C "$build/test/boundary" PG_CONFIG="$PG_CONFIG" SANITIZE="${SANITIZE:-}" install >"$build/log" 2>&1 || { cat "$build/log"; exit 1; }
psql -qX -d postgres -c "DROP DATABASE IF EXISTS boundary" -c "CREATE DATABASE boundary" 2>&1
status=0
pg_prove --verbose --dbname boundary test/boundary/boundary.sql >"$build/log" 2>&1 || status=$?
[ "$status" = 0 ] || cat "$build/log"
psql -qX -d postgres -c "DROP DATABASE boundary"
passed=$(grep -cE '^ok ' "$build/log" || true)
failed=$(grep -cE '^not ok ' "$build/log" || true)
[ "$status" = 0 ] || [ "$failed" != 0 ] || failed=1
stage_result boundary "$passed" "$failed"
