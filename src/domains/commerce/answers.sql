-- Commerce: the dashboard's answers, read from the rollups order_stats and session_stats. C++ beside this file.
CREATE OR REPLACE FUNCTION analytics_internal.common_values(a analytics.distinct_set, b analytics.distinct_set) RETURNS bigint
LANGUAGE c IMMUTABLE PARALLEL SAFE STRICT COST 500 AS 'MODULE_PATHNAME', 'analytics_common_values';
COMMENT ON FUNCTION analytics_internal.common_values(analytics.distinct_set, analytics.distinct_set) IS
'How many values two sets have in common.';

CREATE OR REPLACE FUNCTION analytics.get_dashboard_summary(as_of timestamptz DEFAULT NULL, OUT orders_last_hour bigint,
    OUT revenue_last_hour numeric, OUT orders_last_24h bigint, OUT revenue_last_24h numeric, OUT avg_order_value_24h numeric,
    OUT orders_prev_24h bigint, OUT revenue_prev_24h numeric, OUT fulfillment_rate_24h numeric, OUT orders_pending_24h bigint,
    OUT new_customers_24h bigint, OUT active_customers_24h bigint, OUT returning_customers_24h bigint, OUT last_updated timestamptz)
LANGUAGE c STABLE PARALLEL RESTRICTED COST 10000 AS 'MODULE_PATHNAME', 'analytics_get_dashboard_summary';
COMMENT ON FUNCTION analytics.get_dashboard_summary(timestamptz) IS
'The shop''s last day at a glance, exact to the microsecond.
as_of: the moment to look from, NULL means now. Windows end with it and include it: last_hour is (as_of - 1 h, as_of], last_24h and _24h (as_of - 24 h, as_of], prev_24h the 24 hours before.
orders: without cancelled ones. revenue: of orders neither cancelled nor refunded, in the tenant''s currency, exact. avg_order_value_24h: revenue / orders. fulfillment_rate_24h: fulfilled orders / orders * 100. orders_pending_24h: orders that wait to be fulfilled. An order that was fulfilled after as_of counts as pending; cancelled and refunded keep no instant and show today''s state.
new_customers_24h: whose first order ever lies in the window. returning_customers_24h: who ordered in it and before it. active_customers_24h: who ordered or had a session in it. All are exact distinct counts; orders and sessions without a customer_id count for none.
last_updated: as_of; the answer holds every order visible at the call.
Averages and rates have 2 decimals and are NULL where there are no orders. Errors: 22023 for an as_of outside the years 1 to 9999.';

CREATE OR REPLACE FUNCTION analytics.get_hourly_trends(hours_back integer DEFAULT 24, as_of timestamptz DEFAULT NULL)
RETURNS TABLE (hour_start timestamptz, total_orders bigint, total_revenue numeric, avg_order_value numeric,
    fulfillment_rate_pct numeric, orders_fulfilled bigint, orders_pending bigint, new_customers bigint, active_customers bigint,
    returning_customers bigint, total_sessions bigint, orders_hoh_pct_change numeric, revenue_hoh_pct_change numeric)
LANGUAGE c STABLE PARALLEL RESTRICTED COST 10000 ROWS 168 AS 'MODULE_PATHNAME', 'analytics_get_hourly_trends';
COMMENT ON FUNCTION analytics.get_hourly_trends(integer, timestamptz) IS
'The shop hour by hour: completed hours, newest first, none missing.
hours_back: how many, 1 to 168. as_of: the moment to look from, NULL means now; the hour it lies in is left out.
hour_start: in UTC. total_orders, total_revenue, avg_order_value, fulfillment_rate_pct (0 to 100), orders_fulfilled, orders_pending and the customers as in get_dashboard_summary, of this hour: a new customer''s first order ever lies in it, a returning one ordered in it and before it. total_sessions: sessions that started in it.
orders_hoh_pct_change, revenue_hoh_pct_change: (this hour - the hour before) / |the hour before| * 100, NULL where that is 0.
Averages, rates and changes have 2 decimals; averages and rates are NULL in an hour without orders. Errors: 22023 for hours_back out of range or an as_of outside the years 1 to 9999.';

CREATE OR REPLACE FUNCTION analytics.get_active_anomalies(as_of timestamptz DEFAULT NULL, method text DEFAULT 'seasonal')
RETURNS TABLE (hour_start timestamptz, anomaly_type text, deviation_pct numeric, severity text, total_orders bigint,
    avg_orders_24h numeric, total_revenue numeric, avg_revenue_24h numeric, fulfillment_rate_pct numeric,
    avg_fulfillment_24h numeric, expected_value numeric, lower_bound numeric, upper_bound numeric, p_value double precision)
LANGUAGE c STABLE PARALLEL RESTRICTED COST 10000 ROWS 10 AS 'MODULE_PATHNAME', 'analytics_get_active_anomalies';
COMMENT ON FUNCTION analytics.get_active_anomalies(timestamptz, text) IS
'Hours within the last 24 completed ones whose orders, revenue or fulfilment rate do not fit; no anomaly, no rows.
as_of: the moment to look from, NULL means now. method: seasonal (what the hour usually is) or threshold (the plain rule).
seasonal: orders and revenue are judged by the 28 days before, with the hour of the day and the weekday, as counts where they are; fulfilment (only whether it is low) by the same hour of up to 7 days before as it stood at the same age, because a young order has had less time. expected_value, lower_bound and upper_bound (95 %), p_value of an hour as far off; severity after false-discovery control over all that is judged: critical q < 1e-6 and at least 50 % off, high q < 1e-4 and 30 %, medium q < 0.01, low q < 0.05.
threshold: deviation from the mean of the 24 hours before that hour, from 30 % low, 45 % medium, 60 % high, 80 % critical. Orders and revenue are judged where those hours have at least 5 orders an hour on average, the fulfilment rate (only whether it is low) where at least 10; nothing is judged against a mean that is not positive. expected_value: the mean; lower_bound and upper_bound: 30 % below and above it; p_value: NULL, the plain rule has none.
One row an hour and anomaly_type: low_order_volume, high_order_volume, low_revenue, high_revenue, low_fulfillment. deviation_pct: |actual - expected| / expected * 100, NULL where nothing is expected. avg_orders_24h, avg_revenue_24h, avg_fulfillment_24h: the means of the 24 hours before, that of the rate over the hours that have orders. All with 2 decimals, total_revenue exact.
Sorted by severity, worst first, then newest first. Errors: 22023 for an unknown method or an as_of outside the years 1 to 9999.';
