#!/usr/bin/env bash
# Micro-benchmarks of src/core (test/bench/*_bench.cpp). Arguments go to each, e.g. --benchmark_filter=merge.
. "$(dirname "$0")/common.sh"
need_packages
begin_run
own_tree
cd "$top"
cmake_build build/cmake-bench benchmarks -- -DCMAKE_BUILD_TYPE=RelWithDebInfo -DANALYTICS_MODULE=OFF
for program in build/cmake-bench/*_bench; do "$program" "$@"; done
