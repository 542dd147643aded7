#pragma once
// Limits: which there are, how high they are set, and taking tokens from a caller's bucket.
#include "core/limits/token_bucket.hpp"
#include "pg/boundary.hpp"

#include <array>

namespace analytics::delivery {

/// Each has a setting, agent_analytics.limit_<name>: tokens a minute, of exports an hour.
enum class Limit : std::uint8_t {
    anon,
    dashboard,
    agent,
    admin,
    scrape,
    ingest,
    exports,
    tier_free,
    tier_pro,
    tier_enterprise,
    service
};

struct LimitSetting {
    std::string_view name;  // as in check_rate_limit
    int *tokens;            // 0: no limit
    int window_seconds;
};
std::span<const LimitSetting> limit_settings();
inline const LimitSetting &setting_of(Limit limit) { return limit_settings()[static_cast<std::size_t>(limit)]; }

/// Nanoseconds since the machine started, the same for all processes; nobody sets this clock.
int64 monotonic_now();

/// What became of a call.
struct Verdict {
    bool allowed = true;
    bool counted = false;  // false: no limit is set, or there is no memory to count in; the rest is then 0
    int64 limit = 0, remaining = 0, window_seconds = 0, retry_after_seconds = 0;
    TimestampTz reset_at = 0;  // when the bucket is full again
};

/// Takes tokens from the bucket of `caller` in this class; none if there are not as many. Never waits, writes no row.
/// @param caller  who it is, unique among all tenants
/// @param cost    1 to the limit
Verdict take_tokens(Limit limit, std::string_view caller, int cost = 1);

}  // namespace analytics::delivery
