-- Rollups: what create_rollup refuses, and that its view says what plain SQL over the source says, whatever happens to
-- the source. All expected values come from the source.
\ir include/start.sql
SET client_min_messages = error;
\ir include/rollups.sql
SELECT no_plan();

-- The rollup of a table like events, and the same in plain SQL; names of columns that tests rename are arguments.
CREATE FUNCTION public.shown(rollup text) RETURNS text LANGUAGE sql AS $$
    SELECT format('SELECT tenant_id, bucket, kind, n, paid, total, refunds, mean, mean__n, weight, weight_mean, low, high,
                          users__n, codes__n, analytics.quantile(spread, 0) AS q0, analytics.quantile(spread, 1) AS q1
                     FROM analytics.%I', rollup) $$;
CREATE FUNCTION public.plain(source text, at text DEFAULT 'at', amount text DEFAULT 'amount', kind text DEFAULT 'kind',
    width text DEFAULT '15 minutes', tenant text DEFAULT 'tenant_id') RETURNS text LANGUAGE sql AS $$
    SELECT format('SELECT %6$I AS tenant_id, date_bin(%5$L, %2$I, ''2000-01-01Z'') AS bucket, %4$I AS kind, count(*) AS n,
                          count(*) FILTER (WHERE code = ''paid'') AS paid, sum(%3$I) AS total,
                          sum(-%3$I) FILTER (WHERE %3$I < 0) AS refunds, avg(%3$I) AS mean, count(%3$I) AS mean__n,
                          sum(weight) AS weight, avg(weight) AS weight_mean, min(%3$I) AS low, max(code) AS high,
                          count(DISTINCT user_id) AS users__n, count(DISTINCT code) AS codes__n, min(weight) AS q0, max(weight) AS q1
                     FROM %1$s WHERE isfinite(%2$I) GROUP BY 1, 2, 3', source, at, amount, kind, width, tenant) $$;
CREATE FUNCTION public.measures() RETURNS jsonb LANGUAGE sql AS $$ SELECT '{"n": "count(*)",
    "paid": "count(*) FILTER (WHERE code = ''paid'')", "total": "sum(amount)", "refunds": "sum(-amount) FILTER (WHERE amount < 0)",
    "mean": "avg(amount)", "weight": "sum(weight)", "weight_mean": "avg(weight)", "low": "min(amount)", "high": "max(code)",
    "users": "distinct(user_id)", "codes": "distinct(code)", "spread": "quantiles(weight)"}'::jsonb $$;

CREATE TABLE public.events (tenant_id text NOT NULL, at timestamptz, kind text, amount numeric, weight double precision,
    user_id bigint, code text, id integer, local_at timestamp);
CREATE INDEX ON public.events (at);
CREATE FUNCTION public.fill(target regclass, count integer, start timestamptz DEFAULT '2024-03-01Z') RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    -- Weights are quarters, so their sums are exact in any order. Some instants lie on a bucket's edge.
    EXECUTE format('INSERT INTO %s (tenant_id, at, kind, amount, weight, user_id, code, id)
        SELECT CASE WHEN i %% 5 = 0 THEN ''other'' ELSE ''acme'' END, $2 + i * interval ''3 minutes'' - (i %% 2) * interval ''1 microsecond'',
               (ARRAY[''a'', ''b'', NULL])[1 + i %% 3], nullif((i * 37 %% 401) - 60, 0) * 0.01, nullif(i %% 97, 3) * 0.25 + 1,
               10000000000 + i %% 13, (ARRAY[''paid'', ''open'', NULL, ''late''])[1 + i %% 4], i
          FROM generate_series(1, $1) i', target) USING count, start;
END $$;
SELECT public.fill('public.events', 1500);
INSERT INTO public.events VALUES ('acme', NULL, 'a', 1, 1, 1, 'x', 0), ('acme', 'infinity', 'a', 1, 1, 1, 'x', 0),
    ('acme', '-infinity', 'a', 1, 1, 1, 'x', 0), ('acme', '2999-01-01Z', 'a', 1, 1, 1, 'x', 0);

-- Refused.
SELECT count(*) AS nothing FROM analytics.refresh_rollups() \gset
INSERT INTO public.inventory SELECT public.everything();
CREATE FUNCTION public.refused(what text, state text, source text DEFAULT 'public.events', measures text DEFAULT '{"n": "count(*)"}',
    name text DEFAULT 'refused', at text DEFAULT 'at', dimensions text DEFAULT '{}', bucket text DEFAULT '15 minutes')
RETURNS text LANGUAGE sql AS $$
    SELECT throws_ok(format('SELECT analytics.create_rollup(%L, %L, %L, %L, %L, %L)', name, source, at, measures, dimensions, bucket),
        state, NULL, 'refused: ' || what) $$;
CREATE TEMP TABLE fleeting (at timestamptz);
CREATE UNLOGGED TABLE public.unlogged (at timestamptz);
CREATE VIEW public.seen AS SELECT * FROM public.events;
CREATE MATERIALIZED VIEW public.kept AS SELECT at FROM public.events;
CREATE TABLE public.parent (at timestamptz);
CREATE TABLE public.child () INHERITS (public.parent);
CREATE TABLE public.nullable (tenant_id text, at timestamptz);
CREATE TABLE public.numbered (tenant_id integer NOT NULL, at timestamptz);
CREATE FOREIGN DATA WRAPPER nothing;
CREATE SERVER nowhere FOREIGN DATA WRAPPER nothing;
CREATE TABLE public.parted (at timestamptz) PARTITION BY RANGE (at);
CREATE FOREIGN TABLE public.far PARTITION OF public.parted DEFAULT SERVER nowhere;
SELECT public.refused('a temporary table', '22023', 'pg_temp.fleeting');
SELECT public.refused('an unlogged table', '22023', 'public.unlogged');
SELECT public.refused('a view', '22023', 'public.seen');
SELECT public.refused('a materialized view', '22023', 'public.kept');
SELECT public.refused('an inheritance child', '22023', 'public.child');
SELECT public.refused('a foreign table', '22023', 'public.far');
SELECT public.refused('a foreign partition', '22023', 'public.parted');
SELECT public.refused('a system table', '22023', 'pg_catalog.pg_class', at => 'relname');
SELECT public.refused('a nullable tenant_id', '22023', 'public.nullable');
SELECT public.refused('a tenant_id that is no text', '22023', 'public.numbered');
SELECT public.refused('a relation that is not there', '22023', '4000000000');
SELECT public.refused('an unknown time column', '22023', at => 'nowhere');
SELECT public.refused('a time column without zone', '22023', at => 'local_at');
SELECT public.refused('a system column as time', '22023', at => 'xmin');
SELECT public.refused('a bucket of ' || bucket, '22023', bucket => bucket)
  FROM unnest(ARRAY['7 minutes', '2 hours', '30 seconds', '0', '-15 minutes', '1 day', '1 month']) bucket;
SELECT public.refused('the name ' || coalesce(quote_literal(name), 'NULL'), '22023', name => name)
  FROM unnest(ARRAY['', 'Upper', '1st', '_x', 'a-b', 'a"b', 'é', repeat('a', 49), NULL]) name;
SELECT public.refused('measures: ' || m, '22023', measures => m)
  FROM unnest(ARRAY['[]', '{}', '"n"', '{"n": 1}', '{"n": null}', '{"n": {"a": "count(*)"}}', '{"N": "count(*)"}', '{"bucket": "count(*)"}',
      '{"tenant_id": "count(*)"}', '{"at": "count(*)"}', '{"x__n": "count(*)"}', '{"n": "median(amount)"}',
      '{"n": "sum((SELECT 1))"}', '{"n": "sum((SELECT max(amount) FROM public.events))"}', '{"n": "sum(amount * random())"}',
      '{"n": "count(*) FILTER (WHERE at < now())"}', '{"n": "sum(extract(hour FROM at))"}', '{"n": "sum(rank() OVER ())"}',
      '{"n": "sum(generate_series(1, 3))"}', '{"n": "sum(amount"}', '{"n": ""}', '{"n": "count(*) FILTER (WHERE true"}',
      '{"n": "sum(amount) FILTER (WHERE EXISTS (SELECT 1))"}']) m;
SELECT public.refused('a sum of text', '42883', measures => '{"n": "sum(code)"}');
SELECT public.refused('an aggregate within a measure', '42803', measures => '{"n": "sum(sum(amount))"}');
SELECT public.refused('measure ' || m, '22023', measures => m)
  FROM unnest(ARRAY['{"n": "sum(amount), count(*)"}', '{"n": "sum(1) FROM pg_class; DROP TABLE public.events; --"}', '{"n": "sum(amount)) AS x, (1"}']) m;
SELECT public.refused('an unknown column', '42703', measures => '{"n": "sum(nowhere)"}');
SELECT public.refused('a filter that is no condition', '42804', measures => '{"n": "sum(amount) FILTER (WHERE amount)"}');
SELECT public.refused('a value of no type that can be counted', '42P16', measures => '{"n": "distinct(ROW(1))"}');
SELECT public.refused('dimensions: ' || d, '22023', dimensions => d)
  FROM unnest(ARRAY['{nowhere}', '{kind,kind}', '{tenant_id}', '{at}', '{NULL}', '{xmin}']) d;
SELECT public.refused('a measure named as a dimension', '22023', measures => '{"kind": "count(*)"}', dimensions => '{kind}');
CREATE ROLE rollup_stranger;
GRANT USAGE ON SCHEMA analytics TO rollup_stranger;
GRANT SELECT ON public.events TO rollup_stranger;
SET ROLE rollup_stranger;
SELECT throws_ok($$SELECT analytics.create_rollup('refused', 'public.events', 'at', '{"n": "count(*)"}')$$, '42501', NULL, 'refused: somebody else''s table');
RESET ROLE;
REVOKE SELECT ON public.events FROM rollup_stranger;
DROP TABLE fleeting, public.unlogged, public.child, public.parent, public.nullable, public.numbered, public.parted;
DROP VIEW public.seen;
DROP MATERIALIZED VIEW public.kept;
DROP FOREIGN DATA WRAPPER nothing CASCADE;
SELECT bag_eq('SELECT public.everything()', 'SELECT what FROM public.inventory', 'what was refused left nothing behind');

-- Exact before and after a refresh, and after every kind of change.
SELECT is(analytics.create_rollup('flow', 'public.events', 'at', public.measures(), '{kind}')::text, 'analytics.flow', 'create_rollup returns the view');
SELECT throws_ok($$SELECT analytics.create_rollup('flow', 'public.events', 'at', '{"n": "count(*)"}')$$, '42710', NULL, 'refused: a name that is taken');
SELECT throws_ok(format('SELECT analytics.%s', call), 'PT404', NULL, 'unknown name: ' || call)
  FROM unnest(ARRAY['refresh_rollups(''nobody'')', 'drop_rollup(''nobody'')', 'invalidate_rollup(''nobody'', ''-infinity'', ''infinity'')']) call;
CREATE FUNCTION public.flow_differs() RETURNS bigint LANGUAGE sql AS $$ SELECT public.differences(public.shown('flow'), public.plain('public.events')) $$;
SELECT cmp_ok((SELECT count(*) FROM analytics.flow), '>', 500::bigint, 'there is something to compare');
SELECT is(public.flow_differs(), 0::bigint, 'before the first refresh');
SELECT is((SELECT array_agg(s) FROM (SELECT watermark, dirty_buckets, progress_pct, source FROM analytics.get_rollup_status() WHERE name = 'flow') s)::text,
    ARRAY[ROW(NULL::timestamptz, 0::bigint, 0::numeric, 'public.events')]::text, 'its status before');
CREATE TEMP TABLE report AS SELECT * FROM analytics.refresh_rollups('flow');
SELECT is((SELECT r.scanned_rows FROM report r), (SELECT count(*) FROM public.events WHERE at < '2900-01-01' AND isfinite(at)), 'the refresh read each row once');
SELECT is((SELECT r.refreshed_buckets FROM report r),
    (SELECT count(DISTINCT (tenant_id, date_bin('15 minutes', at, '2000-01-01'))) FROM public.events WHERE at < '2900-01-01' AND isfinite(at)), 'into so many buckets');
SELECT is(public.flow_differs(), 0::bigint, 'after the first refresh');
SELECT is((SELECT count(*) FROM analytics_store.flow_base), (SELECT count(*) FROM analytics.flow WHERE bucket < '2900-01-01'), 'now the rows come from the store');
SELECT is((SELECT to_jsonb(s) - '{watermark,rows,size_bytes,last_refresh_at}'::text[] FROM analytics.get_rollup_status() s WHERE name = 'flow'),
    '{"name": "flow", "source": "public.events", "bucket": "00:15:00", "dirty_buckets": 0, "progress_pct": 100, "waits_for": null}'::jsonb, 'its status after');
SELECT ok(watermark <= now() AND last_refresh_at IS NOT NULL AND size_bytes > 0 AND rows >= 0, 'the rest of its status') FROM analytics.get_rollup_status() WHERE name = 'flow';
CREATE FUNCTION public.coarse_differs() RETURNS bigint LANGUAGE sql AS $$
    SELECT sum(public.differences(format('SELECT tenant_id, bucket, kind, n, total, mean AS mean_sum, mean__n, low, high, users__n, codes__n FROM analytics_store.flow_%s', level),
        format('SELECT tenant_id, date_bin(%L, at, ''2000-01-01Z'') AS bucket, kind, count(*) AS n, sum(amount) AS total, sum(amount) AS mean_sum, count(amount) AS mean__n,
                       min(amount) AS low, max(code) AS high, count(DISTINCT user_id) AS users__n, count(DISTINCT code) AS codes__n
                  FROM public.events WHERE at < ''2900-01-01'' AND isfinite(at) GROUP BY 1, 2, 3', '1 ' || level)))::bigint FROM unnest(ARRAY['hour', 'day']) level $$;
SELECT is(public.coarse_differs(), 0::bigint, 'the hours and days as well');
SELECT ok(bool_and(abs(analytics.quantile(f.spread, 0.5) / e.median - 1) <= 0.0101), 'medians lie within 1 %')
  FROM analytics.flow f JOIN (SELECT tenant_id, date_bin('15 minutes', at, '2000-01-01Z') AS bucket, kind, percentile_disc(0.5) WITHIN GROUP (ORDER BY weight) AS median
                                FROM public.events WHERE isfinite(at) GROUP BY 1, 2, 3 HAVING count(weight) % 2 = 1) e
    ON f.tenant_id = e.tenant_id AND f.bucket = e.bucket AND f.kind IS NOT DISTINCT FROM e.kind;

CREATE FUNCTION public.after(what text, statement text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN NEXT is(public.flow_differs(), 0::bigint, what || ', in its transaction');
END $$;
CREATE FUNCTION public.refreshed(what text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN NEXT is(public.flow_differs(), 0::bigint, what || ', committed');
    PERFORM analytics.refresh_rollups('flow');
    RETURN NEXT is(public.flow_differs(), 0::bigint, what || ', refreshed');
    RETURN NEXT is(public.coarse_differs(), 0::bigint, what || ', in hours and days');
    RETURN NEXT is((SELECT count(*) FROM analytics_store.notes n JOIN analytics_store.rollups r USING (source_id) WHERE r.name = 'flow'), 0::bigint, what || ': no note remains');
END $$;
SELECT public.after('late rows', $$SELECT public.fill('public.events', 40, '2024-03-02Z')$$);
SELECT cmp_ok(dirty_buckets, '>', 0::bigint, 'the status counts them') FROM analytics.get_rollup_status() WHERE name = 'flow';
SELECT public.refreshed('late rows');
SELECT public.after('a row older than all', $$INSERT INTO public.events VALUES ('acme', '2001-02-03Z', NULL, 5, 1, 1, 'x', 7)$$);
SELECT public.refreshed('a row older than all');
SELECT public.after('rows that change bucket and tenant', $$UPDATE public.events SET at = at + interval '1 day 20 minutes', tenant_id = CASE tenant_id WHEN 'acme' THEN 'other' ELSE 'new' END WHERE id BETWEEN 100 AND 130$$);
SELECT public.refreshed('rows that change bucket and tenant');
SELECT public.after('changed values', $$UPDATE public.events SET amount = amount + 1, kind = 'c', user_id = 7 WHERE id % 50 = 3$$);
SELECT public.refreshed('changed values');
SELECT public.after('times that become unknown or infinite', $$UPDATE public.events SET at = CASE id % 3 WHEN 0 THEN NULL WHEN 1 THEN 'infinity'::timestamptz ELSE '-infinity' END WHERE id BETWEEN 200 AND 230$$);
SELECT public.refreshed('times that become unknown or infinite');
SELECT public.after('and known again', $$UPDATE public.events SET at = '2024-03-03 04:05Z' WHERE id BETWEEN 200 AND 230$$);
SELECT public.refreshed('and known again');
SELECT public.after('deleted rows', $$DELETE FROM public.events WHERE id % 7 = 2 OR tenant_id = 'new'$$);
SELECT public.refreshed('deleted rows');
SELECT public.after('a column that no measure uses', $$UPDATE public.events SET id = -id WHERE id = 8$$);
SELECT is((SELECT dirty_buckets FROM analytics.get_rollup_status() WHERE name = 'flow'), 0::bigint, 'it leaves no note');

-- Savepoints, cursors, one transaction.
BEGIN;
INSERT INTO public.events VALUES ('acme', '2024-03-01 10:01Z', 'a', 1000, 1, 1, 'x', 8);
SAVEPOINT one;
INSERT INTO public.events VALUES ('acme', '2024-03-01 11:01Z', 'a', 2000, 1, 1, 'x', 8);
SELECT is(public.flow_differs(), 0::bigint, 'in a savepoint');
ROLLBACK TO one;
SELECT is(public.flow_differs(), 0::bigint, 'after ROLLBACK TO');
DECLARE early CURSOR FOR SELECT sum(n)::bigint, sum(total) FROM analytics.flow;
CREATE TEMP TABLE before AS SELECT count(*) AS n, sum(amount) AS total FROM public.events WHERE isfinite(at);
INSERT INTO public.events VALUES ('acme', '2024-03-01 12:01Z', 'a', 4000, 1, 1, 'x', 8);
UPDATE public.events SET amount = 9 WHERE id = 9;
SELECT results_eq('FETCH early', 'SELECT n, total FROM before', 'a cursor declared before late rows does not see them');
SELECT is(public.flow_differs(), 0::bigint, 'a query after them does');
SELECT lives_ok($$SELECT analytics.refresh_rollups('flow')$$, 'a refresh in the same transaction');
SELECT is(public.flow_differs(), 0::bigint, 'after a refresh in the same transaction');
INSERT INTO public.events VALUES ('acme', '2024-03-01 12:02Z', 'a', 4000, 1, 1, 'x', 8);
SELECT is(public.flow_differs(), 0::bigint, 'and a row after that');
ROLLBACK;
SELECT is(public.flow_differs(), 0::bigint, 'all of it rolled back');
SELECT public.refreshed('a rolled back refresh');
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT is(public.flow_differs(), 0::bigint, 'in REPEATABLE READ');
INSERT INTO public.events VALUES ('acme', '2024-03-01 12:01Z', 'a', 4000, 1, 1, 'x', 8);
SELECT is(public.flow_differs(), 0::bigint, 'in REPEATABLE READ, after a late row');
SELECT throws_ok('SELECT analytics.refresh_rollups()', '0A000', NULL, 'no refresh in REPEATABLE READ');
COMMIT;
SELECT public.refreshed('a row from REPEATABLE READ');
BEGIN;
TRUNCATE public.events;
SELECT is(public.flow_differs(), 0::bigint, 'after TRUNCATE');
SELECT is((SELECT count(*) FROM analytics.flow), 0::bigint, 'nothing is left');
SELECT public.fill('public.events', 20);
SELECT is(public.flow_differs(), 0::bigint, 'and rows after it');
ROLLBACK;
SELECT is(public.flow_differs(), 0::bigint, 'TRUNCATE rolled back');

-- Definitions follow the table.
ALTER TABLE public.events RENAME amount TO price;
ALTER TABLE public.events RENAME at TO happened_at;
ALTER TABLE public.events RENAME kind TO sort;
CREATE OR REPLACE FUNCTION public.flow_differs() RETURNS bigint LANGUAGE sql AS $$ SELECT public.differences(public.shown('flow'), public.plain('public.events', 'happened_at', 'price', 'sort')) $$;
SELECT public.after('late rows after renames', $$INSERT INTO public.events (tenant_id, happened_at, sort, price, code) VALUES ('acme', '2024-03-01 03:04Z', 'z', 77, 'paid'), ('new', '2024-03-01 03:04Z', NULL, 78, NULL)$$);
SELECT public.after('a changed price', $$UPDATE public.events SET price = price * 2 WHERE id % 11 = 1$$);
SELECT is(public.flow_differs(), 0::bigint, 'renames, committed');
SELECT lives_ok($$SELECT analytics.refresh_rollups('flow')$$, 'a refresh after renames');
SELECT is(public.flow_differs(), 0::bigint, 'renames, refreshed');
ALTER TABLE public.events RENAME happened_at TO at;
ALTER TABLE public.events RENAME price TO amount;
ALTER TABLE public.events RENAME sort TO kind;
CREATE OR REPLACE FUNCTION public.flow_differs() RETURNS bigint LANGUAGE sql AS $$ SELECT public.differences(public.shown('flow'), public.plain('public.events')) $$;
SELECT public.refreshed('renamed back');
SELECT throws_ok(format('ALTER TABLE public.events DROP COLUMN %s', c), '2BP01', NULL, 'a used column stays: ' || c)
  FROM unnest(ARRAY['amount', 'at', 'kind', 'code', 'tenant_id']) c;
SELECT lives_ok('ALTER TABLE public.events DROP COLUMN local_at', 'an unused column may go');
SELECT lives_ok('ALTER TABLE public.events ADD COLUMN extra integer DEFAULT 5', 'and one may come');
SELECT throws_ok('DROP TABLE public.events', '2BP01', NULL, 'the table stays, too');
SELECT public.after('late rows after that', $$SELECT public.fill('public.events', 30, '2024-03-02 07:00Z')$$);
SELECT public.refreshed('late rows after that');

-- Triggers disabled: seen while they are, told by invalidate_rollup afterwards.
ALTER TABLE public.events DISABLE TRIGGER ALL;
UPDATE public.events SET amount = amount + 3 WHERE id = 20;
SELECT is(public.flow_differs(), 0::bigint, 'while the trigger is disabled');
ALTER TABLE public.events ENABLE ALWAYS TRIGGER agent_analytics_note;
ALTER TABLE public.events ENABLE ALWAYS TRIGGER agent_analytics_truncate;
SELECT is(public.flow_differs(), 0::bigint, 'enabled again: its new version tells');
SELECT is(analytics.invalidate_rollup('flow', '2024-03-01Z', '2024-03-03Z'),
    (SELECT count(DISTINCT bucket) FROM analytics_store.flow_base WHERE bucket >= '2024-03-01Z' AND bucket < '2024-03-03Z'), 'invalidate_rollup counts the buckets');
SELECT is(public.flow_differs(), 0::bigint, 'invalidated');
SELECT public.refreshed('an invalidated range');
SELECT throws_ok($$SELECT analytics.invalidate_rollup('flow', '2024-03-01Z', '2024-03-01Z')$$, '22023', NULL, 'an empty range');
SELECT throws_ok($$SELECT analytics.invalidate_rollup('flow', NULL, '2024-03-01Z')$$, '22023', NULL, 'a range without a start');
SET session_replication_role = replica;
SELECT public.after('rows of a replica', $$SELECT public.fill('public.events', 10, '2024-03-02 09:00Z')$$);
RESET session_replication_role;
SELECT public.refreshed('rows of a replica');

-- A second rollup of the table, by the hour and without dimensions.
SELECT is(analytics.create_rollup('hourly', 'public.events', 'at', '{"n": "count(*)", "total": "sum(amount)"}', bucket => '1 hour')::text, 'analytics.hourly', 'a second rollup');
CREATE FUNCTION public.hourly_differs() RETURNS bigint LANGUAGE sql AS $$ SELECT public.differences('SELECT tenant_id, bucket, n, total FROM analytics.hourly',
    'SELECT tenant_id, date_trunc(''hour'', at) AS bucket, count(*) AS n, sum(amount) AS total FROM public.events WHERE isfinite(at) GROUP BY 1, 2') $$;
SELECT public.after('late rows for both', $$SELECT public.fill('public.events', 10, '2024-03-02 09:00Z')$$);
SELECT is(public.hourly_differs(), 0::bigint, 'the second before its refresh');
SELECT public.refreshed('late rows for both');
SELECT is(public.hourly_differs(), 0::bigint, 'the second, refreshed along');
SELECT public.fill('public.events', 10, '2024-03-02 11:50Z');
SELECT is(public.hourly_differs() + public.flow_differs(), 0::bigint, 'both after late rows');
SELECT lives_ok($$SELECT analytics.drop_rollup('flow')$$, 'the first goes');
SELECT is(public.hourly_differs(), 0::bigint, 'the second stays exact');
INSERT INTO public.events VALUES ('acme', '2024-03-01 10:01Z', 'a', 1000, 1, 1, 'x', 8);
SELECT is(public.hourly_differs(), 0::bigint, 'also for late rows');
CREATE VIEW public.mine AS SELECT * FROM analytics.hourly;
SELECT throws_ok($$SELECT analytics.drop_rollup('hourly')$$, '2BP01', NULL, 'not dropped under a view of the user''s');
DROP VIEW public.mine;
SET ROLE rollup_stranger;
SELECT throws_ok($$SELECT analytics.drop_rollup('hourly')$$, '42501', NULL, 'nor by another role');
SELECT throws_ok($$SELECT analytics.invalidate_rollup('hourly', '-infinity', 'infinity')$$, '42501', NULL, 'who may not invalidate it either');
RESET ROLE;
SELECT lives_ok($$SELECT analytics.drop_rollup('hourly')$$, 'the second goes');
DROP FUNCTION public.hourly_differs();
SELECT is_empty($$SELECT public.everything() EXCEPT SELECT what FROM public.inventory$$, 'nothing of them is left');
SELECT is_empty($$SELECT what FROM public.inventory EXCEPT SELECT public.everything()$$, 'and nothing else is gone');
SELECT lives_ok($$INSERT INTO public.events VALUES ('acme', '2024-03-01 10:01Z', 'a', 1000, 1, 1, 'x', 8)$$, 'the table works on');

-- Partitions: rows that come and go with them, columns in another order.
CREATE TABLE public.calls (tenant_id text NOT NULL, at timestamptz, kind text, amount numeric, weight double precision,
    user_id bigint, code text, id integer) PARTITION BY RANGE (at);
CREATE INDEX ON public.calls (at);
CREATE TABLE public.calls_1 PARTITION OF public.calls FOR VALUES FROM ('2024-03-01Z') TO ('2024-03-02Z');
CREATE TABLE public.calls_2 PARTITION OF public.calls FOR VALUES FROM ('2024-03-02Z') TO ('2024-03-03Z');
SELECT public.fill('public.calls', 900);
SELECT is(analytics.create_rollup('called', 'public.calls', 'at', public.measures(), '{kind}')::text, 'analytics.called', 'a rollup of a partitioned table');
CREATE FUNCTION public.called_differs() RETURNS bigint LANGUAGE sql AS $$ SELECT public.differences(public.shown('called'), public.plain('public.calls')) $$;
CREATE FUNCTION public.called(what text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN NEXT is(public.called_differs(), 0::bigint, what);
    PERFORM analytics.refresh_rollups('called');
    RETURN NEXT is(public.called_differs(), 0::bigint, what || ', refreshed');
END $$;
SELECT public.called('partitions');
CREATE TABLE public.calls_3 (id integer, code text, at timestamptz, junk integer, user_id bigint, weight double precision, kind text, amount numeric, tenant_id text NOT NULL);
ALTER TABLE public.calls_3 DROP COLUMN junk;
SELECT public.fill('public.calls_3', 300, '2024-03-03 00:01Z');
ALTER TABLE public.calls ATTACH PARTITION public.calls_3 FOR VALUES FROM ('2024-03-03Z') TO ('2024-03-04Z');
SELECT public.called('ATTACH of a partition with rows, its columns in another order');
SELECT public.fill('public.calls_3', 20, '2024-03-03 05:00Z');
SELECT public.called('rows written straight into it');
UPDATE public.calls SET at = at - interval '1 day', amount = amount + 1 WHERE id % 40 = 3 AND at >= '2024-03-02Z';
SELECT public.called('rows that move to another partition');
BEGIN;
TRUNCATE public.calls_1;
SELECT is(public.called_differs(), 0::bigint, 'TRUNCATE of a partition, in its transaction');
ROLLBACK;
SELECT is(public.called_differs(), 0::bigint, 'rolled back');
TRUNCATE public.calls_1;
SELECT public.called('TRUNCATE of a partition');
ALTER TABLE public.calls DETACH PARTITION public.calls_2;
SELECT public.called('DETACH');
UPDATE public.calls_2 SET amount = amount + 1;
ALTER TABLE public.calls ATTACH PARTITION public.calls_2 FOR VALUES FROM ('2024-03-02Z') TO ('2024-03-03Z');
SELECT public.called('changed and attached again');
DROP TABLE public.calls_3;
SELECT public.called('DROP of a partition');
CREATE TABLE public.calls_rest PARTITION OF public.calls DEFAULT;
SELECT public.fill('public.calls', 20, '2024-03-09Z');
INSERT INTO public.calls (tenant_id, at, kind) VALUES ('acme', NULL, 'a');
SELECT public.called('a default partition');
ALTER TABLE public.calls_1 DISABLE TRIGGER agent_analytics_note;
SELECT public.fill('public.calls', 20, '2024-03-01 03:00Z');
SELECT public.called('a partition without its trigger');
ALTER TABLE public.calls_1 ENABLE ALWAYS TRIGGER agent_analytics_note;
SELECT public.called('and with it');
SELECT lives_ok($$SELECT analytics.drop_rollup('called')$$, 'drop of a rollup of a partitioned table');
DROP FUNCTION public.called(text), public.called_differs();
DROP TABLE public.calls;
SELECT is_empty($$SELECT public.everything() EXCEPT SELECT what FROM public.inventory$$, 'leaves nothing on the partitions');

-- A table that others inherit from: its own triggers do not see their rows.
CREATE TABLE public.base (at timestamptz, n integer);
CREATE TABLE public.heir () INHERITS (public.base);
INSERT INTO public.heir VALUES ('2024-03-01Z', 1);
SELECT analytics.create_rollup('inherited', 'public.base', 'at', '{"n": "sum(n)"}') IS NULL AS nothing \gset
SELECT count(*) AS nothing FROM analytics.refresh_rollups('inherited') \gset
INSERT INTO public.heir VALUES ('2024-03-01Z', 2);
SELECT is((SELECT sum(n) FROM analytics.inherited), (SELECT sum(n) FROM public.base)::numeric, 'rows of an inheriting table count');
SELECT analytics.drop_rollup('inherited') IS NULL AS nothing \gset
DROP TABLE public.heir, public.base;

-- A refresh that statement_timeout ends.
CREATE FUNCTION public.slow(x integer) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('test.slow', true) = 'on' THEN PERFORM pg_sleep(0.05); END IF;
    RETURN x;
END $$;
CREATE TABLE public.slowly (at timestamptz PRIMARY KEY, x integer);
INSERT INTO public.slowly SELECT '2024-03-01Z'::timestamptz + i * interval '1 hour', i FROM generate_series(1, 400) i;
SELECT analytics.create_rollup('slowed', 'public.slowly', 'at', '{"x": "sum(public.slow(x))"}') IS NULL AS nothing \gset
SET test.slow = on;
SET statement_timeout = '1500ms';
\set ON_ERROR_STOP 0
SELECT * FROM analytics.refresh_rollups('slowed');
\set state :LAST_ERROR_SQLSTATE
\set ON_ERROR_STOP 1
RESET statement_timeout;
RESET test.slow;
SELECT is(:'state'::text, '57014', 'a refresh ends at statement_timeout');
CREATE FUNCTION public.slowed_differs() RETURNS bigint LANGUAGE sql AS $$ SELECT public.differences('SELECT bucket, x FROM analytics.slowed',
    'SELECT date_bin(''15 minutes'', at, ''2000-01-01Z'') AS bucket, sum(x) AS x FROM public.slowly GROUP BY 1') $$;
SELECT is(public.slowed_differs(), 0::bigint, 'the session answers on');
INSERT INTO public.slowly VALUES ('2024-03-01 00:01Z', 5);
SELECT is(public.slowed_differs(), 0::bigint, 'and writes');
SELECT is((SELECT scanned_rows FROM analytics.refresh_rollups('slowed')), (SELECT count(*) FROM public.slowly), 'the next refresh does it all');
SELECT is(public.slowed_differs(), 0::bigint, 'exactly');
INSERT INTO public.slowly VALUES ('2024-03-01 00:02Z', 6);
CALL analytics.run_maintenance();
SELECT is((SELECT count(*) FROM analytics_store.notes), 0::bigint, 'run_maintenance refreshes as well');
SELECT is(public.slowed_differs(), 0::bigint, 'exactly, too');
SELECT analytics.drop_rollup('slowed') IS NULL AS nothing \gset
DROP TABLE public.slowly;
DROP FUNCTION public.slow(integer), public.slowed_differs();

-- A measure that fails on a row of one table lets no other wait.
CREATE TABLE public.fails (at timestamptz NOT NULL, x integer);
CREATE TABLE public.sound (at timestamptz NOT NULL, x integer);
CREATE MATERIALIZED VIEW public.failing_view AS SELECT 1 / x AS y FROM public.fails;
CREATE MATERIALIZED VIEW public.sound_view AS SELECT sum(x) AS y FROM public.sound;
SELECT analytics.create_rollup('failing', 'public.fails', 'at', '{"x": "sum(1 / x)"}'), analytics.create_rollup('goes_on', 'public.sound', 'at', '{"x": "sum(x)"}'),
    analytics.schedule_refresh('public.failing_view', '1 minute'), analytics.schedule_refresh('public.sound_view', '1 minute') \g /dev/null
INSERT INTO public.fails VALUES ('2024-03-01', 0);
INSERT INTO public.sound VALUES ('2024-03-01', 1);
SET client_min_messages = error;
CALL analytics.run_maintenance();
RESET client_min_messages;
SELECT results_eq($$SELECT name, watermark IS NOT NULL FROM analytics.get_rollup_status() WHERE name IN ('failing', 'goes_on') ORDER BY 1$$, $$VALUES ('failing', false), ('goes_on', true)$$,
    'run_maintenance goes on where a measure fails');
SELECT is((SELECT y FROM public.sound_view), 1::bigint, 'and where a materialized view does');
SELECT throws_ok('SELECT analytics.refresh_rollups()', '22012', NULL, 'refresh_rollups tells of it');
UPDATE public.fails SET x = 1;
CALL analytics.run_maintenance();
SELECT is((SELECT sum(x) FROM analytics.failing), 1::numeric, 'mended, it is refreshed');

-- Nor does a rollup whose stores somebody has dropped; install() makes them again.
SELECT analytics.define_metric('lost_sum', 'failing', 'x') \g /dev/null
SET client_min_messages = error;
DROP TABLE analytics_store.failing_base CASCADE;
RESET client_min_messages;
INSERT INTO public.fails VALUES ('2024-03-02', 1);
INSERT INTO public.sound VALUES ('2024-03-01', 2);
SELECT lives_ok('SELECT analytics.refresh_rollups()', 'without its stores a rollup is not refreshed');
SELECT is((SELECT sum(x) FROM analytics.goes_on), 3::numeric, 'others are');
SELECT throws_ok($$SELECT * FROM analytics.get_metric_series('lost_sum', '1d', '1d')$$, '42P01', 'the stores of rollup "failing" are not there', 'who asks for it is told');
SELECT analytics.install() \g /dev/null
SELECT is((SELECT sum(x) FROM analytics.failing), 2::numeric, 'it is exact again after install()');
SELECT analytics.refresh_rollups() \g /dev/null
SELECT is((SELECT sum(x) FROM analytics.failing), 2::numeric, 'and after a refresh');
SELECT analytics.drop_rollup('failing'), analytics.drop_rollup('goes_on') \g /dev/null
DROP TABLE public.fails, public.sound CASCADE;
CALL analytics.run_maintenance();
SELECT is_empty($$SELECT public.everything() EXCEPT SELECT what FROM public.inventory$$, 'at the end nothing is left');

-- Roles outlive the database.
DROP OWNED BY rollup_stranger;
DROP ROLE rollup_stranger;
SELECT finish();
