#pragma once
// The settings, in one place. docs/settings.md describes them.
namespace analytics::pg {

/// agent_analytics.refresh_wait: milliseconds that a refresh waits for writers which still may read the old limit.
inline int refresh_wait_ms = 1000;

/// agent_analytics.run_stale_after: seconds of silence after which a running run is stale. Read by SQL.
inline int run_stale_after_s = 900;

/// agent_analytics.rating_*_ms: the greatest p95 of an agent that is rated so. agent_analytics.slow_query_ms: what
/// takes longer is slow. Milliseconds.
inline int rating_excellent_ms = 350, rating_good_ms = 600, rating_fair_ms = 1200, slow_query_ms = 1000;

/// agent_analytics.data_quality_weight_*: how much a dimension counts in the overall score of data quality.
inline double quality_weight_completeness = 1, quality_weight_accuracy = 1, quality_weight_timeliness = 1,
              quality_weight_consistency = 1;

/// agent_analytics.limit_*: requests of one caller, a minute; exports an hour. 0: no limit.
inline constexpr int highest_limit = 1'000'000;
inline int limit_anon = 10, limit_dashboard = 60, limit_agent = 100, limit_admin = 100, limit_scrape = 60,
           limit_ingest = 6000, limit_export = 10, limit_free = 10, limit_pro = 100, limit_enterprise = 1000,
           limit_service = 1000;

/// agent_analytics.trusted_proxies: how many entries from the end of the header that names the client's address are
/// written by proxies of ours. 0: the header is not believed, and no address is known.
inline int trusted_proxies = 1;
/// agent_analytics.client_address_header, in lower case.
inline char *client_address_header = nullptr;

/// agent_analytics.database: whose the background worker is; empty: there is none.
inline char *worker_database = nullptr;
/// agent_analytics.flush_interval, milliseconds, and agent_analytics.maintenance_interval, seconds; 0: no maintenance.
inline int flush_interval_ms = 1000, maintenance_interval_s = 60;

/// agent_analytics.alert_repeat_minutes: how often channels are told again of an alert that nobody has taken on; 0:
/// never. agent_analytics.delivery_retry_ms: the pause after the first failed attempt, doubled after each. Read by SQL.
inline int alert_repeat_minutes = 240, delivery_retry_ms = 10'000;
/// agent_analytics.notification_hosts: the only hosts that webhooks may be sent to; empty: any with a public address.
inline char *notification_hosts = nullptr;

}  // namespace analytics::pg
