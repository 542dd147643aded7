#include "core/forecast/ets_start.hpp"

#include "core/series/season_figures.hpp"

#include <algorithm>

namespace analytics::core::ets {
States start_states(std::span<const double> y, std::size_t m, EtsTrend trend, EtsSeason season) {
    States states;
    if (season != EtsSeason::none) states.season = season_figures(y, m, season == EtsSeason::multiplicative);
    if (season == EtsSeason::multiplicative)
        for (double &s : states.season) s = std::max(s, 0.01);
    std::size_t const first = std::min(std::max<std::size_t>(10, 2 * m), y.size());
    double sum = 0, moment = 0, squares = 0;
    double const middle = (static_cast<double>(first) + 1) / 2;
    for (std::size_t t = 0; t < first; ++t) {
        double v = y[t];
        if (season == EtsSeason::additive) v -= states.season[t % m];
        if (season == EtsSeason::multiplicative) v /= states.season[t % m];
        double const at = static_cast<double>(t) + 1 - middle;
        sum += v, moment += at * v, squares += at * at;
    }
    states.level = sum / static_cast<double>(first);
    if (trend == EtsTrend::none) return states;
    states.slope = squares > 0 ? moment / squares : 0.0;
    states.level -= states.slope * middle;
    return states;
}

}  // namespace analytics::core::ets
