#pragma once
// Seasonal ARIMA: maximum likelihood, choice of the orders by AICc, forecasts.
//
// Box & Jenkins (1970), Time Series Analysis; Hyndman & Khandakar (2008), Journal of Statistical Software 27(3), for
// the choice. Checked against R forecast 8.20's auto.arima (test/golden/arima.json).
//
// The series is differenced d times, D times over a season, and what is left is an ARMA process around a mean, its
// polynomials multiplied with those of the season (arma_filter.hpp). A model with d + D = 0 may have a mean, one with
// d + D = 1 a mean of the differences: a drift.
#include "core/forecast/model_forecast.hpp"
#include "core/statistics/stop.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace analytics::core {

/// As R writes it, ARIMA(p,d,q)(P,D,Q)[season].
struct ArimaOrder {
    int p = 0, d = 0, q = 0, seasonal_p = 0, seasonal_d = 0, seasonal_q = 0;
    int season = 1;         // points per season, 1 without one
    bool constant = false;  // a mean (d + D = 0) or a drift (d + D = 1)

    bool operator==(const ArimaOrder &) const = default;

    /// Values that differencing takes.
    std::size_t lost() const { return static_cast<std::size_t>(d + seasonal_d * season); }
    /// Parameters with the variance, as the AICc counts them.
    int parameters() const { return p + q + seasonal_p + seasonal_q + (constant ? 1 : 0) + 1; }
};

struct ArimaFit {
    ArimaOrder order;
    std::vector<double> ar, ma, seasonal_ar, seasonal_ma;
    double mean = 0;   // of the series (d + D = 0) or what is added each step (d + D = 1), in its units
    double sigma = 0;  // standard deviation of the errors, in the units of the series, unbiased
    double log_likelihood = 0, aicc = 0;  // infinite for a series that the differences leave constant
};

struct ArimaOptions {
    std::size_t most_points = 2'000;  // estimated on the newest of them
    std::size_t exact_points = 150;   // up to here, and with seasons up to 12, every candidate is fitted exactly
};

/// The best model by AICc on the way of Hyndman & Khandakar: differences over a season where it is strong (Wang, Smith
/// & Hyndman 2006), first ones by the KPSS test, then from four simple models to better neighbours until there is none.
/// Orders up to p, q <= 5, P, Q <= 2, and no more than a third of the points. Long series (ArimaOptions) are searched
/// by conditional least squares, and the best that holds out is fitted exactly. Models with roots near the unit circle,
/// or whose likelihood has no clear peak, are passed over.
/// @param y       values at equal steps, finite, oldest first; at least 1
/// @param season  points per season, 1 for none; above 350 it is not modelled
/// @throws        std::invalid_argument
/// Some 20 to 60 candidates; O(n) each per pass by least squares, O(n (season + order)) exactly.
ArimaFit auto_arima(std::span<const double> y, int season, const ArimaOptions & = {}, const Stop & = {});

/// Exact maximum likelihood of one model, started from conditional least squares.
/// @throws  std::invalid_argument for orders that are negative or leave too few points; std::domain_error where
///          conditional least squares end outside the stationary models
ArimaFit fit_arima(std::span<const double> y, const ArimaOrder &, const Stop & = {});

/// Forecasts with their standard errors if all parameters are as fitted.
/// @param y        the series of the fit
/// @param horizon  1 to 10,000 steps
/// O(n r^2 + horizon r^2), r the highest lag of the model plus 1.
ModelForecast forecast_arima(const ArimaFit &, std::span<const double> y, int horizon, const Stop & = {});

}  // namespace analytics::core
