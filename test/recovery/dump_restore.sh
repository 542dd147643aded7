#!/usr/bin/env bash
# pg_dump and restore (plain and custom) keep rows, policies, indexes, rollups and their notes; the views are exact
# before and after a refresh. DROP EXTENSION takes no fact along; CREATE EXTENSION and install() bring everything back.
set -euo pipefail
cd "$(dirname "$0")/../.."
: "${PG_CONFIG:?}" "${AA_RUN:?}"
settings=$(scripts/cluster.sh start "$AA_RUN/dump" "$PG_CONFIG" agent_analytics.refresh_wait=20s)
eval "$settings"
work=$AA_RUN/dump.work
mkdir -p "$work"
trap 'scripts/cluster.sh stop "$AA_RUN/dump"; rm -rf "$work"' EXIT
failed=0
run() { psql -qX -v ON_ERROR_STOP=1 -d "$1" "${@:2}"; }
wrong() { echo "dump_restore: $*" >&2; failed=1; }
# same WHAT FILE FILE
same() {
    if diff -u "$2" "$3" >"$work/diff"; then echo "dump_restore: $1: same"; else wrong "$1 differ"; head -40 "$work/diff" >&2; fi
}

createdb origin
run origin <<'SQL'
SET client_min_messages = warning;
CREATE EXTENSION agent_analytics;
SELECT analytics.install() IS NULL AS nothing \gset
CREATE ROLE analyst;
-- The instant all answers look from; rows around it, so that days, hours and base buckets are stored.
CREATE TABLE public.fixed (as_of timestamptz);
INSERT INTO public.fixed VALUES (date_trunc('hour', now()) - interval '30 minutes');
SELECT analytics.record_order('o' || i, i * 1.37, 'c' || i % 61,
           (SELECT as_of FROM public.fixed) - i * interval '11 minutes',
           (ARRAY['pending', 'fulfilled', 'cancelled', 'refunded'])[1 + i % 4]) IS NULL AS nothing
FROM generate_series(1, 600) i \g /dev/null
SELECT analytics.record_llm_call(call_id => 'l' || i, model => 'gpt-4o', input_tokens => 100 + i, output_tokens => i,
           cost_usd => i * 0.00123, latency_ms => 50 + i, agent_id => 'agent' || i % 5,
           created_at => (SELECT as_of FROM public.fixed) - i * interval '7 minutes') IS NULL AS nothing
FROM generate_series(1, 600) i \g /dev/null
CREATE TABLE public.readings (tenant_id text NOT NULL, at timestamptz NOT NULL, kind text, amount numeric NOT NULL, who integer);
CREATE INDEX ON public.readings (tenant_id, at);
CREATE INDEX ON public.readings (at);
INSERT INTO public.readings SELECT 't' || i % 3, now() - i * interval '3 minutes', 'k' || i % 4, i, i % 40 FROM generate_series(1, 3000) i;
SELECT analytics.create_rollup('reading_stats', 'public.readings', 'at',
    '{"n": "count(*)", "total": "sum(amount)", "people": "distinct(who)"}', '{kind}', '5 minutes') IS NULL AS nothing \gset
SELECT count(*) AS nothing FROM analytics.refresh_rollups() \gset
-- What users add to what install() made.
CREATE INDEX users_index ON analytics_data.orders (status);
ALTER TABLE analytics_data.orders ADD COLUMN users_column text DEFAULT 'x';
CREATE POLICY users_policy ON analytics_data.llm_calls FOR SELECT TO analyst USING (agent_id = 'agent1');
ALTER TABLE public.readings ENABLE ROW LEVEL SECURITY;
CREATE POLICY users_policy ON public.readings FOR SELECT TO analyst USING (tenant_id = 't1');
-- Notes that wait.
INSERT INTO public.readings SELECT 't1', now() - i * interval '25 minutes', 'k1', 0.5, 1000 + i FROM generate_series(1, 40) i;
DELETE FROM public.readings WHERE amount = 77;
SELECT analytics.record_order('late1', 5, 'c1', (SELECT as_of FROM public.fixed) - interval '3 hours') IS NULL AS nothing \g /dev/null
SELECT analytics.record_llm_call(call_id => 'late1', model => 'gpt-4o', cost_usd => 0.7,
    created_at => (SELECT as_of FROM public.fixed) - interval '5 hours') IS NULL AS nothing \g /dev/null
SQL
[ "$(run origin -At -c 'SELECT count(*) > 2 FROM analytics_store.notes')" = t ] || wrong 'no notes wait: the test is void'

