// Counts, sums and percentiles of the runs that began in slots of time, from the rollup of their summaries.
#include "engine/reader.hpp"
#include "pg/args.hpp"
#include "pg/arrays.hpp"
#include "pg/rows.hpp"

#include <array>

namespace analytics::runs {
namespace {

enum Measure { all, completed, failed, running, cost, input, output, calls, duration, durations, first, last, count };
constexpr std::array<const char *, count> names{"runs",        "completed",    "failed",        "running",
                                                "cost",        "input_tokens", "output_tokens", "llm_calls",
                                                "duration_us", "duration_ms",  "first_start",   "last_end"};
constexpr std::array probabilities{0.5, 0.95, 0.99};

using Row = pg::RowSink<int32, std::optional<std::string>, int64, int64, int64, int64, pg::NumericValue, int64, int64,
                        int64, std::optional<pg::NumericValue>, std::optional<double>, std::optional<double>,
                        std::optional<double>, std::optional<pg::Timestamp>, std::optional<pg::Timestamp>>;

std::vector<int64> instants(Datum array) {
    pg::ArrayElements const e = pg::elements_of(array, TIMESTAMPTZOID);
    std::vector<int64> list;
    list.reserve(static_cast<std::size_t>(e.count));
    for (int i = 0; i < e.count; ++i) list.push_back(DatumGetTimestampTz(e.values[i]));
    return list;
}

}  // namespace
}  // namespace analytics::runs

using namespace analytics;

/// run_figures(edges, as_of, by_status)
ANALYTICS_FUNCTION(analytics_run_figures) {
    using namespace analytics::runs;
    Row rows(fcinfo);
    engine::Query query{engine::current_tenant(), instants(PG_GETARG_DATUM(0)), {}};
    query.as_of = PG_GETARG_TIMESTAMPTZ(1);
    if (PG_GETARG_BOOL(2)) query.group_by = "status";
    pg::Spi const spi;
    const engine::Rollup &rollup = engine::find_rollup(spi, "run_stats");
    std::vector<engine::Measure> measures;
    for (const char *name : names) {
        query.measures.push_back(rollup.measure(name));
        measures.push_back(rollup.measures[static_cast<std::size_t>(query.measures.back())]);
    }
    engine::Answer const answer = engine::read(spi, rollup, query);
    for (const engine::Group &group : answer.groups)
        for (int slot = 0; slot < answer.slots; ++slot) {
            auto const cell = [&](Measure m) -> const engine::Cell & { return answer.cell(group, slot, m); };
            auto const whole = [&](Measure m) { return engine::as_int64(measures[m], cell(m)); };
            if (whole(all) == 0) continue;
            auto const instant = [&](Measure m) {
                return cell(m).null ? std::nullopt : std::optional(pg::Timestamp{DatumGetTimestampTz(cell(m).value)});
            };
            std::array<std::optional<double>, probabilities.size()> at;
            engine::quantiles(cell(durations), probabilities, at);
            std::optional<pg::NumericValue> total;
            if (!cell(duration).null) total = pg::NumericValue{engine::as_numeric(measures[duration], cell(duration))};
            rows.put(slot, group.key, whole(all), whole(completed), whole(failed), whole(running),
                     pg::NumericValue{engine::as_numeric(measures[cost], cell(cost))}, whole(input), whole(output),
                     whole(calls), total, at[0], at[1], at[2], instant(first), instant(last));
        }
    return 0;
}
