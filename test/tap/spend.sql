-- Spend: rights and tenants, sessions side by side, and that nobody's search_path decides what a price is.
\ir include/start.sql
CREATE EXTENSION dblink;
SELECT plan(26);

-- A writer that may insert calls and nothing else gets costs: the prices are read as their owner.
CREATE ROLE spend_writer;
CREATE ROLE spend_reader;
GRANT USAGE ON SCHEMA analytics, analytics_data TO spend_writer, spend_reader;
GRANT INSERT ON analytics_data.llm_calls TO spend_writer;
GRANT SELECT, INSERT, UPDATE, DELETE ON analytics_data.model_prices, analytics_data.llm_calls, analytics_data.budgets TO spend_reader;
INSERT INTO analytics_data.model_prices (tenant_id, model, input_usd_per_mtok) VALUES ('acme', 'own', 5), ('other', 'own', 7);
SET ROLE spend_writer;
SET agent_analytics.tenant = 'acme';
SELECT lives_ok($$INSERT INTO analytics_data.llm_calls (call_id, model, input_tokens) VALUES ('w1', 'gpt-4o', 1000), ('w2', 'own', 1000)$$,
    'a writer without any right on the prices records calls');
SELECT throws_ok($$INSERT INTO analytics_data.llm_calls (tenant_id, call_id) VALUES ('other', 'w3')$$, '42501', NULL,
    'not for another tenant');
RESET ROLE;
SELECT results_eq($$SELECT call_id, cost_usd, cost_source FROM analytics_data.llm_calls ORDER BY 1$$,
    $$VALUES ('w1', 0.0025, 'computed'), ('w2', 0.005, 'computed')$$, 'and they have their costs, the second by the tenant''s own price');