cat >"$work/compare.sql" <<'SQL'
SELECT 'reading_stats', count(*) AS differences
FROM (SELECT tenant_id, bucket, kind, n, total, people__n FROM analytics.reading_stats) v
FULL JOIN (SELECT tenant_id, date_bin('5 minutes', at, '2000-01-01 00:00Z') AS bucket, kind, count(*) AS n, sum(amount) AS total,
                  count(DISTINCT who) AS people FROM public.readings GROUP BY 1, 2, 3) s USING (tenant_id, bucket, kind)
WHERE (v.n, v.total, v.people__n) IS DISTINCT FROM (s.n, s.total, s.people)
UNION ALL
SELECT 'llm_calls_by_agent', count(*)
FROM (SELECT tenant_id, bucket, agent_id, calls, spend, input_tokens FROM analytics.llm_calls_by_agent) v
FULL JOIN (SELECT tenant_id, date_bin('15 minutes', created_at, '2000-01-01 00:00Z') AS bucket, agent_id, count(*) AS calls,
                  sum(cost_usd) AS spend, sum(input_tokens) AS input_tokens FROM analytics_data.llm_calls GROUP BY 1, 2, 3) s
ON v.tenant_id = s.tenant_id AND v.bucket = s.bucket AND v.agent_id IS NOT DISTINCT FROM s.agent_id
WHERE (v.calls, v.spend, v.input_tokens) IS DISTINCT FROM (s.calls, s.spend, s.input_tokens);
SQL
# FULL JOIN wants a mergeable condition: NULL agents compare as ''.
sed -i "s/ON v.tenant_id = s.tenant_id AND v.bucket = s.bucket AND v.agent_id IS NOT DISTINCT FROM s.agent_id/ON v.tenant_id = s.tenant_id AND v.bucket = s.bucket AND coalesce(v.agent_id, '') = coalesce(s.agent_id, '')/" "$work/compare.sql"
exact() {  # exact DATABASE WHEN
    local found
    found=$(run "$1" -At -f "$work/compare.sql" | tr '\n' ' ')
    if [ "$found" = 'reading_stats|0 llm_calls_by_agent|0 ' ]; then echo "dump_restore: $1 $2: views equal the sources"
    else wrong "$1 $2: differences: $found"; fi
}
cat >"$work/answers.sql" <<'SQL'
SELECT as_of FROM public.fixed \gset
SELECT * FROM analytics.get_hourly_trends(100, :'as_of');
SELECT * FROM analytics.get_dashboard_summary(:'as_of');
SELECT * FROM analytics.get_metric_series('spend', '1h', '48h', as_of => :'as_of');
SELECT sum(n), sum(total), sum(people__n) FROM analytics.reading_stats;
SQL
answers() { run "$1" -f "$work/answers.sql" >"$2"; }
# Everything of ours and the user's in the catalogs, without OIDs.
cat >"$work/catalog.sql" <<'SQL'
\pset format unaligned
SELECT n.nspname, c.relname, c.relkind, c.relrowsecurity, c.relforcerowsecurity, c.reloptions, c.relacl, obj_description(c.oid, 'pg_class')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname IN ('analytics', 'analytics_data', 'analytics_store', 'public')
    AND relkind <> 'c' ORDER BY 1, 2;
SELECT n.nspname, c.relname, row_number() OVER (PARTITION BY c.oid ORDER BY attnum), attname, format_type(atttypid, atttypmod), attnotnull, attstorage,
       pg_get_expr(adbin, adrelid), col_description(c.oid, attnum)
FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_attrdef d ON adrelid = c.oid AND adnum = attnum
WHERE n.nspname IN ('analytics', 'analytics_data', 'analytics_store', 'public') AND attnum > 0 AND NOT attisdropped AND relkind IN ('r', 'p', 'v') ORDER BY 1, 2, 3;
SELECT schemaname, tablename, indexname, indexdef FROM pg_indexes WHERE schemaname IN ('analytics_data', 'analytics_store', 'public') ORDER BY 1, 2, 3;
SELECT schemaname, tablename, policyname, permissive, roles, cmd, qual, with_check FROM pg_policies ORDER BY 1, 2, 3;
SELECT tgrelid::regclass, tgname, tgenabled, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal ORDER BY tgrelid::regclass::text, tgname;
SELECT conrelid::regclass, conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid <> 0 ORDER BY conrelid::regclass::text, conname;
SELECT schemaname, viewname, definition FROM pg_views WHERE schemaname LIKE 'analytics%' ORDER BY 1, 2;
SELECT n.nspname, proname, proacl IS NULL FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace WHERE nspname LIKE 'analytics%' ORDER BY 1, 2, oidvectortypes(proargtypes);
SQL
# A restore parses x AND (y AND z) as x AND y AND z: parentheses are left out.
catalog() { run "$1" -f "$work/catalog.sql" | tr -d '()' >"$2"; }
# A checksum of the rows of each table; the watch list holds OIDs and file numbers, which a restore changes.
rows() {
    run "$1" -At -c "SELECT format('SELECT %L, count(*), md5(string_agg(t::text, E''\n'' ORDER BY t::text)) FROM %s t;', c.oid::regclass, c.oid::regclass)
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE relkind IN ('r', 'p') AND n.nspname IN ('analytics_data', 'analytics_store', 'public')
          AND n.nspname || '.' || c.relname <> 'analytics_store.watch' $3 ORDER BY 1" | run "$1" -At -f - >"$2"
}

