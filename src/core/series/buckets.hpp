#pragma once
// Buckets of a series: where they begin in a time zone, and how "15m" or "7d" are written.
#include "core/series/zone.hpp"

#include <optional>
#include <string_view>

namespace analytics::core {

/// The buckets of a series: 15 and 30 minutes, an hour, a day, a week (from Monday), a month.
struct Bucket {
    std::string_view name;  // as callers write it: 15m, 30m, 1h, 1d, 1w, 1mo
    Span length;

    bool shorter_than_day() const { return length.micros > 0; }
};

/// What callers may write for a bucket, for messages.
inline constexpr std::string_view bucket_names =
    "15m, 30m, 1h, 1d, 1w or 1mo (or in words: 15 minutes, 30 minutes, hour, day, week, month)";

/// A bucket by its name or in words ("1h", "hour", "1 hour"); nothing else, and nothing is guessed.
std::optional<Bucket> parse_bucket(std::string_view text);

/// A trailing period: a whole number, at least 1, of m (minutes), h, d, w, mo or y. Minutes and hours are elapsed time,
/// the others calendar time. At most 100 years.
std::optional<Span> parse_period(std::string_view text);

/// How long a span is at the least (months of 28 days) and at the most (of 31), in microseconds. Days count 24 hours.
std::int64_t shortest(const Span &);
std::int64_t longest(const Span &);

/// The start of the bucket that holds `t`.
///
/// Buckets shorter than a day begin where clocks show a multiple of them, and also where clocks are moved off that grid
/// (by half an hour, say, when buckets are hours): within a bucket clocks run evenly. Days, weeks and months begin at
/// the local midnight, as Zone::instant reads it; so a day may have 23 or 25 hours, and a day that the zone skipped
/// (Samoa, 30 December 2011) is no bucket.
Instant bucket_start(const Zone &, const Bucket &, Instant t);

/// The start of the bucket after the one that begins at `start`.
Instant next_bucket(const Zone &, const Bucket &, Instant start);

/// The edges of the buckets that begin in (after, until], and of the one that holds `until` in any case: their starts,
/// oldest first, and last the end of the newest. Nothing if they are more than `most`.
std::optional<std::vector<Instant>> bucket_edges(const Zone &, const Bucket &, Instant after, Instant until,
                                                 std::size_t most);

}  // namespace analytics::core
