#pragma once
// The argument `method` of every function that forecasts.
#include "core/forecast/forecaster.hpp"
#include "pg/args.hpp"

#include <algorithm>
#include <span>

namespace analytics::engine {

/// @param series  what is to be forecast: methods for intermittent demand refuse negative values
inline core::Method forecast_method_argument(const pg::Args &args, int i, std::span<const double> series) {
    std::string const name = args.one_of(
        i, "method",
        {"auto", "fast", "ets", "theta", "arima", "seasonal_naive", "naive", "mstl", "croston", "sba", "tsb", "adida"},
        "auto");
    core::Method const method = *core::parse_method(name);
    auto const negative = std::find_if(series.begin(), series.end(), [](double x) { return x < 0; });
    if (core::for_demand(method) && negative != series.end())
        pg::bad_argument("method", "\"" + name + "\" for a series with " + std::to_string(*negative),
                         "auto, fast, ets, theta, arima, seasonal_naive, naive or mstl where values are negative",
                         "The others are for demand, which is never negative.");
    return method;
}

}  // namespace analytics::engine
