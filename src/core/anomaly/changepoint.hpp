#pragma once
// Where the level of a series changes.
#include "core/statistics/stop.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace analytics::core {

struct ChangePoint {
    std::size_t step;  // the first point after the change, from 1
    double mean_before, mean_after;
    double p_value;
};

/// Changes of mean by optimal partitioning with pruning: PELT of Killick, Fearnhead & Eckley (2012), squared error on
/// values in units of the noise. The noise is that of the differences of neighbours (their MAD), and widened where the
/// residuals of a first pass hang together; values further than 3 of its units from the median of their five neighbours
/// are moved there, so that a lone outlier makes no change. Segments have at least 3 points (2 of series shorter than
/// 6).
///
/// mean_before and mean_after are those of the whole segments on both sides, as they are. p_value is that of Student's
/// test between the two, times the places in them where the change could have been (at most 1): it holds for the place
/// having been searched.
///
/// For one level after another, not for seasons: take those off first (the trend of a decomposition), or each morning
/// is a change.
/// @param series   finite, or NaN for a missing value, oldest first; fewer than 4 values have no change
/// @param penalty  squared units of noise that a change must explain; more finds fewer. 3 ln n by default
/// @returns        oldest first; mean_before of each is mean_after of the one before it
/// @throws         std::invalid_argument when penalty is not positive or a value is infinite
/// O(n) where changes are frequent, O(n^2) where there are none: so more than 20,000 values are first averaged to that
/// many, and a change is then placed between the averages. A million points take about 1 s.
std::vector<ChangePoint> detect_changepoints(std::span<const double> series,
                                             std::optional<double> penalty = std::nullopt, const Stop & = {});

}  // namespace analytics::core
