#!/usr/bin/env bash
# test/api/*.test.js by Node's test runner: the loader (examples/loader) over HTTP against a throwaway server.
# Needs Node.js 20 or newer with npm, and npm's registry for the packages of the two lock files. Arguments are names of
# files; without any all run.
. "$(dirname "$0")/../scripts/common.sh"
begin_run
own_tree
cd "$top"

. scripts/node.sh  # before the build: it may have to say what is missing
build_module
node_packages examples/loader
node_packages test/api
npm run --silent --prefix examples/loader build || fail "The loader does not compile."

# Limits would end the tests early; the one that is about limits sets its own.
settings=(shared_preload_libraries=agent_analytics)
for limit in anon dashboard agent admin scrape ingest export free pro enterprise service; do settings+=("agent_analytics.limit_$limit=0"); done
start_cluster api "${settings[@]}"
export PGDATABASE=api
psql -qX -v ON_ERROR_STOP=1 -d postgres -c 'CREATE DATABASE api'
psql -qX -v ON_ERROR_STOP=1 -o /dev/null -c 'CREATE EXTENSION agent_analytics' -c 'SELECT analytics.install()' \
    -c 'CREATE ROLE authenticator LOGIN NOINHERIT' -c 'SELECT analytics.setup_roles()' \
    -c 'GRANT anon, authenticated, service_role TO authenticator' -f test/api/data.sql

[ $# != 0 ] || set -- test/api/*.test.js
status=0
node --test --test-concurrency=1 --test-reporter=tap "$@" >"$AA_RUN/api.log" 2>&1 || status=$?
passed=$(sed -n 's/^# pass \([0-9]*\)$/\1/p' "$AA_RUN/api.log" | tail -n 1)
failed=$(sed -nE 's/^# (fail|cancelled) ([0-9]*)$/\2/p' "$AA_RUN/api.log" | awk '{n += $1} END {print n + 0}')
passed=${passed:-0}
if [ "$status" != 0 ] || [ "$passed" = 0 ]; then
    [ "$failed" != 0 ] || failed=1
    grep -vE '^ *(ok |# Subtest|---|\.\.\.|duration_ms|type:|1\.\.)' "$AA_RUN/api.log" || true
fi
if grep -E ' XX000 (ERROR|FATAL|PANIC)|terminated by signal|TRAP: ' "$SERVER_LOG"; then failed=$((failed + 1)); fi
stage_result api "$passed" "$failed"