-- An = of the writer's own does not stand in for PostgreSQL's.
CREATE SCHEMA trap;
CREATE FUNCTION trap.equal(text, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE 'trapped as %', current_user; END $$;
CREATE OPERATOR trap.= (LEFTARG = text, RIGHTARG = text, PROCEDURE = trap.equal);
GRANT USAGE ON SCHEMA trap TO spend_writer;
SET ROLE spend_writer;
SET search_path = trap, pg_catalog;
INSERT INTO analytics_data.llm_calls (call_id, model, input_tokens) VALUES ('w4', 'gpt-4o', 1000);
RESET search_path;
RESET ROLE;
SELECT is((SELECT cost_usd FROM analytics_data.llm_calls WHERE call_id = 'w4'), 0.0025, 'the lookup does not use the writer''s search_path');

-- Prices: a tenant sees its own and the common ones, writes its own only.
SET ROLE spend_reader;
SELECT results_eq($$SELECT DISTINCT tenant_id FROM analytics_data.model_prices ORDER BY 1$$, $$VALUES ('*'), ('acme')$$,
    'own and common prices are seen, others are not');
SELECT throws_ok($$INSERT INTO analytics_data.model_prices (tenant_id, model, input_usd_per_mtok) VALUES ('*', 'x', 1)$$, '42501', NULL,
    'common prices are not written');
SELECT is_empty($$UPDATE analytics_data.model_prices SET input_usd_per_mtok = 0 WHERE tenant_id = '*' RETURNING 1$$, 'not updated');
SELECT is_empty($$DELETE FROM analytics_data.model_prices WHERE tenant_id = '*' RETURNING 1$$, 'not deleted');
SELECT throws_ok($$UPDATE analytics_data.model_prices SET tenant_id = '*' WHERE model = 'own'$$, '42501', NULL, 'none becomes common');
SET agent_analytics.tenant = '*';
SELECT throws_ok($$INSERT INTO analytics_data.model_prices (tenant_id, model, input_usd_per_mtok) VALUES ('*', 'x', 1)$$, '42501', NULL,
    'whoever calls itself * writes none either');
SELECT is_empty($$DELETE FROM analytics_data.model_prices WHERE tenant_id = '*' RETURNING 1$$, 'and deletes none');
SET agent_analytics.tenant = 'acme';
SELECT lives_ok($$INSERT INTO analytics_data.model_prices (model, input_usd_per_mtok) VALUES ('x', 1)$$, 'own prices are written');
SELECT throws_ok($$INSERT INTO analytics_data.model_prices (model, input_usd_per_mtok) VALUES ('x', 2)$$, '23505', NULL,
    'one price a model, provider and instant');
RESET ROLE;

DELETE FROM analytics_data.llm_calls;

-- One tenant's budgets, reservations and calls are not another's.
SELECT analytics.set_budget('default', 5, 'total') AS id \gset
SELECT analytics.record_llm_call('r', cost_usd => 1) AS id \gset
SET agent_analytics.tenant = 'other';
SELECT is((SELECT status FROM analytics.get_budget_status()), 'no_budget', 'another tenant has no budget, also for a superuser');
SELECT is((SELECT allowed FROM analytics.reserve_budget(100)), true, 'nor a limit');
SELECT lives_ok($$SELECT analytics.record_llm_call('r', cost_usd => 2)$$, 'its call may have the same id');
SELECT throws_ok($$SELECT * FROM analytics.get_budget_status('default')$$, 'PT404', 'unknown budget', 'it cannot name the budget');

-- Eight sessions reserve at the same time: the limit holds, and is used up.
CREATE FUNCTION here() RETURNS text LANGUAGE sql AS $$
    SELECT format('host=%s port=%s user=%s dbname=%s', split_part(current_setting('unix_socket_directories'), ',', 1),
                  current_setting('port'), current_user, current_database())
$$;
CREATE FUNCTION on_each(command text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    answer text;
BEGIN
    FOR i IN 1 .. 8 LOOP
        PERFORM dblink_connect('c' || i, here());
        PERFORM dblink_exec('c' || i, 'SET agent_analytics.tenant = ''acme''');
    END LOOP;
    FOR i IN 1 .. 8 LOOP PERFORM dblink_send_query('c' || i, command); END LOOP;
    FOR i IN 1 .. 8 LOOP
        SELECT a INTO answer FROM dblink_get_result('c' || i, false) AS r(a text);
        RETURN NEXT answer;
    END LOOP;
    FOR i IN 1 .. 8 LOOP PERFORM dblink_disconnect('c' || i); END LOOP;
END $$;
SELECT results_eq($$SELECT a, count(*) FROM on_each('SELECT allowed::text FROM analytics.reserve_budget(0.75)') a GROUP BY 1 ORDER BY 1$$,
    $$VALUES ('false', 3::bigint), ('true', 5)$$, 'of eight at once five are allowed: 1 spent and 5 x 0.75 of 5');
SET agent_analytics.tenant = 'acme';
SELECT results_eq($$SELECT spent_usd, reserved_usd, remaining_usd FROM analytics.get_budget_status()$$, $$VALUES (1.0, 3.75, 0.25)$$,
    'spent and reserved keep the limit');
-- The same id at once: one reservation, and all get it.
SELECT results_eq($$SELECT DISTINCT a FROM on_each('SELECT reservation_id FROM analytics.reserve_budget(0.25, reservation_id => ''same'')') a$$,
    $$VALUES ('same')$$, 'the same reservation at once is one reservation');
SELECT is((SELECT remaining_usd FROM analytics.get_budget_status()), 0.0, 'counted once');
-- The same call at once: recorded once, no error for the same content.
SELECT results_eq($$SELECT a, count(*) FROM on_each('SELECT analytics.record_llm_call(''same'', ''gpt-4o'', input_tokens => 10)') a GROUP BY 1$$,
    $$VALUES ('same', 8::bigint)$$, 'the same call at once is one call');

-- Repeatable read cannot reserve on a snapshot that lacks a reservation.
SELECT dblink_connect('a', here()) AS ok \gset
SELECT dblink_exec('a', 'SET agent_analytics.tenant = ''acme''') AS ok \gset
SELECT dblink_exec('a', 'UPDATE analytics_data.budgets SET amount_usd = 6') AS ok \gset
SELECT dblink_exec('a', 'BEGIN ISOLATION LEVEL REPEATABLE READ') AS ok \gset
SELECT n FROM dblink('a', 'SELECT count(*) FROM analytics_data.budget_reservations') AS r(n bigint) \gset
SELECT is((SELECT allowed FROM analytics.reserve_budget(0.75)), true, 'a reservation beside a repeatable-read transaction');
SELECT throws_ok($$SELECT * FROM dblink('a', 'SELECT allowed FROM analytics.reserve_budget(0.75)') AS r(a boolean)$$, '40001', NULL,
    'which then must try again');
SELECT dblink_exec('a', 'ROLLBACK') AS ok \gset
SELECT dblink_disconnect('a') AS ok \gset

-- After DROP EXTENSION CASCADE and install() the costs, the policies and the facts are there again.
DROP EXTENSION agent_analytics CASCADE;
CREATE EXTENSION agent_analytics;
DO $$ BEGIN PERFORM analytics.install(); END $$;
INSERT INTO analytics_data.llm_calls (tenant_id, call_id, model, input_tokens) VALUES ('acme', 'again', 'own', 1000);
SELECT is((SELECT cost_usd FROM analytics_data.llm_calls WHERE call_id = 'again'), 0.005, 'install() brings the cost trigger back');
SELECT results_eq($$SELECT count(*) FROM pg_policy WHERE polrelid = 'analytics_data.model_prices'::regclass$$, $$VALUES (5::bigint)$$,
    'and the policies');
SELECT * FROM finish();
DROP OWNED BY spend_writer, spend_reader;
DROP ROLE spend_writer, spend_reader;
