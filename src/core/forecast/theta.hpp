#pragma once
// Theta methods: the classic one, and the dynamic optimised one.
//
// Assimakopoulos & Nikolopoulos (2000), International Journal of Forecasting 16(4); Hyndman & Billah (2003), 19(2);
// Fiorucci, Pellegrini, Louzada, Petropoulos & Koehler (2016), 32(4). Checked against R forecast 8.20 thetaf() and
// forecTheta 3.0 dotm() (test/golden/theta.json, dotm.json).
#include "core/forecast/model_forecast.hpp"

#include "core/statistics/stop.hpp"

#include <span>

namespace analytics::core {

/// A fitted Theta model with its forecasts.
struct ThetaFit {
    double alpha = 0;       // weight of the newest error in the level
    double level = 0;       // the level before the first point, in the units of the (season-adjusted) series
    double theta = 2;       // the share 1 - 1/theta of the straight line is in the forecast
    bool seasonal = false;  // whether the season was found, taken out and put back
    ModelForecast forecast;
};

/// Simple exponential smoothing with half the slope of the least-squares line as drift; the season, if season_shows(),
/// is taken out before as factors (added figures if a value or a factor is not positive) and put back.
/// @param y        values at equal steps, finite, oldest first; at least 1
/// @param season   points per season, 1 for none
/// @param horizon  1 to 10,000
/// @throws         std::invalid_argument
/// O(n) per pass, some hundred passes.
ThetaFit theta_classic(std::span<const double> y, int season, int horizon, const Stop & = {});

/// The dynamic optimised Theta model: the straight line is that of the points so far, and level, alpha in [.1, .99] and
/// theta >= 1 minimise the squared errors from the third point on. For a given alpha the errors are linear in the level
/// and in 1/theta, so that both follow from two normal equations, and the search is in one variable. Arguments and
/// season as above. Fewer than 4 points, or constant ones: the classic method. O(n) per pass, some sixty passes.
ThetaFit theta_dynamic(std::span<const double> y, int season, int horizon, const Stop & = {});

}  // namespace analytics::core
