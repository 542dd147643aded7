#pragma once
// Autoregressive moving averages: their likelihood, conditional and exact, and what is known at the end of a series.
//
// The process is w[t] = ar[0] w[t-1] + ar[1] w[t-2] + ... + e[t] + ma[0] e[t-1] + ma[1] e[t-2] + ...
// The exact likelihood is that of the Kalman filter of Harvey's state-space form. Its covariances differ from step to
// step by matrices of rank one, so that a step costs O(r), r = max(ar.size(), ma.size() + 1), and not O(r^2): Morf,
// Sidhu & Kailath (1974), IEEE Transactions on Automatic Control 19(4); Pearlman (1980), Biometrika 67(1).
#include "core/statistics/stop.hpp"

#include <optional>
#include <span>
#include <vector>

namespace analytics::core {

/// Coefficients of the lags 1, 2, ...; of a seasonal model most are zero.
struct Arma {
    std::vector<double> ar, ma;
};

/// A polynomial and a seasonal one, both without their leading 1 and with the signs of Arma, multiplied.
/// @param sign  -1 for autoregressions (1 - ar[0] B - ...), 1 for moving averages (1 + ma[0] B + ...)
std::vector<double> times_seasonal(std::span<const double> near, std::span<const double> seasonal, std::size_t season,
                                   double sign);

/// Partial autocorrelations of an autoregression, the reverse of ar_from_partial. All are between -1 and 1 exactly if
/// it is stationary; nothing if one is not. O(p^2).
std::optional<std::vector<double>> partial_from_ar(std::span<const double> ar);

/// The autoregression with these partial autocorrelations (Durbin-Levinson). O(p^2).
std::vector<double> ar_from_partial(std::span<const double> partial);

/// Whether all roots of 1 - ar[0] z - ar[1] z^2 - ... lie outside the circle of this radius. O(p^2).
bool roots_outside(std::span<const double> ar, double radius);

/// The moving average with the same autocorrelations whose roots all lie outside the unit circle or on it.
std::vector<double> invertible(std::span<const double> ma);

/// The mean square of the errors from the ar.size()-th point on, those before taken for 0: what conditional least
/// squares minimises. Infinite if nothing is left or the errors explode.
/// O(n) for each coefficient that is not 0.
/// @param work  space, grown as needed
double conditional_variance(const Arma &, std::span<const double> w, std::vector<double> &work);

/// What the exact filter finds.
struct ArmaLikelihood {
    double squares = 0;    // sum of squared errors, each divided by its relative variance
    double logarithm = 0;  // sum of the logarithms of the relative variances
};

/// Working space of the exact filter, and where it stands after the last point.
class ArmaFilter {
  public:
    /// Nothing where the autoregression is not stationary. O(p^2 + p q + n r), of which n r falls to the steps until
    /// the variances have settled.
    std::optional<ArmaLikelihood> run(const Arma &, std::span<const double> w, bool keep_covariance = false);

    /// After run: the mean of the state at the next point, w[n] itself first.
    std::span<const double> state() const { return state_; }

    /// After run with keep_covariance: its covariance in units of the variance of e, row by row. O(n r^2) in run.
    std::span<const double> covariance() const { return covariance_; }

  private:
    bool start(const Arma &);

    std::vector<double> phi_, theta_, state_, next_, gain_, low_, column_, covariance_;
    std::vector<double> levinson_, inner_, outer_, psi_, products_;
};

}  // namespace analytics::core
