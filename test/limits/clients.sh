#!/usr/bin/env bash
# Eight clients at once take from one bucket: together they get its tokens, not one more, not one fewer.
set -euo pipefail
limit=500 calls=250
query() { psql -qXAt -v ON_ERROR_STOP=1 -d limits "$@"; }
psql -qX -d postgres -c 'DROP DATABASE IF EXISTS limits WITH (FORCE)' -c 'CREATE DATABASE limits' 2>/dev/null
trap 'psql -qX -d postgres -c "DROP DATABASE limits WITH (FORCE)"' EXIT
query <<SQL
CREATE EXTENSION agent_analytics;
CREATE TABLE takings (at timestamptz NOT NULL DEFAULT clock_timestamp(), allowed boolean NOT NULL);
ALTER DATABASE limits SET agent_analytics.limit_export = $limit;
SQL
script=$(mktemp)
trap 'rm -f "$script"; psql -qX -d postgres -c "DROP DATABASE limits WITH (FORCE)"' EXIT
echo "INSERT INTO takings (allowed) SELECT allowed FROM analytics.check_rate_limit('eight clients', 'export')" >"$script"
pgbench -n -c 8 -j 2 -t "$calls" -f "$script" limits >/dev/null 2>&1
# Exports are counted by the hour: a token comes back every 7.2 s, and only those count as more than the limit.
query -c "SELECT count(*) FILTER (WHERE allowed), count(*), extract(epoch FROM max(at) - min(at)),
                 count(*) FILTER (WHERE allowed) BETWEEN $limit AND $limit + floor(extract(epoch FROM max(at) - min(at)) / 3600 * $limit)
                     AND count(*) = 8 * $calls
          FROM takings" |
    { IFS='|' read -r allowed all seconds right; echo "$allowed of $all calls allowed in $seconds s, limit $limit"; [ "$right" = t ]; }
