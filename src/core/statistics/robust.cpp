#include "core/statistics/robust.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace analytics::core {
namespace {

void require_values(std::span<const double> x) {
    if (x.empty()) throw std::invalid_argument("no values");
}

std::vector<double> copy(std::span<const double> x) { return {x.begin(), x.end()}; }

/// Pairwise, of x times the factor.
double sum(std::span<const double> x, double factor) {
    if (x.size() > 64) return sum(x.first(x.size() / 2), factor) + sum(x.subspan(x.size() / 2), factor);
    double total = 0;
    for (double const v : x) total += v * factor;
    return total;
}

}  // namespace

double median(std::span<const double> x) {
    std::vector<double> values = copy(x);
    return median_in_place(values);
}

double median_in_place(std::span<double> x) {
    require_values(x);
    auto const middle = x.begin() + static_cast<std::ptrdiff_t>(x.size() / 2);
    std::nth_element(x.begin(), middle, x.end());
    if (x.size() % 2 == 1) return *middle;
    return *std::max_element(x.begin(), middle) / 2 + *middle / 2;  // the sum may overflow
}

double quantile7(std::span<const double> x, double p) {
    std::vector<double> values = copy(x);
    return quantile7_in_place(values, p);
}

double quantile7_in_place(std::span<double> x, double p) {
    require_values(x);
    if (!(p >= 0 && p <= 1)) throw std::invalid_argument("a quantile needs 0 <= p <= 1");
    double const at = p * static_cast<double>(x.size() - 1);
    auto const below = x.begin() + static_cast<std::ptrdiff_t>(at);
    std::nth_element(x.begin(), below, x.end());
    double const part = at - std::floor(at);
    if (part == 0) return *below;
    return *below * (1 - part) + *std::min_element(below + 1, x.end()) * part;
}

double quantile7_sorted(std::span<const double> x, double p) {
    require_values(x);
    if (!(p >= 0 && p <= 1)) throw std::invalid_argument("a quantile needs 0 <= p <= 1");
    double const at = p * static_cast<double>(x.size() - 1), part = at - std::floor(at);
    auto const below = static_cast<std::size_t>(at);
    return part == 0 ? x[below] : x[below] * (1 - part) + x[below + 1] * part;
}

double mad(std::span<const double> x) { return mad_about(x, median(x)); }

double mad_about(std::span<const double> x, double centre) {
    std::vector<double> distance = copy(x);
    for (double &d : distance) d = std::abs(d - centre);
    return 1.4826 * median_in_place(distance);
}

double trimmed_mean(std::span<const double> x, double share) {
    require_values(x);
    if (!(share >= 0 && share < 0.5)) throw std::invalid_argument("a trimmed mean needs 0 <= share < 0.5");
    std::vector<double> values = copy(x);
    std::sort(values.begin(), values.end());
    auto const cut = static_cast<std::size_t>(share * static_cast<double>(values.size()));
    return mean(std::span(values).subspan(cut, values.size() - 2 * cut));
}

double clipped_mean(std::span<const double> x, double centre, double reach) {
    require_values(x);
    std::vector<double> values = copy(x);
    for (double &v : values) v = std::clamp(v, centre - std::abs(reach), centre + std::abs(reach));
    return mean(values);
}

double mean(std::span<const double> x) {
    require_values(x);
    auto const n = static_cast<double>(x.size());
    double const total = sum(x, 1);
    return std::isfinite(total) ? total / n : sum(x, 1 / n);
}

}  // namespace analytics::core
