# shellcheck shell=bash
# Sourced by the scripts here and by test/run_*.sh: where a run lives, how it is cleaned up, how things are built.
#
# A run owns one folder under ${TMPDIR:-/tmp} (AA_RUN) with a private PostgreSQL prefix and its clusters. It is outside
# the checkout because a server started by root runs as user postgres, and a checkout may be closed to that user.
# Whoever makes the folder removes it, with all processes, however the run ends; scripts started inside share it.
set -euo pipefail
umask 022
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export LC_ALL=C.UTF-8
unset MAKEFLAGS MAKELEVEL MFLAGS PGSERVICE PGSERVICEFILE PGOPTIONS PGPASSWORD PGPASSFILE PGTZ PGCLIENTENCODING
unset PGDATESTYLE PSQLRC
jobs=$(nproc)
guarded_group=

say() { printf '%s\n' "$*"; }
fail() { printf '%s\n' "$*" >&2; exit 1; }

# The packages: as root they are installed, otherwise the command that installs them is printed.
need_packages() {
    local missing
    missing=$("$top/scripts/setup-debian.sh" --missing)
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" = 0 ]; then
        "$top/scripts/setup-debian.sh"
    else
        fail "Missing packages: $missing
Install them with: sudo scripts/setup-debian.sh"
    fi
}

begin_run() {
    [ -z "${AA_RUN:-}" ] || return 0
    AA_RUN=$(mktemp -d "${TMPDIR:-/tmp}/agent_analytics.XXXXXX")
    if [ "$(id -u)" = 0 ] && ! { chmod 755 "$AA_RUN" && setpriv --reuid=65534 --clear-groups -- test -x "$AA_RUN"; }; then
        rmdir "$AA_RUN"
        AA_RUN=$(mktemp -d /tmp/agent_analytics.XXXXXX)  # TMPDIR is closed to the server's user
    fi
    chmod 755 "$AA_RUN"
    export AA_RUN
    trap end_run EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
}

