#!/usr/bin/env bash
# Eight clients at once take from one bucket: together they get its tokens, not one more, not one fewer; then by requests,
# all of which are in the log.
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

# The same through the hook, as requests in read-only transactions. Dashboards are counted by the minute, so a limit is
# taken of which nothing comes back meanwhile.
query <<'SQL'
SELECT analytics.install() IS NULL AS nothing, analytics.setup_roles() \gset
CREATE FUNCTION ask() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('request.method', 'GET', true), set_config('request.path', '/rpc/get_trends', true), set_config('request.headers', '{}', true),
            set_config('request.jwt.claims', '{"sub": "u1", "tenant_id": "shop"}', true), set_config('role', 'authenticated', true);
    PERFORM analytics.pre_request();
    RETURN true;
EXCEPTION WHEN SQLSTATE 'PGRST' THEN
    RETURN false;
END $$;
ALTER DATABASE limits SET agent_analytics.limit_dashboard = 3;
SQL
printf 'BEGIN READ ONLY;\nSELECT ask();\nCOMMIT;\n' >"$script"
pgbench -n -c 8 -j 2 -t "$calls" -f "$script" limits >/dev/null 2>&1
right="SELECT requests = 8 * $calls AND users = 1 AND requests - rate_limited BETWEEN 3 AND 5 FROM analytics.get_api_usage()"
query -c "SET agent_analytics.tenant = 'shop'" \
    -c "SELECT requests || ' requests noted, ' || requests - rate_limited || ' let through, limit 3 a minute' FROM analytics.get_api_usage()" | tail -1
[ "$(query -c "SET agent_analytics.tenant = 'shop'" -c "$right" | tail -1)" = t ]
# Four write down what was noted while eight ask: none is counted twice, none is missed, by anybody.
printf "SET agent_analytics.tenant = 'shop';\nSELECT analytics_internal.flush_requests();\nINSERT INTO seen SELECT requests, requests_noted FROM analytics_internal.shared_memory_status() LEFT JOIN analytics.get_api_usage() ON true;\n" >"$script.flush"
printf 'BEGIN READ ONLY;\nSELECT ask();\nCOMMIT;\n' >"$script"
query -c 'CREATE TABLE seen (requests bigint, noted bigint)'
pgbench -n -c 8 -j 1 -t 1000 -f "$script" limits >/dev/null 2>&1 &
clients=$!
pgbench -n -c 4 -j 1 -t 40 -f "$script.flush" limits >"$script.log" 2>&1 || { cat "$script.log"; exit 1; }
wait "$clients"
rm -f "$script.flush" "$script.log"
total=$(query -c "SET agent_analytics.tenant = 'shop'" -c 'SELECT requests FROM analytics.get_api_usage()' | tail -1)
written=$(query -c 'SELECT analytics_internal.flush_requests()' -c 'SELECT count(*) FROM analytics_data.api_requests' | tail -1)
echo "$total requests counted, $written written"
[ "$total" = $((8 * calls + 8000)) ] && [ "$written" = "$total" ]
