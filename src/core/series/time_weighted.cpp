#include "core/series/time_weighted.hpp"

#include <algorithm>
#include <stdexcept>

namespace analytics::core {

double time_weighted_average(std::vector<TimedValue> &points) {
    if (points.empty()) throw std::invalid_argument("a time-weighted average needs a value");
    // By value too, so that sums do not depend on the order in which they came.
    std::sort(points.begin(), points.end(),
              [](const TimedValue &a, const TimedValue &b) { return a.at != b.at ? a.at < b.at : a.value < b.value; });
    auto const whole = static_cast<double>(points.back().at) - static_cast<double>(points.front().at);
    double average = 0;
    for (std::size_t i = 0; i < points.size();) {
        std::size_t next = i;
        double mean = 0;
        for (; next < points.size() && points[next].at == points[i].at; ++next)
            mean += (points[next].value - mean) / static_cast<double>(next - i + 1);
        if (next == points.size()) return whole > 0 ? average : mean;
        double const held = static_cast<double>(points[next].at) - static_cast<double>(points[i].at);
        average += mean * (held / whole);
        i = next;
    }
    return average;
}

}  // namespace analytics::core
