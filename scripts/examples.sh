#!/usr/bin/env bash
# Writes src/delivery/examples.sql: the examples of the API description, asked of a throwaway server. Run it where a function's
# answer has changed, then build again: test/tap/openapi.sql compares.
. "$(dirname "$0")/common.sh"
stage_with_cluster
psql -qX -d postgres -c 'CREATE DATABASE examples'
cat >"$AA_RUN/ask.sql" <<'SQL'
\ir include/start.sql
DO $$ BEGIN PERFORM analytics.setup_roles(); END $$;
\ir include/request.sql
\ir include/examples.sql
SELECT '{' || string_agg(E'\n"' || function || '": ' || example, ',' ORDER BY function) || E'\n}' FROM pgrst.answers();
SQL
cp -r test/tap/include "$AA_RUN/"
answers=$(psql -qXAt -d examples -f "$AA_RUN/ask.sql")
{
    echo "-- Written by scripts/examples.sh: real answers of the functions, for the API description."
    echo "CREATE OR REPLACE FUNCTION analytics_internal.examples() RETURNS jsonb"
    echo "LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS \$\$ SELECT \$json\$"
    printf '%s\n' "$answers"
    echo "\$json\$::jsonb \$\$;"
    echo "COMMENT ON FUNCTION analytics_internal.examples() IS"
    echo "'An example of each function: {\"function\": {\"arguments\", \"result\"}}. Sets are cut to two rows.';"
} >"$AA_RUN/examples.sql"
cp "$AA_RUN/examples.sql" src/delivery/examples.sql
say "src/delivery/examples.sql: $(wc -c <src/delivery/examples.sql) bytes"
