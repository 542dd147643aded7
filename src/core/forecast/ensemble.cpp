#include "core/forecast/ensemble.hpp"

#include "core/forecast/robust_level.hpp"
#include "core/forecast/seasonal_means.hpp"
#include "core/forecast/year_hint.hpp"
#include "core/statistics/robust.hpp"

#include <algorithm>
#include <cmath>

namespace analytics::core {

namespace {

constexpr std::size_t most_points = 1500;  // of a daily series four years

// The year in steps of a series whose season is a week of 7 or 5 days; 0 for others.
std::size_t year_of(std::size_t season) { return season == 7 || season == 5 ? 52 * season : 0; }

// The last points, as many whole seasons off the front as need be, so that phases stay what they are.
std::span<const double> recent(std::span<const double> y, std::size_t season) {
    if (y.size() <= most_points) return y;
    std::size_t const surplus = y.size() - most_points;
    return y.subspan((surplus + season - 1) / season * season);
}

constexpr double shown_offset = 4;  // of the scale of the intervals, in means

// Spread and size of the values; in units of the scale as it is about their mean.
void describe(std::span<const double> y, Prediction &result) {
    double const n = static_cast<double>(y.size());
    double const centre = mean(y);
    double squares = 0, size = 0;
    for (double x : y) squares += (x - centre) * (x - centre), size += std::abs(x) / n;
    double const unit = result.transform.logarithmic() ? (1 + shown_offset) * size : 1;
    result.spread = y.size() > 1 ? std::sqrt(squares / (n - 1)) / unit : 0;
    result.size = size / unit;
}

struct Member {
    SeasonOptions season;
    LevelOptions level;
    bool logarithmic = true, year = true;
};

Prediction run(std::span<const double> y, std::size_t season, std::size_t horizon, const Member &member,
               const Stop &stop) {
    Prediction result{{}, Transform(y, 0.3, member.logarithmic), {}, y.size()};
    std::vector<double> const z = result.transform.forward(y);
    SeasonOptions options = member.season;
    std::vector<double> figures = seasonal_means(z, season, options);
    std::vector<double> const x = deseasonalise(z, figures, options.kind);
    LevelForecast level = forecast_level(x, horizon, member.level, stop);
    if (member.year && year_of(season) > 0) {
        std::vector<double> const hint = year_hint(x, horizon, year_of(season));
        for (std::size_t k = 0; k < horizon; ++k) level.value[k] += hint[k];
    }
    for (std::size_t k = 0; k < horizon; ++k) {
        double const figure = figures[(y.size() + k) % season];
        double const z_k = options.kind == SeasonKind::additive ? level.value[k] + figure : level.value[k] * figure;
        result.value.push_back(result.transform.back(z_k));
    }
    // The errors on the scale of the intervals, which bends less: its upper ends stay sensible for wild series.
    Transform const shown(y, shown_offset);
    for (std::size_t j = 0; j < level.residuals.size(); ++j) {
        std::size_t const next = level.origins[j] + 1;
        for (std::size_t k = 0; k < level.residuals[j].size(); ++k) {
            double const seen = y[next + k], z_k = z[next + k] - level.residuals[j][k];  // additive figures cancel
            level.residuals[j][k] = shown.forward(seen) - shown.forward(result.transform.back(z_k));
        }
    }
    for (double &value : result.value)
        if (shown.logarithmic()) value = std::max(value, 0.0);
    result.transform = shown;
    result.residuals = std::move(level.residuals);
    result.drift = level.drift;
    if (season > 1) describe(y, result);  // without a season it may be a walk, whose spread says little
    return result;
}

Member first_member(std::size_t season) {
    Member member;
    if (season == 1) {  // most like a random walk; a line is to stay a line
        member.level.naive_prior = 30;
        member.level.judge_walk = true;
        member.logarithmic = false;
    } else {
        member.level.naive_prior = 0.5;
    }
    return member;
}

}  // namespace

Prediction forecast_ensemble(std::span<const double> y, std::size_t season, std::size_t horizon, const Stop &stop) {
    std::span<const double> const last = recent(y, season);
    Prediction result = run(last, season, horizon, first_member(season), stop);
    if (season == 1 || !result.transform.logarithmic()) return result;

    Member factors;
    factors.season = {SeasonKind::multiplicative, SeasonCentre::median, 1, 0.8};
    factors.level.windows = {14, 28, 56};
    factors.level.window_weights = {1, 2, 1};
    factors.level.naive_prior = 0.5;
    factors.logarithmic = false;
    Prediction const other = run(last, season, horizon, factors, stop);
    for (std::size_t k = 0; k < horizon; ++k) result.value[k] = 0.5 * (result.value[k] + std::max(other.value[k], 0.0));
    return result;
}

Prediction forecast_ensemble_for_sums(std::span<const double> y, std::size_t season, std::size_t horizon,
                                      const Stop &stop) {
    Prediction result = forecast_ensemble(y, season, horizon, stop);
    if (season == 1 || !result.transform.logarithmic()) return result;

    Member means;
    means.level.clip = 3;
    means.level.naive_prior = 0.5;
    means.logarithmic = false;
    Prediction const other = run(recent(y, season), season, horizon, means, stop);
    for (std::size_t k = 0; k < horizon; ++k) result.value[k] = 0.5 * (result.value[k] + std::max(other.value[k], 0.0));
    return result;
}

Prediction forecast_fast(std::span<const double> y, std::size_t season, std::size_t horizon, const Stop &stop) {
    Member member = first_member(season);
    member.level.smoothing = {0.05, 0.15, 0.4};
    member.level.origins = 60;
    member.level.trend = false;
    return run(recent(y, season), season, horizon, member, stop);
}

}  // namespace analytics::core
