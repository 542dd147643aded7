#include "core/series/scaling.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace analytics::core {

double size_of(std::span<const double> y) {
    if (y.empty()) throw std::invalid_argument("a series must have at least one value");
    double largest = 0;
    for (double const v : y) {
        if (!std::isfinite(v)) throw std::invalid_argument("a series must consist of finite values");
        largest = std::max(largest, std::abs(v));
    }
    if (!(largest > 0)) return 1;
    double sum = 0;
    for (double const v : y) sum += std::abs(v / largest);
    double const power = std::floor(std::log2(largest) + std::log2(sum / static_cast<double>(y.size())));
    return std::exp2(std::clamp(power, -1000.0, 1000.0));
}

std::vector<double> divided(std::span<const double> y, double by) {
    std::vector<double> values(y.begin(), y.end());
    for (double &v : values) v /= by;
    return values;
}

}  // namespace analytics::core
