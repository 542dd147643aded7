-- A hash of the rows of each table and rollup; not of the watch list, which holds OIDs and file numbers, nor of materialized views, which a
-- restore refreshes.
\pset format unaligned
\pset tuples_only on
SELECT format('SELECT %L, count(*), md5(string_agg(t::text, E''\n'' ORDER BY t::text)) FROM %s t;', c.oid::regclass, c.oid::regclass)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE (c.relkind IN ('r', 'p') AND n.nspname IN ('analytics_data', 'analytics_store', 'public') AND c.oid <> 'analytics_store.watch'::regclass)
   OR (c.relkind = 'v' AND (c.oid = 'public.orders_by_day'::regclass OR n.nspname = 'analytics' AND c.relname IN (SELECT name FROM analytics_store.rollups)))
ORDER BY 1 \gexec
