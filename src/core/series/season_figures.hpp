#pragma once
// Classical decomposition: one figure for each phase of the season.
#include <cstddef>
#include <span>
#include <vector>

namespace analytics::core {

/// The mean of what lies above a centred moving average over one season (its ends left out), by phase t % season: what
/// is added (sum 0) or, as factors, multiplied with (mean 1). As R's decompose. With fewer than two seasons the mean
/// takes the place of the moving average, and phases never seen get the neutral figure.
/// @param season  points per season, at least 1
/// O(n). Values of size about 1 expected (see scaling.hpp): products of a factor with 1e300 may overflow.
std::vector<double> season_figures(std::span<const double> y, std::size_t season, bool factors);

}  // namespace analytics::core
