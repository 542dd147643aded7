#pragma once
// Missing values (NaN) of a series, for methods that want none.
#include <span>
#include <vector>

namespace analytics::core {

/// On the straight line between the neighbours that are there; before the first and after the last, like these. At
/// least one value must be there. O(n).
std::vector<double> without_gaps(std::span<const double> series);

}  // namespace analytics::core
