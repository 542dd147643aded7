#pragma once
// The average of a value that holds until it changes.
#include <cstdint>
#include <vector>

namespace analytics::core {

struct TimedValue {
    std::int64_t at;  // any unit
    double value;
};

/// Each value counts for as long as it holds: until the next one; the last one only ends the time. Values of one
/// instant count as their mean. Without any time between them (one instant only) the mean of all.
/// @param points  at least one, finite, in any order; they are sorted. Throws std::invalid_argument when empty.
/// O(n log n).
double time_weighted_average(std::vector<TimedValue> &points);

}  // namespace analytics::core
