#!/usr/bin/env bash
# Each fuzz target (test/fuzz/*_fuzz.cpp) with its corpus and with changes of it, under AddressSanitizer and
# UndefinedBehaviorSanitizer: run_fuzz.sh [seconds a target, 10] [target ...]. FUZZ_COMPILER=g++ takes that compiler.
# With libFuzzer (clang's runtime, Debian's libclang-rt-*-dev) changes go where new code is reached; without it they are
# the same ones each time. An input that fails is printed in base64 and kept in build/check/fuzz-<target>.
. "$(dirname "$0")/../scripts/common.sh"
stage_without_cluster
seconds=${1:-10}
[ $# = 0 ] || shift
[ $# != 0 ] || set -- $(cd test/fuzz && ls ./*_fuzz.cpp | sed 's|^./||; s|_fuzz.cpp$||')

export UBSAN_OPTIONS=halt_on_error=1:abort_on_error=1:print_stacktrace=1 ASAN_OPTIONS=abort_on_error=1
compiler=${FUZZ_COMPILER:-clang++}
if [ "$compiler" = clang++ ] && ! echo 'extern "C" int LLVMFuzzerTestOneInput(const unsigned char *, unsigned long) { return 0; }' |
        clang++ -x c++ -fsanitize=fuzzer,address,undefined - -o "$AA_RUN/probe" 2>/dev/null; then
    compiler=g++
fi
options=(-DCMAKE_BUILD_TYPE=RelWithDebInfo -DANALYTICS_MODULE=OFF -DANALYTICS_SANITIZE=ON -DCMAKE_CXX_COMPILER="$compiler")
[ "$compiler" != clang++ ] || options+=(-DANALYTICS_LIBFUZZER=ON)
folder=$top/build/cmake-fuzz-$compiler
cmake_build "$folder" "${@/%/_fuzz}" -- "${options[@]}"

passed=0 failed=0
mkdir -p build/check
for name in "$@"; do
    work=$AA_RUN/fuzz-$name log=$AA_RUN/fuzz-$name.log
    mkdir -p "$work/found"
    if [ "$compiler" = clang++ ]; then
        runs=("$folder/${name}_fuzz" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -artifact_prefix="$work/crash-"
            -max_len=4000 -print_final_stats=1 "$work/found" "$top/test/fuzz/corpus/$name")
    else
        runs=("$folder/${name}_fuzz" "$seconds" "$top/test/fuzz/corpus/$name"/*)
    fi
    if (cd "$work" && guarded timeout -k 5 $((seconds + 120)) "${runs[@]}") >"$log" 2>&1; then
        say "$name: $(sed -nE 's/^([0-9]+) runs$/\1/p; s/^stat::number_of_executed_units: *//p' "$log") runs"
        passed=$((passed + 1))
    else
        grep -avE '^#[0-9]+[[:space:]]+(NEW|REDUCE|pulse|RELOAD)' "$log" | tail -n 60
        for input in "$work"/crash*; do
            [ -e "$input" ] || continue
            cp "$input" "build/check/fuzz-$name"
            say "$name failed with this input: $(base64 -w 0 "$input")"
        done
        failed=$((failed + 1))
    fi
done
stage_result fuzz "$passed" "$failed"
