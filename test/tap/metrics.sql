-- Contracts of the metric layer: what is refused and how, who may do what.
BEGIN;
SET LOCAL client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS agent_analytics;
SELECT plan(50);
DO $$ BEGIN PERFORM analytics.install(); END $$;

CREATE TABLE public.tap_calls (tenant_id text NOT NULL DEFAULT analytics.current_tenant(), made_at timestamptz NOT NULL, model text, cost numeric, latency_ms double precision, extra jsonb);
CREATE INDEX ON public.tap_calls (made_at);
DO $$ BEGIN
    PERFORM analytics.create_rollup('tap_by_model', 'public.tap_calls', 'made_at', '{"calls": "count(*)", "cost": "sum(cost)", "latency": "quantiles(latency_ms)", "last_call": "max(made_at)"}', '{model}');
    PERFORM analytics.create_rollup('tap_all', 'public.tap_calls', 'made_at', '{"calls": "count(*)"}');
END $$;

-- define_metric
SELECT is(analytics.define_metric('tap_calls', 'tap_by_model', 'calls'), 'tap_calls', 'define_metric returns the name');
SELECT is((SELECT (unit, direction, fill)::text FROM analytics.list_metrics() WHERE name = 'tap_calls'), '(,neutral,zero)', 'a count is filled with 0');
SELECT lives_ok($$SELECT analytics.define_metric('tap_price', 'tap_by_model', 'cost / nullif(calls, 0)', 'USD', 'down', 'What a call costs.')$$);
SELECT is((SELECT (unit, direction, description, dimensions, fill)::text FROM analytics.list_metrics() WHERE name = 'tap_price'),
          '(USD,down,"What a call costs.",{model},null)', 'a quotient is filled with nothing');
SELECT lives_ok($$SELECT analytics.define_metric('tap_open', 'tap_by_model', 'cost', fill => 'last')$$);
SELECT is((SELECT fill FROM analytics.list_metrics() WHERE name = 'tap_open'), 'last', 'fill may be chosen');
SELECT lives_ok($$SELECT analytics.define_metric('tap_open', 'tap_all', 'calls')$$, 'a metric may be defined anew');
SELECT is((SELECT (rollup, dimensions, fill)::text FROM analytics.list_metrics() WHERE name = 'tap_open'), '(tap_all,{},zero)', 'and is the new one then');
SELECT throws_ok($$SELECT analytics.define_metric(NULL, 'tap_all', 'calls')$$, '22023');
SELECT throws_ok($$SELECT analytics.define_metric('Calls', 'tap_all', 'calls')$$, '22023');
SELECT throws_ok($$SELECT analytics.define_metric('a b', 'tap_all', 'calls')$$, '22023');
SELECT throws_ok($$SELECT analytics.define_metric(repeat('a', 64), 'tap_all', 'calls')$$, '22023');
SELECT throws_ok($$SELECT analytics.define_metric('tap_bad', NULL, 'calls')$$, '22023');
SELECT throws_ok($$SELECT analytics.define_metric('tap_bad', 'no_such_rollup', 'calls')$$, 'PT404');
SELECT throws_ok($$SELECT analytics.define_metric('tap_bad', 'tap_all', NULL)$$, '22023');
SELECT throws_ok($$SELECT analytics.define_metric('tap_bad', 'tap_all', '')$$, '22023');
SELECT throws_ok($$SELECT analytics.define_metric('tap_bad', 'tap_all', 'calls +')$$, '22023', 'expression is not valid: expression ends too early');
SELECT throws_ok($$SELECT analytics.define_metric('tap_bad', 'tap_all', 'cost')$$, '22023', 'expression is not valid: the rollup has no measure "cost"');
SELECT throws_ok($$SELECT analytics.define_metric('tap_bad', 'tap_by_model', 'latency')$$, '22023');
SELECT throws_ok($$SELECT analytics.define_metric('tap_bad', 'tap_by_model', 'last_call')$$, '22023');
SELECT throws_ok($$SELECT analytics.define_metric('tap_bad', 'tap_by_model', 'pg_sleep(calls)')$$, '22023');
SELECT throws_ok(format($$SELECT analytics.define_metric('tap_bad', 'tap_all', %L)$$, repeat('(', 500) || 'calls'), '22023');
SELECT throws_ok(format($$SELECT analytics.define_metric('tap_bad', 'tap_all', %L)$$, repeat('calls + ', 200) || 'calls'), '22023');
SELECT throws_ok($$SELECT analytics.define_metric('tap_bad', 'tap_all', 'calls', direction => 'sideways')$$, '22023');
SELECT throws_ok($$SELECT analytics.define_metric('tap_bad', 'tap_all', 'calls', fill => 'linear')$$, '22023');
SELECT throws_ok($$SELECT analytics.define_metric('tap_bad', 'tap_all', 'calls', unit => repeat('x', 41))$$, '22023');

