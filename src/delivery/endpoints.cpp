#include "delivery/endpoints.hpp"

#include "pg/boundary.hpp"
#include "pg/rows.hpp"

#include <algorithm>
#include <array>

namespace analytics::delivery {
namespace {

using enum Access;
using L = LimitClass;

// By name. Add a line for each new function or view of the schema `analytics`.
constexpr std::array table{
    Endpoint{"acknowledge_alert", admin, L::admin},
    Endpoint{"agent_accuracy_metrics", reader, L::dashboard, 300},
    Endpoint{"agent_performance_summary", reader, L::dashboard, 300},
    Endpoint{"agent_query_stats", reader, L::dashboard, 10},
    Endpoint{"agent_status_stats", reader, L::dashboard, 10},
    Endpoint{"approval_decisions", reader, L::dashboard, 10},
    Endpoint{"approval_quality", reader, L::dashboard, 10},
    Endpoint{"approval_queue_metrics", reader, L::dashboard, 300},
    Endpoint{"approval_stats", reader, L::dashboard, 10},
    Endpoint{"approvals_by_agent", reader, L::dashboard, 10},
    Endpoint{"backtest_forecast", reader, L::dashboard, 300},
    Endpoint{"block_ip", admin, L::admin},
    Endpoint{"cardinality", everyone, L::dashboard, 300},
    Endpoint{"check_rate_limit", admin, L::admin},
    Endpoint{"clean_series", reader, L::dashboard, 300},
    Endpoint{"clear_blocked_ips", admin, L::admin},
    Endpoint{"create_alert_rule", admin, L::admin},
    Endpoint{"create_api_key", admin, L::admin},
    Endpoint{"create_notification_channel", admin, L::admin},
    Endpoint{"create_rollup", admin, L::admin},
    Endpoint{"current_tenant", everyone, L::dashboard},
    Endpoint{"decompose", reader, L::dashboard, 300},
    Endpoint{"define_metric", admin, L::admin},
    Endpoint{"delete_alert_rule", admin, L::admin},
    Endpoint{"describe_series", reader, L::dashboard, 300},
    Endpoint{"detect_anomalies", reader, L::dashboard, 300},
    Endpoint{"detect_changepoints", reader, L::dashboard, 300},
    Endpoint{"distinct_set", everyone, L::dashboard},
    Endpoint{"download_export", admin, L::dashboard},
    Endpoint{"drop_rollup", admin, L::admin},
    Endpoint{"evaluate_alert_rules", admin, L::admin},
    Endpoint{"export_answer", reader, L::dashboard, 60},
    Endpoint{"export_training_dataset", admin, L::exports},
    Endpoint{"export_training_file", admin, L::exports},
    Endpoint{"forecast", reader, L::dashboard, 300},
    Endpoint{"forecast_budget", reader, L::dashboard, 300},
    Endpoint{"forecast_exhaustion", reader, L::dashboard, 300},
    Endpoint{"forecast_metric", reader, L::dashboard, 300},
    Endpoint{"get_active_anomalies", reader, L::dashboard, 300},
    Endpoint{"get_agent_accuracy", reader, L::dashboard, 300},
    Endpoint{"get_agent_performance", reader, L::agent, 60},
    Endpoint{"get_agent_summary", reader, L::dashboard, 300},
    Endpoint{"get_alert_statistics", admin, L::admin},
    Endpoint{"get_analytics_overview", reader, L::dashboard, 60},
    Endpoint{"get_api_usage", admin, L::admin},
    Endpoint{"get_approval_accuracy", reader, L::agent, 60},
    Endpoint{"get_approval_rate", reader, L::agent, 300},
    Endpoint{"get_budget_forecast", reader, L::dashboard, 300},
    Endpoint{"get_budget_status", reader, L::dashboard, 10},
    Endpoint{"get_cost_breakdown", reader, L::dashboard, 60},
    Endpoint{"get_dashboard_summary", reader, L::dashboard, 300, 60},
    Endpoint{"get_data_quality", reader, L::agent, 300},
    Endpoint{"get_data_quality_trend", reader, L::agent, 300},
    Endpoint{"get_hourly_trends", reader, L::dashboard, 900},
    Endpoint{"get_metric_anomalies", reader, L::dashboard, 60},
    Endpoint{"get_metric_series", reader, L::dashboard, 60},
    Endpoint{"get_metric_summary", reader, L::dashboard, 60},
    Endpoint{"get_monitoring_dashboard", admin, L::admin},
    Endpoint{"get_monitoring_health", admin, L::admin},
    Endpoint{"get_monitoring_metrics", admin, L::admin},
    Endpoint{"get_openapi", anyone, L::dashboard, 300},
    Endpoint{"get_project_stats", reader, L::dashboard, 30},
    Endpoint{"get_queue_metrics", reader, L::dashboard, 300},
    Endpoint{"get_queue_status", reader, L::agent, 10},
    Endpoint{"get_rollup_status", admin, L::admin},
    Endpoint{"get_run_bottlenecks", reader, L::dashboard, 10},
    Endpoint{"get_run_details", reader, L::dashboard, 10},
    Endpoint{"get_run_spans", reader, L::dashboard, 10},
    Endpoint{"get_run_timeseries", reader, L::dashboard, 30},
    Endpoint{"get_training_quality", reader, L::agent, 60},
    Endpoint{"get_training_quality_daily", reader, L::dashboard, 300},
    Endpoint{"get_trends", reader, L::dashboard, 60},
    Endpoint{"group_runs", reader, L::dashboard, 30},
    Endpoint{"ingest_otlp_traces", writer, L::ingest},
    Endpoint{"install", owner, L::admin},
    Endpoint{"invalidate_rollup", admin, L::admin},
    Endpoint{"is_ip_blocked", admin, L::admin},
    Endpoint{"list_alert_rules", admin, L::admin},
    Endpoint{"list_alerts", admin, L::admin},
    Endpoint{"list_api_keys", admin, L::admin},
    Endpoint{"list_blocked_ips", admin, L::admin},
    Endpoint{"list_metrics", reader, L::dashboard, 300},
    Endpoint{"list_notification_channels", admin, L::admin},
    Endpoint{"list_pending_approvals", reader, L::agent},
    Endpoint{"list_runs", reader, L::dashboard, 10},
    Endpoint{"list_spans", reader, L::dashboard, 10},
    Endpoint{"llm_call_stats", reader, L::dashboard, 10},
    Endpoint{"llm_calls_by_agent", reader, L::dashboard, 10},
    Endpoint{"llm_calls_by_model", reader, L::dashboard, 10},
    Endpoint{"merge", everyone, L::dashboard},
    Endpoint{"mv_agent_queue_realtime", reader, L::agent, 10},
    Endpoint{"order_stats", reader, L::dashboard, 10},
    Endpoint{"pre_request", anyone, L::none},
    Endpoint{"quantile", everyone, L::dashboard, 300},
    Endpoint{"quantiles", everyone, L::dashboard},
    Endpoint{"quantiles_at", everyone, L::dashboard, 300},
    Endpoint{"query_quality", reader, L::dashboard, 10},
    Endpoint{"rank_of", everyone, L::dashboard, 300},
    Endpoint{"record_agent_query", writer, L::ingest},
    Endpoint{"record_agent_status", writer, L::ingest},
    Endpoint{"record_batch", writer, L::ingest},
    Endpoint{"record_llm_call", writer, L::ingest},
    Endpoint{"record_metric", writer, L::ingest},
    Endpoint{"record_order", writer, L::ingest},
    Endpoint{"record_session", writer, L::ingest},
    Endpoint{"record_span", writer, L::ingest},
    Endpoint{"record_task", writer, L::ingest},
    Endpoint{"record_training_example", writer, L::ingest},
    Endpoint{"redact_pii", reader, L::dashboard},
    Endpoint{"refresh_rollups", admin, L::admin},
    Endpoint{"reprice_calls", admin, L::admin},
    Endpoint{"request_stats", admin, L::admin},
    Endpoint{"reserve_budget", writer, L::ingest},
    Endpoint{"resolve_alert", admin, L::admin},
    Endpoint{"resolve_approval", writer, L::ingest},
    Endpoint{"revoke_api_key", admin, L::admin},
    Endpoint{"run_maintenance", admin, L::admin},
    Endpoint{"run_stats", reader, L::dashboard, 10},
    Endpoint{"schedule_refresh", admin, L::admin},
    Endpoint{"session_stats", reader, L::dashboard, 10},
    Endpoint{"set_budget", admin, L::admin},
    Endpoint{"settle_reservation", writer, L::ingest},
    Endpoint{"setup_roles", owner, L::admin},
    Endpoint{"span_stats", reader, L::dashboard, 10},
    Endpoint{"start_monitoring", admin, L::admin},
    Endpoint{"stop_monitoring", admin, L::admin},
    Endpoint{"submit_approval", writer, L::ingest},
    Endpoint{"task_starts", reader, L::dashboard, 10},
    Endpoint{"task_stats", reader, L::dashboard, 10},
    Endpoint{"test_notification_channel", admin, L::admin},
    Endpoint{"theil_sen", everyone, L::dashboard},
    Endpoint{"time_weighted_avg", everyone, L::dashboard},
    Endpoint{"training_by_agent", reader, L::dashboard, 10},
    Endpoint{"training_quality", reader, L::dashboard, 10},
    Endpoint{"training_quality_metrics", reader, L::dashboard, 300},
    Endpoint{"training_stats", reader, L::dashboard, 10},
    Endpoint{"unblock_ip", admin, L::admin},
};

constexpr bool by_name(const Endpoint &a, const Endpoint &b) { return a.name < b.name; }
static_assert(std::is_sorted(table.begin(), table.end(), by_name), "endpoints stand in the order of their names");

}  // namespace

std::span<const Endpoint> endpoints() { return table; }

const Endpoint *find_endpoint(std::string_view name) {
    auto const *const found = std::lower_bound(table.begin(), table.end(), name,
                                               [](const Endpoint &e, std::string_view n) { return e.name < n; });
    return found != table.end() && found->name == name ? found : nullptr;
}

std::string_view to_text(Access access) {
    constexpr std::array<std::string_view, 6> names{"everyone", "public", "reader", "writer", "admin", "owner"};
    return names[static_cast<std::size_t>(access)];
}

std::string_view to_text(LimitClass limit) {
    constexpr std::array<std::string_view, 7> names{"none",   "dashboard", "agent", "admin",
                                                    "scrape", "ingest",    "export"};
    return names[static_cast<std::size_t>(limit)];
}

}  // namespace analytics::delivery

ANALYTICS_FUNCTION(analytics_endpoints) {
    using namespace analytics;
    pg::RowSink<std::string, std::string, std::string, int32, int32> rows(fcinfo);
    for (const delivery::Endpoint &e : delivery::endpoints())
        rows.put(std::string(e.name), std::string(to_text(e.access)), std::string(to_text(e.limit)), e.max_age,
                 e.stale_while_revalidate);
    return Datum{0};
}
