#pragma once
// Series brought to size about 1, so that squares and products of values near 1e300 stay numbers.
#include <span>
#include <vector>

namespace analytics::core {

/// A power of two near the mean size of the values, so that dividing by it is exact: 1 for zeros only.
/// @throws std::invalid_argument for an empty series and for values that are not finite
double size_of(std::span<const double> y);

/// y / by, element by element.
std::vector<double> divided(std::span<const double> y, double by);

}  // namespace analytics::core
