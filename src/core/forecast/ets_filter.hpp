#pragma once
// The passes over a series that estimating an ETS model is made of: errors forward, derivatives backward.
//
// Internal to the ETS files. One template instance per model, so that a pass has no branches and no allocation.
#include "core/forecast/ets.hpp"

#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

namespace analytics::core::ets {

/// Where a pass starts, and where it ends: the season as a ring, season[j] for the points t with t % m == j.
struct States {
    double level = 0, slope = 0;
    std::vector<double> season;
};

/// What a forward pass leaves for the backward one. Sized n.
struct Trace {
    std::vector<double> q, slope, season, error;  // q, and the slope and season figure before the point; y - f

    void resize(std::size_t n) {
        for (std::vector<double> *v : {&q, &slope, &season, &error}) v->resize(n);
    }
};

/// Sum of squared errors (relative ones if multiplicative) and of log f (0 if additive).
struct Sums {
    double squares = 0, logs = 0;
};

/// Derivatives of the negative log likelihood.
struct Gradient {
    EtsParameters parameters;
    States states;
};

/// Forecasts below this, in units of the series' size, are no base for relative errors. (R takes |f|, and finds optima
/// where the forecast of a positive series is negative.)
inline constexpr double least_forecast = 1e-10;

inline constexpr Sums impossible = {std::numeric_limits<double>::infinity(), 0};

/// Sum of logarithms, one call of log for 16 factors.
class LogSum {
  public:
    void add(double factor) {
        product_ *= factor;
        if (++count_ == 16) flush();
    }
    double sum() {
        flush();
        return sum_;
    }

  private:
    void flush() { sum_ += std::log(product_), product_ = 1, count_ = 0; }
    double product_ = 1, sum_ = 0;
    int count_ = 0;
};

/// Runs the filter over y. `states` goes in as the initial ones and comes out as the last.
template <bool multiplicative_error, bool trend, EtsSeason season>
Sums forward(std::span<const double> y, const EtsParameters &p, States &states, Trace &trace) {
    constexpr bool seasonal = season != EtsSeason::none, factors = season == EtsSeason::multiplicative;
    double level = states.level, slope = states.slope, squares = 0;
    LogSum logs;
    std::size_t const n = y.size(), m = states.season.size();
    std::size_t j = 0;
    for (std::size_t t = 0; t < n; ++t) {
        double const carried = trend ? p.phi * slope : 0.0, q = level + carried;
        double const s = seasonal ? states.season[j] : 0.0;
        double const f = factors ? q * s : q + s, e = y[t] - f;
        trace.q[t] = q, trace.error[t] = e;
        if constexpr (trend) trace.slope[t] = slope;
        if constexpr (seasonal) trace.season[t] = s;
        if constexpr (multiplicative_error) {
            if (!(f >= least_forecast)) return impossible;
            double const r = e / f;
            squares += r * r;
            logs.add(f);
        } else {
            squares += e * e;
        }
        double const step = factors ? e / s : e;
        level = q + p.alpha * step;
        if constexpr (trend) slope = carried + p.beta * step;
        if constexpr (seasonal) {
            states.season[j] = s + p.gamma * (factors ? e / q : e);
            if (++j == m) j = 0;
        }
    }
    states.level = level, states.slope = slope;
    Sums const sums = {squares, multiplicative_error ? logs.sum() : 0.0};
    return std::isfinite(sums.squares) && std::isfinite(sums.logs) ? sums : impossible;
}

/// Derivatives of n/2 log(squares) + logs by the parameters and the initial states, by one sweep backwards over what
/// the forward pass left. `gradient.states.season` is as long as the season.
template <bool multiplicative_error, bool trend, EtsSeason season>
void backward(std::span<const double> y, const EtsParameters &p, const Trace &trace, double squares,
              Gradient &gradient) {
    constexpr bool seasonal = season != EtsSeason::none, factors = season == EtsSeason::multiplicative;
    std::size_t const n = y.size(), m = gradient.states.season.size();
    double const weight = static_cast<double>(n) / squares;
    double level = 0, slope = 0, alpha = 0, beta = 0, gamma = 0, phi = 0;  // derivatives by the states after the point
    std::vector<double> &seasons = gradient.states.season;
    for (double &s : seasons) s = 0;
    std::size_t j = seasonal ? n % m : 0;
    for (std::size_t t = n; t-- > 0;) {
        if constexpr (seasonal) j = (j == 0 ? m : j) - 1;
        double const q = trace.q[t], e = trace.error[t], s = seasonal ? trace.season[t] : 0.0;
        double by_f;  // what f itself adds
        if constexpr (multiplicative_error) {
            double const inverse = 1 / (factors ? q * s : q + s);
            by_f = inverse - weight * e * y[t] * inverse * inverse * inverse;
        } else {
            by_f = -weight * e;
        }
        double const after = seasonal ? seasons[j] : 0.0;
        double by_q;
        if constexpr (factors) {
            double const moved = e / s, ratio = e / q, pull = p.alpha * level + p.beta * slope;
            alpha += level * moved;
            if constexpr (trend) beta += slope * moved;
            gamma += after * ratio;
            by_q = level - pull - p.gamma * after * (s + ratio) / q + by_f * s;
            seasons[j] = after * (1 - p.gamma) - pull * (q + moved) / s + by_f * q;
        } else {
            alpha += level * e;
            double pull = p.alpha * level;
            if constexpr (trend) beta += slope * e, pull += p.beta * slope;
            if constexpr (seasonal) gamma += after * e, pull += p.gamma * after;
            double const by_forecast = by_f - pull;
            by_q = level + by_forecast;
            if constexpr (seasonal) seasons[j] = after + by_forecast;
        }
        level = by_q;
        if constexpr (trend) {
            phi += trace.slope[t] * (slope + by_q);
            slope = p.phi * (slope + by_q);
        }
    }
    gradient.parameters = {alpha, beta, gamma, phi};
    gradient.states.level = level, gradient.states.slope = slope;
}

/// Calls f.template operator()<multiplicative_error, trend, season>() for the model.
template <class F> decltype(auto) with_model(const EtsModel &model, F &&f) {
    bool const trend = model.trend != EtsTrend::none;
    auto const with_season = [&]<bool error, bool sloped>() -> decltype(auto) {
        if (model.season == EtsSeason::none) return f.template operator()<error, sloped, EtsSeason::none>();
        if (model.season == EtsSeason::additive) return f.template operator()<error, sloped, EtsSeason::additive>();
        return f.template operator()<error, sloped, EtsSeason::multiplicative>();
    };
    if (model.multiplicative_error)
        return trend ? with_season.template operator()<true, true>() : with_season.template operator()<true, false>();
    return trend ? with_season.template operator()<false, true>() : with_season.template operator()<false, false>();
}

}  // namespace analytics::core::ets
