#!/usr/bin/env bash
# Hostile arguments: every function, every argument, as every role. --quick: as the owner only; --only NAME: some functions.
. "$(dirname "$0")/../scripts/common.sh"
stage_with_cluster
failed=0
test/hostile/run "$@" || failed=1
stage_result hostile $((1 - failed)) "$failed"
