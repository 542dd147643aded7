#pragma once
// Start values of an ETS fit.
#include "core/forecast/ets_filter.hpp"

namespace analytics::core::ets {

/// Level, slope and season to start from: season figures by classical decomposition (means by phase of what is above
/// a centred moving average), level and slope by a straight line through the first points without the season, as many
/// as two seasons but at least ten. Hyndman et al. (2008), section 2.6.1.
/// @param m  points per season; the series is longer. 1 or less: no season
States start_states(std::span<const double> y, std::size_t m, EtsTrend trend, EtsSeason season);

}  // namespace analytics::core::ets
