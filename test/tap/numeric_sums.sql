-- Sums of numeric, merged from many stored buckets: as PostgreSQL's own sum, to the last decimal and the scale.
\ir include/start.sql
BEGIN;
SELECT plan(13);

CREATE TABLE public.amounts (tenant_id text NOT NULL DEFAULT analytics.current_tenant(), at timestamptz NOT NULL, kind text, amount numeric);
CREATE INDEX ON public.amounts (at);
INSERT INTO public.amounts (at, kind, amount)
SELECT timestamptz '2025-03-03 00:10Z' + (n - 1) * interval '37 minutes', k.kind, k.amounts[1 + n % cardinality(k.amounts)]
FROM generate_series(1, 39) n, (VALUES
    ('cents', '{0.01,19.99,-3.50,100}'::numeric[]),
    ('whole', '{1,2,30000,99999999}'),
    ('scales', '{0,0.0,0.000,-0.00}'),
    ('many decimals', '{0.1234567890123456,-0.0000000000000001,7.5}'),
    ('too many decimals', '{0.12345678901234567,1,2.5}'),
    ('large', '{9999999999999999.9999999999999999,9999999999999999.9999999999999999,0.1}'),
    ('too large', '{10000000000000000,12345678901234567890.5,1}'),
    ('very large', '{1e400,-1e400,0.25,1e30}'),
    ('very small', '{1e-300,1,-2}'),
    ('signs', '{-9999.9999,10000.0001,-0.00000001}'),
    ('beyond bigint', '{9000000000000000,9000000000000000.5,-1}'),
    ('missing', '{NULL,5.25,NULL}')) k(kind, amounts);
DO $$ BEGIN
    PERFORM analytics.create_rollup('amounts', 'public.amounts', 'at', '{"amount": "sum(amount)"}', '{kind}');
    PERFORM analytics.define_metric('amount', 'amounts', 'amount');
    PERFORM analytics.refresh_rollups('amounts');
END $$;

SELECT is((SELECT count(*) FROM analytics_store.amounts_hour), 12 * 24::bigint, 'hours are stored');
SELECT is((SELECT value::text FROM analytics.get_metric_series('amount', '1d', '1d', jsonb_build_object('kind', k.kind), as_of => '2025-03-03 23:59:59Z')),
          k.total, 'the sum of ' || k.kind)
FROM (SELECT kind, sum(amount)::text AS total FROM public.amounts WHERE at < '2025-03-03 23:59:59Z' GROUP BY kind ORDER BY kind) k;
SELECT * FROM finish();
ROLLBACK;
