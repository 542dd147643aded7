#pragma once
// Windows of a question: the arguments bucket, period, compare_to, time_zone and as_of of a function, checked, and the
// slots of time they mean.
#include "core/series/comparison.hpp"
#include "engine/time_zone.hpp"
#include "pg/args.hpp"

namespace analytics::engine {

inline constexpr std::size_t most_buckets = 10'000;

/// The arguments by position. 22023 unless they are what periods.hpp and buckets.hpp say.
core::Bucket bucket_argument(const pg::Args &, int i, std::string_view otherwise);
core::Span period_argument(const pg::Args &, int i, std::string_view otherwise);
std::optional<core::CompareTo> compare_to_argument(const pg::Args &, int i);
/// NULL means now(). Between the years 1 and 9999, so that no arithmetic on it overflows.
core::Instant as_of_argument(const pg::Args &, int i);

/// The buckets of a trailing period, oldest first; the last one is cut at as_of, which belongs to it.
struct Series {
    core::Bucket bucket;
    core::Span period;
    core::Zone zone;
    std::vector<core::Slot> slots;
    bool last_is_partial;

    /// The counterparts of slots (of this series, or before it) in another period; 22023 where buckets cannot be
    /// compared so.
    std::vector<core::Slot> compared(core::CompareTo, std::span<const core::Slot>) const;
    /// As many buckets again, right before the first.
    std::vector<core::Slot> before() const;
};

/// The buckets that begin in (as_of - period, as_of], the running one in any case.
/// 22023 where the period is shorter than a bucket, or holds more than most_buckets.
Series make_series(const core::Bucket &, const core::Span &period, std::string_view time_zone, core::Instant as_of);

/// The exact window (as_of - period, as_of] and the one of the same length before it, in UTC.
struct Windows {
    core::Slot now, before;
};
Windows make_windows(const core::Span &period, core::Instant as_of);

}  // namespace analytics::engine
