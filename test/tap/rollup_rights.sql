-- Who sees what of a rollup: tenants, row security on a source, its owner and others; what goes with a dropped table; and that
-- nobody's search_path decides what is done as another role.
\ir include/start.sql
SET client_min_messages = error;
\ir include/rollups.sql
SELECT no_plan();
SELECT count(*) AS nothing FROM analytics.refresh_rollups() \gset
INSERT INTO public.inventory SELECT public.everything();

-- Tenants: a role under the policy sees its own tenant's and nothing else of the others, not even when they wrote.
CREATE TABLE public.visits (tenant_id text NOT NULL, at timestamptz NOT NULL, user_id integer, amount numeric);
CREATE INDEX ON public.visits (at);
ALTER TABLE public.visits ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.visits USING (tenant_id = (SELECT analytics.current_tenant()));
CREATE ROLE rollup_reader;
CREATE ROLE rollup_auditor;
CREATE ROLE rollup_writer;
GRANT USAGE ON SCHEMA analytics, analytics_store, analytics_internal TO rollup_reader, rollup_auditor;
GRANT USAGE ON SCHEMA analytics TO rollup_writer;
GRANT SELECT ON public.visits TO rollup_reader, rollup_auditor;
GRANT INSERT ON public.visits TO rollup_writer;
INSERT INTO public.visits SELECT CASE WHEN i % 3 = 0 THEN 'other' ELSE 'acme' END, '2024-03-01Z'::timestamptz + i * interval '7 minutes', i % 10, i
  FROM generate_series(1, 300) i;
SELECT is(analytics.create_rollup('visited', 'public.visits', 'at', '{"n": "count(*)", "total": "sum(amount)", "users": "distinct(user_id)"}')::text, 'analytics.visited', 'a rollup under row security');
CREATE FUNCTION public.visited_differs() RETURNS bigint LANGUAGE sql AS $$ SELECT public.differences('SELECT tenant_id, bucket, n, total, users__n FROM analytics.visited',
    'SELECT tenant_id, date_bin(''15 minutes'', at, ''2000-01-01Z'') AS bucket, count(*) AS n, sum(amount) AS total, count(DISTINCT user_id) AS users__n FROM public.visits GROUP BY 1, 2') $$;
SELECT count(*) AS nothing FROM analytics.refresh_rollups('visited') \gset
SELECT rollup_id AS visited_id FROM analytics_store.rollups WHERE name = 'visited' \gset
SELECT is(public.visited_differs(), 0::bigint, 'as its owner');
SET ROLE rollup_writer;
SET agent_analytics.tenant = 'other';
INSERT INTO public.visits VALUES ('other', '2024-03-01 05:00Z', 3, 1000);
SELECT throws_ok($$INSERT INTO public.visits VALUES ('acme', '2024-03-01 05:00Z', 3, 1000)$$, '42501', NULL, 'a writer writes for its tenant');
SELECT throws_ok('SELECT * FROM analytics.visited', '42501', NULL, 'and reads nothing');
RESET ROLE;
SELECT is(public.visited_differs(), 0::bigint, 'a late row of a role with INSERT only');
SELECT is((SELECT count(*) FROM analytics_store.notes WHERE tenant_id = 'other'), 1::bigint, 'is noted');
SET ROLE rollup_reader;
SET agent_analytics.tenant = 'acme';
SELECT is(public.visited_differs(), 0::bigint, 'a reader: its tenant''s sums');
SELECT results_eq('SELECT DISTINCT tenant_id FROM analytics.visited', ARRAY['acme'], 'through the view');
SELECT results_eq(format('SELECT DISTINCT tenant_id FROM analytics_store.visited_%s', store), ARRAY['acme'], 'in the store ' || store) FROM unnest(ARRAY['base', 'hour', 'day']) store;
SELECT results_eq('SELECT DISTINCT tenant_id FROM analytics_store.visited_rows', ARRAY['acme'], 'in the rows view');
SELECT results_eq(format('SELECT count(*)::int FROM analytics_internal.live_ranges(%s)', :visited_id), ARRAY[1], 'not where others wrote: only what is new is live');
SELECT throws_ok('TABLE analytics_store.notes', '42501', NULL, 'nor the notes');
SELECT throws_ok($$DELETE FROM analytics_store.visited_base$$, '42501', NULL, 'a reader changes no store');
SET agent_analytics.tenant = 'other';
SELECT is(public.visited_differs(), 0::bigint, 'the other tenant''s sums');
SELECT results_eq('SELECT DISTINCT tenant_id FROM analytics.visited', ARRAY['other'], 'only them');
SELECT results_eq(format('SELECT DISTINCT tenant_id FROM analytics_internal.live_ranges(%s) ORDER BY 1', :visited_id), $$VALUES ('other'), (NULL)$$, 'and where it wrote');
RESET ROLE;
CREATE POLICY even_users ON public.visits AS RESTRICTIVE FOR SELECT TO rollup_auditor USING (user_id % 2 = 0);
SET ROLE rollup_auditor;
SELECT cmp_ok((SELECT sum(n) FROM analytics.visited), '>', 0::numeric, 'a reader under another policy has answers');
SELECT is(public.visited_differs(), 0::bigint, 'of its rows only');
SELECT is_empty(format('TABLE analytics_store.visited_%s', store), 'and no stored sums: ' || store) FROM unnest(ARRAY['base', 'hour', 'day']) store;
RESET ROLE;
DROP POLICY even_users ON public.visits;
-- A policy may have the usual name and yet show a role less.
ALTER POLICY tenant_isolation ON public.visits TO rollup_reader;
SET ROLE rollup_auditor;
SELECT is_empty('TABLE public.visits', 'a role that no policy admits');
SELECT is_empty('SELECT tenant_id, bucket, n FROM analytics.visited', 'gets no sums');
RESET ROLE;
ALTER POLICY tenant_isolation ON public.visits TO PUBLIC USING (tenant_id = current_user);
SET ROLE rollup_reader;
SELECT is_empty('TABLE public.visits', 'under a policy of that name with another condition');
SELECT is_empty('SELECT tenant_id, bucket, n FROM analytics.visited', 'neither');
RESET ROLE;
ALTER POLICY tenant_isolation ON public.visits USING (tenant_id = (SELECT analytics.current_tenant()));
RESET agent_analytics.tenant;

