#include "core/series/buckets.hpp"

#include <charconv>
#include <chrono>
#include <utility>

namespace analytics::core {
namespace {

constexpr Bucket quarter{"15m", {0, 0, 15 * micros_per_minute}}, half{"30m", {0, 0, 30 * micros_per_minute}},
    hour{"1h", {0, 0, micros_per_hour}}, day{"1d", {0, 1, 0}}, week{"1w", {0, 7, 0}}, month{"1mo", {1, 0, 0}};

constexpr std::pair<std::string_view, const Bucket *> spellings[] = {
    {"15m", &quarter}, {"15min", &quarter}, {"15 minutes", &quarter},
    {"30m", &half},    {"30min", &half},    {"30 minutes", &half},
    {"1h", &hour},     {"hour", &hour},     {"1 hour", &hour},
    {"1d", &day},      {"day", &day},       {"1 day", &day},
    {"1w", &week},     {"week", &week},     {"1 week", &week},
    {"1mo", &month},   {"month", &month},   {"1 month", &month},
};

constexpr std::pair<std::string_view, Span> units[] = {
    {"m", {0, 0, micros_per_minute}},
    {"h", {0, 0, micros_per_hour}},
    {"d", {0, 1, 0}},
    {"w", {0, 7, 0}},
    {"mo", {1, 0, 0}},
    {"y", {12, 0, 0}},
};
constexpr std::int64_t longest_period = std::int64_t{36'525} * micros_per_day;
constexpr int longest_period_months = 1200;

constexpr std::chrono::sys_days epoch{std::chrono::year{2000} / 1 / 1};
constexpr std::int64_t first_monday = 2;  // 2000-01-03

/// Days, weeks and months are numbered; number k begins on a local date.
std::int64_t number_at(const Bucket &bucket, LocalTime time) {
    std::int64_t const date = floor_div(time, micros_per_day);
    if (bucket.length.months == 0) {
        int const days = bucket.length.days;
        return days == 1 ? date : floor_div(date - first_monday, days);
    }
    std::chrono::year_month_day const ymd{epoch + std::chrono::days{date}};
    return std::int64_t{static_cast<int>(ymd.year())} * 12 + static_cast<unsigned>(ymd.month()) - 1;
}

Instant start_of(const Zone &zone, const Bucket &bucket, std::int64_t number) {
    std::int64_t date = number;
    if (bucket.length.months != 0) {
        std::chrono::year const year{static_cast<int>(floor_div(number, 12))};
        std::chrono::month const of_year{static_cast<unsigned>(floor_mod(number, 12) + 1)};
        date = (std::chrono::sys_days{year / of_year / 1} - epoch).count();
    } else if (bucket.length.days != 1) {
        date = number * bucket.length.days + first_monday;
    }
    return zone.instant(date * micros_per_day);
}

/// The number of the calendar bucket that holds t. The local date alone does not tell: a clock may pass midnight twice.
std::int64_t number_of(const Zone &zone, const Bucket &bucket, Instant t) {
    std::int64_t number = number_at(bucket, zone.local(t));
    while (start_of(zone, bucket, number) > t) --number;
    while (start_of(zone, bucket, number + 1) <= t) ++number;
    return number;
}

/// Whether clocks leave the grid of `length` where this segment begins.
bool off_grid(const Segment *segment, std::int64_t length) {
    return (segment->offset - segment[-1].offset) % length != 0;
}

}  // namespace

std::optional<Bucket> parse_bucket(std::string_view text) {
    for (auto const &[spelling, bucket] : spellings)
        if (spelling == text) return *bucket;
    return std::nullopt;
}

std::optional<Span> parse_period(std::string_view text) {
    int count = 0;
    auto const [rest, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    auto const digits = static_cast<std::size_t>(rest - text.data());
    if (error != std::errc{} || count < 1 || digits > 8) return std::nullopt;
    for (auto const &[name, length] : units) {
        if (name != text.substr(digits)) continue;
        bool const calendar = length.months != 0;
        if (count > (calendar ? longest_period_months / length.months : longest_period / shortest(length)))
            return std::nullopt;
        return length.times(count);
    }
    return std::nullopt;
}

std::int64_t shortest(const Span &span) { return (span.months * 28 + span.days) * micros_per_day + span.micros; }
std::int64_t longest(const Span &span) { return (span.months * 31 + span.days) * micros_per_day + span.micros; }

Instant bucket_start(const Zone &zone, const Bucket &bucket, Instant t) {
    if (!bucket.shorter_than_day()) return start_of(zone, bucket, number_of(zone, bucket, t));
    std::int64_t const length = bucket.length.micros;
    const Segment *segment = zone.segment_at(t);
    Instant const start = t - floor_mod(t + segment->offset, length);
    for (; segment != zone.begin() && segment->from > start; --segment)
        if (off_grid(segment, length)) return segment->from;
    return start;
}

Instant next_bucket(const Zone &zone, const Bucket &bucket, Instant start) {
    if (!bucket.shorter_than_day()) {
        std::int64_t number = number_of(zone, bucket, start) + 1;
        return start_of(zone, bucket, number);
    }
    std::int64_t const length = bucket.length.micros;
    const Segment *segment = zone.segment_at(start);
    Instant const next = start - floor_mod(start + segment->offset, length) + length;
    while (++segment != zone.end() && segment->from < next)
        if (off_grid(segment, length)) return segment->from;
    return next;
}

std::optional<std::vector<Instant>> bucket_edges(const Zone &zone, const Bucket &bucket, Instant after, Instant until,
                                                 std::size_t most) {
    Instant start = bucket_start(zone, bucket, after);
    Instant next = next_bucket(zone, bucket, start);
    if (next <= until) {  // another bucket begins in the window: the one that began before it does not belong to it
        start = next;
        next = next_bucket(zone, bucket, start);
    }
    std::vector<Instant> edges{start};
    for (; next <= until; next = next_bucket(zone, bucket, next)) {
        if (edges.size() == most) return std::nullopt;
        edges.push_back(next);
    }
    edges.push_back(next);
    return edges;
}

}  // namespace analytics::core
