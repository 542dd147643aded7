#include "core/forecast/ets_start.hpp"

#include <algorithm>

namespace analytics::core::ets {
namespace {

/// Centred moving average over one season; empty ends are filled with the nearest value. The mean if the series is
/// shorter than two seasons.
std::vector<double> smooth(std::span<const double> y, std::size_t m) {
    std::size_t const n = y.size(), half = m / 2;
    std::vector<double> trend(n);
    if (n < 2 * m) {
        double sum = 0;
        for (double const v : y) sum += v;
        std::fill(trend.begin(), trend.end(), sum / static_cast<double>(n));
        return trend;
    }
    bool const even = m % 2 == 0;
    for (std::size_t t = half; t + half < n; ++t) {
        double sum = 0;
        for (std::size_t i = t - half; i <= t + half; ++i) sum += y[i];
        if (even) sum -= (y[t - half] + y[t + half]) / 2;
        trend[t] = sum / static_cast<double>(m);
    }
    std::fill(trend.begin(), trend.begin() + static_cast<std::ptrdiff_t>(half), trend[half]);
    std::fill(trend.end() - static_cast<std::ptrdiff_t>(half), trend.end(), trend[n - half - 1]);
    return trend;
}

std::vector<double> season_figures(std::span<const double> y, std::size_t m, EtsSeason season) {
    bool const factors = season == EtsSeason::multiplicative;
    std::vector<double> const trend = smooth(y, m);
    std::size_t const half = y.size() < 2 * m ? 0 : m / 2;
    std::vector<double> figures(m), counts(m);
    for (std::size_t t = half; t + half < y.size(); ++t) {
        figures[t % m] += factors ? y[t] / trend[t] : y[t] - trend[t];
        counts[t % m] += 1;
    }
    double sum = 0;
    for (std::size_t j = 0; j < m; ++j) {
        figures[j] = counts[j] > 0 ? figures[j] / counts[j] : (factors ? 1.0 : 0.0);
        if (factors) figures[j] = std::max(figures[j], 0.01);
        sum += figures[j];
    }
    double const mean = sum / static_cast<double>(m);
    for (double &s : figures) s = factors ? s / mean : s - mean;
    return figures;
}

}  // namespace

States start_states(std::span<const double> y, std::size_t m, EtsTrend trend, EtsSeason season) {
    States states;
    if (season != EtsSeason::none) states.season = season_figures(y, m, season);
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
