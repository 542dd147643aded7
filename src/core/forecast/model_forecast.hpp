#pragma once
// What every forecasting model answers.
#include <vector>

namespace analytics::core {

/// Forecasts of the steps 1 to h and the standard errors of the points around them, in the units of the series.
/// Standard errors, not variances: a variance of values near 1e300 is no double.
struct ModelForecast {
    std::vector<double> mean, deviation;
};

}  // namespace analytics::core
