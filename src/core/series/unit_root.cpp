#include "core/series/unit_root.hpp"

#include "core/series/mstl.hpp"
#include "core/series/scaling.hpp"
#include "core/statistics/robust.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace analytics::core {

namespace {

bool constant(std::span<const double> y) {
    return std::all_of(y.begin(), y.end(), [&](double v) { return v == y.front(); });
}

double variance(std::span<const double> y) {
    double const centre = mean(y);
    double sum = 0;
    for (double v : y) sum += (v - centre) * (v - centre);
    return sum;
}

}  // namespace

double kpss_level(std::span<const double> y) {
    std::vector<double> rest = divided(y, size_of(y));
    double const centre = mean(rest);
    auto const n = static_cast<double>(rest.size());
    double squares = 0, sum = 0, wandering = 0;
    for (double &v : rest) {
        v -= centre;
        squares += v * v;
        sum += v;
        wandering += sum * sum;
    }
    if (!(squares > 0)) return 0;
    auto const lags = static_cast<std::size_t>(3 * std::sqrt(n) / 13);
    double long_run = squares;
    for (std::size_t k = 1; k <= lags; ++k) {
        double product = 0;
        for (std::size_t t = k; t < rest.size(); ++t) product += rest[t] * rest[t - k];
        long_run += 2 * (1 - static_cast<double>(k) / static_cast<double>(lags + 1)) * product;
    }
    return wandering / (n * long_run);
}

int first_differences(std::span<const double> y, int most) {
    constexpr double critical = 0.463;  // 5 % in table 1 of Kwiatkowski et al.
    std::vector<double> rest(y.begin(), y.end());
    for (int d = 0; d < most; ++d) {
        if (rest.size() < 2 || constant(rest) || !(kpss_level(rest) > critical)) return d;
        for (std::size_t t = 0; t + 1 < rest.size(); ++t) rest[t] = rest[t + 1] - rest[t];
        rest.pop_back();
    }
    return most;
}

double seasonal_strength(std::span<const double> y, int season, const Stop &stop) {
    if (constant(y)) return 0;
    MstlParts const parts = mstl(divided(y, size_of(y)), std::array{season}, false, stop);
    std::vector<double> both = parts.remainder;
    for (std::size_t t = 0; t < both.size(); ++t) both[t] += parts.seasons[0][t];
    double const whole = variance(both);
    return whole > 0 ? std::clamp(1 - variance(parts.remainder) / whole, 0.0, 1.0) : 0;
}

bool needs_seasonal_difference(std::span<const double> y, int season, const Stop &stop) {
    return y.size() > 2 * static_cast<std::size_t>(season) && seasonal_strength(y, season, stop) > 0.64;
}

}  // namespace analytics::core
