-- Spend: what a call costs, to the last digit, on every way in.
\set VERBOSITY terse
\pset null ~
SET client_min_messages = warning;
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
CREATE EXTENSION IF NOT EXISTS agent_analytics;
SELECT analytics.install() IS NOT NULL AS installed;
SET agent_analytics.tenant = 'cost';

-- The tenant's own prices: two over time, one of a provider, one that has only an input price, one in odd digits.
INSERT INTO analytics_data.model_prices (provider, model, valid_from, valid_to, input_usd_per_mtok, output_usd_per_mtok,
                                         cache_read_usd_per_mtok, cache_creation_usd_per_mtok) VALUES
    (NULL, 'm', '2025-01-01Z', NULL, 3, 15, 0.3, 3.75),
    (NULL, 'm', '2025-06-01Z', NULL, 2, 10, NULL, NULL),
    ('azure', 'm', '2025-01-01Z', '2025-03-01Z', 4, 20, NULL, NULL),
    (NULL, 'embed', '-infinity', NULL, 0.02, NULL, NULL, NULL),
    (NULL, 'odd', '-infinity', NULL, 0.123456789, 7, 0.000000001, NULL),
    ('one', 'guess', '-infinity', NULL, 1, 1, NULL, NULL),
    ('one', 'two-hosts', '-infinity', NULL, 1, 1, NULL, NULL),
    ('two', 'two-hosts', '-infinity', NULL, 2, 2, NULL, NULL);
INSERT INTO analytics_data.model_aliases (alias, provider, model) VALUES ('my-m', NULL, 'm'), ('azure-m', 'azure', 'm');

INSERT INTO analytics_data.llm_calls (call_id, created_at, provider, model, input_tokens, output_tokens, cache_read_tokens, cache_creation_tokens) VALUES
    ('01 before the first price', '2024-12-31 23:59:59.999999Z', NULL, 'm', 1000, 100, 0, 0),
    ('02 at its first instant', '2025-01-01Z', NULL, 'm', 1000, 100, 0, 0),
    ('03 cached tokens at their own', '2025-01-01Z', NULL, 'm', 1000, 100, 400, 100),
    ('04 the last instant', '2025-05-31 23:59:59.999999Z', NULL, 'm', 1000, 100, 0, 0),
    ('05 the next price', '2025-06-01Z', NULL, 'm', 1000, 100, 0, 0),
    ('06 no cache price: as input', '2025-06-01Z', NULL, 'm', 1000, 100, 400, 100),
    ('07 provider and model', '2025-02-01Z', 'azure', 'm', 1000, 100, 0, 0),
    ('08 after valid_to: model alone', '2025-03-01Z', 'azure', 'm', 1000, 100, 0, 0),
    ('09 another provider', '2025-02-01Z', 'openai', 'm', 1000, 100, 0, 0),
    ('10 alias', '2025-02-01Z', 'openai', 'my-m', 1000, 100, 0, 0),
    ('11 alias that names a provider', '2025-02-01Z', NULL, 'azure-m', 1000, 100, 0, 0),
    ('12 provider in the name', '2025-02-01Z', NULL, 'azure/m', 1000, 100, 0, 0),
    ('13 gateway', '2025-02-01Z', 'litellm', 'azure/m', 1000, 100, 0, 0),
    ('14 alias in the name', '2025-02-01Z', NULL, 'azure/my-m', 1000, 100, 0, 0),
    ('15 no output price, no output', '2025-02-01Z', NULL, 'embed', 1000, 0, 0, 0),
    ('16 no output price', '2025-02-01Z', NULL, 'embed', 1000, 1, 0, 0),
    ('17 every digit', '2025-02-01Z', NULL, 'odd', 9007199254740991, 1234567, 777, 0),
    ('18 no tokens', '2025-02-01Z', NULL, 'm', 0, 0, 0, 0),
    ('19 one host: no doubt', '2025-02-01Z', NULL, 'guess', 1000, 0, 0, 0),
    ('20 two hosts: no guess', '2025-02-01Z', NULL, 'two-hosts', 1000, 0, 0, 0),
    ('21 not that host', '2025-02-01Z', 'three', 'guess', 1000, 0, 0, 0),
    ('22 unknown model', '2025-02-01Z', NULL, 'no-such-model', 1000, 0, 0, 0),
    ('23 no model', '2025-02-01Z', NULL, NULL, 1000, 0, 0, 0),
    ('24 slash at the edge', '2025-02-01Z', NULL, '/m', 1000, 0, 0, 0);
