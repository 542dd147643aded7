#!/usr/bin/env bash
# statement_timeout and pg_cancel_backend end whatever is asked, and soon. --only NAME: some functions; --scale N: thousand rows a table.
. "$(dirname "$0")/../scripts/common.sh"
stage_with_cluster
failed=0
test/hostile/timeouts "$@" || failed=1
stage_result timeouts $((1 - failed)) "$failed"
