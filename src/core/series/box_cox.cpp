#include "core/series/box_cox.hpp"

#include "core/series/scaling.hpp"

#include <boost/math/tools/minima.hpp>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

namespace analytics::core {

namespace {

struct Stretch {
    double mean, deviation;
};

// Standard deviation over mean.
double variation(std::span<const double> x) {
    double sum = 0, squares = 0;
    auto const n = static_cast<double>(x.size());
    for (double v : x) sum += v;
    for (double v : x) squares += (v - sum / n) * (v - sum / n);
    return std::sqrt(squares / (n - 1)) / (sum / n);
}

}  // namespace

std::optional<double> guerrero_lambda(std::span<const double> y, std::size_t season) {
    if (season < 1) throw std::invalid_argument("the season must be at least 1 point");
    std::vector<double> const values = divided(y, size_of(y));
    if (values.size() <= 2 * season) return 1;
    std::size_t const length = std::max<std::size_t>(2, season), count = values.size() / length;
    if (count < 2) return 1;
    std::vector<Stretch> stretches;
    for (std::size_t first = values.size() - count * length; first < values.size(); first += length) {
        double sum = 0, squares = 0;
        auto const n = static_cast<double>(length);
        for (std::size_t i = 0; i < length; ++i) sum += values[first + i];
        for (std::size_t i = 0; i < length; ++i)
            squares += (values[first + i] - sum / n) * (values[first + i] - sum / n);
        if (!(sum > 0)) return std::nullopt;
        stretches.push_back({sum / n, std::sqrt(squares / (n - 1))});
    }
    std::vector<double> ratios(count);
    auto const cost = [&](double lambda) {
        for (std::size_t i = 0; i < count; ++i)
            ratios[i] = stretches[i].deviation / std::pow(stretches[i].mean, 1 - lambda);
        return variation(ratios);
    };
    bool const positive = *std::min_element(values.begin(), values.end()) > 0;
    double const lower = positive ? -1 : 0;
    auto const [lambda, least] = boost::math::tools::brent_find_minima(cost, lower, 2.0, 20);
    if (!std::isfinite(least)) return std::nullopt;
    return lambda;
}

}  // namespace analytics::core
