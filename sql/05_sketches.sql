-- The types quantile_sketch and distinct_set, their aggregates and functions.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS agent_analytics;
RESET client_min_messages;
\set VERBOSITY terse
SET search_path = pg_catalog, public;

CREATE TABLE public.samples (id int PRIMARY KEY, part int, whole int, code text, value double precision) PARTITION BY RANGE (id);
CREATE TABLE public.samples_1 PARTITION OF public.samples FOR VALUES FROM (0) TO (10000);
CREATE TABLE public.samples_2 PARTITION OF public.samples FOR VALUES FROM (10000) TO (30001);
INSERT INTO public.samples
SELECT i, i % 7, i * 31::bigint % 5003, 'customer ' || i * 17::bigint % 3001, exp((i * 7919::bigint % 30000) / 3000.0)
FROM generate_series(1, 30000) i;
ANALYZE public.samples;
-- The lines of a plan that a pattern matches: what else stands there differs between versions.
CREATE FUNCTION public.plan_of(query text, pattern text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS off) ' || query LOOP
        IF line ~ pattern THEN RETURN NEXT trim(leading ' ->' FROM line); END IF;
    END LOOP;
END $$;

-- Quantiles lie within 1 % of percentile_cont; the extremes are exact.
SELECT p, abs(analytics.quantile(s, p) / exact - 1) <= 0.01 AS within, analytics.quantile(s, p) = exact AS equal
FROM (SELECT analytics.quantiles(value) AS s FROM public.samples) s,
     unnest(ARRAY[0, 0.01, 0.25, 0.5, 0.95, 0.999, 1]) WITH ORDINALITY AS ps(p, n),
     LATERAL (SELECT percentile_cont(p) WITHIN GROUP (ORDER BY value) AS exact FROM public.samples) e
ORDER BY n;
SELECT analytics.quantiles_at(analytics.quantiles(x), '{0,0.5,NULL,1}') FROM (VALUES (10.0), (NULL), (30)) v(x);
SELECT analytics.quantiles_at(analytics.quantiles(x), '{{0,1},{1,0}}') FROM (VALUES (10.0), (NULL), (30)) v(x);
SELECT analytics.quantiles_at(analytics.quantiles(10), '{}');
SELECT analytics.rank_of(s, -1), analytics.rank_of(s, 10), analytics.rank_of(s, 25), analytics.rank_of(s, 40),
       analytics.rank_of(s, 'infinity')
FROM (SELECT analytics.quantiles(x) AS s FROM unnest(ARRAY[10, 20, 30, 40]) x) q;

-- Accuracy of choice: half the error, twice the buckets.
SELECT accuracy, abs(analytics.quantile(s, 0.5) / exact - 1) <= accuracy AS within
FROM unnest(ARRAY[0.001, 0.005, 0.05, 0.3]) accuracy,
     LATERAL (SELECT analytics.quantiles(value, accuracy) AS s, percentile_cont(0.5) WITHIN GROUP (ORDER BY value) AS exact
              FROM public.samples) q;
SELECT analytics.quantiles(x, NULL)::text = analytics.quantiles(x)::text AS null_means_default FROM generate_series(1, 9) x;

-- Distinct values: exact, for each type whose equality is known.
SELECT analytics.cardinality(analytics.distinct_set(whole)) = count(DISTINCT whole) AS integers,
       analytics.cardinality(analytics.distinct_set(whole::smallint)) = count(DISTINCT whole) AS smallints,
       analytics.cardinality(analytics.distinct_set(whole * 10000000000)) = count(DISTINCT whole) AS bigints,
       analytics.cardinality(analytics.distinct_set(code)) = count(DISTINCT code) AS texts,
       analytics.cardinality(analytics.distinct_set(md5(code)::uuid)) = count(DISTINCT code) AS uuids,
       analytics.cardinality(analytics.distinct_set(whole / 7.0)) = count(DISTINCT whole) AS numerics,
       analytics.cardinality(analytics.distinct_set(whole % 2 = 0)) AS booleans
