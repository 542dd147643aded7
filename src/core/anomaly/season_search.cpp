#include "core/anomaly/season_search.hpp"

#include "core/statistics/robust.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace analytics::core {
namespace {

constexpr std::size_t most_months = 500;

double autocorrelation(const std::vector<double> &centred, double squares, std::size_t lag) {
    double products = 0;
    for (std::size_t i = lag; i < centred.size(); ++i) products += centred[i] * centred[i - lag];
    return products / squares;
}

}  // namespace

std::size_t find_season(std::span<const double> x) {
    if (x.size() < 21) return 0;
    std::vector<double> values(x.begin(), x.end());
    double const low = quantile7(x, 0.02), high = quantile7(x, 0.98);
    for (double &v : values) v = std::clamp(v, low, high);
    double const centre = mean(values);
    double squares = 0;
    for (double &v : values) v -= centre, squares += v * v;
    if (!(squares > 0)) return 0;

    std::size_t best = 0;
    double best_gain = 0;
    for (std::size_t const season : {24, 48, 96, 144, 288, 7, 12}) {
        if (3 * season > values.size() || (season == year_of_months && values.size() > most_months)) continue;
        double const same = autocorrelation(values, squares, season);
        double const other =
            std::max(autocorrelation(values, squares, season / 2), autocorrelation(values, squares, 3 * season / 4));
        double const noise = 3 / std::sqrt(static_cast<double>(values.size()));
        double const gain = same - std::max(0.0, other);
        if (same > std::max(0.15, noise) && gain > std::max(0.1, noise) && gain > best_gain)
            best = season, best_gain = gain;
    }
    return best;
}

}  // namespace analytics::core
