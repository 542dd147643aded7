#!/usr/bin/env bash
# Crashes at random moments: moments.py, on a cluster of its own with the library preloaded, its worker at work and small
# checkpoints. ROUNDS (4) says how many, SEED which.
set -euo pipefail
cd "$(dirname "$0")/../.."
: "${PG_CONFIG:?}" "${AA_RUN:?}"
settings=$(scripts/cluster.sh start "$AA_RUN/moments" "$PG_CONFIG" shared_preload_libraries=agent_analytics agent_analytics.database=facts \
    agent_analytics.maintenance_interval=2s agent_analytics.refresh_wait=200ms autovacuum_naptime=1s checkpoint_timeout=30s max_wal_size=64MB min_wal_size=32MB)
eval "$settings"
trap 'scripts/cluster.sh stop "$AA_RUN/moments"' EXIT
DATA=$(cat "$AA_RUN/moments/where") test/recovery/moments.py "${ROUNDS:-4}" "${SEED:-$RANDOM}"
