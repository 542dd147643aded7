// get_trends: one read of one rollup, and a row a bucket.
#include "core/series/buckets.hpp"
#include "domains/spend/agents.hpp"
#include "domains/spend/numbers.hpp"
#include "engine/periods.hpp"
#include "pg/rows.hpp"

#include <algorithm>

namespace analytics::spend {
namespace {

/// The edges of the last `count` buckets in the zone, the running one cut behind as_of, which belongs to it.
std::vector<int64> last_buckets(const core::Bucket &bucket, std::size_t count, const std::string &zone_name,
                                int64 as_of) {
    // No bucket is longer than 25 hours (or an hour), but some are shorter.
    int64 const longest = bucket.shorter_than_day() ? engine::hour : 25 * engine::hour;
    int64 const earliest = as_of - static_cast<int64>(count + 2) * longest;
    core::Zone const zone = zone_name == "UTC" ? core::Zone::utc() : engine::time_zone(zone_name, earliest, as_of);
    std::vector<int64> edges = *core::bucket_edges(zone, bucket, earliest, as_of, engine::most_buckets);
    edges.erase(edges.begin(), edges.end() - static_cast<std::ptrdiff_t>(count + 1));
    edges.back() = std::min(edges.back(), as_of + 1);
    return edges;
}

using Rows = pg::RowSink<pg::Timestamp, Number>;

engine::Answer ask(const pg::Spi &spi, const char *rollup_name, std::initializer_list<const char *> measures,
                   const std::string &tenant, const std::vector<int64> &edges, const engine::Rollup *&rollup) {
    rollup = &engine::find_rollup(spi, rollup_name);
    engine::Query query{tenant, edges, {}};
    for (const char *m : measures) query.measures.push_back(rollup->measure(m));
    return engine::read(spi, *rollup, query);
}

}  // namespace
}  // namespace analytics::spend

ANALYTICS_FUNCTION(analytics_get_trends) {
    using namespace analytics;
    using namespace analytics::spend;
    pg::Args const args(fcinfo);
    std::string const period = args.one_of(0, "period", {"7d", "30d", "90d"}, "7d");
    std::string const metric =
        args.one_of(1, "metric", {"tasks_completed", "spend", "active_agents", "success_rate"}, "spend");
    std::string const zone = args.text(2, "time_zone").value_or("UTC");
    int64 const as_of = engine::as_of_argument(args, 3);
    bool const hours = period == "7d";
    std::vector<int64> const edges = last_buckets(*core::parse_bucket(hours ? "1h" : "1d"),
                                                  hours             ? 168
                                                  : period == "30d" ? 30
                                                                    : 90,
                                                  zone, as_of);
    std::string const tenant = engine::current_tenant();
    pg::Spi const spi;
    Rows rows(fcinfo);
    auto const put = [&](std::size_t i, Number value) { rows.put(pg::Timestamp{edges[i]}, value); };
    const engine::Rollup *rollup = nullptr;
    if (metric == "active_agents") {
        std::vector<int64> const counts =
            active_agents(spi, tenant, edges, hours ? engine::hour / 2 : 23 * engine::hour);
        for (std::size_t i = 0; i < counts.size(); ++i)
            put(i, pg::NumericValue{pg::call([&] { return NumericGetDatum(int64_to_numeric(counts[i])); })});
        return 0;
    }
    bool const spent = metric == "spend", rates = metric == "success_rate";
    engine::Answer const answer = spent ? ask(spi, "llm_call_stats", {"spend"}, tenant, edges, rollup)
                                        : ask(spi, "task_stats", {"completed", "failed"}, tenant, edges, rollup);
    const engine::Group &all = answer.groups.front();
    const engine::Measure &first =
        rollup->measures[static_cast<std::size_t>(rollup->measure(spent ? "spend" : "completed"))];
    for (int i = 0; i < answer.slots; ++i) {
        const engine::Cell &cell = answer.cell(all, i, 0);
        if (rates) {
            int64 const completed = cell.null ? 0 : DatumGetInt64(cell.value);
            const engine::Cell &failed = answer.cell(all, i, 1);
            put(static_cast<std::size_t>(i),
                rate(completed, completed + (failed.null ? 0 : DatumGetInt64(failed.value)), 4));
        } else {
            put(static_cast<std::size_t>(i), pg::NumericValue{engine::as_numeric(first, cell)});
        }
    }
    return 0;
}
