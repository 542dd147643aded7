#!/usr/bin/env bash
# Moves a database to another server, and compares what is there before and after: rows, rights, policies, indexes, rollups and
# what every function tells every role. OLD_PG_CONFIG names the server it comes from (default: the same version), PG_CONFIG the
# one it goes to. By pg_dump (plain, custom, a directory in parallel; of either version) and by pg_upgrade (copying and with --link).
# scripts/other_versions.sh runs it from PostgreSQL 15 to 17 and 18.
. "$(dirname "$0")/../scripts/common.sh"
begin_run
own_tree
build_module
cd "$top"
work=$AA_RUN/migrate
mkdir -p "$work"
new_config=$PG_CONFIG old_config=$PG_CONFIG
new=$("$new_config" --bindir) old=$new
if [ -n "${OLD_PG_CONFIG:-}" ] && [ "$("$OLD_PG_CONFIG" --version)" != "$("$new_config" --version)" ]; then
    # The module of the old server is built of the same sources, elsewhere: object files of the two must not meet.
    say "Building for $("$OLD_PG_CONFIG" --version) ..."
    old_config=$(scripts/pg_prefix.sh "$AA_RUN/old_pg" "$OLD_PG_CONFIG")
    old=$("$old_config" --bindir)
    mkdir -p "$work/tree"
    tar --exclude=./build --exclude=./.git --exclude='*.[od]' --exclude='*.so' --exclude='*.gch' -cf - . | tar -C "$work/tree" --no-same-owner -xf -
    if ! env -u PG_CONFIG make -C "$work/tree" -j"$jobs" PG_CONFIG="$old_config" install >"$work/build.log" 2>&1; then
        tail -n 50 "$work/build.log"
        fail "The module does not build for the old server."
    fi
fi
passed=0 failed=0
as_owner() {
    if [ "$(id -u)" = 0 ]; then setpriv --reuid=postgres --regid=postgres --init-groups -- "$@"; else "$@"; fi
}
# same WHAT FILE FILE
same() {
    if diff -u "$2" "$3" >"$work/diff"; then passed=$((passed + 1)); say "$1: the same ($(wc -l <"$2") lines)"
    else failed=$((failed + 1)); say "$1: DIFFERS"; head -n 30 "$work/diff" | cut -c1-500; fi
}
# nothing WHAT STATEMENT: has no rows, asked of $database
nothing() {
    local rows
    if rows=$(ask -At -c "$2" 2>&1) && [ -z "$rows" ]; then passed=$((passed + 1)); say "$1: nothing"
    else failed=$((failed + 1)); say "$1: $(cut -c1-600 <<<"$rows" | sed '11,$d')"; fi
}
ask() { psql -qX -v ON_ERROR_STOP=1 -d "$database" "$@"; }
# What there is in $database, into files named $1.*; text that is printed with other parentheses after a restore is compared without.
look() {
    ask -f test/migrate/rows.sql >"$work/$1.rows"
    ask -f test/migrate/answers.sql >"$work/$1.answers"
    ask -f test/migrate/catalog.sql | tr -d '()' >"$work/$1.catalog"
}
# Is the moved database the origin, and does it go on as one?
judge() {
    local what=$1
    look "$2"
    same "$what: rows" "$work/origin.rows" "$work/$2.rows"
    same "$what: answers" "$work/origin.answers" "$work/$2.answers"
    same "$what: catalogs" "$work/origin.catalog" "$work/$2.catalog"
    nothing "$what: differences from plain SQL" 'SELECT * FROM checked.differences()'
    nothing "$what: what install() finds to do" "SELECT * FROM jsonb_array_elements(analytics.install() -> 'applied')"
    ask -f test/migrate/goes_on.sql >/dev/null || failed=$((failed + 1))
    nothing "$what: differences after late rows" 'SELECT * FROM checked.differences()'
    ask -c "SET agent_analytics.refresh_wait = '20s'" -c 'CALL analytics.run_maintenance()'
    nothing "$what: what waits after maintenance" 'SELECT * FROM checked.unhealthy()'
    nothing "$what: differences after maintenance" 'SELECT * FROM checked.differences()'
    ask -f test/migrate/goes_on.sql >/dev/null || failed=$((failed + 1))
    nothing "$what: differences after more late rows" 'SELECT * FROM checked.differences()'
}
start() { (unset PGHOST PGPORT; scripts/cluster.sh start "$AA_RUN/$1" "$2" agent_analytics.refresh_wait=5s "${@:3}"); }

