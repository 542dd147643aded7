#!/usr/bin/env bash
# How well redaction finds personal data and leaves other text alone, by kind. The tables stay in build/check/privacy.log,
# or are printed where this runs alone. What holds for random bytes: run_fuzz.sh.
. "$(dirname "$0")/../scripts/common.sh"
stage_without_cluster
cmake_build build/cmake redact_lines -- -DCMAKE_BUILD_TYPE=RelWithDebInfo
failed=0 passed=0
# Another seed than any that was looked at when the patterns were written.
python3 test/privacy/messages.py 300 20261122 >"$AA_RUN/messages.jsonl"
if python3 test/privacy/score.py build/cmake/redact_lines "$AA_RUN/messages.jsonl" --least 98; then passed=1; else failed=1; fi
stage_result privacy "$passed" "$failed"
