#!/usr/bin/env bash
# GoogleTest tests of src/core, without a server.
. "$(dirname "$0")/../scripts/common.sh"
stage_without_cluster
cmake_build build/cmake unit_tests -- -DCMAKE_BUILD_TYPE=RelWithDebInfo
run_ctest unit build/cmake
