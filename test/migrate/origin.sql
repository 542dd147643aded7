-- The database that moves to another server: facts of two tenants, rights of five roles, rollups refreshed and with notes that
-- wait, budgets, keys, exports, and what a user has added. All instants are fixed, so that answers are too.
SET client_min_messages = warning;
CREATE EXTENSION agent_analytics;
SELECT analytics.install() IS NULL AS nothing \gset
SELECT analytics.setup_roles() IS NULL AS nothing \gset
\ir ../tap/include/tenant_facts.sql
\ir ../tap/include/calls.sql
\ir ../tap/include/told.sql
\ir ../recovery/include/differences.sql
CALL probe.load('a', 'a-', 1);
CALL probe.load('b', 'b-', 3);
SET agent_analytics.tenant = 'a';
SELECT analytics.export_training_file('jsonl') IS NULL AS nothing \gset
SELECT analytics.create_api_key('nightly report', tier => 'PRO') IS NULL AS nothing \gset
SELECT analytics.block_ip('203.0.113.9', reason => 'scraper') IS NULL AS nothing \gset
RESET agent_analytics.tenant;

-- A user's own: a table in partitions with rollups and a policy, a materialized view that is refreshed, a metric, an index, a column.
CREATE ROLE analyst;
CREATE TABLE public.readings (tenant_id text NOT NULL, at timestamptz NOT NULL, kind text, amount numeric NOT NULL, score double precision, who integer) PARTITION BY RANGE (at);
CREATE TABLE public.readings_february PARTITION OF public.readings FOR VALUES FROM ('2026-02-01Z') TO ('2026-03-01Z');
CREATE TABLE public.readings_rest PARTITION OF public.readings DEFAULT;
CREATE INDEX ON public.readings (at);
INSERT INTO public.readings SELECT 't' || i % 3, timestamptz '2026-03-02 10:00Z' - i * interval '11 minutes', 'k' || i % 4, i, i / 7.0, i % 40 FROM generate_series(1, 3000) i;
SELECT analytics.create_rollup('reading_stats', 'public.readings', 'at', '{"n": "count(*)", "total": "sum(amount) FILTER (WHERE kind <> ''k3'')", "people": "distinct(who)",
    "score": "quantiles(score)", "mean": "avg(score)"}', '{kind}', '5 minutes') IS NULL AS nothing \gset
SELECT analytics.define_metric('readings', 'reading_stats', 'n / 2', 'pairs', 'up', 'Half of them.') IS NULL AS nothing \gset
ALTER TABLE public.readings ENABLE ROW LEVEL SECURITY;
CREATE POLICY users_policy ON public.readings FOR SELECT TO analyst USING (tenant_id = 't1');
CREATE MATERIALIZED VIEW public.weekly AS SELECT date_trunc('week', at, 'UTC') AS week, sum(amount) AS total FROM public.readings GROUP BY 1;
SELECT analytics.schedule_refresh('public.weekly', '1 hour') IS NULL AS nothing \gset
CREATE INDEX users_index ON analytics_data.orders (status);
ALTER TABLE analytics_data.orders ADD COLUMN users_column text DEFAULT 'x';
CREATE POLICY users_policy ON analytics_data.agents FOR SELECT TO analyst USING (agent_id = 'agent1');
GRANT USAGE ON SCHEMA analytics_data TO analyst;
GRANT SELECT ON analytics_data.agents TO analyst;
CREATE VIEW public.orders_by_day AS SELECT date_trunc('day', bucket, 'UTC') AS day, sum(orders) AS orders FROM analytics.order_stats GROUP BY 1;
CREATE TABLE public.sketches AS SELECT analytics.quantiles(amount::float8) AS q, analytics.distinct_set(who) AS s FROM public.readings GROUP BY kind;
CALL analytics.run_maintenance();

-- Notes that wait: late rows, changes, deletions.
INSERT INTO public.readings SELECT 't1', timestamptz '2026-03-01 09:00Z' - i * interval '25 minutes', 'k1', 0.5, 1, 1000 + i FROM generate_series(1, 40) i;
DELETE FROM public.readings WHERE amount = 77;
UPDATE analytics_data.orders SET total_amount = total_amount + 1 WHERE order_id LIKE '%7';
DELETE FROM analytics_data.llm_calls WHERE call_id LIKE '%33';
UPDATE analytics_data.spans SET cost_usd = 9 WHERE span_id = '5';
DELETE FROM analytics_data.agent_approvals WHERE id = md5('7')::uuid;
