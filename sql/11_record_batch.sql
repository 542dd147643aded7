-- record_batch: many facts in one call, the good ones kept, the others reported.
\set VERBOSITY terse
SET client_min_messages = warning;
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
CREATE EXTENSION IF NOT EXISTS agent_analytics;
SELECT analytics.install() IS NOT NULL AS installed;
SET agent_analytics.tenant = 'batch';

-- kind and items (the kinds are listed by the message, and grow)
\set VERBOSITY sqlstate
SELECT analytics.record_batch(NULL, '[]');
SELECT analytics.record_batch('batch', '[]');
SELECT analytics.record_batch('order_batch(1); --', '[]');
\set VERBOSITY terse
SELECT analytics.record_batch('order', NULL);
SELECT analytics.record_batch('order', '{"order_id": "A-1"}');
SELECT analytics.record_batch('order', '"A-1"');
SELECT analytics.record_batch('order', (SELECT jsonb_agg(i) FROM generate_series(1, 10001) i));
SELECT analytics.record_batch('order', '[]');

-- Good and bad items together
SELECT r.accepted, r.duplicates, r.rejected FROM jsonb_to_record(analytics.record_batch('order', '[
    {"order_id": "A-1", "total_amount": 10.50, "customer_id": "ann", "created_at": "2025-03-01T10:00:00Z"},
    {"order_id": "A-2", "total_amount": "20.25", "status": "fulfilled", "fulfilled_at": "2025-03-02 12:00:00+02", "created_at": "2025-03-01"},
    {"order_id": 3, "total_amount": -1e2, "status": null, "created_at": "2025-03-01T10:00:00.123456+05:45"}
]')) AS r(accepted int, duplicates int, rejected int);
SELECT order_id, customer_id, created_at, total_amount, currency, status, fulfilled_at FROM analytics_data.orders WHERE tenant_id = 'batch' ORDER BY order_id;
SELECT r.accepted, r.duplicates, r.rejected, e.index, e.id, e.message
FROM jsonb_to_record(analytics.record_batch('order', '[
    {"order_id": "B-1", "total_amount": 1, "created_at": "2025-03-01T10:00:00Z"},
    {"order_id": "B-2"},
    {"total_amount": 1},
    {"order_id": "B-4", "total_amount": "ten"},
    {"order_id": "B-5", "total_amount": true},
    {"order_id": "B-6", "total_amount": "NaN"},
    {"order_id": "B-7", "total_amount": "1e9999"},
    {"order_id": "B-8", "total_amount": 1e20},
    {"order_id": {"a": 1}, "total_amount": 1},
    {"order_id": "B-10", "total_amount": 1, "created_at": "soon"},
    {"order_id": "B-11", "total_amount": 1, "created_at": 1740823200},
    {"order_id": "B-12", "total_amount": 1, "created_at": "infinity"},
    {"order_id": "B-13", "total_amount": 1, "created_at": "294277-01-01"},
    {"order_id": "B-14", "total_amount": 1, "colour": "red"},
    {"order_id": "B-15", "total_amount": 1, "status": "shipped"},
    {"order_id": "B-16", "total_amount": 1, "currency": "EUR"},
    {"order_id": "B-17", "total_amount": 1, "currency": "dollar"},
    {"order_id": "", "total_amount": 1},
    17, null, "B-20", ["B-21"], {},
    {"order_id": "B-23", "total_amount": 1, "created_at": "2025-03-01T10:00:00Z"}
]')) AS r(accepted int, duplicates int, rejected int, errors jsonb)
CROSS JOIN jsonb_to_recordset(r.errors) AS e(index int, id text, message text);
SELECT order_id FROM analytics_data.orders WHERE tenant_id = 'batch' ORDER BY order_id;

-- Again: duplicates. Within one batch items act in their order, as if recorded one after the other.
SELECT b.index, b.id, b.outcome, b.message FROM analytics_internal.record_order_batch('[
    {"order_id": "A-1", "total_amount": 10.5},
    {"order_id": "A-1", "total_amount": 10.5, "status": "fulfilled"},
    {"order_id": "A-1", "total_amount": 10.5, "status": "fulfilled", "customer_id": "ann"},
    {"order_id": "A-1", "total_amount": 10.5, "status": "fulfilled", "customer_id": "bob"},
    {"order_id": "C-1", "total_amount": 1, "created_at": "2025-03-05T10:00:00Z"},
    {"order_id": "C-1", "total_amount": 1},
    {"order_id": "C-1", "total_amount": 2, "customer_id": "carl"},
    {"order_id": "C-1", "total_amount": 1},
    {"order_id": "C-1", "total_amount": 1, "created_at": "2025-03-06T10:00:00Z"}
]') AS b;
SELECT order_id, customer_id, created_at, total_amount, status FROM analytics_data.orders WHERE tenant_id = 'batch' AND order_id IN ('A-1', 'C-1') ORDER BY 1;

-- The currency is the one of the first good item where the tenant has none.
SET agent_analytics.tenant = 'batch-2';
SELECT b.index, b.id, b.outcome, b.message FROM analytics_internal.record_order_batch('[
    {"order_id": "D-1", "total_amount": "x", "currency": "USD"},
    {"order_id": "D-2", "total_amount": 1, "currency": "EUR"},
    {"order_id": "D-3", "total_amount": 1}
]') AS b;
SET agent_analytics.tenant = 'batch';

-- Sessions
SELECT b.index, b.id, b.outcome, b.message FROM analytics_internal.record_session_batch('[
    {"session_id": "s-1", "started_at": "2025-03-01T10:00:00Z"},
    {"session_id": "s-1"},
    {"session_id": "s-1", "customer_id": "ann"},
    {"session_id": "s-2", "visitor": 1},
    {"session_id": "s-3", "customer_id": ""}
]') AS b;
SELECT session_id, customer_id, started_at FROM analytics_data.shop_sessions WHERE tenant_id = 'batch';

-- What only the table knows to refuse: those items are found, the rest is kept.
ALTER TABLE analytics_data.orders ADD CONSTRAINT no_sevens CHECK (tenant_id <> 'batch' OR total_amount <> 7);
SELECT r.accepted, r.duplicates, r.rejected, r.errors FROM jsonb_to_record(analytics.record_batch('order',
    (SELECT jsonb_agg(jsonb_build_object('order_id', 'E-' || i, 'total_amount', i % 50)) FROM generate_series(1, 101) i))) AS r(accepted int, duplicates int, rejected int, errors jsonb);
SELECT count(*) FROM analytics_data.orders WHERE tenant_id = 'batch' AND order_id LIKE 'E-%';
ALTER TABLE analytics_data.orders DROP CONSTRAINT no_sevens;

-- The largest batch
SELECT r.accepted, r.duplicates, r.rejected FROM jsonb_to_record(analytics.record_batch('order',
    (SELECT jsonb_agg(jsonb_build_object('order_id', 'F-' || i, 'total_amount', i)) FROM generate_series(1, 10000) i))) AS r(accepted int, duplicates int, rejected int);
SELECT r.accepted, r.duplicates, r.rejected FROM jsonb_to_record(analytics.record_batch('order',
    (SELECT jsonb_agg(jsonb_build_object('order_id', 'F-' || i, 'total_amount', i)) FROM generate_series(5001, 15000) i))) AS r(accepted int, duplicates int, rejected int);
SELECT count(*), sum(total_amount) FROM analytics_data.orders WHERE tenant_id = 'batch' AND order_id LIKE 'F-%';

-- The types a key may have
SELECT * FROM analytics_internal.read_items('[
    {"t": "x", "n": 1.50, "b": 9007199254740993, "i": "-7", "d": 0.1, "o": true, "a": "2025-01-01T00:00:00Z", "j": {"k": [1]}},
    {"t": 1.50, "n": "+.5e1", "b": "12", "i": 5.0, "d": "1e-3", "o": "false", "j": "text"},
    {"b": 1.5}, {"b": 1e30}, {"i": 2147483648}, {"d": "1e999"}, {"n": ""}, {"n": "1."}, {"n": "."}, {"n": "1 2"}, {"o": 1}, {"a": ""}, {"t": false}
]', '{}') AS i(index integer, message text, t text, n numeric, b bigint, i integer, d double precision, o boolean, a timestamptz, j jsonb);
DELETE FROM analytics_data.orders WHERE tenant_id LIKE 'batch%';
DELETE FROM analytics_data.shop_sessions WHERE tenant_id LIKE 'batch%';
DELETE FROM analytics_data.tenant_settings WHERE tenant_id LIKE 'batch%';