FROM public.samples;
CREATE DOMAIN public.email AS varchar(100);
CREATE TYPE public.mood AS ENUM ('low', 'high');
SELECT analytics.cardinality(analytics.distinct_set(x)) AS texts FROM (VALUES ('a'::text), ('b'), ('a'), (NULL)) v(x);
SELECT analytics.cardinality(analytics.distinct_set(x)) AS varchars FROM (VALUES ('a'::varchar(5)), ('b'), ('a')) v(x);
SELECT analytics.cardinality(analytics.distinct_set(x)) AS blank_padded FROM (VALUES ('a'::char(5)), ('b'), ('a '::char(2))) v(x);
SELECT analytics.cardinality(analytics.distinct_set(x)) AS names FROM (VALUES ('a'::name), ('b'), ('a')) v(x);
SELECT analytics.cardinality(analytics.distinct_set(x)) AS domains FROM (VALUES ('a'::public.email), ('b'), ('a')) v(x);
SELECT analytics.cardinality(analytics.distinct_set(x)) AS enums FROM (VALUES ('low'::public.mood), ('high'), ('low')) v(x);
SELECT analytics.cardinality(analytics.distinct_set(x)) AS numerics
FROM (VALUES (1.0), (1.00), (1), (100), (1e2), (-0.0), (0.000), ('NaN'), ('NaN'), (0.1), (0.10)) v(x);
SELECT analytics.cardinality(analytics.distinct_set(x)) AS doubles
FROM (VALUES (1.5::float8), (1.5), ('-0'), (0), ('NaN'), ('NaN'), ('infinity')) v(x);
SELECT analytics.cardinality(analytics.distinct_set(x)) AS floats FROM (VALUES (1.5::float4), (1.5), ('-0'), (0)) v(x);
SELECT analytics.cardinality(analytics.distinct_set(x)) AS byteas FROM (VALUES ('\x00'::bytea), ('\x0000'), ('\x00')) v(x);
SELECT analytics.cardinality(analytics.distinct_set(x)) AS dates FROM (VALUES ('2024-01-01'::date), ('2024-01-02'), ('2024-01-01')) v(x);
SELECT analytics.cardinality(analytics.distinct_set(x)) AS times FROM (VALUES ('10:00'::time), ('10:00:00.000001'), ('10:00')) v(x);
SELECT analytics.cardinality(analytics.distinct_set(x)) AS instants
FROM (VALUES ('2024-01-01 10:00+00'::timestamptz), ('2024-01-01 11:00+01'), ('2024-01-01 10:00+01')) v(x);
SELECT analytics.cardinality(analytics.distinct_set(x)) AS timestamps FROM (VALUES ('2024-01-01 10:00'::timestamp), ('2024-01-01')) v(x);
SELECT analytics.cardinality(analytics.distinct_set(x)) AS addresses FROM (VALUES ('10.0.0.1'::inet), ('10.0.0.1/32'), ('10.0.0.1/8'), ('::1')) v(x);
SELECT analytics.cardinality(analytics.distinct_set(x)) AS macs FROM (VALUES ('08:00:2b:01:02:03'::macaddr), ('08-00-2b-01-02-03')) v(x);
SELECT analytics.cardinality(analytics.distinct_set(x)) AS mac8s FROM (VALUES ('08:00:2b:01:02:03:04:05'::macaddr8), ('08-00-2b-01-02-03-04-05')) v(x);
-- Integers of every width are the same numbers, and texts of every kind the same texts.
SELECT analytics.distinct_set(x::smallint)::text = analytics.distinct_set(x::bigint)::text AS widths,
       analytics.distinct_set(x::text)::text = analytics.distinct_set(x::char(9))::text AS texts
FROM generate_series(-10, 10) x;
-- What a set keeps does not depend on settings.
SELECT analytics.distinct_set('2024-01-01 10:00+00'::timestamptz)::text AS set_utc \gset
SET TimeZone = 'Asia/Kathmandu';
SET DateStyle = 'German';
SELECT analytics.distinct_set('2024-01-01 10:00+00'::timestamptz)::text = :'set_utc' AS same;
RESET TimeZone;
RESET DateStyle;

