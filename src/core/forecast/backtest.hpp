#pragma once
// How well forecasts would have done: fits to the past of a series, compared with what followed.
#include "core/forecast/forecaster.hpp"

#include <span>

namespace analytics::core {

/// Means over the folds (and their steps); NaN where undefined.
struct Backtest {
    double mae = 0;          // mean absolute error, in the units of the series
    double wape = 0;         // sum of absolute errors / sum of absolute values seen: 0.2 is 20 %
    double smape = 0;        // symmetric mean absolute percentage error, 0 to 200
    double mase = 0;         // mae / mean absolute change from season to season within each fold's history
    double coverage_80 = 0;  // share of values within the 80 % interval, 0 to 1
    double coverage_95 = 0;
    int folds = 0;  // as many as the series could give; 0 where it is too short for one
};

/// Forecasts by a method of the last `horizon` values from all before them, of the `horizon` before those,
/// and so on; a fold needs at least max(horizon, 2 seasons, 4) values before it. Missing values (NaN) are not judged.
/// @param season  0: found, from the whole series
/// @throws  std::invalid_argument for an empty series, horizon or folds below 1
/// One forecast per fold.
Backtest backtest(std::span<const double> series, int horizon, int season, int folds, Method = Method::automatic,
                  const Stop & = {});

}  // namespace analytics::core
