#!/usr/bin/env bash
# A throwaway PostgreSQL cluster in a folder of its own, reached by a socket in that folder only.
#   cluster.sh start FOLDER PG_CONFIG [setting=value ...]   prints export lines (PGHOST, PGPORT, PGUSER, PATH)
#   cluster.sh stop  FOLDER                                 stops it and removes the folder
# As root it runs as the unprivileged user `postgres` (PostgreSQL refuses root); otherwise as the caller.
# SERVER_PRELOAD=library puts a library before the server's own (the sanitizers' runtime).
set -euo pipefail
umask 022
command=$1 folder=$2
as_owner() {
    if [ "$(id -u)" = 0 ]; then setpriv --reuid=postgres --regid=postgres --init-groups -- "$@"; else "$@"; fi
}
case $command in
start)
    config=$3; shift 3
    bin=$(dirname "$(readlink -f "$config")")
    if ! as_owner test -x "$bin/postgres"; then
        echo "The server runs as user postgres, who cannot reach $bin: put the prefix into an open folder." >&2
        exit 1
    fi
    mkdir -p "$folder"
    folder=$(cd "$folder" && pwd)
    # A socket's path may not be longer than 107 bytes, and the folder may lie deep.
    socket=$(mktemp -d /tmp/aa.XXXXXX)
    if [ "$(id -u)" = 0 ]; then chown postgres "$folder" "$socket"; fi
    chmod 700 "$folder"; chmod 711 "$socket"
    echo "$socket" > "$folder/socket"
    echo "$bin" > "$folder/bin"
    # The folder may lie where user postgres cannot go (below /root): the data then stand beside the socket.
    place=$folder
    as_owner test -w "$folder" || place=$socket
    echo "$place/data" > "$folder/where"
    (
        cd "$place"
        as_owner "$bin/initdb" -D "$place/data" -U postgres -A trust -E UTF8 --no-locale --no-sync \
            >"$folder/initdb.log" 2>&1 || { cat "$folder/initdb.log" >&2; exit 1; }
        {
            echo "listen_addresses = ''"
            echo "unix_socket_directories = '$socket'"
            echo "port = 54329"
            echo "fsync = off"
            echo "timezone = 'UTC'"
            echo "shared_buffers = 256MB"
            echo "max_prepared_transactions = 20"
            echo "max_wal_size = 4GB"
            echo "log_line_prefix = '%m [%p] %e '"  # with the SQLSTATE: the log is searched for XX000 after the tests
            for setting in "$@"; do echo "${setting/=/ = }"; done
        } | as_owner tee -a "$place/data/postgresql.conf" >/dev/null
        as_owner env ${SERVER_PRELOAD:+LD_PRELOAD="$SERVER_PRELOAD"} \
            "$bin/pg_ctl" -D "$place/data" -l "$place/data/server.log" -w -t 120 start >/dev/null 2>&1 </dev/null \
            || { cat "$place/data/server.log" >&2; exit 1; }
    )
    printf 'export PGHOST=%s PGPORT=54329 PGUSER=postgres PGDATABASE=postgres PATH=%s:$PATH CLUSTER=%s SERVER_LOG=%s\n' \
        "$socket" "$bin" "$folder" "$place/data/server.log"
    ;;
stop)
    [ -d "$folder" ] || exit 0
    folder=$(cd "$folder" && pwd)
    if [ -e "$folder/where" ]; then
        (cd / && as_owner "$(cat "$folder/bin")/pg_ctl" -D "$(cat "$folder/where")" -m immediate -w stop >/dev/null 2>&1) || true
    fi
    if [ -e "$folder/socket" ]; then rm -rf "$(cat "$folder/socket")"; fi
    rm -rf "$folder"
    ;;
*) echo "usage: cluster.sh start|stop FOLDER ..." >&2; exit 2 ;;
esac
