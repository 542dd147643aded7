#include "core/forecast/ets_fit.hpp"

#include "core/forecast/ets_start.hpp"
#include "core/statistics/bfgs.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace analytics::core::ets {
namespace {

constexpr double least = 1e-4, most = 0.9999, least_phi = 0.8, most_phi = 0.98;  // R's bounds
constexpr double infinity = std::numeric_limits<double>::infinity();

/// How the parameters lie in the vector that is searched: alpha; beta and gamma as shares of what alpha leaves them
/// (beta <= alpha, gamma <= 1 - alpha); phi as a share of its range; level, slope, season.
struct Layout {
    bool trend, damped, seasonal;
    std::size_t beta, gamma, phi, level, slope, season, size;

    Layout(const EtsModel &model, std::size_t m)
        : trend(model.trend != EtsTrend::none), damped(model.trend == EtsTrend::damped),
          seasonal(model.season != EtsSeason::none) {
        std::size_t next = 1;
        beta = next, next += trend;
        gamma = next, next += seasonal;
        phi = next, next += damped;
        level = next++;
        slope = next, next += trend;
        season = next, next += seasonal ? m : 0;
        size = next;
    }

    EtsParameters parameters(std::span<const double> x) const {
        EtsParameters p;
        p.alpha = x[0];
        if (trend) p.beta = least + x[beta] * (p.alpha - least);
        if (seasonal) p.gamma = least + x[gamma] * (1 - p.alpha - least);
        if (damped) p.phi = least_phi + x[phi] * (most_phi - least_phi);
        return p;
    }

    void states(std::span<const double> x, States &states) const {
        states.level = x[level];
        states.slope = trend ? x[slope] : 0.0;
        if (seasonal) states.season.assign(x.begin() + static_cast<std::ptrdiff_t>(season), x.end());
        else states.season.clear();
    }

    void set_states(const States &states, std::vector<double> &x) const {
        x[level] = states.level;
        if (trend) x[slope] = states.slope;
        if (seasonal)
            std::copy(states.season.begin(), states.season.end(), x.begin() + static_cast<std::ptrdiff_t>(season));
    }

    void gradient(std::span<const double> x, const Gradient &g, std::span<double> slopes) const {
        slopes[0] = g.parameters.alpha;
        if (trend) {
            slopes[0] += g.parameters.beta * x[beta];
            slopes[beta] = g.parameters.beta * (x[0] - least);
            slopes[slope] = g.states.slope;
        }
        if (seasonal) {
            slopes[0] -= g.parameters.gamma * x[gamma];
            slopes[gamma] = g.parameters.gamma * (1 - x[0] - least);
            std::copy(g.states.season.begin(), g.states.season.end(),
                      slopes.begin() + static_cast<std::ptrdiff_t>(season));
        }
        if (damped) slopes[phi] = g.parameters.phi * (most_phi - least_phi);
        slopes[level] = g.states.level;
    }
};

/// Inverse of a symmetric positive definite matrix of order n <= 6, by Gauss-Jordan.
void invert(std::vector<double> &a, std::size_t n) {
    for (std::size_t k = 0; k < n; ++k) {
        double const pivot = 1 / a[k * n + k];
        a[k * n + k] = 1;
        for (std::size_t j = 0; j < n; ++j) a[k * n + j] *= pivot;
        for (std::size_t i = 0; i < n; ++i) {
            if (i == k) continue;
            double const factor = a[i * n + k];
            a[i * n + k] = 0;
            for (std::size_t j = 0; j < n; ++j) a[i * n + j] -= factor * a[k * n + j];
        }
    }
}

}  // namespace

double cost_of(Sums &sums, std::size_t n) {
    if (!std::isfinite(sums.squares)) return infinity;
    auto const count = static_cast<double>(n);
    sums.squares = std::max(sums.squares, count * perfect);
    return count / 2 * std::log(sums.squares) + sums.logs;
}

