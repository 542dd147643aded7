-- Commerce: recording orders and sessions, the rules of the tables on every path, one currency a tenant.
\set VERBOSITY terse
SET client_min_messages = warning;
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
CREATE EXTENSION IF NOT EXISTS agent_analytics;
SELECT analytics.install() IS NOT NULL AS installed;
-- A second time there is nothing to do.
SELECT analytics_internal.install_settings() UNION ALL SELECT analytics_internal.install_commerce();
SET agent_analytics.tenant = 'shop';

-- An order is one row, updated over its life; what is not given keeps what is stored.
SELECT analytics.record_order('A-1', 19.90, customer_id => 'ann', created_at => '2025-03-01 10:00+00');
SELECT order_id, customer_id, created_at, total_amount, currency, status, fulfilled_at FROM analytics_data.orders WHERE tenant_id = 'shop';
SELECT analytics.record_order('A-1', 19.90, status => 'fulfilled', fulfilled_at => '2025-03-02 09:30+00');
SELECT order_id, customer_id, created_at, total_amount, currency, status, fulfilled_at FROM analytics_data.orders WHERE tenant_id = 'shop';
-- The same content again, in whatever digits, writes nothing: the row stays where it is.
CREATE TEMP TABLE place AS SELECT ctid AS at FROM analytics_data.orders WHERE tenant_id = 'shop';
SELECT analytics.record_order('A-1', 19.9, 'ann', '2025-03-01 10:00+00', 'fulfilled', 'USD', '2025-03-02 09:30+00');
SELECT o.ctid = p.at AS unmoved FROM analytics_data.orders o, place p WHERE tenant_id = 'shop';
-- Arguments that are NULL take their defaults.
SELECT analytics.record_order('A-2', 0, status => NULL, currency => NULL, created_at => '2025-03-01 11:00+00');
SELECT order_id, customer_id, currency, status FROM analytics_data.orders WHERE tenant_id = 'shop' AND order_id = 'A-2';

-- Arguments out of range
SELECT analytics.record_order(NULL, 1);
SELECT analytics.record_order('', 1);
SELECT analytics.record_order(repeat('x', 201), 1);
SELECT analytics.record_order('A-3', NULL);
SELECT analytics.record_order('A-3', 'NaN');
SELECT analytics.record_order('A-3', '-Infinity');
SELECT analytics.record_order('A-3', 1e15);
SELECT analytics.record_order('A-3', 1, customer_id => '');
SELECT analytics.record_order('A-3', 1, created_at => 'infinity');
SELECT analytics.record_order('A-3', 1, status => 'shipped');
SELECT analytics.record_order('A-3', 1, currency => 'usd');
SELECT analytics.record_order('A-3', 1, fulfilled_at => '-infinity');
\set VERBOSITY default
\set SHOW_CONTEXT never
SELECT analytics.record_order('A-3', 1, status => 'shipped');
\set VERBOSITY terse

-- A session may learn later who it is.
SELECT analytics.record_session('s-1', started_at => '2025-03-01 09:00+00');
SELECT analytics.record_session('s-1', 'ann');
SELECT analytics.record_session('s-1');
SELECT session_id, customer_id, started_at FROM analytics_data.shop_sessions WHERE tenant_id = 'shop';
SELECT analytics.record_session('');
SELECT analytics.record_session('s-2', repeat('c', 201));
SELECT analytics.record_session('s-2', started_at => 'infinity');

-- The tables hold the same rules for INSERT and COPY; defaults fill what is left out.
INSERT INTO analytics_data.orders (order_id, total_amount) VALUES ('B-1', -5) RETURNING tenant_id, order_id, currency, status, created_at = now() AS created_now;
INSERT INTO analytics_data.orders (order_id, total_amount) VALUES ('B-2', 'NaN');
INSERT INTO analytics_data.orders (order_id, total_amount) VALUES ('B-2', 'Infinity');
INSERT INTO analytics_data.orders (order_id, total_amount, status) VALUES ('B-2', 1, 'PENDING');
INSERT INTO analytics_data.orders (order_id, total_amount, currency) VALUES ('B-2', 1, 'US');
INSERT INTO analytics_data.orders (order_id, total_amount, created_at) VALUES ('B-2', 1, 'infinity');
INSERT INTO analytics_data.orders (order_id, total_amount) VALUES (repeat('x', 3000), 1);
COPY analytics_data.orders (order_id, total_amount, status) FROM stdin;
B-2	1	lost
\.
COPY analytics_data.orders (order_id, total_amount, status) FROM stdin;
B-2	1	pending
B-3	2.50	refunded
\.
INSERT INTO analytics_data.shop_sessions (session_id, started_at) VALUES ('s-3', '-infinity');
SELECT count(*), sum(total_amount) FROM analytics_data.orders WHERE tenant_id = 'shop';

