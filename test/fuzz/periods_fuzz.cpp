// Buckets and periods by name, and the buckets of any zone whose clocks behave: they cover time without gaps.
#include "core/series/buckets.hpp"
#include "fuzz.hpp"

#include <algorithm>
#include <array>

using namespace analytics::core;
using analytics::fuzz::must;

namespace {

constexpr std::int64_t century = 36'525 * micros_per_day;

void must_be_period(std::string_view text) {
    std::optional<Span> const period = parse_period(text);
    if (!period) return;
    std::size_t const digits = std::min(text.find_first_not_of("0123456789"), text.size());
    must(digits > 0 && digits < text.size(), "a period is a number and a unit", text);
    must(period->months >= 0 && period->days >= 0 && period->micros >= 0, "a period is positive", text);
    must((period->months > 0) + (period->days > 0) + (period->micros > 0) == 1, "a period has one unit", text);
    must(period->months <= 1200 && period->days * micros_per_day + period->micros <= century,
         "a period is at most 100 years", text);
    must(shortest(*period) <= longest(*period), "the shortest is the least", text);
}

/// A zone as tz databases have them: offsets of whole minutes within 15 hours, changed by at most a day and at most
/// once in 90 days.
Zone zone_of(analytics::fuzz::Input &input, Instant from) {
    std::vector<Segment> segments;
    for (std::size_t count = 1 + input.below(5); count > 0; --count) {
        std::int64_t offset = (input.number<std::int16_t>() % 900) * micros_per_minute;
        if (!segments.empty())
            offset =
                std::clamp(offset, segments.back().offset - micros_per_day, segments.back().offset + micros_per_day);
        segments.push_back({from, offset});
        from += 90 * micros_per_day + input.number<std::uint16_t>() * 17 * micros_per_minute;
    }
    return Zone(std::move(segments));
}

void must_cover(const Zone &zone, const Bucket &bucket, Instant t) {
    Instant const start = bucket_start(zone, bucket, t), next = next_bucket(zone, bucket, start);
    must(start <= t && t < next, "a bucket holds what lies in it", bucket.name);
    must(bucket_start(zone, bucket, start) == start, "a bucket's start lies in it", bucket.name);
    must(bucket_start(zone, bucket, next - 1) == start, "a bucket's end lies in it", bucket.name);
    must(bucket_start(zone, bucket, next) == next, "a bucket begins where the one before it ends", bucket.name);

    constexpr std::size_t most = 50;
    auto const edges = bucket_edges(zone, bucket, t - 20 * micros_per_day, t, most);
    if (!edges) return;
    must(edges->size() >= 2 && edges->size() <= most + 1, "there are as many edges as buckets and one", bucket.name);
    for (std::size_t i = 0; i + 1 < edges->size(); ++i)
        must(next_bucket(zone, bucket, (*edges)[i]) == (*edges)[i + 1], "edges are those of buckets", bucket.name);
    must((*edges)[edges->size() - 2] == start && edges->back() == next, "the newest bucket holds the end", bucket.name);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char *data, std::size_t size) {
    analytics::fuzz::Input input(data, size);
    std::string_view const text = input.line();
    must_be_period(text);
    std::optional<Bucket> bucket = parse_bucket(text);
    if (!bucket) {
        constexpr std::array<std::string_view, 6> names{"15m", "30m", "1h", "1d", "1w", "1mo"};
        bucket = parse_bucket(names.at(input.below(names.size())));
    }
    must(parse_bucket(bucket->name).has_value(), "a bucket's name is one", bucket->name);
    // as_of lies between the years 1 and 9999.
    Instant const middle = (std::int64_t{input.number<std::uint32_t>() % 3'640'000} - 728'000) * micros_per_day;
    Zone const zone = zone_of(input, middle);
    do must_cover(zone, *bucket, middle + std::int64_t{input.number<std::int32_t>()} * micros_per_second / 7);
    while (!input.done());
    return 0;
}