-- get_metric_series and get_metric_summary
SELECT throws_ok($$SELECT analytics.get_metric_series('no_such_metric')$$, 'PT404', 'metric not found');
SELECT throws_ok($$SELECT analytics.get_metric_summary('no_such_metric')$$, 'PT404', 'metric not found');
SELECT throws_ok($$SELECT analytics.get_metric_series(NULL)$$, '22023');
SELECT throws_ok($$SELECT analytics.get_metric_series('tap_calls', '2h')$$, '22023');
SELECT throws_ok($$SELECT analytics.get_metric_series('tap_calls', '1h', 'forever')$$, '22023');
SELECT throws_ok($$SELECT analytics.get_metric_series('tap_calls', '15m', '1y')$$, '22023');
SELECT throws_ok($$SELECT analytics.get_metric_series('tap_calls', filters => '{"colour": "red"}')$$, '22023');
SELECT throws_ok($$SELECT analytics.get_metric_series('tap_calls', filters => '{"model": {"is": "a"}}')$$, '22023');
SELECT throws_ok($$SELECT analytics.get_metric_series('tap_calls', filters => '{"model": [["a"]]}')$$, '22023');
SELECT throws_ok($$SELECT analytics.get_metric_series('tap_calls', filters => '{"model": []}')$$, '22023');
SELECT throws_ok($$SELECT analytics.get_metric_series('tap_calls', filters => '{"model": null}')$$, '22023');
SELECT throws_ok($$SELECT analytics.get_metric_series('tap_calls', filters => '"model"')$$, '22023');
SELECT throws_ok($$SELECT analytics.get_metric_series('tap_calls', filters => jsonb_build_object('model', (SELECT jsonb_agg(i) FROM generate_series(1, 101) i)))$$, '22023');
SELECT throws_ok($$SELECT analytics.get_metric_series('tap_calls', group_by => 'colour')$$, '22023');
SELECT throws_ok($$SELECT analytics.get_metric_series('tap_open', group_by => 'model')$$, '22023');
SELECT throws_ok($$SELECT analytics.get_metric_series('tap_calls', compare_to => 'last_year')$$, '22023');
SELECT throws_ok($$SELECT analytics.get_metric_series('tap_calls', time_zone => 'Mars/Olympus')$$, '22023');
SELECT throws_ok($$SELECT analytics.get_metric_series('tap_calls', as_of => '-infinity')$$, '22023');
SELECT throws_ok($$SELECT analytics.get_metric_series('tap_calls', key_limit => 0)$$, '22023');
SELECT throws_ok($$SELECT analytics.get_metric_summary('tap_calls', '5m')$$, '22023');
-- Values in filters are data, never SQL.
SELECT is((SELECT sum(value) FROM analytics.get_metric_series('tap_calls', filters => '{"model": "'' OR true --"}')), 0::numeric, 'a filter is a value');

-- Who may do what.
CREATE ROLE tap_visitor;
GRANT USAGE ON SCHEMA analytics TO tap_visitor;
SET LOCAL ROLE tap_visitor;
SELECT throws_ok($$SELECT analytics.define_metric('tap_calls', 'tap_all', 'calls')$$, '42501', NULL, 'only who may write the definitions defines');
RESET ROLE;
SELECT volatility_is('analytics', 'get_metric_summary', '{text,text,jsonb,timestamp with time zone}'::name[], 'stable', 'reads may be called with GET');
SELECT volatility_is('analytics', 'get_metric_series', '{text,text,text,jsonb,text,text,text,timestamp with time zone,integer}'::name[], 'stable', 'reads may be called with GET');
SELECT * FROM finish();
ROLLBACK;
