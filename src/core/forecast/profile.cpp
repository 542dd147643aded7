#include "core/forecast/profile.hpp"

#include "core/forecast/robust_level.hpp"
#include "core/forecast/seasonal_means.hpp"

#include <algorithm>
#include <cmath>

namespace analytics::core {

namespace {

// Decayed means of deviations per phase, shrunk to zero as far as they could be chance.
std::vector<double> shrunk_figures(std::span<const double> deviations, std::size_t season, double decay) {
    std::size_t const n = deviations.size();
    std::vector<double> figures(season, 0), weights(season, 0), squares(season, 0);
    for (std::size_t i = 0; i < n; ++i) {
        std::size_t const seasons_ago = (n - 1 - i) / season;
        double const w = std::pow(decay, static_cast<double>(seasons_ago));
        figures[i % season] += w * deviations[i];
        weights[i % season] += w, squares[i % season] += w * w;
    }
    double middle = 0;
    for (std::size_t k = 0; k < season; ++k) {
        if (weights[k] > 0) figures[k] /= weights[k];
        middle += figures[k] / static_cast<double>(season);
    }
    double within = 0, between = 0, noise = 0;
    for (std::size_t i = 0; i < n; ++i) {
        double const d = deviations[i] - figures[i % season];
        within += d * d;
    }
    for (std::size_t k = 0; k < season; ++k) {
        figures[k] -= middle;
        between += figures[k] * figures[k];
        noise += weights[k] > 0 ? squares[k] / (weights[k] * weights[k]) : 1;
    }
    double share = 0.9;  // of a single season
    if (n > season)
        share = between > 0 ? std::max(0.0, 1 - within / static_cast<double>(n - season) * noise / between) : 0;
    for (double &x : figures) x *= share;
    return figures;
}

// The week over points of a day, where the history holds so many days.
std::size_t week_from(std::size_t days, std::size_t season, std::size_t points) {
    for (std::size_t day : {24, 48, 72, 96, 144, 288})
        if (season == day) return points >= days * season ? 7 * season : 0;
    return 0;
}

// With weeks begun a second time their figures are worth having in the mean profile.
std::size_t begun_week_of(std::size_t season, std::size_t points) { return week_from(8, season, points); }

constexpr double share_without_week = 0.4;  // of the double seasonal forecast, where it does not know the week yet

Prediction mean_profile(std::span<const double> y, std::size_t season, std::size_t week, std::size_t horizon,
                        const Stop &stop) {
    std::size_t const n = y.size();
    Prediction result{{}, Transform(y, 1), {}, n};
    std::vector<double> const z = result.transform.forward(y);
    std::vector<double> rest = z;
    std::vector<double> const base = local_mean(z, week > 0 ? week : season);
    for (std::size_t i = 0; i < n; ++i) rest[i] -= base[i];
    std::vector<double> const day = shrunk_figures(rest, season, 0.9);
    for (std::size_t i = 0; i < n; ++i) rest[i] -= day[i % season];
    std::vector<double> const days = week > 0 ? shrunk_figures(rest, week, 0.7) : std::vector<double>{0};
    auto const figure = [&](std::size_t i) { return day[i % season] + days[i % days.size()]; };
    for (std::size_t i = 0; i < n; ++i) rest[i] = z[i] - figure(i);

    LevelOptions options;
    options.smoothing = {0.002, 0.01, 0.03, 0.1, 0.3, 0.8};
    options.patience = 20;
    options.buckets = {1, season / 8, season / 4, season / 2, season};
    options.first_origin = 3 * season;
    options.trend = false;
    LevelForecast level = forecast_level(rest, horizon, options, stop);
    for (std::size_t k = 0; k < horizon; ++k)
        result.value.push_back(result.transform.back(level.value[k] + figure(n + k)));
    result.residuals = std::move(level.residuals);
    result.drift = level.drift;
    return result;
}

}  // namespace

std::size_t week_of(std::size_t season, std::size_t points) { return week_from(14, season, points); }

std::span<const double> recent_profile(std::span<const double> y, std::size_t season) {
    std::size_t const most = week_of(season, y.size()) > 0 ? 84 * season : 40 * season;  // 12 weeks of days
    return y.size() > most ? y.last(most) : y;
}

Prediction forecast_mean_profile(std::span<const double> y, std::size_t season, std::size_t horizon, const Stop &stop) {
    y = recent_profile(y, season);
    std::size_t const week = week_of(season, y.size()), begun = begun_week_of(season, y.size());
    Prediction result = mean_profile(y, season, week, horizon, stop);
    // Figures that were seen once fit what they come from: the errors to be expected are those without them.
    if (begun != week) result.value = mean_profile(y, season, begun, horizon, stop).value;
    return result;
}

Prediction forecast_profile(std::span<const double> y, std::size_t season, std::size_t horizon, const Stop &stop) {
    y = recent_profile(y, season);
    Prediction result = forecast_double_seasonal(y, season, horizon, stop);
    Prediction const other = forecast_mean_profile(y, season, horizon, stop);
    bool const week_in_one = week_of(season, y.size()) != begun_week_of(season, y.size());
    double const share = week_in_one ? share_without_week : 0.5;
    for (std::size_t k = 0; k < horizon; ++k) result.value[k] = share * result.value[k] + (1 - share) * other.value[k];
    return result;
}

}  // namespace analytics::core
