#pragma once
// Series with a long season (the hours of a day), and often one within another (the days of a week).
#include "core/forecast/prediction.hpp"
#include "core/statistics/stop.hpp"

#include <span>

namespace analytics::core {

/// The second season over `season` points a day: the week, 7 * season, when the points are hours or parts of one (24,
/// 48, 72, 96, 144, 288 a day) and the history holds two of them; else 0.
std::size_t week_of(std::size_t season, std::size_t points);

/// The last 12 weeks, or 40 seasons where there is no week: what the functions below look at.
std::span<const double> recent_profile(std::span<const double> y, std::size_t season);

/// The mean of the two below, with the residuals of the second; 0.4 of the second where the first alone knows the week.
Prediction forecast_profile(std::span<const double> y, std::size_t season, std::size_t horizon, const Stop & = {});

/// Decayed mean profiles: the day's figures, then what the week adds to them (from eight days on), each shrunk by James
/// and Stein's factor; the rest forecast as a level with weights that change from the next step to days ahead. Of less
/// than two weeks the residuals are those without the week.
Prediction forecast_mean_profile(std::span<const double> y, std::size_t season, std::size_t horizon, const Stop & = {});

/// Exponential smoothing of level, day and week with first-order autocorrelated errors (Taylor 2003, 2010), on the
/// logarithmic scale: not fitted, but a grid of 64 (one season) or 192 smoothings, each weighed by (least error /
/// error)^40 over 40 origins within the history.
Prediction forecast_double_seasonal(std::span<const double> y, std::size_t season, std::size_t horizon,
                                    const Stop & = {});

// All: y finite, of moderate size, oldest first, at least 1 value.
// O(192 (n + 40 horizon)) at most: about 3 ms for 5 weeks of hours and 48 steps, the mean profile 0.3 ms.

}  // namespace analytics::core
