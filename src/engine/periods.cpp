#include "engine/periods.hpp"

#include "pg/rows.hpp"

#include <algorithm>

namespace analytics::engine {
namespace {

std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

constexpr core::Instant year_1 = -63'082'281'600 * core::micros_per_second;      // 0001-01-01
constexpr core::Instant year_10000 = 252'455'616'000 * core::micros_per_second;  // 10000-01-01

}  // namespace

core::Bucket bucket_argument(const pg::Args &args, int i, std::string_view otherwise) {
    std::string const text = args.text(i, "bucket").value_or(std::string(otherwise));
    auto const bucket = core::parse_bucket(text);
    if (!bucket) pg::bad_argument("bucket", quoted(text), "one of " + std::string(core::bucket_names));
    return *bucket;
}

core::Span period_argument(const pg::Args &args, int i, std::string_view otherwise) {
    std::string const text = args.text(i, "period").value_or(std::string(otherwise));
    auto const period = core::parse_period(text);
    if (!period)
        pg::bad_argument("period", quoted(text),
                         "a whole number of m (minutes), h, d, w, mo (months) or y, at least 1 and at most 100 years",
                         "Examples: 24h, 7d, 30d, 12mo.");
    return *period;
}

std::optional<core::CompareTo> compare_to_argument(const pg::Args &args, int i) {
    if (args.null(i)) return std::nullopt;
    constexpr std::pair<std::string_view, core::CompareTo> names[] = {
        {"previous_period", core::CompareTo::previous_period}, {"previous_day", core::CompareTo::previous_day},
        {"previous_week", core::CompareTo::previous_week},     {"previous_month", core::CompareTo::previous_month},
        {"previous_year", core::CompareTo::previous_year},
    };
    std::string const text = *args.text(i, "compare_to");
    for (auto const &[name, other] : names)
        if (name == text) return other;
    pg::bad_argument("compare_to", quoted(text),
                     "one of previous_period, previous_day, previous_week, previous_month, previous_year, or NULL");
}

core::Instant as_of_argument(const pg::Args &args, int i) {
    core::Instant const as_of = args.instant_or_now(i, "as_of");
    if (as_of < year_1 || as_of >= year_10000)
        pg::bad_argument("as_of", "out of range", "between the years 1 and 9999");
    return as_of;
}

Series make_series(const core::Bucket &bucket, const core::Span &period, std::string_view time_zone_name,
                   core::Instant as_of) {
    if (core::longest(period) < core::shortest(bucket.length))
        pg::bad_argument("period", "shorter than the bucket " + quoted(bucket.name), "at least one bucket long",
                         "Pass a longer period or a smaller bucket.");
    // Room for as many buckets again (before()), and for a comparison with the period or the year before those.
    core::Instant const earliest = as_of - 3 * core::longest(period) - 400 * core::micros_per_day;
    core::Zone zone = time_zone(time_zone_name, earliest, as_of);
    auto const edges = core::bucket_edges(zone, bucket, zone.shift(as_of, period.times(-1)), as_of, most_buckets);
    if (!edges)
        pg::bad_argument("period", "longer than " + std::to_string(most_buckets) + " buckets of " + quoted(bucket.name),
                         "at most " + std::to_string(most_buckets) + " buckets long",
                         "Pass a shorter period or a larger bucket.");
    bool const partial = as_of + 1 < edges->back();
    return {bucket, period, std::move(zone), core::slots_until(*edges, as_of + 1), partial};
}

std::vector<core::Slot> Series::compared(core::CompareTo other, std::span<const core::Slot> of) const {
    auto const back = core::distance(other, bucket, period, static_cast<int>(slots.size()));
    if (!back)
        pg::bad_argument("compare_to", "shorter than the bucket " + quoted(bucket.name), "at least one bucket back",
                         "Compare weeks with previous_week or more, months with previous_month or more.");
    return core::counterparts(zone, bucket, of, *back);
}

std::vector<core::Slot> Series::before() const {
    core::Instant const first = slots.front().from;
    auto const count = static_cast<int>(slots.size());
    core::Instant start = core::bucket_start(zone, bucket, zone.shift(first, bucket.length.times(-count)));
    std::vector<core::Slot> earlier;
    earlier.reserve(slots.size() + 1);
    while (start < first) {
        core::Instant const next = core::next_bucket(zone, bucket, start);
        earlier.push_back({start, std::min(next, first)});
        start = next;
    }
    return earlier;
}

Windows make_windows(const core::Span &period, core::Instant as_of) {
    core::Zone const utc = core::Zone::utc();
    core::Instant const start = utc.shift(as_of, period.times(-1)), earlier = utc.shift(as_of, period.times(-2));
    return {{start + 1, as_of + 1}, {earlier + 1, start + 1}};
}

}  // namespace analytics::engine

using namespace analytics;

/// series_slots(bucket, period, time_zone, as_of, compare_to)
ANALYTICS_FUNCTION(analytics_series_slots) {
    using pg::Timestamp;
    pg::Args const args(fcinfo);
    auto const other = engine::compare_to_argument(args, 4);
    engine::Series const series =
        engine::make_series(engine::bucket_argument(args, 0, "1h"), engine::period_argument(args, 1, "24h"),
                            args.text(2, "time_zone").value_or("UTC"), engine::as_of_argument(args, 3));
    std::vector<core::Slot> others;
    if (other) others = series.compared(*other, series.slots);
    pg::RowSink<Timestamp, Timestamp, bool, std::optional<Timestamp>, std::optional<Timestamp>> rows(fcinfo);
    for (std::size_t i = 0; i < series.slots.size(); ++i) {
        std::optional<Timestamp> from, to;
        if (other) from = Timestamp{others[i].from}, to = Timestamp{others[i].to};
        rows.put(Timestamp{series.slots[i].from}, Timestamp{series.slots[i].to},
                 series.last_is_partial && i + 1 == series.slots.size(), from, to);
    }
    return 0;
}
