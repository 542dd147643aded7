#include "domains/commerce/overlaps.hpp"

#include "core/sketch/distinct_union.hpp"
#include "domains/commerce/range_arrays.hpp"
#include "engine/catalog.hpp"
#include "engine/sketch_types.hpp"

#include <array>

extern "C" {
#include "catalog/namespace.h"
#include "storage/lmgr.h"
}

namespace analytics::commerce {
namespace {

using core::TimeRange;

/// Until the transaction ends: who counts after another has counted must see what that one saw.
void take_turns() {
    pg::call([] {
        Oid const store = get_relname_relid("customer_overlaps", get_namespace_oid("analytics_store", false));
        LockDatabaseObject(RelationRelationId, store, 0, ExclusiveLock);
    });
}

/// Refreshed ranges as whole hours.
struct Hours {
    RangeArrays all, own;
    explicit Hours(std::span<const engine::RefreshedRange> ranges) {
        std::map<std::optional<std::string>, std::vector<TimeRange>> by_tenant;
        for (const engine::RefreshedRange &r : ranges)
            by_tenant[r.tenant].push_back({r.from == engine::beginning ? r.from : core::floor_to(r.from, engine::hour),
                                           core::ceil_to(r.to, engine::hour)});
        for (auto &[tenant, hours] : by_tenant)
            for (TimeRange r : core::unite(std::move(hours))) {
                if (tenant) own.add(*tenant, r.from, r.to);
                else all.add(r.from, r.to);
            }
    }
};

#define COUNTED                                                                                              \
    "SELECT o.tenant_id, o.bucket, analytics_internal.common_values(o.customers, s.customers) AS customers " \
    "FROM analytics_store.order_stats_hour o JOIN analytics_store.session_stats_hour s "                     \
    "ON s.tenant_id = o.tenant_id AND s.bucket = o.bucket "                                                  \
    "WHERE o.bucket >= r.f AND o.bucket < r.t AND o.customers__n > 0 AND s.customers__n > 0"
// OFFSET 0: each range by index, whatever the planner believes of their number.
#define STORED "INSERT INTO analytics_store.customer_overlaps (tenant_id, hour, customers) "
#define UNLESS_NONE " OFFSET 0) c WHERE c.customers > 0 ON CONFLICT (tenant_id, hour) DO NOTHING"

/// Not under the refresh's snapshot: what the other rollup's refresh has committed since must be seen. That of this one
/// is seen in any case, its writes being this transaction's own.
void count_for_all(const pg::Spi &spi, RangeArrays &hours) {
    if (hours.empty()) return;
    static pg::Statement forget("DELETE FROM analytics_store.customer_overlaps c USING unnest($1, $2) r(f, t) "
                                "WHERE c.hour >= r.f AND c.hour < r.t",
                                {instants, instants}, pg::PlanFor::by_index);
    static pg::Statement count(STORED "SELECT c.* FROM unnest($1, $2) r(f, t) CROSS JOIN LATERAL (" COUNTED UNLESS_NONE,
                               {instants, instants}, pg::PlanFor::by_index);
    std::array const values{hours.from_array(), hours.to_array()};
    forget.run(spi, values, nullptr, false);
    count.run(spi, values, nullptr, false);
}

void count_for_each(const pg::Spi &spi, RangeArrays &hours) {
    if (hours.empty()) return;
    static pg::Statement forget(
        "DELETE FROM analytics_store.customer_overlaps c USING unnest($1, $2, $3) r(tenant, f, t) "
        "WHERE c.tenant_id = r.tenant AND c.hour >= r.f AND c.hour < r.t",
        {TEXTARRAYOID, instants, instants}, pg::PlanFor::by_index);
    static pg::Statement count(STORED "SELECT c.* FROM unnest($1, $2, $3) r(tenant, f, t) CROSS JOIN LATERAL (" COUNTED
                                      " AND o.tenant_id = r.tenant" UNLESS_NONE,
                               {TEXTARRAYOID, instants, instants}, pg::PlanFor::by_index);
    std::array const values{hours.tenant_array(), hours.from_array(), hours.to_array()};
    forget.run(spi, values, nullptr, false);
    count.run(spi, values, nullptr, false);
}

#undef UNLESS_NONE
#undef STORED
#undef COUNTED

void refresh_overlaps(const pg::Spi &spi, Snapshot, std::span<const engine::RefreshedRange> ranges, int64) {
    if (engine::find_rollup_or_null("order_stats") == nullptr ||
        engine::find_rollup_or_null("session_stats") == nullptr)
        return;
    Hours hours(ranges);
    take_turns();
    count_for_all(spi, hours.all);
    count_for_each(spi, hours.own);
}

[[maybe_unused]] bool const registered[] = {engine::after_refresh("order_stats", refresh_overlaps),
                                            engine::after_refresh("session_stats", refresh_overlaps)};

}  // namespace

std::map<int64, int64> read_overlaps(const pg::Spi &spi, const std::string &tenant, int64 from, int64 to) {
    static pg::Statement statement("SELECT c.hour, c.customers FROM analytics_store.customer_overlaps c "
                                   "WHERE c.tenant_id = $1 AND c.hour >= $2 AND c.hour < $3",
                                   {TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID}, pg::PlanFor::by_index);
    std::array const values{pg::to_text(tenant), TimestampTzGetDatum(from), TimestampTzGetDatum(to)};
    pg::Result const rows = statement.run(spi, values);
    std::map<int64, int64> overlaps;
    for (uint64 i = 0; i < rows.size(); ++i)
        overlaps.emplace_hint(overlaps.end(), DatumGetTimestampTz(*rows.get(i, 0)), DatumGetInt64(*rows.get(i, 1)));
    rows.free();
    return overlaps;
}

}  // namespace analytics::commerce

ANALYTICS_FUNCTION(analytics_common_values) {
    using namespace analytics;
    auto const a = engine::stored_bytes(PG_GETARG_DATUM(0)), b = engine::stored_bytes(PG_GETARG_DATUM(1));
    std::uint64_t const both =
        core::DistinctSet::cardinality(a) + core::DistinctSet::cardinality(b) - core::united_cardinality(a, b);
    return Int64GetDatum(static_cast<int64>(both));
}