-- The first order set the tenant's currency. Another one is refused on every path, and nothing of the statement stays.
SELECT tenant_id, currency FROM analytics_data.tenant_settings WHERE tenant_id LIKE 'shop%';
\set VERBOSITY default
SELECT analytics.record_order('C-1', 1, currency => 'EUR');
\set VERBOSITY terse
INSERT INTO analytics_data.orders (order_id, total_amount, currency) VALUES ('C-1', 1, 'USD'), ('C-2', 1, 'EUR');
COPY analytics_data.orders (order_id, total_amount, currency) FROM stdin;
C-1	1	USD
C-2	1	EUR
\.
UPDATE analytics_data.orders SET currency = 'EUR' WHERE tenant_id = 'shop' AND order_id = 'A-1';
UPDATE analytics_data.orders SET tenant_id = 'shop-2', currency = 'USD' WHERE tenant_id = 'shop' AND order_id = 'B-3';
SELECT count(*) FROM analytics_data.orders WHERE tenant_id = 'shop' AND order_id LIKE 'C-%';
-- A tenant's own choice comes first; each tenant has its own.
INSERT INTO analytics_data.tenant_settings (tenant_id, currency) VALUES ('shop-eur', 'EUR');
INSERT INTO analytics_data.tenant_settings (tenant_id, time_zone) VALUES ('shop-none', 'Asia/Kathmandu');
INSERT INTO analytics_data.orders (tenant_id, order_id, total_amount, currency) VALUES ('shop-eur', 'E-1', 1, 'EUR'), ('shop-none', 'N-1', 1, 'GBP');
INSERT INTO analytics_data.orders (tenant_id, order_id, total_amount, currency) VALUES ('shop-eur', 'E-2', 1, 'GBP');
INSERT INTO analytics_data.orders (tenant_id, order_id, total_amount, currency) VALUES ('shop-none', 'N-2', 1, 'EUR');
-- The first COPY of a tenant with two currencies in it.
COPY analytics_data.orders (tenant_id, order_id, total_amount, currency) FROM stdin;
shop-new	1	1	SEK
shop-new	2	1	NOK
\.
SELECT tenant_id, currency, time_zone FROM analytics_data.tenant_settings WHERE tenant_id LIKE 'shop%' ORDER BY tenant_id;
-- What a rolled back transaction has chosen is forgotten.
BEGIN;
SAVEPOINT s;
INSERT INTO analytics_data.orders (tenant_id, order_id, total_amount, currency) VALUES ('shop-new', '1', 1, 'SEK');
INSERT INTO analytics_data.orders (tenant_id, order_id, total_amount, currency) VALUES ('shop-new', '2', 1, 'SEK');
ROLLBACK TO s;
INSERT INTO analytics_data.orders (tenant_id, order_id, total_amount, currency) VALUES ('shop-new', '1', 1, 'NOK');
ROLLBACK;
INSERT INTO analytics_data.orders (tenant_id, order_id, total_amount, currency) VALUES ('shop-new', '1', 1, 'DKK');

-- The setting cannot leave the orders behind; converting them all is one transaction.
UPDATE analytics_data.tenant_settings SET currency = 'CHF' WHERE tenant_id = 'shop-new';
INSERT INTO analytics_data.orders (tenant_id, order_id, total_amount, currency) VALUES ('shop-new', '2', 7.46, 'DKK');
BEGIN;
UPDATE analytics_data.tenant_settings SET currency = NULL WHERE tenant_id = 'shop-new';
UPDATE analytics_data.orders SET currency = 'EUR', total_amount = round(total_amount / 7.46, 2) WHERE tenant_id = 'shop-new' AND order_id = '2';
ROLLBACK;
BEGIN;
UPDATE analytics_data.tenant_settings SET currency = NULL WHERE tenant_id = 'shop-new';
UPDATE analytics_data.orders SET currency = 'EUR', total_amount = round(total_amount / 7.46, 2) WHERE tenant_id = 'shop-new';
COMMIT;
SELECT o.order_id, o.total_amount, o.currency, s.currency AS reporting FROM analytics_data.orders o JOIN analytics_data.tenant_settings s USING (tenant_id) WHERE tenant_id = 'shop-new' ORDER BY 1;
INSERT INTO analytics_data.orders (tenant_id, order_id, total_amount, currency) VALUES ('shop-new', '3', 1, 'DKK');
-- A setting that is deleted, and one that is inserted, meet the orders that are there.
DELETE FROM analytics_data.tenant_settings WHERE tenant_id = 'shop-new';
INSERT INTO analytics_data.orders (tenant_id, order_id, total_amount, currency) VALUES ('shop-new', '3', 1, 'DKK');
INSERT INTO analytics_data.tenant_settings (tenant_id, currency) VALUES ('shop-new', 'DKK');
INSERT INTO analytics_data.tenant_settings (tenant_id, currency) VALUES ('shop-new', 'EUR');
-- The settings themselves
INSERT INTO analytics_data.tenant_settings (tenant_id, currency) VALUES ('shop-bad', 'euro');
INSERT INTO analytics_data.tenant_settings (tenant_id, time_zone) VALUES ('shop-bad', 'Mars/Olympus');

-- A writer without any right on the settings writes orders.
CREATE ROLE commerce_writer;
GRANT USAGE ON SCHEMA analytics_data, analytics TO commerce_writer;
GRANT INSERT ON analytics_data.orders TO commerce_writer;
SET ROLE commerce_writer;
SET agent_analytics.tenant = 'shop-writer';
INSERT INTO analytics_data.orders (order_id, total_amount, currency) VALUES ('W-1', 1, 'JPY');
INSERT INTO analytics_data.orders (order_id, total_amount, currency) VALUES ('W-2', 1, 'USD');
RESET ROLE;
SELECT tenant_id, currency FROM analytics_data.tenant_settings WHERE tenant_id = 'shop-writer';
REVOKE USAGE ON SCHEMA analytics_data, analytics FROM commerce_writer;
REVOKE INSERT ON analytics_data.orders FROM commerce_writer;
DROP ROLE commerce_writer;
DELETE FROM analytics_data.orders WHERE tenant_id LIKE 'shop%';
DELETE FROM analytics_data.shop_sessions WHERE tenant_id LIKE 'shop%';
DELETE FROM analytics_data.tenant_settings WHERE tenant_id LIKE 'shop%';
