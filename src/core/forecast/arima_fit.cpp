#include "core/forecast/arima_fit.hpp"

#include "core/statistics/bfgs.hpp"
#include "core/statistics/robust.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace analytics::core::arima {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nearest_root = 1.01;
constexpr double log_two_pi = 1.8378770664093453;

std::span<const double> part(std::span<const double> parameters, int from, int count) {
    return parameters.subspan(static_cast<std::size_t>(from), static_cast<std::size_t>(count));
}

std::vector<double> negative(std::span<const double> values) {
    std::vector<double> result(values.begin(), values.end());
    for (double &v : result) v = -v;
    return result;
}

// The autoregressions as partial autocorrelations through the inverse of tanh, any real numbers: the stationary models
// are a space without borders then. Nothing for a model that is not stationary.
bool to_free(std::span<double> ar) {
    auto const partial = partial_from_ar(ar);
    if (!partial) return false;
    for (std::size_t i = 0; i < ar.size(); ++i) ar[i] = std::atanh(std::clamp((*partial)[i], -0.9999999, 0.9999999));
    return true;
}

void from_free(std::span<double> values) {
    for (double &v : values) v = std::tanh(v);
    std::vector<double> const ar = ar_from_partial(values);
    std::copy(ar.begin(), ar.end(), values.begin());
}

double corrected(double cost, std::size_t points, int parameters) {
    auto const n = static_cast<double>(points), k = static_cast<double>(parameters);
    return n - k - 1 > 0 ? cost + 2 * k + 2 * k * (k + 1) / (n - k - 1) : infinity;
}

// Central differences, the step of R's optimiser: its fits are the yardstick, and rough steps smooth the cost over.
template <class Cost> void differentiate(Cost &&cost, std::vector<double> &x, std::span<double> slopes) {
    constexpr double step = 1e-3;
    for (std::size_t i = 0; i < x.size(); ++i) {
        double const at = x[i];
        x[i] = at + step;
        double const above = cost(x);
        x[i] = at - step;
        double const below = cost(x);
        x[i] = at;
        slopes[i] = std::isfinite(above) && std::isfinite(below) ? (above - below) / (2 * step) : 0;
    }
}

template <class Cost> std::vector<double> hessian_of(Cost &&cost, std::vector<double> x) {
    constexpr double step = 1e-3;
    std::size_t const d = x.size();
    std::vector<double> hessian(d * d), above(d), below(d);
    for (std::size_t i = 0; i < d; ++i) {
        double const at = x[i];
        x[i] = at + step;
        differentiate(cost, x, above);
        x[i] = at - step;
        differentiate(cost, x, below);
        x[i] = at;
        for (std::size_t k = 0; k < d; ++k) hessian[i * d + k] = (above[k] - below[k]) / (2 * step);
    }
    for (std::size_t i = 0; i < d; ++i)
        for (std::size_t k = 0; k < i; ++k)
            hessian[i * d + k] = hessian[k * d + i] = 0.5 * (hessian[i * d + k] + hessian[k * d + i]);
    return hessian;
}

// The inverse by Gauss-Jordan with pivots; nothing for a singular matrix.
std::optional<std::vector<double>> inverse(std::vector<double> m, std::size_t d) {
    std::vector<double> result(d * d);
    for (std::size_t i = 0; i < d; ++i) result[i * d + i] = 1;
    double largest = 0;
    for (double v : m) largest = std::max(largest, std::abs(v));
    for (std::size_t c = 0; c < d; ++c) {
        std::size_t pivot = c;
        for (std::size_t i = c; i < d; ++i)
            if (std::abs(m[i * d + c]) > std::abs(m[pivot * d + c])) pivot = i;
        if (!(std::abs(m[pivot * d + c]) > 1e-14 * largest)) return std::nullopt;
        for (std::size_t k = 0; k < d; ++k) {
            std::swap(m[pivot * d + k], m[c * d + k]);
            std::swap(result[pivot * d + k], result[c * d + k]);
        }
        double const by = 1 / m[c * d + c];
        for (std::size_t k = 0; k < d; ++k) m[c * d + k] *= by, result[c * d + k] *= by;
        for (std::size_t i = 0; i < d; ++i) {
            double const f = m[i * d + c];
            if (i == c || f == 0) continue;
            for (std::size_t k = 0; k < d; ++k)
                m[i * d + k] -= f * m[c * d + k], result[i * d + k] -= f * result[c * d + k];
        }
    }
    return result;
}

