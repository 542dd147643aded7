#!/usr/bin/env bash
# The randomised test of several sessions: rollups against their sources. An argument is its length in seconds.
. "$(dirname "$0")/../scripts/common.sh"
stage_with_cluster
failed=0
test/random/run "${1:-60}" || failed=1
stage_result random $((1 - failed)) "$failed"
