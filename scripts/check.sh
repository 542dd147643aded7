#!/usr/bin/env bash
# The tests of each change, with `long` those that take longer too, or the stages named: check.sh [long | stage ...].
# Each stage is test/run_<stage>.sh and can be run alone. Runs as root and as anybody else, touches no installed server,
# leaves no process behind.
# The last line says how many tests passed and failed; the exit status is 0 when none failed.
. "$(dirname "$0")/common.sh"

# Stage and the seconds it may take (on two busy cores; together below 25 minutes when all goes well).
declare -A limit=([format]=60 [tidy]=1800 [unit]=1200 [sanitize]=1800 [symbols]=60 [boundary]=120 [regress]=300 [tap]=600 [limits]=180 [api]=400 [isolation]=600
    [random]=240 [hostile]=500 [timeouts]=500 [sqlsmith]=300 [privacy]=300 [fuzz]=600 [recovery]=700 [migrate]=2400 [log]=30)
all="format unit symbols boundary regress tap limits api isolation random hostile log"
long="$all timeouts sqlsmith privacy fuzz recovery migrate sanitize tidy"
[ $# != 0 ] || set -- $all
[ "$*" != long ] || set -- $long
for stage in "$@"; do [ -n "${limit[$stage]:-}" ] || fail "There is no stage $stage. Stages: $long"; done

need_packages
begin_run
own_tree
cd "$top"
say "Building for $("${PG_CONFIG:-pg_config}" --version) ..."
build_module
start_cluster cluster
logs=$top/build/check
rm -rf "$logs"
mkdir -p "$logs"

passed=0 failed=0 broken=()
for stage in "$@"; do
    started=$SECONDS status=0
    guarded timeout -k 10 "${limit[$stage]}" "test/run_$stage.sh" >"$logs/$stage.log" 2>&1 || status=$?
    result=$(sed -nE "s/^$stage: ([0-9]+) passed, ([0-9]+) failed\$/\1 \2/p" "$logs/$stage.log" | tail -n 1)
    ok=${result% *} bad=${result#* } note=
    if [ -z "$result" ]; then
        ok=0 bad=1 note="did not end by itself, exit status $status"
        [ "$status" != 124 ] || note="took longer than ${limit[$stage]} s"
    fi
    printf '%-10s %5d passed %4d failed %5d s  %s\n' "$stage" "$ok" "$bad" $((SECONDS - started)) "$note"
    passed=$((passed + ok)) failed=$((failed + bad))
    [ "$bad" = 0 ] || broken+=("$stage")
done

for stage in "${broken[@]}"; do
    printf '\n===== %s failed (the end of build/check/%s.log; again with test/run_%s.sh) =====\n' "$stage" "$stage" "$stage"
    tail -n 60 "$logs/$stage.log"
done
[ ${#broken[@]} = 0 ] || printf '\nFailed stages: %s\n' "${broken[*]}"
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
