-- The benchmark's facts: one big tenant, three small ones (3 % of the rows together), 400 days that end now.
--   psql -v scale=10 -f data.sql     scale: millions of llm_calls; orders and sessions are a quarter of that each
-- Needs analytics.install(). A row is a function of its number: two runs differ only in the instant they begin at.
\set ON_ERROR_STOP 1
\set VERBOSITY terse
SET synchronous_commit = off;
CREATE SCHEMA bench;

-- The rows of a kind are numbered; one comes each `step`. `filled` is the next to be written.
CREATE TABLE bench.kinds (kind text PRIMARY KEY, origin timestamptz NOT NULL, step interval NOT NULL,
                          filled bigint NOT NULL, customers bigint NOT NULL);
INSERT INTO bench.kinds
SELECT kind, now() - interval '400 days', interval '400 days' / (:scale * 1000000.0 * share * 33 / 32), 0, :scale * 30000
FROM (VALUES ('llm_calls', 1.0), ('orders', 0.25), ('shop_sessions', 0.25)) k(kind, share);

-- Uniform in [0, 1), the same for the same number and column.
CREATE FUNCTION bench.uniform(number bigint, col integer) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT (hashint8extended(number, col) & 4294967295) / 4294967296.0::float8 $$;

CREATE FUNCTION bench.tenant(number bigint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT CASE WHEN number % 33 = 0 THEN 'small-' || (number / 33) % 3 ELSE 'big' END $$;

CREATE FUNCTION bench.instant(number bigint, origin timestamptz, step interval) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT origin + step * (number + bench.uniform(number, 1)) $$;

-- Some customers come often, many once or twice.
CREATE FUNCTION bench.customer(number bigint, col integer, customers bigint) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT 'cust-' || lpad(floor(customers * power(bench.uniform(number, col), 1.5))::bigint::text, 7, '0') $$;

CREATE FUNCTION bench.write_llm_calls(first bigint, behind bigint) RETURNS void LANGUAGE sql AS $$
    INSERT INTO analytics_data.llm_calls (tenant_id, call_id, created_at, agent_id, task_id, run_id, user_id, provider, model,
        input_tokens, output_tokens, cache_read_tokens, reasoning_tokens, latency_ms, success, error_type)
    SELECT bench.tenant(n), 'call-' || lpad(n::text, 9, '0'), bench.instant(n, k.origin, k.step),
           'agent-' || lpad(floor(40 * power(bench.uniform(n, 2), 2))::int::text, 2, '0'),
           'task-' || n / 5, 'run-' || n / 20, 'user-' || floor(500 * bench.uniform(n, 3))::int,
           ('{openai,anthropic,openai,google,openai,openai,google,anthropic,openai,openai,anthropic,own}'::text[])[m.i],
           ('{gpt-4o,claude-sonnet-4-20250514,gpt-4o-mini,gemini-2.5-flash,gpt-4.1,gpt-4.1-mini,gemini-2.5-pro,'
            'claude-3-5-haiku-20241022,o3,o4-mini,claude-opus-4-20250514,house-model}'::text[])[m.i],
           400 + floor(8000 * bench.uniform(n, 4))::int, 50 + floor(1200 * bench.uniform(n, 5))::int,
           floor(400 * bench.uniform(n, 6))::int, floor(50 * bench.uniform(n, 7))::int,
           round(exp(5.5 + 1.2 * (bench.uniform(n, 8) + bench.uniform(n, 9) + bench.uniform(n, 10) + bench.uniform(n, 11)
                                  + bench.uniform(n, 12) + bench.uniform(n, 13) - 3))::numeric, 2)::float8,
           bench.uniform(n, 14) > 0.02, CASE WHEN bench.uniform(n, 14) <= 0.02 THEN 'timeout' END
    FROM bench.kinds k, generate_series(first, behind - 1) n
    CROSS JOIN LATERAL (SELECT 1 + floor(12 * power(bench.uniform(n, 15), 1.5))::int AS i) m
    WHERE k.kind = 'llm_calls' $$;

CREATE FUNCTION bench.write_orders(first bigint, behind bigint) RETURNS void LANGUAGE sql AS $$
    INSERT INTO analytics_data.orders (tenant_id, order_id, customer_id, created_at, total_amount, status, fulfilled_at)
    SELECT tenant_id, order_id, customer_id, created_at, total_amount,
           CASE WHEN fulfilled_at > now() THEN 'pending' ELSE status END,
           CASE WHEN status IN ('fulfilled', 'refunded') AND fulfilled_at <= now() THEN fulfilled_at END
    FROM (SELECT bench.tenant(n) AS tenant_id, 'order-' || lpad(n::text, 9, '0') AS order_id,
                 CASE WHEN bench.uniform(n, 2) > 0.05 THEN bench.customer(n, 3, k.customers) END AS customer_id,
                 bench.instant(n, k.origin, k.step) AS created_at,
                 round((5 + 200 * power(bench.uniform(n, 4), 2))::numeric, 2) AS total_amount,
                 CASE WHEN bench.uniform(n, 5) < 0.90 THEN 'fulfilled' WHEN bench.uniform(n, 5) < 0.94 THEN 'pending'
                      WHEN bench.uniform(n, 5) < 0.98 THEN 'cancelled' ELSE 'refunded' END AS status,
                 bench.instant(n, k.origin, k.step) + interval '40 hours' * bench.uniform(n, 6) AS fulfilled_at
          FROM bench.kinds k, generate_series(first, behind - 1) n WHERE k.kind = 'orders') o $$;

CREATE FUNCTION bench.write_shop_sessions(first bigint, behind bigint) RETURNS void LANGUAGE sql AS $$
    INSERT INTO analytics_data.shop_sessions (tenant_id, session_id, customer_id, started_at)
    SELECT bench.tenant(n), 'session-' || lpad(n::text, 9, '0'),
           CASE WHEN bench.uniform(n, 2) > 0.4 THEN bench.customer(n, 3, k.customers) END, bench.instant(n, k.origin, k.step)
    FROM bench.kinds k, generate_series(first, behind - 1) n WHERE k.kind = 'shop_sessions' $$;

-- Writes what has come up to now, in transactions of 200,000 rows.
CREATE PROCEDURE bench.catch_up() LANGUAGE plpgsql AS $$
DECLARE
    k bench.kinds;
    upto bigint;
BEGIN
    FOR k IN SELECT * FROM bench.kinds ORDER BY kind LOOP
        LOOP
            upto := floor(extract(epoch FROM clock_timestamp() - k.origin) / extract(epoch FROM k.step));
            EXIT WHEN upto <= k.filled;
            upto := least(upto, k.filled + 200000);
            EXECUTE format('SELECT bench.%I($1, $2)', 'write_' || k.kind) USING k.filled, upto;
            UPDATE bench.kinds SET filled = upto WHERE kind = k.kind;
            k.filled := upto;
            COMMIT;
        END LOOP;
    END LOOP;
END $$;

CALL bench.catch_up();
SELECT name, refreshed_buckets, round(duration_ms) AS ms FROM analytics.refresh_rollups();
VACUUM (ANALYZE);