end_run() {
    local status=$? cluster
    trap '' HUP INT TERM
    trap - EXIT
    end_guarded
    for cluster in "$AA_RUN"/*/; do
        [ ! -e "$cluster/socket" ] || "$top/scripts/cluster.sh" stop "$cluster" || true
    done
    cd /
    rm -rf "$AA_RUN"
    exit "$status"
}

# Runs a command in a session of its own, so that all of it can be ended as soon as this script is: bash answers a
# signal at once while it waits, but not while a foreground command runs.
guarded() {
    local status=0
    setsid "$@" </dev/null &
    guarded_group=$!
    wait "$guarded_group" || status=$?
    guarded_group=
    return "$status"
}

end_guarded() {
    [ -n "$guarded_group" ] || return 0
    kill -TERM -- "-$guarded_group" 2>/dev/null || true
    for _ in $(seq 100); do
        kill -0 -- "-$guarded_group" 2>/dev/null || return 0
        sleep 0.1
    done
    kill -KILL -- "-$guarded_group" 2>/dev/null || true
}

# Files of another user's checkout are not ours to write, nor should ours lie in it: work in a copy.
own_tree() {
    [ ! -O "$top" ] || return 0
    mkdir -p "$AA_RUN/tree"
    tar -C "$top" --exclude=./build --exclude=./.git -cf - . | tar -C "$AA_RUN/tree" --no-same-owner -xf -
    top=$AA_RUN/tree
}

# Builds the module and installs it into the run's prefix; PG_CONFIG names the server to build for, then the prefix.
build_module() {
    [ -z "${AA_PG_CONFIG:-}" ] || { PG_CONFIG=$AA_PG_CONFIG; export PG_CONFIG; return 0; }
    local log=$AA_RUN/build.log
    AA_PG_CONFIG=$("$top/scripts/pg_prefix.sh" "$AA_RUN/pg" "${PG_CONFIG:-pg_config}")
    export AA_PG_CONFIG PG_CONFIG=$AA_PG_CONFIG
    mkdir -p "$top/build"
    if ! flock "$top/build/.lock" make -C "$top" -j"$jobs" PG_CONFIG="$PG_CONFIG" install >"$log" 2>&1; then
        cat "$log" >&2
        fail "The module does not build."
    fi
}

# A cluster of the run: PGHOST, PGPORT, PGUSER, PGDATABASE and PATH lead to it. start_cluster NAME [setting=value ...]
start_cluster() {
    local settings
    export AA_CLUSTER=$AA_RUN/$1
    settings=$("$top/scripts/cluster.sh" start "$AA_CLUSTER" "$PG_CONFIG" "${@:2}")
    eval "$settings"
}

# For a test stage that may be run alone: what check.sh has prepared is used, else made.
stage_with_cluster() { begin_run; own_tree; build_module; [ -n "${AA_CLUSTER:-}" ] || start_cluster cluster; cd "$top"; }
stage_without_cluster() { begin_run; own_tree; cd "$top"; }

# Configures and builds a CMake folder: cmake_build FOLDER TARGET... -- OPTION...
cmake_build() {
    local folder=$1 targets=() log
    shift
    while [ $# -gt 0 ] && [ "$1" != -- ]; do targets+=("$1"); shift; done
    [ $# = 0 ] || shift
    log=$AA_RUN/cmake.log
    mkdir -p "$top/build"
    if ! flock "$top/build/.lock" sh -c 'folder=$1 jobs=$2 targets=$3 source=$4; shift 4
            cmake -S "$source" -B "$folder" -G Ninja "$@" && cmake --build "$folder" -j "$jobs" --target $targets' \
            sh "$folder" "$jobs" "${targets[*]}" "$top" "$@" >"$log" 2>&1; then
        grep -E '[0-9]: (fatal )?error: ' "$log" | head -n 20 >&2 || true  # what is said of candidates may be longer than what is shown
        grep -vE '^\[[0-9]+/[0-9]+\] (Building|Linking)' "$log" | tail -n 100 >&2
        fail "The CMake build in $folder failed."
    fi
}

# Whether a test needs an extension of PostgreSQL's contrib that SERVER_LACKS names (scripts/postgres16.sh).
left_out() {
    local extension
    for extension in ${SERVER_LACKS:-}; do
        if grep -qiE "^CREATE EXTENSION $extension\b" "$1"; then say "$1: left out, the server has no $extension"; return 0; fi
    done
    return 1
}

# Runs pgTAP files, each in a new, empty database, and adds their tests to `passed` and `failed`.
run_pgtap() {
    local file database status ok not_ok
    for file in "$@"; do
        ! left_out "$file" || continue
        database=tap_$(basename "$file" .sql)
        psql -qX -d postgres -c "DROP DATABASE IF EXISTS \"$database\" WITH (FORCE)" -c "CREATE DATABASE \"$database\"" 2>&1
        status=0
        pg_prove --verbose --dbname "$database" "$file" >"$AA_RUN/tap.log" 2>&1 || status=$?
        ok=$(grep -cE '^ok ' "$AA_RUN/tap.log" || true)
        not_ok=$(grep -cE '^not ok ' "$AA_RUN/tap.log" || true)
        # A file that dies or runs too few tests fails, also where no single test says so.
        if [ "$status" != 0 ]; then
            [ "$not_ok" != 0 ] || not_ok=1
            cat "$AA_RUN/tap.log"
        fi
        say "$file: $ok ok, $not_ok not ok"
        passed=$((passed + ok)) failed=$((failed + not_ok))
        psql -qX -d postgres -c "DROP DATABASE IF EXISTS \"$database\" WITH (FORCE)"
    done
}

# The last line of a stage, which check.sh reads, and its exit status.
stage_result() {
    local name=$1 passed=$2 failed=$3
    say "$name: $passed passed, $failed failed"
    [ "$failed" = 0 ]
}

# Runs a CMake folder's unit tests as a stage.
run_ctest() {
    local name=$1 folder=$2 log=$AA_RUN/ctest.log failed total
    ctest --test-dir "$folder" -j "$jobs" --timeout 300 --output-on-failure >"$log" 2>&1 || cat "$log"
    total=$(sed -n 's/.* tests failed out of \([0-9]*\)$/\1/p' "$log")
    failed=$(sed -n 's/.*, \([0-9]*\) tests failed out of .*/\1/p' "$log")
    stage_result "$name" $((${total:-0} - ${failed:-1})) "${failed:-1}"
}