say "From $("$old/postgres" --version) to $("$new/postgres" --version)"
eval "$(start origin "$old_config")"
database=origin
createdb origin
ask -f test/migrate/origin.sql >"$work/origin.log" 2>&1 || { tail -n 20 "$work/origin.log"; fail 'The origin cannot be made.'; }
nothing 'origin: differences from plain SQL' 'SELECT * FROM checked.differences()'
[ "$(ask -At -c 'SELECT count(*) > 20 FROM analytics_store.notes')" = t ] || { say 'no notes wait: the test is void'; failed=$((failed + 1)); }
look origin
[ "$(grep -c '^authenticated|' "$work/origin.answers")" -gt 60 ] || { say 'few answers: the test is void'; failed=$((failed + 1)); }
if grep -aE -m 5 'XX000|42883' "$work/origin.answers"; then failed=$((failed + 1)); fi

"$new/pg_dumpall" --roles-only -f "$work/roles.sql"
"$new/pg_dump" -d origin -f "$work/plain.sql"
"$new/pg_dump" -d origin -Fc -f "$work/custom"
"$new/pg_dump" -d origin -Fd -j 2 -f "$work/directory"
"$old/pg_dump" -d origin -Fc -f "$work/custom_of_old"
origin_data=$(cat "$AA_RUN/origin/where")
(cd / && as_owner "$old/pg_ctl" -D "$origin_data" -m fast -w stop) >/dev/null

eval "$(start target "$new_config")"
database=postgres
ask -v ON_ERROR_STOP=0 -f "$work/roles.sql" 2>"$work/roles.log" || true  # postgres is there already
if grep ERROR "$work/roles.log" | grep -v 'role "postgres" already exists'; then failed=$((failed + 1)); fi
for way in plain custom directory custom_of_old; do
    createdb "$way"
    database=$way
    case $way in
    plain) ask -f "$work/plain.sql" >/dev/null || failed=$((failed + 1)) ;;
    directory) "$new/pg_restore" --exit-on-error -j 2 -d "$way" "$work/$way" || failed=$((failed + 1)) ;;
    *) "$new/pg_restore" --exit-on-error -d "$way" "$work/$way" || failed=$((failed + 1)) ;;
    esac
    ask -c ANALYZE
    judge "pg_dump, $way" "$way"
done
scripts/cluster.sh stop "$AA_RUN/target"

# pg_upgrade wants an empty cluster of the same locale, and of the same checksums, which 18 would switch on.
for way in copy link; do
    folder=$work/$way
    mkdir -p "$folder"
    if [ "$(id -u)" = 0 ]; then chown postgres "$folder"; fi
    chmod 700 "$folder"
    as_owner cp -a "$origin_data" "$folder/old"
    checksums= mode=
    [ "$way" = copy ] || mode=--link  # copying is what it does unless told; 15 knows no --copy
    if [ "$("$new/postgres" --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')" -ge 18 ]; then checksums=--no-data-checksums; fi
    if ! (cd "$folder" && as_owner "$new/initdb" -D "$folder/new" -U postgres -A trust -E UTF8 --no-locale --no-sync $checksums &&
            as_owner "$new/pg_upgrade" -b "$old" -B "$new" -d "$folder/old" -D "$folder/new" -U postgres -s "$folder" $mode -j 2) >"$work/upgrade.log" 2>&1; then
        failed=$((failed + 1))
        say "pg_upgrade, $way: FAILED"
        tail -n 40 "$work/upgrade.log"
        continue
    fi
    socket=$(mktemp -d /tmp/aa.XXXXXX)
    if [ "$(id -u)" = 0 ]; then chown postgres "$socket"; fi
    chmod 711 "$socket"
    printf '%s\n' "listen_addresses = ''" "unix_socket_directories = '$socket'" 'port = 54329' 'fsync = off' "timezone = 'UTC'" \
        "agent_analytics.refresh_wait = '5s'" "log_line_prefix = '%m [%p] %e '" | as_owner tee -a "$folder/new/postgresql.conf" >/dev/null
    # Where end_run finds it, should this script end early.
    echo "$socket" >"$folder/socket"; echo "$new" >"$folder/bin"; echo "$folder/new" >"$folder/where"
    (cd / && as_owner "$new/pg_ctl" -D "$folder/new" -l "$folder/new/server.log" -w start) >/dev/null 2>&1 </dev/null || { cat "$folder/new/server.log"; failed=$((failed + 1)); continue; }
    export PGHOST=$socket
    database=origin
    ask -c ANALYZE  # pg_upgrade carries no statistics before 18
    judge "pg_upgrade, $way" "$way"
    if grep -E ' XX000 |TRAP: ' "$folder/new/server.log"; then failed=$((failed + 1)); fi
    scripts/cluster.sh stop "$folder"
done
stage_result migrate "$passed" "$failed"
