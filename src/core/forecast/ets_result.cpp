#include "core/forecast/ets_result.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace analytics::core::ets {
namespace {

constexpr double most_alpha = 0.9999;

/// What of the season belongs to the level: an additive season is to sum to nothing, factors to have mean 1.
double surplus(const States &states, EtsSeason season) {
    double sum = 0;
    for (double const s : states.season) sum += s;
    if (season == EtsSeason::none) return 0;
    return sum / static_cast<double>(states.season.size());
}

/// The state with `moved` put from the season into level and slope, which changes no forecast; units restored.
EtsState public_state(const States &states, std::size_t first, EtsSeason season, double moved, double scale) {
    bool const factors = season == EtsSeason::multiplicative;
    double const unit = factors ? scale * moved : scale;
    EtsState result{(factors ? states.level * moved : states.level + moved) * scale, states.slope * unit, {}};
    std::size_t const m = states.season.size();
    for (std::size_t i = 0; i < m; ++i) {
        double const s = states.season[(first + i) % m];
        result.season.push_back(factors ? s / moved : (s - moved) * scale);
    }
    return result;
}

}  // namespace

std::size_t parameter_count(const EtsModel &model, std::size_t m) {
    return 3 + (model.trend == EtsTrend::none ? 0 : 2) + (model.trend == EtsTrend::damped ? 1 : 0) +
           (model.season == EtsSeason::none ? 0 : m);
}

bool season_fits(int season, std::size_t n) {
    return season >= 2 && season <= 24 && n > static_cast<std::size_t>(season);
}

double aicc_of(double cost, std::size_t n, std::size_t k) {
    if (n < k + 2) return std::numeric_limits<double>::infinity();
    auto const points = static_cast<double>(n), count = static_cast<double>(k);
    return 2 * cost + 2 * count + 2 * count * (count + 1) / (points - count - 1);
}

EtsFit finish(const Optimum &optimum, std::span<const double> y, std::size_t m, double scale) {
    EtsFit fit;
    std::size_t const n = y.size();
    fit.model = optimum.model;
    fit.season = optimum.model.season == EtsSeason::none ? 1 : static_cast<int>(m);
    fit.parameters = optimum.parameters;
    double const moved = surplus(optimum.initial, optimum.model.season);
    fit.initial = public_state(optimum.initial, 0, optimum.model.season, moved, scale);
    fit.last = public_state(optimum.last, n, optimum.model.season, moved, scale);
    fit.n = n;
    auto const count = static_cast<double>(n);
    double const cost = optimum.cost + count * std::log(scale);
    std::size_t const k = parameter_count(optimum.model, m);
    fit.log_likelihood = -cost;
    fit.aicc = aicc_of(cost, n, k);
    double const squares = optimum.squares <= count * perfect ? 0.0 : optimum.squares;
    double const variance = squares / (n > k - 1 ? count - static_cast<double>(k - 1) : 1.0);
    fit.sigma = std::sqrt(variance) * (optimum.model.multiplicative_error ? 1 : scale);
    auto const [low, high] = std::minmax_element(y.begin(), y.end());
    fit.range = std::min((*high - *low) * scale, std::numeric_limits<double>::max());
    return fit;
}

Optimum level_only(std::span<const double> y) {
    Optimum optimum{EtsModel{}, {most_alpha, 0, 0, 1}, {y[0], 0, {}}, {y[0], 0, {}}, 0, 0};
    for (double const v : y) {
        double const e = v - optimum.last.level;
        optimum.squares += e * e;
        optimum.last.level += most_alpha * e;
    }
    Sums sums{optimum.squares, 0};
    optimum.cost = cost_of(sums, y.size());
    return optimum;
}

}  // namespace analytics::core::ets