-- Serial, parallel, partitionwise, as a window, merged of parts, and grouped sets: the same bytes.
SELECT analytics.quantiles(value)::text AS quantiles, analytics.distinct_set(whole)::text AS wholes,
       analytics.distinct_set(code)::text AS codes FROM public.samples \gset serial_
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
SELECT public.plan_of('SELECT analytics.quantiles(value), analytics.distinct_set(whole), analytics.distinct_set(code) FROM public.samples',
                      'Aggregate|Gather');
SELECT analytics.quantiles(value)::text = :'serial_quantiles' AS quantiles, analytics.distinct_set(whole)::text = :'serial_wholes' AS wholes,
       analytics.distinct_set(code)::text = :'serial_codes' AS codes FROM public.samples;
SET enable_partitionwise_aggregate = on;
SELECT public.plan_of('SELECT analytics.quantiles(value), analytics.distinct_set(code) FROM public.samples', 'Aggregate|Gather');
SELECT analytics.quantiles(value)::text = :'serial_quantiles' AS quantiles, analytics.distinct_set(whole)::text = :'serial_wholes' AS wholes,
       analytics.distinct_set(code)::text = :'serial_codes' AS codes FROM public.samples;
SELECT analytics.merge(q)::text = :'serial_quantiles' AS quantiles, analytics.merge(w)::text = :'serial_wholes' AS wholes,
       analytics.merge(c)::text = :'serial_codes' AS codes
FROM (SELECT analytics.quantiles(value) AS q, analytics.distinct_set(whole) AS w, analytics.distinct_set(code) AS c
      FROM public.samples GROUP BY part, id / 500) s;
RESET enable_partitionwise_aggregate;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
RESET max_parallel_workers_per_gather;
SELECT part, bool_and(running_q = whole_q) AS quantiles, bool_and(running_c = whole_c) AS codes
FROM (SELECT id, part, analytics.quantiles(value) OVER w::text AS running_q, analytics.distinct_set(code) OVER w::text AS running_c
      FROM public.samples WHERE id <= 300 WINDOW w AS (PARTITION BY part ORDER BY id)) r
JOIN LATERAL (SELECT analytics.quantiles(value)::text AS whole_q, analytics.distinct_set(code)::text AS whole_c
              FROM public.samples s WHERE s.part = r.part AND s.id <= r.id) g ON true
GROUP BY part ORDER BY part;
-- A frame that moves starts anew for each row.
SELECT array_agg(analytics.cardinality(d)) FROM (
    SELECT analytics.distinct_set(x % 3) OVER (ORDER BY x ROWS 1 PRECEDING) AS d FROM generate_series(1, 5) x) w;
-- Many groups, some of many values, by hash and by sort.
CREATE TABLE public.by_hash AS
SELECT part, id % 1000 AS k, analytics.quantiles(value) AS q, analytics.distinct_set(code) AS c, analytics.distinct_set(whole) AS w
FROM public.samples GROUP BY GROUPING SETS ((part, id % 1000), (part), ());
SET enable_hashagg = off;
SELECT count(*), bool_and(h.q::text = s.q::text AND h.c::text = s.c::text AND h.w::text = s.w::text) AS same FROM public.by_hash h
JOIN (SELECT part, id % 1000 AS k, analytics.quantiles(value) AS q, analytics.distinct_set(code) AS c, analytics.distinct_set(whole) AS w
      FROM public.samples GROUP BY GROUPING SETS ((part, id % 1000), (part), ())) s
ON (coalesce(h.part, -1), coalesce(h.k, -1)) = (coalesce(s.part, -1), coalesce(s.k, -1));
RESET enable_hashagg;
-- DISTINCT and ORDER BY inside the aggregate, and FILTER.
SELECT analytics.quantiles(DISTINCT x ORDER BY x DESC)::text = (SELECT analytics.quantiles(y) FROM generate_series(1, 3) y)::text AS same
FROM (VALUES (1.0), (2), (2), (3)) v(x);
SELECT analytics.cardinality(analytics.distinct_set(x) FILTER (WHERE x > 2)) FROM generate_series(1, 5) x;

