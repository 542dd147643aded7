#!/usr/bin/env bash
# Makes a private copy of a PostgreSQL installation, into which the extension can be installed without root and
# without touching the system: usage: pg_prefix.sh FOLDER [PG_CONFIG]. Prints the copy's pg_config.
# PostgreSQL finds its files relative to its binary, so binaries are copied and all else is linked.
set -euo pipefail
umask 022  # a server started by root runs as user postgres, which must be able to read the copy
folder=$(mkdir -p "$1" && cd "$1" && pwd)
config=${2:-pg_config}
bin=$($config --bindir) lib=$($config --pkglibdir) share=$($config --sharedir)
stamp="$folder/.made-from-$($config --version | tr ' /()' '____')"
if [ ! -e "$stamp" ]; then
    rm -rf "${folder:?}"/*
    mkdir -p "$folder$bin" "$folder$lib" "$folder$share"
    cp "$bin"/* "$folder$bin/"
    cp -rs "$lib/." "$folder$lib/"
    cp -rs "$share/." "$folder$share/"
    for headers in "$($config --includedir-server)" "$($config --pkgincludedir)" "$($config --includedir)"; do
        [ -e "$folder$headers" ] || { mkdir -p "$(dirname "$folder$headers")" && ln -s "$headers" "$folder$headers"; }
    done
    # Programs may look for libraries relative to themselves, as those in Python's packages do.
    for place in $(readelf -dW "$bin"/* 2>/dev/null | sed -nE 's/.*\((RPATH|RUNPATH)\).*\[\$ORIGIN\/(.*)\]/\2/p' | sort -u); do
        mkdir -p "$folder$bin/$place"
        for library in "$bin/$place"/*.so*; do
            [ -e "$folder$bin/$place/${library##*/}" ] || ln -s "$(realpath "$library")" "$folder$bin/$place/"
        done
    done
    rm -f "$folder$lib"/agent_analytics.so "$folder$share"/extension/agent_analytics*
    touch "$stamp"
fi
echo "$folder$bin/pg_config"
