#!/usr/bin/env bash
# A throwaway PostgreSQL cluster in a folder of its own, reached by a socket in that folder only.
#   cluster.sh start FOLDER PG_CONFIG [setting=value ...]   prints export lines (PGHOST, PGPORT, PGUSER, PATH)
#   cluster.sh stop  FOLDER                                 stops it and removes the folder
# As root it runs as the unprivileged user `postgres` (PostgreSQL refuses root); otherwise as the caller.
set -euo pipefail
command=$1 folder=$2
as_owner() {
    if [ "$(id -u)" = 0 ]; then setpriv --reuid=postgres --regid=postgres --init-groups -- "$@"; else "$@"; fi
}
case $command in
start)
    config=$3; shift 3
    bin=$(dirname "$(readlink -f "$config")")
    mkdir -p "$folder"
    folder=$(cd "$folder" && pwd)
    # A socket's path may not be longer than 107 bytes, and the folder may lie deep.
    socket=$(mktemp -d /tmp/aa.XXXXXX)
    if [ "$(id -u)" = 0 ]; then chown postgres "$folder" "$socket"; fi
    chmod 700 "$folder"; chmod 711 "$socket"
    echo "$socket" > "$folder/socket"
    echo "$bin" > "$folder/bin"
    (
        cd "$folder"
        as_owner "$bin/initdb" -D "$folder/data" -U postgres -A trust -E UTF8 --no-locale --no-sync >"$folder/initdb.log" 2>&1 \
            || { cat "$folder/initdb.log" >&2; exit 1; }
        {
            echo "listen_addresses = ''"
            echo "unix_socket_directories = '$socket'"
            echo "port = 54329"
            echo "fsync = off"
            echo "timezone = 'UTC'"
            echo "shared_buffers = 256MB"
            echo "max_prepared_transactions = 20"
            echo "max_wal_size = 4GB"
            for setting in "$@"; do echo "${setting/=/ = }"; done
        } | as_owner tee -a "$folder/data/postgresql.conf" >/dev/null
        as_owner "$bin/pg_ctl" -D "$folder/data" -l "$folder/data/server.log" -w -t 120 start >/dev/null 2>&1 </dev/null \
            || { cat "$folder/data/server.log" >&2; exit 1; }
    )
    printf 'export PGHOST=%s PGPORT=54329 PGUSER=postgres PGDATABASE=postgres PATH=%s:$PATH CLUSTER=%s\n' "$socket" "$bin" "$folder"
    ;;
stop)
    [ -d "$folder" ] || exit 0
    folder=$(cd "$folder" && pwd)
    if [ -e "$folder/bin" ]; then
        (cd "$folder" && as_owner "$(cat "$folder/bin")/pg_ctl" -D "$folder/data" -m immediate -w stop >/dev/null 2>&1) || true
    fi
    if [ -e "$folder/socket" ]; then rm -rf "$(cat "$folder/socket")"; fi
    rm -rf "$folder"
    ;;
*) echo "usage: cluster.sh start|stop FOLDER ..." >&2; exit 2 ;;
esac