-- Nothing, and nothing but NULL.
SELECT analytics.quantiles(value) IS NULL AS quantiles, analytics.merge(analytics.quantiles(value)) OVER () IS NULL AS merged
FROM public.samples WHERE false;
SELECT analytics.quantiles(NULL::float8) IS NULL AS quantiles, analytics.distinct_set(NULL::text) AS texts,
       analytics.distinct_set(NULL::int) AS integers FROM generate_series(1, 3);
SELECT analytics.distinct_set(code), analytics.cardinality(analytics.distinct_set(code)) FROM public.samples WHERE false;
SELECT analytics.merge(s) IS NULL AS quantiles FROM (VALUES (NULL::analytics.quantile_sketch)) v(s);
SELECT analytics.merge(s) AS empty FROM (VALUES (NULL::analytics.distinct_set), ('\x0100000000000000')) v(s);
SELECT analytics.cardinality(analytics.merge(s)) AS united FROM (VALUES (NULL::analytics.distinct_set), ('\x0100000000000000'),
    ('\x01020100000000000700000000000000'), ('\x0100000000000000'), ('\x01020100000000000800000000000000')) v(s);
-- The sketch of no values, which only its text form can make.
SELECT analytics.quantile(s, 0.5), analytics.quantiles_at(s, '{0.5}'), analytics.rank_of(s, 1), analytics.merge(s) OVER ()
FROM (VALUES ('\x0100230000'::analytics.quantile_sketch)) v(s);
-- One value.
SELECT analytics.quantiles(x), analytics.distinct_set(x::int), analytics.distinct_set(x::text) FROM (VALUES (1.0)) v(x);

-- Stored: text and binary round trip, out of line too.
CREATE TABLE public.stored (id int, q analytics.quantile_sketch, d analytics.distinct_set);
INSERT INTO public.stored SELECT part, analytics.quantiles(value), analytics.distinct_set(code) FROM public.samples GROUP BY part;
INSERT INTO public.stored SELECT 100, analytics.quantiles(x), analytics.distinct_set(x) FROM generate_series(1, 3) x;
INSERT INTO public.stored VALUES (101, NULL, NULL);
\copy public.stored TO 'results/05_sketches.bin' (FORMAT binary)
CREATE TABLE public.again (LIKE public.stored);
\copy public.again FROM 'results/05_sketches.bin' (FORMAT binary)
SELECT count(*), bool_and((s.q::text, s.d::text) IS NOT DISTINCT FROM (a.q::text, a.d::text)) AS binary_same,
       bool_and((s.q::text::analytics.quantile_sketch::text, s.d::text::analytics.distinct_set::text) IS NOT DISTINCT FROM (s.q::text, s.d::text)) AS text_same
FROM public.stored s JOIN public.again a USING (id);
SELECT id, analytics.cardinality(d), pg_column_size(d) > 2000 AS large FROM public.stored ORDER BY id;
SELECT analytics.cardinality(analytics.merge(d)) FROM public.stored WHERE id < 100;

