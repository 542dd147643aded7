#pragma once
// Whether, and when, a budget will be used up.
#include "core/forecast/paths.hpp"

#include <optional>
#include <span>
#include <vector>

namespace analytics::core {

/// Days count from 1 for the first day after the history, and are fractional: 3.5 is the middle of the fourth day.
struct Exhaustion {
    double p_exhaust = 0;                             // spent + what is to come reaches the budget within the horizon
    std::optional<double> day_p10, day_p50, day_p90;  // of all futures; none where that share is not yet exhausted
    double total_mean = 0, total_lower_80 = 0, total_upper_80 = 0;  // spend over the horizon, without `spent`
    std::vector<double> p_by_day;                                   // exhausted by the end of day i + 1
    std::vector<double> cumulative_mean;                            // spend until the end of day i + 1, without `spent`
};

/// @param series  spend per day, oldest first; NaN is missing
/// @param spent   spent already of the budget, before the first forecast day; in the series' unit, as the budget is
/// @param budget  exhausted on the day spent + spend reaches it; a budget reached already: p 1, days 0
/// @param season  days of the season, 0: found
/// @throws  std::invalid_argument for no value, values that are not finite, horizon 0 or above 10,000
/// About 2 ms for a month.
Exhaustion forecast_exhaustion(std::span<const double> series, double spent, double budget, std::size_t horizon,
                               std::size_t season, const Stop & = {});

/// The same of given futures.
Exhaustion exhaustion_of(const SpendPaths &, double spent, double budget, const Stop & = {});

}  // namespace analytics::core
