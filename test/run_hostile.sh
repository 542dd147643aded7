#!/usr/bin/env bash
# Hostile arguments: every function, every argument, as every role, and OTLP documents. --quick: as the owner only; --only NAME: some
# functions.
. "$(dirname "$0")/../scripts/common.sh"
stage_with_cluster
passed=0 failed=0
if test/hostile/run "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
if [ $# = 0 ]; then
    if test/hostile/otlp 20; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
fi
stage_result hostile "$passed" "$failed"
