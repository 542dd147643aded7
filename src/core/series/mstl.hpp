#pragma once
// A series with several seasons (of a day and of a week, say) as their sum with trend and remainder: MSTL.
//
// Bandara, Hyndman & Bergmeir (2021), "MSTL: a seasonal-trend decomposition algorithm for time series with multiple
// seasonal patterns"; as R forecast 8.20's mstl (test/golden/mstl.json).
#include "core/forecast/model_forecast.hpp"
#include "core/series/stl.hpp"
#include "core/statistics/stop.hpp"

#include <span>
#include <vector>

namespace analytics::core {

/// y = trend + sum of seasons + remainder, in the units of the series.
struct MstlParts {
    std::vector<int> lengths;                  // of the seasons, in the order they were asked for
    std::vector<std::vector<double>> seasons;  // one series for each length; zeros where it was too long for y
    std::vector<double> trend, remainder;
};

/// STL for each season in turn, shortest first, on what the others leave, twice over if there are several; the i-th
/// shortest is fitted to 7 + 4i of its seasons. A season of which y does not hold more than two is left at zero;
/// without any the trend is a loess line over a third of the points (at least 7).
/// @param y        values at equal steps, finite, oldest first; at least 1
/// @param lengths  points per season, each at least 2, without repetition
/// @throws         std::invalid_argument
/// O(n) for each season and round.
MstlParts mstl(std::span<const double> y, std::span<const int> lengths, bool robust = false, const Stop & = {},
               MiddleSum = nullptr);

/// Forecasts: the seasons go on as in their last round, the rest by auto_ets without season.
/// @param horizon  1 to 10,000
ModelForecast forecast_mstl(std::span<const double> y, std::span<const int> lengths, int horizon, const Stop & = {});

}  // namespace analytics::core
