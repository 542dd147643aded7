// Quality of training data: one read of one rollup, for a period or day by day.
#include "core/rollup/cover.hpp"
#include "engine/periods.hpp"
#include "engine/reader.hpp"
#include "pg/numeric.hpp"
#include "pg/rows.hpp"

#include <algorithm>

namespace analytics::training {
namespace {

using Number = std::optional<pg::NumericValue>;

/// The cells of one slot by the names of their measures.
class Examples {
  public:
    Examples(const engine::Rollup &rollup, const engine::Answer &answer, int slot, std::span<const int> measures)
        : rollup_(rollup), answer_(answer), slot_(slot), measures_(measures) {}

    int64 count(std::string_view measure) const {
        auto const [m, cell] = find(measure);
        return m.kind == engine::MeasureKind::distinct ? cell.count : engine::as_int64(m, cell);
    }
    /// The exact mean; nothing of no values.
    std::optional<Datum> mean(std::string_view measure) const {
        auto const [m, cell] = find(measure);
        if (cell.null || cell.count == 0) return std::nullopt;
        return pg::numeric_call(numeric_div, engine::as_numeric(m, cell), pg::to_numeric(cell.count));
    }
    /// The exact mean of those of the means that there are; nothing of none.
    std::optional<Datum> mean_of_means(std::initializer_list<std::string_view> measures) const {
        Datum sum = pg::to_numeric(0);
        int64 count = 0;
        for (std::string_view measure : measures)
            if (auto const value = mean(measure)) sum = pg::add(sum, *value), ++count;
        if (count == 0) return std::nullopt;
        return pg::numeric_call(numeric_div, sum, pg::to_numeric(count));
    }
    /// Safe examples in percent of those with a verdict.
    Number safety_rate() const { return pg::quotient(count("safe"), 100, count("safe") + count("unsafe"), 2); }

  private:
    std::pair<const engine::Measure &, const engine::Cell &> find(std::string_view name) const {
        int const index = rollup_.measure(name);
        auto const place = static_cast<int>(std::find(measures_.begin(), measures_.end(), index) - measures_.begin());
        return {rollup_.measures[static_cast<std::size_t>(index)], answer_.cell(answer_.groups.front(), slot_, place)};
    }

    const engine::Rollup &rollup_;
    const engine::Answer &answer_;
    int slot_;
    std::span<const int> measures_;
};

Number shown(std::optional<Datum> value, int decimals = 2) {
    if (!value) return std::nullopt;
    return pg::rounded(*value, decimals);
}

/// Asks for measures by name, and gives each slot's to `take(slot, examples)`, newest first.
template <class Take>
void read_slots(std::vector<int64> edges, std::initializer_list<std::string_view> names, Take take) {
    pg::Spi const spi;
    const engine::Rollup &rollup = engine::find_rollup(spi, "training_stats");
    engine::Query query{engine::current_tenant(), std::move(edges), {}};
    for (std::string_view name : names) query.measures.push_back(rollup.measure(name));
    engine::Answer const answer = engine::read(spi, rollup, query);
    for (int slot = answer.slots - 1; slot >= 0; --slot) take(slot, Examples(rollup, answer, slot, query.measures));
}

}  // namespace
}  // namespace analytics::training

ANALYTICS_FUNCTION(analytics_get_training_quality) {
    using namespace analytics;
    using namespace analytics::training;
    pg::Args const args(fcinfo);
    std::string const period = args.one_of(0, "period", {"1h", "24h", "7d", "30d"}, "7d");
    int64 const as_of = engine::as_of_argument(args, 1);
    int64 const length = period == "1h"    ? engine::hour
                         : period == "24h" ? engine::day
                         : period == "7d"  ? 7 * engine::day
                                           : 30 * engine::day;
    Datum result = 0;
    read_slots({as_of + 1 - length, as_of + 1},
               {"examples", "clarity", "accuracy", "helpfulness", "tone", "safe", "unsafe", "annotators"},
               [&](int, const Examples &e) {
                   result = pg::make_row(fcinfo, period, e.count("examples"), shown(e.mean("clarity")),
                                         shown(e.mean("accuracy")), shown(e.mean("helpfulness")), shown(e.mean("tone")),
                                         shown(e.mean_of_means({"clarity", "accuracy", "helpfulness", "tone"})),
                                         e.count("unsafe"), e.safety_rate(), e.count("annotators"));
               });
    return result;
}

ANALYTICS_FUNCTION(analytics_get_training_quality_daily) {
    using namespace analytics;
    using namespace analytics::training;
    pg::Args const args(fcinfo);
    int32 const length = args.integer(0, "days", 1, 30, 7);
    int64 const as_of = engine::as_of_argument(args, 1), today = core::floor_to(as_of, engine::day);
    pg::RowSink<pg::Date, int64, int64, int64, Number, Number, Number, Number, Number, Number, int64, int64, int64,
                int64, int64, Number, Number>
        rows(fcinfo);
    std::vector<int64> edges;
    for (int32 i = length - 1; i >= 0; --i) edges.push_back(today - i * engine::day);
    std::vector<int64> const starts = edges;
    edges.push_back(as_of + 1);  // the running day ends with as_of
    read_slots(edges,
               {"examples", "safe", "unsafe", "accuracy", "helpfulness", "tone", "high_quality", "scored", "annotators",
                "categories", "positive", "neutral", "negative", "confidence", "response_time"},
               [&](int slot, const Examples &e) {
                   rows.put(pg::Date{static_cast<int32>(starts[static_cast<std::size_t>(slot)] / engine::day)},
                            e.count("examples"), e.count("safe"), e.count("unsafe"), e.safety_rate(),
                            shown(e.mean("accuracy")), shown(e.mean("helpfulness")), shown(e.mean("tone")),
                            shown(e.mean_of_means({"accuracy", "helpfulness", "tone"})),
                            pg::quotient(e.count("high_quality"), 100, e.count("scored"), 2), e.count("annotators"),
                            e.count("categories"), e.count("positive"), e.count("neutral"), e.count("negative"),
                            shown(e.mean("confidence")), shown(e.mean("response_time"), 3));
               });
    return 0;
}
