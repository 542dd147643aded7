#include "core/series/acf.hpp"

#include "core/series/scaling.hpp"

#include <algorithm>
#include <cmath>

namespace analytics::core {

std::vector<double> autocorrelations(std::span<const double> y, std::size_t lags) {
    if (y.empty()) return {};
    std::vector<double> x = divided(y, size_of(y));
    std::size_t const n = x.size();
    double mean = 0, squares = 0;
    for (double const v : x) mean += v / static_cast<double>(n);
    for (double &v : x) v -= mean, squares += v * v;
    std::vector<double> r(std::min(lags, n - 1) + 1);
    r[0] = 1;
    if (!(squares > 1e-28 * static_cast<double>(n) * (1 + mean * mean))) return r;  // constant but for rounding
    for (std::size_t k = 1; k < r.size(); ++k) {
        double sum = 0;
        for (std::size_t t = k; t < n; ++t) sum += x[t] * x[t - k];
        r[k] = sum / squares;
    }
    return r;
}

bool season_shows(std::span<const double> y, std::size_t season) {
    if (season < 2 || y.size() / 3 < season) return false;
    std::vector<double> const r = autocorrelations(y, season);
    double sum = 1;
    for (std::size_t k = 1; k < season; ++k) sum += 2 * r[k] * r[k];
    return std::abs(r[season]) > 1.6448536269514722 * std::sqrt(sum / static_cast<double>(y.size()));
}

}  // namespace analytics::core
