#include "core/series/gaps.hpp"

#include <cmath>

namespace analytics::core {

std::vector<double> without_gaps(std::span<const double> series) {
    std::vector<double> filled(series.begin(), series.end());
    std::size_t last = filled.size();  // the last value that is there; size: none yet
    for (std::size_t i = 0; i < filled.size(); ++i) {
        if (std::isnan(series[i])) continue;
        if (last == filled.size()) {
            for (std::size_t k = 0; k < i; ++k) filled[k] = series[i];
        } else {
            for (std::size_t k = last + 1; k < i; ++k) {
                double const share = static_cast<double>(k - last) / static_cast<double>(i - last);
                filled[k] = series[last] * (1 - share) + series[i] * share;
            }
        }
        last = i;
    }
    for (std::size_t k = last + 1; k < filled.size(); ++k) filled[k] = filled[last];
    return filled;
}

}  // namespace analytics::core
