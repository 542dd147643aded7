#include "core/forecast/naive.hpp"

#include <algorithm>

namespace analytics::core {

Prediction forecast_naive(std::span<const double> y, std::size_t season, std::size_t horizon) {
    std::size_t const n = y.size(), lag = n >= season ? season : 1, steps = std::min<std::size_t>(horizon, 100);
    auto const ahead = [&](std::size_t origin, std::size_t k) { return y[origin + 1 - lag + k % lag]; };
    Prediction result{{}, Transform(y, 2), {}, n};
    result.drift = lag == 1 ? 1 : 1 / static_cast<double>(lag);
    for (std::size_t k = 0; k < horizon; ++k) result.value.push_back(ahead(n - 1, k));
    for (std::size_t origin = n - 1; origin-- > lag - 1 && result.residuals.size() < 200;) {
        std::vector<double> &row = result.residuals.emplace_back();
        for (std::size_t k = 0; k < std::min(steps, n - 1 - origin); ++k)
            row.push_back(result.transform.forward(y[origin + 1 + k]) - result.transform.forward(ahead(origin, k)));
    }
    return result;
}

}  // namespace analytics::core
