-- What each role is told by each function at one instant, and by views. Of functions that write, and of what tells of sizes and
-- of now, nothing.
\pset format unaligned
\pset tuples_only on
SET client_min_messages = error;
SELECT r.role, t.what, t.answer FROM probe.roles r, probe.told(r.role, 'a') t
WHERE t.what NOT IN ('analytics.get_rollup_status') ORDER BY 1, 2, 3;
SELECT 'prices', count(*), sum(input_usd_per_mtok) FROM analytics_data.model_prices;
SELECT 'quantiles', analytics.quantile(q, 0.5), analytics.quantile(q, 0.99), analytics.cardinality(s) FROM public.sketches ORDER BY 2;
SET ROLE analyst;
SELECT 'policy', count(*) FROM analytics_data.agents;
