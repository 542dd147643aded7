#include "core/forecast/year_hint.hpp"

#include "core/statistics/robust.hpp"

#include <algorithm>
#include <cmath>

namespace analytics::core {

namespace {

constexpr double belief = 0.6;

// The median over [from, to) one, two, ... years before, as far as the history goes.
double level_about(std::span<const double> x, std::ptrdiff_t from, std::ptrdiff_t to, std::ptrdiff_t year) {
    std::vector<double> values;
    std::ptrdiff_t const n = static_cast<std::ptrdiff_t>(x.size());
    for (std::ptrdiff_t back = year; to - back > 0; back += year)
        for (std::ptrdiff_t i = std::max<std::ptrdiff_t>(from - back, 0); i < std::min(to - back, n); ++i)
            values.push_back(x[static_cast<std::size_t>(i)]);
    return median_in_place(values);
}

}  // namespace

std::vector<double> year_hint(std::span<const double> x, std::size_t horizon, std::size_t year) {
    std::vector<double> hint(horizon, 0);
    if (x.size() < year || x.size() < 28) return hint;
    std::ptrdiff_t const n = static_cast<std::ptrdiff_t>(x.size()), period = static_cast<std::ptrdiff_t>(year);
    double low = HUGE_VAL, high = -HUGE_VAL;
    std::size_t const oldest = x.size() > year + 28 ? x.size() - year - 28 : 0;
    for (std::size_t i = oldest; i + 28 <= x.size(); i += 14) {
        double const level = median(x.subspan(i, 28));
        low = std::min(low, level), high = std::max(high, level);
    }
    if (!(high > low)) return hint;
    double const today = median(x.last(14));
    double const then = median(x.subspan(x.size() > year ? x.size() - year : 0, 14));
    double const trust = belief * std::max(0.0, 1 - std::abs(today - then) / (high - low));
    double const base = level_about(x, n - 7, n + 7, period);
    for (std::size_t k = 0; k < horizon; ++k) {
        std::ptrdiff_t const at = n + static_cast<std::ptrdiff_t>(k % year);
        hint[k] = trust * (level_about(x, at - 7, at + 8, period) - base);
    }
    return hint;
}

}  // namespace analytics::core