-- What is refused, and how.
\set VERBOSITY sqlstate
SELECT '1'::analytics.quantile_sketch;
SELECT '\x0'::analytics.quantile_sketch;
SELECT '\xzz'::analytics.quantile_sketch;
SELECT '\x'::analytics.quantile_sketch;
SELECT '\x02'::analytics.quantile_sketch;
SELECT '\x0100230001'::analytics.quantile_sketch;
SELECT ''::analytics.distinct_set;
SELECT '\x01'::analytics.distinct_set;
SELECT 'customer'::text::analytics.distinct_set;
SELECT '\x0101020000000000'::varchar::analytics.distinct_set;
SELECT analytics.quantiles('NaN'::float8);
SELECT analytics.quantiles(x) FROM (VALUES (1::float8), ('-infinity')) v(x);
SELECT analytics.quantiles(1, 0);
SELECT analytics.quantiles(1, 'NaN');
SELECT analytics.quantiles(x, x / 100) FROM generate_series(1, 2) x;
SELECT analytics.quantile(analytics.quantiles(1), 1.5);
SELECT analytics.quantile(analytics.quantiles(1), 'NaN');
SELECT analytics.quantiles_at(analytics.quantiles(1), '{0.5,-1}');
SELECT analytics.quantiles_at(analytics.quantiles(1), array_fill(0.5::float8, ARRAY[1001]));
SELECT analytics.rank_of(analytics.quantiles(1), 'NaN');
SELECT analytics.merge(s) FROM (SELECT analytics.quantiles(1, 0.01) UNION ALL SELECT analytics.quantiles(1, 0.02)) v(s);
SELECT analytics.merge(s) FROM (SELECT analytics.distinct_set(1) UNION ALL SELECT analytics.distinct_set('a'::text)) v(s);
SELECT analytics.distinct_set('{}'::jsonb);
SELECT analytics.distinct_set(ARRAY[1]);
SELECT analytics.distinct_set(interval '1 day');
SELECT analytics_internal.quantiles_transition(NULL, 1);
SELECT analytics_internal.quantile_sketch_combine('\x0100230000', '\x0100230000');
SELECT analytics_internal.distinct_set_transition(NULL, 1);
SELECT analytics_internal.distinct_set_combine('\x0100000000000000', '\x0100000000000000');
-- Internals may be called as anything may.
SELECT analytics_internal.distinct_set_final(NULL), analytics_internal.distinct_set_final('\x0100000000000000'),
       analytics_internal.quantile_sketch_final(NULL), analytics_internal.quantile_sketch_final('\x0100230000');
\set VERBOSITY default
SELECT analytics.quantiles(x) FROM (VALUES (1::float8), ('infinity')) v(x);
SELECT analytics.quantiles(1, 0.5);
SELECT analytics.distinct_set('{}'::jsonb);
SELECT 'customer'::text::analytics.distinct_set;
SELECT '\x0101020000000000'::analytics.distinct_set;
\set VERBOSITY terse

-- An aggregate of somebody's own, with an initial value and without a final function.
CREATE AGGREGATE public.own_quantiles(float8) (SFUNC = analytics_internal.quantiles_transition, STYPE = analytics.quantile_sketch,
    INITCOND = '\x0100230001000000000000f03f');
CREATE AGGREGATE public.own_set(int) (SFUNC = analytics_internal.distinct_set_transition, STYPE = analytics.distinct_set,
    INITCOND = '\x01020100000000000700000000000000');
CREATE TABLE public.own AS SELECT public.own_quantiles(x) AS q, public.own_set(x) AS d FROM generate_series(2, 9) x;
SELECT o.q::text = e.q::text AS quantiles, o.d::text = e.d::text AS set, analytics.cardinality(o.d), analytics.quantile(o.q, 1)
FROM public.own o, (SELECT analytics.quantiles(x) AS q, analytics.distinct_set(x) FILTER (WHERE x > 1) AS d FROM generate_series(1, 9) x) e;
SELECT analytics.cardinality(analytics.merge(d)), analytics.quantile(analytics.merge(q), 0) FROM public.own;

-- Everything has a comment.
SELECT p.oid::regprocedure FROM pg_proc p
WHERE p.pronamespace IN ('analytics'::regnamespace, 'analytics_internal'::regnamespace)
  AND p.proname ~ 'quantile|distinct_set|^merge$|^rank_of$|^cardinality$' AND obj_description(p.oid, 'pg_proc') IS NULL;
SELECT t.oid::regtype FROM pg_type t
WHERE t.typnamespace = 'analytics'::regnamespace AND t.typname IN ('quantile_sketch', 'distinct_set')
  AND obj_description(t.oid, 'pg_type') IS NULL;

DROP TABLE public.samples, public.by_hash, public.stored, public.again;
DROP TABLE public.own;
DROP FUNCTION public.plan_of(text, text);
DROP AGGREGATE public.own_quantiles(float8), public.own_set(int);
DROP DOMAIN public.email;
DROP TYPE public.mood;
