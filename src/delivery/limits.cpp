#include "delivery/limits.hpp"

#include "delivery/shared_state.hpp"
#include "engine/reader.hpp"
#include "pg/args.hpp"
#include "pg/rows.hpp"
#include "pg/settings.hpp"

#include <ctime>

namespace analytics::delivery {
namespace {

constexpr int minute = 60, hour = 3600;
constexpr std::array settings{
    LimitSetting{"anon", &pg::limit_anon, minute},       LimitSetting{"dashboard", &pg::limit_dashboard, minute},
    LimitSetting{"agent", &pg::limit_agent, minute},     LimitSetting{"admin", &pg::limit_admin, minute},
    LimitSetting{"scrape", &pg::limit_scrape, minute},   LimitSetting{"ingest", &pg::limit_ingest, minute},
    LimitSetting{"export", &pg::limit_export, hour},     LimitSetting{"free", &pg::limit_free, minute},
    LimitSetting{"pro", &pg::limit_pro, minute},         LimitSetting{"enterprise", &pg::limit_enterprise, minute},
    LimitSetting{"service", &pg::limit_service, minute},
};
static_assert(settings.size() == static_cast<std::size_t>(Limit::service) + 1);
static_assert(settings.size() <= SharedState::most_classes);

constexpr int64 ns_per_second = 1'000'000'000;

core::Taken take(SharedState &state, Limit limit, std::string_view name, const core::Rate &rate, int cost) {
    SharedBuckets &shared = limit == Limit::anon ? state.anonymous : state.known;
    core::BucketTable table(shared.buckets);
    core::Hash128 const key = core::BucketTable::key(name, state.seed);
    LWLock &lock = shared.locks[core::BucketTable::partition(key)].lock;
    int64 const now = monotonic_now();
    auto const found = pg::with_lock(lock, LW_SHARED, [&]() noexcept -> std::optional<core::Taken> {
        std::int64_t *const bucket = table.find(key);
        return bucket == nullptr ? std::nullopt : std::optional(core::take(*bucket, rate, cost, now));
    });
    if (found) return *found;
    return pg::with_lock(lock, LW_EXCLUSIVE, [&]() noexcept {
        std::int64_t *bucket = table.claim(key, now);
        if (bucket == nullptr) {
            bucket = &state.shared_buckets[static_cast<std::size_t>(limit)];
            std::atomic_ref(state.calls_in_shared_buckets).fetch_add(1, std::memory_order_relaxed);
        }
        return core::take(*bucket, rate, cost, now);
    });
}

int64 seconds_up(int64 ns) { return (ns + ns_per_second - 1) / ns_per_second; }

}  // namespace

int64 monotonic_now() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return int64{now.tv_sec} * ns_per_second + now.tv_nsec;
}

std::span<const LimitSetting> limit_settings() { return settings; }

Verdict take_tokens(Limit limit, std::string_view caller, int cost) {
    const LimitSetting &setting = setting_of(limit);
    if (*setting.tokens == 0) return {};
    SharedState *const state = shared_state();
    if (state == nullptr) return {};
    std::string name(setting.name);  // the same caller has a bucket for each class; the memory is the whole server's
    name.append(1, '\0').append(std::to_string(MyDatabaseId)).append(1, '\0').append(caller);
    core::Rate const rate(*setting.tokens, setting.window_seconds * ns_per_second);
    core::Taken const taken = take(*state, limit, name, rate, cost);
    return {taken.allowed,
            true,
            rate.tokens(),
            taken.remaining,
            setting.window_seconds,
            seconds_up(taken.wait_ns),
            GetCurrentTimestamp() + taken.full_in_ns / 1000};
}

}  // namespace analytics::delivery

ANALYTICS_FUNCTION(analytics_check_rate_limit) {
    using namespace analytics;
    using namespace analytics::delivery;
    pg::Args const args(fcinfo);
    std::string const key = args.required_text(0, "bucket_key");
    std::string const name = args.one_of(
        1, "limit_class",
        {"anon", "dashboard", "agent", "admin", "scrape", "ingest", "export", "free", "pro", "enterprise", "service"},
        "");
    if (name.empty()) pg::bad_argument("limit_class", "NULL", "given");
    std::size_t number = 0;
    while (limit_settings()[number].name != name) ++number;
    int const tokens = *limit_settings()[number].tokens;
    int const cost = args.integer(2, "cost", 1, tokens == 0 ? pg::highest_limit : tokens, 1);
    // Within the caller's tenant, and apart from the buckets of requests: nobody's but one's own can be emptied.
    std::string caller = "check";
    caller.append(1, '\0').append(engine::current_tenant()).append(1, '\0').append(key);
    Verdict const verdict = take_tokens(static_cast<delivery::Limit>(number), caller, cost);
    using Count = std::optional<int32>;
    auto const counted = [&](int64 value) { return verdict.counted ? Count(static_cast<int32>(value)) : Count(); };
    return pg::make_row(fcinfo, verdict.allowed, tokens == 0 ? Count() : Count(tokens), counted(verdict.remaining),
                        verdict.counted ? std::optional(pg::Timestamp{verdict.reset_at}) : std::nullopt,
                        static_cast<int32>(verdict.retry_after_seconds));
}
