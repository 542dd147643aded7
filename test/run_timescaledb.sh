#!/usr/bin/env bash
# test/scale/timescaledb.sql on a server with TimescaleDB, which Debian has from 13 on (postgresql-17-timescaledb); no part of
# `make check`. docs/scale.md tells what came of it.
. "$(dirname "$0")/../scripts/common.sh"
begin_run
own_tree
build_module
cd "$top"
[ -e "$("$PG_CONFIG" --pkglibdir)/timescaledb.so" ] ||
    fail "This server has no TimescaleDB: apt-get install postgresql-17-timescaledb (Debian 13)"
start_cluster timescaledb "shared_preload_libraries='timescaledb,agent_analytics'" timescaledb.telemetry_level=off
passed=0 failed=0
run_pgtap test/scale/timescaledb.sql
stage_result timescaledb "$passed" "$failed"
