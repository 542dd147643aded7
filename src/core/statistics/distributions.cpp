#include "core/statistics/distributions.hpp"

#include <boost/math/distributions/beta.hpp>
#include <boost/math/distributions/gamma.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <boost/math/special_functions/beta.hpp>
#include <boost/math/special_functions/gamma.hpp>

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace analytics::core {
namespace {

using Normal = boost::math::normal_distribution<double, MathPolicy>;
using StudentT = boost::math::students_t_distribution<double, MathPolicy>;
using Gamma = boost::math::gamma_distribution<double, MathPolicy>;
using Beta = boost::math::beta_distribution<double, MathPolicy>;

constexpr double limitless = 1e9;    // from here on t is normal and the negative binomial Poisson
constexpr double large_shape = 1e8;  // where Boost's series for the gamma distribution lose patience
constexpr double large_count = 1e6;  // and those for the beta distribution

void require(bool holds, const char *what) {
    if (!holds) throw std::domain_error(what);
}
double finite(double x) {
    require(std::isfinite(x), "quantile out of range");
    return x;
}
double probability(double p) { return std::clamp(p, 0.0, 1.0); }
bool positive(double x) { return x > 0 && std::isfinite(x); }

/// The standard normal deviate of a gamma variable of the given shape and scale 1 at x: Wilson & Hilferty 1931.
double wilson_hilferty(double x, double shape) {
    double const c = 1 / (9 * shape);
    return (std::cbrt(x / shape) - 1 + c) / std::sqrt(c);
}

double gamma_below(double x, double a) {
    if (x <= 0) return 0;
    if (a > large_shape) return normal_cdf(wilson_hilferty(x, a));
    return probability(boost::math::gamma_p(a, x, MathPolicy()));
}
double gamma_above(double x, double a) {
    if (x <= 0) return 1;
    if (a > large_shape) return normal_tail(wilson_hilferty(x, a));
    return probability(boost::math::gamma_q(a, x, MathPolicy()));
}

void check_count(double k, double mu) {
    require(!std::isnan(k) && mu >= 0 && std::isfinite(mu), "the mean of a count must be finite and not negative");
}
void check_size(double size) { require(size > 0, "the size of a negative binomial must be positive"); }

/// The gamma distribution with the mean and variance of a negative binomial, for counts too large to matter one by one.
struct Continuous {
    double shape, scale;
    Continuous(double mu, double size) : shape(1 / (1 / mu + 1 / size)), scale(1 + mu / size) {}
};

}  // namespace

double poisson_cdf(double k, double mu) {
    check_count(k, mu);
    k = std::floor(k);
    if (k < 0) return 0;
    if (mu == 0 || std::isinf(k)) return 1;
    return gamma_above(mu, k + 1);
}

double poisson_tail(double k, double mu) {
    check_count(k, mu);
    k = std::ceil(k);
    if (k <= 0) return 1;
    if (mu == 0 || std::isinf(k)) return 0;
    return gamma_below(mu, k);
}

double negative_binomial_cdf(double k, double mu, double size) {
    check_count(k, mu), check_size(size);
    if (size > limitless) return poisson_cdf(k, mu);
    k = std::floor(k);
    if (k < 0) return 0;
    if (mu == 0 || std::isinf(k)) return 1;
    if (k > large_count || mu > large_count || size > large_count) {
        Continuous const c(mu, size);
        return gamma_below((k + 0.5) / c.scale, c.shape);
    }
    return probability(boost::math::ibeta(size, k + 1, size / (size + mu), MathPolicy()));
}

double negative_binomial_tail(double k, double mu, double size) {
    check_count(k, mu), check_size(size);
    if (size > limitless) return poisson_tail(k, mu);
    k = std::ceil(k);
    if (k <= 0) return 1;
    if (mu == 0 || std::isinf(k)) return 0;
    if (k > large_count || mu > large_count || size > large_count) {
        Continuous const c(mu, size);
        return gamma_above((k - 0.5) / c.scale, c.shape);
    }
    return probability(boost::math::ibeta(k, size, mu / (size + mu), MathPolicy()));
}

double student_t_cdf(double t, double df) { return student_t_tail(-t, df); }

double student_t_tail(double t, double df) {
    require(!std::isnan(t) && df > 0, "degrees of freedom must be positive");
    if (df > limitless) return normal_tail(t);
    if (std::isinf(t)) return t > 0 ? 0 : 1;
    return probability(cdf(complement(StudentT(df), t)));
}

double student_t_two_sided(double t, double df) { return std::min(1.0, 2 * student_t_tail(std::abs(t), df)); }

double student_t_quantile(double p, double df) {
    require(p > 0 && p < 1 && df > 0, "a quantile of Student's t needs 0 < p < 1 and positive degrees of freedom");
    return df > limitless ? normal_quantile(p) : finite(quantile(StudentT(df), p));
}

double normal_cdf(double z) { return normal_tail(-z); }

double normal_tail(double z) {
    require(!std::isnan(z), "not a number");
    return std::erfc(z * 0.70710678118654752440) / 2;
}

double normal_quantile(double p) {
    require(p > 0 && p < 1, "a normal quantile needs 0 < p < 1");
    return quantile(Normal(), p);
}

double chi_squared_tail(double x, double df) {
    require(!std::isnan(x) && positive(df), "degrees of freedom must be positive");
    return gamma_above(x / 2, df / 2);
}

double gamma_cdf(double x, double shape, double scale) {
    require(!std::isnan(x) && positive(shape) && positive(scale), "shape and scale must be positive");
    return std::isinf(x) ? (x > 0 ? 1 : 0) : gamma_below(x / scale, shape);
}

double gamma_quantile(double p, double shape, double scale) {
    require(p >= 0 && p < 1 && positive(shape) && positive(scale), "a gamma quantile needs 0 <= p < 1");
    if (p == 0) return 0;
    if (shape <= large_shape) return finite(quantile(Gamma(shape, scale), p));
    double const c = 1 / (9 * shape), root = 1 - c + normal_quantile(p) * std::sqrt(c);
    return finite(shape * root * root * root * scale);
}

double beta_quantile(double p, double a, double b) {
    require(p >= 0 && p <= 1 && positive(a) && positive(b), "a beta quantile needs 0 <= p <= 1");
    return p == 0 || p == 1 ? p : finite(quantile(Beta(a, b), p));
}

double count_quantile(double p, double mu, double size) {
    check_count(0, mu), check_size(size);
    require(p >= 0 && p < 1, "a quantile of a count needs 0 <= p < 1");
    auto const reached = [&](double k) { return negative_binomial_cdf(k, mu, size) >= p; };
    if (reached(0)) return 0;
    // Steps that double from the normal guess to a bracket, then halving: counts to 1e15 are exact numbers.
    double const sd = mu * std::sqrt(1 / mu + 1 / size);  // written so that it cannot overflow
    double low = std::max(0.0, std::floor(mu + sd * normal_quantile(p))), high = low;
    if (low > 1e15) return finite(low);
    double step = 1 + std::floor(sd / 8);
    if (reached(low)) {
        for (; low > 0 && reached(low); step *= 2) high = low, low = std::max(0.0, low - step);
    } else {
        for (; !reached(high); step *= 2) low = high, high += step;
    }
    while (high - low > 1) {
        double const middle = std::floor(low + (high - low) / 2);
        (reached(middle) ? high : low) = middle;
    }
    return high;
}

}  // namespace analytics::core
