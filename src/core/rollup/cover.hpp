#pragma once
// Which stored buckets and which raw ranges make up a window, exactly.
#include <cstdint>
#include <span>
#include <vector>

namespace analytics::core {

/// A half-open range of instants, in microseconds.
struct TimeRange {
    std::int64_t from, to;
    bool operator==(const TimeRange &) const = default;
};

inline constexpr std::int64_t hour_us = 3'600'000'000, day_us = 24 * hour_us;

/// Rounds down to a multiple of `width`; instants before 2000 are negative.
constexpr std::int64_t floor_to(std::int64_t at, std::int64_t width) {
    std::int64_t const rest = at % width;
    return at - (rest < 0 ? rest + width : rest);
}
/// Rounds up to a multiple of `width`.
constexpr std::int64_t ceil_to(std::int64_t at, std::int64_t width) {
    std::int64_t const below = floor_to(at, width);
    return below == at ? at : below + width;
}

/// Where rows of a piece are read from.
enum class Level : std::uint8_t { raw, base, hour, day };
inline constexpr int level_count = 4;

/// The ranges to read from each level. `whole[level]` holds ranges in which every stored bucket is a slot of its own,
/// so that a stored count answers without its set; `parts[level]` the ranges whose buckets must be merged. Raw ranges
/// are only in `parts`. All are ascending and disjoint; together they are the window.
struct Cover {
    std::vector<TimeRange> whole[level_count], parts[level_count];
};

/// Splits the slots [edges[i], edges[i + 1]) into the fewest ranges.
/// @param edges  ascending; at least two, or the cover is empty
/// @param base   width of a base bucket; divides the hour or is the hour (then the base level is never used)
/// @param live   ranges that must be read from the source: disjoint, ascending. What is not summarised yet is one of
///               them (its `to` is the largest instant).
/// A stored bucket serves only if it lies within one slot and outside every live range. Raw ranges are cut at
/// slot edges that no base bucket starts at, so that a row labelled max(its base bucket, start of its range) is in its
/// slot. O(slots + live ranges), 5 operations a slot at the usual alignment.
Cover cover(std::span<const std::int64_t> edges, std::int64_t base, std::span<const TimeRange> live);

/// Sorts ranges and unites those that overlap or touch.
std::vector<TimeRange> unite(std::vector<TimeRange> ranges);

}  // namespace analytics::core
