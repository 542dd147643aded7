-- For tests of rollups (\ir include/rollups.sql): two queries compared, and whether anything is left behind.
-- The number of rows that only one of two queries returns, or returns another number of times.
CREATE FUNCTION public.differences(shown text, plain text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    result bigint;
BEGIN
    EXECUTE format('SELECT count(*) FROM (SELECT to_jsonb(q) AS line, count(*) AS times FROM (%s) q GROUP BY 1) a
                    FULL JOIN (SELECT to_jsonb(q) AS line, count(*) AS times FROM (%s) q GROUP BY 1) b USING (line)
                    WHERE a.times IS DISTINCT FROM b.times', shown, plain) INTO result;
    RETURN result;
END $$;

-- What there is; tests keep in inventory what was there before they began.
CREATE TABLE public.inventory (what text);
CREATE FUNCTION public.everything() RETURNS SETOF text LANGUAGE sql AS $$
    SELECT 'relation ' || c.relnamespace::regnamespace || '.' || c.relname FROM pg_class c
     WHERE c.relnamespace::regnamespace::text IN ('public', 'analytics', 'analytics_store', 'analytics_internal', 'analytics_data')
    UNION ALL SELECT 'type ' || t.typnamespace::regnamespace || '.' || t.typname FROM pg_type t
     WHERE t.typnamespace::regnamespace::text IN ('public', 'analytics', 'analytics_store', 'analytics_internal', 'analytics_data')
    UNION ALL SELECT 'trigger ' || tgname || ' ' || tgrelid::regclass FROM pg_trigger
    UNION ALL SELECT 'policy ' || polname || ' ' || polrelid::regclass FROM pg_policy
    UNION ALL SELECT 'source ' || source_id || ' ' || relation FROM analytics_store.sources
    UNION ALL SELECT 'rollup ' || name FROM analytics_store.rollups
    UNION ALL SELECT 'note ' || source_id || ' ' || from_at FROM analytics_store.notes
    UNION ALL SELECT 'watch ' || source_id || ' ' || leaf FROM analytics_store.watch $$;
