// Means and standard errors of ETS forecasts.
#include "core/forecast/ets.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace analytics::core {
namespace {

constexpr int longest_horizon = 10'000;

double season_at(const EtsFit &fit, std::size_t step) {
    return fit.last.season.empty() ? 0.0 : fit.last.season[step % fit.last.season.size()];
}

/// What an error moves the point j steps later by, j = 1 to h - 1, in classes 1 and 2: alpha + beta (phi + ... +
/// phi^j) + gamma where that point has the same season.
std::vector<double> responses(const EtsFit &fit, std::size_t horizon) {
    std::vector<double> c(horizon);
    EtsParameters const &p = fit.parameters;
    double damped = 0, power = 1;
    auto const m = static_cast<std::size_t>(fit.season);
    for (std::size_t j = 1; j < horizon; ++j) {
        power *= p.phi, damped += power;
        c[j] = p.alpha + p.beta * damped + (fit.last.season.empty() || j % m != 0 ? 0.0 : p.gamma);
    }
    return c;
}

/// First and second moments of (level, slope), with or without the factor (1 + gamma e) that an error also puts on a
/// season figure.
struct Moments {
    double level, slope, level2, both, slope2;

    void step(const EtsParameters &p, double variance, double gamma) {
        double const q = level + p.phi * slope;
        double const qq = level2 + 2 * p.phi * both + p.phi * p.phi * slope2;  // E[q^2]
        double const qb = p.phi * (both + p.phi * slope2);                     // E[q * carried slope]
        double const bb = p.phi * p.phi * slope2;
        // level' = q + alpha q e, slope' = phi b + beta q e, all times (1 + gamma e); e is normal with this variance.
        double const g = gamma * variance, gg = gamma * gamma * variance;
        double const square = variance + 3 * gg * variance;  // E[e^2 (1 + gamma e)^2]
        level = q * (1 + p.alpha * g);
        slope = p.phi * slope + p.beta * q * g;
        level2 = qq * (1 + gg + 4 * p.alpha * g + p.alpha * p.alpha * square);
        both = qb * (1 + gg + 2 * p.alpha * g) + qq * (2 * p.beta * g + p.alpha * p.beta * square);
        slope2 = bb * (1 + gg) + 4 * p.beta * g * qb + p.beta * p.beta * qq * square;
    }
};

/// Class 3: the season is a factor. Its figure at step h was moved by the errors of the steps h - m, h - 2m, ..., the
/// same that moved level and slope then. Steps of the same phase share one run through the steps before.
void class_three(const EtsFit &fit, double unit, ModelForecast &forecast) {
    std::size_t const horizon = forecast.mean.size(), m = fit.last.season.size();
    double const variance = fit.sigma * fit.sigma;
    double const level = fit.last.level / unit, slope = fit.last.slope / unit;
    Moments const start{level, slope, level * level, level * slope, slope * slope};
    auto const put = [&](std::size_t step, const Moments &at) {
        double const s = season_at(fit, step), phi = fit.parameters.phi;
        double const mean = s * (at.level + phi * at.slope);
        double const square = s * s * (at.level2 + 2 * phi * at.both + phi * phi * at.slope2);
        forecast.mean[step] = mean * unit;
        forecast.deviation[step] = std::sqrt(std::max((1 + variance) * square - mean * mean, 0.0)) * unit;
    };
    Moments plain = start;
    for (std::size_t step = 0; step < std::min(m, horizon); ++step) {
        put(step, plain);
        plain.step(fit.parameters, variance, 0);
    }
    for (std::size_t phase = 0; phase < m && phase + m < horizon; ++phase) {
        Moments at = start;
        for (std::size_t step = 0; step < horizon; ++step) {
            bool const same = step % m == phase;
            if (same && step >= m) put(step, at);
            at.step(fit.parameters, variance, same ? fit.parameters.gamma : 0.0);
        }
    }
}

}  // namespace

ModelForecast forecast_ets(const EtsFit &fit, int horizon) {
    if (horizon < 1 || horizon > longest_horizon) throw std::invalid_argument("a horizon must be 1 to 10000 steps");
    auto const h = static_cast<std::size_t>(horizon);
    constexpr double largest = std::numeric_limits<double>::max();
    ModelForecast forecast{std::vector<double>(h), std::vector<double>(h)};
    double const size = std::max({std::abs(fit.last.level), std::abs(fit.last.slope), fit.range});
    double const unit = size > 0 ? size : 1;
    if (fit.model.season == EtsSeason::multiplicative) {
        class_three(fit, unit, forecast);
    } else {
        std::vector<double> const c = responses(fit, h);
        double level = fit.last.level / unit, slope = fit.last.slope / unit;
        double sum = 1;
        std::vector<double> squares(h);  // E[f^2] of multiplicative errors
        for (std::size_t i = 0; i < h; ++i) {
            slope *= fit.parameters.phi, level += slope;
            double const mean = level + season_at(fit, i) / unit;
            forecast.mean[i] = mean * unit;
            if (fit.model.multiplicative_error) {
                double const variance = fit.sigma * fit.sigma;
                double spread = 0;
                for (std::size_t j = 1; j <= i; ++j) spread += c[j] * c[j] * squares[i - j];
                squares[i] = mean * mean + variance * spread;
                forecast.deviation[i] = std::sqrt(variance * (squares[i] + spread)) * unit;
            } else {
                if (i > 0) sum += c[i] * c[i];
                forecast.deviation[i] = fit.sigma * std::sqrt(sum);
            }
        }
    }
    for (std::size_t i = 0; i < h; ++i) {
        double const widest = std::sqrt(static_cast<double>(i + 1)) * fit.range;
        // Not-a-number stands for infinity minus infinity: also an explosion.
        double &deviation = forecast.deviation[i], &mean = forecast.mean[i];
        if (!(deviation <= widest)) deviation = std::min(widest, largest);
        mean = std::isnan(mean) ? fit.last.level : std::clamp(mean, -largest, largest);
    }
    return forecast;
}

}  // namespace analytics::core