Fitter::Fitter(std::span<const double> y, std::size_t m, const Stop &stop) : y_(y), m_(m), stop_(stop) {
    trace_.resize(y.size());
    errors_.resize(y.size());
}

const States &Fitter::start(const EtsModel &model) {
    auto const season = static_cast<std::size_t>(model.season);
    std::optional<States> &known = start_[model.trend != EtsTrend::none][season];
    if (!known) known = start_states(y_, season == 0 ? 1 : m_, model.trend, model.season);
    return *known;
}

Sums Fitter::run(const EtsModel &model, const EtsParameters &p, States &states) {
    return with_model(model, [&]<bool error, bool trend, EtsSeason season>() {
        return forward<error, trend, season>(y_, p, states, trace_);
    });
}

/// Cost and slopes of one model at places of the search.
struct Fitter::Evaluation {
    Fitter &fitter;
    EtsModel model;
    Layout layout;
    States states;  // the last ones of the last place
    Sums sums;
    Gradient slopes;
    std::vector<double> place;
    std::size_t work = 0;

    Evaluation(Fitter &f, const EtsModel &kind) : fitter(f), model(kind), layout(kind, f.m_) {
        slopes.states.season.resize(layout.seasonal ? f.m_ : 0);
    }

    double cost(std::span<const double> x) {
        std::size_t const n = fitter.y_.size();
        if (work += n; fitter.stop_ && work > 50'000) fitter.stop_(), work = 0;
        place.assign(x.begin(), x.end());
        EtsParameters const p = layout.parameters(x);
        layout.states(x, states);
        if (layout.seasonal && !ets_admissible(model, p, static_cast<int>(fitter.m_))) return infinity;
        if (model.season == EtsSeason::multiplicative)
            for (double const s : states.season)
                if (!(s > 0)) return infinity;
        sums = fitter.run(model, p, states);
        return cost_of(sums, n);
    }

    void gradient(std::span<double> into) {
        EtsParameters const p = layout.parameters(place);
        with_model(model, [&]<bool error, bool trend, EtsSeason season>() {
            backward<error, trend, season>(fitter.y_, p, fitter.trace_, sums.squares, slopes);
        });
        layout.gradient(place, slopes, into);
    }
};

/// Gauss-Newton: the cost is about n/2 log of a sum of squared errors, so its Hessian is about n / sum times the
/// products of how the errors move with each parameter. That is measured by a small change of each; of the season
/// only for one figure, as the others act alike and hardly on one another.
void Fitter::guess_inverse_hessian(const EtsModel &model, const std::vector<double> &x, std::vector<double> &h) {
    Layout const layout(model, m_);
    std::size_t const d = layout.size, n = y_.size(), dense = layout.seasonal ? layout.season : d;
    auto const errors = [&](const std::vector<double> &at, std::vector<double> &into) {
        States states;
        layout.states(at, states);
        Sums const sums = run(model, layout.parameters(at), states);
        if (!std::isfinite(sums.squares)) return 0.0;
        for (std::size_t t = 0; t < n; ++t) {
            double const e = trace_.error[t];
            into[t] = model.multiplicative_error ? e / (y_[t] - e) : e;
        }
        return std::max(sums.squares, static_cast<double>(n) * perfect);
    };
    double const squares = errors(x, errors_);
    std::vector<std::vector<double>> moves;
    std::vector<double> at = x;
    for (std::size_t a = 0; a < dense + layout.seasonal; ++a) {
        double const change = x[a] > 0.5 ? -1e-4 : 1e-4;
        at[a] = x[a] + change;
        std::vector<double> move(n);
        if (errors(at, move) > 0)
            for (std::size_t t = 0; t < n; ++t) move[t] = (move[t] - errors_[t]) / change;
        else std::fill(move.begin(), move.end(), 1.0);
        moves.push_back(std::move(move));
        at[a] = x[a];
    }
    double const weight = static_cast<double>(n) / squares;
    auto const product = [&](std::size_t a, std::size_t b) {
        double sum = 0;
        for (std::size_t t = 0; t < n; ++t) sum += moves[a][t] * moves[b][t];
        return weight * sum;
    };
    std::vector<double> block(dense * dense);
    for (std::size_t a = 0; a < dense; ++a) {
        for (std::size_t b = 0; b < a; ++b) block[a * dense + b] = block[b * dense + a] = product(a, b);
        // Keeps the block regular, and first steps of alpha, beta, gamma and phi well within their ranges.
        block[a * dense + a] = product(a, a) * 1.001 + (a < layout.level ? 10.0 : 1e-3);
    }
    invert(block, dense);
    h.assign(d * d, 0.0);
    for (std::size_t a = 0; a < dense; ++a)
        for (std::size_t b = 0; b < dense; ++b) h[a * d + b] = block[a * dense + b];
    if (!layout.seasonal) return;
    double const figure = 1 / (product(dense, dense) + 1e-3);
    for (std::size_t a = dense; a < d; ++a) h[a * d + a] = figure;
}

/// The best optimum reached from each of the places (most often there is one).
Optimum Fitter::search(const EtsModel &model, const std::vector<std::vector<double>> &places, double tolerance) {
    Layout const layout(model, m_);
    Optimum best{model, {}, {}, {}, infinity, infinity};
    BfgsSpace space;
    space.lower.assign(layout.size, -infinity), space.upper.assign(layout.size, infinity);
    for (std::size_t a = 0; a < layout.level; ++a) space.lower[a] = 0, space.upper[a] = 1;
    space.lower[0] = least, space.upper[0] = most;
    Evaluation evaluation(*this, model);
    for (std::vector<double> x : places) {
        guess_inverse_hessian(model, x, space.inverse_hessian);
        double const cost =
            minimise_bfgs([&](std::span<const double> at) { return evaluation.cost(at); },
                          [&](std::span<double> into) { evaluation.gradient(into); }, x, space, {tolerance, 300});
        if (!(cost < best.cost)) continue;
        best.cost = evaluation.cost(x);
        best.parameters = layout.parameters(x);
        best.squares = evaluation.sums.squares;
        best.last = evaluation.states;
        layout.states(x, best.initial);
    }
    return best;
}

Optimum Fitter::fit(const EtsModel &model, const Optimum *simpler, bool thorough) {
    Layout const layout(model, m_);
    Evaluation evaluation(*this, model);
    std::vector<double> x(layout.size), at(layout.size);
    double cost = infinity;
    auto const consider = [&](double alpha) {
        at[0] = alpha;
        if (double const c = evaluation.cost(at); c < cost) cost = c, x = at;
    };
    std::vector<std::vector<double>> places;
    if (layout.seasonal) at[layout.gamma] = 0.05;
    if (layout.damped) at[layout.phi] = 0.9;
    layout.set_states(start(model), at);
    if (layout.trend) {
        at[layout.beta] = 0.9;
        for (double const alpha : {0.3, 0.9}) consider(alpha);
        at[layout.beta] = 0.1;
    }
    for (double const alpha : {0.02, 0.1, 0.3, 0.6, 0.9}) consider(alpha);
    if (simpler != nullptr && std::isfinite(simpler->cost)) {
        if (thorough && std::isfinite(cost)) {
            places.push_back(x);
            if (layout.damped) x[layout.phi] = 0.5, places.push_back(x);
            cost = infinity;
        }
        EtsParameters const &p = simpler->parameters;
        auto const share = [](double part, double whole) { return std::clamp(part / whole, 0.01, 1.0); };
        layout.set_states(simpler->initial, at);
        if (layout.trend) at[layout.beta] = share(p.beta - least, p.alpha - least + 1e-9);
        if (layout.seasonal) at[layout.gamma] = share(p.gamma - least, 1 - p.alpha);
        consider(p.alpha);
    }
    if (std::isfinite(cost)) places.push_back(x);
    return search(model, places, thorough ? 1e-7 : 1e-5);
}

}  // namespace analytics::core::ets
