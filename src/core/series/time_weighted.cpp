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
    double average = 0;  // until here; a running one, so that equal values have exactly this average
    for (std::size_t i = 0; i < points.size();) {
        std::size_t next = i;
        double mean = 0;
        for (; next < points.size() && points[next].at == points[i].at; ++next) {
            auto const count = static_cast<double>(next - i + 1);
            mean += points[next].value / count - mean / count;  // the difference itself may be too large for a double
        }
        if (next == points.size()) return whole > 0 ? average : mean;
        auto const until = static_cast<double>(points[next].at), since = static_cast<double>(points[i].at);
        double const share = (until - since) / (until - static_cast<double>(points.front().at));
        average += mean * share - average * share;
        i = next;
    }
    return average;
}

}  // namespace analytics::core
