#!/usr/bin/env bash
# test/tap/*.sql by pg_prove, each in a new, empty database: a test creates the extensions it needs.
# Arguments are names of files; without any all run.
. "$(dirname "$0")/../scripts/common.sh"
stage_with_cluster
[ $# != 0 ] || set -- test/tap/*.sql
passed=0 failed=0
run_pgtap "$@"
stage_result tap "$passed" "$failed"
