#!/usr/bin/env bash
# How well redaction finds personal data and leaves other text alone, by kind; then some seconds of random texts under
# sanitizers (FUZZ_SECONDS, 15). The tables stay in build/check/privacy.log, or are printed where this runs alone.
. "$(dirname "$0")/../scripts/common.sh"
stage_without_cluster
cmake_build build/cmake redact_lines -- -DCMAKE_BUILD_TYPE=RelWithDebInfo
failed=0 passed=0
# Another seed than any that was looked at when the patterns were written.
python3 test/privacy/messages.py 300 20261122 >"$AA_RUN/messages.jsonl"
if python3 test/privacy/score.py build/cmake/redact_lines "$AA_RUN/messages.jsonl" --least 98; then passed=1; else failed=1; fi

# libFuzzer comes with clang's runtime (Debian: libclang-rt-14-dev); without it the target changes its corpus itself.
if echo 'extern "C" int LLVMFuzzerTestOneInput(const unsigned char *, unsigned long) { return 0; }' |
        clang++ -x c++ -fsanitize=fuzzer,address,undefined - -o "$AA_RUN/probe" 2>/dev/null; then
    cmake_build build/cmake-fuzz redact_fuzz -- -DCMAKE_BUILD_TYPE=RelWithDebInfo -DANALYTICS_MODULE=OFF -DANALYTICS_SANITIZE=ON \
        -DANALYTICS_LIBFUZZER=ON -DCMAKE_CXX_COMPILER=clang++
    mkdir "$AA_RUN/corpus"
    fuzz=(build/cmake-fuzz/redact_fuzz -max_total_time="${FUZZ_SECONDS:-15}" -timeout=10 -artifact_prefix="$AA_RUN/" -print_final_stats=1
        "$AA_RUN/corpus" test/fuzz/redact)
else
    cmake_build build/cmake-sanitize redact_fuzz -- -DCMAKE_BUILD_TYPE=Debug -DANALYTICS_SANITIZE=ON
    fuzz=(build/cmake-sanitize/redact_fuzz "${FUZZ_SECONDS:-15}" test/fuzz/redact/*)
fi
if "${fuzz[@]}" >"$AA_RUN/fuzz.log" 2>&1; then
    grep -E 'runs$|number_of_executed_units' "$AA_RUN/fuzz.log"
    passed=$((passed + 1))
else
    tail -n 40 "$AA_RUN/fuzz.log"
    failed=$((failed + 1))
fi
stage_result privacy "$passed" "$failed"
