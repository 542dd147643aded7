// Whether the roots of an ETS model's characteristic equation lie inside the unit circle.
#include "core/forecast/ets.hpp"

#include <cmath>

namespace analytics::core {
namespace {

/// Schur-Cohn: the polynomial z^n + c[1] z^(n-1) + ... + c[n] has all roots inside the unit circle if and only if every
/// reflection coefficient of the step-down recursion does. c[0] is 1 and is not used.
bool roots_inside_circle(std::vector<double> c) {
    std::vector<double> lower(c.size());
    for (std::size_t n = c.size() - 1; n > 0; --n) {
        double const k = c[n];
        if (!(std::abs(k) < 1)) return false;
        double const rest = 1 / (1 - k * k);
        for (std::size_t i = 1; i < n; ++i) lower[i] = (c[i] - k * c[n - i]) * rest;
        for (std::size_t i = 1; i < n; ++i) c[i] = lower[i];
    }
    return true;
}

}  // namespace

// Multiplied by (1 - phi B)(1 - B^m), the model of a point is a moving average of errors with the coefficients below.
// (R has beta where phi * beta stands here, which differs for damped trends only.)
bool ets_admissible(const EtsModel &model, const EtsParameters &p, int season) {
    double const alpha = p.alpha, beta = p.beta, gamma = p.gamma;
    double const phi = model.trend == EtsTrend::damped ? p.phi : 1;
    if (model.season == EtsSeason::none) {
        if (model.trend == EtsTrend::none) return alpha > 0 && alpha < 2;
        return roots_inside_circle({1, alpha + phi * beta - 1 - phi, phi * (1 - alpha)});
    }
    auto const m = static_cast<std::size_t>(season);
    if (model.trend == EtsTrend::none) {
        std::vector<double> c(m + 1, alpha);
        c[m] = alpha + gamma - 1;
        return roots_inside_circle(std::move(c));
    }
    double const middle = alpha + phi * beta - alpha * phi;
    std::vector<double> c(m + 2, middle);
    c[1] = alpha + phi * beta - phi;
    c[m] = middle + gamma - 1;
    c[m + 1] = phi * (1 - alpha - gamma);
    return roots_inside_circle(std::move(c));
}

}  // namespace analytics::core