exact origin 'with notes waiting'
catalog origin "$work/origin.catalog"
rows origin "$work/origin.rows" ''
answers origin "$work/origin.answers"

pg_dump -d origin -f "$work/plain.sql"
pg_dump -d origin -Fc -f "$work/custom.dump"
createdb plain
createdb custom
run plain -f "$work/plain.sql" >/dev/null
pg_restore --exit-on-error -d custom "$work/custom.dump"
for database in plain custom; do
    catalog "$database" "$work/$database.catalog"
    rows "$database" "$work/$database.rows" ''
    answers "$database" "$work/$database.answers"
    same "$database: catalogs" "$work/origin.catalog" "$work/$database.catalog"
    same "$database: rows" "$work/origin.rows" "$work/$database.rows"
    same "$database: answers" "$work/origin.answers" "$work/$database.answers"
    exact "$database" 'after the restore'
    run "$database" -c "INSERT INTO public.readings SELECT 't2', now() - i * interval '31 minutes', 'k9', 3, i FROM generate_series(1, 30) i"
    exact "$database" 'with late rows after the restore'
    [ "$(run "$database" -At -c "SELECT analytics.install()->'applied'")" = '[]' ] || wrong "$database: install() finds something to do"
    run "$database" -o /dev/null -c 'SELECT analytics.refresh_rollups()'
    exact "$database" 'after a refresh'
    [ "$(run "$database" -At -c 'SELECT count(*) FROM analytics_store.notes')" = 0 ] || wrong "$database: notes are left after the refresh"
    run "$database" -c "UPDATE public.readings SET amount = amount + 1 WHERE who = 7"
    exact "$database" 'with late updates after a refresh'
done

facts="AND n.nspname <> 'analytics_store'"
rows origin "$work/facts.before" "$facts"
if run origin -c 'DROP EXTENSION agent_analytics' 2>"$work/refused"; then wrong 'DROP EXTENSION without CASCADE succeeds'
else echo "dump_restore: DROP EXTENSION alone is refused: $(head -1 "$work/refused")"; fi
run origin -c 'SET client_min_messages = warning' -c 'DROP EXTENSION agent_analytics CASCADE'
rows origin "$work/facts.after" "$facts"
same 'facts after DROP EXTENSION CASCADE' "$work/facts.before" "$work/facts.after"
# Rows come, change and go while nothing takes notes.
run origin -c "INSERT INTO public.readings VALUES ('t1', now() - interval '26 hours', 'k1', 4, 4)" \
    -c "DELETE FROM public.readings WHERE amount = 78" -c "DELETE FROM public.readings WHERE amount = 4"
run origin -c 'CREATE EXTENSION agent_analytics'
run origin -At -c 'SELECT analytics.install()' >"$work/applied"
echo "dump_restore: install() after CREATE EXTENSION: $(grep -o '", "' "$work/applied" | wc -l) steps"
exact origin 'after CREATE EXTENSION and install()' || true
run origin -c "INSERT INTO public.readings SELECT 't1', now() - interval '26 hours', 'k1', 4, 4" \
    -c "INSERT INTO public.readings VALUES ('t1', now() - interval '27 hours', 'k2', 9, 9)"
exact origin 'with late rows after that'
run origin -o /dev/null -c 'SELECT analytics.refresh_rollups()'
exact origin 'after a refresh'
catalog origin "$work/again.catalog"
answers origin "$work/again.answers"
same 'catalogs after DROP, CREATE and install()' "$work/origin.catalog" "$work/again.catalog"
head -n -4 "$work/origin.answers" >"$work/a"
head -n -4 "$work/again.answers" >"$work/b"
same 'answers after DROP, CREATE and install()' "$work/a" "$work/b"
[ "$failed" = 0 ] && echo 'dump_restore: all well'
exit "$failed"