// Whether every parameter has a variance: the curvature at the optimum, through the change from free parameters to the
// model's own, leaves no direction in which the cost falls.
bool curved(const std::vector<double> &hessian, const std::vector<double> &jacobian, std::size_t d) {
    auto const inverted = inverse(hessian, d);
    if (!inverted) return false;
    for (std::size_t i = 0; i < d; ++i) {
        double variance = 0;
        for (std::size_t a = 0; a < d; ++a)
            for (std::size_t b = 0; b < d; ++b)
                variance += jacobian[i * d + a] * (*inverted)[a * d + b] * jacobian[i * d + b];
        if (!(variance >= 0)) return false;
    }
    return true;
}

std::vector<double> identity(std::size_t d) {
    std::vector<double> matrix(d * d);
    for (std::size_t i = 0; i < d; ++i) matrix[i * d + i] = 1;
    return matrix;
}

bool roots_sound(const ArimaOrder &o, std::span<const double> parameters) {
    double const seasonal = std::pow(nearest_root, o.season);
    return roots_outside(part(parameters, 0, o.p), nearest_root) &&
           roots_outside(negative(part(parameters, o.p, o.q)), nearest_root) &&
           roots_outside(part(parameters, o.p + o.q, o.seasonal_p), seasonal) &&
           roots_outside(negative(part(parameters, o.p + o.q + o.seasonal_p, o.seasonal_q)), seasonal);
}

template <class Cost>
double minimise(Cost &&cost, std::vector<double> &x, double points, bool mean_last, double tolerance) {
    std::size_t const d = x.size();
    BfgsSpace space{std::vector<double>(d, -infinity), std::vector<double>(d, infinity), identity(d)};
    for (std::size_t i = 0; i < d; ++i) space.inverse_hessian[i * d + i] = 1 / points;
    if (mean_last) space.inverse_hessian[d * d - 1] = 0.01;
    std::vector<double> here(x);
    return minimise_bfgs(
        [&](std::span<const double> at) {
            here.assign(at.begin(), at.end());
            return cost(here);
        },
        [&](std::span<double> slopes) { differentiate(cost, here, slopes); }, x, space, {tolerance, 100});
}

}  // namespace

std::vector<double> differenced(std::span<const double> y, const ArimaOrder &order) {
    std::vector<double> w(y.begin(), y.end());
    auto const difference = [&](std::size_t lag) {
        for (std::size_t t = 0; t + lag < w.size(); ++t) w[t] = w[t + lag] - w[t];
        w.resize(w.size() > lag ? w.size() - lag : 0);
    };
    for (int i = 0; i < order.seasonal_d; ++i) difference(static_cast<std::size_t>(order.season));
    for (int i = 0; i < order.d; ++i) difference(1);
    return w;
}

Arma expand(const ArimaOrder &o, std::span<const double> parameters) {
    auto const season = static_cast<std::size_t>(o.season);
    return {times_seasonal(part(parameters, 0, o.p), part(parameters, o.p + o.q, o.seasonal_p), season, -1),
            times_seasonal(part(parameters, o.p, o.q), part(parameters, o.p + o.q + o.seasonal_p, o.seasonal_q), season,
                           1)};
}

Estimator::Scale Estimator::scale_of_mean() const {
    double const centre = mean(w_);
    double squares = 0;
    for (double v : w_) squares += (v - centre) * (v - centre);
    auto const n = static_cast<double>(w_.size());
    double const error = n > 1 ? std::sqrt(squares / (n - 1) / n) : 0;
    return {centre, error > 0 ? 10 * error : 1};
}

double Estimator::conditional_cost(const ArimaOrder &order, std::span<const double> parameters) {
    double const centre = order.constant ? parameters.back() : 0;
    centred_.assign(w_.begin(), w_.end());
    if (order.constant)
        for (double &v : centred_) v -= centre;
    return 0.5 * std::log(conditional_variance(expand(order, parameters), centred_, work_));
}

std::optional<ArmaLikelihood> Estimator::likelihood(const ArimaOrder &order, std::span<const double> parameters) {
    double const centre = order.constant ? parameters.back() : 0;
    centred_.assign(w_.begin(), w_.end());
    if (order.constant)
        for (double &v : centred_) v -= centre;
    return filter_.run(expand(order, parameters), centred_);
}

std::vector<double> Estimator::with_mean(const ArimaOrder &order, const Scale &scale,
                                         std::vector<double> parameters) const {
    if (order.constant) parameters.back() = scale.centre + scale.unit * parameters.back();
    return parameters;
}