SELECT analytics.drop_rollup('visited') IS NULL AS nothing \gset
DROP FUNCTION public.visited_differs();
DROP TABLE public.visits;

-- Row security that applies to only one of a source and its stores.
CREATE TABLE public.open_visits (tenant_id text NOT NULL, at timestamptz NOT NULL, amount numeric);
CREATE INDEX ON public.open_visits (at);
INSERT INTO public.open_visits SELECT CASE WHEN i % 3 = 0 THEN 'other' ELSE 'acme' END, '2024-03-01Z'::timestamptz + i * interval '7 minutes', i
  FROM generate_series(1, 300) i;
GRANT SELECT ON public.open_visits TO rollup_reader;
SELECT analytics.create_rollup('open_visited', 'public.open_visits', 'at', '{"n": "count(*)", "total": "sum(amount)"}') IS NULL AS nothing \gset
SELECT count(*) AS nothing FROM analytics.refresh_rollups('open_visited') \gset
SELECT rollup_id AS open_id FROM analytics_store.rollups WHERE name = 'open_visited' \gset
CREATE FUNCTION public.open_differs() RETURNS bigint LANGUAGE sql AS $$ SELECT public.differences('SELECT tenant_id, bucket, n, total FROM analytics.open_visited',
    'SELECT tenant_id, date_bin(''15 minutes'', at, ''2000-01-01Z'') AS bucket, count(*) AS n, sum(amount) AS total FROM public.open_visits GROUP BY 1, 2') $$;
