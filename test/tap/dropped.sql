-- DROP EXTENSION takes triggers and views along, no fact. What changes until CREATE EXTENSION and install() nobody notes: answers are
-- exact again all the same.
\ir include/start.sql
SELECT no_plan();
\ir include/tenant_facts.sql
CALL probe.load('a', 'a-', 1);
CALL probe.load('b', 'b-', 3);
CALL analytics.run_maintenance();
CREATE TEMP TABLE facts AS SELECT (SELECT count(*) FROM analytics_data.orders) AS orders, (SELECT count(*) FROM analytics_data.spans) AS spans, (SELECT count(*) FROM analytics_data.llm_calls) AS calls;

SET client_min_messages = warning;
DROP EXTENSION agent_analytics CASCADE;
SELECT results_eq('SELECT (SELECT count(*) FROM analytics_data.orders), (SELECT count(*) FROM analytics_data.spans), (SELECT count(*) FROM analytics_data.llm_calls)', 'SELECT * FROM facts', 'no fact goes');
UPDATE analytics_data.spans SET cost_usd = 77 WHERE span_id IN ('5', '6');
DELETE FROM analytics_data.spans WHERE span_id = '9';
INSERT INTO analytics_data.spans (tenant_id, span_id, trace_id, operation_name, start_time) VALUES ('a', 'x', 'new', 'x', '2026-03-02 08:00Z');
DELETE FROM analytics_data.orders WHERE order_id LIKE '%7';
UPDATE analytics_data.agent_approvals SET confidence_score = 3 WHERE created_at < '2026-02-23';
DELETE FROM analytics_data.training_examples WHERE conversation_id LIKE '%4';
DELETE FROM analytics_data.llm_calls WHERE call_id LIKE '%8';
UPDATE analytics_data.task_records SET status = 'failed' WHERE task_id = 't3';

CREATE EXTENSION agent_analytics;
SELECT isnt(analytics.install() -> 'applied', '[]', 'install() brings back what went along');
\ir ../recovery/include/differences.sql
SELECT is_empty('SELECT what, which FROM checked.differences()', 'right after it everything is what plain SQL says');
CALL analytics.run_maintenance();
SELECT is_empty('SELECT what, which FROM checked.differences()', 'and after maintenance');
SELECT is_empty('SELECT * FROM checked.unhealthy()', 'which leaves nothing to do');
SELECT is(analytics.install() -> 'applied', '[]', 'nor does install()');
UPDATE analytics_data.spans SET cost_usd = 78 WHERE span_id IN ('7');
SELECT is_empty('SELECT what, which FROM checked.differences()', 'what changes now is noted again');
SELECT * FROM finish();