SELECT c.call_id, c.cost_usd, c.cost_source, p.provider, p.model, p.valid_from
FROM analytics_data.llm_calls c LEFT JOIN analytics_data.model_prices p USING (tenant_id, price_id)
WHERE c.tenant_id = 'cost' ORDER BY 1;
-- The same by plain numeric arithmetic; equal means equal.
SELECT count(*) AS computed, count(*) FILTER (WHERE c.cost_usd <>
    ((c.input_tokens - c.cache_read_tokens - c.cache_creation_tokens) * p.input_usd_per_mtok
     + c.cache_read_tokens * coalesce(p.cache_read_usd_per_mtok, p.input_usd_per_mtok)
     + c.cache_creation_tokens * coalesce(p.cache_creation_usd_per_mtok, p.input_usd_per_mtok)
     + c.output_tokens * coalesce(p.output_usd_per_mtok, 0)) * 0.000001) AS different
FROM analytics_data.llm_calls c JOIN analytics_data.model_prices p USING (tenant_id, price_id) WHERE c.tenant_id = 'cost';

-- Another tenant has none of these prices.
SET agent_analytics.tenant = 'cost-2';
INSERT INTO analytics_data.llm_calls (call_id, model, input_tokens) VALUES ('1', 'm', 1000) RETURNING cost_usd, cost_source;
-- Its own price of a model goes before the common one, of that model only.
INSERT INTO analytics_data.llm_calls (call_id, model, input_tokens, output_tokens) VALUES ('2', 'gpt-4o', 1000, 100) RETURNING cost_usd;
INSERT INTO analytics_data.model_prices (model, input_usd_per_mtok, output_usd_per_mtok) VALUES ('gpt-4o', 1, 1);
INSERT INTO analytics_data.llm_calls (call_id, model, input_tokens, output_tokens) VALUES
    ('3', 'gpt-4o', 1000, 100), ('4', 'openai/gpt-4o', 1000, 100), ('5', 'gpt-4o-mini', 1000, 100) RETURNING call_id, cost_usd;

-- Shipped prices, against the makers' price lists: a million tokens each way.
SET agent_analytics.tenant = 'cost-3';
INSERT INTO analytics_data.llm_calls (call_id, provider, model, input_tokens, output_tokens, cache_read_tokens)
SELECT row_number() OVER (), p, m, 2000000, 1000000, 1000000
FROM (VALUES ('openai', 'gpt-4o'), (NULL, 'gpt-4.1-mini'), ('anthropic', 'claude-sonnet-4-5'), (NULL, 'claude-3-5-haiku-20241022'),
             (NULL, 'gemini/gemini-2.5-pro'), ('groq', 'llama-3.3-70b-versatile'), ('ollama', 'llama3')) v(p, m);
SELECT provider, model, cost_usd, cost_source FROM analytics_data.llm_calls WHERE tenant_id = 'cost-3' ORDER BY call_id;
SELECT count(*) > 1000 AS many, bool_and(valid_from = '-infinity') AS always, array_agg(DISTINCT source ORDER BY source) AS sources
FROM analytics_data.model_prices WHERE tenant_id = '*';

-- A given cost wins, also when it is 0; COPY gets costs, too.
SET agent_analytics.tenant = 'cost-4';
INSERT INTO analytics_data.llm_calls (call_id, model, input_tokens, cost_usd, cost_source) VALUES
    ('given', 'gpt-4o', 1000, 0.5, NULL), ('free', 'gpt-4o', 1000, 0, NULL), ('estimated', 'gpt-4o', 1000, 0.25, 'estimated');
