#!/usr/bin/env bash
# ALTER EXTENSION agent_analytics UPDATE, then install(): a database that was made by an earlier version has then the catalogs of a
# fresh one, with its facts, its users' additions and exact answers. No version is released yet, so the earlier one is made up
# (include/older.py), and the way from it written as a release would have it (scripts/update_script.py).
set -euo pipefail
cd "$(dirname "$0")/../.."
: "${PG_CONFIG:?}" "${AA_RUN:?}"
work=$AA_RUN/update.work
mkdir -p "$work"
share=$("$PG_CONFIG" --sharedir)/extension
present=$(sed -n "s/^default_version = '\(.*\)'/\1/p" agent_analytics.control)
trap 'scripts/cluster.sh stop "$AA_RUN/update"; rm -rf "$work" "$share/agent_analytics--0.0.9.sql" "$share/agent_analytics--0.0.9--$present.sql"' EXIT
test/recovery/include/older.py "$share/agent_analytics--$present.sql" >"$share/agent_analytics--0.0.9.sql"
scripts/update_script.py "$share/agent_analytics--0.0.9.sql" "$share/agent_analytics--$present.sql" >"$share/agent_analytics--0.0.9--$present.sql"
settings=$(scripts/cluster.sh start "$AA_RUN/update" "$PG_CONFIG" agent_analytics.refresh_wait=20s)
eval "$settings"
failed=0
run() { psql -qX -v ON_ERROR_STOP=1 -d "$1" "${@:2}"; }
wrong() { echo "update: $*" >&2; failed=1; }
nothing() {  # nothing DATABASE WHAT STATEMENT
    local rows
    if rows=$(run "$1" -At -c "$3" 2>&1) && [ -z "$rows" ]; then echo "update: $2: nothing"; else wrong "$2: $(cut -c1-500 <<<"$rows" | sed '11,$d')"; fi
}
# The catalogs, without what depends on the way: the order of columns, the numbers that sequences gave out, and that stores made after
# setup_roles() have their table's grant to analytics_admin, which is a member of analytics_reader anyway.
catalog() {
    {
        run "$1" -f test/migrate/catalog.sql | sed -E 's/^(column\|[^|]*\|[^|]*)\|[0-9]+\|/\1|/; s/(note_below_)[0-9]+/\1N/; /^sequence\|/s/\|[^|]*$//'
        run "$1" -At -c "SELECT 'metric', m.* FROM analytics_store.metrics m ORDER BY name" -c "SELECT 'definition', d.* FROM analytics_store.definitions d ORDER BY object" \
            -c "SELECT 'rollup', name, measures, dimensions, bucket, measure_names, measure_kinds FROM analytics_store.rollups ORDER BY name" \
            -c "SELECT 'view', c.oid::regclass, pg_get_viewdef(c.oid) FROM pg_class c WHERE relkind = 'v' AND relnamespace::regnamespace::text IN ('analytics', 'analytics_store') ORDER BY c.oid::regclass::text"
    } | tr -d '()' | sed -E 's/(is_unrestricted|may_read_stores|live_ranges)[0-9]+/\1N/g; s/analytics_admin SELECT, (analytics_reader SELECT)/\1/' | LC_ALL=C sort
}

createdb fresh
run fresh -c 'SET client_min_messages = warning' -c 'CREATE EXTENSION agent_analytics' -c 'DO $$ BEGIN PERFORM analytics.install(); END $$' -c 'DO $$ BEGIN PERFORM analytics.setup_roles(); END $$'
createdb updated
run updated <<'SQL'
SET client_min_messages = warning;
CREATE EXTENSION agent_analytics VERSION '0.0.9';
SELECT analytics.install() IS NULL AS nothing \gset
SELECT analytics.setup_roles() IS NULL AS nothing \gset
CREATE SCHEMA probe;
SQL
catalog updated >"$work/older.catalog"
catalog fresh >"$work/fresh.catalog"
different=$(diff "$work/older.catalog" "$work/fresh.catalog" | grep -c '^[<>]' || true)
[ "$different" -gt 40 ] || wrong "the older version differs in $different lines only: the test is void"
run updated <<'SQL' >/dev/null
SET client_min_messages = warning;
DROP SCHEMA probe;
\ir test/tap/include/tenant_facts.sql
CALL probe.load('a', 'a-', 1);
INSERT INTO analytics_data.agents (tenant_id, agent_id) VALUES ('a', 'x');
CALL analytics.run_maintenance();
SQL
# What a user has added stays: an index, a column, a policy, a view of an answer that has not changed, a changed metric that has not.
run updated -c 'CREATE INDEX users_index ON analytics_data.orders (status)' -c 'ALTER TABLE analytics_data.orders ADD COLUMN users_column text' \
    -c "CREATE POLICY users_policy ON analytics_data.agents FOR SELECT USING (agent_id = 'x')" \
    -c 'CREATE VIEW public.users_view AS SELECT * FROM analytics.get_hourly_trends(24)' -c 'CREATE VIEW public.users_sums AS SELECT sum(orders) FROM analytics.order_stats' \
    -c "SELECT analytics.define_metric('orders', 'order_stats', 'orders * 2', 'orders', 'up', 'A user''s.')" >/dev/null
