#pragma once
// Values of a series that do not belong to it, and what should stand in their place.
//
// Hyndman & Athanasopoulos (2021), Forecasting: Principles and Practice, 3rd edition, sections 13.9 and 3.6. Checked
// against R forecast 8.20's tsoutliers (test/golden/misc.json), also with missing values.
#include "core/series/stl.hpp"
#include "core/statistics/stop.hpp"

#include <cstddef>
#include <span>
#include <vector>

namespace analytics::core {

struct SeriesOutliers {
    std::vector<std::size_t> index;    // rising, 0-based
    std::vector<double> replacements;  // one for each, in the units of the series
    std::vector<double> cleaned;       // the whole series without outliers and gaps
};

/// What lies more than three interquartile ranges beyond the quartiles of the remainder, in two rounds. The remainder
/// is what a robust STL leaves of a season, if that is strong (.6), and the super smoother of the rest. Replacements
/// follow from the seasons and the straight line between the neighbours. A constant series has none.
/// @param y       values at equal steps, oldest first; NaN is missing and no outlier; at least one value
/// @param season  points per season, 1 for none
/// @throws        std::invalid_argument
/// O(n), mostly that of a robust STL (stl.hpp; there is also what MiddleSum is for), up to four of them.
SeriesOutliers find_outliers(std::span<const double> y, std::size_t season, const Stop & = {}, MiddleSum = nullptr);

/// The series with its gaps (NaN) filled: on the straight line between the neighbours without a season or with no more
/// than two seasons of values, else by way of what a robust STL leaves without its season.
std::vector<double> filled_by_season(std::span<const double> y, std::size_t season, const Stop & = {},
                                     MiddleSum = nullptr);

}  // namespace analytics::core