COPY analytics_data.llm_calls (call_id, model, input_tokens, cost_usd) FROM stdin;
copied	gpt-4o	1000	\N
copied and given	gpt-4o	1000	0.125
copied, unknown	nix	1000	\N
\.
SELECT call_id, cost_usd, cost_source, price_id IS NOT NULL AS priced FROM analytics_data.llm_calls WHERE tenant_id = 'cost-4' ORDER BY 1;
-- What contradicts itself is refused on every path.
INSERT INTO analytics_data.llm_calls (cost_usd) VALUES ('NaN');
INSERT INTO analytics_data.llm_calls (cost_usd) VALUES ('Infinity');
INSERT INTO analytics_data.llm_calls (cost_usd) VALUES (-0.01);
INSERT INTO analytics_data.llm_calls (latency_ms) VALUES ('NaN');
INSERT INTO analytics_data.llm_calls (latency_ms) VALUES ('Infinity');
INSERT INTO analytics_data.llm_calls (input_tokens) VALUES (-1);
INSERT INTO analytics_data.llm_calls (input_tokens, cache_read_tokens, cache_creation_tokens) VALUES (10, 6, 5);
INSERT INTO analytics_data.llm_calls (input_tokens, cache_read_tokens, cache_creation_tokens) VALUES (10, 9223372036854775807, 9223372036854775807);
INSERT INTO analytics_data.llm_calls (output_tokens, reasoning_tokens) VALUES (10, 11);
INSERT INTO analytics_data.llm_calls (created_at) VALUES ('infinity');
INSERT INTO analytics_data.llm_calls (cost_usd, cost_source) VALUES (1, 'computed');
INSERT INTO analytics_data.llm_calls (cost_usd, cost_source) VALUES (1, 'unpriced');
INSERT INTO analytics_data.llm_calls (cost_usd, cost_source) VALUES (1, 'guessed');
INSERT INTO analytics_data.model_prices (model) VALUES ('x');
INSERT INTO analytics_data.model_prices (model, input_usd_per_mtok) VALUES ('x', 'NaN');
INSERT INTO analytics_data.model_prices (model, input_usd_per_mtok) VALUES ('x', -1);
COPY analytics_data.llm_calls (call_id, input_tokens) FROM stdin;
x	-5
\.

-- Updates: what a cost was computed from changes, the cost follows; a given cost does not; a cost taken away is computed.
WITH u AS (UPDATE analytics_data.llm_calls SET input_tokens = 2000 WHERE tenant_id = 'cost-4' AND call_id IN ('copied', 'given') RETURNING call_id, cost_usd, cost_source)
SELECT * FROM u ORDER BY 1;
WITH u AS (UPDATE analytics_data.llm_calls SET model = 'nix' WHERE tenant_id = 'cost-4' AND call_id IN ('copied', 'given') RETURNING call_id, cost_usd, cost_source)
SELECT * FROM u ORDER BY 1;
UPDATE analytics_data.llm_calls SET model = 'gpt-4o-mini' WHERE tenant_id = 'cost-4' AND call_id = 'copied' RETURNING cost_usd, cost_source;
UPDATE analytics_data.llm_calls SET cost_usd = 0.75 WHERE tenant_id = 'cost-4' AND call_id = 'copied' RETURNING cost_usd, cost_source, price_id;
UPDATE analytics_data.llm_calls SET cost_usd = 0.3 WHERE tenant_id = 'cost-4' AND call_id = 'estimated' RETURNING cost_usd, cost_source;
UPDATE analytics_data.llm_calls SET cost_usd = NULL WHERE tenant_id = 'cost-4' AND call_id = 'copied' RETURNING cost_usd, cost_source, price_id IS NOT NULL AS priced;
UPDATE analytics_data.llm_calls SET success = false WHERE tenant_id = 'cost-4' AND call_id = 'copied' RETURNING cost_usd, cost_source;

-- A statement over several models and tenants; a partition whose columns stand in another order.
CREATE TABLE spend_calls (LIKE analytics_data.llm_calls INCLUDING DEFAULTS) PARTITION BY LIST (tenant_id);
CREATE TABLE spend_calls_odd (note text, model text, cost_usd numeric, price_id bigint, cost_source text, created_at timestamptz, provider text,
    cache_creation_tokens bigint NOT NULL DEFAULT 0, cache_read_tokens bigint NOT NULL DEFAULT 0, output_tokens bigint NOT NULL DEFAULT 0,
    input_tokens bigint NOT NULL DEFAULT 0, tenant_id text NOT NULL, call_id text NOT NULL, agent_id text, task_id text, run_id text,
    user_id text, reasoning_tokens bigint NOT NULL DEFAULT 0, latency_ms double precision, success boolean NOT NULL DEFAULT true, error_type text);
