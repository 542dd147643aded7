-- One reporting currency a tenant: a sum over two currencies is a wrong number. (currency.cpp)

-- Every role that may insert an order needs EXECUTE on this one: PostgreSQL asks for it as the writer.
CREATE OR REPLACE FUNCTION analytics_internal.is_tenant_currency(tenant text, currency text) RETURNS boolean
LANGUAGE c STABLE PARALLEL RESTRICTED STRICT COST 5 AS 'MODULE_PATHNAME', 'analytics_is_tenant_currency';
COMMENT ON FUNCTION analytics_internal.is_tenant_currency(text, text) IS
'Whether the tenant has a reporting currency and it is this one.';

CREATE OR REPLACE FUNCTION analytics_internal.check_order_currency() RETURNS trigger
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'analytics_check_order_currency';
COMMENT ON FUNCTION analytics_internal.check_order_currency() IS
'Trigger of orders: makes the first order''s currency the tenant''s, and refuses an order in another one (22023).';

CREATE OR REPLACE FUNCTION analytics_internal.check_tenant_currency() RETURNS trigger
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'analytics_check_tenant_currency';
COMMENT ON FUNCTION analytics_internal.check_tenant_currency() IS
'Trigger of tenant_settings: tells all sessions of a new currency, and refuses it while the tenant has orders in another one (PT409).';

CREATE OR REPLACE FUNCTION analytics_internal.claim_currency(currency text) RETURNS text
LANGUAGE c VOLATILE PARALLEL UNSAFE STRICT AS 'MODULE_PATHNAME', 'analytics_claim_currency';
COMMENT ON FUNCTION analytics_internal.claim_currency(text) IS
'The reporting currency of the caller''s tenant; if it has none yet, this one becomes it.';
REVOKE ALL ON FUNCTION analytics_internal.check_order_currency(), analytics_internal.check_tenant_currency() FROM PUBLIC;
