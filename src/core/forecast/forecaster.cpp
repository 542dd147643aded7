#include "core/forecast/forecaster.hpp"

#include "core/forecast/arima.hpp"
#include "core/forecast/ensemble.hpp"
#include "core/forecast/ets.hpp"
#include "core/forecast/intermittent.hpp"
#include "core/forecast/intervals.hpp"
#include "core/forecast/naive.hpp"
#include "core/forecast/profile.hpp"
#include "core/forecast/theta.hpp"
#include "core/series/mstl.hpp"
#include "core/series/season.hpp"
#include "core/statistics/distributions.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace analytics::core {

namespace {

// Linear between the neighbours, flat at the ends.
std::vector<double> interpolated(std::span<const double> y) {
    std::vector<double> filled(y.begin(), y.end());
    std::size_t const none = y.size();
    std::size_t before = none;
    for (std::size_t i = 0; i < y.size(); ++i) {
        if (std::isnan(y[i])) continue;
        for (std::size_t k = before == none ? 0 : before + 1; k < i; ++k) {
            double const part = before == none ? 1 : static_cast<double>(k - before) / static_cast<double>(i - before);
            filled[k] = before == none ? y[i] : (1 - part) * y[before] + part * y[i];
        }
        before = i;
    }
    for (std::size_t k = before + 1; k < y.size(); ++k) filled[k] = y[before];
    return filled;
}

// From the same phase, one season before and after, where both or one of them were seen.
void fill_by_season(std::span<const double> y, std::size_t season, std::vector<double> &filled) {
    for (std::size_t i = 0; i < y.size(); ++i) {
        if (!std::isnan(y[i])) continue;
        double const past = i >= season ? filled[i - season] : std::nan("");
        double const next = i + season < y.size() ? y[i + season] : std::nan("");
        if (!std::isnan(past) && !std::isnan(next)) filled[i] = 0.5 * past + 0.5 * next;
        else if (!std::isnan(past) || !std::isnan(next)) filled[i] = std::isnan(past) ? next : past;
    }
}

void check(const ForecastOptions &options) {
    if (options.horizon < 1 || options.horizon > 10'000)
        throw std::invalid_argument("the horizon must be 1 to 10,000 steps");
    if (options.season < 0) throw std::invalid_argument("the season must be at least 1 point");
    for (double level : options.levels)
        if (!(level > 0 && level < 100)) throw std::invalid_argument("a level must be above 0 and below 100 percent");
}

ForecastResult from_errors(const Prediction &prediction, const PreparedSeries &series, std::span<const double> levels) {
    ForecastResult result;
    ErrorQuantiles const errors(prediction, prediction.value.size(), series.season);
    std::vector<std::pair<ErrorQuantiles::Parts, ErrorQuantiles::Parts>> reaches;  // of the levels
    for (double level : levels) reaches.emplace_back(errors.parts(0.5 - level / 200), errors.parts(0.5 + level / 200));
    for (std::size_t k = 0; k < prediction.value.size(); ++k) {
        double const centre = prediction.transform.forward(prediction.value[k]);
        result.value.push_back(series.restore(prediction.value[k]));
        std::vector<double> &lower = result.lower.emplace_back(), &upper = result.upper.emplace_back();
        for (auto [down, up] : reaches) {
            double const low = prediction.transform.back(centre + errors.of(down, k));
            double const high = prediction.transform.back(centre + errors.of(up, k));
            lower.push_back(series.restore(std::min(low, prediction.value[k])));
            upper.push_back(series.restore(std::max(high, prediction.value[k])));
        }
    }
    return result;
}

ForecastResult from_model(const ModelForecast &model, const PreparedSeries &series, std::span<const double> levels) {
    ForecastResult result;
    double const floor = *std::min_element(series.values.begin(), series.values.end()) >= 0
                             ? 0
                             : -std::numeric_limits<double>::infinity();
    for (std::size_t k = 0; k < model.mean.size(); ++k) {
        result.value.push_back(series.restore(std::max(model.mean[k], floor)));
        std::vector<double> &lower = result.lower.emplace_back(), &upper = result.upper.emplace_back();
        for (double level : levels) {
            double const reach = normal_quantile(0.5 + level / 200) * model.deviation[k];
            lower.push_back(series.restore(std::max(model.mean[k] - reach, floor)));
            upper.push_back(series.restore(std::max(model.mean[k] + reach, floor)));
        }
    }
    return result;
}

// The same for every step.
ForecastResult from_demand(const DemandRate &demand, std::size_t horizon, const PreparedSeries &series,
                           std::span<const double> levels) {
    std::vector<double> lower, upper;
    for (double level : levels) {
        lower.push_back(series.restore(std::min(demand.rate, demand_quantile(demand, 0.5 - level / 200))));
        upper.push_back(series.restore(std::max(demand.rate, demand_quantile(demand, 0.5 + level / 200))));
    }
    ForecastResult result;
    result.value.assign(horizon, series.restore(demand.rate));
    result.lower.assign(horizon, lower), result.upper.assign(horizon, upper);
    return result;
}

// The day, and the week around it where there is one.
std::vector<int> season_lengths(std::size_t season, std::size_t points) {
    std::vector<int> lengths;
    if (season > 1) lengths.push_back(static_cast<int>(season));
    if (std::size_t const week = week_of(season, points); week > 0) lengths.push_back(static_cast<int>(week));
    return lengths;
}

// Means per phase are poor where a season has many: their profile is smooth and changes slowly.
bool long_season(std::span<const double> values, std::size_t season) {
    return season >= 16 && values.size() >= 2 * season;
}

}  // namespace

std::optional<Method> parse_method(std::string_view name) {
    constexpr std::pair<std::string_view, Method> names[] = {
        {"auto", Method::automatic}, {"fast", Method::fast},   {"ets", Method::ets},
        {"theta", Method::theta},    {"arima", Method::arima}, {"seasonal_naive", Method::seasonal_naive},
        {"naive", Method::naive},    {"mstl", Method::mstl},   {"croston", Method::croston},
        {"sba", Method::sba},        {"tsb", Method::tsb},     {"adida", Method::adida}};
    for (auto [known, method] : names)
        if (known == name) return method;
    return std::nullopt;
}

bool for_demand(Method method) {
    return method == Method::croston || method == Method::sba || method == Method::tsb || method == Method::adida;
}

PreparedSeries::PreparedSeries(std::span<const double> series, std::size_t wanted) {
    double largest = 0;
    bool seen = false;
    for (double x : series) {
        if (std::isinf(x)) throw std::invalid_argument("a series must not hold infinite values");
        if (!std::isnan(x)) largest = std::max(largest, std::abs(x)), seen = true;
    }
    if (!seen) throw std::invalid_argument("a series needs at least one value");
    if (largest > 0) std::frexp(largest, &exponent_);
    values = interpolated(series);
    for (double &x : values) x = std::ldexp(x, -exponent_);
    season = wanted > 0 ? wanted : find_season(values);
    if (season == 1) return;
    std::vector<double> scaled(series.begin(), series.end());
    for (double &x : scaled) x = std::ldexp(x, -exponent_);
    fill_by_season(scaled, season, values);
}

double PreparedSeries::restore(double x) const {
    constexpr double largest = std::numeric_limits<double>::max();
    return std::clamp(std::ldexp(x, exponent_), -largest, largest);
}

Prediction predict(std::span<const double> values, std::size_t season, std::size_t horizon, const Stop &stop) {
    return long_season(values, season) ? forecast_profile(values, season, horizon, stop)
                                       : forecast_ensemble(values, season, horizon, stop);
}

Prediction predict_for_sums(std::span<const double> values, std::size_t season, std::size_t horizon, const Stop &stop) {
    return long_season(values, season) ? forecast_profile(values, season, horizon, stop)
                                       : forecast_ensemble_for_sums(values, season, horizon, stop);
}

ForecastResult forecast(std::span<const double> series, const ForecastOptions &options, const Stop &stop) {
    check(options);
    PreparedSeries const prepared(series, static_cast<std::size_t>(options.season));
    std::span<const double> const y = prepared.values;
    std::size_t const horizon = static_cast<std::size_t>(options.horizon), season = prepared.season;
    auto const answer = [&] {
        switch (options.method) {
        case Method::automatic:
            return from_errors(predict(y, season, horizon, stop), prepared, options.levels);
        case Method::fast:
            return from_errors(long_season(y, season) ? forecast_mean_profile(y, season, horizon, stop)
                                                      : forecast_fast(y, season, horizon, stop),
                               prepared, options.levels);
        case Method::naive:
            return from_errors(forecast_naive(y, 1, horizon), prepared, options.levels);
        case Method::seasonal_naive:
            return from_errors(forecast_naive(y, season, horizon), prepared, options.levels);
        case Method::ets:
            return from_model(forecast_ets(auto_ets(y, static_cast<int>(season), {}, stop), options.horizon), prepared,
                              options.levels);
        case Method::theta:
            return from_model(theta_dynamic(y, static_cast<int>(season), options.horizon, stop).forecast, prepared,
                              options.levels);
        case Method::arima: {
            std::span<const double> const newest = y.last(std::min(y.size(), ArimaOptions().most_points));
            ArimaFit const fit = auto_arima(newest, static_cast<int>(season), {}, stop);
            return from_model(forecast_arima(fit, newest, options.horizon, stop), prepared, options.levels);
        }
        case Method::mstl:
            return from_model(forecast_mstl(y, season_lengths(season, y.size()), options.horizon, stop), prepared,
                              options.levels);
        case Method::croston:
            return from_demand(croston(y), horizon, prepared, options.levels);
        case Method::sba:
            return from_demand(sba(y), horizon, prepared, options.levels);
        case Method::tsb:
            return from_demand(tsb(y), horizon, prepared, options.levels);
        case Method::adida:
            return from_demand(adida(y), horizon, prepared, options.levels);
        }
        throw std::invalid_argument("no such method");
    };
    ForecastResult result = answer();
    result.season = static_cast<int>(season);
    return result;
}

}  // namespace analytics::core