ALTER TABLE spend_calls_odd DROP COLUMN note, ALTER call_id SET NOT NULL, ALTER created_at SET NOT NULL, ALTER cost_source SET NOT NULL;
ALTER TABLE spend_calls ATTACH PARTITION spend_calls_odd FOR VALUES IN ('cost-2');
CREATE TABLE spend_calls_rest PARTITION OF spend_calls DEFAULT;
CREATE TRIGGER price_call BEFORE INSERT OR UPDATE ON spend_calls FOR EACH ROW EXECUTE FUNCTION analytics_internal.price_call();
INSERT INTO spend_calls (tenant_id, call_id, model, input_tokens)
SELECT t, t || ' ' || m, m, 1000000 FROM unnest('{cost-2,cost-3}'::text[]) t, unnest('{gpt-4o,gpt-4o-mini,nix}'::text[]) m;
SELECT tableoid::regclass AS part, call_id, cost_usd, cost_source FROM spend_calls ORDER BY call_id;
DROP TABLE spend_calls;

-- New prices do not change history; reprice_calls does, and says what it did. Given costs stay.
SET agent_analytics.tenant = 'cost';
INSERT INTO analytics_data.model_prices (model, input_usd_per_mtok, output_usd_per_mtok) VALUES ('no-such-model', 1, 1);
UPDATE analytics_data.model_prices SET input_usd_per_mtok = 6 WHERE tenant_id = 'cost' AND model = 'm' AND provider IS NULL AND valid_from = '2025-01-01Z';
DELETE FROM analytics_data.model_prices WHERE tenant_id = 'cost' AND model = 'odd';
INSERT INTO analytics_data.llm_calls (call_id, created_at, model, input_tokens, cost_usd) VALUES ('25 given', '2025-02-01Z', 'm', 1000, 7);
SELECT sum(cost_usd) FROM analytics_data.llm_calls WHERE tenant_id = 'cost' AND created_at >= '2025-02-01Z' AND created_at < '2025-06-01Z' AND cost_source <> 'provider';
SELECT * FROM analytics.reprice_calls('2025-02-01Z', '2025-06-01Z');
SELECT count(*) AS adjustments FROM analytics_data.cost_adjustments WHERE tenant_id = 'cost';
SELECT * FROM analytics.reprice_calls('2025-02-01Z', '2025-06-01Z', false);
SELECT * FROM analytics.reprice_calls('2025-02-01Z', '2025-06-01Z', dry_run => false);
SELECT from_time, to_time, calls, changed, old_cost_usd, new_cost_usd FROM analytics_data.cost_adjustments WHERE tenant_id = 'cost' ORDER BY changed;
SELECT call_id, cost_usd, cost_source FROM analytics_data.llm_calls WHERE tenant_id = 'cost' AND left(call_id, 2) IN ('02', '04', '09', '17', '20', '22', '25') ORDER BY 1;
SELECT * FROM analytics.reprice_calls('2025-02-01Z', '2025-02-01Z');
SELECT * FROM analytics.reprice_calls('-infinity', '2025-02-01Z');
SELECT * FROM analytics.reprice_calls(NULL, '2025-02-01Z');

-- A later release adds prices from its date on: what was corrected, and history, stay.
BEGIN;
UPDATE analytics_data.model_prices SET source = 'an earlier release' WHERE tenant_id = '*';
UPDATE analytics_data.model_prices SET input_usd_per_mtok = 99 WHERE tenant_id = '*' AND model = 'gpt-4o' AND provider IS NULL;
SELECT applied FROM jsonb_array_elements_text(analytics.install() -> 'applied') applied;
SELECT model, valid_from, input_usd_per_mtok, source FROM analytics_data.model_prices
WHERE tenant_id = '*' AND model IN ('gpt-4o', 'gpt-4o-mini') AND provider IS NULL ORDER BY 1, 2;
ROLLBACK;
DELETE FROM analytics_data.llm_calls WHERE tenant_id LIKE 'cost%';
DELETE FROM analytics_data.model_prices WHERE tenant_id LIKE 'cost%';
DELETE FROM analytics_data.model_aliases WHERE tenant_id LIKE 'cost%';
DELETE FROM analytics_data.cost_adjustments WHERE tenant_id LIKE 'cost%';
