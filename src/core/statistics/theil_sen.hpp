#pragma once
// The slope of most pairs of points.
#include "core/statistics/stop.hpp"

#include <span>

namespace analytics::core {

struct Line {
    double slope, intercept;  // y = intercept + slope * x
};

/// The robust line of Theil (1950) and Sen (1968): the median of the slopes of all pairs of points with different x,
/// and the median of y - slope * x. Up to 29 % of wild points do not carry it away.
/// @param y, x  finite, of equal size, at least two different x
/// @throws      std::invalid_argument otherwise, std::domain_error when the slope is no double
/// O(n^2) for up to 512 points; then O(n log n) for each of about 70 halvings of the slopes' range by counting the
/// pairs below (as Cole et al. 1989 do), exact to the last bits: 1e6 points take about 10 s.
Line theil_sen(std::span<const double> y, std::span<const double> x, const Stop & = {});

}  // namespace analytics::core
