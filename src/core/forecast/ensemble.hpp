#pragma once
// The tested default for series with a short season or none: seasonal means and robust levels, seen on two scales.
#include "core/forecast/prediction.hpp"
#include "core/statistics/stop.hpp"

#include <span>

namespace analytics::core {

/// The mean of two forecasts: shrunk clipped seasonal means on the logarithmic scale with smoothed levels, and shrunk
/// seasonal medians as factors with smoothed and median levels; for days with weeks also the hint of last year.
/// Its residuals are those of the first, on a scale between logarithms and values.
/// @param y  finite values of moderate size, oldest first, at least 1; the last 1500 count
/// About O(60 n + 20 min(n, 100) horizon).
Prediction forecast_ensemble(std::span<const double> y, std::size_t season, std::size_t horizon, const Stop & = {});

/// The same for sums: values half way between those, the middle of what may come, and its mean as clipped seasonal
/// means of the values themselves have it. Totals of what comes in spikes would be too low by the middle alone.
Prediction forecast_ensemble_for_sums(std::span<const double> y, std::size_t season, std::size_t horizon,
                                      const Stop & = {});

/// The first of the two only, with three levels: half the time.
Prediction forecast_fast(std::span<const double> y, std::size_t season, std::size_t horizon, const Stop & = {});

}  // namespace analytics::core
