#pragma once
// Forecasts of any series: the public door of this folder.
#include "core/forecast/prediction.hpp"
#include "core/statistics/stop.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace analytics::core {

enum class Method : std::uint8_t {
    automatic,
    fast,
    ets,
    theta,
    arima,
    seasonal_naive,
    naive,
    mstl,
    croston,
    sba,
    tsb,
    adida
};

/// By its name in SQL: auto, fast, ets, theta, arima, seasonal_naive, naive, mstl, croston, sba, tsb, adida.
std::optional<Method> parse_method(std::string_view name);

/// Whether it is one of the last four: for demand with many zeros, never negative (intermittent.hpp).
bool for_demand(Method);

struct ForecastOptions {
    int horizon = 1;                        // 1 to 10,000 steps
    int season = 0;                         // points per season, 1: none, 0: found from the values
    std::vector<double> levels = {80, 95};  // of the intervals, in percent, each above 0 and below 100
    Method method = Method::automatic;
};

struct ForecastResult {
    std::vector<double> value;                      // one per step
    std::vector<std::vector<double>> lower, upper;  // [step][level]
    int season = 1;                                 // the season used
};

/// Forecasts with intervals, in the units of the series.
///
/// automatic: seasonal means and robust levels (ensemble.hpp); with 16 points or more per season, profiles of the day
/// and the week (profile.hpp). fast: the first of the former alone, or the mean profiles. Intervals of these and of the
/// naive methods come from their errors within the history (intervals.hpp), of ets, theta, arima and mstl from the
/// model, of demand from how often it comes and how large it is. What never was negative is not forecast negative. A
/// value scaled by any factor gives the forecast scaled so.
/// @param series  values at equal steps, oldest first; NaN is a missing value, filled from the same phase of the
/// seasons
///                beside it (or along the line between its neighbours)
/// @throws  std::invalid_argument for no value, infinite values, options out of range, negative demand
/// Cost: header of each method; bounded for long series, of which the last years count.
ForecastResult forecast(std::span<const double> series, const ForecastOptions &, const Stop & = {});

/// A series made ready: without gaps, and divided by a power of two so that squares of its values are doubles.
struct PreparedSeries {
    /// @param wanted  the season; 0: found
    PreparedSeries(std::span<const double> series, std::size_t wanted);

    std::vector<double> values;
    std::size_t season = 1;

    double restore(double x) const;  // in the units of the series; the largest double instead of infinity

  private:
    int exponent_ = 0;
};

/// What `automatic` does with a prepared series.
Prediction predict(std::span<const double> values, std::size_t season, std::size_t horizon, const Stop & = {});
/// The same where sums of values are asked for (forecast_ensemble_for_sums in ensemble.hpp).
Prediction predict_for_sums(std::span<const double> values, std::size_t season, std::size_t horizon, const Stop & = {});

}  // namespace analytics::core