INSERT INTO public.open_visits VALUES ('other', '2024-03-01 05:00Z', 1000), ('acme', '2024-03-01 05:00Z', 1000);
SET agent_analytics.tenant = 'acme';
SET ROLE rollup_reader;
SELECT is(public.open_differs(), 0::bigint, 'no row security on the source: a reader sees every tenant, stored or not');
SELECT is((SELECT count(DISTINCT tenant_id) FROM analytics.open_visited), 2::bigint, 'both of them');
RESET ROLE;
ALTER TABLE public.open_visits ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON public.open_visits USING (tenant_id = (SELECT analytics.current_tenant()));
SET ROLE rollup_reader;
SELECT is(public.open_differs(), 0::bigint, 'switched on: its own only');
SELECT is((SELECT count(DISTINCT tenant_id) FROM analytics.open_visited), 1::bigint, 'one');
SELECT results_eq(format('SELECT count(*)::int FROM analytics_internal.live_ranges(%s)', :open_id), ARRAY[2], 'from the stores');
RESET ROLE;
ALTER TABLE public.open_visits RENAME tenant_id TO owned_by;
SET ROLE rollup_reader;
SELECT results_eq(format('SELECT count(*)::int FROM analytics_internal.live_ranges(%s)', :open_id), ARRAY[2], 'and still so when the column is renamed');
SELECT is((SELECT sum(n) FROM analytics.open_visited), (SELECT count(*) FROM public.open_visits)::numeric, 'exactly');
RESET ROLE;
ALTER TABLE public.open_visits RENAME owned_by TO tenant_id;
-- Its owner under FORCE: the stores are the owner's too, and not forced.
CREATE ROLE rollup_owner;
GRANT USAGE ON SCHEMA analytics, analytics_store, analytics_internal TO rollup_owner;
SELECT analytics.drop_rollup('open_visited') IS NULL AS nothing \gset
ALTER TABLE public.open_visits OWNER TO rollup_owner;
SELECT analytics.create_rollup('open_visited', 'public.open_visits', 'at', '{"n": "count(*)", "total": "sum(amount)"}') IS NULL AS nothing \gset
SELECT count(*) AS nothing FROM analytics.refresh_rollups('open_visited') \gset
SET ROLE rollup_owner;
SELECT is((SELECT count(DISTINCT tenant_id) FROM analytics.open_visited), 2::bigint, 'an owner sees all tenants');
SELECT is(public.open_differs(), 0::bigint, 'exactly');
RESET ROLE;
ALTER TABLE public.open_visits FORCE ROW LEVEL SECURITY;
SET ROLE rollup_owner;
SELECT is((SELECT count(DISTINCT tenant_id) FROM analytics.open_visited), 1::bigint, 'under FORCE its own tenant');
SELECT is(public.open_differs(), 0::bigint, 'exactly, too');
RESET ROLE;
RESET agent_analytics.tenant;

-- DROP TABLE ... CASCADE takes the views; the rest goes with the next thing that is done with rollups.
SELECT analytics.define_metric('open_total', 'open_visited', 'total') IS NULL AS nothing \gset
SET client_min_messages = error;
DROP TABLE public.open_visits CASCADE;
SELECT throws_ok($$SELECT * FROM analytics.get_metric_series('open_total')$$, 'PT404', NULL, 'a metric whose table is gone');
CREATE TABLE public.open_visits (tenant_id text NOT NULL, at timestamptz PRIMARY KEY, amount numeric);
INSERT INTO public.open_visits VALUES ('acme', '2024-03-01Z', 5);
SELECT lives_ok($$SELECT analytics.create_rollup('open_visited', 'public.open_visits', 'at', '{"n": "count(*)"}')$$, 'its name is free again');
SELECT is((SELECT sum(n) FROM analytics.open_visited), 1::numeric, 'for another table');
DELETE FROM analytics_store.metrics WHERE name = 'open_total';
DROP TABLE public.open_visits CASCADE;
SELECT lives_ok($$SELECT analytics.drop_rollup('open_visited')$$, 'dropping what its table left behind');
SELECT throws_ok($$SELECT analytics.drop_rollup('open_visited')$$, 'PT404', NULL, 'works once');
DROP FUNCTION public.open_differs();
SELECT is_empty($$SELECT public.everything() EXCEPT SELECT what FROM public.inventory$$, 'and leaves nothing');

-- Definitions are written as the registry's owner and triggers made as a superuser: with pg_catalog alone on the search path,
-- or an operator planted before it would run as these.
CREATE SCHEMA planted AUTHORIZATION rollup_owner;
CREATE TABLE public.planted_visits (tenant_id text NOT NULL, at timestamptz PRIMARY KEY, amount numeric);
ALTER TABLE public.planted_visits OWNER TO rollup_owner;
GRANT CREATE ON SCHEMA analytics, analytics_store TO rollup_owner;
GRANT EXECUTE ON FUNCTION analytics.create_rollup, analytics.drop_rollup TO rollup_owner;
SET ROLE rollup_owner;
CREATE FUNCTION planted.same(a integer, b integer) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF current_user <> 'rollup_owner' THEN RAISE EXCEPTION 'run as %', current_user; END IF;
    RETURN a OPERATOR(pg_catalog.=) b;
END $$;
CREATE FUNCTION planted.same(a oid, b oid) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF current_user <> 'rollup_owner' THEN RAISE EXCEPTION 'run as %', current_user; END IF;
    RETURN a OPERATOR(pg_catalog.=) b;
