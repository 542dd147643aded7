#include "core/series/season.hpp"

#include "core/forecast/seasonal_means.hpp"
#include "core/statistics/distributions.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace analytics::core {

namespace {

struct Pattern {
    double strength = 0;  // adjusted R squared
    bool significant = false;
};

Pattern pattern(std::span<const double> y, std::size_t season) {
    std::vector<double> const level = local_mean(y, season);
    std::vector<double> sums(season, 0), squares(season, 0), counts(season, 0);
    for (std::size_t i = 0; i < y.size(); ++i) {
        double const d = y[i] - level[i];
        sums[i % season] += d, squares[i % season] += d * d, counts[i % season] += 1;
    }
    double within = 0, between = 0, total = 0;
    for (std::size_t k = 0; k < season; ++k) {
        double const centre = sums[k] / counts[k];
        within += std::max(0.0, squares[k] - counts[k] * centre * centre);
        between += counts[k] * centre * centre;
        total += squares[k];
    }
    if (!(total > 0) || !(between > 0)) return {};
    double const free_between = static_cast<double>(season - 1), free_within = static_cast<double>(y.size() - season);
    double const noise = within / free_within, f = noise > 0 ? between / free_between / noise : HUGE_VAL;
    // F's upper tail by the beta quantile: x = b f / (b f + w) is beta(b/2, w/2).
    double const x = std::isinf(f) ? 1 : free_between * f / (free_between * f + free_within);
    double const left = noise * static_cast<double>(y.size() - 1) / total;
    return {1 - left, x >= beta_quantile(0.98, free_between / 2, free_within / 2)};
}

}  // namespace

std::size_t find_season(std::span<const double> y, std::initializer_list<std::size_t> candidates) {
    if (y.size() > 2000) y = y.last(2000);
    std::size_t found = 1;
    double best = 0;
    for (std::size_t season : candidates) {
        if (season < 2 || y.size() < 2 * season || y.size() <= season + 2) continue;
        Pattern const p = pattern(y, season);
        if (!p.significant || p.strength < 0.05) continue;
        // A multiple shows the pattern of its part too: it must leave less unexplained; others clearly less.
        double const needed = season % found == 0 ? 0.97 : 0.8;
        if (found == 1 || 1 - p.strength < needed * (1 - best)) found = season, best = p.strength;
    }
    return found;
}

}  // namespace analytics::core
