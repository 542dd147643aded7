#pragma once
// One ARIMA model after the other on the same series: what the search and fit_arima share.
#include "core/forecast/arima.hpp"
#include "core/forecast/arma_filter.hpp"

#include <optional>

namespace analytics::core::arima {

/// Parameters in the order ar, ma, seasonal ar, seasonal ma, mean of the differenced series.
struct Estimate {
    ArimaOrder order;
    std::vector<double> parameters;
    double aicc = 0;            // conditional: without the terms that all models of a series share
    double log_likelihood = 0;  // exact estimates only
    double variance = 0;        // unbiased; exact estimates only
    bool sound = false;         // roots away from the unit circle, the likelihood curved in every direction; only
                                // found out where the aicc is below what it was to beat
};

/// Differences of a series, over a season first.
std::vector<double> differenced(std::span<const double> y, const ArimaOrder &);

/// The ARMA process of a model, seasonal polynomials multiplied in.
Arma expand(const ArimaOrder &, std::span<const double> parameters);

/// Fits models that differ in nothing but their ARMA orders and constant.
class Estimator {
  public:
    /// @param w  the differenced series
    Estimator(std::vector<double> w, const Stop &stop) : w_(std::move(w)), stop_(stop) {}

    /// Minimises the conditional sum of squares from zero coefficients and the mean of w.
    std::optional<Estimate> by_least_squares(const ArimaOrder &, double aicc_to_beat);

    /// Maximises the exact likelihood from there. Nothing if least squares end outside the stationary models.
    std::optional<Estimate> exactly(const ArimaOrder &, double aicc_to_beat);

  private:
    struct Scale {
        double centre = 0, unit = 1;  // of the mean: its first guess, and ten standard errors
    };

    Scale scale_of_mean() const;
    /// In parameters with the mean in units of its scale.
    std::optional<std::vector<double>> least_squares(const ArimaOrder &, const Scale &, double tolerance);
    std::vector<double> with_mean(const ArimaOrder &, const Scale &, std::vector<double> parameters) const;
    double conditional_cost(const ArimaOrder &, std::span<const double> parameters);
    std::optional<ArmaLikelihood> likelihood(const ArimaOrder &, std::span<const double> parameters);

    std::vector<double> w_;
    const Stop &stop_;
    ArmaFilter filter_;
    std::vector<double> centred_, work_;
};

}  // namespace analytics::core::arima
