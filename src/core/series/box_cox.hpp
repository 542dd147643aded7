#pragma once
// The power that makes the spread of a series the same at every level.
//
// Box & Cox (1964), Journal of the Royal Statistical Society B 26(2), for the transform; Guerrero (1993), Journal of
// Forecasting 12(1), for the choice of its power. Checked against R forecast 8.20's BoxCox.lambda
// (test/golden/misc.json).
#include <optional>
#include <span>

namespace analytics::core {

/// The power lambda in [-1, 2] (in [0, 2] where a value is not positive) at which the standard deviations of the
/// stretches of one season, divided by their mean to the power of 1 - lambda, vary least: 1 leaves a series as it is,
/// 0 takes logarithms. 1 for series of no more than two seasons; nothing where the mean of a stretch is not positive.
/// @param y       values at equal steps, finite, oldest first; at least 1
/// @param season  points per season; stretches of 2 where it is 1
/// @throws        std::invalid_argument
/// O(n) per power tried, some 30 of them.
std::optional<double> guerrero_lambda(std::span<const double> y, std::size_t season);

}  // namespace analytics::core