std::optional<std::vector<double>> Estimator::least_squares(const ArimaOrder &order, const Scale &scale,
                                                            double tolerance) {
    std::vector<double> x(static_cast<std::size_t>(order.parameters() - 1));
    auto const n = static_cast<double>(w_.size());
    auto const cost = [&](const std::vector<double> &at) {
        if (stop_) stop_();
        return n * conditional_cost(order, with_mean(order, scale, at));
    };
    if (!x.empty() && !std::isfinite(minimise(cost, x, n, order.constant, tolerance))) return std::nullopt;
    return x;
}

std::optional<Estimate> Estimator::by_least_squares(const ArimaOrder &order, double aicc_to_beat) {
    Scale const scale = scale_of_mean();
    auto const found = least_squares(order, scale, 1e-6);
    if (!found) return std::nullopt;
    Estimate estimate{order, with_mean(order, scale, *found)};
    double const cost = conditional_cost(order, estimate.parameters);
    if (!std::isfinite(cost)) return std::nullopt;
    auto const n = static_cast<double>(w_.size());
    estimate.aicc = corrected(2 * n * cost, w_.size(), order.parameters());
    if (!(estimate.aicc < aicc_to_beat) || !roots_sound(order, estimate.parameters)) return estimate;
    std::size_t const d = found->size();
    auto const around = [&](const std::vector<double> &at) {
        return n * conditional_cost(order, with_mean(order, scale, at));
    };
    estimate.sound = curved(hessian_of(around, *found), identity(d), d);
    return estimate;
}

std::optional<Estimate> Estimator::exactly(const ArimaOrder &order, double aicc_to_beat) {
    Scale const scale = scale_of_mean();
    auto started = least_squares(order, scale, 1e-4);
    if (!started) return std::nullopt;
    std::vector<double> &x = *started;
    std::size_t const d = x.size();
    auto const n = static_cast<double>(w_.size());
    std::span<double> const all(x);
    auto const near = [&](std::span<double> of) { return of.subspan(0, static_cast<std::size_t>(order.p)); };
    auto const far = [&](std::span<double> of) {
        return of.subspan(static_cast<std::size_t>(order.p + order.q), static_cast<std::size_t>(order.seasonal_p));
    };
    if (!to_free(near(all)) || !to_free(far(all))) return std::nullopt;
    auto const invert = [&](std::vector<double> &of) {
        for (auto [from, count] :
             {std::pair(order.p, order.q), std::pair(order.p + order.q + order.seasonal_p, order.seasonal_q)}) {
            std::vector<double> const ma = invertible(part(of, from, count));
            std::copy(ma.begin(), ma.end(), of.begin() + from);
        }
    };
    invert(x);
    auto const own = [&](const std::vector<double> &free) {
        std::vector<double> parameters = free;
        from_free(near(parameters)), from_free(far(parameters));
        return with_mean(order, scale, std::move(parameters));
    };
    auto const cost = [&](const std::vector<double> &free) {
        if (stop_) stop_();
        auto const found = likelihood(order, own(free));
        return found ? n * 0.5 * (std::log(found->squares / n) + found->logarithm / n) : infinity;
    };
    if (d > 0 && !std::isfinite(minimise(cost, x, n, order.constant, 1e-6))) return std::nullopt;
    invert(x);

    Estimate estimate{order, own(x)};
    auto const found = likelihood(order, estimate.parameters);
    if (!found || !(found->squares > 0)) return std::nullopt;
    double const best = n * 0.5 * (std::log(found->squares / n) + found->logarithm / n);
    estimate.log_likelihood = -best - 0.5 * n * (1 + log_two_pi);
    estimate.aicc = corrected(-2 * estimate.log_likelihood, w_.size(), order.parameters());
    estimate.variance = found->squares / std::max(1.0, n - order.parameters() + 1);
    if (!(estimate.aicc < aicc_to_beat) || !roots_sound(order, estimate.parameters)) return estimate;
    std::vector<double> jacobian(d * d);
    for (std::size_t k = 0; k < d; ++k) {
        std::vector<double> moved = x;
        moved[k] += 1e-5;
        std::vector<double> const above = own(moved);
        for (std::size_t i = 0; i < d; ++i) jacobian[i * d + k] = (above[i] - estimate.parameters[i]) / 1e-5;
    }
    estimate.sound = curved(hessian_of(cost, x), jacobian, d);
    return estimate;
}

}  // namespace analytics::core::arima
