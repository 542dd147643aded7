#pragma once
// A time zone as a table of offsets, and calendar arithmetic in it. The table comes from whoever has a tz database.
#include <cstdint>
#include <vector>

namespace analytics::core {

/// Microseconds since 2000-01-01 00:00 UTC, as PostgreSQL keeps instants.
using Instant = std::int64_t;
/// What a clock on the wall shows, in the same units, as if it were UTC.
using LocalTime = std::int64_t;

inline constexpr std::int64_t micros_per_second = 1'000'000;
inline constexpr std::int64_t micros_per_minute = 60 * micros_per_second;
inline constexpr std::int64_t micros_per_hour = 60 * micros_per_minute;
inline constexpr std::int64_t micros_per_day = 24 * micros_per_hour;

/// Division and remainder that floor, also before 2000.
constexpr std::int64_t floor_div(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }
constexpr std::int64_t floor_mod(std::int64_t a, std::int64_t b) { return a - floor_div(a, b) * b; }

/// A length of time as people mean it: calendar months, calendar days, or elapsed time. A month and a day keep the time
/// of day, whatever happens to the clocks in between; elapsed time does not care.
struct Span {
    int months = 0;
    int days = 0;
    std::int64_t micros = 0;

    Span times(int n) const { return {months * n, days * n, micros * n}; }
    bool operator==(const Span &) const = default;
};

/// From `from` on, until the next segment, clocks show UTC + offset (microseconds, east positive).
struct Segment {
    Instant from;
    std::int64_t offset;
};

/// The offsets of a zone over some range of time. The first segment also holds for everything before it.
class Zone {
  public:
    /// @param segments  at least one, ascending
    explicit Zone(std::vector<Segment> segments);
    static Zone utc() { return Zone({{0, 0}}); }

    /// The last segment that begins at or before `t`.
    const Segment *segment_at(Instant t) const;
    const Segment *begin() const { return segments_.data(); }
    const Segment *end() const { return segments_.data() + segments_.size(); }

    LocalTime local(Instant t) const { return t + segment_at(t)->offset; }
    /// The instant at which clocks show `time`. A time that is skipped is read with the offset before the jump, a time
    /// that comes twice with the offset after it: what AT TIME ZONE answers in PostgreSQL.
    Instant instant(LocalTime time) const;
    /// `t` moved by months and days of local time (the day of the month is cut to the month's length), then by micros.
    Instant shift(Instant t, const Span &by) const;

  private:
    std::vector<Segment> segments_;
};

}  // namespace analytics::core
