#!/usr/bin/env bash
# clang-tidy over the module's files and the unit tests. What passed is remembered in build/tidy by the content of the
# file, all headers and the checks, so a second run looks at what changed.
. "$(dirname "$0")/../scripts/common.sh"
stage_without_cluster
cmake_build build/cmake help -- -DCMAKE_BUILD_TYPE=RelWithDebInfo
mkdir -p build/tidy
common=$({ cat .clang-tidy test/.clang-tidy CMakeLists.txt; find src test -name '*.hpp' | sort | xargs cat; clang-tidy --version; } | sha256sum)
look() {
    local stamp
    stamp=build/tidy/$({ echo "$2"; cat "$1"; } | sha256sum | cut -c1-40)
    [ ! -e "$stamp" ] || return 0
    if clang-tidy --quiet -p build/cmake "$1" >"$stamp.log" 2>&1; then
        mv "$stamp.log" "$stamp"
    else
        grep -vE '^([0-9]+ warnings|Suppressed|Use -header-filter)' "$stamp.log"
        return 1
    fi
}
export -f look
mapfile -t files < <(find src test -name '*.cpp' -not -path 'test/boundary/*' | sort)  # a module of its own, by PGXS
rm -f build/tidy/*.log
printf '%s\n' "${files[@]}" | xargs -P "$jobs" -I{} bash -c 'look "$1" "$2"' look {} "$common" || true
failed=$(find build/tidy -name '*.log' | wc -l)
find build/tidy -type f -mtime +30 -delete
stage_result tidy $((${#files[@]} - failed)) "$failed"
