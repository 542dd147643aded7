#include "core/series/mstl.hpp"

#include "core/forecast/ets.hpp"
#include "core/series/loess.hpp"
#include "core/series/scaling.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <stdexcept>

namespace analytics::core {

MstlParts mstl(std::span<const double> y, std::span<const int> lengths, bool robust, const Stop &stop,
               MiddleSum middle_sum) {
    double const size = size_of(y);
    std::size_t const n = y.size();
    MstlParts parts;
    parts.lengths.assign(lengths.begin(), lengths.end());
    parts.seasons.assign(lengths.size(), std::vector<double>(n));
    parts.trend.resize(n);

    std::vector<std::size_t> order;  // of those that fit, shortest first
    for (std::size_t i = 0; i < lengths.size(); ++i) {
        if (lengths[i] < 2) throw std::invalid_argument("a season needs at least 2 points");
        if (std::count(lengths.begin(), lengths.end(), lengths[i]) > 1)
            throw std::invalid_argument("a season is given twice");
        if (static_cast<std::size_t>(lengths[i]) <= (n - 1) / 2) order.push_back(i);
    }
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return lengths[a] < lengths[b]; });

    std::vector<double> rest = divided(y, size);
    if (order.empty()) {
        Loess line;
        line.window = std::max<std::size_t>(7, n / 3) | 1;
        line.jump = (line.window + 9) / 10;
        LoessSmoother(stop).smooth(rest, line, {}, parts.trend);
    }
    for (int round = 0; round < (order.size() > 1 ? 2 : 1); ++round)
        for (std::size_t i = 0; i < order.size(); ++i) {
            std::vector<double> &season = parts.seasons[order[i]];
            for (std::size_t t = 0; t < n; ++t) rest[t] += season[t];
            StlOptions options;
            options.season_window = 7 + 4 * static_cast<int>(i + 1);
            options.robust = robust, options.middle_sum = middle_sum;
            StlParts found = stl(rest, lengths[order[i]], options, stop);
            season = std::move(found.season), parts.trend = std::move(found.trend);
            for (std::size_t t = 0; t < n; ++t) rest[t] -= season[t];
        }
    for (std::size_t t = 0; t < n; ++t) rest[t] = (rest[t] - parts.trend[t]) * size, parts.trend[t] *= size;
    for (std::vector<double> &season : parts.seasons)
        for (double &v : season) v *= size;
    parts.remainder = std::move(rest);
    return parts;
}

ModelForecast forecast_mstl(std::span<const double> y, std::span<const int> lengths, int horizon, const Stop &stop) {
    double const size = size_of(y);
    std::vector<double> const values = divided(y, size);
    MstlParts const parts = mstl(values, lengths, false, stop);
    std::size_t const n = values.size();
    std::vector<double> adjusted(n);
    for (std::size_t t = 0; t < n; ++t) adjusted[t] = parts.trend[t] + parts.remainder[t];
    ModelForecast forecast = forecast_ets(auto_ets(adjusted, 1, {}, stop), horizon);
    constexpr double largest = std::numeric_limits<double>::max();
    for (std::size_t i = 0; i < forecast.mean.size(); ++i) {
        for (std::size_t s = 0; s < parts.lengths.size(); ++s) {
            auto const m = static_cast<std::size_t>(parts.lengths[s]);
            if (m <= n) forecast.mean[i] += parts.seasons[s][n - m + i % m];
        }
        forecast.mean[i] = std::clamp(forecast.mean[i] * size, -largest, largest);
        forecast.deviation[i] = std::min(forecast.deviation[i] * size, largest);
    }
    return forecast;
}

}  // namespace analytics::core