facts() {
    run updated -At -c "SELECT format('SELECT %L, count(*), md5(string_agg((to_jsonb(t) - ''enabled'')::text, E''\n'' ORDER BY t::text)) FROM %s t;', c.oid::regclass, c.oid::regclass)
        FROM pg_class c WHERE relkind = 'r' AND relnamespace = 'analytics_data'::regnamespace AND relname <> 'cost_adjustments' ORDER BY 1" | run updated -At -f -
}
facts >"$work/facts.before"

run updated -c 'ALTER EXTENSION agent_analytics UPDATE' || wrong 'the update fails'
run updated -At -c "SELECT jsonb_array_elements_text(analytics.install() -> 'applied')" >"$work/applied" || wrong 'install() fails'
echo "update: install() did: $(paste -s -d ',' "$work/applied")"
nothing updated 'what a second install() finds to do, whatever the settings' "SET intervalstyle = 'iso_8601'; SET datestyle = 'SQL'; SELECT jsonb_array_elements_text(analytics.install() -> 'applied')"
facts >"$work/facts.after"
if diff "$work/facts.before" "$work/facts.after" >"$work/diff"; then echo "update: the facts are the same"; else wrong "facts differ: $(head -5 "$work/diff")"; fi
[ "$(run updated -At -c "SELECT count(*) FROM pg_indexes WHERE indexname = 'users_index'" -c "SELECT count(users_column) FROM analytics_data.orders" \
    -c "SELECT count(*) FROM pg_policies WHERE policyname = 'users_policy'" -c "SELECT expression FROM analytics_store.metrics WHERE name = 'orders'" \
    -c "SELECT count(*) > 0 FROM public.users_view" -c "SELECT sum = (SELECT count(*) FROM analytics_data.orders) FROM public.users_sums" | tr '\n' ' ')" = '1 0 1 orders * 2 t t ' ] || wrong "what users added is lost"
run updated -f test/recovery/include/differences.sql
nothing updated 'differences from plain SQL' 'SELECT * FROM checked.differences()'
run updated -c 'CALL analytics.run_maintenance()'
nothing updated 'differences after maintenance' 'SELECT * FROM checked.differences()'
nothing updated 'what waits after maintenance' 'SELECT * FROM checked.unhealthy()'
run updated -c "SET agent_analytics.tenant = 'a'" -c "SELECT analytics.record_batch('order', (SELECT jsonb_agg(jsonb_build_object('order_id', 'late' || i, 'total_amount', i, 'created_at', timestamptz '2026-02-25 00:00Z' + i * interval '1 hour')) FROM generate_series(1, 50) i))" >/dev/null
nothing updated 'differences after late rows' 'SELECT * FROM checked.differences()'

run updated -c 'SET client_min_messages = warning' -c 'DROP SCHEMA probe, checked CASCADE' -c 'DROP INDEX analytics_data.users_index' -c 'DROP POLICY users_policy ON analytics_data.agents' \
    -c 'ALTER TABLE analytics_data.orders DROP COLUMN users_column' -c 'DROP VIEW public.users_view, public.users_sums' \
    -c "SELECT analytics.define_metric(m.name, m.rollup, 'orders', m.unit, m.direction, m.description) FROM analytics_store.metrics m WHERE name = 'orders'" -o /dev/null
run updated -c "UPDATE analytics_store.metrics u SET description = f.d FROM (VALUES ('$(run fresh -At -c "SELECT replace(description, '''', '''''') FROM analytics_store.metrics WHERE name = 'orders'")')) f(d) WHERE name = 'orders'"
catalog updated >"$work/updated.catalog"
if diff "$work/fresh.catalog" "$work/updated.catalog" >"$work/diff"; then echo "update: $(wc -l <"$work/fresh.catalog") lines of catalogs are those of a fresh install, $different were not"
else wrong 'the catalogs differ from a fresh install'; cut -c1-400 "$work/diff" | sed '41,$d' >&2; fi

# What a user's view needs cannot be dropped in silence: the update names it and changes nothing.
createdb kept
run kept -c 'SET client_min_messages = warning' -c "CREATE EXTENSION agent_analytics VERSION '0.0.9'" -c 'DO $$ BEGIN PERFORM analytics.install(); END $$' \
    -c 'CREATE VIEW public.mine AS SELECT mean_tone FROM analytics.get_training_quality_daily()'
if run kept -c 'ALTER EXTENSION agent_analytics UPDATE' 2>"$work/refused"; then wrong 'the update drops a user'\''s view'
elif grep -q 'view mine depends on\|view public.mine depends on\|mine' "$work/refused"; then echo "update: refused where a user's view needs what is gone"
else wrong "the refusal does not name the view: $(cat "$work/refused")"; fi
[ "$(run kept -At -c "SELECT extversion FROM pg_extension WHERE extname = 'agent_analytics'")" = 0.0.9 ] || wrong 'the refused update has changed something'
exit "$failed"
