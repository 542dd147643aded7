#include "core/series/season_figures.hpp"

#include <cmath>

namespace analytics::core {

std::vector<double> season_figures(std::span<const double> y, std::size_t season, bool factors) {
    std::size_t const n = y.size(), m = season, half = n < 2 * m ? 0 : m / 2;
    std::vector<double> figures(m), counts(m);
    double total = 0;
    for (double const v : y) total += v;
    double const mean = n > 0 ? total / static_cast<double>(n) : 0;
    double window = 0;
    auto const restart = [&](std::size_t t) {
        window = 0;
        for (std::size_t i = t - half; i <= t + half; ++i) window += y[i];
    };
    for (std::size_t t = half; t + half < n; ++t) {
        double level = mean;
        if (half > 0) {
            // A running sum, begun anew now and then so that rounding does not pile up.
            if ((t - half) % 64 == 0) restart(t);
            else window += y[t + half] - y[t - half - 1];
            double const ends = m % 2 == 0 ? (y[t - half] + y[t + half]) / 2 : 0.0;
            level = (window - ends) / static_cast<double>(m);
        }
        double const figure = factors ? y[t] / level : y[t] - level;
        if (!std::isfinite(figure)) continue;
        figures[t % m] += figure, counts[t % m] += 1;
    }
    double sum = 0;
    for (std::size_t j = 0; j < m; ++j) {
        figures[j] = counts[j] > 0 ? figures[j] / counts[j] : (factors ? 1.0 : 0.0);
        sum += figures[j];
    }
    double const middle = sum / static_cast<double>(m);
    if (factors && !(middle > 0)) return std::vector<double>(m, 1.0);
    for (double &s : figures) s = factors ? s / middle : s - middle;
    return figures;
}

}  // namespace analytics::core
