#pragma once
// A smooth curve through equally spaced points that finds out for itself how smooth: Friedman's super smoother.
//
// Friedman (1984), A variable span smoother, Stanford LCS technical report 5 (SLAC PUB-3477). Its answers are those of
// R's supsmu (test/golden/misc.json by way of outliers.hpp).
#include "core/statistics/stop.hpp"

#include <span>
#include <vector>

namespace analytics::core {

/// Straight lines through 5, 20 and 50 % of the points around each are compared by what each leaves unexplained when
/// the point itself is left out; the best width, itself smoothed, is used there.
/// @param y  values at equal steps, finite; at least 1
/// @returns  the curve at each point, in the units of y
/// O(n), eight passes.
std::vector<double> super_smooth(std::span<const double> y, const Stop & = {});

}  // namespace analytics::core
