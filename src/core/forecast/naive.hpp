#pragma once
// The value of one season ago, and its errors within the history.
#include "core/forecast/prediction.hpp"

#include <span>

namespace analytics::core {

/// The last season repeated; of a season of 1, or when the history is shorter than a season, the last value. Residuals
/// of up to 200 origins and 100 steps. O(n + origins * horizon).
Prediction forecast_naive(std::span<const double> y, std::size_t season, std::size_t horizon);

}  // namespace analytics::core
