#!/usr/bin/env bash
# What needs shared memory, on a server that has the library in shared_preload_libraries: test/limits/*.sql by pg_prove,
# then test/limits/*.sh: many clients at once, and the crash of a backend. Arguments are names of files; without any
# all run.
. "$(dirname "$0")/../scripts/common.sh"
begin_run
own_tree
build_module
cd "$top"
start_cluster preloaded shared_preload_libraries=agent_analytics
[ $# != 0 ] || set -- test/limits/*.sql test/limits/*.sh
passed=0 failed=0
for file in "$@"; do
    case $file in
    *.sql) run_pgtap "$file" ;;
    *.sh)
        if bash "$file"; then say "$file: ok"; passed=$((passed + 1)); else say "$file: FAILED"; failed=$((failed + 1)); fi ;;
    esac
done
if grep -E ' XX000 (ERROR|FATAL|PANIC)|TRAP: ' "$SERVER_LOG" | grep -v 'on purpose'; then failed=$((failed + 1)); fi
scripts/cluster.sh stop "$AA_CLUSTER"
stage_result limits "$passed" "$failed"
