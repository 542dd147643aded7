#!/usr/bin/env bash
# After the other stages: no test of theirs met an internal error (XX000) or ended a server process.
# A test that provokes one says "on purpose" in the message.
. "$(dirname "$0")/../scripts/common.sh"
stage_with_cluster
failed=0
if grep -E ' XX000 (ERROR|FATAL|PANIC)|terminated by signal|TRAP: ' "$SERVER_LOG" | grep -v 'on purpose'; then failed=1; fi
stage_result log $((1 - failed)) "$failed"
