#pragma once
// How often a series must be differenced before it has a level and a season that stay.
//
// Kwiatkowski, Phillips, Schmidt & Shin (1992), Journal of Econometrics 54; Wang, Smith & Hyndman (2006), Data Mining
// and Knowledge Discovery 13(3), for the strength of a season. Checked against R forecast 8.20's ndiffs and nsdiffs
// (test/golden/misc.json).
#include "core/statistics/stop.hpp"

#include <cstddef>
#include <span>

namespace analytics::core {

/// The KPSS statistic of a constant level: large where the level wanders. The long-run variance takes
/// floor(3 sqrt(n) / 13) autocovariances with Bartlett's weights. 0 for a constant series; y.size() >= 1. O(n^1.5).
double kpss_level(std::span<const double> y);

/// First differences needed, 0 to `most`: while the KPSS test rejects a constant level at 5 % (statistic above .463).
int first_differences(std::span<const double> y, int most = 2);

/// 1 - Var(remainder) / Var(season + remainder) of an STL decomposition, at least 0: 0 no season, 1 nothing else.
/// @param season  at least 2; 0 if y does not hold more than two
double seasonal_strength(std::span<const double> y, int season, const Stop & = {});

/// Whether to difference over the season: its strength is above .64.
bool needs_seasonal_difference(std::span<const double> y, int season, const Stop & = {});

}  // namespace analytics::core
