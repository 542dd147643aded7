#include "core/statistics/false_discovery.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <stdexcept>

namespace analytics::core {
namespace {

/// The indices of the tests, smallest p first.
std::vector<std::size_t> by_p(std::span<const double> p) {
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < p.size(); ++i) {
        if (std::isnan(p[i])) continue;
        if (!(p[i] >= 0 && p[i] <= 1)) throw std::invalid_argument("a p-value must be between 0 and 1");
        order.push_back(i);
    }
    std::sort(order.begin(), order.end(),
              [&](std::size_t a, std::size_t b) { return p[a] != p[b] ? p[a] < p[b] : a < b; });
    return order;
}

std::vector<double> step_up(std::span<const double> p, const std::vector<std::size_t> &order, double factor) {
    std::vector<double> q(p.begin(), p.end());
    auto const k = static_cast<double>(order.size());
    double least = 1;
    for (std::size_t rank = order.size(); rank-- > 0;)
        q[order[rank]] = least = std::min(least, p[order[rank]] * (factor * k / static_cast<double>(rank + 1)));
    return q;
}

}  // namespace

std::vector<double> benjamini_hochberg(std::span<const double> p) { return step_up(p, by_p(p), 1); }

std::vector<double> benjamini_yekutieli(std::span<const double> p) {
    std::vector<std::size_t> const order = by_p(p);
    double harmonic = 0;
    for (std::size_t i = order.size(); i > 0; --i) harmonic += 1 / static_cast<double>(i);
    return step_up(p, order, harmonic);
}

std::vector<double> holm(std::span<const double> p) {
    std::vector<double> adjusted(p.begin(), p.end());
    std::vector<std::size_t> const order = by_p(p);
    double largest = 0;
    for (std::size_t rank = 0; rank < order.size(); ++rank)
        adjusted[order[rank]] = largest =
            std::min(1.0, std::max(largest, p[order[rank]] * static_cast<double>(order.size() - rank)));
    return adjusted;
}

}  // namespace analytics::core
