#pragma once
// From an optimum on the scaled series to what callers get.
#include "core/forecast/ets_fit.hpp"

namespace analytics::core::ets {

/// Parameters with the variance, as R counts them.
std::size_t parameter_count(const EtsModel &, std::size_t m);

/// Whether n points are fitted with this season: of 2 to 24 points, as in R, and shorter than they are.
bool season_fits(int season, std::size_t n);

/// 2 cost + 2 k + 2 k (k + 1) / (n - k - 1); infinite where n is not above k + 1.
double aicc_of(double cost, std::size_t n, std::size_t k);

/// The fit in the units of the series, which was divided by `scale`: season figures sum to nothing (factors have mean
/// 1).
EtsFit finish(const Optimum &, std::span<const double> y, std::size_t m, double scale);

/// The only model for a constant series and for one or two points: the newest value goes on.
Optimum level_only(std::span<const double> y);

}  // namespace analytics::core::ets
