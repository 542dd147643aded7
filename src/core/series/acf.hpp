#pragma once
// Autocorrelation, and what it says about a season.
#include <cstddef>
#include <span>
#include <vector>

namespace analytics::core {

/// Sample autocorrelations of lags 0 to `lags` (of at most n - 1), as R's acf: sums over n - k products divided by the
/// sum of all squares around the mean. All 0 from lag 1 for a constant series; empty for an empty one.
/// O(n * lags). Checked against R 4.2.2 (test/golden/misc.json).
std::vector<double> autocorrelations(std::span<const double> y, std::size_t lags);

/// The test of the M4 competition: the autocorrelation at the season's lag against 1.645 standard errors (Bartlett's,
/// from the shorter lags). Never so with fewer than three seasons, or a season below 2. O(n * season).
bool season_shows(std::span<const double> y, std::size_t season);

}  // namespace analytics::core
