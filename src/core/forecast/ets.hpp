#pragma once
// Exponential smoothing in state-space form (ETS): fixed filters, maximum likelihood, choice by AICc, forecasts.
//
// Hyndman, Koehler, Snyder & Grose (2002), International Journal of Forecasting 18(3); Hyndman, Koehler, Ord & Snyder
// (2008), Forecasting with Exponential Smoothing: the models, the likelihood, the parameter space and the variances
// are theirs, the candidates and start values those of R's forecast::ets. Checked against R forecast 8.20
// (test/golden/ets_fixed.json, ets.json).
//
// With q = level + phi * slope and s the figure of the point's season, a point is expected at f = q + s (additive
// season) or q * s, and after it e = y - f moves level, slope and s by alpha, beta and gamma times it (divided by s, s
// and q where the season is multiplicative). Errors are additive, y = f + e, or multiplicative, y = f * (1 + e).
#include "core/forecast/model_forecast.hpp"
#include "core/statistics/stop.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace analytics::core {

enum class EtsTrend : std::uint8_t { none, additive, damped };
enum class EtsSeason : std::uint8_t { none, additive, multiplicative };

/// One of the 15 models R considers: no multiplicative trend, and no multiplicative season with additive errors.
struct EtsModel {
    bool multiplicative_error = false;
    EtsTrend trend = EtsTrend::none;
    EtsSeason season = EtsSeason::none;

    /// As R writes it: "ETS(M,Ad,M)".
    std::string name() const;
    bool operator==(const EtsModel &) const = default;
};

/// "ANN", "MAdM", ...; nothing for what is none of the 15 models.
std::optional<EtsModel> parse_ets(std::string_view letters);

/// Weights of the newest error in level, slope and season, and the damping of the slope per step (1 where it is not
/// damped). beta and gamma are 0 in models without that part.
struct EtsParameters {
    double alpha = 0, beta = 0, gamma = 0, phi = 1;
};

/// What a model knows at a point in time, in the units of the series (figures of a multiplicative season: factors
/// around 1). season[0] belongs to the next point, season[1] to the one after it; as long as the season, or empty.
struct EtsState {
    double level = 0, slope = 0;
    std::vector<double> season;
};

/// A fitted model.
struct EtsFit {
    EtsModel model;
    int season = 1;  // points per season, 1 without one
    EtsParameters parameters;
    EtsState initial, last;  // before the first point and after the last
    double log_likelihood =
        0;              // as R counts it: -1/2 (n log(sum of squared errors) + 2 sum(log |f|) if multiplicative)
    double aicc = 0;    // infinite where the points do not suffice for the parameters
    double sigma = 0;   // standard deviation of the errors: in the series' units, relative if multiplicative
    std::size_t n = 0;  // points
    double range = 0;   // highest minus lowest value: bounds the width of forecasts
};

/// Which models are tried. Slopes without damping fit the past well and leave it at long horizons: on the developers'
/// daily series (30 steps) the full list scores an OWA of .973 (R's ets .972), the damped one .951, the quick one .946;
/// on M4's hourly ones (48 steps) 1.009, .861 and .880.
enum class EtsSearch : std::uint8_t {
    full,    // all 15 that are admissible, as R does
    damped,  // a slope is not tried where the model without is far behind, and is damped unless the errors are a
             // fifth smaller without damping (AICc by 5 + n/2), as on a straight line
    quick,   // ANN, AAdN, ANA, AAdA, and MNM for positive series
};

struct EtsOptions {
    EtsSearch search = EtsSearch::damped;
    std::size_t most_points = 20'000;  // estimated on the newest of them; older ones have no weight left
};

/// The best model by AICc.
///
/// Seasons longer than 24 points and series not longer than a season are fitted without season, as R does: take the
/// season out first (MSTL). Multiplicative models need positive values. A constant series gives ANN with variance 0;
/// 1 and 2 points give ANN.
/// @param y       values at equal steps, finite, oldest first; at least 1
/// @param season  points per season, 1 for none
/// @throws        std::invalid_argument for an empty series, values that are not finite, a season below 1
/// O(n) per pass: some hundred passes for each of up to 15 models.
EtsFit auto_ets(std::span<const double> y, int season, const EtsOptions & = {}, const Stop & = {});

/// Maximum likelihood of one model: alpha, beta, gamma in R's bounds [.0001, .9999], beta <= alpha, gamma <= 1 - alpha,
/// phi in [.8, .98], all in the region where old errors are forgotten; initial states free.
/// @throws  std::domain_error where multiplicative errors find no positive forecasts to start from;
///          std::invalid_argument also if the model does not suit the series: a season of fewer than 2 or more than 24
///          points or not shorter than the series, a multiplicative model for values that are not positive
EtsFit fit_ets(std::span<const double> y, int season, EtsModel, const Stop & = {});

/// The filter with given parameters and initial state, nothing estimated; aicc counts only what the model would have.
/// @param[out] fitted  one-step forecasts of each point, if wanted
EtsFit filter_ets(std::span<const double> y, int season, EtsModel, const EtsParameters &, const EtsState &initial,
                  std::vector<double> *fitted = nullptr);

/// Whether a model with these parameters forgets old errors, whatever it started from: all roots of its characteristic
/// equation lie inside the unit circle (Hyndman, Akram & Archibald 2008). O(season^2).
bool ets_admissible(const EtsModel &, const EtsParameters &, int season);

/// Forecasts with their standard errors, exact for every model if errors are normal (class 1 to 3 of Hyndman et al.
/// 2008, chapter 6). The standard error at step h is cut at sqrt(h) times the range of the series: where multiplicative
/// errors are large the moments explode and mean nothing. O(horizon), with multiplicative errors O(horizon^2), with
/// multiplicative season O(horizon * season).
/// @param horizon  1 to 10,000 steps
ModelForecast forecast_ets(const EtsFit &, int horizon);

}  // namespace analytics::core