END $$;
CREATE FUNCTION planted.same(a name, b name) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF current_user <> 'rollup_owner' THEN RAISE EXCEPTION 'run as %', current_user; END IF;
    RETURN a OPERATOR(pg_catalog.=) b;
END $$;
CREATE OPERATOR planted.= (LEFTARG = integer, RIGHTARG = integer, FUNCTION = planted.same);
CREATE OPERATOR planted.= (LEFTARG = oid, RIGHTARG = oid, FUNCTION = planted.same);
CREATE OPERATOR planted.= (LEFTARG = name, RIGHTARG = name, FUNCTION = planted.same);
SET search_path = planted, pg_catalog, public;
SELECT public.lives_ok($$SELECT analytics.create_rollup('planted_stats', 'public.planted_visits', 'at', '{"n": "count(*)"}')$$, 'create_rollup');
SELECT public.lives_ok($$SELECT analytics.create_rollup('planted_hours', 'public.planted_visits', 'at', '{"n": "count(*)"}', bucket => '1 hour')$$, 'of a table that has one');
SELECT public.lives_ok($$SELECT analytics.drop_rollup('planted_stats'), analytics.drop_rollup('planted_hours')$$, 'drop_rollup');
RESET search_path;
RESET ROLE;
DROP SCHEMA planted CASCADE;
DROP TABLE public.planted_visits;
SELECT is_empty($$SELECT public.everything() EXCEPT SELECT what FROM public.inventory$$, 'at the end nothing is left');

-- A measure may call a function of the table's owner, and whoever refreshes runs it, a superuser mostly: as the owner, and with no way
-- to anything that would run as the superuser afterwards.
CREATE SCHEMA trap AUTHORIZATION rollup_owner;
CREATE TABLE public.trap_visits (tenant_id text NOT NULL, at timestamptz PRIMARY KEY, amount integer);
ALTER TABLE public.trap_visits OWNER TO rollup_owner;
SET ROLE rollup_owner;
CREATE TABLE trap.later (id integer);
CREATE FUNCTION trap.shut() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'run as %', current_user; END $$;
CREATE CONSTRAINT TRIGGER later AFTER INSERT ON trap.later DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION trap.shut();
CREATE FUNCTION trap.act() RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE current_setting('trap.bait'); END $$;
CREATE FUNCTION trap.amount(amount integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF current_setting('trap.bait', true) <> '' THEN PERFORM trap.act(); END IF;
    RETURN amount;
END $$;
SELECT lives_ok($$SELECT analytics.create_rollup('trap_stats', 'public.trap_visits', 'at', '{"amount": "sum(trap.amount(amount))"}')$$, 'a measure of a function of one''s own');
INSERT INTO public.trap_visits VALUES ('', '2026-01-01', 1);
RESET ROLE;
SET trap.bait = 'INSERT INTO trap.later VALUES (1)';
SELECT throws_ok($$SELECT analytics.refresh_rollups('trap_stats')$$, '42501', 'cannot fire deferred trigger within security-restricted operation', 'leaves no trigger for the end of the transaction');
SET trap.bait = 'SET ROLE postgres';
SELECT throws_ok($$SELECT analytics.refresh_rollups('trap_stats')$$, '42501', NULL, 'takes no other role');
SET trap.bait = 'CREATE TEMP TABLE pg_class (LIKE pg_catalog.pg_class)';
SELECT throws_ok($$SELECT analytics.refresh_rollups('trap_stats')$$, '42501', NULL, 'makes no temporary table that hides another');
SET trap.bait = 'SET search_path = trap, pg_catalog';
SELECT lives_ok($$SELECT analytics.refresh_rollups('trap_stats')$$, 'what it sets');
SELECT is(current_setting('search_path'), '"$user", public', 'is set back');
RESET trap.bait;
SELECT is((SELECT sum(amount) FROM analytics.trap_stats), 1::numeric, 'and the answer is right');
SELECT analytics.drop_rollup('trap_stats') \g /dev/null
DROP SCHEMA trap CASCADE;
DROP TABLE public.trap_visits;

-- Roles outlive the database.
DROP OWNED BY rollup_reader, rollup_auditor, rollup_writer, rollup_owner;
DROP ROLE rollup_reader, rollup_auditor, rollup_writer, rollup_owner;
SELECT finish();
