// The library's magic block, by which PostgreSQL knows a module that fits it, and what happens when it is loaded.
#include "pg/boundary.hpp"
#include "pg/settings.hpp"

#include "delivery/limits.hpp"
#include "delivery/request_log.hpp"
#include "engine/notes.hpp"
#include "worker/worker.hpp"

#include <climits>

extern "C" {
#include "utils/guc.h"

PG_MODULE_MAGIC;
PGDLLEXPORT void _PG_init(void);
}

namespace {

char *tenant_setting = nullptr, *user_setting = nullptr;  // read by name, so that a placeholder counts as well

void define_limits() {
    for (const analytics::delivery::LimitSetting &limit : analytics::delivery::limit_settings()) {
        char name[64];  // PostgreSQL keeps a copy
        strlcpy(name, "agent_analytics.limit_", sizeof name);
        strlcat(name, limit.name.data(), sizeof name);
        DefineCustomIntVariable(name, "Requests of one caller and class of limit in its window; 0 is no limit.",
                                "The window is a minute, of exports an hour.", limit.tokens, *limit.tokens, 0,
                                analytics::pg::highest_limit, PGC_SUSET, 0, nullptr, nullptr, nullptr);
    }
    DefineCustomIntVariable("agent_analytics.trusted_proxies", "Proxies in front of PostgREST that name the client.",
                            "The client's address is that many entries from the end of the header; 0: it is not known.",
                            &analytics::pg::trusted_proxies, 1, 0, 16, PGC_SUSET, 0, nullptr, nullptr, nullptr);
    DefineCustomStringVariable("agent_analytics.client_address_header", "Header that names the client's address.",
                               "In lower case.", &analytics::pg::client_address_header, "x-forwarded-for", PGC_SUSET, 0,
                               nullptr, nullptr, nullptr);
}

void define_ratings() {
    auto const limit = [](const char *name, const char *text, const char *more, int &value) {
        DefineCustomIntVariable(name, text, more, &value, value, 0, INT_MAX / 2, PGC_USERSET, GUC_UNIT_MS, nullptr,
                                nullptr, nullptr);
    };
    limit("agent_analytics.rating_excellent_ms", "Up to this p95 get_agent_performance rates an agent excellent.",
          nullptr, analytics::pg::rating_excellent_ms);
    limit("agent_analytics.rating_good_ms", "Up to this p95 an agent is rated good.", nullptr,
          analytics::pg::rating_good_ms);
    limit("agent_analytics.rating_fair_ms", "Up to this p95 an agent is rated fair, above it poor.", nullptr,
          analytics::pg::rating_fair_ms);
    limit("agent_analytics.slow_query_ms", "A query that takes longer is slow.",
          "Rollups keep count for the default; for another limit queries are counted one by one.",
          analytics::pg::slow_query_ms);
}

void define_quality_weights() {
    auto const weight = [](const char *name, double &value) {
        DefineCustomRealVariable(name, "How much the dimension counts in the overall score of data quality.", nullptr,
                                 &value, 1, 0, 1000, PGC_USERSET, 0, nullptr, nullptr, nullptr);
    };
    weight("agent_analytics.data_quality_weight_completeness", analytics::pg::quality_weight_completeness);
    weight("agent_analytics.data_quality_weight_accuracy", analytics::pg::quality_weight_accuracy);
    weight("agent_analytics.data_quality_weight_timeliness", analytics::pg::quality_weight_timeliness);
    weight("agent_analytics.data_quality_weight_consistency", analytics::pg::quality_weight_consistency);
}

void define_worker() {
    DefineCustomStringVariable("agent_analytics.database", "Database of the background worker; empty means none.",
                               "The worker writes down the requests of this database and maintains its rollups. Read "
                               "when the server starts.",
                               &analytics::pg::worker_database, "", PGC_SIGHUP, 0, nullptr, nullptr, nullptr);
    DefineCustomIntVariable("agent_analytics.flush_interval", "How often the worker writes down noted requests.",
                            nullptr, &analytics::pg::flush_interval_ms, 1000, 10, 3'600'000, PGC_SIGHUP, GUC_UNIT_MS,
                            nullptr, nullptr, nullptr);
    DefineCustomIntVariable("agent_analytics.maintenance_interval", "How often the worker calls run_maintenance().",
                            "0 means never.", &analytics::pg::maintenance_interval_s, 60, 0, 86400, PGC_SIGHUP,
                            GUC_UNIT_S, nullptr, nullptr, nullptr);
}

void define_notices() {
    DefineCustomIntVariable("agent_analytics.alert_repeat_minutes",
                            "How often channels are told again of an alert that nobody has acknowledged, in minutes.",
                            "0 means never.", &analytics::pg::alert_repeat_minutes, 240, 0, 525'600, PGC_SUSET, 0,
                            nullptr, nullptr, nullptr);
    DefineCustomIntVariable("agent_analytics.delivery_retry_ms",
                            "Pause after the first failed attempt to deliver a notice, in milliseconds.",
                            "It doubles after each, up to an hour.", &analytics::pg::delivery_retry_ms, 10'000, 10,
                            3'600'000, PGC_SUSET, 0, nullptr, nullptr, nullptr);
    DefineCustomStringVariable("agent_analytics.notification_hosts", "Hosts that webhooks may be sent to.",
                               "A list with commas. Empty means any host with a public address.",
                               &analytics::pg::notification_hosts, "", PGC_SIGHUP, 0, nullptr, nullptr, nullptr);
}

void define_settings() {
    DefineCustomStringVariable("agent_analytics.tenant", "Tenant of a session without a JWT claim.",
                               "Used by analytics.current_tenant(); empty means 'default'.", &tenant_setting, "",
                               PGC_USERSET, 0, nullptr, nullptr, nullptr);
    DefineCustomStringVariable("agent_analytics.user", "User of a session without a JWT claim.",
                               "Empty means all users of the tenant.", &user_setting, "", PGC_USERSET, 0, nullptr,
                               nullptr, nullptr);
    DefineCustomIntVariable("agent_analytics.refresh_wait", "How long a refresh waits for running writers.",
                            "If they do not end by then, late rows are summarised and the rest waits for the next "
                            "refresh. Answers are exact in any case.",
                            &analytics::pg::refresh_wait_ms, 1000, 0, INT_MAX / 2, PGC_USERSET, GUC_UNIT_MS, nullptr,
                            nullptr, nullptr);
    DefineCustomIntVariable("agent_analytics.run_stale_after", "Silence after which a running run is stale.", nullptr,
                            &analytics::pg::run_stale_after_s, 900, 1, INT_MAX / 1000, PGC_USERSET, GUC_UNIT_S, nullptr,
                            nullptr, nullptr);
    define_ratings();
    define_quality_weights();
    define_limits();
    define_worker();
    define_notices();
    MarkGUCPrefixReserved("agent_analytics");
}

}  // namespace

void _PG_init(void) {
    analytics::pg::enter([] {
        analytics::pg::call([] { define_settings(); });
        analytics::engine::register_callbacks();
        analytics::delivery::request_shared_state();
        analytics::delivery::register_request_log();
        analytics::worker::register_worker();
    });
}
