#pragma once
// How a metric's buckets are judged, and by what past.
#include "core/series/buckets.hpp"

namespace analytics::engine {

/// What is read before the buckets asked for, to learn from, and how many buckets a season has.
struct Habits {
    core::Span past;
    int season;
};
Habits habits_of(const core::Bucket &);

}  // namespace analytics::engine
