#pragma once
// A series and the earlier one it is compared with: which stretch of time answers for which bucket, and how to read
// them all in few passes.
#include "core/series/buckets.hpp"

#include <span>

namespace analytics::core {

/// A stretch of time, half open; empty where from == to.
struct Slot {
    Instant from, to;
    bool operator==(const Slot &) const = default;
};

/// The buckets between `edges`, the last one cut at `end` (what has not happened yet).
std::vector<Slot> slots_until(std::span<const Instant> edges, Instant end);

/// Which earlier series a caller wants.
enum class CompareTo : std::uint8_t { previous_period, previous_day, previous_week, previous_month, previous_year };

/// How far back the other series lies, or nothing where buckets cannot be compared at that distance (weeks with the day
/// before). previous_period is the length of the period, or where that is no whole number of buckets, of all `buckets`.
/// Weeks are compared with weeks: a month is 4 of them, a year 52.
std::optional<Span> distance(CompareTo, const Bucket &, const Span &period, int buckets);

/// For each slot its counterpart `back` earlier: the same local time, and of a slot that ends early (cut at the end of
/// the series) the same elapsed part.
std::vector<Slot> counterparts(const Zone &, const Bucket &, std::span<const Slot> slots, const Span &back);

/// Slots arranged for reading: each batch is one ascending run of edges, each slot stands in one place of it.
struct Reading {
    struct Place {
        int batch, slot;
    };
    std::vector<std::vector<Instant>> batches;
    std::vector<Place> places;  // of slot i; batch is -1 for an empty slot
};
Reading arrange(std::span<const Slot> slots);

}  // namespace analytics::core
