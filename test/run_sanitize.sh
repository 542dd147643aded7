#!/usr/bin/env bash
# The unit tests, and then the SQL and boundary tests in a server, under AddressSanitizer and UndefinedBehaviorSanitizer.
. "$(dirname "$0")/../scripts/common.sh"
stage_without_cluster
unset AA_PG_CONFIG

# Leaks are looked for in the unit tests only: the server frees by context. ASan's fake stack would mislead
# PostgreSQL's check of the stack's depth.
export UBSAN_OPTIONS=halt_on_error=1:abort_on_error=1:print_stacktrace=1
PG_CONFIG=$("$top/scripts/pg_prefix.sh" "$AA_RUN/pg_sanitized" "${PG_CONFIG:-pg_config}")
export PG_CONFIG AA_PG_CONFIG=$PG_CONFIG
cmake_build build/cmake-sanitize unit_tests agent_analytics -- -DCMAKE_BUILD_TYPE=Debug -DANALYTICS_SANITIZE=ON \
    -DPG_CONFIG="$PG_CONFIG"
unit=$(ASAN_OPTIONS=abort_on_error=1 run_ctest unit build/cmake-sanitize) || true
say "$unit"

# The server is not instrumented, so the runtime comes by LD_PRELOAD, before any library's constructor: ASan starts with
# the first malloc, and where that is a constructor's call of bindtextdomain it spoils the lock of gettext (seen: the
# server hangs at its own bindtextdomain).
echo '#include <stdlib.h>
__attribute__((constructor)) static void first(void) { free(malloc(1)); }' |
    gcc -x c -shared -fPIC -O0 -Wl,-z,initfirst -o "$AA_RUN/asan_first.so" -
SERVER_PRELOAD="$(g++ -print-file-name=libasan.so) $(g++ -print-file-name=libubsan.so) $AA_RUN/asan_first.so"
export SERVER_PRELOAD

# The install script and, over the ordinary module, the sanitized one.
flock build/.lock make -s -j"$jobs" PG_CONFIG="$PG_CONFIG" install >/dev/null
install -m 755 build/cmake-sanitize/agent_analytics.so "$("$PG_CONFIG" --pkglibdir)/agent_analytics.so"
ASAN_OPTIONS=detect_leaks=0:detect_stack_use_after_return=0:abort_on_error=1 start_cluster cluster_sanitized
unset SERVER_PRELOAD
regress=$("$top/test/run_regress.sh" 2>&1) || true
say "$regress"
# GCC 12 takes the instrumented reads of an empty optional for uninitialised ones.
boundary=$(SANITIZE="-fsanitize=address,undefined -Wno-maybe-uninitialized" "$top/test/run_boundary.sh" 2>&1) || true
say "$boundary"
if grep -E 'Sanitizer:|runtime error:|terminated by signal' -A 30 "$SERVER_LOG"; then reports=1; else reports=0; fi

results=$(printf '%s\n%s\n' "$unit" "$regress" "$boundary" | sed -nE 's/^[a-z]+: ([0-9]+) passed, ([0-9]+) failed$/\1 \2/p')
set -- $results
[ $# = 6 ] || fail "A part of this stage did not end."
stage_result sanitize $(($1 + $3 + $5)) $(($2 + $4 + $6 + reports))
